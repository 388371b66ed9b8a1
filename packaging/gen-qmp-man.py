#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the manual page of the protocol from the schema: every command, event and type.

usage: gen-qmp-man.py SCHEMA VERSION OUT
"""

import os
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "qapi", "gen"))

from model import Schema  # noqa: E402
from parse import Doc, SchemaError, parse_tree  # noqa: E402
from roff import bold, italic, roff, title  # noqa: E402

FRONT = r""".SH NAME
qemu\-host\-qmp \- commands and events by which programs control qemu\-host
.SH SYNOPSIS
.B qemu\-host \-qmp unix:/tmp/qmp,server=on,wait=off
.br
.B qemu\-host \-chardev socket,id=c0,path=/tmp/qmp,server=on,wait=off \-mon c0,mode=control
.SH DESCRIPTION
The protocol is QEMU's machine protocol. A client sends a command as a JSON object and gets one reply
for each, in the order of the commands; events come in between. Lines end in CR LF.
.PP
On connecting, the host greets with its version and with what can be negotiated. Before anything else the
client sends
.PP
.RS
{"execute": "qmp_capabilities"}
.RE
.PP
and from then on commands like this, where
.I id
is any value, and comes back with the reply:
.PP
.RS
{"execute": "device_del", "arguments": {"id": "nic0"}, "id": 7}
.RE
.PP
A reply has
.I return
or
.IR error ;
an event has its name, data, and a timestamp:
.PP
.RS
{"return": {}, "id": 7}
.br
{"error": {"class": "DeviceNotFound", "desc": "..."}, "id": 7}
.br
{"event": "STOP", "timestamp": {"seconds": 1, "microseconds": 2}}
.RE
.PP
With {"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}} commands that say so may be sent
with
.I exec\-oob
instead of
.IR execute :
they run ahead of those that wait.
.PP
The greeting also has
.IR schema ,
which names what this page says, and
.IR modules ,
which names the modules that are installed: the key under which a client may keep what it has learnt.
.PP
What is here does not depend on the modules that are installed. A command that a module fills answers
with an error of class GenericError when that module is not loaded; the error's
.I data
names the slot, the module and the package that has it.
.PP
The same can be asked from the program by
.BR query\-qmp\-schema .
"""

ERRORS = r""".SH ERRORS
The classes of errors are:
.TP
.B GenericError
anything that no other class is for; the text says what failed, on what, and why
.TP
.B CommandNotFound
there is no such command, or it cannot be used yet
.TP
.B DeviceNotFound
there is no device, block node, network or the like of that name
.TP
.B DeviceNotActive
it is there, but not in a state in which it can do this
.SH SEE ALSO
.BR qemu\-host (1),
.BR qemu\-host\-module (7)
"""


def type_text(type_):
    if type_.kind == "list":
        return "array of " + type_text(type_.element)
    if type_.kind == "builtin":
        return italic({"str": "string", "bool": "boolean"}.get(type_.name, type_.name))
    return italic(type_.name)


def sentence(text):
    """A text that may lack its full stop."""
    return roff(text if text.endswith((".", ":", "?")) else text + ".")


def member_lines(members, doc):
    for member in members:
        notes = (["optional"] if member.optional else []) + member.features
        extra = f" ({roff(', '.join(notes))})" if notes else ""
        yield ".TP"
        yield f"{bold(member.name)}: {type_text(member.type)}{extra}"
        yield roff(Doc.text(doc.members.get(member.name, []))) or "\\&"


def value_lines(item):
    for name, features in item.values:
        extra = f" ({roff(', '.join(features))})" if features else ""
        yield ".TP"
        yield bold(name) + extra
        yield roff(Doc.text(item.doc.members.get(name, []))) or "\\&"


def branch_lines(item):
    for name, branch in item.branches:
        yield ".TP"
        if item.tag:
            yield f"when {bold(item.tag.name)} is {bold(name)}"
            yield f"also the members of {type_text(branch)}"
        else:
            yield f"either {type_text(branch)}"
            yield roff(Doc.text(item.doc.members.get(name, []))) or roff(name)


def exchange_lines(item):
    """What a command or an event carries."""
    if item.own_arg:
        yield from member_lines(item.arg.members, item.doc)
    elif item.arg:
        yield ".PP"
        yield f"{'Arguments' if item.kind == 'command' else 'Data'}: the members of " \
              f"{type_text(item.arg)}."
    if item.kind == "command" and item.ret:
        text = Doc.text(item.doc.tags.get("Returns", []))
        yield ".PP"
        yield f"Returns: {type_text(item.ret)}" + (f", {sentence(text)}" if text else ".")
    if item.kind == "command" and item.slot:
        yield ".PP"
        yield f"Filled by a module: slot {italic(item.slot)}."
    if item.kind == "command" and item.oob:
        yield ".PP"
        yield "May be executed out of band."


def definition(item):
    yield f".SS {roff(item.name)}"
    if item.kind not in ("command", "event"):
        yield f"({item.kind})"
        yield ".br"
    yield sentence(Doc.text(item.doc.body))
    if item.kind in ("command", "event"):
        yield from exchange_lines(item)
    elif item.kind == "enum":
        yield from value_lines(item)
    else:
        yield from member_lines(item.members, item.doc)
        yield from branch_lines(item)
    for feature in item.features:
        text = Doc.text(item.doc.features.get(feature, []))
        yield ".PP"
        yield f"Feature {bold(feature)}" + (f": {sentence(text)}" if text else ".")
    for tag in ("Errors", "Note", "Since"):
        if tag in item.doc.tags:
            yield ".PP"
            yield f"{tag}: {sentence(Doc.text(item.doc.tags[tag]))}"


def page(schema, version):
    types = sorted((t for t in schema.types.values() if t.doc), key=lambda t: t.name)
    lines = [title("qemu-host-qmp", 7, version, "Miscellaneous Information"), FRONT.rstrip()]
    for head, items in (("COMMANDS", schema.commands), ("EVENTS", schema.events),
                        ("TYPES", types)):
        lines.append(f".SH {head}")
        for item in items:
            lines += definition(item)
    return "\n".join(lines) + "\n" + ERRORS


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        schema = Schema(parse_tree(sys.argv[1]))
    except SchemaError as error:
        sys.exit(str(error))
    with open(sys.argv[3], "w", encoding="utf-8") as file:
        file.write(page(schema, sys.argv[2]))


if __name__ == "__main__":
    main()
