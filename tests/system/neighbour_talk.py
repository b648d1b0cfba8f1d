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


"""Attempts of a neighbour at the sockets: control, HTTP, TCP."""

import array

from neighbour import *

SPOOF = {'X-DefenseClaw-Client': 'defenseclawctl', 'X-Forwarded-User': 'root',
    'X-Remote-User': 'root', 'X-Real-IP': '127.0.0.1', 'X-Forwarded-For':
    '127.0.0.1', 'X-DefenseClaw-Agent-Id': 'uid:0',
    'X-DefenseClaw-Agent-Name': 'root', 'X-DefenseClaw-Session-Id': 'uid:0',
    'X-DefenseClaw-Actor': 'uid:0', 'Forwarded': 'for=root',
    'X-DefenseClaw-Request-Id': 'uid:0', 'From': 'root@localhost'}
CLAIMS = {'actor': 'uid:0', 'user': 'root', 'uid': 0, 'principal':
    'operator', 'agent_id': 'uid:0', 'groups': [0]}

# --- control sockets ---------------------------------------------------------

CODES = {CTL_OK: 'done', CTL_FAILURE: 'FAILURE', CTL_USAGE: 'USAGE',
    CTL_PERMISSION: 'PERMISSION', CTL_NOT_FOUND: 'NOT_FOUND'}


def first_word(c):
    """What the other end says of itself: a code, or closed."""
    got = c.recv()
    c.close()
    if got is None:
        return 'closed'
    if got[0] != MSG['MSG_CTL_ERROR']:
        return 'message %d' % got[0]
    return CODES[struct.unpack_from('=I', got[2])[0]]


@attempt('control.connect', 'connect to each control socket', 'PERMISSION',
    who=(NOBODY,), event='control')
def control_connect(n):
    return [first_word(n.suite.control(i, hello=False)) for i in INSTANCES]


@attempt('control.request', 'send each request that is not a client\'s: stop, '
    'reload, list changes, notes, acknowledgements, the log, a batch',
    'PERMISSION', who=(CLIENT,), event='control')
def control_request(n):
    out = []
    for instance, type, payload, may in TABLE:
        if CLIENT not in may:
            c = n.suite.control(instance)
            out.append(CODES[ask(c, type, payload(1))[0]])
            c.close()
    return out


@attempt('control.internal', 'send what processes of the suite say to each '
    'other, with descriptors and without', 'FAILURE', 'closed',
    who=(CLIENT,))
def control_internal(n):
    out = []
    for instance in INSTANCES:
        for name in ('MSG_START', 'MSG_PEER', 'MSG_CONTROL', 'MSG_SHUTDOWN',
                'MSG_RULES', 'MSG_APPEND', 'MSG_POLICY_ENTRY', 'MSG_SIGN',
                'MSG_LIST_CHANGE', 'MSG_REQUEST', 'MSG_LOG'):
            for fd in (None, 0):
                c = n.suite.control(instance)
                # it may be closed before all is said
                tried(c.send, MSG[name], b'\1' * 64, fd=fd)
                out.append(first_word(c))
    return out


@attempt('control.descriptors', 'send descriptors, by the dozen, to control '
    'sockets and to the HTTP service', 'FAILURE', 'closed', '400',
    who=(CLIENT,))
def control_descriptors(n):
    out = []
    fds = array.array('i', [0] * 100)
    for instance in INSTANCES:
        c = n.suite.control(instance)
        c.sock.sendmsg([b'\0' * 16], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
            fds)])
        out.append(first_word(c))
    with n.suite.connect(unix=True) as s:
        s.sendmsg([b'\0' * 16 + b'\r\n\r\n'], [(socket.SOL_SOCKET,
            socket.SCM_RIGHTS, fds)])
        got = parse_answers(s.recv(65536))[0]
        out.append(str(got[0].status) if got else 'closed')
    return out


@attempt('control.namespace', 'connect as root of an own user namespace',
    'PERMISSION', 'EPERM', 'ENOSPC', 'ENOSYS', who=(NOBODY,),
    event='control')
def control_namespace(n):
    uid = os.getuid()
    got = new_namespace()
    if got != 'done':
        first_word(n.suite.control('auditd', hello=False))
        return got
    eq(os.getuid(), 0)
    c = n.suite.control('auditd', hello=False)
    t, _, data = c.recv()
    assert b'uid %d may' % uid in data, data
    return CODES[struct.unpack_from('=I', data)[0]]


# --- HTTP --------------------------------------------------------------------

def get(n, path, method='GET', body=None, headers=None, token=False,
        unix=True):
    return n.suite.http(method, path, headers, body, token, unix)


