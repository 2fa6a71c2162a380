/* SPDX-License-Identifier: Apache-2.0 */
/* Second-level tables against a stupid list of mappings, in the fake arch's invented entry format.
 */
/* Links: hv/stage2.c hv/owner.c hv/page_alloc.c arch/fake/fake_cpu.c arch/fake/fake_vcpu.c arch/fake/fake_mem.c arch/fake/fake_lapic.c arch/fake/fake_clock.c arch/fake/fake_port.c arch/fake/fake_pte.c arch/fake/fake_io.c */
#include "stage2.h"

#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "bits.h"
#include "fake.h"
#include "owner.h"
#include "page_alloc.h"
#include "tap.h"

#include <stdlib.h>

#define MIB      (UINT64_C(1) << 20)
#define GIB      (UINT64_C(1) << 30)
#define LIST_MAX 64u

static void start(uint32_t max_leaf)
{
	static const struct boot_memory memory[] = {{2 * MIB, 4 * GIB, BOOT_MEMORY_FREE, 0}};

	fake_reset();
	fake_memory_init(8 * MIB, 8 * MIB);
	page_alloc_init(fake_memory_at(hpa_from_u64(FAKE_MEMORY_BASE)), 8 * MIB);
	fake_vcpus.max_leaf = max_leaf;
	stage2_init(false);
	TAP_EQUAL(owner_init(memory, 1), HV_OK);
}

static struct stage2_mapping mapping_of(uint64_t guest, uint64_t host, uint64_t size)
{
	return (struct stage2_mapping){.guest = gpa_from_u64(guest),
				       .host = hpa_from_u64(host),
				       .size = size,
				       .access = STAGE2_ALL,
				       .memory = STAGE2_WRITE_BACK};
}

static void uses_the_largest_pages(void)
{
	static const uint32_t tables[] = {0, 2 + 1 + 512, 1 + 1, 1};
	hpa_t root;

	for (uint32_t leaf = 1; leaf <= 3; leaf++) {
		struct stage2_mapping mapping = mapping_of(0, GIB, GIB);
		uint32_t before;

		start(leaf);
		before = page_alloc_used();
		TAP_EQUAL(stage2_create(&root), HV_OK);
		TAP_EQUAL(stage2_map(root, &mapping), HV_OK);
		TAP_EQUAL(page_alloc_used() - before, leaf == 1 ? tables[1] : tables[leaf] + 1);
		stage2_destroy(root);
		TAP_EQUAL(page_alloc_used(), before);
	}
}

static void small_pages_where_large_ones_are_dangerous(void)
{
	struct stage2_mapping mapping = mapping_of(0, GIB, GIB);
	uint32_t before;
	hpa_t root;

	for (uint32_t is_trusted = 0; is_trusted < 2; is_trusted++) {
		start(3);
		fake_vcpus.is_multihit = true;
		stage2_init(is_trusted != 0);
		before = page_alloc_used();
		TAP_EQUAL(stage2_create(&root), HV_OK);
		TAP_EQUAL(stage2_map(root, &mapping), HV_OK);
		TAP_EQUAL(page_alloc_used() - before, is_trusted != 0 ? 2 : 2 + 1 + 512);
	}
}

static void refuses_a_second_mapping(void)
{
	struct stage2_mapping mapping = mapping_of(2 * MIB, 4 * MIB, 2 * MIB);
	struct stage2_mapping inside = mapping_of(2 * MIB + 4096, 8 * MIB, 4096);
	struct stage2_mapping giant = mapping_of(0, GIB, GIB);
	hpa_t root;

	start(3);
	TAP_EQUAL(stage2_create(&root), HV_OK);
	TAP_EQUAL(stage2_map(root, &mapping), HV_OK);
	TAP_EQUAL(stage2_map(root, &mapping), HV_BUSY);
	TAP_EQUAL(stage2_map(root, &inside), HV_BUSY);
	TAP_EQUAL(stage2_map(root, &giant), HV_BUSY);
}

