#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Figures of bh-monitor: `monitor_speed.py [RUNTIME]` (runc). What it adds to a container's run, its memory,
and bytes a second from the container to the log and to a client."""
import ctypes
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from monitor_bench import MONITOR, ROOT, Container, bundle, pair, program

ROUNDS = 60


def spawn(command, files=()):
    actions = [(os.POSIX_SPAWN_DUP2, fd, to) for fd, to in files]
    return os.posix_spawn(command[0], command, os.environ, file_actions=actions)


def bare(runtime, path, name):
    """create, start and the process's end, by a parent that only waits; milliseconds"""
    pid_file = os.path.join(ROOT, name + ".pid")
    null = os.open("/dev/null", os.O_RDWR)
    begin = time.perf_counter()
    os.waitpid(spawn([*runtime, "create", "--bundle", path, "--pid-file", pid_file, name], [(null, 0), (null, 1), (null, 2)]), 0)
    with open(pid_file) as file:
        pid = int(file.read())
    os.waitpid(spawn([*runtime, "start", name], [(null, 0), (null, 1), (null, 2)]), 0)
    os.waitpid(pid, 0)
    spent = time.perf_counter() - begin
    os.close(null)
    return spent * 1000


def monitored(runtime, path, name):
    """the same through bh-monitor, until exit.json is there; milliseconds"""
    run = os.path.join(ROOT, name)
    read_end, write_end = os.pipe()
    command = [MONITOR, "--id", name, "--runtime", runtime[0], "--bundle", path, "--run-dir", run, "--log", run + ".log", "--start"]
    for word in runtime[1:]:
        command += ["--runtime-arg", word]
    begin = time.perf_counter()
    starter = spawn(command, [(write_end, 3)])
    os.close(write_end)
    report = b""
    while chunk := os.read(read_end, 4096):
        report += chunk
    while not os.path.exists(os.path.join(run, "exit.json")):
        time.sleep(0.0001)
    spent = time.perf_counter() - begin
    os.close(read_end)
    os.waitpid(starter, 0)
    if b"pid" not in report:
        sys.exit(report.decode())
    return spent * 1000


def remove(runtime, name):
    subprocess.run([*runtime, "delete", "--force", name], stderr=subprocess.DEVNULL, check=False)


def added(runtime, path):
    without, with_it = [], []
    for number in range(ROUNDS):
        for kind, values in ((bare, without), (monitored, with_it)):
            name = f"{kind.__name__}{number}"
            values.append(kind(runtime, path, name))
            remove(runtime, name)
    print(f"true by {os.path.basename(runtime[0])}: {statistics.median(without):.2f} ms, with the monitor {statistics.median(with_it):.2f} ms "
          f"(medians of {ROUNDS}, interleaved); best {min(without):.2f} and {min(with_it):.2f} ms; added {statistics.median(b - a for a, b in zip(without, with_it)):.2f} ms")


def rate(what, args, attach=False, log=False):
    megabytes = 200
    ours, theirs = pair()
    attached = [(theirs, "or")] if attach else []
    begin = time.perf_counter()
    box = Container(["sh", "-c", args], "--hold-ms", "100000", attach=attached, log=log)
    box.start()
    begin = time.perf_counter()
    if attach:
        while ours.recv(1 << 20):
            pass
    ours.close()
    box.exit()
    print(f"{what}: {megabytes / (time.perf_counter() - begin):.0f} MB/s")


def memory():
    box = Container(["sleep", "30"], "--start")
    with open(f"/proc/{box.report['monitor']}/smaps_rollup") as file:
        sizes = {line.split(":")[0]: line.split()[1] for line in file}
    print(f"resident {sizes['Rss']} KiB, of it private {int(sizes['Private_Dirty']) + int(sizes['Private_Clean'])} KiB; program {os.path.getsize(MONITOR)} bytes")
    os.kill(box.report["pid"], signal.SIGKILL)
    box.exit()


def main():
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    shutil.rmtree(ROOT, ignore_errors=True)
    os.makedirs(ROOT)
    runtime = sys.argv[1] if len(sys.argv) > 1 else program("runc")
    path = bundle(program("runc"), "speed", ["true"])
    added([runtime, "--root", os.path.join(ROOT, "state")], path)
    memory()
    rate("to a client", "head -c 200000000 /dev/zero", attach=True)
    lines = os.path.join(ROOT, "lines")
    with open(lines, "w") as file:
        file.write(("x" * 99 + "\n") * 2000000)
    rate("lines of 100 bytes to the log", f"cat {lines}", log=True)
    rate("both", f"cat {lines}", attach=True, log=True)
    shutil.rmtree(ROOT)


if __name__ == "__main__":
    main()
