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


"""Every control message and every HTTP route, sent as each principal."""

import collections
import subprocess

from principals import *

ROOT, OWNER = 'root', 'owner'
MANY = 65536            # supplementary groups: as many as Linux has
# names that would ask NSS; accounts come from the kernel and from files
NSS = re.compile(r'(get(pw|gr)(nam|uid|gid|ent)(_r)?|getgrouplist|'
    r'initgroups|gethostby\w+)$')

suite = None
alert = 0               # seq of an alert to acknowledge
expected = collections.Counter()        # (actor, target): refusals


def table_is_whole():
    """What the sources say is what this test says, row for row."""
    tables = dispatch_tables()
    said = {}
    for file, name, instance in TABLES:
        for message, who in tables.pop((file, name)).items():
            said[instance, message] = who
    for where, rows in tables.items():
        for message, who in rows.items():
            eq(who, set(), '%s of %s: no table for clients' %
                (message, where))
    ours = {(i, m): set(who) for i, m, _, who in TABLE}
    eq(ours, said, 'the table of control messages')
    known = {m for _, m in said} | SPEECH
    eq(known, {m for m in MSG if m.startswith('MSG_CTL_')},
        'messages of proto.h')
    eq({(m, p): set(who) for m, p, _, who, _ in ROUTES}, routes(),
        'the table of routes')


NOT_THERE = ('MSG_CTL_SINK_TEST', 'MSG_CTL_SINK_REPLAY',
    'MSG_CTL_DEAD_RETRY', 'MSG_CTL_DEAD_DROP', 'MSG_CTL_APPROVE',
    'MSG_CTL_PASSPHRASE_SET')


def control_as(s, who, uid, groups, may_all=False):
    for instance, type, payload, may in TABLE:
        if type == 'MSG_CTL_STOP' and (may_all or who in may):
            continue            # the last thing of all
        what = '%s from %s to %s' % (type, who, instance)
        actor = 'uid:%d' % uid
        if who == NOBODY:
            turned_away(s, instance, uid)
            expected[actor, 'control'] += 1
            continue
        with acting(uid, groups):
            c = s.control(instance)
        code, text = ask(c, type, payload(alert))
        if may_all or who in may:
            # no sinks, judge, approval, passphrase: who may is told so
            eq(code, CTL_NOT_FOUND if type in NOT_THERE else CTL_CONFIG if
                type == 'MSG_CTL_JUDGE_TEST' else CTL_OK,
                '%s: %s' % (what, text))
            if type == 'MSG_CTL_RELOAD':
                # a worker may have been replaced: talk to the new one
                wait_for(lambda: len(s.pids('gatewayd')) > 0, 'up')
        else:
            eq(code, CTL_PERMISSION, '%s: %s' % (what, text))
            assert 'uid %d' % uid in text, text
            # it is refused, not cut off: the next may be allowed
            eq(ask(c, type, payload(alert))[0], CTL_PERMISSION, what)
            expected[actor, 'control'] += 2
        c.close()


def control_messages():
    global alert
    a = suite.post('/api/v1/inspect/tool', {'tool': 'shell', 'args': ATTACK})
    alert = int(a.headers['x-defenseclaw-audit-seq'])
    for who in (NOBODY, CLIENT, AUDITOR, OPERATOR):
        control_as(suite, who, UIDS[who], groups_of(who))
    control_as(suite, ROOT, 0, [], may_all=True)


def not_for_clients():
    """What processes of the suite say to each other, said by a client."""
    pids = suite.pids()
    for who in (CLIENT, AUDITOR, OPERATOR):
        for instance in INSTANCES:
            known = {m for i, m, _, _ in TABLE if i == instance}
            for name in set(MSG) - known:
                with act_as(who):
                    c = suite.control(instance)
                try:
                    c.send(MSG[name], b'x' * 64)
                except (BrokenPipeError, ConnectionResetError):
                    pass
                got = c.recv()
                eq((got[0], struct.unpack_from('=I', got[2])[0]),
                    (MSG['MSG_CTL_ERROR'], CTL_FAILURE),
                    '%s from %s to %s' % (name, who, instance))
                eq(c.recv(), None)
                c.close()
    eq(suite.pids(), pids, 'the same processes as before')


def http_as(s, who, ask, actor, wrong=None, reopened=False):
    """ask(method, path, body) is an answer; wrong: 401 for all but some."""
    for method, path, body, may, status in ROUTES:
        what = '%s %s as %s' % (method, path, who)
        a = ask(method, path, body)
        if NOBODY in may:
            eq(a.status, 200, what)
        elif wrong is not None or who == NOBODY:
            eq(a.status, 401, what)
            expected[actor, 'unauthorized'] += 1
        elif who in (ROOT, OWNER) or who in may:
            if status == 403 and not reopened:
                expected[actor, 'list-change'] += 1
            eq(a.status, 200 if reopened and status == 403 else status,
                '%s: %r' % (what, a))
        else:
            eq(a.status, 403, what)
            expected[actor, 'principal'] += 1


