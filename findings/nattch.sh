#!/bin/sh
# Linux: shm_nattch counts pieces of memory, not calls of shmat.
#
# Package: user-mode-linux 6.1um4+b13: Linux 6.1.176, run as a process.  The
# same program runs on this machine's kernel, too (tried: 6.18.44).
#
# A process attaches a segment of three pages, protects the one in the middle
# with mprotect, and takes the protection away again.  Then it detaches.
#
# Guess, from shmctl(2) and shmop(2): shm_nattch is the number of processes that
# have the segment attached; shmat adds one and shmdt takes one away.  mprotect
# attaches nothing.  So it is 1, 1, 1, and 0 at the end.
#
# Seen: 1, 3, 3, 0.  The kernel counts areas, the lines of /proc/PID/maps.
# mprotect cuts one area into three, and each piece counts.  The kernel does not
# join them again.  One shmdt takes all three away.

. "$(dirname "$0")/begin"

unpack user-mode-linux=6.1um4+b13

# count: the four numbers.  As a kernel's first process it writes them to the
# file /seen, and ends the kernel.
mkdir disk
cat >count.c <<'EOF'
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/shm.h>
#include <unistd.h>

static unsigned long
attached(int id)
{
	struct shmid_ds status;

	return shmctl(id, IPC_STAT, &status) == 0 ? status.shm_nattch : 99;
}

int
main(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const int id = shmget(IPC_PRIVATE, 3 * page, 0600);
	char *segment = shmat(id, NULL, 0);

	if (segment == (char *)-1 ||
	    (getpid() == 1 && freopen("/seen", "w", stdout) == NULL))
		return 1;
	printf("%lu", attached(id));
	mprotect(segment + page, page, PROT_READ);
	printf(" %lu", attached(id));
	mprotect(segment + page, page, PROT_READ | PROT_WRITE);
	printf(" %lu", attached(id));
	shmdt(segment);
	printf(" %lu\n", attached(id));
	fflush(stdout);
	return getpid() == 1 ? reboot(RB_POWER_OFF) : 0;
}
EOF
cc -std=c11 -static count.c -o disk/count
HOME=$tmp TMPDIR=$tmp timeout 60 root/usr/bin/linux.uml mem=64M root=none \
	rootfstype=hostfs "rootflags=\"$tmp/disk\"" rw init=/count con=null \
	con0=fd:0,fd:1 quiet </dev/null >console 2>&1 || cat console

echo "user-mode-linux 6.1um4+b13; Linux $(uname -r)"
saw "attached, under user-mode-linux" "$(cat disk/seen)" "1 1 1 0" "1 3 3 0"
saw "attached, on this machine" "$(disk/count)" "1 1 1 0" "1 3 3 0"
