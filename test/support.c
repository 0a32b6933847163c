/* support.c - see support.h; and main(), which runs the tests. */
#define _GNU_SOURCE

#include "support.h"

#include <err.h>
#include <ftw.h>
#include <linux/capability.h>
#include <pty.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>

static char base[PATH_MAX / 2]; /* in TMPDIR: all tests' directories */
static sigset_t awaited;	/* the signals that main() waits for */
char top[PATH_MAX];
char directory[PATH_MAX];
int feed = -1;

int
deadline(void)
{
	const char *given = getenv("CK_DEADLINE");
	return given == NULL ? 20 : atoi(given);
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

bool
anything_left(void)
{
	return set_of(directory) != -1 || segment_of(directory) != -1;
}

void
enter_directory(void)
{
	struct __user_cap_header_struct version = {
	    .version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};

	/* What main(), Check and the parent do with signals is not for us. */
	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &awaited, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	unshare(CLONE_NEWIPC); /* the kernel empties it at the test's end */
	if (geteuid() != 0)    /* no rights from a user namespace */
		syscall(SYS_capset, &version, none);
	do { /* a key is made of 16 bits of the inode: it may be somebody's */
		snprintf(directory, sizeof(directory), "%s/XXXXXX", base);
		ck_assert_ptr_nonnull(mkdtemp(directory));
	} while (anything_left());
}

void
expect_nothing_left(void)
{
	ck_assert_msg(!anything_left(), "a set or a segment is left behind");
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
	const int fd = open(in_directory(name), O_RDONLY | O_CLOEXEC);
	struct stat status = {.st_size = 0};

	fstat(fd, &status); /* it may not be there yet */
	char *bytes = calloc((size_t)status.st_size + 1, 1);
	const ssize_t got = read(fd, bytes, (size_t)status.st_size);
	close(fd);
	if (count != NULL)
		*count = got == -1 ? 0 : (size_t)got;
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

/*
 * What a user must read after each error.  It is not taken from sharemem.c: the
 * tests would agree with whatever stands there.
 */
static const struct {
	int reasons[6];
	const char *advice;
} advices[] = {
    {{ENOENT, ENOTDIR}, "the path must be a directory: the two meet there"},
    {{EACCES}, "you may not use it: give both another path"},
    {{EEXIST}, "another user's or program's: give both another path"},
    {{EPERM}, "the system forbids it, or hides who you are (fakeroot?)"},
    {{ENOSYS}, "this system lacks System V IPC (as Android, old WSL 1)"},
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
	for (int i = 0; i < COUNT(advices); i++)
		for (int k = 0; k < 6; k++)
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

pid_t
start_joined_writer(void)
{
	pid_t writer = start_writer("|");
	eventually(semaphore(WRITERS) == 1 && semaphore(GUARD) == 1);
	return writer;
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
	const int status = await(pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
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
	char *end = terminal->text + strlen(terminal->text), got[1024];
	ssize_t count;

	while (end < terminal->text + SCREEN - sizeof(got) &&
	       (count = read(terminal->master, got, sizeof(got))) > 0)
		for (ssize_t i = 0; i < count; i++)
			if (got[i] == '\n' && end > terminal->text &&
			    end[-1] == '\r')
				end[-1] = '\n';
			else
				*end++ = got[i];
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

/* What /proc/PID/status says after this name; "" if it does not. */
static const char *
status_of(pid_t pid, const char *name)
{
	static char line[128];
	char path[64];
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "r");
	while (file != NULL && !found && fgets(line, sizeof(line), file))
		found = strncmp(line, name, strlen(name)) == 0;
	if (file != NULL)
		fclose(file);
	return found ? line + strlen(name) : "";
}

long
switches(pid_t pid)
{
	return atol(status_of(pid, "voluntary_ctxt_switches:")) +
	       atol(status_of(pid, "nonvoluntary_ctxt_switches:"));
}

bool
is_asleep(pid_t pid)
{
	return strncmp(status_of(pid, "State:"), "\tS", 2) == 0;
}

void
expect_asleep(pid_t pid)
{
	eventually(is_asleep(pid));
	const long before = switches(pid), start = switches(getpid());
	eventually(switches(getpid()) > start + 200);
	ck_assert_int_eq(switches(pid), before);
}

/* ---- The tests, and main(), which runs several at a time ---- */

static struct entry *first;

/* The files that take the longest come first: the last in the alphabet. */
static bool
comes_before(const struct entry *one, const struct entry *other)
{
	const int files = strcmp(one->file, other->file);
	return files > 0 || (files == 0 && one->line < other->line);
}

/* The compiler may have put the entries into any order. */
void
register_entry(struct entry *entry)
{
	struct entry **it = &first;

	while (*it != NULL && comes_before(*it, entry))
		it = &(*it)->next;
	entry->next = *it;
	*it = entry;
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

/* All that is to run: each test, for each _i. */
struct run {
	const struct entry *in, *test; /* the case, and the test */
	int i;
	pid_t pid; /* of the process that runs it now; or 0 */
};
static struct run *runs;
static int total, done, passed, failures;
static int at_once = 1; /* or 10, for tests mostly wait: see prepare() */

static void
choose_tests(void)
{
	const char *suite = getenv("CK_RUN_SUITE");
	const struct entry *in = NULL;

	for (const struct entry *it = first; it != NULL; it = it->next) {
		if (it->suite != NULL)
			in = it;
		else if (suite == NULL || strcmp(suite, in->suite) == 0)
			for (int i = 0, times = it->times(); i < times; i++) {
				runs = realloc(runs, sizeof(*runs) *
							 (size_t)(total + 1));
				runs[total++] = (struct run){in, it, i, 0};
			}
	}
}

/* On a terminal, one line tells how far it is.  What is printed replaces it. */
static void
show_progress(const char *line)
{
	if (isatty(STDOUT_FILENO))
		printf("%-79.79s\r", line);
	fflush(stdout);
}

/* As Check says it, and what to do if the test has failed. */
static void
print_result(const struct run *run, TestResult *result)
{
	const int type = tr_rtype(result);
	const char letter = "-PFE"[type];
	unsigned seed;

	show_progress("");
	printf("%s:%d:%c:%s:%s:%d: %s%s\n", tr_lfile(result), tr_lno(result),
	       letter, run->in->name, run->test->name, run->i,
	       type == CK_ERROR ? "(after this point) " : "", tr_msg(result));
	if (type == CK_PASS)
		return;
	printf("\tto run it alone: ");
	if (sscanf(tr_msg(result), "SEED=%u", &seed) == 1)
		printf("SEED=%u ", seed);
	printf("CK_RUN_TEST=%s test/check\n", run->test->name);
}

/* If a test calls exit(0), Check takes it for one that has passed. */
static bool *finished; /* shared with the test's process */

static void
note_that_it_has_finished(void)
{
	*finished = true;
}

/* In a process of its own: let Check run a test.  Returns 0 if it passes. */
static int
run_test(const struct run *run)
{
	const char *verbosity = getenv("CK_VERBOSITY");
	Suite *suite = suite_create(run->in->suite);
	TCase *tcase = tcase_create(run->in->name);
	SRunner *runner = srunner_create(suite);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 6 * deadline());
	finished = mmap(NULL, sizeof(*finished), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	tcase_add_checked_fixture(tcase, NULL, note_that_it_has_finished);
	tcase_add_checked_fixture(tcase, run->in->before, run->in->after);
	tcase_add_loop_test(tcase, *run->test->test, run->i, run->i + 1);
	srunner_set_fork_status(runner, CK_FORK);
	srunner_run_all(runner, CK_SILENT);
	TestResult *result = srunner_results(runner)[0];
	const int type = tr_rtype(result);
	if (type != CK_PASS ||
	    (verbosity != NULL && strcmp(verbosity, "verbose") == 0))
		print_result(run, result);
	if (type == CK_PASS && !*finished) {
		printf("%s: it ended before its end\n", run->test->name);
		return CK_ERROR;
	}
	return type == CK_PASS ? 0 : type;
}

static void
has_ended(struct run *run, int status)
{
	static char failed[80], line[256]; /* `failed' has names */
	const size_t length = strlen(failed);

	run->pid = 0;
	done++;
	passed += status == 0;
	failures += WIFEXITED(status) && WEXITSTATUS(status) == CK_FAILURE;
	if (!WIFEXITED(status)) {
		show_progress("");
		printf("%s: its process was killed, or not forked\n",
		       run->test->name);
	}
	if (status != 0)
		snprintf(failed + length, sizeof(failed) - length, " %s",
			 run->test->name);
	snprintf(line, sizeof(line), "%d of %d tests done, last in %s%s%s",
		 done, total, run->in->suite, *failed ? "; failed:" : "",
		 failed);
	show_progress(line);
}

/* Returns the signal that has ended the tests, or 0. */
static int
run_tests(void)
{
	int begun = 0, signo, status;
	pid_t pid;

	while (done < total) {
		for (; begun < total && begun - done < at_once; begun++)
			if ((runs[begun].pid = fork()) == 0)
				exit(run_test(&runs[begun]));
			else if (runs[begun].pid == -1)
				has_ended(&runs[begun], -1);
		if (done == total) /* no process could be forked */
			break;
		if (sigwait(&awaited, &signo) == 0 && signo != SIGCHLD)
			return signo;
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			for (int i = 0; i < begun; i++)
				if (runs[i].pid == pid)
					has_ended(&runs[i], status);
		if (done > passed && getenv("CK_ONE_FAILURE") != NULL)
			break;
	}
	return 0;
}

static int
remove_one(const char *path, const struct stat *status, int type,
	   struct FTW *place)
{
	(void)status;
	(void)place;
	for (const char *id = "smxf"; type == FTW_DP && *id != '\0'; id++) {
		key_t key = ftok(path, *id);
		semctl(semget(key, 0, 0), 0, IPC_RMID);
		shmctl(shmget(key, 0, 0), IPC_RMID, NULL);
	}
	return remove(path);
}

/* Leave nothing, also after Ctrl-C: no process, object, file or directory. */
static void
clean_up(void)
{
	char path[64];
	int pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	do { /* what a child has started dies with it, or becomes our child */
		FILE *children = fopen(path, "r");
		while (children != NULL && fscanf(children, "%d", &pid) == 1)
			kill(pid, SIGKILL);
		if (children != NULL)
			fclose(children);
	} while (wait(NULL) > 0);
	if (nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		warn("%s: not removed", base);
}

static bool
tell_kernel(const char *file, const char *text)
{
	return dprintf(open(file, O_WRONLY | O_CLOEXEC), "%s", text) > 0;
}

/*
 * Share no key with anybody, in an IPC namespace.  Root may make one, and
 * others may in a user namespace, in which they are the only user.
 */
static bool
isolate(void)
{
	char uid[32], gid[32];

	if (geteuid() == 0)
		return unshare(CLONE_NEWIPC) == 0;
	sprintf(uid, "%u %u 1", geteuid(), geteuid());
	sprintf(gid, "%u %u 1", getegid(), getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWIPC) == 0 &&
	       tell_kernel("/proc/self/setgroups", "deny") &&
	       tell_kernel("/proc/self/uid_map", uid) &&
	       tell_kernel("/proc/self/gid_map", gid);
}

/* What a test run inherits and must not hand on to the tests. */
static void
prepare(void)
{
	const char *tmpdir = getenv("TMPDIR");
	int status = -1;
	pid_t pid;

	int fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2)
		fd = dup(fd);
	close(fd);
	unsetenv("MAKEFLAGS");
	signal(SIGCHLD, SIG_DFL);
	for (int i = 0; i < 5; i++) {
		const int signo =
		    (int[]){SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGPIPE}[i];
		struct sigaction action;
		sigaction(signo, NULL, &action);
		if (action.sa_handler != SIG_IGN) /* nohup */
			sigaddset(&awaited, signo);
	}
	sigprocmask(SIG_SETMASK, &awaited, NULL);
	if ((pid = fork()) == 0) /* a system may allow only half of it */
		_exit(!isolate());
	waitpid(pid, &status, 0);
	if (status == 0 && isolate())
		at_once = 10;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	snprintf(base, sizeof(base), "%s/sharemem.XXXXXX",
		 tmpdir != NULL ? tmpdir : "/tmp");
	if (getcwd(top, sizeof(top)) == NULL || mkdtemp(base) == NULL)
		err(EXIT_FAILURE, "%s", base);
	setenv("TMPDIR", base, 1); /* for what the tests run */
}

int
main(void)
{
	prepare();
	choose_tests();
	fflush(stdout);
	const int signo = run_tests();
	clean_up();
	show_progress("");
	if (signo != 0)
		return 128 + signo;
	if (done == 0)
		errx(EXIT_FAILURE, "no test was run: is there such a one?");
	printf("%d%%: Checks: %d, Failures: %d, Errors: %d\n",
	       100 * passed / done, done, failures, done - passed - failures);
	return passed == total ? EXIT_SUCCESS : EXIT_FAILURE;
}
