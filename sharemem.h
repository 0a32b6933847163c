/*
 * sharemem.h - what writer.c and reader.c share: the segment, the semaphores
 * that guard it, and the helpers.
 *
 * Some words.  The paper and the chapter are the two documents that README
 * names.  A channel is the set and the segment of one directory.  A process is
 * inside while it holds the semaphore GUARD.  It is joined from join() until it
 * leaves or dies.  A set that has just been created is new: all is 0.  It is
 * open after open_set() has raised GUARD and EMPTY to 1.
 */
#ifndef SHAREMEM_H
#define SHAREMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/types.h>

#define SHM_SIZE  256				/* bytes in the segment */
#define TEXT_SIZE (SHM_SIZE - sizeof(uint32_t)) /* bytes of text at most */

/* The segment.  There is a length and no terminating NUL: any byte is text. */
struct segment {
	uint32_t length;      /* bytes of text; 0 if none has come */
	char text[TEXT_SIZE]; /* the text, first byte first */
};
_Static_assert(sizeof(struct segment) == SHM_SIZE, "a segment of 256 bytes");

/*
 * The five semaphores of the one set.
 *
 * One semop(2) can wait for A and B, but not for A or B.  A reader must wake up
 * for a text or for a writer's end.  So both raise NEWS, and EMPTY tells which.
 *
 * The life of a text:          GUARD EMPTY NEWS
 *	a new set                 0     0     0
 *	it is open                1     1     0
 *	a writer is inside        0     1     0
 *	a text waits              1     0     1
 *	a reader is inside        0     0     1
 *	the text is printed       1     1     0
 *	the last writer has ended 1     1     1
 *
 * In an open set EMPTY and NEWS are never both 0: a text moves one unit from
 * EMPTY to NEWS and back, and a writer's end only adds to NEWS.
 */
enum {
	GUARD,	 /* the paper's binary semaphore: 1 if nobody is inside */
	EMPTY,	 /* 1 if the segment holds nothing left to print, else 0 */
	NEWS,	 /* 1 for an unread text, plus 1 for each end to hear */
	READERS, /* how many readers are joined */
	WRITERS, /* how many writers are joined */
	MEMBERS	 /* not a semaphore: how many there are */
};

/* On Linux a program must define this union itself: see semctl(2). */
#ifdef _SEM_SEMUN_UNDEFINED
union semun {
	int val;	       /* SETVAL */
	struct semid_ds *buf;  /* IPC_STAT, IPC_SET */
	unsigned short *array; /* GETALL, SETALL */
};
#endif

/*
 * A helper that fails returns -1 with errno set, and the programs report it.
 * Each contract tells what errno can be.  Four groups are told only here:
 *
 * Any call can fail with EPERM, if a sandbox forbids it, or ENOSYS, if the
 * system does not have it.
 * A call with a pathname can also fail as stat(2) does: for example with
 * ENOENT, ENOTDIR, EACCES, ELOOP or ENAMETOOLONG.
 * A call with a semid can also fail with EIDRM, if the set does not exist (any
 * more), or EACCES, if its mode does not let this process in (root gets in).
 * A call that does a semop(2) can also fail with EFBIG, if the set has no such
 * index, ENOMEM, if the kernel has no memory, or E2BIG, if the system allows
 * fewer operations at once.
 */

/*
 * Create a set of `members' semaphores with the value `init_val'.  Only its
 * owner may use it.  An existing set is never touched.
 *
 * If init_val is 0, nothing is written: a new set is already 0, and another
 * process may be using it.  (It is 0 on Linux.  POSIX does not promise it.)
 *
 * Returns its identifier, or -1 with errno set.
 * EEXIST: there is a set under the key already.
 * EINVAL: `members' is less than 1, or more than the system allows.
 * ERANGE: init_val is not from 0 to 32767.
 * ENOSPC or ENOMEM: a limit of the system is reached.
 * EIDRM: somebody has removed the new set at once.
 * Paper 5, createsem (there without IPC_EXCL); semget(2), ftok(3).
 */
