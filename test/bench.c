/*
 * bench.c - make bench: is the chapter right that shared memory is the fastest,
 * and where does the time of writer and reader go?  What README says in
 * MEASURED is read off here.
 *
 * Every figure is the median of several runs, the rows of a table taking turns;
 * beside it stand the smallest and the largest, and how many times as large it
 * is as the table's first row.  `bench 3' (make bench GROUP=3) makes table 3.
 */
#define _GNU_SOURCE

#include "sharemem.h"

#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 5, BLOCK = 256, LONGEST = 48 };

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

/*
 * Where the kernel puts two processes decides what a wake-up costs: so the
 * first of a pair always has the first processor that we may use, the second
 * the last one.
 */
static void
pin(int which)
{
	cpu_set_t allowed, one;
	int first = -1, last = -1;

	must(sched_getaffinity(0, sizeof(allowed), &allowed), "affinity");
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET((size_t)cpu, &allowed)) {
			first = first == -1 ? cpu : first;
			last = cpu;
		}
	CPU_ZERO(&one);
	CPU_SET((size_t)(which == 0 ? first : last), &one);
	must(sched_setaffinity(0, sizeof(one), &one), "affinity");
}

static pid_t
start(void (*code)(const void *), const void *argument, int processor)
{
	fflush(stdout);
	pid_t pid = must(fork(), "fork");
	if (pid == 0) {
		if (processor != -1)
			pin(processor);
		code(argument);
		_exit(0);
	}
	return pid;
}

static void
await(pid_t pid)
{
	int status;
	must(waitpid(pid, &status, 0), "waitpid");
	if (status != 0 && !WIFSIGNALED(status))
		errx(1, "a process failed");
}

/* ---- Tables ---- */

struct row {
	char name[LONGEST];
	double (*run)(const void *); /* returns the figure */
	const void *argument;
	double figures[RUNS];
};

static int
compare(const void *one, const void *other)
{
	const double a = *(const double *)one, b = *(const double *)other;
	return (a > b) - (a < b);
}

static void
table(struct row *rows, int count, const char *unit)
{
	for (int run = 0; run < RUNS; run++)
		for (int i = 0; i < count; i++)
			rows[i].figures[run] = rows[i].run(rows[i].argument);
	printf("  %-35s %8s  %s\n", unit, "median", "(range), times the first");
	for (int i = 0; i < count; i++) {
		double *figures = rows[i].figures;
		qsort(figures, RUNS, sizeof(double), compare);
		printf("  %-35s %8.3g  (%.3g to %.3g), %.2f\n", rows[i].name,
		       figures[RUNS / 2], figures[0], figures[RUNS - 1],
		       figures[RUNS / 2] / rows[0].figures[RUNS / 2]);
	}
	fflush(stdout);
}

/* ---- 1. Memory ---- */

enum { MEGABYTE = 1 << 20 };

static void
fill(char *bytes, uint64_t what)
{
	uint64_t *words = (void *)bytes;
	for (size_t i = 0; i < MEGABYTE / 8; i++)
		words[i] = what;
}

static uint64_t
sum(const char *bytes)
{
	const uint64_t *words = (const void *)bytes;
	uint64_t total = 0;
	for (size_t i = 0; i < MEGABYTE / 8; i++)
		total += words[i];
	return total;
}

static double
write_and_read(const void *argument)
{
	enum { TIMES = 1000 };
	char *bytes = *(char *const *)argument;
	const double begin = now();
	for (uint64_t i = 0; i < TIMES; i++) {
		fill(bytes, i);
		if (sum(bytes) == 1) /* never */
			abort();
	}
	return 2.0 * TIMES * MEGABYTE / (now() - begin) / 1e9;
}

static char *
new_segment(size_t size)
{
	int shmid = must(shmget(IPC_PRIVATE, size, 0600), "shmget");
	char *bytes = shmat(shmid, NULL, 0);
	shmctl(shmid, IPC_RMID, NULL);
	if (bytes == (void *)-1)
		err(1, "shmat");
	return bytes;
}

static void
memory(void)
{
	char *shared = new_segment(MEGABYTE), *own = malloc(MEGABYTE);
	struct row rows[] = {
	    {"1 MB of one's own", write_and_read, &own, {0}},
	    {"1 MB of a segment", write_and_read, &shared, {0}}};

	printf("\n1. Is a segment as fast as memory of one's own?\n\n");
	fill(own, 1);
	fill(shared, 1);
	table(rows, 2, "GB/s");
	free(own);
	shmdt(shared);
}

/* ---- 2. Handing over a lot ---- */

