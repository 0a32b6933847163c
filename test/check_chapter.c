/*
 * check_chapter.c - each statement of the documents is a test, named after it.
 * `make documents' prints them.  The chapter is "Shared Memory"; the paper has
 * the programs.  How the paper's programs go wrong is in check_printed.c.
 */
#define _GNU_SOURCE

#include "support.h"

#include <dlfcn.h>
#include <grp.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#define NOBODY 65534 /* any user but the one who runs the tests */

/* What the tests' processes tell each other through the segment. */
struct notes {
	volatile int words[8];
};

static int shmid, semid;
static struct notes *notes;

/* Fixture: a segment, attached, and a set as the programs have. */
static void
attach_notes(void)
{
	enter_directory();
	shmid = createshm(directory, 'm', SHM_SIZE);
	semid = createsem(directory, 's', MEMBERS, 0);
	notes = shmat(shmid, NULL, 0);
	ck_assert(semid != -1 && notes != (void *)-1);
	/* Another user may look the path up. */
	ck_assert_int_eq(chmod(directory, 0755), 0);
	ck_assert_int_eq(chmod(in_directory(".."), 0755), 0);
}

/* What is left under the keys 'm', 's' and 'x', main() removes. */
#define NOTES(name) CASE_WITH("The documents", name, attach_notes, NULL)

/* valgrind makes system calls of its own, and answers shmat(2) itself. */
static bool
is_bare(void)
{
	const char *preload = getenv("LD_PRELOAD");
	return preload == NULL || strstr(preload, "vgpreload") == NULL;
}
#define IS_BARE	     is_bare(), "under valgrind"
#define IS_BARE_ROOT is_bare() && geteuid() == 0, "needs root and no valgrind"

static struct shmid_ds
stat_of(int id)
{
	struct shmid_ds status;
	ck_assert_int_eq(shmctl(id, IPC_STAT, &status), 0);
	return status;
}

static void
expect_segment(int id, size_t size, int mode)
{
	ck_assert_uint_eq(stat_of(id).shm_segsz, size);
	ck_assert_int_eq(stat_of(id).shm_perm.mode & 0777, mode);
}

static void
set_value(int index, int value)
{
	const union semun sem_opts = {.val = value}; /* s390x takes no int */
	ck_assert_int_eq(semctl(semid, index, SETVAL, sem_opts), 0);
}

#define expect_value(index, value)                                             \
	ck_assert_int_eq(semctl(semid, index, GETVAL), value)

/*
 * One process tells, another hears.  Not sem_v() and sem_p(): what these do is
 * undone when their process ends, and here it must outlive it.
 */
static void
change_for_good(int index, short by)
{
	struct sembuf ops = {(unsigned short)index, by, 0};
	ck_assert_int_eq(semop(semid, &ops, 1), 0);
}

#define say(index)  change_for_good(index, +1)
#define hear(index) change_for_good(index, -1)

/* The first line that the command, with this number in it, prints; or "". */
static const char *
first_line(const char *format, int number)
{
	static char line[512];
	char command[128];

	snprintf(command, sizeof(command), format, number);
	FILE *output = popen(command, "r");
	if (fgets(line, sizeof(line), output) == NULL)
		*line = '\0';
	pclose(output);
	return line;
}

/* Where the process has attached its segment, "" if nowhere: see proc(5). */
#define mapping(pid) first_line("grep SYSV /proc/%d/maps", pid)
/* The bytes of physical memory that the segment has. */
#define resident(id)                                                           \
	atol(first_line("awk '$2 == %d { print $15 }' /proc/sysvipc/shm", id))

NOTES("The chapter, 5.1.1 Fast Local Communication")

/* An unrelated process inherits nothing: it finds the segment by its key. */
static int
answer_at_another_address(void)
{
	struct notes *inherited = notes;
	notes = shmat(openshm(directory, 'm'), NULL, 0);
	shmdt(inherited);
	hear(0);
	notes->words[1] = notes->words[0] + 1;
	say(1);
	return notes == inherited;
}

/* 1.  5.1.1: "when one process changes the memory, all the others see it". */
TEST(s01_each_process_sees_the_others_change_at_its_own_address)
{
	pid_t other = child(answer_at_another_address);
	notes->words[0] = 42;
	say(0);
	expect_exit(other, 0);
	ck_assert_int_eq(notes->words[1], 43);
}

