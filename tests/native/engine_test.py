#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# bh-engine by the stock docker client and by raw HTTP: containers from create to rm, wrong requests, kill -9.
import json
import os
import shutil
import signal
import socket
import subprocess
import time

import images
from support import Skip, check, contains, equal, folder, main, ours, peer, run, socket_path, start, stop, test, wait_for

ROOT, RUN = folder("root"), folder("run")
SOCKET = socket_path("d.sock")
NET = ["--network", "none"]
engine = None


def begin():
    """The engine, with one image loaded the first time"""
    global engine
    for name in ("bh-monitor", "bh-image", "bh-runtime"):
        ours(name)
    if engine is None:
        engine = start([ours("bh-engine"), "--root", ROOT, "--run", RUN, "--host", "unix://" + SOCKET],
                       log=os.path.join(folder(), "engine.log"))
        wait_for(lambda: api("GET", "/_ping")[0] == 200, "the engine answers", process=engine)
    if api("GET", "/images/bb/json")[0] != 200:
        archive = os.path.join(folder(), "bb.tar")
        with open(archive, "wb") as file:
            file.write(images.docker_archive("bb:latest", [images.tar_of(images.make_rootfs(folder("rootfs")))]))
        contains(docker("load", "-i", archive).out, "Loaded image: bb:latest")


def client():
    for path in ("/usr/local/bin/docker", "/usr/bin/docker"):
        if os.path.exists(path):
            return path
    return peer("docker")


def docker(*words, ok=True, stdin=None, timeout=20, program=None):
    begin_once = engine is None
    if begin_once:
        begin()
    return run([program or client(), "--host", "unix://" + SOCKET, *words], ok=ok, stdin=stdin, timeout=timeout)


def connect():
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(10)
    for _ in range(100):
        try:
            connection.connect(SOCKET)
            return connection
        except OSError:
            time.sleep(0.02)
    raise AssertionError("no connection to " + SOCKET)


def raw(data, until=None):
    """Sends bytes; -> all that comes until the engine closes, or until UNTIL is in it"""
    with connect() as connection:
        connection.sendall(data)
        got = b""
        while until is None or until not in got:
            try:
                part = connection.recv(65536)
            except ConnectionResetError:
                break  # closed with some of ours unread
            if not part:
                break
            got += part
        return got


def api(method, path, body=None, headers=""):
    """-> status, what JSON says or the text"""
    data = b"" if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
    try:
        answer = raw(f"{method} {path} HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Type: application/json\r\n"
                     f"{headers}Content-Length: {len(data)}\r\n\r\n".encode() + data)
    except (OSError, AssertionError):
        return 0, ""
    head, _, rest = answer.partition(b"\r\n\r\n")
    status = int(head.split()[1]) if head else 0
    if b"chunked" in head:
        text, rest = rest, b""
        while text:
            size, _, text = text.partition(b"\r\n")
            rest, text = rest + text[:int(size, 16)], text[int(size, 16) + 2:]
    try:
        return status, json.loads(rest)
    except ValueError:
        return status, rest.decode(errors="replace")


def remove_all():
    ids = docker("ps", "-aq").out.split()
    if ids:
        docker("rm", "-f", *ids)


@test("ping, version and info")
def _():
    begin()
    answer = raw(b"HEAD /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n")
    for header in (b"Api-Version: 1.50", b"Builder-Version: 1", b"Docker-Experimental: false", b"Ostype: linux"):
        contains(answer, header)
    contains(docker("version").out, "1.50 (minimum version 1.24)")
    contains(docker("info").out, "Default Runtime: container")


@test("versions: 1.24 to 1.50 are served, others refused in words")
def _():
    begin()
    equal([api("GET", f"/v{v}/version")[0] for v in ("1.24", "1.41", "1.50", "1.51", "1.23", "9.99")], [200, 200, 200, 400, 400, 400])
    contains(api("GET", "/v1.99/info")[1]["message"], "too new")


@test("run: output, exit codes, stdin")
def _():
    begin()
    equal(docker("run", "--rm", *NET, "bb", "echo", "hello").out, "hello\n")
    result = docker("run", "--rm", *NET, "bb", "sh", "-c", "echo e >&2; exit 7", ok=False)
    equal((result.status, result.err), (7, "e\n"))
    equal(docker("run", "--rm", *NET, "bb", "sh", "-c", "kill -9 $$", ok=False).status in (0, 137), True)
    result = docker("run", "--rm", *NET, "bb", "nonexistent", ok=False)
    equal(result.status, 127)
    contains(result.err, "not found")
    equal(docker("run", "-i", "--rm", *NET, "bb", "cat", stdin="in\n").out, "in\n")
    equal(docker("ps", "-aq").out, "")


