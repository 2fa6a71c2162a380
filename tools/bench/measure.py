# SPDX-License-Identifier: Apache-2.0
# What is measured: the runs each group needs, and the figures made of their logs.
import os
import re
import subprocess

from . import native, parse
from .figure import Figure
from .machines import NO_X2APIC, TOOLS, Run, has_new_qemu

GROUPS = ("exits", "peers", "steady", "boot", "io", "doorbell", "life", "sizes", "containers")
END = "bench-init: end"
EXITS_SHIFT = 7  # firmware takes 3 s of it, and counts stay exact
LINUX_SHIFT = 4  # 62 million instructions a second, as many as Bochs has: as many timer ticks on the way
BACKENDS = (("VMX", "bochs"), ("SVM", "qemu"))
STEADY = BACKENDS + (("SVM x2APIC", "qemu10"),)
LIFE_SHIFT = 4
LIFE_GOAL = 300000  # instructions of bh and hypervisor, without zeroing
LIFE_NAMES = (("small", "4 MiB"), ("large", "16 MiB, a console"))
PARTITIONS = {"bochs": (1, 3), "qemu": (1, 2, 3)}  # how many of them, to see what one more costs
KIB = 1 << 10

# Row of the bench kernel, what it is, goal. KVM's guest has no x2APIC: no peer for those rows.
OPERATIONS = (
    ("cpuid-0", "CPUID, leaf 0", 200),
    ("cpuid-40000000", "CPUID, leaf 0x40000000", 200),
    ("hypercall", "null hypercall", 120),
    ("uart-lsr-in", "16550, read LSR", 300),
    ("uart-scr-out", "16550, write SCR", 300),
    ("uart-ier-out", "16550, write IER", 300),
    ("pic-in", "port 0x21 (KVM: in its kernel; here: nobody's)", None),
    ("port-unowned-in", "port that nobody owns", None),
    ("rdmsr-apic-base", "RDMSR IA32_APIC_BASE", None),
    ("xapic-read", "xAPIC, read ID", None),
    ("xapic-eoi", "xAPIC, write EOI", None),
    ("ioapic-read", "I/O APIC, read", None),
    ("self-ipi", "xAPIC, IPI to itself, to its handler", None),
    ("x2apic-read", "x2APIC, read ID", None),
    ("x2apic-eoi", "x2APIC, write EOI", None),
    ("self-ipi+", "x2APIC, IPI to itself, to its handler", None),
    ("doorbell", "channel, doorbell by port (xAPIC)", 400),
    ("doorbell+", "channel, doorbell by port (x2APIC)", 400),
)


LIFE_STAGES = (
    ("prepare", "before: bh's start, configuration, image"),
    ("create", "create"),
    ("zero", "zeroing its RAM"),
    ("load", "load"),
    ("start", "start"),
    ("enter", "to the first instruction"),
    ("command", "the whole command, from fork to its end"),
)
HELD = (("VMX", "bochs", "small", "4 MiB in 4 KiB pages", 64),
        ("VMX", "bochs", "large", "16 MiB in 4 KiB pages, a console", None),
        ("SVM", "qemu10", "large", "16 MiB, a console", 64))
IO = (
    ("virtio-console, for each KiB of raw data", "sender", 4, 2, "console"),
    ("the same, text in lines of 64 bytes", "sender", 2, None, "console"),
    ("virtio-net, sender, for each packet of a TCP stream", "sender", 6, 1, "packets"),
    ("virtio-net, receiver, for each packet", "receiver", 6, 1, "packets"),
)
DOORBELL = "A doorbell from one partition to another"


