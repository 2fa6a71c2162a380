#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# bh-runtime and bh-process from outside: life cycle, configuration, hostile root file systems. As root.
import array
import json
import os
import signal
import socket
import subprocess
import time

from runtime_bundle import Bundle, Runtime, fails, hook, output, run, script, shell
from support import Skip, check, contains, environment, equal, folder, main, ours, socket_path, test, wait_for

runtime = Runtime(ours("bh-runtime"), "state")


# --- life cycle ---------------------------------------------------------------------------------
@test("create, start, state, kill, delete")
def life():
    b = shell("trap 'exit 7' TERM; while :; do sleep 0.05; done")
    pid_file = os.path.join(b.path, "pid")
    runtime.call("create", "--bundle", b.path, "--pid-file", pid_file, b.id)
    state = runtime.state(b.id)
    equal((state["status"], state["id"], state["bundle"]), ("created", b.id, b.path), "state")
    equal(state["pid"], int(open(pid_file, encoding="utf-8").read()), "pid")
    check(runtime.call("delete", b.id, ok=False).status != 0, "a created container was deleted without --force")
    runtime.call("start", b.id)
    equal(runtime.status(b.id), "running")
    check(runtime.call("start", b.id, ok=False).status != 0, "started twice")
    contains(runtime.call("delete", b.id, ok=False).err, "--force")
    check(runtime.call("create", "--bundle", b.path, b.id, ok=False).status != 0, "the id was given twice")
    time.sleep(0.2)
    runtime.call("kill", b.id, "TERM")
    wait_for(lambda: runtime.status(b.id) == "stopped", "stopped")
    check(runtime.call("kill", b.id, "KILL", ok=False).status != 0, "killed what is stopped")
    runtime.call("delete", b.id)
    contains(runtime.call("state", b.id, ok=False).err, "does not exist")
    equal(runtime.call("delete", b.id, ok=False).status, 1, "status of deleting nothing")
    equal(runtime.call("delete", "--force", b.id).status, 0, "status of forcing it")


@test("run gives the program's status, output and 128 + signal")
def run_status():
    equal(run(runtime, shell("echo out; echo err >&2; exit 42"), ok=False).status, 42)
    equal(output(runtime, "cat /proc/self/cgroup >/dev/null; echo hello"), "hello\n")
    equal(run(runtime, shell("kill -KILL $$; kill -9 1; sleep 1; exit 3"), ok=False).status, 3, "init ignores its own signals")


@test("a program that is not there: 127 and docker's words; not executable: 126")
def missing_program():
    equal(run(runtime, Bundle(["nonesuch"]), ok=False).status, 127)
    contains(run(runtime, Bundle(["nonesuch"]), ok=False).err, "executable file not found in $PATH")
    equal(run(runtime, Bundle(["/etc/passwd"]), ok=False).status, 126)
    b = Bundle(["/etc"])
    check(runtime.call("create", "--bundle", b.path, b.id, ok=False).status != 0, "a directory was executed")
    check(not os.path.exists(os.path.join(runtime.root, b.id)), "a failed create leaves its state")


@test("ids: the alphabet, and nothing that leaves the root")
def ids():
    b = shell("true")
    for bad in ("", ".", "..", "../x", "a/b", ".a", "a b", "a\n", "x" * 129, "ä"):
        check(runtime.call("create", "--bundle", b.path, "--", bad, ok=False).status != 0, f"{bad!r} was taken")
    for good in ("a", "A_b-c.d+1", "x" * 128):
        equal(runtime.call("run", "--bundle", b.path, good).status, 0, good)


@test("list, in a table, as JSON and quiet")
def listing():
    b = shell("sleep 60")
    runtime.call("create", "--bundle", b.path, b.id)
    contains(runtime.call("list").out, b.id)
    rows = json.loads(runtime.call("list", "--format", "json").out)
    equal([row["status"] for row in rows if row["id"] == b.id], ["created"])
    check(b.id in runtime.call("list", "-q").out.split(), "not in list -q")
    runtime.delete(b.id)


def state_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


