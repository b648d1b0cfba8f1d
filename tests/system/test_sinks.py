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


"""Every event reaches every sink: receivers of all kinds that answer well
and badly, and what the suite says of it."""

import json
import os
import signal
import sys
import time

from lib import *
import lib
from receivers import *


def sink(name, kind, endpoint=None, **keys):
    """One entry of audit_sinks as text; keys with a dot go into the section
    of the kind."""
    block = {'splunk_hec': 'endpoint', 'otlp_logs': 'endpoint',
        'http_jsonl': 'url', 'syslog': 'endpoint'}
    general, special = {}, {}
    if endpoint is not None:
        special[block[kind]] = endpoint
    for k, v in keys.items():
        (special if k.startswith('_') else general)[k.lstrip('_')] = v
    general.setdefault('start', 'beginning')
    general.setdefault('flush_interval_s', 0)
    text = '  - name: %s\n    kind: %s\n' % (name, kind)
    for k, v in general.items():
        text += '    %s: %s\n' % (k, v)
    if special:
        text += '    %s:\n' % kind
        for k, v in special.items():
            text += '      %s: %s\n' % (k, v)
    return text


def configure(s, *sinks):
    """audit_sinks is these, in place of what it was."""
    with open(s.config) as f:
        text = f.read()
    text = text.split('audit_sinks:\n')[0]
    with open(s.config, 'w') as f:
        f.write(text + 'audit_sinks:\n' + ''.join(sinks))
    os.makedirs(os.path.join(s.state, 'sinks'), 0o700, exist_ok=True)


def secret(s, name, value):
    path = os.path.join(s.secrets, name)
    with open(path, 'w') as f:
        f.write(value + '\n')
    os.chmod(path, 0o600)
    st = os.stat(s.secrets)
    os.chown(path, st.st_uid, st.st_gid)


def hec(s, name, port, host='127.0.0.1', scheme='http', **keys):
    secret(s, 'sink-' + name, 'token-of-' + name)
    return sink(name, 'splunk_hec', '%s://%s:%d' % (scheme, host, port),
        token_secret='sink-' + name, **keys)


def events(s, n, tag='event'):
    c = s.client()
    for i in range(n):
        # 503 while auditd is being replaced
        wait_for(lambda: c.post('/api/v1/inspect/tool', {'tool': 'shell',
            'args': {'command': 'echo %s %d' % (tag, i)}}).status == 200,
            'a verdict')
    c.close()


def state(s, name):
    c = s.control()
    try:
        code, text = c.request('MSG_CTL_SINKS')
        eq(code, 0, text)
        for got in json.loads(text):
            if got['name'] == name:
                return got
    finally:
        c.close()
    return None


def all_seqs(s):
    return [r['seq'] for r in s.rows()]


def arrived(s, seqs, what, seconds=CEILING):
    """Everything in the log is at the receiver."""
    return wait_for(lambda: set(all_seqs(s)) <= set(seqs()), what, seconds)


def in_order(seqs):
    """The first coming of each sequence is after those before it."""
    seen = []
    for n in seqs:
        if n not in seen:
            seen.append(n)
    eq(seen, sorted(seen), 'order of arrival')


def reloaded(s):
    code, text = s.reload()
    eq(code, 0, text)


