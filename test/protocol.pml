/*
 * protocol.pml - the protocol of sharemem.c as a model for SPIN: writers and
 * readers (two of each, or one).  Readers come again as long as there is
 * something to read.
 *
 * Each `if' is one system call.  The mark beside it, which begins with the word
 * step and a colon, names the function and the call of the sources.  `make
 * model' compares the marks with the sources, so a call that the model lacks is
 * seen.  Between any two steps, and while it waits, a process may die.  Other
 * faults are a signal at a wait, a call that fails, an outsider's `ipcrm -m',
 * and with PATH an outsider who replaces or deletes the path.  There are FAULTS
 * faults in all, or fewer: who is stuck while one could still kill him is
 * stuck.
 *
 * `make model' checks that nobody is ever stuck, that no text is lost unless an
 * outsider removed the segment and the next start says so, that none is printed
 * twice but after a reader's death, that one at most is inside, that nobody
 * loses the set that he uses, and that nothing is left.  The macros that are
 * not defined break the protocol: see test/model.sh.
 *
 * These calls have no step of their own, for the reason given.
 * left out: createsem, ftok; createsem, semget; createsem, semctl SETVAL
 * left out: createsem, sem_delete; opensem, ftok; opensem, semget
 * left out: createshm, ftok; createshm, shmget; openshm, ftok; openshm, shmget
 * left out: sem_wait, step (the programs do not call these)
 * left out: find_set, semctl IPC_STAT; find_segment, shmctl IPC_STAT (nobody
 *	else owns anything here, and the next step sees a removal, too)
 * left out: open_set, sem_value; open_set, sem_value (the limits of the system
 *	do not change here: no E2BIG)
 * left out: open_set, sem_delete (E2BIG again)
 * left out: settle_news, sem_v (an assertion says that all values are possible)
 * left out: withdraw, sem_value; withdraw, semctl GETPID (am_inside tells it)
 * left out: withdraw, shmdt (nobody counts those attached)
 * left out: choose_segment, sem_value; go_inside, sem_value (for messages only)
 * left out: remove_segment, sem_value (an outsider's ipcrm -s is not modelled)
 * left out: try_then_sleep, sem_value; try_then_sleep, sem_value (messages)
 * left out: tell, semctl GETALL; writer.c, sem_value (messages)
 * left out: step, semop (this is the step itself)
 */
#ifndef FAULTS /* else see model.sh */
#define WRITERS 2
#define READERS 2
#define TEXTS 1 /* of each writer */
#define FAULTS 1
#endif

/*
 * With PATH the path leads to one of two channels, each with its keys, or to
 * nothing.  Some processes come by another name, which always leads to channel
 * 1.  ftok() looks the path up.  Without PATH, channel 0 is the only one.
 */
#ifdef PATH /* see model.sh */
#define KEYS 2
#define NOWHERE 2
#define leads_to (other -> 1 : path)
byte path;			/* where it leads */
#define FORGET_KEYS key = 0; shmkey = 0; again = 0
#define FTOK(where, fails) \
	if \
	:: atomic { leads_to != NOWHERE -> where = leads_to } \
	:: atomic { leads_to == NOWHERE -> goto fails } \
	fi;
#else
#define KEYS 1
#define NOWHERE 2
#define leads_to 0
#define key 0
#define shmkey 0
#define again 0
#define FTOK(where, fails)
#define FORGET_KEYS skip
#endif

/*
 * The set and the segment under each key, as the kernel keeps them.  Each has
 * an identifier, and 0 means that there is none.
 */
byte set_at[KEYS], segment_at[KEYS];
byte guard[KEYS], is_empty[KEYS], news[KEYS], readers[KEYS], writers[KEYS];
byte my_set[5], my_segment[5];	/* by process: which ones it has found */
byte news_undo;			/* bits: writers whose end is news */
byte text[8];			/* by segment: what is in it */

/* The books. */
byte faults, deaths, reader_deaths, finished;
bool removed;			/* a segment, by the outsider */
byte inside[KEYS], accepted[KEYS], last_printed[KEYS];
byte joined[KEYS], met;		/* bits: readers that are joined; that are due
				 * to hear of a writer's end */

