/* SPDX-License-Identifier: Apache-2.0 */
/* Completes port accesses: the accumulator, or memory by string instructions. */
#include "guest_fetch.h"
#include "guest_string.h"
#include "regs.h"
#include "virt_internal.h"

#define SEGMENT_ES 0u

static uint64_t segment_base(struct vcpu_arch *vcpu, uint8_t segment)
{
	static const uint8_t bases[] = {VCPU_ES_BASE, VCPU_CS_BASE, VCPU_SS_BASE,
					VCPU_DS_BASE, VCPU_FS_BASE, VCPU_GS_BASE};

	/* In 64-bit code only FS and GS have a base (SDM 1, "Segmentation in 64-Bit Mode"). */
	if (segment >= ARRAY_COUNT(bases) || (segment < 4 && guest_is_long_code(vcpu))) {
		return 0;
	}
	return arch_vcpu_get(vcpu, (enum vcpu_reg)bases[segment]);
}

enum guest_walk_result guest_string_copy(struct vcpu_arch *vcpu, const struct exit_io *io,
					 void *element)
{
	enum vcpu_reg index = io->is_in ? VCPU_RDI : VCPU_RSI;
	uint64_t linear = segment_base(vcpu, io->is_in ? SEGMENT_ES : io->segment) +
			  (vcpu->gpr[index] & size_mask(io->address_size));
	enum guest_walk_result result;
	struct guest_walk walk;
	uint32_t error_code;

	guest_walk_init(&walk, vcpu);
	result = guest_walk_copy(&walk, &linear, io->is_in ? GUEST_WALK_WRITE : GUEST_WALK_READ,
				 element, io->size, &error_code);
	if (result == GUEST_WALK_FAULT) {
		virt_inject_pf(vcpu, linear, error_code);
	}
	return result;
}

void guest_string_advance(struct vcpu_arch *vcpu, enum vcpu_reg index, uint8_t address_size,
			  uint8_t size)
{
	bool is_down = (arch_vcpu_get(vcpu, VCPU_RFLAGS) & RFLAGS_DF) != 0;
	uint64_t old = vcpu->gpr[index];

	vcpu->gpr[index] = guest_merge(old, is_down ? old - size : old + size, address_size);
}

uint64_t guest_string_count(struct vcpu_arch *vcpu, uint8_t address_size)
{
	return vcpu->gpr[VCPU_RCX] & size_mask(address_size);
}

bool guest_string_repeat(struct vcpu_arch *vcpu, uint8_t address_size)
{
	uint64_t old = vcpu->gpr[VCPU_RCX];

	vcpu->gpr[VCPU_RCX] = guest_merge(old, old - 1, address_size);
	return guest_string_count(vcpu, address_size) != 0;
}

/* What a hole is given is lost. */
static enum hv_status copy_string(struct vcpu_arch *vcpu, const struct exit_io *io, uint32_t *value)
{
	return guest_string_copy(vcpu, io, value) == GUEST_WALK_FAULT ? HV_INVALID : HV_OK;
}

enum hv_status arch_io_get(struct vcpu_arch *vcpu, const struct exit_io *io, uint32_t *value)
{
	if (io->is_string) {
		*value = low32(size_mask(io->size)); /* what a hole reads as */
		return copy_string(vcpu, io, value);
	}
	*value = low32(vcpu->gpr[VCPU_RAX] & size_mask(io->size));
	return HV_OK;
}

enum hv_status arch_io_put(struct vcpu_arch *vcpu, const struct exit_io *io, uint32_t value)
{
	if (io->is_string) {
		uint32_t element = value; /* the common form needs no stack frame */

		return copy_string(vcpu, io, &element);
	}
	vcpu->gpr[VCPU_RAX] = guest_merge(vcpu->gpr[VCPU_RAX], value, io->size);
	return HV_OK;
}

bool arch_io_step(struct vcpu_arch *vcpu, const struct exit_io *io)
{
	if (!io->is_string) {
		return false;
	}
	guest_string_advance(vcpu, io->is_in ? VCPU_RDI : VCPU_RSI, io->address_size, io->size);
	return io->is_rep && guest_string_repeat(vcpu, io->address_size);
}
