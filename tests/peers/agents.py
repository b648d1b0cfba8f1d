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

"""A scripted model and real agent clients that talk to it, in a network
namespace with nothing but a loopback of its own.

A script is a list of commands: the model asks for one after the other, and
says "All done." when it has the outputs of all.
"""

import fcntl
import http.server
import json
import os
import shutil
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading

from peers import PLACE, Skip, attempt
import lib

VERSIONS = {'claude': ('@anthropic-ai/claude-code', '2.1.197'),
    'codex': ('@openai/codex', '0.169.0'),
    'opencode': ('opencode-ai', '1.18.33'),
    'openclaw': ('openclaw', '2026.9.6'),
    # what it runs in; the registry's package holds the program itself
    'node': ('node-linux-%s' % {'x86_64': 'x64', 'aarch64': 'arm64'}.get(
        os.uname().machine), '24.21.0')}
USER = lib.UID + 7      # who the agents run as
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
LIMIT = 120             # seconds of one session


def npm(client):
    """The client's program, installed below build/peers."""
    name, version = VERSIONS[client]
    root = os.path.join(PLACE, client)
    prog = os.path.join(root, 'node_modules', name, 'bin', 'node') if \
        client == 'node' else os.path.join(root, 'node_modules', '.bin',
        client)
    if not os.path.exists(prog):
        if shutil.which('npm') is None:
            attempt(['apt-get', 'install', '-y', 'npm'], 'npm')
        os.makedirs(root, exist_ok=True)
        # the scripts of one need a Node that npm may not run in
        attempt(['npm', 'install', '--no-audit', '--no-fund', '--prefix',
            root, *(['--ignore-scripts'] if client == 'openclaw' else []),
            '%s@%s' % (name, version)], name, 600)
    if client == 'openclaw':
        # else each run as another user wants to end the installation
        package = os.path.join(root, 'node_modules', name)
        if os.path.exists(os.path.join(package,
                '.openclaw-lifecycle-pending')):
            attempt([npm('node'), 'scripts/postinstall-bundled-plugins.mjs'],
                name, cwd=package)
    if not os.path.exists(prog):
        raise Skip('%s has no program for this machine' % name)
    return prog


# --- the model --------------------------------------------------------------

def sse(events, named=True):
    return b''.join((('event: %s\n' % e['type']) if named else '').encode() +
        b'data: ' + json.dumps(e).encode() + b'\n\n' for e in events)


def anthropic(commands, body):
    """The answer of POST /v1/messages, streamed."""
    done = sum(1 for m in body['messages'] if isinstance(m['content'], list)
        for c in m['content'] if c.get('type') == 'tool_result')
    tools = {t['name'] for t in body.get('tools', ())}
    if done < len(commands) and 'Bash' in tools:
        block = {'type': 'tool_use', 'id': 'toolu_%d' % done, 'name': 'Bash',
            'input': {}}
        delta = {'type': 'input_json_delta', 'partial_json': json.dumps({
            'command': commands[done], 'description': 'run it'})}
        stop = 'tool_use'
    else:
        block = {'type': 'text', 'text': ''}
        delta = {'type': 'text_delta', 'text': 'All done.'}
        stop = 'end_turn'
    usage = {'input_tokens': 1, 'output_tokens': 1}
    return sse([{'type': 'message_start', 'message': {'id': 'msg_1', 'type':
            'message', 'role': 'assistant', 'model': 'scripted', 'content':
            [], 'stop_reason': None, 'stop_sequence': None, 'usage': usage}},
        {'type': 'content_block_start', 'index': 0, 'content_block': block},
        {'type': 'content_block_delta', 'index': 0, 'delta': delta},
        {'type': 'content_block_stop', 'index': 0},
        {'type': 'message_delta', 'delta': {'stop_reason': stop,
            'stop_sequence': None}, 'usage': usage},
        {'type': 'message_stop'}])


def responses(commands, body):
    """The answer of POST /v1/responses, streamed."""
    done = sum(1 for i in body['input'] if i.get('type') ==
        'function_call_output')
    if done < len(commands):
        item = {'type': 'function_call', 'id': 'fc_%d' % done, 'call_id':
            'call_%d' % done, 'name': 'exec_command', 'arguments':
            json.dumps({'cmd': commands[done]}), 'status': 'completed'}
    else:
        item = {'type': 'message', 'id': 'm', 'role': 'assistant', 'status':
            'completed', 'content': [{'type': 'output_text', 'text':
            'All done.', 'annotations': []}]}
    answer = {'id': 'resp_%d' % done, 'object': 'response', 'status':
        'completed', 'output': [item], 'usage': {'input_tokens': 1,
        'output_tokens': 1, 'total_tokens': 2, 'input_tokens_details':
        {'cached_tokens': 0}, 'output_tokens_details':
        {'reasoning_tokens': 0}}}
    return sse([{'type': 'response.created', 'response': dict(answer, status=
            'in_progress', output=[])},
        {'type': 'response.output_item.added', 'output_index': 0, 'item':
            item},
        {'type': 'response.output_item.done', 'output_index': 0, 'item':
            item},
        {'type': 'response.completed', 'response': answer}])


