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

import concurrent.futures
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


def in_status(home):
    """agent status: what is set up, and when it was last asked."""
    got = {r['agent']: r for r in json.loads(home.good('agent', 'status',
        '--json').stdout)}
    eq(list(got), list(FILES))
    for r in got.values():
        eq((r['hooks'], r['fail_mode'], r['last_event']), ('user', 'closed',
            'never'))
        eq(r['last_canary'][:2], '20', r)
    eq((got['claude-code']['tested'], 'tested' in got['cursor']),
        ('2.1.197', False))
    r = subprocess.run([os.path.join(home.suite.bin, 'defenseclawctl'),
        'hook', 'codex'], input='{"hook_event_name":"PreToolUse","tool_name"'
        ':"Bash","tool_input":{"command":"ls"}}', env=home.env(), text=True,
        timeout=lib.CEILING)
    eq(r.returncode, 0)
    home.good('setup', 'agent', 'codex', '--fail-mode', 'open')
    r, = json.loads(home.good('agent', 'status', 'codex', '--json').stdout)
    eq((r['fail_mode'], r['last_event'][:2], r['last_action']), ('open',
        '20', 'inspect-tool-allow'))
    home.good('setup', 'agent', 'codex')
    text = home.good('agent', 'status').stdout
    eq(('FAIL MODE' in text, text.count('\n')), (True, 1 + len(FILES)))
    eq(home.ctl('agent', 'status', 'x').returncode, 7)


def at_once(part, agents):
    """Each client has files of its own, and mostly waits."""
    with concurrent.futures.ThreadPoolExecutor(len(agents)) as pool:
        list(pool.map(part, agents))


def hooks_of_all(home, suite, broken):
    """What breaks any client's hook breaks each client's."""
    def one(agent):
        name = FILES[agent]
        good = home.read(name)
        first = list(json.loads(good)['hooks'])[0]
        # one event of ours is gone, or all of them are another's
        w = json.loads(good)
        del w['hooks'][first]
        broken('settings', agent, name, json.dumps(w))
        w['hooks'] = {first: [{'hooks': [{'type': 'command', 'command':
            '/usr/bin/true'}]}]}
        broken('settings', agent, name, json.dumps(w))
        # no JSON any more, or none at all
        broken('settings', agent, name, good[:-3])
        broken('settings', agent, name, '')
        broken('settings', agent, name, '\ufeff' + good)
        # the program is gone, or may be changed by anybody
        gone = good.replace(suite.bin, '/nonexistent')
        broken('program', agent, name, gone)
        broken('canary', agent, name, gone)
        # its answer is thrown away, or there is one before it
        for old, new in (('--timeout 20', '--timeout 20; true'),
                ('--timeout 20', '--timeout 20 | cat'),
                ('"DEFENSECLAW_HOME', '"echo log; DEFENSECLAW_HOME'),
                ('--timeout 20', '--timeout 20 --fail-mode maybe'),
                (' hook ', ' version hook ')):
            broken('settings', agent, name, good.replace(old, new))
        # it asks as another client
        broken('settings', agent, name, good.replace(' hook %s ' % agent,
            ' hook generic '))
    at_once(one, MANAGED)
    # another suite decides
    at_once(lambda agent: broken('settings', agent, FILES[agent], home.read(
        FILES[agent]).replace('DEFENSECLAW_HOME=',
        'DEFENSECLAW_HOME=/nonexistent')), MANAGED)
    for agent, what in (('geminicli', ('"timeout":30000', '"timeout":1')),
            ('codex', ('"timeout":30', '"timeout":1')), ('cursor',
            ('"failClosed":true', '"failClosed":false'))):
        good = home.read(FILES[agent])
        eq(what[0] in good, True, good)
        broken('settings', agent, FILES[agent], good.replace(*what))
    # Gemini's switches, in the user's settings and in a repository's
    for off in ({'enabled': False}, {'disabled': ['x']}):
        w = json.loads(home.read(FILES['geminicli']))
        broken('switches', 'geminicli', FILES['geminicli'], json.dumps(dict(
            w, hooksConfig=off)))
        repo = os.path.join(suite.dir, 'gemini-repo')
        os.makedirs(os.path.join(repo, '.gemini'), exist_ok=True)
        with open(os.path.join(repo, '.gemini', 'settings.json'), 'w') as f:
            json.dump({'hooksConfig': off}, f)
        broken('switches', 'geminicli', FILES['geminicli'], cwd=repo)
    broken('switches', 'geminicli', FILES['geminicli'], GEMINI_CLI_HOME='/x')


