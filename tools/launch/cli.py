# SPDX-License-Identifier: Apache-2.0
# tools/run: arguments, the steps of a run, and what is said at its end.
import argparse
import os
import shlex
import shutil
import signal
import sys
import tempfile

from . import bochs, config, media, qemu, session, terminal
from .errors import (EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE, RunError, UsageError)
from .match import Judge

MIB = 1 << 20
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIRMWARE_MEMORY = 256 * MIB  # beside the partitions: firmware, loader, hypervisor
SPARE_MEMORY = 256 * MIB
MEMORY_LEAST = 512 * MIB
LAST_LINES = 12

EPILOG = """\
exit status: 0 every --expect was seen (without any: the machine or the person ended it)
             1 a --reject matched, time-out, or the emulator ended before (it says which)
             2 wrong usage    130 interrupted while lines were expected
keys:        Ctrl-A X ends, Ctrl-A Ctrl-A sends Ctrl-A, all others go to the machine; with --expect, Ctrl-C ends too
examples:    tools/run --config tools/demo/demo.conf --spare --ssh 2222
             tools/run --emulator bochs --config my.conf --expect 'INIT-DONE' --timeout 300
             tools/run --config my.conf --icount -- -d int -D trace.txt
"""


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise UsageError(f"{message} (--help lists the options)")


def make_parser():
    parser = Parser(prog="run", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
                    description="Boots a configuration in an emulator and judges what it prints.",
                    allow_abbrev=False)
    add = parser.add_argument
    add("--emulator", choices=("qemu", "bochs"), default="qemu")
    add("--config", metavar="FILE", help="configuration; it and what it names go on the medium")
    add("--cpus", type=int, metavar="N", help="default: what the configuration uses")
    add("--memory", metavar="SIZE", help="default: what the configuration uses, and 256M")
    add("--spare", action="store_true", help="one CPU and 256M more, for partitions made later")
    add("--ssh", type=int, metavar="PORT",
        help="QEMU: a network card, its port 22 reached at this port here (0, or in use: another)")
    add("--docker", type=int, metavar="PORT",
        help="the same for port 2376, Docker's API with TLS")
    add("--icount", action="store_true", help="TCG with exact instruction counts")
    add("--icount-shift", type=int, default=7, metavar="N", help="TSC = instructions << N (7)")
    add("--timeout", type=float, metavar="S", help="seconds until it is given up")
    add("--expect", action="append", default=[], metavar="REGEX", type=lambda text: (text, False),
        help="a line that must come; given twice, two lines")
    add("--then", action="append", dest="expect", metavar="REGEX", type=lambda text: (text, True),
        help="the same, and only after every --expect and --then written before it")
    add("--reject", action="append", default=[], metavar="REGEX", help="a line that must not come")
    add("--send", action="append", default=[], nargs=2, metavar=("REGEX", "TEXT"),
        help=r"when REGEX was seen, types TEXT (\r \n \x1b ... as in C); each once, in this order")
    add("--log", metavar="FILE", help="the serial output, byte for byte")
    add("--emulator-log", metavar="FILE", help="what the emulator itself said")
    add("--media", choices=sorted(media.MAKERS), default="esp")
    add("--image", metavar="FILE", help="boots this ready image instead of making one")
    add("--loader", metavar="FILE", help="EFI program (default: BOOTX64.EFI of the build)")
    add("--hypervisor", metavar="FILE", help="default: bulkhead.elf of the build, with --config")
    add("--file", action="append", default=[], metavar="NAME=PATH", help=r"one more for \bulkhead")
    add("--allow-missing", action="store_true", help="named files may be missing (loader tests)")
    add("--kernel", metavar="FILE", help="QEMU: boots this kernel itself, without UEFI")
    add("--cpu", metavar="MODEL", help="CPU model; Bochs: corei7_skylake_x, ryzen for SVM")
    add("--tcg", action="store_true", help="no KVM even where there is one")
    add("--qemu", metavar="PROGRAM", help="another QEMU")
    add("--bochs", metavar="PROGRAM", help="another Bochs")
    add("--bochs-rc", metavar="FILE", help="debugger commands for Bochs instead of 'c'")
    add("--plain-firmware", action="store_true", help="Bochs: OVMF as it comes, which takes twice as long")
    add("--monitor-socket", metavar="PATH", help="QEMU's monitor on a Unix socket")
    add("--build", default=os.environ.get("BUILD") or "build", metavar="DIR")
    add("--color", choices=("auto", "always", "never"), default="auto")
    add("--banner", action="store_true", help="says first what runs where")
    add("--quiet", action="store_true", help="no serial output on the terminal")
    add("--dry-run", action="store_true", help="makes the medium, prints the command, ends")
    return parser


