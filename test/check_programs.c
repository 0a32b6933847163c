/*
 * check_programs.c - what writer and reader promise, shown by running them: in
 * pipes and files, on terminals, and where things go wrong.
 *
 * The promises, and the tests that show them.  The names are shortened:
 * CK_RUN_TEST takes them so.
 *
 *   1  Every byte arrives, in order, once.
 *	every_byte_arrives, a_full_disk_and; and if a reader is killed
 *	wrong_a_process_killed_inside (check_printed.c)
 *   2  A line that fits is not split, nor mixed with another.
 *	a_line_that_fits, lines_of_many_writers
 *   3  A text goes to one reader; the last writer's end ends the readers.
 *	lines_of_many_writers, the_end_of_one_writer
 *   4  A process that waits is asleep.
 *	a_signal_ends_a_waiting_writer, a_signal_ends_a_waiting_reader
 *   5  No death and no stop is in the others' way.
 *	a_killed_writer_ends, the_first_signal_ends
 *   6  Nothing is left: the end of every test (expect_nothing_left).
 *   7  Only the owner reads and writes: check_foreign.c, check_chapter.c (s18).
 */
#define _GNU_SOURCE

#include "support.h"

#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

static const char *const programs[] = {"reader", "writer"};

CASE("The programs", "every byte, once, in order")

/* Inputs: a line of so many bytes between two short ones; and special ones. */
static const int line_lengths[] = {1,	244, 245, 246,	251,
				   252, 253, 254, 1000, 10000};
enum {
	LONG_LINE = COUNT(line_lengths) - 1,
	NO_FINAL_NEWLINE,
	NULS,
	ONLY_NEWLINES,
	MANY_LINES,
	INPUTS
};

static void
make_input(int kind)
{
	static char bytes[500000];
	int count = 0;

	if (kind <= LONG_LINE) /* a 0 of so many digits */
		count = sprintf(bytes, "before\n%.*d\nafter\n",
				line_lengths[kind] - 1, 0);
	else if (kind == NO_FINAL_NEWLINE)
		count = sprintf(bytes, "first\nx");
	else if (kind == NULS || kind == ONLY_NEWLINES)
		for (; count < 1000; count++)
			bytes[count] = kind == NULS ? '\0' : '\n';
	else /* a line has about 66 bytes */
		for (; count < (int)sizeof(bytes); count++)
			bytes[count] = rand() % 90 == 0 ? '\n' : (char)rand();
	write_file("in", bytes, (size_t)count);
}

/* The longest and the shortest stay, too, are accepted. */
static const char *const slow[] = {"-s", "1000000", directory, NULL};
static const char *const told[] = {"-v", "-s", "0", directory, NULL};

static void
end_input_and_both(pid_t writer, pid_t reader)
{
	close(feed);
	expect_both_end(writer, reader);
}

/* How many bytes are still in a pipe, or typed, and nobody has read them. */
static int
waiting_in(int fd)
{
	int bytes = -1;
	return ioctl(fd, FIONREAD, &bytes) == 0 ? bytes : -1;
}

/* The next reader prints this, and ends. */
static void
expect_unread(const char *text)
{
	expect_exit(start_reader("rest"), 0);
	expect_file("rest", "%s", text);
}

static int
count_in(const char *text, const char *what)
{
	int count = 0;
	for (; (text = strstr(text, what)) != NULL; text++)
		count++;
	return count;
}

/*
 * The reader comes first, or the writer, or both at once.  Then the writer may
 * have come and gone: its text waits for the reader.
 */
TEST_LOOP(every_byte_arrives_once_in_order_and_nothing_is_said, 3 * INPUTS)
{
	enum { READER_FIRST, WRITER_FIRST };
	const int way = _i % 3;

	make_input(_i / 3);
	pid_t reader = way == READER_FIRST ? start_waiting_reader() : 0;
	pid_t writer = start_writer("in");
	if (way == WRITER_FIRST)
		eventually(unread());
	if (way != READER_FIRST)
		reader = start_reader("out");
	expect_both_end(writer, reader);
	ck_assert_same_file("in", "out");
	expect_file("writer.out", "%s", "");
	expect_file("writer.err", "%s", "");
	expect_file("reader.err", "%s", "");
}

