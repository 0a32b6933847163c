/*
 * writer.c - the paper's write program with our helpers: halfway to the one at
 * the top.  Any number of writers and readers may run.  Each text is printed
 * once, if no reader fails.
 *
 *	$ ./writer			in one terminal, ./reader in another
 *	writer: Hello			type a line: the reader prints it
 *
 * What it still does wrong: the readers never hear of the end of input, the
 * segment and the set stay, and a long line is cut in pieces.
 *
 * A comment that begins with "paper:" tells what the paper has there.
 */
#define _XOPEN_SOURCE 700

#include <sharemem.h>

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

int
main(void)
{
	int shmid;
	int semid;
	char *shmaddr;
	char write_str[SHM_SIZE];

	shmid = createshm(".", 'm', SHM_SIZE);
	if (shmid == -1) /* paper: looks at no result */
		err(1, "createshm");
	shmaddr = (char *)shmat(shmid, NULL, 0);
	if (shmaddr == (char *)-1)
		err(1, "shmat");
	semid = createsem(".", 's', 3, 0); /* paper: 1, 1 */
	if (semid == -1 && errno == EEXIST)
		semid = opensem(".", 's'); /* paper: sets GUARD to 1 again */
	if (semid == -1)
		err(1, "createsem");
	if (open_set(semid) == -1) /* paper: in createsem */
		err(1, "open_set");
	while (1) {
		printf("writer: "); /* paper: after sem_p, inside */
		fflush(stdout);
		if (fgets(write_str, SHM_SIZE, stdin) == NULL)
			break;
		write_str[strcspn(write_str, "\n")] = '\0'; /* paper: len */
		/* paper: sem_wait, sem_p */
		if (sem_wait_p(semid, EMPTY, GUARD) == -1)
			err(1, "sem_wait_p");
		strcpy(shmaddr, write_str); /* paper: then sleep, inside */
		/* paper: sem_v, sleep; here the next turn waits for EMPTY */
		if (sem_pass_v(semid, EMPTY, NEWS, GUARD) == -1)
			err(1, "sem_pass_v");
	}
	printf("\n"); /* after the last prompt */
	if (ferror(stdin))
		err(1, "standard input");
	return 0; /* paper: never ends */
}
