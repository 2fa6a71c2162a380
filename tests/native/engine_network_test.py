#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 25
# Networks of the engine by the stock client: default bridge, user networks with names, published ports, internal ones,
# connect and disconnect, and all of it after a kill -9 of the engine. In a network namespace of this test's own.
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time

import images
from services import Engine
from support import check, contains, equal, folder, main, ours, run, test, wait_for

state = {}
PATIENCE = 10
# So long that no Unix socket below it has an address that fits by its path.
LONG = os.path.join("long-" + "x" * 90, "y" * 90)


def docker(*words, ok=True, **options):
    return state["engine"].docker(*words, ok=ok, **options)


def api(method, path, body=None):
    """-> (status, object)"""
    connection = http.client.HTTPConnection("engine", timeout=20)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(20)
    connection.sock.connect(state["engine"].path)
    connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, json.loads(data) if data else None


def inspect(kind, name):
    return json.loads(docker(kind, "inspect", name).out)[0]


def serve(name, *options, port=80, words="hello"):
    """A container that answers each connection with WORDS"""
    docker("run", "-d", "--name", name, *options, "test/box", "sh", "-c", f"while true; do echo {words} | nc -l -p {port}; done")


def ask(address, port, patience=1.0):
    try:
        with socket.create_connection((address, port), patience) as client:
            client.settimeout(patience)
            return client.recv(100).decode().strip() or None
    except OSError:
        return None


def answers(address, port, words):
    # The listener starts anew after each connection.
    wait_for(lambda: ask(address, port) == words, f"{words!r} from {address}:{port}", timeout=PATIENCE)


def inside(name, *words, ok=True):
    return docker("exec", name, *words, ok=ok)


def reaches(name, target, port, words):
    wait_for(lambda: inside(name, "sh", "-c", f"nc -w 1 {target} {port} </dev/null", ok=False).out.strip() == words,
             f"{words!r} from {target}:{port} in {name}", timeout=PATIENCE)


@test("the engine starts with the predefined networks")
def begin():
    for program in ("bh-runtime", "bh-monitor", "bh-image", "bh-network"):
        ours(program)
    run(["ip", "link", "set", "lo", "up"])
    state["engine"] = Engine(name=LONG)
    layer = images.tar_of(images.make_rootfs(folder("image"), ["sh", "echo", "nc", "sleep", "cat", "ip", "nslookup", "true", "hostname", "ping"]))
    archive = os.path.join(folder(), "box.tar")
    with open(archive, "wb") as file:
        file.write(images.docker_archive("test/box:latest", [layer], config={"ExposedPorts": {"80/tcp": {}}}))
    docker("load", "-i", archive)
    shown = docker("network", "ls", "--format", "{{.Name}} {{.Driver}} {{.Scope}}").out.split("\n")
    equal(sorted(filter(None, shown)), ["bridge bridge local", "host host local", "none null local"])


@test("the default bridge: address, route, hosts, inspect")
def default_bridge():
    serve("one")
    facts = inspect("container", "one")["NetworkSettings"]
    address = facts["IPAddress"]
    check(re.fullmatch(r"172\.\d+\.0\.2", address), facts)
    equal(facts["Networks"]["bridge"]["IPAddress"], address)
    equal(facts["Networks"]["bridge"]["IPPrefixLen"], 16)
    equal(facts["MacAddress"], "02:42:" + ":".join(f"{int(part):02x}" for part in address.split(".")))
    equal(facts["Ports"], {"80/tcp": None})
    equal(docker("ps", "--format", "{{.Ports}}").out.strip(), "80/tcp")
    contains(inside("one", "ip", "route").out, f"default via {facts['Gateway']} dev eth0")
    contains(inside("one", "cat", "/etc/hosts").out, f"{address}\t{inspect('container', 'one')['Config']['Hostname']}")
    answers(address, 80, "hello")
    equal(inside("one", "sh", "-c", "test -t 1 || echo no terminal").out, "no terminal\n")
    equal(docker("exec", "-t", "one", "sh", "-c", "test -t 1 && echo terminal").out, "terminal\r\n")
    equal(list(inspect("network", "bridge")["Containers"].values())[0]["IPv4Address"], f"{address}/16")


