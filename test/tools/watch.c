/*
 * watch.c - make watch: a third terminal, for a projector.  It shows what
 * writer and reader share: the five semaphores and the 256 bytes.
 *
 * It looks ten times a second, and hinders nobody.  It creates nothing and does
 * no semop.  At each look it attaches the segment, read-only, copies it and
 * detaches it.  If the last process removes the segment (IPC_RMID) just then,
 * that succeeds at once, whatever nattch is: the key no longer leads there, and
 * the kernel frees the memory at our shmdt.  The programs never look at nattch.
 * Only ipcs shows a trace: lpid, att_time and det_time are often ours.
 *
 * A look is many system calls, and a turn may begin or end between them.  The
 * five values are of one moment (GETALL).  The rest of the screen may be of a
 * later one.  When nothing moves any more, the next look is right.
 */
#define _XOPEN_SOURCE 700

#include "sharemem.h"

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* The 80th column stays free: after it some terminals begin a new row. */
enum { ROWS = 24, COLUMNS = 79, SET = 1, SEGMENT = 7 };
enum { MARKED = 10 }; /* looks: a change stands out for a second */

/* What this look and the one before it have put there, or 0. */
static char screen[ROWS][COLUMNS], before[ROWS][COLUMNS];
static char marks[ROWS][COLUMNS];	    /* reversed for so many looks */
static volatile sig_atomic_t ends, resized; /* signals have come */

