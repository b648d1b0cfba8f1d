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

"""Everything dies and everything answers badly, and still every sink gets
the log: what a receiver has and what stands in its dead letters is what the
database has, in order, and twice only with the same id.

Short: half a minute of it; with DC_SOAK=1 until the log has DC_SOAK_EVENTS
events (a million).  DC_SEED repeats a run's choices.

The fifteen places where another implementation loses events (a queue in
memory that calls enqueueing delivery), and what shows that this one does not:

a  kill -9, power cut: batches in memory   here: everything_at_once;
                                           tests/power for the log itself
b  a flush at shutdown that fails          test_sinks: away_and_back
c  a full queue drops the oldest           here: a_week_down
d  a batch dropped on any error            test_sinks: answers_of_a_hec
e  a queue overwritten, retries for a      here: a_week_down, and
   minute only                             everything_at_once
f  one event that cannot be written drops  test_sinks: one_bad_event
   its batch
g  what the command line writes never      peers: cause(), in each of
   reaches a sink                          tests/peers
h  an INSERT that fails returns before     here: everything_at_once fills
   fan-out                                 the disk: no row, no verdict
i  one deadline for all sinks: the later   here: one_hangs
   ones starve
j  a poison event at the head of the line  here: everything_at_once;
                                           test_sinks: one_bad_event
k  no history for a sink added later       test_sinks: filters_and_places
l  a schema check drops events             here: everything_at_once compares
                                           with all rows of the database
m  events between an edit of the           here: reconfigured
   configuration and the restart
n  errors of a flush by timer are silent   test_sinks: away_and_back waits
                                           for sink.failed, sink.restored
o  duplicates cannot be told               here: each (epoch, sequence) has
                                           one id, see Tally and restored
"""

import http.client
import os
import random
import re
import shutil
import sqlite3
import sys
import threading

from lib import *
from receivers import Receiver, Syslog
from test_sinks import all_seqs, arrived, configure, events, hec, in_order, \
    reloaded, sink, state

SOAK = os.environ.get('DC_SOAK') == '1'
EVENTS = int(os.environ.get('DC_SOAK_EVENTS', '1000000'))
SEED = int(os.environ.get('DC_SEED', time.time_ns() % 10 ** 6))
SECONDS = 10            # of the short form
RATE = 3000 if SOAK else 150
DISK = 6000 * 1024 * 1024 if SOAK else 256 * 1024 * 1024
DAY = 86400
SETTLE = 600 if SOAK else 90    # backoff goes up to a minute

ROW = re.compile(rb'"seq":(\d+),"id":"([0-9a-f-]+)"')
RECORD = re.compile(rb'"audit\.id","value":\{"stringValue":"([0-9a-f-]+)"\}'
    rb'.*?"audit\.seq","value":\{"stringValue":"(\d+)"\}')
POISON = b'poison-tool'


class Tally:
    """What came: the first coming of each sequence, in order, and its id."""

    def __init__(self):
        self.ids = {}
        self.order = []         # first comings
        self.doubles = 0
        self.wrong = []

    def put(self, pairs):
        for seq, id in pairs:
            seq = int(seq)
            had = self.ids.setdefault(seq, id)
            if had is id:
                self.order.append(seq)
            elif had != id:
                self.wrong.append((seq, had, id))
            else:
                self.doubles += 1

    def check(self, name):
        eq(self.wrong, [], '%s: one sequence, two ids' % name)
        last = 0
        for seq in self.order:
            if seq < last:
                raise AssertionError('%s: %d came first after %d' % (name,
                    seq, last))
            last = seq


def pairs_of(request):
    if b'resourceLogs' in request.body[:20]:
        return [(s, i) for i, s in RECORD.findall(request.body)]
    return ROW.findall(request.body)


