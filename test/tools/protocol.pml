/*
 * protocol.pml - a model of sharemem.c, writer.c and reader.c for SPIN.  There
 * are one or two writers, and one or two readers.  Readers come again until all
 * writers have ended and everything is printed.  Read it beside sharemem.c, and
 * skip each choice that begins with WRONG first.
 *
 * A step is what the kernel does at once.  A mark at the step, in brackets,
 * names the function and the call of the sources; model.sh compares the two.
 * Before each step, and while it waits, a process may die.  Most calls may also
 * fail, and an outsider may type `ipcrm -m'.  There are at most FAULTS of these
 * faults.  A process that only a further fault could wake counts as stuck.
 *
 * SPIN tries the steps in every order, and checks:
 * - Nobody is stuck, and every reader hears the end of the last writer.
 * - At most one process is inside.
 * - A text is lost only if the outsider has removed the segment, and the next
 *   process that starts says so.  It is printed twice only if a reader fails.
 * - Nobody loses the set that it uses, and in the end nothing is left.
 *
 * Joining is simple here, and neither it nor the removal is broken on purpose:
 * test/check_schedules.c does that to the programs, call by call.  These calls
 * have no step:
 *	[verify_set: semctl] [verify_segment: shmctl] All objects are ours here.
 *	[try_to_join: sem_delete] The limits of the system do not change.
 *	[drop_old_news: sem_v] All values are possible: an assertion says so.
 *	[drop_old_news: opensem] No identifier comes again.
 *	[withdraw: shmdt] Nobody counts those that are attached.
 *	[try_to_join: sem_value] [tell: semctl] [writer.c: sem_value] These are
 *	for messages only.
 *
 * model.sh defines WRITERS, READERS, the TEXTS of each writer, FAULTS, and how
 * the protocol is BROKEN.  WRONG(name) is true if it is broken in this way.
 */
#define WRONG(name) (BROKEN == name)
#define IF_WRONG(name, what) if :: WRONG(name) -> what :: else fi

/* The kernel's objects.  Each has an identifier; 0: it does not exist. */
byte set, segment;
byte guard, is_empty, news, readers, writers; /* the semaphores of the set */
byte news_undo;			/* bits: processes whose death is news */
byte text[8];			/* of each segment: which text is in it */
byte my_set[5], my_segment[5];	/* of each process: which ones it has found */

/* For the faults and the checks. */
byte faults, finished;		/* how many are left; writers that have ended */
bool died, reader_failed;	/* anybody has died; a reader has, or a call */
bool removed;			/* a segment, by the outsider */
byte inside;			/* how many processes */
byte accepted, last_printed;	/* texts */
byte joined, met;		/* bits: readers; those due to hear an end */

#define UNREAD (set != 0 && is_empty == 0 && news > 0)
#define ALL_PRINTED (last_printed == accepted && !UNREAD)
#define MY_BIT (1 << _pid)
#define MY_SET my_set[_pid]
#define HERE (set == MY_SET)
#define MY_SEGMENT my_segment[_pid]
#define NEEDED (is_empty == 0 -> 2 : 0)
#define IS_LAST (guard > 0 && is_empty == 1 && readers + writers == 0)

/*
 * A step, and what may happen instead of it: the process finds its set removed;
 * it dies; the call fails, or a signal interrupts it.  If the set is removed, a
 * process that is counted gives up, and another one starts over.
 */
#define GONE atomic { !HERE -> assert(!am_inside && (removed || !counted)); \
	ends = ends || counted; goto over }
#define DIE atomic { faults > 0 -> faults--; died = true; \
	reader_failed = reader_failed || !is_writer; ends = true; goto over }
#define FAIL atomic { faults > 0 -> faults--; \
	reader_failed = reader_failed || !is_writer; goto leave }
#define STEP(what) if :: atomic { HERE -> what } :: GONE :: DIE :: FAIL fi
#define SURE_STEP(what) if :: atomic { HERE -> what } :: GONE :: DIE fi

/* A new identifier, which no process knows: it never equals an old one. */
#define NEW_ID(at, known) \
	at = 1; \
	do \
	:: at == known[1] || at == known[2] || at == known[3] || \
	   at == known[4] -> at++ \
	:: else -> break \
	od; \
	known[_pid] = at

#define GO_IN guard--; am_inside = true; inside++; assert(inside == 1)
#define GO_OUT guard++; am_inside = false; inside--
#define REMOVE_SET set = 0; guard = 0; is_empty = 0; news = 0; readers = 0; \
	writers = 0; news_undo = 0; inside = inside - am_inside; \
	am_inside = false

