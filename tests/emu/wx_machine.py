# SPDX-License-Identifier: Apache-2.0
# Stops a running hypervisor in QEMU or Bochs from outside and takes its registers and memory.
import os
import re
import socket
import subprocess
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CPUS = 4
RAM = 256 << 20
STOPPED = re.compile(r"^hv: partition (alpha|beta): stopped", re.M)
PLACE = re.compile(r"^hv: root=0x([0-9a-f]+) region=0x([0-9a-f]+)\+0x([0-9a-f]+)", re.M)
GUEST_RAM = re.compile(r"^hv: partition \w+: ram=0x([0-9a-f]+)\+0x([0-9a-f]+)", re.M)
CONTROL = re.compile(r"\b(RIP|CR0|CR3|CR4|EFER)\s*=\s*(?:0x)?([0-9a-f]+)", re.I)
SETTLE = 0.5  # seconds between the last partition's end and the look


class BreakpointMissed(Exception):
    """Bochs 2.7 with several CPUs ran past a debugger breakpoint, as it does on some builds."""


class MachineError(Exception):
    """The emulator did not do what was asked."""


def launch(build, emulator, config, log, more):
    command = [os.path.join(ROOT, "tools/run"), "--emulator", emulator, "--tcg", "--config",
               os.path.join(ROOT, "tests/emu/conf", config),
               "--cpus", str(CPUS), "--memory", f"{RAM >> 20}M", "--build", build, "--color", "never",
               "--log", log] + more
    if emulator == "bochs":
        command.remove("--tcg")
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, errors="replace")


class Reader(threading.Thread):
    """Gathers the launcher's output, so that its pipe never fills."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self.process, self.text = process, ""
        self.start()

    def run(self):
        for line in self.process.stdout:
            self.text += line

    def wait(self, is_done, seconds):
        end = time.monotonic() + seconds
        while not is_done(self.text):
            if time.monotonic() > end or self.process.poll() is not None:
                raise MachineError("the hypervisor did not come so far:\n" + self.text[-1500:])
            time.sleep(0.1)


def all_stopped(text):
    return len(STOPPED.findall(text)) >= 2


def controls(text):
    return {name.upper(): int(value, 16) for name, value in CONTROL.findall(text)}


class Monitor:
    """QEMU's human monitor."""

    PROMPT = b"(qemu) "

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)
        self.read()

    def read(self):
        data = b""
        while not data.endswith(self.PROMPT):
            part = self.socket.recv(65536)
            if not part:
                raise MachineError("QEMU's monitor closed")
            data += part
        return data.decode("utf-8", "replace")

    def ask(self, command):
        self.socket.sendall(command.encode() + b"\n")
        return self.read()


def look_qemu(build, folder, _symbols, timeout):
    """-> (log text, control registers of each CPU, base of the dump, dump)"""
    path = os.path.join(folder, "monitor")
    dump = os.path.join(folder, "dump")
    process = launch(build, "qemu", "wx.conf", os.path.join(folder, "serial"),
                     ["--monitor-socket", path, "--timeout", str(timeout)])
    try:
        reader = Reader(process)
        reader.wait(all_stopped, timeout)
        time.sleep(SETTLE)
        monitor = Monitor(path)
        monitor.ask("stop")
        registers = []
        for cpu in range(CPUS):
            monitor.ask(f"cpu {cpu}")
            registers.append(controls(monitor.ask("info registers")))
        _, base, size = (int(part, 16) for part in PLACE.search(reader.text).groups())
        monitor.ask(f'pmemsave {base:#x} {size:#x} "{dump}"')
        with open(dump, "rb") as file:
            return reader.text, registers, base, file.read()
    finally:
        process.terminate()
        process.wait(20)


def bochs_commands(symbols, dump, pool_size):
    """Stops when the second partition's end is reported, then when its CPU goes to sleep. (No time
    breakpoint: with more than one CPU the debugger's never come.)"""
    lines = [f"lb {symbols['report_exits']:#x}", "c", "c", f"lb {symbols['cpu_wait_nmi']:#x}", "c"]
    for cpu in range(CPUS):
        lines += [f"set $cpu = {cpu}", "creg"]
    # Linear addresses of the pool only: the image has an unmapped guard page.
    return lines + [f'writemem "{dump}" {symbols["image_end"]:#x} {pool_size:#x}', "q"]


def look_bochs(build, folder, symbols, timeout):
    from wx_walk import VIRT_BASE

    rc, dump, log = (os.path.join(folder, name) for name in ("rc", "dump", "bochs.txt"))
    image_size = symbols["image_end"] - VIRT_BASE
    with open(rc, "w", encoding="ascii") as file:
        file.write("\n".join(bochs_commands(symbols, dump, (2 << 20) - image_size)) + "\n")
    process = launch(build, "bochs", "wx.conf", os.path.join(folder, "serial"),
                     ["--bochs-rc", rc, "--emulator-log", log, "--timeout", str(timeout)])
    try:
        reader = Reader(process)
        process.wait(timeout + 20)
        time.sleep(SETTLE)
    finally:
        process.terminate()
    with open(log, encoding="utf-8", errors="replace") as file:
        text = file.read()
    place = PLACE.search(reader.text)
    if place and all_stopped(reader.text) and not os.path.exists(dump):
        raise BreakpointMissed("the machine ended its work, but Bochs' debugger missed the breakpoint behind it")
    if not place or not all_stopped(reader.text) or not os.path.exists(dump):
        raise MachineError("no dump of a finished run:\n" + reader.text[-1000:] + text[-1000:])
    registers = [controls("CR0=" + part) for part in re.split(r"^CR0=", text, flags=re.M)[1:CPUS + 1]]
    with open(dump, "rb") as file:
        return reader.text, registers, int(place.group(2), 16) + image_size, file.read()
