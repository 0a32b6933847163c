/*
 * check_storms.c - deaths, stops and signals at random moments, and many
 * programs that come and go on one channel.  STORM_SEED=n repeats a storm's
 * choices (not the kernel's timing).
 */
#define _GNU_SOURCE

#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned
seed(const char *what)
{
	const char *given = getenv("STORM_SEED");
	unsigned number =
	    given != NULL ? (unsigned)atoi(given) : (unsigned)time(NULL);
	srand(number);
	printf("%s: STORM_SEED=%u\n", what, number);
	return number;
}

static void
nap_at_random(int most) /* microseconds */
{
	struct timespec time = {.tv_nsec = 1000L * (rand() % most)};
	nanosleep(&time, NULL);
}

static int
any_of(int count)
{
	return rand() % count;
}

/* ---- The books: which lines of which writer were printed, how often ---- */

enum { LINES = 1000, WRITERS_AT_MOST = 20000 };

static unsigned char printed[WRITERS_AT_MOST][LINES];
static bool ended_well[WRITERS_AT_MOST];
static int writers, readers; /* so many were started; their files' names */

static const char *
file_of(const char *kind, int number)
{
	static char names[2][32];
	static int next;
	char *name = names[next++ % 2];
	snprintf(name, sizeof(names[0]), "%s%d", kind, number);
	return name;
}

/* Lines of 8 to 67 bytes: writer, line, and as many x as can be checked. */
static pid_t
start_next_writer(int lines)
{
	static char bytes[LINES * 128];
	size_t count = 0;

	ck_assert_int_lt(writers, WRITERS_AT_MOST);
	for (int line = 0; line < lines; line++)
		count += (size_t)sprintf(bytes + count, "%d %d %.*s\n", writers,
					 line, (writers + line) % 60,
					 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
					 "xxxxxxxxxxxxxxxxxxxxxx"
					 "x");
	write_file(file_of("in", writers), bytes, count);
	return start_writer(file_of("in", writers++));
}

static pid_t
start_next_reader(void)
{
	return start_reader(file_of("out", readers++));
}

/* Enter a reader's lines.  A killed one's last line may be cut short. */
static void
enter_in_books(int reader)
{
	char *bytes = read_file(file_of("out", reader), NULL), *end;
	for (char *line = bytes; *line != '\0'; line = end + 1) {
		int writer = -1, number = -1, at = 0;
		end = strchr(line, '\n');
		if (end == NULL)
			break;
		*end = '\0';
		sscanf(line, "%d %d %n", &writer, &number, &at);
		ck_assert_msg(writer >= 0 && writer < writers && number >= 0 &&
				  number < LINES,
			      "torn: %s", line);
		ck_assert_msg(
		    (int)strspn(line + at, "x") == (writer + number) % 60 &&
			(int)strlen(line + at) == (writer + number) % 60,
		    "torn: %s", line);
		printed[writer][number]++;
	}
	free(bytes);
}

static void
check_books(int lines, bool twice_allowed)
{
	for (int reader = 0; reader < readers; reader++)
		enter_in_books(reader);
	for (int writer = 0; writer < writers; writer++) {
		bool gap = false;
		for (int line = 0; line < lines; line++) {
			int times = printed[writer][line];
			ck_assert_msg(!ended_well[writer] || times > 0,
				      "writer %d ended well, line %d is lost",
				      writer, line);
			ck_assert_msg(times == 0 || !gap,
				      "writer %d has a gap before line %d",
				      writer, line);
			ck_assert_msg(times <= 1 || twice_allowed,
				      "writer %d line %d is there %d times",
				      writer, line, times);
			gap = times == 0;
		}
	}
}

/* Wait until all writers have ended, with readers for what they have left. */
static void
let_writers_end(pid_t *pids, int *numbers, int count)
{
	pid_t reader = start_next_reader();
	for (int i = 0; i < count; i++)
		while (true) {
			int status = 0;
			if (waitpid(reader, NULL, WNOHANG) == reader)
				reader = start_next_reader();
			pid_t ended = waitpid(pids[i], &status, WNOHANG);
			if (ended == pids[i]) {
				ended_well[numbers[i]] = status == 0;
				break;
			}
			nap();
		}
	kill(reader, SIGTERM); /* it may wait for more */
	await(reader);
	if (semaphore_set() != -1 && semaphore(UNREAD) == 1)
		ck_assert_int_eq(exit_status(start_next_reader()), 0);
}

/* ---- The storm ---- */

enum { SLOTS = 3, SECONDS = 10 };

START_TEST(a_storm_of_deaths_loses_nothing_and_tears_nothing)
{
	pid_t writing[SLOTS], reading[SLOTS];
	int numbers[SLOTS], killed = 0;
	double until = now() + SECONDS;

	seed("storm");
	for (int i = 0; i < SLOTS; i++) {
		numbers[i] = writers;
		writing[i] = start_next_writer(LINES);
		reading[i] = start_next_reader();
	}
	while (now() < until) {
		nap_at_random(8000);
		int slot = any_of(SLOTS);
		if (any_of(2) == 0)
			kill(writing[slot], SIGKILL);
		else
			kill(reading[slot], SIGKILL);
		for (int i = 0; i < SLOTS; i++) {
			int status;
			if (waitpid(writing[i], &status, WNOHANG) ==
			    writing[i]) {
				killed += WIFSIGNALED(status);
				ended_well[numbers[i]] = status == 0;
				numbers[i] = writers;
				writing[i] = start_next_writer(LINES);
			}
			if (waitpid(reading[i], &status, WNOHANG) ==
			    reading[i]) {
				killed += WIFSIGNALED(status);
				reading[i] = start_next_reader();
			}
		}
	}
	let_writers_end(writing, numbers, SLOTS);
	for (int i = 0; i < SLOTS; i++) {
		kill(reading[i], SIGTERM);
		await(reading[i]);
	}
	if (semaphore_set() != -1 && semaphore(UNREAD) == 1)
		ck_assert_int_eq(exit_status(start_next_reader()), 0);
	/* The last death may have left a set and a segment to a next start. */
	write_file("end", "", 0);
	ck_assert_int_eq(exit_status(start_writer("end")), 0);
	check_books(LINES, true);
	int well = 0;
	for (int writer = 0; writer < writers; writer++)
		well += ended_well[writer];
	printf("storm: %d processes killed of %d writers and %d readers, %d "
	       "writers ended well\n",
	       killed, writers, readers, well);
	ck_assert_int_gt(killed, 0);
}
END_TEST

