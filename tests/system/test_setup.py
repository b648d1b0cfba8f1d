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


"""`setup': sections of the configuration, one command at a time."""

import fcntl
import itertools
import json
import os
import pty
import random
import stat
import subprocess
import sys
import termios

from lib import *

KEY = 'key-of-the-judge-which-nobody-may-see'
BASE = 'http://10.1.2.3:8000/v1'
JUDGE = ('--judge-api-base', BASE, '--judge-model', 'vllm/guard')
GUARDRAIL = ('setup', 'guardrail')
ORDERS = 12
TOOL = '/api/v1/inspect/tool'
CALL = {'tool': 'shell', 'args': {'command': ATTACK}}


def value(s, key):
    return ok(s.ctl('config', 'get', key)).stdout.rstrip('\n')


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, s, *args):
        self.fd, theirs = pty.openpty()
        self.proc = subprocess.Popen([os.path.join(s.bin, 'defenseclawctl'),
            *args], env=s.env(), stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0,
            termios.TIOCSCTTY, 0))
        os.close(theirs)
        self.seen = ''

    def asks(self, word, answer):
        """What was said up to the question, which is then answered."""
        while word not in self.seen:
            try:
                self.seen += os.read(self.fd, 1000).decode()
            except OSError:
                raise AssertionError('%s: %s' % (word, self.seen))
        said, self.seen = self.seen, ''
        os.write(self.fd, answer.encode() + b'\n')
        return said

    def ends(self, code=0):
        said = self.seen
        while True:
            try:
                more = os.read(self.fd, 1000).decode()
            except OSError:
                break
            said += more
            if more == '':
                break
        eq(self.proc.wait(CEILING), code, said)
        os.close(self.fd)
        return said


# --- tests -------------------------------------------------------------------

def the_lines_of_the_checklist():
    """Steps 4 and 5, word for word, and neither undoes the other."""
    with Suite() as s:
        ok(s.program('defenseclaw', *('setup observability add splunk-hec '
            '--host splunk.internal --port 8088 --token t-o-k-e-n --index '
            'defenseclaw --non-interactive').split()))
        ok(s.program('defenseclaw', *('setup guardrail --detection-strategy '
            'regex_only --non-interactive').split()))
        sinks = json.loads(ok(s.ctl('setup', 'observability', 'list',
            '--json')).stdout)['sinks']
        eq([x['name'] for x in sinks], ['splunk-hec-splunk-internal'])
        ok(s.program('defenseclaw', *('setup guardrail --judge-api-base %s '
            '--judge-model guard --judge-api-key-env JUDGE_KEY '
            '--detection-strategy regex_judge --non-interactive' %
            BASE).split(), env={'JUDGE_KEY': KEY}))
        eq((value(s, 'guardrail.judge.enabled'),
            value(s, 'guardrail.detection_strategy')),
            ('true', 'regex_judge'))
        r = ok(s.program('defenseclaw', *('setup guardrail '
            '--detection-strategy regex_only --non-interactive').split()))
        eq((value(s, 'guardrail.judge.enabled'),
            value(s, 'guardrail.detection_strategy')),
            ('false', 'regex_only'))
        eq(len(json.loads(s.ctl('setup', 'observability', 'list',
            '--json').stdout)['sinks']), 1)
        ok(s.ctl('config', 'validate'))


