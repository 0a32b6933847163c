#!/bin/sh
# make mutants: break the sources on purpose, in copies; each time a test must
# fail.  The list below has a mutant a line: what it breaks @ place: old => new
# @ suite @ test.  The place is a function or a file.  Wherever the tokens `old'
# stand there, they become `new'; layout and comments make no difference.  There
# may be several changes, with a @ between.  The test is the first that is
# tried.  If it does not fail, or if none is named, the whole suite is tried.
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

# Change the sources in this directory.  Fails if `old' does not stand there.
break_it() # line of the list
{
	line=$1 awk '
	# Split C code into tokens; token[n] begins at character at[n].
	function split_c(code, token, at,    count, here) {
		for (here = 1; code != ""; here += RLENGTH) {
			if (!match(code, space)) {
				match(code, word) || match(code, /^./)
				token[++count] = substr(code, 1, RLENGTH)
				at[count] = here
			}
			code = substr(code, RLENGTH + 1)
		}
		return count
	}
	function replace(code, old, new,    n, m, i, k, c, o, at, no, from, done) {
		n = split_c(code, c, at)
		m = split_c(old, o, no)
		from = 1
		for (i = 1; i <= n - m + 1; i++) {
			for (k = 0; k < m && c[i + k] == o[k + 1]; )
				k++
			if (k == m) {
				done = done substr(code, from, at[i] - from) new
				i += m - 1
				from = at[i] + length(c[i])
			}
		}
		return done substr(code, from)
	}
	function change(place, old, new,    find, file, text, begin, code, now) {
		find = "grep -l \"^" place "(\" *.c || echo " place
		find | getline file
		close(find)
		sub(/\n/, "", file)
		getline text < file
		close(file)
		begin = index("\n" text, "\n" place "(")
		code = substr(text, begin + !begin)
		if (begin)
			code = substr(code, 1, index(code, "\n}\n"))
		now = replace(code, old, new)
		if (now == code)
			exit 1
		printf "%s%s%s", substr(text, 1, begin - 1), now, \
			substr(text, begin + !begin + length(code)) > file
		close(file)
	}
	BEGIN {
		RS = "\001" # a file is one record
		space = "^([ \t\n]|/[*]([^*]|[*]+[^*/])*[*]+/)+"
		word = "^([A-Za-z0-9_]+|\"([^\"\\\\]|\\\\.)*\"|\047\\\\?.\047)"
		n = split(ENVIRON["line"], part, "@")
		for (p = 2; p <= n - 2; p++) {
			colon = index(part[p], ": ")
			arrow = index(part[p], " => ")
			change(substr(part[p], 1, colon - 1),
				substr(part[p], colon + 2, arrow - colon - 2),
				substr(part[p], arrow + 4))
		}
	}'
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
	line=$(sed -n "$1p" "$work/list")
	what=${line%%@*} test=${line##*@} suite=${line%@*}
	suite=${suite##*@}
	begun=$(date +%s)
	progress "$(wc -l < "$work/results") of $(wc -l < "$work/list") mutants, \
$(grep -c '^[A-Z]' "$work/results") not found; now: $what"
	enter_copy "$1"
	case $what in
	*'(sanitizer)'*) targets='all CFLAGS=-fsanitize=address' ;;
	*) targets='all test/check' ;;
	esac
	if ! break_it "$line"; then
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
		printf '\n%s\n' "$what"
		for file in sharemem.[hc] writer.c reader.c; do
			diff "$work/tree/$file" "$file" > changes ||
				printf '\n%s is changed:\n' "$file"
			sed -n 's/^</    -/p;s/^>/    +/p' changes
		done
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
sem_p without SEM_UNDO@sem_p: SEM_UNDO => 0@The documents@s18_sem_p_waits
sem_v without SEM_UNDO@sem_v: SEM_UNDO => 0@The documents@s18_sem_p_waits
sem_p gives up at once@sem_p: SEM_UNDO => SEM_UNDO | IPC_NOWAIT@The documents@s18_sem_p_waits
a stop ends the wait of sem_p@sem_p: step(semid, &take, 1) => eidrm_if_gone(semop(semid, &take, 1))@The documents@s18_a_signal_ends
sem_v of a removed set is EINVAL@sem_v: step => semop@The documents@s18_sem_delete
sem_wait takes@sem_wait: look, 2 => look, 1@The documents@s18_sem_p_waits
sem_wait of a removed set is EINVAL@sem_wait: step => semop@The documents@s18_sem_delete
a stop ends the wait of sem_wait@sem_wait: step(semid, look, 2) => eidrm_if_gone(semop(semid, look, 2))@The documents@s18_a_signal_ends
sem_wait polls@sem_wait: return => while (semctl(semid, index, GETVAL) == 0 && !interrupted()) nanosleep(&(struct timespec){0, 1000000}, NULL); return@The documents@s18_sem_p_waits
our sem_wait is the C library's, too@sharemem.h: "hidden" => "default"@The documents@s18_our_sem_wait
sem_delete of a removed set is EINVAL@sem_delete: eidrm_if_gone( => (@The documents@s18_sem_delete
the value of a removed set is EINVAL@sem_value: eidrm_if_gone( => (@The documents@s18_sem_delete
semaphore 65536 is semaphore 0@op: index < USHRT_MAX => true@The documents@s18_an_index
createsem without IPC_EXCL@createsem: IPC_EXCL => 0@The documents@s18_createsem_makes
createsem leaves a half-made set@createsem: sem_delete(semid); => ;@The documents@s18_bad_numbers
createsem sets no value@createsem: init_val == 0 => true@The documents@s18_createsem_makes
createsem writes 0, too@createsem: init_val == 0 => false@The documents@s18_createsem_makes
createsem of a missing path goes on@createsem: key == -1 => false@The documents@s18_bad_numbers
createshm of a missing path goes on@createshm: key == -1 => false@The documents@s18_bad_numbers
opensem of a missing path goes on@opensem: key == -1 => false@The documents@s18_bad_numbers
openshm of a missing path goes on@openshm: key == -1 => false@The documents@s18_bad_numbers
opensem creates@opensem: 0, MODE => MEMBERS, IPC_CREAT | MODE@The documents@s18_bad_numbers
opensem does not look at the mode@opensem: MODE => 0@The documents@s18_what_belongs
openshm creates@openshm: 0, MODE => SHM_SIZE, IPC_CREAT | MODE@The documents@s11_a_segment
openshm does not look at the mode@openshm: MODE => 0@The documents@s11_the_permissions
createshm refuses what is there@createshm: IPC_CREAT => IPC_CREAT | IPC_EXCL@The documents@s18_createshm
everybody may use the objects@sharemem.c: (S_IRUSR | S_IWUSR) => 0666@The documents@s18_createshm
the reader may write to the segment@try_to_join: SHM_RDONLY => 0@The documents@s13_our_reader

# The turn
sem_wait_p waits, then takes@sem_wait_p: try_then_sleep(semid, ops) => interrupted() ? (errno = EINTR, -1) : sem_wait(semid, awaited) == -1 ? -1 : sem_p(semid, taken)@The documents@s18_sem_wait_p
sem_wait_p takes what it waits for@sem_wait_p: +1 => 0@The documents@s18_sem_wait_p
sem_wait_p without SEM_UNDO@sem_wait_p: SEM_UNDO => 0@The documents@s18_sem_wait_p
sem_wait_p after a signal does not say EINTR@try_then_sleep: errno = EINTR; => ;@The documents@s18_after_a_signal
sem_pass_v without SEM_UNDO@sem_pass_v: SEM_UNDO => 0@The documents@s18_sem_pass_v
sem_pass_v: what it took is undone@sem_pass_v: IPC_NOWAIT => IPC_NOWAIT | SEM_UNDO@The documents@s18_sem_pass_v
sem_pass_v: what it gave is undone@sem_pass_v: +1, 0 => +1, SEM_UNDO@The documents@s18_sem_pass_v
sem_pass_v waits@sem_pass_v: IPC_NOWAIT => 0@The documents@s18_sem_pass_v
a stop ends a wait@step: errno == EINTR => false@The documents@s18_a_signal_ends
a wait polls@try_then_sleep: TRIES = 40 => TRIES = 40000000@try_then_sleep: sched_yield() => nanosleep(&(struct timespec){0, 1000000}, NULL)@try_then_sleep: > 0.001 => > 1e9@The programs@a_killed_writer
the tries do not look for a signal@try_then_sleep: !interrupted() => tries < TRIES || !interrupted()@The documents@s18_after_a_signal
the writer does not wait for EMPTY@writer.c: sem_wait_p(semid, EMPTY, GUARD) => sem_p(semid, GUARD)@The programs@a_waiting_writer
the writer holds the guard while it reads@writer.c: (length = next_text(&input)) > 0 => sem_p(semid, GUARD) == 0 && (length = next_text(&input), sem_v(semid, GUARD), length) > 0@The programs@half_a_line
the writer puts no length@writer.c: (uint32_t)length => TEXT_SIZE@The programs@a_line_that_fits
a text ends at a NUL, as in the paper@reader.c: length = shmaddr->length => length = (uint32_t)strnlen(shmaddr->text, TEXT_SIZE)@The programs@every_byte
the reader gives the turn away before it prints@reader.c: sem_pass_v(semid, NEWS, EMPTY, GUARD) == -1 => false@reader.c: print(&output, shmaddr->text, length) == -1 => sem_pass_v(semid, NEWS, EMPTY, GUARD) == -1 || print(&output, shmaddr->text, length) == -1@The documents@wrong_a_process_killed
the first reader takes the news of the end@sem_end_v: sem_v(semid, GUARD) == -1 => semop(semid, (struct sembuf[]){{NEWS, -1, 0}, {GUARD, 1, SEM_UNDO}}, 2) == -1@The documents@s18_sem_end_v
the news of an end is undone@sem_end_v: IPC_NOWAIT => IPC_NOWAIT | SEM_UNDO@The programs@the_end_of_one
the guard after an end without SEM_UNDO@sem_end_v: SEM_UNDO => 0@The programs@the_end_of_one
any writer's end is the end@sem_end_v: writers == 0 => true@The documents@s18_sem_end_v
a writer's end waits for news@sem_end_v: IPC_NOWAIT => 0@The documents@s18_sem_end_v
a failed step after a writer's end is ignored@sem_end_v: return step(semid, heard, 2) => return step(semid, heard, 2), 0@The documents@s18_sem_end_v
the reader ignores a failed sem_end_v@reader.c: (ended = sem_end_v(semid)) == -1 => (ended = sem_end_v(semid), false)@Deaths@a_reader_whose_news
a failed look at EMPTY is an end@reader.c: empty == -1 => false@Schedules@
a failed look at WRITERS is one at some@sem_end_v: writers == -1 => false@The documents@s18_sem_end_v
any length is trusted@reader.c: length == 0 || length > TEXT_SIZE => false@Foreign objects and failures@a_length_that_is_none
a length of 0 is trusted@reader.c: length == 0 || => @Foreign objects and failures@a_length_that_is_none
a step does not note that it takes the guard@step: ops[i].sem_op < 0 => false@Foreign objects and failures@an_object_of_other
a step does not note that it gives the guard back@step: inside = ops[i].sem_op < 0 => inside |= ops[i].sem_op < 0@The programs@the_end_of_one
a step that fails is noted@step: && result == 0 => @The programs@the_first_signal
any semaphore is noted as the guard@step: ops[i].sem_num == GUARD => true@The programs@the_end_of_one

# Joining
only the creator opens the set@try_to_join: open_set(*semid) == -1 => (made && open_set(*semid) == -1)@Foreign objects and failures@that_stands_alone
the set is opened twice@open_set: EMPTY, 0, IPC_NOWAIT => READERS, 0, IPC_NOWAIT@open_set: NEWS, 0, IPC_NOWAIT => WRITERS, 0, IPC_NOWAIT@Schedules@
a set that is not ours is opened@open_set: GUARD, 0, IPC_NOWAIT => READERS, 0, IPC_NOWAIT@Foreign objects and failures@values_out_of_range
a set that is open already is an error@open_set: errno == EAGAIN => false@The programs@every_byte
a set that nobody can open stays@try_to_join: if (made) => if (false)@Foreign objects and failures@at_a_limit
a set that is not ours is removed@try_to_join: if (made) => if (true)@Foreign objects and failures@an_object_of_other
our own set that the system hides is another's@try_to_join: made && errno == EEXIST => false@Foreign objects and failures@what_the_system
another's set is hidden by the system@try_to_join: made && errno == EEXIST => errno == EEXIST@Foreign objects and failures@an_object_of_other
each set that nobody can open is hidden by the system@try_to_join: made && errno == EEXIST => made@Foreign objects and failures@at_a_limit
a set is not verified@try_to_join: verify_set(*semid) == -1 || => @Foreign objects and failures@an_object_of_other
a segment is not verified@try_to_join: || verify_segment(shmid) == -1 => @Foreign objects and failures@an_object_of_other
objects given to us are trusted@expect_ours: perm->cuid == geteuid() => true@Foreign objects and failures@what_another_user
objects given away are trusted@expect_ours: perm->uid == geteuid() => true@Foreign objects and failures@what_another_user
other owners' objects are trusted@expect_ours: == geteuid() => == perm->uid@expect_ours: perm->cuid == perm->uid => true@Foreign objects and failures@what_another_user
other modes are trusted@expect_ours: == MODE => >= 0@Foreign objects and failures@an_object_of_other
modes that only the owner has are trusted@expect_ours: S_IRWXU | => @expect_ours: == MODE => == 0@Foreign objects and failures@an_object_of_other
another size is trusted@verify_segment: == SHM_SIZE => > 0@Foreign objects and failures@an_object_of_other
another number of semaphores is trusted@verify_set: == MEMBERS => > 0@Foreign objects and failures@an_object_of_other
what is not ours is told as EACCES@expect_ours: EEXIST => EACCES@Foreign objects and failures@an_object_of_other
a set that goes before it is verified is an error@verify_set: eidrm_if_gone( => (@Schedules@
a segment that goes before it is verified is an error@verify_segment: eidrm_if_gone( => (@Deaths@an_ipcrm_at
values that are not ours are told as EACCES@drop_old_news: EEXIST => EACCES@Foreign objects and failures@values_out_of_range
a GUARD of 2 is trusted@drop_old_news: value[GUARD] != 0 => false@Foreign objects and failures@values_out_of_range
an EMPTY of 2 is trusted@drop_old_news: value[EMPTY] > 1 => false@Foreign objects and failures@values_out_of_range
an unread text without news is trusted@drop_old_news: value[EMPTY] + value[NEWS] == 0 => false@Foreign objects and failures@values_out_of_range
values that are not ours keep the guard@drop_old_news: sem_v(semid, GUARD); => ;@Foreign objects and failures@values_out_of_range
a set with values that are not ours is removed@drop_old_news: entered_set = -1; => ;@Foreign objects and failures@values_out_of_range
an identifier that has come again is trusted@drop_old_news: opensem(".", 's') == semid => true@Deaths@another_channels_set
an identifier that has come again is an error@drop_old_news: same ? EEXIST : EIDRM => EEXIST@Deaths@another_channels_set
a set that goes before its values are read is an error@drop_old_news: eidrm_if_gone( => (@Deaths@an_ipcrm_at
a set removed by its user is not made anew@try_to_join: eidrm_if_gone(opensem => (opensem@Schedules@
the path is not the current directory@join: chdir(path) == -1 => false@The programs@every_byte
the set is looked up by its path@try_to_join: opensem("." => opensem(path@The programs@all_names
the set is created by its path@try_to_join: createsem("." => createsem(path@The programs@all_names
the segment is looked up by its path@try_to_join: openshm("." => openshm(path@The programs@all_names
the segment is created by its path@try_to_join: createshm("." => createshm(path@The programs@all_names
old news is not forgotten@drop_old_news: return step(semid, &drop, 1) => return 0@The programs@a_reader_that_comes_after
a newcomer forgets the news of those that are joined@drop_old_news: value[READERS] > 0 || => @Schedules@
old news is kept beside a writer@drop_old_news: value[READERS] > 0 => value[READERS] + value[WRITERS] > 0@Foreign objects and failures@writers_that_ended
old news is forgotten by SETVAL@drop_old_news: step(semid, &drop, 1) => semctl(semid, NEWS, SETVAL, needed)@Foreign objects and failures@writers_that_ended
old news comes back@drop_old_news: IPC_NOWAIT => IPC_NOWAIT | SEM_UNDO@Foreign objects and failures@writers_that_ended
all old news is forgotten@drop_old_news: value[EMPTY] == 0 ? 2 : 0 => 0@The programs@text_outlives
an unread text is one news@drop_old_news: ? 2 => ? 1@The programs@text_outlives
an unread text is three news@drop_old_news: ? 2 => ? 3@The programs@text_outlives
no text is one news@drop_old_news: 2 : 0 => 2 : 1@The programs@a_reader_that_comes_after
who finds only readers takes the channel for fresh@try_to_join: value[READERS] + value[WRITERS] > 0 => value[WRITERS] > 0@The programs@a_segment_removed
who finds only writers takes the channel for fresh@try_to_join: value[READERS] + value[WRITERS] > 0 => value[READERS] > 0@The programs@a_segment_removed
a text does not belong to its segment@try_to_join: unread || value => value@Foreign objects and failures@text_lost
a set in use gets a new segment@try_to_join: unread || value[READERS] + value[WRITERS] > 0 => false@The programs@a_segment_removed
a segment that cannot be opened is taken for a missing one@try_to_join: shmid == -1 && errno == ENOENT => shmid == -1@Schedules@
a text that was read is told as lost@remove_broken_set: if (unread) => if (true)@The programs@a_segment_removed
a lost text is not told@remove_broken_set: if (unread) => if (false)@Foreign objects and failures@text_lost
a set without a segment wakes nobody@remove_broken_set: sem_delete(semid); => ;@The programs@a_segment_removed
a set without a segment is an error@remove_broken_set: errno = EIDRM; => ;@Foreign objects and failures@text_lost
a segment that goes while one attaches is an error@try_to_join: eidrm_if_gone(*shmaddr => (*shmaddr@Deaths@an_ipcrm_at
a failed shmat is not noticed@try_to_join: *shmaddr == (void *)-1 => false@Foreign objects and failures@without_memory
a failed opensem is told as createsem@try_to_join: helper = "opensem"; => ;@Foreign objects and failures@an_object_of_other
a failed openshm is told as opensem@try_to_join: helper = "openshm"; => ;@Foreign objects and failures@an_object_of_other
a failed createshm is told as openshm@try_to_join: helper = "createshm"; => ;@Foreign objects and failures@at_a_limit
a failed shmat is told as createshm@try_to_join: "shmat" => helper@Foreign objects and failures@without_memory
a failed be_counted is told as sem_p@try_to_join: "be_counted" => "sem_p"@Foreign objects and failures@at_32767
a failed be_counted is a success@try_to_join: be_counted(*semid) == -1 => be_counted(*semid) == -2@Foreign objects and failures@at_32767
who was never inside leaves@try_to_join: if (sem_p(*semid, GUARD) == -1) => entered_set = *semid; if (sem_p(*semid, GUARD) == -1)@Foreign objects and failures@never_inside
who waits to join does not tell it@try_to_join: tell(*semid, "waits"); => ;@The programs@the_first_signal
who joins at once tells of a wait@try_to_join: sem_value(*semid, GUARD) == 0 => true@The programs@minus_v
who fails inside keeps the guard@withdraw: sem_v(semid, GUARD); => ;@Foreign objects and failures@an_object_of_other
who is outside gives another's guard away@withdraw: if (inside) => if (true)@The programs@the_first_signal
a failed join leaves all@join: withdraw(); => ;@Foreign objects and failures@without_memory
a failed join removes the set of the others@join: withdraw() => sem_delete(*semid)@Foreign objects and failures@an_object_of_other
who was not counted is counted out@withdraw: if (counted) => if (true)@Schedules@
a reader is not counted@be_counted: op(role, +1, => op(role, role == WRITERS,@The programs@the_end_of_one
the dead are still counted@be_counted: op(role, +1, SEM_UNDO) => op(role, +1, 0)@The programs@a_killed_writer
joining gives the guard without SEM_UNDO@be_counted: op(GUARD, +1, SEM_UNDO) => op(GUARD, +1, 0)@The programs@a_killed_writer
a writer's death is no news@be_counted: op(NEWS, -1, SEM_UNDO) => op(NEWS, -1, 0)@The programs@a_killed_writer
a writer's death takes what it gives@be_counted: op(NEWS, +1, 0) => op(NEWS, +1, SEM_UNDO)@The programs@a_killed_writer
a removed set is not tried again@join: i < 1000 => i < 1@The programs@a_segment_removed

# Leaving
the set goes before the segment@remove_if_last: const int shmid => sem_delete(semid); const int shmid@Schedules@
the segment is removed by a key of now@remove_if_last: shmget(segment_key, 0, MODE) => openshm(".", 'm')@The programs@a_directory_that_is_closed
a segment that is not ours is removed@remove_if_last: && verify_segment(shmid) == 0 => @Foreign objects and failures@an_object_of_other
only who has attached it removes the segment@remove_if_last: shmid != -1 => shmid != -1 && attached != NULL@Foreign objects and failures@without_memory
nothing is removed@remove_if_last: step(semid, if_last, 5) == -1 => true@The programs@a_signal_ends_a_waiting_reader
the segment stays@remove_if_last: shmctl(shmid, IPC_RMID, NULL); => ;@The programs@a_signal_ends_a_waiting_reader
the set stays@remove_if_last: sem_delete(semid); => ;@The programs@a_signal_ends_a_waiting_reader
removed although readers are joined@remove_if_last: op(READERS => op(WRITERS@Schedules@
removed although writers are joined@remove_if_last: op(WRITERS => op(READERS@Schedules@
removed although a text is unread@remove_if_last: op(EMPTY, -1, => op(EMPTY, 0,@The programs@text_outlives
removed without the guard@remove_if_last: if_last, 5 => if_last, 4@Schedules@
nobody counts himself out@withdraw: if (counted) => if (false)@The programs@a_signal_ends_a_waiting_reader
counted out without SEM_UNDO@withdraw: SEM_UNDO | IPC_NOWAIT => IPC_NOWAIT@Schedules@
a writer that leaves tells nothing@withdraw: role == WRITERS ? 2 : 1 => 1@Foreign objects and failures@where_nothing_is_undone
a writer that leaves tells it twice@withdraw: op(NEWS, +1, SEM_UNDO) => op(NEWS, +1, 0)@Foreign objects and failures@writers_that_ended
a reader that leaves tells an end@withdraw: role == WRITERS ? 2 : 1 => 2@Schedules@
the reason is lost while one leaves@withdraw: errno = reason; => ;@Foreign objects and failures@
leaving waits for the guard@remove_if_last: SEM_UNDO | IPC_NOWAIT => SEM_UNDO@Schedules@
leaving waits for the readers@remove_if_last: op(READERS, 0, IPC_NOWAIT) => op(READERS, 0, 0)@The programs@the_end_of_one

# Signals
no alarm after a signal@on_signal: alarm(1); => ;@Deaths@a_signal_just_before
the alarm rings once@on_signal: alarm(1); => if (signo != SIGALRM) alarm(1);@Deaths@a_signal_just_before
a signal lets in without the guard@try_then_sleep: errno = EINTR; return -1; => errno = EINTR; return 0;@The documents@s18_after_a_signal
a second signal kills@catch_signals: = on_signal => = on_signal, .sa_flags = (int)SA_RESETHAND@Schedules@
a signal that was ignored is caught@catch_signals: before.sa_handler != SIG_IGN => true@The programs@unless_it_was_ignored
an ignored SIGINT is caught@catch_signals: != SIG_IGN => != SIG_IGN || signals[i] == SIGINT@The programs@unless_it_was_ignored
an ignored SIGTERM is caught@catch_signals: != SIG_IGN => != SIG_IGN || signals[i] == SIGTERM@The programs@unless_it_was_ignored
an inherited alarm is caught@catch_signals: SIGCONT} => SIGCONT, SIGALRM}@The programs@a_signal_that_was_blocked
SIGALRM stays blocked@catch_signals: sigaddset(&wanted, SIGALRM); => ;@Deaths@a_signal_just_before
a blocked signal stays blocked@catch_signals: sigaddset(&wanted, signals[i]); => ;@The programs@a_signal_that_was_blocked
only the first signal is unblocked@catch_signals: sigaddset(&wanted, signals[i]); => sigaddset(&wanted, signals[0]);@The programs@a_signal_that_was_blocked
the signal's status is lost@leave: raise(signalled); => exit(1);@The programs@a_signal_ends_a_waiting_reader
the handler stays when the program dies@leave: signal(signalled, SIG_DFL); => ;@The programs@a_signal_ends_a_waiting_reader
process 1 ends with 1@leave: 128 + signalled => 1@The programs@process_1
a stop ends the stay inside@stay_inside: == 0 => <= 0@The programs@a_stay_is_as_long
the stay inside begins anew after a stop@stay_inside: (&stay, &stay) => (&stay, NULL)@The programs@a_stay_is_as_long
the stay inside is twice as long@stay_inside: seconds => (2 * seconds)@The programs@a_stay_is_as_long
the stay inside is a second longer@stay_inside: {whole, => {whole + 1,@The programs@a_stay_is_as_long
the stay inside has no fraction@stay_inside: * 1e9 => * 0@The programs@a_stay_is_as_long
a signal does not end the stay inside@stay_inside: && !interrupted() => @The programs@after_a_signal_the

# The input
lines are split@next_text: input->bytes[length - 1] == '\n' => true@The programs@a_line_that_fits
an empty line waits for the next@next_text: length > 0 => length > 1@The programs@a_line_that_fits
a line of 252 bytes waits for more@next_text: input->held == TEXT_SIZE || => @The programs@every_byte
the end of input is forgotten@next_text: || input->ended => @The programs@every_byte
the writer reads on after a signal@next_text: !interrupted() => true@The programs@after_a_signal_the
half a line goes after a signal@next_text: !interrupted() => true@writer.c: sem_wait_p(semid, EMPTY, GUARD) == -1 => sem_wait(semid, EMPTY) == -1 || sem_p(semid, GUARD) == -1@The programs@half_a_line
an input error is the end of input@writer.c: input.error != 0 => false@The programs@data_before
a text before an input error is lost@next_text: return input->text = input->held; => return input->text = input->error != 0 ? 0 : input->held;@The programs@data_before
an input that does not block is an error@read_input: || errno == EAGAIN => @The programs@an_input_that_does_not_block
an input that does not block is polled@read_input: &typed, 1, -1 => &typed, 1, 0@The programs@an_input_that_does_not_block
a copy that overlaps (sanitizer)@writer.c: memmove => memcpy@The programs@every_byte
a prompt in a file@writer.c: isatty(STDIN_FILENO) && => isatty(STDIN_FILENO) ||@The programs@a_prompt_is_for
a prompt for each pasted line@read_input: poll(&typed, 1, 0) == 0 => true@The programs@sixty_lines
a prompt in the middle of a line@read_input: input->held == 0 && => @The programs@on_terminals
a prompt beside an old one@read_input: "\rwriter: " => "writer: "@The programs@sixty_lines
a prompt twice@read_input: "\rwriter: " => "\rwriter: \rwriter: "@The programs@on_terminals
no prompt after a stop@catch_signals: , SIGCONT => @The programs@sixty_lines
no new line after Ctrl-D@read_input: printf("\n"); => ;@The programs@on_terminals
the writer does not say that nobody reads@writer.c: input.interactive && => false &&@The programs@to_a_typist
the writer says that nobody reads although somebody does@writer.c: sem_value(semid, READERS) == 0 => sem_value(semid, READERS) >= 0@The programs@to_a_typist
that nobody reads is said once@writer.c: if (input.interactive => static int said; if (!said++ && input.interactive@The programs@to_a_typist
that nobody reads stands among the data@suggest_reader: warnx => printf@The programs@to_a_typist
the command stands among the data@print_quoted: stderr => stdout@The programs@to_a_typist
a signal in a wait is told as nobody reads@writer.c: sem_wait_p(semid, EMPTY, GUARD) == -1 => sem_wait_p(semid, EMPTY, GUARD) == -1 && (interrupted() ? suggest_reader() : (void)0, true)@The programs@a_signal_ends_a_waiting_writer
the command is not quoted@print_quoted: "'%s" => "%s"@print_quoted: fputc('\'', stderr); => ;@The programs@the_command_that_is_said
a quote in the command is not quoted@print_quoted: *word == '\'' => false@The programs@the_command_that_is_said
the command names the reader from here@suggest_reader: readlink("/proc/self/exe", reader, PATH_MAX) > 0 => strcpy(reader, "./reader") != NULL@The programs@the_command_that_is_said
the command names a reader that is not there@suggest_reader: access(reader, X_OK) == -1 => false@The programs@no_command_is_said
the command names the path from here@suggest_reader: getcwd(here, sizeof(here)) => strcpy(here, ".")@The programs@the_command_that_is_said

# The output
a stop ends the write@write_all: errno != EINTR && errno != EAGAIN => errno != EAGAIN@The programs@a_stop_does_not_end_a_write
a signal does not end a write that waits@write_all: || interrupted() => @The programs@a_stop_does_not_end_a_write
a signal makes a written text unwritten@write_all: done > 0 => done > 0 && !interrupted()@Schedules@
a failed write is not noticed@write_all: return -1; => return 0;@The programs@a_full_disk
an output that does not block is an error@write_all: errno != EINTR && errno != EAGAIN => errno != EINTR@The programs@a_stop_does_not_end_a_write
an output that does not block is polled@write_all: &room, 1, -1 => &room, 1, 0@The programs@a_stop_does_not_end_a_write
a write of nothing is a success@write_all: errno = EIO; => return 0;@Deaths@a_write_of_nothing
a write of nothing is repeated@write_all: errno = EIO; => continue;@Deaths@a_write_of_nothing
a partial write is taken for a whole one@write_all: count -= (size_t)done; => count = 0;@Deaths@a_write_of_nothing
a partial write is repeated from its start@write_all: bytes += done; => ;@Deaths@a_write_of_nothing
many newlines overflow the names (sanitizer)@print: TEXT_SIZE * => TEXT_SIZE +@The programs@each_line
each text begins with the name@print: !output->in_line => i == 0@The programs@each_line
names in a file@print: !output->terminal => false@The programs@every_byte
the last newline on a terminal is missing@reader.c: output.in_line && => false &&@The programs@on_terminals
the text stays, although there is none@give_up: strcmp(what, "standard output") == 0 => true@The programs@a_last_newline
that the text stays is not told@give_up: strcmp(what, "standard output") == 0 => false@The programs@a_full_disk

# What is told
the identifiers are swapped@try_to_join: "set %d", *semid => "set %d", shmid@The programs@minus_v_tells_each
what -v tells is cut@tell: text[80] => text[12]@The programs@minus_v_tells_each
what -v tells stands among the data@tell: stderr => stdout@The programs@text_outlives
-v prints no heading@tell: lines++ % 20 != 0 => true@The programs@minus_v_tells_each
-v prints a heading above each line@tell: lines++ % 20 != 0 => false@The programs@minus_v_tells_each
-v prints wide columns@tell: "%s%5d %5d %4d %7d %7d  %s: %s\n" => "%s%9d %5d %4d %7d %7d  %s: %s\n"@The programs@minus_v_tells_each
-v names another program@options: role == READERS => role == WRITERS@The programs@minus_v_tells_each
-v does not tell of a wait@try_then_sleep: tell(semid, "waits"); => ;@The programs@minus_v_tells_each
-v tells of a wait at each try@try_then_sleep: if (tries >= TRIES) => @The programs@minus_v_tells_each
-v does not tell of a writer's end@sem_end_v: tell(semid, "a writer has ended"); => ;@The programs@the_end_of_one
-v does not tell of the end of input@sem_end_v: tell(semid, "end of input"); => ;@The programs@minus_v_tells_each
-v does not tell who leaves@withdraw: tell(semid, "leaves"); => ;@The programs@minus_v_tells_each
-v does not tell who removes both@remove_if_last: tell(semid, both ? "removes both" : "removes the set"); => ;@The programs@minus_v_tells_each
no advice for a path that is missing@sharemem.c: {{ENOENT, => {{EXDEV,@Foreign objects and failures@each_errno
no advice for a path that is no directory@sharemem.c: ENOTDIR} => EXDEV}@Foreign objects and failures@each_errno
no advice for what is not yours@sharemem.c: {EACCES} => {EXDEV}@Foreign objects and failures@each_errno
no advice for what is not ours@sharemem.c: {EEXIST} => {EXDEV}@Foreign objects and failures@each_errno
no advice for what the system forbids@sharemem.c: {EPERM} => {EXDEV}@Foreign objects and failures@each_errno
no advice for what the system lacks@sharemem.c: {ENOSYS} => {EXDEV}@Foreign objects and failures@each_errno
no advice for a removed object@sharemem.c: {EIDRM} => {EXDEV}@Foreign objects and failures@each_errno
no advice for another program's change@sharemem.c: {EAGAIN} => {EXDEV}@Foreign objects and failures@each_errno
no advice for a limit@sharemem.c: {E2BIG, => {EXDEV,@Foreign objects and failures@each_errno
no advice for the last one of six errors@give_up: k < 6 => k < 5@Foreign objects and failures@each_errno
a full disk is told as a limit@give_up: && !stream => @The programs@a_full_disk
no command for a text that another has written@give_up: reason == EBADMSG => false@Foreign objects and failures@a_length_that_is_none
the command removes other objects@give_up: 's' => 't'@Foreign objects and failures@a_length_that_is_none
the path of an error is not named@give_up: warn("%s: %s", path, what) => warn("%s", what)@Foreign objects and failures@each_errno
a signal is told as an error@give_up: if (interrupted()) => if (false)@The programs@a_signal_ends_a_waiting_writer
an error exits with 0@give_up: EXIT_FAILURE => EXIT_SUCCESS@Foreign objects and failures@each_errno
the help lacks its first words@options: fputs(help, => fputs(help + 6,@The programs@help_is_printed
the help is cut@options: fputs(help, stdout) == EOF => printf("%.200s", help) < 0@The programs@help_is_printed
the hint names another option@options: "try '%s --help'" => "try '%s --hlp'"@The programs@wrong_usage
help that cannot be printed is a success@options: || fflush(stdout) == EOF => @The programs@help_is_printed
--help is no option@options: getopt_long(argc, argv, "hs:v", longs, NULL) => getopt(argc, argv, "hs:v")@The programs@help_is_printed
any number of seconds@options: && seconds <= 1e6 => @The programs@wrong_usage
0 seconds are refused@options: seconds >= 0 => seconds > 0@The programs@text_outlives
1000000 seconds are refused@options: seconds <= 1e6 => seconds < 1e6@The programs@after_a_signal_the
no seconds are 0@options: rest == optarg || => @The programs@wrong_usage
what follows the seconds is ignored@options: *rest != '\0' || => @The programs@wrong_usage
bad seconds are not repeated@options: "-s %s: not a number from 0 to 1000000" => "-s %.0s: not a number from 0 to 1000000"@The programs@wrong_usage
a wrong option is told without a hint@options: errx(2, "try '%s --help'", argv[0]) => exit(2)@The programs@wrong_usage
the wrong one of two paths is named@options: argv[optind + 1] => argv[optind]@The programs@wrong_usage

# The speed
no yield between tries@try_then_sleep: sched_yield(); => ;@The programs@a_wait_tries
no quick tries@try_then_sleep: QUICK = 6 => QUICK = 0@The programs@a_wait_tries
another number of tries@try_then_sleep: TRIES = 40 => TRIES = 30@The programs@a_wait_tries
quick tries after quick ones in vain@try_then_sleep: not_quick = 64; => ;@The programs@a_wait_tries
never quick tries again@try_then_sleep: not_quick = 64; => not_quick = 1000000000;@The programs@a_wait_tries
never a rest@try_then_sleep: not_at_all = 200; => ;@The programs@a_wait_tries
a rest for ever@try_then_sleep: not_at_all = 200; => not_at_all = 1000000000;@The programs@a_wait_tries
a slow yield does not end the tries@try_then_sleep: tries = TRIES; => ;@The programs@a_wait_tries
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
sed 's/.*@\(.*@\)/\1/' "$work/list" | if [ -z "$ONLY" ]; then
	sed 's/@.*/@/'; else cat; fi | sort -u | for_each pass_unbroken
[ ! -s "$work/results" ] || exit 1
export SCHEDULES=1000 CK_DEADLINE=5
awk '{ print NR }' "$work/list" | for_each try
cd "$work" || exit 1
progress ''
echo "$(wc -l < results) mutants, $(grep -c '^[A-Z]' results) survived," \
	"$(grep -c '^only' results) only built, $(($(date +%s) - begin)) seconds"
! grep -q '^[A-Z]' results
