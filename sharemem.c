/*
 * sharemem.c - the helpers of sharemem.h: first the documents', which are a
 * system call or two each, then the steps of writer.c and reader.c.
 *
 * Every step between the semaphores is ONE semop(2): the kernel does all its
 * operations at once or none, and sleeps until it can.  What a step takes, it
 * takes with SEM_UNDO, so that the kernel gives back what a dead process had.
 */
#define _XOPEN_SOURCE 700

#include "sharemem.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MODE  0600 /* the owner reads and writes, nobody else does anything */
#define TRIES 40   /* before a step sleeps: see begin() */

/* ---- The documents' helpers ---- */

int
createsem(const char *pathname, int proj_id, int members, int init_val)
{
	key_t key = ftok(pathname, proj_id);
	if (key == -1)
		return -1;
	int semid = semget(key, members, IPC_CREAT | IPC_EXCL | MODE);
	if (semid == -1)
		return -1;
	union semun sem_opts = {.val = init_val};
	for (int index = 0; index < members; index++) {
		if (semctl(semid, index, SETVAL, sem_opts) == -1) {
			int reason = errno == EINVAL ? EIDRM : errno;
			sem_delete(semid);
			errno = reason;
			return -1;
		}
	}
	return semid;
}

int
opensem(const char *pathname, int proj_id)
{
	key_t key = ftok(pathname, proj_id);
	return key == -1 ? -1 : semget(key, 0, MODE);
}

int
sem_p(int semid, int index)
{
	struct sembuf take = {(unsigned short)index, -1, SEM_UNDO};
	return semop(semid, &take, 1);
}

int
sem_v(int semid, int index)
{
	struct sembuf give = {(unsigned short)index, +1, SEM_UNDO};
	return semop(semid, &give, 1);
}

int
sem_wait(int semid, int index)
{
	struct sembuf look[] = {
	    {(unsigned short)index, -1, 0},
	    {(unsigned short)index, +1, 0},
	};
	return semop(semid, look, 2);
}

int
sem_delete(int semid)
{
	return semctl(semid, 0, IPC_RMID);
}

int
createshm(const char *pathname, int proj_id, size_t size)
{
	key_t key = ftok(pathname, proj_id);
	return key == -1 ? -1 : shmget(key, size, IPC_CREAT | MODE);
}

int
openshm(const char *pathname, int proj_id)
{
	key_t key = ftok(pathname, proj_id);
	return key == -1 ? -1 : shmget(key, 0, MODE);
}

void *
shm_attach(int shmid, int flag)
{
	void *shmaddr = shmat(shmid, NULL, flag);
	return shmaddr == (void *)-1 ? NULL : shmaddr;
}

int
shm_detach(const void *shmaddr)
{
	return shmdt(shmaddr);
}

int
shm_status(int shmid, struct shmid_ds *status)
{
	return shmctl(shmid, IPC_STAT, status);
}

int
shm_delete(int shmid)
{
	return shmctl(shmid, IPC_RMID, NULL);
}

/* ---- Signals: the first asks the program to end, a second kills it ---- */

static volatile sig_atomic_t signalled;

/* The signal may come just before a call that blocks: ring until it is seen. */
static void
on_signal(int signo)
{
	if (signo != SIGALRM)
		signalled = signo;
	alarm(1);
}

static void
catch_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGALRM, &action, NULL);
	action.sa_flags = (int)SA_RESETHAND;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction before;
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

/* ---- The steps between the semaphores ---- */

/* One semop(2): all its operations at once, or none yet. */
struct step {
	const char *waits; /* what for, to be told by -v */
	size_t count;
	struct sembuf ops[4];
};

/* A new set is born with all values 0, its guard taken. */
static const struct step open_set = {
    .count = 2,
    .ops = {{GUARD, +1, 0}, {GUARD, -1, SEM_UNDO}},
};

static const struct step enter = {
    .waits = "GUARD 1",
    .count = 1,
    .ops = {{GUARD, -1, SEM_UNDO}},
};

