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


"""Traps of a neighbour: what it prepares for root and for operators."""

import contextlib
import shutil
import subprocess
import threading

from neighbour import *

AGENT = UIDS[CLIENT]
# a configuration that would be a neighbour's to choose
EVIL = 'config_version: 1\ngateway:\n  api_port: 1\n'


def ctl_as(n, who, args, env):
    """The front end with this environment: (exit status, what it said)."""
    def become_him():
        if who != 'root':
            become(UIDS[who], None, groups_of(who))
    base = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin'}
    r = subprocess.run([os.path.join(n.suite.bin, 'defenseclawctl'), *args],
        env=dict(base, **env), preexec_fn=become_him, text=True,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=CEILING)
    return r.returncode, r.stdout + r.stderr


def supervisor(n, env):
    r = subprocess.run([os.path.join(n.suite.bin, 'defenseclawd'), '-u'],
        env=env, text=True, stdin=subprocess.DEVNULL, capture_output=True,
        timeout=CEILING)
    return r.returncode, r.stdout + r.stderr


@contextlib.contextmanager
def fake_suite(n):
    """A home of the neighbour's whose sockets it listens on itself."""
    home = os.path.join(n.dir, 'fake')
    with acting(AGENT, groups_of(CLIENT)):
        os.makedirs(os.path.join(home, 'run', 'control'))
        with open(os.path.join(home, 'run', 'defenseclawd.pid'), 'w') as f:
            f.write('%d\n' % n.suite.proc.pid)
        with open(os.path.join(home, 'config.yaml'), 'w') as f:
            f.write(EVIL)
        socks = []
        for i in INSTANCES:
            s = socket.socket(socket.AF_UNIX)
            path = os.path.join(home, 'run', 'control', i + '.sock')
            s.bind(path)
            os.chmod(path, 0o777)
            s.listen()
            socks.append(s)
        lock = open(os.path.join(home, 'run', 'defenseclawd.pid'))
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield home, socks
    finally:
        for s in socks:
            s.close()
        lock.close()
        shutil.rmtree(home)


def heard(socks):
    """Every byte that was said to a fake suite."""
    out = b''
    for s in socks:
        s.settimeout(0)
        while True:
            try:
                c, _ = s.accept()
            except BlockingIOError:
                break
            c.settimeout(1)
            out += c.recv(65536)
            c.close()
    return out


COMMANDS = (['status'], ['stop'], ['reload'], ['tool', 'block', 'x'],
    ['tool', 'list'], ['audit', 'list'], ['audit', 'verify'],
    ['alerts', 'list'], ['inspect', 'tool', '--tool', 'x'],
    ['config', 'set', 'guardrail.mode', 'observe'], ['restart'],
    ['init'], ['start'])


@trap('trap.socket', 'have the front end of an operator talk to fake control '
    'sockets, by DEFENSECLAW_HOME', 'refused')
def trap_socket(n):
    out = []
    with fake_suite(n) as (home, socks):
        for args in COMMANDS[:9]:
            code, text = ctl_as(n, OPERATOR, args, {'DEFENSECLAW_HOME': home,
                'HOME': '/nonexistent'})
            said = heard(socks)
            # what the file system refuses is refused, too
            out.append('refused' if code != 0 and said == b'' else
                '%s: %d %r %s' % (args, code, said, text))
            if args == ['status']:
                assert 'belongs to uid %d' % AGENT in text, text
    return out


@trap('trap.home', 'have root use a home of the neighbour\'s, by '
    'DEFENSECLAW_HOME, HOME and --user, with each command and as supervisor: '
    'one of its own, one of root\'s below its own, one behind a link, one that '
    'its group may write', 'refused')
def trap_home(n):
    out = []
    victim = os.path.join(n.suite.dir, 'victim')
    os.mkdir(victim, 0o755)
    before = os.stat(victim)
    with fake_suite(n) as (home, socks):
        below = os.path.join(home, 'root')
        os.mkdir(below, 0o755)
        link = os.path.join(n.dir, 'link')
        os.symlink(home, link)
        os.lchown(link, AGENT, AGENT)
        nowhere = os.path.join(n.dir, 'nowhere')
        os.symlink(os.path.join(home, 'later'), nowhere)
        shared = os.path.join(n.suite.dir, 'shared')
        os.mkdir(shared)
        os.chown(shared, 0, AGENT)
        os.chmod(shared, 0o775)
        for name in ('log', 'audit', 'secrets', 'sign', 'policies'):
            os.symlink(victim, os.path.join(home, name))
        for place in (home, below, link, nowhere, shared):
            for args in COMMANDS:
                code, text = ctl_as(n, 'root', args,
                    {'DEFENSECLAW_HOME': place})
                out.append('refused' if code == CTL_CONFIG and
                    ("not root's alone" in text or place == nowhere) else
                    '%s in %s: %d %s' % (args, place, code, text))
            code, text = supervisor(n, {'DEFENSECLAW_HOME': place})
            out.append('refused' if code == CTL_CONFIG else '%d %s' % (code,
                text))
        os.symlink(home, os.path.join(n.dir, '.defenseclaw'))
        code, text = ctl_as(n, 'root', ['start', '--user'], {'HOME': n.dir})
        out.append('refused' if code == CTL_CONFIG else text)
        eq(heard(socks), b'')
        eq(sorted(os.listdir(home)), sorted(['audit', 'config.yaml', 'log',
            'policies', 'root', 'run', 'secrets', 'sign']), 'made there')
        eq(os.listdir(below), [])
    after = os.stat(victim)
    eq((os.listdir(victim), after.st_mode, after.st_uid),
        ([], before.st_mode, before.st_uid), 'the place of the links')
    return out


