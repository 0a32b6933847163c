/*
 * support.h - what the suites share, and the headers that most of them need: a
 * directory for every test, so a key of its own; running programs; waiting for
 * things, with a deadline.
 *
 * How a test is written here.  This is a whole suite, in a file of its own:
 *
 *	#include "support.h"
 *
 *	CASE("My suite", "texts that wait")
 *
 *	TEST(a_text_waits_for_its_reader)
 *	{
 *		leave_text("Hello\n");
 *		ck_assert(unread());
 *		expect_exit(start_reader("out"), 0);
 *		ck_assert_same_file("in", "out");
 *	}
 *
 * make finds test/check_*.c.  TEST() is Check's START_TEST(), and more: it puts
 * the test into the CASE() above it before main() runs.  So there is no list of
 * tests.  Each test is a process, in a new directory, and others run beside it.
 * This runs the tests with such a word in their name:
 *
 *	$ CK_RUN_TEST=a_text_waits test/check
 */
#ifndef SUPPORT_H
#define SUPPORT_H

#include "sharemem.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int deadline(void); /* seconds that a test waits for one thing */
#define DEADLINE deadline()

#define COUNT(table) (int)(sizeof(table) / sizeof(*(table)))

/* The test's own directory: the channel, and the place for its files. */
extern char directory[];
extern char top[]; /* where the programs are: the current directory */
const char *in_directory(const char *name);

/* Fixture: makes the directory.  What the test leaves, main() removes. */
void enter_directory(void);
/* Fixture: fails the test if it leaves a set or a segment. */
void expect_nothing_left(void);
bool anything_left(void);

/*
 * Each test of a case begins with its first fixture and ends with its second.
 * TEST_LOOP() runs a test several times, with _i from 0.  TEST_IF() skips it,
 * and says why, unless the condition holds; a name such as IS_ROOT stands for a
 * condition and its reason.
 */
#define CASE(suite, name)                                                      \
	CASE_WITH(suite, name, enter_directory, expect_nothing_left)
#define CASE_WITH(suite, name, before, after)                                  \
	REGISTER(UNIQUE(case_, __LINE__), suite, name, before, after, NULL,    \
		 NULL)
