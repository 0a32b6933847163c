/*
 * check_foreign.c - what is found under our keys and is not ours, what the dead
 * have left there, and system calls that fail.
 */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

static const char *const programs[] = {"reader", "writer"};

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

/* A set that has been used: its guard is free. */
static int
make_open_set(int mode)
{
	int semid = make_set(MEMBERS, mode);
	struct sembuf free_guard = {GUARD, +1, 0};
	ck_assert_int_eq(semop(semid, &free_guard, 1), 0);
	return semid;
}

/* The program refuses: exit status 1, and it says what, and what to do. */
static void
expect_refusal(const char *program, const char *object, const char *command)
{
	char key[32];
	unlink(in_directory("error"));
	pid_t pid = start(program, NULL, "out", "error", NULL);
	ck_assert_int_eq(exit_status(pid), 1);
	ck_assert_msg(file_has("error", object), "%s",
		      read_file("error", NULL));
	snprintf(key, sizeof(key), "'ipcrm -%s %#x'", command,
		 (unsigned)ftok(directory, command[0] == 'S' ? 's' : 'm'));
	ck_assert_msg(file_has("error", key), "%s", read_file("error", NULL));
	ck_assert(file_has("error", "not one of ours"));
}

/* Writer and reader do their job, from whatever is there. */
static void
expect_a_clean_start(bool reader_first)
{
	write_file("in", "hello\n", 6);
	pid_t first = reader_first ? start_reader("out") : start_writer("in");
	pid_t second = reader_first ? start_writer("in") : start_reader("out");
	ck_assert_int_eq(exit_status(first), 0);
	ck_assert_int_eq(exit_status(second), 0);
	ck_assert_same_file("in", "out");
}

/* ---- Not ours ---- */

static const struct {
	size_t size;
	int mode;
} segments[] = {{1, 0600},   {255, 0600}, {257, 0600}, {4096, 0600},
		{256, 0666}, {256, 0644}, {256, 0660}, {256, 0601}};
static const struct {
	int members, mode;
} sets[] = {{1, 0600}, {3, 0600}, {5, 0600}, {4, 0666}, {4, 0640}, {4, 0604}};
enum {
	SEGMENTS = sizeof(segments) / sizeof(segments[0]),
	SETS = sizeof(sets) / sizeof(sets[0])
};

START_TEST(a_segment_of_another_size_or_mode_is_refused_and_left)
{
	int shmid = make_segment(segments[_i / 2].size, segments[_i / 2].mode);
	struct shmid_ds status;
	expect_refusal(programs[_i % 2], "segment", "M");
	ck_assert_int_eq(semaphore_set(), -1);
	ck_assert_int_eq(shmctl(shmid, IPC_STAT, &status), 0);
	ck_assert_uint_eq(status.shm_segsz, segments[_i / 2].size);
	ck_assert_int_eq(shmctl(shmid, IPC_RMID, NULL), 0);
}
END_TEST

START_TEST(a_set_of_another_size_or_mode_is_refused_and_left)
{
	int semid = make_set(sets[_i / 2].members, sets[_i / 2].mode);
	expect_refusal(programs[_i % 2], "semaphore set", "S");
	ck_assert_int_eq(semaphore_set(), semid);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 0);
	ck_assert_int_eq(semctl(semid, 0, IPC_RMID), 0);
}
END_TEST

START_TEST(a_segment_that_is_not_ours_beside_a_set_that_is_leaves_both)
{
	int shmid = make_segment(256, 0666), semid = make_open_set(0600);
	expect_refusal(programs[_i], "segment", "M");
	ck_assert_int_eq(semaphore_set(), semid);
	ck_assert_int_eq(semaphore(GUARD), 1);
	ck_assert_int_eq(shmctl(shmid, IPC_RMID, NULL), 0);
	ck_assert_int_eq(semctl(semid, 0, IPC_RMID), 0);
}
END_TEST

static int
become_nobody(void)
{
	return setgroups(0, NULL) == -1 || setgid(NOBODY) == -1 ||
	       setuid(NOBODY) == -1;
}

static int
make_set_as_nobody(void)
{
	return become_nobody() || (make_open_set(0600), 0);
}

static int
make_segment_as_nobody(void)
{
	return become_nobody() || (make_segment(256, 0600), 0);
}

static void
open_directory(void)
{
	char parent[PATH_MAX];
	snprintf(parent, sizeof(parent), "%.200s/..", directory);
	ck_assert_int_eq(chmod(parent, 0755), 0);
	ck_assert_int_eq(chmod(directory, 0777), 0);
}

START_TEST(another_owners_set_is_refused_and_left)
{
	open_directory();
	ck_assert_int_eq(exit_status(child(make_set_as_nobody)), 0);
	int semid = semaphore_set();
	expect_refusal("reader", "semaphore set", "S");
	expect_refusal("writer", "semaphore set", "S");
	ck_assert_int_eq(semctl(semid, 0, IPC_RMID), 0);
}
END_TEST

