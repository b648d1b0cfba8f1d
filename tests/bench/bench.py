#!/usr/bin/env python3
#
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

"""All goals of speed and size in one run; prints one table in Markdown.

DC_BIN is the directory of the programs (build/bin), DC_BENCH that of the
compiled benchmarks (build/bench), DC_BENCH_PACK the rule pack that is
measured (the default one).  Ratios are taken within this run, each side in
turn, so that they hold on a machine that is not quiet; absolute figures do
not.  The exit status is 0 when everything was measured or skipped with a
reason, whatever the figures are; 1 when a measurement failed.
"""

import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(TOP, 'tests', 'system'), HERE]
os.environ.setdefault('DC_BIN', os.path.join(TOP, 'build', 'bin'))
import judges
import lib
import sinks

BENCH = os.path.abspath(os.environ.get('DC_BENCH',
    os.path.join(os.environ['DC_BIN'], '..', 'bench')))
PACK = os.path.abspath(os.environ.get('DC_BENCH_PACK',
    os.path.join(TOP, 'etc', 'policies', 'guardrail', 'default')))
ROUTE = '/api/v1/inspect/tool'
ROUNDS = 5              # of everything that is a ratio
MB = 1024 * 1024
MAX_SECONDS = 300       # nothing here takes that long

TEXT = '''The service reads its settings at start and keeps them until it is
told to read them again.  A request that takes longer than two seconds is
written to the slow log together with its route.
	if (n < sizeof(buf) && buf[n] != '\\0')
		return 0;
def load(path, mode="r"):
    with open(path, mode) as f:
        return f.read().split('\\n')
Users may set `limit: 200` for one account, or for all of a group, in the
file that came with the package.
for (i = 0; i < list->count; i++)
	printf("%s: %d\\n", list->item[i].name, i);
Run "make test" first: it builds what is missing and says where the report
is.  See the chapter on storage for how pages are written back; it is not
needed for what follows, and may be left out at a first reading of it all.
'''

table = []
failed = []


def row(what, measured, goal, met):
    table.append((what, measured, goal,
        met if isinstance(met, str) else 'yes' if met else 'no'))


def skip(what, reason):
    table.append((what, 'skipped: ' + reason, '', ''))


def program(name):
    path = os.path.join(BENCH, name)
    if not os.access(path, os.X_OK):
        raise lib.Skip('%s is not built' % path)
    return path


def output(argv, **kw):
    r = subprocess.run(argv, text=True, capture_output=True,
        timeout=MAX_SECONDS, **kw)
    if r.returncode != 0:
        raise AssertionError('%s: %d: %s%s' % (argv[0], r.returncode,
            r.stdout, r.stderr))
    return r.stdout


def words(text, key):
    """The numbers of the line that starts with key."""
    for line in text.splitlines():
        if line.startswith(key + ' '):
            return [float(w) for w in line.split()[1:]]
    raise AssertionError('no line %r in: %s' % (key, text))


def body():
    """A tool call of 1 KB."""
    args = {'command': 'cat > notes.txt', 'text': 2 * TEXT}
    while True:
        b = json.dumps({'tool': 'shell', 'args': args})
        if len(b) <= 1024:
            return b
        args['text'] = args['text'][:-1]


def suite(workers=0):
    s = lib.Suite(pack=False)
    s.init()
    s.set_config('gateway.workers', workers or (os.cpu_count() or 1))
    # a copy: the tree need not be of the uid that measures
    pack = os.path.join(s.dir, os.path.basename(PACK))
    rules = os.path.join(PACK, 'rules')
    s.write_pack(pack, {name: open(os.path.join(rules, name)).read()
        for name in os.listdir(rules)})
    s.set_config('guardrail.rule_pack_dir', pack)
    s.unlimited()
    return s


# --- the rows ---------------------------------------------------------------

