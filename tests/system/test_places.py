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


"""Places that are not as a developer's machine is: containers, read-only
and noexec file systems, a hidden /proc, odd limits and descriptors.

In each the suite gates and records a call and lacks nothing of what holds its
roles elsewhere, or it refuses with a sentence that says what to do.
"""

import json
import os
import stat
import subprocess

import lib
from lib import Suite, eq

SOAK = os.environ.get('DC_SOAK')
TOOL = '/api/v1/inspect/tool'
BODY = {'tool': 'shell', 'args': {'command': lib.ATTACK}}
UID = 47005             # nobody else counts as its processes
EXIT_CONFIG, EXIT_PERMISSION = 3, 8
USER, SYSTEM = 'user', 'system'
BOTH = (USER, SYSTEM)

# a small /run of its own
RUN = ('test -d $RUN || install -d -o $(stat -c %%u $CONF) $RUN; mount -t tmpfs -o mode=755,%s none $RUN; '
    'chown $(stat -c %%u $CONF) $RUN; ')
DEV = 'mount -t tmpfs -o mode=755 none /dev; '

# name: (modes, shell in a mount namespace of its own, what the sentence
# holds when it refuses).  $BIN, $RUN, $CONF, $RW (what must be writable);
# ROOT runs the program, as root; USER runs it as its account.
PLACES = {
    'read-only /': (BOTH, 'for d in $RW; do mount --bind $d $d; done; '
        'mount -o remount,bind,ro /; ! touch /usr/x 2>/dev/null', None),
    'noexec /tmp and home': (BOTH, 'mount --bind /tmp /tmp; '
        'mount -o remount,bind,noexec /tmp; mount --bind $BIN $BIN; '
        'mount -o remount,bind,exec $BIN; '
        'for d in $RW; do mount --bind $d $d; '
        'mount -o remount,bind,noexec,nosuid,nodev $d; done', None),
    'a program on noexec': (BOTH, 'P=$BIN/defenseclaw-confc; '
        'mount --bind $P $P; mount -o remount,bind,noexec $P',
        'could not be executed: is it there, on a file system without '
        'noexec'),
    'hidepid=2': (BOTH, 'mount -t proc -o hidepid=2 proc /proc', None),
    'no /proc': (BOTH, 'mount -t tmpfs none /proc', None),
    '/dev/null alone': (BOTH, 'touch $TOP/null; '
        'mount --bind /dev/null $TOP/null; ' + DEV + 'touch /dev/null; '
        'mount --bind $TOP/null /dev/null', None),
    'no /dev': (BOTH, DEV, '/dev/null could not be opened: it must be there'),
    'read-only configuration': (BOTH, 'mount --bind $CONF $CONF; '
        'for d in run log audit sign; do test ! -d $CONF/$d || '
        'mount --bind $CONF/$d $CONF/$d; done; '
        'mount -o remount,bind,ro $CONF', None),
    'read-only home': ((USER,), 'rm -rf $CONF/run; '
        'mount --bind $CONF $CONF; mount -o remount,bind,ro $CONF',
        'it must be on a file system that can be written'),
    'full /run, no bytes': (BOTH, RUN % 'size=4k' +
        'head -c 9999 /dev/zero > $RUN/f 2>/dev/null || :', None),
    'full /run, no file': (BOTH, RUN % 'nr_inodes=3' +
        'touch $RUN/a $RUN/b 2>/dev/null || :',
        'No space left on device: make room there'),
    'full /run, no socket': (BOTH, RUN % 'nr_inodes=6',
        'no control socket'),
    'few open files': (BOTH, 'ulimit -n 128', 'the limit of open files is '
        '128, 256 are needed: raise it with ulimit -n'),
    'few open files, to be raised': (BOTH, 'ulimit -S -n 64', None),
    'one process': ((USER,), 'USER="prlimit --nproc=1:1"',
        'fork: Resource temporarily unavailable: raise the limit of '
        'processes with ulimit -u'),
    'no terminal, odd language': (BOTH, 'unset HOME TMPDIR; '
        'export LANG=xx_YY.UTF-8 LC_ALL=tr_TR.ISO-8859-9; ROOT=setsid', None),
    'descriptors closed': (BOTH, 'CLOSE=1', None),
    'root without CAP_SYS_ADMIN': ((SYSTEM,),
        'ROOT="setpriv --bounding-set -sys_admin"', 'network: new '
        'namespaces are refused, system mode needs CAP_SYS_ADMIN, user mode '
        '(--user) does without'),
}
MORE_PLACES = {
    'no /dev/shm': (BOTH, 'test ! -d /dev/shm || { mkdir $TOP/e; '
        'mount --bind $TOP/e /dev/shm; mount -o remount,bind,ro /dev/shm; }',
        None),
    'no /proc, no close_range': (BOTH, 'mount -t tmpfs none /proc; '
        'ROOT="%s -d close_range"' % os.path.join(lib.TOP,
        'build/kernel/oldkernel'), None),
    'two processes': ((USER,), 'USER="prlimit --nproc=2:2"',
        'fork: Resource temporarily unavailable'),
    'temporary files nowhere': (BOTH, 'export TMPDIR=/nonexistent', None),
    'eight open files': (BOTH, 'ulimit -n 8', 'ulimit -n'),
    'root without CAP_SETUID': ((SYSTEM,),
        'ROOT="setpriv --bounding-set -setuid"', "uid: changing to one of "
        "the role's own is refused"),
    'root without CAP_SYS_CHROOT': ((SYSTEM,),
        'ROOT="setpriv --bounding-set -sys_chroot"', 'root: changing the '
        'root directory is refused'),
    # as the usual container of root has it, minus what user mode can lack
    'root of a container': ((USER,), 'ROOT="setpriv --bounding-set '
        '-sys_admin,-sys_ptrace,-sys_resource,-net_admin,-setpcap"', None),
}
SHELL = r'''set -e
umask 022
%s
run="$ROOT $DROP $USER"
case "$CLOSE" in
"") exec $run "$0" "$@" ;;
*) exec $run "$0" "$@" <&- >&- 2>&- ;;
esac
'''


