#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 25
# Build contexts and images of somebody who wants the host: what lies in them is never followed out of them, does not
# stop the engine, and what cannot be used is refused with words.
import io
import json
import os
import stat
import tarfile

import api
import images
import services
from support import check, contains, equal, folder, main, test, wait_for

NONE = ["--network", "none"]
SECRET = "the host's secret"
shared = {}


def engine():
    if "engine" not in shared:
        shared["engine"] = services.Engine()
        shared["api"] = api.Api(shared["engine"].path)
        shared["layer"] = images.tar_of(images.make_rootfs(folder("image"), ["sh", "sleep", "true", "cat", "id", "ls", "mkfifo", "echo"]))
        with open(os.path.join(folder(), "secret"), "w", encoding="utf-8") as file:
            file.write(SECRET)
        docker("load", stdin=images.docker_archive("busybox:1", [shared["layer"]]))
    return shared["engine"]


def docker(*words, **options):
    return shared["engine"].docker(*words, **options)


def secret():
    return os.path.join(folder(), "secret")


def alive():
    engine()
    equal(shared["api"].request("GET", "/_ping").body, b"OK", "the engine's ping")
    check(shared["engine"].process.poll() is None, "the engine has ended")
    with open(secret(), encoding="utf-8") as file:
        equal(file.read(), SECRET, "the host's file")


def entry(name, kind=tarfile.REGTYPE, link="", mode=0o644, data=b"", device=(0, 0)):
    """A row for images.tar_with"""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    info.devmajor, info.devminor = device
    return info, data


def link(name, target):
    return entry(name, tarfile.SYMTYPE, target)


def text(name, data):
    return entry(name, data=data.encode() if isinstance(data, str) else data)


def build(rows, query=""):
    """POST /build of a context of ROWS; -> what was said, with an HTTP error's message"""
    engine()
    context = rows if isinstance(rows, bytes) else images.tar_with(rows)
    reply = shared["api"].request("POST", f"/build?networkmode=none&rm=1{query}", context, {"Content-Type": "application/x-tar"})
    check(reply.status < 500, f"build: {reply!r}")
    alive()
    return reply.body.decode("utf-8", "replace")


def refused(rows, query=""):
    said = build(rows, query)
    check('"error"' in said or '"message"' in said, f"not refused: {said[:400]}")
    check(SECRET not in said and "root:$" not in said and "root:*" not in said, "the host's file was told")
    return said


def load(tag, rows, config=None, words=("/bin/sh",)):
    """An image of busybox and a layer of ROWS over it"""
    engine()
    layers = [shared["layer"], images.tar_with(rows)] if rows else [shared["layer"]]
    return docker("load", stdin=images.docker_archive(tag, layers, words, config), ok=False)


@test("a Dockerfile that is a link out of the context, a pipe, a folder, a device, or not there")
def dockerfiles():
    refused([link("Dockerfile", "/etc/shadow")])
    refused([link("Dockerfile", secret())])
    refused([link("Dockerfile", "../../../../../../../../.." + secret())])
    refused([entry("Dockerfile", tarfile.FIFOTYPE)])
    refused([entry("Dockerfile", tarfile.DIRTYPE, mode=0o755)])
    refused([entry("Dockerfile", tarfile.CHRTYPE, device=(1, 5))])
    refused([text("other", "x")])
    refused([text("Dockerfile", "FROM busybox:1\n"), text("x", "y")], "&dockerfile=../../../../etc/passwd")
    refused([text("Dockerfile", "FROM busybox:1\n")], "&dockerfile=" + secret())
    refused([text("Dockerfile", b"\x00" * 100)])
    refused([text("Dockerfile", "FROM busybox:1\n" + "RUN true \\\n" * 300_000)])
    refused([text("Dockerfile", "x" * 20_000_000)])


@test("an ignore file that is a pipe or a link does not stop the engine")
def ignore_files():
    for row in (entry(".dockerignore", tarfile.FIFOTYPE), link(".dockerignore", "/proc/kmsg"), link(".dockerignore", ".dockerignore"),
                entry(".dockerignore", tarfile.DIRTYPE, mode=0o755), text(".dockerignore", "**" * 5000), text(".dockerignore", b"\xff\x00[a-\n!!!\n")):
        build([row, text("Dockerfile", "FROM busybox:1\nCOPY . /x\n")])


