# SPDX-License-Identifier: GPL-2.0-or-later
"""Descriptors that clients hand over: names, sets, what opens by them, and that none is lost."""

import fcntl
import json
import os
import socket
import subprocess
import tempfile
import time

from qmp import HOST, Client, Host, module_path, run

BOARD = ('-M', 'virt', '-bios', 'none', '-m', '64M', '--load-target=riscv64', '-S')
MODULES = module_path('riscv', 'serial', 'pci', 'virtio')
NONE = 'No file descriptor supplied via SCM_RIGHTS'


def ask(client, command, fds, **arguments):
    """The reply to a command that comes with descriptors."""
    request = {'execute': command,
               'arguments': {k.replace('_', '-'): v for k, v in arguments.items()}}
    socket.send_fds(client.socket, [json.dumps(request).encode() + b'\n'], fds)
    return client.reply()


def give(client, command, fds, **arguments):
    """What such a command returns."""
    reply = ask(client, command, fds, **arguments)
    assert 'return' in reply, reply
    return reply['return']


def wrong(reply):
    """The text of an error."""
    assert reply['error']['class'] == 'GenericError', reply
    return reply['error']['desc']


def open_fds(host):
    """What the process has open, by number."""
    folder = f'/proc/{host.process.pid}/fd'
    found = {}
    for n in os.listdir(folder):
        try:
            found[int(n)] = os.readlink(os.path.join(folder, n))
        except FileNotFoundError:
            pass  # closed since the folder was read
    return found


def uses(host, path):
    """How often the process has a file open."""
    return sum(1 for target in open_fds(host).values() if target == path)


class File:
    """A file and descriptors of it, for the length of a test."""

    def __init__(self, size=0):
        self.file = tempfile.NamedTemporaryFile(prefix='qh-fd-')
        self.path = self.file.name
        os.truncate(self.path, size)
        self.both = os.open(self.path, os.O_RDWR)
        self.read = os.open(self.path, os.O_RDONLY)
        self.write = os.open(self.path, os.O_WRONLY)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        for fd in (self.both, self.read, self.write):
            os.close(fd)
        self.file.close()


def names(client, host, file):
    """getfd and closefd, on any monitor."""
    assert wrong(client.ask('getfd', fdname='a')) == NONE
    assert 'not starting with a digit' in wrong(ask(client, 'getfd', [file.both], fdname='1a'))
    assert uses(host, file.path) == 0, open_fds(host)
    give(client, 'getfd', [file.both], fdname='a')
    give(client, 'getfd', [file.read], fdname='a')  # the first one is closed
    assert uses(host, file.path) == 1, open_fds(host)
    give(client, 'getfd', [file.read, file.both], fdname='b')
    assert uses(host, file.path) == 3, open_fds(host)
    give(client, 'query-version', [file.read])  # replaces what nobody took; and stays
    assert uses(host, file.path) == 3, open_fds(host)
    client.execute('getfd', fdname='c')
    assert wrong(client.ask('getfd', fdname='d')) == NONE
    assert wrong(client.ask('closefd', fdname='d')) == "File descriptor named 'd' not found"
    for name in 'abc':
        client.execute('closefd', fdname=name)
    assert wrong(client.ask('closefd', fdname='a')) == "File descriptor named 'a' not found"
    assert uses(host, file.path) == 0, open_fds(host)
    # many at once: what does not find room is closed; the client goes: so are they
    give(client, 'query-version', [file.both] * 100)
    assert 1 <= uses(host, file.path) <= 16, open_fds(host)


def test_names():
    """On a socket of -qmp: names belong to the socket, what nobody took goes with its client."""
    with Host('-M', 'none') as host, File() as file:
        client, other = host.client(), host.client()
        names(client, host, file)
        give(other, 'getfd', [file.read], fdname='shared')
        client.execute('closefd', fdname='shared')
        client.close()
        deadline = time.monotonic() + 10
        while uses(host, file.path) > 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert uses(host, file.path) == 0, open_fds(host)
        assert host.client().execute('query-fdsets') == []


