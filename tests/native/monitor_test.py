#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Seconds: 25
"""bh-monitor as a whole, by its contract (guest/monitor/README.md): streams, log, exit, requests."""
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from monitor_bench import (ROOT, Container, alive, bundle, check, equal, frames, pair, program, read_all, run_tests, until)

MEBI = 1 << 20


def output():
    """output goes to the log and a client, the exit status to exit.json and the waiter"""
    ours, theirs = pair()
    box = Container(["sh", "-c", "echo one; echo two >&2; printf three; exit 7"], attach=[(theirs, "oe")])
    check(box.report["pid"] > 0, "pid")
    check(not os.path.exists(os.path.join(box.run, "exit.json")), "exit.json before the end")
    waiter = box.connect()
    waiter.send(b'{"op":"wait"}')
    box.start()
    seen = frames(read_all(ours))
    equal(seen, {1: b"one\nthree", 2: b"two\n"}, "frames")
    answer = json.loads(waiter.recv(4096))
    equal((answer["code"], answer["signal"]), (7, 0), "wait")
    ours.close()
    result = box.exit()
    equal((result["code"], result["signal"], result["finished"]), (7, 0, answer["finished"]), "exit.json")
    check(result["started"] < result["finished"], "times")
    equal((box.logged(), box.logged("stderr")), ("one\nthree", "two\n"), "log")
    equal(set(box.entries()[0]), {"log", "stream", "time"}, "keys of an entry")
    check(not os.path.exists(os.path.join(box.run, "monitor.sock")), "the socket is left")


def killed():
    """a process killed by SIGKILL gives 137 and the signal"""
    box = Container(["sh", "-c", "echo here; kill -9 $$"], "--start")
    result = box.exit()
    equal((result["code"], result["signal"]), (137, 9), "exit")
    equal(box.logged(), "here\n", "log")


def lines():
    """long lines are split at 16 KiB, bytes that are no text are replaced, no character is cut"""
    text = "é" * 10000 + "€" * 7000 + "\n" + 'q"\\\t\x01<&>\u2028' + "\n\n" + "x" * 16384 + "\n"
    path = os.path.join(ROOT, "lines.txt")
    with open(path, "wb") as file:
        file.write(text.encode() + b"bad\xff\xc3(\n")
    box = Container(["cat", path], "--start")
    box.exit()
    equal(box.logged(), text + "bad\ufffd\ufffd(\n", "log")
    check(max(len(entry["log"].encode()) for entry in box.entries()) <= 16384, "an entry is too long")
    with open(box.log_path) as file:
        check('\\u0001\\u003c\\u0026\\u003e\\u2028\\n' in file.read(), "escapes are not Docker's")


def rotation():
    """the log is rotated by size, files beyond the limit go, and reopen-log opens a new one"""
    box = Container(["sh", "-c", "read a; seq 1 400; read b; echo after"], "--start", "--stdin", "--log-max-size", "4000", "--log-max-file", "3")
    client = box.attach("i")
    client.send(b"\n")
    until(lambda: os.path.exists(box.log_path + ".2") and os.path.exists(box.log_path) and "400\n" in box.logged(), "rotation")
    check(not os.path.exists(box.log_path + ".3"), "a file too many")
    kept = [int(entry["log"]) for path in (box.log_path + ".2", box.log_path + ".1", box.log_path) for entry in box.entries(path)]
    equal(kept, list(range(kept[0], 401)), "rotated files in order")
    check(all(os.path.getsize(box.log_path + end) < 4200 for end in ("", ".1", ".2")), "size of a file")
    os.rename(box.log_path, box.log_path + ".moved")
    equal(box.ask({"op": "reopen-log"}), {}, "reopen-log")
    client.send(b"\n")
    box.exit()
    equal(box.logged(), "after\n", "log after reopening")


def log_full():
    """a log that cannot be written stops nothing and is told in exit.json"""
    os.makedirs(os.path.join(ROOT, f"c{Container.count + 1}"))
    os.symlink("/dev/full", os.path.join(ROOT, f"c{Container.count + 1}", "log"))
    box = Container(["sh", "-c", "seq 1 100000"], "--start")
    result = box.exit()
    equal((result["code"], result.get("log_error")), (0, "No space left on device"), "exit.json")


