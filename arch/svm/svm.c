/* SPDX-License-Identifier: Apache-2.0 */
/* SVM: found, switched on, per CPU and per VM; and the table that the rest of x86 calls it by. */
#include "svm.h"

#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "log.h"
#include "msr.h"
#include "names.h"
#include "regs.h"
#include "virt_internal.h"

/* CPUID 8000_0008 EBX (APM 3, "Function 8000_0008h"). */
#define CPUID_EXT8_EBX_RDPRU   BIT32(4)
#define CPUID_EXT8_EBX_INVLPGB BIT32(3)
#define CPUID_EXT8_EBX_MCOMMIT BIT32(8)
#define CPUID_EXT8_EBX_IBPB    BIT32(12)
#define CPUID_EXT8_EBX_IBRS    BIT32(14)
#define CPUID_EXT8_EBX_STIBP   BIT32(15)
#define CPUID_EXT8_EBX_SSBD    BIT32(24)

#define INTERCEPT_2                                                                                \
	(VMCB_INTERCEPT_VMRUN | VMCB_INTERCEPT_VMMCALL | VMCB_INTERCEPT_VMLOAD |                   \
	 VMCB_INTERCEPT_VMSAVE | VMCB_INTERCEPT_STGI | VMCB_INTERCEPT_CLGI |                       \
	 VMCB_INTERCEPT_SKINIT | VMCB_INTERCEPT_WBINVD | VMCB_INTERCEPT_MONITOR |                  \
	 VMCB_INTERCEPT_MWAIT | VMCB_INTERCEPT_XSETBV)

struct svm_machine svm_machine;

static uint32_t extended_ebx(void)
{
	return regs_has_leaf(CPUID_ADDRESS_SIZES) ? regs_cpuid(CPUID_ADDRESS_SIZES, 0).ebx : 0;
}

static void find_features(void)
{
	uint32_t svm = regs_cpuid(CPUID_SVM, 0).edx;
	uint32_t ebx = extended_ebx();

	svm_machine.clean = (svm & CPUID_SVM_EDX_VMCB_CLEAN) != 0 ? VMCB_CLEAN_ALL : 0;
	svm_machine.flush_asid = (svm & CPUID_SVM_EDX_FLUSH_BY_ASID) != 0
					 ? VMCB_TLB_CONTROL_FLUSH_ASID
					 : VMCB_TLB_CONTROL_FLUSH_ALL;
	svm_machine.has_spec_ctrl =
		(ebx & (CPUID_EXT8_EBX_IBRS | CPUID_EXT8_EBX_STIBP | CPUID_EXT8_EBX_SSBD)) != 0;
	svm_machine.has_pred_cmd = (ebx & CPUID_EXT8_EBX_IBPB) != 0;
	/* Reserved intercept bits must be 0, so only what exists. */
	svm_machine.intercept_2 = INTERCEPT_2;
	svm_machine.intercept_2 |= (ebx & CPUID_EXT8_EBX_RDPRU) != 0 ? VMCB_INTERCEPT_RDPRU : 0;
	svm_machine.intercept_3 = (ebx & CPUID_EXT8_EBX_MCOMMIT) != 0 ? VMCB_INTERCEPT_MCOMMIT : 0;
	if ((ebx & CPUID_EXT8_EBX_INVLPGB) != 0) {
		svm_machine.intercept_3 |= VMCB_INTERCEPT_INVLPGB | VMCB_INTERCEPT_INVLPGB_ILLEGAL |
					   VMCB_INTERCEPT_TLBSYNC;
	}
}

static void pass_msrs(void)
{
	uint32_t there = 0;

	if ((regs_cpuid(CPUID_FEATURES, 0).ecx & CPUID_1_ECX_TSC_DEADLINE) != 0) {
		there |= MSR_PASS_TSC_DEADLINE;
	}
	if ((regs_cpuid(CPUID_EXTENDED_SIGNATURE, 0).edx & CPUID_EXT1_EDX_RDTSCP) != 0) {
		there |= MSR_PASS_TSC_AUX;
	}
	there |= svm_machine.has_spec_ctrl ? MSR_PASS_SPEC_CTRL : 0;
	there |= svm_machine.has_pred_cmd ? MSR_PASS_PRED_CMD : 0;
	msr_pass_init(&svm_msr_format, there);
}