@test("published ports: chosen, picked, all; conflicts; in ps, port and inspect")
def published():
    serve("web", "-p", "8080:80", "-p", "127.0.0.1:8081:80/tcp", "-p", "5353:53/udp")
    answers("127.0.0.1", 8080, "hello")
    answers("127.0.0.1", 8081, "hello")
    answers("127.0.0.1", 8080, "hello")
    shown = docker("port", "web").out
    for part in ("80/tcp -> 0.0.0.0:8080", "80/tcp -> 127.0.0.1:8081", "53/udp -> 0.0.0.0:5353"):
        contains(shown, part)
    contains(docker("ps", "--filter", "name=web", "--format", "{{.Ports}}").out, "0.0.0.0:8080->80/tcp")
    refused = docker("run", "-d", "--name", "taken", "-p", "8080:80", "test/box", "sleep", "100", ok=False)
    equal(refused.status, 125)
    contains(refused.err, "port is already allocated")
    docker("rm", "taken")
    docker("run", "-d", "--name", "picked", "-P", "test/box", "sleep", "100")
    check(int(inspect("container", "picked")["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"]) > 1024, "no port picked")
    docker("run", "-d", "--name", "ranged", "-p", "8080-8090:81", "test/box", "sleep", "100")
    docker("rm", "-f", "picked", "ranged")
    docker("rm", "-f", "web")
    equal(ask("127.0.0.1", 8080), None)
    serve("web", "-p", "8080:80")
    answers("127.0.0.1", 8080, "hello")


@test("user networks: names, aliases, no way between networks")
def user_network():
    docker("network", "create", "--subnet", "10.77.0.0/24", "--label", "a=b", "front")
    docker("network", "create", "back")
    serve("db", "--network", "back", "--network-alias", "database", words="db")
    serve("app", "--network", "front", "--ip", "10.77.0.99", words="app")
    docker("run", "-d", "--name", "client", "--network", "back", "test/box", "sh", "-c",
           "while true; do echo client | nc -l -p 90; done")
    equal(inspect("container", "app")["NetworkSettings"]["Networks"]["front"]["IPAddress"], "10.77.0.99")
    for name in ("db", "database", "db.back", inspect("container", "db")["Id"][:12]):
        reaches("client", name, 80, "db")
    check(inside("client", "sh", "-c", "nc -w 1 app 80 </dev/null", ok=False).status != 0, "a name of another network")
    check(inside("client", "sh", "-c", "nc -w 1 10.77.0.99 80 </dev/null", ok=False).status != 0, "a way between networks")
    contains(inside("client", "cat", "/etc/resolv.conf").out, inspect("network", "back")["IPAM"]["Config"][0]["Gateway"])
    equal(docker("network", "ls", "-q", "--filter", "label=a=b").out.strip(), inspect("network", "front")["Id"][:12])


def resolve_all(address):
    """A name server at ADDRESS that answers each A question with 7.7.7.7, and others with nothing"""
    run(["ip", "address", "add", f"{address}/32", "dev", "lo"])
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))

    def serve_questions():
        while True:
            query, client = server.recvfrom(4096)
            is_a = query[-4:-2] == b"\0\1"
            record = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + bytes([7, 7, 7, 7]) if is_a else b""
            server.sendto(query[:2] + b"\x81\x80\0\1\0" + bytes([is_a]) + b"\0\0\0\0" + query[12:] + record, client)
    threading.Thread(target=serve_questions, daemon=True).start()


@test("--dns, --dns-search, --dns-option: beside the names of a user network, alone on the default bridge")
def own_servers():
    resolve_all("10.99.0.53")
    options = ["--dns", "10.99.0.53", "--dns", "127.0.0.1", "--dns-search", "corp.example", "--dns-search", "b", "--dns-option", "timeout:1"]
    gateway = inspect("network", "back")["IPAM"]["Config"][0]["Gateway"]
    docker("run", "-d", "--name", "own", "--network", "back", *options, "test/box", "sleep", "1000")
    equal(inside("own", "cat", "/etc/resolv.conf").out.split("\n")[:2], [f"nameserver {gateway}", "nameserver 127.0.0.1"])
    for line in ("search corp.example b\n", "options timeout:1\n", "options ndots:0\n"):
        contains(inside("own", "cat", "/etc/resolv.conf").out, line)
    contains(inside("own", "nslookup", "some.example", gateway).out, "7.7.7.7")
    reaches("own", "database", 80, "db")
    equal("7.7.7.7" in inside("client", "nslookup", "some.example", gateway, ok=False).out, False, "another container's server was asked")
    shown = docker("run", "--rm", *options, "test/box", "sh", "-c", "cat /etc/resolv.conf; nslookup some.example 10.99.0.53").out
    for part in ("nameserver 10.99.0.53\nnameserver 127.0.0.1\n", "search corp.example b\n", "7.7.7.7"):
        contains(shown, part)
    equal(inspect("container", "own")["HostConfig"]["Dns"], ["10.99.0.53", "127.0.0.1"])
    contains(docker("create", "--network", "container:own", "--dns", "10.99.0.53", "test/box", ok=False).err, "conflicting options")
    equal(api("POST", "/containers/create", {"Image": "test/box", "HostConfig": {"Dns": ["here"]}})[0], 400)
    docker("rm", "-f", "own")