static const struct step go_out = {
    .count = 1,
    .ops = {{GUARD, +1, SEM_UNDO}},
};

static const struct step go_out_as_writer = {
    .count = 4,
    .ops =
	{
	    {WRITERS, +1, SEM_UNDO},
	    {NEWS, +1, 0},	   /* these two change nothing now, but when */
	    {NEWS, -1, SEM_UNDO},  /* the writer ends, however it ends, the */
	    {GUARD, +1, SEM_UNDO}, /* kernel undoes the -1: news of its end */
	},
};

static const struct step write_begins = {
    .waits = "UNREAD 0, GUARD 1",
    .count = 2,
    .ops =
	{
	    {UNREAD, 0, 0}, /* nothing unread is overwritten */
	    {GUARD, -1, SEM_UNDO},
	},
};

static const struct step write_ends = {
    .count = 3,
    .ops =
	{
	    {UNREAD, +1, 0}, /* the text appears and the guard is free */
	    {NEWS, +1, 0},   /* in the same instant */
	    {GUARD, +1, SEM_UNDO},
	},
};

static const struct step text_is_there = {
    .count = 3,
    .ops =
	{
	    {UNREAD, -1, 0}, /* wait for text, but do not take it yet: */
	    {UNREAD, +1, 0}, /* if this reader dies, the next one finds it */
	    {GUARD, -1, SEM_UNDO},
	},
};

static const struct step news_is_there = {
    .waits = "NEWS 1, GUARD 1",
    .count = 3,
    .ops = {{NEWS, -1, 0}, {NEWS, +1, 0}, {GUARD, -1, SEM_UNDO}},
};

static const struct step read_ends = {
    .count = 3,
    .ops =
	{
	    {UNREAD, -1, 0}, /* only now, when it is printed, */
	    {NEWS, -1, 0},   /* is the text gone */
	    {GUARD, +1, SEM_UNDO},
	},
};

static const struct step one_writer_less = {
    .count = 2,
    .ops = {{NEWS, -1, 0}, {GUARD, +1, SEM_UNDO}},
};

/* A removed set: EIDRM, or, for a call that comes later, EINVAL. */
static int
eidrm_if_removed(int result)
{
	if (result == -1 && errno == EINVAL)
		errno = EIDRM;
	return result;
}

static int
operate(const struct channel *channel, const struct step *step, int flag)
{
	struct step now = *step;
	int result;

	for (size_t i = 0; i < now.count; i++)
		now.ops[i].sem_flg = (short)(now.ops[i].sem_flg | flag);
	do /* SIGSTOP and SIGCONT end a sleep, too */
		result = semop(channel->semid, now.ops, now.count);
	while (result == -1 && errno == EINTR && !interrupted());
	return eidrm_if_removed(result);
}

static int
values(const struct channel *channel, unsigned short value[MEMBERS])
{
	union semun sem_opts = {.array = value};
	return eidrm_if_removed(semctl(channel->semid, 0, GETALL, sem_opts));
}

/* A line of -v, with the values as they are, or as `step' makes them. */
static void
tell(const struct channel *channel, const struct step *step, const char *format,
     ...)
{
	unsigned short value[MEMBERS] = {0};
	int now[MEMBERS];
	char what[80];
	va_list arguments;

	if (!channel->verbose || values(channel, value) == -1)
		return;
	for (int index = 0; index < MEMBERS; index++)
		now[index] = value[index];
	for (size_t i = 0; step != NULL && i < step->count; i++)
		now[step->ops[i].sem_num] += step->ops[i].sem_op;
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	fprintf(stderr, "%s: %-30s GUARD %d UNREAD %d NEWS %d WRITERS %d\n",
		channel->role == READER ? "reader" : "writer", what, now[GUARD],
		now[UNREAD], now[NEWS], now[WRITERS]);
}

/*
 * Go inside, by the step `quick' or, asleep until it can be done, by `patient'.
 * A sleep and a wake-up take much longer than a few tries, and the other side
 * is often about to come out; but it may need this processor for that.
 *
 * Returns the step that was done, or NULL.
 */
