/* SPDX-License-Identifier: Apache-2.0 */
/* Debug exceptions: single steps over exits, hardware breakpoints, ICEBP, DR6, DR7 and its GD bit.
 */
#include "console.h"
#include "cpu.h"
#include "hypercall.h"
#include "report.h"
#include "tests.h"
#include "trap.h"

#include <stddef.h>

#define DR6_RESET      UINT64_C(0xffff0ff0)
#define DR6_B0         (1u << 0)
#define DR6_BD         (1u << 13)
#define DR6_BS         (1u << 14)
#define DR7_RESET      UINT64_C(0x400)
#define DR7_L0         (1u << 0)
#define DR7_L3         (1u << 6)
#define DR7_GD         (1u << 13)
#define DR7_RW0_WRITE  (1u << 16)
#define DR7_RW3_ACCESS (3u << 28)
#define DR7_LEN0_4     (3u << 18)
#define DR7_LEN3_4     (3u << 30)
#define RFLAGS_RF      (1u << 16)

static uint32_t hit_count;
static uint64_t hit_rip;
static uint64_t hit_dr6;
static uint64_t hit_want;
static volatile uint32_t watched[4];

/* Notes the first hit; ends single-stepping; lets an instruction breakpoint's instruction run. */
static void on_debug(struct trap_frame *frame)
{
	if (hit_count++ == 0) {
		hit_rip = frame->rip;
		hit_dr6 = cpu_read_dr6();
	}
	cpu_write_dr6(DR6_RESET);
	frame->rflags &= ~(uint64_t)RFLAGS_TF;
	frame->rflags |= RFLAGS_RF;
}

static void begin(void)
{
	hit_count = 0;
	hit_rip = 0;
	hit_dr6 = 0;
	cpu_write_dr6(DR6_RESET);
}

static void expect(const char *check, uint64_t dr6_bits)
{
	if (hit_count == 1 && hit_rip == hit_want && (hit_dr6 & 0xe00f) == dr6_bits) {
		report_true(check, true);
	} else {
		report_fail(check, "%u #DB, rip 0x%llx, want 0x%llx; dr6 0x%llx", hit_count,
			    (unsigned long long)hit_rip, (unsigned long long)hit_want,
			    (unsigned long long)hit_dr6);
	}
}

/* TF is set by POPF; the trap comes after the one instruction that follows it. */
#define STEP(check, instruction, ...)                                                              \
	do {                                                                                       \
		begin();                                                                           \
		__asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; mov %1, %%rax;"             \
				 "pushfq; orq %2, (%%rsp); popfq;" instruction                     \
				 "; 1: nop; nop; nop"                                              \
				 : "=m"(hit_want)                                                  \
				 : "r"((uint64_t)(__VA_ARGS__)), "i"(RFLAGS_TF)                    \
				 : "rax", "rbx", "rcx", "rdx", "rdi", "rsi", "memory", "cc");      \
		expect(check, DR6_BS);                                                             \
	} while (0)

/* Bochs (2.7 and 3.0) does not set DR6 before it leaves the guest for an intercepted #DB, and traps
 * in the hypervisor when the single-stepped instruction exits. */
static bool is_bochs_svm(void)
{
	begin();
	__asm__ volatile("pushfq; orq %0, (%%rsp); popfq; nop; nop"
			 :
			 : "i"(RFLAGS_TF)
			 : "memory", "cc");
	return cpu_is_amd() && hit_count == 1 && (hit_dr6 & DR6_BS) == 0;
}

static void check_steps(void)
{
	STEP("step-nop", "nop", 0);
	STEP("step-cpuid", "cpuid", 0);
	begin();
	__asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; mov %1, %%ecx;"
			 "pushfq; orq %2, (%%rsp); popfq; rdmsr; 1: nop; nop"
			 : "=m"(hit_want)
			 : "i"(MSR_APIC_BASE), "i"(RFLAGS_TF)
			 : "rax", "rcx", "rdx", "memory", "cc");
	expect("step-rdmsr", DR6_BS);
	begin();
	__asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; mov %1, %%edx;"
			 "pushfq; orq %2, (%%rsp); popfq; inb %%dx, %%al; 1: nop; nop"
			 : "=m"(hit_want)
			 : "i"(UART_PORT + UART_SCR), "i"(RFLAGS_TF)
			 : "rax", "rdx", "memory", "cc");
	expect("step-in", DR6_BS);
	begin();
	__asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; mov %1, %%edx; mov $0x77, %%al;"
			 "pushfq; orq %2, (%%rsp); popfq; outb %%al, %%dx; 1: nop; nop"
			 : "=m"(hit_want)
			 : "i"(UART_PORT + UART_SCR), "i"(RFLAGS_TF)
			 : "rax", "rdx", "memory", "cc");
	expect("step-out", DR6_BS);
	STEP("step-mmio", "mov (%%rax), %%eax", 0xfec00000);
	if (!report_needs_bulkhead("step-hypercall")) {
		return;
	}
	if (cpu_is_amd()) {
		STEP("step-hypercall", "vmmcall", HYPERCALL_NULL);
		STEP("step-other-hypercall", "vmcall", HYPERCALL_NULL);
	} else {
		STEP("step-hypercall", "vmcall", HYPERCALL_NULL);
		STEP("step-other-hypercall", "vmmcall", HYPERCALL_NULL);
	}
}

