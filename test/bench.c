/*
 * bench.c - make bench: is the chapter right that shared memory is the fastest,
 * and where do writer and reader stand against what else one could take?
 *
 * Every figure is the median of several runs, the schemes of a group taking
 * turns; beside it stand the smallest and the largest, and the ratio to the
 * group's first row.  `bench 3' does group 3 alone.
 */
#define _GNU_SOURCE

#include "sharemem.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 5, BLOCK = 256 };

static char directory[] = "/tmp/sharemem-bench.XXXXXX";
static char in[64], out[64], copy[64];

static double
now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int
must(int result, const char *what)
{
	if (result == -1)
		err(1, "%s", what);
	return result;
}

/*
 * Where the kernel puts two processes decides what a wake-up costs: so the
 * first of a pair always has the first processor that we may use, the second
 * the last one.
 */
static void
pin(int which)
{
	static cpu_set_t allowed;
	static bool known;
	cpu_set_t one;
	int first = -1, last = -1;

	if (!known)
		must(sched_getaffinity(0, sizeof(allowed), &allowed), "pin");
	known = true;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET((size_t)cpu, &allowed)) {
			first = first == -1 ? cpu : first;
			last = cpu;
		}
	CPU_ZERO(&one);
	CPU_SET((size_t)(which == 0 ? first : last), &one);
	must(sched_setaffinity(0, sizeof(one), &one), "pin");
}

/* ---- Tables ---- */

struct scheme {
	char name[48];
	double (*run)(int); /* returns the figure */
	int argument;
	double figures[RUNS];
};

static int
compare(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;
	return (a > b) - (a < b);
}

static double
median(struct scheme *scheme, int runs)
{
	qsort(scheme->figures, (size_t)runs, sizeof(double), compare);
	return scheme->figures[runs / 2];
}

/* Run all, in alternation, and print a line for each; `more' may add to it. */
static void
table(struct scheme *schemes, int count, int runs, const char *unit,
      void (*more)(const struct scheme *, double))
{
	for (int run = 0; run < runs; run++)
		for (int i = 0; i < count; i++)
			schemes[i].figures[run] =
			    schemes[i].run(schemes[i].argument);
	const double first = median(&schemes[0], runs);
	for (int i = 0; i < count; i++) {
		const double middle = median(&schemes[i], runs);
		printf("  %-30s %9.3g %-7s %8.3g ..%8.3g  %7.3f",
		       schemes[i].name, middle, unit, schemes[i].figures[0],
		       schemes[i].figures[runs - 1], middle / first);
		if (more != NULL)
			more(&schemes[i], middle);
		printf("\n");
	}
	fflush(stdout);
}

static void
heading(const char *text, const char *last)
{
	printf("\n%s\n\n  %-30s %9s %-7s %18s  %7s%s\n", text, "", "median", "",
	       "smallest .. largest", "ratio", last);
}

/* ---- 1. Memory ---- */

static char *own, *shared;
static size_t size;
static volatile uint64_t sink;

static void
fill(char *bytes, size_t count, uint64_t what)
{
	uint64_t *words = (void *)bytes;
	for (size_t i = 0; i < count / 8; i++)
		words[i] = what;
}

static void
sum(const char *bytes, size_t count)
{
	const uint64_t *words = (const void *)bytes;
	uint64_t total = 0;
	for (size_t i = 0; i < count / 8; i++)
		total += words[i];
	sink = total;
}

enum { OWN, SHARED, WRITE = 2 };

static double
go_over(int how)
{
	char *bytes = how & SHARED ? shared : own;
	const size_t all = (size_t)512 << 20;
	double start = now();
	for (size_t done = 0; done < all; done += size)
		if (how & WRITE)
			fill(bytes, size, done);
		else
			sum(bytes, size);
	return (double)all / (now() - start) / 1e9;
}