def chat(commands, body):
    """The answer of POST /v1/chat/completions, streamed.  A command is one,
    or the name of another tool with its arguments."""
    done = sum(1 for m in body['messages'] if m['role'] == 'tool')
    tools = {t['function']['name'] for t in body.get('tools', ())}
    shell = sorted(tools & {'bash', 'exec'})
    if done < len(commands) and shell:
        name, args = commands[done] if isinstance(commands[done], list) \
            else (shell[0], {'command': commands[done]})
        if name == 'bash':
            args = dict(args, description='run it')
        delta = {'role': 'assistant', 'tool_calls': [{'index': 0, 'id':
            'call_%d' % done, 'type': 'function', 'function': {'name': name,
            'arguments': json.dumps(args)}}]}
        end = 'tool_calls'
    else:
        delta = {'role': 'assistant', 'content': 'All done.'}
        end = 'stop'
    chunk = {'id': 'c', 'object': 'chat.completion.chunk', 'created': 1,
        'model': 'scripted-model'}
    return sse([dict(chunk, choices=[{'index': 0, 'delta': delta,
            'finish_reason': None}]),
        dict(chunk, choices=[{'index': 0, 'delta': {}, 'finish_reason':
            end}], usage={'prompt_tokens': 1, 'completion_tokens': 1,
            'total_tokens': 2})], named=False) + b'data: [DONE]\n\n'


