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


"""Every check of doctor has a fault that turns it and no other.

Faults are real: a mode, a cut database, a stopped process, a receiver whose
certificate has ended, another author's package, a clock.  What a fault hides
from other checks they skip, which is no turn; a check without a fault here
fails this test.
"""

import ctypes
import ctypes.util
import email.utils
import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

from doctor import listed, look, turned, worst, wrong
from judges import LABEL, Judge, completion, reply, use
from lib import *
from receivers import Authority, Receiver
from test_sinks import configure, events, hec, secret, sink, state
from test_sinks_chaos import Stepped

STRANGER = 47002
turns = {}              # id: how often a fault turned it


def fault(before, after, *ids):
    got = turned(before, after)
    if got != sorted(ids):
        raise AssertionError('%s turned, not %s: %s' % (got, ids,
            json.dumps([c for i in set(got) | set(ids) for c in
            after.get(i, [])], indent=1)))
    for i in ids:
        turns[i] = turns.get(i, 0) + 1


def says(found, id, *words):
    text = ' '.join(c['subject'] + ' ' + c['seen'] + ' ' + c['do'] for c in
        found[id])
    for w in words:
        if w not in text:
            raise AssertionError('%s: no %r in %s' % (id, w, text))


class Kept:
    """A file or directory as it was, afterwards, with mode and times of no
    interest."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.st = os.lstat(self.path)
        self.dir = tempfile.mkdtemp(prefix='dc')
        if os.path.isfile(self.path):
            shutil.copy(self.path, os.path.join(self.dir, 'x'))
        return self.path

    def __exit__(self, *exc):
        copy = os.path.join(self.dir, 'x')
        if os.path.exists(copy):
            shutil.copy(copy, self.path)
        os.chmod(self.path, self.st.st_mode & 0o7777)
        os.chown(self.path, self.st.st_uid, self.st.st_gid)
        shutil.rmtree(self.dir)


def write(path, text, mode='w'):
    with open(path, mode) as f:
        f.write(text)


# --- files, with a suite that is down ----------------------------------------

def modes_and_keys(s, base):
    for path, mode, id in (
            (s.secrets, 0o755, 'permissions.directories'),
            (s.state + '/audit', 0o701, 'permissions.directories'),
            (s.state + '/device.pub', 0o666, 'permissions.files'),
            (s.audit_db, 0o644, 'permissions.files'),
            (s.secrets + '/redaction.key', 0o640, 'permissions.secrets')):
        with Kept(path):
            os.chmod(path, mode)
            fault(base, look(s), id)
    with Kept(s.secrets + '/redaction.key') as path:
        os.chown(path, STRANGER, STRANGER)
        got = look(s)
        fault(base, got, 'permissions.secrets')
        says(got, 'permissions.secrets', str(STRANGER))
    os.rename(s.state + '/sinks', s.state + '/gone')
    fault(base, look(s), 'permissions.directories')
    os.rename(s.state + '/gone', s.state + '/sinks')
    with Kept(s.state + '/device.key') as path:
        write(path, 'no key\n')
        fault(base, look(s), 'device.key')
    with Kept(s.state + '/device.pub') as path:
        write(path, '-----BEGIN ED25519 PUBLIC KEY-----\n%s=\n-----END '
            'ED25519 PUBLIC KEY-----\n' % ('A' * 43))
        got = look(s)
        fault(base, got, 'device.public')
        says(got, 'device.public', 'does not belong')
    with Kept(s.pack + '/rules/command.yaml') as path:
        os.chmod(path, 0o666)
        fault(base, look(s), 'rules.files')
    stale = os.path.join(s.run, 'gateway.sock')
    with socket.socket(socket.AF_UNIX) as k:
        k.bind(stale)
    fault(base, look(s), 'processes.sockets')
    os.unlink(stale)


def configuration(s, base):
    with Kept(s.config):
        write(s.config, 'guardrail: [\n', 'a')
        fault(base, look(s), 'config.valid')
    with Kept(s.config):
        write(s.config, '\nwatch:\n  debounce_ms: 500\n', 'a')
        got = look(s)
        fault(base, got, 'config.keys')
        says(got, 'config.keys', 'watch')
    with Kept(s.config):
        s.set_config('guardrail.detection_strategy', 'regex_judge')
        fault(base, look(s), 'judge.wired')
    eq(worst(base)['judge.wired'], 'expected')
    eq('judge.answers' in base, False, 'silent')


def ports_and_names(s, base):
    for uid, id in ((None, 'ports.api'), (STRANGER, 'boundary.port')):
        if uid is not None and os.geteuid() != 0:
            continue
        r, w = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(r)
            if uid is not None:
                become(uid)
            k = socket.socket()
            k.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            k.bind(('127.0.0.1', s.port))
            k.listen()
            os.write(w, b'x')
            signal.pause()
        os.close(w)
        eq(os.read(r, 1), b'x')
        try:
            fault(base, look(s), id)
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(r)
    other = os.path.join(s.dir, 'other')
    os.mkdir(other)
    write(other + '/defenseclaw', '#!/usr/bin/python3\n')
    os.chmod(other + '/defenseclaw', 0o755)
    fault(base, look(s, run=lambda *a: s.ctl(*a, env={'PATH': other +
        ':/usr/bin:/bin'})), 'updates.external')
    eq(worst(base)['updates.external'], 'expected')


def the_log(s, base):
    whole = s.audit_db + '.whole'
    shutil.copy(s.audit_db, whole)
    os.chmod(whole, 0o600)

    def change(*sql, fn=None):
        db = sqlite3.connect(s.audit_db)
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE "
                "type = 'trigger'").fetchall():
            db.execute('DROP TRIGGER ' + name)
        for one in sql:
            db.execute(one)
        db.commit()
        db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
        db.close()
        for end in ('-wal', '-shm'):
            if os.path.exists(s.audit_db + end):
                os.unlink(s.audit_db + end)

    def back():
        shutil.copy(whole, s.audit_db)
        os.chmod(s.audit_db, 0o600)

    change("UPDATE events SET target = 'another' WHERE seq = 3")
    got = look(s)
    fault(base, got, 'audit.chain')
    says(got, 'audit.chain', 'row 3')
    back()
    with open(s.audit_db, 'r+b') as f:
        f.truncate(os.path.getsize(whole) // 2 // 4096 * 4096)
    fault(base, look(s), 'audit.integrity')
    back()
    change('PRAGMA user_version = 99')
    fault(base, look(s), 'upgrade.schema')
    back()
    # an older copy, which is whole in itself
    change('DELETE FROM events WHERE seq > 5')
    got = look(s)
    fault(base, got, 'audit.checkpoint')
    says(got, 'audit.checkpoint', 'older copy')
    back()
    # a disk that is full
    keep = s.state + '/audit.keep'
    shutil.copytree(s.state + '/audit', keep)
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=8m,mode=700',
            'tmpfs', s.state + '/audit'], capture_output=True).returncode:
        raise Skip('no file system can be mounted')
    try:
        for name in os.listdir(keep):
            shutil.copy(keep + '/' + name, s.state + '/audit/')
        with Kept(s.config):
            s.set_config('audit.disk_reserve_mb', 2)
            with open(s.state + '/audit/filler', 'wb') as f:
                try:
                    while True:
                        f.write(b'x' * 65536)
                        f.flush()
                except OSError:
                    pass
            got = look(s)
            fault(base, got, 'audit.space')
            says(got, 'audit.space', '0 MiB are free')
    finally:
        subprocess.run(['umount', s.state + '/audit'], check=True)
        shutil.rmtree(keep)
    # the pace of the last hour fills what is left of it within a day
    with Kept(s.config):
        used = os.path.getsize(s.audit_db) >> 20
        s.set_config('audit.max_size_mb', used + 2)
        fault(base, look(s), 'audit.growth')
    os.unlink(whole)


# --- scanners ----------------------------------------------------------------

def environment(where):
    """What venv makes, without its tools; where its packages are."""
    python = os.path.realpath('/usr/bin/python3')
    os.makedirs(where + '/bin')
    os.symlink(python, where + '/bin/python3')
    write(where + '/pyvenv.cfg', 'home = /usr/bin\n'
        'include-system-site-packages = false\n')
    site = where + '/lib/' + os.path.basename(python) + '/site-packages'
    os.makedirs(site)
    return site


def install(site, dist, version, module, text=''):
    info = '%s/%s-%s.dist-info' % (site, dist.replace('-', '_'), version)
    os.makedirs(info)
    write(info + '/METADATA', 'Metadata-Version: 2.1\nName: %s\n'
        'Version: %s\n' % (dist, version))
    os.makedirs(site + '/' + module, exist_ok=True)
    write('%s/%s/__init__.py' % (site, module), text)
    return info


def scanners(s, base):
    if not os.path.exists('/usr/bin/python3'):
        raise Skip('no /usr/bin/python3')
    os.chmod(s.dir, 0o755)
    venv = s.dir + '/venv'
    site = environment(venv)
    eq(worst(base)['scanners.skill'], 'skip')
    with Kept(s.config):
        s.set_config('scanners.python', venv + '/bin/python3')
        eq(worst(look(s))['scanners.mcp'], 'skip')      # not installed
        # no package reaches a network, writes a file or is heard
        good = ('import os, socket\nprint("noise")\n'
            'for fam in (socket.AF_INET, socket.AF_INET6):\n'
            '    try:\n        socket.socket(fam)\n'
            '    except OSError:\n        continue\n'
            '    raise Exception("a network")\n'
            'if os.getuid() == 0:\n    raise Exception("root")\n'
            'try:\n    open("/tmp/dc-scanner-wrote", "w").write("x")\n'
            'except OSError:\n    pass\nelse:\n'
            '    raise Exception("a file")\n')
        skill = install(site, 'cisco-ai-skill-scanner', '2.3.2',
            'skill_scanner', good)
        mcp = install(site, 'cisco-ai-mcp-scanner', '4.8.7', 'mcpscanner')
        well = look(s, '--section', 'scanners')
        eq(worst(well), {'scanners.skill': 'pass', 'scanners.mcp': 'pass'},
            json.dumps(well))
        for id, dist, module, info, wrong_name, versions in (
                ('scanners.skill', 'cisco-ai-skill-scanner', 'skill_scanner',
                skill, 'skill-scanner', ('2.0.7', '3.0')),
                ('scanners.mcp', 'cisco-ai-mcp-scanner', 'mcpscanner', mcp,
                'mcpscanner', ('4.2.9', '5.0.1'))):
            shutil.rmtree(info)
            for version, word in zip(versions, ('move up', 'move down')):
                one = install(site, dist, version, module)
                got = look(s, '--section', 'scanners')
                fault(well, got, id)
                says(got, id, word)
                shutil.rmtree(one)
            # another author's, which is imported by the same name
            one = install(site, wrong_name, '0.5.1', module)
            got = look(s)
            fault(base, got, id)
            says(got, id, 'another author', 'install ' + dist)
            shutil.rmtree(one)
            one = install(site, dist, versions[0][0] + '.8', module,
                'import no_such_module\n')
            got = look(s, '--section', 'scanners')
            fault(well, got, id)
            says(got, id, 'no_such_module')
            shutil.rmtree(one)
        s.set_config('scanners.python', '/no/such/python3')
        eq(wrong(look(s, '--section', 'scanners')), ['scanners.mcp',
            'scanners.skill'])
    eq([n for n in os.listdir(site + '/skill_scanner')], ['__init__.py'])


def files_without_a_suite():
    need_root()
    with Suite() as s:
        s.set_config('audit.checkpoint_events', 5)
        s.start()
        events(s, 400)
        s.stop()
        base = look(s, code=1)
        eq(worst(base)['processes.running'], 'fail')
        modes_and_keys(s, base)
        configuration(s, base)
        ports_and_names(s, base)
        the_log(s, base)
        scanners(s, base)
        eq(turned(base, look(s)), [], 'all is as it was')


# --- programs ----------------------------------------------------------------

def programs():
    s = Suite()
    own = os.path.join(s.dir, 'bin')
    shutil.copytree(s.bin, own, symlinks=True)
    etc = os.path.realpath(os.path.join(own, 'etc'))
    os.unlink(own + '/etc')
    os.mkdir(own + '/etc')
    shutil.copytree(etc + '/policies', own + '/etc/policies')
    s.bin = own
    with s:
        s.start()
        base = look(s, code=0)
        rulec = own + '/defenseclaw-rulec'
        with open(rulec, 'rb') as f:
            data = f.read()
        os.rename(rulec, rulec + '.away')
        got = look(s)
        fault(base, got, 'binaries.paths')
        says(got, 'binaries.paths', rulec)
        mark = b'@(#)DefenseClaw '
        eq(data.count(mark), 1)
        at = data.index(mark) + len(mark)
        write(rulec, data[:at] + b'0.0.9' + data[at + 5:], 'wb')
        os.chmod(rulec, 0o755)
        got = look(s)
        fault(base, got, 'binaries.versions')
        says(got, 'binaries.versions', '0.0.9')
        write(rulec, b'#!/bin/sh\n# ' + data[at - len(mark):].split(b'\0')[0]
            + b'\n', 'wb')
        fault(base, look(s), 'binaries.static')
        os.rename(rulec + '.away', rulec)
        os.chmod(rulec, 0o775)
        fault(base, look(s), 'binaries.modes')
        os.chmod(rulec, 0o4755)
        fault(base, look(s), 'binaries.modes')
        os.chmod(rulec, 0o755)
        # as an installed release has it
        names = [n for n in os.listdir(own) if os.path.isfile(own + '/' + n)
            and not os.path.islink(own + '/' + n)]
        sums = subprocess.run(['sha256sum', *names], cwd=own, text=True,
            capture_output=True, check=True).stdout
        write(own + '/etc/SHA256SUMS', sums)
        eq(worst(look(s))['binaries.signature'], 'pass')
        write(rulec, data + b'\0', 'wb')
        got = look(s)
        fault(base, got, 'binaries.signature')
        says(got, 'binaries.signature', rulec)
        write(rulec, data, 'wb')
        # an upgrade that was not followed by a restart
        path = own + '/defenseclawd'
        shutil.copy(path, path + '.new')
        os.rename(path + '.new', path)
        fault(base, look(s), 'upgrade.restart')


# --- a suite at work ---------------------------------------------------------

def stopped(pid):
    """A process that hangs, from the kernel's point of view."""
    os.kill(pid, signal.SIGSTOP)
    with open('/proc/%d/stat' % pid) as f:
        return f.read().rpartition(')')[2].split()[0] == 'T'


