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
 * identifier or a key that README has shown, the one of this run is typed.
 */
#define _GNU_SOURCE

#include "support.h"

#include <ctype.h>
#include <err.h>
#include <regex.h>

/* Terminal 0 is that of a session without numbers. */
enum { LINES = 400, WIDTH = 256, TERMINALS = 4 };

static char lines[LINES][WIDTH];
static int first_of[LINES]; /* the first line of each session */

static bool
is_indented(const char *line)
{
	return strncmp(line, "  ", 2) == 0;
}

static int
terminal_of(const char *line)
{
	const int number = line[2] - '0';
	return number > 0 && number < TERMINALS && line[3] == ' ' ? number : 0;
}

static const char *
text_of(const char *line)
{
	return line + (terminal_of(line) > 0 ? 4 : 2);
}

/* Returns how many there are. */
static int
read_sessions(void)
{
	int count = 0, sessions = 0;
	FILE *file = fopen("README", "r");
	if (file == NULL)
		err(1, "README");
	for (; count < LINES && fgets(lines[count], WIDTH, file); count++) {
		char *line = lines[count];
		line[strcspn(line, "\n")] = '\0';
		if (!is_indented(line) ||
		    (count > 0 && is_indented(lines[count - 1])))
			continue;
		if (strncmp(text_of(line), "$ ", 2) == 0)
			first_of[sessions++] = count;
	}
	fclose(file);
	if (sessions < 6)
		errx(1, "README has only %d sessions", sessions);
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
    {"^'/.*/reader' '/.*'$", "COMMAND"},
    {"^reader: O?n?l?y?$", "reader: PIECE"}, /* the paper's, by chance */
    {"\r", ""},				     /* the prompt's */
    {"^writer: \n", "writer: "}, /* what our writer prints after Ctrl-D */
    {"[ \t]+", " "},
    {" $", ""},
};
enum { DIFFERENCES = sizeof(differences) / sizeof(differences[0]) };
static regex_t compiled[DIFFERENCES];

/* Copy the text, and replace all that the patterns match. */
static void
normalize(const char *text, char *result)
{
	char after[SCREEN];
	regmatch_t match;

	strcpy(result, text);
	for (int i = 0; i < DIFFERENCES; i++) {
		char *rest = result;
		for (int flags = 0;
		     regexec(&compiled[i], rest, 1, &match, flags) == 0;
		     flags = REG_NOTBOL) {
			strcpy(after, rest + match.rm_eo);
			rest =
			    stpcpy(rest + match.rm_so, differences[i].stand_in);
			strcpy(rest, after);
		}
	}
}

static void
become_shell(const void *unused)
{
	(void)unused;
	execl("/bin/sh", "sh", "-i", (char *)NULL);
	err(126, "/bin/sh");
}

/* A terminal, and what README says that it shows. */
static struct screen {
	struct terminal terminal;
	char expected[SCREEN];
	pid_t front;  /* what runs there in the foreground */
	long sleeps;  /* how often it had slept when we looked last */
	double since; /* so long it has not slept more often */
} screens[TERMINALS];

static bool
shows_so_far(struct screen *screen)
{
	static char is[2 * SCREEN], should[2 * SCREEN];
	shows(&screen->terminal, "");
	normalize(screen->terminal.text, is);
	normalize(screen->expected, should);
	return strncmp(is, should, strlen(should)) == 0;
}

#define expect_shown(screen, line)                                             \
	eventually_or(shows_so_far(screen),                                    \
		      "README line %d:\n%s\nexpected:\n%s", line,              \
		      (screen)->terminal.text, (screen)->expected)

