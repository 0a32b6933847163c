/*
 * check_schedules.c - a scheduler of our own.  It runs a few writers and
 * readers under ptrace(2), and stops each before and after every system call
 * that matters.  It lets one of them go on at a time.  A seed decides
 * everything: who comes and when, whose turn it is, and the attacks.  After
 * each step, a model of the channel is compared with the channel.
 *
 *	$ SCHEDULES=20000 CK_RUN_SUITE=Schedules test/check
 *	$ STORY=1 SEED=4711 CK_RUN_SUITE=Schedules test/check	one run, told
 */
#define _GNU_SOURCE

#include "support.h"
#include "trace.h"

#include <stdarg.h>
#include <sys/uio.h>

enum {
	MOST = 16,	  /* processes in a run */
	TEXTS = 3,	  /* a writer's, at most */
	TEXT_LENGTH = 150 /* each needs a turn of its own */
};

/* ---- The run: its processes, and the model of what they share ---- */

struct process {
	/* What the seed has chosen. */
	bool writer;
	int path;   /* index of `paths' */
	int texts;  /* a writer's */
	int begins; /* at this step */
	/* What the scheduler sees. */
	struct traced t;
	int stays_until;  /* it is slow, as with -s, until this step */
	int held_until;	  /* stopped by SIGSTOP until this step; or 0 */
	unsigned signals; /* those delivered, a bit each */
	bool armed;	  /* it has called alarm(1) */
	bool killed;
	int changes; /* of the paths, when it took the guard */
	/* The model. */
	struct set *set; /* the one it has found last */
	int shmid;
	bool joined, left, may_fail, must_end, saw_end;
	struct set *news_at_end; /* its end is news there */
	int entered;		 /* texts that it has put into the segment */
};

struct set {
	int semid;
	key_t key;
	int shmid; /* the segment of those that have joined, or -1 */
	bool removed, open;
	int used, killed; /* the last step of its users, and of a kill -9 */
	struct process *holder; /* of the guard */
	int news;
	struct process *text;	 /* the writer of the text in the segment */
	int number;		 /* which of its texts */
	struct process *printer; /* the reader that has printed it */
};

struct segment_seen {
	int shmid;
	struct set *set; /* of the process that has found it first */
};

enum kind { SIGNAL, SIGNAL_ALL, STOP, KILL, DELETE, REPLACE, KINDS };

struct attack {
	int at;	       /* this step, or later */
	bool at_joins; /* when somebody waits for the guard to join */
	enum kind kind;
};

static struct process processes[MOST];
static struct set sets[MOST];
static struct segment_seen segments[MOST];
static struct attack attacks[4];
static int process_count, set_count, segment_count, attack_count;
static int steps;	 /* done in this run */
static bool at_rest;	 /* nobody can go on: all that is to come is due */
static int path_changes; /* deleted or replaced so often */
static key_t keys[2];	 /* of the sets at both paths; or -1 */
static const char *const paths[] = {"chan", "other"};
static unsigned seed;
static unsigned long long random_state;

#define foreach(p)                                                             \
	for (struct process *p = processes; p < processes + process_count; p++)

static int
below(int limit)
{
	unsigned long long z = random_state += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (int)((z ^ (z >> 31)) % (unsigned)limit);
}

/* ---- The story of a run, printed if it fails ---- */

static char story[1 << 18];
static size_t told;

static void __attribute__((format(printf, 2, 3)))
note(const struct process *p, const char *format, ...)
{
	va_list arguments;

	if (told > sizeof(story) - 400)
		return;
	told += (size_t)sprintf(story + told, "%5d  ", steps);
	if (p != NULL)
		told += (size_t)sprintf(story + told, "%s %d  ",
					p->writer ? "writer" : "reader",
					(int)(p - processes));
	va_start(arguments, format);
	told += (size_t)vsnprintf(story + told, 200, format, arguments);
	va_end(arguments);
	story[told++] = '\n';
	story[told] = '\0';
}

