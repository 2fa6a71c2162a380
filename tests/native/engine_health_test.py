#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 9
# HEALTHCHECK: probes that succeed, fail, hang and flood; pause, end, the engine's death; attach with logs.
import json
import os
import signal
import socket
import time
from urllib.parse import quote

import images
from api import Api, memory_of, read_all
from support import SCALE, check, contains, equal, folder, main, ours, peer, run, socket_path, start, stop, test, wait_for

ROOT, RUN = folder("root"), folder("run")
SOCKET = socket_path("d.sock")
MS = 1000 * 1000
engine = None
api = None


def begin():
    """The engine, with one image loaded the first time"""
    global engine, api
    if engine is None:
        for name in ("bh-monitor", "bh-image", "bh-runtime"):
            ours(name)
        engine = start([ours("bh-engine"), "--root", ROOT, "--run", RUN, "--host", "unix://" + SOCKET], log="engine.log")
        api = Api(SOCKET)
        wait_for(answers, "the engine answers", process=engine)
    if api.request("GET", "/images/bb/json").status != 200:
        data = images.docker_archive("bb:latest", [images.tar_of(images.make_rootfs(folder("rootfs")))])
        equal(api.request("POST", "/images/load", data, {"Content-Type": "application/x-tar"}).status, 200)


def answers():
    try:
        return api.request("GET", "/_ping").status == 200
    except OSError:
        return False


def create(name, probe, more=None, **options):
    """A container that sleeps, with a health check; -> its status"""
    begin()
    test_of = probe if isinstance(probe, list) else ["CMD-SHELL", probe]
    body = {"Image": "bb", "Cmd": ["sleep", "100"], "HostConfig": {"NetworkMode": "none"}, "StopSignal": "KILL",
            "Healthcheck": {"Test": test_of, "Interval": 200 * MS, "Timeout": 5000 * MS, **options}, **(more or {})}
    return api.request("POST", f"/containers/create?name={name}", body)


def begin_container(*arguments, **options):
    equal(create(*arguments, **options).status, 201)
    equal(api.request("POST", f"/containers/{arguments[0]}/start").status, 204)


def inspect(name):
    return api.request("GET", f"/containers/{name}/json").json()


def health(name):
    return inspect(name)["State"].get("Health")


def wait_status(name, status):
    wait_for(lambda: health(name)["Status"] == status, f"{name} is {status}")


def listed(filters):
    reply = api.request("GET", "/containers/json?filters=" + quote(json.dumps(filters)))
    return {entry["Names"][0][1:]: entry["Status"] for entry in reply.json()}


def remove(*names):
    for name in names:
        equal(api.request("DELETE", f"/containers/{name}?force=1").status, 204)


def probes(name):
    """Processes of probes in the container, by its pid's namespace"""
    space = os.readlink(f"/proc/{inspect(name)['State']['Pid']}/ns/pid")
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if os.readlink(f"/proc/{pid}/ns/pid") == space and b"sleep\x0055" in file.read():
                    found.append(pid)
        except OSError:
            pass
    return found


