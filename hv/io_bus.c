/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the device model of an access: few models, the most used first, so a loop is quickest. */
#include "io_bus.h"

#include "hv/vm.h"
#include "log.h"

/* NULL: nobody answers. */
static const struct device_model *find(uint64_t address, uint32_t size)
{
	for (const struct device_model *model = device_models; model->size != 0; model++) {
		if (address - model->base < model->size) {
			return address - model->base + size <= model->size ? model : NULL;
		}
	}
	return NULL;
}

/* Once per start of the VM: a guest must not be able to fill the log. Not inlined, so that accesses
 * that find their model do without its stack frame. */
__attribute__((noinline)) static void warn_hole(struct vm *vm, uint64_t address, const char *what)
{
	if (address < DEVICE_PORT(0) && !vm->is_hole_warned) {
		vm->is_hole_warned = true;
		log_notice("partition %s: %s at %lx, where there is nothing (said once)", vm->name,
			   what, address);
	}
}

uint64_t io_bus_read(struct vcpu *vcpu, uint64_t address, uint32_t size)
{
	const struct device_model *model = find(address, size);

	if (model != NULL) {
		return model->read(vcpu, (uint32_t)(address - model->base), size);
	}
	warn_hole(vcpu->vm, address, "read");
	return ~UINT64_C(0);
}

void io_bus_write(struct vcpu *vcpu, uint64_t address, uint32_t size, uint64_t value)
{
	const struct device_model *model = find(address, size);

	if (model != NULL) {
		model->write(vcpu, (uint32_t)(address - model->base), size, value);
	} else {
		warn_hole(vcpu->vm, address, "write");
	}
}
