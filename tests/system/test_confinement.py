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

"""What the kernel says of every process of a running suite.

Not the roles' own word: /proc, read as root from outside.
"""

import json
import os
import re
import stat

import lib
from judges import Judge, use
from receivers import LocalSyslog, Receiver
from test_sinks import configure, hec, sink, state

# what the supervisor keeps in system mode: caps_keep() of defenseclawd
SUPERVISOR_CAPS = {'DAC_READ_SEARCH': 2, 'KILL': 5, 'SETGID': 6, 'SETUID': 7,
    'SETPCAP': 8, 'SYS_CHROOT': 18, 'SYS_ADMIN': 21}

SINKS = 3

# "edges" are the channels to other roles, besides that to the supervisor;
# "dirs" are directories that are held open
ROLES = {
    'gatewayd': {
        'own_dir': None,
        'fds': {'tcp listener': 1, 'unix listener': 1},
        'edges': lambda workers: 2,
        'fsize': '0',
    },
    'auditd': {
        'own_dir': 'audit',
        'fds': {'audit.db': 1, 'audit.db-wal': 1, 'audit.db-shm': 1},
        'edges': lambda workers: workers + 1 + SINKS,
        'fsize': 'unlimited',
    },
    'signer': {
        'own_dir': 'sign',
        'fds': {},
        'edges': lambda workers: 1,
        'fsize': '65536',
    },
    # one of each promise; a name to resolve; the connection is kept open
    'sink.net': {
        'own_dir': None,
        'egress': True,
        'fds': {'tcp': 1},
        # and both ends of the pair by which libcurl would wake itself
        'edges': lambda workers: 2 + 2,
        'fsize': '0',
    },
    'sink.local': {
        'own_dir': None,
        'egress': True,
        'fds': {'datagram': 1},
        'edges': lambda workers: 2,
        'fsize': '0',
    },
    'sink.files': {
        'own_dir': None,
        'egress': True,
        'dirs': ['sinks/files'],
        'fds': {'audit-000000000001.jsonl': 1},
        'edges': lambda workers: 2,
        'fsize': 'unlimited',
    },
    'judge': {
        'own_dir': None,
        'egress': True,
        'fds': {'tcp': 1},
        'edges': lambda workers: workers + 1 + 2,
        'fsize': '0',
    },
    'resolver': {
        'own_dir': None,
        'egress': True,
        'fds': {},
        'edges': lambda workers: SINKS + 1,
        'fsize': '0',
    },
}


def proc(pid, name):
    with open('/proc/%d/%s' % (pid, name)) as f:
        return f.read()


def status(pid):
    return dict(line.split(':\t', 1) for line in
        proc(pid, 'status').splitlines() if ':\t' in line)


def limits(pid):
    out = {}
    for line in proc(pid, 'limits').splitlines()[1:]:
        m = re.match(r'(.{25}) (\S+) +(\S+)', line)
        out[m[1].strip()] = (m[2], m[3])
    return out


def ns(pid, name):
    return os.readlink('/proc/%s/ns/%s' % (pid, name))


def listeners(path, column):
    """Inodes of sockets that listen, as /proc/net/PATH of ours has them."""
    out = set()
    with open('/proc/net/' + path) as f:
        for line in f.readlines()[1:]:
            col = line.split()
            if path == 'tcp' and col[3] == '0A' or \
                    path == 'unix' and col[3] == '00010000':
                out.add(int(col[column]))
    return out


def sockets(path, column, keep=lambda col: True):
    """Inodes of all sockets of one kind."""
    with open('/proc/net/' + path) as f:
        return {int(col[column]) for col in
            (line.split() for line in f.readlines()[1:]) if keep(col)}


