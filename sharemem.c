/*
 * sharemem.c - the helpers of sharemem.h: the documents', which are a system
 * call or two each; the turn; joining; leaving; and last what these programs
 * have in common with any other.
 *
 * A step between the semaphores is ONE semop(2): the kernel does all of its
 * operations at once or none, and sleeps until it can.  What a process holds
 * for a while it takes with SEM_UNDO, so that the kernel gives it back when the
 * process ends, however it ends; what it does for good, without.
 */
#define _XOPEN_SOURCE 700

#include "sharemem.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MODE 0600 /* the owner reads and writes, nobody else does anything */

static const char *verbose; /* -v: the name to tell under; else NULL */
static volatile sig_atomic_t signalled; /* the signal that ends us, or 0 */

static void catch_signals(void);
static void withdraw(struct channel *channel);

/* ---- The documents' helpers ---- */

/* What was there and is not any more: EIDRM, whichever call finds it out. */
static int
eidrm_if_gone(int result)
{
	if (result == -1 && (errno == EINVAL || errno == ENOENT))
		errno = EIDRM;
	return result;
}

/* One semop(2).  SIGSTOP and SIGCONT end its sleep, too: then once more. */
static int
step(int semid, struct sembuf *ops, size_t count)
{
	int result;

	do
		result = semop(semid, ops, count);
	while (result == -1 && errno == EINTR && !interrupted());
	return eidrm_if_gone(result);
}

