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


"""Kernels that lack something: the suite starts and status says what is
missing, or it refuses with the sentence of the support table and exit status
3; it is never weaker without a word.

tests/kernel/oldkernel.c answers the calls as such a kernel would, for the
suite and all it starts.  Started as root it sets no no_new_privs, so a role
that did not set it would show.
"""

import json
import os
import re
import subprocess

import lib
from lib import Suite, eq

SHIM = os.path.join(lib.TOP, 'build/kernel/oldkernel')
PROBE = os.path.join(os.environ.get('DC_PROBE') or
    os.path.join(lib.TOP, 'build/probe/bin'), 'sandbox')
SOAK = os.environ.get('DC_SOAK')
TOOL = '/api/v1/inspect/tool'
EXIT_CONFIG = 3
NEWEST = 10             # MAX_LANDLOCK_ABI of common/landlock.h
STRANGER = 47003        # in nobody's group

# nothing is lost without these, and man/defenseclaw-security.7 says so
SAME = ['openat2', 'close_range', 'clone3', 'statx', 'faccessat2', 'rseq',
    'pidfd']
# the same in user mode, where no namespace is made, and what a filter of a
# container takes away that no role and no start needs
SAME_USER = ['unshare', 'namespaces', 'userns', 'netns', 'chroot',
    'setgroups', 'setresuid', 'getrandom']

# row of the table, what is missing: no start
REFUSED = [
    ('seccomp', ['seccomp']),
    ('seccomp', ['kill_process']),
    ('seccomp', ['filter']),
    ('seccomp', ['seccomp=EPERM']),
    ('no_new_privs', ['no_new_privs']),
    ('capabilities', ['capset']),
    ('dumpable', ['dumpable']),
    ('rlimit', ['rlimit']),
    ('parent', ['pdeathsig']),
    ('memory.files', ['memfd']),
    ('memory.files', ['memfd=EPERM']),
    ('memory.files', ['seals']),
    ('memory.files', ['add_seals']),
    ('landlock', ['landlock']),
]
REFUSED_SYSTEM = [
    ('uid', ['setgroups']),
    ('uid', ['setresuid']),
    ('root', ['chroot']),
    ('network', ['unshare']),
    ('network', ['namespaces']),
    ('network', ['netns']),
]
# Landlock is away in three ways, each with a sentence of its own
NO_LANDLOCK = [
    ('ENOSYS', 'landlock: this kernel has none, Linux 5.13 with '
        'CONFIG_SECURITY_LANDLOCK is needed'),
    ('EOPNOTSUPP', 'landlock: switched off at boot, add landlock to the '
        'lsm= kernel parameter'),
    ('EPERM', 'landlock: forbidden from outside, by the filter of a '
        'container or unit'),
]
# held by another layer when one is away: the table's claims are tried
OPERATIONS = 'create-file,truncate,connect-tcp,kill-parent'


def shim(*args, uid=None):
    return [SHIM, *(['-u', str(uid)] if uid else []), *args]


def without(features, uid=None):
    return shim(*[a for f in features for a in ('-d', f)], uid=uid)


def rows(suite):
    """The support table, as the front end has it."""
    r = suite.ctl('status', '--features', '--json')
    eq(r.returncode, 0, r.stderr)
    return json.loads(r.stdout)['features']


def status(suite):
    """What status says, without the shim: {instance: rows it lacks}."""
    keep, suite.launcher = suite.launcher, []
    try:
        r = suite.ctl('status', '--json')
    finally:
        suite.launcher = keep
    eq(r.returncode, 0, r.stderr)
    return json.loads(r.stdout)


def lacks(suite):
    out = {}
    for p in status(suite)['processes']:
        if p['role'] == 'supervisor':
            continue
        # the kernel's own word, whatever the role says
        with open('/proc/%d/status' % p['pid']) as f:
            st = dict(l.split(':\t', 1) for l in f.read().splitlines()
                if ':\t' in l)
        eq((st['Seccomp'], st['NoNewPrivs']), ('2', '1'), p['instance'])
        # the shim's, the supervisor's and its own
        eq(int(st.get('Seccomp_filters', 3)) >= 2 + bool(suite.launcher),
            True, 'filters of %s' % p['instance'])
        out[p['instance']] = set(p['sandbox']['lacks'])
        said = p['sandbox']['summary'].partition('; lacks ')[2]
        eq(set(said.split(', ') if said else []), out[p['instance']],
            'summary of %s' % p['instance'])
    eq(len(out) >= 3, True, 'roles')
    return out


