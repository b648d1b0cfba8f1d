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


"""Named tokens of clients: made, shown once, replaced and revoked."""

import json
import os
import random
import stat
import sys
import threading
import time

from lib import *

TOKEN = ('setup', 'token')
TOOL = '/api/v1/inspect/tool'
CALL = {'tool': 'shell', 'args': {'command': ATTACK}}


def make(s, verb, name, *args):
    """The new token, as it was written for whoever is to have it."""
    out = os.path.join(s.dir, 'out-' + name)
    r = ok(s.ctl(*TOKEN, verb, name, '--out', out, *args))
    eq(stat.S_IMODE(os.stat(out).st_mode), 0o600)
    token = text(out).strip()
    os.unlink(out)
    eq((len(token), token in r.stdout + r.stderr), (64, False))
    return token


def ask(s, token):
    return s.post(TOOL, CALL, {'Authorization': 'Bearer ' + token},
        token=False).status


def actors(s):
    return [r['actor'] for r in s.rows("action LIKE '%block%'")]


# --- tests -------------------------------------------------------------------

def each_has_its_name():
    with Suite() as s:
        s.start()
        a, b = make(s, 'add', 'claude'), make(s, 'add', 'codex-2')
        eq(ask(s, a), 200)
        eq(ask(s, b), 200)
        eq(ask(s, s.token()), 200)
        eq([ask(s, t) for t in ('x' * 64, a[:-1], a + 'x', '', a.upper())],
            [401] * 5)
        wait_for(lambda: len(actors(s)) >= 3, 'rows')
        eq(actors(s), ['token:claude', 'token:codex-2',
            'token:gateway-token'])
        for n, t in (('claude', a), ('codex-2', b)):
            path = os.path.join(s.secrets, 'token-' + n)
            eq((text(path), stat.S_IMODE(os.stat(path).st_mode)), (t + '\n',
                0o600))
        eq([(x['name'], x['present'], x['old_until']) for x in json.loads(
            ok(s.ctl(*TOKEN, 'list', '--json')).stdout)['tokens']],
            [('claude', True, None), ('codex-2', True, None)])
        # nowhere else, and not in what any command says
        said = ''.join(s.ctl(*c).stdout for c in ((*TOKEN, 'list'),
            ('config', 'show'), ('setup',), ('audit', 'list')))
        for t in (a, b):
            eq(t in said, False)
            for root, _, files in os.walk(s.home):
                for name in files:
                    path = os.path.join(root, name)
                    if os.path.isfile(path) and not name.startswith('token-'):
                        with open(path, 'rb') as f:
                            eq(t.encode() in f.read(), False, path)
        ok(s.ctl(*TOKEN, 'revoke', 'claude'))
        eq((ask(s, a), ask(s, b)), (401, 200))
        eq(os.path.exists(os.path.join(s.secrets, 'token-claude')), False)
        # what --no-reload leaves is in force with the next one
        ok(s.ctl(*TOKEN, 'revoke', 'codex-2', '--no-reload'))
        eq(ask(s, b), 200)
        s.reload()
        eq(ask(s, b), 401)
        eq(ask(s, s.token()), 200)


def one_before_stops_by_itself():
    with Suite() as s:
        s.start()
        first = make(s, 'add', 'agent')
        second = make(s, 'rotate', 'agent')
        eq((ask(s, first), ask(s, second)), (200, 200))
        until = json.loads(s.ctl(*TOKEN, 'list', '--json').stdout)[
            'tokens'][0]['old_until']
        left = json.loads(s.ctl('config', 'get', 'gateway.tokens',
            '--json').stdout)['value'].split(':')[1]
        eq(abs(int(left) - time.time() - 86400) < 300, True, until)
        # it has no end but its time: no reload, no command
        third = make(s, 'rotate', 'agent', '--overlap', '4')
        eq(ask(s, first), 401)
        wait_for(lambda: ask(s, second) == 401, 'the end of the overlap')
        eq(ask(s, third), 200)
        fourth = make(s, 'rotate', 'agent', '--overlap', '0')
        eq((ask(s, third), ask(s, fourth)), (401, 200))
        eq(set(actors(s)), {'token:agent'})
        s.restart()
        eq((ask(s, second), ask(s, fourth)), (401, 200))


def limits_count_by_name():
    with Suite() as s:
        s.set_config('gateway.workers', 1)
        s.set_config('gateway.requests_per_second', 1)
        s.set_config('gateway.requests_burst', 5)
        s.start()
        a, b = make(s, 'add', 'a'), make(s, 'add', 'b')
        eq(429 in [ask(s, a) for _ in range(12)], True)
        eq(ask(s, b), 200)


