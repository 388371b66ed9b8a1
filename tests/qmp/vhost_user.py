# SPDX-License-Identifier: GPL-2.0-or-later
"""Back ends of vhost-user that are good, that lie, and that go away."""

import os
import socket
import struct
import tempfile
import threading

from qmp import Host, module_path, run

SHARED = ('-object', 'memory-backend-memfd,id=m,size=64M', '-machine', 'memory-backend=m')
PLAIN = ('-M', 'virt', '-bios', 'none', '-m', '64M', '--load-target=riscv64', '-S')
BOARD = (*PLAIN, *SHARED)
MODULES = module_path('riscv', 'serial', 'pci', 'virtio')
GET_FEATURES, SET_FEATURES, SET_OWNER, GET_PROTOCOL, SET_PROTOCOL, GET_CONFIG = 1, 2, 3, 15, 16, 24
FEATURES = 1 << 32 | 1 << 30 | 1 << 29 | 1 << 28


def reply(request, payload, flags=5):
    return struct.pack('=III', request, flags, len(payload)) + payload


GOOD = {GET_FEATURES: reply(GET_FEATURES, struct.pack('=Q', FEATURES)),
        GET_PROTOCOL: reply(GET_PROTOCOL, struct.pack('=Q', 1 << 9)),
        GET_CONFIG: reply(GET_CONFIG, struct.pack('=IIIQ', 0, 8, 0, 77))}
BAD = {
    'nothing': {GET_FEATURES: None},
    'cut short': {GET_FEATURES: GOOD[GET_FEATURES][:17]},
    'another request': {GET_FEATURES: reply(7, bytes(8))},
    'no reply': {GET_FEATURES: reply(GET_FEATURES, bytes(8), flags=1)},
    'another version': {GET_FEATURES: reply(GET_FEATURES, bytes(8), flags=6)},
    'too long': {GET_FEATURES: reply(GET_FEATURES, bytes(4096))},
    'too short': {GET_FEATURES: reply(GET_FEATURES, bytes(4))},
    'gone later': {GET_PROTOCOL: None},
    'no configuration': {GET_PROTOCOL: reply(GET_PROTOCOL, bytes(8))},
    'configuration of another size': {GET_CONFIG: reply(GET_CONFIG, bytes(16))},
    'configuration that was not asked for': {
        GET_CONFIG: reply(GET_CONFIG, struct.pack('=IIIQ', 0, 4, 0, 0))},
}


class BackEnd:
    """Answers each request from a table; None: hangs up."""

    def __init__(self, path, answers):
        self.answers, self.seen, self.peer = answers, [], None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        self.peer, _ = self.listener.accept()
        while len(head := self.peer.recv(12, socket.MSG_WAITALL)) == 12:
            request, _, size = struct.unpack('=III', head)
            self.peer.recv(size, socket.MSG_WAITALL) if size else None
            self.seen.append(request)
            if request in self.answers:
                if self.answers[request] is None:
                    break
                self.peer.sendall(self.answers[request])
                if len(self.answers[request]) < 20:
                    break
        self.peer.close()

    def close(self):
        if self.peer is not None:
            try:
                self.peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.thread.join(20)
        self.listener.close()


def test_good():
    """The handshake, in its order; then the back end goes away and only the device minds."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 's')
        back = BackEnd(path, GOOD)
        with Host(*BOARD, '-chardev', 'socket,id=c,path=' + path, '-device',
                  'vhost-user-vsock-pci,chardev=c,id=v', modules=MODULES) as host:
            client = host.client()
            assert back.seen == [GET_FEATURES, GET_PROTOCOL, SET_PROTOCOL, SET_OWNER, GET_CONFIG], \
                back.seen
            back.close()
            assert client.execute('query-status')['status'] == 'prelaunch'
            client.execute('system_reset')
            assert client.execute('query-status')['status'] == 'prelaunch'


def test_not_shared():
    """Memory that is the host's alone: the answer says what to do, and share=on is enough."""
    for options, error in (((), 'memory-backend-memfd'),
                           (('-object', 'memory-backend-ram,id=m,size=64M',
                             '-machine', 'memory-backend=m'), 'memory-backend-memfd'),
                           (('-object', 'memory-backend-ram,id=m,size=64M,share=on',
                             '-machine', 'memory-backend=m'), 'no vhost-user back end')):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener, \
                Host(*PLAIN, *options, modules=MODULES) as host:
            listener.bind(folder + '/s')
            listener.listen()
            client = host.client()
            client.execute('chardev-add', id='c', backend={'type': 'socket', 'data': {
                'addr': {'type': 'unix', 'data': {'path': folder + '/s'}}, 'server': False}})
            listener.accept()[0].close()
            answer = client.ask('device_add', driver='vhost-user-vsock-pci', id='v', chardev='c')
            assert error in answer['error']['desc'], answer


def test_bad():
    """Each is refused when the device is added, and the host goes on."""
    with tempfile.TemporaryDirectory() as folder, Host(*BOARD, modules=MODULES) as host:
        client = host.client()
        for number, (name, answers) in enumerate(BAD.items()):
            path = os.path.join(folder, str(number))
            back = BackEnd(path, {**GOOD, **answers})
            client.execute('chardev-add', id='c%d' % number, backend={'type': 'socket', 'data': {
                'addr': {'type': 'unix', 'data': {'path': path}}, 'server': False}})
            answer = client.ask('device_add', driver='vhost-user-vsock-pci', id='v',
                                chardev='c%d' % number)
            assert answer['error']['class'] == 'GenericError', (name, answer)
            back.close()
        for driver, error in (({'driver': 'vhost-user-vsock-pci'}, 'chardev'),
                              ({'driver': 'vhost-user-fs-pci'}, 'tag'),
                              ({'driver': 'vhost-user-fs-pci', 'tag': 'x' * 37}, 'tag'),
                              ({'driver': 'vhost-user-fs-pci', 'tag': 'x', 'queue-size': 5},
                               'power of two')):
            answer = client.ask('device_add', id='w', **driver)
            assert error in answer['error']['desc'], answer


if __name__ == '__main__':
    run(*[case for name, case in list(globals().items()) if name.startswith('test_')])
