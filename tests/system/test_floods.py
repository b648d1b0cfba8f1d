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
# OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.

"""Floods: what is refused is counted, nobody takes what is another's, and
the audit log refuses before its disk is full.

The short form asserts who is served and what is recorded, never how fast.
Needs root, for other accounts and for the small disks, which live in a mount
namespace of its own.
"""

import grp
import json
import os
import re
import resource
import socket
import subprocess
import sys
import threading
import time

import lib
import test_storefail
from lib import Suite, acting, eq, wait_for
from test_storefail import ask, verify

SOAK = os.environ.get('DC_SOAK') == '1'
OTHER = lib.UID + 1
MB = 1024 * 1024
REFUSED = 300           # of one kind
IDLE = 10000 if SOAK else 1000
SHORT = 100000 if SOAK else 2000
SLOW = 200 if SOAK else 40
MINUTES = float(os.environ.get('DC_SOAK_MINUTES', '10')) if SOAK else 0
ROW_MAX = 3 * 1024      # bytes of the database that one row can take
PAUSE = 0.5 if SOAK else 0.05   # of one that asks beside a flood


def request(suite, *lines, host='127.0.0.1', token=None, body=b'{}'):
    head = ['POST /api/v1/inspect/tool HTTP/1.1', 'Host: ' + host,
        'Content-Length: %d' % len(body)]
    if token:
        head.append('Authorization: Bearer ' + token)
    return '\r\n'.join([*head, *lines, '', '']).encode() + body


def refusals(suite):
    """{(kind, origin): [counts of its rows]}"""
    out = {}
    for r in suite.rows("action = 'request-refused'"):
        out.setdefault((r['target'], r['actor']), []).append(
            r['details']['count'])
    return out


def is_block(answer):
    """Refused for a limit, in words that nobody takes for leave."""
    eq(answer.status, 429, answer)
    if int(answer.headers['retry-after']) < 1:
        raise AssertionError('Retry-After: %r' % answer.headers)
    got = answer.json
    eq((got['action'], got['raw_action'], got['would_block']),
        ('block', 'block', True), answer)
    return got


# --- refusals before authentication ------------------------------------------

def refusals_are_counted():
    with Suite() as suite:
        suite.set_config('gateway.workers', 2)
        suite.start()
        token = suite.token()
        sent = {
            'unauthorized': (401, request(suite, token='wrong-' + token)),
            'foreign-host': (403, request(suite, token=token,
                host='evil.example')),
            'foreign-origin': (403, request(suite,
                'X-DefenseClaw-Client: x', 'Content-Type: application/json',
                'Origin: http://evil.example', token=token)),
            'no-client-header': (403, request(suite, token=token)),
            'bare-lf': (400, b'GET /health HTTP/1.1\nHost: x\n\n'),
        }
        for kind, (status, data) in sent.items():
            for _ in range(REFUSED):
                eq(suite.raw_status(data), status, kind)
        # the first of each stands there at once, the others are counted
        for kind in sent:
            suite.wait_row("action = 'request-refused' AND target = ?",
                (kind,))
        eq(suite.stop(), 0)
        got = refusals(suite)
        for kind in sent:
            counts = got[kind, '127.0.0.1']
            eq(sum(counts), REFUSED, kind)
            # at once, and at the end, by each worker
            eq(len(counts) <= 4, True, '%s: %r rows' % (kind, counts))
        eq(verify(suite)[0], 0)


