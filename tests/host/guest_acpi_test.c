/* SPDX-License-Identifier: Apache-2.0 */
/* The partitions' ACPI tables: read back by our own walker and by iasl. */
/* Links: boot/guest_acpi.c boot/acpi.c */
#include "acpi.h"
#include "guest_acpi.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint8_t tables[GUEST_ACPI_SIZE_MAX];
static size_t used;

static bool is_apic_physical; /* of the next build() */

static void build(uint32_t cpu_count)
{
	struct guest_acpi_facts facts = {.cpu_count = cpu_count,
					 .is_apic_physical = is_apic_physical};

	memset(tables, 0xa5, sizeof(tables));
	used = guest_acpi_build(tables, sizeof(tables), GUEST_ACPI_BASE, &facts);
}

static uint64_t number(size_t offset, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, tables + offset, size);
	return value;
}

static bool read_tables(void *context, uint64_t address, void *to, size_t size)
{
	(void)context;
	if (address < GUEST_ACPI_BASE || address - GUEST_ACPI_BASE + size > used) {
		return false;
	}
	memcpy(to, tables + (address - GUEST_ACPI_BASE), size);
	return true;
}

static bool is_sum_zero(size_t offset, size_t size)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++) {
		sum = (uint8_t)(sum + tables[offset + i]);
	}
	return sum == 0;
}

/* Offset of a table that XSDT or, for the DSDT, FADT names; 0 = none. */
static size_t find(const char *signature)
{
	size_t xsdt = number(24, 8) - GUEST_ACPI_BASE;
	size_t count = (number(xsdt + 4, 4) - 36) / 8;

	if (strcmp(signature, "XSDT") == 0) {
		return xsdt;
	}
	for (size_t i = 0; i < count; i++) {
		size_t table = number(xsdt + 36 + i * 8, 8) - GUEST_ACPI_BASE;

		if (memcmp(tables + table, "FACP", 4) == 0 && strcmp(signature, "DSDT") == 0) {
			return number(table + 140, 8) - GUEST_ACPI_BASE;
		}
		if (memcmp(tables + table, signature, 4) == 0) {
			return table;
		}
	}
	return 0;
}

static void test_layout(void)
{
	static const char *const names[] = {"XSDT", "FACP", "APIC", "DSDT"};

	build(2);
	TAP_CHECK(used > 0 && used < sizeof(tables));
	TAP_CHECK(memcmp(tables, "RSD PTR ", 8) == 0);
	TAP_CHECK(is_sum_zero(0, 20) && is_sum_zero(0, 36));
	for (size_t i = 0; i < 4; i++) {
		size_t table = find(names[i]);
		size_t length = number(table + 4, 4);

		TAP_CHECK(table != 0 && table % 16 == 0 && table + length <= used);
		TAP_CHECK(memcmp(tables + table, names[i], 4) == 0);
		TAP_CHECK(is_sum_zero(table, length));
	}
}

static void test_walk(void)
{
	struct acpi_facts facts;

	build(3);
	TAP_EQUAL(acpi_scan(read_tables, NULL, GUEST_ACPI_BASE, &facts), HV_OK);
	TAP_CHECK(facts.is_hardware_reduced);
	TAP_EQUAL(facts.sleep_control, 0x600);
	TAP_EQUAL(facts.pm1a_control, 0);
	TAP_CHECK(facts.has_s5);
	TAP_EQUAL(facts.s5_type_a, 5);
	TAP_EQUAL(facts.ioapic_base, 0xfec00000);
	TAP_EQUAL(facts.ioapic_gsi_base, 0);
	TAP_EQUAL(facts.uart_gsi, 4);
}

