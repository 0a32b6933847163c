/*
 * protocol.pml - the protocol of sharemem.c as a model for SPIN: two writers
 * of two texts each and two readers, which may die at every step.  `make model'
 * checks that none is ever stuck, that no accepted text is lost and none is
 * printed twice but after a reader's death, that at most one is inside, that
 * nobody loses the set or the segment that he uses, and that nothing is left.
 *
 * Each `if' is one system call of the helper named beside it; its other
 * branches are that the set is gone, and that the process dies instead.  The
 * macros that are not defined break the protocol: see test/model.sh.
 */
#ifndef DEATHS
#define DEATHS 1
#endif

/* The set and the segment under the keys, as the kernel keeps them. */
bool set_there, opened;         /* opened: sem_otime is set */
byte set_id;                    /* which one it is: they are made anew */
byte guard, unread, news, writers;
bool segment_there;
byte segment_id, attached, text; /* text: the one that is in the segment */

/* The books. */
byte deaths = DEATHS, reader_deaths, inside, finished;
byte accepted, waiting_readers;
byte next_text = 1, last_printed;
bool creator_died;
byte joined, met;	/* bits: readers that take part; that met a writer */

#define HERE (set_there && set_id == my_set)
#define MINE (segment_there && segment_id == my_segment)
#define ALL_OVER (finished == 2 && last_printed == accepted && \
	!(set_there && unread > 0))
#define DIE  atomic { deaths > 0 -> deaths--; goto dies }
#define GONE atomic { !HERE -> goto restart }

#define GO_IN  guard--; holds = UNDO; am_inside = true; inside++; \
	assert(inside == 1)
#define GO_OUT guard++; holds = 0; am_inside = false; inside--

#ifdef NO_UNDO_ON_GUARD
#define UNDO 0
#else
#define UNDO 1
#endif

