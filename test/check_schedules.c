/*
 * check_schedules.c - a scheduler of our own.  It runs a few writers and
 * readers under ptrace(2), and stops each before and after every system call
 * that matters.  It lets one of them go on at a time.  A seed decides
 * everything: who comes and when, whose turn it is, and the attacks: signals,
 * stops, deaths, calls that fail, and another directory under the channel's
 * name.  After each step, a model of the channel is compared with the channel.
 *
 *	$ SCHEDULES=20000 CK_RUN_SUITE=Schedules test/check
 *	$ STORY=1 SEED=4711 CK_RUN_SUITE=Schedules test/check	one run, told
 *
 * In this order: the run's state, its story, the model, the scheduler, the
 * attacks, the end of a run, and run() itself, the best place to begin.
 */
#define _GNU_SOURCE

#include "support.h"
#include "trace.h"

#include <stdarg.h>
#include <sys/uio.h>

enum {
	MOST = 16,	   /* processes in a run */
	STEPS = 5000,	   /* a run that takes more does not come to an end */
	TEXTS = 3,	   /* a writer's, at most */
	TEXT_LENGTH = 150, /* each needs a turn of its own */
	CHUNK = 50	   /* runs in a test */
};

/* The attacks.  Three of them change the name of a directory. */
enum kind { SIGNAL, SIGNAL_ALL, STOP, KILL, REMOVE, RENAME, REPLACE, FAIL };

/* ---- The run: its processes, and the model of what they share ---- */

struct process {
	/* What the seed has chosen. */
	bool writer;
	int name;   /* of its directory: index of `names' */
	int texts;  /* a writer's */
	int begins; /* at this step */
	/* What the scheduler sees. */
	int number; /* index of the list of processes */
	struct traced t;
	int stays_until;  /* it is slow, as with -s, until this step */
	int held_until;	  /* stopped by SIGSTOP until this step; or 0 */
	unsigned signals; /* those that it has received, a bit each */
	bool armed;	  /* it has called alarm(1) */
	/* The model. */
	struct channel *channel; /* its directory, from chdir(2) on; or NULL */
	bool opens; /* its own new set.  (If that fails: check_deaths.c.) */
	bool joined, left, may_end, must_end, saw_end;
	bool failed;  /* a call of it, by an attack */
	bool excused; /* by that: it need not clean up */
	int entered;  /* texts that it has put into the segment */
};

/* A directory, whatever its name becomes, and the set that it has. */
struct channel {
	key_t key; /* of the set */
	int semid;
	bool exists, open;
	int used, excused;	/* the last step of a user, and of an excuse */
	struct process *holder; /* of the guard */
	int news;
	struct process *text;	 /* who wrote the text inside, as its last */
	struct process *printer; /* the reader that has printed it */
};

struct attack {
	enum kind kind;
	bool at_joins; /* when somebody joins: waits for the guard, or has it */
	int at;	       /* this step, or later */
};

/* The lists of a run, each with its length. */
#define foreach(kind, it)                                                      \
	for (struct kind *it = kind##_list; it < kind##_list + kind##_count;   \
	     it++)
static struct process process_list[MOST];
static struct channel channel_list[2];
static struct attack attack_list[4];
static int process_count, attack_count;
static const int channel_count = 2;

static int steps;    /* done in this run */
static bool at_rest; /* nobody can go on: all that is to come is due */
enum { FIRST, SECOND, MOVED, NAMES };
static const char *const names[] = {"first", "second", "moved"};
static struct channel *named[NAMES]; /* so; or NULL */
static unsigned seed;
static unsigned long long random_state;

/* A random number from 0 to limit - 1. */
static int
below(int limit)
{
	unsigned long long z = random_state += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (int)((z ^ (z >> 31)) % (unsigned)limit);
}

/* ---- The story of a run, printed if it fails ---- */

static FILE *story; /* kept in `told' */
static char *told;
static char line[300]; /* the last one */

