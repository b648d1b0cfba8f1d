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



"""What we send as OTLP is what the published definitions of its messages
say: opentelemetry-proto reads our JSON and our protobuf."""

from peers import *
from receivers import Receiver

NUMBERS = {'INFO': 9, 'LOW': 9, 'MEDIUM': 13, 'HIGH': 17, 'CRITICAL': 21}


class Capture(Receiver):
    """Takes everything without looking into it."""

    def take(self, request):
        with self.lock:
            self.requests.append(request)
        return 200, b'' if self.binary else {}

    binary = False


def decode(python, encoding, receiver, where):
    paths = []
    with receiver.lock:
        bodies = [r.body for r in receiver.requests]
    for n, body in enumerate(bodies):
        paths.append(os.path.join(where, '%s.%d' % (encoding, n)))
        with open(paths[-1], 'wb') as f:
            f.write(body)
    r = subprocess.run([python, os.path.join(PEERS, 'decode_otlp.py'),
        encoding, *paths], text=True, capture_output=True, timeout=60)
    eq(r.returncode, 0, r.stderr)
    return [json.loads(l) for l in r.stdout.splitlines()]


def check(s, records, what):
    rows = {r['seq']: r for r in s.rows()}
    for r in records:
        row = rows[int(r['attr']['audit.seq'])]
        eq(r['severity'], row['severity'], what)
        eq(r['number'], NUMBERS[row['severity']], what)
        eq(r['attr']['audit.id'], row['id'], what)
        eq(r['attr']['audit.hash'], row['hash'], what)
        eq(json.loads(r['body'])['action'], row['action'], what)
        eq(time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(r['time'] //
            10 ** 9)), row['timestamp'][:19], what)
        eq(r['resource']['service.name'], 'defenseclaw-audit', what)
        if r['observed'] < r['time']:
            raise AssertionError('%s: observed before it was' % what)
    in_order([int(r['attr']['audit.seq']) for r in records])


def both_encodings():
    python = os.path.join(pypi('otlp', 'opentelemetry-proto'), 'python')
    j, p = Capture(), Capture()
    p.binary = True
    with Suite() as s:
        configure(s,
            sink('json', 'otlp_logs', 'http://127.0.0.1:%d' % j.port,
                _encoding='json'),
            sink('proto', 'otlp_logs', 'http://127.0.0.1:%d' % p.port,
                _encoding='protobuf', _gzip='true'))
        s.start()
        cause(s)
        s.post('/api/v1/inspect/tool', {'tool': 'shell',
            'args': {'command': ATTACK}})
        settled(s, ('json', 'proto'))
        for encoding, r in (('json', j), ('protobuf', p)):
            got = decode(python, encoding, r, s.dir)
            eq({int(g['attr']['audit.seq']) for g in got},
                {r['seq'] for r in s.rows()}, encoding)
            check(s, got, encoding)
    j.close()
    p.close()


if __name__ == '__main__':
    program(lambda: run([both_encodings]))
