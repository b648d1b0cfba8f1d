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

"""The control sockets: what a malformed, a silent or a greedy client can do
(nothing).  Who may say what is test_principals.py's."""

import random

from principals import *

MAX_CLIENTS, MAX_PER_UID, FOR_OPERATORS = 64, 16, 4
QUEUED = 8              # connections the supervisor holds for one role
MAX_FRAME, MAX_FRAME_BIG = 80 * 1024, 5 * 1024 * 1024

suite = None


def calls():
    """A route over the control socket answers as over HTTP."""
    gid = grp.getgrnam(GROUPS[CLIENT]).gr_gid
    with acting(UIDS[CLIENT], [gid]):
        c = suite.control('gatewayd.1')
    code, text = c.request('MSG_CTL_CALL', call('POST',
        '/api/v1/inspect/tool', json.dumps({'tool': 'shell', 'args':
        ATTACK}).encode()))
    eq((code, json.loads(text)['action']), (CTL_OK, 'block'))
    row = suite.rows("action = 'inspect-tool-block' AND actor = ?",
        ('uid:%d' % UIDS[CLIENT],))
    eq(len(row), 1)
    big = json.dumps({'tool': 'x', 'args': 'a ' * 1024 * 1024}).encode()
    eq(c.request('MSG_CTL_CALL', call('POST', '/api/v1/inspect/tool',
        big))[0], CTL_OK)
    for method, path, body, code in (('POST', '/nowhere', b'{}',
            CTL_NOT_FOUND), ('POST', '/status', b'{}', CTL_NOT_FOUND),
            ('GET', '/health/', b'', CTL_NOT_FOUND),
            ('POST', '/api/v1/inspect/tool', b'{', CTL_USAGE),
            ('POST', '/api/v1/inspect/tool', b'{}', CTL_USAGE),
            ('POST', '/audit/event', b'x' * (1024 * 1024 + 1), CTL_USAGE),
            ('POST', '/enforce/block', b'{"target_type":"tool",'
            b'"target_name":"x"}', CTL_PERMISSION)):
        eq(c.request('MSG_CTL_CALL', call(method, path, body))[0], code,
            (method, path, body[:30]))
    # strings that are not what they say
    for bad in (b'', b'\0' * 5, struct.pack('=I', 2 ** 31) + b'x\0' * 4,
            struct.pack('=I', 4) + b'POST', wstr('POST'),
            struct.pack('=I', 4) + b'PO\0T\0' + wstr('/status')):
        with acting(UIDS[CLIENT], [gid]):
            d = suite.control('gatewayd.1')
        try:
            code = d.request('MSG_CTL_CALL', bad)[0]
        except EOFError:
            code = CTL_FAILURE
        assert code in (CTL_FAILURE, CTL_NOT_FOUND), code
    c.close()