static void
memory(void)
{
	static const size_t kilobytes[] = {4, 64, 1024, 16384, 65536};
	const size_t most = (size_t)64 << 20;
	int shmid = must(shmget(IPC_PRIVATE, most, 0600), "shmget");

	shared = shm_attach(shmid, 0);
	shm_delete(shmid);
	if (shared == NULL || posix_memalign((void **)&own, 4096, most) != 0)
		err(1, "memory");
	/* A segment's pages are small ones; so let malloc's be. */
	madvise(own, most, MADV_NOHUGEPAGE);
	fill(shared, most, 1);
	fill(own, most, 1);
	heading("1. Is access as fast as to memory of one's own?  (chapter: "
		"ratio 1)",
		"");
	for (size_t i = 0; i < sizeof(kilobytes) / sizeof(kilobytes[0]); i++) {
		size = kilobytes[i] << 10;
		for (int how = WRITE; how >= 0; how -= WRITE) {
			struct scheme schemes[2] = {
			    {.run = go_over, .argument = how | OWN},
			    {.run = go_over, .argument = how | SHARED}};
			for (int s = 0; s < 2; s++)
				snprintf(
				    schemes[s].name, sizeof(schemes[s].name),
				    "%s %zu KB of %s",
				    how == WRITE ? "write" : "read", size >> 10,
				    s == 0 ? "malloc" : "the segment");
			table(schemes, 2, RUNS, "GB/s", NULL);
		}
	}
	free(own);
	shm_detach(shared);
}

/* ---- 2. Handing over a lot ---- */

/*
 * One process fills `size' bytes and hands them over, `times' times; the other
 * sums them and answers with a byte, in a pipe, when it has all of them.
 */
static int times;

struct carrier {
	void (*send)(const char *bytes, size_t count);
	void (*receive)(char *bytes, size_t count);
};

static int ends[2], queue, semid, shmid;
static mqd_t mqueue;

static void
send_file(const char *bytes, size_t count)
{
	while (count > 0) {
		ssize_t done = write(ends[1], bytes, count);
		must((int)done, "write");
		bytes += done;
		count -= (size_t)done;
	}
}

static void
receive_file(char *bytes, size_t count)
{
	while (count > 0) {
		ssize_t done = read(ends[0], bytes, count);
		must((int)done, "read");
		bytes += done;
		count -= (size_t)done;
	}
}

struct message {
	long type;
	char bytes[8192];
};

static void
send_messages(const char *bytes, size_t count)
{
	struct message message = {.type = 1};
	for (size_t part; count > 0; bytes += part, count -= part) {
		part = count < 8192 ? count : 8192;
		memcpy(message.bytes, bytes, part);
		must(msgsnd(queue, &message, part, 0), "msgsnd");
	}
}

static void
receive_messages(char *bytes, size_t count)
{
	struct message message;
	while (count > 0) {
		ssize_t got = msgrcv(queue, &message, 8192, 0, 0);
		must((int)got, "msgrcv");
		memcpy(bytes, message.bytes, (size_t)got);
		bytes += got;
		count -= (size_t)got;
	}
}

static void
send_mqueue(const char *bytes, size_t count)
{
	for (size_t part; count > 0; bytes += part, count -= part) {
		part = count < 8192 ? count : 8192;
		must(mq_send(mqueue, bytes, part, 0), "mq_send");
	}
}

static void
receive_mqueue(char *bytes, size_t count)
{
	char last[8192];
	while (count > 0) {
		bool whole = count >= 8192;
		ssize_t got =
		    mq_receive(mqueue, whole ? bytes : last, 8192, NULL);
		must((int)got, "mq_receive");
		if (!whole)
			memcpy(bytes, last, (size_t)got);
		bytes += got;
		count -= (size_t)got;
	}
}

