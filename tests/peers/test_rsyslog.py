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



"""rsyslog of Debian takes what we send: over TCP and TLS with octet counting
and on its local socket."""

from peers import *

CONF = '''global(workDirectory="%(dir)s" maxMessageSize="%(max)d"
  defaultNetstreamDriverCAFile="%(ca)s"
  defaultNetstreamDriverCertFile="%(cert)s"
  defaultNetstreamDriverKeyFile="%(key)s")
module(load="imptcp")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1"
  streamDriver.authMode="anon")
module(load="imuxsock" sysSock.use="off")
template(name="msg" type="string" string="%%msg%%\\n")
ruleset(name="tcp") { action(type="omfile" file="%(out)s.tcp" template="msg") }
ruleset(name="tls") { action(type="omfile" file="%(out)s.tls" template="msg") }
ruleset(name="local") {
  action(type="omfile" file="%(out)s.local" template="msg")
}
input(type="imptcp" address="127.0.0.1" port="%(tcp)d" ruleset="tcp")
input(type="imtcp" address="127.0.0.1" port="%(tls)d" ruleset="tls")
input(type="imuxsock" socket="%(local)s" useSpecialParser="off"
  rateLimit.interval="0" ruleset="local")
'''


class Rsyslog(SyslogDaemon):
    packages = ('rsyslog', 'rsyslog-openssl')
    conf_text = CONF

    def start(self):
        lib = os.path.join(self.root, 'usr/lib/x86_64-linux-gnu')
        self.begin([os.path.join(self.root, 'usr/sbin/rsyslogd'), '-n',
            '-f', self.conf, '-i', os.path.join(self.dir, 'pid'), '-M',
            os.path.join(lib, 'rsyslog')],
            self.listening, {'LD_LIBRARY_PATH': lib})


def all_ways():
    all_ways_of_syslog(Rsyslog)


if __name__ == '__main__':
    program(lambda: run([all_ways]))
