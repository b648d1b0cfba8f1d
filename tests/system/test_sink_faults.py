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


"""Sinks and receivers that fail together: no loop, no loss, no stall."""

import datetime
import socket
import threading

from test_sinks import *


def two_that_refuse():
    """Neither's refusal of the other's news is news."""
    refuse = lambda r: (400, b'{}')
    a, b = Receiver(refuse), Receiver(refuse)
    with Suite() as s:
        configure(s, sink('one', 'otlp_logs',
            'http://127.0.0.1:%d' % a.port), sink('two', 'otlp_logs',
            'http://127.0.0.1:%d' % b.port))
        s.start()
        events(s, 3)
        s.wait_row("action = 'sink.rejected' AND target = 'one'")
        s.wait_row("action = 'sink.rejected' AND target = 'two'")

        def quiet():
            n = len(s.rows("action LIKE 'sink.%'"))
            time.sleep(4)
            return len(s.rows("action LIKE 'sink.%'")) == n
        wait_for(quiet, 'an end of it')
    a.close()
    b.close()


class Indexer:
    """A HEC with acknowledgement, whose memory can be lost."""

    def __init__(self):
        self.held, self.indexed, self.works = {}, [], False
        self.poison = self.poisoned = 0

    def answer(self, r):
        if '/ack' in r.path:
            ids = json.loads(r.body)['acks']
            if self.works:
                for i in ids:
                    self.indexed += self.held.pop(i, [])
            return 200, {'acks': {str(i): self.works and
                i not in self.held and i < self.next for i in ids}}
        for i, row in enumerate(r.rows):
            if row['seq'] == self.poison:
                self.poisoned += 1
                return 400, {'code': 6, 'invalid-event-number': i}
        self.held[self.next] = [row['seq'] for row in r.rows]
        self.next += 1
        return 200, {'text': 'Success', 'code': 0, 'ackId': self.next - 1}

    next = 0

    def restart(self):
        self.held, self.next = {}, 0


def forgotten_by_its_indexer():
    """Ids that begin anew do not stand for what waits."""
    x = Indexer()
    h = Receiver(x.answer)
    with Suite() as s:
        configure(s, hec(s, 'splunk', h.port, _use_ack='true'))
        s.start()
        events(s, 5)
        arrived(s, h.seqs, 'accepted')
        with h.lock:
            x.restart()
            x.works = True
        events(s, 5)
        wait_for(lambda: state(s, 'splunk')['lag_events'] == 0, 'settled')
        eq(set(all_seqs(s)) - set(x.indexed), set(), 'lost')
    h.close()


def bad_while_others_wait():
    """A dead letter of a later batch is none of the first one's business."""
    x = Indexer()
    h = Receiver(x.answer)
    with Suite() as s:
        configure(s, hec(s, 'splunk', h.port, _use_ack='true'))
        s.start()
        events(s, 3)
        arrived(s, h.seqs, 'accepted')
        pids = s.pids('sink')
        with h.lock:
            x.poison = max(all_seqs(s)) + 1
        events(s, 3)
        s.wait_row("action = 'sink.quarantined'")
        with h.lock:
            x.works = True
        wait_for(lambda: state(s, 'splunk')['lag_events'] == 0, 'settled')
        eq(s.pids('sink'), pids, 'the process stayed')
        if x.poisoned > 2:      # among others, then alone
            raise AssertionError('sent %d times' % x.poisoned)
        eq(set(all_seqs(s)) - set(x.indexed), {x.poison}, 'lost')
    h.close()


def away_for_a_moment():
    """Disabled and enabled while a request is under way: one process of it
    at a time.  Removed: told once."""
    def answer(r):
        time.sleep(1.5)
        return ok_hec(r)
    h = Receiver(answer)
    with Suite() as s:
        configure(s, hec(s, 'splunk', h.port))
        s.start()
        events(s, 1)
        wait_for(lambda: h.seqs(), 'a request')
        events(s, 1)
        time.sleep(0.3)         # into the next one
        configure(s, hec(s, 'splunk', h.port, enabled='false'))
        reloaded(s)
        configure(s, hec(s, 'splunk', h.port))
        reloaded(s)
        most = 0
        for i in range(40):
            most = max(most, len(s.pids('sink')))
            time.sleep(0.05)
        eq(most, 1, 'processes of one sink')
        events(s, 1)
        arrived(s, h.seqs, 'back')
        configure(s)
        reloaded(s)
        s.wait_row("action = 'sink-removed'")
        eq(len(s.rows("action = 'sink-removed'")), 1, 'told')
    h.close()


class Proxy:
    """It answers every request, also one for a tunnel, with one status."""

    def __init__(self, status):
        self.asked = []
        self.sock = socket.create_server(('127.0.0.1', 0))
        self.port = self.sock.getsockname()[1]
        self.status = status
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                c, _ = self.sock.accept()
            except OSError:
                return
            with c:
                c.settimeout(10)
                head = b''
                while b'\r\n\r\n' not in head:
                    got = c.recv(65536)
                    if not got:
                        break
                    head += got
                self.asked.append(head.split(b' ')[0].decode())
                c.sendall(b'HTTP/1.1 %d no\r\nContent-Length: 0\r\n'
                    b'Connection: close\r\n\r\n' % self.status)

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