static void
note_call(const struct process *p)
{
	static const char *const names[] = {"GUARD", "EMPTY", "NEWS", "READERS",
					    "WRITERS"};
	const struct traced *t = &p->t;
	char text[160] = "";
	int n = 0;

	for (size_t i = 0; t->call == SEMOP && i < t->args[2]; i++)
		n += sprintf(
		    text + n, " %s%+d%s%s", names[t->ops[i].sem_num % MEMBERS],
		    t->ops[i].sem_op, t->ops[i].sem_flg & SEM_UNDO ? "u" : "",
		    t->ops[i].sem_flg & IPC_NOWAIT ? "n" : "");
	if (t->call == SEMCTL || t->call == SHMCTL)
		sprintf(text, " command %d",
			(int)t->args[t->call == SEMCTL ? 2 : 1]);
	note(p, "%s %d%s = %lld %s", call_names[t->call], (int)t->args[0], text,
	     t->result, t->result < 0 ? strerror((int)-t->result) : "");
}

#define require(condition, ...)                                                \
	do {                                                                   \
		if (!(condition))                                              \
			give_up_run(__VA_ARGS__);                              \
	} while (0)

static void __attribute__((format(printf, 2, 3), noreturn))
give_up_run(const struct process *p, const char *format, ...)
{
	char message[300];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	note(p, "%s", message);
	printf("SEED=%u:\n%s%s", seed, story, read_file("err", NULL));
	fflush(stdout);
	ck_abort_msg("SEED=%u: %s%d: %s", seed,
		     p == NULL	 ? "process "
		     : p->writer ? "writer "
				 : "reader ",
		     p == NULL ? -1 : (int)(p - processes), message);
}

/* ---- The model: what a call has changed ---- */

static int
joined(const struct set *set, bool writers)
{
	int count = 0;
	foreach (p)
		count += p->joined && p->set == set && p->writer == writers;
	return count;
}

static bool
in_use(const struct set *set)
{
	return joined(set, true) + joined(set, false) > 0;
}

/* Has a writer left, and its end is not news yet? */
static bool
end_is_near(const struct set *set)
{
	foreach (p)
		if (p->news_at_end == set)
			return true;
	return false;
}

static void
text_of(char *bytes, int writer, int number)
{
	memset(bytes, 'x', TEXT_LENGTH);
	bytes[sprintf(bytes, "writer %d text %d ", writer, number)] = 'x';
	bytes[TEXT_LENGTH - 1] = '\n';
}

/* The set and the segment must belong together, and to the path. */
static void
has_joined(struct process *p)
{
	struct set *set = p->set;

	require(set->holder == p, p, "joins without the guard");
	require(set->shmid == -1 || set->shmid == p->shmid, p,
		"joins with another segment");
	for (int i = 0; i < set_count; i++)
		require(&sets[i] == set || sets[i].removed ||
			    sets[i].shmid != p->shmid,
			p, "joins with the segment of another set");
	require(path_changes != p->changes || set->key == keys[p->path], p,
		"joins the set of another path");
	set->shmid = p->shmid;
	p->joined = true;
	if (p->writer)
		p->news_at_end = set;
	else
		p->must_end = joined(set, true) > 0 || set->news > 0;
	foreach (other)
		if (p->writer && !other->writer && other->joined &&
		    other->set == set)
			other->must_end = true;
}

static void
has_passed(struct process *p, int to)
{
	struct set *set = p->set;

	require(set->holder == p, p, "ends a turn without the guard");
	if (to == NEWS) {
		require(p->writer && set->text == NULL, p, "overwrites a text");
		set->text = p;
		set->number = p->entered++;
		set->printer = NULL;
	} else {
		require(!p->writer && set->text != NULL && set->printer == p, p,
			"passes on what it has not printed");
		set->text = NULL;
	}
	set->news += to == NEWS ? 1 : -1;
}

