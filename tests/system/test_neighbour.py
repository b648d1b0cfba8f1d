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


"""What a hostile neighbour tries in system mode, row by row of a table that
defenseclaw-attempts(7) holds, too.

usage: test_neighbour.py [--table | --mdoc]
"""

import collections
import hashlib

import neighbour
from neighbour import *
import neighbour_host
import neighbour_talk
import neighbour_traps
from receivers import Receiver
import test_sinks

PAGE = 'man/defenseclaw-attempts.7'
BEGIN, END = '.\\" begin of the table\n', '.\\" end of the table\n'

suite = None
n = None
before = None


def page_is_the_table():
    with open(os.path.join(TOP, PAGE)) as f:
        text = f.read()
    got = text[text.index(BEGIN) + len(BEGIN):text.index(END)]
    eq(got.split('\n'), mdoc().split('\n'), '%s: run test_neighbour.py '
        '--mdoc' % PAGE)
    names = [a.name for a in neighbour.TABLE_OF]
    eq(len(set(names)), len(names), 'names')


def state():
    """What no attempt may change: contents and rights."""
    out = {}
    for p in n.dirs + n.files + n.sockets:
        st = os.lstat(p)
        sum = ''
        if stat.S_ISREG(st.st_mode) and not re.search(
                r'audit\.db|signed\.head|\.log$|\.jsonl$', p):
            with open(p, 'rb') as f:
                sum = hashlib.sha256(f.read()).hexdigest()
        out[p] = (st.st_mode, st.st_uid, st.st_gid, st.st_ino if
            not p.endswith('signed.head') else 0, sum)
    return out


def look():
    n.look()
    return {'files': state(), 'processes': n.pids, 'lists':
        suite.control().request('MSG_CTL_LIST')[1]}


def others():
    """Somebody else's alerts and lists, to look for."""
    global before
    for who in (OPERATOR, CLIENT):
        with act_as(who):
            eq(suite.post('/api/v1/inspect/tool', {'tool': 'shell', 'args':
                ATTACK}, token=False, unix=True).status, 200)
    eq(suite.post('/api/v1/inspect/tool', {'tool': 'shell', 'args':
        ATTACK}).status, 200)
    eq(suite.control().list_change('shell', OP_BLOCK)[0], CTL_OK)
    before = look()


def run_all(traps):
    for a in neighbour.TABLE_OF:
        if a.trap == traps:
            got = run_attempt(n, a)
            print('    %-20s %s -> %s' % (a.name, a.how, ' '.join(got)),
                flush=True)


def attempts():
    run_all(False)


def nothing_changed():
    after = look()
    for key, was in before.items():
        eq(after[key], was, key)


def traps():
    run_all(True)


def events():
    """Those that reached us are in the log, with the uid of the kernel."""
    want = collections.Counter()
    for who, a, got in n.seen:
        if a.event is None:
            continue
        n_got = 1 if isinstance(got, str) else len(got)
        if isinstance(a.event, tuple):
            want[a.event] += n_got
        elif who in UIDS:
            want[a.event, 'uid:%d' % UIDS[who]] += 1
    assert len(want) > 4, want
    for (target, actor), least in want.items():
        wait_for(lambda: refusals(suite, actor, target) >= least,
            'events of %s for %s' % (target, actor))
    # and nobody is named who was not there
    known = {'uid:%d' % u for u in UIDS.values()} | {'127.0.0.1'}
    eq({r['actor'] for r in suite.rows("action = 'request-refused'")} -
        known, set())


def the_log_holds():
    r = suite.ctl('audit', 'verify')
    eq(r.returncode, 0, r.stdout + r.stderr)


def main():
    global suite, n
    if sys.argv[1:] == ['--mdoc']:
        sys.stdout.write(mdoc())
        return
    if sys.argv[1:] == ['--table']:
        for a in neighbour.TABLE_OF:
            print('%-20s %s: %s' % (a.name, a.how, outcome(a)))
        return
    run([page_is_the_table])
    need_root()
    if not SYSCALLS:
        raise Skip('the numbers of system calls here are not known')
    with Suite('system') as suite:
        # few, so that a share of them is soon had
        suite.set_config('gateway.max_connections', 64)
        for key in ('hilt.enabled', 'true'), ('hilt.deadline_s', '3600'):
            eq(suite.ctl('config', 'set', 'guardrail.' + key[0],
                key[1]).returncode, 0)
        receiver = Receiver()
        test_sinks.configure(suite, test_sinks.hec(suite, 'net',
            receiver.port), test_sinks.sink('files', 'file'))
        suite.start()
        wait_for(lambda: test_sinks.state(suite, 'files')['delivered'],
            'a file of a sink')
        n = Neighbourhood(suite)
        run([others, attempts, nothing_changed, traps, events,
            the_log_holds])
        receiver.close()


program(main)
