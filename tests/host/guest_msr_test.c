/* SPDX-License-Identifier: Apache-2.0 */
/* guest_msr.c, guest_clock.c and boot/msr_list.c: the allow-list, its rules, and the paravirtual
 * clock. */
/* Links: arch/x86/guest_msr.c boot/msr_list.c arch/x86/guest_clock.c arch/fake/fake_cpu.c arch/fake/fake_vcpu.c arch/fake/fake_mem.c arch/fake/fake_lapic.c arch/fake/fake_clock.c arch/fake/fake_port.c */
#include "arch/upcalls.h"
#include "fake.h"
#include "guest_clock.h"
#include "guest_cpuid.h"
#include "guest_msr.h"
#include "msr.h"
#include "msr_list.h"
#include "regs.h"
#include "tap.h"
#include "virt_internal.h"

#include <string.h>

struct boot_virt virt_machine;

/* The real MSRs, of which only those passed on may be touched. */
static uint32_t real_number;
static uint64_t real_value;
static bool is_real_missing;

bool msr_read_safe(uint32_t number, uint64_t *value)
{
	real_number = number;
	if (is_real_missing) {
		return false;
	}
	switch (number) {
	case MSR_IA32_PLATFORM_ID:
		*value = 0x1234;
		break;
	case MSR_IA32_BIOS_SIGN_ID:
		*value = UINT64_C(0x5a) << 32;
		break;
	case MSR_IA32_MISC_ENABLE:
		*value = MISC_ENABLE_FAST_STRING | BIT(18) | BIT(22); /* MONITOR, CPUID limit */
		break;
	case MSR_IA32_ARCH_CAPABILITIES:
		*value = ~UINT64_C(0);
		break;
	default:
		*value = real_value;
		break;
	}
	return true;
}

bool msr_write_safe(uint32_t number, uint64_t value)
{
	real_number = number;
	real_value = value;
	return !is_real_missing;
}

static uint8_t page[0x2000];

enum hv_status guest_mem_write(const struct vm_arch *vm, gpa_t to, const void *from, size_t size)
{
	(void)vm;
	if (to.value >= sizeof(page) || size > sizeof(page) - to.value) {
		return HV_RANGE;
	}
	memcpy(page + to.value, from, size);
	return HV_OK;
}

void virt_inject_gp(struct vcpu_arch *vcpu)
{
	arch_vcpu_inject(vcpu, EXCEPTION_GP, true, 0);
}

static struct guest_cpuid cpuid;
static struct vm_arch vm;
static struct vcpu_arch vcpu;

static void setup(bool is_amd)
{
	struct msr_list_facts facts = {
		.is_amd = is_amd,
		.has_arch_capabilities = true,
		.has_spec_ctrl = true,
		.has_xsaves = true,
	};

	fake_reset();
	virt_machine.msr_count = msr_list_fill(virt_machine.msrs, &facts);
	cpuid = (struct guest_cpuid){
		.is_amd = is_amd,
		.efer_allowed = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE,
	};
	vm = (struct vm_arch){.cpuid = &cpuid, .clock_wall = UINT64_C(1700000000123456789)};
	memset(&vcpu, 0, sizeof(vcpu));
	TAP_EQUAL(arch_vcpu_init(&vcpu, &vm, 0), HV_OK);
	guest_msr_reset(&vcpu);
	real_number = 0;
	real_value = 0;
	is_real_missing = false;
}

static bool can_read(uint32_t number)
{
	uint64_t value;

	return guest_msr_read(&vcpu, number, &value);
}

static uint64_t read(uint32_t number)
{
	uint64_t value = 0xdead;

	TAP_CHECK(guest_msr_read(&vcpu, number, &value));
	return value;
}

/* Everything that is not on the list, on either vendor: the whole space near every list entry. */
static void test_refused(void)
{
	static const uint32_t refused[] = {
		0x34,       0x3b,       0xc1,       0xce,       0x140,      0x17b,      0x186,
		0x198,      0x199,      0x19c,      0x1a2,      0x1b0,      0x200,      0x201,
		0x250,      0x26f,      0x309,      0x345,      0x38f,      0x400,      0x480,
		0x48b,      0x570,      0x600,      0x606,      0xc80,      0x11,       0x12,
		0xc0000104, 0xc0010000, 0xc0010030, 0xc0010061, 0xc0010117, 0xc0010118, 0xc001011f,
		0xc0010140, 0xc0011020, 0x40000000, 0x4b564d02, 0x4b564d03, 0xffffffff,
	};

	for (uint32_t amd = 0; amd < 2; amd++) {
		setup(amd != 0);
		for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
			if (can_read(refused[i]) || guest_msr_write(&vcpu, refused[i], 0)) {
				tap_note("MSR 0x%x is let through (AMD %u)", refused[i], amd);
				TAP_CHECK(false);
			}
		}
		TAP_EQUAL(real_number, 0);
	}
}

