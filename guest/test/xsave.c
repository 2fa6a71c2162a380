/* SPDX-License-Identifier: Apache-2.0 */
/* XSETBV, and vector and x87 state that must outlive exits. */
#include "console.h"
#include "cpu.h"
#include "hypercall.h"
#include "report.h"
#include "smp.h"
#include "str.h"
#include "tests.h"
#include "trap.h"

#include <stddef.h>

#define ROUNDS    250u /* of four exits each */
#define YMM_BYTES 512u
#define XMM_BYTES 256u

static uint8_t vectors_in[YMM_BYTES] __attribute__((aligned(32)));
static uint8_t vectors_out[YMM_BYTES] __attribute__((aligned(32)));
static uint8_t xsave_area[1024] __attribute__((aligned(64)));

/* Exits of every common kind; none may touch a vector register. */
static void exit_often(void)
{
	for (uint32_t i = 0; i < ROUNDS; i++) {
		cpu_cpuid(0, 0);
		cpu_outb(UART_PORT + UART_SCR, (uint8_t)i);
		cpu_rdmsr(MSR_APIC_BASE);
		if (hypercall_is_present()) {
			hypercall(HYPERCALL_NULL, 0, 0);
		}
	}
}

#define EACH_16(operation)                                                                         \
	operation(0) operation(1) operation(2) operation(3) operation(4) operation(5) operation(6) \
		operation(7) operation(8) operation(9) operation(10) operation(11) operation(12)   \
			operation(13) operation(14) operation(15)
#define LOAD_YMM(n)  "vmovdqa " #n "*32(%0), %%ymm" #n "\n"
#define STORE_YMM(n) "vmovdqa %%ymm" #n ", " #n "*32(%0)\n"
#define LOAD_XMM(n)  "movdqa " #n "*16(%0), %%xmm" #n "\n"
#define STORE_XMM(n) "movdqa %%xmm" #n ", " #n "*16(%0)\n"

static void fill_vectors(void)
{
	for (uint32_t i = 0; i < YMM_BYTES; i++) {
		vectors_in[i] = (uint8_t)(i * 7 + 3);
	}
	memset(vectors_out, 0, sizeof(vectors_out));
}

static void check_avx(void)
{
	fill_vectors();
	cpu_xsetbv(0, 7);
	__asm__ volatile(EACH_16(LOAD_YMM) : : "r"(vectors_in) : "memory");
	exit_often();
	__asm__ volatile(EACH_16(STORE_YMM) : : "r"(vectors_out) : "memory");
	report_true("avx-kept", memcmp(vectors_in, vectors_out, YMM_BYTES) == 0);
}

/* What a kernel does between two programs: with XSAVEC where CPUID offers it (SDM 1, "Operation of
 * XRSTOR"). */
static void check_saved(void)
{
	bool has_xsavec = (cpu_cpuid(0xd, 1).eax >> 1 & 1) != 0;

	fill_vectors();
	memset(xsave_area, 0, sizeof(xsave_area));
	__asm__ volatile(EACH_16(LOAD_YMM) : : "r"(vectors_in) : "memory");
	if (has_xsavec) {
		__asm__ volatile("xsavec64 %0" : "+m"(xsave_area) : "a"(7), "d"(0));
	} else {
		__asm__ volatile("xsave64 %0" : "+m"(xsave_area) : "a"(7), "d"(0));
	}
	__asm__ volatile("vzeroall; xrstor64 %0" : : "m"(xsave_area), "a"(7), "d"(0));
	__asm__ volatile(EACH_16(STORE_YMM) : : "r"(vectors_out) : "memory");
	report_true(has_xsavec ? "avx-saved-compacted" : "avx-saved",
		    memcmp(vectors_in, vectors_out, YMM_BYTES) == 0);
}

static void check_sse(void)
{
	uint32_t control = 0x1f80 | 1u << 13; /* round down */
	uint32_t control_out = 0;

	fill_vectors();
	__asm__ volatile("ldmxcsr %1\n" EACH_16(LOAD_XMM)
			 :
			 : "r"(vectors_in), "m"(control)
			 : "memory");
	exit_often();
	__asm__ volatile(EACH_16(STORE_XMM) "stmxcsr %1"
			 :
			 : "r"(vectors_out), "m"(control_out)
			 : "memory");
	__asm__ volatile("stmxcsr %0" : "=m"(control_out));
	report_true("sse-kept", memcmp(vectors_in, vectors_out, XMM_BYTES) == 0);
	report_equal("mxcsr-kept", control_out, control);
}

static void check_x87(void)
{
	uint16_t control = 0x0f7f; /* round to zero */
	uint16_t control_out = 0;
	uint64_t numbers[3] = {12345, 678, 90};
	uint64_t back[3] = {0, 0, 0};

	__asm__ volatile("fninit; fldcw %0; fildq %1; fildq %2; fildq %3"
			 :
			 : "m"(control), "m"(numbers[0]), "m"(numbers[1]), "m"(numbers[2]));
	exit_often();
	__asm__ volatile("fistpq %0; fistpq %1; fistpq %2; fnstcw %3"
			 : "=m"(back[2]), "=m"(back[1]), "=m"(back[0]), "=m"(control_out));
	report_true("x87-kept", memcmp(numbers, back, sizeof(back)) == 0);
	report_equal("x87-control-kept", control_out, control);
	__asm__ volatile("fninit");
}

