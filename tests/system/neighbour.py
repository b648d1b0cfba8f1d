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


"""What a hostile neighbour tries: the table of attempts.

A neighbour is an account without rights of its own (NOBODY: in no group of
the suite; CLIENT: in the clients' group, as an agent is).  An attempt runs as
it, in a process of its own, and returns what came of it: names of errno,
codes of the control protocol, HTTP statuses, words.  All of them must be
among those the table allows.  A trap is set by the neighbour and somebody
else, root or an operator, walks in.
"""

import ctypes
import errno
import platform
import stat

from principals import *

TABLE_OF = []           # every Attempt, in the order of the table

libc = ctypes.CDLL(None, use_errno=True)
SYSCALLS = {            # those that the C library has no function for
    'x86_64': dict(perf_event_open=298, ioprio_set=251, kcmp=312,
        get_robust_list=274, migrate_pages=256, move_pages=279,
        rt_sigqueueinfo=129, rt_tgsigqueueinfo=297, process_madvise=440,
        process_mrelease=448, pidfd_getfd=438, tkill=200, tgkill=234),
    'aarch64': dict(perf_event_open=241, ioprio_set=30, kcmp=272,
        get_robust_list=100, migrate_pages=238, move_pages=239,
        rt_sigqueueinfo=138, rt_tgsigqueueinfo=240, process_madvise=440,
        process_mrelease=448, pidfd_getfd=438, tkill=130, tgkill=131),
}.get(platform.machine(), {})
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
PR_SET_DUMPABLE = 4


class Attempt:
    def __init__(self, name, how, may, who, event, fn, after, trap):
        self.name = name
        self.how = how
        self.may = may          # what may come of it
        self.who = who
        self.event = event      # None, or target of the refusal's event
        self.fn = fn
        self.after = after      # judges the result, as root
        self.trap = trap


def attempt(name, how, *may, who=(NOBODY, CLIENT), event=None, after=None,
        trap=False):
    def add(fn):
        TABLE_OF.append(Attempt(name, how, may, who, event, fn, after,
            trap))
        return fn
    return add


def trap(name, how, *may, event=None):
    return attempt(name, how, *may, who=(), event=event, trap=True)


class Neighbourhood:
    """What an attempt may know: all but the contents of secrets."""

    def __init__(self, suite):
        self.suite = suite
        self.token = suite.token()
        self.seen = []          # (who, attempt, outcomes)
        self.dir = os.path.join(suite.dir, 'neighbour')
        os.mkdir(self.dir, 0o777)
        os.chmod(self.dir, 0o1777)
        self.look()

    def look(self):
        """Files, directories and processes of the suite, as root."""
        self.dirs, self.files, self.sockets = [], [], []
        for top in (self.suite.confdir, self.suite.state, self.suite.logdir,
                self.suite.run):
            for base, dirs, files in os.walk(top):
                self.dirs.append(base)
                for name in files:
                    path = os.path.join(base, name)
                    kind = os.lstat(path).st_mode
                    (self.sockets if stat.S_ISSOCK(kind) else
                        self.files).append(path)
        self.pids = [self.suite.proc.pid] + [p for v in
            self.suite.pids().values() for p in v]

    def is_public(self, path):
        """The few things that anybody may read."""
        return path == os.path.join(self.suite.state, 'device.pub') or \
            path.startswith(os.path.join(self.suite.confdir, 'policies'))

    def private_files(self):
        return [p for p in self.files if not self.is_public(p)]

    def own(self, name='x'):
        """A file of the neighbour's."""
        path = os.path.join(self.dir, '%d-%s' % (os.geteuid(), name))
        with open(path, 'w') as f:
            f.write('mine\n')
        return path


def name_of(e):
    return errno.errorcode.get(e, str(e))


def tried(fn, *args, **kw):
    """What comes of a call: 'done', or the name of its errno."""
    try:
        got = fn(*args, **kw)
    except OSError as e:
        return name_of(e.errno)
    if isinstance(got, int) and not isinstance(got, bool) and \
            fn in (os.open, os.pidfd_open):
        os.close(got)
    return 'done'


def c_call(name, *args):
    """The same of a function of the C library, or of a bare system call."""
    ctypes.set_errno(0)
    if name in SYSCALLS:
        rv = libc.syscall(SYSCALLS[name], *[a if isinstance(a, (ctypes.Array,
            ctypes.c_void_p, type(None), ctypes.Structure)) else
            ctypes.c_long(a) for a in args])
    elif hasattr(libc, name):
        rv = getattr(libc, name)(*args)
    else:
        return 'ENOSYS'
    return name_of(ctypes.get_errno()) if rv == -1 else 'done'


def new_namespace(more=0):
    """Be root in a user namespace of one's own; 'done' or an errno."""
    uid, gid = os.getuid(), os.getgid()
    libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
    got = c_call('unshare', CLONE_NEWUSER | more)
    if got != 'done':
        return got
    for name, text in (('setgroups', 'deny'), ('gid_map', '0 %d 1' % gid),
            ('uid_map', '0 %d 1' % uid)):
        try:
            with open('/proc/self/' + name, 'w') as f:
                f.write(text)
        except OSError as e:
            return name_of(e.errno)
    return 'done'


def run_attempt(n, a):
    """All that came of it, as each account of its row."""
    if a.trap:
        n.seen.append(('root', a, a.fn(n)))
    for who in a.who:
        got = as_uid(UIDS[who], lambda: a.fn(n), groups=groups_of(who))
        if a.after is not None:
            got = a.after(n, who, got)
        n.seen.append((who, a, got))
    out = []
    for who, b, got in n.seen:
        if b is not a:
            continue
        got = [got] if isinstance(got, str) else list(got)
        if not got:
            raise AssertionError('%s as %s: nothing was tried' %
                (a.name, who))
        wrong = [g for g in got if g not in a.may]
        if wrong:
            raise AssertionError('%s as %s: %s' % (a.name, who,
                ' '.join(map(str, wrong[:8]))))
        out += got
    return sorted(set(out))


# --- the table as documents have it ------------------------------------------

def outcome(a):
    text = ' or '.join(a.may)
    if a.event:
        text += '; an event of target %s has %s' % (a.event if
            isinstance(a.event, str) else a.event[0], 'the uid' if
            isinstance(a.event, str) else 'the address')
    return text


def mdoc():
    out = []
    for a in TABLE_OF:
        out.append('.It Cm %s' % a.name)
        text = '%s: %s.' % (a.how, outcome(a))
        line = ''
        for word in text.split():
            if line and len(line) + 1 + len(word) > 79:
                out.append(line)
                line = word
            else:
                line = '%s %s' % (line, word) if line else word
        out.append(line)
    for line in out:
        assert not line.startswith(("'", '. ')), line
    return '\n'.join(out) + '\n'
