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

try:
    import yaml
except ImportError:
    # another Python may come first; Debian's has it
    if os.path.realpath(sys.executable) != os.path.realpath(
            '/usr/bin/python3'):
        os.execv('/usr/bin/python3', ['python3'] + sys.argv)
    yaml = None

SECRET_VALUE = 'planted-Zx81-secret'


def put(path, what):
    """Written in place, as an editor does: the owner and mode stay."""
    with open(path, 'w') as f:
        f.write(what)


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
        # nor a key where the file says so already
        put(s.config, before.replace('managed: true\n', ''))
        hec = ('setup', 'observability', 'add', 'splunk-hec', '--host', 'h',
            '--token', '-', '--non-interactive', '--no-test')
        judge = ('setup', 'guardrail', '--judge-api-key-file', '-')
        ok(s.ctl(*hec, input='t0ken'))
        ok(s.ctl(*judge, '--judge', '--judge-api-base', 'http://127.0.0.1:9',
            '--judge-model', 'm', '--detection-strategy', 'regex_judge',
            input='t0ken'))
        ok(s.ctl('keys', 'set', 'spare', input='t0ken'))
        put(s.config, text(s.config) + 'managed: true\n')
        before = text(s.config)
        keys = {f: text(os.path.join(s.secrets, f)) for f in
            os.listdir(s.secrets)}
        rows = os.listdir(s.state)
        for args in (hec, judge, ('keys', 'set', 'spare'), ('keys', 'set',
                'another'), ('keys', 'unset', 'spare')):
            r = fails(s.ctl(*args, input='another'), 8, '"managed: true"',
                'nothing was written')
            r = fails(s.ctl(*args, '--json', input='another'), 8)
            eq(json.loads(r.stdout)['code'], 8)
            eq(({f: text(os.path.join(s.secrets, f)) for f in
                os.listdir(s.secrets)}, text(s.config)), (keys, before), args)
        eq(os.listdir(s.state), rows)
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


def nothing_is_written_to_a_read_only_disk():
    need_root()
    with Suite() as s:
        before = sorted(os.listdir(s.home))
        key = ('keys', 'set', 'x')
        s.launcher = ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" "$0" &&'
            ' mount -o remount,ro,bind "$0" && exec "$@"', s.home]
        if s.ctl('version').returncode != 0:
            raise Skip('no mount here')
        for args in (('config', 'set', 'log.level', 'debug'), key,
                ('setup', 'token', 'add', 'x', '--out', '-'),
                ('setup', 'gateway', '--workers', '2'),
                ('policy', 'activate', s.pack), ('keys', 'unset', 'x')):
            kw = {'input': 'abc\n'} if args == key else {}
            r = s.ctl(*args, '--json', **kw)
            eq((r.returncode, json.loads(r.stdout)['code']), (8, 8), args)
        s.launcher = []
        eq(sorted(os.listdir(s.home)), before)


def one_status_for_people_and_programs():
    """What may not be read is that, also where the suite answers."""
    need_root()
    with Suite(uid=UID) as s:
        s.start()
        os.chmod(s.config, 0)
        for what in ('running', '1', s.config):
            r = s.ctl('config', 'diff', what, '--json')
            eq(json.loads(r.stdout)['code'], r.returncode, what)
        eq(s.ctl('config', 'diff').returncode, 8)


def secrets_are_in_no_difference():
    lines = ('gateway:\n  api_port: %d\n  token: %s1\n'
        'llm: {api_key: %s2}\n# old: token: %s3\n'
        'webhooks:\n  - name: w\n    url: https://hooks.example/%s4\n')
    with Suite() as s:
        before = lines.replace('%s', SECRET_VALUE) % s.port + \
            'guardrail:\n  rule_pack_dir: %s\n' % s.pack
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


def spool(s):
    return os.path.join(s.state, 'spool.events')


def late(s):
    return [r for r in s.rows() if r['details'] and
        r['details'].get('late')]