/* A successful semop(2). */
static void
has_operated(struct process *p)
{
	struct set *set = p->set;
	int sum[MEMBERS] = {0};

	for (size_t i = 0; i < p->t.args[2]; i++)
		sum[p->t.ops[i].sem_num] += p->t.ops[i].sem_op;
	if (sum[READERS] + sum[WRITERS] > 0)
		has_joined(p);
	if (sum[READERS] + sum[WRITERS] < 0) {
		p->joined = false;
		p->left = true;
	}
	if (sum[EMPTY] == 1 && sum[NEWS] == 0) {
		require(!set->open, p, "opens an open set");
		set->open = true;
		return;
	}
	if (sum[EMPTY] != 0)
		has_passed(p, sum[EMPTY] < 0 ? NEWS : EMPTY);
	else if (sum[NEWS] != 0) {
		require(!p->writer && set->text == NULL, p,
			"takes a text for a writer's end");
		set->news--;
	}
	if (sum[GUARD] < 0) {
		set->holder = p;
		p->changes = path_changes;
		if (below(6) == 0)
			p->stays_until = steps + below(100);
	}
	if (sum[GUARD] > 0) {
		p->saw_end = set->text == NULL && joined(set, true) == 0;
		set->holder = NULL;
	}
}

static void
has_printed(struct process *p)
{
	char expected[TEXT_LENGTH], bytes[TEXT_LENGTH];
	struct set *set = p->set;
	struct iovec here = {bytes, TEXT_LENGTH},
		     there = {(void *)(size_t)p->t.args[1], TEXT_LENGTH};

	require(p->joined && set->holder == p, p, "prints without the guard");
	require(set->text != NULL && p->t.result == TEXT_LENGTH, p,
		"prints %lld bytes that are no text", p->t.result);
	require(set->printer == NULL || set->printer->killed, p,
		"prints a text once more");
	text_of(expected, (int)(set->text - processes), set->number);
	require(process_vm_readv(p->t.pid, &here, 1, &there, 1, 0) ==
			TEXT_LENGTH &&
		    memcmp(bytes, expected, TEXT_LENGTH) == 0,
		p, "prints %.20s, not %.20s", bytes, expected);
	set->printer = p;
}

static void
has_controlled(struct process *p)
{
	const int command = (int)p->t.args[2] & 0xff;
	struct set *set = p->set;

	if (command != SETVAL && command != IPC_RMID)
		return;
	require(!in_use(set), p, "changes a set in use");
	if (command == IPC_RMID) {
		require(set->text == NULL, p, "removes a set with a text");
		set->removed = true;
		return;
	}
	set->news = set->text != NULL ? 2 : 0;
	foreach (other)
		if (other->news_at_end == set)
			other->news_at_end = NULL;
}

static void
has_removed_segment(struct process *p)
{
	for (struct set *set = sets; set < sets + set_count; set++)
		if (((int)p->t.args[1] & 0xff) == IPC_RMID && !set->removed &&
		    set->shmid == (int)p->t.args[0]) {
			require(!in_use(set) && set->text == NULL, p,
				"removes a segment in use");
			set->shmid = -1;
		}
}

static void
has_found_segment(struct process *p)
{
	p->shmid = (int)p->t.result;
	for (int i = 0; i < segment_count; i++)
		if (segments[i].shmid == p->shmid)
			return;
	require(segment_count < MOST, p, "too many segments");
	segments[segment_count++] = (struct segment_seen){p->shmid, p->set};
}

static void
has_found_set(struct process *p)
{
	const int semid = (int)p->t.result;

	for (p->set = sets; p->set < sets + set_count; p->set++)
		if (p->set->semid == semid)
			return;
	require(set_count++ < MOST, p, "too many sets");
	*p->set = (struct set){.semid = semid,
			       .key = (key_t)p->t.args[0],
			       .shmid = -1,
			       .killed = -1};
}

static void
has_armed(struct process *p)
{
	p->armed = true;
}

