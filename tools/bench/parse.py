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
LIFE = re.compile(r"^(\w+): created (\S+) ms, zeroed (\S+) ms, loaded (\S+) ms; prepared before in (\S+) ms")
STARTED = re.compile(r"^(\w+): started after (\S+) ms, first instruction (\S+) ms later")
COMMAND = re.compile(r"^bench-init: life name=(\w+) round=(\d+) ticks=(\d+) status=0")
TSC_HZ = re.compile(r'^\{"version":.*"tsc_hz":(\d+)')
INSPECTED = re.compile(r"^partition +(\w+) \(id")
POOL_USED = re.compile(r'^\{"version":.*"pool_used":(\d+)')
HELD = re.compile(r"^hypervisor's +(\d+) KiB")
CONTAINER = re.compile(r"^ticks of a start as (\w+): (?:(first byte) (\d+)|(end) (\d+)$)")
RINGS = re.compile(r"^(?:\[\w+\] )?RINGS rings=(\d+) exits=(\d+)")
STAGES = ("prepare", "create", "zero", "load", "start", "enter", "command")
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


def init_facts(text, partition=""):
    """{name: text} of what the bench's init said, where there are several: in this partition."""
    found = {}
    for line in lines_of(text):
        match = INIT.match(line) if partition in line.split("]")[0] else None
        if match:
            found.setdefault(match.group(1), match.group(2))
    return found


def life(text, name, shift=0):
    """[{stage: instructions}] of each time that bh has made and started partition `name`."""
    hz = number_after(TSC_HZ, text)
    rounds, now = [], {}
    for line in lines_of(text):
        for pattern, stages in ((LIFE, ("create", "zero", "load", "prepare")), (STARTED, ("start", "enter"))):
            match = pattern.match(line)
            if match and match.group(1) == name and hz:
                counts = [int(float(value) * hz / 1000) >> shift for value in match.groups()[1:]]
                now.update(zip(stages, counts))
        match = COMMAND.match(line)
        if match and match.group(1) == name:
            rounds.append({**now, "command": int(match.group(3)) >> shift})
            now = {}
    return rounds


def starts(text, shift=0):
    """{(runtime, "end" of a `true` or "first byte" of an `echo`): instructions}"""
    found = {}
    for match in filter(None, map(CONTAINER.match, lines_of(text))):
        found[match.group(1), match.group(2) or match.group(4)] = int(match.group(3) or match.group(5)) >> shift
    return found


def rings(text):
    """(rings heard, exits meanwhile), or None"""
    found = [match for match in map(RINGS.match, lines_of(text)) if match]
    return (int(found[0].group(1)), int(found[0].group(2))) if found else None


def held(text, name):
    """(KiB that bh inspect says of partition `name`, KiB the pool has lost by it), or (None, None)"""
    said, partition, pool = None, None, []
    for line in lines_of(text):
        partition = INSPECTED.match(line).group(1) if INSPECTED.match(line) else partition
        if HELD.match(line) and partition == name:
            said = int(HELD.match(line).group(1))
        if POOL_USED.match(line):
            pool.append(int(POOL_USED.match(line).group(1)) >> 10)
            if partition == name and said is not None:
                return said, pool[-1] - pool[0]
    return None, None


def marks_of(text, partition):
    """marks() of one partition."""
    return marks("\n".join(line for line in lines_of(text) if line.startswith(f"hv: partition {partition}:")))


def describe_exits(counts):
    """'12: mmio 10, io 2' with the most frequent first."""
    rest = sorted(((count, reason) for reason, count in counts.items() if reason != "total"), reverse=True)
    text = str(counts.get("total", 0))
    return text + (": " + ", ".join(f"{reason} {count}" for count, reason in rest) if rest else "")