def processes():
    with Suite() as s:
        s.set_config('gateway.workers', 2)
        s.start()
        base = look(s, code=0)
        signer = s.pids('signer')[0]
        r = s.ctl('doctor', '--id', 'processes.answers')
        eq((r.returncode, r.stderr), (0, ''))
        stopped(signer)
        try:
            got = {}

            def keep(*args):
                r = s.ctl(*args)
                got['stderr'] = r.stderr
                return r
            fault(base, look(s, run=keep), 'processes.answers')
            # what takes longer says so
            if 'processes.answers: still looking' not in got['stderr']:
                raise AssertionError('no progress: %r' % got['stderr'])
        finally:
            os.kill(signer, signal.SIGCONT)
        wait_for(lambda: not turned(base, look(s)), 'the signer')
        with Kept(s.config):
            s.set_config('audit.checkpoint_seconds', 59)
            fault(base, look(s), 'config.in-force')
        time.sleep(1)           # times of files have whole seconds here
        with Kept(s.pack + '/rules/command.yaml') as path:
            write(path, '# more\n', 'a')
            fault(base, look(s), 'rules.in-force')
        eq(s.ctl('reload').returncode, 0)
        eq(turned(base, look(s)), [])
        # the log is taken away below it
        os.rename(s.audit_db, s.audit_db + '.away')
        fault(base, look(s), 'audit.file')
        os.rename(s.audit_db + '.away', s.audit_db)
        # a socket that agents ask at
        os.rename(s.gateway_sock, s.gateway_sock + '.away')
        fault(base, look(s), 'ports.socket')
        os.rename(s.gateway_sock + '.away', s.gateway_sock)
        # no memory for a new process: one that dies does not come back
        full = resource.prlimit(s.proc.pid, resource.RLIMIT_STACK)
        resource.prlimit(s.proc.pid, resource.RLIMIT_STACK, (4096, full[1]))
        victim = s.pids('gatewayd')[1]
        os.kill(victim, signal.SIGKILL)
        down = wait_for(lambda: (lambda g: g if worst(g)['processes.roles']
            == 'fail' else None)(look(s)), 'a role that is down')
        resource.prlimit(s.proc.pid, resource.RLIMIT_STACK, full)
        fault(base, down, 'processes.roles')
        wait_for(lambda: len(s.pids('gatewayd')) == 2 and
            worst(look(s))['processes.roles'] == 'pass', 'both workers')
        got = look(s)
        fault(base, got, 'processes.deaths')
        s.stop()
        fault(base, look(s), 'processes.running')