proctype program(bool is_writer)
{
	byte left = TEXTS;		/* what a writer still has to write */
	bool am_inside, counted;
	bool unread, in_use;		/* what GETALL has found */
	byte surplus;			/* the news that nobody needs to hear */
	bool ends;			/* else it starts over */

start:	if	/* [try_to_join: createsem] */
	:: atomic { set == 0 -> NEW_ID(set, my_set); goto open }
	:: set != 0 -> skip :: DIE
	fi;
	if	/* [try_to_join: opensem] */
	:: atomic { set != 0 -> MY_SET = set }
	:: atomic { set == 0 -> goto over } :: DIE
	fi;
open:	SURE_STEP(	/* [try_to_join: open_set] */
		if
		:: guard == 0 && is_empty == 0 && news == 0 ->
			is_empty++; guard++
		:: else
		fi);
	if	/* [try_to_join: sem_p]  A signal may end the wait. */
	:: atomic { HERE && guard > 0 -> GO_IN } :: GONE :: DIE
	:: atomic { HERE && guard == 0 && faults > 0 -> faults--; goto exits }
	fi;
	STEP(		/* [drop_old_news: semctl] */
		assert(guard == 0 && is_empty <= 1 && is_empty + news > 0);
		unread = (is_empty == 0);
		in_use = (readers + writers > 0 || unread);
		surplus = (readers == 0 && news > NEEDED -> news - NEEDED : 0));
	if	/* [drop_old_news: step] */
	:: atomic { HERE && surplus > 0 -> assert(news >= surplus);
		news = news - surplus }
	:: surplus == 0 -> skip :: GONE :: DIE :: FAIL
	fi;
	STEP(MY_SEGMENT = segment);	/* [try_to_join: openshm] */
	if
	:: MY_SEGMENT != 0 -> goto attach
	:: MY_SEGMENT == 0 && in_use -> assert(removed);
		/* [remove_broken_set: sem_delete]  It tells of a lost text. */
		SURE_STEP(last_printed = (unread -> accepted : last_printed);
			REMOVE_SET; goto over)
	:: else
	fi;
	if	/* [try_to_join: createshm] */
	:: atomic { segment != 0 -> MY_SEGMENT = segment } :: DIE :: FAIL
	:: atomic { segment == 0 -> NEW_ID(segment, my_segment);
		text[segment] = 0 }
	fi;
attach:	if	/* [try_to_join: shmat] */
	:: atomic { true -> assert(segment == MY_SEGMENT || removed) }
	:: segment != MY_SEGMENT -> goto withdraw :: DIE :: FAIL
	fi;
	if	/* [be_counted: step] */
	:: atomic { HERE -> counted = true; GO_OUT;
		unread = false; in_use = in_use || is_writer; surplus = 0;
		if
		:: is_writer -> writers++; met = met | joined;
			news_undo = news_undo |
				(MY_BIT * !WRONG(A_KILLED_WRITER_IS_NO_NEWS));
			goto write
		:: else -> readers++; joined = joined | MY_BIT;
			met = met | ((writers > 0 || is_empty == 0) << _pid);
			goto end_read
		fi } :: GONE :: DIE :: FAIL
	fi;

write:	if	/* [writer.c: sem_wait_p] [try_then_sleep: step] */
	:: atomic { HERE && guard > 0 && (is_empty > 0 ||
		WRONG(THE_WRITER_DOES_NOT_WAIT)) -> GO_IN }
	:: WRONG(WAIT_THEN_TAKE) && HERE && is_empty > 0 ->
		if :: atomic { HERE && guard > 0 -> GO_IN } :: GONE :: DIE fi
	:: GONE :: DIE :: FAIL
	fi;
	STEP(text[MY_SEGMENT] = 0);	/* half of the copy */
	IF_WRONG(THE_WRITER_PASSES_IN_TWO_STEPS,
		STEP(is_empty--); STEP(is_empty++));
	STEP(		/* [writer.c: sem_pass_v] */
		accepted++; left--; text[MY_SEGMENT] = accepted;
		assert(is_empty > 0); /* else EAGAIN */
		is_empty--; news++; GO_OUT;
		if :: left > 0 -> goto write :: else -> goto leave fi);

end_read: /* Here SPIN lets a process wait for ever. */
	if	/* [reader.c: sem_wait_p] */
	:: atomic { HERE && news > 0 && guard > 0 -> GO_IN }
	:: GONE :: DIE :: FAIL
	fi;
	if	/* [reader.c: sem_value] */
	:: HERE && is_empty > 0 -> goto hear
	:: HERE && is_empty == 0 -> skip :: GONE :: DIE :: FAIL
	fi;
	IF_WRONG(THE_READER_TAKES_FIRST,
		STEP(news--; is_empty++); STEP(news++; is_empty--));
	STEP(		/* It prints the next text, or the same one again. */
		assert(text[MY_SEGMENT] == last_printed + 1 ||
		       (text[MY_SEGMENT] == last_printed && reader_failed));
		last_printed = text[MY_SEGMENT]);
	STEP(assert(news > 0); /* [reader.c: sem_pass_v]  Else EAGAIN. */
		news--; is_empty++; GO_OUT; goto end_read);

hear:	if	/* [reader.c: sem_end_v] [sem_end_v: sem_value] */
	:: HERE && writers == 0 -> goto last
	:: HERE && writers > 0 -> skip :: GONE :: DIE :: FAIL
	fi;
	if	/* [sem_end_v: step] */
	:: atomic { HERE -> assert(news > 0); /* else EAGAIN */
		news--; GO_OUT; goto end_read } :: GONE :: DIE :: FAIL
	:: atomic { WRONG(A_READER_IGNORES_A_FAILED_CALL) && faults > 0 ->
		faults--; goto end_read }
	fi;
last:	/* A reader that came first has met the writer whose end it hears. */
	assert(in_use || (met & MY_BIT));
	STEP(		/* [sem_end_v: sem_v] */
		news = news - WRONG(THE_FIRST_READER_TAKES_THE_NEWS); GO_OUT;
		goto leave);

leave:	ends = true;
withdraw:
	if	/* [withdraw: sem_v]  Who leaves goes, even if a call fails. */
	:: atomic { HERE && am_inside -> GO_OUT }
	:: !am_inside -> skip :: GONE :: DIE
	:: WRONG(WHO_FAILS_INSIDE_KEEPS_THE_GUARD) && counted -> skip
	fi;
	if	/* [withdraw: step] */
	:: atomic { HERE && counted -> counted = false;
		if
		:: is_writer -> writers--; /* it tells its end itself */
			news = news + !WRONG(LEAVER_TELLS_NOTHING);
			news_undo = news_undo & ~(MY_BIT *
				!WRONG(THE_KERNEL_TELLS_THE_END_AGAIN))
		:: else -> readers--
		fi }
	:: !counted -> skip :: GONE :: DIE
	fi;
	if	/* [remove_if_last: step] */
	:: atomic { HERE && IS_LAST -> GO_IN }
	:: atomic { HERE && !IS_LAST -> goto over } :: GONE :: DIE
	fi;
	if	/* [remove_if_last: shmget] */
	:: atomic { true -> MY_SEGMENT = segment } :: DIE
	fi;
	if	/* [remove_if_last: shmctl] */
	:: atomic { segment == MY_SEGMENT -> segment = 0 }
	:: segment != MY_SEGMENT -> skip :: DIE
	fi;
	SURE_STEP(REMOVE_SET; goto over); /* [remove_if_last: sem_delete] */

exits:	ends = true;
over:	atomic { /* The kernel undoes all in one step; else, it starts over. */
		if
		:: HERE ->
			guard = guard +
				(am_inside && !WRONG(NO_UNDO_OF_THE_GUARD));
			counted = counted && !WRONG(THE_DEAD_ARE_STILL_COUNTED);
			writers = writers - (counted && is_writer);
			readers = readers - (counted && !is_writer);
			news = news + ((news_undo >> _pid) & 1)
		:: else
		fi;
		inside = inside - am_inside; am_inside = false;
		news_undo = news_undo & ~MY_BIT; met = met & ~MY_BIT;
		joined = joined & ~MY_BIT; MY_SET = 0; MY_SEGMENT = 0;
		counted = false; unread = false; in_use = false; surplus = 0;
		if :: !ends -> goto start :: else fi;
		ends = false; left = 0;
		finished = finished + is_writer;
		if
		:: !is_writer && (finished < WRITERS || !ALL_PRINTED) ->
			goto start
		:: else
		fi
	}
}

init {
	atomic {
		run program(true); run program(false);
		select(faults : 0 .. FAULTS);
		if :: WRITERS == 2 -> run program(true) :: else fi;
		if :: READERS == 2 -> run program(false) :: else fi
	};
	do
	:: atomic { faults > 0 && segment != 0 -> /* the outsider: ipcrm -m */
		faults--; removed = true; segment = 0 }
	:: atomic { timeout -> break } /* nobody can go on */
	od;
	assert(finished == WRITERS && ALL_PRINTED && inside == 0);
	/* Nothing is left, except after a death or for readers that wait.  A
	 * process that had a removed segment may leave the new one behind. */
	assert(died || joined || set == 0);
	assert(died || joined || segment == 0 || removed);
	assert(!joined || (met == 0 && news == 0)) /* they have heard all */
}
