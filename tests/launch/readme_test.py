# SPDX-License-Identifier: Apache-2.0
# What tests/native/readme.py takes out of a README, and how it judges what came.
import os
import subprocess
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "native"))

import readme  # noqa: E402

TEXT = """# Title

## Before

    echo not mine

## Containers

Text.

    echo one
    echo two

    echo three

- an item

    goes on

```sh
cd /
## not a heading
```

<!-- not run: needs the network -->
```sh
docker pull x
```

```c
int x;
```

### Below

```console
$ printf 'a 17\\n'
a 42
$ echo x; \\
> echo y
x
...
```

## After

    echo not mine either
"""


def run(steps):
    result = subprocess.run(["sh", "-c", readme.script(steps)], stdout=subprocess.PIPE, text=True, check=False)
    return readme.split(result.stdout)


class Parsing(unittest.TestCase):
    def blocks(self, text=TEXT):
        return readme.blocks(readme.section(text, "Containers"))

    def test_takes_the_section_alone(self):
        self.assertNotIn("not mine", "".join(line for block in self.blocks() for line in block.lines))
        self.assertEqual(readme.section(TEXT, "Nothing"), [])

    def test_finds_blocks(self):
        rows = [(block.kind, block.lines, block.reason, block.is_run()) for block in self.blocks()]
        self.assertEqual(rows[:4], [
            ("", ["echo one", "echo two", "", "echo three"], None, True),
            ("sh", ["cd /", "## not a heading"], None, True),
            ("sh", ["docker pull x"], "needs the network", False),
            ("c", ["int x;"], None, False)])
        self.assertEqual(len(rows), 5)

    def test_a_line_is_the_file_s(self):
        lines = TEXT.split("\n")
        for block in self.blocks():
            self.assertEqual(lines[block.line - 1].strip(), block.lines[0])

    def test_steps_of_a_console(self):
        steps = self.blocks()[-1].steps()
        self.assertEqual([step[1:] for step in steps],
                         [("printf 'a 17\\n'", ["a 42"]), ("echo x; \\\necho y", ["x", "..."])])

    def test_an_indented_console(self):
        block = self.blocks("## Containers\n\n    $ true\n    yes\n")[0]
        self.assertEqual((block.kind, block.steps()), ("console", [(3, "true", ["yes"])]))

    def test_tilde_fences_and_open_ends(self):
        block = self.blocks("## Containers\n~~~sh\necho\n```\n~~~\n## Next")[0]
        self.assertEqual(block.lines, ["echo", "```"])
        self.assertEqual(self.blocks("## Containers\n```sh\necho")[0].lines, ["echo"])


class Running(unittest.TestCase):
    def test_one_session(self):
        found = run([(1, "cd /tmp; x=1", None), (2, "pwd; echo $x", []), (3, "false", []), (4, "echo last", None)])
        self.assertEqual(found, {0: (0, []), 1: (0, ["/tmp", "1"]), 2: (1, []), 3: (0, ["last"])})

    def test_a_failure_in_a_script_ends_it(self):
        found = run([(1, "echo a\nfalse\necho b", None), (2, "echo c", None)])
        self.assertEqual(found, {0: (None, ["a"])})

    def test_output_without_a_line_s_end(self):
        self.assertEqual(run([(1, "printf x", [])]), {0: (0, ["x"])})


class Judging(unittest.TestCase):
    def fits(self, wanted, got):
        return readme.fits(wanted.split("\n"), got.split("\n"))

    def test_numbers_names_and_widths_count_for_nothing(self):
        self.assertTrue(self.fits("CONTAINER ID   IMAGE\n4f5e6a7b8c9d   x:1  12MB 3.5s", "CONTAINER ID  IMAGE\naabbccddeeff x:1 7MB 44.1s"))
        self.assertTrue(self.fits("sha256:" + "a" * 64, "sha256:" + "0" * 64))

    def test_words_count(self):
        self.assertFalse(self.fits("Up 3 seconds", "Exited 3 seconds"))
        self.assertFalse(self.fits("one\ntwo", "one"))
        self.assertFalse(self.fits("one", "one\ntwo"))

    def test_any(self):
        self.assertTrue(self.fits("Up ... seconds", "Up about 4 seconds"))
        self.assertTrue(self.fits("first\n...\nlast", "first\n1\n2\nlast"))
        self.assertTrue(self.fits("first\n...", "first"))
        self.assertTrue(self.fits("...", ""))
        self.assertFalse(self.fits("first\n...\nlast", "first\n1\n2"))
        self.assertFalse(self.fits("a ... b", "a c"))
        self.assertTrue(self.fits("a (b) [c]* ...", "a (b) [c]* d"))


if __name__ == "__main__":
    unittest.main()