def changes_without_a_suite_are_recorded_late():
    with Suite() as s:
        ok(s.ctl('config', 'set', 'log.level', 'debug'))
        ok(s.ctl('config', 'set', 'log.level', 'debug'))
        ok(s.ctl('setup', 'observability', 'add', 'file', '--name', 'out',
            '--non-interactive'))
        eq(os.stat(spool(s)).st_mode & 0o777, 0o600)
        fails(s.ctl('config', 'set', 'log.max_size_mb', '0'), 3)
        s.start()
        # they came before the first row of any traffic, and READY
        rows = late(s)
        eq([(r['action'], r['target'], r['actor']) for r in rows],
            [('config-update', 'log.level', 'uid:%d' % os.stat(s.home).
            st_uid), ('setup-observability', 'audit_sinks.out', 'uid:%d' %
            os.stat(s.home).st_uid)])
        eq(rows[0]['details']['change'], 'log.level: (none) -> debug')
        eq(rows[0]['details']['changed_at'] < rows[0]['timestamp'], True)
        wait_for(lambda: not os.path.exists(spool(s)), 'the spool is gone')
        ok(s.ctl('config', 'set', 'log.level', 'info'))
        eq(os.path.exists(spool(s)), False, 'a spool beside a suite')
        s.stop()
        s.start()
        eq(len(late(s)), 2)


def a_change_that_fails_leaves_no_event():
    with Suite() as s:
        ok(s.ctl('config', 'set', 'agent.id', 'first'))
        before = text(s.config)
        if os.geteuid() == 0:
            # nothing can be written beside it: the lock is, the rest not
            s.launcher = ['prlimit', '--fsize=0']
            eq(s.ctl('config', 'set', 'agent.id', 'second').returncode != 0,
                True)
            s.launcher = []
        eq(text(s.config), before)
        s.start()
        eq([r['details']['change'] for r in late(s)],
            ['agent.id: (none) -> first'])


def a_spool_that_is_known_is_taken_once():
    """As after a crash between the record and the end of the file."""
    with Suite() as s:
        ok(s.ctl('config', 'set', 'agent.id', 'a'))
        with open(spool(s), 'rb') as f:
            kept = f.read()
        st = os.stat(spool(s))
        for _ in range(2):
            s.start()
            wait_for(lambda: not os.path.exists(spool(s)), 'taken in')
            eq(len(late(s)), 1)
            s.stop()
            with open(spool(s), 'wb') as f:
                f.write(kept)
            os.chown(spool(s), st.st_uid, st.st_gid)
            os.chmod(spool(s), 0o600)


def aside(s):
    return [f for f in os.listdir(s.state) if 'broken' in f]


def a_broken_spool_is_set_aside():
    with Suite() as s:
        ok(s.ctl('config', 'set', 'agent.id', 'a'))
        ok(s.ctl('config', 'set', 'agent.id', 'b'))
        with open(spool(s), 'r+b') as f:
            f.truncate(os.path.getsize(spool(s)) - 5)
        # nothing more is written into it
        fails(s.ctl('config', 'set', 'agent.id', 'c'), 1, 'damaged')
        eq('agent:\n  id: b\n' in text(s.config), True)
        s.start()
        eq(len(late(s)), 1)
        eq([r['severity'] for r in s.rows() if r['target'] ==
            'spool.events'], ['HIGH'])
        wait_for(lambda: aside(s), 'set aside')
        assert 'spool.events' in s.log() and 'damaged' in s.log(), s.log()
        s.stop()
        # one that others could have written is not even looked at
        for f in aside(s):
            os.unlink(os.path.join(s.state, f))
        ok(s.ctl('config', 'set', 'agent.id', 'd'))
        os.chmod(spool(s), 0o606)
        s.start()
        eq(len(aside(s)), 1)
        eq(len(late(s)), 1)
        assert 'others may read or write' in s.log(), s.log()


def states(s):
    return json.loads(ok(s.ctl('config', 'history', '--json')).stdout)[
        'states']


