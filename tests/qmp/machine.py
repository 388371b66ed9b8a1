# SPDX-License-Identifier: GPL-2.0-or-later
"""What a machine is made of, asked of a real board: its PCI buses, its memory, its balloon, its device tree."""

import os
import subprocess
import tempfile
import time

from qmp import Host, module_path, run

BOARD = ('-M', 'virt', '-bios', 'none', '-m', '64M', '--load-target=riscv64')
MODULES = module_path('riscv', 'serial', 'pci', 'virtio', 'usb')


def test_pci():
    """query-pci and info pci say the same: the host bridge, a port, what is behind it."""
    with Host(*BOARD, '-S', '-device', 'pcie-root-port,id=port,chassis=1,addr=3.1,multifunction=on',
              '-device', 'pcie-root-port,id=first,chassis=2,addr=3.0,multifunction=on',
              '-device', 'virtio-rng-pci,id=rng,addr=5', modules=MODULES) as host:
        client = host.client()
        trees = client.execute('query-pci')
        assert len(trees) == 1 and trees[0]['bus'] == 0, trees
        devices = {(d['slot'], d['function']): d for d in trees[0]['devices']}
        assert sorted(devices) == [(0, 0), (3, 0), (3, 1), (5, 0)], sorted(devices)
        assert devices[3, 1]['qdev_id'] == 'port' and devices[3, 0]['qdev_id'] == 'first'
        assert devices[0, 0]['class_info'] == {'desc': 'Host bridge', 'class': 0x600}
        bridge = devices[3, 0]['pci_bridge']
        # firmware has not been there: no numbers, so nothing behind it
        assert bridge['bus']['secondary'] == 0 and 'devices' not in bridge, bridge
        rng = devices[5, 0]
        assert rng['id']['vendor'] == 0x1af4 and rng['irq_pin'] == 1, rng
        regions = {r['bar']: r for r in rng['regions']}
        assert regions and all(r['address'] == -1 for r in regions.values()), regions
        wide = [r for r in regions.values() if r.get('mem_type_64')]
        assert wide and wide[0]['size'] & (wide[0]['size'] - 1) == 0, regions
        text = client.execute('human-monitor-command', command_line='info pci')
        for words in ('Bus  0, device   3, function 1', 'PCI device 1af4:', 'id "rng"',
                      'secondary bus 0', 'not mapped', 'IRQ 0, pin A'):
            assert words in text, (words, text)


def test_globals():
    """-global: devices of the board, of the user, those that come later; own and the bus's
    properties; the device's own value wins. -set changes an option that was given."""
    with Host(*BOARD, '-S', '-global', 'virtio-rng-pci.period=77',
              '-global', 'driver=virtio-rng-pci,property=multifunction,value=on',
              '-global', 'virtio-mmio.force-legacy=off', '-global', 'no-such-device.x=1',
              '-global', 'virtio-rng-pci.period=78', '-global', 'virtio-balloon-pci.nope=1',
              '-device', 'pcie-root-port,id=port,chassis=1',
              '-device', 'virtio-rng-pci,id=a,addr=9', '-device', 'virtio-rng-pci,id=b,period=5',
              '-set', 'device.b.addr=10', '-set', 'device.a.addr=8',
              '-device', '{"driver": "virtio-rng-pci", "id": "c"}', '-set', 'device.c.period=6',
              '-chardev', 'file,id=f,path=/nonexistent/a', '-set', 'chardev.f.path=/dev/null',
              modules=MODULES) as host:
        client = host.client()

        def value(device, name):
            return client.execute('qom-get', path=device, property=name)

        client.execute('device_add', driver='virtio-rng-pci', id='late', bus='port')
        assert [value(d, 'period') for d in ('a', 'b', 'c', 'late')] == [78, 5, 6, 78]
        assert all(value(d, 'multifunction') for d in ('a', 'b', 'late'))
        assert [str(value(d, 'addr')) for d in 'ab'] == ['8', '10']
        tree = client.execute('human-monitor-command', command_line='info qtree')
        assert 'force-legacy = off' in tree and 'force-legacy = on' not in tree, tree
        reply = client.ask('device_add', driver='virtio-balloon-pci', id='bad')
        assert "-global virtio-balloon-pci.nope=1: device 'virtio-balloon-pci' has no property" \
            in reply['error']['desc'], reply
        assert "no-such-device.x=1: there is no device 'no-such-device'" in host.stderr()
        assert {'label': 'f', 'filename': 'file:/dev/null', 'frontend-open': False} in \
            client.execute('query-chardev')


