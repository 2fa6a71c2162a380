# SPDX-License-Identifier: Apache-2.0
# make-initramfs' programs and modules: from made-up packages and a made-up kernel.
import gzip
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def unpack(data):
    """cpio newc -> {path: (mode, bytes)}"""
    place, files = 0, {}
    while True:
        field = [int(data[place + 6 + 8 * i:place + 14 + 8 * i], 16) for i in range(13)]
        name = data[place + 110:place + 109 + field[11]].decode()
        start = (place + 110 + field[11] + 3) & ~3
        if name == "TRAILER!!!":
            return files
        files[name] = (field[1], data[start:start + field[6]])
        place = (start + field[6] + 3) & ~3


class Image(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, data, mode=0o644):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, mode)
        return path

    def compile(self, name, text, *flags):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        subprocess.run(["gcc", "-x", "c", "-", "-x", "none", "-o", path, *flags], input=text.encode(), check=True)

    def run_tool(self, text, *more):
        self.write("list", text.encode())
        return subprocess.run([sys.executable, os.path.join(ROOT, "tools/make-initramfs"),
                               os.path.join(self.folder, "list"), os.path.join(self.folder, "out"), *more],
                              capture_output=True, check=False)

    def make(self, text):
        result = self.run_tool(text)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(os.path.join(self.folder, "out"), "rb") as file:
            return unpack(gzip.decompress(file.read()))

    def module(self, name, depends, alias):
        text = "".join(f'__attribute__((section(".modinfo"), used)) static const char i{i}[] = "{row}";'
                       for i, row in enumerate(("depends=" + depends, "alias=" + alias, "license=GPL")))
        self.compile(f"6.9/kernel/{name}.ko", text, "-c")

    def test_tree(self):
        self.write("top/etc/x", b"x")
        self.write("top/etc/deep/run", b"run", 0o755)
        files = self.make("tree / top\n")
        self.assertEqual(files["etc/x"], (0o100644, b"x"))
        self.assertEqual(files["etc/deep/run"], (0o100755, b"run"))
        self.assertEqual(list(files), ["etc", "etc/x", "etc/deep", "etc/deep/run"])

    def test_program_with_libraries(self):
        self.compile("tree/usr/lib/libdeep.so.1", "int deep(void){return 1;}", "-shared", "-nostdlib", "-fPIC",
                     "-Wl,-soname,libdeep.so.1")
        deep = os.path.join(self.folder, "tree/usr/lib/libdeep.so.1")
        self.compile("tree/lib/libtop.so.2", "int deep(void);int top(void){return deep();}", "-shared", "-nostdlib",
                     "-fPIC", "-Wl,-soname,libtop.so.2", deep)
        top = os.path.join(self.folder, "tree/lib/libtop.so.2")
        self.compile("tree/bin/tool", "int top(void);void _start(void){top();}", "-nostdlib", top, deep)
        self.write("tree/lib/ld-linux-x86-64.so.2", b"\x7fELF\x02\x01" + bytes(58))
        text = "libraries tree\nprogram /bin/tool tree/bin/tool\nprogram /bin/again tree/bin/tool\n"
        files = self.make(text)
        self.assertEqual({name for name, (mode, _) in files.items() if mode & 0o100000},
                         {"bin/tool", "bin/again", "lib64/ld-linux-x86-64.so.2", "lib/x86_64-linux-gnu/libtop.so.2",
                          "lib/x86_64-linux-gnu/libdeep.so.1"})
        os.remove(deep)
        os.remove(os.path.join(self.folder, "out"))
        self.assertIn(b"line 2: libdeep.so.1 is in no package", self.run_tool(text).stderr)

    def test_modules(self):
        self.module("net/a-card", "bus,helper", "pci:v1*")
        self.module("bus", "base", "acpi:B")
        self.module("helper", "base", "h")
        self.module("base", "", "b")
        self.module("other", "", "o")
        self.write("6.9/modules.builtin", b"kernel/in.ko\n")
        files = {name: data for name, (_, data) in self.make("modules 6.9 a_card\n").items()}
        self.assertIn("lib/modules/6.9/kernel/net/a-card.ko", files)
        self.assertNotIn("lib/modules/6.9/kernel/other.ko", files)
        rows = dict(row.split(":") for row in files["lib/modules/6.9/modules.dep"].decode().splitlines())
        order = rows["kernel/net/a-card.ko"].split()
        self.assertEqual(sorted(order), ["kernel/base.ko", "kernel/bus.ko", "kernel/helper.ko"])
        self.assertEqual(order[-1], "kernel/base.ko")  # modprobe loads from the end
        self.assertIn(b"alias pci:v1* a_card\n", files["lib/modules/6.9/modules.alias"])
        os.remove(os.path.join(self.folder, "out"))
        self.assertIn(b"no module 'nothing'", self.run_tool("modules 6.9 \\\n nothing\n").stderr)

    def test_limit(self):
        self.write("noise", os.urandom(2 << 20))
        result = self.run_tool("file /noise noise 644\n", "1")
        self.assertIn(b"too large", result.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "out")))
        self.assertIn(b"out: 2.0 of 3 MiB", self.run_tool("file /noise noise 644\n", "3").stdout)

    def test_twice(self):
        self.assertIn(b"line 2: /a is there already", self.run_tool("slink /a b\nslink /a c\n").stderr)


if __name__ == "__main__":
    unittest.main()
