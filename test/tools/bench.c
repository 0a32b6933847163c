/*
 * bench.c - make bench: is the chapter right that shared memory is the fastest,
 * and where does the time of writer and reader go?  What README says in
 * MEASURED is read off here.
 *
 * Every figure is the median of several runs, the rows of a table taking turns.
 * Beside it stand the smallest and the largest, and how many times as fast the
 * table's first row is.  `bench 3' (make bench GROUP=3) makes table 3.
 */
#define _GNU_SOURCE

#include "sharemem.h"

#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 5, ROWS = 5, BLOCK = 256, TURN = 43 * 5, TIMES = 1000 };
enum { MEGABYTE = 1 << 20, WORDS = MEGABYTE / 8 };

struct row {
	const char *name;
	bool shared; /* by a segment: not in memory of one's own, by a pipe */
	void (*reads)(void), (*writes)(void); /* in a process each */
};

struct table {
	const char *title;
	double (*figure)(void); /* measures a row */
	int lines;
	bool together; /* both processes on one processor */
	bool busy;     /* beside a busy loop on each processor */
	double least;  /* the first row must be such a part of the next one */
	struct row rows[ROWS];
};

/* What is measured now. */
static const struct table *table;
static const struct row *row;

/* What two processes share.  All but the segment is made anew for every run. */
static void *shared;
static int semid; /* MEMBERS semaphores, which are all 0 at first */
static int ends[2];
static FILE *in, *out; /* standard input and output */
static char channel[] = "/tmp/sharemem-bench.XXXXXX";

static double
now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int
must(long result, const char *what)
{
	if (result == -1)
		err(1, "%s", what);
	return (int)result;
}

/* ---- Two processes ---- */

/*
 * Where the kernel puts two processes decides what a wake-up costs: so process
 * 0 always has the first processor that we may use, and 1 the last one.
 */
static void
pin(int which)
{
	cpu_set_t allowed, one;
	int cpu = which == 0 ? 0 : CPU_SETSIZE - 1;

	must(sched_getaffinity(0, sizeof(allowed), &allowed), "affinity");
	while (!CPU_ISSET((size_t)cpu, &allowed))
		cpu += which == 0 ? 1 : -1;
	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	must(sched_setaffinity(0, sizeof(one), &one), "affinity");
}

static pid_t
start(void (*code)(void), int which)
{
	const pid_t pid = must(fork(), "fork");
	if (pid == 0) {
		pin(which);
		dup2(fileno(in), STDIN_FILENO);
		dup2(fileno(out), STDOUT_FILENO);
		code();
		_exit(0);
	}
	return pid;
}

static void
await(pid_t pid)
{
	int status;
	must(waitpid(pid, &status, 0), "waitpid");
	if (status != 0)
		errx(1, "a process failed");
}

static void
change(int index, short by)
{
	struct sembuf op = {(unsigned short)index, by, 0};
	must(semop(semid, &op, 1), "semop");
}

/* ---- Memory ---- */

static uint64_t own[WORDS]; /* of each process */

static void
fill(uint64_t what)
{
	uint64_t *words = row->shared ? shared : own;
	for (int i = 0; i < WORDS; i++)
		words[i] = what;
}

static void
sum(void)
{
	const uint64_t *words = row->shared ? shared : own;
	uint64_t total = 0;
	for (int i = 0; i < WORDS; i++)
		total += words[i];
	if (total == 1) /* never, but now the sum is needed */
		abort();
}

static double
write_and_read(void)
{
	fill(1); /* now all its pages are there */
	const double begin = now();
	for (uint64_t i = 0; i < TIMES; i++) {
		fill(i);
		sum();
	}
	return 2.0 * TIMES * MEGABYTE / (now() - begin) / 1e9;
}

/* One fills a megabyte and hands it over, the other sums it and answers. */
enum { ERRANDS = 80, SENT = 0, ANSWERED = 1 };

