/* SPDX-License-Identifier: Apache-2.0 */
/* Second-level page-table entries: 4 levels of 512 entries; the format is the backend's. */
#pragma once

#include "addr.h"

#define STAGE2_READ    1u
#define STAGE2_WRITE   2u
#define STAGE2_EXECUTE 4u
#define STAGE2_ALL     (STAGE2_READ | STAGE2_WRITE | STAGE2_EXECUTE)

enum stage2_memory {
	STAGE2_WRITE_BACK, /* RAM; the guest's PAT still applies */
	STAGE2_UNCACHED,   /* device */
};

struct stage2_entry {
	hpa_t address;   /* page, or next table */
	uint32_t access; /* STAGE2_*; 0 = not present */
	enum stage2_memory memory;
	bool is_leaf;
};

/* level: 1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB, 4 = root. Tables get full access. An
 * entry without access is 0. Of leaves that differ in nothing but the address, entries differ by as
 * much. */
uint64_t arch_stage2_make(const struct stage2_entry *entry, uint32_t level);
struct stage2_entry arch_stage2_read(uint64_t raw, uint32_t level);
/* Largest level that may hold a leaf: 3, 2 or 1. */
uint32_t arch_stage2_max_leaf(void);

/* Whether a guest that executes from leaves above level 1 can cause a machine check here (Intel
 * erratum "Machine Check Error on Page Size Change", CVE-2018-12207). */
bool arch_stage2_is_multihit(void);
