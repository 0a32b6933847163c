#!/bin/sh
# strace: a filter for semop sees no semop of a program on glibc.
#
# Packages: strace 6.1-0.1 and musl-dev 1.2.3-1; this machine's C library
# (tried: glibc 2.36, Debian 12, x86-64).
#
# Guess, from strace(1) and semop(2): semop is a system call, so trace=semop
# shows each one, and inject=semop:error=EIDRM lets each one fail.
#
# Seen: with glibc, strace shows nothing and lets nothing fail, and says nothing
# of it.  glibc's semop makes the system call semtimedop, without a timeout.
# The same program on musl makes the system call semop, and the filters work.
# trace=%ipc shows either.

. "$(dirname "$0")/begin"

unpack_all strace=6.1-0.1
unpack musl-dev=1.2.3-1

cat >v.c <<'EOF'
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/sem.h>

int
main(void)
{
	struct sembuf v = {0, 1, 0};
	const int set = semget(IPC_PRIVATE, 1, 0600);
	const int result = semop(set, &v, 1);

	puts(result == 0 ? "no error" : errno == EIDRM ? "EIDRM" : "error");
	return semctl(set, 0, IPC_RMID) == -1;
}
EOF
cc -std=c11 v.c -o on_glibc
musl=$(basename root/usr/include/*-musl*)
cc -std=c11 -static -nostdinc -nostdlib -isystem "root/usr/include/$musl" v.c \
	"root/usr/lib/$musl/crt1.o" "root/usr/lib/$musl/libc.a" -o on_musl

# calls FILTER PROGRAM: the names of the calls that strace shows
calls()
{
	with_root root/usr/bin/strace -qq -e "trace=$1" -o trace "./$2" >printed
	sed 's/(.*//' trace | paste -s -d ' ' - | grep . || echo nothing
}

# failed PROGRAM: what it says when strace is to let semop fail
failed()
{
	with_root root/usr/bin/strace -qq -o trace -e trace=semop \
		-e inject=semop:error=EIDRM "./$1"
}

echo "strace 6.1-0.1; musl-dev 1.2.3-1; $(ldd --version | sed -n 1p)"
saw "glibc, trace=semop" "$(calls semop on_glibc)" semop nothing
saw "glibc, inject=semop" "$(failed on_glibc)" EIDRM "no error"
saw "glibc, trace=%ipc" "$(calls %ipc on_glibc)" "semget semop semctl" \
	"semget semtimedop semctl"
saw "musl, trace=semop" "$(calls semop on_musl)" semop semop
saw "musl, inject=semop" "$(failed on_musl)" EIDRM EIDRM
