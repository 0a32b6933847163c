#!/bin/sh
# make model: check protocol.pml with SPIN; then break the protocol, one step at
# a time, and see that the check finds it.  DEATHS=2 takes minutes and 4 GB.
set -eu

deaths=${DEATHS:-1}
model=$PWD/test/protocol.pml
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

search() # macro to break it, or nothing
{
	rm -f ./*.trail
	spin -DDEATHS="$deaths" ${1:+-D"$1"} -a "$model" > spin.out
	${CC:-cc} -O2 -DSAFETY -DCOLLAPSE -o pan pan.c
	./pan -m1000000 > pan.out
	grep -q 'errors: 0' pan.out
}

if search; then status=0; else status=1; fi
grep -E 'errors:|states, stored|pan:1|limit' pan.out
sed -n '/^unreached/,/^$/p' pan.out
[ $status = 0 ] || exit 1
deaths=1
for broken in NO_UNDO_ON_GUARD NO_NEWS_OF_A_WRITERS_END \
	TAKE_UNREAD_AT_THE_BEGINNING REMOVE_THE_SET_FIRST; do
	if search $broken; then
		echo "broken by $broken, and the model does not show it"
		exit 1
	fi
	echo "broken by $broken: $(grep 'pan:1' pan.out)"
done
