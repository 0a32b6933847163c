/*
 * check_programs.c - what writer and reader promise, shown by running them: in
 * pipes and files, on terminals, and where things go wrong.
 *
 * DESIGN.md's promises, and the tests that show them here:
 *   1 every byte once, in order	every_byte_..., a_killed_reader_...,
 *					a_partial_write_..., a_full_disk_...
 *   2 a line that fits is whole	lines_of_many_writers_..., a_line_...
 *   3 one reader a text; the end	the_end_of_one_writer_...,
 *a_newcomer_... 4 who waits is asleep		who_waits_... 5 no
 *death or stop in the way	a_reader_killed_inside_..., the_first_... 6
 *nothing is left			every test (expect_nothing_left) 7 only
 *for the owner		text_outlives_..., check_foreign.c and the contracts':
 *   leave(): ends by the signal	a_signal_ends_..., process_1_...
 *   stay_inside()			a_stay_is_..., ..._waits_for_the_guard
 *   options()				wrong_usage_..., a_path_..., help_...
 *   give_up(): EIDRM, EIO, ...		a_set_removed_..., ..._is_an_error
 *   tell()				minus_v_...
 */
#define _GNU_SOURCE

#include "support.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

static const char *const programs[] = {"reader", "writer"};

CASE("The programs", "every byte, once, in order")

/* Inputs: a line of so many bytes between two short ones; and special ones. */
static const int line_lengths[] = {1,	246, 247, 248, 249, 250,  251,	252,
				   253, 254, 255, 256, 257, 1000, 10000};
enum {
	LINES = sizeof(line_lengths) / sizeof(line_lengths[0]),
	NOTHING = LINES,
	ONE_BYTE,
	NO_FINAL_NEWLINE,
	NULS,
	ALL_BYTES,
	ONLY_NEWLINES,
	TWO_MEGABYTES,
	TWO_MEGABYTES_OF_LINES,
	INPUTS
};

static void
make_input(int kind)
{
	static char bytes[2000000];
	size_t count = 0;

	srand(1);
	if (kind < LINES) {
		memcpy(bytes, "before\n", 7);
		memset(bytes + 7, 'x', (size_t)line_lengths[kind]);
		count = 7 + (size_t)line_lengths[kind];
		memcpy(bytes + count - 1, "\nafter\n", 7);
		count += 6;
	} else if (kind == ONE_BYTE) {
		count = 1;
		bytes[0] = 'x';
	} else if (kind == NO_FINAL_NEWLINE) {
		count = 12;
		memcpy(bytes, "first\nsecond", count);
	} else if (kind == NULS) {
		count = 1000;
	} else if (kind == ALL_BYTES) {
		for (; count < 256; count++)
			bytes[count] = (char)count;
	} else if (kind == ONLY_NEWLINES) {
		count = 1000;
		memset(bytes, '\n', count);
	} else if (kind >= TWO_MEGABYTES) {
		for (; count < sizeof(bytes); count++)
			bytes[count] = (char)rand();
		if (kind == TWO_MEGABYTES_OF_LINES)
			for (size_t i = 0; i < count;
			     i += 1 + (size_t)rand() % 90)
				bytes[i] = '\n';
	}
	write_file("in", bytes, count);
}

static const char *const slow[] = {"-s", "1000", directory, NULL};
static const char *const half[] = {"-s", "0.5", directory, NULL};
static const char *const told[] = {"-v", directory, NULL};

static void
send_line(const char *text)
{
	const ssize_t length = (ssize_t)strlen(text);
	ck_assert_int_eq(write(feed, text, (size_t)length), length);
}

static void
end_input_and_both(pid_t writer, pid_t reader)
{
	close(feed);
	expect_both_end(writer, reader);
}

/* The writer has taken all that we sent, and waits for more. */
static bool
has_read_all(pid_t writer)
{
	int waiting = -1;
	return ioctl(feed, FIONREAD, &waiting) == 0 && waiting == 0 &&
	       is_asleep(writer);
}

static size_t
size_of(const char *name)
{
	struct stat status;
	return stat(in_directory(name), &status) == 0 ? (size_t)status.st_size
						      : 0;
}

static int
count_in(const char *text, const char *what)
{
	int count = 0;
	for (; (text = strstr(text, what)) != NULL; text++)
		count++;
	return count;
}

static bool
is_over(pid_t pid)
{
	siginfo_t info = {0};
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
	return info.si_pid == pid;
}

TEST_LOOP(every_byte_arrives_once_in_order, 2 * INPUTS)
{
	const bool reader_first = _i % 2 == 0;
	make_input(_i / 2);
	pid_t reader = reader_first ? start_waiting_reader() : 0;
	pid_t writer = start_writer("in");
	if (!reader_first && _i / 2 == NOTHING) {
		expect_exit(writer, 0); /* it has no text */
		return;
	}
	if (!reader_first) {
		eventually(unread());
		reader = start_reader("out");
	}
	expect_both_end(writer, reader);
	ck_assert_same_file("in", "out");
}

/* The writer may have come and gone: its text waits for the reader. */
TEST_LOOP(both_started_at_once_lose_nothing_and_say_nothing, 20)
{
	make_input(NO_FINAL_NEWLINE);
	pid_t reader = start_reader("out"), writer = start_writer("in");
	expect_both_end(writer, reader);
	ck_assert_same_file("in", "out");
	expect_file("writer.out", "%s", "");
	expect_file("writer.err", "%s", "");
	expect_file("reader.err", "%s", "");
}

enum { MANY = 3, EACH = 5000 };

