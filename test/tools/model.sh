#!/bin/sh
# make model: see that protocol.pml has a step for every call of the sources.
# Check it with SPIN.  Then break the protocol, one step at a time, and see that
# the check finds it.  A size: writers, readers, texts of a writer, faults, and
# PATH if the path may change.  "2 2 1 1" takes two minutes and 5 GB.
set -eu

model=$PWD/test/tools/protocol.pml
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Each call that concerns the set, the segment or the path: "function, call".
for source in sharemem.c writer.c reader.c; do
	sed "s|/\*.*\*/||; s|^[[:space:]]*[/ ]\*.*||; s/^main(/$source(/" $source
done | awk '
	/^[a-z_.]+\(/ { name = $0; sub(/\(.*/, "", name); body = ""; next }
	{ body = body $0 }
	/^}/ {
		while (match(body, /[a-z_]+\(/)) {
			call = substr(body, RSTART, RLENGTH - 1)
			body = substr(body, RSTART + RLENGTH)
			if (call ~ /ctl$/ && match(body, /(IPC_|GET|SET)[A-Z]+/))
				call = call " " substr(body, RSTART, RLENGTH)
			if (call ~ /^(ftok|step|try_then|withdraw|remove_if)/ ||
			    call ~ /^(create|open|find_|remove_)?(sem|shm|segment)/)
				print name ", " call
		}
	}' | sort > "$work/calls"
sed -n 's/^\(.* \|\)\(step\|left out\): \([^(*]*\).*/\3/p' "$model" | tr ';' '\n' |
	sed 's/^ *//; s/ *$//; /^[a-z_.]*, [a-z_A-Z ]*$/!d' | sort > "$work/marks"
diff "$work/calls" "$work/marks" > "$work/differ" || {
	sed -n 's/^< /protocol.pml lacks a step: /p
		s/^> /protocol.pml has a step too many: /p' "$work/differ"
	exit 1
}
cd "$work"
echo "$(wc -l < calls) calls of the sources: the model knows each"

search() # size, macro that breaks it or nothing
{
	broken=${2:-UNBROKEN}
	optimize=${2:+-O0} # then compiling takes longer than searching
	set -- $1
	rm -f ./*.trail
	spin -DWRITERS="$1" -DREADERS="$2" -DTEXTS="$3" -DFAULTS="$4" \
		-D"${5:-NO_PATH}" -D"$broken" -a "$model" > spin.out ||
		{ cat spin.out; exit 2; }
	${CC:-cc} "${optimize:--O1}" -DSAFETY -DNOBOUNDCHECK -o pan pan.c
	./pan -m100000 -w22 > pan.out
	grep -q '^pan:1: [ai]' pan.out && return 1 # assertion, invalid end
	grep -q 'errors: 0' pan.out && ! grep -q 'too small' pan.out ||
		{ cat pan.out; exit 2; }
}

paths='1 1 1 2 PATH,2 1 1 1 PATH,1 2 1 1 PATH'
IFS=,
for size in ${SIZES:-2 2 1 0,2 1 1 1,1 2 1 1,1 1 2 2,$paths}; do
	unset IFS
	search "$size" || { echo "$size: $(grep pan:1 pan.out)"; exit 1; }
	echo "$size: $(grep -o 'errors: .*' pan.out)," \
		"$(sed -n 's/ *\([0-9]* states, stored\).*/\1/p' pan.out)"
done

for broken in $(sed -n 's/^#ifn*def \([A-Z_]*\)$/\1/p; s/.*defined(\(.*\))/\1/p' \
	"$model" | sort -u); do
	found=
	for size in '1 1 1 1' '1 2 1 0' '2 1 1 0' '2 1 1 1' \
		'1 2 1 1' '1 1 1 1 PATH' '1 1 1 2 PATH' '2 2 1 0'; do
		search "$size" "$broken" && continue
		found="$size: $(grep -o 'pan:1: .*' pan.out | cut -c 8-80)"
		break
	done
	[ -n "$found" ] || { echo "NOT FOUND: $broken"; exit 1; }
	echo "found: $broken, by $found"
done