/* SVM hides no instruction of its own accord: what the CPU has, the guest has. */
static void tell_features(void)
{
	virt_features = (struct virt_features){
		.has_rdtscp = true,
		.has_invpcid = true,
		.has_pcid = true,
		.has_xsaves = true,
		.has_waitpkg = true,
		.has_spec_ctrl = svm_machine.has_spec_ctrl,
	};
}

/* The loader has told people what to switch on where (boot/virt_check.c); svm_cpu_enable() looks at
 * each CPU's lock. */
static enum hv_status svm_probe(const char **why, uint32_t *max_leaf)
{
	if (!regs_has_leaf(CPUID_SVM) || (regs_cpuid(CPUID_SVM, 0).edx & CPUID_SVM_EDX_NP) == 0 ||
	    regs_cpuid(CPUID_SVM, 0).ebx <= SVM_ASID) {
		*why = "SVM without nested paging or address-space identifiers";
		return HV_UNSUPPORTED;
	}
	find_features();
	pass_msrs();
	tell_features();
	*max_leaf =
		(regs_cpuid(CPUID_EXTENDED_SIGNATURE, 0).edx & CPUID_EXT1_EDX_PAGE1GB) != 0 ? 3 : 2;
	return HV_OK;
}

/* APM 2, "Enabling SVM" and "VMSAVE and VMLOAD Instructions". */
static enum hv_status svm_cpu_enable(void)
{
	struct cpu *cpu = arch_this_cpu();
	void *save_area = page_alloc(1);
	struct cpu_virt *virt = page_alloc(1);
	uint64_t vm_cr;

	/* QEMU has no VM_CR: it reads 0. */
	if (msr_read_safe(MSR_VM_CR, &vm_cr) && (vm_cr & VM_CR_SVMDIS) != 0) {
		log_error("cpu %u: SVM is switched off by the firmware on this CPU", cpu->index);
		return HV_UNSUPPORTED;
	}
	if (save_area == NULL || virt == NULL) {
		return HV_NO_MEMORY;
	}
	msr_write(MSR_IA32_EFER, msr_read(MSR_IA32_EFER) | EFER_SVME);
	msr_write(MSR_VM_HSAVE_PA, arch_va_to_pa(save_area).value);
	__asm__ volatile("vmsave %0" : : "a"(arch_va_to_pa(&virt->host).value) : "memory");
	cpu->virt = virt;
	return HV_OK;
}

static void svm_set(struct vcpu_arch *vcpu, enum vcpu_reg reg, uint64_t value)
{
	svm_reg_set(vcpu, reg, value);
	if (reg == VCPU_CR2) {
		regs_write_cr2(value); /* VMRUN loads it, but not that of Bochs */
	}
}

static void svm_set_x2apic(struct vcpu_arch *vcpu, bool is_x2apic)
{
	svm_vmcb(vcpu)->msrpm_base_pa = arch_va_to_pa(msr_pass_bitmap(is_x2apic)).value;
	svm_dirty(svm_vmcb(vcpu), VMCB_CLEAN_IOPM);
}

/* Nothing: the entry looks at is_woken with GIF = 0 (svm_run.asm). */
static void svm_nmi_in_host(void)
{
}

/* Nothing of a VMCB stays in a CPU but translations, which the next user of its ASID drops. */
static void svm_release(struct vcpu_arch *vcpu)
{
	(void)vcpu;
}

const struct virt_ops svm_ops = {
	.probe = svm_probe,
	.cpu_enable = svm_cpu_enable,
	.vcpu_reset = svm_vmcb_reset,
	.vcpu_release = svm_release,
	.vcpu_run = svm_vcpu_run,
	.vcpu_skip = svm_skip,
	.reg_get = svm_reg_get,
	.reg_set = svm_set,
	.set_x2apic = svm_set_x2apic,
	.stage2_make = svm_npt_make,
	.stage2_read = svm_npt_read,
	.nmi_in_host = svm_nmi_in_host,
	.field_read = svm_reg_field,
	.field_names = names_vmcb_field,
	.exit_name = svm_exit_name,
};
