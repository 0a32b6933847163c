/*
 * picture.c - draws the paper's pair and ours at work, call by call.
 *
 *	$ make picture			draws test/tools/picture.svg
 *	$ make picture SEED=7		another run
 *
 * The programs run under ptrace(2), one call at a time.  The seed decides whose
 * turn it is.  So the same seed draws the same picture, byte for byte.  Our
 * pair does not try before it sleeps: trace.c sees to that.
 */
#define _GNU_SOURCE

#include "../support.h"
#include "../trace.h"

#include <pty.h>

enum { SEED = 39, COLUMNS = 60, TEXTS = 3 };

enum { WRITER, READER };
enum doing { NOTHING, OUTSIDE, POLLS, SLEEPS, ENTERED };
enum fault { BOTH_INSIDE, OVERWRITTEN, AGAIN, POLLING, FAULTS };
static const char *const faults[] = {"both inside", "is overwritten",
				     "is printed again", "polls"};
static const char *const names[] = {"GUARD", "EMPTY", "NEWS", "READERS",
				    "WRITERS"};
static bool ours; /* or the paper's pair */
static struct {
	struct traced pair[2];
	int keyboard;	     /* the writer's input */
	const char *segment; /* or NULL */
	int column;	     /* each is a call */
	enum doing doing[2];
	int values[MEMBERS]; /* of the semaphores; or -1 */
	char typed, text;    /* the last one; the one in the segment, or 0 */
	int put, prints;     /* in which column, and how often printed since */
	int found[FAULTS];   /* how often */
	int row_ends[3];     /* the words above and below the lanes */
} run;

/* ---- The drawing: a unit is a point, and the page is A4 ---- */

enum { RIGHT = 728, LEFT = 50, WIDTH = 12, HALF = WIDTH / 2, ROW = 11 };
enum { LANE = 60, SECOND = 90, BOTTOM = SECOND + LANE, STEPS = BOTTOM + 34 };
static FILE *svg;

#define DRAW(...)  fprintf(svg, __VA_ARGS__)
#define TEXT(what) "<text x='%d' y='%d' class='%s'>" what "</text>\n"
#define LINE	   "<path class='%s' d='M%d %dL%d %d'/>\n"

/* Mark a fault, above or below the lanes; in words, if there is room. */
static void
mark(enum fault fault, int who, char letter)
{
	const int row = who == READER ? 2 : fault == OVERWRITTEN;
	const int y = who == READER ? BOTTOM + ROW : -4 - ROW * row;
	const int width = (int)strlen(faults[fault]) * 6 + 14;
	const int line = WIDTH * run.column + 1, most = RIGHT - width;
	const int x = line < most ? line : most;

	run.found[fault]++;
	if (run.row_ends[row] > x)
		return;
	run.row_ends[row] = x + width;
	DRAW(LINE, "fault", line, y, line, who == READER ? BOTTOM : 0);
	DRAW(TEXT("%c %s"), x + 2, y, "fault", letter, faults[fault]);
}

static void
draw_cell(int y, int height, const char *class)
{
	DRAW("<rect class='%s' x='%d' y='%d' width='%d' height='%d'/>\n", class,
	     WIDTH * run.column, y, WIDTH, height);
}

/* What both do in this column, which did that before. */
static void
draw_lanes(const enum doing before[2])
{
	static const char *const classes[] = {"", "outside", "polls", "sleeps",
					      "inside"};
	const int x = WIDTH * run.column;
	int inside = 0, were = 0;

	for (int who = 0; who < 2; who++) {
		const int y = who == WRITER ? 0 : SECOND;
		const enum doing doing = run.doing[who];
		if (doing != NOTHING)
			draw_cell(y, LANE, classes[doing]);
		if (doing != before[who])
			DRAW(LINE, "", x, y, x, y + LANE);
		else if (doing == SLEEPS)
			DRAW(TEXT("z"), x + 4, y + LANE / 2, "");
		if (doing == POLLS && before[who] != POLLS)
			mark(POLLING, who, ' ');
		inside += doing == ENTERED;
		were += before[who] == ENTERED;
	}
	if (inside == 2)
		draw_cell(LANE, SECOND - LANE, "both");
	if (inside == 2 && were < 2)
		mark(BOTH_INSIDE, WRITER, ' ');
}

