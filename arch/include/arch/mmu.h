/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's own address space: image and pool (W^X), devices, per-CPU windows; no guest RAM.
 */
#pragma once

#include "addr.h"
#include "status.h"

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

/* Builds the final page tables from pool pages and loads them on this CPU. Uses page_alloc(). */
enum hv_status arch_mmu_init(hpa_t region, uint64_t region_size) MUST_CHECK;
void arch_mmu_load(void);     /* loads them on another CPU */
uint64_t arch_mmu_root(void); /* CR3, for tests from outside */

/* Linear translation inside the region. */
hpa_t arch_va_to_pa(const void *address);
void *arch_pa_to_va(hpa_t address); /* address must be in the region */

/* Maps device registers or a framebuffer for good, uncached (framebuffer: write-combining). NULL:
 * no address space or pool left. */
void *arch_map_device(hpa_t base, uint64_t size, bool is_write_combining);

/* Maps kernels and initrds (BOOT_MEMORY_MODULES) or firmware tables for good: cached, read-only, no
 * execution. NULL: no address space or pool left. */
const void *arch_map_readonly(hpa_t base, uint64_t size);

/*
 * This CPU's window onto the 2 MiB frame that holds `address`: returns the virtual address of
 * `address` itself. Slots 0 and 1 are independent. Not from NMI context. Unmap when done.
 */
#define WINDOW_SLOTS 2u
void *arch_window_map(uint32_t slot, hpa_t address);
void arch_window_unmap(uint32_t slot);