def kinds(suite, pid):
    """{kind: how many} of the descriptors a process has open."""
    tcp, unix = listeners('tcp', 9), listeners('unix', 6)
    tcp_all = sockets('tcp', 9)
    datagrams = sockets('unix', 6, lambda col: col[4] == '0002')
    out, pipes = {}, []
    for fd in os.listdir('/proc/%d/fd' % pid):
        to = os.readlink('/proc/%d/fd/%s' % (pid, fd))
        sock = re.fullmatch(r'socket:\[(\d+)\]', to)
        if int(fd) <= 2:
            lib.eq(to, '/dev/null', 'descriptor %s' % fd)
            continue
        if sock and int(sock[1]) in tcp:
            kind = 'tcp listener'
        elif sock and int(sock[1]) in unix:
            kind = 'unix listener'
        elif sock and int(sock[1]) in tcp_all:
            kind = 'tcp'
        elif sock and int(sock[1]) in datagrams:
            kind = 'datagram'
        elif sock:
            kind = 'stream'
        elif to == 'anon_inode:[eventpoll]':
            kind = 'epoll'
        elif to.startswith('pipe:'):
            kind = 'own pipe'
            pipes.append(to)
        elif os.path.dirname(to) == os.path.dirname(suite.audit_db):
            kind = os.path.basename(to)
        elif os.path.dirname(to) == os.path.join(suite.state,
                'sinks/files'):
            kind = os.path.basename(to)
        elif to.startswith(suite.state) and stat.S_ISDIR(os.stat(
                '/proc/%d/fd/%s' % (pid, fd)).st_mode):
            kind = 'dir ' + os.path.relpath(to, suite.state)
        else:
            kind = to
        out[kind] = out.get(kind, 0) + 1
    # both ends of the one that libevent keeps for signals
    lib.eq(len(set(pipes)), 1 if pipes else 0, 'pipes %s' % pipes)
    return out


def check_status(name, pid, unbounded):
    st = status(pid)
    for key, want in (('Seccomp', '2'), ('NoNewPrivs', '1'),
            ('Threads', '1')):
        lib.eq(st[key], want, '%s of %s' % (key, name))
    caps = ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']
    # without CAP_SETPCAP nobody can empty it, and exec is needed to use it
    if not unbounded:
        caps.append('CapBnd')
    for key in caps:
        lib.eq(int(st[key], 16), 0, '%s of %s' % (key, name))
    lib.eq(len(set(st['Uid'].split())), 1, 'uids of %s' % name)
    lib.eq(len(set(st['Gid'].split())), 1, 'gids of %s' % name)
    return st


def check_limits(name, pid):
    lim = limits(pid)
    lib.eq(lim['Max core file size'], ('0', '0'), 'core of %s' % name)
    lib.eq(lim['Max processes'], ('0', '0'), 'processes of %s' % name)
    lib.eq(lim['Max file size'], (ROLES[name]['fsize'],) * 2,
        'file size of %s' % name)


def check_memory(name, pid):
    """Nothing is writable and executable, and only files are executable."""
    lines = [line.split(None, 5) for line in proc(pid, 'maps').splitlines()]
    if not lines:
        raise AssertionError('no maps of %s' % name)
    for col in lines:
        path = col[5] if len(col) > 5 else ''
        if 'x' not in col[1]:
            continue
        if 'w' in col[1] or not (path.startswith('/') or
                path in ('[vdso]', '[vsyscall]')):
            raise AssertionError('%s: %s' % (name, ' '.join(col)))


def check_fds(suite, name, pid, workers):
    want = dict(ROLES[name]['fds'])
    want.update({'epoll': 1, 'own pipe': 2,
        'stream': 1 + ROLES[name]['edges'](workers)})
    for d in [ROLES[name]['own_dir']] * (ROLES[name]['own_dir'] is not
            None) + ROLES[name].get('dirs', []):
        want['dir ' + d] = 1
    # an edge may still be on its way
    lib.wait_for(lambda: kinds(suite, pid).get('stream') == want['stream'],
        'edges of %s: %s' % (name, kinds(suite, pid)))
    lib.eq(kinds(suite, pid), want, 'descriptors of %s' % name)


def check_environment(name, pid):
    lib.eq(proc(pid, 'environ'), 'TZ=UTC0\0', 'environment of %s' % name)


def check_root(suite, name, pid):
    own = ROLES[name]['own_dir']
    if own:
        lib.eq(os.stat('/proc/%d/root' % pid).st_ino,
            os.stat(os.path.join(suite.state, own)).st_ino,
            'root of %s' % name)
    else:
        lib.eq(os.listdir('/proc/%d/root' % pid), [], 'root of %s' % name)