class Model(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    commands = ()
    seen = None         # a file that gets each request's body

    def do_HEAD(self):
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        with open(self.seen, 'ab') as f:
            f.write(body + b'\n')
        form = responses if '/responses' in self.path else chat if \
            '/chat/' in self.path else anthropic
        out = form(self.commands, json.loads(body))
        self.send_response(200)
        self.send_header('Content-Type', 'text/event-stream')
        self.send_header('Content-Length', str(len(out)))
        self.end_headers()
        self.wfile.write(out)

    def log_message(self, *args):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64


def main():
    """In the namespace: the model, then the client until it ends."""
    what = json.loads(sys.stdin.read())
    if what['etc']:
        # over the host's, for this namespace alone
        subprocess.run(['mount', '-t', 'overlay', 'overlay', '-o',
            'lowerdir=%s:/etc' % what['etc'], '/etc'], check=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        # netdevice(7)
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack('16sh', b'lo', IFF_UP))
    Model.commands, Model.seen = what['commands'], what['seen']
    server = Server(('127.0.0.1', what['port']), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def user():
        lib.become(what['uid'], what['uid'], what['groups'])
    procs = [subprocess.Popen(argv, cwd=what['cwd'], env=what['env'],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, preexec_fn=user) for argv in what['argv']]
    out = []
    for p in procs:
        try:
            text = p.communicate(timeout=LIMIT)[0]
        except subprocess.TimeoutExpired:
            p.kill()
            text = p.communicate()[0] + b'\nkilled: it did not end'
        out.append([p.returncode, text.decode(errors='replace')])
    print(json.dumps(out))


# --- clients ----------------------------------------------------------------

class Agent:
    """A client with a home of its own.  hook is its hook's command, of the
    user's or, with managed, of the host's settings."""

    port = 18080

    def __init__(self, client, prog):
        self.client, self.prog = client, prog
        self.dir = tempfile.mkdtemp(prefix='dcagent')
        self.home = os.path.join(self.dir, 'home')
        self.work = os.path.join(self.dir, 'work')
        self.seen = os.path.join(self.dir, 'requests')
        for d in (self.home, self.work):
            os.mkdir(d)
        self.groups = []
        self.etc = None         # managed settings, as if in /etc
        self.own()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        shutil.rmtree(self.dir, ignore_errors=True)

    def own(self):
        os.chmod(self.dir, 0o755)
        for root, dirs, files in os.walk(self.dir):
            for name in [root] + [os.path.join(root, f) for f in files]:
                os.chown(name, USER, USER, follow_symlinks=False)

    def write(self, path, text):
        path = os.path.join(self.home, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as f:
            f.write(text)
        self.own()

    def marker(self, n=0):
        return os.path.join(self.work, 'marker%d' % n)

    def ran(self, n=0):
        return os.path.exists(self.marker(n))

    def run(self, *scripts, env=None, args=()):
        """[(status, output)] of sessions side by side with one script."""
        commands = scripts[0]
        e = dict(self.env(), HOME=self.home, PATH=os.environ['PATH'],
            **(env or {}))
        what = {'commands': commands, 'seen': self.seen, 'port': self.port,
            'etc': self.etc, 'uid': USER, 'groups': self.groups, 'cwd': self.work, 'env': e,
            'argv': [self.argv(*args)] * (scripts[1] if len(scripts) > 1
            else 1)}
        r = subprocess.run(['unshare', '-n', '-m', sys.executable,
            os.path.abspath(__file__)], input=json.dumps(what), text=True,
            capture_output=True, timeout=LIMIT + 60)
        if r.returncode != 0:
            raise AssertionError('the namespace: %s' % r.stderr)
        return json.loads(r.stdout)

    def said(self):
        """All that the model was told."""
        with open(self.seen) as f:
            return f.read()


class Claude(Agent):
    def env(self):
        return {'ANTHROPIC_BASE_URL': 'http://127.0.0.1:%d' % self.port,
            'ANTHROPIC_API_KEY': 'test-key', 'DISABLE_AUTOUPDATER': '1',
            'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC': '1'}

    def argv(self, *args):
        return [self.prog, '-p', 'do it', '--permission-mode',
            'bypassPermissions', '--output-format', 'json', *args]

    @staticmethod
    def settings(command, timeout=20, **more):
        group = {'hooks': [{'type': 'command', 'command': command,
            'timeout': timeout}]}
        return json.dumps(dict({'hooks': {'PreToolUse': [dict(group,
            matcher='*')], 'PostToolUse': [dict(group, matcher='*')],
            'UserPromptSubmit': [group], 'SessionStart': [group]}}, **more))

    def hook(self, command, **kw):
        self.write('.claude/settings.json', self.settings(command, **kw))


class Codex(Agent):
    def env(self):
        return {'CODEX_HOME': os.path.join(self.home, '.codex'),
            'LOCAL_KEY': 'test-key'}

    def argv(self, *args):
        return [self.prog, 'exec', '--skip-git-repo-check',
            '--dangerously-bypass-approvals-and-sandbox', '--json', *args,
            'do it']

    def hook(self, command, timeout=20):
        entry = [{'type': 'command', 'command': command, 'timeout': timeout}]
        self.write('.codex/hooks.json', json.dumps({'hooks': {
            'PreToolUse': [{'matcher': '*', 'hooks': entry}],
            'PostToolUse': [{'matcher': '*', 'hooks': entry}],
            'UserPromptSubmit': [{'hooks': entry}]}}))

    def configure(self):
        self.write('.codex/config.toml', '''model = "scripted-model"
model_provider = "local"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.local]
name = "local"
base_url = "http://127.0.0.1:%d/v1"
wire_api = "responses"
env_key = "LOCAL_KEY"
requires_openai_auth = false
request_max_retries = 0
stream_max_retries = 0
[projects."%s"]
trust_level = "trusted"
''' % (self.port, self.work))


class Opencode(Agent):
    def env(self):
        return {'OPENCODE_DISABLE_MODELS_FETCH': '1',
            'OPENCODE_DISABLE_AUTOUPDATE': '1',
            'OPENCODE_DISABLE_LSP_DOWNLOAD': '1'}

    def argv(self, *args):
        return [self.prog, 'run', '--format', 'json', *args, 'do it']

    def configure(self, **more):
        self.write('.config/opencode/opencode.json', json.dumps(dict({
            'model': 'local/scripted-model',
            'small_model': 'local/scripted-model',
            'enabled_providers': ['local'], 'permission': {'*': 'allow'},
            'autoupdate': False, 'share': 'disabled', 'provider': {'local': {
            'npm': '@ai-sdk/openai-compatible', 'options': {'baseURL':
            'http://127.0.0.1:%d/v1' % self.port, 'apiKey': 'test-key'},
            'models': {'scripted-model': {'tool_call': True, 'limit': {
            'context': 100000, 'output': 8000}}}}}}, **more), indent=2))


class Openclaw(Agent):
    def env(self):
        state = os.path.join(self.home, '.openclaw')
        return {'OPENCLAW_STATE_DIR': state, 'OPENCLAW_CONFIG_PATH':
            os.path.join(state, 'openclaw.json')}

    def argv(self, *args):
        # each session with a name of its own
        return [npm('node'), self.prog, 'agent', '--local', '--agent',
            'main', '--session-id', 's1', '--message', 'do it', *args]

    def configure(self, **more):
        self.write('.openclaw/openclaw.json', json.dumps(dict({'models': {
            'mode': 'replace', 'providers': {'local': {'baseUrl':
            'http://127.0.0.1:%d/v1' % self.port, 'apiKey': 'test-key',
            'api': 'openai-completions', 'models': [{'id': 'scripted-model',
            'name': 's', 'reasoning': False, 'input': ['text'],
            'contextWindow': 100000, 'maxTokens': 4000}]}}}, 'agents': {
            'defaults': {'workspace': self.work, 'model': {'primary':
            'local/scripted-model'}}}, 'tools': {'exec': {'security': 'full',
            'ask': 'off', 'host': 'gateway'}}}, **more), indent=2))


if __name__ == '__main__':
    main()
