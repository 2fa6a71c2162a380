/* SPDX-License-Identifier: Apache-2.0 */
/* boot/real_pci.c: a machine's PCI functions, found and sized; places that are taken. */
/* Links: boot/real_pci.c hv/lib/fmt.c */
#include "real_pci.h"

#include "addr.h"
#include "platform_abi.h"
#include "tap.h"

#include <string.h>

#define FUNCTION_MAX 80u
#define REGISTERS    16u
#define MIB          (UINT64_C(1) << 20)
#define NO_PORTS     0x00f0u

struct function {
	uint32_t address; /* bus << 16 | device << 11 | function << 8 */
	uint32_t value[REGISTERS];
	uint32_t settable[REGISTERS];
};

static struct function functions[FUNCTION_MAX];
static uint32_t function_count;
static struct boot_passthrough found;
static uint32_t devices;
static const char *why;

static struct function *at(uint32_t address)
{
	for (uint32_t i = 0; i < function_count; i++) {
		if (functions[i].address == (address & 0xffff00)) {
			return &functions[i];
		}
	}
	return NULL;
}

static uint32_t read_bus(void *context, uint32_t address)
{
	struct function *function = at(address);

	TAP_CHECK(context == &found && (address & 0xff000003) == 0);
	return function == NULL ? UINT32_MAX : function->value[(address & 0xff) / 4];
}

static void write_bus(void *context, uint32_t address, uint32_t value)
{
	struct function *function = at(address);
	uint32_t reg = (address & 0xff) / 4;
	uint32_t mask = function->settable[reg];

	TAP_CHECK(context == &found);
	if (reg >= 4 && reg < 10 && (function->value[3] >> 16 & 0x7f) == 0) {
		TAP_EQUAL(function->value[1] & 3, 0); /* nothing decodes while it is sized */
	}
	function->value[reg] = (function->value[reg] & ~mask) | (value & mask);
}

static struct function *add(uint32_t bus, uint32_t device, uint32_t number, uint32_t class_code,
			    uint32_t header)
{
	struct function *function = &functions[function_count++];

	*function = (struct function){.address = bus << 16 | device << 11 | number << 8};
	function->value[0] = 0x12348086;
	function->value[1] = 0x00100007;
	function->settable[1] = 0xffff0407; /* as if the status were plain */
	function->value[2] = class_code << 16;
	function->value[3] = header << 16;
	return function;
}

static void add_bar(struct function *function, uint32_t index, uint32_t value, uint32_t settable)
{
	function->value[4 + index] = value;
	function->settable[4 + index] = settable;
}

static struct function *add_bridge(uint32_t bus, uint32_t device, uint32_t secondary,
				   uint32_t subordinate)
{
	struct function *bridge = add(bus, device, 0, 0x0604, 1);

	bridge->value[6] = bus | secondary << 8 | subordinate << 16;
	bridge->value[7] = 0x6060;
	bridge->settable[7] = 0xf0f0;
	return bridge;
}

static enum hv_status scan(void)
{
	static const struct pci_bus bus = {.read = read_bus, .write = write_bus, .context = &found};

	return real_pci_scan(&bus, &found, &devices, &why);
}

static bool has_range(const struct boot_range *list, uint32_t count, uint64_t base, uint64_t size)
{
	for (uint32_t i = 0; i < count; i++) {
		if (list[i].base == base && list[i].size == size) {
			return true;
		}
	}
	return false;
}

static bool has_memory(uint64_t base, uint64_t size)
{
	return has_range(found.memory, found.memory_count, base, size);
}

/* As QEMU's q35: host bridge, network, a bridge with a disk, LPC and AHCI as one device. */
static struct function *make_machine(void)
{
	struct function *network;
	struct function *bridge;
	struct function *ahci;

	function_count = 0;
	add(0, 0, 0, 0x0600, 0);
	network = add(0, 1, 0, 0x0200, 0);
	add_bar(network, 0, 0x6261, 0xffe0);
	add_bar(network, 1, 0xc0242000, 0xfffff000);
	add_bar(network, 4, 0x2000000c, 0xffffc000);
	add_bar(network, 5, 0xe0, 0xffffffff);
	bridge = add_bridge(0, 2, 1, 1);
	add_bar(bridge, 0, 0xc0241000, 0xfffff000);
	add(0, 31, 0, 0x0601, 0x80);
	ahci = add(0, 31, 2, 0x0106, 0x80);
	add_bar(ahci, 5, 0xc0240000, 0xfffff000);
	add_bar(add(1, 0, 0, 0x0108, 0), 0, 0xc0000004, 0xffffc000);
	functions[function_count - 1].settable[5] = UINT32_MAX;
	return bridge;
}