class Bad:
    """A receiver over HTTP that answers well only now and then."""

    def __init__(self, kind, slow=0):
        self.kind = kind
        self.slow = slow
        self.tally = Tally()
        self.good = False
        self.random = random.Random('%d %s' % (SEED, kind))
        self.answers = {}
        self.pending = {}       # of indexer acknowledgement
        self.indexed = set()
        self.next_ack = 0
        self.up()
        self.port = self.http.port

    def up(self):
        self.http = Receiver(None, port=getattr(self, 'port', 0))
        self.http.take = self.take
        self.lock = self.http.lock

    def down(self):
        self.http.close()
        # a crash: accepted, never indexed, and it counts from 0 again
        self.pending.clear()
        self.next_ack = 0

    def take(self, r):
        with self.lock:
            return self.answer(r)

    def keep(self, r):
        pairs = pairs_of(r)
        if self.kind == 'ack':
            self.tally.put(pairs)
            self.pending[self.next_ack] = [int(s) for s, _ in pairs]
            self.next_ack += 1
            return {'text': 'Success', 'code': 0,
                'ackId': self.next_ack - 1}
        self.tally.put(pairs)
        return {'text': 'Success', 'code': 0} if self.kind == 'hec' else {}

    def acks(self, r):
        """Late, in any order, and one in twenty never."""
        out = {}
        for id in set(json.loads(r.body)['acks']):
            rows = self.pending.get(id)
            ok = rows is not None and (self.good or (id % 20 != 7 and
                self.random.random() < 0.5))
            out[str(id)] = ok
            if ok:
                self.indexed.update(rows)
                del self.pending[id]
        return 200, {'acks': out}

    def answer(self, r):
        if '/ack' in r.path:
            return self.acks(r)
        if self.slow and not self.good:
            time.sleep(self.slow)
        if self.kind == 'hec' and POISON in r.body:
            for n, line in enumerate(r.body.split(b'\n')):
                if POISON in line:
                    return 400, {'code': 6, 'invalid-event-number': n}
        what = 'ok' if self.good else self.random.choices(
            [k for k, _ in FAULTS], [w for _, w in FAULTS])[0]
        self.answers[what] = self.answers.get(what, 0) + 1
        return getattr(self, 'do_' + what)(r)

    def do_ok(self, r):
        return 200, self.keep(r)

    def do_busy(self, r):
        return self.random.choice([(503, {'code': 9}), (500, {'code': 8}),
            (429, {'code': 26}, {'Retry-After': '1'}), (503, {'code': 20})]
            if self.kind in ('hec', 'ack') else
            [(503, b''), (429, b'', {'Retry-After': '1'}), (502, b'<html>'),
            (504, b'')])

    def do_large(self, r):
        return (413, b'<html>') if len(pairs_of(r)) > 1 and \
            self.kind != 'otlp' else (200, self.keep(r))

    def do_silent(self, r):
        return None

    def do_kept_but_silent(self, r):
        self.keep(r)
        return None

    def do_half(self, r):
        self.keep(r)
        return 200, b'{"text":"Succ', {'Content-Length': '500',
            'Connection': 'close'}

    def do_forbidden(self, r):
        """What OTLP may not send again; the others take it."""
        return (400, b'{}') if self.kind == 'otlp' else (200, self.keep(r))

    def have(self):
        with self.lock:
            return set(self.indexed if self.kind == 'ack'
                else self.tally.ids)


FAULTS = (('ok', 80), ('busy', 6), ('large', 5), ('silent', 3),
    ('kept_but_silent', 3), ('half', 2), ('forbidden', 1))


class Messages:
    """Of the syslog receiver, which has no way to say no."""

    def __init__(self):
        self.tally = Tally()

    def append(self, text):
        self.tally.put(ROW.findall(text.encode()))

    def __iter__(self):
        return iter(())


class Load:
    """tests/bench/load at a steady rate, begun again when it is cut."""

    def __init__(self, s):
        self.s = s
        self.prog = os.path.join(env_dir('DC_BIN'), '..', 'bench', 'load')
        if not os.access(self.prog, os.X_OK):
            raise Skip('%s is not built' % self.prog)
        self.stop = False
        self.proc = None

    def run(self):
        env = dict(os.environ, DEFENSECLAW_GATEWAY_TOKEN=self.s.token())
        while not self.stop:
            self.proc = subprocess.Popen([self.prog, str(self.s.port),
                self.s.gateway_sock, str(RATE), '86400', '8', '4'],
                env=env, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.proc.wait()
            time.sleep(0.1)

    def __enter__(self):
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.stop = True
        while self.thread.is_alive():
            if self.proc is not None and self.proc.poll() is None:
                self.proc.kill()
            self.thread.join(0.1)


class Stepped(Suite):
    """Its clock is set while it runs (make clock-build)."""

    def __init__(self):
        super().__init__()
        bin = os.path.join(self.bin, '..', 'clock')
        self.clock = None
        if os.access(os.path.join(bin, 'defenseclawd'), os.X_OK):
            self.bin = bin
            self.clock = os.path.join(self.dir, 'clock')
            self.step(0)

    def env(self):
        env = super().env()
        if self.clock:
            env['DC_CLOCK'] = self.clock
        return env

    def step(self, seconds):
        # in place: it is mapped
        with open(self.clock, 'r+b' if os.path.exists(self.clock)
                else 'wb') as f:
            f.write(struct.pack('=q', seconds))


class Disk:
    """The suite's directories are on a small disk."""

    def __init__(self, s):
        self.dir = s.home

    def size(self, n):
        return subprocess.run(['mount', '-o', 'remount,size=%d' % n,
            self.dir], capture_output=True).returncode == 0

    def __enter__(self):
        r = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'mode=700,size=%d' %
            DISK, 'tmpfs', self.dir], capture_output=True, text=True)
        if r.returncode != 0:
            raise Skip('no disk of its own: ' + r.stderr.strip())
        return self

    def __exit__(self, *exc):
        subprocess.run(['umount', '-l', self.dir])

    def fill(self):
        """A little is left over; no size is set that is in use already."""
        def full():
            st = os.statvfs(self.dir)
            return self.size((st.f_blocks - st.f_bfree) * st.f_frsize +
                262144)
        wait_for(full, 'a full disk')

    def free(self):
        eq(self.size(DISK), True, 'an empty disk')


