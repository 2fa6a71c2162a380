# SPDX-License-Identifier: Apache-2.0
# The QEMU machine: q35 with OVMF, KVM with nesting where that works, else TCG with SVM.
import os
import re
import shutil
import socket
import subprocess

from .errors import RunError, UsageError

MIB = 1 << 20
DEBUG_EXIT_PORT = 0xF4
DEBUG_EXIT_GOOD = (0x10 << 1) | 1  # what a guest's byte 0x10 becomes: all went well
# One file with code and variables is preferred: nothing has to be kept between runs.
FIRMWARE = ("/usr/share/ovmf/OVMF.fd", "/usr/share/qemu/OVMF.fd", "/usr/share/edk2/ovmf/OVMF.fd")
FIRMWARE_PAIRS = (("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
                  ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
                  ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"))
DRIVES = {
    "esp": ["-drive", "if=none,id=boot,format=raw,file={}", "-device", "ide-hd,drive=boot,bus=ide.0"],
    "usb": ["-drive", "if=none,id=boot,format=raw,file={}", "-device", "qemu-xhci",
            "-device", "usb-storage,drive=boot"],
    "iso": ["-drive", "if=none,id=boot,format=raw,media=cdrom,readonly=on,file={}",
            "-device", "ide-cd,drive=boot,bus=ide.0"],
}


def find_program(options):
    program = options.qemu or "qemu-system-x86_64"
    path = shutil.which(program)
    if not path:
        if options.qemu:
            raise UsageError(f"--qemu {options.qemu}: no such program")
        raise RunError("qemu-system-x86_64 is not installed; `make setup` installs it")
    return path


def version(program):
    """(major, minor)"""
    output = subprocess.run([program, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            stdin=subprocess.DEVNULL, check=False).stdout.decode("utf-8", "replace")
    match = re.search(r"version (\d+)\.(\d+)", output)
    return (int(match.group(1)), int(match.group(2))) if match else (0, 0)


def is_nested_kvm_usable():
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    for module in ("kvm_intel", "kvm_amd"):
        try:
            with open(f"/sys/module/{module}/parameters/nested", encoding="ascii") as file:
                if file.read().strip() in ("1", "Y"):
                    return True
        except OSError:
            pass
    return False


def data_arguments(program):
    """A QEMU unpacked to a folder of its own needs to be told where its data is."""
    prefix, _, rest = program.rpartition("/usr/bin/")
    if not prefix or not rest:
        return []
    return ["-L", prefix + "/usr/share/qemu", "-L", "/usr/share/seabios", "-L", "/usr/share/qemu"]


def firmware_arguments(folder):
    for path in FIRMWARE:
        if os.path.exists(path):
            return ["-bios", path]
    for code, variables in FIRMWARE_PAIRS:
        if os.path.exists(code) and os.path.exists(variables):
            own = os.path.join(folder, "vars.fd")
            shutil.copyfile(variables, own)
            return ["-drive", f"if=pflash,format=raw,readonly=on,file={code}",
                    "-drive", f"if=pflash,format=raw,file={own}"]
    raise RunError("no UEFI firmware for QEMU found (package ovmf); `make setup` installs it")


def cpu_arguments(options):
    # An exact count needs TCG.
    if not options.icount and not options.tcg and is_nested_kvm_usable():
        return ["-accel", "kvm", "-cpu", options.cpu or "host"]
    return ["-accel", "tcg", "-cpu", options.cpu or "max,+svm,+npt"]


def icount_arguments(options):
    if not options.icount:
        return []
    return ["-icount", f"shift={options.icount_shift},sleep=off", "-seed", "1",
            "-rtc", "base=2025-01-01,clock=vm"]


def limit_cpus(options, program):
    """QEMU before 10 hangs in Linux with counted instructions and more than one CPU."""
    if options.icount and options.cpus > 1 and version(program) < (10, 0):
        options.note(f"1 CPU instead of {options.cpus}: --icount with more needs QEMU 10")
        options.cpus = 1


SSH_PORT, DOCKER_PORT = 22, 2376  # in the machine


def free_port(wanted):
    """`wanted` where nobody listens on it, else another"""
    for port in (wanted, 0):
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", port))
                return one.getsockname()[1]
            except (OSError, OverflowError):
                pass
    raise RunError("no free port for --ssh or --docker")


def network_arguments(options):
    ports = [(options.ssh, SSH_PORT), (options.docker, DOCKER_PORT)]
    forwards = [f"hostfwd=tcp:127.0.0.1:{here}-:{there}" for here, there in ports if here is not None]
    if not forwards:
        return []
    return ["-netdev", ",".join(["user", "id=ssh"] + forwards), "-device", "virtio-net-pci,netdev=ssh"]


def command(options, image, folder):
    program = find_program(options)
    limit_cpus(options, program)
    line = [program, "-machine", "q35", "-nodefaults", "-display", "none", "-no-user-config"]
    line += data_arguments(program)
    line += cpu_arguments(options) + icount_arguments(options)
    line += ["-smp", str(options.cpus), "-m", f"{options.memory // MIB}M"]
    line += ["-serial", "stdio", "-device", f"isa-debug-exit,iobase={DEBUG_EXIT_PORT:#x},iosize=4"]
    if options.monitor_socket:
        line += ["-monitor", f"unix:{options.monitor_socket},server=on,wait=off"]
    if options.kernel:
        line += ["-kernel", options.kernel]
    else:
        line += firmware_arguments(folder)
        line += [part.format(image) for part in DRIVES[options.media]]
    return line + network_arguments(options) + options.extra


def ended_well(status):
    """QEMU's status 1 is also its own error; a guest says 'good' by writing 0x10 to the port."""
    return status in (0, DEBUG_EXIT_GOOD)


def describe_end(status, log_text):
    """Why it ended, for the person."""
    if ended_well(status):
        return "the machine was switched off"
    if status < 0:
        return f"QEMU was killed by signal {-status}"
    reason = f"QEMU ended with status {status}"
    if status & 1 and not log_text.strip():
        reason += f" (byte {status >> 1:#x} to the exit port)"
    return reason