@test("create, start, ps, inspect, wait, logs, rm")
def _():
    begin()
    identity = docker("run", "-d", "--name", "c1", *NET, "-e", "A=b", "--label", "x=y", "bb", "sh", "-c",
                      "echo out; echo err >&2; exit 3").out.strip()
    equal(docker("wait", "c1").out, "3\n")
    view = json.loads(docker("inspect", "c1").out)[0]
    equal((view["Id"], view["Name"], view["State"]["Status"], view["State"]["ExitCode"]), (identity, "/c1", "exited", 3))
    contains(view["Config"]["Env"], "A=b")
    equal(docker("logs", "c1").out, "out\n")
    equal(docker("logs", "c1").err, "err\n")
    equal(docker("logs", "--tail", "0", "c1").out, "")
    contains(docker("logs", "-t", "c1").out, "T")
    equal(docker("ps", "-a", "--filter", "label=x=y", "--format", "{{.Names}}").out, "c1\n")
    equal(docker("ps", "-a", "--filter", "exited=4", "-q").out, "")
    equal(docker("run", "--name", "c1", *NET, "bb", "true", ok=False).status, 125)
    docker("rename", "c1", "c2")
    docker("rm", "c2")
    equal(docker("inspect", "c2", ok=False).status, 1)


@test("flags reach the container")
def _():
    begin()
    out = docker("run", "--rm", *NET, "-u", "user", "-w", "/tmp", "--hostname", "hh", "--read-only", "--tmpfs", "/run:size=1m",
                 "-v", "data:/data", "--ulimit", "nofile=64:64", "bb", "sh", "-c",
                 "id -u; pwd; hostname; ulimit -n; touch /x 2>&1; grep -c ' /run tmpfs' /proc/mounts").out
    equal(out.split("\n")[:4], ["1000", "/tmp", "hh", "64"])
    contains(out, "Read-only file system")
    contains(docker("run", "--rm", *NET, "bb", "grep", "Seccomp:", "/proc/self/status").out, "2")
    caps = docker("run", "--rm", *NET, "--cap-drop", "ALL", "--cap-add", "chown", "bb", "grep", "CapEff", "/proc/self/status").out
    contains(caps, "0000000000000001")
    docker("run", "--rm", *NET, "-v", "data:/data", "bb", "sh", "-c", "echo kept > /data/f")
    equal(docker("run", "--rm", *NET, "-v", "data:/data:ro", "bb", "cat", "/data/f").out, "kept\n")
    docker("volume", "rm", "data")


@test("volumes: a new one gets what the image has there, an anonymous one goes with rm -v")
def _():
    begin()
    equal(docker("run", "--rm", *NET, "-v", "users:/etc", "bb", "sh", "-c", "grep -c root /etc/passwd; echo x > /etc/own").out, "1\n")
    equal(docker("run", "--rm", *NET, "-v", "users:/other", "bb", "cat", "/other/own").out, "x\n")
    docker("run", "--name", "w1", *NET, "-v", "/anonymous", "bb", "touch", "/anonymous/f")
    equal(len(docker("volume", "ls", "-q").out.split()), 2)
    equal(docker("volume", "rm", "users").out, "users\n")
    docker("rm", "-v", "w1")
    equal(docker("volume", "ls", "-q").out, "")
    equal(docker("volume", "inspect", "users", ok=False).status, 1)


@test("exec: output, user, environment, exit codes, a program that is not there")
def _():
    begin()
    docker("run", "-d", "--name", "e1", *NET, "bb", "sleep", "100")
    equal(docker("exec", "-u", "user", "-e", "X=1", "-w", "/tmp", "e1", "sh", "-c", "id -u; echo $X; pwd").out, "1000\n1\n/tmp\n")
    equal(docker("exec", "e1", "sh", "-c", "exit 9", ok=False).status, 9)
    equal(docker("exec", "-i", "e1", "cat", stdin="abc").out, "abc")
    result = docker("exec", "e1", "nonexistent", ok=False)
    equal(result.status, 127)
    contains(result.err + result.out, "not found")
    contains(docker("top", "e1").out, "sleep 100")
    contains(docker("stats", "--no-stream", "e1").out, "e1")
    docker("rm", "-f", "e1")


