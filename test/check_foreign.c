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

/* A set that has been used: its guard is free, nothing is unread. */
static int
make_open_set(int mode)
{
	int semid = make_set(MEMBERS, mode);
	struct sembuf open[] = {{GUARD, +1, 0}, {EMPTY, +1, 0}};
	ck_assert_int_eq(semop(semid, open, 2), 0);
	return semid;
}

/*
 * The program refuses: exit status 1, and it says what, whose it is, and what
 * to do; `ipcrm' is named only where the object is the user's own.
 */
static void
expect_refusal(const char *program, const char *object, const char *owner)
{
	const char what = strcmp(object, "segment") == 0 ? 'm' : 's';
	const unsigned key = (unsigned)ftok(directory, what);
	char text[128];
	unlink(in_directory("error"));
	pid_t pid = start(program, NULL, "out", "error", NULL);
	ck_assert_int_eq(exit_status(pid), 1);
	char *error = read_file("error", NULL);
	snprintf(text, sizeof(text), ": %s %#x: ", object, key);
	ck_assert_msg(strstr(error, text) != NULL, "%s", error);
	if (owner == NULL) {
		snprintf(text, sizeof(text), "'ipcrm -%c %#x'", what - 32, key);
		ck_assert_msg(strstr(error, text) != NULL, "%s", error);
	} else {
		snprintf(text, sizeof(text), "belongs to %s,", owner);
		ck_assert_msg(strstr(error, text) != NULL, "%s", error);
		ck_assert_msg(strstr(error, "ipcrm") == NULL, "%s", error);
	}
	ck_assert_msg(strstr(error, "give another path") != NULL, "%s", error);
	free(error);
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
	ck_assert_int_eq(exit_status(first), 0);
	ck_assert_int_eq(exit_status(second), 0);
	ck_assert_same_file("in", "out");
}

/* ---- Not ours ---- */

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

START_TEST(a_segment_of_another_size_or_mode_is_refused_and_left)
{
	int shmid = make_segment(segments[_i / 2].size, segments[_i / 2].mode);
	struct shmid_ds status;
	expect_refusal(programs[_i % 2], "segment", NULL);
	ck_assert_int_eq(semaphore_set(), -1);
	ck_assert_int_eq(shmctl(shmid, IPC_STAT, &status), 0);
	ck_assert_uint_eq(status.shm_segsz, segments[_i / 2].size);
	ck_assert_int_eq(shmctl(shmid, IPC_RMID, NULL), 0);
}
END_TEST

START_TEST(a_set_of_another_size_or_mode_is_refused_and_left)
{
	int semid = make_set(sets[_i / 2].members, sets[_i / 2].mode);
	expect_refusal(programs[_i % 2], "semaphore set", NULL);
	ck_assert_int_eq(semaphore_set(), semid);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 0);
	ck_assert_int_eq(semctl(semid, 0, IPC_RMID), 0);
}
END_TEST

/* The set is ours, with nobody there: it goes. */
START_TEST(a_segment_that_is_not_ours_beside_a_set_that_is_stays)
{
	int shmid = make_segment(256, 0666);
	make_open_set(0600);
	expect_refusal(programs[_i], "segment", NULL);
	ck_assert_int_eq(semaphore_set(), -1);
	ck_assert_int_eq(shmctl(shmid, IPC_RMID, NULL), 0);
}
END_TEST

START_TEST(a_segment_that_is_not_ours_does_not_disturb_those_who_have_theirs)
{
	pid_t reader = start_reader("out");
	eventually(sleep_for_more(NEWS) == 1);
	shmctl(shmget(ftok(directory, 'm'), 0, 0), IPC_RMID, NULL);
	int shmid = make_segment(256, 0666);
	expect_refusal("writer", "segment", NULL);
	expect_asleep(reader);
	ck_assert_int_eq(semaphore(GUARD), 1);
	ck_assert_int_eq(shmctl(shmid, IPC_RMID, NULL), 0);
	kill(reader, SIGTERM);
	ck_assert_int_eq(signal_of(reader), SIGTERM);
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
	expect_refusal("reader", "semaphore set", "nobody");
	expect_refusal("writer", "semaphore set", "nobody");
	ck_assert_int_eq(semctl(semid, 0, IPC_RMID), 0);
}
END_TEST

