/*
 * sharemem.h - what writer.c and reader.c share: the segment, the semaphores
 * that guard it, and the helpers.
 *
 * First the documents' seven helpers and the calls that they describe, then the
 * steps of the two programs.  A helper returns -1 and sets errno when it fails;
 * it prints nothing, but for -v's lines.  "Documents" are the chapter (5.1.1
 * to 5.1.3) and the paper (1 to 5) that README names.
 */
#ifndef SHAREMEM_H
#define SHAREMEM_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/types.h>

#define SHM_SIZE  256				/* bytes in the segment */
#define TEXT_SIZE (SHM_SIZE - sizeof(uint32_t)) /* of them, for the text */

/* The segment.  It has a length and no terminating NUL: any byte is text. */
struct segment {
	uint32_t length;      /* bytes of text, 1 to TEXT_SIZE */
	char text[TEXT_SIZE]; /* the text, first byte first */
};
static_assert(sizeof(struct segment) == SHM_SIZE, "a segment of 256 bytes");

/* The semaphores of the one set. */
enum {
	GUARD,	 /* the documents' binary semaphore: 1 free, 0 taken */
	UNREAD,	 /* 1 while the segment holds text that nobody has printed */
	NEWS,	 /* what readers sleep on: 1 for a text, 1 for a writer's end */
	WRITERS, /* writers alive */
	MEMBERS	 /* semaphores in the set */
};

/* Linux leaves this union to the program: see semctl(2). */
#ifdef _SEM_SEMUN_UNDEFINED
union semun {
	int val;	       /* SETVAL */
	struct semid_ds *buf;  /* IPC_STAT, IPC_SET */
	unsigned short *array; /* GETALL, SETALL */
};
#endif

/*
 * POSIX has another sem_wait, in the C library.  Hidden symbols stay inside
 * the program, so that the library's own code never calls ours.
 */
#pragma GCC visibility push(hidden)

/*
 * Create a semaphore set of `members' semaphores, each with the value
 * `init_val', for its owner alone (mode 0600).  Never touches an existing one.
 *
 * Returns its identifier, or -1: EEXIST if there is one under the key, ENOSPC
 * at the system's limit, ERANGE if init_val is not from 0 to 32767, EINVAL if
 * members is not positive; ENOENT, ENOTDIR or EACCES from ftok(3) for pathname.
 * Documents: paper 5, sharemem.h; semget(2).
 */
int createsem(const char *pathname, int proj_id, int members, int init_val);

/*
 * Find the semaphore set that createsem() made.  Never creates one.
 *
 * Returns its identifier, or -1: ENOENT if there is none (or no pathname),
 * EACCES if it is somebody else's.  Documents: paper 5, sharemem.h; semget(2).
 */
int opensem(const char *pathname, int proj_id);

/*
 * P: take the semaphore: wait until its value is positive, then lower it by 1.
 * If the process dies before sem_v(), the kernel gives it back (SEM_UNDO).
 *
 * Returns 0, or -1: EIDRM or EINVAL if the set has been removed, EINTR after a
 * signal, EACCES, EFBIG for a bad index.  Documents: paper 5; semop(2).
 */
int sem_p(int semid, int index);

/*
 * V: give the semaphore back: raise its value by 1.  Never waits.
 *
 * Returns 0, or -1 as sem_p() does, or with ERANGE above 32767.  Documents:
 * paper 5; semop(2).
 */
int sem_v(int semid, int index);

/*
 * Wait until the semaphore is free, without taking it: one semop(2) of two
 * operations, -1 then +1, which the kernel does both at once or sleeps.
 *
 * Returns 0, or -1 as sem_p() does.  Documents: paper 5, the programs' first
 * step.
 */
int sem_wait(int semid, int index);

/*
 * Remove the set.  Whoever waits on it is woken, with EIDRM.
 *
 * Returns 0, or -1: EPERM if it is not ours, EINVAL or EIDRM if there is none.
 * Documents: paper 5; semctl(2).
 */
int sem_delete(int semid);

/*
 * Create a segment of `size' bytes for its owner alone (mode 0600), or find the
 * one that exists under the key.
 *
 * Returns its identifier, or -1: EINVAL if it exists and is smaller, or if size
 * is 0; EACCES if it is somebody else's; ENOSPC or ENOMEM at the system's
 * limits; ftok(3)'s for pathname.  Documents: chapter 5.1.3; shmget(2).
 */
int createshm(const char *pathname, int proj_id, size_t size);

/*
 * Find the segment that createshm() made.  Never creates one.
 *
 * Returns its identifier, or -1: ENOENT if there is none (or no pathname),
 * EACCES if it is somebody else's.  Documents: paper 2, flag 0; shmget(2).
 */
int openshm(const char *pathname, int proj_id);

