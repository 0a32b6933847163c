/*
 * sharemem.c - the helpers of sharemem.h, in the order of a lecture: one
 * semop(2), the documents' helpers, the turn, joining, leaving, and last what
 * any Unix program needs.
 */
#define _XOPEN_SOURCE 700

#include "sharemem.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MODE (S_IRUSR | S_IWUSR) /* the owner reads and writes; nobody else */

static int try_then_sleep(int semid, struct sembuf ops[3]);
static void catch_signals(void);
static void withdraw(struct channel *channel);

/*
 * ---- One semop(2) ----
 *
 * The processes wait for each other only in semop(2).  One call has one or more
 * operations.  The kernel does all of them or none: if one is not possible yet,
 * the process sleeps.  An operation
 *	-1	waits until the value is positive, and lowers it;
 *	+1	raises the value, and never waits;
 *	 0	waits until the value is 0.
 * IPC_NOWAIT: if the operation had to wait, semop fails instead, with EAGAIN.
 * SEM_UNDO: when the process ends in any way, the kernel does the opposite.  It
 * sums up the operations with this flag, so a +1 with it cancels a -1 with it.
 * What a process holds for a while, it takes and gives back with SEM_UNDO.  A
 * change that must stay is made without.
 */

/* One operation.  A wrong index becomes 65535: then semop fails with EFBIG. */
static struct sembuf
op(int index, int change, int flags)
{
	const bool fits = index >= 0 && index < USHRT_MAX;
	return (struct sembuf){
	    .sem_num = fits ? (unsigned short)index : USHRT_MAX,
	    .sem_op = (short)change,
	    .sem_flg = (short)flags,
	};
}

/* Report a removed object as EIDRM, whichever call noticed it. */
static int
eidrm_if_gone(int result)
{
	if (result == -1 && (errno == EINVAL || errno == ENOENT))
		errno = EIDRM;
	return result;
}

/* Do the operations.  Ctrl-Z and fg end the sleep with EINTR: sleep again. */
static int
step(int semid, struct sembuf *ops, size_t count)
{
	int result;

	do
		result = semop(semid, ops, count);
	while (result == -1 && errno == EINTR && !interrupted());
	return eidrm_if_gone(result);
}

/*
 * ---- The documents' helpers ----
 *
 * The programs call sem_p(), sem_v(), sem_delete() and sem_value().  The others
 * are to be compared with the paper's.  Instead of them the programs call
 * sem_wait_p(), and semget(2) and shmget(2): make_keys() tells why.
 */

int
createsem(const char *pathname, int proj_id, int members, int init_val)
{
	const key_t key = ftok(pathname, proj_id);
	if (key == -1)
		return -1;
	const int semid = semget(key, members, IPC_CREAT | IPC_EXCL | MODE);
	if (semid == -1)
		return -1;
	if (init_val == 0)
		return semid;
	union semun sem_opts = {.val = init_val};
	for (int index = 0; index < members; index++)
		if (semctl(semid, index, SETVAL, sem_opts) == -1) {
			sem_delete(semid); /* errno stays, or becomes EIDRM */
			return -1;
		}
	return semid;
}

int
opensem(const char *pathname, int proj_id)
{
	const key_t key = ftok(pathname, proj_id);
	return key == -1 ? -1 : semget(key, 0, MODE);
}

int
sem_p(int semid, int index)
{
	struct sembuf take = op(index, -1, SEM_UNDO);
	return step(semid, &take, 1);
}

int
sem_v(int semid, int index)
{
	struct sembuf give = op(index, +1, SEM_UNDO);
	return step(semid, &give, 1);
}

int
sem_wait(int semid, int index)
{
	struct sembuf look[] = {op(index, -1, 0), op(index, +1, 0)};
	return step(semid, look, 2);
}

int
sem_delete(int semid)
{
	return eidrm_if_gone(semctl(semid, 0, IPC_RMID));
}

int
createshm(const char *pathname, int proj_id, size_t size)
{
	const key_t key = ftok(pathname, proj_id);
	return key == -1 ? -1 : shmget(key, size, IPC_CREAT | MODE);
}

int
openshm(const char *pathname, int proj_id)
{
	const key_t key = ftok(pathname, proj_id);
	return key == -1 ? -1 : shmget(key, 0, MODE);
}

