/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU list of the ACPI MADT. Pure over the table's bytes. */
#pragma once

#include "boot_abi.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Writes the APIC ids of the CPUs that can be started, at most `capacity`; returns how many there
 * are, which can be more. A malformed entry ends the list.
 */
uint32_t madt_cpus(const void *table, size_t size, struct boot_cpu *cpus, uint32_t capacity);

/* Sorts by APIC id, the boot CPU first; adds it when the firmware forgot it and there is room. */
uint32_t madt_sort(struct boot_cpu *cpus, uint32_t count, uint32_t capacity, uint32_t boot_apic_id);
