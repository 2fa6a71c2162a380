/* SPDX-License-Identifier: Apache-2.0 */
/* An exception in the hypervisor, as the entry code leaves it on the stack. */
#pragma once

#include <stdint.h>

/* Built by trap_stubs.asm from the top down; offsets are asserted there. */
struct trap_frame {
	uint64_t fault_address; /* CR2 */
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector;
	uint64_t error_code; /* 0 where the exception has none */
	uint64_t rip, cs, rflags, rsp, ss;
};