@test("connect and disconnect, running and stopped")
def connect():
    docker("network", "connect", "--alias", "second", "front", "client")
    # By name, though the name server is the first network's; and the other way.
    reaches("client", "app", 80, "app")
    reaches("app", "second", 90, "client")
    check(inside("app", "sh", "-c", "nc -w 1 db 80 </dev/null", ok=False).status != 0, "a name of a network that it is not in")
    equal(sorted(inspect("container", "client")["NetworkSettings"]["Networks"]), ["back", "front"])
    contains(docker("network", "connect", "front", "client", ok=False).err, "already")
    docker("restart", "-t", "0", "client")
    reaches("client", "app", 80, "app")
    reaches("client", "database", 80, "db")
    docker("network", "disconnect", "front", "client")
    check(inside("client", "sh", "-c", "nc -w 1 10.77.0.99 80 </dev/null", ok=False).status != 0, "still a way")
    contains(docker("network", "disconnect", "front", "client", ok=False).err, "not connected")
    docker("stop", "-t", "0", "client")
    docker("network", "connect", "front", "client")
    docker("start", "client")
    reaches("client", "10.77.0.99", 80, "app")


@test("a new name, links, host-gateway, an interface of the host")
def names():
    docker("rename", "db", "store")
    reaches("client", "store", 80, "db")
    check(inside("client", "sh", "-c", "nc -w 1 db 80 </dev/null", ok=False).status != 0, "the old name")
    docker("rename", "store", "db")
    address = inspect("container", "one")["NetworkSettings"]["IPAddress"]
    shown = docker("run", "--rm", "--link", "one:first", "--add-host", "host.docker.internal:host-gateway", "test/box", "cat", "/etc/hosts").out
    contains(shown, f"{address}\tfirst ")
    contains(shown, f"{inspect('network', 'bridge')['IPAM']['Config'][0]['Gateway']}\thost.docker.internal")
    run(["ip", "link", "add", "name", "nic1", "type", "veth", "peer", "name", "nic2"])
    docker("network", "create", "-o", "bulkhead.device=nic1", "wired")
    contains(run(["ip", "-o", "link", "show", "nic1"]).out, "master br-")
    docker("network", "rm", "wired")
    equal("master" in run(["ip", "-o", "link", "show", "nic1"]).out, False)


@test("internal networks have no way out; the modes none, host and container:")
def modes():
    docker("network", "create", "--internal", "inner")
    docker("run", "-d", "--name", "closed", "--network", "inner", "test/box", "sleep", "1000")
    equal("default" in inside("closed", "ip", "route").out, False)
    equal(docker("run", "--rm", "--network", "none", "test/box", "ip", "-o", "link").out.count("\n"), 1)
    contains(docker("run", "--rm", "--network", "host", "test/box", "ip", "-o", "link").out, "bh0")
    shared = docker("run", "--rm", "--network", "container:web", "test/box", "ip", "-o", "addr").out
    contains(shared, inspect("container", "web")["NetworkSettings"]["IPAddress"])


