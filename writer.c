/*
 * writer.c - the paper's write program.  It puts lines from standard input into
 * the shared segment, and a reader prints them.
 *
 *	$ ./writer			in one terminal, ./reader in another
 *	writer: Hello			type a line: the reader prints it
 *	writer: ^D			Ctrl-D ends the writer, then the reader
 *
 * A comment that begins with "paper:" names the paper's line that stands here.
 */
#define _XOPEN_SOURCE 700

#include "sharemem.h"

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What was read from standard input and is not in the segment yet. */
struct input {
	char bytes[TEXT_SIZE];
	size_t held;	  /* how many of these bytes are filled */
	size_t text;	  /* how many of them next_text() gave last */
	bool interactive; /* a person types, and sees the prompt */
	bool ended;	  /* read no more: a terminal might wait again */
	int error;	  /* errno if reading failed, else 0 */
};

static void suggest_reader(void);
static size_t next_text(struct input *input);

/*
 * The protocol.  A turn is the time while a process holds GUARD.  The writer
 * waits until EMPTY is 1, and the reader waits until NEWS is positive.  In the
 * same step, each takes GUARD, so nobody else is inside.  The writer puts a
 * text in.  Its last step moves a unit from EMPTY to NEWS and gives GUARD back.
 * The reader prints the text.  Its last step moves the unit from NEWS to EMPTY
 * and gives GUARD back.
 *
 * Until its last step, a turn has changed neither EMPTY nor NEWS.  If a process
 * is killed inside, the kernel gives GUARD back, as if the turn had not begun.
 * So the next reader prints a text that a killed reader was about to print.
 *
 * A writer that ends raises NEWS, too: leave() does it, or the kernel if it is
 * killed.  A reader that finds NEWS positive and EMPTY 1 knows that a writer
 * has ended.  After the last writer, the reader ends.
 */
int
main(int argc, char *argv[])
{
	int semid;		  /* paper: int semid; shmid is in join() */
	struct segment *shmaddr;  /* paper: char *shmaddr */
	struct input input = {0}; /* paper: char write_str[SHM_SIZE] */
	size_t length;		  /* paper: int len, without the newline */

	options(argc, argv, WRITERS);
	input.interactive = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	/* paper: createshm, shmat, createsem; join() has the set first */
	const char *failed = join(&semid, &shmaddr);
	if (failed != NULL)
		return give_up(failed);
	/* paper: while (1), printf, fgets; here before the turn, not inside */
	while ((length = next_text(&input)) > 0) {
		if (input.interactive && sem_value(semid, READERS) == 0)
			suggest_reader();
		/* paper: sem_wait, sem_p */
		if (sem_wait_p(semid, EMPTY, GUARD) == -1)
			return give_up("sem_wait_p");
		tell(semid, "writes %zu bytes", length);
		shmaddr->length = (uint32_t)length; /* paper: len, '\0' */
		memcpy(shmaddr->text, input.bytes, length); /* paper: strcpy */
		stay_inside();				    /* paper: sleep */
		/* paper: sem_v; here also EMPTY -1, NEWS +1 */
		if (sem_pass_v(semid, EMPTY, NEWS, GUARD) == -1)
			return give_up("sem_pass_v");
		/* paper: sleep; here the next turn waits until EMPTY is 1 */
	}
	if (input.error != 0) { /* after a signal give_up() says nothing */
		errno = input.error;
		return give_up("standard input");
	}
	return leave(EXIT_SUCCESS); /* the paper never ends */
}

/* Print a word in quotes for a shell (' becomes '\''), and what comes after. */
static void
print_quoted(const char *word, const char *after)
{
	fputc('\'', stderr);
	for (; *word != '\0'; word++)
		fprintf(stderr, "%s%c", *word == '\'' ? "'\\'" : "", *word);
	fprintf(stderr, "'%s", after);
}

/*
 * Tell a typist how to start a reader for this channel, in any terminal.  The
 * reader's file lies beside the writer's, which Linux calls /proc/self/exe.
 */
static void
suggest_reader(void)
{
	char here[PATH_MAX], reader[PATH_MAX + sizeof("/reader")] = "";
	char *slash = NULL;

	if (getcwd(here, sizeof(here)) != NULL &&
	    readlink("/proc/self/exe", reader, PATH_MAX) > 0)
		slash = strrchr(reader, '/');
	if (slash != NULL)
		memcpy(slash, "/reader", sizeof("/reader"));
	if (slash == NULL || access(reader, X_OK) == -1) { /* it has gone */
		warnx("nobody reads, and the line waits");
		return;
	}
	warnx("nobody reads, the line waits; type in another terminal:");
	print_quoted(reader, " ");
	print_quoted(here, "\n");
}

/*
 * Add what one read(2) gives.  If a person has to type it, print a prompt.  If
 * standard input does not block, as another process may have set it, wait.
 */
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
		if (got == -1 && errno == EAGAIN)
			poll(&typed, 1, -1);
	} while (got == -1 && (errno == EINTR || errno == EAGAIN) &&
		 !interrupted());
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
 * Drop the last text, for it is in the segment now.  Return the length of the
 * next text.  Return 0 if there is none: after the end of input, an error or a
 * signal.  A text has as many whole lines as have arrived and fit.  A longer
 * line goes in pieces.  A last line without a newline goes as it is.
 */
static size_t
next_text(struct input *input)
{
	input->held -= input->text;
	memmove(input->bytes, input->bytes + input->text, input->held);
	input->text = 0;
	while (!interrupted()) {
		for (size_t length = input->held; length > 0; length--)
			if (input->bytes[length - 1] == '\n')
				return input->text = length;
		if (input->held == TEXT_SIZE || input->ended)
			return input->text = input->held;
		read_input(input);
	}
	return 0;
}
