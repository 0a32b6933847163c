/*
 * check_deaths.c - nothing breaks it: a death or a stop at every system call,
 * storms of deaths, signals and starts, foreign objects under our keys, and
 * system calls that fail.
 */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

/* ---- Readers and writers that come when they are needed ---- */

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

static bool
ended(pid_t *pid)
{
	int status;
	if (*pid == 0)
		return true;
	if (waitpid(*pid, &status, WNOHANG) != *pid)
		return false;
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		      "wait status %#x: %s%s", (unsigned)status,
		      read_file("writer.err", NULL),
		      read_file("reader.err", NULL));
	*pid = 0;
	return true;
}

/* True while text waits and only a new reader can help. */
static bool
needs_a_reader(bool writer_lives)
{
	if (semaphore_set() == -1 || semaphore(UNREAD) != 1)
		return false;
	return !writer_lives || sleep_for_zero(UNREAD) > 0;
}

/*
 * After a death: what lives goes on or ends; new readers print to "out" what
 * is left; a last writer writes "end".  Then all is over.
 */
static void
let_it_end(pid_t writer, pid_t reader)
{
	bool last_writer = false;
	double until = now() + DEADLINE;

	for (;;) {
		bool no_writer = ended(&writer), no_reader = ended(&reader);
		if (no_writer && !last_writer) {
			last_writer = true;
			writer = start_writer("end");
		} else if (no_reader && needs_a_reader(!no_writer))
			reader = start_reader("out");
		else if (no_writer && no_reader)
			break;
		ck_assert_msg(now() < until,
			      "stuck: GUARD %d UNREAD %d NEWS %d WRITERS %d",
			      semaphore(GUARD), semaphore(UNREAD),
			      semaphore(NEWS), semaphore(WRITERS));
		sched_yield();
	}
	expect_nothing_left();
}

/* ---- A death at every system call ---- */

struct victim {
	pid_t pid;
	int turns; /* texts it has put into the segment */
	bool over; /* it has ended by itself */
	bool signalled;
};

static struct victim
start_traced(const char *program, const char *in, const char *out)
{
	struct victim victim = {0};
	int status;

	setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* not under ptrace */
	fflush(NULL);
	victim.pid = fork();
	if (victim.pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		exec_program(program, in, out, "traced.err");
	}
	ck_assert_int_eq(waitpid(victim.pid, &status, 0), victim.pid);
	ck_assert(WIFSTOPPED(status));
	ck_assert_int_eq(ptrace(PTRACE_SETOPTIONS, victim.pid, NULL,
				PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL |
				    PTRACE_O_TRACEEXEC),
			 0);
	return victim;
}

/* Let it go on until it is about to do its `calls'-th system call from here. */
static void
run_to_call(struct victim *victim, int calls)
{
	struct __ptrace_syscall_info info;
	bool ends_write = false, executed = victim->over;
	int status, deliver = 0;

	while (!victim->over) {
		ptrace(PTRACE_SYSCALL, victim->pid, NULL, deliver);
		deliver = 0;
		ck_assert_int_eq(waitpid(victim->pid, &status, 0), victim->pid);
		if (!WIFSTOPPED(status)) {
			ck_assert(status == 0 ||
				  (victim->signalled && WIFSIGNALED(status)));
			victim->over = true;
			return;
		}
		if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
			if (WSTOPSIG(status) == SIGTRAP)
				executed = true; /* the program has begun */
			else
				deliver = WSTOPSIG(status);
			if (deliver == SIGTERM)
				victim->signalled = true;
			continue;
		}
		ck_assert_int_gt(ptrace(PTRACE_GET_SYSCALL_INFO, victim->pid,
					sizeof(info), &info),
				 0);
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
			/* write_ends is a writer's only step of three. */
			ends_write = (info.entry.nr == SYS_semtimedop ||
				      info.entry.nr == SYS_semop) &&
				     info.entry.args[2] == 3;
			if (executed && --calls <= 0)
				return;
		} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && ends_write &&
			   info.exit.rval == 0)
			victim->turns++;
	}
}

static void
kill_victim(struct victim *victim)
{
	int status;
	if (victim->over)
		return;
	kill(victim->pid, SIGKILL);
	while (waitpid(victim->pid, &status, 0) == victim->pid &&
	       !WIFSIGNALED(status))
		;
}