static void test_fadt(void)
{
	size_t fadt;

	build(1);
	fadt = find("FACP");
	TAP_EQUAL(number(fadt + 4, 4), 276);
	TAP_EQUAL(number(fadt + 40, 4), number(fadt + 140, 8)); /* DSDT, X_DSDT */
	TAP_EQUAL(number(fadt + 109, 2), 0x24);                 /* no VGA, no CMOS clock, no 8042 */
	TAP_EQUAL(number(fadt + 112, 4) & 0x100400, 0x100400);
	TAP_EQUAL(number(fadt + 116, 4), 0x01000801); /* I/O, 8 bits, byte access */
	TAP_EQUAL(number(fadt + 120, 8), 0xcf9);
	TAP_EQUAL(tables[fadt + 128], 6);
	TAP_EQUAL(number(fadt + 248, 8), 0x600);
	TAP_EQUAL(number(fadt + 260, 8), 0x601);
	TAP_EQUAL(number(fadt + 112, 4) & 0x80000, 0);
	is_apic_physical = true;
	build(1);
	is_apic_physical = false;
	TAP_EQUAL(number(find("FACP") + 112, 4) & 0x80000, 0x80000);
}

static void count_cpus(uint32_t expected)
{
	size_t madt;
	size_t end;
	uint32_t count = 0;

	build(expected);
	madt = find("APIC");
	end = madt + number(madt + 4, 4);
	for (size_t at = madt + 44; at < end; at += tables[at + 1]) {
		if (tables[at] == 0) {
			TAP_EQUAL(tables[at + 3], count);
			count++;
		} else if (tables[at] == 9) {
			TAP_EQUAL(number(at + 4, 4), count);
			TAP_CHECK(count >= 255);
			count++;
		}
	}
	TAP_EQUAL(count, expected);
}

static void test_cpus(void)
{
	count_cpus(1);
	count_cpus(64);
	count_cpus(257); /* IDs from 255 on take x2APIC entries */
}

static void test_too_small(void)
{
	struct guest_acpi_facts facts = {.cpu_count = 64};
	uint8_t *small = malloc(512);

	TAP_EQUAL(guest_acpi_build(small, 512, GUEST_ACPI_BASE, &facts), 0);
	facts.cpu_count = 1;
	for (size_t size = 0; size < 512; size++) {
		(void)guest_acpi_build(small, size, GUEST_ACPI_BASE, &facts); /* ASan watches */
	}
	free(small);
}

/* The reference: ACPICA's disassembler reads every table without a complaint. */
static void check_with_iasl(const char *signature)
{
	char command[512];
	char base[64];
	char path[80];
	size_t table = find(signature);
	FILE *file;

	snprintf(base, sizeof(base), "/tmp/guest_acpi_test.%d.%s", (int)getpid(), signature);
	snprintf(path, sizeof(path), "%s.aml", base);
	file = fopen(path, "wb");
	if (file == NULL || fwrite(tables + table, number(table + 4, 4), 1, file) != 1) {
		TAP_TEXT("no temporary file", "a temporary file");
	}
	if (file != NULL) {
		fclose(file);
	}
	snprintf(command, sizeof(command),
		 "iasl -p %s -d %s > %s.log 2>&1 && ! grep -iE 'error|warning|invalid|incorrect' "
		 "%s.log",
		 base, path, base, base);
	TAP_EQUAL(system(command), 0);
	snprintf(command, sizeof(command), "rm -f %s %s.*", base, base);
	TAP_EQUAL(system(command), 0);
}

static void test_iasl(void)
{
	build(2);
	if (system("command -v iasl > /dev/null") != 0) {
		tap_note("iasl is not installed: tables not disassembled");
		return;
	}
	check_with_iasl("FACP");
	check_with_iasl("APIC");
	check_with_iasl("DSDT");
	check_with_iasl("XSDT");
}

static const struct tap_case cases[] = {
	{"layout and checksums", test_layout},
	{"our own walk reads them", test_walk},
	{"FADT", test_fadt},
	{"MADT names every CPU", test_cpus},
	{"buffer too small", test_too_small},
	{"iasl reads them", test_iasl},
};
TAP_MAIN(cases)
