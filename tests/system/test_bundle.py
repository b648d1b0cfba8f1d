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



"""A rule pack as one signed file: what is changed, cut, signed by nobody or by
a stranger, or older than what was in force, changes nothing."""

import shutil
import signal

from lib import *

suite = None
work = None
RULE = '''version: 1
category: command
rules:
  - id: B-ONE
    pattern: '%s'
    title: "one"
    severity: CRITICAL
    confidence: 0.9
'''
VECTORS = '''version: 1
vectors:
  - rule: B-ONE
    match: ['a %s']
    miss: ['nothing']
'''
HEAD = 56               # bytes before the manifest
KILLS = 6


def ctl(*args, code=CTL_OK):
    r = suite.ctl(*args, cwd=work)
    eq(r.returncode, code, '%s: %s%s' % (args, r.stdout[-400:], r.stderr))
    return r


def ours(path):
    if suite.uid is not None:
        os.chown(path, suite.uid, suite.uid)
    return path


def put(name, data):
    path = os.path.join(work, name)
    with open(path, 'wb') as f:
        f.write(data)
    return ours(path)


def signed(word, version, key='key', match=None, name='ours'):
    """A bundle of a pack that blocks the word, and its path."""
    pack = os.path.join(work, name)
    suite.write_pack(pack, {'one.yaml': RULE % word})
    vectors = ours_dir(os.path.join(pack, 'vectors'))
    with open(os.path.join(vectors, 'one.yaml'), 'w') as f:
        f.write(VECTORS % (match or word))
    out = '%s-%s-%d-%s.bundle' % (name, word, version, key)
    ctl('policy', 'bundle', 'sign', pack, str(version), '--key', key,
        '--out', out)
    return os.path.join(work, out)


def ours_dir(path):
    os.mkdir(path, 0o755)
    return ours(path)


def trusted():
    return os.path.join(suite.confdir, 'policies/trusted')


def verdict(text):
    return suite.post('/api/v1/inspect/tool', {'tool': 'shell', 'args':
        text}).json['action']


def active():
    packs = json.loads(ctl('policy', 'list', '--json').stdout)['packs']
    return [p['dir'] for p in packs if p['active']]


def unpacked():
    path = os.path.join(suite.confdir, 'policies/bundles')
    return sorted(os.listdir(path)) if os.path.isdir(path) else []


def refused(path, word, code):
    """By verify and by activate, in words of its own, and to no effect."""
    with open(suite.config, 'rb') as f:
        before = f.read()
    had = unpacked()
    for what in ('verify', 'activate'):
        r = ctl('policy', 'bundle', what, path, code=code)
        eq(word in r.stderr, True, '%s: %s' % (word, r.stderr))
    with open(suite.config, 'rb') as f:
        eq(f.read() == before, True, 'the configuration is as it was')
    eq(unpacked(), had)


