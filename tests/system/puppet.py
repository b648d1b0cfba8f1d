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

"""A process under our hand: ptrace(2) makes it do one system call after the
other, as whoever has taken it over could.  Its confinement stays what it is.
x86_64 only, and as root.
"""

import ctypes
import errno
import os
import platform
import signal
import struct

from lib import Skip, wait_for

CONT, GETREGS, SETREGS, SINGLESTEP, DETACH = 7, 12, 13, 9, 17
SEIZE, INTERRUPT = 0x4206, 0x4207
WALL = 0x40000000
REGS = struct.Struct('=27Q')
RAX, RDX, RSI, RDI, ORIG_RAX, RIP, RSP = 10, 12, 13, 14, 15, 16, 19
R10, R9, R8 = 7, 8, 9
SYSCALL = b'\x0f\x05'
# of x86_64
NR = {'read': 0, 'write': 1, 'open': 2, 'mmap': 9, 'socket': 41, 'connect': 42,
    'accept': 43, 'sendto': 44, 'bind': 49, 'listen': 50, 'setsockopt': 54,
    'execve': 59, 'kill': 62, 'getpid': 39, 'ptrace': 101, 'close': 3,
    'openat': 257, 'process_vm_readv': 310, 'pidfd_open': 434,
    'pidfd_getfd': 438}

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p,
    ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


class Killed(Exception):
    """The call was the last one; signal says by what."""

    def __init__(self, sig):
        super().__init__(signal.Signals(sig).name)
        self.signal = sig


def ptrace(request, pid, addr=None, data=None):
    if libc.ptrace(request, pid, addr, data) == -1:
        e = ctypes.get_errno()
        raise OSError(e, 'ptrace: ' + os.strerror(e))


class Puppet:
    def __init__(self, pid):
        if platform.machine() != 'x86_64':
            raise Skip('registers of x86_64 are all this knows')
        self.pid = pid
        self.mem = os.open('/proc/%d/mem' % pid, os.O_RDWR)
        try:
            ptrace(SEIZE, pid)
        except OSError as e:
            os.close(self.mem)
            if e.errno == errno.EPERM:
                raise Skip('this process may trace no other')
            raise
        wait_for(self.stopped, 'a system call')
        self.used = 0

    def stopped(self):
        """Where it waits for something: the instruction before is what we
        need."""
        ptrace(INTERRUPT, self.pid)
        self.wait()
        self.saved = self.regs()
        self.insn = self.saved[RIP] - 2
        if os.pread(self.mem, 2, self.insn) == SYSCALL:
            return True
        ptrace(CONT, self.pid)
        return False

    def __enter__(self):
        return self

    def __exit__(self, *what):
        if self.pid is not None:
            self.set(self.saved)
            ptrace(DETACH, self.pid)
        os.close(self.mem)

    def wait(self):
        _, status = os.waitpid(self.pid, WALL)
        if os.WIFSIGNALED(status):
            self.pid = None
            raise Killed(os.WTERMSIG(status))
        if os.WIFEXITED(status):
            self.pid = None
            raise AssertionError('it has exited')

    def regs(self):
        buf = ctypes.create_string_buffer(REGS.size)
        ptrace(GETREGS, self.pid, None, ctypes.addressof(buf))
        return list(REGS.unpack(buf.raw))

    def set(self, regs):
        buf = ctypes.create_string_buffer(REGS.pack(*regs))
        ptrace(SETREGS, self.pid, None, ctypes.addressof(buf))

    def put(self, data):
        """Bytes in its memory, below what its stack uses."""
        self.used += len(data) + 16 & ~15
        at = (self.saved[RSP] & ~15) - 1024 - self.used
        os.pwrite(self.mem, data, at)
        return at

    def call(self, name, *args):
        """What the system call returns; Killed when it does not."""
        regs = list(self.saved)
        words = [self.put(a) if isinstance(a, bytes) else a & (1 << 64) - 1
            for a in args]
        for place, word in zip((RDI, RSI, RDX, R10, R8, R9), words):
            regs[place] = word
        regs[RAX], regs[ORIG_RAX] = NR[name], (1 << 64) - 1
        regs[RIP] = self.insn
        self.set(regs)
        ptrace(SINGLESTEP, self.pid)
        self.wait()
        got = self.regs()[RAX]
        self.used = 0
        return got - (1 << 64) if got >> 63 else got

    def has(self, needle):
        """Whether its memory holds these bytes anywhere."""
        with open('/proc/%d/maps' % self.pid) as f:
            maps = f.read().splitlines()
        for line in maps:
            span, perms = line.split()[:2]
            if '[v' in line or not perms.startswith('rw') and \
                    line.split()[4] != '0':
                continue
            start, end = (int(x, 16) for x in span.split('-'))
            for at in range(start, end, 1 << 20):
                try:
                    if needle in os.pread(self.mem, min(1 << 20, end - at) +
                            len(needle), at):
                        return True
                except OSError:
                    pass        # a guard page
        return False
