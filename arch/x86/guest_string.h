/* SPDX-License-Identifier: Apache-2.0 */
/* Elements, index registers and counts of string instructions. */
#pragma once

#include "guest_walk.h"

/*
 * Copies an element of `io->size` bytes: to ES:RDI with is_in, else from segment:RSI. `element`
 * NULL: only looks whether it could. GUEST_WALK_FAULT: the fault has been injected.
 */
enum guest_walk_result guest_string_copy(struct vcpu_arch *vcpu, const struct exit_io *io,
					 void *element);
/* Moves `index` (VCPU_RSI or VCPU_RDI) by one element, by RFLAGS.DF. */
void guest_string_advance(struct vcpu_arch *vcpu, enum vcpu_reg index, uint8_t address_size,
			  uint8_t size);
/* Counts RCX down; true while it is not 0. */
bool guest_string_repeat(struct vcpu_arch *vcpu, uint8_t address_size);
/* RCX as REP sees it. */
uint64_t guest_string_count(struct vcpu_arch *vcpu, uint8_t address_size);

/* A register after `size` bytes of it are written (SDM 1, "General-Purpose Registers in 64-bit
 * mode": 4 bytes clear the upper half). */
static inline uint64_t guest_merge(uint64_t old, uint64_t value, uint32_t size)
{
	uint64_t mask = size_mask(size);

	return size >= 4 ? value & mask : (old & ~mask) | (value & mask);
}
