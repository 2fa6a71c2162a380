#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 20
# A container that wants out, by what images and processes have a say in: programs, folders, users, mounts, links.
import os
import shutil

import images
import services
from runtime_bundle import Bundle, Runtime, run
from support import Skip, check, equal, folder, main, ours, run as host, test, wait_for

NONE = ["--network", "none"]
TOOLS = ["sh", "sleep", "true", "cat", "id", "ls", "ln", "mv", "cp", "chmod", "echo", "wc", "mknod", "mount", "unshare", "head", "dd"]
MARK = "ran a program of the host"
UP = "../" * 12
runtime = Runtime(ours("bh-runtime"), "runtime") if __name__ == "__main__" else None


def ways_out():
    """Paths to a program of the host, by each descriptor that the runtime may have open: of a folder, or of the host's /proc"""
    path = os.path.join(folder("host"), "echo")
    if not os.path.exists(path):
        shutil.copy(images.busybox(), path)
    return [f"/proc/self/fd/{n}/{UP}{path.lstrip('/')}" for n in range(3, 20)]


@test("no path through a descriptor of the runtime leads to a program of the host: args, links in PATH, exec")
def descriptors():
    for way in ways_out():
        b = Bundle([way, MARK])
        check(MARK not in run(runtime, b, ok=False).out, f"run as {way}")
        b.remove()
    for way in ways_out()[:6]:
        b = Bundle(["echo", MARK])
        os.unlink(b.rootfs("bin", "echo"))
        os.symlink(way, b.rootfs("bin", "echo"))
        check(MARK not in run(runtime, b, ok=False).out, f"a link of the image to {way}")
        b.remove()
    b = Bundle(["sleep", "1000"])
    runtime.call("run", "--detach", "--bundle", b.path, b.id)
    for way in ways_out()[:8]:
        check(MARK not in runtime.call("exec", b.id, way, MARK, ok=False).out, f"exec of {way}")
        check(MARK not in runtime.call("exec", "--cwd", os.path.dirname(way), b.id, "./echo", MARK, ok=False).out, f"exec in {way}")
    runtime.delete(b.id)
    b.remove()


shared = {}


def engine():
    if "engine" not in shared:
        shared["engine"] = services.Engine()
        shared["layer"] = images.tar_of(images.make_rootfs(folder("image"), TOOLS))
        load("busybox:1", [])
    return shared["engine"]


def load(tag, rows, config=None):
    """An image of busybox and a layer of ROWS over it"""
    shared["engine"].docker("load", stdin=images.docker_archive(tag, [shared["layer"], images.tar_with(rows)], ("sh",), config))


def docker(*words, **options):
    return engine().docker(*words, **options)


@test("a user of the host cannot reach what a container has made set-user-ID")
def setuid():
    name = docker("run", "-d", *NONE, "-v", "kept:/v", "busybox:1", "sh", "-c",
                  "cp /bin/busybox /tmp/id; chmod 4755 /tmp/id; cp -p /tmp/id /v; sleep 1000").out.strip()
    root = shared["engine"].root
    reaches = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", "test", "-e"]
    if host(reaches + [folder()], ok=False).status != 0:
        raise Skip(f"no other user reaches {folder()} at all")
    for path in (f"{root}/containers/{name}/rootfs/tmp/id", f"{root}/containers/{name}/upper/tmp/id", f"{root}/volumes/kept/_data/id"):
        wait_for(lambda p=path: os.path.exists(p), path)
        check(host(reaches + [path], ok=False).status != 0, f"{path} can be reached")
    docker("rm", "-f", name)


@test("a container that swaps a folder of a volume for a link while the image's content is copied into it")
def volume_race():
    outside = folder("outside")
    engine()
    load("filled:1", [(f"data/d/f{n}", b"x") for n in range(2000)])
    docker("run", "-d", "--name", "swaps", *NONE, "-v", "raced:/v", "busybox:1", "sh", "-c",
           f"until mv /v/d /v/e 2>/dev/null; do :; done; ln -s {outside} /v/d; sleep 1000")
    docker("run", "--rm", *NONE, "-v", "raced:/data", "filled:1", "true", ok=False)
    equal(len(os.listdir(outside)), 0, "files written outside")
    docker("rm", "-f", "swaps")
    docker("run", "--rm", *NONE, "-v", "calm:/data", "filled:1", "sh", "-c", "ls /data/d | wc -l")
    equal(len(os.listdir(f"{shared['engine'].root}/volumes/calm/_data/d")), 2000, "files of the image")


main(__name__)