static void
receive(void)
{
	for (int i = 0; i < ERRANDS; i++) {
		if (row->shared)
			change(SENT, -1);
		for (size_t got = 0; !row->shared && got < MEGABYTE;)
			got += (size_t)must(
			    read(ends[0], (char *)own + got, MEGABYTE - got),
			    "read");
		sum();
		change(ANSWERED, +1);
	}
}

static double
hand_over(void)
{
	must(pipe2(ends, O_CLOEXEC), "pipe2");
	const pid_t pid = start(receive, 1);
	const double begin = now();
	for (uint64_t i = 0; i < ERRANDS; i++) {
		fill(i);
		if (row->shared)
			change(SENT, +1);
		else
			must(write(ends[1], own, MEGABYTE), "write");
		change(ANSWERED, -1);
	}
	const double seconds = now() - begin;
	await(pid);
	close(ends[0]);
	close(ends[1]);
	return (double)MEGABYTE * ERRANDS / seconds / 1e9;
}

/* ---- The programs' job: lines from a file to a file ---- */

static void
loop(void)
{
	for (volatile int i = 0;; i++)
		;
}

/* 43 bytes a line: five fit in a turn. */
static double
copy_lines(void)
{
	pid_t loops[2];

	for (int i = 0; i < table->lines; i++)
		fprintf(in, "%6d the quick brown fox jumps over a dog\n", i);
	fflush(in);
	must(lseek(fileno(in), 0, SEEK_SET), "lseek");
	for (int i = 0; table->busy && i < 2; i++)
		loops[i] = start(loop, i);
	must(pipe2(ends, O_CLOEXEC), "pipe2");
	const double begin = now();
	const pid_t reader = start(row->reads, table->together ? 0 : 1);
	const pid_t writer = start(row->writes, 0);
	close(ends[0]);
	close(ends[1]); /* the reader waits for the end of this one */
	await(writer);
	await(reader);
	const double seconds = now() - begin;
	for (int i = 0; table->busy && i < 2; i++) {
		kill(loops[i], SIGKILL);
		waitpid(loops[i], NULL, 0);
	}
	if (lseek(fileno(out), 0, SEEK_END) != lseek(fileno(in), 0, SEEK_END))
		errx(1, "the copy is not the same");
	return table->lines / seconds / 1e6;
}

static void
our_writer(void)
{
	execl("./writer", "writer", channel, (char *)NULL);
	err(1, "./writer");
}

static void
our_reader(void)
{
	execl("./reader", "reader", channel, (char *)NULL);
	err(1, "./reader");
}

/* The textbook's two semaphores, in lock-step. */
enum { MAY_WRITE = 0, MAY_READ = 1 };

static void
put_turns(void)
{
	struct segment *segment = shared;
	change(MAY_WRITE, +1);
	do {
		change(MAY_WRITE, -1);
		segment->length = (uint32_t)must(
		    read(STDIN_FILENO, segment->text, TURN), "read");
		change(MAY_READ, +1);
	} while (segment->length > 0);
}

static void
take_turns(void)
{
	const struct segment *segment = shared;
	for (;;) {
		change(MAY_READ, -1);
		const uint32_t length = segment->length;
		if (length == 0)
			return;
		must(write(STDOUT_FILENO, segment->text, length), "write");
		change(MAY_WRITE, +1);
	}
}

static void
copy_blocks(int from, int to)
{
	char bytes[BLOCK];
	ssize_t got;
	while ((got = must(read(from, bytes, BLOCK), "read")) > 0)
		must(write(to, bytes, (size_t)got), "write");
}

static void
to_pipe(void)
{
	copy_blocks(STDIN_FILENO, ends[1]);
}

static void
from_pipe(void)
{
	close(ends[1]);
	copy_blocks(ends[0], STDOUT_FILENO);
}

/* ---- Tables ---- */

