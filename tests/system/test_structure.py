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

"""The tree keeps the promises of its design.

No wing includes another wing's header; whoever opens the file of a role sees
its power first; the boundary table of the README tells the truth.  With
--table it prints that table as the sources have it.
"""

import os
import platform
import re
import subprocess
import sys

import lib

WINGS = ('gatewayd', 'auditd', 'sinkd', 'scannerd', 'ctl')
GENERATED = {'common': {'syscall_names.h'}, 'gatewayd': {'rule_builtin.h'}}
FIRST_SCREEN = 60                       # lines, with the licence

# a role, where its first screen is, and the words that name it there
ROLES = (
    ('supervisor', 'ctl/defenseclawd/defenseclawd.c', 'defenseclawd'),
    ('confc', 'ctl/defenseclawd/confc.c', 'confc'),
    ('rulec-read', 'gatewayd/rulec.c', 'rulec -P read'),
    ('rulec-compile', 'gatewayd/rulec.c', 'rulec -P compile'),
    ('gatewayd', 'gatewayd/gatewayd.c', 'gatewayd'),
    ('auditd', 'auditd/auditd.c', 'auditd'),
    ('signer', 'auditd/sign.c', 'auditd -P sign'),
    ('sink', 'sinkd/sinkd.c', 'sinkd -P sink'),
    ('judge', 'sinkd/judge.c', 'sinkd -P judge'),
    ('resolver', 'sinkd/resolver.c', 'sinkd -P resolver'),
)
# one role, but another promise for each way it may have to send
VARIANTS = {'sink': (('sink', 'a network'), ('sink-local', 'local syslog'),
    ('sink-dir', 'a directory'))}
# the list of this one is of what nobody may, --counts calls it so
UNFILTERED = {'supervisor': 'never'}
HEADS = ('may', 'may not', 'if taken')
CALLS = 'system calls allowed'


def read(path):
    with open(os.path.join(lib.TOP, path)) as f:
        return f.read()


def sources(wing):
    for top, dirs, files in os.walk(os.path.join(lib.TOP, wing)):
        for name in sorted(files):
            if name.endswith(('.c', '.h')):
                yield os.path.relpath(os.path.join(top, name), lib.TOP)


def resolve(path, name):
    """Where a quoted include leads, from the top of the tree."""
    beside = os.path.normpath(os.path.join(os.path.dirname(path), name))
    for to in (beside, os.path.normpath(name)):
        if os.path.exists(os.path.join(lib.TOP, to)):
            return to
    return None


def includes(wing, allowed):
    n = 0
    for path in sources(wing):
        for name in re.findall(r'^\s*#\s*include\s+"([^"]+)"', read(path),
                re.M):
            n += 1
            if name in GENERATED.get(wing, ()):
                continue
            to = resolve(path, name)
            if to is None or to.split('/')[0] not in allowed:
                raise AssertionError('%s includes %s' % (path, name))
        # a bracket would hide it
        for name in re.findall(r'^\s*#\s*include\s+<([^>]+)>', read(path),
                re.M):
            if os.path.exists(os.path.join(lib.TOP, name)):
                raise AssertionError('%s includes <%s>' % (path, name))
    return n


def wings_meet_on_the_wire():
    if not includes('common', {'common'}):
        raise AssertionError('common includes nothing')
    for wing in WINGS:
        if os.path.isdir(os.path.join(lib.TOP, wing)) and \
                not includes(wing, {'common', wing}):
            raise AssertionError('%s includes nothing' % wing)


def first_screen(path, name):
    """The power of a role as its file says it: {head: text}."""
    text = '\n'.join(read(path).split('\n')[:FIRST_SCREEN])
    comments = re.findall(r'/\*\n(.*?)\*/', text, re.S)
    lines = [re.sub(r'^ \* ?', '', line) for c in comments[1:]
        for line in c.split('\n')]
    out, head, here = {}, None, False
    for line in lines:
        m = re.match(r'(\S.*?)(:|$)', line)
        if m:
            here = here or m[1] == name
            if here and out and line.strip():
                break           # the next one's
            continue
        m = re.match(r'  (may not|may|if taken)\s+(\S.*)', line)
        if here and m:
            head = m[1]
            if head in out:
                break
            out[head] = m[2]
        elif here and head and line.strip():
            out[head] += ' ' + line.strip()
    missing = [h for h in HEADS if not out.get(h)]
    if missing:
        raise AssertionError('%s: the first screen of %s says nothing of %s'
            % (path, name, missing))
    return out


