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


"""The figures a reviewer asks for first, as the rows of the README's table.

usage: figures.py [--openssh DIR]

Counts what runs as root and what each role's filter allows from the sources
and a build of its own (build/figures), and needs root and the builds of `make
all probe-build system-build' for what a running suite shows.  With
--openssh DIR it counts the filter of OpenSSH's sources below DIR, as that of
ours is counted, and does nothing else.
"""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, 'tests', 'system'))

import lib
from judges import Judge, use
from receivers import Receiver
from test_sinks import configure, hec, state

# --openssh on Debian 12's openssh 1:9.2p1-2+deb12u10, x86_64
OPENSSH = 30
OPENSSH_IS = 'OpenSSH 9.2p1'

ROLES = (       # as `sandbox --counts' names them, as the README does
    ('confc', 'confc'), ('rulec-read', 'rulec -P read'),
    ('rulec-compile', 'rulec -P compile'), ('gatewayd', 'gatewayd'),
    ('auditd', 'auditd'), ('signer', 'auditd -P sign'),
    ('sink', 'sinkd -P sink'), ('sink-local', 'sinkd -P sink, local syslog'),
    ('sink-dir', 'sinkd -P sink, a directory'), ('judge', 'sinkd -P judge'),
    ('resolver', 'sinkd -P resolver'))
FIGURES = 'build/figures'
DROP = 'role_drop_root'         # where a role gives up uid 0


# --- system calls ------------------------------------------------------------

def calls():
    """{role: different system calls its filter allows in some form}"""
    path = os.path.join(os.environ.get('DC_PROBE') or
        os.path.join(TOP, 'build/probe/bin'), 'sandbox')
    if not os.path.exists(path):
        raise lib.Skip('%s is missing: see make probe-build' % path)
    r = subprocess.run([path, '--counts'], text=True, capture_output=True,
        stdin=subprocess.DEVNULL, timeout=60, check=True)
    return {role: int(n) for role, n in
        (line.split() for line in r.stdout.splitlines())}


def openssh(directory):
    """The same count of OpenSSH's pre-auth filter, on this machine."""
    with open(os.path.join(directory, 'sandbox-seccomp-filter.c')) as f:
        body = re.search(r'preauth_insns\[\] = \{(.*?)\n\};', f.read(),
            re.S)[1]
    # names in quotes, or the preprocessor makes numbers of them
    body = re.sub(r'(SC_\w+)\((__NR_\w+)', r'\1("\2"', body)
    r = subprocess.run(['gcc', '-E', '-P', '-xc', '-'], text=True, check=True,
        capture_output=True, input='#include <sys/mman.h>\n#include '
        '<sys/syscall.h>\n#include <linux/net.h>\nBEGIN\n' + body)
    return len(set(re.findall(r'SC_ALLOW\w*\("__NR_(\w+)"',
        r.stdout.split('BEGIN')[1])))


# --- what runs as root -------------------------------------------------------

def source_lines(path, name):
    """From the type of a function to its last brace; 0: not a function."""
    with open(os.path.join(TOP, path)) as f:
        lines = f.read().split('\n')
    for i, line in enumerate(lines):
        if re.match(r'%s\(' % name, line) and '{' in lines[i:i + 8]:
            return lines.index('}', i) - i + 2
    return 0


def compile_all():
    """Every function a section of its own, and who calls whom beside it."""
    r = subprocess.run(['make', '-s', '-C', TOP, 'CC=gcc', 'B=' + FIGURES,
        'CFLAGS=-O0 -g -ffunction-sections -fcallgraph-info',
        'HARDEN=-fPIE', 'LDFLAGS=-Wl,--gc-sections,-Map=%s/map' % FIGURES,
        FIGURES + '/bin/defenseclawd'], text=True, capture_output=True,
        stdin=subprocess.DEVNULL)
    if r.returncode != 0:
        raise AssertionError(r.stdout + r.stderr)