class Chaos:
    def __init__(self, s, disk, receivers):
        self.s = s
        self.disk = disk
        self.receivers = receivers
        self.random = random.Random(SEED)
        self.count = {}

    def kill_role(self):
        role = self.random.choice(['gatewayd', 'auditd', 'signer', 'sink',
            'sink', 'sink', 'resolver'])
        pids = self.s.pids().get(role)
        if not pids:
            return
        try:
            os.kill(self.random.choice(pids), signal.SIGKILL)
        except ProcessLookupError:
            pass
        time.sleep(self.random.uniform(0.1, 1.2))

    def kill_all(self):
        self.s.kill()
        self.start()

    def start(self):
        while True:
            try:
                self.s.start()
                return
            except StartFailed:
                self.disk.free()

    def receiver_away(self):
        r = self.random.choice(self.receivers)
        r.down()
        time.sleep(self.random.uniform(0.2, 1))
        r.up()

    def disk_full(self):
        self.disk.fill()
        time.sleep(self.random.uniform(0.5, 1.5))
        self.disk.free()

    def poison(self):
        try:
            self.s.post('/api/v1/inspect/tool', {'tool': 'poison-tool',
                'args': {}})
        except (OSError, http.client.HTTPException):
            pass

    def clock(self):
        if self.s.clock:
            self.s.step(self.random.choice([-DAY, 0, DAY]))

    def turn(self):
        what = self.random.choices(['kill_role', 'kill_all', 'disk_full',
            'receiver_away', 'poison', 'clock'], [10, 1, 2, 3, 3, 2])[0]
        self.count[what] = self.count.get(what, 0) + 1
        getattr(self, what)()
        time.sleep(self.random.uniform(0, 0.3))


def dead_letters(s, name):
    """{sequence: reason}"""
    out, after = {}, 0
    c = s.control()
    try:
        while True:
            code, text = c.request('MSG_CTL_DEAD_LIST',
                struct.pack('=QI', after, 0) + wstr(name))
            eq(code, 0, text)
            got = json.loads(text)
            if not got:
                return out
            for d in got:
                if not d['reason']:
                    raise AssertionError('%s: no reason for %r' % (name, d))
                out[d['seq']] = d['reason']
            after = got[-1]['seq']
    finally:
        c.close()


def file_tally(s, name):
    t = Tally()
    d = os.path.join(s.state, 'sinks', name)
    for f in sorted(os.listdir(d)):
        with open(os.path.join(d, f), 'rb') as data:
            for line in data:
                if not line.endswith(b'\n'):
                    raise AssertionError('half a line in ' + f)
                t.put(ROW.findall(line))
    return t


def database(s):
    db = sqlite3.connect('file:%s?mode=ro' % s.audit_db, uri=True,
        timeout=CEILING)
    try:
        return {n: i.encode() for n, i in db.execute(
            'SELECT seq, id FROM audit_events')}
    finally:
        db.close()


def compare(s, name, tally, have, rows):
    tally.check(name)
    dead = dead_letters(s, name)
    lost = set(rows) - have - set(dead)
    eq(sorted(lost)[:20], [], '%s: %d rows are nowhere' % (name, len(lost)))
    eq(sorted(have - set(rows))[:20], [], '%s: not in the log' % name)
    for seq, id in tally.ids.items():
        if rows[seq] != id:
            raise AssertionError('%s: id of %d' % (name, seq))
    print('    %-6s %7d events, %d came again, %d put aside' % (name,
        len(have), tally.doubles, len(dead)), flush=True)
    return dead


