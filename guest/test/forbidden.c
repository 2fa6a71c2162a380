/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions and control bits that are not a guest's: a defined fault, or no effect. */
#include "cpu.h"
#include "fmt.h"
#include "report.h"
#include "tests.h"
#include "trap.h"

#include <stddef.h>

/* An instruction by its bytes; RAX holds the address of a harmless page. */
#define INSTRUCTION(name, bytes)                                                                   \
	static void name(void *argument)                                                           \
	{                                                                                          \
		__asm__ volatile(".byte " bytes                                                    \
				 :                                                                 \
				 : "a"(argument), "c"(0), "d"(0), "b"(0)                           \
				 : "memory", "cc");                                                \
	}

INSTRUCTION(do_vmxon, "0xf3, 0x0f, 0xc7, 0x30")
INSTRUCTION(do_vmptrld, "0x0f, 0xc7, 0x30")
INSTRUCTION(do_vmptrst, "0x0f, 0xc7, 0x38")
INSTRUCTION(do_vmclear, "0x66, 0x0f, 0xc7, 0x30")
INSTRUCTION(do_vmread, "0x0f, 0x78, 0xc1")
INSTRUCTION(do_vmwrite, "0x0f, 0x79, 0xc1")
INSTRUCTION(do_vmlaunch, "0x0f, 0x01, 0xc2")
INSTRUCTION(do_vmresume, "0x0f, 0x01, 0xc3")
INSTRUCTION(do_vmxoff, "0x0f, 0x01, 0xc4")
INSTRUCTION(do_vmfunc, "0x0f, 0x01, 0xd4")
INSTRUCTION(do_invept, "0x66, 0x0f, 0x38, 0x80, 0x08")
INSTRUCTION(do_invvpid, "0x66, 0x0f, 0x38, 0x81, 0x08")
INSTRUCTION(do_vmrun, "0x0f, 0x01, 0xd8")
INSTRUCTION(do_vmload, "0x0f, 0x01, 0xda")
INSTRUCTION(do_vmsave, "0x0f, 0x01, 0xdb")
INSTRUCTION(do_stgi, "0x0f, 0x01, 0xdc")
INSTRUCTION(do_clgi, "0x0f, 0x01, 0xdd")
INSTRUCTION(do_skinit, "0x0f, 0x01, 0xde")
INSTRUCTION(do_invlpga, "0x0f, 0x01, 0xdf")
INSTRUCTION(do_getsec, "0x0f, 0x37")
INSTRUCTION(do_rsm, "0x0f, 0xaa")
INSTRUCTION(do_monitor, "0x0f, 0x01, 0xc8")
INSTRUCTION(do_mwait, "0x0f, 0x01, 0xc9")
INSTRUCTION(do_encls, "0x0f, 0x01, 0xcf")
INSTRUCTION(do_rdpmc, "0x0f, 0x33")
INSTRUCTION(do_invd, "0x0f, 0x08")
INSTRUCTION(do_wbinvd, "0x0f, 0x09")
INSTRUCTION(do_wbnoinvd, "0xf3, 0x0f, 0x09")
INSTRUCTION(do_pause, "0xf3, 0x90")

struct forbidden {
	const char *name;
	trap_function *function;
};

static const struct forbidden undefined[] = {
	{"vmxon", do_vmxon},       {"vmptrld", do_vmptrld},   {"vmptrst", do_vmptrst},
	{"vmclear", do_vmclear},   {"vmread", do_vmread},     {"vmwrite", do_vmwrite},
	{"vmlaunch", do_vmlaunch}, {"vmresume", do_vmresume}, {"vmxoff", do_vmxoff},
	{"vmfunc", do_vmfunc},     {"invept", do_invept},     {"invvpid", do_invvpid},
	{"vmrun", do_vmrun},       {"vmload", do_vmload},     {"vmsave", do_vmsave},
	{"stgi", do_stgi},         {"clgi", do_clgi},         {"skinit", do_skinit},
	{"invlpga", do_invlpga},   {"getsec", do_getsec},     {"rsm", do_rsm},
	{"encls", do_encls},
};

