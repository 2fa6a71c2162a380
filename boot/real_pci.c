/* SPDX-License-Identifier: Apache-2.0 */
/* PCI Local Bus Specification 3.0, "Configuration Space", and PCI-to-PCI Bridge Architecture 1.2.
 */
#include "real_pci.h"

#include "addr.h"
#include "bits.h"
#include "fmt.h"
#include "platform_abi.h"

#define DEVICE_COUNT   32u
#define FUNCTION_COUNT 8u
#define BUS_COUNT      256u

#define REG_ID      0x00u
#define REG_COMMAND 0x04u
#define REG_CLASS   0x08u
#define REG_HEADER  0x0cu
#define REG_BAR0    0x10u
#define REG_BUSES   0x18u /* of a bridge: primary, secondary, subordinate */

#define REG_PORTS 0x1cu /* of a bridge: base and limit of the ports it forwards */

#define ID_NONE          0xffffu
#define COMMAND_DECODE   0x3u
#define COMMAND_MASK     0xffffu /* above it is the status, whose bits are cleared by ones */
#define HEADER_MULTI     BIT32(23)
#define HEADER_TYPE(reg) ((reg) >> 16 & 0x7f)
#define HEADER_BRIDGE    1u
#define PORTS_NONE       0x00f0u /* the base behind the limit */
#define CLASS_BRIDGE     0x06u

#define BAR_IO        BIT32(0)
#define BAR_IO_MASK   0xfffcu
#define BAR_64        0x4u /* of BAR_TYPE */
#define BAR_TYPE      0x6u
#define BAR_FLAGS     UINT64_C(0xf)
#define LAPIC_BASE    UINT64_C(0xfee00000) /* messages too */
#define LAPIC_SIZE    UINT64_C(0x100000)
#define IOAPIC_USUAL  UINT64_C(0xfec00000)
#define IOAPIC_SIZE   PAGE_SIZE
#define VIRTUAL_SIZE  ((uint64_t)BOOT_PCI_SLOTS * PLATFORM_PCI_MEMORY_EACH)
#define VIRTUAL_PORTS ((uint64_t)BOOT_PCI_SLOTS * PLATFORM_PCI_PORTS_EACH)

static char reason[120];

struct scan {
	const struct pci_bus *bus;
	struct boot_passthrough *out;
	uint64_t found[BUS_COUNT / 64];     /* bit n: bus n is there */
	uint64_t has_ports[BUS_COUNT / 64]; /* a function of it has a port BAR */
	const char *why;
};

static uint32_t read_register(const struct scan *scan, uint32_t function, uint32_t reg)
{
	return scan->bus->read(scan->bus->context, function | reg);
}

static void write_register(const struct scan *scan, uint32_t function, uint32_t reg, uint32_t value)
{
	scan->bus->write(scan->bus->context, function | reg, value);
}

/* Adds a range to a list, as one with those that it touches; false: the list is full. */
static bool add_range(struct boot_range *list, uint32_t *count, uint32_t max, uint64_t base,
		      uint64_t end)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < *count; i++) {
		struct boot_range other = list[i];

		if (other.base <= end && base <= other.base + other.size) {
			base = min_u64(base, other.base);
			end = max_u64(end, other.base + other.size);
		} else {
			list[kept++] = other;
		}
	}
	*count = kept;
	if (kept == max) {
		return false;
	}
	list[(*count)++] = (struct boot_range){base, end - base};
	return true;
}

/* Reads a BAR and the bits of it that can be set. */
static uint32_t probe(const struct scan *scan, uint32_t function, uint32_t reg, uint32_t *settable)
{
	uint32_t value = read_register(scan, function, reg);

	write_register(scan, function, reg, UINT32_MAX);
	*settable = read_register(scan, function, reg);
	write_register(scan, function, reg, value);
	return value;
}

static void set_bus(uint64_t *set, uint32_t bus)
{
	set[bus / 64] |= BIT(bus % 64);
}

static bool has_bus(const uint64_t *set, uint32_t bus)
{
	return (set[bus / 64] & BIT(bus % 64)) != 0;
}