def settle(s, names):
    """All is delivered, and what the delivery itself recorded too."""
    def quiet():
        last = s.last_seq()
        return all(state(s, n)['lag_events'] == 0 for n in names) and \
            s.last_seq() == last
    wait_for(quiet, 'no sink is behind', SETTLE)


def everything_at_once():
    print('    DC_SEED=%d' % SEED)
    need_root()
    rs = {'hec': Bad('hec'), 'ack': Bad('ack'), 'otlp': Bad('otlp'),
        'slow': Bad('lines', 0.05 if SOAK else 0.2)}
    log = Syslog()
    log.messages = Messages()
    s = Stepped()
    with Disk(s) as disk, s:
        s.set_config('gateway.workers', 2)
        # what is kept free would keep the disk from being full
        s.set_config('audit.disk_reserve_mb', SEED % 2 * 64)
        configure(s, hec(s, 'hec', rs['hec'].port),
            hec(s, 'ack', rs['ack'].port, _use_ack='true',
                _ack_timeout_s=10),
            sink('otlp', 'otlp_logs', 'http://localhost:%d' %
                rs['otlp'].port, _gzip='true'),
            sink('slow', 'http_jsonl', 'http://127.0.0.1:%d/' %
                rs['slow'].port),
            sink('log', 'syslog', '127.0.0.1:%d' % log.port),
            sink('files', 'file', _rotate_mb=16))
        s.start()
        chaos = Chaos(s, disk, list(rs.values()))
        with Load(s):
            end = time.monotonic() + SECONDS
            n = 0
            while s.last_seq() < EVENTS if SOAK else \
                    time.monotonic() < end:
                chaos.turn()
                n += 1
                if SOAK and n % 100 == 0:
                    print('    %d turns, %d events' % (n, s.last_seq()),
                        flush=True)
        for r in rs.values():
            r.good = True
        wait_for(lambda: s.pids('auditd') and
            s.get('/health').status == 200, 'serving')
        settle(s, [*rs, 'log', 'files'])
        rows = database(s)
        print('    %s; %d rows' % (', '.join('%s %d' % kv for kv in
            sorted(chaos.count.items())), len(rows)))
        for name, r in rs.items():
            dead = compare(s, name, r.tally, r.have(), rows)
            print('           %s' % ', '.join('%s %d' % kv for kv in
                sorted(r.answers.items())))
            if name in ('ack', 'slow'):
                eq(dead, {}, name)
        for name, t in (('log', log.messages.tally),
                ('files', file_tally(s, 'files'))):
            eq(compare(s, name, t, set(t.ids), rows), {}, name)
        if s.clock:
            days = {r['timestamp'][:10] for r in s.rows()}
            print('    days of the log: ' + ', '.join(sorted(days)))
        s.stop()
        check = s.ctl('audit', 'verify', '--db', s.audit_db)
        eq(check.returncode, 0, check.stdout + check.stderr)
    for r in rs.values():
        r.http.close()
    log.close()


def one_hangs():
    """A receiver that never answers delays no other and no verdict."""
    hang = threading.Event()

    def never(r):
        hang.wait(60)
        return None
    stuck, good = Receiver(), Receiver()
    stuck.take = never
    with Suite() as s:
        configure(s, hec(s, 'a-stuck', stuck.port, timeout_s=300),
            hec(s, 'good', good.port), sink('files', 'file'))
        s.start()
        events(s, 200)
        arrived(s, good.seqs, 'the other receiver')
        wait_for(lambda: state(s, 'files')['lag_events'] == 0, 'the file')
        st = state(s, 'a-stuck')
        eq((st['cursor'], st['delivered']), (0, 0), 'the one that hangs')
        hang.set()
    stuck.close()
    good.close()