/* A fault: before the instruction runs. */
static void check_execute(void)
{
	uint64_t address;

	begin();
	__asm__ volatile(
		"lea 1f(%%rip), %0; mov %0, %%dr0; mov %2, %%dr7; nop; 1: nop; nop; mov %3, %%dr7"
		: "=&r"(address), "=m"(hit_want)
		: "r"(DR7_RESET | DR7_L0), "r"(DR7_RESET)
		: "memory");
	hit_want = address;
	expect("execute", DR6_B0);
	begin();
	__asm__ volatile("lea 1f(%%rip), %0; mov %0, %%dr0; mov %1, %%dr7; xor %%eax, %%eax;"
			 "1: cpuid; mov %2, %%dr7"
			 : "=&r"(address)
			 : "r"(DR7_RESET | DR7_L0), "r"(DR7_RESET)
			 : "rax", "rbx", "rcx", "rdx", "memory", "cc");
	hit_want = address;
	expect("execute-cpuid", DR6_B0);
}

/* Traps: after the access. */
static void check_data(void)
{
	begin();
	cpu_write_dr0((uintptr_t)&watched[0]);
	cpu_write_dr7(DR7_RESET | DR7_L0 | DR7_RW0_WRITE | DR7_LEN0_4);
	(void)watched[0];
	watched[1] = 5;
	report_equal("data-read-no-hit", hit_count, 0);
	__asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; movl $7, %1; 1: nop"
			 : "=m"(hit_want), "=m"(watched[0])
			 :
			 : "rax", "memory");
	cpu_write_dr7(DR7_RESET);
	expect("data-write", DR6_B0);
	begin();
	cpu_write_dr3((uintptr_t)&watched[3]);
	cpu_write_dr7(DR7_RESET | DR7_L3 | DR7_RW3_ACCESS | DR7_LEN3_4);
	__asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; mov %1, %%eax; 1: nop"
			 : "=m"(hit_want)
			 : "m"(watched[3])
			 : "rax", "memory");
	cpu_write_dr7(DR7_RESET);
	expect("data-read-dr3", 1u << 3);
}

static void exit_some(void)
{
	for (uint32_t i = 0; i < 100; i++) {
		cpu_cpuid(0, 0);
		cpu_inb(UART_PORT + UART_SCR);
	}
}

