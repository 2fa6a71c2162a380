/* SPDX-License-Identifier: Apache-2.0 */
/* The owner table. */
#include "owner.h"

#include "arch/upcalls.h"
#include "bits.h"
#include "check.h"

#define GIANT_FRAMES (GIANT_SIZE / FRAME_SIZE)

struct run {
	uint64_t first; /* frames */
	uint64_t count;
};

static uint16_t *table;
static uint64_t frame_count;

static uint32_t owner_of_type(uint32_t type)
{
	static const uint16_t owners[] = {[BOOT_MEMORY_FREE] = OWNER_FREE,
					  [BOOT_MEMORY_HYPERVISOR] = OWNER_HYPERVISOR,
					  [BOOT_MEMORY_MODULES] = OWNER_MODULES,
					  [BOOT_MEMORY_IDENTITY] = OWNER_IDENTITY};

	return type < ARRAY_COUNT(owners) ? owners[type] : OWNER_NONE;
}

/*
 * A frame is free only if it is free as a whole. What the hypervisor and the modules touch is
 * theirs, so that no rounding can give a byte of them away; all else that is mixed is nobody's.
 */
static void apply(const struct boot_memory *memory)
{
	uint32_t owner = owner_of_type(memory->type);
	uint64_t first = memory->base >> FRAME_SHIFT;
	uint64_t end = (memory->base + memory->size) >> FRAME_SHIFT;

	if (owner == OWNER_FREE) {
		first = align_up(memory->base, FRAME_SIZE) >> FRAME_SHIFT;
	} else if (owner != OWNER_NONE) {
		end = align_up(memory->base + memory->size, FRAME_SIZE) >> FRAME_SHIFT;
	} else {
		return;
	}
	for (uint64_t frame = first; frame < end; frame++) {
		if (owner != OWNER_FREE || table[frame] == OWNER_NONE) {
			table[frame] = (uint16_t)owner;
		}
	}
}

enum hv_status owner_init(const struct boot_memory *memory, uint32_t count)
{
	uint64_t end = 0;
	uint64_t pages;

	for (uint32_t i = 0; i < count; i++) {
		if (owner_of_type(memory[i].type) != OWNER_NONE) {
			end = max_u64(end, memory[i].base + memory[i].size);
		}
	}
	frame_count = align_up(end, FRAME_SIZE) >> FRAME_SHIFT;
	pages = align_up(frame_count * sizeof(*table) + 1, PAGE_SIZE) >> PAGE_SHIFT;
	table = page_alloc((uint32_t)pages);
	if (table == NULL) {
		return HV_NO_MEMORY;
	}
	for (uint32_t i = 0; i < count; i++) {
		apply(&memory[i]);
	}
	if (frame_count > 0) {
		table[0] = OWNER_NONE; /* the trampoline and what firmware left below 1 MiB */
	}
	return HV_OK;
}

uint32_t owner_of(hpa_t address)
{
	uint64_t frame = address.value >> FRAME_SHIFT;

	return frame < frame_count ? table[frame] : OWNER_NONE;
}

/* The next run of free frames at or after `from`; count 0 = none. */
static struct run next_free(uint64_t from)
{
	struct run run = {.first = from};

	while (run.first < frame_count && table[run.first] != OWNER_FREE) {
		run.first++;
	}
	while (run.first + run.count < frame_count && table[run.first + run.count] == OWNER_FREE) {
		run.count++;
	}
	return run;
}

/* Is `run` a better home for `wanted` frames than `best`? */
static bool is_better(struct run run, struct run best, uint64_t wanted)
{
	bool is_enough = run.count >= wanted;
	bool is_best_enough = best.count >= wanted;

	if (is_enough != is_best_enough) {
		return is_enough;
	}
	return is_enough ? run.count < best.count : run.count > best.count;
}

enum hv_status owner_find(uint64_t wanted, hpa_t *base, uint64_t *size)
{
	uint64_t frames = wanted >> FRAME_SHIFT;
	struct run best = {0};

	for (struct run run = next_free(0); run.count > 0; run = next_free(run.first + run.count)) {
		struct run giant = run;

		if (frames >= GIANT_FRAMES) {
			giant.first = align_up(run.first, GIANT_FRAMES);
			giant.count = giant.first < run.first + run.count
					      ? run.first + run.count - giant.first
					      : 0;
		}
		if (giant.count < frames && run.count >= frames) {
			giant = run; /* whole without the boundary beats aligned in pieces */
		}
		if (giant.count > 0 && (best.count == 0 || is_better(giant, best, frames))) {
			best = giant;
		}
	}
	if (best.count == 0) {
		return HV_NO_MEMORY;
	}
	*base = hpa_from_u64(best.first << FRAME_SHIFT);
	*size = min_u64(best.count, frames) << FRAME_SHIFT;
	return HV_OK;
}

enum hv_status owner_change(hpa_t base, uint64_t size, uint32_t from, uint32_t to)
{
	uint64_t first = base.value >> FRAME_SHIFT;
	uint64_t count = size >> FRAME_SHIFT;

	CHECK(is_aligned(base.value | size, FRAME_SIZE));
	if (first > frame_count || count > frame_count - first) {
		return HV_DENIED;
	}
	for (uint64_t i = first; i < first + count; i++) {
		if (table[i] != from) {
			return HV_DENIED;
		}
	}
	for (uint64_t i = first; i < first + count; i++) {
		table[i] = (uint16_t)to;
	}
	return HV_OK;
}

uint64_t owner_total(uint32_t owner)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < frame_count; i++) {
		count += table[i] == owner;
	}
	return count << FRAME_SHIFT;
}
