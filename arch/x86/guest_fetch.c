/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the instruction at a guest's RIP: for device accesses, and for CPUs that say little of
 * exits. */
#include "guest_fetch.h"

#include "bits.h"
#include "msr.h"

#define CS_ATTRIBUTE_D BIT(14) /* VMX access-rights format */

bool guest_is_long_code(struct vcpu_arch *vcpu)
{
	return (arch_vcpu_get(vcpu, VCPU_EFER) & EFER_LMA) != 0 &&
	       (arch_vcpu_get(vcpu, VCPU_CS_ATTRIBUTES) & CS_ATTRIBUTE_L) != 0;
}

static enum decode_mode code_mode(struct vcpu_arch *vcpu, const struct guest_walk *walk)
{
	uint64_t attributes = arch_vcpu_get(vcpu, VCPU_CS_ATTRIBUTES);

	if ((walk->efer & EFER_LMA) != 0 && (attributes & CS_ATTRIBUTE_L) != 0) {
		return DECODE_64;
	}
	return (attributes & CS_ATTRIBUTE_D) != 0 ? DECODE_32 : DECODE_16;
}

enum guest_walk_result guest_fetch(struct vcpu_arch *vcpu, const struct guest_walk *walk,
				   struct guest_code *code)
{
	uint64_t start = vcpu->rip;
	enum guest_walk_result result;

	*code = (struct guest_code){.mode = code_mode(vcpu, walk)};
	if (code->mode != DECODE_64) {
		start = low32(start + arch_vcpu_get(vcpu, VCPU_CS_BASE));
	}
	code->fault_address = start;
	/* All 15 bytes at once stops at a page that is not there, with the bytes before it copied.
	 */
	result = guest_walk_copy(walk, &code->fault_address, GUEST_WALK_FETCH, code->bytes,
				 DECODE_LENGTH_MAX, &code->error_code);
	code->length =
		result == GUEST_WALK_OK ? DECODE_LENGTH_MAX : (size_t)(code->fault_address - start);
	return code->length > 0 ? GUEST_WALK_OK : result;
}
