#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 35
# A container that wants out, by what images and processes have a say in: programs, folders, users, mounts, links.
import os
import shutil
import stat
import subprocess
import tarfile

import images
import services
from runtime_bundle import Bundle, Runtime, run, shell
from support import Skip, check, contains, equal, folder, main, ours, run as host, test, wait_for

NONE = ["--network", "none"]
TOOLS = ["sh", "sleep", "true", "cat", "id", "ls", "ln", "mv", "cp", "chmod", "echo", "wc", "mknod", "mount", "unshare", "head", "dd",
         "grep", "mkdir", "umount", "chroot", "hostname", "dmesg", "swapon", "nice", "rm", "pwd"]
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


@test("a process that comes in by exec cannot be looked into")
def traced():
    b = shell("while :; do cat /proc/[0-9]*/environ 2>/dev/null | grep -q HOST_MARK && touch /seen; done")
    runtime.call("run", "--detach", "--bundle", b.path, b.id)
    for _ in range(20):
        runtime.call("exec", b.id, "true", env={"HOST_MARK": "1"})
    check(not os.path.exists(b.rootfs("seen")), "the runtime's own environment was read")
    runtime.delete(b.id)
    b.remove()


@test("a container without /dev/null does not get the host's by an exec that has it as standard input")
def null():
    node = os.path.join(folder("nodes"), "null")
    os.mknod(node, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    b = shell("rm /dev/null; sleep 1000")
    runtime.call("run", "--detach", "--bundle", b.path, b.id)
    wait_for(lambda: runtime.call("exec", b.id, "test", "-e", "/dev/null", ok=False).status, "/dev/null is gone")
    with open(node, "rb") as file:
        subprocess.run(runtime.command("exec", "--user", "1000", b.id, "chmod", "0", "/proc/self/fd/0"), stdin=file, stderr=subprocess.DEVNULL, check=False)
    status = os.stat(node)
    equal(status.st_uid, 0, "the node's owner")
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
    load("filled:1", [(f"data/d/f{n}", b"x") for n in range(800)])
    docker("run", "-d", "--name", "swaps", *NONE, "-v", "raced:/v", "busybox:1", "sh", "-c",
           f"until mv /v/d /v/e 2>/dev/null; do :; done; ln -s {outside} /v/d; sleep 1000")
    docker("run", "--rm", *NONE, "-v", "raced:/data", "filled:1", "true", ok=False)
    equal(len(os.listdir(outside)), 0, "files written outside")
    docker("rm", "-f", "swaps")
    docker("run", "--rm", *NONE, "-v", "calm:/data", "filled:1", "sh", "-c", "ls /data/d | wc -l")
    equal(len(os.listdir(f"{shared['engine'].root}/volumes/calm/_data/d")), 800, "files of the image")


def inside(line, *options, image="busybox:1"):
    """Standard output of a shell line in a container of the engine's defaults"""
    return docker("run", "--rm", *NONE, *options, image, "sh", "-c", line, ok=False, timeout=30)


@test("what the default limits refuse: devices, mounts, namespaces, parameters, masked files, the host's processes")
def defaults():
    engine()
    refused = ["mknod /x b 7 0 && head -c 1 /x", "mknod /x c 1 1 && head -c 1 /x", "mknod /x c 10 200 && head -c 1 /x", "mount -t tmpfs x /tmp",
               "mount -o remount,rw /proc/sys", "mount -o remount,rw /sys", "mount -t proc proc /tmp", "mount --bind / /tmp", "unshare -m true", "unshare -U true",
               "unshare -n true", "unshare -C true", "echo x > /proc/sys/kernel/core_pattern", "echo x > /proc/sysrq-trigger", "echo 1 > /proc/sys/vm/drop_caches",
               "echo x > /sys/kernel/uevent_helper", "mkdir /sys/fs/cgroup/x", "for d in /sys/fs/cgroup/*/; do mkdir $d/x && exit 0; done; exit 1", "echo 0 > /sys/fs/cgroup/cgroup.procs", "head -c 1 /proc/kcore | grep -q .",
               "head -c 1 /proc/keys | grep -q .", "head -c 1 /proc/timer_list | grep -q .", "ls /sys/firmware | grep -q .", "umount /proc/kcore", "umount /etc/hosts",
               "chroot /proc/1/root ls /work", "cat /proc/1/environ | grep -q BUILD", "hostname x", "dmesg", "echo -1000 > /proc/self/oom_score_adj",
               "swapon /bin/busybox", "ls -d /proc/self/root/work", "nice -n -5 true"]
    for options in ((), ("-u", "1000"), ("--cap-drop", "ALL")):
        lines = "".join(f"( {line} ) >/dev/null 2>&1 && echo 'allowed: {line}'; rm -f /x\n" for line in refused)
        equal(inside(lines, *options).out, "", f"with {options}")
    contains(inside("chmod 777 /sbin/docker-init", "--init").err, "Read-only file system", "the host's program")
    status = inside("cat /proc/self/status").out
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    equal((fields["CapAmb"], fields["CapInh"], fields["Seccomp"], fields["CapBnd"]), ("0" * 16, "0" * 16, "2", "00000000a80425fb"), "the process")
    user = dict(line.split(":\t", 1) for line in inside("cat /proc/self/status", "-u", "1000:1000").out.splitlines() if ":\t" in line)
    equal((user["CapEff"], user["CapPrm"], user["CapAmb"], user["Groups"].strip()), ("0" * 16, "0" * 16, "0" * 16, "1000"), "a user's process")


@test("images whose volumes and working directories lie over what the runtime makes, or in descriptors")
def image_places():
    engine()
    kinds = {"proc": "/proc", "procsys": "/proc/sys", "self": "/proc/self/fd", "dev": "/dev", "pts": "/dev/pts", "sys": "/sys", "cgroup": "/sys/fs/cgroup", "etc": "/etc",
             "link": "/way/x", "up": "/a/../../../../b", "root": "/", "init": "/sbin/docker-init"}
    outside = folder("placed")
    for name, place in kinds.items():
        way = tarfile.TarInfo("way")
        way.type, way.linkname = tarfile.SYMTYPE, UP + outside.lstrip("/")
        load(f"place-{name}:1", [(way, b"")], {"Volumes": {place: {}}})
        for options in ((), ("-t",), ("--init",)):
            said = inside("echo x > /proc/sys/kernel/core_pattern; mount -t tmpfs x /tmp; true", *options, image=f"place-{name}:1")
            check(said.status < 128, f"{name}: {said!r}")
    for n in range(3, 14):
        load("cwd:1", [], {"WorkingDir": f"/proc/self/fd/{n}"})
        check("SECRET" not in inside("cat ../../../../../../../../../../../../../../../.." + folder("secret") + "/s 2>/dev/null; pwd -P", image="cwd:1").out, f"descriptor {n}")
    equal(os.listdir(outside), [], "made outside")
    with open("/proc/sys/kernel/core_pattern", encoding="ascii") as file:
        check(file.read() != "x\n", "the host's core_pattern")


@test("docker cp in and out while the container swaps folders, links and files")
def copies():
    outside, secret = folder("copied"), os.path.join(folder("secret"), "s")
    with open(secret, "w", encoding="utf-8") as file:
        file.write("SECRET")
    docker("run", "-d", "--name", "racer", *NONE, "-v", "cpv:/v", "busybox:1", "sh", "-c",
           f"mkdir -p /v/a/s /v/r; ln -s {os.path.dirname(secret)} /v/l; ln -s {outside} /v/o; ln -s {secret} /v/f; cd /v; while :; do mv a r/x; mv l a; mv a l; mv o a; mv a o; mv r/x a; done")
    put = images.tar_with([("s/deep/file", b"x"), ("b", b"y")])
    for _ in range(25):
        check("SECRET" not in docker("cp", "racer:/v/a/s", "-", ok=False).out, "read outside")
        docker("cp", "-", "racer:/v/a", stdin=put, ok=False)
    for path in ("/v/f", "/v/l", "/v/a/../l/s", "/proc/self/root" + secret, "/proc/1/cwd" + secret):
        for follow in ((), ("-L",)):
            check("SECRET" not in docker("cp", *follow, f"racer:{path}", "-", ok=False).out, path)
        docker("cp", "-", f"racer:{path}", stdin=put, ok=False)
    equal(os.listdir(outside), [], "written outside")
    docker("rm", "-f", "racer")


@test("folders of a container and a volume that are too deep for a path do not stop their removal or the engine")
def deep():
    part = "d/" * 900
    chain = f"mkdir -p {part} && cd {part} && mkdir -p {part}"
    docker("run", "--name", "deep", *NONE, "-v", "deep:/v", "busybox:1", "sh", "-c", f"(cd /v; {chain}); cd /root; {chain}")
    docker("cp", "deep:/root", "-", ok=False)
    docker("commit", "deep", "deep:1", ok=False)
    docker("diff", "deep", ok=False)
    docker("rm", "-v", "deep")
    docker("volume", "rm", "deep")
    check(not os.path.exists(f"{shared['engine'].root}/volumes/deep"), "the volume's folder stays")
    wait_for(lambda: not os.listdir(f"{shared['engine'].root}/tmp"), "the container's folder is gone", timeout=30)


main(__name__)
