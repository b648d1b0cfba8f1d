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


"""Who may say what: one row for each control message and each HTTP route,
and the same as the sources have it.  A message or route without a row here
fails test_principals.py."""

import grp
import re

from lib import *

OPERATOR, AUDITOR, CLIENT, NOBODY = 'operator', 'auditor', 'client', 'nobody'
READERS = (OPERATOR, AUDITOR)
# accounts in no passwd(5) file: the kernel alone says who they are
UIDS = {OPERATOR: 47010, AUDITOR: 47011, CLIENT: 47012, NOBODY: 47013}
GROUPS = {OPERATOR: 'defenseclaw-admin', AUDITOR: 'defenseclaw-audit',
    CLIENT: 'defenseclaw'}
FOREIGN = 47020

# enum msg_type that both ends of a control connection speak: no requests
SPEECH = {'MSG_CTL_HELLO', 'MSG_CTL_ERROR', 'MSG_CTL_TEXT', 'MSG_CTL_DONE',
    'MSG_CTL_NEXT'}
# where clients are listened to: file, table, instance
TABLES = (
    ('gatewayd/api.c', 'api_from_client', 'gatewayd.1'),
    ('auditd/control.c', 'control_from_client', 'auditd'),
    ('auditd/sign.c', 'from_operator', 'signer'),
)
INSTANCES = [i for _, _, i in TABLES]


def groups_of(who):
    return [grp.getgrnam(GROUPS[who]).gr_gid] if who in GROUPS else []


def act_as(who):
    return acting(UIDS[who], groups_of(who))


def call(method, path, body=b''):
    return wstr(method) + wstr(path) + body


def audit_list():
    return struct.pack('=QQQQII1536s', 0, 0, 0, 0, 10, 0, b'')


def list_change(name='t'):
    return struct.pack('=16sQIIII', b'', 0, KIND_TOOL, OP_BLOCK, OP_NONE,
        0) + wstr(name) + wstr('why')


def approve(number, allow=1):
    return struct.pack('=QII32s', number, allow, 0, b'')


def seq(n):
    return struct.pack('=Q', n)


TOOL = call('POST', '/api/v1/inspect/tool', b'{"tool":"shell"}')
BATCH = struct.pack('=I', 1) + json.dumps({'id': '1', 'direction':
    'tool_call', 'tool_name': 'shell', 'text': ATTACK}).encode() + b'\n'

