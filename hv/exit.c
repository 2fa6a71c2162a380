/* SPDX-License-Identifier: Apache-2.0 */
/* Answers the decoded exits that arch_vcpu_run() returns. */
#include "arch/upcalls.h"
#include "bits.h"
#include "hv/device.h"
#include "hv/vm.h"
#include "hypercall.h"
#include "io_bus.h"
#include "console.h"
#include "vcpu_run.h"

/* Elements of a string instruction done in one exit; the guest re-executes it for the rest, so that
 * its interrupts are not kept waiting. */
#define STRING_BATCH 256u

#define GP_VECTOR 13u

static enum hv_status do_io_element(struct vcpu *vcpu, const struct exit_io *io)
{
	uint64_t address = DEVICE_PORT(io->port);
	enum hv_status status;
	uint32_t value;

	if (io->is_in) {
		value = low32(io_bus_read(vcpu, address, io->size));
		return arch_io_put(&vcpu->arch, io, value);
	}
	status = arch_io_get(&vcpu->arch, io, &value);
	if (status == HV_OK) {
		io_bus_write(vcpu, address, io->size, value);
		if (vcpu->is_again) {
			vcpu->is_again = false;
			return HV_BUSY;
		}
	}
	return status;
}

static void do_io(struct vcpu *vcpu, const struct exit_io *io)
{
	for (uint32_t i = 0; i < STRING_BATCH; i++) {
		if (do_io_element(vcpu, io) != HV_OK) {
			return; /* a fault is on its way to the guest, or it runs this once more */
		}
		if (!io->is_string || !arch_io_step(&vcpu->arch, io)) {
			arch_vcpu_skip(&vcpu->arch);
			return;
		}
	}
}

static void do_mmio(struct vcpu *vcpu, const struct exit_mmio *mmio)
{
	uint64_t value = 0;

	if (mmio->kind != MMIO_WRITE) {
		value = io_bus_read(vcpu, mmio->address.value, mmio->size);
	}
	arch_mmio_apply(&vcpu->arch, mmio, &value);
	if (mmio->kind != MMIO_READ) {
		value &= size_mask(mmio->size);
		io_bus_write(vcpu, mmio->address.value, mmio->size, value);
	}
	arch_vcpu_skip(&vcpu->arch);
}

static void do_apic(struct vcpu *vcpu, const struct exit_apic *apic, bool is_write)
{
	uint64_t value;

	if (is_write ? !vlapic_write(vcpu, apic->offset, apic->value)
		     : !vlapic_read(vcpu, apic->offset, &value)) {
		arch_vcpu_inject(&vcpu->arch, GP_VECTOR, true, 0);
	} else if (is_write) {
		arch_vcpu_skip(&vcpu->arch);
	} else {
		arch_vcpu_apic_done(&vcpu->arch, value);
	}
}

/* is_woken goes before requests are read: a kick that comes in between is seen in one or the other.
 */
static void do_kick(struct vcpu *vcpu)
{
	atomic_store(&vcpu->cpu->is_woken, false);
	if (vcpu->index == 0) {
		console_poll_input(vcpu->vm);
	}
}

void exit_handle(struct vcpu *vcpu, struct vm_exit *exit)
{
	switch (exit->kind) {
	case VM_EXIT_HYPERCALL:
		hypercall_handle(vcpu);
		break;
	case VM_EXIT_IO:
		do_io(vcpu, &exit->io);
		break;
	case VM_EXIT_MMIO:
		do_mmio(vcpu, &exit->mmio);
		break;
	case VM_EXIT_APIC_READ:
	case VM_EXIT_APIC_WRITE:
		do_apic(vcpu, &exit->apic, exit->kind == VM_EXIT_APIC_WRITE);
		break;
	case VM_EXIT_KICK:
		do_kick(vcpu);
		break;
	case VM_EXIT_TRIPLE_FAULT:
		vcpu_crash(vcpu, "triple fault");
		break;
	case VM_EXIT_ENTRY_FAILED:
	case VM_EXIT_CRASH:
		vcpu_crash(vcpu, exit->why);
		break;
	case VM_EXIT_CPUID:
	case VM_EXIT_RDMSR:
	case VM_EXIT_WRMSR:
	case VM_EXIT_CR:
	case VM_EXIT_XSETBV:
	case VM_EXIT_EXCEPTION:
	case VM_EXIT_WINDOW:
	case VM_EXIT_FORBIDDEN:
	case VM_EXIT_IGNORED:
	case VM_EXIT_STAGE2:
		panic("exit kind %d must not leave arch", (int)exit->kind);
	}
}

bool hv_exit(struct vcpu_arch *arch, struct vm_exit *exit)
{
	struct vcpu *vcpu = vcpu_from_arch(arch);

	exit_handle(vcpu, exit);
	exit->kind = VM_EXIT_KICK; /* should it leave */
	return !vcpu_has_requests(vcpu);
}

bool hv_io(struct vcpu_arch *arch, struct vm_exit *exit)
{
	struct vcpu *vcpu = vcpu_from_arch(arch);

	if (do_io_element(vcpu, &exit->io) == HV_OK) {
		arch_vcpu_skip(arch);
	}
	exit->kind = VM_EXIT_KICK; /* should it leave */
	return !vcpu_has_requests(vcpu);
}