@test("networks of IPv6: given and chosen subnets, addresses, names, routes, ports")
def version6():
    docker("network", "create", "--ipv6", "--subnet", "fd77::/64", "--subnet", "10.76.0.0/24", "six")
    docker("network", "create", "--ipv6", "own6")
    serve("s1", "--network", "six", "-p", "8599:80", words="s1")
    docker("run", "-d", "--name", "s2", "--network", "six", "--ip6", "fd77::99", "test/box", "sleep", "1000")
    place = inspect("container", "s1")["NetworkSettings"]["Networks"]["six"]
    equal((place["GlobalIPv6Address"], place["GlobalIPv6PrefixLen"], place["IPv6Gateway"]), ("fd77::a4c:2", 64, "fd77::1"))
    facts = inspect("network", "six")
    equal((facts["EnableIPv6"], facts["IPAM"]["Config"][1]), (True, {"Subnet": "fd77::/64", "Gateway": "fd77::1"}))
    equal(sorted(one["IPv6Address"] for one in facts["Containers"].values()), ["fd77::99/64", "fd77::a4c:2/64"])
    contains(inside("s2", "ip", "-6", "route").out, "default via fd77::1")
    contains(inside("s2", "cat", "/etc/hosts").out, "fd77::99\t")
    inside("s2", "ping", "-6", "-c", "1", "-w", "2", "s1")
    inside("s1", "ping", "-6", "-c", "1", "-w", "2", "s2")
    answers("fd77::a4c:2", 80, "s1")
    answers("fd77::1", 8599, "s1")
    docker("run", "--rm", "--network", "own6", "test/box", "ping", "-6", "-c", "1", "-w", "2", inspect("network", "own6")["IPAM"]["Config"][1]["Gateway"])
    check(inspect("network", "own6")["IPAM"]["Config"][1]["Subnet"].startswith("fd"), "no unique local subnet")
    for address, name in (("fd77::99", "six"), ("fd78::5", "six"), ("fd77::1", "six"), ("fd77::a4c:9", "six"), ("x", "six"), ("fd77::5", "back")):
        refused = docker("run", "--rm", "--network", name, "--ip6", address, "test/box", "true", ok=False)
        check(refused.status == 125, f"{address} in {name}: {refused}")
    docker("rm", "-f", "s2")


def ipv6(subnet, gateway="", *more):
    return {"Name": "x", "EnableIPv6": True, "IPAM": {"Config": [{"Subnet": subnet, "Gateway": gateway}, *more]}}


@test("what cannot be: bad networks, names, subnets, removals")
def refusals():
    for words, part in ((["create", "bridge"], "predefined"), (["create", "front"], "already exists"), (["create", "-d", "overlay", "x"], "driver"),
                        (["create", "--subnet", "10.77.0.0/16", "x"], "overlaps"), (["create", "--subnet", "10.78.0.0/33", "x"], ""),
                        (["create", "--subnet", "10.78.0.0/24", "--gateway", "10.79.0.1", "x"], ""), (["rm", "bridge"], "pre-defined"),
                        (["rm", "front"], "active endpoints"), (["inspect", "nothing"], "nothing"), (["connect", "front", "nobody"], "No such container")):
        refused = docker("network", *words, ok=False)
        check(refused.status != 0, words)
        contains(refused.err.lower(), part.lower())
    contains(docker("run", "--network", "nothing", "test/box", "true", ok=False).err, "nothing not found")
    docker("rm", docker("ps", "-lq").out.strip())
    contains(docker("run", "--rm", "--network", "front", "--ip", "10.77.0.99", "test/box", "true", ok=False).err, "in use")
    for body in ({}, {"Name": "../x"}, {"Name": "x", "IPAM": {"Config": [{"Subnet": "x"}]}}, ipv6("fe80::/64"), ipv6("fd00::/112"), ipv6("fd00::"),
                 ipv6("fd77::/64", "fd78::1"), ipv6("fd77::/64", "fd78::2"), {**ipv6("fd70::/64"), "EnableIPv6": False},
                 ipv6("fd70::/64", "", {"Subnet": "fd71::/64"}), ipv6("fd70::/64", "", {"Subnet": "10.79.0.0/24"}, {"Subnet": "10.80.0.0/24"}),
                 {"Name": "x", "Options": {"com.docker.network.bridge.name": "a b"}}, {"Name": "x", "IPAM": {"Config": [{"Gateway": "10.1.0.1"}]}}):
        equal(api("POST", "/networks/create", body)[0], 400, f"status of {body}")
    refused = run([ours("bh-engine"), "--root", "/" + "x" * 401], ok=False)
    contains(refused.err, "a path is too long: 402 bytes, 400 at most")
    contains(run([ours("bh-engine"), "--root", folder("other"), "--run", folder("other"), "--host", "unix:///tmp/" + "x" * 108], ok=False).err,
             "at most 107 bytes")
    for ports in ({"x": []}, {"80/icmp": []}, {"0": [{}]}, {"80/tcp": [{"HostPort": "99999"}]}, {"80/tcp": [{"HostIp": "1.2.3"}]}):
        status, _ = api("POST", "/containers/create", {"Image": "test/box", "HostConfig": {"PortBindings": ports}})
        equal(status, 400, f"status of {ports}")


