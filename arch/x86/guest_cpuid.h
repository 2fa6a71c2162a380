/* SPDX-License-Identifier: Apache-2.0 */
/* Answers out of the table of CPUID leaves that the loader has built. Pure. */
#pragma once

#include "cpuid_abi.h"
#include "virt_internal.h"

/* What answers depend on besides the table: state of the vCPU that asks. */
struct guest_cpuid_now {
	uint32_t index; /* its APIC ID */
	uint64_t cr4;
	uint64_t xcr0;
};

/* Any leaf, any sub-leaf. */
struct cpuid_regs guest_cpuid_answer(const struct guest_cpuid *table,
				     const struct guest_cpuid_now *now, uint32_t leaf,
				     uint32_t subleaf);

/* Not NULL: the answer, whoever asks: the quick way. */
static inline const struct cpuid_regs *guest_cpuid_plain(const struct guest_cpuid *table,
							 uint32_t leaf)
{
	if (leaf < GUEST_CPUID_BASIC_COUNT && (table->plain >> leaf & 1) != 0) {
		return &table->basic[leaf];
	}
	leaf -= CPUID_HYPERVISOR;
	return leaf < GUEST_CPUID_HYPERVISOR_COUNT ? &table->hypervisor[leaf] : NULL;
}

/* MAXPHYADDR as the guest sees it (SDM 2A, "CPUID": leaf 8000_0008). */
static inline uint8_t guest_cpuid_address_bits(const struct guest_cpuid *table)
{
	uint8_t bits = (uint8_t)(table->extended[CPUID_ADDRESS_SIZES - CPUID_EXTENDED].eax & 0xff);

	return bits >= 32 && bits <= 52 ? bits : 36;
}
