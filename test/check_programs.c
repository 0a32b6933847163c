/*
 * check_programs.c - what writer and reader promise, shown by running them: in
 * pipes and files, on terminals, and where things go wrong.
 */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const programs[] = {"reader", "writer"};

/* ---- Every byte, once, in order ---- */

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
	FIVE_MEGABYTES,
	FIVE_MEGABYTES_OF_LINES,
	INPUTS
};

static void
make_input(int kind)
{
	static char bytes[5000000];
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
	} else if (kind >= FIVE_MEGABYTES) {
		for (; count < sizeof(bytes); count++)
			bytes[count] = (char)rand();
		if (kind == FIVE_MEGABYTES_OF_LINES)
			for (size_t i = 0; i < count;
			     i += 1 + (size_t)rand() % 90)
				bytes[i] = '\n';
	}
	write_file("in", bytes, count);
}

START_TEST(every_byte_arrives_once_in_order_reader_first)
{
	make_input(_i);
	pid_t reader = start_reader("out");
	eventually(sleep_for_more(NEWS) == 1);
	pid_t writer = start_writer("in");
	ck_assert_int_eq(exit_status(writer), 0);
	ck_assert_int_eq(exit_status(reader), 0);
	ck_assert_same_file("in", "out");
}
END_TEST

START_TEST(every_byte_arrives_once_in_order_writer_first)
{
	make_input(_i);
	pid_t writer = start_writer("in");
	if (_i == NOTHING) { /* nobody is there, and nothing to say: it ends */
		ck_assert_int_eq(exit_status(writer), 0);
		return;
	}
	eventually(unread());
	pid_t reader = start_reader("out");
	ck_assert_int_eq(exit_status(writer), 0);
	ck_assert_int_eq(exit_status(reader), 0);
	ck_assert_same_file("in", "out");
}
END_TEST

START_TEST(both_started_at_once_lose_nothing)
{
	make_input(NO_FINAL_NEWLINE);
	pid_t reader = start_reader("out");
	pid_t writer = start_writer("in");
	ck_assert_int_eq(exit_status(writer), 0);
	/* The writer may have come and gone: its text waits for the reader. */
	ck_assert_int_eq(exit_status(reader), 0);
	ck_assert_same_file("in", "out");
}
END_TEST

enum { MANY = 3, EACH = 5000 };

