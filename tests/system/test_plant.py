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

"""Some planted bugs, all of them with DC_SOAK=1, are caught by the tests that
are there for them: see tests/plant/run.py."""

import os
import subprocess
import sys

import lib


def main():
    lib.need_root()
    if 'DC_SANITIZED' in os.environ:
        raise lib.Skip('bugs are planted in the plain build')
    args = ['--all'] if os.environ.get('DC_SOAK') == '1' else []
    lib.eq(subprocess.run([sys.executable, os.path.join(lib.TOP,
        'tests/plant/run.py'), *args]).returncode, 0, 'planted bugs')


lib.program(main)