START_TEST(another_owners_segment_is_refused_and_left)
{
	open_directory();
	ck_assert_int_eq(exit_status(child(make_segment_as_nobody)), 0);
	expect_refusal("reader", "segment", "nobody");
	expect_refusal("writer", "segment", "nobody");
	ck_assert_int_eq(
	    shmctl(shmget(ftok(directory, 'm'), 0, 0), IPC_RMID, NULL), 0);
}
END_TEST

static void
give_to(bool set, int id, uid_t owner)
{
	struct shmid_ds segment_status;
	struct semid_ds set_status;
	union semun sem_opts = {.buf = &set_status};
	if (set) {
		ck_assert_int_eq(semctl(id, 0, IPC_STAT, sem_opts), 0);
		set_status.sem_perm.uid = owner;
		ck_assert_int_eq(semctl(id, 0, IPC_SET, sem_opts), 0);
	} else {
		ck_assert_int_eq(shmctl(id, IPC_STAT, &segment_status), 0);
		segment_status.shm_perm.uid = owner;
		ck_assert_int_eq(shmctl(id, IPC_SET, &segment_status), 0);
	}
}

/* Who gives an object away keeps its creator's rights: he could listen in. */
START_TEST(objects_that_another_user_has_given_to_us_are_refused)
{
	open_directory();
	ck_assert_int_eq(exit_status(child(make_set_as_nobody)), 0);
	int semid = semaphore_set();
	give_to(true, semid, geteuid());
	expect_refusal("reader", "semaphore set", NULL);
	ck_assert_int_eq(semctl(semid, 0, IPC_RMID), 0);

	ck_assert_int_eq(exit_status(child(make_segment_as_nobody)), 0);
	int shmid = shmget(ftok(directory, 'm'), 0, 0);
	give_to(false, shmid, geteuid());
	expect_refusal("writer", "segment", NULL);
	ck_assert_int_eq(shmctl(shmid, IPC_RMID, NULL), 0);
}
END_TEST

START_TEST(objects_that_we_have_given_to_another_user_are_refused)
{
	int semid = make_open_set(0600);
	give_to(true, semid, NOBODY);
	expect_refusal("reader", "semaphore set", "nobody");
	ck_assert_int_eq(semctl(semid, 0, IPC_RMID), 0);

	int shmid = make_segment(256, 0600);
	give_to(false, shmid, NOBODY);
	expect_refusal("writer", "segment", "nobody");
	ck_assert_int_eq(shmctl(shmid, IPC_RMID, NULL), 0);
}
END_TEST

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

START_TEST(another_user_cannot_join_our_channel_and_is_told_whose_it_is)
{
	open_directory();
	copy_writer();
	path_of_nobody = directory;
	pid_t reader = start_reader("out");
	eventually(sleep_for_more(NEWS) == 1);
	ck_assert_int_eq(exit_status(child(write_as_nobody)), 1);
	ck_assert(file_has("error", ": semaphore set 0x"));
	ck_assert(file_has("error", "Permission denied"));
	ck_assert(file_has("error", "belongs to root,"));
	ck_assert(!file_has("error", "ipcrm"));
	expect_asleep(reader);
	ck_assert_int_eq(exit_status(start_writer(NULL)), 0);
	ck_assert_int_eq(exit_status(reader), 0);
}
END_TEST

START_TEST(a_path_that_may_not_be_searched_is_told_so)
{
	open_directory();
	copy_writer();
	ck_assert_int_eq(mkdir(in_directory("closed"), 0700), 0);
	path_of_nobody = in_directory("closed/inner");
	ck_assert_int_eq(mkdir(path_of_nobody, 0700), 0);
	ck_assert_int_eq(exit_status(child(write_as_nobody)), 1);
	ck_assert(file_has("error", "closed/inner: Permission denied"));
	ck_assert(file_has("error", "a directory on the way"));
	ck_assert(!file_has("error", "must be there"));
}
END_TEST

