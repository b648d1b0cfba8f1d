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


"""Attempts of a neighbour at files and processes."""

import resource
import signal

from neighbour import *

DENIED = ('EACCES',)
NO_RIGHT = ('EPERM', 'EACCES')

# --- files -------------------------------------------------------------------


@attempt('file.read', 'open every file below the four directories of the '
    'suite but device.pub and the rule packs', *DENIED)
def file_read(n):
    paths = n.private_files()
    names = {os.path.basename(p) for p in paths}
    assert {'config.yaml', '.env', 'gateway-token', 'redaction.key',
        'device.key', 'audit.db', 'audit.db-wal', 'audit.db-shm',
        'signed.head', 'defenseclaw.log', 'defenseclawd.pid', 'sink-net',
        'audit-000000000001.jsonl'} <= names, names
    return [tried(os.open, p, os.O_RDONLY) for p in paths]


@attempt('file.list', 'list the directories that hold secrets, log and state',
    *DENIED)
def file_list(n):
    s = n.suite
    return [tried(os.listdir, d) for d in (s.secrets, s.logdir,
        os.path.dirname(s.audit_db), os.path.join(s.state, 'sign'),
        os.path.join(s.state, 'sinks'),
        os.path.join(s.state, 'sinks', 'files'))]


@attempt('file.write', 'open every file there, public ones too, to write, to '
    'append, to truncate', *DENIED)
def file_write(n):
    return [tried(os.open, p, how) for p in n.files for how in
        (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND, os.O_RDWR |
        os.O_TRUNC)] + [tried(os.truncate, p, 0) for p in n.files]


@attempt('file.create', 'make a file, a directory, a FIFO, a socket, a '
    'symbolic and a hard link in every directory there', *DENIED)
def file_create(n):
    mine, out = n.own(), []
    for d in n.dirs:
        p = os.path.join(d, 'planted')
        out += [tried(os.open, p, os.O_CREAT | os.O_EXCL | os.O_WRONLY),
            tried(os.mkdir, p), tried(os.mkfifo, p),
            tried(os.mknod, p, stat.S_IFREG | 0o644),
            tried(os.symlink, mine, p), tried(os.link, mine, p),
            tried(socket.socket(socket.AF_UNIX).bind, p)]
    return out


@attempt('file.remove', 'remove, rename and replace every file, socket and '
    'directory there', *DENIED)
def file_remove(n):
    mine, out = n.own(), []
    for p in n.files + n.sockets:
        out += [tried(os.unlink, p), tried(os.rename, p, p + '.old'),
            tried(os.rename, mine, p)]
    for d in n.dirs:
        out += [tried(os.rmdir, d), tried(os.rename, d, d + '.old')]
    return out


@attempt('file.owner', 'change mode, owner, times and attributes of every '
    'file, socket and directory there', *NO_RIGHT)
def file_owner(n):
    out = []
    for p in n.files + n.sockets + n.dirs:
        out += [tried(os.chmod, p, 0o777), tried(os.chown, p, os.getuid(),
            -1), tried(os.utime, p, (0, 0))]
        # who may connect to a socket may touch(1) it, too
        if p not in n.sockets:
            out += [tried(os.utime, p), tried(os.setxattr, p, 'user.x',
                b'x')]
    return out


def link_out(n, p):
    to = os.path.join(n.dir, '%d-link' % os.getuid())
    got = tried(os.link, p, to)
    if got == 'done':
        # fs.protected_hardlinks is off: it is a name, and no right
        got = tried(os.open, to, os.O_RDONLY)
        os.unlink(to)
    return got


@attempt('file.link', 'hard-link every file into an own directory and open '
    'it there', *NO_RIGHT)
def file_link(n):
    return [link_out(n, p) for p in n.private_files()]


@attempt('file.program', 'write the programs, or make files beside them',
    'EACCES', 'EROFS')