def kill_engine():
    state["engine"].process.send_signal(signal.SIGKILL)
    state["engine"].process.wait()


@test("kill -9: ports, names and bridges go on, and are put right by the next engine")
def killed():
    kill_engine()
    answers("127.0.0.1", 8080, "hello")
    run(["ip", "link", "del", "bh0"])
    state["engine"] = Engine(name=LONG)
    answers("fd77::1", 8599, "s1")
    answers("127.0.0.1", 8080, "hello")
    reaches("client", "database", 80, "db")
    equal(inspect("container", "web")["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"], "8080")
    serve("later", "--network", "back", words="later")
    reaches("client", "later", 80, "later")


def remains():
    """What the kernel has of containers, and what the database says of them"""
    rows = {}
    for network in api("GET", "/networks")[1]:
        for container, place in api("GET", f"/networks/{network['Id']}")[1]["Containers"].items():
            rows["veth" + place["EndpointID"][:8]] = container
    veths = set(re.findall(r"\b(veth[0-9a-f]{8})", run(["ip", "-o", "link"]).out))
    return veths, set(rows), set(os.listdir(os.path.join(state["engine"].run_folder, "netns"))), set(rows.values())


def is_consistent():
    veths, rows, places, containers = remains()
    return veths == rows and places == containers


@test("kill -9 at any moment of a start or a stop: the next engine leaves what runs and takes away the rest")
def killed_anywhere():
    random.seed(7)
    for number in range(6):
        name = f"victim{number}"
        words = ["run", "-d", "--name", name, "--network", "back", "-p", f"{8600 + number}:80", "test/box", "sleep", "1000"]
        if number % 2:
            docker(*words)
            words = ["stop", "-t", "0", name]
        with subprocess.Popen(["docker", "-H", state["engine"].host, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as client:
            time.sleep(random.random() * 0.15)
            kill_engine()
            client.wait(20)
        state["engine"] = Engine(name=LONG)
        wait_for(is_consistent, f"round {number}: the kernel and the database agree", timeout=5)
        found = docker("ps", "-aq", "--filter", f"name={name}").out.split()
        if found:
            docker("start", name)
            docker("rm", "-f", name)
    wait_for(is_consistent, "the end of the last", timeout=5)
    reaches("client", "database", 80, "db")


@test("20 containers at once, each with a port of its own and a name")
def many():
    begin = time.monotonic()
    clients = [subprocess.Popen(["docker", "-H", state["engine"].host, "run", "-d", "--name", f"many{i}", "--network", "back", "-p", f"{8700 + i}:80",
                                 "test/box", "sleep", "1000"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for i in range(20)]
    for client in clients:
        errors = client.communicate(timeout=120)[1]
        equal(client.returncode, 0, errors.decode())
    print(f"# 20 containers in {time.monotonic() - begin:.1f} s")
    facts = json.loads(docker("network", "inspect", "back").out)[0]["Containers"]
    addresses = [place["IPv4Address"] for place in facts.values()]
    equal(len(set(addresses)), len(addresses), "addresses")
    check(len(addresses) >= 20, facts)
    contains(inside("client", "nslookup", "many19").out, addresses[-1].split("/")[0].rsplit(".", 1)[0])
    docker("rm", "-f", *[f"many{i}" for i in range(20)])
    wait_for(is_consistent, "their end", timeout=20)


@test("prune, and nothing remains of what is removed")
def end():
    docker("rm", "-f", *docker("ps", "-aq").out.split())
    removed = docker("network", "prune", "-f").out
    for name in ("front", "back", "inner", "six", "own6"):
        contains(removed, name)
    links = run(["ip", "-o", "link"]).out
    check("veth" not in links or wait_for(lambda: "veth" not in run(["ip", "-o", "link"]).out, "the veths' end"), links)
    wait_for(lambda: "br-" not in run(["ip", "-o", "link"]).out, "the bridges' end")
    equal(os.listdir(os.path.join(state["engine"].run_folder, "netns")), [])
    wait_for(lambda: not [pid for pid in filter(str.isdigit, os.listdir("/proc")) if is_network_process(pid)], "the name servers' end")
    state["engine"].stop()


def is_network_process(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().startswith(b"bh-network")
    except OSError:
        return False


main(__name__)
