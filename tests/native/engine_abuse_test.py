#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 25
# What no client sends: bodies with values of the wrong type, bytes that are hardly HTTP. The engine answers 4xx with a
# message, stays alive, and its memory stays bounded.
import copy
import json
import socket
import time

import api
import images
import services
from support import check, contains, equal, folder, main, test, wait_for

# One of each kind at every place; of the others, two in turn.
KINDS = [None, -1, "x", [None], {"x": None}, True]
MORE = ["", "../../etc", "x" * 200_000, [], [[]], ["x"] * 3, {}, {"": {"": []}}, 1.5, 1e300, 2**63 - 1, -2**63, 2**70, "\x00", "\ud800", "a\nb"]
MEMORY_LIMIT = 40  # MiB more than before, after everything
shared = {}

CREATE = {
    "Hostname": "host", "Domainname": "a.b", "User": "0:0", "AttachStdin": False, "Tty": False, "OpenStdin": False, "StdinOnce": False,
    "Env": ["A=b"], "Cmd": ["true"], "Image": "busybox:1", "WorkingDir": "/tmp", "Entrypoint": ["env"], "Labels": {"a": "b"},
    "StopSignal": "TERM", "StopTimeout": 3, "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/data": {}},
    "Healthcheck": {"Test": ["NONE"], "Interval": 0},
    "HostConfig": {
        "Binds": ["/tmp:/mnt:ro"], "NetworkMode": "none", "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "1"}]},
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}, "AutoRemove": False, "VolumesFrom": [], "CapAdd": ["NET_ADMIN"],
        "CapDrop": ["MKNOD"], "CgroupnsMode": "private", "Dns": ["127.0.0.1"], "DnsOptions": ["ndots:1"], "DnsSearch": ["x"],
        "ExtraHosts": ["a:127.0.0.1"], "GroupAdd": ["0"], "IpcMode": "private", "OomScoreAdj": 1, "PidMode": "",
        "Privileged": False, "PublishAllPorts": False, "ReadonlyRootfs": False, "SecurityOpt": ["no-new-privileges"],
        "Tmpfs": {"/run": "size=1m"}, "UTSMode": "", "ShmSize": 1048576, "Sysctls": {"net.ipv4.ip_forward": "1"}, "Runtime": "container",
        "CpuShares": 10, "Memory": 0, "NanoCpus": 0, "CgroupParent": "", "BlkioWeight": 0, "CpuPeriod": 0, "CpuQuota": 0,
        "CpusetCpus": "0", "CpusetMems": "0", "DeviceCgroupRules": ["c 1:3 rwm"], "PidsLimit": 100, "Init": False,
        "Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/x", "CgroupPermissions": "rwm"}],
        "Ulimits": [{"Name": "nofile", "Soft": 100, "Hard": 100}], "MaskedPaths": ["/proc/kcore"], "ReadonlyPaths": ["/proc/sys"],
        "Mounts": [{"Type": "tmpfs", "Target": "/m", "ReadOnly": True, "TmpfsOptions": {"SizeBytes": 4096, "Mode": 511}}],
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "2"}}, "Annotations": {"a": "b"}},
    "NetworkingConfig": {"EndpointsConfig": {"none": {"Aliases": ["a"], "IPAMConfig": {"IPv4Address": "1.2.3.4"}, "MacAddress": ""}}}}
EXEC = {"AttachStdin": False, "AttachStdout": True, "AttachStderr": True, "DetachKeys": "ctrl-p", "Tty": False, "Env": ["A=b"],
        "Cmd": ["true"], "Privileged": False, "User": "0", "WorkingDir": "/"}
NETWORK = {"Name": "net-N", "CheckDuplicate": True, "Driver": "bridge", "Internal": True, "Attachable": False, "EnableIPv6": False,
           "IPAM": {"Driver": "default", "Config": [{"Subnet": "10.77.0.0/24", "IPRange": "10.77.0.0/25", "Gateway": "10.77.0.1"}],
                    "Options": {}}, "Options": {"com.docker.network.bridge.name": "abuse0"}, "Labels": {"a": "b"}}
VOLUME = {"Name": "vol-N", "Driver": "local", "DriverOpts": {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}, "Labels": {"a": "b"}}
COMMIT = {"Cmd": ["true"], "Env": ["A=b"], "Labels": {"a": "b"}, "User": "0", "WorkingDir": "/", "ExposedPorts": {"80/tcp": {}},
          "Volumes": {"/data": {}}, "Entrypoint": ["env"], "Healthcheck": {"Test": ["NONE"]}, "OnBuild": ["RUN true"], "Hostname": "x"}
