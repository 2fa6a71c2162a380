# SPDX-License-Identifier: Apache-2.0
# Walks the hypervisor's page tables, and those below its partitions, in a memory dump and says what is wrong with them.
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
CHANNEL = 0xE0200000            # PLATFORM_CHANNEL_MEMORY of hv/abi/platform_abi.h
SLOT_PAGES, STACK_PAGES = 16, frozenset((1, 2, 3, 4, 6, 8, 10, 12))

Leaf = namedtuple("Leaf", "virtual physical size write execute user")
Range = namedtuple("Range", "base size")
# What an entry's bits mean: the CPU's own tables and SVM's nested ones, or EPT (any of three bits makes an entry present).
Format = namedtuple("Format", "present write user execute no_execute")
NATIVE = Format(PRESENT, WRITE, USER, 0, NO_EXECUTE)
EPT = Format(7, 2, 0, 4, 0)


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


def leaves(memory, table, form=NATIVE, level=4, virtual=0, access=(True, True, True)):
    """Every mapping below one table, with the access that all levels together give."""
    for index, entry in enumerate(memory.table(table)):
        if not entry & form.present:
            continue
        at = virtual | index << (12 + 9 * (level - 1))
        here = (access[0] and bool(entry & form.write),
                access[1] and not entry & form.no_execute and entry & form.execute == form.execute,
                access[2] and bool(entry & form.user))
        if level == 1 or (level < 4 and entry & LARGE):
            size = PAGE << 9 * (level - 1)
            yield Leaf(canonical(at), entry & ADDRESS & ~(size - 1), size, *here)
        else:
            yield from leaves(memory, entry & ADDRESS, form, level - 1, at, here)


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


def check_aliases(found):
    """No page is writable at one address and executable at another."""
    writable, executable = ({page for leaf in found if getattr(leaf, access)
                             for page in range(leaf.physical, leaf.physical + leaf.size, PAGE)}
                            for access in ("write", "execute"))
    for page in sorted(writable & executable):
        yield f"{page:#x} is writable and executable, by one or by several mappings"


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


def is_channel(leaf):
    return CHANNEL <= leaf.virtual < CHANNEL + FRAME


def check_partition(name, found, own, ram_end, is_trusted):
    """One partition's second-level tables; own: its RAM; is_trusted: it has the machine's devices, and RAM where they see it."""
    mapped = 0
    for leaf in found:
        text = f"{name}: {leaf.virtual:#x} -> {leaf.physical:#x}"
        if leaf.physical >= ram_end:
            if not is_trusted or leaf.execute or leaf.virtual != leaf.physical:
                yield f"{text} is no device of the management partition"
        elif is_channel(leaf):
            if leaf.execute:
                yield f"{text} is the channel's, and executable"
        elif not any(inside(leaf, area) for area in own):
            yield f"{text} is not its own RAM"
        else:
            mapped += leaf.size
            if is_trusted and leaf.virtual >= FRAME and leaf.virtual != leaf.physical:
                yield f"{text} is not where devices see it"
    if mapped != sum(area.size for area in own):
        yield f"{name}: {mapped:#x} bytes of RAM are mapped, of {sum(area.size for area in own):#x}"


def check_frames(found, region, ram_end, members):
    """Between partitions; found: leaves by name; members: those of the channel. Nothing of the hypervisor, no frame in two of them but the channel's."""
    holders, channel = {}, set()
    for name, rows in found.items():
        for leaf in rows:
            if overlaps(leaf, region):
                yield f"{name}: {leaf.virtual:#x} -> {leaf.physical:#x} is the hypervisor's"
            if leaf.physical < ram_end:
                for frame in range(leaf.physical // FRAME, (leaf.physical + leaf.size - 1) // FRAME + 1):
                    holders.setdefault(frame, set()).add(name)
                    if is_channel(leaf):
                        channel.add(frame)
    if len(channel) != 1:
        yield f"the channel has {len(channel)} frames"
    for frame, names in sorted(holders.items()):
        if frame in channel and names != set(members):
            yield f"frame {frame * FRAME:#x}, the channel's, is mapped by {' '.join(sorted(names))}"
        elif frame not in channel and len(names) > 1:
            yield f"frame {frame * FRAME:#x} is mapped by {' '.join(sorted(names))}"
