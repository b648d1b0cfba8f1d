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



"""Receivers that others wrote: how they are had, and what each of them is
asked for.

They come from package registries into build/peers, beside the tree and not
into the system: nothing that this host runs is touched.  A registry that
does not answer is a test skipped with that reason.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

PEERS = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(PEERS))
sys.path.insert(0, os.path.join(TOP, 'tests', 'system'))

from lib import *
from receivers import Authority
from test_sinks import arrived, configure, events, in_order, sink, state

PLACE = os.path.join(TOP, 'build', 'peers')
TRIES = 3
PAUSE = 5               # seconds between two tries, then twice as long
MAX_LINE = 262144       # bytes of an event that the receivers take


def attempt(argv, what, seconds=300, **kw):
    """A command that asks a registry; Skip when it never answers."""
    pause = PAUSE
    for n in range(TRIES):
        if n:
            time.sleep(pause)
            pause *= 2
        try:
            r = subprocess.run(argv, text=True, capture_output=True,
                stdin=subprocess.DEVNULL, timeout=seconds, **kw)
        except subprocess.TimeoutExpired:
            last = 'no end after %d s' % seconds
            continue
        if r.returncode == 0:
            return r.stdout
        last = ((r.stderr or r.stdout).strip().splitlines() or ['?'])[-1]
    raise Skip('%s cannot be had: %s' % (what, last))


def pypi(name, *args):
    """The programs of an environment of its own, with what PyPI has."""
    root = os.path.join(PLACE, name)
    done = os.path.join(root, '.done')
    programs = os.path.join(root, 'bin')
    if not os.path.exists(done):
        shutil.rmtree(root, ignore_errors=True)
        attempt((sys.executable, '-m', 'venv', root), 'venv')
        attempt((os.path.join(programs, 'pip'), 'install', '-q',
            '--disable-pip-version-check', *args), name)
        open(done, 'w').close()
    return programs


def debian(*packages):
    """The packages and what they need that is not here, unpacked into a
    directory of their own: rsyslog and syslog-ng exclude each other as
    installed packages, and neither is to be started by a script."""
    root = os.path.join(PLACE, packages[0])
    done = os.path.join(root, '.done')
    if os.path.exists(done):
        return root
    if shutil.which('apt-get') is None:
        raise Skip('%s comes from Debian, which this is not' % packages[0])
    shutil.rmtree(root, ignore_errors=True)
    store = os.path.join(root, 'debs')
    os.makedirs(os.path.join(store, 'partial'))
    get = ['apt-get', '-y', '--no-install-recommends', '--download-only',
        '--reinstall', '-o', 'Debug::NoLocking=1', '-o',
        'APT::Sandbox::User=root', '-o', 'Dir::Cache::archives=' + store,
        'install', *packages]
    try:
        attempt(get, packages[0])
    except Skip:
        # the list of packages may be old
        subprocess.run(['apt-get', 'update'], capture_output=True,
            timeout=300)
        attempt(get, packages[0])
    for name in os.listdir(store):
        if name.endswith('.deb'):
            subprocess.run(['dpkg', '-x', os.path.join(store, name), root],
                check=True)
    shutil.rmtree(store)
    open(done, 'w').close()
    return root


class Daemon:
    """A receiver with a directory and an output file of its own."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix='dcpeer')
        self.out = os.path.join(self.dir, 'out')
        self.errors = os.path.join(self.dir, 'errors')
        self.proc = None

    def begin(self, argv, ready, env=None):
        with open(self.errors, 'ab') as err:
            self.proc = subprocess.Popen(argv, stdin=subprocess.DEVNULL,
                stdout=err, stderr=err, env=dict(os.environ, **(env or {})))
        try:
            wait_for(lambda: self.proc.poll() is not None or ready(),
                argv[0])
        except AssertionError:
            self.stop()
        if self.proc is None or self.proc.poll() is not None:
            with open(self.errors, errors='replace') as f:
                raise AssertionError('%s does not start: %s' % (argv[0],
                    f.read()[-2000:]))

    def stop(self, sig=signal.SIGTERM):
        if self.proc is None:
            return
        self.proc.send_signal(sig)
        try:
            self.proc.wait(10)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
        self.proc = None

    def lines(self):
        """Whole lines of the output so far."""
        try:
            with open(self.out, errors='replace') as f:
                return [l for l in f.read().split('\n')[:-1] if l]
        except FileNotFoundError:
            return []

    def rows(self):
        return [json.loads(l) for l in self.lines()]

    def seqs(self):
        return [r['seq'] for r in self.rows()]

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


def listens(*ports):
    """Whether something accepts on each of them."""
    for p in ports:
        with socket.socket() as s:
            if s.connect_ex(('127.0.0.1', p)) != 0:
                return False
    return True


