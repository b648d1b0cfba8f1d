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



"""`defenseclawctl doctor' itself: what it prints, that it changes nothing,
whom it works for, and what --fix does.  Its checks are tried by
test_doctor_faults.py."""

import json
import os
import pty
import re
import socket
import stat
import subprocess

from doctor import RANK, listed, look, tree, worst, wrong
from lib import *
from receivers import Receiver
from test_sinks import configure, events, sink


def what_it_prints():
    with Suite(uid=UID if os.geteuid() == 0 else None) as s:
        ids = listed(s)
        sections = list(dict.fromkeys(i.split('.')[0] for i in ids))
        r = s.ctl('doctor', '--list')
        eq([l.split()[0] for l in r.stdout.splitlines()[1:]], ids)
        doc = json.loads(s.ctl('doctor', '--json').stdout)
        eq((doc['schema_version'], doc['mode'], doc['suite'],
            doc['passive']), (1, 'user', 'down', False))
        eq(sum(doc['summary'].values()), len(doc['checks']))
        eq(sorted(doc['summary']), sorted(RANK))
        # text says the same as JSON, without colours but on a terminal
        r = s.ctl('doctor')
        eq((r.returncode, '\x1b' in r.stdout), (1, False))
        said = re.findall(r'^([A-Z]+) +([a-z]+\.[a-z-]+) ', r.stdout, re.M)
        eq([(w.lower(), i) for w, i in said], [(c['status'], c['id']) for c
            in doc['checks']])
        main, other = pty.openpty()
        subprocess.run([os.path.join(s.bin, 'defenseclawctl'), 'doctor',
            '--section', 'judge'], stdout=other, stderr=other, env={
            **s.env(), 'TERM': 'xterm'}, preexec_fn=s.become, timeout=CEILING)
        os.close(other)
        eq('\x1b[36mEXPECTED' in os.read(main, 4096).decode(), True)
        os.close(main)
        # one section, some ids, and what is none
        for name in sections:
            got = look(s, '--section', name)
            eq(set(c['section'] for l in got.values() for c in l) <= {name},
                True)
        got = look(s, '--id', 'device.key,config.valid', code=0)
        eq(sorted(got), ['config.valid', 'device.key'])
        eq(look(s, '--section', 'hooks,sinks', code=0), {})     # silent
        for args in (('--id', 'no.such'), ('--section', 'device,x'),
                ('--dry-run',), ('--id', '')):
            eq(s.ctl('doctor', *args).returncode, 2, args)


def nothing_changes():
    with Suite() as s:
        before = tree(s.dir)
        look(s, code=1)
        eq(tree(s.dir), before, 'before the first start')
        s.start()
        events(s, 3)
        # a suite at work writes its own
        own = (s.state + '/audit', s.state + '/sign', s.logdir)

        def rest():
            return {p: v for p, v in tree(s.dir).items() if not
                p.startswith(own)}
        before = rest()
        look(s, code=0)
        look(s, '--passive', code=0)
        eq(rest(), before, 'beside a suite at work')
        s.stop()
        before = tree(s.dir)
        for args in ((), ('--passive',), ('--fix', '--dry-run')):
            look(s, *args, code=1)
            eq(tree(s.dir), before, 'with a suite that is down, %r' % (args,))
        # after a crash there is more beside the database
        s.start()
        events(s, 3)
        s.kill()
        before = tree(s.dir)
        got = look(s, code=1)
        eq(tree(s.dir), before, 'after a crash')
        says = [c['seen'] for c in got['audit.chain']]
        eq(('skip', True), (worst(got)['audit.chain'], 'crash' in says[0]),
            says)
        # a log that says what a terminal would obey
        with open(s.config, 'a') as f:
            f.write('"x\\e[31m": 1\n')
        r = s.ctl('doctor', '--section', 'config')
        eq((r.returncode, '\x1b' in r.stdout), (1, False))