static double
hand_over(const struct carrier *carrier)
{
	int answers[2];
	char byte = 0;
	/* With shared memory both use the same; else each has its own. */
	char *bytes = shared;

	must(pipe(answers), "pipe");
	fflush(stdout);
	pid_t pid = must(fork(), "fork");
	if (pid == 0) {
		pin(1);
		if (carrier != NULL)
			bytes = own;
		for (int i = 0; i < times; i++) {
			if (carrier == NULL)
				sem_p(semid, 0);
			else
				carrier->receive(bytes, size);
			sum(bytes, size);
			must((int)write(answers[1], &byte, 1), "write");
		}
		_exit(0);
	}
	double start = now();
	for (int i = 0; i < times; i++) {
		fill(bytes, size, (uint64_t)i);
		if (carrier == NULL)
			sem_v(semid, 0);
		else
			carrier->send(bytes, size);
		must((int)read(answers[0], &byte, 1), "read");
	}
	double seconds = now() - start;
	waitpid(pid, NULL, 0);
	close(answers[0]);
	close(answers[1]);
	return (double)size * times / seconds / 1e9;
}

enum { MEMORY, PIPE, SOCKET, MESSAGES, POSIX_MESSAGES, WAYS };
static const char *const ways[] = {"shared memory", "pipe", "Unix socket",
				   "System V messages", "POSIX messages"};

static double
over(int way)
{
	static const struct carrier carriers[] = {
	    [PIPE] = {send_file, receive_file},
	    [SOCKET] = {send_file, receive_file},
	    [MESSAGES] = {send_messages, receive_messages},
	    [POSIX_MESSAGES] = {send_mqueue, receive_mqueue}};
	struct mq_attr attributes = {.mq_maxmsg = 10, .mq_msgsize = 8192};
	char name[64];

	snprintf(name, sizeof(name), "/sharemem-bench-%d", (int)getpid());
	semid = must(semget(IPC_PRIVATE, 1, 0600), "semget");
	queue = must(msgget(IPC_PRIVATE, 0600), "msgget");
	mqueue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
	must(mqueue, "mq_open");
	mq_unlink(name);
	if (way == SOCKET)
		must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
	else
		must(pipe(ends), "pipe");
	double figure = hand_over(way == MEMORY ? NULL : &carriers[way]);
	close(ends[0]);
	close(ends[1]);
	mq_close(mqueue);
	msgctl(queue, IPC_RMID, NULL);
	sem_delete(semid);
	return figure;
}

static void
handing_over(void)
{
	static const struct {
		size_t bytes;
		int times, runs;
	} sizes[] = {{(size_t)4 << 10, 1500, RUNS},
		     {(size_t)64 << 10, 600, RUNS},
		     {(size_t)1 << 20, 80, RUNS},
		     {(size_t)16 << 20, 3, RUNS},
		     {(size_t)256 << 20, 1, 3}};
	const size_t most = (size_t)256 << 20;
	size_t first = 0;

	shmid = must(shmget(IPC_PRIVATE, most, 0600), "shmget");
	shared = shm_attach(shmid, 0);
	shm_delete(shmid);
	own = mmap(NULL, most, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == NULL || own == MAP_FAILED)
		err(1, "memory");
	fill(shared, most, 1);
	fill(own, most, 1);
	heading("2. One process fills N bytes, another sums them  (chapter: "
		"shared memory first)",
		"");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct scheme schemes[WAYS] = {0};
		size = sizes[i].bytes;
		times = sizes[i].times;
		for (int way = 0; way < WAYS; way++) {
			schemes[way].run = over;
			schemes[way].argument = way;
			snprintf(schemes[way].name, sizeof(schemes[way].name),
				 "%zu KB, %s", size >> 10, ways[way]);
		}
		table(schemes, WAYS, sizes[i].runs, "GB/s", NULL);
		bool fastest = true;
		for (int s = 1; s < WAYS; s++)
			fastest &= median(&schemes[s], sizes[i].runs) <
				   median(&schemes[0], sizes[i].runs);
		if (!fastest)
			first = 0;
		else if (first == 0)
			first = size;
	}
	if (first > sizes[0].bytes)
		printf("\n  Below %zu KB the wake-ups cost more than the "
		       "copying, and the ranking turns.\n",
		       first >> 10);
	else
		printf("\n  Shared memory is first from the smallest size on: "
		       "each way costs a wake-up.\n");
	munmap(own, most);
	shm_detach(shared);
}

