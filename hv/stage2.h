/* SPDX-License-Identifier: Apache-2.0 */
/* Second-level page tables: generic walk over the backend's entry format. */
#pragma once

#include "addr.h"
#include "arch/stage2_pte.h"
#include "boot_abi.h"
#include "status.h"

struct stage2_mapping {
	gpa_t guest;
	hpa_t host;
	uint64_t size;   /* page granular, as both addresses */
	uint32_t access; /* STAGE2_* */
	enum stage2_memory memory;
};

/* Before the first tree. is_huge_always: large pages also where a guest can misuse them, see
 * arch_stage2_is_multihit(). */
void stage2_init(bool is_huge_always);

/* A new, empty tree from one pool page; HV_NO_MEMORY. */
enum hv_status stage2_create(hpa_t *root) MUST_CHECK;
void stage2_destroy(hpa_t root); /* frees every table; what they map stays as it is */

/* Maps by the largest pages that fit. HV_BUSY: something is mapped there already, HV_NO_MEMORY: the
 * pool is empty; either leaves the tree partly filled: destroy it. */
enum hv_status stage2_map(hpa_t root, const struct stage2_mapping *mapping) MUST_CHECK;

/* Does every leaf of the tree lie in frames of `owner`, or of OWNER_SHARED without being
 * executable, or as device memory in nobody's frames and in a range of `passthrough` (NULL: there
 * is none)? *mapped, *shared: bytes of RAM that the leaves map of the first two. Returns the first
 * host address that does not, or UINT64_MAX. */
uint64_t stage2_check_owner(hpa_t root, uint32_t owner, const struct boot_passthrough *passthrough,
			    uint64_t *mapped, uint64_t *shared);
