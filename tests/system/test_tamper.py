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

"""An exported log is changed in every way; `audit verify' names the first
bad sequence each time.

Short: a random sample of the bits; with DC_SOAK=1 every one.
"""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys

import lib
from lib import Suite, eq

SOAK = os.environ.get('DC_SOAK') == '1'
BITS = 300              # of the whole file, in the short form
SOAK_ROWS = 8           # whose every bit is flipped in the long one
REQUESTS = 12
BATCH = 8               # verifiers that run side by side

suite = None
lines = []              # of the export, the header first
work = None


def make():
    """A small log with several signed heads, and its export."""
    global suite, lines, work
    suite = Suite()
    suite.init()
    suite.set_config('audit.checkpoint_events', 5)
    suite.start()
    c = suite.client()
    for i in range(REQUESTS):
        command = lib.ATTACK if i % 3 == 0 else 'echo %d' % i
        eq(c.post('/api/v1/inspect/tool', {'tool': 'shell', 'args':
            {'command': command}}).status, 200)
    work = os.path.join(suite.dir, 'w')
    os.mkdir(work)
    path = os.path.join(work, 'log')
    r = suite.ctl('audit', 'head', '--json')
    eq(r.returncode, 0, r.stderr)
    with open(os.path.join(work, 'anchor'), 'w') as f:
        f.write(r.stdout)
    r = suite.ctl('audit', 'export', '--out', path)
    eq(r.returncode, 0, r.stdout + r.stderr)
    # the public key is all that a verifier elsewhere has
    shutil.copy(os.path.join(suite.state, 'device.pub'), work)
    with open(path, 'rb') as f:
        lines = f.read().splitlines(keepends=True)
    if len(lines) < REQUESTS + 3:
        raise AssertionError('the export has %d lines' % len(lines))


def seq(i):
    return json.loads(lines[i])['seq']


def start(data, *args, name='changed', key=None):
    """A verifier at work on this log, in a place without a suite."""
    path = os.path.join(work, name)
    with open(path, 'wb') as f:
        f.write(data)
    return subprocess.Popen([os.path.join(suite.bin, 'defenseclawctl'),
        '--json', 'audit', 'verify', '--file', path, '--pubkey',
        key or os.path.join(work, 'device.pub'), *args], cwd=work,
        env={'DEFENSECLAW_HOME': os.path.join(work, 'nothing')},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)


def finish(p):
    """Exit status and result, {} when there is none."""
    out, err = p.communicate(timeout=lib.CEILING)
    if p.returncode not in (0, 1):
        raise AssertionError('verify: %d: %s' % (p.returncode, err))
    return p.returncode, json.loads(out) if out else {}


def verify(data, *args):
    return finish(start(data, *args))


def bad(data, at, what, *args):
    """Must fail and name the sequence at."""
    code, got = verify(data, *args)
    eq(code, 1, '%s: status' % what)
    eq(got.get('bad_seq'), at, '%s: first bad row' % what)


def anchor():
    return '--anchor', os.path.join(work, 'anchor')


def head_seq():
    with open(os.path.join(work, 'anchor')) as f:
        return json.load(f)['seq']


# --- the tests ---------------------------------------------------------------

def whole():
    code, got = verify(b''.join(lines), *anchor())
    eq(code, 0, got)
    eq(got['last_seq'], seq(-1))
    eq(got['rows'], len(lines) - 1)
    eq(got['anchored'], True)