def echo(kind, flags, tty=False):
    """1 MiB there and back through cat, in pieces of random size."""
    data = random.Random(4).randbytes(MEBI)
    ours, theirs = pair(kind)
    box = Container(["cat"], "--start", "--stdin", "--stdin-once", attach=[(theirs, flags)], log=kind == "unix")

    def send():
        left = memoryview(data)
        while left:
            count = random.randint(1, 30000)
            ours.sendall(left[:count])
            left = left[count:]
        ours.shutdown(socket.SHUT_WR)
    sender = threading.Thread(target=send)
    sender.start()
    got = read_all(ours)
    sender.join()
    equal((got if "r" in flags else frames(got)[1]) == data, True, "echo is the same")
    ours.close()
    equal(box.exit()["code"], 0, "exit")


def echo_unix():
    """1 MiB through stdin and stdout of a Unix socket; half-close ends stdin only"""
    echo("unix", "ioe")


def echo_tcp():
    """1 MiB through stdin and stdout of a TCP socket, raw"""
    echo("tcp", "ior")


def several():
    """several clients get the same; one that comes later gets the rest; each asks its own streams"""
    box = Container(["sh", "-c", "read a; echo first; echo wrong >&2; read a; echo second"], "--start", "--stdin")
    one, two, errors = box.attach("io"), box.attach("oe", "tcp"), box.attach("e")
    one.send(b"\n")
    until(lambda: "first" in box.logged() and "wrong" in box.logged("stderr"), "first line")
    late = box.attach("o")
    one.send(b"\n")
    equal(frames(read_all(one)), {1: b"first\nsecond\n", 2: b""}, "one")
    equal(frames(read_all(two)), {1: b"first\nsecond\n", 2: b"wrong\n"}, "two")
    equal(frames(read_all(errors)), {1: b"", 2: b"wrong\n"}, "errors")
    equal(frames(read_all(late)), {1: b"second\n", 2: b""}, "late")


def stdin_stays():
    """without stdin-once a client's end leaves the container's input open, and ends its attachment"""
    box = Container(["cat"], "--start", "--stdin")
    for word in (b"a\n", b"b\n"):
        client = box.attach("io")
        client.send(word)
        client.shutdown(socket.SHUT_WR)
        equal(frames(read_all(client))[1], word, "answer")
        client.close()
    equal(box.ask({"op": "close-stdin"}), {}, "close-stdin")
    equal(box.exit()["code"], 0, "cat ends")
    equal(box.logged(), "a\nb\n", "log")


def stdin_once_killed():
    """with stdin-once a client that vanishes ends the container's input"""
    box = Container(["cat"], "--start", "--stdin", "--stdin-once")
    client = box.attach("io", input=b"first, ".hex())
    client.send(b"last words\n")
    client.close()
    equal(box.exit()["code"], 0, "cat ends")
    equal(box.logged(), "first, last words\n", "log")


def stdin_unread():
    """input that nobody reads stalls its client only; when the process closes it, it is dropped"""
    box = Container(["sh", "-c", "exec <&-; echo closed; sleep 1; echo end"], "--start", "--stdin", "--stdin-once")
    client = box.attach("io")
    until(lambda: "closed" in box.logged(), "closed")
    client.sendall(b"x" * MEBI)
    equal(frames(read_all(client))[1][-4:], b"end\n", "output")
    equal(box.exit()["code"], 0, "exit")


def slow_client():
    """a slow client gets every byte"""
    ours, theirs = pair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    box = Container(["sh", "-c", "seq 1 300000"], "--start", attach=[(theirs, "o")])
    data = bytearray()
    expected = b"".join(b"%d\n" % i for i in range(1, 300001))
    while chunk := ours.recv(random.choice((1000, 60000, 500000))):
        data += chunk
        if random.random() < 0.05:
            time.sleep(0.02)
    equal(frames(bytes(data))[1] == expected, True, "all of the output")
    ours.close()
    box.exit()


def dead_client():
    """a client that reads nothing holds the container back only for a moment, then is dropped"""
    ours, theirs = pair()
    begin = time.monotonic()
    box = Container(["sh", "-c", "head -c 30000000 /dev/zero; echo x"], "--start", attach=[(theirs, "o")], log=False)
    result = box.exit()
    check(time.monotonic() - begin < 8, "the container was held back")
    equal(result["code"], 0, "exit")
    ours.close()


def gone_client():
    """a client that vanishes in the middle of output leaves the others and the log whole"""
    one, theirs = pair("tcp")
    two, theirs_two = pair()
    box = Container(["seq", "1", "200000"], "--start", attach=[(theirs, "o"), (theirs_two, "or")])
    one.recv(10)
    one.close()
    expected = "".join(f"{i}\n" for i in range(1, 200001))
    equal(read_all(two).decode() == expected, True, "the other client's output")
    two.close()
    box.exit()
    equal(box.logged() == expected, True, "log")


