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
# What a machine can see of the style: manual pages, lengths, calls this code
# does without, unfinished work.

bad=0

say() {
	echo "$*"
	bad=1
}

c_files() {
	find common gatewayd auditd sinkd ctl -name '*.[ch]' | sort
}

for m in man/*.[1-9]; do
	[ -e "$m" ] || continue
	mandoc -Tlint -Wwarning "$m" || say "$m"
done

for f in $(c_files); do
	n=$(wc -l < "$f")
	[ "$n" -le 800 ] || say "$f: $n lines"
	expand "$f" | awk -v f="$f" '
	length($0) > 80 && !/https?:/ {
		printf "%s:%d: %d columns\n", f, NR, length($0)
	}' > build/lint.out
	# the text of a configuration file is as wide as the file
	[ "$f" = ctl/init_template.c ] || [ ! -s build/lint.out ] || {
		cat build/lint.out
		bad=1
	}
	# from the brace in the first column to its fellow
	awk -v f="$f" '
	/^{/ { start = NR }
	/^}/ {
		if (start && NR - start - 1 > 80)
			printf "%s:%d: a function of %d lines\n", f, start, \
			    NR - start - 1
		start = 0
	}' "$f" > build/lint.out
	[ ! -s build/lint.out ] || { cat build/lint.out; bad=1; }
	grep -q 'Copyright (c)' "$f" || say "$f: no licence"
done

calls='strcpy|strcat|sprintf|gets|system|popen|getpwnam|getaddrinfo'
# shellcheck disable=SC2046
if grep -nE "(^|[^a-z_])($calls)\(" $(c_files); then
	say 'calls this code does without'
fi
# shellcheck disable=SC2046
if grep -nE '\b(TODO|FIXME|not implemented|stub)\b' $(c_files); then
	say 'unfinished by its own words'
fi
if grep -rn '[[:blank:]]$' $(c_files); then
	say 'white space at the end of a line'
fi
exit $bad
