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


"""What delivery costs and how fast it is; rows of bench.py's table.

DC_BENCH_EVENTS is the size of the backlog (a million)."""

import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(TOP, 'tests', d) for d in ('system', 'peers')]
import lib
import test_sinks as ts

EVENTS = int(os.environ.get('DC_BENCH_EVENTS', '1000000'))
QUEUED = min(EVENTS, 200000)    # through the other program's queue
ROUNDS = 9              # of what is a ratio
MAX_DRAIN = 600
MB = 1024 * 1024


class Hec:
    """The compiled receiver, which is not what is measured."""

    def __init__(self, program, *args):
        self.port = lib.free_port()
        self.proc = subprocess.Popen([program, str(self.port), *args],
            stdout=subprocess.DEVNULL)
        lib.wait_for(lambda: socket.socket().connect_ex(('127.0.0.1',
            self.port)) == 0, 'the receiver')

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.proc.send_signal(signal.SIGTERM)
        self.proc.wait(10)


def drain_once(s, name, port, **keys):
    """(events per second, bytes of bodies per event)"""
    last = s.last_seq()
    ts.configure(s, ts.hec(s, name, port, **keys))
    start = time.monotonic()
    ts.reloaded(s)
    lib.wait_for(lambda: ts.state(s, name)['cursor'] >= last,
        'an empty backlog', MAX_DRAIN)
    rate = last / (time.monotonic() - start)
    # a sink tells its figures once a second
    time.sleep(1.5)
    return rate, ts.state(s, name)['bytes'] / last


def drain(program, row):
    with lib.Suite() as s:
        # with the defaults of the sink but for the wait at the end
        db = os.path.dirname(s.audit_db)
        os.makedirs(db, 0o700, exist_ok=True)
        subprocess.run([program('bench_store'), '-f', s.audit_db,
            str(EVENTS)], check=True, timeout=MAX_DRAIN)
        s.start()
        with Hec(program('hec')) as h:
            plain, size = drain_once(s, 'plain', h.port)
            zipped, small = drain_once(s, 'zipped', h.port, _gzip='true')
    row('draining a backlog of %d events into a local HEC' % EVENTS,
        '%.0f/s, %.0f bytes each; with gzip %.0f/s, %.0f bytes each '
        '(they are much alike)' % (plain, size, zipped, small),
        '50000/s without gzip', plain >= 50000)


# --- beside it: a syslog daemon's queue on disk -----------------------------

CONF = '''global(workDirectory="%(dir)s" maxMessageSize="64k")
module(load="imptcp")
template(name="msg" type="string" string="%%msg%%\\n")
input(type="imptcp" address="127.0.0.1" port="%(port)d" ruleset="r")
ruleset(name="r") {
  action(type="omfwd" target="127.0.0.1" port="%(to)d" protocol="tcp"
    template="msg" queue.type="%(type)s" queue.filename="q"
    queue.maxFileSize="64m" queue.size="10000000"
    queue.dequeueBatchSize="1024" queue.timeoutEnqueue="-1"
    action.resumeRetryCount="-1" action.resumeInterval="1")
}
'''


class Counter:
    """Counts the lines that one connection after the other brings."""

    def __init__(self, port):
        self.lines = 0
        self.sock = socket.create_server(('127.0.0.1', port))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        buf = bytearray(MB)
        while True:
            conn, _ = self.sock.accept()
            while True:
                n = conn.recv_into(buf)
                if n == 0:
                    break
                self.lines += buf.count(b'\n', 0, n)


def grown(where):
    return sum(os.path.getsize(os.path.join(where, f))
        for f in os.listdir(where))