/* Readers print inside, one at a time: "out" has the order of the turns. */
TEST(lines_of_many_writers_to_many_readers_stay_whole_and_in_order)
{
	char name[] = "in1";
	pid_t readers[2], writers[3];

	ck_assert_int_eq(chdir(directory), 0);
	ck_assert_int_eq(system("for n in 1 2 3; do "
				"seq ${n}00001 ${n}09999 > in$n; done"),
			 0);
	for (int i = 0; i < 2; i++)
		readers[i] = start_reader("out");
	/* One more, silent: the readers end with the last, early or late. */
	pid_t silent = start_writer("|");
	eventually(sleep_for_more(NEWS) == 2 && semaphore(WRITERS) == 1);
	for (int i = 0; i < 3; i++, name[2]++)
		writers[i] = start_writer(name);
	for (int i = 0; i < 3; i++)
		expect_exit(writers[i], 0);
	end_input_and_both(silent, readers[0]);
	expect_exit(readers[1], 0);
	/* Each writer's lines are as they were, and there are no others. */
	ck_assert_int_eq(system("for n in 1 2 3; do grep ^$n out | "
				"cmp - in$n || exit; done; "
				"! grep '^[^123]' out"),
			 0);
}

TEST(a_line_that_fits_is_not_split_but_waits_for_its_end)
{
	char bytes[TEXT_SIZE] = "";
	pid_t reader = start("reader", NULL, "out", "told", told);
	pid_t writer = start_writer("|");
	dprintf(feed, "one\ntw");
	eventually(file_has("out", "one\n"));
	dprintf(feed, "o\nthree");
	eventually(file_has("out", "one\ntwo\n"));
	ck_assert(!file_has("out", "three"));
	dprintf(feed, "\n\n"); /* an empty line, too */
	eventually(file_has("out", "three\n\n"));
	dprintf(feed, "\n");
	eventually(file_has("out", "three\n\n\n"));
	/* The longest line, in two parts. */
	memset(bytes, 'x', TEXT_SIZE - 1);
	dprintf(feed, "%s", bytes);
	eventually(waiting_in(feed) == 0 && is_asleep(writer));
	dprintf(feed, "\n");
	eventually(file_has("told", "prints 252 bytes"));
	end_input_and_both(writer, reader);
}

