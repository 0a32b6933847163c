/*
 * The paper's header (section 5), faults included: call for call, in its order.
 * Only the layout is ours.  The pair in this directory is built and run to see
 * how it goes wrong; the programs at the top neither include nor link it.
 *
 * The paper's digits were lost when it was copied.  They are restored: the mode
 * is 0666, there is one semaphore, its value is 1, and each sleep is sleep(1).
 * opensem asks for 0 semaphores, as other copies of this program do.
 *
 * Two headers are added: <sys/shm.h> and <unistd.h>.  Without them a new
 * compiler refuses the programs.  An old one believes that shmat() returns an
 * int and cuts the pointer: on a 64-bit system the writer dies of SIGSEGV.
 */
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/types.h>
#include <unistd.h>

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *__buf;
};

int
createsem(const char *pathname, int proj_id, int members, int init_val)
{
	key_t key;
	int semid;
	union semun sem_opts;
	int index;

	if ((key = ftok(pathname, proj_id)) == -1) {
		perror("ftok error:");
		return -1;
	}
	if ((semid = semget(key, members, IPC_CREAT | 0666)) == -1) {
		perror("semget error:");
		return -1;
	}
	sem_opts.val = init_val;
	for (index = 0; index < members; index++) {
		semctl(semid, index, SETVAL, sem_opts);
	}
	return semid;
}

int
opensem(const char *pathname, int proj_id)
{
	key_t key;
	int semid;

	if ((key = ftok(pathname, proj_id)) == -1) {
		perror("ftok error:");
		return -1;
	}
	if ((semid = semget(key, 0, IPC_CREAT | 0666)) == -1) {
		perror("semget error:");
		return -1;
	}
	return semid;
}

int
sem_p(int semid, int index)
{
	struct sembuf buf = {0, -1, IPC_NOWAIT};
	buf.sem_num = index;
	if (semop(semid, &buf, 1) == -1) {
		perror("semop error:");
		return -1;
	}
	return 0;
}

int
sem_v(int semid, int index)
{
	struct sembuf buf = {0, 1, IPC_NOWAIT};
	buf.sem_num = index;
	if (semop(semid, &buf, 1) == -1) {
		perror("semop error:");
		return -1;
	}
	return 0;
}

int
sem_delete(int semid)
{
	semctl(semid, 0, IPC_RMID);
}

int
sem_wait(int semid, int index)
{
	while (semctl(semid, index, GETVAL) <= 0) {
		sleep(1);
	}
	return 0;
}

int
createshm(const char *pathname, int proj_id, size_t size)
{
	key_t key;
	int semid;

	if ((key = ftok(pathname, proj_id)) == -1) {
		perror("ftok error:");
		return -1;
	}
	if ((semid = shmget(key, size, IPC_CREAT | 0666)) == -1) {
		perror("shmget error:");
		return -1;
	}
	return semid;
}
