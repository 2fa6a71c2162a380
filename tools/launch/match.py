# SPDX-License-Identifier: Apache-2.0
# Judges the serial output line by line: what was expected, what must not come, what to answer.
import codecs
import re

from .errors import UsageError

# CSI, OSC and two-byte escape sequences.
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_=>78])")


def compile_regex(text, option):
    try:
        return re.compile(text)
    except re.error as error:
        raise UsageError(f"{option} '{text}': {error}") from error


def unescape(text):
    return codecs.decode(text.encode("latin-1", "backslashreplace"), "unicode_escape").encode("latin-1")


class Wanted:
    """A line that must come; a --then only counts once all wanted before it were seen."""

    def __init__(self, text, is_ordered):
        self.option = "--then" if is_ordered else "--expect"
        self.regex = compile_regex(text, self.option)
        self.is_ordered = is_ordered

    def text(self):
        return f"{self.option} '{self.regex.pattern}'"


class Judge:
    """Feed it bytes; it tells what was decided and what to send to the machine."""

    def __init__(self, expects, rejects, sends=()):
        """expects: [(regex, is it a --then)]"""
        self.missing = [Wanted(text, is_ordered) for text, is_ordered in expects]
        self.rejects = [compile_regex(text, "--reject") for text in rejects]
        self.sends = [(compile_regex(regex, "--send"), unescape(text)) for regex, text in sends]
        self.has_expects = bool(expects)
        self.rejected = None  # (regex, line)
        self.pending = b""

    def is_decided(self):
        return self.rejected is not None or (self.has_expects and not self.missing)

    def judge_line(self, raw):
        """Judges one line; returns the bytes to send."""
        line = ESCAPES.sub("", raw.decode("utf-8", "replace")).replace("\r", "")
        for regex in self.rejects:
            if regex.search(line):
                self.rejected = (regex.pattern, line)
                return b""
        self.tick_off(line)
        # Each answer is given once, in the order written.
        if self.sends and self.sends[0][0].search(line):
            return self.sends.pop(0)[1]
        return b""

    def tick_off(self, line):
        """The same regex given twice wants two lines."""
        first = self.missing[0] if self.missing else None
        seen = set()
        for wanted in list(self.missing):
            is_due = not wanted.is_ordered or wanted is first
            if is_due and wanted.regex.pattern not in seen and wanted.regex.search(line):
                seen.add(wanted.regex.pattern)
                self.missing.remove(wanted)

    def feed(self, data):
        """Judges complete lines in order, up to the one that decides; returns bytes to send."""
        answer = b""
        self.pending += data
        while b"\n" in self.pending and not self.is_decided():
            line, self.pending = self.pending.split(b"\n", 1)
            answer += self.judge_line(line)
        return answer

    def settle(self):
        """Judges the last line although it has no end: a prompt, or the end of the output."""
        if self.pending and not self.is_decided():
            return self.judge_line(self.pending)
        return b""
