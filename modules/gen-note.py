#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the C source that puts a module's note into its file.

usage: gen-note.py [--version V] [--abi-header abi/base.h] [--schema DIGEST|FILE] module.json out.c

The note (section .note.qemu-host, owner QEMUHOST, type 1) is the JSON of module.json, completed by
what the build knows: version, host architecture, ABI version and schema digest. The host reads it
without running any code of the module, and refuses a module whose offers differ from it.
"""

import argparse
import collections
import json
import os
import platform
import re
import sys

KINDS = {
    # kind: members an entry may have besides name and description, with their types
    "target": {"aliases": list, "bits": int, "endianness": str, "default-machine": str,
               "default-cpu": str, "smbios-family": int,
               "properties": (list, str)},  # of its CPUs; as a text: those of that target
    "cpu-model": {"targets": list, "deprecated": bool, "default": bool},
    "machine": {"targets": list, "default-cpu": str, "cpu-max": int, "default-cpus": int,
                "default-nic": str, "default-usb": str, "nics": str, "vgas": str, "default-share": str, "disks": list, "default-ram-id": str, "default-ram-bytes": int, "is-default": bool,
                "deprecated": bool, "alias": str, "properties": list},
    "device": {"bus": str, "creatable": bool, "properties": list},
    "chardev": {},
    "netdev": {},
    "block": {},
    "object": {"properties": list},
    "display": {},
    "command": {},
    "gdb": {},
}
NEEDS_TARGETS = ("cpu-model", "machine")
# values: of an enum, with '|' between them
PROPERTY = {"name": str, "type": str, "description": str, "default": str, "values": str}
TOP = {"name": str, "license": str, "package": str, "description": str, "needs": dict,
       "offers": dict, "buses": dict, "flags": list, "version": str, "abi": list}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,62}\Z")


class Bad(Exception):
    """The module.json is wrong; the text says what and where."""


def check_members(where, thing, allowed, required):
    if not isinstance(thing, dict):
        raise Bad(f"{where}: must be an object")
    for key in required:
        if key not in thing:
            raise Bad(f"{where}: '{key}' is missing")
    for key, value in thing.items():
        if key not in allowed:
            raise Bad(f"{where}: '{key}' is not known; known are {', '.join(sorted(allowed))}")
        if not isinstance(value, allowed[key]) or (allowed[key] is int and value is True):
            raise Bad(f"{where}: '{key}' must be {allowed[key].__name__}")


def check_name(where, name):
    if not NAME.match(name):
        raise Bad(f"{where}: name '{name}' must be letters, digits and . _ + -, at most 63")


def check_version(where, version):
    good = isinstance(version, list) and len(version) == 2
    if not good or any(type(n) is not int or not 0 <= n <= 65535 for n in version):
        raise Bad(f"{where}: must be [major, minor]")


def check_offer(module, kind, entry, own_targets):
    where = f"offers.{kind}"
    allowed = {"name": str, "description": str, **KINDS[kind]}
    required = ["name"] + (["targets"] if kind in NEEDS_TARGETS else [])
    check_members(where, entry, allowed, required)
    check_name(where, entry["name"])
    where = f"{where} '{entry['name']}'"
    for target in entry.get("targets", []):
        # a board may be for a target that another module brings
        if kind != "machine" and target not in own_targets:
            raise Bad(f"{where}: target '{target}' is none that this module offers")
    for prop in entry.get("properties", []):
        check_members(f"{where}.properties", prop, PROPERTY, ["name", "type"])


def resolve_targets(targets):
    """"properties": "NAME" of a target means those of a target that stands before it."""
    known = {}
    for target in targets:
        listed = target.get("properties")
        if isinstance(listed, str):
            if listed not in known:
                raise Bad(f"offers.target '{target['name']}': no target '{listed}' with properties "
                          "stands before it")
            target["properties"] = known[listed]
        elif listed is not None:
            known[target["name"]] = listed


def check_module(module):
    check_members("module.json", module, TOP, ["name", "license", "package", "needs", "offers"])
    if isinstance(module["offers"].get("target"), list):
        resolve_targets([t for t in module["offers"]["target"]
                         if isinstance(t, dict) and isinstance(t.get("name"), str)])
    check_name("module.json", module["name"])
    for service, version in module["needs"].items():
        check_version(f"needs '{service}'", version)
    own_targets = {t.get("name") for t in module["offers"].get("target", [])
                   if isinstance(t, dict)}
    for kind, entries in module["offers"].items():
        if kind not in KINDS:
            raise Bad(f"offers: kind '{kind}' is not known; known are {', '.join(KINDS)}")
        if not isinstance(entries, list):
            raise Bad(f"offers.{kind}: must be an array of objects")
        seen = set()
        for entry in entries:
            check_offer(module, kind, entry, own_targets)
            for target in entry.get("targets", [""]):
                if (target, entry["name"]) in seen:
                    raise Bad(f"offers.{kind}: '{entry['name']}' stands there twice")
                seen.add((target, entry["name"]))
    for bus, properties in module.get("buses", {}).items():
        check_name("buses", bus)
        if not isinstance(properties, list):
            raise Bad(f"buses.{bus}: must be an array of objects")
        for prop in properties:
            check_members(f"buses.{bus}", prop, PROPERTY, ["name", "type"])
    if not any(module["offers"].values()):
        raise Bad("offers: a module must offer something")


def abi_version(header):
    with open(header, encoding="utf-8") as file:
        text = file.read()
    numbers = [re.search(rf"#define\s+QH_ABI_{part}\s+(\d+)", text) for part in ("MAJOR", "MINOR")]
    if not all(numbers):
        raise Bad(f"{header}: QH_ABI_MAJOR and QH_ABI_MINOR are not there")
    return [int(number.group(1)) for number in numbers]


def find_header():
    """abi/base.h of the source tree or of the installed SDK that this script belongs to."""
    folder = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    for part in ("abi", "include/qemu-host/abi"):
        path = os.path.join(folder, part, "base.h")
        if os.path.exists(path):
            return path
    raise Bad("abi/base.h is not beside this script; name it with --abi-header")


def schema_digest(value):
    """@value is the digest itself or a file whose first 64 hex digits are."""
    if os.path.exists(value):
        with open(value, encoding="utf-8") as file:
            found = re.search(r"\b[0-9a-f]{64}\b", file.read())
        if not found:
            raise Bad(f"{value}: holds no SHA-256 in hex")
        return found.group(0)
    if not re.match(r"[0-9a-f]{64}\Z", value):
        raise Bad(f"schema digest '{value}' is no SHA-256 in hex")
    return value


def share_properties(note):
    """Every start of the host reads all notes, so a family of devices should not repeat itself."""
    entries = [entry for kind in ("target", "machine", "device", "object")
               for entry in note["offers"].get(kind, [])]
    times = collections.Counter(json.dumps(prop) for entry in entries
                                for prop in entry.get("properties", []))
    rows = {text: row for row, text in enumerate(t for t, n in times.items() if n > 1)}
    if not rows:
        return
    for entry in entries:
        if "properties" in entry:
            entry["properties"] = [rows.get(json.dumps(prop), prop)
                                   for prop in entry["properties"]]
    note["properties"] = [json.loads(text) for text in rows]


def complete(module, args):
    note = {"format": 1, "name": module["name"], "version": module.get("version", args.version),
            "license": module["license"], "host-arch": args.host_arch,
            "abi": module.get("abi") or abi_version(args.abi_header or find_header())}
    check_version("abi", note["abi"])
    if args.schema:
        note["schema"] = schema_digest(args.schema)
    for key in ("package", "description", "needs", "offers", "buses"):
        if key in module:
            note[key] = module[key]
    note["flags"] = module.get("flags", [])
    share_properties(note)
    return note


def c_source(text, source):
    """An assembler block rather than a C array: the section's type must be SHT_NOTE, which C has no
    word for."""
    data = text.encode("utf-8")
    size = len(data) + 1
    data += b"\0" * (-size % 4 + 1)
    lines = []
    for start in range(0, len(data), 64):
        piece = "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\' else f"\\\\{b:03o}"
                        for b in data[start:start + 64])
        lines.append(f'        "    .ascii \\"{piece}\\"\\n"')
    body = "\n".join(lines)
    return f"""/* Generated by gen-note.py from {source}. */
__asm__(".pushsection .note.qemu-host, \\"a\\", %note\\n"
        "    .balign 4\\n"
        "    .long 9, {size}, 1\\n"
        "    .asciz \\"QEMUHOST\\"\\n"
        "    .balign 4\\n"
{body}
        "    .balign 4\\n"
        ".popsection\\n");
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", default="0", help="version, unless module.json has one")
    parser.add_argument("--abi-header", help="abi/base.h; found by itself beside this script")
    parser.add_argument("--host-arch", default=platform.machine())
    parser.add_argument("--schema", help="SHA-256 of the schema, or a file that holds it")
    parser.add_argument("input")
    parser.add_argument("output")
    args = parser.parse_args()
    try:
        with open(args.input, encoding="utf-8") as file:
            module = json.load(file)
        check_module(module)
        note = complete(module, args)
    except (Bad, OSError, ValueError) as error:
        sys.exit(f"gen-note.py: {args.input}: {error}")
    text = json.dumps(note, ensure_ascii=True, separators=(",", ":"))
    with open(args.output, "w", encoding="utf-8") as file:
        file.write(c_source(text, os.path.basename(args.input)))


if __name__ == "__main__":
    main()