def origins_are_bounded():
    """More origins than find a place are counted together."""
    with Suite() as suite:
        suite.set_config('gateway.workers', 1)
        suite.start()
        data = request(suite, token='wrong')
        origins = 300           # MAX_TALLY and some
        for n in range(origins):
            with socket.socket() as s:
                s.settimeout(lib.CEILING)
                s.bind(('127.1.%d.%d' % (n // 250, n % 250 + 1), 0))
                s.connect(('127.0.0.1', suite.port))
                s.sendall(data)
                eq(s.recv(12), b'HTTP/1.1 401')
        eq(suite.stop(), 0)
        got = refusals(suite)
        eq(sum(map(sum, got.values())), origins)
        eq(sum(got['other', '*']), origins - 256)
        eq(len(got), 257)


# --- rates -------------------------------------------------------------------

def one_rate_for_each():
    with Suite() as suite:
        suite.set_config('gateway.workers', 2)
        suite.set_config('gateway.requests_per_second', 4)
        suite.set_config('gateway.requests_burst', 20)
        suite.start()
        start = time.monotonic()
        # a connection each, so that both workers are met
        answers = [ask(suite) for _ in range(200)]
        took = time.monotonic() - start
        good = [a for a in answers if a.status == 200]
        limited = [a for a in answers if a.status != 200]
        if not good or not limited:
            raise AssertionError('%d served, %d limited' % (len(good),
                len(limited)))
        # the shares of the workers add up to the limit
        eq(len(good) <= 20 + 4 * took + 2, True, '%d in %.1f s' %
            (len(good), took))
        for a in limited:
            is_block(a)
        # who merges verdicts reads the body, too
        is_block(suite.post('/v1/guardrail/evaluate', {'mode': 'action',
            'direction': 'prompt', 'local_result': {}}))
        # another principal is another bucket; health asks for none
        eq(ask(suite, suite.client(unix=True, token=None)).status, 200)
        eq(suite.get('/health', token=None).status, 200)
        # a route without a verdict has an error only
        a = suite.get('/alerts')
        eq((a.status, list(a.json)), (429, ['error']), a)
        # the control connection of the same uid counts, too
        c = suite.control('gatewayd.1')
        call = lib.wstr('GET') + lib.wstr('/enforce/blocked')
        for _ in range(100):
            code, text = c.request('MSG_CTL_CALL', call)
            if code != lib.CTL_OK:
                break
        c.close()
        eq((code, 'too many requests' in text), (lib.CTL_FAILURE, True), text)
        # after a while it is served again
        wait_for(lambda: ask(suite).status == 200 or None, 'service')
        eq(suite.stop(), 0)
        got = refusals(suite)
        counts = got['rate-limit', 'token:gateway-token']
        eq(sum(counts) >= len(limited) + 1, True, counts)
        eq(len(counts) <= 4, True, counts)
        eq(('rate-limit', 'uid:%d' % os.getuid()) in got, True, got)
        verdicts = suite.rows("action = 'inspect-tool-allow' AND "
            "actor = 'token:gateway-token'")
        eq(len(verdicts) >= len(good), True)


def large_bodies_cost_more():
    with Suite() as suite:
        suite.set_config('gateway.workers', 1)
        suite.set_config('gateway.requests_per_second', 1)
        suite.set_config('gateway.requests_burst', 40)
        suite.start()
        c = suite.client()
        big = {'tool': 'shell', 'args': {'text': 'ordinary words ' * 70000}}
        eq(c.post('/api/v1/inspect/tool', big).status, 200)
        is_block(ask(suite))
        eq(ask(suite, suite.client(unix=True, token=None)).status, 200)


def one_budget_of_rows_for_each():
    with Suite() as suite:
        suite.set_config('gateway.workers', 2)
        suite.set_config('audit.principal_mb_per_hour', 1)
        suite.set_config('gateway.allow_enforce', 'true')
        suite.start()
        before = os.path.getsize(suite.audit_db)
        clients = [suite.client() for _ in range(4)]
        good, n = 0, 0
        while True:
            a = ask(suite, clients[n % 4])
            n += 1
            if a.status != 200:
                break
            good += 1
            if good > 5000:
                raise AssertionError('no budget')
        if 'audit log' not in is_block(a)['error']:
            raise AssertionError(a)
        # every worker refuses it, and serves another
        for c in clients:
            c.close()
        limited = [ask(suite) for _ in range(20)]
        eq(429 in [a.status for a in limited], True)
        for _ in range(8):
            eq(ask(suite, suite.client(unix=True, token=None)).status, 200)
        # a change of a list is a row like others
        limited = [suite.post('/enforce/block', {'target_type': 'tool',
            'target_name': 'x'}) for _ in range(8)]
        eq({a.status for a in limited} - {200, 429}, set(), limited)
        eq(429 in [a.status for a in limited], True)
        wait_for(lambda: ask(suite).status == 200 or None, 'service')
        suite.wait_row("action = 'request-refused' AND "
            "target = 'event-budget' AND actor = 'token:gateway-token'")
        eq(suite.stop(), 0)
        rows = len(suite.rows())
        grown = os.path.getsize(suite.audit_db) - before
        print('    %d rows, %d bytes each' % (rows, grown // rows))
        # the budget is near to what the disk sees
        eq(MB // 2 < grown < 2 * MB, True, 'bytes for 1 MiB: %d' % grown)
        eq(verify(suite)[0], 0)


# --- room --------------------------------------------------------------------

def reserve_of_the_disk():
    with Suite() as suite, test_storefail.Disk(suite) as disk:
        test_storefail.run('mount', '-o', 'remount,size=64m', disk.dir)
        suite.set_config('audit.disk_reserve_mb', 8)
        suite.start()
        eq(ask(suite).status, 200)
        room = status(suite)
        eq((room['level'], room['reserve_bytes']), ('ok', 8 * MB), room)
        # little is left: a warning, and service
        fill(disk, 12)
        row = suite.wait_row("action = 'audit-space' AND target = 'low'")
        eq(row['severity'], 'HIGH')
        eq(ask(suite).status, 200)
        # nothing but the reserve: no service
        fill(disk, 7)
        row = suite.wait_row("action = 'audit-space' AND target = 'out'")
        eq(row['severity'], 'CRITICAL')
        test_storefail.refused(ask(suite), 'audit.disk_reserve_mb')
        test_storefail.refused(suite.post('/audit/event', {'action': 'x'}),
            'audit.disk_reserve_mb')
        eq(status(suite)['level'], 'out')
        r = suite.ctl('status')
        eq((r.returncode, 'audit.disk_reserve_mb' in r.stdout), (1, True), r)
        # refusals are counted meanwhile, and operators go on
        for _ in range(50):
            eq(suite.raw_status(request(suite, token='wrong')), 401)
        code, text = suite.control('auditd').list_change('forbidden',
            lib.OP_BLOCK)
        eq(code, lib.CTL_OK, text)
        suite.wait_row("action = 'tool-block'")
        suite.ctl('reload')
        suite.wait_row("action = 'policy-reload'")
        eq(suite.ctl('audit', 'head').returncode, 0)
        # so does a stop, with its last rows; and it starts like this
        eq(suite.ctl('stop').returncode, 0)
        suite.proc.wait(lib.CEILING)
        suite.proc = None
        for action in ('stop', 'auditd-stop'):
            eq(len(suite.rows('action = ?', (action,))), 1, action)
        eq(suite.rows()[-1]['action'], 'checkpoint')
        eq(verify(suite)[0], 0)
        suite.start()
        test_storefail.refused(ask(suite), 'audit.disk_reserve_mb')
        for _ in range(50):
            eq(suite.raw_status(request(suite, token='wrong')), 401)
        disk.free()
        wait_for(lambda: ask(suite).status == 200 or None, 'service')
        # what was counted while nothing could be recorded
        eq(suite.stop(), 0)
        counts = refusals(suite)['unauthorized', '127.0.0.1']
        eq(sum(counts) >= 50, True, counts)
        eq(verify(suite)[0], 0)


def one_at_full_speed():
    """On a small disk one principal asks as fast as it can; another is
    served all the time, and the reserve is not touched."""
    with Suite() as suite, test_storefail.Disk(suite) as disk:
        suite.set_config('gateway.workers', 2)
        suite.set_config('audit.disk_reserve_mb', 18)
        # the other one, too, has its part of what is there
        size = 40 + int(MINUTES * 60 / PAUSE * ROW_MAX * 2) // MB
        test_storefail.run('mount', '-o', 'remount,size=%dm' % size, disk.dir)
        suite.start()
        first = status(suite)
        end, answers, failed = [False], [], []

        def flood():
            try:
                c = suite.client()
                while not end[0]:
                    a = ask(suite, c)
                    answers.append(a.status)
                    if a.status not in (200, 429):
                        raise AssertionError(a)
                c.close()
            except BaseException as e:
                failed.append(e)
        threads = [threading.Thread(target=flood) for _ in range(4)]
        for t in threads:
            t.start()
        other = suite.client(unix=True, token=None)
        stop = time.monotonic() + MINUTES * 60
        asked = 0
        try:
            while not failed and (429 not in answers or
                    time.monotonic() < stop):
                eq(ask(suite, other).status, 200)
                asked += 1
                time.sleep(PAUSE)
        finally:
            end[0] = True
            for t in threads:
                t.join()
        if failed:
            raise failed[0]
        room = status(suite)
        print('    %d served, %d limited, room left: %d of %d bytes; '
            'another: %d served' % (answers.count(200), answers.count(429),
            room['room_bytes'], first['room_bytes'], asked))
        eq(room['free_bytes'] > room['reserve_bytes'], True, room)
        eq(suite.rows("action = 'audit-space' AND target = 'out'"), [])
        eq(suite.stop(), 0)
        eq(verify(suite)[0], 0)


def fill(disk, left):
    """All but so many MiB."""
    disk.filler = os.path.join(disk.dir, 'filler')
    st = os.statvfs(disk.dir)
    n = st.f_bavail * st.f_frsize - left * MB
    with open(disk.filler, 'ab') as f:
        f.write(b'x' * n)


def status(suite):
    code, text = suite.control('auditd').request('MSG_CTL_STATUS')
    eq(code, lib.CTL_OK, text)
    return json.loads(text)['store']['space']


def size_of_the_database():
    with Suite() as suite:
        suite.start()
        eq(ask(suite).status, 200)
        used = status(suite)['used_bytes'] // MB
        # full already, and it says so from the start on
        suite.stop()
        suite.set_config('audit.max_size_mb', used)
        suite.start()
        test_storefail.refused(ask(suite), 'audit.max_size_mb')
        # a reload is an operator's, and what helps
        suite.set_config('audit.max_size_mb', used + 2)
        eq(suite.ctl('reload').returncode, 0)
        wait_for(lambda: ask(suite).status == 200 or None, 'service')
        row = suite.wait_row("action = 'audit-space' AND target = 'low'")
        eq(row['details']['max_bytes'], (used + 2) * MB)
        # one principal alone does not use up what is left
        c = suite.client()
        for _ in range(5000):
            a = ask(suite, c)
            if a.status != 200:
                break
        is_block(a)
        c = suite.client(unix=True, token=None)
        for _ in range(20):
            eq(ask(suite, c).status, 200)


# --- the log file ------------------------------------------------------------

def log_and_reserve():
    """What is kept for the audit log is not eaten by the log file."""
    rules = ['version: 1', 'category: many', 'rules:']
    for i in range(200):
        rules += ['  - id: TEST-%s-%d' % ('LONG-' * 20, i),
            "    pattern: 'word%d'" % i, '    title: a word',
            '    severity: LOW', '    expression: "true"']
    with Suite() as suite:
        def pack(n):
            suite.write_pack(suite.pack, {'command.yaml': lib.RULES,
                'many.yaml': '\n'.join(rules + ['  - id: TEST-KEPT',
                "    pattern: 'kept%d'" % n, '    title: kept',
                '    severity: LOW']) + '\n'})
        pack(0)
        suite.set_config('audit.disk_reserve_mb', 1)
        test_storefail.run('mount', '-t', 'tmpfs', '-o', 'mode=700,size=8m',
            'tmpfs', suite.logdir)
        try:
            suite.start()
            path = os.path.join(suite.logdir, 'defenseclaw.log')
            filler = os.path.join(suite.logdir, 'filler')
            with open(filler, 'wb') as f:
                free = os.statvfs(suite.logdir)
                f.truncate(0)
                f.write(bytes(free.f_bavail * free.f_frsize - MB + 65536))
            before = os.path.getsize(path)
            for i in range(6):
                pack(i + 1)
                eq(suite.reload()[0], 0)
            grown = os.path.getsize(path) - before
            print('    %d bytes more' % grown)
            # an eighth, and what was written before the disk was looked at
            eq(0 < grown <= MB // 8 + 2 * 65536, True, grown)
            eq('full up to audit.disk_reserve_mb' in suite.log(), True)
            os.unlink(filler)

            def told():
                suite.reload()
                return re.search(r'room again: (\d+) lines were not logged',
                    suite.log())
            eq(int(wait_for(told, 'room')[1]) > 0, True)
            suite.stop()
        finally:
            subprocess.run(['umount', '-l', suite.logdir])


def a_role_that_floods_the_log():
    """A rule compiler with a thousand things to say."""
    rules = ['version: 1', 'category: many', 'rules:']
    n = 1000
    for i in range(n):
        rules += ['  - id: TEST-%d' % i, "    pattern: 'word%d'" % i,
            '    title: a word', '    severity: LOW',
            '    expression: "true"']
    with Suite() as suite:
        suite.write_pack(suite.pack, {'command.yaml': lib.RULES,
            'many.yaml': '\n'.join(rules) + '\n'})
        suite.start()
        eq(ask(suite).status, 200)
        path = os.path.join(suite.logdir, 'defenseclaw.log')
        with open(path) as f:
            log = f.read()
        said = log.count('expressions are not evaluated')
        dropped = sum(map(int, re.findall(r': (\d+) lines dropped: this '
            r'role wrote more than \d+ a second', log)))
        print('    %d lines kept, %d dropped, %d bytes' % (said, dropped,
            len(log)))
        eq(dropped > 0, True, 'nothing is said to be dropped')
        # LOG_BURST and some; what is not there is said to be missing
        eq(said <= 600, True, 'lines of a role that floods')
        eq(said + dropped >= n, True, 'lines kept and counted')


# --- connections -------------------------------------------------------------

def places_for_others():
    """One uid has a quarter of the places, and is told so beyond it."""
    with Suite(mode='system') as suite:
        suite.set_config('gateway.workers', 2)
        suite.set_config('gateway.max_connections', 16)
        suite.start()
        held, told = [], 0
        with acting(OTHER, [client_gid()]):
            for _ in range(40):
                s = suite.connect(unix=True)
                s.settimeout(0.2)
                try:
                    got = s.recv(12)
                except TimeoutError:
                    held.append(s)
                    continue
                eq(got, b'HTTP/1.1 503')
                told += 1
                s.close()
        # a quarter of each worker's
        eq(len(held) <= 8, True, '%d places' % len(held))
        eq(told >= 32, True)
        c = suite.client(unix=True, token=None)
        eq(ask(suite, c).status, 200)
        eq(ask(suite).status, 200)
        for s in held:
            s.close()
        eq(suite.stop(), 0)
        counts = refusals(suite)['too-many-connections', 'uid:%d' % OTHER]
        eq(sum(counts), told)


def client_gid():
    return grp.getgrnam('defenseclaw').gr_gid


def served(suite, clients, n=20):
    for _ in range(n):
        for c in clients:
            eq(ask(suite, c).status, 200)


def connection_floods():
    """Others are served while many connections idle, come and go, and do
    not read their answers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with Suite() as suite:
        suite.set_config('gateway.workers', 2)
        suite.set_config('gateway.requests_per_second', 0)
        suite.start()
        others = [suite.client(), suite.client(unix=True, token=None)]
        served(suite, others)
        idle = []
        for n in range(IDLE):
            s = socket.create_connection(('127.0.0.1', suite.port), 10)
            if n % 2:
                s.sendall(b'POST /api/v1')      # half a head
            idle.append(s)
            if n % 500 == 0:
                served(suite, others, 1)
        served(suite, others)
        for s in idle:
            s.close()
        bad = request(suite, token='wrong')
        for n in range(SHORT):
            s = suite.connect(unix=n % 3 == 0)
            if n % 2:
                s.sendall(bad)
            s.close()
            if n % (SHORT // 20) == 0:
                served(suite, others, 1)
        served(suite, others)
        # an answer of many kilobytes that nobody reads
        listed = suite.control('auditd')
        for n in range(200):
            eq(listed.list_change('tool-%d' % n, lib.OP_BLOCK,
                reason='r' * 1000)[0], lib.CTL_OK)
        listed.close()
        want = ('GET /enforce/blocked HTTP/1.1\r\nHost: 127.0.0.1\r\n'
            'Authorization: Bearer %s\r\n\r\n' % suite.token()).encode()
        slow = []
        for _ in range(SLOW):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            s.settimeout(10)
            s.connect(('127.0.0.1', suite.port))
            s.sendall(want * 20)
            slow.append(s)
        served(suite, others)
        for s in slow:
            s.recv(16)
        served(suite, others)
        for s in slow:
            s.close()
        served(suite, others)
        eq(suite.stop(), 0)
        eq(verify(suite)[0], 0)


if __name__ == '__main__':
    if os.geteuid() != 0:
        print('needs root')
        sys.exit(77)
    if os.environ.get('DC_UNSHARED') != '1':
        os.environ['DC_UNSHARED'] = '1'
        os.execvp('unshare', ['unshare', '-m', '--propagation', 'private',
            sys.executable, os.path.abspath(__file__)])
    lib.program(lambda: lib.run([refusals_are_counted, origins_are_bounded, one_rate_for_each,
        large_bodies_cost_more, one_budget_of_rows_for_each,
        reserve_of_the_disk, one_at_full_speed, size_of_the_database,
        log_and_reserve, a_role_that_floods_the_log, places_for_others,
        connection_floods]))