/* Add a line; `p' is who did it, or NULL. */
static void __attribute__((format(printf, 2, 3)))
note(const struct process *p, const char *format, ...)
{
	va_list arguments;
	int n = 0;

	if (p != NULL)
		n = sprintf(line, "%s %d  ", p->writer ? "writer" : "reader",
			    p->number);
	va_start(arguments, format);
	vsnprintf(line + n, sizeof(line) - (size_t)n, format, arguments);
	va_end(arguments);
	fprintf(story, "%5d  %s\n", steps, line);
}

/* The model does not allow what the story's last line says. */
static void __attribute__((noreturn)) give_up_run(void)
{
	fflush(story);
	printf("SEED=%u:\n%s%s", seed, told, read_file("err", NULL));
	fflush(stdout);
	ck_abort_msg("SEED=%u: %s", seed, line);
}

#define require(condition, ...)                                                \
	do {                                                                   \
		if (!(condition)) {                                            \
			note(__VA_ARGS__);                                     \
			give_up_run();                                         \
		}                                                              \
	} while (0)

/* The command of a semctl(2) or shmctl(2). */
static int
command_of(const struct traced *t)
{
	return (int)t->args[t->call == SEMCTL ? 2 : 1] & 0xff;
}

static void
note_call(const struct process *p)
{
	static const char *const semaphores[] = {"GUARD", "EMPTY", "NEWS",
						 "READERS", "WRITERS"};
	const struct traced *t = &p->t;
	char text[160] = "";
	int n = 0;

	for (size_t i = 0; t->call == SEMOP && i < t->args[2]; i++)
		n += sprintf(text + n, " %s%+d%s%s",
			     semaphores[t->ops[i].sem_num % MEMBERS],
			     t->ops[i].sem_op,
			     t->ops[i].sem_flg & SEM_UNDO ? "u" : "",
			     t->ops[i].sem_flg & IPC_NOWAIT ? "n" : "");
	if (t->call == SEMCTL || t->call == SHMCTL)
		sprintf(text, " command %d", command_of(t));
	note(p, "%s %d%s = %lld %s", call_names[t->call], (int)t->args[0], text,
	     t->result, t->result < 0 ? strerror((int)-t->result) : "");
}

/* ---- The model: what a call has changed ---- */

static bool
got(const struct process *p, int signo)
{
	return p->signals >> signo & 1;
}

/* How many have joined: READERS, or WRITERS. */
static int
joined(const struct channel *c, int role)
{
	int count = 0;

	foreach (process, p)
		count += p->joined && p->channel == c &&
			 p->writer == (role == WRITERS);
	return count;
}

static bool
anyone_joined(const struct channel *c)
{
	return joined(c, READERS) + joined(c, WRITERS) > 0;
}

static void
text_of(char *bytes, const struct process *writer, int number)
{
	sprintf(bytes, "writer %2d text %-*d\n", writer->number,
		TEXT_LENGTH - 16, number);
}

static void
has_joined(struct process *p)
{
	struct channel *c = p->channel;

	require(c->holder == p, p, "joins without the guard");
	p->joined = true;
	const bool writes = joined(c, WRITERS) > 0;
	foreach (process, other) {
		if (!other->joined || other->channel != c)
			continue;
		other->must_end |= writes || c->news > 0;
		other->may_end |= writes || c->text != NULL;
	}
}

/* A successful semop(2). */
static void
has_operated(struct process *p)
{
	struct channel *c = p->channel;
	int sum[MEMBERS] = {0};

	for (size_t i = 0; i < p->t.args[2]; i++)
		sum[p->t.ops[i].sem_num] += p->t.ops[i].sem_op;
	if (sum[EMPTY] > 0 && sum[NEWS] == 0) {
		require(!c->open, p, "opens an open set");
		c->open = true;
		return;
	}
	require((sum[EMPTY] == 0 && sum[NEWS] >= 0) || c->holder == p, p,
		"ends a turn without the guard");
	c->news += sum[NEWS];
	if (sum[READERS] + sum[WRITERS] > 0)
		has_joined(p);
	else if (sum[READERS] + sum[WRITERS] < 0) {
		require(sum[NEWS] == p->writer, p, "does not tell its end");
		p->joined = false;
		p->left = true;
	} else if (sum[EMPTY] < 0) { /* a text goes in */
		require(p->writer && c->text == NULL, p, "overwrites a text");
		c->text = p;
		p->entered++;
	} else if (sum[EMPTY] > 0) { /* and out */
		require(!p->writer && c->text != NULL && c->printer == p, p,
			"passes on what it has not printed");
		c->text = c->printer = NULL;
	} else if (sum[NEWS] < 0 && p->joined)
		require(!p->writer && c->text == NULL, p,
			"takes a text for a writer's end");
	if (sum[GUARD] < 0) {
		c->holder = p;
		/* The end of those that are there now is an end for it. */
		p->may_end |= !p->joined && anyone_joined(c);
		if (below(6) == 0)
			p->stays_until = steps + below(100);
	}
	if (sum[GUARD] > 0) {
		p->saw_end = c->text == NULL && joined(c, WRITERS) == 0;
		c->holder = NULL;
	}
}

