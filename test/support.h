/*
 * support.h - what the suites share: a directory for every test, so a key of
 * its own; running programs; waiting for things, with a deadline.
 */
#ifndef SUPPORT_H
#define SUPPORT_H

#include "sharemem.h"

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define DEADLINE deadline() /* seconds without any progress */
int deadline(void);
long progress(void); /* the size of all files of the test: it grows */

/* The suites, one a file. */
Suite *chapter_suite(void);
Suite *programs_suite(void);
Suite *readme_suite(void);
Suite *foreign_suite(void);
Suite *deaths_suite(void);
Suite *storms_suite(void);

/* The test's own directory: the channel, and the place for its files. */
extern char directory[];
extern char top[]; /* where the programs are: the current directory */
const char *in_directory(const char *name);

/* Fixture: makes the directory.  What the test leaves, main() removes. */
void enter_directory(void);
/* Fixture: fails the test if it leaves a set or a segment. */
void expect_nothing_left(void);
bool anything_left(void);

/* Add a case with these fixtures to the suite. */
TCase *add_case(Suite *suite, const char *name);

/* A test that only root can run is said to be skipped, and not counted. */
#define add_root_test(tcase, test)                                             \
	do {                                                                   \
		if (geteuid() == 0)                                            \
			tcase_add_test(tcase, test);                           \
		else                                                           \
			printf("skipped, needs root: %s\n", #test);            \
	} while (0)

/* Wait until `condition' comes true: as long as anything goes on. */
#define eventually(condition) eventually_or(condition, "never: " #condition)
#define eventually_or(condition, ...)                                          \
	do {                                                                   \
		double until = now() + DEADLINE;                               \
		for (long was = progress(); !(condition); nap())               \
			if (now() > until) {                                   \
				ck_assert_msg(progress() != was, __VA_ARGS__); \
				was = progress();                              \
				until = now() + DEADLINE;                      \
			}                                                      \
	} while (0)
double now(void); /* seconds */
void nap(void);	  /* a millisecond */

/* Files in the directory. */
void write_file(const char *name, const void *bytes, size_t count);
char *read_file(const char *name, size_t *count); /* never NULL; may be "" */
void ck_assert_same_file(const char *name, const char *other);
bool file_has(const char *name, const char *text);

/*
 * Start a program with these files of the directory as standard input, output
 * and error; NULL is /dev/null, "-" the test's own, "|" (input only) a pipe,
 * whose other end is `feed'.  `arguments' end with NULL; without any, the
 * directory is given.
 */
extern int feed;
pid_t start(const char *program, const char *in, const char *out,
	    const char *error, const char *const arguments[]);
/* Become the program, in a child of the test's own. */
void exec_program(const char *program, const char *in, const char *out,
		  const char *error);
pid_t start_writer(const char *in);
pid_t start_reader(const char *out);

/* Wait for its end, with the deadline.  waitpid(2)'s status; its exit status */
int await(pid_t pid);
int exit_status(pid_t pid);
int signal_of(pid_t pid);

/* A program on a terminal of its own: what it shows, without CRs; typing. */
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

bool is_asleep(pid_t pid);
/* While a process that polls wakes 200 times, this one does not wake once. */
void expect_asleep(pid_t pid);

/* A child that runs `code' and ends; its status is `code's result. */
pid_t child(int (*code)(void));

#endif
