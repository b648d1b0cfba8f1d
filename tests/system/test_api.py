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


"""Every route: what it answers, refuses and records."""

import json

from lib import *

TOOL = '/api/v1/inspect/tool'
REQUEST = '/api/v1/inspect/request'
RESPONSE = '/api/v1/inspect/response'
TOOL_RESPONSE = '/api/v1/inspect/tool-response'
EVALUATE = '/v1/guardrail/evaluate'
EVENT = '/audit/event'
BLOCK, ALLOW = '/enforce/block', '/enforce/allow'
ATTACK_ARGS = {'command': ATTACK}
WORD = 'correcthorse'           # looks like a name

suite = None


def recorded(answer, action, **fields):
    """The row an answer names, which must be its own."""
    eq(answer.status, 200, answer)
    seq = int(answer.headers['x-defenseclaw-audit-seq'])
    row = suite.rows('seq = ?', (seq,))[0]
    eq(row['action'], action)
    eq(row['request_id'], answer.headers['x-defenseclaw-request-id'])
    for k, v in fields.items():
        eq(row[k], v, k)
    return row


def verdict(answer, action, raw, severity, mode='action'):
    j = answer.json
    eq(answer.status, 200, answer)
    eq(answer.headers['content-type'], 'application/json')
    eq(answer.body[-1:], b'\n')
    for k, v in (('action', action), ('raw_action', raw),
            ('severity', severity), ('mode', mode),
            ('would_block', raw == 'block')):
        eq(j[k], v, '%s of %s' % (k, j))
    return j


def error(answer, status, text=None):
    eq(answer.status, status, answer)
    eq(answer.headers['content-type'], 'application/json')
    eq(list(answer.json), ['error'])
    if text is not None:
        eq(answer.json['error'], text)


def tool_block():
    a = suite.post(TOOL, {'tool': 'shell', 'args': ATTACK_ARGS})
    j = verdict(a, 'block', 'block', 'CRITICAL')
    eq(j['findings'], ['TEST-PIPE-SHELL:download piped to a shell'])
    eq(j['reason'], 'matched: TEST-PIPE-SHELL:download piped to a shell')
    d = j['detailed_findings'][0]
    eq(sorted(d), ['confidence', 'evidence', 'rule_id', 'severity', 'tags',
        'title'])
    eq(d['rule_id'], 'TEST-PIPE-SHELL')
    eq(d['tags'], ['execution', 'download-exec'])
    assert re.fullmatch(r'<redacted-evidence len=\d+ sha=[0-9a-f]{8}>',
        d['evidence']), d
    assert 0 < j['confidence'] <= 1, j
    row = recorded(a, 'inspect-tool-block', severity='CRITICAL',
        target='shell', tool_name='shell', actor='token:gateway-token')
    eq(row['details']['rule_ids'], ['TEST-PIPE-SHELL'])
    eq(row['details']['direction'], 'tool_call')
    eq(row['details']['mode'], 'action')


def tool_allow():
    a = suite.post(TOOL, {'tool': 'shell', 'args': {'command': 'ls -l'}})
    j = verdict(a, 'allow', 'allow', 'NONE')
    eq(j['findings'], [])
    eq(j['reason'], '')
    eq(j['confidence'], 0)
    assert 'detailed_findings' not in j, j
    recorded(a, 'inspect-tool-allow', severity='INFO', target='shell')


def tool_severities():
    for word, severity, raw in (('highly', 'HIGH', 'alert'),
            ('mildly', 'MEDIUM', 'alert'), ('hardly', 'LOW', 'allow')):
        a = suite.post(TOOL, {'tool': 'shell', 'args':
            {'command': 'echo %s-suspicious' % word}})
        verdict(a, 'allow', raw, severity)
        recorded(a, 'inspect-tool-' + raw, severity=severity)


def tool_arguments():
    """Arguments of every shape, also as JSON in a string."""
    nested = json.dumps({'command': ATTACK}).replace('curl', 'cu\\u0072l')
    for args in (ATTACK_ARGS, ATTACK, nested, [['x', {'y': ATTACK}]],
            {ATTACK: 1}, {'a': json.dumps({'b': nested})},
            # what one reader refuses another may take
            nested[:-1] + ',"n":10000000000000000000}',
            nested[:-1] + ',"n":NaN}', nested[:-1] + ',"n":"\\u0000"}',
            nested[:-1] + ',"command":1,"command":2}',
            json.dumps(nested), json.dumps(json.dumps(nested)),
            [json.dumps([json.dumps([json.dumps([json.dumps([nested])])])])],
            # names of members are text, too
            {'a': {ATTACK: []}}, {'a': json.dumps({ATTACK: 1})},
            {'a': ' ' + nested.replace('{"', '{"\\u0041":1,"')}):
        verdict(suite.post(TOOL, {'tool': 'shell', 'args': args}), 'block',
            'block', 'CRITICAL')
    # beside the arguments, and without any
    verdict(suite.post(TOOL, {'tool': 'shell', 'args': {'a': 1}, 'content':
        ATTACK}), 'block', 'block', 'CRITICAL')
    verdict(suite.post(TOOL, {'tool': 'shell', 'content': ATTACK}), 'block',
        'block', 'CRITICAL')
    for args in (None, 1, True, [], {}, ''):
        verdict(suite.post(TOOL, {'tool': 'shell', 'args': args}), 'allow',
            'allow', 'NONE')
    # keys as existing clients write them
    verdict(suite.post(TOOL, {'Tool': 'shell', 'ARGS': ATTACK_ARGS}),
        'block', 'block', 'CRITICAL')
    # neither: whatever it says instead, but for names
    for member, raw in (('tool_input', 'block'), ('session_id', 'allow')):
        eq(suite.post(TOOL, {'tool': ATTACK, member: ATTACK}).json[
            'raw_action'], raw)
    error(suite.post(TOOL, {}), 400, 'tool is required')
    error(suite.post(TOOL, {'tool': ''}), 400, 'tool is required')
    error(suite.post(TOOL, {'tool': 7}), 400, 'tool is required')


