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


"""What the README and the manual pages say is what the code says.

The code is read: tables of commands, keys, messages, routes, limits and
promises are parsed where they stand.  Only the numbers of system calls come
from a running suite.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import tempfile

from lib import MSG, Skip, Suite, TOP, UID, eq, program, run

ROLES = [       # source, which of its comments, promise, page, section
    ('ctl/defenseclawd/defenseclawd.c', 0, None, 'defenseclawd.8'),
    ('ctl/defenseclawd/confc.c', 0, 'confc_promise', 'defenseclaw-confc.8'),
    ('gatewayd/rulec.c', 0, 'read_promise', 'defenseclaw-rulec.8'),
    ('gatewayd/rulec.c', 1, 'compile_promise', 'defenseclaw-rulec.8'),
    ('gatewayd/gatewayd.c', 0, 'gatewayd_promise', 'defenseclaw-gatewayd.8'),
    ('auditd/auditd.c', 0, 'auditd_promise', 'defenseclaw-auditd.8'),
    ('auditd/sign.c', 0, 'signer_promise', 'defenseclaw-auditd.8'),
    ('sinkd/sinkd.c', 0, 'sink_promise', 'defenseclaw-sinkd.8'),
    ('sinkd/judge.c', 0, 'judge_promise', 'defenseclaw-sinkd.8'),
    ('sinkd/resolver.c', 0, 'resolver_promise', 'defenseclaw-sinkd.8'),
    ('ctl/defenseclawctl.c', 0, None, 'defenseclawctl.8'),
]
# the pages of the front end: each command is in one of them
COMMANDS = ['defenseclawctl.8', 'defenseclaw-audit.8',
    'defenseclaw-policy.8']
# pages with more than one list of groups: which is whose
LISTS = {'read_promise': 0, 'compile_promise': 1, 'auditd_promise': 0,
    'signer_promise': 1, 'sink_promise': 0, 'local_promise': 1,
    'dir_promise': 2, 'judge_promise': 3,
    'resolver_promise': 4}
PARTS = {       # the README's table of lines: what counts, what does not
    'supervisor': ('ctl/defenseclawd/*.[ch]', 'confc'),
    'config reader': ('ctl/defenseclawd/confc.c ctl/conf*.[ch] '
        'ctl/schema*.[ch] ctl/yamltree.[ch]', None),
    'rule reader and compiler': ('gatewayd/rule*.[ch]', None),
    'ingress': ('gatewayd/*.[ch]', '/rule'),
    'audit owner': ('auditd/*.[ch]', '/sign'),
    'signer': ('auditd/sign*.[ch]', None),
    'front end': ('ctl/*.[ch] ctl/doctor/*.[ch]', None),
    'shared by all': ('common/*.[ch]', None),
    'sinks, judge and resolver': ('sinkd/*.[ch]', None),
    'detection': ('common/detect/*.[ch]', None),
}
UNITS = {'bytes': 1, 'KiB': 1024, 'MiB': 1024 * 1024}


def read(path):
    with open(os.path.join(TOP, path), encoding='utf-8') as f:
        return f.read()


def page(name):
    return read('man/' + name)


def squeeze(text):
    return ' '.join(text.split())


def prose(text):
    """The text lines of a page, without macros, in one line."""
    lines = [l for l in text.splitlines() if not l.startswith('.')]
    return squeeze(' '.join(lines).replace('\\&', '').replace('\\e', '\\'))


def items(text):
    """Heads and bodies of the items of all lists of a page."""
    for item in re.split(r'^\.It ', text, flags=re.M)[1:]:
        head, _, body = item.partition('\n')
        yield head, re.split(r'^\.(?:El|Ss|Sh)\b', body, flags=re.M)[0]


def string(text):
    """A C string that may be in several pieces."""
    parts = re.findall(r'"((?:[^"\\]|\\.)*)"', text)
    return ''.join(parts).replace('\\"', '"')


def must(missing, what):
    if missing:
        raise AssertionError('%s: %s' % (what, ', '.join(map(str, missing))))


def clauses(path, index):
    """may, may not and if taken of a role, from its source comment."""
    found = []
    for comment in re.findall(r'/\*(.*?)\*/', read(path), re.S):
        key = None
        for line in comment.splitlines():
            m = re.match(r' \*   (may not|may|if taken)\s+(.*)$', line)
            if m:
                if m[1] == 'may':
                    found.append({})
                key = m[1]
                found[-1][key] = m[2]
                continue
            m = re.match(r' \*            (\S.*)$', line)
            if m and key:
                found[-1][key] += ' ' + m[1]
            else:
                key = None
        if found:
            break
    return {k: squeeze(v) for k, v in found[index].items()}


# --- tests -------------------------------------------------------------------

def roles_are_as_in_their_source():
    boundary = re.search(r'<!-- boundary -->(.*)<!-- /boundary -->',
        read('README.md'), re.S)[1]
    for source, index, promise, name in ROLES:
        said = clauses(source, index)
        eq(set(said) >= {'may', 'may not'}, True, source)
        text = prose(page(name))
        must(['%s: %s' % (k, v) for k, v in said.items() if v not in text],
            'not in %s' % name)
        must(['%s: %s' % (k, v) for k, v in said.items()
            if v not in boundary], 'not in the boundary table')
        promises = re.findall(r'struct promise\s+(\w+) = \{(.*?)\n\};',
            read(source), re.S)
        eq(promise is None or promise in [p for p, _ in promises], True)
        lists = re.findall(r'\.It Promise groups\n(.*?)\n\.El', page(name),
            re.S)
        for each, body in promises:
            want = set(re.findall(r'\b(?:SB|FILES)_\w+', body))
            eq(set(re.findall(r'\b(?:SB|FILES)_\w+',
                lists[LISTS.get(each, 0)])), want, each)


def boundary_table_is_whole():
    table = re.search(r'<!-- boundary -->\n(.*?)<!-- /boundary -->',
        read('README.md'), re.S)[1].splitlines()
    eq(squeeze(table[0]), '| role | may | may not | if taken | system calls '
        'allowed | enforced by |')
    eq(len(table), 2 + len(ROLES), 'rows')
    for row in table[2:]:
        cells = [c.strip() for c in re.split(r'(?<!\\)\|', row)[1:-1]]
        eq(len(cells), 6, row)
        must([row] if '' in cells else [], 'an empty cell')


def lines_are_counted():
    readme = read('README.md')
    for part, (globs, but) in PARTS.items():
        files = {p for g in globs.split() for p in glob.glob(os.path.join(
            TOP, g)) if but is None or but not in p}
        n = sum(read(p).count('\n') for p in files)
        said = re.search(r'^\| %s \|.*\| ([\d ]+) \|$' % part, readme, re.M)
        # to the nearest fifty, and a change of a tenth is news
        if abs(int(said[1].replace(' ', '')) - n) > 50 + n / 10:
            raise AssertionError('%s: %d lines, the README says %s' % (part,
                n, said[1]))


def system_calls_are_counted():
    if not os.environ.get('DC_BIN'):
        print('    the numbers are not compared: DC_BIN is not set')
        return
    with Suite(uid=UID if os.geteuid() == 0 else None) as s:
        s.start()
        status = json.loads(s.ctl('status', '--json').stdout)
    said = {m[1]: int(m[2]) for m in re.finditer(r'^\| `([^`]+)`.*\| (\d+) '
        r'\|[^|]*\|$', read('README.md'), re.M)}
    names = {'gatewayd': 'gatewayd', 'auditd': 'auditd', 'signer':
        'auditd -P sign'}
    found = {names[p['role']]: p['sandbox']['syscalls'] for p in
        status['processes'] if p['role'] in names}
    eq(len(found), 3, 'roles')
    eq({n: said.get(n) for n in found}, found)


def keys_are_documented():
    body = re.search(r'schema_keys\[\] = \{(.*?)\n\};',
        read('ctl/schema.c'), re.S)[1]
    rows = re.findall(r'\b(?:INT|BOOL|ENUM|TEXT)\("([^"]+)",(.*?)\)'
        r'(?=,\s*(?:\n|$))', body, re.S)
    eq(len(rows), len(re.findall(r'\b(?:INT|BOOL|ENUM|TEXT)\(', body)))
    said = dict(items(page('defenseclaw.yaml.5')))
    for key, rest in rows:
        args = re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', rest)
        default, about = string(args[-2]), string(args[-1])
        must([key] if 'Va ' + key not in said else [], 'undocumented')
        text = prose(said['Va ' + key])
        must([key] if about[1:] not in text else [], 'another help text')
        must([key] if 'Default: %s.' % (default or 'empty') not in text
            else [], 'another default')
        effect = 'reload' if 'KEYF_RELOAD' in rest else 'restart'
        must([key] if 'Takes effect on %s.' % effect not in text else [],
            'another effect')


def keys_of_sinks_are_documented():
    body = re.search(r'schema_sink_keys\[\] = \{(.*?)\n\};',
        read('ctl/schema_sink.c'), re.S)[1]
    rows = re.findall(r'\b(?:INT|BOOL|ENUM|TEXT)\("([^"]+)",(.*?)\)'
        r'(?=,\s*(?:\n|$))', body, re.S)
    eq(len(rows), len(re.findall(r'\b(?:INT|BOOL|ENUM|TEXT)\(', body)))
    eq(len(rows) >= 45, True, 'keys of sinks')
    said = dict(items(page('defenseclaw-sinks.5')))
    for key, rest in rows:
        args = re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', rest)
        default, about = string(args[-2]), string(args[-1])
        must([key] if 'Va ' + key not in said else [], 'undocumented')
        text = prose(said['Va ' + key])
        must([key] if about[1:] not in text else [], 'another help text')
        must([key] if 'Default: %s.' % (default or 'empty') not in text
            else [], 'another default')
        numbers = re.findall(r'^\s*\w+,\s*(-?\d+),\s*(\d+),', rest)
        must([key] if numbers and 'number, %s to %s.' % numbers[0] not in
            text else [], 'other limits')


def messages_are_documented():
    text = page('defenseclaw-protocol.7')
    must([m for m in MSG if not re.search(r'\b%s\b' % m, text)],
        'undocumented')
    must([m for m in set(re.findall(r'\bMSG_\w+', text)) if m not in MSG],
        'no such message')


def principals_are_those_of_the_tables():
    words = {'READERS': 'auditor, operator;', 'OPERATOR': 'operator;',
        'CLIENT': 'client;', 'AUDITOR': 'auditor;'}
    said = {h[3:]: prose(b) for h, b in
        items(page('defenseclaw-protocol.7'))}
    n = 0
    for source, role in (('auditd/control.c', 'auditd'),
            ('gatewayd/api.c', 'gatewayd'), ('auditd/sign.c', 'signer')):
        for m in re.finditer(r'\{ (MSG_CTL_\w+),([^}]*)\}', read(source)):
            who = re.split(r'FD_\w+,', m[2])[1].split(',')[0].strip()
            n += 1
            if m[1] == 'MSG_CTL_STATUS':
                role = 'any role'
            eq(said[m[1]].startswith('to %s; %s' % (role, words[who])) or
                m[1] == 'MSG_CTL_STATUS' and words[who] in said[m[1]], True,
                '%s: %s' % (m[1], said[m[1]]))
            role = role if role != 'any role' else \
                source.split('/')[0]
    eq(n >= 15, True, 'rows of the dispatch tables')


def routes_are_documented():
    text = page('defenseclaw-protocol.7')
    heads = [h for h, _ in items(text)]
    routes = re.findall(r'\{ METHOD_(\w+), "([^"]+)"', read('gatewayd/api.c'))
    eq(len(routes) >= 14, True, 'routes')
    must(['%s %s' % r for r in routes if not any(re.search(
        r'\b%s %s(?![\w/-])' % r, h) for h in heads)], 'undocumented')


def setup_options(sub):
    """Names of the options that the table of ctl/setup.c gives a command."""
    body = re.search(r'\} opts\[\] = \{(.*?)\n\};', read('ctl/setup.c'),
        re.S)[1]
    rows = re.findall(r'(?:OF\(|\{ )("[^"]+"|NULL),\s*("[^"]+"|NULL),\s*'
        r'("[^"]+"|NULL)(?:,\s*("[^"]+"|NULL))?', body)
    bools = re.findall(r'BOOL\("([^"]+)"', read('ctl/schema.c'))
    for of, name, key, off in rows:
        if of.strip('"') not in ('NULL', sub):
            continue
        name = name if name != 'NULL' else key.rpartition('.')[2]
        name = name.strip('"').replace('_', '-')
        yield name
        if key.strip('"') in bools:
            yield off.strip('"') if off not in ('', 'NULL') else \
                'no-' + name


def commands_are_documented():
    source = read('ctl/defenseclawctl.c')
    options = dict(re.findall(r'\[O_(\w+)\] = \{ "([^"]+)"', source))
    body = re.search(r'ctl_cmds\[\] = \{(.*?)\n\};', source, re.S)[1]
    heads = [h for name in COMMANDS for h, _ in items(page(name))]
    n = 0
    for row in re.findall(r'\{ ("\w.*?)\}', body, re.S):
        m = re.match(r'"([^"]+)",\s*(?:"([^"]+)"|NULL)', row)
        name = m[1] + (' ' + m[2] if m[2] else '')
        head = [h for h in heads if re.match(r'Cm %s(?= [A-Z]|$)' % name, h)]
        eq(len(head), 1, name)
        bits = set(re.findall(r'BIT\((\w+)\)', row))
        if 'TEXT_OR_FILE' in row:
            bits |= {'CONTENT', 'FILE'}
        if 'SETUP_ALL' in row:
            bits |= {'NON_INTERACTIVE', 'DRY_RUN'}
        takes = [options[b] for b in bits]
        if 'SETUP_ALL' in row:
            takes += setup_options(m[2])
        must([o for o in takes if not re.search(r'-%s(?![\w-])' % o,
            head[0])], '%s: options that are not there' % name)
        must([o for o in re.findall(r'-(\w[\w-]+)', head[0][3 + len(name):])
            if o not in takes], '%s: no such options' % name)
        n += 1
    eq(n >= 30, True, 'commands')


def checks_are_documented():
    """Ids and texts of doctor's tables, in their order."""
    source = read('ctl/doctor/doctor.c')
    order = re.findall(r'\{ "\w+", (doc_\w+) \}', source)
    tables = {}
    for path in glob.glob(os.path.join(TOP, 'ctl/doctor/*.c')):
        for name, body in re.findall(r'^const struct check (doc_\w+)\[\] = '
                r'\{\n(.*?)^\};', read(path), re.S | re.M):
            tables[name] = re.findall(r'\{ "([\w.-]+)",((?:\s*"[^"]*")+)',
                body)
    eq(sorted(order), sorted(tables), 'sections')
    want = [c for name in order for c in tables[name]]
    eq(len(want) >= 45, True, 'checks')
    said = list(items(page('defenseclaw-doctor.8').split('.Sh CHECKS')[1].
        split('.Sh ')[0]))
    eq([h for h, _ in said], ['Cm ' + id for id, _ in want])
    for (id, what), (_, text) in zip(want, said):
        must([id] if string(what)[1:] + '.' not in prose(text) else [],
            'another text')


