/* SPDX-License-Identifier: Apache-2.0 */
/* What CPUID shows to a guest: an allow-list over the host's leaves, prepared once per VM. Pure. */
#pragma once

#include "regs.h"
#include "virt_internal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_CPUID_BASIC_COUNT    0x20u
#define GUEST_CPUID_EXTENDED_COUNT 0x22u
#define GUEST_CPUID_SUBLEAF_MAX    40u

/* Reads one leaf of the host (or of a recorded CPU). */
typedef struct cpuid_regs guest_cpuid_host(const void *context, uint32_t leaf, uint32_t subleaf);

/* What the answers depend on besides the host. */
struct guest_cpuid_facts {
	uint32_t vcpu_count; /* 1 to 255 */
	uint64_t tsc_hz;
	uint64_t apic_timer_hz; /* 0 = unknown */
	bool has_x2apic;        /* the real local APIC is in x2APIC mode */
	struct virt_features virt;
};

/* What they depend on besides the table: state of the vCPU that asks. */
struct guest_cpuid_now {
	uint32_t index; /* its APIC ID */
	uint64_t cr4;
	uint64_t xcr0;
};

struct guest_cpuid_subleaf {
	uint32_t leaf;
	uint32_t subleaf;
	struct cpuid_regs regs;
};

/* Fits a page. */
struct guest_cpuid {
	struct cpuid_regs basic[GUEST_CPUID_BASIC_COUNT];
	struct cpuid_regs extended[GUEST_CPUID_EXTENDED_COUNT];
	struct guest_cpuid_subleaf subleaf[GUEST_CPUID_SUBLEAF_MAX];
	uint32_t subleaf_count;
	uint32_t basic_max;
	uint32_t extended_max;
	uint32_t special; /* bit n: basic leaf n has sub-leaves or depends on the vCPU */
	uint32_t vcpu_count;
	uint32_t core_shift; /* bits of the APIC ID that name a core */
	bool is_amd;
	uint32_t tsc_khz;
	uint32_t apic_timer_khz;
	uint64_t cr4_allowed; /* bits the guest may set, from what it is shown */
	uint64_t efer_allowed;
	uint64_t xcr0_allowed; /* 0: no XSAVE */
};

void guest_cpuid_build(struct guest_cpuid *table, guest_cpuid_host *host, const void *context,
		       const struct guest_cpuid_facts *facts);

/* Any leaf, any sub-leaf. */
struct cpuid_regs guest_cpuid_answer(const struct guest_cpuid *table,
				     const struct guest_cpuid_now *now, uint32_t leaf,
				     uint32_t subleaf);

/* True: basic or extended leaf whose answer is *plain, whoever asks: the quick way. */
static inline const struct cpuid_regs *guest_cpuid_plain(const struct guest_cpuid *table,
							 uint32_t leaf)
{
	return leaf <= table->basic_max && (table->special >> leaf & 1) == 0 ? &table->basic[leaf]
									     : NULL;
}

/* MAXPHYADDR as the guest sees it (SDM 2A, "CPUID": leaf 8000_0008). */
static inline uint8_t guest_cpuid_address_bits(const struct guest_cpuid *table)
{
	uint8_t bits = (uint8_t)(table->extended[CPUID_ADDRESS_SIZES - CPUID_EXTENDED].eax & 0xff);

	return bits >= 32 && bits <= 52 ? bits : 36;
}
