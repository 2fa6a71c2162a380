/* SPDX-License-Identifier: Apache-2.0 */
/* Events for the guest, and stepping over an instruction. SDM 3C, "Event Injection". */
#include "vmx.h"

#include "msr.h"
#include "regs.h"
#include "vmcs_rw.h"

/* Faults are delivered with RF set, so that a breakpoint on the instruction does not fire again
 * (SDM 3B, "Instruction-Breakpoint Exception Condition"). */
static bool is_fault(uint64_t vector)
{
	return vector != EXCEPTION_DB && vector != EXCEPTION_BP && vector != EXCEPTION_OF &&
	       vector != EXCEPTION_DF && vector != EXCEPTION_MC;
}

/* Handed back to the guest as it came: INT1 is not a hardware exception, and has a length. */
static bool is_int1(uint64_t vector)
{
	uint64_t exit_event = vmcs_read(VMCS_EXIT_EVENT);

	return vmcs_read32(VMCS_EXIT_REASON) == REASON_EXCEPTION_OR_NMI &&
	       (exit_event & EVENT_VECTOR) == vector &&
	       (exit_event & EVENT_TYPE) == EVENT_TYPE_PRIVILEGED_SOFTWARE;
}

/* Delivery of an event ends the shadow of STI and MOV SS. */
static void end_shadow(void)
{
	uint32_t interruptibility = vmcs_read32(VMCS_GUEST_INTERRUPTIBILITY);

	if ((interruptibility & BLOCKED_BY_INSTRUCTION) != 0) {
		vmcs_write(VMCS_GUEST_INTERRUPTIBILITY, interruptibility & ~BLOCKED_BY_INSTRUCTION);
	}
}

static uint64_t finish_exception(uint64_t event)
{
	uint64_t vector = event & EVENT_VECTOR;

	if (is_fault(vector)) {
		vmcs_write(VMCS_GUEST_RFLAGS, vmcs_read(VMCS_GUEST_RFLAGS) | RFLAGS_RF);
	}
	end_shadow();
	if (!is_int1(vector)) {
		return event;
	}
	return vector | EVENT_TYPE_PRIVILEGED_SOFTWARE | EVENT_VALID |
	       vmcs_read(VMCS_EXIT_INSTRUCTION_LENGTH) << EVENT_HIGH_SHIFT;
}

/* SDM 3C, "Information for VM Exits During Event Delivery": what was on its way is delivered again.
 */
void vmx_inject_again(struct vcpu_arch *vcpu)
{
	uint64_t event = vmcs_read(VMCS_IDT_VECTORING);

	if ((event & EVENT_VALID) == 0) {
		return;
	}
	event &= EVENT_VALID | EVENT_HAS_ERROR | EVENT_TYPE | EVENT_VECTOR;
	vcpu->pending_event =
		event | vmcs_read((event & EVENT_HAS_ERROR) != 0 ? VMCS_IDT_VECTORING_ERROR
								 : VMCS_EXIT_INSTRUCTION_LENGTH)
				<< EVENT_HIGH_SHIFT;
	if ((event & EVENT_TYPE) == EVENT_TYPE_NMI) {
		/* The first try has blocked NMIs; injecting one then would fail the entry. */
		vmcs_write(VMCS_GUEST_INTERRUPTIBILITY, vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) &
								~(uint64_t)INTERRUPTIBILITY_NMI);
	}
}

void vmx_inject_window(struct vcpu_arch *vcpu, bool is_wanted)
{
	uint64_t controls = vcpu->backend[VMX_PROCESSOR_CONTROLS];
	uint64_t wanted = is_wanted ? controls | PROCESSOR_NMI_WINDOW_EXITING
				    : controls & ~(uint64_t)PROCESSOR_NMI_WINDOW_EXITING;

	if (wanted != controls) {
		vcpu->backend[VMX_PROCESSOR_CONTROLS] = wanted;
		vmcs_write(VMCS_PROCESSOR_CONTROLS, wanted);
	}
}

static void deliver_event(struct vcpu_arch *vcpu)
{
	uint64_t event = event_take(vcpu, vmcs_read(VMCS_GUEST_CR0));

	if ((event & EVENT_TYPE) == EVENT_TYPE_EXCEPTION) {
		event = finish_exception(event);
	}
	vmcs_write(VMCS_ENTRY_EVENT, low32(event));
	vmcs_write(VMCS_ENTRY_EVENT_ERROR, high32(event));
	vmcs_write(VMCS_ENTRY_INSTRUCTION_LENGTH, high32(event));
}

