/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls: see abi/hypercall_abi.h. */
#pragma once

struct vcpu;

/* Decodes the call in the vCPU's registers, does it, sets the status. */
void hypercall_handle(struct vcpu *vcpu);
