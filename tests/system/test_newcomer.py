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


"""The newcomer's page, run: every command of tests/newcomer.md on a host that
has neither DefenseClaw nor any interface but lo, and what each prints held
against the page.  The README's first steps are all on it.

It runs itself again in a network and mount namespace of its own, with /etc,
/usr/local, /run and what is below /var/lib and /var/log its own.
"""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

from lib import *
from receivers import Authority, Receiver
from test_checklist import lo_up

PAGE = os.path.join(TOP, 'tests', 'newcomer.md')
HOSTS = ('splunk.internal', 'chat.internal')
TOKEN = '5d1c4a70-1111-2222-3333-444455556666'
MAX_COMMAND_S = 120
OWN = ('/etc', '/usr/local', '/var/lib', '/var/log')
HOLES = {'<time>': r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ', '<n>': r'\d+',
    '<hash>': r'[0-9a-f]{12,64}', '<token>': r'\S{20,}', '<line>': r'.*'}


class Chat(Receiver):
    """What is taken is no row of the log."""

    def take(self, request):
        with self.lock:
            self.requests.append(request)
            return self.answer(request)


def blocks(text, kind):
    return re.findall(r'^```%s\n(.*?)^```$' % kind, text, re.M | re.S)


def commands(text):
    """(command, lines that it is to print) of console blocks; a command goes
    on while the shell would ask for more."""
    out = []
    for block in blocks(text, 'console'):
        for line in block.splitlines():
            if line.startswith('$ '):
                out.append((line[2:], []))
            elif is_open(out[-1][0]) and not out[-1][1]:
                out[-1] = (out[-1][0] + '\n' + line, [])
            else:
                out[-1][1].append(line)
    return out


def is_open(command):
    return command.endswith('\\') or command.count("'") % 2 == 1


def words(command):
    return ' '.join(command.replace('\\\n', ' ').split())


def the_readme_says_the_same():
    """Nothing is on the README's first steps that is not run here."""
    with open(os.path.join(TOP, 'README.md')) as f:
        text = re.search(r'^## First steps for an operator\n(.*?)^## ',
            f.read(), re.M | re.S)[1]
    with open(PAGE) as f:
        here = [words(c) for c, _ in commands(f.read())]
    said = re.sub(r'\\\n', ' ', '\n'.join(re.findall(r'^    (\S.*|    .*)$',
        text, re.M)))
    said = [words(re.sub(r'\s+# .*', '', l)) for l in said.splitlines()]
    eq(len(said) > 12, True, said)
    # what it reads may stand behind it
    places = []
    for line in said:
        found = [i for i, h in enumerate(here) if h == line or
            h.startswith(line + ' <')]
        eq(len(found) > 0, True, line)
        places.append(found[0])
    # and in its order
    eq(places, sorted(places), said)


def pattern(line):
    """A line of the page; how wide a column is, is not its matter."""
    out = ''
    for part in re.split('(%s| +)' % '|'.join(HOLES), line.rstrip()):
        out += HOLES.get(part) or (' +' if part.isspace() else
            re.escape(part))
    return re.compile(out + r' *\Z')


def compare(want, got):
    """None, or the line of the page that does not come."""
    at, free = 0, False
    for line in want:
        if line == '...':
            free = True
            continue
        p = pattern(line)
        while free and at < len(got) and not p.match(got[at]):
            at += 1
        if at == len(got) or not p.match(got[at]):
            return line
        at, free = at + 1, False
    return None if free or at == len(got) else '(no more)'


class Shell:
    """Commands as somebody types them, at a terminal."""

    def __init__(self, bindir, cwd):
        self.status = 0
        self.cwd = cwd
        self.env = {'PATH': bindir + ':/usr/local/bin:/usr/local/sbin:'
            '/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': cwd, 'TERM': 'dumb',
            'LC_ALL': 'C.UTF-8'}

    def __call__(self, command):
        main, other = pty.openpty()
        p = subprocess.Popen(['sh', '-c', '(exit %d); %s' % (self.status,
            command)], stdin=other, stdout=other, stderr=other, env=self.env,
            cwd=self.cwd if 'make ' not in command else TOP,
            start_new_session=True)
        os.close(other)
        out, end = b'', time.monotonic() + MAX_COMMAND_S
        while time.monotonic() < end:
            gone = p.poll() is not None
            # what it started may keep the terminal open
            if select.select([main], [], [], 0 if gone else 0.05)[0]:
                try:
                    data = os.read(main, 65536)
                except OSError:
                    data = b''
                out += data
                if data:
                    continue
            if gone:
                break
        os.close(main)
        if p.poll() is None:
            p.kill()
            p.wait()
            raise AssertionError('%s\n%s\ndoes not end' % (command,
                out.decode()))
        self.status = p.returncode
        return out.decode().replace('\r', '').splitlines()


def hold(shell):
    with open(PAGE) as f:
        page = commands(f.read())
    for i, (command, want) in enumerate(page):
        got = shell(command)
        bad = compare(want, got)
        if bad is not None:
            raise AssertionError('$ %s\n%s\n\nis not what the page says: %s' %
                (command, '\n'.join(got), bad))
        asked = i + 1 < len(page) and '$?' in page[i + 1][0]
        eq(shell.status == 0 or asked, True, '%s: status %d\n%s' % (command,
            shell.status, '\n'.join(got)))
        if command.endswith(' doctor'):
            # of a host in a test nothing keeps the clock
            eq([l for l in got if re.match(r'(WARN|FAIL) +(?! |clock\.)', l)],
                [], '\n'.join(got))
    return len(page)


