#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# bh-partition without a hypervisor: its command line, its manual page, what is refused before any is needed, and that a failed creation leaves nothing.
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import images  # noqa: E402  pylint: disable=wrong-import-position

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
PROGRAM = os.path.join(BUILD, "bin", "bh-partition")
FOLDER = os.path.join(BUILD, "native", "partition")
STATE = os.path.join(FOLDER, "state")
LOCK = "/run/bh.lock"
LOG = os.path.join(FOLDER, "log")
passed, failed = 0, 0


def check(name, is_true, detail=""):
    global passed, failed
    if is_true:
        passed += 1
        print(f"ok - {name}")
    else:
        failed += 1
        print(f"not ok - {name}: {detail}")


def run(*words):
    done = subprocess.run([PROGRAM, "--root", STATE, "--log", LOG, "--log-format", "json", *words], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, timeout=30, check=False)
    return done.returncode, done.stdout, done.stderr


def says(name, status, text, *words):
    code, _, errors = run(*words)
    check(name, code == status and text in errors, f"status {code}: {errors.strip()}")


def bundle(**changes):
    folder = os.path.join(FOLDER, "bundle")
    os.makedirs(os.path.join(folder, "rootfs", "bin"), exist_ok=True)
    config = {"ociVersion": "1.0.2", "root": {"path": "rootfs"}, "process": {"args": ["/bin/x"], "cwd": "/"},
              "linux": {"namespaces": [{"type": "network"}]}}
    config.update(changes)
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)
    return folder


def test_words():
    code, output, _ = run("--help")
    check("help", code == 0 and output.startswith("Usage: bh-partition"))
    with open(os.path.join(ROOT, "guest/partition/bh-partition.8"), encoding="utf-8") as file:
        page = file.read().replace("\\-", "-")
    missing = [word for word in set(re.findall(r"--[a-z][a-z-]*", output)) if word not in page]
    check("manual page names every option", not missing, missing)
    code, output, _ = run("--version")
    check("version", code == 0 and output.startswith("bh-partition version "))
    code, output, _ = run("features")
    check("features are JSON", code == 0 and json.loads(output)["annotations"]["bulkhead.runtime"] == "partition")
    says("no command", 2, "Usage:")
    says("no such command", 2, "no such command: nonsense", "nonsense")
    says("no such option", 2, "no such option: --nonsense", "create", "--nonsense", "x")
    says("an option without its value", 2, "a value is missing", "create", "--bundle")
    says("no ID", 2, "an ID is missing", "create")
    says("update", 1, "stay as they are", "update", "--memory", "1", "x")


def test_refused():
    says("an ID with a slash", 1, "is no ID", "create", "--bundle", bundle(), "../x")
    says("an ID of dots", 1, "is no ID", "create", "--bundle", bundle(), "..")
    says("no bundle", 1, "No such file", "create", "--bundle", FOLDER + "/none", "x")
    says("no root", 1, "no root.path", "create", "--bundle", bundle(root={}), "x")
    says("a terminal for nobody", 1, "--console-socket", "create", "--bundle",
         bundle(process={"args": ["a"], "terminal": True}), "x")
    says("the host's network", 1, "host's network", "create", "--bundle", bundle(linux={}), "x")
    says("a folder to be written", 1, "mount it read-only", "create", "--bundle",
         bundle(mounts=[{"destination": "/v", "type": "bind", "source": "/tmp", "options": ["rbind"]}]), "x")
    says("CPUs that there are not", 1, "more than 64 CPUs", "create", "--bundle",
         bundle(linux={"namespaces": [{"type": "network"}], "resources": {"cpu": {"quota": 10 ** 15}}}), "x")
    for words in (["start", "x"], ["state", "x"], ["kill", "x"], ["delete", "x"], ["exec", "x", "ls"], ["pause", "x"]):
        says(f"{words[0]} of none", 1, "does not exist", *words)
    says("delete --force of none", 0, "", "delete", "--force", "x")
    says("no signal", 1, "is no signal", "kill", "x", "SIGNONE")


def has_device():
    for vendor in glob.glob("/sys/bus/pci/devices/*/vendor"):
        with open(vendor, encoding="ascii") as one, open(os.path.dirname(vendor) + "/device", encoding="ascii") as other:
            if (one.read().strip(), other.read().strip()) == ("0x1234", "0x4248"):
                return True
    return False


