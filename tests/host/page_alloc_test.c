/* SPDX-License-Identifier: Apache-2.0 */
/* The pool: exhaustion, double free, and random use against a plain list of pages. */
/* Links: hv/page_alloc.c arch/fake/fake_cpu.c arch/fake/fake_vcpu.c arch/fake/fake_mem.c arch/fake/fake_lapic.c arch/fake/fake_clock.c arch/fake/fake_port.c arch/fake/fake_pte.c arch/fake/fake_io.c */
#include "page_alloc.h"

#include "arch/upcalls.h"
#include "tap.h"

#include <stdlib.h>

#define PAGES 256u

static uint8_t *base;

static void start(void)
{
	free(base);
	base = aligned_alloc(16384, PAGES * PAGE_SIZE);
	memset(base, 0xa5, PAGES * PAGE_SIZE);
	page_alloc_init(base, PAGES * PAGE_SIZE);
}

static void gives_zeroed_aligned_pages(void)
{
	static const uint32_t counts[] = {1, 2, 3, 4, 5, 8};

	start();
	TAP_EQUAL(page_alloc_used(), 1); /* its bitmap */
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		uint8_t *pages = page_alloc(counts[i]);
		uint64_t sum = 0;

		TAP_CHECK(pages != NULL);
		TAP_EQUAL((uintptr_t)pages % PAGE_SIZE, 0);
		for (size_t at = 0; at < counts[i] * PAGE_SIZE; at++) {
			sum += pages[at];
		}
		TAP_EQUAL(sum, 0);
	}
}

static void says_when_it_is_empty(void)
{
	uint32_t got = 0;

	start();
	TAP_CHECK(page_alloc(PAGES) == NULL);
	while (page_alloc(1) != NULL) {
		got++;
	}
	TAP_EQUAL(got, PAGES - 1);
	TAP_EQUAL(page_alloc_used(), PAGES);
	page_free(base + 7 * PAGE_SIZE, 1);
	TAP_CHECK(page_alloc(2) == NULL);
	TAP_CHECK(page_alloc(1) == base + 7 * PAGE_SIZE);
}

/* Words of the bitmap that are full are passed over whole, wherever the pool starts. */
static void finds_the_only_run(void)
{
	for (uint32_t shift = 0; shift < 4; shift++) {
		for (uint32_t count = 1; count <= 4; count *= 2) {
			for (uint32_t free = 4 - shift; free + count < PAGES - shift; free += 4) {
				start();
				page_alloc_init(base + shift * PAGE_SIZE,
						(PAGES - shift) * PAGE_SIZE);
				while (page_alloc(1) != NULL) {
				}
				page_free(base + (shift + free) * PAGE_SIZE, count);
				TAP_CHECK(page_alloc(count) == base + (shift + free) * PAGE_SIZE);
				TAP_CHECK(page_alloc(1) == NULL);
			}
		}
	}
}

static void refuses_a_second_free(void)
{
	uint8_t *pages;

	start();
	pages = page_alloc(2);
	page_free(pages, 2);
	TAP_DIES(page_free(pages, 1));
	start();
	TAP_DIES(page_free(base + PAGES * PAGE_SIZE, 1));
}

/* The reference: an owner number for each page. */
static void random_use_never_overlaps(void)
{
	uint32_t owner[PAGES] = {0};
	uint8_t *held[64] = {0};
	uint32_t sizes[64] = {0};

	start();
	srand(7);
	for (uint32_t round = 0; round < 20000; round++) {
		uint32_t slot = (uint32_t)rand() % 64;

		if (held[slot] != NULL) {
			uint32_t first = (uint32_t)((uint64_t)(held[slot] - base) / PAGE_SIZE);

			for (uint32_t i = 0; i < sizes[slot]; i++) {
				owner[first + i] = 0;
			}
			page_free(held[slot], sizes[slot]);
			held[slot] = NULL;
			continue;
		}
		sizes[slot] = 1 + (uint32_t)rand() % 9;
		held[slot] = page_alloc(sizes[slot]);
		for (uint32_t i = 0; held[slot] != NULL && i < sizes[slot]; i++) {
			uint32_t page = (uint32_t)((uint64_t)(held[slot] - base) / PAGE_SIZE) + i;

			if (owner[page] != 0) {
				TAP_EQUAL(owner[page], 0);
			}
			owner[page] = slot + 1;
		}
	}
	for (uint32_t slot = 0; slot < 64; slot++) {
		if (held[slot] != NULL) {
			page_free(held[slot], sizes[slot]);
		}
	}
	TAP_EQUAL(page_alloc_used(), 1);
}

static const struct tap_case cases[] = {
	{"gives zeroed, aligned pages", gives_zeroed_aligned_pages},
	{"says when it is empty", says_when_it_is_empty},
	{"finds the only run", finds_the_only_run},
	{"refuses a second free", refuses_a_second_free},
	{"random use never overlaps", random_use_never_overlaps},
};

TAP_MAIN(cases)
