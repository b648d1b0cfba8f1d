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

"""Every role tries what it may not, and every layer is seen to hold.

The work is done by tests/sandbox, which a probe build brings along
(`make probe-build', or DC_PROBE with the directory of one's programs).
"""

import os
import subprocess

import lib

CEILING = 300           # seconds


def probe():
    """The test program of tests/sandbox."""
    path = os.path.join(os.environ.get('DC_PROBE') or
        os.path.join(lib.TOP, 'build/probe/bin'), 'sandbox')
    if not os.path.exists(path):
        raise lib.Skip('%s is missing: see make probe-build' % path)
    return path


def sandbox(*args):
    return subprocess.run([probe(), *args], text=True, capture_output=True,
        timeout=CEILING, stdin=subprocess.DEVNULL)


def forbidden():
    args = ['-l'] if os.environ.get('DC_SOAK') else []
    r = sandbox(*args)
    print(r.stdout, end='')
    if r.returncode == 77:
        raise lib.Skip(r.stdout.strip().split('\n')[-1])
    lib.eq(r.returncode, 0, 'with all layers: %s' % r.stderr)


def without(layer):
    """The same test, with a layer missing of which it knows nothing."""
    r = sandbox('--layer-off', layer)
    if r.returncode == 77 and os.geteuid() != 0:
        print('    %-14s needs root' % layer)
        return
    lib.eq(r.returncode, 1, 'without %s: %s' % (layer, r.stderr))
    first = r.stderr.split('\n')[0]
    if 'left out: ' not in first or 'expected ' not in r.stderr:
        raise AssertionError('without %s: %s' % (layer, r.stderr))
    print('    %-14s %s' % (layer, ' '.join(first.split())))


def layers():
    names = sandbox('--layers').stdout.split()
    if len(names) < 11:
        raise AssertionError('layers: %s' % names)
    for layer in names + ['all']:
        without(layer)


def main():
    probe()
    print('  every layer in place')
    forbidden()
    print('  one layer left out')
    layers()


lib.program(main)