static const struct table tables[] = {
    {"Is a segment as fast as memory of one's own?  GB/s", write_and_read,
     .rows = {{"a segment", true, NULL, NULL},
	      {"memory of one's own", false, NULL, NULL}}},
    {"One process fills 1 MB, another sums it.  GB/s", hand_over,
     .rows = {{"by shared memory", true, NULL, NULL},
	      {"by a pipe", false, NULL, NULL}}},
    {"Lines of 43 bytes from a file to a file, five a turn.  Million/s",
     copy_lines, .lines = 100000,
     .rows = {{"the programs", true, our_reader, our_writer},
	      {"two semaphores, asleep at once", true, take_turns, put_turns},
	      {"a pipe, 256 bytes a write", false, from_pipe, to_pipe}}},
    {"The same, both on one processor", copy_lines, .lines = 100000,
     .together = true, .least = 0.25, /* else: no yield between tries */
     .rows = {{"the programs", true, our_reader, our_writer},
	      {"two semaphores, asleep at once", true, take_turns, put_turns}}},
    {"The same, beside a busy loop on each processor", copy_lines,
     .lines = 15000, .busy = true, .least = 0.1, /* else: no rest */
     .rows = {{"the programs", true, our_reader, our_writer},
	      {"two semaphores, asleep at once", true, take_turns, put_turns}}},
};
enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

static int
compare(const void *one, const void *other)
{
	const double a = *(const double *)one, b = *(const double *)other;
	return (a > b) - (a < b);
}

/* On a terminal, one line tells how far it is.  What is printed replaces it. */
static void
show_progress(int run, const char *name)
{
	if (isatty(STDOUT_FILENO))
		printf("  table %d of %d, run %d of %d: %-46.46s\r",
		       (int)(table - tables) + 1, TABLES, run, RUNS, name);
	fflush(stdout);
}

/* Returns 1 if the first row is too slow. */
static int
measure(void)
{
	double figures[ROWS][RUNS], *first = figures[0];

	for (int run = 0; run < RUNS; run++)
		for (row = table->rows; row->name != NULL; row++) {
			show_progress(run + 1, row->name);
			semid = semget(IPC_PRIVATE, MEMBERS, 0600);
			in = tmpfile();
			out = tmpfile();
			if (semid == -1 || in == NULL || out == NULL)
				err(1, "no set or no files");
			figures[row - table->rows][run] = table->figure();
			sem_delete(semid);
			fclose(in);
			fclose(out);
		}
	printf("  %-32s median  (range), the first row as this one\n", "");
	for (row = table->rows; row->name != NULL; row++) {
		double *sorted = figures[row - table->rows];
		qsort(sorted, RUNS, sizeof(double), compare);
		printf("  %-32s %6.3g  (%.3g to %.3g), %.2f\n", row->name,
		       sorted[RUNS / 2], sorted[0], sorted[RUNS - 1],
		       first[RUNS / 2] / sorted[RUNS / 2]);
	}
	if (first[RUNS / 2] >= table->least * figures[1][RUNS / 2])
		return 0;
	warnx("too slow: the programs wait in a wrong way");
	return 1;
}

int
main(int argc, char *argv[])
{
	int status = 0;
	const double begin = now();
	const int shmid = must(shmget(IPC_PRIVATE, MEGABYTE, 0600), "shmget");

	shared = shmat(shmid, NULL, 0);
	shmctl(shmid, IPC_RMID, NULL);
	if (shared == (void *)-1 || mkdtemp(channel) == NULL)
		err(1, "no segment or no directory");
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%ld processors; medians of %d runs\n",
	       sysconf(_SC_NPROCESSORS_ONLN), RUNS);
	for (int i = 0; i < TABLES; i++)
		if (argc < 2 || atoi(argv[1]) == i + 1) {
			table = &tables[i];
			printf("\n%d. %s\n\n", i + 1, table->title);
			status |= measure();
		}
	printf("\n%.0f seconds in all\n", now() - begin);
	rmdir(channel);
	return status;
}
