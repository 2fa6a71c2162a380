# SPDX-License-Identifier: Apache-2.0
# What every tests/native/*_test.py uses: reporting, its own folder, processes with time-outs, programs of ours and
# peers. A test is a function under @test("what it shows"); it passes by returning, fails by any exception, and skips
# by Skip("why"). The file ends with `main(__name__)`.
import atexit
import fnmatch
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import traceback

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get("BUILD") or os.path.join(TREE, "build"))
BIN = os.path.join(BUILD, "bin")
PEERS = os.path.join(BUILD, "peers", "bin")
NAME = os.path.basename(sys.argv[0]).removesuffix(".py").removesuffix("_test")
ISOLATED = "BULKHEAD_ISOLATED"
# A time-out is for what hangs; a loaded machine must not look like one.
SCALE = float(os.environ.get("BULKHEAD_TIMEOUT_SCALE", "1.5"))

tests = []
started = []


class Skip(Exception):
    """A test that cannot run here; its text says why."""


def test(title):
    def add(function):
        tests.append((title, function))
        return function
    return add


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def equal(got, wanted, what="value"):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, wanted {wanted!r}")


def contains(text, part, what="output"):
    if part not in text:
        raise AssertionError(f"{what} has no {part!r}: {text!r}")


# --- programs -----------------------------------------------------------------------------------
def ours(name):
    """The path of a program of this tree; skips where it is not built"""
    path = os.path.join(BIN, name)
    if not os.path.exists(path):
        raise Skip(f"no {path}")
    return path


def peer(name):
    """The path of a program that tools/setup unpacked; skips where there is none"""
    path = os.path.join(PEERS, name)
    if not os.path.exists(path):
        raise Skip(f"no {name} in {PEERS}: tools/setup says why")
    return path


def peer_file(path):
    """A file of the peers' packages, by its path when installed"""
    full = os.path.join(BUILD, "peers", "root", path.lstrip("/"))
    if not os.path.exists(full):
        raise Skip(f"no {path} among the peers: tools/setup says why")
    return full


def on_cgroup2(command):
    """COMMAND where control groups are version 2 alone: on a host that has both (hybrid), the version 2 hierarchy with
    what controllers it has stands in the place of all"""
    if os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
        return list(command)
    if not os.path.exists("/sys/fs/cgroup/unified/cgroup.controllers"):
        raise Skip("no control groups version 2 here")
    return ["unshare", "--mount", "sh", "-c", 'mount --bind /sys/fs/cgroup/unified /sys/fs/cgroup && exec "$@"', "sh", *command]


# --- folders ------------------------------------------------------------------------------------
def folder(*parts):
    """A folder below this test's own, build/native/NAME, which is made anew for each run"""
    path = os.path.join(BUILD, "native", NAME, *parts)
    os.makedirs(path, exist_ok=True)
    return path


def short_folder():
    """A folder below /run for what must have a short path; by isolate.py /run is the test's own"""
    path = f"/run/test-{NAME}"
    if os.environ.get(ISOLATED):
        os.makedirs(path, exist_ok=True)
    return path


def socket_path(name):
    """The path of a Unix socket: in folder() where that fits an address (108 bytes)"""
    path = os.path.join(folder(), name)
    return path if len(path) < 100 else os.path.join(short_folder(), name)


def unmount_below(path):
    """What is mounted at PATH or below it, the last first"""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        points = [line.split()[4].encode().decode("unicode_escape") for line in file]
    for point in reversed([point for point in points if point == path or point.startswith(path + "/")]):
        subprocess.run(["umount", "-l", point], stderr=subprocess.DEVNULL, check=False)


def empty_folder():
    path = os.path.join(BUILD, "native", NAME)
    unmount_below(path)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)


# --- processes ----------------------------------------------------------------------------------
class Result:
    """status (negative: the signal), out, err; both as text"""

    def __init__(self, command, status, out, err):
        self.command, self.status, self.out, self.err = command, status, out, err

    def __repr__(self):
        return f"{shlex.join(self.command)}: status {self.status}\n{self.out}{self.err}"