def drop(suite):
    return ['setpriv', '--reuid', str(suite.uid), '--regid', str(suite.uid),
        '--clear-groups'] if suite.uid else []


def place(suite, script):
    """A launcher for Suite: as its account, in such a place."""
    rw = [suite.state, suite.logdir, suite.run] if suite.system else \
        [suite.home]
    for d in rw:
        os.makedirs(d, exist_ok=True)
    env = {'TOP': suite.dir, 'BIN': suite.bin, 'RUN': suite.run,
        'CONF': suite.confdir, 'RW': ' '.join(rw),
        'DROP': ' '.join(drop(suite)), 'ROOT': '', 'USER': '', 'CLOSE': ''}
    return ['env', *['%s=%s' % x for x in env.items()], 'unshare', '-m',
        '--propagation', 'private', 'sh', '-c', SHELL % script]


def inside(suite, *args, pid=None):
    """The front end beside the suite, so in its namespaces."""
    argv = ['nsenter', '-t', str(pid or suite.proc.pid), '-m']
    argv += ['-U', '-p', '-S', '0', '-G', '0'] if pid else \
        ['--', *drop(suite)]
    return subprocess.run([*argv, os.path.join(suite.bin, 'defenseclawctl'),
        *args], env=suite.env(), text=True, capture_output=True,
        stdin=subprocess.DEVNULL, timeout=lib.CEILING)


def lacks(suite, pid=None):
    r = inside(suite, 'status', '--json', pid=pid)
    eq(r.returncode, 0, r.stderr)
    return {p['role']: p['sandbox']['lacks']
        for p in json.loads(r.stdout)['processes'] if p.get('sandbox')}