def dated(answer, offset):
    """The same answer with a Date of its own."""
    def fn(r):
        status, body = answer(r)[:2]
        return status, body, {'Date': email.utils.formatdate(time.time() +
            offset, usegmt=True)}
    return fn


def sinks():
    with tempfile.TemporaryDirectory() as d:
        ca = Authority(d)
        good = ca.issue('good', host='localhost', days='90')
        ended = ca.issue('ended', host='localhost', days='-1')
        soon = ca.issue('soon', host='localhost', days='5')
        os.chmod(d, 0o755)
        h = Receiver(tls=ca.server(*good))
        unwanted = []

        def choosy(r):
            return 400 if any(row['action'] in unwanted for row in r.rows) \
                else 200, {}
        j = Receiver(choosy)
        with Suite() as s:
            shutil.copy(ca.cert, s.secrets + '/../ca.pem')
            keys = {'ca_file': os.path.abspath(s.secrets + '/../ca.pem')}
            configure(s, hec(s, 'splunk', h.port, host='localhost',
                scheme='https', **keys), sink('lines', 'http_jsonl',
                'http://127.0.0.1:%d/' % j.port))
            s.start()
            events(s, 3)
            base = look(s, code=0)
            for i in ('connect', 'lag', 'process', 'refused'):
                eq([c['status'] for c in base['sinks.' + i]], ['pass'] * 2)
            eq([c['status'] for c in base['sinks.tls']], ['pass'])
            eq([c['status'] for c in base['clock.skew']], ['pass'] * 2)
            # no traffic; what else is in the log comes when it comes
            tests = "action = 'sink-test'"
            n = len(s.rows(tests))
            quiet = wait_for(lambda: (lambda g: g if 'skip' not in
                worst(g)['sinks.tls'] else None)(look(s, '--passive',
                code=0)), 'the state of a handshake')
            eq(len(s.rows(tests)), n, 'test events')
            eq([c['status'] for c in quiet['sinks.tls']], ['pass'])
            # its clock
            j.answer = dated(choosy, -3600)
            got = look(s)
            fault(base, got, 'clock.skew')
            says(got, 'clock.skew', 'ahead of', 'lines')
            j.answer = choosy
            eq(turned(base, look(s)), [])
            # what it will not have
            unwanted.append('inspect-tool-allow')
            events(s, 1)
            wait_for(lambda: state(s, 'lines')['quarantined'] +
                state(s, 'lines')['dead_letters'], 'a refusal')
            got = look(s)
            fault(base, got, 'sinks.refused')
            base = got
            unwanted.clear()
            # its certificates
            port = h.port
            h.close()
            h = Receiver(tls=ca.server(*soon), port=port)
            wait_for(lambda: 'sinks.tls' in turned(base, look(s)), 'the '
                'other certificate')
            got = look(s)
            fault(base, got, 'sinks.tls')
            says(got, 'sinks.tls', '4 days')
            h.close()
            h = Receiver(tls=ca.server(*ended), port=port)
            got = wait_for(lambda: (lambda g: g if worst(g)['sinks.tls'] ==
                'fail' else None)(look(s)), 'a certificate that ended')
            fault(base, got, 'sinks.tls')
            says(got, 'sinks.tls', 'expired')
            h.close()
            h = Receiver(tls=ca.server(*good), port=port)
            wait_for(lambda: not turned(base, look(s)), 'all well again')
            h.close()
            # nobody there
            fault(base, wait_for(lambda: (lambda g: g if worst(g)[
                'sinks.connect'] == 'fail' else None)(look(s)), 'nobody '
                'there'), 'sinks.connect')
            h = Receiver(tls=ca.server(*good), port=port)
            wait_for(lambda: not turned(base, look(s)), 'all well again')
            wait_for(lambda: not turned(base, look(s, '--passive')), 'what '
                'the status says of it')
            # no memory for its process
            full = resource.prlimit(s.proc.pid, resource.RLIMIT_STACK)
            resource.prlimit(s.proc.pid, resource.RLIMIT_STACK, (4096,
                full[1]))
            os.kill(s.pids('sink')[0], signal.SIGKILL)
            down = wait_for(lambda: (lambda g: g if worst(g)['sinks.process']
                == 'fail' else None)(look(s, '--passive')), 'a sink down')
            resource.prlimit(s.proc.pid, resource.RLIMIT_STACK, full)
            fault(base, down, 'sinks.process')
        h.close()
        j.close()


