/* SPDX-License-Identifier: Apache-2.0 */
/* The channel's registers. None holds state: revision 1 has no use for mask and status. */
#include "vchannel.h"

#include "hv/vm.h"
#include "vpci.h"

#define REG_POSITION 8u
#define REG_DOORBELL 12u

static bool is_member(const struct vm *vm)
{
	return vm->image.pci[PLATFORM_SLOT_CHANNEL].value[0] != 0;
}

uint64_t vchannel_read(struct vcpu *vcpu, uint32_t offset, uint32_t size)
{
	(void)size;
	if (!is_member(vcpu->vm)) {
		return ~UINT64_C(0);
	}
	return offset == REG_POSITION ? vcpu->vm->id : 0;
}

/*
 * A doorbell touches the state of a VM that is not the caller's and may be starting or stopping.
 * It is rung under the receiver's lock: a start zeroes the models, their locks included, under the
 * same lock and only when STOPPED, so it finds nobody inside, and while RUNNING is seen here the
 * VM cannot become anything else. The caller holds no lock, so the order is kept, self included.
 */
void vchannel_write(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value)
{
	bool is_ring = offset == REG_DOORBELL && size == sizeof(uint32_t) && is_member(vcpu->vm);
	struct vm *peer = is_ring ? vm_get((uint32_t)value >> 16) : NULL;

	if (peer == NULL || !is_member(peer)) {
		return;
	}
	spin_lock(&peer->lock);
	if (atomic_load(&peer->state) == VM_RUNNING) {
		vpci_raise(peer, PLATFORM_SLOT_CHANNEL, (uint16_t)value);
	}
	spin_unlock(&peer->lock);
}
