/*
 * check_chapter.c - each statement of the documents is a test, named after it.
 * `make documents' prints them.  The chapter is "Shared Memory"; the paper has
 * the programs.
 *
 *	s01 - s04	chapter 5.1.1, Fast Local Communication
 *	s05 - s07	chapter 5.1.2, The Memory Model
 *	s08 - s11	chapter 5.1.3, Allocation
 *	s08, s09	also paper 2, which says the same of shmget
 *	s12		paper 1, the kernel's structure
 *	s13 - s16	paper 3, operations
 *	s17		paper 4, control
 *	s18 - s20	paper 5, the helpers and the readers and writers problem
 *
 * check_printed.c has the tests of how the paper's programs go wrong.
 */
#define _GNU_SOURCE

#include "support.h"

#include <dlfcn.h>
#include <grp.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define NOBODY 65534 /* any user but the one who runs the tests */

/* What the tests' processes tell each other through the segment. */
struct notes {
	volatile int words[8];
};

static int shmid, semid;
static struct notes *notes;

/* Fixture: a segment, attached, and a set of four semaphores, all 0. */
static void
attach_notes(void)
{
	enter_directory();
	shmid = createshm(directory, 'm', SHM_SIZE);
	ck_assert_int_ne(shmid, -1);
	semid = createsem(directory, 's', 4, 0);
	ck_assert_int_ne(semid, -1);
	notes = shmat(shmid, NULL, 0);
	ck_assert_ptr_ne(notes, (void *)-1);
}

static void
remove_notes(void)
{
	shmctl(shmid, IPC_RMID, NULL);
	sem_delete(semid);
	expect_nothing_left();
}

#define NOTES(name) CASE_WITH("The documents", name, attach_notes, remove_notes)

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
stat_segment(void)
{
	struct shmid_ds status;
	ck_assert_int_eq(shmctl(shmid, IPC_STAT, &status), 0);
	return status;
}

/*
 * One process tells, another hears.  Not sem_v() and sem_p(): what these do is
 * undone when their process ends, and here it must outlive it.
 */
static void
change_for_good(int index, short by)
{
	struct sembuf ops = {(unsigned short)index, by, 0};
	if (semop(semid, &ops, 1) == -1)
		abort();
}

static void
say(int index)
{
	change_for_good(index, +1);
}

static void
hear(int index)
{
	change_for_good(index, -1);
}

/* The line of /proc/self/maps for this address; "" if there is none. */
static const char *
mapping(const void *address)
{
	static char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");
	uintptr_t first, after;

	while (fgets(line, sizeof(line), maps) != NULL)
		if (sscanf(line, "%lx-%lx", &first, &after) == 2 &&
		    first <= (uintptr_t)address && (uintptr_t)address < after) {
			fclose(maps);
			return line;
		}
	fclose(maps);
	return "";
}

NOTES("The chapter, 5.1.1 Fast Local Communication")

