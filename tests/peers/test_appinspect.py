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

"""The add-on for Splunk passes Splunk's own check, splunk-appinspect of PyPI,
as a package for Splunk Cloud must: no error, no failure, no warning."""

from peers import *

APP = os.path.join(TOP, 'etc/splunk/TA-defenseclaw')


def main():
    path = os.path.join(pypi('appinspect', 'splunk-appinspect'),
        'splunk-appinspect')
    with tempfile.TemporaryDirectory() as d:
        out = os.path.join(d, 'report.json')
        r = subprocess.run([path, 'inspect', APP, '--mode', 'precert',
            '--data-format', 'json', '--output-file', out],
            capture_output=True, text=True, timeout=600)
        if not os.path.exists(out):
            raise AssertionError(r.stdout + r.stderr)
        with open(out) as f:
            report = json.load(f)
    bad = [(c['name'], [m['message'] for m in c['messages']])
        for app in report['reports'] for g in app['groups']
        for c in g['checks'] if c['result'] in ('error', 'failure',
        'future_failure', 'warning')]
    eq(bad, [], 'splunk-appinspect')
    summary = report['summary']
    eq(summary['success'] > 50, True, summary)
    print('  splunk-appinspect: %(success)d checks passed' % summary)


if __name__ == '__main__':
    program(main)
