/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual CPU: its state, running it, and why it came back. */
#pragma once

#include "addr.h"
#include "bits.h"
#include "boot_abi.h"
#include "hypercall_abi.h"
#include "status.h"

/* General registers by their encoding; the first 16 index vcpu_arch.gpr. */
enum vcpu_reg {
	VCPU_RAX,
	VCPU_RCX,
	VCPU_RDX,
	VCPU_RBX,
	VCPU_RSP, /* by arch_vcpu_get/set only, as all below VCPU_R15 */
	VCPU_RBP,
	VCPU_RSI,
	VCPU_RDI,
	VCPU_R8,
	VCPU_R9,
	VCPU_R10,
	VCPU_R11,
	VCPU_R12,
	VCPU_R13,
	VCPU_R14,
	VCPU_R15,
	VCPU_RIP,
	VCPU_RFLAGS,
	VCPU_CR0, /* as the guest sees them */
	VCPU_CR2,
	VCPU_CR3,
	VCPU_CR4,
	VCPU_EFER,
	VCPU_DR7,
	VCPU_PAT,
	VCPU_CS_BASE,
	VCPU_CS_SELECTOR,
	VCPU_CS_ATTRIBUTES, /* VMX access-rights format */
	VCPU_SS_ATTRIBUTES,
	VCPU_DS_BASE,
	VCPU_ES_BASE,
	VCPU_FS_BASE,
	VCPU_GS_BASE,
	VCPU_SS_BASE,
	VCPU_CPL,
	VCPU_MSR_BITMAP, /* set only: of the MSRs that pass, host-physical */
	VCPU_REG_COUNT,
};

enum vm_exit_kind {
	/* Finished inside arch_vcpu_run(); never seen by hv. */
	VM_EXIT_CPUID,
	VM_EXIT_RDMSR,
	VM_EXIT_WRMSR,
	VM_EXIT_CR,
	VM_EXIT_XSETBV,
	VM_EXIT_EXCEPTION,
	VM_EXIT_WINDOW,    /* an NMI can now be injected */
	VM_EXIT_FORBIDDEN, /* instruction that no guest may execute: #UD */
	VM_EXIT_IGNORED,   /* nothing to do: WBINVD, PAUSE, a spurious exit */
	VM_EXIT_STAGE2,    /* becomes VM_EXIT_MMIO or VM_EXIT_CRASH */
	/* Returned to hv. */
	VM_EXIT_KICK, /* NMI: look at your requests */
	VM_EXIT_HYPERCALL,
	VM_EXIT_IO,
	VM_EXIT_MMIO,
	VM_EXIT_APIC_READ, /* x2APIC register, or APIC base; complete with arch_vcpu_apic_done() */
	VM_EXIT_APIC_WRITE,
	VM_EXIT_TRIPLE_FAULT,
	VM_EXIT_ENTRY_FAILED,
	VM_EXIT_CRASH, /* the guest cannot go on; `why` says it */
};

/* Port access. */
struct exit_io {
	uint16_t port;
	uint8_t size; /* 1, 2, 4 */
	bool is_in;
	bool is_string;
	bool is_rep;
	uint8_t address_size; /* 2, 4, 8; string forms */
	uint8_t segment;      /* 0..5 = ES CS SS DS FS GS; string forms */
};

enum mmio_kind {
	MMIO_READ,
	MMIO_WRITE,
	MMIO_MODIFY, /* read, compute, write */
};

/* The instruction of a device access: arch's own, see decode.h of arch/x86. */
struct decoded {
	uint8_t op;
	uint8_t direction;
	uint8_t length;       /* of the whole instruction */
	uint8_t size;         /* of the memory operand: 1, 2, 4, 8 */
	uint8_t reg;          /* register operand, 0..15 */
	uint8_t reg_size;     /* of the register; differs from size for MOVZX and MOVSX */
	uint8_t address_size; /* 2, 4, 8 */
	uint8_t segment;      /* string forms: of the source */
	bool is_high_byte;    /* AH, CH, DH, BH */
	bool is_sign_extended;
	bool is_immediate; /* the other operand is `immediate`, not `reg` */
	bool is_rep;
	uint64_t immediate; /* sign-extended to 64 bits */
};

