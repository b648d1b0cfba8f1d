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

"""Names, addresses and proxies: where a sink may connect, and who says so.

A name server and receivers of our own, in a network of our own; whatever a
library wants from the kernel on these ways is asked for here, and what no
promise lists kills the role, which fails the test.
"""

import ctypes
import json
import os
import signal
import socket
import struct
import subprocess
import threading

from lib import *
from judges import Judge, judge_test, use
from receivers import *
from test_sinks import arrived, configure, events, hec, reloaded, sink, state

CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
A, CNAME, AAAA = 1, 5, 28
NXDOMAIN = 3

libc = ctypes.CDLL(None, use_errno=True)


def wire_name(name):
    return b''.join(bytes([len(l)]) + l.encode() for l in
        name.split('.')) + b'\0'


class NameServer:
    """RFC 1035 over UDP and TCP; names has {name: [(type, value, ttl)]}.

    drop: how often a name is still not answered; cut: names whose answer
    over UDP is cut; only6: names that are answered over IPv6 only.
    """

    def __init__(self):
        self.names, self.drop = {}, {}
        self.cut, self.only6 = set(), set()
        self.asked = []                 # (name, type, 'udp' or 'tcp')
        for family, address in ((socket.AF_INET, '127.0.0.1'),
                (socket.AF_INET6, '::1')):
            udp = socket.socket(family, socket.SOCK_DGRAM)
            tcp = socket.socket(family)
            for sock in (udp, tcp):
                sock.bind((address, 53))
            tcp.listen()
            for fn, sock in ((self.serve_udp, udp), (self.serve_tcp, tcp)):
                threading.Thread(target=fn, args=(sock,),
                    daemon=True).start()

    def serve_udp(self, sock):
        while True:
            query, peer = sock.recvfrom(4096)
            got = self.answer(query, 'udp', sock.family)
            if got:
                sock.sendto(got, peer)

    def serve_tcp(self, sock):
        while True:
            conn, _ = sock.accept()
            with conn, conn.makefile('rb') as f:
                head = f.read(2)
                while len(head) == 2:
                    got = self.answer(f.read(struct.unpack('!H', head)[0]),
                        'tcp', sock.family)
                    conn.sendall(struct.pack('!H', len(got)) + got)
                    head = f.read(2)

    def answer(self, query, how, family):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        name = '.'.join(labels).lower()
        type, = struct.unpack_from('!H', query, at + 1)
        if name in self.only6 and family == socket.AF_INET:
            return None
        self.asked.append((name, type, how + '6' * (family ==
            socket.AF_INET6)))
        if self.drop.get(name, 0) > 0:
            self.drop[name] -= 1
            return None
        flags, records = 0x8180, []
        if name not in self.names:
            flags |= NXDOMAIN
        elif name in self.cut and how == 'udp':
            flags |= 0x0200             # TC
        else:
            records = self.collect(name, type)
        return query[:2] + struct.pack('!HHHHH', flags, 1, len(records), 0,
            0) + query[12:at + 5] + b''.join(records)

    def collect(self, name, type):
        out = []
        for t, value, ttl in self.names.get(name, []):
            if t == CNAME:
                data, more = wire_name(value), self.collect(value, type)
            elif t == type:
                data, more = socket.inet_pton(socket.AF_INET if t == A else
                    socket.AF_INET6, value), []
            else:
                continue
            out += [wire_name(name) + struct.pack('!HHIH', t, 1, ttl,
                len(data)) + data] + more
        return out


