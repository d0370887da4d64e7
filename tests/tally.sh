# tally.sh - runs the steps of a test and adds up their counts. To be sourced by a shell script.
#
#     step "unit tests" make unit      shows the output, counts
#     tally                            shows what was skipped and what failed; the last line is
#                                      "N passed, M failed"; false if any failed
#
# A step's own count is the last line of its output with "N passed" or "M failed" (errors count as
# failed). A step that counts nothing passes or fails as a whole. Lines that begin with "SKIPPED" are
# tests that were not run, with the reason.

tally_passed=0
tally_failed=0
tally_bad=
tally_skipped=
tally_log=$(mktemp)
tally_began=$(date +%s)
trap 'rm -f "$tally_log"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# The number before `word` in the counting line; 0 if there is none.
tally_number() {
	echo "$tally_line" | sed -n "s/.*[^0-9]\([0-9][0-9]*\) $1.*/\1/p; t end; s/.*/0/p; :end" | head -n 1
}

step() {
	tally_name=$1
	shift
	tally_start=$(date +%s)
	printf '\n==== %s\n' "$tally_name"
	{
		"$@" </dev/null && echo 0 >"$tally_log.status" || echo $? >"$tally_log.status"
	} 2>&1 | tee "$tally_log"
	tally_status=$(cat "$tally_log.status")
	rm -f "$tally_log.status"
	tally_line=" $(grep -E '(^|[^0-9])[0-9]+ (passed|failed|errors?)' "$tally_log" | tail -n 1)"
	tally_good=$(tally_number passed)
	tally_wrong=$(($(tally_number failed) + $(tally_number error)))
	if [ "$tally_status" -ne 0 ] && [ "$tally_wrong" -eq 0 ]; then
		tally_wrong=1
	elif [ "$tally_status" -eq 0 ] && [ "$tally_good" -eq 0 ]; then
		tally_good=1
	fi
	tally_skipped=$tally_skipped$(
		awk -v step="$tally_name" 'sub(/^SKIPPED */, "") { print "\n  " step ": " $0 }' "$tally_log"
	)
	tally_passed=$((tally_passed + tally_good))
	tally_failed=$((tally_failed + tally_wrong))
	tally_verdict=passed
	[ "$tally_wrong" -eq 0 ] || {
		tally_verdict=FAILED
		tally_bad="$tally_bad
  $tally_name"
	}
	echo "==== $tally_name: $tally_verdict, $(($(date +%s) - tally_start)) s"
	[ "$tally_wrong" -eq 0 ]
}

tally() {
	printf '\n%s s in all\n' $(($(date +%s) - tally_began))
	[ -z "$tally_skipped" ] || echo "skipped:$tally_skipped"
	[ -z "$tally_bad" ] || echo "failed:$tally_bad"
	echo "$tally_passed passed, $tally_failed failed"
	[ "$tally_failed" -eq 0 ]
}
