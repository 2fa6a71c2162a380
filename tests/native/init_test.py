#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 1
# bh-init, process 1 of `docker run --init`: statuses, signals, orphans. It runs as process 1 by unshare.
import os
import signal
import time

from support import check, contains, equal, folder, main, ours, run, start, stop, test, wait_for

UNSHARE = ["unshare", "--pid", "--fork", "--mount-proc"]


def as_first(*words, **options):
    return run([*UNSHARE, ours("bh-init"), *words], **options)


@test("the program's status is its own")
def status():
    equal(as_first("--", "sh", "-c", "exit 7", ok=False).status, 7)
    equal(as_first("sh", "-c", "kill -9 $$", ok=False).status, 137)
    missing = as_first("no-such-program", ok=False)
    equal(missing.status, 127)
    contains(missing.err, "no-such-program")
    equal(run([ours("bh-init")], ok=False).status, 2)


@test("signals reach the program, and no others of its session")
def signals():
    mark = folder() + "/ready"
    process = start([ours("bh-init"), "sh", "-c", f"trap 'exit 42' TERM; : > {mark}; while :; do sleep 0.05; done"])
    wait_for(lambda: os.path.exists(mark), "the program", process=process)
    equal(stop(process, number=signal.SIGTERM), 42)


@test("orphans are reaped while the program runs")
def orphans():
    out = as_first("sh", "-c", "for i in 1 2 3 4; do (sleep 0.05 &); done; sleep 0.5; ps -e -o stat=,comm=").out
    check(not [line for line in out.splitlines() if line.startswith("Z")], f"a zombie: {out}")


@test("it ends with the program, not with the last orphan")
def end():
    begin = time.monotonic()
    as_first("sh", "-c", "(sleep 5 &) ; exit 0")
    check(time.monotonic() - begin < 3, "it waited for an orphan")


main(__name__)
