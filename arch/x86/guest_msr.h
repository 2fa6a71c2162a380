/* SPDX-License-Identifier: Apache-2.0 */
/* Which MSRs a guest may read and write when the access exits. */
#pragma once

#include "arch/vcpu.h"

/* False: #GP(0). Neither knows the local APIC's MSRs. */
bool guest_msr_read(struct vcpu_arch *vcpu, uint32_t number, uint64_t *value);
bool guest_msr_write(struct vcpu_arch *vcpu, uint32_t number, uint64_t value);

/* The state of those MSRs that are kept in struct vcpu_arch, as firmware leaves them. */
void guest_msr_reset(struct vcpu_arch *vcpu);
