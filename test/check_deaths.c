/*
 * check_deaths.c - a death, a stop or a signal at every system call, and system
 * calls that do less than they were asked to: placed with ptrace(2).
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
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

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
	if (!unread())
		return false;
	return !writer_lives || sleep_for_more(EMPTY) > 0;
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
			      "stuck: GUARD %d EMPTY %d NEWS %d WRITERS %d",
			      semaphore(GUARD), semaphore(EMPTY),
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
	bool signalled, executed;
	bool may_fail;	 /* with exit status 1 */
	bool gives_text; /* its present call puts one there */
	struct __ptrace_syscall_info last;
};
static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

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

/* Is it sem_pass_v()'s semop(2), which passes something to `index'? */
static bool
is_pass_to(int index, pid_t pid, const struct __ptrace_syscall_info *info)
{
	struct sembuf ops[2];
	long words[2];

	if ((info->entry.nr != SYS_semtimedop && info->entry.nr != SYS_semop) ||
	    info->entry.args[2] != 3)
		return false;
	for (size_t i = 0; i < 2; i++)
		words[i] = ptrace(PTRACE_PEEKDATA, pid,
				  info->entry.args[1] + i * sizeof(long), 0);
	memcpy(ops, words, sizeof(ops));
	return ops[1].sem_num == index;
}

/* The same try once more, or a yield between two: no other moment. */
static bool
is_repeated(struct victim *victim, const struct __ptrace_syscall_info *info)
{
	if (info->entry.nr == SYS_sched_yield ||
	    memcmp(&info->entry, &victim->last.entry, sizeof(info->entry)) == 0)
		return true;
	victim->last = *info;
	return false;
}

/*
 * Let it go on until it is about to do its `calls'-th system call from here,
 * without the tries before a sleep.
 */
static void
run_to_call(struct victim *victim, int calls)
{
	struct __ptrace_syscall_info info;
	int status, deliver = 0;

	while (!victim->over) {
		ptrace(PTRACE_SYSCALL, victim->pid, NULL, deliver);
		deliver = 0;
		ck_assert_int_eq(waitpid(victim->pid, &status, 0), victim->pid);
		if (!WIFSTOPPED(status)) {
			ck_assert(
			    status == 0 ||
			    (victim->signalled && WIFSIGNALED(status)) ||
			    (victim->may_fail && WEXITSTATUS(status) == 1));
			victim->over = true;
			return;
		}
		if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
			if (WSTOPSIG(status) == SIGTRAP)
				victim->executed = true;
			else
				deliver = WSTOPSIG(status);
			if (deliver != 0 && deliver != SIGALRM)
				victim->signalled = true;
			continue;
		}
		ck_assert_int_gt(ptrace(PTRACE_GET_SYSCALL_INFO, victim->pid,
					sizeof(info), &info),
				 0);
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
			victim->gives_text =
			    is_pass_to(NEWS, victim->pid, &info);
			if (victim->executed && !is_repeated(victim, &info) &&
			    --calls <= 0)
				return;
		} else if (info.op == PTRACE_SYSCALL_INFO_EXIT &&
			   victim->gives_text && info.exit.rval == 0)
			victim->turns++;
	}
}

/*
 * Is there a next call to try?  How many calls there are differs with what the
 * partner does: all are done when it is over three times in a row.
 */
static bool
next_call(const struct victim *victim, int *calls)
{
	static int over;
	over = victim->over ? over + 1 : 0;
	if (!victim->over)
		++*calls;
	return over < 3;
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
			(writer ? sleep_for_more(NEWS) == 0 : !unread())))
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
	int calls = 1;
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
		run_to_call(&victim, calls);
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
	} while (next_call(&victim, &calls));
	printf("writer killed at each of its %d system calls, %s started "
	       "first\n",
	       calls - 1, victim_first ? "writer" : "reader");
}
END_TEST