def exit_statuses_are_documented():
    enum = re.search(r'enum ctl_code \{(.*?)\};', read('common/proto.h'),
        re.S)[1]
    status = page('defenseclawctl.8').split('.Sh EXIT STATUS')[1]
    status = status.split('.Sh ')[0]
    eq([h for h, _ in items(status)], re.findall(r'= (\d+)', enum))


def defines():
    """Values of the limits, each name with the set of what it is defined as:
    the same name may be another thing in another role."""
    raw, out = set(), {}
    for path in glob.glob(os.path.join(TOP, '*', '**', '*.[ch]'),
            recursive=True):
        if os.path.relpath(path, TOP).split(os.sep)[0] in ('tests', 'build'):
            continue
        with open(path, encoding='utf-8') as f:
            raw.update(re.findall(r'^#define\s+((?:MAX|PEER)_\w+)[ \t]+'
                r'([\w(][\w *()+]*?)\s*(?:/\*.*)?$', f.read(), re.M))
    # from plain numbers to what is made of them
    for _ in range(3):
        for name, value in raw:
            value = re.sub(r'(?<=\d)U?L*\b', '', value)
            known = {n: max(v) for n, v in out.items() if len(v) == 1}
            try:
                out.setdefault(name, set()).add(eval(value, {}, known))
            except (NameError, SyntaxError, TypeError):
                pass
            if not out[name]:
                del out[name]
    return out