static void finds_functions_and_their_places(void)
{
	struct function before[FUNCTION_MAX];
	struct function *bridge = make_machine();

	memcpy(before, functions, sizeof(before));
	TAP_EQUAL(scan(), HV_OK);
	TAP_EQUAL(devices, 0x80000007u);
	TAP_EQUAL(found.function_count, 4); /* neither the host bridge nor LPC */
	TAP_EQUAL(found.functions[0], 1 << 3);
	TAP_EQUAL(found.functions[1], 2 << 3);
	TAP_EQUAL(found.functions[2], 31 << 3 | 2);
	TAP_EQUAL(found.functions[3], 1 << 8);
	TAP_EQUAL(found.memory_count, 3);
	TAP_CHECK(has_memory(0xc0240000, 0x3000)); /* three devices' pages are one range */
	TAP_CHECK(has_memory(UINT64_C(0xe020000000), 0x4000));
	TAP_CHECK(has_memory(0xc0000000, 0x4000));
	TAP_EQUAL(found.port_count, 1);
	TAP_CHECK(has_range(found.ports, found.port_count, 0x6260, 0x20));
	/* Everything is as before, but for the ports that the bridge forwarded to nobody. */
	TAP_EQUAL(bridge->value[7] & 0xf0f0, NO_PORTS & 0xf0f0);
	bridge->value[7] = 0x6060;
	for (uint32_t i = 0; i < function_count; i++) {
		before[i].value[1] = functions[i].value[1] & 0xffff;
		functions[i].value[1] &= 0xffff;
		TAP_EQUAL(functions[i].value[1], 7);
	}
	TAP_EQUAL(memcmp(before, functions, sizeof(before)), 0);
}

static void bridges_keep_ports_that_are_used(void)
{
	struct function *outer;
	struct function *inner;

	function_count = 0;
	add(0, 0, 0, 0x0600, 0);
	outer = add_bridge(0, 2, 1, 2);
	inner = add_bridge(1, 0, 2, 2);
	add_bar(add(2, 3, 0, 0x0200, 0), 0, 0x6001, 0xffe0);
	TAP_EQUAL(scan(), HV_OK);
	TAP_EQUAL(found.function_count, 3);
	TAP_EQUAL(outer->value[7], 0x6060);
	TAP_EQUAL(inner->value[7], 0x6060);
}

static void small_bars_take_their_page(void)
{
	struct function *one;
	struct function *other;

	function_count = 0;
	one = add(0, 1, 0, 0x0c03, 0);
	add_bar(one, 0, 0xfebf1100, 0xffffff00);
	other = add(0, 2, 0, 0x0c03, 0);
	add_bar(other, 0, 0xfebf1200, 0xffffff00);
	add_bar(other, 1, 0x00000000, 0xffff0000); /* no place */
	add_bar(other, 2, 0x0000c001, 0x0000fff0);
	add_bar(other, 3, 0x0000c011, 0xfffffff0);
	TAP_EQUAL(scan(), HV_OK);
	TAP_EQUAL(found.memory_count, 1);
	TAP_CHECK(has_memory(0xfebf1000, PAGE_SIZE));
	TAP_EQUAL(found.port_count, 1);
	TAP_CHECK(has_range(found.ports, found.port_count, 0xc000, 0x20));
}

static void says_when_there_is_too_much(void)
{
	function_count = 0;
	for (uint32_t i = 0; i < 17; i++) {
		add_bar(add(0, i, 0, 0x0200, 0), 0, (0x2000 + i * 0x100) | 1, 0xffe0);
	}
	TAP_EQUAL(scan(), HV_NO_MEMORY);
	TAP_TEXT(why, "the PCI devices' ports lie in too many places");
	function_count--;
	TAP_EQUAL(scan(), HV_OK);
	function_count = 0;
	for (uint32_t i = 0; i < 65; i++) {
		add(0, i / 8, i % 8, 0x0200, 0x80);
	}
	TAP_EQUAL(scan(), HV_NO_MEMORY);
	TAP_TEXT(why, "there are too many PCI functions");
	function_count--;
	TAP_EQUAL(scan(), HV_OK);
	for (uint32_t i = 0; i < 13; i++) {
		for (uint32_t bar = 0; bar < 5; bar++) {
			add_bar(&functions[i], bar, 0xc0000000 + (i * 5 + bar) * 0x10000,
				0xfffff000);
		}
	}
	TAP_EQUAL(scan(), HV_NO_MEMORY);
	TAP_TEXT(why, "the PCI devices' memory lies in too many places");
}

