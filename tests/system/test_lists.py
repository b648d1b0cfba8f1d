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


"""Block and allow lists: an answer means that every worker follows."""

import threading

from lib import *

TOOL = '/api/v1/inspect/tool'
WORKERS = 4
ROUNDS = 15

suite = None


class Worker:
    """One worker, whichever the kernel would have chosen."""

    def __init__(self, n):
        self.ctl = suite.control('gatewayd.%d' % n)

    def verdict(self, tool):
        code, text = self.ctl.request('MSG_CTL_CALL', wstr('POST') +
            wstr(TOOL) + json.dumps({'tool': tool}).encode())
        eq(code, CTL_OK, text)
        return json.loads(text)

    def listed(self):
        code, text = self.ctl.request('MSG_CTL_CALL', wstr('GET') +
            wstr('/enforce/blocked'))
        eq(code, CTL_OK, text)
        return sorted(e['target_name'] for e in json.loads(text))


def workers():
    return [Worker(n + 1) for n in range(WORKERS)]


def blocked(j):
    return j['findings'] == ['STATIC-BLOCK']


def everywhere_at_once():
    """Changes by control and by HTTP, each asked about at once of every
    worker, over control, kept and new connections."""
    ws = workers()
    operator = suite.control()
    kept = [suite.client(unix=i % 2 == 0) for i in range(8)]
    for round in range(ROUNDS):
        for block in (True, False):
            if round % 2:
                c = kept[round % len(kept)]
                a = c.request('POST' if block else 'DELETE',
                    '/enforce/block', {'target_type': 'tool',
                    'target_name': 'tool-x', 'reason': 'round'})
                eq(a.status, 200, a)
            else:
                code, text = operator.list_change('tool-x', OP_BLOCK if
                    block else OP_NONE)
                eq(code, CTL_OK, text)
                seq = operator.seq
            for w in ws:
                eq(blocked(w.verdict('tool-x')), block)
                eq(w.listed(), ['tool-x'] if block else [])
            for c in kept + [suite.client() for _ in range(6)]:
                a = c.post(TOOL, {'tool': 'tool-x'})
                eq(blocked(a.json), block, a)
                row = suite.rows('seq = ?',
                    (int(a.headers['x-defenseclaw-audit-seq']),))[0]
                if not round % 2:
                    eq(row['generation'], seq, 'generation of a verdict')
                if c not in kept:
                    c.close()
    rows = suite.rows("action IN ('tool-block', 'api-enforce-block', "
        "'tool-unblock', 'api-enforce-unblock')")
    eq(len(rows), 2 * ROUNDS)
    eq({r['target'] for r in rows}, {'tool-x'})
    # every one of them decided something
    for n in range(WORKERS):
        state = json.loads(suite.control('gatewayd.%d' % (n + 1)).request(
            'MSG_CTL_STATUS')[1])
        assert state['verdicts'] >= 2 * ROUNDS, state


def generations():
    """They rise with each change, and a change that changes nothing is in
    force at the one before."""
    c = suite.control()
    seen = []
    for op in (OP_BLOCK, OP_ALLOW, OP_NONE):
        eq(c.list_change('gen', op)[0], CTL_OK)
        seen.append(c.generation)
        eq(suite.rows('seq = ?', (c.seq,))[0]['target'], 'gen')
    eq(seen, sorted(set(seen)))
    eq(c.list_change('gen', OP_BLOCK)[0], CTL_OK)
    before = c.generation
    eq(c.list_change('gen', OP_BLOCK)[0], CTL_OK)
    assert c.generation >= before
    eq(c.list_change('gen', OP_NONE)[0], CTL_OK)