/* Put a text into so many columns.  Mark it if another one was there. */
static void __attribute__((format(printf, 4, 5)))
put(int row, int column, int columns, const char *format, ...)
{
	char text[COLUMNS + 1];
	const size_t size = (size_t)columns;
	va_list arguments;

	memset(text, ' ', sizeof(text));
	va_start(arguments, format);
	const int length = vsnprintf(text, size + 1, format, arguments);
	va_end(arguments);
	text[length < columns ? length : columns] = ' '; /* not its NUL */
	for (int i = 0; i < columns; i++)
		text[i] = isprint((unsigned char)text[i]) ? text[i] : '.';
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

/* The programs use an object of our own, with mode 600, and no other. */
static bool
is_ours(const struct ipc_perm *perm, size_t size, size_t expected)
{
	errno = EPERM;
	return perm->uid == geteuid() && perm->cuid == geteuid() &&
	       (perm->mode & 0777) == 0600 && size == expected;
}

/* Returns false, with errno set, if there is nothing to show. */
static bool
put_set(void)
{
	static const char *const names[MEMBERS][3] = {
	    {"GUARD", "this process is inside", "nobody is inside"},
	    {"EMPTY", "a text is unread: writers wait",
	     "there is room for a text"},
	    {"NEWS", "no news: readers wait", "there is news for a reader"},
	    {"READERS", "nobody reads", "so many readers are joined"},
	    {"WRITERS", "nobody writes", "so many writers are joined"},
	};
	unsigned short value[MEMBERS] = {0};
	struct semid_ds status = {0};
	const union semun buf = {.buf = &status}, all = {.array = value};
	const int semid = opensem(".", 's');

	if (semid == -1 || semctl(semid, 0, IPC_STAT, buf) == -1 ||
	    !is_ours(&status.sem_perm, status.sem_nsems, MEMBERS))
		return false;
	semctl(semid, 0, GETALL, all);
	put(SET, 0, 12, "set %d", semid);
	put(SET, 12, 40, "value  waiting  last process");
	for (int i = 0, row = SET + 1; i < MEMBERS; i++, row++) {
		put(row, 0, 12, "%s", names[i][0]);
		put(row, 12, 7, "%d", value[i]);
		put(row, 19, 9, "%d", semctl(semid, i, GETNCNT));
		put_process(row, 28, 20, semctl(semid, i, GETPID));
		put(row, 49, 30, "%s", names[i][value[i] == 0 ? 1 : 2]);
	}
	return sem_value(semid, GUARD) != -1; /* nobody has removed it */
}

/* The same.  Bytes behind the text are a longer one's: only in hexadecimal. */
static bool
put_segment(void)
{
	struct shmid_ds status = {0};
	struct segment segment;
	const unsigned char *bytes = (const unsigned char *)&segment;
	const int shmid = openshm(".", 'm');

	if (shmid == -1 || shmctl(shmid, IPC_STAT, &status) == -1 ||
	    !is_ours(&status.shm_perm, status.shm_segsz, SHM_SIZE))
		return false;
	const void *shmaddr = shmat(shmid, NULL, SHM_RDONLY);
	if (shmaddr == (void *)-1)
		return false;
	memcpy(&segment, shmaddr, SHM_SIZE);
	shmdt(shmaddr);
	put(SEGMENT, 0, 16, "     length %u", segment.length);
	put(SEGMENT, 18, 4, "text");
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

/* Say why these rows have nothing to show. */
static void
put_reason(int row, int next_row, const char *name)
{
	const bool foreign = errno == EPERM || errno == EACCES;

	memset(screen[row], '\0', (size_t)(next_row - row) * COLUMNS);
	put(row, 0, COLUMNS,
	    foreign ? "This %s is not ours: it is not shown."
		    : "There is no %s.  The first program makes it, and the "
		      "last removes it.",
	    name);
}

static void
look(void)
{
	char place[61];

	memcpy(before, screen, sizeof(before));
	memset(screen, '\0', sizeof(screen));
	if (getcwd(place, sizeof(place)) == NULL)
		strcpy(place, "."); /* it is too long */
	put(0, 0, 60, "%s", place);
	put(0, 68, 11, "Ctrl-C ends");
	if (!put_set())
		put_reason(SET, SEGMENT, "set");
	if (!put_segment())
		put_reason(SEGMENT, ROWS, "segment");
}

/* What has changed is reversed, which also a black and white screen shows. */
static void
draw(void)
{
	bool reversed = false;

	for (int row = 0; row < ROWS; row++)
		for (int column = 0; column < COLUMNS; column++) {
			const char cell = screen[row][column];
			char *mark = &marks[row][column];
			if (reversed != (*mark > 0 && cell > ' ')) {
				reversed = !reversed;
				printf("\033[%dm", reversed ? 7 : 0);
			}
			if (*mark > 0)
				--*mark;
			if (column == 0 && row > 0)
				putchar('\n');
			putchar(cell == '\0' ? ' ' : cell);
		}
}

static void
on_signal(int signo)
{
	if (signo == SIGWINCH)
		resized = 1;
	else
		ends = signo;
}

/* Look until a signal comes.  Leave the terminal as it was. */
static void
watch(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT,
				      SIGWINCH};
	static char frame[16384];
	const struct sigaction action = {.sa_handler = on_signal};
	const struct timespec pause = {.tv_nsec = 100000000};
	struct termios found, quiet;
	struct winsize size = {0};

	tcgetattr(STDOUT_FILENO, &found);
	quiet = found;
	quiet.c_lflag &= ~(tcflag_t)ECHO;    /* what is typed is not shown */
	quiet.c_cc[VSUSP] = _POSIX_VDISABLE; /* Ctrl-Z would not restore it */
	tcsetattr(STDOUT_FILENO, TCSAFLUSH, &quiet);
	for (int i = 0; i < 5; i++)
		if (signal(signals[i], SIG_IGN) != SIG_IGN) /* nohup's SIGHUP */
			sigaction(signals[i], &action, NULL);
	/* All of it goes out in one write(2), so that nothing flickers. */
	setvbuf(stdout, frame, _IOFBF, sizeof(frame));
	printf("\033[?1049h\033[?25l"); /* another screen, without a cursor */
	for (int idle = 0; ends == 0; idle++, nanosleep(&pause, NULL)) {
		look();
		if (resized || memcmp(before, screen, sizeof(screen)) != 0)
			idle = 0;
		if (idle > MARKED) /* no mark has to go */
			continue;
		resized = 0;
		ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
		printf("\033[H");
		if (size.ws_col == 0 || /* it is not known */
		    (size.ws_col > COLUMNS && size.ws_row >= ROWS))
			draw();
		else
			printf("watch needs 80 x 24");
		printf("\033[J"); /* erase what else is there */
		if (fflush(stdout) == EOF && errno != EINTR)
			ends = SIGHUP; /* the terminal is gone */
	}
	printf("\033[0m\033[?25h\033[?1049l");
	fflush(stdout);
	tcsetattr(STDOUT_FILENO, TCSAFLUSH, &found);
}

static const char help[] =
    "Usage: watch [-h] [path]\n"
    "\n"
    "Show what writer and reader share in the directory `path' (default: the\n"
    "current directory).  On a terminal of 80 x 24, until Ctrl-C; else once.\n";

int
main(int argc, char *argv[])
{
	const char *path = argc > 1 ? argv[1] : ".";

	if (strcmp(path, "-h") == 0 || strcmp(path, "--help") == 0) {
		printf("%s", help);
	} else if (argc > 2 || path[0] == '-') {
		errx(2, "try '%s --help'", argv[0]);
	} else if (chdir(path) == -1) {
		err(EXIT_FAILURE, "%s", path);
	} else if (isatty(STDOUT_FILENO)) {
		watch();
		signal(ends, SIG_DFL);
		raise(ends);
		return 128 + ends; /* process 1 of a container survives raise */
	} else { /* a pipe or a file: one look, as a photograph */
		look();
		draw();
		printf("\n");
	}
	if (fflush(stdout) == EOF)
		err(EXIT_FAILURE, "standard output");
	return EXIT_SUCCESS;
}
