/* SPDX-License-Identifier: Apache-2.0 */
/* Second-level faults of a guest: decoded to a device access, and completed once it is answered. */
#include "guest_alu.h"
#include "guest_fetch.h"
#include "guest_string.h"
#include "msr.h"
#include "regs.h"
#include "virt_internal.h"

#include "arch/upcalls.h"
#include "fmt.h"
#include "log.h"

/* exit_mmio.op: enum decode_op and these. String forms keep the address size in reg_size. */
#define OP_MASK        0x1fu
#define OP_TO_REGISTER 0x20u /* the register gets the result */
#define OP_IMMEDIATE   0x40u /* `immediate` is the other operand */
#define OP_REP         0x80u
_Static_assert(DECODE_MOVS <= OP_MASK, "an operation fits its bits");

static uint64_t register_value(struct vcpu_arch *vcpu, const struct exit_mmio *mmio)
{
	uint64_t value = arch_vcpu_get(vcpu, (enum vcpu_reg)mmio->reg);

	return (mmio->is_high_byte ? value >> 8 : value) & size_mask(mmio->size);
}

static void set_register(struct vcpu_arch *vcpu, const struct exit_mmio *mmio, uint64_t value)
{
	uint64_t old = arch_vcpu_get(vcpu, (enum vcpu_reg)mmio->reg);
	uint64_t mask = size_mask(mmio->reg_size);

	if (mmio->is_sign_extended && (value >> (mmio->size * 8 - 1) & 1) != 0) {
		value |= ~size_mask(mmio->size);
	}
	if (mmio->is_high_byte) {
		value = (old & ~UINT64_C(0xff00)) | (value & 0xff) << 8;
	} else if (mmio->reg_size >= 4) {
		value &= mask;
	} else {
		value = (old & ~mask) | (value & mask);
	}
	arch_vcpu_set(vcpu, (enum vcpu_reg)mmio->reg, value);
}

static enum mmio_kind kind_of(const struct decoded *decoded)
{
	switch (decoded->op) {
	case DECODE_MOV:
		return decoded->direction == DECODE_TO_REGISTER ? MMIO_READ : MMIO_WRITE;
	case DECODE_STOS:
		return MMIO_WRITE;
	case DECODE_CMP:
	case DECODE_TEST:
	case DECODE_BT:
		return MMIO_READ;
	case DECODE_ADD:
	case DECODE_OR:
	case DECODE_ADC:
	case DECODE_SBB:
	case DECODE_AND:
	case DECODE_SUB:
	case DECODE_XOR:
		return decoded->direction == DECODE_TO_REGISTER ? MMIO_READ : MMIO_MODIFY;
	case DECODE_XCHG:
	case DECODE_XADD:
	case DECODE_CMPXCHG:
	case DECODE_INC:
	case DECODE_DEC:
	case DECODE_NOT:
	case DECODE_NEG:
	case DECODE_BTS:
	case DECODE_BTR:
	case DECODE_BTC:
	case DECODE_MOVS: /* set by the side that is the device */
		break;
	}
	return MMIO_MODIFY;
}

/*
 * MOVS: the other side is RAM, and is touched here so that a fault comes before the device sees
 * anything. From RAM to a device: the element becomes the immediate.
 */
static enum virt_result prepare_movs(struct vcpu_arch *vcpu, const struct guest_walk *walk,
				     const struct decoded *decoded, bool is_write,
				     struct vm_exit *exit)
{
	uint8_t segment = is_write ? decoded->segment : STRING_SEGMENT_ES;
	enum vcpu_reg index = is_write ? VCPU_RSI : VCPU_RDI;
	uint64_t linear = guest_string_address(vcpu, segment, index, decoded->address_size);
	uint32_t error_code = 0;
	uint64_t element = 0;
	enum guest_walk_result result;
	gpa_t address;

