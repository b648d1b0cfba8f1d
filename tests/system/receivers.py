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


"""Receivers of audit events that do as a test says: a HEC, an OTLP endpoint
and a JSON lines endpoint over HTTP or HTTPS, and syslog over a stream."""

import base64
import gzip
import hashlib
import http.server
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading


def ok_hec(request):
    return 200, {'text': 'Success', 'code': 0}


class Request:
    """One request as it came: path, headers (lower case), body, events."""

    def __init__(self, path, headers, body):
        self.path = path
        self.headers = headers
        self.raw = body
        if headers.get('content-encoding') == 'gzip':
            body = gzip.decompress(body)
        self.body = body

    @property
    def lines(self):
        return [json.loads(l) for l in self.body.decode().split('\n') if l]

    @property
    def rows(self):
        """The export rows in it, whatever is around them."""
        if self.headers.get('content-type') == 'application/x-ndjson':
            return self.lines
        if 'resourceLogs' in self.body[:20].decode('latin-1'):
            return [otlp_row(r) for r in otlp_records(self.body)]
        return [l['event'] for l in self.lines]


def otlp_records(body):
    out = []
    for rl in json.loads(body)['resourceLogs']:
        for sl in rl['scopeLogs']:
            out += sl['logRecords']
    return out


def otlp_row(record):
    row = {a['key'][6:]: a['value']['stringValue']
        for a in record['attributes']}
    row['seq'] = int(row['seq'])
    return row


class Receiver:
    """An HTTP server; answer(request) gives (status, body[, headers]), None
    to close without a word.  What was answered with 2xx is in accepted."""

    def __init__(self, answer=ok_hec, tls=None, port=0, host='127.0.0.1'):
        self.answer = answer
        self.requests = []
        self.accepted = []
        self.lock = threading.Lock()
        self.tls = tls
        self.open = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def setup(self):
                self.request.settimeout(30)
                super().setup()

            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                r = Request(self.path, {k.lower(): v for k, v in
                    self.headers.items()}, body)
                got = outer.take(r)
                if got is None:
                    self.close_connection = True
                    return
                status, data, headers = (*got, {})[:3]
                if not isinstance(data, bytes):
                    data = json.dumps(data).encode()
                self.send_response(status)
                for k, v in headers.items():
                    self.send_header(k, v)
                if 'Content-Length' not in headers:
                    self.send_header('Content-Length', str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_PUT = do_POST

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True
            address_family = socket.AF_INET6 if ':' in host else \
                socket.AF_INET

            def get_request(self):
                sock, addr = super().get_request()
                if outer.tls is not None:
                    sock = outer.tls.wrap_socket(sock, server_side=True,
                        do_handshake_on_connect=False)
                outer.open.append(sock)
                return sock, addr

            def handle_error(self, request, addr):
                pass            # a client that gave up is no error of ours

        self.server = Server((host, port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
            kwargs={'poll_interval': 0.05}, daemon=True).start()

    def take(self, request):
        with self.lock:
            self.requests.append(request)
            got = self.answer(request)
            if got is not None and 200 <= got[0] < 300 and \
                    '/ack' not in request.path:
                self.accepted += request.rows
            return got

    def seqs(self):
        with self.lock:
            return [int(r['seq']) for r in self.accepted]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        for sock in self.open:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass            # it is closed already


class Syslog:
    """Octet counted messages (RFC 6587) from any number of connections."""

    def __init__(self, tls=None, port=0):
        self.messages = []
        self.tls = tls
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind(('127.0.0.1', port))
        self.sock.listen(16)
        self.port = self.sock.getsockname()[1]
        self.open = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            self.open.append(conn)
            threading.Thread(target=self.read, args=(conn,),
                daemon=True).start()

    def read(self, conn):
        try:
            if self.tls is not None:
                conn = self.tls.wrap_socket(conn, server_side=True)
            buf = b''
            while True:
                got = conn.recv(65536)
                if not got:
                    return
                buf += got
                while b' ' in buf[:8]:
                    n, _, rest = buf.partition(b' ')
                    if len(rest) < int(n):
                        break
                    self.messages.append(rest[:int(n)].decode())
                    buf = rest[int(n):]
        except (OSError, ValueError):
            return

    def seqs(self):
        return [json.loads(m[m.index('] {') + 2:])['seq']
            for m in list(self.messages)]

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        for c in self.open:
            try:
                c.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            c.close()


class LocalSyslog:
    """A datagram socket such as /dev/log, open to everybody."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix='dc')
        os.chmod(self.dir, 0o755)
        self.path = os.path.join(self.dir, 'log')
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.path)
        os.chmod(self.path, 0o666)
        self.messages = []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            got = self.sock.recv(1 << 20)
            if not got:
                return
            self.messages.append(got.decode())

    def close(self):
        end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        end.connect(self.path)
        end.send(b'')
        end.close()
        self.thread.join()
        self.sock.close()
        shutil.rmtree(self.dir)


class Authority:
    """Certificates for a test, made with openssl(1) in a directory."""

    def __init__(self, where):
        self.dir = where
        self.key, self.cert = self.path('ca.key'), self.path('ca.pem')
        self.run('req', '-x509', '-newkey', 'ec', '-pkeyopt',
            'ec_paramgen_curve:P-256', '-nodes', '-keyout', self.key, '-out',
            self.cert, '-subj', '/CN=test authority', '-days', '2')

    def path(self, name):
        return os.path.join(self.dir, name)

    @staticmethod
    def run(*args):
        subprocess.run(['openssl', *args], check=True, capture_output=True)

    def issue_ip(self, name, address):
        return self.issue(name, host=address, kind='IP')

    def issue(self, name, host='localhost', days='2', self_signed=False,
            usage='serverAuth', kind='DNS'):
        key, csr, cert = (self.path(name + e)
            for e in ('.key', '.csr', '.pem'))
        self.run('req', '-new', '-newkey', 'ec', '-pkeyopt',
            'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', csr,
            '-subj', '/CN=' + host)
        os.chmod(key, 0o600)
        ext = self.path(name + '.ext')
        with open(ext, 'w') as f:
            f.write('subjectAltName=%s:%s\nextendedKeyUsage=%s\n' % (kind,
                host, usage))
        sign = ['-signkey', key] if self_signed else \
            ['-CA', self.cert, '-CAkey', self.key, '-CAcreateserial']
        self.run('x509', '-req', '-in', csr, '-out', cert, '-days', days,
            '-extfile', ext, *sign)
        return cert, key

    @staticmethod
    def pin(cert):
        spki = subprocess.run(['openssl', 'x509', '-in', cert, '-noout',
            '-pubkey'], check=True, capture_output=True).stdout
        der = subprocess.run(['openssl', 'pkey', '-pubin', '-outform', 'DER'],
            input=spki, check=True, capture_output=True).stdout
        return 'sha256//' + base64.b64encode(
            hashlib.sha256(der).digest()).decode()

    def server(self, cert, key, client_ca=None):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(cert, key)
        if client_ca:
            c.load_verify_locations(client_ca)
            c.verify_mode = ssl.CERT_REQUIRED
        return c