def file_program(n):
    top = n.suite.bin
    return [tried(os.open, os.path.join(top, p), os.O_WRONLY) for p in
        os.listdir(top) if os.path.isfile(os.path.join(top, p))] + [
        tried(os.open, os.path.join(top, 'libevil.so'), os.O_CREAT |
        os.O_WRONLY)]


@attempt('file.unit', 'write units, init scripts and the files of accounts',
    'EACCES', 'EROFS', 'ENOENT')
def file_unit(n):
    out = []
    for d in ('/etc/systemd/system', '/usr/lib/systemd/system',
            '/lib/systemd/system', '/usr/local/lib/systemd/system',
            '/etc/init.d', '/etc/sysusers.d', '/run/systemd/system'):
        out.append(tried(os.open, os.path.join(d, 'defenseclaw.service'),
            os.O_CREAT | os.O_WRONLY))
    return out + [tried(os.open, p, os.O_WRONLY) for p in ('/etc/passwd',
        '/etc/group', '/etc/ld.so.preload')]


@attempt('file.mount', 'mount something over each directory there',
    *NO_RIGHT)
def file_mount(n):
    return [c_call('mount', n.dir.encode(), d.encode(), None, 4096, None)
        for d in n.dirs]


@attempt('file.mount-own', 'the same in an own user and mount namespace, which '
    'nobody else sees', 'own view', 'EPERM', 'ENOSPC', 'ENOSYS')
def file_mount_own(n):
    got = new_namespace(CLONE_NEWNS)
    if got == 'done':
        got = c_call('mount', n.dir.encode(), n.suite.confdir.encode(), None,
            4096, None)
    # that root's view is another, look_unchanged() of the test says
    return 'own view' if got == 'done' else got


@attempt('file.handle', 'open a file by a handle, past its directories',
    *NO_RIGHT, 'EOPNOTSUPP', 'ENOSYS')
def file_handle(n):
    buf = ctypes.create_string_buffer(8 + 128)
    struct.pack_into('=Ii', buf, 0, 128, 0)
    mount = ctypes.c_int()
    got = c_call('name_to_handle_at', -100, n.suite.config.encode(), buf,
        ctypes.byref(mount), 0)
    if got != 'done':
        return got
    with open(n.own()) as f:
        return c_call('open_by_handle_at', f.fileno(), buf, os.O_RDONLY)


@attempt('file.lease', 'take a lease on what can be opened', *NO_RIGHT,
    'EAGAIN')
def file_lease(n):
    out = []
    for p in [p for p in n.files if n.is_public(p)]:
        with open(p) as f:
            out += [tried(fcntl.fcntl, f, fcntl.F_SETLEASE, how) for how in
                (fcntl.F_RDLCK, fcntl.F_WRLCK)]
    return out


# --- processes ---------------------------------------------------------------

READ = ('mem', 'maps', 'smaps', 'smaps_rollup', 'numa_maps', 'pagemap',
    'environ', 'auxv', 'syscall', 'stack', 'io', 'personality', 'map_files',
    'fd', 'fdinfo')
LINKS = ('root', 'cwd', 'exe', 'ns/net', 'ns/mnt', 'fd/3')
WRITE = ('mem', 'oom_score_adj', 'oom_adj', 'coredump_filter', 'comm',
    'clear_refs', 'uid_map', 'gid_map', 'setgroups', 'timerslack_ns',
    'loginuid', 'autogroup', 'attr/current')


def each(n, fn):
    return [got for pid in n.pids for got in fn(pid)]


def read_all(path):
    if os.path.isdir(path):
        return tried(os.listdir, path)
    return tried(lambda: open(path, 'rb').read(1))


@attempt('proc.read', 'read /proc/PID/ mem, maps, smaps, pagemap, environ, '
    'auxv, syscall, stack, io, map_files, fd and the like of every process, '
    'and follow root, cwd, exe, ns and descriptors', *NO_RIGHT, 'ENOENT',
    'ESRCH')