static void test_vendors(void)
{
	setup(false);
	TAP_EQUAL(read(MSR_IA32_PLATFORM_ID), 0x1234);
	TAP_EQUAL(read(MSR_IA32_MISC_ENABLE), MISC_ENABLE_FAST_STRING |
						      MISC_ENABLE_BTS_UNAVAILABLE |
						      MISC_ENABLE_PEBS_UNAVAILABLE);
	TAP_CHECK(guest_msr_write(&vcpu, MSR_IA32_MISC_ENABLE, 0));
	TAP_CHECK((read(MSR_IA32_MISC_ENABLE) & MISC_ENABLE_FAST_STRING) != 0);
	TAP_EQUAL(read(MSR_IA32_ARCH_CAPABILITIES) & BIT(7), 0); /* TSX_CTRL is another MSR */
	TAP_CHECK((read(MSR_IA32_ARCH_CAPABILITIES) & BIT(0)) != 0);
	TAP_EQUAL(read(MSR_IA32_FEATURE_CONTROL), FEATURE_CONTROL_LOCK);
	TAP_CHECK(!guest_msr_write(&vcpu, MSR_IA32_FEATURE_CONTROL, 5));
	TAP_CHECK(!can_read(MSR_HWCR));
	TAP_CHECK(!guest_msr_write(&vcpu, MSR_PATCH_LOADER, 0));
	setup(true);
	TAP_EQUAL(read(MSR_HWCR), HWCR_TSC_FREQ_SEL);
	TAP_EQUAL(read(MSR_DE_CFG), BIT(1));
	TAP_EQUAL(read(MSR_VM_CR), VM_CR_SVMDIS | VM_CR_LOCK);
	TAP_CHECK(!guest_msr_write(&vcpu, MSR_VM_CR, 0));
	TAP_EQUAL(read(0xc0010055), 0);
	TAP_CHECK(guest_msr_write(&vcpu, MSR_PATCH_LOADER, 0x1000)); /* swallowed */
	TAP_CHECK(!can_read(MSR_IA32_PLATFORM_ID));
	TAP_CHECK(!can_read(MSR_IA32_ARCH_CAPABILITIES));
	TAP_EQUAL(read(MSR_IA32_BIOS_SIGN_ID), UINT64_C(0x5a) << 32);
	TAP_CHECK(guest_msr_write(&vcpu, MSR_IA32_BIOS_UPDT_TRIG, 0xdeadbeef));
	TAP_EQUAL(read(MSR_IA32_BIOS_SIGN_ID), UINT64_C(0x5a) << 32);
}

static void test_efer(void)
{
	setup(false);
	arch_vcpu_set(&vcpu, VCPU_CR0, CR0_PG | CR0_PE);
	arch_vcpu_set(&vcpu, VCPU_EFER, EFER_LME | EFER_LMA | EFER_SVME);
	TAP_EQUAL(read(MSR_IA32_EFER), EFER_LME | EFER_LMA); /* SVME is the hypervisor's */
	TAP_CHECK(!guest_msr_write(&vcpu, MSR_IA32_EFER, EFER_LME | EFER_SVME));
	TAP_CHECK(!guest_msr_write(&vcpu, MSR_IA32_EFER, EFER_LMA)); /* LME is fixed while paging */
	TAP_CHECK(!guest_msr_write(&vcpu, MSR_IA32_EFER, EFER_LME | BIT(63)));
	TAP_CHECK(guest_msr_write(&vcpu, MSR_IA32_EFER, EFER_LME | EFER_NXE));
	TAP_EQUAL(read(MSR_IA32_EFER), EFER_LME | EFER_LMA | EFER_NXE); /* LMA stays */
	arch_vcpu_set(&vcpu, VCPU_CR0, CR0_PE);
	arch_vcpu_set(&vcpu, VCPU_EFER, 0);
	TAP_CHECK(guest_msr_write(&vcpu, MSR_IA32_EFER, EFER_LME | EFER_LMA));
	TAP_EQUAL(read(MSR_IA32_EFER), EFER_LME);
}