enum { ERRANDS = 80 };

/* One fills a megabyte and hands it over, the other sums it and answers. */
struct errand {
	bool by_pipe;
	char *bytes;	/* the segment; or each one's own, copied at fork */
	int semid;	/* of the segment: news */
	int ends[2];	/* of the pipe: the bytes themselves */
	int answers[2]; /* a byte when all are summed */
};

static void
receive(const void *argument)
{
	const struct errand *errand = argument;
	for (int i = 0; i < ERRANDS; i++) {
		if (!errand->by_pipe)
			sem_p(errand->semid, 0);
		for (int got = 0; errand->by_pipe && got < MEGABYTE;)
			got += must(read(errand->ends[0], errand->bytes + got,
					 (size_t)(MEGABYTE - got)),
				    "read");
		const char answer = (char)sum(errand->bytes);
		must(write(errand->answers[1], &answer, 1), "write");
	}
}

static double
hand_over(const void *argument)
{
	struct errand errand = *(const struct errand *)argument;
	char answer;

	errand.semid = must(semget(IPC_PRIVATE, 1, 0600), "semget");
	must(pipe(errand.answers), "pipe");
	must(pipe(errand.ends), "pipe");
	pid_t pid = start(receive, &errand, 1);
	const double begin = now();
	for (uint64_t i = 0; i < ERRANDS; i++) {
		fill(errand.bytes, i);
		if (errand.by_pipe)
			must(write(errand.ends[1], errand.bytes, MEGABYTE),
			     "write");
		else
			sem_v(errand.semid, 0);
		must(read(errand.answers[0], &answer, 1), "read");
	}
	const double seconds = now() - begin;
	await(pid);
	for (int i = 0; i < 2; i++) {
		close(errand.answers[i]);
		close(errand.ends[i]);
	}
	sem_delete(errand.semid);
	return (double)MEGABYTE * ERRANDS / seconds / 1e9;
}

static void
handing_over(void)
{
	struct errand pipe_errand = {.by_pipe = true,
				     .bytes = malloc(MEGABYTE)};
	struct errand errand = {.bytes = new_segment(MEGABYTE)};
	struct row rows[] = {
	    {"1 MB by a pipe", hand_over, &pipe_errand, {0}},
	    {"1 MB by shared memory", hand_over, &errand, {0}}};

	printf("\n2. One process fills so much, another sums it\n\n");
	table(rows, 2, "GB/s");
	free(pipe_errand.bytes);
	shmdt(errand.bytes);
}

/* ---- 3. The programs' job: lines from a file to a file ---- */

struct job {
	int lines;
	int pairs;     /* of processes, which share the lines */
	int processor; /* 1: the second of a pair has the last one; 0: both
			* have the first; -1: where the kernel puts them */
	bool busy;     /* a busy loop on each processor beside them */
	bool patient;  /* lock-step: 40 tries before it sleeps */
	char directory[LONGEST], in[2 * LONGEST], out[2 * LONGEST];
	int semid;		 /* of lock-step */
	struct segment *segment; /* the same */
	int ends[2];		 /* of the pipe */
};

/* 43 bytes a line: five fit in a turn. */
static void
make_lines(const struct job *job)
{
	FILE *file = fopen(job->in, "w");
	if (file == NULL)
		err(1, "%s", job->in);
	for (int i = 0; i < job->lines / job->pairs; i++)
		fprintf(file, "%6d the quick brown fox jumps over a dog\n", i);
	fclose(file);
}

static off_t
size_of(const char *path)
{
	struct stat status;
	must(stat(path, &status), path);
	return status.st_size;
}

static void
redirect(const char *path, int flags, int to)
{
	dup2(must(open(path, flags | O_CREAT, 0600), path), to);
}

static void
become_writer(const void *argument)
{
	const struct job *job = argument;
	redirect(job->in, O_RDONLY, STDIN_FILENO);
	execl("./writer", "writer", job->directory, (char *)NULL);
	err(1, "./writer");
}

static void
become_reader(const void *argument)
{
	const struct job *job = argument;
	redirect(job->out, O_WRONLY | O_APPEND, STDOUT_FILENO);
	execl("./reader", "reader", job->directory, (char *)NULL);
	err(1, "./reader");
}

static void
loop(const void *unused)
{
	(void)unused;
	for (volatile int i = 0;; i++)
		;
}