static void says_when_the_pool_is_empty(void)
{
	struct stage2_mapping mapping = mapping_of(0, 0, 4096);
	hpa_t root;
	void *page;

	start(3);
	TAP_EQUAL(stage2_create(&root), HV_OK);
	page = page_alloc(1);
	while (page_alloc(1) != NULL) {
	}
	page_free(page, 1); /* one table of the three that are needed */
	TAP_EQUAL(stage2_map(root, &mapping), HV_NO_MEMORY);
	stage2_destroy(root);
	TAP_CHECK(page_alloc(1) != NULL);
	TAP_CHECK(page_alloc(1) != NULL);
	TAP_CHECK(page_alloc(1) == NULL);
}

/* HV_NOT_FOUND: not mapped. */
static enum hv_status translate(hpa_t root, gpa_t guest, hpa_t *host)
{
	uint64_t *table = arch_pa_to_va(root);

	if (guest.value >> 48 != 0) {
		return HV_NOT_FOUND;
	}
	for (uint32_t level = 4; level > 0; level--) {
		uint32_t shift = 12 + 9 * (level - 1);
		struct stage2_entry entry =
			arch_stage2_read(table[guest.value >> shift & 511], level);

		if (entry.access == 0) {
			return HV_NOT_FOUND;
		}
		if (entry.is_leaf) {
			*host = hpa_add(entry.address, guest.value & (BIT(shift) - 1));
			return HV_OK;
		}
		table = arch_pa_to_va(entry.address);
	}
	return HV_NOT_FOUND;
}

static const struct stage2_mapping *find(const struct stage2_mapping *list, uint32_t count,
					 uint64_t at)
{
	for (uint32_t i = 0; i < count; i++) {
		if (at - list[i].guest.value < list[i].size) {
			return &list[i];
		}
	}
	return NULL;
}

static bool is_clear(const struct stage2_mapping *list, uint32_t count,
		     const struct stage2_mapping *new)
{
	for (uint32_t i = 0; i < count; i++) {
		if (new->guest.value < list[i].guest.value + list[i].size &&
		    list[i].guest.value < new->guest.value + new->size) {
			return false;
		}
	}
	return true;
}

static void check_translation(hpa_t root, const struct stage2_mapping *list, uint32_t count)
{
	for (uint32_t i = 0; i < 2000; i++) {
		uint64_t at = ((uint64_t)rand() << 12 | (uint64_t)rand() % 4096) % (8 * GIB);
		const struct stage2_mapping *mapping;
		hpa_t host = {0};
		enum hv_status status;

		if (i % 2 == 0) {
			at = list[i % count].guest.value + at % list[i % count].size;
		}
		mapping = find(list, count, at);
		status = translate(root, gpa_from_u64(at), &host);
		if (status != (mapping != NULL ? HV_OK : HV_NOT_FOUND)) {
			TAP_EQUAL(status, HV_OK);
		}
		if (mapping != NULL &&
		    host.value != mapping->host.value + at - mapping->guest.value) {
			TAP_EQUAL(host.value, mapping->host.value + at - mapping->guest.value);
		}
	}
}

static void agrees_with_a_list(void)
{
	srand(11);
	for (uint32_t leaf = 1; leaf <= 3; leaf++) {
		struct stage2_mapping list[LIST_MAX];
		uint32_t count = 0;
		hpa_t root;

		start(leaf);
		TAP_EQUAL(stage2_create(&root), HV_OK);
		for (uint32_t i = 0; i < 40; i++) {
			uint64_t unit = rand() % 2 == 0 ? 4096 : 2 * MIB;
			struct stage2_mapping new = mapping_of((uint64_t)rand() % 4096 * unit,
							       (uint64_t)rand() % 65536 * unit,
							       (1 + (uint64_t)rand() % 8) * unit);

			if (is_clear(list, count, &new)) {
				TAP_EQUAL(stage2_map(root, &new), HV_OK);
				list[count++] = new;
			}
		}
		TAP_CHECK(count > 10);
		check_translation(root, list, count);
		stage2_destroy(root);
	}
}

