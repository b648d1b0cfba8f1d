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


"""Configuration, rules, secrets and the service manager: what is refused
changes nothing, what is taken fails no request."""

import glob
import threading

from lib import *

TOOL = '/api/v1/inspect/tool'
ATTACKED = {'tool': 'shell', 'args': {'command': ATTACK}}
MB = 1024 * 1024

suite = None


class Load:
    """Clients that never stop asking; not one request of theirs may fail."""

    def __init__(self, n=4):
        self.failures, self.answers, self.closes = [], 0, 0
        self.done = False
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work, args=(i,),
            daemon=True) for i in range(n)]

    def work(self, i):
        try:
            c = suite.client(unix=i % 2 == 0)
            while not self.done:
                a = c.post(TOOL, ATTACKED)
                eq(a.status, 200, a)
                assert a.json['would_block'], a
                with self.lock:
                    self.answers += 1
                    self.closes += a.headers.get('connection') == 'close'
        except BaseException as e:
            self.failures.append(e)

    def __enter__(self):
        for t in self.threads:
            t.start()
        wait_for(lambda: self.answers > 50 or self.failures, 'load')
        return self

    def __exit__(self, type, value, tb):
        before = self.answers
        if type is None:
            wait_for(lambda: self.answers > before + 50 or self.failures,
                'load goes on')
        self.done = True
        for t in self.threads:
            t.join(CEILING)
        eq(self.failures, [])


def edit(old, new):
    with open(suite.config) as f:
        text = f.read()
    assert old in text, (old, text)
    with open(suite.config, 'w') as f:
        f.write(text.replace(old, new, 1))


def line_of(what):
    with open(suite.config) as f:
        for n, line in enumerate(f, 1):
            if what in line:
                return n
    raise AssertionError(what)


def status():
    return json.loads(suite.control().request('MSG_CTL_STATUS')[1])


BAD = (
    # what to write, where, the key that is named
    ('gateway.api_port', 'seventy', 'gateway.api_port'),
    ('gateway.api_port', '0', 'gateway.api_port'),
    ('gateway.api_port', '65536', 'gateway.api_port'),
    ('gateway.api_bind', '0.0.0.0', 'gateway.api_bind'),
    ('gateway.api_bind', '192.168.1.1', 'gateway.api_bind'),
    ('gateway.api_prot', '1', 'gateway.api_prot'),
    ('gateway.workers', '5', 'gateway.workers'),
    ('gateway.token_secret', '../device.key', 'gateway.token_secret'),
    ('gateway.allow_enforce', 'maybe', 'gateway.allow_enforce'),
    ('guardrail.mode', 'block', 'guardrail.mode'),
    ('guardrail.rule_pack_dir', 'relative/dir', 'guardrail.rule_pack_dir'),
    ('config_version', '99', 'config_version'),
    ('log.max_size_mb', '0', 'log.max_size_mb'),
)


def errors_at_start():
    with open(suite.config) as f:
        good = f.read()
    for key, value, named in BAD:
        suite.set_config(key, value)
        name = key.rpartition('.')[2]
        n = line_of('%s: %s' % (name, value))
        try:
            suite.start()
            raise AssertionError('started with %s: %s' % (key, value))
        except StartFailed as e:
            eq(e.code, CTL_CONFIG)
            assert 'config.yaml:%d:%s:' % (n, named) in e.text, (key, e.text)
        with open(suite.config, 'w') as f:
            f.write(good)
    for text, n in (('gateway: [', None), ('a: b: c\n', 1),
            ('\tgateway:\n', 1), ('config_version: 5\nguardrail:\n'
            '  mode: action\n  mode: observe\n', 4), ('%PDF-1.4\n', 1),
            ('config_version: 5\n\0', 2), ('- a\n', 1)):
        with open(suite.config, 'w') as f:
            f.write(text)
        try:
            suite.start()
            raise AssertionError('started with %r' % text)
        except StartFailed as e:
            eq(e.code, CTL_CONFIG, text)
            assert 'config.yaml' in e.text, e.text
            if n is not None:
                assert 'config.yaml:%d' % n in e.text, (text, e.text)
    with open(suite.config, 'w') as f:
        f.write(good)
    os.chmod(suite.config, 0o666)
    try:
        suite.start()
        raise AssertionError('started with a file others may write')
    except StartFailed as e:
        assert 'config.yaml' in e.text and '0666' in e.text, e.text
    os.chmod(suite.config, 0o600)