/* ---- 3. The programs' job ---- */

static int lines; /* how many of the file's a scheme is given */

static void
make_lines(int count)
{
	FILE *file = fopen(in, "w");
	if (file == NULL)
		err(1, "%s", in);
	srand(1);
	for (int i = 0; i < count; i++)
		fprintf(file, "%.*s\n", 17 + rand() % 51,
			"The quick brown fox jumps over the lazy dog, and "
			"nobody saw it but a cat");
	fclose(file);
}

static off_t
length_of(const char *path)
{
	struct stat status;
	must(stat(path, &status), path);
	return status.st_size;
}

/* Fork two, who do the job from `in' to `out'; the figure: lines a second. */
static double
two_processes(void (*writes)(FILE *), void (*reads)(int))
{
	pid_t pids[2];
	double start = now();

	fflush(stdout);
	for (int i = 0; i < 2; i++) {
		pids[i] = must(fork(), "fork");
		if (pids[i] == 0) {
			pin(i);
			if (i == 0)
				writes(fopen(in, "r"));
			else
				reads(open(out, O_WRONLY | O_CREAT | O_TRUNC,
					   0600));
			_exit(0);
		}
	}
	close(ends[0]);
	close(ends[1]);
	for (int i = 0; i < 2; i++)
		waitpid(pids[i], NULL, 0);
	double seconds = now() - start;
	if (length_of(in) != length_of(out))
		errx(1, "the copy is not the same");
	return lines / seconds;
}

enum { UNPINNED = -1 };

static pid_t
start(const char *program, const char *path, const char *input,
      const char *output, int processor)
{
	fflush(stdout);
	pid_t pid = must(fork(), "fork");
	if (pid == 0) {
		if (processor != UNPINNED)
			pin(processor);
		if (input != NULL)
			dup2(must(open(input, O_RDONLY), input), STDIN_FILENO);
		if (output != NULL)
			dup2(must(open(output, O_WRONLY | O_CREAT | O_TRUNC,
				       0600),
				  output),
			     STDOUT_FILENO);
		execl(program, program, path, (char *)NULL);
		err(1, "%s", program);
	}
	return pid;
}

static double
by_the_programs(int unused)
{
	(void)unused;
	double begin = now();
	pid_t reader = start("./reader", directory, NULL, out, 1);
	pid_t writer = start("./writer", directory, in, NULL, 0);
	waitpid(writer, NULL, 0);
	waitpid(reader, NULL, 0);
	double seconds = now() - begin;
	if (length_of(in) != length_of(out))
		errx(1, "the copy is not the same");
	return lines / seconds;
}

/* The textbook's two semaphores: 0 may write, 1 may read; in lock-step. */
static struct segment *segment;

static void
change(int index, short by)
{
	struct sembuf ops = {(unsigned short)index, by, 0};
	must(semop(semid, &ops, 1), "semop");
}

static void
write_blocks(FILE *file)
{
	ssize_t got;
	do {
		change(0, -1);
		got = read(fileno(file), segment->text, TEXT_SIZE);
		segment->length = (uint32_t)got;
		change(1, +1);
	} while (got > 0);
}

static void
write_line_by_line(FILE *file)
{
	do {
		change(0, -1);
		segment->length = 0;
		if (fgets(segment->text, TEXT_SIZE, file) != NULL)
			segment->length = (uint32_t)strlen(segment->text);
		change(1, +1);
	} while (segment->length > 0);
}

static void
read_turns(int file)
{
	for (;;) {
		change(1, -1);
		if (segment->length == 0)
			return;
		must((int)write(file, segment->text, segment->length), out);
		change(0, +1);
	}
}