static void do_fninit(void *argument)
{
	(void)argument;
	__asm__ volatile("fninit");
}

static void do_xgetbv(void *argument)
{
	(void)argument;
	cpu_xgetbv(0);
}

static void do_xsetbv_user(void *argument)
{
	(void)argument;
	cpu_xsetbv(0, 1);
}

static void check_task_switched(void)
{
	uint64_t cr0 = cpu_read_cr0();

	cpu_write_cr0(cr0 | CR0_TS);
	report_trap("cr0-ts", trap_try(do_fninit, NULL), TRAP_NM);
	report_equal("cr0-ts-reads-back", cpu_read_cr0() & CR0_TS, CR0_TS);
	__asm__ volatile("clts");
	report_equal("clts", cpu_read_cr0() & CR0_TS, 0);
	cpu_write_cr0((cr0 | CR0_EM) & ~(uint64_t)CR0_MP);
	report_trap("cr0-em", trap_try(do_fninit, NULL), TRAP_NM);
	cpu_write_cr0(cr0);
}

/* Each value the manual forbids is #GP and changes nothing (SDM 1, "Enabling the XSAVE Feature
 * Set"). */
static void check_xsetbv(void)
{
	uint64_t before = cpu_xgetbv(0);

	report_equal("xcr0-at-reset", before, 1);
	report_trap("xcr0-without-x87", trap_try_xsetbv(0, 0), TRAP_GP);
	report_trap("xcr0-sse-only", trap_try_xsetbv(0, 2), TRAP_GP);
	report_trap("xcr0-avx-without-sse", trap_try_xsetbv(0, 5), TRAP_GP);
	report_trap("xcr0-reserved", trap_try_xsetbv(0, UINT64_C(1) << 62 | 1), TRAP_GP);
	report_trap("xcr0-bit-63", trap_try_xsetbv(0, UINT64_C(1) << 63 | 1), TRAP_GP);
	report_trap("xcr0-half-mpx", trap_try_xsetbv(0, 0x0b), TRAP_GP);
	report_trap("xcr0-half-avx512", trap_try_xsetbv(0, 0x27), TRAP_GP);
	report_trap("xcr1", trap_try_xsetbv(1, 1), TRAP_GP);
	report_trap("xcr-max", trap_try_xsetbv(UINT32_MAX, 1), TRAP_GP);
	report_equal("xcr0-unchanged", cpu_xgetbv(0), before);
	report_trap("xcr0-sse", trap_try_xsetbv(0, 3), TRAP_NONE);
	report_equal("xcr0-sse-reads-back", cpu_xgetbv(0), 3);
	report_trap("xsetbv-cpl3", trap_try_user(do_xsetbv_user, NULL), TRAP_GP);
	report_equal("xcr0-still", cpu_xgetbv(0), 3);
}

static void read_xcr0(void *argument)
{
	uint64_t *value = argument;

	cpu_write_cr4(cpu_read_cr4() | CR4_OSXSAVE);
	*value = cpu_xgetbv(0);
	cpu_xsetbv(0, 1);
}

/* XCR0 is each vCPU's own. */
static void check_other(void)
{
	uint64_t other = 0;

	if (smp_count() < 2) {
		report_skip("xcr0-of-other", "one vCPU");
		return;
	}
	if ((!smp_is_online(1) && !smp_start(1)) || !smp_run(1, read_xcr0, &other)) {
		report_fail("xcr0-of-other", "vCPU 1 does not answer");
		return;
	}
	report_equal("xcr0-of-other", other, 1);
	report_equal("xcr0-own", cpu_xgetbv(0), 3);
}

void test_xsave(void)
{
	uint64_t cr4 = cpu_read_cr4();
	uint32_t features = cpu_cpuid(1, 0).ecx;

	check_task_switched();
	check_x87();
	cpu_write_cr4(cr4 | CR4_OSFXSR | CR4_OSXMMEXCPT);
	check_sse();
	if ((features >> 26 & 1) == 0) {
		report_skip("xsetbv", "no XSAVE");
	} else {
		cpu_write_cr4((cr4 | CR4_OSFXSR | CR4_OSXMMEXCPT) & ~(uint64_t)CR4_OSXSAVE);
		report_trap("xgetbv-without-osxsave", trap_try(do_xgetbv, NULL), TRAP_UD);
		report_trap("xsetbv-without-osxsave", trap_try_xsetbv(0, 1), TRAP_UD);
		cpu_write_cr4(cr4 | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE);
		check_xsetbv();
		check_other();
		if ((features >> 28 & 1) != 0) {
			check_avx();
			check_saved();
		} else {
			report_skip("avx-kept", "no AVX");
		}
		cpu_xsetbv(0, 1);
	}
	cpu_write_cr4(cr4);
}
