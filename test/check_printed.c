/*
 * check_printed.c - how the paper's programs go wrong (paper 5), and at which
 * rung of README's ladder each fault is put right.
 *
 * A test is named after a fault.  With TEST_LOOP() it plays the same session at
 * each rung.  The programs run in the test's directory, and meet there, because
 * their path is ".".  Most of them never end: they die with the test.
 */
#define _GNU_SOURCE

#include "support.h"

#include <termios.h>

enum { RUNGS = 4 };
static const struct {
	const char *writer, *reader;
} programs[RUNGS + 1] = {
    [1] = {"test/printed/writer", "test/printed/reader"}, /* the paper's */
    [2] = {"test/halfway/paper-writer", "test/halfway/paper-reader"},
    [3] = {"test/halfway/writer", "test/halfway/reader"},
    [4] = {"writer", "reader"}, /* ours */
};

/* The rung from which on each of these is right. */
enum {
	GIVES_BACK = 2,	   /* a process killed inside gives the guard back */
	SLEEPS = 2,	   /* a process that waits is asleep */
	IS_PRIVATE = 2,	   /* only the owner may use the set and the segment */
	READS_OUTSIDE = 3, /* nobody waits for the one who types */
	ONCE = 3,	   /* no text is overwritten or printed twice */
	WHOLE = 3,	   /* no character is lost */
	LOOKS = 3,	   /* a call that fails is noticed */
	WRITER_ENDS = 3,   /* at the end of its input */
	READER_ENDS = 4,   /* after the last writer */
	REMOVES = 4	   /* the last process removes set and segment */
};

static int rung;

/* The paper's mains are quick here: test/printed/quick.c says how. */
static void
climb_to(int number)
{
	char library[PATH_MAX + 32];

	rung = number;
	ck_assert_int_eq(chdir(directory), 0);
	snprintf(library, sizeof(library), "%s/test/printed/quick.so", top);
	if (rung <= 2 && symlink(library, "quick.so") == 0)
		setenv("LD_PRELOAD", "./quick.so", 1); /* not with a blank */
}

static pid_t
start_rungs_writer(const char *in)
{
	return start(programs[rung].writer, in, NULL, "error", NULL);
}

static struct terminal
reader_on_terminal(void)
{
	return start_on_terminal(programs[rung].reader);
}

/* This process has taken the guard last, and nobody has given it back. */
static bool
is_inside(pid_t pid)
{
	return semctl(semaphore_set(), GUARD, GETPID) == pid &&
	       semaphore(GUARD) == 0;
}

/* Start a writer that waits for a line from `feed': the paper's waits inside */
static pid_t
start_typist(void)
{
	pid_t pid = start_rungs_writer("|");
	if (rung < READS_OUTSIDE)
		eventually(is_inside(pid));
	else
		eventually(semaphore(GUARD) == 1 && is_asleep(pid));
	return pid;
}

/* The process waits: it looks again and again, or it is asleep. */
static void
expect_waiting(pid_t pid, int awaited)
{
	if (rung < SLEEPS) {
		const long before = switches(pid);
		eventually(switches(pid) > before + 20);
		return;
	}
	eventually(sleep_for_more(awaited) == 1);
	expect_asleep(pid);
}

static int
change_guard(int by)
{
	struct sembuf change = {GUARD, (short)by, 0};
	return semop(semaphore_set(), &change, 1);
}

/* The taker has not the writer's input: else its end would not come. */
static int
take_guard(int times)
{
	close(feed);
	return change_guard(-times);
}

/*
 * Type to the paper's writer, while it is inside and reads; and take the guard
 * at once when the writer gives it back.  A child already sleeps for that in
 * semop(2), so the writer cannot come in again before us.
 */
