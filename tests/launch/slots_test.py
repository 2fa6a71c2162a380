# SPDX-License-Identifier: Apache-2.0
# The slots that `make check` shares over its groups.
import os
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TESTS)

import slots  # noqa: E402

HOLD = "import sys, time; sys.path.insert(0, sys.argv[1])\nimport slots\nwith slots.slot(0.01): print('held', flush=True); time.sleep(60)"


class Slots(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def hold(self):
        process = subprocess.Popen([sys.executable, "-c", HOLD, TESTS], stdout=subprocess.PIPE,
                                   env=dict(os.environ, **{slots.VARIABLE: self.folder}))
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        process.stdout.readline()
        return process

    def test_there_are_so_many_and_a_dead_holder_leaves_its_own(self):
        holders = [self.hold() for _ in range(slots.COUNT)]
        self.assertIsNone(slots.try_all(self.folder))
        holders[0].kill()
        holders[0].wait()
        file = slots.try_all(self.folder)
        self.assertIsNotNone(file)
        os.close(file)

    def test_nobody_waits_where_there_are_none(self):
        with unittest.mock.patch.dict(os.environ):
            os.environ.pop(slots.VARIABLE, None)
            with slots.slot(60), slots.slot(60), slots.slot(60):
                pass


if __name__ == "__main__":
    unittest.main()
