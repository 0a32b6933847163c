/*
 * check_chapter.c - every statement of the documents, in their order, each a
 * test named after it.  First the chapter's, sections 5.1.1 to 5.1.3, then the
 * paper's, sections 1 to 5; last, how the paper's programs go wrong and what
 * ours do instead.
 */
#define _GNU_SOURCE

#include "support.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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
	notes = shm_attach(shmid, 0);
	ck_assert_ptr_nonnull(notes);
}

static void
remove_notes(void)
{
	shm_delete(shmid);
	sem_delete(semid);
	expect_nothing_left();
}

static struct shmid_ds
status(void)
{
	struct shmid_ds status;
	ck_assert_int_eq(shm_status(shmid, &status), 0);
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
tell(int index)
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

/* ---- The chapter, 5.1.1 Fast Local Communication ---- */

/* An unrelated process inherits nothing: it finds the segment by its key. */
static int
answer_at_another_address(void)
{
	struct notes *inherited = notes;
	void *elsewhere = mmap(NULL, (size_t)SHMLBA, PROT_NONE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(elsewhere, (size_t)SHMLBA);
	notes = shmat(openshm(directory, 'm'), elsewhere, 0);
	shm_detach(inherited);
	if (notes == inherited || notes == (void *)-1)
		return 1;
	hear(0);
	if (notes->words[0] != 42)
		return 2;
	notes->words[1] = 43;
	tell(1);
	return 0;
}

/* 1.  5.1.1: "when one process changes the memory, all the others see it". */
START_TEST(s01_processes_see_each_others_changes_at_once_at_different_addresses)
{
	pid_t other = child(answer_at_another_address);
	notes->words[0] = 42;
	tell(0);
	hear(1);
	ck_assert_int_eq(notes->words[1], 43);
	ck_assert_int_eq(exit_status(other), 0);
}
END_TEST

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
START_TEST(s02_access_needs_no_system_call)
{
	pid_t other = child(answer_without_system_calls);
	eventually(notes->words[0] == 1);
	notes->words[1] = 7;
	eventually(notes->words[2] == 8);
	ck_assert_int_eq(exit_status(other), 0);
}
END_TEST

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

/* 3.  5.1.1: "avoids copying data unnecessarily", 5.1.2: the same page. */
START_TEST(s03_both_see_the_same_physical_page_and_no_copy)
{
	uint64_t pages[2];
	own[32768] = 1;
	ck_assert_int_eq(exit_status(child(note_physical_pages)), 0);
	memcpy(pages, (void *)&notes->words[1], sizeof(pages));
	ck_assert_uint_ne(pages[0], 0);
	ck_assert_uint_eq(physical_page(notes), pages[0]);
	ck_assert_uint_ne(physical_page(own + 32768), pages[1]);
}
END_TEST

/* One more, in two steps as a processor does it, with the other in between. */
static int
add_unguarded(void)
{
	int read = notes->words[0];
	tell(0); /* I have read ... */
	hear(1); /* ... and wait until the other has written */
	notes->words[0] = read + 1;
	return 0;
}

enum { ADDITIONS = 5000 };

static int
add_guarded(void)
{
	for (int i = 0; i < ADDITIONS; i++) {
		sem_p(semid, 2);
		int read = notes->words[0];
		sched_yield();
		notes->words[0] = read + 1;
		sem_v(semid, 2);
	}
	return 0;
}

/* 4.  5.1.1: "the kernel does not synchronize accesses". */
START_TEST(s04_unguarded_additions_get_lost_between_sem_p_and_sem_v_none_does)
{
	pid_t other = child(add_unguarded);
	hear(0);
	notes->words[0] = notes->words[0] + 1;
	tell(1);
	ck_assert_int_eq(exit_status(other), 0);
	ck_assert_int_eq(notes->words[0], 1); /* two additions, one is lost */

	notes->words[0] = 0;
	ck_assert_int_eq(semctl(semid, 2, SETVAL, 1), 0);
	pid_t others[] = {child(add_guarded), child(add_guarded)};
	ck_assert_int_eq(exit_status(others[0]), 0);
	ck_assert_int_eq(exit_status(others[1]), 0);
	ck_assert_int_eq(notes->words[0], 2 * ADDITIONS);
}
END_TEST

/* ---- The chapter, 5.1.2 The Memory Model ---- */

static int
attach_and_detach(void)
{
	void *mine = shm_attach(openshm(directory, 'm'), 0);
	bool there = strstr(mapping(mine), "SYSV") != NULL;
	if (!there || shm_detach(mine) == -1)
		return 1;
	return strstr(mapping(mine), "SYSV") == NULL ? 0 : 2;
}

/* 5.  5.1.2: allocate, attach, detach, deallocate; "mapping entries". */
START_TEST(s05_one_allocates_each_attaches_and_detaches_one_deallocates)
{
	struct shmid_ds gone;
	ck_assert_ptr_nonnull(strstr(mapping(notes), "SYSV"));
	ck_assert_int_eq(exit_status(child(attach_and_detach)), 0);
	ck_assert_int_eq(shm_detach(notes), 0);
	ck_assert_str_eq(mapping(notes), "");
	ck_assert_int_eq(shm_delete(shmid), 0);
	ck_assert_int_eq(shm_status(shmid, &gone), -1);
	ck_assert(errno == EINVAL || errno == EIDRM);
}
END_TEST

/* 6.  5.1.2: "allocating an existing segment does not create new pages". */
START_TEST(s06_allocating_an_existing_segment_returns_its_identifier)
{
	notes->words[0] = 6;
	ck_assert_int_eq(createshm(directory, 'm', SHM_SIZE), shmid);
	ck_assert_int_eq(openshm(directory, 'm'), shmid);
	struct notes *again = shm_attach(shmid, 0);
	ck_assert_ptr_ne(again, notes);
	ck_assert_int_eq(again->words[0], 6);
	ck_assert_int_eq(shm_detach(again), 0);
}
END_TEST

/* 7.  5.1.2: "integral multiples of the system's page size", getpagesize. */
START_TEST(s07_a_segment_of_256_bytes_is_a_whole_page)
{
	uintptr_t first, after;
	ck_assert_uint_eq(status().shm_segsz, 256);
	sscanf(mapping(notes), "%lx-%lx", &first, &after);
	ck_assert_uint_eq(after - first, (size_t)getpagesize());
	char *last = (char *)notes + getpagesize() - 1;
	*last = 'x';
	ck_assert_int_eq(*last, 'x');
}
END_TEST

/* ---- The chapter, 5.1.3 Allocation ---- */

/* 8.  5.1.3: "unrelated processes can access the same segment by ... key". */
START_TEST(s08_processes_meet_by_the_same_key)
{
	key_t key = ftok(directory, 'm');
	ck_assert_int_eq(shmget(key, 0, 0), shmid);
#ifdef __GLIBC__
	ck_assert_int_eq(status().shm_perm.__key, key);
#endif
}
END_TEST

START_TEST(s08_ipc_private_always_makes_a_new_segment)
{
	int one = shmget(IPC_PRIVATE, SHM_SIZE, 0600);
	int two = shmget(IPC_PRIVATE, SHM_SIZE, 0600);
	ck_assert(one != -1 && two != -1 && one != two);
	shm_delete(one);
	shm_delete(two);
}
END_TEST

/* "Other processes may have also chosen the same fixed key": ours refuse. */
START_TEST(s08_fixed_keys_collide_and_the_programs_refuse_what_is_not_theirs)
{
	shm_delete(shmid);
	sem_delete(semid);
	int foreign = createshm(directory, 'm', 4096);
	ck_assert_int_eq(exit_status(start_reader("out")), 1);
	ck_assert(file_has("reader.err", "not one of ours"));
	shmid = foreign;
	ck_assert_uint_eq(status().shm_segsz, 4096); /* still there */
}
END_TEST

/* 9.  5.1.3: the flags IPC_CREAT and IPC_EXCL; paper 2: flag 0. */
START_TEST(s09_ipc_creat_ipc_excl_and_no_flag)
{
	key_t key = ftok(directory, 'm');
	ck_assert_int_eq(shmget(key, 256, IPC_CREAT | IPC_EXCL | 0600), -1);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(shmget(key, 256, IPC_CREAT | 0600), shmid);
	ck_assert_int_eq(shmget(key, 257, IPC_CREAT | 0600), -1);
	ck_assert_int_eq(errno, EINVAL); /* it is smaller */
	ck_assert_int_eq(shmget(key, 0, 0), shmid);
	shm_delete(shmid);
	ck_assert_int_eq(shmget(key, 0, 0), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(openshm(directory, 'm'), -1);
	ck_assert_int_eq(errno, ENOENT);
	shmid = shmget(key, 256, IPC_CREAT | IPC_EXCL | 0600);
	ck_assert_int_ne(shmid, -1);
}
END_TEST

/* A segment with this mode; what it answers another user's attach. */
static int flag;

static int
attach_as_another_user(void)
{
	if (setgid(NOBODY) == -1 || setuid(NOBODY) == -1)
		return -1;
	return shmat(shmid, NULL, flag) == (void *)-1 ? errno : 0;
}

/* 10.  5.1.3: "9 bits indicating permissions ... Execution bits are ignored" */
START_TEST(s10_the_nine_mode_bits_let_others_in_and_execution_bits_do_not)
{
	static const struct {
		int mode, flag, answer;
	} cases[] = {
	    {S_IRUSR | S_IWUSR, 0, EACCES},
	    {S_IRUSR | S_IWUSR, SHM_RDONLY, EACCES},
	    {0600 | S_IROTH, SHM_RDONLY, 0},
	    {0600 | S_IROTH, 0, EACCES},
	    {0600 | S_IROTH | S_IWOTH, 0, 0},
	    {0711, SHM_RDONLY, EACCES}, /* execution bits mean nothing */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct shmid_ds change = status();
		change.shm_perm.mode = (unsigned short)cases[i].mode;
		ck_assert_int_eq(shmctl(shmid, IPC_SET, &change), 0);
		flag = cases[i].flag;
		ck_assert_int_eq(exit_status(child(attach_as_another_user)),
				 cases[i].answer);
	}
}
END_TEST

START_TEST(s10_the_nine_mode_bits_are_kept_and_ours_are_0600)
{
	ck_assert_int_eq(status().shm_perm.mode & 0777, S_IRUSR | S_IWUSR);
	int other = shmget(IPC_PRIVATE, 1, 0751);
	struct shmid_ds it;
	ck_assert_int_eq(shm_status(other, &it), 0);
	ck_assert_int_eq(it.shm_perm.mode & 0777, 0751);
	shm_delete(other);
}
END_TEST

static int
find_as_another_user(void)
{
	if (setgid(NOBODY) == -1 || setuid(NOBODY) == -1)
		return -1;
	return openshm(directory, 'm') == -1 ? errno : 0;
}

/* 11.  5.1.3: "the access permissions are verified and a check is made". */
START_TEST(s11_the_permissions_of_an_existing_segment_are_verified)
{
	chmod(directory, 0755);
	char parent[64];
	snprintf(parent, sizeof(parent), "%s/..", directory);
	chmod(parent, 0755);
	ck_assert_int_eq(exit_status(child(find_as_another_user)), EACCES);
}
END_TEST

START_TEST(s11_a_segment_marked_for_destruction_is_not_found_any_more)
{
	ck_assert_int_eq(shm_delete(shmid), 0);
	ck_assert_int_ne(status().shm_perm.mode & SHM_DEST, 0);
	ck_assert_int_eq(openshm(directory, 'm'), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(shm_detach(notes), 0);
}
END_TEST

/* ---- The paper, 1 The kernel's structure ---- */

static int
attach_once(void)
{
	return shm_attach(shmid, 0) == NULL;
}

/* 12.  Paper 1: the fields of struct shmid_ds. */
START_TEST(s12_each_field_of_shmid_ds_tells_what_happened)
{
	time_t started = time(NULL);
	int fresh = createshm(directory, 'f', 100), kept = shmid;
	shmid = fresh;
	struct shmid_ds it = status();
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

	void *address = shm_attach(shmid, 0);
	it = status();
	ck_assert_int_ge(it.shm_atime, started);
	ck_assert_int_eq(it.shm_lpid, getpid());
	ck_assert_uint_eq(it.shm_nattch, 1);

	pid_t other = child(attach_once);
	ck_assert_int_eq(exit_status(other), 0);
	it = status();
	ck_assert_int_ge(it.shm_dtime, started);
	ck_assert_int_eq(it.shm_lpid, other); /* its end detached it */
	ck_assert_int_eq(it.shm_cpid, getpid());

	ck_assert_int_eq(shm_detach(address), 0);
	it = status();
	ck_assert_uint_eq(it.shm_nattch, 0);
	ck_assert_int_eq(it.shm_lpid, getpid());
	shm_delete(fresh);
	shmid = kept;
}
END_TEST

/* ---- The paper, 3 Operations ---- */

/* 13.  Paper 3: shmat's address and flags. */
START_TEST(s13_shmat_takes_an_address_on_a_boundary_or_rounds_it_down)
{
	char *chosen = shm_attach(shmid, 0); /* NULL: the kernel chooses */
	ck_assert_ptr_nonnull(chosen);
	ck_assert_uint_eq((uintptr_t)chosen % (uintptr_t)SHMLBA, 0);
	ck_assert_int_eq(shm_detach(chosen), 0);

	ck_assert_ptr_eq(shmat(shmid, chosen, 0), chosen);
	ck_assert_int_eq(shm_detach(chosen), 0);
	ck_assert_ptr_eq(shmat(shmid, chosen + 5, 0), (void *)-1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_eq(shmat(shmid, chosen + 5, SHM_RND), chosen);
	ck_assert_int_eq(shm_detach(chosen), 0);
}
END_TEST

static int
write_to_what_is_read_only(void)
{
	signal(SIGSEGV, SIG_DFL); /* sanitizers catch it */
	struct notes *mine = shm_attach(shmid, SHM_RDONLY);
	if (mine->words[0] != 13)
		return 1;
	mine->words[0] = 14;
	return 2;
}

START_TEST(s13_with_shm_rdonly_reading_works_and_writing_is_sigsegv)
{
	notes->words[0] = 13;
	ck_assert_int_eq(signal_of(child(write_to_what_is_read_only)), SIGSEGV);
	ck_assert_int_eq(notes->words[0], 13);
}
END_TEST

START_TEST(s13_our_reader_attaches_read_only_and_our_writer_to_write)
{
	char path[64];
	shm_delete(shmid);
	sem_delete(semid);
	shm_detach(notes);
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
	ck_assert_int_eq(exit_status(pids[1]), 0);
	ck_assert_int_eq(exit_status(pids[0]), 0);
}
END_TEST

/* 14.  Paper 3: shmdt returns 0, or -1; "nattch is one less". */
START_TEST(s14_shmdt_detaches_and_the_segment_is_still_there)
{
	notes->words[0] = 14;
	ck_assert_uint_eq(status().shm_nattch, 1);
	ck_assert_int_eq(shm_detach(notes), 0);
	ck_assert_uint_eq(status().shm_nattch, 0);
	ck_assert_int_eq(shm_detach(notes), -1);
	ck_assert_int_eq(errno, EINVAL);
	notes = shm_attach(shmid, 0);
	ck_assert_int_eq(notes->words[0], 14);
}
END_TEST

/*
 * 15.  Paper 3: "only when nattch is 0 is the segment deleted".  Imprecise: it
 * must be marked with IPC_RMID too; nattch 0 alone deletes nothing (see 14).
 */
START_TEST(s15_the_segment_goes_when_it_is_marked_and_nobody_is_attached)
{
	struct notes *again = shm_attach(shmid, 0);
	struct shmid_ds gone;
	ck_assert_int_eq(shm_delete(shmid), 0);
	ck_assert_int_eq(shm_detach(again), 0);
	notes->words[0] = 15; /* those attached go on using it */
	ck_assert_int_eq(notes->words[0], 15);
	ck_assert_uint_eq(status().shm_nattch, 1);
	ck_assert_int_eq(shm_detach(notes), 0);
	ck_assert_int_eq(shm_status(shmid, &gone), -1);
}
END_TEST

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
START_TEST(s16_fork_inherits_the_attachment_and_an_end_detaches)
{
	notes->words[0] = 16;
	pid_t other = child(wait_for_the_end);
	ck_assert_uint_eq(status().shm_nattch, 2);
	tell(0);
	ck_assert_int_eq(exit_status(other), 0);
	ck_assert_uint_eq(status().shm_nattch, 1);

	other = child(wait_for_the_end);
	kill(other, SIGKILL);
	ck_assert_int_eq(signal_of(other), SIGKILL);
	ck_assert_uint_eq(status().shm_nattch, 1);
}
END_TEST

START_TEST(s16_exec_detaches)
{
	ck_assert_int_eq(pipe(pipe_ends), 0);
	pid_t other = child(become_cat);
	close(pipe_ends[0]);
	eventually(status().shm_nattch == 1);
	ck_assert_int_eq(waitpid(other, NULL, WNOHANG), 0); /* it lives */
	close(pipe_ends[1]);
	ck_assert_int_eq(exit_status(other), 0);
}
END_TEST

/* ---- The paper, 4 Control ---- */

/* 17.  Paper 4: IPC_STAT, IPC_SET, IPC_RMID. */
START_TEST(s17_ipc_set_changes_the_mode_and_moves_the_time)
{
	struct shmid_ds before = status();
	eventually(time(NULL) > before.shm_ctime);
	struct shmid_ds change = before;
	change.shm_perm.mode = 0640;
	ck_assert_int_eq(shmctl(shmid, IPC_SET, &change), 0);
	ck_assert_int_eq(status().shm_perm.mode & 0777, 0640);
	ck_assert_int_gt(status().shm_ctime, before.shm_ctime);
	ck_assert_int_eq(status().shm_atime, before.shm_atime);
}
END_TEST

START_TEST(s17_ipc_rmid_removes)
{
	struct shmid_ds gone;
	ck_assert_int_eq(shm_detach(notes), 0);
	ck_assert_int_eq(shm_delete(shmid), 0);
	ck_assert_int_eq(shm_status(shmid, &gone), -1);
	ck_assert_int_eq(shm_delete(shmid), -1);
	ck_assert(errno == EINVAL || errno == EIDRM);
	ck_assert_ptr_null(shm_attach(shmid, 0));
}
END_TEST

/* ---- The paper, 5 The helpers of sharemem.h ---- */

/* 18.  Paper 5: each helper by its use. */
START_TEST(s18_createsem_makes_members_each_with_the_initial_value)
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
}
END_TEST

START_TEST(s18_a_second_createsem_fails_and_leaves_the_values_alone)
{
	ck_assert_int_eq(createsem(directory, 's', 4, 1), -1);
	ck_assert_int_eq(errno, EEXIST);
	for (int index = 0; index < 4; index++)
		ck_assert_int_eq(semctl(semid, index, GETVAL), 0);
}
END_TEST

START_TEST(s18_createsem_answers_bad_arguments_and_leaves_nothing)
{
	ck_assert_int_eq(createsem("/nowhere", 's', 1, 1), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(createsem(directory, 'x', 0, 1), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(createsem(directory, 'x', 1, 32768), -1);
	ck_assert_int_eq(errno, ERANGE);
	ck_assert_int_eq(opensem(directory, 'x'), -1);
}
END_TEST

START_TEST(s18_opensem_finds_the_set_and_never_makes_one)
{
	ck_assert_int_eq(opensem(directory, 's'), semid);
	ck_assert_int_eq(opensem(directory, 'x'), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(opensem("/nowhere", 's'), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

static int
take_and_give(void)
{
	if (sem_p(semid, 0) == -1)
		return 1;
	notes->words[0]++;
	return sem_v(semid, 0) == -1 ? 2 : 0;
}

START_TEST(s18_sem_p_waits_and_takes_sem_v_gives_back)
{
	pid_t other = child(take_and_give);
	eventually(sleep_for_more(0) == 1);
	expect_asleep(other);
	ck_assert_int_eq(notes->words[0], 0);
	ck_assert_int_eq(semctl(semid, 0, SETVAL, 1), 0);
	ck_assert_int_eq(exit_status(other), 0);
	ck_assert_int_eq(notes->words[0], 1);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 1);
	ck_assert_int_eq(sem_p(semid, 0), 0);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 0);
}
END_TEST

static int
wait_only(void)
{
	return sem_wait(semid, 0) == 0 ? 0 : errno;
}

START_TEST(s18_sem_wait_sleeps_until_the_semaphore_is_free_and_takes_nothing)
{
	pid_t other = child(wait_only);
	eventually(sleep_for_more(0) == 1);
	expect_asleep(other);
	ck_assert_int_eq(semctl(semid, 0, SETVAL, 1), 0);
	ck_assert_int_eq(exit_status(other), 0);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 1);
	ck_assert_int_eq(sem_wait(semid, 0), 0);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 1);
}
END_TEST

/* <semaphore.h> has a sem_wait, too: the C library must not get ours. */
START_TEST(s18_our_sem_wait_does_not_replace_the_librarys)
{
	void *found = dlsym(RTLD_DEFAULT, "sem_wait");
	ck_assert(found != (void *)(uintptr_t)sem_wait);
}
END_TEST

START_TEST(s18_sem_delete_removes_the_set_and_wakes_who_waits)
{
	pid_t other = child(wait_only);
	eventually(sleep_for_more(0) == 1);
	ck_assert_int_eq(sem_delete(semid), 0);
	ck_assert_int_eq(exit_status(other), EIDRM);
	ck_assert_int_eq(opensem(directory, 's'), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(sem_delete(semid), -1);
	ck_assert_int_eq(sem_p(semid, 0), -1);
	ck_assert_int_eq(sem_v(semid, 0), -1);
}
END_TEST

START_TEST(s18_createshm_makes_a_segment_of_the_size_and_mode_0600)
{
	int other = createshm(directory, 'x', 1000), kept = shmid;
	shmid = other;
	ck_assert_uint_eq(status().shm_segsz, 1000);
	ck_assert_int_eq(status().shm_perm.mode & 0777, 0600);
	shm_delete(other);
	shmid = kept;
	ck_assert_int_eq(createshm(directory, 'x', 0), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(createshm("/nowhere", 'x', 1), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(openshm("/nowhere", 'x'), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

/* Look for the other inside, and be there long enough to be found. */
static bool
meets(int me, int other, int looks)
{
	bool met = false;
	notes->words[me] = 1;
	for (int look = 0; look < looks && !met; look++) {
		met = notes->words[other] == 1;
		sched_yield();
	}
	if (!met || looks < 1000)
		notes->words[me] = 0;
	return met;
}

static bool guarded;

static int
go_in_often(int me, int other)
{
	int met = 0;
	for (int turn = 0; turn < 2000; turn++) {
		sem_p(semid, 2);
		met += meets(me, other, 3);
		sem_v(semid, 2);
	}
	return met > 0;
}

static int
go_in_as_reader(void)
{
	return guarded ? go_in_often(0, 1) : meets(0, 1, 100000000);
}

static int
go_in_as_writer(void)
{
	return guarded ? go_in_often(1, 0) : meets(1, 0, 100000000);
}

/* 19.  Paper 5: while one reads no other writes, and the other way round. */
START_TEST(s19_while_one_reads_no_other_writes_and_while_one_writes_none_reads)
{
	for (int round = 0; round < 2; round++) {
		guarded = round == 1;
		notes->words[0] = notes->words[1] = 0;
		semctl(semid, 2, SETVAL, 1);
		pid_t reader = child(go_in_as_reader);
		pid_t writer = child(go_in_as_writer);
		/* Unguarded they are caught inside together, guarded never. */
		ck_assert_int_eq(exit_status(reader), !guarded);
		ck_assert_int_eq(exit_status(writer), !guarded);
	}
}
END_TEST

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
START_TEST(s20_a_process_killed_inside_does_not_lock_the_others_out)
{
	semctl(semid, 0, SETVAL, 1);
	ck_assert_int_eq(signal_of(child(die_inside)), SIGKILL);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 1);
	ck_assert_int_eq(signal_of(child(die_inside_without_undo)), SIGKILL);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 0); /* locked for ever */
}
END_TEST

/* ---- How the paper's programs go wrong, beside ours ---- */

/* The mechanism of the paper's sem_wait: look, and look away. */
static bool
looks_free(int index)
{
	return semctl(semid, index, GETVAL) > 0;
}

/* The mechanism of its sem_p and sem_v: go on, whatever the answer is. */
static int
add_without_waiting(int index, short change)
{
	struct sembuf ops = {(unsigned short)index, change, IPC_NOWAIT};
	return semop(semid, &ops, 1);
}

START_TEST(wrong_wait_then_take_lets_two_in)
{
	semctl(semid, 0, SETVAL, 1);
	bool first = looks_free(0), second = looks_free(0);
	ck_assert(first && second); /* both go on, and nobody is warned */

	/* Ours waits and takes in one step: the second sleeps. */
	ck_assert_int_eq(sem_p(semid, 0), 0);
	pid_t other = child(take_and_give);
	eventually(sleep_for_more(0) == 1);
	ck_assert_int_eq(notes->words[0], 0);
	ck_assert_int_eq(sem_v(semid, 0), 0);
	ck_assert_int_eq(exit_status(other), 0);
}
END_TEST

START_TEST(wrong_ipc_nowait_goes_in_anyway_and_raises_the_value_to_2)
{
	semctl(semid, 0, SETVAL, 1);
	ck_assert_int_eq(add_without_waiting(0, -1), 0);
	ck_assert_int_eq(add_without_waiting(0, -1), -1);
	ck_assert_int_eq(errno, EAGAIN); /* taken; but on it goes */
	add_without_waiting(0, +1);
	add_without_waiting(0, +1);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 2);

	/* Ours sleeps instead, so that there is one sem_v for one sem_p. */
	semctl(semid, 0, SETVAL, 0);
	pid_t other = child(take_and_give);
	eventually(sleep_for_more(0) == 1);
	semctl(semid, 0, SETVAL, 1);
	ck_assert_int_eq(exit_status(other), 0);
	ck_assert_int_eq(semctl(semid, 0, GETVAL), 1);
}
END_TEST

START_TEST(wrong_a_second_initialisation_frees_a_taken_guard)
{
	semctl(semid, 0, SETVAL, 1);
	sem_p(semid, 0);
	/* The paper's createsem: the set exists, and is set all the same. */
	int again = semget(ftok(directory, 's'), 4, IPC_CREAT | 0600);
	semctl(again, 0, SETVAL, 1);
	ck_assert(looks_free(0));

	semctl(semid, 0, SETVAL, 0);
	ck_assert_int_eq(createsem(directory, 's', 4, 1), -1);
	ck_assert(!looks_free(0));
}
END_TEST

/* Two processes of ours on a channel in this directory. */
static struct channel
joined(enum role role)
{
	struct channel channel = {
	    .role = role, .path = directory, .semid = -1, .shmid = -1};
	if (join(&channel) == -1)
		abort();
	return channel;
}

static void
put(struct channel *channel, const char *text)
{
	channel->shmaddr->length = (uint32_t)strlen(text);
	memcpy(channel->shmaddr->text, text, strlen(text));
}

static int
write_one_and_two(void)
{
	struct channel channel = joined(WRITER);
	if (begin_write(&channel) == -1)
		return 1;
	put(&channel, "one");
	end_write(&channel);
	if (begin_write(&channel) == -1)
		return 2;
	put(&channel, "two");
	end_write(&channel);
	leave(&channel);
	return 0;
}

static void
give_up_notes(void)
{
	shm_detach(notes);
	shm_delete(shmid);
	sem_delete(semid);
}

START_TEST(wrong_a_text_is_overwritten_before_it_was_read)
{
	char *segment = (char *)notes;
	semctl(semid, 0, SETVAL, 1);
	for (int turn = 0; turn < 2; turn++) { /* nothing holds it back */
		ck_assert(looks_free(0));
		add_without_waiting(0, -1);
		strcpy(segment, turn == 0 ? "one" : "two");
		add_without_waiting(0, +1);
	}
	ck_assert_str_eq(segment, "two"); /* "one" was never printed */

	give_up_notes();
	pid_t writer = child(write_one_and_two);
	eventually(semaphore_set() != -1 && sleep_for_zero(UNREAD) == 1);
	struct channel reader = joined(READER);
	ck_assert_int_eq(begin_read(&reader), 3);
	ck_assert_int_eq(memcmp(reader.shmaddr->text, "one", 3), 0);
	end_read(&reader);
	ck_assert_int_eq(begin_read(&reader), 3);
	ck_assert_int_eq(memcmp(reader.shmaddr->text, "two", 3), 0);
	end_read(&reader);
	ck_assert_int_eq(begin_read(&reader), 0);
	leave(&reader);
	ck_assert_int_eq(exit_status(writer), 0);
}
END_TEST

static int
read_twice(void)
{
	struct channel channel = joined(READER);
	while (begin_read(&channel) > 0) {
		write_file("seen", "", 0);
		end_read(&channel);
	}
	leave(&channel);
	return 0;
}

START_TEST(wrong_a_text_is_printed_twice)
{
	int printed = 0;
	semctl(semid, 0, SETVAL, 1);
	strcpy((char *)notes, "once");
	for (int turn = 0; turn < 2; turn++) {
		ck_assert(looks_free(0));
		add_without_waiting(0, -1);
		printed += strcmp((char *)notes, "once") == 0;
		add_without_waiting(0, +1);
	}
	ck_assert_int_eq(printed, 2);

	/* After its one text our reader sleeps, as long as the writer lives. */
	give_up_notes();
	struct channel writer = joined(WRITER);
	ck_assert_int_eq(begin_write(&writer), 0);
	put(&writer, "once");
	end_write(&writer);
	pid_t reader = child(read_twice);
	eventually(semaphore(UNREAD) == 0 && sleep_for_more(NEWS) == 1);
	expect_asleep(reader);
	kill(reader, SIGKILL);
	await(reader);
	leave(&writer);
}
END_TEST

START_TEST(wrong_end_of_input_writes_the_last_line_for_ever)
{
	char line[256] = "";
	FILE *input = fmemopen((char[]){"last\n"}, 5, "r");
	for (int turn = 0; turn < 10; turn++)
		(void)!fgets(line, sizeof(line), input); /* unchecked */
	ck_assert_str_eq(line, "last\n"); /* still, nine turns too late */
	fclose(input);

	give_up_notes();
	write_file("in", "last\n", 5);
	ck_assert_int_eq(exit_status(start_writer("in")), 0);
	ck_assert_int_eq(exit_status(start_reader("out")), 0);
	ck_assert_same_file("in", "out");
}
END_TEST

START_TEST(wrong_a_line_without_a_newline_loses_its_last_character)
{
	char line[256] = "", *cut = line;
	FILE *input = fmemopen((char[]){"abc"}, 3, "r");
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), input));
	cut[strlen(cut) - 1] = '\0'; /* whatever it is */
	ck_assert_str_eq(line, "ab");
	fclose(input);

	give_up_notes();
	write_file("in", "abc", 3);
	ck_assert_int_eq(exit_status(start_writer("in")), 0);
	ck_assert_int_eq(exit_status(start_reader("out")), 0);
	ck_assert_same_file("in", "out");
}
END_TEST

static TCase *
add_notes_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);
	tcase_add_checked_fixture(tcase, attach_notes, remove_notes);
	tcase_set_timeout(tcase, 6 * DEADLINE);
	suite_add_tcase(suite, tcase);
	return tcase;
}

/* valgrind makes system calls of its own, and answers shmat(2) itself. */
#define add_unless_valgrind(tcase, test)                                       \
	do {                                                                   \
		const char *preload = getenv("LD_PRELOAD");                    \
		if (preload == NULL || strstr(preload, "vgpreload") == NULL)   \
			tcase_add_test(tcase, test);                           \
		else                                                           \
			printf("skipped, under valgrind: %s\n", #test);        \
	} while (0)

Suite *
chapter_suite(void)
{
	Suite *suite = suite_create("The documents");
	TCase *tcase;

	tcase = add_notes_case(suite,
			       "The chapter, 5.1.1 Fast Local Communication");
	tcase_add_test(
	    tcase,
	    s01_processes_see_each_others_changes_at_once_at_different_addresses);
	add_unless_valgrind(tcase, s02_access_needs_no_system_call);
	add_root_test(tcase, s03_both_see_the_same_physical_page_and_no_copy);
	tcase_add_test(
	    tcase,
	    s04_unguarded_additions_get_lost_between_sem_p_and_sem_v_none_does);

	tcase = add_notes_case(suite, "The chapter, 5.1.2 The Memory Model");
	tcase_add_test(
	    tcase,
	    s05_one_allocates_each_attaches_and_detaches_one_deallocates);
	tcase_add_test(
	    tcase, s06_allocating_an_existing_segment_returns_its_identifier);
	tcase_add_test(tcase, s07_a_segment_of_256_bytes_is_a_whole_page);

	tcase = add_notes_case(suite, "The chapter, 5.1.3 Allocation");
	tcase_add_test(tcase, s08_processes_meet_by_the_same_key);
	tcase_add_test(tcase, s08_ipc_private_always_makes_a_new_segment);
	tcase_add_test(
	    tcase,
	    s08_fixed_keys_collide_and_the_programs_refuse_what_is_not_theirs);
	tcase_add_test(tcase, s09_ipc_creat_ipc_excl_and_no_flag);
	if (geteuid() != 0)
		printf("skipped, needs root: s10_the_nine_mode_bits_let_"
		       "others_in_and_execution_bits_do_not\n");
	else
		add_unless_valgrind(
		    tcase,
		    s10_the_nine_mode_bits_let_others_in_and_execution_bits_do_not);
	tcase_add_test(tcase,
		       s10_the_nine_mode_bits_are_kept_and_ours_are_0600);
	add_root_test(tcase,
		      s11_the_permissions_of_an_existing_segment_are_verified);
	tcase_add_test(
	    tcase, s11_a_segment_marked_for_destruction_is_not_found_any_more);

	tcase = add_notes_case(suite, "The paper, 1 The kernel's structure");
	tcase_add_test(tcase, s12_each_field_of_shmid_ds_tells_what_happened);

	tcase = add_notes_case(suite, "The paper, 3 Operations");
	tcase_add_test(
	    tcase, s13_shmat_takes_an_address_on_a_boundary_or_rounds_it_down);
	tcase_add_test(
	    tcase, s13_with_shm_rdonly_reading_works_and_writing_is_sigsegv);
	tcase_add_test(
	    tcase, s13_our_reader_attaches_read_only_and_our_writer_to_write);
	tcase_add_test(tcase,
		       s14_shmdt_detaches_and_the_segment_is_still_there);
	tcase_add_test(
	    tcase,
	    s15_the_segment_goes_when_it_is_marked_and_nobody_is_attached);
	tcase_add_test(tcase,
		       s16_fork_inherits_the_attachment_and_an_end_detaches);
	tcase_add_test(tcase, s16_exec_detaches);

	tcase = add_notes_case(suite, "The paper, 4 Control");
	tcase_add_test(tcase, s17_ipc_set_changes_the_mode_and_moves_the_time);
	tcase_add_test(tcase, s17_ipc_rmid_removes);

	tcase = add_notes_case(suite, "The paper, 5 The helpers of sharemem.h");
	tcase_add_test(tcase,
		       s18_createsem_makes_members_each_with_the_initial_value);
	tcase_add_test(
	    tcase, s18_a_second_createsem_fails_and_leaves_the_values_alone);
	tcase_add_test(tcase,
		       s18_createsem_answers_bad_arguments_and_leaves_nothing);
	tcase_add_test(tcase, s18_opensem_finds_the_set_and_never_makes_one);
	tcase_add_test(tcase, s18_sem_p_waits_and_takes_sem_v_gives_back);
	tcase_add_test(
	    tcase,
	    s18_sem_wait_sleeps_until_the_semaphore_is_free_and_takes_nothing);
	tcase_add_test(tcase, s18_our_sem_wait_does_not_replace_the_librarys);
	tcase_add_test(tcase,
		       s18_sem_delete_removes_the_set_and_wakes_who_waits);
	tcase_add_test(tcase,
		       s18_createshm_makes_a_segment_of_the_size_and_mode_0600);
	tcase_add_test(
	    tcase,
	    s19_while_one_reads_no_other_writes_and_while_one_writes_none_reads);
	tcase_add_test(
	    tcase, s20_a_process_killed_inside_does_not_lock_the_others_out);

	tcase = add_notes_case(
	    suite, "How the paper's programs go wrong, beside ours");
	tcase_add_test(tcase, wrong_wait_then_take_lets_two_in);
	tcase_add_test(
	    tcase, wrong_ipc_nowait_goes_in_anyway_and_raises_the_value_to_2);
	tcase_add_test(tcase,
		       wrong_a_second_initialisation_frees_a_taken_guard);
	tcase_add_test(tcase, wrong_a_text_is_overwritten_before_it_was_read);
	tcase_add_test(tcase, wrong_a_text_is_printed_twice);
	tcase_add_test(tcase, wrong_end_of_input_writes_the_last_line_for_ever);
	tcase_add_test(tcase,
		       wrong_a_line_without_a_newline_loses_its_last_character);
	return suite;
}