def missing_files():
    """Each is named, and nothing is made in its place."""
    for path in (os.path.join(suite.state, 'device.key'),
            os.path.join(suite.state, 'device.pub'),
            os.path.join(suite.secrets, 'redaction.key'), suite.config):
        os.rename(path, path + '.away')
        try:
            suite.start()
            raise AssertionError('started without ' + path)
        except StartFailed as e:
            eq(e.code, CTL_CONFIG)
            assert path in e.text, e.text
        assert not os.path.exists(path)
        # a link is not the file
        os.symlink(path + '.away', path)
        try:
            suite.start()
            raise AssertionError('started with a link for ' + path)
        except StartFailed as e:
            assert path in e.text, e.text
        os.unlink(path)
        os.rename(path + '.away', path)
    for path in (os.path.join(suite.state, 'device.key'),
            os.path.join(suite.secrets, 'redaction.key'),
            os.path.join(suite.secrets, 'gateway-token')):
        os.chmod(path, 0o640)
        try:
            suite.start()
            raise AssertionError('started with an open ' + path)
        except StartFailed as e:
            assert path in e.text and '0600' in e.text, e.text
        os.chmod(path, 0o600)


def already_running():
    suite.start()
    r = suite.program('defenseclawd')
    eq(r.returncode, CTL_ALREADY)
    assert 'already running' in r.stderr, r.stderr
    eq(suite.post(TOOL, ATTACKED).status, 200)


CONFC = '''#!/usr/bin/python3
import os, socket, struct, time
def plan(name=b'gateway-token', n=1):
    secret = struct.pack('=II64s', 5, 1, name)
    return struct.pack('=64s7I', b'127.0.0.1', 1, 1, 0, 0, 0, 0, n) + \\
        secret * 8 + struct.pack('=1024s65s256s3x', b'', b'', b'')
s = socket.socket(fileno=3)
for p in [%s]:
    s.sendall(struct.pack('=IIII', %d, 16 + len(p), 0, os.getpid()) + p)
time.sleep(60)
'''


def hostile_confc():
    """A config reader that was taken over: a second plan after a good one,
    or one with names of files elsewhere, is not followed."""
    with Suite() as s:
        bin = os.path.join(s.dir, 'bin')
        os.mkdir(bin)
        for name in os.listdir(s.bin):
            if name.startswith('defenseclaw'):
                shutil.copy(os.path.join(s.bin, name), bin)
        confc = os.path.join(bin, 'defenseclaw-confc')
        s.bin = bin
        for plans in ('plan(), plan()', 'plan(), plan(n=2 ** 31)',
                'plan(b"../../x")', 'plan(), plan(b"../../x"), plan()',
                'plan(b".x")', 'plan()[:-1] + b"x"[1:]'):
            os.unlink(confc)
            with open(confc, 'w') as f:
                f.write(CONFC % (plans, MSG['MSG_PLAN']))
            os.chmod(confc, 0o755)
            try:
                s.start()
                raise AssertionError('started with ' + plans)
            except StartFailed as e:
                eq(e.code, CTL_CONFIG, e.text)
                assert 'confc' in e.text, e.text


def reload_flood():
    """A role may not keep the supervisor busy with reloads."""
    c = suite.control('gatewayd.1')
    texts = []
    for _ in range(15):
        for _ in range(10):
            c.send(MSG['MSG_CTL_RELOAD'])
        texts += [c.recv()[2] for _ in range(10)]
    assert any(b'too many reloads' in t for t in texts), texts
    wait_for(lambda: suite.reload()[0] == CTL_OK, 'a reload')


