/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the device model of an access: few models, the most used first, so a loop is quickest. */
#include "io_bus.h"

#include "bits.h"
#include "hv/device.h"
#include "hv/vm.h"
#include "log.h"

/* Whether the access lies wholly in the model's ports, from *offset on. */
static bool is_port_of(const struct device_model *model, uint16_t port, uint32_t size,
		       uint32_t *offset)
{
	*offset = port - model->port_base;
	return *offset < model->port_count && *offset + size <= model->port_count;
}

static const struct device_model *mmio_model(gpa_t address, uint32_t size)
{
	for (uint32_t i = 0; i < device_model_count; i++) {
		const struct device_model *model = &device_models[i];
		uint64_t offset = address.value - model->mmio_base;

		if (offset < model->mmio_size) {
			return offset + size <= model->mmio_size ? model : NULL;
		}
	}
	return NULL;
}

uint64_t io_bus_port_read(struct vcpu *vcpu, uint16_t port, uint32_t size)
{
	uint32_t offset;

	for (uint32_t i = 0; i < device_model_count; i++) {
		if (is_port_of(&device_models[i], port, size, &offset)) {
			return device_models[i].port_read(vcpu->vm->device_state[i], vcpu, offset,
							  size);
		}
	}
	return size_mask(size);
}

void io_bus_port_write(struct vcpu *vcpu, uint16_t port, uint32_t size, uint64_t value)
{
	uint32_t offset;

	for (uint32_t i = 0; i < device_model_count; i++) {
		if (is_port_of(&device_models[i], port, size, &offset)) {
			device_models[i].port_write(vcpu->vm->device_state[i], vcpu, offset, size,
						    value);
			return;
		}
	}
}

/* Once per start of the VM: a guest must not be able to fill the log. */
static void warn_hole(struct vm *vm, gpa_t address, const char *what)
{
	if (vm->hole_warned == 0) {
		vm->hole_warned = 1;
		log_notice("partition %s: %s at %lx, where there is nothing (said once)", vm->name,
			   what, address.value);
	}
}

uint64_t io_bus_mmio_read(struct vcpu *vcpu, gpa_t address, uint32_t size)
{
	const struct device_model *model = mmio_model(address, size);

	if (model == NULL) {
		warn_hole(vcpu->vm, address, "read");
		return size_mask(size);
	}
	return model->mmio_read(device_state(vcpu->vm, model), vcpu,
				address.value - model->mmio_base, size);
}

void io_bus_mmio_write(struct vcpu *vcpu, gpa_t address, uint32_t size, uint64_t value)
{
	const struct device_model *model = mmio_model(address, size);

	if (model == NULL) {
		warn_hole(vcpu->vm, address, "write");
		return;
	}
	model->mmio_write(device_state(vcpu->vm, model), vcpu, address.value - model->mmio_base,
			  size, value);
}
