/* support.c - see support.h; and main(), which runs the suites. */
#define _GNU_SOURCE

#include "support.h"

#include <dirent.h>
#include <err.h>
#include <pty.h>
#include <stdarg.h>
#include <sys/prctl.h>

static char base[PATH_MAX / 2]; /* in TMPDIR: all tests' directories */
char top[PATH_MAX];
char directory[PATH_MAX];
int feed = -1;
static pid_t runner_pid, beside; /* README's sessions run beside the others */

int
deadline(void)
{
	const char *given = getenv("CK_DEADLINE");
	return given == NULL ? 20 : atoi(given);
}

long
progress(void)
{
	long sum = 0;
	struct dirent *entry;
	struct stat status;
	DIR *files = opendir(directory);

	while (files != NULL && (entry = readdir(files)) != NULL)
		if (stat(in_directory(entry->d_name), &status) == 0)
			sum += status.st_size;
	if (files != NULL)
		closedir(files);
	return sum;
}

double
now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void
nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

const char *
in_directory(const char *name)
{
	static char paths[4][2 * PATH_MAX];
	static int next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

/*
 * With CK_ONE_FAILURE set, the tests after a failure fail at once: there is a
 * marker while a test runs, and only one that passes removes it.
 */
static const char *
marker(void)
{
	static char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/.running", base);
	return path;
}

bool
anything_left(void)
{
	return set_of(directory) != -1 || segment_of(directory) != -1;
}

void
enter_directory(void)
{
	if (getenv("CK_ONE_FAILURE") != NULL) {
		ck_assert_msg(access(marker(), F_OK) == -1, "an earlier one");
		close(open(marker(), O_CREAT | O_WRONLY, 0600));
	}
	/* Check's own handlers are not for the programs that we start. */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL); /* nohup */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/*
	 * A key is made of 16 bits of the inode, so it may be somebody's.  Root
	 * has an IPC namespace for each test, and the kernel empties it.
	 */
	unshare(CLONE_NEWIPC);
	do {
		snprintf(directory, sizeof(directory), "%s/XXXXXX", base);
		ck_assert_ptr_nonnull(mkdtemp(directory));
	} while (anything_left());
}

void
expect_nothing_left(void)
{
	ck_assert_msg(!anything_left(), "a set or a segment is left behind");
	unlink(marker());
}

void
set_limit(const char *limit, const char *value)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", limit);
	ck_assert_int_gt(dprintf(open(path, O_WRONLY), "%s", value), 0);
}