def keys():
    for name in ('key', 'stranger'):
        r = json.loads(ctl('policy', 'bundle', 'keygen', '--out', name,
            '--json').stdout)
        eq((r['secret'], r['public']), (name, name + '.pub'))
        st = os.stat(os.path.join(work, name))
        eq(st.st_mode & 0o777, 0o600)
        with open(os.path.join(work, name)) as f:
            secret = f.read().split('\n')[1]
        eq(secret in json.dumps(r), False)
    ctl('policy', 'bundle', 'keygen', '--out', 'key', code=CTL_ALREADY)
    ctl('policy', 'bundle', 'keygen', '--out', '-', code=CTL_USAGE)
    with open(os.path.join(work, 'key')) as f:
        eq(secret in f.read(), False, 'another key')
    path = signed('word-a', 1)
    refused(path, 'none of the trusted', CTL_POLICY)
    os.chmod(os.path.join(work, 'key'), 0o640)
    ctl('policy', 'bundle', 'sign', 'ours', '1', '--key', 'key', '--out',
        'x', code=CTL_PERMISSION)
    os.chmod(os.path.join(work, 'key'), 0o600)
    for version in ('0', '-1', 'x', '9' * 30):
        ctl('policy', 'bundle', 'sign', '--key', 'key', '--out', 'x', '--',
            'ours', version, code=CTL_USAGE)
    eq(os.path.exists(os.path.join(work, 'x')), False)
    ours_dir(trusted())
    pub = os.path.join(trusted(), 'release.pub')
    shutil.copy(os.path.join(work, 'key.pub'), pub)
    ours(pub)
    # whoever can write there decides
    for name in (pub, trusted()):
        mode = os.stat(name).st_mode & 0o777
        os.chmod(name, mode | 0o022)
        refused(path, 'writ', CTL_CONFIG)
        os.chmod(name, mode)
    r = json.loads(ctl('policy', 'bundle', 'verify', '--json', path).stdout)
    eq((r['pack'], r['version'], [f['path'] for f in r['files']]),
        ('ours', 1, ['rules/one.yaml', 'vectors/one.yaml']))
    eq('whole' in ctl('policy', 'bundle', 'verify', path).stdout, True)


def tampered():
    """Each region of a bundle; what is unsigned, cut or too long."""
    path = signed('word-a', 1)
    with open(path, 'rb') as f:
        good = f.read()
    rule = good.index(b'word-a')
    for at, word, code in ((0, 'no policy bundle', CTL_CONFIG),
            (8, 'format', CTL_CONFIG), (15, 'malformed', CTL_CONFIG),
            (23, 'malformed', CTL_CONFIG),
            (24, 'none of the trusted', CTL_POLICY),
            (HEAD, 'does not hold', CTL_POLICY),
            (HEAD + 30, 'does not hold', CTL_POLICY),
            (good.index(b'rules/one'), 'does not hold', CTL_POLICY),
            (rule, 'does not hold', CTL_POLICY),
            (len(good) - 64, 'does not hold', CTL_POLICY),
            (len(good) - 1, 'does not hold', CTL_POLICY)):
        bad = bytearray(good)
        bad[at] ^= 1
        refused(put('bad', bytes(bad)), word, code)
    for data, word, code in ((good[:-64], 'not signed', CTL_POLICY),
            (good[:-64] + bytes(64), 'not signed', CTL_POLICY),
            (good[:-1], 'truncated', CTL_CONFIG),
            (good[:HEAD + 9], 'truncated', CTL_CONFIG),
            (good[:20], 'truncated', CTL_CONFIG),
            (good + b'x', '1 bytes after its end', CTL_CONFIG),
            (good + good, 'after its end', CTL_CONFIG),
            (b'', 'no policy bundle', CTL_CONFIG)):
        refused(put('bad', data), word, code)
    refused(signed('word-a', 1, 'stranger'), 'none of the trusted',
        CTL_POLICY)
    ctl('policy', 'bundle', 'activate', 'nowhere', code=CTL_NOT_FOUND)
    ctl('policy', 'bundle', 'verify', work, code=CTL_CONFIG)
    eq(unpacked(), [])
    # no file of a pack
    with open(os.path.join(work, 'ours/rules/a b.yaml'), 'w') as f:
        f.write(RULE % 'x')
    ctl('policy', 'bundle', 'sign', 'ours', '2', '--key', 'key', '--out',
        'x', code=CTL_CONFIG)
    os.unlink(os.path.join(work, 'ours/rules/a b.yaml'))
    os.symlink('/etc/passwd', os.path.join(work, 'ours/rules/b.yaml'))
    r = ctl('policy', 'bundle', 'sign', 'ours', '2', '--key', 'key',
        '--out', 'x', code=CTL_CONFIG)
    eq('rules/b.yaml' in r.stderr, True, r.stderr)


