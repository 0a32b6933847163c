/*
 * reader.c - the paper's reader program.  It prints what writers put into the
 * shared segment.
 *
 *	$ ./reader			in one terminal, ./writer in another
 *	reader: Hello			prints each line that is typed there
 *
 * A comment that begins with "paper:" names the paper's line that stands here.
 */
#define _XOPEN_SOURCE 700

#include "sharemem.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct output {
	bool terminal; /* a person reads it: print names and whole lines */
	bool in_line;  /* on a terminal: the cursor stands inside a line */
};

static int print(struct output *output, const char *text, size_t length);
static int write_all(const char *bytes, size_t count);

/* How a turn works stands above the main of writer.c. */
int
main(int argc, char *argv[])
{
	int semid;		 /* paper: int semid; shmid is in join() */
	struct segment *shmaddr; /* paper: char *shmaddr; write_str: unused */
	struct output output = {.terminal = isatty(STDOUT_FILENO)};
	int ended = 0; /* 1 when sem_end_v() has seen the last end */

	options(argc, argv, READERS);
	/* paper: createshm, shmat, opensem; join() has the set first */
	const char *failed = join(&semid, &shmaddr);
	if (failed != NULL)
		return give_up(failed);
	/* paper: while (1), printf("reader: "); the name comes with the text */
	while (!ended) {
		/* paper: sem_wait, sem_p */
		if (sem_wait_p(semid, NEWS, GUARD) == -1)
			return give_up("sem_wait_p");
		/* EMPTY tells what the news is: 0 a text, 1 a writer's end. */
		const int empty = sem_value(semid, EMPTY);
		if (empty == -1)
			return give_up("sem_value");
		if (empty == 0) {
			const uint32_t length = shmaddr->length;
			if (length == 0 || length > TEXT_SIZE) {
				errno = EBADMSG; /* writer never does this */
				return give_up("length of the text");
			}
			tell(semid, "prints %u bytes", length);
			/* paper: printf("%s\n", shmaddr) */
			if (print(&output, shmaddr->text, length) == -1)
				return give_up("standard output");
			stay_inside(); /* paper: sleep */
			/* paper: sem_v; here also NEWS -1, EMPTY +1 */
			if (sem_pass_v(semid, NEWS, EMPTY, GUARD) == -1)
				return give_up("sem_pass_v");
			/* paper: sleep; here NEWS tells when to go on */
		} else if ((ended = sem_end_v(semid)) == -1) {
			return give_up("sem_end_v");
		}
	}
	if (output.in_line && write_all("\n", 1) == -1) /* on a terminal */
		return give_up("standard output, last newline");
	return leave(EXIT_SUCCESS); /* the paper never ends */
}

/*
 * Print a text.  On a terminal, each line begins with the program's name.
 * Returns 0, or -1 with errno set.
 */
static int
print(struct output *output, const char *text, size_t length)
{
	static const char name[] = "reader: ";
	/* Each byte may be a line: 8 for "reader: ", 1 for it, none for NUL. */
	char named[TEXT_SIZE * sizeof(name)];
	size_t count = 0;

	if (!output->terminal)
		return write_all(text, length);
	for (size_t i = 0; i < length; i++) {
		if (!output->in_line) {
			memcpy(named + count, name, sizeof(name) - 1);
			count += sizeof(name) - 1;
		}
		named[count++] = text[i];
		output->in_line = text[i] != '\n';
	}
	return write_all(named, count);
}

/*
 * Write all bytes to standard output.  Returns 0, or -1 with errno set.
 *
 * This is write(2) and not printf(3): when it returns, the bytes are out, and
 * the reader may end its turn.  If standard output does not block, as another
 * process may have set it, wait until there is room.
 */
static int
write_all(const char *bytes, size_t count)
{
	struct pollfd room = {.fd = STDOUT_FILENO, .events = POLLOUT};

	while (count > 0) {
		const ssize_t done = write(STDOUT_FILENO, bytes, count);
		if (done > 0) {
			bytes += done;
			count -= (size_t)done;
			continue;
		}
		if (done == 0)
			errno = EIO; /* else errno is an old one */
		if ((errno != EINTR && errno != EAGAIN) || interrupted())
			return -1;
		if (errno == EAGAIN)
			poll(&room, 1, -1);
	}
	return 0;
}
