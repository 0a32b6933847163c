/*
 * sharemem.c - the helpers of sharemem.h.  First comes the call of semop(2).
 * Then come the documents' helpers, the turn, joining and leaving.  What any
 * Unix program needs comes last.
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

/* What the command line says: options() sets it. */
static int role;	       /* READERS or WRITERS: what we are */
static const char *path = "."; /* the channel's directory */
static double seconds;	       /* -s: how long to stay inside */
static const char *teller;     /* -v: our name, which tell() prints; or NULL */

/* How far join() has come: withdraw() undoes it. */
static int entered_set = -1;	 /* the set, once we have been inside; or -1 */
static struct segment *attached; /* the segment, or NULL */
static bool counted;		 /* in READERS or WRITERS */
static bool inside;		 /* we hold GUARD: step() notes it */
static key_t segment_key;	 /* noted: the path may be closed to us later */

static int try_then_sleep(int semid, struct sembuf ops[3]);
static void catch_signals(void);
static void withdraw(void);

/*
 * ---- One semop(2) ----
 *
 * The processes wait for each other in semop(2).  One call has one or more
 * operations.  The kernel does all of them or none: if one is not possible yet,
 * the process sleeps.  An operation
 *	-n	waits until the value is n or more, and lowers it by n;
 *	+n	raises the value by n, and never waits;
 *	 0	waits until the value is 0.
 * IPC_NOWAIT: if the operation had to wait, semop fails instead, with EAGAIN.
 * SEM_UNDO: when the process ends in any way, the kernel does the opposite.  It
 * sums up the operations with this flag, so a +1 with it cancels a -1 with it.
 * What a process holds for a while, it takes and gives back with SEM_UNDO.  A
 * change without the flag stays.
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

/* EINVAL and ENOENT mostly mean that the object has gone: say EIDRM. */
static int
eidrm_if_gone(int result)
{
	if (result == -1 && (errno == EINVAL || errno == ENOENT))
		errno = EIDRM;
	return result;
}

/*
 * Do the operations.  Ctrl-Z and fg end the sleep with EINTR: sleep again.
 * Note whether we are inside now: -1 took GUARD, and +1 gave it back.
 */
static int
step(int semid, struct sembuf *ops, size_t count)
{
	int result;

	do
		result = semop(semid, ops, count);
	while (result == -1 && errno == EINTR && !interrupted());
	for (size_t i = 0; i < count && result == 0; i++)
		if (ops[i].sem_num == GUARD)
			inside = ops[i].sem_op < 0;
	return eidrm_if_gone(result);
}

