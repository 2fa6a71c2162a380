/* SPDX-License-Identifier: Apache-2.0 */
/* Second-level faults of a guest: decoded to a device access, and completed once it is answered. */
#include "guest_alu.h"
#include "guest_fetch.h"
#include "guest_string.h"
#include "regs.h"
#include "virt_internal.h"

#include "fmt.h"
#include "log.h"

/* What the instruction works on beside memory. */
static uint64_t operand(struct vcpu_arch *vcpu, const struct decoded *in)
{
	uint64_t value =
		in->is_immediate ? in->immediate : arch_vcpu_get(vcpu, (enum vcpu_reg)in->reg);

	return (in->is_high_byte ? value >> 8 : value) & size_mask(in->size);
}

static void set_register(struct vcpu_arch *vcpu, const struct decoded *in, uint64_t value)
{
	uint64_t old = arch_vcpu_get(vcpu, (enum vcpu_reg)in->reg);

	if (in->is_sign_extended && (value >> (in->size * 8 - 1) & 1) != 0) {
		value |= ~size_mask(in->size);
	}
	if (in->is_high_byte) {
		value = (old & ~UINT64_C(0xff00)) | (value & 0xff) << 8;
	} else {
		value = guest_merge(old, value, in->reg_size);
	}
	arch_vcpu_set(vcpu, (enum vcpu_reg)in->reg, value);
}

/* Of MOVS: set by the side that is the device. */
static enum mmio_kind kind_of(const struct decoded *in)
{
	if (in->direction == DECODE_TO_REGISTER || in->op == DECODE_CMP || in->op == DECODE_TEST ||
	    in->op == DECODE_BT) {
		return MMIO_READ;
	}
	return in->op == DECODE_MOV || in->op == DECODE_STOS ? MMIO_WRITE : MMIO_MODIFY;
}

/* The side of MOVS that is RAM: what OUTS and INS have beside their port. */
static enum guest_walk_result copy_movs(struct vcpu_arch *vcpu, const struct decoded *in,
					bool is_in, void *element)
{
	const struct exit_io io = {
		.size = in->size,
		.is_in = is_in,
		.address_size = in->address_size,
		.segment = in->segment,
	};

	return guest_string_copy(vcpu, &io, element);
}

/*
 * MOVS: the other side is RAM, and is touched here so that a fault comes before the device sees
 * anything. From RAM to a device: the element becomes the immediate.
 */
static enum virt_result prepare_movs(struct vcpu_arch *vcpu, bool is_write, struct vm_exit *exit)
{
	struct decoded *in = &exit->mmio.instruction;

	exit->mmio.kind = is_write ? MMIO_WRITE : MMIO_READ;
	in->is_immediate = is_write;
	switch (copy_movs(vcpu, in, !is_write, is_write ? &in->immediate : NULL)) {
	case GUEST_WALK_FAULT:
		return VIRT_RESUME;
	case GUEST_WALK_HOLE:
		return virt_crash(exit, "string move between two devices");
	case GUEST_WALK_OK:
		break;
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
	struct decoded *in = &exit->mmio.instruction;
	struct guest_walk walk;
	struct guest_code code;
	enum guest_walk_result result;

	if (stage2.is_fetch || stage2.is_walk) {
		const char *why = stage2.is_fetch ? "fetch from a hole" : "page table in a hole";

		log_notice("vcpu %u: %s: 0x%lx", vcpu->index, why, stage2.address.value);
		return virt_crash(exit, why);
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
	if (!decode_memory(code.bytes, code.length, code.mode, in)) {
		return crash_undecodable(vcpu, &code, stage2.address, exit);
	}
	vcpu->exit_length = in->length;
	exit->kind = VM_EXIT_MMIO;
	exit->mmio.address = stage2.address;
	exit->mmio.kind = kind_of(in);
	exit->mmio.size = in->size;
	return in->op == DECODE_MOVS ? prepare_movs(vcpu, stage2.is_write, exit) : VIRT_RETURN;
}

/* One element is done; the instruction is over when the count is. */
static void step_string(struct vcpu_arch *vcpu, const struct decoded *in)
{
	guest_string_advance(vcpu, VCPU_RDI, in->address_size, in->size);
	if (in->op == DECODE_MOVS) {
		guest_string_advance(vcpu, VCPU_RSI, in->address_size, in->size);
	}
	if (in->is_rep && guest_string_repeat(vcpu, in->address_size)) {
		vcpu->exit_length = 0; /* the caller's skip stays on the instruction */
	}
}

/* MOV, STOS, MOVS. */
static void move(struct vcpu_arch *vcpu, const struct exit_mmio *mmio, uint64_t *value)
{
	const struct decoded *in = &mmio->instruction;
	enum guest_walk_result result = GUEST_WALK_OK;

	if (mmio->kind == MMIO_WRITE) {
		*value = operand(vcpu, in);
	} else if (in->op == DECODE_MOV) {
		set_register(vcpu, in, *value & size_mask(in->size));
	} else {
		result = copy_movs(vcpu, in, true, value);
	}
	if (result == GUEST_WALK_FAULT) {
		/* Checked before the device was read: the guest has changed its tables since, takes
		 * the fault and reads again. */
		vcpu->exit_length = 0;
	} else if (in->op != DECODE_MOV) {
		step_string(vcpu, in);
	}
}

/* Everything that computes. *value: memory, before and after. */
static void compute(struct vcpu_arch *vcpu, const struct decoded *in, uint64_t *value)
{
	enum decode_op op = (enum decode_op)in->op;
	uint64_t other = operand(vcpu, in);
	uint64_t memory = *value & size_mask(in->size);
	uint64_t rax = vcpu->gpr[VCPU_RAX];
	uint64_t old_flags = arch_vcpu_get(vcpu, VCPU_RFLAGS);
	uint64_t rflags = old_flags;

	if (op == DECODE_CMPXCHG) {
		(void)guest_alu(DECODE_CMP, in->size, rax, memory, &rflags);
		if ((rflags & RFLAGS_ZF) != 0) {
			*value = other;
		} else { /* memory is written with what it held */
			vcpu->gpr[VCPU_RAX] = guest_merge(rax, memory, in->size);
		}
	} else if (in->direction == DECODE_TO_REGISTER) {
		uint64_t result = guest_alu(op, in->size, other, memory, &rflags);

		if (op != DECODE_CMP) {
			set_register(vcpu, in, result);
		}
	} else {
		*value = guest_alu(op, in->size, memory, other, &rflags);
		if (op == DECODE_XCHG || op == DECODE_XADD) {
			set_register(vcpu, in, memory);
		}
	}
	if (rflags != old_flags) {
		arch_vcpu_set(vcpu, VCPU_RFLAGS, rflags);
	}
}

void arch_mmio_apply(struct vcpu_arch *vcpu, const struct exit_mmio *mmio, uint64_t *value)
{
	const struct decoded *in = &mmio->instruction;

	if (in->op == DECODE_MOV || in->op == DECODE_STOS || in->op == DECODE_MOVS) {
		move(vcpu, mmio, value);
	} else {
		compute(vcpu, in, value);
	}
}
