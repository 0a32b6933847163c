#!/bin/sh
# make documents: each statement of the documents, by section, and what its test
# says: ok, FAILED or skipped; or `fault', if it has shown this fault of the
# paper's programs.  The tests' names are the sentences.
log=$(CK_RUN_SUITE='The documents' CK_VERBOSITY=verbose test/check)
status=$?
# The tests end in any order.  Sections and names sort as in the documents.
printf '%s\n' "$log" | LC_ALL=C sort -s -t : -k 4,5 | awk -F : '
	# The name of a test as a sentence, with the names of the system in it.
	function sentence(name,    i, plain) {
		sub(/^wrong_/, "", name)
		gsub(/_/, " ", name)
		for (i = 1; i <= names; i++) {
			plain = tolower(is[i])
			gsub(/_/, " ", plain)
			gsub(plain, is[i], name)
		}
		return name
	}
	BEGIN {
		names = split("shmid_ds sem_wait_p sem_pass_v sem_end_v " \
			"sem_wait sem_p sem_v sem_delete open_set " \
			"SHM_RDONLY IPC_PRIVATE IPC_CREAT IPC_EXCL IPC_SET " \
			"IPC_RMID SIGSEGV E2BIG EIDRM EINTR EACCES EPERM " \
			"ENOSPC", is, " ")
	}
	# skipped, needs root: s03_both_see_the_same_physical_page
	/^skipped, / {
		skips++
		skipped = skipped "  skipped  " sentence(substr($2, 2)) \
			" (" substr($1, 10) ")\n"
	}
	# test/check_chapter.c:142:P:The section:s01_a_sentence:0: Passed
	/^test\/[^:]*:[0-9]*:[PFE]:/ {
		if ($3 == "P" && $5 == last) # of a loop
			next
		last = $5
		if ($4 != section)
			print (section == "" ? "" : "\n") $4 "\n"
		section = $4
		says = $3 != "P" ? "FAILED" : \
			$5 ~ /^(wrong|rung2)_/ ? "fault" : "ok"
		count[says]++
		printf "  %-8s %s\n", says, sentence($5)
		if (sub(/^([^:]*:)+[0-9]+: /, "") && !/^Passed/)
			print "           " $0
	}
	END {
		if (skips > 0)
			printf "\nNot tried\n\n%s", skipped
		printf "\n%d ok, %d faults shown, %d FAILED, %d skipped\n",
			count["ok"], count["fault"], count["FAILED"], skips
	}'
exit $status
