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


TESTS = [two_that_refuse, forgotten_by_its_indexer, bad_while_others_wait,
    away_for_a_moment]

if __name__ == '__main__':
    names = sys.argv[1:]
    program(lambda: run([t for t in TESTS
        if not names or t.__name__ in names]))