/* A call has returned.  One that has failed has changed nothing. */
static void
has_called(struct process *p)
{
	static void (*const effects[EXIT + 1])(struct process *) = {
	    [SEMGET] = has_found_set,
	    [SEMOP] = has_operated,
	    [SEMCTL] = has_controlled,
	    [SHMGET] = has_found_segment,
	    [SHMCTL] = has_removed_segment,
	    [WRITE] = has_printed,
	    [ALARM] = has_armed};

	note_call(p);
	if (p->t.call == SEMOP && p->set != NULL)
		p->set->used = steps;
	if (p->t.result >= 0 && effects[p->t.call] != NULL)
		effects[p->t.call](p);
}

/* What its end changes, and whether it may end so. */
static void
has_ended(struct process *p)
{
	const int status = p->t.status;
	struct set *set = p->set;

	note(p, WIFSIGNALED(status) ? "ends by signal %d" : "ends with %d",
	     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (p->killed && set != NULL)
		set->killed = steps;
	const bool was_joined = p->joined;
	p->joined = false;
	if (p->news_at_end != NULL)
		p->news_at_end->news++;
	p->news_at_end = NULL;
	if (set != NULL && set->holder == p)
		set->holder = NULL;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
		require(p->killed, p, "is killed");
		return;
	}
	require(set == NULL || set->text == NULL || set->printer != p, p,
		"ends after it has printed, and inside its turn");
	if (WIFSIGNALED(status)) {
		require(p->signals >> WTERMSIG(status) & 1, p,
			"ends by signal %d", WTERMSIG(status));
		return;
	}
	require(WEXITSTATUS(status) == 0 || p->may_fail, p, "status %d",
		WEXITSTATUS(status));
	require(!was_joined, p, "ends without leaving");
	if (WEXITSTATUS(status) == 0)
		require(p->writer ? p->entered == p->texts : p->saw_end, p,
			"ends before the end");
}

/* The model is as the channel is. */
static void
compare(void)
{
	unsigned short value[MEMBERS];
	union semun sem_opts = {.array = value};

	for (struct set *set = sets; set < sets + set_count; set++) {
		if (set->removed)
			continue;
		require(semctl(set->semid, 0, GETALL, sem_opts) == 0, NULL,
			"set %d has gone", set->semid);
		const int expected[MEMBERS] = {
		    [GUARD] = set->open && set->holder == NULL,
		    [EMPTY] = set->open && set->text == NULL,
		    [NEWS] = set->news,
		    [READERS] = joined(set, false),
		    [WRITERS] = joined(set, true)};
		for (int i = 0; i < MEMBERS; i++)
			require(value[i] == expected[i], NULL,
				"set %d: semaphore %d is %d, not %d",
				set->semid, i, value[i], expected[i]);
	}
}

/* ---- The scheduler ---- */

static void
start_process(struct process *p)
{
	char input[16];

	sprintf(input, "in%d.%d", (int)(p - processes), p->texts);
	p->t = start_traced(p->writer ? "writer" : "reader",
			    in_directory(paths[p->path]),
			    p->writer ? input : NULL, NULL, "err");
	p->may_fail = keys[p->path] == -1;
	note(p, "starts with %s", paths[p->path]);
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
	foreach (other)
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
	p->killed = p->killed || signo == SIGKILL;
	kill(p->t.pid, signo);
	if (signo == SIGKILL) {
		while (p->t.state != DEAD)
			settle(&p->t);
		has_ended(p);
	} else if (p->t.state == ASLEEP)
		wait_for(p);
	after_step(p);
}

/* ---- Who is it? ---- */

static bool
is_alive(const struct process *p)
{
	return p->t.state != UNBORN && p->t.state != DEAD;
}

static bool
sleeps(const struct process *p)
{
	return p->t.state == ASLEEP;
}

/* It has stopped, and may go on. */
static bool
is_ready(const struct process *p)
{
	return is_alive(p) && !sleeps(p) && p->held_until == 0;
}

static bool
is_quick(const struct process *p)
{
	return is_ready(p) && p->stays_until <= steps;
}