static const struct step *
begin(struct channel *channel, const struct step *quick,
      const struct step *patient)
{
	for (int tries = 0; !interrupted(); tries++) {
		const struct step *step = tries < TRIES ? quick : patient;
		const int flag = tries < TRIES ? IPC_NOWAIT : 0;
		if (tries == TRIES)
			tell(channel, NULL, "waits for %s", step->waits);
		if (operate(channel, step, flag) == 0) {
			channel->inside = true;
			tell(channel, NULL, "inside");
			return step;
		}
		if (errno != EAGAIN)
			return NULL;
		if (tries % 2 == 0)
			sched_yield();
	}
	errno = EINTR;
	return NULL;
}

/* Go outside. */
static int
end(struct channel *channel, const struct step *step)
{
	int result = operate(channel, step, 0);

	if (result == 0)
		channel->inside = false;
	return result;
}

int
begin_write(struct channel *channel)
{
	return begin(channel, &write_begins, &write_begins) == NULL ? -1 : 0;
}

int
end_write(struct channel *channel)
{
	tell(channel, &write_ends, "outside, %u bytes written",
	     channel->shmaddr->length);
	return end(channel, &write_ends);
}

ssize_t
begin_read(struct channel *channel)
{
	unsigned short value[MEMBERS] = {0};

	for (;;) {
		const struct step *step =
		    begin(channel, &text_is_there, &news_is_there);
		if (step == &text_is_there)
			break;
		if (step == NULL || values(channel, value) == -1)
			return -1;
		if (value[UNREAD] > 0)
			break;
		if (value[WRITERS] == 0) {
			/* The news stays: every other reader is to learn it. */
			tell(channel, &go_out, "outside, end of input");
			return end(channel, &go_out);
		}
		tell(channel, &one_writer_less, "outside, a writer has ended");
		if (end(channel, &one_writer_less) == -1)
			return -1;
	}
	const uint32_t length = channel->shmaddr->length;
	if (length == 0 || length > TEXT_SIZE) {
		channel->object = SEGMENT;
		errno = EBADMSG;
		return -1;
	}
	return (ssize_t)length;
}

int
end_read(struct channel *channel)
{
	tell(channel, &read_ends, "outside, %u bytes printed",
	     channel->shmaddr->length);
	return end(channel, &read_ends);
}

void
stay_inside(const struct channel *channel)
{
	const time_t whole = (time_t)channel->seconds;
	const double fraction = channel->seconds - (double)whole;
	const struct timespec stay = {whole, (long)(fraction * 1e9)};

	if (channel->seconds > 0 && !interrupted())
		nanosleep(&stay, NULL);
}

bool
nobody_reads(const struct channel *channel)
{
	unsigned short value[MEMBERS] = {0};
	struct shmid_ds status = {0};

	return values(channel, value) == 0 && value[UNREAD] > 0 &&
	       shm_status(channel->shmid, &status) == 0 &&
	       status.shm_nattch <= value[WRITERS];
}

/* ---- Joining ---- */

/* Whoever gives an object away keeps its owner's rights as the creator. */
static bool
ours(const struct ipc_perm *perm)
{
	return perm->uid == geteuid() && perm->cuid == geteuid() &&
	       (perm->mode & 0777) == MODE;
}

/*
 * Make sure that a set that was found is ours, and open: its creator's first
 * semop(2) sets sem_otime.  If that does not come, the creator died before it.
 */
static int
check_set(int semid)
{
	static const struct timespec a_little = {.tv_nsec = 10000000};
	struct semid_ds status = {0};
	union semun sem_opts = {.buf = &status};

	for (int waits = 0; waits < 100; waits++) {
		if (semctl(semid, 0, IPC_STAT, sem_opts) == -1)
			return eidrm_if_removed(-1);
		if (!ours(&status.sem_perm) || status.sem_nsems != MEMBERS) {
			errno = EPERM;
			return -1;
		}
		if (status.sem_otime != 0)
			return 0;
		nanosleep(&a_little, NULL);
	}
	sem_delete(semid);
	errno = EIDRM;
	return -1;
}

