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

"""Everything changes under load: rules, lists, configuration, processes.

At a steady rate over keep-alive connections (tests/bench/load.c) no request
fails but with 503 or a connection cut by a kill; the generations of every
verdict explain it; a change that was answered to the operator is in force in
every worker; every answered verdict has one row.  Short: 250 a second for 14
seconds, the ceilings generous.  DC_SOAK=1: 1000 a second for 60 seconds, cuts
and 503 within a second of a kill, and again with the default rule pack.
"""

import random
import re
import signal
import statistics
import subprocess
import threading

from lib import *

SOAK = os.environ.get('DC_SOAK') == '1'
RATE = 1000 if SOAK else 250
SECONDS = 60 if SOAK else 14
QUIET = SECONDS / 4         # from the start until the first kill
AFTER_KILL = 1.0 if SOAK else 20
CONNECTIONS = 32
TOOLS = 4                   # of the load; 'sentinel' is asked for by us
RULES_S, LISTS_S, CONFIG_S, KILL_S = 1, 0.2, 5 if SOAK else 3, 2.0
SEVERITIES = ('CRITICAL', 'MEDIUM', 'LOW')
PACK = '''version: 1
category: command
rules:
  - id: PACK-%d
    pattern: 'probe-word'
    title: "the word"
    severity: %s
    confidence: 0.9
'''
NAMES = {'block': OP_BLOCK, 'allow': OP_ALLOW, 'unblock': OP_NONE}


def find_load():
    path = os.path.join(env_dir('DC_BIN'), '..', 'bench', 'load')
    if not os.path.exists(path):
        raise Skip('%s is not built: make bench-bins' % path)
    return path


class Changer(threading.Thread):
    """Does one kind of change again and again until the world ends."""

    def __init__(self, world, every):
        super().__init__(daemon=True)
        self.world, self.suite, self.every = world, world.suite, every
        self.failure = None
        self.took = []

    def run(self):
        try:
            due = time.monotonic() + self.first()
            while not self.world.over.wait(max(0, due - time.monotonic())):
                due = max(due + self.every, time.monotonic())
                self.change()
        except BaseException as e:
            traceback.print_exc()
            self.failure = e

    def first(self):
        return self.every

    def reload(self):
        """Answered well: when.  A kill in between: None."""
        start = time.monotonic()
        for n in self.world.rng.sample((1, 2), 2):
            try:
                c = self.suite.control('gatewayd.%d' % n)
                code, text = c.request('MSG_CTL_RELOAD')
                c.close()
            except (OSError, EOFError, AssertionError):
                continue
            if code == CTL_OK:
                self.took.append(time.monotonic() - start)
                return time.monotonic()
            # a loader was killed, or a worker while it took the rules
            if not self.world.killed(start - AFTER_KILL):
                raise AssertionError('reload: %d: %s' % (code, text))
        if not self.world.killed(start - AFTER_KILL):
            raise AssertionError('nobody answers a reload')
        return None


class Rules(Changer):
    """Pack k says PACK-k of the word, with a severity that k gives."""

    def __init__(self, *args):
        super().__init__(*args)
        self.k = 0
        self.in_force = [(0, 0)]        # (answered, pack)

    def change(self):
        self.k += 1
        path = os.path.join(self.suite.pack, 'rules', 'command.yaml')
        with open(path + '.new', 'w') as f:
            f.write(PACK % (self.k, SEVERITIES[self.k % 3]))
        os.rename(path + '.new', path)
        at = self.reload()
        if at is not None:
            self.in_force.append((at, self.k))


class Config(Changer):
    """The mode, which replaces the workers, and every other time what
    replaces auditd."""

    def __init__(self, *args):
        super().__init__(*args)
        self.n = 0
        self.spans = []                 # (answered, next edit, mode)

    def change(self):
        self.n += 1
        if self.spans and self.spans[-1][1] is None:
            self.spans[-1][1] = time.monotonic()
        mode = ('observe', 'action')[self.n % 2]
        self.suite.set_config('guardrail.mode', mode)
        if self.n % 2 == 0:
            self.suite.set_config('audit.checkpoint_events', 500 + self.n)
        at = self.reload()
        if at is not None:
            self.spans.append([at, None, mode])