def proc_read(n):
    assert all(os.path.exists('/proc/%d/status' % p) for p in n.pids)
    return each(n, lambda pid: [read_all('/proc/%d/%s' % (pid, f)) for f in
        READ] + [tried(os.readlink, '/proc/%d/%s' % (pid, f)) for f in
        LINKS] + [tried(os.listdir, '/proc/%d/root' % pid),
        read_all('/proc/%d/task/%d/mem' % (pid, pid))])


def write_some(path, data=b'1'):
    def write():
        fd = os.open(path, os.O_WRONLY)
        try:
            os.write(fd, data)
        finally:
            os.close(fd)
    return tried(write)


@attempt('proc.write', 'write mem, oom_score_adj, comm, clear_refs, uid_map, '
    'timerslack_ns and the like there', *NO_RIGHT, 'ENOENT', 'ENODEV')
def proc_write(n):
    return each(n, lambda pid: [write_some('/proc/%d/%s' % (pid, f)) for f in
        WRITE])


@attempt('proc.public', 'look for secrets in cmdline, comm, status, stat, '
    'limits and cgroup, which anybody may read', 'no secret')
def proc_public(n):
    out = []
    for pid in n.pids:
        for f in ('cmdline', 'comm', 'status', 'stat', 'limits', 'cgroup'):
            try:
                with open('/proc/%d/%s' % (pid, f), 'rb') as file:
                    text = file.read()
            except FileNotFoundError:
                continue
            out.append('a secret in ' + f if n.token.encode() in text else
                'no secret')
    return out


@attempt('proc.kernel', 'read the memory of all through /dev/mem, '
    '/proc/kcore and the like', *NO_RIGHT, 'ENOENT', 'ENXIO')
def proc_kernel(n):
    return [read_all(p) for p in ('/dev/mem', '/dev/kmem', '/proc/kcore',
        '/dev/port')]


@attempt('proc.kill', 'send each signal by kill(2), tkill, tgkill, '
    'sigqueue(3) and a pidfd, to process, group and all', 'EPERM', 'ESRCH')
def proc_kill(n):
    # within a session SIGCONT is anybody's; a neighbour has its own
    os.setsid()
    os.kill(-1, signal.SIGKILL)         # says 0 also when it hit nobody
    out = []
    for pid in n.pids:
        fd = os.pidfd_open(pid)
        info = ctypes.create_string_buffer(128)
        for sig in range(0, 65):
            struct.pack_into('=iii', info, 0, sig, 0, -1)       # SI_QUEUE
            out += [tried(os.kill, pid, sig), tried(os.killpg, pid, sig),
                c_call('tkill', pid, sig), c_call('tgkill', pid, pid, sig),
                c_call('rt_sigqueueinfo', pid, sig, info),
                c_call('rt_tgsigqueueinfo', pid, pid, sig, info)]
            if sig:
                out.append(tried(signal.pidfd_send_signal, fd, sig))
        os.close(fd)
    return out


@attempt('proc.sigio', 'have the kernel send SIGKILL for input on an own '
    'socket (F_SETOWN, F_SETSIG)', 'unsent', *NO_RIGHT)
def proc_sigio(n):
    out = []
    for pid in n.pids:
        a, b = socket.socketpair()
        got = tried(fcntl.fcntl, a, fcntl.F_SETOWN, pid)
        fcntl.fcntl(a, 10, signal.SIGKILL)          # F_SETSIG
        fcntl.fcntl(a, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC)
        b.send(b'x')
        # that all live on, look_unchanged() of the test says
        out.append('unsent' if got == 'done' else got)
    return out


@attempt('proc.trace', 'PTRACE_ATTACH and PTRACE_SEIZE', 'EPERM')
def proc_trace(n):
    return each(n, lambda pid: [c_call('ptrace', how, pid, None, None) for
        how in (16, 0x4206)])


@attempt('proc.trace-own', 'the same as root of an own user namespace',
    'EPERM', 'ENOSPC', 'ENOSYS')
def proc_trace_own(n):
    got = new_namespace()
    if got != 'done':
        return got
    return proc_trace(n)