def last_output():
    """output right before the end is complete, also while the client still sends"""
    for kind in ("unix", "tcp"):
        for _ in range(3):
            ours, theirs = pair(kind)
            box = Container(["sh", "-c", "seq 1 20000"], "--start", "--stdin", attach=[(theirs, "ior")], log=False)
            try:
                ours.sendall(b"y" * 200000)
            except OSError:
                pass
            equal(read_all(ours)[-6:], b"20000\n", "last line")
            ours.close()
            box.exit()


def grandchild():
    """grandchildren that keep the pipe open, silent or not, do not delay the end"""
    for rest in ("sleep 30", "while sleep 0.02; do echo more; done"):
        box = Container(["sh", "-c", f"({rest}) & echo soon"], "--start")
        begin = time.monotonic()
        result = box.exit()
        check(time.monotonic() - begin < 6, "the monitor waited for the grandchild")
        equal((result["code"], "soon\n" in box.logged()), (0, True), "end")


def orphans():
    """orphans are reaped and do not decide the exit status"""
    box = Container(["sh", "-c", "(sh -c 'sleep 0.05; exit 9' &) ; sleep 0.3; ls -d /proc/[0-9]*/stat | xargs grep -l \"Z $1\" 2>/dev/null; exit 3", "sh", "$PPID"], "--start")
    until(lambda: not alive(box.report["pid"]) or "x", "start")
    equal(box.exit()["code"], 3, "exit")


def terminal():
    """a terminal: raw stream, size before and after the start, input, output to the log as stdout"""
    box = Container(["sh", "-c", "stty size; read x; stty size; echo got $x >&2; tty"], "--stdin", tty=True)
    equal(box.ask({"op": "resize", "width": 81, "height": 31}), {}, "resize")
    client = box.attach("ioe")
    box.start()
    data = read_all(client, 7)
    equal(data, b"31 81\r\n", "size before the start")
    equal(box.ask({"op": "resize", "width": 120, "height": 40}), {}, "resize")
    client.send(b"word\n")
    rest = read_all(client)
    check(rest.startswith(b"word\r\n40 120\r\ngot word\r\n/dev/pts/"), f"terminal: {rest}")
    equal(box.exit()["code"], 0, "exit")
    equal(box.logged().encode(), data + rest, "log")


def terminal_early():
    """the size given to a monitor whose runtime is slow is there at the start"""
    box = Container(["sh", "-c", "stty size"], "--start", tty=True, faults=["--slow", "0.8"], wait=False)
    until(lambda: os.path.exists(os.path.join(box.run, "monitor.sock")), "socket")
    equal(box.ask({"op": "resize", "width": 11, "height": 12}), {}, "resize")
    client = box.attach("o")
    box.report = box.read_report()
    equal(read_all(client), b"12 11\r\n", "size")
    box.exit()


def terminal_reopened():
    """a terminal closed by all and opened again goes on"""
    box = Container(["sh", "-c", "t=$(tty); exec <&- >&- 2>&-; sleep 0.2; exec >$t; echo again"], "--start", tty=True)
    box.exit()
    equal(box.logged(), "again\r\n", "log")


def terminal_volume():
    """1 MiB from a terminal is complete at the end"""
    box = Container(["sh", "-c", "stty -opost; seq 1 150000"], tty=True)
    client = box.attach("o")
    box.start()
    data = read_all(client)
    client.close()
    box.exit()
    expected = "".join(f"{i}\n" for i in range(1, 150001))
    equal(box.logged() == expected, True, "log")
    equal(data.decode() == expected, True, "client")


def detach():
    """the detach keys end the client alone; a part of them reaches the container"""
    box = Container(["cat"], "--start", "--stdin", "--stdin-once", tty=True)
    client = box.attach("ioe")
    client.send(b"a\x10b\n")
    until(lambda: box.logged().count("b") == 2, "keys that are not the sequence")
    client.send(b"\x10")
    client.send(b"\x11")
    read_all(client)
    client.close()
    check(alive(box.report["pid"]), "the container ended too")
    other = box.attach("ioe", detach_keys="x,ctrl-@")
    other.send(b"\x10\x11x\0")
    read_all(other)
    last = box.attach("io")
    last.send(b"z\n\x04")
    equal(box.exit()["code"], 0, "exit")
    check("\x10" not in box.logged().split("b", 1)[0].replace("^P", ""), "log")