@test("run --detach, exec, exec --detach, kill --all")
def executing():
    b = shell("sleep 60")
    runtime.call("run", "--detach", "--bundle", b.path, b.id)
    equal(runtime.call("exec", b.id, "sh", "-c", "readlink /proc/self/ns/pid; readlink /proc/1/ns/pid").out.split()[0],
          runtime.call("exec", b.id, "readlink", "/proc/1/ns/pid").out.strip(), "pid namespace of exec")
    equal(runtime.call("exec", "--cwd", "/tmp", "--env", "A=b", "--user", "1000:1000", b.id, "sh", "-c", "pwd; echo $A; id -u").out,
          "/tmp\nb\n1000\n")
    equal(runtime.call("exec", b.id, "sh", "-c", "exit 9", ok=False).status, 9)
    equal(runtime.call("exec", b.id, "nonesuch", ok=False).status, 127)
    for user in ("1000x", "-1", "root", "1:", ":1", "99999999999", "1:2:3"):
        equal(runtime.call("exec", f"--user={user}", b.id, "true", ok=False).status, 2, user)
    pid_file = os.path.join(b.path, "exec.pid")
    runtime.call("exec", "--detach", "--pid-file", pid_file, b.id, "sleep", "61")
    pid = int(open(pid_file, encoding="utf-8").read())
    wait_for(lambda: b"sleep" in open(f"/proc/{pid}/cmdline", "rb").read(), "the detached process")
    process = {"args": ["sh", "-c", "echo $X $(id -u)"], "cwd": "/", "env": ["X=file", "PATH=/bin"], "user": {"uid": 5, "gid": 5}}
    path = os.path.join(b.path, "process.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(process, file)
    equal(runtime.call("exec", "--process", path, b.id).out, "file 5\n")
    runtime.call("kill", "--all", b.id, "CONT")
    runtime.call("kill", "--all", b.id, "KILL")
    wait_for(lambda: not os.path.exists(f"/proc/{pid}") or state_of(pid) == "Z", "the other process has ended too")
    wait_for(lambda: runtime.status(b.id) == "stopped", "stopped")
    check(runtime.call("exec", b.id, "true", ok=False).status != 0, "exec in a stopped container")
    runtime.call("delete", b.id)


@test("a change of config.json after create has no effect")
def later_change():
    b = shell("echo first")
    with open(os.path.join(b.path, "out"), "w+b") as out:
        subprocess.run(runtime.command("create", "--bundle", b.path, b.id), stdout=out, stdin=subprocess.DEVNULL, check=True)
        b.config["process"]["args"] = ["/bin/sh", "-c", "echo second"]
        b.write()
        runtime.call("start", b.id)
        wait_for(lambda: runtime.status(b.id) == "stopped", "stopped")
        out.seek(0)
        equal(out.read(), b"first\n")
    runtime.call("delete", b.id)


@test("50 containers at once")
def many():
    b = shell("echo $$")
    running = [subprocess.Popen(runtime.command("run", "--bundle", b.path, f"many{i}"), stdout=subprocess.PIPE,
                                stdin=subprocess.DEVNULL) for i in range(50)]
    for process in running:
        out = process.communicate(timeout=60)[0]
        equal((process.returncode, out), (0, b"1\n"))
    check("many" not in runtime.call("list", "-q").out, "some are left")


@test("kill -9 of create at any moment: delete takes all away")
def killed_create():
    b = shell("sleep 60")
    seen = set()
    for step in range(14):
        process = subprocess.Popen(runtime.command("create", "--bundle", b.path, b.id), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.001 * step)
        process.kill()
        process.wait()
        if not os.path.exists(os.path.join(runtime.root, b.id)):
            continue
        wait_for(lambda: runtime.status(b.id) != "creating", "the first process follows its runtime")
        seen.add(runtime.status(b.id))
        runtime.call("delete", "--force", b.id)
        check(not os.path.exists(os.path.join(runtime.root, b.id)), "the state stays")
    check(seen, "no kill met a create")


@test("--no-pivot: the root is moved, and exec gets the same one")
def no_pivot():
    b = shell("ls / >/tmp/seen; sleep 60")
    runtime.call("run", "--detach", "--no-pivot", "--bundle", b.path, b.id)
    wait_for(lambda: os.path.exists(b.rootfs("tmp", "seen")), "the program")
    equal(runtime.call("exec", b.id, "ls", "/").out, open(b.rootfs("tmp", "seen"), encoding="utf-8").read())
    check("etc" in runtime.call("exec", b.id, "ls", "/").out and "work" not in runtime.call("exec", b.id, "sh", "-c", "cd /..; ls").out, "root")
    runtime.delete(b.id)


# --- configuration ------------------------------------------------------------------------------
@test("environment, user, groups, umask, working directory, hostname")
def process_settings():
    def change(c):
        c["process"].update(cwd="/var/new", env=["PATH=/bin", "ONE=1"], user={"uid": 7, "gid": 8, "additionalGids": [9, 10], "umask": 0o27})
        c["hostname"] = "box"
    equal(output(runtime, "id -u; id -g; id -G; umask; pwd; echo $ONE; hostname", change),
          "7\n8\n8 9 10\n0027\n/var/new\n1\nbox\n")


@test("capabilities, no_new_privs, rlimits, oom_score_adj")
def rights():
    def change(c):
        p = c["process"]
        p["capabilities"] = {"bounding": ["CAP_KILL", "CAP_CHOWN"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL", "CAP_CHOWN"]}
        p["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]
        p["oomScoreAdj"] = 321
    text = output(runtime, "grep -E 'Cap(Bnd|Prm|Eff|Amb)|NoNew' /proc/self/status; ulimit -Sn; ulimit -Hn; cat /proc/self/oom_score_adj", change)
    contains(text, "CapBnd:\t0000000000000021")
    contains(text, "NoNewPrivs:\t1")
    contains(text, "100\n200\n321\n")


@test("seccomp: what the profile forbids fails with its errno")
def filtered():
    def change(c):
        c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
                                 "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}
    for _ in range(2):  # compiled, then from the cache
        contains(output(runtime, "mkdir /tmp/x 2>&1; true", change), "not supported")
    def loose(c):
        change(c)
        c["process"]["noNewPrivileges"] = False
    contains(output(runtime, "mkdir /tmp/x 2>&1; true", loose), "not supported")


@test("mounts: bind, read-only, tmpfs with options, propagation, a file, tmpcopyup")
def mounts():
    b = shell("grep -E ' /(a|b|t|f|up) ' /proc/self/mountinfo; cat /a/x /f; touch /a/y 2>&1; touch /b/y 2>&1; ls /up; stat -c %a /t")
    os.makedirs(os.path.join(b.path, "src"))
    with open(os.path.join(b.path, "src", "x"), "w", encoding="utf-8") as file:
        file.write("inside\n")
    os.makedirs(b.rootfs("up", "deep"))
    src = os.path.join(b.path, "src")
    b.config["mounts"] += [
        {"destination": "/a", "type": "bind", "source": src, "options": ["rbind", "rw", "rslave"]},
        {"destination": "/b", "type": "bind", "source": src, "options": ["bind", "ro", "nosuid", "noexec", "rprivate"]},
        {"destination": "/t", "type": "tmpfs", "source": "tmpfs", "options": ["mode=1770", "size=64k", "nodev"]},
        {"destination": "/f", "type": "bind", "source": os.path.join(src, "x"), "options": ["bind", "ro"]},
        {"destination": "/up", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup", "ro"]}]
    b.write()
    text = run(runtime, b, ok=False).out
    contains(text, "inside\ninside\n")
    contains(text, "/b/y: Read-only file system")
    contains(text, "deep\n1770")
    check("/a/y" not in text and os.path.exists(os.path.join(src, "y")), "a writable bind cannot be written")
    line = [row for row in text.splitlines() if " /b " in row][0]
    for word in ("ro", "nosuid", "noexec"):
        contains(line.split()[5], word, "options of /b")


@test("recursive read-only, and what lies below")
def recursive_read_only():
    b = shell("touch /m/sub/x 2>&1; touch /n/sub/x 2>&1; true")
    sub = os.path.join(b.path, "top", "sub")
    os.makedirs(sub)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", sub], check=True)
    try:
        top = os.path.join(b.path, "top")
        b.config["mounts"] += [{"destination": "/m", "type": "bind", "source": top, "options": ["rbind", "rro"]},
                               {"destination": "/n", "type": "bind", "source": top, "options": ["rbind", "ro"]}]
        b.write()
        equal(run(runtime, b).out, "touch: /m/sub/x: Read-only file system\n")
    finally:
        subprocess.run(["umount", "-l", sub], check=False)


@test("masked and read-only paths, read-only root")
def masks():
    def change(c):
        c["root"]["readonly"] = True
        c["linux"]["maskedPaths"] = ["/proc/uptime", "/sys/kernel", "/nonesuch"]
        c["linux"]["readonlyPaths"] = ["/proc/sys", "/nonesuch"]
    text = output(runtime, "wc -c </proc/uptime; ls /sys/kernel | wc -l; echo x 2>&1 >/proc/sys/kernel/hostname; touch /x 2>&1; true", change)
    contains(text, "0\n0\n")
    contains(text, "/proc/sys/kernel/hostname: Read-only")
    contains(text, "/x: Read-only")


@test("devices: the default ones, one more, /dev links")
def devices():
    def change(c):
        c["linux"]["devices"] = [{"path": "/dev/sub/my", "type": "c", "major": 1, "minor": 7, "fileMode": 0o640, "uid": 3, "gid": 4},
                                 {"path": "/dev/pipe", "type": "p"}]
    text = output(runtime, "cd /dev; stat -c '%n %F %t:%T %a %u:%g' null zero full random urandom tty sub/my; for i in fd stdin ptmx; do readlink $i; done; test -p pipe && echo pipe", change)
    for row in ("null character special file 1:3 666 0:0", "tty character special file 5:0 666", "sub/my character special file 1:7 640 3:4",
                "/proc/self/fd\n", "/proc/self/fd/0\n", "pts/ptmx\n", "pipe\n"):
        contains(text, row)


@test("sysctl of the container's namespaces alone")
def sysctl():
    def change(c):
        c["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1", "kernel.shmmni": "4097"}
    equal(output(runtime, "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni", change), "1\n4097\n")
    for key in ("kernel.pid_max", "vm.swappiness", "kernel.msg/../pid_max", "net/../vm/swappiness"):
        fails(runtime, shell("true", lambda c, k=key: c["linux"].update(sysctl={k: "1"})), "sysctl")


@test("namespaces: joined by path, of the wrong type, twice; all that are new are new")
def namespaces():
    b = shell("sleep 60")
    runtime.call("run", "--detach", "--bundle", b.path, b.id)
    pid = runtime.state(b.id)["pid"]
    def change(c):
        for n in c["linux"]["namespaces"]:
            if n["type"] in ("network", "uts", "ipc", "pid"):
                n["path"] = f"/proc/{pid}/ns/" + {"network": "net"}.get(n["type"], n["type"])
        c.pop("hostname")
    names = output(runtime, "for n in net uts ipc pid mnt; do readlink /proc/self/ns/$n; done", change).split()
    own = [os.readlink(f"/proc/{pid}/ns/{n}") for n in ("net", "uts", "ipc", "pid", "mnt")]
    equal(names[:4], own[:4], "joined namespaces")
    check(names[4] != own[4], "the mount namespace is shared")
    fails(runtime, shell("true", lambda c: c["linux"]["namespaces"].append({"type": "user", "path": f"/proc/{pid}/ns/net"})), "is not a user namespace")
    fails(runtime, shell("true", lambda c: c["linux"]["namespaces"].append({"type": "pid"})), "twice")
    fails(runtime, shell("true", lambda c: c["linux"]["namespaces"].append({"type": "nonesuch"})), "nonesuch")
    runtime.delete(b.id)


@test("time namespace with offsets")
def time_namespace():
    if not os.path.exists("/proc/self/ns/time"):
        raise Skip("this kernel has no time namespaces")
    def change(c):
        c["linux"]["namespaces"].append({"type": "time"})
        c["linux"]["timeOffsets"] = {"boottime": {"secs": 1000000}, "monotonic": {"secs": 5}}
    check(float(output(runtime, "cat /proc/uptime", change).split()[0]) > 1000000, "the offset of boottime is not seen")


def with_user(c, size=65536):
    c["linux"]["namespaces"].append({"type": "user"})
    c["linux"]["uidMappings"] = c["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 100000, "size": size}]


def open_rootfs(b):
    for at, dirs, files in os.walk(b.path):
        for name in dirs + files:
            os.lchown(os.path.join(at, name), 100000, 100000)
    os.chmod(b.path, 0o755)


@test("user namespace: mappings, devices by bind, exec, idmapped mount, time too")
def user_namespace():
    b = shell("cat /proc/self/uid_map; id -u; echo x >/dev/null; stat -c '%t:%T' /dev/null; stat -c %u /data/f; sleep 60", with_user)
    os.makedirs(os.path.join(b.path, "data"))
    with open(os.path.join(b.path, "data", "f"), "w", encoding="utf-8"):
        pass
    b.config["mounts"].append({"destination": "/data", "type": "bind", "source": os.path.join(b.path, "data"), "options": ["bind", "idmap"]})
    b.config["linux"]["namespaces"].append({"type": "time"})
    b.write()
    open_rootfs(b)
    os.chown(os.path.join(b.path, "data", "f"), 1000, 1000)
    with open(os.path.join(b.path, "out"), "w+", encoding="utf-8") as out:
        subprocess.run(runtime.command("run", "--detach", "--bundle", b.path, b.id), stdout=out, stdin=subprocess.DEVNULL, check=True)
        def lines():  # not by `out`, whose offset is the program's too
            with open(out.name, encoding="utf-8") as file:
                return file.read().split("\n")
        wait_for(lambda: len(lines()) > 4, "its output")
        equal(lines()[0].split(), ["0", "100000", "65536"])
        equal(lines()[1:4], ["0", "1:3", "1000"])
    equal(runtime.call("exec", b.id, "sh", "-c", "id -u; readlink /proc/self/ns/user").out.split(),
          ["0", os.readlink(f"/proc/{runtime.state(b.id)['pid']}/ns/user")])
    runtime.delete(b.id)


# --- hooks --------------------------------------------------------------------------------------
@test("hooks: order, state on standard input, where they run, environment")
def hooks():
    b = shell("echo program >>/log")
    log = os.path.join(b.path, "log")
    say = script(b, "hook", f'echo "$1 $X $(cat | grep -o \'"status":"[a-z]*"\')" >>{log}')
    with open(b.rootfs("bin", "inhook"), "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\necho start $(cat | grep -c ociVersion) >>/log\n")
    os.chmod(b.rootfs("bin", "inhook"), 0o755)
    names = ("prestart", "createRuntime", "createContainer", "poststart", "poststop")
    b.config["hooks"] = {n: [hook(say, args=["hook", n], env=[f"X={n[-3:]}", "PATH=/bin:/usr/bin"])] for n in names}
    b.config["hooks"]["startContainer"] = [hook("/bin/inhook")]
    b.write()
    run(runtime, b)
    rows = [row.split()[0] for row in open(log, encoding="utf-8")]
    equal(rows, list(names), "order")
    statuses = [row.split()[-1] for row in open(log, encoding="utf-8")]
    equal(statuses[0], '"status":"creating"')
    equal(statuses[-1], '"status":"stopped"')
    equal(open(b.rootfs("log"), encoding="utf-8").read(), "start 1\nprogram\n")


@test("hooks: failure and time-out end the create, poststop still runs")
def hooks_failing():
    for name in ("prestart", "createRuntime", "createContainer", "startContainer", "poststart"):
        b = shell("sleep 5")
        after = os.path.join(b.path, "after")
        b.config["hooks"] = {name: [hook("/bin/false")], "poststop": [hook(script(b, "post", f"touch {after}"))]}
        b.write()
        result = run(runtime, b, ok=False)
        check(result.status != 0, f"a failed {name} hook was ignored")
        contains(result.err, name)
        check(os.path.exists(after), f"poststop did not run after {name}")
    b = shell("true")
    b.config["hooks"] = {"prestart": [hook("/bin/sleep", args=["sleep", "30"], timeout=1)]}
    b.write()
    begin = time.monotonic()
    fails(runtime, b, "1 seconds")
    check(time.monotonic() - begin < 10, "the time-out was not kept")


# --- terminals ----------------------------------------------------------------------------------
def receive_terminal(server):
    connection, _ = server.accept()
    data, parts, _, _ = connection.recvmsg(64, socket.CMSG_LEN(4))
    check(data, "no name came with the terminal")
    return array.array("i", parts[0][2])[0]


def read_until(fd, wanted):
    got = b""
    os.set_blocking(fd, False)
    def more():
        nonlocal got
        try:
            got += os.read(fd, 4096)
        except (BlockingIOError, OSError):
            pass
        return wanted in got
    wait_for(more, f"{wanted!r} on the terminal")
    return got


@test("terminal through a console socket, for create and exec")
def terminal():
    b = shell("tty; stat -c %t:%T /dev/console; read x; echo got $x; sleep 60", lambda c: c["process"].update(terminal=True))
    path = socket_path("console")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen(2)
        runtime.call("create", "--bundle", b.path, "--console-socket", path, b.id)
        fd = receive_terminal(server)
        runtime.call("start", b.id)
        read_until(fd, b"/dev/pts/0")
        os.write(fd, b"word\n")
        read_until(fd, b"got word")
        runtime.call("exec", "--tty", "--detach", "--console-socket", path, b.id, "sh", "-c", "tty; sleep 5")
        second = receive_terminal(server)
        read_until(second, b"/dev/pts/1")
        os.close(fd)
        os.close(second)
    runtime.delete(b.id)
    os.unlink(path)
    check(runtime.call("create", "--bundle", b.path, b.id, ok=False).status != 0, "a terminal without a place to go")


# --- hostile ------------------------------------------------------------------------------------
@test("root file systems with symbolic links for mount targets, devices and masks")
def symlinks():
    outside = folder("outside")
    b = shell("ls /dev | head -3; true")
    os.rmdir(b.rootfs("dev"))
    os.symlink(outside, b.rootfs("dev"))
    os.symlink("../../../../../../../.." + outside, b.rootfs("bind"))
    b.config["mounts"] = [m for m in b.config["mounts"] if not m["destination"].startswith("/dev")]
    b.config["mounts"].append({"destination": "/bind/x", "type": "bind", "source": "/etc/hostname", "options": ["bind"]})
    b.config["linux"]["maskedPaths"] = ["/bind"]
    b.write()
    run(runtime, b, ok=False)
    equal(os.listdir(outside), [], "what was made outside the root")
    for name in ("proc", "sys"):
        b = shell("true")
        os.rmdir(b.rootfs(name))
        os.symlink("/tmp", b.rootfs(name))
        fails(runtime, b, "symbolic link")
    b = shell("true", lambda c: c["process"].update(cwd="/proc/self/fd/7/../../.."))
    run(runtime, b, ok=False)


@test("the program on disk cannot be had through /proc/self/exe")
def own_binary():
    before = open(runtime.program, "rb").read()
    b = Bundle(["/proc/self/exe"])
    run(runtime, b, ok=False)
    b = Bundle(["/bin/evil"])
    with open(b.rootfs("bin", "evil"), "w", encoding="utf-8") as file:
        file.write("#!/proc/self/exe\n")
    os.chmod(b.rootfs("bin", "evil"), 0o755)
    run(runtime, b, ok=False)
    # A process of the container that waits for one of the runtime to come in by exec, and opens its program.
    b = shell("while :; do for p in /proc/[0-9]*; do case $p in /proc/1|/proc/$$) ;; *) "
              "{ echo broken >$p/exe; } 2>/dev/null && echo wrote; { head -c 4 $p/exe; } >/dev/null 2>&1;; esac; done; done",
              lambda c: c["process"]["capabilities"].update({s: ["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_KILL"]
                                                            for s in ("bounding", "effective", "permitted")}))
    runtime.call("run", "--detach", "--bundle", b.path, b.id)
    for _ in range(5):
        runtime.call("exec", b.id, "true")
    runtime.delete(b.id)
    check(open(runtime.program, "rb").read() == before, "the program was changed")


@test("descriptors of the caller do not get in, but those of --preserve-fds")
def leaks():
    b = shell("ls /proc/self/fd | wc -l; ls -l /proc/self/fd | grep -c LEAK")
    with open(os.path.join(b.path, "LEAK"), "w", encoding="utf-8") as file:
        result = subprocess.run(runtime.command("run", "--bundle", b.path, b.id), stdout=subprocess.PIPE, pass_fds=(file.fileno(),),
                                stdin=subprocess.DEVNULL, check=False)
        contains(result.stdout.decode(), "\n0\n")
        os.dup2(file.fileno(), 3)
        result = subprocess.run(runtime.command("run", "--preserve-fds", "1", "--bundle", b.path, b.id), stdout=subprocess.PIPE,
                                pass_fds=(3,), stdin=subprocess.DEVNULL, check=False)
        contains(result.stdout.decode(), "\n1\n")


@test("hostile configurations: wrong types, missing parts, too much")
def hostile():
    def breaks(change):
        b = shell("true")
        value = change(b.config)
        if value is not None:
            with open(os.path.join(b.path, "config.json"), "w", encoding="utf-8") as file:
                file.write(value)
        else:
            b.write()
        fails(runtime, b)
    bad = [lambda c: "", lambda c: "[]", lambda c: "null", lambda c: "{", lambda c: json.dumps(c) + "x", lambda c: "[" * 5000,
           lambda c: "{}" + " " * (5 << 20), lambda c: c.pop("process") and None, lambda c: c.pop("root") and None,
           lambda c: c.update(ociVersion="2.0.0"), lambda c: c.update(ociVersion=1), lambda c: c.update(ociVersion="x"),
           lambda c: c["process"].update(args=[]), lambda c: c["process"].update(args="x"), lambda c: c["process"].update(args=[1]),
           lambda c: c["process"].update(cwd="relative"), lambda c: c["process"].update(env=["NOVALUE"]),
           lambda c: c["process"].update(env={"A": 1}), lambda c: c["process"].update(user={"uid": -1}),
           lambda c: c["process"].update(user={"uid": 1 << 40}), lambda c: c["process"].update(args=["a\0b"]),
           lambda c: c["root"].update(path="/nonesuch"), lambda c: c["root"].update(path="/"), lambda c: c["root"].update(path=""),
           lambda c: c.update(mounts={}), lambda c: c.update(mounts=[1]), lambda c: c["mounts"].append({"destination": "/x"}),
           lambda c: c["mounts"].append({"destination": "/x", "type": "bind", "source": "/nonesuch"}),
           lambda c: c["mounts"].append({"destination": "/x", "type": "nonesuch", "source": "x"}),
           lambda c: c["mounts"].append({"destination": "/x", "type": "tmpfs", "options": ["nonesuch=1"]}),
           lambda c: c["mounts"].append({"destination": "/x", "type": "tmpfs", "options": ["a" * 5000]}),
           lambda c: c["mounts"].extend([{"destination": "/x", "type": "tmpfs"}] * 9000),
           lambda c: c.update(hooks={"prestart": [{"path": "relative"}]}), lambda c: c.update(hooks={"prestart": [{"path": "/x", "timeout": 0}]}),
           lambda c: c.update(hooks=[]), lambda c: c.update(annotations={"a": 1}), lambda c: c.update(linux=[]),
           lambda c: c["linux"].update(maskedPaths=["relative"]), lambda c: c["linux"].update(devices=[{"path": "x"}]),
           lambda c: c["linux"].update(devices=[{"path": "/dev/null", "type": "c", "major": 5, "minor": 5}]),
           lambda c: c["linux"].update(rootfsPropagation="sideways"), lambda c: c["linux"].update(intelRdt=[]),
           lambda c: c["linux"].update(uidMappings=[{"containerID": 0, "hostID": 0, "size": 1}]),
           lambda c: c["process"].update(rlimits=[{"type": "RLIMIT_NONE", "soft": 1, "hard": 1}]),
           lambda c: c["linux"].update(intelRdt={"memBwSchema": "L3:0=1"}), lambda c: c["linux"].update(intelRdt={"closID": "../x"}),
           lambda c: c["linux"].update(intelRdt={"schemata": ["L3:0=1\nMB:0=9"]}), lambda c: c["linux"].update(netDevices=[]),
           lambda c: c["linux"].update(netDevices={"a/b": {}}), lambda c: c["linux"].update(netDevices={"a": {"name": "%d"}}),
           lambda c: c["linux"].update(netDevices={"a": {"name": "x" * 16}}), lambda c: c["linux"].update(netDevices={"nonesuch": {}}),
           lambda c: c["linux"].update(memoryPolicy={}), lambda c: c["linux"].update(memoryPolicy={"mode": "MPOL_BIND", "nodes": "1-"}),
           lambda c: c["linux"].update(memoryPolicy={"mode": "MPOL_BIND", "nodes": "99999"}),
           lambda c: c["linux"].update(timeOffsets={"realtime": {"secs": 1}}),
           lambda c: c["process"].update(selinuxLabel=1), lambda c: c["linux"]["namespaces"].remove({"type": "uts"}),
           lambda c: c["linux"]["namespaces"].remove({"type": "mount"})]
    for change in bad:
        breaks(change)


# --- ordinary users -----------------------------------------------------------------------------
USER = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]


def give(*folders):
    """To the ordinary user, who must be able to reach them"""
    for top in folders:
        os.chown(top, 54321, 54321)
        for at, dirs, files in os.walk(top):
            for name in dirs + files:
                os.lchown(os.path.join(at, name), 54321, 54321)
        at = top
        while at != "/":
            if not os.stat(at).st_mode & 1:
                raise Skip(f"an ordinary user cannot pass {at}")
            at = os.path.dirname(at)


@test("rootless: run, exec, delete by an ordinary user")
def rootless():
    user = Runtime(ours("bh-runtime"), "user-state", USER)
    def change(c):
        c["linux"]["namespaces"].append({"type": "user"})
        c["linux"]["uidMappings"] = c["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 54321, "size": 1}]
    b = shell("{ id -u; cat /proc/self/uid_map; hostname; } >/tmp/out; echo x >/dev/null && sleep 60", change)
    give(b.path, user.root)
    user.call("run", "--detach", "--bundle", b.path, b.id)
    out = b.rootfs("tmp", "out")
    wait_for(lambda: os.path.exists(out) and "test\n" in open(out, encoding="utf-8").read(), "its output")
    equal(open(out, encoding="utf-8").read().split()[:4], ["0", "0", "54321", "1"])
    equal(user.call("exec", b.id, "sh", "-c", "id -u; readlink /proc/1/ns/pid").out.split()[0], "0")
    user.call("kill", b.id, "KILL")
    wait_for(lambda: user.status(b.id) == "stopped", "stopped")
    user.call("delete", b.id)


@test("rootless: subordinate ids by newuidmap and newgidmap")
def subordinate():
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        if not any(line.split()[4] == "/etc" for line in file):
            raise Skip("needs an /etc of the test's own (isolate.py)")
    if not any(os.path.exists(os.path.join(d, "newuidmap")) for d in environment()["PATH"].split(":")):
        raise Skip("no newuidmap here (package uidmap)")
    with open("/etc/passwd", "a", encoding="utf-8") as file:
        file.write("subordinate:x:54321:54321::/:/bin/sh\n")
    for name in ("/etc/subuid", "/etc/subgid"):
        with open(name, "a", encoding="utf-8") as file:
            file.write("subordinate:300000:1000\n")
    user = Runtime(ours("bh-runtime"), "sub-state", USER)
    def change(c):
        c["linux"]["namespaces"].append({"type": "user"})
        c["linux"]["uidMappings"] = c["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 54321, "size": 1},
                                                                 {"containerID": 1, "hostID": 300000, "size": 1000}]
        c["process"]["user"] = {"uid": 7, "gid": 8}
    b = shell("id -u; id -g; cat /proc/self/uid_map", change)
    give(b.path, user.root)
    equal(run(user, b).out.split(), ["7", "8", "0", "54321", "1", "1", "300000", "1000"])


# --- the baseline -------------------------------------------------------------------------------
@test("bh-process: the same life without namespaces")
def baseline():
    plain = Runtime(ours("bh-process"), "plain-state")
    def change(c):
        c["process"].update(cwd="/tmp", env=["PATH=/bin", "A=b"], user={"uid": 12, "gid": 13})
    b = shell("pwd; echo $A; id -u; ls /; exit 5", change)
    result = run(plain, b, ok=False)
    equal(result.status, 5)
    contains(result.out, "/tmp\nb\n12\nbin\n")
    b = Bundle(["/bin/sleep", "60"])
    plain.call("create", "--bundle", b.path, b.id)
    plain.call("start", b.id)
    pid = plain.state(b.id)["pid"]
    for name in ("pid", "mnt", "net", "uts"):
        equal(os.readlink(f"/proc/{pid}/ns/{name}"), os.readlink(f"/proc/self/ns/{name}"), name)
    equal(os.readlink(f"/proc/{pid}/root"), b.rootfs(), "root")
    equal(plain.call("exec", b.id, "pwd").out, "/\n")
    plain.call("kill", b.id, "KILL")
    wait_for(lambda: plain.status(b.id) == "stopped", "stopped")
    plain.call("delete", b.id)


@test("help, version, log, unknown words, --systemd-cgroup")
def command_line():
    contains(runtime.call("--help").out, "create")
    contains(runtime.call("--version").out, "spec: 1.")
    for name in ("create", "run", "start", "exec", "state", "kill", "delete", "list"):
        contains(runtime.call(name, "--help").out, "Usage", name)
    equal(runtime.call("nonesuch", ok=False).status, 2)
    contains(runtime.call("--systemd-cgroup", "list", ok=False).err, "systemd")
    runtime.call("state", "nonesuch", ok=False)
    last = json.loads(open(runtime.log, encoding="utf-8").readlines()[-1])
    equal(last["level"], "error")
    contains(last["msg"], "nonesuch")
    equal(signal.SIGTERM, 15)


main(__name__)
