# SPDX-License-Identifier: GPL-2.0-or-later
"""The sandbox around a real host: every thread has one, nothing is writable and executable, and
what comes later still works."""

import os
import tempfile
import time

from qmp import Host, module_path, run

BOARD = ('-M', 'virt', '-bios', 'none', '-m', '64M', '--load-target=riscv64')
MODULES = module_path('riscv', 'serial', 'pci', 'virtio', 'net-user', 'null')


def threads(host):
    """Name, mode and number of filters of each thread."""
    found = {}
    folder = f'/proc/{host.process.pid}/task'
    for task in os.listdir(folder):
        with open(f'{folder}/{task}/status', encoding='ascii') as file:
            lines = dict(line.rstrip('\n').split(':\t', 1) for line in file if ':\t' in line)
        found[lines['Name']] = (int(lines['Seccomp']), int(lines['Seccomp_filters']),
                                int(lines['NoNewPrivs']))
    return found


def test_threads():
    """CPUs have a filter of their own on top of everybody's; nobody is without one."""
    with Host(*BOARD, '-smp', '2', '-object', 'iothread,id=io', modules=MODULES) as host:
        host.client().execute('query-status')
        until = time.monotonic() + 10
        while len([n for n in threads(host) if n.startswith('cpu')]) < 2:
            assert time.monotonic() < until
        found = threads(host)
        assert all(mode == 2 and privileges == 1 for mode, _, privileges in found.values()), found
        for name, (_, filters, _) in found.items():
            assert filters == (2 if name.startswith('cpu') else 1), found


def test_off():
    """Without it nothing is filtered; a part of it can be allowed."""
    with Host(*BOARD, '-sandbox', 'off', modules=MODULES) as host:
        host.client().execute('query-status')
        assert all(mode == 0 for mode, _, _ in threads(host).values())
    with Host('-M', 'none', '-sandbox', 'on,spawn=allow,elevateprivileges=children') as host:
        host.client().execute('query-status')
        assert all(mode == 2 for mode, _, _ in threads(host).values())


def test_memory():
    """Code memory is written at one address and run at another."""
    with Host(*BOARD, modules=MODULES) as host:
        host.client().execute('query-status')
        with open(f'/proc/{host.process.pid}/maps', encoding='utf-8', errors='replace') as maps:
            rights = [line.split()[1] for line in maps]
        assert any('x' in r for r in rights)
        assert not [r for r in rights if 'w' in r and 'x' in r], rights


def test_later():
    """Modules, devices, disks, lines and networks that come while the guest runs; no programs."""
    with tempfile.TemporaryDirectory() as folder, Host(
            *BOARD, '-device', 'pcie-root-port,id=port,chassis=1', '-device',
            'pcie-root-port,id=second,chassis=2', modules=MODULES) as host:
        client = host.client()
        client.execute('module-load', name='null')
        disk = os.path.join(folder, 'disk')
        client.execute('blockdev-create', job_id='make',
                       options={'driver': 'file', 'filename': disk, 'size': 1 << 20})
        while [j for j in client.execute('query-jobs') if j['status'] != 'concluded']:
            time.sleep(0.01)
        client.execute('job-dismiss', id='make')
        client.execute('blockdev-add', driver='file', node_name='disk', filename=disk)
        client.execute('device_add', driver='virtio-blk-pci', bus='port', drive='disk', id='d')
        client.execute('netdev_add', type='user', id='n')
        client.execute('device_add', driver='virtio-net-pci', bus='second', netdev='n', id='c')
        client.execute('chardev-add', id='line', backend={
            'type': 'socket', 'data': {'server': True, 'wait': False, 'addr': {
                'type': 'unix', 'data': {'path': os.path.join(folder, 'socket')}}}})
        client.execute('chardev-add', id='pty', backend={'type': 'pty', 'data': {}})
        client.execute('object-add', qom_type='iothread', id='late')
        assert 'late' in ' '.join(threads(host)), threads(host)
        client.execute('stop')
        client.execute('cont')
        error = client.ask('netdev_add', type='bridge', id='b', helper='/bin/true')['error']
        assert 'spawn=allow' in error['desc'], error
        assert all(mode == 2 for mode, _, _ in threads(host).values())


if __name__ == '__main__':
    run(*[case for name, case in list(globals().items()) if name.startswith('test_')])
