# SPDX-License-Identifier: Apache-2.0
# Serial logs to numbers. Nothing here starts anything.
import re

BENCH = re.compile(r"^(?:\[\w+\] )?BENCH (\S+) min=(\d+) median=(\d+) p90=(\d+) max=(\d+) overhead=(\d+)")
START = re.compile(r"^(?:\[\w+\] )?START protocol=")
MARK = re.compile(r"^hv: partition (\S+): vCPU (\d+): mark 0x([0-9a-f]+) tsc=(\d+) exits(.*)$")
ENTERED = re.compile(r"^hv: partition (\S+): entered tsc=(\d+)")
BARE = re.compile(r"^bare-metal: tsc=(\d+)")
INIT = re.compile(r"^(?:\[\w+\] )?bench-init: (\w+)=(.*)$")
STEADY = re.compile(r"^(?:\[\w+\] )?bench-init: steady seconds=(\d+) ticks=(\d+)")
KEEPS = re.compile(r"^hv: hypervisor keeps (\d+) KiB")
COUNT = re.compile(r"(\w+)=(\d+)")


def lines_of(text):
    return [line.strip("\r") for line in text.replace("\r\n", "\n").split("\n")]


def operations(text, shift=0):
    """{name: instructions}: the median of each row less the empty loop. The second row of a name, measured
    again in x2APIC mode, is `name+`."""
    found = {}
    for line in lines_of(text):
        match = BENCH.match(line)
        if match:
            median, overhead = int(match.group(3)), int(match.group(6))
            name = match.group(1) + ("+" if match.group(1) in found else "")
            found[name] = (median - overhead) >> shift
    return found


def marks(text):
    """{mark: (tsc, {reason: count})} of vCPU 0"""
    found = {}
    for line in lines_of(text):
        match = MARK.match(line)
        if match and match.group(2) == "0":
            counts = {name: int(value) for name, value in COUNT.findall(match.group(5))}
            found[int(match.group(3), 16)] = (int(match.group(4)), counts)
    return found


def exits_between(first, second, own=1):
    """Exits by reason from one mark to the next; the second mark's own port access is not counted."""
    between = {}
    for reason in sorted(set(first[1]) | set(second[1])):
        count = second[1].get(reason, 0) - first[1].get(reason, 0)
        if reason in ("total", "io"):
            count -= own
        if count:
            between[reason] = count
    between.setdefault("total", 0)
    return between


def number_after(pattern, text):
    """The last group of the first line that matches, as a number, or None."""
    for line in lines_of(text):
        match = pattern.match(line)
        if match:
            return int(match.group(match.lastindex))
    return None


def entered(text):
    return number_after(ENTERED, text)


def jumped(text):
    return number_after(BARE, text)


def kept(text):
    return number_after(KEEPS, text)


def steady_ticks(text):
    return number_after(STEADY, text)


def init_facts(text):
    """{name: text} of what the bench's init said."""
    found = {}
    for line in lines_of(text):
        match = INIT.match(line)
        if match:
            found.setdefault(match.group(1), match.group(2))
    return found


def describe_exits(counts):
    """'12: mmio 10, io 2' with the most frequent first."""
    rest = sorted(((count, reason) for reason, count in counts.items() if reason != "total"), reverse=True)
    text = str(counts.get("total", 0))
    return text + (": " + ", ".join(f"{reason} {count}" for count, reason in rest) if rest else "")
