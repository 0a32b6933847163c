/*
 * reader.c - the documents' reader program: prints what writers put into the
 * shared segment.
 *
 *	$ ./reader			in one terminal, ./writer in another
 *	reader: Hello			each line as it is typed there
 */
#define _XOPEN_SOURCE 700

#include "sharemem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char purpose[] =
    "Print the lines that writer takes into shared memory.";

/* Standard output. */
struct output {
	bool terminal; /* people read it */
	bool in_line;  /* its last byte was no newline */
};

/* Write it all.  0, or -1: then the turn is not given away. */
static int
write_all(const char *bytes, size_t count)
{
	while (count > 0) {
		const ssize_t done = write(STDOUT_FILENO, bytes, count);
		if (done == 0)
			errno = EIO; /* and not for ever */
		if (done == 0 || (done == -1 && errno != EINTR) ||
		    (done == -1 && interrupted()))
			return -1;
		if (done > 0) {
			bytes += done;
			count -= (size_t)done;
		}
	}
	return 0;
}

/* For people, every line begins with the program's name. */
static int
print(struct output *output, const char *text, size_t length)
{
	static const char name[] = "reader: ";
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

int
main(int argc, char *argv[])
{
	struct channel channel = options(argc, argv, READER, purpose);
	struct output output = {.terminal = isatty(STDOUT_FILENO)};

	if (join(&channel) == -1) /* createshm, shmat, opensem */
		return give_up(&channel);
	const int semid = channel.semid;
	const struct segment *shmaddr = channel.shmaddr;

	for (;;) {
		if (sem_wait_p(semid, NEWS, GUARD) == -1) /* sem_wait, sem_p */
			return give_up(&channel);

		/* No text is there: so the news is that a writer has ended. */
		const int empty = semctl(semid, EMPTY, GETVAL);
		if (empty > 0) {
			const int writers = semctl(semid, WRITERS, GETVAL);
			struct sembuf heard[] = {{NEWS, -1, 0},
						 {GUARD, +1, SEM_UNDO}};
			if (writers == 0) /* the last one: end of input */
				break;
			tell(semid, "a writer has ended");
			if (writers == -1 || semop(semid, heard, 2) == -1)
				return give_up(&channel);
			continue;
		}
		if (empty == -1)
			return give_up(&channel);

		const uint32_t length = shmaddr->length;
		if (length == 0 || length > TEXT_SIZE) {
			channel.failed = SEGMENT;
			errno = EBADMSG;
			return give_up(&channel);
		}
		tell(semid, "prints %u bytes", length);
		if (print(&output, shmaddr->text, length) == -1) { /* printf */
			channel.failed = OUTPUT;
			return give_up(&channel);
		}
		stay_inside(&channel);				 /* sleep */
		if (sem_pass_v(semid, NEWS, EMPTY, GUARD) == -1) /* sem_v */
			return give_up(&channel);
	}

	/* The last writer's end stays news, for every other reader. */
	tell(semid, "end of input");
	if (sem_v(semid, GUARD) == -1)
		return give_up(&channel);
	if (output.terminal && output.in_line && write_all("\n", 1) == -1) {
		channel.failed = OUTPUT;
		return give_up(&channel);
	}
	return leave(&channel, EXIT_SUCCESS);
}