static void
has_printed(struct process *p)
{
	char expected[TEXT_LENGTH + 1], bytes[TEXT_LENGTH];
	const struct iovec here = {bytes, TEXT_LENGTH};
	const struct iovec there = {(void *)(size_t)p->t.args[1], TEXT_LENGTH};
	struct channel *c = p->channel;

	require(p->joined && c->holder == p, p, "prints without the guard");
	require(c->text != NULL && p->t.result == TEXT_LENGTH, p,
		"prints %lld bytes that are no text", p->t.result);
	require(c->printer == NULL || c->printer->failed ||
		    got(c->printer, SIGKILL),
		p, "prints a text once more");
	text_of(expected, c->text, c->text->entered - 1);
	require(process_vm_readv(p->t.pid, &here, 1, &there, 1, 0) ==
			TEXT_LENGTH &&
		    memcmp(bytes, expected, TEXT_LENGTH) == 0,
		p, "prints %.20s, not %.20s", bytes, expected);
	c->printer = p;
}

/* A successful semctl(2) or shmctl(2). */
static void
has_controlled(struct process *p)
{
	struct channel *c = p->channel;

	if (command_of(&p->t) != IPC_RMID)
		return;
	require(!anyone_joined(c) && c->text == NULL, p,
		"removes what is in use");
	c->exists &= p->t.call != SEMCTL;
}

static void
has_found_set(struct process *p)
{
	struct channel *c = p->channel;

	p->opens = p->t.args[2] & IPC_CREAT;
	if (p->opens)
		*c = (struct channel){c->key, (int)p->t.result, true,
				      .excused = c->excused, .used = steps};
	require(c->semid == p->t.result, p, "finds another set");
}

/* A call has returned.  One that has failed has changed nothing. */
static void
has_called(struct process *p)
{
	static void (*const effects[EXIT + 1])(struct process *) = {
	    [SEMGET] = has_found_set,
	    [SEMOP] = has_operated,
	    [SEMCTL] = has_controlled,
	    [SHMCTL] = has_controlled,
	    [WRITE] = has_printed};

	note_call(p);
	if (p->t.call == CHDIR) {
		p->channel = named[p->name];
		require((p->t.result == 0) == (p->channel != NULL), p,
			"is in another directory");
	}
	if (p->t.call == SEMGET || p->t.call == SHMGET)
		require(p->channel != NULL &&
			    (((key_t)p->t.args[0] ^ p->channel->key) &
			     0xffffff) == 0,
			p, "uses the key of another directory");
	if (p->t.call == SEMOP) {
		if ((int)p->t.args[0] == p->channel->semid &&
		    p->channel->exists)
			p->channel->used = steps;
		p->opens = false;
	}
	if (p->t.call == ALARM)
		p->armed = true;
	if (p->t.result >= 0 && effects[p->t.call] != NULL)
		effects[p->t.call](p);
}

