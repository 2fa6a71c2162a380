/* SPDX-License-Identifier: Apache-2.0 */
/* MSRs: those a guest has, those it may only read, and those that fault. */
#include "apic.h"
#include "cpu.h"
#include "fmt.h"
#include "hypercall.h"
#include "report.h"
#include "tests.h"
#include "trap.h"

#include <stddef.h>

#define PAT_AT_RESET         UINT64_C(0x0007040600070406)
#define PAT_OTHER            UINT64_C(0x0007050600070401)
#define PAT_INVALID          UINT64_C(0x0007040600070402) /* type 2 is reserved */
#define NOT_CANONICAL        UINT64_C(0x0000800000000000)
#define PATTERN              UINT64_C(0x00007123456789a0)
#define MSR_AMD_PATCH_LOADER 0xc0010020u

struct named_msr {
	const char *name;
	uint32_t number;
};

static const struct named_msr read_write[] = {
	{"sysenter-esp", MSR_SYSENTER_ESP},
	{"sysenter-eip", MSR_SYSENTER_EIP},
	{"lstar", MSR_LSTAR},
	{"cstar", MSR_CSTAR},
	{"fs-base", MSR_FS_BASE},
	{"gs-base", MSR_GS_BASE},
	{"kernel-gs-base", MSR_KERNEL_GS_BASE},
	{"star", MSR_STAR},
};

/* Numbers that no guest may reach: each would give away or change what is the hypervisor's. */
static const struct named_msr refused[] = {
	{"temperature-target", 0x1a2},
	{"pmc0", 0xc1},
	{"therm-status", 0x19c},
	{"perf-global-ctrl", 0x38f},
	{"vmx-basic", 0x480},
	{"rtit-ctl", 0x570},
	{"ds-area", 0x600},
	{"power-limit", 0x610},
	{"smrr-base", 0x1f2},
	{"below-range", 0x2000},
	{"outside", 0x12345678},
	{"power-unit", 0x606},
	{"vm-hsave-pa", 0xc0010117},
	{"svm-key", 0xc0010118},
	{"amd-smm-base", 0xc0010111},
	{"highest", 0xffffffff},
};

static void check_read_write(void)
{
	for (size_t i = 0; i < sizeof(read_write) / sizeof(read_write[0]); i++) {
		uint32_t number = read_write[i].number;
		uint64_t before = cpu_rdmsr(number);
		uint64_t after;

		cpu_wrmsr(number, PATTERN);
		after = cpu_rdmsr(number);
		cpu_wrmsr(number, before);
		report_equal(read_write[i].name, after, PATTERN);
	}
}

static void check_swapgs(void)
{
	uint64_t gs = cpu_rdmsr(MSR_GS_BASE);
	uint64_t kernel_gs = cpu_rdmsr(MSR_KERNEL_GS_BASE);
	uint64_t swapped;

	cpu_wrmsr(MSR_KERNEL_GS_BASE, PATTERN);
	__asm__ volatile("swapgs" : : : "memory");
	swapped = cpu_rdmsr(MSR_GS_BASE);
	cpu_wrmsr(MSR_GS_BASE, gs);
	cpu_wrmsr(MSR_KERNEL_GS_BASE, kernel_gs);
	report_equal("swapgs", swapped, PATTERN);
}

static void check_refused(void)
{
	char name[48];

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		fmt_print(name, sizeof(name), "%s-read", refused[i].name);
		report_trap(name, trap_try_rdmsr(refused[i].number, NULL), TRAP_GP);
		fmt_print(name, sizeof(name), "%s-write", refused[i].name);
		report_trap(name, trap_try_wrmsr(refused[i].number, 0), TRAP_GP);
	}
}

