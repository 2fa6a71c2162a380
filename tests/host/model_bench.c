/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of hv that device models call, and a VM to call them with. */
#include "model_bench.h"

#include "fake.h"
#include "hv/console.h"
#include "hv/device.h"
#include "hv/manage.h"
#include "hv/stats.h"
#include "models.h"
#include "tap.h"

#include <stdlib.h>

struct bench bench;

static uint64_t states[DEVICE_MODEL_MAX][1024];

void bench_clear(void)
{
	memset(bench.output, 0, sizeof(bench.output));
	bench.output_count = 0;
	bench.stop_count = 0;
	memset(bench.interrupted, 0, sizeof(bench.interrupted));
	bench.interrupt_count = 0;
	memset(bench.requested, 0, sizeof(bench.requested));
	bench.request_count = 0;
}

void bench_start(uint32_t vcpu_count)
{
	fake_reset();
	memset(&bench, 0, sizeof(bench));
	memset(states, 0, sizeof(states));
	bench.vm.vcpu_count = vcpu_count;
	bench.vms[0] = &bench.vm;
	bench.vm_count = 1;
	fake_cpus.current = &bench.cpus[0];
	for (uint32_t i = 0; i < vcpu_count; i++) {
		bench.vm.vcpus[i] = &bench.vcpus[i];
		bench.vcpus[i].vm = &bench.vm;
		bench.vcpus[i].index = i;
		bench.vcpus[i].cpu = &bench.cpus[i];
		if (arch_vcpu_init(&bench.vcpus[i].arch, &bench.vm.arch, i) != HV_OK) {
			abort();
		}
	}
	for (uint32_t i = 0; device_models[i].size != 0; i++) {
		if (device_models[i].state_size > sizeof(states[i])) {
			abort();
		}
		bench.vm.device_state[i] = states[i];
		if (device_models[i].reset != NULL) {
			device_models[i].reset(&bench.vm);
		}
	}
	for (uint32_t i = 0; i < vcpu_count; i++) {
		vlapic_reset(&bench.vcpus[i], false);
	}
}

uint64_t bench_read(uint32_t model, uint32_t vcpu, uint32_t offset, uint32_t size)
{
	return device_models[model].read(&bench.vcpus[vcpu], offset, size);
}

void bench_write(uint32_t model, uint32_t vcpu, uint32_t offset, uint32_t size, uint64_t value)
{
	device_models[model].write(&bench.vcpus[vcpu], offset, size, value);
}

uint64_t bench_entry(uint32_t pin)
{
	uint64_t entry = 0;

	for (uint32_t half = 0; half < 2; half++) {
		bench_write(MODEL_IOAPIC, 0, 0x00, 4, 0x10 + pin * 2 + half);
		entry |= bench_read(MODEL_IOAPIC, 0, 0x10, 4) << (half * 32);
	}
	return entry;
}

void bench_route(uint32_t pin, uint64_t entry)
{
	if (bench_entry(pin) >> 32 != entry >> 32) {
		bench_write(MODEL_IOAPIC, 0, 0x00, 4, 0x11 + pin * 2);
		bench_write(MODEL_IOAPIC, 0, 0x10, 4, entry >> 32);
	}
	bench_write(MODEL_IOAPIC, 0, 0x00, 4, 0x10 + pin * 2);
	bench_write(MODEL_IOAPIC, 0, 0x10, 4, (uint32_t)entry);
}

void manage_command(struct vm *caller, uint32_t slot)
{
	(void)caller;
	bench.command_slot = slot;
	bench.command_count++;
}

void manage_disk_kick(const struct vm *vm)
{
	TAP_CHECK(vm == &bench.vm);
	bench.disk_kick_count++;
}

void console_input_again(void)
{
	bench.input_again_count++;
}

void console_write(struct vm *vm, const uint8_t *bytes, uint32_t size)
{
	TAP_CHECK(vm == &bench.vm);
	if (bench.on_output != NULL) {
		bench.on_output();
	}
	for (uint32_t i = 0; i < size; i++) {
		if (bench.output_count < BENCH_OUTPUT_MAX) {
			bench.output[bench.output_count] = (char)bytes[i];
		}
		bench.output_count++;
	}
}

void vm_stop(struct vm *vm, enum vm_stop_cause cause, uint64_t code)
{
	TAP_CHECK(vm == &bench.vm);
	TAP_EQUAL(code, 0);
	bench.stop_cause = cause;
	bench.stop_count++;
}

struct vm *vm_get(uint32_t id)
{
	return id < bench.vm_count ? bench.vms[id] : NULL;
}

void vcpu_interrupt(struct vcpu *vcpu, uint8_t vector)
{
	if (bench.on_interrupt != NULL) {
		bench.on_interrupt(vcpu);
	}
	bench.interrupted[vector] |= UINT64_C(1) << vcpu->index;
	bench.interrupt_count++;
}

void vcpu_request(struct vcpu *vcpu, uint32_t requests)
{
	bench.requested[vcpu->index] |= requests;
	bench.request_count++;
}

void stats_mark(struct vcpu *vcpu, uint8_t byte)
{
	(void)vcpu;
	(void)byte;
}
