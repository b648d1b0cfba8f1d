#!/usr/bin/env python3
#
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

"""The shipped default pack against labelled data, when that is there.

DC_CORPORA names its directory; else ../shared/corpora beside this tree.
"""

import os
import subprocess
import sys

import lib


def corpora():
    tree = os.path.dirname(os.path.dirname(os.path.dirname(
        os.path.abspath(__file__))))
    return os.environ.get('DC_CORPORA') or os.path.join(
        os.path.dirname(tree), 'shared', 'corpora')


def floors_hold():
    where = corpora()
    if not os.path.isdir(where):
        raise lib.Skip('no labelled data in %s' % where)
    tool = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        'corpora.py')
    with lib.Suite(pack=False) as suite:
        suite.init()
        suite.start(wait=120)
        env = dict(os.environ, DEFENSECLAW_HOME=suite.home)
        done = subprocess.run([sys.executable, tool,
                               os.path.join(suite.bin, 'defenseclawctl'), where],
                              env=env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=300)
        print(done.stdout.decode())
        lib.eq(done.returncode, 0, 'exit status of corpora.py')


def main():
    lib.run([floors_hold])


if __name__ == '__main__':
    lib.program(main)
