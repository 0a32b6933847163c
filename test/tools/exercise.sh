#!/bin/sh
# make exercise N=1 (to 4): is this exercise of README solved?  It builds
# writer.c and reader.c of test/halfway, or of the directory OF=path, and runs
# them in a new directory.  It says `done', or `not yet' and what is missing.
set -eu
number=${1:-} of=${2:-test/halfway} writers=1 readers=1 digits=1 numbered=
case $number in
1 | 2) ;;
3) readers=3 numbered=yes ;; # they are started as ./reader 1 to ./reader 3
4) writers=2 digits=1000 ;;
*) echo 'type make exercise N=1, or 2, 3, 4' >&2 && exit 2 ;;
esac

# What stays under the keys of the directory, see ftok(3): -m or -s, identifier.
left()
{
	key=$(printf '%02x%04x' $(($(stat -c '%d & 255' "$work"))) \
		$(($(stat -c '%i & 65535' "$work"))))
	for kind in -m -s; do ipcs $kind | sed "s/^0x../$kind /"; done |
		awk -v key="$key" '$2 == key { print $1, $3 }'
}

work=$(mktemp -d) started=
trap 'kill $started 2> /dev/null || true; wait
	left | xargs -r -n 2 ipcrm; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

start() # input, output, program, and perhaps its argument
{
	(cd "$work" && exec timeout 5 "./$3" ${4:-} < "$1" > "$2") &
	started="$started $!"
}

has() { sed 's/reader: //g' "$work/$1" | sort | cmp -s - "$work/in"; }
not_yet() { echo "not yet: $1"; exit 1; }

for program in writer reader; do
	${CC:-cc} -std=c11 -I. -o "$work/$program" "$of/$program.c" sharemem.c
done
for i in $(seq $writers); do
	{ echo; printf "$i%0${digits}d\n" $(seq 20); } | tee "$work/in.$i"
done | sort > "$work/in"
for pair in first second; do # the second finds what the first has left
	for i in $(seq $readers); do
		start /dev/null out.$i reader ${numbered:+$i}
	done
	[ -z "$numbered" ] || sleep 2 # now they know that they are three
	for i in $(seq $writers); do start in.$i /dev/null writer; done
	for i in $(seq $readers); do
		for tenth in $(seq 30); do has out.$i || sleep 0.1; done
		has out.$i ||
			not_yet "reader $i must print each line once and whole"
	done
	[ "$number" -le 2 ] || break
	for process in $started; do
		wait "$process" || not_yet 'a program does not end, or fails'
	done
	started=
	[ "$number" = 1 ] || [ -z "$(left)" ] ||
		not_yet 'the segment or the set is left: see ipcs'
done
echo done