@attempt('proc.vm', 'process_vm_readv, process_vm_writev, process_madvise, '
    'process_mrelease, move_pages, migrate_pages', *NO_RIGHT, 'EINVAL',
    'ENOSYS')
def proc_vm(n):
    class iovec(ctypes.Structure):
        _fields_ = [('base', ctypes.c_void_p), ('len', ctypes.c_size_t)]
    buf = ctypes.create_string_buffer(64)
    local = iovec(ctypes.cast(buf, ctypes.c_void_p), 64)
    remote = iovec(0x400000, 64)
    mask = (ctypes.c_ulong * 16)(1)
    pages = (ctypes.c_void_p * 1)(0x400000)
    status = (ctypes.c_int * 1)()
    out = []
    for pid in n.pids:
        fd = os.pidfd_open(pid)
        for name in ('process_vm_readv', 'process_vm_writev'):
            got = c_call(name, pid, ctypes.byref(local), 1,
                ctypes.byref(remote), 1, 0)
            assert got == 'EPERM', (name, got)
            out.append(got)
        out += [c_call('process_madvise', fd, ctypes.c_void_p(
            ctypes.addressof(remote)), 1, 21, 0),
            c_call('process_mrelease', fd, 0),
            c_call('move_pages', pid, 1, pages, None, status, 0),
            c_call('migrate_pages', pid, 64, mask, mask)]
        os.close(fd)
    return out


@attempt('proc.descriptor', 'take descriptors by pidfd_getfd, compare them by '
    'kcmp', 'EPERM', 'ENOSYS')
def proc_descriptor(n):
    out = []
    for pid in n.pids:
        fd = os.pidfd_open(pid)
        out += [c_call('pidfd_getfd', fd, i, 0) for i in range(10)]
        out += [c_call('kcmp', pid, os.getpid(), 0, 3, 0)]
        os.close(fd)
    return out


@attempt('proc.perf', 'count its events, read its robust list', *NO_RIGHT,
    'ENOSYS', 'ENOENT')
def proc_perf(n):
    attr = ctypes.create_string_buffer(64)
    struct.pack_into('=IIQQQQQ', attr, 0, 1, 64, 0, 0, 0, 0, 0x60)
    head, size = ctypes.c_void_p(), ctypes.c_size_t()
    return each(n, lambda pid: [c_call('perf_event_open', attr, pid, -1, -1,
        0), c_call('get_robust_list', pid, ctypes.c_void_p(
        ctypes.addressof(head)), ctypes.c_void_p(ctypes.addressof(size)))])


@attempt('proc.limits', 'prlimit, setpriority, sched_setaffinity, '
    'sched_setscheduler, ioprio_set, setpgid', 'EPERM', 'ESRCH', 'EACCES')
def proc_limits(n):
    return each(n, lambda pid: [
        tried(resource.prlimit, pid, resource.RLIMIT_NOFILE),
        tried(resource.prlimit, pid, resource.RLIMIT_NOFILE, (0, 0)),
        tried(os.setpriority, os.PRIO_PROCESS, pid, 19),
        tried(os.sched_setaffinity, pid, [0]),
        tried(os.sched_setscheduler, pid, os.SCHED_IDLE,
            os.sched_param(0)),
        c_call('ioprio_set', 1, pid, 3 << 13),
        tried(os.setpgid, pid, 0)])


@attempt('proc.enter', 'enter its namespaces by a pidfd, move it to another '
    'cgroup', *NO_RIGHT, 'EROFS', 'ENOENT', 'EINVAL', 'EBUSY')
def proc_enter(n):
    out = []
    for pid in n.pids:
        fd = os.pidfd_open(pid)
        for flag in (CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWNET | CLONE_NEWNS):
            got = c_call('setns', fd, flag)
            assert got == 'EPERM', got
            out.append(got)
        os.close(fd)
        out.append(write_some('/sys/fs/cgroup/cgroup.procs', b'%d' % pid))
    return out