/* ---- The documents' helpers ---- */

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
			sem_delete(semid); /* if it has gone: EIDRM */
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
sem_value(int semid, int index)
{
	return eidrm_if_gone(semctl(semid, index, GETVAL));
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

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/*
 * Do the three operations of sem_wait_p() in one step.  Wait if necessary.  (A
 * first reading may skip this: it is about the speed.)
 *
 * Falling asleep and waking up takes much longer than a failed try, and the
 * other side is often nearly done.  So try before sleeping.  QUICK tries come
 * at once: if the other side runs on another processor, one of them nearly
 * always succeeds.  If none does, the other side may need this processor: yield
 * now and after each further try, and be not quick in the next 64 waits.  If a
 * yield takes more than a millisecond, other programs keep the processor busy:
 * make no tries in the next 200 waits.
 */
static int
try_then_sleep(int semid, struct sembuf ops[3])
{
	enum { QUICK = 6, TRIES = 40 };
	static int not_quick;  /* so many waits come without quick tries */
	static int not_at_all; /* so many waits come without any try */
	struct sembuf attempt[3];
	int tries = 0;

	if (not_at_all > 0 && not_at_all--)
		tries = TRIES;
	else if (not_quick > 0 && not_quick--)
		tries = QUICK;
	for (int i = 0; i < 3; i++)
		attempt[i] = op(ops[i].sem_num, ops[i].sem_op,
				ops[i].sem_flg | IPC_NOWAIT);
	for (; !interrupted(); tries++) {
		if (tries >= TRIES)
			tell(semid, "waits");
		if (step(semid, tries >= TRIES ? ops : attempt, 3) == 0)
			return 0;
		if (errno != EAGAIN)
			return -1;
		if (tries < QUICK - 1)
			continue;
		if (tries == QUICK - 1)
			not_quick = 64;
		const double before = now();
		sched_yield();
		if (now() - before > 0.001) {
			not_at_all = 200;
			tries = TRIES;
		}
	}
	errno = EINTR;
	return -1;
}

/* ---- Joining: what makes each call safe; then the paper's calls ---- */

/*
 * Fail with EEXIST unless the object is ours: its size fits, its mode is 600,
 * and we own it and created it.  (Its creator has an owner's rights, too.)
 */
static int
expect_ours(const struct ipc_perm *perm, bool fits)
{
	if (perm->uid == geteuid() && perm->cuid == geteuid() && fits &&
	    (perm->mode & (S_IRWXU | S_IRWXG | S_IRWXO)) == MODE)
		return 0;
	errno = EEXIST;
	return -1;
}

static int
verify_set(int semid)
{
	struct semid_ds set = {0};
	const union semun sem_opts = {.buf = &set};

	if (eidrm_if_gone(semctl(semid, 0, IPC_STAT, sem_opts)) == -1)
		return -1;
	return expect_ours(&set.sem_perm, set.sem_nsems == MEMBERS);
}

static int
verify_segment(int shmid)
{
	struct shmid_ds segment = {0};

	if (eidrm_if_gone(shmctl(shmid, IPC_STAT, &segment)) == -1)
		return -1;
	return expect_ours(&segment.shm_perm, segment.shm_segsz == SHM_SIZE);
}

int
open_set(int semid)
{
	struct sembuf if_new[] = {
	    op(GUARD, 0, IPC_NOWAIT), op(EMPTY, 0, IPC_NOWAIT),
	    op(NEWS, 0, IPC_NOWAIT),  op(EMPTY, +1, 0),
	    op(GUARD, +1, 0),
	};
	return step(semid, if_new, 5) == 0 || errno == EAGAIN ? 0 : -1;
}

/*
 * Inside: read the values.  If another channel's set has the identifier now, or
 * no set of ours has such values, do not touch it.  If no reader is joined,
 * lower NEWS to 0; but to 2 if a text is unread: 1 for it, and 1 for an end, so
 * that its reader ends.  (SETVAL would not do: it forgets the undos of NEWS.)
 */
static int
drop_old_news(int semid, unsigned short value[MEMBERS])
{
	const union semun all = {.array = value};

	if (eidrm_if_gone(semctl(semid, 0, GETALL, all)) == -1)
		return -1;
	const bool same = opensem(".", 's') == semid;
	if (!same || value[GUARD] != 0 || value[EMPTY] > 1 ||
	    value[EMPTY] + value[NEWS] == 0) {
		sem_v(semid, GUARD);
		entered_set = -1; /* withdraw() must not touch it */
		errno = same ? EEXIST : EIDRM;
		return -1;
	}
	const int needed = value[EMPTY] == 0 ? 2 : 0;
	struct sembuf drop = op(NEWS, needed - value[NEWS], IPC_NOWAIT);
	if (value[READERS] > 0 || value[NEWS] <= needed)
		return 0;
	return step(semid, &drop, 1);
}

/* Inside: remove a set that has lost its segment.  All who use it must end. */
static void
remove_broken_set(int semid, bool unread)
{
	if (unread)
		warnx("%s: the text is lost, as its segment was removed (by "
		      "ipcrm, or by kernel.shm_rmid_forced)",
		      path);
	sem_delete(semid);
	errno = EIDRM;
}

/*
 * Be counted, and give the guard back.  A reader does only the first two
 * operations.  A writer does all four, and the last two together change nothing
 * now.  But if the writer is killed, the kernel undoes the -1, and NEWS rises
 * by 1.  So its death announces itself.  (The +1 comes first, because the -1
 * would wait while NEWS is 0.  The +1 has no SEM_UNDO.  Otherwise the kernel
 * would undo both, and NEWS would not rise.)
 */
static int
be_counted(int semid)
{
	struct sembuf ops[] = {
	    op(role, +1, SEM_UNDO),
	    op(GUARD, +1, SEM_UNDO),
	    op(NEWS, +1, 0),
	    op(NEWS, -1, SEM_UNDO),
	};

	counted = step(semid, ops, role == WRITERS ? 4 : 2) == 0;
	return counted ? 0 : -1;
}

/*
 * One attempt.  Returns NULL, or the name of the helper that failed.
 *
 * The paper has the segment first.  But it might be removed just then.  So here
 * we take GUARD first: no process that leaves can remove it while we hold it.
 */
static const char *
try_to_join(int *semid, struct segment **shmaddr)
{
	const char *helper = "createsem";
	unsigned short value[MEMBERS] = {0};

	*semid = createsem(".", 's', MEMBERS, 0); /* paper: createsem */
	const bool made = *semid != -1;
	if (!made && errno == EEXIST) {
		helper = "opensem";
		*semid = eidrm_if_gone(opensem(".", 's')); /* paper: opensem */
	}
	if (*semid == -1)
		return helper;
	if (verify_set(*semid) == -1 || open_set(*semid) == -1) {
		/* Just made, and yet not ours: fakeroot hides who we are. */
		const int reason = made && errno == EEXIST ? EPERM : errno;
		if (made)
			sem_delete(*semid);
		errno = reason;
		return helper;
	}
	if (sem_value(*semid, GUARD) == 0)
		tell(*semid, "waits");
	if (sem_p(*semid, GUARD) == -1)
		return "sem_p";
	entered_set = *semid; /* from here on, withdraw() has what to undo */
	if (drop_old_news(*semid, value) == -1)
		return "sem_p"; /* the last public helper called */
	const bool unread = value[EMPTY] == 0;
	int shmid = openshm(".", 'm'); /* paper: int shmid */
	helper = "openshm";
	if (shmid == -1 && errno == ENOENT) {
		if (unread || value[READERS] + value[WRITERS] > 0) {
			remove_broken_set(*semid, unread);
			return helper;
		}
		helper = "createshm";
		shmid = createshm(".", 'm', SHM_SIZE); /* paper: createshm */
	}
	if (shmid == -1 || verify_segment(shmid) == -1)
		return helper;
	/* paper: shmat */
	*shmaddr = shmat(shmid, NULL, role == READERS ? SHM_RDONLY : 0);
	if (eidrm_if_gone(*shmaddr == (void *)-1 ? -1 : 0) == -1)
		return "shmat";
	attached = *shmaddr;
	tell(*semid, "set %d", *semid);
	tell(*semid, "segment %d", shmid);
	return be_counted(*semid) == -1 ? "be_counted" : NULL;
}

const char *
join(int *semid, struct segment **shmaddr)
{
	const char *failed = "chdir";

	catch_signals();
	/* From here on the path is ".", as in the paper, even if renamed. */
	if (chdir(path) == -1)
		return failed;
	segment_key = ftok(".", 'm');
	errno = EIDRM; /* as if the set had gone: try, up to 1000 times */
	for (int i = 0; i < 1000 && failed != NULL && errno == EIDRM; i++) {
		failed = try_to_join(semid, shmaddr);
		if (failed != NULL)
			withdraw();
	}
	return failed;
}

/* ---- Leaving ---- */

/*
 * Remove the segment and the set if nobody is joined and nothing is unread.
 * The same step takes the guard, so that nobody can come in.  The segment goes
 * first: once the set has gone, the segment may already belong to a new set.
 * It is found by its key: the last process may have failed before it had it.
 */
static void
remove_if_last(int semid)
{
	struct sembuf if_last[] = {
	    op(READERS, 0, IPC_NOWAIT),
	    op(WRITERS, 0, IPC_NOWAIT),
	    op(EMPTY, -1, IPC_NOWAIT),
	    op(EMPTY, +1, 0),
	    op(GUARD, -1, SEM_UNDO | IPC_NOWAIT),
	};

	if (step(semid, if_last, 5) == -1)
		return;
	const int shmid = shmget(segment_key, 0, MODE);
	const bool both = shmid != -1 && verify_segment(shmid) == 0;
	tell(semid, both ? "removes both" : "removes the set");
	if (both)
		shmctl(shmid, IPC_RMID, NULL);
	sem_delete(semid);
}

/*
 * Undo what join() has done, all of it or a part.  errno stays.  A process
 * counts itself out first, and then looks whether it is the last: if two leave
 * together, the second one sees that nobody else is joined.  In the same step a
 * writer tells its end: NEWS +1.  This +1 and the -1 of be_counted() have
 * SEM_UNDO, and cancel out: the kernel does not tell the end again.
 */
static void
withdraw(void)
{
	const int reason = errno, semid = entered_set;
	struct sembuf count_out[] = {
	    op(role, -1, SEM_UNDO | IPC_NOWAIT),
	    op(NEWS, +1, SEM_UNDO),
	};

	if (semid == -1)
		return;
	tell(semid, "leaves");
	if (inside)
		sem_v(semid, GUARD);
	if (attached != NULL)
		shmdt(attached);
	if (counted)
		step(semid, count_out, role == WRITERS ? 2 : 1);
	remove_if_last(semid);
	entered_set = -1;
	attached = NULL;
	counted = inside = false;
	errno = reason;
}

/* ---- What any Unix program needs: waiting, signals, messages, options ---- */

static volatile sig_atomic_t signalled; /* which signal ends us, or 0 */

void
stay_inside(void)
{
	const time_t whole = (time_t)seconds;
	struct timespec stay = {whole, (long)((seconds - (double)whole) * 1e9)};

	while (seconds > 0 && !interrupted())
		if (nanosleep(&stay, &stay) == 0 || errno != EINTR)
			return;
}

/*
 * Note the signal that asks the process to end.  If it comes just before a
 * sleep, the process sleeps all the same.  So from then on an alarm rings each
 * second, and ends the sleep.  (Until then, the parent's alarm would kill us.)
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
	sigset_t wanted; /* the parent may have blocked them */

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGALRM);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaction(signals[i], NULL, &before);
		if (before.sa_handler != SIG_IGN) /* nohup ignores SIGHUP */
			sigaction(signals[i], &action, NULL);
		sigaddset(&wanted, signals[i]);
	}
	sigprocmask(SIG_UNBLOCK, &wanted, NULL);
}

