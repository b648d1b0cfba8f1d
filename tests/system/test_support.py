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


"""The archive for a maintainer: listed first, readable by tar, and without
any secret of the host, wherever it stands."""

import pty
import tarfile

from lib import *

suite = None
out = None
PLANTED = {'secret': 'Zq7-in-a-secret-file-51', 'dotenv':
    'Zq7-in-dotenv "quoted" 9', 'comment': 'Zq7-in-a-comment-3',
    'foreign': 'Zq7-of-a-foreign-key-8'}


def bundle(*args, code=CTL_OK):
    r = suite.ctl('support', 'bundle', '--out', out, *args)
    eq(r.returncode, code, r.stdout + r.stderr)
    return r


def plant():
    path = os.path.join(suite.confdir, 'secrets/planted')
    with open(path, 'w') as f:
        f.write(PLANTED['secret'] + '\n')
    os.chmod(path, 0o600)
    with open(os.path.join(suite.confdir, '.env'), 'a') as f:
        f.write("X='%s'\n" % PLANTED['dotenv'])
    with open(suite.config, 'a') as f:
        f.write('# %s\ncisco_ai_defense:\n  api_key: %s\n' %
            (PLANTED['comment'], PLANTED['foreign']))
    # what should never be there
    with open(os.path.join(suite.logdir, 'defenseclaw.log'), 'a') as f:
        for where in ('secret', 'dotenv'):
            f.write('a line with %s in it\n' % PLANTED[where])


def is_listed_before_it_is_written():
    r = bundle()
    for name in ('status.json', 'config.json', 'files.json',
            'defenseclaw.log', 'host.json', 'version.json'):
        eq(name in r.stdout, True, name)
    eq(os.path.exists(out), False, 'nobody said yes')
    bundle('--dry-run')
    eq(os.path.exists(out), False)
    r = json.loads(bundle('--json').stdout)
    eq((r['written'], os.path.exists(out)), (False, False))
    eq([f['masked'] for f in r['files'] if f['name'] == 'defenseclaw.log'],
        [2])
    for answer, there in ((b'n\n', False), (b'\n', False), (b'y\n', True)):
        pid, fd = pty.fork()
        if pid == 0:
            suite.become()
            os.execve(os.path.join(suite.bin, 'defenseclawctl'),
                ['defenseclawctl', 'support', 'bundle', '--out', out],
                suite.env())
        text = b''
        while b'[y/N]' not in text:
            text += os.read(fd, 4096)
        os.write(fd, answer)
        try:
            while os.read(fd, 4096):
                pass
        except OSError:
            pass
        eq(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        os.close(fd)
        eq(os.path.exists(out), there, answer)


def is_an_archive():
    bundle('--yes')
    eq(os.stat(out).st_mode & 0o777, 0o600)
    subprocess.run(['tar', '-tf', out], check=True, capture_output=True)
    with tarfile.open(out) as t:
        got = {m.name: t.extractfile(m).read() for m in t.getmembers()}
        for m in t.getmembers():
            eq((m.isreg(), m.mode, m.name.startswith('/') or '..' in m.name),
                (True, 0o600, False), m.name)
    eq(len(got), 6, sorted(got))
    status = json.loads(got['defenseclaw-support/status.json'])
    eq(status['mode'], 'user')
    conf = json.loads(got['defenseclaw-support/config.json'])
    eq(conf['guardrail.mode'], 'action')
    names = json.loads(got['defenseclaw-support/files.json'])
    eq('planted' in [n.get('name') for n in names], True)
    eq(b'rule pack' in got['defenseclaw-support/defenseclaw.log'], True)
    secrets = list(PLANTED.values()) + [suite.token()]
    for name in os.listdir(os.path.join(suite.confdir, 'secrets')):
        with open(os.path.join(suite.confdir, 'secrets', name)) as f:
            secrets.append(f.read().strip())
    with open(out, 'rb') as f:
        whole = f.read()
    for s in secrets:
        eq(s.encode() in whole, False, 'a secret is in it')


def without_the_suite():
    suite.stop()
    os.unlink(out)
    bundle('--yes')
    with tarfile.open(out) as t:
        status = json.loads(t.extractfile(
            'defenseclaw-support/status.json').read())
    eq(status['code'], CTL_NOT_RUNNING)


def secrets_that_cannot_be_read():
    """Then they could not be kept out, and nothing is written."""
    os.unlink(out)
    path = os.path.join(suite.confdir, 'secrets/planted')
    os.unlink(path)
    os.symlink('/dev/null', path)
    bundle('--yes', code=CTL_FAILURE)
    eq(os.path.exists(out), False)
    eq(suite.ctl('support', 'bundle').returncode, CTL_USAGE)


def main():
    global suite, out
    with Suite() as suite:
        out = os.path.join(suite.home, 'support.tar')
        suite.start()
        run([plant, is_listed_before_it_is_written, is_an_archive,
            without_the_suite, secrets_that_cannot_be_read])


program(main)
