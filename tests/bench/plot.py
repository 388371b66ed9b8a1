# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of a run as a picture (SVG): times native per row, on a logarithmic scale."""
import math
import xml.sax.saxutils

import report
import rows

LEFT, WIDTH, BAR, GAP, HEAD = 90, 620, 9, 5, 46
HOST, PEER, GOAL, GRID, TEXT = "#1f6fb2", "#c9761a", "#2a8a3c", "#dddddd", "#222222"


def position(value, low, high):
    return LEFT + WIDTH * (math.log(min(max(value, low), high) / low) / math.log(high / low))


def label(x, y, text, anchor="start", bold=False):
    return '<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>' % (
        x, y, anchor, ' font-weight="bold"' if bold else "", xml.sax.saxutils.escape(text))


def box(x, y, width, height, colour):
    return '<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>' % (
        x, y, max(width, 1), height, colour)


def line(x, top, bottom, colour, dash=""):
    return '<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s"%s/>' % (
        x, x, top, bottom, colour, ' stroke-dasharray="%s"' % dash if dash else "")


def ratios(row):
    """(host, peer) in times native."""
    native = report.best(row, "native")
    return [report.ratio(report.best(row, side), native) for side in ("host", "peer")]


def svg(results):
    values = [value for row in results["rows"].values() for value in ratios(row) if value]
    low, high = 0.5, 10 ** math.ceil(math.log10(max(values, default=10) * 1.01))
    body, y = [], HEAD
    for group in rows.GROUPS:
        here = [name for name in group.rows if name in results["rows"]]
        if not here:
            continue
        top, y = y, y + 16
        body.append(label(6, y - 4, group.title, bold=True))
        for name in here:
            body.append(label(LEFT - 6, y + BAR + 3, name, "end"))
            for value, colour in zip(ratios(results["rows"][name]), (HOST, PEER)):
                if value:
                    end = position(value, low, high)
                    body += [box(LEFT, y, end - LEFT, BAR, colour),
                             label(end + 3, y + BAR, "%.3g" % value)]
                y += BAR
            y += GAP
        if group.native:
            body.append(line(position(group.native, low, high), top + 16, y, GOAL, "4 2"))
        y += 6
    grid = []
    for power in range(0, int(math.log10(high)) + 1):
        x = position(10 ** power, low, high)
        grid += [line(x, HEAD, y, GRID), label(x, HEAD - 4, "%g" % 10 ** power, "middle")]
    legend = [label(6, 14, "CPU time in multiples of native (less is better)", bold=True)]
    for x, colour, text in ((330, HOST, "this host"), (420, PEER, (results["peer"] or "no peer").split(" (", 1)[0]),
                            (690, GOAL, "goal")):
        legend += [box(x, 7, 10, 8, colour), label(x + 14, 15, text[:44])]
    return "\n".join([
        '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" '
        'font-size="10" fill="%s">' % (LEFT + WIDTH + 60, y + 6, TEXT),
        '<rect width="100%" height="100%" fill="white"/>', *legend, *grid, *body, "</svg>", ""])