#define MY_SET my_set[_pid]
#define MY_SEGMENT my_segment[_pid]
#define HERE (MY_SET != 0 && set_at[key] == MY_SET)
#define MINE (MY_SEGMENT != 0 && segment_at[shmkey] == MY_SEGMENT)
#define ATTACHABLE (MY_SEGMENT == segment_at[0] || \
	MY_SEGMENT == segment_at[KEYS - 1])
#define TEXT(k, number) ((k) * 16 + number)
#define UNREAD(k) (set_at[k] != 0 && is_empty[k] == 0 && news[k] > 0)
#define ALL_OVER (finished == WRITERS && \
	last_printed[leads_to] == accepted[leads_to] && !UNREAD(leads_to))
#define DIE  atomic { faults > 0 -> faults--; deaths++; goto dies }
#define GONE atomic { !HERE -> assert(!am_inside); goto restart }
#define LOST atomic { !HERE -> assert(removed && !am_inside); goto error }
#define SIGNAL(label) atomic { faults > 0 -> faults--; goto label }
#define FAILS(label) atomic { faults > 0 -> faults--; ends = true; goto label }

#ifdef NO_UNDO_OF_THE_GUARD
#define UNDO 0
#else
#define UNDO 1
#endif
#define GO_IN  guard[key]--; am_inside = true; inside[key]++; \
	assert(inside[key] == 1)
#define GO_OUT guard[key]++; am_inside = false; inside[key]--
#define REMOVE_SET set_at[key] = 0; guard[key] = 0; is_empty[key] = 0; \
	news[key] = 0; readers[key] = 0; writers[key] = 0; \
	inside[key] = inside[key] - am_inside; am_inside = false

#ifdef OPEN_WITHOUT_LOOKING
#define MAY_OPEN true
#elif defined(ONLY_THE_CREATOR_OPENS)
#define MAY_OPEN (created && IS_NEW)
#define CREATED(yes) created = yes
#else
#define MAY_OPEN IS_NEW
#endif
#define IS_NEW (guard[key] == 0 && is_empty[key] == 0 && news[key] == 0)
#ifdef NOBODY_COUNTS_HIMSELF_OUT_FIRST
#define NOBODY_ELSE (readers[key] + writers[key] == counted)
#elif defined(REMOVED_ALTHOUGH_OTHERS_TAKE_PART)
#define NOBODY_ELSE true
#else
#define NOBODY_ELSE (readers[key] == 0 && writers[key] == 0)
#endif
#ifdef REMOVED_ALTHOUGH_TEXT_IS_UNREAD
#define MAY_REMOVE NOBODY_ELSE
#else
#define MAY_REMOVE (NOBODY_ELSE && is_empty[key] == 1)
#endif
#ifdef WHO_CREATED_REMOVES
#define CREATED(yes) created = yes
#endif
#ifdef OLD_NEWS_IS_KEPT
#define MAY_SETTLE false
#elif defined(NEWS_IS_TAKEN_FROM_OTHERS)
#define MAY_SETTLE true
#else
#define MAY_SETTLE nobody
#endif
#ifndef CREATED /* it matters only to these two */
#define CREATED(yes) skip
#endif
#ifdef THE_KEYS_ARE_OF_TWO_PATHS
#define SAME_KEYS true
#else /* see find_set */
#define SAME_KEYS (key == shmkey)
#endif

#define FORGET inside[key] = inside[key] - am_inside; am_inside = false; \
	MY_SET = 0; MY_SEGMENT = 0; nobody = false; unread = false; \
	CREATED(false); FORGET_KEYS

/* A new identifier: no process knows it, so it never equals an old one. */
#define NEW_ID(at, known) \
	i = 1; \
	do \
	:: i == at[0] || i == at[KEYS - 1] || i == known[1] || \
	   i == known[2] || i == known[3] || i == known[4] -> i++ \
	:: else -> break \
	od

