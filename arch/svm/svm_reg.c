/* SPDX-License-Identifier: Apache-2.0 */
/* Guest registers by enum: what VMRUN switches lies in the VMCB, the rest in vcpu_arch.gpr. */
#include "svm.h"

#include "regs.h"
#include "str.h"

#define CR0_HIDDEN (CR0_CD | CR0_NW)

/* VMX access-rights format (SDM 3C, "Guest Register State"): AVL, L, D/B, G four bits higher. */
#define ACCESS_RIGHTS_HIGH_SHIFT 4u
#define ACCESS_RIGHTS_UNUSABLE   BIT(16)

/* Registers that are a field of the VMCB: where, and the clean bits of its group. None for those
 * that are loaded at every VMRUN, and for FS and GS, which VMLOAD loads. */
struct field {
	uint16_t offset;
	uint8_t size;
	uint16_t groups;
};

#define FIELD(name, groups)                                                                        \
	{                                                                                          \
		offsetof(struct vmcb, name), sizeof(((struct vmcb *)0)->name), (groups)            \
	}

static const struct field fields[VCPU_REG_COUNT] = {
	[VCPU_RSP] = FIELD(rsp, 0),
	[VCPU_RIP] = FIELD(rip, 0),
	[VCPU_RFLAGS] = FIELD(rflags, 0),
	[VCPU_CR0] = FIELD(cr0, VMCB_CLEAN_CRX | VMCB_CLEAN_I),
	[VCPU_CR2] = FIELD(cr2, VMCB_CLEAN_CR2),
	[VCPU_CR3] = FIELD(cr3, VMCB_CLEAN_CRX),
	[VCPU_CR4] = FIELD(cr4, VMCB_CLEAN_CRX),
	[VCPU_EFER] = FIELD(efer, VMCB_CLEAN_CRX),
	[VCPU_DR7] = FIELD(dr7, VMCB_CLEAN_DRX),
	[VCPU_PAT] = FIELD(g_pat, VMCB_CLEAN_NP),
	[VCPU_CS_BASE] = FIELD(cs.base, VMCB_CLEAN_SEG),
	[VCPU_CS_SELECTOR] = FIELD(cs.selector, VMCB_CLEAN_SEG),
	[VCPU_CS_ATTRIBUTES] = FIELD(cs.attributes, VMCB_CLEAN_SEG),
	[VCPU_SS_ATTRIBUTES] = FIELD(ss.attributes, VMCB_CLEAN_SEG),
	[VCPU_DS_BASE] = FIELD(ds.base, VMCB_CLEAN_SEG),
	[VCPU_ES_BASE] = FIELD(es.base, VMCB_CLEAN_SEG),
	[VCPU_FS_BASE] = FIELD(fs.base, 0),
	[VCPU_GS_BASE] = FIELD(gs.base, 0),
	[VCPU_SS_BASE] = FIELD(ss.base, VMCB_CLEAN_SEG),
	[VCPU_CPL] = FIELD(cpl, VMCB_CLEAN_SEG),
	[VCPU_MSR_BITMAP] = FIELD(msrpm_base_pa, VMCB_CLEAN_IOPM),
};

/* What the TLB holds depends on these. */
#define PAGING_REGISTERS                                                                           \
	(BIT(VCPU_CR0) | BIT(VCPU_CR3) | BIT(VCPU_CR4) | BIT(VCPU_EFER) | BIT(VCPU_PAT))