def test_chardev():
    """On a monitor that sits on a character device, as libvirt has it."""
    with tempfile.TemporaryDirectory(prefix='qh-fd-') as folder, File() as file:
        path = os.path.join(folder, 'mon')
        human = os.path.join(folder, 'human')
        with Host('-M', 'none', '-chardev', f'socket,id=c,path={path},server=on,wait=off',
                  '-mon', 'chardev=c,mode=control',
                  '-monitor', f'unix:{human},server=on,wait=off') as host:
            client = Client(path)
            names(client, host, file)
            # several commands with descriptors in one go: each gets its own
            for name, fd in (('x', file.read), ('y', file.both), ('z', file.write)):
                socket.send_fds(client.socket, [json.dumps(
                    {'execute': 'add-fd', 'arguments': {'opaque': name}}).encode() + b'\n'], [fd])
            added = [client.reply()['return'] for _ in range(3)]
            assert [a['fdset-id'] for a in added] == [0, 1, 2], added
            modes = []
            for one in added:
                with open(f'/proc/{host.process.pid}/fdinfo/{one["fd"]}', encoding='ascii') as info:
                    modes.append(int(info.read().split('flags:')[1].split()[0], 8) & 3)
            assert modes == [os.O_RDONLY, os.O_RDWR, os.O_WRONLY], modes
            for one in added:
                client.execute('remove-fd', fdset_id=one['fdset-id'])
            client.close()
            terminal = socket.socket(socket.AF_UNIX)
            terminal.connect(human)
            terminal.settimeout(20)
            speak(terminal, [], b'(qemu) ')
            assert b'No file descriptor supplied' in speak(terminal, [], b'(qemu) ', b'getfd a\n')
            assert b'Error' not in speak(terminal, [file.both], b'(qemu) ', b'getfd a\n')
            assert uses(host, file.path) == 1, open_fds(host)
            assert b'Error' not in speak(terminal, [], b'(qemu) ', b'closefd a\n')
            assert b"'a' not found" in speak(terminal, [], b'(qemu) ', b'closefd a\n')
            assert b'name is missing' in speak(terminal, [], b'(qemu) ', b'getfd\n')
            assert uses(host, file.path) == 0, open_fds(host)


def speak(terminal, fds, end, line=b''):
    """A line of the human monitor; what it says up to the prompt."""
    said = b''
    if fds:
        socket.send_fds(terminal, [line], fds)
    elif line:
        terminal.sendall(line)
    while not said.endswith(end):
        said += terminal.recv(4096)
    return said


def test_through_qmp():
    """human-monitor-command has the names of the monitor that it comes by."""
    with Host('-M', 'none') as host, File() as file:
        client = host.client()
        line = {'command_line': 'getfd a'}
        assert give(client, 'human-monitor-command', [file.both], **line) == ''
        client.execute('closefd', fdname='a')
        assert NONE in client.execute('human-monitor-command', **line)


def test_sets():
    """add-fd, query-fdsets, remove-fd."""
    with Host('-M', 'none') as host, File() as file:
        client = host.client()
        assert wrong(client.ask('add-fd')) == NONE
        assert give(client, 'add-fd', [file.both])['fdset-id'] == 0
        first = give(client, 'add-fd', [file.both], fdset_id=5, opaque='x')
        second = give(client, 'add-fd', [file.read], fdset_id=5)
        assert first['fdset-id'] == 5 and second['fdset-id'] == 5
        assert 'non-negative' in wrong(ask(client, 'add-fd', [file.read], fdset_id=-1))
        assert give(client, 'add-fd', [file.read])['fdset-id'] == 1
        sets = {s['fdset-id']: s['fds'] for s in host.client().execute('query-fdsets')}
        assert sets[5] == [{'fd': first['fd'], 'opaque': 'x'}, {'fd': second['fd']}], sets
        assert sorted(sets) == [0, 1, 5], sets
        assert uses(host, file.path) == 4, open_fds(host)
        client.execute('remove-fd', fdset_id=5, fd=first['fd'])
        for arguments, text in (({'fdset_id': 9}, 'fdset-id:9'),
                                ({'fdset_id': 5, 'fd': first['fd']},
                                 f'fdset-id:5, fd:{first["fd"]}'),
                                ({'fdset_id': 0, 'fd': -1}, 'fdset-id:0, fd:-1'),
                                ({'fdset_id': -1}, 'fdset-id:-1')):
            reply = client.ask('remove-fd', **arguments)
            assert wrong(reply) == f"File descriptor named '{text}' not found", reply
        for number in (0, 1, 5):
            client.execute('remove-fd', fdset_id=number)
        assert client.execute('query-fdsets') == []
        assert uses(host, file.path) == 0, open_fds(host)


def locks(path):
    """Whether somebody has a lock on a file."""
    inode = f':{os.stat(path).st_ino} '
    with open('/proc/locks', encoding='ascii') as table:
        return sum(1 for line in table if inode in line)


