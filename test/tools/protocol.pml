/*
 * protocol.pml - the protocol of sharemem.c as a model for SPIN, with one or
 * two writers and one or two readers.  Readers come again as long as there is
 * something to read.  Read it beside sharemem.c, and skip the #ifdefs first.
 *
 * Each `if', SEM_STEP, SHM_STEP or FTOK with a mark is a system call.  The mark
 * begins with the word step and a colon, and names the function and the call of
 * the sources.  `make model' sees to it that no call lacks its mark.  Between
 * any two steps, and while it waits, a process may die.  Other faults are a
 * signal at a wait, a call that fails, an outsider's `ipcrm -m', and with PATH
 * an outsider who replaces or deletes the path.  There are at most FAULTS
 * faults.  A process that only a further fault could wake counts as stuck.
 *
 * `make model' checks that nobody is ever stuck, that a text is lost only if an
 * outsider removed the segment and the next start says so, that a text is
 * printed twice only after a reader's death, that at most one process is
 * inside, that nobody loses the set that it uses, and that nothing is left.
 *
 * A name after #ifdef or #ifndef breaks the protocol: it adds a wrong choice to
 * a step, or a wrong step, or leaves out something.  `make model' defines one
 * name after the other, and must find what is wrong.
 *
 * These calls have no step of their own, for the reason given.
 * left out: createsem, ftok; createsem, semget; createsem, semctl SETVAL
 * left out: createsem, sem_delete; opensem, ftok; opensem, semget
 * left out: createshm, ftok; createshm, shmget; openshm, ftok; openshm, shmget
 * left out: sem_wait, step (the programs do not call these)
 * left out: find_set, semctl IPC_STAT; find_segment, shmctl IPC_STAT (nobody
 *	else owns anything here, and the next step also sees a removal)
 * left out: open_set, step; open_set, sem_delete (the limits of the system do
 *	not change here: no E2BIG)
 * left out: settle_news, sem_v (an assertion says that all values are possible)
 * left out: withdraw, sem_value; withdraw, semctl GETPID (am_inside tells it)
 * left out: withdraw, shmdt (nobody counts those attached)
 * left out: remove_segment, sem_value (an outsider's ipcrm -s is not modelled)
 * left out: choose_segment, sem_value; go_inside, sem_value
 * left out: try_then_sleep, sem_value; try_then_sleep, sem_value
 * left out: tell, semctl GETALL; writer.c, sem_value (for messages only)
 * left out: step, semop (this is the step itself)
 */
#ifndef FAULTS /* else see model.sh */
#define WRITERS 2
#define READERS 2
#define TEXTS 1 /* of each writer */
#define FAULTS 1
#endif

/*
 * The path leads to channel 0.  With PATH it may lead to channel 1 or nowhere
 * later, and some processes use another path, which always leads to channel 1.
 */
#define NOWHERE 2
#define leads_to (other -> 1 : path)
byte path;

/*
 * The set and the segment of each channel, as the kernel keeps them.  Each has
 * an identifier, and 0 means that it does not exist.
 */
byte set_at[2], segment_at[2];
byte guard[2], is_empty[2], news[2], readers[2], writers[2];
byte news_undo[2];		/* bits: writers whose end is news */
byte my_set[5], my_segment[5];	/* by process: which ones it has found */
byte text[8];			/* by segment: what is in it */

/* The books, for the faults and the checks. */
byte faults, finished;
bool died, reader_died;		/* anybody; a reader */
bool removed;			/* a segment, by the outsider */
byte inside[2], accepted[2], last_printed[2];
byte joined[2], met;		/* bits: readers joined; due to hear an end */

#define TEXT(k, number) ((k) * 16 + number)
#define UNREAD(k) (set_at[k] != 0 && is_empty[k] == 0 && news[k] > 0)
#define ALL_PRINTED(k) (last_printed[k] == accepted[k] && !UNREAD(k))

#define MY_SET my_set[_pid]
#define MY_SEGMENT my_segment[_pid]
#define HERE (set_at[key] == MY_SET)
#define MINE (segment_at[shmkey] == MY_SEGMENT)
#define IS_NEW (guard[key] == 0 && is_empty[key] == 0 && news[key] == 0)
#define FRESH (nobody && !unread)
#define NOBODY_ELSE (readers[key] + writers[key] == counted)
#define IS_LAST (guard[key] > 0 && NOBODY_ELSE && is_empty[key] == 1)

/*
 * What may happen instead of a step: the process dies, it finds out that its
 * set is gone, or the call fails or is interrupted.  If the set is gone, a
 * process that is counted gives up, and another one starts over.
 */