/* As another process may have set it: dd iflag=nonblock does so. */
TEST(an_input_that_does_not_block_is_waited_for)
{
	int ends[2];
	ck_assert_int_eq(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	dup2(ends[0], STDIN_FILENO);
	pid_t reader = start_reader("out"), writer = start_writer("-");
	eventually(semaphore(WRITERS) == 1);
	expect_asleep(writer);
	dprintf(ends[1], "one\n");
	eventually(file_has("out", "one\n"));
	expect_asleep(writer);
	expect_end_by(writer, SIGINT);
	expect_exit(reader, 0);
}

CASE("The programs", "who waits, ends, leaves")

/* A writer more ends meanwhile: its end is no news when a reader comes. */
TEST(text_outlives_its_writer_until_a_reader_comes)
{
	leave_text("kept\n");
	expect_exit(start_writer(NULL), 0);
	expect_file("writer.err", "%s", ""); /* "nobody reads" is for typists */
	expect_exit(start("reader", NULL, "out", "told", told), 0);
	ck_assert_same_file("in", "out");
	ck_assert(file_has("told", "    0     0    2       1       0"
				   "  reader: prints 5 bytes\n"));
}

TEST(the_end_of_one_writer_of_two_does_not_end_the_readers)
{
	pid_t readers[] = {start("reader", NULL, "out", "told", told),
			   start("reader", NULL, "out", "told", told)};
	pid_t first = start_writer("|");
	eventually(sleep_for_more(NEWS) == 2 && semaphore(WRITERS) == 1);
	expect_exit(start_writer(NULL), 0);
	eventually(semaphore(NEWS) == 0 && sleep_for_more(NEWS) == 2);
	ck_assert(file_has("told", "    0     1    1       2       1"
				   "  reader: a writer has ended\n"));
	/* What they did for good is not undone when they are killed. */
	for (int i = 0; i < 2; i++)
		expect_end_by(readers[i], SIGKILL);
	ck_assert_int_eq(semaphore(NEWS), 0);
	ck_assert_int_eq(semaphore(GUARD), 1);
	ck_assert_int_eq(semaphore(READERS), 0);
	for (int i = 0; i < 2; i++)
		readers[i] = start_reader("out");
	eventually(sleep_for_more(NEWS) == 2);
	dprintf(feed, "still here\n");
	eventually(file_has("out", "still here\n"));
	end_input_and_both(first, readers[0]);
	expect_exit(readers[1], 0);
}

TEST(a_reader_that_comes_after_a_killed_writer_waits_for_a_new_one)
{
	pid_t killed = start_joined_writer();
	expect_end_by(killed, SIGKILL);
	ck_assert(anything_left()); /* nobody could remove it */
	pid_t reader = start_waiting_reader();
	ck_assert_int_eq(semaphore(NEWS), 0); /* the old news is forgotten */
	leave_text("new\n");
	expect_exit(reader, 0);
	ck_assert_same_file("in", "out");
}

/*
 * The tests' process calls these three, and not the C library's.  While a yield
 * takes a given time, all else takes none.
 */
static int tries, yields;
static long yield_takes, clock_shows; /* nanoseconds; 0: the clock is real */

int
semop(int semid, struct sembuf *ops, size_t count)
{
	tries++;
	return semtimedop(semid, ops, count, NULL);
}

int
sched_yield(void)
{
	yields++;
	clock_shows += yield_takes;
	return (int)syscall(SYS_sched_yield);
}

int
clock_gettime(clockid_t clock, struct timespec *time)
{
	(void)clock;
	if (yield_takes == 0)
		return timespec_get(time, TIME_UTC) == TIME_UTC ? 0 : -1;
	*time = (struct timespec){.tv_nsec = clock_shows};
	return 0;
}

/* A child gives what is waited for.  Here the awaited is also the taken. */
static int
give_to_who_waits(int semid)
{
	for (int waits; (waits = semctl(semid, 0, GETNCNT)) != -1; nap())
		if (waits == 1)
			sem_v(semid, 0);
	return 0;
}

/* So many waits, and what each does.  After a yield comes one more try. */
static const struct {
	int count;
	long yield_takes;
	int quick_tries, yields;
} waits[] = {
    {1, 500000, 6, 35},
    {64, 500000, 1, 34}, /* the quick tries were in vain */
    {1, 500000, 6, 35},
    {1, 2000000, 1, 1}, /* a slow yield: sleep at once */
    {200, 2000000, 1, 0},
    {1, 2000000, 1, 1},
};

TEST(a_wait_tries_yields_and_sleeps_and_later_ones_try_less)
{
	int semid = createsem(directory, 's', 1, 0);
	child_of(give_to_who_waits, semid);
	for (int i = 0; i < COUNT(waits); i++)
		for (int n = 0; n < waits[i].count; n++) {
			tries = yields = 0;
			yield_takes = waits[i].yield_takes;
			const int result = sem_wait_p(semid, 0, 0);
			yield_takes = 0;
			ck_assert_int_eq(result, 0);
			ck_assert_int_eq(yields, waits[i].yields);
			ck_assert_int_eq(tries - yields, waits[i].quick_tries);
		}
	sem_delete(semid);
}

/* stay_inside() calls this.  In the first stay fg interrupts it (SIGCONT). */
static struct timespec stays[2];
static int stay_count;

int
nanosleep(const struct timespec *stay, struct timespec *rest)
{
	if (rest == NULL) /* nap()'s */
		return clock_nanosleep(CLOCK_MONOTONIC, 0, stay, NULL);
	stays[stay_count++] = *stay;
	*rest = (struct timespec){stay->tv_sec - 1, stay->tv_nsec};
	errno = EINTR;
	return stay_count < 2 ? -1 : 0;
}

TEST(a_stay_is_as_long_as_it_is_told_although_a_stop_interrupts_it)
{
	char *arguments[] = {"reader", "-s", "2.5", NULL};
	options(3, arguments, READERS);
	stay_inside();
	ck_assert_int_eq(stay_count, 2);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(stays[i].tv_sec, 2 - i);
		ck_assert_int_eq(stays[i].tv_nsec, 500000000);
	}
}

CASE("The programs", "signals")

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

