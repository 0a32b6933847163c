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

static const char help[] =
    "Usage: reader [-hv] [-s seconds] [path]\n"
    "Print the lines that writer takes into shared memory.\n"
    "\n"
    "  -h, --help  print this text\n"
    "  -s seconds  stay inside the guard so long in every turn\n"
    "  -v          tell every step on standard error\n"
    "  path        names the channel: an existing file or directory, the same\n"
    "              for both programs (default: the current directory)\n";

/* Write it all out.  0, or -1: then the turn is not given back. */
static int
print(const char *bytes, size_t count)
{
	while (count > 0) {
		ssize_t done = write(STDOUT_FILENO, bytes, count);
		if (done == -1 && (errno != EINTR || interrupted()))
			return -1;
		if (done > 0) {
			bytes += done;
			count -= (size_t)done;
		}
	}
	return 0;
}

/* For people: every line begins with the program's name. */
static int
print_named(const char *text, size_t length, bool *new_line)
{
	static const char name[] = "reader: ";
	char named[TEXT_SIZE * sizeof(name)];
	size_t count = 0;

	for (size_t i = 0; i < length; i++) {
		if (*new_line) {
			memcpy(named + count, name, sizeof(name) - 1);
			count += sizeof(name) - 1;
		}
		named[count++] = text[i];
		*new_line = text[i] == '\n';
	}
	return print(named, count);
}

/* The documents' loop.  0 at the end of input, or -1. */
static int
read_turns(struct channel *channel)
{
	const bool terminal = isatty(STDOUT_FILENO);
	bool new_line = true;
	ssize_t length;

	while ((length = begin_read(channel)) > 0) { /* sem_wait, sem_p */
		const char *text = channel->shmaddr->text;
		if ((terminal ? print_named(text, (size_t)length, &new_line)
			      : print(text, (size_t)length)) == -1) {
			channel->object = OUTPUT;
			return -1;
		}
		stay_inside(channel);	     /* sleep */
		if (end_read(channel) == -1) /* sem_v */
			return -1;
	}
	if (terminal && !new_line)
		print("\n", 1);
	return (int)length;
}

int
main(int argc, char *argv[])
{
	struct channel channel = options(argc, argv, READER, help);
	int status = EXIT_SUCCESS;

	/* createsem or opensem, createshm, shmat; and then the loop. */
	if (join(&channel) == -1 || read_turns(&channel) == -1)
		status = complain(&channel);
	leave(&channel);
	return status;
}
