# SPDX-License-Identifier: GPL-2.0-or-later
"""Arithmetic whose result IEEE 754 fixes; runs in the guest and on the host, which must agree."""
import hashlib
import math
import random
import struct

random.seed(12345)
xs = [random.uniform(-1e6, 1e6) for _ in range(500)] + [5e-324, 1e308, 0.0, -0.0, 2.0 ** -1040]
digest = hashlib.sha256()
for i, x in enumerate(xs):
    y = xs[(i * 7 + 3) % len(xs)]
    results = [x + y, x - y, x * y, math.sqrt(abs(x)), float(int(x % 1000003.0)), abs(x),
               math.floor(x / 3.0) * 1.0]
    if y:
        results += [x / y, math.fmod(x, y)]
    for value in results:
        digest.update(struct.pack("<d", value))
        digest.update(struct.pack("<f", max(-3e38, min(3e38, value))))
print("digest", digest.hexdigest())
print("fsum", repr(math.fsum(xs[:500])))
print("int", 3 ** 4000 % 10 ** 50, (2 ** 521 - 1) // (10 ** 40 + 7), -(7 ** 77) % 1000003)
print("repr", 1e300 * 1e10, 2.0 ** -1074, 0.1 + 0.2, 1 / 3, 123456789.123456789e-300)
print("hex", (0.1).hex(), (-2.5e-310).hex(), float.fromhex("0x1.fffffffffffffp+1023"))