#define DIE atomic { faults > 0 -> faults--; died = true; \
	reader_died = reader_died || !is_writer; ends = true; goto over }
#define GONE atomic { !HERE -> assert(!am_inside && (removed || !counted)); \
	ends = ends || counted; goto over }
#define FAILS atomic { faults > 0 -> faults--; goto leave }

/* A step of the set; one of the segment; and one that looks the path up. */
#define SEM_STEP(what) if :: atomic { HERE -> what } :: GONE :: DIE fi
#define SHM_STEP(what) if :: atomic { true -> what } :: DIE fi
#ifdef PATH /* then it is 1 */
#define FTOK(where, otherwise) if \
	:: atomic { leads_to != NOWHERE -> where = leads_to } \
	:: atomic { leads_to == NOWHERE -> goto otherwise } fi
#else
#define PATH 0
#define FTOK(where, otherwise) skip /* it leads to channel 0 */
#endif

/* A new identifier: no process knows it, so it never equals an old one. */
#define NEW_ID(at, known, where) \
	i = 1; \
	do \
	:: i == at[0] || i == at[1] || i == known[1] || i == known[2] || \
	   i == known[3] || i == known[4] -> i++ \
	:: else -> break \
	od; \
	at[where] = i; known[_pid] = i; i = 0

#define OPEN is_empty[key]++; guard[key]++
#define GO_IN guard[key]--; am_inside = true; inside[key]++; \
	assert(inside[key] == 1)
#define GO_OUT guard[key]++; am_inside = false; inside[key]--
#define SETTLE(number) news[key] = number; news_undo[key] = 0
#define REMOVE_SEGMENT if :: MINE -> segment_at[shmkey] = 0 :: else fi
#define REMOVE_SET set_at[key] = 0; guard[key] = 0; is_empty[key] = 0; \
	news[key] = 0; readers[key] = 0; writers[key] = 0; \
	news_undo[key] = 0; inside[key] = inside[key] - am_inside; \
	am_inside = false

