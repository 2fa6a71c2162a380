/* SPDX-License-Identifier: Apache-2.0 */
/* guest_cr.c: what MOV to CR0, CR3, CR4, CR8 and LMSW may do, and what is #GP. */
/* Links: arch/x86/guest_cr.c arch/fake/fake_cpu.c arch/fake/fake_vcpu.c arch/fake/fake_mem.c arch/fake/fake_lapic.c arch/fake/fake_clock.c arch/fake/fake_port.c */
#include "fake.h"
#include "guest_cpuid.h"
#include "guest_fetch.h"
#include "msr.h"
#include "regs.h"
#include "tap.h"
#include "virt_internal.h"

#include <string.h>

#define ATTRIBUTES_64 0xa09b
#define ATTRIBUTES_32 0xc09b

static struct guest_cpuid cpuid;
static struct vm_arch vm;
static struct vcpu_arch vcpu;

void virt_inject_gp(struct vcpu_arch *target)
{
	arch_vcpu_inject(target, EXCEPTION_GP, true, 0);
}

bool guest_is_long_code(struct vcpu_arch *target)
{
	return (arch_vcpu_get(target, VCPU_EFER) & EFER_LMA) != 0 &&
	       (arch_vcpu_get(target, VCPU_CS_ATTRIBUTES) & BIT(13)) != 0;
}

static void setup(bool is_long)
{
	fake_reset();
	cpuid = (struct guest_cpuid){
		.cr4_allowed = CR4_PAE | CR4_PGE | CR4_PSE | CR4_OSFXSR | CR4_OSXSAVE | CR4_PCIDE |
			       CR4_SMEP,
		.xcr0_allowed = XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_OPMASK | XCR0_ZMM_HI256 |
				XCR0_HI16_ZMM,
	};
	vm = (struct vm_arch){.cpuid = &cpuid};
	memset(&vcpu, 0, sizeof(vcpu));
	TAP_EQUAL(arch_vcpu_init(&vcpu, &vm, 0), HV_OK);
	arch_vcpu_set(&vcpu, VCPU_CR0, is_long ? CR0_PE | CR0_PG | CR0_ET : CR0_PE | CR0_ET);
	arch_vcpu_set(&vcpu, VCPU_CR4, is_long ? CR4_PAE : 0);
	arch_vcpu_set(&vcpu, VCPU_EFER, is_long ? EFER_LME | EFER_LMA : 0);
	arch_vcpu_set(&vcpu, VCPU_CS_ATTRIBUTES, is_long ? ATTRIBUTES_64 : ATTRIBUTES_32);
}

/* True: done and stepped over. False: #GP and nothing changed. */
static bool move_to(uint8_t number, uint64_t value)
{
	struct exit_cr cr = {.number = number, .reg = VCPU_RBX};
	struct fake_vcpu *fake = fake_vcpu_of(&vcpu);
	uint32_t skips = fake->skip_count;
	uint32_t faults = fake->inject_count;
	uint64_t before[] = {arch_vcpu_get(&vcpu, VCPU_CR0), arch_vcpu_get(&vcpu, VCPU_CR4),
			     arch_vcpu_get(&vcpu, VCPU_EFER)};

	vcpu.gpr[VCPU_RBX] = value;
	guest_cr_exit(&vcpu, &cr);
	if (fake->inject_count == faults) {
		TAP_EQUAL(fake->skip_count, skips + 1);
		return true;
	}
	TAP_EQUAL(fake->skip_count, skips);
	TAP_EQUAL(fake->injected[faults].vector, EXCEPTION_GP);
	TAP_EQUAL(arch_vcpu_get(&vcpu, VCPU_CR0), before[0]);
	TAP_EQUAL(arch_vcpu_get(&vcpu, VCPU_CR4), before[1]);
	TAP_EQUAL(arch_vcpu_get(&vcpu, VCPU_EFER), before[2]);
	return false;
}

static void test_cr0(void)
{
	setup(true);
	TAP_CHECK(!move_to(0, CR0_PG));
	TAP_CHECK(!move_to(0, CR0_PE | CR0_PG | CR0_NW));
	TAP_CHECK(!move_to(0, CR0_PE | CR0_PG | BIT(32)));
	TAP_CHECK(!move_to(0, CR0_PE)); /* paging off in 64-bit code */
	TAP_CHECK(move_to(0, CR0_PE | CR0_PG | CR0_CD | CR0_NW | BIT(6)));
	TAP_EQUAL(arch_vcpu_get(&vcpu, VCPU_CR0), CR0_PE | CR0_PG | CR0_CD | CR0_NW | CR0_ET);
	arch_vcpu_set(&vcpu, VCPU_CS_ATTRIBUTES, ATTRIBUTES_32);
	TAP_CHECK(move_to(0, CR0_PE)); /* from compatibility mode */
	TAP_EQUAL(arch_vcpu_get(&vcpu, VCPU_EFER), EFER_LME);
	TAP_CHECK(move_to(0, CR0_PE | CR0_PG));
	TAP_EQUAL(arch_vcpu_get(&vcpu, VCPU_EFER), EFER_LME | EFER_LMA);
	TAP_CHECK(move_to(0, CR0_PE));
	arch_vcpu_set(&vcpu, VCPU_CR4, 0);
	TAP_CHECK(!move_to(0, CR0_PE | CR0_PG)); /* LME without PAE */
	setup(false);
	TAP_CHECK(move_to(0, CR0_PE | CR0_PG));
	TAP_EQUAL(arch_vcpu_get(&vcpu, VCPU_EFER), 0);
	TAP_CHECK(vcpu.is_flush_wanted);
}

