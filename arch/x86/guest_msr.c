/* SPDX-License-Identifier: Apache-2.0 */
/* The MSR allow-list: what a guest reads and may write; everything else is #GP(0). */
#include "guest_msr.h"

#include "guest_cpuid.h"
#include "msr.h"
#include "regs.h"
#include "virt_internal.h"

#include "arch/clock.h"
#include "log.h"

/* Numbers that only this file needs. SDM 4, "Architectural MSRs"; for AMD the processor's PPR. */
#define MSR_AMD_TSEG_ADDRESS     0xc0010112u
#define MSR_AMD_TSEG_MASK        0xc0010113u
#define MSR_AMD_INT_PENDING      0xc0010055u
#define MSR_AMD_MMIO_CONFIG_BASE 0xc0010058u
#define MSR_AMD_NB_CFG           0xc001001fu
#define MSR_AMD_DC_CFG           0xc0011022u
#define MSR_AMD_BU_CFG2          0xc001102au
#define MSR_AMD_BU_CFG           0xc0011023u
#define MSR_AMD_TOP_MEM          0xc001001au
#define MSR_AMD_TOP_MEM2         0xc001001du

#define DE_CFG_LFENCE_SERIALIZING BIT(1)
#define MTRR_DEF_TYPE_ALLOWED     (MTRR_DEF_TYPE_TYPE | MTRR_DEF_TYPE_FE | MTRR_DEF_TYPE_E)
#define SPEC_CTRL_ALLOWED         (BIT(0) | BIT(1) | BIT(2) | BIT(7)) /* IBRS, STIBP, SSBD, PSFD */
#define PRED_CMD_IBPB             BIT(0)

/*
 * RDCL_NO, IBRS_ALL, RSBA, SKIP_L1DFL_VMENTRY, SSB_NO, MDS_NO, IF_PSCHANGE_MC_NO, TAA_NO,
 * SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, FB_CLEAR, RRSBA, BHI_NO, PBRSB_NO, GDS_NO, RFDS_NO: facts about
 * the CPU. Left out: bits that announce further MSRs (TSX_CTRL, FB_CLEAR_CTRL, energy filtering,
 * ...).
 */
#define ARCH_CAPABILITIES_ALLOWED                                                                  \
	(MASK64(6, 0) | BIT(8) | MASK64(15, 13) | BIT(17) | BIT(19) | BIT(20) | BIT(24) |          \
	 BIT(26) | BIT(27))

static struct guest_msr_facts host; /* written once, before the first guest */

void guest_msr_init(const struct guest_msr_facts *facts)
{
	host = *facts;
	host.arch_capabilities &= ARCH_CAPABILITIES_ALLOWED;
}

static uint64_t read_or_zero(uint32_t number)
{
	uint64_t value;

	return msr_read_safe(number, &value) ? value : 0;
}

void guest_msr_probe(void)
{
	struct guest_msr_facts facts = {.has_spec_ctrl = virt_machine.has_spec_ctrl != 0};
	struct cpuid_regs vendor = regs_cpuid(CPUID_VENDOR, 0);

	facts.is_amd = vendor.ecx == 0x444d4163u || vendor.ecx == 0x656e6975u; /* "cAMD", "uine" */
	facts.microcode = read_or_zero(MSR_IA32_BIOS_SIGN_ID);
	if (!facts.is_amd) {
		facts.platform_id = read_or_zero(MSR_IA32_PLATFORM_ID);
		facts.misc_enable = read_or_zero(MSR_IA32_MISC_ENABLE);
		facts.has_arch_capabilities = regs_has_leaf(CPUID_EXTENDED_FEATURES) &&
					      (regs_cpuid(CPUID_EXTENDED_FEATURES, 0).edx &
					       CPUID_7_EDX_ARCH_CAPABILITIES) != 0;
		if (facts.has_arch_capabilities) {
			facts.arch_capabilities = read_or_zero(MSR_IA32_ARCH_CAPABILITIES);
		}
	}
	guest_msr_init(&facts);
}

void guest_msr_reset(struct vcpu_arch *vcpu)
{
	/* Firmware would have left all memory write-back; RAM of a guest is (arch/README.md, 25).
	 */
	vcpu->mtrr_def_type = MTRR_DEF_TYPE_E | PAT_WB;
	vcpu->misc_enable = host.misc_enable & MISC_ENABLE_FAST_STRING;
	vcpu->misc_enable |= MISC_ENABLE_BTS_UNAVAILABLE | MISC_ENABLE_PEBS_UNAVAILABLE;
	vcpu->clock_page = 0;
}

/* MSRs without a rule of their own: what they read as, what becomes of a write. */
#define READ BIT32(0) /* reads `value` */
#define IGNORE                                                                                     \
	BIT32(1) /* writes have no effect: firmware's business, which kernels write all the same   \
		  */
#define PASS  BIT32(2) /* the guest's own, switched by no backend: the real one */
#define AMD   BIT32(3) /* elsewhere #GP */
#define INTEL BIT32(4) /* likewise */