int
createsem(const char *pathname, int proj_id, int members, int init_val)
{
	const key_t key = ftok(pathname, proj_id);
	if (key == -1)
		return -1;
	const int semid = semget(key, members, IPC_CREAT | IPC_EXCL | MODE);
	if (semid == -1)
		return -1;
	union semun sem_opts = {.val = init_val};
	for (int index = 0; init_val != 0 && index < members; index++)
		if (semctl(semid, index, SETVAL, sem_opts) == -1) {
			sem_delete(semid); /* errno stays */
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
	struct sembuf take = {(unsigned short)index, -1, SEM_UNDO};
	return step(semid, &take, 1);
}

int
sem_v(int semid, int index)
{
	struct sembuf give = {(unsigned short)index, +1, SEM_UNDO};
	return step(semid, &give, 1);
}

int
sem_wait(int semid, int index)
{
	struct sembuf look[] = {
	    {(unsigned short)index, -1, 0},
	    {(unsigned short)index, +1, 0},
	};
	return step(semid, look, 2);
}

int
sem_delete(int semid)
{
	return semctl(semid, 0, IPC_RMID);
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

/* Give the processor away.  Returns for how long, in seconds. */
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
 * A sleep and a wake-up take much longer than a few tries, and the other side
 * is often about to come out; but it may need this processor for that: so try,
 * yield now and then, and at last sleep.  Where others keep the processors
 * busy, a yield gives a whole time slice away: then sleep at once, for a
 * thousand waits.
 */
int
sem_wait_p(int semid, int awaited, int taken)
{
	static int without_tries; /* so many waits more */

	for (int tries = 1; !interrupted(); tries++) {
		const bool sleeps = tries > 40 || without_tries > 0;
		const short flag = sleeps ? 0 : IPC_NOWAIT;
		struct sembuf ops[] = {
		    {(unsigned short)awaited, -1, flag},
		    {(unsigned short)awaited, +1, 0},
		    {(unsigned short)taken, -1, (short)(SEM_UNDO | flag)},
		};

		if (sleeps && verbose != NULL &&
		    semctl(semid, awaited, GETVAL) > 0 &&
		    semctl(semid, taken, GETVAL) == 0)
			tell(semid, "waits for the guard");
		without_tries -= without_tries > 0;
		if (step(semid, ops, 3) == 0)
			return 0;
		if (errno != EAGAIN)
			return -1;
		if (tries % 2 == 0 && yield() > 0.001)
			without_tries = 1000;
	}
	errno = EINTR;
	return -1;
}

int
sem_pass_v(int semid, int from, int to, int given)
{
	struct sembuf ops[] = {
	    {(unsigned short)from, -1, IPC_NOWAIT},
	    {(unsigned short)to, +1, 0},
	    {(unsigned short)given, +1, SEM_UNDO},
	};
	return step(semid, ops, 3);
}

void
stay_inside(const struct channel *channel)
{
	const time_t whole = (time_t)channel->seconds;
	const double fraction = channel->seconds - (double)whole;
	struct timespec stay = {whole, (long)(fraction * 1e9)};

	while (channel->seconds > 0 && !interrupted())
		if (nanosleep(&stay, &stay) == 0)
			return;
}

void
wait_for_a_reader(const struct channel *channel)
{
	/* Linux tries again at each change: so IPC_NOWAIT ends the sleep. */
	struct sembuf while_read[] = {
	    {READERS, -1, IPC_NOWAIT},
	    {READERS, +1, 0},
	    {EMPTY, -1, 0},
	    {EMPTY, +1, 0},
	};

	if (step(channel->semid, while_read, 4) == -1 && errno == EAGAIN &&
	    semctl(channel->semid, EMPTY, GETVAL) == 0) {
		warnx("nobody reads in %s: start ./reader with the same path",
		      channel->path);
		sem_wait(channel->semid, EMPTY);
	}
}

/* ---- Joining ---- */

/* Whoever gives an object away keeps its owner's rights as the creator. */
static bool
ours(const struct ipc_perm *perm)
{
	return perm->uid == geteuid() && perm->cuid == geteuid() &&
	       (perm->mode & 0777) == MODE;
}

/* Create the set or find it, make sure that it is ours, and go inside. */
static int
enter_set(struct channel *channel)
{
	/* A new set has all values 0; whoever comes first opens it. */
	struct sembuf open[] = {
	    {GUARD, 0, IPC_NOWAIT}, {EMPTY, 0, IPC_NOWAIT},
	    {NEWS, 0, IPC_NOWAIT},  {EMPTY, +1, 0},
	    {GUARD, +1, 0},
	};
	struct semid_ds status = {0};
	union semun sem_opts = {.buf = &status};

	channel->failed = PATH;
	channel->keys[SET] = ftok(channel->path, 's');
	channel->keys[SEGMENT] = ftok(channel->path, 'm');
	if (channel->keys[SET] == -1 || channel->keys[SEGMENT] == -1)
		return -1;

	channel->failed = SET;
	int semid = createsem(channel->path, 's', MEMBERS, 0);
	const bool created = semid != -1;
	if (!created && errno == EEXIST)
		semid = eidrm_if_gone(opensem(channel->path, 's'));
	if (semid == -1 || eidrm_if_gone(semctl(semid, 0, IPC_STAT, sem_opts)))
		return -1;
	if (!ours(&status.sem_perm) || status.sem_nsems != MEMBERS) {
		errno = EPERM;
		return -1;
	}
	if (step(semid, open, 5) == -1 && errno != EAGAIN) {
		if (created && errno == E2BIG) /* nobody can open it */
			sem_delete(semid);
		return -1;
	}
	if (verbose != NULL && semctl(semid, GUARD, GETVAL) == 0)
		tell(semid, "waits for the guard");
	channel->semid = semid;
	return sem_p(semid, GUARD);
}

/* Inside: find the segment or create it, make sure that it is ours; attach. */
static int
attach_segment(struct channel *channel, bool may_create)
{
	const int flag = channel->role == READER ? SHM_RDONLY : 0;
	struct shmid_ds status = {0};

	channel->failed = SEGMENT;
	int shmid = openshm(channel->path, 'm');
	if (shmid == -1 && errno == ENOENT && may_create)
		shmid = createshm(channel->path, 'm', SHM_SIZE);
	if (shmid == -1)
		return -1;
	if (shmctl(shmid, IPC_STAT, &status) == -1)
		return eidrm_if_gone(-1);
	if (!ours(&status.shm_perm) || status.shm_segsz != SHM_SIZE) {
		errno = EPERM;
		return -1;
	}
	channel->shmid = shmid;
	void *shmaddr = shmat(shmid, NULL, flag);
	if (shmaddr == (void *)-1)
		return eidrm_if_gone(-1);
	channel->shmaddr = shmaddr;
	return 0;
}

/* Inside: look at what is there, attach, be counted, and go outside. */
static int
take_part(struct channel *channel)
{
	const int semid = channel->semid;
	unsigned short value[MEMBERS] = {0};
	union semun sem_opts = {.array = value};
	/*
	 * A writer's last two change nothing now; but when it ends, however it
	 * ends, the kernel undoes the -1: that is the news of its end.
	 */
	struct sembuf ops[] = {
	    {channel->role == READER ? READERS : WRITERS, +1, SEM_UNDO},
	    {GUARD, +1, SEM_UNDO},
	    {NEWS, +1, 0},
	    {NEWS, -1, SEM_UNDO},
	};

	if (semctl(semid, 0, GETALL, sem_opts) == -1)
		return eidrm_if_gone(-1);
	const bool nobody = value[READERS] == 0 && value[WRITERS] == 0;
	const bool unread = value[EMPTY] == 0;
	if (value[GUARD] > 0 || value[EMPTY] > 1 ||
	    (unread && value[NEWS] == 0)) {
		sem_v(semid, GUARD);
		channel->semid = -1; /* left as it is */
		errno = EPERM;
		return -1;
	}

	/* With nobody there, what else was in NEWS is of the dead. */
	sem_opts.val = unread ? 2 : 0; /* the text and its writer's end */
	if (nobody && semctl(semid, NEWS, SETVAL, sem_opts) == -1)
		return eidrm_if_gone(-1);

	if (attach_segment(channel, nobody && !unread) == -1) {
		if (errno != ENOENT ||
		    ftok(channel->path, 'm') != channel->keys[SEGMENT])
			return -1;
		/* In use, and its segment is gone: tell all, and start over. */
		if (unread)
			warnx("%s: somebody (ipcrm, kernel.shm_rmid_forced) "
			      "removed the segment, and a text in it is lost",
			      channel->path);
		sem_delete(semid);
		errno = EIDRM;
		return -1;
	}
	tell(semid, "set %d, segment %d", semid, channel->shmid);
	channel->failed = SET;
	if (step(semid, ops, channel->role == READER ? 2 : 4) == -1) {
		shmdt(channel->shmaddr); /* errno stays */
		channel->shmaddr = NULL; /* and it is not counted */
		return -1;
	}
	return 0;
}

int
join(struct channel *channel)
{
	catch_signals();
	do {
		if (enter_set(channel) == 0 && take_part(channel) == 0)
			return 0;
		const int reason = errno;
		withdraw(channel);
		errno = reason;
	} while (errno == EIDRM && !interrupted()); /* removed: start over */
	return -1;
}

/* ---- Leaving ---- */

/* One step: nobody takes part, nothing is unread, and nobody can come in. */
static void
remove_if_last(const struct channel *channel)
{
	struct sembuf last[] = {
	    {READERS, 0, IPC_NOWAIT},
	    {WRITERS, 0, IPC_NOWAIT},
	    {EMPTY, -1, IPC_NOWAIT},
	    {EMPTY, +1, 0},
	    {GUARD, -1, SEM_UNDO | IPC_NOWAIT},
	};

	if (step(channel->semid, last, 5) == -1)
		return;
	tell(channel->semid, "removes both");
	shmctl(channel->shmid, IPC_RMID, NULL);
	sem_delete(channel->semid);
}

/* Take part no more, from wherever an error, or the end, has come. */
static void
withdraw(struct channel *channel)
{
	const int semid = channel->semid;
	struct sembuf count_out = {channel->role == READER ? READERS : WRITERS,
				   -1, SEM_UNDO | IPC_NOWAIT};

	/* Who took the guard last is inside, unless it is free. */
	if (semctl(semid, GUARD, GETVAL) == 0 &&
	    semctl(semid, GUARD, GETPID) == getpid())
		sem_v(semid, GUARD);
	if (channel->shmaddr != NULL) {
		shmdt(channel->shmaddr);
		step(semid, &count_out, 1);
	}
	remove_if_last(channel);
	tell(semid, "leaves"); /* a set that is gone has nothing to tell */
	channel->semid = -1;
}

int
leave(struct channel *channel, int status)
{
	withdraw(channel);
	if (interrupted()) {
		signal(signalled, SIG_DFL);
		raise(signalled);
	}
	return status;
}

/* ---- What any Unix program has: signals, messages, options ---- */

/*
 * The signal may come just before a call that sleeps: so ring again and again,
 * until we have ended.  Only a first signal makes SIGALRM ours; and SIGCONT,
 * after a stop at the prompt, only ends the read(2), so that the prompt comes
 * again.
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

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaction(signals[i], NULL, &before);
		if (before.sa_handler != SIG_IGN) /* nohup, or & in a script */
			sigaction(signals[i], &action, NULL);
	}
}