UPDATE = {"Memory": 0, "MemorySwap": 0, "CpuShares": 10, "NanoCpus": 0, "CpusetCpus": "0", "PidsLimit": 10, "BlkioWeight": 0,
          "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}, "Ulimits": [], "Devices": []}
CONNECT = {"Container": "still", "Force": False,
           "EndpointConfig": {"Aliases": ["a"], "IPAMConfig": {"IPv4Address": "10.1.2.3"}, "MacAddress": "02:42:00:00:00:01",
                              "Links": [], "DriverOpts": {}}}
AUTH = {"username": "u", "password": "p", "serveraddress": "127.0.0.1:1", "email": "", "identitytoken": "", "auth": ""}


def engine():
    if "engine" not in shared:
        shared["engine"] = services.Engine()
        shared["api"] = api.Api(shared["engine"].path)
        layer = images.tar_of(images.make_rootfs(folder("image"), ["sh", "sleep", "true", "env", "cat"]))
        reply = ask("POST", "/images/load?quiet=1", images.docker_archive("busybox:1", [layer]), {"Content-Type": "application/x-tar"})
        equal(reply.status, 200, reply)
        made = ask("POST", "/containers/create?name=target", {"Image": "busybox:1", "Cmd": ["sleep", "1000"],
                                                              "HostConfig": {"NetworkMode": "none"}})
        equal(made.status, 201, made)
        equal(ask("POST", "/containers/target/start").status, 204)
        shared["memory"] = memory()
    return shared["engine"]


def ask(*words, **options):
    return shared["api"].request(*words, **options)


def memory():
    return api.memory_of(shared["engine"].process.pid)


def raw(text, **options):
    engine()
    return shared["api"].raw(text if isinstance(text, bytes) else text.encode(), **options)


def alive():
    equal(ask("GET", "/_ping").body, b"OK", "the engine's ping")
    check(shared["engine"].process.poll() is None, "the engine has ended")


def places(value, path=()):
    """Where in VALUE something can be replaced: paths of keys and indices"""
    found = [path] if path else []
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in rows:
        found += places(inner, path + (key,))
    return found


def replaced(body, path, value):
    changed = copy.deepcopy(body)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


def try_all(body, send):
    """SEND(body) for BODY with each of its values replaced by others; -> how many were taken, were refused"""
    engine()
    counts, turn = [0, 0], 0
    for path in places(body):
        turn += 2
        for value in KINDS + [MORE[turn % len(MORE)], MORE[(turn + 1) % len(MORE)]]:
            reply = send(replaced(body, path, value))
            what = f"{'.'.join(map(str, path))} = {repr(value)[:60]}"
            check(reply.status < 500, f"{what}: {reply!r}")
            if reply.status >= 400:
                reply.message()
            counts[reply.status >= 400] += 1
    alive()
    check(min(counts) > 0, f"taken and refused: {counts}")
    return counts


@test("containers: each value of the wrong type is refused or harmless, and what was taken can be started")
def create_bodies():
    taken = []

    def send(body):
        made = ask("POST", "/containers/create", body)
        if made.status == 201:
            name = made.json()["Id"]
            taken.append(name)
            if len(taken) % 10 == 0:
                started = ask("POST", f"/containers/{name}/start")
                check(started.status == 204 or started.message(), "neither started nor told why")
            contains(ask("GET", f"/containers/{name}/json").body.decode(), name)
            gone = ask("DELETE", f"/containers/{name}?force=1&v=1")
            equal(gone.status, 204, gone)
        return made
    print(f"    containers/create: taken, refused {try_all(CREATE, send)}")
    equal(len(ask("GET", "/containers/json?all=1").json()), 1, "containers that stayed")


@test("exec, update, connect, commit: the same")
def other_bodies():
    def commit(body):
        reply = ask("POST", "/commit?container=target&pause=0", body)
        if reply.status == 201:
            ask("DELETE", f"/images/{reply.json()['Id']}")
        return reply

    def connect(body):
        reply = ask("POST", "/networks/joined/connect", body)
        if reply.status == 200:
            equal(ask("POST", "/networks/joined/disconnect", {"Container": "still"}).status, 200)
        return reply
    engine()
    equal(ask("POST", "/containers/create?name=still", {"Image": "busybox:1"}).status, 201)
    print(f"    exec {try_all(EXEC, lambda body: ask('POST', '/containers/target/exec', body))}")
    print(f"    update {try_all(UPDATE, lambda body: ask('POST', '/containers/still/update', body))}")
    equal(ask("POST", "/networks/create", {"Name": "joined", "Internal": True, "IPAM": {"Config": [{"Subnet": "10.1.2.0/24"}]}}).status, 201)
    print(f"    connect {try_all(CONNECT, connect)}")
    small = {key: COMMIT[key] for key in ("Cmd", "Labels", "ExposedPorts", "Env")}
    print(f"    commit {try_all(small, commit)}")
    equal(ask("DELETE", "/containers/still").status, 204)
    equal(ask("DELETE", "/networks/joined").status, 204)


@test("networks, volumes, login: the same")
def more_bodies():
    def network(body):
        reply = ask("POST", "/networks/create", body)
        if reply.status == 201:
            equal(ask("DELETE", f"/networks/{reply.json()['Id']}").status, 204)
        return reply

    def volume(body):
        reply = ask("POST", "/volumes/create", body)
        if reply.status == 201:
            equal(ask("DELETE", f"/volumes/{reply.json()['Name']}").status, 204)
        return reply
    engine()
    print(f"    networks {try_all(NETWORK, network)}")
    print(f"    volumes {try_all(VOLUME, volume)}")


@test("bodies that are no JSON, no object, too long, too deep, or cut")
def no_json():
    engine()
    routes = ["/containers/create", "/containers/target/exec", "/networks/create", "/volumes/create", "/commit?container=target",
              "/containers/target/update", "/networks/none/connect", "/auth"]
    bodies = [b"{", b"[]", b"1", b'"x"', b"{}x", b"\x00", b"\xff\xfe", b'{"a":' * 1000 + b"1" + b"}" * 1000, b"[" * 100_000,
              b'{"a":1,}', b"nullx", b'{"Name":"\xff\xfe"}', b'{"a":"' + b"x" * 5_000_000 + b'"}']
    for route in routes:
        for body in bodies:
            reply = ask("POST", route, body)
            check(400 <= reply.status < 500, f"{route} {body[:20]!r}: {reply!r}")
            reply.message()
    alive()


@test("unknown routes, methods, versions and queries are told as such")
def unknown():
    engine()
    cases = {404: ["GET /nothing", "GET /containers", "GET /containers/nobody/json", "GET /v1.41/x", "GET //", "GET /v1.41//containers/json",
                   "POST /containers/nobody/start", "DELETE /volumes/nobody", "GET /images/no/body/json", "GET /networks/nobody",
                   "POST /exec/" + "0" * 64 + "/start", "GET /v1.41", "GET /vx.41/_ping", "GET /v1/_ping", "GET /v1.999/_ping"],
             405: ["DELETE /_ping", "PUT /containers/create", "PATCH /info", "BREW /version"],
             400: ["GET /v9.9/_ping", "GET /v1.1/_ping", "GET /containers/json?filters=x", "GET /containers/json?limit=x",
                   "GET /containers/json?filters={%22nothing%22:[%22x%22]}", "GET /images/json?filters=[]",
                   "GET /events?since=yesterday", "GET /containers/target/logs?stdout=0", "GET /containers/target/archive", "POST /containers/target/kill?signal=NOSUCH", "POST /containers/target/resize?h=x&w=1",
                   "POST /containers/target/rename?name=../x", "GET /volumes?filters=%7B", "POST /containers/target/rename"]}
    for status, rows in cases.items():
        for row in rows:
            reply = ask(*row.split(" ", 1))
            check(reply.status == status or (status in (404, 405) and reply.status in (404, 405)), f"{row}: {reply!r}")
            reply.message()
    alive()


@test("names with NUL, slashes, percent signs and parents reach no file")
def names():
    engine()
    bad = ["%00", "..", "../x", "..%2f..%2fetc", "%2e%2e", "a%2fb", "%", "%g1", "%ff%fe", "a%00b", "x" * 5000, "-x", ".x", "a%0ab", "%20"]
    for name in bad:
        for method, path in (("GET", "/containers/{}/json"), ("DELETE", "/volumes/{}"), ("GET", "/volumes/{}"), ("GET", "/networks/{}"),
                             ("GET", "/images/{}/json"), ("GET", "/exec/{}/json"), ("POST", "/containers/create?name={}"),
                             ("POST", "/images/busybox:1/tag?repo={}"), ("POST", "/containers/target/rename?name={}")):
            body = {"Image": "busybox:1"} if "create" in path else None
            reply = ask(method, path.format(name), body)
            if "tag?" in path and name == "a%2fb":
                continue
            check(400 <= reply.status < 500, f"{method} {path} {name}: {reply!r}")
    for path in ("../../../../etc/passwd", "/etc/../../../x", "%00", "", "x" * 10_000, "/proc/1/root/etc/shadow", "/nobody/x"):
        for method in ("GET", "HEAD", "PUT"):
            reply = ask(method, f"/containers/target/archive?path={path}", b"" if method == "PUT" else None)
            check(reply.status < 500, f"{method} archive {path[:40]}: {reply!r}")
            check(b"root:$" not in reply.body and b"root:*" not in reply.body, "the host's shadow")
    alive()


@test("headers of a MiB, and ten thousand of them, are refused")
def headers():
    engine()
    before = memory()
    for data in (b"GET /_ping HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 2**20 + b"\r\n\r\n",
                 b"GET /_ping HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(10_000)) + b"\r\n",
                 b"GET /_ping?" + b"a" * 2**20 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"G" * 2**20 + b" / HTTP/1.1\r\n\r\n"):
        found = api.statuses(raw(data))
        check(not found or all(400 <= status < 600 and status != 500 for status in found), f"{data[:20]!r}: {found}")
        alive()
    check(memory() < before + 8 * api.MEMORY, f"memory grew from {before:.1f} to {memory():.1f} MiB")


@test("smuggled, pipelined and lying requests are answered one by one, or refused")
def smuggling():
    ping = "GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n"
    last = "GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    equal(api.statuses(raw(ping * 50 + last)), [200] * 51, "pipelined")
    head = "POST /volumes/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    cases = {"two lengths": "Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}", "length and chunks": "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             "a negative length": "Content-Length: -1\r\n\r\n{}", "a huge length": "Content-Length: 99999999999999999999\r\n\r\n{}",
             "no number": "Content-Length: 0x2\r\n\r\n{}", "a chunk that lies": "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n",
             "no chunk": "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", "another coding": "Transfer-Encoding: gzip, x\r\n\r\n{}",
             "a chunk's end that lies": "Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n", "a space before the colon": "Content-Length : 2\r\n\r\n{}",
             "a folded header": "X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}", "a bare CR": "X: a\rb\r\nContent-Length: 2\r\n\r\n{}"}
    for what, rest in cases.items():
        found = api.statuses(raw(head + rest + last, half_close=True))
        check(len(found) <= 2 and 500 not in found, f"{what}: {found}")
        alive()
    for text in ("", "\r\n\r\n", "\x00\x00", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00",
                 "GET http://other/_ping HTTP/1.1\r\nHost: x\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"):
        found = api.statuses(raw(text, half_close=True))
        check(500 not in found, f"{text!r}: {found}")
        alive()
    for row in ask("GET", "/volumes").json().get("Volumes") or []:
        equal(ask("DELETE", f"/volumes/{row['Name']}").status, 204)


