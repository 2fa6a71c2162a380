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
    shutil.rmtree(FOLDER, ignore_errors=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
