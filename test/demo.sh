#!/bin/sh
# make demo: README through 256 bytes of shared memory.
set -eu

channel=$(mktemp -d)
: > "$channel/story"
: > "$channel/told"

# However it ends, the programs end, and nothing is left.
clean_up()
{
	trap '' INT TERM HUP
	kill $programs 2> /dev/null || true
	wait
	# What a program has left that was ended too early.
	[ -z "$programs" ] || (
		trap - TERM
		timeout 1 ./reader "$channel" > /dev/null 2>&1
	) || true
	rm -rf "$channel"
}
programs=
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Wait until the file has so many lines with the word.
until_told() # program, process, file, word, lines
{
	until [ "$(grep -c "$4" "$3")" -ge "$5" ]; do
		if ! kill -0 "$2" 2> /dev/null; then
			[ "$(grep -c "$4" "$3")" -ge "$5" ] && return
			echo "demo: $1 has ended too early:" >&2
			grep -v '^  ' "$3" >&2
			exit 1
		fi
		sleep 0.1
	done
}

# The number that follows the word in the writer's story.
number() { sed -n "s/.* $1 \([0-9]*\).*/\1/p" "$channel/story"; }

# What ipcs shows of it, and the heading.
shown() { ipcs "$1" | awk -v id="$2" '/^key/ || (/^0x/ && $2 == id)'; }

echo "README, $(wc -c < README) bytes, goes through a segment of 256."
./writer -v "$channel" < README 2> "$channel/story" &
writer=$!
programs=$writer
until_told writer $writer "$channel/story" 'writes' 1
./reader -v -s 0.02 "$channel" > "$channel/copy" 2> "$channel/told" &
reader=$!
programs="$writer $reader"
until_told reader $reader "$channel/told" 'prints' 4

printf '\nA turn, as ./writer -v and ./reader -v tell it, while inside:\n\n'
grep -m 1 writes "$channel/story"
grep -m 1 prints "$channel/told"

printf '\nWhile they run, ipcs shows the segment and the semaphores:\n\n'
shown -m "$(number segment)"
shown -s "$(number set)"
wait $writer || { echo 'demo: the writer failed' >&2; exit 1; }
wait $reader || { echo 'demo: the reader failed' >&2; exit 1; }
programs=

printf '\nBoth have ended, after %d turns.  ' \
	"$(grep -c writes "$channel/story")"
cmp README "$channel/copy"
echo 'The copy is the same, byte for byte.'
if shown -m "$(number segment)" | grep -q ^0x ||
	shown -s "$(number set)" | grep -q ^0x; then
	echo 'demo: something is left behind: see ipcs' >&2
	exit 1
fi
cat <<END
ipcs shows neither any more: nothing is left behind.

Now you: open a second terminal here, type ./reader in it and ./writer in this
one, and then lines.  Ctrl-D ends both.
END
