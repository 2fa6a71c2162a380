/* SPDX-License-Identifier: Apache-2.0 */
/* The ACPI tables a partition gets: sums, contents, and agreement with CPUID. */
#include "acpi.h"

#include "apic.h"
#include "boot.h"
#include "cpu.h"
#include "hypercall.h"
#include "report.h"
#include "str.h"
#include "tests.h"

#include <stddef.h>

#define GAS_SYSTEM_IO 1u
#define RESET_PORT    0xcf9u
#define RESET_VALUE   6u
#define SLEEP_PORT    0x600u

static uint32_t apic_count;
static uint32_t apic_wrong_count;
static uint32_t ioapic_count;
static uint64_t ioapic_address;

static void visit(uint8_t type, const uint8_t *entry, uint8_t length)
{
	(void)length;
	if (type == ACPI_MADT_LOCAL_APIC) {
		apic_wrong_count += entry[3] != apic_count || (entry[4] & 1) == 0;
		apic_count++;
	} else if (type == ACPI_MADT_LOCAL_X2APIC) {
		apic_wrong_count += acpi_read32(entry, 4) != apic_count;
		apic_count++;
	} else if (type == ACPI_MADT_IO_APIC) {
		ioapic_count++;
		ioapic_address = acpi_read32(entry, 4);
		apic_wrong_count += acpi_read32(entry, 8) != 0; /* GSI base */
	}
}

static void check_root(void)
{
	const struct acpi_rsdp *told = acpi_find_rsdp();
	uint64_t kept = boot_data.rsdp;
	const struct acpi_rsdp *found;
	const struct acpi_header *xsdt;
	uint32_t wrong_count = 0;

	boot_data.rsdp = 0;
	found = acpi_find_rsdp();
	boot_data.rsdp = kept;
	report_true("rsdp-by-search", found != NULL);
	if (found == NULL || told == NULL) {
		return;
	}
	/* Multiboot 2 hands over a copy. */
	report_true("rsdp-same", memcmp(found, told, sizeof(*told)) == 0);
	report_equal("rsdp-revision", found->revision, 2);
	report_true("rsdp-sum", acpi_is_sum_zero(found, 20));
	report_true("rsdp-extended-sum", acpi_is_sum_zero(found, found->length));
	xsdt = acpi_find("XSDT");
	if (xsdt == NULL) {
		report_fail("xsdt", "not there");
		return;
	}
	report_true("xsdt-sum", acpi_is_sum_zero(xsdt, xsdt->length));
	for (uint32_t at = sizeof(*xsdt); at + 8 <= xsdt->length; at += 8) {
		const struct acpi_header *table =
			(const struct acpi_header *)(uintptr_t)acpi_read64(xsdt, at);

		wrong_count += !acpi_is_sum_zero(table, table->length);
		wrong_count += boot_is_ram((uintptr_t)table); /* would be taken as free */
	}
	report_equal("tables-sound", wrong_count, 0);
}

static void check_fadt(void)
{
	const struct acpi_header *fadt = acpi_find("FACP");
	const uint8_t *bytes = (const uint8_t *)fadt;
	const struct acpi_header *dsdt;

	if (fadt == NULL || fadt->length < ACPI_FADT_SLEEP_STATUS + 12) {
		report_fail("fadt", "not there, or too short");
		return;
	}
	report_true("hardware-reduced",
		    (acpi_read32(fadt, ACPI_FADT_FLAGS) & ACPI_FADT_FLAG_HARDWARE_REDUCED) != 0);
	report_true("reset-supported",
		    (acpi_read32(fadt, ACPI_FADT_FLAGS) & ACPI_FADT_FLAG_RESET) != 0);
	report_equal("reset-space", bytes[ACPI_FADT_RESET_REGISTER], GAS_SYSTEM_IO);
	report_equal("reset-port", acpi_read64(fadt, ACPI_FADT_RESET_REGISTER + 4), RESET_PORT);
	report_equal("reset-value", bytes[ACPI_FADT_RESET_VALUE], RESET_VALUE);
	report_equal("sleep-port", acpi_sleep_control_port(), SLEEP_PORT);
	dsdt = (const struct acpi_header *)(uintptr_t)acpi_read64(fadt, ACPI_FADT_X_DSDT);
	report_true("dsdt", dsdt != NULL && memcmp(dsdt->signature, "DSDT", 4) == 0 &&
				    acpi_is_sum_zero(dsdt, dsdt->length));
}

static void check_madt(void)
{
	const struct acpi_header *madt = acpi_find("APIC");

	if (madt == NULL) {
		report_fail("madt", "not there");
		return;
	}
	acpi_visit_madt(visit);
	report_equal("madt-apic-address", acpi_read32(madt, 36), APIC_PAGE);
	report_equal("madt-count", apic_count, cpu_cpuid(HYPERCALL_CPUID_BASE + 1, 0).ecx);
	report_equal("madt-entries", apic_wrong_count, 0);
	report_equal("madt-ioapics", ioapic_count, 1);
	report_equal("madt-ioapic-address", ioapic_address, IOAPIC_PAGE);
}

void test_acpi(void)
{
	if (report_needs_bulkhead("tables")) {
		check_root();
		check_fadt();
		check_madt();
	}
}