def over_unix(s, uid, groups, token=False):
    token = s.token() if token is True else token

    def ask(method, path, body):
        with acting(uid, groups):
            return s.http(method, path, None, body, token, unix=True)
    return ask


def http_routes():
    for who in (NOBODY, CLIENT, AUDITOR, OPERATOR):
        http_as(suite, who, over_unix(suite, UIDS[who], groups_of(who)),
            'uid:%d' % UIDS[who])
    http_as(suite, ROOT, over_unix(suite, 0, []), 'uid:0')
    # a wrong token is not made good by the uid, nor a right one worse
    for who in (CLIENT, OPERATOR):
        http_as(suite, who, over_unix(suite, UIDS[who], groups_of(who),
            'x' * 64), 'uid:%d' % UIDS[who], wrong=True)
    http_as(suite, CLIENT, over_unix(suite, UIDS[NOBODY], [], True),
        'token:gateway-token')
    # over TCP there is the token and nothing else
    http_as(suite, NOBODY, lambda m, p, b: suite.http(m, p, None, b, False),
        '127.0.0.1')
    http_as(suite, NOBODY, lambda m, p, b: suite.http(m, p, None, b,
        suite.token()[:-1]), '127.0.0.1', wrong=True)
    http_as(suite, CLIENT, lambda m, p, b: suite.http(m, p, None, b),
        'token:gateway-token')


def many_groups():
    """Who is in a group is the kernel's word, be it in ever so many, and
    an account need not be in any file."""
    with open('/etc/passwd') as f:
        assert not re.search(r':47\d\d\d:', f.read())
    full = list(range(200000, 200000 + MANY - 1))
    for who in (CLIENT, AUDITOR, OPERATOR):
        uid = UIDS[who] + 20
        gid, = groups_of(who)
        for groups in ([gid], full[:40] + [gid], full[:70] + [gid],
                full + [gid], full[:100] + [gid, gid]):
            with acting(uid, groups):
                c = suite.control('gatewayd.1')
                a = suite.http('POST', '/api/v1/inspect/tool', None,
                    {'tool': 'x'}, False, unix=True)
            eq(a.status, 403 if who == AUDITOR else 200, who)
            expected['uid:%d' % uid, 'principal'] += who == AUDITOR
            eq(c.request('MSG_CTL_STATUS')[0], CTL_PERMISSION if who ==
                CLIENT else CTL_OK, who)
            expected['uid:%d' % uid, 'control'] += who == CLIENT
            c.close()
    uid = UIDS[NOBODY] + 20
    for groups in (full + [199999], full[:100], [0, 1, 2]):
        for instance in INSTANCES:
            turned_away(suite, instance, uid, groups=groups)
            expected['uid:%d' % uid, 'control'] += 1
        with acting(uid, groups):
            eq(suite.http('GET', '/status', None, None, False,
                unix=True).status, 401)
        expected['uid:%d' % uid, 'unauthorized'] += 1


def nobody_asks_nss():
    """Groups and accounts of the suite are read from files."""
    for name in sorted(os.listdir(suite.bin)):
        path = os.path.join(suite.bin, name)
        if os.path.islink(path) or not os.path.isfile(path):
            continue
        r = subprocess.run(['nm', '-D', '--undefined-only', path],
            text=True, capture_output=True)
        names = {line.split()[-1].split('@')[0] for line in
            r.stdout.splitlines()}
        assert r.returncode == 0 and len(names) > 20, (path, r.stderr)
        eq([n for n in names if NSS.match(n)], [], name)


def refusals_are_recorded():
    """Each one of all this, with the kernel's uid; also those that were
    only counted when a process ended."""
    for (actor, target), n in sorted(expected.items()):
        got = refusals(suite, actor, target)
        # with the token it was tried until the new setting was in force
        if actor.startswith('token:') and got > n:
            continue
        eq(got, n, '%s of %s' % (target, actor))
    eq(suite.rows("action = 'request-refused' AND actor IN ('uid:0', "
        "'token:gateway-token') AND target != 'list-change'"), [])


