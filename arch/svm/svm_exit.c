/* SPDX-License-Identifier: Apache-2.0 */
/* EXITCODE and EXITINFO become struct vm_exit. */
#include "svm.h"

#include "names.h"
#include "regs.h"
#include "virt_internal.h"

/* Lengths of instructions without prefixes, for CPUs without next RIP. */
#define MSR_LENGTH     2u
#define CACHE_LENGTH   2u /* INVD, WBINVD */
#define CPUID_LENGTH   2u
#define VMMCALL_LENGTH 3u
#define XSETBV_LENGTH  3u

const char *svm_exit_name(uint32_t raw_reason)
{
	return name_find(names_svm_exit, raw_reason);
}

/* Where the CPU gives no next RIP, that field of the VMCB stays 0. */
static uint32_t length_of(const struct vmcb *vmcb, uint32_t otherwise)
{
	return vmcb->nrip != 0 ? (uint32_t)(vmcb->nrip - vmcb->rip) : otherwise;
}

static void decode_io(struct vm_exit *exit, uint64_t info)
{
	exit->kind = VM_EXIT_IO;
	exit->io.port = (uint16_t)(info >> EXITINFO1_IO_PORT_SHIFT);
	exit->io.size = (uint8_t)(info >> EXITINFO1_IO_SIZE_SHIFT & EXITINFO1_IO_SIZE);
	exit->io.is_in = (info & EXITINFO1_IO_IN) != 0;
	exit->io.is_string = (info & EXITINFO1_IO_STR) != 0;
}

static void decode_npf(const struct vmcb *vmcb, struct vm_exit *exit)
{
	uint64_t info = vmcb->exit_info_1;

	exit->kind = VM_EXIT_STAGE2;
	exit->stage2 = (struct exit_stage2){
		.address = gpa_from_u64(vmcb->exit_info_2),
		.is_write = (info & EXITINFO1_NPF_WRITE) != 0,
		.is_fetch = (info & EXITINFO1_NPF_FETCH) != 0,
		.is_walk = (info & EXITINFO1_NPF_TABLE) != 0,
	};
}

static void decode_exception(struct vcpu_arch *vcpu, struct vm_exit *exit, uint32_t vector)
{
	struct vmcb *vmcb = svm_vmcb(vcpu);

	exit->kind = VM_EXIT_EXCEPTION;
	exit->exception = (struct exit_exception){
		.vector = (uint8_t)vector,
		.has_error_code = vector == EXCEPTION_AC,
		.error_code = low32(vmcb->exit_info_1),
	};
	if (vector != EXCEPTION_DB) {
		return;
	}
	/* The CPU has set DR6 in the VMCB; delivery would clear DR7.GD (APM 2, "Debug-Control
	 * Register (DR7)"). */
	if (svm_inject_stepped(vcpu)) {
		exit->kind = VM_EXIT_WINDOW;
	} else if ((vmcb->dr7 & DR7_GD) != 0) {
		vmcb->dr7 &= ~DR7_GD;
		svm_dirty(vmcb, VMCB_CLEAN_DRX);
	}
}

static void decode_range(struct vcpu_arch *vcpu, struct vm_exit *exit, uint32_t code)
{
	if (code >= VMEXIT_EXCP0 && code <= VMEXIT_EXCP31) {
		decode_exception(vcpu, exit, code - VMEXIT_EXCP0);
	} else if (code >= VMEXIT_VMRUN && code <= VMEXIT_TLBSYNC) {
		/* Intercepts from VMRUN on are of instructions that no guest may execute. */
		exit->kind = VM_EXIT_FORBIDDEN;
	} else if (code == VMEXIT_INVALID || code == VMEXIT_BUSY) {
		/* -1 and -2: of the first QEMU 7.2 stores the low half only. */
		exit->kind = VM_EXIT_ENTRY_FAILED;
		exit->why = "VMRUN refused the guest's state (VMEXIT_INVALID)";
	} else {
		(void)virt_crash(exit, "an exit that was not asked for");
	}
}

static void decode_code(struct vcpu_arch *vcpu, struct vm_exit *exit, uint32_t code)
{
	struct vmcb *vmcb = svm_vmcb(vcpu);

	switch (code) {
	case VMEXIT_MSR:
		vcpu->exit_length = length_of(vmcb, MSR_LENGTH);
		exit->kind = (vmcb->exit_info_1 & EXITINFO1_MSR_WRITE) != 0 ? VM_EXIT_WRMSR
									    : VM_EXIT_RDMSR;
		break;
	case VMEXIT_NPF:
		decode_npf(vmcb, exit);
		break;
	case VMEXIT_CR0_READ:
	case VMEXIT_CR0_WRITE:
	case VMEXIT_CR4_WRITE:
	case VMEXIT_CR0_SEL_WRITE:
		svm_decode_cr(vcpu, exit);
		break;
	case VMEXIT_NMI: /* taken at the STGI of svm_run.asm */
		exit->kind = VM_EXIT_KICK;
		break;
	case VMEXIT_IRET:
		exit->kind = VM_EXIT_WINDOW;
		svm_inject_iret(vcpu);
		break;
	case VMEXIT_INVD:
	case VMEXIT_WBINVD: /* WBNOINVD is WBINVD with a prefix */
		exit->kind = VM_EXIT_IGNORED;
		vcpu->exit_length = length_of(vmcb, 0);
		if (vcpu->exit_length == 0) {
			vcpu->exit_length = svm_decode_length(vcpu, CACHE_LENGTH);
		}
		break;
	case VMEXIT_XSETBV:
		exit->kind = VM_EXIT_XSETBV;
		vcpu->exit_length = length_of(vmcb, XSETBV_LENGTH);
		break;
	case VMEXIT_RSM:
	case VMEXIT_INVLPGA:
		exit->kind = VM_EXIT_FORBIDDEN;
		break;
	case VMEXIT_INIT:
		exit->kind = VM_EXIT_IGNORED;
		break;
	case VMEXIT_RDPMC: /* there is no counter (APM 3, "RDPMC") */
		exit->kind = VM_EXIT_IGNORED;
		virt_inject_gp(vcpu);
		break;
	case VMEXIT_SHUTDOWN:
		vcpu->pending_event = 0;
		exit->kind = VM_EXIT_TRIPLE_FAULT;
		break;
	default:
		decode_range(vcpu, exit, code);
	}
}

