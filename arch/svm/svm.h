/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the SVM backend share. */
#pragma once

#include "arch/cpu.h"
#include "arch/virt.h"
#include "event.h"
#include "virt_internal.h"
#include "vmcb.h"

/* Per CPU: what VMLOAD brings back after an exit (FS, GS, TR, LDTR, SYSCALL and SYSENTER MSRs). */
struct cpu_virt {
	struct vmcb host;
};

/* Use of vcpu_arch.backend. */
enum svm_backend {
	SVM_HOST_VMCB_PA, /* of the CPU it runs on (svm_run.asm) */
	SVM_NMI_STATE,    /* enum svm_nmi */
	SVM_CR0_HIDDEN,   /* CD and NW as the guest has set them; the real ones stay 0 */
	SVM_STEP_FLAGS,   /* the guest's RFLAGS.TF and DR6.BS before SVM_NMI_STEPPING */
	SVM_IS_STUFFED,   /* not 0: the return stack is refilled after every exit (svm_run.asm) */
};

/*
 * The guest's NMI blocking (there is no virtual NMI):
 *
 *       inject           IRET intercepted          #DB intercepted
 *  OPEN ------> BLOCKED -----------------> STEPPING --------------> OPEN
 *
 * In STEPPING the IRET runs with TF = 1: NMIs open when it is done, not before.
 */
enum svm_nmi {
	SVM_NMI_OPEN,
	SVM_NMI_BLOCKED,
	SVM_NMI_STEPPING,
};

/* The only ASID: a CPU belongs to one guest, and is flushed when that changes (README.md). */
#define SVM_ASID 1u

static inline struct vmcb *svm_vmcb(struct vcpu_arch *vcpu)
{
	return vcpu->control;
}

/* After a change of a field of these groups (VMCB_CLEAN_*). */
static inline void svm_dirty(struct vmcb *vmcb, uint64_t groups)
{
	vmcb->clean &= ~groups;
}

/* vmcb_init.c */
void svm_vmcb_reset(struct vcpu_arch *vcpu, const struct boot_start *start);

/* svm_reg.c */
uint16_t svm_reg_attributes(uint64_t rights); /* from VMX access rights */
uint64_t svm_reg_get(struct vcpu_arch *vcpu, enum vcpu_reg reg);
void svm_reg_set(struct vcpu_arch *vcpu, enum vcpu_reg reg, uint64_t value);
bool svm_reg_field(const struct vcpu_arch *vcpu, uint32_t field, uint64_t *value);

/* npt.c */
extern const struct stage2_format svm_npt_format;

/* svm_inject.c */
void svm_inject_again(struct vcpu_arch *vcpu); /* the event whose delivery the exit cut short */
void svm_inject_iret(struct vcpu_arch *vcpu);
bool svm_inject_stepped(struct vcpu_arch *vcpu); /* #DB: true: it was our step over IRET */
void svm_skip(struct vcpu_arch *vcpu);
/* From svm_run.asm, GIF = 0: what must be done before this entry. false: *exit is filled instead.
 */
bool svm_inject_prepare(struct vcpu_arch *vcpu, struct vm_exit *exit);

/* svm_exit.c; the last two from svm_run.asm. */
const char *svm_exit_name(uint32_t raw_reason);
bool svm_exit_decode(struct vcpu_arch *vcpu, struct vm_exit *exit);
void svm_exit_kicked(struct vcpu_arch *vcpu, struct vm_exit *exit);

/* svm_decode.c: completes exit->cr and exit->io. */
void svm_decode_cr(struct vcpu_arch *vcpu, struct vm_exit *exit);
void svm_decode_string(struct vcpu_arch *vcpu, struct vm_exit *exit);
/* `length` and the prefixes that the instruction at RIP has. */
uint32_t svm_decode_length(struct vcpu_arch *vcpu, uint32_t length);

/* svm_run.asm */
void svm_vcpu_run(struct vcpu_arch *vcpu, struct vm_exit *exit);
