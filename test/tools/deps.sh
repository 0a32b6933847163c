#!/bin/sh
# make deps: install what the tests need, with the system's package manager.
set -eu

if pkg-config --exists check 2> /dev/null && command -v ps > /dev/null &&
	command -v ipcs > /dev/null; then
	echo "make deps: what the tests need is there"
	exit
elif [ "$(id -u)" = 0 ]; then
	as_root=
elif command -v sudo > /dev/null; then
	as_root=sudo
else
	echo "make deps: without root and sudo: let root install Check," \
		"pkg-config, ps and ipcs (on Debian: apt-get install" \
		"check pkg-config procps util-linux)" >&2
	exit 1
fi
if command -v apt-get > /dev/null; then
	$as_root apt-get update -q
	$as_root apt-get install -qy check pkg-config procps util-linux
elif command -v dnf > /dev/null; then
	$as_root dnf install -y check-devel pkgconf procps-ng util-linux
elif command -v pacman > /dev/null; then
	$as_root pacman -S --needed --noconfirm check pkgconf procps-ng util-linux
elif command -v apk > /dev/null; then
	$as_root apk add check-dev pkgconf procps util-linux-misc
else
	echo "make deps: no package manager that it knows: install Check," \
		"pkg-config, ps and ipcs yourself" >&2
	exit 1
fi
