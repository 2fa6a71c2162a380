/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction at a guest's RIP. */
#pragma once

#include "decode.h"
#include "guest_walk.h"

#define CS_ATTRIBUTE_L BIT(13) /* VMX access-rights format: 64-bit code */

struct guest_code {
	uint8_t bytes[DECODE_LENGTH_MAX]; /* zeros beyond `length` */
	size_t length;                    /* less than the most where the next page is not there */
	enum decode_mode mode;
	uint64_t fault_address; /* of GUEST_WALK_FAULT */
	uint32_t error_code;
};

bool guest_is_long_code(struct vcpu_arch *vcpu); /* in 64-bit code */

/* Not GUEST_WALK_OK: not a single byte could be read. */
enum guest_walk_result guest_fetch(struct vcpu_arch *vcpu, const struct guest_walk *walk,
				   struct guest_code *code);