def history_and_rollback():
    with Suite() as s:
        first = text(s.config) + '# by hand: token: %s\nllm:\n' \
            '  api_key: "%s"\n' % (SECRET_VALUE, SECRET_VALUE)
        put(s.config, first)
        eq(states(s), [])
        ok(s.ctl('config', 'set', 'log.level', 'debug'))
        ok(s.ctl('config', 'set', 'agent.id', 'a'))
        second = text(s.config)
        eq([(x['state'], x['action'], x['target']) for x in states(s)],
            [(3, 'config-update', 'agent.id'), (2, 'config-update',
            'log.level'), (1, 'found', 'config.yaml')])
        d = os.path.join(s.state, 'history')
        eq(os.stat(d).st_mode & 0o777, 0o700)
        for f in os.listdir(d):
            eq(os.stat(os.path.join(d, f)).st_mode & 0o777, 0o600)
            eq(SECRET_VALUE in text(os.path.join(d, f)), False, f)
        r = ok(s.ctl('config', 'diff', '1'))
        eq(r.stdout.splitlines()[2:], ['+ agent.id: a', '+ log.level: debug'])
        r = ok(s.ctl('config', 'rollback', '1', '--dry-run'))
        eq(text(s.config), second)
        assert SECRET_VALUE not in r.stdout, r.stdout
        ok(s.ctl('config', 'rollback', '1'))
        # the secret is still there, and so is every other byte
        eq(text(s.config), first.replace('token: ' + SECRET_VALUE,
            'token: <redacted>'))
        ok(s.ctl('config', 'rollback', '3'))
        got = json.loads(ok(s.ctl('config', 'diff', '3', '--json')).stdout)
        eq((got['same'], got['differences']), (True, []))
        # nothing is invented where the secret is gone
        put(s.config, text(s.config).split('llm:')[0])
        fails(s.ctl('config', 'rollback', '1'), 3, 'llm.api_key: a secret')
        fails(s.ctl('config', 'rollback', '99'), 7, 'no state 99')
        fails(s.ctl('config', 'rollback', 'x'), 2)
        # not more than there is room for
        for i in range(70):
            ok(s.ctl('config', 'set', 'agent.name', 'n%d' % i))
        kept = states(s)
        eq((len(kept), kept[0]['target']), (64, 'agent.name'))
        eq(len(os.listdir(d)), 64)


def unset_takes_a_line_out():
    with Suite() as s:
        put(s.config, '# top\ngateway:\n  # the port\n  api_port: %d # here\n'
            '  workers: 2\nlog: {level: debug}\n' % s.port)
        ok(s.ctl('config', 'unset', 'gateway.api_port'))
        eq(text(s.config), '# top\ngateway:\n  # the port\n  workers: 2\n'
            'log: {level: debug}\n')
        ok(s.ctl('config', 'unset', 'gateway.workers'))
        eq(text(s.config), '# top\ngateway:\n  # the port\n'
            'log: {level: debug}\n')
        r = ok(s.ctl('config', 'unset', 'gateway.workers'))
        assert 'is so already' in r.stdout, r.stdout
        fails(s.ctl('config', 'unset', 'log.level'), 3, '{ }')
        fails(s.ctl('config', 'unset', 'log.levle'), 7, 'log.level')
        ok(s.ctl('config', 'set', 'gateway.workers', '1'))
        eq(text(s.config), '# top\ngateway:\n  workers: 1\n  # the port\n'
            'log: {level: debug}\n')


