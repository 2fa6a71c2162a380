/* SPDX-License-Identifier: Apache-2.0 */
/* The registers that a vCPU starts with, for both backends. Pure: host-tested. */
#pragma once

#include "arch/vcpu.h"

#include <stdint.h>

struct start_segment {
	uint16_t selector;
	uint16_t attributes; /* VMX access-rights format */
	uint32_t limit;
	uint64_t base;
};

/* What is not named is 0, but for DR6, DR7, PAT and RFLAGS, which start as after power-on. */
struct start_state {
	struct start_segment cs;
	struct start_segment data; /* DS, ES, SS, FS, GS */
	struct start_segment ldtr;
	struct start_segment tr;
	uint64_t gdt_base;
	uint32_t gdt_limit;
	uint32_t idt_limit;
	uint64_t cr0;
	uint64_t cr3;
	uint64_t cr4;
	uint64_t efer;
	uint64_t rip;
};

struct start_state start_state_of(const struct vcpu_start_state *start);