START_TEST(another_owners_segment_is_refused_and_left)
{
	open_directory();
	ck_assert_int_eq(exit_status(child(make_segment_as_nobody)), 0);
	expect_refusal("reader", "segment", "M");
	expect_refusal("writer", "segment", "M");
	ck_assert_int_eq(
	    shmctl(shmget(ftok(directory, 'm'), 0, 0), IPC_RMID, NULL), 0);
}
END_TEST

/* Who gives an object away keeps its creator's rights: he could listen in. */
START_TEST(objects_that_another_user_has_given_to_us_are_refused)
{
	struct shmid_ds segment;
	struct semid_ds set;
	open_directory();
	ck_assert_int_eq(exit_status(child(make_set_as_nobody)), 0);
	int semid = semaphore_set();
	union semun sem_opts = {.buf = &set};
	ck_assert_int_eq(semctl(semid, 0, IPC_STAT, sem_opts), 0);
	set.sem_perm.uid = geteuid();
	ck_assert_int_eq(semctl(semid, 0, IPC_SET, sem_opts), 0);
	expect_refusal("reader", "semaphore set", "S");
	ck_assert_int_eq(semctl(semid, 0, IPC_RMID), 0);

	ck_assert_int_eq(exit_status(child(make_segment_as_nobody)), 0);
	int shmid = shmget(ftok(directory, 'm'), 0, 0);
	ck_assert_int_eq(shmctl(shmid, IPC_STAT, &segment), 0);
	segment.shm_perm.uid = geteuid();
	ck_assert_int_eq(shmctl(shmid, IPC_SET, &segment), 0);
	expect_refusal("writer", "segment", "M");
	ck_assert_int_eq(shmctl(shmid, IPC_RMID, NULL), 0);
}
END_TEST

static int
join_as_nobody(void)
{
	struct channel channel = {
	    .role = WRITER, .path = directory, .semid = -1, .shmid = -1};
	if (become_nobody() || join(&channel) == 0)
		return 0;
	return channel.object == SET ? errno : 1;
}

START_TEST(another_user_cannot_join_our_channel)
{
	open_directory();
	pid_t reader = start_reader("out");
	eventually(sleep_for_more(NEWS) == 1);
	ck_assert_int_eq(exit_status(child(join_as_nobody)), EACCES);
	ck_assert_int_eq(exit_status(start_writer(NULL)), 0);
	ck_assert_int_eq(exit_status(reader), 0);
}
END_TEST

static int
join_without_path_permission(void)
{
	static char inner[PATH_MAX];
	struct channel channel = {
	    .role = READER, .path = inner, .semid = -1, .shmid = -1};
	snprintf(inner, sizeof(inner), "%.200s/closed/inner", directory);
	if (geteuid() == 0 && become_nobody())
		return 0;
	if (join(&channel) == 0)
		return 0;
	return channel.object == PATH ? errno : 1;
}

START_TEST(a_path_without_permission_is_an_error)
{
	open_directory();
	ck_assert_int_eq(mkdir(in_directory("closed"), 0700), 0);
	ck_assert_int_eq(mkdir(in_directory("closed/inner"), 0700), 0);
	ck_assert_int_eq(chmod(in_directory("closed"), 0), 0);
	ck_assert_int_eq(exit_status(child(join_without_path_permission)),
			 EACCES);
	ck_assert_int_eq(chmod(in_directory("closed"), 0700), 0);
}
END_TEST

/* ---- What the dead have left ---- */

START_TEST(a_segment_without_a_set_is_used)
{
	make_segment(256, 0600);
	expect_a_clean_start(_i == 0);
}
END_TEST

START_TEST(a_set_without_a_segment_is_made_anew)
{
	int semid = make_open_set(0600);
	expect_a_clean_start(_i == 0);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), -1);
}
END_TEST

START_TEST(a_set_whose_creator_died_before_opening_it_is_made_anew)
{
	int semid = make_set(MEMBERS, 0600);
	expect_a_clean_start(_i == 0);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), -1);
}
END_TEST

static int
set_up_and_die(void)
{
	struct channel channel = {
	    .role = WRITER, .path = directory, .semid = -1, .shmid = -1};
	if (join(&channel) == -1)
		return 1;
	raise(SIGKILL);
	return 2;
}

START_TEST(what_a_killed_program_has_left_is_used_again)
{
	ck_assert_int_eq(signal_of(child(set_up_and_die)), SIGKILL);
	ck_assert(anything_left());
	expect_a_clean_start(_i == 0);
}
END_TEST

/* ---- Values and lengths that no program of ours has put there ---- */

static const struct {
	int index, value;
} values[] = {{GUARD, 2}, {UNREAD, 7}, {UNREAD, 1}};
enum { VALUES = sizeof(values) / sizeof(values[0]) };

START_TEST(values_out_of_range_are_refused_and_left)
{
	int semid = make_open_set(0600), shmid = make_segment(256, 0600);
	ck_assert_int_eq(
	    semctl(semid, values[_i / 2].index, SETVAL, values[_i / 2].value),
	    0);
	expect_refusal(programs[_i % 2], "semaphore set", "S");
	ck_assert_int_eq(semaphore(values[_i / 2].index), values[_i / 2].value);
	ck_assert_int_eq(semctl(semid, 0, IPC_RMID), 0);
	ck_assert_int_eq(shmctl(shmid, IPC_RMID, NULL), 0);
}
END_TEST

