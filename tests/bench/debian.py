# SPDX-License-Identifier: GPL-2.0-or-later
"""Real programs: the same Debian packages for this machine and for the guest, and their data."""
import glob
import os
import random
import shutil
import subprocess

import sides

SUITE = "trixie"
PACKAGES = """libc6 libgcc-s1 libstdc++6 zlib1g libssl3t64 libzstd1 openssl sqlite3 libsqlite3-0
libreadline8t64 libtinfo6 libncursesw6 7zip python3.13-minimal libpython3.13-minimal
libpython3.13-stdlib libexpat1 libffi8 liblzma5 libbz2-1.0 perl-base lua5.4 libcrypt1 xz-utils zstd
gzip dash liblz4-1 libxxhash0 cpp-14-TRIPLET libgmp10 libmpfr6 libmpc3 libisl23""".split()
SOURCES = ["agent", "integer", "mix"]
FOLDER = os.path.join(sides.HERE, "programs")


def write_text(path, size=4000000):
    """Words of a made-up language, frequent ones short, as prose has them."""
    if os.path.exists(path) and os.path.getsize(path) == size:
        return
    source = random.Random(2026)
    parts = [a + b for a in ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "st", "t", "tr",
                             "v", "w") for b in ("a", "e", "i", "o", "u", "ee", "oo")]
    words = ["".join(parts[int(source.random() * len(parts))] for _ in range(1 + n // 700))
             for n in range(4000)]
    text, line = [], ""
    count = 0
    while count < size:
        word = words[int(len(words) * source.random() ** 3)]
        if source.random() < 0.1:
            word = word.capitalize() if source.random() < 0.7 else str(int(source.random() * 9999))
        line += word + " "
        if len(line) > 70:
            text.append(line.rstrip() + "\n")
            count += len(text[-1])
            line = ""
    with open(path, "w", encoding="ascii") as f:
        f.write("".join(text)[:size])


def write_sources(out, compiler):
    """What gcc compiles: some kernels, preprocessed for the guest, the same work anywhere."""
    written = []
    for name in SOURCES:
        path = os.path.join(sides.HERE, "kernels", name + ".c")
        name = os.path.join(out, "source-%s.i" % name)
        subprocess.run([compiler, "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-U_FORTIFY_SOURCE", "-E",
                        "-P", "-o", name, path], check=True)
        written.append(name)
    return written


def files(out, compiler):
    """Data and scripts; each goes to /bench under its own name."""
    text, key = os.path.join(out, "text"), os.path.join(out, "key.pem")
    write_text(text)
    if not os.path.exists(key):
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True,
                       stderr=subprocess.DEVNULL)
    return [text, key, *write_sources(out, compiler),
            *(path for path in sorted(glob.glob(FOLDER + "/*")) if os.path.isfile(path))]


def image(path, arch, triplet, agent, data):
    """An initramfs of @arch with the programs; gcc compiles for @triplet."""
    folder, = sides.guest.fetch(SUITE, arch, "busybox-static")
    command = [os.path.join(sides.guest.GUEST, "mkinitramfs"), path, "--busybox",
               folder + "/usr/bin/busybox", "--file", agent + ":/bench/agent"]
    for name in data:
        command += ["--file", "%s:/bench/%s" % (name, os.path.basename(name))]
    for tree in sides.guest.fetch(SUITE, arch, *(name.replace("TRIPLET", triplet) for name in
                                                 PACKAGES)):
        command += ["--tree", tree]
    subprocess.run(command, check=True)
    return path


def native_root(out, triplet, agent, data):
    """The same image for this machine, unpacked: a root to run the programs in."""
    root = os.path.join(out, "native-root")
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root)
    archive = image(os.path.join(out, "native.cpio"), "amd64", triplet, agent, data)
    busybox, = sides.guest.fetch(SUITE, "amd64", "busybox-static")
    with open(archive, "rb") as f:
        subprocess.run([busybox + "/usr/bin/busybox", "cpio", "-id"], stdin=f, cwd=root, check=True,
                       stderr=subprocess.DEVNULL)
    os.unlink(archive)
    os.symlink("usr/lib64", os.path.join(root, "lib64"))
    return root
