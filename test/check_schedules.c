/*
 * check_schedules.c - a scheduler of our own.  It runs a few writers and
 * readers under ptrace(2), and stops each before and after every system call
 * that matters.  It lets one of them go on at a time.  A seed decides
 * everything: whose turn it is, and the attacks, which are signals, calls that
 * fail, and another directory under the channel's name.  After each step, a
 * model of the channel is compared with the channel.
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

/* ---- The run: its processes, and the model of what they share ---- */

struct process {
	/* What the seed has chosen. */
	bool writer;
	int name;  /* of its directory: index of `names' */
	int texts; /* a writer's */
	/* What the scheduler sees. */
	int number; /* index of the list of processes */
	struct traced t;
	int stays_until;  /* it is slow, as with -s, until this step */
	unsigned signals; /* those that it has received, a bit each */
	/* The model. */
	struct channel *channel; /* its directory, from chdir(2) on; or NULL */
	bool opens; /* its own new set.  (If that fails: check_foreign.c.) */
	bool joined, left, may_end, must_end, saw_end;
	bool failed; /* by an attack: a call of it has, or it was killed */
	int entered; /* texts that it has put into the segment */
};

/* A directory, whatever its name becomes, and the set that it has. */
struct channel {
	key_t key; /* of the set */
	int semid;
	bool exists, open;
	bool excused;		/* its last user has failed: it may stay */
	struct process *holder; /* of the guard */
	int news;
	struct process *text;	 /* who wrote the text inside, as its last */
	struct process *printer; /* the reader that has printed it */
};

static struct process processes[MOST], *end; /* of those in this run */
static struct channel channels[2];
static int steps;   /* done in this run */
static int attacks; /* to come */
static bool moves;  /* attacks may change the names of directories */
enum { FIRST, SECOND, MOVED, NAMES };
static const char *const names[] = {"first", "second", "moved"};
static struct channel *named[NAMES]; /* so; or NULL */
static long seed;
static bool may_fail; /* trace.c can let calls fail here */

/* A random number from 0 to limit - 1. */
static int
below(int limit)
{
	return (int)(lrand48() % limit);
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
	printf("SEED=%ld:\n%s%s", seed, told, read_file("err", NULL));
	fflush(stdout);
	ck_abort_msg("SEED=%ld: %s", seed, line);
}

#define require(condition, ...)                                                \
	do {                                                                   \
		if (!(condition)) {                                            \
			note(__VA_ARGS__);                                     \
			give_up_run();                                         \
		}                                                              \
	} while (0)

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

	for (struct process *p = processes; p < end; p++)
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
	for (struct process *other = processes; other < end; other++) {
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
	require(c->printer == NULL || c->printer->failed, p,
		"prints a text once more");
	text_of(expected, c->text, c->text->entered - 1);
	require(process_vm_readv(p->t.pid, &here, 1, &there, 1, 0) ==
			TEXT_LENGTH &&
		    memcmp(bytes, expected, TEXT_LENGTH) == 0,
		p, "prints %.20s, not %.20s", bytes, expected);
	c->printer = p;
}

static void
has_found_set(struct process *p)
{
	struct channel *c = p->channel;

	p->opens = p->t.args[2] & IPC_CREAT;
	if (p->opens)
		*c = (struct channel){c->key, (int)p->t.result, .exists = true};
	require(c->semid == p->t.result, p, "finds another set");
}

