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



"""The OpenTelemetry Collector, built from its modules, takes what we send:
JSON and protobuf, over HTTP and HTTPS, with and without gzip.

Its splunk_hec receiver is not in it: that module is not served by the
module proxy (asked for: v0.162.0, the version of the other modules).
"""

from peers import *
from receivers import otlp_records, otlp_row

SOURCE = os.path.join(PEERS, 'collector')
MAX_BUILD = 800         # seconds: 4.5 minutes were seen with two cores
CONF = '''receivers:
  otlp/plain:
    protocols: {http: {endpoint: 127.0.0.1:%(plain)d}}
  otlp/tls:
    protocols:
      http:
        endpoint: 127.0.0.1:%(tls)d
        tls: {cert_file: %(cert)s, key_file: %(key)s}
exporters:
  file/plain: {path: %(out)s.plain, append: true, flush_interval: 100ms}
  file/tls: {path: %(out)s.tls, append: true, flush_interval: 100ms}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    logs/plain: {receivers: [otlp/plain], exporters: [file/plain]}
    logs/tls: {receivers: [otlp/tls], exporters: [file/tls]}
'''


def build():
    """The collector, once for each state of its sources."""
    if shutil.which('go') is None:
        raise Skip('the collector cannot be built: there is no go')
    root = os.path.join(PLACE, 'collector')
    prog = os.path.join(root, 'collector')
    names = sorted(os.listdir(SOURCE))
    stamp = '\n'.join(open(os.path.join(SOURCE, n)).read() for n in names)
    try:
        with open(os.path.join(root, 'stamp')) as f:
            if f.read() == stamp and os.path.exists(prog):
                return prog
    except FileNotFoundError:
        pass
    shutil.rmtree(root, ignore_errors=True)
    src = os.path.join(root, 'src')
    shutil.copytree(SOURCE, src)
    attempt(['go', 'mod', 'download'], 'modules of the collector', cwd=src)
    r = subprocess.run(['nice', 'go', 'build', '-trimpath', '-ldflags=-s -w',
        '-o', prog, '.'], cwd=src, text=True, capture_output=True,
        timeout=MAX_BUILD)
    eq(r.returncode, 0, r.stderr)
    with open(os.path.join(root, 'stamp'), 'w') as f:
        f.write(stamp)
    return prog


def record(r):
    us = int(r['timeUnixNano']) // 1000
    return dict(otlp_row(r), timestamp=time.strftime('%Y-%m-%dT%H:%M:%S',
        time.gmtime(us // 10 ** 6)) + '.%06dZ' % (us % 10 ** 6))


class Collector(Daemon):
    def __init__(self):
        super().__init__()
        self.prog = build()
        self.plain, self.tls = free_port(), free_port()
        ca = Authority(self.dir)
        cert, key = ca.issue('collector')
        self.ca = ca.cert
        self.conf = os.path.join(self.dir, 'conf.yaml')
        with open(self.conf, 'w') as f:
            f.write(CONF % {'out': self.out, 'cert': cert, 'key': key,
                'plain': self.plain, 'tls': self.tls})

    def start(self):
        self.begin([self.prog, '--config', 'file:' + self.conf],
            lambda: listens(self.plain, self.tls))

    def rows(self, which):
        try:
            with open(self.out + '.' + which) as f:
                return [record(r) for l in f.read().split('\n')[:-1]
                    for r in otlp_records(l)]
        except FileNotFoundError:
            return []


def json_and_protobuf():
    with Collector() as peer, Suite() as s:
        configure(s,
            sink('plain', 'otlp_logs', 'http://127.0.0.1:%d' % peer.plain,
                _encoding='json'),
            sink('tls', 'otlp_logs', 'https://localhost:%d' % peer.tls,
                _encoding='protobuf', _gzip='true', ca_file=peer.ca))
        s.start()
        through_a_restart(s, peer, {w: lambda w=w: peer.rows(w)
            for w in ('plain', 'tls')}, ('plain', 'tls'))


if __name__ == '__main__':
    program(lambda: run([json_and_protobuf]))
