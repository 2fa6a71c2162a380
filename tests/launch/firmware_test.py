# SPDX-License-Identifier: Apache-2.0
# The faster firmware of Bochs: what is packed unpacks to the same, a file that is left out keeps a volume whole, and a
# firmware of another kind is used as it comes.
import lzma
import os
import random
import struct
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

from launch import bochs, firmware  # noqa: E402


def unpack(data):
    """As unpack.asm does it"""
    out, place = bytearray(), 0

    def length(half):
        nonlocal place
        more = half == 15
        while more:
            half += data[place]
            more = data[place] == 255
            place += 1
        return half

    while True:
        token = data[place]
        place += 1
        count = length(token >> 4)
        out += data[place:place + count]
        place += count
        if place >= len(data):
            return bytes(out)
        distance = struct.unpack_from("<H", data, place)[0]
        place += 2
        for _ in range(length(token & 15) + firmware.MATCH_LEAST):
            out.append(out[-distance])


def checksum(data, place):
    return sum(data[place:place + 17] + data[place + 18:place + 23]) & 0xFF


class Packing(unittest.TestCase):
    def test_unpacks_to_the_same(self):
        rng = random.Random(1)
        words = [rng.randbytes(rng.randrange(1, 40)) for _ in range(50)]
        samples = [b"", b"a", b"abc" * 5, bytes(100000), rng.randbytes(70000),
                   b"".join(rng.choice(words) for _ in range(5000)), rng.randbytes(300) + bytes(70000) + b"end"]
        for data in samples:
            self.assertEqual(unpack(firmware.pack(data)), data)

    def test_is_smaller_where_data_repeats(self):
        self.assertLess(len(firmware.pack(bytes(100000))), 500)


class Volume(unittest.TestCase):
    def files(self, *names):
        """A volume (header of 56 bytes) of files that have a name and three bytes of content"""
        data = bytearray(struct.pack("<48xHxxHxx", 56, 0))
        for name in names:
            text = name.encode("utf-16-le") + b"\0\0"
            body = struct.pack("<I", 7 | 0x19 << 24) + b"abc\0" + struct.pack("<I", (4 + len(text)) | 0x15 << 24) + text
            size = firmware.FILE_HEADER + len(body)
            data += bytes(15) + b"\1" + bytes([0, 0xAA, 0x07, 0]) + size.to_bytes(3, "little") + b"\xF8" + body
            data += b"\xff" * (-size % 8)
        return data + b"\xff" * 64

    def test_leaves_out_what_is_not_needed(self):
        data = self.files("DxeCore", "Shell", "Fat")
        before = bytes(data)
        firmware.change_files(data, 0, len(data))
        places = [56]
        for _ in range(2):
            size = firmware.size_of(data, places[-1] + 20)
            places.append(places[-1] + size + -size % 8)
        self.assertEqual([data[place + 18] for place in places], [0x07, firmware.PAD_FILE, 0x07])
        self.assertEqual(checksum(data, places[1]), 0)
        self.assertEqual(data[:places[1]], before[:places[1]])
        self.assertEqual(data[places[2]:], before[places[2]:])

    def test_waits_less_in_the_disk_driver_alone(self):
        data = firmware.LONG_WAIT + bytes(30)
        file = bytearray(data)
        firmware.wait_less(file, 0, len(file))
        self.assertEqual(bytes(file), firmware.SHORT_WAIT + bytes(30))
        twice = bytearray(data * 2)
        firmware.wait_less(twice, 0, len(twice))
        self.assertEqual(bytes(twice), data * 2)


class Roms(unittest.TestCase):
    def test_another_firmware_is_used_as_it_comes(self):
        packed = lzma.compress(bytes(1000), format=lzma.FORMAT_ALONE)
        section = struct.pack("<I", (24 + len(packed)) | firmware.GUIDED << 24) + firmware.LZMA_SECTION + struct.pack("<HH", 24, 1)
        for content in (b"", bytes(4096), firmware.LZMA_SECTION * 3, section + packed, section + packed + firmware.HANDLER_END * 2):
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "rom.fd")
                with open(path, "wb") as file:
                    file.write(content)
                self.assertEqual(firmware.fast(path, folder), path)
                self.assertEqual(os.listdir(folder), ["rom.fd"])

    def test_the_one_here_is_made_faster(self):
        path = next((name for name in bochs.FIRMWARE if os.path.exists(name)
                     and os.path.getsize(name) <= bochs.FIRMWARE_MOST), None)
        if path is None:
            self.skipTest("no firmware of 2 MiB here")
        with open(path, "rb") as file:
            rom = file.read()
        made = firmware.make(rom)
        self.assertEqual(len(made), len(rom))
        _, start, end = firmware.find_archive(rom)
        size = struct.unpack_from("<I", made, start + firmware.LZMA_HEADER)[0]
        before = lzma.LZMADecompressor(format=lzma.FORMAT_ALONE).decompress(rom[start:end])
        after = unpack(made[start + firmware.LZMA_HEADER + 4:][:size])
        self.assertEqual(len(after), len(before))


if __name__ == "__main__":
    unittest.main()
