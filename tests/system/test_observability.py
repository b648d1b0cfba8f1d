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



"""The front end's commands for sinks: `setup observability ...'."""

import fcntl
import json
import os
import pty
import re
import stat
import subprocess
import sys
import tempfile
import termios

from lib import *
from receivers import *

TOKEN = '1f2e3d4c-0000-1111-2222-333344445555'
ADD = ('setup', 'observability', 'add')
OBS = ('setup', 'observability')


def is_private(path, s):
    st = os.stat(path)
    eq(stat.S_IMODE(st.st_mode), 0o600, path)
    eq(st.st_uid, os.stat(s.secrets).st_uid, path)


# --- tests -------------------------------------------------------------------

def the_line_of_the_checklist():
    with Suite() as s:
        before = text(s.config)
        r = ok(s.program('defenseclaw', *('setup observability add '
            'splunk-hec --host splunk.internal --port 8088 --token %s '
            '--index defenseclaw --non-interactive' % TOKEN).split()))
        if 'list of processes' not in r.stderr and \
                'to see while' not in r.stderr:
            raise AssertionError('no warning: ' + r.stderr)
        secret = os.path.join(s.secrets, 'sink-splunk-hec-splunk-internal')
        eq(text(secret), TOKEN + '\n')
        is_private(secret, s)
        nowhere(s, TOKEN, secret)
        eq(TOKEN in r.stdout + r.stderr, False, 'the token is shown')
        got = json.loads(ok(s.ctl(*OBS, 'show',
            'splunk-hec-splunk-internal', '--json')).stdout)
        eq((got['kind'], got['enabled'], got['token_secret']), ('splunk_hec',
            True, 'sink-splunk-hec-splunk-internal'))
        eq((got['splunk_hec']['endpoint'], got['splunk_hec']['index']),
            ('https://splunk.internal:8088/services/collector/event',
            'defenseclaw'))
        # nothing but lines was added, and taking it away takes them away
        eq(ok(s.ctl(*OBS, 'remove', got['name'], '--yes')).returncode, 0)
        eq(os.path.exists(secret), False, 'the token stayed')
        eq(text(s.config).replace('audit_sinks:\n', ''), before)
        eq(ok(s.ctl(*OBS, 'list', '--json')).stdout, '{"sinks":[]}\n')


def tokens_from_everywhere():
    with Suite() as s:
        name = 'splunk-hec-h'
        secret = os.path.join(s.secrets, 'sink-' + name)
        add = (*ADD, 'splunk-hec', '--host', 'h', '--non-interactive')
        path = os.path.join(s.dir, 'token')
        with open(path, 'w') as f:
            f.write('from-a-file\r\n')
        fails(s.ctl(*add), 2, '--token-file')
        fails(s.ctl(*add, '--token', ''), 2, 'empty')
        fails(s.ctl(*add, '--token', '--index', 'x'), 2, 'empty?')
        fails(s.ctl(*add, '--token', 'Splunk abc'), 2, 'alone')
        fails(s.ctl(*add, '--token', 'a\nb'), 2, 'one line')
        fails(s.ctl(*add, '--token-env', 'NO_SUCH'), 2, 'NO_SUCH')
        fails(s.ctl(*add, '--token-file', path + 'x'), 2, path)
        fails(s.ctl(*add, '--token-file', path, '--token', 'x'), 2, 'one of')
        eq(os.path.exists(secret), False, 'a token of a failed command')
        eq('audit_sinks' in text(s.config).replace('# audit_sinks', ''),
            False)
        r = ok(s.ctl(*add, '--token', '-', input='from-stdin\n'))
        eq(('list of processes' in r.stderr, text(secret)), (False,
            'from-stdin\n'))
        ok(s.ctl(*add, '--token-file', path))
        eq(text(secret), 'from-a-file\n')
        ok(s.ctl(*add, '--token-env', 'HEC_TOKEN', env={'HEC_TOKEN':
            'from-env'}))
        eq(text(secret), 'from-env\n')
        is_private(secret, s)
        # without one it is kept
        ok(s.ctl(*add, '--index', 'other'))
        eq(text(secret), 'from-env\n')
        # a file that another sink reads stays when one of them goes
        both = text(s.config)
        ok(s.ctl(*add, '--name', 'two', '--token', '-', input='x\n'))
        ok(s.ctl(*OBS, 'remove', 'two', '-y'))
        eq(text(secret), 'from-env\n')
        eq(text(s.config), both)
        fails(s.ctl(*ADD, 'syslog', '--host', 'h', '--token', '-',
            '--non-interactive', input='x\n'), 2, 'no token')


