/* SPDX-License-Identifier: Apache-2.0 */
/* MSRs that exit: some are kept here, others are as the loader lists them; everything else is
 * #GP(0). */
#include "guest_msr.h"

#include "guest_cpuid.h"
#include "msr.h"
#include "regs.h"
#include "virt_internal.h"

#include "arch/clock.h"
#include "log.h"

#define MTRR_DEF_TYPE_ALLOWED (MTRR_DEF_TYPE_TYPE | MTRR_DEF_TYPE_FE | MTRR_DEF_TYPE_E)

void guest_msr_reset(struct vcpu_arch *vcpu)
{
	/* Firmware would have left all memory write-back; RAM of a guest is (arch/README.md, 25).
	 */
	vcpu->mtrr_def_type = MTRR_DEF_TYPE_E | PAT_WB;
	vcpu->clock_page = 0;
}

static const struct boot_msr *rule_of(uint32_t number)
{
	static const struct boot_msr unknown;

	for (uint32_t i = 0; i < virt_machine.msr_count; i++) {
		if (virt_machine.msrs[i].number == number) {
			return &virt_machine.msrs[i];
		}
	}
	return &unknown;
}

static bool read_by_rule(uint32_t number, uint64_t *value)
{
	const struct boot_msr *rule = rule_of(number);
	uint64_t real = 0;
	bool is_there = rule->real == 0 || msr_read_safe(number, &real);

	*value = rule->value | (real & rule->real);
	return (rule->what & BOOT_MSR_READ) != 0 && (is_there || (rule->what & BOOT_MSR_PASS) == 0);
}

static bool write_by_rule(uint32_t number, uint64_t value)
{
	const struct boot_msr *rule = rule_of(number);

	return (rule->what & BOOT_MSR_WRITE) != 0 && (value & ~rule->writable) == 0 &&
	       ((rule->what & BOOT_MSR_PASS) == 0 || msr_write_safe(number, value));
}

bool guest_msr_read(struct vcpu_arch *vcpu, uint32_t number, uint64_t *value)
{
	switch (number) {
	case MSR_IA32_TSC:
		*value = arch_tsc();
		return true;
	case MSR_IA32_EFER:
		*value = arch_vcpu_get(vcpu, VCPU_EFER) & vcpu->vm->cpuid->efer_allowed;
		return true;
	case MSR_IA32_PAT:
		*value = arch_vcpu_get(vcpu, VCPU_PAT);
		return true;
	case MSR_IA32_MTRR_DEF_TYPE:
		*value = vcpu->mtrr_def_type;
		return true;
	case MSR_KVM_SYSTEM_TIME_NEW:
		*value = vcpu->clock_page;
		return true;
	default:
		return read_by_rule(number, value);
	}
}

/* SDM 4, "IA32_EFER"; APM 2, "Extended Feature Enable Register": LME is fixed while paging is on;
 * LMA is the CPU's. */
static bool write_efer(struct vcpu_arch *vcpu, uint64_t value)
{
	uint64_t allowed = vcpu->vm->cpuid->efer_allowed;
	uint64_t old = arch_vcpu_get(vcpu, VCPU_EFER) & allowed;

	if ((value & ~allowed) != 0) {
		return false;
	}
	if (((value ^ old) & EFER_LME) != 0 && (arch_vcpu_get(vcpu, VCPU_CR0) & CR0_PG) != 0) {
		return false;
	}
	arch_vcpu_set(vcpu, VCPU_EFER, (value & ~EFER_LMA) | (old & EFER_LMA));
	return true;
}

static bool is_memory_type(uint64_t type)
{
	return type <= PAT_UC_MINUS && type != 2 && type != 3;
}

static bool write_pat(struct vcpu_arch *vcpu, uint64_t value)
{
	for (uint32_t i = 0; i < 8; i++) {
		if (!is_memory_type(value >> (i * 8) & 0xff)) {
			return false;
		}
	}
	arch_vcpu_set(vcpu, VCPU_PAT, value);
	return true;
}

static bool write_mtrr_def_type(struct vcpu_arch *vcpu, uint64_t value)
{
	uint64_t type = value & MTRR_DEF_TYPE_TYPE;

	if ((value & ~MTRR_DEF_TYPE_ALLOWED) != 0 || type == PAT_UC_MINUS ||
	    !is_memory_type(type)) {
		return false;
	}
	vcpu->mtrr_def_type = value;
	return true;
}

bool guest_msr_write(struct vcpu_arch *vcpu, uint32_t number, uint64_t value)
{
	switch (number) {
	case MSR_IA32_EFER:
		return write_efer(vcpu, value);
	case MSR_IA32_PAT:
		return write_pat(vcpu, value);
	case MSR_IA32_MTRR_DEF_TYPE:
		return write_mtrr_def_type(vcpu, value);
	case MSR_KVM_SYSTEM_TIME_NEW:
	case MSR_KVM_WALL_CLOCK_NEW:
		return guest_clock_write(vcpu, number, value);
	default:
		return write_by_rule(number, value);
	}
}

/* The local APIC has a door of its own. False: not one of its MSRs. */
static bool is_apic(uint32_t number, uint32_t *offset)
{
	if (number == MSR_IA32_APIC_BASE) {
		*offset = VIRT_APIC_BASE_OFFSET;
		return true;
	}
	if (number >= MSR_IA32_X2APIC_BASE && number <= MSR_IA32_X2APIC_LAST) {
		*offset = (number - MSR_IA32_X2APIC_BASE) * 16;
		return true;
	}
	return false;
}

/* hv's local APIC does not know that x2APIC registers exist only in that mode. */
static enum virt_result exit_apic(struct vcpu_arch *vcpu, struct vm_exit *exit, uint32_t offset,
				  uint64_t value)
{
	if (offset != VIRT_APIC_BASE_OFFSET && !vcpu->is_x2apic) {
		virt_inject_gp(vcpu);
		return VIRT_RESUME;
	}
	exit->kind = exit->kind == VM_EXIT_RDMSR ? VM_EXIT_APIC_READ : VM_EXIT_APIC_WRITE;
	exit->apic = (struct exit_apic){.offset = offset, .value = value};
	return VIRT_RETURN;
}

/* Once for a run of accesses to the same MSR: a guest must not fill the log. */
static void log_refused(struct vcpu_arch *vcpu, bool is_read, uint32_t number)
{
	if (vcpu->last_msr != number) {
		vcpu->last_msr = number;
		log_debug("vcpu %u: %s of MSR 0x%x refused (rip 0x%lx)", vcpu->index,
			  is_read ? "read" : "write", number, vcpu->rip);
	}
}

enum virt_result guest_msr_exit(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	uint32_t number = low32(vcpu->gpr[VCPU_RCX]);
	uint64_t value = join32(low32(vcpu->gpr[VCPU_RDX]), low32(vcpu->gpr[VCPU_RAX]));
	bool is_read = exit->kind == VM_EXIT_RDMSR;
	uint32_t offset;

	if (is_apic(number, &offset)) {
		return exit_apic(vcpu, exit, offset, value);
	}
	if (is_read ? !guest_msr_read(vcpu, number, &value)
		    : !guest_msr_write(vcpu, number, value)) {
		log_refused(vcpu, is_read, number);
		virt_inject_gp(vcpu);
		return VIRT_RESUME;
	}
	if (is_read) {
		arch_vcpu_apic_done(vcpu, value);
	} else {
		arch_vcpu_skip(vcpu);
	}
	return VIRT_RESUME;
}