/* What its end changes, and whether it may end so. */
static void
has_ended(struct process *p)
{
	const int signo = WIFSIGNALED(p->t.status) ? WTERMSIG(p->t.status) : 0;
	const int status = WEXITSTATUS(p->t.status);
	struct channel *c = p->channel;

	note(p, "ends %s %d", signo != 0 ? "by signal" : "with",
	     signo != 0 ? signo : status);
	if (c != NULL && (p->excused || got(p, SIGKILL)))
		c->excused = steps;
	if (c != NULL && c->holder == p)
		c->holder = NULL;
	if (p->joined && p->writer)
		c->news++; /* the kernel tells its end */
	if (signo != SIGKILL) {
		require(signo == 0 || got(p, signo), p, "ends by a signal");
		require(p->failed ||
			    (!p->joined && !(c != NULL && c->printer == p)),
			p, "ends inside its turn, or without leaving");
		require(p->failed || signo != 0 || status == (c == NULL), p,
			"ends with %d", status);
		require(signo != 0 || status != 0 ||
			    (p->writer ? p->entered == p->texts
				       : p->may_end && p->saw_end),
			p, "ends before the end");
	}
	p->joined = false;
}

/* The model is as the channel is. */
static void
compare(void)
{
	unsigned short value[MEMBERS];
	union semun sem_opts = {.array = value};

	foreach (channel, c) {
		if (!c->exists)
			continue;
		require(semctl(c->semid, 0, GETALL, sem_opts) == 0, NULL,
			"set %d has gone", c->semid);
		const int expected[MEMBERS] = {
		    [GUARD] = c->open && c->holder == NULL,
		    [EMPTY] = c->open && c->text == NULL,
		    [NEWS] = c->news,
		    [READERS] = joined(c, READERS),
		    [WRITERS] = joined(c, WRITERS)};
		for (int i = 0; i < MEMBERS; i++)
			require(value[i] == expected[i], NULL,
				"set %d: semaphore %d is %d, not %d", c->semid,
				i, value[i], expected[i]);
	}
}

/* ---- The scheduler ---- */

static void
add_process(bool writer, int name, int latest)
{
	require(process_count < MOST, NULL, "does not come to an end");
	process_list[process_count] = (struct process){
	    .number = process_count,
	    .writer = writer,
	    .name = name,
	    .texts = 1 + below(TEXTS),
	    .begins = latest > 0 && below(2) == 0 ? below(latest) : 0};
	process_count++;
}

static void
start_process(struct process *p)
{
	char bytes[TEXTS * TEXT_LENGTH + 1], input[16];

	for (int i = 0; i < p->texts; i++)
		text_of(bytes + i * TEXT_LENGTH, p, i);
	sprintf(input, "in%d.%d", p->number, p->texts);
	if (access(input, F_OK) == -1) /* not of an earlier run */
		write_file(input, bytes, (size_t)p->texts * TEXT_LENGTH);
	p->t = start_traced(p->writer ? "writer" : "reader", names[p->name],
			    p->writer ? input : NULL, NULL, "err");
	note(p, "starts with %s", names[p->name]);
}

/* Wait until it has stopped, has ended, or sleeps. */
static void
wait_for(struct process *p)
{
	const enum state before = p->t.state;

	require(settle(&p->t), p, "does not come to a stop");
	if (p->t.state == DEAD)
		has_ended(p);
	else if (p->t.state == AFTER)
		has_called(p);
	else if (p->t.state == AT_SIGNAL && p->t.signo == SIGSTOP) {
		note(p, "is stopped");
		p->t.signo = 0;
		p->held_until = steps + 1 + below(200);
	} else if (p->t.state == ASLEEP) {
		if (before != ASLEEP)
			note(p, "sleeps");
		require(!p->left, p, "waits while it leaves");
	}
}

/* Those that have slept may have been woken. */
static void
after_step(struct process *p)
{
	foreach (process, other)
		if (other->t.state == ASLEEP)
			wait_for(other);
	compare();
	if (below(60) == 0)
		p->stays_until = steps + below(80);
}

/* Let it go on to its next stop. */
static void
go_on(struct process *p)
{
	if (p->t.signo != 0) {
		note(p, "receives signal %d", p->t.signo);
		p->signals |= 1U << p->t.signo;
	}
	steps++;
	resume(&p->t);
	wait_for(p);
	after_step(p);
}