def started_again():
    """a client that keeps its end open does not hinder the next monitor of the container"""
    box = Container(["sh", "-c", "echo x"])
    client = box.attach("o")
    box.start()
    until(lambda: os.path.exists(os.path.join(box.run, "exit.json")), "exit.json")
    equal(frames(read_all(client))[1], b"x\n", "output")
    check(alive(box.report["monitor"]), "the client was cut off")
    until(lambda: not os.path.exists(os.path.join(box.run, "monitor.sock")), "end of the socket")
    again = Container(["true"], "--start", again=box)
    equal(again.exit()["code"], 0, "second run")
    client.close()
    for _ in range(5):
        path = os.path.join(again.run, "exit.json")
        again = Container(["true"], "--start", again=box)
        check("pid" in again.report, f"started again at once: {again.report}")
        until(lambda: os.path.exists(path), "exit.json")
    again.exit()
    failed = [Container(["true"], again=box, faults=["--fail", "no"]).report for _ in range(3)]
    equal(failed, [{"error": "no"}] * 3, "failures one after the other")


def bad_requests():
    """bad requests get an error, and the next one its answer"""
    box = Container(["sleep", "20"], "--start")
    random_bytes = random.Random(1)
    sock = box.connect()
    for request in (b"x", b"{", b"[]", b"1", b"null", b'"start"', b"{}", b'{"op":1}', b'{"op":"dance"}', b'{"op":"attach"}', b"\0" * 100,
                    b'{"op":"attach","stdout":true}', b'{"op":"resize","width":1,"height":1}', b'{"op":"start"}', b'{"op":"resize"}', b"[" * 16000,
                    b'{"op":"attach","stdout":true,"detach_keys":"ctrl-,"}', b'{"op":"attach","stdout":true,"input":"0"}',
                    b'{"op":"attach","stdout":true,"input":"0x"}', b'{"op":"wait"' + b" " * 70000 + b"}",
                    *(random_bytes.randbytes(random_bytes.randint(1, 3000)) for _ in range(50))):
        answer = box.ask(request, sock=sock)
        check("error" in answer, f"{request!r:.60} was taken: {answer}")
    pipe = os.pipe()
    check("no socket" in box.ask({"op": "attach", "stdout": True}, [pipe[0]])["error"], "a pipe was attached")
    check("exactly one" in box.ask({"op": "attach", "stdout": True}, list(pipe) * 2)["error"], "four descriptors")
    check("error" in box.ask(b'{"op":"wait"', list(pipe)), "descriptors with a bad request")

    def descriptors():
        return len(os.listdir(f"/proc/{box.report['monitor']}/fd"))
    before = descriptors()
    for _ in range(20):
        box.ask({"op": "wat"}, list(pipe) * 20)
    until(lambda: descriptors() <= before, "descriptors kept")
    for fd in pipe:
        os.close(fd)
    many = [box.connect() for _ in range(80)]
    for extra in many:
        extra.close()
    until(lambda: box.ask({"op": "reopen-log"}) == {}, "an answer after 80 connections")
    clients = [box.attach("o") for _ in range(32)]
    ours, theirs = pair()
    check("too many" in box.ask({"op": "attach", "stdout": True}, [theirs.fileno()])["error"], "33rd client")
    for client in clients:
        client.close()
    waiter = box.connect()
    waiter.send(b'{"op":"wait"}')
    waiter.close()
    os.kill(box.report["pid"], signal.SIGTERM)
    equal(box.exit()["signal"], 15, "exit")


