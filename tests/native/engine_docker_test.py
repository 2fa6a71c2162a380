#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 25
# The commands of `docker --help`, by Debian's client and by a current one: what each prints, and that both understand it.
import json
import os
import time

import images
import services
from support import Skip, check, contains, equal, folder, main, peer, start, stop, test, wait_for

NONE = ["--network", "none"]
CURRENT = "/usr/local/bin/docker"  # where there is one
shared = {}


def clients():
    """(name, path) of each"""
    found = [("debian", peer("docker"))]
    if os.path.exists(CURRENT):
        found.append(("current", CURRENT))
    return found


def engine():
    if "engine" not in shared:
        shared["engine"] = services.Engine()
        shared["layer"] = images.tar_of(images.make_rootfs(folder("image")))
        docker("load", stdin=images.docker_archive("busybox:1", [shared["layer"]], config={"Labels": {"kind": "base"}}))
        docker("tag", "busybox:1", "other/name:2")
    return shared["engine"]


def docker(*words, **options):
    return shared["engine"].docker(*words, **options)


def each(function):
    """Calls FUNCTION(docker, name) with each client's command"""
    engine()
    for name, path in clients():
        def call(*words, _path=path, **options):
            return shared["engine"].docker(*words, client=_path, **options)
        try:
            function(call, name)
        except AssertionError as error:
            raise AssertionError(f"with the {name} client: {error}") from error


def rows(result):
    """Of --format with JSON, a line each or one list"""
    text = result.out.strip()
    return json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]


JSON = ["--format", "{{json .}}"]


@test("version and info name client and server")
def version():
    def one(docker, _name):
        contains(docker("version").out, "Server")
        equal(docker("version", "--format", "{{.Server.Os}}/{{.Server.Arch}}").out, "linux/amd64\n")
        found = json.loads(docker("info", *JSON).out)
        equal((found["Driver"], found["CgroupDriver"], found["Swarm"]["LocalNodeState"]), ("overlay2", "cgroupfs", "inactive"))
        for name in ("container", "process", "partition"):
            check(name in found["Runtimes"] or name == "partition", f"runtimes: {found['Runtimes']}")
        text = docker("info").out
        for words in ("Storage Driver: overlay2", "Logging Driver: json-file", "Default Runtime: container", "Docker Root Dir:", "Swarm: inactive"):
            contains(text, words)
    each(one)


@test("system df tells sizes of images, containers and volumes; system prune frees what nobody uses")
def system():
    def one(docker, name):
        docker("volume", "create", "big")
        docker("run", "--name", "writer", *NONE, "-v", "big:/big", "busybox:1", "sh", "-c",
               "dd if=/dev/zero of=/big/file bs=1000 count=3000; dd if=/dev/zero of=/file bs=1000 count=2000")
        text = docker("system", "df").out
        for words in ("Images", "Containers", "Local Volumes", "Build Cache"):
            contains(text, words)
        contains(text, "3MB")
        contains(text, "2MB")
        details = docker("system", "df", "-v").out
        contains(details, "big")
        contains(details, "writer")
        found = {row["Type"]: row for row in rows(docker("system", "df", *JSON))}
        equal((found["Containers"]["TotalCount"], found["Images"]["Active"], found["Local Volumes"]["Active"]), ("1", "1", "1"), name)
        line = docker("ps", "-a", "-s", "--format", "{{.Size}}").out
        contains(line, "2MB (virtual ")
        equal(json.loads(docker("inspect", "-s", "writer").out)[0]["SizeRw"], 2_000_000)
        docker("network", "create", "unused", "--internal")
        contains(docker("system", "prune", "-f", "--volumes").out, "Total reclaimed space")
        equal(docker("ps", "-aq").out, "")
        check("unused" not in docker("network", "ls").out, "the network stays")
        docker("volume", "rm", "-f", "big")
    each(one)


