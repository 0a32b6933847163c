#!/bin/sh
# make bench: is the chapter right that shared memory is the fastest, and where
# does the time of writer and reader go?  What README says in MEASURED is read
# off here.
#
# The rows of a table take turns.  Each shows the median of its runs, the
# smallest and the largest, and how many times as fast the table's first row is.
set -eu

runs=9
work=$(mktemp -d)
set=$(ipcmk -S 2 -p 600 | sed 's/.*: //')
segment=$(ipcmk -M 1048576 -p 600 | sed 's/.*: //')
writer=

# However it ends, the processes end, and nothing is left.
clean_up()
{
	trap '' INT HUP
	trap : TERM # else the reader ignores it, too
	kill $writer 2> /dev/null || true
	wait
	# Perhaps a text is unread.
	[ -z "$writer" ] || timeout 1 now/reader > copy 2>&1 || true
	ipcrm -s "$set" -m "$segment"
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# In `now' are the programs.  In `before' are the same ones with the rule of
# waiting that they had before: no try was quick, and a yield came after the
# first failed try, the third, the fifth and so on.
mkdir "$work/now" "$work/before"
cp writer reader test/tools/bench "$work/now"
cp Makefile ./*.[ch] "$work/before"
sed -i 's/QUICK = [0-9]*/QUICK = 0/; s/tries < QUICK - 1/tries % 2 == 1/' \
	"$work/before/sharemem.c"
[ "$(diff sharemem.c "$work/before" | grep -c '^>')" = 2 ] ||
	{ echo 'bench: sharemem.c waits by another rule now' >&2; exit 1; }
make -s -C "$work/before" writer reader
cd "$work"
seq -f '%6.0f the quick brown fox jumps over a dog' 300000 > lines
mkfifo fifo

# Where the kernel puts two processes decides what a wake-up costs.  So each has
# its processor: the first one that we may use, or the last one.
allowed=$(taskset -cp $$ | sed 's/.*: //')
first=${allowed%%[,-]*} last=${allowed##*[,-]}

# The rows are in standard input, one a line:
# name:thousands of lines or MB:what writes:what reads
table() # number, title, unit, processor of what reads
{
	printf '\n%d. %s  %s\n\n' "$1" "$2" "$3"
	nl -s : > rows
	: > figures
	# On a terminal, one line tells how far it is.
	for run in $(seq $runs); do
		while IFS=: read -r row name amount writes reads; do
			[ ! -t 1 ] || printf '%-78s\r' \
				"  table $1 of 4, run $run of $runs: $name"
			head -n "${amount}000" lines > input
			begin=$(date +%s%N)
			taskset -c "$first" $writes < input &
			writer=$!
			taskset -c "$4" $reads > copy
			wait $writer
			writer=
			echo "$row:$amount:$(($(date +%s%N) - begin)):$name" \
				>> figures
			[ "$3" = GB/s ] || cmp input copy
		done < rows
	done
	printf '  %-32s median  (range), the first row as this one\n' ''
	sort -t : -k 1,1n -k 3,3n figures | awk -F : -v runs=$runs '
		{ speed[(NR - 1) % runs + 1] = 1000000 * $2 / $3 }
		NR % runs == 0 {
			median = speed[(runs + 1) / 2]
			if (NR == runs)
				first = median
			printf "  %-32s %6.3g  (%.3g to %.3g), %.2f\n", $4,
				median, speed[runs], speed[1], first / median
		}'
}

echo "$(nproc) processors; medians of $runs runs"
table 1 "Is a segment as fast as memory of one's own?" GB/s "$last" <<END
a segment:200:now/bench use $set $segment:true
memory of one's own:200:now/bench use $set own:true
END
table 2 'One process fills 1 MB, another sums it.' GB/s "$last" <<END
by shared memory:200:now/bench fill $set $segment:now/bench sum $set $segment
by a pipe:200:now/bench fill $set fifo:now/bench sum $set fifo
END
textbook="now/bench put $set $segment:now/bench take $set $segment"
table 3 'Lines of 43 bytes from a file to a file.' Million/s "$last" <<END
the programs:300:now/writer:now/reader
the same, without quick tries:300:before/writer:before/reader
two semaphores, asleep at once:30:$textbook
a pipe, 256 bytes a write:300:dd bs=256 status=none of=fifo:\
dd bs=256 status=none if=fifo
END
table 4 'The same, both on one processor.' Million/s "$first" <<END
the programs:100:now/writer:now/reader
the same, without quick tries:100:before/writer:before/reader
two semaphores, asleep at once:100:$textbook
END
