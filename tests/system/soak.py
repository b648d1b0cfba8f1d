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
the load lasts (60), DC_SOAK_TESTS which long forms run before it (all; "" for
none).  Prints everything as it comes and the figures once more at the end;
exit status 0 when all held.  The whole takes about an hour and a half; with
the one argument "load" only the load runs.
"""

import os
import re
import sqlite3
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
    'kernels places floods sinks_chaos plant')
os.environ.setdefault('DC_SOAK_MINUTES', '60')
MINUTES = float(os.environ['DC_SOAK_MINUTES'])
SAMPLES = 20
# until caches have their size: a tenth of the time, but no more than this
WARM = max(30, min(300, MINUTES * 6))
GROWTH = 1.05           # of memory after that, in any process
GROWTH_FDS = 4


def size(pid):
    """(descriptors, RSS, PSS), in KB"""
    with open('/proc/%d/smaps_rollup' % pid) as f:
        kb = dict(re.findall(r'^(Rss|Pss): +(\d+) kB', f.read(), re.M))
    return len(os.listdir('/proc/%d/fd' % pid)), int(kb['Rss']), \
        int(kb['Pss'])


def sizes(suite):
    got = {('supervisor', suite.proc.pid): size(suite.proc.pid)}
    for role, pids in suite.pids().items():
        for pid in pids:
            got[role, pid] = size(pid)
    return got


def row(first, last):
    """The README's row, in MiB and per cent."""
    return '; '.join('`%s` %.1f and %.1f MiB (%+.1f %%)' % (key[0],
        first[key][1] / 1024, kb / 1024, 100 * (kb / first[key][1] - 1))
        for key, (_, kb, _) in last.items())


def check_verdicts(suite, run):
    """How many there are, each with the one row it names: what the chaos test
    checks, of more of them than memory holds."""
    lib.eq(run.status, [0] * chaos.CLIENTS, 'status of the clients')
    db = sqlite3.connect('file:%s?mode=ro' % suite.audit_db, uri=True)
    n = 0
    for path in run.files:
        with open(path) as f:
            for line in f:
                id, seq = line.split()[:2]
                if id == '!':
                    raise AssertionError('a client saw ' + line)
                if id == '#':
                    continue
                lib.eq(db.execute('SELECT request_id FROM audit_events WHERE '
                    'seq = ?', (int(seq),)).fetchone(), (id,), 'row ' + seq)
                n += 1
    twice = db.execute("SELECT request_id FROM audit_events WHERE request_id "
        "LIKE 'chaos-%' GROUP BY request_id HAVING count(*) > 1 LIMIT 1")
    lib.eq(twice.fetchone(), None, 'two rows')
    db.close()
    return n


def shown(sizes):
    return '  '.join('%s %d/%d/%d' % (k[0], *v) for k, v in sizes.items())


def load():
    """Nothing is killed: what grows here grows for ever."""
    # PSS of processes that are not dumpable is root's to read
    lib.need_root()
    with lib.Suite() as suite:
        suite.set_config('gateway.workers', 2)
        suite.unlimited()
        suite.start()
        step = (MINUTES * 60 - WARM) / SAMPLES
        with chaos.Load(suite) as run:
            time.sleep(WARM)
            first = last = sizes(suite)
            print('  minute, then descriptors, RSS and PSS in KB of each')
            print('  minute %6.1f  %s' % (WARM / 60, shown(first)), flush=True)
            for n in range(SAMPLES):
                time.sleep(step)
                last = sizes(suite)
                print('  minute %6.1f  %s' % ((WARM + (n + 1) * step) / 60,
                    shown(last)), flush=True)
        verdicts = check_verdicts(suite, run)
        print('    %.0f verdicts/s, database %.0f MB' % (verdicts /
            (MINUTES * 60), os.path.getsize(suite.audit_db) / 1e6))
        lib.eq(set(last), set(first), 'processes')
        print('    RSS after %.0f minutes and at the end: %s' % (WARM / 60,
            row(first, last)))
        for key, (fds, rss, _) in last.items():
            if fds > first[key][0] + GROWTH_FDS:
                raise AssertionError('%s leaks descriptors' % key[0])
            # PSS depends on who else on this machine maps the same files
            if rss > first[key][1] * GROWTH:
                raise AssertionError('%s grows' % key[0])
        suite.stop()
        lib.eq(subprocess.run([os.path.join(suite.bin, 'defenseclawctl'),
            'audit', 'verify', '--db', suite.audit_db], env=suite.env(),
            stdout=subprocess.DEVNULL).returncode, 0, 'audit verify')


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
        lib.program(lambda: lib.run([load]))
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