def differences_from_what_runs():
    with Suite() as s:
        fails(s.ctl('config', 'diff'), 5, 'not running')
        ok(s.ctl('config', 'set', 'agent.id', 'a'))
        s.start()
        eq(ok(s.ctl('config', 'diff')).stdout, 'no key differs\n')
        ok(s.ctl('config', 'set', 'agent.id', 'b'))
        r = ok(s.ctl('config', 'diff', 'running'))
        eq(r.stdout.splitlines(), ['--- running', '+++ ' + s.config,
            '- agent.id: a', '+ agent.id: b'])
        ok(s.ctl('reload'))
        eq(ok(s.ctl('config', 'diff')).stdout, 'no key differs\n')
        # by hand, and put in force without a command
        other = os.path.join(s.dir, 'other.yaml')
        put(other, text(s.config).replace('id: b', 'id: c'))
        got = json.loads(ok(s.ctl('config', 'diff', other,
            '--json')).stdout)
        eq(got['differences'], [{'key': 'agent.id', 'old': 'c',
            'new': 'b'}])
        fails(s.ctl('config', 'diff', other + 'x'), 7)


REFERENCE = '''config_version: 5
data_dir: /home/u/.defenseclaw
claw: {mode: openclaw}
llm: {model: openai/x, api_key: "%(s)s-llm"}
agent:
  id: agent-7
gateway:
  host: 127.0.0.1
  token: "%(s)s-gateway"
  api_port: 18971
  watcher: {enabled: true}
guardrail:
  enabled: true
  mode: observe
  scanner_mode: both
  block_message: Ask security.
  detection_strategy: regex_only
  rule_pack_dir: /home/u/.defenseclaw/policies/guardrail/strict
  judge:
    enabled: false
    timeout: 30.0
    llm: {model: m7, base_url: 'http://10.9.8.7/v1', provider: x,
      api_key_env: JUDGE_API_KEY}
audit_sinks:
  - name: hec
    kind: splunk_hec
    enabled: true
    batch_size: 200
    min_severity: HIGH
    actions: [inspect-tool-block, config-update]
    splunk_hec:
      endpoint: https://splunk.internal:8088/services/collector/event
      token_env: DEFENSECLAW_SPLUNK_HEC_TOKEN
      index: defenseclaw
      sourcetype_overrides: {config-update: dc:config}
  - name: web
    kind: http_jsonl
    http_jsonl:
      url: https://siem.internal/in
      bearer_token: "%(s)s-web"
      verify_tls: true
      headers: {X-Scope: ops}
  - name: logs
    kind: otlp_logs
    otlp_logs:
      endpoint: collector.internal:4317
      protocol: grpc
  - name: keyed
    kind: http_jsonl
    http_jsonl: {url: "http://10.0.0.1/in", headers: {x-api-key: %(s)s-key}}
  - name: Bad Name
    kind: file
webhooks:
  - {name: w, type: slack, url: "https://hooks.slack.com/%(s)s-hook",
    events: [block], cooldown_seconds: 60}
  - {name: pd, type: pagerduty, url: "https://pd.internal/v2",
    secret_env: PD_KEY}
otel: {enabled: false}
strange: 1
''' % {'s': SECRET_VALUE}