def parse_arguments(arguments):
    extra = []
    if "--" in arguments:
        cut = arguments.index("--")
        arguments, extra = arguments[:cut], arguments[cut + 1:]
    options = make_parser().parse_args(arguments)
    options.extra = extra
    options.note = lambda text: print(f"run: {text}", file=sys.stderr)
    options.build = os.path.join(ROOT, options.build)
    return options


def resolve(options):
    """Fills in what follows from the configuration; judges the numbers."""
    options.settings = config.load(options.config) if options.config else None
    settings = options.settings
    if options.cpus is None:
        options.cpus = (settings.cpus() if settings else 1) + options.spare
    if not 1 <= options.cpus <= 64:
        raise UsageError(f"--cpus {options.cpus}: 1 to 64")
    if options.memory is None:
        wanted = (settings.memory() if settings else 0) + options.spare * SPARE_MEMORY
        options.memory = max(MEMORY_LEAST, media.round_up(wanted + FIRMWARE_MEMORY, 64 * MIB))
    else:
        options.memory = config.parse_size(options.memory)
        if options.memory < 64 * MIB or options.memory % MIB:
            raise UsageError("--memory: at least 64M, in whole megabytes")
    if options.timeout is not None and options.timeout <= 0:
        raise UsageError("--timeout must be more than 0")
    if options.emulator == "bochs":
        options.ssh = options.docker = None  # it has no network that needs no root
        bochs.check(options)
    if options.ssh is not None:
        options.ssh = qemu.free_port(options.ssh)
    if options.docker is not None:
        options.docker = qemu.free_port(options.docker)
    for name in ("kernel", "image", "loader", "hypervisor", "bochs_rc", "monitor_socket"):
        if getattr(options, name):
            setattr(options, name, os.path.abspath(getattr(options, name)))
    for name in ("kernel", "image", "loader", "hypervisor", "bochs_rc"):
        path = getattr(options, name)
        if path and (not os.path.exists(path) or os.path.isdir(path)):
            raise UsageError(f"--{name.replace('_', '-')} {path}: no such file")


def contents(options):
    """What goes on the boot medium."""
    build = options.build
    loader = options.loader or os.path.join(build, "BOOTX64.EFI")
    hypervisor = options.hypervisor
    if options.settings and not hypervisor:
        hypervisor = os.path.join(build, "bulkhead.elf")
    for path in (loader, hypervisor):
        if path and not os.path.isfile(path) and not options.allow_missing:
            raise UsageError(f"{path} is missing: run `make` first")
    files = []
    if options.settings:
        search = [os.path.join(build, part) for part in ("guest", "guest/test", "kernel", "emu")] + [build]
        files = config.collect_files(options.settings, search, options.allow_missing)
    for pair in options.file:
        name, is_pair, path = pair.partition("=")
        if not is_pair or not os.path.isfile(path):
            raise UsageError(f"--file {pair}: NAME=PATH of a file")
        files.append((name, os.path.abspath(path)))
    if hypervisor and not os.path.isfile(hypervisor):
        hypervisor = None
    return media.Contents(loader, options.config, hypervisor, files)


def make_medium(options, folder):
    if options.kernel:
        return None
    if options.image:
        return options.image
    name, make = media.MAKERS[options.media]
    path = os.path.join(folder, name)
    make(path, contents(options), folder)
    return path


def print_banner(options):
    rows = ["", f"Bulkhead in {options.emulator}: {options.cpus} CPUs, "
            f"{options.memory // MIB} MiB of RAM"]
    for partition in options.settings.partitions if options.settings else []:
        rows.append(f"  [{partition.name}]  CPUs {partition.value('cpus', '?')}, "
                    f"{partition.value('memory', '?')}, {partition.value('kernel', '?')}"
                    + (", has the keyboard" if partition.value("console").startswith("uart0") else ""))
    if options.ssh is not None:
        rows.append(f"  SSH into it, when it has booted: tools/mgmt-ssh {options.ssh}")
    if options.docker is not None:
        rows.append(f"  docker from here: DOCKER_HOST=tcp://127.0.0.1:{options.docker} DOCKER_TLS_VERIFY=1 "
                    f"DOCKER_CERT_PATH={os.path.relpath(options.build)}/mgmt/tls/client")
    rows += ["Ctrl-A X ends all of it, at any time.", ""]
    print("\n".join(rows), flush=True)