def status(*args, **kw):
    return str(get(*args, **kw).status)


@attempt('http.nobody', 'ask for verdicts, lists and alerts over the Unix '
    'socket', '401', who=(NOBODY,), event='unauthorized')
def http_nobody(n):
    return [status(n, path, method, body) for method, path, body, may, _ in
        ROUTES if NOBODY not in may]


@attempt('http.no-token', 'the same over TCP without a token', '401',
    event=('unauthorized', '127.0.0.1'))
def http_no_token(n):
    return [status(n, path, method, body, unix=False) for
        method, path, body, may, _ in ROUTES if NOBODY not in may]


@attempt('http.wrong-token', 'send tokens that are not the token, in each '
    'header for it, over both sockets', '401', event='unauthorized')
def http_wrong_token(n):
    out = []
    right = n.token
    for unix in (True, False):
        for t in ('x', 'root', right[:-1], right + 'x', right[::-1], '0' *
                len(right), right.swapcase() + '!'):
            for h in ({'Authorization': 'Bearer ' + t}, {'X-DC-Auth':
                    'Bearer ' + t}, {'X-DefenseClaw-Token': t},
                    {'Authorization': 'Basic ' + t}):
                out.append(status(n, '/status', headers=h, unix=unix))
    return out


def actors(n, who, got):
    """Of the rows that the requests became."""
    own = 'uid:%d' % UIDS[who]
    out = []
    for seq in got:
        row, = n.suite.rows('seq = ?', (seq,))
        out.append('own uid' if row['actor'] == own else row['actor'])
    return out


@attempt('http.spoof', 'name somebody else in headers, body and route',
    'own uid', who=(CLIENT,), after=actors)
def http_spoof(n):
    out = []
    body = dict(CLAIMS, tool='shell', args=ATTACK)
    for path, b in (('/api/v1/inspect/tool', body),
            ('/api/v1/inspect/tool?actor=uid:0&user=root', body),
            ('/audit/event', dict(CLAIMS, action='x-said')),
            ('/v1/guardrail/evaluate', dict(CLAIMS, direction='prompt',
                mode='action'))):
        a = get(n, path, 'POST', b, SPOOF)
        eq(a.status, 200, a)
        out.append(int(a.headers['x-defenseclaw-audit-seq']))
    return out


@attempt('http.forge', 'write events that are the suite\'s own: starts and '
    'stops, checkpoints, verdicts, list changes, refusals', '400',
    who=(CLIENT,))
def http_forge(n):
    return [status(n, '/audit/event', 'POST', dict(CLAIMS, action=action,
        severity='INFO')) for action in ('start', 'stop', 'auditd-stop',
        'checkpoint', 'audit-epoch', 'role-death', 'lists-unfounded',
        'request-refused', 'policy-reload', 'config-update', 'init',
        'tool-block', 'tool-allow', 'tool-unblock', 'skill-block',
        'api-enforce-block', 'acknowledge-alerts', 'guardrail-verdict',
        'approval-allow', 'inspect-tool-allow', 'inspect-batch', 'inspect-reveal',
        'sink.cursor', 'sink.failed', 'sink-test', 'sink-removed',
        'dead-letters-drop', 'setup-observability')]


@attempt('http.alerts', 'see alerts of others, by query, header and body',
    'own rows', who=(CLIENT,))
def http_alerts(n):
    own = 'uid:%d' % os.getuid()
    out = []
    for query in ('', '?limit=500', '?actor=uid:0', '?actor=', '?all=1',
            '?actor=token:gateway-token&limit=500', '?limit=500&actor=%25'):
        for h in ({}, SPOOF):
            a = get(n, '/alerts' + query, headers=h)
            eq(a.status, 200, a)
            out += ['own rows' if r['actor'] == own else r['actor'] for r in
                a.json]
    return out


@attempt('http.lists', 'change the block and allow lists while allow_enforce '
    'is false, over HTTP and a control socket', '403', 'PERMISSION',
    who=(CLIENT,), event='list-change')
def http_lists(n):
    out = []
    for method, path in (('POST', '/enforce/allow'), ('POST',
            '/enforce/block'), ('DELETE', '/enforce/block')):
        body = dict(CLAIMS, target_type='tool', target_name='shell')
        out.append(status(n, path, method, body, SPOOF))
        c = n.suite.control('gatewayd.1')
        out.append(CODES[c.request('MSG_CTL_CALL', call(method, path,
            json.dumps(body).encode()))[0]])
        c.close()
    return out


@attempt('http.routes', 'look for routes that reload, stop, configure, export '
    'or export', '404', '405', who=(CLIENT,))