/* An unrelated process inherits nothing: it finds the segment by its key. */
static int
answer_at_another_address(void)
{
	struct notes *inherited = notes;
	void *elsewhere = mmap(NULL, (size_t)SHMLBA, PROT_NONE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(elsewhere, (size_t)SHMLBA);
	notes = shmat(openshm(directory, 'm'), elsewhere, 0);
	shmdt(inherited);
	if (notes == inherited || notes == (void *)-1)
		return 1;
	hear(0);
	if (notes->words[0] != 42)
		return 2;
	notes->words[1] = 43;
	say(1);
	return 0;
}

/* 1.  5.1.1: "when one process changes the memory, all the others see it". */
TEST(s01_each_process_sees_the_others_change_at_its_own_address)
{
	pid_t other = child(answer_at_another_address);
	notes->words[0] = 42;
	say(0);
	hear(1);
	ck_assert_int_eq(notes->words[1], 43);
	expect_exit(other, 0);
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
	notes->words[2] = notes->words[1] + 1;
	syscall(SYS_exit, 0);
	return 2;
}

/* 2.  5.1.1: access "does not require a system call or entry to the kernel". */
TEST_IF(s02_access_needs_no_system_call, 1, IS_BARE)
{
	pid_t other = child(answer_without_system_calls);
	eventually(notes->words[0] == 1);
	notes->words[1] = 7;
	eventually(notes->words[2] == 8);
	expect_exit(other, 0);
}

static long
minor_faults(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

TEST_IF(s02_access_to_a_touched_page_does_not_even_fault, 1, IS_BARE)
{
	notes->words[0] = 1;
	minor_faults(); /* it, too, is touched now */
	long before = minor_faults();
	for (int i = 0; i < 1000000; i++)
		notes->words[i % 8] = i;
	ck_assert_int_eq(minor_faults(), before);
}

/* The number of the physical page, from /proc/self/pagemap. */
static uint64_t
physical_page(const volatile void *address)
{
	uint64_t entry = 0;
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	off_t at = (off_t)((uintptr_t)address / (uintptr_t)getpagesize() * 8);
	ck_assert_int_eq(pread(pagemap, &entry, 8, at), 8);
	close(pagemap);
	return entry & ((UINT64_C(1) << 55) - 1);
}

static volatile char own[65536];

static int
note_physical_pages(void)
{
	notes->words[0] = 1;
	own[32768] = 2; /* the child's copy of the page, from here on */
	uint64_t pages[] = {physical_page(notes), physical_page(own + 32768)};
	memcpy((void *)&notes->words[1], pages, sizeof(pages));
	return 0;
}

/* The kernel may move a page at any time: then once more. */
static bool
segment_is_shared_and_own_memory_is_not(void)
{
	uint64_t pages[2];
	expect_exit(child(note_physical_pages), 0);
	memcpy(pages, (void *)&notes->words[1], sizeof(pages));
	return pages[0] != 0 && physical_page(notes) == pages[0] &&
	       physical_page(own + 32768) != pages[1];
}

/* 3.  5.1.1: "avoids copying data unnecessarily", 5.1.2: the same page. */
TEST_ROOT(s03_both_see_the_same_physical_page_and_no_copy)
{
	own[32768] = 1;
	eventually(segment_is_shared_and_own_memory_is_not());
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

static int
add_guarded(void)
{
	sem_p(semid, 2);
	notes->words[0] = notes->words[0] + 1;
	sem_v(semid, 2);
	return 0;
}

/* 4.  5.1.1: "the kernel does not synchronize accesses". */
TEST(s04_an_unguarded_addition_gets_lost_a_guarded_one_does_not)
{
	pid_t other = child(add_unguarded);
	hear(0);
	notes->words[0] = notes->words[0] + 1;
	say(1);
	expect_exit(other, 0);
	ck_assert_int_eq(notes->words[0], 1); /* two additions, one is lost */

	notes->words[0] = 0;
	ck_assert_int_eq(semctl(semid, 2, SETVAL, 1), 0);
	sem_p(semid, 2);
	int read = notes->words[0];
	other = child(add_guarded);
	eventually(sleep_for_more(2) == 1); /* it waits for us */
	notes->words[0] = read + 1;
	sem_v(semid, 2);
	expect_exit(other, 0);
	ck_assert_int_eq(notes->words[0], 2);
}

NOTES("The chapter, 5.1.2 The Memory Model")

static int
attach_and_detach(void)
{
	void *mine = shmat(openshm(directory, 'm'), NULL, 0);
	bool there = strstr(mapping(mine), "SYSV") != NULL;
	if (!there || shmdt(mine) == -1)
		return 1;
	return strstr(mapping(mine), "SYSV") == NULL ? 0 : 2;
}

/* 5.  5.1.2: allocate, attach, detach, deallocate; "mapping entries". */
TEST(s05_one_allocates_each_attaches_and_detaches_one_deallocates)
{
	struct shmid_ds gone;
	ck_assert_ptr_nonnull(strstr(mapping(notes), "SYSV"));
	expect_exit(child(attach_and_detach), 0);
	ck_assert_int_eq(shmdt(notes), 0);
	ck_assert_str_eq(mapping(notes), "");
	ck_assert_int_eq(shmctl(shmid, IPC_RMID, NULL), 0);
	ck_assert_int_eq(shmctl(shmid, IPC_STAT, &gone), -1);
	ck_assert(errno == EINVAL || errno == EIDRM);
}

/* The bytes of physical memory that the segment has: /proc/sysvipc/shm. */
static long
resident(int id)
{
	FILE *table = fopen("/proc/sysvipc/shm", "r");
	char line[512];
	long bytes = -1;
	int its_id;

	while (bytes == -1 && fgets(line, sizeof(line), table) != NULL)
		if (sscanf(line,
			   "%*d %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			   "%*s %*s %ld",
			   &its_id, &bytes) != 2 ||
		    its_id != id)
			bytes = -1;
	fclose(table);
	return bytes;
}

/*
 * 6.  5.1.2: "allocating a new segment causes pages to be created".  Imprecise:
 * each page comes when it is first touched.
 */
TEST_IF(s06_pages_come_at_the_first_touch_and_not_at_shmget, 1, IS_BARE)
{
	enum { PAGES = 16 };
	const long page = getpagesize();
	int id = shmget(IPC_PRIVATE, (size_t)(PAGES * page), 0600);
	ck_assert_int_eq(resident(id), 0);
	char *bytes = shmat(id, NULL, 0);
	ck_assert_int_eq(resident(id), 0);
	long before = minor_faults();
	for (int i = 0; i < PAGES; i++) {
		bytes[i * page] = 'x';
		ck_assert_int_eq(resident(id), (i + 1) * page);
	}
	ck_assert_int_ge(minor_faults() - before, PAGES);
	shmctl(id, IPC_RMID, NULL);
}

/* 5.1.2: "allocating an existing segment does not create new pages". */
TEST(s06_allocating_an_existing_segment_returns_its_identifier)
{
	notes->words[0] = 6;
	long before = resident(shmid);
	ck_assert_int_eq(before, getpagesize());
	ck_assert_int_eq(createshm(directory, 'm', SHM_SIZE), shmid);
	ck_assert_int_eq(openshm(directory, 'm'), shmid);
	struct notes *again = shmat(shmid, NULL, 0);
	ck_assert_ptr_ne(again, notes);
	ck_assert_int_eq(again->words[0], 6);
	again->words[1] = 6;
	ck_assert_int_eq(resident(shmid), before);
	ck_assert_int_eq(shmdt(again), 0);
}

/* 7.  5.1.2: "integral multiples of the system's page size", getpagesize. */
TEST(s07_a_segment_is_whole_pages_whatever_its_size)
{
	const size_t page = (size_t)getpagesize();
	const size_t sizes[] = {1, 256, page, page + 1};
	const size_t pages[] = {1, 1, 1, 2};
	for (int i = 0; i < 4; i++) {
		uintptr_t first = 0, after = 0;
		int id = shmget(IPC_PRIVATE, sizes[i], 0600);
		char *bytes = shmat(id, NULL, 0);
		struct shmid_ds it;
		ck_assert_int_eq(shmctl(id, IPC_STAT, &it), 0);
		ck_assert_uint_eq(it.shm_segsz, sizes[i]);
		sscanf(mapping(bytes), "%lx-%lx", &first, &after);
		ck_assert_uint_eq(after - first, pages[i] * page);
		bytes[pages[i] * page - 1] = 'x'; /* the last byte, too */
		shmctl(id, IPC_RMID, NULL);
		shmdt(bytes);
	}
}

NOTES("The chapter, 5.1.3 Allocation")

static int
find_by_key(void)
{
	int its_own = shmget(ftok(directory, 'm'), 0, 0);
	struct notes *found = shmat(its_own, NULL, 0);
	return found != (void *)-1 && found != notes && found->words[0] == 8
		   ? 0
		   : 1;
}

/* 8.  5.1.3: "unrelated processes can access the same segment by ... key". */
TEST(s08_processes_meet_by_the_same_key)
{
	notes->words[0] = 8;
	expect_exit(child(find_by_key), 0);
	/* The programs, which are nobody's children but ours, meet so, too. */
	shmdt(notes);
	shmctl(shmid, IPC_RMID, NULL);
	sem_delete(semid);
	write_file("in", "met\n", 4);
	expect_exit(start_writer("in"), 0);
	expect_exit(start_reader("out"), 0);
	ck_assert_same_file("in", "out");
}

TEST(s08_ipc_private_always_makes_a_new_segment)
{
	int one = shmget(IPC_PRIVATE, SHM_SIZE, 0600);
	int two = shmget(IPC_PRIVATE, SHM_SIZE, 0600);
	ck_assert(one != -1 && two != -1 && one != two);
	shmctl(one, IPC_RMID, NULL);
	shmctl(two, IPC_RMID, NULL);
}

/* "Other processes may have also chosen the same fixed key": ours refuse. */
TEST(s08_fixed_keys_collide_and_our_programs_refuse_such_objects)
{
	shmctl(shmid, IPC_RMID, NULL);
	sem_delete(semid);
	int foreign = createshm(directory, 'm', 4096);
	expect_exit(start_reader("out"), 1);
	ck_assert(file_has("reader.err", "made by another user or program"));
	shmid = foreign;
	ck_assert_uint_eq(stat_segment().shm_segsz, 4096); /* still there */
}

/* 9.  5.1.3: the flags IPC_CREAT and IPC_EXCL; paper 2: flag 0. */
TEST(s09_ipc_creat_ipc_excl_and_no_flag)
{
	key_t key = ftok(directory, 'm');
	expect_errno(shmget(key, 256, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	ck_assert_int_eq(shmget(key, 256, IPC_CREAT | 0600), shmid);
	expect_errno(shmget(key, 257, IPC_CREAT | 0600),
		     EINVAL); /* it is smaller */
	ck_assert_int_eq(shmget(key, 0, 0), shmid);
	shmctl(shmid, IPC_RMID, NULL);
	expect_errno(shmget(key, 0, 0), ENOENT);
	expect_errno(openshm(directory, 'm'), ENOENT);
	shmid = shmget(key, 256, IPC_CREAT | IPC_EXCL | 0600);
	ck_assert_int_ne(shmid, -1);
}

/* "IPC_EXCL ... is always used with IPC_CREAT": alone it means nothing. */
TEST(s09_ipc_excl_without_ipc_creat_finds_what_is_there)
{
	key_t key = ftok(directory, 'm');
	ck_assert_int_eq(shmget(key, 0, IPC_EXCL), shmid);
	expect_errno(shmget(ftok(directory, 'x'), 1, IPC_EXCL), ENOENT);
}

/* What the segment answers another user's attach, with a group or without. */
static int flag;
static gid_t group;

static int
attach_as_another_user(void)
{
	if (setgroups(0, NULL) == -1 || setgid(group) == -1 ||
	    setuid(NOBODY) == -1)
		return -1;
	return shmat(shmid, NULL, flag) == (void *)-1 ? errno : 0;
}

/* 10.  5.1.3: "9 bits indicating permissions ... Execution bits are ignored" */
TEST_IF(s10_mode_bits_let_others_in_but_execution_bits_do_not, 1, IS_BARE_ROOT)
{
	const gid_t ours = getegid();
	const struct {
		int mode, flag, answer;
		gid_t group;
	} cases[] = {
	    {S_IRUSR | S_IWUSR, 0, EACCES, NOBODY},
	    {S_IRUSR | S_IWUSR, SHM_RDONLY, EACCES, NOBODY},
	    {0600 | S_IROTH, SHM_RDONLY, 0, NOBODY},
	    {0600 | S_IROTH, 0, EACCES, NOBODY},
	    {0600 | S_IROTH | S_IWOTH, 0, 0, NOBODY},
	    {0711, SHM_RDONLY, EACCES, NOBODY}, /* execution bits */
	    {0600 | S_IRGRP, SHM_RDONLY, 0, ours},
	    {0600 | S_IRGRP, 0, EACCES, ours},
	    {0600 | S_IRGRP | S_IWGRP, 0, 0, ours},
	    {0600 | S_IRGRP | S_IWGRP, 0, EACCES, NOBODY},
	    {0606, SHM_RDONLY, EACCES,
	     ours}, /* its group's bits, not others' */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct shmid_ds change = stat_segment();
		change.shm_perm.mode = (unsigned short)cases[i].mode;
		ck_assert_int_eq(shmctl(shmid, IPC_SET, &change), 0);
		flag = cases[i].flag;
		group = cases[i].group;
		expect_exit(child(attach_as_another_user), cases[i].answer);
	}
}

/* The chapter's one call.  It prints S_IWUSER: there is no such constant. */
TEST(s10_the_chapters_call_gives_a_page_to_its_owner_alone)
{
	const key_t shm_key = ftok(directory, 'x');
	int kept = shmid;
	int segment_id = shmget(shm_key, (size_t)getpagesize(),
				IPC_CREAT | S_IRUSR | S_IWUSR);
	ck_assert_int_ne(segment_id, -1);
	ck_assert_int_eq(shmget(shm_key, (size_t)getpagesize(),
				IPC_CREAT | S_IRUSR | S_IWUSR),
			 segment_id); /* "or access to an existing one" */
	shmid = segment_id;
	ck_assert_uint_eq(stat_segment().shm_segsz, (size_t)getpagesize());
	ck_assert_int_eq(stat_segment().shm_perm.mode & 0777, 0600);
	shmctl(segment_id, IPC_RMID, NULL);
	shmid = kept;
}

TEST(s10_the_nine_mode_bits_are_kept)
{
	int other = shmget(IPC_PRIVATE, 1, 0751);
	struct shmid_ds it;
	ck_assert_int_eq(shmctl(other, IPC_STAT, &it), 0);
	ck_assert_int_eq(it.shm_perm.mode & 0777, 0751);
	shmctl(other, IPC_RMID, NULL);
}

/* Let another user look the path up. */
static void
open_the_way(void)
{
	ck_assert_int_eq(chmod(directory, 0755), 0);
	ck_assert_int_eq(chmod(in_directory(".."), 0755), 0);
}

/* Become a user with nobody's rights. */
static void
become_nobody(void)
{
	if (setgroups(0, NULL) == -1 || setgid(NOBODY) == -1 ||
	    setuid(NOBODY) == -1)
		abort();
}

static int
find_as_nobody(void)
{
	become_nobody();
	return openshm(directory, 'm') == -1 ? errno : 0;
}

/* 11.  5.1.3: "the access permissions are verified and a check is made". */
TEST_ROOT(s11_the_permissions_of_an_existing_segment_are_verified)
{
	open_the_way();
	expect_exit(child(find_as_nobody), EACCES);
}

/* But on Linux whoever knows its identifier may still attach it. */
TEST(s11_a_segment_marked_for_destruction_is_not_found_any_more)
{
	notes->words[0] = 11;
	ck_assert_int_eq(shmctl(shmid, IPC_RMID, NULL), 0);
	ck_assert_int_ne(stat_segment().shm_perm.mode & SHM_DEST, 0);
	expect_errno(openshm(directory, 'm'), ENOENT);
	struct notes *late = shmat(shmid, NULL, 0);
	ck_assert_ptr_ne(late, (void *)-1);
	ck_assert_int_eq(late->words[0], 11);
	ck_assert_int_eq(shmdt(late), 0);
	ck_assert_int_eq(shmdt(notes), 0);
}

NOTES("The paper, 1 The kernel's structure")

static int
attach_once(void)
{
	return shmat(shmid, NULL, 0) == (void *)-1;
}

/* 12.  Paper 1: the fields of struct shmid_ds. */
TEST(s12_each_field_of_shmid_ds_tells_what_happened)
{
	time_t started = time(NULL);
	int fresh = createshm(directory, 'f', 100), kept = shmid;
	shmid = fresh;
	struct shmid_ds it = stat_segment();
	ck_assert_uint_eq(it.shm_perm.uid, geteuid());
	ck_assert_uint_eq(it.shm_perm.cuid, geteuid());
	ck_assert_uint_eq(it.shm_perm.gid, getegid());
	ck_assert_int_eq(it.shm_perm.mode & 0777, 0600);
	ck_assert_uint_eq(it.shm_segsz, 100);
	ck_assert_int_eq(it.shm_atime, 0);
	ck_assert_int_eq(it.shm_dtime, 0);
	ck_assert_int_ge(it.shm_ctime, started);
	ck_assert_int_eq(it.shm_cpid, getpid());
	ck_assert_int_eq(it.shm_lpid, 0);
	ck_assert_uint_eq(it.shm_nattch, 0);

	void *address = shmat(shmid, NULL, 0);
	it = stat_segment();
	ck_assert_int_ge(it.shm_atime, started);
	ck_assert_int_eq(it.shm_lpid, getpid());
	ck_assert_uint_eq(it.shm_nattch, 1);

	pid_t other = child(attach_once);
	expect_exit(other, 0);
	it = stat_segment();
	ck_assert_int_ge(it.shm_dtime, started);
	ck_assert_int_eq(it.shm_lpid, other); /* its end detached it */
	ck_assert_int_eq(it.shm_cpid, getpid());

	ck_assert_int_eq(shmdt(address), 0);
	it = stat_segment();
	ck_assert_uint_eq(it.shm_nattch, 0);
	ck_assert_int_eq(it.shm_lpid, getpid());
	shmctl(fresh, IPC_RMID, NULL);
	shmid = kept;
}

/*
 * "The last process that accessed", "the last that modified" it: imprecise.
 * The kernel does not see accesses: the times are of calls.
 */
TEST(s12_the_times_are_not_those_of_the_memory)
{
	struct shmid_ds before = stat_segment();
	eventually(time(NULL) > before.shm_atime &&
		   time(NULL) > before.shm_ctime);
	notes->words[0]++;
	ck_assert_int_eq(stat_segment().shm_atime, before.shm_atime);
	ck_assert_int_eq(stat_segment().shm_ctime, before.shm_ctime);
}

NOTES("The paper, 3 Operations")

/* 13.  Paper 3: shmat's address and flags. */
TEST(s13_shmat_takes_an_address_on_a_boundary_or_rounds_it_down)
{
	char *chosen = shmat(shmid, NULL, 0); /* NULL: the kernel chooses */
	ck_assert_ptr_ne(chosen, (void *)-1);
	ck_assert_uint_eq((uintptr_t)chosen % (uintptr_t)SHMLBA, 0);
	ck_assert_int_eq(shmdt(chosen), 0);

	ck_assert_ptr_eq(shmat(shmid, chosen, 0), chosen);
	ck_assert_int_eq(shmdt(chosen), 0);
	ck_assert_ptr_eq(shmat(shmid, chosen + 5, 0), (void *)-1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_eq(shmat(shmid, chosen + 5, SHM_RND), chosen);
	ck_assert_int_eq(shmdt(chosen), 0);
}

static int
write_to_what_is_read_only(void)
{
	signal(SIGSEGV, SIG_DFL); /* sanitizers catch it */
	struct notes *mine = shmat(shmid, NULL, SHM_RDONLY);
	if (mine->words[0] != 13)
		return 1;
	mine->words[0] = 14;
	return 2;
}

TEST(s13_with_shm_rdonly_reading_works_and_writing_is_sigsegv)
{
	notes->words[0] = 13;
	expect_signal(child(write_to_what_is_read_only), SIGSEGV);
	ck_assert_int_eq(notes->words[0], 13);
}

TEST(s13_our_reader_attaches_read_only_and_our_writer_to_write)
{
	char path[64];
	shmctl(shmid, IPC_RMID, NULL);
	sem_delete(semid);
	shmdt(notes);
	pid_t pids[] = {start_reader("out"), start_writer("|")};
	eventually(semaphore_set() != -1 && sleep_for_more(NEWS) == 1 &&
		   semaphore(WRITERS) == 1);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/proc/%d/maps", (int)pids[i]);
		FILE *maps = fopen(path, "r");
		char line[512], access[8] = "";
		while (fgets(line, sizeof(line), maps) != NULL)
			if (strstr(line, "SYSV") != NULL)
				sscanf(line, "%*s %7s", access);
		fclose(maps);
		ck_assert_str_eq(access, i == 0 ? "r--s" : "rw-s");
	}
	close(feed);
	expect_exit(pids[1], 0);
	expect_exit(pids[0], 0);
}

/* 14.  Paper 3: shmdt returns 0, or -1; "nattch is one less". */
TEST(s14_shmdt_detaches_and_the_segment_is_still_there)
{
	notes->words[0] = 14;
	ck_assert_uint_eq(stat_segment().shm_nattch, 1);
	ck_assert_int_eq(shmdt(notes), 0);
	ck_assert_uint_eq(stat_segment().shm_nattch, 0);
	expect_errno(shmdt(notes), EINVAL);
	notes = shmat(shmid, NULL, 0);
	ck_assert_int_eq(notes->words[0], 14);
}

static int
read_what_is_detached(void)
{
	signal(SIGSEGV, SIG_DFL);
	shmdt(notes);
	return notes->words[0];
}

TEST(s14_access_after_shmdt_is_sigsegv)
{
	expect_signal(child(read_what_is_detached), SIGSEGV);
}

/*
 * 15.  Paper 3: "only when nattch is 0 is the segment deleted".  Imprecise: it
 * must be marked with IPC_RMID too; nattch 0 alone deletes nothing (see 14).
 */
TEST(s15_the_segment_goes_when_it_is_marked_and_nobody_is_attached)
{
	struct notes *again = shmat(shmid, NULL, 0);
	struct shmid_ds gone;
	ck_assert_int_eq(shmctl(shmid, IPC_RMID, NULL), 0);
	ck_assert_int_eq(shmdt(again), 0);
	notes->words[0] = 15; /* those attached go on using it */
	ck_assert_int_eq(notes->words[0], 15);
	ck_assert_uint_eq(stat_segment().shm_nattch, 1);
	ck_assert_int_eq(shmdt(notes), 0);
	ck_assert_int_eq(shmctl(shmid, IPC_STAT, &gone), -1);
}

static int
wait_for_the_end(void)
{
	hear(0);
	return notes->words[0] == 16 ? 0 : 1;
}

static int pipe_ends[2];

static int
become_cat(void)
{
	dup2(pipe_ends[0], STDIN_FILENO);
	close(pipe_ends[1]);
	execlp("cat", "cat", (char *)NULL);
	return 1;
}

/* 16.  Paper 3: the end of a process, fork and exec. */
TEST(s16_fork_inherits_the_attachment_and_an_end_detaches)
{
	notes->words[0] = 16;
	pid_t other = child(wait_for_the_end);
	ck_assert_uint_eq(stat_segment().shm_nattch, 2);
	say(0);
	expect_exit(other, 0);
	ck_assert_uint_eq(stat_segment().shm_nattch, 1);

	other = child(wait_for_the_end);
	kill(other, SIGKILL);
	expect_signal(other, SIGKILL);
	ck_assert_uint_eq(stat_segment().shm_nattch, 1);
}

TEST(s16_exec_detaches)
{
	ck_assert_int_eq(pipe(pipe_ends), 0);
	pid_t other = child(become_cat);
	close(pipe_ends[0]);
	eventually(stat_segment().shm_nattch == 1);
	ck_assert_int_eq(waitpid(other, NULL, WNOHANG), 0); /* it lives */
	close(pipe_ends[1]);
	expect_exit(other, 0);
}

NOTES("The paper, 4 Control")

/* 17.  Paper 4: IPC_STAT, IPC_SET, IPC_RMID. */
TEST(s17_ipc_set_changes_the_mode_and_moves_the_time)
{
	struct shmid_ds before = stat_segment();
	eventually(time(NULL) > before.shm_ctime);
	struct shmid_ds change = before;
	change.shm_perm.mode = 0640;
	ck_assert_int_eq(shmctl(shmid, IPC_SET, &change), 0);
	ck_assert_int_eq(stat_segment().shm_perm.mode & 0777, 0640);
	ck_assert_int_gt(stat_segment().shm_ctime, before.shm_ctime);
	ck_assert_int_eq(stat_segment().shm_atime, before.shm_atime);
}

static int
attach_as_nobody(void)
{
	become_nobody();
	return shmat(shmid, NULL, 0) == (void *)-1 ? errno : 0;
}

TEST_IF(s17_ipc_set_changes_owner_and_group_not_the_creator, 1, IS_BARE_ROOT)
{
	struct shmid_ds change = stat_segment();
	expect_exit(child(attach_as_nobody), EACCES);
	change.shm_perm.gid = NOBODY;
	change.shm_perm.mode = 0660;
	ck_assert_int_eq(shmctl(shmid, IPC_SET, &change), 0);
	ck_assert_uint_eq(stat_segment().shm_perm.gid, NOBODY);
	expect_exit(child(attach_as_nobody), 0);
	change.shm_perm.uid = NOBODY;
	change.shm_perm.gid = getegid();
	change.shm_perm.mode = 0600;
	ck_assert_int_eq(shmctl(shmid, IPC_SET, &change), 0);
	ck_assert_uint_eq(stat_segment().shm_perm.uid, NOBODY);
	ck_assert_uint_eq(stat_segment().shm_perm.cuid, geteuid());
	ck_assert_uint_eq(stat_segment().shm_perm.cgid, getegid());
	expect_exit(child(attach_as_nobody), 0);
}

TEST(s17_ipc_rmid_removes)
{
	struct shmid_ds gone;
	ck_assert_int_eq(shmdt(notes), 0);
	ck_assert_int_eq(shmctl(shmid, IPC_RMID, NULL), 0);
	ck_assert_int_eq(shmctl(shmid, IPC_STAT, &gone), -1);
	ck_assert_int_eq(shmctl(shmid, IPC_RMID, NULL), -1);
	ck_assert(errno == EINVAL || errno == EIDRM);
	ck_assert_ptr_eq(shmat(shmid, NULL, 0), (void *)-1);
}

NOTES("The paper, 5 The helpers of sharemem.h")

/* 18.  Paper 5: each helper by its use. */
TEST(s18_createsem_makes_members_each_with_the_initial_value)
{
	int other = createsem(directory, 'x', 3, 5);
	ck_assert_int_ne(other, -1);
	struct semid_ds it;
	ck_assert_int_eq(semctl(other, 0, IPC_STAT, (union semun){.buf = &it}),
			 0);
	ck_assert_uint_eq(it.sem_nsems, 3);
	ck_assert_int_eq(it.sem_perm.mode & 0777, 0600);
	for (int index = 0; index < 3; index++)
		ck_assert_int_eq(semctl(other, index, GETVAL), 5);
	sem_delete(other);
	/* For 0 nothing is written: else this would be our process. */
	ck_assert_int_eq(semctl(semid, 0, GETPID), 0);
}

TEST(s18_a_second_createsem_fails_and_leaves_the_values_alone)
{
	expect_errno(createsem(directory, 's', 4, 1), EEXIST);
	for (int index = 0; index < 4; index++)
		ck_assert_int_eq(semctl(semid, index, GETVAL), 0);
}

TEST(s18_createsem_refuses_bad_numbers_and_leaves_nothing)
{
	const struct {
		int members, init_val, reason;
	} cases[] = {{0, 1, EINVAL},
		     {-1, 1, EINVAL},
		     {INT_MAX, 0, EINVAL},
		     {1, 32768, ERANGE},
		     {1, -1, ERANGE}};
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(createsem(directory, 'x', cases[i].members,
					   cases[i].init_val),
				 -1);
		ck_assert_int_eq(errno, cases[i].reason);
		expect_errno(opensem(directory, 'x'), ENOENT);
	}
}

TEST(s18_opensem_finds_the_set_and_never_makes_one)
{
	ck_assert_int_eq(opensem(directory, 's'), semid);
	expect_errno(opensem(directory, 'x'), ENOENT);
	ck_assert_int_eq(opensem(directory, 'x'), -1);
}

/* All four helpers that take a path say the same of it. */
static bool
all_say(const char *path, int reason)
{
	return createsem(path, 'x', 1, 1) == -1 && errno == reason &&
	       opensem(path, 'x') == -1 && errno == reason &&
	       createshm(path, 'x', 1) == -1 && errno == reason &&
	       openshm(path, 'x') == -1 && errno == reason;
}

static int
look_into_a_closed_directory(void)
{
	const char *path = in_directory("file");
	become_nobody();
	return !all_say(path, EACCES);
}

TEST(s18_a_bad_path_gives_the_errno_of_stat)
{
	char name[NAME_MAX + 2] = "";
	memset(name, 'x', NAME_MAX + 1);
	ck_assert_int_eq(symlink("loop", in_directory("loop")), 0);
	ck_assert(all_say("/nowhere", ENOENT));
	ck_assert(all_say("", ENOENT));
	ck_assert(all_say("/dev/null/x", ENOTDIR));
	ck_assert(all_say(in_directory("loop"), ELOOP));
	ck_assert(all_say(name, ENAMETOOLONG));
	if (geteuid() == 0) /* root may look anywhere */
		expect_exit(child(look_into_a_closed_directory), 0);
}

/* A limit of the test's own IPC namespace. */
static void
set_limit(const char *path, const char *value)
{
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(value, file);
	ck_assert_int_eq(fclose(file), 0);
}

TEST_ROOT(s18_a_limit_of_the_system_gives_enospc_or_e2big)
{
	ck_assert_int_eq(unshare(CLONE_NEWIPC), 0);
	set_limit("/proc/sys/kernel/shmmni", "0");
	expect_errno(createshm(directory, 'x', 1), ENOSPC);
	set_limit("/proc/sys/kernel/sem", "32000 32000 1 1"); /* 1 op, 1 set */
	const int set = createsem(directory, 'x', 1, 1);
	expect_errno(createsem(directory, 'f', 1, 1), ENOSPC);
	ck_assert_int_eq(sem_p(set, 0), 0);
	expect_errno(sem_wait(set, 0), E2BIG); /* two operations */
	sem_delete(set);
}

static int
take_and_give(void)
{
	if (sem_p(semid, 0) == -1)
		return 1;
	notes->words[0]++;
	return sem_v(semid, 0) == -1 ? 2 : 0;
}

TEST(s18_sem_p_waits_and_takes_sem_v_gives_back)
{
	pid_t other = child(take_and_give);
	eventually(sleep_for_more(0) == 1);
	expect_asleep(other);
	ck_assert_int_eq(notes->words[0], 0);
	ck_assert_int_eq(semctl(semid, 0, SETVAL, 1), 0);
	expect_exit(other, 0);
	ck_assert_int_eq(notes->words[0], 1);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 1);
	ck_assert_int_eq(sem_p(semid, 0), 0);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 0);
}

/* The helpers of one semaphore; those of a turn get it for each argument. */
static int
begin(int set, int index)
{
	return sem_wait_p(set, index, index);
}

static int
end(int set, int index)
{
	return sem_pass_v(set, index, index, index);
}

enum { SEM_P, SEM_WAIT, SEM_WAIT_P, THAT_WAIT, SEM_V = THAT_WAIT, SEM_PASS_V };
static int (*const helpers[])(int, int) = {
    sem_p, sem_wait, begin, sem_v, end, sem_value,
};
enum { HELPERS = sizeof(helpers) / sizeof(helpers[0]) };

/* What the helper says of semaphore 0: an errno, or 0. */
static int
ask(int helper)
{
	return helpers[helper](semid, 0) == -1 ? errno : 0;
}

TEST(s18_sem_wait_sleeps_until_it_is_free_and_takes_nothing)
{
	pid_t other = child_of(ask, SEM_WAIT);
	eventually(sleep_for_more(0) == 1);
	expect_asleep(other);
	ck_assert_int_eq(semctl(semid, 0, SETVAL, 1), 0);
	expect_exit(other, 0);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 1);
	ck_assert_int_eq(sem_wait(semid, 0), 0);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 1);
}

