#!/bin/sh
# make model: check protocol.pml with SPIN; then break the protocol, one step at
# a time, and see that the check finds it.  A size: writers, readers, texts of a
# writer, faults.  `make model SIZES="2 2 1 1"' takes two minutes and 4 GB.
set -eu

model=$PWD/test/protocol.pml
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

search() # size, macro that breaks it or nothing
{
	set -- $1 "${2:-UNBROKEN}"
	rm -f ./*.trail
	spin -DWRITERS="$1" -DREADERS="$2" -DTEXTS="$3" -DFAULTS="$4" -D"$5" \
		-a "$model" > spin.out || { cat spin.out; kill $$; exit 2; }
	${CC:-cc} -O1 -DSAFETY -DCOLLAPSE -o pan pan.c
	./pan -m2000000 -w22 > pan.out
	grep -q 'errors: 0' pan.out
}

sizes=${SIZES:-2 2 1 0,2 1 1 1,1 2 1 1,1 1 2 2}
while [ -n "$sizes" ]; do
	size=${sizes%%,*}
	sizes=${sizes#"$size"}
	sizes=${sizes#,}
	found=true
	search "$size" || found=false
	echo "$size: $(grep -o 'errors: .*' pan.out)," \
		"$(sed -n 's/ *\([0-9]* states, stored\).*/\1/p' pan.out)"
	$found || { grep 'pan:1' pan.out; exit 1; }
done

for broken in $(sed -n 's/^#ifn*def \([A-Z_]*\)$/\1/p; s/.*defined(\(.*\))/\1/p' \
	"$model" | sort -u); do
	found=
	for size in '1 1 1 1' '1 2 1 0' '2 1 1 0' '1 1 2 0' '2 1 1 1' \
		'1 2 1 1' '2 2 1 0'; do
		search "$size" "$broken" && continue
		found="$size: $(grep -o 'pan:1: .*' pan.out | cut -c 8-80)"
		break
	done
	[ -n "$found" ] || { echo "NOT FOUND: $broken"; exit 1; }
	echo "found: $broken, by $found"
done
