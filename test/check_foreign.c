/*
 * check_foreign.c - what is found under our keys and is not ours, what the dead
 * have left there, paths that change, and system calls that fail.
 *
 * DESIGN.md promises, and join() returns:
 *   not ours: left as it is, EPERM	...is_refused_and_left, given_by_..,
 *					values_out_of_range_...
 *   EACCES (6, 7: only the owner)	another_user_cannot_join_...,
 *a_path_that_.. E2BIG, ENOSPC, EINVAL		at_a_limit_...,
 *five_operations_... ENOMEM of shmat(2)
 *without_memory_to_attach_... ERANGE at_32767_news_... EIDRM: start over
 *a_set_removed_between_..., a_path_replaced_..., ...by_ipcrm_... ENOENT of the
 *path			a_path_deleted_... 5, 6: leftovers are used
 *...is_used, ...is_replaced EBADMSG of the reader
 *a_length_that_is_none_...
 */
#define _GNU_SOURCE

#include "support.h"

#include <grp.h>

#define NOBODY 65534
#define LOST                                                                   \
	"%s: %s: somebody removed the segment (ipcrm -m?), and the text in "   \
	"it is lost\n"

static const char *const programs[] = {"reader", "writer"};
static const char *const slow[] = {"-s", "1000", directory, NULL};

static int
make_set(int members, int mode)
{
	int semid =
	    semget(ftok(directory, 's'), members, IPC_CREAT | IPC_EXCL | mode);
	ck_assert_int_ne(semid, -1);
	return semid;
}

static int
make_segment(size_t size, int mode)
{
	int shmid =
	    shmget(ftok(directory, 'm'), size, IPC_CREAT | IPC_EXCL | mode);
	ck_assert_int_ne(shmid, -1);
	return shmid;
}

/* A set that has been used: its guard is free, and nothing is unread. */
static int
make_open_set(int mode)
{
	int semid = make_set(MEMBERS, mode);
	struct sembuf open[] = {{GUARD, +1, 0}, {EMPTY, +1, 0}};
	ck_assert_int_eq(semop(semid, open, 2), 0);
	return semid;
}

/* The program fails at this call on our key, and says so. */
static void
expect_failure(const char *program, const char *call, int reason)
{
	const char id = strncmp(call, "sem", 3) == 0 ? 's' : 'm';
	char what[64];
	snprintf(what, sizeof(what), "%s(%#x)", call,
		 (unsigned)ftok(directory, id));
	unlink(in_directory("error"));
	pid_t pid = start(program, NULL, "out", "error", NULL);
	expect_exit(pid, 1);
	expect_complaint("error", program, directory, what, reason);
}

/* Only root may look at an object that its owner may not write. */
static void
expect_refusal(int mode, const char *program, const char *call)
{
	const bool hidden = mode == 0400 && geteuid() != 0;
	expect_failure(program, call, hidden ? EACCES : EPERM);
}

/* Writer and reader do their job, from whatever is there. */
static void
expect_a_clean_start(bool reader_first)
{
	write_file("in", "hello\n", 6);
	pid_t first = reader_first ? start_reader("out") : start_writer("in");
	if (reader_first)
		eventually(sleep_for_more(NEWS) == 1);
	else
		eventually(unread());
	pid_t second = reader_first ? start_writer("in") : start_reader("out");
	expect_both_end(first, second);
	ck_assert_same_file("in", "out");
}

CASE("Foreign objects and failures", "not ours")

static const struct {
	size_t size;
	int mode;
} segments[] = {{1, 0600},   {255, 0600}, {257, 0600}, {4096, 0600},
		{256, 0666}, {256, 0644}, {256, 0660}, {256, 0601},
		{256, 0700}, {256, 0400}};
static const struct {
	int members, mode;
} sets[] = {{1, 0600}, {4, 0600}, {6, 0600}, {5, 0666},
	    {5, 0640}, {5, 0604}, {5, 0700}, {5, 0400}};
enum {
	SEGMENTS = sizeof(segments) / sizeof(segments[0]),
	SETS = sizeof(sets) / sizeof(sets[0])
};

TEST_LOOP(a_segment_of_other_size_or_mode_is_refused_and_left, 2 * SEGMENTS)
{
	const int mode = segments[_i / 2].mode;
	int shmid = make_segment(segments[_i / 2].size, mode);
	struct shmid_ds status;
	expect_refusal(mode, programs[_i % 2], "shmget");
	ck_assert_int_eq(semaphore_set(), -1);
	if (mode != 0400 || geteuid() == 0) {
		ck_assert_int_eq(shmctl(shmid, IPC_STAT, &status), 0);
		ck_assert_uint_eq(status.shm_segsz, segments[_i / 2].size);
	}
	remove_segment(shmid);
}