START_TEST(a_reader_killed_at_any_system_call_loses_no_text)
{
	const bool victim_first = _i == 1;
	int calls = 1;
	struct victim victim;

	make_inputs();
	do {
		pid_t writer = 0;
		forget_outputs();
		if (!victim_first) {
			writer = start_writer("in");
			eventually(sleep_for_more(EMPTY) == 1);
		}
		victim = start_traced("reader", NULL, "killed");
		if (victim_first)
			writer = start_second("writer", "in", NULL, victim.pid);
		run_to_call(&victim, calls);
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
	} while (next_call(&victim, &calls));
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
	siginfo_t info = {0};

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid == pid)
		return true;
	return is_asleep(pid) &&
	       (semaphore_set() == -1 || sleep_for_more(GUARD) > 0 ||
		sleep_for_more(EMPTY) > 0);
}

/*
 * While the victim is stopped on its way in or out, a writer comes with a text;
 * the victim goes on and ends; then the text must be there for a reader.
 */
START_TEST(whoever_is_stopped_on_the_way_in_or_out_breaks_nothing)
{
	const char *program = _i == 0 ? "writer" : "reader";
	int calls = 1;
	struct victim victim;

	make_inputs();
	do {
		forget_outputs();
		if (_i == 1)
			ck_assert_int_eq(exit_status(start_writer("end")), 0);
		victim = start_traced(program, NULL, "out");
		run_to_call(&victim, calls);
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
	} while (next_call(&victim, &calls));
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
		       sleep_for_more(NEWS) + sleep_for_more(EMPTY) < sleepers)
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
	int calls = 1;
	struct victim victim;

	make_inputs();
	do {
		forget_outputs();
		if (_i == 2) /* a text waits, and the end of input */
			ck_assert_int_eq(exit_status(start_writer("end")), 0);
		victim = start_traced(program, "in", "out");
		pid_t signaller = start_signaller(victim.pid, 1);
		run_to_call(&victim, calls);
		kill(signaller, SIGKILL);
		await(signaller);
		if (!victim.over) {
			if (!victim.signalled)
				kill(victim.pid, SIGTERM);
			ptrace(PTRACE_DETACH, victim.pid, NULL, NULL);
			const int status = await(victim.pid);
			ck_assert((_i == 2 && status == 0) ||
				  WTERMSIG(status) == SIGTERM);
		}
		if (needs_a_reader(false))
			ck_assert_int_eq(exit_status(start_reader("out")), 0);
		if (_i == 2)
			ck_assert_str_eq(read_file("out", NULL), "end\n");
		expect_nothing_left();
	} while (next_call(&victim, &calls));
	printf("%s signalled at each of its %d system calls\n", program,
	       calls - 1);
}
END_TEST

/* Who has a signal goes in no more, and least of all without the guard. */
START_TEST(after_a_signal_no_turn_begins_while_another_is_inside)
{
	const char *slow[] = {"-s", "1000", directory, NULL};
	make_inputs();
	pid_t reader = start("reader", NULL, "out", "reader.err", slow);
	struct victim victim = start_traced("writer", "in", NULL);
	while (victim.turns == 0)
		run_to_call(&victim, 1);
	eventually(file_has("out", "1\n")); /* the reader is inside */
	kill(victim.pid, SIGTERM);	    /* the writer is about to read on */
	ptrace(PTRACE_DETACH, victim.pid, NULL, NULL);
	ck_assert_int_eq(signal_of(victim.pid), SIGTERM);
	ck_assert_int_eq(semaphore(GUARD), 0);
	struct segment *segment = shmat(openshm(directory, 'm'), NULL, 0);
	ck_assert_int_eq(memcmp(segment->text, read_file("in", NULL), TURN), 0);
	shmdt(segment);
	kill(reader, SIGTERM);
	ck_assert_int_eq(signal_of(reader), SIGTERM);
}
END_TEST

#ifdef __x86_64__
/* Is the next instruction a semop(2) that may sleep? */
static bool
is_about_to_sleep(pid_t pid)
{
	struct user_regs_struct registers;
	struct sembuf first;
	long code, word;

	ck_assert_int_eq(ptrace(PTRACE_GETREGS, pid, NULL, &registers), 0);
	code = ptrace(PTRACE_PEEKTEXT, pid, registers.rip, NULL);
	if ((code & 0xffff) != 0x050f ||
	    (registers.rax != SYS_semtimedop && registers.rax != SYS_semop))
		return false;
	word = ptrace(PTRACE_PEEKDATA, pid, registers.rsi, NULL);
	memcpy(&first, &word, sizeof(first));
	return registers.rdx == 3 && (first.sem_flg & IPC_NOWAIT) == 0;
}

