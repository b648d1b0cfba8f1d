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


"""Every command there is, as the program's own table lists them, so that a
new one cannot be forgotten: no secret comes out of any of them, and whatever
is wrong with the host each ends with a documented status and says why."""

import itertools

from lib import *
from receivers import Receiver

suite = None
work = None

# What is given for an operand or an option, by what help calls it; a new
# command needs a line here only where its words are new and 'x' will not do.
OPERANDS = {'SEQ': '3', 'KEY': 'guardrail.mode', 'VALUE': 'action',
    'FILE': 'rows', 'PACK': '', 'KIND': 'file', 'AGENT': 'claude-code',
    'STATE': '1', 'bash|zsh|fish': 'bash', 'COMMAND...': 'true'}
OPTIONS = {'out': 'out', 'severity': 'HIGH', 'since': '1', 'until': '1h',
    'before': '9', 'limit': '5', 'from': '1', 'to': '9', 'timeout': '1',
    'file': 'rows', 'args': '{"a":1}'}
# these end the suite: last, in this order
LAST = ['restart', 'stop']
# they go on until they are told to stop
SKIP_OPTIONS = {'follow', 'watch', 'foreground'}

PLANTED = {
    'env': 'Zq7-planted-in-env-8841',
    'comment': 'Zq7-planted-in-comment-22',
    'foreign': 'Zq7-planted-in-foreign-key-3',
    'file': 'Zq7-planted-in-secrets-915',
    'dotenv': 'Zq7-planted-in-dotenv-6602',
    'receiver': 'Zq7-receiver-token-77120',
    'text': 'SECRET-QX7ZK29PLM4T',
    'typed': 'Zq7-typed-by-operator-54',
}


def table():
    """(words, operands, must) of every command."""
    with open(os.path.join(TOP, 'ctl/defenseclawctl.c')) as f:
        source = f.read()
    names = dict(re.findall(r'\[O_(\w+)\] = \{ "([^"]+)"', source))
    flags = {n for n, arg in re.findall(
        r'\[O_\w+\] = \{ "([^"]+)",\s*[^,]+,\s*(NULL|")', source)
        if arg == 'NULL'}
    body = re.search(r'ctl_cmds\[\] = \{(.*?)\n\};', source, re.S)[1]
    out = []
    for row in re.findall(r'\{ ("\w.*?)\}', body, re.S):
        m = re.match(r'"([^"]+)",\s*(?:"([^"]+)"|NULL),\s*"([^"]*)",\s*'
            r'(\d+),\s*(\d+)', row)
        words = m[1].split() + (m[2].split() if m[2] else [])
        operands = re.findall(r'[^\s\[\]]+', m[3])[:int(m[4])]
        options = [names[o] for o in re.findall(r'BIT\((\w+)\)', row)]
        if 'TEXT_OR_FILE' in row:
            options += ['file']
        out.append((words, operands, options, flags))
    eq(len(out) >= 40, True, 'commands')
    return out


def operand(name):
    if name == 'PACK':
        return suite.pack
    if name == 'FILE':
        return os.path.join(work, 'rows')
    return OPERANDS.get(name, 'x')


def lines(all=False):
    """Every command line to try: each command, and when it is all, each with
    each of its options."""
    first, last = [], []
    for words, operands, options, flags in table():
        base = words + [operand(o) for o in operands]
        if words == ['keys', 'set']:
            base[-1] = 'typed'
        tries = [base]
        for o in options if all else ():
            if o in SKIP_OPTIONS:
                continue
            if o in flags:
                tries.append(base + ['--' + o])
            else:
                v = OPTIONS.get(o, 'x')
                if o in ('out', 'file'):
                    v = os.path.join(work, OPTIONS[o])
                if o == 'since' and 'until' in options:
                    v = '1h'
                if o == 'token-env':
                    v = 'PLANTED'
                tries.append(base + ['--' + o, v])
        # and what a whole command needs, all at once
        if all and words[0] == 'inspect':
            tries.append(base + ['--file', os.path.join(work, 'rows')] +
                (['--tool', 'shell'] if 'tool' in options else []))
        (last if ' '.join(words) in LAST else first).append(tries)
    last.sort(key=lambda t: LAST.index(t[0][0]))
    return list(itertools.chain(*first)) + list(itertools.chain(*last))


def ran(argv, **kw):
    env = {'PLANTED': PLANTED['env'], 'DEFENSECLAW_GATEWAY_TOKEN':
        PLANTED['env'], 'HEC_TOKEN': PLANTED['env']}
    kw.setdefault('input', PLANTED['typed'] + '\n')
    # a command may wait for the suite, but not for ever
    r = suite.ctl(*argv, env=env, cwd=work, **kw)
    what = ' '.join(argv)
    eq(0 <= r.returncode <= 9, True, '%s: status %d: %s' % (what,
        r.returncode, r.stderr))
    if r.returncode != 0:
        eq(r.stdout + r.stderr != '', True, '%s: says nothing' % what)
    bad = re.findall(r'[^\n\t\x20-\x7e\u00a0-\U0010ffff]|[\u2028-\u202e'
        r'\u2066-\u2069]', r.stdout + r.stderr)
    eq(bad, [], '%s: for a terminal' % what)
    return r


