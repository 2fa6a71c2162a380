#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 20
# A container that wants out, by what images and processes have a say in: programs, folders, users, mounts, links.
import os
import shutil

import images
from runtime_bundle import Bundle, Runtime, run
from support import check, folder, main, ours, test

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


main(__name__)
