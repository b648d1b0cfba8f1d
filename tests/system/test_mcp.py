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


"""`defenseclawctl mcp run' between a client and a scripted server: what may
pass comes byte for byte, what may not never does, and who waits is told.
"""

import grp
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time

import lib
from lib import ATTACK, SECRET, UID, Suite, eq, wait_for
from test_hook import Liar, answer_of

SERVER = os.path.join(lib.HERE, 'mcpserver.py')
# one that any account may start
PYTHON = '/usr/bin/python3' if os.path.exists('/usr/bin/python3') else \
    sys.executable
MIB = 1024 * 1024
BLOCKED, INVALID, PARSE = -32090, -32600, -32700
TOOLS = [[{'name': 'echo', 'description': 'Says it again', 'inputSchema':
    {'type': 'object', 'properties': {'text': {'type': 'string'}}}}]]


class Gate:
    """One client's end of a gate, and what its server has heard."""
    count = 0

    def __init__(self, suite, *opts, tools=TOOLS, name='notes', env=None,
            command=None, **kw):
        Gate.count += 1
        base = os.path.join(suite.dir, 'mcp%d' % Gate.count)
        self.file, self.tools = base + '.heard', base + '.tools'
        self.list(tools)
        with open(self.file, 'w'):
            pass
        os.chmod(self.file, 0o666)
        self.n = 0
        if command is None:
            shutil.copy(SERVER, base + '.py')
            os.chmod(base + '.py', 0o644)
            command = [PYTHON, base + '.py', self.file, self.tools]
        self.p = subprocess.Popen([os.path.join(suite.bin,
            'defenseclawctl'), 'mcp', 'run', *opts, name, '--', *command],
            env={**suite.env(), **(env or {})}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, **kw)
        self.buf = b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.p.kill()
        self.p.wait()
        for f in (self.p.stdin, self.p.stdout, self.p.stderr):
            f.close()

    def list(self, tools):
        with open(self.tools + '.new', 'w') as f:
            json.dump(tools, f)
        os.chmod(self.tools + '.new', 0o644)
        os.rename(self.tools + '.new', self.tools)

    def send(self, v):
        data = v if isinstance(v, bytes) else json.dumps(v).encode()
        data += b'\n'
        while data:
            data = data[os.write(self.p.stdin.fileno(), data):]

    def line(self):
        while b'\n' not in self.buf:
            if not select.select([self.p.stdout], [], [], lib.CEILING)[0]:
                raise AssertionError('nothing came')
            data = os.read(self.p.stdout.fileno(), 65536)
            if data == b'':
                raise AssertionError('the gate ended: %r' %
                    self.p.stderr.read())
            self.buf += data
        line, self.buf = self.buf.split(b'\n', 1)
        return line

    def recv(self):
        return json.loads(self.line())

    def ask(self, method, **params):
        """Its answer, with the id that was sent."""
        self.n += 1
        self.send({'jsonrpc': '2.0', 'id': self.n, 'method': method,
            'params': params})
        a = self.recv()
        eq((a['jsonrpc'], a['id']), ('2.0', self.n), a)
        return a

    def call(self, tool, **args):
        return self.ask('tools/call', name=tool, arguments=args)

    def heard(self):
        with open(self.file, 'rb') as f:
            return f.read()

    def end(self):
        """Status and standard error after the client has closed its end."""
        self.p.stdin.close()
        rest = self.p.stdout.read()
        eq(rest, b'')
        err = self.p.stderr.read().decode()
        return self.p.wait(lib.CEILING), err


def text_of(answer):
    return answer['result']['content'][0]['text']


def is_error(answer, code, word=''):
    e = answer['error']
    eq((set(answer), set(e), e['code']), ({'jsonrpc', 'id', 'error'},
        {'code', 'message'}, code), answer)
    eq(e['message'].startswith('DefenseClaw: '), True, e)
    eq(word in e['message'], True, e)


def works(g):
    eq(text_of(g.call('echo', text='fine')), 'fine')


