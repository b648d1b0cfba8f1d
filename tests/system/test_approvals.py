#!/usr/bin/env python3
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

"""What a person decides: the client's own question where it has one, an
approval of one exact call by somebody else where it has none."""

import contextlib
import fcntl
import glob
import pty
import termios

from principals import *
from test_hook import CALLS, hook, is_block, is_pass

GRAVE = 'echo highly-suspicious'
KEY = r'''  - id: TEST-KEY
    pattern: 'KEY-[A-Z0-9]{12}'
    title: "a key that is not blocked"
    severity: HIGH
    confidence: 0.8
    tags: [credential]
'''
MAX_ACTOR = 16          # auditd/approve.h
MAX_WRONG = 5           # auditd/passphrase.c

suite = None


@contextlib.contextmanager
def begun(mode, **keys):
    with Suite(mode) as s:
        s.write_pack(s.pack, {'command.yaml': RULES + KEY})
        for key, value in dict({'hilt.enabled': 'true'}, **keys).items():
            r = s.ctl('config', 'set', 'guardrail.' + key, str(value))
            eq(r.returncode, 0, r.stderr)
        s.start()
        yield s


def call(command=GRAVE, **more):
    return dict(CALLS['codex'](command), **more)


def ask(event=None, who=CLIENT, agent='codex', s=None):
    with act_as(who):
        a = (s or suite).post('/api/v1/%s/hook' % agent, event or call(),
            token=False, unix=True)
    eq(a.status, 200, a)
    return a.json


def approvals(s=None):
    code, text = (s or suite).control().request('MSG_CTL_APPROVALS')
    eq(code, CTL_OK, text)
    return json.loads(text)['approvals']


def decide(number, allow=1, who=OPERATOR, s=None):
    with act_as(who):
        c = (s or suite).control()
        code, text = c.request('MSG_CTL_APPROVE', struct.pack('=QII32s',
            number, allow, 0, b''))
        c.close()
    return code, text


def pending(event=None, **kw):
    """A new approval's number."""
    j = ask(event, **kw)
    eq((j['action'], j['raw_action'], j['approval']['state']), ('block',
        'confirm', 'pending'), j)
    return j['approval']['number']


def clients_that_ask():
    """The client's own question, in its words; nothing is kept here."""
    for agent, answer in (
            ('claude-code', {'hookSpecificOutput': {'hookEventName':
                'PreToolUse', 'permissionDecision': 'ask'}}),
            ('cursor', {'continue': True, 'permission': 'ask'}),
            ('openclaw', {'action': 'confirm', 'timeout_ms': 300000})):
        with act_as(CLIENT):
            rc, out, err = hook(suite, agent, CALLS[agent](GRAVE))
        eq((rc, err), (0, ''), agent)
        got = json.loads(out)
        words = got.get('hookSpecificOutput', got)
        said = [words.pop(k) for k in ('permissionDecisionReason',
            'user_message', 'agent_message', 'reason') if k in words]
        eq(got, answer, agent)
        assert said and all('TEST-HIGH' in w for w in said), said
        row = suite.wait_row("agent_name = ?", (agent,))
        eq(row['action'], 'inspect-tool-confirm')
        # what is grave enough to block is not asked about
        with act_as(CLIENT):
            bad = CALLS[agent](ATTACK)
            is_block(agent, bad, hook(suite, agent, bad))
    # Cursor asks about commands and MCP calls only
    with act_as(CLIENT):
        rc, out, err = hook(suite, 'cursor', {'hook_event_name':
            'preToolUse', 'conversation_id': 's1', 'tool_name': 'Write',
            'tool_input': {'content': GRAVE}})
    eq((rc, json.loads(out)['permission']), (2, 'deny'), out)
    eq(len(approvals()), 1)
    eq(decide(approvals()[0]['number'], 0)[0], CTL_OK)
    # by the route: who says that it asks is told to
    for surface, action in (('native', 'confirm'), ('other', 'block')):
        with act_as(CLIENT):
            j = suite.post('/api/v1/inspect/tool', {'tool': 'shell', 'args':
                {'command': GRAVE}, 'approval_surface': surface},
                token=False, unix=True).json
        eq((j['action'], j['raw_action'], j['would_block'], 'approval' in j,
            j.get('approval_timeout_ms')), (action, 'confirm', False,
            surface == 'other', 300000 if surface == 'native' else None), j)
    eq(decide(approvals()[1]['number'], 0)[0], CTL_OK)