def every_kind():
    h, o, j = Receiver(), Receiver(lambda r: (200, {})), \
        Receiver(lambda r: (204, b''))
    y = Syslog()
    with Suite() as s:
        configure(s, hec(s, 'splunk', h.port, _index='main',
            _gzip='true'),
            sink('otel', 'otlp_logs', 'http://localhost:%d' % o.port),
            sink('lines', 'http_jsonl', 'http://127.0.0.1:%d/in' % j.port,
            _method='PUT'),
            sink('log', 'syslog', '127.0.0.1:%d' % y.port),
            sink('files', 'file'))
        s.start()
        events(s, 20)
        for r in (h, o, j, y):
            arrived(s, r.seqs, 'delivery to port %d' % r.port)
            in_order(r.seqs())
        first = h.requests[0]
        eq(first.headers['authorization'], 'Splunk token-of-splunk')
        eq(first.path, '/services/collector/event')
        line = first.lines[0]
        eq((line['index'], line['source'], line['sourcetype']),
            ('main', 'defenseclaw', '_json'))
        rows = {r['seq']: r for r in s.rows()}
        for row in h.accepted:
            want = rows[row['seq']]
            eq((row['id'], row['hash'], row['timestamp']), (want['id'],
                want['hash'], want['timestamp']), 'row %d' % row['seq'])
        prev = None
        for row in sorted(h.accepted, key=lambda r: r['seq']):
            if prev is not None:
                eq(row['prev_hash'], prev, 'chain at %d' % row['seq'])
            prev = row['hash']
        eq(o.requests[0].path, '/v1/logs')
        body = ''
        d = os.path.join(s.state, 'sinks', 'files')

        def lines():
            return [json.loads(l) for name in sorted(os.listdir(d))
                for l in open(os.path.join(d, name))]
        arrived(s, lambda: [l['seq'] for l in lines()], 'file')
        in_order([l['seq'] for l in lines()])
        st = wait_for(lambda: state(s, 'splunk')['lag_events'] == 0 and
            state(s, 'splunk'), 'no lag')
        eq(st['circuit'], 'closed')
        if 'token-of-splunk' in s.log():
            raise AssertionError('the token is in the log')
    for r in (h, o, j, y):
        r.close()


def whoever_caused_it():
    """Rows of the front end, of agents by HTTP and by a hook, of what a
    plug-in says of a scan, and of the suite itself come alike to all."""
    h, j = Receiver(), Receiver(lambda r: (204, b''))
    with Suite() as s:
        configure(s, hec(s, 'splunk', h.port), sink('lines', 'http_jsonl',
            'http://127.0.0.1:%d/in' % j.port))
        s.start()
        eq(s.ctl('tool', 'block', 'forbidden').returncode, 0)
        eq(s.ctl('config', 'set', 'guardrail.block_message',
            'no').returncode, 0)
        eq(s.post('/api/v1/inspect/tool', {'tool': 'x'}).status, 200)
        eq(s.post('/audit/event', {'action': 'scan-finding', 'target':
            'skill', 'severity': 'HIGH'}).status, 200)
        r = s.program('defenseclawctl', 'hook', 'codex', input=json.dumps({
            'hook_event_name': 'PreToolUse', 'tool_input': {'command':
            'ls'}}))
        eq(r.returncode, 0, r)
        os.kill(s.pids('signer')[0], signal.SIGKILL)
        s.wait_row("action = 'role-death'")
        for who, seqs in (('hec', h.seqs), ('lines', j.seqs)):
            arrived(s, seqs, who)
        rows = {r['seq']: r for r in s.rows()}
        got = {rows[n]['action'] for n in j.seqs() if n in rows}
        for action in ('tool-block', 'config-update', 'inspect-tool-allow',
                'scan-finding', 'role-death', 'start', 'checkpoint'):
            eq(action in got, True, (action, got))
        eq({row['seq']: row['hash'] for row in h.accepted if row['seq'] in
            rows}, {n: r['hash'] for n, r in rows.items()})
    for r in (h, j):
        r.close()


def answers_of_a_hec():
    """Each code that asks for patience is given it, and nothing is lost."""
    script = []

    def answer(r):
        if script:
            return script.pop(0)
        return ok_hec(r)
    h = Receiver(answer)
    with Suite() as s:
        configure(s, hec(s, 'splunk', h.port))
        s.start()
        arrived(s, h.seqs, 'first')
        for status, code in ((500, 8), (503, 9), (503, 18), (503, 19),
                (503, 20), (503, 23), (429, 26), (429, 27)):
            with h.lock:
                script.append((status, {'text': 'x', 'code': code}))
            events(s, 1)
            arrived(s, h.seqs, 'after code %d' % code)
            eq(script, [], 'the answer was given')
        for odd in ((502, b'<html>bad gateway</html>'), (408, b''),
                (200, b'<html>login</html>'), None):
            with h.lock:
                script.append(odd)
            events(s, 1)
            arrived(s, h.seqs, 'after %r' % (odd,))
        for code in (24, 25):
            with h.lock:
                script.append((200, {'text': 'x', 'code': code}))
            events(s, 1)
            arrived(s, h.seqs, 'after code %d' % code)
        in_order(h.seqs())
        # only what was answered with a page that is no HEC answer
        eq(len(h.seqs()), len(set(h.seqs())) + 1, 'what came twice')
    h.close()