def rules_for_a_starting_worker():
    """A worker that only starts when the rules change gets the new ones."""
    for n in range(6):
        os.kill(suite.pids('gatewayd')[0], signal.SIGKILL)
        word = 'starting-%d' % n
        suite.write_pack(suite.pack, {'command.yaml': RULES + '''  - id: TEST-S
    pattern: '%s'
    title: "s"
    severity: CRITICAL
    confidence: 0.9
''' % word})
        before = status()['rules_generation']
        suite.proc.send_signal(signal.SIGHUP)
        wait_for(lambda: status()['rules_generation'] > before, 'reload')
        wait_for(lambda: len(suite.pids('gatewayd')) ==
            len([p for p in status()['processes'] if
            p['role'] == 'gatewayd' and p['state'] == 'ready']), 'ready')
        in_force(lambda: suite.post(TOOL, {'tool': 'x', 'args':
            word}).json['findings'] == ['TEST-S:s'], word)
    suite.write_pack(suite.pack, {'command.yaml': RULES})
    eq(suite.reload()[0], CTL_OK)


def roles_are_mute():
    """Nothing a role prints reaches the supervisor's terminal."""
    if 'DC_SANITIZED' in os.environ:
        return          # a sanitizer's report goes there
    for role, pids in suite.pids().items():
        for pid in pids:
            eq(os.readlink('/proc/%d/fd/2' % pid), '/dev/null', role)


def log_without_rename():
    """Where names cannot be changed the cap holds all the same."""
    path = os.path.join(suite.logdir, 'defenseclaw.log')
    suite.stop()
    for name in glob.glob(path + '*'):
        os.unlink(name)
    with open(path, 'w') as f:
        f.write('x' * (MB - 100))
    os.mkdir(path + '.1')
    os.mkdir(os.path.join(path + '.1', 'in-the-way'))
    if suite.uid is not None:
        os.chown(path, suite.uid, suite.uid)
    try:
        suite.start()
        assert os.path.getsize(path) < MB
        with open(path) as f:
            assert 'ready' in f.read()
    finally:
        shutil.rmtree(path + '.1')


def errors_on_reload():
    """The generation in force stays so, down to the processes."""
    before, pids = status(), suite.pids()
    with open(suite.config) as f:
        good = f.read()
    with Load():
        for key, value, named in BAD:
            suite.set_config(key, value)
            n = line_of('%s: %s' % (key.rpartition('.')[2], value))
            code, text = suite.reload()
            eq(code, CTL_CONFIG, text)
            assert 'config.yaml:%d:%s:' % (n, named) in text, (key, text)
            with open(suite.config, 'w') as f:
                f.write(good)
        os.rename(suite.config, suite.config + '.away')
        code, text = suite.reload()
        eq(code, CTL_CONFIG, text)
        assert suite.config in text, text
        os.rename(suite.config + '.away', suite.config)
        # a port that another has, one needs a socket for
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            s.listen()
            suite.set_config('gateway.api_port', s.getsockname()[1])
            code, text = suite.reload()
            assert code != CTL_OK, text
            assert 'api_port' in text, text
            suite.set_config('gateway.api_port', suite.port)
    after = status()
    for k in ('generation', 'rules_generation', 'conf_hash'):
        eq(after[k], before[k], k)
    eq(suite.pids(), pids)


def deaths_with_a_broken_file():
    """A role that dies comes back as it was, whatever the file says."""
    before = status()
    with open(suite.config) as f:
        good = f.read()
    with open(suite.config, 'w') as f:
        f.write('guardrail: {mode: observe')
    eq(suite.reload()[0], CTL_CONFIG)
    for role in ('gatewayd', 'auditd', 'signer'):
        pids = suite.pids(role)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: len(suite.pids(role)) == len(pids) and
            not set(pids) & set(suite.pids(role)), role + ' is back')

        def serves():
            try:
                return suite.post(TOOL, ATTACKED).json.get('action')
            except OSError:
                return None
        eq(wait_for(serves, 'verdicts again'), 'block')
    wait_for(lambda: 'conf_hash' in status(), 'status')
    eq(status()['conf_hash'], before['conf_hash'])
    with open(suite.config, 'w') as f:
        f.write(good)
    eq(suite.reload()[0], CTL_OK)


def in_force(check, what):
    """Twenty answers in a row over new connections agree."""
    def all_agree():
        try:
            return all(check() for _ in range(20))
        except OSError:
            return False
    wait_for(all_agree, what)


