#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 12
# bh-network dns: the name server of a network, asked from the network and from elsewhere, with resolvers that answer,
# lie, or say nothing.
import ctypes
import json
import os
import random
import socket
import struct
import subprocess
import threading
import time

from support import check, contains, equal, folder, main, ours, run, start, stop, test, wait_for

GATEWAY = "10.55.0.1"
A, PTR, AAAA = 1, 12, 28
NO_ERROR, SERVER_FAILURE, NAME_ERROR, REFUSED = 0, 2, 3, 5
libc = ctypes.CDLL(None, use_errno=True)
HOST = os.open("/proc/self/ns/net", os.O_RDONLY)
TABLE = os.path.join(folder("table"), "names.json")
RESOLV = os.path.join(folder("table"), "resolv.conf")
state = {}


def entered(name, function):
    """FUNCTION() in the network namespace NAME; "" is the host's"""
    got = {}

    def body():
        if name:
            with open(os.path.join(folder("netns"), name), "rb") as place:
                libc.setns(place.fileno(), 0x40000000)
        got["value"] = function()

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    return got["value"]


def question(name, kind, number=None):
    number = random.randrange(65536) if number is None else number
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part)
    return struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, kind, 1)


def parse(query, answer):
    """-> (code, [data]) of an answer to QUERY whose records have pointers for names"""
    number, flags, questions, count = struct.unpack(">4H", answer[:8])
    equal(number, struct.unpack(">H", query[:2])[0], "identifier")
    check(flags & 0x8000, "not a response")
    at = len(query) if questions else 12
    found = []
    for _ in range(count):
        size = struct.unpack(">H", answer[at + 10:at + 12])[0]
        found.append(answer[at + 12:at + 12 + size])
        at += 12 + size
    return flags & 15, found


def ask(name, kind=A, place="c1", timeout=6, server=GATEWAY, tcp=False):
    """-> (code, [data]), None when nobody answers"""
    query = question(name, kind)
    with entered(place, lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)) as client:
        client.settimeout(timeout)
        try:
            client.connect((server, 53))
            if not tcp:
                client.send(query)
                return parse(query, client.recv(65535))
            client.sendall(struct.pack(">H", len(query)) + query)
            return parse(query, receive_message(client))
        except (OSError, EOFError):
            return None


def receive_message(client):
    def exactly(size):
        data = b""
        while len(data) < size:
            part = client.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return data
    return exactly(struct.unpack(">H", exactly(2))[0])


def ip(text):
    return socket.inet_aton(text)


class Resolver:
    """Answers every A question with ADDRESS; a first label `lie` with an answer to something else first, `slow` never,
    `big` with more than fits a datagram (truncated over UDP), `none` with NXDOMAIN."""

    def __init__(self, own, address):
        self.address, self.asked = ip(address), []
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((own, 53))
        self.tcp = socket.socket()
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind((own, 53))
        self.tcp.listen(32)
        threading.Thread(target=self.serve_udp, daemon=True).start()
        threading.Thread(target=self.serve_tcp, daemon=True).start()

    def answer(self, query, is_tcp):
        label = query[13:13 + query[12]].decode("latin-1")
        self.asked.append(label)
        if label == "slow":
            return None
        records = 1 if label != "big" else 3000 if is_tcp else 0
        flags = 0x8183 if label == "none" else 0x8180 if records else 0x8380
        if label == "none":
            records = 0
        record = struct.pack(">HHHIH", 0xc00c, A, 1, 60, 4) + self.address
        return query[:2] + struct.pack(">5H", flags, 1, records, 0, 0) + query[12:] + record * records

    def serve_udp(self):
        while True:
            query, address = self.udp.recvfrom(4096)
            answer = self.answer(query, False)
            if query[13:16] == b"lie":
                self.udp.sendto(answer[:2] + b"\x81\x80" + answer[4:13] + b"LIE" + answer[16:].replace(self.address, ip("6.6.6.6")).replace(b"example", b"examplf"), address)
                self.udp.sendto(bytes([answer[0] ^ 1]) + answer[1:].replace(self.address, ip("6.6.6.6")), address)
                self.udp.sendto(b"short", address)
            if answer:
                self.udp.sendto(answer, address)

    def serve_tcp(self):
        while True:
            client, _ = self.tcp.accept()
            threading.Thread(target=self.serve_client, args=(client,), daemon=True).start()

    def serve_client(self, client):
        with client:
            try:
                while True:
                    answer = self.answer(receive_message(client), True)
                    if answer is None:
                        time.sleep(60)
                    client.sendall(struct.pack(">H", len(answer)) + answer)
            except (OSError, EOFError):
                pass


