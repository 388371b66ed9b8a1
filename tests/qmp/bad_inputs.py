# SPDX-License-Identifier: GPL-2.0-or-later
"""Every line of bad-inputs.jsonl: the right number and class of replies, valid JSON, and a host
that still answers, without a growth of memory that stays."""

import json
import os

from qmp import Host, run

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'bad-inputs.jsonl')


def chunks(parts):
    """The bytes of a "send"."""
    for part in parts:
        if 't' in part:
            yield part['t'].encode()
        elif 'hex' in part:
            yield bytes.fromhex(part['hex'])
        elif 'rep' in part:
            yield part['rep'].encode() * part['n']
        elif 'seq' in part:
            yield b''.join((part['seq'] % i).encode() for i in range(part['n']))
        elif 'bytes' in part:
            for byte in part['bytes'].encode():
                yield bytes([byte])
        else:
            raise ValueError(part)


def kind(reply):
    """return, or the class of the error."""
    return 'return' if 'return' in reply else reply['error']['class']


def judge(case, replies):
    """What is wrong, or None."""
    got, expect = [kind(reply) for reply in replies], case['expect']
    long = [r for r in replies if 'error' in r and len(r['error']['desc']) > 512]
    if long:
        return f"error text of {len(long[0]['error']['desc'])} characters"
    if isinstance(expect, list):
        return None if got == expect else f'{got[:6]} ({len(got)}) instead of {expect[:6]}'
    if expect['class'] and any(k != expect['class'] for k in got):
        return f"{sorted(set(got))} instead of {expect['class']}"
    if len(got) > expect.get('max', len(got)) or len(got) != expect.get('count', len(got)):
        return f'{len(got)} replies, expected {expect}'
    return None


def run_case(host, case):
    """One input over a connection of its own."""
    client = host.client(negotiate=case['phase'] != 'pre', oob=case['phase'] == 'oob')
    probe = b'\n'
    extra = 0
    if case.get('resync'):  # ends the value that was left open, with an error
        probe, extra = b'\xff\n', 1
    if case['phase'] == 'pre':
        probe += b'{"execute": "qmp_capabilities"}\n'
    try:
        replies = client.exchange(list(chunks(case['send'])), probe)
    finally:
        client.close()
    if case['phase'] == 'pre':
        last = replies.pop()
        # a successful negotiation in the input makes the probe's a second one
        assert kind(last) in ('return', 'CommandNotFound'), last
    for _ in range(extra):
        last = replies.pop()
        assert kind(last) == 'GenericError', last
    return judge(case, replies)


def test_bad_inputs():
    """All of them, one host."""
    with open(FILE, encoding='utf-8') as file:
        cases = [json.loads(line) for line in file]
    assert len(cases) >= 250 and len({case['name'] for case in cases}) == len(cases)
    wrong = []
    with Host('-M', 'none') as host:
        host.client().close()
        before = host.rss_kib()
        for case in cases:
            try:
                problem = run_case(host, case)
            except AssertionError as error:
                problem = f'{type(error).__name__}: {error}'
            if problem:
                wrong.append(f"{case['name']}: {problem}")
            if host.process.poll() is not None:
                wrong.append(f"{case['name']}: the host ended: {host.stderr()[-500:]}")
                break
        else:
            host.client().close()
            grown = host.rss_kib() - before
            if grown > host.growth_limit(8192):
                wrong.append(f'memory has grown by {grown} KiB')
            if host.stop() != 0:
                wrong.append('the host ended with an error')
    assert not wrong, f'{len(wrong)} of {len(cases)}:\n' + '\n'.join(wrong)
    print(f'# {len(cases)} inputs')


if __name__ == '__main__':
    run(test_bad_inputs)