/* The values of the semaphores, as steps.  A digit tells each new one. */
static void
draw_values(void)
{
	unsigned short values[MEMBERS];
	union semun all = {.array = values};
	const bool exist = semctl(semaphore_set(), 0, GETALL, all) != -1;
	const int x = WIDTH * run.column;

	for (int i = 0; i < (ours ? MEMBERS : 1); i++) {
		const int y = STEPS + 14 * i, unit = i == NEWS ? 5 : 10;
		const int value = exist ? values[i] : -1, was = run.values[i];
		run.values[i] = value;
		if (value == -1)
			continue;
		DRAW("<path class='value' d='M%d %dV%dh%d'/>\n", x,
		     y - unit * (was == -1 ? value : was), y - unit * value,
		     WIDTH);
		if (value != was)
			DRAW(TEXT("%d"), x + 3, y - 2 - (i == NEWS) * 5 * value,
			     value > 1 && !ours ? "fault" : "halo", value);
	}
}

/* A text is put in, in the place of another. */
static void
draw_put(char text)
{
	const int x = WIDTH * run.column, y = LANE + 7;

	if (run.text != 0 && run.prints == 0) {
		DRAW(LINE, "lost", WIDTH * run.put + HALF, y + 7, x, y + 13);
		mark(OVERWRITTEN, WRITER, run.text);
	}
	DRAW("<circle cx='%d' cy='%d' r='6.5'/>" TEXT("%c"), x + HALF, y,
	     x + HALF, y + 3, "letter", text);
	run.text = text;
	run.put = run.column;
	run.prints = 0;
}

/* The text in the segment is printed. */
static void
draw_print(void)
{
	DRAW(LINE, "text", WIDTH * run.put + HALF, LANE + 14,
	     WIDTH * run.column + HALF, SECOND);
	if (run.prints++ > 0)
		mark(AGAIN, READER, run.text);
}

static void
draw_names(const char *heading)
{
	DRAW(TEXT("%s"), -LEFT, ours ? -8 : -31, "b", heading);
	DRAW(TEXT("writer"), -LEFT, LANE / 2, "b");
	DRAW(TEXT("reader"), -LEFT, SECOND + LANE / 2, "b");
	for (int i = 0; i < (ours ? MEMBERS : 1); i++)
		DRAW(TEXT("%s"), -LEFT, STEPS + 14 * i, "",
		     ours ? names[i] : "semaphore");
}

/* ---- The runs ---- */

/* By how much a semop(2) changes the first semaphore, which is the guard. */
static int
guard_change(const struct traced *t)
{
	int sum = 0;

	for (size_t i = 0; t->call == SEMOP && i < t->args[2]; i++)
		sum += t->ops[i].sem_num == GUARD ? t->ops[i].sem_op : 0;
	return sum;
}

/* Name a call as the programs do.  NULL: it is not worth a column. */
static const char *
name_of(const struct traced *t, char *letter)
{
	/* A semop(2), by guard_change() and its number of operations. */
	static const char *const helpers[3][6] = {
	    {"", "sem_p", "", "sem_wait_p", "", "if the last"},
	    {"", "counted out", "counted out", "", "", ""},
	    {"", "sem_v", "counted in", "sem_pass_v", "counted in",
	     "open_set"}};
	const int command = t->args[t->call == SEMCTL ? 2 : 1] & 0xff;

	switch (t->call) {
	case SEMOP:
		return helpers[guard_change(t) + 1][t->args[2]];
	case SEMGET: /* 0 semaphores, or bytes: it must exist */
		return t->args[1] == 0 ? "opensem" : "createsem";
	case SHMGET:
		return t->args[1] == 0 ? "openshm" : "createshm";
	case READ:
		if (t->result == 0)
			return "end of input";
		*letter = run.typed;
		return ours ? "read" : "fgets";
	case WRITE:
		*letter = run.text == 0 ? ' ' : run.text;
		return ours ? "print" : "printf";
	case SHMAT:
	case SHMDT:
		return call_names[t->call];
	case SEMCTL:
		if (command == GETVAL && !(ours && t->args[1] == GUARD)) {
			*letter = (char)('0' + t->result);
			return ours ? names[t->args[1]] : "sem_wait";
		}
		/* fall through */
	case SHMCTL:
		return command == IPC_RMID ? "IPC_RMID" : NULL;
	default:
		return NULL;
	}
}

/* What does a process do now, which did this before? */
static enum doing
doing(const struct traced *t, enum doing before)
{
	const int change = guard_change(t);

	if (t->state == DEAD)
		return NOTHING;
	if (t->state == ASLEEP)
		return SLEEPS;
	if (t->state == AFTER && change != 0 && (!ours || t->result == 0))
		return change < 0 ? ENTERED : OUTSIDE;
	if (t->state == AFTER && t->call == SEMCTL && !ours)
		return t->result == 0 ? POLLS : OUTSIDE;
	return before == NOTHING ? OUTSIDE : before;
}