static int
begin_a_turn(void)
{
	return sem_wait_p(semid, 0, 1) == 0 ? 0 : errno;
}

/* Not between, not half: the guard stays free until both can be had. */
TEST(s18_sem_wait_p_waits_for_one_and_takes_the_other_in_one_step)
{
	pid_t other;
	for (int first = 0; first < 2; first++) {
		semctl(semid, 0, SETVAL, 0);
		semctl(semid, 1, SETVAL, 0);
		other = child(begin_a_turn);
		eventually(sleep_for_more(0) == 1);
		semctl(semid, first, SETVAL, 1);
		eventually(sleep_for_more(1 - first) == 1);
		expect_asleep(other);
		ck_assert_int_eq(semctl(semid, first, GETVAL), 1);
		semctl(semid, 1 - first, SETVAL, 1);
		expect_exit(other, 0);
		/* Its end has given back what it had taken. */
		ck_assert_int_eq(semctl(semid, 0, GETVAL), 1);
		ck_assert_int_eq(semctl(semid, 1, GETVAL), 1);
	}
	/* What it waited for is there, goes, and then the guard is free. */
	semctl(semid, 1, SETVAL, 0);
	other = child(begin_a_turn);
	eventually(sleep_for_more(1) == 1);
	semctl(semid, 0, SETVAL, 0);
	semctl(semid, 1, SETVAL, 1);
	eventually(sleep_for_more(0) == 1);
	ck_assert_int_eq(semctl(semid, 1, GETVAL), 1);
	semctl(semid, 0, SETVAL, 1);
	expect_exit(other, 0);

	ck_assert_int_eq(sem_wait_p(semid, 0, 1), 0);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 1);
	ck_assert_int_eq(semctl(semid, 1, GETVAL), 0);
}

