# SPDX-License-Identifier: Apache-2.0
# What a container's start costs beside Debian's runc and crun, `unshare`, and dockerd: interleaved runs on this machine.
# Run by tests/native/isolate.py, for the daemons and mounts it makes: `containers.py` prints one JSON object.
import json
import os
import random
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "native"))
import images  # noqa: E402
import services  # noqa: E402
from support import BIN, BUILD, Skip, empty_folder, environment, folder, on_cgroup2, peer, run, stop_all  # noqa: E402

ROUNDS, WARM_UP = 40, 5
DOCKER_ROUNDS, DOCKER_WARM_UP = 12, 2
STOPPED = 50
UNSHARE = ["unshare", "-m", "-p", "-f", "-i", "-u", "-n"]  # five namespaces


def milliseconds(command, cwd):
    begin = time.monotonic()
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, timeout=60)
    took = (time.monotonic() - begin) * 1000
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.returncode}: {done.stdout.decode(errors='replace')[-400:]}")
    return took


def interleaved(commands, rounds, warm_up):
    """commands: {name: (make command of the round's number, folder)}; -> {name: samples}, each round in another order"""
    samples = {name: [] for name in commands}
    for number in range(warm_up + rounds):
        for name in random.sample(list(commands), len(commands)):
            make, cwd = commands[name]
            took = milliseconds(make(number), cwd)
            if number >= warm_up:
                samples[name].append(took)
    return samples


def add_namespaces(config):
    config["linux"]["namespaces"] = [{"type": kind} for kind in ("pid", "mount", "uts", "ipc", "network", "cgroup")]
    path = os.path.join(BIN, "seccomp.json")
    if not os.path.exists(path):
        path = os.path.join(os.path.dirname(BIN), "..", "guest", "runtime", "seccomp.json")
    with open(path, encoding="utf-8") as file:
        config["linux"]["seccomp"] = json.load(file)
    config["linux"]["maskedPaths"] = ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"]
    config["linux"]["readonlyPaths"] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]


def peak_kib(command, cwd):
    """The largest resident set of the command's processes, as peak.c sees it"""
    done = subprocess.run([os.path.join(BUILD, "bench", "peak"), *command], cwd=cwd, env=ENVIRONMENT, stderr=subprocess.PIPE, check=True)
    return int(done.stderr.decode().rpartition("peak ")[2].split()[0])


def runtime_part(result):
    bundle = images.make_bundle(folder("bundle"), ["/bin/true"], add_namespaces)

    def by(name, place=list, *words):
        root = folder(f"state-{name}")
        program = os.path.join(BIN, name) if name.startswith("bh-") else peer(name)
        return lambda number: place([program, *words, "--root", root, "run", f"{name}-{number}"]), bundle
    commands = {"ours": by("bh-runtime"), "process": by("bh-process"),
                "unshare": (lambda number: [*UNSHARE, os.path.join(bundle, "rootfs/bin/busybox"), "true"], bundle)}
    for name, place in (("runc", list), ("crun", on_cgroup2)):
        try:
            make, cwd = by(name, place)
            milliseconds(make("probe"), cwd)
            commands[name] = (make, cwd)
        except (Skip, RuntimeError) as error:
            result["left_out"][name] = str(error)[-300:]
    result["runtime_ms"] = interleaved(commands, ROUNDS, WARM_UP)
    make, cwd = commands["ours"]
    result["runtime_peak_kib"] = peak_kib(make("peak"), cwd)
    if "runc" in commands:
        result["runc_peak_kib"] = peak_kib(commands["runc"][0]("peak"), cwd)


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return int(next(line for line in file if line.startswith("VmRSS:")).split()[1])


def engine_part(result):
    layer = images.tar_of(images.make_rootfs(folder("image"), ["sh", "echo", "true"]))
    archive = images.docker_archive("bench:1", [layer], ["true"])
    client = peer("docker")
    ours = services.Engine()
    daemons = {"ours": ours}
    try:
        daemons["dockerd"] = services.Dockerd()
    except (Skip, AssertionError) as error:
        result["left_out"]["dockerd"] = str(error)[-300:]

    def by(daemon):
        return lambda _: [client, "-H", daemon.host, "run", "--rm", "--network", "none", "bench:1", "true"]
    for daemon in daemons.values():
        daemon.docker("load", stdin=archive)
    result["docker_run_ms"] = interleaved({name: (by(daemon), "/") for name, daemon in daemons.items()},
                                          DOCKER_ROUNDS, DOCKER_WARM_UP)
    result["docker_client_ms"] = interleaved({"client": (lambda _: [client, "-H", ours.host, "version"], "/")}, 5, 1)
    for number in range(STOPPED):
        ours.docker("run", "--network", "none", "--name", f"stopped-{number}", "bench:1", "true")
    time.sleep(1)
    result["engine_idle_kib"] = resident_kib(ours.process.pid)


def main():
    empty_folder()
    result = {"left_out": {}}
    try:
        runtime_part(result)
        engine_part(result)
    finally:
        stop_all()
    result["median_ms"] = {part: {name: round(statistics.median(samples), 2) for name, samples in result[part].items()}
                           for part in ("runtime_ms", "docker_run_ms", "docker_client_ms")}
    print(json.dumps(result))


ENVIRONMENT = environment()
if __name__ == "__main__":
    main()