def nothing_turns_a_judge_on_again():
    with Suite() as s:
        ok(s.ctl(*GUARDRAIL, *JUDGE, '--detection-strategy-prompt',
            'judge_first'))
        eq((value(s, 'guardrail.judge.enabled'), value(s,
            'guardrail.detection_strategy')), ('true', 'regex_only'))
        ok(s.ctl(*GUARDRAIL, '--detection-strategy', 'regex_only'))
        eq((value(s, 'guardrail.judge.enabled'), value(s,
            'guardrail.detection_strategy_prompt')), ('false', ''))
        # whatever else is set up
        for args in (('--judge-model', 'other'), ('--judge-timeout', '5'),
                ('--judge-api-base', BASE + 'x'), ('--mode', 'observe'),
                ('--block-message', 'x'), ('--enable',),
                ('--judge-ca-file', '')):
            r = ok(s.ctl(*GUARDRAIL, *args, '--non-interactive'))
            eq(value(s, 'guardrail.judge.enabled'), 'false', args)
        fails(s.ctl(*GUARDRAIL, '--judge'), 2, 'regex_only')
        fails(s.ctl(*GUARDRAIL, '--detection-strategy', 'regex_only',
            '--judge'), 2, 'regex_only')
        fails(s.ctl(*GUARDRAIL, '--detection-strategy', 'regex_judge',
            '--no-judge'), 2, '--no-judge')
        eq(value(s, 'guardrail.judge.enabled'), 'false')
        # a direction of its own beside it is a word of the operator
        ok(s.ctl(*GUARDRAIL, '--detection-strategy', 'regex_only',
            '--detection-strategy-tool-call', 'regex_judge'))
        eq((value(s, 'guardrail.judge.enabled'), value(s,
            'guardrail.detection_strategy_tool_call')),
            ('true', 'regex_judge'))
        ok(s.ctl(*GUARDRAIL, '--no-judge'))
        eq(value(s, 'guardrail.judge.enabled'), 'false')


def a_judge_needs_all_of_it():
    with Suite() as s:
        before = text(s.config)
        ask = (*GUARDRAIL, '--detection-strategy', 'judge_first')
        fails(s.ctl(*ask), 2, '--judge-api-base')
        fails(s.ctl(*ask, '--judge-api-base', BASE), 2, '--judge-model')
        fails(s.ctl(*ask, *JUDGE, '--judge-api-key-env', 'NO_SUCH'), 2,
            'NO_SUCH')
        fails(s.ctl(*ask, '--judge-model', 'm', '--judge-api-base',
            'ftp://x'), 3, 'http://')
        fails(s.ctl(*GUARDRAIL, '--detection-strategy', 'regex'), 2,
            'regex_judge')
        fails(s.ctl(*GUARDRAIL, '--enable', '--disable'), 2, 'contrary')
        fails(s.ctl(*GUARDRAIL, '--judge-timeout', '0'), 2, '1 to')
        fails(s.ctl(*GUARDRAIL, '--judge', '--no-judge'), 2, 'contrary')
        eq(text(s.config), before)
        # no key, and a CA that only https has a use for
        ok(s.ctl(*ask, *JUDGE))
        ca = os.path.join(s.dir, 'ca.pem')
        fails(s.ctl(*GUARDRAIL, '--judge-ca-file', ca), 3, 'https')
        ok(s.ctl(*GUARDRAIL, '--judge-ca-file', ca, '--judge-api-base',
            'https://llm.internal:8443'))
        ok(s.ctl(*GUARDRAIL, '--judge-ca-file', '', '--judge-api-base',
            BASE))
        eq(value(s, 'guardrail.judge.key_secret'), '')


def the_judges_key():
    with Suite() as s:
        path = os.path.join(s.secrets, 'judge-key')
        said = ''

        def put(word, *args, **kw):
            nonlocal said
            r = ok(s.ctl(*GUARDRAIL, *JUDGE, *args, **kw))
            said += r.stdout + r.stderr
            eq(text(path), word + '\n')
            eq(stat.S_IMODE(os.stat(path).st_mode), 0o600)
            nowhere(s, word, path)
        put(KEY + '1', '--judge-api-key-env', 'K', env={'K': KEY + '1'})
        eq(value(s, 'guardrail.judge.key_secret'), 'judge-key')
        put(KEY + '2', '--judge-api-key-file', '-', input=KEY + '2\n')
        given = os.path.join(s.dir, 'given')
        with open(given, 'w') as f:
            f.write(KEY + '3')
        os.chmod(given, 0o600)
        put(KEY + '3', '--judge-api-key-file', given, '--json')
        r = ok(s.ctl(*GUARDRAIL, '--judge-api-key-file', given,
            '--dry-run'))
        eq('would go' in r.stdout, True, r.stdout)
        said += r.stdout + r.stderr + s.ctl('config', 'show').stdout
        fails(s.ctl(*GUARDRAIL, '--judge-api-key-file', given,
            '--judge-api-key-env', 'K', env={'K': 'x'}), 2, 'not both')
        # a name of the operator's own is kept
        s.set_config('guardrail.block_message', 'x')
        ok(s.ctl('config', 'set', 'guardrail.judge.key_secret', 'mine'))
        ok(s.ctl(*GUARDRAIL, '--judge-api-key-file', given))
        eq(text(os.path.join(s.secrets, 'mine')), KEY + '3\n')
        eq(KEY in said, False, said)