TEST_LOOP(a_set_of_other_size_or_mode_is_refused_and_left, 2 * SETS)
{
	int semid = make_set(sets[_i / 2].members, sets[_i / 2].mode);
	expect_refusal(sets[_i / 2].mode, programs[_i % 2], "semget");
	ck_assert_int_eq(semaphore_set(), semid);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 0);
	remove_set(semid);
}

/* The set is ours, and nobody is joined: it goes. */
TEST_LOOP(a_segment_that_is_not_ours_beside_a_set_that_is_stays, 2)
{
	int shmid = make_segment(256, 0666);
	make_open_set(0600);
	expect_failure(programs[_i], "shmget", EPERM);
	ck_assert_int_eq(semaphore_set(), -1);
	remove_segment(shmid);
}

TEST(a_segment_that_is_not_ours_does_not_disturb_who_is_joined)
{
	pid_t reader = start_waiting_reader();
	remove_segment(segment_of(directory));
	int shmid = make_segment(256, 0666);
	expect_failure("writer", "shmget", EPERM);
	expect_asleep(reader);
	ck_assert_int_eq(semaphore(GUARD), 1);
	remove_segment(shmid);
	expect_end_by(reader, SIGTERM);
}

static int
become_nobody(void)
{
	return setgroups(0, NULL) == -1 || setgid(NOBODY) == -1 ||
	       setuid(NOBODY) == -1;
}

static int
make_as_nobody(int id)
{
	if (become_nobody())
		return 1;
	if (id == 's')
		make_open_set(0600);
	else
		make_segment(256, 0600);
	return 0;
}

static void
open_directory(void)
{
	char parent[PATH_MAX];
	snprintf(parent, sizeof(parent), "%.2000s/..", directory);
	ck_assert_int_eq(chmod(parent, 0755), 0);
	ck_assert_int_eq(chmod(directory, 0777), 0);
}

static void
give_set_to(int semid, uid_t owner)
{
	struct semid_ds status;
	union semun sem_opts = {.buf = &status};
	ck_assert_int_eq(semctl(semid, 0, IPC_STAT, sem_opts), 0);
	status.sem_perm.uid = owner;
	ck_assert_int_eq(semctl(semid, 0, IPC_SET, sem_opts), 0);
}

static void
give_segment_to(int shmid, uid_t owner)
{
	struct shmid_ds status;
	ck_assert_int_eq(shmctl(shmid, IPC_STAT, &status), 0);
	status.shm_perm.uid = owner;
	ck_assert_int_eq(shmctl(shmid, IPC_SET, &status), 0);
}

/*
 * The set, and then the segment, of another user: as he made it, or given to us
 * by him.  A creator keeps an owner's rights: he could listen.
 */
TEST_IF(what_another_user_has_made_is_refused_and_left, 2, IS_ROOT)
{
	open_directory();
	expect_exit(child_of(make_as_nobody, 's'), 0);
	int semid = semaphore_set();
	if (_i == 1)
		give_set_to(semid, geteuid());
	expect_failure("reader", "semget", EPERM);
	expect_failure("writer", "semget", EPERM);
	remove_set(semid);

	expect_exit(child_of(make_as_nobody, 'm'), 0);
	int shmid = segment_of(directory);
	if (_i == 1)
		give_segment_to(shmid, geteuid());
	expect_failure("reader", "shmget", EPERM);
	expect_failure("writer", "shmget", EPERM);
	remove_segment(shmid);
}

TEST_ROOT(what_we_have_given_to_another_user_is_refused_and_left)
{
	int semid = make_open_set(0600);
	give_set_to(semid, NOBODY);
	expect_failure("reader", "semget", EPERM);
	remove_set(semid);

	int shmid = make_segment(256, 0600);
	give_segment_to(shmid, NOBODY);
	expect_failure("writer", "shmget", EPERM);
	remove_segment(shmid);
}

/* The writer as another user, from a copy that he may run. */
static const char *path_of_nobody;

static int
write_as_nobody(void)
{
	const char *writer = in_directory("writer");
	if (become_nobody() || freopen("/dev/null", "r", stdin) == NULL ||
	    freopen(in_directory("error"), "w", stderr) == NULL)
		return 100;
	execl(writer, "writer", path_of_nobody, (char *)NULL);
	return 101;
}

