#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 25
# A hundred containers at once, fifty clients at once, two hundred connections that wait: the engine's memory,
# descriptors and threads stay bounded, and are what they were afterwards.
import concurrent.futures
import json
import time
import urllib.parse

import api
import images
import services
from support import check, equal, folder, main, test, wait_for

COUNT = 100
CLIENTS = 50
IDLE = 200
shared = {}


def engine():
    if "engine" not in shared:
        shared["engine"] = services.Engine()
        shared["api"] = api.Api(shared["engine"].path, timeout=60)
        layer = images.tar_of(images.make_rootfs(folder("image"), ["sh", "sleep", "true", "cat"]))
        equal(ask("POST", "/images/load?quiet=1", images.docker_archive("busybox:1", [layer]), {"Content-Type": "application/x-tar"}).status, 200)
        warm_up()
    return shared["engine"]


def ask(*words, **options):
    return shared["api"].request(*words, **options)


def pid():
    return shared["engine"].process.pid


def create(client, name, words, **host):
    reply = client.request("POST", f"/containers/create?name={name}", {"Image": "busybox:1", "Cmd": words, "HostConfig": {"NetworkMode": "none", **host}})
    equal(reply.status, 201, f"{name}: {reply!r}")
    return reply.json()["Id"]


def warm_up():
    """What is opened and allocated once"""
    create(shared["api"], "first", ["true"])
    equal(ask("POST", "/containers/first/start").status, 204)
    ask("POST", "/containers/first/wait")
    equal(ask("DELETE", "/containers/first").status, 204)


def in_parallel(function, items, at_once=16):
    """Each item with a connection of its own thread"""
    def work(item):
        client = api.Api(shared["engine"].path, timeout=60)
        try:
            return function(client, item)
        finally:
            client.close()
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(work, items))


def figures():
    return api.memory_of(pid()), api.descriptors_of(pid()), api.threads_of(pid())


def settle(descriptors):
    wait_for(lambda: api.descriptors_of(pid()) <= descriptors, f"descriptors go back to {descriptors}, from {api.descriptors_of(pid())}")


@test(f"{COUNT} containers run at once; the engine's memory is bounded, and all it opened is closed again")
def many():
    engine()
    before = figures()
    names = [f"many-{n}" for n in range(COUNT)]

    def start(client, name):
        create(client, name, ["sleep", "1000"])
        equal(client.request("POST", f"/containers/{name}/start").status, 204)
    begin = time.monotonic()
    in_parallel(start, names)
    started = time.monotonic() - begin
    rows = ask("GET", "/containers/json").json()
    equal(len(rows), COUNT, "running")
    begin = time.monotonic()
    for _ in range(5):
        ask("GET", "/containers/json?all=1")
    listed = (time.monotonic() - begin) / 5
    full = figures()
    begin = time.monotonic()
    in_parallel(lambda client, name: equal(client.request("POST", f"/containers/{name}/stop?t=0").status, 204), names)
    equal(ask("GET", "/containers/json").json(), [], "none runs")
    equal(len(ask("GET", "/containers/json?all=1").json()), COUNT, "stopped")
    stopped = figures()
    in_parallel(lambda client, name: equal(client.request("DELETE", f"/containers/{name}").status, 204), names)
    print(f"    started in {started:.1f} s, listed in {listed * 1000:.1f} ms, stopped and removed in {time.monotonic() - begin:.1f} s")
    print(f"    MiB, descriptors: {before[0]:.1f}, {before[1]} before; {full[0]:.1f}, {full[1]} with {COUNT} running; {stopped[0]:.1f}, "
          f"{stopped[1]} with {COUNT} stopped")
    check(full[0] < before[0] + 8 * api.MEMORY, f"{full[0] - before[0]:.1f} MiB for {COUNT} running containers")
    check(full[1] < before[1] + 3 * COUNT, f"{full[1] - before[1]} descriptors for {COUNT} running containers")
    equal(full[2], before[2], "threads")
    check(stopped[0] < 20 * api.MEMORY, f"{stopped[0]:.1f} MiB with {COUNT} stopped containers")
    settle(before[1])


