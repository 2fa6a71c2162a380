/* SPDX-License-Identifier: Apache-2.0 */
/* Events for the guest: exceptions, NMIs, deliveries cut short; and stepping over an instruction.
 */
#include "svm.h"

#include "arch/lapic.h"
#include "regs.h"

/*
 * EXITINTINFO becomes EVENTINJ (APM 2, "Event Injection"). A software interrupt, INT3 or INTO is
 * not injected: RIP still points at it, and the guest executes it again. QEMU gives hardware
 * interrupts and NMIs the type of an exception.
 */
void svm_inject_again(struct vcpu_arch *vcpu)
{
	uint64_t event = svm_vmcb(vcpu)->exit_int_info;
	uint64_t vector = event & EVENT_VECTOR;

	if ((event & EVENT_TYPE) == EVENT_TYPE_SOFTWARE) {
		return;
	}
	if ((event & EVENT_TYPE) == EVENT_TYPE_EXCEPTION) {
		if (vector == EXCEPTION_BP || vector == EXCEPTION_OF) {
			return;
		}
		if (vector >= EXCEPTION_COUNT) {
			event = (event & ~EVENT_TYPE) | EVENT_TYPE_EXTERNAL;
		} else if (vector == EXCEPTION_NMI) {
			event = (event & ~EVENT_TYPE) | EVENT_TYPE_NMI;
		}
	}
	if ((event & EVENT_HAS_ERROR) == 0) {
		event &= UINT32_MAX;
	}
	vcpu->pending_event = event;
}

static bool can_take_nmi(struct vcpu_arch *vcpu)
{
	return vcpu->backend[SVM_NMI_STATE] == SVM_NMI_OPEN && vcpu->pending_event == 0 &&
	       (svm_vmcb(vcpu)->interrupt_shadow & VMCB_INTERRUPT_SHADOW) == 0;
}

static void begin_nmi(struct vcpu_arch *vcpu)
{
	struct vmcb *vmcb = svm_vmcb(vcpu);

	vcpu->is_nmi_pending = false;
	vcpu->pending_event = EXCEPTION_NMI | EVENT_TYPE_NMI | EVENT_VALID;
	vcpu->backend[SVM_NMI_STATE] = SVM_NMI_BLOCKED;
	vmcb->intercept_1 |= VMCB_INTERCEPT_IRET;
	svm_dirty(vmcb, VMCB_CLEAN_I);
}

bool svm_inject_prepare(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	struct vmcb *vmcb = svm_vmcb(vcpu);

	if (vcpu->pending_event == EVENT_SHUTDOWN) {
		exit->kind = VM_EXIT_TRIPLE_FAULT;
		exit->raw_reason = VMEXIT_SHUTDOWN;
		exit->raw_info = 0;
		return false;
	}
	if (vcpu->is_nmi_pending) {
		if (can_take_nmi(vcpu)) {
			begin_nmi(vcpu);
		} else if (vcpu->backend[SVM_NMI_STATE] == SVM_NMI_OPEN) {
			/* Not now, but as soon as the event or the shadow is gone: a physical NMI
			 * to this CPU, which GIF holds back till then, makes the guest exit. */
			arch_lapic_send(arch_this_cpu()->apic_id, LAPIC_DELIVERY_NMI, 0);
		}
	}
	vmcb->event_inj = event_take(vcpu, vmcb->cr0);
	vmcb->tlb_control =
		vcpu->is_flush_wanted ? virt_machine.svm_flush_asid : VMCB_TLB_CONTROL_NONE;
	vcpu->is_flush_wanted = false;
	/* The next entry comes here too and takes both back. */
	vcpu->is_launched = vmcb->event_inj != 0 || vmcb->tlb_control != VMCB_TLB_CONTROL_NONE;
	return true;
}

/* The IRET that ends the guest's NMI handler is about to execute: TF = 1 brings the guest back when
 * it has (RFLAGS comes from the stack then). */
void svm_inject_iret(struct vcpu_arch *vcpu)
{
	struct vmcb *vmcb = svm_vmcb(vcpu);

	vmcb->intercept_1 &= ~VMCB_INTERCEPT_IRET;
	svm_dirty(vmcb, VMCB_CLEAN_I);
	vcpu->backend[SVM_NMI_STATE] = SVM_NMI_STEPPING;
	vcpu->backend[SVM_STEP_FLAGS] = (vmcb->rflags & RFLAGS_TF) | (vmcb->dr6 & DR6_BS);
	vmcb->rflags |= RFLAGS_TF;
}

bool svm_inject_stepped(struct vcpu_arch *vcpu)
{
	struct vmcb *vmcb = svm_vmcb(vcpu);
	uint64_t before = vcpu->backend[SVM_STEP_FLAGS];

	if (vcpu->backend[SVM_NMI_STATE] != SVM_NMI_STEPPING) {
		return false;
	}
	vcpu->backend[SVM_NMI_STATE] = SVM_NMI_OPEN;
	if ((before & RFLAGS_TF) != 0 || (vmcb->dr6 & DR6_B0_B3) != 0) {
		return false; /* the guest has cause for a #DB of its own */
	}
	vmcb->dr6 = (vmcb->dr6 & ~DR6_BS) | (before & DR6_BS);
	svm_dirty(vmcb, VMCB_CLEAN_DRX);
	return true;
}

static uint64_t next_rip(const struct vcpu_arch *vcpu, const struct vmcb *vmcb)
{
	uint64_t rip = vcpu->rip + vcpu->exit_length;

	return (vmcb->cs.attributes & VMCB_ATTRIBUTE_L) != 0 ? rip : low32(rip);
}

/* As if the instruction had been executed: RF and the interrupt shadow end, TF traps. */
void svm_skip(struct vcpu_arch *vcpu)
{
	struct vmcb *vmcb = svm_vmcb(vcpu);

	if (vcpu->exit_length == 0) {
		return; /* the exit was between two instructions */
	}
	vcpu->rip = next_rip(vcpu, vmcb);
	vmcb->rip = vcpu->rip;
	vmcb->interrupt_shadow = 0;
	vmcb->rflags &= ~RFLAGS_RF;
	if ((vmcb->rflags & RFLAGS_TF) != 0) {
		vmcb->dr6 |= DR6_BS;
		svm_dirty(vmcb, VMCB_CLEAN_DRX);
		arch_vcpu_inject(vcpu, EXCEPTION_DB, false, 0);
	}
}