TEST(lines_of_many_writers_to_many_readers_stay_whole_and_in_order)
{
	char name[16];
	pid_t readers[2], writers[MANY];
	int seen[MANY] = {0};

	for (int w = 0; w < MANY; w++) {
		snprintf(name, sizeof(name), "in%d", w);
		FILE *file = fopen(in_directory(name), "w");
		for (int i = 0; i < EACH; i++)
			fprintf(file, "%d %d %.*s\n", w, i, i % 60,
				"the quick brown fox jumps over the lazy dog; "
				"the quick brown");
		fclose(file);
	}
	readers[0] = start_reader("out0");
	readers[1] = start_reader("out1");
	/* One more, silent: the readers end with the last, early or late. */
	pid_t silent = start_writer("|");
	eventually(sleep_for_more(NEWS) == 2 && semaphore(WRITERS) == 1);
	for (int w = 0; w < MANY; w++) {
		snprintf(name, sizeof(name), "in%d", w);
		writers[w] = start_writer(name);
	}
	for (int w = 0; w < MANY; w++)
		expect_exit(writers[w], 0);
	close(feed);
	expect_exit(silent, 0);
	for (int r = 0; r < 2; r++) {
		expect_exit(readers[r], 0);
		snprintf(name, sizeof(name), "out%d", r);
		FILE *file = fopen(in_directory(name), "r");
		char line[256];
		int last[MANY] = {-1, -1, -1};
		while (fgets(line, sizeof(line), file) != NULL) {
			int w = -1, i = -1, at = 0;
			sscanf(line, "%d %d%n", &w, &i, &at);
			ck_assert_msg(w >= 0 && w < MANY && i > last[w],
				      "torn or late: %s", line);
			ck_assert_uint_eq(strlen(line + at),
					  2 + (size_t)i % 60);
			last[w] = i;
			seen[w]++;
		}
		fclose(file);
	}
	for (int w = 0; w < MANY; w++)
		ck_assert_int_eq(seen[w], EACH);
}

TEST(a_line_that_fits_is_not_split_but_waits_for_its_end)
{
	pid_t reader = start_reader("out"), writer = start_writer("|");
	send_line("one\ntw");
	eventually(file_has("out", "one\n"));
	send_line("o\nthree");
	eventually(file_has("out", "one\ntwo\n"));
	ck_assert(!file_has("out", "three"));
	send_line("\n\n"); /* an empty line, too */
	eventually(file_has("out", "three\n\n"));
	send_line("\n");
	eventually(file_has("out", "three\n\n\n"));
	end_input_and_both(writer, reader);
}

TEST(a_line_of_252_bytes_that_arrives_in_two_parts_is_not_split)
{
	char line[TEXT_SIZE];
	memset(line, 'x', sizeof(line));
	line[TEXT_SIZE - 1] = '\n';
	pid_t reader = start("reader", NULL, "out", "reader.err", told);
	eventually(sleep_for_more(NEWS) == 1);
	pid_t writer = start_writer("|");
	ck_assert_int_eq(write(feed, line, 251), 251);
	eventually(semaphore(WRITERS) == 1 && has_read_all(writer));
	ck_assert_int_eq(write(feed, line + 251, 1), 1);
	eventually(file_has("reader.err", "prints"));
	ck_assert(file_has("reader.err", "prints 252 bytes"));
	end_input_and_both(writer, reader);
}

TEST(a_piece_of_252_bytes_goes_at_once)
{
	char piece[TEXT_SIZE];
	size_t count = 0;
	memset(piece, 'x', sizeof(piece));
	pid_t reader = start_reader("out"), writer = start_writer("|");
	ck_assert_int_eq(write(feed, piece, TEXT_SIZE), (ssize_t)TEXT_SIZE);
	eventually((free(read_file("out", &count)), count == TEXT_SIZE));
	end_input_and_both(writer, reader);
}

CASE("The programs", "who waits, ends, leaves")

/* A writer more ends meanwhile: its end is no news when a reader comes. */
TEST(text_outlives_its_writer_until_a_reader_comes)
{
	leave_text("kept\n");
	int shmid = segment_of(directory);
	struct shmid_ds status;
	ck_assert_int_eq(shmctl(shmid, IPC_STAT, &status), 0);
	ck_assert_uint_eq(status.shm_segsz, 256);
	ck_assert_int_eq(status.shm_perm.mode & 0777, 0600);
	ck_assert_uint_eq(status.shm_nattch, 0);
	expect_exit(start_writer(NULL), 0);
	expect_file("writer.err", "%s", ""); /* "nobody reads" is for typists */
	pid_t reader = start("reader", NULL, "out", "told", told);
	expect_exit(reader, 0);
	ck_assert_same_file("in", "out");
	ck_assert(file_has("told", "    GUARD 0 EMPTY 0 NEWS 2 READERS 1 "
				   "WRITERS 0  reader: prints 5 bytes\n"));
}

TEST(the_end_of_one_writer_of_two_does_not_end_the_readers)
{
	pid_t readers[] = {start("reader", NULL, "out", "told", told),
			   start("reader", NULL, "out", "told", told)};
	pid_t first = start_writer("|");
	int first_feed = feed;
	eventually(sleep_for_more(NEWS) == 2 && semaphore(WRITERS) == 1);
	expect_exit(start_writer(NULL), 0);
	eventually(semaphore(NEWS) == 0 && sleep_for_more(NEWS) == 2);
	ck_assert(file_has("told", "    GUARD 0 EMPTY 1 NEWS 1 READERS 2 "
				   "WRITERS 1  reader: a writer has ended\n"));
	/* What they did for good is not undone when they are killed. */
	for (int i = 0; i < 2; i++)
		expect_end_by(readers[i], SIGKILL);
	ck_assert_int_eq(semaphore(NEWS), 0);
	ck_assert_int_eq(semaphore(GUARD), 1);
	ck_assert_int_eq(semaphore(READERS), 0);
	for (int i = 0; i < 2; i++)
		readers[i] = start_reader("out");
	eventually(sleep_for_more(NEWS) == 2);
	ck_assert_int_eq(write(first_feed, "still here\n", 11), 11);
	eventually(file_has("out", "still here\n"));
	close(first_feed);
	expect_exit(first, 0);
	expect_exit(readers[0], 0);
	expect_exit(readers[1], 0);
}

/* The one that comes is let in before the one that is there has heard. */
TEST(a_newcomer_leaves_the_news_to_those_who_take_part)
{
	pid_t reader = start("reader", NULL, "out", "reader.err", half);
	pid_t writer = start_writer("|");
	send_line("x\n");
	eventually(file_has("out", "x\n"));
	kill(reader, SIGSTOP); /* inside, until the newcomer waits */
	close(feed);
	expect_exit(writer, 0);
	pid_t newcomer = start_reader("out2");
	eventually(sleep_for_more(GUARD) == 1);
	kill(reader, SIGCONT);
	expect_both_end(reader, newcomer);
}