def entries_are_merged():
    with Suite() as s:
        with open(s.config, 'a') as f:
            f.write('# mine\naudit_sinks:   # all of them\n'
                '# the one in the cellar\n'
                '- kind: http_jsonl   # for now\n'
                '  name: "one"\n'
                '  http_jsonl:\n'
                '    # by hand\n'
                '    url: http://one.internal/in\n'
                '    headers: {X-Scope: a}\n'
                '\n# the end\n')
        before = text(s.config)
        ok(s.ctl(*ADD, 'webhook', '--name', 'one', '--batch-size', '7',
            '--gzip', '--no-verify-tls', '--min-severity', 'HIGH',
            '--action', 'a', '--action', 'b,c', '--proxy', 'p:3128',
            '--non-interactive'))
        got = json.loads(ok(s.ctl(*OBS, 'show', 'one', '--json')).stdout)
        eq((got['batch_size'], got['min_severity'], got['actions'],
            got['proxy']), (7, 'HIGH', ['a', 'b', 'c'], 'p:3128'))
        eq((got['http_jsonl']['gzip'], got['http_jsonl']['verify_tls'],
            got['http_jsonl']['headers'], got['http_jsonl']['url']),
            (True, False, {'X-Scope': 'a'}, 'http://one.internal/in'))
        for line in before.splitlines():
            if line not in text(s.config).splitlines():
                raise AssertionError('lost: ' + line)
        after = text(s.config)
        # the same once more is nothing new
        r = json.loads(ok(s.ctl(*ADD, 'webhook', '--name', 'one', '--gzip',
            '--batch-size', '7', '--json')).stdout)
        eq((r['added'], r['changed']), (False, False))
        eq(text(s.config), after)
        r = ok(s.ctl(*ADD, 'http-jsonl', '--name', 'one', '--batch-size',
            '8', '--dry-run'))
        eq(r.stdout.splitlines(), ['-   batch_size: 7', '+   batch_size: 8'])
        eq(text(s.config), after)
        ok(s.ctl(*OBS, 'disable', 'one'))
        ok(s.ctl(*OBS, 'disable', 'one'))
        eq(json.loads(s.ctl(*OBS, 'list', '--json').stdout)['sinks'][0]
            ['enabled'], False)
        ok(s.ctl(*OBS, 'enable', 'one'))
        eq([l for l in text(s.config).splitlines() if l not in
            after.splitlines()], ['  enabled: true'])
        # what cannot be
        for args, code, word in (
                (('file', '--name', 'one'), 6, 'kind http_jsonl'),
                (('http-jsonl', '--name', 'One'), 2, 'lower case'),
                (('http-jsonl', '--name', 'one', '--index', 'x'), 2,
                    '--index'),
                (('http-jsonl', '--name', 'one', '--header', 'X-Other: b'),
                    3, '{ }'),
                (('http-jsonl', '--url', 'http://x', '--header',
                    'Authorization: x'), 2, '--auth-header'),
                (('http-jsonl', '--url', 'ftp://x'), 3, 'http://'),
                (('http-jsonl', '--url', 'http://u:p@x'), 3, 'password'),
                (('http-jsonl',), 2, '--url'),
                (('otlp', '--host', 'h', '--protocol', 'grpc'), 3,
                    'not supported'),
                (('otlp', '--host', 'h', '--endpoint', 'h'), 2, 'not both'),
                (('syslog', '--transport', 'udp', '--host', 'h'), 3,
                    'tcp, tls, local'),
                (('syslog', '--host', 'h', '--enabled', '--disabled'), 2,
                    'not both'),
                (('datadog',), 2, 'no kind of sink')):
            fails(s.ctl(*ADD, *args, '--non-interactive'), code, word)
        for args, code in ((('show', 'two'), 7), (('enable', 'two'), 7),
                (('remove', 'two', '-y'), 7), (('test', 'two'), 7),
                (('remove', 'one'), 2), (('test', 'one'), 5),
                (('replay', 'one', '--from', '1'), 5),
                (('dead-letters', 'list', 'one'), 5),
                (('dead-letters', 'drop', 'one', '1'), 2),
                (('dead-letters', 'retry', 'one'), 2)):
            fails(s.ctl(*OBS, *args), code)


