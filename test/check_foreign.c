/*
 * check_foreign.c - what is found under our keys and is not ours, what the dead
 * have left there, what other programs and other systems do, and limits.
 */
#define _GNU_SOURCE

#include "support.h"

#define NOBODY 65534

static const char *const programs[] = {"reader", "writer"};

/* Join in the test's own process. */
static const char *
join_as_writer(void)
{
	char *arguments[] = {"writer", directory, NULL};
	struct segment *shmaddr;
	int semid;
	optind = 1;
	options(2, arguments, WRITERS);
	return join(&semid, &shmaddr);
}

/* The program fails in this helper, and says so. */
static void
expect_failure(const char *program, const char *helper, int reason)
{
	expect_exit(start(program, NULL, "out", "error", NULL), 1);
	expect_complaint("error", program, directory, helper, reason);
}

/* The same for an object that is not ours: it is left as it is. */
static void
expect_refusal(const char *program, int id, int object, int reason)
{
	expect_failure(program, id == 's' ? "opensem" : "openshm", reason);
	if (id == 's') {
		ck_assert_int_eq(semctl(object, GUARD, GETVAL), 0);
		remove_set(object);
	} else
		remove_segment(object);
}

/* Writer and reader do their job, from whatever is there. */
static void
expect_a_clean_start(bool reader_first)
{
	unlink(in_directory("out"));
	pid_t reader = reader_first ? start_waiting_reader() : 0;
	leave_text("hello\n");
	if (!reader_first)
		reader = start_reader("out");
	expect_exit(reader, 0);
	ck_assert_same_file("in", "out");
}

CASE("Foreign objects and failures", "not ours")

static const struct {
	int id;
	size_t size;
	int mode;
} objects[] = {{'m', 1, 0600},	  {'m', 255, 0600}, {'m', 257, 0600},
	       {'m', 4096, 0600}, {'m', 256, 0666}, {'m', 256, 0644},
	       {'m', 256, 0660},  {'m', 256, 0601}, {'m', 256, 0700},
	       {'m', 256, 0400},  {'s', 1, 0600},   {'s', 4, 0600},
	       {'s', 6, 0600},	  {'s', 5, 0666},   {'s', 5, 0640},
	       {'s', 5, 0604},	  {'s', 5, 0700},   {'s', 5, 0400}};

TEST_LOOP(an_object_of_other_size_or_mode_is_refused_and_left,
	  2 * COUNT(objects))
{
	const int id = objects[_i / 2].id, mode = objects[_i / 2].mode;
	const size_t size = objects[_i / 2].size;
	const key_t key = ftok(directory, id);
	const int object = id == 's' ? semget(key, (int)size, IPC_CREAT | mode)
				     : shmget(key, size, IPC_CREAT | mode);
	/* Only root may look at an object that its owner may not write. */
	const bool hidden = mode == 0400 && geteuid() != 0;
	expect_refusal(programs[_i % 2], id, object, hidden ? EACCES : EEXIST);
}

static int
make_as_nobody(void)
{
	ck_assert_int_eq(setuid(NOBODY), 0);
	return createshm(directory, 'm', SHM_SIZE) == -1;
}

/*
 * Another user has made it; or he has then given it to us; or we have made it
 * and given it to him.  A creator keeps an owner's rights: he could listen.
 */
TEST_IF(what_another_user_has_made_or_got_is_refused_and_left, 6, IS_ROOT)
{
	enum { MADE, GIVEN_TO_US, GIVEN_AWAY };
	const int way = _i / 2;
	struct shmid_ds segment = {.shm_perm.mode = 0600};

	/* He may look the path up. */
	ck_assert_int_eq(chmod(in_directory(".."), 0755), 0);
	ck_assert_int_eq(chmod(directory, 0755), 0);
	if (way == GIVEN_AWAY)
		createshm(directory, 'm', SHM_SIZE);
	else
		expect_exit(child(make_as_nobody), 0);
	const int shmid = segment_of(directory);
	segment.shm_perm.uid = way == GIVEN_TO_US ? geteuid() : NOBODY;
	ck_assert_int_eq(shmctl(shmid, IPC_SET, &segment), 0);
	expect_refusal(programs[_i % 2], 'm', shmid, EEXIST);
}