class Bench:
    """The runs that some groups need, each once, and the figures of these groups."""

    def __init__(self, groups, build):
        self.groups, self.build, self.runs, self.failed = groups, build, {}, {}
        if "exits" in groups:
            self.want("exits", "bochs", cost=60)
            self.want("exits", "qemu", shift=EXITS_SHIFT)
        if "peers" in groups or "boot" in groups:
            self.want("bare", "bochs", ends=END, cost=200)
            self.want("bare", "qemu", shift=LINUX_SHIFT, ends=END, cost=30)
        if "steady" in groups or "boot" in groups:
            self.want("linux", "bochs", ends=END, cost=200)
            self.want("linux", "qemu", shift=LINUX_SHIFT, ends=END, cost=30)
        if "steady" in groups and has_new_qemu(build):
            # In real time: QEMU 10 ends with "Bad icount read" where a guest reads its x2APIC's timer.
            self.want("linux", "qemu10", ends=END, cost=80)
        for machine in ("bochs", "qemu") + (("qemu10",) if has_new_qemu(build) else ()):
            cost = 250 if machine == "bochs" else 50
            if "io" in groups:
                self.want("io", machine, cost=cost)
            if "doorbell" in groups:
                self.want("doorbell", machine, cost=cost // 5)
        if "life" in groups or "sizes" in groups:
            self.want("life", "bochs", ends=END, cpus=2, cost=200)
        if ("life" in groups or "sizes" in groups) and has_new_qemu(build):
            self.want("life", "qemu10", shift=LIFE_SHIFT, ends=END, cpus=2, cpu=NO_X2APIC, cost=100)
        if "containers" in groups:
            self.want("container", "bochs", cost=80)
            self.want("container", "qemu", shift=LINUX_SHIFT, cost=30)
        if "sizes" in groups:
            for machine, counts in PARTITIONS.items():
                for count in counts:
                    self.want(f"memory{count}", machine, cpus=4, cost=100 if machine == "bochs" else 20)

    def want(self, config, machine, **more):
        run = Run(config, machine, **more)
        self.runs.setdefault((config, machine), run)

    def text(self, config, machine):
        run = self.runs.get((config, machine))
        return run.text if run else ""

    def shift(self, config, machine):
        return self.runs[config, machine].tsc_shift

    def figures(self):
        makers = {"exits": self.exits, "steady": self.steady, "boot": self.boot, "io": self.io,
                  "doorbell": self.doorbell, "life": self.life, "sizes": self.sizes, "containers": self.containers}
        found = []
        for group in GROUPS:
            if group in makers and group in self.groups:
                found += makers[group]()
        if "peers" in self.groups and "exits" not in self.groups:
            found += self.peers_alone()
        return found

    def rows(self, config, machine):
        run = self.runs.get((config, machine))
        return parse.operations(run.text, run.tsc_shift) if run else {}

    def exits(self):
        found = []
        for backend, machine in BACKENDS:
            ours, peer = self.rows("exits", machine), self.rows("bare", machine)
            if "x2apic-read" not in ours:
                ours.pop("self-ipi+", None), ours.pop("doorbell+", None)  # the same mode twice
            for row, name, goal in OPERATIONS:
                if row in ours or (goal is not None and not row.endswith("+")):
                    found.append(Figure(f"Exits on {backend} (peer: KVM in the same emulator)", name,
                                        ours.get(row), "instructions", goal, peer.get(row)))
        return found

    def peers_alone(self):
        return [Figure(f"Exits under KVM on {backend}", name, self.rows("bare", machine)[row], "instructions")
                for backend, machine in BACKENDS for row, name, _ in OPERATIONS
                if row in self.rows("bare", machine)]

    def steady(self):
        found = []
        for backend, machine in STEADY:
            if ("linux", machine) not in self.runs:
                continue
            marks = parse.marks(self.text("linux", machine))
            for name, first, second in (("10 s idle", 2, 3), ("10 s busy", 3, 4)):
                exits = (parse.exits_between(marks[first], marks[second])
                         if first in marks and second in marks else {})
                found.append(Figure("Steady state of a Linux partition", f"{backend}: {name}",
                                    exits.get("total"), "exits", None if backend == "SVM" else 0,
                                    note=parse.describe_exits(exits) if exits.get("total") else "",
                                    detail=exits))
        return found

    def boot(self):
        found = []
        for backend, machine in BACKENDS:
            ours, bare = self.text("linux", machine), self.text("bare", machine)
            shift = self.shift("linux", machine)
            first = count_to_init(parse.entered(ours), ours, shift)
            second = count_to_init(parse.jumped(bare), bare, shift)
            more = round(100 * (first / second - 1), 2) if first and second else None
            exits = parse.marks(ours).get(1, (0, {}))[1]
            group = "Linux from its first instruction to init (peer: bare metal)"
            found += [Figure(group, f"{backend}: in a partition", first, "instructions", peer=second,
                             detail={"partition": parse.init_facts(ours), "bare": parse.init_facts(bare)}),
                      Figure(group, f"{backend}: more than on bare metal", more, "%", 2),
                      Figure(group, f"{backend}: exits until init", exits.get("total"), "exits",
                             note=parse.describe_exits(exits) if exits else "", detail=exits)]
        return found

    def io(self):
        found = []
        for backend, machine in STEADY:
            text = self.text("io", machine)
            if ("io", machine) not in self.runs:
                continue
            for name, partition, first, goal, fact in IO:
                marks, facts = parse.marks_of(text, partition), parse.init_facts(text, partition)
                exits = (parse.exits_between(marks[first], marks[first + 1])
                         if first in marks and first + 1 in marks else {})
                count = int(facts.get(fact, 0)) / (KIB if fact == "console" else 1)
                value = round(exits["total"] / count, 3) if exits and count else None
                found.append(Figure("Exits of paravirtual I/O, Linux's drivers at full rate", f"{backend}: {name}",
                                    value, "exits", None if backend == "SVM" else goal,
                                    note=parse.describe_exits(exits) if exits else "",
                                    detail={"exits": exits, "of": count}))
        return found

    def doorbell(self):
        found = []
        for backend, machine in STEADY:
            if ("doorbell", machine) not in self.runs:
                continue
            text = self.text("doorbell", machine)
            rings, exits = parse.rings(text) or (None, None)
            if machine == "bochs":
                found.append(Figure(DOORBELL, f"{backend}: sender", self.rows("doorbell", machine).get("doorbell-pair"),
                                    "instructions", 400))
            # In xAPIC mode the guest's EOI exits.
            found.append(Figure(DOORBELL, f"{backend}: receiver, for each ring", exits / rings if rings else None,
                                "exits", None if backend == "SVM" else 0, detail={"rings": rings, "exits": exits}))
        return found

    def containers(self):
        result, error = native.measure(self.build)
        if error:
            self.failed["containers"] = error
        return native.figures(result) + self.beside_crun()

    def beside_crun(self):
        found = []
        for backend, machine in BACKENDS:
            ticks = parse.starts(self.text("container", machine), self.shift("container", machine))
            for end, name, part in (("end", "the whole run, beside crun: 0.8 times", 0.8), ("first byte", "to the first byte (peer: crun)", None)):
                ours, theirs = ticks.get(("container", end)), ticks.get(("crun", end))
                found.append(Figure(f"{native.START}, in the management partition", f"{backend}: {name}", ours, "instructions",
                                    int(part * theirs) if part and theirs else None, theirs, note="" if theirs else "no crun here"))
        return found

    def life(self):
        found = []
        for backend, machine in (("VMX", "bochs"), ("SVM", "qemu10")):
            for name, what in LIFE_NAMES if ("life", machine) in self.runs else ():
                rounds = parse.life(self.text("life", machine), name, self.shift("life", machine))
                times = {stage: sorted(now.get(stage, 0) for now in rounds)[len(rounds) // 2]
                         for stage in parse.STAGES} if rounds else {}
                group = f"A partition of {what}, made and started by bh: {backend}"
                found += [Figure(group, text, times.get(stage), "instructions")
                          for stage, text in LIFE_STAGES]
                total = sum(times[stage] for stage in ("create", "load", "start", "enter")) if times else None
                found.append(Figure(group, "create, load, start, first instruction together", total,
                                    "instructions", LIFE_GOAL, detail={"rounds": rounds}))
        return found

    def sizes(self):
        group = "Sizes"
        text, data = section_sizes(os.path.join(self.build, "bulkhead.elf"))
        found = [Figure(group, "hypervisor, text + data", text + data, "bytes", 128 * KIB,
                        detail={"text": text, "data": data}),
                 Figure(group, "trusted lines", trusted_lines(), "lines", 12000),
                 Figure(group, "loader", os.path.getsize(os.path.join(self.build, "BOOTX64.EFI")), "bytes")]
        for backend, machine in BACKENDS:
            keeps = {count: parse.kept(self.text(f"memory{count}", machine)) for count in PARTITIONS[machine]}
            base, step = split_memory(keeps)
            found += [Figure(group, f"{backend}: RAM kept, 4 CPUs, without partitions", base, "KiB", 2048,
                             detail={"keeps": keeps}),
                      Figure(group, f"{backend}: RAM kept for each partition of 256 MiB", step, "KiB", 64)]
        for backend, machine, name, what, goal in HELD:
            said, lost = parse.held(self.text("life", machine), name)
            if ("life", machine) in self.runs:
                found.append(Figure(group, f"{backend}: RAM kept, as bh inspect says, {what}", said, "KiB", goal,
                                    note="" if lost is None else f"pool: {lost} KiB"))
        return found


def count_to_init(start, text, shift):
    """Instructions from `start` to the first of init, or None."""
    end = parse.init_facts(text).get("tsc", "")
    return (int(end) - start) >> shift if start is not None and end.isdigit() else None


def split_memory(keeps):
    """KiB by number of partitions -> (without any, most that one more costs), or (None, None)."""
    if None in keeps.values():
        return None, None
    pairs = sorted(keeps.items())
    step = max(-(-(more - less) // (many - few)) for (few, less), (many, more) in zip(pairs, pairs[1:]))
    return pairs[0][1] - pairs[0][0] * step, step


def section_sizes(path):
    """(text, data) of an ELF file, as `size` counts them."""
    output = subprocess.run(["size", path], stdout=subprocess.PIPE, check=True).stdout.decode()
    words = output.splitlines()[1].split()
    return int(words[0]), int(words[1])


def trusted_lines():
    output = subprocess.run([os.path.join(TOOLS, "check_limits")], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, check=False).stdout.decode()
    match = re.search(r"trusted lines: (\d+)", output)
    return int(match.group(1)) if match else None
