#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# What runtime-spec 1.3 demands of a runtime on Linux, one row for each MUST that can be seen from outside:
# section, demand, our result, that of Debian's runc on the same bundle. The rows are printed as a table at the end;
# ours must all pass, runc's are for comparison. MUSTs on other systems, on controllers of cgroup v1, and on limits
# (tests/emu/runtime-limits.case) are left out. As root.
import json
import os
import subprocess
import time

from runtime_bundle import Bundle, Runtime, hook, output, run, script, shell
from support import Skip, check, contains, equal, main, ours, peer, test, wait_for

rows = []


class Row:
    def __init__(self, section, text, case):
        self.section, self.text, self.case, self.results = section, text, case, []


def must(section, text):
    def add(case):
        rows.append(Row(section, text, case))
        return case
    return add


def refuses(runtime, change, create=False):
    b = shell("true", change)
    words = ("create",) if create else ("run",)
    result = runtime.call(*words, "--bundle", b.path, b.id, ok=False)
    runtime.delete(b.id)
    check(result.status != 0, "no error was generated")
    check(runtime.call("state", b.id, ok=False).status != 0, "a container was created")


def created(runtime, text="sleep 30", change=None):
    b = shell(text, change)
    runtime.call("create", "--bundle", b.path, b.id)
    return b


# --- runtime.md ---------------------------------------------------------------------------------
@must("runtime.md State", "state has ociVersion, id, status, pid (created, running), bundle (absolute), annotations")
def state_members(r):
    b = created(r, change=lambda c: c.update(annotations={"a.b": "c"}))
    s = r.state(b.id)
    r.delete(b.id)
    equal((s["id"], s["status"], s["bundle"], s["annotations"]), (b.id, "created", b.path, {"a.b": "c"}))
    check(s["pid"] > 0 and s["ociVersion"].startswith("1."), f"{s}")


@must("runtime.md Lifecycle 2", "create must not run the user's program")
def create_runs_nothing(r):
    b = created(r, "touch /ran; sleep 30")
    time.sleep(0.1)
    r.delete(b.id)
    check(not os.path.exists(b.rootfs("ran")), "it ran")


@must("runtime.md Lifecycle 2", "updates of config.json after create must not affect the container")
def config_is_kept(r):
    b = created(r, "touch /first")
    b.config["process"]["args"] = ["/bin/touch", "/second"]
    b.write()
    r.call("start", b.id)
    wait_for(lambda: os.path.exists(b.rootfs("first")) or os.path.exists(b.rootfs("second")), "the program")
    r.delete(b.id)
    check(not os.path.exists(b.rootfs("second")), "the new configuration was used")


@must("runtime.md Errors", "an error must leave the environment as if the operation had not been tried")
def error_leaves_nothing(r):
    before = set(os.listdir(r.root))
    refuses(r, lambda c: c["mounts"].append({"destination": "/x", "type": "bind", "source": "/nonesuch", "options": ["bind"]}), create=True)
    equal({n for n in os.listdir(r.root) if not n.startswith(".")}, {n for n in before if not n.startswith(".")}, "root")


@must("runtime.md Query State", "an error without an id")
def state_without_id(r):
    check(r.call("state", ok=False).status != 0, "no error")


@must("runtime.md Query State", "an error for a container that does not exist")
def state_of_nothing(r):
    check(r.call("state", "nonesuch", ok=False).status != 0, "no error")


@must("runtime.md Create", "an error for an id that is not unique; the other stays")
def unique(r):
    b = created(r)
    status = r.call("create", "--bundle", b.path, b.id, ok=False).status
    state = r.status(b.id)
    r.delete(b.id)
    check(status != 0 and state == "created", f"status {status}, the first is {state}")


@must("runtime.md Create", "an error for a bundle that does not exist")
def no_bundle(r):
    check(r.call("create", "--bundle", "/nonesuch", "c1", ok=False).status != 0, "no error")


@must("runtime.md Start", "an error for a container that does not exist")
def start_nothing(r):
    check(r.call("start", "nonesuch", ok=False).status != 0, "no error")


@must("runtime.md Start", "an error and no effect for one that is not created")
def start_twice(r):
    b = created(r)
    r.call("start", b.id)
    status = r.call("start", b.id, ok=False).status
    state = r.status(b.id)
    r.delete(b.id)
    check(status != 0 and state == "running", f"status {status}, it is {state}")