static void check_efer(void)
{
	uint64_t efer = cpu_rdmsr(MSR_EFER);

	report_true("efer-long-mode", (efer & EFER_LME) != 0 && (efer & EFER_LMA) != 0);
	cpu_wrmsr(MSR_EFER, efer | EFER_SCE | EFER_NXE);
	report_equal("efer-set", cpu_rdmsr(MSR_EFER), efer | EFER_SCE | EFER_NXE);
	cpu_wrmsr(MSR_EFER, efer & ~(uint64_t)(EFER_SCE | EFER_NXE));
	report_equal("efer-clear", cpu_rdmsr(MSR_EFER), efer & ~(uint64_t)(EFER_SCE | EFER_NXE));
	cpu_wrmsr(MSR_EFER, efer);
	if (report_needs_bulkhead("efer-refused")) {
		report_trap("efer-svme", trap_try_wrmsr(MSR_EFER, efer | EFER_SVME), TRAP_GP);
		report_trap("efer-reserved", trap_try_wrmsr(MSR_EFER, efer | UINT64_C(1) << 63),
			    TRAP_GP);
		report_trap("efer-lme-while-paging",
			    trap_try_wrmsr(MSR_EFER, efer & ~(uint64_t)EFER_LME), TRAP_GP);
		report_equal("efer-unchanged", cpu_rdmsr(MSR_EFER), efer);
	}
}

static void check_pat(void)
{
	uint64_t pat = cpu_rdmsr(MSR_PAT);

	report_equal("pat-at-reset", pat, PAT_AT_RESET);
	cpu_wrmsr(MSR_PAT, PAT_OTHER);
	report_equal("pat-write", cpu_rdmsr(MSR_PAT), PAT_OTHER);
	cpu_wrmsr(MSR_PAT, pat);
	if (report_needs_bulkhead("pat-invalid")) {
		report_trap("pat-invalid", trap_try_wrmsr(MSR_PAT, PAT_INVALID), TRAP_GP);
		report_equal("pat-unchanged", cpu_rdmsr(MSR_PAT), pat);
	}
}

static void check_mtrr(void)
{
	uint64_t cap = cpu_rdmsr(MSR_MTRRCAP);
	uint64_t type = cpu_rdmsr(MSR_MTRR_DEF_TYPE);
	int vector = TRAP_NONE;

	for (uint32_t i = 0; i < (cap & 0xff) * 2 && vector == TRAP_NONE; i++) {
		vector = trap_try_rdmsr(0x200 + i, NULL);
	}
	report_trap("mtrr-variable-read", vector, TRAP_NONE);
	report_trap("mtrr-default-write", trap_try_wrmsr(MSR_MTRR_DEF_TYPE, type), TRAP_NONE);
	report_equal("mtrr-default-kept", cpu_rdmsr(MSR_MTRR_DEF_TYPE), type);
	if (report_needs_bulkhead("mtrr-cap-write")) {
		report_trap("mtrr-cap-write", trap_try_wrmsr(MSR_MTRRCAP, cap), TRAP_GP);
		report_trap("mtrr-default-invalid", trap_try_wrmsr(MSR_MTRR_DEF_TYPE, 2), TRAP_GP);
	}
}

/* Writes are swallowed: else stock kernels try again for ever. */
static void check_microcode(void)
{
	uint64_t revision = 0;
	uint64_t after = 0;

	if (!report_needs_bulkhead("microcode")) {
		return;
	}
	report_trap("microcode-revision", trap_try_rdmsr(MSR_BIOS_SIGN_ID, &revision), TRAP_NONE);
	if (cpu_is_amd()) {
		report_trap("microcode-update", trap_try_wrmsr(MSR_AMD_PATCH_LOADER, 0x1000),
			    TRAP_NONE);
	} else {
		report_trap("microcode-clear", trap_try_wrmsr(MSR_BIOS_SIGN_ID, 0), TRAP_NONE);
		report_trap("microcode-update", trap_try_wrmsr(MSR_BIOS_UPDT_TRIG, 0x1000),
			    TRAP_NONE);
	}
	report_trap("microcode-revision-again", trap_try_rdmsr(MSR_BIOS_SIGN_ID, &after),
		    TRAP_NONE);
	report_equal("microcode-same", after, revision);
}

