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

"""/metrics, /health and /status: what they say of workers and sinks.

The exposition format is read strictly (prometheus.io, text 0.0.4).
"""

import json
import re
import time

from judges import Judge, reply, say as judged, use
from lib import *
from principals import AUDITOR, NOBODY, UIDS, groups_of
from receivers import Receiver
from test_judge import KINDS, answer as judge_answer, ask, kind_of, ready
from test_sinks import configure, events, hec, sink, state

NAME = r'[a-zA-Z_:][a-zA-Z0-9_:]*'
KEY, TEXT = r'[a-zA-Z_][a-zA-Z0-9_]*', r'(?:[^"\\\n]|\\["\\n])*'
LABEL = '(%s)="(%s)"' % (KEY, TEXT)
SAMPLE = re.compile(r'(%s)(?:\{(%s="%s"(?:,%s="%s")*)\})? (\S+)' % (NAME,
    KEY, TEXT, KEY, TEXT))
TYPES = ('counter', 'gauge', 'histogram', 'summary', 'untyped')
OURS = 'defenseclaw_'


def parse(text):
    """{family: (type, {(name, labels): value})}; an error for what is not
    as the format has it."""
    assert text.endswith('\n'), 'the last line does not end'
    out, helped, family = {}, set(), None
    for line in text[:-1].split('\n'):
        m = re.fullmatch(r'# HELP (%s) (.+)' % NAME, line)
        if m:
            assert m[1] not in helped, line
            helped.add(m[1])
            family = m[1]
            continue
        m = re.fullmatch(r'# TYPE (%s) (\w+)' % NAME, line)
        if m:
            assert m[1] == family and m[1] not in out and m[2] in TYPES, line
            out[family] = (m[2], {})
            continue
        m = SAMPLE.fullmatch(line)
        assert m, 'no sample: %r' % line
        kind, samples = out[family]
        ends = ('_bucket', '_sum', '_count') if kind == 'histogram' else \
            ('',)
        assert m[1] in [family + e for e in ends], line
        labels = tuple(sorted(re.findall(LABEL, m[2] or '')))
        eq(len({k for k, _ in labels}), len(labels), line)
        assert (m[1], labels) not in samples, 'twice: %s' % line
        samples[m[1], labels] = float(m[3])
    for name, (kind, samples) in out.items():
        assert name.startswith(OURS), name
        eq(kind == 'counter', name.endswith('_total'), name)
        if kind == 'counter':
            assert all(v >= 0 for v in samples.values()), name
        if kind == 'histogram':
            check_histogram(name, samples)
    return out


def check_histogram(name, samples):
    """Of each set of labels, if there are any but le."""
    for (n, labels), total in samples.items():
        if n == name + '_count':
            check_buckets(name, labels, total, samples)


def check_buckets(name, labels, total, samples):
    buckets = [(float(dict(l)['le']), v) for (n, l), v in samples.items()
        if n == name + '_bucket' and {k: x for k, x in l if k != 'le'} ==
        dict(labels)]
    eq(buckets, sorted(buckets), name)
    eq(buckets[-1][0], float('inf'), name)
    counts = [v for _, v in buckets]
    eq(counts, sorted(counts), 'cumulative')
    eq(counts[-1], total, name)


def scrape(s, **kw):
    a = s.get('/metrics', **kw)
    eq(a.status, 200, a)
    eq(a.headers['content-type'],
        'text/plain; version=0.0.4; charset=utf-8')
    return parse(a.body.decode())


def value(got, name, **labels):
    family = got.get(OURS + name, (None, {}))[1]
    return family.get((OURS + name, tuple(sorted(labels.items()))))


def in_time(s, fn, what):
    """Figures are a second or two behind."""
    return wait_for(lambda: fn(scrape(s)), what)


