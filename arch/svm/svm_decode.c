/* SPDX-License-Identifier: Apache-2.0 */
/* What not every CPU says of an exit: read from the instruction itself. */
#include "svm.h"

#include "guest_fetch.h"
#include "virt_internal.h"

/* APM 3, Appendix A, "Opcode and Operand Encodings". */
#define OPCODE_ESCAPE      0x0fu
#define OPCODE_GROUP_7     0x01u /* SMSW /4, LMSW /6 */
#define OPCODE_CLTS        0x06u
#define OPCODE_MOV_FROM_CR 0x20u
#define OPCODE_MOV_TO_CR   0x22u
#define GROUP_SMSW         4u
#define GROUP_LMSW         6u
#define MODRM_REGISTER     3u
#define REX_B              0x1u
#define REX_R              0x4u
#define SEGMENT_DS         3u

struct fetched {
	struct guest_code code;
	struct decode_head head;
};

/* Reads the instruction at RIP and its prefixes. False: it cannot be read, which only a guest that
 * changes its tables meanwhile achieves. */
static bool fetch(struct vcpu_arch *vcpu, struct fetched *out)
{
	struct guest_walk walk;

	guest_walk_init(&walk, vcpu);
	return guest_fetch(vcpu, &walk, &out->code) == GUEST_WALK_OK &&
	       decode_prefixes(out->code.bytes, DECODE_LENGTH_MAX, out->code.mode, &out->head);
}

uint32_t svm_decode_length(struct vcpu_arch *vcpu, uint32_t length)
{
	struct fetched fetched;

	return fetch(vcpu, &fetched) ? fetched.head.length + length : length;
}

/* LMSW and SMSW: register operands only. CR0 exits for them only while its CD or NW is set. */
static bool decode_group_7(struct vcpu_arch *vcpu, struct exit_cr *cr, uint8_t modrm, uint8_t rex)
{
	uint8_t reg = (uint8_t)((modrm & 7) | ((rex & REX_B) != 0 ? 8 : 0));

	if (modrm >> 6 != MODRM_REGISTER) {
		return false;
	}
	cr->reg = reg;
	cr->is_read = (modrm >> 3 & 7) == GROUP_SMSW;
	cr->is_lmsw = (modrm >> 3 & 7) == GROUP_LMSW;
	cr->lmsw_source = (uint16_t)arch_vcpu_get(vcpu, (enum vcpu_reg)reg);
	return cr->is_read || cr->is_lmsw;
}

static bool decode_cr(struct vcpu_arch *vcpu, const struct fetched *in, struct exit_cr *cr)
{
	const uint8_t *at = in->code.bytes + in->head.length;
	uint8_t modrm;

	if (in->head.length + 3u > DECODE_LENGTH_MAX || at[0] != OPCODE_ESCAPE) {
		return false;
	}
	modrm = at[2];
	vcpu->exit_length = in->head.length + 3u;
	switch (at[1]) {
	case OPCODE_CLTS:
		vcpu->exit_length = in->head.length + 2u;
		cr->is_clts = true;
		return true;
	case OPCODE_GROUP_7:
		return decode_group_7(vcpu, cr, modrm, in->head.rex);
	case OPCODE_MOV_FROM_CR:
	case OPCODE_MOV_TO_CR:
		cr->is_read = at[1] == OPCODE_MOV_FROM_CR;
		cr->reg = (uint8_t)((modrm & 7) | ((in->head.rex & REX_B) != 0 ? 8 : 0));
		/* Not EXITCODE's number: QEMU 10 takes every move from a CR for one from CR0. */
		cr->number = (uint8_t)((modrm >> 3 & 7) | ((in->head.rex & REX_R) != 0 ? 8 : 0));
		return true;
	default:
		return false;
	}
}

void svm_decode_cr(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	struct fetched fetched;

	exit->kind = VM_EXIT_CR;
	exit->cr = (struct exit_cr){.number = 0};
	if (!fetch(vcpu, &fetched) || !decode_cr(vcpu, &fetched, &exit->cr)) {
		(void)virt_crash(exit, "an access to a control register that cannot be decoded");
	}
}

void svm_decode_string(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	struct fetched fetched;

	exit->io.is_rep = (exit->raw_info & EXITINFO1_IO_REP) != 0;
	if (!fetch(vcpu, &fetched)) {
		(void)virt_crash(exit, "a string instruction that cannot be read");
		return;
	}
	exit->io.segment =
		fetched.head.segment != DECODE_SEGMENT_NONE ? fetched.head.segment : SEGMENT_DS;
	exit->io.address_size = fetched.head.address_size;
}