TEST_LOOP(a_signal_ends_a_waiting_writer_and_its_text_stays, 3)
{
	pid_t writer = start_writer("|");
	dprintf(feed, "one\n");
	eventually(unread());
	dprintf(feed, "two\n");
	eventually(sleep_for_more(EMPTY) == 1);
	expect_asleep(writer);
	expect_end_by(writer, signals[_i]);
	expect_file("writer.err", "%s", "");
	expect_unread("one\n");
}

TEST_LOOP(a_signal_ends_a_waiting_reader_unless_it_was_ignored_before, 3)
{
	signal(signals[_i], SIG_IGN); /* as nohup does, and & in a script */
	pid_t reader = start_waiting_reader();
	kill(reader, signals[_i]);
	expect_asleep(reader);
	expect_end_by(reader, signals[(_i + 1) % 3]);
}

TEST_LOOP(a_killed_writer_ends_the_waiting_reader_and_half_a_line, 4)
{
	pid_t writer = start_writer("|");
	dprintf(feed, "last words\nhalf");
	eventually(unread() && waiting_in(feed) == 0 && is_asleep(writer));
	pid_t reader = start_waiting_reader();
	expect_end_by(writer, _i == 3 ? SIGKILL : signals[_i]);
	expect_exit(reader, 0);
	expect_file("out", "last words\n");
}

/* Somebody else may read what is still in the pipe. */
TEST(after_a_signal_the_writer_reads_no_more)
{
	pid_t writer = start("writer", "|", "out", "error", slow);
	dprintf(feed, "x\n");
	eventually(semaphore(WRITERS) == 1 && semaphore(GUARD) == 0);
	dprintf(feed, "rest\n");
	expect_end_by(writer, SIGINT);
	ck_assert_int_eq(waiting_in(feed), 5);
	expect_unread("x\n");
}

/* Under valgrind the programs are scripts, which start others. */
#define NO_SCRIPT system("head -c 2 reader | grep -q '#!'") != 0

/* No signal kills it. */
TEST_IF(process_1_of_a_container_ends_with_a_status, 1,
	geteuid() == 0 && NO_SCRIPT, "needs root, no valgrind")
{
	ck_assert_int_eq(unshare(CLONE_NEWPID), 0);
	pid_t reader = start_waiting_reader();
	kill(reader, SIGTERM);
	expect_exit(reader, 128 + SIGTERM);
}

/* The writer waits for a line or to hand it over, and a newcomer to join. */
TEST_LOOP(the_first_signal_ends_who_waits_while_one_is_stopped_inside, 2)
{
	pid_t inside = start("reader", NULL, "out", "reader.err", slow);
	pid_t writer = start_writer("|");
	dprintf(feed, "x\n");
	eventually(file_has("out", "x\n"));
	kill(inside, SIGSTOP);
	if (_i == 1) {
		dprintf(feed, "y\n");
		eventually(sleep_for_more(EMPTY) == 1);
	}
	pid_t newcomer = start("reader", NULL, "out2", "told", told);
	eventually(sleep_for_more(GUARD) == 1);
	ck_assert(file_has("told", "reader: waits\n"));
	/* One that leaves does not let it in. */
	expect_end_by(writer, SIGTERM);
	ck_assert_int_eq(sleep_for_more(GUARD), 1);
	ck_assert_int_eq(semaphore(READERS), 1);
	expect_end_by(newcomer, SIGTERM);
	kill(inside, SIGTERM);
	kill(inside, SIGCONT);
	expect_signal(inside, SIGTERM);
}

/* A reader that prints into a full pipe waits there, with a text. */
TEST_LOOP(a_stop_does_not_end_a_write_that_waits_but_a_signal_does, 4)
{
	const char *out = _i / 2 == 0 ? "full" : "-"; /* one does not block */
	char bytes[4096] = "";
	ssize_t got = 0;

	ck_assert_int_eq(mkfifo(in_directory("full"), 0600), 0);
	int pipe = open(in_directory("full"), O_RDWR | O_NONBLOCK);
	while (write(pipe, bytes, sizeof(bytes)) > 0)
		;
	leave_text("stuck\n");
	dup2(pipe, STDOUT_FILENO);
	pid_t reader = start_reader(out);
	eventually(semaphore(GUARD) == 0 && semaphore(READERS) == 1 &&
		   is_asleep(reader));
	stop_process(reader);
	kill(reader, SIGCONT);
	expect_asleep(reader);
	if (_i % 2 == 1) {
		expect_end_by(reader, SIGTERM);
		reader = start_reader(out);
	}
	eventually((got = read(pipe, bytes, sizeof(bytes))) > 0 &&
		   bytes[got - 1] == '\n');
	expect_exit(reader, 0);
	ck_assert_int_eq(memcmp(bytes, "stuck\n", (size_t)got), 0);
}