def check_own_place(suite, name, pid):
    """System mode: namespaces, root."""
    egress = ROLES[name].get('egress')
    if egress:
        lib.eq(ns(pid, 'net'), ns(suite.proc.pid, 'net'),
            'network of %s' % name)
    for what in ('mnt', 'ipc', 'uts') + (() if egress else ('net',)):
        if ns(pid, what) in (ns('self', what), ns(suite.proc.pid, what)):
            raise AssertionError('%s shares its %s namespace' % (name, what))
    if not egress and (proc(pid, 'net/dev').count('\n') != 3 or \
            proc(pid, 'net/route').count('\n') > 1):
        raise AssertionError('%s has a network: %s' % (name,
            proc(pid, 'net/dev')))
    check_root(suite, name, pid)


def check_supervisor(suite):
    pid = suite.proc.pid
    st = status(pid)
    lib.eq(st['Seccomp'], '2', 'Seccomp of the supervisor')
    lib.eq(st['NoNewPrivs'], '1', 'NoNewPrivs of the supervisor')
    keep = sum(1 << n for n in SUPERVISOR_CAPS.values())
    lib.eq(int(st['CapEff'], 16), keep if suite.system else 0,
        'capabilities of the supervisor')
    lib.eq(int(st['CapInh'], 16) | int(st['CapAmb'], 16), 0,
        'inherited capabilities of the supervisor')
    lib.eq(limits(pid)['Max core file size'], ('0', '0'),
        'core of the supervisor')
    check_memory('the supervisor', pid)


def processes(suite):
    """{name in ROLES: [pid]} as status has it."""
    out = {}
    for p in json.loads(suite.ctl('status', '--json').stdout)['processes']:
        name = p['instance']
        if name != 'supervisor':
            out.setdefault(re.sub(r'^gatewayd\..*', 'gatewayd', name),
                []).append(p['pid'])
    return out


def with_sinks(suite, fn):
    """fn while three sinks, one of each promise, have delivered."""
    receiver, log, judge = Receiver(), LocalSyslog(), Judge()
    try:
        configure(suite, hec(suite, 'net', receiver.port, host='localhost'),
            sink('local', 'syslog', _transport='local', _path=log.path),
            sink('files', 'file'))
        use(suite, 'http://localhost:%d/v1' % judge.port)
        suite.start()
        lib.wait_for(lambda: all(state(suite, n)['delivered'] for n in
            ('net', 'local', 'files')), 'delivery')
        lib.wait_for(lambda: suite.ctl('judge', 'test').returncode == 0,
            'judge')
        fn(suite)
    finally:
        receiver.close()
        log.close()
        judge.close()


def check(suite):
    with_sinks(suite, check_all)


def check_all(suite):
    check_supervisor(suite)
    pids = processes(suite)
    lib.eq(sorted(pids), sorted(ROLES), 'roles')
    lib.eq(sorted(p for v in pids.values() for p in v),
        sorted(p for v in suite.pids().values() for p in v), 'processes')
    workers = len(pids['gatewayd'])
    sup = status(suite.proc.pid)
    uids = {}
    for name, all_of_it in pids.items():
        for pid in all_of_it:
            st = check_status(name, pid, suite.uid is not None)
            # its own filter, on top of the supervisor's
            if int(st.get('Seccomp_filters', 2)) < \
                    int(sup.get('Seccomp_filters', 1)) + 1:
                raise AssertionError('%s has no filter of its own' % name)
            # sinks and judge share one: their promises keep them apart
            uids['sink' if name == 'judge' else name.split('.')[0]] = \
                int(st['Uid'].split()[0])
            check_limits(name, pid)
            check_memory(name, pid)
            check_fds(suite, name, pid, workers)
            check_environment(name, pid)
            if suite.system:
                lib.eq(st.get('Groups', '').strip(), '',
                    'groups of %s' % name)
                check_own_place(suite, name, pid)
            # not to be traced, nor to dump: its files are root's
            lib.eq(os.stat('/proc/%d/mem' % pid).st_uid, 0,
                'owner of /proc/PID/mem of %s' % name)
    if suite.system:
        if len(set(uids.values()) | {0}) != len(uids) + 1:
            raise AssertionError('uids are shared: %s' % uids)
    else:
        lib.eq(set(uids.values()), {suite.uid or 0}, 'uids')


def user_mode():
    with lib.Suite() as s:
        check(s)


def user_mode_unprivileged():
    with lib.Suite(uid=lib.UID) as s:
        check(s)


def system_mode():
    with lib.Suite('system') as s:
        check(s)


def main():
    lib.need_root()
    lib.env_dir('DC_BIN')
    lib.run([user_mode, user_mode_unprivileged, system_mode])


lib.program(main)
