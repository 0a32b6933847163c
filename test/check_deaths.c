/*
 * check_deaths.c - moments that a random schedule hardly meets: ipcrm(1) at
 * every system call; news that has gone; a signal just before a call that
 * sleeps; a write(2) that writes less.  (Deaths, stops and calls that fail are
 * check_schedules.c's.)
 */
#define _GNU_SOURCE

#include "support.h"
#include "trace.h"

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

/* Let it go on to a semop(2) of so many operations. */
static void
go_to_semop(struct traced *victim, size_t count)
{
	do
		ck_assert(go_on_by(victim, 1));
	while (victim->call != SEMOP || victim->args[2] != count);
}

/* Let it go on to its end.  Returns waitpid(2)'s status. */
static int
end_of(struct traced *victim)
{
	while (victim->state != DEAD)
		go_on(victim);
	return victim->status;
}

CASE("Deaths", "at every system call")

/*
 * Whoever has joined is told.  Whoever has not starts over: then a reader finds
 * the text of a new writer.  (One that leaves may take the new segment for its
 * own, and remove it.  That is not promised, and not tried.)
 */
TEST_IF(an_ipcrm_at_any_system_call_is_told_or_does_no_harm, 2, MAY_TRACE)
{
	const bool reads = _i == 1;
	const char *program = reads ? "reader" : "writer";
	bool over = false, was_joined = false, told = false;

	write_file("in", "end\n", 4);
	for (int calls = 1; !over; calls++) {
		if (reads)
			leave_text("end\n");
		else /* a new set, whose creator has died */
			createsem(directory, 's', MEMBERS, 0);
		struct traced victim = start_victim(program, "in", "out");
		over = !go_on_by(&victim, calls);
		const bool joined = semaphore(reads ? READERS : WRITERS) > 0;
		over |= was_joined && !joined;
		was_joined |= joined;
		if (!over) {
			remove_set(semaphore_set());
			shmctl(segment_of(directory), IPC_RMID, NULL);
			if (reads)
				leave_text("end\n");
		}
		const int status = end_of(&victim);
		ck_assert_msg(
		    status == 0 || (joined && file_has("traced.err",
						       "Identifier removed\n")),
		    "call %d: %s", calls, read_file("traced.err", NULL));
		told |= status != 0;
		if (unread())
			expect_exit(start_reader("out"), 0);
		expect_nothing_left();
		unlink(in_directory("traced.err"));
	}
	ck_assert(told);
}

#define NEXT_ID	   "/proc/sys/kernel/sem_next_id" /* what semget(2) gives */
#define MAY_CHOOSE may_trace() && access(NEXT_ID, W_OK) == 0, "needs " NEXT_ID

/* Identifiers come again, after some millions of sets. */
TEST_IF(another_channels_set_with_the_identifier_of_ours_is_left, 1, MAY_CHOOSE)
{
	const char *there[] = {strdup(in_directory("there")), NULL};
	mkdir(there[0], 0700);
	struct traced victim = start_victim("reader", NULL, "out");
	go_to_semop(&victim, 1); /* before sem_p */
	const int semid = semaphore_set();
	remove_set(semid);
	ck_assert_int_gt(dprintf(open(NEXT_ID, O_WRONLY), "%d", semid), 0);
	pid_t writer = start("writer", "|", NULL, "writer.err", there);
	eventually(semctl(semid, WRITERS, GETVAL) == 1);
	go_to_semop(&victim, 3); /* it has joined its own channel */
	ck_assert_int_eq(semctl(semid, GUARD, GETVAL), 1);
	kill(victim.pid, SIGTERM);
	end_of(&victim);
	close(feed);
	expect_exit(writer, 0);
	expect_file("writer.err", "%s", "");
}

/* It has joined, and is about to wait. */
static struct traced
start_waiting_victim(bool reads)
{
	struct traced victim = reads ? start_victim("reader", NULL, "out")
				     : start_victim("writer", "in", NULL);

	go_to_semop(&victim, 3);
	return victim;
}

/*
 * A reader is inside, about to give back the news of a writer's end.  If that
 * news has gone, the reader must not wait for it with the guard.
 */
TEST_IF(a_reader_whose_news_has_gone_ends_and_does_not_wait_inside, 1,
	MAY_TRACE)
{
	const pid_t writer = start_joined_writer();
	struct traced victim = start_waiting_victim(true);

	expect_exit(start_writer(NULL), 0);
	go_to_semop(&victim, 2);
	semctl(semaphore_set(), NEWS, SETVAL, (union semun){.val = 0});
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

	if (!reads)
		leave_text("unread\n"); /* the victim must wait */
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	/* The victim inherits this. */
	sigprocmask(reads ? SIG_UNBLOCK : SIG_BLOCK, &alarm_only, NULL);
	struct traced victim = start_waiting_victim(reads);
	sigprocmask(SIG_UNBLOCK, &alarm_only, NULL);
	kill(victim.pid, SIGTERM);
	meet_signal_before_call(&victim, SIGTERM);
	go_to_semop(&victim, 3); /* the handler has run, the call goes on */
	meet_signal_before_call(&victim, SIGALRM);
	ck_assert_int_eq(end_of(&victim), SIGTERM);
	if (!reads)
		expect_exit(start_reader("out"), 0);
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
