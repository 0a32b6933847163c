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

/* ---- A crowd: writers and readers that are replaced when they end ---- */

enum { AT_MOST = 12 };

struct program {
	pid_t pid;
	int number; /* a writer's, in the books */
};
static struct program writing[AT_MOST], reading[AT_MOST];
static int killed; /* those that ended by a signal */

static void
start_in_slot(struct program *slot, bool writer, int lines)
{
	slot->number = writers;
	slot->pid = writer ? start_next_writer(lines) : start_next_reader();
}

/* True if it has ended, and is entered in the books. */
static bool
has_ended(struct program *slot, bool writer)
{
	int status;
	if (waitpid(slot->pid, &status, WNOHANG) != slot->pid)
		return false;
	killed += WIFSIGNALED(status);
	ck_assert_msg(WIFSIGNALED(status) || status == 0, "status %#x",
		      (unsigned)status);
	if (writer)
		ended_well[slot->number] = status == 0;
	slot->pid = 0;
	return true;
}

static void
start_crowd(int count, int lines)
{
	for (int i = 0; i < count; i++) {
		start_in_slot(&writing[i], true, lines);
		start_in_slot(&reading[i], false, 0);
	}
}

static void
replace_who_has_ended(int count, int lines)
{
	for (int i = 0; i < count; i++) {
		if (has_ended(&writing[i], true))
			start_in_slot(&writing[i], true, lines);
		if (has_ended(&reading[i], false))
			start_in_slot(&reading[i], false, 0);
	}
}

/* No writer is there any more, and readers may wait for one: they go. */
static void
end_readers(int count)
{
	for (int i = 0; i < count; i++) {
		if (reading[i].pid != 0)
			kill(reading[i].pid, SIGTERM);
		eventually(reading[i].pid == 0 ||
			   has_ended(&reading[i], false));
	}
	if (unread())
		ck_assert_int_eq(exit_status(start_next_reader()), 0);
}

/* Let all writers end, with readers for what they have left; then these. */
static void
end_crowd(int count)
{
	for (int i = 0; i < count; i++)
		while (!has_ended(&writing[i], true)) {
			if (has_ended(&reading[0], false))
				start_in_slot(&reading[0], false, 0);
			nap();
		}
	end_readers(count);
}

static int
from_environment(const char *name, int otherwise)
{
	const char *given = getenv(name);
	return given != NULL ? atoi(given) : otherwise;
}

/* ---- Deaths ---- */

START_TEST(a_storm_of_deaths_loses_nothing_and_tears_nothing)
{
	enum { COUNT = 3 };
	double until = now() + from_environment("STORM_SECONDS", 1);
	int well = 0;

	seed("storm");
	start_crowd(COUNT, LINES);
	while (now() < until) {
		nap_at_random(8000);
		struct program *slots = any_of(2) == 0 ? writing : reading;
		kill(slots[any_of(COUNT)].pid, SIGKILL);
		replace_who_has_ended(COUNT, LINES);
	}
	end_crowd(COUNT);
	/* The last death may have left a set and a segment to a next start. */
	ck_assert_int_eq(exit_status(start_writer(NULL)), 0);
	check_books(LINES, true);
	for (int writer = 0; writer < writers; writer++)
		well += ended_well[writer];
	printf("storm: %d killed of %d writers and %d readers, %d writers "
	       "ended well\n",
	       killed, writers, readers, well);
	ck_assert_int_gt(killed, 0);
}
END_TEST

/* ---- Coming and going ---- */

START_TEST(many_that_come_and_go_at_once_lose_nothing_and_leave_nothing)
{
	const int comings = from_environment("STORM_SECONDS", 1) * 60;

	start_crowd(AT_MOST, 3);
	while (writers < comings)
		replace_who_has_ended(AT_MOST, 3);
	ck_assert_int_eq(killed, 0);
	end_crowd(AT_MOST);
	for (int writer = 0; writer < writers; writer++)
		ck_assert(ended_well[writer]);
	check_books(3, false);
	printf("coming and going: %d writers, %d readers\n", writers, readers);
}
END_TEST

/* ---- Signals ---- */

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

/* A writer and a reader, of whom one gets a signal; true if it came in time. */
static bool
signal_one_of_two(int signo)
{
	start_crowd(1, LINES);
	const bool hit_writer = any_of(2) == 0;
	struct program *victim = hit_writer ? writing : reading;
	nap_at_random(5000);
	kill(victim->pid, signo);
	const int before = killed;
	eventually(has_ended(victim, hit_writer));
	if (!hit_writer) {
		start_in_slot(reading, false, 0);
		end_crowd(1);
		ck_assert(ended_well[writers - 1]);
	} else
		end_readers(1);
	expect_nothing_left();
	return killed > before;
}

START_TEST(a_signal_at_any_moment_ends_its_process_and_loses_nothing)
{
	const int moments = from_environment("STORM_SECONDS", 1) * 50;
	int hits = 0;

	seed("signals");
	for (int moment = 0; moment < moments; moment++)
		hits += signal_one_of_two(signals[any_of(3)]);
	check_books(LINES, false);
	printf("signals: %d of %d came before the end\n", hits, moments);
}
END_TEST

/* ---- Stops ---- */

START_TEST(stops_at_any_moment_lose_nothing)
{
	enum { COUNT = 4 };

	seed("stops");
	start_crowd(COUNT, LINES);
	for (int stop = 0; stop < 200; stop++) {
		struct program *slots = any_of(2) == 0 ? writing : reading;
		pid_t one = slots[any_of(COUNT)].pid;
		kill(one, SIGSTOP);
		nap_at_random(500);
		kill(one, SIGCONT);
		nap_at_random(500);
		replace_who_has_ended(COUNT, LINES);
	}
	ck_assert_int_eq(killed, 0);
	end_crowd(COUNT);
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
