/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the device model of an access: few models, the most used first, so a loop is quickest. */
#include "io_bus.h"

#include "bits.h"
#include "hv/device.h"
#include "hv/vm.h"
#include "log.h"

static const struct device_model *port_model(uint16_t port, uint32_t size)
{
	for (uint32_t i = 0; i < device_model_count; i++) {
		const struct device_model *model = &device_models[i];

		if (port - model->port_base < model->port_count) {
			return port - model->port_base + size <= model->port_count ? model : NULL;
		}
	}
	return NULL;
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
	const struct device_model *model = port_model(port, size);

	if (model == NULL) {
		return size_mask(size);
	}
	return model->port_read(device_state(vcpu->vm, model), vcpu, port - model->port_base, size);
}

void io_bus_port_write(struct vcpu *vcpu, uint16_t port, uint32_t size, uint64_t value)
{
	const struct device_model *model = port_model(port, size);

	if (model != NULL) {
		model->port_write(device_state(vcpu->vm, model), vcpu, port - model->port_base, size,
				  value);
	}
}

/* Once per start of the VM: a guest must not be able to fill the log. */
static void warn_hole(struct vm *vm, gpa_t address, const char *what)
{
	if (vm->hole_warned == 0) {
		vm->hole_warned = 1;
		log_notice("partition %s: %s at %llx, where there is nothing (said once)", vm->name,
			   what, (unsigned long long)address.value);
	}
}

uint64_t io_bus_mmio_read(struct vcpu *vcpu, gpa_t address, uint32_t size)
{
	const struct device_model *model = mmio_model(address, size);

	if (model == NULL) {
		warn_hole(vcpu->vm, address, "read");
		return size_mask(size);
	}
	return model->mmio_read(device_state(vcpu->vm, model), vcpu, address.value - model->mmio_base,
				size);
}

void io_bus_mmio_write(struct vcpu *vcpu, gpa_t address, uint32_t size, uint64_t value)
{
	const struct device_model *model = mmio_model(address, size);

	if (model == NULL) {
		warn_hole(vcpu->vm, address, "write");
		return;
	}
	model->mmio_write(device_state(vcpu->vm, model), vcpu, address.value - model->mmio_base, size,
			  value);
}
