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


"""The auditor's report: what is in it is what is in the log, everything is
escaped, and nothing in it refers to anything else."""

import base64
import hashlib
import html.parser

from lib import *
from principals import AUDITOR, groups_of

suite = None
out = None


class Page(html.parser.HTMLParser):
    """Elements, attributes and text; every element must be closed."""

    VOID = {'meta', 'rect', 'path'}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attrs, self.text, self.open = set(), set(), '', []
        self.cells, self.meta = [], {}
        self.feed(text)
        self.close()
        eq(self.open, [], 'elements that are not closed')

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attrs |= {name for name, _ in attrs}
        d = dict(attrs)
        if tag == 'meta':
            self.meta[d.get('http-equiv') or d.get('name')] = d.get('content')
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == 'td':
            self.cells.append('')

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attrs |= {name for name, _ in attrs}

    def handle_endtag(self, tag):
        eq(self.open.pop(), tag, 'nesting')

    def handle_data(self, data):
        self.text += data
        if self.open and self.open[-1] == 'td':
            self.cells[-1] += data


def report(*args, code=CTL_OK):
    r = suite.ctl('report', '--out', out, *args)
    eq(r.returncode, code, r.stdout + r.stderr)
    with open(out, encoding='utf-8') as f:
        return f.read()


def traffic():
    for text in ('nothing', 'mildly-suspicious', ATTACK, ATTACK):
        suite.post('/api/v1/inspect/tool', {'tool': 'shell', 'args': text})
    suite.post('/api/v1/inspect/tool', {'tool': '<script>x</script>', 'args':
        ATTACK})
    suite.ctl('tool', 'block', '<img src=x onerror=y>')


def is_what_the_log_says():
    text = report()
    page = Page(text)
    rows = suite.rows()
    n = {a: sum(1 for r in rows if re.fullmatch('inspect-.*-' + a,
        r['action'])) for a in ('allow', 'alert', 'block')}
    eq('%(allow)d allowed, %(alert)d alerted, %(block)d blocked' % n in
        page.text, True, n)
    cells = page.cells
    eq(cells[cells.index('TEST-PIPE-SHELL') + 1], '3')
    eq(cells[cells.index('shell') + 1], '3')
    for severity in ('CRITICAL', 'MEDIUM', 'INFO'):
        eq(int(cells[cells.index(severity) + 1]) >= 1, True, severity)
    eq('chains to the one before it' in page.text, True)
    eq('Signed by the device' in page.text, True)
    eq(cells[cells.index('guardrail.mode') + 1], 'action')
    head = json.loads(page.text[page.text.index('{"'):].split('\n')[0]
        .split('}')[0] + '}')
    eq(head['seq'] >= len(rows) - 3, True, head)
    eq(os.stat(out).st_mode & 0o777, 0o600)


def refers_to_nothing():
    text = report()
    page = Page(text)
    eq(page.tags & {'script', 'img', 'link', 'iframe', 'object', 'a', 'base',
        'form', 'use', 'image', 'foreignobject', 'animate', 'set'}, set())
    eq({a for a in page.attrs if a.startswith('on') or a in ('href', 'src',
        'style', 'xlink:href', 'action')}, set())
    eq(re.findall(r'url\(|@import|https?:', text.split('<body>')[0]), [])
    policy = page.meta['Content-Security-Policy']
    style = re.search(r'<style>(.*?)</style>', text, re.S)[1]
    eq(policy.startswith("default-src 'none'; style-src 'sha256-%s'" %
        base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()),
        True, policy)
    # the names that would be markup are text
    eq('<script>' in text or '<img' in text, False)


def secrets_are_not_in_it():
    text = report()
    for secret in (suite.token(), SECRET):
        eq(secret in text, False)
    for name in os.listdir(os.path.join(suite.confdir, 'secrets')):
        with open(os.path.join(suite.confdir, 'secrets', name)) as f:
            eq(f.read().strip() in text, False, name)


def period():
    text = Page(report('--since', '1h', '--until', '30m')).text
    eq('0 allowed, 0 alerted, 0 blocked; 0 rows' in text, True, text[:400])
    suite_ctl = suite.ctl('report', '--out', out, '--since', 'never')
    eq(suite_ctl.returncode, CTL_USAGE)
    eq(suite.ctl('report').returncode, CTL_USAGE)


