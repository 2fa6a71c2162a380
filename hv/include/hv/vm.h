/* SPDX-License-Identifier: Apache-2.0 */
/* A partition: its memory, vCPUs, devices and life cycle. */
#pragma once

#include "arch/cpu.h"
#include "arch/spin.h"
#include "arch/vcpu.h"

#include "boot_abi.h"
#include "hv/console.h"
#include "hv/device.h"
#include "hv/vcpu.h"
#include "platform_abi.h"

#define VM_EXTENT_MAX 16u

/* A run of the VM's RAM; 2 MiB aligned. */
struct vm_extent {
	gpa_t guest;
	hpa_t host;
	uint64_t size;
};

/*
 * Life cycle; every transition is made under vm->lock.
 *
 *            vm_start                last vCPU has left
 *  STOPPED ----------> RUNNING --> STOPPING ----------> STOPPED   (power-off, crash with `stop`)
 *     ^                  vm_stop       |
 *     |                                +--------------> RUNNING   (restart: RAM cleared, reloaded)
 */
enum vm_state {
	VM_STOPPED,
	VM_RUNNING,
	VM_STOPPING,
	VM_CLEARING, /* just made: its RAM is being zeroed, then STOPPED */
	VM_LEAVING,  /* stopped; its CPUs are being taken away, then ABSENT */
	VM_ABSENT,   /* nobody; the structure waits for the next VM of this id */
};

enum vm_stop_cause {
	VM_STOP_POWER_OFF,
	VM_STOP_RESET,
	VM_STOP_CRASH,
	VM_STOP_ORDERED, /* by the management partition */
};

struct vm {
	struct vm_arch arch; /* first: a struct vm is found by it */
	uint32_t id;
	const char *name; /* of its configuration */
	struct config_partition config;
	struct boot_image image; /* what its RAM holds at a start */
	const struct boot_passthrough
		*passthrough; /* the management partition's; NULL: no other's */
	uint64_t memory_size;
	struct vm_extent extents[VM_EXTENT_MAX]; /* sorted by guest; fixed once created */
	uint32_t extent_count;
	struct vcpu *vcpus[CPU_MAX];
	uint32_t vcpu_count;
	void *device_state[DEVICE_MODEL_MAX]; /* by index in device_models */
	struct spin_lock lock;                /* state, stop_*, left_count; other VMs' deliveries */
	_Atomic uint32_t state;               /* enum vm_state; written under lock */
	uint32_t stop_cause;                  /* enum vm_stop_cause */
	uint64_t stop_code;                   /* HYPERCALL_SHUTDOWN's exit code */
	_Atomic bool is_console_virtio; /* wrote last: what is typed goes to it, not to the UART */
	uint32_t left_count; /* vCPUs whose CPU is lent, or that have acknowledged STOPPING */
	uint32_t start_count;
	struct console_ring output;
	uint32_t pool_pages; /* that the hypervisor keeps for it */
	uint32_t kept_pages; /* of them, those that stay with the id */
	bool has_stage2;
	bool is_created; /* at run time: the management partition fills its RAM */
	_Atomic bool is_paused;
	bool is_clear;       /* RAM holds nothing but zeros; own vCPU 0, or the last that left */
	bool is_hole_warned; /* a hole was touched, and logged, since the last start */
};

struct vm *vm_get(uint32_t id); /* below CONFIG_PARTITION_MAX; NULL: no such VM */

/* Asks every vCPU to leave; the last one finishes. Any CPU; does not wait. Later causes are
 * ignored. */
void vm_stop(struct vm *vm, enum vm_stop_cause cause, uint64_t code);
