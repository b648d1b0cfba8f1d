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


"""What a client may do wrong: it is told, it is recorded, and no other
client notices."""

import resource
import threading

from lib import *

INSPECT = b'/api/v1/inspect/tool'
EVENT = b'/audit/event'
MB = 1024 * 1024
IDLE = 10000
SLOW = 20
HEAD_SECONDS = 10       # a head must be whole after that
SOAK = os.environ.get('DC_SOAK') == '1'

suite = None
bystander = None
sent = {}               # what was done wrong, how often: the log must agree


class Bystander(threading.Thread):
    """An honest client, over TCP and the Unix socket, that must never be
    hurt by what happens beside it."""

    def __init__(self):
        super().__init__(daemon=True)
        self.served = 0
        self.failure = None
        self.done = False

    def run(self):
        try:
            clients = [suite.client(), suite.client(unix=True)]
            while not self.done:
                for c in clients:
                    a = c.post(INSPECT.decode(), {'tool': 'shell', 'args':
                        {'command': ATTACK}})
                    eq((a.status, a.json['action']), (200, 'block'))
                    self.served += 1
                time.sleep(0.002)
        except BaseException as e:
            self.failure = e

    def check(self):
        """It is served now, not only before."""
        before = self.served
        wait_for(lambda: self.failure or self.served > before + 2,
            'another client is served')
        if self.failure:
            raise AssertionError('another client noticed: %r' % self.failure)


def head(*lines, path=INSPECT, method=b'POST', host=b'localhost',
        version=b'HTTP/1.1'):
    return b'\r\n'.join([b'%s %s %s' % (method, path, version),
        b'Host: ' + host, b'Authorization: Bearer ' + suite.token().encode(),
        b'X-DefenseClaw-Client: t', b'Content-Type: application/json',
        *lines, b'', b''])


def whole(body, path=INSPECT):
    return head(b'Content-Length: %d' % len(body), path=path) + body


def refused(data, status, reason=None, **kw):
    got = parse_answers(suite.raw(data, **kw))[0]
    eq([a.status for a in got], [status], data[:300])
    if reason is not None:
        sent[reason] = sent.get(reason, 0) + 1
    bystander.check()
    return got[0]


def sanity():
    a = parse_answers(suite.raw(whole(b'{"tool":"x"}')))[0][0]
    eq((a.status, a.json['action']), (200, 'allow'))
    a = parse_answers(suite.raw(head(b'Transfer-Encoding: chunked') +
        b'5\r\n{"too\r\n7\r\nl":"x"}\r\n0\r\n\r\n'))[0][0]
    eq((a.status, a.json['action']), (200, 'allow'))


def malformed_json():
    deep = 100000
    for body in (b'', b' ', b'[' * deep, b'[' * deep + b']' * deep,
            b'{"tool":' + b'[' * deep, b'{"a":' * deep,
            b'{"tool":"x","args":' + b'[' * 2000 + b']' * 1999 + b'}',
            b'{"tool":"x","tool":"y"}',             # the same name twice
            b'{"tool":"x","Tool":"y"}', b'{"tool":"x","args":{},"ARGS":1}',
            b'{"tool":"x","args":{"a":1,"a":2}}',
            b'{"tool":"x","\\u0074ool":"y"}',
            b'{"tool":"x"} {}', b'{"tool":"x"}x',   # something behind it
            b'{"tool":"\xff"}', b'{"tool":"\xc3"}', # not UTF-8
            b'{"tool":"\xc0\xaf"}', b'{"tool":"\xe0\x80\xaf"}',
            b'{"tool":"\xed\xa0\x80"}', b'{"tool":"\xf5\x80\x80\x80"}',
            b'\xef\xbb\xbf{"tool":"x"}', b'\xff\xfe{\x00',
            b'{"tool":"x\x00y"}', b'\x00', b'{"tool":"\\u0000"',
            b'{"tool":"\\u000"}', b'{"tool":"x","args":1e999,}',
            b'{"tool":"x","args":1e999}}', b'[1e999]', b'["\\u0000"]',
            b'{"tool":"a\nb"}', b'{"tool":"a\x1fb"}', b"{'tool':'x'}",
            b'{"tool":"x"/* */}', b'{"tool":"x"}//', b'#\n{"tool":"x"}',
            b'{"tool":"x","args":NaN}', b'{"tool":"x","args":Infinity}',
            b'{"tool":"x",}', b'{"tool":"x","args":[1,]}', b'{,}',
            b'{"tool":"x","args":01}', b'{"tool":"x","args":.5}',
            b'{"tool":"x","args":+1}', b'{"tool":"x","args":1.}',
            b'{"tool":"x","args":0x1}', b'{tool:"x"}', b'{"tool" "x"}',
            b'{"tool":"x"', b'{"tool":"x', b'{"tool":"\\x"}', b'{"tool":tru}',
            b'[]', b'"tool"', b'1', b'null', b'[{"tool":"x"}]'):
        a = refused(whole(body), 400)
        assert a.json['error'].startswith('invalid JSON body'), a
        assert len(a.body) < 1000, a
    # after a refused body the connection is as good as before
    data = suite.raw(whole(b'{') + whole(b'{"tool":"x"}'), n=2)
    eq([a.status for a in parse_answers(data)[0]], [400, 200])


