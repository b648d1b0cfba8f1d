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


"""The auditor's report in a real browser: it is drawn, its policy lets its
own style through and nothing else, and no name in it becomes markup.  The
picture stays in build/peers/report.png, to be looked at."""

import glob
import struct

from peers import *



def browser():
    """The program and its environment."""
    path = shutil.which('chromium')
    if path is not None:
        return path, {}
    root = debian('chromium')
    libs = glob.glob(os.path.join(root, 'usr/lib/*-linux-gnu*'))
    return os.path.join(root, 'usr/lib/chromium/chromium'), {
        'LD_LIBRARY_PATH': ':'.join(libs)}


def shown(path, *args):
    prog, env = browser()
    home = tempfile.mkdtemp(prefix='dcchromium')
    try:
        r = subprocess.run([prog, '--headless', '--no-sandbox',
            '--disable-gpu', '--no-first-run', '--hide-scrollbars',
            '--enable-logging=stderr', '--user-data-dir=' + home, *args,
            'file://' + path], env=dict(os.environ, HOME=home, **env),
            capture_output=True, text=True, timeout=120)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    eq(r.returncode, 0, r.stderr[-2000:])
    # what its policy refuses, and every script error, is said there
    eq([l for l in r.stderr.splitlines() if 'CONSOLE' in l], [])
    return r.stdout


def main():
    os.makedirs(PLACE, exist_ok=True)
    browser()
    with Suite() as suite:
        out = os.path.join(suite.home, 'report.html')
        suite.start()
        for tool, text in (('shell', ATTACK), ('<b>bold</b>', ATTACK),
                ('read', 'mildly-suspicious'), ('read', 'nothing')) * 9:
            suite.post('/api/v1/inspect/tool', {'tool': tool, 'args': text})
        r = suite.ctl('report', '--out', out)
        eq(r.returncode, 0, r.stderr)
        # a browser of the same host may read what only its owner may
        os.chmod(out, 0o644)
        dom = shown(out, '--dump-dom')
        eq('<h2>Integrity</h2>' in dom and '18 blocked' in dom, True, dom)
        eq('<b>' in dom, False, 'a name became markup')
        picture = os.path.join(PLACE, 'report.png')
        shown(out, '--window-size=1000,2400', '--screenshot=' + picture)
        with open(picture, 'rb') as f:
            head = f.read(24)
        eq((head[:8], struct.unpack('>II', head[16:24])),
            (b'\x89PNG\r\n\x1a\n', (1000, 2400)))
        eq(os.path.getsize(picture) > 20000, True, 'there is little on it')


program(main)
