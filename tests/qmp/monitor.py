# SPDX-License-Identifier: GPL-2.0-or-later
"""The human monitor, through QMP and at a socket."""

import os
import socket
import tempfile
import time

from qmp import Host, module_path, run

BOARD = ('-M', 'virt', '--load-target=riscv64', '-bios', 'none', '-serial', 'null', '-S')


class Terminal:
    """A person at a monitor's socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        for _ in range(200):
            try:
                self.socket.connect(path)
                break
            except (FileNotFoundError, ConnectionRefusedError):
                time.sleep(0.01)
        self.banner = self.until_prompt()

    def until_prompt(self):
        """What comes before the next prompt."""
        text = b''
        while not text.endswith(b'(qemu) '):
            piece = self.socket.recv(65536)
            assert piece, text
            text += piece
        return text[:-len(b'(qemu) ')].decode()

    def line(self, keys):
        """Type keys and Enter; what is shown."""
        self.socket.sendall(keys.encode() + b'\n')
        return self.until_prompt()


def test_through_qmp():
    """Every command and subject answers, in lines that end in CR LF."""
    with Host(*BOARD, modules=module_path('riscv', 'serial')) as host:
        client = host.client()

        def hmp(line):
            text = client.execute('human-monitor-command', command_line=line)
            assert text.count('\n') == text.count('\r\n'), repr(text)
            return text

        assert 'info registers' in hmp('info') and 'system_reset' in hmp('help')
        assert hmp('help stop').startswith('stop'), hmp('help stop')
        assert 'x10/a0' in hmp('info registers') and 'CPU#0' in hmp('info registers -a')
        assert 'ns16550' in hmp('info mtree')
        assert 'riscv' in hmp('info modules') and 'riscv64' in hmp('info targets')
        assert 'target/riscv64' in hmp('info slots')
        assert 'prelaunch' in hmp('info status')
        assert hmp('info version').startswith('qemu-host ')
        assert 'serial0' in hmp('info chardev') and '#0' in hmp('info cpus')
        assert hmp('info name') == '' and hmp('info uuid').startswith('00000000-')
        assert hmp('xp/2xw 0x80000000') == '0000000080000000: 0x00000000 0x00000000\r\n'
        assert hmp('x/1xb 0x80000000') == '0000000080000000: 0x00\r\n'
        assert hmp('xp/3c 0x80000000').count("'\\x00'") == 3
        assert 'Cannot access' in hmp('xp/1xg 0x7000000000000000')
        assert hmp('print 1+2*3') == '0x9\r\n', hmp('print 1+2*3')
        assert hmp('p/d 0x10') == '16\r\n' and hmp('print /d 8') == '8\r\n'
        assert hmp('p/d 1-2') == '-1\r\n'
        assert hmp('cont') == '' and 'running' in hmp('info status')
        client.wait_event('RESUME')
        assert hmp('stop') == '' and 'paused' in hmp('info status')
        assert hmp('system_reset') == ''
        client.wait_event('RESET')
        assert "unknown command: 'nope'" in hmp('nope')
        text = client.execute('human-monitor-command', command_line='info registers', cpu_index=7)
        assert text == 'No CPU available\r\n', text


def wait_for_bytes(path, size):
    """Until a file that a thread writes has this many bytes."""
    for _ in range(500):
        if os.path.exists(path) and os.path.getsize(path) == size:
            return
        time.sleep(0.02)
    raise AssertionError((path, os.path.exists(path) and os.path.getsize(path)))


def test_memory_and_machine():
    """Files of memory, the device tree, and what is known of them; bad words are told."""
    with tempfile.TemporaryDirectory() as folder, \
            Host(*BOARD, '-m', '16M', '-object', 'iothread,id=io0',
                 modules=module_path('riscv', 'serial')) as host:
        client = host.client()

        def hmp(line):
            return client.execute('human-monitor-command', command_line=line)

        names = {key: os.path.join(folder, key) for key in ('a', 'b c', 'core', 'dtb')}
        assert hmp(f'pmemsave 0x80000000 4096 {names["a"]}') == ''
        wait_for_bytes(names['a'], 4096)
        assert hmp(f'memsave 0x80000000 8 "{names["b c"]}"') == ''
        wait_for_bytes(names['b c'], 8)
        assert hmp('info dump') == 'Status: none\r\n', hmp('info dump')
        assert hmp(f'dump-guest-memory {names["core"]} 0x80000000 4096') == ''
        for _ in range(500):
            if 'completed' in hmp('info dump'):
                break
            time.sleep(0.02)
        assert 'Status: completed' in hmp('info dump'), hmp('info dump')
        with open(names['core'], 'rb') as core:
            assert core.read(4) == b'\x7fELF'
        assert hmp(f'dumpdtb {names["dtb"]}') == ''
        with open(names['dtb'], 'rb') as dtb:
            assert dtb.read(4) == bytes.fromhex('d00dfeed')
        assert hmp('info memory_size_summary').startswith('base memory: 16777216\r\n')
        assert 'io0: thread_id=' in hmp('info iothreads'), hmp('info iothreads')
        assert not hmp('info memdev').startswith(('Error', 'unknown')), hmp('info memdev')
        assert hmp('watchdog_action pause') == ''
        for bad in ('watchdog_action', 'watchdog_action nope', 'system_wakeup', 'nmi', 'memsave',
                    'memsave 0 1', 'memsave -1 1 /x', 'pmemsave 0x80000000 4096', 'dumpdtb',
                    f'pmemsave 18446744073709551616 1 {names["a"]}', 'pmemsave 0 1x /x',
                    f'pmemsave 0x80000000 0xffffffffffffffff {names["a"]}',
                    f'memsave 0x80000000 1 {names["a"]} more', 'memsave 0x80000000 1 "/x',
                    'dump-guest-memory', 'dump-guest-memory -d', 'dump-guest-memory -x /x',
                    f'dump-guest-memory {names["a"]} 1', f'dump-guest-memory {names["a"]} 1 0',
                    f'dump-guest-memory {names["a"]} 1 18446744073709551615',
                    f'dumpdtb {folder}/no/such'):
            assert hmp(bad).startswith('Error: '), (bad, hmp(bad))
        assert os.path.getsize(names['a']) == 4096


def test_what_cannot_be_done():
    """Every command that fails says so, and the program lives on."""
    with Host(*BOARD, modules=module_path('riscv', 'serial')) as host:
        client = host.client()
        for line in ('netdev_add nope,id=n0', 'netdev_del nope', 'set_link nope on', 'mouse_set 99',
                     'screendump /no/such/file', 'set_password vnc secret',
                     'expire_password vnc now', 'change vnc password secret', 'eject nope',
                     'change nope /no/such/file', 'drive_del nope', 'block_resize nope 1M',
                     'object_add nope,id=x', 'object_del nope', 'device_add nope',
                     'device_del nope', 'balloon 64', 'logfile /no/such/file', 'log nope',
                     'hostfwd_add tcp::1-:2', 'commit nope', 'drive_mirror nope /x',
                     'snapshot_blkdev nope /x', 'block_job_cancel nope', 'sendkey nope'):
            text = client.execute('human-monitor-command', command_line=line)
            assert text.strip() != '', line
        assert 'VM status' in client.execute('human-monitor-command', command_line='info status')


def test_terminal():
    """Prompt, echo, rubbing out, and quit."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'hmp')
        with Host('-M', 'none', '-monitor', f'unix:{path},server=on,wait=off') as host:
            person = Terminal(path)
            assert 'monitor' in person.banner, person.banner
            assert 'qemu-host' in person.line('info version')
            shown = person.line('infx\x7fo nam\x08\x08\x08status')
            assert 'VM status' in shown, shown
            assert 'VM status' in person.line('garbage\x15info status')
            assert 'VM status' in person.line('\x1b[A\x1b[3~info status')
            assert 'unknown command' in person.line('nope')
            assert person.line('') == '\r\n'
            assert len(person.line('y' * 100000)) < 200000
            person.socket.sendall(b'info targets\n' * 200)
            shown = ''
            while shown.count('riscv64') < 200:
                shown += person.until_prompt()
            person.socket.sendall(b'quit\n')
            assert host.process.wait(10) == 0


def test_stop_from_a_chardev():
    """stop from a monitor on a character device, while the CPUs run."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'hmp')
        with Host(*BOARD[:-1], '-smp', '2', '-monitor', f'unix:{path},server=on,wait=off',
                  modules=module_path('riscv', 'serial')):
            person = Terminal(path)
            for _ in range(20):
                person.line('stop')
                assert 'paused' in person.line('info status')
                person.line('cont')
                assert 'CPU#1' in person.line('info registers -a')


if __name__ == '__main__':
    run(*[case for name, case in list(globals().items()) if name.startswith('test_')])
