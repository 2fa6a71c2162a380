/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual CPU as hv and device models see it. */
#pragma once

#include "arch/cpu.h"
#include "arch/vcpu.h"

#include <stdatomic.h>

struct vm;

/*
 *               vm_start (vCPU 0)
 *  VCPU_OFF ------------------------> VCPU_RUNNING
 *     |  vm_start (the others)            ^   | REQUEST_INIT
 *     +----------> VCPU_WAIT_SIPI --------+   |
 *                     ^       REQUEST_SIPI    |
 *                     +-----------------------+
 *  any --REQUEST_STOP, REQUEST_LEND--> VCPU_OFF
 */
enum vcpu_state {
	VCPU_OFF,
	VCPU_WAIT_SIPI,
	VCPU_RUNNING,
};

/* Bits of vcpu.requests: set by any CPU (release), taken by the vCPU's own CPU (acquire) after a
 * kick. */
#define VCPU_REQUEST_START (1u << 0)
#define VCPU_REQUEST_STOP  (1u << 1)
#define VCPU_REQUEST_INIT  (1u << 2)
#define VCPU_REQUEST_SIPI  (1u << 3)
#define VCPU_REQUEST_NMI   (1u << 4)
#define VCPU_REQUEST_CLEAR (1u << 5) /* of a new VM's vCPU 0: zero its RAM */
#define VCPU_REQUEST_LEAVE (1u << 6) /* give the CPU back; the vCPU is gone afterwards */
#define VCPU_REQUEST_LEND  (1u << 7) /* the same, but the vCPU waits, off, for its CPU */

struct vcpu {
	struct vcpu_arch arch; /* first: vcpu_from_arch() */
	struct vm *vm;
	struct cpu *cpu; /* where it runs; fixed while its VM runs */
	uint32_t index;  /* in its VM; the guest's APIC ID */
	uint32_t state;  /* enum vcpu_state; own CPU only */
	bool is_again;   /* a model has more to do: the guest runs the port write once more */
	_Atomic uint32_t requests;
	_Atomic uint8_t sipi_vector;
	_Atomic uint32_t logical_id;     /* the guest's LDR, for logical destinations */
	_Atomic uint32_t logical_format; /* the guest's DFR */
};

static inline struct vcpu *vcpu_from_arch(struct vcpu_arch *arch)
{
	return (struct vcpu *)arch;
}

/* Not while its CPU is lent. */
static inline bool vcpu_has_cpu(const struct vcpu *vcpu)
{
	return atomic_load_explicit(&vcpu->cpu->vcpu, memory_order_acquire) == vcpu;
}

/* Sets request bits and kicks the vCPU's CPU unless that is the running one, or another's. */
void vcpu_request(struct vcpu *vcpu, uint32_t requests);

/* Sends the guest's vector as a real IPI to the CPU of the vCPU; the receiver does not exit.
 * Dropped for vectors below 16, and for a vCPU that has no CPU. */
void vcpu_interrupt(struct vcpu *vcpu, uint8_t vector);