def the_judge():
    j = Judge()
    with Suite() as s:
        s.set_config('guardrail.detection_strategy', 'regex_judge')
        for key, value in (('model', 'm'), ('api_base', j.base), ('enabled',
                'true')):
            r = s.ctl('config', 'set', 'guardrail.judge.' + key, value)
            eq(r.returncode, 0, r.stderr)
        s.start()
        base = look(s, code=0)
        eq((worst(base)['judge.wired'], worst(base)['judge.answers']),
            ('pass', 'pass'))
        n = len(j.questions)
        eq(worst(look(s, '--passive'))['judge.answers'], 'skip')
        eq(len(j.questions), n, 'traffic')
        eq(('judge.tls' in base, 'clock.skew' in base), (False, False))
        j.answer = lambda q: None       # it hangs up
        fault(base, look(s), 'judge.answers')
    j.close()
    with tempfile.TemporaryDirectory() as d, Suite() as s:
        os.chmod(d, 0o755)
        ca = Authority(d)
        good, soon, ended = (ca.server(*ca.issue('n%s' % days,
            '127.0.0.1', kind='IP', days=days)) for days in ('90', '5', '-1'))
        late = {'s': 0}
        j = Judge(lambda q: reply(200, completion(LABEL), [('Date',
            email.utils.formatdate(time.time() - late['s'], usegmt=True))]),
            tls=good)
        use(s, j, ca_file=ca.cert)
        s.start()
        base = look(s, code=0)
        eq([worst(base)[i] for i in ('judge.answers', 'judge.tls',
            'clock.skew')], ['pass'] * 3)
        late['s'] = 3600
        got = look(s)
        fault(base, got, 'clock.skew')
        says(got, 'clock.skew', '(judge)', 'ahead of')
        late['s'] = 0
        # a connection that stays open has the old one
        j.tls = soon
        got = look(s)
        fault(base, got, 'judge.tls')
        says(got, 'judge.tls', ' days')
        j.tls = ended
        got = look(s)
        fault(base, got, 'judge.tls')
        says(got, 'judge.tls', 'expired')
        eq(worst(got)['judge.answers'], 'skip')
        j.tls = good
        eq(turned(base, look(s)), [])
        quiet = worst(look(s, '--passive'))
        eq((quiet['judge.tls'], 'clock.skew' in quiet), ('skip', False))
        j.close()


