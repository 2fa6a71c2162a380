/* SPDX-License-Identifier: Apache-2.0 */
/* Guest accesses to control registers and XCR0 that exit: checked as the CPU would, then done. */
#include "guest_cpuid.h"
#include "guest_fetch.h"
#include "regs.h"
#include "virt_internal.h"

#include "arch/lapic.h"

#define CR0_DEFINED                                                                                \
	(CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | \
	 CR0_PG)
#define CR0_LMSW        (CR0_PE | CR0_MP | CR0_EM | CR0_TS)
#define CR3_PCID        MASK64(11, 0)
#define CR8_TPR         MASK64(3, 0)
#define TPR_CLASS_SHIFT 4u

/* SDM 2B, "MOV - Move to/from Control Registers": the cases of #GP(0). */
static bool is_cr0_valid(struct vcpu_arch *vcpu, uint64_t old, uint64_t value)
{
	uint64_t cr4 = arch_vcpu_get(vcpu, VCPU_CR4);
	bool is_paging = (value & CR0_PG) != 0;

	if (high32(value) != 0 || (is_paging && (value & CR0_PE) == 0) ||
	    ((value & CR0_NW) != 0 && (value & CR0_CD) == 0)) {
		return false;
	}
	if (is_paging && (old & CR0_PG) == 0 && (arch_vcpu_get(vcpu, VCPU_EFER) & EFER_LME) != 0) {
		return (cr4 & CR4_PAE) != 0 &&
		       (arch_vcpu_get(vcpu, VCPU_CS_ATTRIBUTES) & CS_ATTRIBUTE_L) == 0;
	}
	if (!is_paging && (old & CR0_PG) != 0) {
		return (cr4 & CR4_PCIDE) == 0 && !guest_is_long_code(vcpu);
	}
	return true;
}

/* LMA follows PG; the backend keeps the entry control in step with EFER (pitfall 4). */
static bool write_cr0(struct vcpu_arch *vcpu, uint64_t value)
{
	uint64_t old = arch_vcpu_get(vcpu, VCPU_CR0);
	uint64_t efer = arch_vcpu_get(vcpu, VCPU_EFER);

	if (!is_cr0_valid(vcpu, old, value)) {
		return false;
	}
	arch_vcpu_set(vcpu, VCPU_CR0, (value & CR0_DEFINED) | CR0_ET);
	if (((value ^ old) & CR0_PG) != 0 && (efer & EFER_LME) != 0) {
		efer = (value & CR0_PG) != 0 ? efer | EFER_LMA : efer & ~EFER_LMA;
		arch_vcpu_set(vcpu, VCPU_EFER, efer);
	}
	vcpu->is_flush_wanted |= ((value ^ old) & (CR0_PG | CR0_WP)) != 0;
	return true;
}

static bool write_cr4(struct vcpu_arch *vcpu, uint64_t value)
{
	uint64_t old = arch_vcpu_get(vcpu, VCPU_CR4);
	bool is_long = (arch_vcpu_get(vcpu, VCPU_EFER) & EFER_LMA) != 0;

	if ((value & ~vcpu->vm->cpuid->cr4_allowed) != 0 || (is_long && (value & CR4_PAE) == 0)) {
		return false;
	}
	if ((value & ~old & CR4_PCIDE) != 0 &&
	    (!is_long || (arch_vcpu_get(vcpu, VCPU_CR3) & CR3_PCID) != 0)) {
		return false;
	}
	arch_vcpu_set(vcpu, VCPU_CR4, value);
	vcpu->is_flush_wanted |=
		((value ^ old) & (CR4_PGE | CR4_PSE | CR4_PAE | CR4_PCIDE | CR4_SMEP | CR4_SMAP)) !=
		0;
	return true;
}

static bool write_cr3(struct vcpu_arch *vcpu, uint64_t value)
{
	uint64_t cr4 = arch_vcpu_get(vcpu, VCPU_CR4);
	bool is_kept = (cr4 & CR4_PCIDE) != 0 && (value & CR3_NO_FLUSH) != 0;

	arch_vcpu_set(vcpu, VCPU_CR3, value & ~((cr4 & CR4_PCIDE) != 0 ? CR3_NO_FLUSH : 0));
	vcpu->is_flush_wanted |= !is_kept;
	return true;
}