def supervisor():
    """(its own lines, lines of common/ and ctl/ it shares with others): all
    functions that the linker finds a way to from its main()."""
    with open(os.path.join(TOP, FIGURES, 'map')) as f:
        kept = f.read().split('\nLinker script and memory map\n')[1]
    own = shared = 0
    for name, file in set(re.findall(r'^ \.text\.(\w+)\s+0x\w+\s+0x\w+ '
            r'%s/(\S+)$' % FIGURES, kept, re.M)):
        m = re.match(r'lib(\w+)\.a\((\w+)\.o\)$', file)
        path = '%s/%s.c' % m.groups() if m else file[:-2] + '.c'
        n = source_lines(path, name)
        if n == 0:
            raise AssertionError('%s: where is %s?' % (path, name))
        if m:
            shared += n
        else:
            own += n
    return own, shared


def graph():
    """{function: [(what it calls, in which line)]}, {function: its file}"""
    edges, files = {}, {}
    top = os.path.join(TOP, FIGURES, 'common')
    for name in os.listdir(top):
        if not name.endswith('.ci'):
            continue
        with open(os.path.join(top, name)) as f:
            text = f.read()
        for title, file in re.findall(r'^node: \{ title: "([^"]+)" label: '
                r'"[^"]*?\\n(common/\w+\.c):\d', text, re.M):
            files[title] = file
        for a, b, line in re.findall(r'^edge: \{ sourcename: "([^"]+)" '
                r'targetname: "([^"]+)" label: "[^"]*:(\d+):\d+" \}', text,
                re.M):
            edges.setdefault(a, []).append((b, int(line)))
    return edges, files


def before_drop():
    """Lines of common/ that each role passes before it has its own uid: all
    that role_begin() can reach up to its call that gives up uid 0."""
    edges, files = graph()
    with open(os.path.join(TOP, 'common/role.c')) as f:
        lines = f.read().split('\n')
    last = lines.index('\t%s();' % DROP) + 1
    todo = ['role_begin']
    seen = set()
    while todo:
        name = todo.pop()
        if name in seen or name not in files:
            continue
        seen.add(name)
        for to, line in edges.get(name, []):
            if name != 'role_begin' or line <= last:
                todo.append(to)
    if not seen >= {'confine_drop_ids', 'frame_in_read'}:
        raise AssertionError('the call graph has holes: %s' % sorted(seen))
    return sum(source_lines(files[n], n.split(':')[-1]) for n in seen)


# --- secrets -----------------------------------------------------------------

def memory(pid):
    """All that a process can read or write, with root's eyes."""
    with open('/proc/%d/maps' % pid) as f:
        maps = [l.split(None, 5) for l in f]
    with open('/proc/%d/mem' % pid, 'rb', 0) as mem:
        for m in maps:
            if len(m) > 5 and m[5].strip() in ('[vvar]', '[vsyscall]',
                    '[vvar_vclock]'):
                continue
            lo, hi = (int(x, 16) for x in m[0].split('-'))
            try:
                yield os.pread(mem.fileno(), hi - lo, lo)
            except OSError:
                pass            # a guard page


def secrets(suite):
    """{name: the forms in which it may lie in memory}"""
    out = {}
    for name in os.listdir(suite.secrets):
        with open(os.path.join(suite.secrets, name), 'rb') as f:
            out[name] = [f.read().strip()]
    # roles keep only what redact_init() makes of it
    out['redaction.key'].append(hashlib.blake2b(out['redaction.key'][0],
        digest_size=32, key=b'defenseclaw redaction 1').digest())
    # the seed in the file is the first half of the key in memory
    path = os.path.join(suite.state, 'device.key')
    with open(path) as f:
        body = ''.join(l for l in f.read().split('\n')
            if not l.startswith('-'))
    out['device.key'] = [base64.b64decode(body)[-32:]]
    return out


def sink_pids(s):
    return {p['instance'][5:]: p['pid'] for p in json.loads(s.ctl('status',
        '--json').stdout)['processes'] if p['role'] == 'sink'}


