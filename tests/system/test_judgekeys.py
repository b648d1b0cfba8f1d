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


"""The judge's key and a sink's token: from secrets/ or a credential of the
service manager, and what becomes of one that cannot be sent.
"""

import json
import os

from judges import *
from lib import *
from receivers import *
from test_judge_faults import asked, fails, judge_pid, starts, works
from test_sinks import configure, hec, secret, state

BAD = {'two lines': 'one\ntwo', 'a header of its own': 'one\r\nX-Evil: yes',
    'an escape': 'one\x1b[31m', 'nothing': '\n', 'NUL': 'one\0two'}


def refused(s, name):
    """Nothing of the front end's begins with it; the file is named."""
    for args in (('config', 'validate'), ('reload',), ('restart',)):
        r = s.ctl(*args)
        eq((r.returncode, s.secrets + '/' + name + ': must be one line' in
            r.stderr), (3, True), '%s: %s' % (args, r.stderr))


def keys_that_cannot_be_sent():
    judge = Judge()
    with Suite() as s:
        secret(s, 'judge-key', 'the-key')
        use(s, judge, key_secret='judge-key')
        s.start()
        starts(s)
        for what, key in BAD.items():
            seen = len(judge.questions)
            secret(s, 'judge-key', key)
            refused(s, 'judge-key')
            works(s, False)            # what runs keeps the key that it has
            eq(judge.questions[-1].headers['authorization'],
                'Bearer the-key', what)
            # who goes around the front end gets no dead process
            eq(s.reload()[0], 0, what)
            starts(s)
            seen = len(judge.questions)
            fails(s, 'bad-key', 'secrets/judge-key is not one line', what)
            pid = judge_pid(s)
            fails(s, 'bad-key')
            eq((judge_pid(s), len(judge.questions)), (pid, seen), what)
            secret(s, 'judge-key', 'the-key')
            eq(s.ctl('reload').returncode, 0)
            starts(s)
            works(s, False)
        eq(s.rows("action = 'role-death'"), [])
        # nor does a start
        s.stop()
        secret(s, 'judge-key', BAD['two lines'])
        s.start()
        starts(s)
        fails(s, 'bad-key', 'then reload')
    judge.close()


def tokens_that_cannot_be_sent():
    h = Receiver()
    with Suite() as s:
        configure(s, hec(s, 'away', h.port))
        secret(s, 'sink-away', BAD['a header of its own'])
        s.start()
        eq(s.post('/api/v1/inspect/request', '{"content":"a"}').status, 200)
        wait_for(lambda: 'secrets/sink-away is not one line' in
            json.dumps(state(s, 'away')), 'the reason')
        pids = s.pids('sink')
        refused(s, 'sink-away')
        eq((s.pids('sink'), len(h.requests)), (pids, 0))
        secret(s, 'sink-away', 'token-of-away')
        eq(s.ctl('reload').returncode, 0)
        wait_for(lambda: len(h.requests), 'what waited')
        eq(s.rows("action = 'role-death'"), [])
    h.close()


def a_credential():
    """As systemd's LoadCredential= gives it; it goes before a file, and a bad
    one is not made up for by an older file."""
    judge = Judge()
    with Suite() as s:
        creds = os.path.join(s.dir, 'credentials')
        os.mkdir(creds, 0o700)
        path = os.path.join(creds, 'judge-key')

        def credential(key):
            with open(path, 'w') as f:
                os.fchmod(f.fileno(), 0o400)
                f.write(key)

        def sent():
            works(s, False)
            return judge.questions[-1].headers['authorization']
        credential('of-the-manager')
        use(s, judge, key_secret='judge-key')
        s.start(env={'CREDENTIALS_DIRECTORY': creds})
        starts(s)
        eq(sent(), 'Bearer of-the-manager')
        secret(s, 'judge-key', 'of-a-file')
        eq(s.reload()[0], 0)
        starts(s)
        eq(sent(), 'Bearer of-the-manager')
        # a new one comes with a reload
        os.unlink(path)
        credential('of-the-manager-2')
        eq(s.reload()[0], 0)
        starts(s)
        eq(sent(), 'Bearer of-the-manager-2')
        os.chmod(path, 0o444)
        code, text = s.reload()
        eq((code, path in text and 'mode 0600' in text), (3, True), text)
        eq(sent(), 'Bearer of-the-manager-2')
        os.unlink(path)
        eq(s.reload()[0], 0)
        starts(s)
        eq(sent(), 'Bearer of-a-file')
        eq('of-the-manager' in s.log() + json.dumps(s.rows()), False)
    judge.close()


def main():
    run([keys_that_cannot_be_sent, tokens_that_cannot_be_sent, a_credential])


if __name__ == '__main__':
    program(main)
