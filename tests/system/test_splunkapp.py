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

"""The add-on for Splunk: well-formed, whole, and true to our events."""

import configparser
import glob
import json
import os
import re
import subprocess
import tempfile
import xml.etree.ElementTree as ET

from lib import *

APP = os.path.join(TOP, 'etc/splunk/TA-defenseclaw')
MACRO = 'defenseclaw_index'


def conf(name):
    """A .conf file; no stanza and no key twice, nothing outside a stanza."""
    p = configparser.RawConfigParser(delimiters='=', comment_prefixes='#',
        strict=True, default_section='none', interpolation=None)
    p.optionxform = str
    path = os.path.join(APP, name)
    with open(path) as f:
        text = f.read()
    # the stanza of everything has no name
    p.read_string(text.replace('[]\n', '[all]\n'))
    for line in text.split('\n'):
        assert not line.endswith((' ', '\t', '\\')), '%s: %r' % (name,
            line)
    return p


def all_confs_parse():
    names = glob.glob(os.path.join(APP, 'default', '*.conf'))
    eq(len(names) >= 7, True, names)
    for name in names:
        conf(os.path.relpath(name, APP))
    conf('metadata/default.meta')


def versions_agree():
    with open(os.path.join(TOP, 'common/version.h')) as f:
        version = re.search(r'DC_VERSION\s+"([^"]+)"', f.read())[1]
    app = conf('default/app.conf')
    eq((app['launcher']['version'], app['id']['version']), (version,) * 2)
    eq((app['id']['name'], app['package']['id']), ('TA-defenseclaw',) * 2)


def balanced(text, what):
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)
    eq(bare.count('('), bare.count(')'), what)
    eq(bare.count('"') % 2, 0, what)


def references_lead_somewhere():
    props, transforms = conf('default/props.conf'), \
        conf('default/transforms.conf')
    for stanza in props.sections():
        for key, value in props[stanza].items():
            if key.startswith(('REPORT-', 'TRANSFORMS-')):
                assert value in transforms, value
            if key.startswith('EVAL-'):
                balanced(value, key)
    types, tags = conf('default/eventtypes.conf'), conf('default/tags.conf')
    for stanza in tags.sections():
        assert stanza.partition('=')[2] in types, stanza
    eq({k for s in tags.sections() for k in tags[s]}, {'ids', 'attack',
        'change', 'alert'})


def searches():
    """{name: SPL} of saved searches and of the dashboard."""
    saved = conf('default/savedsearches.conf')
    out = {n: saved[n]['search'] for n in saved.sections()}
    tree = ET.parse(os.path.join(APP,
        'default/data/ui/views/defenseclaw.xml'))
    for panel in tree.iter('panel'):
        for title, query in zip(panel.iter('title'), panel.iter('query')):
            out['panel ' + title.text] = query.text
    ET.parse(os.path.join(APP, 'default/data/ui/nav/default.xml'))
    return out


def searches_are_of_our_fields():
    """Every field is one of our rows, of props.conf or made on the way."""
    with open(os.path.join(TOP, 'common/event.c')) as f:
        fields = set(re.findall(r'"([a-z_]+)"', re.search(
            r'field_names\[[^]]*\] = \{(.*?)\};', f.read(), re.S)[1]))
    props = conf('default/props.conf')['source::defenseclaw']
    known = fields | {'seq', 'id', 'timestamp', 'severity', 'device',
        'epoch', 'hash', 'prev_hash', 'hash_alg', 'source', '_time',
        '_indextime', 'eventtype', 'details_reason', 'dc_action'}
    known |= {k.partition('-')[2] for k in props if k.startswith('EVAL-')}
    types = conf('default/eventtypes.conf')
    all = searches()
    eq(len(all) >= 11, True, list(all))
    for name, spl in all.items():
        assert spl.startswith('`%s` ' % MACRO), name
        balanced(spl, name)
        for t in re.findall(r'eventtype=(\w+)', spl):
            assert t in types, '%s: %s' % (name, t)
        made = set(re.findall(r'\bAS (\w+)', spl)) | set(re.findall(
            r'(?:\| eval|,) (\w+) ?=', spl)) | {'count'}
        for command in spl.split(' | '):
            m = re.match(r'(dedup|sort 0|table|where)\b ?(.*)', command)
            if not m:
                continue
            used = re.findall(r'(?<!["\w])[a-z_]{2,}(?![\w("])',
                re.sub(r'"[^"]*"', '', m[2]))
            wrong = set(used) - known - made
            eq(wrong, set(), '%s: %s' % (name, command))


def details_become_fields():
    """By the expression that Splunk would use, on a row of a real log."""
    t = conf('default/transforms.conf')['defenseclaw_details']
    expression = re.compile(t['REGEX'])
    with Suite() as s:
        s.start()
        s.post('/api/v1/inspect/tool', {'tool': 'shell', 'args':
            {'command': ATTACK}})
        row = s.wait_row("action LIKE 'inspect-tool%'")
    text = json.dumps(row['details'], separators=(',', ':'))
    got = {m[1]: m[2] if m[2] is not None else m[3] for m in
        expression.finditer(text)}
    flat = {k: v for k, v in row['details'].items()
        if isinstance(v, (str, int, float))}
    for k, v in flat.items():
        eq(got[k], json.dumps(v) if not isinstance(v, str) else v, k)
    assert flat, row


def actions_are_known():
    """What the add-on sorts by are actions that the sources write."""
    text = ''
    for wing in ('gatewayd', 'auditd', 'common', 'ctl'):
        for path in glob.glob(os.path.join(TOP, wing, '*.[ch]')):
            with open(path) as f:
                text += f.read()
    types = conf('default/eventtypes.conf')
    for stanza in types.sections():
        for action in re.findall(r'dc_action=(\S+?)[)\s]?(?=\s|\)|$)',
                types[stanza]['search']):
            stem = action.strip('*').strip('-.')
            assert '"%s' % stem.partition('-*')[0] in text, \
                '%s: %s' % (stanza, action)


def it_is_installed():
    with tempfile.TemporaryDirectory() as d:
        r = subprocess.run(['make', '-n', '-C', TOP, 'install', 'DESTDIR=' +
            d], capture_output=True, text=True)
    assert 'etc/splunk/TA-defenseclaw' in r.stdout, r.stdout[-500:]


def main():
    run([all_confs_parse, versions_agree, references_lead_somewhere,
        searches_are_of_our_fields, details_become_fields,
        actions_are_known, it_is_installed])


if __name__ == '__main__':
    program(main)
