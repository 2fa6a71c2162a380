/* SPDX-License-Identifier: Apache-2.0 */
/* Second-level page tables. */
#include "stage2.h"

#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "bits.h"
#include "check.h"
#include "log.h"
#include "owner.h"

#define ROOT_LEVEL  4u
#define ENTRY_COUNT 512u

static uint32_t max_leaf = 1;

void stage2_init(bool is_huge_always)
{
	bool is_small = arch_stage2_is_multihit() && !is_huge_always;

	max_leaf = is_small ? 1 : arch_stage2_max_leaf();
	if (is_small) {
		log_notice("this CPU can be crashed through large pages (CVE-2018-12207): "
			   "partitions get "
			   "4 KiB pages; huge_pages = always trusts them");
	}
}

static uint32_t shift_of(uint32_t level)
{
	return PAGE_SHIFT + 9 * (level - 1);
}

static uint64_t *slot_of(uint64_t *table, gpa_t guest, uint32_t level)
{
	return &table[(guest.value >> shift_of(level)) % ENTRY_COUNT];
}

enum hv_status stage2_create(hpa_t *root)
{
	void *table = page_alloc(1);

	if (table == NULL) {
		return HV_NO_MEMORY;
	}
	*root = arch_va_to_pa(table);
	return HV_OK;
}

/* The table below *slot, made if it is missing. */
static enum hv_status descend(uint64_t *slot, uint32_t level, uint64_t **below)
{
	struct stage2_entry entry = arch_stage2_read(*slot, level);

	if (entry.access != 0) {
		if (entry.is_leaf) {
			return HV_BUSY;
		}
		*below = arch_pa_to_va(entry.address);
		return HV_OK;
	}
	*below = page_alloc(1);
	if (*below == NULL) {
		return HV_NO_MEMORY;
	}
	entry = (struct stage2_entry){.address = arch_va_to_pa(*below), .access = STAGE2_ALL};
	*slot = arch_stage2_make(&entry, level);
	return HV_OK;
}

/* `count` leaves from this one on, all in one table. */
static enum hv_status map_leaves(hpa_t root, gpa_t guest, const struct stage2_entry *leaf,
				 uint32_t level, uint64_t count)
{
	uint64_t raw = arch_stage2_make(leaf, level);
	uint64_t *table = arch_pa_to_va(root);
	enum hv_status status;
	uint64_t *slot;

	for (uint32_t at = ROOT_LEVEL; at > level; at--) {
		status = descend(slot_of(table, guest, at), at, &table);
		if (status != HV_OK) {
			return status;
		}
	}
	for (slot = slot_of(table, guest, level); count > 0; count--, slot++) {
		if (*slot != 0) {
			return HV_BUSY;
		}
		*slot = raw;
		raw += BIT(shift_of(level));
	}
	return HV_OK;
}

/* The largest level whose page starts at both addresses and fits. */
static uint32_t leaf_level(gpa_t guest, hpa_t host, uint64_t size)
{
	uint32_t level = max_leaf;

	while (level > 1 && (!is_aligned(guest.value | host.value, BIT(shift_of(level))) ||
			     size < BIT(shift_of(level)))) {
		level--;
	}
	return level;
}

enum hv_status stage2_map(hpa_t root, const struct stage2_mapping *mapping)
{
	uint64_t done = 0;

	CHECK(is_aligned(mapping->guest.value | mapping->host.value | mapping->size, PAGE_SIZE));
	while (done < mapping->size) {
		gpa_t guest = gpa_add(mapping->guest, done);
		struct stage2_entry leaf = {.address = hpa_add(mapping->host, done),
					    .access = mapping->access,
					    .memory = mapping->memory,
					    .is_leaf = true};
		uint32_t level = leaf_level(guest, leaf.address, mapping->size - done);
		uint32_t shift = shift_of(level);
		uint64_t count = min_u64((mapping->size - done) >> shift,
					 ENTRY_COUNT - (guest.value >> shift) % ENTRY_COUNT);
		enum hv_status status = map_leaves(root, guest, &leaf, level, count);

		if (status != HV_OK) {
			return status;
		}
		done += count << shift;
	}
	return HV_OK;
}

