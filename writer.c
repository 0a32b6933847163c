/*
 * writer.c - the documents' write program: takes lines from standard input into
 * the shared segment, where a reader finds them.
 *
 *	$ ./writer			in one terminal, ./reader in another
 *	writer: Hello			type a line; the reader prints it
 *	writer: ^D			the end of input ends both
 */
#define _XOPEN_SOURCE 700

#include "sharemem.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "Usage: writer [-hv] [-s seconds] [path]\n"
    "Take lines from standard input into shared memory; reader prints them.\n"
    "\n"
    "  -h, --help  print this text\n"
    "  -s seconds  stay inside the guard so long in every turn\n"
    "  -v          tell every step on standard error\n"
    "  path        names the channel: an existing file or directory, the same\n"
    "              for both programs (default: the current directory)\n";

/* What has arrived on standard input and is not in the segment yet. */
struct input {
	char bytes[16384];
	size_t start; /* the first byte of the next text */
	size_t end;   /* the byte after the last one */
	bool prompt;  /* somebody types */
	bool ended;   /* a terminal says so only once */
};

/* Wait until something arrives, or the input ends.  0, or -1. */
static int
receive(struct input *input)
{
	const size_t held = input->end - input->start;
	ssize_t got;

	memmove(input->bytes, input->bytes + input->start, held);
	input->start = 0;
	input->end = held;
	if (input->prompt && held == 0) {
		printf("writer: ");
		fflush(stdout);
	}
	do
		got = read(STDIN_FILENO, input->bytes + held,
			   sizeof(input->bytes) - held);
	while (got == -1 && errno == EINTR && !interrupted());
	if (got > 0)
		input->end += (size_t)got;
	else if (input->prompt)
		printf("\n");
	input->ended = got == 0;
	return got == -1 ? -1 : 0;
}

/*
 * The length of the next text: of as many whole lines as have arrived and fit;
 * else of a piece of a line that does not fit, or of a last line without a
 * newline; 0 at the end of input, -1 if it cannot be read.
 */
static ssize_t
next_text(struct input *input)
{
	for (;;) {
		const char *text = input->bytes + input->start;
		const size_t held = input->end - input->start;
		const size_t fits = held < TEXT_SIZE ? held : TEXT_SIZE;

		for (size_t length = fits; length > 0; length--)
			if (text[length - 1] == '\n')
				return (ssize_t)length;
		if (held >= TEXT_SIZE || input->ended)
			return (ssize_t)fits;
		if (receive(input) == -1)
			return -1;
	}
}

/* The documents' loop.  0 at the end of input, or -1. */
static int
write_turns(struct channel *channel)
{
	static struct input input;
	bool said = false;
	ssize_t length;

	input.prompt = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	while ((length = next_text(&input)) > 0) {
		if (input.prompt && !said && nobody_reads(channel)) {
			warnx("nobody reads yet: start ./reader");
			said = true;
		}
		if (begin_write(channel) == -1) /* sem_wait, sem_p */
			return -1;
		channel->shmaddr->length = (uint32_t)length;
		memcpy(channel->shmaddr->text, input.bytes + input.start,
		       (size_t)length);
		stay_inside(channel);	      /* sleep */
		if (end_write(channel) == -1) /* sem_v */
			return -1;
		input.start += (size_t)length;
	}
	if (length == -1)
		channel->object = INPUT;
	return (int)length;
}

int
main(int argc, char *argv[])
{
	struct channel channel = options(argc, argv, WRITER, help);
	int status = EXIT_SUCCESS;

	/* createsem or opensem, createshm, shmat; and then the loop. */
	if (join(&channel) == -1 || write_turns(&channel) == -1)
		status = complain(&channel);
	leave(&channel);
	return status;
}