def no_secret(text, what):
    for where, secret in PLANTED.items():
        eq(secret in text, False, '%s shows the secret of %s' % (what,
            where))
    eq(suite.token() in text, False, '%s shows the token' % what)
    with open(os.path.join(suite.confdir, 'secrets/redaction.key')) as f:
        eq(f.read().strip() in text, False, '%s: redaction.key' % what)


def plant():
    with open(suite.config, 'a') as f:
        f.write('# token: %s\n' % PLANTED['comment'])
        f.write('cisco_ai_defense:\n  api_key: %s\n' % PLANTED['foreign'])
    for name, secret in (('planted', PLANTED['file']),):
        path = os.path.join(suite.confdir, 'secrets', name)
        with open(path, 'w') as f:
            f.write(secret + '\n')
        os.chmod(path, 0o600)
    with open(os.path.join(suite.confdir, '.env'), 'a') as f:
        f.write('OTHER_TOKEN=%s\n' % PLANTED['dotenv'])
    with open(os.path.join(work, 'rows'), 'w') as f:
        f.write(json.dumps({'id': '1', 'text': 'use ' + PLANTED['text']}) +
            '\n')


def every_command():
    for argv in lines(all=True):
        for form in ([], ['--json']):
            r = ran(argv + form)
            no_secret(r.stdout + r.stderr, ' '.join(argv + form))
            out = os.path.join(work, 'out')
            if os.path.isfile(out):
                with open(out, errors='replace') as f:
                    no_secret(f.read(), ' '.join(argv) + ': its file')
                os.unlink(out)


def no_secret_comes_out():
    """With a receiver that says the token it was given in its answer."""
    def answer(r):
        return 403, {'text': 'no: %s' % r.headers.get('authorization'),
            'code': 4}
    rec = Receiver(answer)
    plant()
    suite.start()
    r = ran(['setup', 'observability', 'add', 'splunk-hec', '--name', 'x',
        '--host', '127.0.0.1', '--port', str(rec.port), '--scheme', 'http',
        '--token', '-', '--non-interactive', '--no-test'],
        input=PLANTED['receiver'] + '\n')
    if r.returncode != 0:
        r = ran(['setup', 'observability', 'add', 'splunk-hec', '--name',
            'x', '--endpoint', 'http://127.0.0.1:%d' % rec.port, '--token',
            '-', '--non-interactive', '--no-test'],
            input=PLANTED['receiver'] + '\n')
    eq(r.returncode, 0, r.stderr)
    suite.post('/api/v1/inspect/tool', {'tool': 'shell', 'args':
        PLANTED['text']})
    r = ran(['setup', 'observability', 'test', 'x'])
    eq(any(PLANTED['receiver'] in str(q.headers) for q in rec.requests),
        True, 'the receiver was asked')
    no_secret(r.stdout + r.stderr, 'the test of a sink')
    every_command()
    no_secret(suite.log(), 'the log file')
    rec.close()


def config_that_is_hostile():
    """The suite is down; what stands in config.yaml is none."""
    with open(suite.config, 'rb') as f:
        good = f.read()
    bad = (b'\x1b[2J\x00\xff\xfe', b'a: &a [*a, *a]\n', b'[' * 5000,
        b'guardrail: {mode: "\\e[31m' + PLANTED['comment'].encode() + b'"}\n',
        b'audit_sinks:\n  - name: s\n    kind: splunk_hec\n    splunk_hec:\n'
        b'      endpoint: https://u:' + PLANTED['comment'].encode() +
        b'@x.example:8088\n')
    for text in bad:
        with open(suite.config, 'wb') as f:
            f.write(text)
        for argv in lines():
            if argv[:2] in (['policy', 'activate'],) or argv[0] == 'init':
                continue
            r = ran(argv)
            no_secret(r.stdout + r.stderr, ' '.join(argv))
            with open(suite.config, 'rb') as f:
                eq(f.read() == text, True, '%s wrote it' % ' '.join(argv))
    with open(suite.config, 'wb') as f:
        f.write(good)


def daemon_that_is_killed():
    """Its sockets are still there, and nobody answers."""
    suite.start()
    suite.kill()
    for argv in lines():
        if argv[0] in ('start', 'restart'):
            continue
        ran(argv)
        if argv == ['status']:
            eq(ran(argv).returncode, CTL_NOT_RUNNING)


