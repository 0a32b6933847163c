#!/bin/sh
# make deps: install what the tests need, with the system's package manager.
set -eu

has() { command -v "$1" > /dev/null; }

if pkg-config --exists check 2> /dev/null && has ps && has ipcs; then
	echo "make deps: what the tests need is there"
	exit
fi
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
if [ -n "$as_root" ] && ! has sudo; then
	why='it needs root or sudo'
elif has apt-get; then
	$as_root apt-get update -q
	exec $as_root apt-get install -qy check pkg-config procps util-linux
elif has dnf; then
	exec $as_root dnf install -y check-devel pkgconf procps-ng util-linux
elif has pacman; then
	exec $as_root pacman -S --needed --noconfirm check pkgconf procps-ng \
		util-linux
elif has apk; then
	exec $as_root apk add check-dev pkgconf procps util-linux-misc
else
	why='it knows no package manager that is here'
fi
echo "make deps: $why: let somebody install Check, pkg-config, ps and ipcs" \
	"(on Debian: check pkg-config procps util-linux)" >&2
exit 1
