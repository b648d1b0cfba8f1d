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

"""setup agent, agent verify, off and remove: a client's settings get our hook
and nothing else, give it back byte for byte, and each way to gate nothing is
told.
"""

import json
import os
import random
import shutil
import signal
import stat
import subprocess
import time

import lib
from lib import Suite, eq

KILLS = 200 if os.environ.get('DC_SOAK') == '1' else 25
FILES = {'claude-code': '.claude/settings.json', 'codex':
    '.codex/hooks.json', 'cursor': '.cursor/hooks.json', 'geminicli':
    '.gemini/settings.json', 'opencode': '.config/opencode/opencode.json',
    'openclaw': '.openclaw/openclaw.json'}
MANAGED = ('claude-code', 'codex', 'cursor', 'geminicli')
MODULES = '.config/opencode/node_modules/@opencode-ai/plugin/package.json'
TRUST = '.codex/config.toml'
# what may be there before us
BEFORE = [None, '{}', '{}\n', '{"hooks":{}}', '{\n\t"model": "x",\n\t"hooks":'
    ' {\n\t\t"PreToolUse": [\n\t\t\t{"matcher":"Bash","hooks":[{"type":'
    '"command","command":"/usr/bin/true","timeout":5}]}\n\t\t]\n\t}\n}\n',
    '{"hooks":{"Other":[1]},"z":"\\u00e9 { [ \\" ]"}  \n',
    '{ "a" : [ ] ,\n "hooks" : { "PreToolUse" : [ ] } }']


class Home:
    def __init__(self, suite):
        self.suite = suite
        self.dir = os.path.join(suite.dir, 'home')
        os.makedirs(self.dir, exist_ok=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        if text is None:
            return
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), 'w') as f:
            f.write(text)

    def read(self, name):
        try:
            with open(self.path(name)) as f:
                return f.read()
        except FileNotFoundError:
            return None

    def env(self, **more):
        return dict(self.suite.env(), HOME=self.dir, **more)

    def ctl(self, *args, cwd=None, **env):
        return subprocess.run([os.path.join(self.suite.bin,
            'defenseclawctl'), *args], env=self.env(**env), text=True,
            capture_output=True, timeout=lib.CEILING, stdin=subprocess.
            DEVNULL, cwd=cwd or self.dir)

    def good(self, *args):
        r = self.ctl(*args)
        eq(r.returncode, 0, (args, r.stdout, r.stderr))
        return r

    def checks(self, agent, cwd=None, **env):
        """(status, {id: grade}) of agent verify"""
        r = self.ctl('agent', 'verify', agent, '--json', cwd=cwd, **env)
        out = {}
        for c in json.loads(r.stdout):
            grades = ('PASS', 'WARN', 'FAIL')
            if c['id'] not in out or grades.index(c['status']) > \
                    grades.index(out[c['id']]):
                out[c['id']] = c['status']
            if c['status'] == 'FAIL' and not c['do']:
                raise AssertionError('nothing to do about %r' % c)
        return r.returncode, out