/* A signal that waits: exec(3) keeps it, fork(2) does not. */
static int
read_after(int signo)
{
	raise(signo);
	prepare_program(NULL, "out", "reader.err");
	execute("reader", NULL);
	return 1;
}

/* The parent has blocked it. */
TEST_LOOP(a_signal_that_was_blocked_or_an_alarm_from_before_ends_it, 4)
{
	const int signo = _i < 3 ? signals[_i] : SIGALRM;
	sigset_t blocked;
	sigemptyset(&blocked);
	sigaddset(&blocked, signo);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	expect_signal(child_of(read_after, signo), signo);
	expect_exit(start_writer(NULL), 0); /* it may use what was left */
}

CASE("The programs", "on a terminal")

/* For a terminal: a file that is not "-" takes the terminal's place. */
struct command {
	const char *program, *in, *out, *error;
	const char *const *arguments;
};

static void
run(const void *command)
{
	const struct command *it = command;
	prepare_program(it->in, it->out, it->error);
	execute(it->program, it->arguments);
}

/* The writer has read what is typed, and waits for more. */
static void
expect_held(struct terminal *writer, const char *typed)
{
	int keyboard = open(ptsname(writer->master), O_RDWR | O_NOCTTY);
	eventually(shows(writer, typed) && waiting_in(keyboard) == 0 &&
		   is_asleep(writer->pid));
}

/* In a line, Ctrl-D hands over what is there, and no prompt comes. */
TEST(on_terminals_lines_have_prompt_and_prefix_and_ctrl_d_ends)
{
	struct terminal reader = start_on_terminal("reader");
	eventually(sleep_for_more(NEWS) == 1); /* else: "nobody reads" */
	struct terminal writer = start_on_terminal("writer");
	eventually(shows(&writer, "writer: "));
	type(&writer, "Hello\n");
	eventually(shows(&writer, "Hello\n\rwriter: "));
	type(&writer, "half\4");
	expect_held(&writer, "half");
	type(&writer, "way\n");
	eventually(shows(&writer, "way\n\rwriter: "));
	type(&writer, "last\4");
	expect_held(&writer, "last");
	type(&writer, "\4");
	expect_both_end(writer.pid, reader.pid);
	shows(&writer, "");
	ck_assert_str_eq(writer.text, "\rwriter: Hello\n\rwriter: halfway\n"
				      "\rwriter: last\n");
	shows(&reader, "");
	ck_assert_str_eq(reader.text, "reader: Hello\nreader: halfway\n"
				      "reader: last\n");
}

/* It is said so many times, each time in two lines, and nothing else. */
static bool
nobody_reads_is_said(int times)
{
	const char *said = read_file("error", NULL);
	return count_in(said, "writer: nobody reads, the line waits; type in "
			      "another terminal:\n'") == times &&
	       count_in(said, "\n") == 2 * times;
}

TEST(to_a_typist_the_writer_says_before_each_turn_that_nobody_reads)
{
	struct terminal writer = terminal_for(
	    run, &(struct command){"writer", "-", "-", "error", NULL});
	eventually(shows(&writer, "writer: "));
	type(&writer, "one\n");
	eventually(shows(&writer, "one\n\rwriter: "));
	ck_assert(nobody_reads_is_said(1));
	type(&writer, "two\n");
	eventually(sleep_for_more(EMPTY) == 1);
	ck_assert(nobody_reads_is_said(2));
	pid_t reader = start_reader("out");
	eventually(file_has("out", "two\n") && sleep_for_more(NEWS) == 1);
	type(&writer, "three\n");
	eventually(file_has("out", "three\n"));
	ck_assert(nobody_reads_is_said(2));
	expect_end_by(reader, SIGKILL);
	type(&writer, "four\n");
	eventually(nobody_reads_is_said(3));
	reader = start_reader("out");
	type(&writer, "\4");
	expect_both_end(writer.pid, reader);
	ck_assert(nobody_reads_is_said(3));
	ck_assert(!shows(&writer, "nobody reads"));
}