def once():
    """Denied, pending, allowed, let through once, and asked for again."""
    with act_as(CLIENT):
        rc, out, err = hook(suite, 'codex', call())
    reason = is_block('codex', call(), (rc, out, err))
    row = [a for a in approvals() if a['state'] == 'pending'][0]
    n = row['number']
    assert 'approvals allow %d' % n in reason, reason
    eq((row['tool'], row['agent'], row['session'], row['asked_by'],
        row['severity'], row['request']), ('Bash', 'codex', 's1', 'uid:%d' %
        UIDS[CLIENT], 'HIGH', json.dumps({'command': GRAVE},
        separators=(',', ':'))))
    # again and again: the same one, and nothing passes
    for i in range(3):
        eq(pending(), n)
    r = suite.ctl('approvals', 'list')
    assert GRAVE in r.stdout and str(n) in r.stdout, r.stdout
    eq(decide(n)[0], CTL_OK)
    eq(decide(n)[0], CTL_NOT_FOUND, 'decided already')
    with act_as(CLIENT):
        is_pass('codex', hook(suite, 'codex', call()))
    eq([a for a in approvals() if a['number'] == n], [])
    again = pending()
    assert again != n
    eq(decide(again, 0)[0], CTL_OK)
    j = ask()
    eq((j['action'], j['approval']['state']), ('block', 'denied'), j)
    rows = suite.rows("action LIKE 'approval-%' AND details LIKE ?",
        ('%' + row_hash(n) + '%',))
    eq([(r['action'], r['actor'], r['tool_name'], r['session_id']) for r in
        rows], [(a, 'uid:%d' % UIDS[who], 'Bash', 's1') for a, who in (
        ('approval-ask', CLIENT), ('approval-allow', OPERATOR),
        ('approval-used', CLIENT), ('approval-ask', CLIENT),
        ('approval-deny', OPERATOR))])
    eq(rows[0]['seq'], n)


def row_hash(n):
    return suite.rows('seq = ?', (n,))[0]['details']['request_hash']


def bound():
    """One word that differs is another request."""
    event = call(session_id='bound')
    n = pending(event)
    eq(decide(n)[0], CTL_OK)
    others = [dict(event, tool_input={'command': GRAVE + ' '}),
        dict(event, tool_input={'command': GRAVE, 'timeout': 1}),
        dict(event, tool_name='Shell'), dict(event, cwd='/'),
        dict(event, session_id='bound2')]
    for e in others:
        assert pending(e) != n, e
    assert pending(event, agent='geminicli') != n
    assert pending(event, who=OPERATOR) != n
    # the same tool of another server; another mark is no other request
    asked = []
    for name, meta in (('one', {'progressToken': 1}), ('one',
            {'progressToken': 2}), ('one', {'other': 2}), ('two',
            {'progressToken': 1})):
        with act_as(CLIENT):
            a = suite.post('/api/v1/inspect/tool', {'tool': 'Bash',
                'args': {'command': GRAVE, '_meta': meta},
                'mcp_server_name': name}, token=False, unix=True)
        eq((a.status, a.json['action']), (200, 'block'), name)
        asked.append(a.json['approval']['number'])
    eq(asked[0], asked[1])
    eq(len(set(asked)), 3, asked)
    # what a client makes anew for each call is no part of it
    eq(ask(dict(event, turn_id='t2', tool_use_id='call_y'))['action'],
        'allow')
    for a in approvals():
        eq(decide(a['number'], 0)[0] in (CTL_OK, CTL_NOT_FOUND), True)


def taken_back():
    n = pending(call(session_id='back'))
    eq(decide(n)[0], CTL_OK)
    eq(decide(n, 0)[0], CTL_OK)
    eq(ask(call(session_id='back'))['approval']['state'], 'denied')


def who_may():
    """Operators, and of those not who asked."""
    n = pending(call(session_id='own'), who=OPERATOR)
    code, text = decide(n)
    eq(code, CTL_PERMISSION, text)
    assert 'another operator' in text, text
    # and there is no passphrase that would let them
    with act_as(OPERATOR):
        c = suite.control()
        eq(c.request('MSG_CTL_APPROVE', struct.pack('=QII32s', n, 1, 1,
            b'k'))[0], CTL_PERMISSION)
        eq(c.request('MSG_CTL_PASSPHRASE_SET', struct.pack('=16s32sII32s',
            b's', b'k', 0, 0, b''))[0], CTL_NOT_FOUND)
        c.close()
    eq(suite.ctl('approvals', 'passphrase').returncode, CTL_NOT_FOUND)
    suite.wait_row("action = 'request-refused' AND target = 'approval-own'"
        " AND actor = ?", ('uid:%d' % UIDS[OPERATOR],))
    for who in (CLIENT, AUDITOR):
        eq(decide(n, 1, who)[0], CTL_PERMISSION, who)
        eq(ask(call(session_id='own'), who=OPERATOR)['approval']['state'],
            'pending', who)
    r = suite.ctl('--json', 'approvals', 'allow', str(n))
    eq((r.returncode, json.loads(r.stdout)['state']), (0, 'allowed'), r)
    eq(ask(call(session_id='own'), who=OPERATOR)['action'], 'allow')
    eq(suite.ctl('approvals', 'allow', '1').returncode, CTL_NOT_FOUND)
    eq(suite.ctl('approvals', 'allow', '-1').returncode, CTL_USAGE)
    eq(suite.ctl('approvals', 'deny', 'x').returncode, CTL_USAGE)