static void test_memory_types(void)
{
	setup(false);
	TAP_EQUAL(read(MSR_IA32_MTRRCAP), 0);
	TAP_EQUAL(read(MSR_IA32_MTRR_DEF_TYPE), BIT(11) | 6);
	TAP_CHECK(guest_msr_write(&vcpu, MSR_IA32_MTRR_DEF_TYPE, 0));
	TAP_EQUAL(read(MSR_IA32_MTRR_DEF_TYPE), 0);
	TAP_CHECK(!guest_msr_write(&vcpu, MSR_IA32_MTRR_DEF_TYPE, 2)); /* reserved type */
	TAP_CHECK(!guest_msr_write(&vcpu, MSR_IA32_MTRR_DEF_TYPE, 7));
	TAP_CHECK(!guest_msr_write(&vcpu, MSR_IA32_MTRR_DEF_TYPE, BIT(12) | 6));
	TAP_CHECK(guest_msr_write(&vcpu, MSR_IA32_PAT, UINT64_C(0x0407050600070106)));
	TAP_EQUAL(read(MSR_IA32_PAT), UINT64_C(0x0407050600070106));
	TAP_CHECK(!guest_msr_write(&vcpu, MSR_IA32_PAT, 3));
	TAP_CHECK(!guest_msr_write(&vcpu, MSR_IA32_PAT, UINT64_C(0x80) << 56));
}

static void test_passed_on(void)
{
	setup(false);
	TAP_CHECK(guest_msr_write(&vcpu, MSR_IA32_SPEC_CTRL, 1));
	TAP_EQUAL(real_number, MSR_IA32_SPEC_CTRL);
	TAP_CHECK(!guest_msr_write(&vcpu, MSR_IA32_SPEC_CTRL, BIT(3)));
	TAP_CHECK(guest_msr_write(&vcpu, MSR_IA32_PRED_CMD, 1));
	TAP_CHECK(!can_read(MSR_IA32_PRED_CMD)); /* write-only */
	is_real_missing = true;                  /* the CPU's own #GP becomes the guest's */
	TAP_CHECK(!guest_msr_write(&vcpu, MSR_IA32_TSC_AUX, 1));
	TAP_CHECK(!can_read(MSR_IA32_TSC_DEADLINE));
	TAP_EQUAL(read(MSR_IA32_MISC_ENABLE),
		  MISC_ENABLE_BTS_UNAVAILABLE | MISC_ENABLE_PEBS_UNAVAILABLE); /* not #GP */
	is_real_missing = false;
	real_number = 0;
	TAP_CHECK(guest_msr_write(&vcpu, MSR_IA32_TSC, 0)); /* ignored */
	TAP_EQUAL(real_number, 0);
	TAP_CHECK(!guest_msr_write(&vcpu, MSR_IA32_XSS, BIT(11)));
	TAP_CHECK(guest_msr_write(&vcpu, MSR_IA32_XSS, 0));
	TAP_EQUAL(read(MSR_IA32_XSS), 0);
	TAP_CHECK(!guest_msr_write(&vcpu, MSR_IA32_MCG_STATUS, 1));
	TAP_CHECK(guest_msr_write(&vcpu, MSR_IA32_DEBUGCTL, BIT(1)));
	TAP_EQUAL(read(MSR_IA32_DEBUGCTL), 0);
	TAP_CHECK(!guest_msr_write(&vcpu, MSR_IA32_DEBUGCTL, BIT(6)));
}

/* The exit: registers, #GP, and the local APIC's door. */
static void test_exit(void)
{
	struct vm_exit exit = {.kind = VM_EXIT_RDMSR};

	setup(false);
	vcpu.gpr[VCPU_RCX] = MSR_IA32_BIOS_SIGN_ID;
	vcpu.gpr[VCPU_RAX] = ~UINT64_C(0);
	TAP_EQUAL(guest_msr_exit(&vcpu, &exit), VIRT_RESUME);
	TAP_EQUAL(vcpu.gpr[VCPU_RDX], 0x5a); /* the upper halves are cleared */
	TAP_EQUAL(vcpu.gpr[VCPU_RAX], 0);
	TAP_EQUAL(fake_vcpu_of(&vcpu)->skip_count, 1);
	vcpu.gpr[VCPU_RCX] = 0x12345;
	TAP_EQUAL(guest_msr_exit(&vcpu, &exit), VIRT_RESUME);
	TAP_EQUAL(fake_vcpu_of(&vcpu)->injected[0].vector, EXCEPTION_GP);
	TAP_EQUAL(fake_vcpu_of(&vcpu)->skip_count, 1);
	vcpu.gpr[VCPU_RCX] = MSR_IA32_X2APIC_BASE + 8;
	TAP_EQUAL(guest_msr_exit(&vcpu, &exit), VIRT_RESUME); /* not in x2APIC mode */
	TAP_EQUAL(fake_vcpu_of(&vcpu)->inject_count, 2);
	vcpu.is_x2apic = true;
	TAP_EQUAL(guest_msr_exit(&vcpu, &exit), VIRT_RETURN);
	TAP_EQUAL(exit.kind, VM_EXIT_APIC_READ);
	TAP_EQUAL(exit.apic.offset, LAPIC_TPR);
	exit = (struct vm_exit){.kind = VM_EXIT_WRMSR};
	vcpu.gpr[VCPU_RCX] = MSR_IA32_APIC_BASE;
	vcpu.gpr[VCPU_RAX] = 0xfee00d00;
	vcpu.gpr[VCPU_RDX] = 0;
	TAP_EQUAL(guest_msr_exit(&vcpu, &exit), VIRT_RETURN);
	TAP_EQUAL(exit.kind, VM_EXIT_APIC_WRITE);
	TAP_EQUAL(exit.apic.offset, VIRT_APIC_BASE_OFFSET);
	TAP_EQUAL(exit.apic.value, 0xfee00d00);
}

