# SPDX-License-Identifier: Apache-2.0
# The group `containers`: no emulator; containers.py runs on this machine, and its samples become figures.
import json
import os
import subprocess
import sys

from .figure import Figure
from .machines import TOOLS

TIMEOUT = 600
MISSING = {"left_out": {}, "median_ms": {"runtime_ms": {}, "docker_run_ms": {}, "docker_client_ms": {}}}
START = "Start of `true` in a fresh container, all namespaces and the default seccomp profile"
ENGINE = "The engine, by Debian's docker client"


def measure(build):
    """-> (what containers.py printed, or the same with nothing in it; why it failed, or None)"""
    isolate = os.path.join(os.path.dirname(TOOLS), "tests", "native", "isolate.py")
    command = [sys.executable, isolate, "--timeout", str(TIMEOUT), sys.executable, os.path.join(TOOLS, "bench", "containers.py")]
    done = subprocess.run(command, env={**os.environ, "BUILD": build, "BULKHEAD_ISOLATED": "1"}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        return MISSING, done.stderr.decode(errors="replace")[-1000:] or f"status {done.returncode}"
    return json.loads(done.stdout.splitlines()[-1]), None


def against(group, name, medians, peer, part, detail):
    """Ours beside a peer, of which it may take a part. Without the peer there is nothing to hold it to."""
    ours, theirs = medians.get("ours"), medians.get(peer)
    return Figure(group, name, ours, "ms", round(part * theirs, 2) if theirs else None, theirs,
                  note="" if theirs else f"no {peer} here", detail=detail)


def figures(result):
    runtime, docker = result["median_ms"]["runtime_ms"], result["median_ms"]["docker_run_ms"]
    detail = {"samples": result.get("runtime_ms"), "left_out": result["left_out"]}
    return [
        against(START, "bh-runtime beside runc: a quarter", runtime, "runc", 0.25, detail),
        against(START, "bh-runtime beside unshare with five namespaces: 1.5 times", runtime, "unshare", 1.5, {}),
        against(START, "bh-runtime beside crun: 0.8 times", runtime, "crun", 0.8, {}),
        Figure(START, "bh-process: the same in a chroot alone", runtime.get("process"), "ms"),
        Figure(START, "bh-runtime, largest resident set (peer: runc)", result.get("runtime_peak_kib"), "KiB", 2048,
               result.get("runc_peak_kib")),
        against(ENGINE, "docker run --rm --network none true, beside dockerd: a quarter", docker, "dockerd", 0.25,
                {"samples": result.get("docker_run_ms"), "left_out": result["left_out"]}),
        Figure(ENGINE, "of which the client alone (docker version)", result["median_ms"]["docker_client_ms"].get("client"), "ms"),
        Figure(ENGINE, "idle with 50 stopped containers", result.get("engine_idle_kib"), "KiB", 12288)]