bool
interrupted(void)
{
	return signalled != 0;
}

int
leave(int status)
{
	withdraw();
	if (!interrupted())
		return status;
	signal(signalled, SIG_DFL);
	raise(signalled);
	return 128 + signalled; /* raise cannot kill process 1 */
}

void
tell(int semid, const char *format, ...)
{
	static int lines;
	unsigned short value[MEMBERS] = {0};
	union semun sem_opts = {.array = value};
	char text[80];
	va_list arguments;

	if (teller == NULL || semctl(semid, 0, GETALL, sem_opts) == -1)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fprintf(stderr, "%s%5d %5d %4d %7d %7d  %s: %s\n",
		lines++ % 20 != 0 ? "" : "GUARD EMPTY NEWS READERS WRITERS\n",
		value[GUARD], value[EMPTY], value[NEWS], value[READERS],
		value[WRITERS], teller, text);
}

/* What a beginner can do about an error. */
static const struct {
	int reasons[6]; /* 0 is none */
	const char *advice;
} advices[] = {
    {{ENOENT, ENOTDIR}, "the path must be a directory: the two meet there"},
    {{EACCES}, "you may not use it: give both another path"},
    {{EEXIST}, "another user's or program's: give both another path"},
    {{EPERM}, "the system forbids it, or hides who you are (fakeroot?)"},
    {{ENOSYS}, "this system lacks System V IPC (as Android, old WSL 1)"},
    {{EIDRM}, "somebody has removed it (ipcrm?): start both programs again"},
    {{EAGAIN}, "another program has changed the semaphores: start again"},
    {{E2BIG, EINVAL, ENFILE, ENOMEM, ENOSPC, ERANGE},
     "a limit of the system is reached: ipcs -l shows the limits"},
};

