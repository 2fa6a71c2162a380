# SPDX-License-Identifier: Apache-2.0
# tools/flat-kernel on made-up kernels: the unpacked one lies where it is linked, behind a jump; others stay as they are.
import importlib.machinery
import importlib.util
import lzma
import os
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOL = os.path.join(ROOT, "tools", "flat-kernel")
LOADER = importlib.machinery.SourceFileLoader("flat_kernel", TOOL)
flat = importlib.util.module_from_spec(importlib.util.spec_from_loader("flat_kernel", LOADER))
sys.dont_write_bytecode = True
LOADER.exec_module(flat)
BASE = 0x1000000
SETUP = 2 * flat.SECTOR


def elf(segments, entry=BASE):
    """A 64-bit ELF file; segments: [(address, content)]"""
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, entry, 64, 0, 0, 64, 56, len(segments), 0, 0, 0)
    place, table, body = 64 + 56 * len(segments), b"", b""
    for address, content in segments:
        table += struct.pack("<IIQQQQQQ", flat.PT_LOAD, 5, place + len(body), 0, address, len(content), len(content), 4096)
        body += content
    return head + table + body


def bzimage(payload, preferred=BASE):
    head = bytearray(SETUP)
    head[flat.SETUP_SECTS] = 1
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<II", head, flat.PAYLOAD, 0x300, len(payload))
    struct.pack_into("<Q", head, flat.PREF_ADDRESS, preferred)
    struct.pack_into("<I", head, flat.INIT_SIZE, 0x500000)
    return bytes(head) + bytes(0x300) + payload


SEGMENTS = [(BASE, b"first" * 10), (BASE + 0x200000, b"second" + bytes(100))]


class FlatKernel(unittest.TestCase):
    def test_unpacks_to_where_it_is_linked(self):
        made = flat.convert(bzimage(lzma.compress(elf(SEGMENTS)) + b"size"))
        start, = struct.unpack_from("<Q", made, flat.PREF_ADDRESS)
        self.assertEqual(start % flat.BELOW, 0)
        body = made[SETUP:]
        for address, content in SEGMENTS:
            self.assertEqual(body[address - start:][:len(content.rstrip(b"\0"))], content.rstrip(b"\0"))
        self.assertEqual(struct.unpack_from("<I", made, flat.SYSSIZE)[0] * 16, len(body))
        self.assertGreaterEqual(struct.unpack_from("<I", made, flat.INIT_SIZE)[0], len(body))

    def test_its_entry_jumps_to_the_kernel(self):
        made = flat.convert(bzimage(lzma.compress(elf(SEGMENTS))))
        start, = struct.unpack_from("<Q", made, flat.PREF_ADDRESS)
        self.assertEqual(made[SETUP + flat.ENTRY_64], 0xE9)
        distance, = struct.unpack_from("<i", made, SETUP + flat.ENTRY_64 + 1)
        self.assertEqual(start + flat.ENTRY_64 + 5 + distance, BASE)

    def test_others_are_refused(self):
        good = lzma.compress(elf(SEGMENTS))
        for image in (bzimage(b"\x1f\x8b" + bytes(50)), bzimage(lzma.compress(b"no ELF" + bytes(100))), bzimage(good, BASE + flat.BELOW),
                      bzimage(lzma.compress(elf(SEGMENTS, BASE + 1))), bzimage(good).replace(b"HdrS", b"Hdrs")):
            with self.assertRaises(flat.Unknown):
                flat.convert(image)

    def test_what_is_refused_is_copied(self):
        with tempfile.TemporaryDirectory() as folder:
            source, target = os.path.join(folder, "in"), os.path.join(folder, "out")
            with open(source, "wb") as file:
                file.write(b"something else" * 100)
            result = subprocess.run([sys.executable, TOOL, source, target], stderr=subprocess.PIPE, text=True, check=True)
            self.assertIn("it is used as it is", result.stderr)
            with open(target, "rb") as file:
                self.assertEqual(file.read(), b"something else" * 100)


if __name__ == "__main__":
    unittest.main()