def gated(suite):
    """One verdict, and its row."""
    was = suite.last_seq()
    a = suite.post(TOOL, {'tool': 'shell', 'args': {'command': lib.ATTACK}})
    eq((a.status, a.json['action']), (200, 'block'))
    eq(len(suite.rows("seq > ? AND action = 'inspect-tool-block'", (was,))),
        1, 'rows')


class Place:
    """A suite that is started on one kernel after the other."""

    def __init__(self, suite):
        self.suite = suite
        suite.init()
        self.rows = rows(suite)
        suite.start()
        gated(suite)
        self.base = set.union(*lacks(suite).values())
        suite.stop()

    def refusal(self, row):
        return next(r['refusal'] for r in self.rows if r['feature'] == row)

    def up(self, launcher, want, what, then=None):
        s = self.suite
        s.launcher = launcher
        s.start()
        gated(s)
        for instance, got in lacks(s).items():
            eq(got, want, '%s: %s lacks' % (what, instance))
        if then:
            then(s)
        eq(s.stop(), 0, what)

    def down(self, launcher, sentence, what):
        s = self.suite
        s.launcher = launcher
        try:
            s.start()
        except lib.StartFailed as e:
            eq(e.code, EXIT_CONFIG, '%s: %s' % (what, e.text))
            last = [l for l in e.text.splitlines() if 'cannot start: ' in l]
            eq(len(last), 1, '%s: %s' % (what, e.text))
            if 'cannot start: ' + sentence not in last[0]:
                raise AssertionError('%s: %s' % (what, e.text))
            return
        s.stop()
        raise AssertionError('%s: it started' % what)


def landlock_rows(place, abi):
    return {r['feature'] for r in place.rows if r['landlock_abi'] > abi}


def shim_helps_nobody():
    """It sets nothing that a role must set itself."""
    for uid, launcher in ((0, without(['openat2'])),
            (lib.UID, without(['openat2'], lib.UID)),
            (lib.UID, shim('-l', '3', uid=lib.UID))):
        out = subprocess.run(launcher + ['cat', '/proc/self/status'],
            text=True, capture_output=True, check=True).stdout
        st = dict(l.split(':\t', 1) for l in out.splitlines() if ':\t' in l)
        eq((st['NoNewPrivs'], st['Seccomp'], st['Uid'].split()[0]),
            ('0', '2', str(uid)))


def table_is_tried():
    """Every row of the table has a kernel here that lacks it."""
    with Suite() as s:
        table = rows(s)
    eq({r['feature'] for r in table if r['refusal']},
        {row for row, _ in REFUSED + REFUSED_SYSTEM}, 'refusals')
    eq({r['feature'] for r in table if not r['refusal']} -
        {r['feature'] for r in table if r['landlock_abi']},
        {'mdwe', 'peer.groups'}, 'what may be lacking')
    eq({r['landlock_abi'] for r in table} <= set(range(NEWEST + 1)), True)
    with open(os.path.join(lib.TOP, 'man/defenseclaw-security.7')) as f:
        page = f.read()
    said = page.split('Nothing is lost without')[1].split('.Pp')[0]
    eq(set(re.findall(r'^\.Xr (\w+) 2', said, re.M)) | {'pidfd'}, set(SAME))
    for _, sentence in NO_LANDLOCK:
        if sentence not in page:
            raise AssertionError('not in the page: %s' % sentence)


def same(place, uid, names):
    """Alone when there is time, and all at once."""
    cases = [names]
    if SOAK:
        cases += [[n] for n in names] + [[n + '=EPERM'] for n in names]
    for case in cases:
        place.up(without(case, uid), place.base, 'without %s' % case)