def no_room():
    """One uid may ask for so many; another one is served."""
    for i in range(MAX_ACTOR):
        j = ask(call(session_id='flood%d' % i), who=CLIENT)
        if j['approval']['state'] == 'too-many':
            break
    j = ask(call(session_id='one more'))
    eq((j['action'], j['approval']), ('block', {'state': 'too-many'}), j)
    assert 'number' not in j['approval']
    suite.wait_row("action = 'request-refused' AND target = 'approval-flood'"
        " AND actor = ?", ('uid:%d' % UIDS[CLIENT],))
    eq(len([a for a in approvals() if a['asked_by'] == 'uid:%d' %
        UIDS[CLIENT]]), MAX_ACTOR)
    pending(call(session_id='another'), who=OPERATOR)


def deaths():
    """What waits, and what was allowed, outlives every process."""
    a, b = call(session_id='dead-a'), call(session_id='dead-b')
    n, m = pending(a, who=OPERATOR), pending(b, who=OPERATOR)
    eq(suite.ctl('approvals', 'allow', str(m)).returncode, 0)
    for role in ('gatewayd', 'auditd'):
        for pid in suite.pids(role):
            os.kill(pid, signal.SIGKILL)
    wait_for(lambda: tried(a) == n, 'pending again')
    eq(ask(b, who=OPERATOR)['action'], 'allow')
    eq(ask(b, who=OPERATOR)['approval']['state'], 'pending')
    suite.restart()
    eq(pending(a, who=OPERATOR), n)


def tried(event):
    try:
        with act_as(OPERATOR):
            r = suite.post('/api/v1/codex/hook', event, token=False,
                unix=True)
    except OSError:
        return None
    return r.json['approval'].get('number') if r.status == 200 else None


def not_shown():
    """What is long is cut, and a key is masked."""
    key = 'KEY-QX7ZK29PLM4T'
    for text, shown in (('echo ' + key, 'echo ' + '*' * len(key)),
            (GRAVE + ' ' + 'x' * 4000, GRAVE + ' ' + 'x' * 900)):
        n = pending(call(text, session_id='shown'), who=OPERATOR)
        row, = [a for a in approvals() if a['number'] == n]
        assert shown in row['request'] and key not in row['request'], row
        assert len(row['request']) < 1024
    # nothing of it is in the log
    for name in os.listdir(os.path.join(suite.state, 'audit')):
        if name.startswith('audit.db'):
            with open(os.path.join(suite.state, 'audit', name), 'rb') as f:
                assert key.encode() not in f.read(), name


def other_modes():
    """Off, and in observe mode, nobody is asked."""
    suite.ctl('config', 'set', 'guardrail.mode', 'observe')
    suite.reload()
    wait_for(lambda: ask(call(session_id='observe'), who=OPERATOR)['mode'] ==
        'observe', 'observe mode')
    j = ask(call(session_id='observe'), who=OPERATOR)
    eq((j['action'], j['raw_action'], j['would_block'], 'approval' in j),
        ('allow', 'confirm', False, False), j)
    suite.ctl('config', 'set', 'guardrail.mode', 'action')
    suite.ctl('config', 'set', 'guardrail.hilt.enabled', 'false')
    suite.reload()
    wait_for(lambda: ask(call(session_id='off'), who=OPERATOR)['mode'] ==
        'action', 'action mode')
    j = ask(call(session_id='off'), who=OPERATOR)
    eq((j['action'], j['raw_action'], 'approval' in j), ('allow', 'alert',
        False), j)


def deadline():
    """What nobody decides in time is denied, and what nobody uses in time
    is allowed no more."""
    with begun('user', **{'hilt.deadline_s': 10}) as s:
        a = s.post('/api/v1/codex/hook', call(), unix=True, token=False)
        n = a.json['approval']['number']
        r = s.ctl('approvals', 'allow', str(n))
        eq(r.returncode, CTL_PERMISSION, r.stderr)
        assert 'system mode' in r.stderr, r.stderr
        s.wait_row("action = 'approval-expired'")
        eq(approvals(s), [])
        m = s.post('/api/v1/codex/hook', call(), unix=True,
            token=False).json['approval']['number']
        assert m > n
        eq(s.ctl('approvals', 'allow', str(n)).returncode, CTL_NOT_FOUND)


OLD, NEW, BAD = 'Zq7 an old phrase', 'Zq7 a new phrase', 'Zq7 no phrase'


