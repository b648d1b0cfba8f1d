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

"""Roles that die, hang or do not start, and the suite's own beginning and
end: it says why, keeps what was valid, and leaves nothing behind.

Short forms by default; with DC_SOAK=1 also the limits that take half a
minute, and many more rounds.
"""

import threading

from lib import *

SOAK = os.environ.get('DC_SOAK') == '1'
ROUNDS = 20 if SOAK else 4
TOOL = '/api/v1/inspect/tool'
LS = {'tool': 'shell', 'args': {'command': 'ls -la'}}
ROLES = ('gatewayd', 'auditd', 'signer')
MAX_WHY = 320
TEN_DEATHS_S = 60       # with all their pauses: about 16
HOSTILE = "b'\\x1b[31mred\\n' + b'x' * 2000"

# in place of a role: its last word as a taken one might send it
LAST_WORD = '''#!%s
import os, struct
text = (%s)[:1023].ljust(1024, b'\\0')
os.write(3, struct.pack('=IIII', %d, 16 + 4 + 1024, 0, 0) +
    struct.pack('=I', 3) + text)
os._exit(9)
'''


def own_programs(suite):
    """The suite runs a copy of the programs, which may then be replaced."""
    path = os.path.join(suite.dir, 'bin')
    shutil.copytree(suite.bin, path, symlinks=True)
    suite.bin = path


def replace_program(suite, role, text):
    """Puts a script in place of a role's program; how to undo that."""
    path = os.path.join(suite.bin, 'defenseclaw-' + role)
    os.rename(path, path + '.good')
    with open(path, 'w') as f:
        f.write(text)
    os.chmod(path, 0o755)
    return lambda: os.replace(path + '.good', path)


def status(suite):
    r = suite.ctl('status', '--json')
    try:
        return r.returncode, json.loads(r.stdout)
    except ValueError:
        raise AssertionError('status: %d: %s%s' % (r.returncode, r.stdout,
            r.stderr))


def process(suite, instance):
    """Of status, that of this place."""
    for p in status(suite)[1].get('processes', ()):
        if p['instance'] == instance and p['state'] != 'draining':
            return p
    return None


def served(suite):
    try:
        return suite.post(TOOL, LS).status == 200
    except (OSError, http.client.HTTPException):
        return False


def kill_role(suite, role):
    pids = suite.pids(role)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len(suite.pids(role)) == len(pids) and not set(pids) &
        set(suite.pids(role)), role + ' is started again')


def left_over(where):
    """Processes of the programs in this directory."""
    out = []
    for name in os.listdir('/proc'):
        if not name.isdigit():
            continue
        try:
            exe = os.readlink('/proc/%s/exe' % name)
        except OSError:
            continue
        if exe.startswith(where + os.sep) and alive(int(name)):
            out.append(int(name))
    return out


def no_one_left(suite):
    wait_for(lambda: not left_over(suite.bin), 'no process is left')
    r = suite.ctl('status')
    eq(r.returncode, CTL_NOT_RUNNING, r.stderr)