static void
run_shell(const void *command)
{
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
}

/* In another terminal: what it says, as it stands there. */
static int
do_as_is_said(void)
{
	prepare_program(NULL, "out", "reader.err");
	const char *said = strchr(read_file("error", NULL), '\n') + 1;
	ck_assert_int_eq(chdir("/"), 0);
	run_shell(said);
	return 1;
}

/* The programs and the channel are in a directory with such a name. */
TEST_LOOP(the_command_that_is_said_to_a_typist_works_in_any_terminal, 3)
{
	static const char *const commands[] = {
	    "cd \"it's here\" && ./writer 2> ../error",
	    "ln -s \"it's here/writer\" x && ./x \"it's here\" 2> error",
	    "PATH=$place:$PATH; >writer; writer \"it's here\" 2> error"};
	const char *place = strdup(in_directory("it's here"));
	setenv("place", place, 1);
	ck_assert_int_eq(system("mkdir \"$place\" && "
				"cp writer reader \"$place\""),
			 0);
	ck_assert_int_eq(chdir(directory), 0);
	struct terminal writer = terminal_for(run_shell, commands[_i]);
	eventually(shows(&writer, "writer: "));
	type(&writer, "one\n");
	eventually(shows(&writer, "one\n\rwriter: "));
	pid_t reader = child(do_as_is_said);
	eventually(file_has("out", "one\n"));
	type(&writer, "\4");
	expect_both_end(writer.pid, reader);
}

TEST_IF(no_command_is_said_for_a_reader_that_is_not_there, 1, NO_SCRIPT,
	"needs no valgrind")
{
	setenv("place", directory, 1);
	struct terminal writer = terminal_for(
	    run_shell,
	    "cp writer \"$place\" && exec \"$place/writer\" \"$place\"");
	eventually(shows(&writer, "writer: "));
	type(&writer, "one\n");
	eventually(
	    shows(&writer, "writer: nobody reads, and the line waits\n"));
	pid_t reader = start_reader("out");
	type(&writer, "\4");
	expect_both_end(writer.pid, reader);
	ck_assert(!shows(&writer, "/reader'"));
}

TEST_LOOP(each_line_on_a_terminal_has_one_prefix, 2)
{
	make_input(_i == 0 ? LONG_LINE : ONLY_NEWLINES);
	const int lines = _i == 0 ? 3 : 1000;
	const size_t bytes = strlen(read_file("in", NULL)) + 8 * (size_t)lines;
	struct terminal reader = start_on_terminal("reader");
	pid_t writer = start_writer("in");
	eventually((shows(&reader, ""), strlen(reader.text) >= bytes));
	expect_both_end(writer, reader.pid);
	shows(&reader, "");
	ck_assert_uint_eq(strlen(reader.text), bytes);
	ck_assert_int_eq(count_in(reader.text, "\nreader: "), lines - 1);
}

TEST(sixty_lines_pasted_leave_one_prompt_and_a_stop_shows_it_again)
{
	char lines[60 * 8 + 1];
	pid_t reader = start_waiting_reader(); /* else: "nobody reads" */
	struct terminal writer = start_on_terminal("writer");
	eventually(shows(&writer, "writer: "));
	for (int i = 0; i < 60; i++)
		sprintf(lines + 8 * i, "line %02d\n", i);
	stop_process(writer.pid); /* so that all are there when it looks */
	type(&writer, lines);
	eventually(shows(&writer, "line 59\n"));
	kill(writer.pid, SIGCONT);
	eventually(file_has("out", "line 59\n"));
	eventually(shows(&writer, "line 59\n\rwriter: ") &&
		   is_asleep(writer.pid));
	ck_assert_int_eq(count_in(writer.text, "writer: "), 2);
	stop_process(writer.pid);
	kill(writer.pid, SIGCONT);
	eventually(shows(&writer, "\rwriter: \rwriter: "));
	type(&writer, "\4");
	expect_both_end(writer.pid, reader);
}