def a_proxy_that_refuses():
    """Held like a bad token, and it is said who refuses: the proxy."""
    p = Proxy(407)
    at = "'127.0.0.1:%d'" % p.port
    with Suite() as s:
        ca = Authority(s.dir)
        configure(s, hec(s, 'splunk', 9, host='127.0.0.2', scheme='https',
            ca_file=ca.cert, proxy=at), hec(s, 'plain', 9, host='127.0.0.2',
            proxy=at), sink('log', 'syslog', '127.0.0.2:9', proxy=at))
        s.start()
        for name in ('splunk', 'plain', 'log'):
            st = wait_for(lambda: state(s, name)['circuit'] == 'held' and
                state(s, name), name + ' is held')
            if 'proxy wants credentials' not in st['error']:
                raise AssertionError('%s: %r' % (name, st))
            s.wait_row("action = 'sink.failed' AND target = '%s'" % name)
        eq(sorted(set(p.asked)), ['CONNECT', 'POST'])
    p.close()


def patience_that_is_asked_for():
    """Retry-After, as seconds and as a date, up to an hour."""
    when = {'a-minute': '90', 'a-day': '86400', 'for-ever': '9' * 30,
        'a-date': 'Fri, 02 Jan 2026 00:02:00 GMT'}
    rs = {n: Receiver(lambda r, v=v: (503, {'code': 9, 'text': 'busy'},
        {'Retry-After': v, 'Date': 'Fri, 02 Jan 2026 00:00:00 GMT'}))
        for n, v in when.items()}
    want = {'a-minute': 90, 'a-day': 3600, 'for-ever': 3600, 'a-date': 120}
    with Suite() as s:
        configure(s, *[hec(s, n, r.port) for n, r in rs.items()])
        s.start()
        for n, r in rs.items():
            st = wait_for(lambda: state(s, n)['retry_at'] and state(s, n),
                n + ' waits')
            at = datetime.datetime.fromisoformat(
                st['retry_at'].replace('Z', '+00:00')).timestamp()
            left = at - time.time()
            if not want[n] - 60 < left < want[n] + 5:
                raise AssertionError('%s waits for %d s' % (n, left))
            eq('patience and has 3600 s' in st['error'], want[n] == 3600,
                '%s: %s' % (n, st['error']))
            eq(len(r.requests), 1, n)
    for r in rs.values():
        r.close()


def refuses_everything():
    """It is not asked at full speed until the whole log is put aside."""
    h = Receiver(lambda r: (400, {'code': 6}))
    o = Receiver(lambda r: (400, b'{}'))
    with Suite() as s:
        s.start()
        events(s, 300)
        configure(s, hec(s, 'splunk', h.port), sink('otel', 'otlp_logs',
            'http://127.0.0.1:%d' % o.port, batch_size=1))
        reloaded(s)
        for name, r in (('splunk', h), ('otel', o)):
            wait_for(lambda: state(s, name)['circuit'] == 'open' and
                s.rows("action = 'sink.failed' AND target = '%s'" % name),
                name + ' is asked seldom')
            if len(r.requests) > 45:
                raise AssertionError('%s: %d requests' % (name,
                    len(r.requests)))
            row = s.rows("action = 'sink.failed' AND target = '%s'" %
                name)[0]
            eq(row['details']['http'], 400)
    h.close()
    o.close()


def takes_a_part():
    """Who takes some of each request is no receiver that refuses all; one
    that warns delivers, and status has its words, redacted."""
    def answer(r):
        if any(row['action'].startswith('sink.') for row in r.rows):
            return 200, {'partialSuccess': {'errorMessage':
                'clock of hunter2'}}
        return 200, {'partialSuccess': {'rejectedLogRecords': '1'}}
    o = Receiver(answer)
    with Suite() as s:
        s.start()
        events(s, 120)
        configure(s, sink('otel', 'otlp_logs', 'http://127.0.0.1:%d' %
            o.port, batch_size=2))
        reloaded(s)
        wait_for(lambda: len(o.requests) >= 60 and
            state(s, 'otel')['lag_events'] == 0, 'all of them')
        eq(s.rows("action = 'sink.failed'"), [])
        wait_for(lambda: 'accepted with a warning: <redacted' in
            state(s, 'otel')['error'], 'the warning')
    o.close()


def never_indexed():
    """Accepted is not delivered: what no acknowledgement ever comes for is
    told, and sent again."""
    x = Indexer()
    h = Receiver(x.answer)
    with Suite() as s:
        configure(s, hec(s, 'splunk', h.port, _use_ack='true',
            _ack_timeout_s=10))
        s.start()
        events(s, 2)
        arrived(s, h.seqs, 'accepted')
        n = len(h.seqs())
        row = s.wait_row("action = 'sink.failed'")
        if 'not indexed within 10 s' not in row['details']['reason']:
            raise AssertionError(row)
        wait_for(lambda: len(h.seqs()) >= n + 2, 'sent again')
        st = state(s, 'splunk')
        eq((st['cursor'], st['last_success']), (0, ''), 'nothing is delivered')
        with h.lock:
            x.works = True
        s.wait_row("action = 'sink.restored'")
        wait_for(lambda: state(s, 'splunk')['lag_events'] == 0, 'indexed')
    h.close()


TESTS = [two_that_refuse, forgotten_by_its_indexer, bad_while_others_wait,
    away_for_a_moment, a_proxy_that_refuses, patience_that_is_asked_for,
    refuses_everything, takes_a_part, never_indexed]

if __name__ == '__main__':
    names = sys.argv[1:]
    program(lambda: run([t for t in TESTS
        if not names or t.__name__ in names]))