def passes():
    with Suite() as suite:
        suite.start()
        with Gate(suite) as g:
            g.send(b'')
            a = g.ask('initialize', protocolVersion='2025-06-18',
                capabilities={}, clientInfo={'name': 't', 'version': '1'})
            eq(a['result']['serverInfo']['name'], 'scripted')
            g.send({'jsonrpc': '2.0', 'method':
                'notifications/initialized'})
            eq(g.ask('tools/list')['result']['tools'], TOOLS[0])
            # as it was written, both ways
            before = len(g.heard())
            odd = (b' {"params" :{"arguments":{"text":"\\u0041\xc3\xa9\\/"}'
                b',"name":"echo"},"method":"tools/call","id":"x y","jsonrpc"'
                b':"2.0" }\r')
            g.send(odd)
            eq(json.loads(g.line())['result']['content'][0]['text'],
                'A\xe9/')
            eq(g.heard()[before:], odd + b'\n')
            answer = '\t{"result":{"content" : []},"id":ID,"jsonrpc":"2.0"}\r'
            g.send({'jsonrpc': '2.0', 'id': 77, 'method': 'tools/call',
                'params': {'name': 'raw', 'arguments': {'line': answer,
                'only': True}}})
            eq(g.line(), answer.replace('ID', '77').encode())
            # an empty line is no message
            g.send(b'')
            g.send(b' \t')
            works(g)
            eq(g.call('stderr', text='words')['result']['content'][0][
                'text'], 'written')
            status, err = g.end()
            eq((status, err), (0, 'words'))
        rows = suite.rows("tool_name = 'echo' AND action = "
            "'inspect-tool-allow'")
        eq(len(rows), 2)
        eq(rows[0]['session_id'].startswith('mcp-'), True, rows[0])
        eq((rows[0]['details']['mcp_server'], rows[0]['actor']), ('notes',
            'uid:%d' % os.geteuid()))
        eq(len(suite.rows("action = 'inspect-tool-response-allow' AND "
            "tool_name = 'echo'")), 2)


def blocks():
    with Suite() as suite:
        suite.start()
        with Gate(suite) as g:
            works(g)
            before = g.heard()
            is_error(g.call('echo', text=ATTACK), BLOCKED, 'TEST-PIPE')
            # in a member that the protocol has not
            is_error(g.ask('tools/call', name='echo', extra=ATTACK,
                arguments={}), BLOCKED)
            is_error(g.ask('no/such/method', a=ATTACK), BLOCKED)
            is_error(g.ask('ping', a='x' * 300, b=ATTACK), BLOCKED)
            eq(g.heard(), before)
            rows = suite.rows("action = 'inspect-tool-block'")
            eq([r['target'] for r in rows], ['echo', 'echo',
                'no/such/method', 'ping'])
            eq(rows[0]['details']['mcp_server'], 'notes')
            # results and errors are the server's words to a model
            path = os.path.join(suite.dir, 'said')
            for v in ({'result': {'content': [{'type': 'text', 'text':
                    ATTACK}]}}, {'error': {'code': 1, 'message': SECRET}}):
                with open(path, 'w') as f:
                    json.dump(v, f)
                is_error(g.call('answer', file=path), BLOCKED, 'TEST-')
            with open(path, 'w') as f:
                f.write('run %s' % ATTACK)
            is_error(g.ask('resources/read', uri='file://' + path), BLOCKED)
            works(g)
            # a description that speaks to the model
            g.list([[dict(TOOLS[0][0], description='First: ' + ATTACK)]])
            is_error(g.ask('tools/list'), BLOCKED)
            # what the server asks of the client's model
            with open(path, 'w') as f:
                json.dump({'method': 'sampling/createMessage', 'params': {
                    'messages': [{'role': 'user', 'content': {'type':
                    'text', 'text': ATTACK}}], 'maxTokens': 9}}, f)
            refused = json.loads(text_of(g.call('ask', file=path)))
            is_error(refused, BLOCKED)
            eq(refused['id'][0], 's')
            # and what the client tells it
            with open(path, 'w') as f:
                json.dump({'method': 'elicitation/create', 'params':
                    {'message': 'who?'}}, f)
            g.n += 1
            g.send({'jsonrpc': '2.0', 'id': g.n, 'method': 'tools/call',
                'params': {'name': 'ask', 'arguments': {'file': path}}})
            a = g.recv()
            eq(a['method'], 'elicitation/create')
            g.send({'jsonrpc': '2.0', 'id': a['id'], 'result': {'action':
                'accept', 'content': {'key': SECRET}}})
            is_error(json.loads(text_of(g.recv())), BLOCKED)
            eq(SECRET.encode() in g.heard(), False)
            # a word of the server's that nobody waits for
            with open(path, 'w') as f:
                json.dump({'method': 'notifications/message', 'params':
                    {'level': 'info', 'data': ATTACK}}, f)
            eq(text_of(g.call('say', file=path)), 'said')
            status, err = g.end()
            eq((status, ATTACK in err), (0, False), err)


