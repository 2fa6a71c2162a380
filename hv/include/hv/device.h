/* SPDX-License-Identifier: Apache-2.0 */
/* Device models: what a guest sees at its ports and device addresses. */
#pragma once

#include "addr.h"
#include "manage_abi.h"

#include <stdbool.h>
#include <stdint.h>

struct vcpu;
struct vm_arch;
struct vm;

#define DEVICE_MODEL_MAX 16u

/* Where a port lies among the addresses of models; memory lies at its guest-physical address. */
#define DEVICE_PORT(port) (UINT64_C(1) << 63 | (port))

/*
 * One access to a model, never straddling its end: offset from its base, size 1, 2, 4 or 8. What
 * a read returns beyond its size is ignored.
 */
typedef uint64_t device_read(struct vcpu *vcpu, uint32_t offset, uint32_t size);
typedef void device_write(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value);

/*
 * One const table entry per model, in device_models[]. The model's state in a VM, vm->device_state,
 * is state_size bytes, zeroed at every start of the VM before `reset`, if there is one, is called.
 * hv calls a model of one VM from several CPUs at once: it locks itself.
 */
struct device_model {
	uint64_t base; /* address, or DEVICE_PORT(first port) */
	uint64_t size; /* bytes or ports */
	uint32_t state_size;
	void (*reset)(struct vm *vm);
	device_read *read;
	device_write *write;
};

/* Defined by drivers/model/models.c; ordered by how often they are hit; ends with size 0. */
extern const struct device_model device_models[];

/* The local APIC has a door of its own: exits of kind APIC come decoded. Both in
 * drivers/model/vlapic.c. offset: LAPIC_* of arch/lapic.h; LAPIC_BASE_MSR for IA32_APIC_BASE.
 * Return false: #GP (x2APIC: reserved register, bits or direction). */
#define LAPIC_BASE_MSR 0xfffu
bool vlapic_read(struct vcpu *vcpu, uint32_t offset, uint64_t *value);
bool vlapic_write(struct vcpu *vcpu, uint32_t offset, uint64_t value);
void vlapic_reset(struct vcpu *vcpu, bool is_init); /* is_init: INIT keeps IA32_APIC_BASE's mode */

/* Before the RAM of a VM that has stopped is given away: its real devices reach no RAM from here
 * on, until a driver lets them. */
void passthrough_silence(const struct vm *vm);

/* A byte of host input for the partition that owns the real UART, to the console that it has
 * written to last: the UART, or the virtio console, which drops it when it has no driver. Any CPU.
 */
void vuart_input(struct vm *vm, uint8_t byte);
void virtio_console_input(struct vm *vm, uint8_t byte);
/* The size of a running VM's console has become that of its image. Under vm->lock. */
void virtio_console_resize(struct vm *vm);
/* Is there room? Where there is none input had better wait; console_input_again() is called when
 * there is some. Any CPU. */
bool vuart_takes_input(struct vm *vm);
bool virtio_console_takes_input(struct vm *vm);

/* Does MANAGE_DISK_TAKE or _DONE of `caller`, the management partition, whose RAM the command's
 * data is, on another VM. No lock of a VM or device is held. In drivers/model/virtio_block.c. */
enum manage_status disk_serve(struct vm *vm, const struct vm_arch *caller, gpa_t data,
			      struct manage_command *command);
