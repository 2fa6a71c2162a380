# SPDX-License-Identifier: Apache-2.0
# OVMF for Bochs without its longest part: of 700 million instructions before the loader starts, 450 million unpack an
# LZMA archive. Here the archive is packed anew, with fewer drivers (none that a boot of ours needs is left out) and in
# LZ4's block format, SEC's unpacker is replaced by unpack.asm, which takes some millions, and the ATA driver does not
# stand still for 10 ms after each transfer. The rest of the firmware is as it was. One that does not look as expected is
# used as it comes.
import lzma
import os
import struct
import subprocess
import tempfile
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
UNPACKER = os.path.join(HERE, "unpack.asm")
LZMA_SECTION = uuid.UUID("EE4E5898-3914-4259-9D6E-DC7BD79403CF").bytes_le
LZMA_HEADER = 13
# Types, headers and attributes: PI specification 1.7, volume 3, 3.2.3 (files) and 3.2.5 (sections).
GUIDED, VOLUME_IMAGE, USER_INTERFACE = 0x02, 0x17, 0x15
PAD_FILE, LARGE_FILE, WITH_CHECKSUM = 0xF0, 0x01, 0x40
FILE_HEADER, SECTION_HEADER = 24, 4
# The end of SEC's handler of such a section: mov r9, r8; mov r8, [r11]; add rsp, 40; jmp LzmaUefiDecompress.
HANDLER_END = bytes.fromhex("4d89c1 4d8b03 4883c428 e9")
HANDLER_MOST = 256
LOAD_RCX = bytes.fromhex("488d0d")  # lea rcx, [rip + N]
UNUSED = frozenset("""Virtio10 VirtioPciDeviceDxe VirtioBlkDxe VirtioScsiDxe VirtioRngDxe VirtioFsDxe VirtioNetDxe
    VirtioGpuDxe SecureBootConfigDxe DriverHealthManagerDxe QemuKernelLoaderFsDxe RamDiskDxe ScsiBus ScsiDisk
    NvmExpressDxe UdfDxe tftpDynamicCommand httpDynamicCommand LinuxInitrdDynamicShellCommand Shell LogoDxe 
    DpcDxe SnpDxe VlanConfigDxe MnpDxe ArpDxe Dhcp4Dxe Ip4Dxe Udp4Dxe Mtftp4Dxe Dhcp6Dxe Ip6Dxe Udp6Dxe Mtftp6Dxe
    TcpDxe UefiPxeBcDxe TlsDxe TlsAuthConfigDxe DnsDxe HttpDxe HttpUtilitiesDxe HttpBootDxe IScsiDxe UhciDxe EhciDxe
    XhciDxe UsbBusDxe UsbKbDxe UsbMassStorageDxe QemuRamfbDxe TcgDxe Tcg2Dxe Tcg2PlatformDxe Tcg2ConfigDxe EbcDxe
    BootGraphicsResourceTableDxe S3SaveStateDxe BootScriptExecutorDxe""".split())
# In the ATA driver: mov ecx, 10000 (microseconds); instead 10.
WAITING, LONG_WAIT, SHORT_WAIT = "AtaAtapiPassThruDxe", bytes.fromhex("b910270000"), bytes.fromhex("b90a000000")
# LZ4's block format: matches of 4 bytes and more, at most 64 KiB back, none in the last 5 bytes, none begun in the last 12.
MATCH_LEAST, MATCH_FAR, LAST_LITERALS, LAST_START = 4, 65535, 5, 12


class Unknown(Exception):
    """The firmware is not one that can be made faster."""


