/*
 * reader.c - the paper's reader program with our helpers: halfway to the one at
 * the top.  See writer.c beside it.
 *
 *	$ ./reader			in one terminal, ./writer in another
 *	reader: Hello			each line that is typed there
 *
 * What it still does wrong: it never ends.  And before the first writer comes,
 * it wakes up each second, and looks for the set.
 */
#define _XOPEN_SOURCE 700

#include <sharemem.h>

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

int
main(void)
{
	int shmid;
	int semid;
	char *shmaddr; /* paper: also write_str, which it does not use */

	shmid = createshm(".", 'm', SHM_SIZE);
	if (shmid == -1) /* paper: looks at no result */
		err(1, "createshm");
	shmaddr = (char *)shmat(shmid, NULL, SHM_RDONLY); /* paper: 0 */
	if (shmaddr == (char *)-1)
		err(1, "shmat");
	/* Look until a writer has come.  (paper: goes on without a set) */
	while ((semid = opensem(".", 's')) == -1 && errno == ENOENT)
		sleep(1);
	if (semid == -1)
		err(1, "opensem");
	while (1) {
		printf("reader: ");
		/* paper: sem_wait, sem_p */
		if (sem_wait_p(semid, NEWS, GUARD) == -1)
			err(1, "sem_wait_p");
		printf("%s\n", shmaddr);
		if (fflush(stdout) == EOF) /* it is out before the turn ends */
			err(1, "standard output");
		/* paper: sleep, sem_v, sleep; here the next turn waits */
		if (sem_pass_v(semid, NEWS, EMPTY, GUARD) == -1)
			err(1, "sem_pass_v");
	}
}
