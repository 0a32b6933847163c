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

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char purpose[] =
    "Take lines from standard input into shared memory; reader prints them.";

/* What has arrived on standard input and is not in the segment yet. */
struct input {
	char bytes[TEXT_SIZE];
	size_t held; /* so many bytes */
	bool typed;  /* somebody types */
	bool ended;  /* a terminal says so only once */
	int error;   /* why it ended: 0, or an errno */
};

/* Wait until something arrives, or the input ends. */
static void
receive(struct input *input)
{
	struct pollfd waiting = {.fd = STDIN_FILENO, .events = POLLIN};
	ssize_t got = -1;

	while (got == -1 && !interrupted()) {
		if (input->typed && input->held == 0 &&
		    poll(&waiting, 1, 0) == 0) {
			printf("\rwriter: ");
			fflush(stdout);
		}
		got = read(STDIN_FILENO, input->bytes + input->held,
			   TEXT_SIZE - input->held);
		if (got == -1 && errno != EINTR) /* EINTR: stopped, goes on */
			break;
	}
	if (got > 0) {
		input->held += (size_t)got;
		return;
	}
	input->ended = true;
	input->error = got == -1 ? errno : 0;
	if (input->typed) {
		printf("\n");
		fflush(stdout);
	}
}

/*
 * The length of the next text: of as many whole lines as have arrived and fit;
 * else of a piece of a line that does not fit, or of a last line without a
 * newline; 0 at the end of input.
 */
static size_t
next_text(struct input *input)
{
	for (;;) {
		for (size_t length = input->held; length > 0; length--)
			if (input->bytes[length - 1] == '\n')
				return length;
		if (input->held == TEXT_SIZE || input->ended)
			return input->held;
		receive(input);
	}
}

int
main(int argc, char *argv[])
{
	struct channel channel = options(argc, argv, WRITER, purpose);
	struct input input = {.typed = isatty(STDIN_FILENO) &&
				       isatty(STDOUT_FILENO)};
	size_t length;

	if (join(&channel) == -1) /* createshm, shmat, createsem */
		return give_up(&channel);
	const int semid = channel.semid;
	struct segment *shmaddr = channel.shmaddr;

	/*
	 * The paper reads a line inside the guard, and everybody waits for the
	 * typist.  Here it is read before the turn, and nobody does.
	 */
	while ((length = next_text(&input)) > 0) { /* printf, fgets */
		if (input.typed)
			wait_for_a_reader(&channel); /* says if none reads */
		if (sem_wait_p(semid, EMPTY, GUARD) == -1) /* sem_wait, sem_p */
			return give_up(&channel);
		tell(semid, "writes %zu bytes", length);
		shmaddr->length = (uint32_t)length;
		memcpy(shmaddr->text, input.bytes, length);	 /* strcpy */
		stay_inside(&channel);				 /* sleep */
		if (sem_pass_v(semid, EMPTY, NEWS, GUARD) == -1) /* sem_v */
			return give_up(&channel);
		input.held -= length;
		memmove(input.bytes, input.bytes + length, input.held);
	}
	if (input.error != 0) {
		channel.failed = INPUT;
		errno = input.error;
		return give_up(&channel);
	}
	return leave(&channel, EXIT_SUCCESS);
}
