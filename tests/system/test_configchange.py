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


"""Commands that change the configuration: what is written, what is refused,
what is kept and what is recorded.  Not one secret is ever in any of it."""

from lib import *

SECRET_VALUE = 'planted-Zx81-secret'


def text(path):
    with open(path) as f:
        return f.read()


def put(path, what):
    """Written in place, as an editor does: the owner and mode stay."""
    with open(path, 'w') as f:
        f.write(what)


def ok(r):
    if r.returncode != 0:
        raise AssertionError('%d\n%s%s' % (r.returncode, r.stdout, r.stderr))
    return r


def fails(r, code, *words):
    eq(r.returncode, code, r.stdout + r.stderr)
    for w in words:
        if w not in r.stderr + r.stdout:
            raise AssertionError('%s is not in %s%s' % (w, r.stdout,
                r.stderr))
    return r


def changes(s, action='config-update'):
    return [(r['target'], r['details']['change']) for r in s.rows()
        if r['action'] == action]


# --- tests -------------------------------------------------------------------

def nobody_writes_what_is_managed():
    """Every command that would change the file says what it would change,
    and touches nothing: not the file, not secrets/."""
    with Suite() as s:
        put(s.config, text(s.config) + 'managed: true\n')
        before = text(s.config)
        stamp = os.stat(s.config)
        for args in (('config', 'set', 'log.level', 'debug'),
                ('setup', 'observability', 'add', 'splunk-hec', '--host', 'h',
                    '--token', '-', '--non-interactive')):
            r = fails(s.ctl(*args, input='t0ken'), 8, '"managed: true"')
            assert '+ ' in r.stdout, r.stdout
            r = fails(s.ctl(*args, '--json', input='t0ken'), 8)
            got = json.loads(r.stdout)
            eq((got['code'], got['file']), (8, s.config))
            eq(len(got['differences']) >= 1, True, got)
            # what would be is shown without being refused
            ok(s.ctl(*args, '--dry-run', input='t0ken'))
        eq(s.ctl('config', 'set', 'log.level', 'info').returncode, 8)
        eq(s.ctl('config', 'set', 'guardrail.mode', 'action').returncode, 0)
        eq(text(s.config), before)
        eq(os.stat(s.config).st_ino, stamp.st_ino)
        eq([f for f in os.listdir(s.secrets) if f.startswith('sink')], [])
        # by hand it is as it was
        put(s.config, before.replace('managed: true', 'managed: false'))
        ok(s.ctl('config', 'set', 'log.level', 'debug'))


def nobody_writes_what_is_read_only():
    with Suite() as s:
        os.chmod(s.config, 0o400)
        r = fails(s.ctl('config', 'set', 'log.level', 'debug'), 8,
            'read-only by its mode', 'nothing was written')
        eq(r.stdout, '+ log:\n+   level: debug\n')
        os.chmod(s.config, 0o600)
        if os.geteuid() != 0:
            return
        # as in an image: only the directory of the file is another's
        s.uid = UID
        os.chmod(s.dir, 0o755)
        os.chmod(s.home, 0o755)
        os.chmod(s.config, 0o644)
        fails(s.ctl('config', 'set', 'log.level', 'debug'), 8,
            'directory that this user may not write')


def secrets_are_in_no_difference():
    lines = ('gateway:\n  api_port: %d\n  token: %s1\n'
        'llm: {api_key: %s2}\n# old: token: %s3\n'
        'webhooks:\n  - name: w\n    url: https://hooks.example/%s4\n')
    with Suite() as s:
        before = lines.replace('%s', SECRET_VALUE) % s.port
        put(s.config, before)
        r = ok(s.ctl('config', 'set', 'gateway.api_port', '1999',
            '--dry-run'))
        eq(r.stdout, '-   api_port: %d\n+   api_port: 1999\n' % s.port)
        os.chmod(s.config, 0o400)
        # the whole file is in the difference
        put(s.config, before.replace('\n', '\r\n'))
        for args in ((), ('--json',)):
            r = fails(s.ctl('config', 'set', 'gateway.api_port', '1999',
                *args), 8)
            assert SECRET_VALUE not in r.stdout + r.stderr, r.stdout
        os.chmod(s.config, 0o600)
        put(s.config, before)
        s.start()
        ok(s.ctl('config', 'set', 'agent.id', 'a'))
        eq(changes(s)[-1], ('agent.id', 'agent.id: (none) -> a'))
        eq(SECRET_VALUE in repr(s.rows()), False, 'a secret in an event')


TESTS = [nobody_writes_what_is_managed, nobody_writes_what_is_read_only,
    secrets_are_in_no_difference]

if __name__ == '__main__':
    names = sys.argv[1:]
    program(lambda: run([t for t in TESTS
        if not names or t.__name__ in names]))