TEST(a_killed_writer_ends_the_waiting_reader)
{
	pid_t reader = start_reader("out"), writer = start_writer("|");
	send_line("last words\n");
	eventually(file_has("out", "last words\n"));
	expect_end_by(writer, SIGKILL);
	expect_exit(reader, 0);
}

TEST(a_killed_reader_loses_nothing)
{
	make_input(TWO_MEGABYTES_OF_LINES);
	pid_t reader = start_reader("out"), writer = start_writer("in");
	eventually(size_of("out") > 100000);
	expect_end_by(reader, SIGKILL);
	expect_both_end(start_reader("out2"), writer);

	size_t all, first, second;
	char *in = read_file("in", &all), *one = read_file("out", &first),
	     *two = read_file("out2", &second);
	/* The killed reader's last turn may be there twice, nothing more. */
	ck_assert_uint_ge(first + second, all);
	ck_assert_uint_le(first + second, all + TEXT_SIZE);
	ck_assert_int_eq(memcmp(in, one, first), 0);
	ck_assert_int_eq(memcmp(in + all - second, two, second), 0);
}

TEST(a_reader_that_comes_after_a_killed_writer_waits_for_a_new_one)
{
	pid_t killed = start_writer("|");
	eventually(semaphore(WRITERS) == 1);
	expect_end_by(killed, SIGKILL);
	ck_assert(anything_left()); /* nobody could remove it */
	pid_t reader = start_waiting_reader();
	ck_assert_int_eq(semaphore(NEWS), 0); /* the old news is forgotten */
	write_file("in", "new\n", 4);
	expect_both_end(start_writer("in"), reader);
	ck_assert_same_file("in", "out");
}

/* try_then_sleep() calls this, and not the C library's. */
static int yields;
static bool yield_is_slow;

int
sched_yield(void)
{
	yields++;
	if (yield_is_slow)
		nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
	return (int)syscall(SYS_sched_yield);
}

static int
give_to_who_waits(int semid)
{
	for (int waits; (waits = semctl(semid, 1, GETNCNT)) != -1; nap())
		if (waits == 1)
			semop(semid, &(struct sembuf){1, 1, 0}, 1);
	return 0;
}

/* Semaphore 0 is 1, to be awaited; a child gives semaphore 1, to be taken. */
static int
start_giver(void)
{
	int semid = createsem(directory, 's', 2, 0);
	ck_assert_int_eq(semctl(semid, 0, SETVAL, 1), 0);
	child_of(give_to_who_waits, semid);
	return semid;
}

TEST(between_tries_a_wait_yields_at_most_20_times)
{
	int semid = start_giver();
	ck_assert_int_eq(sem_wait_p(semid, 0, 1), 0);
	ck_assert(yields >= 1 && yields <= 20);
	sem_delete(semid);
}

TEST(after_a_slow_yield_200_waits_go_without_tries)
{
	int semid = start_giver();
	yield_is_slow = true;
	for (int waits = 1; waits <= 201; waits++) {
		ck_assert_int_eq(sem_wait_p(semid, 0, 1), 0);
		ck_assert_int_eq(yields, waits <= 200 ? 1 : 2);
	}
	sem_delete(semid);
}

TEST_LOOP(who_waits_is_asleep_in_the_kernel, 2)
{
	make_input(NULS);
	pid_t one = _i == 0 ? start_reader("out") : start_writer("in");
	eventually(sleep_for_more(_i == 0 ? NEWS : EMPTY) == 1);
	expect_asleep(one);
	pid_t other = _i == 0 ? start_writer("in") : start_reader("out");
	expect_both_end(one, other);
	ck_assert_same_file("in", "out");
}

static int
sleep_for_450_ms(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 450000000}, NULL);
	return 0;
}

/* Does a stay of 0.3 s end before a child that sleeps for 0.45 s? */
static bool
ends_in_time(const char *program, bool interrupted_by_sigcont)
{
	const char *stays[] = {"-v", "-s", "0.3", directory, NULL};
	const double begin = now();
	unlink(in_directory("told"));
	pid_t inside = start(program, "in", "out", "told", stays);
	eventually(file_has("told", "5 bytes\n"));
	pid_t sleeper = child(sleep_for_450_ms);
	eventually(is_over(inside) ||
		   (interrupted_by_sigcont && !is_over(sleeper) &&
		    kill(inside, SIGCONT) == -1));
	const bool in_time = !is_over(sleeper);
	expect_exit(inside, 0);
	ck_assert(now() - begin >= 0.3);
	expect_exit(sleeper, 0);
	return in_time;
}

/* It may be late, because the machine is busy: but not five times. */
TEST_LOOP(a_stay_is_as_long_as_it_is_told, 4)
{
	bool in_time = false;
	write_file("in", "text\n", 5);
	for (int attempt = 0; attempt < 5 && !in_time; attempt++) {
		if (_i % 2 == 0)
			expect_exit(start_writer("in"), 0);
		in_time = ends_in_time(programs[_i % 2], _i / 2 == 1);
		if (_i % 2 == 1)
			expect_exit(start_reader("out"), 0);
	}
	ck_assert(in_time);
}

CASE("The programs", "signals")

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

TEST_LOOP(a_signal_ends_a_waiting_writer_and_its_text_stays, 3)
{
	make_input(NULS);
	pid_t writer = start_writer("in");
	eventually(sleep_for_more(EMPTY) == 1);
	expect_end_by(writer, signals[_i]);
	expect_file("writer.err", "%s", "");
	ck_assert(unread());
	expect_exit(start_reader("out"), 0);
	size_t count;
	char *bytes = read_file("out", &count);
	ck_assert_uint_eq(count, TEXT_SIZE);
	ck_assert_int_eq(bytes[0], 0);
}

