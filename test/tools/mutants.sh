#!/bin/sh
# make mutants: break the sources on purpose, one line at a time, in copies; for
# each a test must fail.  The list below has a mutant a line: what it breaks @
# file @ sed script @ suite @ test.  The test is the first that is tried.  If it
# does not fail, or if none is named, the whole suite is tried.
#
#	make mutants ONLY='word'	those with the word in their name, or the one
#				of that name: told with the lines that are broken
#	make mutants MINUTES=n	after so long, see only that the others build
#	make mutants JOBS=n	so many at a time (2)
set -u

build() # targets
{
	make -s "$@" > make.log 2>&1
}

fails() # suite, test: does a test fail?
{
	[ -z "$2" ] || export CK_RUN_TEST="$2"
	CK_RUN_SUITE=$1 CK_ONE_FAILURE=1 SEED=1 \
		timeout -k 5 300 test/check > check.log 2>&1
	unset CK_RUN_TEST
	grep -q '^[^ ]*:[0-9]*:[FES]:' check.log
}

# On a terminal, one line tells how far it is.  What is printed replaces it.
progress() # text
{
	[ ! -t 1 ] || printf '%-79.79s\r' "$1"
}

# The tests that have failed in check.log: file:line, name, and what they say.
failures()
{
	awk '/^[0-9]+%: / || /^\tto run it alone: / { told = 0; next }
		/^[^ :]+:[0-9]+:[FES]:/ {
			split($0, part, ":")
			print part[1] ":" part[2] ": " part[5]
			sub(/^[^:]*:[^:]*:[^:]*:[^:]*:[^:]*:[^:]*: */, "")
			told = 1
		}
		told && told++ < 8 { print "    " $0 }' check.log
}

enter_copy() # name
{
	cp -a "$work/tree" "$work/$1"
	cd "$work/$1" || exit 1
	: > check.log
}

# Break it, and see.  All of it is told at once, for two may run at a time.
try() # number in the list
{
	IFS='@' read -r what file script suite test <<-END
		$(sed -n "$1p" "$work/list")
	END
	begun=$(date +%s)
	progress "$(wc -l < "$work/results") of $(wc -l < "$work/list") mutants, \
$(grep -c '^[A-Z]' "$work/results") not found; now: $what"
	enter_copy "$1"
	sed -i "$script" "$file"
	case $what in
	*'(sanitizer)'*) targets='all CFLAGS=-fsanitize=address' ;;
	*) targets='all test/check' ;;
	esac
	if cmp -s "$file" "$work/tree/$file"; then
		result='NOT APPLIED'
	elif ! build $targets; then
		result='DOES NOT BUILD'
		[ -z "$ONLY" ] || cat make.log
	elif [ $((begun - begin)) -ge $((minutes * 60)) ]; then
		result='only built'
	elif fails "$suite" "$test"; then
		result=found
	elif [ -n "$test" ] && fails "$suite" ''; then
		result="found, but not by $test"
	else
		result=SURVIVED
	fi
	echo "$result" >> "$work/results"
	if [ -n "$ONLY" ]; then
		printf '\n%s\n\n%s is changed:\n' "$what" "$file"
		diff "$work/tree/$file" "$file" |
			sed -n 's/^</    -/p;s/^>/    +/p'
		echo "$result:"
		failures | sed 's/^/    /'
	else
		echo "$result: $what ($(($(date +%s) - begun)) s)"
		failures | head -n 2 | cut -c 1-150 | sed 's/^/    /'
	fi > told
	progress ''
	cat told
	cd "$work" && rm -rf "${work:?}/$1"
}

# The tests must pass before anything is broken.
pass_unbroken() # suite@test
{
	progress "the unbroken tree: ${1%@*}"
	enter_copy "tree.$$"
	! fails "${1%@*}" "${1#*@}" ||
		{ echo "the unbroken tree does not pass: $1"; failures; } |
		tee -a "$work/results"
	cd "$work" && rm -rf "$work/tree.$$"
}

case ${1:-} in
try | pass_unbroken) # for_each() calls this script for each line
	"$1" "$2"
	exit 0
	;;
?*)
	echo 'make mutants has no arguments: give ONLY, MINUTES or JOBS' >&2
	exit 2
	;;
esac

