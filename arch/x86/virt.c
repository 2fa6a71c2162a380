/* SPDX-License-Identifier: Apache-2.0 */
/* Picks VMX or SVM, and hands the contract of arch/vcpu.h to it. */
#include "guest_cpuid.h"
#include "guest_msr.h"
#include "msr.h"
#include "regs.h"
#include "virt_internal.h"

#include "arch/mmu.h"
#include "arch/upcalls.h"

#include "check.h"
#include "str.h"

/* 2 pages, one bit a port; SVM: and 3 bits for accesses that begin below the last port. */
#define PORT_BITMAP_PAGES 3u

struct boot_virt virt_machine; /* written before the first guest */
const struct virt_ops *virt_ops;

static struct guest_cpuid *cpuid_tables; /* that of n vCPUs at n - 1 */
static uint32_t cpuid_count;
static const struct boot_start *sipi;

/* --- set-up --------------------------------------------------------------------------------------
 */

void arch_virt_init(const struct boot_info *boot)
{
	virt_machine = boot->virt;
	virt_ops = virt_machine.is_vmx != 0 ? &vmx_ops : &svm_ops;
	cpuid_tables = boot->guest_cpuid;
	cpuid_count = boot->cpu_count;
	sipi = &boot->sipi;
}

hpa_t virt_msr_bitmap(bool is_x2apic)
{
	return arch_va_to_pa(virt_machine.msr_bitmaps + (is_x2apic ? BOOT_MSR_BITMAP_SIZE : 0));
}

enum hv_status arch_virt_enable(void)
{
	return virt_ops->cpu_enable();
}

void virt_nmi_in_host(void)
{
	if (virt_ops != NULL && virt_ops->nmi_in_host != NULL) {
		virt_ops->nmi_in_host();
	}
}

enum hv_status arch_vm_init(struct vm_arch *vm)
{
	CHECK(vm->vcpu_count >= 1 && vm->vcpu_count <= cpuid_count);
	vm->cpuid = &cpuid_tables[vm->vcpu_count - 1];
	vm->port_bitmap = page_alloc(PORT_BITMAP_PAGES);
	if (vm->port_bitmap == NULL) {
		return HV_NO_MEMORY;
	}
	memset(vm->port_bitmap, 0xff, PORT_BITMAP_PAGES * PAGE_SIZE);
	return HV_OK;
}

enum hv_status arch_vcpu_init(struct vcpu_arch *vcpu, struct vm_arch *vm, uint32_t index)
{
	vcpu->control = page_alloc(1);
	if (vcpu->control == NULL) {
		return HV_NO_MEMORY;
	}
	memcpy(vcpu->control, &virt_machine.control_revision,
	       sizeof(virt_machine.control_revision));
	vcpu->control_pa = arch_va_to_pa(vcpu->control);
	vcpu->vm = vm;
	vcpu->index = index;
	return HV_OK;
}

void arch_vcpu_release(struct vcpu_arch *vcpu)
{
	if (virt_ops->vcpu_release != NULL) {
		virt_ops->vcpu_release(vcpu);
	}
}

void arch_vcpu_free(struct vcpu_arch *vcpu)
{
	if (vcpu->control != NULL) {
		page_free(vcpu->control, 1);
	}
}

void arch_vm_free(struct vm_arch *vm)
{
	if (vm->port_bitmap != NULL) {
		page_free(vm->port_bitmap, PORT_BITMAP_PAGES);
	}
}

/* State of the CPU that neither backend switches: it is the guest's while the guest has the CPU. */
static void reset_unswitched(void)
{
	static const uint32_t zeroed[] = {MSR_IA32_STAR, MSR_IA32_LSTAR, MSR_IA32_CSTAR,
					  MSR_IA32_FMASK, MSR_IA32_KERNEL_GS_BASE};

	fpu_reset();
	regs_write_cr2(0);
	regs_write_dr0(0);
	regs_write_dr1(0);
	regs_write_dr2(0);
	regs_write_dr3(0);
	regs_write_dr6(DR6_INIT);
	for (uint32_t i = 0; i < ARRAY_COUNT(zeroed); i++) {
		msr_write(zeroed[i], 0);
	}
	/* Not every CPU has these. */
	(void)msr_write_safe(MSR_IA32_TSC_AUX, 0);
	if (virt_machine.has_xsaves != 0) {
		(void)msr_write_safe(MSR_IA32_XSS, 0);
	}
	if (virt_machine.has_spec_ctrl != 0) {
		(void)msr_write_safe(MSR_IA32_SPEC_CTRL, 0);
		(void)msr_write_safe(MSR_IA32_PRED_CMD,
				     1); /* IBPB: no branch history of another guest */
	}
}

