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


"""What audit export --format ocsf writes, held against the schema of the
class as a package of others has it, every row of a log with every kind of
verdict."""

from peers import *

VERSION = '1.3.0'
CHECK = '''
import json, sys
import jsonschema
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(sys.argv[1]))
v = jsonschema.Draft202012Validator(schema.get_class_schema(
    'detection_finding', ['security_control']))
n = 0
for line in sys.stdin:
    n += 1
    for e in v.iter_errors(json.loads(line)):
        sys.exit('line %d: %s: %s' % (n, list(e.path), e.message))
print(n)
'''


def check(text):
    return subprocess.run([prog, '-c', CHECK, VERSION], input=text,
        capture_output=True, text=True, timeout=120)


def main():
    global prog
    prog = os.path.join(pypi('ocsf', 'ocsf-json-schema', 'jsonschema'),
        'python')
    with Suite() as suite:
        suite.start()
        for text in (ATTACK, 'nothing', 'mildly-suspicious',
                'highly-suspicious', 'hardly-suspicious'):
            suite.post('/api/v1/inspect/tool', {'tool': 'shell', 'args':
                text})
            suite.post('/api/v1/inspect/request', {'content': text})
        suite.ctl('tool', 'block', 'x')
        suite.post('/audit/event', {'action': 'x-said', 'details': 'y'})
        out = suite.ctl('audit', 'export', '--format', 'ocsf').stdout
        r = check(out)
        eq((r.returncode, r.stdout), (0, '%d\n' % len(suite.rows())),
            r.stderr)
        # and the schema would say so if it were otherwise
        for change in (('"class_uid":2004', '"class_uid":"x"'),
                ('"metadata":', '"meta":'), ('"time":', '"when":')):
            eq(check(out.replace(*change)).returncode != 0, True, change)


program(main)
