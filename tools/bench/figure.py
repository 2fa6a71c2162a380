# SPDX-License-Identifier: Apache-2.0
# One measured figure with its goal, and the table and the JSON made of many.
import json

VERDICTS = {True: "ok", False: "OVER", None: ""}


class Figure:
    """group and name say what it is; goal: the most it may be, or None; peer: the same of another system."""

    def __init__(self, group, name, value, unit, goal=None, peer=None, note="", detail=None):
        self.group, self.name, self.value, self.unit = group, name, value, unit
        self.goal, self.peer, self.note, self.detail = goal, peer, note, detail or {}

    @property
    def is_ok(self):
        """None without a goal; a goal that was not measured is missed."""
        if self.goal is None:
            return None
        return self.value is not None and self.value <= self.goal

    @property
    def ratio(self):
        return round(self.peer / self.value, 2) if self.peer is not None and self.value else None

    def to_json(self):
        return {"group": self.group, "name": self.name, "value": self.value, "unit": self.unit,
                "goal": self.goal, "ok": self.is_ok, "peer": self.peer, "ratio": self.ratio,
                "note": self.note, "detail": self.detail}


def plain(value):
    if value is None:
        return "-"
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"


def table(figures):
    """Text for people: one block per group, columns as wide as they must be."""
    head = ("", "value", "goal", "", "peer", "peer:ours", "")
    rows, groups = [], []
    for figure in figures:
        rows.append((figure.name, f"{plain(figure.value)} {figure.unit}",
                     "" if figure.goal is None else f"<= {plain(figure.goal)}", VERDICTS[figure.is_ok],
                     "" if figure.peer is None else plain(figure.peer),
                     "" if figure.ratio is None else f"{figure.ratio:.1f}", figure.note))
        groups.append(figure.group)
    widths = [max(len(row[i]) for row in rows + [head]) for i in range(len(head))]
    out, last = [], None
    for group, row in zip(groups, rows):
        if group != last:
            out += ["", group, line_of(head, widths)]
            last = group
        out.append(line_of(row, widths))
    return "\n".join(out[1:])


def line_of(row, widths):
    cells = [row[0].ljust(widths[0])] + [row[i].rjust(widths[i]) for i in (1, 2)]
    cells += [row[3].ljust(widths[3])] + [row[i].rjust(widths[i]) for i in (4, 5)] + [row[6]]
    return ("  " + "  ".join(cells)).rstrip()


def to_json(figures, facts):
    return json.dumps({"format": 1, **facts, "figures": [figure.to_json() for figure in figures]},
                      indent=1, sort_keys=False) + "\n"