def messages():
    for body in ({'tool': 'message', 'content': ATTACK},
            {'tool': 'Message', 'direction': 'outbound', 'args':
            {'content': ATTACK}},
            {'tool': 'message', 'direction': 'outbound', 'args':
            {'body': ATTACK}},
            {'tool': 'message', 'direction': 'OutBound', 'content': '',
            'args': {'content': '', 'body': ATTACK}},
            {'tool': 'message', 'content': 'hello', 'args': {'to': ATTACK}},
            {'tool': 'message', 'content': ['hello', {'text': ATTACK}]},
            {'tool': 'message', 'direction': 'outbound', 'text': ATTACK}):
        a = suite.post(TOOL, body)
        verdict(a, 'block', 'block', 'CRITICAL')
        row = recorded(a, 'inspect-message-block', target='message')
        eq(row['details']['direction'], 'completion')
    verdict(suite.post(TOOL, {'tool': 'message', 'content': 'hello'}),
        'allow', 'allow', 'NONE')


def contents():
    for path, member, action in ((REQUEST, 'content', 'inspect-request'),
            (RESPONSE, 'content', 'inspect-response'),
            (TOOL_RESPONSE, 'output', 'inspect-tool-response')):
        a = suite.post(path, {'tool': 'shell', member: ATTACK, 'model':
            'gpt-4o', 'session_id': 'session-1', 'exit_code': 0})
        verdict(a, 'block', 'block', 'CRITICAL')
        recorded(a, action + '-block', severity='CRITICAL',
            session_id='session-1', target='shell' if member == 'output'
            else 'gpt-4o')
        a = suite.post(path, {'tool': 'shell', member: 'a highly-suspicious '
            'thing'})
        verdict(a, 'allow', 'alert', 'HIGH')
        for body in ({}, {member: ''}, {member: 'hello'}, {member: None}):
            a = suite.post(path, body)
            verdict(a, 'allow', 'allow', 'NONE')
            recorded(a, action + '-allow')
        # a body that was not made for us
        verdict(suite.post(path, {'prompt': ATTACK, 'tool': 'x'}), 'block',
            'block', 'CRITICAL')
        verdict(suite.post(path, {member: None, 'x': [ATTACK]}), 'block',
            'block', 'CRITICAL')
        # an output may be any JSON
        verdict(suite.post(path, {member: {'x': [ATTACK]}}), 'block',
            'block', 'CRITICAL')