proctype program(bool is_writer; bool other)
{
	byte left = TEXTS, n, i;
	bool am_inside, counted, nobody, unread, alone, created, ends;
#ifdef PATH /* what is remembered, and what the path leads to later */
	byte key, shmkey, again;
#endif

start:
	FTOK(key, undo)	/* step: make_keys, ftok */
	FTOK(shmkey, undo)	/* step: make_keys, ftok */
	FTOK(again, start)	/* step: make_keys, ftok */
	/*
	 * The two keys may differ all the same, if the path changes before the
	 * second ftok() and changes back before the third.  This is the one
	 * place where the model is better than the code.
	 */
	if :: again == key && SAME_KEYS -> skip :: else -> goto start fi;
#ifdef THE_SET_IS_FOUND_BY_THE_PATH
	FTOK(key, undo)
#endif
	if	/* step: find_set, semget */
	:: atomic { set_at[key] == 0 ->
		NEW_ID(set_at, my_set); set_at[key] = i; MY_SET = i; i = 0;
		CREATED(true); goto open }
	:: set_at[key] != 0 -> skip :: DIE
	fi;
	if	/* step: find_set, semget */
	:: atomic { set_at[key] != 0 -> MY_SET = set_at[key] }
	:: atomic { set_at[key] == 0 -> goto restart }
	:: DIE
	fi;
open:
	if	/* step: open_set, step */
	:: atomic { HERE && MAY_OPEN -> is_empty[key]++; guard[key]++ }
	:: atomic { HERE && !(MAY_OPEN) -> skip } :: GONE :: DIE
	fi;

	if	/* step: go_inside, sem_p; sem_p, step */
	:: atomic { HERE && guard[key] > 0 -> GO_IN }
	:: GONE :: DIE
	:: atomic { HERE && guard[key] == 0 && faults > 0 -> /* a signal */
		faults--;
#ifdef AN_INTERRUPTED_JOINER_WITHDRAWS
		ends = true; alone = true; goto remove_if_last
#else
		goto undo /* never inside: there is nothing to clean up */
#endif
		}
	fi;

	FTOK(again, elsewhere)	/* step: go_inside, ftok */
	if
	:: again == key -> skip
	:: else ->
elsewhere:
#ifdef A_JOINER_WHOSE_PATH_HAS_CHANGED_REMOVES_THE_SET
		goto tell_all
#else
		goto back_out
#endif
	fi;
	if	/* step: settle_news, semctl GETALL */
	:: atomic { HERE ->
		assert(guard[key] == 0 && is_empty[key] <= 1 &&
		       !(is_empty[key] == 0 && news[key] == 0));
		nobody = (readers[key] == 0 && writers[key] == 0);
		unread = (is_empty[key] == 0) }
	:: GONE :: DIE
	fi;
	if	/* step: settle_news, semctl SETVAL (it clears every undo) */
	:: atomic { HERE && MAY_SETTLE ->
#ifdef UNREAD_TEXT_IS_ONE_NEWS
		news[key] = (unread -> 1 : 0);
#else
		news[key] = (unread -> 2 : 0);
#endif
#ifndef ADJUSTMENTS_ARE_KEPT
		news_undo = news_undo & ~(
		    (my_set[1] == MY_SET) << 1 | (my_set[2] == MY_SET) << 2 |
		    (my_set[3] == MY_SET) << 3 | (my_set[4] == MY_SET) << 4);
#endif
		}
	:: !MAY_SETTLE -> skip :: GONE :: DIE
	fi;

#ifdef THE_SEGMENT_IS_FOUND_BY_THE_PATH
	FTOK(shmkey, back_out)
#endif
	if	/* step: choose_segment, find_segment; find_segment, shmget */
	:: atomic { true -> MY_SEGMENT = segment_at[shmkey] } :: DIE
	fi;
	if
#ifdef A_SET_IN_USE_GETS_A_NEW_SEGMENT
	:: MY_SEGMENT == 0 -> skip
#endif
	:: nobody && !unread -> skip
	:: atomic { !(nobody && !unread) && MY_SEGMENT != 0 -> goto attach }
	:: atomic { !(nobody && !unread) && MY_SEGMENT == 0 ->
		assert(removed); goto tell_all }
	fi;
	if	/* step: choose_segment, remove_segment;
		 * step: remove_segment, find_segment;
		 * step: remove_segment, shmctl IPC_RMID */
	:: atomic { MINE -> segment_at[shmkey] = 0; MY_SEGMENT = 0 }
	:: atomic { !MINE -> MY_SEGMENT = 0 }
	:: DIE
	fi;
	if	/* step: choose_segment, shmget */
	:: atomic { segment_at[shmkey] == 0 ->
		NEW_ID(segment_at, my_segment);
		segment_at[shmkey] = i; text[i] = 0; MY_SEGMENT = i; i = 0 }
	:: atomic { segment_at[shmkey] != 0 -> assert(false) } /* EEXIST */
	:: FAILS(back_out) :: DIE
	fi;
attach:
	if	/* step: attach_segment, shmat (as long as somebody is
		 * attached, a removed segment can be had by its identifier) */
	:: ATTACHABLE -> skip
	:: atomic { !(ATTACHABLE) -> assert(removed) }
	:: atomic { !(ATTACHABLE) -> assert(removed); goto back_out }
	:: FAILS(back_out) :: DIE
	fi;

	if	/* step: be_counted, step (a writer announces its end) */
	:: atomic { HERE ->
		alone = nobody && !unread && !is_writer;
		nobody = false; unread = false; CREATED(false);
		if
		:: is_writer ->
			writers[key]++; met = met | joined[key];
#ifndef NO_NEWS_OF_A_WRITERS_END
			news_undo = news_undo | (1 << _pid)
#endif
		:: else ->
			joined[key] = joined[key] | (1 << _pid); readers[key]++;
			met = met | ((writers[key] > 0 ||
				is_empty[key] == 0) << _pid)
		fi;
		counted = true; GO_OUT;
		if
		:: is_writer -> goto write
		:: else -> goto end_read
		fi }
	:: GONE
#ifdef WHO_CANNOT_BE_COUNTED_JUST_EXITS
	:: FAILS(undo)
#else
	:: FAILS(back_out)
#endif
	:: DIE
	fi;

tell_all:
	if	/* step: choose_segment, sem_delete */
	:: atomic { HERE -> /* and say so, if a text is lost */
		if :: unread -> last_printed[key] = accepted[key] :: else fi;
		REMOVE_SET; goto restart }
	:: GONE :: DIE
	fi;

back_out: /* step: join, withdraw */
#ifdef WHO_CREATED_REMOVES
	if
	:: atomic { created -> REMOVE_SET; goto left_it }
	:: !created -> skip
	fi;
#endif
	if	/* step: withdraw, sem_v; sem_v, step */
	:: atomic { HERE -> GO_OUT; goto remove_if_last }
	:: GONE :: DIE
	fi;

write:	do
	:: atomic { left == 0 -> goto leave }
	:: left > 0 ->
#ifdef WAIT_THEN_TAKE
		if
		:: atomic { HERE && is_empty[key] > 0 -> skip }
		:: LOST :: DIE
		fi;
		if
		:: atomic { HERE && guard[key] > 0 -> GO_IN }
#else
		if	/* step: writer.c, sem_wait_p */
#ifdef THE_WRITER_DOES_NOT_WAIT
		:: atomic { HERE && guard[key] > 0 -> GO_IN }
#else
		:: atomic { HERE && is_empty[key] > 0 && guard[key] > 0 ->
			GO_IN }
#endif
#endif
		:: LOST :: DIE :: SIGNAL(leave)
#ifdef PATH /* nobody reads there any more, and the user stops it */
		:: atomic { HERE && is_empty[key] == 0 && readers[key] == 0 ->
			goto leave }
#endif
		fi;
		if	/* the copy: first it is half of it */
		:: atomic { HERE -> text[MY_SEGMENT] = 0 }
		:: LOST :: DIE
		fi;
#ifdef THE_WRITER_PASSES_IN_TWO_STEPS
		if :: atomic { HERE -> is_empty[key]-- } :: DIE fi;
		if
		:: atomic { HERE -> is_empty[key]++;
#else
		if	/* step: writer.c, sem_pass_v */
		:: atomic { HERE ->
#endif
			accepted[key]++; left--;
			text[MY_SEGMENT] = TEXT(key, accepted[key]);
			assert(is_empty[key] > 0); /* else EAGAIN */
			is_empty[key]--; news[key]++; GO_OUT }
		:: LOST :: DIE :: FAILS(fails_inside)
		fi
	od;

end_read:
	if	/* step: reader.c, sem_wait_p;
		 * step: sem_wait_p, try_then_sleep; try_then_sleep, step */
	:: atomic { HERE && news[key] > 0 && guard[key] > 0 -> GO_IN }
	:: LOST :: DIE :: SIGNAL(leave)
	fi;
	if	/* step: reader.c, sem_value; sem_value, semctl GETVAL */
	:: atomic { HERE -> n = is_empty[key];
#ifdef THE_READER_TAKES_FIRST
		if :: n == 0 -> news[key]--; is_empty[key]++ :: else fi;
#endif
		}
	:: LOST :: DIE
	fi;
	if
	:: atomic { n == 0 ->
		if	/* print: never half, never out of order */
		:: atomic {
			assert(text[MY_SEGMENT] ==
			       TEXT(key, last_printed[key] + 1) ||
			       (reader_deaths > 0 && text[MY_SEGMENT] ==
				TEXT(key, last_printed[key])));
			last_printed[key] = text[MY_SEGMENT] % 16 }
		:: DIE :: FAILS(fails_inside)
		fi };
		if	/* step: reader.c, sem_pass_v; sem_pass_v, step */
		:: atomic { HERE ->
#ifndef THE_READER_TAKES_FIRST
			assert(news[key] > 0); /* else EAGAIN */
			news[key]--; is_empty[key]++;
#endif
			GO_OUT }
		:: LOST :: DIE
		fi
	:: else ->	/* step: reader.c, sem_end_v */
		if	/* step: sem_end_v, sem_value */
		:: atomic { HERE -> n = (writers[key] > 0) }
		:: LOST :: DIE
		fi;
		if
		:: n == 0 ->
			/* Who was alone hears of nobody's end before. */
			assert(!alone || (met & (1 << _pid)));
			if	/* step: sem_end_v, sem_v (end of input) */
			:: atomic { HERE -> GO_OUT;
#ifdef THE_FIRST_READER_TAKES_THE_NEWS
				news[key]--;
#endif
				goto leave }
			:: LOST :: DIE
			fi
		:: else ->
			if	/* step: sem_end_v, step */
			:: atomic { HERE && news[key] > 0 ->
				n = 0; news[key]--; GO_OUT }
			:: atomic { HERE && news[key] == 0 -> assert(false) }
			:: LOST :: DIE
#ifdef A_READER_IGNORES_THAT_IT_WAS_NOT_HEARD
			:: atomic { faults > 0 -> faults--; n = 0 }
#else
			:: FAILS(fails_inside)
#endif
			fi
		fi
	fi;
	goto end_read;

fails_inside:
#ifndef WHO_FAILS_INSIDE_KEEPS_THE_GUARD
	if	/* withdraw, sem_v */
	:: atomic { HERE -> GO_OUT }
	:: LOST :: DIE
	fi;
#endif
leave:	/* step: leave, withdraw */
#ifdef THE_GUARD_IS_GIVEN_BACK_BY_WHO_IS_OUTSIDE
	guard[key] = guard[key] + (HERE && guard[key] == 0 && !am_inside);
#endif
	atomic { ends = true; left = 0; alone = false; n = 0 };
#ifndef NOBODY_COUNTS_HIMSELF_OUT_FIRST
	if	/* step: withdraw, step */
	:: atomic { HERE && is_writer -> writers[key]--; counted = false }
	:: atomic { HERE && !is_writer -> readers[key]--; counted = false }
	:: LOST :: DIE
	fi;
#endif
remove_if_last: /* step: withdraw, remove_if_last */
	if	/* step: remove_if_last, step */
	:: atomic { HERE && guard[key] > 0 && MAY_REMOVE ->
#ifdef REMOVED_WITHOUT_THE_GUARD
		skip }
#else
		GO_IN }
#endif
	:: atomic { !(HERE && guard[key] > 0 && MAY_REMOVE) -> goto left_it }
	:: DIE
	fi;
#ifdef THE_SET_GOES_FIRST
	if :: atomic { HERE -> REMOVE_SET } :: DIE fi;
#endif
	if	/* step: remove_if_last, remove_segment */
#ifdef THE_SEGMENT_IS_REMOVED_BY_ITS_ID
	:: skip
#elif defined(AN_INTERRUPTED_JOINER_WITHDRAWS)
	/* It has not found the segment yet. */
	:: atomic { true -> MY_SEGMENT = (alone -> 0 : segment_at[shmkey]) }
#else
	:: atomic { true -> MY_SEGMENT = segment_at[shmkey] }
#endif
	:: DIE
	fi;
	if	/* (the shmctl of remove_segment) */
	:: atomic { MINE -> segment_at[shmkey] = 0 }
	:: !MINE -> skip :: DIE
	fi;
#ifndef THE_SET_GOES_FIRST
	if	/* step: remove_if_last, sem_delete;
		 * step: sem_delete, semctl IPC_RMID */
	:: atomic { HERE -> REMOVE_SET }
	:: atomic { !HERE -> assert(!am_inside) } :: DIE
	fi;
#endif
left_it:
	if :: ends -> goto undo :: else -> goto restart fi;

dies:	reader_deaths = reader_deaths + !is_writer;
error:	/* give_up(): the set is gone, there is nothing to leave */
undo:	atomic { /* the kernel's end of a process: all of a set at once */
		if
		:: HERE ->
			guard[key] = guard[key] + am_inside * UNDO;
#ifndef THE_DEAD_ARE_STILL_COUNTED
			writers[key] = writers[key] - (counted && is_writer);
			readers[key] = readers[key] - (counted && !is_writer);
#endif
			news[key] = news[key] + ((news_undo >> _pid) & 1)
		:: else
		fi;
		news_undo = news_undo & ~(1 << _pid);
		joined[key] = joined[key] & ~(1 << _pid);
		met = met & ~(1 << _pid);
		counted = false; alone = false; ends = false; left = 0; n = 0;
		FORGET;
		if :: is_writer -> finished++; goto done :: else fi
	};
	/* Readers come until all writers have gone and all is printed. */
end_away:
	if
	:: atomic { leads_to != NOWHERE && !ALL_OVER -> goto start }
	:: atomic { leads_to != NOWHERE && ALL_OVER -> goto done }
	fi;

restart: atomic { FORGET; goto start };

done:	skip
}