proctype program(bool is_writer; bool other)
{
	byte key, shmkey, again;	/* channels: what ftok() has returned */
	byte left = TEXTS, i;		/* what a writer still has to write */
	bool am_inside, counted;
	bool nobody, unread;		/* what settle_news() has found */
	bool alone;			/* a reader whose channel was fresh */
	bool ends;			/* else it starts over */

start:
	FTOK(key, exits);	/* step: make_keys, ftok */
	FTOK(shmkey, exits);	/* step: make_keys, ftok */
	FTOK(again, start);	/* step: make_keys, ftok */
	/*
	 * The two keys differ if the path changes before the second ftok() and
	 * changes back before the third.  Only the model sees it, not the code.
	 */
	if
	:: again == key && shmkey == key -> skip
	:: again != key || shmkey != key -> goto start
#ifdef THE_KEYS_ARE_OF_TWO_PATHS
	:: again == key -> skip
#endif
	fi;
#ifdef THE_SET_IS_FOUND_BY_THE_PATH
	FTOK(key, exits);
#endif
	if	/* step: find_set, semget */
	:: atomic { set_at[key] == 0 -> NEW_ID(set_at, my_set, key); goto open }
	:: set_at[key] != 0 -> skip :: DIE
	fi;
	if	/* step: find_set, semget */
	:: atomic { set_at[key] != 0 -> MY_SET = set_at[key] }
	:: atomic { set_at[key] == 0 -> goto over } :: DIE
#ifdef ONLY_THE_CREATOR_OPENS
	:: atomic { set_at[key] != 0 -> MY_SET = set_at[key]; goto go_in }
#endif
	fi;
open:	if	/* step: open_set, step */
	:: atomic { HERE && IS_NEW -> OPEN }
	:: atomic { HERE && !IS_NEW -> skip } :: GONE :: DIE
#ifdef OPEN_WITHOUT_LOOKING
	:: atomic { HERE && !IS_NEW -> OPEN }
#endif
	fi;

go_in:	if	/* step: go_inside, sem_p; sem_p, step */
	:: atomic { HERE && guard[key] > 0 -> GO_IN } :: GONE :: DIE
	/* A signal: it is not inside, so there is nothing to clean up. */
	:: atomic { HERE && guard[key] == 0 && faults > 0 ->
		faults--; goto exits }
#ifdef AN_INTERRUPTED_JOINER_REMOVES_THE_SET
	/* And it does not know the segment yet. */
	:: atomic { HERE && guard[key] == 0 && faults > 0 -> faults-- };
		SEM_STEP(ends = true; if :: IS_LAST -> REMOVE_SET :: else fi;
			goto over)
#endif
	fi;
	FTOK(again, withdraw);	/* step: go_inside, ftok */
	if :: again == key -> skip :: else -> goto withdraw fi;

	/* step: settle_news, semctl GETALL */
	SEM_STEP(assert(guard[key] == 0 && is_empty[key] <= 1 &&
			!(is_empty[key] == 0 && news[key] == 0));
		nobody = (readers[key] == 0 && writers[key] == 0);
		unread = (is_empty[key] == 0));
	if	/* step: settle_news, semctl SETVAL (it clears every undo) */
	:: atomic { HERE && nobody -> SETTLE((unread -> 2 : 0)) }
	:: !nobody -> skip :: GONE :: DIE
#ifdef OLD_NEWS_IS_KEPT
	:: nobody -> skip
#endif
#ifdef NEWS_IS_TAKEN_FROM_OTHERS
	:: atomic { HERE && !nobody -> SETTLE((unread -> 2 : 0)) }
#endif
#ifdef UNREAD_TEXT_IS_ONE_NEWS
	:: atomic { HERE && nobody -> SETTLE(unread) }
#endif
#ifdef ADJUSTMENTS_ARE_KEPT
	:: atomic { HERE && nobody -> news[key] = (unread -> 2 : 0) }
#endif
	fi;

#ifdef THE_SEGMENT_IS_FOUND_BY_THE_PATH
	FTOK(shmkey, withdraw);
#endif
	/* step: choose_segment, find_segment; find_segment, shmget */
	SHM_STEP(MY_SEGMENT = segment_at[shmkey]);
	if
	:: FRESH -> skip
	:: !FRESH && MY_SEGMENT != 0 -> goto attach
	:: !FRESH && MY_SEGMENT == 0 ->
		assert(removed);
		/* step: choose_segment, sem_delete (it tells of a lost text) */
		SEM_STEP(if
			:: unread -> last_printed[key] = accepted[key]
			:: else
			fi; REMOVE_SET; goto over)
#ifdef A_SET_IN_USE_GETS_A_NEW_SEGMENT
	:: MY_SEGMENT == 0 -> skip
#endif
	fi;
	/* step: choose_segment, remove_segment; remove_segment, find_segment;
	 * step: remove_segment, shmctl IPC_RMID */
	SHM_STEP(REMOVE_SEGMENT; MY_SEGMENT = 0);
	if	/* step: choose_segment, shmget */
	:: atomic { true -> assert(segment_at[shmkey] == 0); /* else EEXIST */
		NEW_ID(segment_at, my_segment, shmkey); text[MY_SEGMENT] = 0 }
	:: FAILS :: DIE
	fi;
attach:	if	/* step: attach_segment, shmat (as long as somebody is
		 * attached, a removed segment can be had by its identifier) */
	:: atomic { true -> assert(MINE || removed) }
	:: !MINE -> goto withdraw
	:: FAILS :: DIE
	fi;

	if	/* step: be_counted, step (a writer announces its end) */
	:: atomic { HERE ->
		alone = FRESH && !is_writer; nobody = false; unread = false;
		counted = true; GO_OUT;
		if
		:: is_writer ->
#ifndef NO_NEWS_OF_A_WRITERS_END
			news_undo[key] = news_undo[key] | (1 << _pid);
#endif
			writers[key]++; met = met | joined[key];
			goto write
		:: else ->
			readers[key]++; joined[key] = joined[key] | (1 << _pid);
			met = met | ((writers[key] > 0 ||
				is_empty[key] == 0) << _pid);
			goto end_read
		fi }
	:: GONE :: DIE :: FAILS
#ifdef WHO_CANNOT_BE_COUNTED_JUST_EXITS
	:: atomic { faults > 0 -> faults--; goto exits }
#endif
	fi;

write:	if	/* step: writer.c, sem_wait_p */
	:: atomic { HERE && is_empty[key] > 0 && guard[key] > 0 -> GO_IN }
	:: GONE :: DIE :: FAILS
	/* With PATH, nobody may come to read: then the user stops it. */
	:: PATH && HERE && is_empty[key] == 0 && readers[key] == 0 -> goto leave
#ifdef THE_WRITER_DOES_NOT_WAIT
	:: atomic { HERE && guard[key] > 0 -> GO_IN }
#endif
#ifdef WAIT_THEN_TAKE
	:: HERE && is_empty[key] > 0 ->
		if
		:: atomic { HERE && guard[key] > 0 -> GO_IN } :: GONE :: DIE
		fi
#endif
	fi;
	SEM_STEP(text[MY_SEGMENT] = 0);	/* half of the copy */
#ifdef THE_WRITER_PASSES_IN_TWO_STEPS
	SEM_STEP(is_empty[key]--);
	SEM_STEP(is_empty[key]++);	/* sem_pass_v does it again */
#endif
	if	/* step: writer.c, sem_pass_v */
	:: atomic { HERE ->
		accepted[key]++; left--;
		text[MY_SEGMENT] = TEXT(key, accepted[key]);
		assert(is_empty[key] > 0); /* else EAGAIN */
		is_empty[key]--; news[key]++; GO_OUT;
		if :: left > 0 -> goto write :: else -> goto leave fi }
	:: GONE :: DIE :: FAILS
	fi;

end_read:
	if	/* step: reader.c, sem_wait_p;
		 * step: sem_wait_p, try_then_sleep; try_then_sleep, step */
	:: atomic { HERE && news[key] > 0 && guard[key] > 0 -> GO_IN }
	:: GONE :: DIE :: FAILS
	fi;
	if	/* step: reader.c, sem_value; sem_value, semctl GETVAL */
	:: HERE && is_empty[key] > 0 -> goto hear
	:: HERE && is_empty[key] == 0 -> skip :: GONE :: DIE
	fi;
#ifdef THE_READER_TAKES_FIRST
	SEM_STEP(news[key]--; is_empty[key]++);
	SEM_STEP(news[key]++; is_empty[key]--); /* sem_pass_v does it again */
#endif
	if	/* print: never half, never out of order */
	:: atomic { true ->
		assert(text[MY_SEGMENT] == TEXT(key, last_printed[key] + 1) ||
		       (text[MY_SEGMENT] == TEXT(key, last_printed[key]) &&
			reader_died));
		last_printed[key] = text[MY_SEGMENT] % 16 }
	:: DIE :: FAILS
	fi;
	/* step: reader.c, sem_pass_v; sem_pass_v, step */
	SEM_STEP(assert(news[key] > 0); /* else EAGAIN */
		news[key]--; is_empty[key]++; GO_OUT; goto end_read);

hear:	if	/* step: reader.c, sem_end_v; sem_end_v, sem_value */
	:: HERE && writers[key] == 0 -> goto last
	:: HERE && writers[key] > 0 -> skip :: GONE :: DIE
	fi;
	if	/* step: sem_end_v, step */
	:: atomic { HERE ->
		assert(news[key] > 0); /* else EAGAIN */
		news[key]--; GO_OUT; goto end_read }
	:: GONE :: DIE :: FAILS
#ifdef A_READER_IGNORES_THAT_IT_WAS_NOT_HEARD
	:: atomic { faults > 0 -> faults--; goto end_read }
#endif
	fi;
	/* A reader that was alone has met every writer whose end it hears. */
last:	assert(!alone || (met & (1 << _pid)));
	if	/* step: sem_end_v, sem_v (end of input) */
	:: atomic { HERE -> GO_OUT; goto leave } :: GONE :: DIE
#ifdef THE_FIRST_READER_TAKES_THE_NEWS
	:: atomic { HERE -> news[key]--; GO_OUT; goto leave }
#endif
	fi;

leave:	ends = true;	/* step: leave, withdraw */
withdraw:		/* step: join, withdraw */
	if	/* step: withdraw, sem_v; sem_v, step */
	:: atomic { HERE && am_inside -> GO_OUT }
	:: !am_inside -> skip :: GONE :: DIE
#ifdef WHO_CANNOT_JOIN_REMOVES_THE_SET
	:: atomic { HERE && am_inside && !counted -> REMOVE_SET; goto over }
#endif
#ifdef WHO_FAILS_INSIDE_KEEPS_THE_GUARD
	:: am_inside && counted -> skip
#endif
#ifdef THE_GUARD_IS_GIVEN_BACK_BY_WHO_IS_OUTSIDE
	:: atomic { HERE && !am_inside && guard[key] == 0 -> guard[key]++ }
#endif
	fi;
	if	/* step: withdraw, step */
	:: atomic { HERE && counted -> counted = false;
		if :: is_writer -> writers[key]-- :: else -> readers[key]-- fi }
	:: !counted -> skip :: GONE :: DIE
#ifdef NOBODY_COUNTS_HIMSELF_OUT_FIRST
	:: counted -> skip
#endif
	fi;
	if	/* step: withdraw, remove_if_last; remove_if_last, step */
	:: atomic { HERE && IS_LAST -> GO_IN }
	:: atomic { HERE && !IS_LAST -> goto over } :: GONE :: DIE
#ifdef REMOVED_ALTHOUGH_OTHERS_TAKE_PART
	:: atomic { HERE && guard[key] > 0 && is_empty[key] == 1 -> GO_IN }
#endif
#ifdef REMOVED_ALTHOUGH_TEXT_IS_UNREAD
	:: atomic { HERE && guard[key] > 0 && NOBODY_ELSE -> GO_IN }
#endif
#ifdef REMOVED_WITHOUT_THE_GUARD
	:: HERE && IS_LAST -> skip
#endif
	fi;
#ifdef THE_SET_GOES_FIRST
	SHM_STEP(if :: HERE -> REMOVE_SET :: else fi);
#endif
	if	/* step: remove_if_last, remove_segment (here find_segment) */
	:: atomic { true -> MY_SEGMENT = segment_at[shmkey] } :: DIE
#ifdef THE_SEGMENT_IS_REMOVED_BY_ITS_ID
	:: skip
#endif
	fi;
	SHM_STEP(REMOVE_SEGMENT);	/* its shmctl */
	/* step: remove_if_last, sem_delete; sem_delete, semctl IPC_RMID */
	SEM_STEP(REMOVE_SET; goto over);

exits:	ends = true;
/* Before this label SPIN leaves the atomic: the end is one more step. */
over:	atomic { /* the kernel's end of a process: all of a set at once */
		if
		:: HERE ->
#ifndef NO_UNDO_OF_THE_GUARD
			guard[key] = guard[key] + am_inside;
#endif
#ifndef THE_DEAD_ARE_STILL_COUNTED
			writers[key] = writers[key] - (counted && is_writer);
			readers[key] = readers[key] - (counted && !is_writer);
#endif
			news[key] = news[key] + ((news_undo[key] >> _pid) & 1);
			news_undo[key] = news_undo[key] & ~(1 << _pid)
		:: else
		fi;
		inside[key] = inside[key] - am_inside;
		joined[key] = joined[key] & ~(1 << _pid);
		met = met & ~(1 << _pid);
		key = 0; shmkey = 0; again = 0; MY_SET = 0; MY_SEGMENT = 0;
		am_inside = false; counted = false;
		nobody = false; unread = false; alone = false;
		if :: !ends -> goto start :: else fi;
		ends = false; left = 0;
		if :: is_writer -> finished++; goto done :: else fi
	};
	/* Readers come until all writers have gone and all is printed. */
end_away:
	atomic { leads_to != NOWHERE ->
		if
		:: finished < WRITERS || !ALL_PRINTED(leads_to) -> goto start
		:: else
		fi };
done:	skip
}