@test("a terminal: run -it and exec -it")
def _():
    begin()
    script = shutil.which("script")
    if not script:
        raise Skip("no script(1) for a terminal")
    line = f"{client()} --host unix://{SOCKET} run -it --rm --network none bb sh -c 'tty; exit 4'"
    result = run([script, "-qec", line, "/dev/null"], ok=False, stdin="")
    contains(result.out, "/dev/pts/0")
    equal(result.status, 4)


@test("attach, stop, kill, pause, restart")
def _():
    begin()
    docker("run", "-d", "--name", "s1", *NET, "bb", "sh", "-c", "trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.05; done")
    wait_for(lambda: docker("logs", "s1").out == "up\n", "the container says up")
    docker("pause", "s1")
    contains(docker("ps", "--format", "{{.Status}}").out, "Paused")
    equal(docker("pause", "s1", ok=False).status, 1)
    docker("unpause", "s1")
    docker("stop", "s1")
    equal(json.loads(docker("inspect", "s1").out)[0]["State"]["ExitCode"], 5)
    docker("start", "s1")
    docker("restart", "-t", "0", "s1")
    docker("kill", "s1")
    equal(docker("wait", "s1").out, "137\n")
    equal(docker("kill", "s1", ok=False).status, 1)
    docker("rm", "s1")


@test("restart policies count, and stop when told")
def _():
    begin()
    docker("run", "-d", "--name", "r1", *NET, "--restart", "on-failure:2", "bb", "false")
    wait_for(lambda: docker("inspect", "-f", "{{.RestartCount}} {{.State.Status}}", "r1").out == "2 exited\n", "two restarts")
    docker("rm", "r1")
    docker("run", "-d", "--name", "r2", *NET, "--restart", "always", "bb", "true")
    docker("stop", "r2")
    equal(docker("inspect", "-f", "{{.State.Status}}", "r2").out, "exited\n")
    docker("rm", "r2")


@test("cp, diff, export")
def _():
    begin()
    docker("run", "-d", "--name", "f1", *NET, "bb", "sleep", "100")
    docker("exec", "f1", "sh", "-c", "echo new > /new; rm /etc/group")
    changes = docker("diff", "f1").out.split("\n")
    equal(sorted(line for line in changes if line), ["A /new", "C /etc", "D /etc/group"])
    docker("cp", "f1:/new", os.path.join(folder(), "got"))
    with open(os.path.join(folder(), "got"), encoding="utf-8") as file:
        equal(file.read(), "new\n")
    docker("cp", os.path.join(folder(), "got"), "f1:/tmp/there")
    equal(docker("exec", "f1", "cat", "/tmp/there").out, "new\n")
    equal(docker("cp", "f1:/missing", "-", ok=False).status, 1)
    with open(os.path.join(folder(), "got"), "wb") as file:
        subprocess.run([client(), "--host", "unix://" + SOCKET, "export", "f1"], stdout=file, check=True, timeout=20)
    contains(run(["tar", "tf", os.path.join(folder(), "got")]).out, "new")
    docker("rm", "-f", "f1")


@test("logs follow to the end, over rotated files")
def _():
    begin()
    docker("run", "-d", "--name", "l1", *NET, "--log-opt", "max-size=2k", "--log-opt", "max-file=50", "bb", "sh", "-c",
           "for i in $(seq 100); do echo line $i; done; sleep 0.3; echo last")
    lines = docker("logs", "-f", "l1").out.split("\n")
    equal(lines[:-1], [f"line {i}" for i in range(1, 101)] + ["last"])
    equal(docker("logs", "--tail", "42", "l1").out.split("\n")[0], "line 60")
    docker("rm", "l1")


@test("log drivers: local rotates, none keeps nothing, others and wrong options are refused in words")
def _():
    begin()
    docker("run", "--name", "l2", *NET, "--log-driver", "local", "--log-opt", "max-size=2k", "--log-opt", "max-file=2", "bb",
           "sh", "-c", "for i in $(seq 100); do echo line $i; done")
    lines = docker("logs", "l2").out.split("\n")[:-1]
    check(len(lines) < 60 and lines == [f"line {i}" for i in range(101 - len(lines), 101)], lines)
    equal(docker("run", "--name", "l3", *NET, "--log-driver", "none", "bb", "echo", "seen").out, "seen\n")
    contains(docker("logs", "l3", ok=False).err, "does not support reading")
    docker("rm", "l2", "l3")
    for words, why in ((["--log-driver", "syslog"], "take json-file or local"), (["--log-driver", "journald"], "take json-file or local"),
                       (["--log-driver", "paper"], "no log driver named 'paper'"), (["--log-opt", "max-size=x"], "invalid value for max-size"),
                       (["--log-opt", "max-file=0"], "max-file is 0"), (["--log-opt", "maxsize=1m"], "unknown log opt 'maxsize' for json-file"),
                       (["--log-driver", "local", "--log-opt", "tag=x"], "unknown log opt 'tag' for local"), (["--log-opt", "compress=true"], "compress")):
        contains(docker("create", *words, "bb", ok=False).err, why)


