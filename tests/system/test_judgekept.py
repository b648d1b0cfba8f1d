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


"""What a judge wrote is kept beside the log, redacted and capped, until its
time is over; then it is gone from the files, and the log as it was.
"""

import hashlib
import json
import re
import sqlite3

from judges import *
from lib import *
from test_judge import KINDS, NOTHING, Model, answer, ask, ready, started
from test_sinks_chaos import Stepped

DAY = 86400
SECRET = 'hunter2-a-secret-of-the-text'


def show(s, row):
    r = s.ctl('audit', 'show', str(row['seq']), '--json')
    eq(r.returncode, 0, r.stderr)
    return json.loads(r.stdout)


def files(s):
    out = b''
    for end in ('', '-wal'):
        with open(s.audit_db + end, 'rb') as f:
            out += f.read()
    return out


def long_answer():
    got = answer('injection')
    got['Obfuscation'] = {'reasoning': 'it says ' + SECRET, 'label': True,
        SECRET: 5551234567, 'all': [1.5, None, [SECRET]],
        'more': [{'label': False, 'reasoning': SECRET + str(i)}
            for i in range(12)]}
    got[SECRET] = {'label': True}
    return got


def verify(s):
    return s.ctl('audit', 'verify')


def kept(s, model):
    """Rows with a hash, and their texts as they are shown."""
    ask(s, 'request', NOTHING)
    rows = s.wait_row("action = 'llm-judge-response' AND target = "
        "'injection'") and wait_for(lambda: (lambda r: len(r) == 3 and r)(
        s.rows("action = 'llm-judge-response'")), 'three answers')
    texts = []
    for row in rows:
        eq('body' in row['details'], False, row)
        eq(row['details']['body_days'], 7)
        got = show(s, row)
        eq(got['kept_state'], 'kept', got)
        text = got['kept_body']
        eq(hashlib.sha256(text.encode()).hexdigest(),
            row['details']['body_sha256'])
        eq(len(text.encode()), row['details']['body_kept'])
        for secret in (SECRET, '5551234567', '1.5,'):
            eq(secret in text, False, text)
        texts.append(text)
    longest = max(texts, key=len)
    # cut where a character ends
    eq(len(longest.encode()), 500)
    eq('"Obfuscation":{' in longest and '<redacted' in longest, True)
    eq(SECRET.encode() in files(s), False)
    return rows, longest


def exported(s, rows):
    path = os.path.join(s.dir, 'export.jsonl')
    r = s.ctl('audit', 'export', '--out', path, '--json')
    eq((r.returncode, json.loads(r.stdout)['bodies_left_out']), (0, 3),
        r.stderr)
    with open(path) as f:
        eq('<redacted len' in ''.join(line for line in f
            if 'llm-judge-response' in line), False)
    r = s.ctl('audit', 'verify', '--file', path)
    eq(r.returncode, 0, r.stderr)


def forgotten():
    model = Model()
    model.found = {'injection': long_answer()}
    with Stepped() as s:
        started(s, model, body_days=7)
        s.set_config('guardrail.retain_judge_bodies', 'true')
        s.start()
        ready(s)
        rows, text = kept(s, model)
        exported(s, rows)
        eq(verify(s).returncode, 0, verify(s).stderr)
        mark = re.search(r'sha=[0-9a-f]{8}', text).group().encode()
        eq(mark in files(s), True)
        # by another auditd, too
        s.restart()
        eq(show(s, rows[0])['kept_state'], 'kept')
        if s.clock is None:
            return
        s.step(6 * DAY)
        time.sleep(3)                   # it has looked
        eq([show(s, r)['kept_state'] for r in rows], ['kept'] * 3)
        s.step(8 * DAY)
        wait_for(lambda: [show(s, r)['kept_state'] for r in rows] ==
            ['expired'] * 3, 'the end of their time')
        eq('kept_body' in show(s, rows[0]), False)
        wait_for(lambda: mark not in files(s), 'the files without it')
        eq(s.rows("action = 'llm-judge-response'"), rows)
        eq(verify(s).returncode, 0, verify(s).stderr)
        eq(s.ctl('audit', 'verify', '--db', s.audit_db).returncode, 0)
        exported(s, rows)
        r = s.ctl('audit', 'show', str(rows[0]['seq']))
        eq(bool(re.search(r'kept_state:? +expired', r.stdout)), True,
            r.stdout)
    model.close()


def changed():
    """Who writes the file changes no answer unseen."""
    model = Model()
    with Suite() as s:
        started(s, model)
        s.set_config('guardrail.retain_judge_bodies', 'true')
        s.start()
        ready(s)
        ask(s, 'request', NOTHING)
        row = s.wait_row("action = 'llm-judge-response'")
        s.stop()
        db = sqlite3.connect(s.audit_db)
        db.execute("UPDATE kept_body SET body = '{}'")
        db.commit()
        db.close()
        s.start()
        eq(show(s, row)['kept_state'].startswith('changed'), True)
        r = s.ctl('audit', 'verify', '--db', s.audit_db)
        eq((r.returncode, 'not the one' in r.stdout + r.stderr), (1, True),
            r.stdout + r.stderr)
    model.close()


def failures_too():
    """What came of an answer that is none is kept as well."""
    model = Model()
    model.found = {'injection': 'I think that ' + SECRET + ' is fine'}
    with Suite() as s:
        started(s, model)
        s.set_config('guardrail.retain_judge_bodies', 'true')
        s.start()
        ready(s)
        got = ask(s, 'request', NOTHING)
        eq([c['status'] for c in got['explain']['calls']
            if c['kind'] == 'injection'], ['no-verdict'])
        row = s.wait_row("action = 'llm-judge-response' AND target = "
            "'injection'")
        eq(row['details']['status'], 'no-verdict', row)
        got = show(s, row)
        eq((got['kept_state'], SECRET in got['kept_body']), ('kept', False))
        eq(got['kept_body'].startswith('<redacted len='), True, got)
        # a body that is no answer at all
        model.judge.answer = lambda q: reply(503, b'<html>' +
            SECRET.encode() + b'</html>' + b'x' * 5000)
        ask(s, 'request', NOTHING + ' 2')
        row = s.wait_row("action = 'llm-judge-response' AND details LIKE "
            "'%503%'")
        got = show(s, row)
        eq((got['kept_state'], SECRET in got['kept_body']), ('kept', False))
        eq(row['details']['body_bytes'] <= 2048, True, row)
    model.close()


def nothing():
    """By default nothing is kept."""
    model = Model()
    with Suite() as s:
        started(s, model)
        s.start()
        ready(s)
        ask(s, 'request', NOTHING)
        eq(s.rows("action = 'llm-judge-response'"), [])
        db = sqlite3.connect('file:%s?mode=ro' % s.audit_db, uri=True)
        eq(db.execute('SELECT count(*) FROM kept_body').fetchone(), (0,))
        db.close()
    model.close()


def main():
    run([forgotten, changed, failures_too, nothing])


if __name__ == '__main__':
    program(main)