proctype outsider() /* ipcrm -m; mv other path; rm path */
{
end_no_more:
	do
	:: atomic { faults > 0 && segment_at[0] != 0 ->
		faults--; removed = true; segment_at[0] = 0 }
	:: atomic { PATH && faults > 0 -> faults--; select(path: 0 .. NOWHERE) }
	od
}

/*
 * When nobody can go on any more, no writer is stuck, and no text is lost.
 * Nothing is left, except after a death or for readers that wait.  (After an
 * ipcrm -m, a process with the old segment may be the last to go, and leaves
 * the new one to the next start.)  And no reader waits that must still hear of
 * a writer's end.  With PATH, a text may wait until the path comes back.
 */
#define WAITS(k) (UNREAD(k) && segment_at[k] != 0 && \
	text[segment_at[k]] <= TEXT(k, last_printed[k] + 1) && \
	text[segment_at[k]] == TEXT(k, accepted[k]))
#define RUN(writes) if :: run program(writes, false) \
	:: PATH -> run program(writes, true) fi
init {
	byte k;

	atomic {
		select(faults : 0 .. FAULTS);
		run program(true, false); RUN(false);
		if :: WRITERS == 2 -> RUN(true) :: else fi;
		if :: READERS == 2 -> RUN(false) :: else fi;
		run outsider()
	};
	atomic { timeout ->
		assert(finished == WRITERS);
		for (k : 0 .. 1) {
			assert(ALL_PRINTED(k) || PATH && (WAITS(k) || removed));
			assert(inside[k] == 0);
			assert(died || joined[k] || UNREAD(k) || !set_at[k]);
			assert(died || joined[k] || UNREAD(k) ||
			       !segment_at[k] || removed);
			assert(!joined[k] || (met == 0 && news[k] == 0))
		}
	}
}
