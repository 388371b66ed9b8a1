#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The layout gate finds every kind of change that RULES.md forbids, and lets through what it allows.

usage: gate.py --root SOURCE_ROOT [--cc CC]

Each case changes a copy of the headers of today and compares it with them.
"""

import argparse
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dump  # noqa: E402
import rules  # noqa: E402

DEVICE_END = "} QhDeviceOps;"
MINOR = r"(#define QH_ABI_MINOR) \d+"
HIGHER = ("abi/base.h", MINOR, r"\1 99")
SLOTS, SERVICES = "core/module/interfaces.c", "core/module/services.c"

# title, expected complaint (None: there must be none), changes: (file, pattern, replacement)
CASES = [
    ("members of a struct change places", r"member QhWindow.bytes was",
     [HIGHER, ("abi/device.h", r"(    const char \*name;[^\n]*\n)(    uint64_t bytes;[^\n]*\n)"
               r"(?=    const QhIoOps)", r"\2\1")]),
    ("a member is removed", r"member QhTimerService.disarm is gone",
     [HIGHER, ("abi/services.h", r"    void \(\*disarm\)[^\n]*\n", "")]),
    ("a member gets another type of the same size", r"member QhDeviceOps.state_size was '4 4 uint32",
     [HIGHER, ("abi/device.h", r"uint32_t state_size;", "int32_t state_size;")]),
    ("a member gets another size", r"member QhProperty.offset was",
     [HIGHER, ("abi/property.h", r"uint32_t offset;", "uint64_t offset;")]),
    ("a method takes one more argument", r"member QhDeviceOps.unrealize was '80 8 void",
     [HIGHER, ("abi/device.h", r"\(\*unrealize\)\(QhDevice \*device\)",
               "(*unrealize)(QhDevice *device, uint32_t why)")]),
    ("a method returns something else", r"member QhTimerService.now was",
     [HIGHER, ("abi/services.h", r"int64_t \(\*now\)", "uint64_t (*now)")]),
    ("a callback inside a signature changes", r"member QhCpuService.run_on was",
     [HIGHER, ("abi/cpu.h", r"(\(\*run_on\)\(QhCpu \*cpu, )void (\(\*\w+\))", r"\1int \2")]),
    ("a constant gets another value", r"constant QH_CLOCK_HOST was '0x2' and is '0x3'",
     [HIGHER, ("abi/base.h", r"QH_CLOCK_HOST( +)2u", r"QH_CLOCK_HOST\g<1>3u")]),
    ("a constant is removed", r"constant QH_CLOCK_HOST is gone",
     [HIGHER, ("abi/base.h", r"#define QH_CLOCK_HOST[^\n]*\n", "")]),
    ("the name of an interface changes", r"constant QH_DEVICE_INTERFACE was 'qh.device'",
     [HIGHER, ("abi/device.h", r'INTERFACE "qh.device"', 'INTERFACE "qh.thing"')]),
    ("a macro packs its argument elsewhere", r"macro QH_MEM_INDEX was",
     [HIGHER, ("abi/ir.h", r"(QH_MEM_INDEX\(i\).*)<< 16", r"\1<< 17")]),
    ("a simple type becomes wider", r"type QhErrorCode was '4 uint32_t'",
     [HIGHER, ("abi/base.h", r"typedef uint32_t QhErrorCode", "typedef uint64_t QhErrorCode")]),
    ("a struct without a size grows", r"struct QhDevice had 64 bytes and has 72; it does not begin",
     [HIGHER, ("abi/device.h", r"\} QhDevice;", "    void *more;\n} QhDevice;")]),
    ("a member goes into the padding at the end", r"member QhPadded.more is new at offset 20",
     [("abi/base.h", "(?=\n#endif\n$)", "\ntypedef struct QhPadded {\n    uint32_t size;\n"
       "    uint64_t wide;\n    uint32_t last;\n} QhPadded;\n")],
     [HIGHER, ("abi/base.h", "(?=\n} QhPadded;)", "\n    uint32_t more;")]),
    ("a member goes into the middle", r"member QhDeviceOps.\w+ was|QhDeviceOps.early is new at",
     [HIGHER, ("abi/device.h", r"(    gboolean \(\*realize\)\(QhDevice)",
               r"    void (*early)(void);\n\1")]),
    ("an operation gets another number", r"operation add was '0x020",
     [HIGHER, ("abi/ir-ops.def", r"QH_OP\(add,( +)0x020", r"QH_OP(add,\g<1>0x7fe")]),
    ("an operation takes other operands", r"operation add was '0x020, I, V, V",
     [HIGHER, ("abi/ir-ops.def", r"(QH_OP\(add,.*?)I, V, V", r"\1I, V, W")]),
    ("an operation is removed", r"operation sub is gone",
     [HIGHER, ("abi/ir-ops.def", r"QH_OP\(sub, [^\n]*\n", "")]),
    ("a new operation takes the number of an old one", r"operation later has the number 0x020 of op",
     [HIGHER, ("abi/ir-ops.def", r"\Z", "QH_OP(later, 0x020, N, _, _, _, _)\n")]),
    ("a service is removed", r"service qh.timer is gone",
     [HIGHER, (SERVICES, r'    \{"qh.timer"[^\n]*\n', "")]),
    ("a service gets an older minor", r"service qh.mem was '1.\d+' and is '1.0'",
     [HIGHER, (SERVICES, r'("qh.mem", +1,) \d+', r"\1 0")]),
    ("a slot gets another major", r"slot chardev was '1.0 .*' and is '2.0",
     [HIGHER, (SLOTS, r'(\{"chardev",\s+\w+,\s+)1', r"\g<1>2")]),
    ("something is added without a new minor", r"raise QH_ABI_MINOR",
     [("abi/base.h", "(?=\n#endif\n$)", "\n#define QH_MORE 1u\n")]),
    ("the minor goes back", r"constant QH_ABI_MINOR was 0x63 and is 0",
     [HIGHER], [("abi/base.h", MINOR, r"\1 0")]),
    ("a declaration that nobody can read", r"^cannot read: typedef union",
     [HIGHER, ("abi/base.h", "(?=\n#endif\n$)", "\ntypedef union QhBoth { int a; } QhBoth;\n")]),
    ("methods, elements, operations, services and constants are appended", None,
     [HIGHER, ("abi/device.h", DEVICE_END, "    void (*later)(void);\n" + DEVICE_END),
      ("abi/property.h", r"\} QhProperty;", "    uint64_t extra;\n} QhProperty;"),
      ("abi/ir-ops.def", r"\Z", "QH_OP(later, 0x7ff, N, _, _, _, _)\n"),
      ("abi/base.h", "(?=\n#endif\n$)", "\n#define QH_MORE 1u\n"),
      (SERVICES, r'(?=    \{"qh.timer")', '    {"qh.later", 1, 0, NULL},\n'),
      (SERVICES, r'("qh.mem", +1,) \d+', r"\1 9")]),
    ("a reserved word gets a name", None,
     [HIGHER, ("abi/cpu.h", r"(\n    uint64_t )reserved\[(\d)\];([^}]*\} QhCpu;)",
               lambda m: f"{m[1]}named;{m[1]}reserved[{int(m[2]) - 1}];{m[3]}")]),
    ("another major begins anew", None,
     [("abi/base.h", r"(#define QH_ABI_MAJOR) \d+", r"\1 99"),
      ("abi/services.h", r"    void \(\*disarm\)[^\n]*\n", "")]),
]


def apply(tree, changes):
    for name, pattern, replacement in changes:
        path = os.path.join(tree, name)
        text, count = re.subn(pattern, replacement, dump.read(path), count=1, flags=re.S if
                              "[^}]" in pattern else 0)
        if count != 1:
            raise RuntimeError(f"{name} has nothing like {pattern}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def copy(root, tree):
    for name in ("abi", "core/module"):
        shutil.copytree(os.path.join(root, name), os.path.join(tree, name),
                        ignore=shutil.ignore_patterns("baseline"))


def complaints(root, cc, steps, today, folder):
    """What the gate says of the last step against the state before it."""
    tree = tempfile.mkdtemp(dir=folder)
    copy(root, tree)
    old = today
    for changes in steps[:-1]:
        apply(tree, changes)
        old = dump.dump(tree, cc)
    apply(tree, steps[-1])
    try:
        return list(rules.broken(old, dump.dump(tree, cc)))
    except dump.Unknown as error:
        return [f"cannot read: {error}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True)
    parser.add_argument("--cc", default="cc")
    args = parser.parse_args()
    today = dump.dump(args.root, args.cc)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="gate-") as folder:
        for count, (title, wanted, *steps) in enumerate(CASES, 1):
            seen = complaints(args.root, args.cc, steps, today, folder)
            good = any(re.search(wanted, line) for line in seen) if wanted else not seen
            failed += not good
            print(f"{'ok' if good else 'not ok'} {count} - "
                  f"{'allowed' if wanted is None else 'refused'}: {title}")
            for line in seen if not good else []:
                print("# " + line)
    print(f"1..{len(CASES)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
