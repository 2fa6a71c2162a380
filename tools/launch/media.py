# SPDX-License-Identifier: Apache-2.0
# Makes what the machine boots from, without root: FAT image, GPT disk image, hybrid ISO.
import os
import subprocess

from .errors import RunError

MIB = 1 << 20
SECTOR = 512
TRACK = 63
HEADS = 16
CYLINDER = SECTOR * TRACK * HEADS  # Bochs wants whole cylinders of this shape.
FAT_LEAST = 40 * MIB  # FAT32 needs 65525 clusters
ESP_START = 1 * MIB
GPT_TAIL = 1 * MIB
GRUB_MODULES = ("part_gpt part_msdos fat iso9660 normal configfile chain regexp test echo search "
                "search_fs_file sleep reboot halt efifwsetup minicmd ls cat").split()

# $cmdpath is the folder GRUB was started from: the file system that holds \bulkhead too.
GRUB_EARLY = """\
regexp --set=1:root '^\\(([^)]*)\\)' "$cmdpath"
set prefix=($root)/boot/grub
configfile $prefix/grub.cfg
"""

GRUB_MENU = """\
set timeout=3
set default=0
menuentry "Bulkhead" {
\tchainloader /bulkhead/bulkhead.efi
}
menuentry "Bare metal (the same management kernel, no hypervisor)" {
\tchainloader /bulkhead/bulkhead.efi mode=bare-metal
}
menuentry "Firmware settings" {
\tfwsetup
}
"""


def run_tool(arguments, **options):
    environment = dict(os.environ, MTOOLSRC=os.devnull, MTOOLS_SKIP_CHECK="1", LC_ALL="C",
                       PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    try:
        result = subprocess.run(arguments, env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    except FileNotFoundError as error:
        raise RunError(f"{arguments[0]} is not installed; `make setup` installs it") from error
    if result.returncode != 0:
        output = result.stdout.decode("utf-8", "replace").strip()
        raise RunError(f"{' '.join(arguments)}: status {result.returncode}\n{output}")


def round_up(value, unit):
    return (value + unit - 1) // unit * unit


def fat_image(path, files, offset=0, tail=0):
    """A FAT32 file system at `offset` of a new image; files: [(path inside, host path)]."""
    content = sum(round_up(os.path.getsize(host), 4096) + 4096 for _, host in files)
    size = max(FAT_LEAST, content + content // 32 + 4 * MIB)
    total = round_up(offset + size + tail, CYLINDER)
    with open(path, "wb") as image:
        image.truncate(total)
    sectors = (total - offset - tail) // SECTOR
    target = f"{path}@@{offset}" if offset else path
    run_tool(["mformat", "-i", target, "-F", "-T", str(sectors), "-h", str(HEADS), "-s", str(TRACK),
              "-H", str(offset // SECTOR), "-v", "BULKHEAD", "-N", "b0014ead", "::"])
    made = set()
    for inside, host in files:
        parts = inside.split("/")
        folders = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
        for folder in folders:
            if folder.lower() not in made:
                made.add(folder.lower())
                run_tool(["mmd", "-i", target, "::" + folder])
        run_tool(["mcopy", "-i", target, host, "::" + inside])


def grub_files(folder):
    """GRUB as the first program, with a menu that starts the loader. -> [(path inside, host path)]"""
    early, menu, program = (os.path.join(folder, name)
                            for name in ("early.cfg", "grub.cfg", "grubx64.efi"))
    for path, text in ((early, GRUB_EARLY), (menu, GRUB_MENU)):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    run_tool(["grub-mkimage", "-O", "x86_64-efi", "-p", "/boot/grub", "-c", early, "-o", program]
             + GRUB_MODULES)
    return [("EFI/BOOT/BOOTX64.EFI", program), ("boot/grub/grub.cfg", menu)]


def loader_files(contents):
    """contents: loader, config, hypervisor, files. -> what lies in \\bulkhead"""
    files = [("bulkhead/" + name, host) for name, host in contents.files]
    if contents.hypervisor:
        files.insert(0, ("bulkhead/bulkhead.elf", contents.hypervisor))
    if contents.config:
        files.insert(0, ("bulkhead/bulkhead.conf", contents.config))
    return files


class Contents:
    """What a boot medium holds; host paths, None where there is nothing."""

    def __init__(self, loader, config=None, hypervisor=None, files=()):
        self.loader = loader
        self.config = config
        self.hypervisor = hypervisor
        self.files = list(files)


def make_esp(path, contents, folder):
    """An ESP without a partition table: the loader is what the firmware starts."""
    del folder
    fat_image(path, [("EFI/BOOT/BOOTX64.EFI", contents.loader)] + loader_files(contents))


def medium_files(contents, folder):
    return (grub_files(folder) + [("bulkhead/bulkhead.efi", contents.loader)]
            + loader_files(contents))


def make_usb(path, contents, folder):
    """A GPT disk with one ESP."""
    fat_image(path, medium_files(contents, folder), ESP_START, GPT_TAIL)
    last = (os.path.getsize(path) - GPT_TAIL) // SECTOR - 1
    run_tool(["sgdisk", "--clear", f"--new=1:{ESP_START // SECTOR}:{last}", "--typecode=1:ef00",
              "--change-name=1:Bulkhead", path])


def make_iso(path, contents, folder):
    """
    A hybrid ISO. The El Torito image is the file system the loader reads, also as the GPT's ESP
    when the ISO is written to a USB stick; GRUB itself sees ISO 9660 on a CD, so its files and
    the loader are there as well.
    """
    files = medium_files(contents, folder)
    esp = os.path.join(folder, "efi.img")
    fat_image(esp, files)
    tree = os.path.join(folder, "iso")
    for inside, host in files:
        if inside.startswith("boot/") or inside == "bulkhead/bulkhead.efi":
            target = os.path.join(tree, inside)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.symlink(os.path.abspath(host), target)
    if os.path.exists(path):
        os.unlink(path)
    run_tool(["xorriso", "-as", "mkisofs", "-quiet", "-f", "-R", "-V", "BULKHEAD", "-o", path,
              "-append_partition", "2", "0xef", esp, "-appended_part_as_gpt", "-partition_offset",
              "16", "-e", "--interval:appended_partition_2:all::", "-no-emul-boot", tree])


MAKERS = {"esp": ("disk.img", make_esp), "usb": ("usb.img", make_usb), "iso": ("boot.iso", make_iso)}