def amount(text):
    """The number a table cell begins with, in bytes where it has a unit."""
    m = re.match(r'(\d+)(?: (bytes|KiB|MiB))?', text)
    return int(m[1]) * UNITS.get(m[2], 1)


def limits_are_those_of_the_code():
    known = defines()
    n = 0
    for name in ('defenseclaw-protocol.7', 'defenseclaw-rules.5'):
        for const, value in re.findall(r'^\.It Dv ([A-Z_]+) Ta (.*)$',
                page(name), re.M):
            eq({amount(value)}, known.get(const), const)
            n += 1
    body = re.search(r'^conn_limits_default\(.*?^\}',
        read('gatewayd/conn_accept.c'), re.S | re.M)[0]
    fields = dict(re.findall(r'l->(\w+) = ([^;]+);', body))
    for field, value in re.findall(r'^\.It Va (\w+) Ta ([^\n]*?) Ta',
            page('defenseclaw-protocol.7'), re.M):
        eq(amount(value), eval(fields[field].replace('U', '')), field)
        n += 1
    eq(n >= 50, True, 'limits')


def enforcement_is_that_of_the_table():
    source = read('common/enforce.c')
    body = re.search(r'rows\[\] = \{(.*?)\n\};', source, re.S)[1]
    for name, text in re.findall(r'^#define (\w+)\s+(".*")$', source, re.M):
        body = re.sub(r'\b%s\b' % name, lambda m: text, body)
    words = r'((?:"[^"]*"\s*)+|NULL\b)'
    rows = re.findall(r'\{ "([^"]+)",\s*((?:"[^"]*"\s*)+),\s*LAYER_\w+,\s*'
        r'(NEED_\w+),\s*(\d+),\s*"([^"]*)",[^"]*?' + words + r',\s*' +
        words + r'\s*\}', body)
    eq(len(rows), body.count('LAYER_'))
    said = dict(items(page('defenseclaw-security.7')))
    readme = read('README.md')
    need = {'NEED_FLOOR': 'floor', 'NEED_FLOOR_SYSTEM':
        'floor of system mode', 'NEED_MORE': 'more'}
    for name, what, kind, abi, kernel, without, refusal in rows:
        what = string(what)
        text = prose(said['Cm ' + name])
        # what never refuses has a loss to tell, and the other way round
        eq(without == 'NULL', kind != 'NEED_MORE', name)
        eq(refusal == 'NULL', kind == 'NEED_MORE', name)
        if kind == 'NEED_MORE':
            must([name] if 'Without it: %s.' % string(without) not in text
                else [], 'another loss')
        else:
            must([name] if '.D1 %s\n' % string(refusal) not in
                said['Cm ' + name] else [], 'another refusal')
        must([name] if what not in text else [], 'another text')
        since = 'Linux %s%s.' % (kernel, ', Landlock ABI ' + abi if
            abi != '0' else '')
        must([name] if '%s, %s' % (need[kind].capitalize(), since)
            not in text else [], 'another need or kernel')
        must([name] if '| `%s` | %s | %s | %s%s |' % (name, what, need[kind],
            kernel, ', ABI ' + abi if abi != '0' else '') not in readme
            else [], 'not so in the README')