static uint64_t to_access_rights(uint64_t attributes)
{
	uint64_t rights = attributes & VMCB_ATTRIBUTES_LOW;

	rights |= (attributes & VMCB_ATTRIBUTES_HIGH) << ACCESS_RIGHTS_HIGH_SHIFT;
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

/* The builtin: freestanding C has only the function, which is a loop. */
static inline uint64_t read_at(const struct vmcb *vmcb, uint32_t offset, uint32_t size)
{
	uint64_t value;

	__builtin_memcpy(&value, (const uint8_t *)vmcb + offset, sizeof(value));
	return value & size_mask(size);
}

/* field: as in names_vmcb_field. */
bool svm_reg_field(const struct vcpu_arch *vcpu, uint32_t field, uint64_t *value)
{
	*value = read_at(vcpu->control, field >> 4, field & 15);
	return true;
}

uint64_t svm_reg_get(struct vcpu_arch *vcpu, enum vcpu_reg reg)
{
	const struct vmcb *vmcb = svm_vmcb(vcpu);
	uint64_t value = read_at(vmcb, fields[reg].offset, fields[reg].size);

	switch ((uint32_t)reg) {
	case VCPU_CR0:
		return value | vcpu->backend[SVM_CR0_HIDDEN];
	case VCPU_EFER:
		return value & ~EFER_SVME;
	case VCPU_CS_ATTRIBUTES:
	case VCPU_SS_ATTRIBUTES:
		return to_access_rights(value);
	case VCPU_CPL: /* in real mode the CPU may leave it at anything */
		return (vmcb->cr0 & CR0_PE) != 0 ? value : 0;
	default:
		return value;
	}
}

/* While the guest believes that caches are off, every access to CR0 must exit, so that it sees its
 * own CD and NW; else only a write that changes more than TS and MP. */
static uint64_t hide_caches(struct vcpu_arch *vcpu, struct vmcb *vmcb, uint64_t cr0)
{
	uint64_t hidden = cr0 & CR0_HIDDEN;

	vcpu->backend[SVM_CR0_HIDDEN] = hidden;
	vmcb->intercept_cr_read = hidden != 0 ? VMCB_INTERCEPT_CR0 : 0;
	vmcb->intercept_cr_write =
		hidden != 0 ? VMCB_INTERCEPT_CR0 | VMCB_INTERCEPT_CR4 : VMCB_INTERCEPT_CR4;
	return (cr0 & ~CR0_HIDDEN) | CR0_ET;
}

/* LMA follows LME and PG, as the CPU does at a MOV to CR0 (APM 2, "Activating Long Mode"). */
static void set_lma(struct vmcb *vmcb)
{
	bool is_long = (vmcb->efer & EFER_LME) != 0 && (vmcb->cr0 & CR0_PG) != 0;

	vmcb->efer = is_long ? vmcb->efer | EFER_LMA : vmcb->efer & ~EFER_LMA;
}

static uint64_t to_vmcb(struct vcpu_arch *vcpu, enum vcpu_reg reg, uint64_t value)
{
	switch ((uint32_t)reg) {
	case VCPU_CR0:
		return hide_caches(vcpu, svm_vmcb(vcpu), value);
	case VCPU_CR3:
		return value & ~CR3_NO_FLUSH;
	case VCPU_EFER:
		return value | EFER_SVME;
	case VCPU_RFLAGS:
		return value | RFLAGS_FIXED;
	case VCPU_CS_ATTRIBUTES:
	case VCPU_SS_ATTRIBUTES:
		return svm_reg_attributes(value);
	default:
		return value;
	}
}

void svm_reg_set(struct vcpu_arch *vcpu, enum vcpu_reg reg, uint64_t value)
{
	struct vmcb *vmcb = svm_vmcb(vcpu);
	uint8_t *at = (uint8_t *)vmcb + fields[reg].offset;
	uint64_t mask = size_mask(fields[reg].size);
	uint64_t whole;

	value = to_vmcb(vcpu, reg, value);
	memcpy(&whole, at, sizeof(whole));
	whole = (whole & ~mask) | (value & mask);
	memcpy(at, &whole, sizeof(whole));
	svm_dirty(vmcb, fields[reg].groups);
	if (reg == VCPU_RIP) {
		vcpu->rip = value;
	}
	if ((BIT(reg) & PAGING_REGISTERS) != 0) {
		set_lma(vmcb);
		vcpu->is_flush_wanted = true;
	}
}
