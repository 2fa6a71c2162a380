/* SPDX-License-Identifier: Apache-2.0 */
/* Fills a VMCS: host state, controls and the guest's start state, one function per group. */
#include "vmx.h"

#include "arch/mmu.h"

#include "gdt.h"
#include "guest_cpuid.h"
#include "msr.h"
#include "names.h"
#include "regs.h"
#include "space_abi.h"
#include "vmcs_rw.h"

/* #UD: the other vendor's hypercall instruction (hypercall_abi.h) shows as one. */
#define EXCEPTION_BITMAP                                                                           \
	(BIT32(EXCEPTION_DB) | BIT32(EXCEPTION_UD) | BIT32(EXCEPTION_AC) | BIT32(EXCEPTION_MC))

/* SDM 3C, "Host-State Area": what this CPU has now. Table limits become 0xffff at an exit. */
static void write_host(const struct vcpu_arch *vcpu)
{
	const struct gdt_page *tables =
		(const struct gdt_page *)space_tables(arch_this_cpu()->index);
	struct table_register idt;

	__asm__ volatile("sidt %0" : "=m"(idt));
	vmcs_write(VMCS_HOST_CS_SELECTOR, SELECTOR_CODE);
	vmcs_write(VMCS_HOST_SS_SELECTOR, SELECTOR_DATA);
	vmcs_write(VMCS_HOST_TR_SELECTOR, SELECTOR_TSS);
	vmcs_write(VMCS_HOST_TR_BASE, (uint64_t)tables->tss);
	vmcs_write(VMCS_HOST_GDTR_BASE, (uint64_t)tables->gdt);
	vmcs_write(VMCS_HOST_IDTR_BASE, idt.base);
	vmcs_write(VMCS_HOST_GS_BASE, (uint64_t)arch_this_cpu());
	vmcs_write(VMCS_HOST_CR0, regs_read_cr0());
	vmcs_write(VMCS_HOST_CR3, arch_mmu_root());
	vmcs_write(VMCS_HOST_CR4, regs_read_cr4());
	vmcs_write(VMCS_HOST_EFER, msr_read(MSR_IA32_EFER));
	vmcs_write(VMCS_HOST_PAT, msr_read(MSR_IA32_PAT));
	vmcs_write(VMCS_HOST_RSP, (uint64_t)vcpu);
	vmcs_write(VMCS_HOST_RIP, (uint64_t)(virt_machine.has_spec_ctrl ? vmx_host_entry_stuffed
									: vmx_host_entry));
}

static void write_secondary_controls(const struct vcpu_arch *vcpu)
{
	uint32_t secondary = virt_machine.vmx_controls[VMX_SECONDARY];

	vmcs_write(VMCS_SECONDARY_CONTROLS, secondary);
	vmcs_write(VMCS_EPT_POINTER, vmx_ept_pointer(vcpu->vm));
	if ((secondary & SECONDARY_VPID) != 0) {
		vmcs_write(VMCS_VPID, arch_this_cpu()->index + 1);
	}
	if ((secondary & SECONDARY_ENCLS_EXITING) != 0) {
		vmcs_write(VMCS_ENCLS_EXITING_BITMAP, ~UINT64_C(0));
	}
}

/* All that can be written, for most fields stay so, and nothing of an earlier guest does. What this
 * CPU lacks it refuses. */
static void zero_fields(void)
{
	for (const struct name *field = names_vmcs_field; field->text != NULL; field++) {
		if ((field->value & VMCS_TYPE) != VMCS_TYPE_READ_ONLY) {
			(void)vmcs_try_write(field->value, 0);
		}
	}
}

static void write_controls(struct vcpu_arch *vcpu)
{
	const uint32_t *controls = virt_machine.vmx_controls;
	hpa_t port_bitmap = arch_va_to_pa(vcpu->vm->port_bitmap);

	vmcs_write(VMCS_PIN_CONTROLS, controls[VMX_PIN]);
	vmcs_write(VMCS_PROCESSOR_CONTROLS, controls[VMX_PROCESSOR]);
	vcpu->backend[VMX_PROCESSOR_CONTROLS] = controls[VMX_PROCESSOR];
	write_secondary_controls(vcpu);
	vmcs_write(VMCS_EXIT_CONTROLS, controls[VMX_EXIT]);
	vmcs_write(VMCS_ENTRY_CONTROLS, controls[VMX_ENTRY]);
	vmcs_write(VMCS_EXCEPTION_BITMAP, EXCEPTION_BITMAP);
	vmcs_write(VMCS_IO_BITMAP_A, port_bitmap.value);
	vmcs_write(VMCS_IO_BITMAP_B, port_bitmap.value + PAGE_SIZE);
	vmcs_write(VMCS_MSR_BITMAP, virt_msr_bitmap(vcpu->is_x2apic).value);
	vmcs_write(VMCS_VMCS_LINK_POINTER, ~UINT64_C(0));
}

