/* SPDX-License-Identifier: Apache-2.0 */
/* Completes port accesses: the accumulator, or memory by string instructions. */
#include "guest_fetch.h"
#include "guest_string.h"
#include "msr.h"
#include "regs.h"
#include "virt_internal.h"

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

uint64_t guest_string_address(struct vcpu_arch *vcpu, uint8_t segment, enum vcpu_reg index,
			      uint8_t address_size)
{
	uint64_t linear =
		segment_base(vcpu, segment) + (vcpu->gpr[index] & size_mask(address_size));

	return guest_is_long_code(vcpu) ? linear : low32(linear);
}

/* SDM 1, "General-Purpose Registers in 64-bit mode": a 32-bit result clears the upper half. */
static uint64_t merge(uint64_t old, uint64_t value, uint8_t size)
{
	uint64_t mask = size_mask(size);

	return size >= 4 ? value & mask : (old & ~mask) | (value & mask);
}

void guest_string_advance(struct vcpu_arch *vcpu, enum vcpu_reg index, uint8_t address_size,
			  uint8_t size)
{
	bool is_down = (arch_vcpu_get(vcpu, VCPU_RFLAGS) & RFLAGS_DF) != 0;
	uint64_t old = vcpu->gpr[index];

	vcpu->gpr[index] = merge(old, is_down ? old - size : old + size, address_size);
}

uint64_t guest_string_count(struct vcpu_arch *vcpu, uint8_t address_size)
{
	return vcpu->gpr[VCPU_RCX] & size_mask(address_size);
}

bool guest_string_repeat(struct vcpu_arch *vcpu, uint8_t address_size)
{
	uint64_t old = vcpu->gpr[VCPU_RCX];

	vcpu->gpr[VCPU_RCX] = merge(old, old - 1, address_size);
	return guest_string_count(vcpu, address_size) != 0;
}

/* Not inlined, so that the common forms do without their stack frames. */
__attribute__((noinline)) static enum hv_status
get_string(struct vcpu_arch *vcpu, const struct exit_io *io, uint32_t *value)
{
	struct guest_walk walk;
	uint32_t error_code;
	uint64_t linear;
	uint32_t element = UINT32_MAX; /* what a hole reads as */

	guest_walk_init(&walk, vcpu);
	linear = guest_string_address(vcpu, io->segment, VCPU_RSI, io->address_size);
	if (guest_walk_copy_in(&walk, &linear, GUEST_WALK_READ, &element, io->size, &error_code) ==
	    GUEST_WALK_FAULT) {
		virt_inject_pf(vcpu, linear, error_code);
		return HV_INVALID;
	}
	*value = element & low32(size_mask(io->size));
	return HV_OK;
}

__attribute__((noinline)) static enum hv_status put_string(struct vcpu_arch *vcpu,
							   const struct exit_io *io, uint32_t value)
{
	struct guest_walk walk;
	uint32_t error_code;
	uint64_t linear;

	guest_walk_init(&walk, vcpu);
	linear = guest_string_address(vcpu, STRING_SEGMENT_ES, VCPU_RDI, io->address_size);
	/* Into a hole: dropped. */
	if (guest_walk_copy_out(&walk, &linear, &value, io->size, &error_code) ==
	    GUEST_WALK_FAULT) {
		virt_inject_pf(vcpu, linear, error_code);
		return HV_INVALID;
	}
	return HV_OK;
}

enum hv_status arch_io_get(struct vcpu_arch *vcpu, const struct exit_io *io, uint32_t *value)
{
	if (io->is_string) {
		return get_string(vcpu, io, value);
	}
	*value = low32(vcpu->gpr[VCPU_RAX] & size_mask(io->size));
	return HV_OK;
}

enum hv_status arch_io_put(struct vcpu_arch *vcpu, const struct exit_io *io, uint32_t value)
{
	if (io->is_string) {
		return put_string(vcpu, io, value);
	}
	vcpu->gpr[VCPU_RAX] = merge(vcpu->gpr[VCPU_RAX], value, io->size);
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
