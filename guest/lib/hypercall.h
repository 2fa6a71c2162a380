/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls by name, with the opcode that this CPU's vendor has, or the other one. */
#pragma once

#include "hypercall_abi.h"

#include <stdbool.h>
#include <stdint.h>

/* Registers of a call; out: as the hypervisor left them. */
struct hypercall_registers {
	uint64_t rax; /* number; status */
	uint64_t rdi;
	uint64_t rsi;
	uint64_t rdx;
};

/* The Bulkhead CPUID leaf is there. */
bool hypercall_is_present(void);

void hypercall_native(struct hypercall_registers *registers);
void hypercall_foreign(struct hypercall_registers *registers); /* the other vendor's opcode */

int64_t hypercall(uint64_t number, uint64_t rdi, uint64_t rsi);

/* Exits of a vCPU of this partition so far, by reason (enum hypercall_exit). */
uint64_t hypercall_exit_count(uint64_t vcpu, uint64_t reason);