def sessions():
    """exec sessions with their own streams, socket and exit.json; input half-closed; failures"""
    box = Container(["sleep", "30"], "--start")
    ours, theirs = pair()
    run = Container(["sh", "-c", "cat; echo error >&2; exit 5"], "--stdin", session=box, attach=[(theirs, "ioe")])
    ours.send(b"in and out")
    ours.shutdown(socket.SHUT_WR)
    equal(frames(read_all(ours)), {1: b"in and out", 2: b"error\n"}, "session")
    ours.close()
    equal(run.exit()["code"], 5, "exit of the session")
    quick = [Container(["sh", "-c", f"exit {code}"], session=box, faults=["--linger", "0.2"]) for code in (0, 42)]
    equal([each.exit()["code"] for each in quick], [0, 42], "sessions that end before the runtime")
    ours, theirs = pair()
    shell = Container(["sh", "-c", "stty size; exit 6"], "--stdin", tty=True, session=box, wait=False, faults=["--slow", "0.3"], attach=[(theirs, "ioe")])
    until(lambda: os.path.exists(os.path.join(shell.run, "monitor.sock")), "socket")
    equal(shell.ask({"op": "resize", "width": 9, "height": 8}), {}, "resize")
    shell.report = shell.read_report()
    read_all(ours)
    ours.close()
    equal(shell.exit()["code"], 6, "exit of a session with terminal")
    ours, theirs = pair()
    bad = Container(["true"], session=box, faults=["--fail", "no such program"], attach=[(theirs, "oe")])
    equal(bad.report, {"error": "no such program"}, "failed session")
    check(b"no such program" in read_all(ours), "the stream of a failed session has no words")
    ours.close()
    background = Container(["sh", "-c", "sleep 30 & echo $!"], session=box)
    begin = time.monotonic()
    equal(background.exit()["code"], 0, "session with a background process")
    check(time.monotonic() - begin < 6, "the session hung")
    os.kill(box.report["pid"], signal.SIGKILL)
    equal(box.exit()["code"], 137, "exit of the container")


def runtime_faults():
    """a runtime that fails, is slow, or is killed: its words or its end, and nothing left behind"""
    equal(Container(["true"], faults=["--fail", 'time="x" level=error msg="m"\nno such \x07file']).report, {"error": "no such ?file"}, "words")
    check("killed by signal 9" in Container(["sleep", "31.5"], faults=["--die"]).report["error"], "killed")
    check("killed by signal 9" in Container(["sleep", "31.5"], faults=["--die-late"]).report["error"], "killed late")
    check("pid file" in Container(["sleep", "31.5"], faults=["--no-pid"]).report["error"], "no pid file")
    check("terminal" in Container(["true"], "--tty").report["error"], "no terminal")
    check("cannot be run" in Container(["true"], runtime="/nonexistent").report["error"], "no runtime")
    box = Container(["sleep", "31.5"], faults=["--start-fail", "start says no"])
    equal(box.ask({"op": "start"}), {"error": "start says no"}, "start")
    result = box.exit()
    equal((result["code"], result["error"]), (137, "start says no"), "exit after a failed start")
    equal(Container(["sleep", "31.5"], "--start", faults=["--start-fail", "no"]).report, {"error": "no"}, "--start")
    slow = Container(["sh", "-c", "echo done"], "--start", faults=["--linger", "0.3"])
    equal((slow.exit()["code"], slow.logged()), (0, "done\n"), "slow start")

    def left():
        return [pid for pid in os.listdir("/proc") if pid.isdigit() and command_line(pid) == b"sleep\x0031.5\0"]
    until(lambda: not left(), f"processes left: {left()}")


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def starter_killed():
    """who waits for the report is gone in the middle of create: the monitor goes on"""
    box = Container(["sh", "-c", "sleep 2; echo alive; exit 4"], "--start", faults=["--slow", "0.3"], wait=False)
    box.starter.communicate()  # what it left in the background calls create now
    os.close(box.report_fd)
    box.report = {}
    equal(box.wait()["code"], 4, "wait")
    equal((box.exit()["code"], box.logged()), (4, "alive\n"), "end")


def signals():
    """signals meant for others do not end the monitor, and a second one for the same is refused"""
    box = Container(["sleep", "30"], "--start")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        os.kill(box.report["monitor"], number)
    from monitor_bench import MONITOR
    second = subprocess.run([MONITOR, "--id", box.id, "--runtime", "true", "--bundle", "/", "--run-dir", box.run], capture_output=True, text=True)
    check(second.returncode == 1 and "in use" in second.stderr, f"second monitor: {second}")
    os.kill(box.report["pid"], signal.SIGUSR1)
    equal(box.exit()["signal"], signal.SIGUSR1, "exit")


def long_path():
    """a run directory whose path is longer than a socket's address"""
    box = Container(["sleep", "30"], "--start")
    box.run = os.path.join(box.run, "x" * 100)
    os.makedirs(box.run)
    shell = Container(["sh", "-c", "tty >/dev/null && exit 3"], tty=True, session=box)
    equal(shell.exit()["code"], 3, "exit")
    os.kill(box.report["pid"], signal.SIGKILL)