static int
make_a_turn(void)
{
	return sem_wait_p(semid, 0, 2) == 0 && sem_pass_v(semid, 0, 1, 2) == 0
		   ? 0
		   : errno;
}

TEST(s18_sem_pass_v_passes_for_good_and_gives_back)
{
	semctl(semid, 0, SETVAL, 1);
	semctl(semid, 2, SETVAL, 1);
	expect_exit(child(make_a_turn), 0);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 0);
	ck_assert_int_eq(semctl(semid, 1, GETVAL),
			 1); /* its end undid nothing */
	ck_assert_int_eq(semctl(semid, 2, GETVAL), 1);
	expect_errno(sem_pass_v(semid, 0, 1, 2), EAGAIN); /* it never waits */
	ck_assert_int_eq(semctl(semid, 2, GETVAL), 1);
}

/* What is undone is counted, and the count ends at 32767. */
TEST(s18_more_than_32767_turns_through_one_process)
{
	semctl(semid, 0, SETVAL, 1);
	semctl(semid, 2, SETVAL, 1);
	for (int turn = 0; turn < 33000; turn++) {
		ck_assert_int_eq(sem_wait_p(semid, 0, 2), 0);
		ck_assert_int_eq(sem_pass_v(semid, 0, 1, 2), 0);
		ck_assert_int_eq(sem_wait_p(semid, 1, 2), 0);
		ck_assert_int_eq(sem_pass_v(semid, 1, 0, 2), 0);
	}
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
	for (int i = 0; i < HELPERS; i++) /* there is no set any more */
		ck_assert_int_eq(ask(i), EIDRM);
	expect_errno(sem_delete(semid), EIDRM);
	expect_errno(opensem(directory, 's'), ENOENT);
}