/* The partner that starts second waits until the first is at its work. */
static pid_t
start_second(const char *program, const char *in, const char *out, pid_t first)
{
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		const bool writer = strcmp(program, "writer") == 0;
		while (kill(first, 0) == 0 &&
		       (semaphore_set() == -1 ||
			(writer ? sleep_for_more(NEWS) == 0
				: semaphore(UNREAD) != 1)))
			sched_yield();
		exec_program(program, in, out, "partner.err");
	}
	return pid;
}

static void
forget_outputs(void)
{
	unlink(in_directory("out"));
	unlink(in_directory("killed"));
}

START_TEST(a_writer_killed_at_any_system_call_loses_no_text)
{
	const bool victim_first = _i == 1;
	char expected[TURNS * TURN + 5];
	int calls = 0;
	struct victim victim;

	make_inputs();
	do {
		pid_t reader = 0;
		forget_outputs();
		if (!victim_first) {
			reader = start_reader("out");
			eventually(sleep_for_more(NEWS) == 1);
		}
		victim = start_traced("writer", "in", NULL);
		if (victim_first)
			reader =
			    start_second("reader", NULL, "out", victim.pid);
		run_to_call(&victim, ++calls);
		kill_victim(&victim);
		let_it_end(0, reader);

		size_t all, accepted = (size_t)victim.turns * TURN;
		char *in = read_file("in", NULL), *out = read_file("out", &all);
		memcpy(expected, in, accepted);
		memcpy(expected + accepted, "end\n", 5);
		ck_assert_msg(strcmp(out, expected) == 0,
			      "killed at call %d, after %d turns: %zu bytes",
			      calls, victim.turns, all);
		free(in);
		free(out);
	} while (!victim.over);
	printf("writer killed at each of its %d system calls, %s started "
	       "first\n",
	       calls - 1, victim_first ? "writer" : "reader");
}
END_TEST

START_TEST(a_reader_killed_at_any_system_call_loses_no_text)
{
	const bool victim_first = _i == 1;
	int calls = 0;
	struct victim victim;

	make_inputs();
	do {
		pid_t writer = 0;
		forget_outputs();
		if (!victim_first) {
			writer = start_writer("in");
			eventually(semaphore_set() != -1 &&
				   sleep_for_zero(UNREAD) == 1);
		}
		victim = start_traced("reader", NULL, "killed");
		if (victim_first)
			writer = start_second("writer", "in", NULL, victim.pid);
		run_to_call(&victim, ++calls);
		kill_victim(&victim);
		let_it_end(writer, 0);

		/* Its last turn may be printed again, all else is once. */
		size_t first, rest;
		char *in = read_file("in", NULL);
		char *one = read_file("killed", &first);
		char *two = read_file("out", &rest);
		size_t missing = TURNS * TURN + 4 - rest;
		ck_assert_msg(rest >= 4 && first % TURN == 0 &&
				  (missing == first || missing + TURN == first),
			      "killed at call %d: %zu and %zu bytes", calls,
			      first, rest);
		ck_assert_int_eq(memcmp(in, one, first), 0);
		ck_assert_int_eq(memcmp(in + missing, two, rest - 4), 0);
		ck_assert_str_eq(two + rest - 4, "end\n");
		free(in);
		free(one);
		free(two);
	} while (!victim.over);
	printf("reader killed at each of its %d system calls, %s started "
	       "first\n",
	       calls - 1, victim_first ? "reader" : "writer");
}
END_TEST

/* ---- A stop at every system call ---- */

/* It has ended, or it sleeps: it needs somebody else to go on. */
static bool
rests(pid_t pid)
{
	char path[64], state = 0;
	siginfo_t info = {0};

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid == pid)
		return true;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "r");
	if (file != NULL) {
		if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
			state = 0;
		fclose(file);
	}
	return state == 'S' &&
	       (semaphore_set() == -1 || sleep_for_more(GUARD) > 0 ||
		sleep_for_zero(UNREAD) > 0);
}

/*
 * While the victim is stopped on its way in or out, a writer comes with a text;
 * the victim goes on and ends; then the text must be there for a reader.
 */