def typed(s, *words, args):
    """The command on a terminal of its own, to whose prompts the words are
    typed: its status, and all that the terminal shows."""
    ours, theirs = pty.openpty()
    p = subprocess.Popen([os.path.join(s.bin, 'defenseclawctl'), 'approvals',
        *args], env=s.env(), stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0,
        termios.TIOCSCTTY, 0))
    os.close(theirs)
    seen, left = '', list(words)
    try:
        while True:
            try:
                seen += os.read(ours, 1000).decode()
            except OSError:
                break
            if left and seen.endswith(': '):
                # the echo is off by then
                os.write(ours, left.pop(0).encode() + b'\n')
                seen += '\n'
    finally:
        os.close(ours)
        code = p.wait(CEILING)
    eq(left, [], seen)
    for word in words:
        eq(word in seen, False, seen)
    return code, seen


def passphrase():
    """With one uid it takes a passphrase, and that is known to who set it
    and asked for on a terminal only."""
    with begun('user') as s:
        def number(session):
            j = s.post('/api/v1/codex/hook', call(session_id=session),
                unix=True, token=False).json
            eq(j['action'], 'block', j)
            return str(j['approval']['number'])

        def said(result, status, text):
            eq((result[0], text in result[1]), (status, True), result)

        def wrongs():
            return len(s.rows("action = 'approval-passphrase-wrong'"))

        n = number('one')
        said(typed(s, args=('allow', n)), CTL_PERMISSION,
            'approvals passphrase')
        # no pipe, no argument, and not two that differ
        r = s.ctl('approvals', 'passphrase', input='%s\n%s\n' % (OLD, OLD))
        eq((r.returncode, 'terminal' in r.stderr), (CTL_PERMISSION, True), r)
        eq(s.ctl('approvals', 'passphrase', OLD).returncode, CTL_USAGE)
        said(typed(s, OLD, NEW, args=('passphrase',)), CTL_USAGE,
            'two passphrases')
        said(typed(s, 'short', args=('passphrase',)), CTL_USAGE, '8 to 255')
        eq(s.rows("action = 'approval-passphrase-set'"), [])
        said(typed(s, OLD, OLD, args=('passphrase',)), 0, 'is set')
        eq([r['actor'] for r in s.rows("action = 'approval-passphrase-set'")],
            ['uid:%d' % os.geteuid()])

        # without a terminal, by a key of nobody's, wrong, and right
        eq(s.ctl('approvals', 'allow', n, input=OLD + '\n').returncode,
            CTL_PERMISSION)
        code, text = s.control().request('MSG_CTL_APPROVE', struct.pack(
            '=QII32s', int(n), 1, 0, b''))
        eq((code, 'takes the passphrase' in text), (CTL_PERMISSION, True))
        eq(wrongs(), 0)
        said(typed(s, BAD, args=('allow', n)), CTL_PERMISSION,
            'not the passphrase')
        eq(number('one'), n)
        said(typed(s, OLD, args=('allow', n)), 0, 'is given')
        eq(s.post('/api/v1/codex/hook', call(session_id='one'), unix=True,
            token=False).json['action'], 'allow')
        eq(wrongs(), 1)

        # another takes the one before; it outlives a restart
        said(typed(s, BAD, NEW, NEW, args=('passphrase',)), CTL_PERMISSION,
            'not the passphrase')
        eq(s.control().request('MSG_CTL_PASSPHRASE_SET', struct.pack(
            '=16s32sII32s', b's', b'k', 0, 0, b''))[0], CTL_PERMISSION)
        said(typed(s, OLD, NEW, NEW, args=('passphrase',)), 0, 'is changed')
        s.restart()
        n = number('two')
        said(typed(s, OLD, args=('allow', n)), CTL_PERMISSION,
            'not the passphrase')
        said(typed(s, NEW, args=('allow', n)), 0, 'is given')

        # a few wrong ones, and not even the right one is looked at
        n, before = number('three'), wrongs()
        for i in range(MAX_WRONG):
            code, text = s.control().request('MSG_CTL_APPROVE', struct.pack(
                '=QII32s', int(n), 1, 1, b'guess %d' % i))
            eq((code, 'not the passphrase' in text), (CTL_PERMISSION, True))
        said(typed(s, NEW, args=('allow', n)), CTL_PERMISSION, 'wait a minute')
        eq(wrongs(), before + MAX_WRONG)
        eq(number('three'), n)
        eq(s.ctl('approvals', 'deny', n).returncode, 0)
        for path in glob.glob(os.path.join(s.state, '**'), recursive=True):
            if os.path.isfile(path):
                with open(path, 'rb') as f:
                    eq(b'Zq7' in f.read(), False, path)


def main():
    global suite
    need_root()
    run([deadline, passphrase])
    with begun('system') as suite:
        run([clients_that_ask, once, bound, taken_back, who_may, deaths,
            no_room, not_shown, other_modes])


if __name__ == '__main__':
    program(main)
