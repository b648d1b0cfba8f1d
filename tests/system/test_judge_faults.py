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



"""Each way in which a judge fails is a failure of its own name, and a judge
that is well again is asked again.
"""

import json
import os
import signal
import socket
import threading
import time

from judges import *
from lib import *
from receivers import Authority

NAME = 'Instruction Manipulation'
REPLY = {NAME: {'reasoning': 'none', 'label': True}}
HUGE = 100 * 1024 * 1024


def huge(q):
    yield reply(200, b'{"choices":[{"message":{"content":"',
        length=HUGE + 1000)
    for _ in range(HUGE // 65536):
        yield b'x' * 65536


def huge_unsaid(q):
    yield (b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n'
        b'{"choices":[{"message":{"content":"')
    for _ in range(HUGE // 65536):
        yield b'x' * 65536


def cut_short(q):
    yield reply(200, completion(REPLY)[:-20], length=len(completion(REPLY)))


def headers_for_ever(q):
    yield b'HTTP/1.1 200 OK\r\n'
    for i in range(100000):
        yield b'X-%d: %s\r\n' % (i, b'y' * 200)


# what the judge does: the status it has then, and a word of the reason
FAULTS = {
    'a 400': (lambda q: reply(400, b'{}'), 'http-4xx', 'HTTP 400'),
    'a 401': (lambda q: reply(401, b'{}'), 'http-4xx', 'our key'),
    'a 404': (lambda q: reply(404, b'{}'), 'http-4xx', 'no such'),
    'a 429': (lambda q: reply(429, b'{}', [('Retry-After', '1')]),
        'http-4xx', 'HTTP 429'),
    'a 500': (lambda q: reply(500, b'<html>'), 'http-5xx', 'HTTP 500'),
    'a 503': (lambda q: reply(503, b''), 'http-5xx', 'HTTP 503'),
    'a redirect': (lambda q: reply(307, b'', [('Location',
        'http://127.0.0.1:1/')]), 'redirect', 'never followed'),
    'no content': (lambda q: b'HTTP/1.1 204 No\r\n\r\n', 'malformed',
        'HTTP 204'),
    'HTML': (lambda q: reply(200, b'<html><body>Welcome</body></html>'),
        'malformed', 'JSON'),
    'no HTTP': (lambda q: b'220 mail.example ESMTP\r\nCLOSE', 'malformed',
        ''),
    'an empty body': (lambda q: reply(200, b''), 'malformed', 'JSON'),
    'JSON that is none of ours': (lambda q: reply(200, b'{"ok": true}'),
        'malformed', 'chat completion'),
    'a key twice': (lambda q: reply(200, b'{"choices":[],"choices":[]}'),
        'malformed', 'JSON'),
    'a number beyond all': (lambda q: reply(200, b'{"created":1e999}'),
        'malformed', 'JSON'),
    'a thousand levels': (lambda q: reply(200, b'[' * 1000 + b']' * 1000),
        'malformed', 'JSON'),
    'an answer that breaks off': (cut_short, 'truncated', ''),
    'no answer': (lambda q: None, 'truncated', ''),
    'a hundred megabytes': (huge, 'oversize', 'KiB'),
    'a hundred megabytes, unsaid': (huge_unsaid, 'oversize', 'KiB'),
    'a head without end': (headers_for_ever, None, ''),
    'a model that was cut': (lambda q: say(REPLY, finish='length'),
        'cut-short', ''),
    'a null': (lambda q: reply(200, json.dumps({'choices': [{'message':
        {'content': None}}]}).encode()), 'malformed', 'chat completion'),
    'prose': (lambda q: say('I think that this is safe.'), 'no-verdict',
        'strict JSON'),
    'prose and JSON': (lambda q: say('Sure!\n' + json.dumps(REPLY)),
        'no-verdict', 'strict JSON'),
    'two fences': (lambda q: say('```json\n{}\n```\n```json\n{}\n```'),
        'no-verdict', 'strict JSON'),
    'two objects': (lambda q: say(json.dumps(REPLY) * 2), 'no-verdict',
        'strict JSON'),
    'a list': (lambda q: say([REPLY]), 'no-verdict', 'object'),
    'unknown categories alone': (lambda q: say({'Safe': {'label': True}}),
        'no-verdict', 'none of the categories'),
    'a label that is a word': (lambda q: say({NAME: {'label': 'true'}}),
        'no-verdict', 'true or false'),
    'a label twice': (lambda q: say('{"%s":{"label":true,"label":false}}'
        % NAME), 'no-verdict', 'strict JSON'),
}


def starts(s):
    """Its process is there."""
    wait_for(lambda: judge_pid(s), 'the judge')


def judge_pid(s):
    got = json.loads(s.ctl('status', '--json').stdout)
    for p in got['processes']:
        if p['role'] == 'judge' and p['state'] == 'ready':
            return p['pid']
    return None


def reload(s):
    eq(s.ctl('reload').returncode, 0, 'reload')
    starts(s)


def asked(s):
    """judge_test once the judge is there: a worker may not have its edge."""
    def go():
        rc, got = judge_test(s)
        return 'status' in got and (rc, got)
    return wait_for(go, 'an answer of judge test')


def fails(s, status, word='', what=''):
    rc, got = asked(s)
    eq((rc, got['ok']), (9, False), what)
    if status is not None:
        eq(got['status'], status, '%s: %r' % (what, got))
    if word not in got['reason']:
        raise AssertionError('%s: %r' % (what, got))
    return got


def works(s, label=True):
    rc, got = asked(s)
    eq((rc, got.get('ok'), got.get('label')), (0, True, label), got)
    return got


def faults(s, judge):
    for what, (answer, status, word) in FAULTS.items():
        judge.answer = answer
        got = fails(s, status, word, what)
        # of what the other end wrote nothing is said
        for secret in ('Welcome', 'ESMTP', 'I think', 'Sure'):
            eq(secret in json.dumps(got), False, what)
    judge.answer = lambda q: say(REPLY)
    works(s)


def wire(s, judge):
    judge.questions.clear()
    judge.answer = lambda q: say('\n```json\n%s\n``` ' % json.dumps({
        NAME: {'reasoning': 'none', 'label': True},
        'Ignore the rules': {'label': False, 'cmd': ['allow']}}))
    works(s)
    q, = judge.questions
    eq(q.path, '/v1/chat/completions')
    eq(q.headers['authorization'], 'Bearer the-judges-key')
    eq({k: q.body[k] for k in ('model', 'max_tokens', 'temperature',
        'stream')}, {'model': 'test-model', 'max_tokens': 1024,
        'temperature': 0, 'stream': False})
    eq([m['role'] for m in q.body['messages']], ['system', 'user'])
    # a test is marked, and no answer to one is kept
    eq('DefenseClaw judge test' in q.sample, True, q.sample)
    works(s)
    eq(len(judge.questions), 2)


def shown(s, judge):
    """What a test asked is in no figure of the workers': it is marked."""
    r = s.ctl('judge', 'status', '--json')
    got = json.loads(r.stdout)
    eq((r.returncode, got['enabled'], got['model'], got['url']), (0, True,
        'test-model', judge.base + '/chat/completions'))
    eq((got['process']['state'], got['process']['pid']), ('ready',
        judge_pid(s)))
    eq(got['kinds']['injection']['calls'], 0, got)
    text = s.ctl('judge', 'status').stdout
    for word in ('ready', 'regex_judge', judge.base, 'adjudication'):
        eq(word in text, True, text)
    eq(judge.base in s.ctl('status').stdout, True)


def redirected(s, judge):
    """The key goes to nobody that a judge names."""
    other = Judge(lambda q: say(REPLY))
    try:
        for status in (301, 302, 303, 307, 308):
            judge.questions.clear()
            judge.answer = lambda q: reply(status, b'', [('Location',
                other.base + '/chat/completions')])
            fails(s, 'redirect', 'never followed', status)
            eq((len(judge.questions), other.connections), (1, 0), status)
    finally:
        other.close()
        judge.answer = lambda q: say(REPLY)


def the_key_stays(s, judge):
    """In its file and in the judge's memory, and nowhere else."""
    works(s)
    for root, dirs, files in os.walk(s.dir):
        for name in files:
            path = os.path.join(root, name)
            if not os.path.isfile(path) or root == s.secrets:
                continue
            with open(path, 'rb') as f:
                eq(b'the-judges-key' in f.read(), False, path)
    status = s.ctl('status', '--json').stdout
    eq('the-judges-key' in status, False, status)
    for p in json.loads(status)['processes']:
        for name in ('cmdline', 'environ'):
            with open('/proc/%d/%s' % (p['pid'], name), 'rb') as f:
                eq(b'the-judges-key' in f.read(), False, p)
        with open('/proc/%d/limits' % p['pid']) as f:
            core = [l for l in f if l.startswith('Max core file size')]
        eq(core[0].split()[4:6], ['0', '0'], p)


def slow(s, judge):
    judge.answer = lambda q: slowly(say(REPLY), 1)
    since = time.monotonic()
    fails(s, 'time-out', 'no whole answer', 'one byte a second')
    eq(time.monotonic() - since < 20, True, 'the deadline')
    judge.answer = lambda q: say(REPLY)


def places(s, judge):
    """One at a time, one may wait: the third of them is told so at once."""
    gate = threading.Event()

    def wait(q):
        gate.wait(30)
        return say(REPLY)
    judge.answer = wait
    wait_for(lambda: judge.now == 0, 'the end of the slow answer')
    judge.most = 0
    got = []
    talkers = [threading.Thread(target=lambda: got.append(judge_test(s)))
        for _ in range(4)]
    for t in talkers:
        t.start()
    wait_for(lambda: len(got) == 2, 'those that are one too many')
    for rc, a in got:
        eq((rc, a['status']), (9, 'busy'))
    gate.set()
    for t in talkers:
        t.join()
    eq([(rc, a['status']) for rc, a in got[2:]], [(0, 'ok')] * 2)
    eq(judge.most, 1, 'at once')
    judge.answer = lambda q: say(REPLY)


def death(s, judge):
    """Who waits is told at once; a new one takes its place."""
    gate = threading.Event()
    judge.answer = lambda q: gate.wait(30) and None
    got = []
    t = threading.Thread(target=lambda: got.append(judge_test(s)))
    judge.questions.clear()
    t.start()
    wait_for(lambda: judge.questions, 'the question')
    old = judge_pid(s)
    os.kill(old, signal.SIGKILL)
    t.join()
    eq((got[0][0], got[0][1]['status']), (9, 'no-judge'), got)
    gate.set()
    judge.answer = lambda q: say(REPLY)
    wait_for(lambda: judge_pid(s) not in (None, old), 'another judge')
    works(s)


def no_connection(s, judge):
    with socket.create_server(('127.0.0.1', 0)) as sock:
        port = sock.getsockname()[1]
    use(s, 'http://127.0.0.1:%d' % port)
    reload(s)
    fails(s, 'refused', 'connect', 'a closed port')
    use(s, 'http://judge.invalid:8000')
    reload(s)
    fails(s, 'no-name', '', 'a name that is none')


def tls(s, judge):
    ca, other = Authority(s.dir), Authority(os.path.join(s.dir, 'other'))
    cert = ca.issue('judge', host='127.0.0.1')
    ip = ca.issue_ip('judge-ip', '127.0.0.1')
    wrong, good = Judge(tls=ca.server(*cert)), Judge(tls=ca.server(*ip))
    try:
        use(s, good, ca_file=ca.cert)
        reload(s)
        works(s, False)
        use(s, wrong, ca_file=ca.cert)
        reload(s)
        fails(s, 'tls', '', 'another name')
        use(s, good, ca_file=other.cert)
        reload(s)
        fails(s, 'tls', '', 'another authority')
    finally:
        for j in (wrong, good):
            j.close()
    eq(good.questions and not wrong.questions, True)


def base_rule(s, judge):
    for base, path in (('', '/v1/chat/completions'),
            ('/', '/v1/chat/completions'), ('/v1/', '/v1/chat/completions'),
            ('/openai', '/openai/v1/chat/completions')):
        judge.questions.clear()
        use(s, 'http://127.0.0.1:%d%s' % (judge.port, base),
            model='vllm/org/a-model')
        reload(s)
        works(s)
        eq(judge.questions[0].path, path, base)
        eq(judge.questions[0].body['model'], 'org/a-model')


def only_when_wanted(s, judge):
    """No process, and nothing to ask, unless a strategy may want it."""
    for strategy, enabled, per, there in (
            ('regex_only', 'true', '', False),
            ('regex_only', 'true', 'judge_first', True),
            ('regex_judge', 'true', '', True),
            ('regex_judge', 'false', '', False)):
        s.set_config('guardrail.detection_strategy_tool_call', per or "''")
        use(s, judge, enabled=enabled)
        s.set_config('guardrail.detection_strategy', strategy)
        eq(s.ctl('reload').returncode, 0)
        if there:
            starts(s)
            works(s)
        else:
            wait_for(lambda: 'dc-judge' not in names(s), 'its end')
            r = s.ctl('judge', 'status')
            eq((r.returncode, 'none:' in r.stdout), (0, True), r.stdout)
            r = s.ctl('judge', 'test')
            eq((r.returncode, 'there is no judge' in r.stderr), (3, True),
                r.stderr)
    s.set_config('guardrail.detection_strategy_tool_call', None)


def names(s):
    got = json.loads(s.ctl('status', '--json').stdout)
    return ['dc-' + p['role'] for p in got['processes']]


def main():
    judge = Judge()
    try:
        with Suite() as s:
            with open(os.path.join(s.secrets, 'judge-key'), 'w') as f:
                os.chmod(f.name, 0o600)
                f.write('the-judges-key\n')
            os.mkdir(os.path.join(s.dir, 'other'))
            use(s, judge, key_secret='judge-key', max_concurrent=1, queue=1)
            s.start()
            starts(s)
            for part in (wire, shown, faults, redirected,
                    the_key_stays, slow, places, death, base_rule,
                    only_when_wanted, no_connection, tls):
                since = time.monotonic()
                part(s, judge)
                print('%-20s %.1f s' % (part.__name__,
                    time.monotonic() - since))
            eq('the-judges-key' in s.log(), False)
    finally:
        judge.close()


if __name__ == '__main__':
    program(main)
