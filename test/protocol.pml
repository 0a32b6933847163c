/*
 * protocol.pml - the protocol of sharemem.c as a model for SPIN: writers and
 * readers (two of each, or one), who come again as long as there is something
 * to read.  Each `if' and each `do' is one system call of the helper named
 * beside it; between any two of them, and while it waits, a process may die.
 * Other faults: a signal at a wait, an attach, a print or the end of a turn
 * that fails, an outsider's `ipcrm -m'.  There are FAULTS faults in all, or
 * fewer: who is stuck while one could still kill him is stuck.
 *
 * `make model' checks that nobody is ever stuck, that no text is lost unless an
 * outsider removed the segment and the next start says so, that none is printed
 * twice but after a reader's death, that one at most is inside, that nobody
 * loses the set that he uses, and that nothing is left.  The macros that are
 * not defined break the protocol: see test/model.sh.
 */
#ifndef FAULTS /* else see model.sh */
#define WRITERS 2
#define READERS 2
#define TEXTS 1 /* of each writer */
#define FAULTS 1
#endif

/* The set and the segment under the keys, as the kernel keeps them. */
bool set_there, segment_there;
byte set_id, segment_id;	/* which one: they are made anew */
byte guard, is_empty, news, readers, writers;
byte news_undo[6];		/* by process: the set in which it announces */
byte text[8];			/* by segment: what is in it */

/* The books. */
byte faults, deaths, reader_deaths, inside, finished, waiting;
bool removed;			/* by the outsider */
byte accepted, last_printed;
byte joined, met;		/* bits: readers that take part; that are due
				 * to hear of a writer's end */

#define HERE (set_there && set_id == my_set)
#define MINE (segment_there && segment_id == my_segment)
#define UNREAD (set_there && is_empty == 0 && news > 0)
#define ALL_OVER (finished == WRITERS && last_printed == accepted && !UNREAD)
#define DIE  atomic { faults > 0 -> faults--; deaths++; goto dies }
#define GONE atomic { !HERE -> goto restart }
#define LOST atomic { !HERE -> assert(removed); goto error }
#define SIGNAL(label) atomic { faults > 0 -> faults--; goto label }
#define FAILS atomic { faults > 0 -> faults--; goto fails_inside }

#ifdef NO_UNDO_OF_THE_GUARD
#define UNDO 0
#else
#define UNDO 1
#endif
#define GO_IN  guard--; holds = UNDO; am_inside = true; inside++; \
	assert(inside == 1)
#define GO_OUT guard++; holds = 0; am_inside = false; inside--

#ifdef OPEN_WITHOUT_LOOKING
#define MAY_OPEN true
#elif defined(ONLY_THE_CREATOR_OPENS)
#define MAY_OPEN (created && guard == 0 && is_empty == 0 && news == 0)
#else
#define MAY_OPEN (guard == 0 && is_empty == 0 && news == 0)
#endif
#ifdef NOBODY_COUNTS_HIMSELF_OUT_FIRST
#define NOBODY_ELSE (readers + writers == counted)
#elif defined(REMOVED_ALTHOUGH_OTHERS_TAKE_PART)
#define NOBODY_ELSE true
#else
#define NOBODY_ELSE (readers == 0 && writers == 0)
#endif
#ifdef REMOVED_ALTHOUGH_TEXT_IS_UNREAD
#define MAY_REMOVE NOBODY_ELSE
#else
#define MAY_REMOVE (NOBODY_ELSE && is_empty == 1)
#endif