/* Access to guest-physical space without RAM. */
struct exit_mmio {
	gpa_t address;
	enum mmio_kind kind;
	uint8_t size; /* 1, 2, 4, 8 */
	struct decoded instruction;
};

struct exit_stage2 {
	gpa_t address;
	bool is_write;
	bool is_fetch;
	bool is_walk; /* on a guest page table, not the final address */
};

struct exit_apic {
	uint32_t offset; /* LAPIC_*, for an MSR 0x800 + offset / 16 */
	uint64_t value;  /* write: all 64 bits (ICR) */
};

struct exit_cr {
	uint8_t number; /* 0, 3, 4, 8 or a debug register */
	uint8_t reg;    /* enum vcpu_reg */
	bool is_read;
	bool is_clts;
	bool is_lmsw;
	uint16_t lmsw_source;
};

struct exit_exception {
	uint8_t vector;
	bool has_error_code;
	uint32_t error_code;
};

struct vm_exit {
	enum vm_exit_kind kind;
	uint32_t raw_reason; /* VMX exit reason or low half of EXITCODE */
	uint64_t raw_info;   /* qualification or EXITINFO1 */
	union {
		struct exit_io io;
		struct exit_mmio mmio;
		struct exit_stage2 stage2;
		struct exit_apic apic;
		struct exit_cr cr;
		struct exit_exception exception;
		const char *why; /* VM_EXIT_CRASH, VM_EXIT_ENTRY_FAILED */
	};
};

#define EXIT_HISTORY 16u /* a power of two */

struct exit_record {
	uint64_t rip;
	uint32_t raw_reason;
	uint32_t info; /* low half of raw_info */
};

/* Per-VM state of the arch side; embedded in struct vm. */
struct vm_arch {
	uint32_t vcpu_count;
	hpa_t stage2_root; /* set by hv before vcpu_init */
	void *port_bitmap; /* one bit a port, in both backends' format: all 1, every port exits */
	const struct guest_cpuid *cpuid; /* prepared answers */
	uint64_t clock_wall;             /* kvmclock: nanoseconds since the epoch at TSC 0 */
};

/* Per-vCPU state of the arch side; embedded first in struct vcpu. */
struct vcpu_arch {
	uint64_t gpr[16]; /* RSP's slot is not used */
	uint64_t rip;     /* as of the last exit; written back by arch_vcpu_skip/set */
	void *control;    /* VMCS or VMCB */
	hpa_t control_pa;
	struct vm_arch *vm;
	uint32_t index;         /* in its VM; the guest's APIC ID */
	uint32_t exit_length;   /* bytes of the instruction that exited */
	bool is_launched;       /* VMX */
	bool is_nmi_pending;    /* to be injected as soon as the guest can take it */
	bool is_x2apic;         /* mode the guest has put its local APIC in */
	bool is_flush_wanted;   /* TLB flush before the next entry */
	uint64_t pending_event; /* to inject at the next entry (x86/event.h); 0 = none */
	uint64_t apic_base;     /* the guest's IA32_APIC_BASE */
	uint64_t mtrr_def_type; /* kept, without effect */
	uint64_t xcr0;
	uint64_t clock_page; /* MSR_KVM_SYSTEM_TIME_NEW as written */
	uint32_t last_msr;   /* last refused MSR: logged once */
	uint64_t backend[8]; /* the backend's own */
	uint64_t exit_count[EXIT_COUNT_REASONS];
	struct exit_record history[EXIT_HISTORY];
	uint32_t history_next;
};