def names_and_endpoints():
    with Suite() as s:
        for args, name, key, value in (
                (('otlp', '--host', 'otel.internal'),
                    'otlp-otel-internal-4318', 'otlp_logs.endpoint',
                    'https://otel.internal:4318'),
                (('otlp', '--endpoint', 'c:9000', '--insecure'),
                    'otlp-c-9000', 'otlp_logs.endpoint', 'c:9000'),
                (('otlp', '--host', 'fd00::1', '--insecure'),
                    'otlp-fd00-1-4318', 'otlp_logs.endpoint',
                    'http://[fd00::1]:4318'),
                (('webhook', '--url', 'https://Hook.Internal:8443/a?b=c'),
                    'webhook-hook-internal', 'http_jsonl.url',
                    'https://Hook.Internal:8443/a?b=c'),
                (('http-jsonl', '--endpoint', 'http://10.0.0.1/x'),
                    'http-jsonl-10-0-0-1', 'http_jsonl.url',
                    'http://10.0.0.1/x'),
                (('syslog', '--host', 'log', '--port', '1514'), 'syslog-log',
                    'syslog.endpoint', 'log:1514'),
                (('syslog', '--transport', 'local', '--facility', 'authpriv'),
                    'syslog-local', 'syslog.transport', 'local'),
                (('file', '--rotate-mb', '5'), 'file', 'file.rotate_mb', 5)):
            r = json.loads(ok(s.ctl(*ADD, *args, '--json')).stdout)
            eq((r['name'], r['added']), (name, True))
            got = json.loads(s.ctl(*OBS, 'show', name, '--json').stdout)
            kind, _, key = key.partition('.')
            eq(got[kind][key], value, name)
        eq(len(json.loads(s.ctl(*OBS, 'list', '--json').stdout)['sinks']), 8)
        eq(ok(s.ctl('config', 'validate')).returncode, 0)
        rows = ok(s.ctl('config', 'show')).stdout
        eq('audit_sinks.file.kind' in rows, True, rows)