def reload_mode():
    with Load() as load:
        for mode in ('observe', 'action', 'observe', 'action'):
            suite.set_config('guardrail.mode', mode)
            eq(suite.reload(), (CTL_OK, ''))
            in_force(lambda: suite.post(TOOL, ATTACKED).json['mode'] == mode,
                mode)
        wait_for(lambda: load.closes >= 1, 'clients are told to reconnect')
    # SIGHUP does the same
    suite.set_config('guardrail.mode', 'observe')
    suite.proc.send_signal(signal.SIGHUP)
    in_force(lambda: suite.post(TOOL, ATTACKED).json['mode'] == 'observe',
        'observe')
    suite.set_config('guardrail.mode', 'action')
    eq(suite.reload()[0], CTL_OK)
    in_force(lambda: suite.post(TOOL, ATTACKED).json['mode'] == 'action',
        'action')
    rows = suite.rows("action = 'policy-reload'")
    assert rows and all(r['actor'] == 'uid:%d' % os.geteuid() for r in rows)


def reload_workers():
    with Load():
        for n in (1, 4, 2):
            suite.set_config('gateway.workers', n)
            eq(suite.reload()[0], CTL_OK)
            wait_for(lambda: len(suite.pids('gatewayd')) == n,
                '%d workers' % n)
            in_force(lambda: suite.post(TOOL, ATTACKED).status == 200, 'up')


def reload_port():
    old, kept = suite.port, suite.client()
    eq(kept.post(TOOL, ATTACKED).status, 200)
    suite.port = free_port()
    suite.set_config('gateway.api_port', suite.port)
    eq(suite.reload()[0], CTL_OK)
    in_force(lambda: suite.post(TOOL, ATTACKED).status == 200, 'new port')

    def refused():
        try:
            socket.create_connection(('127.0.0.1', old), 5).close()
            return False
        except ConnectionRefusedError:
            return True
    wait_for(refused, 'nobody at the old port')
    # who was there is answered once more, and told to go
    a = kept.post(TOOL, ATTACKED)
    eq((a.status, a.headers.get('connection')), (200, 'close'))


def reload_token():
    path = os.path.join(suite.secrets, 'gateway-token')
    for how in ('rename', 'in place'):
        old = suite.token()
        new = os.urandom(24).hex()
        if how == 'rename':
            with open(path + '.new', 'w') as f:
                f.write(new + '\n')
            os.chmod(path + '.new', 0o600)
            if suite.uid is not None:
                os.chown(path + '.new', suite.uid, suite.uid)
            os.rename(path + '.new', path)
        else:
            with open(path, 'w') as f:
                f.write(new + '\n')
        eq(suite.reload()[0], CTL_OK)
        in_force(lambda: suite.post(TOOL, ATTACKED, token=new).status == 200
            and suite.post(TOOL, ATTACKED, token=old).status == 401,
            'the new token, and only that (%s)' % how)


def reload_pack():
    """New rules without a failed request; bad ones change nothing."""
    word = {'tool': 'x', 'args': 'a new-word'}
    rule = RULES + '''  - id: TEST-NEW
    pattern: 'new-word'
    title: "new"
    severity: CRITICAL
    confidence: 0.9
'''
    # those that the reload before replaced may not be gone yet
    wait_for(lambda: all(p['state'] == 'ready' for p in status()['processes']
        if p['role'] == 'gatewayd'), 'nobody left who finishes')
    pids = suite.pids('gatewayd')
    eq(suite.post(TOOL, word).json['findings'], [])
    with Load():
        suite.write_pack(suite.pack, {'command.yaml': rule})
        eq(suite.reload()[0], CTL_OK)
        in_force(lambda: suite.post(TOOL, word).json['findings'] ==
            ['TEST-NEW:new'], 'new rule')
        eq(suite.pids('gatewayd'), pids, 'rules come without new workers')
        generation = status()['rules_generation']
        for files in ({'command.yaml': 'rules: ['},
                {'command.yaml': 'version: 1\nrules:\n\t- id: X\n'}):
            suite.write_pack(suite.pack, files)
            code, text = suite.reload()
            eq(code, CTL_CONFIG, text)
            assert 'command.yaml' in text, text
        os.rename(suite.pack, suite.pack + '.away')
        code, text = suite.reload()
        eq(code, CTL_CONFIG, text)
        assert suite.pack in text, text
        eq(status()['rules_generation'], generation)
        eq(suite.post(TOOL, word).json['findings'], ['TEST-NEW:new'])