def with_runtime(name, state):
    """A container, its terminal, a session and a failure, by a real runtime."""
    runtime = program(name)
    if not runtime or not program("busybox"):
        return f"no {name} or no busybox below the build folder"
    root = ["--root", os.path.join(ROOT, state)]
    path = bundle(runtime, name, ["sh", "-c", "echo in; echo err >&2; read x; echo $x; exit 5"])

    def container(*args, **more):
        return Container([], *args, runtime=runtime, faults=root, bundle=path, **more)

    def remove(box):
        subprocess.run([runtime, *root, "delete", "--force", box.id], check=True, stderr=subprocess.DEVNULL)
    box = container("--stdin", "--stdin-once")
    check("pid" in box.report, f"report: {box.report}")
    client = box.attach("ioe")
    box.start()
    run = Container(["sh", "-c", "cat; exit 3"], "--stdin", session=box, runtime=runtime, faults=root, bundle=path)
    check("pid" in run.report, f"report: {run.report}")
    run.ask({"op": "close-stdin"})
    equal(run.exit()["code"], 3, "session")
    shell = Container(["stty", "size"], "--stdin", session=box, runtime=runtime, faults=root, bundle=path, tty=True)
    equal(shell.exit()["code"], 0, "session with a terminal")
    bad = Container(["/nonexistent"], session=box, runtime=runtime, faults=root, bundle=path)
    check("nonexistent" in bad.report["error"], f"words: {bad.report}")
    client.send(b"word\n")
    client.shutdown(socket.SHUT_WR)
    equal(frames(read_all(client)), {1: b"in\nword\n", 2: b"err\n"}, "output")
    client.close()
    equal(box.exit()["code"], 5, "exit")
    remove(box)
    with open(os.path.join(path, "config.json")) as file:
        config = json.load(file)
    config["process"].update(terminal=True, args=["sh", "-c", "stty size; kill -9 $$; sleep 1"])
    config["linux"]["namespaces"] = [entry for entry in config["linux"]["namespaces"] if entry["type"] != "pid"]
    with open(os.path.join(path, "config.json"), "w") as file:
        json.dump(config, file)
    box = container(tty=True)
    box.ask({"op": "resize", "width": 44, "height": 33})
    client = box.attach("o")
    box.start()
    equal(read_all(client), b"33 44\r\n", "terminal")
    client.close()
    equal(box.exit()["signal"], 9, "exit")
    remove(box)
    config["process"]["args"] = ["/nonexistent"]
    with open(os.path.join(path, "config.json"), "w") as file:
        json.dump(config, file)
    box = container("--start", tty=True)
    check("nonexistent" in box.report["error"], f"words: {box.report}")
    return None


def runc():
    """with runc: container, sessions, terminal, errors"""
    return with_runtime("runc", "runc")


def our_runtime():
    """with bh-runtime: container, sessions, terminal, errors"""
    return with_runtime("bh-runtime", "ours")


def usage():
    """wrong usage: exit status 2 and an error in the report"""
    from monitor_bench import MONITOR
    good = ["--id", "a", "--runtime", "true", "--bundle", "/", "--run-dir", ROOT + "/usage"]
    for bad in ([], ["--id"], ["--wat"], good + ["x"], good + ["--id", "../a"], good + ["--attach", "1:o"], good + ["--attach", "9:z"],
                good + ["--log-max-size", "-1"], good + ["--log-max-file", "0"], good + ["--exec", "f"], good + ["--detach-keys", "ctrl-1", "--attach", "9:o"]):
        result = subprocess.run([MONITOR, *bad], capture_output=True, text=True)
        check(result.returncode == 2 and result.stderr.startswith("bh-monitor: "), f"{bad}: {result}")
    for word in ("--help", "--version"):
        equal(subprocess.run([MONITOR, word], stdout=subprocess.DEVNULL).returncode, 0, word)


def small():
    """a monitor at rest takes about 1 MiB"""
    box = Container(["sleep", "30"], "--start")
    with open(f"/proc/{box.report['monitor']}/status") as file:
        sizes = {line.split(":")[0]: int(line.split()[1]) for line in file if line.startswith("VmRSS")}
    print(f"# resident: {sizes['VmRSS']} KiB")
    check(sizes["VmRSS"] < 1400, f"resident: {sizes}")
    os.kill(box.report["pid"], signal.SIGKILL)
    box.exit()


TESTS = [output, killed, lines, rotation, log_full, echo_unix, echo_tcp, several, stdin_stays, stdin_once_killed, stdin_unread, slow_client,
         dead_client, gone_client, last_output, grandchild, orphans, terminal, terminal_early, terminal_reopened, terminal_volume, detach, started_again,
         bad_requests, sessions, runtime_faults, starter_killed, signals, long_path, usage, small, runc, our_runtime]
if __name__ == "__main__":
    sys.exit(run_tests(TESTS))