/* ---- What the dead have left ---- */

START_TEST(a_segment_without_a_set_is_used)
{
	make_segment(256, 0600);
	expect_a_clean_start(_i == 0);
}
END_TEST

START_TEST(a_set_without_a_segment_is_used)
{
	int semid = make_open_set(0600);
	expect_a_clean_start(_i == 0);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), -1);
}
END_TEST

START_TEST(a_set_whose_creator_died_before_opening_it_is_opened_by_who_comes)
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
} values[] = {{GUARD, 2}, {EMPTY, 2}, {EMPTY, 7}, {EMPTY, 0}};
enum { VALUES = sizeof(values) / sizeof(values[0]) };

START_TEST(values_out_of_range_are_refused_and_left)
{
	int semid = make_open_set(0600), shmid = make_segment(256, 0600);
	const int index = values[_i / 2].index, value = values[_i / 2].value;
	ck_assert_int_eq(semctl(semid, index, SETVAL, value), 0);
	expect_refusal(programs[_i % 2], "semaphore set", NULL);
	ck_assert_int_eq(semaphore(index), value);
	/* join() itself leaves them so, not only the end of the process. */
	struct channel channel = {
	    .role = WRITER, .path = directory, .semid = -1, .shmid = -1};
	const int guard = semaphore(GUARD);
	ck_assert_int_eq(join(&channel), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(semaphore(GUARD), guard);
	ck_assert_int_eq(semctl(semid, 0, IPC_RMID), 0);
	ck_assert_int_eq(shmctl(shmid, IPC_RMID, NULL), 0);
}
END_TEST

START_TEST(at_32767_news_the_writer_says_that_nobody_reads)
{
	pid_t writer = start_writer("|");
	eventually(semaphore(WRITERS) == 1 && semaphore(GUARD) == 1);
	ck_assert_int_eq(semctl(semaphore_set(), NEWS, SETVAL, 32767), 0);
	/* One that comes, and one that wants to hand over. */
	ck_assert_int_eq(
	    exit_status(start("writer", NULL, "out", "error", NULL)), 1);
	ck_assert(file_has("error", "32767 writers have ended unread"));
	ck_assert_int_eq(semaphore(WRITERS), 1);
	ck_assert_int_eq(write(feed, "x\n", 2), 2);
	ck_assert_int_eq(exit_status(writer), 1);
	ck_assert(file_has("writer.err", "32767 writers have ended unread"));
	ck_assert(!anything_left()); /* it has given the guard back */
	expect_a_clean_start(true);
}
END_TEST

START_TEST(a_length_that_is_none_is_refused_and_nothing_is_read_past_the_end)
{
	static const uint32_t lengths[] = {0, TEXT_SIZE + 1, UINT32_MAX};
	write_file("in", "text\n", 5);
	ck_assert_int_eq(exit_status(start_writer("in")), 0);
	int shmid = openshm(directory, 'm');
	struct segment *segment = shmat(shmid, NULL, 0);
	uint32_t good = segment->length;
	segment->length = lengths[_i];
	ck_assert_int_eq(exit_status(start_reader("out")), 1);
	ck_assert(file_has("reader.err", "Bad message"));
	ck_assert(file_has("reader.err", "'ipcrm -M "));
	ck_assert_str_eq(read_file("out", NULL), "");
	segment->length = good; /* the text is still there */
	shmdt(segment);
	ck_assert_int_eq(exit_status(start_reader("out")), 0);
	ck_assert_same_file("in", "out");
}
END_TEST

/* ---- Limits ---- */

static const char *limit, *value;

static bool
set_limit(void)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", limit);
	int file = open(path, O_WRONLY);
	bool done = write(file, value, strlen(value)) == (ssize_t)strlen(value);
	close(file);
	return done;
}