void
write_file(const char *name, const void *bytes, size_t count)
{
	FILE *file = fopen(in_directory(name), "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, count, file), count);
	ck_assert_int_eq(fclose(file), 0);
}

char *
read_file(const char *name, size_t *count)
{
	FILE *file = fopen(in_directory(name), "r");
	struct stat status = {.st_size = 0};
	size_t got = 0;
	if (file != NULL) /* else it is not there yet */
		ck_assert_int_eq(fstat(fileno(file), &status), 0);
	char *bytes = calloc((size_t)status.st_size + 1, 1);
	if (file != NULL) {
		got = fread(bytes, 1, (size_t)status.st_size, file);
		fclose(file);
	}
	if (count != NULL)
		*count = got;
	return bytes;
}

void
ck_assert_same_file(const char *name, const char *other)
{
	size_t one, two;
	char *bytes = read_file(name, &one), *others = read_file(other, &two);
	ck_assert_msg(one == two && memcmp(bytes, others, one) == 0,
		      "%s (%zu bytes) and %s (%zu) differ", name, one, other,
		      two);
}

bool
file_has(const char *name, const char *text)
{
	char *bytes = read_file(name, NULL);
	bool has = strstr(bytes, text) != NULL;
	free(bytes);
	return has;
}

void
expect_file(const char *name, const char *format, ...)
{
	static char expected[SCREEN];
	va_list arguments;
	char *bytes = read_file(name, NULL);

	va_start(arguments, format);
	vsnprintf(expected, sizeof(expected), format, arguments);
	va_end(arguments);
	ck_assert_str_eq(bytes, expected);
	free(bytes);
}

/* A copy: what should be said must not come from the code that says it. */
static const struct {
	int reasons[6];
	const char *advice;
} advices[] = {
    {{ENOENT, ENOTDIR}, "the path must be a directory: both meet there"},
    {{EACCES}, "it is not yours to use: give another path"},
    {{EEXIST}, "another user's or program's, untouched: give another path"},
    {{EPERM}, "the system forbids it, or hides who you are (fakeroot?)"},
    {{ENOSYS}, "this system has no System V IPC (as WSL 1, Android)"},
    {{EIDRM}, "somebody has removed it (ipcrm?): start both programs again"},
    {{EAGAIN}, "another program has changed the semaphores: start again"},
    {{E2BIG, EINVAL, ENFILE, ENOMEM, ENOSPC, ERANGE},
     "a limit of the system is reached: ipcs -l shows the limits"},
};

void
expect_complaint(const char *name, const char *program, const char *path,
		 const char *what, int reason)
{
	const char *words = strerror(reason);
	char advice[256] = "";

	if (reason == EIO && file_has(name, ": I/O error\n")) /* musl */
		words = "I/O error";
	if (reason == ERANGE && file_has(name, ": Result not representable\n"))
		words = "Result not representable";
	const bool stream = strncmp(what, "standard ", 9) == 0;
	for (size_t i = 0; i < sizeof(advices) / sizeof(*advices); i++)
		for (size_t k = 0; k < 6; k++)
			if (advices[i].reasons[k] == reason && !stream)
				snprintf(advice, sizeof(advice), "%s: %s\n",
					 program, advices[i].advice);
	if (strcmp(what, "standard output") == 0)
		strcat(advice, "reader: the text stays for the next reader\n");
	expect_file(name, "%s: %s: %s: %s\n%s", program, path, what, words,
		    advice);
}

static void
redirect(const char *name, int flags, int fd)
{
	const char *path = name == NULL	    ? "/dev/null"
			   : name[0] == '/' ? name
					    : in_directory(name);
	if (name != NULL && strcmp(name, "-") == 0)
		return;
	int opened = open(path, flags, 0600);
	if (opened == -1)
		err(125, "%s", path);
	dup2(opened, fd);
	close(opened);
}

struct terminal
terminal_for(void (*code)(const void *), const void *argument)
{
	struct winsize size = {.ws_row = 50, .ws_col = 200};
	struct terminal terminal = {.text = calloc(1, SCREEN)};

	fflush(NULL);
	terminal.pid = forkpty(&terminal.master, NULL, NULL, &size);
	ck_assert_int_ne(terminal.pid, -1);
	if (terminal.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		code(argument);
	}
	fcntl(terminal.master, F_SETFL, O_NONBLOCK);
	fcntl(terminal.master, F_SETFD, FD_CLOEXEC);
	return terminal;
}

void
execute(const char *program, const char *const arguments[])
{
	const char *argv[8] = {program, directory};
	char path[2 * PATH_MAX];

	for (int i = 0; arguments != NULL && i < 6; i++)
		if ((argv[i + 1] = arguments[i]) == NULL)
			break;
	snprintf(path, sizeof(path), "%s/%s", top, program);
	execv(path, (char **)argv);
	err(126, "%s", path);
}

void
prepare_program(const char *in, const char *out, const char *error)
{
	redirect(in, O_RDONLY, STDIN_FILENO);
	redirect(out, O_WRONLY | O_CREAT | O_APPEND, STDOUT_FILENO);
	redirect(error, O_WRONLY | O_CREAT | O_APPEND, STDERR_FILENO);
}

static pid_t
fork_child(void)
{
	fflush(NULL); /* else both print what is in the buffers */
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) /* it dies with its test */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

pid_t
start(const char *program, const char *in, const char *out, const char *error,
      const char *const arguments[])
{
	const bool piped = in != NULL && strcmp(in, "|") == 0;
	int ends[2];

	if (piped) {
		ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
		feed = ends[1];
	}
	pid_t pid = fork_child();
	if (pid == 0) {
		if (piped)
			dup2(ends[0], STDIN_FILENO);
		prepare_program(piped ? "-" : in, out, error);
		execute(program, arguments);
	}
	if (piped)
		close(ends[0]);
	return pid;
}

pid_t
start_writer(const char *in)
{
	return start("writer", in, "writer.out", "writer.err", NULL);
}

pid_t
start_reader(const char *out)
{
	return start("reader", NULL, out, "reader.err", NULL);
}

pid_t
start_waiting_reader(void)
{
	pid_t reader = start_reader("out");
	eventually(sleep_for_more(NEWS) == 1);
	return reader;
}

void
leave_text(const char *text)
{
	write_file("in", text, strlen(text));
	expect_exit(start_writer("in"), 0);
}

int
await(pid_t pid)
{
	int status = 0;
	eventually(waitpid(pid, &status, WNOHANG) == pid);
	return status;
}

int
exit_status(pid_t pid)
{
	int status = await(pid);
	ck_assert_msg(WIFEXITED(status), "ended by signal %d",
		      WTERMSIG(status));
	return WEXITSTATUS(status);
}

int
signal_of(pid_t pid)
{
	int status = await(pid);
	ck_assert_msg(WIFSIGNALED(status), "ended with status %d",
		      WEXITSTATUS(status));
	return WTERMSIG(status);
}

void
stop_process(pid_t pid)
{
	kill(pid, SIGSTOP);
	ck_assert_int_eq(waitpid(pid, NULL, WUNTRACED), pid);
}

void
expect_both_end(pid_t writer, pid_t reader)
{
	expect_exit(writer, 0);
	expect_exit(reader, 0);
}

void
expect_end_by(pid_t pid, int signo)
{
	kill(pid, signo);
	expect_signal(pid, signo);
}

int
set_of(const char *path)
{
	return semget(ftok(path, 's'), 0, 0);
}

int
semaphore_set(void)
{
	return set_of(directory);
}

int
segment_of(const char *path)
{
	return shmget(ftok(path, 'm'), 0, 0);
}

void
remove_set(int semid)
{
	ck_assert_int_eq(semctl(semid, 0, IPC_RMID), 0);
}

void
remove_segment(int shmid)
{
	ck_assert_int_eq(shmctl(shmid, IPC_RMID, NULL), 0);
}

int
semaphore(int index)
{
	return semctl(semaphore_set(), index, GETVAL);
}

int
sleep_for_more(int index)
{
	return semctl(semaphore_set(), index, GETNCNT);
}

bool
unread(void)
{
	return semaphore(EMPTY) == 0 && semaphore(NEWS) > 0;
}

static void
execute_on_terminal(const void *program)
{
	execute(program, NULL);
}

struct terminal
start_on_terminal(const char *program)
{
	return terminal_for(execute_on_terminal, program);
}

void
type(struct terminal *terminal, const char *keys)
{
	ck_assert_int_eq(write(terminal->master, keys, strlen(keys)),
			 (ssize_t)strlen(keys));
}

bool
shows(struct terminal *terminal, const char *text)
{
	char *end = terminal->text + strlen(terminal->text), got;

	while (end < terminal->text + SCREEN - 1 &&
	       read(terminal->master, &got, 1) == 1)
		if (got == '\n' && end > terminal->text && end[-1] == '\r')
			end[-1] = '\n';
		else
			*end++ = got;
	return strstr(terminal->text, text) != NULL;
}

pid_t
child(int (*code)(void))
{
	pid_t pid = fork_child();
	if (pid == 0)
		_exit(code());
	return pid;
}

pid_t
child_of(int (*code)(int), int argument)
{
	pid_t pid = fork_child();
	if (pid == 0)
		_exit(code(argument));
	return pid;
}

long
switches(pid_t pid)
{
	char path[64], line[128];
	long voluntary = -1, involuntary = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		sscanf(line, "voluntary_ctxt_switches: %ld", &voluntary);
		sscanf(line, "nonvoluntary_ctxt_switches: %ld", &involuntary);
	}
	fclose(file);
	ck_assert(voluntary >= 0 && involuntary >= 0);
	return voluntary + involuntary;
}