bool
interrupted(void)
{
	return signalled != 0;
}

void
tell(int semid, const char *format, ...)
{
	unsigned short value[MEMBERS] = {0};
	union semun sem_opts = {.array = value};
	char what[80];
	va_list arguments;

	if (verbose == NULL || semctl(semid, 0, GETALL, sem_opts) == -1)
		return;
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	fprintf(stderr,
		"    GUARD %d EMPTY %d NEWS %d READERS %d WRITERS %d  %s: %s\n",
		value[GUARD], value[EMPTY], value[NEWS], value[READERS],
		value[WRITERS], verbose, what);
}

/* Not one of ours: say whose it is, which /proc tells everybody. */
static void
name_owner(bool set, key_t key)
{
	const char *columns =
	    set ? "%d %*s %*s %*s %u" : "%d %*s %*s %*s %*s %*s %*s %u";
	FILE *table =
	    fopen(set ? "/proc/sysvipc/sem" : "/proc/sysvipc/shm", "r");
	char line[256];
	key_t its_key;
	uid_t owner;
	bool found = false;

	while (table != NULL && !found && fgets(line, sizeof(line), table))
		found = sscanf(line, columns, &its_key, &owner) == 2 &&
			its_key == key;
	if (table != NULL)
		fclose(table);
	const struct passwd *user = found ? getpwuid(owner) : NULL;
	if (found && owner == geteuid())
		warnx("it is not one of ours, and left as it is: give another "
		      "path, or remove it with 'ipcrm -%c %#x'",
		      set ? 'S' : 'M', (unsigned)key);
	else
		warnx("it belongs to %s, and is left as it is: give another "
		      "path",
		      user != NULL ? user->pw_name : "another user");
}

