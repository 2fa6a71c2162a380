# SPDX-License-Identifier: Apache-2.0
# Each program's man page names every option of its --help.
import os
import re
import subprocess
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGES = {"tools/run": "tools/run.1", "tools/bench/run": "tools/bench/bench.1"}


class ManPages(unittest.TestCase):
    def test_options(self):
        for program, page in PAGES.items():
            shown = subprocess.run([sys.executable, os.path.join(ROOT, program), "--help"], check=True,
                                   capture_output=True, text=True).stdout
            with open(os.path.join(ROOT, page), encoding="utf-8") as file:
                text = file.read().replace("\\-", "-")
            options = set(re.findall(r"--[a-z][a-z-]*", shown.split("exit status")[0]))
            self.assertGreater(len(options), 4, program)
            self.assertEqual(sorted(option for option in options if option not in text), [], page)


if __name__ == "__main__":
    unittest.main()
