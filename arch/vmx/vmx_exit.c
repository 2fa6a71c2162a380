/* SPDX-License-Identifier: Apache-2.0 */
/* Turns an exit reason and its qualification into a struct vm_exit. */
#include "vmx.h"

#include "names.h"
#include "regs.h"
#include "traps.h"
#include "virt_internal.h"
#include "vmcs_rw.h"

_Static_assert(offsetof(struct vcpu_arch, gpr) == 0, "vmx_run.asm: RSP = vcpu = &gpr[0]");
_Static_assert(offsetof(struct vcpu_arch, is_nmi_pending) ==
			       offsetof(struct vcpu_arch, is_launched) + 1 &&
		       offsetof(struct vcpu_arch, is_x2apic) ==
			       offsetof(struct vcpu_arch, is_launched) + 2 &&
		       offsetof(struct vcpu_arch, is_flush_wanted) ==
			       offsetof(struct vcpu_arch, is_launched) + 3,
	       "vmx_run.asm reads four flags as one word");
_Static_assert(VMX_HOST_RSP == 0 && VMX_ALWAYS_PREPARE == 1, "vmx_run.asm");

/* SDM 3C, "Exit Qualification for I/O Instructions". */
static void decode_io(struct vm_exit *exit, uint64_t qualification)
{
	exit->kind = VM_EXIT_IO;
	exit->io.port = (uint16_t)(qualification >> 16);
	exit->io.size = (uint8_t)((qualification & QUALIFICATION_IO_SIZE) + 1);
	exit->io.is_in = (qualification & QUALIFICATION_IO_IN) != 0;
	exit->io.is_string = (qualification & QUALIFICATION_IO_STRING) != 0;
}

/* SDM 3C, "VM-Exit Instruction Information for INS and OUTS". */
static void decode_string_io(struct vm_exit *exit, uint64_t qualification)
{
	uint32_t information = vmcs_read32(VMCS_EXIT_INSTRUCTION_INFORMATION);

	exit->io.is_rep = (qualification & QUALIFICATION_IO_REP) != 0;
	exit->io.address_size = (uint8_t)(2u << (information >> 7 & 7));
	exit->io.segment = exit->io.is_in ? 0 : (uint8_t)(information >> 15 & 7);
}

/* SDM 3C, "Exit Qualification for Control-Register Accesses". */
static void decode_cr(struct vm_exit *exit)
{
	uint64_t qualification = vmcs_read(VMCS_EXIT_QUALIFICATION);
	uint32_t type = (uint32_t)(qualification >> 4 & 3);

	exit->raw_info = qualification;
	exit->kind = VM_EXIT_CR;
	exit->cr = (struct exit_cr){
		.number = (uint8_t)(qualification & 15),
		.reg = (uint8_t)(qualification >> 8 & 15),
		.is_read = type == 1,
		.is_clts = type == 2,
		.is_lmsw = type == 3,
		.lmsw_source = (uint16_t)(qualification >> 16),
	};
}

/* IRET had ended NMI blocking before it faulted: it runs again, so NMIs are blocked again (SDM 3C,
 * "Information for VM Exits Due to Vectored Events"). */
static void block_nmi_again(void)
{
	vmcs_write(VMCS_GUEST_INTERRUPTIBILITY,
		   vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) | INTERRUPTIBILITY_NMI);
}

/* SDM 3C, "Exit Qualification for EPT Violations"; bits not named there are left alone. */
static void decode_ept_violation(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	uint64_t qualification = vmcs_read(VMCS_EXIT_QUALIFICATION);
	uint64_t address = vmcs_read(VMCS_GUEST_PHYSICAL_ADDRESS);

	exit->raw_info = qualification;
	vcpu->exit_length = 0; /* undefined here */
	vmx_inject_again(vcpu);
	if (vcpu->pending_event != 0) {
		(void)virt_crash(exit, "event delivery touched an address without memory");
		return;
	}
	if ((qualification & QUALIFICATION_EPT_NMI_UNBLOCKED) != 0) {
		block_nmi_again();
	}
	exit->kind = VM_EXIT_STAGE2;
	exit->stage2 = (struct exit_stage2){
		.address = gpa_from_u64(address),
		.is_write = (qualification & QUALIFICATION_EPT_WRITE) != 0,
		.is_fetch = (qualification & QUALIFICATION_EPT_FETCH) != 0,
		.is_walk = (qualification & (QUALIFICATION_EPT_LINEAR | QUALIFICATION_EPT_FINAL)) ==
			   QUALIFICATION_EPT_LINEAR,
	};
}

/* The preemption timer's exit, and an NMI's: the hypervisor looks at its requests. */
static void kick(struct vm_exit *exit)
{
	struct cpu_virt *virt = arch_this_cpu()->virt;

	/* An NMI between these two lines arms the timer again or is reported now: both are right.
	 */
	atomic_store_explicit(&virt->is_kicked, false, memory_order_relaxed);
	vmcs_write(VMCS_PIN_CONTROLS, virt_machine.vmx_controls[VMX_PIN]);
	exit->kind = VM_EXIT_KICK;
}