int
give_up(const char *what)
{
	const int reason = errno;
	const bool stream = strncmp(what, "standard ", 9) == 0;

	if (interrupted())
		return leave(EXIT_FAILURE);
	warn("%s: %s", path, what);
	for (size_t i = 0; i < sizeof(advices) / sizeof(*advices); i++)
		for (size_t k = 0; k < 6; k++)
			if (advices[i].reasons[k] == reason && !stream)
				warnx("%s", advices[i].advice);
	if (reason == EBADMSG)
		warnx("another program has written there; to remove it, type:\n"
		      "ipcrm -M %#x -S %#x",
		      (unsigned)ftok(".", 'm'), (unsigned)ftok(".", 's'));
	if (strcmp(what, "standard output") == 0)
		warnx("the text stays for the next reader");
	return leave(EXIT_FAILURE);
}

static const char help[] =
    "Usage: writer [-hv] [-s seconds] [path]\n"
    "       reader [-hv] [-s seconds] [path]\n"
    "\n"
    "writer puts lines from standard input into shared memory, and reader\n"
    "prints them.  Start each in a terminal of its own.  Ctrl-D ends the\n"
    "input and both programs, Ctrl-C one of them.\n"
    "\n"
    "  -h, --help  print this text\n"
    "  -s seconds  stay inside for so long with every text (0 to 1000000)\n"
    "  -v          tell each turn on standard error, with the semaphores\n"
    "  path        a directory, the same for both (default: this one)\n";

void
options(int argc, char *argv[], int reads_or_writes)
{
	static const struct option longs[] = {{"help", no_argument, NULL, 'h'},
					      {NULL, 0, NULL, 0}};
	char *rest;
	int option;

	role = reads_or_writes;
	while ((option = getopt_long(argc, argv, "hs:v", longs, NULL)) != -1) {
		switch (option) {
		case 'h':
			if (fputs(help, stdout) == EOF || fflush(stdout) == EOF)
				err(EXIT_FAILURE, "standard output");
			exit(EXIT_SUCCESS);
		case 's':
			seconds = strtod(optarg, &rest);
			if (rest == optarg || *rest != '\0' ||
			    !(seconds >= 0 && seconds <= 1e6))
				errx(2, "-s %s: not a number from 0 to 1000000",
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
		errx(2, "%s: only one path is allowed", argv[optind + 1]);
	if (optind < argc)
		path = argv[optind];
}
