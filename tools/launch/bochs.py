# SPDX-License-Identifier: Apache-2.0
# The Bochs machine: i440fx with OVMF and VT-x (or SVM, model ryzen), COM1 on a local socket.
import os
import re
import shutil
import socket

from . import firmware
from .errors import RunError, UsageError

MIB = 1 << 20
TEMPLATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bochsrc.template")
FIRMWARE = ("/usr/share/ovmf/OVMF.fd", "/usr/share/qemu/OVMF.fd", "/usr/share/OVMF/OVMF.fd")
FIRMWARE_MOST = 2 * MIB  # of a ROM image in Bochs 2.7
VGA_ROM = ("/usr/share/vgabios/vgabios.bin", "/usr/share/bochs/VGABIOS-lgpl-latest")
MEMORY_MOST = 2048 * MIB
DRIVES = {"esp": 'type=disk, path="{}", mode=flat', "usb": 'type=disk, path="{}", mode=flat',
          "iso": 'type=cdrom, path="{}", status=inserted'}
# What Bochs 2.7 says when the guest ends the machine; its status is 1 whatever happens.
GOOD_ENDS = re.compile(r"Shutdown port: shutdown requested|ACPI control: soft power off")
BAD_LINES = re.compile(r">>PANIC<<|^\d+p\[|^\d+e\[.*(triple|shutdown state)", re.MULTILINE)


def first_existing(paths, what, size_most):
    for path in paths:
        if os.path.exists(path) and os.path.getsize(path) <= size_most:
            return path
    raise RunError(f"{what} not found; `make setup` installs it")


def listen():
    """Where Bochs connects its COM1 to."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    return listener


def find_firmware(options):
    path = first_existing((os.path.join(options.build, "firmware", "OVMF.fd"),) + FIRMWARE,
                          "UEFI firmware of at most 2 MiB (package ovmf)", FIRMWARE_MOST)
    return path if options.plain_firmware else firmware.fast(path, os.path.join(options.build, "run"))


def write_rc(options, image, folder, port):
    with open(TEMPLATE, encoding="ascii") as file:
        text = file.read()
    values = {
        "RAM_MIB": str(options.memory // MIB),
        "FIRMWARE": find_firmware(options),
        "VGA_ROM": first_existing(VGA_ROM, "VGA ROM (package vgabios)", FIRMWARE_MOST),
        "CPU_MODEL": options.cpu or "corei7_skylake_x",
        "CPUS": str(options.cpus),
        "DRIVE": DRIVES[options.media].format(image),
        "BOOT": "cdrom" if options.media == "iso" else "disk",
        "SERIAL_PORT": str(port),
        "LOG": os.path.join(folder, "bochs.log"),
    }
    text = re.sub(r"@([A-Z_]+)@", lambda match: values[match.group(1)], text)
    path = os.path.join(folder, "bochsrc")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text + "".join(line + "\n" for line in options.extra))
    return path


def check(options):
    if options.icount:
        options.note("--icount: Bochs always counts instructions")
    for given, name in ((options.kernel, "--kernel"), (options.qemu, "--qemu"),
                        (options.monitor_socket, "--monitor-socket")):
        if given:
            raise UsageError(f"{name} is for --emulator qemu")
    if options.memory > MEMORY_MOST:
        raise UsageError(f"Bochs' machine has at most {MEMORY_MOST // MIB}M")


def command(options, image, folder, listener):
    program = options.bochs or shutil.which("bochs")
    if not program:
        raise RunError("bochs is not installed; `make setup` installs it")
    rc = write_rc(options, image, folder, listener.getsockname()[1])
    # Debian's build stops in its debugger at start; a command file continues.
    commands = options.bochs_rc
    if not commands:
        commands = os.path.join(folder, "debugger.rc")
        with open(commands, "w", encoding="ascii") as file:
            file.write("c\n")
    return [program, "-q", "-f", rc, "-rc", commands]


def ended_well(log_text):
    return bool(GOOD_ENDS.search(log_text))


def describe_end(status, log_text):
    if ended_well(log_text):
        return "the machine was switched off"
    if status < 0:
        return f"Bochs was killed by signal {-status}"
    bad = [line for line in log_text.splitlines() if BAD_LINES.search(line)]
    return "Bochs ended: " + (bad[-1].strip() if bad else f"status {status}, no reason in its log")