/* A debug exception that exits has not touched DR6 and DR7 yet; afterwards it looks delivered, as
 * on SVM (SDM 3C, "Exit Qualification for Debug Exceptions"). */
static void apply_debug(uint64_t qualification)
{
	uint64_t causes = qualification & (DR6_B0_B3 | DR6_BD | DR6_BS);

	regs_write_dr6((regs_read_dr6() & ~DR6_B0_B3) | causes);
	vmcs_write(VMCS_GUEST_DR7, vmcs_read(VMCS_GUEST_DR7) & ~DR7_GD);
}

static void decode_exception(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	uint64_t event = vmcs_read(VMCS_EXIT_EVENT);
	uint8_t vector = (uint8_t)(event & EVENT_VECTOR);

	vmx_inject_again(vcpu);
	if ((event & EVENT_TYPE) == EVENT_TYPE_NMI) {
		traps_take_nmi(); /* which ends the blocking, and stops this CPU in a panic */
		kick(exit);
		return;
	}
	if ((event & EVENT_NMI_UNBLOCKED) != 0 && vcpu->pending_event == 0) {
		block_nmi_again();
	}
	exit->raw_info = vmcs_read(VMCS_EXIT_QUALIFICATION);
	exit->kind = VM_EXIT_EXCEPTION;
	exit->exception = (struct exit_exception){
		.vector = vector,
		.has_error_code = (event & EVENT_HAS_ERROR) != 0,
		.error_code = vmcs_read32(VMCS_EXIT_EVENT_ERROR),
	};
	vcpu->exit_length = 0;
	if (vector == EXCEPTION_DB) {
		apply_debug(exit->raw_info);
	}
}

const char *vmx_exit_name(uint32_t raw_reason)
{
	return name_find(names_vmx_exit, raw_reason & REASON_BASIC);
}

static void decode_entry_failure(struct vm_exit *exit, uint32_t reason)
{
	exit->raw_info = vmcs_read(VMCS_EXIT_QUALIFICATION);
	exit->kind = VM_EXIT_ENTRY_FAILED;
	exit->why = vmx_exit_name(reason);
	if ((reason & REASON_BASIC) == REASON_VM_ENTRY_FAILURE_MC) {
		mce_take();
	}
}

/* Exits that are rare. Kept out of line, with all that it inlines: decode() then saves no
 * registers. */
__attribute__((noinline)) static void decode_rest(struct vcpu_arch *vcpu, struct vm_exit *exit,
						  uint32_t reason)
{
	switch (reason) {
	case REASON_EPT_VIOLATION:
		decode_ept_violation(vcpu, exit);
		break;
	case REASON_EXCEPTION_OR_NMI:
		decode_exception(vcpu, exit);
		break;
	case REASON_CONTROL_REGISTER_ACCESS:
		decode_cr(exit);
		break;
	case REASON_TRIPLE_FAULT:
		exit->kind = VM_EXIT_TRIPLE_FAULT;
		break;
	case REASON_NMI_WINDOW:
		vmx_inject_window(vcpu, false);
		exit->kind = VM_EXIT_WINDOW;
		break;
	case REASON_VMX_PREEMPTION_TIMER:
		kick(exit);
		break;
	case REASON_RDPMC: /* there is no counter: SDM 2B, "RDPMC" */
		virt_inject_gp(vcpu);
		vcpu->exit_length = 0;
		exit->kind = VM_EXIT_IGNORED;
		break;
	case REASON_INIT_SIGNAL: /* INIT is emulated; a real one is somebody else's noise */
	case REASON_START_UP_IPI:
		vcpu->exit_length = 0;
		exit->kind = VM_EXIT_IGNORED;
		break;
	case REASON_TASK_SWITCH:
		(void)virt_crash(exit, "task switch: not supported under VT-x");
		break;
	case REASON_EPT_MISCONFIGURATION:
		(void)virt_crash(exit, "EPT misconfiguration");
		break;
	default:
		if ((reason & REASON_ENTRY_FAILED) != 0) {
			decode_entry_failure(exit, reason);
		} else {
			(void)virt_crash(exit, "unexpected exit reason");
		}
		break;
	}
}

static bool is_kernel(void)
{
	return (vmcs_read32(VMCS_GUEST_SS_ATTRIBUTES) >> SEGMENT_DPL_SHIFT & 3) == 0;
}

/* Instructions that no guest may execute: MWAIT and MONITOR are hidden by CPUID, VMCALL exits at
 * CPL 1 to 3 come here, and from it to VMXON all are VMX's own. */
