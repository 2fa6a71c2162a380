/* SPDX-License-Identifier: Apache-2.0 */
/* The ACPI tables of a partition. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_ACPI_BASE     UINT64_C(0xe0000) /* where firmware-less software looks for the RSDP */
#define GUEST_ACPI_SIZE_MAX 8192u

struct guest_acpi_facts {
	uint32_t cpu_count; /* local APIC IDs are 0 to cpu_count - 1 */
	/* Interrupts are sent by APIC ID only: a real APIC does not know a guest's logical one. */
	bool is_apic_physical;
};

/*
 * Writes RSDP (first), XSDT, FADT, MADT and DSDT as they are to lie at guest-physical `base`,
 * 16-byte aligned. Returns the bytes used; 0: `size` is too small.
 */
size_t guest_acpi_build(void *buffer, size_t size, uint64_t base,
			const struct guest_acpi_facts *facts);
