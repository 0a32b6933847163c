/*
 * The tests load this library into our programs (LD_PRELOAD).  Then the system
 * behaves as some systems do: a variable of the environment says which.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>
#include <unistd.h>

/* NO_UNDO: a kernel accepts SEM_UNDO, and undoes nothing (gVisor). */
int
semop(int semid, struct sembuf *ops, size_t count)
{
	struct sembuf without[8];

	memcpy(without, ops, count * sizeof(*ops));
	for (size_t i = 0; i < count && getenv("NO_UNDO") != NULL; i++)
		without[i].sem_flg &= ~SEM_UNDO;
	return semtimedop(semid, without, count, NULL);
}

/* FALSE_EUID: the program sees another user than the kernel (fakeroot). */
uid_t
geteuid(void)
{
	uid_t real, effective, saved;

	getresuid(&real, &effective, &saved);
	return effective + (getenv("FALSE_EUID") != NULL);
}

/* SEMGET_ERRNO: a sandbox refuses the call, or the kernel does not have it. */
int
semget(key_t key, int count, int flags)
{
	int (*real)(key_t, int, int) = dlsym(RTLD_NEXT, "semget");

	if (getenv("SEMGET_ERRNO") == NULL)
		return real(key, count, flags);
	errno = atoi(getenv("SEMGET_ERRNO"));
	return -1;
}
