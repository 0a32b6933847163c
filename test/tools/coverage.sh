#!/bin/sh
# make coverage: the lines of the sources that the tests run, and those they do
# not.  A process that is killed, or ends by a signal, leaves no count.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r Makefile README ./*.[ch] test "$work"
cd "$work"
rm -f ./*.o test/*.o test/tools/*.o
make CFLAGS='-O0 --coverage' all test/check > make.log
# Other users write these files, too.
chmod -R a+rwX .
umask 0
# Not Deaths and Schedules: gcov's files stay locked by whoever is stopped.  Not
# README's sessions: its copies of the programs may not write there.
for suite in 'The documents' 'The programs' 'Foreign objects and failures'; do
	CK_RUN_SUITE=$suite test/check > check.log 2>&1 ||
		{ tail -n 20 check.log; exit 1; }
done
for source in sharemem writer reader; do
	gcov -r "$source.c" |
		awk -v name="$source.c" -F '[:% ]' '/Lines executed/ && !done {
			print name ": " $3 " % of " $NF " lines"
			if ($3 < 85) status = 1
			done = 1 }
			END { exit status }'
	grep -E '^ *#####:' "$source.c.gcov" || true
done
