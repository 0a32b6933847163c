/*
 * check_readme.c - README is true.  Every session in it is typed into terminals
 * of its own, and what these show is compared with what README says.  What
 * README names is there: functions, tests, mutants, make targets.
 *
 * A session is a block of indented lines that begins with a prompt, `$ '.  If a
 * session has several terminals, each line begins with the terminal's number.
 * A line is typed if it begins with a prompt, or with `writer: ' and a capital;
 * ^C and ^D are keys.  All other lines are expected on the screen.  What
 * differs from run to run is not compared: identifiers, keys, owners, process
 * numbers, times, and the number of blanks.  Where a command names an
 * identifier that -v has told, the one of this run is typed.
 */
#define _GNU_SOURCE

#include "support.h"

#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <regex.h>

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

static int
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
		while (i < count && strncmp(lines[i], "  ", 2) == 0)
			i++;
		after_of[sessions++] = i;
	}
	return sessions;
}

/* What differs from run to run, and what stands for it; at last, blanks. */
static const struct {
	const char *pattern, *stand_in;
} differences[] = {
    {"0x[0-9a-f]+", "KEY"},
    {"^KEY +[0-9]+ +[^ ]+", "KEY ID OWNER"}, /* a line of ipcs */
    {"set [0-9]+", "set ID"},
    {"segment [0-9]+", "segment ID"},
    {"(shmid|semid|lpid|cpid|c?uid|c?gid)=[0-9]+", "ID"},
    {"time *= *[A-Z][a-z]+ [A-Z].*[0-9]", "TIME"},
    {"^reader: O?n?l?y?$", "reader: PIECE"}, /* the paper's, by chance */
    {"\r", ""},				     /* the prompt's */
    {"[ \t]+", " "},
    {" $", ""},
};
enum { DIFFERENCES = sizeof(differences) / sizeof(differences[0]) };

/* Replace in one line all that the pattern matches. */
static void
replace(char *line, const regex_t *pattern, const char *stand_in)
{
	char rest[SCREEN];
	regmatch_t match;
	size_t at = 0;

	while (regexec(pattern, line + at, 1, &match,
		       at > 0 ? REG_NOTBOL : 0) == 0 &&
	       match.rm_eo > match.rm_so) {
		strcpy(rest, line + at + match.rm_eo);
		at += (size_t)match.rm_so;
		strcpy(line + at, stand_in);
		at += strlen(stand_in);
		strcpy(line + at, rest);
	}
}

