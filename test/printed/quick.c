/*
 * The tests load this library into the paper's programs (LD_PRELOAD).  It only
 * changes their time: a second takes 20 milliseconds.  And a semop(2) begins 20
 * milliseconds late, as it may on a busy machine, so that the tests see at once
 * what a user sees once in a while.
 */
#define _GNU_SOURCE
#include <sys/sem.h>
#include <unistd.h>

unsigned
sleep(unsigned seconds)
{
	usleep(20000 * seconds);
	return 0;
}

int
semop(int semid, struct sembuf *ops, size_t count)
{
	usleep(20000);
	return semtimedop(semid, ops, count, NULL);
}