/* join() comes nowhere, but from its first line on signals do not kill. */
static void
catch_signals_as_the_programs_do(void)
{
	struct channel channel = {
	    .role = READERS, .path = "/nowhere", .semid = -1};
	if (join(&channel) == 0)
		abort();
}

static int
ask_and_catch_signals(int helper)
{
	catch_signals_as_the_programs_do();
	return ask(helper);
}

TEST(s18_a_signal_ends_a_wait_with_eintr_and_a_stop_does_not)
{
	const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	for (int i = 0; i < THAT_WAIT; i++) {
		pid_t other = child_of(ask_and_catch_signals, i);
		eventually(sleep_for_more(0) == 1);
		stop_process(other);
		kill(other, SIGCONT);
		eventually(sleep_for_more(0) == 1);
		kill(other, signals[i]);
		expect_exit(other, EINTR);
	}
}

static int
begin_after_a_signal(void)
{
	catch_signals_as_the_programs_do();
	raise(SIGTERM);
	return ask(SEM_WAIT_P);
}

static int
give_after_a_signal(void)
{
	catch_signals_as_the_programs_do();
	ask(SEM_P);
	raise(SIGTERM);
	return ask(SEM_V);
}

TEST(s18_after_a_signal_no_turn_begins_but_one_can_end)
{
	semctl(semid, 0, SETVAL, 1);
	expect_exit(child(begin_after_a_signal), EINTR);
	expect_exit(child(give_after_a_signal), 0);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 1);
}