static double
in_lock_step(int by_lines)
{
	shmid = must(shmget(IPC_PRIVATE, SHM_SIZE, 0600), "shmget");
	semid = must(semget(IPC_PRIVATE, 2, 0600), "semget");
	segment = shm_attach(shmid, 0);
	change(0, +1);
	ends[0] = ends[1] = -1;
	double figure = two_processes(
	    by_lines ? write_line_by_line : write_blocks, read_turns);
	shm_detach(segment);
	shm_delete(shmid);
	sem_delete(semid);
	return figure;
}

/* Blocks of 256 bytes through a pipe, a socket, a message queue. */
static void
write_to_end(FILE *file)
{
	char bytes[BLOCK];
	size_t got;
	close(ends[0]);
	while ((got = fread(bytes, 1, BLOCK, file)) > 0)
		must((int)write(ends[1], bytes, got), "write");
}

static void
read_from_end(int file)
{
	char bytes[BLOCK];
	ssize_t got;
	close(ends[1]);
	while ((got = read(ends[0], bytes, BLOCK)) > 0)
		must((int)write(file, bytes, (size_t)got), out);
}

static void
write_to_queue(FILE *file)
{
	struct message message = {.type = 1};
	size_t got;
	do {
		got = fread(message.bytes, 1, BLOCK, file);
		must(msgsnd(queue, &message, got, 0), "msgsnd");
	} while (got > 0);
}

static void
read_from_queue(int file)
{
	struct message message;
	ssize_t got;
	while ((got = msgrcv(queue, &message, BLOCK, 0, 0)) > 0)
		must((int)write(file, message.bytes, (size_t)got), out);
}

static double
through(int way)
{
	if (way == MESSAGES) {
		queue = must(msgget(IPC_PRIVATE, 0600), "msgget");
		ends[0] = ends[1] = -1;
		double figure = two_processes(write_to_queue, read_from_queue);
		msgctl(queue, IPC_RMID, NULL);
		return figure;
	}
	if (way == SOCKET)
		must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends),
		     "socketpair");
	else
		must(pipe(ends), "pipe");
	return two_processes(write_to_end, read_from_end);
}

/* A slow scheme is given but the first part of the file. */
static double
in_lock_step_with_fewer(int by_lines)
{
	const int all = lines;
	char command[512];

	lines = by_lines ? 15000 : 60000;
	snprintf(command, sizeof(command), "mv %s %s && head -n %d %s > %s", in,
		 copy, lines, copy, in);
	must(system(command), command);
	double figure = in_lock_step(by_lines);
	lines = all;
	must(rename(copy, in), in);
	return figure;
}

static double bytes_a_line;

/* Count the system calls of everything that `run' starts, and its turns. */
static void
count_calls(const struct scheme *scheme, double *calls, double *turns)
{
	int status;
	pid_t pid, tracer;
	int results[2];

	must(pipe(results), "pipe");
	fflush(stdout);
	tracer = must(fork(), "fork");
	if (tracer == 0) {
		long entries = 0, writes = 0;
		pid_t root = must(fork(), "fork");
		if (root == 0) {
			ptrace(PTRACE_TRACEME, 0, NULL, NULL);
			raise(SIGSTOP);
			scheme->run(scheme->argument);
			_exit(0);
		}
		waitpid(root, &status, 0);
		ptrace(PTRACE_SETOPTIONS, root, NULL,
		       PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
			   PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
			   PTRACE_O_EXITKILL);
		ptrace(PTRACE_SYSCALL, root, NULL, 0);
		while ((pid = waitpid(-1, &status, __WALL)) > 0) {
			int signo = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
			struct __ptrace_syscall_info info;
			if (!WIFSTOPPED(status))
				continue;
			if (signo == (SIGTRAP | 0x80)) {
				ptrace(PTRACE_GET_SYSCALL_INFO, pid,
				       sizeof(info), &info);
				if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
					entries++;
					writes += info.entry.nr == SYS_write;
				}
			}
			if (signo == (SIGTRAP | 0x80) || signo == SIGTRAP ||
			    signo == SIGSTOP)
				signo = 0;
			ptrace(PTRACE_SYSCALL, pid, NULL, signo);
		}
		long counted[] = {entries, writes};
		must((int)write(results[1], counted, sizeof(counted)), "write");
		_exit(0);
	}
	long counted[2] = {0, 0};
	must((int)read(results[0], counted, sizeof(counted)), "read");
	waitpid(tracer, NULL, 0);
	close(results[0]);
	close(results[1]);
	*calls = (double)counted[0];
	*turns = (double)counted[1];
}