# --- LZ4 ------------------------------------------------------------------------------------------
def length_bytes(length):
    """What follows a token's half that was 15"""
    return b"\xff" * (length // 255) + bytes([length % 255]) if length >= 0 else b""


def sequence(literals, match, distance):
    first = min(len(literals), 15) << 4 | min(max(match - MATCH_LEAST, 0), 15)
    text = bytes([first]) + length_bytes(len(literals) - 15) + literals
    if match:
        text += struct.pack("<H", distance) + length_bytes(match - MATCH_LEAST - 15)
    return text


def match_length(data, here, there, end):
    length = MATCH_LEAST
    while here + length + 64 < end and data[here + length:here + length + 64] == data[there + length:there + length + 64]:
        length += 64
    while here + length < end and data[here + length] == data[there + length]:
        length += 1
    return length


def pack(data):
    out, seen, place, done = [], {}, 0, 0
    while place < len(data) - LAST_START:
        key = data[place:place + MATCH_LEAST]
        there = seen.get(key)
        seen[key] = place
        if there is None or place - there > MATCH_FAR:
            place += 1
            continue
        length = match_length(data, place, there, len(data) - LAST_LITERALS)
        out.append(sequence(data[done:place], length, place - there))
        place += length
        done = place
    return b"".join(out) + sequence(data[done:], 0, 0)


# --- firmware volumes -----------------------------------------------------------------------------
def size_of(data, place):
    return int.from_bytes(data[place:place + 3], "little")


def sections(data, start, end):
    """-> (type, start of the content, end) of each"""
    while start + SECTION_HEADER <= end:
        size, kind, header = size_of(data, start), data[start + 3], SECTION_HEADER
        if size == 0xFFFFFF:
            size, header = struct.unpack_from("<I", data, start + 4)[0], 8
        if size < header or start + size > end:
            return
        yield kind, start + header, start + size
        start += (size + 3) & ~3


def name_of(data, start, end):
    for kind, begin, stop in sections(data, start, end):
        if kind == USER_INTERFACE:
            return data[begin:stop].decode("utf-16-le", "replace").rstrip("\0")
    return ""


def leave_out(data, place, size):
    """Makes a pad file of a file"""
    data[place + FILE_HEADER:place + size] = b"\xff" * (size - FILE_HEADER)
    data[place + 16], data[place + 18] = 0, PAD_FILE
    # The header's sum is 0, its state and the content's checksum taken as 0.
    data[place + 16] = -sum(data[place:place + 17] + data[place + 18:place + 23]) & 0xFF


def wait_less(data, place, size):
    file = data[place:place + size]
    if file.count(LONG_WAIT) == 1:
        data[place:place + size] = file.replace(LONG_WAIT, SHORT_WAIT)


def change_files(data, volume, end):
    header, extended = struct.unpack_from("<H", data, volume + 48)[0], struct.unpack_from("<H", data, volume + 52)[0]
    place = volume + header
    if extended:
        place = volume + extended + struct.unpack_from("<I", data, volume + extended + 16)[0]
    place += -(place - volume) % 8
    while place + FILE_HEADER < end and data[place:place + FILE_HEADER] != b"\xff" * FILE_HEADER:
        size, attributes = size_of(data, place + 20), data[place + 19]
        if attributes & LARGE_FILE:
            size = struct.unpack_from("<Q", data, place + FILE_HEADER)[0]
        name = name_of(data, place + FILE_HEADER, place + size) if not attributes & (LARGE_FILE | WITH_CHECKSUM) else ""
        if name in UNUSED:
            leave_out(data, place, size)
        elif name == WAITING:
            wait_less(data, place, size)
        if size < FILE_HEADER:
            raise Unknown("a file without a size")
        place += size + -(place + size - volume) % 8


# --- the ROM --------------------------------------------------------------------------------------
def find_archive(rom):
    """-> (offset of the section's GUID, start and end of its content)"""
    place = rom.find(LZMA_SECTION)
    start = place - SECTION_HEADER
    if start < 0 or rom[start + 3] != GUIDED:
        raise Unknown("no LZMA section")
    return place, start + struct.unpack_from("<H", rom, place + 16)[0], start + size_of(rom, start)


def find_unpacker(rom, archive):
    """-> offset of LzmaUefiDecompress in SEC, by the handler that ends with a jump to it"""
    end = rom.find(HANDLER_END) + len(HANDLER_END)
    guid = rom.find(LZMA_SECTION, archive + 1)
    load = rom.rfind(LOAD_RCX, end - HANDLER_MOST, end)
    if end < HANDLER_MOST or guid < 0 or load < 0 or rom.find(HANDLER_END, end) >= 0:
        raise Unknown("no handler")
    if load + 7 + struct.unpack_from("<i", rom, load + 3)[0] != guid:
        raise Unknown("the handler of something else")
    target = end + 4 + struct.unpack_from("<i", rom, end)[0]
    if not 0 <= target < len(rom):
        raise Unknown("a jump to nowhere")
    return target


def assemble():
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(["nasm", "-f", "bin", "-o", file.name, UNPACKER], check=True, stdin=subprocess.DEVNULL)
        return file.read()


def make(rom):
    """-> the faster ROM"""
    archive, start, end = find_archive(rom)
    unpacker = find_unpacker(rom, archive)
    try:
        data = bytearray(lzma.LZMADecompressor(format=lzma.FORMAT_ALONE).decompress(rom[start:end]))
    except lzma.LZMAError as error:
        raise Unknown(str(error)) from error
    for kind, begin, stop in list(sections(data, 0, len(data))):
        if kind == VOLUME_IMAGE:
            change_files(data, begin, stop)
    packed = pack(bytes(data))
    content = rom[start:start + LZMA_HEADER] + struct.pack("<I", len(packed)) + packed
    if len(content) > end - start:
        raise Unknown("no room")
    made = bytearray(rom)
    made[start:start + len(content)] = content
    code = assemble()
    made[unpacker:unpacker + len(code)] = code
    return bytes(made)


def fast(path, folder):
    """PATH is a firmware, FOLDER keeps what is made of it; -> the firmware to use"""
    made = os.path.join(folder, "bochs.fd")
    newest = max(os.path.getmtime(name) for name in (path, __file__, UNPACKER))
    try:
        if not os.path.exists(made) or os.path.getmtime(made) < newest:
            with open(path, "rb") as file:
                rom = make(file.read())
            with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
                file.write(rom)
            os.chmod(file.name, 0o644)
            os.rename(file.name, made)
    except (Unknown, OSError, subprocess.SubprocessError, struct.error, IndexError):
        return path
    return made
