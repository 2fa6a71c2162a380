/* SPDX-License-Identifier: Apache-2.0 */
/* Tries XSAVEC. SDM 1, "Managing State Using the XSAVE Feature Set". */
#include "xsave_check.h"

#include "bits.h"
#include "cpu_ops.h"

#include <stddef.h>

#define CPUID_1_ECX_XSAVE BIT32(26)
#define CPUID_1_ECX_AVX   BIT32(28)
#define XCR0_X87          BIT(0)
#define XCR0_SSE          BIT(1)
#define XCR0_AVX          BIT(2)
#define MXCSR_INIT        0x1f80u
#define PATTERN           UINT64_C(0x5a17c0dedeadbeef)
#define HIGH_COUNT        32u /* 64-bit words of the upper halves of YMM0 to YMM15 */

/* "XSAVE Area"; in both forms AVX state, the first extended component, is right behind the header.
 */
struct area {
	uint8_t legacy[24];
	uint32_t mxcsr;
	uint8_t legacy_rest[XSAVE_HEADER_END - 64 - 28];
	uint64_t components;
	uint64_t form;
	uint64_t reserved[6];
	uint64_t ymm_high[HIGH_COUNT];
} __attribute__((aligned(64)));
_Static_assert(offsetof(struct area, ymm_high) == XSAVE_HEADER_END, "layout");

static struct area before;
static struct area loaded;
static struct area stored;

static bool has_xsavec(void)
{
	uint32_t wanted = CPUID_1_ECX_XSAVE | CPUID_1_ECX_AVX;

	return (cpuid_read(CPUID_FEATURES, 0).ecx & wanted) == wanted && cpuid_has(CPUID_XSAVE) &&
	       (cpuid_read(CPUID_XSAVE, 1).eax & CPUID_D1_EAX_XSAVEC) != 0;
}

static uint64_t xcr0_read(void)
{
	uint32_t low;
	uint32_t high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

static void xcr0_write(uint64_t value)
{
	__asm__ volatile("xsetbv"
			 :
			 : "c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

static void store_and_load(void)
{
	uint32_t all = XCR0_X87 | XCR0_SSE | XCR0_AVX;
	uint32_t extended = XCR0_SSE | XCR0_AVX;

	__asm__ volatile("xsave64 %0" : "+m"(before) : "a"(all), "d"(0) : "memory");
	__asm__ volatile("xrstor64 %0" : : "m"(loaded), "a"(extended), "d"(0) : "memory");
	__asm__ volatile("xsavec64 %0" : "+m"(stored) : "a"(extended), "d"(0) : "memory");
	__asm__ volatile("xrstor64 %0" : : "m"(before), "a"(all), "d"(0) : "memory");
}

/* The firmware's interrupts must not meet what is changed here. */
static void try_out(void)
{
	uint64_t flags;
	uint64_t cr4;
	uint64_t xcr0;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	__asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("movq %0, %%cr4" : : "r"(cr4 | CR4_OSXSAVE) : "memory");
	xcr0 = xcr0_read();
	xcr0_write(xcr0 | XCR0_X87 | XCR0_SSE | XCR0_AVX);
	store_and_load();
	xcr0_write(xcr0);
	__asm__ volatile("movq %0, %%cr4" : : "r"(cr4) : "memory");
	__asm__ volatile("pushq %0; popfq" : : "r"(flags) : "memory", "cc");
}

bool xsave_is_compacted_right(void)
{
	if (!has_xsavec()) {
		return true;
	}
	loaded.mxcsr = MXCSR_INIT;
	loaded.components = XCR0_AVX;
	for (uint32_t i = 0; i < HIGH_COUNT; i++) {
		loaded.ymm_high[i] = PATTERN + i;
	}
	try_out();
	for (uint32_t i = 0; i < HIGH_COUNT; i++) {
		if (stored.ymm_high[i] != PATTERN + i) {
			return false;
		}
	}
	return true;
}