def activated():
    was = active()[0]
    eq(verdict('word-a'), 'allow')
    path = signed('word-a', 1)
    r = json.loads(ctl('policy', 'bundle', 'activate', '--json',
        path).stdout)
    pack = os.path.join(suite.confdir, 'policies/bundles/ours-1/ours')
    eq((r['dir'], r['was'], r['in_force']), (pack, was, True))
    eq((active(), unpacked()), ([pack], ['ours-1']))
    eq(verdict('word-a'), 'block')
    row = suite.wait_row("action = 'policy-update'")
    eq(row['seq'], r['seq'])
    eq('bundle ours version 1' in row['details']['change'], True,
        row['details'])
    # the same once more mends what somebody changed
    with open(os.path.join(pack, 'rules/one.yaml'), 'w') as f:
        f.write(RULE % 'word-x')
    ctl('policy', 'bundle', 'activate', path)
    eq((verdict('word-a'), verdict('word-x')), ('block', 'allow'))
    eq(unpacked(), ['ours-1'])


def no_way_back():
    """Neither a lower version nor another of the same number, and what is
    not valid or fails its vectors counts for nothing."""
    first = signed('word-a', 1)
    second = signed('word-b', 3)
    ctl('policy', 'bundle', 'activate', second)
    eq((verdict('word-a'), verdict('word-b')), ('allow', 'block'))
    now = active()
    for path, word in ((first, 'no way back'), (signed('word-c', 3),
            'other files')):
        ctl('policy', 'bundle', 'verify', path)
        r = ctl('policy', 'bundle', 'activate', path, code=CTL_POLICY)
        eq(word in r.stderr, True, r.stderr)
        eq((active(), verdict('word-b')), (now, 'block'))
    for path, code in ((signed('(', 9, match='x'), CTL_CONFIG),
            (signed('word-d', 9, match='word-e'), CTL_POLICY)):
        ctl('policy', 'bundle', 'activate', path, code=code)
        eq((active(), verdict('word-b')), (now, 'block'))
    eq(unpacked(), ['ours-1', 'ours-3'])
    # one of another name has its own numbers
    ctl('policy', 'bundle', 'activate', signed('word-f', 1, name='theirs'))
    eq(verdict('word-f'), 'block')
    ctl('policy', 'bundle', 'activate', signed('word-d', 4))
    eq(verdict('word-d'), 'block')


def killed():
    """At any moment: the configuration names a whole pack, the old one until
    it names the new one, and the next run ends what was begun."""
    early, old = 0, 'word-d'
    for n in range(KILLS):
        version, new = 10 + n, 'word-k%d' % n
        path = signed(new, version)
        before = active()
        p = subprocess.Popen([os.path.join(suite.bin, 'defenseclawctl'),
            'policy', 'bundle', 'activate', path], env=suite.env(),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=work,
            preexec_fn=suite.become)
        tmp = os.path.join(suite.confdir, 'policies/bundles',
            '.ours-%d' % version)
        while p.poll() is None and not os.path.isdir(tmp):
            pass
        time.sleep(0.04 * n)
        p.send_signal(signal.SIGKILL)
        killed = p.wait() == -signal.SIGKILL
        if active() == before:
            early += killed
            suite.ctl('reload')
            eq((verdict(old), verdict(new)), ('block', 'allow'))
        ctl('policy', 'bundle', 'activate', path)
        eq((verdict(old), verdict(new)), ('allow', 'block'))
        eq([d for d in unpacked() if d.startswith('.')], [])
        old = new
    eq(early >= 1, True, 'killed before it was done')


def through(tests, **kw):
    global suite, work
    with Suite(**kw) as suite:
        suite.start()
        work = ours_dir(os.path.join(suite.dir, 'work'))
        run(tests)


def main():
    through([keys, tampered, activated, no_way_back, killed])
    # the pack is root's, its compiler is not
    if os.environ.get('DC_SYSBIN') and os.geteuid() == 0:
        through([keys, activated, no_way_back], mode='system')


program(main)