def byte_for_byte():
    with Suite() as suite:
        suite.start()
        for n, before in enumerate(BEFORE):
            home = Home(suite)
            home.dir = os.path.join(suite.dir, 'home%d' % n)
            os.mkdir(home.dir)
            for agent, name in FILES.items():
                home.write(name, before)
            trust = None if before is None else 'model = "x"\n[a]\nb = 1'
            home.write(TRUST, trust)
            for agent, name in FILES.items():
                dry = home.good('setup', 'agent', agent, '--dry-run')
                eq(home.read(name), before, 'a dry run')
                eq('+ ' in dry.stdout, True, dry.stdout)
                home.good('setup', 'agent', agent)
                text = home.read(name)
                v = json.loads(text)
                # what was there is there, in its order
                if before is not None:
                    was = json.loads(before)
                    eq([k for k in v if k in was], list(was))
                    for ev, old in was.get('hooks', {}).items():
                        eq(v['hooks'][ev][:len(old)], old)
                home.good('setup', 'agent', agent)
                eq(home.read(name), text, 'setup twice')
                home.good('agent', 'off', agent)
                eq(home.read(name), before, 'off %s' % agent)
                home.good('setup', 'agent', agent)
                eq(home.read(name), text, 'setup once more')
            eq(home.read(TRUST).startswith(trust or ''), True)
            home.good('agent', 'remove', '--all')
            for agent, name in FILES.items():
                eq(home.read(name), before, 'remove %s' % agent)
            eq(home.read(TRUST), trust)
            eq(os.path.exists(os.path.dirname(home.path(MODULES))), False)
            if before is None:
                eq(os.listdir(home.dir), ['.local'], 'what stays')
        # each change is an event
        for action in ('agent-setup', 'agent-off'):
            eq(len(suite.rows('action = ?', (action,))) >= len(FILES), True)
        # also one that nobody was there to record
        suite.stop()
        last = suite.last_seq()
        home.good('setup', 'agent', 'codex')
        home.good('agent', 'off', 'codex')
        suite.start()
        eq([(r['action'], r['severity'], r['target']) for r in suite.rows(
            "seq > %d AND action LIKE 'agent-%%'" % last)], [('agent-setup',
            'INFO', 'codex'), ('agent-off', 'HIGH', 'codex')])


def others_wrote_since():
    with Suite() as suite:
        home = Home(suite)
        name = FILES['claude-code']
        home.write(name, BEFORE[4])
        home.good('setup', 'agent', 'claude-code')
        # somebody edits the file, with our hook in it
        v = json.loads(home.read(name))
        v['new'] = [1, {'x': 'y'}]
        home.write(name, json.dumps(v, indent=1))
        home.good('agent', 'remove', 'claude-code')
        was = json.loads(BEFORE[4])
        was['new'] = v['new']
        eq(json.loads(home.read(name)), was)
        # and plug-ins: only what is ours goes, and what it leaves empty
        for agent, was in (('opencode', {'plugin': ['x'], 'model': 'm'}),
                ('opencode', {}), ('openclaw', {'plugins': {'allow': ['y'],
                'entries': {'y': {'enabled': True}}}}), ('openclaw', {})):
            home.write(FILES[agent], json.dumps(was))
            home.good('setup', 'agent', agent)
            v = json.loads(home.read(FILES[agent]))
            home.write(FILES[agent], json.dumps(dict(v, new=1), indent=4))
            home.good('agent', 'remove', agent)
            eq(json.loads(home.read(FILES[agent])), dict(was, new=1), agent)
        # what is beside them may be another's
        home.write(MODULES, '{}')
        home.good('setup', 'agent', 'opencode')
        home.good('agent', 'remove', 'opencode')
        eq((home.read(MODULES), home.read('.config/opencode/'
            'package-lock.json')), ('{}', None))
        # what is no settings file is not touched
        for text in ('{', '[]', '{"hooks":[]}', '{"hooks":{"PreToolUse":1}}',
                '{"a":1,"a":2}', '\xff'):
            home.write(name, text)
            r = home.ctl('setup', 'agent', 'claude-code')
            eq((r.returncode, name in r.stderr, home.read(name)), (1, True,
                text), r)
        # a link stays a link
        home.write('dotfiles/claude.json', '{}\n')
        os.unlink(home.path(name))
        os.symlink(home.path('dotfiles/claude.json'), home.path(name))
        os.chmod(home.path('dotfiles/claude.json'), 0o640)
        home.good('setup', 'agent', 'claude-code')
        eq(os.path.islink(home.path(name)), True)
        eq(stat.S_IMODE(os.stat(home.path(name)).st_mode), 0o640)
        home.good('agent', 'remove', 'claude-code')
        eq(home.read('dotfiles/claude.json'), '{}\n')
        eq(home.ctl('setup', 'agent').returncode, 2)
        eq(home.ctl('setup', 'agent', 'x').returncode, 7)
        eq(home.ctl('setup', 'agent', 'codex', '--fail-mode',
            'x').returncode, 2)


