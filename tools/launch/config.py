# SPDX-License-Identifier: Apache-2.0
# Reads from a configuration file what the launcher needs: files, CPUs, memory. The loader judges it.
import os
import re

from .errors import UsageError

MIB = 1 << 20
UNITS = {"": 1, "K": 1 << 10, "M": MIB, "G": 1 << 30}


class Partition:
    def __init__(self, name, line):
        self.name = name
        self.line = line
        self.keys = {}  # key -> (value, line)

    def value(self, key, otherwise=""):
        return self.keys.get(key, (otherwise, 0))[0]


class Config:
    def __init__(self, path, text, partitions):
        self.path = path
        self.text = text
        self.partitions = partitions

    def files(self):
        """The files it names: (path, line), each path once."""
        seen = {}
        for partition in self.partitions:
            for key in ("kernel", "initrd", "disk0"):
                path, line = partition.keys.get(key, ("", 0))
                if line and not (key == "disk0" and path.startswith("served:")):
                    seen.setdefault(path, line)
        return sorted(seen.items(), key=lambda item: item[1])

    def cpus(self):
        """How many CPUs the machine needs."""
        highest = 0
        for partition in self.partitions:
            for number in re.findall(r"\d+", partition.value("cpus")):
                highest = max(highest, int(number))
        return min(highest + 1, 64)

    def memory(self):
        """Bytes of RAM for all partitions."""
        total = 0
        for partition in self.partitions:
            try:
                total += parse_size(partition.value("memory", "0"))
            except UsageError:
                pass  # The loader names the line.
        return total


def parse_size(text):
    match = re.fullmatch(r"(\d+)([KMG]?)i?B?", text.strip(), re.IGNORECASE)
    if not match:
        raise UsageError(f"'{text}' is not a size such as 512M or 2G")
    return int(match.group(1)) * UNITS[match.group(2).upper()]


def strip_comment(line):
    # A '#' begins a comment at the start of a line or after white space, as in the loader.
    return re.sub(r"(^|\s)#.*$", "", line).strip()


def parse(path, data):
    """Lenient on purpose: a wrong file must still reach the loader, whose messages are tested."""
    partitions = []
    current = None
    for number, raw in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        line = strip_comment(raw)
        if line.startswith("["):
            match = re.fullmatch(r"\[\s*partition\s+(\S+?)\s*\]", line)
            current = Partition(match.group(1), number) if match else None
            if current:
                partitions.append(current)
        elif current and "=" in line:
            key, value = (part.strip() for part in line.split("=", 1))
            current.keys[key] = (value, number)
    return Config(path, data, partitions)


def load(path):
    try:
        with open(path, "rb") as file:
            return parse(path, file.read())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def find_file(config, name, line, search):
    """Beside the configuration file first, then in the build's folders."""
    where = f"{config.path}:{line}"
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or "\\" in name:
        raise UsageError(f"{where}: '{name}' must be a path below the configuration file's folder")
    for folder in [os.path.dirname(os.path.abspath(config.path))] + search:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
    return None


def collect_files(config, search, is_missing_allowed):
    """[(name in \\bulkhead, host path)] of every file the configuration names."""
    found = []
    for name, line in config.files():
        path = find_file(config, name, line, search)
        if path:
            found.append((name, path))
        elif not is_missing_allowed:
            places = ", ".join(["beside it"] + search)
            raise UsageError(f"{config.path}:{line}: no file '{name}' ({places}); "
                             "`make setup` and `make` build the usual ones")
    return found