def every_row_counts():
    """Also of many: what comes most often is not what came last."""
    c = Client(suite)
    for _ in range(400):
        c.post('/api/v1/inspect/tool', {'tool': 'often', 'args': ATTACK})
    for n in range(250):
        c.post('/api/v1/inspect/tool', {'tool': 'rare%d' % n, 'args':
            'highly-suspicious'})
    c.close()
    cells = Page(report()).cells
    eq(cells[cells.index('often') + 1], '400')
    eq(cells[cells.index('TEST-HIGH') + 1], '250')
    eq(cells[cells.index('TEST-PIPE-SHELL') + 1], '403')


def without_the_suite():
    os.unlink(out)
    suite.stop()
    r = suite.ctl('report', '--out', out)
    eq(r.returncode, CTL_NOT_RUNNING)
    eq('--db ' + suite.audit_db in r.stderr, True, r.stderr)
    eq(os.path.exists(out), False, 'nothing is left')
    text = report('--db', suite.audit_db)
    page, rows = Page(text), suite.rows()
    n = sum(1 for r in rows if re.fullmatch('inspect-.*-block', r['action']))
    eq(', %d blocked; %d rows' % (n, len(rows)) in page.text, True)
    eq('Every row from 1 to %d was read' % len(rows) in page.text, True)
    cells = page.cells
    eq(cells[cells.index('often') + 1], '400')
    eq(cells[cells.index('guardrail.mode') + 1], 'action')
    eq('Not known: the log was read from its file' in page.text, True)
    text = Page(report('--db', suite.audit_db, '--until', '1h')).text
    eq('0 allowed, 0 alerted, 0 blocked; 0 rows' in text, True)
    eq(suite.ctl('report', '--out', out, '--db', out + '.none').returncode,
        CTL_NOT_FOUND)
    eq(suite.ctl('report', '--out', out, '--pubkey', 'x').returncode,
        CTL_USAGE)


def of_a_copy():
    """Of a log that was brought elsewhere, with nothing but the key; and of
    one that somebody changed."""
    copy = os.path.join(suite.home, 'copy.db')
    with contextlib.closing(sqlite3.connect(suite.audit_db)) as db, \
            contextlib.closing(sqlite3.connect(copy)) as to:
        db.backup(to)
    key = os.path.join(suite.state, 'device.pub')
    text = Page(report('--db', copy, '--pubkey', key)).text
    eq('Not in this report: the log was read from a copy' in text, True)
    with contextlib.closing(sqlite3.connect(copy)) as db:
        for name, in db.execute("SELECT name FROM sqlite_master WHERE type "
                "= 'trigger'").fetchall():
            db.execute('DROP TRIGGER "%s"' % name)
        db.execute("UPDATE events SET target = 'nobody' WHERE seq = 7")
        db.commit()
    text = Page(report('--db', copy, '--pubkey', key,
        code=CTL_FAILURE)).text
    eq('THE LOG IS NOT WHOLE. First bad row: 7' in text, True)


def for_an_auditor():
    """In system mode: who may read the log, and not the configuration."""
    need_root()
    with Suite('system') as s:
        s.start()
        s.post('/api/v1/inspect/tool', {'tool': 'shell', 'args': ATTACK})
        with tempfile.TemporaryDirectory() as d:
            os.chmod(d, 0o777)
            path = os.path.join(d, 'report.html')
            def made(groups):
                return subprocess.run([os.path.join(s.bin,
                    'defenseclawctl'), 'report', '--out', path], text=True,
                    capture_output=True, env={'PATH': '/usr/bin:/bin'},
                    preexec_fn=lambda: become(UID, groups=groups))
            r = made([])
            eq((r.returncode, os.path.exists(path)), (CTL_PERMISSION,
                False), r.stderr)
            r = made(groups_of(AUDITOR))
            eq(r.returncode, CTL_OK, r.stderr)
            with open(path) as f:
                page = Page(f.read())
        eq('1 blocked' in page.text, True)
        eq('Signed by the device' in page.text, True)
        eq('Not in this report: ' + s.config in page.text, True)


def main():
    global suite, out
    with Suite() as suite:
        out = os.path.join(suite.home, 'report.html')
        suite.start()
        run([traffic, is_what_the_log_says, refers_to_nothing,
            secrets_are_not_in_it, period, every_row_counts,
            without_the_suite, of_a_copy, for_an_auditor])


program(main)
