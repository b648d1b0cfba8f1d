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

"""A sink, the judge and the resolver, taken over: what each could reach.

The processes are those of a running suite, made to call the kernel by
ptrace(2) as code in them would.
"""

import errno
import json
import os
import signal
import socket
import struct
import time

import lib
from judges import Judge, use
from lib import *
from puppet import Killed, Puppet
from receivers import *
from test_sinks import configure, hec, secret, sink, state

AT_FDCWD = -100
BANNED = {
    'pidfd_open': lambda p, pid: p.call('pidfd_open', pid, 0),
    'process_vm_readv': lambda p, pid: p.call('process_vm_readv', pid,
        struct.pack('=QQ', p.saved[19], 8), 1,
        struct.pack('=QQ', p.saved[19], 8), 1, 0),
    'ptrace': lambda p, pid: p.call('ptrace', 0x4206, pid, 0, 0),
    'kill': lambda p, pid: p.call('kill', pid, 9),
    'sendto': lambda p, pid: p.call('sendto', 3, b'x', 1, 0, inet(9), 16),
    'bind': lambda p, pid: p.call('bind', tcp(p), inet(0), 16),
    'listen': lambda p, pid: p.call('listen', tcp(p), 1),
    'bind to a device': lambda p, pid: p.call('setsockopt', tcp(p),
        socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'lo\0', 3),
    'a socket of the host': lambda p, pid: p.call('socket', socket.AF_UNIX,
        socket.SOCK_STREAM, 0),
    'netlink': lambda p, pid: p.call('socket', socket.AF_NETLINK,
        socket.SOCK_RAW, 0),
    'a raw socket': lambda p, pid: p.call('socket', socket.AF_INET,
        socket.SOCK_RAW, 1),
    'execve': lambda p, pid: p.call('execve', b'/bin/true\0', 0, 0),
}
# enough of them in the short form
SHORT = ('pidfd_open', 'process_vm_readv', 'ptrace', 'bind')


def inet(port, host='127.0.0.1'):
    return struct.pack('=H', socket.AF_INET) + struct.pack('!H', port) + \
        socket.inet_aton(host) + bytes(8)


def tcp(p):
    fd = p.call('socket', socket.AF_INET, socket.SOCK_STREAM |
        socket.SOCK_CLOEXEC, 0)
    if fd < 0:
        raise AssertionError('socket: %s' % os.strerror(-fd))
    return fd


def connect(p, port):
    fd = tcp(p)
    try:
        return p.call('connect', fd, inet(port), 16)
    finally:
        p.call('close', fd)


def instances(s):
    return {p['instance']: p for p in json.loads(s.ctl('status',
        '--json').stdout)['processes']}


def pid_of(s, instance, dead=None):
    """When the process is there and waits; not the one that is dead, which
    auditd may not have been told yet."""
    def ready():
        p = instances(s).get(instance)
        return p and p['state'] == 'ready' and p['pid'] != dead and p['pid']
    return wait_for(ready, instance)


def tcp_is_limited(s):
    return instances(s)['auditd']['sandbox']['landlock_abi'] >= 4


class Scene:
    """Two receivers, three sinks and a judge of one suite."""

    def __init__(self, s):
        self.s = s
        self.a, self.b = Receiver(), Receiver()
        self.judge = Judge()

    def __enter__(self):
        s = self.s
        configure(s, hec(s, 'alpha', self.a.port, host='localhost'),
            hec(s, 'beta', self.b.port), sink('files', 'file'))
        secret(s, 'judge-key', 'the-key-of-the-judge')
        use(s, self.judge, key_secret='judge-key')
        s.start()
        wait_for(lambda: all(state(s, n)['delivered'] for n in ('alpha',
            'beta', 'files')), 'delivery')
        return self

    def __exit__(self, *what):
        self.a.close()
        self.b.close()
        self.judge.close()


def tokens_stay_apart(scene):
    """Each has its own token in its memory and no other one."""
    for mine, other in (('alpha', 'beta'), ('beta', 'alpha')):
        with Puppet(pid_of(scene.s, 'sink.' + mine)) as p:
            eq(p.has(b'token-of-' + mine.encode()), True, mine)
            eq(p.has(b'token-of-' + other.encode()), False,
                '%s in the memory of %s' % (other, mine))
            eq(p.has(b'the-key-of-the-judge'), False, mine)
    with Puppet(pid_of(scene.s, 'judge')) as p:
        eq(p.has(b'the-key-of-the-judge'), True, 'the judge')
        eq(p.has(b'token-of-'), False, 'a token in the memory of the judge')