def commands():
    with Suite() as s:
        before = text(s.config)
        fails(s.ctl(*TOKEN, 'add', 'x'), 2, '--out')
        fails(s.ctl(*TOKEN, 'add', 'X', '--out', '-'), 2, 'lower case')
        fails(s.ctl(*TOKEN, 'add', 'n' * 32, '--out', '-'), 2, 'lower case')
        fails(s.ctl(*TOKEN, 'add', 'gateway-token', '--out', '-'), 3,
            'token_secret')
        fails(s.ctl(*TOKEN, 'rotate', 'x', '--out', '-'), 7)
        fails(s.ctl(*TOKEN, 'revoke', 'x'), 7)
        r = ok(s.ctl(*TOKEN, 'add', 'x', '--dry-run'))
        eq('gateway.tokens' in r.stdout, True, r.stdout)
        eq(text(s.config), before)
        eq([f for f in os.listdir(s.secrets) if f.startswith('token-')], [])
        r = ok(s.ctl(*TOKEN, 'add', 'x', '--out', '-'))
        eq(text(os.path.join(s.secrets, 'token-x')) in r.stdout, True)
        fails(s.ctl(*TOKEN, 'add', 'x', '--out', '-'), 6, 'rotate')
        fails(s.ctl(*TOKEN, 'rotate', 'x', '--out', '-', '--overlap', '-1'),
            2, '--overlap')
        ok(s.ctl(*TOKEN, 'revoke', 'x'))
        # the names stand in their order, whatever that of the commands was
        names = ['t%d' % i for i in range(8)]
        files = set()
        for seed in (1, 2):
            order = names[:]
            random.Random(seed).shuffle(order)
            for n in order:
                make(s, 'add', n)
            files.add(text(s.config))
            fails(s.ctl(*TOKEN, 'add', 'more', '--out', '-'), 1, 'no more')
            for n in order:
                ok(s.ctl(*TOKEN, 'revoke', n))
        eq(len(files), 1)
        for bad in ('a,,b', 'a,a', 'A', 'a:b', 'a:', 'a:-1',
                ','.join(names) + ',more'):
            fails(s.ctl('config', 'set', 'gateway.tokens', bad), 3)
        # a file that is missing is nobody's token, and no reason not to run
        ok(s.ctl('config', 'set', 'gateway.tokens', 'lost'))
        s.start()
        eq(ask(s, s.token()), 200)
        eq('present":false' in s.ctl(*TOKEN, 'list', '--json').stdout, True)


def at_once():
    """The names are one value of the file: no command loses another's."""
    with Suite() as s:
        def all_at_once(verb):
            rc = {}

            def one(n):
                args = ('--out', os.path.join(s.dir, n)) if verb != 'revoke' \
                    else ()
                rc[n] = s.ctl(*TOKEN, verb, n, *args).returncode

            names = ['t%d' % i for i in range(6)]
            threads = [threading.Thread(target=one, args=(n,)) for n in names]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            eq(set(rc.values()), {0})
            return names

        def listed():
            return [x['name'] for x in json.loads(ok(s.ctl(*TOKEN, 'list',
                '--json')).stdout)['tokens']]

        for _ in range(2):
            names = all_at_once('add')
            eq(listed(), names)
            all_at_once('rotate')
            eq(listed(), names)
            all_at_once('revoke')
            eq(listed(), [])
        eq([f for f in os.listdir(s.secrets) if f.startswith('token-')], [])


def refused_is_as_it_was():
    """Nobody's token is lost or handed out by what was not written."""
    with Suite() as s:
        make(s, 'add', 'a')
        make(s, 'rotate', 'a')
        out = os.path.join(s.dir, 'out')

        def state():
            return text(s.config), {f: text(os.path.join(s.secrets, f))
                for f in os.listdir(s.secrets) if f.startswith('token-')}

        with open(s.config, 'a') as f:
            f.write('managed: true\n')
        before = state()
        for args in (('add', 'b'), ('rotate', 'a', '--overlap', '500')):
            fails(s.ctl(*TOKEN, *args, '--out', out), 8, 'managed')
            eq((state(), os.path.exists(out)), (before, False))
        # what is before the change is made, and the change fails
        with open(s.config, 'w') as f:
            f.write(before[0].replace('managed: true\n', ''))
        before = state()
        s.launcher = ['sh', '-c', 'trap "" XFSZ; exec prlimit --fsize=%d '
            '"$@"' % (len(before[0]) - 1), 'sh']
        r = s.ctl(*TOKEN, 'rotate', 'a', '--overlap', '500', '--out', out)
        s.launcher = []
        eq(r.returncode != 0, True, r.stdout)
        eq((state(), os.path.exists(out)), (before, False))


TESTS = [at_once, refused_is_as_it_was, each_has_its_name, one_before_stops_by_itself,
    limits_count_by_name, commands]

if __name__ == '__main__':
    names = sys.argv[1:]
    program(lambda: run([t for t in TESTS
        if not names or t.__name__ in names]))
