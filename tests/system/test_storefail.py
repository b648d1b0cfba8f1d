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

"""A store that fails: traffic is refused with a reason, nothing is lost,
and where that is possible work goes on without a restart.

Needs root, for the disks it makes; they live in a mount namespace of its own.
"""

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time

import lib
from lib import Skip, StartFailed, Suite, eq, wait_for

TOOL = '/api/v1/inspect/tool'
BODY = {'tool': 'shell', 'args': {'command': 'ls -la'}}
DISK = 24 * 1024 * 1024         # holds the log that is written ahead
MAX_REQUESTS = 20000            # to fill what is left of it
THREADS = 8
LAG = 16384             # MAX_CHECKPOINT_LAG
STRANGER = 47003        # in nobody's group
ROWS = 300              # written beside a reader


def run(*argv):
    r = subprocess.run(argv, capture_output=True, text=True)
    if r.returncode != 0:
        raise Skip('%s: %s' % (' '.join(argv), r.stderr.strip()))


class Disk:
    """A small file system where auditd has its directory."""

    def __init__(self, suite, kind='tmpfs'):
        # it is to be full to its end
        suite.set_config('audit.disk_reserve_mb', 0)
        self.dir = os.path.join(suite.state, 'audit')
        self.image = os.path.join(suite.dir, 'disk')
        self.kind = kind

    def __enter__(self):
        if self.kind == 'tmpfs':
            run('mount', '-t', 'tmpfs', '-o', 'mode=700,size=%d' % DISK,
                'tmpfs', self.dir)
        else:
            with open(self.image, 'wb') as f:
                f.truncate(2 * DISK)
            run('mkfs.ext4', '-q', self.image)
            run('mount', '-o', 'loop', self.image, self.dir)
            os.chmod(self.dir, 0o700)
        return self

    def __exit__(self, *exc):
        # the suite may still run
        subprocess.run(['umount', '-l', self.dir])

    def fill(self):
        self.filler = os.path.join(self.dir, 'filler')
        block = b'x' * 65536
        with open(self.filler, 'wb', 0) as f:
            for size in (65536, 4096):
                try:
                    while f.write(block[:size]) == size:
                        pass
                except OSError:
                    pass

    def free(self):
        os.unlink(self.filler)


def ask(suite, client=None):
    c = client or suite.client()
    try:
        return c.post(TOOL, BODY)
    finally:
        if client is None:
            c.close()


def recorded(suite, seqs):
    """Every one of these verdicts has its row."""
    have = {r['seq'] for r in suite.rows("action LIKE 'inspect-%'")}
    lost = set(seqs) - have
    if lost:
        raise AssertionError('no row for %d verdicts' % len(lost))


def verify(suite, *args):
    r = suite.ctl('audit', 'verify', '--db', suite.audit_db, *args)
    return r.returncode, r.stdout + r.stderr


def whole(suite):
    code, text = verify(suite)
    if code != 0:
        raise AssertionError('audit verify: %d: %s' % (code, text))


def refused(answer, *words):
    eq(answer.status, 503, answer)
    text = answer.json['error']
    if not any(w in text for w in words):
        raise AssertionError('%r names none of %r' % (text, words))
    if not answer.headers.get('retry-after'):
        raise AssertionError('no Retry-After')


def ask_until_refused(suite):
    """Sequences of the verdicts until one is refused, and that answer."""
    seqs, bad = [], []

    def work():
        c = suite.client()
        while not bad and len(seqs) < MAX_REQUESTS:
            a = ask(suite, c)
            if a.status == 200:
                seqs.append(int(a.headers['x-defenseclaw-audit-seq']))
            else:
                bad.append(a)
        c.close()
    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if not bad:
        raise AssertionError('a full disk refuses nothing')
    return seqs, bad[0]


def until_served(suite):
    return wait_for(lambda: ask(suite).status == 200 or None, 'recovery')


# --- the tests ---------------------------------------------------------------

def disk_full():
    with Suite() as suite, Disk(suite) as disk:
        suite.unlimited()
        suite.start()
        auditd = suite.pids('auditd')
        eq(ask(suite).status, 200)
        disk.fill()
        seqs, answer = ask_until_refused(suite)
        refused(answer, 'full', 'space')
        refused(ask(suite), 'full', 'space')
        # operators and monitors see why
        code, text = suite.control('auditd').request('MSG_CTL_STATUS')
        eq(code, lib.CTL_OK)
        if 'full' not in text and 'space' not in text:
            raise AssertionError('status does not say it: ' + text)
        disk.free()
        until_served(suite)
        eq(suite.pids('auditd'), auditd, 'auditd, which was to go on')
        eq(ask(suite).status, 200)
        recorded(suite, seqs)
        suite.stop()
        whole(suite)


