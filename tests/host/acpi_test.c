/* SPDX-License-Identifier: Apache-2.0 */
/* The walk of the firmware's ACPI tables, whole and broken. */
/* Links: boot/acpi.c */
#include "acpi.h"
#include "tap.h"

#include <string.h>

#define BASE UINT64_C(0x7f000000)
#define SIZE 4096u
#define RSDP 0u
#define XSDT 0x100u
#define FADT 0x200u
#define MADT 0x400u
#define DSDT 0x600u
#define RSDT 0x900u

static uint8_t image[SIZE];
static size_t read_count;

static bool read_image(void *context, uint64_t address, void *to, size_t size)
{
	(void)context;
	read_count++;
	if (address < BASE || address - BASE > SIZE || size > SIZE - (address - BASE)) {
		return false;
	}
	memcpy(to, image + (address - BASE), size);
	return true;
}

static void put(size_t offset, uint64_t value, size_t size)
{
	memcpy(image + offset, &value, size);
}

static void fix_sum(size_t offset, size_t size, size_t at)
{
	uint8_t sum = 0;

	image[at] = 0;
	for (size_t i = 0; i < size; i++) {
		sum = (uint8_t)(sum + image[offset + i]);
	}
	image[at] = (uint8_t)(0u - sum);
}

static void begin(size_t offset, const char *signature, uint32_t length)
{
	memcpy(image + offset, signature, 4);
	put(offset + 4, length, 4);
}

static void end(size_t offset)
{
	uint32_t length;

	memcpy(&length, image + offset + 4, 4);
	fix_sum(offset, length, offset + 9);
}

/* Of \_S5: Name (\_S5_, Package (4) { 5, 6, 0, 0 }), 300 bytes into the DSDT: across a chunk. */
static const uint8_t s5[] = {0x08, '\\', '_', 'S',  '5', '_', 0x12, 0x08,
			     0x04, 0x0a, 5,   0x0a, 6,   0,   0};

static void make_image(void)
{
	static const uint8_t entries[] = {
		0, 8,  0, 0, 1,    0,    0,    0,                 /* local APIC */
		1, 12, 9, 0, 0x00, 0x10, 0xc0, 0xfe, 24, 0, 0, 0, /* second I/O APIC */
		1, 12, 8, 0, 0x00, 0x00, 0xc0, 0xfe, 0,  0, 0, 0, /* first I/O APIC */
		2, 10, 0, 4, 20,   0,    0,    0,    0,  0,       /* ISA interrupt 4 at 20 */
		2, 10, 0, 9, 9,    0,    0,    0,    13, 0,
	};

	memset(image, 0, sizeof(image));
	memcpy(image, "RSD PTR ", 8);
	image[15] = 2;
	put(16, BASE + RSDT, 4);
	put(20, 36, 4);
	put(24, BASE + XSDT, 8);
	fix_sum(0, 20, 8);
	begin(XSDT, "XSDT", 36 + 24);
	put(XSDT + 36, BASE + MADT, 8);
	put(XSDT + 44, 0x123, 8); /* not readable: skipped */
	put(XSDT + 52, BASE + FADT, 8);
	end(XSDT);
	begin(RSDT, "RSDT", 36 + 4);
	put(RSDT + 36, BASE + MADT, 4);
	end(RSDT);
	begin(FADT, "FACP", 244);
	put(FADT + 40, BASE + DSDT, 4);
	put(FADT + 48, 0xb2, 4);
	image[FADT + 52] = 0xf1;
	put(FADT + 64, 0x604, 4);
	image[FADT + 184] = 1;
	put(FADT + 188, 0x704, 8); /* X_PM1b_CNT_BLK */
	end(FADT);
	begin(MADT, "APIC", 44 + sizeof(entries));
	memcpy(image + MADT + 44, entries, sizeof(entries));
	end(MADT);
	begin(DSDT, "DSDT", 600);
	memcpy(image + DSDT + 36 + 250, s5, sizeof(s5));
	end(DSDT);
}

static struct acpi_facts scan(enum hv_status expected)
{
	struct acpi_facts facts;

	memset(&facts, 0x77, sizeof(facts));
	TAP_EQUAL(acpi_scan(read_image, NULL, BASE, &facts), expected);
	return facts;
}