@test("starting, healthy, unhealthy and healthy again, with events, ps and inspect")
def _():
    begin()
    since = time.time()
    begin_container("turns", "echo probed; test -e /tmp/well", Retries=2)
    equal(health("turns")["Status"], "starting")
    contains(listed({"health": ["starting"]})["turns"], "(health: starting)")
    wait_status("turns", "unhealthy")
    contains(listed({"health": ["unhealthy"]})["turns"], "(unhealthy)")
    found = health("turns")
    check(found["FailingStreak"] >= 2, f"the streak: {found}")
    equal((found["Log"][-1]["ExitCode"], found["Log"][-1]["Output"]), (1, "probed\n"))
    equal(inspect("turns")["ExecIDs"], None, "ExecIDs")
    api.request("POST", f"/exec/{run_exec('turns', 'touch', '/tmp/well')}/start", {"Detach": True})
    wait_status("turns", "healthy")
    contains(listed({"health": ["healthy"]})["turns"], "(healthy)")
    equal(listed({"health": ["none", "starting"]}), {})
    wait_for(lambda: len(health("turns")["Log"]) == 5, "five results")
    equal(health("turns")["FailingStreak"], 0)
    lines = api.request("GET", f"/events?since={since:.3f}&until={time.time() + 0.01:.3f}").body.decode().splitlines()
    lines = [json.loads(line) for line in lines]
    actions = [line["Action"] for line in lines]
    equal([one for one in actions if one.startswith("health")], ["health_status: unhealthy", "health_status: healthy"])
    for action in ("exec_create", "exec_start"):
        contains(actions, f"{action}: /bin/sh -c echo probed; test -e /tmp/well", "events")
    contains([line["Actor"]["Attributes"]["exitCode"] for line in lines if line["Action"] == "exec_die"], "1", "codes")
    equal(api.request("POST", "/containers/turns/stop?t=0").status, 204)
    equal(health("turns")["Status"], "unhealthy")
    count = len(health("turns")["Log"])
    last = health("turns")["Log"][-1]["Start"]
    time.sleep(0.4)
    equal((len(health("turns")["Log"]), health("turns")["Log"][-1]["Start"]), (count, last), "no probe after the end")
    remove("turns")


def run_exec(name, *command):
    return api.request("POST", f"/containers/{name}/exec", {"Cmd": list(command)}).json()["Id"]


@test("a probe that hangs is killed with its children, and none overlaps the next")
def _():
    begin_container("hangs", "echo before; sleep 55; true", Timeout=300 * MS, Interval=100 * MS, Retries=2)
    most = 0
    end = time.monotonic() + 10 * SCALE
    while health("hangs")["Status"] != "unhealthy" and time.monotonic() < end:
        # The shell's words hold "sleep 55" in one argument: only the sleep itself counts. A look takes its time: what ended in
        # it is not there at a second one.
        found = probes("hangs")
        most = max(most, len(found) if len(found) < 2 else len(set(found) & set(probes("hangs"))))
        time.sleep(0.02)
    found = health("hangs")
    equal(found["Status"], "unhealthy")
    equal((found["Log"][-1]["ExitCode"], found["Log"][-1]["Output"]), (-1, "Health check exceeded timeout (300ms): before\n"))
    equal(most, 1, "probes at once")
    remove("hangs")


@test("a probe that floods, one that is no program, bytes that are no text")
def _():
    begin_container("floods", "yes; true", Timeout=500 * MS)
    begin_container("lacks", ["CMD", "/nothing"], Retries=1)
    begin_container("bytes", "printf 'a\\377\\000b'")
    wait_status("bytes", "healthy")
    equal(health("bytes")["Log"][0]["Output"], "a\ufffd\0b")
    wait_status("lacks", "unhealthy")
    equal(health("lacks")["Log"][0]["ExitCode"], -1)
    contains(health("lacks")["Log"][0]["Output"], "/nothing")
    wait_for(lambda: health("floods")["Log"], "a result of the flood")
    check(4096 <= len(health("floods")["Log"][0]["Output"]) < 4200, "its output is cut")
    check(memory_of(engine.pid) < 100, f"{memory_of(engine.pid)} MiB")
    remove("floods", "lacks", "bytes")


@test("pause stops probes, the start period forgives, NONE and no check have no health")
def _():
    begin_container("pauses", "true")
    begin_container("begins", "false", Retries=1, StartPeriod=60000 * MS, StartInterval=100 * MS, Interval=60000 * MS)
    begin_container("none", ["NONE"])
    wait_status("pauses", "healthy")
    if api.request("POST", "/containers/pauses/pause").status == 204:
        contains(listed({"name": ["pauses"]})["pauses"], "(Paused)")
        last = health("pauses")["Log"][-1]["Start"]
        time.sleep(0.5)
        equal(health("pauses")["Log"][-1]["Start"], last, "no probe while paused")
        equal(api.request("POST", "/containers/pauses/unpause").status, 204)
        wait_for(lambda: health("pauses")["Log"][-1]["Start"] != last, "probes after the pause")
    wait_for(lambda: len(health("begins")["Log"]) >= 3, "probes at the start interval")
    equal((health("begins")["Status"], health("begins")["FailingStreak"]), ("starting", 0))
    equal(health("none"), None)
    equal(create("short", "true", Timeout=1000).status, 400)
    equal(create("wrong", "true", Retries="3").status, 400)
    remove("begins", "none")


