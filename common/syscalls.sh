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
# usage: syscalls.sh CC [FLAG ...] > syscall_names.h
#
# Writes { number, "name" } rows for every system call the headers of the
# target know, for sandbox.c.

set -e

printf '#include <sys/syscall.h>\n' | "$@" -E -dM -x c - |
    sed -n 's/^#define __NR_\([a-z_][a-z0-9_]*\)[ 	].*/\1/p' |
    grep -v -e '^syscalls$' -e '^arch_specific_syscall$' | LC_ALL=C sort |
    sed 's/.*/	{ __NR_&, "&" },/'