class Proxy:
    """An HTTP proxy that knows CONNECT only, and one receiver."""

    def __init__(self, to):
        self.to, self.asked = to, []
        self.sock = socket.create_server(('127.0.0.1', 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            conn, _ = self.sock.accept()
            head = b''
            while b'\r\n\r\n' not in head:
                head += conn.recv(4096)
            self.asked.append(head.decode())
            conn.sendall(b'HTTP/1.1 200 OK\r\n\r\n')
            there = socket.create_connection(('127.0.0.1', self.to))
            for a, b in ((conn, there), (there, conn)):
                threading.Thread(target=self.copy, args=(a, b),
                    daemon=True).start()

    @staticmethod
    def copy(a, b):
        try:
            while True:
                got = a.recv(65536)
                if not got:
                    break
                b.sendall(got)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass                # one of the two is gone


def own_network():
    """A network with a loopback of its own, and files that name it."""
    if libc.unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 or libc.mount(b'none',
            b'/', None, MS_REC | MS_PRIVATE, None) != 0:
        raise Skip('no name spaces of our own here')
    for command in ('ip link set lo up',
            'ip addr add 169.254.7.7/32 dev lo'):
        subprocess.run(command.split(), check=True)
    d = tempfile.mkdtemp(prefix='dc')
    for name, text in (('resolv.conf', '# of the test\nnameserver '
            'fe80::1%lo\nnameserver 127.0.0.1\nnameserver ::1\nsearch test\n'
            'options ndots:1\n'), ('hosts', '127.0.0.1 localhost\n'
            '127.0.0.1\tother.test  InHosts.test # ours\n')):
        path = os.path.join(d, name)
        with open(path, 'w') as f:
            f.write(text)
        if libc.mount(path.encode(), b'/etc/' + name.encode(), None, MS_BIND,
                None) != 0:
            raise Skip('/etc/%s cannot be covered' % name)
    return d


class World:
    """Receivers by the name of their sink, and the names in DNS."""

    def __init__(self, suite, dns):
        self.s, self.dns = suite, dns
        self.at = {}
        ca = Authority(suite.dir)
        self.ca = ca.cert
        tls = ca.server(*ca.issue('server', 'tls.test'))
        ok = lambda r: (200, b'')
        for name in ('plain', 'big', 'late', 'none', 'moves',
                'link', 'mixed', 'inhosts', 'proxied', 'over6'):
            self.at[name] = Receiver(ok)
        self.at['six'] = Receiver(ok, host='::1')
        self.at['literal6'] = Receiver(ok, host='::1')
        self.at['number'] = Receiver(ok, host='169.254.7.7')
        self.at['tls'] = Receiver(tls=tls)
        self.at['tunnel'] = Receiver(tls=tls)
        self.proxy = Proxy(self.at['tunnel'].port)
        self.environment = Proxy(self.at['plain'].port)
        here = [(A, '127.0.0.1', 60)]
        dns.names.update({'plain.test': here, 'big.test': here,
            'late.test': here, 'tls.test': here,
            'over6.test': here,
            'proxy.test': [(CNAME, 'again.test', 60)],
            'again.test': [(CNAME, 'real.test', 60)], 'real.test': here,
            'moves.test': [(A, '127.0.0.1', 0)],
            'six.test': [(AAAA, '::1', 60)],
            'link.test': [(A, '169.254.169.254', 60), (A, '0.0.0.0', 60),
                (A, '224.0.0.1', 60), (A, '255.255.255.255', 60),
                (AAAA, 'fe80::1', 60), (AAAA, '::', 60),
                (AAAA, 'ff02::1', 60),
                (AAAA, '::ffff:169.254.169.254', 60),
                (AAAA, '64:ff9b::a9fe:a9fe', 60),
                (AAAA, '2002:a9fe:a9fe::1', 60),
                (AAAA, '::ffff:0.0.0.0', 60)],
            'mixed.test': [(A, '169.254.7.7', 60), (A, '127.0.0.1', 60)]})
        dns.cut.update(('big.test', 'over6.test'))
        dns.only6.add('over6.test')
        dns.drop['late.test'] = 2

    def sinks(self):
        out = []
        for name, r in self.at.items():
            host, keys, port = name + '.test', {}, r.port
            if name == 'plain':
                host = 'plain'          # by the search domain
            if name == 'number':
                host = '169.254.7.7'
            if name == 'literal6':
                host = '[::1]'
            if name == 'proxied':
                host, port = 'behind.invalid', 80
                keys['proxy'] = 'proxy.test:%d' % r.port
            if name == 'tunnel':
                host, port = 'tls.test', 443
                keys['proxy'] = 'proxy.test:%d' % self.proxy.port
            if r.tls is not None:
                out.append(hec(self.s, name, port, host, 'https',
                    ca_file=self.ca, _gzip='true', **keys))
            else:
                out.append(sink(name, 'http_jsonl', 'http://%s:%d/in' %
                    (host, port), **keys))
        return out


world = dns = None


def names_are_found():
    s, dns = world.s, world.dns
    for name in ('plain', 'big', 'late', 'six', 'mixed', 'inhosts',
            'number', 'literal6', 'over6'):
        arrived(s, world.at[name].seqs, name)
    how = {(n, h) for n, _, h in dns.asked}
    eq(('big.test', 'tcp') in how, True, 'asked again over TCP')
    eq(('over6.test', 'udp6') in how and ('over6.test', 'tcp6') in how, True)
    eq(('plain.test', 'tcp') in how, False)
    eq('inhosts.test' in {n for n, _, _ in dns.asked}, False,
        'what hosts says')
    eq(dns.drop['late.test'] <= 0, True)


def names_that_are_not_there():
    s, dns = world.s, world.dns
    st = wait_for(lambda: state(s, 'none')['circuit'] == 'open' and
        state(s, 'none'), 'no such name')
    eq('not found' in st['error'], True, st['error'])
    eq(world.at['none'].requests, [])
    dns.names['none.test'] = [(A, '127.0.0.1', 60)]
    arrived(s, world.at['none'].seqs, 'a name that came later')


def addresses_that_are_no_receivers():
    s = world.s
    st = wait_for(lambda: state(s, 'link')['error'] and state(s, 'link'),
        'the link by name')
    eq('no address that may be used' in st['error'], True, st['error'])
    eq(world.at['link'].requests, [])


def a_judge():
    """It resolves and refuses as sinks do."""
    s, names = world.s, world.dns.names
    judge = Judge()
    for host, there, want in (('nowhere.test', None, 'no-name'),
            ('here.test', '127.0.0.1', 'ok'),
            ('link.test', '0.0.0.0', 'address-refused')):
        if there and host not in names:
            names[host] = [(A, there, 60)]
        use(s, 'http://%s:%d' % (host, judge.port), timeout=5)
        eq(s.ctl('reload').returncode, 0)
        got = wait_for(lambda: answered(s), 'an answer about ' + host)
        eq(got['status'], want, got)
    eq(len(judge.questions), 1)
    judge.close()


def answered(s):
    """Not before a worker has its edge to the new judge."""
    got = judge_test(s)[1]
    return got.get('status') not in (None, 'no-judge') and got


def answers_change():
    """The next connection is to what the name says now, and to that only."""
    s, dns = world.s, world.dns
    old = world.at['moves']
    arrived(s, old.seqs, 'at first')
    dns.names['moves.test'] = [(A, '127.0.0.9', 0)]
    new = Receiver(lambda r: (200, b''), port=old.port, host='127.0.0.9')
    old.close()
    events(s, 2)
    wait_for(lambda: set(r['seq'] for r in s.rows()) <=
        set(old.seqs()) | set(new.seqs()), 'at the new address', 60)
    eq(len(new.seqs()) > 0, True)
    world.at['moves'] = new


def over_tls_and_proxies():
    s = world.s
    for name in ('tls', 'tunnel', 'proxied'):
        arrived(s, world.at[name].seqs, name)
    eq(world.at['proxied'].requests[0].path.startswith(
        'http://behind.invalid'), True)
    eq(world.proxy.asked[0].split('\r\n')[0],
        'CONNECT tls.test:443 HTTP/1.1')
    eq('token-of' in world.proxy.asked[0], False, 'a token for the proxy')
    eq(world.environment.asked, [], 'the proxy of the environment')


def connections_end():
    """Over TLS too, a receiver that closes is connected to again."""
    s = world.s
    for name in ('tls', 'plain', 'tunnel'):
        for sock in list(world.at[name].open):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass            # it was closed before
    events(s, 3)
    for name in ('tls', 'plain', 'tunnel'):
        arrived(s, world.at[name].seqs, '%s again' % name)


def a_full_disk():
    """Half a line never stays in front of the next one."""
    s = world.s
    d = os.path.join(s.state, 'sinks', 'files')
    name = 'audit-000000000001.jsonl'

    def lines():
        with open(os.path.join(d, name)) as f:
            return [json.loads(l) for l in f]
    c = s.client()
    # more than the room there is
    for i in range(40):
        eq(c.post('/api/v1/inspect/tool', {'tool': 'x' * 250, 'args':
            {'n': i}}).status, 200)
    wait_for(lambda: 'No space' in state(s, 'files')['error'], 'a full disk')
    got = lines()
    subprocess.run(['mount', '-o', 'remount,size=16m', d], check=True)
    arrived(s, lambda: [l['seq'] for l in lines()], 'when there is room')
    seqs = [l['seq'] for l in lines()]
    eq(seqs, sorted(set(seqs)), 'in order and once')
    eq(len(seqs) > len(got), True)


def files_change():
    """A reload is enough for what hosts says now."""
    s = world.s
    with open('/etc/hosts', 'r+') as f:
        was = f.read()
        try:
            f.write('127.0.0.1 link.test\n')
            f.flush()
            before = s.pids('resolver')
            reloaded(s)
            con = s.control()
            wait_for(lambda: con.request('MSG_CTL_SINK_TEST',
                wstr('link'))[0] == 0, 'the new address')
            con.close()
            eq(s.pids('resolver') == before, False, 'the old process')
            # and what did not change is no reason
            before = s.pids('resolver')
            reloaded(s)
            eq(s.pids('resolver'), before)
        finally:
            f.seek(0)
            f.truncate()
            f.write(was)


def nobody_died():
    deaths = world.s.rows("action = 'role-death'")
    eq(deaths, [], 'deaths')


def test_while_dying(pid):
    """A test of a sink is answered though this process dies of it."""
    con = world.s.control()
    os.kill(pid, signal.SIGSTOP)
    id = con.send(MSG['MSG_CTL_SINK_TEST'], wstr('moves'))
    os.kill(pid, signal.SIGKILL)
    code, text = con.answer(id)
    eq(code, 0, text)
    con.close()


def a_resolver_that_dies():
    """What it was asked is asked of the one after it."""
    pid, = world.s.pids('resolver')
    # the name is good for no time: every use is a question
    test_while_dying(pid)


def a_sink_that_dies():
    """A test of it is the next one's to answer."""
    pid, = [p['pid'] for p in json.loads(ok(world.s.ctl('status',
        '--json')).stdout)['processes'] if p['instance'] == 'sink.moves']
    test_while_dying(pid)


def scene(mode, uid=None):
    global world
    dns.asked.clear()
    dns.names.clear()
    with Suite(mode, uid=uid) as s:
        world = World(s, dns)
        configure(s, *world.sinks(), sink('files', 'file'))
        room = os.path.join(s.state, 'sinks', 'files')
        os.mkdir(room)
        st = os.stat(os.path.dirname(room))
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=16k,mode=700,'
            'uid=%d,gid=%d' % (st.st_uid, st.st_gid), 'tmpfs', room],
            check=True)
        proxy = 'http://127.0.0.1:%d' % world.environment.port
        s.start(env={k: proxy for k in ('http_proxy', 'HTTPS_PROXY',
            'https_proxy', 'ALL_PROXY', 'all_proxy')})
        for fn in (names_are_found, names_that_are_not_there,
                addresses_that_are_no_receivers, answers_change,
                over_tls_and_proxies, connections_end, a_full_disk,
                files_change, a_judge, nobody_died, a_resolver_that_dies,
                a_sink_that_dies):
            print('    %s' % fn.__name__, flush=True)
            fn()
        s.stop()
        subprocess.run(['umount', room], check=True)
    for r in world.at.values():
        r.close()


def user_mode():
    scene('user', UID)


def system_mode():
    scene('system')


def main():
    global dns
    need_root()
    if shutil.which('ip') is None:
        raise Skip('no ip(8) here')
    d = own_network()
    dns = NameServer()
    try:
        run([user_mode, system_mode])
    finally:
        shutil.rmtree(d)


if __name__ == '__main__':
    program(main)