def gated(suite):
    was = suite.last_seq()
    a = suite.post(TOOL, BODY)
    eq((a.status, a.json['action']), (200, 'block'))
    eq(len(suite.rows("seq > ? AND action = 'inspect-tool-block'", (was,))),
        1, 'rows')


def refused(suite, name, words):
    try:
        suite.start()
    except lib.StartFailed as e:
        if e.code not in (EXIT_CONFIG, EXIT_PERMISSION) or \
                words not in e.text:
            raise AssertionError('%s: %s' % (name, e))
        # what is not there of it any more is not there later either
        eq(suite.pids(), {'gatewayd': [], 'auditd': [], 'signer': []}, name)
        return
    raise AssertionError('%s: it started' % name)


def closed(suite):
    """No file of the suite has taken the place of a standard descriptor."""
    for fd in range(3):
        eq(os.readlink('/proc/%d/fd/%d' % (suite.proc.pid, fd)), '/dev/null',
            'descriptor %d' % fd)
    r = subprocess.run(['sh', '-c', 'exec "$@" <&- >&- 2>&-', 'sh',
        *drop(suite), os.path.join(suite.bin, 'defenseclawctl'), 'inspect',
        'tool', '--tool', 'shell', '--args', json.dumps(BODY['args'])],
        env=suite.env(), timeout=lib.CEILING)
    eq(r.returncode, lib.CTL_POLICY, 'front end')


def all_places(suite):
    suite.init()
    suite.start()
    base = lacks(suite)
    gated(suite)
    suite.stop()
    for name, (modes, script, words) in {**PLACES,
            **(MORE_PLACES if SOAK else {})}.items():
        if suite.mode not in modes:
            continue
        suite.launcher = place(suite, script)
        print('    %s' % name, flush=True)
        if words is not None:
            refused(suite, name, words)
            continue
        suite.start()
        gated(suite)
        eq(lacks(suite), base, name)
        if name == 'descriptors closed':
            closed(suite)
        eq(suite.stop(), 0, name)
    suite.launcher = []


def user_mode():
    s = Suite(uid=UID)
    try:
        all_places(s)
    finally:
        s.cleanup()


def system_mode():
    s = Suite('system')
    try:
        all_places(s)
    finally:
        s.cleanup()


def modes_of(suite):
    """Mode of every file and directory of the suite by name."""
    out = {}
    for top in {suite.confdir, suite.state, suite.logdir, suite.run}:
        for root, dirs, files in os.walk(top):
            for path in [root] + [os.path.join(root, f) for f in files]:
                out[path[len(suite.dir):] if suite.home else path] = oct(
                    stat.S_IMODE(os.lstat(path).st_mode))
    return out


def umasks():
    """What is made is for whom it is for, whatever the umask."""
    for mode in BOTH:
        seen = []
        for mask in ('022', '000', '077'):
            s = Suite(mode, uid=UID if mode == USER else None)
            try:
                s.launcher = place(s, 'umask ' + mask)
                if mode == SYSTEM:
                    # what the launcher made is init's to make
                    for d in (s.state, s.logdir, s.run):
                        os.rmdir(d)
                s.init()
                s.start()
                gated(s)
                lib.wait_for(lambda: os.path.exists(os.path.join(s.state,
                    'sign/signed.head')), 'the first signed head')
                seen.append(modes_of(s))
            finally:
                s.cleanup()
        for i in (1, 2):
            eq({k: v for k, v in seen[i].items() if seen[0].get(k) != v}, {},
                '%s mode' % mode)
            eq(set(seen[i]), set(seen[0]), '%s mode' % mode)