def says_why():
    """A role that does not start: why, how often, until when; also when it
    is the one that answers status."""
    with Suite() as suite:
        own_programs(suite)
        suite.set_config('gateway.workers', 2)
        suite.start()
        time.sleep(1.1)
        pid = process(suite, 'gatewayd.1')['pid']
        eq(process(suite, 'gatewayd.1')['last_death'], None)
        undo = replace_program(suite, 'gatewayd', LAST_WORD % (sys.executable,
            HOSTILE, MSG['MSG_LOG']))
        os.kill(pid, signal.SIGKILL)

        def down():
            p = process(suite, 'gatewayd.1')
            d = p and p['last_death']
            return d and d['in_a_row'] >= 3 and p['state'] == 'down' and \
                d['retry_ms'] > 0 and d
        d = wait_for(down, 'gatewayd.1 is down')
        assert d['why'].startswith('exited 9: '), d
        assert '\\033[31mred\\n' in d['why'] and len(d['why']) < MAX_WHY, d
        assert d['why'].isprintable(), d
        # the other one serves, and people are told as well
        eq(suite.post(TOOL, LS).status, 200)
        r = suite.ctl('status')
        eq(r.returncode, CTL_OK)
        assert 'exited 9' in r.stdout and 'in a row' in r.stdout, r.stdout
        assert '\x1b' not in r.stdout
        undo()
        wait_for(lambda: process(suite, 'gatewayd.1')['state'] == 'ready',
            'gatewayd.1 is back')
        eq(process(suite, 'gatewayd.1')['last_death']['in_a_row'] > 0, True)
        # and auditd, by which status is answered
        pid, = suite.pids('auditd')
        undo = replace_program(suite, 'auditd', '#!/bin/sh\nexit 5\n')
        os.kill(pid, signal.SIGKILL)

        def down():
            code, s = status(suite)
            for p in s.get('processes', ()):
                if p['instance'] == 'auditd' and p['last_death'] and \
                        p['last_death']['why'] == 'exited 5':
                    eq(code, CTL_FAILURE)
                    return p['last_death']['in_a_row'] > 1
        wait_for(down, 'auditd is down')
        r = suite.ctl('status')
        eq(r.returncode, CTL_FAILURE)
        assert 'exited 5' in r.stdout, r.stdout
        assert 'auditd does not answer' in r.stderr, r.stderr
        undo()
        wait_for(lambda: served(suite), 'service')
        eq(suite.ctl('status').returncode, CTL_OK)
        suite.wait_row("action = 'role-death' AND target = 'auditd' AND "
            "details LIKE '%\"exit\":5%'")


def says_why_early():
    """A role that ends before it has a channel of its own is heard, too."""
    with Suite('system') as suite:
        suite.start()
        time.sleep(1.1)
        empty = os.path.join(suite.run, 'empty')
        os.rename(empty, empty + '.away')
        for pid in suite.pids('gatewayd'):
            os.kill(pid, signal.SIGKILL)

        def why():
            d = process(suite, 'gatewayd.1')['last_death']
            return d and 'no directory to become the root' in d['why']
        wait_for(why, 'why gatewayd.1 is down')
        os.rename(empty + '.away', empty)
        wait_for(lambda: served(suite), 'service')


class TenDeaths:
    """Begun first and looked at last, for it takes its pauses."""

    def __enter__(self):
        self.suite = Suite()
        try:
            self.suite.init()
            own_programs(self.suite)
            self.suite.start()
            replace_program(self.suite, 'gatewayd', '#!/bin/sh\nexit 7\n')
            for pid in self.suite.pids('gatewayd')[:1]:
                os.kill(pid, signal.SIGKILL)
        except BaseException:
            self.suite.cleanup()
            raise
        return self

    def __exit__(self, *exc):
        self.suite.cleanup()

    def ten_deaths(self):
        suite = self.suite
        eq(suite.proc.wait(TEN_DEATHS_S), CTL_FAILURE, 'exit status')
        suite.proc = None
        assert re.search(r'gatewayd\.\d died 10 times in a row: the suite '
            r'stops; at last it exited 7', suite.log()), suite.log()
        no_one_left(suite)
        deaths = suite.rows("action = 'role-death' AND details LIKE "
            "'%\"exit\":7%'")
        eq(len({r['details']['pid'] for r in deaths}), len(deaths))
        assert len(deaths) >= 9, len(deaths)


