#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""qemu-host-modcheck: our own modules are good, and each fault that a slot can have is named.

usage: checks.py --modcheck PROGRAM --root SOURCE_ROOT [--cc CC] [--no-leaks] MODULE...

--no-leaks: a sanitizer has taken malloc's place, and the C library counts nothing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "modules"))
from bad import Workshop  # noqa: E402  (the folder must be in the path first)

# What our own modules offer that cannot be tried without a peer.
UNTRIED = {"device/virtio-9p-device", "device/virtio-9p-pci",
           "device/virtio-9p-pci-transitional", "device/virtio-9p-pci-non-transitional",
           "device/vhost-user-fs-pci", "device/vhost-user-vsock-pci"}

# What a reset leaves as the guest made it: clocks, flash, a scratch register that has no reset
# value.
KEEP = {"device/pl031", "device/goldfish_rtc", "device/cfi.pflash01", "device/ns16550"}
KEPT = "whether it is meant that a reset"

READ = "    *ret_value = 0;\n    return QH_BUS_OK;"
RESET = "    ((Subject *)device)->value = 0;"
REALIZE = "    ((Subject *)device)->value = 1;"
STREAM = """static void stream(QhDevice *device, QhStateStream *stream)
{
    Subject *subject = (Subject *)device;
    (void)subject;
    %s
}
static const QhDeviceOps device = {"""


def device(*replace):
    """The good device with changes; its realize leaves the user's property alone."""
    if not any(old == REALIZE for old, _ in replace):
        replace = (*replace, (REALIZE, "    (void)device;"))
    return lambda shop, case: shop.build(case, replace=replace)


def streamed(body):
    return device(("static const QhDeviceOps device = {", STREAM % body),
                  ("    .reset = reset,\n};", "    .reset = reset,\n    .stream = stream,\n};"))


def target(*replace):
    return lambda shop, case: shop.build_target(case, *replace)


def flagged(*flags):
    return lambda shop, case: shop.build(case, ldflags=["-lglib-2.0", *flags])