COMMANDS = [
    ('guardrail', '--mode', 'observe'),
    ('guardrail', '--block-message', "it's: blocked"),
    ('guardrail', '--detection-strategy-completion', 'regex_only'),
    ('guardrail', *JUDGE, '--judge-timeout', '7'),
    ('guardrail', '--judge-api-key-file', '-'),
    ('guardrail', '--enable'),
    ('gateway', '--requests-burst', '900', '--allow-enforce'),
    ('gateway', '--workers', '2'),
    ('skill-scanner', '--use-behavioral', '--policy', 'strict'),
    ('skill-scanner', '--no-lenient'),
    ('mcp-scanner', '--analyzers', 'yara,readiness', '--scan-prompts'),
    ('observability', 'add', 'file', '--name', 'zz'),
    ('observability', 'add', 'http-jsonl', '--url', 'http://10.0.0.9/in',
        '--header', 'X-Scope: a'),
    ('observability', 'add', 'splunk-hec', '--host', 'h', '--token', '-',
        '--index', 'i'),
    ('webhook', 'add', 'pagerduty', '--url', 'http://10.0.0.8/v2/enqueue',
        '--token', '-', '--cooldown-seconds', '60'),
    ('webhook', 'add', 'generic', '--url', 'http://alerts.internal/in'),
    ('observability', 'add', 'syslog', '--host', 'log.internal',
        '--transport', 'tls', '--min-severity', 'HIGH'),
]


