/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions reach the guest's own IDT with the right vector, error code, RIP and CR2. */
#include "cpu.h"
#include "paging.h"
#include "report.h"
#include "tests.h"
#include "trap.h"

#include <stddef.h>

#define NOT_CANONICAL UINT64_C(0x0000800000000000)
#define PAGE          4096u

/* Page-fault error code (SDM 3A, "Page-Fault Exceptions"). */
#define PF_PRESENT 1u
#define PF_WRITE   2u
#define PF_USER    4u
#define PF_FETCH   16u

static uint8_t victim[2 * PAGE] __attribute__((aligned(4096)));
static uint64_t frame_rip;
static uint64_t frame_want;

static void do_divide(void *argument)
{
	(void)argument;
	__asm__ volatile("xor %%ecx, %%ecx; mov $1, %%eax; xor %%edx, %%edx; div %%ecx"
			 :
			 :
			 : "eax", "ecx", "edx");
}

static void do_ud2(void *argument)
{
	(void)argument;
	__asm__ volatile("ud2");
}

static void do_read(void *argument)
{
	(void)*(volatile uint8_t *)argument;
}

static void do_write(void *argument)
{
	*(volatile uint8_t *)argument = 1;
}

static void do_call(void *argument)
{
	__asm__ volatile("call *%0" : : "r"(argument));
}

static void do_read_by_stack(void *argument)
{
	__asm__ volatile("push %%rbp; mov %0, %%rbp; mov (%%rbp), %%eax; pop %%rbp"
			 :
			 : "r"(argument)
			 : "rax");
}

static void do_load_selector(void *argument)
{
	__asm__ volatile("mov %0, %%es" : : "r"(*(const uint16_t *)argument));
}

static void do_software_interrupt(void *argument)
{
	(void)argument;
	__asm__ volatile("int $0x31"); /* gate with DPL 0 */
}

static void do_misaligned(void *argument)
{
	(void)argument;
	__asm__ volatile(
		"pushfq; orq %0, (%%rsp); popfq; mov %1, %%eax; pushfq; andq %2, (%%rsp); popfq"
		:
		: "i"(RFLAGS_AC), "m"(victim[1]), "i"(~RFLAGS_AC & 0x7fffffff)
		: "rax", "memory", "cc");
}

static void do_cli(void *argument)
{
	(void)argument;
	cpu_cli();
}

static void expect(const char *check, int got, int want, uint64_t error)
{
	if (got == want && trap_last()->error == error) {
		report_true(check, true);
	} else {
		report_fail(check, "vector %d error 0x%llx, want %d and 0x%llx", got,
			    (unsigned long long)trap_last()->error, want,
			    (unsigned long long)error);
	}
}

/* QEMU's TCG answers some of these differently from a CPU: no fault of what lies between. */
static void expect_or_tcg(const char *check, int got, int want, uint64_t error, int tcg,
			  uint64_t tcg_error)
{
	if (cpu_is_amd() && got == tcg && trap_last()->error == tcg_error) {
		report_skip(check, "this is QEMU's TCG, which differs from a CPU here");
	} else {
		expect(check, got, want, error);
	}
}

static void check_simple(void)
{
	uint16_t bad_selector = 0x7f8;

	expect("divide", trap_try(do_divide, NULL), TRAP_DE, 0);
	expect("undefined", trap_try(do_ud2, NULL), TRAP_UD, 0);
	expect("general-protection", trap_try(do_read, (void *)NOT_CANONICAL), TRAP_GP, 0);
	expect_or_tcg("stack-segment", trap_try(do_read_by_stack, (void *)NOT_CANONICAL), TRAP_SS,
		      0, TRAP_GP, 0);
	expect("bad-selector", trap_try(do_load_selector, &bad_selector), TRAP_GP, 0x7f8);
	/* Error code: vector << 3, IDT bit (SDM 3A, "Error Code"). */
	expect_or_tcg("int-n-cpl3", trap_try_user(do_software_interrupt, NULL), TRAP_GP,
		      0x31 << 3 | 2, TRAP_GP, 0x31 << 4 | 2);
	expect("cli-cpl3", trap_try_user(do_cli, NULL), TRAP_GP, 0);
	report_equal("fault-from-cpl3", trap_last()->cs & 3, 3);
}