def a_week_down():
    """More than any queue in memory would hold waits in the log; what waits
    costs the sink's process nothing."""
    bench = os.path.join(env_dir('DC_BIN'), '..', 'bench', 'load')
    if not os.access(bench, os.X_OK):
        raise Skip('%s is not built' % bench)
    port = free_port()
    with Suite() as s:
        configure(s, hec(s, 'hec', port))
        s.start()
        n = 20000 if SOAK else 3000
        subprocess.run([bench, str(s.port), s.gateway_sock, '3000',
            str(n // 3000 + 1), '8', '4'], check=True,
            stdout=subprocess.DEVNULL, timeout=120,
            env=dict(os.environ, DEFENSECLAW_GATEWAY_TOKEN=s.token()))
        s.wait_row("action = 'sink.failed'")
        if state(s, 'hec')['lag_events'] < n:
            raise AssertionError('lag: %r' % state(s, 'hec'))
        h = Receiver(port=port)
        arrived(s, h.seqs, 'all of it', 90)
        in_order_fast(h.seqs())
        eq(state(s, 'hec')['dead_letters'], 0)
        h.close()


def in_order_fast(seqs):
    t = Tally()
    t.put((n, n) for n in seqs)
    t.check('order')


def indexer_forgets():
    """A receiver that died counts its acknowledgements from 0 again: its
    first ones must not pass for those that it forgot."""
    h = Bad('ack')
    h.good = True
    h.acks, ack = lambda r: (200, {'acks': {}}), h.acks
    with Suite() as s:
        configure(s, hec(s, 'hec', h.port, _use_ack='true', batch_size=1,
            _ack_timeout_s=10))
        s.start()
        events(s, 5)
        wait_for(lambda: len(h.pending) >= 5, 'accepted')
        h.down()
        h.acks = ack
        h.up()
        events(s, 5)
        settle(s, ['hec'])
        eq(set(database(s)) - h.have(), set(), 'never indexed')
    h.http.close()


def reconfigured():
    """Events of the time in which the configuration changes."""
    h, other = Receiver(), Receiver()
    with Suite() as s:
        configure(s, hec(s, 'hec', h.port))
        s.start()
        stop = []

        def ask():
            c = s.client()
            while not stop:
                c.post('/api/v1/inspect/tool', {'tool': 'shell',
                    'args': {'command': 'ls'}})
            c.close()
        t = threading.Thread(target=ask)
        t.start()
        try:
            for n in range(6):
                r = (h, other)[n % 2]
                configure(s, hec(s, 'hec', r.port, batch_size=10 + n))
                reloaded(s)
                time.sleep(0.2)
        finally:
            stop.append(1)
            t.join()
        wait_for(lambda: set(all_seqs(s)) <= set(h.seqs()) |
            set(other.seqs()), 'at one or the other')
        for r in (h, other):
            in_order_fast(r.seqs())
    h.close()
    other.close()


def restored():
    """A database from yesterday's copy: a new epoch, and nothing that is
    new looks like something that the receiver has."""
    h = Receiver()
    with Suite() as s:
        configure(s, hec(s, 'hec', h.port))
        s.start()
        events(s, 5)
        arrived(s, h.seqs, 'before the copy')
        s.stop()
        copy = os.path.join(s.dir, 'copy')
        shutil.copytree(os.path.dirname(s.audit_db), copy)
        s.start()
        events(s, 5, 'lost')
        arrived(s, h.seqs, 'after the copy')
        s.stop()
        had = {r['id'] for r in h.accepted}
        before = len(h.accepted)
        shutil.rmtree(os.path.dirname(s.audit_db))
        shutil.copytree(copy, os.path.dirname(s.audit_db))
        s.start()
        s.wait_row("action = 'audit-epoch' AND target = 'older-copy'")
        events(s, 5, 'new')
        arrived(s, lambda: [r['seq'] for r in h.accepted
            if r['id'] in {w['id'] for w in s.rows()}], 'after the return')
        rows = {r['id']: r for r in s.rows()}
        ids, epochs = {}, set()
        for r in h.accepted:
            place = r['device'], r['epoch'], r['seq']
            eq(ids.setdefault(place, r['id']), r['id'], 'id of %r' %
                (place,))
            epochs.add(r['epoch'])
        eq(len(epochs), 2, 'epochs')
        # what was made after the return is all new to the receiver
        epoch = next(r for r in rows.values()
            if r['action'] == 'audit-epoch' and r['target'] == 'older-copy')
        new = [r['id'] for r in rows.values() if r['seq'] >= epoch['seq']]
        eq(set(new) & had, set(), 'new ones taken for old')
        eq(set(new) <= {r['id'] for r in h.accepted[before:]}, True,
            'all of them came')
    h.close()


TESTS = [one_hangs, a_week_down, indexer_forgets, reconfigured, restored,
    everything_at_once]

if __name__ == '__main__':
    if os.geteuid() == 0 and os.environ.get('DC_UNSHARED') != '1':
        os.environ['DC_UNSHARED'] = '1'
        os.execvp('unshare', ['unshare', '-m', '--propagation', 'private',
            sys.executable, os.path.abspath(__file__), *sys.argv[1:]])
    names = sys.argv[1:]
    program(lambda: run([t for t in TESTS
        if not names or t.__name__ in names]))
