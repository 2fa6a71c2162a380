/* SPDX-License-Identifier: Apache-2.0 */
/* Guest registers by enum: what VMRUN switches lies in the VMCB, the rest in vcpu_arch.gpr. */
#include "svm.h"

#include "msr.h"
#include "regs.h"

#define CR0_HIDDEN (CR0_CD | CR0_NW)

/* VMX access-rights format (SDM 3C, "Guest Register State"): AVL, L, D/B, G four bits higher. */
#define ACCESS_RIGHTS_HIGH_SHIFT 4u
#define ACCESS_RIGHTS_UNUSABLE BIT(16)

static uint64_t get_attributes(const struct vmcb_segment *segment)
{
	uint64_t rights = segment->attributes & VMCB_ATTRIBUTES_LOW;

	rights |= (uint64_t)(segment->attributes & VMCB_ATTRIBUTES_HIGH) << ACCESS_RIGHTS_HIGH_SHIFT;
	return (rights & VMCB_ATTRIBUTE_P) != 0 ? rights : rights | ACCESS_RIGHTS_UNUSABLE;
}

uint16_t svm_reg_attributes(uint64_t rights)
{
	uint64_t attributes = (rights & VMCB_ATTRIBUTES_LOW) |
			      (rights >> ACCESS_RIGHTS_HIGH_SHIFT & VMCB_ATTRIBUTES_HIGH);

	if ((rights & ACCESS_RIGHTS_UNUSABLE) != 0) {
		attributes &= ~(uint64_t)VMCB_ATTRIBUTE_P;
	}
	return (uint16_t)attributes;
}

/* CPL is a field of its own; in real mode the CPU may leave it at anything. */
static uint64_t get_cpl(const struct vmcb *vmcb)
{
	return (vmcb->cr0 & CR0_PE) == 0 ? 0 : vmcb->cpl;
}

uint64_t svm_reg_get(struct vcpu_arch *vcpu, enum vcpu_reg reg)
{
	const struct vmcb *vmcb = svm_vmcb(vcpu);

	if (reg <= VCPU_R15 && reg != VCPU_RSP) {
		return vcpu->gpr[reg];
	}
	switch ((uint32_t)reg) {
	case VCPU_RSP:
		return vmcb->rsp;
	case VCPU_RIP:
		return vcpu->rip;
	case VCPU_RFLAGS:
		return vmcb->rflags;
	case VCPU_CR0:
		return vmcb->cr0 | vcpu->backend[SVM_CR0_HIDDEN];
	case VCPU_CR2:
		return vmcb->cr2;
	case VCPU_CR3:
		return vmcb->cr3;
	case VCPU_CR4:
		return vmcb->cr4;
	case VCPU_EFER:
		return vmcb->efer & ~EFER_SVME;
	case VCPU_DR7:
		return vmcb->dr7;
	case VCPU_PAT:
		return vmcb->g_pat;
	case VCPU_CS_BASE:
		return vmcb->cs.base;
	case VCPU_CS_SELECTOR:
		return vmcb->cs.selector;
	case VCPU_CS_ATTRIBUTES:
		return get_attributes(&vmcb->cs);
	case VCPU_SS_ATTRIBUTES:
		return get_attributes(&vmcb->ss);
	case VCPU_DS_BASE:
		return vmcb->ds.base;
	case VCPU_ES_BASE:
		return vmcb->es.base;
	case VCPU_FS_BASE:
		return vmcb->fs.base;
	case VCPU_GS_BASE:
		return vmcb->gs.base;
	case VCPU_SS_BASE:
		return vmcb->ss.base;
	case VCPU_CPL:
		return get_cpl(vmcb);
	default:
		return 0;
	}
}

/* LMA follows LME and PG, as the CPU does at a MOV to CR0 (APM 2, "Activating Long Mode"). */
static void set_lma(struct vmcb *vmcb)
{
	bool is_long = (vmcb->efer & EFER_LME) != 0 && (vmcb->cr0 & CR0_PG) != 0;

	vmcb->efer = is_long ? vmcb->efer | EFER_LMA : vmcb->efer & ~EFER_LMA;
}

/* While the guest believes that caches are off, every access to CR0 must exit, so that it sees its own
 * CD and NW; else only a write that changes more than TS and MP. */
