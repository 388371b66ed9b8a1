#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes a manual page from its template.

usage: gen-man.py TEMPLATE OUT options.json [NAME=VALUE...]

@NAME@ in the template becomes VALUE. options.json is what `qemu-host --dump-options=json` prints:
@OPTIONS@ and @VERSION@ come from there, so the page cannot drift from the program.
"""

import json
import re
import sys

from roff import bold, italic, roff


def dashes(option):
    return "--" if option["group"] == "general" else "-"


def value_text(values, type_):
    """What a key's value may be: words in bold, names of sets in italics."""
    if values is None:
        return italic("on|off" if type_ == "boolean" else type_)
    parts = []
    for word in values.split("|"):
        head, set_ = re.match(r"(.*?)([A-Z][A-Z-]+)?$", word).groups()
        name = {"CHARDEV-ID": "id", "NETDEV-ID": "id", "BLOCK-ID": "id", "OBJECT-ID": "id",
                "DEVICE-ID": "id"}.get(set_, (set_ or "").lower())
        parts.append((bold(head) if head else "") + (italic(name) if name else ""))
    return "|\\:".join(parts)


def option_lines(option):
    names = [dashes(option) + option["name"]]
    if "alias" in option:
        names.insert(0, "-" + option["alias"])
    head = ", ".join(bold(name) for name in names)
    if "argument" in option:
        head += " " + italic(option["argument"])
    yield from (".TP", head)
    for sentence in re.split(r"(?<=[.;:]) (?=[A-Z])", option["help"]):
        yield roff(sentence)
    if option["parameters"]:
        yield ".RS"
        for p in option["parameters"]:
            yield from (".TP", f"{bold(p['name'])}={value_text(p.get('values'), p['type'])}",
                        roff(p.get("help", "see above")) or "\\&")
        yield ".RE"


def options(table):
    for group in table["groups"]:
        yield f".SS {roff(group['title'])}"
        for option in table["options"]:
            if option["group"] == group["id"]:
                yield from option_lines(option)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    with open(sys.argv[3], encoding="utf-8") as file:
        table = json.load(file)
    names = {"VERSION": table["version"], "OPTIONS": "\n".join(options(table))}
    for word in sys.argv[4:]:
        name, value = word.split("=", 1)
        names[name] = roff(value)
    with open(sys.argv[1], encoding="utf-8") as file:
        text = re.sub(r"@([A-Z_]+)@", lambda match: names[match.group(1)], file.read())
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