static void decode(struct vcpu_arch *vcpu, struct vm_exit *exit, uint32_t code)
{
	struct vmcb *vmcb = svm_vmcb(vcpu);

	exit->raw_reason = code;
	exit->raw_info = vmcb->exit_info_1;
	vcpu->exit_length = 0; /* where it is not an instruction, or has to be decoded first */
	if ((vmcb->exit_int_info & EVENT_VALID) != 0) {
		svm_inject_again(vcpu);
	}
	decode_code(vcpu, exit, code);
}

static uint32_t quick_length(uint32_t code)
{
	return code == VMEXIT_CPUID ? CPUID_LENGTH : VMMCALL_LENGTH;
}

/* Out of line, so that the usual way saves no registers. */
__attribute__((noinline)) static bool skip_and_answer(struct vcpu_arch *vcpu, struct vm_exit *exit,
						      uint32_t code)
{
	vcpu->exit_length = length_of(svm_vmcb(vcpu), quick_length(code));
	svm_skip(vcpu);
	return virt_quick(vcpu, exit, code == VMEXIT_CPUID);
}

/* CPUID and hypercalls: stepped over, then answered. svm_skip(), where none of its cases applies.
 */
static inline bool quick(struct vcpu_arch *vcpu, struct vm_exit *exit, struct vmcb *vmcb,
			 uint32_t code)
{
	uint64_t next = vmcb->nrip != 0 ? vmcb->nrip : vcpu->rip + quick_length(code);

	if (((vmcb->rflags & (RFLAGS_TF | RFLAGS_RF)) | high32(vcpu->rip ^ next)) != 0) {
		return skip_and_answer(vcpu, exit, code);
	}
	vcpu->rip = next;
	vmcb->rip = next;
	vmcb->interrupt_shadow = 0;
	return virt_quick(vcpu, exit, code == VMEXIT_CPUID);
}

__attribute__((noinline)) static bool decode_and_answer(struct vcpu_arch *vcpu,
							struct vm_exit *exit, uint32_t code)
{
	decode(vcpu, exit, code);
	return virt_exit(vcpu, exit);
}

__attribute__((noinline)) static bool string_and_answer(struct vcpu_arch *vcpu,
							struct vm_exit *exit, uint64_t info)
{
	exit->raw_reason = VMEXIT_IOIO;
	exit->raw_info = info;
	svm_decode_string(vcpu, exit);
	return virt_exit(vcpu, exit);
}

__attribute__((noinline)) static bool io_and_answer(struct vcpu_arch *vcpu, struct vm_exit *exit,
						    struct vmcb *vmcb)
{
	uint64_t info = vmcb->exit_info_1;

	vcpu->exit_length = (uint32_t)(vmcb->exit_info_2 - vcpu->rip);
	decode_io(exit, info);
	return exit->io.is_string ? string_and_answer(vcpu, exit, info)
				  : virt_io(vcpu, exit, VMEXIT_IOIO, low32(info));
}

/*
 * Called from svm_run.asm; true: enter the guest again. CPUID and hypercalls come first, are not
 * recorded and cost little more than the way in and out; everything else is decoded.
 */
bool svm_exit_decode(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	struct vmcb *vmcb = svm_vmcb(vcpu);
	uint32_t code = low32(vmcb->exit_code);

	vmcb->clean = virt_machine.svm_clean;
	if (code == VMEXIT_VMMCALL && vmcb->cpl == 0) {
		return quick(vcpu, exit, vmcb, VMEXIT_VMMCALL);
	}
	if (code == VMEXIT_CPUID) {
		return quick(vcpu, exit, vmcb, VMEXIT_CPUID);
	}
	return code == VMEXIT_IOIO ? io_and_answer(vcpu, exit, vmcb)
				   : decode_and_answer(vcpu, exit, code);
}

/* The entry found is_woken set and did not happen. */
void svm_exit_kicked(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	vcpu->exit_length = 0;
	exit->kind = VM_EXIT_KICK;
	exit->raw_reason = VMEXIT_NMI;
	exit->raw_info = 0;
	(void)virt_exit(vcpu, exit);
}
