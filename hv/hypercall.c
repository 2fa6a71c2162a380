/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls. Each handler checks every argument before it does anything. */
#include "hypercall.h"

#include "arch/clock.h"
#include "arch/upcalls.h"
#include "bits.h"
#include "hv/console.h"
#include "hv/guest_mem.h"
#include "hv/vm.h"
#include "hypercall_abi.h"
#include "vcpu_run.h"

#define WRITE_MAX   4096u
#define WRITE_PIECE 128u
#define INVALID_CR4 (~UINT64_C(0)) /* reserved bits set: no VM entry accepts it */

static enum hypercall_status hc_null(struct vcpu *vcpu)
{
	(void)vcpu;
	return HYPERCALL_OK;
}

static enum hypercall_status hc_version(struct vcpu *vcpu)
{
	vcpu->arch.gpr[VCPU_RDI] = HYPERCALL_ABI_VERSION;
	return HYPERCALL_OK;
}

static enum hypercall_status hc_console_write(struct vcpu *vcpu)
{
	gpa_t from = gpa_from_u64(vcpu->arch.gpr[VCPU_RDI]);
	uint64_t size = vcpu->arch.gpr[VCPU_RSI];
	uint8_t piece[WRITE_PIECE];

	if (size == 0 || size > WRITE_MAX) {
		return HYPERCALL_INVALID;
	}
	if (!guest_mem_is_ram(&vcpu->vm->arch, from, size)) {
		return HYPERCALL_BAD_ADDRESS;
	}
	for (uint64_t done = 0; done < size; done += sizeof(piece)) {
		size_t length = (size_t)min_u64(sizeof(piece), size - done);

		if (guest_mem_read(&vcpu->vm->arch, gpa_add(from, done), piece, length) != HV_OK) {
			return HYPERCALL_BAD_ADDRESS;
		}
		console_write(vcpu->vm, piece, (uint32_t)length);
	}
	return HYPERCALL_OK;
}

static enum hypercall_status hc_exit_count(struct vcpu *vcpu)
{
	uint64_t index = vcpu->arch.gpr[VCPU_RDI];
	uint64_t reason = vcpu->arch.gpr[VCPU_RSI];

	if (index >= vcpu->vm->vcpu_count || reason >= EXIT_COUNT_REASONS) {
		return HYPERCALL_INVALID;
	}
	vcpu->arch.gpr[VCPU_RDI] = vcpu->vm->vcpus[index]->arch.exit_count[reason];
	return HYPERCALL_OK;
}

/* Other vCPUs may be counting at this moment and bring one old value back: statistics, not state.
 */
static enum hypercall_status hc_exit_reset(struct vcpu *vcpu)
{
	for (uint32_t i = 0; i < vcpu->vm->vcpu_count; i++) {
		for (uint32_t reason = 0; reason < EXIT_COUNT_REASONS; reason++) {
			vcpu->vm->vcpus[i]->arch.exit_count[reason] = 0;
		}
	}
	return HYPERCALL_OK;
}

static enum hypercall_status hc_shutdown(struct vcpu *vcpu)
{
	static const enum vm_stop_cause causes[] = {VM_STOP_POWER_OFF, VM_STOP_RESET,
						    VM_STOP_CRASH};
	uint64_t how = vcpu->arch.gpr[VCPU_RDI];
	uint64_t code = vcpu->arch.gpr[VCPU_RSI];

	if (how > SHUTDOWN_CRASH || code > UINT8_MAX) {
		return HYPERCALL_INVALID;
	}
	vm_stop(vcpu->vm, causes[how], code);
	return HYPERCALL_OK;
}

static enum hypercall_status hc_time(struct vcpu *vcpu)
{
	vcpu->arch.gpr[VCPU_RDI] = arch_tsc_hz();
	vcpu->arch.gpr[VCPU_RSI] = vcpu->vm->arch.clock_wall + arch_tsc_to_ns(arch_tsc());
	return HYPERCALL_OK;
}

static enum hypercall_status hc_inject(struct vcpu *vcpu)
{
	uint64_t what = vcpu->arch.gpr[VCPU_RDI];
	uint64_t index = vcpu->arch.gpr[VCPU_RSI];

	if (what > INJECT_ENTRY_FAILURE || index >= vcpu->vm->vcpu_count) {
		return HYPERCALL_INVALID;
	}
	if (what == INJECT_NMI) {
		vcpu_request(vcpu->vm->vcpus[index], VCPU_REQUEST_NMI);
		return HYPERCALL_OK;
	}
	if (index != vcpu->index) {
		return HYPERCALL_DENIED;
	}
	arch_vcpu_set(&vcpu->arch, VCPU_CR4, INVALID_CR4);
	return HYPERCALL_OK;
}

static enum hypercall_status (*const handlers[HYPERCALL_COUNT])(struct vcpu *vcpu) = {
	[HYPERCALL_NULL] = hc_null,
	[HYPERCALL_VERSION] = hc_version,
	[HYPERCALL_CONSOLE_WRITE] = hc_console_write,
	[HYPERCALL_EXIT_COUNT] = hc_exit_count,
	[HYPERCALL_EXIT_RESET] = hc_exit_reset,
	[HYPERCALL_SHUTDOWN] = hc_shutdown,
	[HYPERCALL_TIME] = hc_time,
	[HYPERCALL_INJECT] = hc_inject,
};

static void answer(struct vcpu *vcpu)
{
	uint64_t number = vcpu->arch.gpr[VCPU_RAX];
	enum hypercall_status status =
		number < HYPERCALL_COUNT ? handlers[number](vcpu) : HYPERCALL_UNKNOWN;

	vcpu->arch.gpr[VCPU_RAX] = (uint64_t)(int64_t)status;
}

void hypercall_handle(struct vcpu *vcpu)
{
	answer(vcpu);
	arch_vcpu_skip(&vcpu->arch);
}

bool hv_hypercall(struct vcpu_arch *arch, struct vm_exit *exit)
{
	struct vcpu *vcpu = vcpu_from_arch(arch);

	exit->kind = VM_EXIT_KICK; /* should it leave */
	answer(vcpu);
	return !vcpu_has_requests(vcpu);
}