	if (is_write) {
		result = guest_walk_copy_in(walk, &linear, GUEST_WALK_READ, &element, decoded->size,
					    &error_code);
	} else {
		result =
			guest_walk_translate(walk, linear, GUEST_WALK_WRITE, &address, &error_code);
	}
	if (result == GUEST_WALK_FAULT) {
		virt_inject_pf(vcpu, linear, error_code);
		return VIRT_RESUME;
	}
	if (result == GUEST_WALK_HOLE) {
		return virt_crash(exit, "string move between two devices");
	}
	exit->mmio.kind = is_write ? MMIO_WRITE : MMIO_READ;
	exit->mmio.immediate = element;
	return VIRT_RETURN;
}

static enum virt_result finish(struct vcpu_arch *vcpu, const struct guest_walk *walk,
			       const struct decoded *decoded, struct exit_stage2 stage2,
			       struct vm_exit *exit)
{
	bool is_string = decoded->op == DECODE_MOVS || decoded->op == DECODE_STOS;
	uint8_t flags = 0;

	flags |= decoded->direction == DECODE_TO_REGISTER ? OP_TO_REGISTER : 0;
	flags |= decoded->is_immediate ? OP_IMMEDIATE : 0;
	flags |= decoded->is_rep ? OP_REP : 0;
	vcpu->exit_length = decoded->length;
	exit->kind = VM_EXIT_MMIO;
	exit->mmio = (struct exit_mmio){
		.address = stage2.address,
		.kind = kind_of(decoded),
		.size = decoded->size,
		.op = (uint8_t)(decoded->op | flags),
		.reg = decoded->reg,
		.reg_size = is_string ? decoded->address_size : decoded->reg_size,
		.is_high_byte = decoded->is_high_byte,
		.is_sign_extended = decoded->is_sign_extended,
		.immediate = decoded->immediate,
	};
	if (decoded->op == DECODE_MOVS) {
		return prepare_movs(vcpu, walk, decoded, stage2.is_write, exit);
	}
	return VIRT_RETURN;
}

static enum virt_result crash_undecodable(struct vcpu_arch *vcpu, const struct guest_code *code,
					  gpa_t address, struct vm_exit *exit)
{
	char text[3 * DECODE_LENGTH_MAX + 1] = "";

	for (size_t i = 0; i < code->length; i++) {
		(void)fmt_print(text + 3 * i, sizeof(text) - 3 * i, "%02x ", code->bytes[i]);
	}
	log_notice("vcpu %u: access to 0x%lx by an instruction that is not emulated, rip 0x%lx: %s",
		   vcpu->index, address.value, vcpu->rip, text);
	return virt_crash(exit, "instruction on device memory is not emulated");
}

enum virt_result guest_mmio_exit(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	struct exit_stage2 stage2 = exit->stage2;
	struct guest_walk walk;
	struct guest_code code;
	struct decoded decoded;
	enum guest_walk_result result;

	if (stage2.is_fetch) {
		log_notice("vcpu %u: instruction fetch at 0x%lx", vcpu->index,
			   stage2.address.value);
		return virt_crash(exit, "fetch from a hole");
	}
	if (stage2.is_walk) {
		log_notice("vcpu %u: page table at 0x%lx", vcpu->index, stage2.address.value);
		return virt_crash(exit, "page table in a hole");
	}
	guest_walk_init(&walk, vcpu);
	result = guest_fetch(vcpu, &walk, &code);
	if (result == GUEST_WALK_FAULT) { /* another vCPU has just taken the page away */
		virt_inject_pf(vcpu, code.fault_address, code.error_code);
		return VIRT_RESUME;
	}
	if (result == GUEST_WALK_HOLE) {
		return virt_crash(exit, "fetch from a hole");
	}
	if (!decode_memory(code.bytes, code.length, code.mode, &decoded)) {
		return crash_undecodable(vcpu, &code, stage2.address, exit);
	}
	return finish(vcpu, &walk, &decoded, stage2, exit);
}