def hooks():
    """A client's hooks, by a copy of the front end that is ours to break."""
    with Suite() as s:
        home, place = (os.path.join(s.dir, n) for n in ('home', 'place'))
        os.mkdir(home)
        os.mkdir(place)
        ctl = shutil.copy(os.path.join(s.bin, 'defenseclawctl'), place)
        client = os.path.join(place, 'claude')
        settings = os.path.join(home, '.claude', 'settings.json')

        def run(*args, **env):
            return subprocess.run([ctl, *args], env=dict(s.env(), HOME=home,
                PATH=place + ':' + os.environ['PATH'], **env), text=True,
                capture_output=True, timeout=120, cwd=home)

        def version(text):
            write(client, '#!/bin/sh\necho %s\n' % text)
            os.chmod(client, 0o755)
        s.start()
        version('2.1.197')
        eq(run('setup', 'agent', 'claude-code').returncode, 0)
        base = look(s, run=run)
        eq({i: worst(base)[i] for i in worst(base) if
            i.startswith('hooks.')}, {'hooks.settings': 'pass',
            'hooks.program': 'pass', 'hooks.canary': 'pass',
            'hooks.switches': 'warn', 'hooks.version': 'pass'})
        eq(worst(look(s, '--passive', run=run))['hooks.canary'], 'skip')
        with open(settings) as f:
            good = f.read()
        write(settings, good.replace('"timeout":30', '"timeout":1'))
        fault(base, look(s, run=run), 'hooks.settings')
        write(settings, good.replace('--timeout 20', '--timeout 20; true'))
        fault(base, look(s, run=run), 'hooks.settings', 'hooks.canary')
        v = json.loads(good)
        v['hooks']['PreToolUse'].append({'hooks': []})
        write(settings, json.dumps(v))
        got = look(s, run=run)
        eq(worst(got)['hooks.others'], 'warn')
        turns['hooks.others'] = 1
        write(settings, good)
        fault(base, look(s, run=lambda *a: run(*a, CLAUDE_CODE_SIMPLE='1')),
            'hooks.switches')
        version('9.9.9')
        fault(base, look(s, run=run), 'hooks.version')
        version('2.1.197')
        os.chmod(ctl, 0o777)
        got = look(s, run=run)
        eq(worst(got)['hooks.program'], 'fail')
        turns['hooks.program'] = 1
        says(got, 'hooks.program', ctl)


