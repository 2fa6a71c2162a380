# SPDX-License-Identifier: Apache-2.0
# Walks the hypervisor's page tables in a memory dump and says what is wrong with them.
import struct
from collections import namedtuple

PAGE = 4096
PRESENT, WRITE, USER, LARGE, NO_EXECUTE = 1, 2, 4, 0x80, 1 << 63
ADDRESS = 0x000FFFFFFFFFF000
VIRT_BASE = 0xFFFFFFFF80000000  # HV_VIRT_BASE of hv/abi/boot_abi.h
LINEAR_SIZE = 1 << 30           # SPACE_REGION_MAX of hv/abi/space_abi.h
WINDOW_BASE = VIRT_BASE + LINEAR_SIZE
CPU_MAX, FRAME = 64, 2 << 20
STACK_BASE = WINDOW_BASE + CPU_MAX * 2 * FRAME
DEVICE_BASE = STACK_BASE + 2 * FRAME
SLOT_PAGES, STACK_PAGES = 16, frozenset((1, 2, 3, 4, 6, 8, 10, 12))

Leaf = namedtuple("Leaf", "virtual physical size write execute user")
Range = namedtuple("Range", "base size")


def overlaps(leaf, area):
    return leaf.physical < area.base + area.size and area.base < leaf.physical + leaf.size


def inside(leaf, area):
    return area.base <= leaf.physical and leaf.physical + leaf.size <= area.base + area.size


def canonical(address):
    return address | 0xFFFF << 48 if address >> 47 & 1 else address


class Memory:
    """A dump of physical memory from `base` on."""

    def __init__(self, base, data):
        self.base, self.data = base, data

    def table(self, address):
        offset = address - self.base
        if offset < 0 or offset + PAGE > len(self.data):
            raise ValueError(f"page table at {address:#x} lies outside the hypervisor's pool")
        return struct.unpack_from("<512Q", self.data, offset)


def leaves(memory, table, level=4, virtual=0, write=True, execute=True, user=True):
    """Every mapping below one table, with the access that all levels together give."""
    for index, entry in enumerate(memory.table(table)):
        if not entry & PRESENT:
            continue
        at = virtual | index << (12 + 9 * (level - 1))
        access = (write and bool(entry & WRITE), execute and not entry & NO_EXECUTE,
                  user and bool(entry & USER))
        if level == 1 or (level < 4 and entry & LARGE):
            size = PAGE << 9 * (level - 1)
            yield Leaf(canonical(at), entry & ADDRESS & ~(size - 1), size, *access)
        else:
            yield from leaves(memory, entry & ADDRESS, level - 1, at, *access)


def is_window(leaf):
    return WINDOW_BASE <= leaf.virtual < STACK_BASE


def check_access(found, region, guest_ram, ram_end):
    """Rules for every mapping, wherever it lies."""
    for leaf in found:
        name = f"{leaf.virtual:#x} -> {leaf.physical:#x}"
        if leaf.write and leaf.execute:
            yield f"{name} is writable and executable"
        if leaf.user:
            yield f"{name} is open to user mode"
        if any(overlaps(leaf, area) for area in guest_ram):
            yield f"{name} is RAM of a partition"
        if not inside(leaf, region):
            if leaf.execute:
                yield f"{name} is executable outside the region"
            if leaf.write and leaf.physical < ram_end:
                yield f"{name} is writable RAM outside the region"
        if leaf.virtual < VIRT_BASE:
            yield f"{name} lies below the hypervisor's space"
        if is_window(leaf):
            yield f"{name} is a window left open"
        if leaf.virtual >= DEVICE_BASE and inside(leaf, region):
            yield f"{name} maps the region a second time as a device"


def check_image(found, region, segments):
    """segments: (address, size, flags as in ELF)"""
    wanted = {}
    for address, size, flags in segments:
        for page in range(address, address + size, PAGE):
            wanted[page] = (bool(flags & 2), bool(flags & 1))
    end = max(wanted) + PAGE
    actual = {}
    for leaf in found:
        if VIRT_BASE <= leaf.virtual < WINDOW_BASE:
            if leaf.physical - region.base != leaf.virtual - VIRT_BASE:
                yield f"{leaf.virtual:#x} -> {leaf.physical:#x} is not linear"
            for page in range(leaf.virtual, leaf.virtual + leaf.size, PAGE):
                actual[page] = (leaf.write, leaf.execute)
    for page in range(VIRT_BASE, end, PAGE):
        if actual.get(page) != wanted.get(page):
            yield f"image page {page:#x}: (write, execute) is {actual.get(page)}, not {wanted.get(page)}"
    for page in range(end, VIRT_BASE + region.size, PAGE):
        if actual.get(page) != (True, False):
            yield f"pool page {page:#x}: (write, execute) is {actual.get(page)}"
    if max(actual) >= VIRT_BASE + region.size:
        yield "more than the region is mapped linearly"


def check_stacks(found, region, cpu_count):
    mapped = {(leaf.virtual - STACK_BASE) // PAGE: leaf for leaf in found
              if STACK_BASE <= leaf.virtual < DEVICE_BASE}
    for leaf in mapped.values():
        if leaf.size != PAGE or not leaf.write or leaf.execute or not inside(leaf, region):
            yield f"stack page {leaf.virtual:#x} is not a plain page of the region"
    for cpu in range(CPU_MAX):
        pages = {page % SLOT_PAGES for page in mapped if page // SLOT_PAGES == cpu}
        if pages != (STACK_PAGES if cpu < cpu_count else frozenset()):
            yield f"CPU {cpu}: pages {sorted(pages)} of its stack slot are mapped"
    if len({leaf.physical for leaf in mapped.values()}) != len(mapped):
        yield "two stack pages share memory"