def bench_match():
    out = output([program('bench_match'), PACK])
    def last(label, n):
        line = re.search(re.escape(label) + r'\s+(.*)', out)
        return float(line[1].split()[n])
    raw, detect = (last('Hyperscan, one raw pass', n) for n in (0, 2)), \
        (last('the whole detect step', n) for n in (0, 2))
    pcre = last('PCRE2-JIT, rule by rule', 0)
    us, ratio = raw
    row('one raw pass of 1 KB, all rules, against PCRE2-JIT rule by rule',
        '%.2f us, %.2f us: %.1f times faster' % (us, pcre, ratio),
        '10 times', ratio >= 10)
    us, ratio = detect
    row('the whole detect step of 1 KB', '%.2f us: %.1f times faster' %
        (us, ratio), '5 times', ratio >= 5)
    ms = last('64 KB hostile, worst detect, us', 0) / 1000
    row('hostile 64 KB, the worst of %d kinds' %
        last('hostile texts tried', 0), '%.2f ms' % ms, '4 ms', ms <= 4)


def bench_inspect():
    with suite_running() as s:
        path = os.path.join(s.dir, 'body')
        with open(path, 'w') as f:
            f.write(body())
        env = dict(os.environ, DEFENSECLAW_GATEWAY_TOKEN=s.token())
        for name, where in (('TCP', str(s.port)),
                ('Unix socket', s.gateway_sock)):
            got = []
            for _ in range(ROUNDS):
                out = output([program('client'), where, ROUTE, path,
                    os.path.dirname(s.audit_db), '1500'], env=env)
                got.append((words(out, 'inspect'), words(out, 'floor')))
            p50 = statistics.median(g[0][1] for g in got)
            p99 = statistics.median(g[0][2] for g in got)
            floor = statistics.median(g[1][1] for g in got)
            ratio = statistics.median(g[0][1] / g[1][1] for g in got)
            row('durable inspect of 1 KB, one connection (%s), p50 against '
                'a 4 KB fdatasync' % name, '%.0f us (p99 %.0f us), %.0f us: '
                '%.2f times' % (p50, p99, floor, ratio), '4 times',
                ratio <= 4 if name == 'TCP' else '')


def suite_running(workers=0):
    class Running:
        def __enter__(self):
            self.s = suite(workers)
            try:
                self.s.start()
            except BaseException:
                self.s.cleanup()
                raise
            return self.s

        def __exit__(self, *exc):
            self.s.cleanup()
    return Running()


NGINX = '''daemon off;
pid %(dir)s/nginx.pid;
error_log %(dir)s/error.log;
worker_processes 1;
events { worker_connections 1024; }
http {
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path %(dir)s/b;
    proxy_temp_path %(dir)s/p;
    fastcgi_temp_path %(dir)s/f;
    uwsgi_temp_path %(dir)s/u;
    scgi_temp_path %(dir)s/s;
    server {
        listen 127.0.0.1:%(port)d;
        location / { return 200 "{}"; }
    }
}
'''