int
sem_value(int semid, int index)
{
	return eidrm_if_gone(semctl(semid, index, GETVAL));
}

/* ---- The turn ---- */

int
sem_wait_p(int semid, int awaited, int taken)
{
	struct sembuf ops[] = {
	    op(awaited, -1, 0),	     /* wait until it is positive, */
	    op(awaited, +1, 0),	     /* leave it as it was, */
	    op(taken, -1, SEM_UNDO), /* and take this one */
	};
	return try_then_sleep(semid, ops);
}

int
sem_pass_v(int semid, int from, int to, int given)
{
	struct sembuf ops[] = {
	    op(from, -1, IPC_NOWAIT), /* it is positive: never wait */
	    op(to, +1, 0),
	    op(given, +1, SEM_UNDO),
	};
	return step(semid, ops, 3);
}

int
sem_end_v(int semid)
{
	const int writers = sem_value(semid, WRITERS);
	if (writers == -1)
		return -1;
	if (writers == 0) { /* leave the news to the other readers */
		tell(semid, "end of input");
		return sem_v(semid, GUARD) == -1 ? -1 : 1;
	}
	tell(semid, "a writer has ended");
	struct sembuf heard[] = {
	    op(NEWS, -1, IPC_NOWAIT),
	    op(GUARD, +1, SEM_UNDO),
	};
	return step(semid, heard, 2);
}

/*
 * ---- Joining ----
 *
 * try_to_join() does the steps in order.  What is said of ipcrm in
 * remove_segment() and choose_segment() can wait: skip it at a first reading.
 */

/*
 * Return true if we own the object, we created it, and its mode is 600.  (A
 * creator keeps an owner's rights even after giving the object away.)
 */
static bool
is_ours(const struct ipc_perm *perm)
{
	return perm->uid == geteuid() && perm->cuid == geteuid() &&
	       (perm->mode & (S_IRWXU | S_IRWXG | S_IRWXO)) == MODE;
}

/*
 * Make both keys, once for each attempt to join.  createsem() and createshm()
 * would look the path up at each call, and somebody may put another file there
 * at any time.  So join() calls semget(2) and shmget(2) with these keys.
 *
 * Both keys must come from the same file.  Otherwise we would use the set of
 * one channel and the segment of another.
 */
static int
make_keys(struct channel *channel)
{
	do {
		channel->semkey = ftok(channel->path, 's');
		channel->shmkey = ftok(channel->path, 'm');
	} while (channel->semkey != ftok(channel->path, 's'));
	return channel->semkey == -1 || channel->shmkey == -1 ? -1 : 0;
}

/* Find or create the set.  Returns its identifier, or -1: EPERM if not ours. */
static int
find_set(const struct channel *channel)
{
	struct semid_ds status = {0};
	const union semun sem_opts = {.buf = &status};

	int semid =
	    semget(channel->semkey, MEMBERS, IPC_CREAT | IPC_EXCL | MODE);
	if (semid == -1 && errno == EEXIST)
		semid = eidrm_if_gone(semget(channel->semkey, 0, MODE));
	if (semid == -1 ||
	    eidrm_if_gone(semctl(semid, 0, IPC_STAT, sem_opts)) == -1)
		return -1;
	if (!is_ours(&status.sem_perm) || status.sem_nsems != MEMBERS) {
		errno = EPERM;
		return -1;
	}
	return semid;
}

/*
 * Open the set if it is new: raise EMPTY and GUARD from 0 to 1.  It is new if
 * GUARD, EMPTY and NEWS are 0.  Whoever comes first does this, because the
 * creator may have died.
 */
static int
open_set(int semid)
{
	struct sembuf if_new[] = {
	    op(GUARD, 0, IPC_NOWAIT), op(EMPTY, 0, IPC_NOWAIT),
	    op(NEWS, 0, IPC_NOWAIT),  op(EMPTY, +1, 0),
	    op(GUARD, +1, 0),
	};

	if (step(semid, if_new, 5) == 0 || errno == EAGAIN)
		return 0;
	if (errno == E2BIG) { /* nobody can open it: remove it if it is new */
		if (step(semid, if_new + 1, 2) == 0)
			sem_delete(semid);
		errno = E2BIG;
	}
	return -1;
}