def disk_too_small_for_the_log():
    """Written ahead as far as there is room; then refused, then enlarged."""
    with Suite() as suite, Disk(suite) as disk:
        suite.unlimited()
        run('mount', '-o', 'remount,size=6m', disk.dir)
        suite.start()
        auditd = suite.pids('auditd')
        seqs, answer = ask_until_refused(suite)
        refused(answer, 'full', 'space')
        run('mount', '-o', 'remount,size=48m', disk.dir)
        until_served(suite)
        eq(suite.pids('auditd'), auditd, 'auditd, which was to go on')
        recorded(suite, seqs)
        suite.stop()
        whole(suite)


def write_protected():
    """Files that lose and regain the right to be written."""
    with Suite() as suite, Disk(suite, 'ext4') as disk:
        suite.start()
        auditd = suite.pids('auditd')
        seqs = [int(ask(suite).headers['x-defenseclaw-audit-seq'])]
        files = [suite.audit_db, suite.audit_db + '-wal']
        run('chattr', '+i', *files)
        try:
            refused(ask(suite), 'read-only', 'readonly', 'writable', 'disk')
        finally:
            run('chattr', '-i', *files)
        until_served(suite)
        eq(suite.pids('auditd'), auditd, 'auditd, which was to go on')
        recorded(suite, seqs)
        suite.stop()
        whole(suite)
        # with the whole disk read-only there is no start, and it says why
        run('mount', '-o', 'remount,ro', disk.dir)
        try:
            suite.start()
        except StartFailed as e:
            if 'read' not in e.text.lower():
                raise AssertionError('no reason: ' + e.text)
        else:
            raise AssertionError('started on a read-only disk')
        run('mount', '-o', 'remount,rw', disk.dir)
        suite.start()
        eq(ask(suite).status, 200)
        recorded(suite, seqs)


def disk_turns_read_only():
    """What a file system does after an error; only a restart helps then."""
    with Suite() as suite, Disk(suite, 'ext4') as disk:
        suite.start()
        seqs = [int(ask(suite).headers['x-defenseclaw-audit-seq'])]
        run('mount', '-o', 'remount,abort', disk.dir)
        refused(ask(suite), 'read-only', 'readonly', 'writable', 'disk')
        suite.kill()
        run('umount', disk.dir)
        subprocess.run(['fsck.ext4', '-p', disk.image], capture_output=True)
        run('mount', '-o', 'loop', disk.image, disk.dir)
        suite.start()
        eq(ask(suite).status, 200)
        recorded(suite, seqs)
        suite.stop()
        whole(suite)


def another_writer():
    with Suite() as suite:
        suite.start()
        auditd = suite.pids('auditd')
        eq(ask(suite).status, 200)
        db = sqlite3.connect(suite.audit_db, isolation_level=None)
        # a short one is waited for
        db.execute('BEGIN IMMEDIATE')
        got = []
        t = threading.Thread(target=lambda: got.append(ask(suite)))
        t.start()
        time.sleep(0.3)
        eq(got, [], 'answers while the log is locked')
        db.execute('ROLLBACK')
        t.join()
        eq(got[0].status, 200)
        # a long one is not
        db.execute('BEGIN IMMEDIATE')
        refused(ask(suite), 'another process')
        refused(ask(suite), 'another')
        db.execute('ROLLBACK')
        db.close()
        until_served(suite)
        eq(suite.pids('auditd'), auditd, 'auditd, which was to go on')
        suite.stop()
        whole(suite)


def refused_unrecorded():
    """Refusals that the log took until its end no more are said."""
    with Suite() as suite:
        suite.start()
        path = suite.control_path('auditd')
        while (path := os.path.dirname(path)) != '/tmp':
            os.chmod(path, 0o755)
        db = sqlite3.connect(suite.audit_db, isolation_level=None)
        db.execute('BEGIN IMMEDIATE')

        def turned_away():
            try:
                suite.control()
            except (OSError, EOFError, AssertionError):
                return True
        for _ in range(3):
            eq(lib.as_uid(STRANGER, turned_away), True)
        eq(suite.stop(), 0)
        db.rollback()
        db.close()
        text = ': 3 refusals were not recorded before the end'
        eq(text in suite.log(), True, suite.log())


def replaced_meanwhile():
    """What may pass is waited for, also by an auditd that only starts."""
    def die():
        os.kill(suite.pids('auditd')[0], signal.SIGKILL)

    def down():
        a = ask(suite)
        return a.status == 503 or None
    with Suite() as suite, Disk(suite, 'ext4') as disk:
        suite.unlimited()
        suite.start()
        pid = suite.proc.pid
        seqs = [int(ask(suite).headers['x-defenseclaw-audit-seq'])]
        # locked by another program
        db = sqlite3.connect(suite.audit_db, isolation_level=None)
        db.execute('BEGIN IMMEDIATE')
        die()
        wait_for(down, 'refusal')
        refused(ask(suite), 'another')
        db.execute('ROLLBACK')
        db.close()
        until_served(suite)
        # cannot be opened
        files = [suite.audit_db, suite.audit_db + '-wal']
        run('chattr', '+i', *files)
        try:
            die()
            wait_for(down, 'refusal')
            time.sleep(2)
            eq(ask(suite).status, 503)
            eq(suite.running(), True, 'the suite')
        finally:
            run('chattr', '-i', *files)
        until_served(suite)
        # full
        disk.fill()
        die()
        more, answer = ask_until_refused(suite)
        die()
        wait_for(down, 'refusal')
        time.sleep(2)
        eq(suite.running(), True, 'the suite')
        disk.free()
        seqs += more
        until_served(suite)
        recorded(suite, seqs)
        eq(suite.proc.pid, pid)
        eq(suite.stop(), 0)
        whole(suite)