static bool
may_ring(const struct process *p)
{
	return sleeps(p) && p->armed && p->held_until == 0;
}

static bool
waits_to_join(const struct process *p)
{
	return sleeps(p) && !p->joined;
}

static bool
is_due(int at)
{
	return at <= steps || at_rest;
}

static bool
may_continue(const struct process *p)
{
	return is_alive(p) && p->held_until > 0 && is_due(p->held_until);
}

static bool
begins(const struct process *p)
{
	return p->t.state == UNBORN && is_due(p->begins);
}

/* Any process that is so; or NULL. */
static struct process *
any(bool (*is)(const struct process *))
{
	int count = 0;

	foreach (p)
		count += is(p);
	int which = count == 0 ? 0 : below(count);
	foreach (p)
		if (is(p) && which-- == 0)
			return p;
	return NULL;
}

/* ---- The attacks ---- */

/* Often the one that is inside. */
static struct process *
any_victim(void)
{
	for (int i = below(4); i < set_count; i++)
		if (!sets[i].removed && sets[i].holder != NULL)
			return sets[i].holder;
	return any(is_alive);
}

/* Those that have not joined by this path cannot any more. */
static void
change_path(int gone)
{
	path_changes++;
	keys[gone] = -1;
	foreach (p)
		if (p->path == gone && !p->joined)
			p->may_fail = true;
}

static void
do_attack(enum kind kind)
{
	static const int signals[] = {SIGTERM, SIGTERM, SIGINT, SIGHUP};
	static const int fatal[] = {[STOP] = SIGSTOP, [KILL] = SIGKILL};
	struct process *victim = any_victim();

	if (kind == DELETE && keys[0] != -1) {
		note(NULL, "the path is deleted");
		unlink(in_directory(paths[0]));
		change_path(0);
	} else if (kind == REPLACE && keys[1] != -1) {
		note(NULL, "the path is replaced");
		rename(in_directory(paths[1]), in_directory(paths[0]));
		keys[0] = keys[1];
		change_path(1);
	} else if (kind == SIGNAL_ALL) { /* Ctrl-C, at a terminal */
		foreach (p)
			if (is_alive(p))
				send(p, SIGINT);
	} else if (victim != NULL && kind <= KILL)
		send(victim, kind == SIGNAL ? signals[below(4)] : fatal[kind]);
}

static void
add_process(bool writer, int path, int latest)
{
	require(process_count < MOST, NULL, "does not come to an end");
	processes[process_count++] = (struct process){
	    .writer = writer,
	    .path = path,
	    .texts = 1 + below(TEXTS),
	    .begins = latest > 0 && below(2) == 0 ? below(latest) : 0,
	    .shmid = -1};
}

/* ---- The end of a run ---- */

/* All rest: each must have a reason to wait. */
static void
check_rest(void)
{
	const unsigned asks = 1U << SIGTERM | 1U << SIGINT | 1U << SIGHUP;

	foreach (p) {
		if (!sleeps(p))
			continue;
		require((p->signals & asks) == 0, p, "goes on after a signal");
		require(!p->writer || p->entered < p->texts, p,
			"sleeps after its last text");
		require(!p->must_end || end_is_near(p->set) ||
			    p->set->holder != NULL,
			p, "misses the end");
	}
}

static int
path_of(const struct set *set)
{
	return set->key == keys[0] ? 0 : set->key == keys[1] ? 1 : -1;
}

/* All rest: a partner comes for one that waits, or for what is left. */
static bool
help(void)
{
	struct process *p = any(sleeps);

	require(p == NULL || p->joined, p, "cannot join");
	if (p != NULL) {
		const int path = path_of(p->set);
		if (path == -1) /* nobody can find it */
			send(p, SIGTERM);
		else
			add_process(!p->writer, path, 0);
		return true;
	}
	for (struct set *set = sets; set < sets + set_count; set++)
		if (!set->removed && path_of(set) != -1) {
			add_process(set->text == NULL, path_of(set), 0);
			return true;
		}
	return false;
}

