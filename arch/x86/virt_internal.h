/* SPDX-License-Identifier: Apache-2.0 */
/* What virt.c offers to the rest of arch/x86 and to the backends. */
#pragma once

#include "arch/virt.h"

/*
 * What the backend can let a guest use beyond what always works. Set by the backend's probe(); a
 * feature left false is hidden from CPUID (SDM 3C, "Secondary Processor-Based VM-Execution
 * Controls": RDTSCP, INVPCID, XSAVES and others are #UD unless their control is 1).
 */
struct virt_features {
	bool has_rdtscp; /* also RDPID; TSC_AUX */
	bool has_invpcid;
	bool has_pcid;   /* VMX: VPID in use; SVM: always */
	bool has_xsaves; /* XSAVES runs in the guest and IA32_XSS stays 0 */
	bool has_waitpkg;
	bool has_multihit;  /* see arch_stage2_is_multihit() */
	bool has_spec_ctrl; /* SPEC_CTRL and PRED_CMD reach the CPU, or exit and are passed on here
			     */
	uint32_t
		control_revision; /* first word of a control page: VMCS revision identifier, or 0 */
};
extern struct virt_features virt_features;

/* The backend in use; NULL before arch_virt_probe(). */
extern const struct virt_ops *virt_ops;

/* From the NMI handler. */
void virt_nmi_in_host(void);

/*
 * Every exit, from the backend, once it is decoded; the guest's registers are saved. True: back
 * into the guest at once. False: *exit is for the caller of vcpu_run(). The first two are for the
 * frequent exits, which need no decoding: the backend has stepped over the instruction already. A
 * hypercall: CPL 0 only.
 */
bool virt_cpuid(struct vcpu_arch *vcpu);
bool virt_hypercall(struct vcpu_arch *vcpu, struct vm_exit *exit);
/* Decoded; no string. reason, info: as vm_exit.raw_reason and raw_info, which need not be filled.
 */
bool virt_io(struct vcpu_arch *vcpu, struct vm_exit *exit, uint32_t reason, uint32_t info);
bool virt_exit(struct vcpu_arch *vcpu, struct vm_exit *exit);

/* --- between the files of arch/x86 ------------------------------------------------------------ */

/* exit_apic.offset of IA32_APIC_BASE; drivers know it as LAPIC_BASE_MSR. */
#define VIRT_APIC_BASE_OFFSET 0xfffu

/* What a handler of guest_*.c did with an exit. */
enum virt_result {
	VIRT_RESUME, /* done: back into the guest */
	VIRT_RETURN, /* *exit has been turned into something for hv */
};

/* #GP(0), #UD, #PF (sets CR2) at the next entry. */
void virt_inject_gp(struct vcpu_arch *vcpu);
void virt_inject_ud(struct vcpu_arch *vcpu);
void virt_inject_pf(struct vcpu_arch *vcpu, uint64_t address, uint32_t error_code);

/* Makes *exit a crash of the guest. */
enum virt_result virt_crash(struct vm_exit *exit, const char *why);

void guest_cpuid_exit(struct vcpu_arch *vcpu);                                 /* guest_cpuid.c */
enum virt_result guest_msr_exit(struct vcpu_arch *vcpu, struct vm_exit *exit); /* guest_msr.c */
void guest_cr_exit(struct vcpu_arch *vcpu, const struct exit_cr *cr);          /* guest_cr.c */
void guest_cr_xsetbv(struct vcpu_arch *vcpu);
enum virt_result guest_mmio_exit(struct vcpu_arch *vcpu, struct vm_exit *exit); /* guest_mmio.c */
/* fpu.c: x87, SSE, AVX and beyond as after reset, XCR0 = 1. */
void fpu_reset(void);
uint64_t fpu_xcr0(void); /* the real one; 0 without XSAVE */
/* guest_clock.c: false: the value is refused (#GP). */
bool guest_clock_write(struct vcpu_arch *vcpu, uint32_t msr, uint64_t value);