/*
 * Attach the segment where the kernel finds room; flag 0 to read and write,
 * SHM_RDONLY to read.
 *
 * Returns its address, or NULL: EACCES, EINVAL or EIDRM if there is no such
 * segment, ENOMEM.  Documents: chapter 5.1.2, paper 3; shmat(2).
 */
void *shm_attach(int shmid, int flag);

/*
 * Detach it.  Returns 0, or -1: EINVAL if no segment is attached there.
 * Documents: paper 3; shmdt(2).
 */
int shm_detach(const void *shmaddr);

/*
 * What the kernel knows of the segment, and who is attached (shm_nattch).
 * Returns 0, or -1: EACCES; EINVAL or EIDRM if there is no such segment.
 * Documents: paper 1 and 4, IPC_STAT; shmctl(2).
 */
int shm_status(int shmid, struct shmid_ds *status);

/*
 * Mark the segment for destruction: its key is free at once, its memory when
 * the last process has detached.
 * Returns 0, or -1: EPERM if it is not ours; EINVAL or EIDRM if there is none.
 * Documents: chapter 5.1.2, paper 4, IPC_RMID; shmctl(2).
 */
int shm_delete(int shmid);

enum role { READER, WRITER };

/* What a step that failed was at work on. */
enum object { PATH, SET, SEGMENT, INPUT, OUTPUT };

/* Where the programs meet: a set and a segment, both found by the same path. */
struct channel {
	enum role role;
	const char *path;	 /* ftok(3) makes the two keys of it */
	double seconds;		 /* -s: how long to stay inside in a turn */
	bool verbose;		 /* -v: tell every step on standard error */
	int semid;		 /* the set, or -1 */
	int shmid;		 /* the segment, or -1 */
	struct segment *shmaddr; /* where it is attached, or NULL */
	bool inside;		 /* this process holds GUARD */
	enum object object;	 /* for complain() */
};

/*
 * Read the command line of either program: [-hv] [-s seconds] [path].  Prints
 * `help' and exits with 0 for -h; exits with 2 on wrong usage.
 *
 * Returns a channel that is not joined yet.  getopt(3).
 */
struct channel options(int argc, char *argv[], enum role role,
		       const char *help);

/*
 * Join the channel: create the set and the segment, or find those that are
 * there, and attach, a reader to read only.  From now on SIGINT, SIGTERM and
 * SIGHUP interrupt whoever waits.
 *
 * Returns 0, or -1: EPERM if what is under our keys is not ours (it is left as
 * it is), EACCES if we may not even look, EINTR, and as the helpers above.
 * Documents: chapter 5.1.2, allocate and attach; the programs' first lines.
 */
int join(struct channel *channel);

/*
 * Wait until all is printed and the guard is free, and take the guard, in one
 * step, so that nobody slips in between.
 *
 * Returns 0, inside; or -1: EIDRM if the set has been removed, EINTR after a
 * signal.  Documents: paper 5, the writer's sem_wait and sem_p.
 */
int begin_write(struct channel *channel);

/*
 * What is in the segment now is a text, and the guard is free.
 *
 * Returns 0, outside; or -1: EIDRM if the set has been removed, ERANGE if 32767
 * news wait for a reader.  Documents: paper 5, the writer's sem_v.
 */
int end_write(struct channel *channel);

/*
 * Wait for a text, and take the guard.
 *
 * Returns the text's length in bytes, inside; 0, outside, at the end of input:
 * all is printed and the last writer has ended; or -1: EIDRM if the set has
 * been removed, EINTR after a signal, EBADMSG (inside) if the segment's length
 * is none.  Documents: paper 5, the reader's sem_wait and sem_p.
 */
ssize_t begin_read(struct channel *channel);

/*
 * The text is printed: it is gone, and the guard is free.
 *
 * Returns 0, outside; or -1: EIDRM if the set has been removed.  Documents:
 * paper 5, the reader's sem_v.
 */
int end_read(struct channel *channel);

/*
 * Stay inside for the channel's seconds, or until a signal comes.  Documents:
 * paper 5, the programs' sleep; nanosleep(2).
 */
void stay_inside(const struct channel *channel);

/*
 * Returns true while text waits in the segment and no reader is attached.
 * Documents: paper 1, shm_nattch.
 */
bool nobody_reads(const struct channel *channel);

/* Returns true when SIGINT, SIGTERM or SIGHUP has asked us to end. */
bool interrupted(void);

/*
 * Leave the channel: detach, and if we are the last and all is printed, remove
 * segment and set.  Waits for the guard.  After a signal it does not return,
 * but ends by that signal.  Documents: chapter 5.1.2, detach and deallocate.
 */
void leave(struct channel *channel);

/*
 * Say on standard error what failed (errno), on what, and what to do; nothing
 * after a signal.  Returns the exit status, EXIT_FAILURE.  err(3).
 */
int complain(const struct channel *channel);

#pragma GCC visibility pop

#endif
