# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of a run, as text; ratios per row, geometric means per group, goals beside them."""
import math

import extra
import rows

# peer / host in the mean over the groups that have a goal
OVERALL = 3.4


def geometric_mean(values):
    values = [value for value in values if value]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def best(row, side):
    values = row.get(side) or []
    return min(values) if values else None


def ratio(above, below):
    return above / below if above is not None and below else None


def cell(value, form):
    return "-" if value is None else form % value


def group_means(results, group, sides):
    """Per side: the mean of times native; and of peer / host, where both are there."""
    here = [results["rows"][name] for name in group.rows if name in results["rows"]]
    means = {side: geometric_mean([ratio(best(row, side), best(row, "native")) for row in here])
             for side in sides}
    means["gain"] = geometric_mean([ratio(best(row, "peer"), best(row, "host")) for row in here])
    return means


def against(value, goal):
    """A goal and whether it is met: @value at least @goal."""
    return "" if value is None else "met" if value >= goal else "missed"


def verdict(row, gain, goal):
    if row.get("wrong"):
        return "WRONG ANSWER"
    if row.get("failed"):
        return "failed: " + ", ".join(row["failed"])
    if gain is not None and gain < 1:
        return "slower" if gain < 1 / 1.2 else "about equal"
    return "below the goal" if gain is not None and gain < goal else ""


def figures(results):
    """The lines of extra.py's figures."""
    lines = []
    if results["extra"]:
        lines += ["", "%-50s %9s %9s %9s %9s  %s" % ("figure", "native", "host", "peer",
                                                   "better by", "goal")]
    for figure in extra.FIGURES:
        values = results["extra"].get(figure.name)
        if not values:
            continue
        pick = min if figure.smaller else max
        native, host, peer = (pick(values[side]) if side in values else None
                              for side in ("native", "host", "peer"))
        gain = ratio(peer, host) if figure.smaller else ratio(host, peer)
        lines.append("%-50s %9s %9s %9s %9s  %s" % (
            "%s, %s" % (figure.title, figure.unit), cell(native, "%.2f"), cell(host, "%.2f"),
            cell(peer, "%.2f"), cell(gain, "%.2f"),
            "%g %s" % (figure.goal, against(ratio(figure.goal, host), 1)) if figure.goal else ""))
    return lines


def text(results):
    lines = ["host    %s" % results["host"], "peer    %s" % (results["peer"] or "none"),
             "CPU seconds of all threads, minimum of %d runs, scale %g" % (results["runs"],
                                                                         results["scale"]), "",
             "%-10s %9s %9s %7s %9s %7s %9s  %s" % (
                 "row", "native s", "host s", "x nat.", "peer s", "x nat.", "peer/host", "")]
    gains = []
    for group in rows.GROUPS:
        here = [name for name in group.rows if name in results["rows"]]
        if not here:
            continue
        for name in here:
            row = results["rows"][name]
            native, host, peer = best(row, "native"), best(row, "host"), best(row, "peer")
            gain = ratio(peer, host)
            lines.append("%-10s %9s %9s %7s %9s %7s %9s  %s" % (
                name, cell(native, "%.4f"), cell(host, "%.3f"), cell(ratio(host, native), "%.1f"),
                cell(peer, "%.3f"), cell(ratio(peer, native), "%.1f"), cell(gain, "%.2f"),
                verdict(row, gain, group.peer)))
        means = group_means(results, group, ("host", "peer"))
        if means["gain"] and group.native:
            gains.append(means["gain"])
        goals = []
        if group.native:
            goals.append("%gx native %s" % (group.native, against(
                ratio(group.native, means["host"]), 1)))
        goals.append("%gx the peer %s" % (group.peer, against(means["gain"], group.peer)))
        lines.append("= %-29s %6s %17s %9s  goals: %s" % (
            group.title, cell(means["host"], "%.1f"), cell(means["peer"], "%.1f"),
            cell(means["gain"], "%.2f"), ", ".join(goal.strip() for goal in goals)))
        lines.append("")
    if gains:
        mean = geometric_mean(gains)
        lines.append("geometric mean of peer / host over the groups, atomics aside: %.2f   "
                     "goal: %.1f %s" % (mean, OVERALL, against(mean, OVERALL)))
    lines += figures(results)
    return "\n".join(lines) + "\n"