def verdicts(s):
    before = in_time(s, lambda g: value(g, 'workers') == 2 and g, 'workers')

    def of(got, action, severity):
        return value(got, 'verdicts_total', action=action,
            severity=severity) - value(before, 'verdicts_total',
            action=action, severity=severity)
    for text, n in ((ATTACK, 3), ('echo hello', 5), ('a mildly-suspicious '
            'word', 2)):
        for _ in range(n):
            # each its own connection: both workers get some
            eq(s.post('/api/v1/inspect/tool', {'tool': 'shell', 'args':
                {'command': text}}).status, 200)
    in_time(s, lambda g: (of(g, 'block', 'CRITICAL'), of(g, 'allow', 'NONE'),
        of(g, 'alert', 'MEDIUM')) == (3, 5, 2), 'verdicts of all workers')
    got = in_time(s, lambda g: value(g, 'blocked_total') == 3 and g,
        'blocked')
    n = got[OURS + 'request_duration_seconds'][1][OURS +
        'request_duration_seconds_count', ()]
    eq(n >= 10, True, 'requests timed')
    eq(value(got, 'audit_ok'), 1)
    eq(value(got, 'rules'), 5)
    in_time(s, lambda g: value(g, 'audit_rows') == s.last_seq(), 'rows')
    eq(value(got, 'generation', of='config') >= 1, True)
    # a worker that dies takes nothing along
    total = value(got, 'requests_total')
    os.kill(s.pids('gatewayd')[0], signal.SIGKILL)
    wait_for(lambda: len(s.pids('gatewayd')) == 2 and
        s.get('/health').status == 200, 'back')
    in_time(s, lambda g: value(g, 'workers') == 2 and
        value(g, 'requests_total') >= total and
        value(g, 'blocked_total') == 3, 'sums of all there were')


def sinks_in_metrics(s, h, away):
    in_time(s, lambda g: len(g.get(OURS + 'sink_cursor', (0, []))[1]) == 3,
        'three sinks')
    in_time(s, lambda g: value(g, 'sink_up', sink='splunk',
        kind='splunk_hec') == 1 and value(g, 'sink_delivered_total',
        sink='splunk') > 0 and value(g, 'sink_lag_events', sink='splunk') ==
        0, 'the one that delivers')
    got = in_time(s, lambda g: value(g, 'sink_circuit', sink='away',
        state='held') == 1 and value(g, 'sink_lag_events', sink='away') > 0
        and g, 'the one that is held')
    eq([value(got, 'sink_circuit', sink='splunk', state=x) for x in
        ('closed', 'open', 'half-open', 'held')], [1, 0, 0, 0])
    eq(value(got, 'sink_up', sink='off', kind='file'), None)
    eq(value(got, 'sink_last_success_timestamp_seconds', sink='away'), 0)
    assert value(got, 'sink_last_error_timestamp_seconds',
        sink='away') > 1.7e9
    in_time(s, lambda g: value(g, 'sink_lag_seconds', sink='away') > 0,
        'it grows')


def sinks_in_health(s, h, away):
    a = s.get('/health', token=False).json['sinks']
    eq(a['state'], 'error')
    eq(a['last_error'], 'sink away does not deliver')
    eq((a['details']['count'], sorted(a['details']['kinds'])), (2,
        ['http_jsonl', 'splunk_hec']))
    by = {x['name']: x for x in a['details']['sinks']}
    eq(sorted(by), ['away', 'off', 'splunk'])
    eq((by['splunk']['circuit'], by['splunk']['lag_events']), ('closed', 0))
    eq((by['away']['circuit'], by['off']['circuit']), ('held', 'none'))
    assert 'last_success' in by['splunk'] and 'last_error_at' in by['away']
    # what a receiver said is not for anybody
    eq('last_error' in by['away'], False)
    full = {x['name']: x for x in s.get('/status').json['health']['sinks'][
        'details']['sinks']}
    assert '403' in full['away']['last_error'], full['away']
    # the same as an auditor sees
    eq(full['away']['lag_events'] <= state(s, 'away')['lag_events'], True)


