/*
 * check_deaths.c - moments that a random schedule hardly meets: a failure, and
 * ipcrm(1), at every system call; a signal just before a call that sleeps; a
 * write(2) that writes less.  (Deaths and stops are check_schedules.c's.)
 */
#define _GNU_SOURCE

#include "support.h"
#include "trace.h"

enum { LINE = 100, TURN = 2 * LINE, TURNS = 3 };
static const int errors[] = {ENOMEM, EIDRM};

/* Lines of 100 bytes: two fit in a turn, so that turns can be counted. */
static void
make_inputs(void)
{
	char bytes[TURNS * TURN + 1];
	for (int i = 0; i < TURNS * 2; i++)
		sprintf(bytes + i * LINE, "%099d\n", i);
	write_file("in", bytes, TURNS * TURN);
	write_file("end", "end\n", 4);
}

static struct traced
start_victim(const char *program, const char *in, const char *out)
{
	return start_traced(program, directory, in, out, "traced.err");
}

/* Let it go on to its next stop.  False if it has ended. */
static bool
go_on(struct traced *victim)
{
	if (victim->state != ASLEEP)
		resume(victim);
	eventually((settle(victim), victim->state != ASLEEP));
	return victim->state != DEAD;
}

/* Let it go on by so many calls.  False if it has ended. */
static bool
go_on_by(struct traced *victim, int calls)
{
	while (calls > 0 && go_on(victim))
		calls -= victim->state == BEFORE;
	return calls == 0;
}

/* Let it go on to its next call of this kind. */
static void
go_to(struct traced *victim, enum call call)
{
	do
		ck_assert(go_on_by(victim, 1));
	while (victim->call != call);
}

/* Let it go on to its end.  Returns waitpid(2)'s status. */
static int
end_of(struct traced *victim)
{
	while (victim->state != DEAD)
		go_on(victim);
	return victim->status;
}

/* Is it at a semop(2) of so many operations, and is this one on `index'? */
static bool
operates(const struct traced *victim, size_t count, int which, int index)
{
	return victim->call == SEMOP && victim->args[2] == count &&
	       victim->ops[which].sem_num == index;
}

static void
read_the_rest(void)
{
	if (unread())
		expect_exit(start_reader("out"), 0);
}

CASE("Deaths", "at every system call")

/*
 * Who takes part is told; who does not yet, starts over.  A reader that starts
 * over finds a text there, and one that leaves does not remove it.
 */
TEST_IF(an_ipcrm_at_any_system_call_is_told_or_does_no_harm, 2, MAY_TRACE)
{
	const bool reads = _i == 1;
	bool over = false, told = false;

	write_file("in", "end\n", 4);
	for (int calls = 1; !over; calls++) {
		if (reads)
			leave_text("end\n");
		else /* a new set, whose creator has died */
			createsem(directory, 's', MEMBERS, 0);
		struct traced victim =
		    start_victim(reads ? "reader" : "writer", "in", "out");
		over = !go_on_by(&victim, calls);
		const bool joined = semaphore(reads ? READERS : WRITERS) > 0;
		semctl(semaphore_set(), 0, IPC_RMID);
		shmctl(segment_of(directory), IPC_RMID, NULL);
		if (reads)
			leave_text("end\n");
		const int status = end_of(&victim);
		ck_assert_msg(
		    status == 0 || (joined && file_has("traced.err",
						       "Identifier removed\n")),
		    "call %d: %s", calls, read_file("traced.err", NULL));
		told |= status != 0;
		read_the_rest();
		expect_nothing_left();
		unlink(in_directory("traced.err"));
	}
	ck_assert(told);
}

/*
 * If a system allows too few operations, a newcomer cannot open a set.  It
 * removes a new one, but not one in use: here a text is unread, and is printed
 * between any two calls of the newcomer.
 */
