#!/bin/sh
# make demo: README through 256 bytes of shared memory.
set -eu

channel=$(mktemp -d)
trap 'rm -rf "$channel"' EXIT
bytes=$(wc -c < README)

echo "README, $bytes bytes, is to go through a segment of 256:"
echo
./reader -s 0.02 "$channel" > "$channel/copy" &
./writer -v "$channel" < README 2> "$channel/story" &
until grep -q -m 1 'bytes written' "$channel/story"; do sleep 0.1; done
grep -m 4 -B 3 'bytes written' "$channel/story"
echo "..."
echo
echo "ipcs, while they run:"
segment=$(sed -n 's/.*segment \([0-9]*\) .*/\1/p;' "$channel/story" | head -n 1)
set=$(sed -n 's/.* set \([0-9]*\) .*/\1/p;' "$channel/story" | head -n 1)
ipcs -m | awk -v id="$segment" '/^key/ || $2 == id'
ipcs -s | awk -v id="$set" '/^key/ || $2 == id'
wait
echo
echo "Both have ended: $(grep -c 'bytes written' "$channel/story") turns."
cmp README "$channel/copy"
echo "The copy is the same, byte for byte."
if ipcs -m | awk -v id="$segment" '$2 == id { exit 1 }' &&
	ipcs -s | awk -v id="$set" '$2 == id { exit 1 }'; then
	echo "ipcs shows neither segment nor set: nothing is left behind."
else
	echo "ipcs still shows them: something was left behind" >&2
	exit 1
fi
cat <<END

Now you: open a second terminal here, type ./reader in it and ./writer in this
one, then lines; Ctrl-D ends both.
END