TEST_LOOP(a_signal_ends_a_waiting_reader_unless_it_was_ignored_before, 3)
{
	const int other = signals[(_i + 1) % 3];
	signal(signals[_i], SIG_IGN); /* as nohup does, and & in a script */
	pid_t reader = start_waiting_reader();
	kill(reader, signals[_i]);
	expect_asleep(reader);
	expect_end_by(reader, other);
}

TEST_LOOP(half_a_line_in_a_pipe_ends_with_a_signal, 3)
{
	pid_t reader = start_reader("out"), writer = start_writer("|");
	eventually(sleep_for_more(NEWS) == 1 && semaphore(WRITERS) == 1);
	send_line("half");
	eventually(has_read_all(writer));
	expect_end_by(writer, signals[_i]);
	expect_exit(reader, 0);
	expect_file("out", "%s", "");
}

/* Its partner is busy, so it never has to wait. */
TEST_LOOP(after_a_signal_a_busy_program_ends_its_turn_and_no_more, 6)
{
	pid_t reader = start_reader("out"), writer = start_writer("/dev/zero");
	const pid_t victim = _i % 2 == 0 ? reader : writer;
	eventually(size_of("out") > 0);
	stop_process(victim);
	eventually(victim == reader ? is_asleep(writer) : is_asleep(reader));
	const size_t before = size_of("out");
	kill(victim, SIGTERM);
	kill(victim, SIGCONT);
	expect_signal(victim, SIGTERM);
	if (victim == reader)
		expect_end_by(writer, SIGTERM);
	else
		expect_exit(reader, 0);
	ck_assert_uint_le(size_of("out"), before + TEXT_SIZE);
	if (anything_left()) /* a text of the writer's */
		expect_exit(start_reader("rest"), 0);
}

/* Somebody else may read what is still in the pipe. */
TEST(after_a_signal_the_writer_reads_no_more)
{
	int rest = 0;
	pid_t writer = start("writer", "|", "out", "error", slow);
	send_line("x\n");
	eventually(semaphore(WRITERS) == 1 && semaphore(GUARD) == 0);
	send_line("rest\n");
	expect_end_by(writer, SIGINT);
	ck_assert_int_eq(ioctl(feed, FIONREAD, &rest), 0);
	ck_assert_int_eq(rest, 5);
	expect_exit(start_reader("out"), 0);
	expect_file("out", "x\n");
}

/* Under valgrind the reader is a script, and process 1 is valgrind. */
static bool
reader_is_a_script(void)
{
	char start[3] = "";
	FILE *file = fopen("reader", "r");
	const bool read = file != NULL && fgets(start, sizeof(start), file);
	if (file != NULL)
		fclose(file);
	return read && strcmp(start, "#!") == 0;
}

/* No signal kills it. */
TEST_IF(process_1_of_a_container_ends_with_a_status, 1,
	geteuid() == 0 && !reader_is_a_script(), "needs root, no valgrind")
{
	ck_assert_int_eq(unshare(CLONE_NEWPID), 0);
	pid_t reader = start_waiting_reader();
	kill(reader, SIGTERM);
	expect_exit(reader, 128 + SIGTERM);
}

TEST(a_reader_killed_inside_leaves_its_line_to_the_next)
{
	write_file("in", "again\n", 6);
	pid_t reader = start("reader", NULL, "out", "reader.err", slow);
	pid_t writer = start_writer("in");
	eventually(file_has("out", "again\n"));
	expect_end_by(reader, SIGKILL);
	expect_exit(writer, 0);
	expect_exit(start_reader("out2"), 0);
	ck_assert_same_file("in", "out2");
}

/* A reader that is stopped inside, and a writer whose text it has printed. */
static pid_t
start_and_stop_a_reader_inside(pid_t *writer)
{
	pid_t reader = start("reader", NULL, "out", "reader.err", slow);
	*writer = start_writer("|");
	send_line("x\n");
	eventually(file_has("out", "x\n"));
	kill(reader, SIGSTOP);
	return reader;
}

static void
let_the_stopped_reader_end(pid_t reader)
{
	kill(reader, SIGTERM);
	kill(reader, SIGCONT);
	expect_signal(reader, SIGTERM);
}

TEST_LOOP(the_first_signal_ends_one_whose_partner_is_stopped_inside, 6)
{
	pid_t writer, reader = start_and_stop_a_reader_inside(&writer);
	if (_i % 2 == 1) { /* it waits to hand over */
		send_line("y\n");
		eventually(sleep_for_more(EMPTY) == 1);
	}
	expect_end_by(writer, signals[_i / 2]);
	let_the_stopped_reader_end(reader);
}

TEST(a_signal_ends_who_waits_to_join_while_somebody_is_stopped_inside)
{
	pid_t writer, reader = start_and_stop_a_reader_inside(&writer);
	pid_t other = start("reader", NULL, "out2", "told", told);
	eventually(sleep_for_more(GUARD) == 1);
	ck_assert(file_has("told", "WRITERS 1  reader: waits for the guard"));
	/* One that leaves does not let it in. */
	expect_end_by(writer, SIGTERM);
	ck_assert_int_eq(sleep_for_more(GUARD), 1);
	ck_assert_int_eq(semaphore(READERS), 1);
	expect_end_by(other, SIGINT);
	let_the_stopped_reader_end(reader);
}

/* timeout(1) sends its signal to the process and to the group: twice. */
TEST_LOOP(a_signal_that_comes_again_and_again_is_as_one, 3)
{
	for (int round = 0; round < 4; round++) {
		pid_t reader = start_reader("out");
		eventually(sleep_for_more(NEWS) == 1);
		while (!is_over(reader))
			kill(reader, signals[_i]);
		expect_signal(reader, signals[_i]);
		expect_nothing_left(); /* it has left, and was not killed */
	}
}

/* A reader that prints into a full pipe, and waits there with a text. */
static int
start_a_reader_that_cannot_print(pid_t *reader, pid_t *writer)
{
	char bytes[4096] = "";
	ck_assert_int_eq(mkfifo(in_directory("full"), 0600), 0);
	int pipe = open(in_directory("full"), O_RDWR | O_NONBLOCK);
	while (write(pipe, bytes, sizeof(bytes)) > 0)
		;
	*reader = start_reader("full");
	write_file("in", "stuck\n", 6);
	*writer = start_writer("in");
	eventually(semaphore(GUARD) == 0 && unread() && is_asleep(*reader));
	return pipe;
}

