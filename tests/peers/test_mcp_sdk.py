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


"""`defenseclawctl mcp run' between the Model Context Protocol's own Python
SDK, as client and as server, and the reference server of its makers from npm:
what passes is what passes without it, what is blocked does not happen.
"""

import json
import os
import shutil
import subprocess
import tempfile

from peers import PLACE, Skip, attempt, pypi
import lib
from lib import ATTACK, Suite, eq

SDK = 'mcp==2.3.0'
EVERYTHING = ('@modelcontextprotocol/server-everything', '2026.8.31')

SERVER = r'''
import sys
from mcp.server import MCPServer

app = MCPServer('peer')


@app.tool(description=open(sys.argv[1]).read())
def echo(message: str) -> str:
    return message


@app.tool()
def read(path: str) -> str:
    """Reads a file."""
    with open(path) as f:
        return f.read()


@app.tool()
def mark(path: str, note: str) -> str:
    """Writes a file."""
    with open(path, 'w') as f:
        f.write(note)
    return 'marked'


app.run()
'''

# one line of JSON for each step: what came, or the error's code and message
CLIENT = r'''
import asyncio
import json
import sys

from mcp import ClientSession, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client


async def step(s, what, args):
    if what == 'list':
        found = await s.list_tools()
        return sorted(t.name for t in found.tools)
    if what == 'prompts':
        return sorted(p.name for p in (await s.list_prompts()).prompts)
    if what == 'resources':
        return sorted(str(r.uri) for r in
            (await s.list_resources()).resources)
    if what == 'resource':
        return (await s.read_resource(args)).contents[0].text
    if what == 'many':
        got = await asyncio.gather(*(s.call_tool('echo', {'message': 'n%d' %
            i}) for i in range(args)))
        return [r.content[0].text for r in got]
    r = await s.call_tool(what, args)
    return [r.is_error, r.content[0].text]


async def main():
    steps = json.load(sys.stdin)
    p = StdioServerParameters(command=sys.argv[1], args=sys.argv[2:],
        env={k: v for k, v in __import__('os').environ.items()})
    async with stdio_client(p) as (r, w):
        async with ClientSession(r, w) as s:
            await s.initialize()
            for what, args in steps:
                try:
                    print(json.dumps(await step(s, what, args)), flush=True)
                except MCPError as e:
                    print(json.dumps({'code': e.error.code, 'message':
                        e.error.message}), flush=True)


asyncio.run(main())
'''


class Sdk:
    """The client, with a server behind the gate or without it."""

    def __init__(self, suite):
        self.suite = suite
        self.python = os.path.join(pypi('mcp', SDK), 'python')
        self.dir = tempfile.mkdtemp(prefix='dcpeer')
        self.description = self.file('description', 'Says it again.')
        self.own = [self.python, self.file('server.py', SERVER),
            self.description]
        self.client = self.file('client.py', CLIENT)

    def file(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, 'w') as f:
            f.write(text)
        return path

    def env(self):
        return {**self.suite.env(), 'PATH': os.environ['PATH']}

    def run(self, server, *steps, gate=True, name='peer'):
        command = server
        if gate:
            command = [os.path.join(self.suite.bin, 'defenseclawctl'), 'mcp',
                'run', name, '--', *server]
        r = subprocess.run([self.python, self.client, *command],
            input=json.dumps(steps), text=True, capture_output=True,
            timeout=120, env=self.env())
        eq(r.returncode, 0, r.stderr)
        return [json.loads(line) for line in r.stdout.splitlines()]

    def close(self):
        shutil.rmtree(self.dir)


def is_blocked(answer, word):
    eq((answer['code'], word in answer['message']), (-32090, True), answer)


def own_server():
    with Suite() as suite:
        suite.start()
        sdk = Sdk(suite)
        try:
            mark = os.path.join(sdk.dir, 'marker')
            bad = sdk.file('bad', 'do: ' + ATTACK)
            good = sdk.file('good', 'words')
            same = [['list', None], ['echo', {'message': 'h\u00e9 \u2713'}],
                ['read', {'path': good}], ['many', 50], ['none', {}]]
            eq(sdk.run(sdk.own, *same), sdk.run(sdk.own, *same, gate=False))
            got = sdk.run(sdk.own, ['mark', {'path': mark, 'note': ATTACK}],
                ['read', {'path': bad}], ['mark', {'path': mark + '2',
                'note': 'x'}])
            is_blocked(got[0], 'TEST-PIPE')
            is_blocked(got[1], 'TEST-PIPE')
            eq(got[2], [False, 'marked'])
            eq((os.path.exists(mark), os.path.exists(mark + '2')), (False,
                True))
            row, = suite.rows("action = 'inspect-tool-block' AND tool_name = "
                "'mark'")
            eq((row['details']['mcp_server'], row['session_id'][:4]),
                ('peer', 'mcp-'))
            # another description than the first, and no word of it a rule's
            sdk.file('description', 'Says it again, and tells nobody.')
            got = sdk.run(sdk.own, ['list', None], ['echo', {'message':
                'x'}])
            is_blocked(got[0], 'echo')
            is_blocked(got[1], 'echo')
            row, = suite.rows("action = 'mcp-pin-changed'")
            eq(suite.ctl('mcp', 'pin', 'accept', str(row['seq'])).returncode,
                0)
            eq(sdk.run(sdk.own, *same), sdk.run(sdk.own, *same, gate=False))
            # nobody there to ask: the handshake is refused already
            suite.stop()
            command = [os.path.join(suite.bin, 'defenseclawctl'), 'mcp',
                'run', 'peer', '--', *sdk.own]
            r = subprocess.run([sdk.python, sdk.client, *command],
                input=json.dumps([['mark', {'path': mark, 'note': 'x'}]]),
                text=True, capture_output=True, timeout=120, env=sdk.env())
            eq((r.returncode != 0, 'not running' in r.stderr,
                os.path.exists(mark)), (True, True, False), r.stderr)
        finally:
            sdk.close()


def reference_server():
    package, version = EVERYTHING
    root = os.path.join(PLACE, 'everything')
    program = os.path.join(root, 'node_modules', '.bin',
        'mcp-server-everything')
    if not os.path.exists(program):
        if shutil.which('npm') is None:
            raise Skip('there is no npm')
        os.makedirs(root, exist_ok=True)
        attempt(['npm', 'install', '--no-audit', '--no-fund', '--prefix',
            root, '%s@%s' % (package, version)], package)
    with Suite() as suite:
        suite.start()
        sdk = Sdk(suite)
        try:
            server = [shutil.which('node'), program]
            same = [['list', None], ['prompts', None], ['resources', None],
                ['echo', {'message': 'hi'}], ['get-sum', {'a': 2, 'b': 40}],
                ['get-structured-content', {'location': 'Chicago'}],
                ['trigger-long-running-operation', {'duration': 1, 'steps':
                3}], ['many', 20]]
            eq(sdk.run(server, *same), sdk.run(server, *same, gate=False))
            got = sdk.run(server, ['echo', {'message': ATTACK}], ['list',
                None], ['echo', {'message': 'after'}])
            is_blocked(got[0], 'TEST-PIPE')
            eq((len(got[1]) > 5, got[2]), (True, [False, 'Echo: after']))
        finally:
            sdk.close()


if __name__ == '__main__':
    lib.program(lambda: lib.run([own_server, reference_server]))