/* In an IPC namespace of its own a limit can be set for it alone. */
static int
start_at_the_limit(void)
{
	if (unshare(CLONE_NEWIPC) == -1 || !set_limit())
		return 100;
	int status = exit_status(start("writer", NULL, "out", "error", NULL));
	return anything_left() ? 102 : status;
}

static const struct {
	const char *limit, *value, *object, *reason, *advice;
} limits[] = {
    {"sem", "32000 1024000000 500 0", "semaphore set", "No space left", "-l'"},
    {"sem", "4 1024000000 500 9", "semaphore set", "Invalid", "SEMMSL"},
    {"sem", "32000 1024000000 4 9", "semaphore set", "list too", "SEMOPM"},
    {"shmmni", "0", "segment", "No space left", "'ipcs -l'"},
    {"shmmax", "100", "segment", "Invalid", "kernel.shmmax"},
};
enum { LIMITS = sizeof(limits) / sizeof(limits[0]) };

START_TEST(at_a_limit_of_the_systems_it_says_which_and_leaves_nothing)
{
	limit = limits[_i].limit;
	value = limits[_i].value;
	ck_assert_int_eq(exit_status(child(start_at_the_limit)), 1);
	ck_assert(file_has("error", limits[_i].object));
	ck_assert(file_has("error", limits[_i].reason));
	ck_assert(file_has("error", limits[_i].advice));
	ck_assert(!file_has("error", "ipcrm"));
}
END_TEST

/* With 5 operations a step, and not more, everything works. */
static int
do_all_in_five_operations(void)
{
	if (unshare(CLONE_NEWIPC) == -1 || !set_limit())
		return 100;
	expect_a_clean_start(true);
	return anything_left() ? 101 : 0;
}

START_TEST(five_operations_a_step_and_five_semaphores_a_set_are_enough)
{
	limit = "sem";
	value = "5 1024000000 5 9";
	ck_assert_int_eq(exit_status(child(do_all_in_five_operations)), 0);
}
END_TEST

/* The kernel removes the segment with the last process that detaches it. */
static int
lose_text(void)
{
	if (unshare(CLONE_NEWIPC) == -1 || !set_limit())
		return 100;
	write_file("in", "lost\n", 5);
	ck_assert_int_eq(exit_status(start_writer("in")), 0);
	ck_assert(unread());
	expect_a_clean_start(true); /* of the reader, which says it, ... */
	ck_assert(file_has("reader.err", "a text in it is lost"));
	unlink(in_directory("reader.err"));
	unlink(in_directory("out"));
	expect_a_clean_start(true); /* ... once */
	ck_assert_str_eq(read_file("reader.err", NULL), "");
	return anything_left() ? 101 : 0;
}

START_TEST(text_lost_by_shm_rmid_forced_is_told_by_the_next_start)
{
	limit = "shm_rmid_forced";
	value = "1";
	ck_assert_int_eq(exit_status(child(lose_text)), 0);
}
END_TEST

START_TEST(text_lost_by_ipcrm_is_told_by_the_next_start)
{
	write_file("in", "lost\n", 5);
	ck_assert_int_eq(exit_status(start_writer("in")), 0);
	shmctl(shmget(ftok(directory, 'm'), 0, 0), IPC_RMID, NULL);
	expect_a_clean_start(true);
	ck_assert(file_has("reader.err", "a text in it is lost"));
}
END_TEST

START_TEST(the_key_is_told_although_the_path_is_deleted)
{
	char key[32], path[PATH_MAX];
	const char *arguments[] = {path, NULL};
	write_file("channel", "", 0);
	strcpy(path, in_directory("channel"));
	snprintf(key, sizeof(key), "%#x", (unsigned)ftok(arguments[0], 's'));
	int id = -1;
	pid_t reader = start("reader", NULL, "out", "error", arguments);
	eventually((id = opensem(arguments[0], 's')) != -1 &&
		   semctl(id, NEWS, GETNCNT) == 1);
	int shmid = openshm(arguments[0], 'm');
	unlink(arguments[0]);
	ck_assert_int_eq(semctl(id, 0, IPC_RMID), 0);
	ck_assert_int_eq(exit_status(reader), 1);
	ck_assert_msg(file_has("error", key), "%s", read_file("error", NULL));
	ck_assert_int_eq(shmctl(shmid, IPC_RMID, NULL), 0);
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
	return errno == ENOMEM && channel.failed == SEGMENT ? 0 : 3;
}