static void
send(struct process *p, int signo)
{
	note(p, "is sent signal %d", signo);
	kill(p->t.pid, signo);
	p->armed &= signo != SIGALRM;
	p->held_until = signo == SIGCONT ? 0 : p->held_until;
	if (signo == SIGKILL) {
		p->signals |= 1U << SIGKILL;
		while (p->t.state != DEAD)
			settle(&p->t);
		has_ended(p);
	} else if (p->t.state == ASLEEP)
		wait_for(p);
	after_step(p);
}

static bool
is_due(int at)
{
	return at <= steps || at_rest;
}

/* Is it inside, and has not joined yet? */
static bool
enters(const struct process *p)
{
	return p->channel != NULL && p->channel->holder == p && !p->joined &&
	       !p->left;
}

enum trait { LIVES, SLEEPS, READY, QUICK, RINGS, JOINS, CALLS, HELD, BEGINS };

static bool
is(enum trait trait, const struct process *p)
{
	const bool lives = p->t.state != UNBORN && p->t.state != DEAD;
	const bool sleeps = p->t.state == ASLEEP, held = p->held_until > 0;
	const bool traits[] = {
	    [LIVES] = lives,
	    [SLEEPS] = sleeps,
	    [READY] = lives && !sleeps && !held, /* at a stop: may go on */
	    [QUICK] = lives && !sleeps && !held && p->stays_until <= steps,
	    [RINGS] = sleeps && !held && p->armed, /* its alarm may ring */
	    [JOINS] = sleeps && !p->joined,	   /* waits for the guard */
	    [CALLS] = p->t.state == BEFORE && !p->failed && !p->opens &&
		      p->t.call >= SEMGET && p->t.call <= SHMDT,
	    [HELD] = lives && held && is_due(p->held_until), /* long enough */
	    [BEGINS] = p->t.state == UNBORN && is_due(p->begins)};

	return traits[trait];
}

/* Any process that is so; or NULL. */
static struct process *
any(enum trait trait)
{
	int count = 0;

	foreach (process, p)
		count += is(trait, p);
	int which = count == 0 ? 0 : below(count);
	foreach (process, p)
		if (is(trait, p) && which-- == 0)
			return p;
	return NULL;
}

/* ---- The attacks ---- */

/* If it is time for the attack: who is hit?  Else NULL. */
static struct process *
victim_of(const struct attack *a)
{
	const struct channel *c = &channel_list[below(4) == 0];
	struct process *p = any(a->kind == FAIL ? CALLS : LIVES);

	if (p == NULL || !is_due(a->at))
		return NULL;
	if (a->kind == FAIL && a->at_joins)
		return below(4) == 0 && enters(p) ? p : NULL;
	if (a->kind == FAIL) /* most calls are those of joining */
		return below(p->joined ? 4 : 16) == 0 ? p : NULL;
	if (a->at_joins && !at_rest && any(JOINS) == NULL)
		return NULL;
	return c->holder != NULL ? c->holder : p; /* often the one inside */
}

static void
do_attack(enum kind kind, struct process *victim)
{
	static const int signals[] = {SIGTERM, SIGTERM, SIGINT, SIGHUP};
	const int from = kind == REPLACE ? SECOND : FIRST;
	const int to = kind == REPLACE ? FIRST : MOVED;

	if ((kind == SIGNAL || kind == FAIL) && below(2) == 0) /* and then */
		attack_list[attack_count++] =
		    (struct attack){SIGNAL_ALL, .at = steps + below(20)};
	if (kind == SIGNAL)
		send(victim, signals[below(4)]);
	else if (kind == STOP)
		send(victim, SIGSTOP);
	else if (kind == KILL)
		send(victim, SIGKILL);
	else if (kind == SIGNAL_ALL) { /* Ctrl-C, at a terminal */
		foreach (process, p)
			if (is(LIVES, p))
				send(p, SIGINT);
	} else if (kind == FAIL) {
		note(victim, "%s fails", call_names[victim->t.call]);
		answer(&victim->t, -(int[]){ENOMEM, ENOSPC, EACCES}[below(3)]);
		victim->failed = true;
		victim->excused = !enters(victim); /* else it cleans up */
		victim->stays_until = steps + below(100);
	} else if (named[from] != NULL) {
		note(NULL, "%s goes", names[from]);
		named[to] = kind == REMOVE ? named[to] : named[from];
		named[from] = NULL;
		if (kind == REMOVE)
			rmdir(names[from]);
		else
			rename(names[from], names[to]);
	}
}