def malformed(instance):
    """Each ends its own connection; the role and the others live on."""
    pid = suite.pids()
    other = suite.control(instance)
    limit = MAX_FRAME_BIG if instance.startswith('gatewayd') else MAX_FRAME
    known = {MSG[t] for i, t, _, _ in TABLE if i == instance}
    status, hello = MSG['MSG_CTL_STATUS'], MSG['MSG_CTL_HELLO']

    def closed(do, hello=True):
        c = suite.control(instance, hello=hello)
        try:
            do(c)
        except (BrokenPipeError, ConnectionResetError):
            pass
        got = []
        while True:
            m = c.recv()
            if m is None:
                break
            got.append(m)
        c.close()
        eq(other.request('MSG_CTL_STATUS')[0], CTL_OK)
        for t, _, data in got:
            eq(t, MSG['MSG_CTL_ERROR'], got)
            eq(struct.unpack_from('=I', data)[0], CTL_FAILURE)
        return got

    for n in (0, 1, 15):
        closed(lambda c: c.send(status, length=n))
    for n in (16 + limit + 1, 2 ** 30, 2 ** 31 - 1):
        closed(lambda c: c.send(status, length=n))
    for t in set(MSG.values()) - known | {0, 7, 9999, 2 ** 32 - 1}:
        got = closed(lambda c: c.send(t))
        eq(len(got), 1, 'message %d is answered' % t)
        closed(lambda c: c.send(t, os.urandom(64)))
    for name, type, payload, _ in TABLE:
        right = len(payload(1))
        if name != instance:
            continue
        if right:
            closed(lambda c: c.send(MSG[type]))
            closed(lambda c: c.send(MSG[type], b'x' * 3))
        if type not in ('MSG_CTL_CALL', 'MSG_CTL_BATCH'):
            closed(lambda c: c.send(MSG[type], b'x' * 40000))
    # descriptors: marked, unmarked, marked but not there, by the dozen
    with open(os.devnull) as null:
        closed(lambda c: c.send(status, fd=null.fileno()))
        closed(lambda c: c.send(MSG['MSG_PEER'], b'x' * 32,
            fd=null.fileno()))
        closed(lambda c: c.send(MSG['MSG_CONTROL'], b'x' * 272,
            fd=null.fileno()))
        closed(lambda c: c.send(status, length=16 | FD_MARK))
        closed(lambda c: (c.sock.sendmsg([FRAME.pack(status, 16, 1, 1)],
            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i',
            [null.fileno()] * 20))]), c.send(0)))
        closed(lambda c: c.send(hello, struct.pack('=I', 1),
            fd=null.fileno()), hello=False)
    # the version comes first, once, and must be ours
    for t in (status, 0, MSG['MSG_CTL_STOP'], MSG['MSG_START']):
        closed(lambda c: c.send(t), hello=False)
    for bad in (b'', b'\1', struct.pack('=Q', 1), b'x' * 4000):
        closed(lambda c: c.send(hello, bad), hello=False)
    for version in (0, 2, 2 ** 32 - 1):
        got = closed(lambda c: c.send(hello, struct.pack('=I', version)),
            hello=False)
        assert b'version' in got[0][2], got
    closed(lambda c: c.send(hello, struct.pack('=I', 1)))
    # noise, the same each time
    rng = random.Random(1)
    for i in range(100):
        noise = rng.randbytes(rng.randrange(1, 300))
        closed(lambda c: (c.sock.sendall(noise),
            c.sock.shutdown(socket.SHUT_WR)), hello=i % 2 == 0)
    # gone in the middle of a frame
    for n in (1, 15, 16, 17):
        c = suite.control(instance)
        c.sock.sendall(FRAME.pack(status, 64, 1, 1)[:n] + b'x' * (n - 16))
        c.close()
    # bytes one by one are as good as all together
    c = suite.control(instance)
    for b in FRAME.pack(status, 16, 99, 1):
        c.sock.sendall(bytes([b]))
    eq([c.recv()[1], c.recv()[1]], [99, 99])
    # many at once, answered in order
    ids = [c.send(status) for _ in range(50)]
    got = []
    while len(got) < 50:
        t, id, _ = c.recv()
        if t == MSG['MSG_CTL_DONE']:
            got.append(id)
    eq(got, ids)
    c.close()
    eq(other.request('MSG_CTL_STATUS')[0], CTL_OK)
    other.close()
    eq(suite.pids(), pid, 'the same processes as before')


def malformed_frames():
    for instance in ('gatewayd.1', 'auditd', 'signer'):
        malformed(instance)


def list_names():
    """Names and reasons at and over their limits."""
    c = suite.control()
    eq(c.list_change('x' * 256, OP_BLOCK)[0], CTL_OK)
    eq(c.list_change('x' * 256, OP_NONE)[0], CTL_OK)
    for bad in (struct.pack('=16sQIIII', b'', 0, 0, 1, 0, 0),
            struct.pack('=16sQIIII', b'', 0, 5, 1, 0, 0),
            struct.pack('=16sQIIII', b'', 0, 1, 3, 0, 0),
            struct.pack('=16sQIIII', b'', 0, 1, 1, 3, 0)):
        eq(c.request('MSG_CTL_LIST_CHANGE', bad + wstr('x') + wstr('y'))[0],
            CTL_USAGE)
    good = struct.pack('=16sQIIII', b'', 0, 1, 1, 0, 0)
    for tail in (b'', wstr('x'), wstr('x' * 257) + wstr(''),
            wstr('x') + wstr('y' * 1025), wstr('') + wstr(''),
            wstr('x') + wstr('y') + b'z', wstr('x\0y') + wstr('z'),
            struct.pack('=I', 2 ** 32 - 1) + b'x', b'\0' * 100,
            struct.pack('=I', 2) + b'\xff\xfe\0' + wstr('y')):
        code, text = c.request('MSG_CTL_LIST_CHANGE', good + tail)
        eq(code, CTL_USAGE, (tail, text))
    c.close()
    c = suite.control()
    # to block what is blocked is no error, to unblock what is not is one
    eq(c.list_change('same', OP_BLOCK)[0], CTL_OK)
    eq(c.list_change('same', OP_BLOCK)[0], CTL_OK)
    eq(c.list_change('same', OP_NONE, was=OP_ALLOW)[0], CTL_NOT_FOUND)
    eq(c.list_change('same', OP_NONE, was=OP_BLOCK)[0], CTL_OK)
    eq(c.list_change('same', OP_NONE, was=OP_BLOCK)[0], CTL_NOT_FOUND)
    eq(c.request('MSG_CTL_ALERT_ACK', struct.pack('=Q', 999999) +
        wstr(''))[0], CTL_NOT_FOUND)
    eq(c.request('MSG_CTL_AUDIT_SHOW', struct.pack('=Q', 999999))[0],
        CTL_NOT_FOUND)
    for bad in (wstr('start') + wstr('x') + wstr('y'), wstr('config-update'),
            wstr('config-update') + wstr('x' * 300) + wstr('y')):
        eq(c.request('MSG_CTL_NOTE', b'\0' * 8 + bad + b'\0' *
            (15 - len(bad)))[0], CTL_USAGE)
    c.close()


