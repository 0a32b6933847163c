/* The paper's reader program, faults included: see sharemem.h beside it. */
#include <sharemem.h>

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
	semid = opensem(".", 's');
	while (1) {
		printf("reader: ");
		sem_wait(semid, 0);
		sem_p(semid, 0);
		printf("%s\n", shmaddr);
		sleep(1);
		sem_v(semid, 0);
		sleep(1);
	}
}
