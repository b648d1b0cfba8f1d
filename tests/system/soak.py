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

"""The long forms: chaos, tampering, kernels and places, and one long run under load.

DC_BIN is the directory of the programs (build/bin), DC_SOAK_MINUTES how long
the load lasts (10).  Prints the figures; exit status 0 when all held.
"""

import os
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

MINUTES = float(os.environ.get('DC_SOAK_MINUTES', '10'))
SAMPLES = 20
WARM = 20               # seconds until caches have their size
GROWTH = 1.25           # of memory, after the first sample
GROWTH_KB = 4096        # or this much, whichever is more
GROWTH_FDS = 4


def sizes(suite):
    got = {('supervisor', suite.proc.pid): chaos.size(suite.proc.pid)}
    for role, pids in suite.pids().items():
        for pid in pids:
            got[role, pid] = chaos.size(pid)
    return got


def load():
    """Nothing is killed: what grows here grows for ever."""
    with lib.Suite() as suite:
        suite.set_config('gateway.workers', 2)
        suite.start()
        step = MINUTES * 60 / SAMPLES
        with chaos.Load(suite) as run:
            time.sleep(WARM)
            first = last = sizes(suite)
            print('    minute, then descriptors and private KB of each')
            for n in range(SAMPLES):
                time.sleep(step)
                last = sizes(suite)
                print('    %6.1f  %s' % ((n + 1) * step / 60, '  '.join(
                    '%s %d/%d' % (k[0], *v) for k, v in last.items())),
                    flush=True)
        verdicts = run.verdicts()
        print('    %.0f verdicts/s, database %.0f MB' % (len(verdicts) /
            (MINUTES * 60 + WARM), os.path.getsize(suite.audit_db) / 1e6))
        lib.eq(set(last), set(first), 'processes')
        for key, (fds, kb) in last.items():
            if fds > first[key][0] + GROWTH_FDS:
                raise AssertionError('%s leaks descriptors' % key[0])
            if kb > max(first[key][1] * GROWTH, first[key][1] + GROWTH_KB):
                raise AssertionError('%s grows' % key[0])
        chaos.check_rows(suite, verdicts)
        suite.stop()
        chaos.check_chain(suite)


def main():
    status = 0
    for name in ('test_chaos.py', 'test_tamper.py', 'test_kernels.py',
            'test_places.py'):
        print(name, flush=True)
        status |= subprocess.run([sys.executable,
            os.path.join(HERE, name)]).returncode
    if status:
        sys.exit(1)
    print('load, %g minutes' % MINUTES)
    lib.run([load])


if __name__ == '__main__':
    main()
