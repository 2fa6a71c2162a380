/* SPDX-License-Identifier: Apache-2.0 */
/* arch/vcpu.h, completing exits: string elements come from a buffer, device accesses are plain. */
#include "fake.h"

#include "check.h"

#include <string.h>

static uint8_t *string_element(struct fake_vcpu *fake, uint32_t size)
{
	uint8_t *element = &fake->io_bytes[fake->io_next];

	CHECK(fake->io_next + size <= sizeof(fake->io_bytes));
	return element;
}

enum hv_status arch_io_get(struct vcpu_arch *vcpu, const struct exit_io *io, uint32_t *value)
{
	struct fake_vcpu *fake = fake_vcpu_of(vcpu);

	CHECK(!io->is_in);
	if (!io->is_string) {
		*value = low32(vcpu->gpr[VCPU_RAX] & size_mask(io->size));
		return HV_OK;
	}
	if (fake->is_io_faulting) {
		arch_vcpu_inject(vcpu, 14, true, 0);
		return HV_INVALID;
	}
	*value = 0;
	memcpy(value, string_element(fake, io->size), io->size);
	return HV_OK;
}

enum hv_status arch_io_put(struct vcpu_arch *vcpu, const struct exit_io *io, uint32_t value)
{
	struct fake_vcpu *fake = fake_vcpu_of(vcpu);
	uint64_t mask = size_mask(io->size);

	CHECK(io->is_in);
	if (!io->is_string) {
		vcpu->gpr[VCPU_RAX] =
			io->size == 4 ? value : (vcpu->gpr[VCPU_RAX] & ~mask) | (value & mask);
		return HV_OK;
	}
	if (fake->is_io_faulting) {
		arch_vcpu_inject(vcpu, 14, true, 2);
		return HV_INVALID;
	}
	memcpy(string_element(fake, io->size), &value, io->size);
	return HV_OK;
}

bool arch_io_step(struct vcpu_arch *vcpu, const struct exit_io *io)
{
	if (!io->is_string) {
		return false;
	}
	fake_vcpu_of(vcpu)->io_next += io->size;
	if (!io->is_rep) {
		return false;
	}
	vcpu->gpr[VCPU_RCX]--;
	return vcpu->gpr[VCPU_RCX] != 0;
}

void arch_mmio_apply(struct vcpu_arch *vcpu, const struct exit_mmio *mmio, uint64_t *value)
{
	const struct decoded *in = &mmio->instruction;

	CHECK(in->reg < 16);
	switch (mmio->kind) {
	case MMIO_READ:
		vcpu->gpr[in->reg] = *value & size_mask(mmio->size);
		break;
	case MMIO_WRITE:
		*value = (in->is_immediate ? in->immediate : vcpu->gpr[in->reg]) &
			 size_mask(mmio->size);
		break;
	case MMIO_MODIFY:
		*value = (*value | in->immediate) & size_mask(mmio->size); /* as OR */
		break;
	}
}