def nothing_was_done():
    """What was refused has left no trace but that."""
    said = {CLIENT: {'request-refused', 'inspect-tool-allow', 'x-said',
        'inspect-request-allow', 'inspect-response-allow',
        'inspect-tool-response-allow', 'guardrail-verdict',
        'mcp-pin-allow'},
        AUDITOR: {'request-refused'}, NOBODY: {'request-refused'}}
    for who, want in said.items():
        eq({r['action'] for r in suite.rows('actor = ?', ('uid:%d' %
            UIDS[who],))}, want, who)
    actions = {r['action'] for r in suite.rows('actor = ?', ('uid:%d' %
        UIDS[OPERATOR],))}
    assert {'tool-block', 'acknowledge-alerts', 'config-update',
        'policy-reload', 'inspect-batch'} <= actions, actions
    listed = json.loads(suite.control().request('MSG_CTL_LIST')[1])
    # a client's pins are its own
    eq([e['target_name'] for e in listed['entries'] if e['target_type'] !=
        'mcp-pin'], ['t'])
    for e in listed['entries']:
        eq(e['target_type'] != 'mcp-pin' or e['target_name'] == e['actor'] +
            '/x', True, e)


def with_allow_enforce():
    """Then clients may change the lists, and nobody else more than before."""
    suite.set_config('gateway.allow_enforce', 'true')
    eq(suite.reload()[0], CTL_OK)
    wait_for(lambda: suite.http('POST', '/enforce/block', None,
        BLOCK).status == 200, 'the setting is in force')
    for who in (NOBODY, AUDITOR, CLIENT, OPERATOR):
        if who in CLIENTS:
            # so that the DELETE finds what the POST before it made
            assert ('DELETE', '/enforce/block') in [r[:2] for r in
                ROUTES[ROUTES.index(next(r for r in ROUTES if r[:2] ==
                ('POST', '/enforce/block'))):]]
        http_as(suite, who, over_unix(suite, UIDS[who], groups_of(who)),
            'uid:%d' % UIDS[who], reopened=True)
    for who in (CLIENT, OPERATOR):
        eq({r['action'] for r in suite.rows("actor = ? AND action LIKE "
            "'api-enforce-%'", ('uid:%d' % UIDS[who],))}, {
            'api-enforce-block', 'api-enforce-allow',
            'api-enforce-unblock'}, who)


def stop():
    """The last of the table: an operator's stop is recorded and done."""
    with act_as(OPERATOR):
        c = suite.control()
    eq(c.request('MSG_CTL_STOP')[0], CTL_OK)
    eq(suite.proc.wait(CEILING), 0)
    suite.proc = None
    eq([r['actor'] for r in suite.rows("action = 'stop'") if
        r['actor'].startswith('uid:')], ['uid:%d' % UIDS[OPERATOR]])


def user_mode():
    """A suite of one user's: another is nobody, root is root."""
    global alert
    with Suite(uid=UID) as s:
        s.start()
        with acting(FOREIGN):
            for path in [s.gateway_sock] + [s.control_path(i) for i in
                    INSTANCES]:
                try:
                    socket.socket(socket.AF_UNIX).connect(path)
                    raise AssertionError('%s is open to others' % path)
                except PermissionError:
                    pass
        # and were the directories open, it would be nobody still
        for d in (s.dir, s.home, s.run, os.path.join(s.run, 'control')):
            os.chmod(d, 0o755)
        expected.clear()
        # the groups of system mode, where there are any, mean nothing here
        in_all = [g.gr_gid for g in grp.getgrall() if g.gr_name in
            GROUPS.values()]
        for who, uid, groups in ((NOBODY, FOREIGN, []), (NOBODY, FOREIGN,
                in_all),
                (OWNER, UID, []), (ROOT, 0, [])):
            a = s.post('/api/v1/inspect/tool', {'tool': 'shell', 'args':
                ATTACK})
            alert = int(a.headers['x-defenseclaw-audit-seq'])
            control_as(s, who, uid, groups, may_all=who != NOBODY)
            http_as(s, who, over_unix(s, uid, groups), 'uid:%d' % uid)
        http_as(s, NOBODY, lambda m, p, b: s.http(m, p, None, b, False),
            '127.0.0.1')
        http_as(s, CLIENT, lambda m, p, b: s.http(m, p, None, b),
            'token:gateway-token')
        eq({r['action'] for r in s.rows('actor = ?', ('uid:%d' %
            FOREIGN,))}, {'request-refused'})
        for target in ('control', 'unauthorized'):
            assert refusals(s, 'uid:%d' % FOREIGN, target) > 0
        for uid in (UID, 0):
            with acting(uid):
                c = s.control()
            eq(c.request('MSG_CTL_STOP')[0], CTL_OK)
            eq(s.proc.wait(CEILING), 0)
            s.proc = None
            assert s.rows("action = 'stop' AND actor = 'uid:%d'" % uid)
            s.start()


def main():
    global suite
    run([table_is_whole])
    need_root()
    run([user_mode])
    expected.clear()
    with Suite('system') as suite:
        suite.start()
        run([nobody_asks_nss, control_messages, not_for_clients,
            http_routes, nothing_was_done, many_groups, with_allow_enforce,
            stop, refusals_are_recorded])


if __name__ == '__main__':
    program(main)