/*
 * A set and its segment may be left if a text is in it, or if one of its users
 * was killed and nobody has used it since.
 */
static bool
may_be_left(const struct set *set)
{
	return set->text != NULL || (set->killed >= set->used);
}

/* Nothing else may be left. */
static void
expect_nothing_more(void)
{
	for (int i = 0; i < segment_count; i++)
		require(shmctl(segments[i].shmid, IPC_RMID, NULL) == -1 ||
			    may_be_left(segments[i].set),
			NULL, "segment %d is left", segments[i].shmid);
	for (int i = 0; i < set_count; i++)
		require(semctl(sets[i].semid, 0, IPC_RMID) == -1 ||
			    may_be_left(&sets[i]),
			NULL, "set %d is left", sets[i].semid);
}

/* ---- A run ---- */

static void
prepare_run(void)
{
	bool replaces = false;

	random_state = seed * 0x2545f4914f6cdd1dULL;
	told = 0;
	story[0] = '\0';
	steps = path_changes = 0;
	at_rest = false;
	process_count = set_count = segment_count = attack_count = 0;
	for (int i = 0; i < 2; i++) {
		write_file(paths[i], "", 0);
		keys[i] = ftok(in_directory(paths[i]), 's');
		ck_assert_int_eq(semget(keys[i], 0, 0), -1);
	}
	for (int i = below(4); i > 0; i--) {
		struct attack *attack = &attacks[attack_count++];
		attack->kind = (enum kind)below(KINDS);
		attack->at_joins = below(2) == 0;
		if (attack->at_joins && below(3) == 0)
			attack->kind = SIGNAL_ALL;
		attack->at = below(attack->at_joins ? 100 : 300);
		replaces |= attack->kind == REPLACE;
	}
	const int writers = 1 + below(2), all = writers + 1 + below(2);
	for (int i = 0; i < all; i++)
		add_process(i < writers, 0, 250);
	for (int i = replaces ? below(4) : 0; i > 0; i--)
		add_process(i % 2 == 0, below(2), 250);
}

/* Start a process, attack, or end a stop, if it is time. */
static bool
do_what_is_due(void)
{
	struct process *p = any(begins);

	if (p != NULL) {
		start_process(p);
		return true;
	}
	for (struct attack *a = attacks; a < attacks + attack_count; a++)
		if (is_due(a->at) &&
		    (!a->at_joins || at_rest || any(waits_to_join) != NULL)) {
			const enum kind kind = a->kind;
			*a = attacks[--attack_count];
			do_attack(kind);
			return true;
		}
	if ((p = any(may_continue)) != NULL) {
		p->held_until = 0;
		send(p, SIGCONT);
	}
	return p != NULL;
}

/* An alarm rings for one that sleeps. */
static bool
ring(void)
{
	struct process *p = any(may_ring);

	if (p != NULL) {
		p->armed = false;
		send(p, SIGALRM);
	}
	return p != NULL;
}

static void
run(void)
{
	struct process *p = NULL;

	prepare_run();
	/* How many times in a hundred it stays with the same process. */
	const int sticky = (int[]){0, 50, 90, 98}[below(4)];
	for (;;) {
		require(steps < 5000, NULL, "does not come to an end");
		if (do_what_is_due() || (below(64) == 0 && ring()))
			continue;
		if (p == NULL || !is_quick(p) || below(100) >= sticky)
			p = any(is_quick);
		if (p == NULL)
			p = any(is_ready);
		if (p != NULL) {
			go_on(p);
			continue;
		}
		if (ring())
			continue;
		check_rest();
		at_rest = true;
		if (!do_what_is_due() && !help())
			break;
		at_rest = false;
	}
	expect_nothing_more();
}

static unsigned first_seed;
static int runs;
enum { CHUNK = 50 };

