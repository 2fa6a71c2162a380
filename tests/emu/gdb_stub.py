# SPDX-License-Identifier: Apache-2.0
# As much of GDB's remote protocol as the tests need to push QEMU's CPUs about.
import re
import socket

PACKET = re.compile(rb"\$([^#]*)#..", re.S)
RIP = 16  # number of the register in GDB's x86-64 layout


class Stub:
    """A connection; making it stops the machine."""

    QUIET = 1  # seconds

    def __init__(self, path, timeout):
        self.socket, self.buffer = socket.socket(socket.AF_UNIX), b""
        self.socket.connect(path)
        # The stop that the connection causes may be told by itself, besides as the answer.
        self.send("?")
        self.socket.settimeout(self.QUIET)
        try:
            while True:
                self.read()
        except TimeoutError:
            self.socket.settimeout(timeout)
        # QEMU takes single registers only from those who have asked for its list of them.
        self.ask("qXfer:features:read:target.xml:0,400")

    def send(self, text):
        self.socket.sendall(b"$%s#%02x" % (text.encode(), sum(text.encode()) & 0xFF))

    def read(self):
        while (match := PACKET.search(self.buffer)) is None:
            part = self.socket.recv(4096)
            if not part:
                raise OSError("the GDB stub closed")
            self.buffer += part
        self.buffer = self.buffer[match.end():]
        self.socket.sendall(b"+")
        return match.group(1).decode()

    def ask(self, text):
        self.send(text)
        return self.read()

    def run_to(self, address):
        """Lets the machine run until a CPU comes to `address`; that CPU is the current one then."""
        self.ask(f"Z1,{address:x},1")
        self.send("c")
        stop = self.read()
        self.ask(f"z1,{address:x},1")
        if "thread:" not in stop:
            raise OSError(f"the GDB stub answers {stop!r}")
        thread = stop.split("thread:")[1].split(";")[0]
        self.ask(f"Hg{thread}")

    def jump(self, address):
        """Sets the current CPU's RIP."""
        if self.ask(f"P{RIP:x}={address.to_bytes(8, 'little').hex()}") != "OK":
            raise OSError("the GDB stub refuses to write RIP")
