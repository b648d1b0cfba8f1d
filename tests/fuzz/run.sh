#!/bin/sh
#
# Copyright (c) 2026 The DefenseClaw authors
#
# Permission to use, copy, modify, and distribute this software for any
# purpose with or without fee is hereby granted, provided that the above
# copyright notice and this permission notice appear in all copies.
#
# THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
# WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
# MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
# ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
# WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
# ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
# OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
#
# usage: run.sh SECONDS TARGET ...
#
# Fuzzes each target for so long, as many at once as there are processors; new
# inputs go to build/fuzz/found.

one() {
	name=${2#fuzz_}
	log=build/fuzz/$2.log
	mkdir -p build/fuzz/found/"$name" build/fuzz/crash
	build/fuzz/"$2" -max_total_time="$1" -rss_limit_mb=4096 \
	    -timeout=20 -print_final_stats=1 -verbosity=0 \
	    -artifact_prefix=build/fuzz/crash/"$2"- \
	    build/fuzz/found/"$name" tests/fuzz/corpus/"$name" \
	    > "$log" 2>&1
	rc=$?
	said="== $2, $1 s
$(if [ $rc -eq 0 ]; then
		grep -E 'number_of_executed_units|new_units_added' "$log"
	else
		echo "FAILED: the end of $log:"
		tail -n 30 "$log"
		echo "$2" >> build/fuzz/failed
	fi)"
	printf '%s\n' "$said"
	exit $rc
}

if [ "$1" = -1 ]; then
	shift
	one "$@"
fi
secs=$1
shift
rm -f build/fuzz/failed
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 sh "$0" -1 "$secs"
rc=$?
[ ! -f build/fuzz/failed ] || sed 's/^/FAILED: /' build/fuzz/failed
exit $rc