/* ---- Coming and going ---- */

enum { COMINGS = 600, AT_ONCE = 12 };

START_TEST(many_that_come_and_go_at_once_lose_nothing_and_leave_nothing)
{
	pid_t writing[AT_ONCE] = {0}, reading[AT_ONCE] = {0};
	int numbers[AT_ONCE] = {0};

	while (writers < COMINGS)
		for (int i = 0; i < AT_ONCE; i++) {
			int status;
			if (reading[i] == 0)
				reading[i] = start_next_reader();
			else if (waitpid(reading[i], &status, WNOHANG) ==
				 reading[i]) {
				ck_assert_int_eq(status, 0);
				reading[i] = start_next_reader();
			}
			if (writing[i] != 0) {
				if (waitpid(writing[i], &status, WNOHANG) !=
				    writing[i])
					continue;
				ck_assert_int_eq(status, 0);
				ended_well[numbers[i]] = true;
			}
			numbers[i] = writers;
			writing[i] = start_next_writer(3);
		}
	let_writers_end(writing, numbers, AT_ONCE);
	for (int i = 0; i < AT_ONCE; i++) {
		kill(reading[i], SIGTERM);
		await(reading[i]);
	}
	if (semaphore_set() != -1 && semaphore(UNREAD) == 1)
		ck_assert_int_eq(exit_status(start_next_reader()), 0);
	for (int writer = 0; writer < writers; writer++)
		ck_assert(ended_well[writer]);
	check_books(3, false);
	printf("coming and going: %d writers, %d readers\n", writers, readers);
}
END_TEST

/* ---- Signals and stops ---- */

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

START_TEST(a_signal_at_any_moment_ends_its_process_and_loses_nothing)
{
	int hits = 0;

	seed("signals");
	for (int moment = 0; moment < 500; moment++) {
		int number = writers, signo = signals[any_of(3)], status;
		pid_t writer = start_next_writer(LINES);
		pid_t reader = start_next_reader();
		bool hit_writer = any_of(2) == 0;
		pid_t victim = hit_writer ? writer : reader;
		nap_at_random(5000);
		kill(victim, signo);
		status = await(victim);
		if (status != 0) {
			/* Before main it dies of it at once, as all do. */
			ck_assert(WIFSIGNALED(status));
			ck_assert_int_eq(WTERMSIG(status), signo);
			hits++;
		}
		if (hit_writer) {
			ended_well[number] = status == 0;
			/* A reader that it never met would wait for ever. */
			kill(reader, SIGTERM);
			status = await(reader);
			ck_assert(status == 0 || WIFSIGNALED(status));
			if (semaphore_set() != -1)
				ck_assert_int_eq(
				    exit_status(start_next_reader()), 0);
		} else {
			let_writers_end(&writer, &number, 1);
			ck_assert(ended_well[number]);
		}
		expect_nothing_left();
	}
	check_books(LINES, false);
	printf("signals: %d of 500 came before the end\n", hits);
}
END_TEST

START_TEST(stops_at_any_moment_lose_nothing)
{
	seed("stops");
	pid_t writing[4], reader = start_next_reader();
	int numbers[4];
	eventually(sleep_for_more(NEWS) == 1);
	for (int i = 0; i < 4; i++) {
		numbers[i] = writers;
		writing[i] = start_next_writer(LINES);
	}
	for (int stop = 0; stop < 300; stop++) {
		pid_t one = any_of(2) == 0 ? reader : writing[any_of(4)];
		if (one == reader && waitpid(reader, NULL, WNOHANG) == reader)
			reader = start_next_reader();
		kill(one, SIGSTOP);
		nap_at_random(500);
		kill(one, SIGCONT);
		nap_at_random(500);
		for (int i = 0; i < 4; i++) {
			int status;
			if (waitpid(writing[i], &status, WNOHANG) ==
			    writing[i]) {
				ck_assert_int_eq(status, 0);
				ended_well[numbers[i]] = true;
				numbers[i] = writers;
				writing[i] = start_next_writer(LINES);
			}
		}
	}
	let_writers_end(writing, numbers, 4);
	kill(reader, SIGTERM);
	await(reader);
	if (semaphore_set() != -1)
		ck_assert_int_eq(exit_status(start_next_reader()), 0);
	for (int writer = 0; writer < writers; writer++)
		ck_assert(ended_well[writer]);
	check_books(LINES, false);
}
END_TEST

Suite *
storms_suite(void)
{
	Suite *suite = suite_create("Storms");
	TCase *tcase = add_case(suite, "at random");

	tcase_add_test(tcase,
		       a_storm_of_deaths_loses_nothing_and_tears_nothing);
	tcase_add_test(
	    tcase,
	    many_that_come_and_go_at_once_lose_nothing_and_leave_nothing);
	tcase_add_test(
	    tcase, a_signal_at_any_moment_ends_its_process_and_loses_nothing);
	tcase_add_test(tcase, stops_at_any_moment_lose_nothing);
	return suite;
}