static int job_row;
static double job_calls[8], job_turns[8];

static void
print_job(const struct scheme *scheme, double figure)
{
	(void)scheme;
	printf(" %6.1f %6.2f %6.2f", figure * bytes_a_line / 1e6,
	       job_turns[job_row], job_calls[job_row]);
	job_row++;
}

static void
job(void)
{
	struct scheme schemes[] = {
	    {"writer and reader", by_the_programs, 0, {0}},
	    {"lock-step by blocks", in_lock_step, 0, {0}},
	    {"lock-step by lines", in_lock_step, 1, {0}},
	    {"System V messages", through, MESSAGES, {0}},
	    {"pipe", through, PIPE, {0}},
	    {"Unix socket, packets", through, SOCKET, {0}}};

	lines = 3000;
	make_lines(lines);
	for (int i = 0; i < 6; i++) {
		count_calls(&schemes[i], &job_calls[i], &job_turns[i]);
		job_calls[i] /= lines;
		job_turns[i] /= i < 4 ? lines : 2 * lines; /* two write */
	}
	schemes[1].run = schemes[2].run = in_lock_step_with_fewer;
	lines = 300000;
	make_lines(lines);
	bytes_a_line = (double)length_of(in) / lines;
	heading("3. 300,000 lines, file to file, 256 bytes at a time",
		"   MB/s  turns  calls\n"
		"                                                             "
		"                    a line a line");
	job_row = 0;
	table(schemes, 6, RUNS, "lines/s", print_job);
	const double ours = median(&schemes[0], RUNS);
	printf(
	    "\n  Lock-step is given 60,000 and 15,000 of the lines.  writer "
	    "and "
	    "reader are %.1f\n  times lock-step by blocks, %.1f times by "
	    "lines, and %.2f of the pipe.  A pipe\n  holds 16 blocks of 256 "
	    "bytes, so that its ends run side by side; through one\n  segment "
	    "they go one after the other: five calls a turn, each of which "
	    "finds the\n  semaphores in the other processor's cache.\n",
	    ours / median(&schemes[1], RUNS), ours / median(&schemes[2], RUNS),
	    ours / median(&schemes[4], RUNS));
}

/* ---- 4. One line ---- */

enum { TRIPS = 2000 };
static double trips[TRIPS];
static pid_t relays[2];
static int feed, drain;

static void
relay(int from, int to)
{
	char bytes[BLOCK];
	ssize_t got;
	while ((got = read(from, bytes, BLOCK)) > 0)
		must((int)write(to, bytes, (size_t)got), "write");
	_exit(0);
}

/* feed -> first process -> `between' -> second process -> drain. */
static void
start_relays(int kind)
{
	int first[2], between[2] = {-1, -1}, last[2];
	must(pipe2(first, O_CLOEXEC), "pipe");
	must(pipe2(last, O_CLOEXEC), "pipe");
	if (kind == 1)
		must(pipe2(between, O_CLOEXEC), "pipe");
	if (kind == 2)
		must(
		    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, between),
		    "socketpair");
	fflush(stdout);
	for (int i = 0; i < 2; i++) {
		relays[i] = must(fork(), "fork");
		if (relays[i] > 0)
			continue;
		pin(i);
		close(first[1]);
		if (kind > 0)
			close(between[i == 0 ? 0 : 1]);
		if (kind > 0 && i == 0)
			relay(first[0], between[1]);
		if (kind > 0)
			relay(between[0], last[1]);
		dup2(i == 0 ? first[0] : last[1],
		     i == 0 ? STDIN_FILENO : STDOUT_FILENO);
		execl(i == 0 ? "./writer" : "./reader", "relay", directory,
		      (char *)NULL);
		_exit(127);
	}
	close(first[0]);
	close(last[1]);
	close(between[0]);
	close(between[1]);
	feed = first[1];
	drain = last[0];
}