# --- what is asked of every one -------------------------------------------

def cause(s):
    """Events of an API call, of the command line and of a daemon's death."""
    events(s, 10)
    r = s.ctl('tool', 'block', 'peer-tool', '--reason', 'made by a test: '
        '"quotes", \u00e4 \u20ac and a \\ backslash')
    eq(r.returncode, 0, r.stderr)
    pid = s.pids('gatewayd')[0]
    n = len(s.rows("action = 'role-death'"))
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len(s.rows("action = 'role-death'")) > n,
        'the record of a death')
    wait_for(lambda: s.get('/health').status == 200, 'serving')
    for action in ('role-death', 'tool-block', 'inspect-tool-allow'):
        if not s.rows('action = ?', (action,)):
            raise AssertionError('no event %s; there are %r' % (action,
                sorted({r['action'] for r in s.rows()})))


def same(s, rows, what):
    """Set and order are those of the log, and nothing was changed."""
    want = {r['seq']: r for r in s.rows()}
    eq(sorted({r['seq'] for r in rows}), sorted(want), what + ': set')
    in_order([r['seq'] for r in rows])
    seen = {}
    for r in rows:
        w = want[r['seq']]
        for key in ('id', 'timestamp', 'action', 'target', 'actor',
                'severity', 'hash'):
            eq(r.get(key), w[key], '%s: %s of %d' % (what, key, r['seq']))
        eq(seen.setdefault(r['seq'], r['hash']), r['hash'], what)
    prev = None
    for seq in sorted(seen):
        row = next(r for r in rows if r['seq'] == seq)
        if prev is not None:
            eq(row['prev_hash'], prev, '%s: chain at %d' % (what, seq))
        prev = row['hash']


def settled(s, names):
    """Every named sink has delivered all, with nothing put aside."""
    for name in names:
        wait_for(lambda: state(s, name)['lag_events'] == 0,
            name + ': no lag', 90)
        st = state(s, name)
        eq((st['quarantined'], st['dead_letters']), (0, 0), name)


def through_a_restart(s, peer, outputs, names):
    """outputs: {what: function giving its rows}.  All of it comes, the peer
    goes away, more is caused, the peer comes back: nothing is missing.

    The peer is idle when it goes.  Syslog has no answers: what the kernel of
    a syslog receiver has acknowledged, or holds in a local socket, and its
    owner has not read when it dies is lost, and no sender can know.
    """
    def everywhere(seconds=CEILING):
        for what, rows in outputs.items():
            wait_for(lambda: {r['seq'] for r in s.rows()} <=
                {r['seq'] for r in rows()}, what, seconds)
    cause(s)
    everywhere()
    peer.stop()
    cause(s)
    time.sleep(1)
    peer.start()
    # what waits longest is half a minute away
    everywhere(90)
    settled(s, names)
    for what, rows in outputs.items():
        same(s, rows(), what)


class SyslogDaemon(Daemon):
    """One that takes syslog over TCP, over TLS and at a socket of its own,
    and writes what comes each way into a file of that name."""

    packages = ()
    conf_text = ''          # with %(tcp)d, %(tls)d, %(local)s, %(out)s, ...

    def __init__(self):
        super().__init__()
        self.root = debian(*self.packages)
        self.tcp, self.tls = free_port(), free_port()
        self.local = os.path.join(self.dir, 'log')
        ca = Authority(self.dir)
        cert, key = ca.issue('receiver')
        self.ca = ca.cert
        self.conf = os.path.join(self.dir, 'conf')
        with open(self.conf, 'w') as f:
            f.write(self.conf_text % {'dir': self.dir, 'max': MAX_LINE,
                'ca': ca.cert, 'cert': cert, 'key': key, 'out': self.out,
                'tcp': self.tcp, 'tls': self.tls, 'local': self.local})

    def listening(self):
        return listens(self.tcp, self.tls) and os.path.exists(self.local)

    def rows(self, which):
        try:
            with open(self.out + '.' + which) as f:
                return [json.loads(l) for l in f.read().split('\n')[:-1]]
        except FileNotFoundError:
            return []


def all_ways_of_syslog(daemon):
    with daemon() as peer, Suite() as s:
        configure(s,
            sink('tcp', 'syslog', '127.0.0.1:%d' % peer.tcp),
            sink('tls', 'syslog', 'localhost:%d' % peer.tls,
                _transport='tls', ca_file=peer.ca),
            sink('local', 'syslog', _transport='local', _path=peer.local))
        s.start()
        through_a_restart(s, peer, {w: lambda w=w: peer.rows(w)
            for w in ('tcp', 'tls', 'local')}, ('tcp', 'tls', 'local'))
