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


"""The first thing an operator types: the program alone, and TAB."""

from lib import *

suite = None


def where():
    r = suite.ctl('--json')
    eq(r.returncode, 0, r.stderr)
    return json.loads(r.stdout)['next']


def the_next_step():
    """Each state of a host names the step out of it, and it works."""
    config = suite.config
    os.rename(config, config + '.away')
    eq(where(), 'init')
    os.rename(config + '.away', config)
    with open(config) as f:
        good = f.read()
    with open(config, 'w') as f:
        f.write(good + 'nonsense: [\n')
    eq(where(), 'config validate')
    with open(config, 'w') as f:
        f.write(good)
    eq(where(), 'start')
    suite.start()
    eq(where(), 'help setup observability add')
    a = suite.post('/api/v1/inspect/tool', {'tool': 'shell', 'args': ATTACK})
    eq(where(), 'alerts list')
    eq(suite.ctl('alerts', 'acknowledge',
        a.headers['x-defenseclaw-audit-seq']).returncode, 0)
    eq(where(), 'help setup observability add')
    r = suite.ctl('setup', 'observability', 'add', 'file', '--name', 'copy',
        '--no-test', '--non-interactive')
    eq(r.returncode, 0, r.stderr)
    eq(where(), 'status --watch')
    eq(suite.ctl('config', 'set', 'guardrail.mode', 'observe').returncode, 0)
    eq(where(), 'config set guardrail.mode action')
    text = suite.ctl().stdout
    eq('defenseclawctl config set guardrail.mode action' in text, True, text)
    eq(suite.ctl('--limit', '3').returncode, CTL_USAGE)
    # the beginning of commands that is none
    for group in ('alerts', 'support'):
        eq('usage' in suite.ctl(group, 'help').stdout, True)
        r = suite.ctl(group, '--json')
        eq((r.returncode, json.loads(r.stdout)['code']), (CTL_USAGE,) * 2)


def tab():
    """What each shell offers, in its own words."""
    for name in ('$(touch oops)', '.hidden', 'a b'):
        os.mkdir(os.path.join(suite.home, 'policies/guardrail', name))
    wants = (
        (('',), {'audit', 'policy', 'keys', 'status'}),
        (('audit', ''), {'query', 'export', 'verify'}),
        (('audit', 'query', '--s'), {'--since', '--severity', '--session'}),
        (('setup', 'observability', 'show', ''), {'copy'}),
        (('policy', 'activate', ''), {'default', 'strict', 'permissive'}),
        (('keys', 'check', ''), {'gateway-token', 'redaction.key'}),
        (('config', 'set', 'guardrail.mode', ''), {'observe', 'action'}),
    )
    shells = [s for s in ('bash', 'zsh', 'fish') if shutil.which(s)]
    eq('bash' in shells, True, 'bash is there')
    for shell in shells:
        script = os.path.join(suite.dir, 'complete.' + shell)
        with open(script, 'w') as f:
            f.write(suite.ctl('completion', shell).stdout)
        for words, want in wants:
            got = offered(shell, script, words)
            eq(want - got, set(), '%s: %s: %s' % (shell, words, got))
            eq(any('oops' in w for w in got), False, got)
    eq(os.path.exists(os.path.join(suite.dir, 'oops')), False,
        'a name was run')
    missing = {'zsh', 'fish'} - set(shells)
    if missing:
        print('  not installed, not tried: %s' % ' '.join(sorted(missing)))


def offered(shell, script, words):
    env = {**suite.env(), 'PATH': suite.bin + ':/usr/bin:/bin', 'HOME':
        suite.dir, 'XDG_DATA_HOME': suite.dir, 'XDG_CONFIG_HOME': suite.dir}
    if shell == 'fish':
        argv = ['fish', '-c', 'source %s; complete -C "$argv[1]"' % script,
            'defenseclawctl ' + ' '.join(words)]
    else:
        run = ('COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
            '_defenseclawctl; printf "%s\\n" "${COMPREPLY[@]}"')
        argv = ['bash', '-c', '. %s; %s' % (script, run)]
        if shell == 'zsh':
            argv = ['zsh', '-f', '-c', 'autoload -U compinit; compinit -u '
                '-D; . %s; emulate -L sh; setopt kshglob; %s' % (script,
                run)]
        argv += ['x', 'defenseclawctl', *words]
    r = subprocess.run(argv, env=env, cwd=suite.dir, text=True,
        capture_output=True, stdin=subprocess.DEVNULL, timeout=CEILING)
    # fish describes what it offers, behind a tab
    return {l.split('\t')[0].strip() for l in r.stdout.splitlines()}


def main():
    global suite
    with Suite() as suite:
        run([the_next_step, tab])


program(main)