static void
normalize(const char *text, char *result)
{
	static regex_t compiled[DIFFERENCES];
	static bool done;

	for (int i = 0; !done && i < DIFFERENCES; i++)
		ck_assert_int_eq(
		    regcomp(&compiled[i], differences[i].pattern, REG_EXTENDED),
		    0);
	done = true;
	while (*text != '\0') {
		const size_t length = strcspn(text, "\n");
		memcpy(result, text, length);
		result[length] = '\0';
		for (int i = 0; i < DIFFERENCES; i++)
			replace(result, &compiled[i], differences[i].stand_in);
		result += strlen(result);
		text += length;
		if (*text == '\n')
			*result++ = *text++;
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
	bool ended; /* Ctrl-D was typed: our writer prints a newline now */
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

/* The programs, and the paper's pair where README looks for it. */
static void
prepare_directory(void)
{
	static const char *const programs[] = {
	    "writer", "reader", "test/printed/writer", "test/printed/reader"};
	char link[PATH_MAX], parent[PATH_MAX];

	ck_assert_int_eq(mkdir(in_directory("test"), 0755), 0);
	ck_assert_int_eq(mkdir(in_directory("test/printed"), 0755), 0);
	for (int i = 0; i < 4; i++) {
		snprintf(link, sizeof(link), "%.200s/%s", top, programs[i]);
		ck_assert_int_eq(symlink(link, in_directory(programs[i])), 0);
	}
	snprintf(parent, sizeof(parent), "%.200s/..", directory);
	ck_assert_int_eq(chmod(parent, 0755), 0); /* for another user */
	ck_assert_int_eq(chmod(directory, 0755), 0);
	/* The longest sleep of a session is 5 seconds. */
	if (deadline() < 15)
		setenv("CK_DEADLINE", "15", 1);
}

static int
files_in(const char *path)
{
	int files = 0;
	DIR *entries = opendir(path);

	ck_assert_ptr_nonnull(entries);
	for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
		files += entry->d_name[0] != '.';
	closedir(entries);
	return files;
}

/* The identifiers and keys that README shows, and those of this run. */
static struct {
	char in_readme[16], here[16];
} numbers[64];
static int known;

/* The next word that begins with a digit, and what stands after it; or NULL. */
static const char *
next_number(const char *line, char number[16])
{
	for (; *line != '\0' && *line != '\n';
	     line += strcspn(line, " ,\n"), line += strspn(line, " ,"))
		if (isdigit((unsigned char)*line)) {
			const size_t length = strcspn(line, " ,\n");
			const size_t kept = length < 15 ? length : 15;
			memcpy(number, line, kept);
			number[kept] = '\0';
			line += length;
			return line + strspn(line, " ,");
		}
	return NULL;
}

/* README's line and the screen's are the same, but for their numbers. */
static void
learn_numbers(const char *in_readme, const struct screen *screen)
{
	const char *here = screen->terminal.text, *end;

	for (end = screen->expected;
	     (end = strchr(end, '\n')) != NULL && end[1] != '\0'; end++)
		here = strchr(here, '\n') + 1;
	while (known < 64 &&
	       (in_readme = next_number(in_readme, numbers[known].in_readme)) &&
	       (here = next_number(here, numbers[known].here)))
		known++;
}

/* The command, with this run's identifiers in place of README's. */
static const char *
with_numbers_of_this_run(const char *command)
{
	static char typed[2 * WIDTH];
	char *end = typed, word[WIDTH];

	while (*command != '\0') {
		const size_t length = strcspn(command, " ;"),
			     rest = length + strspn(command + length, " ;");
		snprintf(word, sizeof(word), "%.*s", (int)length, command);
		for (int i = known - 1; i >= 0; i--)
			if (strcmp(word, numbers[i].in_readme) == 0) {
				strcpy(word, numbers[i].here);
				break;
			}
		end += sprintf(end, "%s%.*s", word, (int)(rest - length),
			       command + length);
		command += rest;
	}
	return typed;
}

/* Is it typed, and not a message of writer's? */
static bool
is_typed(const char *text)
{
	return text[0] == '^' ||
	       (strncmp(text, "writer: ", 8) == 0 &&
		(isupper((unsigned char)text[8]) || text[8] == '^'));
}

/* Type a line, or a key, and expect what the terminal echoes. */
static void
type_line(struct screen *screen, const char *text, int number)
{
	struct terminal *terminal = &screen->terminal;
	char *end = screen->expected + strlen(screen->expected);
	const char *line = text[0] == '^' ? text : text + 8;

	if (line != text)
		end = stpcpy(end, "writer: ");
	expect_shown(terminal, screen->expected, number);
	if (strcmp(line, "^D") == 0) {
		type_at_leisure(terminal, "\4");
		screen->ended = true;
	} else if (strcmp(line, "^C") == 0) {
		type_at_leisure(terminal, "\3");
		strcpy(end, "^C\n");
	} else {
		type_at_leisure(terminal, line);
		type(terminal, "\n");
		sprintf(end, "%s\n", line);
	}
}

/* Type a command after the prompt, which may stand there already. */
static void
type_command(struct screen *screen, const char *command, int number)
{
	struct terminal *terminal = &screen->terminal;
	char *end = screen->expected + strlen(screen->expected);

	if (end - screen->expected < 2 || strcmp(end - 2, "$ ") != 0)
		end = stpcpy(end, "$ ");
	expect_shown(terminal, screen->expected, number);
	command = with_numbers_of_this_run(command);
	type_at_leisure(terminal, command);
	type(terminal, "\n");
	sprintf(end, "%s\n", command);
}

/* Do, or expect, one line of a session. */
static void
play_line(struct screen *screen, const char *text, int number)
{
	struct terminal *terminal = &screen->terminal;
	char *end = screen->expected + strlen(screen->expected);

	if (terminal->pid == 0)
		*terminal = terminal_for(become_shell, NULL);
	if (screen->ended && text[0] != '^')
		end = stpcpy(end, "\n");
	screen->ended = false;
	if (strncmp(text, "$ ", 2) == 0)
		type_command(screen, text + 2, number);
	else if (strcmp(text, "$") == 0)
		strcpy(end, "$ ");
	else if (is_typed(text))
		type_line(screen, text, number);
	else
		sprintf(end, "%s\n", text);
	expect_shown(terminal, screen->expected, number);
	if (!is_typed(text) && text[0] != '$')
		learn_numbers(text, screen);
}

/* The session ends at a prompt in each terminal. */
static void
end_terminal(struct terminal *terminal)
{
	if (terminal->pid == 0)
		return;
	eventually_or(
	    is_quiet(terminal) && tcgetpgrp(terminal->master) == terminal->pid,
	    "the session does not end its programs:\n%s", terminal->text);
	kill(terminal->pid, SIGHUP);
	close(terminal->master);
	kill(terminal->pid, SIGKILL);
	await(terminal->pid);
}

CASE("README", "sessions")

TEST_LOOP(every_session_of_readme_shows_what_readme_says, read_sessions())
{
	prepare_directory();
	for (int i = first_of[_i]; i < after_of[_i]; i++)
		if (strstr(lines[i], "ipcs -s -m") != NULL && geteuid() != 0) {
			printf("skipped, needs an IPC namespace of its own: "
			       "README line %d\n",
			       i + 1);
			return;
		}
	for (int i = first_of[_i]; i < after_of[_i]; i++) {
		const bool numbered = is_numbered(lines[i]);
		play_line(&screens[numbered ? lines[i][2] - '1' : 0],
			  lines[i] + (numbered ? 4 : 2), i + 1);
	}
	for (int t = 0; t < TERMINALS; t++)
		end_terminal(&screens[t].terminal);
	eventually(!anything_left());
	ck_assert_int_eq(semget(ftok(in_directory("test/printed"), 's'), 0, 0),
			 -1);
	ck_assert_int_eq(shmget(ftok(in_directory("test/printed"), 'm'), 0, 0),
			 -1);
	ck_assert_int_eq(files_in(directory), 3);
	ck_assert_int_eq(files_in(in_directory("test/printed")), 2);
}

TEST(readme_fits_on_any_terminal)
{
	ck_assert_int_ge(sessions, 9);
	ck_assert_int_le(count, 330);
	for (int i = 0; i < count; i++)
		ck_assert_msg(strlen(lines[i]) <= 80, "line %d is too long",
			      i + 1);
}

/*
 * What README names, and the command that finds it.  `names' prints the names,
 * and there are at least so many: a section that has gone is noticed.
 */
static const struct {
	const char *names, *find;
	int least;
} named[] = {
    {"grep -oE '[a-z_]+\\(\\)' README | tr -d '()'",
     "grep -q \"^$name(\" sharemem.c writer.c reader.c", 15},
    {"grep -oE '[a-z0-9]+(_[a-z0-9]+){3,}' README",
     "grep -q \"TEST[A-Z_]*($name\" test/check_*.c", 6},
    {"sed -n \"s/.*ONLY='\\(.*\\)'.*/\\1/p\" README | tr ' ' =",
     "tr ' ' = < test/mutants.sh | grep -q \"^$name@\"", 6},
    {"sed -n '/^THE DOCUMENTS/,/^MEASURED/p' README | grep -oE '\\<s[0-9]{2}'",
     "grep -q \"TEST[A-Z_]*(${name}_\" test/check_chapter.c", 20},
    {"sed -n 's/TEST[A-Z_]*(\\(s[0-9][0-9]\\)_.*/\\1/p' test/check_chapter.c",
     "sed -n '/^THE DOCUMENTS/,/^MEASURED/p' README | grep -qw $name", 20},
    {"sed -n 's/^  make \\([a-z]*\\).*/\\1/p' README",
     "make -s help | grep -q \"^make $name\"", 3},
    {"sed -n '/^LAYOUT/,/^C11/s/^  \\([^ ,]*\\),* .*/\\1/p' README",
     "test -e $name", 4},
};
enum { NAMED = sizeof(named) / sizeof(named[0]) };

TEST_LOOP(readme_names_what_is_there, NAMED)
{
	char command[1024], missing[SCREEN] = "";
	int found = -1;

	snprintf(command, sizeof(command),
		 "LC_ALL=C; count=0; for name in $(%s | sort -u); do "
		 "count=$((count + 1)); { %s; } || echo \"$name\"; done; "
		 "echo $count",
		 named[_i].names, named[_i].find);
	FILE *answer = popen(command, "r");
	ck_assert_ptr_nonnull(answer);
	while (fscanf(answer, "%d", &found) != 1 &&
	       fscanf(answer, "%1023s", command) == 1)
		strcat(strcat(missing, " "), command);
	pclose(answer);
	ck_assert_msg(*missing == '\0', "not there:%s", missing);
	ck_assert_msg(found >= named[_i].least, "only %d are named", found);
}
