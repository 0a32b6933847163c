/*
 * check_readme.c - every session in README is typed, into terminals of its own,
 * and what these show is compared with what README says they show.
 *
 * A session is a block of indented lines that begins with a prompt, `$ '; if
 * there are two terminals, each line begins with the terminal's number.  After
 * a prompt comes a command; a line that begins with `writer: ' is typed, unless
 * it is one of -v's; ^D is Ctrl-D.  Identifiers, keys and owners may differ.
 */
#define _GNU_SOURCE

#include "support.h"

#include <ctype.h>
#include <err.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINES = 400, WIDTH = 256, TERMINALS = 2 };

static char lines[LINES][WIDTH];
static int count;

/* A session's lines are those from `first' until `after'. */
static int sessions, first_of[LINES], after_of[LINES];

static bool
is_indented(const char *line)
{
	return strncmp(line, "  ", 2) == 0 && !isspace((unsigned char)line[2]);
}

static bool
is_numbered(const char *line)
{
	return (line[2] == '1' || line[2] == '2') && line[3] == ' ';
}

static void
read_sessions(void)
{
	FILE *file = fopen("README", "r");
	if (file == NULL)
		err(1, "README");
	while (count < LINES && fgets(lines[count], WIDTH, file) != NULL) {
		lines[count][strcspn(lines[count], "\n")] = '\0';
		count++;
	}
	fclose(file);
	for (int i = 0; i < count; i++) {
		const char *line = lines[i];
		if (!is_indented(line) ||
		    (i > 0 && is_indented(lines[i - 1])) ||
		    strncmp(line + (is_numbered(line) ? 4 : 2), "$ ", 2) != 0)
			continue;
		first_of[sessions] = i;
		while (i < count && is_indented(lines[i]))
			i++;
		after_of[sessions++] = i;
	}
}

/* Leave out what differs from run to run, and how wide the columns are. */
static void
normalize(const char *text, char *result)
{
	int field = 0;
	bool key_first = false;

	while (*text != '\0') {
		bool starts = field == 0;
		if (starts)
			key_first = strncmp(text, "0x", 2) == 0;
		size_t word = strcspn(text, " \n");
		bool id = (word > 0 && isdigit((unsigned char)*text) &&
			   result >= (char *)4 &&
			   (strncmp(result - 4, "set ", 4) == 0 ||
			    strncmp(result - 8, "segment ", 8) == 0)) ||
			  (key_first && (field == 1 || field == 2));
		if (strncmp(text, "0x", 2) == 0) {
			result = stpcpy(result, "KEY");
			if (text[word - 1] == ':')
				*result++ = ':';
		} else if (id)
			result = stpcpy(result, "ANY");
		else
			result = mempcpy(result, text, word);
		text += word;
		field++;
		bool space = false;
		while (*text == ' ') {
			space = true;
			text++;
		}
		if (*text == '\n') {
			*result++ = *text++;
			field = 0;
		} else if (space && *text != '\0')
			*result++ = ' ';
		else if (space)
			*result++ = ' ';
	}
	*result = '\0';
}

static void
become_shell(const void *unused)
{
	(void)unused;
	if (chdir(directory) == -1)
		err(126, "%s", directory);
	setenv("PS1", "$ ", 1);
	setenv("LC_ALL", "C", 1);
	unsetenv("ENV");
	execl("/bin/sh", "sh", "-i", (char *)NULL);
	err(126, "/bin/sh");
}

static bool
shows_so_far(struct terminal *terminal, const char *expected)
{
	static char is[2 * SCREEN], should[2 * SCREEN];
	/* A word before the results, for normalize() to look back at. */
	strcpy(is, "........");
	strcpy(should, "........");
	shows(terminal, "");
	normalize(terminal->text, is + 8);
	normalize(expected, should + 8);
	return strncmp(is, should, strlen(should)) == 0;
}

#define expect_shown(terminal, expected, line)                                 \
	do {                                                                   \
		double until = now() + DEADLINE;                               \
		while (!shows_so_far(terminal, expected)) {                    \
			ck_assert_msg(now() < until,                           \
				      "README line %d:\n%s\nexpected:\n%s",    \
				      line, (terminal)->text, expected);       \
			nap();                                                 \
		}                                                              \
	} while (0)