/*
 * Take the guard, and then set channel->semid.  As long as it is -1, withdraw()
 * undoes nothing.
 *
 * The wait may be long.  If the path leads to another file now, nobody else can
 * find this channel any more.  So leave it, and start over.
 */
static int
go_inside(struct channel *channel, int semid)
{
	if (sem_value(semid, GUARD) == 0)
		tell(semid, "waits for the guard");
	if (sem_p(semid, GUARD) == -1)
		return -1;
	channel->semid = semid;
	if (ftok(channel->path, 's') != channel->semkey) {
		errno = EIDRM;
		return -1;
	}
	return 0;
}

/*
 * Inside: check the values, and set NEWS if nobody is joined.  Returns 1 if the
 * channel is fresh (nobody is joined, nothing is unread), 0 if not, or -1.
 *
 * If nobody is joined, NEWS may still count writers that ended long ago.  So
 * set it to what is left to tell: 2 for an unread text and the end of its
 * writer, or 0.  SETVAL has a side effect: the kernel forgets what it would
 * undo in NEWS for every process.  If a writer were joined, its end would not
 * raise NEWS any more (see be_counted()).  So this is done only while nobody is
 * joined.  A writer that has left may still run.  The 2 counts its end already.
 */
static int
settle_news(struct channel *channel)
{
	const int semid = channel->semid;
	unsigned short value[MEMBERS] = {0};
	const union semun all = {.array = value};

	if (eidrm_if_gone(semctl(semid, 0, GETALL, all)) == -1)
		return -1;
	/* In our set GUARD is 0 now, and EMPTY and NEWS are not both 0. */
	const bool unread = value[EMPTY] == 0;
	if (value[GUARD] > 0 || value[EMPTY] > 1 ||
	    (unread && value[NEWS] == 0)) {
		sem_v(semid, GUARD);
		channel->semid = -1; /* not ours: leave it as it is */
		errno = EPERM;
		return -1;
	}
	if (value[READERS] > 0 || value[WRITERS] > 0)
		return 0;
	const union semun news = {.val = unread ? 2 : 0};
	if (eidrm_if_gone(semctl(semid, NEWS, SETVAL, news)) == -1)
		return -1;
	return !unread;
}

/* Find the segment.  Returns its identifier, or -1: EPERM if it is not ours. */
static int
find_segment(const struct channel *channel)
{
	struct shmid_ds status = {0};
	const int shmid = shmget(channel->shmkey, 0, MODE);

	if (shmid == -1 ||
	    eidrm_if_gone(shmctl(shmid, IPC_STAT, &status)) == -1)
		return -1;
	if (!is_ours(&status.shm_perm) || status.shm_segsz != SHM_SIZE) {
		errno = EPERM;
		return -1;
	}
	return shmid;
}

/*
 * Inside: remove the segment, if it belongs to our set.  Somebody may remove
 * our set with ipcrm -s.  Then others may make a new set and a new segment with
 * the same keys.  So find the segment first, and look for our set afterwards.
 * If our set still exists, the segment that we found belongs to it.  We hold
 * GUARD, so sem_value() is 0 if our set exists, and -1 if it does not.
 */
static void
remove_segment(const struct channel *channel)
{
	const int shmid = find_segment(channel);

	if (shmid != -1 && sem_value(channel->semid, GUARD) == 0)
		shmctl(shmid, IPC_RMID, NULL);
}

/*
 * Inside: return the identifier of the channel's segment, or -1.  A fresh
 * channel gets a new one: if ipcrm -s has removed an earlier set, one of its
 * processes may still read or write in the old segment.
 */
static int
choose_segment(const struct channel *channel, bool fresh)
{
	int shmid = find_segment(channel);

	if (shmid == -1 && errno != ENOENT)
		return -1;
	if (fresh) {
		remove_segment(channel);
		shmid = shmget(channel->shmkey, SHM_SIZE,
			       IPC_CREAT | IPC_EXCL | MODE);
		if (shmid == -1 && errno == EEXIST)
			errno = EIDRM; /* it belongs to a new set: start over */
		return shmid;
	}
	if (shmid == -1) { /* removed from a set in use, by ipcrm -m? */
		if (sem_value(channel->semid, EMPTY) == 0)
			warnx("%s: somebody removed the segment (ipcrm -m?), "
			      "and the text in it is lost",
			      channel->path);
		sem_delete(channel->semid); /* others end; we start over */
		errno = EIDRM;
	}
	return shmid;
}