CASE("Foreign objects and failures", "left by the dead")

/* The creator of a set may have died before it was opened. */
TEST_LOOP(a_segment_or_a_set_that_stands_alone_is_used, 6)
{
	enum { SEGMENT, OPEN_SET };
	if (_i / 2 == SEGMENT)
		createshm(directory, 'm', SHM_SIZE);
	else
		createsem(directory, 's', MEMBERS, 0);
	if (_i / 2 == OPEN_SET)
		open_set(semaphore_set());
	expect_a_clean_start(_i % 2 == 0);
}

/* It is stopped: when it notices the signal, the guard is free. */
TEST_LOOP(a_signal_to_one_that_was_never_inside_removes_nothing, 2)
{
	const int semid = createsem(directory, 's', MEMBERS, 0);
	createshm(directory, 'm', SHM_SIZE);
	open_set(semid);
	ck_assert_int_eq(sem_p(semid, GUARD), 0);
	pid_t waits = start(programs[_i], NULL, "out", "error", NULL);
	eventually(sleep_for_more(GUARD) == 1);
	stop_process(waits);
	kill(waits, SIGTERM);
	ck_assert_int_eq(sem_v(semid, GUARD), 0);
	kill(waits, SIGCONT);
	expect_signal(waits, SIGTERM);
	ck_assert_int_eq(semaphore(GUARD), 1);
	ck_assert_int_ne(segment_of(directory), -1);
	expect_a_clean_start(true);
}

CASE("Foreign objects and failures", "broken values")

static const struct {
	int index, value;
} values[] = {{GUARD, 2}, {EMPTY, 2}, {EMPTY, 7}, {EMPTY, 0}};

TEST_LOOP(values_out_of_range_are_refused_and_left, 2 * COUNT(values))
{
	const int semid = createsem(directory, 's', MEMBERS, 0);
	const int shmid = createshm(directory, 'm', SHM_SIZE);
	const int index = values[_i / 2].index, value = values[_i / 2].value;
	const union semun sem_opts = {.val = value};
	open_set(semid);
	ck_assert_int_eq(semctl(semid, index, SETVAL, sem_opts), 0);
	expect_failure(programs[_i % 2], "sem_p", EEXIST);
	ck_assert_int_eq(semaphore(index), value);
	/* join() itself leaves them so, not only the end of the process. */
	const int guard = semaphore(GUARD);
	ck_assert_str_eq(join_as_writer(), "sem_p");
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(semaphore(GUARD), guard);
	remove_set(semid);
	remove_segment(shmid);
}

static void
change_news(int by)
{
	struct sembuf change = {NEWS, (short)by, 0};
	ck_assert_int_eq(semop(semaphore_set(), &change, 1), 0);
}

/* 32766 have ended unheard, beside one that is joined.  Two more come. */
TEST(writers_that_ended_unheard_are_forgotten_and_the_joined_one_is_not)
{
	pid_t writer = start_joined_writer();
	change_news(32766);
	expect_exit(start_writer(NULL), 0);
	expect_exit(start_writer(NULL), 0);
	ck_assert_int_eq(semaphore(NEWS), 1); /* the last one's end */
	dprintf(feed, "late\n");
	eventually(unread());
	pid_t reader = start_waiting_reader();
	expect_file("out", "late\n");
	/* SETVAL would have cleared what the kernel does now. */
	expect_end_by(writer, SIGKILL);
	expect_exit(reader, 0);
	expect_file("writer.err", "%s", "");
}

/* A reader that is joined may still need to hear them. */
TEST(at_32767_news_beside_a_reader_the_writers_fail)
{
	pid_t reader = start_waiting_reader(), writer = start_joined_writer();
	stop_process(reader);
	change_news(32767);
	/* One that comes, and one that ends a turn. */
	expect_failure("writer", "be_counted", ERANGE);
	ck_assert_int_eq(semaphore(WRITERS), 1);
	dprintf(feed, "x\n");
	expect_exit(writer, 1);
	expect_complaint("writer.err", "writer", directory, "sem_pass_v",
			 ERANGE);
	change_news(-32766);
	kill(reader, SIGCONT);
	expect_exit(reader, 0);
}

