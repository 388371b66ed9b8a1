#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the manual page and the completions from the option table.

usage: gen-docs.py man|bash|zsh options.json OUT

options.json is what `qemu-host --dump-options=json` prints, so neither can drift from the program.
"""

import json
import re
import sys

from roff import roff, title

ACTIONS = (
    # pattern of an option's argument, bash words or compgen flags, zsh action
    (r"FILE", "-f", "_files"),
    (r"DIRECTORY", "-d", "_files -/"),
)

# Options whose values the program itself lists.
LISTED = {"machine": "-machine", "cpu": "-cpu", "device": "-device"}
WORDS = {
    "accel": "tcg help",
    "display": "none help",
    "chardev": "null stdio file pipe pty socket ringbuf mux help",
    "serial": "stdio mon:stdio pty null none",
    "monitor": "stdio pty null none",
    "qmp": "stdio unix: tcp:",
    "rtc": "base=utc",
    "boot": "strict=on strict=off menu=off",
    "msg": "timestamp=on timestamp=off",
    "overcommit": "mem-lock=on mem-lock=off",
    "sandbox": "off",
    "dump-options": "json",
    "list-modules": "all refused json",
}

FRONT = r""".SH NAME
qemu\-host \- full-system machine emulator
.SH SYNOPSIS
.B qemu\-host
[\fIoptions\fR]
.br
.BI qemu\-system\- TARGET
[\fIoptions\fR]
.SH DESCRIPTION
.B qemu\-host
emulates whole computers. The program itself knows no processor and no device: both come with modules,
which are found in the module directories and loaded when something that they offer is asked for.
Without any option it is an empty machine with a monitor on the terminal.
.PP
Options are written with one dash or two. An option that begins with two dashes may have its value
behind '=': \fB\-\-machine=virt\fR. Values are lists of \fIkey\fR=\fIvalue\fR, separated by commas; a
comma inside a value is written twice, and a key alone means \fIkey\fR=on. An option that cannot be
honoured is an error; none is ignored unless it says so below.
.PP
Called
.BI qemu\-system\- TARGET
the program loads that target first, and answers as QEMU's program of that name does.
.SH OPTIONS
"""

BACK = r""".SH KEYS IN THE TERMINAL
With \fBmon:stdio\fR, \fB\-nographic\fR, and when nothing else is said, the first serial line and the
monitor share the terminal:
.TP
.B Ctrl\-A h
list these keys
.TP
.B Ctrl\-A x
leave the program
.TP
.B Ctrl\-A c
switch between the guest and the monitor
.TP
.B Ctrl\-A b
send a break
.TP
.B Ctrl\-A Ctrl\-A
send Ctrl\-A
.PP
Ctrl\-C and all other keys go to the guest. With \fB\-serial stdio\fR Ctrl\-C ends the program instead.
The terminal gets its settings back however the program ends, except by SIGKILL; \fBstty sane\fR helps
then.
.SH EXIT STATUS
.TP
.B 0
The guest turned itself off, the user ended the program, or something was printed.
.TP
.B 1
Something failed; the message on the standard error says what, on what, and why.
.TP
.B 2
The command line makes no sense.
.PP
A guest may choose another status by a device that is made for it.
.SH ENVIRONMENT
.TP
.B QEMU_HOST_MODULE_PATH
Directories with modules, separated by colons; searched before the installed ones. Ignored when the
program runs with more privileges than its caller.
.SH EXAMPLES
Boot a kernel on a RISC\-V board, console in this terminal:
.PP
.RS
qemu\-host \-\-load\-target=riscv64 \-m 1G \-kernel Image \-initrd initrd.gz \-append console=ttyS0
.RE
.PP
The same under QEMU's name, with four processors and a QMP socket:
.PP
.RS
qemu\-system\-riscv64 \-M virt \-smp 4 \-m 1G \-kernel Image \-qmp unix:/tmp/qmp,server=on,wait=off
.RE
.PP
What is there:
.PP
.RS
qemu\-host \-machine help; qemu\-host \-cpu help; qemu\-host \-device help=json
.RE
.SH SEE ALSO
.BR qemu\-system (1)
"""


def dashes(option):
    return "--" if option["group"] == "general" else "-"


def man(table):
    lines = [title("qemu-host", 1, table["version"], "User Commands"), FRONT.rstrip()]
    for group in table["groups"]:
        lines.append(f".SS {roff(group['title'])}")
        for option in table["options"]:
            if option["group"] != group["id"]:
                continue
            names = [dashes(option) + option["name"]]
            if "alias" in option:
                names.insert(0, "-" + option["alias"])
            head = ", ".join(f"\\fB{roff(name)}\\fR" for name in names)
            if "argument" in option:
                head += f" \\fI{roff(option['argument'])}\\fR"
            lines += [".TP", head, roff(option["help"])]
            if option["parameters"]:
                lines.append(".RS")
                for p in option["parameters"]:
                    text = roff(p.get("help", "see above")) or "\\&"
                    lines += [".TP", f"\\fB{roff(p['name'])}\\fR=\\fI{p['type']}\\fR", text]
                lines.append(".RE")
    return "\n".join(lines) + "\n" + BACK


def action(option):
    for pattern, bash, zsh in ACTIONS:
        if re.search(rf"\b{pattern}\b", option.get("argument", "")):
            return bash, zsh
    return None, None


def spellings(option):
    names = [option["name"]] + ([option["alias"]] if "alias" in option else [])
    return [dash + name for name in names for dash in ("-", "--")]


def bash(table):
    cases, names = [], []
    for option in table["options"]:
        names.append(dashes(option) + option["name"])
        if "argument" not in option:
            continue
        pattern = "|".join(spellings(option))
        flags, _ = action(option)
        if option["name"] in LISTED:
            body = (f'COMPREPLY=($(compgen -W "$(_qemu_host_listed "$1" {LISTED[option["name"]]}) help" '
                    '-- "$word"))')
        elif option["name"] == "load-target":
            body = 'COMPREPLY=($(compgen -W "$(_qemu_host_targets "$1")" -- "$word"))'
        elif option["name"] in WORDS:
            body = f"COMPREPLY=($(compgen -W '{WORDS[option['name']]}' -- \"$word\"))"
        elif flags:
            body = f'COMPREPLY=($(compgen {flags} -- "$word"))'
        else:
            body = "COMPREPLY=()"
        cases.append(f"    {pattern})\n        {body}\n        return ;;")
    return "\n".join([
        "# SPDX-License-Identifier: GPL-2.0-or-later",
        "# bash completion for qemu-host; made by gen-docs.py from the option table.",
        "_qemu_host_listed()",
        "{",
        "    \"$1\" \"$2\" help 2>/dev/null | sed -n 's/^  \\([^ ]*\\) .*/\\1/p' | sort -u",
        "}",
        "_qemu_host_targets()",
        "{",
        "    \"$1\" -machine help 2>/dev/null | sed -n 's/^\\([^ ]*\\):$/\\1/p' | grep -v '^Machines$'",
        "}",
        "_qemu_host()",
        "{",
        "    local word=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\"",
        "    case \"$before\" in",
        *cases,
        "    esac",
        f"    COMPREPLY=($(compgen -W '{' '.join(names)}' -- \"$word\"))",
        "}",
        "complete -F _qemu_host qemu-host",
        ""])


def zsh_text(text):
    return re.sub(r"([\[\]:\\])", r"\\\1", text).replace("'", "'\\''")


def zsh(table):
    specs = []
    for option in table["options"]:
        head = zsh_text(option["help"].split(". ")[0].rstrip("."))
        for name in dict.fromkeys([dashes(option) + option["name"]] +
                                  (["-" + option["alias"]] if "alias" in option else [])):
            spec = f"*{name}[{head}]"
            if "argument" in option:
                _, files = action(option)
                words = WORDS.get(option["name"])
                if option["name"] in LISTED:
                    what = f"_qemu_host_listed {LISTED[option['name']]}"
                    what = "{" + what + "}"
                elif words:
                    what = "(" + words.replace(":", "\\:") + ")"
                else:
                    what = files or ""
                spec += f":{zsh_text(option['argument'])}:{what}"
            specs.append(f"    '{spec}' \\")
    return "\n".join([
        "#compdef qemu-host",
        "# SPDX-License-Identifier: GPL-2.0-or-later",
        "# zsh completion for qemu-host; made by gen-docs.py from the option table.",
        "_qemu_host_listed()",
        "{",
        "    local -a names",
        "    names=(${(f)\"$($words[1] $1 help 2>/dev/null | sed -n 's/^  \\([^ ]*\\) .*/\\1/p')\"} help)",
        "    compadd -a names",
        "}",
        "_arguments \\",
        *specs,
        "    && return 0",
        ""])


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("man", "bash", "zsh"):
        sys.exit(__doc__)
    with open(sys.argv[2], encoding="utf-8") as file:
        table = json.load(file)
    text = {"man": man, "bash": bash, "zsh": zsh}[sys.argv[1]](table)
    with open(sys.argv[3], "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
