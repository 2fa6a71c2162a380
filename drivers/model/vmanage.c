/* SPDX-License-Identifier: Apache-2.0 */
/* The doorbell of the management device; what it does is hv's. */
#include "vmanage.h"

#include "hv/manage.h"
#include "hv/vm.h"
#include "manage_abi.h"

static bool is_manager(const struct vcpu *vcpu)
{
	return (vcpu->vm->config.flags & CONFIG_PARTITION_MANAGEMENT) != 0;
}

uint64_t vmanage_read(struct vcpu *vcpu, uint32_t offset, uint32_t size)
{
	if (is_manager(vcpu) && size == sizeof(uint32_t) && offset == MANAGE_PORT_VERSION) {
		return MANAGE_VERSION;
	}
	if (is_manager(vcpu) && size == sizeof(uint32_t) && offset == MANAGE_PORT_MAGIC) {
		return MANAGE_MAGIC;
	}
	return ~UINT64_C(0);
}

void vmanage_write(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value)
{
	if (is_manager(vcpu) && size == sizeof(uint32_t) && offset == MANAGE_PORT_DOORBELL) {
		manage_command(vcpu->vm, (uint32_t)value);
	}
}
