#!/bin/sh
# make demo: README through 256 bytes of shared memory.
set -eu

channel=$(mktemp -d)
story=$channel/story told=$channel/told
touch "$story" "$told"

# However it ends, the programs end, and nothing is left.
clean_up()
{
	trap '' INT HUP
	trap : TERM # timeout's reader must not ignore it
	kill $writer $reader 2> /dev/null || true
	wait
	# What a program has left that was ended too early.
	[ -z "$writer" ] || timeout 1 ./reader "$channel" > "$told" 2>&1 || true
	rm -rf "$channel"
}
writer= reader=
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

fail()
{
	echo "demo: $1" >&2
	exit 1
}

# Wait until the process has told so many lines with the word.
until_told() # process, file, word, lines
{
	while [ "$(grep -c "$3" "$2")" -lt "$4" ]; do
		kill -0 "$1" 2> /dev/null ||
			fail "too early an end: $(grep -v '^[ G]' "$2")"
		sleep 0.1
	done
}

# What ipcs shows of it, and the heading.  The writer has told its number.
shown() # -m segment, or -s set
{
	id=$(sed -n "s/.* $2 \([0-9]*\).*/\1/p" "$story")
	ipcs "$1" | awk -v id="$id" '/^key/ || (/^0x/ && $2 == id)'
}

echo "README, $(wc -c < README) bytes, goes through a segment of 256."
./writer -v "$channel" < README 2> "$story" &
writer=$!
until_told $writer "$story" writes 1
./reader -v -s 0.02 "$channel" > "$channel/copy" 2> "$told" &
reader=$!
until_told $reader "$told" prints 4

printf '\nA turn, as ./writer -v and ./reader -v tell it, while inside:\n\n'
head -n 1 "$story"
grep -m 1 writes "$story"
grep -m 1 prints "$told"

printf '\nWhile they run, ipcs shows the segment and the semaphores:\n\n'
shown -m segment
shown -s set
wait $writer || fail 'the writer failed'
wait $reader || fail 'the reader failed'
writer= reader=

printf '\nBoth have ended, after %d turns.  ' "$(grep -c writes "$story")"
cmp README "$channel/copy"
echo 'The copy is the same, byte for byte.'
{ shown -m segment; shown -s set; } | grep -q ^0x &&
	fail 'something is left behind: see ipcs'
cat <<END
ipcs shows neither any more: nothing is left behind.

Now you: open a second terminal here, type ./reader in it and ./writer in this
one, and then lines.  Ctrl-D ends both.
END