TEST(a_stop_does_not_end_a_write_that_waits)
{
	char bytes[4096];
	ssize_t got = 0;
	pid_t writer, reader;
	int pipe = start_a_reader_that_cannot_print(&reader, &writer);
	stop_process(reader);
	kill(reader, SIGCONT);
	eventually(is_asleep(reader));
	eventually((got = read(pipe, bytes, sizeof(bytes))) > 0 &&
		   bytes[got - 1] == '\n');
	expect_both_end(writer, reader);
	ck_assert_int_eq(memcmp(bytes, "stuck\n", (size_t)got), 0);
}

TEST(a_signal_ends_a_reader_that_cannot_go_on_printing)
{
	pid_t writer, reader;
	start_a_reader_that_cannot_print(&reader, &writer);
	expect_end_by(reader, SIGTERM);
	expect_exit(writer, 0);
	expect_exit(start_reader("out"), 0);
	ck_assert_same_file("in", "out");
}

TEST(an_alarm_that_was_set_before_the_start_keeps_its_meaning)
{
	fflush(NULL);
	pid_t reader = fork();
	if (reader == 0) {
		alarm(1);
		exec_program("reader", NULL, "out", "reader.err");
	}
	expect_signal(reader, SIGALRM);
	/* As after any death, what it leaves is used by the next. */
	expect_exit(start_writer(NULL), 0);
}

TEST(an_alarm_that_came_while_it_was_blocked_does_not_kill)
{
	sigset_t alarms;
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	fflush(NULL);
	pid_t reader = fork();
	if (reader == 0) {
		sigprocmask(SIG_BLOCK, &alarms, NULL);
		raise(SIGALRM);
		exec_program("reader", NULL, "out", "reader.err");
	}
	eventually(sleep_for_more(NEWS) == 1 || is_over(reader));
	expect_exit(start_writer(NULL), 0);
	expect_exit(reader, 0);
}

CASE("The programs", "on a terminal")

static void
write_to_a_file(const void *unused)
{
	(void)unused;
	exec_program("writer", "-", "file", "-");
}

static void
write_from_a_file(const void *unused)
{
	(void)unused;
	exec_program("writer", "in", "-", "-");
}

TEST(on_terminals_lines_have_prompt_and_prefix_and_ctrl_d_ends)
{
	struct terminal reader = start_on_terminal("reader");
	eventually(sleep_for_more(NEWS) == 1); /* else: "nobody reads" */
	struct terminal writer = start_on_terminal("writer");
	eventually(shows(&writer, "writer: "));
	type(&writer, "Hello\n");
	eventually(shows(&writer, "Hello\n\rwriter: "));
	type(&writer, "World\n");
	eventually(shows(&writer, "World\n\rwriter: "));
	eventually(shows(&reader, "World\n"));
	type(&writer, "\4");
	expect_both_end(writer.pid, reader.pid);
	shows(&writer, "");
	shows(&reader, "");
	ck_assert_str_eq(writer.text, "\rwriter: Hello\n"
				      "\rwriter: World\n\rwriter: \n");
	ck_assert_str_eq(reader.text, "reader: Hello\nreader: World\n");
}

static void
write_with_messages_in_a_file(const void *unused)
{
	(void)unused;
	exec_program("writer", "-", "-", "error");
}

/* The message comes so many times, and is all that is said there. */
static bool
nobody_reads_is_said(int times)
{
	char message[PATH_MAX];
	char *said = read_file("error", NULL);
	snprintf(message, sizeof(message),
		 "writer: nobody reads: start './reader %.2000s' in another "
		 "terminal; the line waits\n",
		 directory);
	const bool so = count_in(said, message) == times &&
			strlen(said) == (size_t)times * strlen(message);
	free(said);
	return so;
}

TEST(to_a_typist_the_writer_says_before_each_turn_that_nobody_reads)
{
	struct terminal writer =
	    terminal_for(write_with_messages_in_a_file, NULL);
	eventually(shows(&writer, "writer: "));
	type(&writer, "one\n");
	eventually(shows(&writer, "one\n\rwriter: "));
	ck_assert(nobody_reads_is_said(1));
	type(&writer, "two\n");
	eventually(sleep_for_more(EMPTY) == 1);
	ck_assert(nobody_reads_is_said(2));
	pid_t reader = start("reader", NULL, "out", "reader.err", slow);
	eventually(file_has("out", "one\n"));
	kill(reader, SIGTERM); /* it has begun only this turn */
	expect_signal(reader, SIGTERM);
	eventually(shows(&writer, "two\n\rwriter: "));
	reader = start_reader("out");
	eventually(file_has("out", "two\n") && sleep_for_more(NEWS) == 1);
	type(&writer, "three\n");
	eventually(file_has("out", "three\n"));
	ck_assert(nobody_reads_is_said(2));
	expect_end_by(reader, SIGKILL);
	type(&writer, "four\n");
	eventually(nobody_reads_is_said(3));
	reader = start_reader("out");
	eventually(file_has("out", "four\n"));
	type(&writer, "\4");
	expect_both_end(writer.pid, reader);
	ck_assert(nobody_reads_is_said(3));
	ck_assert(!shows(&writer, "nobody reads"));
}

TEST_LOOP(on_a_terminal_ctrl_c_in_either_leaves_nothing_behind, 2)
{
	struct terminal reader = start_on_terminal("reader");
	struct terminal writer = start_on_terminal("writer");
	struct terminal *first = _i == 0 ? &reader : &writer;
	struct terminal *second = _i == 0 ? &writer : &reader;
	eventually(shows(&writer, "writer: "));
	eventually(semaphore_set() != -1 && sleep_for_more(NEWS) == 1);
	type(first, "\3");
	expect_signal(first->pid, SIGINT);
	if (_i == 0)
		type(second, "\3");
	ck_assert_int_eq(_i == 0 ? signal_of(second->pid)
				 : exit_status(second->pid) + SIGINT,
			 SIGINT);
}