__extension__ typedef unsigned __int128 wide;

static void test_clock_scale(void)
{
	static const uint64_t rates[] = {1,          1000,       50003000,   999999999,
					 1000000000, 1000000001, 2000000000, 2100000000,
					 2768040000, 5300000000};

	for (size_t i = 0; i < ARRAY_COUNT(rates); i++) {
		struct guest_clock_scale scale = guest_clock_scale(rates[i]);
		wide tsc = (wide)rates[i] * 3600; /* one hour */
		wide delta = scale.shift < 0 ? tsc >> -scale.shift : tsc << scale.shift;
		uint64_t nanoseconds = (uint64_t)(delta * scale.multiplier >> 32);
		uint64_t want = UINT64_C(3600000000000);
		uint64_t error = nanoseconds > want ? nanoseconds - want : want - nanoseconds;

		TAP_CHECK(error < 8000); /* 2 in 1e9 */
		TAP_CHECK((scale.multiplier & BIT(31)) != 0);
	}
}

static void test_clock_page(void)
{
	uint32_t words[8];

	setup(false);
	fake_clock.tsc_hz = 2000000000;
	memset(page, 0xee, sizeof(page));
	TAP_CHECK(guest_msr_write(&vcpu, MSR_KVM_SYSTEM_TIME_NEW, 0x1001));
	memcpy(words, page + 0x1000, sizeof(words));
	TAP_EQUAL(words[0] % 2, 0);
	TAP_EQUAL(words[2] | words[3] | words[4] | words[5], 0); /* TSC 0 is time 0 */
	TAP_EQUAL(words[6], 0x80000000);
	TAP_EQUAL(words[7] & 0xffff, 0x0100); /* shift 0, TSC stable */
	TAP_EQUAL(read(MSR_KVM_SYSTEM_TIME_NEW), 0x1001);
	TAP_CHECK(
		!guest_msr_write(&vcpu, MSR_KVM_SYSTEM_TIME_NEW, 0x1ff1)); /* past the end of RAM */
	TAP_CHECK(guest_msr_write(&vcpu, MSR_KVM_SYSTEM_TIME_NEW, 0x100000)); /* off: not touched */
	TAP_CHECK(guest_msr_write(&vcpu, MSR_KVM_WALL_CLOCK_NEW, 0x40));
	memcpy(words, page + 0x40, 12);
	TAP_EQUAL(words[1], 1700000000);
	TAP_EQUAL(words[2], 123456789);
	TAP_CHECK(!guest_msr_write(&vcpu, MSR_KVM_WALL_CLOCK_NEW, UINT64_MAX - 3));
}

/* What the CPU lacks, guests do not see either. */
static void test_lacking(void)
{
	struct msr_list_facts none = {.is_amd = false};

	setup(false);
	virt_machine.msr_count = msr_list_fill(virt_machine.msrs, &none);
	TAP_CHECK(!can_read(MSR_IA32_SPEC_CTRL) && !guest_msr_write(&vcpu, MSR_IA32_SPEC_CTRL, 0));
	TAP_CHECK(!guest_msr_write(&vcpu, MSR_IA32_PRED_CMD, 1));
	TAP_CHECK(!can_read(MSR_IA32_XSS) && !guest_msr_write(&vcpu, MSR_IA32_XSS, 0));
	TAP_CHECK(!can_read(MSR_IA32_ARCH_CAPABILITIES));
}

static const struct tap_case cases[] = {
	{"what is not listed is refused, and touches no MSR", test_refused},
	{"Intel's and AMD's own", test_vendors},
	{"EFER", test_efer},
	{"MTRR and PAT", test_memory_types},
	{"MSRs passed on, ignored, empty", test_passed_on},
	{"what the CPU lacks", test_lacking},
	{"exits", test_exit},
	{"clock scale", test_clock_scale},
	{"clock page and wall clock", test_clock_page},
};
TAP_MAIN(cases)