def read_text(*paths):
    text = ""
    for path in paths:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                text += file.read()
        except OSError:
            pass
    return text


def conclude(options, run, verdict, status, emulator_text):
    """Says what happened. -> exit code"""
    judge, note, seconds = run.judge, options.note, f"{run.seconds():.1f} s"
    if verdict == session.EXPECTED:
        note(f"ok: every expected line was seen ({seconds})")
        return EXIT_OK
    if verdict == session.INTERRUPTED and not judge.has_expects:
        note(f"ended ({seconds})")
        return EXIT_OK
    code = EXIT_FAILED
    if verdict == session.REJECTED:
        note(f"failed: --reject '{judge.rejected[0]}' matched ({seconds}): {judge.rejected[1]}")
    elif verdict == session.TIMED_OUT:
        note(f"failed: time-out after {options.timeout:g} s")
    elif verdict == session.INTERRUPTED:
        note(f"interrupted ({seconds})")
        code = EXIT_INTERRUPTED
    else:
        machine = bochs if options.emulator == "bochs" else qemu
        is_good = (bochs.ended_well(emulator_text) if machine is bochs else qemu.ended_well(status))
        reason = machine.describe_end(status, emulator_text)
        if is_good and not judge.has_expects:
            note(f"ok: {reason} ({seconds})")
            return EXIT_OK
        note(f"failed: {reason} ({seconds})")
        for line in emulator_text.splitlines()[-LAST_LINES:]:
            note("  " + line)
    for wanted in judge.missing:
        note(f"missing: {wanted.text()}")
    return code


def has_owner(options):
    """Whether a partition will talk to the person."""
    return options.settings is not None and any(partition.value("console").startswith("uart0")
                                                for partition in options.settings.partitions)


def make_printer(options):
    is_terminal = sys.stdout.isatty()
    is_colored = options.color == "always" or (options.color == "auto" and is_terminal
                                               and "NO_COLOR" not in os.environ)
    names = [partition.name for partition in options.settings.partitions] if options.settings else []
    prefixes = terminal.make_prefixes(names) if is_colored else {}
    if options.quiet or not is_terminal:
        out = open(os.devnull, "wb") if options.quiet else sys.stdout.buffer
        return terminal.PlainPrinter(out, prefixes)
    # A boot menu draws with the sequences that firmware only wipes the banner with.
    return terminal.TerminalPrinter(sys.stdout.buffer, prefixes, options.media == "esp",
                                    b"booting" if options.banner and has_owner(options) else None)


def run_machine(options, folder):
    image = make_medium(options, folder)
    listener = bochs.listen() if options.emulator == "bochs" else None
    if listener:
        command = bochs.command(options, image, folder, listener)
    else:
        command = qemu.command(options, image, folder)
    if options.dry_run:
        print(shlex.join(command))
        return EXIT_OK
    judge = Judge(options.expect, options.reject, options.send)
    if options.banner:
        print_banner(options)
    output = os.path.join(folder, "emulator.txt")
    log = open(options.log, "wb") if options.log else None
    keyboard = terminal.Keyboard(bool(options.expect))
    run = session.Session(judge, make_printer(options), keyboard, log, options.timeout)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, run.interrupt)
    try:
        run.start(command, output, listener)
        verdict = run.run()
    finally:
        status = run.stop()
        run.printer.finish()
        keyboard.close()
        text = read_text(output, os.path.join(folder, "bochs.log"))
        if options.emulator_log:
            with open(options.emulator_log, "w", encoding="utf-8") as file:
                file.write(text)
    return conclude(options, run, verdict, status, text)


def main(arguments):
    try:
        options = parse_arguments(arguments)
        resolve(options)
        Judge(options.expect, options.reject, options.send)  # wrong patterns are wrong usage
        runs = os.path.join(options.build, "run")
        os.makedirs(runs, exist_ok=True)
        folder = tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=runs)
        try:
            return run_machine(options, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except UsageError as error:
        print(f"run: {error}", file=sys.stderr)
        return EXIT_USAGE
    except RunError as error:
        print(f"run: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
