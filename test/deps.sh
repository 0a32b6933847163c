#!/bin/sh
# make deps: install what the tests need, with the system's package manager.
set -eu

if pkg-config --exists check 2> /dev/null && command -v strace > /dev/null &&
	command -v ipcs > /dev/null; then
	echo "make deps: what the tests need is there"
	exit
elif [ "$(id -u)" = 0 ]; then
	as_root=
elif command -v sudo > /dev/null; then
	as_root=sudo
else
	echo "make deps: without root and sudo: let root install Check," \
		"pkg-config, strace and ipcs (on Debian: apt-get install" \
		"check pkg-config strace util-linux)" >&2
	exit 1
fi
if command -v apt-get > /dev/null; then
	$as_root apt-get update -q
	$as_root apt-get install -qy check pkg-config strace util-linux
elif command -v dnf > /dev/null; then
	$as_root dnf install -y check-devel pkgconf strace util-linux
elif command -v pacman > /dev/null; then
	$as_root pacman -S --needed --noconfirm check pkgconf strace util-linux
elif command -v apk > /dev/null; then
	$as_root apk add check-dev pkgconf strace util-linux-misc
else
	echo "make deps: no package manager that it knows: install Check," \
		"pkg-config, strace and ipcs yourself" >&2
	exit 1
fi