def unreadable_json():
    """JSON that the reader has no value for: an error would be taken for
    leave to go on, so there is a verdict, and a row."""
    many = b''.join(b',"a%d":1' % i for i in range(100))
    deep = 100000
    for i, rest in enumerate((b',"args":"\\u0000"', b',"a\\u0000":1',
            b',"args":"\\ud800"', b',"args":"\\udc00\\ud800"',
            b',"args":1e999', b',"args":-1e999',
            b',"args":10000000000000000000',
            b',"args":' + b'[' * 64 + b']' * 64,
            b',"args":' + b'{"a":' * deep + b'1' + b'}' * deep,
            b',"args":[' + b'{},[],' * 200000 + b'1]', many)):
        body = b' {"tool":"x"' + rest + b'}\n'
        for path, row in ((INSPECT, 'tool'),
                (INSPECT.replace(b'tool', b'request'), 'request')):
            a = parse_answers(suite.raw(whole(body, path)))[0][0]
            eq((a.status, a.json['action'], a.json['raw_action'],
                a.json['severity'], a.json['findings']), (200, 'block',
                'block', 'HIGH',
                ['INDETERMINATE:the body could not be read']), rest[:80])
            r = suite.rows('seq = ?', (int(a.headers[
                'x-defenseclaw-audit-seq']),))[0]
            eq((r['action'], r['severity'], r['details']['rule_ids'],
                r['details']['indeterminate']), ('inspect-%s-block' % row,
                'HIGH', ['INDETERMINATE'], True))
        # where no verdict is asked for it is refused
        if len(body) < MB:
            refused(whole(body, EVENT), 400)
    bystander.check()


def batch_rows():
    """A row at fault gets an error in its place, every other the verdict
    the API gives."""
    args = '  ' + json.dumps({'command': ATTACK}).replace('curl', 'cu\\u0072l')
    texts = [ATTACK, 'ls', args, json.dumps(args), '{"a":1e999}', '[' * 70 +
        ']' * 70, '{"a":NaN,"b":"%s"}' % ATTACK, 'x ' * 100000 + ATTACK, '']
    rows, want = [], []
    for direction, path, member in (('tool_call', 'tool', 'args'),
            ('prompt', 'request', 'content'),
            ('completion', 'response', 'content')):
        for t in texts:
            rows.append(json.dumps({'id': str(len(rows)), 'text': t,
                'direction': direction, 'tool_name': 'shell'}))
            value = t
            if member == 'args' and t in (args, texts[4], texts[5]):
                body = '{"tool":"shell","args":%s}' % t
            else:
                body = json.dumps({'tool': 'shell', member: value})
            j = suite.post('/api/v1/inspect/' + path, body).json
            want.append((j['action'], j['raw_action'], j['severity']))
    bad = ['{', '{"id":"a"}', '{"id":"a","text":"x","direction":"up"}',
        json.dumps({'id': 'a', 'text': 'y' * (4 * MB)}), '{"id":1,"text":"x"}']
    path = os.path.join(suite.dir, 'rows')
    for lines, code in ((rows, CTL_OK), (bad + rows + bad, CTL_FAILURE)):
        with open(path, 'w') as f:
            f.write('\n'.join(lines) + '\n')
        os.chmod(path, 0o644)
        r = suite.ctl('inspect', 'batch', path)
        eq(r.returncode, code, r.stderr)
        got = [json.loads(line) for line in r.stdout.splitlines()]
        eq(len(got), len(lines))
        errors = [g for g in got if 'error' in g]
        eq(len(errors), len(lines) - len(rows), errors)
        eq([(g['action'], g['raw_action'], g['severity']) for g in got if
            'error' not in g], want)
    row = suite.rows("action = 'inspect-batch'")[-1]
    eq((row['details']['rows'], row['details']['malformed']),
        (len(rows) + 10, 10))