def test_short_forms():
    """-vga and -pflash stand for devices and drives that the board knows."""
    for name, driver in (('std', 'bochs-display'), ('virtio', 'virtio-gpu-pci'), ('none', None)):
        with Host(*BOARD, '-S', '-vga', name, '-device', 'virtio-rng-pci,addr=1',
                  modules=module_path('riscv', 'serial', 'pci', 'virtio', 'display', 'firmware')
                  ) as host:
            client = host.client()
            tree = client.execute('human-monitor-command', command_line='info qtree')
            found = [one for one in ('bochs-display', 'virtio-gpu-pci') if f'dev: {one}' in tree]
            assert found == ([driver] if driver else []), (name, found)
    with tempfile.TemporaryDirectory(prefix='qh-flash-') as folder:
        paths = [os.path.join(folder, name) for name in 'ab']
        for path in paths:
            with open(path, 'wb') as file:
                file.truncate(32 << 20)
        with Host(*BOARD, '-S', '-pflash', paths[0], '-pflash', paths[1],
                  modules=module_path('riscv', 'serial', 'pci', 'virtio', 'firmware')) as host:
            drives = {d['device']: d['inserted']['file']
                      for d in host.client().execute('query-block')}
            assert drives == {'pflash0': paths[0], 'pflash1': paths[1]}, drives


def test_no_pci():
    """A machine without PCI says which module would bring it."""
    with Host('-M', 'none', modules=MODULES) as host:
        client = host.client()
        error = client.ask('query-pci')['error']
        assert error['class'] == 'GenericError', error
        assert error['data']['module'] == 'pci', error
        text = client.execute('human-monitor-command', command_line='info pci')
        assert text == 'PCI devices not supported\r\n', text
        client.execute('module-load', name='pci')
        assert client.execute('query-pci') == []


def test_usb():
    """info usb: places, speeds, products; short forms of -device; what goes is gone at once."""
    with Host(*BOARD, '-S', '-usb', '-device', 'usb-hub,id=h,port=3', '-device',
              'usb-kbd,port=3.2,usb_version=1', '-usbdevice', 'tablet', modules=MODULES) as host:
        client = host.client()
        text = client.execute('human-monitor-command', command_line='info usb')
        assert 'Device 0.0, Port 1, Speed 480 Mb/s, Product QEMU USB Tablet\r\n' in text, text
        assert 'Port 3.2, Speed 12 Mb/s, Product QEMU USB Keyboard' in text, text
        assert 'Product QEMU USB Hub, ID: h\r\n' in text, text
        client.execute('device_add', driver='usb-mouse', id='m', port='4')
        assert 'QEMU USB Mouse, ID: m' in client.execute('x-query-usb')['human-readable-text']
        for wrong in ({'port': '4'}, {'port': '3.9'}, {'port': '3.'}, {'bus': 'pcie.0'}):
            error = client.ask('device_add', driver='usb-mouse', **wrong)['error']
            assert error['class'] == 'GenericError', error
        client.execute('device_del', id='h')
        client.wait_event('DEVICE_DELETED')
        client.wait_event('DEVICE_DELETED')
        text = client.execute('human-monitor-command', command_line='info usb')
        assert 'Hub' not in text and 'Keyboard' not in text and 'Mouse' in text, text
    with Host(*BOARD, '-S', modules=MODULES) as host:
        text = host.client().execute('human-monitor-command', command_line='info usb')
        assert text == 'USB support not enabled\r\n', text


def test_balloon():
    """balloon and query-balloon, in both languages; what is wrong is refused."""
    with Host(*BOARD, '-S', '-device', 'virtio-balloon-pci,id=b', modules=MODULES) as host:
        client = host.client()
        assert client.execute('query-balloon') == {'actual': 64 << 20}
        client.execute('balloon', value=32 << 20)
        assert client.execute('qom-get', path='/machine/peripheral/b', property='target') == 32 << 20
        stats = client.execute('qom-get', path='/machine/peripheral/b', property='guest-stats')
        assert stats['last-update'] == 0 and len(stats['stats']) == 16, stats
        assert stats['stats']['stat-free-memory'] == (1 << 64) - 1, stats
        members = {m['name']: m['type'] for m in client.execute(
            'qom-list', path='/machine/peripheral/b')}
        assert members['guest-stats'] == 'guest-stats', members
        client.execute('qom-set', path='/machine/peripheral/b',
                       property='guest-stats-polling-interval', value=2)
        assert client.execute('qom-get', path='b', property='guest-stats-polling-interval') == 2
        assert 'error' in client.ask('qom-set', path='b', property='guest-stats', value=1)
        assert 'error' in client.ask('qom-get', path='b', property='guest')
        assert client.execute('query-balloon') == {'actual': 64 << 20}  # no guest has done it yet
        for value in (0, -1):
            assert client.ask('balloon', value=value)['error']['class'] == 'GenericError'
        text = client.execute('human-monitor-command', command_line='info balloon')
        assert text == 'balloon: actual=64\r\n', text
        assert client.execute('human-monitor-command', command_line='balloon 16') == ''
        assert client.execute('qom-get', path='/machine/peripheral/b', property='target') == 16 << 20
        error = client.ask('device_add', driver='virtio-balloon-pci', id='c')['error']
        assert error['class'] == 'GenericError', error
        assert client.execute('query-balloon') == {'actual': 64 << 20}
    with Host(*BOARD, '-S', '-device', 'virtio-rng-pci', modules=MODULES) as host:
        client = host.client()
        assert client.ask('query-balloon')['error']['class'] == 'DeviceNotActive'
        text = client.execute('human-monitor-command', command_line='balloon 16')
        assert 'No balloon device' in text, text