def queue(program, row, kind):
    """rsyslog: the same bytes into its queue while nobody listens, then
    the time until all of them came."""
    import peers
    root = peers.debian('rsyslog', 'rsyslog-openssl')
    where = tempfile.mkdtemp(prefix='dcqueue')
    port, to = lib.free_port(), lib.free_port()
    conf = os.path.join(where, 'conf')
    with open(conf, 'w') as f:
        f.write(CONF % {'dir': where, 'port': port, 'to': to, 'type': kind})
    libs = os.path.join(root, 'usr/lib/x86_64-linux-gnu')
    proc = subprocess.Popen([os.path.join(root, 'usr/sbin/rsyslogd'), '-n',
        '-f', conf, '-i', os.path.join(where, 'pid'), '-M',
        os.path.join(libs, 'rsyslog')], env=dict(os.environ,
        LD_LIBRARY_PATH=libs), stderr=subprocess.DEVNULL)
    try:
        lib.wait_for(lambda: peers.listens(port), 'rsyslog')
        text = '<134>1 2026-01-01T00:00:00Z h defenseclaw - x - ' + \
            '{"details":"%s"}' % ('x' * 900)
        frame = ('%d %s' % (len(text), text)).encode() * 100
        start = time.monotonic()
        with socket.create_connection(('127.0.0.1', port)) as s:
            for _ in range(QUEUED // 100):
                s.sendall(frame)
        size = -1
        while grown(where) != size or time.monotonic() - start < 3:
            size = grown(where)
            time.sleep(1)
        into = QUEUED / (time.monotonic() - start - 1)
        c = Counter(to)
        lib.wait_for(lambda: c.lines > 0, 'the first', 60)
        first, start = c.lines, time.monotonic()
        lib.wait_for(lambda: c.lines >= QUEUED, 'an empty queue', MAX_DRAIN)
        out = (QUEUED - first) / (time.monotonic() - start)
        return into, out
    finally:
        proc.terminate()
        proc.wait(30)
        shutil.rmtree(where, ignore_errors=True)


def beside(program, row):
    into, out = queue(program, row, 'Disk')
    row("beside it: rsyslog's disk queue, %d messages of 950 bytes over "
        'TCP' % QUEUED, 'out of it %.0f/s (into it %.0f/s)' % (out, into),
        '', '')


# --- what sinks cost those who ask ------------------------------------------

def five(s, port):
    http = 'http://127.0.0.1:%d/' % port
    return [ts.hec(s, 'one', port, flush_interval_s=1),
        ts.hec(s, 'two', port, flush_interval_s=1, _gzip='true'),
        ts.sink('three', 'http_jsonl', http, flush_interval_s=1),
        ts.sink('four', 'otlp_logs', http, flush_interval_s=1),
        ts.sink('five', 'file', flush_interval_s=1)]


def verdicts(program, row, output, words, route, body):
    with lib.Suite() as s, Hec(program('hec')) as h:
        s.start()
        path = os.path.join(s.dir, 'body')
        with open(path, 'w') as f:
            f.write(body)
        env = dict(os.environ, DEFENSECLAW_GATEWAY_TOKEN=s.token())

        def p50():
            out = output([program('client'), str(s.port), route, path,
                os.path.dirname(s.audit_db), '1000'], env=env)
            return words(out, 'inspect')[1]
        p50()
        got = []
        for _ in range(ROUNDS):
            ts.configure(s)
            ts.reloaded(s)
            without = p50()
            ts.configure(s, *five(s, h.port))
            ts.reloaded(s)
            lib.wait_for(lambda: all(ts.state(s, n)['lag_events'] == 0
                for n in ('one', 'two', 'three', 'four', 'five')), 'idle')
            got.append((p50(), without))
            lib.wait_for(lambda: ts.state(s, 'one')['lag_events'] == 0,
                'sinks that keep up')
    ratio = statistics.median(a / b for a, b in got)
    row('verdict of 1 KB, p50, five sinks enabled against none',
        '%.0f us, %.0f us: %.2f times' % (statistics.median(a for a, b in
        got), statistics.median(b for a, b in got), ratio), '1.15 times',
        ratio <= 1.15)