/* Hidden in CPUID: undefined, or without effect. */
static const struct forbidden hidden[] = {
	{"monitor", do_monitor},
	{"mwait", do_mwait},
};

static const struct forbidden harmless[] = {
	{"invd", do_invd},
	{"wbinvd", do_wbinvd},
	{"wbnoinvd", do_wbnoinvd},
	{"pause", do_pause},
};

static uint8_t page[4096] __attribute__((aligned(4096)));

static void check_undefined(void)
{
	char name[32];

	for (size_t i = 0; i < sizeof(undefined) / sizeof(undefined[0]); i++) {
		int user = trap_try_user(undefined[i].function, page);

		report_trap(undefined[i].name, trap_try(undefined[i].function, page), TRAP_UD);
		fmt_print(name, sizeof(name), "%s-cpl3", undefined[i].name);
		report_true(name, user == TRAP_UD || user == TRAP_GP);
	}
}

static void check_harmless(void)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		int vector = trap_try(hidden[i].function, page);

		report_true(hidden[i].name, vector == TRAP_UD || vector == TRAP_NONE);
	}
	page[17] = 0x5a;
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		report_trap(harmless[i].name, trap_try(harmless[i].function, page), TRAP_NONE);
	}
	report_equal("cache-not-lost", page[17], 0x5a);
	report_trap("wbinvd-cpl3", trap_try_user(do_wbinvd, page), TRAP_GP);
	report_trap("rdpmc", trap_try(do_rdpmc, page), TRAP_GP);
}

static void check_control_registers(void)
{
	uint64_t cr0 = cpu_read_cr0();
	uint64_t cr4 = cpu_read_cr4();
	uint64_t seen;

	report_trap("cr4-vmxe", trap_try_cr4(cr4 | CR4_VMXE), TRAP_GP);
	report_trap("cr4-smxe", trap_try_cr4(cr4 | CR4_SMXE), TRAP_GP);
	report_trap("cr4-reserved-31", trap_try_cr4(cr4 | UINT64_C(1) << 31), TRAP_GP);
	report_trap("cr4-reserved-63", trap_try_cr4(cr4 | UINT64_C(1) << 63), TRAP_GP);
	report_trap("cr4-pae-off", trap_try_cr4(cr4 & ~(uint64_t)CR4_PAE), TRAP_GP);
	if (cpu_is_amd()) {
		report_skip("cr0-upper-half", "QEMU's TCG ignores it");
	} else {
		report_trap("cr0-upper-half", trap_try_cr0(cr0 | UINT64_C(1) << 32), TRAP_GP);
	}
	report_equal("cr4-unchanged", cpu_read_cr4(), cr4);
	report_trap("cr0-nw-without-cd", trap_try_cr0(cr0 | CR0_NW), TRAP_GP);
	report_trap("cr0-pg-without-pe", trap_try_cr0(cr0 & ~UINT64_C(1)), TRAP_GP);
	report_equal("cr0-unchanged", cpu_read_cr0(), cr0);
	/* Accepted and shown; the caches stay on. */
	report_trap("cr0-cd", trap_try_cr0(cr0 | CR0_CD), TRAP_NONE);
	seen = cpu_read_cr0();
	report_trap("cr0-cd-nw", trap_try_cr0(cr0 | CR0_CD | CR0_NW), TRAP_NONE);
	report_equal("cr0-cd-nw-reads-back", cpu_read_cr0(), cr0 | CR0_CD | CR0_NW);
	cpu_write_cr0(cr0);
	report_equal("cr0-cd-reads-back", seen, cr0 | CR0_CD);
	cpu_write_cr4(cr4 | CR4_TSD);
	report_equal("cr4-tsd-reads-back", cpu_read_cr4() & CR4_TSD, CR4_TSD);
	cpu_write_cr4(cr4);
}

void test_forbidden(void)
{
	if (!report_needs_bulkhead("all")) {
		return;
	}
	check_undefined();
	check_harmless();
	check_control_registers();
}
