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


"""Webhooks: what people's tools are told, by each kind's own rules."""

import hashlib
import hmac
import json
import os
import sys
import time

from lib import *
from receivers import *

HOOK = ('setup', 'webhook')
SECRET = 'S3cretOfTheHook-0123456789'
TOOL = '/api/v1/inspect/tool'


class Hook(Receiver):
    """What is taken is no row of the log."""

    def take(self, request):
        with self.lock:
            self.requests.append(request)
            return self.answer(request)


def attack(s, tool='shell'):
    """One event that is worth telling of."""
    eq(s.post(TOOL, {'tool': tool, 'args': {'command': ATTACK}})
        .json['action'], 'block')


def add(s, h, kind, *args, url='', name='hook', token=SECRET):
    return ok(s.ctl(*HOOK, 'add', kind, '--url', 'http://127.0.0.1:%d%s' %
        (h.port, url), '--name', name, '--non-interactive', '--no-test',
        *(('--token', '-') if token else ()), *args,
        input=(token or '') + '\n'))


def taken(h, n, what='notifications'):
    wait_for(lambda: len(h.requests) >= n, what)
    return h.requests


# --- tests -------------------------------------------------------------------

def each_kind_has_its_shape():
    with Suite() as s:
        s.start()
        hooks = {k: Hook(answer=lambda r: (200, {})) for k in ('slack',
            'pagerduty', 'webex', 'generic')}
        add(s, hooks['slack'], 'slack', name='sl', token='hooks/' + SECRET)
        add(s, hooks['pagerduty'], 'pagerduty', url='/v2/enqueue',
            name='pd')
        add(s, hooks['webex'], 'webex', '--room-id', 'R1',
            url='/v1/messages', name='wx')
        add(s, hooks['generic'], 'generic', url='/in?x=1', name='ge')
        attack(s)
        row = s.wait_row("action LIKE '%block%'")
        got = {k: taken(h, 1)[0] for k, h in hooks.items()}
        doc = {k: json.loads(r.body) for k, r in got.items()}
        for k, r in got.items():
            eq(r.headers['content-type'], 'application/json', k)

        eq(got['slack'].path, '/hooks/' + SECRET)
        a = doc['slack']['attachments'][0]
        eq(a['color'], {'CRITICAL': '#FF0000', 'HIGH': '#FF6600'}[
            row['severity']])
        eq(a['blocks'][0], {'type': 'header', 'text': {'type': 'plain_text',
            'text': 'DefenseClaw: ' + row['action']}})
        eq([f['text'].split('*')[1] for f in a['blocks'][1]['fields']],
            ['Severity:', 'Target:', 'Details:'])
        eq(row['id'] in a['blocks'][2]['elements'][0]['text'], True)

        d = doc['pagerduty']
        eq((got['pagerduty'].path, d['routing_key'], d['event_action'],
            d['dedup_key']), ('/v2/enqueue', SECRET, 'trigger',
            'defenseclaw-%s-%s' % (row['target'], row['action'])))
        eq((d['payload']['source'], d['payload']['severity'],
            d['payload']['custom_details']['event_id']), ('defenseclaw',
            {'CRITICAL': 'critical', 'HIGH': 'error'}[row['severity']],
            row['id']))
        eq('authorization' in got['pagerduty'].headers, False)

        eq((got['webex'].headers['authorization'], doc['webex']['roomId']),
            ('Bearer ' + SECRET, 'R1'))
        eq(row['action'] in doc['webex']['markdown'], True)

        d = doc['generic']
        eq((got['generic'].path, d['webhook_type'],
            d['defenseclaw_version']), ('/in?x=1', 'defenseclaw_enforcement',
            '1.0'))
        eq([d['event'][k] for k in ('id', 'action', 'target', 'actor',
            'severity', 'seq')], [row[k] for k in ('id', 'action', 'target',
            'actor', 'severity', 'seq')])
        wait_for(lambda: all_caught_up(s), 'the end of the log')
        eq({k: len(h.requests) for k, h in hooks.items()}, dict.fromkeys(
            hooks, 1))
        # nothing of a secret is anywhere but in its file
        said = ''.join(s.ctl(*HOOK, c, *a).stdout for c, a in (('list', ()),
            ('show', ('sl',)), ('show', ('pd', '--json'))))
        said += s.ctl('config', 'show').stdout + s.ctl('status').stdout
        eq(SECRET in said, False, said)
        nowhere(s, SECRET, *(os.path.join(s.secrets, 'sink-' + n) for n in
            ('sl', 'pd', 'wx', 'ge')))
        for h in hooks.values():
            h.close()


def a_signature_is_of_the_body():
    """Computed here, by another implementation."""
    h = Hook(answer=lambda r: (204, b''))
    with Suite() as s:
        s.start()
        before = int(time.time())
        add(s, h, 'generic', '--cooldown-seconds', '0')
        add(s, h, 'generic', '--cooldown-seconds', '0', url='/plain',
            name='plain', token=None)
        attack(s)
        both = {r.path: r for r in taken(h, 2)}
        r = both['/']

        def mac(data):
            return 'sha256=' + hmac.new(SECRET.encode(), data,
                hashlib.sha256).hexdigest()
        eq(r.headers['x-hub-signature-256'], mac(r.body))
        when = r.headers['x-defenseclaw-timestamp']
        eq(before <= int(when) <= time.time(), True, when)
        eq(r.headers['x-defenseclaw-signature'], mac(when.encode() + b'.' +
            r.body))
        eq([k for k in both['/plain'].headers if 'signature' in k], [])
    h.close()


