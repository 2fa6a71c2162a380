# SPDX-License-Identifier: Apache-2.0
# The bench's reading of logs, and its table and JSON. Nothing is measured here.
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))

from bench import figure, measure, native, parse  # noqa: E402
from bench.figure import Figure  # noqa: E402

MARKS = """hv: partition linux: vCPU 0: mark 0x02 tsc=1000 exits total=100 cpuid=60 io=40
hv: partition linux: vCPU 1: mark 0x03 tsc=1500 exits total=999 io=999
hv: partition linux: vCPU 0: mark 0x03 tsc=2000 exits total=101 cpuid=60 io=41
hv: partition linux: vCPU 0: mark 0x04 tsc=3000 exits total=109 cpuid=60 io=44 mmio=5
"""


class Parsing(unittest.TestCase):
    def test_operations_less_the_empty_loop(self):
        text = ("[bench] BENCH empty min=256 median=256 p90=256 max=256 overhead=256\r\n"
                "[bench] BENCH cpuid-0 min=24960 median=24960 p90=24961 max=25000 overhead=256\r\n"
                "BENCH hypercall min=1 median=2816 p90=3 max=4 overhead=256\n"
                "[bench] BENCH cpuid-0 min=1 median=384 p90=3 max=4 overhead=256\n"
                "[bench] noise BENCH x min=1 median=1 p90=1 max=1 overhead=0\n")
        self.assertEqual(parse.operations(text, 7), {"empty": 0, "cpuid-0": 193, "cpuid-0+": 1, "hypercall": 20})

    def test_exits_between_marks_without_the_mark_itself(self):
        marks = parse.marks(MARKS)
        self.assertEqual(marks[3][0], 2000)
        self.assertEqual(parse.exits_between(marks[2], marks[3]), {"total": 0})
        self.assertEqual(parse.exits_between(marks[3], marks[4]), {"total": 7, "io": 2, "mmio": 5})

    def test_boot(self):
        ours = "hv: partition linux: entered tsc=1600\n[linux] bench-init: tsc=4800\n[linux] bench-init: end"
        bare = "bare-metal: tsc=16\r\nbench-init: tsc=3216\r\n"
        self.assertEqual(measure.count_to_init(parse.entered(ours), ours, 4), 200)
        self.assertEqual(measure.count_to_init(parse.jumped(bare), bare, 4), 200)
        self.assertIsNone(measure.count_to_init(parse.entered(bare), bare, 4))
        self.assertIsNone(measure.count_to_init(16, "bench-init: end", 4))

    def test_memory(self):
        self.assertEqual(parse.kept("hv: hypervisor keeps 348 KiB (of 2048 KiB set aside), image and"), 348)
        self.assertIsNone(parse.kept(""))

    def test_memory_is_split(self):
        self.assertEqual(measure.split_memory({1: 348, 2: 400, 3: 450}), (296, 52))
        self.assertEqual(measure.split_memory({3: 451, 1: 348}), (296, 52))
        self.assertEqual(measure.split_memory({1: 348, 3: None}), (None, None))

    def test_starts_of_containers(self):
        text = ("ticks of a start as container: end 1600\r\nticks of a start as container: first byte 800, end 1584\n"
                "ticks of a start as crun: end 16000\n")
        self.assertEqual(parse.starts(text, 4), {("container", "end"): 100, ("container", "first byte"): 50, ("crun", "end"): 1000})
        self.assertEqual(parse.starts("no crun in this image"), {})

    def test_reasons_are_sorted(self):
        self.assertEqual(parse.describe_exits({"total": 7, "io": 2, "mmio": 5}), "7: mmio 5, io 2")
        self.assertEqual(parse.describe_exits({"total": 0}), "0")


class Figures(unittest.TestCase):
    def test_goal(self):
        self.assertEqual([Figure("g", "n", value, "u", 120).is_ok for value in (120, 121, None)],
                         [True, False, False])
        self.assertIsNone(Figure("g", "n", 5, "u").is_ok)
        self.assertEqual(Figure("g", "n", 100, "u", peer=1065).ratio, 10.65)
        self.assertIsNone(Figure("g", "n", 0, "u", peer=1).ratio)

    def test_table_names_what_is_over(self):
        lines = figure.table([Figure("g", "short", 1, "x", 2), Figure("g", "long", 1234, "x", 2),
                              Figure("h", "lost", None, "x", 2)]).splitlines()
        self.assertEqual(lines[0], "g")
        self.assertRegex(lines[2], r"short +1 x +<= 2 +ok")
        self.assertRegex(lines[3], r"long +1,234 x +<= 2 +OVER")
        self.assertRegex(lines[-1], r"lost +- x +<= 2 +OVER")

    def test_json_is_read_back(self):
        read = json.loads(figure.to_json([Figure("g", "n", 3, "u", 2, 6)], {"commit": "c"}))
        self.assertEqual((read["format"], read["commit"]), (1, "c"))
        self.assertEqual((read["figures"][0]["ok"], read["figures"][0]["ratio"]), (False, 2.0))


class Groups(unittest.TestCase):
    def test_a_run_is_shared(self):
        bench = measure.Bench(["steady", "boot"], "/nowhere")
        self.assertEqual(sorted(bench.runs), [("bare", "bochs"), ("bare", "qemu"), ("linux", "bochs"),
                                              ("linux", "qemu")])

    def test_what_did_not_run_is_missing_not_good(self):
        found = measure.Bench(["exits", "steady"], "/nowhere").figures()
        self.assertEqual({item.value for item in found}, {None})
        self.assertIn(False, {item.is_ok for item in found})

    def test_containers_are_held_to_their_peers(self):
        medians = {"runtime_ms": {"ours": 10.0, "runc": 50.0, "unshare": 6.0, "process": 2.0},
                   "docker_run_ms": {"ours": 300.0, "dockerd": 1000.0}, "docker_client_ms": {"client": 40.0}}
        found = native.figures({"left_out": {"crun": "not here"}, "median_ms": medians, "runtime_peak_kib": 1500})
        self.assertEqual([item.is_ok for item in found], [True, False, None, None, True, False, None, False])
        self.assertEqual((found[2].peer, found[2].note), (None, "no crun here"))
        self.assertEqual({item.is_ok for item in native.figures(native.MISSING)}, {None, False})


if __name__ == "__main__":
    unittest.main()