def abis(place, uid):
    each = ['1', '4', '6:nosignal', str(NEWEST), '99']
    if SOAK:
        each = [str(n) for n in range(1, NEWEST + 1)] + each[2:]
    for abi in each:
        n = int(abi.partition(':')[0])
        want = {r for r in place.base if not r.startswith('landlock')} | \
            landlock_rows(place, n)
        if 'nosignal' in abi:
            want.add('landlock.signal')
        place.up(shim('-l', abi, uid=uid), want, 'ABI ' + abi)


def no_landlock(place, uid):
    s = place.suite
    more = ['ENOSYS', 'EPERM', 'EOPNOTSUPP'] if SOAK else ['EPERM']
    for errno, sentence in NO_LANDLOCK:
        place.down(without(['landlock=' + errno], uid), sentence, errno)
    s.set_config('sandbox.allow_no_landlock', 'true')
    everything = {r for r in place.base if not r.startswith('landlock')} | \
        landlock_rows(place, 0)
    for errno in more:
        place.up(without(['landlock=' + errno], uid), everything,
            'allowed, ' + errno)
    # what is there is used all the same
    place.up([], place.base, 'allowed, and there')
    s.set_config('sandbox.allow_no_landlock', 'false')


def floor(place, uid, cases):
    for row, features in cases:
        place.down(without(features, uid), place.refusal(row),
            'without %s' % features)


def group_counts(suite, want):
    """May one whose further group is the auditors' ask for the status."""
    with open('/etc/group') as f:
        gid = next(int(l.split(':')[2]) for l in f
            if l.startswith('defenseclaw-audit:'))

    def ask():
        try:
            c = suite.control('auditd')
        except AssertionError:
            return False
        try:
            return c.request('MSG_CTL_STATUS')[0] == lib.CTL_OK
        finally:
            c.close()
    eq(lib.as_uid(STRANGER, ask, groups=(gid,)), want, 'further groups')


def user_mode():
    s = Suite(uid=lib.UID)
    try:
        # a home is made on such a kernel, too
        s.launcher = without(SAME, lib.UID)
        place = Place(s)
        same(place, lib.UID, SAME + SAME_USER)
        place.up(without(['mdwe'], lib.UID), place.base | {'mdwe'}, 'mdwe')
        abis(place, lib.UID)
        no_landlock(place, lib.UID)
        floor(place, lib.UID, REFUSED)
    finally:
        s.cleanup()


def system_mode():
    s = Suite('system')
    try:
        place = Place(s)
        same(place, None, SAME)
        place.up(without(['peergroups']), place.base, 'peergroups',
            lambda s: group_counts(s, False))
        place.up([], place.base, 'peergroups',
            lambda s: group_counts(s, True))
        abis(place, None)
        floor(place, None, REFUSED_SYSTEM)
        if SOAK:
            place.up(without(['mdwe']), place.base | {'mdwe'}, 'mdwe')
            no_landlock(place, None)
            floor(place, None, REFUSED)
    finally:
        s.cleanup()


def claims_hold():
    """Every role, on such a kernel: what its layers claim to hold, they do,
    and with one left out the next does."""
    if not os.path.exists(PROBE):
        raise lib.Skip('%s is missing: see make probe-build' % PROBE)
    cases = [(without(['landlock']), 0), (shim('-l', '3'), 3)]
    if SOAK:
        cases += [(shim('-l', str(n)), n) for n in (1, 2, 4, 5, 6)]
        cases += [(without(SAME + ['mdwe']), -1)]
    for launcher, abi in cases:
        r = subprocess.run([*launcher, PROBE, '--only', OPERATIONS,
            '--landlock', str(abi)], text=True, capture_output=True,
            stdin=subprocess.DEVNULL, timeout=300)
        eq(r.returncode, 0, '%s: %s%s' % (launcher[1:], r.stdout, r.stderr))


def main():
    lib.need_root()
    lib.env_dir('DC_BIN')
    if not os.path.exists(SHIM):
        raise lib.Skip('%s is missing: see make probe-build' % SHIM)
    lib.run([shim_helps_nobody, table_is_tried, user_mode, system_mode,
        claims_hold])


if __name__ == '__main__':
    lib.program(main)