/* Is the signal sent, and not yet delivered? */
static bool
is_pending(pid_t pid, int signo)
{
	char path[64], line[128];
	unsigned long long some = 0, pending = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "r");
	while (fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "SigPnd: %llx", &some) == 1 ||
		    sscanf(line, "ShdPnd: %llx", &some) == 1)
			pending |= some;
	fclose(file);
	return (pending >> (signo - 1) & 1) != 0;
}

/* Deliver the signal, and go on until just before the call that sleeps. */
static void
step_until_about_to_sleep(pid_t pid, int signo)
{
	int status;
	do {
		ptrace(PTRACE_SINGLESTEP, pid, NULL, signo);
		signo = 0;
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFSTOPPED(status));
		if (WSTOPSIG(status) == SIGALRM)
			signo = SIGALRM;
	} while (!is_about_to_sleep(pid) || signo != 0);
}

static int
sleep_two_seconds(void)
{
	sleep(2);
	return 0;
}

/*
 * After the check and before the call the kernel cannot know, and it sleeps;
 * and so may the first alarm come.
 */
START_TEST(a_signal_just_before_the_call_that_sleeps_ends_it_in_a_second)
{
	make_inputs(); /* a writer's second text must wait */
	struct victim victim =
	    start_traced(_i % 2 == 0 ? "reader" : "writer", "in", "out");

	run_to_call(&victim, 1);
	while (semaphore(READERS) != 1 && semaphore(WRITERS) != 1)
		run_to_call(&victim, 1);
	step_until_about_to_sleep(victim.pid, 0);
	if (_i / 2 == 1) {
		step_until_about_to_sleep(victim.pid, SIGTERM);
		eventually(is_pending(victim.pid, SIGALRM));
		step_until_about_to_sleep(victim.pid, 0);
	}
	pid_t slower = child(sleep_two_seconds);
	ptrace(PTRACE_DETACH, victim.pid, NULL, _i / 2 == 1 ? 0 : SIGTERM);
	ck_assert_int_eq(signal_of(victim.pid), SIGTERM);
	ck_assert_int_eq(waitpid(slower, NULL, WNOHANG), 0);
	kill(slower, SIGKILL);
	await(slower);
	if (unread())
		ck_assert_int_eq(exit_status(start_reader("out")), 0);
}
END_TEST

/*
 * Let it go on to its end; what it writes is written `most' bytes at a time, or
 * not at all if `most' is 0: then write(2) returns 0.
 */
static int
run_with_short_writes(struct victim *victim, unsigned long most)
{
	struct user_regs_struct registers;
	int status, deliver = 0;
	bool entry = true;

	for (;;) {
		ptrace(PTRACE_SYSCALL, victim->pid, NULL, deliver);
		deliver = 0;
		ck_assert_int_eq(waitpid(victim->pid, &status, 0), victim->pid);
		if (!WIFSTOPPED(status))
			return status;
		if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
			if (WSTOPSIG(status) != SIGTRAP)
				deliver = WSTOPSIG(status);
			continue;
		}
		ptrace(PTRACE_GETREGS, victim->pid, NULL, &registers);
		if (registers.orig_rax == SYS_write && registers.rdi == 1) {
			if (entry && registers.rdx > most)
				registers.rdx = most;
			else if (!entry && most == 0)
				registers.rax = 0;
			ptrace(PTRACE_SETREGS, victim->pid, NULL, &registers);
		}
		entry = !entry;
	}
}

START_TEST(a_write_that_is_done_in_parts_is_completed)
{
	make_inputs();
	pid_t writer = start_writer("in");
	eventually(unread());
	struct victim victim = start_traced("reader", "end", "out");
	ck_assert_int_eq(run_with_short_writes(&victim, 7), 0);
	ck_assert_int_eq(exit_status(writer), 0);
	ck_assert_same_file("in", "out");
}
END_TEST

