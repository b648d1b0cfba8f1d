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


"""One table of keys: what `config schema` prints, the manual page, the
completions and `config validate` say the same.  The schema is checked and
used by a validator that others wrote, python3-jsonschema."""

import copy

from lib import *

try:
    import jsonschema
    import yaml
except ImportError:
    # another Python may come first; Debian's has them
    if os.path.realpath(sys.executable) != os.path.realpath(
            '/usr/bin/python3'):
        os.execv('/usr/bin/python3', ['python3'] + sys.argv)
    jsonschema = None

CONF = os.path.join(TOP, 'tests', 'unit', 'conf')

schema = None


def ctl(*args):
    r = subprocess.run([os.path.join(env_dir('DC_BIN'), 'defenseclawctl'),
        *args], text=True, capture_output=True, timeout=CEILING,
        env={'PATH': os.environ['PATH'], 'HOME': '/nonexistent'})
    return r


def keys(node, path=''):
    """Every key of ours, by its path."""
    for name, sub in node.get('properties', {}).items():
        if 'x-takes-effect' in sub:
            yield path + name, sub
        yield from keys(sub, path + name + '.')


def errors(doc):
    v = jsonschema.Draft7Validator(schema)
    return ['%s: %s' % ('.'.join(map(str, e.path)), e.message)
        for e in v.iter_errors(doc)]


def set_in(doc, path, value):
    doc = copy.deepcopy(doc)
    *sections, last = path.split('.')
    at = doc
    for s in sections:
        at = at.setdefault(s, {})
    at[last] = value
    return doc


# --- tests -------------------------------------------------------------------

def it_is_a_schema():
    jsonschema.Draft7Validator.check_schema(schema)
    table = {k for k, _ in keys(schema)}
    with open(os.path.join(TOP, 'ctl', 'schema.c')) as f:
        body = re.search(r'schema_keys\[\] = \{(.*?)\n\};', f.read(),
            re.S)[1]
    eq(table, set(re.findall(r'\b(?:INT|BOOL|ENUM|TEXT)\("([^"]+)"', body)))
    # all defaults together are valid
    doc = {}
    for k, form in keys(schema):
        doc = set_in(doc, k, form['default'])
    eq(errors(doc), [])


def both_validators_agree():
    n = {True: 0, False: 0}
    for name in sorted(os.listdir(CONF)):
        path = os.path.join(CONF, name)
        if not name.endswith('.yaml'):
            continue
        try:
            with open(path, encoding='utf-8') as f:
                doc = yaml.safe_load(f)
        except (yaml.YAMLError, UnicodeError, ValueError):
            continue
        ours = ctl('config', 'validate', path).returncode == 0
        theirs = errors({} if doc is None else doc)
        if ours:
            eq(theirs, [], name)
        n[ours] += 1
    eq(n[True] >= 5 and n[False] >= 5, True, n)


def the_same_is_refused():
    """One wrong value for each key: both say no, and to what is right both
    say yes."""
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, 'c.yaml')

        def ours(doc):
            with open(path, 'w') as f:
                yaml.safe_dump(doc, f)
            return ctl('config', 'validate', path).returncode == 0

        for k, form in keys(schema):
            more = form.get('maximum', 0) + 1
            wrong = {'boolean': 'maybe', 'integer': more, 'number': more,
                'string': '../x'}.get(
                str(form.get('type')), 'x' * 600)
            for value, good in ((form['default'], True), (wrong, False)):
                doc = set_in({}, k, value)
                eq((ours(doc), not errors(doc)), (good, good),
                    '%s: %r' % (k, value))
        for doc in ({'gatewya': {}}, {'gateway': {'api_prot': 1}},
                {'gateway': 'x'}, {'audit_sinks': [{'kind': 'file'}]},
                {'audit_sinks': [{'name': 'a', 'kind': 'fiel'}]},
                {'audit_sinks': [{'name': 'a', 'kind': 'file',
                    'syslog': {'facility': 'user'}}]},
                {'audit_sinks': [{'name': 'a', 'kind': 'file', 'x': 1}]}):
            eq((ours(doc), not errors(doc)), (False, False), doc)
        for doc in ({}, {'gateway': None, 'llm': {'model': 'x'}},
                {'guardrail': {'scanner_mode': 'both'}},
                {'audit_sinks': [{'name': 'a', 'kind': 'file', 'actions':
                    ['x'], 'file': {'rotate_mb': 5}}]}):
            eq((ours(doc), errors(doc)), (True, []), doc)


def the_manual_says_the_same():
    with open(os.path.join(TOP, 'man', 'defenseclaw.yaml.5')) as f:
        said = dict(re.findall(r'^\.It Va (\S+)\n(.*?)(?=^\.(?:It|El))',
            f.read(), re.S | re.M))
    for k, form in keys(schema):
        text = ' '.join(said[k].split())
        if form.get('type') == 'boolean':
            want = 'Type: true or false.'
        elif form.get('type') in ('integer', 'number'):
            want = 'Type: number, %d to %d.' % (form['minimum'],
                form['maximum'])
        elif 'enum' in form:
            want = 'Type: one of %s.' % ', '.join(x for x in form['enum']
                if x)
        else:
            want = 'Type: '
        eq(want in text, True, '%s: %s' % (k, want))
        about = form['description']
        eq(about[1:] in text, True, '%s: %s' % (k, about))


def shells_complete_keys_and_values():
    script = ctl('completion', 'bash').stdout
    with tempfile.NamedTemporaryFile('w', suffix='.bash') as f:
        f.write(script)
        f.flush()

        def complete(*words):
            r = subprocess.run(['bash', '-c', '. %s; COMP_WORDS=("$@"); '
                'COMP_CWORD=$(($# - 1)); _defenseclawctl; printf "%%s\\n" '
                '"${COMPREPLY[@]}"' % f.name, 'x', 'defenseclawctl',
                *words], text=True, capture_output=True,
                cwd='/proc/self')
            return set(r.stdout.split())

        for k, form in keys(schema):
            eq(k in complete('config', 'set', k), True, k)
            values = [str(x) for x in form.get('enum', []) if x]
            if form.get('type') == 'boolean':
                values = ['true', 'false']
            if values:
                eq(set(values) <= complete('config', 'set', k, ''), True, k)
        eq('schema' in complete('config', ''), True)
        eq('observe' in complete('config', 'get', 'guardrail.mode', ''),
            False)
    fish = ctl('completion', 'fish').stdout
    for k, _ in keys(schema):
        eq(' -a %s\n' % k in fish, True, k)


def main():
    global schema
    r = ctl('config', 'schema')
    eq((r.returncode, r.stderr), (0, ''))
    schema = json.loads(r.stdout)
    run([the_manual_says_the_same, shells_complete_keys_and_values])
    if jsonschema is None:
        raise Skip('python3-jsonschema or python3-yaml is not installed; '
            'everything else is as it should be')
    run([it_is_a_schema, both_validators_agree, the_same_is_refused])


if __name__ == '__main__':
    program(main)