def in_a_running_suite():
    """Added, tested, replayed, changed and removed while it serves."""
    h = Receiver()
    with Suite() as s:
        s.start()
        r = ok(s.ctl(*ADD, 'splunk-hec', '--endpoint', 'http://127.0.0.1:%d'
            % h.port, '--token', '-', '--name', 'live', '--non-interactive',
            '--json', input=TOKEN + '\n'))
        got = json.loads(r.stdout)
        eq((got['reloaded'], got['test']['ok'], got['test']['http']), (True,
            True, 200))
        # sent at once, and in its turn
        eq(len({r['seq'] for r in h.accepted if r['action'] ==
            'sink-test'}), 1)
        eq(h.requests[-1].headers['authorization'], 'Splunk ' + TOKEN)
        rows = [r for r in s.rows() if r['action'] == 'setup-observability']
        eq(len(rows), 1)
        eq((rows[0]['target'], rows[0]['seq']), ('audit_sinks.live',
            got['seq']))
        eq(TOKEN in json.dumps(s.rows()), False, 'the token is in a row')

        # the receiver changes its mind
        h.answer = lambda r: (403, {'code': 4, 'text': 'Invalid token'})
        fails(s.ctl(*OBS, 'test', 'live'), 9, 'failed', 'HTTP 403', 'code 4')
        got = s.ctl(*OBS, 'test', 'live', '--json')
        eq((got.returncode, json.loads(got.stdout)['code']), (9, 4))
        h.answer = ok_hec
        r = ok(s.ctl(*ADD, 'splunk-hec', '--name', 'live', '--token', '-',
            '--non-interactive', input='another\n'))
        eq('delivered' in r.stdout, True, r.stdout)
        eq(h.requests[-1].headers['authorization'], 'Splunk another')

        wait_for(lambda: json.loads(s.ctl(*OBS, 'show', 'live', '--json')
            .stdout)['state']['lag_events'] == 0, 'no lag')
        status = ok(s.ctl('status')).stdout
        for word in ('SINK', 'live', 'closed', 'QUARANTINED'):
            eq(word in status, True, status)
        n = len(h.accepted)
        ok(s.ctl(*OBS, 'replay', 'live', '--from', '1', '--to', '2'))
        wait_for(lambda: {1, 2} <= {r['seq'] for r in h.accepted[n:]},
            'the rows again')
        fails(s.ctl(*OBS, 'replay', 'live', '--from', '99999'), 2,
            'no such range')
        for args in ((), ('--cancel', '--from', '1'), ('--cancel', '--to',
                '1')):
            fails(s.ctl(*OBS, 'replay', 'live', *args), 2, '--cancel')
        wait_for(lambda: s.ctl(*OBS, 'replay', 'live', '--cancel').returncode
            == 7, 'an end of the replay')
        ok(s.ctl(*OBS, 'disable', 'live'))
        ok(s.ctl(*OBS, 'replay', 'live', '--from', '1'))
        got = json.loads(ok(s.ctl(*OBS, 'replay', 'live', '--cancel',
            '--json')).stdout)
        eq((got['cancelled'], got['next']), (True, 1))
        s.wait_row("action = 'sink-replay' AND details LIKE '%cancelled%'")
        fails(s.ctl(*OBS, 'test', 'live'), 1, 'disabled')
        ok(s.ctl(*OBS, 'enable', 'live'))
        ok(s.ctl(*OBS, 'test', 'live'))
        ok(s.ctl(*OBS, 'remove', 'live', '--yes'))
        eq(json.loads(s.ctl('status', '--json').stdout)['sinks'], [])
        eq([r['details']['change'].split(':')[0] for r in s.rows() if
            r['action'] == 'setup-observability'], ['added', 'changed',
            'disabled', 'enabled', 'removed'])
    h.close()


def dead_letters():
    def answer(r):
        bad = [n for n, row in enumerate(r.rows) if row['action'] ==
            'sink-test']
        return (400, {'code': 12, 'text': 'Event field is required',
            'invalid-event-number': bad[0]}) if bad else ok_hec(r)

    h = Receiver(answer)
    with Suite() as s:
        s.start()
        fails(s.ctl(*ADD, 'splunk-hec', '--endpoint', 'http://127.0.0.1:%d'
            % h.port, '--token', '-', '--name', 'live', '--non-interactive',
            input='x\n'), 9, 'code 12')

        def dead():
            return json.loads(ok(s.ctl(*OBS, 'dead-letters', 'list', 'live',
                '--json')).stdout)['dead_letters']

        wait_for(lambda: len(dead()) == 1, 'quarantine')
        d = dead()[0]
        eq((d['class'], d['code'], d['http']), ('quarantined', 12, 400))
        r = ok(s.ctl(*OBS, 'dead-letters', 'list', 'live'))
        eq(str(d['seq']) in r.stdout, True, r.stdout)
        fails(s.ctl(*OBS, 'dead-letters', 'retry', 'live', '99999'), 7)
        fails(s.ctl(*OBS, 'dead-letters', 'retry', 'live', '1', '--all'), 2)
        h.answer = ok_hec
        ok(s.ctl(*OBS, 'dead-letters', 'retry', 'live', str(d['seq'])))
        wait_for(lambda: dead() == [], 'no dead letter')
        h.answer = answer
        fails(s.ctl(*OBS, 'test', 'live'), 9)
        wait_for(lambda: len(dead()) == 1, 'quarantine')
        fails(s.ctl(*OBS, 'dead-letters', 'drop', 'live', '--all'), 2,
            '--reason')
        ok(s.ctl(*OBS, 'dead-letters', 'drop', 'live', '--all', '--reason',
            'it was a test'))
        eq(dead(), [])
        eq([r['action'] for r in s.rows() if r['action'].startswith(
            'dead-letters')], ['dead-letters-retry', 'dead-letters-drop'])
    h.close()