/* A call has returned.  One that has failed has changed nothing. */
static void
has_called(struct process *p)
{
	struct channel *c = p->channel;
	const struct traced *t = &p->t;
	const int command = (int)t->args[t->call == SEMCTL ? 2 : 1] & 0xff;
	const bool succeeds = t->result >= 0;

	note_call(p);
	if (t->call == CHDIR) {
		p->channel = named[p->name];
		require(succeeds == (p->channel != NULL), p,
			"is in another directory");
	} else if (t->call == SEMGET || t->call == SHMGET) {
		require(c != NULL &&
			    (((key_t)t->args[0] ^ c->key) & 0xffffff) == 0,
			p, "uses the key of another directory");
		if (t->call == SEMGET && succeeds)
			has_found_set(p);
	} else if (t->call == SEMOP) {
		if (c->exists && c->semid == (int)t->args[0])
			c->excused = false;
		p->opens = false;
		if (succeeds)
			has_operated(p);
	} else if ((t->call == SEMCTL || t->call == SHMCTL) &&
		   command == IPC_RMID && succeeds) {
		note(p, "removes it");
		require(!anyone_joined(c) && c->text == NULL, p,
			"removes what is in use");
		c->exists &= t->call != SEMCTL;
	} else if (t->call == WRITE && succeeds)
		has_printed(p);
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
	if (c != NULL && p->failed)
		c->excused = true;
	if (c != NULL && c->holder == p)
		c->holder = NULL;
	if (p->joined && p->writer)
		c->news++; /* the kernel tells its end */
	require(signo == 0 || got(p, signo), p, "ends by a signal");
	require(p->failed || (!p->joined && (c == NULL || c->printer != p)), p,
		"ends inside its turn, or without leaving");
	require(p->failed || signo != 0 || status == (c == NULL), p,
		"ends with %d", status);
	require(
	    signo != 0 || status != 0 ||
		(p->writer ? p->entered == p->texts : p->may_end && p->saw_end),
	    p, "ends before the end");
	p->joined = false;
}

