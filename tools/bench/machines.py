# SPDX-License-Identifier: Apache-2.0
# The bench's runs: each one configuration in one emulator, by tools/run, with its serial log as result.
import concurrent.futures
import os
import subprocess
import sys
import threading
import time

TOOLS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CONFIGURATIONS = os.path.join(TOOLS, "bench", "conf")
NO_X2APIC = "max,+svm,+npt,-x2apic"  # QEMU 10 cannot count instructions where a guest uses it
NEW_QEMU = os.path.join("qemu10", "usr", "bin", "qemu-system-x86_64")


class Run:
    """machine: bochs, qemu or qemu10; shift: of --icount, None: not counted; ends: the line that ends it,
    None: the machine switches itself off."""

    def __init__(self, config, machine, shift=None, ends=None, cpus=None, cpu=None, timeout=600,
                 cost=10):
        self.config, self.machine, self.shift, self.ends = config, machine, shift, ends
        self.cpus, self.cpu, self.timeout, self.cost = cpus, cpu, timeout, cost
        self.text, self.error = "", None

    @property
    def name(self):
        return f"{self.config}-{self.machine}"

    @property
    def tsc_shift(self):
        """TSC ticks are instructions << this; Bochs counts them as they are."""
        return self.shift or 0

    def command(self, build, log):
        line = [os.path.join(TOOLS, "run"), "--build", build, "--quiet", "--log", log,
                "--config", os.path.join(CONFIGURATIONS, self.config + ".conf"),
                "--emulator", "bochs" if self.machine == "bochs" else "qemu",
                "--timeout", str(self.timeout)]
        if self.machine == "qemu10":
            line += ["--qemu", os.path.join(build, NEW_QEMU)]
        if self.machine != "bochs":
            line += ["--tcg"]
        if self.shift is not None:
            line += ["--icount", "--icount-shift", str(self.shift)]
        if self.cpus is not None:
            line += ["--cpus", str(self.cpus)]
        if self.cpu is not None:
            line += ["--cpu", self.cpu]
        return line + (["--expect", self.ends] if self.ends else [])

    def start(self, build, folder):
        """Runs it to its end; sets text, or error."""
        log = os.path.join(folder, self.name + ".log")
        result = subprocess.run(self.command(build, log), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
        if os.path.exists(log):
            with open(log, encoding="utf-8", errors="replace") as file:
                self.text = file.read()
        if result.returncode != 0:
            words = result.stdout.decode("utf-8", "replace").strip().splitlines()
            self.error = words[-1] if words else f"status {result.returncode}"


def has_new_qemu(build):
    return os.path.exists(os.path.join(build, NEW_QEMU))


def run_all(runs, build, folder, jobs):
    """The longest first, `jobs` at a time; says on stderr what it does."""
    os.makedirs(folder, exist_ok=True)
    runs = sorted(runs, key=lambda run: -run.cost)
    lock, done = threading.Lock(), [0]

    def one(run):
        began = time.monotonic()
        run.start(build, folder)
        with lock:
            done[0] += 1
            print(f"bench: {done[0]} of {len(runs)}: {run.name}: {time.monotonic() - began:.0f} s"
                  + (f": {run.error}" if run.error else ""), file=sys.stderr, flush=True)

    print(f"bench: {len(runs)} runs of emulators, {jobs} at a time", file=sys.stderr, flush=True)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, runs))
