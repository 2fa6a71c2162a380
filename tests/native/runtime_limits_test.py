#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 8
# bh-runtime: spec, features, ps, pause, update; control groups as far as this machine has them; the default seccomp profile.
import json
import os
import re
import stat
import time

from images import default_seccomp, make_bundle, write_json
from runtime_bundle import Runtime
from support import Skip, check, contains, equal, folder, main, ours, test, wait_for

runtime = Runtime(ours("bh-runtime"), "state")
CGROUPS = next((path for path in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
                if os.path.exists(os.path.join(path, "cgroup.controllers"))), None)
call = runtime.call


def bundle(name, text, change=None, words=None):
    return make_bundle(folder(name), words or ["/bin/sh", "-c", text], change)


def name_of(title):
    return f"{title}-{os.getpid()}"


def running(title, text="sleep 100 & sleep 100 & wait", change=None):
    """A container that runs; -> its id"""
    name = name_of(title)
    path = bundle(title, text, change)
    call("create", "--bundle", path, name)
    call("start", name)
    return name


def outcome(title, text, change=None, ok=True):
    return call("run", "--bundle", bundle(title, text, change), name_of(title), ok=ok)


def resources(**parts):
    return lambda config: config["linux"].update(resources=parts)


def cgroup_of(name, path=None):
    if not CGROUPS:
        raise Skip("no control groups version 2 here")
    return os.path.join(CGROUPS, path or os.path.join("bulkhead", name))


def controllers():
    with open(os.path.join(CGROUPS or "/", "cgroup.controllers"), encoding="utf-8") as file:
        return file.read().split()


