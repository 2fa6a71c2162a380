/* SPDX-License-Identifier: Apache-2.0 */
/* CPU instructions that the loader needs. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cpuid {
	uint32_t eax;
	uint32_t ebx;
	uint32_t ecx;
	uint32_t edx;
};

static inline struct cpuid cpuid_read(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid result;

	__asm__ volatile("cpuid"
			 : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
			 : "a"(leaf), "c"(subleaf));
	return result;
}

/* Whether a leaf of the basic (0) or extended (0x80000000) range exists. */
static inline bool cpuid_has(uint32_t leaf)
{
	return cpuid_read(leaf & 0x80000000u, 0).eax >= leaf;
}

/* Ordered behind all earlier loads and instructions. */
static inline uint64_t tsc_read(void)
{
	uint32_t low;
	uint32_t high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline uint64_t msr_read(uint32_t msr)
{
	uint32_t low;
	uint32_t high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void port_write(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t port_read(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}