def an_unknown_ca():
    with tempfile.TemporaryDirectory() as d, Suite() as s:
        ca = Authority(d)
        cert = ca.issue('good')
        h = Receiver(tls=ca.server(*cert))
        s.start()
        add = (*ADD, 'splunk-hec', '--host', 'localhost', '--port',
            str(h.port), '--token', '-', '--name', 'tls',
            '--non-interactive')
        r = s.ctl(*add, input='x\n')
        fails(r, 9, '--ca-file', '--pin', 'certificate 0: subject')
        pin = re.search(r'0: .* pin (sha256//\S+)', r.stdout)[1]
        path = os.path.join(s.dir, 'ca.pem')
        with open(path, 'w') as f:
            f.write(text(ca.cert))
        os.chmod(path, 0o644)
        ok(s.ctl(*ADD, 'splunk-hec', '--name', 'tls', '--ca-file', path,
            '--non-interactive'))
        # or by its key alone, whoever has signed it
        ok(s.ctl(*ADD, 'splunk-hec', '--name', 'tls', '--ca-file', '',
            '--no-verify-tls', '--pin', pin, '--non-interactive'))
        other = ca.server(*ca.issue('other'))
        two = Receiver(tls=other)
        fails(s.ctl(*ADD, 'splunk-hec', '--name', 'tls', '--host',
            'localhost', '--port', str(two.port), '--non-interactive'), 9,
            'TLS')
        eq(two.requests, [], 'a token was sent')
        two.close()
        h.close()


def a_directory_of_its_own():
    """A file sink needs nothing but a name, in either mode."""
    modes = ['user'] + (['system'] if os.environ.get('DC_SYSBIN') and
        os.geteuid() == 0 else [])
    for mode in modes:
        with Suite(mode) as s:
            d = os.path.join(s.state, 'sinks')
            eq(stat.S_IMODE(os.stat(d).st_mode), 0o700, d)
            s.start()
            ok(s.ctl(*ADD, 'file', '--from', 'beginning',
                '--non-interactive'))
            path = os.path.join(d, 'file', 'audit-000000000001.jsonl')
            wait_for(lambda: os.path.exists(path) and {r['seq'] for r in
                map(json.loads, text(path).splitlines())} >=
                {r['seq'] for r in s.rows()}, 'the rows')
            eq(os.stat(path).st_uid, os.stat(d).st_uid, path)
            eq(os.stat(path).st_uid != 0 or mode == 'user', True, path)


def on_a_terminal():
    """What is missing is asked for, and the token is not echoed."""
    with Suite() as s:
        ours, theirs = pty.openpty()
        p = subprocess.Popen([os.path.join(s.bin, 'defenseclawctl'), *ADD,
            'splunk-hec'], env=s.env(), stdin=theirs, stdout=theirs,
            stderr=theirs, start_new_session=True, preexec_fn=lambda:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(theirs)
        seen = ''

        def until(word):
            nonlocal seen
            while word not in seen:
                try:
                    seen += os.read(ours, 1000).decode()
                except OSError:
                    raise AssertionError('%s: %s' % (word, seen))
            whole, seen = seen, ''
            return whole

        until('host [localhost]: ')
        os.write(ours, b'h.internal\n')
        until('port [8088]: ')
        os.write(ours, b'\n')
        until('index [defenseclaw]: ')
        os.write(ours, b'\n')
        until('none): ')
        os.write(ours, b'typed-token\n')
        said = until('when the suite starts')
        eq(p.wait(CEILING), 0, said)
        eq('typed-token' in said, False, said)
        os.close(ours)
        got = json.loads(s.ctl(*OBS, 'show', 'splunk-hec-h-internal',
            '--json').stdout)
        eq((got['target'], got['splunk_hec']['index']),
            ('https://h.internal:8088/services/collector/event',
            'defenseclaw'))
        eq(text(os.path.join(s.secrets, got['token_secret'])),
            'typed-token\n')


TESTS = [the_line_of_the_checklist, tokens_from_everywhere,
    entries_are_merged, names_and_endpoints, in_a_running_suite,
    dead_letters, an_unknown_ca, a_directory_of_its_own, on_a_terminal]

if __name__ == '__main__':
    names = sys.argv[1:]
    program(lambda: run([t for t in TESTS
        if not names or t.__name__ in names]))