def test_disks():
    """Nodes of the block layer by /dev/fdset/N."""
    with Host('-M', 'none') as host, File(1 << 20) as file:
        client = host.client()
        node = {'driver': 'file', 'node_name': 'n', 'filename': '/dev/fdset/3'}
        assert 'No such file' in wrong(client.ask('blockdev-add', **node))
        give(client, 'add-fd', [file.read], fdset_id=3)
        assert 'Permission denied' in wrong(client.ask('blockdev-add', **node))
        client.execute('blockdev-add', read_only=True, **node)
        assert client.execute('query-named-block-nodes')[0]['image']['virtual-size'] == 1 << 20
        client.execute('blockdev-del', node_name='n')
        # for writing, which comes later: the other member
        give(client, 'add-fd', [file.both], fdset_id=3)
        client.execute('blockdev-add', auto_read_only=True, **node)
        client.execute('blockdev-add', driver='raw', node_name='r', file='n')
        client.execute('block_resize', node_name='r', size=2 << 20)
        assert os.stat(file.path).st_size == 2 << 20
        # the set outlives its members as long as the node does
        client.execute('remove-fd', fdset_id=3)
        assert client.execute('query-fdsets') == [{'fdset-id': 3, 'fds': []}]
        client.execute('blockdev-del', node_name='r')
        client.execute('blockdev-del', node_name='n')
        assert client.execute('query-fdsets') == []
        assert uses(host, file.path) == 0, open_fds(host)
        # locks of a node go with it, even while the member is open
        give(client, 'add-fd', [file.both], fdset_id=3)
        client.execute('blockdev-add', **node)
        client.execute('blockdev-add', driver='raw', node_name='r', file='n')
        size = os.stat(file.path).st_size
        client.execute('blockdev-add', driver='null-co', node_name='zeroes', size=size)
        client.execute('blockdev-mirror', job_id='m', device='zeroes', target='r', sync='full',
                       speed=1)
        assert locks(file.path) > 0
        client.execute('block-job-cancel', device='m', force=True)
        client.wait_event('BLOCK_JOB_CANCELLED')
        client.execute('blockdev-del', node_name='r')
        client.execute('blockdev-del', node_name='n')
        assert locks(file.path) == 0
        # what only looks like a set is a path
        node['filename'] = '/dev/fdset/3x'
        assert 'No such file' in wrong(client.ask('blockdev-add', **node))


def test_image():
    """An image does not get at descriptors by the name of its backing file."""
    with Host('-M', 'none') as host, File(1 << 20) as file, \
            tempfile.TemporaryDirectory(prefix='qh-fd-') as folder:
        client = host.client()
        give(client, 'add-fd', [file.both], fdset_id=3)
        image = os.path.join(folder, 'image')
        subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-u', '-b', '/dev/fdset/3',
                        '-F', 'raw', image, '1M'], check=True, timeout=20)
        node = {'driver': 'qcow2', 'node_name': 'n',
                'file': {'driver': 'file', 'filename': image}}
        assert "an image may not name '/dev/fdset/3'" in wrong(client.ask('blockdev-add', **node))
        client.execute('blockdev-add', backing={
            'driver': 'raw', 'file': {'driver': 'file', 'filename': '/dev/fdset/3'},
            'read-only': True}, **node)
        assert uses(host, file.path) == 2


def test_create():
    """blockdev-create, overlays, a capture of frames and a character device."""
    with Host('-M', 'none') as host, File(1 << 16) as file, File() as log:
        client = host.client()
        give(client, 'add-fd', [file.both], fdset_id=1)
        client.execute('blockdev-create', job_id='j', options={
            'driver': 'file', 'filename': '/dev/fdset/1', 'size': 1 << 21})
        while client.execute('query-jobs')[0]['status'] != 'concluded':
            time.sleep(0.01)
        job = client.execute('query-jobs')[0]
        assert 'error' not in job and os.stat(file.path).st_size == 1 << 21, job
        give(client, 'add-fd', [log.write], fdset_id=2)
        os.write(log.both, b'old')
        client.execute('chardev-add', id='c', backend={
            'type': 'file', 'data': {'out': '/dev/fdset/2'}})
        assert os.stat(log.path).st_size == 0
        assert uses(host, log.path) == 2
        client.execute('chardev-remove', id='c')
        assert uses(host, log.path) == 1
        reply = client.ask('chardev-add', id='c', backend={
            'type': 'file', 'data': {'out': '/dev/fdset/2', 'in': '/dev/fdset/2'}})
        assert 'Permission denied' in wrong(reply), reply
        client.execute('remove-fd', fdset_id=2)
        assert uses(host, log.path) == 0


def test_sockets():
    """Sockets by name: a character device, a network; what is no socket is closed."""
    with Host('-M', 'none') as host, File() as file:
        client = host.client()
        ours, theirs = socket.socketpair()
        data = {'type': 'socket', 'data': {'server': False, 'addr': {
            'type': 'fd', 'data': {'str': 's'}}}}
        assert "'s' has not been found" in wrong(client.ask('chardev-add', id='c', backend=data))
        give(client, 'getfd', [file.both], fdname='s')
        assert 'no open socket' in wrong(client.ask('chardev-add', id='c', backend=data))
        assert uses(host, file.path) == 0, open_fds(host)
        give(client, 'getfd', [theirs.fileno()], fdname='s')
        theirs.close()
        client.execute('chardev-add', id='c', backend=data)
        assert "'s' not found" in wrong(client.ask('closefd', fdname='s'))
        client.execute('chardev-remove', id='c')
        assert ours.recv(1) == b''
        ours, theirs = socket.socketpair()
        give(client, 'getfd', [theirs.fileno()], fdname='n')
        theirs.close()
        client.execute('netdev_add', type='stream', id='n', addr={'type': 'fd', 'str': 'n'})
        client.execute('netdev_del', id='n')
        assert ours.recv(1) == b''
        assert "'nope' has not been found" in wrong(
            client.ask('netdev_add', type='tap', id='t', fd='nope'))


