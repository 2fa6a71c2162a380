/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a vCPU and answers the exits that are x86's own business; the others go to hv. */
#include "guest_fetch.h"
#include "guest_string.h"
#include "regs.h"
#include "traps.h"
#include "virt_internal.h"

#include "arch/clock.h"

#include "str.h"

#define HYPERCALL_LENGTH 3u

enum virt_result virt_crash(struct vm_exit *exit, const char *why)
{
	exit->kind = VM_EXIT_CRASH;
	exit->why = why;
	return VIRT_RETURN;
}

/* What is not listed counts as EXIT_COUNT_OTHER. */
static const uint8_t counter_of[] = {
	[VM_EXIT_CPUID] = EXIT_COUNT_CPUID,
	[VM_EXIT_RDMSR] = EXIT_COUNT_RDMSR,
	[VM_EXIT_WRMSR] = EXIT_COUNT_WRMSR,
	[VM_EXIT_CR] = EXIT_COUNT_CR,
	[VM_EXIT_XSETBV] = EXIT_COUNT_XSETBV,
	[VM_EXIT_EXCEPTION] = EXIT_COUNT_EXCEPTION,
	[VM_EXIT_WINDOW] = EXIT_COUNT_WINDOW,
	[VM_EXIT_FORBIDDEN] = EXIT_COUNT_INSTRUCTION,
	[VM_EXIT_STAGE2] = EXIT_COUNT_MMIO,
	[VM_EXIT_KICK] = EXIT_COUNT_NMI,
	[VM_EXIT_HYPERCALL] = EXIT_COUNT_HYPERCALL,
	[VM_EXIT_IO] = EXIT_COUNT_IO,
	[VM_EXIT_CRASH] = 0,
};

/* VMMCALL on an Intel CPU, VMCALL on an AMD CPU (hypercall_abi.h): #UD there, and meant for us. */
static bool is_other_hypercall(struct vcpu_arch *vcpu)
{
	static const uint8_t vmcall[HYPERCALL_LENGTH] = {0x0f, 0x01, 0xc1};
	static const uint8_t vmmcall[HYPERCALL_LENGTH] = {0x0f, 0x01, 0xd9};
	struct guest_walk walk;
	struct guest_code code;

	guest_walk_init(&walk, vcpu);
	if (walk.cpl != 0 || guest_fetch(vcpu, &walk, &code) != GUEST_WALK_OK) {
		return false;
	}
	return memcmp(code.bytes, vmcall, HYPERCALL_LENGTH) == 0 ||
	       memcmp(code.bytes, vmmcall, HYPERCALL_LENGTH) == 0;
}

/* #DB and #AC are intercepted because a guest could loop in their delivery for ever (pitfall 18):
 * the exit is what lets requests through; then the guest gets them. */
static enum virt_result exit_exception(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	struct exit_exception exception = exit->exception;

	if (exception.vector == EXCEPTION_MC) {
		mce_take();
		return virt_crash(exit, "machine check");
	}
	if (exception.vector == EXCEPTION_UD && is_other_hypercall(vcpu)) {
		vcpu->exit_length = HYPERCALL_LENGTH;
		vcpu->exit_count[EXIT_COUNT_HYPERCALL]++;
		exit->kind = VM_EXIT_HYPERCALL;
		return VIRT_RETURN;
	}
	arch_vcpu_inject(vcpu, exception.vector, exception.has_error_code, exception.error_code);
	return VIRT_RESUME;
}

/* A REP with a count of 0 does nothing, not even to the device. */
static bool is_empty_repeat(struct vcpu_arch *vcpu, const struct exit_io *io)
{
	return io->is_string && io->is_rep && guest_string_count(vcpu, io->address_size) == 0;
}

