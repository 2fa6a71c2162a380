/* SPDX-License-Identifier: Apache-2.0 */
/* What CPUID shows to a guest: an allow-list over the host's leaves. Pure. */
#pragma once

#include "cpuid_abi.h"

/* Reads one leaf of the host (or of a recorded CPU). */
typedef struct cpuid_regs guest_cpuid_host(const void *context, uint32_t leaf, uint32_t subleaf);

/* The table of partitions with `vcpu_count` (1 to 255) vCPUs. What only the hypervisor can tell
 * whether the CPU virtualizes it is shown; the hypervisor takes it out. */
void guest_cpuid_build(struct guest_cpuid *table, guest_cpuid_host *host, const void *context,
		       uint32_t vcpu_count);

/* Adds the leaf with the frequencies of the TSC and the local APIC timer; 0 = not known. */
void guest_cpuid_time(struct guest_cpuid *table, uint64_t tsc_hz, uint64_t apic_timer_hz);
