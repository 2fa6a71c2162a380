/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's page tables: W^X by segment, guard pages below stacks. */
#include "space.h"

#include "elf_format.h"
#include "space_abi.h"

#define TOP_ENTRY (PAGETABLE_ENTRIES - 1) /* of a root: all of the hypervisor's space is there */
#define DATA      (PAGETABLE_W | PAGETABLE_NX | PAGETABLE_G)

_Static_assert(__builtin_popcount(SPACE_SLOT_MAPPED) == SPACE_PRIVATE_PAGES, "a page for each");

static uint64_t flags_of(const struct elf_load_segment *segment)
{
	uint64_t flags = PAGETABLE_G;

	flags |= (segment->flags & ELF_FLAG_WRITE) != 0 ? PAGETABLE_W : 0;
	flags |= (segment->flags & ELF_FLAG_EXECUTE) != 0 ? 0 : PAGETABLE_NX;
	return flags;
}

/* Where the pages from `at` on end that have one kind of access, and which. */
static uint64_t run_end(const struct space *space, uint64_t at, uint64_t *flags)
{
	uint64_t end = space->region_size;

	*flags = DATA;
	for (uint32_t i = 0; i < space->image->segment_count; i++) {
		const struct elf_load_segment *segment = &space->image->segments[i];
		uint64_t first = segment->region_offset;
		uint64_t last = align_up(first + segment->memory_size, PAGE_SIZE);

		if (at >= first && at < last) {
			*flags = flags_of(segment);
			return last;
		}
		if (first > at && first < end) {
			end = first;
		}
	}
	return end;
}

static enum hv_status map_region(struct space *space)
{
	enum hv_status status = HV_OK;
	uint64_t end;

	for (uint64_t at = 0; at < space->region_size && status == HV_OK; at = end) {
		struct mapping mapping = {
			.virtual = HV_VIRT_BASE + at,
			.physical = space->region + at,
		};

		end = run_end(space, at, &mapping.flags);
		mapping.size = end - at;
		status = pagetable_map(&space->pool, space->root, &mapping);
	}
	return status;
}

static enum hv_status map_slots(struct space *space)
{
	struct mapping mapping = {
		.physical = space->private_pages,
		.size = PAGE_SIZE,
		.flags = DATA,
	};
	enum hv_status status = HV_OK;

	for (uint32_t i = 0; i < space->cpu_count * SPACE_SLOT_PAGES && status == HV_OK; i++) {
		if ((SPACE_SLOT_MAPPED >> i % SPACE_SLOT_PAGES & 1) != 0) {
			mapping.virtual = space_slot_page(0, i);
			status = pagetable_map(&space->pool, space->root, &mapping);
			mapping.physical += PAGE_SIZE;
		}
	}
	return status;
}

static enum hv_status map_xapic(struct space *space)
{
	struct mapping mapping = {
		.virtual = SPACE_XAPIC,
		.physical = space->xapic,
		.size = PAGE_SIZE,
		.flags = DATA,
		.cache = PAGETABLE_UC,
	};

	space->device_next = SPACE_XAPIC + PAGE_SIZE;
	return space->xapic != 0 ? pagetable_map(&space->pool, space->root, &mapping) : HV_OK;
}

/* Executable, not writable: the trampoline only reads its page. */
static enum hv_status make_start_root(struct space *space)
{
	struct mapping mapping = {
		.virtual = space->trampoline,
		.physical = space->trampoline,
		.size = PAGE_SIZE,
	};

	space_join(space, space->start_root);
	return pagetable_map(&space->pool, space->start_root, &mapping);
}

enum hv_status space_build(struct space *space)
{
	enum hv_status status;

	space->root = pagetable_new(&space->pool);
	space->start_root = pagetable_new(&space->pool);
	if (space->root == NULL || space->start_root == NULL) {
		return HV_NO_MEMORY;
	}
	space->windows = pagetable_entry(&space->pool, space->root, SPACE_WINDOW_BASE, 2);
	if (space->windows == NULL) {
		return HV_NO_MEMORY;
	}
	status = map_region(space);
	if (status == HV_OK) {
		status = map_slots(space);
	}
	if (status == HV_OK) {
		status = map_xapic(space);
	}
	return status == HV_OK ? make_start_root(space) : status;
}

uint64_t space_map(struct space *space, uint64_t base, uint64_t size, uint64_t flags,
		   enum pagetable_cache cache)
{
	uint64_t offset = base & (PAGE_SIZE - 1);
	struct mapping mapping = {
		.virtual = space->device_next,
		.physical = base - offset,
		.flags = flags | PAGETABLE_NX | PAGETABLE_G,
		.cache = cache,
	};

	if (size == 0 || size > SPACE_DEVICE_END - SPACE_DEVICE_BASE || base + size < base) {
		return 0;
	}
	mapping.size = align_up(size + offset, PAGE_SIZE);
	/* At the same distance from a 2 MiB boundary, so that large pages fit. */
	if (mapping.size >= FRAME_SIZE) {
		mapping.virtual = align_up(mapping.virtual, FRAME_SIZE) +
				  (mapping.physical & (FRAME_SIZE - 1));
	}
	if (mapping.virtual > SPACE_DEVICE_END ||
	    mapping.size > SPACE_DEVICE_END - mapping.virtual) {
		return 0;
	}
	/* Even a failed attempt may have left entries: its addresses are not used again. */
	space->device_next = mapping.virtual + mapping.size;
	return pagetable_map(&space->pool, space->root, &mapping) == HV_OK
		       ? mapping.virtual + offset
		       : 0;
}

void space_join(const struct space *space, uint64_t *other_root)
{
	other_root[TOP_ENTRY] = space->root[TOP_ENTRY];
}
