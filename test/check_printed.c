/*
 * check_printed.c - how the paper's programs go wrong (paper 5), and what ours
 * do instead.  Each fault is a test, named after it.
 *
 * The tests run the paper's own pair, test/printed, in the test's directory.
 * There the programs meet, because their path is ".".  They never end, so each
 * one that is started is killed.
 */
#define _GNU_SOURCE

#include "support.h"

static pid_t printed[4];
static int count_printed;
static pid_t our_writer, our_reader;

/*
 * Fixture: the directory is the current one, and the paper's programs are quick
 * (test/printed/quick.c says how).
 */
static void
enter_meeting_place(void)
{
	char library[PATH_MAX + 32];

	enter_directory();
	snprintf(library, sizeof(library), "%s/test/printed/quick.so", top);
	setenv("LD_PRELOAD", library, 1);
	ck_assert_int_eq(chdir(directory), 0);
	ck_assert_ptr_nonnull(getcwd(directory, PATH_MAX));
}

/* Kill the paper's programs and remove what they leave: ours may start. */
static void
end_printed(void)
{
	unsetenv("LD_PRELOAD");
	while (count_printed > 0) {
		const pid_t pid = printed[--count_printed];
		if (waitpid(pid, NULL, WNOHANG) == 0) /* it goes on */
			expect_end_by(pid, SIGKILL);
	}
	semctl(semaphore_set(), 0, IPC_RMID);
	shmctl(segment_of(directory), IPC_RMID, NULL);
}

/* Fixture. */
static void
end_printed_and_expect_nothing_left(void)
{
	end_printed();
	expect_nothing_left();
}

/* This process has taken the guard last, and nobody has given it back. */
static bool
is_inside(pid_t pid)
{
	return semctl(semaphore_set(), 0, GETPID) == pid && semaphore(0) == 0;
}

/* Wait until the process has looked at the semaphore twenty times more. */
static void
expect_polling(pid_t pid)
{
	long before = switches(pid);
	eventually(switches(pid) > before + 20);
}

/* Start a writer that waits inside for a line from `feed'. */
static pid_t
start_printed_writer(void)
{
	pid_t pid = start("test/printed/writer", "|", NULL, "error", NULL);
	printed[count_printed++] = pid;
	eventually(is_inside(pid));
	return pid;
}

/* Start a reader that looks at the guard again and again. */
static struct terminal
start_printed_reader(void)
{
	struct terminal terminal = start_on_terminal("test/printed/reader");
	printed[count_printed++] = terminal.pid;
	expect_polling(terminal.pid);
	return terminal;
}