@must("runtime.md Start", "start runs the program as process says")
def start_runs(r):
    b = created(r, "touch /ran; sleep 30")
    r.call("start", b.id)
    wait_for(lambda: os.path.exists(b.rootfs("ran")), "the program")
    r.delete(b.id)


@must("runtime.md Kill", "an error for one that is neither created nor running")
def kill_stopped(r):
    b = created(r, "true")
    r.call("start", b.id)
    wait_for(lambda: r.status(b.id) == "stopped", "stopped")
    status = r.call("kill", b.id, "TERM", ok=False).status
    r.delete(b.id)
    check(status != 0, "no error")


@must("runtime.md Kill", "sends the given signal to the process")
def kill_sends(r):
    b = created(r, "trap 'touch /got; exit' USR1; touch /up; while :; do sleep 0.02; done")
    r.call("start", b.id)
    wait_for(lambda: os.path.exists(b.rootfs("up")), "the trap")
    r.call("kill", b.id, "USR1")
    wait_for(lambda: os.path.exists(b.rootfs("got")), "the signal")
    r.delete(b.id)


@must("runtime.md Delete", "an error for one that is not stopped")
def delete_running(r):
    b = created(r)
    r.call("start", b.id)
    status = r.call("delete", b.id, ok=False).status
    r.delete(b.id)
    check(status != 0, "no error")


@must("runtime.md Delete", "an error for a container that does not exist")
def delete_nothing(r):
    check(r.call("delete", "nonesuch", ok=False).status != 0, "no error")


@must("runtime.md Delete", "what create made is deleted; the id may be used again")
def delete_all(r):
    b = created(r, "true")
    for _ in range(2):
        r.call("start", b.id)
        wait_for(lambda: r.status(b.id) == "stopped", "stopped")
        r.call("delete", b.id)
        r.call("create", "--bundle", b.path, b.id)
    r.delete(b.id)


# --- config.md ----------------------------------------------------------------------------------
@must("config.md Specification version", "ociVersion must be SemVer")
def version(r):
    refuses(r, lambda c: c.update(ociVersion="one"))


@must("config.md Root", "a directory must exist at root.path")
def root_missing(r):
    refuses(r, lambda c: c["root"].update(path="nonesuch"))


@must("config.md Root", "readonly: the root must be read-only inside")
def root_readonly(r):
    contains(output(r, "touch /x 2>&1; true", lambda c: c["root"].update(readonly=True)), "Read-only")


@must("config.md Mounts", "entries are mounted in the listed order")
def mount_order(r):
    def change(c):
        c["mounts"] += [{"destination": at, "type": "tmpfs", "source": source} for at, source in
                        (("/tmp", "one"), ("/tmp/in", "two"), ("/tmp", "three"))]
    equal(output(r, "grep ' /tmp' /proc/mounts | cut -d' ' -f1,2; ls /tmp | wc -l", change), "one /tmp\ntwo /tmp/in\nthree /tmp\n0\n")


@must("config.md Mounts", "a relative destination counts from /")
def mount_relative(r):
    contains(output(r, "grep ' /tmp ' /proc/mounts", lambda c: c["mounts"].append({"destination": "tmp", "type": "tmpfs", "source": "rel"})), "rel")


OPTIONS = {"ro": "ro", "nosuid": "nosuid", "nodev": "nodev", "noexec": "noexec", "noatime": "noatime", "nodiratime": "nodiratime",
           "relatime": "relatime", "sync": "sync", "dirsync": "dirsync", "lazytime": "lazytime"}