def opens_nothing(scene):
    s = scene.s
    beta = pid_of(s, 'sink.beta')
    for who in ('sink.alpha', 'judge'):
        with Puppet(pid_of(s, who)) as p:
            for path in (os.path.join(s.secrets, 'sink-beta'), s.config,
                    os.path.join(s.secrets, 'judge-key'), s.audit_db,
                    os.path.join(s.state, 'sinks/files'),
                    '/proc/%d/mem' % beta, '/proc/%d/fd/3' % beta,
                    '/etc/passwd'):
                eq(p.call('openat', AT_FDCWD, path.encode() + b'\0', 0, 0),
                    -errno.EACCES, '%s: %s' % (who, path))
            eq(p.call('getpid'), p.pid, 'it lives')
    # the file sink opens, but only what is in its own directory
    with Puppet(pid_of(s, 'sink.files')) as p:
        for path in (os.path.join(s.secrets, 'sink-beta'), s.audit_db,
                '/etc/passwd'):
            got = p.call('openat', AT_FDCWD, path.encode() + b'\0',
                os.O_NOFOLLOW, 0)
            eq(got in (-errno.EACCES, -errno.ENOENT), True, '%s: %d' %
                (path, got))
        own = [int(fd) for fd in os.listdir('/proc/%d/fd' % p.pid) if
            os.readlink('/proc/%d/fd/%s' % (p.pid, fd)).endswith(
            'sinks/files')][0]
        fd = p.call('openat', own, b'audit-000000000001.jsonl\0',
            os.O_NOFOLLOW, 0)
        eq(fd >= 0, True, 'its own file')
        p.call('close', fd)
        eq(p.call('openat', own, b'../../config.yaml\0', os.O_NOFOLLOW, 0)
            in (-errno.EACCES, -errno.ENOENT), True, 'out of its directory')


def reaches_its_own_port_only(scene):
    s = scene.s
    if not tcp_is_limited(s):
        raise Skip('no Landlock of ABI 4 on this kernel')
    for name in ('alpha', 'beta'):
        mine, other = (scene.a, scene.b) if name == 'alpha' else \
            (scene.b, scene.a)
        with Puppet(pid_of(s, 'sink.' + name)) as p:
            eq(connect(p, mine.port), 0, '%s to its own' % name)
            eq(connect(p, other.port), -errno.EACCES, name)
            eq(connect(p, s.port), -errno.EACCES, '%s to gatewayd' % name)
            eq(connect(p, 53), -errno.EACCES, '%s to DNS' % name)
            eq(connect(p, scene.judge.port), -errno.EACCES,
                '%s to the judge' % name)
    with Puppet(pid_of(s, 'judge')) as p:
        eq(connect(p, scene.judge.port), 0, 'the judge to its own')
        for port in (scene.a.port, scene.b.port, s.port, 53):
            eq(connect(p, port), -errno.EACCES, 'the judge to %d' % port)
    with Puppet(pid_of(s, 'resolver')) as p:
        eq(connect(p, scene.a.port), -errno.EACCES, 'resolver')
        eq(connect(p, 53) in (0, -errno.ECONNREFUSED), True, 'its port')


def dies_of_the_rest(scene):
    s = scene.s
    pid = None
    for name, attempt in BANNED.items():
        if name not in SHORT and not os.environ.get('DC_SOAK'):
            continue
        pid = pid_of(s, 'sink.alpha', pid)
        with Puppet(pid) as p:
            beta = pid_of(s, 'sink.beta')
            try:
                raise AssertionError('%s: %d' % (name, attempt(p, beta)))
            except Killed as e:
                eq(e.signal, signal.SIGSYS, name)
        eq(pid_of(s, 'sink.beta'), beta, 'the other one lives')
    n = len(scene.a.requests)
    s.client().get('/status')
    s.post('/api/v1/inspect/tool', {'tool': 'shell', 'args': {}})
    wait_for(lambda: len(scene.a.requests) > n, 'its successor delivers')
    s.wait_row("action = 'role-death' AND target = 'sink.alpha'")
    for name in SHORT:
        pid = pid_of(s, 'judge', pid)
        with Puppet(pid) as p:
            try:
                raise AssertionError('%s: %d' % (name, BANNED[name](p,
                    beta)))
            except Killed as e:
                eq(e.signal, signal.SIGSYS, name)
    eq(pid_of(s, 'sink.beta'), beta, 'the other one lives')


def resident(pid):
    with open('/proc/%d/statm' % pid) as f:
        return int(f.read().split()[1]) * 4096


def worker_says_the_same(s):
    """That it serves, without an end: each time everybody would be told,
    and auditd, which is busy, would find all of it."""
    frames = struct.pack('=4I', lib.MSG['MSG_SERVING'], 16, 0, 0) * 100
    worker, auditd = pid_of(s, 'gatewayd.1'), pid_of(s, 'auditd')
    supervisor = s.proc.pid
    os.kill(auditd, signal.SIGSTOP)
    try:
        before = resident(supervisor)
        with Puppet(worker) as p:
            for _ in range(40):
                wait_for(lambda: p.call('write', 3, frames, len(frames)) ==
                    len(frames), 'room for more')
        time.sleep(1)
        grown = resident(supervisor) - before
    finally:
        os.kill(auditd, signal.SIGCONT)
    eq(grown < 8 << 20, True, 'the supervisor grew by %d bytes' % grown)
    eq(pid_of(s, 'auditd'), auditd, 'auditd, which lives')
    eq(s.get('/health').status, 200)


def scene(mode, uid=None):
    with Suite(mode, uid=uid) as s, Scene(s) as sc:
        for fn in (tokens_stay_apart, opens_nothing,
                reaches_its_own_port_only, dies_of_the_rest):
            print('    %s' % fn.__name__, flush=True)
            fn(sc)
        worker_says_the_same(s)


def user_mode():
    scene('user', UID)


def system_mode():
    scene('system')


def main():
    need_root()
    run([user_mode, system_mode])


if __name__ == '__main__':
    program(main)
