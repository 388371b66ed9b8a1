#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the manual page of the program from its option table.

usage: gen-man.py options.json OUT

options.json is what `qemu-host --dump-options=json` prints, so the page cannot drift from the program.
"""

import json
import sys

from roff import roff, title

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


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        table = json.load(file)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(man(table))


if __name__ == "__main__":
    main()