proctype program(bool is_writer)
{
	byte my_set, my_segment, holds, left = 2, my_text, n, w;
	bool am_inside, am_attached, registered, created, alone;

start:	/* enter_set(): createsem, else opensem */
	if
	:: atomic { !set_there ->
		set_there = true; opened = false;
		set_id = (set_id % 7) + 1; my_set = set_id;
		guard = 0; unread = 0; news = 0; writers = 0;
		created = true }
	:: atomic { set_there -> my_set = set_id; created = false }
	:: DIE
	fi;
	if
	:: created ->
		if	/* open_set */
		:: atomic { HERE -> opened = true; guard = 1; GO_IN }
		:: GONE
		:: DIE
		fi
	:: else ->
		if	/* check_set() */
		:: atomic { HERE && opened -> skip }
		:: atomic { HERE && !opened && creator_died ->
			creator_died = false; set_there = false; goto restart }
		:: GONE
		:: DIE
		fi;
		if	/* enter */
		:: atomic { HERE && guard > 0 -> GO_IN }
		:: GONE
		:: DIE
		fi
	fi;

	if	/* attach_segment(): createshm or openshm */
	:: atomic { created && !segment_there ->
		segment_there = true; segment_id = (segment_id % 7) + 1;
		attached = 0; my_segment = segment_id }
	:: atomic { segment_there -> my_segment = segment_id }
	:: atomic { !created && !segment_there -> /* back_out() */
		assert(HERE); set_there = false; am_inside = false; inside--;
		goto restart }
	:: DIE
	fi;
	if	/* shm_attach */
	:: atomic { MINE -> attached++; am_attached = true }
	:: atomic { !MINE -> assert(false) } /* inside, nobody removes it */
	:: DIE
	fi;

	if	/* take_part(): values and shm_status */
	:: atomic { HERE -> alone = (attached == 1 && unread == 0); n = news }
	:: DIE
	fi;
	if	/* forget */
	:: atomic { HERE && alone -> news = news - n }
	:: !alone -> skip
	:: DIE
	fi;
	if	/* go_out, go_out_as_writer */
	:: atomic { HERE ->
		if
		:: is_writer -> writers++; registered = true;
			met = met | joined
		:: !is_writer -> joined = joined | (1 << _pid);
			met = met | ((writers > 0) << _pid)
		fi;
		GO_OUT }
	:: DIE
	fi;

	if
	:: is_writer -> goto write
	:: else -> goto read
	fi;

write:	do
	:: left == 0 -> break
	:: left > 0 ->
		if	/* begin_write(): write_begins */
		:: atomic { HERE && unread == 0 && guard > 0 -> GO_IN }
		:: atomic { !HERE -> assert(false) } /* removed in use */
		:: DIE
		fi;
		if
		:: atomic { assert(MINE); text = 0 } /* half of it */
		:: DIE
		fi;
		if	/* end_write(): write_ends */
		:: atomic { HERE ->
			text = next_text; next_text++; accepted++; left--;
			unread++; news++; GO_OUT }
		:: DIE
		fi
	od;
	goto leave;

read:	do
	:: waiting_readers++;
		/* begin_read(): news_is_there; text_is_there is this and
		 * values in one, where there is text */
end_wait:	if
		:: atomic { HERE && news > 0 && guard > 0 ->
			waiting_readers--; GO_IN }
		:: atomic { !HERE -> assert(false) }
		:: atomic { deaths > 0 ->
			waiting_readers--; deaths--; goto dies }
		fi;
#ifdef TAKE_UNREAD_AT_THE_BEGINNING
		if
		:: atomic { HERE -> w = writers; n = unread;
			if
			:: n > 0 -> unread--; news--
			:: else
			fi }
		:: DIE
		fi;
#else
		if	/* values */
		:: atomic { HERE -> n = unread; w = writers }
		:: DIE
		fi;
#endif
		if
		:: n > 0 ->
			if	/* print: never half, never out of order */
			:: atomic { assert(MINE && text > 0);
				assert(text == last_printed + 1 ||
				       (reader_deaths > 0 &&
					text == last_printed));
				last_printed = text }
			:: DIE
			fi;
			if	/* end_read(): read_ends */
			:: atomic { HERE ->
#ifndef TAKE_UNREAD_AT_THE_BEGINNING
				unread--; news--;
#endif
				GO_OUT }
			:: DIE
			fi
		:: n == 0 && w == 0 ->
			if	/* end of input: go_out */
			:: atomic { HERE -> GO_OUT; break }
			:: DIE
			fi
		:: n == 0 && w > 0 ->
			if	/* one_writer_less */
			:: atomic { HERE -> news--; GO_OUT }
			:: DIE
			fi
		fi
	od;

leave:	if	/* enter_to_leave(): enter */
	:: atomic { HERE && guard > 0 -> GO_IN }
	:: atomic { !HERE -> assert(false) }
	:: DIE
	fi;
	if	/* values, shm_status */
	:: atomic { HERE -> alone = (attached == 1 && unread == 0) }
	:: DIE
	fi;
	if
	:: alone ->
#ifdef REMOVE_THE_SET_FIRST
		if
		:: atomic { HERE -> set_there = false; am_inside = false;
			inside-- }
		:: DIE
		fi;
		if
		:: atomic { MINE -> segment_there = false }
		:: atomic { !MINE -> skip }
		:: DIE
		fi;
#else
		if	/* shm_delete */
		:: atomic { MINE -> segment_there = false }
		:: DIE
		fi;
		if	/* sem_delete */
		:: atomic { HERE -> set_there = false; am_inside = false;
			inside-- }
		:: DIE
		fi;
#endif
		am_attached = false
	:: else ->
		if	/* shm_detach */
		:: atomic { MINE -> attached--; am_attached = false }
		:: DIE
		fi;
		if	/* go_out */
		:: atomic { HERE -> GO_OUT }
		:: DIE
		fi
	fi;
	left = 0;
	goto undo;

dies:	if	/* the kernel's exit: first it detaches ... */
	:: atomic { is_writer -> left = 0 }
	:: atomic { !is_writer -> reader_deaths++ }
	fi;
	atomic {
		if
		:: am_attached && MINE -> attached--
		:: else
		fi;
		am_attached = false
	};
	atomic {
		if
		:: created && HERE && !opened -> creator_died = true
		:: else
		fi
	};
undo:	atomic { /* ... and then undoes, all of a set at once */
		if
		:: HERE ->
			guard = guard + holds;
			if
			:: registered -> writers--;
#ifndef NO_NEWS_OF_A_WRITERS_END
				news++
#endif
			:: else
			fi
		:: else
		fi;
		if
		:: am_inside -> inside--
		:: else
		fi;
		joined = joined & ~(1 << _pid); met = met & ~(1 << _pid);
		am_inside = false; holds = 0; registered = false;
		my_set = 0; my_segment = 0; created = false;
		if
		:: is_writer -> finished++; goto done
		:: else
		fi
	};
	/* Readers come until all writers have gone and all is printed. */
	if
	:: atomic { ALL_OVER -> goto done }
	:: atomic { !ALL_OVER -> goto start }
	fi;

restart: atomic { my_set = 0; my_segment = 0; created = false; holds = 0;
		goto start };

done:	skip
}

/* When nobody can go on any more: */
proctype end_of_the_world()
{
	timeout ->
	assert(finished == 2);               /* no writer is stuck, */
	assert(last_printed == accepted);    /* no text is lost, */
	assert(inside == 0 && unread == 0);
	/* and nothing is left, unless for readers that wait for more. */
	assert(deaths < DEATHS || waiting_readers > 0 ||
	       (!set_there && !segment_there));
	/* Who waits has come too late to meet a writer. */
	assert(waiting_readers == 0 || (met == 0 && news == 0))
}

init {
	atomic {
		run program(true); run program(true);
		run program(false); run program(false);
		run end_of_the_world()
	}
}
