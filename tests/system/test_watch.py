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


"""status --watch on a terminal: what it draws, what it sends to draw it
again, and how it ends."""

import pty
import select
import termios

from lib import *

suite = None


class Terminal:
    """A VT100, as far as the command may know one."""

    def __init__(self, rows=40, cols=100, speed=None, args=()):
        self.rows, self.cols = rows, cols
        self.sent = 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            suite.become()
            os.execve(os.path.join(suite.bin, 'defenseclawctl'),
                ['defenseclawctl', 'status', '--watch', *args],
                suite.env())
        self.size(rows, cols)
        if speed is not None:
            t = termios.tcgetattr(self.fd)
            t[4] = t[5] = speed
            termios.tcsetattr(self.fd, termios.TCSANOW, t)
        self.clear()

    def size(self, rows, cols):
        self.rows, self.cols = rows, cols
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows,
            cols, 0, 0))

    def clear(self):
        self.text = [[' '] * self.cols for _ in range(self.rows)]
        self.y = self.x = 0

    def draw(self, data):
        for m in re.finditer(rb'\x1b\[(\d+);(\d+)H|\x1b\[(H|K|2J)|([ -~])|'
                rb'(\r\n|\n)|(.)', data, re.S):
            if m[6]:
                raise AssertionError('no VT100 has %r' % data[m.start():])
            if m[1]:
                self.y, self.x = int(m[1]) - 1, int(m[2]) - 1
            elif m[3] == b'H':
                self.y = self.x = 0
            elif m[3] == b'2J':
                self.text = [[' '] * self.cols for _ in range(self.rows)]
            elif m[3] == b'K':
                self.text[self.y][self.x:] = [' '] * (self.cols - self.x)
            elif m[4]:
                self.text[self.y][self.x] = m[4].decode()
                self.x += 1

    def read(self, until, what, seconds=CEILING):
        end = time.monotonic() + seconds
        while not until(self.shown()):
            if time.monotonic() > end:
                raise AssertionError('%s: not within %d s:\n%s' % (what,
                    seconds, self.shown()))
            if select.select([self.fd], [], [], 0.2)[0]:
                data = os.read(self.fd, 65536)
                self.sent += len(data)
                self.draw(data)
        return self.shown()

    def shown(self):
        return '\n'.join(''.join(l).rstrip() for l in self.text)

    def ends(self, code=0):
        try:
            while os.read(self.fd, 65536):
                pass
        except OSError:
            pass
        eq(os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]), code)
        os.close(self.fd)


def a_picture():
    for _ in range(3):
        suite.post('/api/v1/inspect/tool', {'tool': 'shell', 'args':
            ATTACK})
    t = Terminal()
    text = t.read(lambda s: 'LAST ALERTS' in s and 'TEST-PIPE' in s,
        'the picture')
    for word in ('DefenseClaw', 'verdicts', 'PROCESS', 'auditd', 'signer',
            'gatewayd.1', 'ready', 'TOP RULES', 'TEST-PIPE-SHELL',
            'CRITICAL', 'inspect-tool-block', 'log ok'):
        eq(word in text, True, '%s:\n%s' % (word, text))
    # what comes next changes little, and little is sent
    second = text.splitlines()[0]
    t.sent = 0
    t.read(lambda s: s.splitlines()[0] != second, 'the next picture')
    eq(t.sent < 960, True, '%d bytes, 9600 baud carry 960 a second' %
        t.sent)
    suite.post('/api/v1/inspect/tool', {'tool': 'shell', 'args':
        'highly-suspicious'})
    t.read(lambda s: 'TEST-HIGH' in s, 'a new alert')
    os.write(t.fd, b'x')
    os.write(t.fd, b'q')
    t.ends()


def sizes():
    t = Terminal(12, 40)
    text = t.read(lambda s: 'PROCESS' in s, 'a small one')
    eq(max(map(len, text.splitlines())) < 40, True, text)
    t.size(45, 120)
    t.clear()
    t.read(lambda s: 'LAST ALERTS' in s and 'DefenseClaw' in s,
        'a larger one')
    t.size(1, 2)
    t.clear()
    os.kill(t.pid, signal.SIGINT)
    t.ends()


def a_slow_line():
    t = Terminal(speed=termios.B9600)
    t.read(lambda s: 'LAST ALERTS' in s, 'the picture')
    os.kill(t.pid, signal.SIGTERM)
    t.ends()


def suite_that_stops():
    t = Terminal()
    t.read(lambda s: 'LAST ALERTS' in s, 'the picture')
    suite.stop()
    t.read(lambda s: 'not running' in s, 'that it is gone')
    suite.start()
    t.read(lambda s: 'LAST ALERTS' in s, 'that it is back')
    # the terminal is as it was
    modes = termios.tcgetattr(t.fd)[3]
    eq(modes & termios.ECHO, 0)
    os.write(t.fd, b'q')
    wait_for(lambda: termios.tcgetattr(t.fd)[3] & termios.ECHO, 'echo')
    t.ends()


def every_row_counts():
    """The rules that came most often of the whole period, not of what one
    answer holds; and none from before it."""
    c = Client(suite)
    for _ in range(700):
        c.post('/api/v1/inspect/tool', {'tool': 'shell', 'args': 'highly-'
            'suspicious'})
    for _ in range(1300):
        c.post('/api/v1/inspect/tool', {'tool': 'shell', 'args': 'nothing'})
    c.close()
    n = len(suite.rows("details LIKE '%\"TEST-HIGH\"%'"))
    t = Terminal()
    t.read(lambda s: '%8d TEST-HIGH' % n in s, 'all of them')
    suite.post('/api/v1/inspect/tool', {'tool': 'shell', 'args': 'highly-'
        'suspicious'})
    t.read(lambda s: '%8d TEST-HIGH' % (n + 1) in s, 'one more')
    os.write(t.fd, b'q')
    t.ends()
    t = Terminal(args=('--since', '0s'))
    text = t.read(lambda s: 'LAST ALERTS' in s, 'none of the period')
    eq(bool(re.search('TOP RULES since .*: none', text)), True, text)
    eq('inspect-tool-alert' in text, True, 'alerts are the last, whenever')
    os.write(t.fd, b'q')
    t.ends()


def no_terminal():
    eq(suite.ctl('status', '--since', '1h').returncode, CTL_USAGE)
    eq(suite.ctl('status', '--watch', '--since', 'x').returncode, CTL_USAGE)
    eq(suite.ctl('status', '--watch').returncode, CTL_USAGE)
    eq(suite.ctl('status', '--watch', '--json').returncode, CTL_USAGE)


def main():
    global suite
    with Suite() as suite:
        suite.start()
        run([a_picture, sizes, a_slow_line, every_row_counts,
            suite_that_stops, no_terminal])


program(main)