def test_dumps():
    """dump-guest-memory to fd:NAME and into a set; memsave."""
    with Host(*BOARD, modules=MODULES) as host, File() as file:
        client = host.client()
        assert "'d' has not been found" in wrong(
            client.ask('dump-guest-memory', paging=False, protocol='fd:d'))
        assert 'fd:NAME' in wrong(client.ask('dump-guest-memory', paging=False, protocol='x:d'))
        reader, writer = os.pipe()
        give(client, 'getfd', [writer], fdname='dump')
        os.close(writer)
        client.execute('dump-guest-memory', paging=False, protocol='fd:dump', detach=True)
        size, head = 0, b''
        while piece := os.read(reader, 1 << 20):
            head = head or piece[:4]
            size += len(piece)
        os.close(reader)
        assert client.wait_event('DUMP_COMPLETED')['result']['status'] == 'completed'
        assert head == b'\x7fELF' and size > 64 << 20, (head, size)
        give(client, 'add-fd', [file.write], fdset_id=1)
        client.execute('pmemsave', val=0x80000000, size=8192, filename='/dev/fdset/1')
        assert os.stat(file.path).st_size == 8192
        assert uses(host, file.path) == 1


def test_full_pipe():
    """A dump into a pipe that nobody reads does not keep the program from ending."""
    with Host(*BOARD, modules=MODULES) as host:
        client = host.client()
        reader, writer = os.pipe()
        give(client, 'getfd', [writer], fdname='dump')
        client.execute('dump-guest-memory', paging=False, protocol='fd:dump', detach=True)
        assert client.execute('query-dump')['status'] == 'active'
        client.send({'execute': 'quit'})
        host.process.wait(timeout=20)
        os.close(reader)
        os.close(writer)


def test_option():
    """-add-fd: a disk on the command line, and numbers that are none."""
    with File(1 << 20) as file:
        os.set_inheritable(file.both, True)
        os.set_inheritable(file.read, True)
        options = ('-add-fd', f'fd={file.both},set=7,opaque=disk',
                   '-add-fd', f'fd={file.read},set=7', '-add-fd', f'fd={file.read},set=8',
                   '-blockdev', 'driver=file,node-name=n,filename=/dev/fdset/7,auto-read-only=on')
        with Host('-M', 'none', *options, pass_fds=(file.both, file.read)) as host:
            client = host.client()
            sets = {s['fdset-id']: s['fds'] for s in client.execute('query-fdsets')}
            assert sets[7][0]['opaque'] == 'disk' and len(sets[7]) == 2 and len(sets[8]) == 1
            assert uses(host, file.path) == 4, open_fds(host)  # three members and the node
        for option, text in ((f'fd={file.both}', "'set' is missing"), ('set=1', "'fd' is missing"),
                             ('fd=1,set=1', 'standard stream'), ('fd=999,set=1', 'no descriptor'),
                             ('fd=x,set=1', 'not a number'), ('fd=3,set=-1', 'not a number'),
                             ('fd=3,set=1,colour=red', "'colour' is not known")):
            done = subprocess.run([HOST, '-M', 'none', '-add-fd', option], capture_output=True,
                                  text=True, timeout=20, check=False)
            assert done.returncode == 2 and text in done.stderr, (option, done)


def test_flags():
    """What a set gives is close-on-exec here, and has the flags that were wanted."""
    with Host('-M', 'none') as host, File(1 << 20) as file:
        client = host.client()
        member = give(client, 'add-fd', [file.both], fdset_id=1)['fd']
        client.execute('blockdev-add', driver='file', node_name='n', filename='/dev/fdset/1')
        for number, target in open_fds(host).items():
            if target == file.path:
                with open(f'/proc/{host.process.pid}/fdinfo/{number}', encoding='ascii') as info:
                    flags = int(info.read().split('flags:')[1].split()[0], 8)
                assert flags & os.O_CLOEXEC and flags & os.O_NONBLOCK, (number, oct(flags))
        assert member in open_fds(host)
        assert fcntl.fcntl(file.both, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDWR


if __name__ == '__main__':
    run(*[case for name, case in list(globals().items()) if name.startswith('test_')])