/* Run the two for each pair; returns seconds. */
static double
run_pairs(const struct job *job, void (*reads)(const void *),
	  void (*writes)(const void *))
{
	enum { MOST = 64 };
	pid_t pids[MOST], loops[MOST];
	long processors = job->busy ? sysconf(_SC_NPROCESSORS_ONLN) : 0;

	unlink(job->out);
	processors = processors > MOST ? MOST : processors;
	for (int i = 0; i < processors; i++)
		loops[i] = start(loop, NULL, -1);
	const double begin = now();
	for (int i = 0; i < job->pairs; i++) {
		pids[2 * i] = start(reads, job, job->processor);
		pids[2 * i + 1] =
		    start(writes, job, job->processor == -1 ? -1 : 0);
	}
	for (int i = 0; i < 2 && job->ends[0] != 0; i++)
		close(job->ends[i]); /* only the writer has them now */
	for (int i = 0; i < 2 * job->pairs; i++)
		await(pids[i]);
	const double seconds = now() - begin;
	for (int i = 0; i < processors; i++) {
		kill(loops[i], SIGKILL);
		await(loops[i]);
	}
	if (size_of(job->out) != size_of(job->in) * job->pairs)
		errx(1, "the copy is not the same");
	return seconds;
}

static double
by_the_programs(const void *argument)
{
	const struct job *job = argument;
	make_lines(job);
	return job->lines / run_pairs(job, become_reader, become_writer) / 1e6;
}

/* The textbook's two semaphores: 0 may write, 1 may read; in lock-step. */
static void
take(const struct job *job, int index)
{
	struct sembuf ops = {(unsigned short)index, -1, IPC_NOWAIT};
	for (int tries = 0; job->patient && tries < 40; tries++) {
		if (semop(job->semid, &ops, 1) == 0)
			return;
		if (tries % 2 == 0)
			sched_yield();
	}
	ops.sem_flg = 0;
	must(semop(job->semid, &ops, 1), "semop");
}

static void
give(const struct job *job, int index)
{
	struct sembuf ops = {(unsigned short)index, +1, 0};
	must(semop(job->semid, &ops, 1), "semop");
}

static void
write_in_lock_step(const void *argument)
{
	const struct job *job = argument;
	redirect(job->in, O_RDONLY, STDIN_FILENO);
	do {
		take(job, 0);
		job->segment->length = (uint32_t)must(
		    read(STDIN_FILENO, job->segment->text, 43 * 5), "read");
		give(job, 1);
	} while (job->segment->length > 0);
}

static void
read_in_lock_step(const void *argument)
{
	const struct job *job = argument;
	redirect(job->out, O_WRONLY | O_APPEND, STDOUT_FILENO);
	for (;;) {
		take(job, 1);
		const uint32_t length = job->segment->length;
		if (length == 0)
			return;
		must(write(STDOUT_FILENO, job->segment->text, length), "write");
		give(job, 0);
	}
}

static double
in_lock_step(const void *argument)
{
	struct job job = *(const struct job *)argument;
	make_lines(&job);
	job.segment = (void *)new_segment(SHM_SIZE);
	job.semid = must(semget(IPC_PRIVATE, 2, 0600), "semget");
	give(&job, 0);
	const double seconds =
	    run_pairs(&job, read_in_lock_step, write_in_lock_step);
	shmdt(job.segment);
	sem_delete(job.semid);
	return job.lines / seconds / 1e6;
}

/* The system calls of a turn, by one process without a partner: the limit. */
static double
by_one_process(const void *argument)
{
	const struct job *job = argument;
	struct segment *segment = (void *)new_segment(SHM_SIZE);
	const int semid = must(semget(IPC_PRIVATE, MEMBERS, 0600), "semget");
	struct sembuf open_set[] = {{GUARD, +1, 0}, {EMPTY, +1, 0}};
	ssize_t got;

	make_lines(job);
	must(semop(semid, open_set, 2), "semop");
	const int in = must(open(job->in, O_RDONLY), job->in);
	const int out = must(open(job->out, O_WRONLY | O_CREAT, 0600), "out");
	const double begin = now();
	while ((got = must(read(in, segment->text, 43 * 5), "read")) > 0) {
		sem_wait_p(semid, EMPTY, GUARD);
		sem_pass_v(semid, EMPTY, NEWS, GUARD);
		sem_wait_p(semid, NEWS, GUARD);
		if (semctl(semid, EMPTY, GETVAL) == 0)
			must(write(out, segment->text, (size_t)got), "write");
		sem_pass_v(semid, NEWS, EMPTY, GUARD);
	}
	const double seconds = now() - begin;
	close(in);
	close(out);
	sem_delete(semid);
	shmdt(segment);
	return job->lines / seconds / 1e6;
}

