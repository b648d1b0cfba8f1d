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

"""Rows of the log by what they say, from the suite and from its file alike,
and exports in other forms that go on where they ended."""

import csv
import io

from lib import *

suite = None
work = None


def ctl(*args, code=CTL_OK):
    r = suite.ctl(*args)
    eq(r.returncode, code, '%s: %s%s' % (args, r.stdout[-400:], r.stderr))
    return r


def db():
    return os.path.join(suite.state, 'audit', 'audit.db')


def query(*args):
    """Sequences found by the suite, which its file must have, too."""
    out = [json.loads(l)['seq'] for l in ctl('audit', 'query', '--json',
        *args).stdout.splitlines()]
    off = [json.loads(l)['seq'] for l in ctl('audit', 'query', '--json',
        '--db', db(), *args).stdout.splitlines()]
    eq(off, out, 'offline: %s' % (args,))
    return out


def seqs(where, params=()):
    return [r['seq'] for r in sorted(suite.rows(where, params),
        key=lambda r: -r['seq'])]


def traffic():
    for i, text in enumerate(('mildly-suspicious', 'highly-suspicious',
            'nothing', ATTACK)):
        a = suite.post('/api/v1/inspect/tool', {'tool': 'shell' if i % 2
            else 'read', 'args': text}, headers={
            'X-DefenseClaw-Session-Id': 'session-%d' % (i % 2)})
        eq(a.status, 200, a)
    ctl('tool', 'block', '@scope/tool')
    # texts that do harm to a terminal and to a line
    a = suite.post('/audit/event', {'action': 'x-said', 'target':
        '\x1b[2J"', 'details': '\x1b[2J\r\nx,y'})
    eq(a.status, 200, a)


def filters():
    for arg, column in (('action', 'action'), ('actor', 'actor'), ('session',
            'session_id'), ('tool', 'tool_name'), ('target', 'target')):
        values = {r[column] for r in suite.rows() if r[column]}
        eq(len(values) >= 2, True, 'values of %s' % column)
        for value in values:
            eq(query('--' + arg, value), seqs(column + ' = ?', (value,)),
                '%s %s' % (arg, value))
    eq(query('--severity', 'HIGH,CRITICAL'),
        seqs("severity IN ('HIGH', 'CRITICAL')"))
    eq(query('--severity', 'INFO'), seqs("severity = 'INFO'"))
    eq(query('--text', 'test-HIGH'), seqs("details LIKE '%TEST-HIGH%'"))
    eq(query('--text', '%'), seqs("details LIKE '%!%%' ESCAPE '!'"))
    eq(query('--tool', 'shell', '--severity', 'CRITICAL', '--since', '1h'),
        seqs("tool_name = 'shell' AND severity = 'CRITICAL'"))
    eq(query('-n', '2'), seqs('1')[:2])
    eq(query(), seqs('1'))


