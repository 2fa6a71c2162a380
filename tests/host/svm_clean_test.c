/* SPDX-License-Identifier: Apache-2.0 */
/* SVM's clean bits, TLB flushes and events against a CPU that believes the clean bits: no emulator
 * does. */
/* Links: arch/svm/svm.c arch/svm/npt.c arch/svm/vmcb_init.c arch/svm/svm_reg.c arch/svm/svm_inject.c boot/start_regs.c arch/x86/event.c hv/lib/str.c hv/lib/mem.c */
#include "arch/lapic.h"
#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "msr.h"
#include "names.h"
#include "regs.h"
#include "svm.h"
#include "start_regs.h"
#include "tap.h"
#include "virt_internal.h"
#include "virt_plan.h"

#include <stdlib.h>
#include <string.h>

/* --- what the backend calls ------------------------------------------------------------------- */

struct boot_virt virt_machine;

hpa_t virt_msr_bitmap(bool is_x2apic)
{
	return hpa_from_u64(is_x2apic ? 0x3000 : 0x1000);
}

static struct cpu_virt host_state;
static struct cpu cpu = {.virt = &host_state};
static uint32_t self_nmis;

struct cpu *arch_this_cpu(void)
{
	return &cpu;
}

hpa_t arch_va_to_pa(const void *address)
{
	return hpa_from_u64((uintptr_t)address);
}

void *page_alloc(uint32_t count)
{
	void *pages = aligned_alloc(4096, count * 4096);

	memset(pages, 0, count * 4096);
	return pages;
}

void page_free(void *pages, uint32_t count)
{
	(void)count;
	free(pages);
}

void arch_lapic_send(uint32_t apic_id, uint32_t delivery_mode, uint8_t vector)
{
	self_nmis += apic_id == cpu.apic_id && delivery_mode == LAPIC_DELIVERY_NMI && vector == 0;
}

bool msr_read_safe(uint32_t number, uint64_t *value)
{
	(void)number;
	*value = 0;
	return true;
}

void svm_vcpu_run(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	(void)vcpu;
	(void)exit;
}

const struct name names_vmcb_field[] = {{0, NULL}};

const char *svm_exit_name(uint32_t raw_reason)
{
	(void)raw_reason;
	return "";
}

/* --- the CPU ---------------------------------------------------------------------------------- */

/* What each clean bit covers (APM 2, "VMCB Clean Field"), by offset in the VMCB. */
static const struct group_part {
	uint64_t bit;
	uint16_t offset;
	uint16_t size;
} parts[] = {
	{VMCB_CLEAN_I, 0x000, 0x18},  {VMCB_CLEAN_I, 0x03c, 4},    {VMCB_CLEAN_I, 0x050, 8},
	{VMCB_CLEAN_IOPM, 0x040, 16}, {BIT(2), 0x058, 4},          {BIT(3), 0x060, 8},
	{VMCB_CLEAN_NP, 0x090, 8},    {VMCB_CLEAN_NP, 0x0b0, 8},   {VMCB_CLEAN_NP, 0x668, 8},
	{VMCB_CLEAN_CRX, 0x4d0, 8},   {VMCB_CLEAN_CRX, 0x548, 24}, {VMCB_CLEAN_DRX, 0x560, 16},
	{BIT(7), 0x460, 16},          {BIT(7), 0x480, 16},         {VMCB_CLEAN_SEG, 0x400, 0x40},
	{VMCB_CLEAN_SEG, 0x4cb, 1},   {VMCB_CLEAN_CR2, 0x640, 8},  {BIT(10), 0x670, 40},
};

static uint8_t cached[4096];
static uint32_t stale;
static uint64_t random_state = 1;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* As svm_run.asm decides. */
static bool enter(struct vcpu_arch *vcpu)
{
	struct vm_exit exit = {.kind = VM_EXIT_KICK};

	if (vcpu->is_nmi_pending || vcpu->is_flush_wanted || vcpu->is_launched ||
	    vcpu->pending_event != 0) {
		return svm_inject_prepare(vcpu, &exit);
	}
	return true;
}

/* VMRUN: a group with its clean bit set is taken from the cache, so it must not have changed. */
static void run(struct vcpu_arch *vcpu)
{
	struct vmcb *vmcb = svm_vmcb(vcpu);

	TAP_CHECK(enter(vcpu));
	for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
		if ((vmcb->clean & parts[i].bit) != 0 &&
		    memcmp(cached + parts[i].offset, (uint8_t *)vmcb + parts[i].offset,
			   parts[i].size) != 0) {
			tap_note("group %llx, offset %x is stale", (unsigned long long)parts[i].bit,
				 parts[i].offset);
			stale++;
		}
	}
}