@test("COPY and ADD take nothing from outside of the context, and write nothing outside of the image")
def copies():
    def shown(rows, lines, path):
        said = build([text("Dockerfile", "FROM busybox:1\n" + lines)] + rows, "&t=copied:1")
        check(SECRET not in said, "told")
        if "Successfully" not in said:
            return said
        return docker("run", "--rm", *NONE, "copied:1", "cat", path, ok=False).out
    for target in (secret(), "../../../../../../../../../../.." + secret(), "/proc/self/root" + secret()):
        check(SECRET not in shown([link("x", target)], "COPY x /y\n", "/y"), f"the link {target} was followed")
        check(SECRET not in shown([link("d", os.path.dirname(target))], "COPY d/secret /y\n", "/y"), f"{target} by its folder")
        check(SECRET not in shown([entry("h", tarfile.LNKTYPE, target)], "COPY h /y\n", "/y"), f"the hard link {target}")
        check(SECRET not in shown([], f"COPY {target} /y\n", "/y"), f"COPY of {target}")
    outside = os.path.join(folder(), "outside")
    os.makedirs(outside, exist_ok=True)
    build([text("Dockerfile", f"FROM busybox:1\nRUN ln -s {outside} /way\nCOPY x /way/x\nADD x.tar /way/\nWORKDIR /way/w\nRUN echo > f\n"),
           text("x", "y"), text("x.tar", images.tar_with([text("inside", "x"), text("../../../over", "x"), link("l", outside), text("l/f", "x")]))])
    equal(os.listdir(outside), [], "written outside")


@test("contexts that are no tar, are cut, or are bombs")
def bombs():
    bomb = io.BytesIO()
    with tarfile.open(fileobj=bomb, mode="w:gz") as tar:
        info = tarfile.TarInfo("zeros")
        info.size = 50 * 2**20
        with open("/dev/zero", "rb") as zeros:
            tar.addfile(info, zeros)
    many = images.tar_with([text(f"f{n}", "") for n in range(10_000)])
    good = images.tar_with([text("Dockerfile", "FROM busybox:1\n")])
    sparse = tarfile.TarInfo("huge")
    sparse.size = 2**60
    refused(b"no tar at all" * 1000)
    refused(good[:300])
    refused(sparse.tobuf() + b"x" * 512)
    refused(b"")
    before = api.memory_of(engine().process.pid)
    build(bomb.getvalue())
    build(many)
    build(images.tar_with([text("/".join(["d"] * 2000) + "/f", "x")]))
    build(images.tar_with([text("a/../../../../../over", "x"), text(secret(), "overwritten"), text("Dockerfile", "FROM busybox:1\n")]))
    check(api.memory_of(shared["engine"].process.pid) < before + 10 * api.MEMORY, "the engine grew")


@test("images whose folders are links out of them: run, exec, cp, commit, export stay inside")
def links():
    outside = os.path.join(folder(), "links")
    os.makedirs(outside, exist_ok=True)
    up = "../" * 12
    cases = {"etc": [link("etc", up + outside.lstrip("/"))], "proc": [link("proc", outside)], "dev": [link("dev", outside)],
             "sys": [link("sys", "/")], "tmp": [link("tmp", outside)], "loop": [link("etc", "etc")],
             "files": [link("etc/hosts", outside + "/hosts"), link("etc/resolv.conf", outside + "/resolv"), link("etc/hostname", secret())],
             "null": [link("dev/null", secret()), link("dev/console", secret()), link("dev/pts", outside)]}
    for name, rows in cases.items():
        names = {row[0].name for row in rows}
        engine()
        base = tarfile.open(fileobj=io.BytesIO(shared["layer"]))
        kept = [(info, base.extractfile(info).read() if info.isreg() else b"") for info in base
                if not any(info.name == other or info.name.startswith(other + "/") for other in names)]
        loaded = docker("load", stdin=images.docker_archive(f"links-{name}:1", [images.tar_with(kept + rows)]), ok=False)
        equal(loaded.status, 0, name)
        docker("run", "-d", "--name", name, *NONE, "-v", "/data", f"links-{name}:1", "sleep", "1000", ok=False)
        for words in (["exec", name, "true"], ["exec", "-u", "user", name, "id"], ["exec", "-t", name, "true"],
                      ["cp", f"{name}:/etc/passwd", "-"], ["cp", "-", f"{name}:/etc"], ["cp", "-", f"{name}:/tmp"], ["commit", name, f"c-{name}:1"]):
            made = docker(*words, ok=False, stdin=images.tar_with([text("put", "x")]))
            check(SECRET not in made.out, f"{name} {words}")
        docker("rm", "-f", "-v", name, ok=False)
        equal(os.listdir(outside), [], f"{name}: written outside")
        alive()


