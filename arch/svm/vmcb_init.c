/* SPDX-License-Identifier: Apache-2.0 */
/* Fills the VMCB: what is intercepted, and the registers a vCPU starts with. */
#include "svm.h"

#include "arch/mmu.h"
#include "msr.h"
#include "regs.h"
#include "str.h"

/*
 * Not here, for a CPU that belongs to one guest needs no exit for it: INTR (with V_INTR_MASKING = 0 a
 * physical interrupt goes to the guest's IDT), HLT, PAUSE, RDTSC(P), INVLPG, CR3, CR8, DR, SMI, task
 * switches. A machine check with the guest's CR4.MCE = 0 is a shutdown, which is intercepted.
 */
#define INTERCEPT_1                                                                         \
	(VMCB_INTERCEPT_NMI | VMCB_INTERCEPT_INIT | VMCB_INTERCEPT_CR0_SEL_WRITE |           \
	 VMCB_INTERCEPT_RDPMC | VMCB_INTERCEPT_CPUID | VMCB_INTERCEPT_RSM |                  \
	 VMCB_INTERCEPT_INVD | VMCB_INTERCEPT_INVLPGA | VMCB_INTERCEPT_IOIO_PROT |           \
	 VMCB_INTERCEPT_MSR_PROT | VMCB_INTERCEPT_SHUTDOWN)

/* #DB and #AC: a guest can make the CPU deliver them without end (CVE-2015-8104, CVE-2015-5307).
 * #MC: ours. #UD: VMCALL, Intel's opcode of a hypercall. */
#define INTERCEPT_EXCEPTIONS \
	(BIT32(EXCEPTION_DB) | BIT32(EXCEPTION_UD) | BIT32(EXCEPTION_AC) | BIT32(EXCEPTION_MC))

/* Segment attributes, VMCB format. */
#define CODE_16 0x09bu
#define CODE_32 0xc9bu
#define CODE_64 0xa9bu
#define DATA_16 0x093u
#define DATA_32 0xc93u
#define TSS_BUSY 0x08bu
#define LDT 0x082u

#define LONG64_CODE 0x10u
#define LONG64_DATA 0x18u
#define LONG64_GDT_LIMIT 0x1fu
#define PROTECTED32_CODE 0x08u
#define PROTECTED32_DATA 0x10u

#define RESET_CS 0xf000u
#define RESET_CS_BASE UINT64_C(0xffff0000)
#define RESET_RIP 0xfff0u
#define REAL_LIMIT 0xffffu
#define FLAT_LIMIT 0xffffffffu

uint64_t svm_vmcb_msrpm(bool is_x2apic)
{
	return arch_va_to_pa(svm_bitmap_msr(is_x2apic)).value;
}

static void set_control(struct vmcb *vmcb, const struct vcpu_arch *vcpu)
{
	/* CR4 has bits for features that CPUID hides; and QEMU refuses no reserved bit until VMRUN. */
	vmcb->intercept_cr_write = VMCB_INTERCEPT_CR4;
	vmcb->intercept_exceptions = INTERCEPT_EXCEPTIONS;
	vmcb->intercept_1 = INTERCEPT_1;
	vmcb->intercept_2 = svm_machine.intercept_2;
	vmcb->intercept_3 = svm_machine.intercept_3;
	vmcb->iopm_base_pa = arch_va_to_pa(vcpu->vm->port_bitmap).value;
	vmcb->msrpm_base_pa = svm_vmcb_msrpm(vcpu->is_x2apic);
	vmcb->guest_asid = SVM_ASID;
	vmcb->np_enable = VMCB_NP_ENABLE;
	vmcb->n_cr3 = vcpu->vm->stage2_root.value;
}

static struct vmcb_segment segment(uint16_t selector, uint16_t attributes, uint32_t limit, uint64_t base)
{
	return (struct vmcb_segment){selector, attributes, limit, base};
}

static void set_data_segments(struct vmcb *vmcb, struct vmcb_segment data)
{
	vmcb->ds = data;
	vmcb->es = data;
	vmcb->ss = data;
	vmcb->fs = data;
	vmcb->gs = data;
}

/* SDM 3A, "Processor State After Reset"; what all starts have in common. */
static void set_common(struct vmcb *vmcb, const struct vcpu_start_state *start)
{
	vmcb->efer = EFER_SVME; /* VMRUN wants it; reg_get() hides it */
	vmcb->cr0 = CR0_ET;
	vmcb->rflags = RFLAGS_FIXED;
	vmcb->rip = start->rip;
	vmcb->rsp = start->rsp;
	vmcb->dr6 = DR6_INIT;
	vmcb->dr7 = DR7_INIT;
	vmcb->g_pat = PAT_POWER_ON;
	vmcb->gdtr.limit = REAL_LIMIT;
	vmcb->idtr.limit = REAL_LIMIT;
	vmcb->ldtr = segment(0, LDT, REAL_LIMIT, 0);
	vmcb->tr = segment(0, TSS_BUSY, REAL_LIMIT, 0);
}

