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

static struct cpu_virt cpu_virts[CPU_MAX];

/* Nothing of an earlier user of VT-x on this CPU stays in its TLB. */
static void drop_translations(void)
{
	static const struct vmx_descriptor all;

	CHECK(vmx_invept(INVALIDATE_ALL, &all));
	if ((virt_machine.vmx_controls[VMX_SECONDARY] & SECONDARY_VPID) != 0) {
		CHECK(vmx_invvpid(INVALIDATE_ALL, &all));
	}
}

/* Translations through its second-level tables are tagged by the root, whose page may become
 * another's: a VPID's next user would not drop them. */
static void vmx_release(struct vcpu_arch *vcpu)
{
	CHECK(vmx_clear(vcpu->control_pa.value));
	arch_this_cpu()->virt->current = NULL;
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
	memcpy(virt->vmxon_region, &virt_machine.control_revision,
	       sizeof(virt_machine.control_revision));
	regs_write_cr0((regs_read_cr0() | virt_machine.cr0_fixed0) & virt_machine.cr0_fixed1);
	regs_write_cr4((regs_read_cr4() | virt_machine.cr4_fixed0) & virt_machine.cr4_fixed1);
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
		vmcs_write(VMCS_MSR_BITMAP, virt_msr_bitmap(is_x2apic).value);
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
				     virt_machine.vmx_controls[VMX_PIN] | PIN_PREEMPTION_TIMER);
	}
}

const struct virt_ops vmx_ops = {
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
