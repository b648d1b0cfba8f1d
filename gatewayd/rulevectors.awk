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

# Of the files of one rule pack, its vectors first: every rule has a text that
# it finds and one that it does not.  Whether it does is for `policy test' to
# say; rules/local-patterns.yaml names no ids and is left to that, too.

FNR == 1 {
	id = ""
}

FILENAME ~ /\/vectors\// && $1 == "-" && $2 == "rule:" {
	id = $3
}

FILENAME ~ /\/vectors\// && ($1 == "match:" || $1 == "miss:") {
	kind = $1
	want = 1
}

want && $1 == "-" && $2 != "rule:" {
	has[id, kind] = 1
	want = 0
}

FILENAME ~ /\/rules\// && $1 == "-" && $2 == "id:" {
	rules++
	if (!((($3, "match:") in has) && (($3, "miss:") in has))) {
		printf "%s:%d: %s: no vector that matches, or none that " \
		    "does not\n", FILENAME, FNR, $3
		bad = 1
	}
}

END {
	exit bad || rules == 0
}