static void
type_and_take_guard(pid_t writer, const char *bytes)
{
	kill(writer, SIGCONT);
	eventually(is_inside(writer));
	const int others = sleep_for_more(GUARD);
	pid_t taker = child_of(take_guard, 1);
	eventually(sleep_for_more(GUARD) > others);
	dprintf(feed, "%s", bytes);
	if (strchr(bytes, '\n') == NULL)
		close(feed); /* else fgets waits for the rest of the line */
	expect_exit(taker, 0);
}

/* Type a line; and stop the paper's writer outside, with the guard free. */
static void
type_line(pid_t writer, const char *line)
{
	if (rung >= READS_OUTSIDE) {
		dprintf(feed, "%s", line);
		return;
	}
	type_and_take_guard(writer, line);
	stop_process(writer);
	ck_assert_int_eq(change_guard(+1), 0);
}

/* The text in the paper's segment. */
static const char *
text_now(void)
{
	static char text[SHM_SIZE];
	char *shmaddr = shmat(segment_of(directory), NULL, 0);
	snprintf(text, sizeof(text), "%s", shmaddr);
	shmdt(shmaddr);
	return text;
}

CASE_WITH("The documents", "The paper, how its programs go wrong, rung by rung",
	  enter_directory, NULL) /* what they leave, main() removes */

/*
 * Two faults together.  The paper's sem_wait looks and its sem_p takes, in two
 * steps: so two processes may both see the guard free.  Then one sem_p fails,
 * because of IPC_NOWAIT, and its caller does not look at the answer.  What our
 * sem_wait_p does instead, s18_sem_wait_p_... shows (check_chapter.c).
 */
TEST(wrong_sem_p_fails_and_its_caller_goes_in_all_the_same)
{
	const char *refused = "semop error:: Resource temporarily unavailable";
	climb_to(1);
	pid_t writer = start_typist();
	struct terminal readers[2];
	for (int i = 0; i < 2; i++) {
		readers[i] = reader_on_terminal();
		expect_waiting(readers[i].pid, GUARD);
		stop_process(readers[i].pid);
	}
	type_line(writer, "both\n");
	for (int i = 0; i < 2; i++)
		kill(readers[i].pid, SIGCONT);
	eventually(shows(&readers[0], refused) || shows(&readers[1], refused));
	for (int i = 0; i < 2; i++)
		eventually(shows(&readers[i], "reader: both\n"));
	/* One gives back what it never had: this waits for the value 2. */
	expect_exit(child_of(take_guard, 2), 0);
}

TEST(wrong_a_second_writer_frees_the_guard_of_whoever_is_inside)
{
	climb_to(1);
	start_typist();
	int feed_of_first = feed;
	pid_t second = start_typist(); /* and nobody has come out */
	expect_asleep(second);
	type_line(second, "second\n"); /* the value is 1 */
	pid_t waits_for_2 = child_of(take_guard, 2);
	eventually(sleep_for_more(GUARD) == 1);
	dprintf(feed_of_first, "first\n");
	expect_exit(waits_for_2, 0); /* from now on two may be inside */
	expect_file("error", "%s", "");
}

/* Its createsem fails.  It does not look, and goes on with the set -1. */
TEST(rung2_a_second_writer_writes_without_the_guard)
{
	climb_to(2);
	pid_t first = start_typist();
	start_rungs_writer("|");
	dprintf(feed, "unguarded\n");
	eventually(strcmp(text_now(), "unguarded") == 0);
	ck_assert(is_inside(first));
}

TEST_LOOP(wrong_everybody_waits_for_the_one_who_types_and_wakes_again_and_again,
	  RUNGS)
{
	climb_to(_i + 1);
	pid_t typist = start_typist();
	struct terminal reader = reader_on_terminal();
	expect_waiting(reader.pid, rung < READS_OUTSIDE ? GUARD : NEWS);
	ck_assert(!shows(&reader, "reader"));
	if (rung < READS_OUTSIDE) {
		ck_assert(is_inside(typist)); /* fgets is inside the guard */
		type_line(typist, "past it\n");
	} else {
		write_file("in", "past it\n", 8);
		expect_exit(start_rungs_writer("in"), 0);
	}
	eventually(shows(&reader, "reader: past it\n"));
}