@test("clients that stop in the middle, close half or go leave nothing behind")
def half():
    engine()
    pid = shared["engine"].process.pid
    alive()
    before = api.descriptors_of(pid)
    for text in ("GET /_ping HTTP/1.1\r\nHo", "POST /volumes/create HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
                 "POST /images/load HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
                 "POST /build HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc",
                 "GET /events HTTP/1.1\r\nHost: x\r\n\r\n", "POST /containers/target/wait HTTP/1.1\r\nHost: x\r\n\r\n",
                 "GET /containers/target/logs?follow=1&stdout=1 HTTP/1.1\r\nHost: x\r\n\r\n", "GET /containers/target/stats HTTP/1.1\r\nHost: x\r\n\r\n",
                 "PUT /containers/target/archive?path=/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc",
                 "POST /containers/target/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: x\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n"):
        for way in ("close", "reset", "half"):
            connection = shared["api"].connect()
            connection.sendall(text.encode())
            time.sleep(0.01)
            if way == "half":
                connection.shutdown(socket.SHUT_WR)
                time.sleep(0.01)
            if way == "reset":
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        alive()
    wait_for(lambda: api.descriptors_of(pid) <= before, "descriptors as before")
    equal(len(ask("GET", "/containers/json").json()), 1, "the container runs on")


@test("300 slow clients do not keep others waiting")
def slow():
    engine()
    before = memory()
    connections = [shared["api"].connect() for _ in range(300)]
    for turn in range(4):
        for connection in connections:
            connection.sendall(b"GET /_ping HTTP/1.1\r\nX: "[turn * 6:turn * 6 + 6])
        begin = time.monotonic()
        alive()
        check(time.monotonic() - begin < 2, "a ping takes long")
    grown = memory() - before
    print(f"    300 slow clients: {grown:.1f} MiB more")
    check(grown < 300 * 0.06 * api.MEMORY, f"memory grew by {grown:.1f} MiB")
    for connection in connections:
        connection.close()
    alive()


@test("after all this the engine's memory is bounded, and it ends in order")
def end():
    engine()
    alive()
    print(f"    resident: {shared['memory']:.1f} MiB at first, {memory():.1f} MiB now")
    check(memory() < shared["memory"] + MEMORY_LIMIT * api.MEMORY, f"memory: {shared['memory']:.1f}, now {memory():.1f} MiB")
    equal(ask("DELETE", "/containers/target?force=1").status, 204)
    equal(shared["engine"].stop(), 0, "the engine's end")


main(__name__)
