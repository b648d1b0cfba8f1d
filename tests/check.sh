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
# What `make check' runs once everything is built: all tests that need only
# Debian's packages.  The last line counts them.

tally=build/tally
rm -f $tally
root=$(pwd)
failed=0

part() {
	printf '\n== %s\n' "$1"
	shift
	"$@" || failed=1
}

run() {
	python3 tests/run.py --tally $tally "$@"
}

part 'unit tests' run -o build/test-output/unit build/unit/test_*
part 'unit tests, clang' run -o build/test-output/clang \
    build/clang/unit/test_*
part 'unit tests, ASan and UBSan' run -o build/test-output/asan \
    build/asan/unit/test_*

export DC_BIN="$root/build/bin" DC_SYSBIN="$root/build/system/bin"
export DC_SYSROOT="$SYSROOT" DC_TREE="$root"
part 'the suite' run -o build/test-output/system tests/system/test_*.py

# leaks are looked for wherever no filter is: see common/sandbox.c
DC_SANITIZED=1 DC_BIN="$root/build/asan/bin" DC_SYSBIN= \
part 'the suite, ASan and UBSan' run -o build/test-output/system-asan \
    $(sh tests/system/sanitized.sh)

part 'lint' run -o build/test-output/lint tests/lint.sh tests/fuzz/corpus.sh

read -r p f s < $tally
printf '\n%d passed, %d failed, %d skipped\n' "$p" "$f" "$s"
exit $failed