static void check_registers(void)
{
	cpu_write_dr0(0x1111);
	cpu_write_dr1(0x2222);
	cpu_write_dr2(0x3333);
	cpu_write_dr3(0x4444);
	exit_some();
	report_true("dr0-3-kept", cpu_read_dr0() == 0x1111 && cpu_read_dr1() == 0x2222 &&
					  cpu_read_dr2() == 0x3333 && cpu_read_dr3() == 0x4444);
	cpu_write_dr6(DR6_RESET | DR6_BS | DR6_B0);
	exit_some();
	report_equal("dr6-kept", cpu_read_dr6(), DR6_RESET | DR6_BS | DR6_B0);
	cpu_write_dr6(DR6_RESET);
	cpu_write_dr7(DR7_RESET | 0x00030000);
	exit_some();
	report_equal("dr7-kept", cpu_read_dr7(), DR7_RESET | 0x00030000);
	cpu_write_dr7(DR7_RESET);
}

static void do_dr7_high(void *argument)
{
	(void)argument;
	cpu_write_dr7(DR7_RESET | UINT64_C(1) << 32);
}

static void do_dr6_high(void *argument)
{
	(void)argument;
	cpu_write_dr6(DR6_RESET | UINT64_C(1) << 32);
}

static void do_dr4_with_de(void *argument)
{
	(void)argument;
	__asm__ volatile("mov %%dr4, %%rax" : : : "rax");
}

static void do_dr_user(void *argument)
{
	(void)argument;
	cpu_read_dr0();
}

static void check_refused(void)
{
	uint64_t cr4 = cpu_read_cr4();

	report_trap("dr7-upper-half", trap_try(do_dr7_high, NULL), TRAP_GP);
	report_trap("dr6-upper-half", trap_try(do_dr6_high, NULL), TRAP_GP);
	cpu_write_cr4(cr4 | CR4_DE);
	report_trap("dr4-with-cr4-de", trap_try(do_dr4_with_de, NULL), TRAP_UD);
	cpu_write_cr4(cr4);
	report_trap("dr-cpl3", trap_try_user(do_dr_user, NULL), TRAP_GP);
}

/* GD: the next access to a debug register faults, with BD set; delivery clears GD. */
static void check_general_detect(void)
{
	begin();
	__asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; mov %1, %%dr7; 1: mov %%dr0, %%rcx"
			 : "=m"(hit_want)
			 : "r"(DR7_RESET | DR7_GD)
			 : "rax", "rcx", "memory");
	if (cpu_is_amd() && hit_count == 0) {
		report_skip("general-detect", "this is QEMU's TCG, which has no GD");
		cpu_write_dr7(DR7_RESET);
		return;
	}
	expect("general-detect", DR6_BD);
	report_equal("general-detect-cleared", cpu_read_dr7() & DR7_GD, 0);
	cpu_write_dr7(DR7_RESET);
}

static void do_icebp(void *argument)
{
	(void)argument;
	__asm__ volatile(".byte 0xf1");
}

static void check_icebp(void)
{
	if (trap_try(do_icebp, NULL) == TRAP_UD && cpu_is_amd()) {
		report_skip("icebp", "this is QEMU's TCG, which has no ICEBP");
		return;
	}
	begin();
	__asm__ volatile("lea 1f(%%rip), %%rax; mov %%rax, %0; .byte 0xf1; 1: nop"
			 : "=m"(hit_want)
			 :
			 : "rax", "memory");
	expect("icebp", 0);
}

void test_debug(void)
{
	report_equal("dr7-at-reset", cpu_read_dr7(), DR7_RESET);
	report_equal("dr6-at-reset", cpu_read_dr6(), DR6_RESET);
	trap_set_handler(TRAP_DB, on_debug);
	if (is_bochs_svm()) {
		report_skip("exceptions",
			    "this is Bochs' SVM, which loses DR6 of an intercepted #DB");
		check_registers();
		trap_set_handler(TRAP_DB, NULL);
		return;
	}
	check_steps();
	check_execute();
	check_data();
	check_registers();
	check_general_detect();
	check_icebp();
	trap_set_handler(TRAP_DB, NULL);
	check_refused();
}
