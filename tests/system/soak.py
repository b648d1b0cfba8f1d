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

"""The long forms of what kills, changes and tampers, and one long run under
load.

DC_BIN is the directory of the programs (build/bin), DC_SOAK_MINUTES how long
the load lasts (10), DC_SOAK_TESTS which long forms run before it (all; "" for
none).  Prints everything as it comes and the figures once more at the end;
exit status 0 when all held.  The whole takes about half an hour.
"""

import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
os.environ.setdefault('DC_BIN', os.path.join(TOP, 'build', 'bin'))
# before the import: it reads this
os.environ['DC_SOAK'] = '1'

import lib
import test_chaos as chaos

TESTS = os.environ.get('DC_SOAK_TESTS', 'chaos tamper underload restarts '
    'kernels places floods')
MINUTES = float(os.environ.get('DC_SOAK_MINUTES', '10'))
SAMPLES = 20
WARM = 20               # seconds until caches have their size
GROWTH = 1.25           # of private memory, after the first sample
GROWTH_KB = 4096        # or this much, whichever is more
GROWTH_FDS = 4


def resident(pid):
    with open('/proc/%d/status' % pid) as f:
        return int(re.search(r'^VmRSS:\s+(\d+)', f.read(), re.M)[1])


def sizes(suite):
    """{(role, pid): (descriptors, private KB, resident KB)}"""
    got = {}
    for role, pids in [('supervisor', [suite.proc.pid])] + sorted(
            suite.pids().items()):
        for pid in pids:
            got[role, pid] = *chaos.size(pid), resident(pid)
    return got


def load():
    """Nothing is killed: what grows here grows for ever."""
    with lib.Suite() as suite:
        suite.set_config('gateway.workers', 2)
        # one token asks for all
        suite.set_config('gateway.requests_per_second', 0)
        suite.set_config('audit.principal_mb_per_hour', 0)
        suite.start()
        step = MINUTES * 60 / SAMPLES
        with chaos.Load(suite) as run:
            time.sleep(WARM)
            first = last = sizes(suite)
            for n in range(SAMPLES):
                time.sleep(step)
                last = sizes(suite)
                print('  minute %6.1f: descriptors/private/resident KB  %s' %
                    ((n + 1) * step / 60, '  '.join('%s %d/%d/%d' % (k[0],
                    *v) for k, v in last.items())), flush=True)
        verdicts = run.verdicts()
        print('    %.0f verdicts/s for %g minutes, database %.0f MB' % (
            len(verdicts) / (MINUTES * 60 + WARM), MINUTES,
            os.path.getsize(suite.audit_db) / 1e6))
        lib.eq(set(last), set(first), 'processes')
        for key, (fds, kb, rss) in last.items():
            print('    %s: %d descriptors, then %d; %d KB private, then %d; '
                '%d KB resident, then %d (%+.1f %%)' % (key[0],
                first[key][0], fds, first[key][1], kb, first[key][2], rss,
                100 * (rss / first[key][2] - 1)))
        for key, (fds, kb, rss) in last.items():
            if fds > first[key][0] + GROWTH_FDS:
                raise AssertionError('%s leaks descriptors' % key[0])
            if kb > max(first[key][1] * GROWTH, first[key][1] + GROWTH_KB):
                raise AssertionError('%s grows' % key[0])
        chaos.check_rows(suite, verdicts)
        suite.stop()
        chaos.check_chain(suite)


def part(what, argv, figures):
    """Its exit status; its figures are the lines with four blanks."""
    print(what, flush=True)
    figures.append(what)
    start = time.monotonic()
    with subprocess.Popen(argv, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True) as proc:
        for line in proc.stdout:
            sys.stdout.write('  ' + line)
            sys.stdout.flush()
            if re.match(r'  (  )?\S', line):
                figures.append('  ' + line.rstrip())
    if proc.returncode not in (0, 77):
        figures.append('    FAILED: status %d' % proc.returncode)
    figures.append('    %.0f s' % (time.monotonic() - start))
    return proc.returncode not in (0, 77)


def main():
    if sys.argv[1:] == ['load']:
        lib.run([load])
        return
    figures = []
    failed = 0
    for name in TESTS.split():
        failed |= part('test_%s.py' % name, [sys.executable,
            os.path.join(HERE, 'test_%s.py' % name)], figures)
    failed |= part('load, %g minutes' % MINUTES, [sys.executable, __file__,
        'load'], figures)
    print('\nfigures')
    print('\n'.join(f for f in figures if 'minute ' not in f))
    sys.exit(failed)


if __name__ == '__main__':
    main()