/* Say what failed, on what, and what a beginner can do. */
static void
complain(const struct channel *channel, int reason)
{
	static const char *const names[] = {
	    [SET] = "semaphore set",
	    [SEGMENT] = "segment",
	    [INPUT] = "standard input",
	    [OUTPUT] = "standard output",
	};
	static const struct {
		enum where failed;
		int reason;
		const char *advice;
	} advices[] = {
	    {PATH, ENOENT, "both programs meet at a path: it must be there"},
	    {PATH, ENOTDIR, "both programs meet at a path: it must be there"},
	    {PATH, EACCES, "a directory on the way there is closed to you"},
	    {SET, EIDRM, "removed (by ipcrm?): start both programs anew"},
	    {SET, ENOSPC, "a limit of the system's: see 'ipcs -l' and 'ipcs'"},
	    {SEGMENT, ENOSPC, "a limit of the system's: see 'ipcs -l', 'ipcs'"},
	    {SET, EINVAL, "'sysctl kernel.sem': SEMMSL, the first, is below 5"},
	    {SET, E2BIG, "'sysctl kernel.sem': SEMOPM, the third, is below 5"},
	    {SEGMENT, EINVAL, "'sysctl kernel.shmmax' is below 256 bytes"},
	    {SET, ERANGE, "32767 writers have ended unread: start ./reader"},
	};
	const enum where failed = channel->failed;
	const bool object = failed == SET || failed == SEGMENT;

	if (failed == SET && reason == EINVAL && channel->semid != -1)
		reason = EIDRM; /* for it was there */
	errno = reason;
	if (object)
		warn("%s: %s %#x", channel->path, names[failed],
		     (unsigned)channel->keys[failed]);
	else
		warn("%s", failed == PATH ? channel->path : names[failed]);
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (failed == advices[i].failed && reason == advices[i].reason)
			warnx("%s", advices[i].advice);
	if (object &&
	    (reason == EPERM || reason == EACCES || reason == EBADMSG))
		name_owner(failed == SET, channel->keys[failed]);
	if (failed == OUTPUT && semctl(channel->semid, EMPTY, GETVAL) == 0)
		warnx("the text stays in the segment, for the next reader");
}

int
give_up(struct channel *channel)
{
	if (!interrupted())
		complain(channel, errno);
	return leave(channel, EXIT_FAILURE);
}

struct channel
options(int argc, char *argv[], enum role role, const char *purpose)
{
	static const struct option longs[] = {{"help", no_argument, NULL, 'h'},
					      {NULL, 0, NULL, 0}};
	const char *name = role == READER ? "reader" : "writer";
	struct channel channel = {
	    .role = role, .path = ".", .semid = -1, .shmid = -1};
	char *rest;
	int option;

	while ((option = getopt_long(argc, argv, "hs:v", longs, NULL)) != -1) {
		switch (option) {
		case 'h':
			printf(
			    "Usage: %s [-hv] [-s seconds] [path]\n%s\n\n"
			    "  -h, --help  print this text\n"
			    "  -s seconds  stay inside the guard so long in "
			    "every turn\n"
			    "  -v          tell every turn on standard error, "
			    "with the values inside\n"
			    "  path        an existing file or directory, "
			    "the same for both programs\n"
			    "              (default: the current directory)\n",
			    name, purpose);
			exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
		case 's':
			channel.seconds = strtod(optarg, &rest);
			if (rest == optarg || *rest != '\0' ||
			    !(channel.seconds >= 0 && channel.seconds <= 1e6))
				errx(2, "-s %s: not a number of seconds",
				     optarg);
			break;
		case 'v':
			verbose = name;
			break;
		default:
			errx(2, "try '%s --help'", argv[0]);
		}
	}
	if (argc - optind > 1)
		errx(2, "%s: one path is enough; try '%s --help'",
		     argv[optind + 1], argv[0]);
	if (optind < argc)
		channel.path = argv[optind];
	return channel;
}