int createsem(const char *pathname, int proj_id, int members, int init_val);

/*
 * Find the set that createsem() made.  This function never creates one.
 * Returns its identifier, or -1 with errno set: ENOENT if there is no set;
 * EACCES if its mode does not let this process in.  Paper 5, opensem (there
 * with IPC_CREAT); semget(2), ftok(3).
 */
int opensem(const char *pathname, int proj_id);

/*
 * P: wait until the semaphore is positive, and lower it by 1.  If the process
 * ends before its sem_v(), the kernel raises the semaphore again (SEM_UNDO).
 *
 * Returns 0, or -1 with errno set.
 * EINTR: SIGINT, SIGTERM or SIGHUP ended the wait.  (Before join(), they end
 * the process.)
 * ERANGE: this process has taken it 32767 times and not given it back.
 * Paper 5, sem_p (there with IPC_NOWAIT, without SEM_UNDO); semop(2).
 */
int sem_p(int semid, int index);

/*
 * V: raise the semaphore by 1.  Never waits.  After an earlier sem_p() there is
 * nothing left to undo.  Without an earlier sem_p(), the kernel lowers the
 * semaphore again when the process ends (SEM_UNDO).
 *
 * Returns 0, or -1 with errno set.
 * ERANGE: the value would be over 32767, or this process gave the semaphore
 * 32768 times more often than it took it.
 * Paper 5, sem_v (there without SEM_UNDO); semop(2).
 */
int sem_v(int semid, int index);

/*
 * Wait until the semaphore is positive, without taking it.
 *
 * One semop(2) of two operations, -1 then +1: the kernel does both or sleeps.
 * Returns 0, or -1 with errno set: EINTR as sem_p().  Paper 5, sem_wait (there
 * GETVAL each second); semop(2).
 *
 * The C library has a sem_wait, too (POSIX, <semaphore.h>).  Ours is hidden, so
 * that no library calls it by mistake.
 */
int sem_wait(int semid, int index) __attribute__((visibility("hidden")));

/*
 * Remove the set.  The kernel wakes every process that waits on it: its call
 * fails with EIDRM.
 *
 * Returns 0, or -1 with errno set: EPERM if the set belongs to somebody else.
 * Paper 5, sem_delete; semctl(2).
 */
int sem_delete(int semid);

/*
 * Create a segment of `size' bytes that only its owner may use, or find the
 * segment that exists under the key.
 *
 * Returns its identifier, or -1 with errno set.
 * EINVAL: the existing segment is smaller than `size'.  Or there is none, and
 * `size' is 0 or more than the system allows.
 * EACCES: the mode of the existing segment does not let this process in.
 * ENOSPC, ENOMEM or ENFILE: a limit of the system is reached.
 * Chapter 5.1.3, shmget; paper 5, createshm; shmget(2), ftok(3).
 */
int createshm(const char *pathname, int proj_id, size_t size);

/*
 * Find the segment that createshm() made.  This function never creates one.
 * Returns its identifier, or -1 with errno set: ENOENT if there is no segment;
 * EACCES if its mode does not let this process in.  Paper 2, flag 0; shmget(2),
 * ftok(3).
 */
int openshm(const char *pathname, int proj_id);

/*
 * Return the value of the semaphore.
 *
 * On failure, returns -1 with errno set: EIDRM also means that the set has no
 * such index.  In the paper, sem_wait does this with GETVAL.  Paper 5;
 * semctl(2).
 */
int sem_value(int semid, int index);

/*
 * Begin a turn: wait until `awaited' is positive, and take `taken', all in one
 * step.  `awaited' stays as it is.  If the process dies during the turn, the
 * kernel gives `taken' back, and nothing has changed.
 *
 * Returns 0, or -1 with errno set as sem_p().  EINTR also means that the signal
 * came before the call.  Then no turn begins.  Paper 5, sem_wait and then
 * sem_p.
 */
int sem_wait_p(int semid, int awaited, int taken);

