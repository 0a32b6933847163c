/*
 * check_readme.c - every session in README is typed, into terminals of its own,
 * and what these show is compared with what README says they show.
 *
 * A session is a block of indented lines that begins with a prompt, `$ '; if
 * there are several terminals, each line begins with the terminal's number.
 * After a prompt comes a command; a line that begins with `writer: ' is typed,
 * but for messages (`writer: /'); ^D is Ctrl-D.  Identifiers, keys and owners
 * may differ, and the number of blanks.
 */
#define _GNU_SOURCE

#include "support.h"

#include <ctype.h>
#include <err.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINES = 400, WIDTH = 256, TERMINALS = 3 };

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
	return line[2] >= '1' && line[2] < '1' + TERMINALS && line[3] == ' ';
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

/* Is this word, after that one, one that differs from run to run? */
static const char *
stand_in(const char *word, const char *before, int field, bool table)
{
	if (strncmp(word, "0x", 2) == 0 && strchr(word, ':') != NULL)
		return "KEY:";
	if (strncmp(word, "0x", 2) == 0)
		return "KEY";
	if (strncmp(word, "semtimedop(", 11) == 0)
		return "semtimedop(ANY";
	if (isdigit((unsigned char)*word) &&
	    (strcmp(before, "set") == 0 || strcmp(before, "segment") == 0))
		return "ANY";
	return table && (field == 1 || field == 2) ? "ANY" : word;
}