def http_routes(n):
    return [status(n, path, method, {} if method == 'POST' else None) for
        path in ('/reload', '/policy/reload', '/stop', '/config',
        '/config/patch', '/api/v1/config', '/audit', '/audit/export',
        '/audit/list', '/secrets', '/token', '/alerts/acknowledge',
        '/health/../config', '//config', '/debug/pprof') for method in
        ('GET', 'POST')]


def approvable(n, **more):
    """What comes of a call that a person has to allow."""
    a = get(n, '/api/v1/inspect/tool', 'POST', dict({'tool': 'bash', 'args':
        'highly-suspicious'}, **more))
    eq((a.status, a.json['raw_action']), (200, 'confirm'), a)
    return a.json


@attempt('approval.control', 'allow its own request over every control '
    'socket', 'PERMISSION', who=(CLIENT,), event='control')
def approval_control(n):
    number = approvable(n)['approval']['number']
    c = n.suite.control('auditd')
    out = [CODES[c.request('MSG_CTL_APPROVE', approve(number))[0]]]
    c.close()
    eq(approvable(n)['action'], 'block')
    return out


@attempt('approval.http', 'look for a route that allows it, over the Unix '
    'socket', '404', who=(CLIENT,), event='approval')
def approval_http(n):
    number = approvable(n)['approval']['number']
    out = [status(n, '/api/v1/approvals' + path, method, {'allow': True,
        'number': number} if method == 'POST' else None, SPOOF) for path in
        ('', '/%d' % number, '/%d/allow' % number, '/allow') for method in
        ('GET', 'POST')]
    eq(approvable(n)['action'], 'block')
    return out


@attempt('approval.claim', 'say in the request that it was allowed, or that '
    'somebody else asks', 'block', who=(CLIENT,))
def approval_claim(n):
    number = approvable(n)['approval']['number']
    return [approvable(n, **more)['action'] for more in ({'approval':
        {'number': number, 'state': 'used'}}, {'approved': True},
        {'action': 'allow', 'uid': 0, 'actor': 'uid:0'})]


@attempt('approval.file', 'allow it in the database', 'EACCES',
    who=(CLIENT,))
def approval_file(n):
    approvable(n)
    return [tried(os.open, p, os.O_RDWR) for p in n.files if
        os.path.basename(p).startswith('audit.db')]


@attempt('approval.flood', 'ask for more approvals than an operator can '
    'look through', 'pending', 'too-many', who=(CLIENT,),
    event='approval-flood')
def approval_flood(n):
    out = [approvable(n, args='highly-suspicious %d' % i)['approval']['state']
        for i in range(24)]
    eq(out[-1], 'too-many')
    return sorted(set(out))


# --- TCP ---------------------------------------------------------------------

def listens(n, address, *options):
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    with socket.socket(family) as s:
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY,
                address != '::')
        for o in options:
            s.setsockopt(socket.SOL_SOCKET, o, 1)
        got = tried(s.bind, (address, n.suite.port))
        return tried(s.listen) if got == 'done' else got


@attempt('port.share', 'listen on the TCP port of the suite as well, with '
    'SO_REUSEADDR and SO_REUSEPORT, on its address and on all', 'EADDRINUSE',
    'EAFNOSUPPORT')
def port_share(n):
    return [listens(n, address, *o) for address in ('127.0.0.1', '0.0.0.0',
        '::') for o in ((),
        (socket.SO_REUSEADDR,), (socket.SO_REUSEPORT,),
        (socket.SO_REUSEADDR, socket.SO_REUSEPORT))]


@attempt('port.other', 'listen on that port of [::1], which works, so give '
    'clients the address 127.0.0.1 or the Unix socket, never the name '
    'localhost', 'done', 'EADDRNOTAVAIL', 'EAFNOSUPPORT')
def port_other(n):
    return listens(n, '::1')


@attempt('port.sniff', 'read what passes over the loopback device, forge '
    'packets on it', 'EPERM')
def port_sniff(n):
    return [tried(socket.socket, *a) for a in ((socket.AF_PACKET,
        socket.SOCK_RAW, 0x300), (socket.AF_PACKET, socket.SOCK_DGRAM,
        0x300), (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP))]


@attempt('port.namespace', 'reach the TCP port from an own network namespace',
    'ENETUNREACH', 'ECONNREFUSED', 'EPERM', 'ENOSPC', 'ENOSYS')
def port_namespace(n):
    got = new_namespace(CLONE_NEWNET)
    if got != 'done':
        return got
    with socket.socket() as s:
        return tried(s.connect, ('127.0.0.1', n.suite.port))