def behind():
    s = Stepped()
    if s.clock is None:
        s.cleanup()
        raise Skip('no programs with a clock: see make clock-build')
    open_now = {'all': True}

    def answer(r):
        test = all(row['action'] == 'sink-test' for row in r.rows)
        return (200, {}) if open_now['all'] or test else (503, {})
    j = Receiver(answer)
    with s:
        s.set_config('audit.checkpoint_events', 1)
        configure(s, sink('lines', 'http_jsonl', 'http://127.0.0.1:%d/' %
            j.port))
        s.start()
        events(s, 2)
        base = look(s, code=0)
        open_now['all'] = False
        events(s, 2)
        s.step(400)
        events(s, 1)
        # the receiver's clock did not step; and rows are soon signed
        got = wait_for(lambda: (lambda g: g if turned(base, g) ==
            ['clock.skew', 'sinks.lag'] else None)(look(s)), 'a lag')
        fault(base, got, 'sinks.lag', 'clock.skew')
    j.close()


# --- the clock ---------------------------------------------------------------

class Timex(ctypes.Structure):
    _fields_ = [('modes', ctypes.c_uint), ('offset', ctypes.c_long),
        ('freq', ctypes.c_long), ('maxerror', ctypes.c_long),
        ('esterror', ctypes.c_long), ('status', ctypes.c_int),
        ('rest', ctypes.c_long * 40)]


