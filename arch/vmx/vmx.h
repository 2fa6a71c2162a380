/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the VMX backend share. */
#pragma once

#include "arch/cpu.h"
#include "arch/virt.h"
#include "event.h"
#include "msr_pass.h"
#include "vmcs.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vmx_controls {
	VMX_PIN,
	VMX_PROCESSOR,
	VMX_SECONDARY,
	VMX_EXIT,
	VMX_ENTRY,
	VMX_CONTROLS_COUNT,
};

/* What the CPU's capability MSRs say (SDM 3D, Appendix A). */
struct vmx_capabilities {
	uint64_t basic;
	/* Low half = bits that must be 1, high half = bits that may be 1. */
	uint64_t controls[VMX_CONTROLS_COUNT];
	uint64_t ept_vpid;
};

/* The machine: written by vmx_probe() on the boot CPU, constant afterwards. */
struct vmx_machine {
	struct vmx_capabilities capabilities;
	uint32_t controls[VMX_CONTROLS_COUNT];
	uint64_t cr0_fixed0;
	uint64_t cr0_fixed1;
	uint64_t cr4_fixed0;
	uint64_t cr4_fixed1;
	bool is_verw_needed; /* MDS, TAA: buffers cleared before each entry */
	bool is_l1d_flush_needed;
	bool has_spec_ctrl; /* IBRS and IBPB; then the return stack is refilled at exits, too */
};
extern struct vmx_machine vmx_machine;

/* Per CPU; cpu->virt points to it once VMXON has succeeded. */
struct cpu_virt {
	_Atomic bool
		is_kicked; /* an NMI came while the hypervisor ran; own CPU and its NMI handler */
	void *vmxon_region;
	struct vcpu_arch *current; /* whose VMCS is current, or NULL */
};

/* Use of vcpu_arch.backend. */
enum vmx_backend {
	VMX_HOST_RSP,           /* while the guest runs (vmx_run.asm) */
	VMX_ALWAYS_PREPARE,     /* not 0: vmx_inject_prepare() before every entry (vmx_run.asm) */
	VMX_PROCESSOR_CONTROLS, /* as in the VMCS: NMI-window exiting comes and goes */
};

/* SDM 3C, "MSR-Bitmap Address": 1 KiB each for reads low and high, writes low and high. */
static const struct msr_pass_format vmx_msr_format = {
	.range_bits = 0x400 * 8,
	.msr_bits = 1,
	.write_bits = 0x800 * 8,
};

/* vmx_control.c: pure. controls[VMX_CONTROLS_COUNT] is written only on success. */
bool vmx_control_choose(const struct vmx_capabilities *capabilities, uint32_t *controls,
			const char **why);

/* ept.c */
uint64_t vmx_ept_make(const struct stage2_entry *entry, uint32_t level);
struct stage2_entry vmx_ept_read(uint64_t raw, uint32_t level);
uint64_t vmx_ept_pointer(const struct vm_arch *vm);
uint32_t vmx_ept_max_leaf(uint64_t ept_vpid);

/* vmcs_init.c */
void vmx_vmcs_reset(struct vcpu_arch *vcpu, const struct boot_start *start);

/* vmx_reg.c */
uint64_t vmx_reg_get(struct vcpu_arch *vcpu, enum vcpu_reg reg);
void vmx_reg_set(struct vcpu_arch *vcpu, enum vcpu_reg reg, uint64_t value);
bool vmx_reg_field(const struct vcpu_arch *vcpu, uint32_t field, uint64_t *value);

/* vmx_inject.c */
void vmx_inject_again(struct vcpu_arch *vcpu); /* the event whose delivery the exit cut short */
bool vmx_inject_prepare(struct vcpu_arch *vcpu, struct vm_exit *exit);
void vmx_inject_window(struct vcpu_arch *vcpu, bool is_wanted);
void vmx_skip(struct vcpu_arch *vcpu);

/* vmx_exit.c; the last two are called by vmx_run.asm. */
const char *vmx_exit_name(uint32_t raw_reason);
bool vmx_exit_decode(struct vcpu_arch *vcpu, struct vm_exit *exit);
void vmx_exit_entry_failed(struct vcpu_arch *vcpu, struct vm_exit *exit);

/* vmx_run.asm */
void vmx_vcpu_run(struct vcpu_arch *vcpu, struct vm_exit *exit);
void vmx_host_entry(void);         /* HOST_RIP; not to be called */
void vmx_host_entry_stuffed(void); /* the same for CPUs whose return stack must be refilled */
