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


"""Rule packs before they decide: read, compiled and tried by the suite's own
compiler, in its confinement, and put in force whole or not at all."""

from lib import *

suite = None
RULE = '''version: 1
category: command
rules:
  - id: T-ONE
    pattern: 'first-(one|two)'
    title: "one"
    severity: CRITICAL
    confidence: 0.9
'''
VECTORS = '''version: 1
vectors:
  - rule: T-ONE
    match: ['a first-one', 'a first-two']
    miss:
      - 'a second-one'
'''


def ctl(*args, code=CTL_OK):
    r = suite.ctl(*args)
    eq(r.returncode, code, '%s: %s%s' % (args, r.stdout[-400:], r.stderr))
    return r


def pack(name, rules=RULE, vectors=VECTORS):
    path = os.path.join(suite.confdir if suite.system else suite.home,
        'policies/guardrail', name)
    suite.write_pack(path, {'one.yaml': rules})
    if vectors is not None:
        os.mkdir(os.path.join(path, 'vectors'), 0o755)
        with open(os.path.join(path, 'vectors/one.yaml'), 'w') as f:
            f.write(vectors)
        os.chmod(os.path.join(path, 'vectors/one.yaml'), 0o644)
        if suite.uid is not None:
            for p in ('vectors', 'vectors/one.yaml'):
                os.chown(os.path.join(path, p), suite.uid, suite.uid)
    return path


def listed():
    packs = json.loads(ctl('policy', 'list', '--json').stdout)['packs']
    eq([p['active'] for p in packs].count(True), 1, packs)
    return {p['dir']: p['active'] for p in packs}


def active():
    return [d for d, is_it in listed().items() if is_it]


def good():
    path = pack('good')
    for arg in ('good', path):
        r = json.loads(ctl('policy', 'validate', '--json', arg).stdout)
        eq((r['ok'], r['loaded'], r['dir']), (True, 1, path))
        r = json.loads(ctl('policy', 'test', '--json', arg).stdout)
        eq((r['vectors']['checked'], r['vectors']['failed'],
            r['vectors']['untested']), (3, 0, []))
    r = json.loads(ctl('policy', 'show', '--json', 'good').stdout)
    eq([x['id'] for x in r['rules']], ['T-ONE'])
    eq('T-ONE' in ctl('policy', 'show', 'good').stdout, True)
    eq(json.loads(ctl('policy', 'test', '--json').stdout)['vectors']
        ['untested'], ['TEST-PIPE-SHELL', 'TEST-HIGH', 'TEST-MEDIUM',
        'TEST-LOW', 'TEST-SECRET'])


def switched_off():
    """Vectors of a rule that the pack switches off are for other packs."""
    pack('off', RULE + """  - id: T-TWO
    pattern: 'second-one'
    title: "two"
    severity: LOW
    confidence: 0.5
    enabled: false
""", VECTORS + """  - rule: T-TWO
    match: ['a second-one']
    miss: ['a first-one']
""")
    r = json.loads(ctl('policy', 'test', '--json', 'off').stdout)
    eq((r['vectors']['checked'], r['vectors']['failed'],
        r['vectors']['untested']), (3, 0, []))


def failing():
    """Each kind of failure is told with file, line and rule."""
    path = pack('failing', vectors=VECTORS + '''  - rule: T-ONE
    direction: prompt
    match: ['nothing of it']
    miss: ["a first-one \\e[2J"]
  - rule: T-NONE
    match: ['a first-one']
''')
    r = json.loads(ctl('policy', 'test', '--json', 'failing',
        code=CTL_FAILURE).stdout)
    eq([(f['file'], f['line'], f['rule'], f['what'])
        for f in r['vectors']['failures']],
        [('vectors/one.yaml', 9, 'T-ONE', 'is not found'),
        ('vectors/one.yaml', 10, 'T-ONE', 'is found'),
        ('vectors/one.yaml', 12, 'T-NONE', 'is not found')])
    out = ctl('policy', 'test', 'failing', code=CTL_FAILURE).stdout
    eq(re.findall(r'[^\n\x20-\x7e]', out), [], 'on a terminal')
    before = active()
    eq('fail' in ctl('policy', 'activate', 'failing',
        code=CTL_POLICY).stderr, True)
    eq(active(), before)