def bad_rules_are_skipped():
    """By file, id and reason; the rest of the pack is loaded."""
    rules = RULES + '''  - id: TEST-BROKEN
    pattern: 'broken(('
    title: "cannot be compiled"
    severity: HIGH
    confidence: 0.9
  - id: TEST-CEL
    pattern: 'cel-word'
    expression: 'size(content) > 3'
    title: "has a condition"
    severity: HIGH
    confidence: 0.9
  - id: TEST-OFF
    pattern: 'off-word'
    title: "not enabled"
    severity: HIGH
    confidence: 0.9
    enabled: false
'''
    suite.write_pack(suite.pack, {'command.yaml': rules})
    path = os.path.join(suite.logdir, 'defenseclaw.log')
    before = os.path.getsize(path)
    eq(suite.reload()[0], CTL_OK)
    in_force(lambda: suite.post(TOOL, ATTACKED).json['action'] == 'block',
        'the good ones')
    for text in ('off-word', 'cel-word', 'broken(('):
        eq(suite.post(TOOL, {'tool': 'x', 'args': text}).json['findings'],
            [])
    with open(path) as f:
        f.seek(before)
        log = f.read()
    for id in ('TEST-BROKEN', 'TEST-CEL'):
        assert re.search(r'command\.yaml: %s: \S+' % id, log), (id, log)


def log_flood():
    """A role that has too much to say is cut short, and that is said."""
    rules = RULES + ''.join('''  - id: FLOOD-%d
    pattern: 'broken(('
    title: "x"
    severity: HIGH
    confidence: 0.9
''' % i for i in range(600))
    suite.write_pack(suite.pack, {'command.yaml': rules})
    path = os.path.join(suite.logdir, 'defenseclaw.log')
    before = os.path.getsize(path)
    eq(suite.reload()[0], CTL_OK)

    def dropped():
        with open(path) as f:
            f.seek(before)
            return re.search(r'(\d+) lines dropped', f.read())
    m = wait_for(dropped, 'what was dropped is counted')
    with open(path) as f:
        f.seek(before)
        n = len(re.findall('FLOOD-', f.read()))
    assert 100 <= n <= 400, n
    assert int(m[1]) + n >= 600, (m[1], n)
    suite.write_pack(suite.pack, {'command.yaml': RULES})
    eq(suite.reload()[0], CTL_OK)


