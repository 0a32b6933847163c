#!/bin/sh
# make demo: README through 256 bytes of shared memory.
set -eu

channel=$(mktemp -d)
trap 'rm -rf "$channel"' EXIT

# The first number that follows the word in the writer's story.
number() { sed -n "s/.* $1 \([0-9]*\),.*/\1/p" "$channel/story" | head -n 1; }

echo "README, $(wc -c < README) bytes, goes through a segment of 256."
./writer -v "$channel" < README 2> "$channel/story" &
until grep -q 'waits for UNREAD' "$channel/story"; do sleep 0.1; done
./reader -v -s 0.02 "$channel" > "$channel/copy" 2> "$channel/told" &
until [ "$(grep -c printed "$channel/told")" -gt 3 ]; do sleep 0.1; done

printf '\nA turn, as ./writer -v and ./reader -v tell it:\n\n'
sed -n '/inside/,/outside/p' "$channel/story" | sed -n '1,2p'
sed -n '/found/,$p' "$channel/told" | sed -n '2,3p'

printf '\nWhile they run, ipcs shows the segment and the semaphores:\n\n'
ipcs -m | awk -v id="$(number segment)" '/^key/ || $2 == id'
ipcs -s | awk -v id="$(number set)" '/^key/ || $2 == id'
wait

turns=$(grep -c written "$channel/story")
printf '\nBoth have ended, after %d turns.  ' "$turns"
cmp README "$channel/copy"
echo 'The copy is the same, byte for byte.'
if ipcs -m | awk -v id="$(number segment)" '$2 == id { exit 1 }' &&
	ipcs -s | awk -v id="$(number set)" '$2 == id { exit 1 }'; then
	echo 'ipcs shows neither any more: nothing is left behind.'
else
	echo 'Something is left behind: see ipcs' >&2
	exit 1
fi
cat <<END

Now you: open a second terminal here, type ./reader in it and ./writer in this
one, and then lines.  Ctrl-D ends both.
END