def test_without_hypervisor():
    if has_device():
        print("skip - creation without a hypervisor # there is one here")
        return
    was_there = os.path.exists(LOCK)
    says("no hypervisor", 1, "management partition only", "create", "--bundle", bundle(), "x")
    check("nothing is left", os.listdir(STATE) == [], os.listdir(STATE))
    with open(LOG, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    check("the log has it, as JSON", any("management device" in line["msg"] and line["level"] == "error" for line in lines))
    code, output, _ = run("list", "--format", "json")
    check("nothing is listed", code == 0 and output == "null\n", output)
    if not was_there and os.path.exists(LOCK):
        os.unlink(LOCK)


def leave(*words):
    """As run(), of a command that leaves a process with the standard streams"""
    with open(os.path.join(FOLDER, "out"), "w+", encoding="utf-8") as file:
        code = subprocess.run([PROGRAM, "--root", STATE, "--log", LOG, "--log-format", "json", *words], stdin=subprocess.DEVNULL,
                              stdout=file, stderr=file, timeout=30, check=False).returncode
        file.seek(0)
        return code, file.read()


def sandbox_bundle():
    folder = bundle(annotations={"io.kubernetes.cri.container-type": "sandbox"}, root={"path": "rootfs"},
                    process={"args": ["/bin/busybox", "sleep", "1000"], "cwd": "/", "user": {"uid": 0, "gid": 0}},
                    linux={"namespaces": [{"type": kind} for kind in ("network", "ipc", "uts", "pid", "mount")]})
    shutil.copy(images.busybox(), os.path.join(folder, "rootfs/bin/busybox"))
    return folder


# A pod's sandbox is bh-runtime's, by the same commands, and needs no hypervisor.
def test_sandbox():
    folder = sandbox_bundle()
    pid_file = os.path.join(FOLDER, "pid")
    code, errors = leave("create", "--bundle", folder, "--pid-file", pid_file, "pod")
    check("a sandbox is created", code == 0, errors)
    code, output, _ = run("state", "pod")
    state = json.loads(output or "{}")
    check("its state", code == 0 and state["status"] == "created", output)
    with open(f"/proc/{state['pid']}/comm", encoding="ascii") as comm, open(pid_file, encoding="ascii") as pid:
        check("it is a process here, of bh-runtime", comm.read().startswith("bh-") and int(pid.read()) == state["pid"])
    check("a sandbox is started", run("start", "pod")[0] == 0)
    says("a partition of its ID", 1, "sandbox of this ID", "create", "--bundle", bundle(), "pod")
    code, output, _ = run("list", "--format", "json")
    check("list has it", code == 0 and [(row["id"], row["status"]) for row in json.loads(output)] == [("pod", "running")], output)
    code, output, _ = run("exec", "pod", "/bin/busybox", "echo", "inside")
    check("exec in it", code == 0 and output == "inside\n", output)
    code, output, _ = run("ps", "--format", "json", "pod")
    check("its processes", code == 0 and json.loads(output) == [state["pid"]], output)
    says("a sandbox that runs is not deleted", 1, "", "delete", "pod")
    check("kill", run("kill", "--all", "pod", "9")[0] == 0)
    for _ in range(200):
        if json.loads(run("state", "pod")[1])["status"] == "stopped":
            break
        time.sleep(0.02)
    check("delete", run("delete", "pod")[0] == 0)
    says("it is gone", 1, "does not exist", "state", "pod")
    code, output, _ = run("list", "--quiet")
    check("nothing is listed again", code == 0 and output == "", output)


def in_namespace(space, command):
    return subprocess.run(["nsenter", "-t", str(space.pid), "-n", "sh", "-c", command], capture_output=True, text=True, check=False).stdout


# The card of a namespace stays as it is when a partition takes its place, but for ARP: the next one finds the same.
def test_card():
    if has_device():
        print("skip - a card without a hypervisor # there is one here")
        return
    with subprocess.Popen(["unshare", "-n", "sleep", "100"]) as space:
        own = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{space.pid}/ns/net") == own:
            time.sleep(0.01)
        in_namespace(space, "ip link add eth0 mtu 1400 type veth peer name other; ip link set other up; ip link set eth0 up; "
                            "ip addr add 10.99.0.2/24 dev eth0; ip route add default via 10.99.0.1")
        before = in_namespace(space, "ip -4 addr show eth0 | tail -n 2; ip route")
        folder = bundle(linux={"namespaces": [{"type": "network", "path": f"/proc/{space.pid}/ns/net"}]})
        says("a partition in a namespace", 1, "management partition only", "create", "--bundle", folder, "x")
        check("the card answers no ARP", "NOARP" in in_namespace(space, "ip link show eth0"))
        check("it keeps address and routes", before == in_namespace(space, "ip -4 addr show eth0 | tail -n 2; ip route")
              and "default via 10.99.0.1" in before, before)
        hold = "import socket, time; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind('\\0bulkhead-partition'); print(); time.sleep(100)"
        with subprocess.Popen(["nsenter", "-t", str(space.pid), "-n", sys.executable, "-uc", hold], stdout=subprocess.PIPE) as holder:
            holder.stdout.readline()
            says("a second one", 1, "a pod of partitions has one container", "create", "--bundle", folder, "x")
            holder.kill()
        says("its successor", 1, "management partition only", "create", "--bundle", folder, "x")
        space.kill()


def main():
    if not os.path.exists(PROGRAM):
        print(f"skip - bh-partition # {PROGRAM} is not built")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.makedirs(FOLDER)
    test_words()
    test_refused()
    test_without_hypervisor()
    test_sandbox()
    test_card()
    shutil.rmtree(FOLDER, ignore_errors=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
