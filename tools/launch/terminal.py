# SPDX-License-Identifier: Apache-2.0
# The person's side: prints serial output with coloured prefixes, and gives the keyboard raw.
import os
import re
import termios
import time

CTRL_A = 0x01
CTRL_C = 0x03
END_KEYS = b"xX"  # after Ctrl-A
COLORS = (36, 33, 35, 32, 34, 31, 96, 93, 95, 92)
# Firmware clears the screen and moves the cursor, which would wipe the banner: such sequences go, up to
# the first line of what is booted.
UNWANTED = re.compile(rb"\x1b\[(?:[0-9;]*[HJ]|=\d+h|\?25[hl])|\x1b[c78]")
ANY_ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_=>78c])")
CUT_ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]{0,200})?$")
BOOTED = re.compile(rb"^(?:hv: |bare-metal: )", re.MULTILINE)
BOOTING = re.compile(rb"hv: |bare-metal: |\[")
CURSOR_MOVE = re.compile(rb"\x1b\[[0-9]+;[0-9]+H")
STATUS_AFTER = 1  # seconds of silence
BLANK = re.compile(rb"[ \xb3\xc4]*")  # a menu's empty rows and its frame


def make_prefixes(names):
    """What lines begin with -> its colour."""
    colors = {f"[{name}] ".encode(): COLORS[i % len(COLORS)] for i, name in enumerate(names)}
    colors[b"hv: "] = 1
    return colors


def paint(line, prefix, color):
    return b"\x1b[%dm%s\x1b[0m" % (color, prefix) + line[len(prefix):]


class Output:
    """Where the bytes go; outlives a reader that has enough."""

    def __init__(self, out):
        self.out = out

    def put(self, data):
        try:
            self.out.write(data)
            self.out.flush()
        except BrokenPipeError:
            # The reader has gone (`| head`), and the run may still be judged.
            self.out = open(os.devnull, "wb")


class PlainPrinter(Output):
    """For files and pipes: whole lines of text without any sequences."""

    def __init__(self, out, prefixes):
        super().__init__(out)
        self.prefixes = prefixes
        self.rest = b""

    def clean(self, line):
        text = ANY_ESCAPE.sub(b"", CURSOR_MOVE.sub(b"\n", line)).replace(b"\r", b"")
        rows = text.split(b"\n")
        rows = [row for row in rows if len(rows) == 1 or not BLANK.fullmatch(row)]
        for prefix, color in self.prefixes.items():
            rows = [paint(row, prefix, color) if row.startswith(prefix) else row for row in rows]
        return b"".join(row + b"\n" for row in rows)

    def write(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        self.put(b"".join(self.clean(line) for line in lines))

    def tick(self):
        pass

    def finish(self):
        if self.rest:
            self.write(b"\n")


class TerminalPrinter(Output):
    """For people: at once, sequences and all; colours prefixes at line starts."""

    def __init__(self, out, prefixes, is_cleaned, awaited=None):
        """is_cleaned: without UNWANTED, until something is booted; awaited: what a status line counts seconds for"""
        super().__init__(out)
        self.prefixes = prefixes
        self.is_cleaned = is_cleaned
        self.awaited = awaited
        self.is_booted = False
        self.line = b""  # the start of one
        self.status = None  # the seconds that the status line shows
        self.started = self.written = time.monotonic()
        self.is_line_start = True
        self.head = b""  # a line's start that may become a prefix
        self.cut = b""   # a sequence whose end has not come

    def color_line(self, line):
        """One piece of output that holds at most one newline, at its end."""
        if self.is_line_start:
            line = self.head + line
            self.head = b""
            for prefix, color in self.prefixes.items():
                if line.startswith(prefix):
                    line = paint(line, prefix, color)
                    break
                if prefix.startswith(line):
                    self.head = line
                    return b""
        self.is_line_start = line.endswith(b"\n")
        return line

    def clean(self, data):
        booted = BOOTED.search(data)
        start = booted.start() if booted else len(data)
        self.is_cleaned = not booted
        return UNWANTED.sub(b"", data[:start]) + data[start:]

    def tick(self):
        """From time to time: while nothing comes, a status line says that it goes on."""
        now = time.monotonic()
        seconds = int(now - self.started)
        if self.awaited and not self.line.strip() and now - self.written >= STATUS_AFTER \
                and self.status != seconds:
            self.status = seconds
            self.put(b"\r\x1b[K... %s, %d s " % (self.awaited, seconds))

    def end_status(self, data):
        if self.status is not None:
            self.put(b"\r\x1b[K")
            self.status = None
        self.written = time.monotonic()
        *lines, self.line = (self.line + data).split(b"\n")
        for line in lines:
            self.is_booted |= BOOTED.match(line) is not None
            if self.is_booted and line.strip() and not BOOTING.match(line):
                self.awaited = None  # what the person waits for has begun to talk

    def write(self, data):
        data = self.cut + data
        match = CUT_ESCAPE.search(data)
        self.cut = match.group(0) if match else b""
        data = data[:len(data) - len(self.cut)]
        if self.is_cleaned:
            data = self.clean(data)
        self.end_status(data)
        if self.prefixes:
            data = b"".join(self.color_line(line) for line in data.splitlines(keepends=True))
        self.put(data)

    def finish(self):
        """Flushes what was held back, and ends a started line."""
        if self.status is not None:
            self.put(b"\r\x1b[K")
        if self.head or not self.is_line_start:
            self.put(self.head + b"\x1b[0m\r\n")


class Keyboard:
    """
    Standard input, raw while it is a terminal. Ctrl-A X ends, Ctrl-A Ctrl-A sends Ctrl-A, as in QEMU;
    Ctrl-C is the machine's when a person is at work, and ends a run that is judged.
    """

    def __init__(self, is_judged):
        self.fd = 0
        self.saved = None
        self.is_judged = is_judged
        self.is_prefixed = False
        if os.isatty(self.fd) and os.tcgetpgrp(self.fd) == os.getpgrp():
            self.saved = termios.tcgetattr(self.fd)
            mode = termios.tcgetattr(self.fd)
            mode[0] &= ~(termios.ICRNL | termios.IXON | termios.INLCR | termios.IGNCR)
            mode[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
            mode[6][termios.VMIN] = 1
            mode[6][termios.VTIME] = 0
            termios.tcsetattr(self.fd, termios.TCSANOW, mode)

    def is_open(self):
        return self.saved is not None

    def read(self):
        """-> (bytes for the machine, whether the person wants to end)"""
        data = os.read(self.fd, 1024)
        keys = bytearray()
        for key in data:
            if self.is_prefixed:
                self.is_prefixed = False
                if key in END_KEYS:
                    return bytes(keys), True
                if key == CTRL_A:
                    keys.append(key)
            elif key == CTRL_A:
                self.is_prefixed = True
            elif key == CTRL_C and self.is_judged:
                return bytes(keys), True
            else:
                keys.append(key)
        return bytes(keys), not data

    def close(self):
        if self.saved is not None:
            termios.tcsetattr(self.fd, termios.TCSADRAIN, self.saved)
            self.saved = None