def it_repairs():
    with Suite() as s:
        good = look(s, '--section', 'permissions,rules,processes')
        os.chmod(s.secrets, 0o755)
        os.chmod(s.secrets + '/redaction.key', 0o644)
        os.chmod(s.state + '/device.key', 0o644)
        os.rmdir(s.state + '/sign')
        os.chmod(s.pack + '/rules/command.yaml', 0o666)
        os.mkdir(s.run + '/control')
        stale = [s.gateway_sock, s.run + '/control/auditd.sock']
        for path in stale:
            with socket.socket(socket.AF_UNIX) as k:
                k.bind(path)
        open_still = socket.socket(socket.AF_UNIX)
        open_still.bind(s.run + '/control/x.sock')
        open_still.listen()
        args = ('--section', 'permissions,rules,processes', '--fix')
        before = tree(s.dir)
        got = look(s, *args, '--dry-run')
        eq(tree(s.dir), before, 'a dry run')
        plan = [f for l in got.values() for c in l for f in
            c.get('fixes', [])]
        eq(len(plan) >= 7, True, plan)
        eq([f for f in plan if f['done']], [])
        text = s.ctl('doctor', *args, '--dry-run').stdout
        eq('would be done: ' in text, True, text)
        got = look(s, *args)
        eq(sorted(i for i, w in worst(got).items() if w in ('warn',
            'fail')), ['processes.running', 'processes.sockets'])
        # somebody listens on that one
        eq([os.path.exists(p) for p in stale], [False, False])
        eq(os.path.exists(s.run + '/control/x.sock'), True)
        open_still.close()
        for path, mode in ((s.secrets, 0o700), (s.state + '/sign', 0o700),
                (s.secrets + '/redaction.key', 0o600), (s.state +
                '/device.key', 0o600), (s.pack + '/rules/command.yaml',
                0o644)):
            eq(oct(stat.S_IMODE(os.stat(path).st_mode)), oct(mode), path)
        look(s, *args)
        eq(wrong(look(s, *args[:2])), wrong(good))
        # a second name may be of a file elsewhere
        path = s.secrets + '/other'
        with open(s.dir + '/elsewhere', 'w') as f:
            f.write('x')
        os.link(s.dir + '/elsewhere', path)
        os.chmod(path, 0o644)
        got = look(s, '--section', 'permissions', '--fix', code=1)
        eq(oct(stat.S_IMODE(os.stat(path).st_mode)), '0o644')
        eq('second name' in json.dumps(got['permissions.secrets']), True)
        os.unlink(path)
        os.symlink('/etc/passwd', path)
        mode = os.stat('/etc/passwd').st_mode
        look(s, '--section', 'permissions', '--fix', code=1)
        eq(os.stat('/etc/passwd').st_mode, mode)
        os.unlink(path)
        s.start()
        look(s, code=0)


def without_traffic():
    h = Receiver(lambda r: (200, {}))
    with Suite() as s:
        configure(s, sink('lines', 'http_jsonl', 'http://127.0.0.1:%d/' %
            h.port, _headers='{X-Secret: not-to-be-shown}'))
        s.start()
        wait_for(lambda: h.accepted, 'the first rows')
        look(s, '--passive', code=0)
        eq([r for r in h.accepted if r['action'] == 'sink-test'], [])
        look(s, code=0)
        # one, at once; and where it stands in the log
        wait_for(lambda: 'sink-test' in [r['action'] for r in h.accepted],
            'a test event')
        eq(len(s.rows("action = 'sink-test'")), 1)
        out = s.ctl('doctor').stdout + s.ctl('doctor', '--json').stdout
        for word in ('not-to-be-shown', s.token()):
            eq(word in out, False, 'a secret is shown')
    h.close()


def for_another_user():
    need_root()
    with Suite('system') as s:
        s.start()
        before = tree(s.confdir)

        def run(*args):
            return subprocess.run([os.path.join(s.bin, 'defenseclawctl'),
                *args], text=True, capture_output=True, timeout=CEILING,
                env={'PATH': '/usr/bin:/bin', 'HOME': '/nonexistent'},
                preexec_fn=lambda: become(UID))
        got = look(s, run=run)
        eq([i for i in wrong(got) if not i.startswith('clock.')], [])
        for id in ('config.valid', 'audit.integrity', 'device.key',
                'permissions.secrets'):
            eq((id, worst(got)[id]), (id, 'skip'))
        eq(worst(got)['processes.running'] in ('pass', 'skip'), True)
        eq(tree(s.confdir), before)


if __name__ == '__main__':
    program(lambda: run([what_it_prints, nothing_changes, it_repairs,
        without_traffic, for_another_user]))
