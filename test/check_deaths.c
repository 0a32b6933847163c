/*
 * check_deaths.c - moments that a random schedule hardly meets: a failure, and
 * ipcrm(1), at every system call; a signal just before a call that sleeps; a
 * write(2) that writes less.  (Deaths and stops are check_schedules.c's.)
 */
#define _GNU_SOURCE

#include "support.h"
#include "trace.h"

#include <sys/user.h>

enum { LINE = 100, TURN = 2 * LINE, TURNS = 3 };

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

/* Let it go on to its next call.  False if it has ended. */
static bool
go_to_call(struct traced *victim)
{
	while (go_on(victim))
		if (victim->state == BEFORE)
			return true;
	return false;
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

/* Who takes part is told; who does not yet, starts over. */
TEST_IF(an_ipcrm_at_any_system_call_is_told_or_does_no_harm, 2, MAY_TRACE)
{
	const char *program = _i == 0 ? "writer" : "reader";
	int told = 0;
	bool over = false;

	make_inputs();
	for (int calls = 1; !over; calls++) {
		if (_i == 1)
			expect_exit(start_writer("end"), 0);
		struct traced victim = start_victim(program, "end", "out");
		for (int i = 0; i < calls && !over; i++)
			over = !go_to_call(&victim);
		semctl(semaphore_set(), 0, IPC_RMID);
		shmctl(openshm(directory, 'm'), IPC_RMID, NULL);
		while (victim.state != DEAD && victim.state != ASLEEP) {
			resume(&victim);
			settle(&victim);
		}
		/* Not earlier: a victim that removes would remove by key. */
		const pid_t writer = _i == 1 ? start_writer("end") : 0;
		if (!over) {
			const int status = WEXITSTATUS(end_of(&victim));
			ck_assert_msg(status == 0 ||
					  (status == 1 &&
					   file_has("traced.err",
						    "Identifier removed\n")),
				      "call %d: %s", calls,
				      read_file("traced.err", NULL));
			told += status;
		}
		if (writer != 0)
			expect_exit(writer, 0);
		read_the_rest();
		expect_nothing_left();
		unlink(in_directory("traced.err"));
	}
	ck_assert_int_gt(told, 0);
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
		ck_assert(go_to_call(&victim));
	while (!operates(&victim, 2, 0, NEWS));
	semctl(semaphore_set(), NEWS, SETVAL, (union semun){.val = 0});
	ck_assert_int_eq(WEXITSTATUS(end_of(&victim)), 1);
	close(feed);
	expect_exit(writer, 0);
}

#ifdef __x86_64__
static struct user_regs_struct
registers_of(const struct traced *victim)
{
	struct user_regs_struct registers;
	ck_assert_int_eq(ptrace(PTRACE_GETREGS, victim->pid, NULL, &registers),
			 0);
	return registers;
}

static void
set_registers(const struct traced *victim, struct user_regs_struct registers)
{
	ck_assert_int_eq(ptrace(PTRACE_SETREGS, victim->pid, NULL, &registers),
			 0);
}

/* It is at a call: do not do the call, but let it fail with this errno. */
static void
let_call_fail(const struct traced *victim, int error)
{
	struct user_regs_struct registers = registers_of(victim);
	registers.orig_rax = (unsigned long long)-1; /* no call */
	registers.rax = (unsigned long long)-error;  /* its result */
	set_registers(victim, registers);
}

/*
 * It is at a call that will sleep.  A signal arrives just before the call, in
 * the program, and is handled there.  The call does not notice it.
 */
static void
handle_signal_before_call(struct traced *victim)
{
	const double until = now() + DEADLINE;

	do { /* back to the instruction that makes the call */
		struct user_regs_struct registers = registers_of(victim);
		registers.rax = registers.orig_rax;
		registers.orig_rax = (unsigned long long)-1;
		registers.rip -= 2;
		set_registers(victim, registers);
		nap();
		ptrace(PTRACE_CONT, victim->pid, NULL, NULL);
		ck_assert(settle(victim));
		ck_assert_msg(now() < until, "no signal comes");
	} while (victim->state != AT_SIGNAL);
	do
		ck_assert(go_to_call(victim));
	while (victim->call != SEMOP);
}

/* The first alarm may also come just before the call: there is a second. */
TEST_IF(a_signal_just_before_the_call_that_sleeps_ends_it, 2, MAY_TRACE)
{
	const bool reads = _i == 0;
	sigset_t alarm_only;

	make_inputs(); /* a writer's second text must wait */
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	if (!reads) /* it inherits this */
		sigprocmask(SIG_BLOCK, &alarm_only, NULL);
	struct traced victim =
	    start_victim(reads ? "reader" : "writer", "in", "out");
	sigprocmask(SIG_UNBLOCK, &alarm_only, NULL);
	do
		ck_assert(go_to_call(&victim));
	while (!operates(&victim, 3, 0, reads ? NEWS : EMPTY) ||
	       (!reads && !unread()));
	kill(victim.pid, SIGTERM);
	handle_signal_before_call(&victim);
	const double begin = now();
	handle_signal_before_call(&victim);
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
		ck_assert(go_to_call(&victim));
	while (semaphore(READERS) != 1);
	kill(victim.pid, signals[_i / 3]);
	do
		ck_assert(go_to_call(&victim));
	while (victim.call != ALARM); /* in the handler */
	kill(victim.pid, signals[_i % 3]);
	ck_assert_int_eq(end_of(&victim), signals[_i / 3]);
	expect_nothing_left();
}

/*
 * Let it go on to its end.  Its `call'-th System V call fails with this errno.
 * Returns how many there were, and counts the texts that a writer passes on.
 */
static int
run_with_failure(struct traced *victim, int call, int error, size_t *turns)
{
	int seen = 0;

	while (go_on(victim)) {
		if (victim->state == BEFORE && victim->call >= SEMGET &&
		    victim->call <= SHMDT && ++seen == call)
			let_call_fail(victim, error);
		if (victim->state == AFTER && victim->result == 0)
			*turns += operates(victim, 3, 1, NEWS);
	}
	ck_assert(victim->status == 0 || WEXITSTATUS(victim->status) == 1);
	return seen;
}

TEST_IF(a_writers_call_that_fails_loses_no_text_and_stops_nobody_else, 2,
	MAY_TRACE)
{
	char expected[TURNS * TURN + 5] = "";
	int call = 0, seen;

	make_inputs();
	do {
		size_t turns = 0;
		unlink(in_directory("out"));
		const pid_t reader = start_waiting_reader();
		struct traced victim = start_victim("writer", "in", NULL);
		seen = run_with_failure(&victim, ++call,
					_i == 0 ? ENOMEM : EIDRM, &turns);
		expect_both_end(start_writer("end"), reader);
		read_the_rest();
		expect_nothing_left();
		memcpy(expected, read_file("in", NULL), turns * TURN);
		strcpy(expected + turns * TURN, "end\n");
		ck_assert_msg(strcmp(read_file("out", NULL), expected) == 0,
			      "call %d, %zu turns", call, turns);
	} while (seen >= call);
	ck_assert_int_gt(call, 15);
}

/* What went through is there once; its last turn may be there again. */
TEST_IF(a_readers_call_that_fails_loses_no_text_and_stops_nobody_else, 2,
	MAY_TRACE)
{
	int call = 0, seen;

	make_inputs();
	do {
		size_t none = 0, first, rest;
		unlink(in_directory("part"));
		unlink(in_directory("out"));
		const pid_t writer = start_writer("in");
		eventually(sleep_for_more(EMPTY) == 1);
		struct traced victim = start_victim("reader", NULL, "part");
		seen = run_with_failure(&victim, ++call,
					_i == 0 ? ENOMEM : EIDRM, &none);
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

/* Let it go on to its end; it writes only so many bytes at a time. */
static int
run_with_short_writes(struct traced *victim, unsigned long long most)
{
	while (go_to_call(victim))
		if (victim->call == WRITE && victim->args[2] > most) {
			struct user_regs_struct registers =
			    registers_of(victim);
			registers.rdx = most;
			set_registers(victim, registers);
		}
	return WEXITSTATUS(victim->status);
}

TEST_IF(a_write_that_is_done_in_parts_is_completed, 1, MAY_TRACE)
{
	make_inputs();
	pid_t writer = start_writer("in");
	eventually(unread());
	struct traced victim = start_victim("reader", "end", "out");
	ck_assert_int_eq(run_with_short_writes(&victim, 7), 0);
	expect_exit(writer, 0);
	ck_assert_same_file("in", "out");
}

TEST_IF(a_write_of_nothing_is_an_error_and_no_loop, 1, MAY_TRACE)
{
	leave_text("end\n");
	struct traced victim = start_victim("reader", NULL, "out");
	ck_assert_int_eq(run_with_short_writes(&victim, 0), 1);
	expect_complaint("traced.err", "reader", directory, "standard output",
			 EIO);
	expect_exit(start_reader("out"), 0);
	ck_assert_same_file("in", "out");
}
#else
TEST_IF(what_changes_the_registers_of_a_call, 1, false, "needs x86-64")
{
}
#endif