@test("after the engine's death it begins anew")
def _():
    global engine
    wait_status("pauses", "healthy")
    stop(engine, number=signal.SIGKILL)
    api.close()
    engine = None
    begin()
    wait_status("pauses", "healthy")
    remove("pauses")


@test("docker: an image's check, one of the command line, and none")
def _():
    begin()
    layers = [images.tar_of(images.make_rootfs(folder("rootfs")))]
    data = images.docker_archive("checked:latest", layers, ("sleep", "100"), {
        "Healthcheck": {"Test": ["CMD", "test", "-e", "/bin/sh"], "Interval": 100 * MS}})
    equal(api.request("POST", "/images/load", data, {"Content-Type": "application/x-tar"}).status, 200)
    docker = [peer("docker"), "--host", "unix://" + SOCKET]
    words = [*docker, "run", "-d", "--network", "none", "--stop-signal", "KILL"]
    run([*words, "--name", "own", "checked"])
    run([*words, "--name", "given", "--health-cmd", "false", "--health-retries", "1", "checked"])
    run([*words, "--name", "without", "--no-healthcheck", "checked"])
    wait_status("own", "healthy")
    wait_status("given", "unhealthy")
    equal(inspect("given")["Config"]["Healthcheck"]["Interval"], 100 * MS, "the image's interval")
    equal(health("without"), None)
    lines = run([*docker, "ps", "--format", "{{.Names}} {{.Status}}"]).out
    for words in (("own", "(healthy)"), ("given", "(unhealthy)")):
        check(any(line.startswith(words[0]) and line.endswith(words[1]) for line in lines.splitlines()), lines)
    equal(run([*docker, "inspect", "-f", "{{.State.Health.Status}}", "own"]).out, "healthy\n")
    remove("own", "given", "without")


def attached(name, query):
    """All that POST attach without an upgrade gives until its end"""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10 * SCALE)
        connection.connect(SOCKET)
        connection.sendall(f"POST /v1.41/containers/{name}/attach?{query} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\n"
                           "Upgrade: tcp\r\nContent-Length: 0\r\n\r\n".encode())
        if "stream=1" in query:
            time.sleep(0.2)
            api.request("POST", f"/containers/{name}/kill?signal=HUP")
        return read_all(connection).partition(b"\r\n\r\n")[2]


@test("attach with logs: what was before, and then what comes")
def _():
    begin_container("talks", ["NONE"], {"Cmd": ["sh", "-c", "trap 'echo after; exit' HUP; echo before; echo wrong >&2; "
                                                "while :; do sleep 0.05; done"]})
    log = "/containers/talks/logs?stdout=1&stderr=1"
    wait_for(lambda: b"wrong" in api.request("GET", log).body, "its words")
    before, wrong = b"\1\0\0\0\0\0\0\7before\n", b"\2\0\0\0\0\0\0\6wrong\n"
    equal(sorted([before, wrong]), sorted(split(attached("talks", "logs=1&stdout=1&stderr=1"))))
    equal(attached("talks", "logs=1&stream=1&stdout=1"), before + b"\1\0\0\0\0\0\0\6after\n")
    equal(attached("talks", "logs=1&stdout=1"), before + b"\1\0\0\0\0\0\0\6after\n")
    remove("talks")


def split(data):
    frames = []
    while data:
        length = 8 + int.from_bytes(data[4:8], "big")
        frames, data = frames + [data[:length]], data[length:]
    return frames


main(__name__)
