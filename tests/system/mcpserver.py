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


"""A server of the Model Context Protocol on standard input and output that
does what a test asks it to, also what no server may.  Arguments: a file to
which every line goes that it gets, and a file with what it answers to
tools/list.
"""

import json
import os
import signal
import sys
import time

MIB = 1024 * 1024
log = open(sys.argv[1], 'ab', buffering=0)


def say(v):
    if not isinstance(v, bytes):
        v = json.dumps(v).encode()
    sys.stdout.buffer.write(v + b'\n')
    sys.stdout.buffer.flush()


def hear():
    line = sys.stdin.buffer.readline()
    log.write(line)
    if line == b'':
        sys.exit(0)
    return line


def result(id, v):
    say({'jsonrpc': '2.0', 'id': id, 'result': v})


def text(id, s):
    result(id, {'content': [{'type': 'text', 'text': s}]})


def call(id, name, args):
    if name == 'echo':
        text(id, args['text'])
    elif name == 'raw':
        # what comes instead of an answer, and then the answer
        say(args['line'].encode('latin-1').replace(b'ID',
            json.dumps(id).encode()))
        if not args.get('only'):
            text(id, 'after')
    elif name == 'twice':
        text(id, 'one')
        text(id, 'two')
    elif name == 'giant':
        # its id comes last, as some libraries write it
        say(b'{"result":{"content":[{"type":"text","text":"' + b'x' *
            (5 * MIB) + b'"}]},"jsonrpc":"2.0","id":%d}' % id)
    elif name == 'ask':
        # a request of the server's own, whose answer is the result
        with open(args['file']) as f:
            say(dict(json.load(f), jsonrpc='2.0', id='s%s' % id))
        text(id, hear().decode())
    elif name in ('say', 'answer'):
        # what the test has written, as it is or as the answer
        with open(args['file']) as f:
            v = dict(json.load(f), jsonrpc='2.0')
        if name == 'answer':
            v['id'] = id
        say(v)
        if name == 'say':
            text(id, 'said')
    elif name == 'env':
        text(id, json.dumps({'env': dict(os.environ), 'fds':
            sorted(os.listdir('/proc/self/fd'))}))
    elif name == 'stderr':
        sys.stderr.write(args['text'])
        sys.stderr.flush()
        text(id, 'written')
    elif name == 'exit':
        sys.exit(args['status'])
    elif name == 'kill':
        os.kill(os.getpid(), args['signal'])
        time.sleep(60)
    elif name == 'orphan':
        # who holds the pipe when the server is gone
        if os.fork() == 0:
            time.sleep(args['seconds'])
            os._exit(0)
        text(id, 'made')
        os._exit(5)
    elif name == 'sleep':
        time.sleep(args['seconds'])
        text(id, 'slept')
    else:
        say({'jsonrpc': '2.0', 'id': id, 'error': {'code': -32602,
            'message': 'Unknown tool: %s' % name}})


def main():
    signal.signal(signal.SIGUSR1, lambda *_: os._exit(9))
    while True:
        line = hear()
        try:
            m = json.loads(line)
        except ValueError:
            say({'jsonrpc': '2.0', 'id': None, 'error': {'code': -32700,
                'message': 'Parse error'}})
            continue
        id, method, params = m.get('id'), m.get('method'), m.get('params')
        if id is None or method is None:
            continue
        if method == 'initialize':
            result(id, {'protocolVersion': '2025-06-18', 'capabilities':
                {'tools': {}}, 'serverInfo': {'name': 'scripted', 'version':
                '1'}})
        elif method == 'tools/list':
            with open(sys.argv[2]) as f:
                pages = json.load(f)
            n = int((params or {}).get('cursor', 0))
            page = {'tools': pages[n]}
            if n + 1 < len(pages):
                page['nextCursor'] = str(n + 1)
            result(id, page)
        elif method == 'tools/call':
            call(id, params['name'], params.get('arguments') or {})
        elif method == 'resources/read':
            result(id, {'contents': [{'uri': params['uri'], 'text':
                open(params['uri'][7:]).read()}]})
        elif method == 'ping':
            result(id, {})
        else:
            say({'jsonrpc': '2.0', 'id': id, 'error': {'code': -32601,
                'message': 'Method not found'}})


main()