START_TEST(a_write_of_nothing_is_an_error_and_no_loop)
{
	make_inputs();
	ck_assert_int_eq(exit_status(start_writer("end")), 0);
	struct victim victim = start_traced("reader", "in", "out");
	int status = run_with_short_writes(&victim, 0);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	ck_assert(file_has("traced.err", "output: Input/output error") ||
		  file_has("traced.err", "output: I/O error")); /* musl */
	ck_assert(file_has("traced.err", "the text stays"));
	ck_assert_int_eq(exit_status(start_reader("out")), 0);
	ck_assert_same_file("end", "out");
}
END_TEST
#endif

/* ---- ipcrm at every system call ---- */

/* Who takes part is told; who does not yet, starts over. */
START_TEST(an_ipcrm_at_any_system_call_is_told_or_does_no_harm)
{
	const char *program = _i == 0 ? "writer" : "reader";
	int calls = 1, told = 0;
	struct victim victim;

	make_inputs();
	do {
		forget_outputs();
		if (_i == 1)
			ck_assert_int_eq(exit_status(start_writer("end")), 0);
		victim = start_traced(program, "end", "out");
		run_to_call(&victim, calls);
		semctl(semaphore_set(), 0, IPC_RMID);
		shmctl(openshm(directory, 'm'), IPC_RMID, NULL);
		pid_t writer = _i == 1 ? start_writer("end") : 0;
		if (!victim.over) {
			ptrace(PTRACE_DETACH, victim.pid, NULL, NULL);
			const int status = exit_status(victim.pid);
			ck_assert_int_le(status, 1);
			ck_assert_msg(
			    status == 0 ||
				file_has("traced.err", "Identifier removed\n"),
			    "call %d: %s", calls,
			    read_file("traced.err", NULL));
			told += status;
		}
		if (writer != 0)
			ck_assert_int_eq(exit_status(writer), 0);
		if (unread())
			ck_assert_int_eq(exit_status(start_reader("out")), 0);
		expect_nothing_left();
		unlink(in_directory("traced.err"));
	} while (next_call(&victim, &calls));
	ck_assert_int_gt(told, 0);
}
END_TEST

/* ---- A failure of every System V call ---- */

#ifdef __x86_64__
static bool
is_system_v(unsigned long long call)
{
	static const unsigned long calls[] = {
	    SYS_semget, SYS_semop, SYS_semctl, SYS_semtimedop,
	    SYS_shmget, SYS_shmat, SYS_shmctl, SYS_shmdt};
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (call == calls[i])
			return true;
	return false;
}

/*
 * Let it go on to its end; its `call'-th System V call is not done, and fails
 * with this errno.  Returns false if it has not so many.
 */
static bool
run_with_failure(struct victim *victim, int call, int error)
{
	struct user_regs_struct registers;
	int seen = 0;

	for (;;) {
		run_to_call(victim, 1);
		if (victim->over)
			return seen >= call;
		ptrace(PTRACE_GETREGS, victim->pid, NULL, &registers);
		if (!is_system_v(registers.orig_rax) || ++seen != call)
			continue;
		/* No such call: and at its exit it is this one's failure. */
		registers.orig_rax = (unsigned long long)-1;
		ptrace(PTRACE_SETREGS, victim->pid, NULL, &registers);
		ptrace(PTRACE_SYSCALL, victim->pid, NULL, NULL);
		ck_assert_int_eq(waitpid(victim->pid, NULL, 0), victim->pid);
		registers.rax = (unsigned long long)-error;
		ptrace(PTRACE_SETREGS, victim->pid, NULL, &registers);
		victim->may_fail = true;
	}
}