TEST_LOOP(wrong_a_text_is_overwritten_or_printed_twice, RUNGS)
{
	const char *twice = "reader: two\nreader: two\n";
	climb_to(_i + 1);
	pid_t writer = start_typist();
	type_line(writer, "one\n");
	if (rung >= ONCE)
		eventually(unread());
	type_line(writer, "two\n");
	if (rung >= ONCE)
		eventually(sleep_for_more(EMPTY) == 1);
	struct terminal reader = reader_on_terminal();
	eventually(shows(&reader, rung < ONCE ? twice : "reader: two\n"));
	if (rung >= ONCE) /* it sleeps, as long as the writer lives */
		expect_waiting(reader.pid, NEWS);
	ck_assert_int_eq(shows(&reader, "one"), rung >= ONCE);
	ck_assert_int_eq(shows(&reader, twice), rung < ONCE);
}

/* A reader on such a terminal stays inside, as after Ctrl-S. */
static void
execute_on_stopped_terminal(const void *program)
{
	tcflow(STDOUT_FILENO, TCOOFF);
	execute(program, NULL);
}

/* The others wait until a new writer's createsem frees it, or for ever. */
TEST_LOOP(wrong_a_process_killed_inside_keeps_the_guard, RUNGS)
{
	climb_to(_i + 1);
	type_line(start_typist(), "kept\n");
	const pid_t reader =
	    terminal_for(execute_on_stopped_terminal, programs[rung].reader)
		.pid;
	eventually(is_inside(reader));
	expect_end_by(reader, SIGKILL);
	ck_assert_int_eq(semaphore(GUARD), rung >= GIVES_BACK);

	struct terminal next = reader_on_terminal();
	if (rung < GIVES_BACK)
		expect_waiting(next.pid, GUARD);
	else /* and nothing is lost */
		eventually(shows(&next, "reader: kept\n"));
}

/*
 * The paper's opensem asks for 0 semaphores: semget(2) finds such a set, but
 * cannot make it.  The reader goes on with the identifier -1: the paper's
 * sem_wait never ends, and ours fails at once, so at rung 2 it prints without
 * the guard.  Only at rung 4 a reader makes the set, and sleeps.
 */
TEST_LOOP(wrong_a_reader_started_first_never_finds_the_set, RUNGS)
{
	const char *at_first[] = {"semget error:: Invalid argument\n",
				  "reader: \nreader: \n", "", ""};
	climb_to(_i + 1);
	struct terminal early = reader_on_terminal();
	eventually(shows(&early, at_first[_i]));
	eventually(segment_of(directory) != -1);
	ck_assert_int_eq(semaphore_set() != -1, rung == 4);
	if (rung <= 2)
		type_and_take_guard(start_typist(), "late\n");
	else
		type_line(start_typist(), "late\n");
	if (rung == 1)
		expect_waiting(early.pid, GUARD); /* the text is there */
	else
		eventually(shows(&early, "reader: late\n"));
	ck_assert_int_eq(shows(&early, "late"), rung > 1);
}

/*
 * fgets is not checked: at the end of input the old line stays in write_str,
 * and each turn cuts a character off.  After the empty text the next one is
 * write_str[-1], which is not the array's: AddressSanitizer reports it.
 */
TEST_LOOP(wrong_after_the_end_of_input_the_writer_writes_for_ever, RUNGS)
{
	climb_to(_i + 1);
	pid_t writer = start_typist();
	type_line(writer, "only\n");
	if (rung < WRITER_ENDS) {
		type_and_take_guard(writer, ""); /* the end of input */
		ck_assert_str_eq(text_now(), "onl");
		change_guard(+1);
		eventually(text_now()[0] == '\0');
		eventually(is_inside(writer)); /* and it goes on */
		return;
	}
	struct terminal reader = reader_on_terminal();
	eventually(shows(&reader, "reader: only\n"));
	close(feed);
	expect_exit(writer, 0);
	if (rung < READER_ENDS)
		expect_waiting(reader.pid, NEWS); /* for ever */
	else
		expect_exit(reader.pid, 0);
}

