#!/bin/sh
# gdb: a checkpoint gives back the variables, but neither text nor guard.
#
# Package: gdb-minimal 13.1-3.  (A checkpoint is a fork of the program.)
#
# Guess, from gdb's manual, "Setting a Bookmark in Process History": restart
# puts the program's memory back, and much of what the system keeps for it, such
# as the places in its files.  A program takes the guard with SEM_UNDO, writes
# to a variable and to a segment, is saved, and writes once more.  So restart
# puts both texts back, and the program holds the guard as it did.  When it
# ends, the kernel gives the guard back.
#
# Seen: the variable is as before, but the segment holds the later text: the two
# processes share it.  When the program ends, the guard stays 0, because a fork
# inherits no undo.  The guard belongs to the process that gdb has put aside.

. "$(dirname "$0")/begin"

unpack_all gdb-minimal=13.1-3

cat >turn.c <<'EOF'
#define _XOPEN_SOURCE 700
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>

static char variable[8];

static void
inside(void)
{
}

int
main(void)
{
	struct sembuf v = {0, 1, 0};
	struct sembuf p = {0, -1, SEM_UNDO};
	const int set = semget(IPC_PRIVATE, 1, 0600);
	char *segment = shmat(shmget(IPC_PRIVATE, 8, 0600), NULL, 0);

	if (segment == (char *)-1 || semop(set, &v, 1) || semop(set, &p, 1))
		return 1;
	strcpy(variable, "before");
	strcpy(segment, "before");
	inside();
	strcpy(variable, "after");
	strcpy(segment, "after");
	inside();
	return 0;
}
EOF
cc -std=c11 -g -O0 turn.c -o turn

cat >commands <<'EOF'
set debuginfod enabled off
set confirm off
break inside
run
checkpoint
continue
restart 1
up
printf "variable: %s\n", variable
printf "segment: %s\n", segment
shell echo "guard: $(sh value)"
delete breakpoints
continue
shell echo "guard: $(sh value)"
kill
EOF
# Into a pipe: restart puts the place in an output file back, too.
with_root root/usr/bin/gdb -q -nx -batch -x commands turn 2>&1 | cat >seen

line()
{
	sed -n "s/^$1: //p" seen | sed -n "$2p"
}

echo "gdb-minimal 13.1-3"
saw "variable after restart" "$(line variable 1)" before before
saw "segment after restart" "$(line segment 1)" before after
saw "guard after restart" "$(line guard 1)" 0 0
saw "guard after the program has ended" "$(line guard 2)" 1 0