static void
copy_writer(void)
{
	char command[3 * PATH_MAX];
	snprintf(command, sizeof(command), "cp '%s/writer' '%s'", top,
		 directory);
	ck_assert_int_eq(system(command), 0);
}

TEST_ROOT(another_user_cannot_join_our_channel)
{
	char what[64];
	open_directory();
	copy_writer();
	path_of_nobody = directory;
	pid_t reader = start_waiting_reader();
	expect_exit(child(write_as_nobody), 1);
	snprintf(what, sizeof(what), "semget(%#x)",
		 (unsigned)ftok(directory, 's'));
	expect_complaint("error", "writer", directory, what, EACCES);
	expect_asleep(reader);
	expect_both_end(start_writer(NULL), reader);
}

TEST_ROOT(a_path_that_may_not_be_searched_is_told)
{
	open_directory();
	copy_writer();
	ck_assert_int_eq(mkdir(in_directory("closed"), 0700), 0);
	path_of_nobody = strdup(in_directory("closed/inner"));
	ck_assert_int_eq(mkdir(path_of_nobody, 0700), 0);
	expect_exit(child(write_as_nobody), 1);
	expect_complaint("error", "writer", path_of_nobody, "ftok", EACCES);
}

CASE("Foreign objects and failures", "left by the dead")

/* Somebody whose set was removed may still write into it. */
TEST_LOOP(a_segment_without_a_set_is_replaced, 2)
{
	struct segment *old = shmat(make_segment(256, 0600), NULL, 0);
	expect_a_clean_start(_i == 0);
	ck_assert_uint_eq(old->length, 0);
}

/* Its creator may have died before he opened it. */
TEST_LOOP(a_set_without_a_segment_is_used, 4)
{
	int semid = _i / 2 == 0 ? make_open_set(0600) : make_set(MEMBERS, 0600);
	expect_a_clean_start(_i % 2 == 0);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), -1);
}

static int
set_up_and_die(void)
{
	struct channel channel = {
	    .role = WRITERS, .path = directory, .semid = -1};
	if (join(&channel) == -1)
		return 1;
	raise(SIGKILL);
	return 2;
}

TEST_LOOP(what_a_killed_program_has_left_is_used_again, 2)
{
	expect_signal(child(set_up_and_die), SIGKILL);
	ck_assert(anything_left());
	expect_a_clean_start(_i == 0);
}

CASE("Foreign objects and failures", "broken values")

static const struct {
	int index, value;
} values[] = {{GUARD, 2}, {EMPTY, 2}, {EMPTY, 7}, {EMPTY, 0}};
enum { VALUES = sizeof(values) / sizeof(values[0]) };

TEST_LOOP(values_out_of_range_are_refused_and_left, 2 * VALUES)
{
	int semid = make_open_set(0600), shmid = make_segment(256, 0600);
	const int index = values[_i / 2].index, value = values[_i / 2].value;
	ck_assert_int_eq(semctl(semid, index, SETVAL, value), 0);
	expect_failure(programs[_i % 2], "semctl", EPERM);
	ck_assert_int_eq(semaphore(index), value);
	/* join() itself leaves them so, not only the end of the process. */
	struct channel channel = {
	    .role = WRITERS, .path = directory, .semid = -1};
	const int guard = semaphore(GUARD);
	expect_errno(join(&channel), EPERM);
	ck_assert_int_eq(semaphore(GUARD), guard);
	remove_set(semid);
	remove_segment(shmid);
}

TEST(at_32767_news_the_writers_fail)
{
	pid_t writer = start_writer("|");
	eventually(semaphore(WRITERS) == 1 && semaphore(GUARD) == 1);
	ck_assert_int_eq(semctl(semaphore_set(), NEWS, SETVAL, 32767), 0);
	/* One that comes, and one that ends a turn. */
	expect_failure("writer", "semop", ERANGE);
	ck_assert_int_eq(semaphore(WRITERS), 1);
	ck_assert_int_eq(write(feed, "x\n", 2), 2);
	expect_exit(writer, 1);
	ck_assert(!anything_left()); /* it has given the guard back */
	expect_a_clean_start(true);
}