proctype program(bool is_writer)
{
	byte my_set, my_segment, holds, left = TEXTS, n, i;
	bool am_inside, counted, nobody, unread, alone, created;
	bool fails, leaving;

start:	/* enter_set(): createsem, else opensem */
	if
	:: atomic { !set_there ->
		set_there = true; set_id = (set_id % 7) + 1; my_set = set_id;
		guard = 0; is_empty = 0; news = 0; readers = 0; writers = 0;
		created = true; goto open }
	:: set_there -> skip
	:: DIE
	fi;
	if
	:: atomic { set_there -> my_set = set_id; created = false }
	:: atomic { !set_there -> goto restart }
	:: DIE
	fi;
open:
	if	/* whoever comes first opens it */
	:: atomic { HERE && MAY_OPEN -> is_empty++; guard++ }
	:: atomic { HERE && !(MAY_OPEN) -> skip }
	:: GONE
	:: DIE
	fi;
	if	/* sem_p(semid, GUARD) */
	:: atomic { HERE && guard > 0 -> GO_IN }
	:: GONE
	:: DIE
	:: atomic { HERE && guard == 0 && faults > 0 -> /* a signal: asleep */
		faults--; goto undo }
	fi;

	if	/* take_part(): GETALL */
	:: atomic { HERE ->
		assert(guard == 0 && is_empty <= 1 && !(is_empty == 0 && news == 0));
		nobody = (readers == 0 && writers == 0); unread = (is_empty == 0) }
	:: GONE
	:: DIE
	fi;
	if	/* SETVAL: takes everybody's adjustments away, too */
#ifndef OLD_NEWS_IS_KEPT
#ifdef NEWS_IS_TAKEN_FROM_OTHERS
	:: atomic { HERE ->
#else
	:: atomic { HERE && nobody ->
#endif
#ifdef UNREAD_TEXT_IS_ONE_NEWS
		news = (unread -> 1 : 0);
#else
		news = (unread -> 2 : 0);
#endif
#ifndef ADJUSTMENTS_ARE_KEPT
		i = 0;
		do
		:: i < 6 ->
			if
			:: news_undo[i] == my_set -> news_undo[i] = 0
			:: else
			fi;
			i++
		:: else -> i = 0; break
		od
#endif
		}
#endif
#ifdef OLD_NEWS_IS_KEPT
	:: HERE -> skip
#else
#ifndef NEWS_IS_TAKEN_FROM_OTHERS
	:: !nobody -> skip
#endif
#endif
	:: GONE
	:: DIE
	fi;

	if	/* attach_segment(): createshm or openshm */
	:: atomic { segment_there -> my_segment = segment_id }
#ifdef A_SET_IN_USE_GETS_A_NEW_SEGMENT
	:: atomic { !segment_there ->
#else
	:: atomic { !segment_there && nobody && !unread ->
#endif
		segment_there = true; segment_id = (segment_id % 7) + 1;
		my_segment = segment_id; text[segment_id] = 0 }
#ifndef A_SET_IN_USE_GETS_A_NEW_SEGMENT
	:: atomic { !segment_there && !(nobody && !unread) ->
		assert(removed); /* by the outsider: say so, if it matters */
		if
		:: unread -> last_printed = accepted
		:: else
		fi;
		goto tell_all }
#endif
	:: DIE
	fi;
	if	/* shmctl, shmat; by its identifier a segment that is marked for
		 * destruction can be had as long as somebody is attached */
	:: MINE -> skip
	:: atomic { !MINE -> assert(removed) }
	:: atomic { !MINE -> assert(removed); goto back_out }
	:: atomic { faults > 0 -> faults--; fails = true; goto back_out }
	:: DIE
	fi;
	if	/* be counted, go outside; a writer announces its end */
	:: atomic { HERE ->
		alone = nobody && !unread;
		if
		:: is_writer ->
			writers++; met = met | joined;
#ifndef NO_NEWS_OF_A_WRITERS_END
			news_undo[_pid] = my_set
#endif
		:: else ->
			readers++; joined = joined | (1 << _pid);
			met = met | ((writers > 0 || unread) << _pid)
		fi;
		counted = true; GO_OUT }
	:: GONE
	:: DIE
	fi;
	if
	:: is_writer -> goto write
	:: else -> goto read
	fi;

tell_all:
	if	/* sem_delete */
	:: atomic { HERE -> set_there = false; am_inside = false; inside--;
		goto restart }
	:: GONE
	:: DIE
	fi;

back_out:
#ifdef WHO_CREATED_REMOVES
	if
	:: created ->
		if
		:: atomic { HERE -> set_there = false; am_inside = false;
			inside--; goto backed_out }
		:: atomic { !HERE -> goto backed_out }
		:: DIE
		fi
	:: else -> skip
	fi;
#endif
	if	/* sem_v(semid, GUARD) */
	:: atomic { HERE -> GO_OUT }
	:: atomic { !HERE -> goto backed_out }
	:: DIE
	fi;
	goto remove_if_last;
backed_out:
	if
	:: atomic { fails -> fails = false; goto undo }
	:: atomic { !fails -> goto restart }
	fi;

write:	do
	:: left == 0 -> break
	:: left > 0 ->
#ifdef WAIT_THEN_TAKE
		if
		:: atomic { HERE && is_empty > 0 -> skip }
		:: LOST
		:: DIE
		fi;
		if
		:: atomic { HERE && guard > 0 -> GO_IN }
#else
		if	/* sem_wait_p(semid, EMPTY, GUARD) */
#ifdef THE_WRITER_DOES_NOT_WAIT
		:: atomic { HERE && guard > 0 -> GO_IN }
#else
		:: atomic { HERE && is_empty > 0 && guard > 0 -> GO_IN }
#endif
#endif
		:: LOST
		:: DIE
		:: SIGNAL(leave)
		fi;
		if	/* the copy: first it is half of it */
		:: atomic { HERE -> text[my_segment] = 0 }
		:: LOST
		:: DIE
		fi;
#ifdef THE_WRITER_PASSES_IN_TWO_STEPS
		if
		:: atomic { HERE -> is_empty-- }
		:: DIE
		fi;
		if
		:: atomic { HERE -> is_empty++;
#else
		if	/* sem_pass_v(semid, EMPTY, NEWS, GUARD) */
		:: atomic { HERE ->
#endif
			accepted++; text[my_segment] = accepted; left--;
			is_empty--; news++; GO_OUT }
		:: LOST
		:: DIE
		:: FAILS
		fi
	od;
	goto leave;

read:	do
	:: waiting++;
end_wait:	if	/* sem_wait_p(semid, NEWS, GUARD) */
		:: atomic { HERE && news > 0 && guard > 0 -> waiting--; GO_IN }
		:: atomic { !HERE -> assert(removed); waiting--; goto error }
		:: atomic { faults > 0 ->
			waiting--; faults--; deaths++; goto dies }
		:: atomic { faults > 0 -> waiting--; faults--; goto leave }
		fi;
		if	/* EMPTY */
		:: atomic { HERE -> n = is_empty;
#ifdef THE_READER_TAKES_FIRST
			if
			:: n == 0 -> news--; is_empty++
			:: else
			fi;
#endif
			}
		:: LOST
		:: DIE
		fi;
		if
		:: n == 0 ->
			if	/* print: never half, never out of order */
			:: atomic { assert(text[my_segment] > 0);
				assert(text[my_segment] == last_printed + 1 ||
				       (reader_deaths > 0 &&
					text[my_segment] == last_printed));
				last_printed = text[my_segment] }
			:: DIE
			:: FAILS
			fi;
			if	/* sem_pass_v(semid, NEWS, EMPTY, GUARD) */
			:: atomic { HERE ->
#ifndef THE_READER_TAKES_FIRST
				news--; is_empty++;
#endif
				GO_OUT }
			:: LOST
			:: DIE
			fi
		:: else ->
			if	/* WRITERS */
			:: atomic { HERE -> n = writers }
			:: LOST
			:: DIE
			fi;
			if
			:: n == 0 ->
				/* Who was alone hears of nobody's end before. */
				assert(!alone || (met & (1 << _pid)));
				if	/* end of input: sem_v(semid, GUARD) */
				:: atomic { HERE -> GO_OUT;
#ifdef THE_FIRST_READER_TAKES_THE_NEWS
					news--;
#endif
					break }
				:: LOST
				:: DIE
				fi
			:: else ->
				if	/* a writer has ended */
				:: atomic { HERE -> news--; GO_OUT }
				:: LOST
				:: DIE
				fi
			fi
		fi
	od;
	goto leave;

fails_inside:
	left = 0;
#ifndef WHO_FAILS_INSIDE_KEEPS_THE_GUARD
	if	/* withdraw(): sem_v(semid, GUARD) */
	:: atomic { HERE -> GO_OUT }
	:: LOST
	:: DIE
	fi;
#endif
leave:	leaving = true;
#ifndef NOBODY_COUNTS_HIMSELF_OUT_FIRST
	if	/* withdraw(): count oneself out */
	:: atomic { HERE && is_writer -> writers--; counted = false }
	:: atomic { HERE && !is_writer -> readers--; counted = false }
	:: atomic { !HERE -> assert(removed); goto error }
	:: DIE
	fi;
#endif
remove_if_last:
	if	/* one step, or not */
	:: atomic { HERE && guard > 0 && MAY_REMOVE ->
#ifdef REMOVED_WITHOUT_THE_GUARD
		skip }
#else
		GO_IN }
#endif
	:: atomic { !(HERE && guard > 0 && MAY_REMOVE) -> goto left_it }
	:: DIE
	fi;
#ifdef THE_SET_GOES_FIRST
	if
	:: atomic { HERE -> set_there = false; am_inside = false; inside-- }
	:: DIE
	fi;
#endif
	if	/* shmctl, IPC_RMID */
	:: atomic { MINE -> segment_there = false }
	:: !MINE -> skip
	:: DIE
	fi;
#ifndef THE_SET_GOES_FIRST
	if	/* sem_delete */
	:: atomic { HERE -> set_there = false;
		if
		:: am_inside -> am_inside = false; inside--
		:: else
		fi }
	:: !HERE -> skip
	:: DIE
	fi;
#endif
left_it:
	if
	:: leaving -> goto undo
	:: else -> goto backed_out
	fi;

error:	/* give_up(): the set is gone, there is nothing to leave */
	left = 0;
	goto undo;

dies:	if
	:: is_writer -> left = 0
	:: else -> reader_deaths++
	fi;
undo:	atomic { /* the kernel's end of a process: all of a set at once */
		if
		:: HERE ->
			guard = guard + holds;
			if
			:: counted && is_writer -> writers--
			:: counted && !is_writer -> readers--
			:: else
			fi;
#ifdef THE_DEAD_ARE_STILL_COUNTED
			if
			:: counted && is_writer -> writers++
			:: counted && !is_writer -> readers++
			:: else
			fi;
#endif
			if
			:: news_undo[_pid] == my_set -> news++
			:: else
			fi
		:: else
		fi;
		news_undo[_pid] = 0;
		inside = inside - am_inside;
		joined = joined & ~(1 << _pid); met = met & ~(1 << _pid);
		am_inside = false; holds = 0; counted = false; fails = false;
		leaving = false; alone = false; nobody = false; unread = false;
		my_set = 0; my_segment = 0; created = false; n = 0;
		if
		:: is_writer -> left = 0; finished++; goto done
		:: else
		fi
	};
	/* Readers come until all writers have gone and all is printed. */
	if
	:: atomic { ALL_OVER -> goto done }
	:: atomic { !ALL_OVER -> goto start }
	fi;

restart: atomic {
		inside = inside - am_inside; am_inside = false; holds = 0;
		nobody = false; unread = false; created = false;
		my_set = 0; my_segment = 0; goto start };

done:	skip
}

proctype outsider() /* ipcrm -m */
{
	if
	:: atomic { faults > 0 && segment_there ->
		faults--; removed = true; segment_there = false }
	:: skip
	fi
}

/* When nobody can go on any more: */
proctype end_of_the_world()
{
	timeout ->
	assert(finished == WRITERS);               /* no writer is stuck, */
	assert(last_printed == accepted);    /* no text is lost, */
	assert(inside == 0 && !UNREAD);
	/*
	 * nothing is left, unless by a death or for readers that wait; after
	 * an ipcrm -m, who was on the old segment may be the last to go, and
	 * leaves the new one to the next start;
	 */
	assert(deaths > 0 || waiting > 0 ||
	       (!set_there && (!segment_there || removed)));
	/* and who waits is not due to hear of any writer's end. */
	assert(waiting == 0 || (met == 0 && news == 0))
}

init {
	atomic {
		do
		:: faults < FAULTS -> faults++
		:: break
		od;
		run program(true); run program(false);
		if
		:: WRITERS == 2 -> run program(true)
		:: else
		fi;
		if
		:: READERS == 2 -> run program(false)
		:: else
		fi;
		run outsider(); run end_of_the_world()
	}
}