class Nginx:
    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix='dcnginx')
        os.chmod(self.dir, 0o755)
        self.port = lib.free_port()
        conf = os.path.join(self.dir, 'nginx.conf')
        with open(conf, 'w') as f:
            f.write(NGINX % {'dir': self.dir, 'port': self.port})
        self.proc = subprocess.Popen(['nginx', '-c', conf, '-p', self.dir],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        return self

    def __exit__(self, *exc):
        self.proc.send_signal(signal.SIGTERM)
        self.proc.wait(10)
        shutil.rmtree(self.dir, ignore_errors=True)


def wrk(script, port, connections, seconds=3):
    out = output(['wrk', '-t1', '-c%d' % connections, '-d%ds' % seconds,
        '--latency', '-s', script, 'http://127.0.0.1:%d%s' % (port, ROUTE)])
    if 'Non-2xx' in out or 'Socket errors' in out:
        raise AssertionError('wrk: ' + out)
    return float(re.search(r'Requests/sec:\s+([\d.]+)', out)[1])


def bench_nginx():
    what = 'inspect, 64 keep-alive connections, against nginx (one ' \
        'worker, return 200)'
    os.environ['PATH'] += ':/usr/sbin:/sbin'
    for name in ('wrk', 'nginx'):
        if shutil.which(name) is None:
            skip(what, name + ' is not installed')
            return
    with suite_running() as s, Nginx() as nginx:
        script = os.path.join(s.dir, 'post.lua')
        with open(script, 'w') as f:
            f.write('wrk.method = "POST"\nwrk.body = [==[%s]==]\n'
                'wrk.headers["Content-Type"] = "application/json"\n'
                'wrk.headers["X-DefenseClaw-Client"] = "bench"\n'
                'wrk.headers["Authorization"] = "Bearer %s"\n' %
                (body(), s.token()))
        wrk(script, s.port, 64, 1)
        got = []
        for _ in range(ROUNDS):
            theirs = wrk(script, nginx.port, 64)
            got.append((wrk(script, s.port, 64), theirs))
    ratio = statistics.median(a / b for a, b in got)
    row(what, '%.0f/s, %.0f/s: %.2f' % (statistics.median(a for a, b in got),
        statistics.median(b for a, b in got), ratio), '0.25', ratio >= 0.25)


def bench_auditd():
    got = []
    for _ in range(ROUNDS):
        s = lib.Suite(pack=False)
        try:
            s.init()
            out = output([program('bench_auditd'), os.environ['DC_BIN'],
                s.home, '3', '16'])
            got.append((words(out, 'rows'), words(out, 'floor')))
        finally:
            s.cleanup()
    # the quietest round is the one whose disk was as assumed
    rows, floor = min(got, key=lambda g: g[1][1])
    row('audit owner alone, 16 producers, durable rows',
        '%.0f/s (p50 %.0f us, p99 %.0f us), fdatasync %.0f us; median of '
        'all rounds %.0f/s' % (rows[1], rows[2], rows[3], floor[1],
        statistics.median(g[0][1] for g in got)),
        '20000/s where fdatasync takes 100 us', rows[1] >= 20000 *
        min(1, 100 / floor[1]))


class Flood:
    """What others have to bear (tests/bench/flood.c)."""

    def __init__(self, s, kind, n):
        self.argv = [program('flood'), kind, str(s.port), str(n)]
        self.env = dict(os.environ, DEFENSECLAW_GATEWAY_TOKEN=s.token())

    def __enter__(self):
        self.proc = subprocess.Popen(self.argv, env=self.env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.proc.stdout.readline() != 'ready\n':
            self.proc.wait()
            raise AssertionError('flood: no start')
        return self

    def __exit__(self, *exc):
        rest, _ = self.proc.communicate(timeout=MAX_SECONDS)
        if self.proc.returncode != 0:
            raise AssertionError('flood: %r' % rest)
        self.made = int(words(rest, 'connections')[0])


FLOOD_ROUNDS = 3
FLOODS = [      # kind, how many (a second), what it is called
    ('idle', 10000, '10 000 idle connections'),
    ('short', 5000, '5000 short connections a second'),
    ('slow', 200, '200 connections that hardly read'),
]


def bench_floods():
    """The 99th percentile of one client, in turn without and with each."""
    with suite_running() as s:
        path = os.path.join(s.dir, 'body')
        with open(path, 'w') as f:
            f.write(body())
        c = s.control('auditd')
        for n in range(300):
            code, text = c.list_change('tool-%d' % n, lib.OP_BLOCK,
                reason='r' * 1000)
            if code != lib.CTL_OK:
                raise AssertionError('list: ' + text)
        c.close()

        def p99():
            env = dict(os.environ, DEFENSECLAW_GATEWAY_TOKEN=s.token())
            return words(output([program('client'), s.gateway_sock, ROUTE,
                path, os.path.dirname(s.audit_db), '3000'], env=env),
                'inspect')[2]
        for kind, n, text in FLOODS:
            got, made = [], 0
            for _ in range(FLOOD_ROUNDS):
                alone = p99()
                with Flood(s, kind, n) as flood:
                    got.append((p99(), alone))
                made += flood.made
            ratio = statistics.median(a / b for a, b in got)
            row('p99 of inspect over the Unix socket beside %s, against '
                'without' % text, '%.0f us, %.0f us: %.2f times (%d '
                'connections)' % (statistics.median(a for a, b in got),
                statistics.median(b for a, b in got), ratio, made),
                '2 times', ratio <= 2)


def pss(pid):
    with open('/proc/%d/smaps_rollup' % pid) as f:
        return int(re.search(r'^Pss:\s+(\d+)', f.read(), re.M)[1]) * 1024


def bench_memory():
    for workers in (2, 4):
        with suite_running(workers) as s:
            time.sleep(1)
            sizes = {'supervisor': pss(s.proc.pid)}
            for role, pids in s.pids().items():
                sizes[role] = sum(pss(p) for p in pids)
        total = sum(sizes.values()) / MB
        row('all idle processes, PSS, %d workers' % workers, '%.1f MiB (%s)' %
            (total, ', '.join('%s %.1f' % (k, v / MB)
            for k, v in sizes.items())), '48 MiB', total < 48)


def bench_drain():
    sinks.drain(program, row)


JUDGE_CALLS = (0, 100, 1000)    # under way while others ask
JUDGE_ROUNDS = 7


def asked(s, n):
    """n prompts that wait for a judge, each on a connection of its own."""
    text = json.dumps({'content': 'a text that only a judge can decide'})
    head = ('POST /api/v1/inspect/request HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n'
        'Authorization: Bearer %s\r\nX-DefenseClaw-Client: bench\r\n'
        'Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' %
        (s.port, s.token(), len(text), text)).encode()
    socks = []
    for _ in range(n):
        socks.append(s.connect())
        socks[-1].sendall(head)
    lib.wait_for(lambda: 'defenseclaw_judge_waiting %d\n' % n in
        s.get('/metrics').body.decode(), '%d that wait' % n)
    return socks


def bench_judge():
    """One client of a route that asks no judge, beside such that wait."""
    hold = threading.Event()

    def slow(q):
        hold.wait(MAX_SECONDS)
        return judges.say({name: {'reasoning': '', 'label': False} for name
            in ('Instruction Manipulation', 'Context Manipulation',
            'Obfuscation', 'Semantic Manipulation', 'Token Exploitation')})
    judge = judges.Judge(slow)
    s = suite()
    try:
        judges.use(s, judge, timeout=120, max_concurrent=256, queue=4096,
            cache_ttl=0, pii='false', exfil='false')
        s.set_config('guardrail.detection_strategy', 'regex_only')
        s.set_config('guardrail.detection_strategy_prompt', 'regex_judge')
        s.start(seconds=MAX_SECONDS)
        lib.wait_for(lambda: s.pids('judge'), 'the judge')
        time.sleep(2)
        path = os.path.join(s.dir, 'body')
        with open(path, 'w') as f:
            f.write(body())
        env = dict(os.environ, DEFENSECLAW_GATEWAY_TOKEN=s.token())
        got = {n: [] for n in JUDGE_CALLS}
        for _ in range(JUDGE_ROUNDS):
            for n in JUDGE_CALLS:
                hold.clear()
                socks = asked(s, n)
                out = output([program('client'), s.gateway_sock, ROUTE, path,
                    os.path.dirname(s.audit_db), '1000'], env=env)
                got[n].append(words(out, 'inspect')[1:3])
                hold.set()
                for c in socks:
                    if not c.recv(65536).startswith(b'HTTP/1.1 200'):
                        raise AssertionError('one was not answered')
                    c.close()
    finally:
        hold.set()
        s.cleanup()
        judge.close()
    base = [p50 for p50, _ in got[0]]
    for n in JUDGE_CALLS:
        ratio = statistics.median(g[0] / b for g, b in zip(got[n], base))
        row('verdicts of rules over the Unix socket, %d judge calls under '
            'way' % n, 'p50 %.0f us, p99 %.0f us: p50 %.2f times' % (
            statistics.median(g[0] for g in got[n]),
            statistics.median(g[1] for g in got[n]), ratio),
            'p50 1.15 times' if n else '', ratio <= 1.15 if n else '')


# what a hook made of the usual programs does, and no more
SCRIPT = '''#!/bin/bash
in=$(cat)
url=http://localhost/api/v1/claude-code/hook
head=(-H 'Content-Type: application/json' -H 'X-DefenseClaw-Client: hook')
out=$(curl -s --max-time 10 --unix-socket "$SOCK" "${head[@]}" \\
    --data-binary "$in" "$url") || exit 2
[ "$(jq -r .action <<<"$out")" = allow ] && exit 0
jq -c .claude_code_output <<<"$out"
jq -r .reason <<<"$out" >&2
exit 2
'''


def hooks(rate, count, event, status, *argv, env):
    out = output([program('hooks'), str(rate), str(count), event,
        str(status), *argv], env=env)
    return words(out, 'hooks')


def bench_hook():
    """From exec to exit, as an agent client waits for it."""
    static = os.path.join(os.path.dirname(lib.env_dir('DC_BIN')), 'static',
        'defenseclawctl')
    with suite_running() as s:
        env = dict(s.env(), HOME=s.dir, SOCK=s.gateway_sock,
            PATH=os.environ['PATH'])
        events = {}
        for name, command in (('good', 'ls -la'), ('bad', lib.ATTACK)):
            events[name] = os.path.join(s.dir, name)
            with open(events[name], 'w') as f:
                json.dump({'hook_event_name': 'PreToolUse', 'session_id':
                    name, 'cwd': '/w', 'tool_name': 'Bash', 'tool_input':
                    {'command': command, 'description': 'x' * 200}}, f)
        ours = [static, 'hook', 'claude-code']
        got = hooks(100, 1000, events['good'], 0, *ours, env=env)
        row('hook, static, from exec to exit at 100/s, p50 and p99',
            '%.2f ms, %.2f ms; %d went wrong' % (got[0] / 1000, got[1] /
            1000, got[3]), '3 ms, 10 ms', got[0] < 3000 and got[1] < 10000
            and got[3] == 0)
        if all(map(shutil.which, ('bash', 'curl', 'jq'))):
            script = os.path.join(s.dir, 'script')
            with open(script, 'w') as f:
                f.write(SCRIPT)
            got = hooks(20, 200, events['good'], 0, 'bash', script, env=env)
            row('the same by bash, curl and jq, at 20/s', '%.2f ms, %.2f '
                'ms; %d went wrong' % (got[0] / 1000, got[1] / 1000,
                got[3]), '', '')
        else:
            skip('the same by bash, curl and jq', 'one of them is missing')
        last = s.last_seq()
        got = hooks(1000, 5000, events['bad'], 2, *ours, env=env)
        rows = len(s.rows("seq > %d AND action = 'inspect-tool-block'" %
            last))
        row('5000 forbidden calls at 1000/s', '%d not blocked, %d without '
            'a row; p50 %.1f ms, p99 %.1f ms' % (got[3], 5000 - rows,
            got[0] / 1000, got[1] / 1000), 'none', got[3] == 0 and rows ==
            5000)


def bench_queue():
    sinks.beside(program, row)


def bench_sinks():
    sinks.verdicts(program, row, output, words, ROUTE, body())


def machine():
    """The facts that the figures depend on."""
    cpu = ''
    with open('/proc/cpuinfo') as f:
        for line in f:
            if line.startswith('model name'):
                cpu = line.split(':', 1)[1].strip()
                break
    load = os.getloadavg()[0]
    print('%s, %d cores, Linux %s, load average at the start %.1f' %
        (cpu, os.cpu_count(), platform.release(), load))


def print_table():
    print('\n| what | measured | goal | met |\n|---|---|---|---|')
    for r in table:
        print('| %s | %s | %s | %s |' % r)


def main():
    machine()
    for fn in (bench_match, bench_inspect, bench_nginx, bench_auditd,
            bench_floods, bench_memory, bench_drain, bench_queue,
            bench_sinks, bench_judge, bench_hook):
        if sys.argv[1:] and fn.__name__[6:] not in sys.argv[1:]:
            continue
        try:
            fn()
        except lib.Skip as e:
            skip(fn.__name__[6:], str(e))
        except Exception as e:
            skip(fn.__name__[6:], 'failed')
            failed.append('%s: %s' % (fn.__name__, e))
    print_table()
    for text in failed:
        print(text, file=sys.stderr)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
