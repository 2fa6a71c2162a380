#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 20
# Our OCI runtime under engines of others: containerd by its runc shim, as a Kubernetes node has it, and podman.
import os

import images
import services
from support import check, contains, equal, folder, main, ours, peer, run, test, wait_for

shared = {}


def layer():
    if "layer" not in shared:
        shared["layer"] = images.tar_of(images.make_rootfs(folder("image"), ["sh", "echo", "cat", "sleep", "hostname", "id"]))
    return shared["layer"]


def containerd():
    if "containerd" not in shared:
        daemon = shared["containerd"] = services.Containerd()
        path = os.path.join(folder("containerd"), "image.tar")
        with open(path, "wb") as file:
            file.write(images.oci_archive("localhost/busybox:1", [layer()]))
        daemon.ctr("images", "import", path)
    return shared["containerd"]


def podman():
    if "podman" not in shared:
        shared["podman"] = services.podman(runtime=ours("bh-runtime"))
        # The runtimes that podman believes to do without control groups.
        with open("/etc/containers/containers.conf", "w", encoding="utf-8") as file:
            file.write('[engine]\nruntime_supports_nocgroup = ["bh-runtime"]\n')
        run(shared["podman"] + ["load"], stdin=images.docker_archive("localhost/busybox:1", [layer()]))
    return shared["podman"]


def ctr(*words, **options):
    return containerd().ctr(*words, **options)


@test("containerd runs a container by our runtime, and has its output and status")
def containerd_run():
    words = ["run", "--rm", "--runc-binary", ours("bh-runtime"), "localhost/busybox:1"]
    equal(ctr(*words, "one", "/bin/echo", "hello").out, "hello\n")
    equal(ctr(*words, "two", "/bin/sh", "-c", "exit 7", ok=False).status, 7)


@test("containerd starts, execs into, pauses and kills a container of ours")
def containerd_life():
    ctr("run", "-d", "--runc-binary", ours("bh-runtime"), "localhost/busybox:1", "long", "/bin/sleep", "1000")
    # ctr stops reading when it hears of the end, and so can lose what came last, with runc too.
    equal(ctr("tasks", "exec", "--exec-id", "e1", "long", "/bin/sh", "-c", "echo inside; sleep 0.5").out, "inside\n")
    contains(ctr("tasks", "ls").out, "RUNNING")
    ctr("tasks", "pause", "long")
    contains(ctr("tasks", "ls").out, "PAUSED")
    ctr("tasks", "resume", "long")
    pids = ctr("tasks", "ps", "long").out
    check(len(pids.splitlines()) == 2, f"one process is listed: {pids}")
    ctr("tasks", "kill", "-s", "SIGKILL", "long")
    # Its end reaches containerd a moment later.
    wait_for(lambda: ctr("tasks", "rm", "long", ok=False).status in (0, 137), "the killed task's end")
    ctr("containers", "rm", "long")


@test("podman runs, execs and stops containers of ours")
def podman_life():
    words = podman()
    plain = ["--network", "none", "--cgroups", "disabled"]
    equal(run(words + ["run", "--rm", *plain, "localhost/busybox:1", "echo", "hello"]).out, "hello\n")
    equal(run(words + ["run", "--rm", *plain, "localhost/busybox:1", "sh", "-c", "exit 3"], ok=False).status, 3)
    run(words + ["run", "-d", "--name", "long", *plain, "localhost/busybox:1", "sleep", "1000"])
    equal(run(words + ["exec", "long", "echo", "inside"]).out, "inside\n")
    contains(run(words + ["ps"]).out, "long")
    run(words + ["rm", "-f", "-t", "0", "long"])


@test("a container of podman has its user, limits and read-only root")
def podman_options():
    out = run(podman() + ["run", "--rm", "--network", "none", "--cgroups", "disabled", "--user", "1000:1000", "--read-only",
                          "--ulimit", "nofile=64:64", "--ulimit", "nproc=1024:1024", "--cap-drop", "all", "--hostname", "podman-box", "localhost/busybox:1",
                          "sh", "-c", "id -u; hostname; ulimit -n; echo x 2>/dev/null >/file || echo read-only"]).out
    equal(out.split(), ["1000", "podman-box", "64", "read-only"])


@test("the peers are there")
def peers():
    for name in ("containerd", "ctr", "podman"):
        peer(name)


main(__name__)
