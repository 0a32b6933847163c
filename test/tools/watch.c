/*
 * watch.c - make watch: a third terminal, for a projector.  It shows what
 * writer and reader share: the five semaphores and the 256 bytes.
 *
 * It looks ten times a second, and hinders nobody: it creates nothing, and does
 * no semop.  Only ipcs shows a trace: lpid, att_time and det_time may be ours.
 *
 * A look is many system calls, and a turn may begin or end between them.  The
 * five values are of one moment (GETALL), and the rest may be of a later one.
 */
#define _XOPEN_SOURCE 700

#include "sharemem.h"

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* The 80th column stays free: after it some terminals begin a new row. */
enum { ROWS = 24, COLUMNS = 79, SET = 1, SEGMENT = 7 };
enum { MARKED = 10 }; /* looks: a change stands out for a second */

/* What this look and the one before it have put there, or 0. */
static char screen[ROWS][COLUMNS], before[ROWS][COLUMNS];
static char place[PATH_MAX];	  /* the channel's directory */
static char marks[ROWS][COLUMNS]; /* reversed for so many looks */

/* Put a text into so many columns.  Mark it if another one was there. */
static void __attribute__((format(printf, 4, 5)))
put(int row, int column, int columns, const char *format, ...)
{
	char text[COLUMNS + 1];
	const size_t size = (size_t)columns;
	va_list arguments;

	va_start(arguments, format);
	const int length = vsnprintf(text, size + 1, format, arguments);
	va_end(arguments);
	for (int i = 0; i < columns; i++)
		if (i >= length)
			text[i] = ' ';
		else if (!isprint((unsigned char)text[i]))
			text[i] = '.';
	const char *old = &before[row][column];
	if (*old != '\0' && memcmp(old, text, size) != 0)
		memset(&marks[row][column], MARKED, size);
	memcpy(&screen[row][column], text, size);
}

/* The process, and its command as ps shows it. */
static void
put_process(int row, int column, int columns, int pid)
{
	char path[32], command[32];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	FILE *file = fopen(path, "r");
	if (file == NULL || fscanf(file, "%31[^\n]", command) != 1)
		strcpy(command, pid == 0 ? "nobody yet" : "gone");
	if (file != NULL)
		fclose(file);
	put(row, column, columns, "%d %s", pid, command);
}

/* The programs use only an object of our own, with mode 600. */
static bool
is_ours(const struct ipc_perm *perm, size_t size, size_t expected)
{
	errno = EACCES;
	return perm->uid == geteuid() && perm->cuid == geteuid() &&
	       (perm->mode & 0777) == 0600 && size == expected;
}

/* Returns false if there is nothing to show. */
static bool
put_set(void)
{
	static const char *const names[MEMBERS][3] = {
	    {"GUARD", "this process has taken it", "nobody is inside"},
	    {"EMPTY", "a text is unread: writers wait", "room for a text"},
	    {"NEWS", "no news: readers wait", "there is news for a reader"},
	    {"READERS", "nobody reads", "so many readers are joined"},
	    {"WRITERS", "nobody writes", "so many writers are joined"},
	};
	unsigned short value[MEMBERS] = {0};
	struct semid_ds status = {0};
	const union semun buf = {.buf = &status}, all = {.array = value};
	const int semid = opensem(".", 's');

	if (semid == -1 || semctl(semid, 0, IPC_STAT, buf) == -1 ||
	    !is_ours(&status.sem_perm, status.sem_nsems, MEMBERS) ||
	    semctl(semid, 0, GETALL, all) == -1)
		return false;
	put(SET, 0, 12, "set %d", semid);
	put(SET, 12, 40, "value  waiting  last process");
	for (int i = 0, row = SET + 1; i < MEMBERS; i++, row++) {
		put(row, 0, 12, "%s", names[i][0]);
		put(row, 12, 7, "%d", value[i]);
		put(row, 19, 9, "%d", semctl(semid, i, GETNCNT));
		put_process(row, 28, 20, semctl(semid, i, GETPID));
		put(row, 49, 30, "%s", names[i][value[i] == 0 ? 1 : 2]);
	}
	return true;
}