def secrets_survive():
    """What was valid at the last load serves every restart, whatever the
    files say by then; a reload or a start takes none that is not whole."""
    with Suite() as suite:
        suite.start()
        token = suite.token()
        path = os.path.join(suite.secrets, 'gateway-token')
        key = os.path.join(suite.state, 'device.key')
        good = {}
        for p in [key, suite.config] + [os.path.join(suite.secrets, n)
                for n in os.listdir(suite.secrets)]:
            with open(p) as f:
                good[p] = f.read()
        time.sleep(1.1)

        def works(what):
            for role in ROLES:
                kill_role(suite, role)
            wait_for(lambda: code(token) == 200, what)
            c = suite.control()
            wait_for(lambda: c.request('MSG_CTL_AUDIT_HEAD')[0] == CTL_OK,
                'a signature: ' + what)
            c.close()

        def code(token):
            try:
                return suite.post(TOOL, LS, token=token).status
            except (OSError, http.client.HTTPException):
                return 0
        # in place, as an editor does, and half of it; then gone
        with open(path, 'w') as f:
            f.write('another-token-that-nobody-loaded')
        with open(key, 'w') as f:
            f.write(good[key][:20])
        with open(suite.config, 'w') as f:
            f.write(good[suite.config][:200] + '\n  : [')
        works('files changed in place')
        eq(code('another-token-that-nobody-loaded'), 401)
        for p in good:
            os.unlink(p)
        works('files gone')
        eq(suite.reload()[0], CTL_CONFIG)
        # refused one by one, and named
        for damaged, text in ((suite.config, 'a: [\n'), (key, '')):
            for p, t in good.items():
                with open(p, 'w') as f:
                    f.write(t)
                os.chmod(p, 0o600)
            with open(damaged, 'w') as f:
                f.write(text)
            r = suite.reload()
            eq(r[0], CTL_CONFIG)
            assert os.path.basename(damaged) in r[1], r
        eq(code(token), 200)
        suite.stop()
        try:
            suite.start()
            raise AssertionError('started without a key')
        except StartFailed as e:
            eq(e.code, CTL_CONFIG)
            assert 'device.key: is empty' in e.text, e.text


def empty_token():
    """One that is just being written is not loaded as none."""
    with Suite() as suite:
        suite.start()
        path = os.path.join(suite.secrets, 'gateway-token')
        token = suite.token()
        for text, word in (('', 'is empty'), ('x' * 5000, 'longer than')):
            with open(path, 'w') as f:
                f.write(text)
            code, said = suite.reload()
            eq(code, CTL_CONFIG)
            assert 'gateway-token' in said and word in said, said
        eq(suite.post(TOOL, LS, token=token).status, 200)
        suite.stop()
        try:
            suite.start()
            raise AssertionError('started with a token of 5000 bytes')
        except StartFailed as e:
            eq(e.code, CTL_CONFIG)
            assert 'gateway-token' in e.text, e.text


def listing(*dirs):
    return sorted(os.path.join(r, n) for d in dirs for r, ds, fs in
        os.walk(d) for n in ds + fs)


def one_supervisor_death(mode):
    with Suite(mode) as suite:
        suite.set_config('gateway.workers', 2)
        suite.start()
        eq(suite.stop(), 0)
        clean = listing(suite.confdir, suite.state, suite.run)
        suite.start()
        before = listing(suite.run)
        for stopped in (None,) + ROLES:
            pids = [p for v in suite.pids().values() for p in v]
            eq(len(pids), 4)
            if stopped:
                # one that hangs cannot see the end of its channel
                os.kill(suite.pids(stopped)[0], signal.SIGSTOP)
            suite.proc.send_signal(signal.SIGKILL)
            suite.proc.wait(CEILING)
            suite.proc = None
            wait_for(lambda: not any(alive(p) for p in pids), 'all are gone')
            no_one_left(suite)
            # its sockets and its lock are there, and in nobody's way
            eq(listing(suite.run), before)
            suite.start()
            eq(suite.post(TOOL, LS).status, 200)
            eq(listing(suite.run), before)
        # and while it loads: nobody serves yet, loaders run
        suite.stop()
        for n in range(ROUNDS):
            suite.start(wait=False)
            time.sleep(0.01 + 0.03 * n)
            suite.proc.send_signal(signal.SIGKILL)
            suite.proc.wait(CEILING)
            suite.proc = None
            no_one_left(suite)
        suite.start()
        eq(suite.post(TOOL, LS).status, 200)
        eq(suite.stop(), 0)
        eq(listing(suite.confdir, suite.state, suite.run), clean)
        r = suite.ctl('audit', 'verify', '--db', suite.audit_db)
        eq(r.returncode, 0, r.stdout + r.stderr)


def supervisor_death():
    one_supervisor_death('user')


def supervisor_death_in_system_mode():
    one_supervisor_death('system')