START_TEST(lines_of_many_writers_to_many_readers_stay_whole_and_in_order)
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
		ck_assert_int_eq(exit_status(writers[w]), 0);
	close(feed);
	ck_assert_int_eq(exit_status(silent), 0);
	for (int r = 0; r < 2; r++) {
		ck_assert_int_eq(exit_status(readers[r]), 0);
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
END_TEST

START_TEST(a_line_that_fits_is_not_split_but_waits_for_its_end)
{
	pid_t reader = start_reader("out");
	pid_t writer = start_writer("|");
	ck_assert_int_eq(write(feed, "one\ntw", 6), 6);
	eventually(file_has("out", "one\n"));
	ck_assert_int_eq(write(feed, "o\nthree", 7), 7);
	eventually(file_has("out", "one\ntwo\n"));
	ck_assert(!file_has("out", "three"));
	ck_assert_int_eq(write(feed, "\n\n", 2), 2); /* an empty line, too */
	eventually(file_has("out", "three\n\n"));
	ck_assert_int_eq(write(feed, "\n", 1), 1);
	eventually(file_has("out", "three\n\n\n"));
	close(feed);
	ck_assert_int_eq(exit_status(writer), 0);
	ck_assert_int_eq(exit_status(reader), 0);
}
END_TEST

START_TEST(a_line_of_252_bytes_that_arrives_in_two_parts_is_not_split)
{
	const char *told[] = {"-v", directory, NULL};
	char line[TEXT_SIZE];
	int waiting = -1;
	memset(line, 'x', sizeof(line));
	line[TEXT_SIZE - 1] = '\n';
	pid_t reader = start("reader", NULL, "out", "reader.err", told);
	eventually(sleep_for_more(NEWS) == 1);
	pid_t writer = start_writer("|");
	ck_assert_int_eq(write(feed, line, 251), 251);
	eventually(semaphore(WRITERS) == 1 &&
		   ioctl(feed, FIONREAD, &waiting) == 0 && waiting == 0);
	ck_assert_int_eq(write(feed, line + 251, 1), 1);
	eventually(file_has("reader.err", "prints"));
	ck_assert(file_has("reader.err", "prints 252 bytes"));
	close(feed);
	ck_assert_int_eq(exit_status(writer), 0);
	ck_assert_int_eq(exit_status(reader), 0);
}
END_TEST

START_TEST(a_piece_of_252_bytes_goes_at_once)
{
	char piece[TEXT_SIZE];
	size_t count = 0;
	memset(piece, 'x', sizeof(piece));
	pid_t reader = start_reader("out"), writer = start_writer("|");
	ck_assert_int_eq(write(feed, piece, TEXT_SIZE), (ssize_t)TEXT_SIZE);
	eventually((free(read_file("out", &count)), count == TEXT_SIZE));
	close(feed);
	ck_assert_int_eq(exit_status(writer), 0);
	ck_assert_int_eq(exit_status(reader), 0);
}
END_TEST

/* ---- Who waits, ends, leaves ---- */

START_TEST(text_outlives_its_writer_until_a_reader_comes)
{
	write_file("in", "kept\n", 5);
	ck_assert_int_eq(exit_status(start_writer("in")), 0);
	int shmid = shmget(ftok(directory, 'm'), 0, 0);
	struct shmid_ds status;
	ck_assert_int_eq(shmctl(shmid, IPC_STAT, &status), 0);
	ck_assert_uint_eq(status.shm_segsz, 256);
	ck_assert_int_eq(status.shm_perm.mode & 0777, 0600);
	ck_assert_uint_eq(status.shm_nattch, 0);
	ck_assert_int_eq(exit_status(start_reader("out")), 0);
	ck_assert_same_file("in", "out");
}
END_TEST

START_TEST(an_empty_input_ends_the_waiting_reader)
{
	pid_t reader = start_reader("out");
	eventually(sleep_for_more(NEWS) == 1);
	ck_assert_int_eq(exit_status(start_writer(NULL)), 0);
	ck_assert_int_eq(exit_status(reader), 0);
}
END_TEST

START_TEST(the_end_of_one_writer_of_two_does_not_end_the_readers)
{
	pid_t readers[] = {start_reader("out"), start_reader("out")};
	pid_t first = start_writer("|");
	int first_feed = feed;
	eventually(sleep_for_more(NEWS) == 2 && semaphore(WRITERS) == 1);
	ck_assert_int_eq(exit_status(start_writer(NULL)), 0);
	eventually(semaphore(NEWS) == 0 && sleep_for_more(NEWS) == 2);
	/* What they did for good is not undone when they are killed. */
	for (int i = 0; i < 2; i++) {
		kill(readers[i], SIGKILL);
		await(readers[i]);
	}
	ck_assert_int_eq(semaphore(NEWS), 0);
	ck_assert_int_eq(semaphore(GUARD), 1);
	ck_assert_int_eq(semaphore(READERS), 0);
	for (int i = 0; i < 2; i++)
		readers[i] = start_reader("out");
	eventually(sleep_for_more(NEWS) == 2);
	ck_assert_int_eq(write(first_feed, "still here\n", 11), 11);
	eventually(file_has("out", "still here\n"));
	close(first_feed);
	ck_assert_int_eq(exit_status(first), 0);
	ck_assert_int_eq(exit_status(readers[0]), 0);
	ck_assert_int_eq(exit_status(readers[1]), 0);
}
END_TEST

/* The one that comes is let in before the one that is there has heard. */
START_TEST(a_newcomer_leaves_the_news_to_those_who_take_part)
{
	const char *slow[] = {"-s", "0.5", directory, NULL};
	pid_t reader = start("reader", NULL, "out", "reader.err", slow);
	pid_t writer = start_writer("|");
	ck_assert_int_eq(write(feed, "x\n", 2), 2);
	eventually(file_has("out", "x\n"));
	kill(reader, SIGSTOP); /* inside, until the newcomer waits */
	close(feed);
	ck_assert_int_eq(exit_status(writer), 0);
	pid_t newcomer = start_reader("out2");
	eventually(sleep_for_more(GUARD) == 1);
	kill(reader, SIGCONT);
	ck_assert_int_eq(exit_status(reader), 0);
	ck_assert_int_eq(exit_status(newcomer), 0);
}
END_TEST

START_TEST(a_reader_that_leaves_leaves_the_channel_to_the_writer)
{
	pid_t reader = start_reader("out"), writer = start_writer("|");
	eventually(sleep_for_more(NEWS) == 1 && semaphore(WRITERS) == 1);
	kill(reader, SIGTERM);
	ck_assert_int_eq(signal_of(reader), SIGTERM);
	ck_assert_int_eq(semaphore(WRITERS), 1);
	reader = start_reader("out2");
	ck_assert_int_eq(write(feed, "late\n", 5), 5);
	eventually(file_has("out2", "late\n"));
	close(feed);
	ck_assert_int_eq(exit_status(writer), 0);
	ck_assert_int_eq(exit_status(reader), 0);
}
END_TEST

START_TEST(a_killed_writer_ends_the_waiting_reader)
{
	pid_t reader = start_reader("out");
	pid_t writer = start_writer("|");
	ck_assert_int_eq(write(feed, "last words\n", 11), 11);
	eventually(file_has("out", "last words\n"));
	kill(writer, SIGKILL);
	ck_assert_int_eq(signal_of(writer), SIGKILL);
	ck_assert_int_eq(exit_status(reader), 0);
}
END_TEST

START_TEST(a_killed_reader_loses_nothing)
{
	make_input(FIVE_MEGABYTES_OF_LINES);
	pid_t reader = start_reader("out");
	pid_t writer = start_writer("in");
	struct stat status = {0};
	eventually(stat(in_directory("out"), &status) == 0 &&
		   status.st_size > 100000);
	kill(reader, SIGKILL);
	ck_assert_int_eq(signal_of(reader), SIGKILL);
	ck_assert_int_eq(exit_status(start_reader("out2")), 0);
	ck_assert_int_eq(exit_status(writer), 0);

	size_t all, first, second;
	char *in = read_file("in", &all), *one = read_file("out", &first),
	     *two = read_file("out2", &second);
	/* The killed reader's last turn may be there twice, nothing more. */
	ck_assert_uint_ge(first + second, all);
	ck_assert_uint_le(first + second, all + TEXT_SIZE);
	ck_assert_int_eq(memcmp(in, one, first), 0);
	ck_assert_int_eq(memcmp(in + all - second, two, second), 0);
}
END_TEST

START_TEST(a_reader_that_comes_after_a_killed_writer_waits_for_a_new_one)
{
	pid_t killed = start_writer("|");
	eventually(semaphore(WRITERS) == 1);
	kill(killed, SIGKILL);
	await(killed);
	ck_assert(anything_left()); /* nobody could remove it */
	pid_t reader = start_reader("out");
	eventually(sleep_for_more(NEWS) == 1);
	ck_assert_int_eq(semaphore(NEWS), 0); /* the old news is forgotten */
	write_file("in", "new\n", 4);
	ck_assert_int_eq(exit_status(start_writer("in")), 0);
	ck_assert_int_eq(exit_status(reader), 0);
	ck_assert_same_file("in", "out");
}
END_TEST

START_TEST(a_waiting_reader_is_asleep_in_the_kernel)
{
	pid_t reader = start_reader("out");
	eventually(sleep_for_more(NEWS) == 1);
	expect_asleep(reader);
	ck_assert_int_eq(exit_status(start_writer(NULL)), 0);
	ck_assert_int_eq(exit_status(reader), 0);
}
END_TEST

START_TEST(a_waiting_writer_is_asleep_in_the_kernel)
{
	make_input(NULS);
	pid_t writer = start_writer("in");
	eventually(sleep_for_more(EMPTY) == 1);
	expect_asleep(writer);
	ck_assert_int_eq(exit_status(start_reader("out")), 0);
	ck_assert_int_eq(exit_status(writer), 0);
	ck_assert_same_file("in", "out");
}
END_TEST

START_TEST(half_a_second_inside_is_at_least_that)
{
	const char *slow[] = {"-s", "0.5", directory, NULL};
	const char *program = _i == 0 ? "reader" : "writer";
	write_file("in", "x\n", 2);
	double begin = now();
	pid_t one = start(program, "in", "out", "error", slow);
	pid_t other = _i == 0 ? start_writer("in") : start_reader("out");
	ck_assert_int_eq(exit_status(one), 0);
	ck_assert(now() - begin >= 0.5);
	ck_assert_int_eq(exit_status(other), 0);
}
END_TEST

/* ---- Signals ---- */

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

START_TEST(a_signal_ends_a_waiting_reader_by_that_signal_and_cleans_up)
{
	pid_t reader = start_reader("out");
	eventually(sleep_for_more(NEWS) == 1);
	kill(reader, signals[_i]);
	ck_assert_int_eq(signal_of(reader), signals[_i]);
	ck_assert(!anything_left());
}
END_TEST

START_TEST(a_signal_ends_a_waiting_writer_and_its_text_stays)
{
	make_input(NULS);
	pid_t writer = start_writer("in");
	eventually(sleep_for_more(EMPTY) == 1);
	kill(writer, signals[_i]);
	ck_assert_int_eq(signal_of(writer), signals[_i]);
	ck_assert(unread());
	ck_assert_int_eq(exit_status(start_reader("out")), 0);
	size_t count;
	char *bytes = read_file("out", &count);
	ck_assert_uint_eq(count, TEXT_SIZE);
	ck_assert_int_eq(bytes[0], 0);
}
END_TEST

START_TEST(a_signal_ends_a_writer_that_waits_for_input)
{
	pid_t writer = start_writer("|");
	eventually(semaphore(WRITERS) == 1);
	kill(writer, signals[_i]);
	ck_assert_int_eq(signal_of(writer), signals[_i]);
	ck_assert(!anything_left());
}
END_TEST

START_TEST(a_signal_that_was_ignored_at_the_start_stays_ignored)
{
	signal(SIGHUP, SIG_IGN); /* as nohup does */
	pid_t reader = start_reader("out");
	eventually(sleep_for_more(NEWS) == 1);
	kill(reader, SIGHUP);
	expect_asleep(reader);
	kill(reader, SIGTERM);
	ck_assert_int_eq(signal_of(reader), SIGTERM);
}
END_TEST

START_TEST(stay_inside_ends_at_once_with_a_signal)
{
	static const char *const slow[] = {"-s", "1000", NULL, NULL};
	const char *arguments[] = {slow[0], slow[1], directory, NULL};
	write_file("in", "x\n", 2);
	pid_t writer =
	    start("writer", "in", "writer.out", "writer.err", arguments);
	eventually(semaphore_set() != -1 && semaphore(GUARD) == 0 &&
		   semaphore(WRITERS) == 1);
	kill(writer, SIGINT);
	ck_assert_int_eq(signal_of(writer), SIGINT);
	ck_assert_int_eq(exit_status(start_reader("out")), 0);
	ck_assert_same_file("in", "out");
}
END_TEST

START_TEST(a_reader_killed_inside_leaves_its_line_to_the_next)
{
	const char *slow[] = {"-s", "1000", directory, NULL};
	write_file("in", "again\n", 6);
	pid_t reader = start("reader", NULL, "out", "reader.err", slow);
	pid_t writer = start_writer("in");
	eventually(file_has("out", "again\n"));
	kill(reader, SIGKILL);
	await(reader);
	ck_assert_int_eq(exit_status(writer), 0);
	ck_assert_int_eq(exit_status(start_reader("out2")), 0);
	ck_assert_same_file("in", "out2");
}
END_TEST

/* A reader that is stopped inside, and a writer whose text it has printed. */
static pid_t
start_and_stop_a_reader_inside(pid_t *writer)
{
	const char *slow[] = {"-s", "1000", directory, NULL};
	pid_t reader = start("reader", NULL, "out", "reader.err", slow);
	*writer = start_writer("|");
	ck_assert_int_eq(write(feed, "x\n", 2), 2);
	eventually(file_has("out", "x\n"));
	kill(reader, SIGSTOP);
	return reader;
}

static void
let_the_stopped_reader_end(pid_t reader)
{
	kill(reader, SIGTERM);
	kill(reader, SIGCONT);
	ck_assert_int_eq(signal_of(reader), SIGTERM);
}

START_TEST(the_first_signal_ends_a_process_whose_partner_is_stopped_inside)
{
	pid_t writer, reader = start_and_stop_a_reader_inside(&writer);
	if (_i % 2 == 1) { /* it waits to hand over */
		ck_assert_int_eq(write(feed, "y\n", 2), 2);
		eventually(sleep_for_more(EMPTY) == 1);
	}
	kill(writer, signals[_i / 2]);
	ck_assert_int_eq(signal_of(writer), signals[_i / 2]);
	let_the_stopped_reader_end(reader);
}
END_TEST

START_TEST(the_end_of_input_ends_a_writer_whose_partner_is_stopped_inside)
{
	pid_t writer, reader = start_and_stop_a_reader_inside(&writer);
	close(feed);
	ck_assert_int_eq(exit_status(writer), 0);
	let_the_stopped_reader_end(reader);
}
END_TEST

START_TEST(a_signal_ends_who_waits_to_join_while_somebody_is_stopped_inside)
{
	pid_t writer, reader = start_and_stop_a_reader_inside(&writer);
	const char *told[] = {"-v", directory, NULL};
	pid_t other = start("reader", NULL, "out2", "told", told);
	eventually(sleep_for_more(GUARD) == 1);
	ck_assert(file_has("told", "WRITERS 1  reader: waits for the guard"));
	kill(other, SIGINT);
	ck_assert_int_eq(signal_of(other), SIGINT);
	close(feed);
	ck_assert_int_eq(exit_status(writer), 0);
	let_the_stopped_reader_end(reader);
}
END_TEST

/* timeout(1) sends its signal to the process and to the group: twice. */
START_TEST(a_signal_that_comes_again_and_again_does_no_more_than_once)
{
	for (int round = 0; round < 10; round++) {
		pid_t reader = start_reader("out");
		eventually(sleep_for_more(NEWS) == 1);
		siginfo_t info = {0};
		while (info.si_pid != reader) {
			kill(reader, signals[_i]);
			waitid(P_PID, (id_t)reader, &info,
			       WEXITED | WNOHANG | WNOWAIT);
		}
		ck_assert_int_eq(signal_of(reader), signals[_i]);
		expect_nothing_left(); /* it has left, and was not killed */
	}
}
END_TEST

/* It goes on staying, and no longer than it was to. */
START_TEST(a_stop_does_not_end_the_stay_inside)
{
	pid_t writer, reader = start_and_stop_a_reader_inside(&writer);
	kill(reader, SIGCONT);
	expect_asleep(reader);
	ck_assert_int_eq(semaphore(GUARD), 0);
	close(feed);
	ck_assert_int_eq(exit_status(writer), 0);
	let_the_stopped_reader_end(reader);
}
END_TEST

/* A reader that prints into a full pipe, and waits there with a text. */
static pid_t
start_a_reader_that_cannot_print(int ends[2], pid_t *writer)
{
	char bytes[4096] = "";
	ck_assert_int_eq(pipe(ends), 0);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	while (write(ends[1], bytes, sizeof(bytes)) > 0)
		;
	fcntl(ends[1], F_SETFL, 0);
	fflush(stdout);
	int out = dup(STDOUT_FILENO);
	dup2(ends[1], STDOUT_FILENO);
	pid_t reader = start("reader", NULL, "-", "reader.err", NULL);
	dup2(out, STDOUT_FILENO);
	write_file("in", "stuck\n", 6);
	*writer = start_writer("in");
	eventually(unread() && semaphore(GUARD) == 0 && is_asleep(reader));
	return reader;
}

START_TEST(a_stop_does_not_end_a_write_that_waits)
{
	int ends[2];
	char bytes[4096], last = 0;
	pid_t writer, reader = start_a_reader_that_cannot_print(ends, &writer);
	kill(reader, SIGSTOP);
	eventually(!is_asleep(reader));
	kill(reader, SIGCONT);
	eventually(is_asleep(reader));
	close(ends[1]);
	for (ssize_t got = 0; got != 0 || last != '\n'; nap()) {
		got = read(ends[0], bytes, sizeof(bytes));
		if (got > 0)
			last = bytes[got - 1];
	}
	ck_assert_int_eq(exit_status(writer), 0);
	ck_assert_int_eq(exit_status(reader), 0);
	ck_assert_int_eq(memcmp(bytes, "stuck\n", 6), 0);
}
END_TEST

START_TEST(a_signal_ends_a_reader_that_cannot_go_on_printing)
{
	int ends[2];
	pid_t writer, reader = start_a_reader_that_cannot_print(ends, &writer);
	kill(reader, SIGTERM);
	ck_assert_int_eq(signal_of(reader), SIGTERM);
	ck_assert_int_eq(exit_status(writer), 0);
	ck_assert_int_eq(exit_status(start_reader("out")), 0);
	ck_assert_same_file("in", "out");
}
END_TEST

START_TEST(an_alarm_that_was_set_before_the_start_keeps_its_meaning)
{
	fflush(NULL);
	pid_t reader = fork();
	if (reader == 0) {
		alarm(1);
		exec_program("reader", NULL, "out", "reader.err");
	}
	ck_assert_int_eq(signal_of(reader), SIGALRM);
	/* As after any death, what it leaves is used by the next. */
	ck_assert_int_eq(exit_status(start_writer(NULL)), 0);
}
END_TEST

/* ---- On a terminal ---- */

static void
write_to_a_file(const void *unused)
{
	(void)unused;
	dup2(open(in_directory("file"), O_WRONLY | O_CREAT, 0600), 1);
	execl("writer", "writer", directory, (char *)NULL);
}

static void
write_from_a_file(const void *unused)
{
	(void)unused;
	write_file("in", "line\n", 5);
	write_file("file", "", 0);
	dup2(open(in_directory("in"), O_RDONLY), 0);
	execl("writer", "writer", directory, (char *)NULL);
}

START_TEST(on_terminals_lines_appear_with_prompt_and_prefix_and_ctrl_d_ends)
{
	struct terminal reader = start_on_terminal("reader");
	struct terminal writer = start_on_terminal("writer");
	eventually(shows(&writer, "writer: "));
	type(&writer, "Hello\n");
	eventually(shows(&reader, "reader: Hello\n"));
	type(&writer, "World\n");
	eventually(shows(&reader, "reader: Hello\nreader: World\n"));
	eventually(shows(&writer, "writer: Hello\nwriter: World\nwriter: "));
	type(&writer, "\4");
	ck_assert_int_eq(exit_status(writer.pid), 0);
	ck_assert_int_eq(exit_status(reader.pid), 0);
	shows(&writer, "");
	shows(&reader, "");
	ck_assert_str_eq(writer.text,
			 "writer: Hello\nwriter: World\nwriter: \n");
	ck_assert_str_eq(reader.text, "reader: Hello\nreader: World\n");
}
END_TEST

START_TEST(on_a_terminal_the_writer_says_once_that_nobody_reads)
{
	struct terminal writer = start_on_terminal("writer");
	eventually(shows(&writer, "writer: "));
	type(&writer, "one\n");
	eventually(shows(&writer, "one\nwriter: "));
	ck_assert(!shows(&writer, "nobody reads"));
	type(&writer, "two\n");
	eventually(shows(&writer, "nobody reads"));
	type(&writer, "three\n");
	struct terminal reader = start_on_terminal("reader");
	eventually(shows(&reader, "one\nreader: two\nreader: three\n"));
	type(&writer, "\4");
	ck_assert_int_eq(exit_status(writer.pid), 0);
	ck_assert_int_eq(exit_status(reader.pid), 0);
	shows(&writer, "");
	char *first = strstr(writer.text, "nobody reads");
	ck_assert_ptr_null(strstr(first + 1, "nobody reads"));
}
END_TEST

START_TEST(on_a_terminal_ctrl_c_in_either_leaves_nothing_behind)
{
	struct terminal reader = start_on_terminal("reader");
	struct terminal writer = start_on_terminal("writer");
	struct terminal *first = _i == 0 ? &reader : &writer;
	struct terminal *second = _i == 0 ? &writer : &reader;
	eventually(shows(&writer, "writer: "));
	eventually(semaphore_set() != -1 && sleep_for_more(NEWS) == 1);
	type(first, "\3");
	ck_assert_int_eq(signal_of(first->pid), SIGINT);
	if (_i == 0)
		type(second, "\3");
	ck_assert_int_eq(_i == 0 ? signal_of(second->pid)
				 : exit_status(second->pid) + SIGINT,
			 SIGINT);
}
END_TEST

START_TEST(on_a_terminal_an_unfinished_line_ends_with_two_ctrl_d)
{
	struct terminal reader = start_on_terminal("reader");
	struct terminal writer = start_on_terminal("writer");
	eventually(shows(&writer, "writer: "));
	type(&writer, "half\4");
	type(&writer, "\4");
	ck_assert_int_eq(exit_status(writer.pid), 0);
	ck_assert_int_eq(exit_status(reader.pid), 0);
	shows(&reader, "");
	ck_assert_str_eq(reader.text, "reader: half\n");
}
END_TEST

START_TEST(a_long_line_has_one_prefix)
{
	make_input(LINES - 1);
	struct terminal reader = start_on_terminal("reader");
	pid_t writer = start_writer("in");
	eventually(shows(&reader, "reader: after\n"));
	ck_assert_int_eq(exit_status(writer), 0);
	ck_assert_int_eq(exit_status(reader.pid), 0);
	int prefixes = 0;
	for (char *at = reader.text; (at = strstr(at, "reader: ")); at++)
		prefixes++;
	ck_assert_int_eq(prefixes, 3);
	ck_assert_uint_eq(strlen(reader.text), 7 + 10000 + 6 + 3 * 8);
}
END_TEST

static int
count_in(const char *text, const char *what)
{
	int count = 0;
	for (; (text = strstr(text, what)) != NULL; text++)
		count++;
	return count;
}

START_TEST(on_a_terminal_the_writer_says_it_when_the_last_reader_dies)
{
	const char *slow[] = {"-s", "1000", directory, NULL};
	pid_t reader = start("reader", NULL, "out", "reader.err", slow);
	struct terminal writer = start_on_terminal("writer");
	eventually(shows(&writer, "writer: "));
	type(&writer, "one\n");
	eventually(file_has("out", "one\n"));
	type(&writer, "two\n");
	eventually(sleep_for_more(EMPTY) >= 1);
	ck_assert(!shows(&writer, "nobody reads"));
	kill(reader, SIGKILL);
	await(reader);
	eventually(shows(&writer, "nobody reads in "));
	ck_assert(shows(&writer, directory));
	ck_assert(shows(&writer, "start ./reader with the same path"));
	reader = start_reader("out2");
	eventually(file_has("out2", "one\ntwo\n"));
	type(&writer, "\4");
	ck_assert_int_eq(exit_status(writer.pid), 0);
	ck_assert_int_eq(exit_status(reader), 0);
	shows(&writer, "");
	ck_assert_int_eq(count_in(writer.text, "nobody reads"), 1);
}
END_TEST

static void
stop(pid_t pid)
{
	int status;
	kill(pid, SIGSTOP);
	eventually(waitpid(pid, &status, WNOHANG | WUNTRACED) == pid);
	ck_assert(WIFSTOPPED(status));
}

START_TEST(sixty_lines_pasted_leave_one_prompt)
{
	char lines[60 * 8 + 1], shown[80];
	pid_t reader = start_reader("out");
	eventually(sleep_for_more(NEWS) == 1); /* else: "nobody reads" */
	struct terminal writer = start_on_terminal("writer");
	eventually(shows(&writer, "writer: "));
	for (int i = 0; i < 60; i++)
		sprintf(lines + 8 * i, "line %02d\n", i);
	stop(writer.pid); /* so that all are there when it looks */
	type(&writer, lines);
	eventually(shows(&writer, "line 59\n"));
	kill(writer.pid, SIGCONT);
	eventually(file_has("out", "line 59\n"));
	snprintf(shown, sizeof(shown), "line 59\nwriter: ");
	eventually(shows(&writer, shown));
	ck_assert_int_eq(count_in(writer.text, "writer: "), 2);
	type(&writer, "\4");
	ck_assert_int_eq(exit_status(writer.pid), 0);
	ck_assert_int_eq(exit_status(reader), 0);
}
END_TEST

START_TEST(after_a_stop_the_prompt_is_there_again)
{
	struct terminal writer = start_on_terminal("writer");
	eventually(shows(&writer, "writer: ") && is_asleep(writer.pid));
	stop(writer.pid);
	kill(writer.pid, SIGCONT);
	eventually(shows(&writer, "") &&
		   count_in(writer.text, "writer: ") == 2);
	type(&writer, "\4");
	ck_assert_int_eq(exit_status(writer.pid), 0);
}
END_TEST

static void
read_beyond_a_hangup(const void *unused)
{
	(void)unused;
	signal(SIGHUP, SIG_IGN);
	exec_program("reader", NULL, "-", "reader.err");
}

START_TEST(a_last_newline_that_cannot_be_written_is_an_error_without_a_text)
{
	char piece[TEXT_SIZE];
	memset(piece, 'x', sizeof(piece));
	struct terminal reader = terminal_for(read_beyond_a_hangup, NULL);
	pid_t writer = start_writer("|");
	ck_assert_int_eq(write(feed, piece, sizeof(piece)), sizeof(piece));
	eventually(shows(&reader, "reader: xxx") && semaphore(EMPTY) == 1);
	close(reader.master);
	close(feed);
	ck_assert_int_eq(exit_status(writer), 0);
	ck_assert_int_eq(exit_status(reader.pid), 1);
	ck_assert(file_has("reader.err", "standard output: "));
	ck_assert(!file_has("reader.err", "the text stays"));
}
END_TEST

/* The terminal is for typing or for reading what was typed: not both. */
START_TEST(a_prompt_is_for_who_types_and_sees_it)
{
	struct terminal typed =
	    terminal_for(_i == 0 ? write_to_a_file : write_from_a_file, NULL);
	if (_i == 0) {
		type(&typed, "line\n");
		type(&typed, "\4");
	}
	ck_assert_int_eq(exit_status(typed.pid), 0);
	shows(&typed, "");
	ck_assert_int_eq(count_in(typed.text, "writer: "), 0);
	ck_assert_str_eq(read_file("file", NULL), "");
	ck_assert_int_eq(exit_status(start_reader("out")), 0);
	ck_assert_str_eq(read_file("out", NULL), "line\n");
}
END_TEST

static void
tell_on_terminal(const void *program)
{
	execl(in_directory(program), program, "-v", directory, (char *)NULL);
}

/* The story of -v: a line a turn, each alone on its line and indented. */
START_TEST(minus_v_tells_each_turn_in_a_line_of_its_own)
{
	for (int i = 0; i < 2; i++) {
		char program[PATH_MAX];
		snprintf(program, sizeof(program), "%.200s/%s", top,
			 programs[i]);
		ck_assert_int_eq(symlink(program, in_directory(programs[i])),
				 0);
	}
	struct terminal writer = terminal_for(tell_on_terminal, "writer");
	eventually(shows(&writer, "writer: set "));
	struct terminal reader = terminal_for(tell_on_terminal, "reader");
	eventually(sleep_for_more(NEWS) == 1);
	type(&writer, "Hello\n");
	eventually(shows(&reader, "reader: Hello\n") &&
		   sleep_for_more(NEWS) == 1 &&
		   shows(&writer, "bytes\nwriter: "));
	type(&writer, "\3");
	ck_assert_int_eq(signal_of(writer.pid), SIGINT);
	ck_assert_int_eq(exit_status(reader.pid), 0);
	shows(&writer, "");
	shows(&reader, "");
	static const char *const expected[] = {
	    "    GUARD 0 EMPTY 1 NEWS 0 READERS 0 WRITERS 0  writer: set ",
	    "\nwriter: Hello\n"
	    "    GUARD 0 EMPTY 1 NEWS 0 READERS 1 WRITERS 1  writer: writes 6 "
	    "bytes\nwriter: ^C\n"
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
END_TEST

START_TEST(in_a_pipe_the_writer_prints_nothing)
{
	make_input(NO_FINAL_NEWLINE);
	pid_t reader = start_reader("out");
	ck_assert_int_eq(exit_status(start_writer("in")), 0);
	ck_assert_int_eq(exit_status(reader), 0);
	ck_assert_str_eq(read_file("writer.out", NULL), "");
	ck_assert_str_eq(read_file("writer.err", NULL), "");
	ck_assert_str_eq(read_file("reader.err", NULL), "");
}
END_TEST

/* ---- Usage and errors ---- */

static const struct {
	const char *arguments[4];
	int status;
	const char *says;
} usages[] = {
    {{"-h"}, 0, "Usage: "},
    {{"--help"}, 0, "Usage: "},
    {{"-x"}, 2, "option"},
    {{"-s"}, 2, "requires an argument"},
    {{"-s", "soon"}, 2, "not a number of seconds"},
    {{"-s", "-1"}, 2, "not a number of seconds"},
    {{"-s", "nan"}, 2, "not a number of seconds"},
    {{"-s", "1x"}, 2, "not a number of seconds"},
    {{"-s", ""}, 2, "not a number of seconds"},
    {{"-s", "inf"}, 2, "not a number of seconds"},
    {{"a", "b"}, 2, "one path is enough"},
    {{"/nowhere"}, 1, "/nowhere: No such file or directory\n"},
    {{"/dev/null/x"}, 1, "/dev/null/x: Not a directory\n"},
};
enum { USAGES = sizeof(usages) / sizeof(usages[0]) };

START_TEST(usage_and_bad_paths_are_answered)
{
	const char *program = programs[_i % 2];
	/* The default path, should the program go on. */
	ck_assert_int_eq(chdir(directory), 0);
	pid_t pid =
	    start(program, NULL, "out", "error", usages[_i / 2].arguments);
	ck_assert_int_eq(exit_status(pid), usages[_i / 2].status);
	const char *file = usages[_i / 2].status == 0 ? "out" : "error";
	const char *other = usages[_i / 2].status == 0 ? "error" : "out";
	ck_assert_msg(file_has(file, usages[_i / 2].says), "%s",
		      read_file(file, NULL));
	ck_assert(file_has(file, program));
	ck_assert_str_eq(read_file(other, NULL), "");
}
END_TEST

START_TEST(input_that_cannot_be_read_is_an_error)
{
	pid_t writer = start("writer", "/", "out", "error", NULL);
	ck_assert_int_eq(exit_status(writer), 1);
	ck_assert(file_has("error", "writer: standard input: Is a directory"));
	ck_assert(!anything_left());
}
END_TEST

/* A socket that is reset after the data: a partner with unread bytes. */
START_TEST(data_before_an_input_error_is_delivered_and_the_status_is_1)
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
	ck_assert_int_eq(exit_status(writer), 1);
	ck_assert_int_eq(exit_status(reader), 0);
	ck_assert(file_has("error", "standard input: Connection reset"));
	ck_assert_str_eq(read_file("out", NULL), "line\nrest");
}
END_TEST

/* A file that may not grow: a part is written, and then no more. */
START_TEST(a_partial_write_is_not_taken_for_a_whole_one)
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
	ck_assert_int_eq(exit_status(reader), 1);
	size_t count;
	free(read_file("part", &count));
	ck_assert_uint_eq(count, 100);
	ck_assert(unread());
	ck_assert_int_eq(exit_status(start_reader("out")), 0);
	ck_assert_int_eq(exit_status(writer), 0);
	ck_assert_same_file("in", "out");
}
END_TEST

START_TEST(a_full_disk_loses_nothing)
{
	write_file("in", "kept\n", 5);
	ck_assert_int_eq(exit_status(start_writer("in")), 0);
	pid_t reader = start("reader", NULL, "/dev/full", "error", NULL);
	ck_assert_int_eq(exit_status(reader), 1);
	ck_assert(file_has("error", "standard output: No space left"));
	ck_assert(file_has("error", "the text stays in the segment"));
	ck_assert_int_eq(exit_status(start_reader("out")), 0);
	ck_assert_same_file("in", "out");
}
END_TEST

START_TEST(a_closed_pipe_loses_nothing)
{
	int ends[2];
	write_file("in", "kept\n", 5);
	ck_assert_int_eq(exit_status(start_writer("in")), 0);
	ck_assert_int_eq(pipe(ends), 0);
	close(ends[0]);
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	pid_t reader = start("reader", NULL, "-", "error", NULL);
	ck_assert_int_eq(signal_of(reader), SIGPIPE);
	ck_assert_int_eq(exit_status(start_reader("out")), 0);
	ck_assert_same_file("in", "out");
}
END_TEST

static void
remove_set(void)
{
	ck_assert_int_eq(semctl(semaphore_set(), 0, IPC_RMID), 0);
}

static void
remove_segment(void)
{
	int shmid = shmget(ftok(directory, 'm'), 0, 0);
	ck_assert_int_eq(shmctl(shmid, IPC_RMID, NULL), 0);
}

START_TEST(a_set_removed_under_a_waiting_reader_is_an_error)
{
	pid_t reader = start_reader("out");
	eventually(sleep_for_more(NEWS) == 1);
	remove_set();
	ck_assert_int_eq(exit_status(reader), 1);
	ck_assert(file_has("reader.err", "Identifier removed"));
	ck_assert(file_has("reader.err", "ipcrm"));
	ck_assert(!file_has("reader.err", "left as it is"));
	remove_segment();
}
END_TEST

START_TEST(a_set_removed_under_a_waiting_writer_is_an_error)
{
	make_input(NULS);
	pid_t writer = start_writer("in");
	eventually(sleep_for_more(EMPTY) == 1);
	remove_set();
	ck_assert_int_eq(exit_status(writer), 1);
	ck_assert(file_has("writer.err", "Identifier removed"));
	remove_segment();
}
END_TEST

START_TEST(a_set_removed_while_one_is_inside_is_an_error)
{
	const char *program = programs[_i];
	const char *slow[] = {"-s", "0.5", directory, NULL};
	write_file("in", "text\n", 5);
	if (_i == 0)
		ck_assert_int_eq(exit_status(start_writer("in")), 0);
	pid_t inside = start(program, "in", "out", "error", slow);
	eventually(semaphore(GUARD) == 0 && semaphore(READERS + _i) == 1);
	kill(inside, SIGSTOP);
	remove_set();
	kill(inside, SIGCONT);
	ck_assert_int_eq(exit_status(inside), 1);
	ck_assert(file_has("error", "Identifier removed"));
	remove_segment();
}
END_TEST

START_TEST(a_segment_removed_by_hand_ends_its_users_when_somebody_comes)
{
	pid_t reader = start_reader("out");
	eventually(sleep_for_more(NEWS) == 1);
	remove_segment();
	/* The newcomer cannot meet the reader there: it starts afresh. */
	write_file("in", "new\n", 4);
	ck_assert_int_eq(exit_status(start_writer("in")), 0);
	ck_assert_str_eq(read_file("writer.err", NULL), ""); /* none is lost */
	ck_assert_int_eq(exit_status(reader), 1);
	ck_assert(file_has("reader.err", "Identifier removed"));
	ck_assert_int_eq(exit_status(start_reader("out2")), 0);
	ck_assert_same_file("in", "out2");
}
END_TEST

Suite *
programs_suite(void)
{
	Suite *suite = suite_create("The programs");
	TCase *tcase;

	tcase = add_case(suite, "every byte, once, in order");
	tcase_add_loop_test(
	    tcase, every_byte_arrives_once_in_order_reader_first, 0, INPUTS);
	tcase_add_loop_test(
	    tcase, every_byte_arrives_once_in_order_writer_first, 0, INPUTS);
	tcase_add_loop_test(tcase, both_started_at_once_lose_nothing, 0, 20);
	tcase_add_test(
	    tcase,
	    lines_of_many_writers_to_many_readers_stay_whole_and_in_order);
	tcase_add_test(tcase,
		       a_line_that_fits_is_not_split_but_waits_for_its_end);

	tcase_add_test(
	    tcase, a_line_of_252_bytes_that_arrives_in_two_parts_is_not_split);
	tcase_add_test(tcase, a_piece_of_252_bytes_goes_at_once);

	tcase = add_case(suite, "who waits, ends, leaves");
	tcase_add_test(tcase,
		       a_newcomer_leaves_the_news_to_those_who_take_part);
	tcase_add_loop_test(tcase, half_a_second_inside_is_at_least_that, 0, 2);
	tcase_add_test(tcase, text_outlives_its_writer_until_a_reader_comes);
	tcase_add_test(tcase, an_empty_input_ends_the_waiting_reader);
	tcase_add_test(tcase,
		       the_end_of_one_writer_of_two_does_not_end_the_readers);
	tcase_add_test(tcase,
		       a_reader_that_leaves_leaves_the_channel_to_the_writer);
	tcase_add_test(tcase, a_killed_writer_ends_the_waiting_reader);
	tcase_add_test(tcase, a_killed_reader_loses_nothing);
	tcase_add_test(
	    tcase,
	    a_reader_that_comes_after_a_killed_writer_waits_for_a_new_one);
	tcase_add_test(tcase, a_waiting_reader_is_asleep_in_the_kernel);
	tcase_add_test(tcase, a_waiting_writer_is_asleep_in_the_kernel);

	tcase = add_case(suite, "signals");
	tcase_add_loop_test(
	    tcase, a_signal_ends_a_waiting_reader_by_that_signal_and_cleans_up,
	    0, 3);
	tcase_add_loop_test(
	    tcase, a_signal_ends_a_waiting_writer_and_its_text_stays, 0, 3);
	tcase_add_loop_test(tcase, a_signal_ends_a_writer_that_waits_for_input,
			    0, 3);
	tcase_add_test(tcase,
		       a_signal_that_was_ignored_at_the_start_stays_ignored);
	tcase_add_test(tcase, stay_inside_ends_at_once_with_a_signal);
	tcase_add_test(tcase,
		       a_reader_killed_inside_leaves_its_line_to_the_next);
	tcase_add_loop_test(
	    tcase,
	    the_first_signal_ends_a_process_whose_partner_is_stopped_inside, 0,
	    6);
	tcase_add_test(
	    tcase,
	    the_end_of_input_ends_a_writer_whose_partner_is_stopped_inside);
	tcase_add_test(
	    tcase,
	    a_signal_ends_who_waits_to_join_while_somebody_is_stopped_inside);
	tcase_add_loop_test(
	    tcase, a_signal_that_comes_again_and_again_does_no_more_than_once,
	    0, 3);
	tcase_add_test(tcase, a_stop_does_not_end_the_stay_inside);
	tcase_add_test(tcase, a_stop_does_not_end_a_write_that_waits);
	tcase_add_test(tcase,
		       a_signal_ends_a_reader_that_cannot_go_on_printing);
	tcase_add_test(
	    tcase, an_alarm_that_was_set_before_the_start_keeps_its_meaning);

	tcase = add_case(suite, "on a terminal");
	tcase_add_test(
	    tcase,
	    on_terminals_lines_appear_with_prompt_and_prefix_and_ctrl_d_ends);
	tcase_add_test(tcase,
		       on_a_terminal_the_writer_says_once_that_nobody_reads);
	tcase_add_loop_test(
	    tcase, on_a_terminal_ctrl_c_in_either_leaves_nothing_behind, 0, 2);
	tcase_add_test(tcase,
		       on_a_terminal_an_unfinished_line_ends_with_two_ctrl_d);
	tcase_add_test(tcase, a_long_line_has_one_prefix);
	tcase_add_test(
	    tcase, on_a_terminal_the_writer_says_it_when_the_last_reader_dies);
	tcase_add_test(tcase, sixty_lines_pasted_leave_one_prompt);
	tcase_add_test(tcase, after_a_stop_the_prompt_is_there_again);
	tcase_add_test(
	    tcase,
	    a_last_newline_that_cannot_be_written_is_an_error_without_a_text);
	tcase_add_loop_test(tcase, a_prompt_is_for_who_types_and_sees_it, 0, 2);
	tcase_add_test(tcase, minus_v_tells_each_turn_in_a_line_of_its_own);
	tcase_add_test(tcase, in_a_pipe_the_writer_prints_nothing);

	tcase = add_case(suite, "usage and errors");
	tcase_add_loop_test(tcase, usage_and_bad_paths_are_answered, 0,
			    2 * USAGES);
	tcase_add_test(tcase, input_that_cannot_be_read_is_an_error);
	tcase_add_test(
	    tcase, data_before_an_input_error_is_delivered_and_the_status_is_1);
	tcase_add_test(tcase, a_partial_write_is_not_taken_for_a_whole_one);
	tcase_add_test(tcase, a_full_disk_loses_nothing);
	tcase_add_test(tcase, a_closed_pipe_loses_nothing);
	tcase_add_test(tcase, a_set_removed_under_a_waiting_reader_is_an_error);
	tcase_add_test(tcase, a_set_removed_under_a_waiting_writer_is_an_error);
	tcase_add_loop_test(
	    tcase, a_set_removed_while_one_is_inside_is_an_error, 0, 2);
	tcase_add_test(
	    tcase,
	    a_segment_removed_by_hand_ends_its_users_when_somebody_comes);
	return suite;
}