static bool write_register(struct vcpu_arch *vcpu, uint8_t number, uint64_t value)
{
	switch (number) {
	case 0:
		return write_cr0(vcpu, value);
	case 3:
		return write_cr3(vcpu, value);
	case 4:
		return write_cr4(vcpu, value);
	case 8: /* the TPR is the real one (DESIGN section 5) */
		if ((value & ~CR8_TPR) != 0) {
			return false;
		}
		arch_lapic_write(LAPIC_TPR, (uint32_t)value << TPR_CLASS_SHIFT);
		return true;
	default:
		return false;
	}
}

static uint64_t read_register(struct vcpu_arch *vcpu, uint8_t number)
{
	switch (number) {
	case 0:
		return arch_vcpu_get(vcpu, VCPU_CR0);
	case 2:
		return arch_vcpu_get(vcpu, VCPU_CR2);
	case 3:
		return arch_vcpu_get(vcpu, VCPU_CR3);
	case 4:
		return arch_vcpu_get(vcpu, VCPU_CR4);
	default:
		return arch_lapic_read(LAPIC_TPR) >> TPR_CLASS_SHIFT & CR8_TPR;
	}
}

static uint64_t lmsw(struct vcpu_arch *vcpu, uint16_t source)
{
	uint64_t old = arch_vcpu_get(vcpu, VCPU_CR0);

	/* LMSW cannot clear PE. */
	return (old & ~(CR0_LMSW & ~CR0_PE)) | (source & CR0_LMSW);
}

/* Outside 64-bit mode a register operand is 32 bits wide. */
static uint64_t operand(struct vcpu_arch *vcpu, uint8_t reg)
{
	uint64_t value = arch_vcpu_get(vcpu, (enum vcpu_reg)reg);

	return guest_is_long_code(vcpu) ? value : low32(value);
}

void guest_cr_exit(struct vcpu_arch *vcpu, const struct exit_cr *cr)
{
	bool is_done = true;

	if (cr->is_clts) {
		arch_vcpu_set(vcpu, VCPU_CR0, arch_vcpu_get(vcpu, VCPU_CR0) & ~CR0_TS);
	} else if (cr->is_lmsw) {
		is_done = write_cr0(vcpu, lmsw(vcpu, cr->lmsw_source));
	} else if (cr->is_read) {
		arch_vcpu_set(vcpu, (enum vcpu_reg)cr->reg, read_register(vcpu, cr->number));
	} else {
		is_done = write_register(vcpu, cr->number, operand(vcpu, cr->reg));
	}
	if (is_done) {
		arch_vcpu_skip(vcpu);
	} else {
		virt_inject_gp(vcpu);
	}
}

/* SDM 2D, "XSETBV - Set Extended Control Register"; SDM 1, "Enabling the XSAVE Feature Set". */
static bool is_xcr0_valid(uint64_t value, uint64_t allowed)
{
	const uint64_t avx512 = XCR0_OPMASK | XCR0_ZMM_HI256 | XCR0_HI16_ZMM;

	if ((value & ~allowed) != 0 || (value & XCR0_X87) == 0) {
		return false;
	}
	if ((value & XCR0_AVX) != 0 && (value & XCR0_SSE) == 0) {
		return false;
	}
	return (value & avx512) == 0 || ((value & avx512) == avx512 && (value & XCR0_AVX) != 0);
}

void guest_cr_xsetbv(struct vcpu_arch *vcpu)
{
	uint64_t value = join32(low32(vcpu->gpr[VCPU_RDX]), low32(vcpu->gpr[VCPU_RAX]));

	if (arch_vcpu_get(vcpu, VCPU_CPL) != 0 || low32(vcpu->gpr[VCPU_RCX]) != 0 ||
	    !is_xcr0_valid(value, vcpu->vm->cpuid->xcr0_allowed)) {
		virt_inject_gp(vcpu);
		return;
	}
	regs_write_xcr0(value);
	vcpu->xcr0 = value;
	arch_vcpu_skip(vcpu);
}
