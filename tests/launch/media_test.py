# SPDX-License-Identifier: Apache-2.0
# What lies on the boot media and in the initramfs, read back with other tools.
import gzip
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tools"))

from launch import config, media  # noqa: E402


class Media(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.loader = self.write("loader.efi", b"LOADER")
        text = b"[partition a]\nkernel = deep/kernel\ninitrd = disk.gz\n"
        self.config = self.write("x.conf", text)
        kernel = self.write("kernel", os.urandom(3000001))
        self.contents = media.Contents(self.loader, self.config, self.write("hv.elf", b"HV"),
                                       [("deep/kernel", kernel)])

    def write(self, name, data):
        path = os.path.join(self.folder.name, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def read(self, image, inside):
        environment = dict(os.environ, MTOOLSRC=os.devnull, MTOOLS_SKIP_CHECK="1")
        return subprocess.run(["mtype", "-i", image, "::" + inside], env=environment,
                              capture_output=True, check=True).stdout

    def check_files(self, image, loader):
        for inside, host in ((loader, self.loader), ("bulkhead/bulkhead.conf", self.config),
                             ("bulkhead/bulkhead.elf", self.contents.hypervisor),
                             ("bulkhead/deep/kernel", self.contents.files[0][1])):
            with open(host, "rb") as file:
                self.assertEqual(self.read(image, inside), file.read(), inside)

    def make(self, kind):
        path = os.path.join(self.folder.name, kind + ".img")
        media.MAKERS[kind][1](path, self.contents, self.folder.name)
        return path

    def test_esp(self):
        image = self.make("esp")
        self.check_files(image, "EFI/BOOT/BOOTX64.EFI")
        self.assertEqual(os.path.getsize(image) % media.CYLINDER, 0)

    def test_usb(self):
        image = self.make("usb")
        self.check_files(f"{image}@@{media.ESP_START}", "bulkhead/bulkhead.efi")
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        table = subprocess.run(["sgdisk", "--verify", "--print", image], capture_output=True,
                               env=dict(os.environ, PATH=path), check=True).stdout
        self.assertIn(b"No problems found", table)
        self.assertIn(b"EF00", table)

    def test_iso(self):
        image = self.make("iso")
        listing = subprocess.run(["xorriso", "-indev", image, "-report_el_torito", "plain", "-find", "/"],
                                 capture_output=True, check=True).stdout
        self.assertIn(b"UEFI", listing)
        self.assertIn(b"'/bulkhead/bulkhead.efi'", listing)
        self.check_files(os.path.join(self.folder.name, "efi.img"), "bulkhead/bulkhead.efi")

    def test_a_big_file_fits(self):
        big = self.write("big", b"")
        os.truncate(big, 90 << 20)
        self.contents.files.append(("big", big))
        self.assertGreater(os.path.getsize(self.make("esp")), 90 << 20)


class Initramfs(unittest.TestCase):
    def make(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.list")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            with open(os.path.join(folder, "hello"), "w", encoding="ascii") as file:
                file.write("hello\n")
            result = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "make-initramfs"), path,
                                     os.path.join(folder, "out")], capture_output=True, check=False)
            if result.returncode != 0:
                return result.stderr
            with open(os.path.join(folder, "out"), "rb") as file:
                return file.read()

    def test_same_every_time(self):
        text = "dir /a 755\nfile /a/hello hello 644\nslink /b a\nnod /a/console 600 5 1\n"
        self.assertEqual(self.make(text), self.make(text))

    def test_layout(self):
        data = gzip.decompress(self.make("file /hello hello 644\nnod /console 600 5 1\n"))
        self.assertEqual(data[:6], b"070701")
        field = [int(data[6 + 8 * i:14 + 8 * i], 16) for i in range(13)]
        self.assertEqual((field[1], field[2], field[3], field[5], field[6]), (0o100644, 0, 0, 0, 6))
        self.assertEqual(data[110:116], b"hello\0")
        self.assertEqual(data[116:122], b"hello\n")
        second = data[124:]
        self.assertEqual(second[:6], b"070701")
        numbers = [int(second[6 + 8 * i:14 + 8 * i], 16) for i in range(13)]
        self.assertEqual((numbers[1], numbers[9], numbers[10]), (0o020600, 5, 1))
        self.assertIn(b"TRAILER!!!", data)

    def test_errors_name_the_line(self):
        self.assertIn(b"line 2", self.make("dir /a 755\nfile /b nothing 644\n"))
        self.assertIn(b"line 1", self.make("socket /a 755\n"))
        self.assertIn(b"line 1", self.make("dir\n"))


class Reading(unittest.TestCase):
    def test_lenient_reading(self):
        found = config.parse("x", b"junk\n[hypervisor]\nkernel = no\n[partition a]\n"
                             b"kernel = k # c\ninitrd=i#j\ndisk0 = d\n[odd\nkernel = no\n[partition b]\nkernel = k\n")
        self.assertEqual(found.files(), [("k", 5), ("i#j", 6), ("d", 7)])
        self.assertEqual([partition.name for partition in found.partitions], ["a", "b"])

    def test_sizes(self):
        self.assertEqual(config.parse_size("2G"), 2 << 30)
        self.assertEqual(config.parse_size("512"), 512)
        self.assertEqual(config.parse_size("64MiB"), 64 << 20)


if __name__ == "__main__":
    unittest.main()