START_TEST(whoever_is_stopped_on_the_way_in_or_out_breaks_nothing)
{
	const char *program = _i == 0 ? "writer" : "reader";
	int calls = 0;
	struct victim victim;

	make_inputs();
	do {
		forget_outputs();
		if (_i == 1)
			ck_assert_int_eq(exit_status(start_writer("end")), 0);
		victim = start_traced(program, NULL, "out");
		run_to_call(&victim, ++calls);
		bool stopped = !victim.over;
		pid_t writer = start_writer("end");
		eventually(rests(writer));
		if (stopped) {
			ptrace(PTRACE_DETACH, victim.pid, NULL, NULL);
			let_it_end(writer, _i == 1 ? victim.pid : 0);
			if (_i == 0)
				ck_assert_int_eq(exit_status(victim.pid), 0);
		} else
			let_it_end(writer, 0);
		/* The first text, where there is one, the writer's, the end. */
		ck_assert_str_eq(read_file("out", NULL),
				 _i == 0 ? "end\nend\n" : "end\nend\nend\n");
	} while (!victim.over);
	printf("%s stopped at each of its %d system calls\n", program,
	       calls - 1);
}
END_TEST

/* ---- A signal at every system call ---- */

/* Signals the process when it, and so many in all, sleep in their steps. */
static pid_t
start_signaller(pid_t victim, int sleepers)
{
	pid_t pid = fork();
	if (pid == 0) {
		while (semaphore_set() == -1 ||
		       sleep_for_more(NEWS) + sleep_for_zero(UNREAD) < sleepers)
			nap();
		kill(victim, SIGTERM);
		_exit(0);
	}
	return pid;
}

/* The signal may come just before the call that sleeps; nobody else comes. */
START_TEST(a_signal_at_any_system_call_ends_a_program_that_would_wait)
{
	const char *program = _i == 0 ? "writer" : "reader";
	int calls = 0;
	struct victim victim;

	make_inputs();
	do {
		victim = start_traced(program, "in", "out");
		pid_t signaller = start_signaller(victim.pid, 1);
		run_to_call(&victim, ++calls);
		ck_assert(!victim.over);
		kill(signaller, SIGKILL);
		await(signaller);
		if (!victim.signalled)
			kill(victim.pid, SIGTERM);
		ptrace(PTRACE_DETACH, victim.pid, NULL, NULL);
		ck_assert_int_eq(signal_of(victim.pid), SIGTERM);
		if (needs_a_reader(false))
			ck_assert_int_eq(exit_status(start_reader("out")), 0);
		expect_nothing_left();
	} while (!victim.signalled);
	printf("%s signalled at each of its %d system calls\n", program,
	       calls - 1);
}
END_TEST

/* Of two that leave at once, one must take itself for the last. */
START_TEST(two_that_leave_at_once_leave_nothing)
{
	int calls = 0;
	struct victim victim;

	do {
		pid_t other = start_reader("out");
		eventually(sleep_for_more(NEWS) == 1);
		victim = start_traced("reader", NULL, "out");
		pid_t signaller = start_signaller(victim.pid, 2);
		run_to_call(&victim, ++calls);
		kill(signaller, SIGKILL);
		await(signaller);
		kill(other, SIGTERM);
		eventually(rests(other) || sleep_for_more(NEWS) == 0);
		if (!victim.over) {
			if (!victim.signalled)
				kill(victim.pid, SIGTERM);
			ptrace(PTRACE_DETACH, victim.pid, NULL, NULL);
			ck_assert_int_eq(signal_of(victim.pid), SIGTERM);
		}
		ck_assert_int_eq(signal_of(other), SIGTERM);
		expect_nothing_left();
	} while (!victim.over);
	printf("reader stopped at each of its %d system calls while another "
	       "leaves\n",
	       calls - 1);
}
END_TEST

Suite *
deaths_suite(void)
{
	Suite *suite = suite_create("Deaths");
	TCase *tcase;

	tcase = add_case(suite, "at every system call");
	tcase_add_loop_test(
	    tcase, a_writer_killed_at_any_system_call_loses_no_text, 0, 2);
	tcase_add_loop_test(
	    tcase, a_reader_killed_at_any_system_call_loses_no_text, 0, 2);
	tcase_add_loop_test(
	    tcase, whoever_is_stopped_on_the_way_in_or_out_breaks_nothing, 0,
	    2);
	tcase_add_loop_test(
	    tcase, a_signal_at_any_system_call_ends_a_program_that_would_wait,
	    0, 2);
	tcase_add_test(tcase, two_that_leave_at_once_leave_nothing);
	return suite;
}