/* Whether the exit is done with. */
static enum virt_result handle(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	switch (exit->kind) {
	case VM_EXIT_RDMSR:
	case VM_EXIT_WRMSR:
		return guest_msr_exit(vcpu, exit);
	case VM_EXIT_CR:
		guest_cr_exit(vcpu, &exit->cr);
		return VIRT_RESUME;
	case VM_EXIT_XSETBV:
		guest_cr_xsetbv(vcpu);
		return VIRT_RESUME;
	case VM_EXIT_EXCEPTION:
		return exit_exception(vcpu, exit);
	case VM_EXIT_WINDOW:
		return VIRT_RESUME;
	case VM_EXIT_FORBIDDEN:
		virt_inject_ud(vcpu);
		return VIRT_RESUME;
	case VM_EXIT_IGNORED: /* length 0: not an instruction */
		if (vcpu->exit_length != 0) {
			virt_ops->vcpu_skip(vcpu);
		}
		return VIRT_RESUME;
	case VM_EXIT_STAGE2:
		return guest_mmio_exit(vcpu, exit);
	case VM_EXIT_IO:
		if (is_empty_repeat(vcpu, &exit->io)) {
			virt_ops->vcpu_skip(vcpu);
			return VIRT_RESUME;
		}
		return VIRT_RETURN;
	case VM_EXIT_CPUID:
	case VM_EXIT_KICK:
	case VM_EXIT_HYPERCALL:
	case VM_EXIT_MMIO:
	case VM_EXIT_APIC_READ:
	case VM_EXIT_APIC_WRITE:
	case VM_EXIT_TRIPLE_FAULT:
	case VM_EXIT_ENTRY_FAILED:
	case VM_EXIT_CRASH:
		break;
	}
	return VIRT_RETURN;
}

/* Out of line, so that the usual way saves no registers. */
__attribute__((noinline)) bool virt_traced(struct vcpu_arch *vcpu, struct vm_exit *exit,
					   virt_answer *answer, uint32_t reason)
{
	bool is_msr = reason == EXIT_COUNT_RDMSR || reason == EXIT_COUNT_WRMSR;
	uint64_t info = reason == EXIT_COUNT_MMIO        ? exit->stage2.address.value
			: reason == EXIT_COUNT_IO        ? exit->io.port
			: reason <= EXIT_COUNT_HYPERCALL ? low32(vcpu->gpr[VCPU_RAX])
			: is_msr                         ? low32(vcpu->gpr[VCPU_RCX])
							 : exit->raw_info;
	uint64_t start = arch_tsc();
	bool is_done = answer(vcpu, exit);

	hv_trace(reason, info, start);
	return is_done;
}

bool virt_cpuid(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	(void)exit;
	vcpu->exit_count[EXIT_COUNT_TOTAL]++;
	vcpu->exit_count[EXIT_COUNT_CPUID]++;
	guest_cpuid_exit(vcpu);
	return true;
}

bool virt_hypercall(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	vcpu->exit_count[EXIT_COUNT_TOTAL]++;
	vcpu->exit_count[EXIT_COUNT_HYPERCALL]++;
	return hv_hypercall(vcpu, exit);
}

static inline void record(struct vcpu_arch *vcpu, uint32_t reason, uint32_t info)
{
	struct exit_record *entry = &vcpu->history[vcpu->history_next++ % EXIT_HISTORY];

	entry->rip = vcpu->rip;
	entry->raw_reason = reason;
	entry->info = info;
}

bool virt_io(struct vcpu_arch *vcpu, struct vm_exit *exit, uint32_t reason, uint32_t info)
{
	record(vcpu, reason, info);
	vcpu->exit_count[EXIT_COUNT_TOTAL]++;
	vcpu->exit_count[EXIT_COUNT_IO]++;
	return hv_trace_rings != NULL ? virt_traced(vcpu, exit, hv_io, EXIT_COUNT_IO)
				      : hv_io(vcpu, exit);
}

static bool answer(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	if (handle(vcpu, exit) == VIRT_RESUME) {
		return true;
	}
	if (exit->kind == VM_EXIT_HYPERCALL) { /* by the other vendor's instruction */
		virt_ops->vcpu_skip(vcpu);
		return hv_hypercall(vcpu, exit);
	}
	if (exit->kind == VM_EXIT_APIC_READ || exit->kind == VM_EXIT_APIC_WRITE) {
		vcpu->exit_count[EXIT_COUNT_APIC]++;
		return hv_exit(vcpu, exit);
	}
	return (exit->kind == VM_EXIT_IO || exit->kind == VM_EXIT_MMIO) && hv_exit(vcpu, exit);
}

bool virt_exit(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	uint32_t counter = counter_of[exit->kind] != 0 ? counter_of[exit->kind] : EXIT_COUNT_OTHER;

	record(vcpu, exit->raw_reason, low32(exit->raw_info));
	vcpu->exit_count[EXIT_COUNT_TOTAL]++;
	vcpu->exit_count[counter]++;
	return hv_trace_rings != NULL ? virt_traced(vcpu, exit, answer, counter)
				      : answer(vcpu, exit);
}

void arch_vcpu_run(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	virt_ops->vcpu_run(vcpu, exit);
}
