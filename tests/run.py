#!/usr/bin/env python3
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

"""Runs test programs one after the other and counts.

usage: run.py [-o OUTPUT_DIR] PROGRAM ...

A program passes with exit status 0, is skipped with 77 (its last line is the
reason) and fails with anything else, or when it runs longer than
MAX_SECONDS.  The last line is "N passed, N failed, N skipped", and with
--tally FILE the counts of several runs are summed up in FILE.
"""

import os
import signal
import subprocess
import sys
import time

MAX_SECONDS = 900       # one of them builds a collector
SKIPPED = 77


def run(program, log):
    cmd = [program]
    if program.endswith('.py'):
        cmd = [sys.executable, program]
    start = time.monotonic()
    with open(log, 'wb') as out:
        proc = subprocess.Popen(cmd, stdout=out, stderr=subprocess.STDOUT,
                                stdin=subprocess.DEVNULL,
                                start_new_session=True)
        try:
            status = proc.wait(MAX_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(proc.pid, signal.SIGKILL)
            proc.wait()
            status = 'no end after %d s' % MAX_SECONDS
    return status, time.monotonic() - start


def tail(log, lines):
    with open(log, 'rb') as f:
        text = f.read().decode('utf-8', 'replace').splitlines()
    return text[-lines:]


def main():
    args = sys.argv[1:]
    outdir = 'build/test-output'
    tally = None
    while args and args[0].startswith('-'):
        if args[0] == '-o':
            outdir = args[1]
        elif args[0] == '--tally':
            tally = args[1]
        else:
            sys.exit(__doc__)
        args = args[2:]
    os.makedirs(outdir, exist_ok=True)
    counts = [0, 0, 0]
    failed = []
    for program in args:
        name = os.path.basename(program)
        log = os.path.join(outdir, name + '.log')
        status, seconds = run(program, log)
        if status == 0:
            counts[0] += 1
            print('ok      %-28s %6.1f s' % (name, seconds), flush=True)
        elif status == SKIPPED:
            counts[2] += 1
            reason = (tail(log, 1) or ['no reason given'])[0]
            print('skipped %-28s %s' % (name, reason), flush=True)
        else:
            counts[1] += 1
            print('FAILED  %-28s status %s; the end of %s:' %
                  (name, status, log), flush=True)
            for line in tail(log, 30):
                print('    ' + line, flush=True)
            failed.append('%s: %s' % (name, (tail(log, 1) or [''])[0]))
    if tally:
        old = [0, 0, 0]
        if os.path.exists(tally):
            with open(tally) as f:
                old = [int(n) for n in f.read().split()]
        with open(tally, 'w') as f:
            f.write('%d %d %d\n' % tuple(a + b for a, b in
                                         zip(old, counts)))
    # once more where somebody who sees only the end looks
    for line in failed:
        print('failed: ' + line)
    print('%d passed, %d failed, %d skipped' % tuple(counts))
    return 1 if counts[1] else 0


if __name__ == '__main__':
    sys.exit(main())
