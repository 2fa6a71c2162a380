/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's own address space: image and pool (W^X), devices, per-CPU windows; no guest RAM.
 */
#pragma once

#include "addr.h"

#include <stddef.h>

struct boot_info;

/* Takes the loader's word for where things are; arch_cpu_init() loads the page tables. */
void arch_mmu_init(const struct boot_info *boot);
uint64_t arch_mmu_root(void); /* CR3 */

/* Linear translation inside the region. */
hpa_t arch_va_to_pa(const void *address);
void *arch_pa_to_va(hpa_t address); /* address must be in the region */

/*
 * This CPU's window onto the 2 MiB frame that holds `address`: returns the virtual address of
 * `address` itself. Slots 0 and 1 are independent. Not from NMI context. Unmap when done.
 */
void *arch_window_map(uint32_t slot, hpa_t address);
void arch_window_unmap(uint32_t slot);
