# SPDX-License-Identifier: Apache-2.0
# What an image is to hold: programs with their libraries, kernel modules with what they depend on.
import os
import subprocess
import tempfile

from .elf import Elf, ElfError

LIBRARY_FOLDERS = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "lib", "usr/lib")


class ContentError(Exception):
    """Something is missing."""


def read(path):
    with open(path, "rb") as file:
        return file.read()


def read_driver(path):
    """A kernel module without its BTF, which goes by making the kernel parse its own first: 50 million instructions. A
    signature counts for the whole file, so it goes as well."""
    with tempfile.TemporaryDirectory() as folder:
        short = os.path.join(folder, os.path.basename(path))
        result = subprocess.run(["objcopy", "--remove-section=.BTF", path, short], stdin=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True, check=False)
        if result.returncode != 0:
            raise ContentError(result.stderr.strip())
        return read(short)


def find_library(trees, name):
    for path in (os.path.join(tree, folder, name) for tree in trees for folder in LIBRARY_FOLDERS):
        if os.path.exists(path):
            return os.path.realpath(path)
    raise ContentError(f"{name} is in no package of the list")


def libraries_of(path, trees):
    """{path in the image: path here} of all that the program is linked with, from the trees alone."""
    found, todo = {}, [path]
    while todo:
        try:
            elf = Elf(read(todo.pop()))
        except ElfError as error:
            raise ContentError(f"{path}: {error}") from error
        targets = [f"/lib/x86_64-linux-gnu/{name}" for name in elf.needed()]
        targets += [elf.interpreter()] if elf.interpreter() else []
        for target in targets:
            if target not in found:
                found[target] = find_library(trees, os.path.basename(target))
                todo.append(found[target])
    # The dynamic linker is a library too: once is enough.
    loaders = [name for name in found if name.startswith("/lib64/")]
    for loader in loaders:
        found.pop("/lib/x86_64-linux-gnu/" + os.path.basename(loader), None)
    return found


def module_name(path):
    return os.path.basename(path).split(".ko")[0].replace("-", "_")


class Modules:
    """The modules of one kernel: FOLDER is its lib/modules/VERSION."""

    def __init__(self, folder):
        self.folder = folder
        self.paths = {}    # name -> path below the folder
        self.depends = {}  # name -> names, the nearest first
        self.aliases = []  # (pattern, name)
        for parent, folders, names in os.walk(os.path.join(folder, "kernel")):
            folders.sort()
            for name in sorted(names):
                if name.endswith(".ko"):
                    self.paths[module_name(name)] = os.path.relpath(os.path.join(parent, name), folder)

    def add(self, wanted):
        """The module and, before it is returned, all that it depends on."""
        name = wanted.replace("-", "_")
        if name in self.depends:
            return
        if name not in self.paths:
            raise ContentError(f"no module '{wanted}' in {self.folder}")
        info = Elf(read(os.path.join(self.folder, self.paths[name])))
        direct = [word.replace("-", "_") for row in info.modinfo("depends") for word in row.split(",") if word]
        self.depends[name] = direct
        self.aliases += [(pattern, name) for pattern in info.modinfo("alias")]
        for other in direct:
            self.add(other)

    def closure(self, name):
        """All it depends on, in modules.dep's order: each before those that it needs itself."""
        order = []

        def visit(one):
            for other in self.depends[one]:
                visit(other)
                if other not in order:
                    order.append(other)
        visit(name)
        return order[::-1]

    def files(self):
        """{path below the folder: bytes}: the modules, and the tables that modprobe reads."""
        files = {self.paths[name]: read(os.path.join(self.folder, self.paths[name]))
                 for name in sorted(self.depends)}
        files["modules.dep"] = "".join(
            " ".join([self.paths[name] + ":"] + [self.paths[other] for other in self.closure(name)]) + "\n"
            for name in sorted(self.depends)).encode()
        files["modules.alias"] = "".join(f"alias {pattern} {name}\n"
                                         for pattern, name in self.aliases).encode()
        files["modules.builtin"] = read(os.path.join(self.folder, "modules.builtin"))
        return files
