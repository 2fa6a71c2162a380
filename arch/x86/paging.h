/* SPDX-License-Identifier: Apache-2.0 */
/* What the rest of arch/x86 needs of the hypervisor's address space. */
#pragma once

#include "addr.h"
#include "status.h"

/* Maps a CPU's private pages at their stack addresses (mmu_layout.h). */
enum hv_status paging_map_stacks(uint32_t cpu, const void *private_pages) MUST_CHECK;

/* A second root, made once: the hypervisor's space plus one executable identity page below 1 MiB,
 * so that the hypervisor's own never has one. Its address fits in 32 bits. */
enum hv_status paging_start_root(hpa_t page, hpa_t *root) MUST_CHECK;