static void test_whole(void)
{
	struct acpi_facts facts;

	make_image();
	facts = scan(HV_OK);
	TAP_EQUAL(facts.pm1a_control, 0x604);
	TAP_EQUAL(facts.pm1b_control, 0x704);
	TAP_EQUAL(facts.smi_command, 0xb2);
	TAP_EQUAL(facts.acpi_enable, 0xf1);
	TAP_CHECK(!facts.is_hardware_reduced);
	TAP_EQUAL(facts.sleep_control, 0); /* the table is too short to have it */
	TAP_CHECK(facts.has_s5);
	TAP_EQUAL(facts.s5_type_a, 5);
	TAP_EQUAL(facts.s5_type_b, 6);
	TAP_EQUAL(facts.ioapic_base, 0xfec00000);
	TAP_EQUAL(facts.ioapic_gsi_base, 0);
	TAP_EQUAL(facts.uart_gsi, 20);
}

/* \_S5 is found wherever it lies, also across the edges of what is read at a time. */
static void test_s5_anywhere(void)
{
	uint32_t found = 0;

	for (size_t at = 36; at + 24 <= 600; at++) {
		make_image();
		memset(image + DSDT + 36, 0, 600 - 36);
		memcpy(image + DSDT + at, s5, sizeof(s5));
		end(DSDT);
		found += scan(HV_OK).has_s5;
	}
	TAP_EQUAL(found, 600 - 24 - 36 + 1);
}

static void test_rsdt(void)
{
	struct acpi_facts facts;

	make_image();
	image[15] = 0; /* ACPI 1.0: no XSDT */
	fix_sum(0, 20, 8);
	facts = scan(HV_OK);
	TAP_EQUAL(facts.ioapic_base, 0xfec00000);
	TAP_EQUAL(facts.pm1a_control, 0);
	make_image();
	image[XSDT + 40]++; /* broken XSDT */
	TAP_EQUAL(scan(HV_OK).ioapic_base, 0xfec00000);
}

static void test_broken(void)
{
	struct acpi_facts facts;

	make_image();
	image[8]++;
	facts = scan(HV_NOT_FOUND);
	TAP_EQUAL(facts.pm1a_control, 0x7777); /* written only on success */
	make_image();
	image[MADT + 50]++;
	facts = scan(HV_OK);
	TAP_EQUAL(facts.ioapic_base, 0); /* checksum: as if absent */
	TAP_EQUAL(facts.uart_gsi, 4);
	make_image();
	begin(DSDT, "DSDT", 0xffffffff);
	TAP_CHECK(!scan(HV_OK).has_s5);
	make_image();
	begin(MADT, "APIC", 20);
	TAP_EQUAL(scan(HV_OK).ioapic_base, 0);
	make_image();
	image[MADT + 44 + 8 + 1] = 0; /* entry of no length: the walk ends */
	end(MADT);
	TAP_EQUAL(scan(HV_OK).ioapic_base, 0);
}

/* Any bytes, with sums made right so that they are looked at: it ends, and reads stay bounded. */
static void test_random(void)
{
	uint32_t seed = 99;

	for (uint32_t round = 0; round < 20000; round++) {
		static const size_t offsets[] = {XSDT, FADT, MADT, DSDT, RSDT};
		struct acpi_facts facts;

		make_image();
		for (uint32_t i = 0; i < 1 + round % 8; i++) {
			seed = seed * 1664525 + 1013904223;
			image[seed >> 20 & (SIZE - 1)] = (uint8_t)(seed >> 8);
		}
		for (size_t i = 0; i < 5; i++) {
			uint32_t length;

			memcpy(&length, image + offsets[i] + 4, 4);
			if (length >= 36 && length <= SIZE - offsets[i]) {
				end(offsets[i]);
			}
		}
		fix_sum(0, 20, 8);
		read_count = 0;
		(void)!acpi_scan(read_image, NULL, BASE, &facts);
		if (read_count > 20000) {
			TAP_EQUAL(read_count, 0);
			return;
		}
	}
}

static const struct tap_case cases[] = {
	{"whole tables", test_whole},  {"_S5 anywhere", test_s5_anywhere},
	{"root by RSDT", test_rsdt},   {"broken tables", test_broken},
	{"random bytes", test_random},
};
TAP_MAIN(cases)