static const struct rule {
	uint32_t number;
	uint32_t what;
	uint64_t value;
} rules[] = {
	{MSR_IA32_MTRRCAP, READ, 0}, /* no variable and no fixed ranges */
	{MSR_IA32_MCG_CAP, READ, 0}, /* no bank */
	{MSR_IA32_MCG_STATUS, READ, 0},
	{MSR_IA32_DEBUGCTL, READ, 0},
	{MSR_IA32_TSC, IGNORE, 0},            /* all partitions' clocks rest on it */
	{MSR_IA32_BIOS_UPDT_TRIG, IGNORE, 0}, /* microcode is loaded by firmware */
	{MSR_IA32_BIOS_SIGN_ID, IGNORE, 0},
	{MSR_IA32_TSC_DEADLINE, PASS, 0},
	{MSR_IA32_STAR, PASS, 0},
	{MSR_IA32_LSTAR, PASS, 0},
	{MSR_IA32_CSTAR, PASS, 0},
	{MSR_IA32_FMASK, PASS, 0},
	{MSR_IA32_KERNEL_GS_BASE, PASS, 0},
	{MSR_IA32_TSC_AUX, PASS, 0},
	{MSR_IA32_MISC_ENABLE, INTEL | IGNORE, 0},
	{MSR_IA32_FEATURE_CONTROL, INTEL | READ, FEATURE_CONTROL_LOCK}, /* everything off */
	{MSR_HWCR, AMD | READ | IGNORE, HWCR_TSC_FREQ_SEL},             /* the TSC counts evenly */
	{MSR_DE_CFG, AMD | READ | IGNORE, DE_CFG_LFENCE_SERIALIZING},
	{MSR_VM_CR, AMD | READ, VM_CR_SVMDIS | VM_CR_LOCK}, /* as if switched off by firmware */
	{MSR_PATCH_LOADER, AMD | IGNORE, 0},
	{MSR_SYSCFG, AMD | READ | IGNORE, 0},
	{MSR_AMD_NB_CFG, AMD | READ | IGNORE, 0},
	{MSR_AMD_DC_CFG, AMD | READ | IGNORE, 0},
	{MSR_AMD_BU_CFG, AMD | READ | IGNORE, 0},
	{MSR_AMD_BU_CFG2, AMD | READ | IGNORE, 0},
	{MSR_AMD_INT_PENDING, AMD | READ | IGNORE, 0},
	{MSR_AMD_TOP_MEM, AMD | READ, 0},
	{MSR_AMD_TOP_MEM2, AMD | READ, 0},
	{MSR_AMD_TSEG_ADDRESS, AMD | READ, 0},
	{MSR_AMD_TSEG_MASK, AMD | READ, 0},
	{MSR_AMD_MMIO_CONFIG_BASE, AMD | READ, 0},
};

static const struct rule *rule_of(uint32_t number)
{
	static const struct rule unknown = {0};

	for (uint32_t i = 0; i < ARRAY_COUNT(rules); i++) {
		if (rules[i].number == number &&
		    (rules[i].what & (host.is_amd ? INTEL : AMD)) == 0) {
			return &rules[i];
		}
	}
	return &unknown;
}

static bool read_by_rule(uint32_t number, uint64_t *value)
{
	const struct rule *rule = rule_of(number);

	*value = rule->value;
	return (rule->what & READ) != 0 ||
	       ((rule->what & PASS) != 0 && msr_read_safe(number, value));
}

static bool write_by_rule(uint32_t number, uint64_t value)
{
	uint32_t what = rule_of(number)->what;

	return (what & IGNORE) != 0 || ((what & PASS) != 0 && msr_write_safe(number, value));
}

/* Sets *value; false: not for this guest. */
static bool give(bool is_there, uint64_t given, uint64_t *value)
{
	*value = given;
	return is_there;
}

bool guest_msr_read(struct vcpu_arch *vcpu, uint32_t number, uint64_t *value)
{
	switch (number) {
	case MSR_IA32_TSC:
		return give(true, arch_tsc(), value);
	case MSR_IA32_EFER:
		return give(true, arch_vcpu_get(vcpu, VCPU_EFER) & vcpu->vm->cpuid->efer_allowed,
			    value);
	case MSR_IA32_BIOS_SIGN_ID:
		return give(true, host.microcode, value);
	case MSR_IA32_PAT:
		return give(true, arch_vcpu_get(vcpu, VCPU_PAT), value);
	case MSR_IA32_MTRR_DEF_TYPE:
		return give(true, vcpu->mtrr_def_type, value);
	case MSR_KVM_SYSTEM_TIME_NEW:
		return give(true, vcpu->clock_page, value);
	case MSR_IA32_XSS:
		return give(virt_machine.has_xsaves != 0, 0, value);
	case MSR_IA32_SPEC_CTRL:
		return host.has_spec_ctrl && msr_read_safe(number, value);
	case MSR_IA32_PLATFORM_ID:
		return give(!host.is_amd, host.platform_id, value);
	case MSR_IA32_MISC_ENABLE:
		return give(!host.is_amd, vcpu->misc_enable, value);
	case MSR_IA32_ARCH_CAPABILITIES:
		return give(host.has_arch_capabilities, host.arch_capabilities, value);
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
	case MSR_IA32_MCG_STATUS:
		return value == 0;
	case MSR_IA32_DEBUGCTL: /* no branch records, no branch stepping: ignored */
		return (value & ~(DEBUGCTL_LBR | DEBUGCTL_BTF)) == 0;
	case MSR_IA32_XSS:
		return value == 0 && virt_machine.has_xsaves != 0;
	case MSR_IA32_SPEC_CTRL:
		return host.has_spec_ctrl && (value & ~SPEC_CTRL_ALLOWED) == 0 &&
		       msr_write_safe(number, value);
	case MSR_IA32_PRED_CMD:
		return host.has_spec_ctrl && (value & ~PRED_CMD_IBPB) == 0 &&
		       msr_write_safe(number, value);
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