/* 65536 does not fit into a struct sembuf, where it would be 0. */
TEST(s18_an_index_that_the_set_does_not_have_is_refused)
{
	const int indexes[] = {4, 65535, 65536, -1, -65536};
	for (int i = 0; i < 5; i++) {
		for (int helper = 0; helper <= SEM_PASS_V; helper++) {
			expect_errno(helpers[helper](semid, indexes[i]), EFBIG);
		}
		expect_errno(sem_value(semid, indexes[i]), EIDRM);
	}
	for (int index = 0; index < 4; index++)
		ck_assert_int_eq(sem_value(semid, index), 0);
}

static int
ask_as_nobody(void)
{
	become_nobody();
	for (int i = 0; i < HELPERS; i++)
		if (ask(i) != EACCES)
			return 1 + i;
	if (opensem(directory, 's') != -1 || errno != EACCES)
		return 10;
	if (createshm(directory, 'm', 1) != -1 || errno != EACCES)
		return 11;
	if (openshm(directory, 'm') != -1 || errno != EACCES)
		return 12;
	if (createsem(directory, 's', 4, 0) != -1 || errno != EEXIST)
		return 13;
	return sem_delete(semid) == -1 && errno == EPERM ? 0 : 14;
}

TEST_ROOT(s18_what_belongs_to_somebody_else_gives_eacces_or_eperm)
{
	open_the_way();
	expect_exit(child(ask_as_nobody), 0);
}