TEST_LOOP(wrong_a_last_line_without_a_newline_loses_a_character, RUNGS)
{
	climb_to(_i + 1);
	if (rung < WHOLE) {
		type_and_take_guard(start_typist(), "abc");
		ck_assert_str_eq(text_now(), "ab");
		return;
	}
	write_file("in", "abc", 3);
	expect_exit(start_rungs_writer("in"), 0);
	struct terminal reader = reader_on_terminal();
	eventually(shows(&reader, "reader: abc\n"));
}

/* fgets takes 255 bytes of a long line, and the last is taken for a newline. */
TEST_LOOP(wrong_a_long_line_is_cut_and_loses_a_character, WHOLE - 1)
{
	char line[302], first[255];
	climb_to(_i + 1);
	snprintf(line, sizeof(line), "%0300d\n", 0);
	snprintf(first, sizeof(first), "%0254d", 0);
	type_and_take_guard(start_typist(), line);
	ck_assert_str_eq(text_now(), first);
}

TEST_LOOP(wrong_set_and_segment_stay_behind_and_anybody_may_change_them, RUNGS)
{
	struct semid_ds set;
	struct shmid_ds segment;
	union semun argument = {.buf = &set};
	climb_to(_i + 1);
	const int mode = rung < IS_PRIVATE ? 0666 : 0600;
	expect_end_by(start_typist(), SIGINT); /* Ctrl-C */
	ck_assert_int_eq(anything_left(), rung < REMOVES);
	if (rung >= REMOVES)
		return;
	ck_assert_int_eq(semctl(semaphore_set(), 0, IPC_STAT, argument), 0);
	ck_assert_int_eq(set.sem_perm.mode & 0777, mode);
	ck_assert_int_eq(shmctl(segment_of(directory), IPC_STAT, &segment), 0);
	ck_assert_int_eq(segment.shm_perm.mode & 0777, mode);
	ck_assert_uint_eq(segment.shm_nattch, 0);
}

/* shmget fails here, so shmat does, and the writer writes to address -1. */
TEST_LOOP(wrong_nobody_looks_whether_shmat_has_worked, RUNGS)
{
	const char *said[] = {"shmget error:: Invalid argument\n", "",
			      "writer: createshm: Invalid argument\n",
			      "another user's or program's"};
	climb_to(_i + 1);
	ck_assert_int_ne(createshm(directory, 'm', 1), -1);
	write_file("in", "lost\n", 5);
	const pid_t writer = start_rungs_writer("in");
	if (rung < LOOKS)
		expect_signal(writer, SIGSEGV);
	else
		expect_exit(writer, 1);
	ck_assert(file_has("error", said[_i]));
}

TEST(rung3_two_writers_and_two_readers_pass_each_line_once)
{
	pid_t writers[2];
	climb_to(3);
	ck_assert_int_eq(system("seq 1000001 1002000 > in1; "
				"seq 2000001 2002000 > in2"),
			 0);
	/* They print inside, so "out" has the order of the turns. */
	for (int i = 0; i < 2; i++)
		start(programs[rung].reader, NULL, "out", "error", NULL);
	for (int i = 0; i < 2; i++)
		writers[i] = start_rungs_writer(i == 0 ? "in1" : "in2");
	for (int i = 0; i < 2; i++)
		expect_exit(writers[i], 0);
	eventually(semaphore(EMPTY) == 1); /* the last line is printed, too */
	ck_assert_int_eq(system("for n in 1 2; do sed -n \"s/reader: $n/$n/p\" "
				"out | cmp - in$n || exit; done"),
			 0);
}