/*
 * Walks every entry of the tree, depth first, without recursion: `index` is the position in the
 * table of each level.
 */
struct walk {
	uint64_t *table[ROOT_LEVEL + 1];
	uint32_t index[ROOT_LEVEL + 1];
	uint32_t level;
};

static void walk_start(struct walk *walk, hpa_t root)
{
	walk->level = ROOT_LEVEL;
	walk->table[ROOT_LEVEL] = arch_pa_to_va(root);
	walk->index[ROOT_LEVEL] = 0;
}

/* The next leaf, with those that continue it if it is RAM, into *entry and *size; tables that were
 * left behind are freed if asked to. */
static bool walk_next(struct walk *walk, struct stage2_entry *entry, uint64_t *size,
		      bool is_freeing)
{
	while (walk->level <= ROOT_LEVEL) {
		uint32_t at = walk->level;
		uint64_t raw;

		if (walk->index[at] == ENTRY_COUNT) {
			if (is_freeing) {
				page_free(walk->table[at], 1);
			}
			walk->level++;
			continue;
		}
		raw = walk->table[at][walk->index[at]++];
		if (raw == 0) {
			continue;
		}
		*entry = arch_stage2_read(raw, at);
		if (entry->is_leaf) {
			*size = BIT(shift_of(at));
			while (entry->memory == STAGE2_WRITE_BACK &&
			       walk->index[at] < ENTRY_COUNT &&
			       walk->table[at][walk->index[at]] == raw + *size) {
				walk->index[at]++;
				*size += BIT(shift_of(at));
			}
			return true;
		}
		walk->level--;
		walk->table[at - 1] = arch_pa_to_va(entry->address);
		walk->index[at - 1] = 0;
	}
	return false;
}

void stage2_destroy(hpa_t root)
{
	struct stage2_entry entry;
	struct walk walk;
	uint64_t size;

	walk_start(&walk, root);
	while (walk_next(&walk, &entry, &size, true)) {
	}
}

/* Whose RAM a piece of a leaf is; counted, or false. */
static bool count_ram(const struct stage2_entry *entry, uint32_t found, uint32_t owner,
		      uint64_t size, uint64_t *mapped, uint64_t *shared)
{
	if (found == owner) {
		*mapped += size;
		return true;
	}
	if (found == OWNER_SHARED && (entry->access & STAGE2_EXECUTE) == 0) {
		*shared += size;
		return true;
	}
	return false;
}

uint64_t stage2_check_owner(hpa_t root, uint32_t owner, const struct boot_passthrough *passthrough,
			    uint64_t *mapped, uint64_t *shared)
{
	struct stage2_entry entry;
	struct walk walk;
	uint64_t size;

	*mapped = 0;
	*shared = 0;
	walk_start(&walk, root);
	while (walk_next(&walk, &entry, &size, false)) {
		bool is_ram = entry.memory == STAGE2_WRITE_BACK;

		if (!is_ram && (passthrough == NULL ||
				!boot_range_holds(passthrough->memory, passthrough->memory_count,
						  entry.address.value, size))) {
			return entry.address.value;
		}
		for (uint64_t offset = 0, piece; offset < size; offset += piece) {
			hpa_t at = hpa_add(entry.address, offset);
			uint32_t found = owner_of(at);
			bool is_right;

			piece = min_u64(size - offset, FRAME_SIZE - at.value % FRAME_SIZE);
			is_right = is_ram ? count_ram(&entry, found, owner, piece, mapped, shared)
					  : found == OWNER_NONE;
			if (!is_right) {
				return at.value;
			}
		}
	}
	return UINT64_MAX;
}