/* #VMEXIT: the guest has changed its own state meanwhile, in the VMCB and in the cache. */
static void leave(struct vcpu_arch *vcpu)
{
	struct vmcb *vmcb = svm_vmcb(vcpu);

	vmcb->cr2 = next_random();
	vmcb->cr3 = next_random() & ~UINT64_C(0xfff);
	vmcb->dr6 = DR6_INIT | (next_random() & 0xf);
	vmcb->rip = next_random();
	vmcb->event_inj &= ~EVENT_VALID;
	memcpy(cached, vmcb, sizeof(cached));
	vcpu->rip = vmcb->rip;
	vmcb->clean = VMCB_CLEAN_ALL; /* svm_exit_decode() */
}

static struct vm_arch vm;
static struct vcpu_arch vcpu;

enum how {
	START_SIPI,
	START_LONG64,
	START_PROTECTED32,
	START_COUNT,
};

static void start(enum how how)
{
	struct boot_start state =
		how == START_LONG64 ? start_long64(0x1000, 0x2000, 0) : start_protected32(0x1000);

	if (how == START_SIPI) {
		state = start_sipi(0x306c3);
	}
	virt_machine.svm_clean = VMCB_CLEAN_ALL;
	virt_machine.svm_flush_asid = VMCB_TLB_CONTROL_FLUSH_ASID;
	if (vm.port_bitmap == NULL) {
		vm.port_bitmap = page_alloc(3);
		vcpu.vm = &vm;
		vcpu.control = page_alloc(1);
	}
	vcpu.is_launched = false; /* as arch_vcpu_reset() */
	vcpu.is_nmi_pending = false;
	vcpu.pending_event = 0;
	vcpu.exit_length = 0;
	svm_ops.vcpu_reset(&vcpu, &state);
	cpu.vcpu = (struct vcpu *)(void *)&vcpu;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void change_something(void)
{
	uint32_t what = (uint32_t)(next_random() % 40);
	uint64_t value = next_random();

	if (what >= VCPU_RSP && what < VCPU_REG_COUNT) {
		svm_reg_set(&vcpu, (enum vcpu_reg)what, value);
	} else if (what == 37) {
		vcpu.exit_length = 2;
		svm_vmcb(&vcpu)->rflags |= (value & 1) != 0 ? RFLAGS_TF : 0;
		svm_ops.vcpu_skip(&vcpu);
	} else if (what == 38) {
		vcpu.is_nmi_pending = true;
	} else if (what == 39 && vcpu.backend[SVM_NMI_STATE] == SVM_NMI_BLOCKED) {
		svm_inject_iret(&vcpu);
		(void)svm_inject_stepped(&vcpu);
	}
	if (vcpu.pending_event == EVENT_SHUTDOWN) {
		vcpu.pending_event = 0;
	}
}

static void test_clean(void)
{
	stale = 0;
	for (uint32_t how = START_SIPI; how < START_COUNT; how++) {
		start((enum how)how);
		memset(cached, 0xa5, sizeof(cached)); /* another guest was here */
		for (uint32_t i = 0; i < 20000; i++) {
			run(&vcpu);
			leave(&vcpu);
			for (uint64_t n = next_random() % 3; n > 0; n--) {
				change_something();
			}
		}
	}
	TAP_EQUAL(stale, 0);
}

/* The model itself must notice. */
static void test_model(void)
{
	start(START_LONG64);
	stale = 0;
	run(&vcpu);
	leave(&vcpu);
	svm_vmcb(&vcpu)->intercept_1 ^= VMCB_INTERCEPT_CPUID;
	run(&vcpu);
	TAP_EQUAL(stale, 1);
	leave(&vcpu);
	run(&vcpu);
	TAP_EQUAL(stale, 1);
}

static uint8_t flush_of_next_entry(void)
{
	run(&vcpu);
	leave(&vcpu);
	return svm_vmcb(&vcpu)->tlb_control;
}

static void test_flush(void)
{
	static const enum vcpu_reg flushing[] = {VCPU_CR0, VCPU_CR3, VCPU_CR4, VCPU_EFER, VCPU_PAT};

	start(START_LONG64);
	TAP_EQUAL(svm_vmcb(&vcpu)->guest_asid, SVM_ASID);
	TAP_EQUAL(flush_of_next_entry(), VMCB_TLB_CONTROL_FLUSH_ASID); /* a new guest on this CPU */
	TAP_EQUAL(flush_of_next_entry(), VMCB_TLB_CONTROL_NONE);
	for (size_t i = 0; i < ARRAY_COUNT(flushing); i++) {
		svm_reg_set(&vcpu, flushing[i], svm_reg_get(&vcpu, flushing[i]));
		TAP_EQUAL(flush_of_next_entry(), VMCB_TLB_CONTROL_FLUSH_ASID);
		TAP_EQUAL(flush_of_next_entry(), VMCB_TLB_CONTROL_NONE);
	}
	virt_machine.svm_flush_asid = VMCB_TLB_CONTROL_FLUSH_ALL;
	vcpu.is_flush_wanted = true;
	TAP_EQUAL(flush_of_next_entry(), VMCB_TLB_CONTROL_FLUSH_ALL);
}

static uint64_t injected(void)
{
	svm_inject_prepare(&vcpu, &(struct vm_exit){.kind = VM_EXIT_KICK});
	return svm_vmcb(&vcpu)->event_inj;
}

#define EXCEPTION(vector) ((uint64_t)(vector) | EVENT_TYPE_EXCEPTION | EVENT_VALID)

static void test_events(void)
{
	struct vm_exit exit;

	start(START_LONG64);
	arch_vcpu_inject(&vcpu, EXCEPTION_PF, true, 5);
	TAP_EQUAL(injected(), EXCEPTION(EXCEPTION_PF) | EVENT_HAS_ERROR | UINT64_C(5) << 32);
	TAP_EQUAL(injected(), 0); /* once only */
	arch_vcpu_inject(&vcpu, EXCEPTION_PF, true, 5);
	arch_vcpu_inject(&vcpu, EXCEPTION_GP, true, 0);
	TAP_EQUAL(vcpu.pending_event, EXCEPTION(EXCEPTION_DF) | EVENT_HAS_ERROR);
	arch_vcpu_inject(&vcpu, EXCEPTION_PF, true, 0);
	TAP_CHECK(!svm_inject_prepare(&vcpu, &exit));
	TAP_EQUAL(exit.kind, VM_EXIT_TRIPLE_FAULT);
	vcpu.pending_event = 0;
	arch_vcpu_inject(&vcpu, EXCEPTION_UD, false, 0);
	arch_vcpu_inject(&vcpu, EXCEPTION_PF, true, 2); /* benign first: one after the other */
	TAP_EQUAL(injected(), EXCEPTION(EXCEPTION_PF) | EVENT_HAS_ERROR | UINT64_C(2) << 32);
	start(START_SIPI);
	arch_vcpu_inject(&vcpu, EXCEPTION_GP, true, 3);
	TAP_EQUAL(injected(), EXCEPTION(EXCEPTION_GP)); /* real mode has no error codes */
}

static void check_again(uint64_t info, uint64_t expected)
{
	vcpu.pending_event = 0;
	svm_vmcb(&vcpu)->exit_int_info = info;
	svm_inject_again(&vcpu);
	TAP_EQUAL(vcpu.pending_event, expected);
	vcpu.pending_event = 0;
}

static void test_again(void)
{
	uint64_t error = UINT64_C(0x12) << 32;

	start(START_LONG64);
	check_again(EXCEPTION(EXCEPTION_GP) | EVENT_HAS_ERROR | error,
		    EXCEPTION(EXCEPTION_GP) | EVENT_HAS_ERROR | error);
	check_again(EXCEPTION(EXCEPTION_UD) | error, EXCEPTION(EXCEPTION_UD)); /* left over */
	check_again(0x40 | EVENT_TYPE_EXTERNAL | EVENT_VALID, 0x40 | EVENT_VALID);
	check_again(EXCEPTION(0x40), 0x40 | EVENT_VALID); /* QEMU's type */
	check_again(EXCEPTION(2), 2 | EVENT_TYPE_NMI | EVENT_VALID);
	check_again(0x80 | EVENT_TYPE_SOFTWARE | EVENT_VALID, 0);
	check_again(EXCEPTION(EXCEPTION_BP), 0);
}

static void test_nmi(void)
{
	start(START_LONG64);
	self_nmis = 0;
	vcpu.is_nmi_pending = true;
	arch_vcpu_inject(&vcpu, EXCEPTION_PF, true, 0);
	TAP_CHECK((injected() & EVENT_VECTOR) == EXCEPTION_PF && vcpu.is_nmi_pending);
	TAP_EQUAL(self_nmis, 1); /* comes back for it */
	TAP_EQUAL(injected(), EXCEPTION_NMI | EVENT_TYPE_NMI | EVENT_VALID);
	TAP_CHECK((svm_vmcb(&vcpu)->intercept_1 & VMCB_INTERCEPT_IRET) != 0);
	vcpu.is_nmi_pending = true;
	TAP_EQUAL(injected(), 0); /* blocked until IRET */
	TAP_EQUAL(self_nmis, 1);
	svm_inject_iret(&vcpu);
	TAP_EQUAL(injected(), 0); /* and while IRET runs */
	TAP_CHECK((svm_vmcb(&vcpu)->rflags & RFLAGS_TF) != 0);
	svm_vmcb(&vcpu)->dr6 |= DR6_BS;
	TAP_CHECK(svm_inject_stepped(&vcpu));
	TAP_EQUAL(svm_vmcb(&vcpu)->dr6 & DR6_BS, 0);
	TAP_EQUAL(injected(), EXCEPTION_NMI | EVENT_TYPE_NMI | EVENT_VALID);
	TAP_CHECK(!svm_inject_stepped(&vcpu)); /* a #DB of the guest's */
}

static void test_skip(void)
{
	start(START_PROTECTED32);
	vcpu.rip = 0xffffffff;
	vcpu.exit_length = 2;
	svm_vmcb(&vcpu)->interrupt_shadow = VMCB_INTERRUPT_SHADOW;
	svm_vmcb(&vcpu)->rflags |= RFLAGS_RF | RFLAGS_TF;
	svm_skip(&vcpu);
	TAP_EQUAL(svm_vmcb(&vcpu)->rip, 1);
	TAP_EQUAL(svm_vmcb(&vcpu)->interrupt_shadow, 0);
	TAP_EQUAL(svm_vmcb(&vcpu)->rflags & RFLAGS_RF, 0);
	TAP_EQUAL(vcpu.pending_event, EXCEPTION(EXCEPTION_DB));
	TAP_CHECK((svm_vmcb(&vcpu)->dr6 & DR6_BS) != 0);
}

/* CD and NW are the guest's to see and never the CPU's to obey; SVME is never seen. */
static void test_hidden(void)
{
	start(START_SIPI);
	svm_reg_set(&vcpu, VCPU_CR0, CR0_CD | CR0_NW | CR0_ET);
	TAP_EQUAL(svm_reg_get(&vcpu, VCPU_CR0), 0x60000010);
	TAP_EQUAL(svm_vmcb(&vcpu)->cr0, 0x10);
	TAP_EQUAL(svm_vmcb(&vcpu)->intercept_cr_read, 1);
	svm_reg_set(&vcpu, VCPU_CR0, CR0_PE | CR0_ET);
	TAP_EQUAL(svm_vmcb(&vcpu)->intercept_cr_read, 0);
	TAP_EQUAL(svm_vmcb(&vcpu)->intercept_cr_write, 0x10); /* CR4 */
	TAP_EQUAL(svm_reg_get(&vcpu, VCPU_EFER), 0);
	svm_reg_set(&vcpu, VCPU_EFER, EFER_LME);
	TAP_EQUAL(svm_vmcb(&vcpu)->efer, EFER_LME | EFER_SVME);
	svm_reg_set(&vcpu, VCPU_CR0, CR0_PE | CR0_PG | CR0_ET);
	TAP_EQUAL(svm_reg_get(&vcpu, VCPU_EFER), EFER_LME | EFER_LMA);
	svm_reg_set(&vcpu, VCPU_CS_ATTRIBUTES, 0xa09b);
	TAP_EQUAL(svm_vmcb(&vcpu)->cs.attributes, 0xa9b);
	TAP_EQUAL(svm_reg_get(&vcpu, VCPU_CS_ATTRIBUTES), 0xa09b);
	svm_reg_set(&vcpu, VCPU_SS_ATTRIBUTES, 0x1c093);
	TAP_EQUAL(svm_reg_get(&vcpu, VCPU_SS_ATTRIBUTES), 0x1c013);
}

static const struct tap_case cases[] = {
	{"the model notices a missing clean bit", test_model},
	{"no change of a group leaves its clean bit set", test_clean},
	{"TLB flushes: asked for, done once", test_flush},
	{"exceptions, double faults, shutdown", test_events},
	{"deliveries cut short", test_again},
	{"NMI blocking ends when IRET is done", test_nmi},
	{"stepping over an instruction", test_skip},
	{"what is hidden from the guest or the CPU", test_hidden},
};
TAP_MAIN(cases)