def times():
    rows = suite.rows()
    at = rows[len(rows) // 2]['timestamp']
    eq(query('--since', at), seqs('timestamp >= ?', (at,)))
    eq(query('--until', at), seqs('timestamp < ?', (at,)))
    eq(query('--until', '1h'), [])
    for bad in (('--since', 'x'), ('--until', '2026-02-30T00:00:00Z'),
            ('--since', '1h', '--until', '2h'), ('--text', ''),
            ('--session', 'x' * 256), ('--severity', 'LOUD')):
        ctl('audit', 'query', *bad, code=CTL_USAGE)
    ctl('audit', 'query', '--db', '/nowhere', code=CTL_NOT_FOUND)
    ctl('audit', 'query', '--db', '/etc/passwd', code=CTL_FAILURE)


def safe_to_look_at():
    for args in ((), ('--db', db())):
        out = ctl('audit', 'query', *args).stdout
        eq(re.findall(r'[^\n\x20-\x7e]', out), [], 'on a terminal')
        eq(len(out.splitlines()), len(suite.rows()))


def as_csv():
    text = ctl('audit', 'export', '--format', 'csv').stdout
    # text mode made LF of CR LF
    got = list(csv.DictReader(io.StringIO(text)))
    rows = suite.rows()
    eq([int(r['seq']) for r in got], [r['seq'] for r in rows])
    for g, r in zip(got, rows):
        for column in ('id', 'timestamp', 'severity', 'action', 'actor'):
            eq(g[column], r[column] or '', column)
        want = r['target'] or ''
        eq(g['target'], "'" + want if want[:1] in tuple('=+-@') else want)
        for cell in g.values():
            eq(cell[:1] in ('=', '+', '-', '@', '\t', '\r') and cell != '',
                False, cell)
    eq([r['target'] for r in got if r['action'] == 'tool-block'],
        ["'@scope/tool"])


def as_ocsf():
    out = [json.loads(l) for l in ctl('audit', 'export', '--format',
        'ocsf').stdout.splitlines()]
    rows = suite.rows()
    eq([o['metadata']['sequence'] for o in out], [r['seq'] for r in rows])
    for o, r in zip(out, rows):
        eq((o['class_uid'], o['type_uid'], o['metadata']['uid']),
            (2004, 200401, r['id']))
        eq(o['unmapped']['action'], r['action'])
    blocked = [o for o in out if o['disposition'] == 'Blocked']
    eq([o['metadata']['sequence'] for o in blocked][::-1],
        seqs("action LIKE 'inspect-%-block'"))
    ctl('audit', 'export', '--format', 'xml', code=CTL_USAGE)


def resumed():
    """What was written piece by piece, cut off wherever it was, is the same
    as what is written at once."""
    for fmt in ('jsonl', 'csv', 'ocsf'):
        path = os.path.join(work, 'log.' + fmt)
        args = ('audit', 'export', '--format', fmt, '--out', path)
        more = args + ('--resume',)
        ctl(*more, '--to', '3')
        with open(path, 'rb') as f:
            first = f.read()
        for keep in (0, 1, len(first) // 2, len(first) - 1, len(first)):
            with open(path, 'wb') as f:
                f.write(first[:keep])
            ctl(*more)
            with open(path, 'rb') as f:
                got = f.read()
            ctl(*args[:-1], path + '.whole')
            with open(path + '.whole', 'rb') as f:
                eq(got == f.read(), True, '%s from byte %d' % (fmt, keep))
        eq(os.stat(path).st_mode & 0o777, 0o600)
        eq(ctl(*more).stdout.startswith('0 rows'), True, 'nothing is new')
        suite.post('/api/v1/inspect/tool', {'tool': 'x', 'args': 'y'})
        eq(ctl(*more).stdout.startswith('0 rows'), False, 'one is new')
    ctl('audit', 'verify', '--file', os.path.join(work, 'log.jsonl'))
    ctl('audit', 'export', '--resume', code=CTL_USAGE)


def not_resumed():
    """A file of something else is left as it is."""
    path = os.path.join(work, 'log.jsonl')
    with open(path) as f:
        text = f.read()
    for other in ('a text\n', 'x' * 100 + '\n', text.replace('"shell"',
            '"Shell"').replace('"y"', '"z"')[:-2] + '1}\n'):
        with open(path, 'w') as f:
            f.write(other)
        ctl('audit', 'export', '--out', path, '--resume', code=CTL_FAILURE)
        with open(path) as f:
            eq(f.read() == other, True, 'is left as it is')
    os.symlink(path, path + '.link')
    ctl('audit', 'export', '--out', path + '.link', '--resume',
        code=CTL_FAILURE)
    with open(path, 'r+') as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        ctl('audit', 'export', '--out', path, '--resume', code=CTL_ALREADY)
    # longer than the log is: of another, or of a newer copy
    ours = text.splitlines()
    last = json.loads(ours[-1])
    with open(path, 'w') as f:
        f.write(ours[0] + '\n' + ours[-1].replace('"seq":%d,' % last['seq'],
            '"seq":%d,' % (last['seq'] + 1000)) + '\n')
    ctl('audit', 'export', '--out', path, '--resume', code=CTL_FAILURE)


def without_the_suite():
    before = query('--severity', 'CRITICAL')
    suite.stop()
    r = ctl('audit', 'query', code=CTL_NOT_RUNNING)
    eq('--db' in r.stderr, True, 'what to do')
    eq([json.loads(l)['seq'] for l in ctl('audit', 'query', '--json',
        '--db', db(), '--severity', 'CRITICAL').stdout.splitlines()],
        before)
    ctl('audit', 'export', '--format', 'csv', code=CTL_NOT_RUNNING)


def main():
    global suite, work
    with Suite() as suite:
        work = os.path.join(suite.dir, 'work')
        os.mkdir(work)
        suite.start()
        run([traffic, filters, times, safe_to_look_at, as_csv, as_ocsf,
            resumed, not_resumed, without_the_suite])


program(main)