/* The model is as the channel is. */
static void
compare(void)
{
	unsigned short value[MEMBERS];
	union semun sem_opts = {.array = value};

	for (struct channel *c = channels; c < channels + 2; c++) {
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
add_process(bool writer, int name)
{
	const int number = (int)(end - processes);

	require(number < MOST, NULL, "does not come to an end");
	*end++ = (struct process){.number = number,
				  .writer = writer,
				  .name = name,
				  .texts = 1 + below(TEXTS),
				  .stays_until = below(2) * below(250)};
}

static void
start_process(struct process *p)
{
	char bytes[TEXTS * TEXT_LENGTH + 1], input[16];

	for (int i = 0; i < p->texts; i++)
		text_of(bytes + i * TEXT_LENGTH, p, i);
	sprintf(input, "in%d", p->number);
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
	else if (p->t.state == ASLEEP) {
		if (before != ASLEEP)
			note(p, "sleeps");
		require(!p->left, p, "waits while it leaves");
	}
}

/* Those that have slept may have been woken. */
static void
after_step(void)
{
	for (struct process *p = processes; p < end; p++)
		if (p->t.state == ASLEEP)
			wait_for(p);
	compare();
}

static void
send(struct process *p, int signo)
{
	steps++;
	note(p, "is sent signal %d", signo);
	kill(p->t.pid, signo);
	if (signo == SIGKILL) {
		p->signals |= 1U << SIGKILL;
		p->failed = true;
		while (p->t.state != DEAD)
			settle(&p->t);
		has_ended(p);
	} else if (p->t.state == ASLEEP)
		wait_for(p);
	after_step();
}

/* Let it go on to its next stop. */
static void
go_on(struct process *p)
{
	steps++;
	if (p->t.state == UNBORN)
		start_process(p);
	else if (p->t.state == ASLEEP)
		send(p, SIGALRM); /* its alarm rings */
	else {
		if (p->t.signo != 0) {
			note(p, "receives signal %d", p->t.signo);
			p->signals |= 1U << p->t.signo;
		}
		resume(&p->t);
		wait_for(p);
		after_step();
	}
}

enum trait { LIVES, HOLDS, SLEEPS, READY, QUICK, CALLS };

static bool
is(enum trait trait, const struct process *p)
{
	const bool dead = p->t.state == DEAD, sleeps = p->t.state == ASLEEP;
	const bool asked = got(p, SIGTERM) || got(p, SIGINT) || got(p, SIGHUP);
	const bool traits[] = {
	    [LIVES] = p->t.state != UNBORN && !dead,
	    [HOLDS] = p->channel != NULL && p->channel->holder == p,
	    [SLEEPS] = sleeps,
	    /* It may go on, or begin; or its alarm may ring. */
	    [READY] = !dead && (!sleeps || asked),
	    [QUICK] = !dead && !sleeps && p->stays_until <= steps,
	    [CALLS] = p->t.state == BEFORE && !p->failed && !p->opens &&
		      p->t.call >= SEMGET && p->t.call <= SHMDT};

	return traits[trait];
}

/* Any process that is so; or NULL. */
static struct process *
any(enum trait trait)
{
	struct process *chosen = NULL;
	int count = 0;

	for (struct process *p = processes; p < end; p++)
		if (is(trait, p) && below(++count) == 0)
			chosen = p;
	return chosen;
}

/* ---- The attacks: each returns false if it hits nobody ---- */

static bool
let_call_fail(void)
{
	struct process *p = may_fail ? any(CALLS) : NULL;

	if (p == NULL)
		return false;
	note(p, "%s fails", call_names[p->t.call]);
	answer(&p->t, -(int[]){ENOMEM, ENOSPC, EACCES}[below(3)]);
	p->failed = true;
	p->stays_until = steps + below(100);
	return true;
}

static bool
send_signals(void)
{
	const int signo =
	    (int[]){SIGTERM, SIGINT, SIGHUP, SIGCONT, SIGKILL}[below(5)];
	struct process *victim = any(below(2) == 0 ? HOLDS : LIVES);

	if (victim == NULL)
		return false;
	if (below(4) == 0) { /* Ctrl-C, at a terminal */
		for (struct process *p = processes; p < end; p++)
			if (is(LIVES, p))
				send(p, SIGINT);
		return true;
	}
	send(victim, signo);
	if (signo == SIGCONT) /* it was stopped, and still is */
		victim->stays_until = steps + below(200);
	return true;
}

/* A directory is removed or renamed; or another one gets its name. */
static bool
change_name(void)
{
	const int way = below(3), from = way == 2 ? SECOND : FIRST;
	const int to = way == 2 ? FIRST : MOVED;

	if (named[from] == NULL)
		return false;
	note(NULL, "%s goes", names[from]);
	if (way == 0)
		rmdir(names[from]);
	else {
		rename(names[from], names[to]);
		named[to] = named[from];
	}
	named[from] = NULL;
	return true;
}

static bool
attack(void)
{
	static bool (*const kinds[])(void) = {let_call_fail, send_signals,
					      change_name};
	const bool hits = attacks > 0 && kinds[below(moves ? 3 : 2)]();

	attacks -= hits;
	return hits;
}

/* ---- The end of a run ---- */

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
 * All rest, and each must have a reason to wait.  A partner comes for one of
 * them, or for what is left.  A set and a segment may be left if a text is
 * there, or if one of their users has failed, and nobody has used them since.
 */
static bool
help(void)
{
	struct process *one = any(SLEEPS);

	for (struct process *p = processes; p < end; p++) {
		if (!is(SLEEPS, p))
			continue;
		require(p->joined, p, "cannot join");
		require(!p->writer || p->entered < p->texts, p,
			"sleeps after its last text");
		require(!p->must_end || p->channel->holder != NULL ||
			    joined(p->channel, WRITERS) > 0,
			p, "misses the end");
	}
	for (struct channel *c = channels; c < channels + 2; c++)
		require(one != NULL || c->text != NULL || c->excused ||
			    !is_left(c),
			NULL, "a set or a segment is left");
	for (int i = 0; i < NAMES; i++)
		if (named[i] != NULL && (one != NULL ? one->channel == named[i]
						     : is_left(named[i]))) {
			add_process(one != NULL ? !one->writer : below(2), i);
			return true;
		}
	if (one != NULL) /* nobody can find its directory */
		send(one, SIGTERM);
	return one != NULL;
}

/* ---- A run ---- */

static void
prepare_run(void)
{
	srand48(seed);
	steps = 0;
	end = processes;
	attacks = below(4);
	moves = below(3) == 0;
	for (int i = 0; i < NAMES; i++)
		rmdir(names[i]);
	named[MOVED] = NULL;
	for (int i = FIRST; i <= SECOND; i++) {
		ck_assert_int_eq(mkdir(names[i], 0700), 0);
		channels[i] = (struct channel){.key = ftok(names[i], 's')};
		named[i] = &channels[i];
		ck_assert(!is_left(named[i]));
	}
	const int writers = 1 + below(2), all = writers + 1 + below(2);
	for (int i = 0; i < all; i++)
		add_process(i < writers, FIRST);
	for (int i = moves ? below(4) : 0; i > 0; i--)
		add_process(i % 2 == 0, below(2));
}

static void
run(void)
{
	struct process *p = NULL;

	prepare_run();
	/* How many times in a hundred it stays with the same process. */
	const int sticky = (int[]){0, 50, 90, 98}[below(4)];
	do {
		require(steps < STEPS, NULL, "does not come to an end");
		if (below(50) == 0)
			attack();
		if (p == NULL || !is(QUICK, p) || below(100) >= sticky)
			p = any(QUICK);
		if (p == NULL)
			p = any(READY);
		if (p != NULL)
			go_on(p);
	} while (p != NULL || attack() || help());
	for (struct channel *c = channels; c < channels + 2; c++) {
		semctl(semget(c->key, 0, 0), 0, IPC_RMID);
		shmctl(segment_in(c), IPC_RMID, NULL);
	}
}

static long first_seed;
static int runs;

static int
schedule_chunks(void)
{
	const char *given = getenv("SEED"), *count = getenv("SCHEDULES");

	first_seed = given != NULL ? atol(given) : (long)time(NULL);
	runs = count != NULL ? atoi(count) : given != NULL ? 1 : 400;
	printf("schedules: %d, from SEED=%ld\n", runs, first_seed);
	return (runs + CHUNK - 1) / CHUNK;
}

CASE("Schedules", "by a seed")

TEST_IF(a_schedule_keeps_every_promise, schedule_chunks(), MAY_TRACE)
{
	size_t size;

	ck_assert_int_eq(chdir(directory), 0);
	may_fail = may_change();
	for (int i = _i * CHUNK; i < runs && i < (_i + 1) * CHUNK; i++) {
		seed = first_seed + i;
		story = open_memstream(&told, &size);
		run();
		fclose(story);
		if (getenv("STORY") != NULL)
			printf("%s", told);
		free(told);
	}
}

/* ---- At full speed: parallel processes, which try and yield ---- */

/*
 * Readers are killed, writers are stopped.  Every line is printed, and none is
 * torn; a killed reader's may be printed twice.  (The readers print into a
 * pipe.  A file may get only a part of what a killed process writes.)
 */
TEST_IF(a_crowd_at_full_speed_loses_nothing_and_tears_nothing, 1,
	getenv("SEED") == NULL, "SEED is given")
{
	char name[] = "in0";
	pid_t writers[3], readers[3];
	int status;

	ck_assert_int_eq(chdir(directory), 0);
	FILE *pipe = popen("LC_ALL=C sort -u >all", "w");
	dup2(fileno(pipe), STDOUT_FILENO);
	srand48(first_seed);
	ck_assert_int_eq(
	    system("for i in 0 1 2; do seq 100000 | sed s/^/$i-/ >in$i; done"),
	    0);
	for (int i = 0; i < 3; i++, name[2]++) {
		writers[i] = start_writer(name);
		readers[i] = start_reader("-");
	}
	for (int i = 0; i < 3; i++) {
		while (waitpid(writers[i], &status, WNOHANG) == 0) {
			pid_t *reader = &readers[below(3)];
			nap();
			kill(writers[i], SIGSTOP);
			kill(*reader, SIGKILL);
			await(*reader);
			*reader = start_reader("-");
			kill(writers[i], SIGCONT);
		}
		ck_assert_int_eq(status, 0);
	}
	for (int i = 0; i < 3; i++) {
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