/* Leave out what differs, and how wide the columns are. */
static void
normalize(const char *text, char *result)
{
	char word[WIDTH], before[WIDTH] = "";
	bool table = false; /* a line of ipcs: key, identifier, owner */

	for (int field = 0; *text != '\0';) {
		const size_t length = strcspn(text, " \n");
		if (length > 0 && length < WIDTH) {
			memcpy(word, text, length);
			word[length] = '\0';
			if (field == 0)
				table = strncmp(word, "0x", 2) == 0;
			result = stpcpy(result,
					stand_in(word, before, field, table));
			strcpy(before, word);
			field++;
		}
		text += length;
		const size_t blanks = strspn(text, " ");
		text += blanks;
		if (blanks > 0 && *text != '\n' && *text != '\0')
			*result++ = ' ';
		if (*text == '\n') {
			*result++ = *text++;
			field = 0;
		}
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
	shows(terminal, "");
	normalize(terminal->text, is);
	normalize(expected, should);
	return strncmp(is, should, strlen(should)) == 0;
}

#define expect_shown(terminal, expected, line)                                 \
	eventually_or(shows_so_far(terminal, expected),                        \
		      "README line %d:\n%s\nexpected:\n%s", line,              \
		      (terminal)->text, expected)

/* A terminal, and what README says that it shows. */
static struct screen {
	struct terminal terminal;
	char expected[SCREEN];
} screens[TERMINALS];

/* What runs there in the foreground sleeps; or its shell, at the prompt. */
static bool
is_quiet(struct terminal *terminal)
{
	const pid_t front = tcgetpgrp(terminal->master);
	shows(terminal, "");
	const size_t length = strlen(terminal->text);
	return is_asleep(front) &&
	       (front != terminal->pid ||
		(length >= 2 &&
		 strcmp(terminal->text + length - 2, "$ ") == 0));
}

/* People type when they see that nothing moves any more. */
static void
type_at_leisure(struct terminal *terminal, const char *keys)
{
	for (int t = 0; t < TERMINALS; t++)
		if (screens[t].terminal.pid != 0)
			eventually(is_quiet(&screens[t].terminal));
	type(terminal, keys);
}

static void
prepare_directory(void)
{
	char link[PATH_MAX], parent[PATH_MAX];

	for (int i = 0; i < 2; i++) {
		const char *program = i == 0 ? "writer" : "reader";
		snprintf(link, sizeof(link), "%.200s/%s", top, program);
		ck_assert_int_eq(symlink(link, in_directory(program)), 0);
	}
	snprintf(parent, sizeof(parent), "%.200s/..", directory);
	ck_assert_int_eq(chmod(parent, 0755), 0); /* for another user */
	ck_assert_int_eq(chmod(directory, 0755), 0);
}

static bool
is_typed(const char *text)
{
	return strncmp(text, "writer: ", 8) == 0 && text[8] != '/' &&
	       strncmp(text, "writer: it ", 11) != 0;
}

/* Do, or expect, one line of a session. */
static void
play_line(struct screen *screen, const char *text, int number)
{
	struct terminal *terminal = &screen->terminal;
	char *end = screen->expected + strlen(screen->expected);

	if (terminal->pid == 0)
		*terminal = terminal_for(become_shell, NULL);
	if (strncmp(text, "$ ", 2) == 0) {
		/* The prompt may stand there already. */
		if (end - screen->expected < 2 || strcmp(end - 2, "$ ") != 0)
			end = stpcpy(end, "$ ");
		expect_shown(terminal, screen->expected, number);
		type_at_leisure(terminal, text + 2);
		type(terminal, "\n");
		sprintf(end, "%s\n", text + 2);
	} else if (strcmp(text, "$") == 0)
		strcpy(end, "$ ");
	else if (is_typed(text)) {
		const bool end_of_input = strcmp(text + 8, "^D") == 0;
		end = stpcpy(end, "writer: ");
		expect_shown(terminal, screen->expected, number);
		type_at_leisure(terminal, end_of_input ? "\4" : text + 8);
		type(terminal, end_of_input ? "" : "\n");
		sprintf(end, "%s\n", end_of_input ? "" : text + 8);
	} else
		sprintf(end, "%s\n", text);
	expect_shown(terminal, screen->expected, number);
}

/* The session's last word is a prompt, or a program that still runs. */
static void
end_terminal(struct terminal *terminal)
{
	if (terminal->pid == 0)
		return;
	type(terminal, "\3");
	type(terminal, "\3");
	kill(terminal->pid, SIGHUP);
	close(terminal->master);
	kill(terminal->pid, SIGKILL);
	await(terminal->pid);
}

START_TEST(every_session_of_readme_shows_what_readme_says)
{
	prepare_directory();
	for (int i = first_of[_i]; i < after_of[_i]; i++) {
		const bool numbered = is_numbered(lines[i]);
		if (strstr(lines[i], "su -s") != NULL && geteuid() != 0) {
			printf("skipped, needs root: README line %d\n", i + 1);
			break;
		}
		play_line(&screens[numbered ? lines[i][2] - '1' : 0],
			  lines[i] + (numbered ? 4 : 2), i + 1);
	}
	for (int t = 0; t < TERMINALS; t++)
		end_terminal(&screens[t].terminal);
	eventually(!anything_left());
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

static bool
shell(const char *format, ...)
{
	char command[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	return system(command) == 0;
}

/* What README's tables name is there, and the tests are in its table. */
START_TEST(readme_names_what_is_there)
{
	static const char *const names[] = {
	    "join",	      "leave",	   "ours",	"createsem",
	    "createshm",      "openshm",   "take_part", "enter_set",
	    "remove_if_last", "sem_wait_p"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_msg(shell("grep -q '%s' README && "
				    "grep -q '^%s(' sharemem.c",
				    names[i], names[i]),
			      "%s", names[i]);
	ck_assert(shell("for name in $(sed -n '/^QUESTIONS/,/^TROUBLE/s/^  .*  "
			"//p' README); do test -f $name || "
			"grep -q \"^$name(\" sharemem.c || exit 1; done"));
	for (int number = 1; number <= 20; number++)
		ck_assert_msg(
		    shell("grep -q 'START_TEST(s%02d_' test/check_chapter.c && "
			  "grep -q '  *[a-z].* s%02d' README",
			  number, number),
		    "s%02d", number);
	ck_assert(shell("for target in $(make -s help | cut -d ' ' -f 2); do "
			"sed -n '/make help/,/^$/p' README | "
			"grep -qw $target || exit 1; done"));
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