TEST(a_last_newline_that_cannot_be_written_is_an_error)
{
	char piece[TEXT_SIZE + 1] = "";
	memset(piece, 'x', TEXT_SIZE);
	signal(SIGHUP, SIG_IGN); /* the hangup does not end it */
	struct terminal reader = terminal_for(
	    run, &(struct command){"reader", NULL, "-", "error", NULL});
	pid_t writer = start_writer("|");
	dprintf(feed, "%s", piece);
	eventually(shows(&reader, "reader: xxx") && semaphore(EMPTY) == 1);
	close(reader.master);
	close(feed);
	expect_exit(writer, 0);
	expect_exit(reader.pid, 1);
	expect_complaint("error", "reader", directory,
			 "standard output, last newline", EIO);
}

/* The terminal is for typing or for reading what was typed: not both. */
TEST_LOOP(a_prompt_is_for_who_types_and_sees_it, 2)
{
	const struct command commands[] = {{"writer", "-", "file", "-", NULL},
					   {"writer", "in", "-", "-", NULL}};
	write_file("in", "line\n", 5);
	struct terminal writer = terminal_for(run, &commands[_i]);
	if (_i == 0)
		type(&writer, "line\n\4");
	expect_exit(writer.pid, 0);
	ck_assert(!shows(&writer, "writer: "));
	expect_file("file", "%s", "");
	expect_unread("line\n");
}

CASE("The programs", "what is told")

/* The two identifiers differ, as a set was there before. */
TEST(minus_v_tells_each_turn_in_a_line_of_its_own)
{
	remove_set(createsem(directory, 's', 1, 0));
	pid_t writer = start("writer", "|", NULL, "writes", told);
	eventually(semaphore(WRITERS) == 1 && semaphore(GUARD) == 1);
	const int semid = semaphore_set(), shmid = segment_of(directory);
	pid_t reader = start("reader", NULL, NULL, "reads", told);
	eventually(sleep_for_more(NEWS) == 1);
	dprintf(feed, "Hello\n");
	eventually(file_has("reads", "prints") && sleep_for_more(NEWS) == 1);
	stop_process(reader); /* else the writer may be the last to leave */
	close(feed);
	expect_exit(writer, 0);
	kill(reader, SIGCONT);
	expect_exit(reader, 0);
	expect_file("writes",
		    "GUARD EMPTY NEWS READERS WRITERS\n"
		    "    0     1    0       0       0  writer: set %d\n"
		    "    0     1    0       0       0  writer: segment %d\n"
		    "    0     1    0       1       1  writer: writes 6 bytes\n"
		    "    1     1    0       1       1  writer: leaves\n",
		    semid, shmid);
	expect_file("reads",
		    "GUARD EMPTY NEWS READERS WRITERS\n"
		    "    0     1    0       0       1  reader: set %d\n"
		    "    0     1    0       0       1  reader: segment %d\n"
		    "    1     1    0       1       1  reader: waits\n"
		    "    0     0    1       1       1  reader: prints 6 bytes\n"
		    "    1     1    0       1       1  reader: waits\n"
		    "    0     1    1       1       0  reader: end of input\n"
		    "    1     1    1       1       0  reader: leaves\n"
		    "    0     1    1       0       0  reader: removes both\n",
		    semid, shmid);
}

/* By the bounding set root has no more rights than others, in a program. */
TEST(a_directory_that_is_closed_meanwhile_keeps_nothing)
{
	prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE);
	prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH);
	pid_t reader = start_waiting_reader(), writer = start_joined_writer();
	chmod(directory, 0);
	end_input_and_both(writer, reader);
	chmod(directory, 0700);
}

CASE("The programs", "usage and errors")

#define NO_SECONDS "not a number from 0 to 1000000\n"
static const struct {
	const char *arguments[3], *says;
} usages[] = {
    {{"-x"}, " --help'\n"},
    {{"-s"}, " --help'\n"},
    {{"-s", "soon"}, ": -s soon: " NO_SECONDS},
    {{"-s", "-1"}, ": -s -1: " NO_SECONDS},
    {{"-s", "nan"}, ": -s nan: " NO_SECONDS},
    {{"-s", "1x"}, ": -s 1x: " NO_SECONDS},
    {{"-s", ""}, ": -s : " NO_SECONDS},
    {{"-s", "1000001"}, ": -s 1000001: " NO_SECONDS},
    {{"a", "b"}, ": b: only one path is allowed\n"},
};