export ONLY="${ONLY:-}" minutes="${MINUTES:-600}" CK_DEADLINE=20 work begin
begin=$(date +%s)
work=$(mktemp -d)
trap 'progress ""; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
mkdir "$work/tree"
: > "$work/results"
cp -a Makefile README .flags ./*.[chdo] writer reader test "$work/tree"
cat > "$work/list" <<'END'
# The documents' helpers
sem_p without SEM_UNDO@sharemem.c@/^sem_p(/,/^}/s/-1, SEM_UNDO/-1, 0/@The documents@s18_sem_p_waits
sem_v without SEM_UNDO@sharemem.c@/^sem_v(/,/^}/s/+1, SEM_UNDO/+1, 0/@The documents@s18_sem_p_waits
sem_p gives up at once@sharemem.c@/^sem_p(/,/^}/s/-1, SEM_UNDO/-1, SEM_UNDO | IPC_NOWAIT/@The documents@s18_sem_p_waits
a stop ends the wait of sem_p@sharemem.c@/^sem_p(/,/^}/s/step(semid, &take, 1)/eidrm_if_gone(semop(semid, \&take, 1))/@The documents@s18_a_signal_ends
sem_v of a removed set is EINVAL@sharemem.c@/^sem_v(/,/^}/s/step(/semop(/@The documents@s18_sem_delete
sem_wait takes@sharemem.c@/^sem_wait(/,/^}/s/look, 2)/look, 1)/@The documents@s18_sem_wait_sleeps
sem_wait of a removed set is EINVAL@sharemem.c@/^sem_wait(/,/^}/s/step(/semop(/@The documents@s18_sem_delete
a stop ends the wait of sem_wait@sharemem.c@/^sem_wait(/,/^}/s/step(semid, look, 2)/eidrm_if_gone(semop(semid, look, 2))/@The documents@s18_a_signal_ends
sem_wait polls@sharemem.c@/^sem_wait(/,/^}/s/return step/while (semctl(semid, index, GETVAL) == 0 \&\& !interrupted()) nanosleep(\&(struct timespec){0, 1000000}, NULL); return step/@The documents@s18_sem_wait_sleeps
our sem_wait is the C library's, too@sharemem.h@s/#pragma GCC visibility.*//@The documents@s18_our_sem_wait
sem_delete of a removed set is EINVAL@sharemem.c@/^sem_delete(/,/^}/s/eidrm_if_gone(\(.*\));/\1;/@The documents@s18_sem_delete
the value of a removed set is EINVAL@sharemem.c@/^sem_value(/,/^}/s/eidrm_if_gone(\(.*\));/\1;/@The documents@s18_sem_delete
semaphore 65536 is semaphore 0@sharemem.c@/^op(/,/^}/s/fits = .*/fits = true;/@The documents@s18_an_index
createsem without IPC_EXCL@sharemem.c@/^createsem(/,/^}/s/IPC_CREAT | IPC_EXCL/IPC_CREAT/@The documents@s18_a_second_createsem
createsem leaves a half-made set@sharemem.c@/^createsem(/,/^}/s/sem_delete(semid);//@The documents@s18_createsem_refuses
createsem sets no value@sharemem.c@/^createsem(/,/^}/s/init_val == 0/true/@The documents@s18_createsem_makes
createsem writes 0, too@sharemem.c@/^createsem(/,/^}/s/init_val == 0/false/@The documents@s18_createsem_makes
createsem of a missing path goes on@sharemem.c@/^createsem(/,/^}/s/key == -1/false/@The documents@s18_a_bad_path
createshm of a missing path goes on@sharemem.c@/^createshm(/,/^}/s/key == -1 ? -1 : //@The documents@s18_a_bad_path
opensem of a missing path goes on@sharemem.c@/^opensem(/,/^}/s/key == -1 ? -1 : //@The documents@s18_a_bad_path
openshm of a missing path goes on@sharemem.c@/^openshm(/,/^}/s/key == -1 ? -1 : //@The documents@s18_a_bad_path
opensem creates@sharemem.c@/^opensem(/,/^}/s/semget(key, 0, MODE)/semget(key, 5, IPC_CREAT | MODE)/@The documents@s18_opensem
opensem does not look at the mode@sharemem.c@/^opensem(/,/^}/s/semget(key, 0, MODE)/semget(key, 0, 0)/@The documents@s18_what_belongs
openshm creates@sharemem.c@/^openshm(/,/^}/s/shmget(key, 0, MODE)/shmget(key, SHM_SIZE, IPC_CREAT | MODE)/@The documents@s18_createshm
openshm does not look at the mode@sharemem.c@/^openshm(/,/^}/s/shmget(key, 0, MODE)/shmget(key, 0, 0)/@The documents@s11_the_permissions
createshm refuses what is there@sharemem.c@/^createshm(/,/^}/s/IPC_CREAT/IPC_CREAT | IPC_EXCL/@The documents@s18_createshm
everybody may use the objects@sharemem.c@s/^#define MODE .*/#define MODE 0666/@The documents@s18_createshm
the reader may write to the segment@sharemem.c@/^attach_segment(/,/^}/s/SHM_RDONLY : 0/0 : 0/@The documents@s13_our_reader