#define FORBIDDEN                                                                                  \
	(BIT(REASON_GETSEC) | BIT(REASON_RSM) | MASK64(REASON_VMXON, REASON_VMCALL) |              \
	 BIT(REASON_MWAIT) | BIT(REASON_MONITOR) | BIT(REASON_INVEPT) | BIT(REASON_INVVPID) |      \
	 BIT(REASON_VMFUNC) | BIT(REASON_ENCLS))

/* Instructions with nothing but a length read nothing else. */
static void decode(struct vcpu_arch *vcpu, struct vm_exit *exit, uint32_t reason)
{
	exit->raw_reason = reason;
	exit->raw_info = 0;
	switch (reason) {
	case REASON_RDMSR:
		exit->kind = VM_EXIT_RDMSR;
		break;
	case REASON_WRMSR:
		exit->kind = VM_EXIT_WRMSR;
		break;
	case REASON_XSETBV:
		exit->kind = VM_EXIT_XSETBV;
		break;
	case REASON_INVD: /* caches are coherent; dropping dirty lines would hurt other partitions
			   */
	case REASON_WBINVD_OR_WBNOINVD:
		exit->kind = VM_EXIT_IGNORED;
		break;
	default:
		if (reason < 64 && (BIT(reason) & FORBIDDEN) != 0) {
			exit->kind = VM_EXIT_FORBIDDEN;
		} else {
			decode_rest(vcpu, exit, reason);
		}
		break;
	}
}

/* Out of line, so that the usual way saves no registers. */
__attribute__((noinline)) static bool skip_and_answer(struct vcpu_arch *vcpu, struct vm_exit *exit,
						      uint32_t reason)
{
	vmx_skip(vcpu);
	return virt_quick(vcpu, exit, reason == REASON_CPUID);
}

/* CPUID and hypercalls: stepped over, then answered. vmx_skip(), where none of its cases applies.
 */
static inline bool quick(struct vcpu_arch *vcpu, struct vm_exit *exit, uint32_t reason)
{
	uint64_t next = vcpu->rip + vcpu->exit_length;
	uint64_t flags = vmcs_read(VMCS_GUEST_RFLAGS) & (RFLAGS_TF | RFLAGS_RF);
	uint64_t blocked = vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) & BLOCKED_BY_INSTRUCTION;

	if ((flags | blocked | high32(vcpu->rip ^ next)) != 0) {
		return skip_and_answer(vcpu, exit, reason);
	}
	vcpu->rip = next;
	vmcs_write(VMCS_GUEST_RIP, next);
	return virt_quick(vcpu, exit, reason == REASON_CPUID);
}

__attribute__((noinline)) static bool decode_and_answer(struct vcpu_arch *vcpu,
							struct vm_exit *exit, uint32_t reason)
{
	decode(vcpu, exit, reason);
	return virt_exit(vcpu, exit);
}

__attribute__((noinline)) static bool io_and_answer(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	uint64_t qualification = vmcs_read(VMCS_EXIT_QUALIFICATION);

	decode_io(exit, qualification);
	if (!exit->io.is_string) {
		return virt_io(vcpu, exit, REASON_I_O_INSTRUCTION, low32(qualification));
	}
	exit->raw_reason = REASON_I_O_INSTRUCTION;
	exit->raw_info = qualification;
	decode_string_io(exit, qualification);
	return virt_exit(vcpu, exit);
}

/*
 * Called from vmx_run.asm; true: enter the guest again. CPUID and hypercalls come first, are not
 * remembered and cost little more than the way in and out; everything else is decoded.
 */
bool vmx_exit_decode(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	uint32_t reason = vmcs_read32(VMCS_EXIT_REASON);

	vcpu->rip = vmcs_read(VMCS_GUEST_RIP);
	vcpu->exit_length = vmcs_read32(VMCS_EXIT_INSTRUCTION_LENGTH);
	if (reason == REASON_VMCALL && is_kernel()) {
		return quick(vcpu, exit, REASON_VMCALL);
	}
	if (reason == REASON_CPUID) {
		return quick(vcpu, exit, REASON_CPUID);
	}
	return reason == REASON_I_O_INSTRUCTION ? io_and_answer(vcpu, exit)
						: decode_and_answer(vcpu, exit, reason);
}

/* VMLAUNCH or VMRESUME did not even begin: the CPU stays in the hypervisor. */
void vmx_exit_entry_failed(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	uint32_t error = vmcs_read32(VMCS_INSTRUCTION_ERROR);

	vcpu->exit_length = 0;
	vcpu->is_launched = false; /* the next start clears the VMCS */
	exit->kind = VM_EXIT_ENTRY_FAILED;
	exit->raw_reason = REASON_ENTRY_FAILED | REASON_BASIC;
	exit->raw_info = error;
	exit->why = name_find(names_vmx_error, error);
	(void)virt_exit(vcpu, exit);
}
