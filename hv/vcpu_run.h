/* SPDX-License-Identifier: Apache-2.0 */
/* Running a vCPU and answering its exits. */
#pragma once

#include "hv/vcpu.h"

#include <stdbool.h>

/* Takes the vCPU's requests and runs it while it may run; false: nothing to do, sleep. */
bool vcpu_run(struct vcpu *vcpu);

/* Answers one exit. On the vCPU's CPU. */
void exit_handle(struct vcpu *vcpu, struct vm_exit *exit);

/* The vCPU cannot go on: logs why with registers and last exits, stops its VM. */
void vcpu_crash(struct vcpu *vcpu, const char *why);