def held_until_an_operator_acts():
    for status, code in ((403, 1), (401, 2), (401, 3), (403, 4), (400, 7),
            (400, 16), (404, None), (302, None)):
        good = []
        other = Receiver()

        def answer(r):
            if good:
                return ok_hec(r)
            headers = {'Location': 'http://127.0.0.1:%d/' % other.port}
            return status, {'code': code} if code else b'', headers
        h = Receiver(answer)
        with Suite() as s:
            configure(s, hec(s, 'splunk', h.port))
            s.start()
            wait_for(lambda: state(s, 'splunk')['circuit'] == 'held',
                'held by %s %s' % (status, code))
            row = s.wait_row("action = 'sink.failed'")
            eq((row['target'], row['severity']), ('splunk', 'HIGH'))
            row = s.wait_row("action = 'sink.rejected'")
            eq(row['details']['http'], status)
            if code:
                eq(row['details']['code'], code)
            n = len(h.requests)
            events(s, 3)
            time.sleep(1)
            eq(len(h.requests), n, 'requests while held')
            eq(other.requests, [], 'a redirect was followed')
            # a new token is a reload away and drops nothing
            good.append(1)
            secret(s, 'sink-splunk', 'the-new-one')
            reloaded(s)
            arrived(s, h.seqs, 'after the new token')
            eq(h.requests[-1].headers['authorization'],
                'Splunk the-new-one')
        h.close()
        other.close()


def one_bad_event():
    """It is found, put aside with its reason, and can be sent again."""
    mended = []

    def answer(r):
        rows = r.rows
        for i, row in enumerate(rows):
            if 'poison' in json.dumps(row) and not mended:
                if len(rows) % 2:
                    return 400, {'code': 6, 'invalid-event-number': i}
                return 400, {'code': 12}
        return ok_hec(r)
    h = Receiver(answer)
    with Suite() as s:
        configure(s, hec(s, 'splunk', h.port))
        s.start()
        arrived(s, h.seqs, 'first')
        c = s.client()
        c.post('/api/v1/inspect/tool', {'tool': 'poison', 'args': {}})
        c.close()
        bad = s.wait_row("tool_name = 'poison' OR target = 'poison'")['seq']
        events(s, 10)
        row = s.wait_row("action = 'sink.quarantined'")
        eq((row['details']['first_seq'], row['details']['count']), (bad, 1))
        wait_for(lambda: set(all_seqs(s)) - {bad} <= set(h.seqs()),
            'the others')
        st = wait_for(lambda: state(s, 'splunk')['quarantined'] == 1 and
            state(s, 'splunk'), 'count')
        con = s.control()
        code, text = con.request('MSG_CTL_DEAD_LIST',
            struct.pack('=QI', 0, 0) + wstr('splunk'))
        eq([(d['seq'], d['class']) for d in json.loads(text)],
            [(bad, 'quarantined')])
        mended.append(1)
        code, text = con.request('MSG_CTL_DEAD_RETRY',
            struct.pack('=Q', 0) + wstr('splunk'))
        eq((code, json.loads(text)['count']), (0, 1))
        arrived(s, h.seqs, 'the mended one')
        wait_for(lambda: state(s, 'splunk')['quarantined'] == 0, 'empty')
        con.close()
    h.close()


def too_large():
    def answer(r):
        if len(r.rows) > 3:
            return 413, b'<html>too large</html>'
        return ok_hec(r)
    h = Receiver(answer)
    with Suite() as s:
        s.start()
        events(s, 40)
        configure(s, hec(s, 'splunk', h.port))
        reloaded(s)
        arrived(s, h.seqs, 'in halves')
        in_order(h.seqs())
        eq(state(s, 'splunk')['quarantined'], 0)
    h.close()


