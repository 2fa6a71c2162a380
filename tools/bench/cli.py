# SPDX-License-Identifier: Apache-2.0
# Arguments, the order of things, the result: `tools/bench/run --help`.
import argparse
import os
import platform
import subprocess
import sys
import time

from . import figure, machines, measure

EXIT_OK, EXIT_FAILED = 0, 1
EPILOG = """groups: exits    what a guest pays for CPUID, a hypercall, a UART register, ...
        peers    the same guest under Linux's KVM, in the same emulators
        steady   exits of a Linux partition in ten idle and ten busy seconds
        boot     Linux from its first instruction to init, against bare metal
        io       exits of virtio console and network at full rate
        doorbell from one partition to another
        life     what bh and the hypervisor take to make and start a partition
        sizes    image, loader, trusted lines, RAM kept
        containers  starts beside runc, crun, unshare and dockerd, on this machine, as root; and beside crun in the
                    management partition
exit status: 0 all was measured, 1 a run failed, or with --strict a goal was missed
examples: tools/bench/run --only exits
          tools/bench/run --only sizes --only steady --json"""


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="bench", epilog=EPILOG,
                                     description="Measures Bulkhead in the emulators and holds it to its goals.",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=measure.GROUPS, metavar="NAME",
                        help="only this group: " + ", ".join(measure.GROUPS) + "; more than once: these")
    parser.add_argument("--json", action="store_true", help="prints JSON instead of the table")
    parser.add_argument("--strict", action="store_true", help="a missed goal is a failure")
    parser.add_argument("--jobs", type=int, default=max(1, min(2, os.cpu_count() or 1)), metavar="N",
                        help="emulators at a time (2)")
    parser.add_argument("--build", default="build", metavar="DIR")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error("--jobs: at least 1")
    options.build = os.path.abspath(options.build)
    options.only = options.only or list(measure.GROUPS)
    return options


def commit():
    result = subprocess.run(["git", "-C", machines.TOOLS, "describe", "--always", "--dirty"],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return result.stdout.decode().strip()


def main(arguments):
    options = parse_arguments(arguments)
    bench = measure.Bench(options.only, options.build)
    for path in ("bulkhead.elf", "BOOTX64.EFI", os.path.join("guest", "bench.cpio.gz")):
        if not os.path.exists(os.path.join(options.build, path)):
            print(f"bench: {path} is missing in {options.build}: run `make bench`", file=sys.stderr)
            return EXIT_FAILED
    folder = os.path.join(options.build, "bench")
    began = time.monotonic()
    machines.run_all(bench.runs.values(), options.build, folder, options.jobs)
    figures = bench.figures()
    failed = {**bench.failed, **{run.name: run.error for run in bench.runs.values() if run.error}}
    text = figure.to_json(figures, {"commit": commit(), "host": platform.machine(), "groups": options.only,
                                    "failed_runs": failed, "seconds": round(time.monotonic() - began)})
    # Part of the groups does not replace the whole.
    whole = set(options.only) == set(measure.GROUPS)
    path = os.path.join(options.build, "bench.json" if whole else "bench-part.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    print(text if options.json else figure.table(figures))
    for name, why in bench.failed.items():
        print(f"bench: {name}: {why}", file=sys.stderr)
    print(f"bench: {path}; logs of the runs: {folder}", file=sys.stderr)
    over = [item for item in figures if item.is_ok is False]
    for item in over:
        print(f"bench: goal missed: {item.group}: {item.name}", file=sys.stderr)
    return EXIT_FAILED if failed or (options.strict and over) else EXIT_OK