@test("accounts that are a pipe, a device, a link, a folder or huge; users that are none")
def accounts():
    cases = {"pipe": [entry("etc/passwd", tarfile.FIFOTYPE)], "device": [entry("etc/passwd", tarfile.CHRTYPE, device=(1, 5))],
             "folder": [entry("etc/passwd", tarfile.DIRTYPE, mode=0o755)], "link": [link("etc/passwd", "/etc/passwd")],
             "huge": [text("etc/passwd", b"a:x:0:0::/:\n" * 400_000)], "junk": [text("etc/passwd", b"\xff:\x00:::::\n:::\nx:x:-1:-1\nx:x:99999999999:1\n")],
             "group": [entry("etc/group", tarfile.FIFOTYPE), text("etc/passwd", "x:x:77:77::/:\n")]}
    for name, rows in cases.items():
        base = tarfile.open(fileobj=io.BytesIO(engine() and shared["layer"]))
        names = {row[0].name for row in rows}
        kept = [(info, base.extractfile(info).read() if info.isreg() else b"") for info in base if info.name not in names]
        equal(docker("load", stdin=images.docker_archive(f"user-{name}:1", [images.tar_with(kept + rows)]), ok=False).status, 0, name)
        equal(docker("run", "--rm", *NONE, f"user-{name}:1", "true", timeout=10, ok=False).status in (0, 125, 126), True, name)
        docker("run", "--rm", *NONE, "-u", "user:group", f"user-{name}:1", "true", timeout=10, ok=False)
        equal(docker("run", "--rm", *NONE, "-u", "12:34", f"user-{name}:1", "true", timeout=10).status, 0, f"{name}, by numbers")
        alive()
    for user in ("nobody-here", "-1", "4294967296", "99999999999999999999", ":", "0:", ":0", "a:b:c", "0:nogroup", "\n", "x" * 10_000):
        made = docker("run", "--rm", *NONE, "-u", user, "busybox:1", "true", ok=False)
        check(made.status == 0 or made.err, f"user {user[:20]!r}")
        alive()


@test("an account file that a container made a pipe does not stop exec or the engine")
def pipe_in_container():
    engine()
    docker("run", "-d", "--name", "piped", *NONE, "busybox:1", "sh", "-c", "rm /etc/passwd; mkfifo /etc/passwd; sleep 1000 > /etc/passwd & sleep 1000")
    wait_for(lambda: stat.S_ISFIFO(os.lstat(f"/proc/{pid_of('piped')}/root/etc/passwd").st_mode), "the pipe")
    docker("exec", "-u", "0", "piped", "true", timeout=10, ok=False)
    docker("exec", "-u", "user", "piped", "true", timeout=10, ok=False)
    docker("cp", "piped:/etc/passwd", "-", timeout=10, ok=False)
    docker("commit", "piped", "piped:1", timeout=10)
    docker("rm", "-f", "piped")
    alive()


def pid_of(name):
    return json.loads(docker("inspect", name).out)[0]["State"]["Pid"]


@test("configurations of images with values of the wrong type are refused, or harmless")
def configurations():
    values = [5, "x", [None], {"a": 1}, True, [[]], None, ["x"] * 1000, 2**70]
    refusals = []
    for key in ("Env", "Cmd", "Entrypoint", "Labels", "Volumes", "ExposedPorts", "User", "WorkingDir", "StopSignal", "Healthcheck", "OnBuild", "StopTimeout"):
        for value in values:
            configuration = {"Cmd": ["true"], key: value}
            tar = images.docker_archive("typed:1", [shared["layer"]] if engine() else [], ("true",), configuration)
            loaded = shared["api"].request("POST", "/images/load?quiet=1", tar, {"Content-Type": "application/x-tar"})
            check(loaded.status < 500, f"{key} = {value!r}: {loaded!r}")
            if b'"error"' in loaded.body or loaded.status >= 400:
                refusals.append(key)
                continue
            made = shared["api"].request("POST", "/containers/create", {"Image": "typed:1", "HostConfig": {"NetworkMode": "none"}})
            check(made.status < 500, f"{key} = {value!r}: {made!r}")
            for path in ("/containers/json?all=1", "/images/typed:1/json", "/images/json", "/images/typed:1/history"):
                check(shared["api"].request("GET", path).status in (200, 404), f"{key} = {value!r}: {path}")
            if made.status == 201:
                name = made.json()["Id"]
                equal(shared["api"].request("GET", f"/containers/{name}/json").status, 200)
                shared["api"].request("POST", f"/containers/{name}/start")
                equal(shared["api"].request("DELETE", f"/containers/{name}?force=1&v=1").status, 204)
            alive()
    check(len(set(refusals)) == 12, f"refused: {sorted(set(refusals))}")


@test("all of it leaves no container, no mount and no work, and the engine ends in order")
def end():
    alive()
    docker("container", "prune", "-f")
    equal(docker("ps", "-aq").out, "")
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        left = [line for line in file if "/containers/" in line]
    equal(left, [], "mounts that stayed")
    wait_for(lambda: not os.listdir(os.path.join(shared["engine"].root, "tmp")), "work at hand is gone")
    equal(shared["engine"].stop(), 0, "the engine's end")


main(__name__)
