# SPDX-License-Identifier: GPL-2.0-or-later
"""Networks: making and taking them away, bad options, and frames that pass through a hub between a
stream, a datagram socket and the user network, with this script as the guest."""

import os
import socket
import struct
import sys
import tempfile
import time

from qmp import Host, module_path, run

ME, ALL = b'\x52\x54\x00\x00\x00\x99', b'\xff' * 6
BAD = [
    ({'type': 'user', 'id': '1x'}, 'is no identifier'),
    ({'type': 'user', 'id': 'x', 'net': '10.0.2.0/33'}, "'net'"),
    ({'type': 'user', 'id': 'x', 'net': '10.0.2.0/255.0.255.0'}, "'net'"),
    ({'type': 'user', 'id': 'x', 'host': '11.0.2.2'}, "'host'"),
    ({'type': 'user', 'id': 'x', 'dns': 'nowhere'}, "'dns'"),
    ({'type': 'user', 'id': 'x', 'ipv4': False, 'ipv6': False}, 'neither'),
    ({'type': 'user', 'id': 'x', 'ipv6-prefix': 'fe::80::'}, 'ipv6-prefix'),
    ({'type': 'user', 'id': 'x', 'hostfwd': [{'str': 'tcp:127.0.0.1'}]}, 'hostfwd'),
    ({'type': 'user', 'id': 'x', 'hostfwd': [{'str': 'icmp::1-:2'}]}, 'hostfwd'),
    ({'type': 'user', 'id': 'x', 'hostfwd': [{'str': 'tcp::99999-:2'}]}, 'hostfwd'),
    ({'type': 'user', 'id': 'x', 'guestfwd': [{'str': 'tcp:10.0.2.9:1-nothing'}]}, 'guestfwd'),
    ({'type': 'user', 'id': 'x', 'smb': '/tmp'}, 'smb'),
    ({'type': 'user', 'id': 'x', 'odd': 1}, "'odd'"),
    ({'type': 'stream', 'id': 'x'}, "'addr'"),
    ({'type': 'stream', 'id': 'x', 'addr': {'type': 'unix', 'path': '/nonexistent/s'}}, 'No such'),
    ({'type': 'dgram', 'id': 'x'}, "'local'"),
    ({'type': 'dgram', 'id': 'x', 'local': {'type': 'inet', 'host': '300.1.1.1', 'port': '1'}}, ''),
    ({'type': 'socket', 'id': 'x'}, 'exactly one'),
    ({'type': 'socket', 'id': 'x', 'listen': '1', 'connect': '2'}, 'exactly one'),
    ({'type': 'socket', 'id': 'x', 'listen': 'nohost'}, 'HOST:PORT'),
    ({'type': 'tap', 'id': 'x', 'fd': '77'}, 'no tap device'),
    ({'type': 'tap', 'id': 'x', 'fd': 'seven'}, 'has not been found'),
    ({'type': 'tap', 'id': 'x', 'ifname': 'a' * 40}, 'ifname'),
    ({'type': 'bridge', 'id': 'x', 'helper': '/nonexistent/helper'}, 'No such file'),
    ({'type': 'hubport', 'id': 'x', 'hubid': 0, 'netdev': 'nobody'}, "'nobody'"),
    ({'type': 'passt', 'id': 'x', 'path': '/nonexistent/passt'}, 'No such file'),
    ({'type': 'passt', 'id': 'x', 'vhost-user': True}, 'vhost-user'),
    ({'type': 'odd', 'id': 'x'}, "'type'"),
    ({'type': 'user'}, "'id'"),
]


def host(*options):
    return Host('-M', 'none', *options, modules=module_path('net-user'))


def test_bad_options():
    """Each is refused with its reason, and leaves nothing behind."""
    with host('-sandbox', 'on,spawn=allow') as machine:
        client = machine.client()
        for arguments, text in BAD:
            client.send({'execute': 'netdev_add', 'arguments': arguments})
            reply = client.reply()
            assert text in reply['error']['desc'], (arguments, reply)
        assert client.execute('human-monitor-command', **{'command-line': 'info network'}) == ''


def test_absent_module():
    """A kind that a module would bring is the uniform error, naming the package."""
    with Host('-M', 'none', modules=module_path('null')) as machine:
        client = machine.client()
        client.send({'execute': 'netdev_add', 'arguments': {'type': 'user', 'id': 'n'}})
        error = client.reply()['error']
        assert error['data']['slot'] == 'netdev/user', error
        assert error['data']['package'] == 'qemu-host-net-user', error


def test_life():
    """Made, shown, taken away, and the name is free again."""
    with host() as machine:
        client = machine.client()
        for _ in range(3):
            client.execute('netdev_add', type='user', id='n', hostfwd=[{'str': 'tcp:127.0.0.1:0-:22'}])
            text = client.execute('human-monitor-command', **{'command-line': 'info network'})
            assert 'n: index=0,type=user,net=10.0.2.0' in text and 'HOST_FORWARD' in text, text
            client.send({'execute': 'netdev_add', 'arguments': {'type': 'user', 'id': 'n'}})
            assert 'already exists' in client.reply()['error']['desc']
            client.execute('set_link', name='n', up=False)
            client.execute('netdev_del', id='n')
        client.send({'execute': 'netdev_del', 'arguments': {'id': 'n'}})
        assert client.reply()['error']['class'] == 'DeviceNotFound'
        client.send({'execute': 'set_link', 'arguments': {'name': 'n', 'up': True}})
        assert client.reply()['error']['class'] == 'DeviceNotFound'


