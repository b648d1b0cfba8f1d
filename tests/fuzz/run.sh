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
# Fuzzes each target for so long; new inputs go to build/fuzz/found.

secs=$1
shift
bad=0
for t in "$@"; do
	name=${t#fuzz_}
	mkdir -p build/fuzz/found/"$name" build/fuzz/crash
	echo "== $t, $secs s"
	build/fuzz/"$t" -max_total_time="$secs" -rss_limit_mb=4096 \
	    -timeout=20 -print_final_stats=1 -verbosity=0 \
	    -artifact_prefix=build/fuzz/crash/"$t"- \
	    build/fuzz/found/"$name" tests/fuzz/corpus/"$name" \
	    > build/fuzz/"$t".log 2>&1 || {
		bad=1
		echo "FAILED: the end of build/fuzz/$t.log:"
		tail -n 30 build/fuzz/"$t".log
		continue
	}
	grep -E 'number_of_executed_units|new_units_added' \
	    build/fuzz/"$t".log
done
exit $bad