TEST(s18_a_value_and_an_undo_end_at_32767)
{
	semctl(semid, 0, SETVAL, 32767);
	ck_assert_int_eq(ask(SEM_V), ERANGE);
	ck_assert_int_eq(sem_pass_v(semid, 0, 1, 0), 0); /* one down, one up */
	semctl(semid, 1, SETVAL, 32767);
	expect_errno(sem_pass_v(semid, 0, 1, 2), ERANGE);
	for (int taken = 0; taken < 32767; taken++)
		ck_assert_int_eq(sem_p(semid, 1), 0);
	change_for_good(1, +1);
	expect_errno(sem_p(semid, 1), ERANGE);
	expect_errno(sem_wait_p(semid, 1, 1), ERANGE);
	for (int given = 0; given < 32768; given++) {
		ck_assert_int_eq(sem_v(semid, 3), 0);
		change_for_good(3, -1);
	}
	expect_errno(sem_v(semid, 3), ERANGE);
}

TEST(s18_sem_v_is_for_whoever_did_sem_p)
{
	expect_exit(child_of(ask, SEM_V), 0);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 0); /* undone at its end */
	semctl(semid, 0, SETVAL, 1);
	expect_exit(child(take_and_give), 0);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 1);
}

TEST(s18_sem_end_v_tells_the_last_writers_end_from_anothers)
{
	const int set = createsem(directory, 'x', MEMBERS, 0);
	ck_assert_int_eq(sem_end_v(set), 1); /* no writer is joined */
	ck_assert_int_eq(sem_value(set, GUARD), 1);
	semctl(set, WRITERS, SETVAL, 1);
	expect_errno(sem_end_v(set), EAGAIN); /* no news to take, no wait */
	semctl(set, NEWS, SETVAL, 1);
	ck_assert_int_eq(sem_end_v(set), 0);
	ck_assert_int_eq(sem_value(set, NEWS), 0);
	ck_assert_int_eq(sem_value(set, GUARD), 2);
	sem_delete(set);
	expect_errno(sem_end_v(set), EIDRM);
}