def forbidden_to_retry():
    """OTLP: what must not be sent again is a dead letter, not a loss."""
    script = [(400, b'{}'), (500, b'{}'), (200, {'partialSuccess': {
        'rejectedLogRecords': '1', 'errorMessage':
        'too old: "echo my password hunter2"'}},
        {'Date': 'Thu, 01 Jan 2026 00:00:00 GMT'})]

    def answer(r):
        # of events about its own delivery nothing would be said
        if all(row['action'].startswith('sink.') for row in r.rows):
            return 200, {}
        return script.pop(0) if script else (200, {})
    o = Receiver(answer)
    with Suite() as s:
        configure(s, sink('otel', 'otlp_logs',
            'http://127.0.0.1:%d' % o.port))
        s.start()
        for i in range(4):
            events(s, 1)
            time.sleep(0.2)
        wait_for(lambda: not script and
            state(s, 'otel')['lag_events'] == 0, 'all settled')
        con = s.control()
        code, text = con.request('MSG_CTL_DEAD_LIST',
            struct.pack('=QI', 0, 0) + wstr('otel'))
        dead = [d['seq'] for d in json.loads(text)]
        con.close()
        if not dead:
            raise AssertionError('no dead letters')
        eq(set(all_seqs(s)) - set(o.seqs()) - set(dead), set(), 'lost')
        wait_for(lambda: any('partial' in r['details'].get('reason', '')
            for r in s.rows("action = 'sink.rejected'")), 'sink.rejected')
        row = [r for r in s.rows("action = 'sink.rejected'")
            if 'partial' in r['details']['reason']][0]
        # what a receiver says may quote an event
        if 'hunter2' in str(s.rows('1')) + text + s.log() or \
                'sha=' not in row['details']['reason'] or \
                not any('sha=' in d['reason'] for d in json.loads(text)):
            raise AssertionError('not redacted: %r %s' % (row, text))
        if row['details']['clock_skew_ms'] < 86400000:
            raise AssertionError('the skew was not measured: %r' % row)
    o.close()


def indexer_acknowledgement():
    acked, pending = set(), []
    go = []

    def answer(r):
        if '/ack' in r.path:
            ids = json.loads(r.body)['acks']
            if go:
                acked.update(ids)
            return 200, {'acks': {str(i): i in acked for i in ids}}
        pending.append(r.headers['x-splunk-request-channel'])
        return 200, {'text': 'Success', 'code': 0,
            'ackId': len(pending) - 1}
    h = Receiver(answer)
    with Suite() as s:
        configure(s, hec(s, 'splunk', h.port, _use_ack='true'))
        s.start()
        events(s, 10)
        arrived(s, h.seqs, 'accepted')
        eq(state(s, 'splunk')['cursor'], 0, 'cursor before any ack')
        # what was accepted and not indexed is sent again after a death
        os.kill(s.pids('sink')[0], signal.SIGKILL)
        n = len(h.seqs())
        wait_for(lambda: len(h.seqs()) >= 2 * n, 'sent again')
        go.append(1)
        wait_for(lambda: state(s, 'splunk')['lag_events'] == 0, 'indexed')
        eq(len(set(pending)), 2, 'a channel for each process')
    h.close()


def away_and_back():
    h = Receiver()
    port = h.port
    with Suite() as s:
        configure(s, hec(s, 'splunk', port), sink('files', 'file'))
        s.start()
        arrived(s, h.seqs, 'first')
        h.close()
        before = h.seqs()
        events(s, 30)
        s.wait_row("action = 'sink.failed' AND target = 'splunk'")
        wait_for(lambda: state(s, 'files')['lag_events'] == 0,
            'the other sink goes on')
        for role in ('sink', 'auditd'):
            os.kill(s.pids(role)[0], signal.SIGKILL)
        wait_for(lambda: len(s.pids('sink')) == 2 and s.pids('auditd'),
            'back')
        wait_for(lambda: s.get('/health').status == 200, 'serving')
        events(s, 5)
        s.kill()
        s.start()
        h = Receiver(port=port)
        wait_for(lambda: set(all_seqs(s)) <= set(before) | set(h.seqs()),
            'the rest', 90)
        s.wait_row("action = 'sink.restored' AND target = 'splunk'")
        in_order(before + h.seqs())
        ids = {}
        for r in h.accepted:
            eq(ids.setdefault(r['seq'], r['id']), r['id'], 'one id a row')
    h.close()


