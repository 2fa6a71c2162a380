/* SPDX-License-Identifier: Apache-2.0 */
/* A first-fit page allocator over one bitmap: allocations happen at start-up and when a VM changes.
 */
#include "page_alloc.h"

#include "arch/spin.h"
#include "arch/upcalls.h"
#include "bits.h"
#include "check.h"
#include "str.h"

#define BITS 64u

struct pool {
	struct spin_lock lock;
	uint8_t *base;
	uint64_t *used; /* bit set = in use; guarded by lock */
	uint32_t page_count;
	uint32_t used_count;
};

static struct pool pool;

static bool is_used(uint32_t page)
{
	return (pool.used[page / BITS] & BIT(page % BITS)) != 0;
}

static void mark(uint32_t page, uint32_t count, bool used)
{
	for (uint32_t i = page; i < page + count; i++) {
		CHECK(is_used(i) != used);
		pool.used[i / BITS] ^= BIT(i % BITS);
	}
	pool.used_count = used ? pool.used_count + count : pool.used_count - count;
}

void page_alloc_init(void *base, uint64_t size)
{
	uint64_t bitmap_size;

	CHECK(is_aligned((uintptr_t)base, PAGE_SIZE) && is_aligned(size, PAGE_SIZE));
	pool = (struct pool){
		.base = base, .used = base, .page_count = (uint32_t)(size >> PAGE_SHIFT)};
	bitmap_size = align_up((pool.page_count + 7) / 8, PAGE_SIZE);
	CHECK(bitmap_size < size);
	memset(base, 0, bitmap_size);
	mark(0, (uint32_t)(bitmap_size >> PAGE_SHIFT), true);
}

/* First page of a free run, or page_count. */
static uint32_t find_run(uint32_t count)
{
	for (uint32_t page = 0; page + count <= pool.page_count; page++) {
		uint32_t length = 0;

		if (pool.used[page / BITS] == UINT64_MAX) {
			page |= BITS - 1;
			continue;
		}
		while (length < count && !is_used(page + length)) {
			length++;
		}
		if (length == count) {
			return page;
		}
	}
	return pool.page_count;
}

void *page_alloc(uint32_t count)
{
	void *pages = NULL;
	uint32_t page;

	CHECK(count > 0);
	spin_lock(&pool.lock);
	page = find_run(count);
	if (page < pool.page_count) {
		mark(page, count, true);
		pages = pool.base + ((uint64_t)page << PAGE_SHIFT);
	}
	spin_unlock(&pool.lock);
	if (pages != NULL) {
		memset(pages, 0, (size_t)count << PAGE_SHIFT);
	}
	return pages;
}

void page_free(void *pages, uint32_t count)
{
	uint64_t offset = (uint64_t)((uint8_t *)pages - pool.base);

	CHECK(is_aligned(offset, PAGE_SIZE) && (offset >> PAGE_SHIFT) + count <= pool.page_count);
	spin_lock(&pool.lock);
	mark((uint32_t)(offset >> PAGE_SHIFT), count, false);
	spin_unlock(&pool.lock);
}

uint32_t page_alloc_used(void)
{
	return pool.used_count;
}

uint32_t page_alloc_total(void)
{
	return pool.page_count;
}