def run_fills_up():
    """/run has no room left when a reload wants more workers: they serve, a
    socket to ask them comes when there is room again."""
    s = Suite()
    try:
        s.init()
        s.set_config('gateway.workers', 1)
        s.launcher = place(s, RUN % 'nr_inodes=20')
        s.start()
        run = '/proc/%d/root%s' % (s.proc.pid, s.run)
        made = []
        try:
            while True:
                made.append(os.path.join(run, 'f%d' % len(made)))
                open(made[-1], 'x').close()
        except OSError:
            made.pop()
        s.set_config('gateway.workers', 3)
        r = inside(s, 'reload')
        eq(r.returncode, 0, r.stderr)
        lib.wait_for(lambda: len(s.pids('gatewayd')) == 3, 'workers')
        for _ in range(9):
            gated(s)
        if 'gatewayd.3.sock: No space left on device: make room' not in \
                s.log():
            raise AssertionError(s.log()[-2000:])
        for path in made:
            os.unlink(path)
        r = inside(s, 'reload')
        eq(r.returncode, 0, r.stderr)
        eq(os.path.exists(os.path.join(run, 'control/gatewayd.3.sock')), True,
            'the socket')
        eq(s.stop(), 0)
    finally:
        s.cleanup()


CONTAINER = ['setpriv', '--reuid', str(UID), '--regid', str(UID),
    '--clear-groups', 'unshare', '-U', '-r', '-m', '-p', '-f',
    '--kill-child', '--mount-proc']


def container_possible():
    r = subprocess.run([*CONTAINER, 'true'], text=True, capture_output=True)
    if r.returncode != 0:
        raise lib.Skip('no user namespaces here: %s' % r.stderr.strip())


def container():
    """Uid 0 of a user namespace that has one uid: the first process there,
    without any capability outside."""
    container_possible()
    s = Suite(uid=UID)
    try:
        s.init()
        s.start()
        base = lacks(s)
        s.stop()
        s.launcher = CONTAINER
        s.start()
        with open('/proc/%d/task/%d/children' % (s.proc.pid,
                s.proc.pid)) as f:
            pid = int(f.read().split()[0])
        gated(s)
        eq(lacks(s, pid), base, 'container')
        os.kill(pid, 15)
        eq(s.proc.wait(lib.CEILING), 0)
        s.proc = None
    finally:
        s.cleanup()


def container_system():
    """There is one uid only, and system mode needs more."""
    container_possible()
    s = Suite('system')
    try:
        root = os.environ['DC_SYSROOT']
        mounts = ''.join('mount -t tmpfs -o mode=755 none %s/%s; ' % (root, d)
            for d in ('etc', 'var', 'run'))
        mounts += 'mkdir -p %s/var/lib %s/var/log; ' % (root, root)
        r = subprocess.run([*CONTAINER, 'sh', '-c', mounts +
            '"$0" init; echo init $?; exec "${0%ctl}d"', os.path.join(s.bin,
            'defenseclawctl')], env=s.env(), text=True, capture_output=True,
            stdin=subprocess.DEVNULL, timeout=lib.CEILING)
        eq('\ninit 1\n' in r.stdout, True, r.stdout + r.stderr)
        eq('a container that has root alone can run user mode' in r.stdout,
            True, r.stdout)
        eq(r.returncode in (EXIT_CONFIG, EXIT_PERMISSION), True, r.stderr)
        eq('cannot start: ' in r.stderr and 'user mode (--user)' in r.stderr,
            True, r.stderr)
        # and with nothing that it may write
        r = subprocess.run([*CONTAINER, os.path.join(s.bin, 'defenseclawd')],
            env=s.env(), text=True, capture_output=True,
            stdin=subprocess.DEVNULL, timeout=lib.CEILING)
        eq(r.returncode, EXIT_PERMISSION, r.stderr)
        eq('user mode (--user) does without' in r.stderr, True, r.stderr)
    finally:
        s.cleanup()


def main():
    lib.need_root()
    lib.env_dir('DC_BIN')
    lib.run([user_mode, system_mode, umasks, run_fills_up, container,
        container_system])


if __name__ == '__main__':
    lib.program(main)