def filters_and_places():
    a, b = Receiver(), Receiver()
    with Suite() as s:
        s.start()
        events(s, 3)
        configure(s, hec(s, 'now', a.port, start='now'),
            hec(s, 'grave', b.port, min_severity='HIGH'))
        reloaded(s)
        last = s.last_seq()
        c = s.client()
        for cmd in ('echo hello', ATTACK, 'echo bye'):
            c.post('/api/v1/inspect/tool', {'tool': 'shell',
                'args': {'command': cmd}})
        c.close()
        wait_for(lambda: state(s, 'grave')['lag_events'] == 0 and
            state(s, 'now')['lag_events'] == 0, 'no lag')
        want = {r['seq'] for r in s.rows("severity IN ('HIGH', 'CRITICAL')")}
        eq(set(b.seqs()), want, 'what the filter lets pass')
        if min(a.seqs()) < 4:
            raise AssertionError('a sink that begins now got %r' % a.seqs())
        con = s.control()
        code, text = con.request('MSG_CTL_SINK_REPLAY',
            struct.pack('=QQ', 1, 3) + wstr('now'))
        eq(code, 0, text)
        wait_for(lambda: {1, 2, 3} <= set(a.seqs()), 'replay')
        wait_for(lambda: state(s, 'now')['replay_next'] == 0, 'its end')
        con.close()
    a.close()
    b.close()


def certificates():
    with Suite() as s:
        ca = Authority(s.dir)
        other = os.path.join(s.dir, 'other')
        os.mkdir(other)
        stranger = Authority(other)
        good = ca.issue('good')
        wrong_host = ca.issue('wrong', host='elsewhere.example')
        alone = ca.issue('alone', self_signed=True)
        expired = ca.issue('expired', days='-1')
        client = ca.issue('client', usage='clientAuth')
        ctx = {'good': ca.server(*good), 'host': ca.server(*wrong_host),
            'self': ca.server(*alone), 'old': ca.server(*expired),
            'client': ca.server(*good, client_ca=ca.cert)}
        cases = {
            'right': (ctx['good'], {'ca_file': ca.cert}, None),
            'wronghost': (ctx['host'], {'ca_file': ca.cert},
                'TLS: SSL: no alternative certificate subject name'),
            'expired': (ctx['old'], {'ca_file': ca.cert}, 'expired'),
            'selfsigned': (ctx['self'], {'ca_file': ca.cert}, 'self-signed'),
            'wrongca': (ctx['good'], {'ca_file': stranger.cert}, 'issuer'),
            'notrust': (ctx['good'], {}, 'issuer'),
            'noclient': (ctx['client'], {'ca_file': ca.cert},
                'wants a client certificate'),
            'client': (ctx['client'], {'ca_file': ca.cert,
                'client_cert': client[0], 'client_key': client[1]}, None),
        }
        servers = {n: Receiver(tls=c[0]) for n, c in cases.items()}
        configure(s, *[hec(s, n, servers[n].port, host='localhost',
            scheme='https', **c[1]) for n, c in cases.items()])
        s.start()
        for n, (_, _, error) in cases.items():
            if error is None:
                arrived(s, servers[n].seqs, n)
                continue
            # the reset of a receiver that closes can overtake its words
            ends = ('held', 'open') if n == 'noclient' else ('held',)
            st = wait_for(lambda: state(s, n)['circuit'] in ends and
                state(s, n), n + ' is held')
            if st['circuit'] == 'held' and (error not in st['error'] or
                    not st['error'].startswith('TLS')):
                raise AssertionError('%s: %r' % (n, st['error']))
            eq(servers[n].requests, [], '%s: a token was sent' % n)
        # a test shows whom the receiver claims to be, and how to trust it
        con = s.control()
        code, text = con.request('MSG_CTL_SINK_TEST', wstr('wrongca'))
        con.close()
        eq(code, CTL_UPSTREAM, text)
        text = json.loads(text)['text']
        if 'CN = localhost' not in text or ca.pin(good[0]) not in text:
            raise AssertionError('no chain: %s' % text)
        eq(servers['wrongca'].requests, [], 'something was sent')
        for r in servers.values():
            r.close()