def write(path, text):
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".tmp", path)


def names(**more):
    table = {"web": ["10.55.0.2"], "db": ["10.55.0.3", "fd55::3"], "web.mynet": ["10.55.0.2"],
             "many": [f"10.55.1.{i}" for i in range(60)], **more}
    write(TABLE, json.dumps({"names": table}))


def serve(*options):
    server = start([ours("bh-network"), "dns", "--listen", GATEWAY, "--table", TABLE, "--interface", "bh5",
                    "--resolv", RESOLV, *options], log=f"dns{len(state)}.log")
    wait_for(lambda: os.path.getsize(server.log) and "result" in open(server.log, encoding="utf-8").read(), "the server", process=server)
    return server


def bridge_of(bridge, address, container, inner):
    path = os.path.join(folder("netns"), container)
    with open(path, "w", encoding="ascii"):
        pass
    run(["unshare", f"--net={path}", "true"])
    run(["ip", "link", "add", "name", bridge, "type", "bridge"])
    run(["ip", "addr", "add", address + "/24", "dev", bridge])
    run(["ip", "link", "set", bridge, "up"])
    run(["ip", "link", "add", "name", f"v{container}", "type", "veth", "peer", "name", "inner"])
    run(["ip", "link", "set", f"v{container}", "master", bridge, "up"])
    run(["ip", "link", "set", "inner", "netns", path])
    for words in (f"addr add {inner}/24 dev inner", "link set inner up", "link set lo up", f"route add default via {address}"):
        run(["nsenter", f"--net={path}", "ip", *words.split()])


@test("names of the table: A, AAAA, PTR, none")
def table():
    os.chmod(folder("table"), 0o755)
    bridge_of("bh5", GATEWAY, "c1", "10.55.0.2")
    bridge_of("bh6", "10.66.0.1", "c2", "10.66.0.2")
    names()
    state["good"] = Resolver("127.0.0.9", "9.9.9.9")
    write(RESOLV, "nameserver 127.0.0.9\n")
    state["server"] = serve()
    equal(ask("web"), (NO_ERROR, [ip("10.55.0.2")]))
    equal(ask("WEB"), (NO_ERROR, [ip("10.55.0.2")]))
    equal(ask("web.mynet"), (NO_ERROR, [ip("10.55.0.2")]))
    equal(ask("web", AAAA), (NO_ERROR, []))
    equal(ask("db", AAAA), (NO_ERROR, [socket.inet_pton(socket.AF_INET6, "fd55::3")]))
    equal(ask("2.0.55.10.in-addr.arpa", PTR), (NO_ERROR, [b"\3web\0"]))
    equal(ask("web", tcp=True), (NO_ERROR, [ip("10.55.0.2")]))
    equal(state["good"].asked, [])
    equal(len(ask("many")[1]), 30)
    equal(len(ask("many", tcp=True)[1]), 60)


@test("a stock resolver finds names")
def stock():
    resolv = os.path.join(folder(), "c1-resolv.conf")
    write(resolv, f"nameserver {GATEWAY}\noptions ndots:0\n")
    script = f"mount --bind {resolv} /etc/resolv.conf && getent hosts web && getent ahostsv4 db && getent hosts some.example"
    shown = run(["nsenter", f"--net={folder('netns')}/c1", "unshare", "--mount", "sh", "-c", script]).out
    contains(shown, "10.55.0.2")
    contains(shown, "10.55.0.3")
    contains(shown, "9.9.9.9")


@test("the rest is asked of the host's resolvers, over UDP and TCP")
def forwarded():
    equal(ask("some.example"), (NO_ERROR, [ip("9.9.9.9")]))
    equal(ask("none.example"), (NAME_ERROR, []))
    equal(ask("some.example", tcp=True), (NO_ERROR, [ip("9.9.9.9")]))
    equal(ask("big.example"), (NO_ERROR, []))
    equal(len(ask("big.example", tcp=True)[1]), 3000)
    equal(ask("lie.example"), (NO_ERROR, [ip("9.9.9.9")]))


