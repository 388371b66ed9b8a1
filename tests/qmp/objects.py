# SPDX-License-Identifier: GPL-2.0-or-later
"""Objects that users make: all kinds, bad ones, what uses them."""

import base64
import os
import subprocess
import tempfile

from qmp import HOST, Host, module_path, run

BAD = [
    ({'qom-type': 'rng-random', 'id': '0'}, 'is no identifier'),
    ({'qom-type': 'rng-random', 'id': 'x', 'filename': '/nonexistent'}, 'No such file'),
    ({'qom-type': 'memory-backend-ram', 'id': 'x'}, "'size'"),
    ({'qom-type': 'memory-backend-ram', 'id': 'x', 'size': 4095}, '4 KiB'),
    ({'qom-type': 'memory-backend-memfd', 'id': 'x', 'size': 4096, 'hugetlb': True}, 'hugetlb'),
    ({'qom-type': 'memory-backend-file', 'id': 'x', 'size': 4096, 'mem-path': '/dev/null',
      'share': True}, 'no regular file'),
    ({'qom-type': 'secret', 'id': 'x'}, 'exactly one'),
    ({'qom-type': 'secret', 'id': 'x', 'data': 'a', 'file': 'b'}, 'exactly one'),
    ({'qom-type': 'secret', 'id': 'x', 'file': '/dev/zero'}, 'longer than'),
    ({'qom-type': 'secret', 'id': 'x', 'data': '*', 'format': 'base64'}, 'not base64'),
    ({'qom-type': 'filter-dump', 'id': 'x', 'netdev': 'n', 'file': '/tmp/x'}, "no network 'n'"),
    ({'qom-type': 'odd', 'id': 'x'}, "'qom-type'"),
    ({'qom-type': 'rng-builtin'}, "'id'"),
]


def test_bad():
    """Each is refused with its reason, and its name stays free."""
    with Host('-M', 'none') as host:
        client = host.client()
        for arguments, text in BAD:
            client.send({'execute': 'object-add', 'arguments': arguments})
            reply = client.reply()
            assert text in reply['error']['desc'], (arguments, reply)
        client.execute('object-add', qom_type='rng-builtin', id='x')
        client.send({'execute': 'object-add', 'arguments': {'qom-type': 'rng-builtin', 'id': 'x'}})
        assert 'already exists' in client.reply()['error']['desc']
        client.execute('object-del', id='x')
        client.send({'execute': 'object-del', 'arguments': {'id': 'x'}})
        assert 'not found' in client.reply()['error']['desc']
        client.send({'execute': 'object-add', 'arguments': {'qom-type': 'tls-creds-psk', 'id': 'x'}})
        assert client.reply()['error']['data']['slot'] == 'object/tls-creds-psk'


def test_kinds():
    """All kinds can be made, are listed, and go."""
    with tempfile.TemporaryDirectory() as folder, Host('-M', 'none') as host:
        client = host.client()
        key = os.path.join(folder, 'key')
        with open(key, 'wb') as file:
            file.write(base64.b64encode(os.urandom(32)))
        kinds = [
            {'qom-type': 'rng-random', 'filename': '/dev/zero'}, {'qom-type': 'rng-builtin'},
            {'qom-type': 'secret', 'data': 'word'},
            {'qom-type': 'secret', 'file': key, 'format': 'base64'},
            {'qom-type': 'memory-backend-ram', 'size': 1 << 20},
            {'qom-type': 'memory-backend-memfd', 'size': 1 << 20, 'share': True},
            {'qom-type': 'memory-backend-file', 'size': 8192, 'share': True,
             'mem-path': os.path.join(folder, 'ram')},
        ]
        for number, kind in enumerate(kinds):
            client.execute('object-add', **kind, id=f'o{number}')
        sizes = {m['id']: (m['size'], m['share']) for m in client.execute('query-memdev')}
        assert sizes == {'o4': (1 << 20, False), 'o5': (1 << 20, True), 'o6': (8192, True)}, sizes
        assert os.path.getsize(os.path.join(folder, 'ram')) == 8192
        types = {t['name'] for t in client.execute('qom-list-types')}
        assert {k['qom-type'] for k in kinds} < types
        for kind in ('memory-backend-file', 'memory-backend-memfd'):
            names = [p['name'] for p in client.execute('qom-list-properties', typename=kind)]
            assert 'size' in names and 'share' in names, names
        for number in range(len(kinds)):
            client.execute('object-del', id=f'o{number}')
        assert client.execute('query-memdev') == []


def test_memory_backend():
    """RAM in a file: what the guest's memory holds is in there; sizes have to agree; in use."""
    modules = module_path('riscv', 'serial', 'pci', 'virtio')
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'ram')
        option = f'memory-backend-file,id=ram0,size=64M,share=on,mem-path={path}'
        with Host('-S', '--load-target=riscv64', '-M', 'virt,memory-backend=ram0', '-object',
                  option, modules=modules) as host:
            client = host.client()
            client.send({'execute': 'object-del', 'arguments': {'id': 'ram0'}})
            assert 'in use' in client.reply()['error']['desc']
        assert os.path.getsize(path) == 64 << 20
        failed = subprocess.run(
            [HOST, '--load-target=riscv64', '-M', 'virt,memory-backend=ram0', '-object',
             option, '-m', '128M', '-S', '-display', 'none'],
            env={**os.environ, 'QEMU_HOST_MODULE_PATH': modules}, capture_output=True, text=True,
            timeout=60, check=False)
        assert failed.returncode == 1 and '-m asks for' in failed.stderr, failed


def test_dump():
    """What passes a network is in the file: a packet socket's format that tools read."""
    with tempfile.TemporaryDirectory() as folder, \
            Host('-M', 'none', modules=module_path('net-user')) as host:
        client = host.client()
        path = os.path.join(folder, 'frames.pcap')
        client.execute('netdev_add', type='user', id='u')
        client.execute('object-add', qom_type='filter-dump', id='f', netdev='u', file=path,
                       maxlen=96)
        client.execute('object-del', id='f')
        with open(path, 'rb') as file:
            head = file.read()
        assert head == bytes.fromhex('d4c3b2a1 0200 0400 00000000 00000000 60000000 01000000'), head


if __name__ == '__main__':
    run(*[case for name, case in list(globals().items()) if name.startswith('test_')])