TEST(s18_createshm_makes_a_segment_of_the_size_and_mode_0600)
{
	int other = createshm(directory, 'x', 1000), kept = shmid;
	shmid = other;
	ck_assert_uint_eq(stat_segment().shm_segsz, 1000);
	ck_assert_int_eq(stat_segment().shm_perm.mode & 0777, 0600);
	shmctl(other, IPC_RMID, NULL);
	shmid = kept;
}

/* See proc(5): with 1 the kernel promises memory that it does not have. */
static bool
promises_any_memory(void)
{
	FILE *file = fopen("/proc/sys/vm/overcommit_memory", "r");
	const int setting = fgetc(file);
	fclose(file);
	return setting == '1';
}

TEST(s18_createshm_refuses_a_bad_size_and_finds_what_is_there)
{
	expect_errno(createshm(directory, 'x', 0), EINVAL);
	expect_errno(createshm(directory, 'x', SIZE_MAX), EINVAL);
	if (!promises_any_memory()) {
		expect_errno(createshm(directory, 'x', SIZE_MAX / 4), ENOMEM);
	}
	expect_errno(openshm(directory, 'x'), ENOENT);
	expect_errno(createshm(directory, 'm', SHM_SIZE + 1), EINVAL);
	ck_assert_int_eq(createshm(directory, 'm', 0), shmid);
}

static bool guarded;

/* Go in, say so in words[me], and stay there until told to come out. */
static int
go_in(int me)
{
	if (guarded)
		sem_p(semid, 2);
	notes->words[me] = 1;
	hear(me);
	notes->words[me] = 0;
	if (guarded)
		sem_v(semid, 2);
	return 0;
}

/* 19.  Paper 5: while one reads no other writes, and the other way round. */
TEST_LOOP(s19_while_one_reads_or_writes_the_other_stays_outside, 2)
{
	const int first = _i, second = 1 - _i;
	for (int round = 0; round < 2; round++) {
		guarded = round == 1;
		semctl(semid, 2, SETVAL, 1);
		pid_t in = child_of(go_in, first);
		eventually(notes->words[first] == 1);
		pid_t comes = child_of(go_in, second);
		if (guarded) {
			eventually(sleep_for_more(2) == 1);
			ck_assert_int_eq(notes->words[second], 0);
		} else /* both are inside together */
			eventually(notes->words[second] == 1);
		ck_assert_int_eq(notes->words[first], 1);
		say(first);
		expect_exit(in, 0);
		eventually(notes->words[second] == 1);
		say(second);
		expect_exit(comes, 0);
	}
}

static int
die_inside(void)
{
	sem_p(semid, 0);
	raise(SIGKILL);
	return 1;
}

static int
die_inside_without_undo(void)
{
	struct sembuf take = {0, -1, 0};
	semop(semid, &take, 1);
	raise(SIGKILL);
	return 1;
}

/* 20.  What the paper's sem_p lacks: SEM_UNDO. */
TEST(s20_a_process_killed_inside_does_not_lock_the_others_out)
{
	semctl(semid, 0, SETVAL, 1);
	expect_signal(child(die_inside), SIGKILL);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 1);
	expect_signal(child(die_inside_without_undo), SIGKILL);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 0); /* locked for ever */
}