static void check_tsc(void)
{
	uint64_t before = cpu_rdtsc();
	uint64_t middle = 0;
	int vector = trap_try_rdmsr(MSR_TSC, &middle);
	uint64_t after = cpu_rdtsc();

	if (!report_needs_bulkhead("tsc")) {
		return;
	}
	report_trap("tsc-read", vector, TRAP_NONE);
	if (before <= middle && middle <= after) {
		report_true("tsc-in-order", true);
	} else {
		report_fail("tsc-in-order", "rdtsc %llu, rdmsr %llu, rdtsc %llu",
			    (unsigned long long)before, (unsigned long long)middle,
			    (unsigned long long)after);
	}
	/* Refused or without effect: the TSC is shared with the hypervisor. */
	vector = trap_try_wrmsr(MSR_TSC, 0);
	report_true("tsc-write-vector", vector == TRAP_NONE || vector == TRAP_GP);
	report_true("tsc-write-no-effect", cpu_rdtsc() > after);
}

/* Steps between modes that the manual forbids (SDM 3A, "x2APIC State Transitions"). */
static void check_apic_base(void)
{
	uint64_t base = cpu_rdmsr(MSR_APIC_BASE);

	report_equal("apic-base-address", base & ~UINT64_C(0xfff), APIC_PAGE);
	report_true("apic-base-enabled", (base & APIC_BASE_ENABLE) != 0);
	report_equal("apic-base-bsp", (base & APIC_BASE_BSP) != 0, cpu_index() == 0);
	if (!report_needs_bulkhead("apic-base-refused")) {
		return;
	}
	report_trap("apic-base-reserved", trap_try_wrmsr(MSR_APIC_BASE, base | 1), TRAP_GP);
	report_trap("apic-base-x2-without-enable",
		    trap_try_wrmsr(MSR_APIC_BASE,
				   (base & ~(uint64_t)APIC_BASE_ENABLE) | APIC_BASE_EXTD),
		    TRAP_GP);
	report_trap("apic-base-too-high", trap_try_wrmsr(MSR_APIC_BASE, base | UINT64_C(1) << 60),
		    TRAP_GP);
	if (!apic_has_x2apic()) {
		report_trap("apic-base-no-x2", trap_try_wrmsr(MSR_APIC_BASE, base | APIC_BASE_EXTD),
			    TRAP_GP);
	}
	report_equal("apic-base-unchanged", cpu_rdmsr(MSR_APIC_BASE), base);
	if ((base & APIC_BASE_EXTD) == 0) {
		report_trap("x2apic-msr-in-xapic", trap_try_rdmsr(MSR_X2APIC_BASE + 2, NULL),
			    TRAP_GP);
	}
}

static void check_canonical(void)
{
	if (cpu_is_amd()) {
		report_skip("not-canonical", "QEMU's SVM does not check it");
		return;
	}
	report_trap("lstar-not-canonical", trap_try_wrmsr(MSR_LSTAR, NOT_CANONICAL), TRAP_GP);
	report_trap("kernel-gs-not-canonical", trap_try_wrmsr(MSR_KERNEL_GS_BASE, NOT_CANONICAL),
		    TRAP_GP);
}

/* RDMSR clears the upper halves of RAX and RDX. */
static void check_upper_halves(void)
{
	uint64_t a = UINT64_MAX;
	uint64_t d = UINT64_MAX;

	__asm__ volatile("rdmsr" : "+a"(a), "+d"(d) : "c"(MSR_APIC_BASE));
	report_equal("upper-halves", (a | d) >> 32, 0);
}

static void do_rdmsr_user(void *argument)
{
	(void)argument;
	cpu_rdmsr(MSR_EFER);
}

void test_msr(void)
{
	check_read_write();
	check_swapgs();
	if (report_needs_bulkhead("refused")) {
		check_refused();
	}
	check_efer();
	check_pat();
	check_mtrr();
	check_microcode();
	check_tsc();
	check_apic_base();
	check_canonical();
	check_upper_halves();
	report_trap("cpl3", trap_try_user(do_rdmsr_user, NULL), TRAP_GP);
}
