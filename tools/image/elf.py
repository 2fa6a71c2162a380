# SPDX-License-Identifier: Apache-2.0
# What an image needs to know of an ELF file (64-bit, little-endian): libraries, interpreter, modinfo.
import struct

PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NEEDED, DT_STRTAB = 1, 5


class ElfError(Exception):
    """Not an ELF file of this kind."""


def text_at(data, offset):
    return data[offset:data.index(b"\0", offset)].decode()


class Elf:
    def __init__(self, data):
        if data[:6] != b"\x7fELF\x02\x01":
            raise ElfError("not a 64-bit ELF file")
        self.data = data
        (self.phoff, self.shoff, _, _, self.phentsize, self.phnum, self.shentsize, self.shnum,
         self.shstrndx) = struct.unpack_from("<QQIHHHHHH", data, 32)

    def segments(self):
        """[(type, offset, address, size in the file)]"""
        rows = []
        for index in range(self.phnum):
            kind, _, offset, address, _, size = struct.unpack_from(
                "<IIQQQQ", self.data, self.phoff + index * self.phentsize)
            rows.append((kind, offset, address, size))
        return rows

    def interpreter(self):
        """The path of the dynamic linker, or None."""
        for kind, offset, _, _ in self.segments():
            if kind == PT_INTERP:
                return text_at(self.data, offset)
        return None

    def needed(self):
        """Names of the shared libraries it is linked with."""
        names, strings = [], 0
        for kind, offset, _, size in self.segments():
            if kind == PT_DYNAMIC:
                for place in range(offset, offset + size, 16):
                    tag, value = struct.unpack_from("<QQ", self.data, place)
                    names += [value] if tag == DT_NEEDED else []
                    strings = value if tag == DT_STRTAB else strings
        return [text_at(self.data, self.file_offset(strings) + name) for name in names]

    def file_offset(self, address):
        for kind, offset, start, size in self.segments():
            if kind == PT_LOAD and start <= address < start + size:
                return offset + address - start
        raise ElfError(f"address {address:#x} lies in no segment")

    def section(self, wanted):
        """The bytes of a section, or none."""
        def header(index):
            name, _, _, _, offset, size = struct.unpack_from(
                "<IIQQQQ", self.data, self.shoff + index * self.shentsize)
            return name, offset, size
        names = header(self.shstrndx)[1]
        for index in range(self.shnum):
            name, offset, size = header(index)
            if text_at(self.data, names + name) == wanted:
                return self.data[offset:offset + size]
        return b""

    def modinfo(self, key):
        """The values of a kernel module's key, as `alias` or `depends`."""
        rows = [row.decode().partition("=") for row in self.section(".modinfo").split(b"\0") if row]
        return [value for name, _, value in rows if name == key]
