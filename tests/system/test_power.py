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

"""Power cuts lose nothing that was acknowledged, and the recorder that shows
it is in no program that is installed.

The work is done by tests/power (`make power-build', or DC_POWER_BIN with the
directory of its programs).
"""

import os
import subprocess

import lib

CEILING = 580           # seconds, below that of run.py
LONG = 3600
MARKS = (b'power-recorder', b'DC_POWER', b'the log of writes')
SYMBOLS = ('__wrap_', 'plog_put', 'record_sync_dir')
RECORDED = 'defenseclaw-auditd'

BIN = os.environ.get('DC_POWER_BIN') or os.path.join(lib.TOP,
    'build/power/bin')


def symbols(path):
    r = subprocess.run(['nm', '--defined-only', path], text=True,
        capture_output=True)
    return r.stdout


def traces(path):
    """What of the recorder is in a program."""
    with open(path, 'rb') as f:
        data = f.read()
    found = [m.decode() for m in MARKS if m in data]
    names = symbols(path)
    return found + [s for s in SYMBOLS if s in names]


def release_is_clean():
    seen = 0
    for name in sorted(os.listdir(os.environ['DC_BIN'])):
        path = os.path.join(os.environ['DC_BIN'], name)
        if not name.startswith('defenseclaw') or not os.path.isfile(path):
            continue
        lib.eq(traces(path), [], name)
        seen += 1
    if seen < 6:
        raise AssertionError('%d programs' % seen)
    # else the search finds nothing in anything
    lib.eq(len(traces(os.path.join(BIN, RECORDED))),
        len(MARKS) + len(SYMBOLS), 'traces in the recorded program')


def cuts(name):
    r = subprocess.run([os.path.join(BIN, name)], text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LONG if os.environ.get('DC_SOAK') else CEILING)
    print('    ' + r.stdout.rstrip().replace('\n', '\n    '), flush=True)
    if r.returncode == 77:
        raise lib.Skip(r.stdout.strip().split('\n')[-1])
    lib.eq(r.returncode, 0, name)


def store_and_signer():
    cuts('power_store')


def init_and_config():
    cuts('power_ctl')


def main():
    if not os.path.exists(os.path.join(BIN, RECORDED)):
        raise lib.Skip('%s is missing: see make power-build' % BIN)
    lib.run([release_is_clean, store_and_signer, init_and_config])


lib.program(main)