static void fault(const char *check, int got, const void *address, uint64_t error)
{
	if (got == TRAP_PF && trap_last()->error == error &&
	    trap_last()->cr2 == (uintptr_t)address) {
		report_true(check, true);
	} else {
		report_fail(check, "vector %d error 0x%llx cr2 0x%llx, want %d 0x%llx 0x%llx", got,
			    (unsigned long long)trap_last()->error,
			    (unsigned long long)trap_last()->cr2, TRAP_PF,
			    (unsigned long long)error, (unsigned long long)(uintptr_t)address);
	}
}

static void check_page_faults(void)
{
	uint8_t *at = victim + 123;
	uint64_t cr0 = cpu_read_cr0();
	volatile uint64_t *entry;

	paging_split(victim);
	entry = paging_entry(victim);
	paging_set_present(victim, false);
	fault("page-not-present", trap_try(do_read, at), at, 0);
	fault("page-not-present-write", trap_try(do_write, at), at, PF_WRITE);
	fault("page-not-present-user", trap_try_user(do_read, at), at, PF_USER);
	report_equal("cr2-kept-over-exit", (cpu_cpuid(0, 0), cpu_read_cr2()), (uintptr_t)at);
	paging_set_present(victim, true);
	*entry &= ~PTE_WRITABLE;
	cpu_invlpg(at);
	cpu_write_cr0(cr0 | CR0_WP);
	fault("page-read-only", trap_try(do_write, at), at, PF_PRESENT | PF_WRITE);
	cpu_write_cr0(cr0 & ~(uint64_t)CR0_WP);
	report_trap("cr0-wp-off", trap_try(do_write, at), TRAP_NONE);
	cpu_write_cr0(cr0);
	*entry = (*entry | PTE_WRITABLE) & ~PTE_USER;
	cpu_invlpg(at);
	fault("page-supervisor", trap_try_user(do_read, at), at, PF_PRESENT | PF_USER);
	*entry |= PTE_USER;
	cpu_wrmsr(MSR_EFER, cpu_rdmsr(MSR_EFER) | EFER_NXE);
	*entry |= PTE_NO_EXECUTE;
	cpu_invlpg(at);
	fault("page-no-execute", trap_try(do_call, at), at, PF_PRESENT | PF_FETCH);
	*entry &= ~PTE_NO_EXECUTE;
	cpu_invlpg(at);
	cpu_wrmsr(MSR_EFER, cpu_rdmsr(MSR_EFER) & ~(uint64_t)EFER_NXE);
}

/* The guest's own page tables get their accessed and dirty bits. */
static void check_accessed_dirty(void)
{
	volatile uint64_t *entry = paging_entry(victim + PAGE);

	*entry &= ~(PTE_ACCESSED | PTE_DIRTY);
	cpu_invlpg(victim + PAGE);
	do_read(victim + PAGE);
	report_equal("accessed", *entry & (PTE_ACCESSED | PTE_DIRTY), PTE_ACCESSED);
	do_write(victim + PAGE);
	report_equal("dirty", *entry & (PTE_ACCESSED | PTE_DIRTY), PTE_ACCESSED | PTE_DIRTY);
}

static void on_breakpoint(struct trap_frame *frame)
{
	frame_rip = frame->rip;
}

static void check_breakpoint(void)
{
	trap_set_handler(TRAP_BP, on_breakpoint);
	__asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; int3; 1:"
			 : "=m"(frame_want)
			 :
			 : "rax", "memory");
	report_equal("int3-rip", frame_rip, frame_want);
	__asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; int $3; 1:"
			 : "=m"(frame_want)
			 :
			 : "rax", "memory");
	report_equal("int-3-rip", frame_rip, frame_want);
	trap_set_handler(TRAP_BP, NULL);
}

static void check_alignment(void)
{
	uint64_t cr0 = cpu_read_cr0();

	cpu_write_cr0(cr0 | CR0_AM);
	expect_or_tcg("alignment", trap_try_user(do_misaligned, NULL), TRAP_AC, 0, TRAP_NONE,
		      trap_last()->error);
	report_trap("alignment-cpl0", trap_try(do_misaligned, NULL), TRAP_NONE);
	cpu_write_cr0(cr0);
}

void test_exceptions(void)
{
	check_simple();
	check_page_faults();
	check_accessed_dirty();
	check_breakpoint();
	check_alignment();
}