def many_at_once():
    """Changes from everywhere: all answered, all in force, none lost."""
    failures, names = [], []

    def change(n):
        try:
            if n % 2:
                c = suite.client(unix=n % 4 == 1)
                for i in range(10):
                    a = c.post('/enforce/block', {'target_type': 'tool',
                        'target_name': 'many-%d-%d' % (n, i)})
                    eq(a.status, 200, a)
            else:
                c = suite.control()
                for i in range(10):
                    eq(c.list_change('many-%d-%d' % (n, i), OP_BLOCK)[0],
                        CTL_OK)
        except BaseException as e:
            failures.append(e)

    threads = [threading.Thread(target=change, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(CEILING)
    eq(failures, [])
    names = sorted('many-%d-%d' % (n, i) for n in range(8)
        for i in range(10))
    for w in workers():
        eq(w.listed(), names)
    c = suite.control()
    for name in names:
        eq(c.list_change(name, OP_NONE, was=OP_BLOCK)[0], CTL_OK)
    for w in workers():
        eq(w.listed(), [])


def stopped_worker():
    """One that does not follow is replaced, and the answer still comes;
    nobody is told a thing that is not so."""
    for http in (False, True):
        before = suite.pids('gatewayd')
        victim = before[-1]
        name = 'stopped-%d' % http
        # by a worker that runs: connections of the other may hang
        other = [p['instance'] for p in json.loads(suite.control().request(
            'MSG_CTL_STATUS')[1])['processes'] if p['pid'] == before[0]][0]
        os.kill(victim, signal.SIGSTOP)
        try:
            if http:
                ctl = suite.control(other)
                code, text = ctl.request('MSG_CTL_CALL', wstr('POST') +
                    wstr('/enforce/block') + json.dumps({'target_type':
                    'tool', 'target_name': name}).encode())
            else:
                code, text = suite.control().list_change(name, OP_BLOCK)
            eq(code, CTL_OK, text)
            # whoever answers from now on follows
            for _ in range(20):
                a = suite.post(TOOL, {'tool': name})
                assert blocked(a.json), a
            assert not alive(victim), 'the stopped one is still there'
        finally:
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_for(lambda: len(suite.pids('gatewayd')) == WORKERS and
            victim not in suite.pids('gatewayd'), 'replaced')
        eq(len(set(before) & set(suite.pids('gatewayd'))), WORKERS - 1)

        def all_follow():
            try:
                return all(blocked(w.verdict(name)) for w in workers())
            except (EOFError, OSError, AssertionError):
                return False        # it is only coming up
        wait_for(all_follow, 'the new one follows, too')
        suite.wait_row("action = 'role-death' AND actor IS NOT NULL AND "
            "details LIKE '%%%d%%'" % victim)
    assert 'does not follow the lists' in suite.log()


def durable():
    """What was answered is there after every death."""
    c = suite.control()
    eq(c.list_change('kept', OP_BLOCK, reason='keep it')[0], CTL_OK)
    os.kill(suite.pids('auditd')[0], signal.SIGKILL)

    def up():
        try:
            return suite.control().request('MSG_CTL_LIST')[0] == CTL_OK
        except (EOFError, OSError, AssertionError):
            return False
    wait_for(up, 'auditd is back')
    for w in workers():
        assert blocked(w.verdict('kept'))
    suite.kill()
    suite.start()
    for w in workers():
        assert blocked(w.verdict('kept'))
    entries = json.loads(suite.control().request('MSG_CTL_LIST')[1])[
        'entries']
    kept = [e for e in entries if e['target_name'] == 'kept']
    eq([(e['action'], e['reason']) for e in kept], [('block', 'keep it')])


def answer_after_a_death():
    """A change in the log whose answer auditd did not live to give: it is
    answered by the next one, and not done twice."""
    running, victim = suite.pids('gatewayd')[:2]
    other = [p['instance'] for p in json.loads(suite.control().request(
        'MSG_CTL_STATUS')[1])['processes'] if p['pid'] == running][0]
    body = json.dumps({'target_type': 'tool', 'target_name': 'twice'})
    for method, action in (('POST', 'api-enforce-block'),
            ('DELETE', 'api-enforce-unblock')):
        victim = [p for p in suite.pids('gatewayd') if p != running][0]
        ctl = suite.control(other)
        where = "action = '%s' AND target = 'twice'" % action
        os.kill(victim, signal.SIGSTOP)
        try:
            ctl.send(MSG['MSG_CTL_CALL'], wstr(method) +
                wstr('/enforce/block') + body.encode())
            suite.wait_row(where)
            os.kill(suite.pids('auditd')[0], signal.SIGKILL)
        finally:
            try:
                os.kill(victim, signal.SIGCONT)
            except ProcessLookupError:
                pass
        text = b''
        while True:
            t, _, data = ctl.recv()
            if t != MSG['MSG_CTL_TEXT']:
                break
            text += data
        text += data
        eq((t, struct.unpack_from('=I', data)[0]), (MSG['MSG_CTL_DONE'],
            CTL_OK), text)
        eq(len(suite.rows(where)), 1)
        wait_for(lambda: len(suite.pids('gatewayd')) == WORKERS, 'workers')


def changed_outside():
    """Entries that nobody made are found, and reported."""
    with Suite() as s:
        s.start()
        eq(s.control().list_change('made', OP_BLOCK)[0], CTL_OK)
        s.stop()
        db = sqlite3.connect(s.audit_db)
        verify = ('audit', 'verify', '--db', s.audit_db)
        eq(s.ctl(*verify).returncode, 0)
        for sql in ("UPDATE policy_list SET name = 'other'",
                "UPDATE policy_list SET name = 'made', action = 2",
                "UPDATE policy_list SET action = 1, seq = 1"):
            db.execute(sql)
            db.commit()
            r = s.ctl(*verify)
            eq(r.returncode, 1, sql)
            assert 'list entries' in r.stdout + r.stderr, r
        db.execute('INSERT INTO alert_ack VALUES(1, 1)')
        db.commit()
        db.close()
        s.start()
        row = s.wait_row("action = 'lists-unfounded'")
        eq(row['severity'], 'CRITICAL')
        eq((row['details']['list_entries'],
            row['details']['acknowledgements']), (1, 1))
        eq(s.post(TOOL, {'tool': 'x'}).status, 200)


def without_auditd():
    """No change and no verdict without a record, and none is half done."""
    pid = suite.pids('auditd')[0]
    os.kill(pid, signal.SIGSTOP)
    try:
        a = suite.post('/enforce/block', {'target_type': 'tool',
            'target_name': 'lost'})
        # sent and not answered: nobody knows
        eq(a.status, 504, a)
        assert 'outcome unknown' in a.json['error'], a
        a = suite.post(TOOL, {'tool': 'x'})
        eq(a.status, 503, a)
        assert 'audit' in a.json['error'], a
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: suite.post(TOOL, {'tool': 'x'}).status == 200, 'back')


def main():
    global suite
    with Suite(uid=UID if os.geteuid() == 0 else None) as suite:
        suite.set_config('gateway.workers', WORKERS)
        suite.set_config('gateway.allow_enforce', 'true')
        suite.start()
        run([everywhere_at_once, generations, many_at_once, stopped_worker,
            durable, answer_after_a_death, without_auditd])
        eq(suite.stop(), 0)
    run([changed_outside])


if __name__ == '__main__':
    program(main)
