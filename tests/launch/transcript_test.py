# SPDX-License-Identifier: Apache-2.0
# tests/emu/transcript: what it takes of a log, and what counts as another session.
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(os.path.dirname(HERE), "emu", "transcript")
BEGIN = "<!-- transcript: what `make transcript` puts here comes from a run of tests/emu/transcript.case -->"
EMPTY = f"before\n{BEGIN}\n<!-- end of transcript -->\nafter\n"
TABLE = "\x1b[1mNAME   EXITS/S\x1b[0m\r\ngamma  {}\r\n"
LOG = ("hv: x\r\nmgmt:~# \x1b[6nbh tpo\b\b\x1b[Jop\r\n\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J\x1b[H" + TABLE.format("    1") + "\x1b[H" + TABLE.format("   22")
       + "\x1b[J\r\n\x1b[?25h\x1b[?1049l^C\r\nmgmt:~# crash\r\n[    1.5] one\r\n[    1.6] two\r\n[    1.7] three\r\n[    1.8] four\r\n\r\n\r\nmgmt:~# ")
WANTED = ("```\nmgmt:~# bh top\nNAME   EXITS/S\ngamma     22\n^C\nmgmt:~# crash\n[    1.5] one\n[    1.6] two\n    ...\n```\n")


class Transcript(unittest.TestCase):
    def run_it(self, action, log, document):
        """-> (status, output, the document afterwards)"""
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("log", "document")]
            for path, text in zip(paths, (log, document)):
                with open(path, "w", encoding="utf-8", newline="") as file:
                    file.write(text)
            result = subprocess.run([sys.executable, PROGRAM, action, *paths], capture_output=True, text=True, check=False)
            with open(paths[1], encoding="utf-8") as file:
                return result.returncode, result.stdout + result.stderr, file.read()

    def test_write(self):
        status, _, document = self.run_it("--write", LOG, EMPTY)
        self.assertEqual(status, 0)
        self.assertEqual(document, f"before\n{BEGIN}\n{WANTED}<!-- end of transcript -->\nafter\n")

    def test_check(self):
        document = self.run_it("--write", LOG, EMPTY)[2]
        self.assertEqual(self.run_it("--check", LOG, document)[0], 0)
        self.assertEqual(self.run_it("--check", LOG.replace("   22", "12345").replace("1.6", "12.75"), document)[0], 0)
        for old, new in (("EXITS/S", "EXITS"), ("two", "2 too"), ("mgmt:~# crash", "mgmt:~# ls"), ("^C\r\n", "")):
            status, output, after = self.run_it("--check", LOG.replace(old, new), document)
            self.assertEqual((status, after), (1, document), old)
            self.assertIn("make transcript", output)

    def test_nothing_is_taken_for_a_session(self):
        self.assertNotEqual(self.run_it("--check", "hv: x\n", EMPTY)[0], 0)
        self.assertNotEqual(self.run_it("--check", LOG, "no marks\n")[0], 0)


if __name__ == "__main__":
    unittest.main()