/* Blocks of 256 bytes through a pipe. */
static void
copy_blocks(int from, int to)
{
	char bytes[BLOCK];
	ssize_t got;
	while ((got = must(read(from, bytes, BLOCK), "read")) > 0)
		must(write(to, bytes, (size_t)got), "write");
}

static void
write_to_pipe(const void *argument)
{
	const struct job *job = argument;
	redirect(job->in, O_RDONLY, STDIN_FILENO);
	copy_blocks(STDIN_FILENO, job->ends[1]);
}

static void
read_from_pipe(const void *argument)
{
	const struct job *job = argument;
	close(job->ends[1]);
	redirect(job->out, O_WRONLY, STDOUT_FILENO);
	copy_blocks(job->ends[0], STDOUT_FILENO);
}

static double
through_a_pipe(const void *argument)
{
	struct job job = *(const struct job *)argument;
	make_lines(&job);
	must(pipe(job.ends), "pipe");
	return job.lines / run_pairs(&job, read_from_pipe, write_to_pipe) / 1e6;
}

static struct job
new_job(int lines, int pairs, int processor, bool busy, bool patient)
{
	struct job job = {.lines = lines,
			  .pairs = pairs,
			  .processor = processor,
			  .busy = busy,
			  .patient = patient};
	strcpy(job.directory, "/tmp/sharemem-bench.XXXXXX");
	if (mkdtemp(job.directory) == NULL)
		err(1, "%s", job.directory);
	snprintf(job.in, sizeof(job.in), "%s/in", job.directory);
	snprintf(job.out, sizeof(job.out), "%s/out", job.directory);
	return job;
}

static void
end_job(const struct job *job)
{
	unlink(job->in);
	unlink(job->out);
	rmdir(job->directory);
}

static void
the_programs(void)
{
	struct job all = new_job(200000, 1, 1, false, true);
	struct job fewer = new_job(20000, 1, 1, false, false);
	struct row rows[] = {
	    {"the programs", by_the_programs, &all, {0}},
	    {"a turn's calls, by one process", by_one_process, &all, {0}},
	    {"two semaphores, 40 tries first", in_lock_step, &all, {0}},
	    {"two semaphores, asleep at once", in_lock_step, &fewer, {0}},
	    {"a pipe, 256 bytes a write", through_a_pipe, &all, {0}}};

	printf("\n3. Lines of 43 bytes from a file to a file, five a turn\n\n");
	table(rows, 5, "million lines/s");
	end_job(&all);
	end_job(&fewer);
}

/* ---- 4. Other circumstances ---- */

/* The way of waiting is wrong if one row is ten times slower than another. */
static void
compare_rows(const struct row *row, const struct row *other)
{
	if (row->figures[RUNS / 2] * 10 < other->figures[RUNS / 2])
		errx(1, "too slow: '%s' beside '%s'", row->name, other->name);
}

static void
elsewhere(void)
{
	struct job jobs[] = {new_job(100000, 1, 1, false, true),
			     new_job(100000, 1, 0, false, true),
			     new_job(100000, 1, 0, false, false),
			     new_job(100000, 8, -1, false, true),
			     new_job(15000, 1, -1, true, true),
			     new_job(15000, 1, -1, true, false)};
	struct row rows[] = {
	    {"two processors", by_the_programs, &jobs[0], {0}},
	    {"both on one processor", by_the_programs, &jobs[1], {0}},
	    {"the same, two semaphores, asleep", in_lock_step, &jobs[2], {0}},
	    {"8 writers and 8 readers", by_the_programs, &jobs[3], {0}},
	    {"a busy loop on every processor", by_the_programs, &jobs[4], {0}},
	    {"the same, two semaphores, asleep", in_lock_step, &jobs[5], {0}}};

	printf("\n4. The programs elsewhere\n\n");
	table(rows, 6, "million lines/s");
	for (int i = 0; i < 6; i++)
		end_job(&jobs[i]);
	compare_rows(&rows[1], &rows[2]); /* else: no yield between tries */
	compare_rows(&rows[4], &rows[5]); /* else: no rest */
}

int
main(int argc, char *argv[])
{
	void (*const tables[])(void) = {memory, handing_over, the_programs,
					elsewhere};
	const double begin = now();

	printf("%ld processors; medians of %d runs\n",
	       sysconf(_SC_NPROCESSORS_ONLN), RUNS);
	for (int i = 0; i < 4; i++)
		if (argc < 2 || atoi(argv[1]) == i + 1)
			tables[i]();
	printf("\n%.0f seconds in all\n", now() - begin);
	return 0;
}