def dead_letters(s, h, away):
    eq(value(scrape(s), 'sink_quarantined', sink='splunk'), 0)
    h.answer = lambda r: (400, {'code': 12}) if any('poison' in
        json.dumps(x) for x in r.rows) else (200, {'code': 0})
    s.post('/api/v1/inspect/tool', {'tool': 'poison', 'args': {}})
    in_time(s, lambda g: value(g, 'sink_quarantined', sink='splunk') == 1,
        'a quarantined event')


def who_may(s):
    eq(s.get('/metrics', token=False).status, 401)
    eq(s.get('/metrics', token='x').status, 401)


def system_mode():
    with Suite('system') as s:
        s.start()
        for who, want in ((AUDITOR, 200), (NOBODY, 401)):
            with acting(UIDS[who], groups_of(who)):
                a = s.http('GET', '/metrics', None, None, False, unix=True)
            eq(a.status, want, who)
        parse(s.get('/metrics').body.decode())


def user_mode():
    h = Receiver()
    away = Receiver(lambda r: (403, b''))
    with Suite() as s:
        s.set_config('gateway.workers', 2)
        s.start()
        eq(scrape(s).keys() & {OURS + 'sink_up'}, set(), 'no sinks')
        eq(s.get('/health').json['sinks']['state'], 'disabled')
        who_may(s)
        verdicts(s)
        configure(s, hec(s, 'splunk', h.port), sink('away', 'http_jsonl',
            'http://127.0.0.1:%d/' % away.port), sink('off', 'file',
            enabled='false'))
        eq(s.reload()[0], 0)
        for fn in (sinks_in_metrics, sinks_in_health, dead_letters):
            print('    ' + fn.__name__)
            fn(s, h, away)
        away.answer = lambda r: (200, b'')
        s.restart()
        events(s, 1)
        wait_for(lambda: s.get('/health').json['sinks']['state'] ==
            'running', 'all deliver')
    h.close()
    away.close()


def judges():
    """Figures of each kind of question, and how long they took."""
    def say(q):
        kind = kind_of(q)
        if kind == 'pii':
            return reply(503, b'')
        if kind == 'injection':
            time.sleep(0.3)
            return judged(judge_answer(kind, ('Obfuscation',)))
        return judged(judge_answer(kind))
    judge = Judge(say)
    with Suite() as s:
        use(s, judge, timeout=20, adjudication_timeout=20, cache_ttl=3600)
        s.start()
        ready(s)
        for text in ('one', 'two', 'one'):
            ask(s, 'request', 'a text about the weather, number ' + text)
        calls = {k: 3 if k in ('injection', 'pii', 'exfil') else 0 for k in
            KINDS}
        got = in_time(s, lambda g: {k: value(g, 'judge_calls_total', kind=k)
            for k in KINDS} == calls and g, 'questions')
        for kind, cached, failed, other in (('injection', 1, 0, 3),
                ('pii', 0, 3, 0), ('exfil', 1, 0, 0),
                ('tool-injection', 0, 0, 0), ('adjudication', 0, 0, 0)):
            eq([value(got, 'judge_%s_total' % n, kind=kind) for n in
                ('cached', 'failures', 'disagreements')],
                [cached, failed, other], kind)
        family = got[OURS + 'judge_latency_seconds'][1]

        def latency(kind, end, **labels):
            return family[OURS + 'judge_latency_seconds_' + end,
                tuple(sorted({'kind': kind, **labels}.items()))]
        for kind, n in calls.items():
            eq(latency(kind, 'count'), n, kind)
            eq(latency(kind, 'bucket', le='+Inf'), n, kind)
        # two took their time, and one came from the cache
        eq(latency('injection', 'bucket', le='0.25') <= 1, True)
        eq(latency('injection', 'bucket', le='10') >= 1, True)
        eq(latency('injection', 'sum') >= 0.6, True)
        eq(latency('tool-injection', 'sum'), 0)
        eq(value(got, 'judge_waiting'), 0)
    judge.close()


def main():
    run([user_mode, system_mode, judges])


if __name__ == '__main__':
    program(main)