def a_configuration_is_taken_over():
    with Suite() as s:
        path = os.path.join(s.dir, 'old.yaml')
        env = os.path.join(s.dir, 'old.env')
        put(path, REFERENCE)
        put(env, '# x\nOTHER=1\nDEFENSECLAW_SPLUNK_HEC_TOKEN="%s-hec"\n'
            'JUDGE_API_KEY=%s-judge\n' % (SECRET_VALUE, SECRET_VALUE))
        for f in (path, env):
            os.chmod(f, 0o644)
        before = text(s.config)
        args = ('config', 'import', path, '--env-file', env)
        r = ok(s.ctl(*args, '--dry-run'))
        eq(text(s.config), before)
        eq([f for f in os.listdir(s.secrets) if 'sink' in f], [])
        assert SECRET_VALUE not in r.stdout + r.stderr, r.stdout
        assert '      index: defenseclaw' in r.stdout, r.stdout
        r = ok(s.ctl(*args, '--json'))
        assert SECRET_VALUE not in r.stdout + r.stderr, r.stdout
        got = json.loads(r.stdout)
        eq({x['key'] for x in got['taken']}, {'agent.id', 'gateway.api_port',
            'guardrail.enabled', 'guardrail.mode', 'guardrail.block_message',
            'guardrail.detection_strategy', 'guardrail.rule_pack_dir',
            'audit_sinks.hec', 'audit_sinks.web', 'audit_sinks.keyed',
            'guardrail.judge.enabled', 'guardrail.judge.timeout',
            'guardrail.judge.model', 'guardrail.judge.api_base',
            'guardrail.judge.api_key_env', 'audit_sinks.w',
            'audit_sinks.pd'})
        eq(len(got['secrets']), 6, got['secrets'])
        no = {x['key']: x['why'] for x in got['not_taken']}
        for key, why in (('claw', 'no effect'), ('data_dir', 'where files'),
                ('llm', 'judge'), ('audit_sinks.logs', 'grpc'),
                ('audit_sinks[4]', 'lower case'),
                ('audit_sinks.w.events', 'no equal'),
                ('audit_sinks.pd.token_secret', 'disabled'),
                ('strange', 'not a key'), ('guardrail.judge.llm.provider', ''),
                ('guardrail.scanner_mode', 'no effect'),
                ('audit_sinks.hec.splunk_hec.verify_tls', 'ca_file')):
            eq(why in no.get(key, '-'), True, (key, no))
        # the tokens are where they belong, and nowhere else
        for name, value in (('sink-hec', 'hec'), ('sink-web', 'web'),
                ('sink-keyed', 'key'), ('gateway-token', 'gateway'),
                ('judge-key', 'judge'), ('sink-w', 'hook')):
            f = os.path.join(s.secrets, name)
            eq(text(f), '%s-%s\n' % (SECRET_VALUE, value))
            eq(os.stat(f).st_mode & 0o777, 0o600)
        for root, _, files in os.walk(s.home):
            for f in files:
                f = os.path.join(root, f)
                if os.path.isfile(f) and os.path.dirname(f) != s.secrets:
                    with open(f, 'rb') as h:
                        eq(SECRET_VALUE.encode() in h.read(), False, f)
        # of the file, every line is still there
        for line in before.splitlines():
            if not line.startswith(('  api_port:', '  mode:', 'guardrail:',
                    '  rule_pack_dir:')):
                eq(line in text(s.config).splitlines(), True, line)
        shown = json.loads(ok(s.ctl('setup', 'observability', 'show',
            'keyed', '--json')).stdout)
        eq((shown['http_jsonl']['auth_header'], shown['token_secret']),
            ('x-api-key', 'sink-keyed'))
        shown = json.loads(ok(s.ctl('setup', 'observability', 'show', 'hec',
            '--json')).stdout)
        eq((shown['enabled'], shown['batch_size'], shown['actions'],
            shown['splunk_hec']['sourcetype_overrides']), (True, 200,
            ['inspect-tool-block', 'config-update'],
            {'config-update': 'dc:config'}))
        # once more is nothing, also without the .env
        after = text(s.config)
        for a in (args, args[:3]):
            got = json.loads(ok(s.ctl(*a, '--json')).stdout)
            eq((got['changed'], got['secrets_written']), (False, 0))
            eq(text(s.config), after)
        ok(s.ctl('config', 'validate'))


def what_cannot_be_imported():
    with Suite() as s:
        path = os.path.join(s.dir, 'old.yaml')
        before = text(s.config)
        fails(s.ctl('config', 'import', path), 7)
        for bad in ('a: [', '- a\n', '\0', 'a: *b\n'):
            put(path, bad)
            fails(s.ctl('config', 'import', path), 3)
        put(path, REFERENCE)
        # without its token a sink waits
        got = json.loads(ok(s.ctl('config', 'import', path,
            '--json')).stdout)
        eq('audit_sinks.hec.token_secret' in {x['key'] for x in
            got['not_taken']}, True, got)
        eq(json.loads(s.ctl('setup', 'observability', 'show', 'hec',
            '--json').stdout)['enabled'], False)
        put(s.config, before + 'managed: true\n')
        fails(s.ctl('config', 'import', path), 8)
        put(s.config, before)
        for f in os.listdir(s.secrets):
            if f.startswith('sink-'):
                os.unlink(os.path.join(s.secrets, f))
        os.chmod(s.config, 0o400)
        fails(s.ctl('config', 'import', path), 8)
        eq([f for f in os.listdir(s.secrets) if 'sink' in f], [])