/*
 * End a turn: move one unit from `from' to `to', and give `given' back, all in
 * one step.  The move stays when this process ends.  Never waits.
 *
 * Returns 0, or -1 with errno set: EAGAIN if `from' is 0; ERANGE as sem_v().
 * Paper 5, sem_v.
 */
int sem_pass_v(int semid, int from, int to, int given);

/*
 * End a reader's turn without a text: the news was that a writer has ended.  If
 * other writers are joined, lower NEWS.  If no writer is joined any more, leave
 * NEWS as it is, so that the other readers wake up, too.  Give GUARD back.
 * Never waits.
 *
 * Returns 1 if no writer is joined any more: this is the end of input.  Returns
 * 0 if others are joined, or -1 with errno set as sem_pass_v().
 */
int sem_end_v(int semid);

/*
 * Open a new set: raise GUARD and EMPTY to 1, in one step.  If GUARD, EMPTY and
 * NEWS are not all 0, the set is open already, and nothing is done.  So every
 * process may call it, and whoever comes first opens the set.  (If only the
 * creator did, all others would have to wait for it, even if it has died.)
 *
 * Returns 0, or -1 with errno set.  In the paper, createsem sets the values.
 */
int open_set(int semid);

/*
 * Read the command line of either program: [-hv] [-s seconds] [path].  For -h
 * print the help and exit.  Exit with 2 on wrong usage.
 *
 * `role' is READERS or WRITERS: what the program is.  The functions below know
 * from it who they work for.  Call it once, first.  getopt_long(3).
 */
void options(int argc, char *argv[], int role);

/*
 * Join the channel at the path: make it the current directory, find or create
 * the set, go inside, find or create the segment, attach it, be counted and
 * come out.  From now on SIGINT, SIGTERM and SIGHUP no longer kill: they end a
 * wait, and the caller should then leave.
 *
 * Fills in the set's identifier, and the address of the segment.  A reader may
 * not write there.  Returns NULL; or the name of the helper at which it failed,
 * with errno set as stat(2) does for the path, or as follows.  Then give_up().
 * EEXIST: something under our keys is not ours.  It is left as it was.
 * EACCES: something under our keys, or the directory, does not let us in.
 * EPERM: the system forbids the call, or it shows our own set as another's.
 * EINTR: SIGINT, SIGTERM or SIGHUP has come.
 * ERANGE: a value would rise over 32767.
 * EIDRM: somebody removed the objects in each of a thousand attempts.
 * EINVAL, ENOSPC, ENOMEM, ENFILE or E2BIG: a limit of the system is reached.
 * Paper 5, createshm, shmat, createsem or opensem; chapter 5.1.2, allocate and
 * attach; chdir(2), shmat(2).
 */
const char *join(int *semid, struct segment **shmaddr);

/*
 * Sleep for as many seconds as -s has asked for.  SIGINT, SIGTERM and SIGHUP
 * end the sleep early.  After Ctrl-Z and fg it goes on for the rest of the
 * time.  The paper's programs call sleep here.  Paper 5; nanosleep(2).
 */
void stay_inside(void);

/* With -v, print the semaphores' values and this text, below a heading. */
void tell(int semid, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Return true if SIGINT, SIGTERM or SIGHUP has asked this process to end. */
bool interrupted(void);

/*
 * Leave the channel.  If no other process is joined and nothing is unread,
 * remove the segment and the set.  Never waits for another process.
 *
 * Returns `status', for main() to return.  But if SIGINT, SIGTERM or SIGHUP has
 * come, the process dies of that signal here.  Chapter 5.1.2, detach and
 * deallocate; shmdt(2), shmctl(2), raise(3).
 */
int leave(int status);

/*
 * Report an error on standard error, and leave the channel.  The message names
 * the path, `what' and the reason (errno).  For common errors a second line
 * tells what to do.  After SIGINT, SIGTERM or SIGHUP there is no message.
 *
 * `what' is what failed: a helper, or a name such as "standard output".
 * Returns EXIT_FAILURE.  But after such a signal the process dies of it, as in
 * leave().  err(3).
 */
int give_up(const char *what);

#endif
