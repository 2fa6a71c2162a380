/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the VMX backend share. */
#pragma once

#include "arch/cpu.h"
#include "arch/virt.h"
#include "event.h"
#include "virt_internal.h"
#include "vmcs.h"

#include <stdatomic.h>

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

/* ept.c */
extern const struct stage2_format vmx_ept_format;
uint64_t vmx_ept_pointer(const struct vm_arch *vm);

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