/* A process has stopped.  Draw a column, if something has happened. */
static void
look(int who)
{
	struct traced *t = &run.pair[who], *other = &run.pair[!who];
	const bool after = t->state == AFTER, slept = other->state == ASLEEP;
	const enum doing before[] = {run.doing[0], run.doing[1]};
	const int x = WIDTH * run.column;
	const char *name = NULL;
	char letter = ' ';

	if (run.segment == NULL && segment_of(directory) != -1)
		run.segment = shmat(segment_of(directory), NULL, SHM_RDONLY);
	const char text = run.segment == NULL ? 0 : run.segment[ours ? 4 : 0];
	const bool put = text != run.text; /* no call does it */
	if (put)
		name = ours ? "memcpy" : "strcpy";
	else if (after || t->state == ASLEEP)
		name = name_of(t, &letter);
	else if (t->state == DEAD)
		name = "ends";
	if (name == NULL)
		return;
	run.doing[who] = doing(t, before[who]);
	if (slept && settle(other))
		run.doing[!who] = doing(other, SLEEPS);
	draw_lanes(before);
	draw_values();
	const bool fails = after && t->result < 0;
	const char *class = fails ? ours ? " i" : " fault" : "";
	DRAW("<text transform='translate(%d %d)rotate(-90)' class='halo%s'>"
	     "%s %c %s</text>\n",
	     x + 9, who == WRITER ? LANE - 2 : BOTTOM - 2, class, name,
	     put ? text : letter, fails && !ours ? "fails" : "");
	if (slept && other->state != ASLEEP)
		DRAW(LINE, "wake", x, who == WRITER ? LANE : SECOND, x,
		     who == WRITER ? SECOND : LANE);
	if (put)
		draw_put(text);
	else if (after && t->call == WRITE && run.text != 0)
		draw_print();
	run.column++;
}

/* Let a process go on until there is a new column.  Type what it reads. */
static void
go_on(int who)
{
	struct traced *t = &run.pair[who];

	for (const int before = run.column; run.column == before; look(who)) {
		if (t->state == BEFORE && t->call == READ) {
			if (++run.typed == 'A' + TEXTS && ours)
				close(run.keyboard);
			else
				dprintf(run.keyboard, "%c\n", run.typed);
		}
		resume(t);
		ck_assert(settle(t));
	}
}

static bool
can_go_on(int who)
{
	const enum state state = run.pair[who].state;
	return state != UNBORN && state != ASLEEP && state != DEAD;
}

/* Run a pair in a new channel, to its end or until the page is full. */
static void
run_pair(void)
{
	char library[PATH_MAX + 32], terminal[PATH_MAX];
	int master, slave, who = WRITER;

	enter_directory();
	ck_assert_int_eq(chdir(directory), 0);
	mkfifo("in", 0600);
	ck_assert_int_eq(openpty(&master, &slave, terminal, NULL, NULL), 0);
	memset(&run, 0, sizeof(run));
	memset(run.values, -1, sizeof(run.values));
	run.typed = 'A' - 1;
	run.keyboard = open("in", O_RDWR | O_CLOEXEC);
	snprintf(library, sizeof(library), "%s/test/printed/quick.so", top);
	ck_assert_int_eq(symlink(library, "quick.so"), 0);
	setenv("LD_PRELOAD", ours ? "" : "./quick.so", 1); /* no blank in it */
	run.pair[WRITER] = start_traced(ours ? "writer" : "test/printed/writer",
					directory, "in", "out", "err");
	while (run.column < COLUMNS &&
	       (can_go_on(WRITER) || can_go_on(READER))) {
		if (run.pair[READER].state == UNBORN && semaphore(GUARD) == 1)
			run.pair[READER] = start_traced(
			    ours ? "reader" : "test/printed/reader", directory,
			    NULL, terminal, "err");
		if (can_go_on(!who) &&
		    (!can_go_on(who) || lrand48() % 100 < 35))
			who = !who;
		go_on(who);
	}
}

