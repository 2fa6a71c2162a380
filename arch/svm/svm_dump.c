/* SPDX-License-Identifier: Apache-2.0 */
/* A readable VMCB. */
#include "svm.h"

#include "log.h"
#include "names.h"

const char *svm_exit_name(uint32_t raw_reason)
{
	return name_find(names_svm_exit, raw_reason);
}

static void dump_segment(const char *name, const struct vmcb_segment *segment)
{
	log_notice("  %s %04x base %016lx limit %08x attributes %03x", name, segment->selector,
		   segment->base, segment->limit, segment->attributes);
}

static void dump_control(const struct vmcb *vmcb)
{
	log_notice("  EXITCODE %lx (%s) EXITINFO1 %lx EXITINFO2 %lx EXITINTINFO %lx",
		   vmcb->exit_code, svm_exit_name(low32(vmcb->exit_code)), vmcb->exit_info_1,
		   vmcb->exit_info_2, vmcb->exit_int_info);
	log_notice("  EVENTINJ %lx interrupt shadow %lx ASID %u TLB_CONTROL %u N_CR3 %lx",
		   vmcb->event_inj, vmcb->interrupt_shadow, vmcb->guest_asid, vmcb->tlb_control,
		   vmcb->n_cr3);
	log_notice("  intercepts: CR %04x/%04x exceptions %08x, %08x %08x %08x",
		   vmcb->intercept_cr_read, vmcb->intercept_cr_write, vmcb->intercept_exceptions,
		   vmcb->intercept_1, vmcb->intercept_2, vmcb->intercept_3);
}

static void dump_registers(const struct vcpu_arch *vcpu, const struct vmcb *vmcb)
{
	log_notice("  RIP %016lx RFLAGS %lx CPL %u", vmcb->rip, vmcb->rflags, vmcb->cpl);
	log_notice("  CR0 %lx (guest's CD, NW %lx) CR2 %lx CR3 %lx CR4 %lx EFER %lx", vmcb->cr0,
		   vcpu->backend[SVM_CR0_HIDDEN], vmcb->cr2, vmcb->cr3, vmcb->cr4, vmcb->efer);
	log_notice("  DR6 %lx DR7 %lx G_PAT %lx", vmcb->dr6, vmcb->dr7, vmcb->g_pat);
}

void svm_dump(struct vcpu_arch *vcpu)
{
	const struct vmcb *vmcb = svm_vmcb(vcpu);

	log_notice("VMCB at %lx:", vcpu->control_pa.value);
	dump_control(vmcb);
	dump_registers(vcpu, vmcb);
	dump_segment("CS", &vmcb->cs);
	dump_segment("SS", &vmcb->ss);
	dump_segment("DS", &vmcb->ds);
	dump_segment("TR", &vmcb->tr);
	dump_segment("GDTR", &vmcb->gdtr);
	dump_segment("IDTR", &vmcb->idtr);
}
