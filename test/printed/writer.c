/* The paper's write program, faults included: see sharemem.h beside it. */
#include <sharemem.h>
#include <string.h>

#define SHM_SIZE 256

int
main()
{
	int shmid;
	int semid;
	char *shmaddr;
	char write_str[SHM_SIZE];

	shmid = createshm(".", 'm', SHM_SIZE);
	shmaddr = (char *)shmat(shmid, (char *)0, 0);
	semid = createsem(".", 's', 1, 1);
	while (1) {
		sem_wait(semid, 0);
		sem_p(semid, 0);
		printf("writer: ");
		fgets(write_str, SHM_SIZE, stdin);
		int len = strlen(write_str) - 1;
		write_str[len] = '\0';
		strcpy(shmaddr, write_str);
		sleep(1);
		sem_v(semid, 0);
		sleep(1);
	}
}
