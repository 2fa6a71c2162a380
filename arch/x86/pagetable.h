/* SPDX-License-Identifier: Apache-2.0 */
/* 4-level page tables: pure, over page_alloc() and the linear translation of arch/mmu.h. */
#pragma once

#include "addr.h"
#include "msr.h"
#include "regs.h"
#include "status.h"

#include <stdbool.h>
#include <stdint.h>

enum pagetable_cache {
	PAGETABLE_WB,
	PAGETABLE_UC,
	PAGETABLE_WC, /* needs PAGETABLE_PAT */
};

/* Power-on layout, so that PCD and PWT alone mean what they always do, but WC in entry 4. */
#define PAGETABLE_PAT ((PAT_POWER_ON & ~MASK64(39, 32)) | PAT_WC << 32)

struct mapping {
	uint64_t virtual;
	hpa_t physical;
	uint64_t size;
	uint64_t flags; /* PTE_W, PTE_NX, PTE_G; never writable and executable */
	enum pagetable_cache cache;
};

/* All page aligned. 2 MiB pages where both addresses and the rest of the size allow it.
 * HV_NO_MEMORY: part of it may be mapped. Nothing of the range may be mapped before. */
enum hv_status pagetable_map(uint64_t *root, const struct mapping *mapping) MUST_CHECK;

/* The entry for an address at `level` (1 or 2), tables above it made as needed; NULL: no memory. */
uint64_t *pagetable_entry(uint64_t *root, uint64_t address, uint32_t level);

uint64_t pagetable_make_leaf(hpa_t address, uint32_t level, uint64_t flags,
			     enum pagetable_cache cache);
