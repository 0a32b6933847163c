#!/bin/sh
# fakechroot: ftok looks for an absolute path outside the new root.
#
# Package: fakechroot and libfakechroot 2.20.1+ds-15, on glibc (Debian 12).
#
# Guess, from fakechroot(1): a library, loaded in front of the C library, takes
# the place of functions that are given a path, and puts the new root before it.
# stat is among them, and ftok(3) is a stat of the path.  So a path that stat
# finds in the new root has a key there, and two new roots have two keys for /.
#
# Seen: stat finds /inside, and ftok fails with ENOENT.  For / there is a key,
# but it is that of the machine's own /, in each new root.  fakechroot has no
# ftok of its own, and glibc's makes its stat inside the library, where nothing
# can stand in front of it.  A relative path is looked up by the kernel from the
# current directory, so chdir and ftok(".") do find it.

. "$(dirname "$0")/begin"

unpack fakechroot=2.20.1+ds-15 libfakechroot=2.20.1+ds-15

# keys NEWROOT PATH ...: for each path in the new root (if it is not empty),
# what stat says, the key, and the key of "." after chdir to the path
cat >keys.c <<'EOF'
#define _DEFAULT_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/stat.h>
#include <unistd.h>

static void
show_key(const char *path)
{
	const key_t key = ftok(path, 's');

	if (key == -1)
		printf(" %s", errno == ENOENT ? "ENOENT" : "error");
	else
		printf(" %x", (unsigned)key);
}

int
main(int argc, char **argv)
{
	struct stat status;

	if (argc < 2 || (*argv[1] && chroot(argv[1]) == -1))
		return 1;
	for (int i = 2; i < argc; i++) {
		printf("%s", stat(argv[i], &status) == 0 ? "found" : "not");
		show_key(argv[i]);
		if (chdir(argv[i]) == 0)
			show_key(".");
		printf("\n");
	}
	return 0;
}
EOF
cc -std=c11 keys.c -o keys
mkdir -p new/inside
./keys '' / "$tmp/new/inside" >outside
top=$(sed -n 1p outside | cut -d ' ' -f 2)
inside=$(sed -n 2p outside | cut -d ' ' -f 2)

library=./root/usr/lib/$machine/fakechroot/libfakechroot.so
sh root/usr/bin/fakechroot -l "$library" ./keys "$tmp/new" / /inside >seen

# field LINE NUMBER: of what was seen; a key is given its name
field()
{
	sed -n "$1p" seen | cut -d ' ' -f "$2" |
		sed "s/^$top$/that of \/ outside/; s/^$inside$/its own/"
}

echo "fakechroot 2.20.1+ds-15"
saw "stat of /inside" "$(field 2 1)" found found
saw "ftok of /inside" "$(field 2 2)" "its own" ENOENT
saw "ftok of . in /inside" "$(field 2 3)" "its own" "its own"
saw "ftok of /" "$(field 1 2)" "that of the new root" "that of / outside"