def readme_says_how():
    readme = read('README.md')
    make = read('Makefile')
    for command in ('make run', 'make check'):
        must([command] if command not in readme else [], 'missing')
    code = '\n'.join(re.findall(r'`([^`\n]+)`', readme) +
        [l for l in readme.splitlines() if l.startswith('    ')])
    for target in re.findall(r'\bmake ([a-z]+(?:-[a-z]+)*)', code):
        must([target] if not re.search(r'^%s\b.*:' % target, make, re.M)
            else [], 'no such target')
    for marker in ('boundary', 'figures', 'bench'):
        eq(readme.count('<!-- %s -->' % marker), 1, marker)
        eq(readme.count('<!-- /%s -->' % marker), 1, marker)


def references_lead_somewhere():
    names = {os.path.basename(p) for p in glob.glob(os.path.join(TOP, 'man',
        '*.[1-9]'))}
    for name in sorted(names):
        text = page(name)
        eq(text.count('.Nm %s\n' % name.rpartition('.')[0]) >= 1, True, name)
        must(['%s(%s)' % x for x in re.findall(
            r'^\.Xr (defenseclaw\S*) (\d)', text, re.M)
            if '%s.%s' % x not in names], '%s: no such page' % name)
    for name, section in re.findall(r'`(defenseclaw[\w.-]*)\((\d)\)`',
            read('README.md')):
        must([name] if '%s.%s' % (name, section) not in names else [],
            'README: no such page')


