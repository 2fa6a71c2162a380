/* SPDX-License-Identifier: Apache-2.0 */
/* Fills the VMCB: what is intercepted, and the registers a vCPU starts with. */
#include "svm.h"

#include "arch/mmu.h"
#include "msr.h"
#include "regs.h"
#include "str.h"

/*
 * Not here, for a CPU that belongs to one guest needs no exit for it: INTR (with V_INTR_MASKING = 0
 * a physical interrupt goes to the guest's IDT), HLT, PAUSE, RDTSC(P), INVLPG, CR3, CR8, DR, SMI,
 * task switches. A machine check with the guest's CR4.MCE = 0 is a shutdown, which is intercepted.
 */
#define INTERCEPT_1                                                                                \
	(VMCB_INTERCEPT_NMI | VMCB_INTERCEPT_INIT | VMCB_INTERCEPT_CR0_SEL_WRITE |                 \
	 VMCB_INTERCEPT_RDPMC | VMCB_INTERCEPT_CPUID | VMCB_INTERCEPT_RSM | VMCB_INTERCEPT_INVD |  \
	 VMCB_INTERCEPT_INVLPGA | VMCB_INTERCEPT_IOIO_PROT | VMCB_INTERCEPT_MSR_PROT |             \
	 VMCB_INTERCEPT_SHUTDOWN)

#define INTERCEPT_2                                                                                \
	(VMCB_INTERCEPT_VMRUN | VMCB_INTERCEPT_VMMCALL | VMCB_INTERCEPT_VMLOAD |                   \
	 VMCB_INTERCEPT_VMSAVE | VMCB_INTERCEPT_STGI | VMCB_INTERCEPT_CLGI |                       \
	 VMCB_INTERCEPT_SKINIT | VMCB_INTERCEPT_WBINVD | VMCB_INTERCEPT_MONITOR |                  \
	 VMCB_INTERCEPT_MWAIT | VMCB_INTERCEPT_XSETBV)

/* #DB and #AC: a guest can make the CPU deliver them without end (CVE-2015-8104, CVE-2015-5307).
 * #MC: ours. #UD: VMCALL, Intel's opcode of a hypercall. */
#define INTERCEPT_EXCEPTIONS                                                                       \
	(BIT32(EXCEPTION_DB) | BIT32(EXCEPTION_UD) | BIT32(EXCEPTION_AC) | BIT32(EXCEPTION_MC))

static void set_control(struct vmcb *vmcb, const struct vcpu_arch *vcpu)
{
	/* CR4 has bits for features that CPUID hides; and QEMU refuses no reserved bit until VMRUN.
	 */
	vmcb->intercept_cr_write = VMCB_INTERCEPT_CR4;
	vmcb->intercept_exceptions = INTERCEPT_EXCEPTIONS;
	vmcb->intercept_1 = INTERCEPT_1;
	vmcb->intercept_2 = INTERCEPT_2 | virt_machine.svm_intercept_2;
	vmcb->intercept_3 = virt_machine.svm_intercept_3;
	vmcb->iopm_base_pa = arch_va_to_pa(vcpu->vm->port_bitmap).value;
	vmcb->msrpm_base_pa = virt_msr_bitmap(vcpu->is_x2apic).value;
	vmcb->guest_asid = SVM_ASID;
	vmcb->np_enable = VMCB_NP_ENABLE;
	vmcb->n_cr3 = vcpu->vm->stage2_root.value;
}

static struct vmcb_segment segment(const struct boot_segment *start)
{
	return (struct vmcb_segment){start->selector, svm_reg_attributes(start->attributes),
				     start->limit, start->base};
}

static void set_state(struct vcpu_arch *vcpu, struct vmcb *vmcb, const struct boot_start *start)
{
	vmcb->cs = segment(&start->cs);
	vmcb->ds = vmcb->es = vmcb->ss = vmcb->fs = vmcb->gs = segment(&start->data);
	vmcb->ldtr = segment(&start->ldtr);
	vmcb->tr = segment(&start->tr);
	vmcb->gdtr = (struct vmcb_segment){.base = start->gdt_base, .limit = start->gdt_limit};
	vmcb->idtr.limit = start->idt_limit;
	vmcb->cr3 = start->cr3;
	vmcb->cr4 = start->cr4;
	vmcb->rflags = RFLAGS_FIXED;
	vmcb->dr6 = DR6_INIT;
	vmcb->dr7 = DR7_INIT;
	vmcb->g_pat = PAT_POWER_ON;
	svm_reg_set(vcpu, VCPU_EFER, start->efer);
	svm_reg_set(vcpu, VCPU_CR0, start->cr0);
	svm_reg_set(vcpu, VCPU_RIP, start->rip);
}

/* Every field anew: a shutdown leaves the VMCB undefined (APM 2, "Shutdown Intercept"). The clean
 * bits are 0 and the TLB is flushed at the first entry: another guest may have had this CPU and
 * ASID. */
void svm_vmcb_reset(struct vcpu_arch *vcpu, const struct boot_start *start)
{
	struct vmcb *vmcb = svm_vmcb(vcpu);

	memset(vmcb, 0, sizeof(*vmcb));
	vcpu->backend[SVM_HOST_VMCB_PA] = arch_va_to_pa(&arch_this_cpu()->virt->host).value;
	vcpu->backend[SVM_NMI_STATE] = SVM_NMI_OPEN;
	vcpu->backend[SVM_STEP_FLAGS] = 0;
	/* As on VT-x: where the CPU knows IBRS, so that old and emulated ones pay nothing. */
	vcpu->backend[SVM_IS_STUFFED] = virt_machine.has_spec_ctrl;
	vcpu->is_flush_wanted = true;
	set_control(vmcb, vcpu);
	set_state(vcpu, vmcb, start);
}
