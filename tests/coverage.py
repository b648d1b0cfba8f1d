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

"""Line and branch coverage of common/ and the parsers.

usage: coverage.py BUILD_DIR [-l FILE ...]

Runs the unit tests, every fuzz target over its corpus and a choice of the
system tests on the coverage build below BUILD_DIR, and prints what they
reached.  Exit status 1 when a test fails or a group stays below MIN_PERCENT
of its branches.  With -l nothing is run: the branches not taken in the last
run are listed for the files named.

The counters are clang's, of the source and not of the machine code: every
condition written in the text counts as two branches, true and false (each
operand of && and || is one of its own), and every case of a switch as two.
Conditions that are constants, and those within macros of system headers
(queue.h), are not counted; no other is left out.  The counters are mapped
from a file before a role confines itself, so what confined and killed
processes did counts too.
"""

import glob
import json
import os
import subprocess
import sys

MIN_PERCENT = 90.0

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

GROUPS = {
    'common': ['common/*.[ch]', 'common/detect/*.[ch]'],
    # whatever reads bytes that others wrote
    'parsers': [
        'gatewayd/http.c', 'gatewayd/chunked.c', 'gatewayd/body.c',
        'gatewayd/inspect.c', 'gatewayd/batch.c', 'gatewayd/rulefile.c',
        'gatewayd/ruleyaml.c', 'gatewayd/rulepack.c', 'gatewayd/rulesyntax.c',
        'gatewayd/rulerec.c', 'gatewayd/ruleimage.c', 'auditd/ours.c',
        'auditd/control.c', 'ctl/confparse.c', 'ctl/yamltree.c',
        'ctl/confedit.c', 'ctl/schema.c', 'ctl/options.c', 'ctl/client.c',
    ],
}

SYSTEM = ['api', 'badinput', 'config', 'confinement', 'control', 'lists',
          'tamper']


def run(cmd, **kw):
    return subprocess.run(cmd, cwd=TOP, **kw).returncode


def run_tests(build):
    out = os.path.join(build, 'output')
    prof = os.path.join(build, 'prof')
    bindir = os.path.join(build, 'bin')
    os.makedirs(out, exist_ok=True)
    os.makedirs(prof, exist_ok=True)
    for name in os.listdir(prof):
        os.unlink(os.path.join(prof, name))
    # tests run programs as other accounts, which add to the same counters
    for program in programs(build):
        if program.startswith(bindir):
            subprocess.run([program, '--version'], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    for name in os.listdir(prof):
        os.chmod(os.path.join(prof, name), 0o666)
    env = dict(os.environ, DC_BIN=bindir, DC_SYSBIN=bindir, DC_TREE=TOP)
    bad = run([sys.executable, 'tests/run.py', '-o', out] +
              sorted(glob.glob(os.path.join(build, 'unit', 'test_*'))) +
              ['tests/system/test_%s.py' % t for t in SYSTEM], env=env)
    for target in sorted(glob.glob(os.path.join(build, 'fuzz_*'))):
        name = os.path.basename(target)
        log = os.path.join(out, name + '.log')
        with open(log, 'wb') as f:
            rc = run([target, '-runs=0', 'tests/fuzz/corpus/' + name[5:]],
                     stdout=f, stderr=subprocess.STDOUT)
        print('%-8s%s' % ('FAILED' if rc else 'ok', name), flush=True)
        bad |= rc
    return bad


def programs(build):
    return [p for pattern in ('unit/test_*', 'fuzz_*', 'bin/defenseclaw*')
            for p in sorted(glob.glob(os.path.join(build, pattern)))
            if not os.path.islink(p)]


def counts(build):
    """What llvm-cov knows, by the file's name below TOP."""
    data = os.path.join(build, 'all.profdata')
    raw = glob.glob(os.path.join(build, 'prof', '*.profraw'))
    subprocess.run(['llvm-profdata', 'merge', '-sparse', '-o', data] +
                   raw, check=True)
    cmd = ['llvm-cov', 'export', '-instr-profile', data]
    for program in programs(build):
        cmd += ['-object', program]
    text = subprocess.run(cmd, check=True, stdout=subprocess.PIPE).stdout
    out = {}
    for f in json.loads(text)['data'][0]['files']:
        name = os.path.relpath(f['filename'], TOP)
        out[name] = f
    return out


def branches(f):
    """(line, column, side, times taken) of every branch."""
    # a condition of a function that several programs hold comes once
    merged = {}
    for b in f['branches']:
        taken = merged.setdefault((b[0], b[1], b[2], b[3]), [0, 0])
        taken[0] += b[4]
        taken[1] += b[5]
    return [(line, col, side, n)
            for (line, col, _, _), taken in sorted(merged.items())
            for side, n in zip(('true', 'false'), taken)]


def has_code(name):
    with open(os.path.join(TOP, name), encoding='utf-8') as src:
        return name.endswith('.c') and '\n{' in src.read()


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def report(files):
    bad = 0
    for group, patterns in GROUPS.items():
        names = sorted(os.path.relpath(m, TOP) for p in patterns
                       for m in glob.glob(os.path.join(TOP, p)))
        total = [0, 0, 0, 0]
        print('\n%-28s %17s %17s' % (group, 'lines', 'branches'))
        for name in names:
            if name not in files:
                if has_code(name):
                    print('%s: no counters' % name)
                    bad = 1
                continue
            lines = files[name]['summary']['lines']
            found = branches(files[name])
            row = [lines['covered'], lines['count'],
                   sum(1 for b in found if b[3]), len(found)]
            total = [a + b for a, b in zip(total, row)]
            if row[1]:
                table_row(name, row)
        table_row('all', total)
        if percent(total[2], total[3]) < MIN_PERCENT:
            print('%s: below %.0f %% of its branches' % (group, MIN_PERCENT))
            bad = 1
    return bad


def table_row(name, row):
    print('%-28s %5d/%-5d %5.1f %5d/%-5d %5.1f' % (
        name, row[0], row[1], percent(row[0], row[1]),
        row[2], row[3], percent(row[2], row[3])))


def list_missing(files, names):
    for name in names:
        with open(os.path.join(TOP, name), encoding='utf-8') as src:
            lines = src.read().splitlines()
        for line, col, side, n in branches(files[name]):
            if n == 0:
                print('%s:%d:%d: never %s: %s' % (
                    name, line, col, side, lines[line - 1].strip()))


def main():
    build = os.path.abspath(sys.argv[1])
    if sys.argv[2:3] == ['-l']:
        list_missing(counts(build), sys.argv[3:])
        return 0
    bad = run_tests(build)
    return 1 if report(counts(build)) or bad else 0


if __name__ == '__main__':
    sys.exit(main())