class Stream:
    """The other end of a stream netdev."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(path)

    def send(self, frame):
        self.sock.sendall(struct.pack('>I', len(frame)) + frame)

    def exactly(self, size):
        data = b''
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            assert more, 'the host has closed the stream'
            data += more
        return data

    def receive(self):
        return self.exactly(struct.unpack('>I', self.exactly(4))[0])


def test_open_connection_costs_nothing():
    """While a connection waits for the guest the main loop sleeps: CPU time, so load is no matter."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    with host() as machine:
        client = machine.client()
        client.execute('netdev_add', type='user', id='n',
                       hostfwd=[{'str': 'tcp:127.0.0.1:%d-:22' % port}])
        with socket.create_connection(('127.0.0.1', port)):
            clock = (~machine.process.pid << 3) | 2
            time.sleep(0.2)
            before = time.clock_gettime(clock)
            time.sleep(1)
            spent = time.clock_gettime(clock) - before
            assert spent < 0.1, 'the host worked %.2f s of one second' % spent


PASST = """#!%s
import os, socket, sys
with open(%r, 'w') as out:
    out.write('\\n'.join(sys.argv[1:]))
if '--mtu' in sys.argv:
    sys.exit('no such MTU')
fd = int(sys.argv[sys.argv.index('--fd') + 1])
if os.fork() == 0:
    peer = socket.socket(fileno=fd)
    while data := peer.recv(65536):
        peer.sendall(data)
    open(%r, 'w').close()
"""


def test_passt():
    """A program in its place: it gets its options, frames go there and come back, it is told of the
    end; what it complains of is the error."""
    with tempfile.TemporaryDirectory() as folder, \
            host('-sandbox', 'on,spawn=allow') as machine:
        client = machine.client()
        program, words, ended, here, there = (os.path.join(folder, name) for name in (
            'passt', 'words', 'ended', 'here', 'there'))
        with open(program, 'w', encoding='ascii') as out:
            out.write(PASST % (sys.executable, words, ended))
        os.chmod(program, 0o755)
        client.execute('netdev_add', type='passt', id='p', path=program, ipv6=False, udp=True,
                       address='10.1.2.3', **{'tcp-ports': [{'str': '22'}, {'str': '80:8080'}],
                                             'param': [{'str': '--trace'}]})
        with open(words, encoding='ascii') as file:
            assert file.read().split('\n') == [
                '--quiet', '--fd', '3', '--address', '10.1.2.3', '--ipv4-only', '--tcp-ports',
                '22,80:8080', '--trace']
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
            datagrams.settimeout(20)
            datagrams.bind(here)
            client.execute('netdev_add', type='dgram', id='d',
                           local={'type': 'unix', 'path': there},
                           remote={'type': 'unix', 'path': here})
            for name in 'pd':
                client.execute('netdev_add', type='hubport', id='port-' + name, hubid=1, netdev=name)
            frame = ALL + ME + b'\x88\xb5' + os.urandom(100)
            datagrams.sendto(frame, there)
            assert datagrams.recv(2000) == frame
        client.send({'execute': 'netdev_add', 'arguments': {
            'type': 'passt', 'id': 'q', 'path': program, 'mtu': 70000}})
        assert 'no such MTU' in client.reply()['error']['desc']
        client.execute('netdev_del', id='port-p')
        client.execute('netdev_del', id='p')
        end = time.monotonic() + 20
        while not os.path.exists(ended):
            assert time.monotonic() < end, 'passt still has its socket'
            time.sleep(0.01)


def test_hub():
    """What comes in at one port goes out at the others, whole and once; the user network answers
    ARP for its own address; a broken stream ends that peer alone."""
    with tempfile.TemporaryDirectory() as folder, host() as machine:
        client = machine.client()
        path, here, there = (os.path.join(folder, n) for n in ('stream', 'here', 'there'))
        client.execute('netdev_add', type='stream', id='s', server=True,
                   addr={'type': 'unix', 'path': path})
        datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        datagrams.settimeout(20)
        datagrams.bind(here)
        client.execute('netdev_add', type='dgram', id='d', local={'type': 'unix', 'path': there},
                   remote={'type': 'unix', 'path': here})
        client.execute('netdev_add', type='user', id='u')
        for name in 'sdu':
            client.execute('netdev_add', type='hubport', id='port-' + name, hubid=3, netdev=name)
        client.send({'execute': 'netdev_del', 'arguments': {'id': 's'}})
        assert 'in use by a hub' in client.reply()['error']['desc']

        stream = Stream(path)
        for size in (60, 1514, 9000, 65000):
            frame = ALL + ME + b'\x88\xb5' + os.urandom(size - 14)
            stream.send(frame)
            assert datagrams.recv(70000) == frame, size
        frame = ALL + ME + b'\x88\xb5' + os.urandom(100)
        datagrams.sendto(frame, there)
        assert stream.receive() == frame

        request = ALL + ME + b'\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01' + ME + bytes(
            [10, 0, 2, 15]) + b'\0' * 6 + bytes([10, 0, 2, 2])
        stream.send(request.ljust(60, b'\0'))
        answer = stream.receive()
        assert answer[12:14] == b'\x08\x06' and answer[20:22] == b'\x00\x02', answer
        assert answer[28:32] == bytes([10, 0, 2, 2]), answer

        client.execute('set_link', name='d', up=False)
        stream.send(frame)
        client.execute('set_link', name='d', up=True)
        stream.sock.sendall(b'\xff' * 64)
        assert stream.sock.recv(1) == b'', 'a length beyond any frame ends the connection'
        second = Stream(path)
        second.send(frame)
        while datagrams.recv(70000) != frame:
            pass
        client.execute('query-status')


if __name__ == '__main__':
    run(*[case for name, case in list(globals().items()) if name.startswith('test_')])