/* The same.  Bytes behind the text are a longer one's: only in hexadecimal. */
static bool
put_segment(void)
{
	struct shmid_ds status = {0};
	struct segment segment;
	const unsigned char *bytes = (const unsigned char *)&segment;
	const int shmid = openshm(".", 'm');
	const void *shmaddr;

	if (shmid == -1 || shmctl(shmid, IPC_STAT, &status) == -1 ||
	    !is_ours(&status.shm_perm, status.shm_segsz, SHM_SIZE) ||
	    (shmaddr = shmat(shmid, NULL, SHM_RDONLY)) == (void *)-1)
		return false;
	memcpy(&segment, shmaddr, SHM_SIZE);
	shmdt(shmaddr);
	put(SEGMENT, 5, 17, "length %-5u text", segment.length);
	put(SEGMENT, 49, 18, "segment %d", shmid);
	put(SEGMENT, 67, 12, "attached %d", (int)status.shm_nattch);
	for (unsigned i = 0; i < SHM_SIZE; i++) {
		const int row = SEGMENT + 1 + (int)i / 16, nth = (int)i % 16;
		const bool is_text = i >= 4 && i - 4 < segment.length;
		if (nth == 0)
			put(row, 0, 3, "%3u", i);
		put(row, 5 + 3 * nth + nth / 4, 2, "%02x", bytes[i]);
		put(row, 57 + nth, 1, "%c", is_text ? bytes[i] : ' ');
	}
	return true;
}

static void
put_none(int row, const char *name)
{
	put(row, 0, COLUMNS,
	    errno == EACCES ? "Another user or program has a %s with our key."
			    : "There is no %s.",
	    name);
}

static void
look(void)
{
	memcpy(before, screen, sizeof(before));
	memset(screen, '\0', sizeof(screen));
	put(0, 0, 60, "%s", place);
	put(0, 68, 11, "Ctrl-C ends");
	if (!put_set())
		put_none(SET, "set");
	if (!put_segment())
		put_none(SEGMENT, "segment");
}

/* What has changed is reversed, which also a black and white screen shows. */
static void
draw(void)
{
	bool reversed = false;

	printf("\033[H");
	for (int i = 0; i < ROWS * COLUMNS; i++) {
		const int row = i / COLUMNS, column = i % COLUMNS;
		const char cell = screen[row][column];
		char *mark = &marks[row][column];
		if (reversed != (*mark > 0 && cell > ' ')) {
			reversed = !reversed;
			printf("\033[%dm", reversed ? 7 : 0);
		}
		if (*mark > 0)
			--*mark;
		printf("%s%c", column == 0 && row > 0 ? "\n" : "",
		       cell == '\0' ? ' ' : cell);
	}
	printf("\033[J"); /* erase what else is there */
}

int
main(int argc, char *argv[])
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	static const struct timespec tenth = {.tv_nsec = 100000000};
	static char frame[16384];
	struct termios found, quiet;
	struct winsize size = {0};
	sigset_t awaited;
	int ended_by;

	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		errx(2, "usage: watch [path]");
	if ((argc == 2 && chdir(argv[1]) == -1) ||
	    getcwd(place, sizeof(place)) == NULL)
		err(1, "%s", argc == 2 ? argv[1] : ".");
	if (tcgetattr(STDOUT_FILENO, &found) == -1)
		errx(2, "standard output is not a terminal");
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	if (size.ws_col != 0 && (size.ws_col < 80 || size.ws_row < ROWS))
		errx(2, "the terminal is smaller than 80 x 24");
	sigemptyset(&awaited);
	for (int i = 0; i < 4; i++)
		sigaddset(&awaited, signals[i]);
	sigprocmask(SIG_BLOCK, &awaited, NULL);
	quiet = found;
	quiet.c_lflag &= ~(tcflag_t)ECHO;    /* what is typed is not shown */
	quiet.c_cc[VSUSP] = _POSIX_VDISABLE; /* Ctrl-Z would not restore it */
	tcsetattr(STDOUT_FILENO, TCSAFLUSH, &quiet);
	/* All of a look goes out in one write(2), so that nothing flickers. */
	setvbuf(stdout, frame, _IOFBF, sizeof(frame));
	printf("\033[?1049h\033[?25l"); /* another screen, without a cursor */
	do {
		look();
		draw();
		ended_by = fflush(stdout) == EOF /* the terminal is gone */
			       ? SIGHUP
			       : sigtimedwait(&awaited, NULL, &tenth);
	} while (ended_by == -1);
	/* Leave the terminal as it was. */
	printf("\033[0m\033[?25h\033[?1049l");
	fflush(stdout);
	tcsetattr(STDOUT_FILENO, TCSAFLUSH, &found);
	/* Ctrl-C is the usual end: make calls any other status an error. */
	return ended_by == SIGINT ? EXIT_SUCCESS : 128 + ended_by;
}