@trap('trap.race', 'swap the home under root between one of root\'s and one '
    'of its own', 'refused', 'root\'s own')
def trap_race(n):
    """Either root sees the link of the one, or it refuses the other."""
    mine = os.path.join(n.dir, 'mine')
    good = os.path.join(n.suite.dir, 'good')
    link, spare = (os.path.join(n.dir, x) for x in ('now', 'next'))
    os.mkdir(good, 0o700)
    with acting(AGENT):
        os.mkdir(mine)
        os.symlink(good, link)
    done = threading.Event()

    def swap():
        while not done.is_set():
            for to in (mine, good):
                with contextlib.suppress(FileExistsError):
                    os.symlink(to, spare)
                os.lchown(spare, AGENT, AGENT)
                os.rename(spare, link)

    t = threading.Thread(target=swap)
    t.start()
    out = []
    try:
        for _ in range(20):
            code, text = ctl_as(n, 'root', ['init', '--skip-install'],
                {'DEFENSECLAW_HOME': link})
            out.append('root\'s own' if code == CTL_OK else 'refused' if
                code == CTL_CONFIG else '%d %s' % (code, text))
            eq(os.listdir(mine), [])
    finally:
        done.set()
        t.join()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(spare)
        os.unlink(link)
    return out


@trap('trap.pack', 'have a rule pack used that it may write: a directory or a '
    'file of its own, one open to its group', 'refused')
def trap_pack(n):
    s = n.suite
    pack = os.path.join(s.dir, 'pack')
    rules = os.path.join(pack, 'rules')
    file = os.path.join(rules, 'command.yaml')
    out = []
    for path, uid, mode in ((pack, AGENT, 0o755), (pack, 0, 0o775),
            (rules, AGENT, 0o755), (rules, 0, 0o777), (file, AGENT, 0o644),
            (file, 0, 0o664)):
        s.write_pack(pack, {'command.yaml': RULES})
        os.chown(path, uid, 0)
        os.chmod(path, mode)
        s.set_config('guardrail.rule_pack_dir', pack)
        code, text = s.reload()
        out.append('refused' if code == CTL_CONFIG else '%s: %d %s' % (path,
            code, text))
    s.set_config('guardrail.rule_pack_dir', s.pack)
    eq(s.reload()[0], CTL_OK)
    return out


@trap('trap.quota', 'hold all connections to the HTTP service and to the '
    'control sockets that one account can', 'others are served')
def trap_quota(n):
    s = n.suite
    held, out = [], []
    with acting(AGENT, groups_of(CLIENT)):
        for _ in range(80):
            c = s.connect(unix=True)
            c.sendall(b'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n')
            held.append(c)
        codes = [parse_answers(c.recv(65536))[0][0].status for c in held]
        assert 503 in codes and 200 in codes, codes
        for i in INSTANCES:
            for _ in range(40):
                held.append(s.control(i, hello=False))
    with act_as(OPERATOR):
        for _ in range(4):
            a = s.http('POST', '/api/v1/inspect/tool', None, {'tool': 'x'},
                False, unix=True)
            out.append('others are served' if a.status == 200 else
                str(a.status))
    out.append('others are served' if s.post('/api/v1/inspect/tool',
        {'tool': 'x'}).status == 200 else 'TCP is not')
    for i in INSTANCES:
        c = s.control(i)
        out.append('others are served' if c.request('MSG_CTL_STATUS')[0] ==
            CTL_OK else i)
        c.close()
    for c in held:
        c.close()
    return out