static void add_ports(struct scan *scan, uint32_t bus, uint32_t bar, uint32_t settable)
{
	uint32_t base = bar & BAR_IO_MASK;
	uint32_t size = (0u - (settable & BAR_IO_MASK)) & 0xffff;

	if (base == 0 || size == 0) {
		return;
	}
	set_bus(scan->has_ports, bus);
	if (!add_range(scan->out->ports, &scan->out->port_count, BOOT_PASS_PORTS_MAX, base,
		       base + size)) {
		scan->why = "the PCI devices' ports lie in too many places";
	}
}

static void add_memory(struct scan *scan, uint64_t bar, uint64_t settable)
{
	uint64_t base = bar & ~BAR_FLAGS;
	uint64_t size = 0u - (settable & ~BAR_FLAGS);

	if (base != 0 && size != 0 &&
	    !add_range(scan->out->memory, &scan->out->memory_count, BOOT_PASS_MEMORY_MAX,
		       align_down(base, PAGE_SIZE), align_up(base + size, PAGE_SIZE))) {
		scan->why = "the PCI devices' memory lies in too many places";
	}
}

static void size_bars(struct scan *scan, uint32_t function, uint32_t count)
{
	uint32_t command = read_register(scan, function, REG_COMMAND) & COMMAND_MASK;

	write_register(scan, function, REG_COMMAND, command & ~COMMAND_DECODE);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t reg = REG_BAR0 + 4 * i;
		uint32_t settable;
		uint32_t low = probe(scan, function, reg, &settable);

		if ((low & BAR_IO) != 0) {
			add_ports(scan, function >> 16, low, settable);
		} else if ((low & BAR_TYPE) == BAR_64 && i + 1 < count) {
			uint32_t settable_high;
			uint64_t high = probe(scan, function, reg + 4, &settable_high);

			add_memory(scan, high << 32 | low,
				   (uint64_t)settable_high << 32 | settable);
			i++;
		} else if (settable != 0) {
			add_memory(scan, low, ~(uint64_t)UINT32_MAX | settable);
		}
	}
	write_register(scan, function, REG_COMMAND, command);
}

static void add_function(struct scan *scan, uint32_t function, uint32_t header)
{
	struct boot_passthrough *out = scan->out;
	uint32_t class_code = read_register(scan, function, REG_CLASS) >> 16;
	bool is_bridge = HEADER_TYPE(header) == HEADER_BRIDGE;

	if (is_bridge) {
		set_bus(scan->found, read_register(scan, function, REG_BUSES) >> 8 & 0xff);
	}
	if (class_code >> 8 == CLASS_BRIDGE && !is_bridge) {
		return; /* to the CPU, or to what is no PCI: no devices for anybody */
	}
	if (out->function_count == BOOT_PASS_FUNCTION_MAX) {
		scan->why = "there are too many PCI functions";
		return;
	}
	out->functions[out->function_count++] = (uint16_t)(function >> 8);
	if (HEADER_TYPE(header) <= HEADER_BRIDGE) {
		size_bars(scan, function, is_bridge ? 2 : 6);
	}
}

/* Returns which devices there are. */
static uint32_t scan_bus(struct scan *scan, uint32_t bus)
{
	uint32_t devices = 0;

	for (uint32_t i = 0; i < DEVICE_COUNT * FUNCTION_COUNT && scan->why == NULL; i++) {
		uint32_t function = bus << 16 | i << 8;
		uint32_t header;

		if ((read_register(scan, function, REG_ID) & 0xffff) == ID_NONE) {
			/* Without function 0 there is none. */
			i += i % FUNCTION_COUNT == 0 ? FUNCTION_COUNT - 1 : 0;
			continue;
		}
		devices |= BIT32(i / FUNCTION_COUNT);
		header = read_register(scan, function, REG_HEADER);
		add_function(scan, function, header);
		if (i % FUNCTION_COUNT == 0 && (header & HEADER_MULTI) == 0) {
			i += FUNCTION_COUNT - 1;
		}
	}
	return devices;
}

/*
 * Firmware gives bridges room for devices that may be plugged in, and OVMF puts other devices'
 * ports there: Linux would move those. A bridge that forwards ports to nobody forwards none from
 * here on.
 */
