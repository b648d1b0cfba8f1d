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



"""syslog-ng of Debian takes what we send: over TCP and TLS with octet
counting and on its local socket."""

from peers import *

CONF = '''@version: 3.38
options { keep-hostname(yes); log-msg-size(%(max)d); stats-freq(0); };
source tcp { syslog(transport("tcp") ip("127.0.0.1") port(%(tcp)d)); };
source tls { syslog(transport("tls") ip("127.0.0.1") port(%(tls)d)
  tls(key-file("%(key)s") cert-file("%(cert)s")
    peer-verify(optional-untrusted))); };
source local { unix-dgram("%(local)s" flags(syslog-protocol)); };
template msg { template("$MESSAGE\\n"); template-escape(no); };
destination tcp { file("%(out)s.tcp" template(msg)); };
destination tls { file("%(out)s.tls" template(msg)); };
destination local { file("%(out)s.local" template(msg)); };
log { source(tcp); destination(tcp); };
log { source(tls); destination(tls); };
log { source(local); destination(local); };
'''


class SyslogNg(SyslogDaemon):
    packages = ('syslog-ng-core',)
    conf_text = CONF

    def start(self):
        lib = os.path.join(self.root, 'usr/lib/x86_64-linux-gnu')
        libs = [lib, os.path.join(self.root, 'lib/x86_64-linux-gnu'),
            os.path.join(self.root, 'usr/lib/syslog-ng')]
        d = self.dir
        modules = next(r for r, _, files in os.walk(self.root)
            if 'libaffile.so' in files)
        self.begin([os.path.join(self.root, 'usr/sbin/syslog-ng'), '-F',
            '--no-caps', '-f', self.conf, '-R', d + '/persist', '-p',
            d + '/pid', '-c', d + '/control', '--module-path', modules],
            self.listening, {'LD_LIBRARY_PATH': ':'.join(libs)})


def all_ways():
    all_ways_of_syslog(SyslogNg)


if __name__ == '__main__':
    program(lambda: run([all_ways]))