SUBJECT, TOY = "device/subject-device", "translator/null"
ADD = "QhValue skip = qh_ir_brc_forward(block, taken, TRUE);"
CASES = [
    # title, check that names it, what it says, how the module is made
    ("static data", "mutable-data", ".data has", device(
        ("    (void)kind;", "    static uint64_t n[4] = {1};\n    n[kind & 3]++;"))),
    ("zeroed static data", "mutable-data", ".bss has", device(
        ("    (void)kind;", "    static uint64_t n[4];\n    n[kind & 3]++;"))),
    ("thread-local data", "mutable-data", ".tbss has", device(
        ("    (void)kind;", "    static _Thread_local uint64_t n[4];\n    n[kind & 3]++;"))),
    ("a name to link against", "link", "it has a SONAME", flagged("-Wl,-soname,libsubject.so.1")),
    ("a run path", "link", "it has a RUNPATH", flagged("-Wl,--enable-new-dtags,-rpath,/opt")),
    ("init that keeps memory", "load/subject", "loading it loses", device(
        ("    g_free(ctx);", "    (void)ctx;"))),
    ("a service that the note does not name", "load/subject",
     "which the needs of its note do not name: \"qh.log\": [1, 0]", device(
         ("    *ret_ctx = g_malloc0(16);",
          "    if (host->service(host->host, \"qh.log\", 1, 0, error) == NULL) {\n"
          "        return FALSE;\n    }\n    *ret_ctx = g_malloc0(16);"))),
    ("fini that crashes the second time", "load/subject", "crashed during", device(
        ("    g_free(ctx);",
         "    if (g_getenv(\"SEEN\") != NULL) {\n        *(volatile int *)8 = 0;\n    }\n"
         "    g_setenv(\"SEEN\", \"1\", TRUE);\n    g_free(ctx);"))),
    ("a reset that loses what the user has set", SUBJECT, "a reset changes properties", device(
        ('.offset = offsetof(Subject, value)},\n    {', '.offset = offsetof(Subject, value), '
         '.default_text = "7"},\n    {'), (REALIZE, ""))),
    ("a reset that goes on from where it was", SUBJECT, "two resets in a row", device(
        (RESET, "    ((Subject *)device)->value++;"))),
    ("a register that crashes", SUBJECT,
     "it crashed during a read of 4 bytes at offset 0x8 of window 'registers'", device(
         (READ, "    *ret_value = offset == 8 && width == 4 && attrs == 0 ?\n"
          "        *(volatile uint32_t *)16 : 0;\n    return QH_BUS_OK;"))),
    ("a register that never answers", SUBJECT,
     "it did not come to an end during a write of 1 bytes at offset 0x3", device(
         ("    (void)value;\n    return QH_BUS_OK;",
          "    for (volatile int i = 0; offset == 3; i++) {\n    }\n    return QH_BUS_OK;"))),
    ("a register that ends the host", SUBJECT, "it ended the process during a write of 4 bytes",
     device(("    (void)value;\n    return QH_BUS_OK;",
             "    if (width == 4) {\n        exit(0);\n    }\n    return QH_BUS_OK;"),
            ('#include "abi/module.h"', '#include "abi/module.h"\n#include <stdlib.h>'))),
    ("a register that writes behind its state", SUBJECT, "it crashed during", device(
        ("    (void)value;\n    return QH_BUS_OK;",
         "    for (int i = 0; i < 4096; i++) {\n        (&((Subject *)opaque)->more)[i] = ~0u;\n"
         "    }\n    return QH_BUS_OK;"))),
    ("an answer that is none", SUBJECT, "answers 99, which is no QH_BUS_ value", device(
        (READ, "    *ret_value = 0;\n    return 99;"))),
    ("a debugger's read that changes something", SUBJECT, "QH_ATTR_DEBUG of window 'registers'",
     device((READ, "    *ret_value = ((Subject *)opaque)->value++;\n    return QH_BUS_OK;"))),
    ("a realize that keeps memory", SUBJECT, "taking it out loses", device(
        (REALIZE, "    (void)device;\n    memset(g_malloc(100), 1, 100);"),
        ('#include "abi/module.h"', '#include "abi/module.h"\n#include <string.h>'))),
    ("a realize that keeps a descriptor", SUBJECT, "leaves 1 descriptors open", device(
        (REALIZE, "    (void)device;\n    (void)dup(0);"),
        ('#include "abi/module.h"', '#include "abi/module.h"\n#include <unistd.h>'))),
    ("a process that stays", SUBJECT, "it leaves a process behind", device(
        (REALIZE, "    (void)device;\n    if (fork() == 0) {\n        sleep(600);\n"
         "        _exit(0);\n    }"),
        ('#include "abi/module.h"', '#include "abi/module.h"\n#include <unistd.h>'))),
    ("state that does not come back", SUBJECT, "does not bring back all of it", streamed(
        "uint64_t now = stream->number(stream, subject->more++); (void)now;")),
    ("state that is read otherwise than it was saved", SUBJECT, "does not load", streamed(
        "if (stream->mode != QH_STATE_SAVE) stream->same(stream, 5, \"a count\");")),
    ("a show that is no JSON", SUBJECT, "show names 'speed', but its value is no JSON", device(
        ("static const QhDeviceOps device = {",
         "static char *show(QhDevice *device, const char *name)\n{\n    (void)device;\n"
         "    return g_strdup(name == NULL ? \"speed\" : \"fast\");\n}\n"
         "static const QhDeviceOps device = {\n    .show = show,"))),
    ("a start of the machine that crashes", SUBJECT, "crashed during the machine's start", device(
        ("static const QhDeviceOps device = {",
         "static void run_state(QhDevice *device, gboolean running)\n{\n    (void)device;\n"
         "    *(volatile int *)8 = running;\n}\n"
         "static const QhDeviceOps device = {\n    .run_state = run_state,"))),
    ("IR of two types", TOY, "translating the bytes", target(
        ("translate.c", "row->ir, QH_TYPE_I32, s, t)", "row->ir, QH_TYPE_I64, s, t)"))),
    ("IR without an end", TOY, "translating the bytes", target(
        ("translate.c", "    if (!ended) {", "    if (FALSE) {"))),
    ("a register that does not exist", TOY, "translating the bytes", target(
        ("translate.c", "qh_ir_set(block, QH_TYPE_I32, n, value)",
         "qh_ir_set(block, QH_TYPE_I32, n + 12, value)"))),
    ("records behind the buffer", TOY, "writes records behind the end", target(
        ("translate.c", "    if (!ended) {",
         "    block->records[block->capacity].op = 0;\n    if (!ended) {"))),
    ("a translator that changes the CPU", TOY, "it changes the CPU's state", target(
        ("translate.c", "    (void)ctx;\n    while",
         "    (void)ctx;\n    ((NsCpu *)block->cpu)->r[3]++;\n    while"))),
    ("a translator that never ends", TOY, "did not come to an end during translating", target(
        ("translate.c", "block->n_insns < block->max_insns", "TRUE"),
        ("translate.c", "        block->guest_bytes += aligned ? 4 : 1;\n", ""),
        ("translate.c", "ended = TRUE", "ended = FALSE"))),
    ("too many instructions", TOY, "instructions, asked for at most", target(
        ("translate.c", "        block->n_insns++;", "        block->n_insns += 100;"))),
    ("a disassembler without a text", TOY, "disassembling", target(
        ("translate.c", 'return g_strdup("?");', "return NULL;"))),
    ("a CPU whose reset leaves something", "cpu/null", "two resets of model 'toy'", target(
        ("cpu.c", "self->r[i] = 0;", "self->r[i] += i;"))),
    ("a CPU that cannot be made", "cpu/null", "model 'toy' cannot be made: not today", target(
        ("cpu.c", "    (void)error;\n    return TRUE;",
         "    g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, \"not today\");\n"
         "    return FALSE;"))),
    ("an address that may not be what was asked", "cpu/null", "translate answers for", target(
        ("cpu.c", "QH_PROT_READ | QH_PROT_WRITE | QH_PROT_EXEC", "QH_PROT_READ"))),
    ("a fault that is no exception", "cpu/null", "enters no exception", target(
        ("cpu.c", "    cpu->unwind = 1;", "    cpu->unwind = cause == 99;"))),
    ("a state key beyond the regimes", "cpu/null", "after a reset its state key names mmu index 7",
     target(("cpu.c", "    cpu->halted = 0;", "    cpu->halted = 0;\n    cpu->state_key = 7;"))),
    ("registers of a core file without end", "cpu/null", "core_registers writes", target(
        ("cpu.c", "const QhCpuOps ns_cpu = {",
         "static uint32_t core(QhCpu *cpu, void *to, uint32_t room)\n{\n    (void)cpu;\n"
         "    for (uint32_t i = 0; i < 24; i++) {\n        ((char *)to)[i] = 0;\n    }\n"
         "    return MIN(room, 24);\n}\nconst QhCpuOps ns_cpu = {\n"
         "    .core_registers = core,"))),
    ("a board that keeps memory", "machine/null:board", "taking it down loses", target(
        ("board.c", "    if (!check_config", "    board->base.reserved[0] = (uintptr_t)"
         "g_strdup(\"kept\");\n    if (!check_config"))),
    ("a power button that crashes", "machine/null:board", "crashed during the power button",
     target(("board.c", "const QhMachineOps ns_board = {",
             "static void press(QhMachine *machine, void *state)\n{\n    (void)machine;\n"
             "    (void)state;\n    *(volatile int *)8 = 0;\n}\n"
             "const QhMachineOps ns_board = {\n    .power_button = press,"))),
    ("a board whose reset fails", "machine/null:board", "a warm reset fails: no", target(
        ("board.c", "    (void)error;\n    return TRUE;",
         "    if (kind == QH_RESET_WARM) {\n        g_set_error_literal(error, QH_ERROR, "
         "QH_ERROR_FAILED, \"no\");\n    }\n    return kind != QH_RESET_WARM;"))),
    ("a board that crashes with little RAM", "machine/null:board",
     "crashed during being made with 64 KiB of RAM", target(
         ("board.c", "    if (!check_config", "    if (config->ram_bytes < 1u << 20) {\n"
          "        *(volatile int *)8 = 0;\n    }\n    if (!check_config"))),
]