def invalid():
    """What is wrong is named; nothing invalid is put in force."""
    before = active()
    for name, rules, vectors, words in (
            ('syntax', RULE + '  - id: [\n', VECTORS, ('rules/one.yaml:',)),
            ('none', RULE.replace('first-(one|two)', '('), VECTORS,
                ('no rule of the pack is left',)),
            ('direction', RULE, VECTORS + '    direction: up\n',
                ('vectors/one.yaml:3:', 'direction')),
            ('version', RULE, VECTORS.replace('version: 1\n', ''),
                ('vectors/one.yaml:', 'version')),
            ('alias', RULE, VECTORS + '  - *x\n', ('vectors/one.yaml:',)),
            ('long', RULE, VECTORS + '      - "%s"\n' % ('x' * 5000),
                ('vectors/one.yaml:7:',))):
        pack(name, rules, vectors)
        for what in ('validate', 'test', 'activate'):
            err = ctl('policy', what, name, code=CTL_CONFIG).stderr
            for word in words:
                eq(word in err, True, '%s: %s: %s' % (name, word, err))
    path = pack('open')
    os.chmod(os.path.join(path, 'vectors'), 0o777)
    eq('vectors' in ctl('policy', 'test', 'open', code=CTL_CONFIG).stderr,
        True)
    ctl('policy', 'validate', 'nothing', code=CTL_NOT_FOUND)
    ctl('policy', 'validate', suite.home, code=CTL_CONFIG)
    ctl('policy', 'validate', '/', code=CTL_USAGE)
    ctl('policy', 'validate', '.hidden', code=CTL_USAGE)
    ctl('policy', 'activate', code=CTL_USAGE)
    eq(active(), before)


def activated():
    def verdict(text):
        return suite.post('/api/v1/inspect/tool', {'tool': 'shell', 'args':
            text}).json['action']
    eq(verdict('first-one'), 'allow')
    path, was = pack('good'), active()[0]
    with open(suite.config, 'rb') as f:
        before = f.read()
    ctl('policy', 'activate', 'good', '--dry-run')
    with open(suite.config, 'rb') as f:
        eq(f.read() == before, True, 'a dry run writes nothing')
    r = json.loads(ctl('policy', 'activate', '--json', 'good').stdout)
    eq((r['dir'], r['changed'], r['in_force']), (path, True, True))
    eq(r['was'], was, 'the way back')
    eq(verdict('first-one'), 'block')
    row = suite.wait_row("action = 'policy-update'")
    eq((row['seq'], row['target']), (r['seq'], 'guardrail.rule_pack_dir'))
    eq('1 rules' in row['details']['change'], True, row['details'])
    eq(listed()[path], True)
    r = json.loads(ctl('policy', 'activate', '--json', 'good').stdout)
    eq(r['changed'], False)
    ctl('policy', 'activate', was)
    eq(verdict('first-one'), 'allow')


def packs_of_the_suite():
    """Each rule of each pack that comes with the suite finds what its
    vectors say and not what they say, and none has not both."""
    where = os.path.join(TOP, 'etc/policies/guardrail')
    names = ('default', 'strict', 'permissive')
    tried = {name: subprocess.Popen([os.path.join(suite.bin,
        'defenseclawctl'), 'policy', 'test', '--json', os.path.join(where,
        name)], env=suite.env(), stdout=subprocess.PIPE, text=True)
        for name in names}
    checked = {}
    for name, p in tried.items():
        out = p.communicate()[0]
        v = json.loads(out)['vectors']
        eq((p.returncode, v['failures'], v['untested']), (0, [], []), name)
        checked[name] = v['checked']
    # the one in which no rule is switched off tries them all
    eq(checked['strict'] > checked['default'] > checked['permissive'] > 700,
        True, checked)
    files = sorted(os.listdir(os.path.join(where, 'default/vectors')))
    for name in names:
        d = os.path.join(where, name, 'vectors')
        eq(sorted(os.listdir(d)), files, name)
        for f in files:
            with open(os.path.join(d, f)) as a, open(os.path.join(where,
                    'default/vectors', f)) as b:
                eq(a.read() == b.read(), True, '%s: %s' % (name, f))


def the_build_fails():
    """A rule that lacks one kind of vector stops make."""
    with tempfile.TemporaryDirectory() as d:
        pack = os.path.join(d, 'pack')
        shutil.copytree(os.path.join(TOP, 'etc/policies/guardrail/default'),
            pack)
        def check():
            return subprocess.run(['sh', '-c', 'awk -f "$1" '
                '"$2"/vectors/*.yaml "$2"/rules/*.yaml', 'sh', os.path.join(
                TOP, 'gatewayd/rulevectors.awk'), pack], text=True,
                capture_output=True)
        eq((check().returncode, check().stdout), (0, ''))
        path = os.path.join(pack, 'vectors/commands.yaml')
        with open(path) as f:
            text = f.read()
        for kind in ('match', 'miss'):
            with open(path, 'w') as f:
                f.write(re.sub(r'(- rule: CMD-FORK-BOMB\n(?:    .*\n)*?)'
                    r'    %s:\n(?:      .*\n)+' % kind, r'\1', text))
            r = check()
            eq(r.returncode, 1, kind)
            eq(re.findall(r'\w+-[\w-]+(?=: no vector)', r.stdout),
                ['CMD-FORK-BOMB'], kind)


def main():
    global suite
    with Suite() as suite:
        suite.start()
        run([good, switched_off, failing, invalid, activated,
            packs_of_the_suite, the_build_fails])


program(main)