/* Create the set, or find it, and go inside. */
static int
enter_set(struct channel *channel, bool *created)
{
	channel->object = PATH;
	if (ftok(channel->path, 's') == -1)
		return -1;
	channel->object = SET;
	channel->semid = createsem(channel->path, 's', MEMBERS, 0);
	*created = channel->semid != -1;
	if (*created) {
		channel->inside = operate(channel, &open_set, 0) == 0;
		return channel->inside ? 0 : -1;
	}
	if (errno != EEXIST)
		return -1;
	channel->semid = opensem(channel->path, 's');
	if (channel->semid == -1 && errno == ENOENT)
		errno = EIDRM;
	if (channel->semid == -1 || check_set(channel->semid) == -1)
		return -1;
	return begin(channel, &enter, &enter) == NULL ? -1 : 0;
}

/* Who creates the set creates the segment; all others find both. */
static int
attach_segment(struct channel *channel, bool created)
{
	const int flag = channel->role == READER ? SHM_RDONLY : 0;
	struct shmid_ds status = {0};

	channel->object = SEGMENT;
	channel->shmid = created ? createshm(channel->path, 'm', SHM_SIZE)
				 : openshm(channel->path, 'm');
	if (channel->shmid == -1) {
		if (errno == EINVAL) /* there is one, and it is smaller */
			errno = EPERM;
		if (errno == ENOENT) /* somebody died between the two */
			errno = EIDRM;
		return -1;
	}
	if (shm_status(channel->shmid, &status) == -1)
		return eidrm_if_removed(-1);
	if (!ours(&status.shm_perm) || status.shm_segsz != SHM_SIZE) {
		channel->shmid = -1;
		errno = EPERM;
		return -1;
	}
	channel->shmaddr = shm_attach(channel->shmid, flag);
	return channel->shmaddr == NULL ? eidrm_if_removed(-1) : 0;
}

/* Look at what is there, take part, and go outside. */
static int
take_part(struct channel *channel, bool created)
{
	const struct step *step =
	    channel->role == WRITER ? &go_out_as_writer : &go_out;
	unsigned short value[MEMBERS] = {0};
	struct shmid_ds status = {0};

	if (values(channel, value) == -1 ||
	    shm_status(channel->shmid, &status) == -1)
		return eidrm_if_removed(-1);
	channel->object = SET;
	if (value[GUARD] != 0 || value[UNREAD] > 1 ||
	    value[NEWS] < value[UNREAD]) {
		errno = EPERM;
		return -1;
	}
	tell(channel, NULL, "set %d, key %#x", channel->semid,
	     (unsigned)ftok(channel->path, 's'));
	tell(channel, NULL, "segment %d, key %#x", channel->shmid,
	     (unsigned)ftok(channel->path, 'm'));
	tell(channel, step, "%s, %zu bytes, attached %lu",
	     created ? "created" : "found", status.shm_segsz,
	     (unsigned long)status.shm_nattch);
	/* Alone, and nothing unread: what news there is, is of the dead. */
	const struct step forget = {
	    NULL, 1, {{NEWS, (short)-value[NEWS], IPC_NOWAIT}}};
	if (status.shm_nattch == 1 && value[UNREAD] == 0 && value[NEWS] > 0 &&
	    operate(channel, &forget, 0) == -1)
		return -1;
	return end(channel, step);
}

/* Undo a start that failed; errno stays. */
static void
back_out(struct channel *channel, bool created)
{
	const int reason = errno;

	if (channel->shmaddr != NULL)
		shm_detach(channel->shmaddr);
	if (created && channel->shmid != -1)
		shm_delete(channel->shmid);
	if (created || reason == EIDRM)
		sem_delete(channel->semid);
	else if (channel->inside)
		sem_v(channel->semid, GUARD);
	channel->shmaddr = NULL;
	channel->shmid = channel->semid = -1;
	channel->inside = false;
	errno = reason;
}

