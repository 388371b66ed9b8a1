#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux mounts a folder of the host.

virtio_share.py HOST [CASE...]
"""
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import guest
import virtio

MOUNT = """
mkdir /share; mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,access=any%s share /share \
    || exit 91
cd /share
"""
USE = MOUNT + """
cat from-host; sha256sum < big
cp big copied; mkdir -p a/b/c; echo first > a/b/c/file; mv a/b moved; cat moved/c/file
ln -s moved/c/file link; cat link; readlink link; ln moved/c/file hard; stat -c %%h hard
chmod 640 hard; chown 1234:55 hard; stat -c '%%a %%u %%g' moved/c/file
echo more >> moved/c/file; wc -c < hard; truncate -s 3 hard; cat hard; echo
for i in $(seq 200); do : > moved/n$i; done; ls moved | wc -l; rm moved/n*; ls moved
mknod moved/pipe p; stat -c %%F moved/pipe; rm moved/pipe
cd moved; exec 3< c/file; rm c/file; cat <&3; exec 3<&-; cd ..
rm -r moved; df . | tail -n 1 | wc -l; sync; ls -1
"""


def expected(digest):
    return ["hello", digest + "  -", "first", "first", "moved/c/file", "2", "640 1234 55", "11",
            "fir", "201", "c", "fifo", "fir1", "a", "big", "copied", "from-host", "hard", "link"]


def case_9p(tap, binary):
    """Files are made, renamed, linked and read; the same is on the host."""
    for model in ("passthrough", "mapped-file"):
        # beside this program: /tmp may be of a kind that keeps no extended attributes
        with tempfile.TemporaryDirectory() as work, \
                tempfile.TemporaryDirectory(dir=os.getcwd()) as share:
            data = os.urandom(3 << 20)
            with open(os.path.join(share, "big"), "wb") as out:
                out.write(data)
            with open(os.path.join(share, "from-host"), "w", encoding="utf-8") as out:
                out.write("hello\n")
            result = virtio.run(work, binary, ["9p"], USE % "", "-virtfs",
                                "local,path=%s,mount_tag=share,security_model=%s" % (share, model))
            copied = os.path.join(share, "copied")
            same = os.path.exists(copied) and pathlib.Path(copied).read_bytes() == data
            tap.check(result.status == 0 and result.output.split("\n")[:-1] ==
                      expected(hashlib.sha256(data).hexdigest()), model + ": what the guest sees",
                      result)
            link = os.path.join(share, "link")
            tap.check(same and os.path.islink(link) == (model == "passthrough"),
                      model + ": what is on the host")


def case_9p_limits(tap, binary):
    """A folder that is read-only stays as it is; links of the host lead nowhere for the guest."""
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryDirectory() as share:
        os.symlink("/", os.path.join(share, "root"))
        command = MOUNT % "" + "readlink root; ls -d root/sys; touch x 2>/dev/null || echo refused"
        result = virtio.run(work, binary, ["9p"], command, "-fsdev",
                            "local,id=f,path=%s,security_model=none,readonly=on" % share, "-device",
                            "virtio-9p-pci,fsdev=f,mount_tag=share,packed=on")
        tap.check(result.status == 0 and result.output.split() == ["/", "root/sys", "refused"] and
                  os.listdir(share) == ["root"], "read-only", result)


FS = """
mkdir /share; mount -t virtiofs share /share || exit 91
cd /share; cat from-host; sha256sum < big; cp big copied; cp /bin/busybox .; ./busybox echo runs
mkdir -p a/b; echo x > a/b/c; mv a/b moved; ls -1; rm -r a moved busybox; cd /; umount /share
mount -t virtiofs share /share && sha256sum < /share/copied
"""


def by_hand_virtiofs(tap, binary):
    """The same by a virtiofsd, which not every machine has: also a program that lies there runs."""
    daemon = [path for path in ("/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd")
              if os.path.exists(path)]
    if not daemon:
        tap.check(False, "a virtiofsd (Debian 12: package qemu-system-common)")
        return
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryDirectory() as share:
        data, path = os.urandom(3 << 20), os.path.join(work, "socket")
        with open(os.path.join(share, "big"), "wb") as out:
            out.write(data)
        with open(os.path.join(share, "from-host"), "w", encoding="utf-8") as out:
            out.write("hello\n")
        with subprocess.Popen([daemon[0], "--socket-path=" + path, "-o", "source=" + share, "-o",
                               "sandbox=chroot"], stderr=subprocess.DEVNULL) as server:
            while server.poll() is None and not os.path.exists(path):
                time.sleep(0.05)
            result = virtio.run(work, binary, ["uio"], FS, "-chardev", "socket,id=c,path=" + path,
                                "-device", "vhost-user-fs-pci,chardev=c,tag=share", "-object",
                                "memory-backend-memfd,id=m,size=512M", "-machine",
                                "memory-backend=m")
            server.terminate()
        digest = hashlib.sha256(data).hexdigest() + "  -"
        tap.check(result.status == 0 and result.output.split("\n")[:-1] ==
                  ["hello", digest, "runs", "a", "big", "busybox", "copied", "from-host", "moved",
                   digest], "a virtiofsd's folder", result)


def main():
    binary, wanted = sys.argv[1], sys.argv[2:]
    tap = guest.Tap()
    cases = {name[5:]: function for name, function in sorted(globals().items())
             if name.startswith("case_")}
    if wanted == ["virtiofs"]:
        cases = {"virtiofs": by_hand_virtiofs}
    for name, function in cases.items():
        if not wanted or name in wanted:
            function(tap, binary)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
