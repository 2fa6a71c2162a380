/* SPDX-License-Identifier: Apache-2.0 */
/* What virt.c offers to the rest of arch/x86 and to the backends. */
#pragma once

#include "arch/upcalls.h"
#include "arch/virt.h"
#include "virt_abi.h"

/* The loader's choice; constant after arch_virt_init(). */
extern struct boot_virt virt_machine;

/* The backend in use; NULL before arch_virt_init(). */
extern const struct virt_ops *virt_ops;

/* The bitmap of MSRs that pass without an exit, for a guest in that mode of its local APIC. */
hpa_t virt_msr_bitmap(bool is_x2apic);

/* From the NMI handler. */
void virt_nmi_in_host(void);

/*
 * Every exit, from the backend, once it is decoded; the guest's registers are saved. True: back
 * into the guest at once. False: *exit is for the caller of vcpu_run(). The first two are for the
 * frequent exits, which need no decoding: the backend has stepped over the instruction already. A
 * hypercall: CPL 0 only.
 */
typedef bool virt_answer(struct vcpu_arch *vcpu, struct vm_exit *exit);
virt_answer virt_cpuid;
virt_answer virt_hypercall;
/* Answers an exit that the trace gets; reason: enum hypercall_exit. */
bool virt_traced(struct vcpu_arch *vcpu, struct vm_exit *exit, virt_answer *answer,
		 uint32_t reason);
static inline bool virt_quick(struct vcpu_arch *vcpu, struct vm_exit *exit, bool is_cpuid)
{
	if (hv_trace_rings != NULL) {
		return virt_traced(vcpu, exit, is_cpuid ? virt_cpuid : virt_hypercall,
				   is_cpuid ? EXIT_COUNT_CPUID : EXIT_COUNT_HYPERCALL);
	}
	return is_cpuid ? virt_cpuid(vcpu, exit) : virt_hypercall(vcpu, exit);
}
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
