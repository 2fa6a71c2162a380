/* SPDX-License-Identifier: Apache-2.0 */
/* Bit and field helpers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BIT(n)             (UINT64_C(1) << (n))
#define BIT32(n)           (UINT32_C(1) << (n))
#define MASK64(high, low)  ((~UINT64_C(0) >> (63 - (high))) & (~UINT64_C(0) << (low)))
#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline uint32_t low32(uint64_t value)
{
	return (uint32_t)(value & UINT32_MAX);
}

static inline uint32_t high32(uint64_t value)
{
	return (uint32_t)(value >> 32);
}

static inline uint64_t join32(uint32_t high, uint32_t low)
{
	return (uint64_t)high << 32 | low;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Number of set bits, without the compiler's library. */
static inline uint32_t bit_count(uint64_t value)
{
	uint32_t count = 0;

	for (; value != 0; value &= value - 1) {
		count++;
	}
	return count;
}

/* The bits of a register or access of `size` bytes (1, 2, 4 or 8). */
static inline uint64_t size_mask(uint32_t size)
{
	return size >= 8 ? ~UINT64_C(0) : BIT(size * 8) - 1;
}