/* ---- The end of a run ---- */

/* All rest: each must have a reason to wait. */
static void
check_rest(void)
{
	foreach (process, p) {
		if (!is(SLEEPS, p))
			continue;
		require(!got(p, SIGTERM) && !got(p, SIGINT) && !got(p, SIGHUP),
			p, "goes on after a signal");
		require(!p->writer || p->entered < p->texts, p,
			"sleeps after its last text");
		require(!p->must_end || p->channel->holder != NULL ||
			    joined(p->channel, WRITERS) > 0,
			p, "misses the end");
	}
}

static int
segment_in(const struct channel *c)
{
	return shmget((c->key & 0xffffff) | 'm' << 24, 0, 0);
}

static bool
is_left(const struct channel *c)
{
	return semget(c->key, 0, 0) != -1 || segment_in(c) != -1;
}

/*
 * All rest: a partner comes for one that waits, or for what is left.  A set and
 * a segment may be left if a text is there, or if one of their users was
 * killed, or could not clean up, and nobody has used them since.
 */
static bool
help(void)
{
	struct process *p = any(SLEEPS);

	require(p == NULL || p->joined, p, "cannot join");
	foreach (channel, c)
		require(p != NULL || c->text != NULL || c->excused >= c->used ||
			    !is_left(c),
			NULL, "a set or a segment is left");
	for (int i = 0; i < NAMES; i++)
		if (named[i] != NULL &&
		    (p != NULL ? p->channel == named[i] : is_left(named[i]))) {
			add_process(p != NULL ? !p->writer : below(2), i, 0);
			return true;
		}
	if (p != NULL) /* nobody can find its directory */
		send(p, SIGTERM);
	return p != NULL;
}

/* ---- A run ---- */

static void
prepare_run(void)
{
	random_state = seed * 0x2545f4914f6cdd1dULL;
	bool moves = false;

	steps = 0;
	at_rest = false;
	process_count = attack_count = 0;
	for (int i = 0; i < NAMES; i++) {
		rmdir(names[i]);
		named[i] = i == MOVED ? NULL : &channel_list[i];
	}
	foreach (channel, c) {
		const char *name = names[c - channel_list];
		ck_assert_int_eq(mkdir(name, 0700), 0);
		*c = (struct channel){.key = ftok(name, 's')};
		ck_assert(!is_left(c));
	}
	for (int i = below(4); i > 0; i--) {
		struct attack *attack = &attack_list[attack_count++];
		const int kind = below(may_change() ? FAIL + 3 : FAIL);
		attack->kind = kind < FAIL ? (enum kind)kind : FAIL;
		attack->at_joins = below(2) == 0;
		if (attack->at_joins && below(3) == 0)
			attack->kind = SIGNAL_ALL;
		attack->at = below(300);
		moves |= attack->kind >= REMOVE && attack->kind <= REPLACE;
	}
	const int writers = 1 + below(2), all = writers + 1 + below(2);
	for (int i = 0; i < all; i++)
		add_process(i < writers, 0, 250);
	for (int i = moves ? below(4) : 0; i > 0; i--)
		add_process(i % 2 == 0, below(2), 250);
}

/* Send the signal to any process that is so.  False if there is none. */
static bool
send_any(enum trait trait, int signo)
{
	struct process *p = any(trait);

	if (p != NULL)
		send(p, signo);
	return p != NULL;
}

/* Start a process, attack, or end a stop, if it is time. */
static bool
do_what_is_due(void)
{
	struct process *p = any(BEGINS);

	if (p != NULL) {
		start_process(p);
		return true;
	}
	foreach (attack, a)
		if ((p = victim_of(a)) != NULL) {
			const enum kind kind = a->kind;
			*a = attack_list[--attack_count];
			do_attack(kind, p);
			return true;
		}
	return send_any(HELD, SIGCONT);
}

