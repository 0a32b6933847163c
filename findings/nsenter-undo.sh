#!/bin/sh
# Linux: entering the IPC namespace one is in already undoes what is held.
#
# Package: util-linux 2.38.1-5+deb12u3, for nsenter.  The kernel is that of this
# machine: tried on Linux 6.18.44.
#
# A process takes a semaphore with SEM_UNDO.  Then it becomes another program by
# execve: once env, and once nsenter with the process's own IPC namespace.  Both
# start cat, which waits.  The value is read while cat waits.
#
# Guess, from semop(2): execve keeps what is to be undone until the process
# ends.  From setns(2): a process that enters its own namespace changes nothing.
# So the semaphore stays taken, 0, in both cases.
#
# Seen: 0 with env, and 1 with nsenter.  setns with an IPC namespace undoes at
# once, without a look whether it is another one.  The process lives, believes
# that it holds the semaphore, and anybody can take it.  (unshare(2) says that a
# new namespace implies this; setns(2) does not speak of it.)

. "$(dirname "$0")/begin"

unpack util-linux=2.38.1-5+deb12u3

# held PROGRAM ARGUMENT ...: the value while the program that the holder has
# become waits at the end of a pipe
cat >held <<'EOF'
my ($GETVAL, $IPC_RMID, $SETVAL, $IPC_PRIVATE) = (12, 0, 16, 0);
my $SEM_UNDO = 010000;
my $set = semget($IPC_PRIVATE, 1, 0600) // die "semget: $!";

semctl($set, 0, $SETVAL, 1);
pipe(my $from, my $answer) && pipe(my $question, my $to) || die "pipe: $!";
my $child = fork // die "fork: $!";
if ($child == 0) {
	close $from;
	close $to;
	open STDIN, "<&", $question;
	open STDOUT, ">&", $answer;
	semop($set, pack("s!3", 0, -1, $SEM_UNDO)) || die "semop: $!";
	exec @ARGV, "cat";
}
close $question;
close $answer;
syswrite $to, "x";
sysread $from, my $x, 1; # cat runs
print semctl($set, 0, $GETVAL, 0) + 0;
close $to;
waitpid $child, 0;
print " ", semctl($set, 0, $GETVAL, 0) + 0, "\n";
semctl($set, 0, $IPC_RMID, 0);
EOF

echo "Linux $(uname -r); util-linux 2.38.1-5+deb12u3"
saw "while it lives, and after its end: env" "$(perl held env)" "0 1" "0 1"
saw "the same: nsenter" \
	"$(perl held root/usr/bin/nsenter --ipc=/proc/self/ns/ipc)" \
	"0 1" "1 1"