@test("spec writes a configuration once, and it runs")
def spec():
    path = folder("spec")
    call("spec", "--bundle", path)
    with open(os.path.join(path, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    equal(config["process"]["args"], ["sh"])
    check("seccomp" not in config["linux"], "a filter that nobody asked for")
    contains(call("spec", "--bundle", path, ok=False).err, "there already")
    config["process"].update(terminal=False, args=["/bin/echo", "ran"])
    make_bundle(path, [])
    write_json(os.path.join(path, "config.json"), config)
    equal(call("run", "--bundle", path, name_of("spec")).out, "ran\n")


@test("spec --rootless maps the caller's own user")
def spec_rootless():
    path = folder("rootless")
    call("spec", "--rootless", "-b", path)
    with open(os.path.join(path, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    equal(config["linux"]["uidMappings"], [{"containerID": 0, "hostID": os.geteuid(), "size": 1}])
    kinds = [row["type"] for row in config["linux"]["namespaces"]]
    check("user" in kinds and "network" not in kinds, f"namespaces {kinds}")
    config["process"].update(terminal=False, args=["/bin/echo", "ran"])
    make_bundle(path, [])
    write_json(os.path.join(path, "config.json"), config)
    equal(call("run", "--bundle", path, name_of("rootless")).out, "ran\n")


@test("features names what the specification asks for")
def features():
    told = json.loads(call("features").out)
    equal(told["ociVersionMin"], "1.0.0")
    check("createRuntime" in told["hooks"] and "ro" in told["mountOptions"], "hooks and mount options")
    part = told["linux"]
    check({"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"} == set(part["namespaces"]), "namespaces")
    check("CAP_CHECKPOINT_RESTORE" in part["capabilities"], "capabilities")
    equal((part["cgroup"]["v1"], part["cgroup"]["v2"], part["seccomp"]["enabled"]), (False, True, True))
    check("SCMP_ACT_NOTIFY" not in part["seccomp"]["actions"], "an action that is refused")


@test("ps: the container's processes, as numbers and as ps shows them")
def ps():
    name = running("ps")
    wait_for(lambda: len(json.loads(call("ps", "-f", "json", name).out)) == 3, "three processes")
    pids = json.loads(call("ps", "--format", "json", name).out)
    check(json.loads(call("state", name).out)["pid"] in pids, "without the first process")
    lines = call("ps", name).out.splitlines()
    equal((len(lines), "PID" in lines[0]), (4, True), "lines")
    lines = call("ps", name, "-eo", "pid,args").out.splitlines()
    equal(sorted(int(line.split()[0]) for line in lines[1:]), sorted(pids), "ps -o")
    contains(call("ps", name, "-eo", "args", ok=False).err, "no column PID")
    call("delete", "--force", name)
    contains(call("ps", name, ok=False).err, "does not exist")


@test("pause holds every process, resume lets them go on")
def pause():
    path = folder("pause")
    name = running("pause", "i=0; while :; do i=$((i+1)); echo $i >/count; sleep 0.02; done")

    def count():
        with open(os.path.join(path, "rootfs", "count"), encoding="utf-8") as file:
            return file.read()

    wait_for(lambda: os.path.exists(os.path.join(path, "rootfs", "count")) and count(), "counting")
    call("pause", name)
    equal(json.loads(call("state", name).out)["status"], "paused")
    before = count()
    time.sleep(0.2)
    equal(count(), before, "count of a frozen container")
    contains(call("pause", name, ok=False).err, "it is paused")
    call("resume", name)
    wait_for(lambda: count() not in ("", before), "counting again")
    contains(call("resume", name, ok=False).err, "it is running")
    call("pause", name)
    call("delete", "--force", name)
    check(not os.path.exists(cgroup_of(name)), "a cgroup is left")


@test("the cgroup goes where linux.cgroupsPath says, or into bulkhead")
def cgroup_path():
    name = running("path", change=lambda config: config["linux"].update(cgroupsPath=f"/test-{os.getpid()}/deep/c"))
    path = cgroup_of(name, f"test-{os.getpid()}/deep/c")
    try:
        with open(os.path.join(path, "cgroup.procs"), encoding="utf-8") as file:
            check(file.read().split(), "no process in it")
        again = call("run", "--bundle", os.path.dirname(os.path.join(folder("path"), "x")), name + "x", ok=False)
        contains(again.err, "has processes already")
    finally:
        call("delete", "--force", name)
        gone = not os.path.exists(path)
        for part in (path, os.path.dirname(path), os.path.dirname(os.path.dirname(path))):
            if os.path.exists(part):
                os.rmdir(part)
    check(gone, "it is left")
    for bad in ("/../x", "a/../../b", "/", "."):
        result = outcome("bad", "true", lambda config, bad=bad: config["linux"].update(cgroupsPath=bad), ok=False)
        contains(result.err, "linux.cgroupsPath")


@test("devices: what no rule allows is not opened, and an update counts at once")
def devices():
    node = "/dev/loop-control"
    if not os.path.exists(node):
        raise Skip(f"no {node} to deny")
    number = os.stat(node).st_rdev
    try_it = f"mknod /dev/l c {os.major(number)} {os.minor(number)} && (: </dev/l) 2>/dev/null && echo opened; : </dev/zero && echo zero"
    contains(cgroup_of(""), "/")
    equal(outcome("denied", try_it, resources(devices=[{"allow": False, "access": "rwm"}])).out, "zero\n")
    equal(outcome("unsaid", try_it).out, "zero\n")
    allow = {"allow": True, "type": "c", "major": os.major(number), "minor": os.minor(number), "access": "r"}
    equal(outcome("allowed", try_it, resources(devices=[{"allow": False}, allow])).out, "opened\nzero\n")
    name = running("devices", change=resources(devices=[{"allow": False}]))
    equal(call("exec", name, "/bin/sh", "-c", try_it).out, "zero\n")
    call("update", "-r", "-", name, stdin=json.dumps({"devices": [{"allow": False}, allow]}))
    equal(call("exec", name, "/bin/sh", "-c", ": </dev/l && echo opened").out, "opened\n")
    call("update", "-r", "-", name, stdin=json.dumps({"devices": [{"allow": False}]}))
    check(call("exec", name, "/bin/sh", "-c", ": </dev/l", ok=False).status != 0, "opened after the update")
    call("delete", "--force", name)


@test("a limit that has no controller is an error that says so, and leaves nothing")
def no_controller():
    cgroup_of("")
    asked = {"memory": {"limit": 64 << 20}, "pids": {"limit": 99}, "cpu": {"shares": 512}}
    missing = [name for name in asked if name not in controllers()]
    if not missing:
        raise Skip("this machine's cgroup v2 has them all; tests/emu/runtime-limits.case tries them")
    for name in missing:
        result = outcome("missing", "echo ran", resources(**{name: asked[name]}), ok=False)
        contains(result.err, f"controller '{name}'")
        check("ran" not in result.out, "it ran without the limit")
        check(not os.path.exists(cgroup_of(name_of("missing"))), "a cgroup is left")
    # What is no limit needs no controller.
    equal(outcome("unlimited", "echo ran", resources(memory={"limit": -1}, pids={"limit": 0}, cpu={"shares": 0})).out, "ran\n")
    for shares in (2, 1024):
        equal(outcome("unlimited", "echo ran", resources(cpu={"shares": shares})).out, "ran\n")


@test("update: options and files that are wrong")
def update_errors():
    name = running("update")
    for words, part in ((["--memory", "much"], "--memory"), (["--cpu-quota", "1k"], "--cpu-quota"), (["--nonesuch", "1"], "--nonesuch"),
                        (["--l3-cache-schema", "L3:0=f"], "without linux.intelRdt"), (["-r", "/nonesuch"], "/nonesuch"),
                        (["--cpu-rt-runtime", "5"], "real-time")):
        result = call("update", *words, name, ok=False)
        check(result.status == 1, f"{words}: status {result.status}")
        contains(result.err, part)
    contains(call("update", "-r", "-", name, stdin="[]", ok=False).err, "no JSON object")
    contains(call("update", "-r", "-", name, stdin='{"memory":{"limit":"1"}}', ok=False).err, "not a whole number")
    contains(call("update", ok=False).err, "one container")
    contains(call("update", "--help").out, "--pids-limit")
    equal(call("update", name).status, 0)
    call("delete", "--force", name)


@test("the default seccomp profile lets programs run, denies the rest, and is compiled once")
def seccomp():
    def change(config):
        config["linux"]["seccomp"] = default_seccomp()
        config["process"]["capabilities"] = {kind: ["CAP_SYS_ADMIN", "CAP_SYS_CHROOT"] for kind in ("bounding", "effective", "permitted")}

    text = "grep Seccomp: /proc/self/status; ls / >/dev/null && echo ran; unshare -m true; mount -t tmpfs x /tmp; echo end"
    result = outcome("seccomp", text, change)
    check(re.match(r"Seccomp:\s2\nran\nend\n", result.out), result.out)
    equal(result.err.lower().count("permi"), 2, result.err)
    caches = [os.path.join(path, file) for path, _, files in os.walk(runtime.root) for file in files if file.endswith(".bpf")]
    equal(len(caches), 1, "cached filters")
    equal(stat.S_IMODE(os.stat(caches[0]).st_mode), 0o600)
    before = os.stat(caches[0]).st_mtime_ns
    outcome("seccomp", text, change)
    equal(os.stat(caches[0]).st_mtime_ns, before, "time of the cached filter")
    # One that says anything is not believed when others can write it.
    with open(caches[0], "r+b") as file:
        file.seek(-8, os.SEEK_END)
        file.write(b"\x06\0\0\0\0\0\xff\x7f")
    os.chmod(caches[0], 0o666)
    equal(outcome("seccomp", text, change).err.lower().count("permi"), 2)


main(__name__)
