# SPDX-License-Identifier: Apache-2.0
# Bundles and calls of an OCI runtime, for runtime_test.py and conformance_test.py.
import itertools
import json
import os
import shutil
import subprocess
import tempfile

import support
from images import make_config, make_rootfs, write_json

NAMES = ["sh", "cat", "echo", "ls", "sleep", "true", "false", "id", "env", "pwd", "stat", "mount", "touch", "hostname", "tty",
         "readlink", "grep", "kill", "ps", "umask", "test", "mkdir", "dd", "date", "mknod", "head", "chmod", "domainname", "rm",
         "wc", "seq", "unshare", "ln", "cut", "uname", "ip"]
counter = itertools.count(1)


class Runtime:
    """One OCI runtime program with a root of its own"""

    def __init__(self, program, name, prefix=()):
        self.program, self.prefix = program, list(prefix)
        self.root = support.folder(name)
        self.log = os.path.join(support.folder(), name + ".log")

    def command(self, *words):
        return [*self.prefix, self.program, "--root", self.root, "--log", self.log, "--log-format", "json", *words]

    def call(self, *words, **options):
        if words[0] == "create" or "--detach" in words:
            return self.leave(*words, **options)
        return support.run(self.command(*words), **options)

    def leave(self, *words, ok=True):
        """A call whose container goes on with the standard streams, which are files so that nobody waits for it"""
        command = self.command(*words)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, timeout=30,
                                    env=support.environment(), check=False).returncode
            out.seek(0)
            err.seek(0)
            result = support.Result(command, status, out.read().decode(), err.read().decode())
        if ok and status != 0:
            raise AssertionError(repr(result))
        return result

    def state(self, name):
        return json.loads(self.call("state", name).out)

    def status(self, name):
        return self.state(name)["status"]

    def delete(self, name):
        self.call("delete", "--force", name, ok=False)


class Bundle:
    """A folder with config.json and rootfs; `config` is changed before write()"""

    def __init__(self, words, change=None, rootfs=True):
        self.path = support.folder(f"bundle{next(counter)}")
        self.id = f"c{os.getpid()}-{next(counter)}"
        if rootfs:
            make_rootfs(self.rootfs(), NAMES)
        self.config = make_config(words)
        self.config["linux"]["namespaces"].append({"type": "cgroup"})
        if change:
            change(self.config)
        self.write()

    def rootfs(self, *parts):
        return os.path.join(self.path, "rootfs", *parts)

    def write(self):
        write_json(os.path.join(self.path, "config.json"), self.config)

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


def shell(text, change=None):
    """A bundle that runs a shell line"""
    return Bundle(["/bin/sh", "-c", text], change)


def run(runtime, bundle, ok=True, **options):
    """`run` to its end; -> Result"""
    result = runtime.call("run", "--bundle", bundle.path, bundle.id, ok=ok, **options)
    return result


def output(runtime, text, change=None):
    """What a shell line prints in a container"""
    bundle = shell(text, change)
    try:
        return run(runtime, bundle).out
    finally:
        bundle.remove()


def fails(runtime, bundle, *parts):
    """`run` fails, each of PARTS is in its message, and nothing of the container stays"""
    result = run(runtime, bundle, ok=False)
    support.check(result.status != 0, f"it ran: {result}")
    for part in parts:
        support.contains(result.err, part, "message")
    support.check(not os.path.exists(os.path.join(runtime.root, bundle.id)), "the state stays")
    bundle.remove()
    return result


def hook(path, **more):
    return {"path": path, **more}


def script(bundle, name, text):
    """An executable shell script on the host; -> its path"""
    path = os.path.join(bundle.path, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\n" + text + "\n")
    os.chmod(path, 0o755)
    return path
