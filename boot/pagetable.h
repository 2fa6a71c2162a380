/* SPDX-License-Identifier: Apache-2.0 */
/* 4-level page tables, at their physical addresses. Pure. */
#pragma once

#include "status.h"

#include <stdbool.h>
#include <stdint.h>

/* SDM 3A, "4-Level Paging and 5-Level Paging". */
#define PAGETABLE_P         (UINT64_C(1) << 0)
#define PAGETABLE_W         (UINT64_C(1) << 1)
#define PAGETABLE_PWT       (UINT64_C(1) << 3)
#define PAGETABLE_PCD       (UINT64_C(1) << 4)
#define PAGETABLE_A         (UINT64_C(1) << 5)
#define PAGETABLE_D         (UINT64_C(1) << 6)
#define PAGETABLE_PS        (UINT64_C(1) << 7) /* in a directory entry: it is a leaf */
#define PAGETABLE_PAT_4K    (UINT64_C(1) << 7) /* in a 4 KiB leaf */
#define PAGETABLE_G         (UINT64_C(1) << 8)
#define PAGETABLE_PAT_LARGE (UINT64_C(1) << 12) /* in a 2 MiB leaf */
#define PAGETABLE_NX        (UINT64_C(1) << 63)
#define PAGETABLE_ADDRESS   UINT64_C(0x000ffffffffff000)
#define PAGETABLE_ENTRIES   512u

enum pagetable_cache {
	PAGETABLE_WB,
	PAGETABLE_UC,
	PAGETABLE_WC, /* by entry 4 of the PAT, which the hypervisor sets */
};

/* Where tables come from: whole pages, in order. */
struct pagetable_pool {
	uint64_t next;
	uint64_t end;
};

struct mapping {
	uint64_t virtual;
	uint64_t physical;
	uint64_t size;
	uint64_t flags; /* PAGETABLE_W, _NX, _G; never writable and executable */
	enum pagetable_cache cache;
};

/* An empty table; NULL: the pool is empty. */
uint64_t *pagetable_new(struct pagetable_pool *pool);

/* All page aligned. 2 MiB pages where both addresses and the rest of the size allow it.
 * HV_NO_MEMORY: part of it may be mapped. Nothing of the range may be mapped before. */
MUST_CHECK enum hv_status pagetable_map(struct pagetable_pool *pool, uint64_t *root,
					const struct mapping *mapping);

/* The entry for an address at `level` (1 or 2), tables above it made as needed; NULL: no memory. */
uint64_t *pagetable_entry(struct pagetable_pool *pool, uint64_t *root, uint64_t address,
			  uint32_t level);

uint64_t pagetable_make_leaf(uint64_t address, uint32_t level, uint64_t flags,
			     enum pagetable_cache cache);