/* What went through is there once; a reader's last turn may be there again. */
START_TEST(a_system_v_call_that_fails_loses_no_text_and_stops_nobody_else)
{
	const int error = _i % 2 == 0 ? ENOMEM : EIDRM;
	const bool writes = _i / 2 == 0;
	char expected[TURNS * TURN + 5] = "";
	bool failed;
	int call = 0;

	make_inputs();
	do {
		forget_outputs();
		pid_t partner =
		    writes ? start_reader("out") : start_writer("in");
		eventually(sleep_for_more(writes ? NEWS : EMPTY) == 1);
		struct victim victim =
		    start_traced(writes ? "writer" : "reader",
				 writes ? "in" : NULL, writes ? NULL : "part");
		failed = run_with_failure(&victim, ++call, error);
		let_it_end(writes ? 0 : partner, writes ? partner : 0);

		size_t first, rest;
		char *in = read_file("in", NULL);
		char *part = read_file("part", &first);
		char *out = read_file("out", &rest);
		const size_t all =
		    (size_t)(writes ? victim.turns : TURNS) * TURN;
		memcpy(expected, in, all);
		strcpy(expected + all, "end\n");
		ck_assert_msg(first % TURN == 0 && first + rest >= all + 4 &&
				  first + rest <= all + 4 + TURN &&
				  memcmp(part, expected, first) == 0 &&
				  strcmp(out, expected + all + 4 - rest) == 0,
			      "call %d: %zu and %zu bytes", call, first, rest);
		ck_assert(!writes || first + rest == all + 4);
		unlink(in_directory("part"));
		unlink(in_directory("traced.err"));
		free(in);
		free(part);
		free(out);
	} while (failed);
	printf("%s: each of its %d System V calls has failed with %s\n",
	       writes ? "writer" : "reader", call - 1, strerror(error));
	ck_assert_int_gt(call, 15);
}
END_TEST

/* timeout(1) sends its signal to the process and to its group: twice. */
START_TEST(a_second_signal_while_the_first_is_handled_changes_nothing)
{
	struct victim victim = start_traced("reader", NULL, "out");
	do
		run_to_call(&victim, 1);
	while (semaphore(READERS) != 1);
	kill(victim.pid, signals[_i / 3]);
	run_to_call(&victim, 1); /* the handler's first */
	kill(victim.pid, signals[_i % 3]);
	ptrace(PTRACE_DETACH, victim.pid, NULL, NULL);
	ck_assert_int_eq(signal_of(victim.pid), signals[_i / 3]);
	expect_nothing_left();
}
END_TEST
#endif

/* The one that is inside will find out that it is alone. */
START_TEST(who_leaves_does_not_wait_for_one_that_is_stopped_while_it_joins)
{
	pid_t writer = start_writer("|");
	eventually(semaphore(WRITERS) == 1 && semaphore(GUARD) == 1);
	struct victim victim = start_traced("reader", NULL, "out");
	do
		run_to_call(&victim, 1);
	while (semaphore(GUARD) == 1);
	ck_assert_int_eq(semaphore(READERS), 0);
	close(feed);
	ck_assert_int_eq(exit_status(writer), 0);
	ptrace(PTRACE_DETACH, victim.pid, NULL, NULL);
	eventually(sleep_for_more(NEWS) == 1);
	kill(victim.pid, SIGTERM);
	ck_assert_int_eq(signal_of(victim.pid), SIGTERM);
}
END_TEST

/* Of two that leave at once, one must take itself for the last. */
START_TEST(two_that_leave_at_once_leave_nothing)
{
	int calls = 1;
	struct victim victim;

	do {
		pid_t other = start_reader("out");
		eventually(sleep_for_more(NEWS) == 1);
		victim = start_traced("reader", NULL, "out");
		pid_t signaller = start_signaller(victim.pid, 2);
		run_to_call(&victim, calls);
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
	} while (next_call(&victim, &calls));
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
	    0, 3);
	tcase_add_test(tcase,
		       after_a_signal_no_turn_begins_while_another_is_inside);
	tcase_add_loop_test(
	    tcase, an_ipcrm_at_any_system_call_is_told_or_does_no_harm, 0, 2);
#ifdef __x86_64__
	tcase_add_loop_test(
	    tcase,
	    a_signal_just_before_the_call_that_sleeps_ends_it_in_a_second, 0,
	    4);
	tcase_add_loop_test(
	    tcase,
	    a_system_v_call_that_fails_loses_no_text_and_stops_nobody_else, 0,
	    4);
	tcase_add_loop_test(
	    tcase, a_second_signal_while_the_first_is_handled_changes_nothing,
	    0, 9);
	tcase_add_test(tcase, a_write_that_is_done_in_parts_is_completed);
	tcase_add_test(tcase, a_write_of_nothing_is_an_error_and_no_loop);
#else
	printf("skipped, needs x86-64: what changes a call's registers\n");
#endif
	tcase_add_test(
	    tcase,
	    who_leaves_does_not_wait_for_one_that_is_stopped_while_it_joins);
	tcase_add_test(tcase, two_that_leave_at_once_leave_nothing);
	return suite;
}