def plugins_broken(home, suite, broken):
    """The plug-in's own settings, files and JavaScript."""
    before = suite.bin
    suite.bin = shutil.copytree(suite.bin, os.path.join(suite.dir, 'bin2'))
    agents = os.path.join(suite.bin, 'etc', 'agents')
    for agent in ('opencode', 'openclaw'):
        name = FILES[agent]
        home.good('setup', 'agent', agent)
        eq(home.checks(agent)[0], 0)
        good = home.read(name)
        for old, new in (('"failMode":"closed"', '"failMode":"maybe"'),
                ('/defenseclawctl"', '/nonexistent"'), ('"timeout":20',
                '"timeout":0'), ('/agents/%s' % agent, '/agents/x'),
                ('"home":"', '"home":"/nonexistent')):
            eq(old in good, True, (old, good))
            broken('settings', agent, name, good.replace(old, new))
        broken('settings', agent, name, good[:-3])
        # its files: gone, anybody's to change
        for file in os.listdir(os.path.join(agents, agent)):
            path = os.path.join(agents, agent, file)
            os.rename(path, path + '.x')
            broken('program', agent, name)
            os.rename(path + '.x', path)
            os.chmod(path, 0o666)
            broken('program', agent, name)
            os.chmod(path, 0o644)
        index = os.path.join(agents, agent, 'index.js')
        with open(index) as f:
            was = f.read()
        if shutil.which('node') is None:
            eq(home.checks(agent, PATH='/nonexistent')[1]['canary'], 'WARN')
            continue
        # JavaScript that does not run, or asks nobody
        for text in ('{', 'export default async () => ({})', was.replace(
                'throw new Error(answer.reason)', 'return').replace(
                'block: true', 'block: false'), was.replace(
                'before_tool_call', 'before_tool_cal').replace(
                'tool.execute.before"', 'tool.execute.befor"')):
            with open(index, 'w') as f:
                f.write(text)
            broken('canary', agent, name)
        with open(index, 'w') as f:
            f.write(was)
        # without anything that runs it this is said, and is no PASS
        eq(home.checks(agent, PATH='/nonexistent')[1]['canary'], 'WARN')
        eq(home.checks(agent)[1]['canary'], 'PASS')
    # a manifest that loads it too late
    path = os.path.join(agents, 'openclaw', 'openclaw.plugin.json')
    with open(path) as f:
        was = f.read()
    if shutil.which('node') is not None:
        with open(path, 'w') as f:
            f.write(was.replace('"onStartup": true', '"onStartup": false'))
        broken('canary', 'openclaw', FILES['openclaw'])
        with open(path, 'w') as f:
            f.write(was)
    # others in the same process are told of
    w = json.loads(home.read(FILES['openclaw']))
    w['plugins']['load']['paths'].append('/opt/other')
    home.write(FILES['openclaw'], json.dumps(w))
    eq(home.checks('openclaw')[1]['others'], 'WARN')
    home.write('.config/opencode/plugin/x.js', '')
    eq(home.checks('opencode')[1]['others'], 'WARN')
    suite.bin = before
    for agent in ('opencode', 'openclaw'):
        home.good('agent', 'off', agent)
        home.good('setup', 'agent', agent)


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
        # of plug-ins two: the program alone, and asked by the plug-in
        eq(len(rows), len(FILES) + 2 * bool(shutil.which('node')))
        in_status(home)
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
        hooks_of_all(home, suite, broken)
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
        plugins_broken(home, suite, broken)
        # 17 nobody decides
        suite.stop()
        at_once(lambda agent: broken('canary', agent, FILES[agent]), FILES)


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
