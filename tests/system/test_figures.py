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

"""The README's table of figures is what tests/figures.py finds now.

Numbers of lines may be off by a tenth, as in test_docs; what takes an hour or more to
measure (the soak, all planted bugs) is only looked for, with its goal.
"""

import os
import platform
import re
import sys

import lib

sys.path.insert(0, os.path.join(lib.TOP, 'tests'))

import figures

NUMBER = re.compile(r'(?<![\w.])\d{1,3}(?: \d{3})+(?!\w)|(?<![\w.])\d+')


def rows():
    """{what: [measured, goal, met]}"""
    with open(os.path.join(lib.TOP, 'README.md')) as f:
        text = re.search(r'<!-- figures -->\n(.*?)<!-- /figures -->',
            f.read(), re.S)[1]
    table = [[c.strip() for c in line.strip()[1:-1].split('|')]
        for line in text.split('\n') if line.startswith('|')]
    lib.eq(table[0], ['what', 'figure', 'goal', 'met'], 'head of the table')
    for cells in table[2:]:
        lib.eq(len(cells), 4, 'cells of %s' % cells)
    return {cells[0]: cells[1:] for cells in table[2:]}


def row(start):
    got = [v for k, v in rows().items() if k.startswith(start)]
    lib.eq(len(got), 1, 'rows that begin with %r' % start)
    return got[0]


def numbers(text):
    """Without the numbers of versions."""
    return [int(n.replace(' ', '')) for n in NUMBER.findall(
        text.replace(figures.OPENSSH_IS, ''))]


def system_calls():
    if platform.machine() != 'x86_64':
        raise lib.Skip('the numbers are those of x86_64')
    lib.eq(row('system calls')[0], figures.calls_row(), 'system calls')


def lines_as_root():
    said, found = row('lines of C')[0], figures.root_row()
    lib.eq(NUMBER.sub('N', said), NUMBER.sub('N', found), 'words')
    for a, b in zip(numbers(said), numbers(found)):
        if abs(a - b) > 50 + b / 10:
            raise AssertionError('%d lines: %s' % (b, found))


def credentials():
    lib.need_root()
    lib.env_dir('DC_SYSBIN')
    lib.eq(row('credentials of endpoints')[0], figures.secrets_row(),
        'secrets')


def planted_bugs():
    n = len([f for f in os.listdir(os.path.join(lib.TOP, 'tests/plant'))
        if f.endswith('.patch')])
    lib.eq(numbers(row('planted bugs')[0])[:2], [n, n], 'planted bugs')


def measured_elsewhere():
    """`make soak' and `make coverage' measure these, and say if the goal is
    met: here they are only not to be forgotten."""
    for start in ('memory at full load', 'branches'):
        if not NUMBER.search(row(start)[1]):
            raise AssertionError('%s: no goal' % start)


def main():
    lib.run([system_calls, lines_as_root, credentials, planted_bugs,
        measured_elsewhere])


lib.program(main)
