/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a guest's page tables as its CPU would. Pure over guest_mem_read(). */
#pragma once

#include "arch/vcpu.h"

/* The paging mode and who asks, taken from the vCPU once. */
struct guest_walk {
	const struct vm_arch *vm;
	uint64_t cr0;
	uint64_t cr3;
	uint64_t cr4;
	uint64_t efer;
	uint64_t rflags;
	uint8_t cpl;
	uint8_t address_bits; /* MAXPHYADDR */
};

#define GUEST_WALK_READ  0u
#define GUEST_WALK_WRITE 1u
#define GUEST_WALK_FETCH 2u

enum guest_walk_result {
	GUEST_WALK_OK,
	GUEST_WALK_FAULT, /* #PF with the error code */
	GUEST_WALK_HOLE,  /* a page table lies outside the guest's RAM */
};

void guest_walk_init(struct guest_walk *walk, struct vcpu_arch *vcpu);

/* access: GUEST_WALK_*. Leaves accessed and dirty bits alone. */
enum guest_walk_result guest_walk_translate(const struct guest_walk *walk, uint64_t linear,
					    uint32_t access, gpa_t *address, uint32_t *error_code);

/* Copies at most 4096 bytes: to `data`, or from it with GUEST_WALK_WRITE, where NULL only looks
 * whether it could. At a fault *linear is where. GUEST_WALK_HOLE also when it is not RAM. */
enum guest_walk_result guest_walk_copy(const struct guest_walk *walk, uint64_t *linear,
				       uint32_t access, void *data, size_t size,
				       uint32_t *error_code);