TEST_LOOP(a_length_that_is_none_is_refused_and_nothing_is_printed, 3)
{
	static const uint32_t lengths[] = {0, TEXT_SIZE + 1, UINT32_MAX};
	leave_text("text\n");
	struct segment *segment = shmat(segment_of(directory), NULL, 0);
	uint32_t good = segment->length;
	segment->length = lengths[_i];
	expect_exit(start_reader("out"), 1);
	expect_complaint("reader.err", "reader", directory,
			 "length of the text", EBADMSG);
	expect_file("out", "%s", "");
	segment->length = good; /* the text is still there */
	shmdt(segment);
	expect_exit(start_reader("out"), 0);
	ck_assert_same_file("in", "out");
}

CASE("Foreign objects and failures", "limits")

/* In an IPC namespace of the test's own a limit can be set for it alone. */
static void
set_limit(const char *limit, const char *value)
{
	char path[64];
	const ssize_t length = (ssize_t)strlen(value);
	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", limit);
	int file = open(path, O_WRONLY);
	ck_assert_int_eq(write(file, value, (size_t)length), length);
	close(file);
}

static const struct {
	const char *limit, *value, *call;
	int reason;
} limits[] = {
    {"sem", "32000 1024000000 500 0", "semget", ENOSPC},
    {"sem", "4 1024000000 500 9", "semget", EINVAL},
    {"sem", "32000 1024000000 4 9", "semop", E2BIG},
    {"shmmni", "0", "shmget", ENOSPC},
    {"shmmax", "100", "shmget", EINVAL},
};
enum { LIMITS = sizeof(limits) / sizeof(limits[0]) };

TEST_IF(at_a_limit_it_says_so_and_leaves_nothing, LIMITS, IS_ROOT)
{
	set_limit(limits[_i].limit, limits[_i].value);
	expect_failure(programs[_i % 2], limits[_i].call, limits[_i].reason);
}

/* A reader waits there, or a text does. */
TEST_IF(a_newcomer_with_too_few_steps_leaves_a_set_in_use, 2, IS_ROOT)
{
	pid_t reader = 0;
	write_file("in", "text\n", 5);
	if (_i == 0) {
		reader = start_reader("out");
		eventually(sleep_for_more(NEWS) == 1);
	} else
		expect_exit(start_writer("in"), 0);
	set_limit("sem", "32000 1024000000 4 9");
	expect_failure("writer", "semop", E2BIG);
	set_limit("sem", "32000 1024000000 500 9");
	if (_i == 0)
		expect_exit(start_writer("in"), 0);
	else
		reader = start_reader("out");
	expect_exit(reader, 0);
	ck_assert_same_file("in", "out");
}

/* With 5 operations a step, and not more, everything works. */
TEST_ROOT(five_operations_a_step_and_five_semaphores_a_set_are_enough)
{
	set_limit("sem", "5 1024000000 5 9");
	expect_a_clean_start(true);
}

/* With shm_rmid_forced, the last process that detaches a segment removes it. */
TEST_LOOP(text_lost_by_ipcrm_is_told_once_by_the_next_start, 2)
{
	const bool forced = _i == 1;
	if (forced && geteuid() == 0)
		set_limit("shm_rmid_forced", "1");
	leave_text("lost\n");
	ck_assert(unread());
	if (!forced || geteuid() != 0)
		remove_segment(segment_of(directory));
	expect_a_clean_start(true);
	expect_file("reader.err", LOST, "reader", directory);
	unlink(in_directory("reader.err"));
	unlink(in_directory("out"));
	expect_a_clean_start(true);
	expect_file("reader.err", "%s", "");
}

/* All addresses but a few pages are taken: shmat(2) fails with ENOMEM. */
static int
join_without_memory(void)
{
	struct channel channel = {
	    .role = READERS, .path = directory, .semid = -1};
	struct rlimit none = {0, 0};
	if (setrlimit(RLIMIT_AS, &none) == -1)
		return 1;
	if (join(&channel) == 0)
		return 2;
	return errno == ENOMEM && strncmp(channel.failed, "shmat(", 6) == 0 ? 0
									    : 3;
}

TEST(without_memory_to_attach_it_fails_and_leaves_nothing)
{
	expect_exit(child(join_without_memory), 0);
}

TEST(without_memory_to_attach_it_fails_and_others_go_on)
{
	pid_t reader = start_waiting_reader();
	expect_exit(child(join_without_memory), 0);
	ck_assert_int_eq(semaphore(GUARD), 1);
	expect_both_end(start_writer(NULL), reader);
}

CASE("Foreign objects and failures", "changes on the way in")

