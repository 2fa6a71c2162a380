/* SPDX-License-Identifier: Apache-2.0 */
/* Device models: what a guest sees at its ports and device addresses. */
#pragma once

#include "addr.h"

#include <stdint.h>

struct vcpu;
struct vm;

#define DEVICE_MODEL_MAX 16u

/*
 * One const table entry per model, in device_models[]. A model has `port_count` ports from
 * `port_base` or `mmio_size` bytes from `mmio_base`, or both. `state` is state_size bytes, zeroed
 * when the VM is created; hv calls a model of one VM from several CPUs at once: it locks itself.
 * Offsets are relative to the base of what was accessed; accesses never straddle its end; size is
 * 1, 2, 4 or 8.
 */
struct device_model {
	const char *name;
	uint32_t state_size;
	uint32_t port_base;
	uint32_t port_count;
	uint64_t mmio_base;
	uint64_t mmio_size;
	void (*reset)(void *state, struct vm *vm); /* at every start of the VM */
	uint64_t (*port_read)(void *state, struct vcpu *vcpu, uint32_t offset, uint32_t size);
	void (*port_write)(void *state, struct vcpu *vcpu, uint32_t offset, uint32_t size,
			   uint64_t value);
	uint64_t (*mmio_read)(void *state, struct vcpu *vcpu, uint64_t offset, uint32_t size);
	void (*mmio_write)(void *state, struct vcpu *vcpu, uint64_t offset, uint32_t size,
			   uint64_t value);
};

/* Defined by drivers/model/models.c; ordered by how often they are hit. */
extern const struct device_model device_models[];
extern const uint32_t device_model_count;

/* State of a model in a VM; model is its entry in device_models. */
void *device_state(struct vm *vm, const struct device_model *model);

/* The local APIC has a door of its own: exits of kind APIC come decoded. Both in
 * drivers/model/vlapic.c. offset: LAPIC_* of arch/lapic.h; LAPIC_BASE_MSR for IA32_APIC_BASE.
 * Return false: #GP (x2APIC: reserved register, bits or direction). */
#define LAPIC_BASE_MSR 0xfffu
_Bool vlapic_read(struct vcpu *vcpu, uint32_t offset, uint64_t *value);
_Bool vlapic_write(struct vcpu *vcpu, uint32_t offset, uint64_t value);
void vlapic_reset(struct vcpu *vcpu, _Bool is_init); /* is_init: INIT keeps IA32_APIC_BASE's mode */

/* Host input for the partition that owns the real UART; called with bytes, any CPU. */
void vuart_input(struct vm *vm, uint8_t byte);