@test("events: what happened, filtered")
def _():
    begin()
    begun = str(time.time())
    docker("run", "--rm", "--name", "v1", *NET, "bb", "true")
    out = docker("events", "--since", begun, "--until", str(time.time()), "--filter", "container=v1", "--format", "{{.Action}}").out
    equal(out.split(), ["create", "attach", "start", "die", "destroy"])


@test("wrong requests: JSON, types, names, routes, methods")
def _():
    begin()
    for body, status in ((b"{", 400), (b"[]", 400), (b"null", 400), (b'"x"', 400), (b'{"Image":1}', 400), (b"{}", 400),
                         (b'{"Image":"bb","Cmd":[1]}', 400), (b'{"Image":"bb","HostConfig":{"Memory":"x"}}', 400),
                         (b'{"Image":"bb","HostConfig":{"Memory":1}}', 400), (b'{"Image":"none/such"}', 404),
                         (b'{"Image":"bb","HostConfig":{"CapAdd":["NOPE"]}}', 400), (b'{"Image":"bb","Env":["=x"]}', 400),
                         (b'{"Image":"bb","HostConfig":{"Binds":["../x:/y"]}}', 400), (b'{"Image":"bb","WorkingDir":"x"}', 400),
                         (b'{"Image":"bb","HostConfig":{"Binds":["a:/"]}}', 400), (b'{"Image":"bb","HostConfig":{"Runtime":"sh"}}', 400),
                         (b'{"Image":"' + b"[" * 200 + b'"}', 404), (b"[" * 100000, 400), (b'{"a":"' + b"x" * 5000000 + b'"}', 413)):
        got = api("POST", "/v1.45/containers/create", body)
        equal(got[0], status, f"status of {body[:60]!r}")
        check(got[1]["message"], "a message goes with it")
    equal([api("GET", p)[0] for p in ("/", "/nope", "/v1.45", "/containers", "/containers//json", "/containers/x/json")], [404] * 6)
    equal(api("DELETE", "/version")[0], 405)
    equal([api("POST", "/containers/create?name=" + n, b'{"Image":"bb"}')[0] for n in ("x", "a%2Fb", "%2E%2E", "-a", "a%00b", "y" * 200)], [400] * 6)
    equal([api("GET", "/containers/json?" + q)[0] for q in ("filters=%7B", "filters=%5B%5D", "filters=%7B%22a%22%3A%5B%22b%22%5D%7D", "limit=x")], [400] * 4)
    equal(api("GET", "/containers/json?filters=%7B%7D")[0], 200)


