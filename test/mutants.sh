#!/bin/sh
# make mutants: break the sources on purpose, one line at a time, in a copy; for
# each a test must fail.  A mutant: what it breaks @ file @ sed script @ suite.
set -u

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
survived=0
tried=0

try() # what, file, script, suite
{
	rm -rf "$work/tree"
	mkdir "$work/tree"
	cp -r Makefile ./*.[ch] test README "$work/tree"
	sed -i "$3" "$work/tree/$2"
	tried=$((tried + 1))
	if cmp -s "$2" "$work/tree/$2"; then
		echo "NOT APPLIED: $1"
		survived=$((survived + 1))
	elif ! make -C "$work/tree" CFLAGS=-O1 WARNINGS=-w all test/check \
		> "$work/make.log" 2>&1; then
		echo "DOES NOT BUILD: $1"
		survived=$((survived + 1))
	elif (cd "$work/tree" && CK_RUN_SUITE=$4 CK_ONE_FAILURE=1 \
		CK_DEADLINE=5 \
		timeout 600 test/check > "$work/log" 2>&1); then
		echo "SURVIVED: $1"
		survived=$((survived + 1))
	else
		echo "found: $1: $(grep -v 'an earlier one' "$work/log" |
			grep -m 1 -o ':[FES]:.*' |
			cut -d : -f 4 | cut -c 1-60)"
	fi
}

ONLY=${1:-}
while IFS='@' read -r what file script suite; do
	case $what in '' | \#*) continue ;; esac
	case $what in *"$ONLY"*) try "$what" "$file" "$script" "$suite" ;; esac
done <<'END'
sem_p without SEM_UNDO@sharemem.c@s/take = {(unsigned short)index, -1, SEM_UNDO}/take = {(unsigned short)index, -1, 0}/@The documents
sem_v without SEM_UNDO@sharemem.c@s/give = {(unsigned short)index, +1, SEM_UNDO}/give = {(unsigned short)index, +1, 0}/@The documents
sem_p that does not wait@sharemem.c@s/-1, SEM_UNDO};$/-1, SEM_UNDO | IPC_NOWAIT};/@The documents
createsem without IPC_EXCL@sharemem.c@s/IPC_CREAT . IPC_EXCL . MODE/IPC_CREAT | MODE/@The documents
createsem that leaves a half-made set@sharemem.c@/int reason = errno == EINVAL/,/errno = reason/s/sem_delete(semid);//@The documents
opensem that creates@sharemem.c@s/semget(key, 0, MODE)/semget(key, 4, IPC_CREAT | MODE)/@The documents
mode 0666@sharemem.c@s/#define MODE *0600/#define MODE 0666/@The documents
the reader attaches to write@sharemem.c@s/== READER ? SHM_RDONLY : 0/== READER ? 0 : 0/@The documents
sem_wait that takes@sharemem.c@s/semop(semid, look, 2)/semop(semid, look, 1)/@The documents
our sem_wait is the C library's, too@sharemem.h@s/#pragma GCC visibility.*//@The documents
nothing is removed@sharemem.c@/removes segment/,/sem_delete/s/^\t*s.._delete.*//@The programs
open_set without SEM_UNDO@sharemem.c@/step open_set/,/};/s/SEM_UNDO/0/@Deaths
enter without SEM_UNDO@sharemem.c@/step enter /,/};/s/SEM_UNDO/0/@Deaths
go_out without SEM_UNDO@sharemem.c@/step go_out /,/};/s/SEM_UNDO/0/@Deaths
go_out_as_writer: WRITERS without SEM_UNDO@sharemem.c@s/{WRITERS, +1, SEM_UNDO}/{WRITERS, +1, 0}/@The programs
go_out_as_writer: no announcement of the end@sharemem.c@s/{NEWS, -1, SEM_UNDO}/{NEWS, -1, 0}/@The programs
go_out_as_writer: GUARD without SEM_UNDO@sharemem.c@/step go_out_as_writer/,/^};/s/{GUARD, +1, SEM_UNDO}/{GUARD, +1, 0}/@The programs
write_begins without SEM_UNDO@sharemem.c@/step write_begins/,/^};/s/SEM_UNDO/0/@Deaths
write_ends without SEM_UNDO@sharemem.c@/step write_ends/,/^};/s/SEM_UNDO/0/@The programs
text_is_there without SEM_UNDO@sharemem.c@/step text_is_there/,/^};/s/SEM_UNDO/0/@Deaths
news_is_there without SEM_UNDO@sharemem.c@/step news_is_there/,/^};/s/SEM_UNDO/0/@Deaths
read_ends without SEM_UNDO@sharemem.c@/step read_ends/,/^};/s/SEM_UNDO/0/@The programs
one_writer_less without SEM_UNDO@sharemem.c@/step one_writer_less/,/^};/s/SEM_UNDO/0/@The programs
unread text is overwritten@sharemem.c@/step write_begins/,/^};/{s/.count = 2/.count = 1/;s/{UNREAD, 0, 0}.*//}@The programs
UNREAD is taken at the beginning of a read@sharemem.c@/step text_is_there/,/^};/s/{UNREAD, +1, 0}, .*/{NEWS, -1, 0},/;/step read_ends/,/^};/{s/.count = 3/.count = 1/;s/{UNREAD.*//;s/{NEWS.*//}@Deaths
the set is removed before the segment@sharemem.c@/removes segment/,/} else/{s/shm_delete(channel->shmid);/sem_delete(channel->semid);/;t;s/sem_delete(channel->semid);/shm_delete(channel->shmid);/}@Deaths
who leaves frees the guard before it detaches@sharemem.c@/Detach first/,/}/{s/shm_detach(channel->shmaddr);/end(channel, \&go_out);/;t;s/end(channel, &go_out);/shm_detach(channel->shmaddr);/}@Deaths
removed although others are attached@sharemem.c@s/status.shm_nattch == 1 && value\[UNREAD\] == 0) {/value[UNREAD] == 0) {/@The programs
removed although text is unread@sharemem.c@s/status.shm_nattch == 1 && value\[UNREAD\] == 0) {/status.shm_nattch == 1) {/@The programs
old news is not forgotten@sharemem.c@s/value\[NEWS\] > 0 &&$/value[NEWS] > 40000 \&\&/@The programs
a set without a segment is used@sharemem.c@s/: openshm(channel->path, 'm')/: createshm(channel->path, 'm', SHM_SIZE)/@The programs
the end takes the news from other readers@sharemem.c@s/return end(channel, &go_out);/return end(channel, \&one_writer_less);/@The programs
a set that nobody has opened is waited for@sharemem.c@s/waits < 100/waits < 100000/@Foreign objects and failures
a set that nobody has opened is used@sharemem.c@s/status.sem_otime != 0/status.sem_otime != 1/@Foreign objects and failures
objects given to us are trusted@sharemem.c@s/ && perm->cuid == geteuid()//@Foreign objects and failures
other owners' objects are trusted@sharemem.c@s/perm->uid == geteuid() && perm->cuid == geteuid() &&//@Foreign objects and failures
other modes are trusted@sharemem.c@s/(perm->mode & 0777) == MODE/1/@Foreign objects and failures
another size is trusted@sharemem.c@s/ .. status.shm_segsz != SHM_SIZE//@Foreign objects and failures
another number of semaphores is trusted@sharemem.c@s/ .. status.sem_nsems != MEMBERS//@Foreign objects and failures
values out of range are trusted@sharemem.c@s/value\[GUARD\] != 0 || value\[UNREAD\] > 1 ||/0 ||/@Foreign objects and failures
any length is trusted@sharemem.c@s/length == 0 || length > TEXT_SIZE/0/@Foreign objects and failures
a failed start leaves its set@sharemem.c@s/if (created || reason == EIDRM)/if (reason == EIDRM)/@Foreign objects and failures
no alarm after a signal@sharemem.c@s/^\talarm(1);//@Deaths
a stop ends the wait@sharemem.c@s/result == -1 && errno == EINTR && !interrupted()/0/@Storms
a second signal does not kill@sharemem.c@s/action.sa_flags = (int)SA_RESETHAND;//@The programs
an ignored signal is caught@sharemem.c@s/before.sa_handler != SIG_IGN/1/@The programs
the signal's status is lost@sharemem.c@s/raise(signalled);/exit(0);/@The programs
a reader that polls@sharemem.c@s/operate(channel, step, flag)/operate(channel, step, IPC_NOWAIT)/;s/if (tries % 2 == 0)/if (tries > 40) nanosleep(\&(struct timespec){0, 1000000}, NULL); else/@The programs
lines are split@writer.c@s/if (text\[length - 1\] == '\\n')/if (length == fits)/@The programs
the end of input is forgotten@writer.c@s/ || input->ended)/)/@The programs
the writer holds the guard while it reads@writer.c@s/while ((length = next_text(&input)) > 0) {/while (begin_write(channel) == 0 \&\& (length = next_text(\&input)) > 0) { end_write(channel);/@The programs
a turn is given back before it is printed@reader.c@s/const char \*text = channel->shmaddr->text;/const char *text = channel->shmaddr->text; end_read(channel);/;s/if (end_read(channel) == -1)/if (0)/@Deaths
a failed write is not noticed@reader.c@s/if (done == -1 && (errno != EINTR || interrupted()))/if (done == -1 \&\& errno == ENOSPC) return 0; if (done == -1)/@The programs
END
echo "$tried mutants, $survived survived"
[ "$survived" = 0 ]
