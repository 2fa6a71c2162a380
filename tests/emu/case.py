# SPDX-License-Identifier: Apache-2.0
# Reads the emulator tests' case files and judges a case's output. The format is in README.md.
import json
import os
import re

LISTS = ("expect", "then", "reject", "send", "trace", "args", "extra")
SINGLE = ("config", "emulators", "cpus", "memory", "timeout", "report", "skip-default-reject", "check")
# The machines a case can name: what tools/run is told.
MACHINES = {
    "qemu": ["--emulator", "qemu"],
    "qemu-icount": ["--emulator", "qemu", "--icount"],
    "bochs": ["--emulator", "bochs"],
    "bochs-svm": ["--emulator", "bochs", "--cpu", "ryzen"],
    "qemu10": ["--emulator", "qemu"],
}
# Nothing may make the hypervisor give up.
DEFAULT_REJECT = r"^hv: (error: )?PANIC"
RESULT = re.compile(r"^(?:\[(?P<name>[^\]]+)\] )?(?P<kind>PASS|FAIL|SKIP) (?P<test>\S.*)$")
DONE = re.compile(r"^(?:\[(?P<name>[^\]]+)\] )?DONE passed=(\d+) failed=(\d+) skipped=(\d+)")


class CaseError(Exception):
    """A case file is wrong."""


class Case:
    """One case on one machine."""

    def __init__(self, name, machine, values):
        self.name = f"{name}/{machine}"
        self.machine = machine
        self.values = values

    def one(self, key, otherwise=None):
        return self.values.get(key, otherwise)

    def all(self, key):
        return self.values.get(key, [])

    def timeout(self):
        return float(self.one("timeout", "60"))

    def reports(self):
        """The partitions whose PASS and DONE lines are counted; "-" is output without a name."""
        return self.one("report", "").split()

    def expects(self):
        """[(option, regex)], what comes in any order first"""
        lines = [f"{re.escape(prefix(name))}DONE passed=" for name in self.reports()]
        return ([("--expect", text) for text in self.all("expect")]
                + [("--expect", "^" + line) for line in lines]
                + [("--then", text) for text in self.all("then")])

    def rejects(self):
        usual = [] if self.one("skip-default-reject") else [DEFAULT_REJECT]
        return self.all("reject") + usual


def prefix(name):
    return "" if name == "-" else f"[{name}] "


def parse_line(path, number, line):
    key, is_pair, value = (part.strip() for part in line.partition("="))
    machine, is_special, plain = key.rpartition(".")
    if not is_pair or plain not in LISTS + SINGLE or (is_special and machine not in MACHINES):
        raise CaseError(f"{path}:{number}: '{line}' is not a line of a case (README.md)")
    return machine, plain, value


def read(path):
    """-> one Case per machine it names"""
    name = os.path.splitext(os.path.basename(path))[0]
    rows = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip() and not line.lstrip().startswith("#"):
                rows.append(parse_line(path, number, line.strip()))
    machines = next((value.split() for _, key, value in rows if key == "emulators"), [])
    if not machines or not set(machines) <= set(MACHINES):
        raise CaseError(f"{path}: 'emulators' must name some of {' '.join(MACHINES)}")
    cases = []
    for machine in machines:
        values = {}
        # What is written for this machine alone comes later and wins.
        for wanted in ("", machine):
            for special, key, value in rows:
                if special == wanted and key in LISTS:
                    values.setdefault(key, []).append(value)
                elif special == wanted:
                    values[key] = value
        cases.append(Case(name, machine, values))
    return cases


class Count:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def text(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def judge_reports(case, lines):
    """Counts the in-guest results; -> (Count, what is wrong, SKIP lines)"""
    count, wrong, skips = Count(), [], []
    for name in case.reports():
        seen, done = Count(), None
        for line in lines:
            result, end = RESULT.match(line), DONE.match(line)
            if result and (result["name"] or "-") == name:
                attribute = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped"}[result["kind"]]
                setattr(seen, attribute, getattr(seen, attribute) + 1)
                wrong += [line] if attribute == "failed" else []
                skips += [line] if attribute == "skipped" else []
            elif end and (end["name"] or "-") == name:
                done = Count(*(int(number) for number in end.groups()[1:]))
        if done is None:
            wrong.append(f"{prefix(name)}no DONE line")
            seen.failed += 1
        elif vars(done) != vars(seen):
            wrong.append(f"{prefix(name)}DONE says {done.text()}; the lines say {seen.text()}")
            seen.failed += 1
        elif seen.passed + seen.failed == 0:
            wrong.append(f"{prefix(name)}DONE without any PASS")
            seen.failed += 1
        count.add(seen)
    return count, wrong, skips


# What each phase of the "Trace Event Format" needs: M names a track, X is a slice, i an instant.
TRACE_KEYS = {"M": {"args"}, "X": {"ts", "dur", "cat"}, "i": {"ts", "s", "cat"}}


def judge_trace(text, names):
    """Of one trace; -> what is wrong"""
    try:
        trace = json.loads(text)
        events = trace["traceEvents"]
    except (ValueError, KeyError, TypeError) as error:
        return [f"a trace is no JSON: {error}"]
    wrong = []
    for event in events:
        keys = TRACE_KEYS.get(event.get("ph"), {"a known phase"}) | {"name", "pid", "tid"}
        numbers = [event.get(key, 0) for key in ("ts", "dur", "pid", "tid")]
        if not keys <= set(event) or not all(isinstance(n, (int, float)) and n >= 0 for n in numbers):
            wrong.append(f"a trace has {event}")
    named = {(event["pid"], event["args"]["name"]) for event in events if event["name"] == "process_name"}
    shown = {event["pid"] for event in events if event.get("ph") == "X"}
    for name in names:
        if not any(name == other and pid in shown for pid, other in named):
            wrong.append(f"a trace has no slice of partition {name}")
    return wrong


def judge_traces(case, lines):
    """`trace = REGEX => NAME...`: group 1 of a line is a trace with slices of these partitions."""
    wrong = []
    for value in case.all("trace"):
        pattern, _, names = (part.strip() for part in value.partition("=>"))
        found = [match.group(1) for match in (re.search(pattern, line) for line in lines) if match]
        wrong += [] if found else [f"no trace: {pattern}"]
        for text in found:
            wrong += judge_trace(text, names.split())
    return wrong