# instance, message, payload (given the seq of an alert), who may
TABLE = (
    ('gatewayd.1', 'MSG_CTL_STATUS', lambda a: b'', READERS),
    ('gatewayd.1', 'MSG_CTL_CALL', lambda a: TOOL, (OPERATOR, CLIENT)),
    ('gatewayd.1', 'MSG_CTL_CALL', lambda a: call('GET', '/alerts'),
        (OPERATOR, CLIENT)),
    ('gatewayd.1', 'MSG_CTL_CALL', lambda a: call('GET',
        '/enforce/blocked'), (OPERATOR, CLIENT)),
    ('gatewayd.1', 'MSG_CTL_BATCH', lambda a: BATCH, (OPERATOR,)),
    ('gatewayd.1', 'MSG_CTL_RELOAD', lambda a: b'', (OPERATOR,)),
    ('gatewayd.1', 'MSG_CTL_JUDGE_TEST', lambda a: b'', (OPERATOR,)),
    ('auditd', 'MSG_CTL_STATUS', lambda a: b'', READERS),
    ('auditd', 'MSG_CTL_AUDIT_LIST', lambda a: audit_list(), READERS),
    ('auditd', 'MSG_CTL_AUDIT_SHOW', lambda a: seq(1), READERS),
    ('auditd', 'MSG_CTL_AUDIT_HEAD', lambda a: b'', READERS),
    ('auditd', 'MSG_CTL_AUDIT_EXPORT', lambda a: struct.pack('=QQ', 0, 0),
        READERS),
    ('auditd', 'MSG_CTL_AUDIT_TAIL', lambda a: seq(1), READERS),
    ('auditd', 'MSG_CTL_ALERTS', lambda a: struct.pack('=QII', 0, 10, 0),
        READERS),
    ('auditd', 'MSG_CTL_ALERT_ACK', lambda a: seq(a) + wstr('seen'),
        (OPERATOR,)),
    ('auditd', 'MSG_CTL_LIST', lambda a: b'', READERS),
    ('auditd', 'MSG_CTL_LIST_CHANGE', lambda a: list_change(), (OPERATOR,)),
    ('auditd', 'MSG_CTL_NOTE', lambda a: struct.pack('=Q',
        time.time_ns() // 1000) + wstr('config-update') +
        wstr('config.yaml') + wstr('mode=action'), (OPERATOR,)),
    ('auditd', 'MSG_CTL_APPROVALS', lambda a: b'', READERS),
    ('auditd', 'MSG_CTL_APPROVE', lambda a: approve(a), (OPERATOR,)),
    ('auditd', 'MSG_CTL_PASSPHRASE', lambda a: b'', (OPERATOR,)),
    ('auditd', 'MSG_CTL_PASSPHRASE_SET', lambda a: struct.pack('=16s32sII32s',
        b's', b'k', 1, 0, b'old'), (OPERATOR,)),
    ('auditd', 'MSG_CTL_SINKS', lambda a: b'', READERS),
    ('auditd', 'MSG_CTL_SINK_TEST', lambda a: wstr('s'), (OPERATOR,)),
    ('auditd', 'MSG_CTL_SINK_REPLAY', lambda a: struct.pack('=QQ', 1, 0) +
        wstr('s'), (OPERATOR,)),
    ('auditd', 'MSG_CTL_DEAD_LIST', lambda a: struct.pack('=QI', 0, 10) +
        wstr('s'), READERS),
    ('auditd', 'MSG_CTL_DEAD_RETRY', lambda a: seq(0) + wstr('s'),
        (OPERATOR,)),
    ('auditd', 'MSG_CTL_DEAD_DROP', lambda a: seq(0) + wstr('s') +
        wstr('why'), (OPERATOR,)),
    ('auditd', 'MSG_CTL_STOP', lambda a: b'', (OPERATOR,)),
    ('signer', 'MSG_CTL_STATUS', lambda a: b'', READERS),
)

CLIENTS = (OPERATOR, CLIENT)
ALL = (OPERATOR, AUDITOR, CLIENT, NOBODY)
BLOCK = {'target_type': 'tool', 'target_name': 'x'}
# method, path, body, who may, status while allow_enforce is false
ROUTES = (
    ('GET', '/health', None, ALL, 200),
    ('GET', '/status', None, (OPERATOR, AUDITOR, CLIENT), 200),
    ('GET', '/metrics', None, (OPERATOR, AUDITOR, CLIENT), 200),
    ('POST', '/api/v1/inspect/tool', {'tool': 'x'}, CLIENTS, 200),
    ('POST', '/api/v1/inspect/request', {'content': 'x'}, CLIENTS, 200),
    ('POST', '/api/v1/inspect/response', {'content': 'x'}, CLIENTS, 200),
    ('POST', '/api/v1/inspect/tool-response', {'tool': 'x', 'output': 'y'},
        CLIENTS, 200),
    *(('POST', '/api/v1/%s/hook' % a, {'hook_event_name': 'PreToolUse',
        'tool_input': {'command': 'ls'}}, CLIENTS, 200) for a in
        ('claude-code', 'codex', 'cursor', 'geminicli', 'opencode',
        'openclaw', 'generic')),
    ('POST', '/api/v1/mcp/pins', {'server': 'x', 'tools': [], 'complete':
        True}, CLIENTS, 200),
    ('POST', '/v1/guardrail/evaluate', {'direction': 'prompt', 'mode':
        'action'}, CLIENTS, 200),
    ('POST', '/audit/event', {'action': 'x-said'}, CLIENTS, 200),
    ('POST', '/enforce/block', BLOCK, CLIENTS, 403),
    ('DELETE', '/enforce/block', BLOCK, CLIENTS, 403),
    ('POST', '/enforce/allow', BLOCK, CLIENTS, 403),
    ('GET', '/enforce/blocked', None, CLIENTS, 200),
    ('GET', '/enforce/allowed', None, CLIENTS, 200),
    ('GET', '/alerts', None, CLIENTS, 200),
)

# --- the sources -----------------------------------------------------------

WORDS = {'CLIENT': {CLIENT}, 'AUDITOR': {AUDITOR}, 'OPERATOR': {OPERATOR},
    'READERS': set(READERS), 'ANYONE': {CLIENT, AUDITOR, OPERATOR},
    'NOBODY': set()}


def source(path):
    with open(os.path.join(TOP, path)) as f:
        return re.sub(r'/\*.*?\*/', '', f.read(), flags=re.S)


def principals(text):
    out = set()
    for word in text.split('|'):
        out |= WORDS[word.strip()]
    # an operator is all three (role_principal)
    return out | {OPERATOR} if out else out


def dispatch_tables():
    """{(file, table): {message: who}} of every struct dispatch there is."""
    out = {}
    for wing in ('common', 'gatewayd', 'auditd', 'sinkd', 'ctl',
            'ctl/defenseclawd'):
        for name in sorted(os.listdir(os.path.join(TOP, wing))):
            if not name.endswith('.c'):
                continue
            text = source(os.path.join(wing, name))
            for table, body in re.findall(r'struct dispatch\s+(\w+)\[\] = '
                    r'\{(.*?)\n\};', text, re.S):
                rows = re.findall(r'\{\s*(MSG_\w+),\s*[\w\s|]+,[^{}]*?,\s*'
                    r'FD_\w+,\s*([\w\s|]+?),\s*\w+\s*\}', body)
                eq(len(rows), len(re.findall(r'\bMSG_\w+', body)),
                    'rows of %s' % table)
                eq(len(rows), len({m for m, _ in rows}), table)
                out[os.path.join(wing, name), table] = {m: principals(w)
                    for m, w in rows}
    return out


def routes():
    """{(method, path): who} of gatewayd's routes."""
    body = re.search(r'struct route routes\[\] = \{(.*?)\n\};',
        source('gatewayd/api.c'), re.S)[1]
    rows = re.findall(r'\{\s*METHOD_(\w+),\s*"([^"]+)",\s*[\w\s]+,\s*'
        r'([\w\s|]+?),', body)
    eq(len(rows), body.count('METHOD_'), 'routes')
    return {(m, p): set(ALL) if w == '0' else principals(w)
        for m, p, w in rows}


# --- asking ----------------------------------------------------------------

def ask(c, type, payload):
    """(code, text) of the answer; TAIL never ends, its first row will do."""
    if type == 'MSG_CTL_AUDIT_TAIL':
        c.send(MSG[type], payload)
        t, _, data = c.recv()
        if t == MSG['MSG_CTL_TEXT']:
            return CTL_OK, data.decode()
        return struct.unpack_from('=I', data)[0], data[8:].decode()
    return c.request(type, payload)


def turned_away(suite, instance, uid, groups=()):
    """Who may do nothing is told so at once and takes no place."""
    with acting(uid, groups):
        c = suite.control(instance, hello=False)
    t, _, data = c.recv()
    eq((t, struct.unpack_from('=I', data)[0]), (MSG['MSG_CTL_ERROR'],
        CTL_PERMISSION))
    assert b'uid %d' % uid in data, data
    eq(c.recv(), None)
    c.close()


def refusals(suite, actor, target):
    return sum(r['details']['count'] for r in suite.rows(
        "action = 'request-refused' AND target = ? AND actor = ?",
        (target, actor)))
