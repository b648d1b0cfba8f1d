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


"""Secrets by name: set without an argument, checked, and never shown."""

import pty

from lib import *

suite = None
VALUE = 'Zq7-planted-value-91'


def ctl(*args, code=CTL_OK, **kw):
    r = suite.ctl(*args, **kw)
    eq(r.returncode, code, '%s: %s%s' % (args, r.stdout[-400:], r.stderr))
    eq(VALUE in r.stdout + r.stderr, False, 'the value is shown')
    return r


def path(name):
    return os.path.join(suite.confdir, 'secrets', name)


def keys():
    return {k['name']: k for k in json.loads(ctl('keys', 'list',
        '--json').stdout)['keys']}


def from_standard_input():
    ctl('keys', 'set', 'of-mine', input=VALUE + '\n')
    with open(path('of-mine')) as f:
        eq(f.read(), VALUE + '\n')
    eq(os.stat(path('of-mine')).st_mode & 0o777, 0o600)
    row = suite.wait_row("action = 'config-update' AND target = "
        "'secrets/of-mine'")
    eq(VALUE in json.dumps(row['details']), False)
    for bad in ('', '\n', 'two\nlines\n', 'x' * 5000, 'a\tb'):
        ctl('keys', 'set', 'other', input=bad, code=CTL_USAGE)
    eq(os.path.exists(path('other')), False)


def from_a_terminal():
    pid, fd = pty.fork()
    if pid == 0:
        suite.become()
        os.execve(os.path.join(suite.bin, 'defenseclawctl'),
            ['defenseclawctl', 'keys', 'set', 'typed'], suite.env())
    out = b''
    while b': ' not in out:
        out += os.read(fd, 1024)
    os.write(fd, VALUE.encode() + b'\n')
    try:
        while True:
            got = os.read(fd, 1024)
            if not got:
                break
            out += got
    except OSError:
        pass
    eq(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0, out)
    eq(VALUE.encode() in out, False, 'there is an echo')
    with open(path('typed')) as f:
        eq(f.read(), VALUE + '\n')


def names():
    for bad in ('../x', '.x', 'a/b', '', 'x' * 64):
        ctl('keys', 'set', bad, input=VALUE, code=CTL_USAGE)
        ctl('keys', 'unset', bad, code=CTL_USAGE)
    ctl('keys', 'set', 'redaction.key', input=VALUE, code=CTL_FAILURE)
    ctl('keys', 'unset', 'redaction.key', code=CTL_FAILURE)
    # what has no place on a command line is not said again
    for words in (('x', VALUE), ('x=' + VALUE,)):
        r = ctl('keys', 'set', *words, input='', code=CTL_USAGE)
        eq(VALUE in r.stdout + r.stderr, False, words)


def used():
    k = keys()
    eq(k['redaction.key']['used_by'], 'redaction')
    eq(k['gateway-token']['used_by'], 'gateway.token_secret')
    eq(k['of-mine']['used_by'], '')
    eq('gateway.token_secret' in ctl('keys', 'list').stdout, True)
    eq('gateway.token_secret' in ctl('keys', 'unset', 'gateway-token',
        code=CTL_FAILURE).stderr, True)
    ctl('keys', 'unset', 'typed')
    eq(os.path.exists(path('typed')), False)
    ctl('keys', 'unset', 'typed', code=CTL_NOT_FOUND)


def checked():
    ctl('keys', 'check')
    ctl('keys', 'check', 'of-mine')
    ctl('keys', 'check', 'nothing', code=CTL_NOT_FOUND)

    def bad(what, undo):
        r = json.loads(ctl('keys', 'check', '--json', 'of-mine',
            code=CTL_FAILURE).stdout)
        eq((r['ok'], r['keys'][0]['wrong'] != ''), (False, True), what)
        ctl('keys', 'check', code=CTL_FAILURE)
        undo()
        ctl('keys', 'check', 'of-mine')
    p = path('of-mine')
    os.chmod(p, 0o644)
    bad('mode', lambda: os.chmod(p, 0o600))
    os.chown(p, 47099, -1)
    bad('owner', lambda: os.chown(p, os.geteuid(), -1))
    os.rename(p, p + '.real')
    os.symlink(p + '.real', p)
    bad('link', lambda: os.rename(p + '.real', p))
    os.truncate(p, 0)
    bad('empty', lambda: ctl('keys', 'set', 'of-mine', input=VALUE))
    # one that the configuration wants and that is not there
    os.rename(path('gateway-token'), path('kept'))
    eq('gateway.token_secret' in ctl('keys', 'check', 'gateway-token',
        code=CTL_FAILURE).stdout, True)
    eq(keys()['gateway-token']['set'], False)
    os.rename(path('kept'), path('gateway-token'))


def in_force():
    """A token that was set is in force after a reload."""
    ctl('keys', 'set', 'gateway-token', input='A' * 40)
    ctl('reload')
    wait_for(lambda: suite.http('GET', '/status', token='A' * 40).status ==
        200, 'the new token')


def recorded():
    """Also what was done while nobody was there to record it."""
    suite.stop()
    ctl('keys', 'set', 'later', input=VALUE)
    ctl('keys', 'unset', 'later')
    suite.start()
    eq([(r['details']['change'], r['details'].get('late')) for r in
        suite.rows("target = 'secrets/later'")], [('set', True),
        ('unset', True)])


def main():
    global suite
    need_root()
    with Suite() as suite:
        suite.start()
        run([from_standard_input, from_a_terminal, names, used, checked,
            in_force, recorded])


program(main)