/* As PHP's shm_attach does it, which begins a segment with "PHP_SM". */
TEST_LOOP(a_length_that_is_none_is_told_with_a_command_that_helps, 3)
{
	static const uint32_t lengths[] = {0, TEXT_SIZE + 1, UINT32_MAX};
	leave_text("text\n");
	struct segment *segment = shmat(segment_of(directory), NULL, 0);
	segment->length = lengths[_i];
	expect_exit(start_reader("out"), 1);
	expect_file("reader.err",
		    "reader: %s: length of the text: Bad message\n"
		    "reader: another program has written there; to remove it, "
		    "type:\nipcrm -M %#x -S %#x\n",
		    directory, (unsigned)ftok(directory, 'm'),
		    (unsigned)ftok(directory, 's'));
	expect_file("out", "%s", "");
	ck_assert(unread()); /* as it was */
	ck_assert_int_eq(chdir(directory), 0);
	ck_assert_int_eq(system("$(tail -n 1 reader.err)"), 0);
	ck_assert(!anything_left());
	expect_a_clean_start(true);
}

/* As PHP's sem_get does it.  False if one of ours was quicker to take it. */
static bool
raise_for_a_moment(int index)
{
	struct sembuf up = {(unsigned short)index, +1, 0},
		      down = {(unsigned short)index, -1, IPC_NOWAIT};
	eventually(sleep_for_more(index) == 1);
	ck_assert_int_eq(semop(semaphore_set(), &up, 1), 0);
	return semop(semaphore_set(), &down, 1) == 0;
}

/* A reader sleeps, or a writer that always has one more text. */
TEST_LOOP(another_programs_change_of_the_semaphores_is_told, 2)
{
	const bool reads = _i == 0;
	pid_t reader = reads ? start_waiting_reader() : 0;
	pid_t writer = start_writer(reads ? "|" : "/dev/zero");
	eventually(semaphore(WRITERS) == 1);
	eventually(raise_for_a_moment(reads ? NEWS : EMPTY));
	expect_exit(reads ? reader : writer, 1);
	expect_complaint(reads ? "reader.err" : "writer.err", programs[_i],
			 directory, reads ? "sem_end_v" : "sem_pass_v", EAGAIN);
	close(feed);
	expect_exit(reads ? writer : start_reader("out"), 0);
}

CASE("Foreign objects and failures", "limits")

/* In the test's own IPC namespace. */
static void
set_limit(const char *limit, const char *value)
{
	char command[100];
	snprintf(command, sizeof(command), "echo %s > /proc/sys/kernel/%s",
		 value, limit);
	ck_assert_int_eq(system(command), 0);
}

/* "sem": semaphores in a set and in all, operations in a semop(2), sets. */
static const struct {
	const char *limit, *value, *call;
	int reason;
} limits[] = {
    {"sem", "32000 1024000000 500 0", "createsem", ENOSPC},
    {"sem", "4 1024000000 500 9", "createsem", EINVAL},
    {"sem", "32000 1024000000 4 9", "createsem", E2BIG},
    {"shmmni", "0", "createshm", ENOSPC},
    {"shmmax", "100", "createshm", EINVAL},
};

TEST_IF(at_a_limit_it_says_so_and_leaves_nothing, COUNT(limits), IS_ROOT)
{
	set_limit(limits[_i].limit, limits[_i].value);
	expect_failure(programs[_i % 2], limits[_i].call, limits[_i].reason);
}

TEST_ROOT(five_operations_a_step_and_five_semaphores_a_set_are_enough)
{
	set_limit("sem", "5 1024000000 5 9");
	expect_a_clean_start(true);
}

static int
give_up_because(int reason)
{
	prepare_program(NULL, NULL, "error");
	errno = reason;
	return give_up("join");
}

/* Also what a test can hardly bring about; and for all others there is none. */
TEST(each_errno_is_told_with_its_advice)
{
	for (int reason = 1; reason < 100; reason++) {
		if (reason == EBADMSG) /* that one has a command, see above */
			continue;
		unlink(in_directory("error"));
		expect_exit(child_of(give_up_because, reason), 1);
		expect_complaint("error", "check", ".", "join", reason);
	}
}