static void test_cr4(void)
{
	setup(true);
	TAP_CHECK(!move_to(4, CR4_PAE | CR4_VMXE));
	TAP_CHECK(!move_to(4, CR4_PAE | CR4_SMXE));
	TAP_CHECK(!move_to(4, CR4_PAE | CR4_SMAP)); /* not shown by this CPUID */
	TAP_CHECK(!move_to(4, CR4_PAE | BIT(63)));
	TAP_CHECK(!move_to(4, 0)); /* PAE in long mode */
	TAP_CHECK(move_to(4, CR4_PAE | CR4_PGE | CR4_SMEP));
	TAP_CHECK(vcpu.is_flush_wanted);
	arch_vcpu_set(&vcpu, VCPU_CR3, 0x1001);
	TAP_CHECK(!move_to(4, CR4_PAE | CR4_PCIDE)); /* CR3 has a PCID */
	arch_vcpu_set(&vcpu, VCPU_CR3, 0x1000);
	TAP_CHECK(move_to(4, CR4_PAE | CR4_PCIDE));
	TAP_CHECK(move_to(3, CR3_NO_FLUSH | 0x2003));
	TAP_EQUAL(arch_vcpu_get(&vcpu, VCPU_CR3), 0x2003);
	setup(false);
	TAP_CHECK(!move_to(4, CR4_PAE | CR4_PCIDE));                   /* outside long mode */
	TAP_CHECK(move_to(4, UINT64_C(0xffff000000000000) | CR4_PSE)); /* 32-bit operand */
	TAP_EQUAL(arch_vcpu_get(&vcpu, VCPU_CR4), CR4_PSE);
}

static void test_others(void)
{
	struct exit_cr clts = {.is_clts = true};
	struct exit_cr lmsw = {.is_lmsw = true, .lmsw_source = 0xfffe};
	struct exit_cr read = {.number = 4, .reg = VCPU_RSP, .is_read = true};

	setup(true);
	TAP_CHECK(move_to(8, 9));
	TAP_EQUAL(arch_lapic_read(LAPIC_TPR), 0x90);
	TAP_CHECK(!move_to(8, 16));
	arch_vcpu_set(&vcpu, VCPU_CR0, CR0_PE | CR0_PG | CR0_ET | CR0_TS);
	guest_cr_exit(&vcpu, &clts);
	TAP_EQUAL(arch_vcpu_get(&vcpu, VCPU_CR0), CR0_PE | CR0_PG | CR0_ET);
	guest_cr_exit(&vcpu, &lmsw); /* cannot clear PE, sets MP EM TS */
	TAP_EQUAL(arch_vcpu_get(&vcpu, VCPU_CR0) & 15, 15);
	guest_cr_exit(&vcpu, &read);
	TAP_EQUAL(arch_vcpu_get(&vcpu, VCPU_RSP), CR4_PAE);
}

static bool is_xcr0_refused(uint64_t value, uint64_t index, uint64_t cpl)
{
	uint32_t faults = fake_vcpu_of(&vcpu)->inject_count;

	arch_vcpu_set(&vcpu, VCPU_CPL, cpl);
	vcpu.gpr[VCPU_RAX] = low32(value);
	vcpu.gpr[VCPU_RDX] = high32(value);
	vcpu.gpr[VCPU_RCX] = index;
	guest_cr_xsetbv(&vcpu);
	return fake_vcpu_of(&vcpu)->inject_count == faults + 1;
}

/* The accepting side executes XSETBV: shown by guest/test/xsave.c. */
static void test_xsetbv(void)
{
	setup(true);
	TAP_CHECK(is_xcr0_refused(XCR0_X87, 1, 0));
	TAP_CHECK(is_xcr0_refused(XCR0_X87, 0, 3));
	TAP_CHECK(is_xcr0_refused(0, 0, 0));
	TAP_CHECK(is_xcr0_refused(XCR0_X87 | XCR0_AVX, 0, 0));
	TAP_CHECK(is_xcr0_refused(XCR0_X87 | XCR0_SSE | XCR0_OPMASK, 0, 0));
	TAP_CHECK(is_xcr0_refused(
		XCR0_X87 | XCR0_SSE | XCR0_OPMASK | XCR0_ZMM_HI256 | XCR0_HI16_ZMM, 0, 0));
	TAP_CHECK(is_xcr0_refused(XCR0_X87 | BIT(9), 0, 0)); /* PKRU is not shown */
	TAP_CHECK(is_xcr0_refused(XCR0_X87 | BIT(63), 0, 0));
	TAP_EQUAL(fake_vcpu_of(&vcpu)->skip_count, 0);
}

static const struct tap_case cases[] = {
	{"CR0 and long mode", test_cr0},
	{"CR4 and CR3", test_cr4},
	{"CR8, CLTS, LMSW, reads", test_others},
	{"XSETBV refuses", test_xsetbv},
};
TAP_MAIN(cases)
