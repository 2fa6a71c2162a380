# SPDX-License-Identifier: Apache-2.0
# Stops a running hypervisor in QEMU or Bochs from outside and takes its registers and memory.
import os
import re
import socket
import subprocess
import threading
import time

from wx_walk import VIRT_BASE, Memory, is_window, leaves

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CPUS = 4
RAM = 256 << 20
PARTITIONS = ("mgmt", "alpha", "beta")  # of conf/wx.conf
STOPPED = re.compile(r"^hv: partition (\w+): stopped", re.M)
PLACE = re.compile(r"^hv: root=0x([0-9a-f]+) region=0x([0-9a-f]+)\+0x([0-9a-f]+)", re.M)
GUEST_RAM = re.compile(r"^hv: partition (\w+): ram=0x([0-9a-f]+)\+0x([0-9a-f]+)", re.M)
STAGE2 = re.compile(r"^hv: partition (\w+): stage2=0x([0-9a-f]+)", re.M)
CONTROL = re.compile(r"\b(RIP|CR0|CR3|CR4|EFER)\s*=\s*(?:0x)?([0-9a-f]+)", re.I)
SETTLE = 0.5  # seconds between the last partition's end and the look


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
    return set(STOPPED.findall(text)) == set(PARTITIONS)


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


def entry_points(build, symbol, address):
    """The function's first two instructions. Bochs 2.7 gives each of several CPUs five instructions in turn
    and looks for breakpoints after all of them but the last (cpu.cc, dbg_instruction_epilog): of two
    breakpoints in a row one is always seen."""
    text = subprocess.run(["objdump", "-d", f"--disassemble={symbol}", os.path.join(build, "bulkhead.debug.elf")],
                          check=True, capture_output=True, text=True).stdout
    found = [int(part, 16) for part in re.findall(r"^\s*([0-9a-f]+):\t", text, re.M)]
    if found[:1] != [address] or len(found) < 2:
        raise MachineError(f"no disassembly of {symbol}")
    return found[:2]


class Bochs:
    """A run whose debugger is told step by step what to do, through the command file that it reads. It says
    that it has stopped by writing a file. (No time breakpoints: with several CPUs they never come.)"""

    def __init__(self, build, folder, config, timeout):
        self.folder, self.stops, self.end = folder, 0, time.monotonic() + timeout
        commands, self.log = (os.path.join(folder, name) for name in ("rc", "bochs.txt"))
        os.mkfifo(commands)
        self.commands = os.open(commands, os.O_RDWR)  # so that neither side ever waits for the other
        self.process = launch(build, "bochs", config, os.path.join(folder, "serial"),
                              ["--bochs-rc", commands, "--emulator-log", self.log, "--timeout", str(timeout)])
        self.reader = Reader(self.process)

    def tell(self, *lines):
        os.write(self.commands, "".join(line + "\n" for line in lines).encode())

    def save(self, address, size):
        """-> what lies at a linear address of the CPU that stopped"""
        self.stops += 1
        path = os.path.join(self.folder, f"saved{self.stops}")
        self.tell(f'writemem "{path}" {address:#x} {size:#x}')
        while not os.path.exists(path) or os.path.getsize(path) < size:
            if time.monotonic() > self.end or self.process.poll() is not None:
                raise MachineError("Bochs did not stop at a breakpoint:\n" + self.reader.text[-1500:])
            time.sleep(0.01)
        with open(path, "rb") as file:
            return file.read()

    def go(self, address):
        """Until a breakpoint; `address` is readable there."""
        self.tell("c")
        self.save(address, 1)

    def registers(self, *commands):
        """Ends the run. -> control registers of each CPU, and what more commands show"""
        for cpu in range(CPUS):
            self.tell(f"set $cpu = {cpu}", "creg", *commands)
        self.tell("q")
        self.process.wait(30)
        with open(self.log, encoding="utf-8", errors="replace") as file:
            parts = re.split(r"^CR0=", file.read(), flags=re.M)[1:CPUS + 1]
        return [controls("CR0=" + part.replace("rip: ", "RIP=").replace("_", "")) for part in parts]

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        os.close(self.commands)


def look_bochs(build, folder, symbols, timeout):
    machine = Bochs(build, folder, "wx.conf", timeout)
    try:
        # A CPU that has nothing more to do goes to sleep: the last time after the last partition's end.
        for address in entry_points(build, "cpu_wait_nmi", symbols["cpu_wait_nmi"]):
            machine.tell(f"lb {address:#x}")
        is_at_work = True
        while is_at_work:
            machine.go(VIRT_BASE)
            time.sleep(SETTLE)  # what it has printed is still on its way
            if all_stopped(machine.reader.text):
                root, region, size = (int(part, 16) for part in PLACE.search(machine.reader.text).groups())
                data = machine.save(VIRT_BASE, size)
                # Another CPU may still be clearing its partition's RAM, through its window.
                is_at_work = any(map(is_window, leaves(Memory(region, data), root)))
        return machine.reader.text, machine.registers(), region, data
    finally:
        machine.close()