def late_checkpoint():
    """The signer answers when its row is long past: another is signed."""
    with Suite() as suite:
        suite.unlimited()
        suite.start()
        pid, = suite.pids('signer')
        eq(ask(suite).status, 200)
        wait_for(lambda: suite.rows("action = 'checkpoint'"), 'a checkpoint')
        os.kill(pid, signal.SIGSTOP)
        try:
            def work():
                c = suite.client()
                for _ in range((LAG + 2000) // THREADS):
                    eq(ask(suite, c).status, 200)
                c.close()
            threads = [threading.Thread(target=work) for _ in range(THREADS)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            if suite.last_seq() < LAG + 1000:
                raise AssertionError('too few rows')
        finally:
            os.kill(pid, signal.SIGCONT)
        wait_for(lambda: 'rows came while the signer' in suite.log(),
            'a checkpoint that is not recorded')
        eq(suite.ctl('audit', 'head').returncode, 0)
        suite.stop()
        whole(suite)


def a_reader():
    with Suite() as suite:
        suite.start()
        eq(ask(suite).status, 200)
        db = sqlite3.connect('file:%s?mode=ro' % suite.audit_db, uri=True,
            isolation_level=None)
        db.execute('BEGIN')
        first = db.execute('SELECT count(*) FROM audit_events').fetchone()
        c = suite.client()
        for _ in range(ROWS):
            eq(ask(suite, c).status, 200)
        again = db.execute('SELECT count(*) FROM audit_events').fetchone()
        eq(again, first, 'rows in one read transaction')
        db.close()
        if len(suite.rows()) < first[0] + ROWS:
            raise AssertionError('rows are missing')
        suite.stop()
        whole(suite)


def permissions():
    with Suite(uid=lib.UID) as suite:
        suite.start()
        eq(ask(suite).status, 200)
        d = os.path.dirname(suite.audit_db)
        eq(stat.S_IMODE(os.stat(d).st_mode), 0o700, d)
        for name in os.listdir(d):
            st = os.stat(os.path.join(d, name))
            eq(stat.S_IMODE(st.st_mode), 0o600, name)
            eq(st.st_uid, lib.UID, 'owner of ' + name)


def older_copy():
    with Suite() as suite:
        suite.start()
        for _ in range(5):
            eq(ask(suite).status, 200)
        suite.stop()
        copy = os.path.join(suite.dir, 'copy')
        shutil.copytree(os.path.dirname(suite.audit_db), copy)
        suite.start()
        for _ in range(5):
            eq(ask(suite).status, 200)
        anchor = os.path.join(suite.dir, 'anchor')
        r = suite.ctl('audit', 'head', '--json')
        eq(r.returncode, 0, r.stdout + r.stderr)
        with open(anchor, 'w') as f:
            f.write(r.stdout)
        eq(verify(suite, '--anchor', anchor)[0], 0, 'with its anchor')
        suite.stop()
        shutil.rmtree(os.path.dirname(suite.audit_db))
        shutil.copytree(copy, os.path.dirname(suite.audit_db))
        # the copy is whole in itself; the anchor tells that it is old
        whole(suite)
        code, text = verify(suite, '--anchor', anchor)
        if code == 0:
            raise AssertionError('the anchor does not miss its row: ' + text)
        suite.start()
        row = suite.wait_row("action = 'audit-epoch' AND "
            "target = 'older-copy'")
        eq(row['severity'], 'CRITICAL')
        if row['details']['signed_seq'] <= row['details']['last_seq']:
            raise AssertionError('nothing is said to be missing')
        eq(ask(suite).status, 200)
        # from now on the log itself says which rows are missing
        code, text = verify(suite)
        eq(code, 1, text)
        missing = 'rows %d to %d' % (row['details']['last_seq'] + 1,
            row['seq'] - 1)
        if missing not in text:
            raise AssertionError('%r is not in: %s' % (missing, text))


if __name__ == '__main__':
    if os.geteuid() != 0:
        print('needs root')
        sys.exit(77)
    if os.environ.get('DC_UNSHARED') != '1':
        os.environ['DC_UNSHARED'] = '1'
        os.execvp('unshare', ['unshare', '-m', '--propagation', 'private',
            sys.executable, os.path.abspath(__file__)])
    lib.run([disk_full, disk_too_small_for_the_log, write_protected,
        disk_turns_read_only, another_writer, replaced_meanwhile,
        refused_unrecorded, late_checkpoint, a_reader, permissions,
        older_copy])