static int
answer_without_system_calls(void)
{
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == -1)
		return 1;
	/* Any system call but read, write and exit would kill us now. */
	notes->words[0] = 1;
	while (notes->words[1] == 0)
		;
	return (int)syscall(SYS_exit, 0);
}

static long
minor_faults(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* 2.  5.1.1: access "does not require a system call or entry to the kernel". */
TEST_IF(s02_access_needs_no_system_call_and_to_a_touched_page_no_fault, 1,
	IS_BARE)
{
	pid_t other = child(answer_without_system_calls);
	eventually(notes->words[0] == 1);
	notes->words[1] = 1;
	expect_exit(other, 0);

	minor_faults(); /* it, too, is touched now */
	long before = minor_faults();
	for (int i = 0; i < 1000000; i++)
		notes->words[i % 8] = i;
	ck_assert_int_eq(minor_faults(), before);
}

static int
touch_a_word(void)
{
	signal(SIGSEGV, SIG_DFL); /* sanitizers catch it */
	return ++notes->words[0];
}

/* 3.  5.1.1: "avoids copying data unnecessarily", 5.1.2: the same page. */
TEST(s03_both_see_the_same_physical_page_and_no_copy)
{
	notes->words[0] = 2;
	expect_exit(child(touch_a_word), 3);
	ck_assert_int_eq(notes->words[0], 3);
	ck_assert_int_eq(resident(shmid), getpagesize());
}

/* One more, in two steps as a processor does it, with the other in between. */
static int
add_unguarded(void)
{
	int read = notes->words[0];
	say(0);	 /* I have read ... */
	hear(1); /* ... and wait until the other has written */
	notes->words[0] = read + 1;
	return 0;
}

/* 4.  5.1.1: "the kernel does not synchronize accesses". */
TEST(s04_an_unguarded_addition_gets_lost)
{
	pid_t other = child(add_unguarded);
	hear(0);
	notes->words[0]++;
	say(1);
	expect_exit(other, 0);
	ck_assert_int_eq(notes->words[0], 1); /* two additions, one is lost */
}

NOTES("The chapter, 5.1.2 The Memory Model")

static int
attach_and_detach(void)
{
	notes = shmat(openshm(directory, 'm'), NULL, 0);
	ck_assert_str_ne(mapping(getpid()), "");
	ck_assert_int_eq(shmdt(notes), 0);
	ck_assert_str_eq(mapping(getpid()), "");
	return 0;
}

/* 5.  5.1.2: allocate, attach, detach, deallocate; "mapping entries". */
TEST(s05_one_allocates_each_attaches_and_detaches_one_deallocates)
{
	shmdt(notes);
	attach_and_detach();
	expect_exit(child(attach_and_detach), 0);
	remove_segment(shmid);
	ck_assert_ptr_eq(shmat(shmid, NULL, 0), (void *)-1);
}

/*
 * 6.  5.1.2: "allocating a new segment causes pages to be created".  Imprecise:
 * each page comes when it is first touched.
 */
TEST_IF(s06_pages_come_at_the_first_touch_and_not_at_shmget, 1, IS_BARE)
{
	const long page = getpagesize();
	int id = createshm(directory, 'x', (size_t)(16 * page));
	char *bytes = shmat(id, NULL, 0);
	ck_assert_int_eq(resident(id), 0);
	for (int i = 0; i < 16; i++) {
		bytes[i * page] = 'x';
		ck_assert_int_eq(resident(id), (i + 1) * page);
	}
}

/* 5.1.2: "allocating an existing segment does not create new pages". */
TEST(s06_allocating_an_existing_segment_returns_its_identifier)
{
	notes->words[0] = 6;
	ck_assert_int_eq(createshm(directory, 'm', SHM_SIZE), shmid);
	ck_assert_int_eq(openshm(directory, 'm'), shmid);
	struct notes *again = shmat(shmid, NULL, 0);
	ck_assert_int_eq(again->words[0]++, 6);
	ck_assert_int_eq(resident(shmid), getpagesize());
}

/* 7.  5.1.2: "integral multiples of the system's page size", getpagesize. */
TEST(s07_a_segment_is_whole_pages_whatever_its_size)
{
	const size_t page = (size_t)getpagesize();
	const size_t sizes[] = {1, 256, page, page + 1};
	shmdt(notes);
	for (int i = 0; i < 4; i++) {
		const size_t whole = (sizes[i] + page - 1) / page * page;
		unsigned long first = 0, after = 0;
		int id = shmget(IPC_PRIVATE, sizes[i], 0600);
		char *bytes = shmat(id, NULL, 0);
		expect_segment(id, sizes[i], 0600);
		sscanf(mapping(getpid()), "%lx-%lx", &first, &after);
		ck_assert_uint_eq(after - first, whole);
		bytes[whole - 1] = 'x'; /* the last byte, too */
		remove_segment(id);
		shmdt(bytes);
	}
}

NOTES("The chapter, 5.1.3 Allocation")

/*
 * 8.  5.1.3: "unrelated processes can access the same segment by ... key", but
 * "other processes may have also chosen the same fixed key".
 */
TEST(s08_processes_meet_by_the_same_key_and_ours_refuse_what_is_not_theirs)
{
	remove_segment(shmid);
	remove_set(semid);
	leave_text("met\n");
	expect_exit(start_reader("out"), 0);
	expect_file("out", "met\n");
	createshm(directory, 'm', 4096);
	expect_exit(start_reader("out"), 1);
	ck_assert(file_has("reader.err", "another user's or program's"));
}

TEST(s08_ipc_private_always_makes_a_new_segment)
{
	int one = shmget(IPC_PRIVATE, SHM_SIZE, 0600);
	int two = shmget(IPC_PRIVATE, SHM_SIZE, 0600);
	ck_assert_int_ne(one, two);
	remove_segment(one);
	remove_segment(two);
}

/*
 * 9.  5.1.3: the flags IPC_CREAT and IPC_EXCL; paper 2: flag 0.  IPC_EXCL "is
 * always used with IPC_CREAT": alone it means nothing.
 */
TEST(s09_ipc_creat_with_and_without_ipc_excl_and_ipc_excl_alone)
{
	key_t key = ftok(directory, 'm');
	expect_errno(shmget(key, 256, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	ck_assert_int_eq(shmget(key, 256, IPC_CREAT | 0600), shmid);
	expect_errno(shmget(key, 257, IPC_CREAT | 0600), EINVAL); /* smaller */
	ck_assert_int_eq(shmget(key, 0, 0), shmid);
	ck_assert_int_eq(shmget(key, 0, IPC_EXCL), shmid);
	remove_segment(shmid);
	expect_errno(shmget(key, 0, 0), ENOENT);
	expect_errno(shmget(key, 1, IPC_EXCL), ENOENT);
	ck_assert_int_ne(shmget(key, 1, IPC_CREAT | IPC_EXCL | 0600), -1);
}

/* Become another user, who is in this group only; or root (0) again. */
static void
become(uid_t uid, gid_t gid)
{
	ck_assert(seteuid(0) == 0 && setgroups(0, NULL) == 0 &&
		  setegid(gid) == 0 && seteuid(uid) == 0);
}

/* IPC_SET: the segment's owner, group and mode. */
static void
give(uid_t uid, gid_t gid, int mode)
{
	struct shmid_ds change = stat_of(shmid);
	change.shm_perm.uid = uid;
	change.shm_perm.gid = gid;
	change.shm_perm.mode = (unsigned short)mode;
	ck_assert_int_eq(shmctl(shmid, IPC_SET, &change), 0);
	expect_segment(shmid, SHM_SIZE, mode);
}

/* What shmat(2) says to another user of this group: an errno, or 0. */
static int
attach_as_another(gid_t group, int flag)
{
	become(NOBODY, group);
	const bool fails = shmat(shmid, NULL, flag) == (void *)-1;
	const int reason = fails ? errno : 0;
	become(0, getgid());
	return reason;
}

/* 10.  5.1.3: "9 bits indicating permissions ... Execution bits are ignored" */
TEST_IF(s10_mode_bits_let_others_in_but_execution_bits_do_not, 1, IS_BARE_ROOT)
{
	const gid_t ours = getegid();
	const struct {
		int mode;
		gid_t group;
		int flag, answer;
	} cases[] = {
	    {0600, NOBODY, SHM_RDONLY, EACCES},
	    {0604, NOBODY, SHM_RDONLY, 0},
	    {0604, NOBODY, 0, EACCES},
	    {0606, NOBODY, 0, 0},
	    {0711, NOBODY, SHM_RDONLY, EACCES}, /* execution bits */
	    {0640, ours, SHM_RDONLY, 0},
	    {0640, ours, 0, EACCES},
	    {0660, ours, 0, 0},
	    {0606, ours, SHM_RDONLY, EACCES}, /* its group's bits count */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		give(geteuid(), getegid(), cases[i].mode);
		ck_assert_int_eq(
		    attach_as_another(cases[i].group, cases[i].flag),
		    cases[i].answer);
	}
}

/* The chapter's one call.  It prints S_IWUSER: there is no such constant. */
TEST(s10_the_chapters_call_gives_a_page_to_its_owner_alone)
{
	const key_t shm_key = ftok(directory, 'x');
	const size_t page = (size_t)getpagesize();
	expect_segment(shmget(shm_key, page, IPC_CREAT | S_IRUSR | S_IWUSR),
		       page, 0600);
}

/* 11.  5.1.3: "the access permissions are verified and a check is made". */
TEST_ROOT(s11_the_permissions_of_an_existing_segment_are_verified)
{
	become(NOBODY, NOBODY);
	expect_errno(openshm(directory, 'm'), EACCES);
	expect_errno(createshm(directory, 'm', 1), EACCES);
	become(0, getgid());
}

/* But on Linux whoever knows its identifier may still attach it. */
TEST(s11_a_segment_marked_for_destruction_is_not_found_any_more)
{
	notes->words[0] = 11;
	remove_segment(shmid);
	ck_assert_int_ne(stat_of(shmid).shm_perm.mode & SHM_DEST, 0);
	expect_errno(openshm(directory, 'm'), ENOENT);
	struct notes *late = shmat(shmid, NULL, 0);
	ck_assert_int_eq(late->words[0], 11);
}

NOTES("The paper, 1 The kernel's structure")

/* The last process that attached or detached it, and how many are attached. */
static void
expect_last(int id, pid_t last, shmatt_t attached)
{
	ck_assert_int_eq(stat_of(id).shm_lpid, last);
	ck_assert_uint_eq(stat_of(id).shm_nattch, attached);
}

static int
wait_for_the_end(void)
{
	hear(0);
	return notes->words[0] == 16 ? 0 : 1;
}

/*
 * 12.  Paper 1: the fields of struct shmid_ds.  "The last process that
 * accessed", "the last that modified" it: imprecise.  The kernel does not see
 * accesses.  The times are of calls.
 */
TEST(s12_each_field_of_shmid_ds_tells_of_calls_and_none_of_accesses)
{
	time_t started = time(NULL);
	int id = createshm(directory, 'x', 100);
	struct shmid_ds it = stat_of(id);
	ck_assert_uint_eq(it.shm_segsz, 100);
	ck_assert_uint_eq(it.shm_perm.uid, geteuid());
	ck_assert_uint_eq(it.shm_perm.gid, getegid());
	ck_assert_int_eq(it.shm_atime, 0);
	ck_assert_int_eq(it.shm_dtime, 0);
	ck_assert_int_ge(it.shm_ctime, started);
	ck_assert_int_eq(it.shm_cpid, getpid());
	expect_last(id, 0, 0);

	int *address = shmat(id, NULL, 0);
	it = stat_of(id);
	ck_assert_int_ge(it.shm_atime, started);
	expect_last(id, getpid(), 1);
	eventually(time(NULL) > it.shm_atime);
	*address = 12;
	ck_assert_int_eq(stat_of(id).shm_atime, it.shm_atime);
	ck_assert_int_eq(stat_of(id).shm_ctime, it.shm_ctime);

	pid_t other = child(wait_for_the_end);
	expect_end_by(other, SIGKILL);
	ck_assert_int_ge(stat_of(id).shm_dtime, started);
	expect_last(id, other, 1); /* its end detached it */

	ck_assert_int_eq(shmdt(address), 0);
	expect_last(id, getpid(), 0);
}

NOTES("The paper, 3 Operations")

/* 13.  Paper 3: shmat's address and flags. */
TEST(s13_shmat_takes_an_address_on_a_boundary_or_rounds_it_down)
{
	char *chosen = shmat(shmid, NULL, 0); /* NULL: the kernel chooses */
	ck_assert_uint_eq((uintptr_t)chosen % (uintptr_t)SHMLBA, 0);
	ck_assert_int_eq(shmdt(chosen), 0);
	ck_assert_ptr_eq(shmat(shmid, chosen, 0), chosen);
	ck_assert_int_eq(shmdt(chosen), 0);
	ck_assert_ptr_eq(shmat(shmid, chosen + 5, 0), (void *)-1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_eq(shmat(shmid, chosen + 5, SHM_RND), chosen);
}

TEST(s13_with_shm_rdonly_reading_works_and_writing_is_sigsegv)
{
	notes->words[0] = 13;
	notes = shmat(shmid, NULL, SHM_RDONLY);
	expect_signal(child(touch_a_word), SIGSEGV);
	ck_assert_int_eq(notes->words[0], 13);
}

TEST(s13_our_reader_attaches_read_only_and_our_writer_to_write)
{
	remove_segment(shmid);
	remove_set(semid);
	pid_t reader = start_waiting_reader(), writer = start_writer("|");
	eventually(semaphore(WRITERS) == 1);
	ck_assert_ptr_nonnull(strstr(mapping(reader), " r--s "));
	ck_assert_ptr_nonnull(strstr(mapping(writer), " rw-s "));
	close(feed);
	expect_both_end(writer, reader);
}

/* 14.  Paper 3: shmdt returns 0, or -1; "nattch is one less". */
TEST(s14_shmdt_detaches_and_the_segment_is_still_there)
{
	notes->words[0] = 14;
	ck_assert_int_eq(shmdt(notes), 0);
	ck_assert_uint_eq(stat_of(shmid).shm_nattch, 0);
	expect_signal(child(touch_a_word), SIGSEGV);
	expect_errno(shmdt(notes), EINVAL);
	notes = shmat(shmid, NULL, 0);
	ck_assert_int_eq(notes->words[0], 14);
}

/*
 * 15.  Paper 3: "only when nattch is 0 is the segment deleted".  Imprecise: it
 * must be marked with IPC_RMID too; nattch 0 alone deletes nothing (see 14).
 */
TEST(s15_the_segment_goes_when_it_is_marked_and_nobody_is_attached)
{
	remove_segment(shmid);
	notes->words[0] = 15; /* those attached go on using it */
	ck_assert_uint_eq(stat_of(shmid).shm_nattch, 1);
	ck_assert_int_eq(shmdt(notes), 0);
	ck_assert_ptr_eq(shmat(shmid, NULL, 0), (void *)-1);
}

/* 16.  Paper 3: the end of a process, fork and exec. */
TEST(s16_fork_inherits_the_attachment_and_exec_and_an_end_detach)
{
	const char *const elsewhere[] = {in_directory("elsewhere"), NULL};
	notes->words[0] = 16;
	pid_t other = child(wait_for_the_end);
	ck_assert_uint_eq(stat_of(shmid).shm_nattch, 2);
	say(0);
	expect_exit(other, 0);
	ck_assert_uint_eq(stat_of(shmid).shm_nattch, 1);

	ck_assert_int_eq(mkdir(elsewhere[0], 0700), 0);
	other = start("writer", "|", NULL, NULL, elsewhere);
	eventually(stat_of(shmid).shm_nattch == 1);
	ck_assert_int_eq(waitpid(other, NULL, WNOHANG), 0); /* it lives */
	close(feed);
	expect_exit(other, 0);
}

NOTES("The paper, 4 Control")

/* 17.  Paper 4: IPC_STAT, IPC_SET, IPC_RMID. */
TEST(s17_ipc_set_changes_the_nine_mode_bits_and_the_time_ipc_rmid_removes)
{
	struct shmid_ds before = stat_of(shmid);
	eventually(time(NULL) > before.shm_ctime);
	give(geteuid(), getegid(), 0751);
	ck_assert_int_gt(stat_of(shmid).shm_ctime, before.shm_ctime);
	ck_assert_int_eq(stat_of(shmid).shm_atime, before.shm_atime);

	ck_assert_int_eq(shmdt(notes), 0);
	remove_segment(shmid);
	ck_assert_int_eq(shmctl(shmid, IPC_STAT, &before), -1);
	ck_assert(errno == EINVAL || errno == EIDRM);
}

TEST_IF(s17_ipc_set_changes_owner_and_group_not_the_creator, 1, IS_BARE_ROOT)
{
	ck_assert_int_eq(attach_as_another(NOBODY, 0), EACCES);
	give(geteuid(), NOBODY, 0660);
	ck_assert_uint_eq(stat_of(shmid).shm_perm.gid, NOBODY);
	ck_assert_int_eq(attach_as_another(NOBODY, 0), 0);
	give(NOBODY, getegid(), 0600);
	ck_assert_uint_eq(stat_of(shmid).shm_perm.uid, NOBODY);
	ck_assert_uint_eq(stat_of(shmid).shm_perm.cuid, geteuid());
	ck_assert_uint_eq(stat_of(shmid).shm_perm.cgid, getegid());
	ck_assert_int_eq(attach_as_another(NOBODY, 0), 0);
}

NOTES("The paper, 5 The helpers of sharemem.h")

/* 18.  Paper 5: each helper by its use. */
TEST(s18_createsem_makes_a_set_once_with_the_initial_values)
{
	int set = createsem(directory, 'x', 3, 5);
	for (int index = 0; index <= 3; index++) /* 3 is none of its own */
		ck_assert_int_eq(semctl(set, index, GETVAL),
				 index < 3 ? 5 : -1);
	expect_errno(createsem(directory, 's', MEMBERS, 1), EEXIST);
	/* It has written nothing, nor has attach_notes(), for the value 0. */
	for (int index = 0; index < MEMBERS; index++)
		ck_assert_int_eq(semctl(semid, index, GETPID), 0);
}

/* All four helpers that take a path say the same of it. */
static void
expect_all(const char *path, int reason)
{
	expect_errno(createsem(path, 'x', 1, 1), reason);
	expect_errno(opensem(path, 'x'), reason);
	expect_errno(createshm(path, 'x', 1), reason);
	expect_errno(openshm(path, 'x'), reason);
}

TEST(s18_bad_numbers_and_paths_make_nothing_and_opensem_only_finds)
{
	expect_errno(createsem(directory, 'x', 0, 1), EINVAL);
	expect_errno(createsem(directory, 'x', -1, 1), EINVAL);
	expect_errno(createsem(directory, 'x', INT_MAX, 0), EINVAL);
	expect_errno(createsem(directory, 'x', 1, 32768), ERANGE);
	expect_errno(createsem(directory, 'x', 1, -1), ERANGE);
	expect_errno(createshm(directory, 'x', 0), EINVAL);
	expect_errno(opensem(directory, 'x'), ENOENT);
	ck_assert_int_eq(opensem(directory, 's'), semid);
	expect_all("/nowhere", ENOENT);
	expect_all("/dev/null/x", ENOTDIR);
}

/*
 * The helpers, each for one semaphore.  A turn moves one unit from this to the
 * next, and the one after that is the guard.
 */
static int
begin(int set, int index)
{
	return sem_wait_p(set, index, index + 2);
}

static int
end(int set, int index)
{
	return sem_pass_v(set, index, index + 1, index + 2);
}

enum { SEM_WAIT, SEM_P, BEGIN, THAT_WAIT, SEM_V = THAT_WAIT, END, ALL = 6 };
static int (*const helpers[ALL])(int, int) = {
    sem_wait, sem_p, begin, sem_v, end, sem_value,
};

/* What the helper says of semaphore 0: an errno, or 0. */
static int
ask(int helper)
{
	return helpers[helper](semid, 0) == -1 ? errno : 0;
}

static int
add_guarded(int guard)
{
	sem_p(semid, guard);
	notes->words[0]++;
	return sem_v(semid, guard);
}

/* The child sleeps until semaphore 0 is 1.  In the end it is 1 again. */
static void
expect_sleep_until_free(pid_t other)
{
	eventually(sleep_for_more(0) == 1);
	expect_asleep(other);
	set_value(0, 1);
	expect_exit(other, 0);
	expect_value(0, 1);
}

TEST(s18_sem_p_waits_and_takes_sem_v_gives_back_sem_wait_takes_nothing)
{
	expect_sleep_until_free(child_of(add_guarded, 0));
	ck_assert_int_eq(notes->words[0], 1);
	ck_assert_int_eq(sem_p(semid, 0), 0);
	expect_value(0, 0);
	expect_sleep_until_free(child_of(ask, SEM_WAIT));
}

/* Not between, not half: the guard stays free until both can be had. */
TEST(s18_sem_wait_p_waits_for_one_and_takes_the_other_in_one_step)
{
	pid_t other = child_of(ask, BEGIN);
	eventually(sleep_for_more(0) == 1);
	set_value(0, 1); /* what it waits for is there ... */
	eventually(sleep_for_more(2) == 1);
	expect_asleep(other);
	expect_value(0, 1);
	set_value(0, 0); /* ... and goes, and then the guard is free */
	set_value(2, 1);
	eventually(sleep_for_more(0) == 1);
	expect_value(2, 1);
	expect_sleep_until_free(other);
	expect_value(2, 1); /* its end has given back what it took */

	ck_assert_int_eq(ask(BEGIN), 0);
	expect_value(0, 1);
	expect_value(2, 0);
}

static int
make_a_turn(void)
{
	return ask(BEGIN) != 0 || ask(END) != 0;
}

TEST(s18_sem_pass_v_passes_for_good_and_gives_back)
{
	set_value(0, 1);
	set_value(2, 1);
	expect_exit(child(make_a_turn), 0);
	expect_value(0, 0);
	expect_value(1, 1);		    /* its end undid nothing */
	ck_assert_int_eq(ask(END), EAGAIN); /* it never waits */
	expect_value(2, 1);
}

/* <semaphore.h> has a sem_wait, too: the C library must not get ours. */
TEST(s18_our_sem_wait_does_not_replace_the_librarys)
{
	void *found = dlsym(RTLD_DEFAULT, "sem_wait");
	ck_assert(found != (void *)(uintptr_t)sem_wait);
}

TEST(s18_sem_delete_removes_the_set_and_wakes_all_with_eidrm)
{
	pid_t waiting[THAT_WAIT];
	for (int i = 0; i < THAT_WAIT; i++)
		waiting[i] = child_of(ask, i);
	eventually(sleep_for_more(0) == THAT_WAIT);
	ck_assert_int_eq(sem_delete(semid), 0);
	for (int i = 0; i < THAT_WAIT; i++)
		expect_exit(waiting[i], EIDRM);
	for (int i = 0; i < ALL; i++) /* there is no set any more */
		ck_assert_int_eq(ask(i), EIDRM);
	expect_errno(open_set(semid), EIDRM);
	expect_errno(sem_delete(semid), EIDRM);
}

/* join() comes nowhere, but from its first line on signals do not kill. */
static int
catch_signals_and_ask(int helper)
{
	char *arguments[] = {"writer", "/nowhere", NULL};
	struct segment *shmaddr;
	int set;
	options(2, arguments, WRITERS);
	ck_assert_str_eq(join(&set, &shmaddr), "chdir");
	ck_assert_int_eq(errno, ENOENT);
	return ask(helper);
}

TEST(s18_a_signal_ends_a_wait_with_eintr_and_a_stop_does_not)
{
	const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	for (int i = 0; i < THAT_WAIT; i++) {
		pid_t other = child_of(catch_signals_and_ask, i);
		eventually(sleep_for_more(0) == 1);
		stop_process(other);
		kill(other, SIGCONT);
		eventually(sleep_for_more(0) == 1);
		kill(other, signals[i]);
		expect_exit(other, EINTR);
	}
}

TEST(s18_after_a_signal_no_turn_begins_but_one_can_end)
{
	set_value(0, 2);
	set_value(2, 1);
	ck_assert_int_eq(catch_signals_and_ask(SEM_P), 0);
	raise(SIGTERM);
	ck_assert_int_eq(ask(BEGIN), EINTR);
	ck_assert_int_eq(ask(SEM_V), 0);
	expect_value(0, 2);
}

/* 65536 does not fit into a struct sembuf, where it would be 0. */
TEST(s18_an_index_that_the_set_does_not_have_is_refused)
{
	const int indexes[] = {MEMBERS, 65535, 65536, -1, -65536};
	for (int i = 0; i < 5; i++) {
		for (int helper = 0; helper <= END; helper++)
			expect_errno(helpers[helper](semid, indexes[i]), EFBIG);
		expect_errno(sem_value(semid, indexes[i]), EIDRM);
	}
	for (int index = 0; index < MEMBERS; index++)
		ck_assert_int_eq(sem_value(semid, index), 0);
}

TEST_ROOT(s18_what_belongs_to_somebody_else_gives_eacces_or_eperm)
{
	ck_assert_int_eq(mkdir(in_directory("closed"), 0), 0);
	become(NOBODY, NOBODY);
	expect_all(in_directory("closed/file"), EACCES);
	for (int i = 0; i < ALL; i++)
		ck_assert_int_eq(ask(i), EACCES);
	expect_errno(open_set(semid), EACCES);
	expect_errno(sem_end_v(semid), EACCES);
	expect_errno(opensem(directory, 's'), EACCES);
	expect_errno(createsem(directory, 's', MEMBERS, 0), EEXIST);
	expect_errno(sem_delete(semid), EPERM);
	become(0, getgid());
}

TEST(s18_a_value_and_an_undo_end_at_32767)
{
	set_value(0, 32767);
	expect_errno(sem_v(semid, 0), ERANGE);
	set_value(1, 32767);
	for (int taken = 0; taken < 32767; taken++)
		ck_assert_int_eq(sem_p(semid, 1), 0);
	say(1);
	expect_errno(sem_p(semid, 1), ERANGE);
	expect_errno(sem_wait_p(semid, 1, 1), ERANGE);
	for (int given = 0; given < 32768; given++) {
		ck_assert_int_eq(sem_v(semid, 3), 0);
		hear(3);
	}
	expect_errno(sem_v(semid, 3), ERANGE);
}

TEST(s18_sem_end_v_tells_the_last_writers_end_from_anothers)
{
	int other = createsem(directory, 'x', WRITERS, 1); /* it lacks it */
	expect_errno(sem_end_v(other), EIDRM);
	ck_assert_int_eq(semctl(other, NEWS, GETVAL), 1);

	ck_assert_int_eq(sem_end_v(semid), 1); /* no writer is joined */
	expect_value(GUARD, 1);
	set_value(WRITERS, 1);
	expect_errno(sem_end_v(semid), EAGAIN); /* no news to take, no wait */
	set_value(NEWS, 1);
	ck_assert_int_eq(sem_end_v(semid), 0);
	expect_value(NEWS, 0);
	expect_value(GUARD, 2);
}

TEST(s18_createshm_makes_a_segment_or_finds_it)
{
	ck_assert_int_eq(createshm(directory, 'm', 0), shmid);
	expect_segment(createshm(directory, 'x', 1000), 1000, 0600);
}

/* Go in, say so, and stay there until told to come out. */
static int
go_in(void)
{
	sem_p(semid, 2);
	notes->words[0] = 1;
	hear(0);
	return sem_v(semid, 2);
}

/* 19.  Paper 5: while one reads no other writes, and the other way round. */
TEST(s19_while_one_reads_or_writes_the_other_stays_outside_nothing_is_lost)
{
	set_value(2, 1);
	pid_t inside = child(go_in);
	eventually(notes->words[0] == 1);
	pid_t other = child_of(add_guarded, 2);
	eventually(sleep_for_more(2) == 1);
	ck_assert_int_eq(notes->words[0], 1);
	say(0);
	expect_exit(inside, 0);
	expect_exit(other, 0);
	ck_assert_int_eq(notes->words[0], 2);
}

/* 20.  What the paper's sem_p lacks: SEM_UNDO. */
TEST(s20_a_process_killed_inside_does_not_lock_the_others_out)
{
	set_value(2, 1);
	pid_t inside = child(go_in);
	eventually(notes->words[0] == 1);
	expect_value(2, 0);
	expect_end_by(inside, SIGKILL);
	expect_value(2, 1);
}