ADJ_MAXERROR, ADJ_ESTERROR, ADJ_STATUS, STA_UNSYNC = 4, 8, 0x10, 0x40


def adjtimex(**fields):
    """The kernel's clock as it was; changes no time."""
    libc = ctypes.CDLL(ctypes.util.find_library('c'), use_errno=True)
    t = Timex(**fields)
    if libc.adjtimex(ctypes.byref(t)) == -1:
        raise Skip('adjtimex: %s' % os.strerror(ctypes.get_errno()))
    return t


class KeptClock:
    """The kernel believes for a while that somebody keeps its clock."""

    def __enter__(self):
        self.was = adjtimex()
        adjtimex(modes=ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR,
            status=self.was.status & ~STA_UNSYNC, maxerror=1000,
            esterror=1000)

    def __exit__(self, *exc):
        adjtimex(modes=ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR,
            status=self.was.status, maxerror=self.was.maxerror,
            esterror=self.was.esterror)


def the_kernels_clock():
    need_root()
    with Suite() as s, KeptClock():
        base = look(s, '--section', 'clock')
        eq(worst(base)['clock.kernel'], 'pass')
        adjtimex(modes=ADJ_STATUS, status=STA_UNSYNC)
        fault(base, look(s, '--section', 'clock'), 'clock.kernel')


def daemons_of_time():
    """In a place where only what we start is to be seen."""
    need_root()
    with Suite() as s:
        for name in ('chronyd', 'ntpd'):
            shutil.copy('/bin/sleep', os.path.join(s.dir, name))
        place = ['unshare', '--pid', '--fork', '--mount-proc', '--mount',
            'sh', '-c']

        def there(first):
            def run(*args):
                r = subprocess.run([*place, first + ' exec "$0" "$@"',
                    os.path.join(s.bin, 'defenseclawctl'), *args], text=True,
                    env=s.env(), capture_output=True, timeout=CEILING)
                if 'unshare' in r.stderr:
                    raise Skip(r.stderr.strip())
                return r
            return run
        conf = os.path.join(s.dir, 'chrony.conf')
        write(conf, '# ours\npool  a.internal iburst\nserver b.internal\n')
        mount = 'mkdir -p /etc/chrony && mount -t tmpfs none /etc/chrony && ' \
            'cp %s /etc/chrony/; ' % conf if os.path.isdir('/etc/chrony') \
            else 'mount -t tmpfs none /usr/local/etc 2>/dev/null; '
        sleep = '/bin/sleep 60 & '
        base = look(s, run=there(mount + sleep + s.dir + '/chronyd 60 & '
            'sleep 0.2;'))
        eq(worst(base)['clock.daemon'], 'pass')
        says(base, 'clock.daemon', 'chrony')
        if os.path.isdir('/etc/chrony'):
            says(base, 'clock.daemon', 'b.internal')
        fault(base, look(s, run=there(sleep + 'sleep 0.2;')), 'clock.daemon')


# --- the system mode ---------------------------------------------------------