def only_what_matters_and_not_again_and_again():
    h, all = (Hook(answer=lambda r: (200, {})) for _ in range(2))
    with Suite() as s:
        s.start()
        add(s, h, 'generic', token=None)
        add(s, all, 'generic', '--cooldown-seconds', '0', name='all',
            token=None)
        eq(json.loads(ok(s.ctl(*HOOK, 'show', 'hook', '--json')).stdout)[
            'min_severity'], 'HIGH')
        for _ in range(3):
            attack(s)
            eq(s.post(TOOL, {'tool': 'shell', 'args': {'command': 'ls'}})
                .json['action'], 'allow')
        attack(s, 'other')
        taken(all, 4)
        taken(h, 2)
        wait_for(lambda: all_caught_up(s), 'the end of the log')
        events = [json.loads(r.body)['event'] for r in h.requests]
        eq([e['target'] for e in events], ['shell', 'other'])
        eq(len(all.requests), 4)
        # also after a start the log goes on where it was
        s.restart()
        attack(s, 'third')
        taken(h, 3)
        eq(json.loads(h.requests[-1].body)['event']['target'], 'third')
    h.close()
    all.close()


def all_caught_up(s):
    got = json.loads(s.ctl(*HOOK, 'list', '--json').stdout)['sinks']
    return all(x['state']['lag_events'] == 0 for x in got)


def what_is_not_taken_is_not_lost():
    answers = []
    h = Hook(answer=lambda r: answers.pop(0) if answers else (200, {}))
    with Suite() as s:
        s.start()
        add(s, h, 'generic', '--cooldown-seconds', '0')
        # busy, gone, broken: the same again, in its turn
        answers[:] = [(503, {}), None, (429, {}, {'Retry-After': '1'})]
        attack(s, 'one')
        attack(s, 'two')
        wait_for(lambda: len(h.requests) >= 5, 'all attempts')
        eq([json.loads(r.body)['event']['target'] for r in h.requests],
            ['one'] * 4 + ['two'])
        # what nobody can take is set aside, and the next one is told
        answers[:] = [(400, {})]
        attack(s, 'bad')
        attack(s, 'good')
        wait_for(lambda: len(h.requests) >= 7, 'the next one')
        eq(json.loads(h.requests[-1].body)['event']['target'], 'good')
        s.wait_row("action = 'sink.rejected'")
        # a wrong token is held for an operator, and said so
        answers[:] = [(401, {})] * 3
        attack(s, 'held')
        wait_for(lambda: json.loads(s.ctl(*HOOK, 'show', 'hook', '--json')
            .stdout)['state']['circuit'] == 'held', 'the hold')
        fails(s.ctl(*HOOK, 'test', 'hook'), 9, 'HTTP 401')
        answers.clear()
        ok(s.ctl(*HOOK, 'test', 'hook'))
        wait_for(lambda: json.loads(h.requests[-1].body)['event']['target']
            == 'held', 'what was held')
    h.close()


def commands():
    with Suite() as s:
        before = s.ctl('config', 'get', 'guardrail.mode').stdout
        fails(s.ctl(*HOOK, 'add', 'teams', '--url', 'http://h'), 2,
            'pagerduty')
        fails(s.ctl(*HOOK, 'add', 'slack', '--non-interactive'), 2, '--url')
        fails(s.ctl(*HOOK, 'add', 'pagerduty', '--url', 'http://10.1.2.3/x',
            '--non-interactive'), 2, 'routing key')
        fails(s.ctl(*HOOK, 'add', 'webex', '--url', 'http://10.1.2.3/x',
            '--token', '-', '--non-interactive', input='t\n'), 3, 'room')
        # a private address is a normal address; the path is the secret
        r = ok(s.ctl(*HOOK, 'add', 'slack', '--url',
            'https://10.1.2.3/hooks/' + SECRET, '--non-interactive'))
        eq('for all users' in r.stderr, True, r.stderr)
        path = os.path.join(s.secrets, 'sink-slack-10-1-2-3')
        with open(path) as f:
            eq(f.read(), 'hooks/' + SECRET + '\n')
        nowhere(s, SECRET, path)
        eq(SECRET in r.stdout + r.stderr, False)
        r = ok(s.ctl(*HOOK, 'add', 'generic', '--url', 'http://h/x',
            '--min-severity', 'MEDIUM', '--action', 'sink.failed',
            '--dry-run', '--non-interactive'))
        for word in ('type: generic', 'min_severity: MEDIUM', 'sink.failed'):
            eq(word in r.stdout, True, r.stdout)
        ok(s.ctl('setup', 'observability', 'add', 'file', '--name', 'f'))
        eq([x['name'] for x in json.loads(s.ctl(*HOOK, 'list', '--json')
            .stdout)['sinks']], ['slack-10-1-2-3'])
        fails(s.ctl(*HOOK, 'show', 'f'), 7)
        fails(s.ctl(*HOOK, 'remove', 'f', '--yes'), 7)
        ok(s.ctl(*HOOK, 'disable', 'slack-10-1-2-3'))
        ok(s.ctl(*HOOK, 'remove', 'slack-10-1-2-3', '--yes'))
        eq(os.path.exists(path), False)
        ok(s.ctl('config', 'validate'))


TESTS = [each_kind_has_its_shape, a_signature_is_of_the_body,
    only_what_matters_and_not_again_and_again,
    what_is_not_taken_is_not_lost, commands]

if __name__ == '__main__':
    names = sys.argv[1:]
    program(lambda: run([t for t in TESTS
        if not names or t.__name__ in names]))