/* All rest.  False if nothing is to come, and nobody needs help. */
static bool
goes_on_from_rest(void)
{
	check_rest();
	at_rest = true;
	const bool goes_on = do_what_is_due() || help();
	at_rest = false;
	return goes_on;
}

static void
run(void)
{
	struct process *p = NULL;

	prepare_run();
	/* How many times in a hundred it stays with the same process. */
	const int sticky = (int[]){0, 50, 90, 98}[below(4)];
	for (;;) {
		require(steps < STEPS, NULL, "does not come to an end");
		if (do_what_is_due() ||
		    (below(64) == 0 && send_any(RINGS, SIGALRM)))
			continue;
		if (p == NULL || !is(QUICK, p) || below(100) >= sticky)
			p = any(QUICK);
		if (p == NULL)
			p = any(READY);
		if (p != NULL)
			go_on(p);
		else if (!send_any(RINGS, SIGALRM) && !goes_on_from_rest())
			break;
	}
	foreach (channel, c) {
		semctl(semget(c->key, 0, 0), 0, IPC_RMID);
		shmctl(segment_in(c), IPC_RMID, NULL);
	}
}

static unsigned first_seed;
static int runs;

static int
schedule_chunks(void)
{
	const char *given = getenv("SEED"), *count = getenv("SCHEDULES");

	first_seed = (unsigned)(given != NULL ? atol(given) : time(NULL));
	runs = count != NULL ? atoi(count) : given != NULL ? 1 : 400;
	printf("schedules: %d, from SEED=%u\n", runs, first_seed);
	return (runs + CHUNK - 1) / CHUNK;
}

CASE("Schedules", "by a seed")

TEST_IF(a_schedule_keeps_every_promise, schedule_chunks(), MAY_TRACE)
{
	size_t size;

	ck_assert_int_eq(chdir(directory), 0);
	for (int i = _i * CHUNK; i < runs && i < (_i + 1) * CHUNK; i++) {
		seed = first_seed + (unsigned)i;
		story = open_memstream(&told, &size);
		run();
		fclose(story);
		if (getenv("STORY") != NULL)
			printf("%s", told);
		free(told);
	}
}

/* ---- At full speed: parallel processes, which try and yield ---- */

enum { CROWD = 3 };

/*
 * Readers are killed, writers are stopped, and everything is printed.  Then
 * every line is there, and none is torn; a killed reader's may be there twice.
 * The readers print into a pipe.  A file may get only a part of what a process
 * writes while it is killed.
 */
TEST_IF(a_crowd_at_full_speed_loses_nothing_and_tears_nothing, 1,
	getenv("SEED") == NULL, "SEED is given")
{
	char name[16];
	pid_t writers[CROWD], readers[CROWD];
	int status;

	ck_assert_int_eq(chdir(directory), 0);
	FILE *pipe = popen("LC_ALL=C sort -u >all", "w");
	dup2(fileno(pipe), STDOUT_FILENO);
	random_state = first_seed;
	ck_assert_int_eq(
	    system("for i in 0 1 2; do seq 100000 | sed s/^/$i-/ >in$i; done"),
	    0);
	for (int i = 0; i < CROWD; i++) {
		sprintf(name, "in%d", i);
		writers[i] = start_writer(name);
		readers[i] = start_reader("-");
	}
	for (int i = 0; i < CROWD; i++) {
		while (waitpid(writers[i], &status, WNOHANG) == 0) {
			pid_t *reader = &readers[below(CROWD)];
			nap();
			kill(writers[i], SIGSTOP);
			kill(*reader, SIGKILL);
			await(*reader);
			*reader = start_reader("-");
			kill(writers[i], SIGCONT);
		}
		ck_assert_int_eq(status, 0);
	}
	for (int i = 0; i < CROWD; i++) {
		kill(readers[i], SIGTERM);
		await(readers[i]);
	}
	if (unread())
		expect_exit(start_reader("-"), 0);
	expect_exit(start_writer(NULL), 0);
	close(STDOUT_FILENO);
	ck_assert_int_eq(pclose(pipe), 0);
	ck_assert_int_eq(system("LC_ALL=C sort in? | cmp - all"), 0);
}