/* Has the program read all that was typed, and does it wait for more? */
static bool
waits_for_typing(struct terminal *terminal)
{
	int waiting = -1;
	int keyboard = open(ptsname(terminal->master), O_RDWR | O_NOCTTY);
	const bool read_all =
	    ioctl(keyboard, FIONREAD, &waiting) == 0 && waiting == 0;
	close(keyboard);
	return read_all && is_asleep(terminal->pid);
}

TEST(ctrl_d_in_a_line_hands_it_over_without_a_prompt)
{
	struct terminal reader = start_on_terminal("reader");
	eventually(sleep_for_more(NEWS) == 1);
	struct terminal writer = start_on_terminal("writer");
	eventually(shows(&writer, "writer: "));
	type(&writer, "half\4");
	eventually(shows(&writer, "half") && waits_for_typing(&writer));
	type(&writer, "way\n");
	eventually(shows(&writer, "way\n\rwriter: "));
	type(&writer, "half\4");
	eventually(shows(&writer, "writer: half") && waits_for_typing(&writer));
	type(&writer, "\4");
	expect_both_end(writer.pid, reader.pid);
	shows(&reader, "");
	shows(&writer, "");
	ck_assert_str_eq(reader.text, "reader: halfway\nreader: half\n");
	ck_assert_str_eq(writer.text, "\rwriter: halfway\n\rwriter: half\n");
}

TEST(a_long_line_has_one_prefix)
{
	make_input(LINES - 1);
	struct terminal reader = start_on_terminal("reader");
	pid_t writer = start_writer("in");
	eventually(shows(&reader, "reader: after\n"));
	expect_both_end(writer, reader.pid);
	ck_assert_int_eq(count_in(reader.text, "reader: "), 3);
	ck_assert_uint_eq(strlen(reader.text), 7 + 10000 + 6 + 3 * 8);
}

TEST(each_of_a_thousand_empty_lines_has_its_prefix)
{
	make_input(ONLY_NEWLINES);
	struct terminal reader = start_on_terminal("reader");
	pid_t writer = start_writer("in");
	eventually((shows(&reader, ""), strlen(reader.text) >= 1000 * 9));
	expect_both_end(writer, reader.pid);
	ck_assert_int_eq(count_in(reader.text, "reader: \n"), 1000);
	ck_assert_uint_eq(strlen(reader.text), 1000 * 9);
}

TEST(sixty_lines_pasted_leave_one_prompt)
{
	char lines[60 * 8 + 1];
	pid_t reader = start_waiting_reader(); /* else: "nobody reads" */
	struct terminal writer = start_on_terminal("writer");
	eventually(shows(&writer, "writer: "));
	for (int i = 0; i < 60; i++)
		sprintf(lines + 8 * i, "line %02d\n", i);
	stop_process(writer.pid); /* so that all are there when it looks */
	type(&writer, lines);
	eventually(shows(&writer, "line 59\n"));
	kill(writer.pid, SIGCONT);
	eventually(file_has("out", "line 59\n"));
	eventually(shows(&writer, "line 59\n\rwriter: "));
	ck_assert_int_eq(count_in(writer.text, "writer: "), 2);
	type(&writer, "\4");
	expect_both_end(writer.pid, reader);
}

TEST(after_a_stop_the_prompt_is_there_again)
{
	struct terminal writer = start_on_terminal("writer");
	eventually(shows(&writer, "writer: ") && is_asleep(writer.pid));
	stop_process(writer.pid);
	kill(writer.pid, SIGCONT);
	eventually(shows(&writer, "\rwriter: \rwriter: "));
	type(&writer, "\4");
	expect_exit(writer.pid, 0);
}

static void
read_beyond_a_hangup(const void *unused)
{
	(void)unused;
	signal(SIGHUP, SIG_IGN);
	exec_program("reader", NULL, "-", "reader.err");
}

TEST(a_last_newline_that_cannot_be_written_is_an_error)
{
	char piece[TEXT_SIZE];
	memset(piece, 'x', sizeof(piece));
	struct terminal reader = terminal_for(read_beyond_a_hangup, NULL);
	pid_t writer = start_writer("|");
	ck_assert_int_eq(write(feed, piece, sizeof(piece)), sizeof(piece));
	eventually(shows(&reader, "reader: xxx") && semaphore(EMPTY) == 1);
	close(reader.master);
	close(feed);
	expect_exit(writer, 0);
	expect_exit(reader.pid, 1);
	expect_complaint("reader.err", "reader", directory, "last newline",
			 EIO);
}

/* The terminal is for typing or for reading what was typed: not both. */
TEST_LOOP(a_prompt_is_for_who_types_and_sees_it, 2)
{
	write_file("in", "line\n", 5);
	write_file("file", "", 0);
	struct terminal typed =
	    terminal_for(_i == 0 ? write_to_a_file : write_from_a_file, NULL);
	if (_i == 0) {
		type(&typed, "line\n");
		type(&typed, "\4");
	}
	expect_exit(typed.pid, 0);
	shows(&typed, "");
	ck_assert_int_eq(count_in(typed.text, "writer: "), 0);
	expect_file("file", "%s", "");
	expect_exit(start_reader("out"), 0);
	expect_file("out", "line\n");
}

static void
tell_on_terminal(const void *program)
{
	execl(program, program, "-v", directory, (char *)NULL);
}

CASE("The programs", "what is told")