def any_order_gives_the_same_file():
    """... from several beginnings, and once more changes nothing."""
    beginnings = [lambda t: t,
        lambda t: 'config_version: 5\n',
        lambda t: t + 'log:\n  # loud\n  level: debug\n\notel:\n  a: b\n'
            'audit_sinks:\n- name: mine   # by hand\n  kind: file\n\n'
            '# the end\n']
    rnd = random.Random(6)
    with Suite() as s:
        first = text(s.config)
        for make in beginnings:
            files = set()
            for _ in range(ORDERS // len(beginnings)):
                with open(s.config, 'w') as f:
                    f.write(make(first))
                for c in rnd.sample(COMMANDS, len(COMMANDS)):
                    ok(s.ctl('setup', *c, *(() if c[-1] == '--no-test' else
                        ('--non-interactive',)), input='secret\n'))
                files.add(text(s.config))
            if len(files) != 1:
                a, b, *_ = files
                raise AssertionError('%s\n--- or ---\n%s' % (a, b))
            whole = files.pop()
            for line in make(first).split('\n'):
                if not line.startswith('  mode:'):
                    eq(line in whole.split('\n'), True, line)
            for c in COMMANDS:
                ok(s.ctl('setup', *c, '--non-interactive',
                    input='secret\n'))
            eq(text(s.config), whole)
            ok(s.ctl('config', 'validate'))


def dry_runs_write_nothing():
    with Suite() as s:
        before = {p: os.stat(p).st_mtime_ns for p in (s.config, s.secrets)}
        for c in COMMANDS:
            r = ok(s.ctl('setup', *c, '--non-interactive', '--dry-run',
                input='secret\n'))
            eq(('secret\n' in r.stdout, r.stdout == ''), (False, False))
            j = json.loads(ok(s.ctl('setup', *c, '--dry-run', '--json',
                input='secret\n')).stdout)
            eq(j['dry_run'], True)
        for p, t in before.items():
            eq(os.stat(p).st_mtime_ns, t, p)
        r = ok(s.ctl('setup', 'gateway', '--workers', '3', '--dry-run'))
        for word in ('gateway.workers: 0 -> 3', 'a reload, not a restart'):
            eq(word in r.stdout, True, r.stdout)
        j = json.loads(s.ctl('setup', 'gateway', '--workers', '3',
            '--dry-run', '--json').stdout)
        eq((j['changes'], j['needs'], j['reloaded']), ([{'key':
            'gateway.workers', 'old': '0', 'new': '3'}], 'reload', False))
        # what could not be done is said now, too
        s.set_config('log.max_size_mb', '60')
        fails(s.ctl('setup', 'gateway', '--workers', '3', '--dry-run'), 3)


def in_a_running_suite():
    with Suite() as s:
        s.start()
        eq(s.post(TOOL, CALL).json['action'], 'block')
        pid = s.proc.pid
        r = ok(s.ctl(*GUARDRAIL, '--mode', 'observe', '--non-interactive'))
        eq('reloaded: it is in force' in r.stdout, True, r.stdout)
        eq(s.post(TOOL, CALL).json['mode'], 'observe')
        eq(s.running() and s.proc.pid, pid)
        j = json.loads(ok(s.ctl(*GUARDRAIL, '--mode', 'action',
            '--no-reload', '--json')).stdout)
        eq((j['needs'], j['reloaded'], j['changed']), ('reload', False,
            True))
        eq(s.post(TOOL, CALL).json['mode'], 'observe')
        s.reload()
        eq(s.post(TOOL, CALL).json['mode'], 'action')
        # what says so already is no event and no reload
        seq = s.last_seq()
        j = json.loads(ok(s.ctl(*GUARDRAIL, '--mode', 'action',
            '--json')).stdout)
        eq((j['changed'], j['reloaded'], s.last_seq()), (False, False, seq))
        row = s.rows("action = 'config-update'")[-1]
        eq('observe' in json.dumps(row['details']), True, row)
        ok(s.ctl(*GUARDRAIL, '--judge-api-key-file', '-', *JUDGE,
            input=KEY + '\n'))
        for root, _, files in os.walk(s.home):
            for name in files:
                path = os.path.join(root, name)
                if name != 'judge-key' and os.path.isfile(path):
                    with open(path, 'rb') as f:
                        eq(KEY.encode() in f.read(), False, path)


def sinks_have_the_same_options():
    """--no-reload, --dry-run and --non-interactive, as all others."""
    with Suite() as s:
        s.start()
        add = ('webhook', 'add', 'generic', '--name', 'w', '--url',
            'http://127.0.0.1:9/', '--token', '-', '--no-reload')
        r = ok(s.ctl('setup', *add, input='secret\n'))
        eq('takes effect with `defenseclawctl reload' in r.stdout, True,
            r.stdout)

        def names():
            return [x['name'] for x in json.loads(s.ctl('status',
                '--json').stdout)['sinks']]
        eq(names(), [])
        ok(s.ctl('reload'))
        eq(names(), ['w'])
        before = text(s.config), sorted(os.listdir(s.secrets))
        for verb in ('disable', 'remove'):
            for kind in ('webhook', 'observability'):
                r = ok(s.ctl('setup', kind, verb, 'w', '--dry-run'))
                eq('would be ' + verb in r.stdout, True, r.stdout)
                j = json.loads(ok(s.ctl('setup', kind, verb, 'w',
                    '--dry-run', '--json')).stdout)
                eq(j['dry_run'], True)
        fails(s.ctl('setup', 'webhook', 'remove', 'w', '--non-interactive'),
            2, '--yes')
        eq((text(s.config), sorted(os.listdir(s.secrets))), before)
        # whoever reads it still has its key
        j = json.loads(ok(s.ctl('setup', 'webhook', 'remove', 'w', '--yes',
            '--no-reload', '--json')).stdout)
        eq((j['reloaded'], j['needs'], j['secret_removed']), (False,
            'reload', False))
        eq(names(), ['w'])
        ok(s.ctl('reload'))
        eq(names(), [])


def on_a_terminal():
    with Suite() as s:
        t = Terminal(s, *GUARDRAIL)
        t.asks('guardrail on (true|false) [true]: ', '')
        t.asks('mode (observe|action) [action]: ', 'obs')
        said = t.asks('mode (observe|action) [action]: ', 'observe')
        eq('must be one of' in said, True, said)
        t.asks("blocked (text) []: ", 'Ask us.')
        t.asks('[regex_only]: ', 'regex_judge')
        t.asks('(text) []: ', BASE)
        t.asks('its model (text) []: ', 'guard')
        t.asks("token of the judge (empty: none): ", KEY)
        said = t.ends()
        eq((KEY in said, 'when the suite starts' in said), (False, True),
            said)
        eq([value(s, 'guardrail.' + k) for k in ('mode', 'block_message',
            'detection_strategy', 'judge.enabled', 'judge.model')],
            ['observe', 'Ask us.', 'regex_judge', 'true', 'guard'])
        eq(text(os.path.join(s.secrets, 'judge-key')), KEY + '\n')
        before = text(s.config)
        # the answers in brackets change nothing; options ask nothing
        t = Terminal(s, 'setup', 'gateway')
        t.asks('[127.0.0.1]: ', '')
        t.asks('[%d]: ' % s.port, '')
        t.asks('[false]: ', '')
        t.ends()
        eq(text(s.config), before)
        t = Terminal(s, *GUARDRAIL, '--mode', 'observe')
        eq('[' in t.ends(), False)
        t = Terminal(s, *GUARDRAIL, '--non-interactive')
        t.ends()
        eq(text(s.config), before)
        t = Terminal(s, 'setup', 'mcp-scanner')
        t.asks('[mcp-scanner]: ', '/opt/scan/bin/mcp-scanner')
        t.asks('[yara]: ', '')
        eq('inactive' in t.ends(), True)
        eq(value(s, 'scanners.mcp_scanner.binary'),
            '/opt/scan/bin/mcp-scanner')


def what_there_is():
    with Suite() as s:
        r = ok(s.ctl('setup'))
        for word in ('guardrail', 'observability', 'inactive', 'as it comes'):
            eq(word in r.stdout, True, r.stdout)
        ok(s.ctl('setup', 'skill-scanner', '--use-llm'))
        ok(s.ctl('setup', 'skill-scanner', '--no-use-llm'))
        eq(value(s, 'scanners.skill_scanner.use_llm'), 'false')
        rows = {x['name']: x for x in json.loads(ok(s.ctl('setup',
            '--json')).stdout)['setup']}
        eq((rows['skill-scanner']['set_up'], rows['mcp-scanner']['set_up']),
            (True, False))
        eq('inactive' in rows['skill-scanner']['state'], True)
        fails(s.ctl('setup', 'nothing'), 2, 'unknown command')
        fails(s.ctl('setup', 'mcp-scanner', '--analyzers', 'yara,x'), 2,
            'readiness')
        fails(s.ctl('setup', 'gateway', '--use-llm'), 2, 'no option')
        fails(s.ctl('setup', 'gateway', '--api-bind', '0.0.0.0'), 2,
            'loopback')
        os.unlink(s.config)
        fails(s.ctl('setup', 'gateway', '--workers', '1'), 7, 'init')


TESTS = [the_lines_of_the_checklist, nothing_turns_a_judge_on_again,
    a_judge_needs_all_of_it, the_judges_key, any_order_gives_the_same_file,
    dry_runs_write_nothing, in_a_running_suite,
    sinks_have_the_same_options, on_a_terminal, what_there_is]

if __name__ == '__main__':
    program(lambda: run(TESTS))