static void close_windows(const struct scan *scan)
{
	for (uint32_t i = 0; i < scan->out->function_count; i++) {
		uint32_t function = (uint32_t)scan->out->functions[i] << 8;
		uint32_t buses = read_register(scan, function, REG_BUSES);
		bool has_ports = false;

		if (HEADER_TYPE(read_register(scan, function, REG_HEADER)) != HEADER_BRIDGE) {
			continue;
		}
		for (uint32_t bus = buses >> 8 & 0xff; bus <= (buses >> 16 & 0xff); bus++) {
			has_ports = has_ports || has_bus(scan->has_ports, bus);
		}
		if (!has_ports) {
			write_register(scan, function, REG_PORTS, PORTS_NONE);
		}
	}
}

/* Firmware gives a bridge's secondary bus a higher number than its own: one pass finds all. */
enum hv_status real_pci_scan(const struct pci_bus *bus, struct boot_passthrough *out,
			     uint32_t *devices, const char **why)
{
	struct scan scan = {.bus = bus, .out = out};

	out->memory_count = 0;
	out->port_count = 0;
	out->function_count = 0;
	*devices = scan_bus(&scan, 0);
	for (uint32_t i = 1; i < BUS_COUNT && scan.why == NULL; i++) {
		if (has_bus(scan.found, i)) {
			(void)scan_bus(&scan, i);
		}
	}
	close_windows(&scan);
	*why = scan.why;
	return scan.why == NULL ? HV_OK : HV_NO_MEMORY;
}

enum hv_status real_pci_first_slot(uint32_t devices, uint32_t slots, uint32_t *first)
{
	uint64_t taken = ~(uint64_t)UINT32_MAX | devices; /* there are 32 numbers */

	for (*first = 0; *first < DEVICE_COUNT; (*first)++) {
		if (((uint64_t)slots << *first & taken) == 0) {
			return HV_OK;
		}
	}
	return HV_NOT_FOUND;
}

static bool is_overlap(const struct boot_range *range, uint64_t base, uint64_t size)
{
	return range->base < base + size && base < range->base + range->size;
}

/* What of the machine, or of the partition, lies in a range of device memory; NULL: nothing. */
static const char *find_conflict(const struct boot_range *range, const struct memmap *map,
				 uint64_t ioapic)
{
	if (is_overlap(range, PLATFORM_PCI_MEMORY, VIRTUAL_SIZE)) {
		return "the paravirtual devices";
	}
	if (is_overlap(range, LAPIC_BASE, LAPIC_SIZE)) {
		return "the local APICs";
	}
	if (is_overlap(range, IOAPIC_USUAL, IOAPIC_SIZE) ||
	    (ioapic != 0 && is_overlap(range, ioapic, IOAPIC_SIZE))) {
		return "an I/O APIC";
	}
	for (uint32_t i = 0; i < map->count; i++) {
		const struct boot_memory *memory = &map->entries[i];

		if (memory->type != BOOT_MEMORY_MMIO && memory->type != BOOT_MEMORY_RESERVED &&
		    is_overlap(range, memory->base, memory->size)) {
			return "RAM";
		}
	}
	return NULL;
}

static enum hv_status conflict(const char *what, const struct boot_range *range, const char *with,
			       const char **why)
{
	fmt_print(reason, sizeof(reason), "a PCI device's %s 0x%llx-0x%llx overlap %s", what,
		  (unsigned long long)range->base,
		  (unsigned long long)(range->base + range->size - 1), with);
	*why = reason;
	return HV_INVALID;
}

enum hv_status real_pci_check(const struct boot_passthrough *devices, const struct memmap *map,
			      uint64_t ioapic, const char **why)
{
	for (uint32_t i = 0; i < devices->memory_count; i++) {
		const char *with = find_conflict(&devices->memory[i], map, ioapic);

		if (with != NULL) {
			return conflict("addresses", &devices->memory[i], with, why);
		}
	}
	for (uint32_t i = 0; i < devices->port_count; i++) {
		if (is_overlap(&devices->ports[i], PLATFORM_PCI_PORTS, VIRTUAL_PORTS)) {
			return conflict("ports", &devices->ports[i], "the paravirtual devices",
					why);
		}
	}
	return HV_OK;
}