static int
schedule_chunks(void)
{
	const char *given = getenv("SEED"), *count = getenv("SCHEDULES");

	first_seed = given != NULL ? (unsigned)strtoul(given, NULL, 10)
				   : (unsigned)time(NULL);
	runs = count != NULL ? atoi(count) : given != NULL ? 1 : 400;
	printf("schedules: %d, from SEED=%u\n", runs, first_seed);
	return (runs + CHUNK - 1) / CHUNK;
}

CASE("Schedules", "by a seed")

TEST_IF(a_schedule_keeps_every_promise, schedule_chunks(), MAY_TRACE)
{
	for (int writer = 0; writer < MOST; writer++)
		for (int texts = 1; texts <= TEXTS; texts++) {
			char bytes[TEXTS * TEXT_LENGTH], name[32];
			for (int i = 0; i < texts; i++)
				text_of(bytes + i * TEXT_LENGTH, writer, i);
			sprintf(name, "in%d.%d", writer, texts);
			write_file(name, bytes, (size_t)texts * TEXT_LENGTH);
		}
	for (int i = _i * CHUNK; i < runs && i < (_i + 1) * CHUNK; i++) {
		seed = first_seed + (unsigned)i;
		run();
		if (getenv("STORY") != NULL)
			printf("%s", story);
	}
}

/* ---- At full speed: parallel processes, which try and yield ---- */

enum { CROWD = 3, LINES = 10000 };

/* Line `number' of a writer; returns its length. */
static int
line_of(char *line, int writer, int number)
{
	return sprintf(line, "%d %0*d\n", writer, 5 + number % 40, number);
}

/* Every line is there, and none is torn; a killed reader's may be twice. */
static void
expect_every_line(void)
{
	static bool printed[CROWD][LINES];
	char expected[64];
	int writer, number, count = 0;

	for (char *line = read_file("out", NULL); *line != '\0';) {
		ck_assert_int_eq(sscanf(line, "%d %d", &writer, &number), 2);
		ck_assert(writer < CROWD && number < LINES);
		const int length = line_of(expected, writer, number);
		ck_assert_msg(strncmp(line, expected, (size_t)length) == 0,
			      "torn: %.60s", line);
		count += !printed[writer][number];
		printed[writer][number] = true;
		line += length;
	}
	ck_assert_int_eq(count, CROWD * LINES);
}

/* Readers are killed, writers are stopped, and everything is printed. */
TEST_IF(a_crowd_at_full_speed_loses_nothing_and_tears_nothing, 1,
	getenv("SEED") == NULL, "SEED is given")
{
	static char bytes[LINES * 64];
	char name[16];
	pid_t writers[CROWD], readers[CROWD];
	const double until = now() + 3 * DEADLINE;
	int over = 0, status;

	random_state = first_seed;
	for (int i = 0; i < CROWD; i++) {
		int count = 0;
		for (int n = 0; n < LINES; n++)
			count += line_of(bytes + count, i, n);
		sprintf(name, "in%d", i);
		write_file(name, bytes, (size_t)count);
		writers[i] = start_writer(name);
		readers[i] = start_reader("out");
	}
	while (over < CROWD) {
		const int i = below(CROWD);
		nap();
		if (writers[i] != 0 && below(2) == 0) {
			kill(writers[i], SIGSTOP);
			nap();
			kill(writers[i], SIGCONT);
		} else
			kill(readers[i], SIGKILL);
		if (waitpid(readers[i], NULL, WNOHANG) == readers[i])
			readers[i] = start_reader("out");
		if (writers[i] != 0 && waitpid(writers[i], &status, WNOHANG)) {
			ck_assert_int_eq(status, 0);
			writers[i] = 0;
			over++;
		}
		ck_assert_msg(now() < until, "the crowd does not end");
	}
	for (int i = 0; i < CROWD; i++) {
		kill(readers[i], SIGTERM);
		await(readers[i]);
	}
	if (unread())
		expect_exit(start_reader("out"), 0);
	expect_exit(start_writer(NULL), 0);
	expect_every_line();
}