@test("wrong requests: HTTP itself")
def _():
    begin()
    contains(raw(b"GET /_ping HTTP/1.1\r\nHost: d\r\nX: " + b"y" * 40000 + b"\r\n\r\n", b"\r\n")[:30], b" 4")
    for data in (b"\0" * 100, b"GARBAGE\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST /containers/create HTTP/1.1\r\nHost: d\r\n"
                 b"Content-Length: -1\r\n\r\n", b"POST /containers/create HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
        with connect() as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
    for _ in range(200):
        connection = connect()
        connection.sendall(b"GET /events HTTP/1.1\r\nHost: d\r\n\r\n")
        connection.close()
    equal(api("GET", "/_ping")[0], 200)
    wait_for(lambda: len(os.listdir(f"/proc/{engine.pid}/fd")) < 60, "connections of clients that went are closed")


@test("a client that goes away in the middle of wait, logs and attach leaves nothing")
def _():
    begin()
    docker("run", "-d", "--name", "g1", *NET, "bb", "sleep", "100")
    before = len(os.listdir(f"/proc/{engine.pid}/fd"))
    for path in ("POST /containers/g1/wait", "GET /containers/g1/logs?follow=1&stdout=1", "GET /containers/g1/stats", "GET /events"):
        for _ in range(20):
            connection = connect()
            connection.sendall(f"{path} HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n".encode())
            check(connection.recv(100).startswith(b"HTTP/1.1 200"), path)
            connection.close()
    for _ in range(20):
        connection = connect()
        connection.sendall(b"POST /containers/g1/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        check(connection.recv(100).startswith(b"HTTP/1.1 101"), "attach is an upgrade")
        connection.close()
    wait_for(lambda: len(os.listdir(f"/proc/{engine.pid}/fd")) <= before + 2, "descriptors are back")
    docker("rm", "-f", "g1")


@test("kill -9: running containers go on, ended ones keep their status")
def _():
    global engine
    begin()
    remove_all()
    docker("run", "-d", "--name", "k1", *NET, "bb", "sh", "-c", "while :; do echo x; sleep 0.1; done")
    docker("run", "-d", "--name", "k2", *NET, "bb", "sh", "-c", "sleep 0.5; exit 6")
    docker("run", "-d", "--rm", "--name", "k3", *NET, "bb", "sleep", "0.5")
    os.makedirs(os.path.join(ROOT, "containers", "f" * 64, "upper"))
    os.makedirs(os.path.join(ROOT, "tmp", "left"))
    stop(engine, number=signal.SIGKILL)
    engine = None
    time.sleep(1)
    begin()
    wait_for(lambda: docker("ps", "-a", "--format", "{{.Names}} {{.State}}").out == "k2 exited\nk1 running\n", "the states are right")
    equal(docker("inspect", "-f", "{{.State.ExitCode}}", "k2").out, "6\n")
    equal(docker("exec", "k1", "echo", "alive").out, "alive\n")
    docker("stop", "-t", "0", "k1")
    wait_for(lambda: os.listdir(os.path.join(ROOT, "tmp")) == [], "tmp is empty")
    check(not os.path.exists(os.path.join(ROOT, "containers", "f" * 64)), "what has no row is gone")
    docker("rm", "k1", "k2")


@test("kill -9 at any moment of a container's life")
def _():
    global engine
    begin()
    remove_all()
    for delay in (0.0, 0.01, 0.02, 0.025, 0.03, 0.035, 0.04, 0.05, 0.06, 0.08, 0.12, 0.2):
        client_process = start([client(), "--host", "unix://" + SOCKET, "run", "--name", f"z{int(delay * 10000)}", *NET, "bb", "sleep", "0.05"])
        time.sleep(delay)
        stop(engine, number=signal.SIGKILL)
        engine = None
        stop(client_process, number=signal.SIGKILL)
        begin()
        listed = docker("ps", "-a", "--format", "{{.Names}} {{.State}}").out.split("\n")[:-1]
        check(all(line.split()[1] in ("created", "running", "exited") for line in listed), f"states: {listed}")
        wait_for(lambda: docker("ps", "-q").out == "", "all have ended")
        remove_all()
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        check(not [line for line in mounts if "/root/containers/" in line], "no root file system is left mounted")
    equal(os.listdir(os.path.join(RUN, "containers")), [])


@test("a second engine on the same root is refused")
def _():
    begin()
    result = run([ours("bh-engine"), "--root", ROOT, "--run", RUN, "--host", f"unix://{SOCKET}2"], ok=False)
    equal(result.status, 1)
    contains(result.err, "another engine")
    result = run([ours("bh-engine"), "--root", folder("root2"), "--run", folder("run2"), "--host", "tcp://127.0.0.1:2375"], ok=False)
    contains(result.err, "--insecure-tcp")


@test("docker 20.10 of Debian 12")
def _():
    old = peer("docker")
    begin()
    equal(docker("run", "--rm", *NET, "bb", "echo", "old", program=old).out, "old\n")
    docker("run", "-d", "--name", "o1", *NET, "bb", "sleep", "100", program=old)
    equal(docker("exec", "-i", "o1", "cat", stdin="x", program=old).out, "x")
    docker("rm", "-f", "o1", program=old)


@test("50 stopped containers: at most 12 MiB resident")
def _():
    begin()
    with open(f"/proc/{engine.pid}/maps", encoding="utf-8") as maps:
        if "libasan" in maps.read():
            raise Skip("the engine is built with a sanitizer")
    for _ in range(50):
        equal(api("POST", "/containers/create", {"Image": "bb", "Cmd": ["true"], "HostConfig": {"NetworkMode": "none"}})[0], 201)
    docker("ps", "-a")
    with open(f"/proc/{engine.pid}/status", encoding="utf-8") as status:
        resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    remove_all()
    check(resident <= 12 * 1024, f"{resident} KiB")


main(__name__)