def an_import_that_fails_puts_keys_back():
    with Suite() as s:
        path, env = (os.path.join(s.dir, n) for n in ('old.yaml', '.env'))
        put(path, REFERENCE)
        put(env, 'DEFENSECLAW_SPLUNK_HEC_TOKEN=new-hec\n'
            'JUDGE_API_KEY=new-judge\nPD_KEY=new-pd\n')
        for f in (path, env):
            os.chmod(f, 0o644)
        before = text(s.config)
        ok(s.ctl('config', 'import', path, '--env-file', env))
        keys = sorted(f for f in os.listdir(s.secrets) if
            f.startswith('sink-'))
        eq(len(keys) >= 2, True, keys)
        put(s.config, before)
        at = [os.path.join(s.secrets, k) for k in keys]
        for broken in at:
            for f in at:
                if os.path.isdir(f):
                    os.rmdir(f)
                put(f, 'as it was\n')
            os.unlink(broken)
            os.mkdir(broken)
            r = s.ctl('config', 'import', path, '--env-file', env)
            eq(r.returncode != 0, True, r.stdout)
            eq({text(f) for f in at if f != broken}, {'as it was\n'})
            eq(text(s.config), before)


def older_versions_mean_what_they_meant():
    with Suite() as s:
        old = text(s.config).replace('config_version: 5',
            'config_version: 1 # old').replace('  mode: action\n', '')
        put(s.config, old)
        got = json.loads(ok(s.ctl('config', 'validate', '--json')).stdout)
        eq((got['errors'], got['messages'][0]['key']), (0, 'config_version'))

        def values():
            return {k['key']: k['value'] for k in json.loads(ok(s.ctl(
                'config', 'show', '--json')).stdout)['keys']
                if k['key'] != 'config_version'}

        before = values()
        eq((before['guardrail.mode'],
            before['guardrail.detection_strategy_completion']),
            ('observe', 'regex_only'))
        ok(s.ctl('config', 'migrate', '--dry-run'))
        eq(text(s.config), old)
        ok(s.ctl('config', 'migrate'))
        eq(values(), before)
        got = json.loads(ok(s.ctl('config', 'validate', '--json')).stdout)
        eq((got['errors'], got['warnings']), (0, 0), got)
        eq('config_version: 5 # old' in text(s.config), True)
        after = text(s.config)
        ok(s.ctl('config', 'migrate'))
        eq(text(s.config), after)
        put(s.config, after.replace('config_version: 5',
            'config_version: 6'))
        fails(s.ctl('config', 'migrate'), 3)
        fails(s.ctl('config', 'set', 'log.level', 'debug'), 3, 'newer')


START = '''# top of the file
config_version: 5   # the version
# about the gateway
gateway:
  # its port
  api_port: 18970   # here

  api_bind: "127.0.0.1"
llm:   # foreign
  model: 'x/y'   # kept
guardrail: # rules
    mode: observe
# the end
'''


def flat(doc, path=''):
    for k, v in (doc or {}).items():
        if isinstance(v, dict):
            yield from flat(v, path + k + '.')
        elif v is not None:
            yield path + k, v


