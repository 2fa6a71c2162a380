/* SPDX-License-Identifier: Apache-2.0 */
/* VT-x: what the CPU offers, switching it on, the life of VMs and vCPUs, and the backend's table.
 */
#include "vmx.h"

#include "arch/mmu.h"
#include "arch/upcalls.h"

#include "addr.h"
#include "log.h"
#include "msr.h"
#include "names.h"
#include "regs.h"
#include "str.h"
#include "virt_internal.h"
#include "vmcs_rw.h"

/* SDM 4, "IA32_ARCH_CAPABILITIES". */
#define ARCH_RDCL_NO            BIT(0)
#define ARCH_SKIP_L1DFL_VMENTRY BIT(3)
#define ARCH_MDS_NO             BIT(5)
#define ARCH_IF_PSCHANGE_MC_NO  BIT(6)
#define ARCH_TAA_NO             BIT(8)
#define CPUID_7_EDX_MD_CLEAR    BIT32(10)
#define CPUID_7_EDX_L1D_FLUSH   BIT32(28)

struct vmx_machine vmx_machine;
static struct cpu_virt cpu_virts[CPU_MAX];

static void read_capabilities(struct vmx_capabilities *capabilities)
{
	uint64_t *controls = capabilities->controls;
	uint32_t shift = 0;

	capabilities->basic = msr_read(MSR_IA32_VMX_BASIC);
	if ((capabilities->basic & VMX_BASIC_TRUE_CONTROLS) != 0) {
		shift = MSR_IA32_VMX_TRUE_PINBASED_CTLS - MSR_IA32_VMX_PINBASED_CTLS;
	}
	controls[VMX_PIN] = msr_read(MSR_IA32_VMX_PINBASED_CTLS + shift);
	controls[VMX_PROCESSOR] = msr_read(MSR_IA32_VMX_PROCBASED_CTLS + shift);
	controls[VMX_EXIT] = msr_read(MSR_IA32_VMX_EXIT_CTLS + shift);
	controls[VMX_ENTRY] = msr_read(MSR_IA32_VMX_ENTRY_CTLS + shift);
	/* The last two exist only where the controls before them say so. */
	if ((high32(controls[VMX_PROCESSOR]) & PROCESSOR_SECONDARY) != 0) {
		controls[VMX_SECONDARY] = msr_read(MSR_IA32_VMX_PROCBASED_CTLS2);
	}
	if ((high32(controls[VMX_SECONDARY]) & (SECONDARY_EPT | SECONDARY_VPID)) != 0) {
		capabilities->ept_vpid = msr_read(MSR_IA32_VMX_EPT_VPID_CAP);
	}
}

/*
 * CPUs without the page-size-change fault say so in IA32_ARCH_CAPABILITIES; these models are known
 * to be free of it even where (under an emulator) the MSR is missing: Ice Lake, Tiger Lake, Rocket
 * Lake, Alder Lake, Sapphire Rapids.
 */
static bool is_multihit_safe_model(void)
{
	static const uint8_t safe[] = {0x6a, 0x6c, 0x7d, 0x7e, 0x8c, 0x8d, 0x8f, 0x97, 0x9a, 0xa7};
	uint32_t signature = regs_cpuid(CPUID_FEATURES, 0).eax;
	uint32_t family = signature >> 8 & 0xf;
	uint32_t model = (signature >> 4 & 0xf) | (signature >> 12 & 0xf0);

	for (uint32_t i = 0; i < ARRAY_COUNT(safe) && family == 6; i++) {
		if (safe[i] == model) {
			return true;
		}
	}
	return false;
}