bool
is_asleep(pid_t pid)
{
	char path[64], state = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return false;
	bool read = fscanf(file, "%*d (%*[^)]) %c", &state) == 1;
	fclose(file);
	return read && state == 'S';
}

static int
poll_like_the_documents(void)
{
	while (getppid() != 1)
		nap();
	return 0;
}

void
expect_asleep(pid_t pid)
{
	pid_t polls = child(poll_like_the_documents);
	eventually(is_asleep(pid));
	long before = switches(pid), start_polls = switches(polls);
	eventually(switches(polls) > start_polls + 200);
	ck_assert_int_eq(switches(pid), before);
	kill(polls, SIGKILL);
	await(polls);
}

/* Remove what failed tests have left: their directories name their keys. */
static void
clean_up(void)
{
	char command[2 * PATH_MAX];
	struct dirent *entry;
	DIR *tests;

	if (getpid() != runner_pid) /* a test that calls exit() */
		return;
	if (beside > 0 && kill(beside, SIGTERM) == 0)
		waitpid(beside, NULL, 0);
	tests = opendir(base);
	while (tests != NULL && (entry = readdir(tests)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(directory, sizeof(directory), "%s/%.64s", base,
			 entry->d_name);
		for (const char *id = "smxf"; *id != '\0'; id++) {
			key_t key = ftok(directory, *id);
			semctl(semget(key, 0, 0), 0, IPC_RMID);
			shmctl(shmget(key, 0, 0), IPC_RMID, NULL);
		}
	}
	if (tests != NULL)
		closedir(tests);
	/* Twice: a program that has just lost its terminal may still write. */
	snprintf(command, sizeof(command),
		 "rm -rf '%s' 2>&- || { sleep 1; rm -rf '%s'; }", base, base);
	if (system(command) != 0)
		warnx("%s: not removed", base);
}

static struct entry entries[256];
static size_t entered;

void
register_entry(struct entry entry)
{
	if (entered == sizeof(entries) / sizeof(entries[0]))
		errx(EXIT_FAILURE, "support.c: too many tests");
	entries[entered++] = entry;
}

bool
may_run(const char *test, bool condition, const char *why)
{
	const char *word = getenv("CK_RUN_TEST");

	if (word != NULL && strstr(test, word) == NULL)
		return false;
	if (!condition)
		printf("skipped, %s: %s\n", why, test);
	return condition;
}

/* The compiler may have put the entries into any order. */
static int
by_place(const void *left, const void *right)
{
	const struct entry *one = left, *other = right;
	const int files = strcmp(one->file, other->file);
	return files != 0 ? files : one->line - other->line;
}

/*
 * Ctrl-C, too, leaves nothing behind: exit() calls clean_up().  Check catches
 * SIGINT and SIGTERM first, and ends the tests.
 */
static void
end_early(int signo)
{
	if (signo == SIGHUP)
		raise(SIGTERM);
	signal(SIGINT, SIG_IGN); /* from timeout(1) it comes twice */
	signal(SIGTERM, SIG_IGN);
	exit(128 + signo);
}

/*
 * Run README's suite, or the others; of these, with CK_RUN_SUITE, one.  Returns
 * how many tests ran, or -1 if one has failed.
 */
static int
run(bool readme)
{
	const char *wanted = getenv("CK_RUN_SUITE"), *names[8];
	const int seconds =
	    (getenv("CK_RUN_TEST") != NULL ? 2 : 6) * deadline();
	SRunner *runner = srunner_create(NULL);
	Suite *suites[8];
	int count = 0, s;
	TCase *tcase = NULL;

	qsort(entries, entered, sizeof(entries[0]), by_place);
	for (const struct entry *it = entries; it < entries + entered; it++) {
		if (it->suite == NULL) {
			if (tcase != NULL)
				it->add(tcase);
			continue;
		}
		tcase = NULL;
		if ((strcmp(it->suite, "README") == 0) != readme ||
		    (wanted != NULL && strcmp(it->suite, wanted) != 0))
			continue;
		for (s = 0; s < count && strcmp(names[s], it->suite) != 0;)
			s++;
		if (s == count) { /* its first case */
			names[count++] = it->suite;
			srunner_add_suite(runner,
					  suites[s] = suite_create(it->suite));
		}
		tcase = tcase_create(it->name);
		tcase_set_timeout(tcase, seconds);
		tcase_add_checked_fixture(tcase, it->before, it->after);
		suite_add_tcase(suites[s], tcase);
	}
	srunner_run_all(runner, CK_ENV);
	const int failed = srunner_ntests_failed(runner);
	const int ran = srunner_ntests_run(runner);
	srunner_free(runner);
	return failed == 0 ? ran : -1;
}

/* What a test run inherits and must not hand on to the tests. */
static void
prepare(void)
{
	const char *tmpdir = getenv("TMPDIR");

	int fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2)
		fd = dup(fd);
	close(fd);
	if (getenv("CK_FORK") != NULL && strcmp(getenv("CK_FORK"), "no") == 0)
		errx(EXIT_FAILURE, "CK_FORK=no is not supported: each test "
				   "needs a process of its own");
	unsetenv("MAKEFLAGS");
	unsetenv("MFLAGS");
	snprintf(base, sizeof(base), "%s/sharemem.XXXXXX",
		 tmpdir != NULL ? tmpdir : "/tmp");
	if (getcwd(top, sizeof(top)) == NULL || mkdtemp(base) == NULL)
		err(EXIT_FAILURE, "%s", base);
	runner_pid = getpid();
	atexit(clean_up);
	for (int i = 0; i < 3; i++) {
		const int signo = (int[]){SIGINT, SIGTERM, SIGHUP}[i];
		if (signal(signo, end_early) == SIG_IGN)
			signal(signo, SIG_IGN);
	}
}

int
main(void)
{
	const char *wanted = getenv("CK_RUN_SUITE");
	int status = 0;

	prepare();
	/* README's sessions mostly wait: they are played beside the others. */
	if (wanted == NULL && (beside = fork()) == 0) {
		const int count = run(true);
		return count == -1 ? 1 : count == 0 ? 2 : 0;
	}
	int count = run(wanted != NULL && strcmp(wanted, "README") == 0);
	if (beside > 0) {
		waitpid(beside, &status, 0);
		beside = 0;
		if (status == 0)
			count += count >= 0;
		else if (!WIFEXITED(status) || WEXITSTATUS(status) != 2)
			count = -1;
	}
	if (count == 0)
		warnx("no test was run: is there such a suite, or case?");
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
