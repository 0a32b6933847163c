/*
 * writer.c - the paper's write program with our helpers: halfway to the one at
 * the top.  Any number of writers and readers may run.  Each text is printed
 * once, if no reader fails.
 *
 *	$ ./writer			in one terminal, ./reader in another
 *	writer: Hello			type a line: the reader prints it
 *
 * What it still does wrong: the readers never hear of the end of input, the
 * segment and the set stay, and a long line is cut in two.
 *
 * A comment at the right tells what the paper has there, where it differs.
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
	if (shmid == -1) /* the paper looks at no result */
		err(1, "createshm");
	shmaddr = (char *)shmat(shmid, NULL, 0);
	if (shmaddr == (char *)-1)
		err(1, "shmat");
	semid = createsem(".", 's', 3, 0); /* 1, 1: GUARD only */
	if (semid == -1 && errno == EEXIST)
		semid = opensem(".", 's'); /* the paper sets GUARD to 1 again */
	if (semid == -1)
		err(1, "createsem");
	if (open_set(semid) == -1) /* in createsem */
		err(1, "open_set");
	while (1) {
		printf("writer: "); /* the paper asks after sem_p: inside */
		fflush(stdout);
		if (fgets(write_str, SHM_SIZE, stdin) == NULL)
			break;
		write_str[strcspn(write_str, "\n")] = '\0'; /* strlen - 1 */
		if (sem_wait_p(semid, EMPTY, GUARD) == -1) /* sem_wait, sem_p */
			err(1, "sem_wait_p");
		strcpy(shmaddr, write_str); /* then sleep, inside */
		if (sem_pass_v(semid, EMPTY, NEWS, GUARD) == -1) /* sem_v */
			err(1, "sem_pass_v");
		/* sleep, for others to get in; now EMPTY is 0 */
	}
	printf("\n"); /* after the last prompt */
	if (ferror(stdin))
		err(1, "standard input");
	return 0; /* the paper never ends */
}