static void
make_trips(int kind)
{
	static const char line[] = "The quick brown fox jumps over the dog\n";
	char bytes[BLOCK];

	start_relays(kind);
	for (int i = -100; i < TRIPS; i++) {
		double start = now();
		must((int)write(feed, line, sizeof(line) - 1), "write");
		must((int)read(drain, bytes, BLOCK), "read");
		if (i >= 0)
			trips[i] = (now() - start) * 1e6;
		/* The channel is to be idle: its ends are asleep again. */
		nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
	}
	close(feed);
	close(drain);
	waitpid(relays[0], NULL, 0);
	waitpid(relays[1], NULL, 0);
	qsort(trips, TRIPS, sizeof(double), compare);
}

static int percentile;
static double kept[3][2][RUNS];
static int trip_run[3];

static double
trips_of(int kind)
{
	const int run = trip_run[kind]++;
	if (percentile == 0) {
		make_trips(kind);
		kept[kind][0][run] = trips[TRIPS / 2];
		kept[kind][1][run] = trips[TRIPS * 99 / 100];
	}
	return kept[kind][percentile][run];
}

static void
one_line(void)
{
	heading("4. One line on an idle channel, from the first process' input "
		"to the second's output",
		"");
	for (percentile = 0; percentile < 2; percentile++) {
		struct scheme schemes[3] = {0};
		static const char *const by[] = {"writer and reader", "a pipe",
						 "a socket"};
		for (int kind = 0; kind < 3; kind++) {
			schemes[kind].run = trips_of;
			schemes[kind].argument = kind;
			snprintf(schemes[kind].name, sizeof(schemes[kind].name),
				 "%s: %s", by[kind],
				 percentile == 0 ? "half within"
						 : "99 of 100 within");
		}
		memset(trip_run, 0, sizeof(trip_run));
		table(schemes, 3, 3, "us", NULL);
	}
}

/* ---- 5. Waiting ---- */

/* Processor time and times woken: who has neither has made no system call. */
static void
used(pid_t pid, unsigned long *ticks, long *woken)
{
	char path[64], text[4096];
	unsigned long user = 0, system = 0;
	long one = 0, other = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "r");
	if (file == NULL)
		err(1, "%s", path);
	if (fscanf(file,
		   "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
		   "%lu %lu",
		   &user, &system) != 2)
		errx(1, "%s", path);
	fclose(file);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	while (fgets(text, sizeof(text), file) != NULL) {
		sscanf(text, "voluntary_ctxt_switches: %ld", &one);
		sscanf(text, "nonvoluntary_ctxt_switches: %ld", &other);
	}
	fclose(file);
	*ticks = user + system;
	*woken = one + other;
}

static void
waiting(void)
{
	char other[64];
	unsigned long before[2], after[2];
	long woken[2], later[2];

	printf("\n5. Three seconds of waiting\n\n");
	snprintf(other, sizeof(other), "%s/other", directory);
	must(mkdir(other, 0700), other);
	make_lines(100);
	pid_t pids[2] = {start("./reader", directory, NULL, out, UNPINNED),
			 start("./writer", other, in, NULL, UNPINNED)};
	sleep(1);
	for (int i = 0; i < 2; i++)
		used(pids[i], &before[i], &woken[i]);
	sleep(3);
	for (int i = 0; i < 2; i++) {
		used(pids[i], &after[i], &later[i]);
		printf("  %-30s %9.2f s of processor time, woken %ld times\n",
		       i == 0 ? "a reader without a writer"
			      : "a writer without a reader",
		       (double)(after[i] - before[i]) /
			   (double)sysconf(_SC_CLK_TCK),
		       later[i] - woken[i]);
	}
	printf("\n  Who is never woken makes no system call.\n");
	for (int i = 0; i < 2; i++)
		kill(pids[i], SIGTERM);
	for (int i = 0; i < 2; i++)
		waitpid(pids[i], NULL, 0);
	/* The writer's text waits for a reader, and here he is. */
	waitpid(start("./reader", other, NULL, out, UNPINNED), NULL, 0);
	rmdir(other);
}