static void deliver_nmi(struct vcpu_arch *vcpu, bool is_slot_free)
{
	uint32_t blocked = INTERRUPTIBILITY_NMI | BLOCKED_BY_INSTRUCTION;

	if (!is_slot_free || (vmcs_read32(VMCS_GUEST_INTERRUPTIBILITY) & blocked) != 0) {
		vmx_inject_window(vcpu, true);
		return;
	}
	vmcs_write(VMCS_ENTRY_EVENT, EVENT_VALID | EVENT_TYPE_NMI | EXCEPTION_NMI);
	vcpu->is_nmi_pending = false;
	vmx_inject_window(vcpu, false);
}

static void flush_translations(struct vcpu_arch *vcpu)
{
	struct vmx_descriptor mine = {.context = arch_this_cpu()->index + 1};

	vcpu->is_flush_wanted = false;
	if ((virt_machine.vmx_controls[VMX_SECONDARY] & SECONDARY_VPID) != 0) {
		CHECK(vmx_invvpid(INVALIDATE_SINGLE, &mine));
	}
}

/* Intel, "Microarchitectural Data Sampling" and "L1 Terminal Fault": leave nothing of the
 * hypervisor's in buffers and cache that the guest could sample. */
static void clear_buffers(void)
{
	static const uint16_t selector = SELECTOR_DATA;

	if (virt_machine.is_l1d_flush_needed) {
		msr_write(MSR_IA32_FLUSH_CMD, 1);
	}
	if (virt_machine.is_verw_needed) {
		__asm__ volatile("verw %0" : : "m"(selector) : "cc");
	}
}

/* Before an entry that needs more than registers. False: no entry, *exit is filled. */
bool vmx_inject_prepare(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	bool has_event = vcpu->pending_event != 0;

	if (vcpu->pending_event == EVENT_SHUTDOWN) {
		vcpu->pending_event = 0;
		exit->kind = VM_EXIT_TRIPLE_FAULT;
		exit->raw_reason = REASON_TRIPLE_FAULT;
		exit->raw_info = 0;
		return false;
	}
	if (vcpu->is_flush_wanted) {
		flush_translations(vcpu);
	}
	if (has_event) {
		deliver_event(vcpu);
	}
	if (vcpu->is_nmi_pending) {
		deliver_nmi(vcpu, !has_event);
	}
	clear_buffers();
	return true;
}

static bool is_64bit_code(void)
{
	return (vmcs_read(VMCS_GUEST_EFER) & EFER_LMA) != 0 &&
	       (vmcs_read32(VMCS_GUEST_CS_ATTRIBUTES) & SEGMENT_LONG) != 0;
}

/* The instruction has ended: RF falls, a single step is due (SDM 3C, "Pending Debug Exceptions").
 */
static void finish_flags(uint64_t flags)
{
	if ((flags & RFLAGS_RF) != 0) {
		vmcs_write(VMCS_GUEST_RFLAGS, flags & ~RFLAGS_RF);
	}
	if ((flags & RFLAGS_TF) != 0 && (vmcs_read(VMCS_GUEST_DEBUGCTL) & DEBUGCTL_BTF) == 0) {
		vmcs_write(VMCS_GUEST_PENDING_DEBUG,
			   vmcs_read(VMCS_GUEST_PENDING_DEBUG) | PENDING_DEBUG_BS);
	}
}

void vmx_skip(struct vcpu_arch *vcpu)
{
	uint64_t rip = vcpu->rip;
	uint64_t next = rip + vcpu->exit_length;
	uint64_t flags = vmcs_read(VMCS_GUEST_RFLAGS);

	/* Only a step across 4 GiB can be a 32-bit wrap. */
	if (high32(rip ^ next) != 0 && !is_64bit_code()) {
		next = low32(next);
	}
	end_shadow();
	if ((flags & (RFLAGS_TF | RFLAGS_RF)) != 0) {
		finish_flags(flags);
	}
	vcpu->rip = next;
	vmcs_write(VMCS_GUEST_RIP, next);
}