for option, shown in OPTIONS.items():
    @must("config.md Linux mount options", f"option {option}")
    def mount_option(r, option=option, shown=shown):
        text = output(r, "grep ' /tmp ' /proc/mounts", lambda c: c["mounts"].append(
            {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": [option]}))
        check(shown in text.split()[3].split(","), text)
for words in (["rw", "suid", "dev", "exec", "atime", "diratime", "norelatime", "nostrictatime", "defaults"],
              ["strictatime"], ["async", "nolazytime", "loud"], ["silent"]):
    @must("config.md Linux mount options", "options " + " ".join(words))
    def mount_options(r, words=words):
        contains(output(r, "grep ' /tmp ' /proc/mounts", lambda c: c["mounts"].append(
            {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": words})), "tmpfs")
for kind, shown in (("rshared", "shared:"), ("rslave", ""), ("rprivate", ""), ("runbindable", "unbindable"), ("shared", "shared:"),
                    ("slave", ""), ("private", ""), ("unbindable", "unbindable")):
    @must("config.md Linux mount options", f"propagation {kind}")
    def mount_propagation(r, kind=kind, shown=shown):
        text = output(r, "grep ' /tmp ' /proc/self/mountinfo", lambda c: c["mounts"].append(
            {"destination": "/tmp", "type": "bind", "source": "/usr", "options": ["rbind", "ro", kind]}))
        tags = text.splitlines()[0].split(" - ")[0]
        check(shown in tags and (shown or "shared:" not in tags), text)


@must("config.md Process", "consoleSize is ignored when terminal is not set")
def console_size(r):
    equal(output(r, "echo yes", lambda c: c["process"].update(consoleSize={"height": 1, "width": 2})), "yes\n")


@must("config.md Process", "cwd must be an absolute path")
def cwd(r):
    refuses(r, lambda c: c["process"].update(cwd="relative"))


@must("config.md Process", "env, args and cwd as given")
def process(r):
    equal(output(r, "echo $A; pwd", lambda c: c["process"].update(cwd="/tmp", env=["PATH=/bin", "A=x y"])), "x y\n/tmp\n")


@must("config.md POSIX process", "rlimits: soft and hard match the configured values")
def rlimits(r):
    equal(output(r, "ulimit -Sn; ulimit -Hn", lambda c: c["process"].update(
        rlimits=[{"type": "RLIMIT_NOFILE", "soft": 33, "hard": 44}])), "33\n44\n")


@must("config.md POSIX process", "rlimits: an error for a type that does not exist")
def rlimit_unknown(r):
    refuses(r, lambda c: c["process"].update(rlimits=[{"type": "RLIMIT_NONE", "soft": 1, "hard": 1}]))


@must("config.md POSIX process", "rlimits: an error for a type that is there twice")
def rlimit_twice(r):
    refuses(r, lambda c: c["process"].update(rlimits=[{"type": "RLIMIT_NOFILE", "soft": 33, "hard": 44}] * 2))


@must("config.md Linux process", "an unknown capability is no error")
def capability_unknown(r):
    equal(output(r, "echo yes", lambda c: c["process"]["capabilities"].update(effective=["CAP_KILL", "CAP_NONESUCH"])), "yes\n")


@must("config.md Linux process", "capabilities are those of the sets")
def capabilities(r):
    text = output(r, "grep Cap /proc/self/status", lambda c: c["process"].update(capabilities={
        s: ["CAP_KILL"] for s in ("bounding", "effective", "permitted")}))
    contains(text, "CapBnd:\t0000000000000020")
    contains(text, "CapEff:\t0000000000000020")


@must("config.md Linux process", "oom_score_adj is set to oomScoreAdj")
def oom(r):
    equal(output(r, "cat /proc/self/oom_score_adj", lambda c: c["process"].update(oomScoreAdj=77)), "77\n")


@must("config.md Linux process", "oom_score_adj is not changed without oomScoreAdj")
def oom_kept(r):
    equal(output(r, "cat /proc/self/oom_score_adj"), open("/proc/self/oom_score_adj", encoding="ascii").read())


@must("config.md Linux process", "noNewPrivileges")
def no_new_privileges(r):
    contains(output(r, "grep NoNew /proc/self/status", lambda c: c["process"].update(noNewPrivileges=True)), "1")
    contains(output(r, "grep NoNew /proc/self/status", lambda c: c["process"].update(noNewPrivileges=False)), "0")


@must("config.md User", "uid, gid, additionalGids, umask")
def user(r):
    equal(output(r, "id -u; id -g; id -G; umask", lambda c: c["process"].update(
        user={"uid": 3, "gid": 4, "additionalGids": [5, 6], "umask": 0o77})), "3\n4\n4 5 6\n0077\n")


@must("config.md Hostname", "hostname is that of the container")
def hostname(r):
    equal(output(r, "hostname", lambda c: c.update(hostname="row")), "row\n")


@must("config.md Domainname", "domainname is that of the container")
def domainname(r):
    equal(output(r, "cat /proc/sys/kernel/domainname", lambda c: c.update(domainname="dom")), "dom\n")


def hook_log(r, names, text="true"):
    b = shell(text)
    log = os.path.join(b.path, "log")
    say = script(b, "say", f'echo "$1 $(readlink /proc/self/ns/mnt) $(cat | tr -d " \\n")" >>{log}')
    b.config["hooks"] = {n: [hook(say, args=["say", n + ".1"], env=["PATH=/bin:/usr/bin"]),
                             hook(say, args=["say", n + ".2"], env=["PATH=/bin:/usr/bin"])] for n in names}
    b.write()
    run(r, b)
    return [line.split(" ", 2) for line in open(log, encoding="utf-8")]


RUNTIME_HOOKS = ("prestart", "createRuntime", "createContainer", "poststart", "poststop")


@must("config.md Hooks", "hooks are called in the listed order, kinds in that of the life cycle")
def hook_order(r):
    equal([row[0] for row in hook_log(r, RUNTIME_HOOKS, "sleep 0.3")], [f"{n}.{i}" for n in RUNTIME_HOOKS for i in (1, 2)])


@must("config.md Hooks", "the state is passed on standard input")
def hook_state(r):
    for row in hook_log(r, RUNTIME_HOOKS, "sleep 0.3"):
        state = json.loads(row[2])
        check("ociVersion" in state and "id" in state and "bundle" in state, f"{row}")


@must("config.md Hooks", "prestart, createRuntime, poststart, poststop run in the runtime's namespaces, createContainer in the container's")
def hook_namespaces(r):
    own = os.readlink("/proc/self/ns/mnt")
    for row in hook_log(r, RUNTIME_HOOKS, "sleep 0.3"):
        equal(row[1] == own, not row[0].startswith("createContainer"), row[0])


@must("config.md startContainer", "resolved and run inside, before the program")
def start_container(r):
    b = shell("echo program >>/log")
    path = b.rootfs("bin", "first")
    with open(path, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\necho hook >>/log\n")
    os.chmod(path, 0o755)
    b.config["hooks"] = {"startContainer": [hook("/bin/first")]}
    b.write()
    run(r, b)
    equal(open(b.rootfs("log"), encoding="utf-8").read(), "hook\nprogram\n")


for kind in ("prestart", "createRuntime", "createContainer", "startContainer"):
    @must("runtime.md Lifecycle", f"a failed {kind} hook is an error and stops the container")
    def hook_fails(r, kind=kind):
        refuses(r, lambda c: c.update(hooks={kind: [hook("/bin/false", args=["false"])]}))


@must("runtime.md Lifecycle", "a failed poststop hook is no error, and the others run")
def poststop_fails(r):
    b = shell("true")
    after = os.path.join(b.path, "after")
    b.config["hooks"] = {"poststop": [hook("/bin/false", args=["false"]), hook(script(b, "post", f"touch {after}"))]}
    b.write()
    run(r, b)
    check(os.path.exists(after), "the second did not run")


@must("config.md Hooks", "timeout must be greater than zero; a hook that takes longer fails")
def hook_timeout(r):
    begin = time.monotonic()
    refuses(r, lambda c: c.update(hooks={"prestart": [hook("/bin/sleep", args=["sleep", "20"], timeout=1)]}))
    check(time.monotonic() - begin < 15, "it was waited for")


# --- config-linux.md ----------------------------------------------------------------------------
for flag in ("pid", "network", "mount", "ipc", "uts", "cgroup"):
    @must("config-linux.md Namespaces", f"a new {flag} namespace without path")
    def new_namespace(r, flag=flag):
        name = {"network": "net", "mount": "mnt"}.get(flag, flag)
        check(output(r, f"readlink /proc/self/ns/{name}").strip() != os.readlink(f"/proc/self/ns/{name}"), "it is the runtime's")


@must("config-linux.md Namespaces", "a type that is not listed is inherited")
def inherited(r):
    def change(c):
        c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "ipc"]
    equal(output(r, "readlink /proc/self/ns/ipc", change).strip(), os.readlink("/proc/self/ns/ipc"))


@must("config-linux.md Namespaces", "path: the process is placed in that namespace")
def joined(r):
    other = subprocess.Popen(["unshare", "--ipc", "--uts", "sleep", "30"], stdin=subprocess.DEVNULL)
    try:
        wait_for(lambda: os.readlink(f"/proc/{other.pid}/ns/ipc") != os.readlink("/proc/self/ns/ipc"), "unshare")
        def change(c):
            c["linux"]["namespaces"] = [{**n, "path": f"/proc/{other.pid}/ns/ipc"} if n["type"] == "ipc" else n
                                        for n in c["linux"]["namespaces"]]
        equal(output(r, "readlink /proc/self/ns/ipc", change).strip(), os.readlink(f"/proc/{other.pid}/ns/ipc"))
    finally:
        other.kill()
        other.wait()


@must("config-linux.md Namespaces", "an error for a path of another type")
def wrong_type(r):
    refuses(r, lambda c: c["linux"].update(namespaces=[
        {**n, "path": "/proc/self/ns/uts"} if n["type"] == "ipc" else n for n in c["linux"]["namespaces"]]))


@must("config-linux.md Namespaces", "an error for a type that is there twice")
def twice(r):
    refuses(r, lambda c: c["linux"]["namespaces"].append({"type": "ipc"}))


@must("config-linux.md User namespace mappings", "uid and gid maps are as given")
def mappings(r):
    def change(c):
        c["linux"]["namespaces"].append({"type": "user"})
        c["linux"]["uidMappings"] = c["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 0, "size": 70000}]
    equal(output(r, "cat /proc/self/uid_map", change).split(), ["0", "0", "70000"])


@must("config-linux.md Devices", "devices are there, with type, numbers, mode and owner")
def device(r):
    equal(output(r, "stat -c '%F %t:%T %a %u:%g' /dev/extra", lambda c: c["linux"].update(devices=[
        {"path": "/dev/extra", "type": "c", "major": 1, "minor": 3, "fileMode": 0o640, "uid": 1, "gid": 2}])),
        "character special file 1:3 640 1:2\n")


@must("config-linux.md Devices", "an error when a file that does not match exists at path")
def device_in_the_way(r):
    def change(c):
        c["linux"]["devices"] = [{"path": "/etc/passwd", "type": "c", "major": 1, "minor": 3}]
    refuses(r, change)


for name in ("null", "zero", "full", "random", "urandom", "tty", "ptmx"):
    @must("config-linux.md Default Devices", f"/dev/{name}")
    def default_device(r, name=name):
        equal(output(r, f"test -c /dev/{name} && echo yes"), "yes\n")


@must("config-linux.md Default Devices", "/dev/console with a terminal is tried by runtime_test.py; links fd, stdin, stdout, stderr")
def links(r):
    equal(output(r, "for i in fd stdin stdout stderr; do readlink /dev/$i; done"),
          "/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\n")


@must("config-linux.md Control groups", "cgroupsPath: the same path gives the same place")
def cgroups_path(r):
    path = f"/conformance-{os.getpid()}"
    found = [output(r, "cat /proc/1/cgroup", lambda c: (
        c["linux"].update(cgroupsPath=path), c["linux"].update(namespaces=[n for n in c["linux"]["namespaces"] if n["type"] != "cgroup"])))
        for _ in range(2)]
    contains(found[0], path)
    equal(found[0], found[1])


@must("config-linux.md Sysctl", "parameters are set")
def sysctl(r):
    equal(output(r, "cat /proc/sys/net/ipv4/ip_forward", lambda c: c["linux"].update(sysctl={"net.ipv4.ip_forward": "1"})), "1\n")


@must("config-linux.md Seccomp", "the filter is in force")
def seccomp(r):
    contains(output(r, "mkdir /tmp/x 2>&1; true", lambda c: c["linux"].update(seccomp={
        "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]})), "not permitted")


@must("config-linux.md Seccomp", "an error when an action without errno is given one")
def seccomp_errno(r):
    refuses(r, lambda c: c["linux"].update(seccomp={"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["mkdir"], "action": "SCMP_ACT_KILL", "errnoRet": 5}]}))


@must("config-linux.md Seccomp", "names must have at least one entry")
def seccomp_names(r):
    refuses(r, lambda c: c["linux"].update(seccomp={"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": [], "action": "SCMP_ACT_ERRNO"}]}))


@must("config-linux.md Rootfs Mount Propagation", "rootfsPropagation is that of the root")
def root_propagation(r):
    for word, shown in (("shared", "shared:"), ("private", ""), ("unbindable", "unbindable")):
        text = output(r, "grep ' / ' /proc/self/mountinfo", lambda c, w=word: c["linux"].update(rootfsPropagation=w))
        tags = text.split(" - ")[0]
        check(shown in tags and (shown or "shared:" not in tags), f"{word}: {text}")


@must("config-linux.md Masked Paths", "masked paths cannot be read")
def masked(r):
    equal(output(r, "wc -c </proc/uptime; ls /sys/kernel | wc -l", lambda c: c["linux"].update(maskedPaths=["/proc/uptime", "/sys/kernel"])),
          "0\n0\n")


@must("config-linux.md Masked Paths", "the values must be absolute paths")
def masked_relative(r):
    refuses(r, lambda c: c["linux"].update(maskedPaths=["relative"]))


@must("config-linux.md Readonly Paths", "read-only paths cannot be written")
def readonly(r):
    contains(output(r, "touch /tmp/x 2>&1; true", lambda c: c["linux"].update(readonlyPaths=["/tmp"])), "Read-only")


@must("config-linux.md Readonly Paths", "the values must be absolute paths")
def readonly_relative(r):
    refuses(r, lambda c: c["linux"].update(readonlyPaths=["relative"]))


@must("config.md Linux process", "scheduler: the policy and nice value are as given")
def scheduler(r):
    text = output(r, "cut -d' ' -f19,41 /proc/self/stat", lambda c: c["process"].update(scheduler={"policy": "SCHED_BATCH", "nice": 5}))
    equal(text, "5 3\n")


@must("config.md Linux process", "ioPriority: class and level are as given")
def io_priority(r):
    refuses(r, lambda c: c["process"].update(ioPriority={"class": "IOPRIO_CLASS_NONE_SUCH", "priority": 4}))
    equal(output(r, "echo yes", lambda c: c["process"].update(ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 7})), "yes\n")


@must("config-linux.md Personality", "the execution domain is as given")
def personality(r):
    equal(output(r, "uname -m", lambda c: c["linux"].update(personality={"domain": "LINUX32"})), "i686\n")


def link(*words):
    return subprocess.run(["ip", *words], stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout


def with_device(r, case):
    """CASE with a device nd0, one end of a pair whose other is up, and without what is left of both"""
    if r.program == ours("bh-runtime") or subprocess.run([r.program, "features"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                                         check=False).stdout.find(b"netDevices") > 0:
        link("link", "add", "nd0", "type", "veth", "peer", "name", "nd1")
        try:
            link("link", "set", "nd1", "up")
            case()
        finally:
            subprocess.run(["ip", "link", "del", "nd1"], stderr=subprocess.DEVNULL, check=False)
    else:
        raise AssertionError("it knows no netDevices")


def devices(**names):
    return lambda c: c["linux"].update(netDevices={key: {"name": name} if name else {} for key, name in names.items()})


@must("config-linux.md Network Devices", "a device is moved, with its new name or its own, and is up")
def device_moved(r):
    def case():
        text = output(r, "ip -o link | cut -d: -f2,3 | cut -d, -f1-3", devices(nd0="eth7"))
        contains(text, "eth7")
        contains(text, "UP")
        check("nd0" not in text, text)
    with_device(r, case)
    with_device(r, lambda: contains(output(r, "ip -o link", devices(nd0=None)), "nd0"))


@must("config-linux.md Network Devices", "attributes and permanent addresses of global scope are kept, others not")
def device_addresses(r):
    def case():
        link("link", "set", "nd0", "address", "02:00:00:00:00:77", "mtu", "1400", "up")
        for address in ("192.0.2.7/24", "2001:db8::7/64"):
            link("addr", "add", address, "dev", "nd0")
        link("addr", "add", "192.0.2.8/32", "scope", "host", "dev", "nd0")
        link("addr", "add", "192.0.2.9/24", "valid_lft", "100", "preferred_lft", "100", "dev", "nd0")
        text = output(r, "ip addr show dev eth7", devices(nd0="eth7"))
        for part in ("02:00:00:00:00:77", "mtu 1400", "inet 192.0.2.7/24", "inet6 2001:db8::7/64"):
            contains(text, part)
        check("192.0.2.8" not in text and "192.0.2.9" not in text, text)
    with_device(r, case)


@must("config-linux.md Network Devices", "an error for a name that is in use there, and the device stays where it was")
def device_name_in_use(r):
    def case():
        link("addr", "add", "192.0.2.7/24", "dev", "nd0")
        refuses(r, devices(nd0="lo"))
        contains(link("addr", "show", "dev", "nd0"), "192.0.2.7/24")
        # What fails later undoes the move.
        b = Bundle(["/nonesuch"], devices(nd0="eth7"))
        check(r.call("run", "--bundle", b.path, b.id, ok=False).status != 0, "it ran")
        contains(link("addr", "show", "dev", "nd0"), "192.0.2.7/24")
    with_device(r, case)


@must("config-linux.md Network Devices", "%d in the new name gives a name that is free")
def device_template(r):
    with_device(r, lambda: contains(output(r, "ip -o link", devices(nd0="net%d")), "net0"))


@must("config-linux.md Network Devices", "an error without a network namespace")
def device_without_namespace(r):
    def change(c):
        devices(nd0="eth7")(c)
        c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "network"]
    with_device(r, lambda: refuses(r, change))


@must("config-linux.md Memory policy", "mode, nodes and flags are in force")
def memory_policy(r):
    for policy, shown in (({"mode": "MPOL_BIND", "nodes": "0"}, " bind:0"), ({"mode": "MPOL_LOCAL"}, " local"),
                          ({"mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}, " interleave=static:0")):
        contains(output(r, "cat /proc/self/numa_maps", lambda c, p=policy: c["linux"].update(memoryPolicy=p)), shown)


@must("config-linux.md Memory policy", "an error for a mode, nodes or flags that do not exist or do not fit")
def memory_policy_refused(r):
    for policy in ({"mode": "MPOL_NONE"}, {"mode": "MPOL_BIND"}, {"mode": "MPOL_LOCAL", "nodes": "0"}, {"mode": "MPOL_BIND", "nodes": "1000"},
                   {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_NONE"]}):
        refuses(r, lambda c, p=policy: c["linux"].update(memoryPolicy=p))


@must("config-linux.md IntelRdt", "an error where no resctrl file system is mounted")
def rdt_missing(r):
    if os.path.exists("/sys/fs/resctrl/schemata"):
        raise Skip("resctrl is mounted here")
    refuses(r, lambda c: c["linux"].update(intelRdt={"closID": "a", "l3CacheSchema": "L3:0=f"}))


@must("config-linux.md Offset for Time Namespace", "an error for a clock that has none")
def clock_unknown(r):
    def change(c):
        c["linux"]["namespaces"].append({"type": "time"})
        c["linux"]["timeOffsets"] = {"realtime": {"secs": 1}}
    refuses(r, change)


@must("config.md Linux process", "an error for a label whose security module the kernel does not run")
def labels_refused(r):
    if os.path.exists("/sys/module/apparmor/parameters/enabled") or os.path.exists("/sys/fs/selinux/enforce"):
        raise Skip("this kernel has AppArmor or SELinux; tests/emu/runtime-limits.case tries the first")
    refuses(r, lambda c: c["process"].update(apparmorProfile="x"))
    refuses(r, lambda c: c["process"].update(selinuxLabel="u:r:t:s0"))
    refuses(r, lambda c: c["linux"].update(mountLabel="u:object_r:t:s0"))


# --- the run ------------------------------------------------------------------------------------
def result_of(row, runtime):
    if runtime is None:
        return "-"
    try:
        row.case(runtime)
        return "pass"
    except Skip:
        return "skip"
    except Exception as why:  # pylint: disable=broad-except
        row.results.append(str(why).splitlines()[0][:160] if str(why) else "")
        return "FAIL"


def try_peer():
    try:
        return Runtime(peer("runc"), "runc-state")
    except Skip as why:
        print(f"# {why}")
        return None


@test("each MUST holds for bh-runtime; runc beside it")
def table():
    own, other = Runtime(ours("bh-runtime"), "state"), try_peer()
    counts = {"bh-runtime": 0, "runc": 0}
    failed = []
    print("# section | MUST | bh-runtime | runc")
    for row in rows:
        mine = result_of(row, own)
        why = row.results[-1] if mine == "FAIL" else ""
        theirs = result_of(row, other)
        theirs += f": {row.results[-1]}" if theirs == "FAIL" else ""
        counts["bh-runtime"] += mine == "pass"
        counts["runc"] += theirs == "pass"
        print(f"# {row.section} | {row.text} | {mine} | {theirs}", flush=True)
        if mine == "FAIL":
            failed.append(f"{row.text}: {why}")
    print(f"# conformance: bh-runtime {counts['bh-runtime']} of {len(rows)}"
          + (f", runc {counts['runc']} of {len(rows)}" if other else ""))
    check(not failed, "\n".join(failed))


main(__name__)