def too_large():
    for path, limit in ((INSPECT, 4 * MB), (EVENT, MB)):
        # refused on the head, before a byte of it is sent
        refused(head(b'Content-Length: %d' % (limit + 1), path=path), 413,
            'body-too-large')
        refused(head(b'Content-Length: 999999999999999', path=path), 413,
            'body-too-large')
        # a client that sends nevertheless still reads why
        refused(head(b'Content-Length: %d' % (limit + 1), path=path) +
            b'x' * (limit + 1), 413, 'body-too-large')
        refused(head(b'Content-Length: %d' % (limit + 1), b'Expect: '
            b'100-continue', path=path), 413, 'body-too-large')
        # the same in chunks, which do not say how much they will be
        refused(head(b'Transfer-Encoding: chunked', path=path) +
            b'%x\r\n' % (limit + 1), 413, 'body-too-large')
        refused(head(b'Transfer-Encoding: chunked', path=path) +
            (b'80000\r\n' + b' ' * 0x80000 + b'\r\n') * (limit // 0x80000) +
            b'1\r\n', 413, 'body-too-large')
        # what just fits is read
        body = b'{"tool":"x","action":"x"}'
        body += b' ' * (limit - len(body))
        eq(suite.raw_status(whole(body, path)), 200)
    refused(head(b'Content-Length: 1', path=b'/status', method=b'GET') +
        b'x', 413, 'body-too-large')


def smuggling():
    body = b'{"tool":"x"}'
    n = b'Content-Length: %d' % len(body)
    te = b'Transfer-Encoding: chunked'
    chunks = b'c\r\n' + body + b'\r\n0\r\n\r\n'
    # the second request in what a laxer reader would take for a body
    hidden = b'GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n'
    for lines, status, reason in (
            ([n, n], 400, 'two-content-length'),
            ([n, b'content-length: 0'], 400, 'two-content-length'),
            ([n, te], 400, 'cl-with-te'), ([te, n], 400, 'cl-with-te'),
            ([b'Content-Length: 12, 12'], 400, 'bad-content-length'),
            ([b'Content-Length: +12'], 400, 'bad-content-length'),
            ([b'Content-Length: -1'], 400, 'bad-content-length'),
            ([b'Content-Length: 0x0c'], 400, 'bad-content-length'),
            ([b'Content-Length: 1 2'], 400, 'bad-content-length'),
            ([b'Content-Length: '], 400, 'bad-content-length'),
            ([b'Content-Length:\t12'], 400, 'bad-content-length'),
            ([te, te], 400, 'two-te'),
            ([b'Transfer-Encoding: gzip, chunked'], 501, 'bad-te'),
            ([b'Transfer-Encoding: identity'], 501, 'bad-te'),
            ([b'Transfer-Encoding: chunked, identity'], 501, 'bad-te'),
            ([b'Transfer-Encoding: chunked, chunked'], 501, 'bad-te'),
            ([b'Transfer-Encoding: xchunked'], 501, 'bad-te'),
            ([b'Transfer-Encoding: "chunked"'], 501, 'bad-te'),
            ([b'Transfer-Encoding:\tchunked'], 501, 'bad-te'),
            ([b'Transfer-Encoding: chunked '], 501, 'bad-te'),
            ([b'Transfer-Encoding: '], 501, 'bad-te'),
            ([b'Transfer-Encoding : chunked'], 400, 'space-before-colon'),
            ([b'Content-Length : 12'], 400, 'space-before-colon'),
            ([b'Content-Length: 12\r\n 3'], 400, 'obs-fold'),
            ([n, b'X-A: b\r\n\tc'], 400, 'obs-fold'),
            ([n, b'X-A: b\nX-B: c'], 400, 'bare-lf'),
            ([n, b'X-A: b\rX-B: c'], 400, 'bare-cr'),
            ([n, b'X-A: b\0c'], 400, 'nul'), ([n, b'\0'], 400, 'nul'),
            ([n, b'X-A: b\x01c'], 400, 'bad-header-value'),
            ([n, b'X-A: b\x7fc'], 400, 'bad-header-value'),
            ([n, b'X-A'], 400, 'no-colon'),
            ([n, b': b'], 400, 'bad-header-name'),
            ([n, b'X(A): b'], 400, 'bad-header-name'),
            ([n, b'H\xc3\xb6st: b'], 400, 'bad-header-name'),
            ([n, b'Host: localhost'], 400, 'two-host'),
            ([n, b'host: evil.example'], 400, 'two-host'),
            ([n, b'Connection: close x'], 400, 'bad-connection'),
            ([n, b'Expect: 200-ok'], 417, 'bad-expect')):
        refused(head(*lines) + body + hidden, status, reason)
        refused(head(*lines) + chunks + hidden, status, reason, unix=True)
    for chunked in (b'x\r\n', b'\r\n', b'-1\r\n', b'0x1\r\n', b' 1\r\n',
            b'000000001\r\n', b'1\n', b'1\rx'):
        refused(head(te) + chunked + hidden, 400, 'bad-chunk-size')
    for chunked in (b'1;a=b\r\n', b'1 \r\n', b'c;\r\n'):
        refused(head(te) + chunked + hidden, 400, 'chunk-extension')
    refused(head(te) + b'1\r\nxy\r\n', 400, 'bad-chunk-end')
    refused(head(te) + b'1\r\nx\n', 400, 'bad-chunk-end')
    refused(head(te) + b'0\r\nX-Trailer: x\r\n\r\n', 400, 'chunk-trailer')
    # not one of the requests behind them was taken for one
    eq(suite.rows("action = 'request-refused' AND target = 'unauthorized'"),
        [])


def request_lines():
    ok = b'Host: localhost\r\n\r\n'
    for line, status, reason in (
            (b'GET /status\r\n', 400, 'bad-request-line'),
            (b'GET  /status HTTP/1.1\r\n', 400, 'bad-request-line'),
            (b'GET /status  HTTP/1.1\r\n', 400, 'bad-request-line'),
            (b' GET /status HTTP/1.1\r\n', 400, 'bad-request-line'),
            (b'GET\t/status HTTP/1.1\r\n', 400, 'bad-request-line'),
            (b'GET /status HTTP/1.1 \r\n', 400, 'bad-request-line'),
            (b'GET /sta tus HTTP/1.1\r\n', 400, 'bad-request-line'),
            (b'GET /status http/1.1\r\n', 400, 'bad-request-line'),
            (b'GET /status HTTP/1.0\r\n', 505, 'bad-version'),
            (b'GET /status HTTP/2.0\r\n', 505, 'bad-version'),
            (b'PRI * HTTP/2.0\r\n', 505, 'bad-version'),
            (b'get /status HTTP/1.1\r\n', 501, 'unknown-method'),
            (b'CONNECT localhost:1 HTTP/1.1\r\n', 501, 'unknown-method'),
            (b'TRACE /status HTTP/1.1\r\n', 501, 'unknown-method'),
            (b'G(T /status HTTP/1.1\r\n', 400, 'bad-method'),
            (b'GET http://localhost/status HTTP/1.1\r\n', 400,
            'target-form'),
            (b'GET status HTTP/1.1\r\n', 400, 'target-form'),
            (b'GET * HTTP/1.1\r\n', 400, 'target-form'),
            (b'GET /%zz HTTP/1.1\r\n', 400, 'bad-target'),
            (b'GET /a#b HTTP/1.1\r\n', 400, 'bad-target'),
            (b'GET /\xc3\xa4 HTTP/1.1\r\n', 400, 'bad-target'),
            (b'\r\nGET /status HTTP/1.1\r\n', 400, 'empty-line'),
            (b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'nul'),
            (b'GET /%s HTTP/1.1\r\n' % (b'a' * 4096), 414,
            'target-too-long'),
            (b'GET /%s' % (b'a' * 20000), 414, 'target-too-long'),
            (b'GET /status HTTP/1.1\r\nX: %s\r\n' % (b'a' * 17000), 431,
            'head-too-large'),
            (b'GET /status HTTP/1.1\r\n' + b'X: a\r\n' * 70, 431,
            'too-many-headers')):
        refused(line + ok, status, reason)
    for host in (b'', b'a b', b'a,b', b'user@localhost', b'localhost:x',
            b'localhost:123456', b'[::1', b'[]'):
        refused(head(host=host), 400, 'bad-host')
    refused(b'GET /status HTTP/1.1\r\n\r\n', 400, 'no-host')


def foreign():
    for host in (b'evil.example', b'127.0.0.1.evil.example', b'10.0.0.1',
            b'localhost.', b'0.0.0.0', b'[::2]'):
        refused(head(b'Content-Length: 2', host=host) + b'{}', 403,
            'foreign-host')
    for origin in (b'https://evil.example', b'null', b'', b'localhost',
            b'http://localhost@evil.example', b'file://',
            b'http://localhost.evil.example'):
        refused(head(b'Content-Length: 2', b'Origin: ' + origin) + b'{}',
            403, 'foreign-origin')
    refused(head(b'Content-Length: 2', b'Sec-Fetch-Site: cross-site') +
        b'{}', 403, 'cross-site')


def half_closed():
    ok = whole(b'{"tool":"x"}')
    for unix in (False, True):
        # a whole request: they still want the answer
        a, rest = parse_answers(suite.raw(ok, half_close=True, unix=unix))
        eq([x.status for x in a], [200])
        a, rest = parse_answers(suite.raw(ok * 3, half_close=True, n=3,
            unix=unix))
        eq([x.status for x in a], [200] * 3)
        for cut in (1, 30, len(ok) - 13):
            refused(ok[:cut], 400, half_close=True, unix=unix)
        for cut in (len(ok) - 12, len(ok) - 1):
            refused(ok[:cut], 400, half_close=True, unix=unix)
        eq(suite.raw(b'', half_close=True, unix=unix), b'')
    # gone without a word, in every state of a request
    for cut in list(range(0, len(ok), 7)) + [len(ok)]:
        for reset in (False, True):
            with suite.connect() as s:
                if reset:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack('ii', 1, 0))
                s.sendall(ok[:cut])
    # reads nothing of what it asks for
    with suite.connect() as s:
        s.setblocking(False)
        try:
            for _ in range(2000):
                s.send(ok)
        except BlockingIOError:
            pass
        bystander.check()
    bystander.check()


