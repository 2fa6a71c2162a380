/* SPDX-License-Identifier: Apache-2.0 */
/* Running a vCPU and answering its exits. */
#pragma once

#include "hv/vcpu.h"

#include <stdatomic.h>

/* Takes the vCPU's requests and runs it while it may run; false: nothing to do, sleep. */
bool vcpu_run(struct vcpu *vcpu);

/* Whether take_requests() has something to do. On the vCPU's CPU. */
static inline bool vcpu_has_requests(struct vcpu *vcpu)
{
	return atomic_load_explicit(&vcpu->requests, memory_order_relaxed) != 0;
}

/* Answers one exit. On the vCPU's CPU. */
void exit_handle(struct vcpu *vcpu, struct vm_exit *exit);

/* The vCPU cannot go on: logs why with registers and last exits, stops its VM. */
void vcpu_crash(struct vcpu *vcpu, const char *why);
