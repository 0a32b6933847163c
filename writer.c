/*
 * writer.c - the paper's write program.  It puts lines from standard input into
 * the shared segment, and a reader prints them.
 *
 *	$ ./writer			in one terminal, ./reader in another
 *	writer: Hello			type a line: the reader prints it
 *	writer: ^D			Ctrl-D ends the writer, then the reader
 *
 * A comment at a line names the paper's calls that it replaces.
 */
#define _XOPEN_SOURCE 700

#include "sharemem.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What was read from standard input and is not in the segment yet. */
struct input {
	char bytes[TEXT_SIZE];
	size_t held;	  /* how many of these bytes are filled */
	bool interactive; /* a person types, and sees the prompt */
	bool ended;	  /* read no more: a terminal would wait again */
	int error;	  /* errno if reading failed, else 0 */
};

/* Add what one read(2) gives.  If a person has to type it, print a prompt. */
static void
read_input(struct input *input)
{
	struct pollfd typed = {.fd = STDIN_FILENO, .events = POLLIN};
	ssize_t got;

	do {
		if (input->interactive && input->held == 0 &&
		    poll(&typed, 1, 0) == 0) { /* nothing is typed yet */
			printf("\rwriter: ");  /* \r: after fg, over the old */
			fflush(stdout);
		}
		got = read(STDIN_FILENO, input->bytes + input->held,
			   TEXT_SIZE - input->held);
	} while (got == -1 && errno == EINTR && !interrupted());
	if (got > 0) {
		input->held += (size_t)got;
		return;
	}
	/* The end of input, an error or a signal. */
	input->error = got == -1 ? errno : 0;
	input->ended = true;
	if (input->interactive) {
		printf("\n"); /* the cursor stands after the prompt */
		fflush(stdout);
	}
}

/*
 * Return the length of the next text, or 0 at the end of input or after a
 * signal.  A text is as many whole lines as have arrived.  A line that is too
 * long goes in pieces of TEXT_SIZE bytes.  A last line without a newline goes
 * as it is.
 */
static size_t
next_text(struct input *input)
{
	while (!interrupted()) {
		for (size_t length = input->held; length > 0; length--)
			if (input->bytes[length - 1] == '\n')
				return length;
		if (input->held == TEXT_SIZE || input->ended)
			return input->held;
		read_input(input);
	}
	return 0;
}

/* Remove the text from the front: it is in the segment now. */
static void
drop_text(struct input *input, size_t length)
{
	input->held -= length;
	memmove(input->bytes, input->bytes + length, input->held);
}

int
main(int argc, char *argv[])
{
	struct channel channel = options(argc, argv, WRITERS);
	struct input input = {.interactive = isatty(STDIN_FILENO) &&
					     isatty(STDOUT_FILENO)};
	size_t length;

	/* join() calls semget (as createsem), shmget (as createshm), shmat. */
	if (join(&channel) == -1)
		return give_up(&channel, channel.failed);
	const int semid = channel.semid;
	struct segment *shmaddr = channel.shmaddr;

	/*
	 * The whole protocol.  A turn is the time while a process holds GUARD.
	 * A writer waits until EMPTY is 1, and a reader waits until NEWS is
	 * positive.  In the same step, each takes GUARD, so nobody else is
	 * inside.  The writer puts a text in.  The last step of its turn lowers
	 * EMPTY, raises NEWS and gives GUARD back.  The reader prints the text.
	 * The last step of its turn lowers NEWS, raises EMPTY and gives GUARD
	 * back.
	 *
	 * Until its last step, a turn has changed neither EMPTY nor NEWS.  If a
	 * process is killed inside, the kernel gives GUARD back, and it is as
	 * if the turn had not begun.  So if it was a reader, the next reader
	 * prints the same text.
	 *
	 * When a writer ends in any way, the kernel raises NEWS: be_counted()
	 * has arranged it.  A reader that finds NEWS positive and EMPTY 1 knows
	 * that a writer has ended.  After the last one, the reader ends, too.
	 *
	 * The paper reads a line inside the guard, and everybody waits for the
	 * typist.  Here the line is read before the turn.
	 */
	while ((length = next_text(&input)) > 0) { /* printf, fgets */
		if (input.interactive && sem_value(semid, READERS) == 0)
			warnx("nobody reads: start './reader %s' in another "
			      "terminal; the line waits",
			      channel.path);
		if (sem_wait_p(semid, EMPTY, GUARD) == -1) /* sem_wait, sem_p */
			return give_up(&channel, "sem_wait_p");
		tell(semid, "writes %zu bytes", length);
		shmaddr->length = (uint32_t)length;
		memcpy(shmaddr->text, input.bytes, length);	 /* strcpy */
		stay_inside(&channel);				 /* sleep */
		if (sem_pass_v(semid, EMPTY, NEWS, GUARD) == -1) /* sem_v */
			return give_up(&channel, "sem_pass_v");
		drop_text(&input, length);
	}
	if (input.error != 0) { /* EINTR after a signal: nothing is said */
		errno = input.error;
		return give_up(&channel, "standard input");
	}
	/* leave() calls shmdt, shmctl, sem_delete.  The paper never ends. */
	return leave(&channel, EXIT_SUCCESS);
}
