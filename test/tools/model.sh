#!/bin/sh
# make model: see that protocol.pml has each call of the sources.  Check it with
# SPIN, in several sizes.  Then break it in one way after the other: SPIN must
# find an error.  A size: writers, readers, texts of a writer, faults.
#
#	make model SIZES='2 2 1 1'	another size: this one takes 5 GB
set -eu

model=$PWD/test/tools/protocol.pml

# The calls that concern the set or the segment: "function: call".  A helper is
# one step of the model; only sem_end_v has several.
calls()
{
	for source in sharemem.c writer.c reader.c; do
		sed "s|/\*.*\*/||; s|^[[:space:]]*[/ ]\*.*||
			s/^main(/$source(/" $source # without comments
	done | awk -v name= '
		function step(name) {
			return name ~ /^(sem|shm|step|open_set)|(sem|shm)$/
		}
		/^[a-z_.]+\(/ { name = $0; sub(/\(.*/, "", name); next }
		/^}/ { name = "" }
		name == "" || (step(name) && name != "sem_end_v") { next }
		{ while (match($0, /[a-z_]+\(/)) {
			call = substr($0, RSTART, RLENGTH - 1)
			$0 = substr($0, RSTART + RLENGTH)
			if (step(call)) print name ": " call
		} }' | sort
}

# Return 1 if SPIN finds an error.  With -O0 compiling takes less time, and
# searching more.
search() # size, how it is broken, optimization
{
	set -- $1 "$2" "$3"
	spin $names -DWRITERS="$1" -DREADERS="$2" -DTEXTS="$3" -DFAULTS="$4" \
		-DBROKEN="$5" -a "$model" > out || { cat out; exit 255; }
	${CC:-cc} "$6" -DSAFETY -DNOBOUNDCHECK -o pan pan.c
	./pan -m100000 -w22 > out
	! grep -q '^pan:1: [ai]' out || return 1 # assertion, invalid end
	grep -q 'errors: 0' out && ! grep -q 'too small' out ||
		{ cat out; exit 255; }
}

[ $# -eq 0 ] || cd "$(mktemp -d "$work/XXXXXX")"
case ${1:-} in # this script calls itself below
[0-9]*) # a size
	search "$1" NOTHING -O1 ||
		{ echo "$1: AN ERROR: $(grep pan:1 out)"; exit 255; }
	echo "$1: no error, $(sed -n 's/ *\(.* states\), stored/\1/p' out)"
	;;
?*) # a way to break it
	for size in '1 1 1 1' '1 2 1 0' '2 1 1 0' '2 1 1 1' '1 2 1 1'; do
		search "$size" "$1" -O0 && continue
		echo "found: $1: $size: $(grep -o 'pan:1: .\{1,70\}' out)"
		exit
	done
	echo "NOT FOUND: $1"
	exit 255
	;;
*)
	export work names
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	calls > "$work/calls"
	grep -o '\[[a-z_.]*: [a-z_]*]' "$model" | tr -d '[]' | sort |
		diff "$work/calls" - ||
		{ echo 'the sources (<) and the model (>) differ'; exit 1; }
	echo "$(wc -l < "$work/calls") calls of the sources: the model has each"
	grep -o 'WRONG([A-Z_]\{2,\}' "$model" | sed 's/.*(//' > "$work/names"
	names=$(echo NOTHING | awk '{ print "-D" $1 "=" NR }' - "$work/names")
	echo "${SIZES:-2 1 1 2,1 2 1 2,2 2 1 0,1 2 2 1,2 1 2 1,1 1 2 2}" |
		tr , '\n' | cat - "$work/names" |
		xargs -P 2 -I LINE sh test/tools/model.sh LINE
esac