def any_order_of_edits_is_the_same():
    """Random edits against a model of them, read by another's YAML."""
    if yaml is None:
        print('    no python3-yaml: not compared')
        return
    rng = random.Random(20261124)
    values = {'gateway.api_port': (1, 65535, 18970), 'gateway.workers':
        (0, 4, 2), 'log.level': ('info', 'debug'), 'guardrail.mode':
        ('observe', 'action'), 'agent.id': ('a', 'b: c', "it's", '5', 'yes'),
        'agent.name': ('x #y', '\u00fcber', '-'), 'audit.hash': ('sha-256',
        'blake2b-256'), 'guardrail.block_message': ('No.', '"q"')}
    comments = sorted(re.findall(r'#.*', START))
    with Suite() as s:
        for _ in range(4):
            results = []
            edits = [(k, rng.choice(values[k])) for k in values
                if rng.random() < .8]
            for _ in range(2):
                # each key ends with the same edit, whatever came before it
                noise = [(k, rng.choice(values[k] + (None,))) for k in values
                    for _ in range(rng.randrange(2))]
                rng.shuffle(noise)
                rng.shuffle(edits)
                put(s.config, START)
                model = dict(flat(yaml.safe_load(START)))
                for k, v in noise + edits:
                    if v is None:
                        if k == 'gateway.api_port':
                            continue    # with its own comment beside it
                        ok(s.ctl('config', 'unset', k))
                        model.pop(k, None)
                        continue
                    ok(s.ctl('config', 'set', '--', k, str(v)))
                    model[k] = v
                    if k == 'agent.id' and len(results) == 0:
                        # each single step is right, not only the last
                        eq(dict(flat(yaml.safe_load(text(s.config)))),
                            model)
                got = dict(flat(yaml.safe_load(text(s.config))))
                eq(got, model)
                eq(sorted(re.findall(r'(?:(?<=\s)|^)#.*', re.sub(
                    r"'x #y'", '', text(s.config)), re.M)), comments)
                results.append({k: v for k, v in got.items()
                    if k in dict(edits)})
                os.unlink(spool(s))
            eq(results[0], results[1])


def killed_at_any_step_leaves_its_event():
    """However far a change came, it is in the log, and not twice."""
    if shutil.which('strace') is None:
        raise Skip('strace is not installed')

    def kill_at(s, call):
        """One change after another, each killed one such call later."""
        made, left = [], []
        for n in range(1, 30):
            value = '%s-%d-%s' % (call, n, 'up' if s.running() else 'down')
            s.launcher = ['strace', '-o', '/dev/null', '-e', 'trace=' + call,
                '-e', 'inject=%s:signal=KILL:when=%d' % (call, n)]
            rc = s.ctl('config', 'set', 'agent.id', value).returncode
            s.launcher = []
            (made if value in text(s.config) else left).append(value)
            if rc == 0:
                return made, left, n
            eq(rc, -signal.SIGKILL)
        raise AssertionError('it never came to its end')

    with Suite() as s:
        made, left, steps = [], [], 0
        for up in (False, True):
            if up:
                s.start()
            for call in ('fsync', 'unlink', 'connect'):
                a, b, n = kill_at(s, call)
                made += a
                left += b
                steps += n
        eq(steps > 12, True, steps)
        s.restart()
        s.restart()
        said = [r['details']['change'] for r in s.rows(
            "target = 'agent.id'")]
        for value in made:
            eq(len([c for c in said if c.endswith('-> ' + value)]), 1,
                '%s: %s' % (value, said))
        for value in left:
            eq(len([c for c in said if c.endswith('-> ' + value)]) < 2,
                True, value)
        eq(os.path.exists(spool(s)), False)


TESTS = [nothing_is_written_to_a_read_only_disk,
    one_status_for_people_and_programs,
    killed_at_any_step_leaves_its_event, nobody_writes_what_is_managed, nobody_writes_what_is_read_only,
    secrets_are_in_no_difference,
    changes_without_a_suite_are_recorded_late,
    a_change_that_fails_leaves_no_event,
    a_spool_that_is_known_is_taken_once, a_broken_spool_is_set_aside,
    history_and_rollback, unset_takes_a_line_out, differences_from_what_runs,
    a_configuration_is_taken_over, what_cannot_be_imported,
    an_import_that_fails_puts_keys_back,
    older_versions_mean_what_they_meant, any_order_of_edits_is_the_same]

if __name__ == '__main__':
    names = sys.argv[1:]
    program(lambda: run([t for t in TESTS
        if not names or t.__name__ in names]))
