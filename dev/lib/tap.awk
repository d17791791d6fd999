# tap.awk: reads the TAP of one file; prints the lines of failed assertions and each reason to skip once, then
# "counts PASSED FAILED SKIPPED".
# Variable status: the exit status of the program that wrote it. Indented lines (subtests) belong to their parent.
function skip(   reason) {
	skipped++
	reason = substr($0, match(toupper($0), /# *(SKIP|TODO)/))
	sub(/^# *[A-Za-z]+[: ]*/, "", reason)
	if (!reasons[reason]++) print "  skipped: " reason
}
{ recent[NR % 20] = $0 }
/^1\.\.[0-9]+/ {
	planned = substr($1, 4) + 0; has_plan = 1
	if (planned == 0 && /SKIP|skip/) skip()
	next
}
/^ok / || /^ok$/ {
	in_failure = 0; seen++
	if (toupper($0) ~ /# *SKIP/) skip(); else passed++
	next
}
/^not ok/ {
	seen++
	if (toupper($0) ~ /# *TODO/) { skip(); in_failure = 0; next }
	failed++; in_failure = 1
	print "  " $0
	next
}
/^Bail out!/ { failed++; print "  " $0; next }
/ERROR:|FATAL:|PANIC:|runtime error|AddressSanitizer/ { in_failure = 1 }
in_failure && shown < 200 { print "  " $0; shown++ }
END {
	if (!has_plan) {
		failed++
		print "  no plan (1..N) was printed; the last lines:"
		for (i = NR > 19 ? NR - 19 : 1; i <= NR; i++) print "  " recent[i % 20]
	}
	else if (planned != seen) { failed++; print "  planned " planned " assertions, ran " seen + 0 }
	else if (status != 0 && !failed) { failed++; print "  exit status " status }
	print "counts " passed + 0 " " failed + 0 " " skipped + 0
}