def rows_that_are_hostile():
    """A database that somebody wrote: what it says is shown escaped."""
    path = os.path.join(work, 'hostile.db')
    src = sqlite3.connect('file:%s?mode=ro' % suite.audit_db, uri=True)
    dst = sqlite3.connect(path)
    src.backup(dst)
    src.close()
    esc = '\x1b]0;owned\x07\x1b[2J\r\n\u202e'
    columns = [r[1] for r in dst.execute('PRAGMA table_info(events)')]
    seq = dst.execute('SELECT max(seq) FROM events').fetchone()[0]
    like = dict(zip(columns, dst.execute('SELECT * FROM events WHERE seq = ?',
        (seq,)).fetchone()))

    def add(n, **change):
        row = {**like, 'seq': seq + n, 'id': os.urandom(16), **change}
        dst.execute('INSERT INTO events(%s) VALUES(%s)' % (', '.join(row),
            ', '.join('?' * len(row))), list(row.values()))
    add(1, action=esc, target=esc, actor=esc, details=esc, tool_name=esc)
    add(2, details='{"rule_ids":["%s",7,null,[]],"reason":"%s"}' %
        (esc.encode('unicode_escape').decode().replace('\\x', '\\u00'),
        'x' * 5000))
    add(3, details='[' * 20000, target='x' * 30000)
    dst.commit()
    dst.close()
    for args in (('audit', 'query', '--db', path), ('audit', 'query', '--db',
            path, '--text', 'owned'), ('audit', 'verify', '--db', path)):
        for form in ((), ('--json',)):
            ran([*args, *form])
    eq(ran(['audit', 'verify', '--db', path]).returncode, CTL_FAILURE)
    out = ran(['audit', 'query', '--db', path, '--text', 'owned']).stdout
    eq('owned' in out, True, out)
    # a type that is never stored there, and a file that is none
    dst = sqlite3.connect(path)
    dst.execute('DROP TRIGGER events_no_update')
    dst.execute('UPDATE events SET severity = 77 WHERE seq = ?', (seq + 1,))
    dst.commit()
    dst.close()
    eq(ran(['audit', 'query', '--db', path]).returncode, CTL_FAILURE)
    with open(path, 'r+b') as f:
        f.seek(4096)
        f.write(os.urandom(8192))
    ran(['audit', 'query', '--db', path])
    ran(['audit', 'verify', '--db', path])


def suite_on_hostile_rows():
    """Somebody writes what a terminal would obey into the database of a suite
    that runs, rows and lists: it serves them, every command shows them
    escaped, and the chain says where."""
    esc = '\x1b]0;owned\x07\x1b[2J\r\n\u202e\x9b31m\x7f\u2066'
    suite.start()
    for text in (ATTACK, 'highly-suspicious', 'nothing'):
        suite.post('/api/v1/inspect/tool', {'tool': 'shell' + esc, 'args':
            text + esc, 'session_id': esc}, {'X-DefenseClaw-Client': 'test'})
    suite.ctl('tool', 'block', 'owned')
    with contextlib.closing(sqlite3.connect(suite.audit_db)) as db:
        for name, in db.execute("SELECT name FROM sqlite_master WHERE type "
                "= 'trigger'").fetchall():
            db.execute('DROP TRIGGER "%s"' % name)
        seqs = [s for s, in db.execute("SELECT seq FROM events WHERE action "
            "LIKE 'inspect-tool-%' ORDER BY seq DESC LIMIT 2")]
        details = json.dumps({'rule_ids': [esc, 7, None, []], 'reason': esc,
            esc: esc, 'summary': esc, 'change': esc})
        db.execute('UPDATE events SET action = ?, target = ?, actor = ?, '
            'tool_name = ?, details = ? WHERE seq = ?', (esc, esc, esc, esc,
            details, seqs[0]))
        db.execute('UPDATE events SET details = ? WHERE seq = ?', ('[' *
            20000 + esc, seqs[1]))
        eq(db.execute('UPDATE policy_list SET name = ?, reason = ?', (esc,
            esc)).rowcount >= 1, True, 'a list entry')
        db.commit()
    shown = ''
    for argv in lines():
        # an export is data, as it was stored
        if argv[0] in ('stop', 'restart', 'start') or argv == ['audit',
                'export']:
            continue
        for form in ([], ['--json']):
            shown += ran(argv + form).stdout
    eq('owned' in shown, True, 'what is hostile was never shown')
    for n in seqs:
        ran(['audit', 'show', str(n)])
    r = ran(['audit', 'verify'])
    eq(('row %d:' % seqs[1] in r.stdout or 'first bad row  %d' % seqs[1] in
        r.stdout, r.returncode), (True, CTL_FAILURE), r.stdout)
    r = suite.ctl('report', '--out', '-')
    eq((r.returncode, re.findall(r'[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-'
        r'\u202e\u2066-\u2069]',
        r.stdout)), (CTL_FAILURE, []), 'the report')
    suite.stop()


def main():
    global suite, work
    with Suite() as suite:
        work = os.path.join(suite.dir, 'work')
        os.mkdir(work)
        run([no_secret_comes_out, config_that_is_hostile,
            daemon_that_is_killed, rows_that_are_hostile,
            suite_on_hostile_rows])


program(main)
