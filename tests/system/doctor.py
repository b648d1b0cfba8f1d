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


"""What `defenseclawctl doctor' says, and how one fault changes it."""

import json
import os

from lib import eq

RANK = ('pass', 'expected', 'skip', 'warn', 'fail')


def look(s, *args, run=None, code=None):
    """{id: [finding, ...]} of one run; code is what it exits with."""
    r = (run or s.ctl)('doctor', '--json', *args)
    doc = json.loads(r.stdout)
    if 'checks' not in doc:
        raise AssertionError('doctor: %s%s' % (r.stdout, r.stderr))
    eq(r.returncode, doc['exit_code'], r.stderr)
    eq(doc['exit_code'], 1 if doc['summary']['fail'] else 0, r.stdout)
    if code is not None and r.returncode != code:
        raise AssertionError('exit %d: %s' % (r.returncode, json.dumps(
            [c for c in doc['checks'] if c['status'] in ('warn', 'fail')],
            indent=1)))
    out = {}
    for c in doc['checks']:
        eq(sorted(set(c) - {'fixes'}), ['do', 'id', 'ms', 'section', 'seen',
            'status', 'subject'], 'members')
        # both sentences, whatever it is
        if not c['seen'] or not c['do']:
            raise AssertionError('%s says nothing: %s' % (c['id'], c))
        eq(c['id'].split('.')[0], c['section'])
        out.setdefault(c['id'], []).append(c)
    return out


def worst(found):
    """{id: the worst of its findings}"""
    return {i: max((c['status'] for c in l), key=RANK.index)
        for i, l in found.items()}


def turned(before, after):
    """Ids that warn or fail now and were better before."""
    a, b = worst(before), worst(after)
    return sorted(i for i in b if b[i] in ('warn', 'fail') and
        RANK.index(b[i]) > RANK.index(a.get(i, 'pass')))


def wrong(found):
    """Ids that warn or fail."""
    return sorted(i for i, w in worst(found).items() if w in ('warn', 'fail'))


def listed(s):
    doc = json.loads(s.ctl('doctor', '--list', '--json').stdout)
    return [c['id'] for c in doc['checks']]


def tree(*tops):
    """Everything below, with all that a change or a use would change but the
    time of the last reading."""
    out = {}
    for top in tops:
        for root, dirs, files in os.walk(top):
            for name in ['.'] + dirs + files:
                path = os.path.normpath(os.path.join(root, name))
                st = os.lstat(path)
                out[path] = (st.st_mode, st.st_uid, st.st_gid, st.st_size,
                    st.st_ino, st.st_nlink, st.st_mtime_ns, st.st_ctime_ns)
    return out