static void choose_mitigations(void)
{
	uint32_t edx = 0;
	uint64_t arch = 0;

	if (regs_has_leaf(CPUID_EXTENDED_FEATURES)) {
		edx = regs_cpuid(CPUID_EXTENDED_FEATURES, 0).edx;
	}
	if ((edx & CPUID_7_EDX_ARCH_CAPABILITIES) != 0) {
		arch = msr_read(MSR_IA32_ARCH_CAPABILITIES);
	}
	virt_features.has_multihit =
		(arch & ARCH_IF_PSCHANGE_MC_NO) == 0 && !is_multihit_safe_model();
	vmx_machine.is_verw_needed =
		(edx & CPUID_7_EDX_MD_CLEAR) != 0 &&
		(arch & (ARCH_MDS_NO | ARCH_TAA_NO)) != (ARCH_MDS_NO | ARCH_TAA_NO);
	vmx_machine.is_l1d_flush_needed = (edx & CPUID_7_EDX_L1D_FLUSH) != 0 &&
					  (arch & (ARCH_RDCL_NO | ARCH_SKIP_L1DFL_VMENTRY)) == 0;
	vmx_machine.has_spec_ctrl = (edx & CPUID_7_EDX_SPEC_CTRL) != 0;
}

static void pass_msrs(void)
{
	uint32_t there = MSR_PASS_SWITCHED;

	if ((regs_cpuid(CPUID_FEATURES, 0).ecx & CPUID_1_ECX_TSC_DEADLINE) != 0) {
		there |= MSR_PASS_TSC_DEADLINE;
	}
	if ((vmx_machine.controls[VMX_SECONDARY] & SECONDARY_RDTSCP) != 0) {
		there |= MSR_PASS_TSC_AUX;
	}
	if (vmx_machine.has_spec_ctrl) {
		there |= MSR_PASS_SPEC_CTRL | MSR_PASS_PRED_CMD;
	}
	msr_pass_init(&vmx_msr_format, there);
}

static void tell_features(void)
{
	uint32_t secondary = vmx_machine.controls[VMX_SECONDARY];

	virt_features.control_revision = low32(vmx_machine.capabilities.basic & VMX_BASIC_REVISION);
	virt_features.has_rdtscp = (secondary & SECONDARY_RDTSCP) != 0;
	virt_features.has_invpcid = (secondary & SECONDARY_INVPCID) != 0;
	virt_features.has_pcid = (secondary & SECONDARY_VPID) != 0;
	virt_features.has_xsaves = (secondary & SECONDARY_XSAVES) != 0;
	virt_features.has_spec_ctrl = vmx_machine.has_spec_ctrl;
}

/* The loader has told people what to switch on where (boot/virt_check.c); vmx_cpu_enable() looks at
 * each CPU's lock. */
static enum hv_status vmx_probe(const char **why, uint32_t *max_leaf)
{
	struct vmx_capabilities *capabilities = &vmx_machine.capabilities;

	read_capabilities(capabilities);
	if (!vmx_control_choose(capabilities, vmx_machine.controls, why)) {
		return HV_UNSUPPORTED;
	}
	vmx_machine.cr0_fixed0 = msr_read(MSR_IA32_VMX_CR0_FIXED0);
	vmx_machine.cr0_fixed1 = msr_read(MSR_IA32_VMX_CR0_FIXED1);
	vmx_machine.cr4_fixed0 = msr_read(MSR_IA32_VMX_CR4_FIXED0);
	vmx_machine.cr4_fixed1 = msr_read(MSR_IA32_VMX_CR4_FIXED1);
	choose_mitigations();
	pass_msrs();
	tell_features();
	*max_leaf = vmx_ept_max_leaf(capabilities->ept_vpid);
	return HV_OK;
}

/* Nothing of an earlier user of VT-x on this CPU stays in its TLB. */
static void drop_translations(void)
{
	static const struct vmx_descriptor all;

	CHECK(vmx_invept(INVALIDATE_ALL, &all));
	if ((vmx_machine.controls[VMX_SECONDARY] & SECONDARY_VPID) != 0) {
		CHECK(vmx_invvpid(INVALIDATE_ALL, &all));
	}
}

