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



"""A scripted judge: an OpenAI-compatible server that does as a test says."""

import json
import socket
import threading
import time

LABEL = {'Instruction Manipulation': {'reasoning': '', 'label': False}}
END = '\n<<</SAMPLE>>>'


def completion(content, finish='stop'):
    """The body of a chat completion; content as text, or made JSON of."""
    if not isinstance(content, str):
        content = json.dumps(content)
    return json.dumps({'id': 'c1', 'object': 'chat.completion', 'choices': [
        {'index': 0, 'finish_reason': finish, 'message':
            {'role': 'assistant', 'content': content}}],
        'usage': {'total_tokens': 1}}).encode()


def reply(status, body, headers=(), length=None):
    head = 'HTTP/1.1 %d X\r\nContent-Type: application/json\r\n' % status
    head += 'Content-Length: %d\r\n' % (len(body) if length is None
        else length)
    return head.encode() + ''.join('%s: %s\r\n' % h for h in
        headers).encode() + b'\r\n' + body


def say(content, **kw):
    return reply(200, completion(content, **kw))


class Question:
    """One request: path, headers (lower case), the JSON of its body."""

    def __init__(self, path, headers, body):
        self.path, self.headers = path, headers
        self.body = json.loads(body)

    @property
    def system(self):
        return self.body['messages'][0]['content']

    @property
    def user(self):
        return self.body['messages'][1]['content']

    @property
    def sample(self):
        """What stands in the wrapper, its references undone."""
        text = self.user
        assert text.startswith('<<<SAMPLE>>>\n') and text.endswith(END), text
        return text[13:-len(END)].replace('&lt;', '<').replace('&#91;',
            '[').replace('&amp;', '&')


class Judge:
    """answer(question) gives bytes, which are written as they are, a
    generator of them, or None to close without a word."""

    def __init__(self, answer=None, tls=None):
        self.answer = answer or (lambda q: say(LABEL))
        self.tls = tls
        self.questions = []
        self.connections = 0
        self.most = self.now = 0        # questions at once
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.sock = socket.create_server(('127.0.0.1', 0), backlog=1024)
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    @property
    def base(self):
        return '%s://127.0.0.1:%d/v1' % ('https' if self.tls else 'http',
            self.port)

    def serve(self):
        while not self.stop.is_set():
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.talk, args=(conn,),
                daemon=True).start()

    def talk(self, conn):
        try:
            conn.settimeout(60)
            if self.tls:
                conn = self.tls.wrap_socket(conn, server_side=True)
            with conn, conn.makefile('rb') as f:
                while self.one(conn, f):
                    pass
        except OSError:
            pass                # it gave up on us, or does not trust us

    def one(self, conn, f):
        line = f.readline()
        if not line:
            return False
        headers = {}
        for l in iter(f.readline, b'\r\n'):
            name, _, value = l.decode('latin-1').partition(':')
            headers[name.strip().lower()] = value.strip()
        q = Question(line.split()[1].decode(), headers,
            f.read(int(headers['content-length'])))
        with self.lock:
            self.questions.append(q)
            self.now += 1
            self.most = max(self.most, self.now)
        got = None
        try:
            got = self.answer(q)
            if not isinstance(got, bytes):
                for piece in got or ():
                    conn.sendall(piece)
        finally:
            with self.lock:
                self.now -= 1
        if not isinstance(got, bytes):
            return False
        conn.sendall(got)       # the next may come before this returns
        return not got.endswith(b'CLOSE')

    def close(self):
        self.stop.set()
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


def slowly(data, seconds):
    """One byte a second, and so on."""
    for i in range(len(data)):
        yield data[i:i + 1]
        time.sleep(seconds)


def section(suite, keys):
    """guardrail.judge of config.yaml, in place of what was there."""
    with open(suite.config) as f:
        lines = f.read().split('\n')
    if '  judge:' in lines:
        at = lines.index('  judge:')
        end = at + 1
        while lines[end].startswith('    '):
            end += 1
        del lines[at:end]
    at = lines.index('guardrail:') + 1
    lines[at:at] = ['  judge:'] + ['    %s: %s' % kv for kv in keys.items()]
    with open(suite.config, 'w') as f:
        f.write('\n'.join(lines))


def use(suite, judge, **keys):
    """The configuration of a suite that has this judge."""
    section(suite, {'enabled': 'true', 'model': 'test-model', 'timeout': 2,
        'api_base': judge if isinstance(judge, str) else judge.base, **keys})
    suite.set_config('guardrail.detection_strategy', 'regex_judge')


def judge_test(suite):
    """(exit status, answer) of one marked question."""
    r = suite.ctl('judge', 'test', '--json')
    return r.returncode, json.loads(r.stdout) if r.stdout else r.stderr
