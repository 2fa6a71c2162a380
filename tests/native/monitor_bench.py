# SPDX-License-Identifier: Apache-2.0
"""What monitor_test.py drives bh-monitor with: a container by the fake runtime, its socket, its clients."""
import array
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
MONITOR = os.path.join(BUILD, "bin", "bh-monitor")
ROOT = os.path.join(BUILD, "native", "monitor")
FAKE = os.path.join(HERE, "fake_runtime")
TIMEOUT = 8


class Failure(Exception):
    pass


def check(condition, what):
    if not condition:
        raise Failure(what)


def equal(actual, expected, what):
    if actual != expected:
        raise Failure(f"{what}: {actual!r:.300}, not {expected!r:.300}")


def until(condition, what, seconds=TIMEOUT):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise Failure(f"time out: {what}")


class Container:
    """One bh-monitor. `report` is its line on descriptor 3, None with wait=False."""
    count = 0
    made = []

    def __init__(self, args, *options, tty=False, faults=(), attach=(), log=True, wait=True, session=None, again=None, runtime=FAKE, bundle=None):
        Container.count += 1
        Container.made.append(self)
        self.report = None
        self.clients = []
        self.id = session.id if session else again.id if again else f"c{Container.count}"
        self.dir = os.path.join(ROOT, self.id)
        self.run = session.run if session else os.path.join(self.dir, "run")
        os.makedirs(self.dir, exist_ok=True)
        self.log_path = os.path.join(self.dir, "log")
        command = [MONITOR, "--id", self.id, "--runtime", runtime, "--run-dir", self.run, "--hold-ms", "400"]
        if runtime == FAKE:
            for word in ("--root", ROOT, *faults):
                command += ["--runtime-arg", word]
        else:
            for word in faults:
                command += ["--runtime-arg", word]
        process = {"args": list(args), "terminal": tty}
        if session:
            exec_id = f"e{Container.count}"
            self.run = os.path.join(session.run, "exec", exec_id)
            path = os.path.join(self.dir, exec_id + ".json")
            if bundle:
                with open(os.path.join(bundle, "process.json")) as file:
                    process = dict(json.load(file), **process)
            with open(path, "w") as file:
                json.dump(process, file)
            command += ["--exec", path, "--exec-id", exec_id]
            log = False
        else:
            if bundle is None:
                with open(os.path.join(self.dir, "config.json"), "w") as file:
                    json.dump({"process": process}, file)
            command += ["--bundle", bundle or self.dir]
        if log:
            command += ["--log", self.log_path]
        if tty:
            command.append("--tty")
        command += options
        self.start_monitor(command, attach, wait)

    def start_monitor(self, command, attach, wait):
        read_end, write_end = os.pipe()
        fds = {3: write_end}
        for number, (sock, flags) in enumerate(attach):
            fds[5 + number] = sock.fileno()
            command += ["--attach", f"{5 + number}:{flags}"]

        def place():
            moved = {to: os.dup2(fd, 100 + to, inheritable=False) for to, fd in fds.items()}
            for to, fd in moved.items():
                os.dup2(fd, to)
            os.setsid()
        self.starter = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, close_fds=False, preexec_fn=place)
        os.close(write_end)
        for sock, _ in attach:
            sock.close()
        self.report_fd = read_end
        self.report = self.read_report() if wait else None

    def read_report(self):
        data = b""
        while chunk := os.read(self.report_fd, 65536):
            data += chunk
        os.close(self.report_fd)
        self.starter.communicate()
        equal(data.count(b"\n"), 1, "lines of the report")
        return json.loads(data)

    def connect(self):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.settimeout(TIMEOUT)
        # By way of a directory: the path may be longer than an address.
        directory = os.open(self.run, os.O_RDONLY)
        try:
            sock.connect(f"/proc/self/fd/{directory}/monitor.sock")
        finally:
            os.close(directory)
        return sock

    def ask(self, request, fds=(), sock=None):
        data = request if isinstance(request, bytes) else json.dumps(request).encode()
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        own = sock or self.connect()
        try:
            own.sendmsg([data], control)
            return json.loads(own.recv(65536))
        finally:
            if not sock:
                own.close()

    def start(self):
        equal(self.ask({"op": "start"}), {}, "start")

    def attach(self, flags="oe", kind="unix", **more):
        ours, theirs = pair(kind)
        request = {"op": "attach", "stdin": "i" in flags, "stdout": "o" in flags, "stderr": "e" in flags, **more}
        equal(self.ask(request, [theirs.fileno()]), {}, "attach")
        theirs.close()
        self.clients.append(ours)
        return ours

    def wait(self):
        return self.ask({"op": "wait"})

    def exit(self):
        """exit.json, when the monitor has ended too; clients of attach() are closed meanwhile."""
        path = os.path.join(self.run, "exit.json")
        until(lambda: os.path.exists(path), "exit.json")
        with open(path) as file:
            result = json.load(file)
        for client in self.clients:
            client.close()
        until(lambda: not alive(self.report.get("monitor", 0)), "end of the monitor")
        return result

    def entries(self, path=None):
        with open(path or self.log_path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def logged(self, stream="stdout"):
        return "".join(entry["log"] for entry in self.entries() if entry["stream"] == stream)


def alive(pid):
    """Neither gone nor a zombie."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return pid > 0 and file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def pair(kind="unix"):
    if kind == "unix":
        ours, theirs = socket.socketpair()
    else:
        with socket.create_server(("127.0.0.1", 0)) as server:
            ours = socket.create_connection(server.getsockname())
            theirs = server.accept()[0]
    ours.settimeout(TIMEOUT)
    return ours, theirs


def read_all(sock, limit=None):
    data = bytearray()
    while limit is None or len(data) < limit:
        chunk = sock.recv(65536)
        if not chunk:
            break
        data += chunk
    return bytes(data)


def frames(data):
    """{stream: bytes}; every frame is whole."""
    result = {1: b"", 2: b""}
    parts = {1: [], 2: []}
    while data:
        check(len(data) >= 8, "a frame's header is cut")
        stream, zeros, length = data[0], data[1:4], struct.unpack(">I", data[4:8])[0]
        check(stream in parts and zeros == b"\0\0\0" and len(data) >= 8 + length, "a frame is broken")
        parts[stream].append(data[8:8 + length])
        data = data[8 + length:]
    for stream in parts:
        result[stream] = b"".join(parts[stream])
    return result


def program(name):
    """A peer's program that is unpacked below the build folder, or one of this machine; None without."""
    places = [os.path.join(BUILD, "bin")] + [os.path.join(BUILD, "peers", place) for place in ("bin", "usr/sbin", "usr/bin", "root/usr/sbin", "root/usr/bin", "root/bin")]
    return shutil.which(name, path=os.pathsep.join(places)) or shutil.which(name)


def bundle(runtime, name, args, terminal=False):
    """A folder with busybox as root file system and the runtime's own default configuration."""
    path = os.path.join(ROOT, "bundle-" + name)
    os.makedirs(os.path.join(path, "rootfs", "bin"))
    shutil.copy(program("busybox"), os.path.join(path, "rootfs", "bin", "busybox"))
    for applet in ("sh", "cat", "sleep", "stty", "true", "seq"):
        os.symlink("busybox", os.path.join(path, "rootfs", "bin", applet))
    subprocess.run([runtime, "spec"], cwd=path, check=True, timeout=TIMEOUT)
    with open(os.path.join(path, "config.json")) as file:
        config = json.load(file)
    config["process"].update(args=args, terminal=terminal)
    config["process"].pop("rlimits", None)
    with open(os.path.join(path, "config.json"), "w") as file:
        json.dump(config, file)
    with open(os.path.join(path, "process.json"), "w") as file:
        json.dump(config["process"], file)
    return path


def end_all():
    """Ends what a test left running; a container's process leads a group of its own."""
    for box in Container.made:
        try:
            os.killpg(box.report["pid"], signal.SIGKILL)
        except (TypeError, KeyError, OSError):
            pass
    Container.made.clear()


def run_tests(tests):
    """Runs the functions; prints one line each and the sum."""
    shutil.rmtree(ROOT, ignore_errors=True)
    os.makedirs(ROOT)
    only = sys.argv[1:]
    passed = failed = skipped = 0
    for test in tests:
        name = test.__doc__.strip()
        if only and test.__name__ not in only:
            continue
        begin = time.monotonic()
        try:
            why = test()
        except (Failure, OSError, ValueError, KeyError) as error:
            print(f"not ok - {name}\n# {type(error).__name__}: {error}", flush=True)
            failed += 1
            continue
        finally:
            end_all()
        print(f"skip - {name} # {why}" if why else f"ok - {name}", flush=True)
        if "TIMES" in os.environ:
            print(f"# {time.monotonic() - begin:.2f} s")
        skipped += bool(why)
        passed += not why
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0