def too_many():
    """No account can take all the places; all of them together neither."""
    gid = grp.getgrnam(GROUPS[AUDITOR]).gr_gid
    for instance in ('gatewayd.1', 'auditd', 'signer'):
        held, uid = [], 47100

        def full():
            c = suite.control(instance, hello=False)
            t, _, data = c.recv()
            eq(t, MSG['MSG_CTL_ERROR'])
            eq(struct.unpack_from('=I', data)[0], CTL_FAILURE)
            eq(c.recv(), None)
            c.close()

        while len(held) < MAX_CLIENTS - FOR_OPERATORS:
            uid += 1
            with acting(uid, [gid]):
                for _ in range(min(MAX_PER_UID, MAX_CLIENTS - FOR_OPERATORS -
                        len(held))):
                    c = suite.control(instance)
                    eq(c.request('MSG_CTL_STATUS')[0], CTL_OK)
                    held.append(c)
                full()
        # the last places are for operators, and then there is none
        for _ in range(FOR_OPERATORS):
            c = suite.control(instance)
            eq(c.request('MSG_CTL_STATUS')[0], CTL_OK)
            held.append(c)
        full()
        for c in held:
            eq(c.request('MSG_CTL_STATUS')[0], CTL_OK)
            c.close()

        def room():
            c = suite.control(instance, hello=False)
            try:
                c.send(MSG['MSG_CTL_HELLO'], struct.pack('=I', 1))
                return c.recv()[0] == MSG['MSG_CTL_HELLO']
            except (BrokenPipeError, ConnectionResetError):
                return False
            finally:
                c.close()
        wait_for(room, 'room again')


def silent():
    """One that connects and says nothing is not waited for."""
    for instance in ('gatewayd.1', 'auditd', 'signer'):
        c = suite.control(instance, hello=False)
        eq(c.recv(), None)
        c.close()


def role_that_does_not_read():
    """Connections to it wait in the kernel, not in the supervisor."""
    def fds():
        return len(os.listdir('/proc/%d/fd' % suite.proc.pid))
    pid, = suite.pids('signer')
    before = fds()
    os.kill(pid, signal.SIGSTOP)
    try:
        held = []
        for _ in range(40):
            with acting(0):
                held.append(suite.control('signer', hello=False))
        # what the socket to it takes is sent, and no longer open here
        more = fds() - before
        assert more <= QUEUED, '%d descriptors more' % more
        eq(suite.control('auditd').request('MSG_CTL_STATUS')[0], CTL_OK)
    finally:
        os.kill(pid, signal.SIGCONT)
    for c in held:
        c.close()
    wait_for(lambda: fds() <= before, 'the descriptors are closed')

    def answers():
        # those before it still have their places
        try:
            return suite.control('signer').request('MSG_CTL_STATUS')[0] == \
                CTL_OK
        except (AssertionError, BrokenPipeError, EOFError):
            return False
    wait_for(answers, 'an answer of the signer')


def head_is_not_a_new_one():
    """Asking for the head makes no rows without end."""
    c = suite.control()
    head = c.request('MSG_CTL_AUDIT_HEAD')
    eq(head[0], CTL_OK)
    wait_for(lambda: suite.rows("action = 'checkpoint' AND target = ?",
        (str(json.loads(head[1])['seq']),)), 'its checkpoint')
    last = suite.last_seq()
    for _ in range(20):
        eq(c.request('MSG_CTL_AUDIT_HEAD'), head)
    eq(suite.last_seq(), last)
    c.close()