def lists():
    with Suite() as suite:
        suite.start()
        with Gate(suite) as g, Gate(suite, name='others') as other:
            for name in ('echo', 'mcp__notes__echo'):
                works(g)
                eq(suite.ctl('tool', 'block', name).returncode, 0)
                before = g.heard()
                is_error(g.call('echo', text='x'), BLOCKED, 'block list')
                eq(g.heard(), before)
                if name == 'echo':
                    eq(suite.ctl('tool', 'unblock', name).returncode, 0)
            works(other)
            eq(suite.ctl('tool', 'unblock', name).returncode, 0)
            eq(suite.ctl('mcp', 'block', 'notes', '--reason',
                'x').returncode, 0)
            is_error(g.ask('initialize'), BLOCKED, 'block list')
            is_error(g.call('stderr', text='x'), BLOCKED)
            works(other)
            eq('notes' in suite.ctl('tool', 'list').stdout, True)
            eq(suite.ctl('mcp', 'unblock', 'notes').returncode, 0)
            works(g)
            # an allowed server's grave words are blocked all the same
            eq(suite.ctl('mcp', 'allow', 'notes').returncode, 0)
            is_error(g.call('echo', text=ATTACK), BLOCKED)


# what no client may say: the line, and the code and id of the answer
BAD = [
    (b'nonsense', PARSE, None),
    (b'{"jsonrpc":"2.0","id":901,"method":"ping"', PARSE, 901),
    (b'{"jsonrpc":"2.0","id":902,"method":"ping"}}', PARSE, None),
    (b'{"jsonrpc":"2.0","id":1,"method":"ping"}{"jsonrpc":"2.0","id":2,'
        b'"method":"ping"}', PARSE, None),
    (b'{"jsonrpc":"2.0","id":903,"method":"tools/call","params":{"name":'
        b'"echo","name":"exit"}}', PARSE, 903),
    (b'{"jsonrpc":"2.0","id":904,"id":905,"method":"ping"}', PARSE, None),
    (b'{"jsonrpc":"2.0","id":906,"method":"ping","x":"\\ud800"}', PARSE,
        906),
    (b'{"jsonrpc":"2.0","id":907,"method":"ping","x":"\xff"}', PARSE, 907),
    (b'{"jsonrpc":"2.0","id":908,"method":"ping","x":' + b'[' * 100 +
        b']' * 100 + b'}', PARSE, 908),
    (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', INVALID, None),
    (b'[]', INVALID, None), (b'null', PARSE, None), (b'7', PARSE, None),
    (b'{"jsonrpc":"1.0","id":909,"method":"ping"}', INVALID, None),
    (b'{"id":909,"method":"ping"}', INVALID, None),
    (b'{"jsonrpc":"2.0","id":910,"method":"ping","Method":"tools/call"}',
        INVALID, None),
    (b'{"jsonrpc":"2.0","id":911,"method":"ping","result":{}}', INVALID,
        911),
    (b'{"jsonrpc":"2.0","id":911,"method":"tools/call","params":{"name":'
        b'"echo","Name":"exit"}}', INVALID, 911),
    (b'{"jsonrpc":"2.0","id":912,"method":"tools/call","params":{}}',
        INVALID, 912),
    (b'{"jsonrpc":"2.0","id":912,"method":"tools/call"}', INVALID, 912),
    (b'{"jsonrpc":"2.0","id":912,"method":"tools/call","params":[1]}',
        INVALID, 912),
    (b'{"jsonrpc":"2.0","id":912,"method":"tools/call","params":{"name":'
        b'7}}', INVALID, 912),
    (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', INVALID, None),
    (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', INVALID, None),
    (b'{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}', INVALID, None),
    (b'{"jsonrpc":"2.0","id":"' + b'x' * 500 + b'","method":"ping"}',
        INVALID, None),
    (b'{"jsonrpc":"2.0","id":913,"method":7}', INVALID, 913),
    (b'{"jsonrpc":"2.0","id":914,"method":""}', INVALID, 914),
    (b'{"jsonrpc":"2.0","id":915}', INVALID, 915),
    (b'{"jsonrpc":"2.0","params":{}}', INVALID, None),
    (b'{"jsonrpc":"2.0","id":916,"method":"x","params":{' + b','.join(
        b'"k%d":1' % i for i in range(100)) + b'}}', INVALID, 916),
    (b'{"jsonrpc":"2.0","method":"x","params":{"a":"' + b'y' * (5 * MIB) +
        b'"},"id":917}', PARSE, 917),
    (b'z' * (4 * MIB) + b'{"id":1}', PARSE, None),
]


def bad_clients():
    with Suite() as suite:
        suite.start()
        with Gate(suite) as g:
            works(g)
            before = g.heard()
            for line, code, id in BAD:
                g.send(line)
                a = g.recv()
                is_error(a, code)
                eq(a['id'], id, line[:200])
            # answers to nothing
            g.send({'jsonrpc': '2.0', 'id': 5, 'result': {}})
            eq(g.heard(), before)
            # an id that waits is nobody else's; both are its own kind
            slow = {'jsonrpc': '2.0', 'id': 50, 'method': 'tools/call',
                'params': {'name': 'sleep', 'arguments': {'seconds': 1}}}
            g.send(slow)
            g.send(dict(slow, params={'name': 'exit'}))
            a = g.recv()
            is_error(a, INVALID, 'under way')
            eq(a['id'], None)
            g.send({'jsonrpc': '2.0', 'id': '50', 'method': 'ping'})
            eq(text_of(g.recv()), 'slept')
            eq(g.recv()['id'], '50')
            # what is cancelled is answered no more
            g.send(dict(slow, id=51))
            g.send({'jsonrpc': '2.0', 'method': 'notifications/cancelled',
                'params': {'requestId': 51}})
            works(g)
            # cut off at the end
            before = g.heard()
            os.write(g.p.stdin.fileno(), b'{"jsonrpc":"2.0","id":7,'
                b'"method":"ping"}')
            g.p.stdin.close()
            is_error(g.recv(), PARSE, 'newline')
            eq(g.p.wait(lib.CEILING), 0)
            eq(g.heard(), before)


def bad_servers():
    with Suite() as suite:
        suite.start()
        with Gate(suite) as g:
            # nobody's answer: what comes after it does
            for line in ('Listening on port 80', '[]',
                    '{"jsonrpc":"2.0","id":4711,"result":{}}',
                    '{"jsonrpc":"2.0","id":null,"error":{"code":1,'
                    '"message":"x"}}',
                    '{"jsonrpc":"2.0","method":"x","method":"y"}',
                    '[{"jsonrpc":"2.0","id":ID,"result":{}}]'):
                eq(text_of(g.call('raw', line=line)), 'after', line)
            # this request's: it is answered by an error, and once
            for line in ('{"jsonrpc":"2.0","id":ID,"result":{},"result":1}',
                    '{"jsonrpc":"2.0","id":ID,"result":{}',
                    '{"jsonrpc":"2.0","id":ID,"result":{},"error":{}}',
                    '{"jsonrpc":"2.0","id":ID,"error":"x"}',
                    '{"jsonrpc":"2.0","id":ID,"result":{"a":"\xff"}}'):
                a = g.call('raw', line=line)
                eq(a['error']['code'] in (PARSE, INVALID), True, a)
                works(g)
            is_error(g.call('giant'), PARSE, '4 MiB')
            eq(text_of(g.call('twice')), 'one')
            works(g)
            status, err = g.end()
            eq(status, 0)
            eq('answers nothing' in err and 'array of messages' in err, True,
                err)


def ends():
    with Suite() as suite:
        suite.start()
        with Gate(suite) as g:
            works(g)
            g.send({'jsonrpc': '2.0', 'id': 2, 'method': 'tools/call',
                'params': {'name': 'exit', 'arguments': {'status': 7}}})
            eq((g.p.wait(lib.CEILING), g.p.stdout.read()), (7, b''))
        with Gate(suite) as g:
            g.send({'jsonrpc': '2.0', 'id': 2, 'method': 'tools/call',
                'params': {'name': 'kill', 'arguments': {'signal': 9}}})
            eq(g.p.wait(lib.CEILING), -9)
        # a signal is the server's
        for sig, status in ((signal.SIGTERM, -15), (signal.SIGINT, -2),
                (signal.SIGUSR1, 9)):
            with Gate(suite) as g:
                works(g)
                g.p.send_signal(sig)
                # Python makes an exception of SIGINT, and ends by it
                eq(g.p.wait(lib.CEILING), status)
        # somebody else holds the server's end of the pipe
        with Gate(suite) as g:
            eq(text_of(g.call('orphan', seconds=20)), 'made')
            start = time.monotonic()
            eq(g.p.wait(lib.CEILING), 5)
            eq(time.monotonic() - start < 15, True)
        # the client reads no more
        with Gate(suite) as g:
            works(g)
            g.p.stdout.close()
            g.send({'jsonrpc': '2.0', 'id': 9, 'method': 'ping'})
            g.p.wait(lib.CEILING)
        # the gate's first half is killed: neither other goes on
        with Gate(suite) as g:
            works(g)
            left = children(g.p.pid)
            eq(len(left), 2)
            g.p.kill()
            g.p.wait()
            wait_for(lambda: not any(map(lib.alive, left)), 'the end')
        # and when the second is, all is over
        with Gate(suite) as g:
            works(g)
            os.kill(confined(g.p.pid), signal.SIGKILL)
            eq(g.p.wait(lib.CEILING), 1)
        for command, status in ((['/nonexistent/x'], 127), (['/etc/passwd'],
                126), (['true'], 0), (['sh', '-c', 'exit 3'], 3)):
            with Gate(suite, command=command) as g:
                eq(g.p.wait(lib.CEILING), status, command)
        for args in (('mcp', 'run'), ('mcp', 'run', 'x'), ('mcp', 'run',
                'a/b', 'true'), ('mcp', 'run', '--fail-mode', 'x', 'a',
                'true'), ('mcp', 'run', 'x' * 65, 'true')):
            eq(suite.ctl(*args).returncode, 2, args)


def children(pid):
    with open('/proc/%d/task/%d/children' % (pid, pid)) as f:
        return [int(p) for p in f.read().split()]


def state(pid):
    with open('/proc/%d/status' % pid) as f:
        return dict(line.rstrip('\n').split(':\t', 1) for line in f
            if ':\t' in line)


def confined(pid):
    found, = [p for p in children(pid) if state(p)['Seccomp'] == '2']
    return found


def held():
    with Suite() as suite:
        suite.start()
        env = {'DEFENSECLAW_GATEWAY_TOKEN': SECRET, 'NOTES_API_KEY': 'k',
            'OPENCLAW_GATEWAY_TOKEN': SECRET}
        r, w = os.pipe()
        with Gate(suite, env=env, pass_fds=(r,)) as g:
            seen = json.loads(text_of(g.call('env')))
            names = set(seen['env'])
            eq(names & set(env), {'NOTES_API_KEY'})
            # its log and the listing itself
            eq(seen['fds'], ['0', '1', '2', '3', '4'])
            # who reads what both say holds nothing but their words
            second = confined(g.p.pid)
            eq(state(second)['NoNewPrivs'], '1')
            server, = [p for p in children(g.p.pid) if p != second]
            eq(state(server)['NoNewPrivs'], '0')
        os.close(r)
        os.close(w)


def nobody_answers():
    with Suite() as suite:
        with Gate(suite) as g:
            is_error(g.call('echo', text='x'), BLOCKED, 'not running')
            eq(g.ask('ping')['result'], {})
        with Gate(suite, '--fail-mode', 'open') as g:
            works(g)
            is_error(g.call('echo', text=ATTACK), BLOCKED, 'HOOK-DOWNLOAD')
            eq(ATTACK.encode() in g.heard(), False)
            # rows find their way when somebody listens again
            suite.start()
            works(g)
            rows = suite.rows("action IN ('hook-refused', 'hook-ungated')")
            # a call, the listing and its answer; a call and its answer; one
            eq([r['action'] for r in rows][-3:], ['hook-ungated',
                'hook-ungated', 'hook-refused'])
            eq(rows[-1]['target'], 'mcp:notes')
            # gone in the middle of a call: its result is not passed on
        with Gate(suite) as g:
            works(g)
            g.send({'jsonrpc': '2.0', 'id': 9, 'method': 'tools/call',
                'params': {'name': 'sleep', 'arguments': {'seconds': 1}}})
            wait_for(lambda: b'sleep' in g.heard(), 'the call')
            suite.stop()
            is_error(g.recv(), BLOCKED, 'not running')


def bad_answers():
    with Suite() as suite:
        path = suite.gateway_sock
        os.makedirs(os.path.dirname(path), exist_ok=True)
        allow = '{"action":"allow"}'
        for answer in (b'', b'garbage', answer_of(allow, length=3),
                answer_of('{}'), answer_of(allow, '500 Error'),
                answer_of(allow + allow), None):
            liar = Liar(path, answer)
            liar.start()
            try:
                with Gate(suite, '--timeout', '1') as g:
                    is_error(g.call('echo', text='x'), BLOCKED)
                    eq(g.heard(), b'')
                eq(liar.asked > 0, True)
            finally:
                liar.close()
                os.unlink(path)


def in_order():
    with Suite() as suite:
        suite.start()
        with Gate(suite) as a, Gate(suite) as b:
            for g in (a, b):
                for i in range(200):
                    g.send({'jsonrpc': '2.0', 'id': i, 'method':
                        'tools/call', 'params': {'name': 'echo', 'arguments':
                        {'text': ATTACK if i % 20 == 7 else str(i)}}})
            for g in (a, b):
                got = [g.recv() for _ in range(200)]
                eq(sorted(m['id'] for m in got), list(range(200)))
                for m in got:
                    eq('error' in m, m['id'] % 20 == 7, m)
                passed = [m['id'] for m in got if 'result' in m]
                eq(passed, sorted(passed))
            # neither waits for what the other has to read first
            big = 'x' * (3 * MIB)
            eq(text_of(a.call('echo', text=big)), big)


def tool(name, description='Does it', **more):
    return dict({'name': name, 'description': description, 'inputSchema':
        {'type': 'object'}}, **more)


def pins_of(suite):
    r = suite.ctl('mcp', 'pin', 'list', '--json')
    eq(r.returncode, 0, r.stderr)
    return {p['target_name']: len(p['reason'].split()) for p in
        json.loads(r.stdout)['pins']}


def changes(suite):
    return suite.rows("action = 'mcp-pin-changed'")


def pins():
    with Suite() as suite:
        suite.start()
        me = 'uid:%d' % os.geteuid()
        one, two = tool('one'), tool('two')
        with Gate(suite, tools=[[one, two]]) as g:
            # what is blocked for its words is no beginning
            g.list([[tool('one', ATTACK)]])
            is_error(g.ask('tools/list'), BLOCKED, 'TEST-PIPE')
            eq(pins_of(suite), {})
            g.list([[one, two]])
            eq(len(g.ask('tools/list')['result']['tools']), 2)
            eq(pins_of(suite), {me + '/notes': 2})
            row, = suite.rows("action = 'mcp-pin-allow'")
            eq((row['target'], row['actor'], row['details']['tools']),
                (me + '/notes', me, 2))
            # the same in any order of its members, or less of it
            g.list([[dict(reversed(list(two.items())))]])
            for _ in range(2):
                eq(len(g.ask('tools/list')['result']['tools']), 1)
            works(g)
            # another description, schema or annotation; one more tool
            for i, other in enumerate((tool('two', 'Does it, and more'),
                    tool('two', inputSchema={}), tool('two', annotations=
                    {'readOnlyHint': True}), tool('three'))):
                g.list([[one, other]])
                is_error(g.ask('tools/list'), BLOCKED, other['name'])
                row = changes(suite)[-1]
                eq((len(changes(suite)), row['severity'], row['target'],
                    len(row['details']['tools'])), (i + 1, 'HIGH', 'notes',
                    1))
            # nothing is called by a list that was refused
            before = g.heard()
            is_error(g.call('echo', text='x'), BLOCKED, 'three')
            eq(g.heard(), before)
            # nor does another client of this user get it, or after a start
            suite.restart()
            with Gate(suite, tools=[[one, other]]) as h:
                is_error(h.ask('tools/list'), BLOCKED, 'three')
            # an operator takes over what the row says, and nothing else
            seq = changes(suite)[-1]['seq']
            r = suite.ctl('mcp', 'pin', 'accept', str(seq))
            eq((r.returncode, 'three' in r.stdout), (0, True), r.stderr)
            eq(len(g.ask('tools/list')['result']['tools']), 2)
            works(g)
            g.list([[one, tool('two', inputSchema={})]])
            is_error(g.ask('tools/list'), BLOCKED, 'two')
            # or forgets all
            eq(suite.ctl('mcp', 'pin', 'forget', 'notes').returncode, 0)
            eq(len(g.ask('tools/list')['result']['tools']), 2)
            eq(pins_of(suite), {me + '/notes': 2})
            for args, status in ((('accept', '1'), lib.CTL_NOT_FOUND),
                    (('accept', '99999'), lib.CTL_NOT_FOUND), (('accept',
                    'x'), lib.CTL_USAGE), (('forget', 'x'),
                    lib.CTL_NOT_FOUND)):
                eq(suite.ctl('mcp', 'pin', *args).returncode, status, args)
            # pins are on no list that clients know
            eq(suite.get('/enforce/allowed').json, [])
            eq('notes' in suite.ctl('tool', 'list').stdout, False)
            eq(suite.post('/enforce/allow', {'target_type': 'mcp-pin',
                'target_name': 'x'}).status, 400)
            for bad in ({}, {'server': 'a/b', 'tools': []}, {'server': 'a',
                    'tools': {}}, {'server': 'a', 'tools': [{'name': 'x',
                    'sha256': 'A' * 64}]}, {'server': 'a', 'tools': [{
                    'name': 'x', 'sha256': 'a' * 65}]}, {'server': 'a',
                    'tools': [{'sha256': 'a' * 64}]}, {'server': 'a',
                    'tools': [{'name': 'x', 'sha256': 'a' * 64}] * 513}):
                eq(suite.post('/api/v1/mcp/pins', bad).status, 400)
        eq(suite.ctl('audit', 'verify').returncode, 0)


def pages():
    with Suite() as suite:
        suite.start()
        me = 'uid:%d/' % os.geteuid()
        three = [[tool('one')], [tool('two')], [tool('three')]]
        with Gate(suite, tools=three) as g:
            eq(g.ask('tools/list')['result']['nextCursor'], '1')
            g.ask('tools/list', cursor='1')
            eq(pins_of(suite), {})
            eq('nextCursor' in g.ask('tools/list', cursor='2')['result'],
                False)
            eq(pins_of(suite), {me + 'notes': 3})
            g.list([[tool('three')], [tool('two'), tool('four')]])
            eq('result' in g.ask('tools/list'), True)
            is_error(g.ask('tools/list', cursor='1'), BLOCKED, 'four')
        # a list that never ends is pinned where somebody calls, lists anew
        # or leaves
        for name in ('calls', 'lists', 'leaves'):
            with Gate(suite, tools=three, name=name) as g:
                g.ask('tools/list')
                eq(me + name in pins_of(suite), False)
                if name == 'calls':
                    works(g)
                elif name == 'lists':
                    g.ask('tools/list')
                else:
                    g.end()
                eq(pins_of(suite)[me + name], 1)
                if name == 'calls':
                    is_error(g.ask('tools/list', cursor='1'), BLOCKED, 'two')
        # more than is kept, and what is no list
        for tools, word in (([tool('t%d' % i) for i in range(513)], '512'),
                ([{'description': 'x'}], 'no name'), ({}, 'no list')):
            with Gate(suite, tools=[tools], name='many') as g:
                is_error(g.ask('tools/list'), BLOCKED, word)
        with Gate(suite, tools=[[tool('t%d' % i) for i in range(512)]],
                name='many') as g:
            eq(len(g.ask('tools/list')['result']['tools']), 512)
        # who has pinned too many is refused; others are not
        for i in range(256):
            a = suite.post('/api/v1/mcp/pins', {'server': 's%d' % i,
                'tools': [], 'complete': True}, unix=True, token=False)
            if a.status != 200:
                break
        eq((a.status, i > 240), (400, True), a)
        with Gate(suite, name='late') as g:
            is_error(g.ask('tools/list'), BLOCKED, 'pinned 256 servers')


def observe():
    with Suite() as suite:
        suite.set_config('guardrail.mode', 'observe')
        suite.start()
        with Gate(suite) as g:
            eq(text_of(g.call('echo', text=ATTACK)), ATTACK)
            g.ask('tools/list')
            g.list([[tool('other')]])
            eq(g.ask('tools/list')['result']['tools'], [tool('other')])
            works(g)
        eq(changes(suite)[0]['details']['action'], 'allow')
        eq(len(suite.rows("action = 'inspect-tool-block' AND tool_name = "
            "'echo'")), 1)


def in_system_mode():
    lib.need_root()
    with Suite('system') as suite:
        suite.start()
        member = grp.getgrnam('defenseclaw').gr_gid

        def gate(uid, groups):
            return Gate(suite, '--system', env=dict(HOME='/nonexistent'),
                preexec_fn=lambda: lib.become(uid, uid, groups))
        with gate(UID, [member]) as g:
            works(g)
            is_error(g.call('echo', text=ATTACK), BLOCKED, 'TEST-PIPE')
            row, = suite.rows("action = 'inspect-tool-block'")
            eq((row['actor'], row['tool_name']), ('uid:%d' % UID, 'echo'))
            # pinned for this user alone, who may not change it
            g.ask('tools/list')
            eq(pins_of(suite), {'uid:%d/notes' % UID: 1})
            g.list([[tool('other')]])
            is_error(g.ask('tools/list'), BLOCKED, 'other')
            seq = str(changes(suite)[0]['seq'])
            for args in (('accept', seq), ('forget', 'notes'), ('list',)):
                r = subprocess.run([os.path.join(suite.bin,
                    'defenseclawctl'), 'mcp', 'pin', *args],
                    capture_output=True, preexec_fn=lambda: lib.become(UID,
                    UID, [member]))
                eq(r.returncode, lib.CTL_PERMISSION, (args, r))
            with gate(UID + 2, [member]) as h:
                h.list([[tool('other')]])
                eq('result' in h.ask('tools/list'), True)
            r = suite.ctl('mcp', 'pin', 'forget', 'notes')
            eq((r.returncode, 'several' in r.stderr), (lib.CTL_USAGE, True))
            eq(suite.ctl('mcp', 'pin', 'accept', seq).returncode, 0)
            eq('result' in g.ask('tools/list'), True)
        with gate(UID + 1, []) as g:
            is_error(g.call('echo', text='x'), BLOCKED, 'group')
            eq(g.heard(), b'')


if __name__ == '__main__':
    lib.program(lambda: lib.run([passes, blocks, lists, bad_clients,
        bad_servers, pins, pages, ends, held, nobody_answers, bad_answers, in_order,
        observe, in_system_mode]))