/* Once, on the boot CPU: VMX or SVM, as the loader has chosen. */
void arch_virt_init(const struct boot_info *boot);

/* On each CPU: switches VMX or SVM on. */
enum hv_status arch_virt_enable(void) MUST_CHECK;

/* vcpu_count: 1 to the number of tables. */
enum hv_status arch_vm_init(struct vm_arch *vm) MUST_CHECK;
enum hv_status arch_vcpu_init(struct vcpu_arch *vcpu, struct vm_arch *vm,
			      uint32_t index) MUST_CHECK;

/* The other way round: the last thing that is done with a vCPU on the CPU that ran it, which
 * forgets it; then, on any CPU, its memory goes back, and that of a VM without vCPUs. */
void arch_vcpu_release(struct vcpu_arch *vcpu);
void arch_vcpu_free(struct vcpu_arch *vcpu);
void arch_vm_free(struct vm_arch *vm);

/* Puts the vCPU, and the CPU's registers that are not switched (x87/SSE/AVX, DR0-3, XCR0, MSRs), in
 * the state `start`; nothing of an earlier guest stays. On the CPU that will run it. */
void arch_vcpu_reset(struct vcpu_arch *vcpu, const struct boot_start *start);

/* What a start-up IPI leaves behind: real mode, CS = vector << 8, IP 0 (SDM 3A, "Processor State
 * After Reset"). */
void arch_start_sipi(struct boot_start *start, uint8_t vector);

/* Runs the guest until something needs hv; fills *exit. On the vCPU's CPU, preemption impossible.
 * What hv_hypercall() and hv_exit() have answered is not returned; KICK is when they said so. */
void arch_vcpu_run(struct vcpu_arch *vcpu, struct vm_exit *exit);

/* Steps over the instruction that exited. */
void arch_vcpu_skip(struct vcpu_arch *vcpu);
uint64_t arch_vcpu_get(struct vcpu_arch *vcpu, enum vcpu_reg reg);
void arch_vcpu_set(struct vcpu_arch *vcpu, enum vcpu_reg reg, uint64_t value);

/* At the next entry. A fault on top of a fault becomes #DF, then a triple fault. */
void arch_vcpu_inject(struct vcpu_arch *vcpu, uint8_t vector, bool has_error_code,
		      uint32_t error_code);
void arch_vcpu_inject_nmi(struct vcpu_arch *vcpu); /* marks it pending */

/* Completing exits. VM_EXIT_IO: for each element get or put, then step; step returns true while
 * elements remain (bounded by the caller: the guest re-executes what is left). HV_INVALID from get
 * and put: a fault was injected, stop and do not skip. */
enum hv_status arch_io_get(struct vcpu_arch *vcpu, const struct exit_io *io,
			   uint32_t *value) MUST_CHECK;
enum hv_status arch_io_put(struct vcpu_arch *vcpu, const struct exit_io *io,
			   uint32_t value) MUST_CHECK;
bool arch_io_step(struct vcpu_arch *vcpu, const struct exit_io *io);

/* VM_EXIT_MMIO: `value` in: what was read (READ, MODIFY); out: what to write (WRITE, MODIFY).
 * Updates registers and flags; the caller skips afterwards. */
void arch_mmio_apply(struct vcpu_arch *vcpu, const struct exit_mmio *mmio, uint64_t *value);

/* VM_EXIT_APIC_READ: value to EDX:EAX, and skips. */
void arch_vcpu_apic_done(struct vcpu_arch *vcpu, uint64_t value);

/* Lets the x2APIC MSRs that are safe reach the real APIC, or none. hv's local APIC model calls it
 * when the running guest changes mode; sets is_x2apic, which arch_vcpu_reset() goes by. */
void arch_vcpu_set_x2apic(struct vcpu_arch *vcpu, bool is_x2apic);

/* Logs registers, control structure and exit history; on the vCPU's CPU. */
void arch_vcpu_dump(struct vcpu_arch *vcpu);