class Slow(threading.Thread):
    """Clients that send one byte a second, of a head or of a body."""

    def __init__(self):
        super().__init__(daemon=True)
        ok = whole(b'{"tool":"%s"}' % (b'x' * 60))
        cut = ok.index(b'{')
        self.socks = []
        for i in range(SLOW):
            s = suite.connect(unix=i % 4 == 3)
            s.setblocking(False)
            body = i % 2
            if body:
                s.sendall(ok[:cut])
            self.socks.append((s, ok[cut:] if body else ok, body))
        self.answers = {}
        self.began = time.monotonic()
        self.stop_at = 31 + 30 if SOAK else HEAD_SECONDS + 20

    def run(self):
        left = list(range(SLOW))
        at = 0
        while left and time.monotonic() < self.began + self.stop_at:
            for i in list(left):
                s, data, body = self.socks[i]
                if body and not SOAK and at > HEAD_SECONDS + 3:
                    left.remove(i)      # its limit is half a minute
                    continue
                try:
                    s.send(data[at:at + 1])
                except OSError:
                    pass
                try:
                    got = s.recv(4096)
                    self.answers[i] = self.answers.get(i, b'') + got
                    if not got:
                        left.remove(i)
                except BlockingIOError:
                    pass
                except OSError:
                    left.remove(i)
            at += 1
            time.sleep(1)

    def check(self):
        self.join(self.stop_at + CEILING)
        assert not self.is_alive(), 'slow clients do not end'
        for i, (s, data, body) in enumerate(self.socks):
            got = [a.status for a in parse_answers(self.answers.get(i,
                b''))[0]]
            if body and not SOAK:
                eq(got, [], 'one with time left was cut')
            else:
                eq(got, [408], 'slow client %d' % i)
            s.close()