/* Inside: attach the segment, a reader only to read. */
static int
attach_segment(struct channel *channel, int shmid)
{
	const int flag = channel->role == READERS ? SHM_RDONLY : 0;
	void *shmaddr = shmat(shmid, NULL, flag);

	if (shmaddr == (void *)-1)
		return eidrm_if_gone(-1);
	channel->shmaddr = shmaddr;
	tell(channel->semid, "set %d, segment %d", channel->semid, shmid);
	return 0;
}

/*
 * Be counted, and give the guard back.
 *
 * A reader does only the first two operations.  A writer does all four, and the
 * last two together change nothing now.  But when the writer ends in any way,
 * even by kill -9, the kernel undoes the -1, and NEWS rises by 1.  So a
 * writer's death announces itself.
 *
 * The +1 comes first, because the -1 would wait while NEWS is 0.  The +1 has no
 * SEM_UNDO.  Otherwise the kernel would undo both, and NEWS would not rise.
 */
static int
be_counted(struct channel *channel)
{
	struct sembuf ops[] = {
	    op(channel->role, +1, SEM_UNDO),
	    op(GUARD, +1, SEM_UNDO),
	    op(NEWS, +1, 0),
	    op(NEWS, -1, SEM_UNDO),
	};

	if (step(channel->semid, ops, channel->role == READERS ? 2 : 4) == -1)
		return -1;
	channel->counted = true;
	return 0;
}

/* Note which call of join() failed.  Returns -1; errno stays. */
static int
fails(struct channel *channel, const char *call, key_t key)
{
	snprintf(channel->failed, sizeof(channel->failed), "%s(%#x)", call,
		 (unsigned)key);
	return -1;
}

/* One attempt.  EIDRM means: something has changed on the way, start over. */
static int
try_to_join(struct channel *channel)
{
	int semid, fresh, shmid;

	if (make_keys(channel) == -1) {
		strcpy(channel->failed, "ftok");
		return -1;
	}
	if ((semid = find_set(channel)) == -1)
		return fails(channel, "semget", channel->semkey);
	if (open_set(semid) == -1 || go_inside(channel, semid) == -1)
		return fails(channel, "semop", channel->semkey);
	if ((fresh = settle_news(channel)) == -1)
		return fails(channel, "semctl", channel->semkey);
	if ((shmid = choose_segment(channel, fresh == 1)) == -1)
		return fails(channel, "shmget", channel->shmkey);
	if (attach_segment(channel, shmid) == -1)
		return fails(channel, "shmat", channel->shmkey);
	if (be_counted(channel) == -1)
		return fails(channel, "semop", channel->semkey);
	return 0;
}

int
join(struct channel *channel)
{
	int reason = EIDRM;

	catch_signals();
	for (int attempts = 0; attempts < 1000 && reason == EIDRM; attempts++) {
		if (try_to_join(channel) == 0)
			return 0;
		reason = errno;
		withdraw(channel);
	}
	errno = reason;
	return -1;
}

/* ---- Leaving ---- */

/*
 * Remove the segment and the set if nobody is joined and nothing is unread.
 * The same step takes the guard, so that nobody can come in.  The segment goes
 * first: once the set has gone, the segment may already belong to a new set.
 */
static void
remove_if_last(const struct channel *channel)
{
	struct sembuf if_last[] = {
	    op(READERS, 0, IPC_NOWAIT),
	    op(WRITERS, 0, IPC_NOWAIT),
	    op(EMPTY, -1, IPC_NOWAIT),
	    op(EMPTY, +1, 0),
	    op(GUARD, -1, SEM_UNDO | IPC_NOWAIT),
	};

	if (step(channel->semid, if_last, 5) == -1)
		return;
	tell(channel->semid, "removes both");
	remove_segment(channel);
	sem_delete(channel->semid);
}

/*
 * Undo what join() has done, all of it or a part.  A process counts itself out
 * first, and then looks whether it is the last one.  So if two leave together,
 * the second one sees that nobody else is joined.
 */