/* One element is done; the instruction is over when the count is. */
static void step_string(struct vcpu_arch *vcpu, const struct exit_mmio *mmio)
{
	uint8_t address_size = mmio->reg_size;

	guest_string_advance(vcpu, VCPU_RDI, address_size, mmio->size);
	if ((mmio->op & OP_MASK) == DECODE_MOVS) {
		guest_string_advance(vcpu, VCPU_RSI, address_size, mmio->size);
	}
	if ((mmio->op & OP_REP) != 0 && guest_string_repeat(vcpu, address_size)) {
		vcpu->exit_length = 0; /* the caller's skip stays on the instruction */
	}
}

static void apply_string(struct vcpu_arch *vcpu, const struct exit_mmio *mmio, uint64_t *value)
{
	if ((mmio->op & OP_MASK) == DECODE_STOS) {
		*value = vcpu->gpr[VCPU_RAX] & size_mask(mmio->size);
	} else if (mmio->kind == MMIO_WRITE) {
		*value = mmio->immediate;
	} else {
		struct guest_walk walk;
		uint64_t linear =
			guest_string_address(vcpu, STRING_SEGMENT_ES, VCPU_RDI, mmio->reg_size);
		uint32_t error_code;

		/* Checked before the device was read; a guest that has changed its tables since
		 * loses the element. */
		guest_walk_init(&walk, vcpu);
		(void)guest_walk_copy_out(&walk, &linear, value, mmio->size, &error_code);
	}
	step_string(vcpu, mmio);
}

/* CMPXCHG: memory is *value. */
static void apply_compare_exchange(struct vcpu_arch *vcpu, const struct exit_mmio *mmio,
				   uint64_t *value, uint64_t *rflags)
{
	uint64_t mask = size_mask(mmio->size);
	uint64_t expected = vcpu->gpr[VCPU_RAX] & mask;

	(void)guest_alu(DECODE_CMP, mmio->size, expected, *value, rflags);
	if (expected == (*value & mask)) {
		*value = register_value(vcpu, mmio);
		return;
	}
	/* Not equal: the accumulator gets memory, memory is written with what it held. */
	vcpu->gpr[VCPU_RAX] =
		mmio->size >= 4 ? *value & mask : (vcpu->gpr[VCPU_RAX] & ~mask) | (*value & mask);
}

/* Everything that computes. */
static void apply_operation(struct vcpu_arch *vcpu, const struct exit_mmio *mmio, uint64_t *value)
{
	enum decode_op op = (enum decode_op)(mmio->op & OP_MASK);
	bool is_immediate = (mmio->op & OP_IMMEDIATE) != 0;
	uint64_t other = is_immediate ? mmio->immediate : register_value(vcpu, mmio);
	uint64_t old_flags = arch_vcpu_get(vcpu, VCPU_RFLAGS);
	uint64_t rflags = old_flags;
	uint64_t memory = *value & size_mask(mmio->size);

	if (op == DECODE_CMPXCHG) {
		apply_compare_exchange(vcpu, mmio, value, &rflags);
	} else if ((mmio->op & OP_TO_REGISTER) != 0) {
		uint64_t result = guest_alu(op, mmio->size, other, memory, &rflags);

		if (op != DECODE_CMP) {
			set_register(vcpu, mmio, result);
		}
	} else {
		*value = guest_alu(op, mmio->size, memory, other, &rflags);
		if (op == DECODE_XCHG || op == DECODE_XADD) {
			set_register(vcpu, mmio, memory);
		}
	}
	if (rflags != old_flags) {
		arch_vcpu_set(vcpu, VCPU_RFLAGS, rflags);
	}
}

void arch_mmio_apply(struct vcpu_arch *vcpu, const struct exit_mmio *mmio, uint64_t *value)
{
	enum decode_op op = (enum decode_op)(mmio->op & OP_MASK);

	if (op == DECODE_STOS || op == DECODE_MOVS) {
		apply_string(vcpu, mmio, value);
	} else if (op != DECODE_MOV) {
		apply_operation(vcpu, mmio, value);
	} else if (mmio->kind == MMIO_READ) {
		set_register(vcpu, mmio, *value & size_mask(mmio->size));
	} else {
		*value = ((mmio->op & OP_IMMEDIATE) != 0 ? mmio->immediate
							 : register_value(vcpu, mmio)) &
			 size_mask(mmio->size);
	}
}