def bind(new, path):
    subprocess.run(['mount', '--bind', new, path], check=True)


def a_host(place, ca):
    """This one, without what may be of an earlier DefenseClaw."""
    subprocess.run(['mount', '--make-rprivate', '/'], check=True)
    lo_up()
    for path in OWN:
        new = os.path.join(place, path[1:].replace('/', '-'))
        os.mkdir(new, 0o755)
        # of /usr/local what this very program may be from
        for name in os.listdir('/usr/local/lib') if path == '/usr/local' \
                else ():
            if name.startswith('python'):
                os.makedirs(new + '/lib/' + name)
                bind('/usr/local/lib/' + name, new + '/lib/' + name)
        if path == '/etc':
            subprocess.run(['cp', '-a', '/etc/.', new], check=True)
            shutil.rmtree(new + '/defenseclaw', ignore_errors=True)
            for name in ('passwd', 'group', 'shadow', 'gshadow'):
                without(os.path.join(new, name))
        subprocess.run(['mount', '--rbind', new, path], check=True)
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs',
        '/run'], check=True)
    for path, text in (('/etc/hosts', '127.0.0.1 localhost\n' + ''.join(
            '127.0.0.1 %s\n' % h for h in HOSTS)), ('/etc/resolv.conf', '')):
        if os.path.lexists(path):
            os.unlink(path)
        with open(path, 'w') as f:
            f.write(text)
    os.makedirs('/etc/ssl/certs', exist_ok=True)
    path = '/etc/ssl/certs/ca-certificates.crt'
    if os.path.lexists(path):
        os.unlink(path)
    shutil.copy(ca.cert, path)
    os.chmod(path, 0o644)
    # the client says the version that its hooks were tested with
    with open(os.path.join(TOP, 'ctl/agent.c')) as f:
        version = re.search(r'"allowManagedHooksOnly",\s+"([\d.]+)"',
            f.read())[1]
    with open(os.path.join(place, 'bin/claude'), 'w') as f:
        f.write('#!/bin/sh\necho "%s (Claude Code)"\n' % version)
    os.chmod(f.name, 0o755)
    # a server that nothing comes from
    with open(os.path.join(place, 'bin/npx'), 'w') as f:
        f.write('#!/bin/sh\ncat > /dev/null\n')
    os.chmod(f.name, 0o755)
    for name, text in (('hec.token', TOKEN), ('hook.path',
            '/services/T0/B0/not-to-be-shown')):
        with open(os.path.join(place, 'home', name), 'w') as f:
            f.write(text + '\n')
        os.chmod(f.name, 0o600)


def without(path):
    try:
        with open(path) as f:
            lines = [l for l in f if not l.startswith('defenseclaw')]
    except FileNotFoundError:
        return
    with open(path, 'w') as f:
        f.writelines(lines)


def settings():
    """What clients of this host go by."""
    found = {}
    for d in ('/etc/claude-code', '/etc/codex'):
        for root, _, names in os.walk(d):
            for name in names:
                with open(os.path.join(root, name), 'rb') as f:
                    found[f.name] = f.read()
    return found


def within():
    place = os.environ['DC_INSIDE']
    ca = Authority(place)
    hec = chat = None
    try:
        for name in ('home', 'bin'):
            os.mkdir(os.path.join(place, name), 0o755)
        a_host(place, ca)
        with open(place + '/bin/sudo', 'w') as f:
            f.write('#!/bin/sh\nexec "$@"\n')
        os.chmod(f.name, 0o755)
        hec = Receiver(tls=ca.server(*ca.issue('hec', HOSTS[0],
            days='400')), port=8088)
        chat = Chat(lambda r: (200, b'ok'), tls=ca.server(*ca.issue(
            'chat', HOSTS[1], days='400')), port=443)
        shell = Shell(place + '/bin', place + '/home')
        before = settings()
        try:
            n = hold(shell)
        finally:
            shell('sudo %s/defenseclawctl stop' % env_dir('DC_BIN'))
        eq(settings(), before, "clients' files")
        eq(os.path.exists('/usr/local/bin/defenseclawctl'), False)
        blocked = [r for r in hec.accepted if r['action'] ==
            'inspect-tool-block']
        eq(len(blocked) >= 2, True, 'what the collector has')
        print('    %d commands, %d rows at the collector, %d posts at the '
            'webhook' % (n, len(hec.accepted), len(chat.requests)))
    finally:
        for r in (hec, chat):
            if r is not None:
                r.close()


def the_page_is_what_happens():
    need_root()
    for name in ('unshare', 'openssl', 'make'):
        if shutil.which(name) is None:
            raise Skip('%s is not installed' % name)
    # make install must find this build, and build nothing
    if os.path.realpath(env_dir('DC_BIN')) != os.path.realpath(os.path.join(
            TOP, 'build/bin')):
        raise Skip('the build to install is not in build/')
    # to be removed out here, where nothing is mounted on it
    with tempfile.TemporaryDirectory(prefix='dc') as place:
        os.chmod(place, 0o755)
        r = subprocess.run(['unshare', '--net', '--mount', sys.executable,
            os.path.abspath(__file__)], env={**os.environ, 'DC_INSIDE':
            place})
    if r.returncode == 77:
        raise Skip('see above')
    eq(r.returncode, 0, 'the page')


def main():
    if 'DC_INSIDE' in os.environ:
        within()
    else:
        run([the_readme_says_the_same, the_page_is_what_happens])


if __name__ == '__main__':
    program(main)