def starts_at_once():
    """One of them runs, the others say so."""
    with Suite() as suite:
        for n in range(2):
            procs = [subprocess.Popen([os.path.join(suite.bin,
                'defenseclawctl'), 'start'], env=suite.env(),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE) for _ in range(5)]
            errs = [p.communicate(timeout=2 * CEILING)[1] for p in procs]
            codes = sorted(p.returncode for p in procs)
            try:
                eq(codes, [CTL_OK] + [CTL_ALREADY] * 4, errs)
                eq(suite.post(TOOL, LS).status, 200)
            finally:
                eq(suite.ctl('stop').returncode, CTL_OK)
            no_one_left(suite)


def stop_while_starting():
    """At any moment: it goes, and the next start is as good as any."""
    with Suite() as suite:
        for n in range(2 * ROUNDS):
            suite.start(wait=False)
            time.sleep(0.02 * n)
            suite.proc.send_signal((signal.SIGTERM, signal.SIGINT)[n % 2])
            code = suite.proc.wait(CEILING)
            suite.proc = None
            # before its handlers stand it is just a process
            assert code in (0, -signal.SIGTERM, -signal.SIGINT), code
            no_one_left(suite)
        suite.start()
        eq(suite.post(TOOL, LS).status, 200)


def signal_storms():
    """Any number of them, in any order: one reload after another, one end;
    who asked for a reload is answered or cut off, not left waiting."""
    with Suite() as suite:
        suite.start()
        rng = random.Random(1)
        for _ in range(300):
            suite.proc.send_signal(signal.SIGHUP)
            if rng.random() < 0.1:
                time.sleep(0.001)
        eq(suite.reload()[0], CTL_OK)
        eq(suite.post(TOOL, LS).status, 200)
        controls = [suite.control('gatewayd.1') for _ in range(8)]
        for c in controls:
            for _ in range(4):
                c.send(MSG['MSG_CTL_RELOAD'])
        for n in range(100):
            suite.proc.send_signal(rng.choice((signal.SIGHUP, signal.SIGINT,
                signal.SIGTERM)))
        eq(suite.proc.wait(CEILING), 0, 'exit status')
        suite.proc = None
        for c in controls:
            while True:
                got = c.recv()
                if got is None:
                    break
                assert got[0] in (MSG['MSG_CTL_DONE'],
                    MSG['MSG_CTL_ERROR']), got
        no_one_left(suite)
        suite.start()
        eq(suite.post(TOOL, LS).status, 200)


def hanging_worker():
    """It follows no list and takes no rules, and is replaced for that."""
    with Suite() as suite:
        suite.set_config('gateway.workers', 2)
        suite.start()
        pid = process(suite, 'gatewayd.2')['pid']
        os.kill(pid, signal.SIGSTOP)
        c = suite.control()
        eq(c.list_change('shell', OP_BLOCK)[0], CTL_OK)
        # not answered before that, though it is not quite gone yet
        assert 'gatewayd.2[%d]: does not follow' % pid in suite.log()
        wait_for(lambda: not alive(pid), 'its death')
        for n in (1, 2):
            wait_for(lambda: process(suite, 'gatewayd.%d' % n)['state'] ==
                'ready', 'worker')
            a = suite.control('gatewayd.%d' % n).request('MSG_CTL_CALL',
                wstr('POST') + wstr(TOOL) + json.dumps(LS).encode())
            eq(json.loads(a[1])['raw_action'], 'block')
        pid = process(suite, 'gatewayd.2')['pid']
        os.kill(pid, signal.SIGSTOP)
        suite.write_pack(suite.pack, {'command.yaml': RULES.replace(
            'TEST-LOW', 'TEST-NEW')})
        eq(suite.reload(), (CTL_OK, ''))
        assert 'gatewayd.2[%d]: has not answered' % pid in suite.log()
        wait_for(lambda: not alive(pid), 'its death')
        d = process(suite, 'gatewayd.2')['last_death']
        assert 'signal 9' in d['why'], d


