/* SPDX-License-Identifier: Apache-2.0 */
/* Address types: a guest-physical and a host-physical address never mix. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Guest-physical address: what a partition calls physical. */
typedef struct {
	uint64_t value;
} gpa_t;

/* Host-physical address: a real one. */
typedef struct {
	uint64_t value;
} hpa_t;

#define PAGE_SHIFT  12u
#define PAGE_SIZE   (UINT64_C(1) << PAGE_SHIFT)
#define FRAME_SHIFT 21u /* unit of ownership: 2 MiB */
#define FRAME_SIZE  (UINT64_C(1) << FRAME_SHIFT)
#define GIANT_SHIFT 30u
#define GIANT_SIZE  (UINT64_C(1) << GIANT_SHIFT)

static inline gpa_t gpa_from_u64(uint64_t value)
{
	return (gpa_t){value};
}

static inline hpa_t hpa_from_u64(uint64_t value)
{
	return (hpa_t){value};
}

static inline gpa_t gpa_add(gpa_t address, uint64_t offset)
{
	return (gpa_t){address.value + offset};
}

static inline hpa_t hpa_add(hpa_t address, uint64_t offset)
{
	return (hpa_t){address.value + offset};
}

/* alignment is a power of two. */
static inline bool is_aligned(uint64_t value, uint64_t alignment)
{
	return (value & (alignment - 1)) == 0;
}

static inline uint64_t align_down(uint64_t value, uint64_t alignment)
{
	return value & ~(alignment - 1);
}

/* The caller makes sure that value + alignment does not wrap. */
static inline uint64_t align_up(uint64_t value, uint64_t alignment)
{
	return align_down(value + alignment - 1, alignment);
}