# The turn
sem_wait_p waits, then takes@sharemem.c@/^sem_wait_p(/,/^}/s/return try_then_sleep(semid, ops)/return interrupted() ? (errno = EINTR, -1) : sem_wait(semid, awaited) == -1 ? -1 : sem_p(semid, taken)/@The documents@s18_sem_wait_p
sem_wait_p takes what it waits for@sharemem.c@/^sem_wait_p(/,/^}/s/op(awaited, +1, 0)/op(awaited, 0, 0)/@The documents@s18_sem_wait_p
sem_wait_p without SEM_UNDO@sharemem.c@/^sem_wait_p(/,/^}/s/-1, SEM_UNDO/-1, 0/@The documents@s18_sem_wait_p
sem_wait_p after a signal does not say EINTR@sharemem.c@/^try_then_sleep(/,/^}/s/errno = EINTR;//@The documents@s18_after_a_signal
sem_pass_v without SEM_UNDO@sharemem.c@/^sem_pass_v(/,/^}/s/op(given, +1, SEM_UNDO)/op(given, +1, 0)/@The documents@s18_sem_pass_v
sem_pass_v: what it took is undone@sharemem.c@/^sem_pass_v(/,/^}/s/op(from, -1, IPC_NOWAIT)/op(from, -1, IPC_NOWAIT | SEM_UNDO)/@The documents@s18_sem_pass_v
sem_pass_v: what it gave is undone@sharemem.c@/^sem_pass_v(/,/^}/s/op(to, +1, 0)/op(to, +1, SEM_UNDO)/@The documents@s18_sem_pass_v
sem_pass_v waits@sharemem.c@/^sem_pass_v(/,/^}/s/op(from, -1, IPC_NOWAIT)/op(from, -1, 0)/@The documents@s18_sem_pass_v
a stop ends a wait@sharemem.c@/^step(/,/^}/s/while (.*/while (false);/@The documents@s18_a_signal_ends
a wait polls@sharemem.c@/^try_then_sleep(/,/^}/{s/tries == 40/tries == 40000000/;s/yield() > 0.001/nanosleep(\&(struct timespec){0, 1000000}, NULL) > 0/}@The programs@a_waiting_reader
the tries do not look for a signal@sharemem.c@/^try_then_sleep(/,/^}/s/!interrupted();/tries < 40 || !interrupted();/@The programs@after_a_signal_a_busy
the writer does not wait for EMPTY@writer.c@s/sem_wait_p(semid, EMPTY, GUARD)/sem_p(semid, GUARD)/@The programs@a_waiting_writer
the writer holds the guard while it reads@writer.c@s/while ((length = next_text(&input)) > 0)/while (sem_p(semid, GUARD) == 0 \&\& (length = next_text(\&input), sem_v(semid, GUARD), length) > 0)/@The programs@half_a_line
the writer puts no length@writer.c@s/shmaddr->length = (uint32_t)length;/shmaddr->length = TEXT_SIZE;/@The programs@a_line_that_fits
a text ends at a NUL, as in the paper@reader.c@s/length = shmaddr->length;/length = (uint32_t)strnlen(shmaddr->text, TEXT_SIZE);/@The programs@every_byte
the reader gives the turn away before it prints@reader.c@s/if (print(&output, shmaddr->text, length) == -1)/if (sem_pass_v(semid, NEWS, EMPTY, GUARD) == -1 || print(\&output, shmaddr->text, length) == -1)/;s/if (sem_pass_v(semid, NEWS, EMPTY, GUARD) == -1)$/if (false)/@The programs@a_reader_killed_inside
the first reader takes the news of the end@sharemem.c@/^sem_end_v(/,/^}/s/sem_v(semid, GUARD) == -1/semop(semid, (struct sembuf[]){{NEWS, -1, 0}, {GUARD, 1, SEM_UNDO}}, 2) == -1/@The documents@s18_sem_end_v
the news of an end is undone@sharemem.c@/^sem_end_v(/,/^}/s/-1, IPC_NOWAIT/-1, IPC_NOWAIT | SEM_UNDO/@The programs@the_end_of_one
the guard after an end without SEM_UNDO@sharemem.c@/^sem_end_v(/,/^}/s/+1, SEM_UNDO/+1, 0/@The programs@the_end_of_one
any writer's end is the end@sharemem.c@/^sem_end_v(/,/^}/s/writers == 0/true/@The documents@s18_sem_end_v
a writer's end waits for news@sharemem.c@/^sem_end_v(/,/^}/s/-1, IPC_NOWAIT/-1, 0/@The documents@s18_sem_end_v
a failed step after a writer's end is ignored@sharemem.c@/^sem_end_v(/,/^}/s/return step(semid, heard, 2);/step(semid, heard, 2);\nreturn 0;/@The documents@s18_sem_end_v
the reader ignores a failed sem_end_v@reader.c@s/ended == -1/false/@Deaths@a_reader_whose_news
a failed look at EMPTY is an end@reader.c@s/empty == -1/false/@Deaths@a_readers_call_that_fails
a failed look at WRITERS is one at some@sharemem.c@/^sem_end_v(/,/^}/s/writers == -1/false/@Deaths@a_readers_call_that_fails
any length is trusted@reader.c@s/length == 0 || length > TEXT_SIZE/false/@Foreign objects and failures@a_length_that_is_none
a length of 0 is trusted@reader.c@s/length == 0 || //@Foreign objects and failures@a_length_that_is_none

# Joining
only the creator opens the set@sharemem.c@s/^static int try_then_sleep.*/&\nstatic bool created;/;/^find_set(/,/^}/s/^\tif (semid == -1 && errno == EEXIST)/\tcreated = semid != -1;\n&/;/^try_to_join(/,/^}/s/open_set(semid) == -1/(created \&\& open_set(semid) == -1)/@Foreign objects and failures@a_set_without_a_segment
the set is opened twice@sharemem.c@/^open_set(/,/^}/{s/op(EMPTY, 0, IPC_NOWAIT)/op(READERS, 0, IPC_NOWAIT)/;s/op(NEWS, 0, IPC_NOWAIT)/op(WRITERS, 0, IPC_NOWAIT)/}@Schedules@
a set that is not ours is opened@sharemem.c@/^open_set(/,/^}/s/op(GUARD, 0, IPC_NOWAIT)/op(READERS, 0, IPC_NOWAIT)/@Foreign objects and failures@values_out_of_range
a set that nobody can open stays@sharemem.c@/^open_set(/,/^}/s/errno == E2BIG/false/@Foreign objects and failures@at_a_limit
a limit of a newcomer removes a set in use@sharemem.c@/^open_set(/,/^}/s/step(semid, if_new + 1, 2) == 0/sem_value(semid, NEWS) == 0/@Deaths@a_newcomer_that_may
a limit of a newcomer removes a set with a text@sharemem.c@/^open_set(/,/^}/s/step(semid, if_new + 1, 2) == 0/sem_value(semid, EMPTY) == 0/@Deaths@a_newcomer_that_may
a limit of a newcomer removes a set between two looks@sharemem.c@/^open_set(/,/^}/s/step(semid, if_new + 1, 2) == 0/sem_value(semid, EMPTY) == 0 \&\& sem_value(semid, NEWS) == 0/@Deaths@a_newcomer_that_may
objects given to us are trusted@sharemem.c@/^is_ours(/,/^}/s/perm->cuid == geteuid()/true/@Foreign objects and failures@what_another_user
objects given away are trusted@sharemem.c@/^is_ours(/,/^}/s/perm->uid == geteuid()/true/@Foreign objects and failures@what_another_user
other owners' objects are trusted@sharemem.c@/^is_ours(/,/^}/s/perm->c*uid == geteuid()/true/g@Foreign objects and failures@what_another_user
other modes are trusted@sharemem.c@/^is_ours(/,/^}/s/(perm->mode & (.*)) == MODE/true/@Foreign objects and failures@an_object_of_other
modes that only the owner has are trusted@sharemem.c@/^is_ours(/,/^}/s/(perm->mode & (.*)) == MODE/(perm->mode \& 077) == 0/@Foreign objects and failures@an_object_of_other
another size is trusted@sharemem.c@/^find_segment(/,/^}/s/ || status.shm_segsz != SHM_SIZE//@Foreign objects and failures@an_object_of_other
another number of semaphores is trusted@sharemem.c@/^find_set(/,/^}/s/ || status.sem_nsems != MEMBERS//@Foreign objects and failures@an_object_of_other
a set that is not ours is told as EACCES@sharemem.c@/^find_set(/,/^}/s/EPERM/EACCES/@Foreign objects and failures@an_object_of_other
a segment that is not ours is told as EACCES@sharemem.c@/^find_segment(/,/^}/s/EPERM/EACCES/@Foreign objects and failures@an_object_of_other
values that are not ours are told as EACCES@sharemem.c@/^settle_news(/,/^}/s/EPERM/EACCES/@Foreign objects and failures@values_out_of_range
a GUARD of 2 is trusted@sharemem.c@/^settle_news(/,/^}/s/value\[GUARD\] > 0/false/@Foreign objects and failures@values_out_of_range
an EMPTY of 2 is trusted@sharemem.c@/^settle_news(/,/^}/s/value\[EMPTY\] > 1/false/@Foreign objects and failures@values_out_of_range
an unread text without news is trusted@sharemem.c@/^settle_news(/,/^}/s/(unread && value\[NEWS\] == 0)/false/@Foreign objects and failures@values_out_of_range
values that are not ours keep the guard@sharemem.c@/^settle_news(/,/^}/s/sem_v(semid, GUARD);//@Foreign objects and failures@values_out_of_range
a set with values that are not ours is removed@sharemem.c@/^settle_news(/,/^}/s/channel->semid = -1;//@Foreign objects and failures@values_out_of_range
a set removed by its user is not made anew@sharemem.c@/^find_set(/,/^}/s/eidrm_if_gone(\(semget(.*)\));/\1;/@Deaths@an_ipcrm_at
the set is looked up by its path@sharemem.c@/^find_set(/,/^}/s/semget(channel->semkey, 0, MODE)/opensem(channel->path, 's')/@Schedules@
the set is created by its path@sharemem.c@/^find_set(/,/^}/s/semget(channel->semkey, MEMBERS,/semget(ftok(channel->path, 's'), MEMBERS,/@Schedules@
the segment is looked up by its path@sharemem.c@/^find_segment(/,/^}/s/shmget(channel->shmkey, 0, MODE)/openshm(channel->path, 'm')/@Schedules@
the segment is created by its path@sharemem.c@/^choose_segment(/,/^}/s/shmget(channel->shmkey, SHM_SIZE,/shmget(ftok(channel->path, 'm'), SHM_SIZE,/@Schedules@
who waits to join does not see that the path has changed@sharemem.c@/^go_inside(/,/^}/s/ftok(channel->path, 's') != channel->semkey/false/@Foreign objects and failures@a_path_replaced
old news is not forgotten@sharemem.c@/^settle_news(/,/^}/s/if (.*SETVAL.*/if (false)/@The programs@a_reader_that_comes_after
a newcomer forgets the news of those that are joined@sharemem.c@/^settle_news(/,/^}/s/^\t\treturn 0;/\t\treturn semctl(semid, NEWS, SETVAL, (union semun){.val = unread ? 2 : 0}), 0;/@The programs@a_newcomer_leaves
who finds only readers takes the channel for fresh@sharemem.c@/^settle_news(/,/^}/s/value\[READERS\] > 0 || //@Schedules@
who finds only writers takes the channel for fresh@sharemem.c@/^settle_news(/,/^}/s/ || value\[WRITERS\] > 0//@Schedules@
an unread text is one news@sharemem.c@/^settle_news(/,/^}/s/unread ? 2 : 0/unread ? 1 : 0/@The programs@text_outlives
an unread text is three news@sharemem.c@/^settle_news(/,/^}/s/unread ? 2 : 0/unread ? 3 : 0/@The programs@text_outlives
a set in use gets a new segment@sharemem.c@/^try_to_join(/,/^}/s/fresh == 1)/true)/@The programs@a_segment_removed
a fresh channel uses a left-over segment@sharemem.c@/^choose_segment(/,/^}/s/if (fresh) {/if (fresh \&\& shmid == -1) {/@Foreign objects and failures@a_segment_without_a_set
a segment that is not ours is taken for a missing one@sharemem.c@/^choose_segment(/,/^}/s/shmid == -1 && errno != ENOENT/false/@Foreign objects and failures@does_not_disturb
a segment that another makes first is an error@sharemem.c@/^choose_segment(/,/^}/s/errno == EEXIST/false/@Deaths@a_set_replaced_while_a_starter
a text that was read is told as lost@sharemem.c@/^choose_segment(/,/^}/s/sem_value(channel->semid, EMPTY) == 0/true/@The programs@a_segment_removed
a lost text is not told@sharemem.c@/^choose_segment(/,/^}/s/sem_value(channel->semid, EMPTY) == 0/false/@Foreign objects and failures@text_lost
a set without a segment wakes nobody@sharemem.c@/^choose_segment(/,/^}/s/sem_delete(channel->semid);//@The programs@a_segment_removed
a segment that goes while one attaches is an error@sharemem.c@/^attach_segment(/,/^}/s/eidrm_if_gone(-1)/-1/@Deaths@an_ipcrm_at
a failed call is told without its key@sharemem.c@/^fails(/,/^}/s/"%s(%#x)", call/"%s(%.0x)", call/@Foreign objects and failures@at_a_limit
another key is told@sharemem.c@/^try_to_join(/,/^}/s/"shmget", channel->shmkey/"shmget", channel->semkey/@Foreign objects and failures@an_object_of_other
who was never inside leaves@sharemem.c@/^go_inside(/,/^}/s/^\tif (sem_p(/\tchannel->semid = semid;\n&/@Foreign objects and failures@never_inside
who waits to join does not tell it@sharemem.c@/^go_inside(/,/^}/s/tell(.*/;/@The programs@the_first_signal
who fails inside keeps the guard@sharemem.c@/^withdraw(/,/^}/s/^\t\tsem_v(semid, GUARD);/\t\t;/@Foreign objects and failures@an_object_of_other
who is outside gives another's guard away@sharemem.c@/^withdraw(/,/^}/s/semctl(semid, GUARD, GETPID) == getpid()/true/@The programs@the_first_signal
who has given the guard back gives it twice@sharemem.c@/^withdraw(/,/^}/s/sem_value(semid, GUARD) == 0/true/@The programs@minus_v_tells_each
a failed join leaves all@sharemem.c@/^join(/,/^}/s/withdraw(channel);//@Foreign objects and failures@without_memory
a failed join removes the set of the others@sharemem.c@/^join(/,/^}/s/withdraw(channel);/sem_delete(channel->semid);/@Foreign objects and failures@does_not_disturb
who was not counted is counted out@sharemem.c@/^withdraw(/,/^}/s/if (channel->counted)/if (true)/@Foreign objects and failures@at_32767
a reader is not counted@sharemem.c@/^be_counted(/,/^}/s/op(channel->role, +1, SEM_UNDO)/op(channel->role, channel->role == WRITERS, SEM_UNDO)/@The programs@every_byte
the dead are still counted@sharemem.c@/^be_counted(/,/^}/s/op(channel->role, +1, SEM_UNDO)/op(channel->role, +1, 0)/@The programs@a_killed_writer
joining gives the guard without SEM_UNDO@sharemem.c@/^be_counted(/,/^}/s/op(GUARD, +1, SEM_UNDO)/op(GUARD, +1, 0)/@The programs@a_killed_writer
a writer's end is no news@sharemem.c@/^be_counted(/,/^}/s/op(NEWS, -1, SEM_UNDO)/op(NEWS, -1, 0)/@The programs@a_killed_writer
a removed set is not tried again@sharemem.c@/^join(/,/^}/s/attempts < 1000/attempts < 1/@The programs@a_segment_removed

# Leaving
the set goes before the segment@sharemem.c@/^remove_if_last(/,/^}/s/^\ttell(.*/&\n\tsem_delete(channel->semid);/@Schedules@
the segment is removed by its path@sharemem.c@/^remove_segment(/,/^}/s/find_segment(channel)/openshm(channel->path, 'm')/@Schedules@
the segment of a new set is removed@sharemem.c@/^remove_segment(/,/^}/s/ && sem_value(channel->semid, GUARD) == 0//@Deaths@a_set_replaced_while_the_last
only who has attached it removes the segment@sharemem.c@/^remove_if_last(/,/^}/s/remove_segment(channel)/if (channel->shmaddr != NULL) remove_segment(channel)/@Foreign objects and failures@without_memory
nothing is removed@sharemem.c@/^remove_if_last(/,/^}/s/step(channel->semid, if_last, 5) == -1/true/@The programs@a_signal_ends_a_waiting_reader
removed although readers are joined@sharemem.c@/^remove_if_last(/,/^}/s/op(READERS, 0, IPC_NOWAIT)/op(WRITERS, 0, IPC_NOWAIT)/@The programs@the_end_of_one
removed although writers are joined@sharemem.c@/^remove_if_last(/,/^}/s/op(WRITERS, 0, IPC_NOWAIT)/op(READERS, 0, IPC_NOWAIT)/@Schedules@
removed although a text is unread@sharemem.c@/^remove_if_last(/,/^}/s/op(EMPTY, -1, IPC_NOWAIT)/op(EMPTY, 0, IPC_NOWAIT)/@The programs@text_outlives
removed without the guard@sharemem.c@/^remove_if_last(/,/^}/s/if_last, 5)/if_last, 4)/@Schedules@
nobody counts himself out@sharemem.c@/^withdraw(/,/^}/s/step(semid, &count_out, 1);/;/@The programs@a_signal_ends_a_waiting_reader
counted out without SEM_UNDO@sharemem.c@/^withdraw(/,/^}/s/SEM_UNDO | IPC_NOWAIT/IPC_NOWAIT/@The programs@the_end_of_one
leaving waits for the guard@sharemem.c@/^remove_if_last(/,/^}/s/SEM_UNDO | IPC_NOWAIT/SEM_UNDO/@Schedules@
leaving waits for the readers@sharemem.c@/^remove_if_last(/,/^}/s/op(READERS, 0, IPC_NOWAIT)/op(READERS, 0, 0)/@The programs@the_end_of_one

# Signals
no alarm after a signal@sharemem.c@/^on_signal(/,/^}/s/alarm(1);//@Deaths@a_signal_just_before
the alarm rings once@sharemem.c@/^on_signal(/,/^}/s/alarm(1);/if (signo != SIGALRM) alarm(1);/@Deaths@a_signal_just_before
a signal lets in without the guard@sharemem.c@/^try_then_sleep(/,/^}/{/errno = EINTR;/,$s/return -1;/return 0;/}@The documents@s18_after_a_signal
a second signal kills@sharemem.c@/^catch_signals(/,/^}/s/{.sa_handler = on_signal}/{.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND}/@Deaths@a_second_signal
a signal that was ignored is caught@sharemem.c@/^catch_signals(/,/^}/s/before.sa_handler != SIG_IGN/true/@The programs@unless_it_was_ignored
an ignored SIGINT is caught@sharemem.c@/^catch_signals(/,/^}/s/before.sa_handler != SIG_IGN/before.sa_handler != SIG_IGN || signals[i] == SIGINT/@The programs@unless_it_was_ignored
an ignored SIGTERM is caught@sharemem.c@/^catch_signals(/,/^}/s/before.sa_handler != SIG_IGN/before.sa_handler != SIG_IGN || signals[i] == SIGTERM/@The programs@unless_it_was_ignored
an inherited alarm is caught@sharemem.c@/^catch_signals(/,/^}/s/SIGHUP, SIGCONT}/SIGHUP, SIGCONT, SIGALRM}/@The programs@an_alarm_that_was_set
SIGALRM stays blocked@sharemem.c@/^catch_signals(/,/^}/s/sigprocmask(SIG_UNBLOCK.*/;/@Deaths@a_signal_just_before
an inherited alarm that was blocked kills@sharemem.c@/^catch_signals(/,/^}/s/signal(SIGALRM, SIG_IGN);//@The programs@an_alarm_that_came
the signal's status is lost@sharemem.c@/^leave(/,/^}/s/raise(signalled);/exit(1);/@The programs@a_signal_ends_a_waiting_reader
the handler stays when the program dies@sharemem.c@/^leave(/,/^}/s/signal(signalled, SIG_DFL);//@The programs@a_signal_ends_a_waiting_reader
process 1 ends with 1@sharemem.c@/^leave(/,/^}/s/return 128 + signalled;/return 1;/@The programs@process_1
a stop ends the stay inside@sharemem.c@/^stay_inside(/,/^}/s/nanosleep(&stay, &stay) == 0/nanosleep(\&stay, \&stay) <= 0/@The programs@a_stay_is_as_long
the stay inside begins anew after a stop@sharemem.c@/^stay_inside(/,/^}/s/nanosleep(&stay, &stay)/nanosleep(\&stay, NULL)/@The programs@a_stay_is_as_long
the stay inside is twice as long@sharemem.c@/^stay_inside(/,/^}/s/{whole, /{2 * whole, /;/^stay_inside(/,/^}/s/fraction \* 1e9/fraction * 2e9 - (fraction >= 0.5) * 1e9/@The programs@a_stay_is_as_long
the stay inside is a second longer@sharemem.c@/^stay_inside(/,/^}/s/{whole, /{whole + 1, /@The programs@a_stay_is_as_long
the stay inside has no fraction@sharemem.c@/^stay_inside(/,/^}/s/(long)(fraction \* 1e9)/0/@The programs@a_stay_is_as_long
a signal does not end the stay inside@sharemem.c@/^stay_inside(/,/^}/s/ && !interrupted()//@The programs@after_a_signal_the

# The input
lines are split@writer.c@/^next_text(/,/^}/s/if (input->bytes\[length - 1\] == '\\n')/if (true)/@The programs@a_line_that_fits
an empty line waits for the next@writer.c@/^next_text(/,/^}/s/length > 0; length--/length > 1; length--/@The programs@a_line_that_fits
a line of 252 bytes waits for more@writer.c@/^next_text(/,/^}/s/input->held == TEXT_SIZE || //@The programs@every_byte
the end of input is forgotten@writer.c@/^next_text(/,/^}/s/ || input->ended)/)/@The programs@every_byte
the writer reads on after a signal@writer.c@/^next_text(/,/^}/s/!interrupted()/true/@The programs@after_a_signal_the
half a line goes after a signal@writer.c@/^next_text(/,/^}/s/!interrupted()/true/;s/sem_wait_p(semid, EMPTY, GUARD) == -1/sem_wait(semid, EMPTY) == -1 || sem_p(semid, GUARD) == -1/@The programs@half_a_line
an input error is the end of input@writer.c@s/if (input.error != 0)/if (false)/@The programs@data_before
a text before an input error is lost@writer.c@/^next_text(/,/^}/s/return input->held;/return input->error != 0 ? 0 : input->held;/@The programs@data_before
a copy that overlaps (sanitizer)@writer.c@s/memmove(/memcpy(/@The programs@every_byte
a prompt in a file@writer.c@s/isatty(STDIN_FILENO) &&$/isatty(STDIN_FILENO) ||/@The programs@a_prompt_is_for
a prompt for each pasted line@writer.c@s/poll(&typed, 1, 0) == 0/true/@The programs@sixty_lines
a prompt in the middle of a line@writer.c@s/input->held == 0 &&/true \&\&/@The programs@on_terminals
a prompt beside an old one@writer.c@s/printf("\\rwriter: ");/printf("writer: ");/@The programs@sixty_lines
a prompt twice@writer.c@s/printf("\\rwriter: ");/printf("\\rwriter: \\rwriter: ");/@The programs@on_terminals
no prompt after a stop@sharemem.c@/^catch_signals(/,/^}/s/SIGHUP, SIGCONT}/SIGHUP}/@The programs@sixty_lines
no new line after Ctrl-D@writer.c@/^read_input(/,/^}/s/printf("\\n");//@The programs@on_terminals
the writer does not say that nobody reads@writer.c@s/input.interactive && sem_value/false \&\& sem_value/@The programs@to_a_typist
the writer says that nobody reads although somebody does@writer.c@s/sem_value(semid, READERS) == 0/sem_value(semid, READERS) >= 0/@The programs@to_a_typist
that nobody reads is said once@writer.c@s/if (input.interactive && sem_value/static int said;\nif (!said++ \&\& input.interactive \&\& sem_value/@The programs@to_a_typist
that nobody reads stands among the data@writer.c@s/warnx("nobody/printf("nobody/@The programs@to_a_typist
a signal in a wait is told as nobody reads@writer.c@s/if (sem_wait_p(semid, EMPTY, GUARD) == -1)/if (sem_wait_p(semid, EMPTY, GUARD) == -1 \&\& (interrupted() ? warnx("nobody reads") : (void)0, true))/@The programs@a_signal_ends_a_waiting_writer

# The output
a stop ends the write@reader.c@/^write_all(/,/^}/s/errno != EINTR || interrupted()/true/@The programs@a_stop_does_not_end_a_write
a signal does not end a write that waits@reader.c@/^write_all(/,/^}/s/errno != EINTR || interrupted()/errno != EINTR/@The programs@a_stop_does_not_end_a_write
a signal makes a written text unwritten@reader.c@/^write_all(/,/^}/s/done > 0/done > 0 \&\& !interrupted()/@Schedules@
a failed write is not noticed@reader.c@/^write_all(/,/^}/s/return -1;/return 0;/@The programs@a_full_disk
a write of nothing is a success@reader.c@/^write_all(/,/^}/s/errno = EIO;/return 0;/@Deaths@a_write_of_nothing
a write of nothing is repeated@reader.c@/^write_all(/,/^}/s/errno = EIO;/continue;/@Deaths@a_write_of_nothing
a partial write is taken for a whole one@reader.c@/^write_all(/,/^}/s/count -= (size_t)done;/count = 0;/@Deaths@a_write_of_nothing
a partial write is repeated from its start@reader.c@/^write_all(/,/^}/s/bytes += done;//@Deaths@a_write_of_nothing
many newlines overflow the names (sanitizer)@reader.c@/^print(/,/^}/s/TEXT_SIZE \* sizeof(name)/TEXT_SIZE + sizeof(name)/@The programs@each_line
each text begins with the name@reader.c@/^print(/,/^}/s/!output->in_line/i == 0/@The programs@each_line
names in a file@reader.c@/^print(/,/^}/s/!output->terminal/false/@The programs@every_byte
the last newline on a terminal is missing@reader.c@s/if (output.in_line && /if (false \&\& /@The programs@on_terminals
the text stays, although there is none@sharemem.c@/^give_up(/,/^}/s/strcmp(what, "standard output") == 0/true/@The programs@a_last_newline

# What is told
the identifiers are swapped@sharemem.c@/^attach_segment(/,/^}/s/channel->semid, shmid);/shmid, channel->semid);/@The programs@minus_v_tells_each
what -v tells is cut@sharemem.c@/^tell(/,/^}/s/text\[80\]/text[20]/@The programs@minus_v_tells_each
what -v tells stands among the data@sharemem.c@/^tell(/,/^}/s/fprintf(stderr/fprintf(stdout/@The programs@minus_v
-v tells of a wait for the guard while EMPTY is 0@sharemem.c@/^try_then_sleep(/,/^}/s/sem_value(semid, ops\[0\].sem_num) > 0/true/@The programs@minus_v
-v does not tell of a wait for the guard@sharemem.c@/^try_then_sleep(/,/^}/s/tell(semid, "waits for the guard");/;/@The programs@minus_v_says
-v does not tell of a writer's end@sharemem.c@s/tell(semid, "a writer has ended");//@The programs@the_end_of_one
-v does not tell of the end of input@sharemem.c@s/tell(semid, "end of input");//@The programs@minus_v_tells_each
-v does not tell who leaves@sharemem.c@s/tell(semid, "leaves");//@The programs@minus_v_tells_each
no advice for a path that is missing@sharemem.c@/^} advices/,/^};/s/{ENOENT,/{EXDEV,/@The programs@a_path_must
no advice for a path that is no directory@sharemem.c@/^} advices/,/^};/s/{ENOTDIR,/{EXDEV,/@The programs@a_path_must
no advice for what is not yours@sharemem.c@/^} advices/,/^};/s/{EACCES,/{EXDEV,/@Foreign objects and failures@another_user_cannot
no advice for what is not ours@sharemem.c@/^} advices/,/^};/s/{EPERM,/{EXDEV,/@Foreign objects and failures@an_object_of_other
no advice for a limit@sharemem.c@/^} advices/,/^};/s/{ENOSPC,/{EXDEV,/@Foreign objects and failures@at_a_limit
no advice for a removed object@sharemem.c@/^} advices/,/^};/s/{EIDRM,/{EXDEV,/@The programs@a_set_removed_while_one_waits
a signal is told as an error@sharemem.c@/^give_up(/,/^}/s/!interrupted()/true/@The programs@a_signal_ends_a_waiting_writer
an error exits with 0@sharemem.c@/^give_up(/,/^}/s/EXIT_FAILURE/EXIT_SUCCESS/@The programs@a_path_must
the help does not say what the programs do@sharemem.c@/^    "writer puts/d@The programs@help_is_printed
the help does not name an option@sharemem.c@/^    "  -s seconds/d@The programs@help_is_printed
the help is cut@sharemem.c@/^    "              (default/d;s/^    "  path        an.*/&;/@The programs@help_is_printed
the hint names another option@sharemem.c@/^options(/,/^}/s/try '%s --help'/try '%s --hlp'/@The programs@wrong_usage
help that cannot be printed is a success@sharemem.c@/^options(/,/^}/s/if (fputs(help, stdout) == EOF || fflush(stdout) == EOF)/if (fputs(help, stdout) == EOF)/@The programs@help_is_printed
any number of seconds@sharemem.c@/^options(/,/^}/s/ && channel.seconds <= 1e6//@The programs@wrong_usage
0 seconds are refused@sharemem.c@/^options(/,/^}/s/channel.seconds >= 0/channel.seconds > 0/@The programs@text_outlives
1000000 seconds are refused@sharemem.c@/^options(/,/^}/s/channel.seconds <= 1e6/channel.seconds < 1e6/@The programs@after_a_signal_the
no seconds are 0@sharemem.c@/^options(/,/^}/s/rest == optarg || //@The programs@wrong_usage
what follows the seconds is ignored@sharemem.c@/^options(/,/^}/s/\*rest != '\\0' ||/false ||/@The programs@wrong_usage
bad seconds are not repeated@sharemem.c@/^options(/,/^}/s/"-s %s: not a number/"-s %.0s: not a number/@The programs@wrong_usage
a wrong option is told without a hint@sharemem.c@/^options(/,/^}/s/errx(2, "try '%s --help'", argv\[0\])/exit(2)/@The programs@wrong_usage
the wrong one of two paths is named@sharemem.c@/^options(/,/^}/s/argv\[optind + 1\], argv\[0\]/argv[optind], argv[0]/@The programs@wrong_usage

# The speed
no yield between tries@sharemem.c@/^try_then_sleep(/,/^}/s/tries % 2 == 0/false/@The programs@between_tries
never a rest@sharemem.c@/^try_then_sleep(/,/^}/s/sleep_at_once = 200;/sleep_at_once = 0;/@The programs@after_a_slow
a rest for ever@sharemem.c@/^try_then_sleep(/,/^}/s/sleep_at_once = 200;/sleep_at_once = 1000000000;/@The programs@after_a_slow
END

# The one of that name, or those with the word in their name.
grep '@' "$work/list" > "$work/all"
grep "^$ONLY@" "$work/all" > "$work/list" ||
	grep "^[^@]*$ONLY" "$work/all" > "$work/list" ||
	{ echo "no mutant has '$ONLY' in its name"; exit 1; }

for_each() # function; its arguments come on standard input, one a line
{
	xargs -r -P "${JOBS:-2}" -I LINE sh "$script" "$1" LINE
}

script=$PWD/test/tools/mutants.sh
(cd "$work/tree" && build all test/check) ||
	{ cat "$work/tree/make.log"; exit 1; }
export SCHEDULES=100
cut -d @ -f 4- "$work/list" | if [ -z "$ONLY" ]; then
	sed 's/@.*/@/'; else cat; fi | sort -u | for_each pass_unbroken
[ ! -s "$work/results" ] || exit 1
export SCHEDULES=1000 CK_DEADLINE=5
awk '{ print NR }' "$work/list" | for_each try
cd "$work" || exit 1
progress ''
echo "$(wc -l < results) mutants, $(grep -c '^[A-Z]' results) survived," \
	"$(grep -c '^only' results) only built, $(($(date +%s) - begin)) seconds"
! grep -q '^[A-Z]' results