@contextlib.contextmanager
def holder(n):
    """A process of the neighbour's that locks and watches all it can."""
    # each once: a second lock would wait for the first
    paths = set(n.files + n.dirs + [os.path.dirname(d) for d in n.dirs])
    ready, w1 = os.pipe()
    r2, over = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(over)
        become(AGENT, None, groups_of(CLIENT))
        fds, fd = [], libc.inotify_init()
        for p in paths:
            libc.inotify_add_watch(fd, p.encode(), 0xfff)
            try:
                fds.append(os.open(p, os.O_RDONLY))
                fcntl.flock(fds[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
                # OFD and process locks; dnotify
                for how in (37, fcntl.F_SETLK):
                    fcntl.fcntl(fds[-1], how, struct.pack('=hhqqi4x',
                        fcntl.F_RDLCK, 0, 0, 0, 0))
            except OSError:
                pass
        os.write(w1, b'%d\n' % len(fds))
        os.read(r2, 1)
        os._exit(0)
    os.close(w1)
    os.close(r2)
    try:
        assert int(os.read(ready, 16)) > 4
        yield
    finally:
        os.close(over)
        os.close(ready)
        os.waitpid(pid, 0)


@trap('trap.lock', 'hold locks (flock, fcntl, open file description) and '
    'watches on all files and directories it can open, while the suite is '
    'reloaded, edited, stopped, started', 'no effect')
def trap_lock(n):
    s = n.suite
    out = []

    def ran(*args):
        r = s.ctl(*args)
        out.append('no effect' if r.returncode == 0 else '%s: %d %s' % (args,
            r.returncode, r.stderr))

    with holder(n):
        ran('config', 'set', 'guardrail.mode', 'action')
        ran('reload')
        ran('tool', 'allow', 'zz')
        ran('tool', 'unblock', 'zz')
        ran('init', '--skip-install')
        ran('audit', 'verify')
        s.restart()
        ran('status')
    return out


@trap('trap.credentials', 'have root start the suite with its own '
    'CREDENTIALS_DIRECTORY (sudo -E): the start says so and fails, also '
    'where secrets/ has all', 'refused')
def trap_credentials(n):
    s = n.suite
    d = os.path.join(n.dir, 'creds')
    with acting(AGENT):
        os.mkdir(d)
        with open(os.path.join(d, 'gateway-token'), 'w') as f:
            f.write('f' * 64 + '\n')
        os.chmod(f.name, 0o600)
    s.stop()
    try:
        s.start(env={'CREDENTIALS_DIRECTORY': d})
        out = ['started']
    except StartFailed as e:
        out = ['refused' if f.name + ': must be a regular file of uid 0' in
            e.text else e.text]
    s.start()
    return out


@trap('trap.environment', 'have root start the suite with its own '
    'LISTEN_FDS, NOTIFY_SOCKET, TMPDIR, HOME, TZ (sudo -E); LD_PRELOAD and the like are the loader\'s and sudo\'s affair',
    'no effect')
def trap_environment(n):
    s = n.suite
    d = os.path.join(n.dir, 'env')
    with acting(AGENT):
        os.mkdir(d)
        for name in ('gateway-token', 'redaction.key'):
            with open(os.path.join(d, name), 'w') as f:
                f.write('f' * 64 + '\n')
            os.chmod(os.path.join(d, name), 0o600)
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(os.path.join(d, 'notify'))
    s.stop()
    before = sorted(os.listdir(d))
    s.start(env={'LISTEN_FDS': '2', 'LISTEN_PID': '1', 'NOTIFY_SOCKET':
        os.path.join(d, 'notify'), 'TMPDIR': d,
        'SQLITE_TMPDIR': d, 'HOME': d, 'TZ': ':' + os.path.join(d, 'tz'),
        'XDG_CONFIG_HOME': d, 'EVENT_SHOW_METHOD': '1', 'HOSTALIASES': d,
        'DEFENSECLAW_GATEWAY_TOKEN': 'f' * 64, 'OPENCLAW_GATEWAY_TOKEN':
        'f' * 64})
    notify.close()
    out = ['no effect' if s.get('/status').status == 200 else 'the token',
        'no effect' if s.get('/status', token='f' * 64).status == 401 else
        'its token', 'no effect' if sorted(os.listdir(d)) == before else
        'files there']
    s.restart()
    return out


@trap('trap.port', 'take the TCP port while the suite is down: the start says '
    'so and fails, and nothing serves on less', 'refused')
def trap_port(n):
    s = n.suite
    s.stop()
    out = []
    for address in ('127.0.0.1', '0.0.0.0'):
        with acting(AGENT), socket.socket() as t:
            t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            t.bind((address, s.port))
            t.listen()
            os.seteuid(0)
            try:
                s.start()
                out.append('started')
            except StartFailed as e:
                out.append('refused' if 'another program listens there' in
                    e.text else e.text)
    s.start()
    return out
