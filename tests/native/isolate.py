#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Runs a command where it can leave nothing behind: `isolate.py [--timeout SECONDS] COMMAND...`, as root. It has
# namespaces of its own for processes (all of them end with it), mounts, network (loopback alone, so that ports,
# bridges and rules of two tests never meet), names and IPC; /run, /var/lib, /var/log and /etc are overlays whose
# changes vanish. Control groups are the machine's. Status: the command's, 124 after the time-out, 125 when it
# cannot be had.
import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
import tempfile

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x4000000, 0x8000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG = 1
TIMED_OUT, CANNOT = 124, 125
OVERLAYS = ("/run", "/var/lib", "/var/log", "/etc")
libc = ctypes.CDLL(None, use_errno=True)


def call(what, result):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source, target, kind=None, flags=0, data=None):
    encode = [None if text is None else text.encode() for text in (source, target, kind, data)]
    call(f"mount {target}", libc.mount(encode[0], encode[1], encode[2], ctypes.c_ulong(flags), encode[3]))


def overlay(folder, scratch):
    """Changes to FOLDER go to SCRATCH, a tmpfs."""
    layer = os.path.join(scratch, folder.strip("/").replace("/", "-"))
    for part in ("upper", "work"):
        os.makedirs(os.path.join(layer, part))
    os.chmod(os.path.join(layer, "upper"), os.stat(folder).st_mode & 0o7777)
    mount("overlay", folder, "overlay", 0,
          f"lowerdir={folder},upperdir={layer}/upper,workdir={layer}/work")


def mount_sys(scratch):
    """A /sys that shows the new network, with the machine's control groups."""
    kept = os.path.join(scratch, "cgroup")
    os.mkdir(kept)
    mount("/sys/fs/cgroup", kept, None, MS_BIND | MS_REC)
    mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount(kept, "/sys/fs/cgroup", None, MS_BIND | MS_REC)


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = bytearray(struct.pack("16sh22x", b"lo", 0))
        fcntl.ioctl(probe, 0x8913, request)  # SIOCGIFFLAGS
        flags = struct.unpack_from("h", request, 16)[0]
        fcntl.ioctl(probe, 0x8914, struct.pack("16sh22x", b"lo", flags | 1))  # SIOCSIFFLAGS, IFF_UP


def prepare():
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    with tempfile.TemporaryDirectory() as scratch:
        mount("tmpfs", scratch, "tmpfs", MS_NOSUID | MS_NODEV)
        mount_sys(scratch)
        for folder in OVERLAYS:
            if os.path.isdir(folder):
                overlay(folder, scratch)
        call("umount", libc.umount2(scratch.encode(), 2))  # MNT_DETACH: the overlays keep it
    raise_loopback()


def be_init(command):
    """Process 1 of the new namespace: runs COMMAND, reaps all, ends with it."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    try:
        prepare()
        child = os.fork()
        if child == 0:
            os.setsid()
            os.execvp(command[0], command)
    except OSError as error:
        print(f"isolate.py: {error}", file=sys.stderr, flush=True)
        os._exit(CANNOT)
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def run(command, timeout):
    names = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET
    try:
        call("unshare (root is needed)", libc.unshare(names))
    except OSError as error:
        print(f"isolate.py: {error}", file=sys.stderr, flush=True)
        return CANNOT
    child = os.fork()
    if child == 0:
        be_init(command)
    timed_out = []

    def stop(number, _):
        timed_out.append(number)
        os.kill(child, signal.SIGKILL)

    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if signal.SIGALRM in timed_out:
        print(f"isolate.py: stopped after {timeout:g} s: {' '.join(command)}", file=sys.stderr, flush=True)
        return TIMED_OUT
    return code if code >= 0 else 128 - code


def main(arguments):
    timeout = 0.0
    if arguments[:1] == ["--timeout"]:
        timeout = float(arguments[1])
        arguments = arguments[2:]
    if not arguments:
        print("usage: isolate.py [--timeout SECONDS] COMMAND...", file=sys.stderr)
        return 2
    return run(arguments, timeout)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