void arch_vcpu_reset(struct vcpu_arch *vcpu, const struct boot_start *start)
{
	reset_unswitched();
	guest_msr_reset(vcpu);
	memset(vcpu->gpr, 0, sizeof(vcpu->gpr));
	vcpu->gpr[VCPU_RAX] = start->rax;
	vcpu->gpr[VCPU_RBX] = start->rbx;
	vcpu->gpr[VCPU_RDX] = start->rdx;
	vcpu->gpr[VCPU_RSI] = start->rsi;
	vcpu->xcr0 = XCR0_X87;
	vcpu->is_launched = false;
	vcpu->is_nmi_pending = false;
	vcpu->pending_event = 0;
	vcpu->exit_length = 0;
	virt_ops->vcpu_reset(vcpu, start);
}

void arch_start_sipi(struct boot_start *start, uint8_t vector)
{
	*start = *sipi;
	start->cs.selector = (uint16_t)(vector << 8);
	start->cs.base = (uint64_t)vector << PAGE_SHIFT;
}

/* --- access to a vCPU ----------------------------------------------------------------------------
 */

static bool is_in_gpr(enum vcpu_reg reg)
{
	return reg <= VCPU_R15 && reg != VCPU_RSP;
}

uint64_t arch_vcpu_get(struct vcpu_arch *vcpu, enum vcpu_reg reg)
{
	return is_in_gpr(reg) ? vcpu->gpr[reg] : virt_ops->reg_get(vcpu, reg);
}

void arch_vcpu_set(struct vcpu_arch *vcpu, enum vcpu_reg reg, uint64_t value)
{
	if (is_in_gpr(reg)) {
		vcpu->gpr[reg] = value;
	} else {
		virt_ops->reg_set(vcpu, reg, value);
	}
}

void arch_vcpu_skip(struct vcpu_arch *vcpu)
{
	virt_ops->vcpu_skip(vcpu);
}

void arch_vcpu_inject_nmi(struct vcpu_arch *vcpu)
{
	vcpu->is_nmi_pending = true;
}

void virt_inject_gp(struct vcpu_arch *vcpu)
{
	arch_vcpu_inject(vcpu, EXCEPTION_GP, true, 0);
}

void virt_inject_ud(struct vcpu_arch *vcpu)
{
	arch_vcpu_inject(vcpu, EXCEPTION_UD, false, 0);
}

void virt_inject_pf(struct vcpu_arch *vcpu, uint64_t address, uint32_t error_code)
{
	regs_write_cr2(address); /* live under VMX; VMRUN loads it, but not that of Bochs */
	virt_ops->reg_set(vcpu, VCPU_CR2, address);
	arch_vcpu_inject(vcpu, EXCEPTION_PF, true, error_code);
}

void arch_vcpu_apic_done(struct vcpu_arch *vcpu, uint64_t value)
{
	vcpu->gpr[VCPU_RAX] = low32(value);
	vcpu->gpr[VCPU_RDX] = high32(value);
	virt_ops->vcpu_skip(vcpu);
}

void arch_vcpu_set_x2apic(struct vcpu_arch *vcpu, bool is_x2apic)
{
	vcpu->is_x2apic = is_x2apic;
	virt_ops->reg_set(vcpu, VCPU_MSR_BITMAP, virt_msr_bitmap(is_x2apic).value);
}

uint32_t arch_stage2_max_leaf(void)
{
	return virt_machine.max_leaf;
}

bool arch_stage2_is_multihit(void)
{
	return virt_machine.is_multihit != 0;
}