@test("a dead resolver is passed over, a silent one given up in time")
def silent():
    write(RESOLV, "nameserver 127.0.0.77\nnameserver 127.0.0.9\n")
    equal(ask("some.example"), (NO_ERROR, [ip("9.9.9.9")]))
    write(RESOLV, "# nobody\nnameserver 127.0.0.9\n")
    begin = time.monotonic()
    equal(ask("slow.example", timeout=8), (SERVER_FAILURE, []))
    check(time.monotonic() - begin < 6, "given up too late")
    write(RESOLV, "\n")
    equal(ask("some.example"), (SERVER_FAILURE, []))
    write(RESOLV, "nameserver 127.0.0.9\n")


@test("the table is read again; a broken one changes nothing")
def reread():
    names(new=["10.55.0.9"])
    wait_for(lambda: ask("new") == (NO_ERROR, [ip("10.55.0.9")]), "the new name", timeout=3)
    write(TABLE, "{")
    time.sleep(0.05)
    equal(ask("new"), (NO_ERROR, [ip("10.55.0.9")]))
    names()
    wait_for(lambda: ask("new") == (NO_ERROR, [ip("9.9.9.9")]), "the name's end", timeout=3)


@test("no other network asks, and the server has no privilege")
def others():
    equal(ask("web", place="c2", timeout=0.3), None)
    equal(ask("web", place="c2", timeout=0.3, tcp=True), None)
    with open(f"/proc/{state['server'].pid}/status", encoding="ascii") as file:
        facts = dict(line.split(":", 1) for line in file)
    equal(facts["Uid"].split(), ["65534"] * 4)
    equal(facts["CapEff"].strip(), "0" * 16)
    equal(facts["CapBnd"].strip() and facts["NoNewPrivs"].strip(), "1")


def ask_again(name):
    """As a resolver does: what comes in a flood may be lost"""
    return next(filter(None, (ask(name, timeout=2) for _ in range(4))), None)


@test("hostile questions, floods and idle connections leave it answering")
def hostile():
    random.seed(4)
    with entered("c1", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as client:
        client.connect((GATEWAY, 53))
        for _ in range(3000):
            client.send(random.randbytes(random.randrange(80)))
        good = question("web", A)
        for at in range(len(good)):
            for value in (0, 1, 63, 64, 0xc0, 0xff):
                client.send(good[:at] + bytes([value]) + good[at + 1:])
        client.send(b"\0" * 60000)
        for i in range(400):
            client.send(question("slow.example", A, i))
    equal(ask_again("web"), (NO_ERROR, [ip("10.55.0.2")]))
    idle = []
    for i in range(40):
        client = entered("c1", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        client.settimeout(2)
        client.connect((GATEWAY, 53))
        client.send([b"", b"\0", b"\0\0", b"\xff\xff", b"\0\x20abc"][i % 5])
        idle.append(client)
    equal(ask("web"), (NO_ERROR, [ip("10.55.0.2")]))
    for client in idle:
        client.close()
    wait_for(lambda: ask("web", tcp=True) == (NO_ERROR, [ip("10.55.0.2")]), "an answer over TCP", timeout=3)
    with open(f"/proc/{state['server'].pid}/status", encoding="ascii") as file:
        resident = next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
    check(resident < 8192, f"{resident} kB resident")
    print(f"# {resident} kB resident after all that")
    wait_for(lambda: ask("some.example", timeout=1) == (NO_ERROR, [ip("9.9.9.9")]), "the flood's end", timeout=8)


@test("one server for a table; it ends with its table")
def ends():
    again = subprocess.run([ours("bh-network"), "dns", "--listen", GATEWAY, "--table", TABLE], stdout=subprocess.PIPE, check=True)
    equal(json.loads(again.stdout), {"result": {"already": True}})
    os.unlink(TABLE)
    equal(state["server"].wait(5), 0)
    refused = run([ours("bh-network"), "dns", "--listen", GATEWAY, "--table", TABLE], ok=False)
    equal(json.loads(refused.out)["kind"], "not-found")
    names()
    equal(json.loads(run([ours("bh-network"), "dns", "--listen", "10.1.2.3", "--table", TABLE], ok=False).out)["kind"], "io")
    equal(run([ours("bh-network"), "dns", "--listen", "nowhere", "--table", TABLE], ok=False).status, 1)
    equal(run([ours("bh-network"), "dns", "--port", "0"], ok=False).status, 2)


@test("an internal network's server asks nobody")
def internal():
    state["second"] = True
    asked = len(state["good"].asked)
    server = serve("--no-forward")
    equal(ask("web"), (NO_ERROR, [ip("10.55.0.2")]))
    equal(ask("some.example"), (REFUSED, []))
    equal(len(state["good"].asked), asked)
    stop(server)


main(__name__)
