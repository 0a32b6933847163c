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
	char *shmaddr; /* write_str was not used */

	shmid = createshm(".", 'm', SHM_SIZE);
	if (shmid == -1) /* the paper looks at no result */
		err(1, "createshm");
	shmaddr = (char *)shmat(shmid, NULL, SHM_RDONLY); /* 0 */
	if (shmaddr == (char *)-1)
		err(1, "shmat");
	/* Look until a writer has come.  The paper goes on without a set. */
	while ((semid = opensem(".", 's')) == -1 && errno == ENOENT)
		sleep(1);
	if (semid == -1)
		err(1, "opensem");
	while (1) {
		printf("reader: ");
		if (sem_wait_p(semid, NEWS, GUARD) == -1) /* sem_wait, sem_p */
			err(1, "sem_wait_p");
		printf("%s\n", shmaddr);
		if (fflush(stdout) == EOF) /* it is out before the turn ends */
			err(1, "standard output");
		/* sleep, inside */
		if (sem_pass_v(semid, NEWS, EMPTY, GUARD) == -1) /* sem_v */
			err(1, "sem_pass_v");
		/* sleep, for others to get in; now NEWS is 0 */
	}
}