def hanging_start():
    """A worker that hangs before it says READY does not outlive a reload."""
    with Suite() as suite:
        own_programs(suite)
        suite.set_config('gateway.workers', 2)
        suite.start()
        time.sleep(1.1)
        undo = replace_program(suite, 'gatewayd', '#!/bin/sh\n'
            'exec sleep 1000\n')
        os.kill(process(suite, 'gatewayd.1')['pid'], signal.SIGKILL)
        pid = wait_for(lambda: (p := process(suite, 'gatewayd.1')) and
            p['state'] == 'starting' and p['pid'], 'a worker that starts')
        if SOAK:
            # it is given time, not all of it
            wait_for(lambda: not alive(pid), 'its end', 4 * CEILING)
            assert '[%d]: has not answered for 60 s' % pid in suite.log()
            pid = wait_for(lambda: (p := process(suite, 'gatewayd.1')) and
                p['state'] == 'starting' and p['pid'], 'another one')
        undo()
        suite.set_config('guardrail.mode', 'observe')
        eq(suite.ctl('reload').returncode, CTL_OK)
        wait_for(lambda: not alive(pid), 'its death')
        eq(suite.post(TOOL, LS).status, 200)
        eq(suite.rows("action = 'role-death' AND details LIKE ?",
            ('%%"pid":%d,%%' % pid,)), [])


def hanging_auditd():
    """Requests get 503 at their deadline; once it goes on or is replaced
    nothing is lost or doubled."""
    with Suite() as suite:
        suite.start()
        pid, = suite.pids('auditd')
        os.kill(pid, signal.SIGSTOP)
        start = time.monotonic()
        a = suite.post(TOOL, LS, {'X-DefenseClaw-Request-Id': 'hang-1'})
        eq(a.status, 503)
        assert time.monotonic() - start > 3, 'it was not waited for'
        if SOAK:
            wait_for(lambda: suite.pids('auditd') not in ([], [pid]),
                'auditd is replaced', 2 * CEILING)
            assert 'auditd[%d]: has not answered for 30 s' % pid in \
                suite.log()
        else:
            os.kill(pid, signal.SIGCONT)
        wait_for(lambda: served(suite), 'service')
        assert len(suite.rows("request_id = 'hang-1'")) <= 1


def hanging_signer():
    """Only with DC_SOAK: it is noticed, too."""
    if not SOAK:
        return
    with Suite() as suite:
        suite.start()
        pid, = suite.pids('signer')
        os.kill(pid, signal.SIGSTOP)
        wait_for(lambda: suite.pids('signer') not in ([], [pid]),
            'signer is replaced', 2 * CEILING)
        assert 'signer[%d]: has not answered for 30 s' % pid in suite.log()
        wait_for(lambda: suite.control().request('MSG_CTL_AUDIT_HEAD')[0] ==
            CTL_OK, 'a signature')


def sent_again():
    """auditd is replaced while answers wait for it: all of them come, each
    with its one row."""
    with Suite() as suite:
        suite.set_config('gateway.workers', 2)
        suite.start()
        rng = random.Random(1)
        got = {}

        def ask(id):
            a = suite.post(TOOL, LS, {'X-DefenseClaw-Request-Id': id})
            got[id] = a.status, a.headers.get('x-defenseclaw-audit-seq')

        for n in range(ROUNDS):
            time.sleep(1.1)
            pid, = suite.pids('auditd')
            # half of the rounds it has taken nothing, else anything
            if n % 2:
                os.kill(pid, signal.SIGSTOP)
            threads = [threading.Thread(target=ask, args=('again-%d-%d' % (n,
                i),)) for i in range(24)]
            for t in threads:
                t.start()
            time.sleep(rng.random() / 50)
            os.kill(pid, signal.SIGKILL)
            for t in threads:
                t.join(CEILING)
        eq(len(got), 24 * ROUNDS)
        rows = {}
        for r in suite.rows("request_id LIKE 'again-%'"):
            rows.setdefault(r['request_id'], []).append(str(r['seq']))
        for id, (code, seq) in got.items():
            eq((code, rows.get(id)), (200, [seq]), id)
        suite.stop()
        r = suite.ctl('audit', 'verify', '--db', suite.audit_db)
        eq(r.returncode, 0, r.stdout + r.stderr)


def main():
    with TenDeaths() as ten:
        run([says_why, says_why_early, secrets_survive, empty_token,
            supervisor_death, supervisor_death_in_system_mode,
            starts_at_once, stop_while_starting, signal_storms,
            hanging_worker, hanging_start, hanging_auditd, hanging_signer,
            sent_again, ten.ten_deaths])


if __name__ == '__main__':
    program(main)