def a_test_of_one_sink():
    h = Receiver(lambda r: (403, {'code': 4, 'text': 'Invalid token'}))
    with Suite() as s:
        configure(s, hec(s, 'splunk', h.port))
        s.start()
        con = s.control()
        code, text = con.request('MSG_CTL_SINK_TEST', wstr('splunk'))
        eq(code, CTL_UPSTREAM, text)
        got = json.loads(text)
        eq((got['http'], got['code'], got['ok']), (403, 4, False))
        h.answer = ok_hec
        code, text = con.request('MSG_CTL_SINK_TEST', wstr('splunk'))
        eq((code, json.loads(text)['ok']), (0, True))
        eq(h.accepted[0]['action'], 'sink-test')
        code, text = con.request('MSG_CTL_SINK_TEST', wstr('nobody'))
        eq(code, CTL_NOT_FOUND, text)
        con.close()
    h.close()


def a_receiver_is_an_anchor():
    """What it has shows that rows were cut off, whatever its form."""
    h, o, j = Receiver(), Receiver(lambda r: (200, {})), \
        Receiver(lambda r: (204, b''))
    y = Syslog()
    with Suite() as s:
        s.set_config('audit.checkpoint_events', 10)
        configure(s, hec(s, 'splunk', h.port), sink('otel', 'otlp_logs',
            'http://127.0.0.1:%d' % o.port), sink('pb', 'otlp_logs',
            'http://127.0.0.1:%d' % o.port, _encoding='protobuf'),
            sink('lines', 'http_jsonl', 'http://127.0.0.1:%d/in' % j.port),
            sink('log', 'syslog', '127.0.0.1:%d' % y.port),
            sink('files', 'file'))
        o.take = lambda r: (o.requests.append(r), (200, {}))[1]
        s.start()
        old = os.path.join(s.dir, 'old.jsonl')
        eq(s.ctl('audit', 'export', '--out', old).returncode, 0)
        events(s, 30)
        head = s.wait_row("action = 'checkpoint' AND seq > 20")['seq']
        wait_for(lambda: all(state(s, n)['cursor'] >= head for n in
            ('splunk', 'otel', 'pb', 'lines', 'log', 'files')), 'delivery')
        def bodies(r, type):
            return b''.join(q.body for q in r.requests if
                q.headers['content-type'] == type)
        d = os.path.join(s.state, 'sinks', 'files')
        forms = {'hec': bodies(h, 'application/json'),
            'otlp': bodies(o, 'application/json'),
            'otlp-pb': bodies(o, 'application/x-protobuf'),
            'jsonl': bodies(j, 'application/x-ndjson'),
            'syslog': '\n'.join(y.messages).encode(),
            'file': b''.join(open(os.path.join(d, n), 'rb').read() for n in
                sorted(os.listdir(d)))}
        for name, text in forms.items():
            path = os.path.join(s.dir, name)
            with open(path, 'wb') as f:
                f.write(text)
            r = s.ctl('audit', 'verify', '--anchor', path, '--json')
            eq((r.returncode, json.loads(r.stdout)['anchored']), (0, True),
                '%s: %s' % (name, r.stderr))
            # the log as it was then is whole in itself, and too short
            r = s.ctl('audit', 'verify', '--file', old, '--anchor', path,
                '--json')
            eq(r.returncode, 1, name)
            got = json.loads(r.stdout)
            assert 'older copy' in got['reason'], (name, got)
        empty = os.path.join(s.dir, 'empty')
        with open(empty, 'wb') as f:
            f.write(b'{"action":"checkpoint"}\n')
        r = s.ctl('audit', 'verify', '--anchor', empty)
        eq(r.returncode, 1)
        assert 'no signed head' in r.stderr, r.stderr
    for r in (h, o, j, y):
        r.close()


TESTS = [a_receiver_is_an_anchor, every_kind, whoever_caused_it,
    answers_of_a_hec, one_bad_event, too_large,
    forbidden_to_retry, indexer_acknowledgement, away_and_back,
    filters_and_places, certificates, a_test_of_one_sink,
    held_until_an_operator_acts]

if __name__ == '__main__':
    names = sys.argv[1:]
    program(lambda: run([t for t in TESTS
        if not names or t.__name__ in names]))