START_TEST(a_length_that_is_none_is_refused_and_nothing_is_read_past_the_end)
{
	static const uint32_t lengths[] = {0, TEXT_SIZE + 1, UINT32_MAX};
	write_file("in", "text\n", 5);
	ck_assert_int_eq(exit_status(start_writer("in")), 0);
	int shmid = openshm(directory, 'm');
	struct segment *segment = shm_attach(shmid, 0);
	uint32_t good = segment->length;
	segment->length = lengths[_i];
	ck_assert_int_eq(exit_status(start_reader("out")), 1);
	ck_assert(file_has("reader.err", "Bad message"));
	ck_assert(file_has("reader.err", "'ipcrm -M "));
	ck_assert_str_eq(read_file("out", NULL), "");
	segment->length = good; /* the text is still there */
	shm_detach(segment);
	ck_assert_int_eq(exit_status(start_reader("out")), 0);
	ck_assert_same_file("in", "out");
}
END_TEST

/* ---- Limits ---- */

static const char *limit, *value;

/* In an IPC namespace of its own a limit can be set for it alone. */
static int
start_at_the_limit(void)
{
	char path[64];
	if (unshare(CLONE_NEWIPC) == -1)
		return 100;
	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", limit);
	int file = open(path, O_WRONLY);
	if (write(file, value, strlen(value)) != (ssize_t)strlen(value))
		return 101;
	close(file);
	int status = exit_status(start("writer", NULL, "out", "error", NULL));
	return anything_left() ? 102 : status;
}

START_TEST(at_the_systems_limit_of_sets_or_segments_it_says_so)
{
	limit = _i == 0 ? "sem" : "shmmni";
	value = _i == 0 ? "32000 1024000000 500 0" : "0";
	ck_assert_int_eq(exit_status(child(start_at_the_limit)), 1);
	ck_assert(file_has("error", "No space left on device"));
	ck_assert(file_has("error", _i == 0 ? "semaphore set" : "segment"));
	ck_assert(file_has("error", "'ipcs -l'"));
}
END_TEST

/* All addresses but a few pages are taken: shmat(2) fails with ENOMEM. */
static int
join_without_memory(void)
{
	struct channel channel = {
	    .role = READER, .path = directory, .semid = -1, .shmid = -1};
	struct rlimit none = {0, 0};
	if (setrlimit(RLIMIT_AS, &none) == -1)
		return 1;
	if (join(&channel) == 0)
		return 2;
	return errno == ENOMEM && channel.object == SEGMENT ? 0 : 3;
}

START_TEST(without_memory_to_attach_it_fails_and_leaves_nothing)
{
	ck_assert_int_eq(exit_status(child(join_without_memory)), 0);
	expect_nothing_left();
}
END_TEST

Suite *
foreign_suite(void)
{
	Suite *suite = suite_create("Foreign objects and failures");
	TCase *tcase = add_case(suite, "not ours");

	tcase_add_loop_test(
	    tcase, a_segment_of_another_size_or_mode_is_refused_and_left, 0,
	    2 * SEGMENTS);
	tcase_add_loop_test(tcase,
			    a_set_of_another_size_or_mode_is_refused_and_left,
			    0, 2 * SETS);
	tcase_add_loop_test(
	    tcase, a_segment_that_is_not_ours_beside_a_set_that_is_leaves_both,
	    0, 2);
	add_root_test(tcase, another_owners_set_is_refused_and_left);
	add_root_test(tcase, another_owners_segment_is_refused_and_left);
	add_root_test(tcase,
		      objects_that_another_user_has_given_to_us_are_refused);
	add_root_test(tcase, another_user_cannot_join_our_channel);
	tcase_add_test(tcase, a_path_without_permission_is_an_error);

	tcase = add_case(suite, "left by the dead");
	tcase_add_loop_test(tcase, a_segment_without_a_set_is_used, 0, 2);
	tcase_add_loop_test(tcase, a_set_without_a_segment_is_made_anew, 0, 2);
	tcase_add_loop_test(
	    tcase, a_set_whose_creator_died_before_opening_it_is_made_anew, 0,
	    2);
	tcase_add_loop_test(tcase, what_a_killed_program_has_left_is_used_again,
			    0, 2);

	tcase = add_case(suite, "broken values");
	tcase_add_loop_test(tcase, values_out_of_range_are_refused_and_left, 0,
			    2 * VALUES);
	tcase_add_loop_test(
	    tcase,
	    a_length_that_is_none_is_refused_and_nothing_is_read_past_the_end,
	    0, 3);

	tcase = add_case(suite, "limits");
	if (geteuid() == 0)
		tcase_add_loop_test(
		    tcase, at_the_systems_limit_of_sets_or_segments_it_says_so,
		    0, 2);
	else
		printf("skipped, needs root: "
		       "at_the_systems_limit_of_sets_or_segments_it_says_so\n");
	tcase_add_test(tcase,
		       without_memory_to_attach_it_fails_and_leaves_nothing);
	return suite;
}
