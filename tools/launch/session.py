# SPDX-License-Identifier: Apache-2.0
# One run of an emulator: starts it, moves bytes, asks the judge, and leaves nothing behind.
import ctypes
import os
import selectors
import signal
import socket
import subprocess
import time

from .errors import RunError

QUIET = 0.2  # seconds of silence after which an unfinished line is judged
END_WAIT = 5  # seconds an emulator gets between SIGTERM and SIGKILL
PR_SET_PDEATHSIG = 1

EXPECTED, REJECTED, TIMED_OUT, ENDED, INTERRUPTED = range(5)


def die_with_parent():
    # An emulator must not outlive the launcher, even one killed by SIGKILL.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Session:
    def __init__(self, judge, printer, keyboard, log, timeout):
        self.judge = judge
        self.printer = printer
        self.keyboard = keyboard
        self.log = log
        self.timeout = timeout
        self.process = None
        self.serial_in = None   # fd: what the machine prints
        self.serial_out = None  # fd: what the machine reads
        self.listener = None
        self.to_send = b""
        self.is_interrupted = False
        self.started = time.monotonic()
        self.selector = selectors.DefaultSelector()

    def seconds(self):
        return time.monotonic() - self.started

    def start(self, command, output_path, listener=None):
        """With a listener the serial port comes by its socket, else by standard input and output."""
        self.started = time.monotonic()
        self.listener = listener
        with open(output_path, "ab") as output:
            pipe = subprocess.DEVNULL if listener else subprocess.PIPE
            try:
                self.process = subprocess.Popen(
                    command, stdin=pipe, stdout=output if listener else pipe,
                    stderr=output, start_new_session=True, preexec_fn=die_with_parent,
                    env=dict(os.environ, TZ="UTC"))  # Bochs' clock chip shows local time
            except OSError as error:
                raise RunError(f"{command[0]}: {error.strerror}") from error
        if listener:
            listener.setblocking(False)
            self.selector.register(listener, selectors.EVENT_READ)
        else:
            self.open_serial(self.process.stdout.fileno(), self.process.stdin.fileno())
        if self.keyboard.is_open():
            self.selector.register(self.keyboard.fd, selectors.EVENT_READ)

    def open_serial(self, serial_in, serial_out):
        self.serial_in = serial_in
        self.serial_out = serial_out
        os.set_blocking(serial_out, False)
        self.selector.register(serial_in, selectors.EVENT_READ)

    def accept(self):
        self.selector.unregister(self.listener)
        connection, _ = self.listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        descriptor = connection.detach()
        self.open_serial(descriptor, descriptor)

    def interrupt(self, *_):
        self.is_interrupted = True

    def send(self, data):
        self.to_send += data
        if self.to_send and self.serial_out is not None:
            try:
                self.to_send = self.to_send[os.write(self.serial_out, self.to_send):]
            except BlockingIOError:
                pass
            except OSError:
                self.to_send = b""  # The machine is ending.

    def receive(self):
        """Takes what the machine printed; False at its end."""
        try:
            data = os.read(self.serial_in, 65536)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        if not data:
            self.selector.unregister(self.serial_in)
            self.serial_in = None
            return False
        self.printer.write(data)
        if self.log:
            self.log.write(data)
            self.log.flush()
        self.send(self.judge.feed(data))
        return True

    def verdict(self):
        if self.judge.rejected:
            return REJECTED
        if self.judge.is_decided():
            return EXPECTED
        if self.is_interrupted:
            return INTERRUPTED
        if self.timeout and self.seconds() >= self.timeout:
            return TIMED_OUT
        return None

    def handle(self, event):
        if event == self.listener:
            self.accept()
        elif event == self.keyboard.fd and self.keyboard.is_open():
            keys, is_end = self.keyboard.read()
            self.send(keys)
            self.is_interrupted |= is_end
        elif event == self.serial_in:
            self.receive()

    def run(self):
        """Until something decides. -> one of the verdicts above."""
        while True:
            verdict = self.verdict()
            if verdict is not None:
                return verdict
            wait = QUIET
            if self.timeout:
                wait = max(0.0, min(wait, self.timeout - self.seconds()))
            events = self.selector.select(wait)
            for key, _ in events:
                self.handle(key.fileobj)
            if self.to_send:
                self.send(b"")
            if not events:
                self.printer.tick()
                self.send(self.judge.settle())
                if self.process.poll() is not None or self.is_stream_ended():
                    return self.drain()

    def is_stream_ended(self):
        return self.serial_in is None and self.serial_out is not None

    def drain(self):
        """The emulator has ended: judges the rest of its output."""
        try:
            self.process.wait(END_WAIT)
        except subprocess.TimeoutExpired:
            pass  # stop() ends it.
        if self.serial_in is not None:
            os.set_blocking(self.serial_in, False)
            while select_now(self.serial_in) and self.receive():
                pass
        self.judge.settle()
        verdict = self.verdict()
        return ENDED if verdict in (None, TIMED_OUT) else verdict

    def stop(self):
        """Ends the emulator, whatever state it is in. -> its status"""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(END_WAIT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                try:
                    stream.close()
                except OSError:
                    pass
        if self.listener and self.serial_out is not None:
            os.close(self.serial_out)
        self.selector.close()
        return self.process.returncode


def select_now(descriptor):
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        return bool(selector.select(0))