static void finds_foreign_frames(void)
{
	struct stage2_mapping own = mapping_of(0, 64 * MIB, 8 * MIB);
	struct stage2_mapping foreign = mapping_of(16 * MIB, 128 * MIB + 8192, 4096);
	uint64_t mapped;
	uint64_t shared;
	hpa_t root;

	start(3);
	TAP_EQUAL(owner_change(own.host, own.size, OWNER_FREE, OWNER_VM + 3), HV_OK);
	TAP_EQUAL(stage2_create(&root), HV_OK);
	TAP_EQUAL(stage2_map(root, &own), HV_OK);
	TAP_EQUAL(stage2_check_owner(root, OWNER_VM + 3, NULL, &mapped, &shared), UINT64_MAX);
	TAP_EQUAL(mapped, 8 * MIB);
	TAP_EQUAL(stage2_check_owner(root, OWNER_VM + 2, NULL, &mapped, &shared), 64 * MIB);
	TAP_EQUAL(stage2_map(root, &foreign), HV_OK);
	TAP_EQUAL(stage2_check_owner(root, OWNER_VM + 3, NULL, &mapped, &shared), 128 * MIB + 8192);
}

/* Small pages in a row are looked at together: a foreign frame behind or between them is found. */
static void finds_foreign_frames_in_a_row(void)
{
	struct stage2_mapping row = mapping_of(0, 64 * MIB, 8 * MIB);
	struct stage2_mapping crooked = mapping_of(16 * MIB, 79 * MIB, 2 * MIB);
	uint64_t mapped;
	uint64_t shared;
	hpa_t root;

	for (uint32_t leaf = 1; leaf <= 3; leaf++) {
		start(leaf);
		TAP_EQUAL(owner_change(row.host, 16 * MIB, OWNER_FREE, OWNER_VM), HV_OK);
		TAP_EQUAL(stage2_create(&root), HV_OK);
		TAP_EQUAL(stage2_map(root, &row), HV_OK);
		TAP_EQUAL(stage2_check_owner(root, OWNER_VM, NULL, &mapped, &shared), UINT64_MAX);
		TAP_EQUAL(mapped, 8 * MIB);
		TAP_EQUAL(owner_change(hpa_from_u64(68 * MIB), 2 * MIB, OWNER_VM, OWNER_FREE),
			  HV_OK);
		TAP_EQUAL(stage2_check_owner(root, OWNER_VM, NULL, &mapped, &shared), 68 * MIB);
		TAP_EQUAL(mapped, 4 * MIB);
		TAP_EQUAL(owner_change(hpa_from_u64(68 * MIB), 2 * MIB, OWNER_FREE, OWNER_VM),
			  HV_OK);
		TAP_EQUAL(stage2_map(root, &crooked), HV_OK);
		TAP_EQUAL(stage2_check_owner(root, OWNER_VM, NULL, &mapped, &shared), 80 * MIB);
		TAP_EQUAL(mapped, 9 * MIB);
	}
}