@test(f"{CLIENTS} of docker run --rm at once, each gets its own output and status")
def clients():
    engine()
    before = figures()

    def one(number):
        return shared["engine"].docker("run", "--rm", "--network", "none", "busybox:1", "sh", "-c", f"echo out {number}; echo err {number} >&2; exit {number}",
                                       timeout=60, ok=False)
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        results = list(pool.map(one, range(CLIENTS)))
    print(f"    {CLIENTS} clients: {time.monotonic() - begin:.1f} s")
    for number, result in enumerate(results):
        equal((result.status, result.out, result.err), (number, f"out {number}\n", f"err {number}\n"), f"client {number}")
    wait_for(lambda: ask("GET", "/containers/json?all=1").json() == [], "all are removed")
    settle(before[1])
    check(figures()[0] < before[0] + 6 * api.MEMORY, f"memory from {before[0]:.1f} to {figures()[0]:.1f} MiB")


@test(f"{IDLE} connections that wait for events, ends, logs and output cost no thread and little memory, and all are told")
def idle():
    engine()
    reply = ask("POST", "/containers/create?name=quiet", {"Image": "busybox:1", "Cmd": ["sh", "-c", "read x; echo got $x"], "OpenStdin": True,
                                                          "HostConfig": {"NetworkMode": "none"}})
    equal(reply.status, 201, f"{reply!r}")
    equal(ask("POST", "/containers/quiet/start").status, 204)
    before = figures()
    # A monitor takes 32 attached clients.
    kinds = ["GET /events", "POST /containers/quiet/wait", "GET /containers/quiet/logs?follow=1&stdout=1"] * 3 + \
        ["POST /containers/quiet/attach?stream=1&stdout=1"]
    connections = []
    for number in range(IDLE):
        kind = kinds[number % len(kinds)]
        upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n" if "attach" in kind else ""
        connection = shared["api"].connect()
        connection.sendall(f"{kind} HTTP/1.1\r\nHost: x\r\n{upgrade}\r\n".encode())
        connections.append((kind, connection))
    time.sleep(0.5)
    begin = time.monotonic()
    equal(ask("GET", "/_ping").body, b"OK")
    check(time.monotonic() - begin < 1, "a ping takes long")
    full = figures()
    print(f"    {IDLE} idle: {full[0] - before[0]:.1f} MiB, {full[1] - before[1]} descriptors more")
    equal(full[2], before[2], "threads")
    check(full[0] - before[0] < IDLE * 0.06 * api.MEMORY, f"{full[0] - before[0]:.1f} MiB for {IDLE} connections")
    with shared["api"].connect() as writer:
        writer.sendall(b"POST /containers/quiet/attach?stream=1&stdin=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        wait_for(lambda: b"\r\n\r\n" in writer.recv(4096), "the upgrade")
        writer.sendall(b"hello\n")
        wait_for(lambda: ask("GET", "/containers/json").json() == [], "it ends")
    wanted = {"GET /events": b'"die"', "POST /containers/quiet/wait": b'"StatusCode":0'}
    for kind, connection in connections:
        got = b""
        while wanted.get(kind, b"got hello") not in got:
            connection.settimeout(10)
            part = connection.recv(65536)
            check(part, f"{kind}: ended with {got[-300:]!r}")
            got += part
        connection.close()
    settle(before[1])
    equal(ask("DELETE", "/containers/quiet").status, 204)


@test("listeners that never read hold back nobody, and their memory is bounded")
def deaf():
    engine()
    before = figures()
    deaf_ones = []
    for _ in range(20):
        connection = shared["api"].connect()
        connection.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        deaf_ones.append(connection)
    filters = urllib.parse.quote(json.dumps({"all": ["true"]}))
    for number in range(300):
        equal(ask("POST", "/volumes/create", {"Name": f"v{number}", "Labels": {"a": "b" * 2000}}).status, 201)
    equal(ask("POST", f"/volumes/prune?filters={filters}").status, 200)
    full = figures()
    print(f"    20 deaf listeners: {full[0] - before[0]:.1f} MiB more")
    check(full[0] < before[0] + 40 * api.MEMORY, f"memory grew by {full[0] - before[0]:.1f} MiB")
    for connection in deaf_ones:
        connection.close()
    settle(before[1])
    equal(ask("GET", "/_ping").body, b"OK")


@test("the engine ends in order")
def end():
    engine()
    memory, descriptors, threads = figures()
    print(f"    at the end: {memory:.1f} MiB, {descriptors} descriptors, {threads} thread")
    equal(shared["engine"].stop(), 0)


main(__name__)