/* The story of -v: a line a turn, each alone on its line and indented. */
TEST(minus_v_tells_each_turn_in_a_line_of_its_own)
{
	struct terminal writer = terminal_for(tell_on_terminal, "writer");
	eventually(shows(&writer, "writer: set "));
	struct terminal reader = terminal_for(tell_on_terminal, "reader");
	eventually(sleep_for_more(NEWS) == 1);
	type(&writer, "Hello\n");
	eventually(shows(&reader, "reader: Hello\n") &&
		   sleep_for_more(NEWS) == 1 &&
		   shows(&writer, "bytes\n\rwriter: "));
	type(&writer, "\3");
	expect_signal(writer.pid, SIGINT);
	expect_exit(reader.pid, 0);
	shows(&writer, "");
	shows(&reader, "");
	static const char *const expected[] = {
	    "    GUARD 0 EMPTY 1 NEWS 0 READERS 0 WRITERS 0  writer: set ",
	    "\n\rwriter: Hello\n"
	    "    GUARD 0 EMPTY 1 NEWS 0 READERS 1 WRITERS 1  writer: writes 6 "
	    "bytes\n\rwriter: ^C\n"
	    "    GUARD 1 EMPTY 1 NEWS 0 READERS 1 WRITERS 0  writer: leaves\n",
	    "    GUARD 0 EMPTY 1 NEWS 0 READERS 0 WRITERS 1  reader: set ",
	    "    GUARD 0 EMPTY 0 NEWS 1 READERS 1 WRITERS 1  reader: prints 6 "
	    "bytes\nreader: Hello\n"
	    "    GUARD 0 EMPTY 1 NEWS 1 READERS 1 WRITERS 0  reader: end of "
	    "input\n"
	    "    GUARD 0 EMPTY 1 NEWS 1 READERS 0 WRITERS 0  reader: removes "
	    "both\n"};
	for (int i = 0; i < 4; i++)
		ck_assert_msg(shows(i < 2 ? &writer : &reader, expected[i]),
			      "%s\nshould have\n%s",
			      i < 2 ? writer.text : reader.text, expected[i]);
}

/* One that waits for EMPTY does not say that it waits for the guard. */
TEST(minus_v_says_who_waits_for_the_guard)
{
	pid_t waits = start("writer", "|", "out", "told", told);
	eventually(semaphore(WRITERS) == 1); /* else it may wait for a joiner */
	pid_t first = start("reader", NULL, "out", "error", slow);
	eventually(semaphore(READERS) == 1);
	send_line("one\n");
	eventually(file_has("out", "one\n")); /* it is inside, and EMPTY is 0 */
	send_line("two\n");
	eventually(sleep_for_more(EMPTY) == 1);
	ck_assert(!file_has("told", "waits"));
	expect_end_by(first, SIGTERM);
	pid_t reader = start_reader("out");
	eventually(file_has("out", "two\n") && sleep_for_more(NEWS) == 1);
	write_file("in", "x\n", 2);
	pid_t inside = start("writer", "in", "out", "error", slow);
	eventually(semaphore(WRITERS) == 2 && semaphore(GUARD) == 0);
	send_line("three\n");
	eventually(file_has("told", "waits for the guard\n"));
	expect_end_by(inside, SIGTERM); /* at once, but with its text */
	end_input_and_both(waits, reader);
	expect_file("out", "one\ntwo\nx\nthree\n");
}

/* Objects made and removed before make the identifiers large, and differ. */
TEST(minus_v_tells_the_identifiers)
{
	const key_t set = ftok(directory, 's'), segment = ftok(directory, 'm');
	int semid = 0, shmid = 0;
	while (semid < 100000) {
		semid = semget(set, 1, IPC_CREAT | 0600);
		ck_assert_int_eq(semctl(semid, 0, IPC_RMID), 0);
	}
	while (shmid < 1000000) {
		shmid = shmget(segment, 1, IPC_CREAT | 0600);
		ck_assert_int_eq(shmctl(shmid, IPC_RMID, NULL), 0);
	}
	pid_t writer = start("writer", "|", "out", "told", told);
	eventually(semaphore(WRITERS) == 1);
	expect_file("told",
		    "    GUARD 0 EMPTY 1 NEWS 0 READERS 0 WRITERS 0  writer: "
		    "set %d, segment %d\n",
		    semaphore_set(), shmget(segment, 0, 0));
	close(feed);
	expect_exit(writer, 0);
}

CASE("The programs", "usage and errors")

#define NO_SECONDS "not a number of seconds from 0 to 1000000\n"
/* Where the C library says the first line, only the last is compared. */
static const struct {
	const char *arguments[4];
	const char *says;
} usages[] = {
    {{"-x"}, "%1$s: try '%1$s --help'\n"},
    {{"-s"}, "%1$s: try '%1$s --help'\n"},
    {{"-s", "soon"}, "%1$s: -s soon: " NO_SECONDS},
    {{"-s", "-1"}, "%1$s: -s -1: " NO_SECONDS},
    {{"-s", "nan"}, "%1$s: -s nan: " NO_SECONDS},
    {{"-s", "1x"}, "%1$s: -s 1x: " NO_SECONDS},
    {{"-s", ""}, "%1$s: -s : " NO_SECONDS},
    {{"-s", "inf"}, "%1$s: -s inf: " NO_SECONDS},
    {{"-s", "1000001"}, "%1$s: -s 1000001: " NO_SECONDS},
    {{"a", "b"}, "%1$s: b: only one path is allowed; try '%1$s --help'\n"},
};
enum { USAGES = sizeof(usages) / sizeof(usages[0]), OF_THE_LIBRARY = 2 };

TEST_LOOP(wrong_usage_is_answered, USAGES)
{
	const char *program = programs[_i % 2];
	char expected[256];
	/* The default path, should the program go on. */
	ck_assert_int_eq(chdir(directory), 0);
	pid_t pid = start(program, NULL, "out", "error", usages[_i].arguments);
	expect_exit(pid, 2);
	snprintf(expected, sizeof(expected), usages[_i].says, program);
	char *error = read_file("error", NULL), *name = strstr(error, "try '");
	char *slash = strrchr(error, '/');
	if (name != NULL && slash > name) /* valgrind's argv[0] is a path */
		memmove(name + 5, slash + 1, strlen(slash));
	if (_i < OF_THE_LIBRARY)
		error = strchr(error, '\n') + 1;
	ck_assert_str_eq(error, expected);
	expect_file("out", "%s", "");
}

TEST_LOOP(a_path_must_exist, 4)
{
	const char *program = programs[_i % 2];
	const char *path[] = {_i / 2 == 0 ? "/none" : "/dev/null/x", NULL};
	pid_t pid = start(program, NULL, "out", "error", path);
	expect_exit(pid, 1);
	expect_complaint("error", program, path[0], "ftok",
			 _i / 2 == 0 ? ENOENT : ENOTDIR);
	expect_file("out", "%s", "");
}

