#!/bin/sh
# make mutants: break the sources on purpose, one line at a time, in a copy; for
# each a test must fail.  A mutant: what it breaks @ file @ sed script @ suite.
# `make mutants ONLY=word` takes those whose name has the word; MINUTES=n stops
# the tests after so long, and then only sees that the others apply and build.
set -u

minutes=${MINUTES:-600}
begin=$(date +%s)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tried=0 untested=0 survived=0

cp -r Makefile ./*.[ch] test README "$work"
cd "$work" || exit 1
rm -f ./*.o test/*.o
mkdir original
cp ./*.[ch] original

build()
{
	make CFLAGS="-O1 $1" WARNINGS=-w all test/check > make.log 2>&1
}

run() # suite
{
	CK_RUN_SUITE=$1 CK_ONE_FAILURE=1 CK_DEADLINE=$deadline \
		timeout 300 test/check > check.log 2>&1 &&
		! grep -q 'Checks: 0' check.log
}

try() # what, file, script, suite
{
	flags=
	case $1 in *sanitizer*) flags=-fsanitize=address ;; esac
	tried=$((tried + 1))
	sed -i "$3" "$2"
	if cmp -s "$2" "original/$2"; then
		echo "NOT APPLIED: $1"
		survived=$((survived + 1))
	elif ! build "$flags"; then
		echo "DOES NOT BUILD: $1"
		survived=$((survived + 1))
	elif [ $(($(date +%s) - begin)) -ge $((minutes * 60)) ]; then
		untested=$((untested + 1))
	elif run "$4"; then
		echo "SURVIVED: $1"
		survived=$((survived + 1))
	else
		echo "found: $1: $(grep -v 'an earlier one' check.log |
			grep -m 1 -o ':[FES]:.*' |
			cut -d : -f 4 | cut -c 1-60)"
	fi
	cp "original/$2" "$2"
}

deadline=20 # seconds without progress
if ! build '' || ! run 'The documents' || ! run 'The programs' ||
	! run 'Foreign objects and failures' || ! run Deaths; then
	echo 'the unbroken tree does not pass:'
	tail -n 5 make.log; grep -v "an earlier one" check.log
	exit 1
fi
deadline=5
while IFS='@' read -r what file script suite; do
	case $what in '' | \#*) continue ;; esac
	case $what in *"${ONLY:-}"*) try "$what" "$file" "$script" "$suite" ;; esac
done <<'END'
# The documents' helpers
sem_p without SEM_UNDO@sharemem.c@s/take = {(unsigned short)index, -1, SEM_UNDO}/take = {(unsigned short)index, -1, 0}/@The documents
sem_v without SEM_UNDO@sharemem.c@s/give = {(unsigned short)index, +1, SEM_UNDO}/give = {(unsigned short)index, +1, 0}/@The documents
sem_p that does not wait@sharemem.c@s/take = {(unsigned short)index, -1, SEM_UNDO}/take = {(unsigned short)index, -1, SEM_UNDO | IPC_NOWAIT}/@The documents
createsem without IPC_EXCL@sharemem.c@s/IPC_CREAT . IPC_EXCL . MODE/IPC_CREAT | MODE/@The documents
createsem that leaves a half-made set@sharemem.c@s/sem_delete(semid); .. errno stays ..//@The documents
createsem that sets no value@sharemem.c@s/init_val != 0 && index/0 \&\& index/@The documents
opensem that creates@sharemem.c@s/semget(key, 0, MODE)/semget(key, 5, IPC_CREAT | MODE)/@The documents
mode 0666@sharemem.c@s/#define MODE 0600/#define MODE 0666/@The documents
the reader attaches to write@sharemem.c@s/== READER ? SHM_RDONLY : 0/== READER ? 0 : 0/@The documents
sem_wait that takes@sharemem.c@s/step(semid, look, 2)/step(semid, look, 1)/@The documents
our sem_wait is the C library's, too@sharemem.h@s/#pragma GCC visibility.*//@The documents
# The turn
sem_wait_p waits, then takes@sharemem.c@/^sem_wait_p/,/^}/s/if (step(semid, ops, 3) == 0)/if (sleeps ? sem_wait(semid, awaited) == 0 \&\& sem_p(semid, taken) == 0 : step(semid, ops, 3) == 0)/@The documents
sem_wait_p takes what it waits for@sharemem.c@/^sem_wait_p/,/^}/s/{(unsigned short)awaited, +1, 0},/{(unsigned short)awaited, 0, 0},/@The documents
sem_wait_p without SEM_UNDO@sharemem.c@/^sem_wait_p/,/^}/s/(short)(SEM_UNDO | flag)/flag/@The documents
sem_pass_v without SEM_UNDO@sharemem.c@/^sem_pass_v/,/^}/s/given, +1, SEM_UNDO/given, +1, 0/@The documents
sem_pass_v undone: from@sharemem.c@/^sem_pass_v/,/^}/s/from, -1, IPC_NOWAIT/from, -1, IPC_NOWAIT | SEM_UNDO/@The documents
sem_pass_v undone: to@sharemem.c@/^sem_pass_v/,/^}/s/to, +1, 0/to, +1, SEM_UNDO/@The documents
sem_pass_v that waits@sharemem.c@/^sem_pass_v/,/^}/s/from, -1, IPC_NOWAIT/from, -1, 0/@The documents
a wait that polls@sharemem.c@/^sem_wait_p/,/^}/{s/tries > 40/tries > 40000000/;s/yield() > 0.001/nanosleep(\&(struct timespec){0, 1000000}, NULL) > 0/}@The programs
the writer does not wait for EMPTY@writer.c@s/sem_wait_p(semid, EMPTY, GUARD)/sem_p(semid, GUARD)/@The programs
the writer holds the guard while it reads@writer.c@s/while ((length = next_text(&input)) > 0)/while (sem_p(semid, GUARD) == 0 \&\& (length = next_text(\&input), sem_v(semid, GUARD), length) > 0)/@The programs
the reader gives the turn away before it prints@reader.c@s/if (print(&output, shmaddr->text, length) == -1)/if (sem_pass_v(semid, NEWS, EMPTY, GUARD) == -1 || print(\&output, shmaddr->text, length) == -1)/;s/if (sem_pass_v(semid, NEWS, EMPTY, GUARD) == -1) .*/if (0)/@Deaths
the first reader takes the news of the end@reader.c@s/if (sem_v(semid, GUARD) == -1)/if (semop(semid, (struct sembuf[]){{NEWS, -1, 0}, {GUARD, 1, SEM_UNDO}}, 2) == -1)/@The programs
news of an end is undone@reader.c@s/heard\[\] = {{NEWS, -1, 0}/heard[] = {{NEWS, -1, SEM_UNDO}/@The programs
the guard after an end without SEM_UNDO@reader.c@s/{GUARD, +1, SEM_UNDO}}/{GUARD, +1, 0}}/@The programs
any writer's end is the end@reader.c@s/if (writers == 0)/if (1)/@The programs
a failed look at EMPTY is one at 1@reader.c@s/if (empty > 0)/if (empty != 0)/@Deaths
a failed look at WRITERS is one at some@reader.c@s/writers == -1 || //@Deaths
any length is trusted@reader.c@s/length == 0 || length > TEXT_SIZE/0/@Foreign objects and failures
# Joining
only the creator opens the set@sharemem.c@s/if (step(semid, open, 5) == -1 &&/if (created \&\& step(semid, open, 5) == -1 \&\&/@Foreign objects and failures
the set is opened twice@sharemem.c@s/{GUARD, 0, IPC_NOWAIT}, {EMPTY, 0, IPC_NOWAIT},/{GUARD, 0, IPC_NOWAIT}, {READERS, 0, IPC_NOWAIT},/;s/{NEWS, 0, IPC_NOWAIT},  {EMPTY/{WRITERS, 0, IPC_NOWAIT},  {EMPTY/@Deaths
objects given to us are trusted@sharemem.c@s/ && perm->cuid == geteuid()//@Foreign objects and failures
objects given away are trusted@sharemem.c@s/perm->uid == geteuid() && perm->cuid/perm->cuid/@Foreign objects and failures
other owners' objects are trusted@sharemem.c@s/perm->uid == geteuid() && perm->cuid == geteuid() &&//@Foreign objects and failures
other modes are trusted@sharemem.c@s/(perm->mode & 0777) == MODE/1/@Foreign objects and failures
modes that only the owner has are trusted@sharemem.c@s/(perm->mode & 0777) == MODE/(perm->mode \& 077) == 0/@Foreign objects and failures
another size is trusted@sharemem.c@s/ .. status.shm_segsz != SHM_SIZE//@Foreign objects and failures
another number of semaphores is trusted@sharemem.c@s/ .. status.sem_nsems != MEMBERS//@Foreign objects and failures
a GUARD of 2 is trusted@sharemem.c@s/value\[GUARD\] > 0 || //@Foreign objects and failures
an EMPTY of 2 is trusted@sharemem.c@s/value\[EMPTY\] > 1 ||$/0 ||/@Foreign objects and failures
unread text without news is trusted@sharemem.c@s/(unread && value\[NEWS\] == 0)/0/@Foreign objects and failures
refused values keep the guard@sharemem.c@/(unread && value\[NEWS\] == 0)/,/EPERM/s/sem_v(semid, GUARD);//@Foreign objects and failures
a set with refused values is removed@sharemem.c@s/channel->semid = -1; .. left as it is ..//@Foreign objects and failures
old news is not forgotten@sharemem.c@s/if (nobody && semctl(semid, NEWS, SETVAL/if (0 \&\& semctl(semid, NEWS, SETVAL/@The programs
a newcomer forgets news although others take part@sharemem.c@s/if (nobody && semctl(semid, NEWS, SETVAL/if (semctl(semid, NEWS, SETVAL/@The programs
unread text is one news@sharemem.c@s/unread ? 2 : 0/unread ? 1 : 0/@The programs
a set in use gets a new segment@sharemem.c@s/attach_segment(channel, nobody && !unread)/attach_segment(channel, true)/@The programs
text that was read is told as lost@sharemem.c@s/^\t\tif (unread)$/\t\tif (1)/@The programs
lost text is not told@sharemem.c@s/^\t\tif (unread)$/\t\tif (0)/@Foreign objects and failures
the deleted path is told without its key@sharemem.c@s/(unsigned)channel->keys\[failed\]);/(unsigned)ftok(channel->path, 's'));/@Foreign objects and failures
a limit of kernel.shmmax is not named@sharemem.c@s/{SEGMENT, EINVAL,/{SEGMENT, EXDEV,/@Foreign objects and failures
a limit of kernel.sem is not named@sharemem.c@s/{SET, E2BIG,/{SET, EXDEV,/@Foreign objects and failures
a set that nobody can open stays@sharemem.c@s/if (created && errno == E2BIG)/if (0)/@Foreign objects and failures
who fails inside keeps the guard@sharemem.c@/^withdraw(/,/^}/s/sem_v(semid, GUARD);/;/@Foreign objects and failures
a failed join leaves all@sharemem.c@/^join/,/^}/s/withdraw(channel);//@Foreign objects and failures
a failed join removes the set under the others@sharemem.c@/^join/,/^}/s/withdraw(channel);/sem_delete(channel->semid);/@Foreign objects and failures
who was not counted is counted out@sharemem.c@s/channel->shmaddr = NULL; .. and it is not counted ..//@Foreign objects and failures
a reader is not counted@sharemem.c@/^take_part/,/^}/s/channel->role == READER ? 2 : 4/channel->role == READER ? 0 : 4/@The programs
a count without SEM_UNDO@sharemem.c@s/READERS : WRITERS, +1, SEM_UNDO}/READERS : WRITERS, +1, 0}/@The programs
joining: GUARD without SEM_UNDO@sharemem.c@/^take_part/,/^}/s/{GUARD, +1, SEM_UNDO}/{GUARD, +1, 0}/@The programs
no announcement of a writer's end@sharemem.c@s/{NEWS, -1, SEM_UNDO}/{NEWS, -1, 0}/@The programs
a removed set is not tried again@sharemem.c@s/while (errno == EIDRM && !interrupted())/while (0)/@Deaths
a set that ipcrm has removed is a limit@sharemem.c@s/failed == SET && reason == EINVAL &&/0 \&\&/@Deaths
who waits to join does not tell it@sharemem.c@/^enter_set/,/^}/s/tell(semid, "waits for the guard");/;/@The programs
whatever fails is somebody else's@sharemem.c@s/if (object &&$/if (object ||/@The programs
# Leaving
the set goes first@sharemem.c@/^remove_if_last/,/^}/{s/shmctl(channel->shmid, IPC_RMID, NULL);/sem_delete(channel->semid);/;t;s/sem_delete(channel->semid);/shmctl(channel->shmid, IPC_RMID, NULL);/}@Deaths
nothing is removed@sharemem.c@/^remove_if_last/,/^}/s/if (step(channel->semid, last, 5) == -1)/if (1)/@The programs
removed although readers take part@sharemem.c@/^remove_if_last/,/^}/s/{READERS, 0, IPC_NOWAIT}/{WRITERS, 0, IPC_NOWAIT}/@The programs
removed although writers take part@sharemem.c@/^remove_if_last/,/^}/s/{WRITERS, 0, IPC_NOWAIT}/{READERS, 0, IPC_NOWAIT}/@The programs
removed although text is unread@sharemem.c@/^remove_if_last/,/^}/s/{EMPTY, -1, IPC_NOWAIT}/{READERS, 0, IPC_NOWAIT}/@The programs
removed without the guard@sharemem.c@/^remove_if_last/,/^}/s/step(channel->semid, last, 5)/step(channel->semid, last, 4)/@Deaths
nobody counts himself out@sharemem.c@s/step(semid, &count_out, 1);//@The programs
counted out without SEM_UNDO@sharemem.c@/^withdraw(/,/^}/s/SEM_UNDO . IPC_NOWAIT/IPC_NOWAIT/@The programs
leaving waits@sharemem.c@/^remove_if_last/,/^}/s/SEM_UNDO . IPC_NOWAIT/SEM_UNDO/@Deaths
# Signals
no alarm after a signal@sharemem.c@s/^\talarm(1);//@Deaths
a signal lets in without the guard@sharemem.c@/errno = EINTR;/,/return -1;/s/return -1;/return 0;/@Deaths
the alarm rings once@sharemem.c@s/^\talarm(1);/\tif (signo != SIGALRM) alarm(1);/@Deaths
a stop ends the wait@sharemem.c@s/result == -1 && errno == EINTR && !interrupted()/0/@Storms
a second signal kills@sharemem.c@/^catch_signals/,/^}/s/{.sa_handler = on_signal}/{.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND}/@Deaths
an ignored signal is caught@sharemem.c@s/before.sa_handler != SIG_IGN/1/@The programs
an inherited alarm is caught@sharemem.c@s/SIGHUP, SIGCONT}/SIGHUP, SIGCONT, SIGALRM}/@The programs
the signal's status is lost@sharemem.c@s/raise(signalled);/exit(1);/@The programs
a stay that SIGCONT ends@sharemem.c@s/if (nanosleep(&stay, &stay) == 0)/if (nanosleep(\&stay, \&stay) <= 0)/@The programs
a stay that is no fraction@sharemem.c@s/(long)(fraction . 1e9)/0/@The programs
any number of seconds@sharemem.c@s/ && channel.seconds <= 1e6//@The programs
no seconds at all@sharemem.c@s/rest == optarg || //@The programs
# The input
lines are split@writer.c@s/if (input->bytes\[length - 1\] == '\\n')/if (1)/@The programs
an empty line waits for the next@writer.c@s/length = input->held; length > 0; length--/length = input->held; length > 1; length--/@The programs
a line waits for more than it has@writer.c@s/input->held == TEXT_SIZE || input->ended/input->ended/@The programs
the end of input is forgotten@writer.c@s/ || input->ended)/)/@The programs
an input error is the end of input@writer.c@s/if (input.error != 0)/if (0)/@The programs
data before an input error is lost@writer.c@s/return input->held;/return input->error != 0 ? 0 : input->held;/@The programs
a copy that overlaps (sanitizer)@writer.c@s/memmove(/memcpy(/@The programs
a prompt in a file@writer.c@s/ &&$/ ||/@The programs
a prompt for each pasted line@writer.c@s/poll(&waiting, 1, 0) == 0/1/@The programs
no prompt after a stop@sharemem.c@s/SIGHUP, SIGCONT}/SIGHUP}/@The programs
nobody says that nobody reads@writer.c@s/if (input.typed)/if (0)/@The programs
nobody reads, although somebody does@sharemem.c@s/{READERS, -1, IPC_NOWAIT}/{READERS, 0, IPC_NOWAIT}/@The programs
that nobody reads is said only at first@sharemem.c@s/if (step(channel->semid, while_read, 4) == -1 && errno == EAGAIN/if (semctl(channel->semid, READERS, GETVAL) == 0/@The programs
# The output
a stop ends the write@reader.c@s/(done == -1 && errno != EINTR)/done == -1/@The programs
a signal makes a written text unwritten@reader.c@s/(done == -1 && interrupted())/interrupted()/@Deaths
a failed write is not noticed@reader.c@s/(done == -1 && errno != EINTR)/(done == -1 \&\& errno != EINTR \&\& errno != ENOSPC)/;s/if (done > 0) {/if (done == -1 \&\& errno == ENOSPC) return 0; if (done > 0) {/@The programs
the text stays, although there is none@sharemem.c@s/failed == OUTPUT && semctl(channel->semid, EMPTY, GETVAL) == 0/failed == OUTPUT/@The programs
a write of nothing is a success@reader.c@s/errno = EIO;.*/;/@Deaths
a write of nothing is repeated@reader.c@s/if (done == 0 || (done/if ((done/@Deaths
a partial write is taken for a whole one@reader.c@s/count -= (size_t)done;/count = 0;/@The programs
a partial write is repeated from its start@reader.c@s/bytes += done;//@Deaths
END
echo "$tried mutants, $survived survived, $untested only built," \
	"$(($(date +%s) - begin)) seconds"
[ "$survived" = 0 ]