#define MOVE(to) \
	atomic { faults > 0 && path != to -> faults--; path = to }
proctype outsider() /* ipcrm -m; mv other path, rm path */
{
end_no_more:
	do
	:: atomic { faults > 0 && segment_at[0] != 0 ->
		faults--; removed = true; segment_at[0] = 0 }
#ifdef PATH /* it leads to the other channel, or to nothing */
	:: MOVE(0) :: MOVE(1) :: MOVE(NOWHERE)
#endif
	od
}
#ifdef PATH /* what waits in a channel may wait for the path to come back */
#define WAITS(k) (UNREAD(k) && segment_at[k] != 0 && \
	text[segment_at[k]] <= TEXT(k, last_printed[k] + 1) && \
	text[segment_at[k]] == TEXT(k, accepted[k]))
#define CHECK(k) assert(last_printed[k] == accepted[k] && !UNREAD(k) || \
	WAITS(k) || removed); CHECK_REST(k)
#else
#define CHECK(k) assert(last_printed[k] == accepted[k] && !UNREAD(k)); \
	CHECK_REST(k)
#endif
#define CHECK_REST(k) assert(inside[k] == 0); \
	assert(deaths > 0 || joined[k] != 0 || UNREAD(k) || \
	       (set_at[k] == 0 && (segment_at[k] == 0 || removed))); \
	assert(joined[k] == 0 || (met == 0 && news[k] == 0))

/*
 * When nobody can go on any more, no writer is stuck, and no text is lost.
 * Nothing is left, unless by a death or for readers that wait.  (After an ipcrm
 * -m, who was on the old segment may be the last to go, and leaves the new one
 * to the next start.)  And who waits is not due to hear of any writer's end.
 */
proctype end_of_the_world()
{
	timeout ->
	assert(finished == WRITERS);
	CHECK(0)
#ifdef PATH /* */
	; CHECK(1)
#endif
}

#define RUN(w) \
	if \
	:: run program(w, false) \
	:: KEYS == 2 -> run program(w, true) \
	fi
init {
	atomic {
		do :: faults < FAULTS -> faults++ :: break od;
		run program(true, false); RUN(false);
		if :: WRITERS == 2 -> RUN(true) :: else fi;
		if :: READERS == 2 -> RUN(false) :: else fi;
		run outsider(); run end_of_the_world()
	}
}