def healthy_then_not():
    """A healthy host has no warning; and what the kernel says of roles."""
    need_root()
    h = Receiver()
    with Suite('system') as s:
        configure(s, hec(s, 'splunk', h.port))
        directory = s.state + '/sinks'
        os.chown(directory, os.stat(directory).st_uid, -1)
        shutil.copy('/bin/sleep', os.path.join(s.dir, 'chronyd'))
        daemon = subprocess.Popen([os.path.join(s.dir, 'chronyd'), '600'])
        try:
            s.start()
            events(s, 3)
            try:
                with KeptClock():
                    base = look(s, code=0)
                    eq(wrong(base), [])
            except Skip as e:
                print('    clock.kernel not looked at: %s' % e)
                base = look(s, code=0)
                eq([i for i in wrong(base) if i != 'clock.kernel'], [])
            # a line of /etc/passwd that is gone
            passwd = os.path.join(s.dir, 'passwd')
            with open('/etc/passwd') as f:
                write(passwd, ''.join(l for l in f if not
                    l.startswith('_dcscan:')))

            def without(*args):
                return subprocess.run(['unshare', '--mount', 'sh', '-c',
                    'mount --bind %s /etc/passwd && exec "$0" "$@"' % passwd,
                    os.path.join(s.bin, 'defenseclawctl'), *args], text=True,
                    env=s.env(), capture_output=True, timeout=CEILING)
            got = look(s, run=without)
            eq([i for i in turned(base, got) if i != 'clock.kernel'],
                ['permissions.accounts'])
            turns['permissions.accounts'] = 1
        finally:
            daemon.kill()
            daemon.wait()
    h.close()
    loose(base)
    with Suite() as s:
        s.start()
        got = look(s, '--section', 'boundary')
        fault(base, got, 'boundary.same-uid')


def loose(base):
    bin = os.path.join(env_dir('DC_SYSBIN'), '..', 'loose')
    if not os.path.exists(bin):
        raise Skip('%s is missing: see make loose-build' % bin)
    with Suite() as s:
        s.start()
        user = look(s)
    for what in ('seccomp', 'no-new-privs', 'capabilities', 'uid', 'network',
            'root'):
        # a change of uid would take the capabilities, too
        s = Suite('user' if what == 'capabilities' else 'system')
        s.bin = os.path.normpath(bin)
        with s:
            s.start(env={'DC_LOOSE': what})
            got = {i: l for i, l in look(s).items() if not
                i.startswith('clock.')}
            fault(user if what == 'capabilities' else base, got,
                'sandbox.' + what)
            # it says itself that all is well
            status = json.loads(s.ctl('status', '--json').stdout)
            eq([l for p in status['processes'] if p['role'] == 'gatewayd'
                for l in p['sandbox']['lacks'] if not
                l.startswith('landlock.')], [], what)


def old_kernel():
    shim = os.path.join(TOP, 'build/kernel/oldkernel')
    if not os.path.exists(shim):
        raise Skip('%s is missing: see make probe-build' % shim)
    with Suite() as s:
        s.start()
        base = look(s)
    with Suite() as s:
        s.set_config('sandbox.allow_no_landlock', 'true')
        s.launcher = [shim, '-d', 'landlock']
        s.start()
        s.launcher = []
        fault(base, look(s), 'sandbox.landlock')


def every_check_has_a_fault():
    with Suite() as s:
        ids = listed(s)
    eq(len(ids), len(set(ids)), 'ids')
    missing = [i for i in ids if i not in turns and i not in unseen]
    if missing:
        raise AssertionError('no fault turns ' + ', '.join(missing))
    strangers = [i for i in turns if i not in ids]
    eq(strangers, [], 'no such check')


# checks whose faults need what is not to be had where this runs
unseen = set()
NEEDS = {the_kernels_clock: {'clock.kernel'}, behind: {'sinks.lag'},
    daemons_of_time: {'clock.daemon'}, old_kernel: {'sandbox.landlock'},
    healthy_then_not: {'permissions.accounts', 'boundary.same-uid',
    'sandbox.seccomp', 'sandbox.no-new-privs', 'sandbox.capabilities',
    'sandbox.uid', 'sandbox.network', 'sandbox.root'}}


def main():
    need_root()
    tests = (files_without_a_suite, programs, processes, sinks, the_judge,
        hooks, behind, the_kernels_clock, daemons_of_time, healthy_then_not,
        old_kernel)
    for fn in tests:
        print('  %s' % fn.__name__, flush=True)
        start = time.monotonic()
        try:
            fn()
        except Skip as e:
            print('    skipped: %s' % e, flush=True)
            unseen.update(NEEDS.get(fn, ()))
        if os.environ.get('DC_TIMES'):
            print('    %.1f s' % (time.monotonic() - start))
    every_check_has_a_fault()
    print('  %d checks, %d faults' % (len(turns), sum(turns.values())))


if __name__ == '__main__':
    program(main)
