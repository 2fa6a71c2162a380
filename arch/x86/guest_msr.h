/* SPDX-License-Identifier: Apache-2.0 */
/* Which MSRs a guest may read and write when the access exits. */
#pragma once

#include "arch/vcpu.h"

/* Read once from the host: what guests are told. */
struct guest_msr_facts {
	bool is_amd;
	bool has_arch_capabilities;
	bool has_spec_ctrl;
	uint64_t platform_id;
	uint64_t microcode; /* IA32_BIOS_SIGN_ID */
	uint64_t misc_enable;
	uint64_t arch_capabilities;
};

/* On the boot CPU, once. */
void guest_msr_init(const struct guest_msr_facts *facts);
/* The facts of the running machine. */
void guest_msr_probe(void);

/* False: #GP(0). Neither knows the local APIC's MSRs. */
bool guest_msr_read(struct vcpu_arch *vcpu, uint32_t number, uint64_t *value);
bool guest_msr_write(struct vcpu_arch *vcpu, uint32_t number, uint64_t value);

/* The state of those MSRs that are kept in struct vcpu_arch, as firmware leaves them. */
void guest_msr_reset(struct vcpu_arch *vcpu);