static void
withdraw(struct channel *channel)
{
	const int semid = channel->semid;
	struct sembuf count_out = op(channel->role, -1, SEM_UNDO | IPC_NOWAIT);

	if (semid == -1)
		return;
	/*
	 * If GUARD is 0, the process that changed it last is inside.  GETPID
	 * tells which one.  If it is this process, give GUARD back.  (Nothing
	 * else notes it, because sem_wait_p() does not know the channel.)
	 */
	if (sem_value(semid, GUARD) == 0 &&
	    semctl(semid, GUARD, GETPID) == getpid())
		sem_v(semid, GUARD);
	if (channel->shmaddr != NULL)
		shmdt(channel->shmaddr);
	if (channel->counted)
		step(semid, &count_out, 1);
	remove_if_last(channel);
	tell(semid, "leaves"); /* nothing, if the set is removed */
	channel->semid = -1;
	channel->shmaddr = NULL;
}

/* ---- What any Unix program needs: waiting, signals, messages, options ---- */

static const char *teller; /* with -v, the name that tell() prints; else NULL */
static volatile sig_atomic_t signalled; /* which signal ends us, or 0 */

/* Give the processor away.  Returns how many seconds that took. */
static double
yield(void)
{
	struct timespec before, after;

	clock_gettime(CLOCK_MONOTONIC, &before);
	sched_yield();
	clock_gettime(CLOCK_MONOTONIC, &after);
	return (double)(after.tv_sec - before.tv_sec) +
	       1e-9 * (double)(after.tv_nsec - before.tv_nsec);
}

/*
 * Do the three operations of sem_wait_p() in one step.  Wait if necessary.
 *
 * Falling asleep and waking up takes much longer than a failed try, and the
 * other side is often nearly done.  So try 40 times before sleeping.  Yield
 * after the first try and then after every second one, because the other side
 * may need this processor.  If a yield takes more than a millisecond, other
 * programs keep the processor busy: then 200 waits do no tries.
 */
static int
try_then_sleep(int semid, struct sembuf ops[3])
{
	static int sleep_at_once; /* how many waits are left without tries */
	struct sembuf attempt[3];

	for (int i = 0; i < 3; i++)
		attempt[i] = op(ops[i].sem_num, ops[i].sem_op,
				ops[i].sem_flg | IPC_NOWAIT);
	for (int tries = 0; !interrupted(); tries++) {
		const bool sleeps = tries == 40 || sleep_at_once > 0;
		if (sleeps && teller != NULL &&
		    sem_value(semid, ops[0].sem_num) > 0 &&
		    sem_value(semid, ops[2].sem_num) == 0)
			tell(semid, "waits for the guard");
		if (sleep_at_once > 0)
			sleep_at_once--;
		if (step(semid, sleeps ? ops : attempt, 3) == 0)
			return 0;
		if (errno != EAGAIN)
			return -1;
		if (tries % 2 == 0 && yield() > 0.001)
			sleep_at_once = 200;
	}
	errno = EINTR;
	return -1;
}

void
stay_inside(const struct channel *channel)
{
	const time_t whole = (time_t)channel->seconds;
	const double fraction = channel->seconds - (double)whole;
	struct timespec stay = {whole, (long)(fraction * 1e9)};

	while (channel->seconds > 0 && !interrupted())
		if (nanosleep(&stay, &stay) == 0 || errno != EINTR)
			return;
}

/*
 * Note the signal that asks the process to end.
 *
 * The signal may come after the process has called interrupted(), and before it
 * falls asleep in a system call.  Then that call does not notice the signal.
 * So an alarm rings every second until the process has ended, and wakes it.
 * Until the first signal, SIGALRM is not handled: an alarm that the parent has
 * set still kills, unless it was blocked.
 *
 * SIGCONT comes with fg, after Ctrl-Z.  It ends the read(2) of the writer,
 * which then prints its prompt again.
 */
static void
on_signal(int signo)
{
	const struct sigaction action = {.sa_handler = on_signal};

	if (signo == SIGCONT)
		return;
	if (signo != SIGALRM && signalled == 0)
		signalled = signo;
	sigaction(SIGALRM, &action, NULL);
	alarm(1);
}