def ways_to_gate_nothing():
    with Suite() as suite:
        home = Home(suite)
        suite.start()
        name = FILES['claude-code']
        for agent in FILES:
            status, got = home.checks(agent)
            eq((status, got), (1, {'settings': 'FAIL'}), agent)
            home.good('setup', 'agent', agent)
            status, got = home.checks(agent)
            eq((status, got['canary'], got['settings']), (0, 'PASS',
                'PASS'), (agent, got))
        rows = suite.rows("tool_name = 'defenseclaw-canary'")
        eq(len(rows), len(FILES))
        good, trust = home.read(name), home.read(TRUST)

        def broken(check, agent='claude-code', file=name, text=None,
                cwd=None, **env):
            was = home.read(file)
            if text is not None:
                home.write(file, text)
            status, got = home.checks(agent, cwd=cwd, **env)
            eq((status, got.get(check)), (1, 'FAIL'), (check, got))
            home.write(file, was)
        v = json.loads(good)
        # 1 switched off in the user's settings
        broken('switches', text=json.dumps(dict(v, disableAllHooks=True)))
        # 2 and 3 in the repository's
        for local in ('settings.json', 'settings.local.json'):
            repo = os.path.join(suite.dir, 'repo-' + local)
            os.makedirs(os.path.join(repo, '.claude'))
            with open(os.path.join(repo, '.claude', local), 'w') as f:
                f.write('{"disableAllHooks":true}')
            broken('switches', cwd=repo)
        # 4 and 5 by the environment
        broken('switches', CLAUDE_CODE_SIMPLE='1')
        broken('switches', CLAUDE_CONFIG_DIR='/tmp/elsewhere')
        # 6 a matcher that leaves tools out
        broken('settings', text=good.replace('"matcher":"*"',
            '"matcher":"Read"', 1))
        # 7 an event without its hook
        w = json.loads(good)
        del w['hooks']['PreToolUse']
        broken('settings', text=json.dumps(w))
        # 8 a time-out that is shorter than ours
        broken('settings', text=good.replace('"timeout":30', '"timeout":1'))
        # 9 the program is gone, and 10 not to be run
        broken('program', text=good.replace(suite.bin, '/nonexistent'))
        broken('canary', text=good.replace(suite.bin, '/nonexistent'))
        # 11 the answer is thrown away, or a log line comes before it
        for tail in ('; true', ' || true', ' | cat', ' >/dev/null; exit 0'):
            broken('canary', text=good.replace('--timeout 20', '--timeout '
                '20' + tail))
        # 12 no JSON any more: the client takes it for empty
        broken('settings', text=good[:-3])
        # 13 Codex: trusted no more, or switched off, or read elsewhere
        broken('settings', 'codex', TRUST, trust.replace('sha256:',
            'sha256:0'))
        broken('settings', 'codex', TRUST, '')
        broken('switches', 'codex', TRUST, '[features]\nhooks = false\n' +
            trust)
        broken('switches', 'codex', CODEX_HOME='/tmp/elsewhere')
        # 14 others' hooks before ours in their array move its place
        w = json.loads(home.read(FILES['codex']))
        w['hooks']['PreToolUse'].insert(0, {'hooks': []})
        broken('settings', 'codex', FILES['codex'], json.dumps(w))
        # 15 opencode without plug-ins, and OpenClaw with none, or not ours
        for var in ('OPENCODE_PURE', 'XDG_CONFIG_HOME'):
            broken('switches', 'opencode', **{var: '1'})
        broken('settings', 'opencode', MODULES, '')
        claw = json.loads(home.read(FILES['openclaw']))
        for how in (lambda p: p.update(enabled=False), lambda p: p.update(
                deny=['defenseclaw']), lambda p: p.update(allow=['x']),
                lambda p: p['entries'].clear(), lambda p: p['entries'][
                'defenseclaw'].update(enabled=False)):
            w = json.loads(json.dumps(claw))
            how(w['plugins'])
            broken('settings', 'openclaw', FILES['openclaw'], json.dumps(w))
        broken('switches', 'openclaw', OPENCLAW_STATE_DIR='/tmp/elsewhere')
        # 16 the plug-in's directory, or its manifest, is gone
        plugin = os.path.join(suite.dir, 'bin', 'etc', 'agents', 'openclaw')
        moved = shutil.copytree(suite.bin, os.path.join(suite.dir, 'bin'))
        before = suite.bin
        suite.bin = moved
        home.good('setup', 'agent', 'openclaw')
        eq(home.checks('openclaw')[0], 0)
        os.unlink(os.path.join(plugin, 'openclaw.plugin.json'))
        broken('program', 'openclaw')
        shutil.rmtree(plugin)
        broken('program', 'openclaw')
        suite.bin = before
        # a second hook may rewrite the call
        w = json.loads(good)
        w['hooks']['PreToolUse'].append({'hooks': [{'type': 'command',
            'command': 'true'}]})
        home.write(name, json.dumps(w))
        eq(home.checks('claude-code')[1]['others'], 'WARN')
        home.write(name, good)
        # 17 nobody decides
        suite.stop()
        broken('canary')