def signer_that_does_not_answer():
    """Whoever waits for its signature is told; the suite still stops."""
    with Suite() as s:
        s.start()
        pid, = s.pids('signer')
        c = s.control()
        eq(c.request('MSG_CTL_AUDIT_HEAD')[0], CTL_OK)
        os.kill(pid, signal.SIGSTOP)
        eq(s.post('/api/v1/inspect/tool', {'tool': 'x'}).status, 200)
        code, text = c.request('MSG_CTL_AUDIT_HEAD')
        eq(code, CTL_NOT_RUNNING, text)
        # and when it goes while somebody waits
        time.sleep(5.5)
        id = c.send(MSG['MSG_CTL_AUDIT_HEAD'])
        os.kill(pid, signal.SIGKILL)
        t, rid, data = c.recv()
        eq((t, rid), (MSG['MSG_CTL_ERROR'], id))
        wait_for(lambda: s.pids('signer') not in ([], [pid]), 'signer')
        wait_for(lambda: c.request('MSG_CTL_AUDIT_HEAD')[0] == CTL_OK,
            'a signature')
        pid, = s.pids('signer')
        os.kill(pid, signal.SIGSTOP)
        eq(s.post('/api/v1/inspect/tool', {'tool': 'x'}).status, 200)
        start = time.monotonic()
        s.proc.send_signal(signal.SIGTERM)
        eq(s.proc.wait(CEILING), 0)
        s.proc = None
        took = time.monotonic() - start
        assert took < 8, 'the stop took %d s' % took


def status_beside_one_that_hangs():
    """All are asked at once, for seconds, and who is silent is named."""
    with Suite() as s:
        s.set_config('gateway.workers', 2)
        s.start()
        eq(s.ctl('status').returncode, 0)
        for role in ('auditd', 'gatewayd', 'signer'):
            pid = s.pids(role)[0]
            os.kill(pid, signal.SIGSTOP)
            try:
                start = time.monotonic()
                r = s.ctl('status', '--json')
                took = time.monotonic() - start
                assert took < 8, 'status took %d s' % took
                eq(r.returncode, 1, r.stderr)
                got = {p['instance']: p for p in
                    json.loads(r.stdout)['processes']}
                silent, = [i for i in got if 'no_answer' in got[i]]
                eq(got[silent]['pid'], pid, silent)
                eq(got[silent]['no_answer'], silent + ' did not answer '
                    'within 2.5 s')
                for i in {'signer', 'gatewayd.1', 'gatewayd.2'} - {silent}:
                    eq('figures' in got[i], True, i)
                r = s.ctl('status')
                eq(r.returncode, 1)
                eq([l.split()[0] for l in r.stdout.split('\n') if 'did not '
                    'answer' in l], [silent], r.stdout)
            finally:
                os.kill(pid, signal.SIGCONT)
            wait_for(lambda: s.ctl('status').returncode == 0, role)
        # one that is gone is asked again, as the new one
        pid = s.pids('gatewayd')[0]
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: s.ctl('status').returncode == 0 and
            len(s.pids('gatewayd')) == 2, 'the other worker')


def slow_reader():
    """One that asks and never reads does not stop the others."""
    c = suite.control('auditd')
    c.sock.setblocking(False)
    n = 0
    try:
        for n in range(20000):
            c.sock.sendall(FRAME.pack(MSG['MSG_CTL_AUDIT_EXPORT'], 32, n, 1) +
                struct.pack('=QQ', 0, 0))
    except (BlockingIOError, BrokenPipeError, ConnectionResetError):
        pass
    eq(suite.control().request('MSG_CTL_STATUS')[0], CTL_OK)
    a = suite.post('/api/v1/inspect/tool', {'tool': 'x'})
    eq(a.status, 200)
    c.close()
    eq(suite.control().request('MSG_CTL_AUDIT_LIST', audit_list())[0],
        CTL_OK)


def main():
    global suite
    need_root()
    run([signer_that_does_not_answer, status_beside_one_that_hangs])
    with Suite('system') as suite:
        suite.start()
        run([calls, malformed_frames, list_names, too_many, silent,
            role_that_does_not_read, head_is_not_a_new_one, slow_reader])


if __name__ == '__main__':
    program(main)
