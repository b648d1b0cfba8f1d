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

"""Sanitizer builds run under filters, and release builds have none of theirs.

The filters are not taken on trust: they are read out of the kernel, from the
running roles, and asked about system calls.  With DC_SANITIZED the build in
DC_BIN is one with ASan and UBSan, without it a release.
"""

import ctypes
import os
import platform
import re
import subprocess
import struct

import lib

SANITIZED = 'DC_SANITIZED' in os.environ
GROUP = b'SB_SANITIZER'

PTRACE_DETACH = 17
PTRACE_SEIZE = 0x4206
PTRACE_INTERRUPT = 0x4207
PTRACE_SECCOMP_GET_FILTER = 0x420c
WALL = 0x40000000

ALLOW, KILL = 0x7fff0000, 0x80000000
ACTION = 0xffff0000
AUDIT_ARCH_X86_64 = 0xc000003e
MAP_PRIVATE, PROT_READ = 2, 1

# calls of x86_64 that the group alone brings, and what no build may make
NUMBERS = {'sched_yield': 24, 'uname': 63, 'getppid': 110,
    'sigaltstack': 131}
MMAP = 9
FORBIDDEN = {'socket': 41, 'connect': 42, 'clone': 56, 'fork': 57,
    'execve': 59, 'kill': 62, 'ptrace': 101, 'mount': 165, 'bpf': 321}

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p,
    ctypes.c_void_p]


def ptrace(request, pid, addr=0, data=None):
    n = libc.ptrace(request, pid, addr, data)
    if n == -1:
        e = ctypes.get_errno()
        raise OSError(e, os.strerror(e))
    return n


def filters(pid):
    """The seccomp programs of a process, the newest last."""
    ptrace(PTRACE_SEIZE, pid)
    try:
        ptrace(PTRACE_INTERRUPT, pid)
        os.waitpid(pid, WALL)
        out = []
        while True:
            try:
                n = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, len(out))
            except FileNotFoundError:
                return out
            except OSError as e:
                raise lib.Skip('this kernel shows no filters: %s' % e)
            buf = ctypes.create_string_buffer(8 * n)
            ptrace(PTRACE_SECCOMP_GET_FILTER, pid, len(out),
                ctypes.cast(buf, ctypes.c_void_p))
            out.append(list(struct.iter_unpack('=HBBI', buf.raw)))
    finally:
        ptrace(PTRACE_DETACH, pid)


def answer(prog, nr, args=()):
    """What one program says of a call: classic BPF as sandbox.c emits it."""
    data = struct.pack('=iIQ6Q', nr, AUDIT_ARCH_X86_64, 0,
        *args, *[0] * (6 - len(args)))
    a = pc = 0
    while True:
        code, jt, jf, k = prog[pc]
        pc += 1
        if code == 0x20:                        # LD W ABS
            a = struct.unpack_from('=I', data, k)[0]
        elif code == 0x54:                      # AND K
            a &= k
        elif code in (0x15, 0x35):              # JEQ, JGE
            pc += jt if (a == k if code == 0x15 else a >= k) else jf
        elif code == 0x06:                      # RET K
            return k & ACTION
        else:
            raise AssertionError('instruction %#x' % code)


def roles(suite):
    """{role: its own filter}, after a look at all of its processes."""
    sup = filters(suite.proc.pid)
    out = {}
    for role, pids in suite.pids().items():
        lib.eq(bool(pids), True, role)
        for pid in pids:
            got = filters(pid)
            lib.eq(len(got), len(sup) + 1, 'filters of %s' % role)
            lib.eq(got[:-1] == sup, True, 'what %s inherits' % role)
            out[role] = got[-1]
    return out


def rows():
    """The system calls in the group's table."""
    with open(os.path.join(lib.TOP, 'common/sandbox_table.c')) as f:
        body = re.search(r'sanitizer_rules\[\] = \{(.*?)\n\};', f.read(),
            re.S)[1]
    return set(re.findall(r'ALLOW(?:_IF)?\((\w+)', body))


def programs():
    for name in sorted(os.listdir(lib.env_dir('DC_BIN'))):
        path = os.path.join(lib.env_dir('DC_BIN'), name)
        if os.path.isfile(path) and not os.path.islink(path):
            with open(path, 'rb') as f:
                yield name, f.read()


def named_group():
    """The group is in every role of the one build, in none of the other."""
    n = 0
    for name, data in programs():
        has = GROUP in data or b'sanitizer_rules' in data or \
            b'__lsan_is_turned_off' in data
        # the front end has no filter
        if SANITIZED and name == 'defenseclawctl':
            continue
        lib.eq(has, SANITIZED, '%s has the group' % name)
        lib.eq(b'__asan_init' in data, SANITIZED, '%s has ASan' % name)
        n += 1
    lib.eq(n >= 5, True, 'programs')


def filters_of_all():
    """Seccomp: 2 of every process, and its own filter on top."""
    lib.need_root()
    if platform.machine() != 'x86_64':
        raise lib.Skip('the numbers are those of x86_64')
    lib.eq(set(NUMBERS) <= rows(), True, 'calls of the group')
    with lib.Suite() as s:
        s.start()
        for pids in [[s.proc.pid], *s.pids().values()]:
            for pid in pids:
                with open('/proc/%d/status' % pid) as f:
                    lib.eq(re.search(r'^Seccomp:\s*(\d)', f.read(), re.M)[1],
                        '2', 'Seccomp of %d' % pid)
                # the shadow of ASan is larger than any limit would be
                with open('/proc/%d/limits' % pid) as f:
                    lib.eq(re.search(r'^Max address space\s+(\S+)',
                        f.read(), re.M)[1], 'unlimited', 'address space')
        for role, prog in roles(s).items():
            for name, nr in NUMBERS.items():
                lib.eq(answer(prog, nr), ALLOW if SANITIZED else KILL,
                    '%s of %s' % (name, role))
            # a file, mapped: what no role has a use for but those that
            # are given sealed memory while they run
            if role not in ('gatewayd', 'auditd'):
                lib.eq(answer(prog, MMAP, (0, 4096, PROT_READ, MAP_PRIVATE)),
                    ALLOW if SANITIZED else KILL, 'mmap of %s' % role)
            for name, nr in FORBIDDEN.items():
                lib.eq(answer(prog, nr), KILL, '%s of %s' % (name, role))
        lib.eq(s.stop(), 0, 'exit status')


def looks_for_leaks(argv, env):
    r = subprocess.run(argv, env=dict(env, LSAN_OPTIONS='log_threads=1'),
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=lib.CEILING)
    return 'Processing thread' in r.stderr


def leaks():
    """Who has no filter is checked, the supervisor (see above) is not."""
    if not SANITIZED:
        raise lib.Skip('a release')
    with lib.Suite() as s:
        ctl = os.path.join(s.bin, 'defenseclawctl')
        for args in (['version'], ['config', 'show'], ['no-such-command']):
            lib.eq(looks_for_leaks([ctl, *args], s.env()), True, args)
        # before it has a filter
        lib.eq(looks_for_leaks([os.path.join(s.bin, 'defenseclawd'), '-x'],
            s.env()), True, 'defenseclawd')
        s.start(env={'LSAN_OPTIONS': 'log_threads=1'})
        lib.eq(s.stop(), 0, 'exit status')
        lib.eq('Processing thread' in s.log(), False, 'a filtered process')


def main():
    lib.env_dir('DC_BIN')
    lib.run([named_group, filters_of_all, leaks])


lib.program(main)
