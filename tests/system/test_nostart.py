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

"""A damaged or foreign database, or a missing key: the suite does not start,
says why, and leaves the files as they are.
"""

import hashlib
import os
import shutil
import sqlite3
import subprocess

import lib
from lib import Suite, eq

TOOL = '/api/v1/inspect/tool'
BODY = {'tool': 'shell', 'args': {'command': 'ls -la'}}


def digest(path):
    with open(path, 'rb') as f:
        return hashlib.sha256(f.read()).hexdigest()


def overwrite(path, old, new):
    """Every place in the file where old stands."""
    with open(path, 'r+b') as f:
        data = f.read()
        if old not in data:
            raise AssertionError('%r is not in the file' % old)
        f.seek(0)
        f.write(data.replace(old, new))


def no_start():
    """Damage of several kinds; each suite refuses, and leaves all as it is.

    At once: what only an operator can mend is not tried again.
    """
    def header(s):
        overwrite(s.audit_db, b'SQLite format 3\0', b'SQLite format 9\0')

    def last_row(s):
        # the log beside it, already taken in, would hide the change
        os.unlink(s.audit_db + '-wal')
        overwrite(s.audit_db, b'inspect-tool-allow', b'inspect-tool-alloW')

    def newer(s):
        db = sqlite3.connect(s.audit_db)
        db.execute('PRAGMA user_version=9999')
        db.close()

    def foreign(s):
        os.unlink(s.audit_db)
        for end in ('-wal', '-shm'):
            if os.path.exists(s.audit_db + end):
                os.unlink(s.audit_db + end)
        db = sqlite3.connect(s.audit_db)
        db.execute('CREATE TABLE cookies(a)')
        db.commit()
        db.close()

    def no_key(s):
        os.unlink(os.path.join(s.state, 'device.key'))

    def other_key(s):
        with Suite() as other:
            for name in ('device.key',):
                shutil.copy(os.path.join(other.state, name), s.state)

    cases = [(header, 'not a database'), (last_row, 'row '),
        (newer, 'newer version'), (foreign, 'another program'),
        (no_key, 'device.key'), (other_key, 'device')]
    suites = []
    try:
        for damage, words in cases:
            s = Suite()
            suites.append(s)
            s.init()
            s.start()
            eq(s.post(TOOL, BODY).status, 200)
            s.stop()
            damage(s)
            s.before = digest(s.audit_db)
            s.start(wait=False)
        for s, (damage, words) in zip(suites, cases):
            name = damage.__name__
            try:
                code = s.proc.wait(60)
            except subprocess.TimeoutExpired:
                code = 0
            if code == 0:
                raise AssertionError('%s: did not end: %s' % (name,
                    s.log()[-2000:]))
            if words not in s.log():
                raise AssertionError('%s: %r is not in the log: %s' % (name,
                    words, s.log()[-2000:]))
            # log() is the log and what was said before it took over
            if 'in a row' in s.log() or s.log().count('exited 3') > 2:
                raise AssertionError('%s: tried again: %s' % (name,
                    s.log()[-2000:]))
            eq(digest(s.audit_db), s.before, 'the file of ' + name)
    finally:
        for s in suites:
            s.cleanup()


if __name__ == '__main__':
    lib.run([no_start])
