/* SPDX-License-Identifier: Apache-2.0 */
/* SVM: found, switched on, per CPU and per VM; and the table that the rest of x86 calls it by. */
#include "svm.h"

#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "log.h"
#include "msr.h"
#include "names.h"
#include "virt_internal.h"

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

/*
 * No nmi_in_host: the entry looks at is_woken with GIF = 0 (svm_run.asm). No vcpu_release: nothing
 * of a VMCB stays in a CPU but translations, which the next user of its ASID drops.
 */
const struct virt_ops svm_ops = {
	.cpu_enable = svm_cpu_enable,
	.vcpu_reset = svm_vmcb_reset,
	.vcpu_run = svm_vcpu_run,
	.vcpu_skip = svm_skip,
	.reg_get = svm_reg_get,
	.reg_set = svm_reg_set,
	.stage2 = &svm_npt_format,
	.field_read = svm_reg_field,
	.field_names = names_vmcb_field,
	.exit_name = svm_exit_name,
};