int
join(struct channel *channel)
{
	bool created = false;

	catch_signals();
	do {
		if (enter_set(channel, &created) == 0 &&
		    attach_segment(channel, created) == 0 &&
		    take_part(channel, created) == 0)
			return 0;
		back_out(channel, created);
	} while (errno == EIDRM); /* removed under our hands: start over */
	return -1;
}

/* ---- Leaving ---- */

/* Unlike begin(), do it after a signal too: only a second one gives up. */
static int
enter_to_leave(struct channel *channel)
{
	bool said = false;

	while (!channel->inside) {
		if (operate(channel, &enter, 0) == 0)
			channel->inside = true;
		else if (errno != EINTR)
			return -1;
		else if (!said)
			warnx("somebody is inside: waiting to leave; a second "
			      "signal ends this at once");
		said = true;
	}
	return 0;
}

void
leave(struct channel *channel)
{
	unsigned short value[MEMBERS] = {0};
	struct shmid_ds status = {0};

	if (channel->semid != -1 && enter_to_leave(channel) == 0 &&
	    values(channel, value) == 0 &&
	    shm_status(channel->shmid, &status) == 0) {
		if (status.shm_nattch == 1 && value[UNREAD] == 0) {
			tell(channel, NULL, "removes segment %d and set %d",
			     channel->shmid, channel->semid);
			shm_delete(channel->shmid);
			sem_delete(channel->semid);
		} else {
			tell(channel, &go_out, "leaves, %s",
			     value[UNREAD] > 0 ? "text stays" : "others stay");
			/* Detach first: of two that leave, one is the last. */
			shm_detach(channel->shmaddr);
			end(channel, &go_out);
		}
	}
	if (interrupted())
		raise(signalled);
}

/* ---- What both programs have in common with any other ---- */

int
complain(const struct channel *channel)
{
	const int reason = errno;
	const bool set = channel->object == SET;
	const unsigned key = (unsigned)ftok(channel->path, set ? 's' : 'm');

	if (interrupted())
		return EXIT_FAILURE;
	errno = reason;
	switch (channel->object) {
	case PATH:
		warn("%s", channel->path);
		warnx("the path names the channel: it must be there, for both "
		      "programs");
		return EXIT_FAILURE;
	case INPUT:
		warn("standard input");
		return EXIT_FAILURE;
	case OUTPUT:
		warn("standard output");
		warnx("the text stays in the segment, for the next reader");
		return EXIT_FAILURE;
	case SET:
	case SEGMENT:
		break;
	}
	warn("%s: %s %#x", channel->path, set ? "semaphore set" : "segment",
	     key);
	if (reason == EIDRM)
		warnx("somebody removed it (ipcrm?): start both programs anew");
	if (reason == ENOSPC)
		warnx("the system's limit: see 'ipcs -l' and 'ipcs', and "
		      "remove with 'ipcrm' what nobody uses");
	if (reason == EPERM || reason == EACCES || reason == EBADMSG)
		warnx("it is not one of ours, and left as it is: see 'ipcs', "
		      "remove it with 'ipcrm -%c %#x', or give another path",
		      set ? 'S' : 'M', key);
	return EXIT_FAILURE;
}

struct channel
options(int argc, char *argv[], enum role role, const char *help)
{
	static const struct option longs[] = {{"help", no_argument, NULL, 'h'},
					      {NULL, 0, NULL, 0}};
	struct channel channel = {
	    .role = role, .path = ".", .semid = -1, .shmid = -1};
	char *rest;
	int option;

	while ((option = getopt_long(argc, argv, "hs:v", longs, NULL)) != -1) {
		switch (option) {
		case 'h':
			fputs(help, stdout);
			exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
		case 's':
			channel.seconds = strtod(optarg, &rest);
			if (rest == optarg || *rest != '\0' ||
			    !(channel.seconds >= 0 && channel.seconds <= 1e6))
				errx(2, "-s %s: not a number of seconds",
				     optarg);
			break;
		case 'v':
			channel.verbose = true;
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