static void slots_go_where_nothing_is(void)
{
	uint32_t first;

	TAP_EQUAL(real_pci_first_slot(0x80000001, 0x12, &first), HV_OK);
	TAP_EQUAL(first, 0); /* slots 1 and 4 */
	TAP_EQUAL(real_pci_first_slot(0x80000007, 0x12, &first), HV_OK);
	TAP_EQUAL(first, 2);
	TAP_EQUAL(real_pci_first_slot(0x80000047, 0x12, &first), HV_OK);
	TAP_EQUAL(first, 3);
	TAP_EQUAL(real_pci_first_slot(UINT32_MAX, 0, &first), HV_OK);
	TAP_EQUAL(first, 0);
	TAP_EQUAL(real_pci_first_slot(0x3fffffff, 0x2, &first), HV_OK);
	TAP_EQUAL(first, 29);
	TAP_EQUAL(real_pci_first_slot(0x7fffffff, 0x12, &first), HV_NOT_FOUND);
}

static void says_what_overlaps(void)
{
	static const struct {
		struct boot_range memory, ports;
		const char *why;
	} table[] = {
		{{0xc0000000, 0x4000}, {0x6000, 0x20}, ""},
		{{0x7ffff000, 0x2000},
		 {0},
		 "a PCI device's addresses 0x7ffff000-0x80000fff overlap RAM"},
		{{0x100000, PAGE_SIZE},
		 {0},
		 "a PCI device's addresses 0x100000-0x100fff overlap RAM"},
		{{0x80000000, PAGE_SIZE}, {0}, ""}, /* where firmware has no RAM */
		{{0xe0000000, 256 * MIB},
		 {0},
		 "a PCI device's addresses 0xe0000000-0xefffffff overlap the paravirtual devices"},
		{{0xe0008000, PAGE_SIZE}, {0}, ""},
		{{0xfec00000, PAGE_SIZE},
		 {0},
		 "a PCI device's addresses 0xfec00000-0xfec00fff overlap an I/O APIC"},
		{{0xfec80000, PAGE_SIZE},
		 {0},
		 "a PCI device's addresses 0xfec80000-0xfec80fff overlap an I/O APIC"},
		{{0xfee01000, PAGE_SIZE},
		 {0},
		 "a PCI device's addresses 0xfee01000-0xfee01fff overlap the local APICs"},
		{{0xc0000000, 0x4000},
		 {0x17f0, 0x20},
		 "a PCI device's ports 0x17f0-0x180f overlap the paravirtual devices"},
		{{0xc0000000, 0x4000}, {0x1800, 0x20}, ""},
	};
	struct boot_memory entries[] = {
		{0, 0x80000000, BOOT_MEMORY_FREE, 0},
		{0x80000000, 0x10000000, BOOT_MEMORY_RESERVED, 0},
		{0xffc00000, 0x400000, BOOT_MEMORY_MMIO, 0},
	};
	struct memmap map = {.entries = entries, .count = 3, .capacity = 3};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct boot_passthrough pass = {.memory_count = 1,
						.port_count = 1,
						.memory = {table[i].memory},
						.ports = {table[i].ports}};
		const char *text = "";

		TAP_EQUAL(real_pci_check(&pass, &map, 0xfec80000, &text),
			  table[i].why[0] == '\0' ? HV_OK : HV_INVALID);
		TAP_TEXT(text, table[i].why);
	}
}

static const struct tap_case cases[] = {
	{"finds functions and their places", finds_functions_and_their_places},
	{"bridges keep ports that are used", bridges_keep_ports_that_are_used},
	{"small BARs take their page", small_bars_take_their_page},
	{"says when there is too much", says_when_there_is_too_much},
	{"slots go where nothing is", slots_go_where_nothing_is},
	{"says what overlaps", says_what_overlaps},
};

TAP_MAIN(cases)