#define TEST(test)		  TEST_IF(test, 1, true, "")
#define TEST_LOOP(test, times)	  TEST_IF(test, times, true, "")
#define TEST_ROOT(test)		  TEST_IF(test, 1, IS_ROOT)
#define IS_ROOT			  geteuid() == 0, "needs root"
#define TEST_IF(test, times, ...) TEST_IF_(test, times, __VA_ARGS__)
#define TEST_IF_(test, times, condition, why)                                  \
	static const TTest *test; /* START_TEST() defines it */                \
	static int test##_times(void)                                          \
	{                                                                      \
		return may_run(#test, condition, why) ? times : 0;             \
	}                                                                      \
	REGISTER(test##_enter, NULL, #test, NULL, NULL, test##_times, &test)   \
	START_TEST(test)
#define REGISTER(function, ...)                                                \
	__attribute__((constructor)) static void function(void)                \
	{                                                                      \
		static struct entry entry = {__FILE__, __LINE__, __VA_ARGS__,  \
					     NULL};                            \
		register_entry(&entry);                                        \
	}
#define UNIQUE(name, line)  UNIQUE_(name, line)
#define UNIQUE_(name, line) name##line
struct entry {
	const char *file;
	int line;
	const char *suite, *name; /* a test has no suite: it is the case's */
	SFun before, after;
	int (*times)(void); /* a case has neither this nor the next */
	const TTest **test;
	struct entry *next;
};
void register_entry(struct entry *entry);
bool may_run(const char *test, bool condition, const char *why);

/*
 * Wait until `condition' comes true.  (An assertion at each look would be much
 * to write for Check, into a file that the test shares with its children.)
 */
#define eventually(condition) eventually_or(condition, "never: " #condition)
#define eventually_or(condition, ...)                                          \
	for (double until = now() + DEADLINE; !(condition); nap())             \
	now() < until ? (void)0 : ck_abort_msg(__VA_ARGS__)
double now(void); /* seconds */
void nap(void);	  /* a millisecond */

/* Files in the directory. */
void write_file(const char *name, const void *bytes, size_t count);
char *read_file(const char *name, size_t *count); /* never NULL; may be "" */
void ck_assert_same_file(const char *name, const char *other);
bool file_has(const char *name, const char *text);
/* The whole file, or nothing if there is none, is this text. */
void expect_file(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The file is what the program says of an error (errno), with its advice. */
void expect_complaint(const char *name, const char *program, const char *path,
		      const char *what, int reason);

/*
 * Start a program with these files of the directory as standard input, output
 * and error; NULL is /dev/null, "-" the test's own, "|" (input only) a pipe,
 * whose other end is `feed'.  `arguments' end with NULL; without any, the
 * directory is given.
 */
extern int feed;
pid_t start(const char *program, const char *in, const char *out,
	    const char *error, const char *const arguments[]);
/* In a child of the test's own: redirect; become the program. */
void prepare_program(const char *in, const char *out, const char *error);
void execute(const char *program, const char *const arguments[]);
pid_t start_writer(const char *in);
pid_t start_reader(const char *out);

/* A reader that prints to "out" and sleeps until there is news. */
pid_t start_waiting_reader(void);
/* A writer that waits for a line from `feed'. */
pid_t start_joined_writer(void);
/* Put the text into the channel, and into "in"; no reader need be there. */
void leave_text(const char *text);

/* Wait for its end, with the deadline.  Returns waitpid(2)'s status. */
int await(pid_t pid);
int exit_status(pid_t pid); /* its own; or -signo, if a signal has ended it */
#define expect_exit(pid, status)  ck_assert_int_eq(exit_status(pid), status)
#define expect_signal(pid, signo) ck_assert_int_eq(exit_status(pid), -(signo))
#define expect_errno(call, reason)                                             \
	do {                                                                   \
		ck_assert_int_eq(call, -1);                                    \
		ck_assert_int_eq(errno, reason);                               \
	} while (0)
void stop_process(pid_t pid); /* SIGSTOP, and wait until it has stopped */
void expect_both_end(pid_t writer, pid_t reader); /* with exit status 0 */
void expect_end_by(pid_t pid, int signo);	  /* after the signal is sent */

/*
 * A program on a terminal of its own: what it shows, and typing.  The
 * terminal's driver puts a CR before each newline; these CRs are left out,
 * others stay.
 */
#define SCREEN 65536
struct terminal {
	pid_t pid;
	int master;
	char *text;
};
struct terminal start_on_terminal(const char *program);
struct terminal terminal_for(void (*code)(const void *), const void *argument);
void type(struct terminal *terminal, const char *keys);
bool shows(struct terminal *terminal, const char *text);

/* The semaphores of the test's channel. */
int semaphore_set(void);
int semaphore(int index);
bool unread(void); /* there is a set, and text in its segment */
/* How many processes sleep until the semaphore is positive. */
int sleep_for_more(int index);

/* The objects of a path, or -1; and an end to them. */
int set_of(const char *path);
int segment_of(const char *path);
#define remove_set(id)	   ck_assert_int_eq(semctl(id, 0, IPC_RMID), 0)
#define remove_segment(id) ck_assert_int_eq(shmctl(id, IPC_RMID, NULL), 0)

bool is_asleep(pid_t pid);
/* How often the kernel has put the process to sleep and woken it. */
long switches(pid_t pid);
/* While the test, which polls, wakes 200 times, this one does not wake once. */
void expect_asleep(pid_t pid);

/* A child that runs `code' and ends; its status is `code's result. */
pid_t child(int (*code)(void));
pid_t child_of(int (*code)(int), int argument);

#endif