class Lists(Changer):
    """Block, allow, take away; every fifth time under our own name, and then
    every worker is asked at once, over an old and a new connection."""

    OPS = (OP_BLOCK, OP_ALLOW, OP_BLOCK, OP_NONE)

    def __init__(self, *args):
        super().__init__(*args)
        self.n = self.asked = 0
        self.control = None
        self.old = {}
        self.in_force = []              # (answered, generation)

    def change(self):
        self.n += 1
        mine = self.n % 5 == 0
        name = 'sentinel' if mine else 'tool-%d' % (self.n % TOOLS)
        op = (OP_BLOCK, OP_NONE)[self.n // 5 % 2] if mine else \
            self.OPS[self.n // TOOLS % 4]
        start = time.monotonic()
        try:
            if self.control is None:
                self.control = self.suite.control()
            code, text = self.control.list_change(name, op)
        except (OSError, EOFError, AssertionError):
            self.control = None
            # killed, or replaced by a reload
            return
        if code not in (CTL_OK, CTL_NOT_FOUND):
            if code != CTL_NOT_RUNNING:
                raise AssertionError('list change: %d %s' % (code, text))
            return
        now = time.monotonic()
        self.took.append(now - start)
        if code == CTL_OK:
            self.in_force.append((now, self.control.generation))
        if mine and code == CTL_OK:
            self.ask_all(op)

    def ask_all(self, op):
        want = 'block' if op == OP_BLOCK else 'allow'
        for n in (1, 2):
            for old in (True, False):
                try:
                    c = self.old.pop(n, None) if old else None
                    c = c or self.suite.control('gatewayd.%d' % n)
                    code, text = c.request('MSG_CTL_CALL', wstr('POST') +
                        wstr('/api/v1/inspect/tool') +
                        b'{"tool":"sentinel","args":"nothing"}')
                except (OSError, EOFError, AssertionError):
                    continue        # that worker is gone: it takes no part
                # 503 is no verdict, and so is a worker on its way out
                if code in (CTL_OK, CTL_POLICY):
                    eq(json.loads(text)['raw_action'], want, 'worker %d, %s '
                        'connection' % (n, 'old' if old else 'new'))
                    self.asked += 1
                self.old[n] = c


class Kills(Changer):
    """One process after another; loaders when there are some."""

    ROLES = ('gatewayd', 'auditd', 'signer', 'gatewayd', 'loader')

    def __init__(self, *args):
        super().__init__(*args)
        self.n = 0
        self.done = []                  # (when, role, pid)

    def first(self):
        return QUIET

    def change(self):
        self.n += 1
        role = self.ROLES[self.n % len(self.ROLES)]
        pids = self.suite.pids()
        pids['loader'] = pids.get('confc', []) + pids.get('rulec', [])
        pids = pids[role] or pids['auditd']
        if not pids:
            return
        pid = self.world.rng.choice(pids)
        # before the fact: whoever sees it must find it here
        self.done.append((time.monotonic(), role, pid))
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class World:
    def __init__(self, suite):
        self.suite = suite
        self.over = threading.Event()
        self.rng = random.Random(1)
        self.rules = Rules(self, RULES_S)
        self.lists = Lists(self, LISTS_S)
        self.config = Config(self, CONFIG_S)
        self.kills = Kills(self, KILL_S)
        self.all = (self.rules, self.lists, self.config, self.kills)

    def killed(self, since):
        """Was anybody, since then?"""
        return any(at >= since for at, _, _ in self.kills.done)

    def run(self, changers):
        path = os.path.join(self.suite.dir, 'load.out')
        with open(path, 'w') as out:
            load = subprocess.Popen([find_load(), str(self.suite.port),
                self.suite.gateway_sock, str(RATE), str(SECONDS),
                str(CONNECTIONS), str(TOOLS)], stdout=out,
                env={'DEFENSECLAW_GATEWAY_TOKEN': self.suite.token()})
        try:
            for t in changers:
                t.start()
            end = time.monotonic() + SECONDS - 2
            while time.monotonic() < end and load.poll() is None:
                time.sleep(0.1)
                for t in changers:
                    if t.failure:
                        raise t.failure
            self.over.set()
            for t in changers:
                t.join(4 * CEILING)
                if t.is_alive() or t.failure:
                    raise t.failure or AssertionError('%s hangs' %
                        type(t).__name__)
            eq(load.wait(3 * CEILING), 0, 'status of the load')
        finally:
            self.over.set()
            load.kill()
            load.wait()
        return Fates(path)


class Request:
    """One line of the load: times in seconds."""

    def __init__(self, words):
        self.n = int(words[0])
        self.opened, self.sent, self.answered = (int(w) / 1e6 for w in
            words[1:4])
        self.status = int(words[4])
        self.raw = words[6]
        self.seq, self.config, self.rules, self.lists = (int(w) if w != '-'
            else 0 for w in (words[5], *words[7:10]))


class Fates:
    def __init__(self, path):
        self.all = []
        with open(path) as f:
            for line in f:
                words = line.split()
                if words[0] == '#':
                    self.n, self.late = int(words[1]), int(words[2])
                else:
                    self.all.append(Request(words))
        eq(len(self.all), self.n, 'every request has its fate')
        self.verdicts = [r for r in self.all if r.status == 200]
        self.failed = [r for r in self.all if r.status != 200]
        times = sorted(r.answered - r.sent for r in self.verdicts)
        print('    %d requests: %d verdicts (p50 %.1f ms, p99 %.1f ms, worst '
            '%.0f ms), %d answers 503, %d cut, %d late' % (self.n,
            len(times), 1e3 * statistics.median(times),
            1e3 * times[len(times) * 99 // 100], 1e3 * times[-1],
            sum(r.status == 503 for r in self.all),
            sum(r.status == 0 for r in self.all), self.late), flush=True)


def check_failures(fates, kills):
    """Nothing fails but 503 and cuts, and these follow a kill."""
    worst = 0
    for r in fates.failed:
        if r.status not in (0, 503):
            raise AssertionError('load-%d: status %d' % (r.n, r.status))
        # who cuts is the worker that was killed, nobody else
        after = [r.answered - at for at, role, pid in kills if r.answered >=
            at and (r.status == 503 or role == 'gatewayd')]
        if not after or min(after) > AFTER_KILL:
            raise AssertionError('load-%d at %.3f: status %d, %s s after a '
                'kill of %s' % (r.n, r.answered, r.status, min(after,
                default='never'), kills))
        worst = max(worst, min(after))
    print('    %d kills; last failure %.2f s after one' % (len(kills),
        worst))


def list_history(suite):
    """[(generation, name, op)] by the log itself, which knows also what an
    operator whose auditd was killed did not hear."""
    out = []
    for r in suite.rows("action IN ('tool-block', 'tool-allow', "
            "'tool-unblock')"):
        out.append((r['seq'], r['target'], NAMES[r['action'][5:]]))
    return out


def expected(severity, op):
    """gatewayd/decide.c by the strict profile."""
    if op == OP_BLOCK or severity == 'CRITICAL' or (severity == 'MEDIUM' and
            op != OP_ALLOW):
        return 'block'
    return 'alert'


def check_rows(suite, fates):
    """One row for each verdict, and no two for anything; by request."""
    rows = {}
    for r in suite.rows("request_id LIKE 'load-%'"):
        n = int(r['request_id'][5:])
        if n in rows:
            raise AssertionError('two rows for load-%d' % n)
        rows[n] = r
    for r in fates.verdicts:
        if r.n not in rows:
            raise AssertionError('no row for the verdict of load-%d' % r.n)
        row = rows[r.n]
        d = row['details']
        eq((row['seq'], d['raw_action'], d['config_generation'],
            d['rules_generation'], row['generation']), (r.seq, r.raw,
            r.config, r.rules, r.lists), 'row of load-%d' % r.n)
    return rows


def check_explained(world, fates, rows):
    """The generations of a verdict give it, and none is an old one."""
    packs, modes = {}, {}
    history = list_history(world.suite)
    ops, at = {}, 0
    for r in sorted(fates.verdicts, key=lambda r: r.lists):
        while at < len(history) and history[at][0] <= r.lists:
            ops[history[at][1]] = history[at][2]
            at += 1
        d = rows[r.n]['details']
        k, = [int(i[5:]) for i in d['rule_ids'] if i.startswith('PACK-')]
        eq(packs.setdefault(r.rules, k), k, 'pack of rules generation %d' %
            r.rules)
        eq(modes.setdefault(r.config, d['mode']), d['mode'], 'mode of '
            'configuration %d' % r.config)
        op = ops.get('tool-%d' % (r.n % TOOLS), OP_NONE)
        eq(r.raw, expected(SEVERITIES[k % 3], op), 'load-%d: pack %d, op %d'
            % (r.n, k, op))
        eq('STATIC-BLOCK' in d['rule_ids'], op == OP_BLOCK)
        r.pack, r.mode = k, d['mode']
    by_time = sorted(fates.verdicts, key=lambda r: r.sent)
    for what, answers, got in (('pack', world.rules.in_force,
            lambda r: r.pack), ('lists', world.lists.in_force,
            lambda r: r.lists)):
        i, least = 0, 0
        for r in by_time:
            while i < len(answers) and answers[i][0] < r.sent:
                least = max(least, answers[i][1])
                i += 1
            if got(r) < least:
                raise AssertionError('load-%d: %s %d, %d was answered before'
                    % (r.n, what, got(r), least))
    # a connection of before may bring one verdict more of before
    for start, end, mode in world.config.spans:
        for r in by_time:
            if r.opened > start and (end is None or r.answered < end):
                eq(r.mode, mode, 'mode of load-%d' % r.n)
    print('    %d rule packs (reload p50 %.0f ms, worst %.0f ms), %d lists '
        '(p50 %.0f ms), %d configurations; %d verdicts asked for at once' %
        (len(packs), 1e3 * statistics.median(world.rules.took),
        1e3 * max(world.rules.took), len(world.lists.in_force),
        1e3 * statistics.median(world.lists.took), len(modes),
        world.lists.asked))


def check_chain(suite):
    r = suite.ctl('audit', 'verify', '--db', suite.audit_db)
    eq(r.returncode, 0, 'audit verify: %s%s' % (r.stdout, r.stderr))


def all_changes(mode='user'):
    with Suite(mode) as suite:
        # the last part names the profile
        suite.pack = os.path.join(suite.dir, 'strict')
        suite.write_pack(suite.pack, {'command.yaml': PACK % (0,
            SEVERITIES[0])})
        suite.set_config('guardrail.rule_pack_dir', suite.pack)
        suite.set_config('gateway.workers', 2)
        suite.start()
        world = World(suite)
        fates = world.run(world.all)
        check_failures(fates, world.kills.done)
        rows = check_rows(suite, fates)
        check_explained(world, fates, rows)
        for what, n in (('packs', len(world.rules.in_force)), ('lists',
                len(world.lists.in_force)), ('configurations',
                len(world.config.spans)), ('kills', len(world.kills.done)),
                ('workers asked', world.lists.asked)):
            assert n > 1, '%s: %d' % (what, n)
        eq(suite.stop(), 0, 'exit status')
        check_chain(suite)


def reloads_together():
    """More than have ever been remembered, from many connections: each is
    answered, and only for what is in force then."""
    with Suite() as suite:
        suite.start()
        path = os.path.join(suite.pack, 'rules', 'command.yaml')
        controls = [suite.control('gatewayd.1') for _ in range(10)]
        waiting = {}
        for k in range(1, 4):
            # the first load is under way when the others are asked for
            # so the pack is whole at any time
            with open(path + '.new', 'w') as f:
                f.write(PACK % (k, 'CRITICAL'))
            os.replace(path + '.new', path)
            for c in controls:
                waiting[c, c.send(MSG['MSG_CTL_RELOAD'])] = k
        last, ends = 0, []
        for c in controls:
            for _ in range(3):
                t, id, data = c.recv()
                eq(t, MSG['MSG_CTL_DONE'], data)
                k = waiting.pop((c, id))
                ends.append(k)
                a = suite.post('/api/v1/inspect/tool', {'tool': 'x',
                    'args': 'probe-word'})
                got, = a.json['findings']
                assert int(got.split(':')[0][5:]) >= k, (got, k)
        eq(waiting, {}, 'reloads without an answer')
        n = json.loads(suite.control().request('MSG_CTL_STATUS')[1])[
            'generation']
        # thirty that came together are a few loads only
        assert n <= 8, '%d loads' % n
        # and one told to the supervisor while another runs is not lost
        suite.write_pack(suite.pack, {'command.yaml': PACK % (8, 'LOW')})
        controls[0].send(MSG['MSG_CTL_RELOAD'])
        suite.write_pack(suite.pack, {'command.yaml': PACK % (9, 'LOW')})
        suite.proc.send_signal(signal.SIGHUP)
        wait_for(lambda: suite.post('/api/v1/inspect/tool', {'tool': 'x',
            'args': 'probe-word'}).json['findings'] == ['PACK-9:the word'],
            'the last rules')


def operators_wait():
    """Whoever comes while processes are replaced or dead waits a moment and
    is answered; nobody is told that the suite does not run."""
    with Suite() as suite:
        suite.set_config('gateway.workers', 2)
        suite.start()
        time.sleep(1.1)
        c = suite.control('gatewayd.1')
        for n in range(4):
            # workers, and every other time auditd
            suite.set_config('guardrail.mode', ('observe', 'action')[n % 2])
            if n % 2:
                suite.set_config('audit.checkpoint_events', 500 + n)
            id = c.send(MSG['MSG_CTL_RELOAD'])
            for command in (('status',), ('reload',), ('tool', 'block',
                    't%d' % n)):
                r = suite.ctl(*command)
                eq(r.returncode, CTL_OK, r.stderr)
            eq(c.recv()[:2], (MSG['MSG_CTL_DONE'], id))
            # the old worker, told to finish, keeps whom it has
            c.close()
            c = suite.control('gatewayd.1')
        c.close()
        time.sleep(1.1)
        for role in ('auditd', 'gatewayd', 'signer'):
            for pid in suite.pids(role):
                os.kill(pid, signal.SIGKILL)
            r = suite.ctl('tool', 'block', role)
            eq(r.returncode, CTL_OK, r.stderr)
        eq(suite.stop(), 0)


def default_pack():
    """The same load while the shipped rules are compiled again and again,
    and workers killed: no list or configuration changes."""
    with Suite(pack=False) as suite:
        suite.set_config('gateway.workers', 2)
        source = os.path.join(suite.confdir, 'policies/guardrail/default')
        suite.pack = os.path.join(suite.dir, 'default')
        shutil.copytree(source, suite.pack)
        suite.set_config('guardrail.rule_pack_dir', suite.pack)
        suite.start(seconds=4 * CEILING)
        world = World(suite)
        fates = world.run((world.rules, world.kills))
        check_failures(fates, world.kills.done)
        check_rows(suite, fates)
        eq(suite.stop(), 0, 'exit status')
        check_chain(suite)


def all_changes_in_system_mode():
    all_changes('system')


def main():
    run([reloads_together, operators_wait, all_changes] + ([
        all_changes_in_system_mode, default_pack] if SOAK else []))


if __name__ == '__main__':
    program(main)