@test("images: filters, formats, digests, tree of names, history, inspect by format")
def image_commands():
    def one(docker, _name):
        equal(sorted(docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").out.split()), ["busybox:1", "other/name:2"])
        equal(docker("images", "-q", "--filter", "label=kind=base", "--no-trunc").out.split()[0][:7], "sha256:")
        equal(docker("images", "-q", "--filter", "label=kind=none").out, "")
        equal(docker("images", "-q", "--filter", "dangling=true").out, "")
        equal(docker("images", "--filter", "reference=other/*", "--format", "{{.Tag}}").out, "2\n")
        equal(docker("images", "-q", "--filter", "before=busybox:1").out, "")
        equal(docker("images", "-q", "--filter", "since=busybox:1").out, "")
        equal(rows(docker("images", *JSON))[0]["Digest"], "<none>")
        contains(docker("images", "--digests").out, "DIGEST")
        check(docker("images", "--filter", "nothing=1", ok=False).status != 0, "an unknown filter was taken")
        contains(docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", "busybox:1").out, "test")
        equal(docker("image", "inspect", "-f", "{{.Os}}/{{.Architecture}} {{index .Config.Labels \"kind\"}}", "busybox:1").out, "linux/amd64 base\n")
        contains(docker("inspect", "--type", "image", "busybox:1").out, '"RootFS"')
    each(one)


@test("search is refused with words; so are swarm, plugins and secrets")
def refused():
    def one(docker, _name):
        made = docker("search", "busybox", ok=False)
        check(made.status != 0 and "search" in made.err, repr(made))
        for words in (["swarm", "init"], ["node", "ls"], ["service", "ls"], ["secret", "ls"], ["config", "ls"], ["plugin", "ls"], ["stack", "ls"]):
            made = docker(*words, ok=False)
            check(made.status == 0 or made.err.strip(), repr(made))
    each(one)


@test("run -d, ps with filters and formats, inspect, logs, top, stats, port, rename, update, pause, wait, stop, rm")
def life():
    def one(docker, _name):
        docker("run", "-d", "--name", "one", *NONE, "--label", "a=b", "-e", "X=y", "busybox:1", "sh", "-c", "echo out; echo err >&2; exec sleep 1000")
        for words in (["name=one"], ["label=a=b"], ["status=running"], ["ancestor=busybox:1"], ["network=none"]):
            equal(docker("ps", "--filter", *words, "--format", "{{.Names}}").out, "one\n", f"ps --filter {words}")
        equal(docker("ps", "-q", "--filter", "label=a=c").out, "")
        row = rows(docker("ps", *JSON))[0]
        equal((row["Names"], row["Image"], row["State"]), ("one", "busybox:1", "running"))
        equal(docker("ps", "-n", "1", "-q").out, docker("ps", "-l", "-q").out)
        equal(docker("inspect", "-f", "{{.State.Status}} {{.Config.Image}} {{.HostConfig.NetworkMode}}", "one").out, "running busybox:1 none\n")
        wait_for(lambda: docker("logs", "one").out == "out\n", "its log")
        made = docker("logs", "--timestamps", "--tail", "1", "--since", "1h", "one")
        contains(made.out + made.err, "T")
        equal(docker("logs", "--until", "2001-01-01T00:00:00Z", "one").out, "")
        contains(docker("top", "one").out, "sleep 1000")
        contains(docker("top", "one", "-o", "pid,comm").out, "sleep")
        contains(docker("stats", "--no-stream", "one").out, "one")
        equal(rows(docker("stats", "--no-stream", *JSON))[0]["Name"], "one")
        equal(docker("port", "one").out, "")
        docker("rename", "one", "two")
        contains(docker("ps").out, "two")
        equal(docker("rename", "two", "busy box", ok=False).status, 1)
        docker("update", "--restart", "unless-stopped", "two")
        equal(docker("inspect", "-f", "{{.HostConfig.RestartPolicy.Name}}", "two").out, "unless-stopped\n")
        docker("update", "--restart", "no", "two")
        docker("pause", "two")
        contains(docker("ps").out, "(Paused)")
        equal(docker("pause", "two", ok=False).status, 1, "paused twice")
        docker("unpause", "two")
        equal(docker("kill", "-s", "NOSUCH", "two", ok=False).status, 1)
        docker("restart", "-t", "0", "two")
        equal(docker("stop", "-t", "0", "two").out, "two\n")
        equal(docker("wait", "two").out, "137\n")
        contains(docker("ps", "-a", "--filter", "exited=137").out, "Exited (137)")
        docker("start", "two")
        equal(docker("rm", "two", ok=False).status, 1, "removed while it runs")
        equal(docker("rm", "-f", "two").out, "two\n")
        equal(docker("inspect", "two", ok=False).status, 1)
    each(one)


@test("exec, attach, cp, diff, export, commit, create and start -a")
def inside():
    def one(docker, name):
        docker("run", "-d", "--name", "in", *NONE, "busybox:1", "sleep", "1000")
        equal(docker("exec", "-e", "A=b", "-w", "/tmp", "in", "sh", "-c", "echo $A; pwd").out, "b\n/tmp\n")
        equal(docker("exec", "-u", "user", "in", "id", "-u").out, "1000\n")
        equal(docker("exec", "in", "sh", "-c", "exit 7", ok=False).status, 7)
        equal(docker("exec", "-i", "in", "cat", stdin="given").out, "given")
        docker("exec", "-d", "in", "touch", "/made")
        wait_for(lambda: docker("exec", "in", "ls", "/made", ok=False).status == 0, "a detached exec")
        equal(docker("exec", "in", "/nobody", ok=False).status in (126, 127), True)
        source = os.path.join(folder(f"cp-{name}"), "file")
        with open(source, "w", encoding="utf-8") as file:
            file.write("copied")
        docker("cp", source, "in:/root/")
        equal(docker("exec", "in", "cat", "/root/file").out, "copied")
        docker("cp", "in:/root/file", source + ".back")
        with open(source + ".back", encoding="utf-8") as file:
            equal(file.read(), "copied")
        docker("cp", "in:/etc", folder(f"cp-{name}", "tree"))
        check(os.path.exists(os.path.join(folder(f"cp-{name}"), "tree", "etc", "passwd")), "a tree")
        check(docker("cp", "in:/nobody", source, ok=False).status != 0, "what is not there was copied")
        contains(docker("diff", "in").out, "A /root/file")
        target = os.path.join(folder(f"cp-{name}"), "all.tar")
        docker("export", "-o", target, "in")
        check(os.path.getsize(target) > 100_000, "a small export")
        contains(docker("import", target, f"imported-{name}:1").out, "sha256:")
        contains(docker("commit", "-m", "m", "in", f"made-{name}:1").out, "sha256:")
        docker("rm", "-f", "in")
        docker("create", "--name", "made", "-i", *NONE, "busybox:1", "cat")
        equal(docker("start", "-a", "-i", "made", stdin="words").out, "words")
        docker("rm", "made")
        docker("rmi", f"imported-{name}:1", f"made-{name}:1")
        target = os.path.join(folder(f"cp-{name}"), "save.tar")
        docker("save", "-o", target, "busybox:1", "other/name:2")
        contains(docker("load", "-i", target).out, "Loaded image: busybox:1")
    each(one)


@test("--security-opt apparmor= and label= reach the runtime, and inspect shows them; without them there is no profile")
def security():
    engine()
    if os.path.exists("/sys/module/apparmor") or os.path.exists("/sys/fs/selinux/enforce"):
        raise Skip("this kernel has AppArmor or SELinux, and profiles of its own")
    refused = docker("run", "--name", "armor", *NONE, "--security-opt", "apparmor=nosuch", "busybox:1", "true", ok=False)
    contains(refused.err, 'process.apparmorProfile is "nosuch"')
    equal(docker("inspect", "--format", "{{.AppArmorProfile}}", "armor").out, "nosuch\n")
    label = [word for part in ("user:u", "role:r", "type:t", "level:s0:c1,c2") for word in ("--security-opt", "label=" + part)]
    contains(docker("run", "--name", "labelled", *NONE, *label, "busybox:1", "true", ok=False).err, "process.selinuxLabel is set")
    equal(docker("inspect", "--format", "{{.ProcessLabel}} {{.MountLabel}}", "labelled").out, "u:r:t:s0:c1,c2 u:object_r:t:s0:c1,c2\n")
    contains(docker("create", "--security-opt", "label=colour:red", "busybox:1", ok=False).err, "label=colour:red")
    docker("rm", "armor", "labelled")
    equal(docker("run", "--rm", *NONE, "--security-opt", "apparmor=unconfined", "--security-opt", "label=disable", "busybox:1", "echo", "yes").out, "yes\n")


@test("volumes and networks: create, ls with filters, inspect, prune, rm")
def volumes():
    def one(docker, _name):
        equal(docker("volume", "create", "--label", "a=b", "vol").out, "vol\n")
        equal(docker("volume", "ls", "-q", "--filter", "label=a=b").out, "vol\n")
        equal(docker("volume", "ls", "-q", "--filter", "name=nothing").out, "")
        equal(docker("volume", "ls", "-q", "--filter", "dangling=true").out, "vol\n")
        equal(rows(docker("volume", "ls", *JSON))[0]["Driver"], "local")
        equal(json.loads(docker("volume", "inspect", "vol").out)[0]["Labels"], {"a": "b"})
        docker("run", "--rm", *NONE, "-v", "vol:/data", "busybox:1", "touch", "/data/x")
        equal(docker("run", "--rm", *NONE, "--mount", "type=volume,src=vol,dst=/data,readonly", "busybox:1", "ls", "/data").out, "x\n")
        docker("create", "--name", "user", "-v", "vol:/data", *NONE, "busybox:1")
        equal(docker("volume", "rm", "vol", ok=False).status, 1, "removed in use")
        docker("rm", "user")
        equal(docker("volume", "rm", "vol").out, "vol\n")
        docker("volume", "create")
        contains(docker("volume", "prune", "-f").out, "Total reclaimed space")
        equal(docker("volume", "ls", "-q").out, "")
        docker("network", "create", "--label", "a=b", "--internal", "net")
        equal(docker("network", "ls", "--filter", "label=a=b", "--format", "{{.Name}} {{.Driver}} {{.Internal}}").out, "net bridge true\n")
        equal(sorted(docker("network", "ls", "--filter", "type=builtin", "--format", "{{.Name}}").out.split()), ["bridge", "host", "none"])
        equal(json.loads(docker("network", "inspect", "net").out)[0]["Internal"], True)
        contains(docker("network", "prune", "-f").out, "net")
        equal(docker("network", "rm", "none", ok=False).status, 1)
    each(one)


@test("published ports are shown by port, ps and inspect")
def ports():
    def one(docker, _name):
        port = services.free_port()
        docker("run", "-d", "--name", "served", "-p", f"127.0.0.1:{port}:80", "busybox:1", "sleep", "1000")
        contains(docker("port", "served").out, f"80/tcp -> 127.0.0.1:{port}")
        equal(docker("port", "served", "80").out, f"127.0.0.1:{port}\n")
        contains(docker("ps").out, f"127.0.0.1:{port}->80/tcp")
        docker("rm", "-f", "served")
    each(one)


@test("events: what happens is told as it happens, and afterwards with since, until and filters")
def events():
    def one(docker, name):
        begin = time.time()
        path = dict(clients())[name]
        listener = start([path, "-H", shared["engine"].host, "events", "--format", "{{.Type}} {{.Action}}"], log=f"events-{name}.log")
        time.sleep(0.3)
        docker("run", "--rm", "--name", "told", *NONE, "busybox:1", "true")
        docker("volume", "create", "told")
        docker("volume", "rm", "told")

        def seen():
            with open(listener.log, encoding="utf-8") as file:
                return file.read()
        wait_for(lambda: "volume destroy" in seen(), "events")
        for words in ("container create", "container start", "container die", "container destroy", "volume create"):
            contains(seen(), words)
        stop(listener)
        past = ["--since", f"{begin:.3f}", "--until", f"{time.time():.3f}"]
        contains(docker("events", *past, "--filter", "container=told", "--filter", "event=die").out, "exitCode=0")
        equal(docker("events", *past, "--filter", "type=network", "--filter", "event=destroy").out, "")
        found = rows(docker("events", *past, "--filter", "event=create", *JSON))
        equal({row["Type"] for row in found}, {"container", "volume"})
    each(one)


@test("container, image and builder prune with filters")
def prunes():
    def one(docker, _name):
        docker("create", "--name", "kept", "--label", "keep=1", *NONE, "busybox:1")
        docker("create", "--name", "gone", *NONE, "busybox:1")
        check("kept" not in docker("container", "prune", "-f", "--filter", "label=none").out, "pruned by a label it has not")
        for kind in ("container", "image", "network", "volume"):
            check(docker(kind, "prune", "-f", "--filter", "nothing=1", ok=False).status != 0, f"{kind} prune with a filter it does not know")
            check(docker(kind, "prune", "-f", "--filter", "until=yesterday", ok=False).status != 0, f"{kind} prune until nobody knows when")
        docker("volume", "create", "--label", "keep", "kept")
        docker("network", "create", "--internal", "--label", "keep", "kept")
        for kind in ("container", "image", "network", "volume"):
            docker(kind, "prune", "-f", "--filter", "label!=keep")
        equal(docker("volume", "rm", "kept").out, "kept\n")
        equal(docker("network", "rm", "kept").out, "kept\n")
        equal(docker("ps", "-a", "--format", "{{.Names}}").out, "kept\n")
        docker("container", "prune", "-f", "--filter", "until=10m")
        equal(docker("ps", "-a", "--format", "{{.Names}}").out, "kept\n", "younger than 10 minutes")
        docker("container", "prune", "-f")
        equal(docker("ps", "-aq").out, "")
        contains(docker("image", "prune", "-f").out, "Total reclaimed space: 0B")
        contains(docker("builder", "prune", "-f").out, "0B")
    each(one)


@test("the engine ends in order")
def end():
    if "engine" not in shared:
        raise Skip("it was not started")
    equal(shared["engine"].stop(), 0)


main(__name__)