static int
change_guard(int by)
{
	struct sembuf change = {0, (short)by, 0};
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
 * Give the writer bytes to read, while it is inside and reads; and take the
 * guard at once when the writer gives it back.  A child already sleeps for that
 * in semop(2), so the writer cannot come in again before us.
 */
static void
write_and_take_guard(pid_t writer, const char *bytes)
{
	kill(writer, SIGCONT);
	eventually(is_inside(writer));
	pid_t taker = child_of(take_guard, 1);
	eventually(sleep_for_more(0) == 1);
	dprintf(feed, "%s", bytes);
	if (strchr(bytes, '\n') == NULL)
		close(feed); /* else fgets waits for the rest of the line */
	expect_exit(taker, 0);
}

/* The same; then stop the writer, which is outside, and free the guard. */
static void
write_and_stop(pid_t writer, const char *line)
{
	write_and_take_guard(writer, line);
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

/* Start our pair: the writer waits for a line, and the reader for news. */
static void
start_ours(void)
{
	end_printed();
	our_reader = start_reader("out");
	our_writer = start_writer("|");
	eventually(semaphore(WRITERS) == 1 && sleep_for_more(NEWS) == 1);
}

static void
end_ours(void)
{
	close(feed);
	expect_both_end(our_writer, our_reader);
}

/* Our pair passes all of the text on, and ends. */
static void
expect_ours_to_copy(const char *text)
{
	end_printed();
	write_file("in", text, strlen(text));
	expect_both_end(start_writer("in"), start_reader("out"));
	ck_assert_same_file("in", "out");
}

CASE_WITH("The documents", "How the paper's programs go wrong, beside ours",
	  enter_meeting_place, end_printed_and_expect_nothing_left)

/*
 * Two faults together.  The paper's sem_wait looks and its sem_p takes, in two
 * steps: so two processes may both see the guard free.  Then one sem_p fails,
 * because of IPC_NOWAIT, and its caller does not look at the answer.  What our
 * sem_wait_p does instead, s18_sem_wait_p_... shows (check_chapter.c).
 */
TEST(wrong_sem_p_fails_and_its_caller_goes_in_all_the_same)
{
	const char *refused = "semop error:: Resource temporarily unavailable";
	pid_t writer = start_printed_writer();
	struct terminal readers[2];
	for (int i = 0; i < 2; i++) {
		readers[i] = start_printed_reader();
		stop_process(readers[i].pid);
	}
	write_and_stop(writer, "both\n");
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
	start_printed_writer();
	pid_t second = start_printed_writer(); /* and nobody has come out */
	expect_asleep(second);
	expect_file("error", "%s", "");

	/* Our createsem does not touch an existing set. */
	expect_errno(createsem(directory, 's', 1, 1), EEXIST);
	ck_assert(is_inside(second));
}

TEST(wrong_two_writers_raise_the_guard_to_2_and_are_inside_together)
{
	start_printed_writer();
	int feed_of_first = feed;
	pid_t second = start_printed_writer();
	write_and_stop(second, "second\n"); /* the value is 1 */
	pid_t waits_for_2 = child_of(take_guard, 2);
	eventually(sleep_for_more(0) == 1);
	feed = feed_of_first;
	dprintf(feed, "first\n");
	expect_exit(waits_for_2, 0);
	ck_assert_int_eq(change_guard(+2), 0);
	kill(second, SIGCONT);
	eventually(semaphore(0) == 0);	/* both are inside: */
	expect_file("error", "%s", ""); /* no error */
}

TEST(wrong_everybody_waits_for_the_one_who_types)
{
	pid_t typist = start_printed_writer();
	struct terminal reader = start_printed_reader();
	ck_assert(is_inside(typist)); /* fgets is inside the guard */
	write_and_stop(typist, "typed\n");
	eventually(shows(&reader, "reader: typed\n"));

	/* While our writer waits for a line, others go in and out. */
	start_ours();
	leave_text("past it\n");
	eventually(file_has("out", "past it\n"));
	end_ours();
}

TEST(wrong_a_waiting_process_wakes_up_again_and_again)
{
	pid_t typist = start_printed_writer();
	struct terminal waiting = start_printed_reader();
	ck_assert(is_inside(typist)); /* all for nothing */
	ck_assert(!shows(&waiting, "reader"));

	start_ours();
	expect_asleep(our_reader);
	end_ours();
}

TEST(wrong_a_text_is_overwritten_before_anybody_has_read_it)
{
	pid_t writer = start_printed_writer();
	write_and_stop(writer, "one\n"); /* nothing holds the writer back */
	write_and_stop(writer, "two\n");
	struct terminal reader = start_printed_reader();
	eventually(shows(&reader, "reader: two\n"));
	ck_assert(!shows(&reader, "one"));

	/* Our writer waits until the first text is printed. */
	end_printed();
	leave_text("one\n");
	write_file("in", "two\n", 4);
	writer = start_writer("in");
	eventually(sleep_for_more(EMPTY) == 1);
	expect_both_end(writer, start_reader("out"));
	expect_file("out", "one\ntwo\n");
}

TEST(wrong_a_text_is_printed_twice)
{
	write_and_stop(start_printed_writer(), "once\n");
	struct terminal reader = start_printed_reader();
	eventually(shows(&reader, "reader: once\nreader: once\n"));

	/* After its one text our reader sleeps, as long as the writer lives. */
	start_ours();
	dprintf(feed, "once\n");
	eventually(file_has("out", "once\n") && sleep_for_more(NEWS) == 1);
	expect_asleep(our_reader);
	end_ours();
	expect_file("out", "once\n");
}

/* The others wait until a new writer's createsem frees it, or for ever. */
TEST(wrong_a_process_killed_inside_keeps_the_guard)
{
	expect_end_by(start_printed_writer(), SIGKILL);
	start_printed_reader();
	ck_assert_int_eq(semaphore(0), 0);

	end_printed();
	const char *const stay[] = {"-s", "60", directory, NULL};
	write_file("in", "kept\n", 5);
	pid_t writer = start("writer", "in", NULL, NULL, stay);
	eventually(is_inside(writer));
	expect_end_by(writer, SIGKILL);
	ck_assert_int_eq(semaphore(GUARD), 1);
	expect_both_end(start_writer("in"), start_reader("out"));
	ck_assert_same_file("in", "out");
}

/*
 * The paper's opensem asks for 0 semaphores: semget(2) finds such a set, but
 * cannot make it.  The reader goes on with the identifier -1.
 */
TEST(wrong_a_reader_started_first_never_finds_the_set)
{
	struct terminal early = start_printed_reader();
	eventually(shows(&early, "semget error:: Invalid argument\n"));
	write_and_stop(start_printed_writer(), "late\n");
	expect_polling(early.pid); /* the guard is free, and the text there */
	ck_assert(!shows(&early, "late"));

	/* Our opensem finds nothing; our reader creates, opens and sleeps. */
	end_printed();
	expect_errno(opensem(directory, 's'), ENOENT);
	pid_t reader = start_waiting_reader();
	ck_assert_int_eq(semaphore(GUARD), 1);
	expect_both_end(start_writer(NULL), reader);
}

/*
 * fgets is not checked: at the end of input the old line stays in write_str,
 * and each turn cuts a character off.  After the empty text the next one is
 * write_str[-1], which is not the array's: AddressSanitizer reports it.
 */
TEST(wrong_after_the_end_of_input_the_writer_writes_for_ever)
{
	pid_t writer = start_printed_writer();
	write_and_stop(writer, "only\n");
	write_and_take_guard(writer, ""); /* the end of input */
	ck_assert_str_eq(text_now(), "onl");
	change_guard(+1);
	eventually(text_now()[0] == '\0');
	eventually(is_inside(writer)); /* and it goes on */

	expect_ours_to_copy("only\n");
}

TEST(wrong_a_last_line_without_a_newline_loses_a_character)
{
	write_and_take_guard(start_printed_writer(), "abc");
	ck_assert_str_eq(text_now(), "ab");

	expect_ours_to_copy("abc");
}

/* fgets takes 255 bytes of a long line, and the last is taken for a newline. */
TEST(wrong_a_long_line_is_cut_and_loses_a_character)
{
	char line[302], first[255], second[46];
	snprintf(line, sizeof(line), "%0300d\n", 0);
	snprintf(first, sizeof(first), "%0254d", 0);
	snprintf(second, sizeof(second), "%045d", 0);
	write_and_take_guard(start_printed_writer(), line);
	ck_assert_str_eq(text_now(), first);
	change_guard(+1);
	eventually(strcmp(text_now(), second) == 0); /* 254 and 45 are 299 */

	expect_ours_to_copy(line);
}

TEST(wrong_set_and_segment_stay_behind_and_anybody_may_change_them)
{
	struct semid_ds set;
	struct shmid_ds segment;
	union semun argument = {.buf = &set};
	expect_end_by(start_printed_writer(), SIGINT); /* Ctrl-C */
	ck_assert_int_eq(semctl(semaphore_set(), 0, IPC_STAT, argument), 0);
	ck_assert_int_eq(set.sem_perm.mode & 0777, 0666);
	ck_assert_int_eq(shmctl(segment_of(directory), IPC_STAT, &segment), 0);
	ck_assert_int_eq(segment.shm_perm.mode & 0777, 0666);
	ck_assert_uint_eq(segment.shm_nattch, 0);

	end_printed();
	pid_t writer = start_writer("|");
	eventually(semaphore(WRITERS) == 1);
	expect_end_by(writer, SIGINT);
	ck_assert(!anything_left());
}

/* shmget fails here, so shmat does, and the writer writes to address -1. */
TEST(wrong_nobody_looks_whether_shmat_has_worked)
{
	ck_assert_int_ne(createshm(directory, 'm', 1), -1);
	write_file("in", "lost\n", 5);
	expect_signal(start("test/printed/writer", "in", NULL, "error", NULL),
		      SIGSEGV);
	ck_assert(file_has("error", "shmget error:: Invalid argument\n"));

	end_printed();
	ck_assert_int_ne(createshm(directory, 'm', 1), -1);
	expect_exit(start_writer("in"), 1);
	ck_assert(file_has("writer.err", "made by another user or program"));
}