/* `index`: 0 to 7 = ES CS SS DS FS GS LDTR TR. */
#define SEGMENT_CS         1u
#define SEGMENT_LDTR       6u
#define SEGMENT_TR         7u
#define SEGMENT_DATA_COUNT 6u

static void write_segment(uint32_t index, const struct boot_segment *segment)
{
	uint32_t offset = index * VMCS_SEGMENT_STRIDE;

	vmcs_write(VMCS_GUEST_ES_SELECTOR + offset, segment->selector);
	vmcs_write(VMCS_GUEST_ES_BASE + offset, segment->base);
	vmcs_write(VMCS_GUEST_ES_LIMIT + offset, segment->limit);
	vmcs_write(VMCS_GUEST_ES_ATTRIBUTES + offset, segment->attributes);
}

static void write_segments(const struct boot_start *start)
{
	for (uint32_t i = 0; i < SEGMENT_DATA_COUNT; i++) {
		write_segment(i, i == SEGMENT_CS ? &start->cs : &start->data);
	}
	write_segment(SEGMENT_LDTR, &start->ldtr);
	write_segment(SEGMENT_TR, &start->tr);
	vmcs_write(VMCS_GUEST_GDTR_BASE, start->gdt_base);
	vmcs_write(VMCS_GUEST_GDTR_LIMIT, start->gdt_limit);
	vmcs_write(VMCS_GUEST_IDTR_LIMIT, start->idt_limit);
}

/*
 * CR0: CD, NW, NE and ET are the hypervisor's (a real CD would slow the whole CPU and is not
 * switched at exits), the rest the guest's. CR4: VMXE, MCE and SMXE, and every bit that the guest's
 * CPUID does not offer, so that setting it is refused even where the CPU knows it.
 */
#define CR0_OWNED (CR0_CD | CR0_NW | CR0_NE | CR0_ET)
#define CR4_OWNED (CR4_VMXE | CR4_MCE | CR4_SMXE)

static void write_guest(struct vcpu_arch *vcpu, const struct boot_start *start)
{
	uint64_t offered_cr4 = vcpu->vm->cpuid->cr4_allowed & virt_machine.cr4_fixed1;

	write_segments(start);
	vmcs_write(VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
	vmcs_write(VMCS_GUEST_DR7, DR7_INIT);
	vmcs_write(VMCS_GUEST_PAT, PAT_POWER_ON);
	vmcs_write(VMCS_CR0_MASK, CR0_OWNED);
	vmcs_write(VMCS_CR4_MASK, CR4_OWNED | ~offered_cr4);
	vmcs_write(VMCS_GUEST_EFER, start->efer);
	vmcs_write(VMCS_GUEST_CR3, start->cr3);
	vmx_reg_set(vcpu, VCPU_CR4, start->cr4);
	/* With EFER: the entry control for long mode, too. */
	vmx_reg_set(vcpu, VCPU_CR0, start->cr0);
	vmx_reg_set(vcpu, VCPU_RIP, start->rip);
}

void vmx_vmcs_reset(struct vcpu_arch *vcpu, const struct boot_start *start)
{
	struct cpu_virt *virt = arch_this_cpu()->virt;

	CHECK(vmx_clear(vcpu->control_pa.value));
	virt->current = vcpu;
	CHECK(vmx_load(vcpu->control_pa.value));
	vcpu->is_flush_wanted = true; /* the VPID may have been another guest's */
	vcpu->backend[VMX_ALWAYS_PREPARE] =
		virt_machine.is_verw_needed || virt_machine.is_l1d_flush_needed;
	zero_fields();
	write_controls(vcpu);
	write_host(vcpu);
	write_guest(vcpu, start);
	/* An NMI that came before the VMCS was current and had its controls is not lost. */
	if (atomic_load_explicit(&virt->is_kicked, memory_order_relaxed)) {
		vmcs_write(VMCS_PIN_CONTROLS,
			   virt_machine.vmx_controls[VMX_PIN] | PIN_PREEMPTION_TIMER);
	}
}