static void start_real(struct vmcb *vmcb, uint16_t cs, uint64_t base, uint64_t rip)
{
	vmcb->cs = segment(cs, CODE_16, REAL_LIMIT, base);
	set_data_segments(vmcb, segment(0, DATA_16, REAL_LIMIT, 0));
	vmcb->rip = rip;
	vmcb->rsp = 0;
}

static void start_long64(struct vmcb *vmcb, const struct vcpu_start_state *start)
{
	vmcb->cr0 |= CR0_PE | CR0_NE | CR0_PG;
	vmcb->cr3 = start->cr3;
	vmcb->cr4 = CR4_PAE;
	vmcb->efer |= EFER_LME | EFER_LMA;
	vmcb->cs = segment(LONG64_CODE, CODE_64, FLAT_LIMIT, 0);
	set_data_segments(vmcb, segment(LONG64_DATA, DATA_32, FLAT_LIMIT, 0));
	vmcb->gdtr.base = start->gdt_base;
	vmcb->gdtr.limit = LONG64_GDT_LIMIT;
	vmcb->idtr.limit = 0;
}

static void start_protected32(struct vmcb *vmcb)
{
	vmcb->cr0 |= CR0_PE | CR0_NE;
	vmcb->cs = segment(PROTECTED32_CODE, CODE_32, FLAT_LIMIT, 0);
	set_data_segments(vmcb, segment(PROTECTED32_DATA, DATA_32, FLAT_LIMIT, 0));
	vmcb->tr.limit = 0x67;
}

static void set_state(struct vcpu_arch *vcpu, struct vmcb *vmcb, const struct vcpu_start_state *start)
{
	set_common(vmcb, start);
	switch (start->how) {
	case VCPU_START_RESET:
		/* The manual's CR0 has CD and NW set; firmware clears them. */
		vcpu->backend[SVM_CR0_HIDDEN] = CR0_CD | CR0_NW;
		start_real(vmcb, RESET_CS, RESET_CS_BASE, RESET_RIP);
		break;
	case VCPU_START_SIPI: /* INIT keeps CD and NW: they were 0 */
		start_real(vmcb, (uint16_t)(start->sipi_vector << 8), (uint64_t)start->sipi_vector << PAGE_SHIFT,
			   0);
		break;
	case VCPU_START_LONG64:
		start_long64(vmcb, start);
		break;
	case VCPU_START_PROTECTED32:
		start_protected32(vmcb);
		break;
	}
}

static void set_gpr(struct vcpu_arch *vcpu, const struct vcpu_start_state *start)
{
	memset(vcpu->gpr, 0, sizeof(vcpu->gpr));
	vcpu->gpr[VCPU_RAX] = start->rax;
	vcpu->gpr[VCPU_RBX] = start->rbx;
	vcpu->gpr[VCPU_RSI] = start->rsi;
}

/* Every field anew: a shutdown leaves the VMCB undefined (APM 2, "Shutdown Intercept"). The clean bits
 * are 0 and the TLB is flushed at the first entry: another guest may have had this CPU and ASID. */
void svm_vmcb_reset(struct vcpu_arch *vcpu, const struct vcpu_start_state *start)
{
	struct vmcb *vmcb = svm_vmcb(vcpu);

	memset(vmcb, 0, sizeof(*vmcb));
	vcpu->backend[SVM_HOST_VMCB_PA] = arch_va_to_pa(&arch_this_cpu()->virt->host).value;
	vcpu->backend[SVM_NMI_STATE] = SVM_NMI_OPEN;
	vcpu->backend[SVM_CR0_HIDDEN] = 0;
	vcpu->backend[SVM_STEP_FLAGS] = 0;
	vcpu->pending_event = 0;
	vcpu->is_nmi_pending = false;
	vcpu->is_flush_wanted = true;
	vcpu->is_launched = false;
	vcpu->exit_length = 0;
	set_control(vmcb, vcpu);
	set_state(vcpu, vmcb, start);
	set_gpr(vcpu, start);
	if (vcpu->backend[SVM_CR0_HIDDEN] != 0) {
		vmcb->intercept_cr_read = VMCB_INTERCEPT_CR0;
		vmcb->intercept_cr_write |= VMCB_INTERCEPT_CR0;
	}
	vcpu->rip = vmcb->rip;
}
