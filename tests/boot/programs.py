#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Real programs in the guest give the answers that the host computes itself.

programs.py HOST    HOST: the emulator to test (any that takes QEMU's command line)
"""
import hashlib
import os
import sqlite3
import subprocess
import sys

import guest

PACKAGES = """libc6 libgcc-s1 libstdc++6 zlib1g libssl3t64 libzstd1 openssl sqlite3 libsqlite3-0
libreadline8t64 libtinfo6 libncursesw6 7zip python3.13-minimal libpython3.13-minimal
libpython3.13-stdlib libpython3.13-testsuite libexpat1 libffi8 liblzma5 libbz2-1.0""".split()
HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 900


def data():
    """What `seq 1 150000 | head -c 1000000` prints."""
    return "".join("%d\n" % i for i in range(1, 150001)).encode()[:1000000]


def sqlite_answers():
    """The same statements in the host's own SQLite."""
    base = sqlite3.connect(":memory:")
    base.execute("create table t(a integer primary key, b real, c text)")
    base.execute("with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000) "
                 "insert into t select i, i * 0.37, 'row ' || (i * 7919 % 1000) from n")
    rows = base.execute("select count(*), sum(a), printf('%.6f', sum(b)), min(c), max(c) from t")
    rows = rows.fetchall()
    rows += base.execute("select c, count(*) from t group by c order by 2 desc, 1 limit 3")
    return ["sqlite: " + "|".join(map(str, row)) for row in rows] + ["sqlite: ok"]


def expected():
    text = data()
    numbers = subprocess.run([sys.executable, os.path.join(HERE, "arithmetic.py")],
                             stdout=subprocess.PIPE, text=True, check=True).stdout
    lines = ["sha256: " + hashlib.sha256(text).hexdigest(),
             "sha512: " + hashlib.sha512(text).hexdigest(),
             "sha3: " + hashlib.sha3_256(text).hexdigest(),
             "md5: " + hashlib.md5(text).hexdigest(),
             "chacha20: ok", "ecdsa: Verified OK",
             "7zip: " + hashlib.sha256(text).hexdigest(), "7zip-benchmark: ok",
             "python-tests: ok"]
    return lines + sqlite_answers() + ["python: " + line for line in numbers.splitlines()]


def main():
    tap = guest.Tap()
    with open(os.path.join(HERE, "programs.sh"), encoding="utf-8") as f:
        script = f.read()
    trees = guest.fetch("trixie", "riscv64", *PACKAGES)
    host = [sys.argv[1], "--load-target=riscv", "-M", "virt", "-m", "1G", "-display", "none", "-serial", "stdio"]
    result = guest.run_in_guest(host, script, LIMIT, trees,
                                [os.path.join(HERE, "arithmetic.py") + ":/root/arithmetic.py"])
    lines = result.output.splitlines()
    for want in expected():
        tap.check(want in lines, want.split(":")[0] + ":" + want.split(":", 1)[1][:40])
    tap.check(result.status == 0, "the guest ends with status 0", result)
    if tap.bad:
        print("\n".join("# " + line for line in lines))
    tap.note("%.1f s, %.1f s of CPU" % (result.seconds, result.cpu))
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
