/* SPDX-License-Identifier: Apache-2.0 */
/* boot/madt.c: which CPUs are listed, their order, and malformed tables. */
/* Links: boot/madt.c */
#include "madt.h"
#include "tap.h"

#include <string.h>

static uint8_t table[128];
static struct boot_cpu cpus[4];

static size_t add_apic(size_t at, uint8_t id, uint8_t flags)
{
	const uint8_t entry[8] = {0, 8, 1, id, flags, 0, 0, 0};

	memcpy(table + at, entry, sizeof(entry));
	return at + sizeof(entry);
}

static size_t add_x2apic(size_t at, uint16_t id, uint8_t flags)
{
	const uint8_t entry[16] = {9, 16, 0, 0, (uint8_t)id, (uint8_t)(id >> 8), 0, 0, flags};

	memcpy(table + at, entry, sizeof(entry));
	return at + sizeof(entry);
}

static void test_list(void)
{
	size_t size = 44;

	size = add_apic(size, 4, 1);
	size = add_apic(size, 6, 0);                              /* disabled */
	size = add_apic(size, 7, 2);                              /* only "online capable" */
	memcpy(table + size, "\x01\x0c\0\0\0\0\0\0\0\0\0\0", 12); /* I/O APIC */
	size = add_x2apic(size + 12, 300, 1);
	size = add_x2apic(size, 4, 1); /* in both forms */
	TAP_EQUAL(madt_cpus(table, size, cpus, 4), 2);
	TAP_EQUAL(cpus[0].apic_id, 4);
	TAP_EQUAL(cpus[1].apic_id, 300);
	TAP_EQUAL(madt_cpus(table, size, cpus, 1), 2);
}

static void test_malformed(void)
{
	size_t size = add_apic(44, 1, 1);

	table[size] = 0;
	table[size + 1] = 0; /* would loop for ever */
	TAP_EQUAL(madt_cpus(table, size + 8, cpus, 4), 1);
	table[size + 1] = 9; /* longer than the table */
	TAP_EQUAL(madt_cpus(table, size + 8, cpus, 4), 1);
	table[size + 1] = 4; /* too short for its type */
	TAP_EQUAL(madt_cpus(table, size + 4, cpus, 4), 1);
	TAP_EQUAL(madt_cpus(table, size + 1, cpus, 4), 1);
	TAP_EQUAL(madt_cpus(table, 36, cpus, 4), 0);
	TAP_EQUAL(madt_cpus(table, 0, cpus, 4), 0);
}

static void set(uint32_t a, uint32_t b, uint32_t c)
{
	memset(cpus, 0xff, sizeof(cpus));
	cpus[0].apic_id = a;
	cpus[1].apic_id = b;
	cpus[2].apic_id = c;
}

static void test_sort(void)
{
	set(5, 1, 3);
	TAP_EQUAL(madt_sort(cpus, 3, 4, 3), 3);
	TAP_EQUAL(cpus[0].apic_id, 3);
	TAP_EQUAL(cpus[0].is_boot_cpu, 1);
	TAP_EQUAL(cpus[1].apic_id, 1);
	TAP_EQUAL(cpus[2].apic_id, 5);
	TAP_EQUAL(cpus[1].is_boot_cpu + cpus[2].is_boot_cpu, 0);
	/* The boot CPU is missing: added, or, without room, in the last one's place. */
	set(5, 1, 3);
	TAP_EQUAL(madt_sort(cpus, 3, 4, 9), 4);
	TAP_EQUAL(cpus[0].apic_id, 9);
	TAP_EQUAL(cpus[3].apic_id, 5);
	set(5, 1, 3);
	TAP_EQUAL(madt_sort(cpus, 3, 3, 9), 3);
	TAP_EQUAL(cpus[0].apic_id, 9);
	TAP_EQUAL(cpus[2].apic_id, 5);
	TAP_EQUAL(madt_sort(cpus, 0, 4, 2), 1);
	TAP_EQUAL(cpus[0].apic_id, 2);
}

static const struct tap_case cases[] = {
	{"enabled CPUs in both forms, once", test_list},
	{"malformed tables end the list", test_malformed},
	{"boot CPU first, then by APIC id", test_sort},
};
TAP_MAIN(cases)