def held():
    """{role: [names of the secrets found in its memory]}, in system mode with
    traffic and two receivers; the supervisor, whatever it opens, reads none.
    """
    found = {}
    receivers = {n: Receiver() for n in ('one', 'two')}
    with lib.Suite('system') as s:
        configure(s, *[hec(s, n, r.port, host='localhost') for n, r in
            receivers.items()])
        judge = Judge()
        with open(os.path.join(s.secrets, 'judge-key'), 'w') as f:
            os.chmod(f.name, 0o600)
            f.write('key-of-the-judge\n')
        use(s, judge, key_secret='judge-key')
        s.start()
        for _ in range(20):
            lib.eq(s.post('/api/v1/inspect/tool', {'tool': 'shell',
                'args': {'command': lib.ATTACK}}).status, 200)
        lib.eq(s.ctl('audit', 'head').returncode, 0, 'audit head')
        lib.wait_for(lambda: all(state(s, n)['delivered'] for n in
            receivers), 'delivery')
        lib.wait_for(lambda: s.ctl('judge', 'test').returncode == 0, 'judge')
        known = secrets(s)
        sinks = sink_pids(s)
        pids = {**s.pids(), **{'sink.' + n: [p] for n, p in sinks.items()}}
        del pids['sink']
        for role, of_it in [('supervisor', [s.proc.pid]), *pids.items()]:
            found[role] = set()
            for pid in of_it:
                for part in memory(pid):
                    found[role] |= {n for n, forms in known.items()
                        if any(f in part for f in forms)}
        unreadable(s, pids)
    for r in [judge, *receivers.values()]:
        r.close()
    lib.eq(found.pop('judge'), {'judge-key'}, 'the judge')
    for n in receivers:
        lib.eq(found.pop('sink.' + n), {'sink-' + n}, 'sink %s' % n)
    return {role: sorted(names) for role, names in found.items()}


def unreadable(suite, pids):
    """No role's account can open any secret by its name."""
    paths = [os.path.join(suite.secrets, n) for n in
        os.listdir(suite.secrets)]
    paths += [os.path.join(suite.state, 'device.key')]
    for of_it in pids.values():
        for pid in of_it:
            uid = os.stat('/proc/%d' % pid).st_uid
            with open('/proc/%d/status' % pid) as f:
                uid, gid = (int(x) for x in re.findall(
                    r'^[UG]id:\s+(\d+)', f.read(), re.M))
            lib.eq(lib.as_uid(uid, lambda: [p for p in paths
                if readable(p)], gid), [], 'what uid %d can read' % uid)


def readable(path):
    try:
        os.close(os.open(path, os.O_RDONLY))
        return True
    except OSError:
        return False


# --- the table ---------------------------------------------------------------

def thousands(n):
    """As the README writes numbers, to the nearest fifty."""
    return '{:,}'.format(round(n / 50) * 50).replace(',', ' ')


def calls_row():
    n = calls()
    return '%s; %s before authentication %d' % (', '.join('`%s` %d' %
        (name, n[role]) for role, name in ROLES), OPENSSH_IS, OPENSSH)


def root_row():
    compile_all()
    own, shared = supervisor()
    drop = before_drop()
    return '%s: the supervisor %s, what it uses of `common/` and `ctl/` %s, ' \
        'a role before it has its own uid %s' % (thousands(own + shared +
        drop), thousands(own), thousands(shared), thousands(drop))


def secrets_row():
    got = held()
    text = ', '.join('%s %s' % (role if role == 'supervisor' else
        '`%s`' % dict(ROLES)[role], ' and '.join('`%s`' % n for n in
        names) if names else 'none') for role, names in got.items())
    return "one: each `sinkd -P sink` has its own receiver's token, " \
        "`sinkd -P judge` the judge's key, and " \
        'nobody else has any. Other secrets in memory: ' + text


def main():
    if sys.argv[1:2] == ['--openssh'] and len(sys.argv) == 3:
        print(openssh(sys.argv[2]))
        return
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    print('system calls allowed: %s' % calls_row())
    print('lines reachable as root: %s' % root_row())
    print('credentials of endpoints readable: %s' % secrets_row())


if __name__ == '__main__':
    main()