TEST_IF(a_newcomer_that_may_not_open_removes_no_set_in_use, 1,
	geteuid() == 0 && may_trace(), "needs root and ptrace(2)")
{
	struct sembuf printed[] = {{NEWS, -1, 0}, {EMPTY, +1, 0}};
	bool over = false;

	for (int calls = 1; !over; calls++) {
		leave_text("text\n");
		semctl(semaphore_set(), NEWS, SETVAL, 1); /* no writer's end */
		set_limit("sem", FOUR_STEPS);
		struct traced victim = start_victim("reader", NULL, "out");
		over = !go_on_by(&victim, calls);
		ck_assert_int_eq(semop(semaphore_set(), printed, 2), 0);
		ck_assert_int_eq(WEXITSTATUS(end_of(&victim)), 1);
		ck_assert_int_ne(semaphore_set(), -1);
		set_limit("sem", MANY_STEPS);
		expect_exit(start_writer(NULL), 0);
		expect_nothing_left();
	}
}

/*
 * It finds the segment by its key.  Only then does it look whether its set is
 * still there: if not, the segment may belong to a new set.
 */
TEST_IF(a_set_replaced_while_the_last_one_leaves_keeps_its_text, 7, MAY_TRACE)
{
	struct traced victim = start_victim("writer", NULL, NULL);

	go_to(&victim, SHMDT);
	ck_assert(go_on_by(&victim, _i + 1));
	semctl(semaphore_set(), 0, IPC_RMID);
	leave_text("stays\n");
	ck_assert_int_eq(end_of(&victim), 0);
	ck_assert_int_ne(segment_of(directory), -1);
	expect_exit(start_reader("out"), 0);
	ck_assert_same_file("in", "out");
}

/* It has found no segment.  Before it creates one, somebody else does. */
TEST_IF(a_set_replaced_while_a_starter_makes_a_segment_is_joined, 1, MAY_TRACE)
{
	write_file("in", "text\n", 5);
	struct traced victim = start_victim("writer", "in", NULL);

	do
		go_to(&victim, SHMGET);
	while (!(victim.args[2] & IPC_CREAT));
	remove_set(semaphore_set());
	const pid_t reader = start_waiting_reader();
	ck_assert_int_eq(end_of(&victim), 0);
	expect_exit(reader, 0);
	ck_assert_same_file("in", "out");
}

/*
 * A reader is inside, about to give back the news of a writer's end.  If that
 * news has gone, the reader must not wait for it with the guard.
 */
TEST_IF(a_reader_whose_news_has_gone_ends_and_does_not_wait_inside, 1,
	MAY_TRACE)
{
	pid_t writer = start_writer("|");
	eventually(semaphore(WRITERS) == 1 && semaphore(GUARD) == 1);
	expect_exit(start_writer(NULL), 0);
	ck_assert_int_eq(semaphore(NEWS), 1);
	struct traced victim = start_victim("reader", NULL, "out");
	do
		go_to(&victim, SEMOP);
	while (!operates(&victim, 2, 0, NEWS));
	semctl(semaphore_set(), NEWS, SETVAL, 0);
	ck_assert_int_eq(WEXITSTATUS(end_of(&victim)), 1);
	close(feed);
	expect_exit(writer, 0);
}

/* It will sleep in a call.  A signal arrives just before the call. */
static void
meet_signal_before_call(struct traced *victim, int signo)
{
	do
		go_on(victim);
	while (victim->state != AFTER);
	begin_again(victim);
	ck_assert(go_on(victim));
	ck_assert_int_eq(victim->signo, signo);
}

/* The first alarm may also come just before the call: there is a second. */
TEST_IF(a_signal_just_before_the_call_that_sleeps_ends_it, 2, MAY_CHANGE)
{
	const bool reads = _i == 0;
	sigset_t alarm_only;

	make_inputs(); /* a writer's second text must wait */
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	/* The victim inherits this. */
	sigprocmask(reads ? SIG_UNBLOCK : SIG_BLOCK, &alarm_only, NULL);
	struct traced victim =
	    start_victim(reads ? "reader" : "writer", "in", "out");
	sigprocmask(SIG_UNBLOCK, &alarm_only, NULL);
	do
		go_to(&victim, SEMOP);
	while (!operates(&victim, 3, 0, reads ? NEWS : EMPTY) ||
	       (!reads && !unread()));
	kill(victim.pid, SIGTERM);
	meet_signal_before_call(&victim, SIGTERM);
	go_to(&victim, SEMOP); /* the handler has run, the call goes on */
	const double begin = now();
	meet_signal_before_call(&victim, SIGALRM);
	ck_assert_int_eq(end_of(&victim), SIGTERM);
	ck_assert_double_lt(now() - begin, 5);
	read_the_rest();
}