RAM = 0x80000000


def test_memory_to_files():
    """memsave, pmemsave, dumpdtb: what is in the file, and what is refused before there is one."""
    with tempfile.TemporaryDirectory() as folder, \
            Host(*BOARD, '-S', modules=MODULES) as host:
        client = host.client()
        path = os.path.join(folder, 'file')
        for command in ('memsave', 'pmemsave'):
            assert client.execute(command, val=RAM, size=3 << 20, filename=path) == {}
            assert os.path.getsize(path) == 3 << 20, os.path.getsize(path)
            os.remove(path)
            for val, size in ((RAM, 1 << 40), (RAM + (64 << 20) - 1, 2), (0x5000000, 8),
                              ((1 << 64) - 4096, 4096), ((1 << 64) - 1, 2)):
                error = client.ask(command, val=val, size=size, filename=path)['error']
                assert error['class'] == 'GenericError' and not os.path.exists(path), error
            error = client.ask(command, val=RAM, size=1, filename='/nonexistent/x')['error']
            assert 'No such file' in error['desc'], error
        client.execute('pmemsave', val=RAM, size=0, filename=path)
        assert os.path.getsize(path) == 0
        assert 'error' in client.ask('memsave', val=RAM, size=1, filename=path, cpu_index=7)
        client.execute('dumpdtb', filename=path)
        with open(path, 'rb') as file:
            assert file.read(4) == b'\xd0\x0d\xfe\xed'


def test_others_are_answered():
    """While memory is written to a pipe that nobody reads, the client waits and others do not."""
    with tempfile.TemporaryDirectory() as folder, \
            Host(*BOARD, '-S', modules=MODULES) as host:
        client, other = host.client(), host.client()
        path = os.path.join(folder, 'pipe')
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        client.send({'execute': 'pmemsave', 'id': 'slow',
                     'arguments': {'val': RAM, 'size': 1 << 20, 'filename': path}})
        client.send({'execute': 'query-status', 'id': 'next'})
        for _ in range(20):
            other.execute('query-status')
        try:
            assert client.receive(0.3) is None
        except TimeoutError:
            pass
        left = 1 << 20
        os.set_blocking(reader, True)
        while left > 0:
            left -= len(os.read(reader, left))
        assert client.reply() == {'return': {}, 'id': 'slow'}
        assert client.reply()['id'] == 'next'
        # a client that goes, and a host that ends, while it is written
        third = host.client()
        third.send({'execute': 'pmemsave',
                    'arguments': {'val': RAM, 'size': 4 << 20, 'filename': path}})
        time.sleep(0.2)
        third.close()
        other.execute('query-status')
        os.close(reader)
        other.execute('query-status')


def test_dump():
    """A core file that readelf and gdb understand; filters; one at a time; the end of a detached
    one."""
    with tempfile.TemporaryDirectory() as folder, \
            Host(*BOARD, '-smp', '2', modules=MODULES) as host:
        client = host.client()
        path = os.path.join(folder, 'core')
        assert client.execute('query-dump') == {'status': 'none', 'completed': 0, 'total': 0}
        formats = client.execute('query-dump-guest-memory-capability')
        assert formats == {'formats': ['elf']}, formats
        client.execute('dump-guest-memory', paging=False, protocol='file:' + path)
        state = client.execute('query-dump')
        assert state['completed'] == state['total'] == os.path.getsize(path), state
        text = subprocess.run(['readelf', '-hln', path], stdout=subprocess.PIPE, text=True,
                              check=True).stdout
        for words in ('CORE (Core file)', 'RISC-V', '0x0000000080000000', 'NT_PRSTATUS'):
            assert words in text, (words, text)
        assert text.count('NT_PRSTATUS') == 2, text
        assert client.execute('query-status')['running']
        client.execute('dump-guest-memory', paging=False, protocol='file:' + path, detach=True,
                       begin=RAM + 4096, length=8192)
        assert client.wait_event('DUMP_COMPLETED')['result']['status'] == 'completed'
        assert os.path.getsize(path) < 16384, os.path.getsize(path)
        for arguments in ({'paging': True, 'protocol': 'file:' + path},
                          {'paging': False, 'protocol': 'tcp:x'},
                          {'paging': False, 'protocol': 'file:' + path, 'format': 'kdump-zlib'},
                          {'paging': False, 'protocol': 'file:' + path, 'begin': 1},
                          {'paging': False, 'protocol': 'file:' + path, 'begin': 0x5000000,
                           'length': 4096},
                          {'paging': False, 'protocol': 'file:/nonexistent/x'}):
            error = client.ask('dump-guest-memory', **arguments)['error']
            assert error['class'] == 'GenericError', error
        assert client.execute('query-status')['running']


if __name__ == '__main__':
    run(*[case for name, case in list(globals().items()) if name.startswith('test_')])
