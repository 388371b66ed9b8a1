# SPDX-License-Identifier: GPL-2.0-or-later
"""Text as man(7) wants it."""

SPECIAL = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}


def roff(text):
    """@text with every character as itself; it may begin a line."""
    out = "".join(SPECIAL.get(c, c) for c in text)
    return "\\&" + out if out.startswith(".") else out


def bold(text):
    return f"\\fB{roff(text)}\\fR"


def italic(text):
    return f"\\fI{roff(text)}\\fR"


def title(name, section, version, manual):
    """The head of a page, which has no date: two builds of one source are the same. Lines are as long
    as they happen to be, because names of options and files are never broken."""
    return f'.TH {roff(name.upper())} {section} "" "qemu-host {version}" "{manual}"\n.nh\n.ad l'
