#!/usr/bin/env python3
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

"""An agent in a container: another user and mount namespace, into which the
host's socket is mounted.  Its uid is nobody's of this host and is named so."""

import neighbour
from principals import *
from test_hook import CALLS, hook, is_block, is_pass

FIRST, COUNT, OWNER = 424200000, 65536, 'alice'
OVERFLOW = 65534
CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000

suite = None


def mount(what, where, kind=None, flags=0):
    if neighbour.libc.mount(what and what.encode(), where.encode(), kind and
            kind.encode(), flags, None) == -1:
        raise OSError(neighbour.ctypes.get_errno(), 'mount %s' % where)


def mount_socket():
    """Nothing of the suite's directory is here but the socket."""
    run = os.path.dirname(suite.gateway_sock)
    fd = os.open(suite.gateway_sock, os.O_PATH)
    mount(None, '/', None, MS_REC | MS_PRIVATE)
    mount('none', run, 'tmpfs')
    open(suite.gateway_sock, 'w').close()
    mount('/proc/self/fd/%d' % fd, suite.gateway_sock, None, MS_BIND)
    os.close(fd)
    eq(os.listdir(run), [os.path.basename(suite.gateway_sock)])


def contained(fn, groups=(), first=FIRST, prepare=mount_socket):
    """What fn() returns as root of a container."""
    r, w = os.pipe()
    go_r, go_w = os.pipe()
    in_r, in_w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(r)
        try:
            os.setgroups(list(groups))
            neighbour.ctypes.set_errno(0)
            rv = neighbour.libc.unshare(CLONE_NEWUSER | CLONE_NEWNS)
            os.write(in_w, b'%d' % (rv != 0))
            os.read(go_r, 1)
            os.setresgid(0, 0, 0)
            os.setresuid(0, 0, 0)
            prepare()
            out = (True, fn())
        except BaseException as e:
            out = (False, '%s\n%s' % (e, traceback.format_exc()))
        with os.fdopen(w, 'wb') as f:
            pickle.dump(out, f)
        os._exit(0)
    os.close(w)
    try:
        if os.read(in_r, 1) != b'0':
            raise Skip('no user namespace can be made here')
        for name in ('uid_map', 'gid_map'):
            with open('/proc/%d/%s' % (pid, name), 'w') as f:
                f.write('0 %d %d' % (first, COUNT))
    finally:
        os.write(go_w, b'x')
        with os.fdopen(r, 'rb') as f:
            data = f.read()
        os.waitpid(pid, 0)
        for fd in (go_r, go_w, in_r, in_w):
            os.close(fd)
    ok, value = pickle.loads(data)
    if not ok:
        raise AssertionError('in the container: %s' % value)
    return value


def ask(command, **env):
    event = CALLS['codex'](command)
    return event, hook(suite, 'codex', event, '--system', env=env)


def in_the_group():
    """podman's keep-groups: a client by its group, under a name of its own
    in the log."""
    def agent():
        eq(os.getuid(), 0)
        # the host's root has no name in here
        eq(os.stat(suite.gateway_sock).st_uid, OVERFLOW)
        is_block('codex', *ask(ATTACK))
        is_pass('codex', ask('echo hi')[1])
    contained(agent, groups_of(CLIENT))
    rows = suite.rows("agent_name = 'codex'")
    eq([(r['action'], r['actor']) for r in rows], [(a, 'mapped-uid:%d' %
        FIRST) for a in ('inspect-tool-block', 'inspect-tool-allow')])


def root_in_there_only():
    """It is root of nothing here: what it asks is refused, and recorded."""
    def agent():
        event, got = ask('echo hi')
        eq('401' in is_block('codex', event, got), True, got)
    contained(agent)
    suite.wait_row("action = 'request-refused' AND target = 'unauthorized' "
        "AND actor = ?", ('mapped-uid:%d' % FIRST,))

    def control():
        c = suite.control('auditd', hello=False)
        return c.recv()[2]
    said = contained(control, prepare=lambda: None)
    assert b'uid %d (mapped: subordinate range of %s) may not do this' % (
        FIRST, OWNER.encode()) in said, said
    suite.wait_row("action = 'request-refused' AND target = 'control' "
        "AND actor = ?", ('mapped-uid:%d' % FIRST,))
    # uid 0 of this host it never is
    eq(suite.rows("action = 'request-refused' AND actor = 'uid:0'"), [])


def with_a_token():
    token = suite.token()

    def agent():
        is_block('codex', *ask(ATTACK, DEFENSECLAW_GATEWAY_TOKEN=token))
        is_pass('codex', ask('echo hi', DEFENSECLAW_GATEWAY_TOKEN=token)[1])
        for bad in (token[:-1] + 'x', token + '\r\nX-A: b', 'x' * 2000):
            is_block('codex', *ask('echo hi', DEFENSECLAW_GATEWAY_TOKEN=bad))
    contained(agent)
    eq([r['actor'] for r in suite.rows("agent_name = 'codex'")[-2:]],
        ['token:gateway-token'] * 2)


def overflow():
    """Whoever the kernel cannot name is nobody, whatever its groups."""
    token = suite.token()
    for who in (CLIENT, OPERATOR):
        with acting(OVERFLOW, groups_of(who)):
            eq(suite.post('/api/v1/inspect/tool', {'tool': 'x'}, token=False,
                unix=True).status, 401)
            c = suite.control('auditd', hello=False)
            said = c.recv()[2]
            c.close()
            assert b'uid %d (overflow' % OVERFLOW in said, said
            eq(suite.post('/api/v1/inspect/tool', {'tool': 'x'}, token=token,
                unix=True).status, 200)
    for target in ('unauthorized', 'control'):
        suite.wait_row("action = 'request-refused' AND target = ? AND "
            "actor = 'overflow-uid:%d'" % OVERFLOW, (target,))
    eq(suite.rows("actor = 'uid:%d'" % OVERFLOW), [])


def impostor():
    """A socket that somebody in the container made is not the suite's."""
    def agent():
        os.unlink(suite.gateway_sock)
        s = socket.socket(socket.AF_UNIX)
        os.seteuid(1000)
        s.bind(suite.gateway_sock)
        s.listen(1)
        os.seteuid(0)
        event, got = ask('echo hi')
        eq('made by uid 1000' in is_block('codex', event, got), True, got)

    def prepare():
        mount(None, '/', None, MS_REC | MS_PRIVATE)
        run = os.path.dirname(suite.gateway_sock)
        mount('none', run, 'tmpfs')
        os.chmod(run, 0o777)
        open(suite.gateway_sock, 'w').close()
    contained(agent, groups_of(CLIENT), prepare=prepare)


def main():
    global suite
    need_root()
    if not os.path.exists('/etc/subuid'):
        raise Skip('no /etc/subuid to put another one over')
    with Suite('system') as suite:
        path = os.path.join(suite.dir, 'subuid')
        with open(path, 'w') as f:
            f.write('# none\nbad\nx:y:z\nbob:1:\n%s:%d:%d\n' % (OWNER, FIRST,
                COUNT))
        suite.launcher = ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" '
            '/etc/subuid && exec "$@"', path]
        suite.start()
        suite.launcher = []
        run([in_the_group, root_in_there_only, with_a_token, overflow,
            impostor])


if __name__ == '__main__':
    program(main)