/* timeout(1) sends its signal to the process and to its group: twice. */
TEST_IF(a_second_signal_while_the_first_is_handled_changes_nothing, 9,
	MAY_TRACE)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct traced victim = start_victim("reader", NULL, "out");

	do
		ck_assert(go_on_by(&victim, 1));
	while (semaphore(READERS) != 1);
	kill(victim.pid, signals[_i / 3]);
	go_to(&victim, ALARM); /* in the handler */
	kill(victim.pid, signals[_i % 3]);
	ck_assert_int_eq(end_of(&victim), signals[_i / 3]);
}

static int seen;     /* how many System V calls the victim has made */
static size_t turns; /* how many texts a writer has passed on */

/* Let it go on to its end.  Its `call'-th call fails with this errno. */
static void
run_with_failure(struct traced victim, int call, int error)
{
	seen = 0;
	turns = 0;
	while (go_on(&victim)) {
		if (victim.state == BEFORE && victim.call >= SEMGET &&
		    victim.call <= SHMDT && ++seen == call)
			answer(&victim, -error);
		if (victim.state == AFTER && victim.result == 0)
			turns += operates(&victim, 3, 1, NEWS);
	}
	ck_assert(victim.status == 0 || WEXITSTATUS(victim.status) == 1);
}

TEST_IF(a_writers_call_that_fails_loses_no_text_and_stops_nobody_else, 2,
	MAY_CHANGE)
{
	int call = 0;

	make_inputs();
	do {
		unlink(in_directory("out"));
		const pid_t reader = start_waiting_reader();
		run_with_failure(start_victim("writer", "in", NULL), ++call,
				 errors[_i]);
		expect_both_end(start_writer("end"), reader);
		read_the_rest();
		expect_nothing_left();
		expect_file("out", "%.*send\n", (int)turns * TURN,
			    read_file("in", NULL));
	} while (seen >= call);
	ck_assert_int_gt(call, 15);
}

/* What went through is there once; its last turn may be there again. */
TEST_IF(a_readers_call_that_fails_loses_no_text_and_stops_nobody_else, 2,
	MAY_CHANGE)
{
	int call = 0;

	make_inputs();
	do {
		size_t first, rest;
		unlink(in_directory("part"));
		unlink(in_directory("out"));
		const pid_t writer = start_writer("in");
		eventually(sleep_for_more(EMPTY) == 1);
		run_with_failure(start_victim("reader", NULL, "part"), ++call,
				 errors[_i]);
		eventually(sleep_for_more(EMPTY) == 1 ||
			   semaphore(WRITERS) <= 0);
		read_the_rest();
		expect_exit(writer, 0);
		expect_exit(start_writer(NULL), 0);
		expect_nothing_left();
		const char *in = read_file("in", NULL);
		const char *part = read_file("part", &first);
		const char *out = read_file("out", &rest);
		const size_t begin = TURNS * TURN - rest;
		ck_assert_msg((begin == first || begin + TURN == first) &&
				  memcmp(part, in, first) == 0 &&
				  strcmp(out, in + begin) == 0,
			      "call %d: %zu and %zu bytes", call, first, rest);
	} while (seen >= call);
	ck_assert_int_gt(call, 15);
}

/* Run a reader that can write only so many bytes at a time. */
static int
status_with_short_writes(size_t most)
{
	struct traced victim = start_victim("reader", NULL, "out");

	while (go_on_by(&victim, 1))
		if (victim.call == WRITE && victim.args[2] > most)
			change_third(&victim, most);
	return WEXITSTATUS(victim.status);
}

TEST_IF(a_write_of_nothing_is_an_error_and_one_in_parts_is_completed, 1,
	MAY_CHANGE)
{
	leave_text("in parts\n");
	ck_assert_int_eq(status_with_short_writes(0), 1);
	expect_complaint("traced.err", "reader", directory, "standard output",
			 EIO);
	ck_assert_int_eq(status_with_short_writes(2), 0);
	ck_assert_same_file("in", "out");
}