TEST_LOOP(wrong_usage_is_answered, COUNT(usages))
{
	/* The default path, should the program go on. */
	ck_assert_int_eq(chdir(directory), 0);
	expect_exit(
	    start(programs[_i % 2], NULL, "out", "error", usages[_i].arguments),
	    2);
	ck_assert(file_has("error", usages[_i].says));
	expect_file("out", "%s", "");
}

/* As a user must see it: it is not taken from sharemem.c. */
static const char help[] =
    "Usage: writer [-hv] [-s seconds] [path]\n"
    "       reader [-hv] [-s seconds] [path]\n"
    "\n"
    "writer puts lines from standard input into shared memory, and reader\n"
    "prints them.  Start each in a terminal of its own.  Ctrl-D ends the\n"
    "input and both programs, Ctrl-C one of them.\n"
    "\n"
    "  -h, --help  print this text\n"
    "  -s seconds  stay inside for so long with every text (0 to 1000000)\n"
    "  -v          tell each turn on standard error, with the semaphores\n"
    "  path        a directory, the same for both (default: this one)\n";

TEST_LOOP(help_is_printed_and_a_full_disk_is_an_error, 2)
{
	const char *program = programs[_i];
	const char *asks[] = {_i == 0 ? "-h" : "--help", NULL};
	expect_exit(start(program, NULL, "out", "error", asks), 0);
	expect_file("out", "%s", help);
	expect_file("error", "%s", "");
	expect_exit(start(program, NULL, "/dev/full", "error", asks), 1);
	expect_file("error", "%s: standard output: No space left on device\n",
		    program);
}

/* A socket that is reset after the data: a partner with unread bytes. */
TEST(data_before_an_input_error_is_delivered_and_the_status_is_1)
{
	int ends[2];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	ck_assert_int_eq(write(ends[0], "?", 1), 1);
	ck_assert_int_eq(write(ends[1], "line\nrest", 9), 9);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	pid_t writer = start("writer", "-", "writer.out", "error", NULL);
	expect_exit(start_reader("out"), 0);
	expect_exit(writer, 1);
	expect_complaint("error", "writer", directory, "standard input",
			 ECONNRESET);
	expect_file("out", "line\nrest");
}

TEST(a_full_disk_and_a_closed_pipe_lose_nothing)
{
	int ends[2];
	leave_text("kept\n");
	expect_exit(start("reader", NULL, "/dev/full", "error", NULL), 1);
	expect_complaint("error", "reader", directory, "standard output",
			 ENOSPC);
	ck_assert_int_eq(pipe(ends), 0);
	close(ends[0]);
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	expect_signal(start("reader", NULL, "-", "error", NULL), SIGPIPE);
	expect_unread("kept\n");
}

TEST_LOOP(all_names_of_a_directory_are_the_same_channel, 3)
{
	static const char *const names[] = {"..", "../link", "../sub/../link/"};
	const char *const writers[] = {names[_i], NULL};
	const char *const readers[] = {names[(_i + 1) % 3], NULL};
	ck_assert_int_eq(chdir(directory), 0);
	ck_assert(mkdir("sub", 0700) == 0 && symlink(".", "link") == 0);
	/* Seen from the channel itself, these names lead somewhere else. */
	ck_assert_int_eq(chdir("sub"), 0);
	write_file("in", "met\n", 4);
	expect_exit(start("writer", "in", NULL, "error", writers), 0);
	expect_exit(start("reader", NULL, "out", "error", readers), 0);
	expect_file("out", "met\n");
}

TEST_LOOP(a_segment_removed_ends_its_users_when_somebody_comes, 2)
{
	const char *in = _i == 0 ? NULL : "|";
	pid_t user = start(programs[_i], in, "out", "error", NULL);
	eventually(semaphore(_i == 0 ? READERS : WRITERS) == 1 &&
		   semaphore(GUARD) == 1);
	remove_segment(segment_of(directory));
	/* The newcomer cannot meet the user there: it starts afresh. */
	leave_text("new\n");
	expect_file("writer.err", "%s", ""); /* none is lost */
	if (_i == 1)
		ck_assert_int_eq(write(feed, "old\n", 4), 4);
	expect_exit(user, 1);
	expect_complaint("error", programs[_i], directory, "sem_wait_p", EIDRM);
	expect_unread("new\n");
}