def service_files():
    unit = read('etc/systemd/defenseclaw.service')
    rc = read('etc/openrc/defenseclaw')
    for text in (unit, rc):
        eq(set(re.findall(r'@\w+@', text)), {'@LIBEXECDIR@', '@BINDIR@'})
    keep = re.search(r'keep = (.*?);', read(
        'ctl/defenseclawd/defenseclawd.c').partition('confine_self')[2].
        partition('paths.system')[2], re.S)[1]
    eq(set(' '.join(re.findall(r'^CapabilityBoundingSet=(.*)$', unit,
        re.M)).split()), set(re.findall(r'CAP_\w+', keep)))
    eq(subprocess.run(['sh', '-n', os.path.join(TOP,
        'etc/openrc/defenseclaw')]).returncode, 0, 'openrc script')
    analyze = shutil.which('systemd-analyze')
    bindir = os.environ.get('DC_BIN')
    if analyze is None or not bindir:
        print('    the unit is not verified: %s' % ('DC_BIN is not set' if
            analyze else 'no systemd-analyze here'))
        return
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, 'defenseclaw.service')
        with open(path, 'w') as f:
            f.write(re.sub(r'@\w+@', os.path.abspath(bindir), unit))
        r = subprocess.run([analyze, 'verify', '--man=no', path], text=True,
            capture_output=True)
        ours = [l for l in (r.stdout + r.stderr).splitlines()
            if 'defenseclaw' in l]
        must(ours, 'systemd-analyze verify')


def manual_pages_are_clean():
    for path in sorted(glob.glob(os.path.join(TOP, 'man', '*.[1-9]'))):
        r = subprocess.run(['mandoc', '-Tlint', '-Wwarning', path], text=True,
            capture_output=True)
        eq(r.stdout + r.stderr, '', os.path.basename(path))


def main():
    run([roles_are_as_in_their_source, boundary_table_is_whole,
        lines_are_counted, system_calls_are_counted,
        keys_are_documented, keys_of_sinks_are_documented,
        messages_are_documented,
        principals_are_those_of_the_tables, routes_are_documented,
        commands_are_documented, checks_are_documented,
        exit_statuses_are_documented,
        limits_are_those_of_the_code, enforcement_is_that_of_the_table,
        readme_says_how, references_lead_somewhere, service_files])
    if shutil.which('mandoc') is None:
        raise Skip('mandoc is not installed; everything else is as it '
            'should be')
    run([manual_pages_are_clean])


if __name__ == '__main__':
    program(main)