def in_observe_mode():
    with Suite() as suite:
        home = Home(suite)
        suite.set_config('guardrail.mode', 'observe')
        suite.start()
        home.good('setup', 'agent', 'claude-code')
        eq(home.checks('claude-code')[1]['canary'], 'PASS')


def killed_while_it_writes():
    """A file is what it was, or what it is to be; then setup goes on."""
    with Suite() as suite:
        home = Home(suite)
        name = FILES['codex']
        home.write(name, BEFORE[4])
        home.write(TRUST, 'model = "x"\n')
        home.good('setup', 'agent', 'codex')
        texts = {n: {None, before, home.read(n)} for n, before in ((name,
            BEFORE[4]), (TRUST, 'model = "x"\n'))}
        home.good('agent', 'remove', 'codex')
        rng = random.Random(7)
        for n in range(KILLS):
            for words in (('setup', 'agent', 'codex'), ('agent', 'off',
                    'codex')):
                p = subprocess.Popen([os.path.join(suite.bin,
                    'defenseclawctl'), *words], env=home.env(),
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL)
                time.sleep(rng.random() * 0.012)
                p.send_signal(signal.SIGKILL)
                p.wait()
                for f, good in texts.items():
                    eq(home.read(f) in good, True, home.read(f))
        home.good('agent', 'remove', 'codex')
        eq((home.read(name), home.read(TRUST)), (BEFORE[4],
            'model = "x"\n'))


def managed():
    lib.need_root()
    with Suite('system') as suite:
        home = Home(suite)
        suite.start()
        etc = os.path.dirname(suite.confdir)
        for d in ('claude-code', 'codex', 'cursor', 'gemini-cli'):
            path = os.path.join(etc, d)
            if os.path.exists(path):
                raise AssertionError('%s is left from another run' % path)
        for agent in MANAGED:
            home.good('setup', 'agent', agent)
        # these have settings of users only
        eq(home.ctl('setup', 'agent', 'opencode').returncode, 1)
        with open(os.path.join(etc, 'claude-code',
                'managed-settings.json')) as f:
            v = json.load(f)
        eq(v['allowManagedHooksOnly'], True)
        eq('--system' in json.dumps(v), True)
        with open(os.path.join(etc, 'codex', 'requirements.toml')) as f:
            text = f.read()
        eq(text.index('allow_managed_hooks_only = true') <
            text.index('[features]'), True)
        for agent in MANAGED:
            # the program of a build tree is not root's alone
            got = home.checks(agent)[1]
            eq((got['settings'], got['canary']), ('PASS', 'PASS'), (agent,
                got))
        path = os.path.join(etc, 'claude-code', 'managed-settings.json')
        os.chmod(path, 0o666)
        eq(home.checks('claude-code')[1]['settings'], 'FAIL')
        home.good('agent', 'remove', '--all')
        for d in ('claude-code', 'codex', 'cursor', 'gemini-cli'):
            eq(os.path.exists(os.path.join(etc, d)), False, d)


if __name__ == '__main__':
    lib.program(lambda: lib.run([byte_for_byte, others_wrote_since,
        ways_to_gate_nothing, in_observe_mode, killed_while_it_writes,
        managed]))
