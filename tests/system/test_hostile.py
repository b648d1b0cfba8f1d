#!/usr/bin/env python3
#
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

"""Sinks and a judge that lie: each is replaced, and nobody but itself is
hurt.

tests/hostile/sinkd.c does what the name of its sink says, as a judge what the
text says.
"""

import json
import os
import shutil

from judges import use
from lib import *
from receivers import Receiver
from test_judge import HIGH, NOTHING, ask
from test_sinks import arrived, configure, events, hec, sink, state

# deeds after which auditd has the process replaced, and what it says
REPLACED = {
    'acks': 'acknowledges what it was not given',
    'early': 'acknowledges what it was not given',
    'pulls': 'a pull that is malformed or one too many',
    'nothing': 'a pull that is malformed or one too many',
    'letters': 'a dead letter that was not given to it',
    'class': 'a dead letter that was not given to it',
    'flood': 'reports that are malformed or too many',
    'type': 'unknown type',
    'short': 'wrong length',
    'frames': '',
}
# deeds that are answered, or hurt only who does them
ALONE = ('text', 'asks', 'stop', 'silent')


def programs(d):
    """A copy of the suite's programs with the hostile one in its place."""
    hostile = os.path.join(TOP, 'build/hostile/sinkd')
    if not os.path.exists(hostile):
        raise Skip('%s is missing: see make check-system' % hostile)
    to = os.path.join(d, 'bin')
    shutil.copytree(env_dir('DC_BIN'), to, symlinks=True)
    real = os.path.join(to, 'defenseclaw-sinkd')
    os.rename(real, real + '.real')
    shutil.copy(hostile, real)
    return to


def restarts(s):
    return {p['instance']: p['restarts'] for p in json.loads(s.ctl('status',
        '--json').stdout)['processes']}


def liars():
    good = Receiver()
    s = Suite()
    s.bin = programs(s.dir)
    with s:
        configure(s, hec(s, 'good', good.port, host='localhost'),
            *[sink(n, 'http_jsonl', 'http://%s:9/' % ('x.test' if n ==
            'asks' else '127.0.0.1')) for n in (*REPLACED, *ALONE)])
        s.start()
        keep = {r: s.pids(r) for r in ('auditd', 'gatewayd', 'signer',
            'resolver')}
        arrived(s, good.seqs, 'the honest sink')

        def all_replaced():
            got = restarts(s)
            return all(got.get('sink.' + n, 0) >= 2 for n in REPLACED)
        wait_for(all_replaced, 'replaced twice')
        events(s, 20)
        arrived(s, good.seqs, 'the honest sink')
        eq({r: s.pids(r) for r in keep}, keep, 'everybody else')
        got = restarts(s)
        for name in ('good', 'silent', 'text', 'asks', 'stop'):
            eq(got['sink.' + name], 0, name)
        log = s.log()
        for name, text in REPLACED.items():
            if not re.search(r'sink\.%s.*%s' % (name, re.escape(text)), log):
                raise AssertionError('%s: the log does not say so' % name)
        for text in ('sink.stop: asked for what it may not',
                'sink.asks: a malformed question'):
            if text not in log:
                raise AssertionError('not in the log: %s' % text)
        # nothing of what they said moved a cursor or made a dead letter
        for name in (*REPLACED, *ALONE):
            st = state(s, name)
            eq((st['cursor'], st['quarantined'], st['dead_letters']),
                (0, 0, 0), name)
        eq(state(s, 'text')['circuit'], 'unknown')
        eq(set(state(s, 'text')['error']), {'?'})
        row = s.wait_row("action = 'sink.rejected' AND target = 'text'")
        eq(set(row['details']['reason']), {'?'})
        eq(row['actor'], 'role:sink.text')
        # what a flood made of events is bounded, and the chain holds
        n = len(s.rows("target = 'flood' AND action = 'sink.rejected'"))
        eq(n <= 1000 * (1 + got['sink.flood']), True, 'events of a flood')
        r = s.ctl('audit', 'verify')
        eq(r.returncode, 0, r.stdout + r.stderr)
    good.close()


def lying_judge():
    """What a judge says moves no more than its own opinion, and what is no
    answer moves nothing and ends it."""
    s = Suite()
    s.bin = programs(s.dir)
    with s:
        use(s, 'http://127.0.0.1:9/v1', cache_ttl=0)
        s.set_config('guardrail.detection_strategy', 'judge_first')
        s.unlimited()
        s.start()
        c = s.client()          # of one worker
        judge_is_there(s, c)
        keep = {r: s.pids(r) for r in ('auditd', 'gatewayd', 'signer')}
        pids = s.pids('judge')
        # that it can be heard; one category said 32 times is one
        eq(opinion(s, c, 'deed-same'), ('MEDIUM', 'alert', ['ok']))
        for deed in ('stranger', 'names', 'twice'):
            for word in ('deed-' + deed, 'and the next'):
                eq(opinion(s, c, word), ('NONE', 'allow', ['ok']), deed)
        got = ask(s, 'response', NOTHING + ' deed-invented', client=c)
        eq((got['severity'], got['raw_action']), ('NONE', 'allow'), got)
        eq(s.pids('judge'), pids, 'the judge')
        for deed, text, want in (('type', NOTHING, 'MEDIUM'),
                ('empty', HIGH, 'HIGH'), ('junk', NOTHING, 'MEDIUM'),
                ('frames', HIGH, 'HIGH'), ('cut', NOTHING, 'MEDIUM'),
                ('more', HIGH, 'HIGH')):
            pids = s.pids('judge')
            eq(opinion(s, c, 'deed-' + deed, text), (want, 'alert',
                ['no-judge']), deed)
            wait_for(lambda: s.pids('judge') not in (pids, []),
                'another judge after ' + deed)
            judge_is_there(s, c)
        eq({r: s.pids(r) for r in keep}, keep, 'everybody else')
        log = s.log()
        for text in ('a malformed answer', 'of 1 bytes: unknown type',
                'of 0 bytes: wrong length'):
            eq(re.search('judge[^:]*: .*' + text, log) is not None, True,
                text)
        r = s.ctl('audit', 'verify')
        eq(r.returncode, 0, r.stdout + r.stderr)


def judge_is_there(s, c):
    wait_for(lambda: opinion(s, c, 'honest') == ('NONE', 'allow', ['ok']),
        'the judge')


def opinion(s, c, deed, text=NOTHING):
    got = ask(s, 'tool', '%s %s' % (text, deed), client=c)
    return (got['severity'], got['raw_action'],
        [x['status'] for x in got['explain']['calls']])


def main():
    run([liars, lying_judge])


if __name__ == '__main__':
    program(main)