/* How often has the process slept?  Returns -1 if it has ended. */
static long
sleeps_of(pid_t pid)
{
	char line[256];
	long sleeps = -1;

	snprintf(line, sizeof(line), "/proc/%d/status", (int)pid);
	FILE *file = fopen(line, "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		sscanf(line, "voluntary_ctxt_switches: %ld", &sleeps);
	if (file != NULL)
		fclose(file);
	return sleeps;
}

/*
 * What runs there in the foreground sleeps, and has not woken up for a while,
 * as it does between two steps.  If it is the shell, it has shown its prompt.
 */
static bool
is_quiet(struct screen *screen)
{
	struct terminal *terminal = &screen->terminal;
	const pid_t front = tcgetpgrp(terminal->master);
	const long sleeps = sleeps_of(front);

	if (front != screen->front || sleeps != screen->sleeps)
		screen->since = now();
	screen->front = front;
	screen->sleeps = sleeps;
	shows(terminal, "");
	const size_t length = strlen(terminal->text);
	if (front == terminal->pid &&
	    (length < 2 || strcmp(terminal->text + length - 2, "$ ") != 0))
		return false;
	return is_asleep(front) && now() - screen->since > 0.025;
}

/* People type when they see that nothing moves any more. */
static void
type_at_leisure(struct terminal *terminal, const char *keys)
{
	for (int t = 0; t < TERMINALS; t++)
		if (screens[t].terminal.pid != 0)
			eventually(is_quiet(&screens[t]));
	type(terminal, keys);
}

/* The shells, the programs, and the paper's pair where README looks for it. */
static void
prepare(void)
{
	setenv("PS1", "$ ", 1);
	setenv("LC_ALL", "C", 1);
	unsetenv("ENV");
	setenv("top", top, 1);
	ck_assert_int_eq(chdir(directory), 0);
	ck_assert_int_eq(system("mkdir -p test/printed; "
				"ln -s \"$top\"/writer \"$top\"/reader .; "
				"ln -s \"$top\"/test/printed/*er test/printed"),
			 0);
	for (int i = 0; i < DIFFERENCES; i++)
		ck_assert_int_eq(regcomp(&compiled[i], differences[i].pattern,
					 REG_EXTENDED | REG_NEWLINE),
				 0);
}

/* What a terminal shows where README has this word; or the word itself. */
static const char *
here_for(const char *word)
{
	static char here[WIDTH];
	char in_readme[WIDTH];
	int length, length_here;

	for (int t = 0; t < TERMINALS; t++) {
		const char *is = screens[t].terminal.text;
		const char *should = screens[t].expected;
		while (sscanf(should, "%255s%n", in_readme, &length) == 1 &&
		       sscanf(is, "%255s%n", here, &length_here) == 1) {
			if (strcmp(in_readme, word) == 0)
				return here;
			should += length;
			is += length_here;
		}
	}
	return word;
}

/* Copy the line, with this run's identifiers and keys in place of README's. */
static void
copy_line(char *end, const char *line)
{
	char word[WIDTH];
	int length;

	for (; sscanf(line, "%255s%n", word, &length) == 1; line += length)
		end += sprintf(end, "%s ",
			       isdigit((unsigned char)*word) ? here_for(word)
							     : word);
	end[-1] = '\n';
}

/* How long is the prompt, if this is a line that is typed at one? */
static int
prompt_in(const char *text)
{
	if (strncmp(text, "$ ", 2) == 0)
		return 2;
	if (strncmp(text, "writer: ", 8) != 0)
		return 0;
	return isupper((unsigned char)text[8]) || text[8] == '^' ? 8 : 0;
}

/* Do, or expect, one line of a session. */
static void
play_line(int i)
{
	const char *text = text_of(lines[i]);
	struct screen *screen = &screens[terminal_of(lines[i])];
	struct terminal *terminal = &screen->terminal;
	char *end = screen->expected + strlen(screen->expected);
	const int prompt = prompt_in(text);
	const char *keys = text + prompt;

	if (terminal->pid == 0)
		*terminal = terminal_for(become_shell, NULL);
	end += sprintf(end, "%.*s", prompt, text);
	expect_shown(screen, i + 1);
	if (strcmp(keys, "^D") == 0) {
		type_at_leisure(terminal, "\4");
	} else if (strcmp(keys, "^C") == 0) {
		type_at_leisure(terminal, "\3");
		strcpy(end, "^C\n");
	} else if (prompt > 0) {
		copy_line(end, keys);
		type_at_leisure(terminal, end);
	} else {
		sprintf(end, "%s\n", text);
	}
	expect_shown(screen, i + 1);
}

CASE("README", "sessions")

TEST_LOOP(every_session_of_readme_shows_what_readme_says, read_sessions())
{
	prepare();
	for (int i = first_of[_i]; is_indented(lines[i]); i++)
		if (strstr(lines[i], "ipcs -s -m") != NULL && geteuid() != 0) {
			printf("skipped, needs root: README line %d\n", i + 1);
			return;
		}
	for (int i = first_of[_i]; is_indented(lines[i]); i++)
		play_line(i);
	for (int t = 0; t < TERMINALS; t++)
		if (screens[t].terminal.pid != 0)
			eventually_or(
			    is_quiet(&screens[t]) &&
				screens[t].front == screens[t].terminal.pid,
			    "the session does not end its programs:\n%s",
			    screens[t].terminal.text);
	eventually(!anything_left());
	ck_assert_int_eq(set_of(in_directory("test/printed")), -1);
	ck_assert_int_eq(segment_of(in_directory("test/printed")), -1);
	/* No file is left, either. */
	ck_assert_int_eq(system("test $(find . | wc -l) = 7"), 0);
}

TEST(readme_fits_on_any_terminal)
{
	ck_assert_int_eq(system("LC_ALL=C awk 'length > 80 || NR > 340 { "
				"print \"README:\" NR; bad = 1 } "
				"END { exit bad }' README"),
			 0);
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
     "grep -q \"^$name(\" sharemem.c writer.c reader.c", 11},
    {"grep -oE '[a-z0-9]+(_[a-z0-9]+){3,}' README",
     "grep -q \"TEST[A-Z_]*($name\" test/check_*.c", 6},
    {"sed -n \"s/.*ONLY='\\(.*\\)'.*/\\1/p\" README | tr ' ' =",
     "tr ' ' = < test/tools/mutants.sh | grep -q \"^$name@\"", 6},
    {"sed -n '/^THE DOCUMENTS/,/^MEASURED/p' README | grep -oE "
     "'\\<s[0-9]{2}\\>'",
     "grep -q \"TEST[A-Z_]*(${name}_\" test/check_chapter.c", 20},
    {"sed -n 's/TEST[A-Z_]*(\\(s[0-9][0-9]\\)_.*/\\1/p' test/check_chapter.c",
     "sed -n '/^THE DOCUMENTS/,/^MEASURED/p' README | grep -qw $name", 20},
    {"sed -n 's/^  make \\([a-z]*\\).*/\\1/p' README",
     "make -s help | grep -q \"^make $name\"", 3},
    {"sed -n '/^LAYOUT/,/^ANSWERS/s/^  \\([^ ,]*\\),* .*/\\1/p' README",
     "test -e $name", 4},
};

TEST_LOOP(readme_names_what_is_there, sizeof(named) / sizeof(named[0]))
{
	char command[1024];

	setenv("missing", in_directory("missing"), 1);
	snprintf(command, sizeof(command),
		 "exec > \"$missing\"; LC_ALL=C; count=0; "
		 "for name in $(%s | sort -u); do count=$((count + 1)); "
		 "{ %s; } || echo \"not there: $name\"; done; "
		 "[ $count -ge %d ] || echo only $count are named",
		 named[_i].names, named[_i].find, named[_i].least);
	ck_assert_int_eq(system(command), 0);
	expect_file("missing", "%s", "");
}

/* As it is shipped, no exercise is done.  Our pair is an answer to two. */
TEST_LOOP(an_exercise_is_done_when_it_is_solved, 4)
{
	setenv("number", (const char *[]){"1", "2", "3", "4"}[_i], 1);
	setenv("out", in_directory("out"), 1);
	ck_assert_int_ne(system("sh test/tools/exercise.sh $number > $out"), 0);
	ck_assert(file_has("out", "not yet: "));
	if (_i > 1)
		return;
	ck_assert_int_eq(system("make -s exercise N=$number OF=. > $out"), 0);
	expect_file("out", "%s", "done\n");
}