def ask(args, *words):
    env = dict(os.environ, QEMU_HOST_MODULE_PATH="")
    done = subprocess.run([args.modcheck, "--json", *words], env=env, timeout=600,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    try:
        return done.returncode, json.loads(done.stdout)
    except ValueError:
        return done.returncode, [{"problems": [], "unchecked": [], "raw": done.stderr}]


def own_modules(args):
    for path in args.module:
        status, (found,) = ask(args, path)
        name = os.path.basename(path)
        yield f"{name} is good", status == 0 and found.get("good"), found
        kept = {one["check"] for one in found["unchecked"] if one["reason"].startswith(KEPT)}
        yield f"{name}: resets undo what a guest did", kept <= KEEP, found["unchecked"]
        untried = {one["check"] for one in found["unchecked"]} - kept
        yield f"{name}: all that can be tried was", untried <= UNTRIED, found["unchecked"]
        yield f"{name}: the load was tried", any(
            check.startswith("load/") for check in found.get("checks", [])), found


def faults(args, folder):
    os.chmod(folder, 0o755)
    shop = Workshop(args, folder)
    status, (found,) = ask(args, device()(shop, "whole"))
    yield "the module that the bad ones are made of is good", status == 0, found
    for number, (title, check, text, make) in enumerate(CASES):
        if args.no_leaks and "loses" in text:
            continue
        status, (found,) = ask(args, "--time=3", make(shop, f"fault{number}"))
        named = any(problem["check"] == check and text in problem["problem"]
                    for problem in found["problems"])
        yield title, status == 1 and named, found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--modcheck", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--no-leaks", action="store_true")
    parser.add_argument("module", nargs="*")
    args = parser.parse_args()
    failed = count = 0
    with tempfile.TemporaryDirectory(prefix="modcheck-") as folder:
        for source in (own_modules(args), faults(args, folder)):
            for title, good, seen in source:
                count += 1
                failed += not good
                print(f"{'ok' if good else 'not ok'} {count} - {title}", flush=True)
                if not good:
                    print(f"# {seen}")
    print(f"1..{count}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
