/*
 * sharemem.h - what writer.c and reader.c share: the segment, the semaphores
 * that guard it, and the helpers.
 *
 * First the documents' helpers, then the two that make a turn, then how the
 * programs come and go.  A helper returns -1 and sets errno when it fails; it
 * prints nothing but -v's lines.  "Documents" are the chapter (5.1.1 to 5.1.3)
 * and the paper (1 to 5) that README names.
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

/*
 * The semaphores of the one set.  A semop(2) can do this AND that when both can
 * be done, not this OR that; but a reader must wake for a text or for a
 * writer's end.  So both raise one semaphore, NEWS, and the reader looks at
 * EMPTY to tell which it was.  A new set has all values 0; in an open one EMPTY
 * and NEWS are never 0 together, for who takes from one gives to the other.
 */
enum {
	GUARD, /* the documents' binary semaphore: 1 free, 0 somebody inside */
	EMPTY, /* 1 while the segment holds nothing that is to be printed */
	NEWS,  /* what readers sleep on: 1 for a text, 1 for a writer's end */
	READERS, /* readers that take part */
	WRITERS, /* writers that take part */
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
 * A new set's values are 0: then nothing is set, for somebody may use it.
 *
 * Returns its identifier, or -1: EEXIST if there is one under the key, ENOSPC
 * at the system's limit, ERANGE if init_val is not from 0 to 32767, EINVAL if
 * members is not from 1 to the system's limit; ENOENT, ENOTDIR or EACCES from
 * ftok(3) for pathname.  Documents: paper 5, sharemem.h; semget(2).
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
 * If the process ends before sem_v(), the kernel gives it back (SEM_UNDO).
 *
 * Returns 0, or -1: EIDRM if there is no such set (any more), EINTR after
 * SIGINT, SIGTERM or SIGHUP, EACCES, EFBIG for a bad index, ENOSPC or ENOMEM
 * if the kernel has no room for the undo.  Documents: paper 5; semop(2).
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
 * is 0 or more than the system's limit; EACCES if it is somebody else's; ENOSPC
 * or ENOMEM at other limits; ftok(3)'s for pathname.  Documents: chapter 5.1.3;
 * shmget(2).
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
 * A turn begins: wait until `awaited' is positive and, in the same step, so
 * that nobody slips in between, take `taken'.  `awaited' is not lowered: if
 * this process dies now, nothing has changed.
 *
 * Returns 0, or -1 as sem_p() does.  Documents: paper 5, sem_wait and sem_p.
 */
int sem_wait_p(int semid, int awaited, int taken);

/*
 * A turn ends: give `given' back and, in the same step, pass one from `from' to
 * `to', for good.  Never waits.
 *
 * Returns 0, or -1 as sem_v() does, or with EAGAIN if `from' is 0.  Documents:
 * paper 5, sem_v.
 */
int sem_pass_v(int semid, int from, int to, int given);

enum role { READER, WRITER };
enum where { PATH, SET, SEGMENT, INPUT, OUTPUT };

/* Where the programs meet: a set and a segment, both found by the same path. */
struct channel {
	enum role role;
	const char *path;	 /* ftok(3) makes the two keys of it */
	key_t keys[SEGMENT + 1]; /* by `where': the path may be deleted */
	double seconds;		 /* -s: how long to stay inside in a turn */
	int semid;		 /* the set, or -1 */
	int shmid;		 /* the segment, or -1 */
	struct segment *shmaddr; /* where it is attached, or NULL */
	enum where failed;	 /* for give_up() */
};

/*
 * Read the command line of either program: [-hv] [-s seconds] [path].  Prints
 * help, with the program's purpose, and exits with 0 for -h; exits with 2 on
 * wrong usage.
 *
 * Returns a channel that is not joined yet.  getopt(3).
 */
struct channel options(int argc, char *argv[], enum role role,
		       const char *purpose);

/*
 * Join the channel: create the set and the segment, or find those that are
 * there, attach, a reader to read only, and be counted.  From now on SIGINT,
 * SIGTERM and SIGHUP interrupt whoever waits.
 *
 * Returns 0, or -1: EPERM if what is under our keys is not ours (it is left as
 * it is), EACCES if we may not even look, EINTR, ERANGE if 32767 writers have
 * ended and no reader has come, and as the helpers above.  Documents: chapter
 * 5.1.2, allocate and attach; the programs' first lines.
 */
int join(struct channel *channel);

/*
 * Stay inside for the channel's seconds, or until a signal comes.  Documents:
 * paper 5, the programs' sleep; nanosleep(2).
 */
void stay_inside(const struct channel *channel);

/*
 * Wait until EMPTY is 1, as sem_wait() does; if no reader takes part meanwhile,
 * say on standard error that nobody reads.
 */
void wait_for_a_reader(const struct channel *channel);

/* With -v, print the set's values and this, in a line on standard error. */
void tell(int semid, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Returns true when SIGINT, SIGTERM or SIGHUP has asked us to end. */
bool interrupted(void);

/*
 * Leave the channel: detach, and if nobody else takes part and nothing is
 * unread, remove segment and set.  Never waits.  Documents: chapter 5.1.2,
 * detach and deallocate.
 *
 * Returns `status', the exit status; but after a signal it ends the process by
 * that signal.
 */
int leave(struct channel *channel, int status);

/*
 * Say on standard error what failed (errno), on what, and what to do; nothing
 * after a signal.  Then leave.  Returns EXIT_FAILURE, as leave() does.  err(3).
 */
int give_up(struct channel *channel);

#pragma GCC visibility pop

#endif