def environment(extra=None):
    """PATH has our programs, then the peers; HOME is the test's own"""
    own = {"PATH": f"{BIN}:{PEERS}:{os.environ.get('PATH', '')}:/usr/sbin:/sbin", "HOME": folder("home"), "LC_ALL": "C.UTF-8",
           "BUILD": BUILD, "DOCKER_BUILDKIT": "0"}
    return {**os.environ, **own, **(extra or {})}


def run(command, timeout=20, stdin=None, env=None, ok=True, cwd=None):
    """Runs COMMAND, a list; -> Result. With OK (any status otherwise) it must end with 0."""
    command = [str(word) for word in command]
    feed = {"input": stdin.encode() if isinstance(stdin, str) else stdin} if stdin is not None else \
        {"stdin": subprocess.DEVNULL}
    process = subprocess.Popen(command, stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(env), cwd=cwd)
    try:
        out, err = process.communicate(feed.get("input"), timeout * SCALE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"no end after {timeout * SCALE:g} s: {shlex.join(command)}\n"
                             f"{out.decode(errors='replace')}{err.decode(errors='replace')}") from None
    result = Result(command, process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))
    if ok and result.status != 0:
        raise AssertionError(repr(result))
    return result


def start(command, log=None, env=None, **options):
    """A process that runs until stop() or the end of all tests; its output goes to the file LOG in folder()"""
    name = log or os.path.basename(command[0]) + ".log"
    with open(os.path.join(folder(), name), "ab") as file:
        options.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen([str(word) for word in command], stdout=file, stderr=file,
                                   env=environment(env), **options)
    process.log = file.name
    started.append(process)
    return process


def stop(process, timeout=10, number=signal.SIGTERM):
    """Ends what start() gave; -> its status, or None when it had to be killed"""
    if process in started:
        started.remove(process)
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.wait(timeout * SCALE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


def log_of(process):
    with open(process.log, encoding="utf-8", errors="replace") as file:
        return "".join(file.readlines()[-30:])


def wait_for(condition, what, timeout=15, process=None):
    """Until CONDITION() is true; -> what it returned. A PROCESS that ends meanwhile ends the waiting."""
    end = time.monotonic() + timeout * SCALE
    pause = 0.002
    while True:
        found = condition()
        if found:
            return found
        if process is not None and process.poll() is not None:
            raise AssertionError(f"{what}: the process ended with {process.returncode}\n{log_of(process)}")
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {timeout * SCALE:g} s"
                                 + (f"\n{log_of(process)}" if process is not None else ""))
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


# --- the run ------------------------------------------------------------------------------------
def report(kind, title, why=""):
    print(f"{kind} - {title}" + (f" # {why}" if why else ""), flush=True)


def run_one(title, function):
    """-> 0 passed, 1 failed, 2 skipped"""
    begin = time.monotonic()
    try:
        function()
    except Skip as why:
        report("skip", title, str(why))
        return 2
    except Exception:  # pylint: disable=broad-except
        report("not ok", title)
        print("".join(f"    {line}\n" for line in traceback.format_exc().splitlines()[-40:]), end="", flush=True)
        return 1
    report("ok", f"{title} ({time.monotonic() - begin:.1f} s)")
    return 0


def stop_all():
    for process in reversed(started[:]):
        stop(process, timeout=3)


def main(name, isolate=True):
    """`X_test.py [--list] [PATTERN...]`: the tests whose title fits a pattern, in their order"""
    if name != "__main__":
        return
    patterns = [word for word in sys.argv[1:] if not word.startswith("--")]
    chosen = [row for row in tests if not patterns or any(fnmatch.fnmatch(row[0], p) for p in patterns)]
    if "--list" in sys.argv:
        print("\n".join(title for title, _ in chosen))
        return
    if isolate and not os.environ.get(ISOLATED):
        os.environ[ISOLATED] = "1"
        os.execv(sys.executable, [sys.executable, os.path.join(HERE, "isolate.py"), sys.executable] + sys.argv)
    empty_folder()
    atexit.register(stop_all)
    counts = [0, 0, 0]
    for title, function in chosen:
        counts[run_one(title, function)] += 1
    stop_all()
    print(f"{counts[0]} passed, {counts[1]} failed, {counts[2]} skipped", flush=True)
    unmount_below(folder())
    if counts[1] == 0:
        shutil.rmtree(folder(), ignore_errors=True)
    sys.exit(1 if counts[1] or counts[0] + counts[2] == 0 else 0)
