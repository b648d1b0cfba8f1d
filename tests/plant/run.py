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


"""Twenty bugs, planted one at a time; each must be caught by a test.

usage: run.py [--all | --check | NUMBER ...]

Each NN-name.patch in this directory is one bug that somebody might make, with
what it does, the test that catches it ("Test:") and the part of that test in
which it fails ("Seen:", several where it depends on who is first).  A bug is
planted in a copy of the tree, of which only the planted file is compiled
anew; then its test alone runs there, and must fail in that part.  Patches and not an #ifdef each: nobody who reads the
code has to read around them, and none can get into a release.

--all also runs each test on the tree as it is, where it must pass, and is
what `make plant' does.  Without arguments four of them are planted, others
for each state of the tree; --check only sees that each patch applies.
"""

import glob
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
PARTS = ('common', 'gatewayd', 'auditd', 'sinkd', 'ctl', 'etc', 'man', 'tests',
    'Makefile', 'README.md', 'CHANGELOG.md')
OTHER_BUILDS = ('asan', 'bench', 'clang', 'coverage', 'figures', 'fuzz',
    'power', 'probe', 'system', 'test-output')
SYSTEM_MODE = ('system/test_principals.py',)    # tests that need its build
BUGS = 20
FEW_UNIT, FEW_SYSTEM = 3, 1     # of the short form
CEILING = 300                   # seconds, for a build or a test


class Plant:
    def __init__(self, path):
        self.path = path
        self.number, self.name = re.fullmatch(r'(\d\d)-([a-z-]+)\.patch',
            os.path.basename(path)).groups()
        with open(path) as f:
            head, self.diff = re.split(r'^(?=--- )', f.read(), maxsplit=1,
                flags=re.M)
        self.test = re.search(r'^Test: (\S+)$', head, re.M)[1]
        self.seen = re.search(r'^Seen: (\S+)$', head, re.M)[1].split('|')
        self.files = re.findall(r'^\+\+\+ b/(\S+)$', self.diff, re.M)

    def apply(self, tree, *options):
        # with fuzz a bug could be planted where it does no harm
        r = subprocess.run(['patch', '-p1', '-s', '-f', '--fuzz=0', '-d',
            tree, *options], input=self.diff, text=True, capture_output=True)
        if r.returncode != 0:
            raise SystemExit('%s does not apply: mend the patch\n%s' %
                (os.path.basename(self.path), r.stdout + r.stderr))


def sysroot():
    """Prefixes of the system build, which its objects were compiled with."""
    r = subprocess.run(['cksum'], input=TOP, text=True, capture_output=True)
    return os.environ.get('DC_SYSROOT') or \
        '/tmp/dcsys-' + r.stdout.split()[0]


def copy(tree, system):
    """The tree and what was built from it, times of change included."""
    def skip(directory, names):
        if directory != os.path.join(TOP, 'build'):
            return [n for n in names if n == '__pycache__']
        return [n for n in names if n in OTHER_BUILDS and not (system and
            n == 'system')]

    for name in PARTS + ('build',):
        path = os.path.join(TOP, name)
        if os.path.isdir(path):
            shutil.copytree(path, os.path.join(tree, name), symlinks=True,
                ignore=skip)
        else:
            shutil.copy2(path, tree)


def build(tree, test, system):
    targets = ['build/' + test] if test.startswith('unit/') else ['all']
    if system:
        targets.append('system-build')
    r = subprocess.run(['make', '-s', '-C', tree, 'SYSROOT=' + sysroot(),
        *targets], text=True, capture_output=True, timeout=CEILING,
        stdin=subprocess.DEVNULL)
    if r.returncode != 0:
        raise SystemExit('the build of it fails:\n' + r.stdout + r.stderr)


def run(tree, test, system):
    """(exit status, the part it was in at its end, output)."""
    argv = [os.path.join(tree, 'build', test)]
    env = dict(os.environ)
    for name in ('DC_SANITIZED', 'DC_SOAK', 'DC_SYSBIN'):
        env.pop(name, None)
    if test.startswith('system/'):
        argv = [sys.executable, os.path.join(tree, 'tests', test)]
        env['DC_BIN'] = os.path.join(tree, 'build/bin')
        if system:
            env['DC_SYSBIN'] = os.path.join(tree, 'build/system/bin')
            env['DC_SYSROOT'] = sysroot()
    r = subprocess.run(argv, env=env, cwd=tree, text=True, errors='replace',
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=CEILING)
    parts = re.findall(r'^  ([a-z]\w+)$', r.stdout, re.M)
    return r.returncode, parts[-1] if parts else '', r.stdout


def in_copy(test, plant=None):
    system = test in SYSTEM_MODE
    with tempfile.TemporaryDirectory(prefix='dcplant') as tree:
        os.chmod(tree, 0o755)
        copy(tree, system)
        if plant is not None:
            plant.apply(tree)
            # newer than what was built of it, whatever the clock's grain
            for name in plant.files:
                os.utime(os.path.join(tree, name))
        build(tree, test, system)
        return run(tree, test, system)


def clean(tests):
    for test in sorted(tests):
        status, part, out = in_copy(test)
        if status != 0:
            raise SystemExit('%s fails with nothing planted, in %s:\n%s' %
                (test, part, out[-4000:]))
        print('passes   %s' % test, flush=True)


def plant(p):
    status, part, out = in_copy(p.test, p)
    if status in (0, 77) or part not in p.seen:
        print('MISSED   %s %s: %s ends with %d in %s, not in %s\n%s' %
            (p.number, p.name, p.test, status, part, ' or '.join(p.seen),
            out[-3000:]),
            flush=True)
        return 0
    print('caught   %s %-22s by %s, %s' % (p.number, p.name, p.test, part),
        flush=True)
    return 1


def few(plants):
    """Some, by a seed that any change of the sources changes."""
    seed = 0
    for path in sorted(glob.glob(os.path.join(TOP, '[a-z]*', '**', '*.c'),
            recursive=True)):
        if not os.path.relpath(path, TOP).startswith(('build', 'tests')):
            with open(path, 'rb') as f:
                seed = zlib.crc32(f.read(), seed)
    seed = int(os.environ.get('DC_PLANT_SEED', seed))
    print('DC_PLANT_SEED=%d' % seed)
    rnd = random.Random(seed)
    unit = [p for p in plants if p.test.startswith('unit/')]
    rest = [p for p in plants if p not in unit]
    return rnd.sample(unit, FEW_UNIT) + rnd.sample(rest, FEW_SYSTEM)


def main():
    plants = [Plant(path) for path in sorted(glob.glob(os.path.join(HERE,
        '*.patch')))]
    if [int(p.number) for p in plants] != list(range(1, BUGS + 1)):
        raise SystemExit('the patches are not numbered from 1 to %d' % BUGS)
    args = sys.argv[1:]
    for p in plants:
        p.apply(TOP, '--dry-run')
    if args == ['--check']:
        return
    if args == ['--all']:
        clean({p.test for p in plants})
    elif args:
        plants = [p for p in plants if p.number in args]
        clean({p.test for p in plants})
    else:
        plants = few(plants)
    n = sum(plant(p) for p in plants)
    print('    %d of %d planted bugs were caught' % (n, len(plants)))
    if n != len(plants) or not plants:
        sys.exit(1)


if __name__ == '__main__':
    main()
