#!/bin/sh
# Linux: after 32767 rounds the kernel refuses an operation with SEM_UNDO.
#
# Package: manpages-dev 6.03-2, for the guess.  The kernel is that of this
# machine: tried on Linux 6.18.44 and 6.1.176 (the latter under
# user-mode-linux 6.1um4+b13).
#
# A process takes a semaphore with SEM_UNDO and gives it back without, again and
# again, as a beginner may write it.  Its value is never above 1.
#
# Guess, from semop(2): the page says that Linux sets no limit, SEMAEM, to the
# sum that is undone at the end.  It gives ERANGE only if the value would pass
# 32767.  So 40000 rounds do no harm while the process lives.
#
# Seen: in round 32768 the take fails with ERANGE, though the value is 1.  The
# sum grows at each take, and the kernel does have a limit for it.  When the
# process ends, all is undone: a guard that was 1 is 32767.

. "$(dirname "$0")/begin"

unpack manpages-dev=6.03-2
page=root/usr/share/man/man2/semop.2.gz
limit=none
zcat "$page" | tr '\n' ' ' | grep -q 'no intrinsic limits.*SEMAEM' || limit=some

# Perl's semop is the system call.  Its numbers are those of Linux.
cat >rounds <<'EOF'
my ($GETVAL, $SETVAL, $IPC_PRIVATE, $SEM_UNDO) = (12, 16, 0, 010000);
my $set = semget($IPC_PRIVATE, 1, 0600) // die "semget: $!";
my $take = pack("s!3", 0, -1, $SEM_UNDO);
my $give = pack("s!3", 0, 1, 0);

semctl($set, 0, $SETVAL, 1);
my $child = fork // die "fork: $!";
if ($child == 0) {
	for (my $round = 1; $round <= 40000; $round++) {
		next if semop($set, $take) && semop($set, $give);
		print "round $round, ", $!{ERANGE} ? "ERANGE" : $!,
		    ", value ", semctl($set, 0, $GETVAL, 0) + 0, "\n";
		exit;
	}
	print "none\n";
	exit;
}
waitpid($child, 0);
print semctl($set, 0, $GETVAL, 0) + 0, "\n";
EOF
perl rounds >seen

echo "Linux $(uname -r); manpages-dev 6.03-2"
saw "limit in semop(2) for the sum of undos" "$limit" none none
saw "first failure" "$(sed -n 1p seen)" none "round 32768, ERANGE, value 1"
saw "value after the process has ended" "$(sed -n 2p seen)" 32767 32767