static void
catch_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGCONT};
	const struct sigaction action = {.sa_handler = on_signal};
	struct sigaction before;
	sigset_t blocked, alarms;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaction(signals[i], NULL, &before);
		if (before.sa_handler != SIG_IGN) /* nohup ignores SIGHUP */
			sigaction(signals[i], &action, NULL);
	}
	/*
	 * The parent may have blocked SIGALRM.  Then the alarm of on_signal()
	 * would never arrive, so unblock it.  A SIGALRM may have come while it
	 * was blocked.  It would kill this process now, so SIG_IGN removes it
	 * first.
	 */
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	if (sigismember(&blocked, SIGALRM)) {
		signal(SIGALRM, SIG_IGN);
		sigprocmask(SIG_UNBLOCK, &alarms, NULL);
	}
}

bool
interrupted(void)
{
	return signalled != 0;
}

int
leave(struct channel *channel, int status)
{
	withdraw(channel);
	if (!interrupted())
		return status;
	signal(signalled, SIG_DFL);
	raise(signalled);
	return 128 + signalled; /* process 1 of a container survives raise */
}

void
tell(int semid, const char *format, ...)
{
	unsigned short value[MEMBERS] = {0};
	union semun sem_opts = {.array = value};
	char text[80];
	va_list arguments;

	if (teller == NULL || semctl(semid, 0, GETALL, sem_opts) == -1)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fprintf(stderr,
		"    GUARD %d EMPTY %d NEWS %d READERS %d WRITERS %d  %s: %s\n",
		value[GUARD], value[EMPTY], value[NEWS], value[READERS],
		value[WRITERS], teller, text);
}

/* What a beginner can do about an error. */
static const struct {
	int reason;
	const char *advice;
} advices[] = {
    {ENOENT, "the path must exist: writer and reader find each other by it"},
    {ENOTDIR, "the path must exist: writer and reader find each other by it"},
    {EACCES, "it is not yours to use: give another path"},
    {EPERM, "made by another user or program, untouched: give another path"},
    {ENOSPC, "a disk is full (see df), or a system limit is reached (ipcs -l)"},
    {EIDRM, "somebody has removed it (ipcrm?): start both programs again"},
};

int
give_up(struct channel *channel, const char *what)
{
	const int reason = errno;

	if (!interrupted()) {
		warn("%s: %s", channel->path, what);
		for (size_t i = 0; i < sizeof(advices) / sizeof(*advices); i++)
			if (advices[i].reason == reason)
				warnx("%s", advices[i].advice);
		if (strcmp(what, "standard output") == 0)
			warnx("the text stays for the next reader");
	}
	return leave(channel, EXIT_FAILURE);
}

static const char help[] =
    "Usage: writer [-hv] [-s seconds] [path]\n"
    "       reader [-hv] [-s seconds] [path]\n"
    "\n"
    "writer puts lines from standard input into shared memory, and reader\n"
    "prints them.  Start each in a terminal of its own.\n"
    "\n"
    "  -h, --help  print this text\n"
    "  -s seconds  stay inside for so long with every text (0 to 1000000)\n"
    "  -v          tell each turn on standard error, with the values of the\n"
    "              semaphores\n"
    "  path        an existing file or directory, the same for both\n"
    "              (default: the current directory)\n";

struct channel
options(int argc, char *argv[], int role)
{
	static const struct option longs[] = {{"help", no_argument, NULL, 'h'},
					      {NULL, 0, NULL, 0}};
	struct channel channel = {.role = role, .path = ".", .semid = -1};
	char *rest;
	int option;

	while ((option = getopt_long(argc, argv, "hs:v", longs, NULL)) != -1) {
		switch (option) {
		case 'h':
			if (fputs(help, stdout) == EOF || fflush(stdout) == EOF)
				err(EXIT_FAILURE, "standard output");
			exit(EXIT_SUCCESS);
		case 's':
			channel.seconds = strtod(optarg, &rest);
			if (rest == optarg || *rest != '\0' ||
			    !(channel.seconds >= 0 && channel.seconds <= 1e6))
				errx(2,
				     "-s %s: not a number of seconds from 0 "
				     "to 1000000",
				     optarg);
			break;
		case 'v':
			teller = role == READERS ? "reader" : "writer";
			break;
		default:
			errx(2, "try '%s --help'", argv[0]);
		}
	}
	if (argc - optind > 1)
		errx(2, "%s: only one path is allowed; try '%s --help'",
		     argv[optind + 1], argv[0]);
	if (optind < argc)
		channel.path = argv[optind];
	return channel;
}