static const char head[] =
    "<svg xmlns='http://www.w3.org/2000/svg' width='780pt' height='538pt' "
    "viewBox='0 0 780 538'>\n<style>"
    "@page{size:A4 landscape;margin:10mm}"
    "text{font:9px Arial,Helvetica,'Liberation Sans',sans-serif}"
    "path{fill:none;stroke:#000}circle{fill:#fff;stroke:#000}"
    "rect{stroke:#000;stroke-width:.7;stroke-dasharray:12 60}"
    ".outside{fill:#fff}.polls{fill:url(#dots)}.sleeps{fill:url(#lines)}"
    ".inside{fill:#b5cae6}.both{fill:url(#both);stroke:none}"
    ".b,.fault,.letter{font-weight:bold}.letter{text-anchor:middle}"
    ".i{font-style:italic}path.fault{stroke:#a00}.fault{fill:#a00}"
    ".halo{paint-order:stroke;stroke:#fff;stroke-width:2px}"
    ".wake{stroke-dasharray:2 2}.text,.wake{marker-end:url(#head)}"
    ".lost{marker-end:url(#cross);stroke:#a00}</style>\n"
    "<pattern id='dots' width='4' height='4' "
    "patternUnits='userSpaceOnUse'><path d='M1 2h1'/></pattern>"
    "<pattern id='lines' width='5' height='5' patternTransform='rotate(45)' "
    "patternUnits='userSpaceOnUse'><path d='M0 0V5'/></pattern>"
    "<pattern id='both' width='4' height='4' patternTransform='rotate(-45)' "
    "patternUnits='userSpaceOnUse'><path d='M0 0V4' "
    "style='stroke:#a00;stroke-width:2.5'/></pattern>\n"
    "<marker id='head' overflow='visible' orient='auto' "
    "markerUnits='userSpaceOnUse'>"
    "<path d='M-8-3L0 0L-8 3z' style='fill:#000'/></marker>"
    "<marker id='cross' overflow='visible' markerUnits='userSpaceOnUse'>"
    "<path d='M-4-4L4 4M-4 4L4-4' style='stroke:#a00;stroke-width:2'/>"
    "</marker>\n"
    "<text y='11' class='b' style='font-size:13px'>A writer and a reader, "
    "call by call</text><text x='780' y='11' text-anchor='end'>From left to "
    "right, a column is a call, or a copy of a text.  SEED=%ld</text>\n"
    "<g transform='translate(0 18)'><path class='outside' d='M1 0h18v11h-18z'/>"
    "<path class='polls' d='M62 0h18v11h-18z'/>"
    "<path class='sleeps' d='M111 0h18v11h-18z'/>"
    "<path class='inside' d='M167 0h18v11h-18z'/>"
    "<path class='both' d='M220 0h18v11h-18z'/>"
    "<path class='text' d='M298 6h24'/><path class='lost' d='M450 6h18'/>"
    "<path class='wake' d='M544 6h24'/>"
    "<text y='9'><tspan x='22'>outside</tspan><tspan x='83'>polls</tspan>"
    "<tspan x='132'>asleep</tspan><tspan x='188'>inside</tspan>"
    "<tspan x='241'>both inside</tspan>"
    "<tspan x='326'>a text, from put to printed</tspan>"
    "<tspan x='476'>never printed</tspan><tspan x='572'>wakes up</tspan>"
    "<tspan x='624' class='i'>slanted: the call fails, as it may</tspan>"
    "</text></g>\n";

CASE("Picture", "of both pairs")

TEST_IF(the_paper_s_pair_shows_its_faults_and_ours_none, 1, MAY_TRACE)
{
	static const char *const headings[] = {
	    "Rung 1, test/printed: the paper's pair.  It polls.  If sem_p "
	    "fails, its caller goes in all the same, and its sem_v makes 2: "
	    "room for both.",
	    "Rung 4: our pair.  A process that must wait sleeps.  One call "
	    "waits (for EMPTY, or NEWS) and takes GUARD.  The last to leave "
	    "removes all."};
	const char *given = getenv("SEED");
	const long seed = given == NULL ? SEED : atol(given);
	char path[PATH_MAX + 32];

	srand48(seed);
	snprintf(path, sizeof(path), "%s/test/tools/picture.svg", top);
	svg = fopen(path, "w");
	ck_assert_ptr_nonnull(svg);
	DRAW(head, seed);
	for (int i = 0; i < 2; i++) {
		ours = i == 1;
		DRAW("<g transform='translate(%d %d)'>\n", LEFT,
		     ours ? 293 : 76);
		draw_names(headings[i]);
		run_pair();
		DRAW("</g>\n");
		for (int f = 0; f < FAULTS; f++)
			ck_assert_msg(ours ? run.found[f] == 0
					   : run.found[f] > 0 || given != NULL,
				      "SEED=%ld: rung %d shows %s'%s'", seed,
				      ours ? 4 : 1, ours ? "" : "no ",
				      faults[f]);
	}
	DRAW("</svg>\n");
	ck_assert_int_eq(fclose(svg), 0);
	ck_assert_msg(run.pair[WRITER].state == DEAD &&
			  run.pair[READER].state == DEAD &&
			  run.text == 'A' + TEXTS - 1 && run.prints == 1,
		      "SEED=%ld: rung 4 is not the whole story", seed);
}
