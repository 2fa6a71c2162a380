/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's page tables, laid out as space_abi.h says. Pure. */
#pragma once

#include "elf_load.h"
#include "pagetable.h"

/* Tables that space_build() and four space_map() of any alignment need, but for the image's. */
#define SPACE_TABLES_MAX 24u
/* Pages of each CPU that are mapped in its slot. */
#define SPACE_PRIVATE_PAGES 8u

struct space {
	/* Given; physical addresses. */
	const struct elf_load *image;
	uint64_t region;
	uint64_t region_size;
	uint64_t private_pages; /* SPACE_PRIVATE_PAGES for each CPU */
	uint32_t cpu_count;
	uint64_t trampoline;
	uint64_t xapic; /* 0: x2APIC is there */
	struct pagetable_pool pool;
	/* Made. */
	uint64_t *root;
	uint64_t *start_root; /* and the trampoline, at its own address */
	uint64_t *windows;    /* second-level entries of the windows */
	uint64_t device_next; /* first virtual address that space_map() has not given away */
};

/* Everything but what space_map() adds. HV_NO_MEMORY: the pool is too small. */
MUST_CHECK enum hv_status space_build(struct space *space);

/* Maps the pages that hold [base, base + size) in the device area: the virtual address of base, or
 * 0: no address space or pool left. */
uint64_t space_map(struct space *space, uint64_t base, uint64_t size, uint64_t flags,
		   enum pagetable_cache cache);

/* Gives a root of other tables what the hypervisor's root has: its entry for the top. */
void space_join(const struct space *space, uint64_t *other_root);