/* ---- 6. Growth ---- */

enum { PAIR_MEGABYTES = 8, LINES_A_MEGABYTE = 23256 };

static double
seconds_of(int pairs)
{
	pid_t pids[16];
	char name[96];
	off_t all = 0;

	double begin = now();
	for (int i = 0; i < pairs; i++) {
		snprintf(name, sizeof(name), "%s%d", out, i);
		pids[2 * i] =
		    start("./reader", directory, NULL, name, UNPINNED);
		pids[2 * i + 1] =
		    start("./writer", directory, in, NULL, UNPINNED);
	}
	for (int i = 0; i < 2 * pairs; i++)
		waitpid(pids[i], NULL, 0);
	double seconds = now() - begin;
	for (int i = 0; i < pairs; i++) {
		snprintf(name, sizeof(name), "%s%d", out, i);
		all += length_of(name);
		unlink(name);
	}
	if (all != length_of(in) * pairs)
		errx(1, "the copies are not the same");
	return seconds;
}

static double
milliseconds_a_megabyte(int megabytes)
{
	make_lines(megabytes * LINES_A_MEGABYTE);
	return seconds_of(1) * 1e3 / megabytes;
}

static double
milliseconds_with(int pairs)
{
	make_lines(PAIR_MEGABYTES * LINES_A_MEGABYTE / pairs);
	return seconds_of(pairs) * 1e3;
}

static void
print_bar(const struct scheme *scheme, double figure)
{
	/* The first row is called first: its bar is 10 long. */
	static double scale;
	if (scheme->argument == 1)
		scale = figure / 10;
	printf("  ");
	for (int i = 0; i < (int)(figure / scale + 0.5) && i < 60; i++)
		putchar('#');
}

static void
growth(void)
{
	struct scheme more_data[] = {
	    {"1 MB", milliseconds_a_megabyte, 1, {0}},
	    {"10 MB", milliseconds_a_megabyte, 10, {0}},
	    {"100 MB", milliseconds_a_megabyte, 100, {0}}};
	struct scheme more_processes[] = {
	    {"1 writer, 1 reader", milliseconds_with, 1, {0}},
	    {"2 writers, 2 readers", milliseconds_with, 2, {0}},
	    {"4 writers, 4 readers", milliseconds_with, 4, {0}},
	    {"8 writers, 8 readers", milliseconds_with, 8, {0}}};

	heading("6. More data: the time for a megabyte", "");
	table(more_data, 3, 3, "ms", print_bar);
	heading("   More processes: the time for the same 8 MB, shared among "
		"them",
		"");
	table(more_processes, 4, RUNS, "ms", print_bar);
}

static void
clean_up(void)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	if (system(command) != 0)
		warnx("%s is left", directory);
}

int
main(int argc, char *argv[])
{
	void (*const groups[])(void) = {memory,	  handing_over, job,
					one_line, waiting,	growth};
	const double begin = now();

	if (mkdtemp(directory) == NULL)
		err(1, "%s", directory);
	snprintf(in, sizeof(in), "%s/in", directory);
	snprintf(out, sizeof(out), "%s/out", directory);
	snprintf(copy, sizeof(copy), "%s/copy", directory);
	printf("%ld processors; medians; ratio: to the first row of the "
	       "group\n",
	       sysconf(_SC_NPROCESSORS_ONLN));
	for (int i = 0; i < 6; i++)
		if (argc < 2 || atoi(argv[1]) == i + 1)
			groups[i]();
	clean_up();
	printf("\n%.0f seconds in all\n", now() - begin);
	return 0;
}