/* The channel's frame counts apart, and only where it cannot be executed. */
static void tells_shared_frames_apart(void)
{
	struct stage2_mapping own = mapping_of(0, 64 * MIB, 4 * MIB);
	struct stage2_mapping common = mapping_of(16 * MIB, 128 * MIB, 2 * MIB);
	struct stage2_mapping code = mapping_of(32 * MIB, 128 * MIB + 4096, 4096);
	uint64_t mapped;
	uint64_t shared;
	hpa_t root;

	for (uint32_t leaf = 1; leaf <= 3; leaf++) {
		start(leaf);
		TAP_EQUAL(owner_change(own.host, own.size, OWNER_FREE, OWNER_VM), HV_OK);
		TAP_EQUAL(owner_change(common.host, common.size, OWNER_FREE, OWNER_SHARED), HV_OK);
		TAP_EQUAL(stage2_create(&root), HV_OK);
		TAP_EQUAL(stage2_map(root, &own), HV_OK);
		TAP_EQUAL(stage2_check_owner(root, OWNER_VM, NULL, &mapped, &shared), UINT64_MAX);
		TAP_EQUAL(shared, 0);
		common.access = STAGE2_READ | STAGE2_WRITE;
		TAP_EQUAL(stage2_map(root, &common), HV_OK);
		TAP_EQUAL(stage2_check_owner(root, OWNER_VM, NULL, &mapped, &shared), UINT64_MAX);
		TAP_EQUAL(mapped, 4 * MIB);
		TAP_EQUAL(shared, 2 * MIB);
		TAP_EQUAL(stage2_check_owner(root, OWNER_VM + 1, NULL, &mapped, &shared), 64 * MIB);
		TAP_EQUAL(stage2_map(root, &code), HV_OK);
		TAP_EQUAL(stage2_check_owner(root, OWNER_VM, NULL, &mapped, &shared),
			  128 * MIB + 4096);
	}
}

/* Device memory is nobody's, and one of the ranges that were handed over. */
static void finds_what_is_no_device(void)
{
	static const struct boot_passthrough none;
	struct boot_passthrough devices = {
		.memory_count = 2,
		.memory = {{8 * GIB, 3 * MIB}, {64 * MIB, 2 * MIB}},
	};
	struct stage2_mapping own = mapping_of(0, 32 * MIB, 2 * MIB);
	struct stage2_mapping device = mapping_of(8 * GIB, 8 * GIB, 3 * MIB);
	struct stage2_mapping ram = mapping_of(64 * MIB, 64 * MIB, 2 * MIB);
	uint64_t mapped;
	uint64_t shared;
	hpa_t root;

	start(3);
	TAP_EQUAL(owner_change(own.host, own.size, OWNER_FREE, OWNER_VM + 3), HV_OK);
	TAP_EQUAL(stage2_create(&root), HV_OK);
	TAP_EQUAL(stage2_map(root, &own), HV_OK);
	device.memory = STAGE2_UNCACHED;
	TAP_EQUAL(stage2_map(root, &device), HV_OK);
	TAP_EQUAL(stage2_check_owner(root, OWNER_VM + 3, &devices, &mapped, &shared), UINT64_MAX);
	TAP_EQUAL(mapped, 2 * MIB); /* RAM alone */
	TAP_EQUAL(stage2_check_owner(root, OWNER_VM + 3, NULL, &mapped, &shared), 8 * GIB);
	TAP_EQUAL(stage2_check_owner(root, OWNER_VM + 3, &none, &mapped, &shared), 8 * GIB);
	devices.memory[0].size -= PAGE_SIZE;
	TAP_EQUAL(stage2_check_owner(root, OWNER_VM + 3, &devices, &mapped, &shared),
		  8 * GIB + 3 * MIB - PAGE_SIZE);
	devices.memory[0].size += PAGE_SIZE;
	ram.memory = STAGE2_UNCACHED; /* free RAM, though it is in a range */
	TAP_EQUAL(stage2_map(root, &ram), HV_OK);
	TAP_EQUAL(stage2_check_owner(root, OWNER_VM + 3, &devices, &mapped, &shared), 64 * MIB);
}

static const struct tap_case cases[] = {
	{"uses the largest pages", uses_the_largest_pages},
	{"small pages where large ones are dangerous", small_pages_where_large_ones_are_dangerous},
	{"refuses a second mapping", refuses_a_second_mapping},
	{"says when the pool is empty", says_when_the_pool_is_empty},
	{"agrees with a list of mappings", agrees_with_a_list},
	{"finds foreign frames", finds_foreign_frames},
	{"finds foreign frames in a row", finds_foreign_frames_in_a_row},
	{"tells shared frames apart", tells_shared_frames_apart},
	{"finds what is no device", finds_what_is_no_device},
};

TAP_MAIN(cases)