static const char help[] =
    "Usage: writer [-hv] [-s seconds] [path]\n"
    "       reader [-hv] [-s seconds] [path]\n"
    "\n"
    "writer puts lines from standard input into shared memory, and reader\n"
    "prints them.  Start each in a terminal of its own.\n"
    "\n"
    "  -h, --help  print this text\n"
    "  -s seconds  stay inside for so long in every turn (0 to 1000000)\n"
    "  -v          tell each turn on standard error, with the values of the\n"
    "              semaphores\n"
    "  path        an existing file or directory, the same for both\n"
    "              (default: the current directory)\n";

TEST_LOOP(help_is_printed_and_a_full_disk_is_an_error, 2)
{
	const char *program = programs[_i];
	const char *asks[] = {_i == 0 ? "-h" : "--help", NULL};
	expect_exit(start(program, NULL, "out", "error", asks), 0);
	expect_file("out", "%s", help);
	expect_file("error", "%s", "");
	pid_t pid = start(program, NULL, "/dev/full", "error", asks);
	expect_exit(pid, 1);
	expect_file("error", "%s: standard output: No space left on device\n",
		    program);
}

TEST_LOOP(from_0_to_1000000_seconds_are_accepted, 2)
{
	const char *stays[] = {"-s", _i == 0 ? "0" : "1000000", directory,
			       NULL};
	expect_exit(start("writer", NULL, "out", "error", stays), 0);
	expect_file("error", "%s", "");
}

TEST(input_that_cannot_be_read_is_an_error)
{
	pid_t writer = start("writer", "/", "out", "error", NULL);
	expect_exit(writer, 1);
	expect_complaint("error", "writer", directory, "standard input",
			 EISDIR);
	ck_assert(!anything_left());
}

/* A socket that is reset after the data: a partner with unread bytes. */
TEST(data_before_an_input_error_is_delivered_and_the_status_is_1)
{
	int ends[2];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	ck_assert_int_eq(write(ends[0], "?", 1), 1);
	ck_assert_int_eq(write(ends[1], "line\nrest", 9), 9);
	close(ends[1]);
	fflush(NULL);
	pid_t writer = fork();
	if (writer == 0) {
		dup2(ends[0], STDIN_FILENO);
		exec_program("writer", "-", "writer.out", "error");
	}
	pid_t reader = start_reader("out");
	expect_exit(writer, 1);
	expect_exit(reader, 0);
	expect_complaint("error", "writer", directory, "standard input",
			 ECONNRESET);
	expect_file("out", "line\nrest");
}

/* A file that may not grow: a part is written, and then no more. */
TEST(a_partial_write_is_not_taken_for_a_whole_one)
{
	struct rlimit old, small;
	make_input(NULS);
	pid_t writer = start_writer("in");
	eventually(unread());
	getrlimit(RLIMIT_FSIZE, &old);
	small = (struct rlimit){.rlim_cur = 100, .rlim_max = old.rlim_max};
	fflush(NULL);
	pid_t reader = fork();
	if (reader == 0) {
		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &small);
		exec_program("reader", NULL, "part", "/dev/null");
	}
	expect_exit(reader, 1);
	size_t count;
	free(read_file("part", &count));
	ck_assert_uint_eq(count, 100);
	ck_assert(unread());
	expect_both_end(start_reader("out"), writer);
	ck_assert_same_file("in", "out");
}

TEST(a_full_disk_loses_nothing)
{
	leave_text("kept\n");
	pid_t reader = start("reader", NULL, "/dev/full", "error", NULL);
	expect_exit(reader, 1);
	expect_complaint("error", "reader", directory, "standard output",
			 ENOSPC);
	expect_exit(start_reader("out"), 0);
	ck_assert_same_file("in", "out");
}

TEST(a_closed_pipe_loses_nothing)
{
	int ends[2];
	leave_text("kept\n");
	ck_assert_int_eq(pipe(ends), 0);
	close(ends[0]);
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	pid_t reader = start("reader", NULL, "-", "error", NULL);
	expect_signal(reader, SIGPIPE);
	expect_exit(start_reader("out"), 0);
	ck_assert_same_file("in", "out");
}

static void
expect_removal_told(const char *name, const char *program)
{
	char call[32];
	snprintf(call, sizeof(call), "semop(%#x)",
		 (unsigned)ftok(directory, 's'));
	expect_complaint(name, program, directory, call, EIDRM);
}

TEST_LOOP(a_set_removed_while_one_waits_is_an_error, 2)
{
	make_input(NULS);
	pid_t waits = start(programs[_i], "in", "out", "error", NULL);
	eventually(sleep_for_more(_i == 0 ? NEWS : EMPTY) == 1);
	remove_set(semaphore_set());
	expect_exit(waits, 1);
	expect_removal_told("error", programs[_i]);
	remove_segment(segment_of(directory));
}

TEST_LOOP(a_set_removed_while_one_is_inside_is_an_error, 2)
{
	const char *program = programs[_i];
	write_file("in", "text\n", 5);
	if (_i == 0)
		expect_exit(start_writer("in"), 0);
	pid_t inside = start(program, "in", "out", "error", half);
	eventually(semaphore(GUARD) == 0 && semaphore(READERS + _i) == 1 &&
		   (_i == 1 || file_has("out", "text\n")));
	kill(inside, SIGSTOP);
	remove_set(semaphore_set());
	kill(inside, SIGCONT);
	expect_exit(inside, 1);
	expect_removal_told("error", program);
	remove_segment(segment_of(directory));
}

TEST(a_segment_removed_ends_its_users_when_somebody_comes)
{
	pid_t reader = start_waiting_reader();
	remove_segment(segment_of(directory));
	/* The newcomer cannot meet the reader there: it starts afresh. */
	leave_text("new\n");
	expect_file("writer.err", "%s", ""); /* none is lost */
	expect_exit(reader, 1);
	expect_removal_told("reader.err", "reader");
	expect_exit(start_reader("out2"), 0);
	ck_assert_same_file("in", "out2");
}