def log_rotation():
    """By size, with a cap on all of it."""
    suite.set_config('log.max_size_mb', 1)
    suite.set_config('log.max_total_mb', 2)
    path = os.path.join(suite.logdir, 'defenseclaw.log')
    for round in range(3):
        suite.stop()
        # what an earlier, larger limit left behind, and a file nearly full
        for n in range(1, 6):
            with open('%s.%d' % (path, n), 'w') as f:
                f.write('old\n' * (MB // 4))
        with open(path, 'w') as f:
            f.write(('round %d\n' % round).ljust(100, 'x') * (MB // 100 + 1))
        for name in glob.glob(path + '*'):
            if suite.uid is not None:
                os.chown(name, suite.uid, suite.uid)
        suite.start()
        suite.reload()
        files = sorted(glob.glob(path + '*'))
        eq(files, [path, path + '.1'])
        assert sum(os.path.getsize(f) for f in files) <= 2 * MB + 4096
        assert os.path.getsize(path) < MB
        with open(path + '.1') as f:
            assert f.read(7) == 'round %d' % round
        with open(path) as f:
            assert 'ready' in f.read()
        eq(os.stat(path).st_mode & 0o777, 0o600)


def side_by_side():
    """Another suite of the same user, on another port: neither sees the
    other's."""
    with Suite(uid=suite.uid) as other:
        other.start()
        suite.post(TOOL, ATTACKED, {'X-Request-Id': 'of-one'})
        other.post(TOOL, ATTACKED, {'X-Request-Id': 'of-other'})
        eq(suite.post(TOOL, ATTACKED, token=other.token()).status, 401)
        eq(other.control().list_change('only-there', OP_BLOCK)[0], CTL_OK)
        eq(suite.get('/enforce/blocked').json, [])
        eq(suite.rows("request_id = 'of-other'"), [])
        eq(other.rows("request_id = 'of-one'"), [])
        eq(len(other.rows("request_id = 'of-other'")), 1)
        eq(other.stop(), 0)
        eq(suite.post(TOOL, ATTACKED).status, 200)


def service_manager():
    """READY=1 when it serves, by a path and by an abstract name."""
    suite.stop()
    path = os.path.join(suite.dir, 'notify')
    name = 'dc-test-%d' % os.getpid()
    for address, shown in ((path, path), ('\0' + name, '@' + name)):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.settimeout(CEILING)
            s.bind(address)
            if address == path:
                os.chmod(path, 0o777)
            suite.start(env={'NOTIFY_SOCKET': shown})
            eq(s.recv(100), b'READY=1')
            eq(suite.post(TOOL, ATTACKED).status, 200)
            suite.proc.send_signal(signal.SIGHUP)
            assert s.recv(100).startswith(b'RELOADING=1')
            eq(s.recv(100), b'READY=1')
            # a reload that is refused is over, too
            suite.set_config('guardrail.mode', 'nonsense')
            suite.proc.send_signal(signal.SIGHUP)
            assert s.recv(100).startswith(b'RELOADING=1')
            eq(s.recv(100), b'READY=1')
            suite.set_config('guardrail.mode', 'action')
            eq(suite.stop(), 0)
            eq(s.recv(100), b'STOPPING=1')
    # nobody is there: that is no reason not to serve
    for shown in (path + '.gone', '@' + name + '.gone', 'vsock:1', ''):
        suite.start(env={'NOTIFY_SOCKET': shown})
        suite.stop()


def given_sockets():
    """Listening sockets of the service manager's are used as they are."""
    with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as unix:
        tcp.bind(('127.0.0.1', 0))
        tcp.listen(64)
        path = os.path.join(suite.dir, 'given')
        unix.bind(path)
        unix.listen(64)
        os.chmod(path, 0o777)
        suite.start(fd_first=[tcp, unix])
        keep = suite.port, suite.gateway_sock
        suite.port, suite.gateway_sock = tcp.getsockname()[1], path
        eq(suite.post(TOOL, ATTACKED).json['action'], 'block')
        eq(suite.post(TOOL, ATTACKED, unix=True, token=False).json['action'],
            'block')
        # they outlive a reload, and a kill of all that used them
        eq(suite.reload()[0], CTL_OK)
        in_force(lambda: suite.post(TOOL, ATTACKED).status == 200, 'reload')
        for pid in suite.pids('gatewayd'):
            os.kill(pid, signal.SIGKILL)
        eq(suite.post(TOOL, ATTACKED).status, 200)
        suite.port, suite.gateway_sock = keep
        try:
            suite.connect().close()
            raise AssertionError('listens at api_port nevertheless')
        except ConnectionRefusedError:
            pass
        suite.stop()
        assert os.path.exists(path), 'a socket that is not its own is gone'
        with socket.socket() as second:
            second.bind(('127.0.0.1', 0))
            second.listen(1)
            for fds, text in (([tcp, second], 'one too many'),
                    ([socket.socket()], 'does not listen')):
                try:
                    suite.start(fd_first=fds)
                    raise AssertionError('took ' + text)
                except StartFailed as e:
                    assert text in e.text, e.text


def main():
    global suite
    with Suite(uid=UID if os.geteuid() == 0 else None) as suite:
        run([errors_at_start, missing_files, already_running,
            errors_on_reload, deaths_with_a_broken_file, reload_mode,
            reload_workers, reload_port, reload_token, reload_pack,
            rules_for_a_starting_worker, roles_are_mute,
            bad_rules_are_skipped, log_flood, reload_flood, log_rotation,
            log_without_rename, side_by_side, service_manager,
            given_sockets])
    run([hostile_confc])


if __name__ == '__main__':
    program(main)