/* Run to the end of a system call that fails with EEXIST: createsem's. */
static void
run_to_eexist(pid_t pid)
{
	struct __ptrace_syscall_info info = {0};
	int status, signo = 0;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD);
	while (info.op != PTRACE_SYSCALL_INFO_EXIT ||
	       info.exit.rval != -EEXIST) {
		ptrace(PTRACE_SYSCALL, pid, NULL, signo);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFSTOPPED(status));
		signo = WSTOPSIG(status) & 0x7f; /* 0x80: a system call */
		if (signo == SIGTRAP)
			signo = 0;
		ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
	}
}

TEST(a_set_removed_between_createsem_and_opensem_is_made_anew)
{
	int semid = make_open_set(0600);
	write_file("in", "hello\n", 6);
	fflush(NULL);
	pid_t writer = fork();
	if (writer == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		exec_program("writer", "in", "writer.out", "writer.err");
	}
	run_to_eexist(writer);
	remove_set(semid);
	ptrace(PTRACE_DETACH, writer, NULL, NULL);
	expect_exit(writer, 0);
	expect_exit(start_reader("out"), 0);
	ck_assert_same_file("in", "out");
}

/*
 * A channel whose path is a file: reader X is inside, and writer P sleeps until
 * the guard is free, which is before it joins.
 */
static char channel[2 * PATH_MAX];
static const char *const to_channel[] = {channel, NULL};
static pid_t x, p;
static int old_set, old_segment;

static void
let_a_writer_wait_to_join(void)
{
	const char *stays[] = {"-s", "1000", channel, NULL};
	strcpy(channel, in_directory("channel"));
	write_file("channel", "", 0);
	write_file("first", "first\n", 6);
	write_file("in", "second\n", 7);
	x = start("reader", NULL, "x.out", "x.err", stays);
	pid_t first = start("writer", "first", NULL, "first.err", to_channel);
	eventually(file_has("x.out", "first\n"));
	expect_exit(first, 0);
	old_set = set_of(channel);
	old_segment = segment_of(channel);
	p = start("writer", "in", "p.out", "p.err", to_channel);
	eventually(semctl(old_set, GUARD, GETNCNT) == 1);
}

static void
end_x_and_see_it_clean_up(int status_of_p)
{
	expect_end_by(x, SIGTERM);
	expect_exit(p, status_of_p);
	ck_assert_int_eq(semctl(old_set, 0, GETVAL), -1);
	ck_assert_ptr_eq(shmat(old_segment, NULL, SHM_RDONLY), (void *)-1);
}

TEST(a_path_deleted_while_one_waits_to_join_leaves_nothing)
{
	let_a_writer_wait_to_join();
	unlink(channel);
	end_x_and_see_it_clean_up(1);
	expect_complaint("p.err", "writer", channel, "ftok", ENOENT);
}

TEST(a_path_replaced_while_one_waits_to_join_is_joined_anew)
{
	let_a_writer_wait_to_join();
	write_file("other", "", 0);
	const char *to_other[] = {strdup(in_directory("other")), NULL};
	pid_t reader = start("reader", NULL, "out", "reader.err", to_other);
	int set = -1;
	eventually((set = set_of(to_other[0])) != -1 &&
		   semctl(set, NEWS, GETNCNT) == 1);
	ck_assert_int_eq(rename(to_other[0], channel), 0);
	end_x_and_see_it_clean_up(0);
	expect_exit(reader, 0);
	expect_file("x.out", "first\n");
	ck_assert_same_file("in", "out");
	ck_assert_int_eq(set_of(channel), -1);
	ck_assert_int_eq(segment_of(channel), -1);
}

/*
 * One that waits to join is stopped, so that it does not notice the signal
 * before the death of the writer that was inside.
 */
TEST_LOOP(a_signal_to_one_that_was_never_inside_removes_nothing, 2)
{
	write_file("in", "x\n", 2);
	pid_t inside = start("writer", "in", "out", "error", slow);
	eventually(semaphore_set() != -1 && semaphore(WRITERS) == 1 &&
		   semaphore(GUARD) == 0);
	pid_t waits = start(programs[_i], NULL, "out", "error", NULL);
	eventually(sleep_for_more(GUARD) == 1);
	kill(waits, SIGSTOP);
	eventually(sleep_for_more(GUARD) == 0);
	kill(waits, SIGTERM);
	expect_end_by(inside, SIGKILL);
	kill(waits, SIGCONT);
	expect_signal(waits, SIGTERM);
	ck_assert_int_eq(semaphore(GUARD), 1);
	ck_assert_int_ne(segment_of(directory), -1);
	unlink(in_directory("out"));
	expect_a_clean_start(true);
}