START_TEST(every_session_of_readme_shows_what_readme_says)
{
	static struct terminal terminals[TERMINALS];
	static char expected[TERMINALS][SCREEN];
	char link[PATH_MAX];

	if (unshare(CLONE_NEWIPC) == -1)
		printf("README's sessions share the IPC namespace\n");
	for (int i = 0; i < 2; i++) {
		const char *program = i == 0 ? "writer" : "reader";
		snprintf(link, sizeof(link), "%.200s/%s", top, program);
		ck_assert_int_eq(symlink(link, in_directory(program)), 0);
	}
	for (int i = first_of[_i]; i < after_of[_i]; i++) {
		const bool numbered = is_numbered(lines[i]);
		const char *text = lines[i] + (numbered ? 4 : 2);
		const int t = numbered ? lines[i][2] - '1' : 0;
		struct terminal *terminal = &terminals[t];
		char *end = expected[t] + strlen(expected[t]);

		if (terminal->pid == 0)
			*terminal = terminal_for(become_shell, NULL);
		if (strncmp(text, "$ ", 2) == 0) {
			/* The prompt may stand there already. */
			if (end - expected[t] < 2 || strcmp(end - 2, "$ ") != 0)
				end = stpcpy(end, "$ ");
			expect_shown(terminal, expected[t], i + 1);
			type(terminal, text + 2);
			type(terminal, "\n");
			sprintf(end, "%s\n", text + 2);
		} else if (strcmp(text, "$") == 0)
			strcpy(end, "$ ");
		else if (strncmp(text, "writer: ", 8) == 0 &&
			 strstr(text, " GUARD ") == NULL) {
			end = stpcpy(end, "writer: ");
			expect_shown(terminal, expected[t], i + 1);
			if (strcmp(text + 8, "^D") == 0)
				type(terminal, "\4");
			else {
				type(terminal, text + 8);
				type(terminal, "\n");
				end = stpcpy(end, text + 8);
			}
			strcpy(end, "\n");
		} else
			sprintf(end, "%s\n", text);
		expect_shown(terminal, expected[t], i + 1);
	}
	for (int t = 0; t < TERMINALS; t++)
		if (terminals[t].pid != 0) {
			char *end = expected[t] + strlen(expected[t]);
			if (strcmp(end - 2, "$ ") != 0)
				strcpy(end, "$ ");
			expect_shown(&terminals[t], expected[t], after_of[_i]);
			kill(terminals[t].pid, SIGKILL);
			await(terminals[t].pid);
		}
}
END_TEST

START_TEST(readme_can_be_read_on_any_terminal)
{
	ck_assert_int_gt(sessions, 5);
	ck_assert_int_le(count, 300);
	for (int i = 0; i < count; i++)
		ck_assert_msg(strlen(lines[i]) <= 80, "line %d is too long",
			      i + 1);
}
END_TEST

/* What README's tables name is there: helpers and tests. */
START_TEST(readme_names_what_is_there)
{
	static const char *const names[] = {
	    "begin_write", "begin_read", "end_write", "end_read",  "join",
	    "leave",	   "ours",	 "createsem", "createshm", "openshm",
	    "shm_status",  "shm_attach", "shm_delete"};
	char command[128];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(command, sizeof(command),
			 "grep -q '%s' README && grep -q '^%s(' sharemem.c",
			 names[i], names[i]);
		ck_assert_msg(system(command) == 0, "%s", names[i]);
	}
	for (int number = 1; number <= 20; number++) {
		snprintf(command, sizeof(command),
			 "grep -q 'START_TEST(s%02d_' test/check_chapter.c",
			 number);
		ck_assert_msg(system(command) == 0, "%s", command);
	}
}
END_TEST

Suite *
readme_suite(void)
{
	Suite *suite = suite_create("README");
	TCase *tcase = add_case(suite, "sessions");

	read_sessions();
	tcase_add_loop_test(
	    tcase, every_session_of_readme_shows_what_readme_says, 0, sessions);
	tcase_add_test(tcase, readme_can_be_read_on_any_terminal);
	tcase_add_test(tcase, readme_names_what_is_there);
	return suite;
}
