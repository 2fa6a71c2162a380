# SPDX-License-Identifier: Apache-2.0
# The emulator tests' runner: case files, counting of in-guest results.
import os
import tempfile
import unittest

from case import Case, CaseError, judge_reports, judge_traces, read


def judge(report, *lines):
    count, wrong, skips = judge_reports(Case("x", "qemu", {"report": report}), lines)
    return (count.passed, count.failed, count.skipped), wrong, skips


class Reports(unittest.TestCase):
    def test_counts_each_line(self):
        self.assertEqual(judge("a", "[a] PASS x.y", "[a] SKIP x.z: why", "noise", "[b] PASS no",
                               "[a] DONE passed=1 failed=0 skipped=1"),
                         ((1, 0, 1), [], ["[a] SKIP x.z: why"]))

    def test_failure_is_named(self):
        counts, wrong, _ = judge("a", "[a] FAIL x.y: why", "[a] DONE passed=0 failed=1 skipped=0")
        self.assertEqual((counts, wrong), ((0, 1, 0), ["[a] FAIL x.y: why"]))

    def test_missing_done_fails(self):
        counts, wrong, _ = judge("a", "[a] PASS x.y")
        self.assertEqual((counts, wrong), ((1, 1, 0), ["[a] no DONE line"]))

    def test_done_of_another_partition_does_not_count(self):
        self.assertEqual(judge("a", "[a] PASS x", "[b] DONE passed=1 failed=0 skipped=0")[0], (1, 1, 0))

    def test_lost_lines_fail(self):
        self.assertEqual(judge("a", "[a] PASS x", "[a] DONE passed=2 failed=0 skipped=0")[0], (1, 1, 0))

    def test_nothing_tested_fails(self):
        self.assertEqual(judge("a", "[a] DONE passed=0 failed=0 skipped=0")[0], (0, 1, 0))

    def test_two_partitions(self):
        self.assertEqual(judge("a b", "[a] PASS x", "[b] PASS x", "[b] DONE passed=1 failed=0 skipped=0",
                               "[a] DONE passed=1 failed=0 skipped=0"), ((2, 0, 0), [], []))

    def test_output_without_a_name(self):
        self.assertEqual(judge("-", "PASS x", "DONE passed=1 failed=0 skipped=0"), ((1, 0, 0), [], []))


class Files(unittest.TestCase):
    def read(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "name.case")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            return read(path)

    def test_one_case_per_machine(self):
        cases = self.read("# c\nemulators = qemu bochs\ntimeout = 9\nbochs.timeout = 99\n"
                          "expect = a = b\nbochs.expect = c\nthen = d\nreport = x -\n")
        self.assertEqual([case.name for case in cases], ["name/qemu", "name/bochs"])
        self.assertEqual([case.timeout() for case in cases], [9, 99])
        self.assertEqual(cases[0].expects(), [("--expect", "a = b"), ("--expect", r"^\[x\]\ DONE passed="),
                                              ("--expect", "^DONE passed="), ("--then", "d")])
        self.assertEqual(cases[1].expects()[:2], [("--expect", "a = b"), ("--expect", "c")])

    def test_special_lines_win_wherever_they_stand(self):
        cases = self.read("bochs.timeout = 99\nemulators = bochs\ntimeout = 9\n")
        self.assertEqual(cases[0].timeout(), 99)

    def test_panic_is_rejected_unless_wanted(self):
        self.assertEqual(len(self.read("emulators = qemu\n")[0].rejects()), 1)
        self.assertEqual(self.read("emulators = qemu\nskip-default-reject = yes\n")[0].rejects(), [])

    def test_wrong_lines_are_named(self):
        for text in ("emulators = qemu\nbogus = 1\n", "emulators = vax\n", "expect = x\n",
                     "emulators = qemu\nvax.expect = 1\n", "emulators = qemu\nword\n"):
            with self.assertRaises(CaseError):
                self.read(text)


class Traces(unittest.TestCase):
    NAME = '{"name":"process_name","ph":"M","pid":2,"tid":1,"args":{"name":"a"}}'
    SLICE = '{"name":"io","ph":"X","cat":"exit","pid":2,"tid":1,"ts":1.5,"dur":0.1,"args":{}}'

    def judge(self, *events):
        lines = ["noise", "T" + '{"traceEvents":[' + ",".join(events) + "]}"]
        return judge_traces(Case("x", "qemu", {"trace": ["^T(.*) => a"]}), lines)

    def test_a_good_one(self):
        self.assertEqual(self.judge(self.NAME, self.SLICE), [])

    def test_bad_ones(self):
        for events in ((self.NAME,), (self.SLICE,), (self.NAME, self.SLICE + "x"),
                       (self.NAME, self.SLICE, self.SLICE.replace('"X"', '"B"')),
                       (self.NAME, self.SLICE, self.SLICE.replace('"dur":0.1,', "")),
                       (self.NAME, self.SLICE, self.SLICE.replace("1.5", "-1")),
                       (self.NAME, self.SLICE, self.SLICE.replace("1.5", '"1"'))):
            self.assertEqual(len(self.judge(*events)), 1, events)

    def test_none_at_all(self):
        self.assertEqual(len(judge_traces(Case("x", "qemu", {"trace": ["^T(.*) => a"]}), ["x"])), 1)


if __name__ == "__main__":
    unittest.main()