def idle_crowd():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < IDLE + 500:
        raise Skip('only %d descriptors' % hard)
    if soft != resource.RLIM_INFINITY and soft < IDLE + 500:
        resource.setrlimit(resource.RLIMIT_NOFILE, (IDLE + 500, hard))
    crowd = []
    try:
        for i in range(IDLE):
            crowd.append(suite.connect())
            if i % 1000 == 0:
                bystander.check()
        # all of them are in, and idle: a worker tells of its own
        def held():
            n = 0
            for i in range(len(suite.pids('gatewayd'))):
                c = suite.control('gatewayd.%d' % (i + 1))
                n += json.loads(c.request('MSG_CTL_STATUS')[1])['connections']
                c.close()
            return n
        wait_for(lambda: held() >= IDLE, 'all are taken in')
        bystander.check()
        a = suite.post(INSPECT.decode(), {'tool': 'x'})
        eq(a.status, 200)
        # an idle one may speak up
        for s in (crowd[0], crowd[IDLE // 2], crowd[-1]):
            s.sendall(whole(b'{"tool":"x"}'))
            eq(parse_answers(s.recv(65536))[0][0].status, 200)
    finally:
        for s in crowd:
            s.close()
    wait_for(lambda: held() < IDLE // 10, 'all are gone')
    bystander.check()


def long_titles():
    """The reason of findings with long titles is whole, and text."""
    for shift in range(2):
        with Suite() as s:
            rules = 'version: 1\ncategory: command\nrules:\n'
            for i in range(6):
                rules += ('  - id: T-%d\n    pattern: attack\n    title: "%s'
                    '%s"\n    severity: HIGH\n    confidence: 0.8\n') % (i,
                    'x' * shift, '\u00e4' * 120)
            path = os.path.join(s.dir, 'default')
            s.write_pack(path, {'command.yaml': rules})
            s.start()
            a = s.post(INSPECT.decode(), {'tool': 'x', 'args': 'attack'})
            eq((a.status, a.json['raw_action']), (200, 'alert'), a)
            eq(a.json['reason'].count('\u00e4'), 5 * 120)
            eq(len(a.json['findings']), 6)


def recorded():
    """Each refusal is in the log: the first at once, the rest counted once a
    minute and, as here, at the end."""
    def counts():
        out = {}
        for r in suite.rows("action = 'request-refused'"):
            out[r['target']] = out.get(r['target'], 0) + \
                r['details']['count']
        return out
    def agree():
        have = counts()
        # those that went away in the middle of a request add to these
        return all(have.get(k) == n or k.startswith('eof-') and
            have.get(k, 0) >= n for k, n in sent.items())
    if not agree():
        have = counts()
        eq({k: have.get(k) for k in sent}, sent)
    rows = suite.rows("action = 'request-refused'")
    assert len(rows) < sum(sent.values()), 'a row for each: no flood limit'
    for r in rows:
        eq(r['severity'], 'MEDIUM')
        assert r['actor'] in ('127.0.0.1', 'uid:0'), r
    data = suite.log()
    assert 'died' not in data and 'killed' not in data, data


def main():
    global suite, bystander
    with Suite(uid=UID if os.geteuid() == 0 else None) as suite:
        suite.start()
        before = suite.pids()
        bystander = Bystander()
        bystander.start()
        slow = Slow()
        slow.start()
        run([sanity, malformed_json, unreadable_json, batch_rows,
            too_large, smuggling, request_lines,
            foreign, half_closed, idle_crowd])
        slow.check()
        run([long_titles])
        bystander.check()
        bystander.done = True
        bystander.join(CEILING)
        eq(suite.pids(), before, 'the same processes as before')
        eq(suite.stop(), 0)
        run([recorded])


if __name__ == '__main__':
    program(main)