/* With shm_rmid_forced, the last process that detaches a segment removes it. */
TEST_LOOP(text_lost_by_ipcrm_is_told_once_by_the_next_start, 2)
{
	const bool forced = _i == 1 && geteuid() == 0;
	if (forced)
		set_limit("shm_rmid_forced", "1");
	leave_text("lost\n");
	if (!forced)
		remove_segment(segment_of(directory));
	expect_a_clean_start(true);
	expect_a_clean_start(true);
	expect_file("reader.err",
		    "reader: %s: the text is lost, as its segment was removed "
		    "(by ipcrm, or by kernel.shm_rmid_forced)\n",
		    directory);
}

/* All addresses but a few pages are taken: shmat(2) fails with ENOMEM. */
static int
join_without_memory(void)
{
	setrlimit(RLIMIT_AS, &(struct rlimit){0, 0});
	const char *failed = join_as_writer();
	return failed == NULL || errno != ENOMEM ||
	       strcmp(failed, "shmat") != 0;
}

TEST(without_memory_to_attach_it_leaves_nothing_and_others_go_on)
{
	expect_exit(child(join_without_memory), 0);
	ck_assert(!anything_left());
	pid_t writer = start_joined_writer();
	expect_exit(child(join_without_memory), 0);
	ck_assert(semaphore(WRITERS) == 1 && semaphore(GUARD) == 1);
	close(feed);
	expect_exit(writer, 0);
}

CASE("Foreign objects and failures", "other systems")

/* A program that is started now lives in such a system: see lies.c. */
static void
lie(const char *about, int value)
{
	char text[16];
	snprintf(text, sizeof(text), "%d", value);
	setenv("LD_PRELOAD", "test/lies.so", 1);
	setenv(about, text, 1);
}

/* It must be built for the same machine, and sanitizers want to be first. */
static bool
can_lie(void)
{
	return system("test -z \"$(LD_PRELOAD=test/lies.so ./writer -h 2>&1 "
		      ">/dev/null)\"") == 0;
}
#define CAN_LIE can_lie(), "test/lies.so cannot be loaded"

static const struct {
	const char *lie;
	int reason;
} systems[] = {
    {"SEMGET_ERRNO", EPERM},  /* a sandbox */
    {"SEMGET_ERRNO", ENOSYS}, /* WSL 1, Android */
    {"FALSE_EUID", EPERM},    /* fakeroot */
};

TEST_IF(what_the_system_forbids_lacks_or_hides_is_told, COUNT(systems), CAN_LIE)
{
	lie(systems[_i].lie, systems[_i].reason);
	expect_failure(programs[_i % 2], "createsem", systems[_i].reason);
}

/*
 * Two of each, the readers or the writers first.  The input ends, or the
 * writers get Ctrl-C, or the readers get it first.
 */
TEST_IF(where_nothing_is_undone_every_ordinary_end_leaves_nothing, 6, CAN_LIE)
{
	enum { INPUT_ENDS, WRITERS_GET_CTRL_C, READERS_DO };
	const int way = _i / 2;
	pid_t readers[2], writers[2];
	int feeds[2];

	lie("NO_UNDO", 1);
	for (int n = 0; n < 4; n++) {
		const int i = n % 2;
		if (n / 2 == _i % 2) {
			readers[i] = start_reader("out");
			eventually(sleep_for_more(NEWS) == i + 1);
		} else {
			writers[i] = start_writer("|");
			feeds[i] = feed;
			eventually(semaphore(WRITERS) == i + 1);
		}
	}
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(write(feeds[i], "text\n", 5), 5);
	eventually(file_has("out", "text\ntext\n") &&
		   sleep_for_more(NEWS) == 2);
	for (int i = 0; i < 2 && way == READERS_DO; i++)
		expect_end_by(readers[i], SIGINT);
	for (int i = 0; i < 2; i++)
		if (way == WRITERS_GET_CTRL_C) {
			expect_end_by(writers[i], SIGINT);
		} else {
			close(feeds[i]);
			expect_exit(writers[i], 0);
		}
	for (int i = 0; i < 2 && way != READERS_DO; i++)
		expect_exit(readers[i], 0);
}
