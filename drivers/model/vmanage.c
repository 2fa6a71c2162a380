/* SPDX-License-Identifier: Apache-2.0 */
/* The doorbell of the management device; what it does is hv's. */
#include "vmanage.h"

#include "hv/manage.h"
#include "hv/vm.h"
#include "manage_abi.h"

static bool is_there(const struct vcpu *vcpu, uint32_t size)
{
	return (vcpu->vm->config.flags & CONFIG_PARTITION_MANAGEMENT) != 0 &&
	       size == sizeof(uint32_t);
}

uint64_t vmanage_read(struct vcpu *vcpu, uint32_t offset, uint32_t size)
{
	if (is_there(vcpu, size) && offset == MANAGE_PORT_VERSION) {
		return MANAGE_VERSION;
	}
	return is_there(vcpu, size) && offset == MANAGE_PORT_MAGIC ? MANAGE_MAGIC : ~UINT64_C(0);
}

void vmanage_write(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value)
{
	if (is_there(vcpu, size) && offset == MANAGE_PORT_DOORBELL) {
		manage_command(vcpu->vm, (uint32_t)value);
	}
}
