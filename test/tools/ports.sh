#!/bin/sh
# make ports: other machines.  Programs and tests must compile for them without
# a warning.  Then the pair runs there, under qemu-user, alone and beside this
# machine: each session must end as it does here.
set -eu

packages='gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf gcc-i686-linux-gnu
	gcc-powerpc-linux-gnu qemu-user'
work=$(mktemp -d)
channel=$work/channel
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

fail()
{
	echo "ports: $1" >&2
	exit 1
}

# Compile everything; no test is linked, so that Check's headers are enough.
build() # the prefix of the compiler, the emulator
{
	for tool in "$1-gcc" $2; do
		command -v "$tool" > /dev/null ||
			fail "it needs these packages: $(echo $packages)"
	done
	machine=$work/${1%%-*}
	mkdir "$machine"
	cp -r Makefile ./*.[ch] test "$machine"
	make -s -C "$machine" clean
	make -s -C "$machine" CC="$1-gcc" CFLAGS="-O2 -Werror -I$work" \
		LDFLAGS=-static objects
	echo "$2" > "$machine/emulator"
	echo "$1: programs and tests compile without a warning"
}

# Each program has a minute.
writes() { timeout 60 $writer "$@" "$channel"; }
reads() { timeout 60 $reader "$@" "$channel"; }

# Start a reader, and end it by a signal when it has told something.
end_reader() # signal, file in which it tells, options
{
	# A shell makes its background processes deaf to Ctrl-C.
	env --default-signal=INT $reader $3 "$channel" > "$2" 2>&1 &
	timeout 60 sh -c 'until [ -s "$1" ]; do sleep 0.1; done' - "$2" ||
		fail "nothing comes into $2"
	kill "-$1" $!
	wait $! 2> /dev/null && status=0 || status=$?
	echo "$1: status $status" >> statuses
}

# What the two print is left in files of the current directory.
run_pair()
{
	trap 'kill $! 2> /dev/null || true' EXIT
	seq 10000 | writes &
	reads > lines
	wait $!
	writes < "$work/random" &
	reads > bytes
	wait $!
	# A text outlives its writer, and a reader that is killed inside.
	echo Kept | writes -v 2> writer.told
	end_reader KILL killed '-s 60'
	reads -v > again 2> reader.told
	end_reader INT waiting.told -v # it waits for a writer
	# Each set and segment has a number of its own.  Not every run waits.
	sed -i 's/set [0-9]*/set N/; s/segment [0-9]*/segment N/; / waits$/d' \
		./*.told
}

between() # the machines of the writer and of the reader
{
	echo "from $1 to $2"
	writer="$(cat "$work/$1/emulator") $work/$1/writer"
	reader="$(cat "$work/$2/emulator") $work/$2/reader"
}

pair() # the same
{
	between "$1" "$2"
	mkdir "$work/$1-$2"
	(cd "$work/$1-$2" && run_pair)
	diff -r "$work/here-here" "$work/$1-$2"
}

cp /usr/include/check.h /usr/include/check_stdint.h "$work"
head -c 50000 /dev/urandom > "$work/random"
mkdir "$channel" "$work/here"
cp writer reader "$work/here"
echo > "$work/here/emulator"
build aarch64-linux-gnu qemu-aarch64
build powerpc-linux-gnu qemu-ppc # big-endian, 32 bits
build arm-linux-gnueabihf ''
build i686-linux-gnu '' # runs here without an emulator
pair here here
cd "$work/here-here"
seq 10000 | cmp - lines
cmp "$work/random" bytes
cat killed again | uniq -c | grep -q ' 2 Kept'
pair aarch64 aarch64
pair aarch64 here
pair here aarch64
pair i686 here
pair here i686
pair powerpc powerpc
# A reader of the other byte order refuses a text, and leaves it there.
between powerpc here
echo Kept | writes
! reads > "$work/refused" 2> "$work/error" || fail 'the text is not refused'
between powerpc powerpc
[ "$(cat "$work/refused"; reads)" = Kept ]
echo 'The pair does the same on all of them.  Other byte orders are refused.'