START_TEST(without_memory_to_attach_it_fails_and_leaves_nothing)
{
	ck_assert_int_eq(exit_status(child(join_without_memory)), 0);
	expect_nothing_left();
}
END_TEST

START_TEST(without_memory_to_attach_it_fails_and_others_go_on)
{
	pid_t reader = start_reader("out");
	eventually(sleep_for_more(NEWS) == 1);
	ck_assert_int_eq(exit_status(child(join_without_memory)), 0);
	ck_assert_int_eq(semaphore(GUARD), 1);
	ck_assert_int_eq(exit_status(start_writer(NULL)), 0);
	ck_assert_int_eq(exit_status(reader), 0);
}
END_TEST

#define add_root_loop_test(tcase, test, count)                                 \
	do {                                                                   \
		if (geteuid() == 0)                                            \
			tcase_add_loop_test(tcase, test, 0, count);            \
		else                                                           \
			printf("skipped, needs root: %s\n", #test);            \
	} while (0)

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
	    tcase, a_segment_that_is_not_ours_beside_a_set_that_is_stays, 0, 2);
	tcase_add_test(
	    tcase,
	    a_segment_that_is_not_ours_does_not_disturb_those_who_have_theirs);
	add_root_test(tcase, another_owners_set_is_refused_and_left);
	add_root_test(tcase, another_owners_segment_is_refused_and_left);
	add_root_test(tcase,
		      objects_that_another_user_has_given_to_us_are_refused);
	add_root_test(tcase,
		      objects_that_we_have_given_to_another_user_are_refused);
	add_root_test(
	    tcase,
	    another_user_cannot_join_our_channel_and_is_told_whose_it_is);
	add_root_test(tcase, a_path_that_may_not_be_searched_is_told_so);

	tcase = add_case(suite, "left by the dead");
	tcase_add_loop_test(tcase, a_segment_without_a_set_is_used, 0, 2);
	tcase_add_loop_test(tcase, a_set_without_a_segment_is_used, 0, 2);
	tcase_add_loop_test(
	    tcase,
	    a_set_whose_creator_died_before_opening_it_is_opened_by_who_comes,
	    0, 2);
	tcase_add_loop_test(tcase, what_a_killed_program_has_left_is_used_again,
			    0, 2);

	tcase = add_case(suite, "broken values");
	tcase_add_loop_test(tcase, values_out_of_range_are_refused_and_left, 0,
			    2 * VALUES);
	tcase_add_loop_test(
	    tcase,
	    a_length_that_is_none_is_refused_and_nothing_is_read_past_the_end,
	    0, 3);

	tcase_add_test(tcase, at_32767_news_the_writer_says_that_nobody_reads);

	tcase = add_case(suite, "limits");
	add_root_loop_test(
	    tcase, at_a_limit_of_the_systems_it_says_which_and_leaves_nothing,
	    LIMITS);
	add_root_test(
	    tcase, five_operations_a_step_and_five_semaphores_a_set_are_enough);
	add_root_test(tcase,
		      text_lost_by_shm_rmid_forced_is_told_by_the_next_start);
	tcase_add_test(tcase, text_lost_by_ipcrm_is_told_by_the_next_start);
	tcase_add_test(tcase, the_key_is_told_although_the_path_is_deleted);
	tcase_add_test(tcase,
		       without_memory_to_attach_it_fails_and_leaves_nothing);
	tcase_add_test(tcase,
		       without_memory_to_attach_it_fails_and_others_go_on);
	return suite;
}
