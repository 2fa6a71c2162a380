# SPDX-License-Identifier: Apache-2.0
# `make check` runs two things at a time, over all groups: what takes a CPU holds a slot meanwhile. A slot is a lock on a
# file in the folder that BULKHEAD_SLOTS names, so it is free again whatever becomes of its holder. Without the variable
# nobody waits.
import contextlib
import fcntl
import os
import time

COUNT = 2
VARIABLE = "BULKHEAD_SLOTS"


def try_all(folder):
    for number in range(COUNT):
        file = os.open(os.path.join(folder, f"slot-{number}"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            os.close(file)
    return None


@contextlib.contextmanager
def slot(pause=0.2, folder=None):
    """Who looks more often, by a smaller PAUSE, goes first."""
    folder = folder or os.environ.get(VARIABLE)
    file = None
    while folder and file is None:
        file = try_all(folder)
        if file is None:
            time.sleep(pause)
    try:
        yield
    finally:
        if file is not None:
            os.close(file)