static void set_cr0(struct vcpu_arch *vcpu, struct vmcb *vmcb, uint64_t value)
{
	uint64_t hidden = value & CR0_HIDDEN;

	vcpu->backend[SVM_CR0_HIDDEN] = hidden;
	vmcb->intercept_cr_read = hidden != 0 ? VMCB_INTERCEPT_CR0 : 0;
	vmcb->intercept_cr_write =
		hidden != 0 ? VMCB_INTERCEPT_CR0 | VMCB_INTERCEPT_CR4 : VMCB_INTERCEPT_CR4;
	vmcb->cr0 = (value & ~CR0_HIDDEN) | CR0_ET;
	set_lma(vmcb);
	svm_dirty(vmcb, VMCB_CLEAN_I);
}

/* The paging registers: what the TLB holds depends on them. */
static bool set_paging(struct vcpu_arch *vcpu, struct vmcb *vmcb, enum vcpu_reg reg, uint64_t value)
{
	switch ((uint32_t)reg) {
	case VCPU_CR0:
		set_cr0(vcpu, vmcb, value);
		break;
	case VCPU_CR3:
		vmcb->cr3 = value & ~CR3_NO_FLUSH;
		break;
	case VCPU_CR4:
		vmcb->cr4 = value;
		break;
	case VCPU_EFER:
		vmcb->efer = value | EFER_SVME;
		set_lma(vmcb);
		break;
	default:
		return false;
	}
	svm_dirty(vmcb, VMCB_CLEAN_CRX);
	vcpu->is_flush_wanted = true;
	return true;
}

static void set_segment(struct vmcb *vmcb, enum vcpu_reg reg, uint64_t value)
{
	switch ((uint32_t)reg) {
	case VCPU_CS_BASE:
		vmcb->cs.base = value;
		break;
	case VCPU_CS_SELECTOR:
		vmcb->cs.selector = (uint16_t)value;
		break;
	case VCPU_CS_ATTRIBUTES:
		vmcb->cs.attributes = svm_reg_attributes(value);
		break;
	case VCPU_SS_ATTRIBUTES:
		vmcb->ss.attributes = svm_reg_attributes(value);
		break;
	case VCPU_DS_BASE:
		vmcb->ds.base = value;
		break;
	case VCPU_ES_BASE:
		vmcb->es.base = value;
		break;
	case VCPU_SS_BASE:
		vmcb->ss.base = value;
		break;
	case VCPU_FS_BASE: /* FS, GS: by VMLOAD, which no clean bit covers */
		vmcb->fs.base = value;
		break;
	case VCPU_GS_BASE:
		vmcb->gs.base = value;
		break;
	case VCPU_CPL:
		vmcb->cpl = (uint8_t)value;
		break;
	default:
		break;
	}
	svm_dirty(vmcb, VMCB_CLEAN_SEG);
}

void svm_reg_set(struct vcpu_arch *vcpu, enum vcpu_reg reg, uint64_t value)
{
	struct vmcb *vmcb = svm_vmcb(vcpu);

	if (reg <= VCPU_R15 && reg != VCPU_RSP) {
		vcpu->gpr[reg] = value;
		return;
	}
	switch ((uint32_t)reg) {
	case VCPU_RSP: /* RSP, RIP, RFLAGS: loaded at every VMRUN, whatever the clean bits say */
		vmcb->rsp = value;
		return;
	case VCPU_RIP:
		vcpu->rip = value;
		vmcb->rip = value;
		return;
	case VCPU_RFLAGS:
		vmcb->rflags = value | RFLAGS_FIXED;
		return;
	case VCPU_CR2:
		vmcb->cr2 = value;
		svm_dirty(vmcb, VMCB_CLEAN_CR2);
		return;
	case VCPU_DR7:
		vmcb->dr7 = value;
		svm_dirty(vmcb, VMCB_CLEAN_DRX);
		return;
	case VCPU_PAT:
		vmcb->g_pat = value;
		svm_dirty(vmcb, VMCB_CLEAN_NP);
		vcpu->is_flush_wanted = true;
		return;
	default:
		if (!set_paging(vcpu, vmcb, reg, value)) {
			set_segment(vmcb, reg, value);
		}
	}
}
