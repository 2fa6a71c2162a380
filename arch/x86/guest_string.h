/* SPDX-License-Identifier: Apache-2.0 */
/* Index registers and segments of string instructions. */
#pragma once

#include "arch/vcpu.h"

#include <stdint.h>

#define STRING_SEGMENT_ES 0u

/* Linear address of the element that `index` (VCPU_RSI or VCPU_RDI) points to. */
uint64_t guest_string_address(struct vcpu_arch *vcpu, uint8_t segment, enum vcpu_reg index,
			      uint8_t address_size);
/* Moves `index` by one element, by RFLAGS.DF. */
void guest_string_advance(struct vcpu_arch *vcpu, enum vcpu_reg index, uint8_t address_size,
			  uint8_t size);
/* Counts RCX down; true while it is not 0. */
bool guest_string_repeat(struct vcpu_arch *vcpu, uint8_t address_size);
/* RCX as REP sees it. */
uint64_t guest_string_count(struct vcpu_arch *vcpu, uint8_t address_size);
