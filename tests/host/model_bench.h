/* SPDX-License-Identifier: Apache-2.0 */
/* A VM of vCPUs for tests of device models: what models call in hv is recorded here. */
#pragma once

#include "hv/vm.h"

#define BENCH_OUTPUT_MAX 64u
#define BENCH_VM_MAX     8u

struct bench {
	struct vm vm;
	struct vm *vms[BENCH_VM_MAX]; /* vm_get(); at first `vm` alone */
	uint32_t vm_count;
	struct vcpu vcpus[CPU_MAX];
	struct cpu cpus[CPU_MAX];
	char output[BENCH_OUTPUT_MAX + 1]; /* console_write(), the first bytes */
	uint32_t output_count;
	uint32_t command_slot; /* manage_command() */
	uint32_t command_count;
	uint32_t disk_kick_count;   /* manage_disk_kick() */
	uint32_t input_again_count; /* console_input_again() */
	void (*on_output)(void);    /* before each console_write(); may be NULL */
	uint32_t stop_count;
	enum vm_stop_cause stop_cause;
	uint64_t interrupted[256]; /* by vector: vCPUs that got it, bit per index */
	uint32_t interrupt_count;
	void (*on_interrupt)(struct vcpu *vcpu); /* may be NULL */
	uint32_t requested[CPU_MAX];             /* VCPU_REQUEST_* */
	uint32_t request_count;
};
extern struct bench bench;

/* Models reset; vCPUs as after a start of the VM, vCPU 0's CPU is the current one. */
void bench_start(uint32_t vcpu_count);
/* An access to a model of device_models[] by a vCPU. */
uint64_t bench_read(uint32_t model, uint32_t vcpu, uint32_t offset, uint32_t size);
void bench_write(uint32_t model, uint32_t vcpu, uint32_t offset, uint32_t size, uint64_t value);
/* The I/O APIC's redirection entry of a pin; writing sets the high half first, if it changes. */
uint64_t bench_entry(uint32_t pin);
void bench_route(uint32_t pin, uint64_t entry);
/* Forgets what was recorded. */
void bench_clear(void);