def large_body():
    """What is looked at is all of it: the end of 3 MiB counts."""
    pad = 'lorem ipsum ' * (3 * 1024 * 1024 // 12)
    a = suite.post(REQUEST, {'content': pad + ATTACK})
    verdict(a, 'block', 'block', 'CRITICAL')
    verdict(suite.post(REQUEST, {'content': pad}), 'allow', 'allow', 'NONE')
    # whatever it grows to, and wherever it is cut
    limit = 4 * 1024 * 1024 - 200
    text = 'x\\ny' * (limit // 20) + ATTACK
    for _ in range(2):
        text = json.dumps({'a': text})
    verdict(suite.post(TOOL, {'tool': 'x', 'args': text}), 'block', 'block',
        'CRITICAL')
    numbers = '{"tool":"x","args":[%s"%s"]}' % ('1e9,' * 250000, ATTACK)
    verdict(suite.post(TOOL, numbers), 'block', 'block', 'CRITICAL')
    for at in range(0, len(ATTACK), 7):
        pad = json.dumps({'a': 'y' * (2 * 1024 * 1024 - 9 - at) + ATTACK +
            'z' * (1024 * 1024)})
        verdict(suite.post(TOOL, {'tool': 'x', 'args': pad}), 'block',
            'block', 'CRITICAL')


def evaluate():
    high = {'action': 'block', 'severity': 'HIGH', 'findings': ['jailbreak'],
        'reason': 'matched: jailbreak'}
    clean = {'action': 'allow', 'severity': 'NONE', 'findings': [],
        'reason': '', 'is_safe': True}
    base = {'direction': 'prompt', 'model': 'gpt-4o', 'mode': 'action',
        'scanner_mode': 'both', 'content_length': 120, 'elapsed_ms': 3.1}
    a = suite.post(EVALUATE, dict(base, local_result=high,
        cisco_result=clean))
    j = a.json
    eq(sorted(j), ['action', 'reason', 'scanner_sources', 'severity'])
    eq((j['action'], j['severity'], j['reason']), ('block', 'HIGH',
        'matched: jailbreak'))
    assert isinstance(j['scanner_sources'], list), j
    row = recorded(a, 'guardrail-verdict', severity='HIGH', target='gpt-4o')
    eq(row['details']['action'], 'block')
    # the higher severity wins, whoever says it
    j = suite.post(EVALUATE, dict(base, local_result=clean, cisco_result=dict(
        high, severity='CRITICAL'))).json
    eq((j['action'], j['severity']), ('block', 'CRITICAL'))
    j = suite.post(EVALUATE, dict(base, mode='observe',
        local_result=high)).json
    eq(j['action'], 'alert')
    j = suite.post(EVALUATE, dict(base, local_result=clean)).json
    eq((j['action'], j['severity']), ('allow', 'NONE'))
    for without in ('direction', 'mode'):
        body = dict(base, local_result=high)
        del body[without]
        error(suite.post(EVALUATE, body), 400,
            'direction and mode are required')


def client_events():
    a = suite.post(EVENT, {'action': 'install-clean', 'target': 'x-tool',
        'actor': 'plugin', 'details': 'count=3', 'severity': 'HIGH',
        'tool_name': 'shell', 'timestamp': '2026-04-20T10:00:00Z'})
    eq(a.json, {'status': 'ok'})
    row = recorded(a, 'install-clean', target='x-tool', severity='HIGH',
        actor='token:gateway-token', tool_name='shell')
    eq(row['details']['claimed_actor'], 'plugin')
    assert row['details']['claimed_time'].startswith('2026-04-20T10:00:00')
    assert not row['timestamp'].startswith('2026-04-20'), row
    a = suite.post(EVENT, {'action': 'a.b:c_d-e', 'details':
        'password is ' + SECRET})
    row = recorded(a, 'a.b:c_d-e', severity='INFO')
    error(suite.post(EVENT, {'target': 'x'}), 400, 'action is required')
    error(suite.post(EVENT, {'action': ''}), 400, 'action is required')
    # what is the suite's own to say
    for action in ('checkpoint', 'audit-epoch', 'start', 'stop',
            'role-death', 'request-refused', 'policy-reload',
            'config-update', 'init', 'acknowledge-alerts', 'inspect-reveal',
            'guardrail-verdict', 'inspect-tool-allow', 'api-enforce-block',
            'sink.sent', 'tool-block', 'mcp-allow', 'skill-unblock',
            'plugin-block', 'a b', 'x' * 65, 'drop;table', 'ä'):
        error(suite.post(EVENT, {'action': action}), 400)
    error(suite.post(EVENT, {'action': 'x', 'severity': 'SEVERE'}), 400)
    for claim, severity in (('error', 'HIGH'), ('High', 'HIGH'),
            ('ERROR', 'HIGH'), ('low', 'LOW')):
        row = recorded(suite.post(EVENT, {'action': 'x', 'severity': claim}),
            'x', severity=severity)
        eq(row['details'].get('claimed_severity'), 'ERROR' if
            claim.upper() == 'ERROR' else None)
    said = {n: n + '-1' for n in ('run_id', 'session_id', 'trace_id',
        'request_id', 'tool_id', 'agent_id', 'agent_name',
        'agent_instance_id')}
    row = recorded(suite.post(EVENT, dict(said, action='x')), 'x', run_id=None)
    eq({n: row['details'].get('claimed_' + n) for n in said}, said)


def health():
    a = suite.get('/health', token=False)
    eq(a.status, 200)
    j = a.json
    for part in ('gateway', 'watcher', 'api', 'guardrail', 'telemetry',
            'sinks'):
        assert {'state', 'since'} <= set(j[part]), (part, j)
    eq(j['gateway']['state'], 'running')
    assert isinstance(j['uptime_ms'], int) and 'started_at' in j, j
    eq(j['guardrail']['details']['mode'], 'action')
    assert {'schema_version', 'content_hash', 'generation',
        'binary_version'} <= set(j['provenance']), j
    eq(j['api']['details']['addr'], '127.0.0.1:%d' % suite.port)
    # without a client header it stays open to monitors of this host, not to
    # a page whose name was made to lead here
    a = suite.get('/health', {'Host': 'monitor.example'}, token=False)
    forbidden(a, 403, 'foreign Host rejected')
    eq(suite.get('/health', {'Host': 'monitor.example'}, token=False,
        unix=True).status, 200)
    eq(suite.get('/status', token=False).status, 401)
    j = suite.get('/status').json
    eq(sorted(j), ['health', 'provenance'])
    eq(j['health']['gateway']['state'], 'running')
    assert 'provenance' not in j['health'], j
    for method in ('POST', 'PUT', 'DELETE'):
        eq(suite.http(method, '/health', body={}).status, 405)
    # queries that mean nothing here are ignored
    eq(suite.get('/status?limit=x&y=1').status, 200)


def plain(answer, status, body):
    eq(answer.status, status, answer)
    eq(answer.headers['content-type'], 'text/plain; charset=utf-8')
    eq(answer.headers['x-content-type-options'], 'nosniff')
    eq(answer.body, body)


def forbidden(answer, status, text=None):
    """Refused before there is a route: plain text that is JSON."""
    plain(answer, status, b'{"error":"%s"}\n' % (text or
        answer.json['error']).encode())


def refusals_in_order():
    """401, 403, 415, then 404 or 405, then 400."""
    bad = {'X-DefenseClaw-Client': None, 'Content-Type': 'text/plain'}
    for path, last in (('/nowhere', 404), ('/status', 405), (TOOL, 400)):
        h = dict(bad)
        a = suite.post(path, '{', h, token=False)
        plain(a, 401, b'{"error":"unauthorized"}\n')
        assert 'www-authenticate' in a.headers
        forbidden(suite.post(path, '{', h), 403,
            'missing X-DefenseClaw-Client header')
        h['X-DefenseClaw-Client'] = ''
        forbidden(suite.post(path, '{', h), 403,
            'missing X-DefenseClaw-Client header')
        h['X-DefenseClaw-Client'] = 'any-thing'
        forbidden(suite.post(path, '{', h), 415,
            'Content-Type must be application/json')
        h['Content-Type'] = 'Application/x; application/json; charset=utf-8'
        for name, value in (('Origin', 'https://evil.example'),
                ('Origin', 'null'), ('Origin', 'http://localhost.evil.example'),
                ('Origin', 'http://127.0.0.1.evil.example'),
                ('Origin', 'http://evil.example:127.0.0.1'),
                ('Sec-Fetch-Site', 'cross-site'),
                ('Sec-Fetch-Site', 'same-site'),
                ('Host', 'evil.example'), ('Host', 'localhost.evil.example')):
            forbidden(suite.post(path, '{', dict(h, **{name: value})), 403)
        a = suite.post(path, '{', h)
        eq(a.status, last, path)
    plain(suite.post('/nowhere', '{}'), 404, b'404 page not found\n')
    plain(suite.post('/status', '{}'), 405, b'method not allowed\n')
    plain(suite.get(TOOL), 405, b'method not allowed\n')
    plain(suite.get(TOOL + '/', {}), 404, b'404 page not found\n')
    for origin in ('http://127.0.0.1', 'http://localhost:3000',
            'http://[::1]:9', 'https://LOCALHOST'):
        eq(suite.post(TOOL, {'tool': 'x'}, {'Origin': origin}).status, 200,
            origin)
    for site in ('same-origin', 'none'):
        eq(suite.post(TOOL, {'tool': 'x'}, {'Sec-Fetch-Site': site}).status,
            200)
    for host in ('localhost', '127.0.0.1:%d' % suite.port, '[::1]:80'):
        eq(suite.post(TOOL, {'tool': 'x'}, {'Host': host}).status, 200, host)
    # DELETE needs both headers as well
    eq(suite.http('DELETE', BLOCK, {'X-DefenseClaw-Client': None}, {}).status,
        403)
    eq(suite.http('DELETE', BLOCK, {'Content-Type': 'text/plain'}, {}).status,
        415)
    for what in ('unauthorized', 'no-client-header', 'content-type',
            'foreign-origin', 'cross-site', 'foreign-host'):
        row = suite.wait_row("action = 'request-refused' AND target = ?",
            (what,))
        eq((row['severity'], row['actor']), ('MEDIUM', '127.0.0.1'))


def tokens():
    t = suite.token()
    ok = lambda h, **kw: suite.get('/enforce/blocked', h, token=False, **kw)
    for h in ({'Authorization': 'Bearer ' + t},
            {'Authorization': 'bearer ' + t},
            {'authorization': 'BEARER ' + t},
            {'X-DefenseClaw-Token': t}, {'X-DC-Auth': 'Bearer ' + t},
            {'Authorization': '', 'X-DefenseClaw-Token': t},
            {'Authorization': 'Bearer ', 'X-DefenseClaw-Token': t},
            {'Authorization': 'Bearer', 'X-DC-Auth': 'Bearer ' + t}):
        eq(ok(h).status, 200, list(h))
    other = 'A' if t[0] != 'A' else 'B'
    for bad in (t[:-1], t + 'x', other + t[1:], t[:-1] + other, t.swapcase(),
            t[::-1], t + ' ' + t, '"%s"' % t, t[:1], '%', 'x' * 4000):
        for h in ({'Authorization': 'Bearer ' + bad},
                {'X-DefenseClaw-Token': bad}):
            eq(ok(h).status, 401, h)
            # a wrong token is not made good by the uid of its sender
            eq(ok(h, unix=True).status, 401, h)
    for h in ({'Authorization': t}, {'Authorization': 'Basic ' + t},
            {'X-DC-Auth': t}, {'Authorization': 'Bearer'},
            {'X-DefenseClaw-Token': ''}, {}):
        eq(ok(h).status, 401, h)
        if any(h.values()):
            eq(ok(h, unix=True).status, 401, h)
    # two of a kind are none
    two = (b'GET /status HTTP/1.1\r\nHost: localhost\r\n' +
        b'Authorization: Bearer %s\r\n' % t.encode() * 2 + b'\r\n')
    eq(suite.raw_status(two), 401)


def by_uid():
    """Over the Unix socket the kernel says who asks."""
    post = lambda: suite.post(TOOL, {'tool': 'shell', 'args': ATTACK_ARGS},
        token=False, unix=True)
    recorded(post(), 'inspect-tool-block', actor='uid:0')
    a = as_uid(UID, lambda: suite.post(TOOL, {'tool': 'shell'}, token=False,
        unix=True))
    recorded(a, 'inspect-tool-allow', actor='uid:%d' % UID)
    a = suite.post(TOOL, {'tool': 'shell'}, unix=True)
    recorded(a, 'inspect-tool-allow', actor='token:gateway-token')


def request_ids():
    def sent(headers, path=TOOL):
        a = suite.post(path, {'tool': 'x'}, headers)
        return a.headers['x-defenseclaw-request-id']

    a = suite.post(TOOL, {'tool': 'x'}, {'X-DefenseClaw-Request-Id': 'r-1'})
    recorded(a, 'inspect-tool-allow', request_id='r-1')
    eq(sent({'X-Request-Id': 'r-2'}), 'r-2')
    eq(sent({'X-Correlation-Id': 'r-3'}), 'r-3')
    eq(sent({'X-Correlation-Id': 'r-3', 'X-Request-Id': 'r-2',
        'X-DefenseClaw-Request-Id': 'r-1'}), 'r-1')
    eq(sent({'X-Request-Id': 'r' * 300}), 'r' * 128)
    eq(sent({'X-Request-Id': ' a\tb '}), 'ab')
    # what looks like a key goes back as it came, and is recorded masked
    a = suite.post(TOOL, {'tool': 'x'}, {'X-Request-Id': SECRET})
    eq(a.headers['x-defenseclaw-request-id'], SECRET)
    row = suite.rows('seq = ?', (int(a.headers['x-defenseclaw-audit-seq']),))
    assert row[0]['request_id'].startswith('<redacted len='), row
    minted = {sent({}) for _ in range(5)}
    eq(len(minted), 5)
    for m in minted:
        assert re.fullmatch(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', m)
    # on refusals, too
    for path in ('/nowhere', EVENT, '/status'):
        eq(sent({'X-Request-Id': 'r-4'}, path), 'r-4', path)
    a = suite.get('/status', {'X-Request-Id': 'r-5'}, token=False)
    eq(a.headers['x-defenseclaw-request-id'], 'r-5')
    a = suite.get('/health', {'X-Request-Id': 'r-6'}, token=False)
    eq(a.headers['x-defenseclaw-request-id'], 'r-6')


def correlation():
    trace = '4bf92f3577b34da6a3ce929d0e0e4736'
    a = suite.post(TOOL, {'tool': 'x', 'session_id': 'from-body'}, {
        'X-DefenseClaw-Session-Id': 'session-7',
        'X-DefenseClaw-Run-Id': 'run-7',
        'X-DefenseClaw-Agent-Id': 'agent-7',
        'X-DefenseClaw-Agent-Name': 'Agent.Seven',
        'X-DefenseClaw-Agent-Instance-Id': 'instance-7',
        'X-DefenseClaw-Policy-Id': 'policy-7',
        'X-DefenseClaw-Destination-App': 'codex',
        'traceparent': '00-%s-00f067aa0ba902b7-01' % trace})
    recorded(a, 'inspect-tool-allow', session_id='session-7', run_id='run-7',
        agent_id='agent-7', agent_name='Agent.Seven',
        agent_instance_id='instance-7', policy_id='policy-7',
        destination_app='codex', trace_id=trace)
    eq(a.headers['x-defenseclaw-agent-id'], 'agent-7')
    eq(a.headers['x-defenseclaw-agent-instance-id'], 'instance-7')
    a = suite.post(TOOL, {'tool': 'x'}, {'X-DefenseClaw-Trace-Id': 'trace-7',
        'traceparent': 'nonsense'})
    recorded(a, 'inspect-tool-allow', trace_id='trace-7')
    a = suite.post(TOOL, {'tool': 'x'}, {'traceparent': '00-x-y-01'})
    recorded(a, 'inspect-tool-allow', trace_id=None)
    # what looks like a key is masked, and not handed back
    names = ('session-id', 'run-id', 'agent-id', 'agent-name',
        'agent-instance-id', 'policy-id', 'destination-app', 'trace-id')
    a = suite.post(TOOL, {'tool': 'x'}, {'X-DefenseClaw-' + n: SECRET
        for n in names})
    row = recorded(a, 'inspect-tool-allow')
    for n in names:
        masked = row[n.replace('-', '_')]
        assert masked.startswith('<redacted len='), (n, masked)
    assert SECRET not in str(a.headers), a.headers


def reveal():
    body = {'tool': 'shell', 'args': {'key': 'my key is ' + SECRET}}
    for value in (None, '0', 'true', '11'):
        a = suite.post(TOOL, body, {'X-DefenseClaw-Reveal-PII': value})
        verdict(a, 'block', 'block', 'CRITICAL')
        assert SECRET.encode() not in a.body, a
    before = suite.last_seq()
    eq(suite.rows("action = 'inspect-reveal'"), [])
    a = suite.post(TOOL, body, {'X-DefenseClaw-Reveal-PII': '1'})
    eq(a.json['detailed_findings'][0]['evidence'], SECRET)
    row = suite.wait_row("action = 'inspect-reveal'")
    assert row['seq'] > before, row
    eq(row['request_id'], a.headers['x-defenseclaw-request-id'])
    eq((row['actor'], row['severity']), ('token:gateway-token', 'MEDIUM'))


def nothing_leaks():
    """Whatever is sent where: no row, file or log holds it."""
    s = SECRET
    for body, path in (({'tool': s, 'args': {s: s}}, TOOL),
            ({'tool': 'message', 'content': s}, TOOL),
            ({'content': s, 'model': s, 'session_id': s}, REQUEST),
            ({'content': s, 'model': s}, RESPONSE),
            ({'tool': s, 'output': s}, TOOL_RESPONSE),
            ({'direction': 'prompt', 'mode': 'action', 'model': s,
            'local_result': {'action': 'block', 'severity': 'HIGH',
            'reason': 'matched: %s' % s, 'findings': [s]}}, EVALUATE),
            ({'action': 'note', 'target': s, 'details': 'saw %s there' % s,
            'actor': s, 'tool_name': s}, EVENT),
            ({'action': 'note', 'details': 'password: %s, token=%s' % (WORD,
            WORD), 'run_id': s}, EVENT)):
        a = suite.post(path, body, {'X-Request-Id': s})
        eq(a.status, 200, path)
    a = suite.post(TOOL, {'tool': s})
    row = recorded(a, 'inspect-tool-allow')
    assert row['target'].startswith('<redacted len=%d sha=' % len(s)), row
    again = recorded(suite.post(TOOL, {'tool': s}), 'inspect-tool-allow')
    eq(again['target'], row['target'], 'the same name looks the same')
    data = b''
    for end in ('', '-wal'):
        with open(suite.audit_db + end, 'rb') as f:
            data += f.read()
    data += suite.log().encode()
    for what in (s, WORD, ATTACK, 'x.example/i.sh', suite.token()):
        assert what.encode() not in data, what


def everything_recorded():
    """Each verdict has its row, none has two, over connections and pipes."""
    seqs, ids = [], []
    with suite.connect() as sock:
        body = json.dumps({'tool': 'shell', 'args': ATTACK_ARGS}).encode()
        for i in range(200):
            sock.sendall((('POST %s HTTP/1.1\r\nHost: localhost\r\n'
                'Authorization: Bearer %s\r\nX-DefenseClaw-Client: t\r\n'
                'X-Request-Id: many-%d\r\nContent-Type: application/json\r\n'
                'Content-Length: %d\r\n\r\n') % (TOOL, suite.token(), i,
                len(body))).encode() + body)
        got, data = [], b''
        while len(got) < 200:
            more = sock.recv(65536)
            assert more, 'closed after %d answers' % len(got)
            answers, data = parse_answers(data + more)
            got += answers
    for i, a in enumerate(got):
        eq(a.status, 200, a)
        eq(a.headers['x-defenseclaw-request-id'], 'many-%d' % i)
        seqs.append(int(a.headers['x-defenseclaw-audit-seq']))
    rows = suite.rows("request_id LIKE 'many-%'")
    eq([r['seq'] for r in rows], seqs)
    eq(len(set(r['id'] for r in rows)), 200)


def enforce_denied():
    """gateway.allow_enforce is false unless somebody turns it on."""
    t = {'target_type': 'tool', 'target_name': 'curl'}
    for method, path in (('POST', BLOCK), ('DELETE', BLOCK),
            ('POST', ALLOW)):
        a = suite.http(method, path, body=t)
        error(a, 403)
        assert 'allow_enforce' in a.json['error'], a
    for path in ('/enforce/blocked', '/enforce/allowed'):
        a = suite.get(path)
        eq((a.status, a.json), (200, []))
    eq(suite.rows("action LIKE 'api-enforce-%'"), [])


def enforce_allowed():
    suite.set_config('gateway.allow_enforce', 'true')
    suite.restart()
    t = {'target_type': 'tool', 'target_name': 'curl', 'reason': 'manual'}
    a = suite.post(BLOCK, t, {'X-Request-Id': 'e-1'})
    eq((a.status, a.json), (200, {'status': 'blocked'}))
    row = suite.rows("action = 'api-enforce-block'")[0]
    eq((row['target'], row['actor'], row['request_id']), ('curl',
        'token:gateway-token', 'e-1'))
    eq(row['details']['target_type'], 'tool')
    listed = suite.get('/enforce/blocked').json
    eq(len(listed), 1)
    eq(sorted(listed[0]), ['id', 'reason', 'target_name', 'target_type',
        'updated_at'])
    eq((listed[0]['target_name'], listed[0]['reason']), ('curl', 'manual'))

    a = suite.post(TOOL, {'tool': 'curl', 'args': {'x': 'y'}})
    j = verdict(a, 'block', 'block', 'HIGH')
    eq(j['findings'], ['STATIC-BLOCK'])
    eq(j['confidence'], 1.0)
    eq(j['reason'], 'tool "curl" is on the static block list')
    assert 'detailed_findings' not in j, j
    row = recorded(a, 'inspect-tool-block', severity='HIGH')
    eq(row['details']['rule_ids'], ['STATIC-BLOCK'])
    # the name is the name: neither a part of it nor another's
    for name in ('curl2', 'cur', 'Curl', 'curl '):
        verdict(suite.post(TOOL, {'tool': name}), 'allow', 'allow', 'NONE')

    a = suite.http('DELETE', BLOCK, body=t)
    eq((a.status, a.json), (200, {'status': 'unblocked'}))
    verdict(suite.post(TOOL, {'tool': 'curl'}), 'allow', 'allow', 'NONE')
    eq(suite.http('DELETE', BLOCK, body=t).status, 404)
    eq(suite.get('/enforce/blocked').json, [])

    # an MCP server's name counts beside the tool's
    m = {'target_type': 'mcp', 'target_name': 'bad-server'}
    eq(suite.post(BLOCK, m).status, 200)
    eq(suite.get('/enforce/blocked').json[0]['reason'],
        'blocked via REST API')
    j = verdict(suite.post(TOOL, {'tool': 'x', 'mcp_server_name':
        'bad-server'}), 'block', 'block', 'HIGH')
    eq(j['findings'], ['STATIC-BLOCK'])
    verdict(suite.post(TOOL, {'tool': 'bad-server'}), 'allow', 'allow',
        'NONE')

    a = suite.post(ALLOW, dict(m, reason='reviewed'))
    eq((a.status, a.json), (200, {'status': 'allowed'}))
    eq(suite.get('/enforce/blocked').json, [])
    eq([e['reason'] for e in suite.get('/enforce/allowed').json],
        ['reviewed'])
    # an allowed name does not make CRITICAL pass
    verdict(suite.post(TOOL, {'tool': 'x', 'mcp_server_name': 'bad-server',
        'args': ATTACK_ARGS}), 'block', 'block', 'CRITICAL')

    for kind in ('skill', 'plugin'):
        a = suite.post(BLOCK, {'target_type': kind, 'target_name': 'p'})
        eq(a.status, 200)
    for body in ({}, {'target_type': 'tool'}, {'target_name': 'x'},
            {'target_type': 'tool', 'target_name': ''},
            {'target_type': 'file', 'target_name': 'x'},
            {'target_type': 'tool', 'target_name': 'x' * 257},
            {'target_type': 'tool', 'target_name': 'x', 'reason':
            'y' * 1025}):
        error(suite.post(BLOCK, body), 400)
    # what a name hides from the log it does not hide from the list
    eq(suite.post(BLOCK, {'target_type': 'tool', 'target_name':
        SECRET}).status, 200)
    j = suite.post(TOOL, {'tool': SECRET}).json
    eq(j['findings'], ['STATIC-BLOCK'])
    eq(suite.rows('target = ?', (SECRET,)), [])


def message_list():
    """A message is on a list by that name."""
    t = {'target_type': 'tool', 'target_name': 'message'}
    eq(suite.post(BLOCK, t).status, 200)
    for name in ('message', 'Message'):
        j = verdict(suite.post(TOOL, {'tool': name, 'content': 'hello'}),
            'block', 'block', 'HIGH')
        eq(j['findings'], ['STATIC-BLOCK'])
    eq(suite.http('DELETE', BLOCK, body=t).status, 200)


def gone_before_answer():
    """Answers to a control connection that is no more."""
    before = suite.pids()
    pid = before['auditd'][0]
    calls = [('GET', '/alerts', b'')] * 3 + [('POST', BLOCK,
        b'{"target_type":"tool","target_name":"gone"}')] * 3
    os.kill(pid, signal.SIGSTOP)
    try:
        for method, path, body in calls:
            c = suite.control('gatewayd.1')
            c.send(MSG['MSG_CTL_CALL'], wstr(method) + wstr(path) + body)
            c.close()
        # they are read by now
        suite.control('gatewayd.1').request('MSG_CTL_STATUS')
        time.sleep(0.5)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: 'gone' in [e['target_name'] for e in
        suite.get('/enforce/blocked').json], 'the list change')
    eq(suite.get('/alerts').status, 200)
    eq(suite.pids(), before)


def alerts():
    a = suite.get('/alerts')
    eq(a.status, 200)
    assert a.json, 'no alerts'
    for row in a.json:
        assert {'id', 'timestamp', 'action', 'target', 'actor',
            'severity'} <= set(row), row
        # several refusals are one row
        assert 'request_id' in row or row['action'] == 'request-refused'
        eq(row['actor'], 'token:gateway-token', 'own rows only')
    stamps = [r['timestamp'] for r in a.json]
    eq(stamps, sorted(stamps, reverse=True))
    eq(len(suite.get('/alerts?limit=2').json), 2)
    eq(suite.get('/alerts?limit=2').json, a.json[:2])
    eq(len(suite.get('/alerts?x=1&limit=3&y').json), 3)
    for many in ('1000', '9999999', '99999999999999999999'):
        assert 3 < len(suite.get('/alerts?limit=' + many).json) <= 500
    for bad in ('0', '-1', 'x', '', '1x', '000'):
        error(suite.get('/alerts?limit=' + bad), 400)


def observe():
    suite.set_config('guardrail.mode', 'observe')
    suite.restart()
    for path, body in ((TOOL, {'tool': 'shell', 'args': ATTACK_ARGS}),
            (REQUEST, {'content': ATTACK})):
        a = suite.post(path, body)
        verdict(a, 'allow', 'block', 'CRITICAL', mode='observe')
        assert a.json['reason'], a
    row = suite.rows("action = 'inspect-tool-block'")[-1]
    eq((row['details']['action'], row['details']['raw_action']),
        ('allow', 'block'))
    verdict(suite.post(TOOL, {'tool': 'shell', 'args': 'ls'}), 'allow',
        'allow', 'NONE', mode='observe')
    eq(suite.get('/health').json['guardrail']['details']['mode'], 'observe')


def guardrail_off():
    """Off means recorded, not blocked."""
    suite.set_config('guardrail.mode', 'action')
    suite.set_config('guardrail.enabled', 'false')
    suite.restart()
    verdict(suite.post(TOOL, {'tool': 'shell', 'args': ATTACK_ARGS}),
        'allow', 'block', 'CRITICAL', mode='observe')
    suite.set_config('guardrail.enabled', 'true')


def profile_strict():
    """A stricter profile blocks MEDIUM, but of prompts only CRITICAL."""
    path = os.path.join(suite.dir, 'strict')
    suite.write_pack(path, {'command.yaml': RULES})
    suite.set_config('guardrail.rule_pack_dir', path)
    suite.restart()
    for word, raw in (('highly', 'block'), ('mildly', 'block'),
            ('hardly', 'alert')):
        text = '%s-suspicious' % word
        severity = suite.post(TOOL, {'tool': 'x', 'args': text}).json[
            'severity']
        verdict(suite.post(TOOL, {'tool': 'x', 'args': text}), 'block' if
            raw == 'block' else 'allow', raw, severity)
        verdict(suite.post(RESPONSE, {'content': text}), 'block' if
            raw == 'block' else 'allow', raw, severity)
        verdict(suite.post(REQUEST, {'content': text}), 'allow', 'alert',
            severity)


def no_token():
    """Without a token there is no TCP service, and nobody hangs in it."""
    os.unlink(os.path.join(suite.secrets, 'gateway-token'))
    suite.restart()
    try:
        suite.connect().close()
        raise AssertionError('somebody listens on TCP without a token')
    except ConnectionRefusedError:
        pass
    eq(suite.post(TOOL, {'tool': 'x'}, token=False, unix=True).status, 200)
    eq(suite.get('/status', {'Authorization': 'Bearer '}, token=False,
        unix=True).status, 401)
    eq(suite.get('/status', {'Authorization': 'Bearer x'}, token=False,
        unix=True).status, 401)


def two_principals():
    """In system mode: the token's rows and a uid's are each their own."""
    global suite
    keep = suite
    with Suite('system') as suite:
        suite.start()
        import grp
        gid = {'defenseclaw': grp.getgrnam('defenseclaw').gr_gid}
        attack = {'tool': 'shell', 'args': ATTACK_ARGS}
        suite.post(TOOL, attack)
        mine = lambda uid, group, fn: as_uid(uid, fn, groups=[gid[group]])
        for uid in (47002, 47003):
            a = mine(uid, 'defenseclaw', lambda: suite.post(TOOL, attack,
                token=False, unix=True))
            recorded(a, 'inspect-tool-block', actor='uid:%d' % uid)
        for uid in (47002, 47003):
            rows = mine(uid, 'defenseclaw', lambda: suite.get('/alerts',
                token=False, unix=True)).json
            eq([r['actor'] for r in rows], ['uid:%d' % uid])
        rows = suite.get('/alerts').json
        eq({r['actor'] for r in rows}, {'token:gateway-token'})
        # an operator's too: all of them are given over control only
        eq(suite.get('/alerts', token=False, unix=True).json, [])
    suite = keep


def main():
    global suite
    need_root()
    with Suite(uid=UID) as suite:
        suite.start()
        run([tool_block, tool_allow, tool_severities, tool_arguments,
            messages, contents, large_body, evaluate, client_events, health,
            refusals_in_order, tokens, by_uid, request_ids, correlation,
            reveal, nothing_leaks, everything_recorded, enforce_denied,
            enforce_allowed, message_list, gone_before_answer, alerts, observe, guardrail_off, profile_strict,
            no_token, two_principals])


if __name__ == '__main__':
    program(main)