def power_is_seen_first():
    mains = re.search(r'^MAINS\s*=((?:.*\\\n)*.*)', read('Makefile'), re.M)
    known = {path for _, path, _ in ROLES}
    for path in mains[1].replace('\\\n', ' ').split():
        if path not in known and path != 'ctl/defenseclawctl.c':
            raise AssertionError('%s is no role this test knows' % path)
    for role, path, name in ROLES:
        first_screen(path, name)
        screen = '\n'.join(read(path).split('\n')[:FIRST_SCREEN])
        if role not in UNFILTERED and 'static const struct promise ' not in \
                screen:
            raise AssertionError('%s: no promise on its first screen' % path)


def counts():
    """{role: system calls on its list}, as the running roles have it."""
    path = os.path.join(os.environ.get('DC_PROBE') or
        os.path.join(lib.TOP, 'build/probe/bin'), 'sandbox')
    if not os.path.exists(path):
        raise lib.Skip('%s is missing: see make probe-build' % path)
    r = subprocess.run([path, '--counts'], text=True, capture_output=True,
        stdin=subprocess.DEVNULL, timeout=60)
    lib.eq(r.returncode, 0, 'sandbox --counts: %s' % r.stderr)
    return {role: int(n) for role, n in
        (line.split() for line in r.stdout.splitlines())}


def calls_text(role, n):
    if role in UNFILTERED:
        return 'any but %d' % n[UNFILTERED[role]]
    if role in VARIANTS:
        return ', '.join('%d (%s)' % (n[v], text) for v, text in
            VARIANTS[role])
    return str(n[role])


def table():
    """The boundary table from the sources."""
    n = counts()
    rows = ['| role | may | may not | if taken | %s |' % CALLS,
        '|---|---|---|---|---|']
    for role, path, name in ROLES:
        text = first_screen(path, name)
        rows.append('| `%s` | %s | %s |' % (name, ' | '.join(
            text[h].replace('|', '\\|') for h in HEADS),
            calls_text(role, n)))
    return '\n'.join(rows)


def readme_rows():
    """{name: {column: text}}"""
    text = re.search(r'<!-- boundary -->(.*?)<!-- /boundary -->',
        read('README.md'), re.S)
    if text is None:
        raise AssertionError('README.md has no boundary table between its '
            'two markers')
    rows = [[c.strip().replace('\\|', '|') for c in
        re.split(r'(?<!\\)\|', line.strip()[1:-1])]
        for line in text[1].strip().split('\n') if line.startswith('|')]
    out = {}
    for cells in rows[2:]:
        lib.eq(len(cells), len(rows[0]), 'columns of %s' % cells[0])
        if not all(cells):
            raise AssertionError('the row of %s has gaps' % cells[0])
        name = re.match(r'`([^`]+)`', cells[0])
        if name is None:
            raise AssertionError('%s is not the name of a role' % cells[0])
        out[name[1]] = dict(zip(rows[0], cells))
    return out


def readme_says_what_the_sources_say():
    rows = readme_rows()
    for role, path, name in ROLES:
        if name not in rows:
            raise AssertionError('the boundary table lacks %s' % name)
        for head, text in first_screen(path, name).items():
            lib.eq(rows[name][head], text,
                'boundary table, %s, %s' % (name, head))


def readme_counts_right():
    # the table is that of the architecture it was counted on
    if platform.machine() != 'x86_64':
        raise lib.Skip('the numbers are those of x86_64')
    rows, n = readme_rows(), counts()
    lib.eq(sorted(n), sorted([UNFILTERED.get(r, r) for r, _, _ in ROLES] +
        [v for all in VARIANTS.values() for v, _ in all[1:]]),
        'roles that were counted')
    for role, path, name in ROLES:
        lib.eq(rows[name][CALLS], calls_text(role, n),
            'system calls of %s in the boundary table' % name)


def main():
    if sys.argv[1:] == ['--table']:
        print(table())
        return
    lib.run([wings_meet_on_the_wire, power_is_seen_first,
        readme_says_what_the_sources_say, readme_counts_right])


lib.program(main)
