#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 25
# The README's section "Containers": its commands, run as they stand, in one session on a terminal, from the tree's
# folder. PATH has the programs of build/bin and Debian's client; the registry at 127.0.0.1:5000 knows hello-world and
# busybox, and the login user / secret.
import atexit
import os
import pty
import select
import shutil
import signal
import subprocess
import time

import images
import readme
import services
from support import SCALE, TREE, Skip, check, environment, folder, main, test, unmount_below

TITLE = "Containers"
README = os.environ.get("BULKHEAD_README", os.path.join(TREE, "README.md"))
PORT, USER, PASSWORD = 5000, "user", "secret"
TIMEOUT = 120
LEFT = ("/tmp/bulkhead", "/tmp/bulkhead.log", "/tmp/greet")
HELLO = "#!/bin/sh\necho 'Hello from Bulkhead!'\n"


def forget():
    """What an earlier session left where the README's has its files: it begins with nothing"""
    for path in LEFT:
        unmount_below(path)
        if os.path.isdir(path):
            shutil.rmtree(path, ignore_errors=True)
        elif os.path.exists(path):
            os.remove(path)


def read_blocks():
    with open(README, encoding="utf-8") as file:
        return readme.blocks(readme.section(file.read(), TITLE))


def fill_registry():
    forget()
    registry = services.Registry(user=USER, password=PASSWORD, port=PORT)
    root = images.make_rootfs(folder("busybox"))
    registry.put_image("busybox", "latest", *images.oci_blobs([images.tar_of(root)]))
    with open(os.path.join(root, "hello"), "w", encoding="utf-8") as file:
        file.write(HELLO)
    os.chmod(os.path.join(root, "hello"), 0o755)
    registry.put_image("hello-world", "latest", *images.oci_blobs([images.tar_of(root)], words=["/hello"]))
    return registry


def on_terminal(text):
    """Runs the script TEXT on a terminal of its own, 120 columns wide; -> what it printed"""
    path = os.path.join(folder(), "session.sh")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    ours, theirs = pty.openpty()
    subprocess.run(["stty", "cols", "120", "rows", "40", "-echo"], stdin=theirs, check=False)
    process = subprocess.Popen(["setsid", "--ctty", "sh", path], stdin=theirs, stdout=theirs, stderr=theirs, cwd=TREE,
                               env=environment({"TERM": "dumb"}))
    os.close(theirs)
    output, end = b"", time.monotonic() + TIMEOUT * SCALE
    # Background processes keep the terminal open: the shell's end counts, not the terminal's.
    while time.monotonic() < end:
        is_ended = process.poll() is not None
        if select.select([ours], [], [], 0 if is_ended else 0.1)[0]:
            try:
                output += os.read(ours, 65536)
            except OSError:
                break
        elif is_ended:
            break
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    os.close(ours)
    return output.decode("utf-8", "replace")


def judge(step, found):
    line, command, expected = step
    status, lines = found if found else (None, None)
    check(lines is not None, f"line {line}: it was not reached: {command}")
    shown = "\n".join(lines)
    if expected is None:
        check(status == 0, f"line {line}: status {status}:\n{command}\n{shown}")
        return
    check(status is not None, f"line {line}: it did not end: {command}\n{shown}")
    check(readme.fits(expected, lines), f"line {line}: {command}\nREADME has:\n" + "\n".join(expected) + f"\nthere came:\n{shown}")


def add_tests():
    every = read_blocks()
    session = {}

    def result(number):
        if not session:
            fill_registry()
            steps = [step for block in every if block.is_run() for step in block.steps()]
            session.update(readme.split(on_terminal(readme.script(steps))))
            session["ran"] = True
        return session.get(number)

    count = 0
    for block in every:
        if block.reason is not None:
            add_skip(block)
        for step in block.steps() if block.is_run() else []:
            add_step(step, count, result)
            count += 1
    if count == 0:
        @test(f"the section {TITLE} has commands")
        def _():
            raise Skip(f"{README} has no section {TITLE} with commands")


def add_skip(block):
    @test(f"line {block.line}: {block.lines[0] if block.lines else ''}")
    def _():
        raise Skip(block.reason)


def add_step(step, number, result):
    first = step[1].strip().split("\n")[0]

    @test(f"line {step[0]}: {first}")
    def _():
        judge(step, result(number))


add_tests()
atexit.register(forget)
main(__name__)