def bits():
    some = lines[:SOAK_ROWS + 1] if SOAK else lines
    data = b''.join(some)
    at, ends = 0, []        # where each line ends
    for line in some:
        at += len(line)
        ends.append(at)
    places = range(len(data) * 8)
    if not SOAK:
        places = sorted(random.sample(places, BITS))
    todo = []
    for place in places:
        changed = bytearray(data)
        changed[place // 8] ^= 1 << place % 8
        line = next(i for i, end in enumerate(ends) if place // 8 < end)
        todo.append((place, line, start(bytes(changed),
            name='changed%d' % (len(todo) % BATCH))))
        if len(todo) == BATCH:
            bits_check(todo)
            todo = []
    bits_check(todo)
    print('    %d bits of %d' % (len(places), len(data) * 8))


def bits_check(todo):
    for place, line, p in todo:
        code, got = finish(p)
        what = 'bit %d of byte %d (line %d)' % (place % 8, place // 8, line)
        eq(code, 1, what)
        # the header has no sequence: the log is bad from its first row
        want = seq(max(line, 1))
        if got.get('bad_seq') != want:
            raise AssertionError('%s: %s, not row %d' % (what, got, want))


def deleted():
    for i in range(1, len(lines) - 1):
        bad(b''.join(lines[:i] + lines[i + 1:]), seq(i),
            'row %d deleted' % seq(i))


def reordered():
    for i in range(1, len(lines) - 1):
        swapped = lines[:i] + [lines[i + 1], lines[i]] + lines[i + 2:]
        bad(b''.join(swapped), seq(i), 'rows %d, %d swapped' % (seq(i),
            seq(i + 1)))


def inserted():
    for i in range(1, len(lines)):
        twice = lines[:i + 1] + [lines[i]] + lines[i + 1:]
        bad(b''.join(twice), seq(i), 'row %d twice' % seq(i))
    for i in range(1, len(lines) - 1):
        # under the next number, so that the right one comes too late
        forged = lines[i].replace(b'{"seq":%d,' % seq(i), b'{"seq":%d,' %
            seq(i + 1))
        bad(b''.join(lines[:i + 1] + [forged] + lines[i + 1:]), seq(i + 1),
            'a row after %d' % seq(i))


def cut_head():
    for i in (1, 2, len(lines) - 2):
        bad(b''.join(lines[:1] + lines[i + 1:]), seq(1),
            '%d rows cut at the head' % i)
    # with a header that admits it, the genesis is still missing
    header = lines[0].replace(b'"from":1', b'"from":4')
    code, got = verify(header + b''.join(lines[4:]))
    if code == 0 and got['rows'] == len(lines) - 1:
        raise AssertionError('a log without its head is called whole')


def cut_tail():
    last = head_seq()
    for i in range(2, len(lines)):
        data = b''.join(lines[:i])
        code, got = verify(data)
        # without an anchor: whole up to a signed head, and no more
        eq(code, 0, 'cut after row %d' % seq(i - 1))
        eq(got['last_seq'], seq(i - 1))
        if got['signed_seq'] > got['last_seq'] or got['anchored']:
            raise AssertionError('cut after row %d: %s' % (seq(i - 1), got))
        code, got = verify(data, *anchor())
        if seq(i - 1) < last:
            eq(code, 1, 'cut after row %d, with an anchor' % seq(i - 1))
    # half a row
    data = b''.join(lines)
    bad(data[:-len(lines[-1]) // 2], seq(-1), 'half of the last row')


def older():
    """A copy taken before the anchor, in itself whole."""
    data = b''.join(lines[:len(lines) - 4])
    eq(verify(data)[0], 0, 'older copy')
    eq(verify(data, *anchor())[0], 1, 'older copy, with an anchor')


def other_device():
    """The same rows under another installation's key."""
    with Suite() as other:
        key = os.path.join(other.state, 'device.pub')
        p = start(b''.join(lines), key=key)
        eq(finish(p)[0], 1, 'under a foreign key')


def database():
    """The same in the database itself, by somebody who can write it."""
    suite.stop()
    path = os.path.join(work, 'audit.db')
    for what, sql, at in (
            ('text', "UPDATE events SET target = 'x' WHERE seq = 4", 4),
            ('severity', 'UPDATE events SET severity = 1 WHERE seq = (SELECT '
            'min(seq) FROM events WHERE severity = 5)', None),
            ('row', 'DELETE FROM events WHERE seq = 6', 6)):
        for end in ('', '-wal'):
            if os.path.exists(suite.audit_db + end):
                shutil.copy(suite.audit_db + end, path + end)
        db = sqlite3.connect(path)
        if at is None:
            at = db.execute('SELECT min(seq) FROM events WHERE severity = '
                '5').fetchone()[0]
        # what forbids it in the schema forbids nothing to such a one
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE "
                "type = 'trigger'").fetchall():
            db.execute('DROP TRIGGER "%s"' % name)
        db.execute(sql)
        db.commit()
        db.close()
        r = suite.ctl('--json', 'audit', 'verify', '--db', path)
        eq(r.returncode, 1, what)
        eq(json.loads(r.stdout)['bad_seq'], at, what)


if __name__ == '__main__':
    try:
        make()
        lib.run([whole, bits, deleted, reordered, inserted, cut_head,
            cut_tail, older, other_device, database])
    finally:
        suite.cleanup()