/* Translations through its second-level tables are tagged by the root, whose page may become
 * another's: a VPID's next user would not drop them. */
static void vmx_release(struct vcpu_arch *vcpu)
{
	CHECK(vmx_clear(vcpu->control_pa.value));
	drop_translations();
}

static enum hv_status vmx_cpu_enable(void)
{
	struct cpu *cpu = arch_this_cpu();
	struct cpu_virt *virt = &cpu_virts[cpu->index];
	uint64_t control = msr_read(MSR_IA32_FEATURE_CONTROL);

	if ((control & FEATURE_CONTROL_LOCK) == 0) {
		control |= FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX_OUTSIDE_SMX;
		msr_write(MSR_IA32_FEATURE_CONTROL, control);
	}
	if ((control & FEATURE_CONTROL_VMX_OUTSIDE_SMX) == 0) {
		log_error("cpu %u: VT-x is locked off by the firmware on this CPU", cpu->index);
		return HV_UNSUPPORTED;
	}
	virt->vmxon_region = page_alloc(1);
	if (virt->vmxon_region == NULL) {
		return HV_NO_MEMORY;
	}
	memcpy(virt->vmxon_region, &virt_features.control_revision,
	       sizeof(virt_features.control_revision));
	regs_write_cr0((regs_read_cr0() | vmx_machine.cr0_fixed0) & vmx_machine.cr0_fixed1);
	regs_write_cr4((regs_read_cr4() | vmx_machine.cr4_fixed0) & vmx_machine.cr4_fixed1);
	if (!vmx_on(arch_va_to_pa(virt->vmxon_region).value)) {
		log_error("cpu %u: VMXON failed", cpu->index);
		return HV_UNSUPPORTED;
	}
	drop_translations();
	cpu->virt = virt;
	return HV_OK;
}

static void vmx_set_x2apic(struct vcpu_arch *vcpu, bool is_x2apic)
{
	/* A vCPU that waits for SIPI has no VMCS here yet: its reset applies the mode. */
	if (arch_this_cpu()->virt->current == vcpu) {
		vmcs_write(VMCS_MSR_BITMAP, arch_va_to_pa(msr_pass_bitmap(is_x2apic)).value);
	}
}

/*
 * An NMI that arrives while the hypervisor runs must make the next entry exit at once. With the
 * preemption timer active and at 0 it does, before the guest's first instruction. No instant is
 * left open: before VMRESUME this handler arms the timer, after it the NMI itself exits. What the
 * handler writes is undone only by an exit that is reported as a kick (vmx_exit.c), and a VMCS that
 * becomes current later looks at is_kicked (vmcs_init.c). VMWRITE without a current VMCS fails
 * without harm.
 */
static void vmx_nmi_in_host(void)
{
	struct cpu_virt *virt = arch_this_cpu()->virt;

	if (virt != NULL) {
		atomic_store_explicit(&virt->is_kicked, true, memory_order_relaxed);
		(void)vmcs_try_write(VMCS_PIN_CONTROLS,
				     vmx_machine.controls[VMX_PIN] | PIN_PREEMPTION_TIMER);
	}
}

const struct virt_ops vmx_ops = {
	.probe = vmx_probe,
	.cpu_enable = vmx_cpu_enable,
	.vcpu_reset = vmx_vmcs_reset,
	.vcpu_release = vmx_release,
	.vcpu_run = vmx_vcpu_run,
	.vcpu_skip = vmx_skip,
	.reg_get = vmx_reg_get,
	.reg_set = vmx_reg_set,
	.set_x2apic = vmx_set_x2apic,
	.stage2_make = vmx_ept_make,
	.stage2_read = vmx_ept_read,
	.nmi_in_host = vmx_nmi_in_host,
	.field_read = vmx_reg_field,
	.field_names = names_vmcs_field,
	.exit_name = vmx_exit_name,
};
