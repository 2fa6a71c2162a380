/* SPDX-License-Identifier: Apache-2.0 */
/* guest_cpuid_build.c and guest_cpuid.c: what guests see of recorded CPUs; the same promises hold
 * on every one of them. */
/* Links: arch/x86/guest_cpuid.c boot/guest_cpuid_build.c boot/guest_cpuid_hide.c arch/fake/fake_vcpu.c arch/fake/fake_clock.c */
#include "cpuid_records.h"
#include "fake.h"
#include "guest_cpuid.h"
#include "guest_cpuid_allow.h"
#include "guest_cpuid_build.h"
#include "hypercall_abi.h"
#include "regs.h"
#include "tap.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct cpu_record {
	const char *name;
	const struct cpuid_record *records;
	size_t count;
};

static const struct cpu_record cpus[] = {
	{"epyc_genoa", epyc_genoa, COUNT(epyc_genoa)},
	{"qemu_epyc", qemu_epyc, COUNT(qemu_epyc)},
	{"qemu_icelake", qemu_icelake, COUNT(qemu_icelake)},
	{"qemu64", qemu64, COUNT(qemu64)},
};

static const uint32_t vcpu_counts[] = {1, 2, 3, 8, 64};

/* Not reached: the exit handler is not under test, only linked. */
uint64_t fpu_xcr0(void);
uint64_t fpu_xcr0(void)
{
	return 0;
}

static struct cpuid_regs replay(const void *context, uint32_t leaf, uint32_t subleaf)
{
	const struct cpu_record *cpu = context;

	for (size_t i = 0; i < cpu->count; i++) {
		if (cpu->records[i].leaf == leaf && cpu->records[i].subleaf == subleaf) {
			return cpu->records[i].regs;
		}
	}
	return (struct cpuid_regs){0};
}

static struct cpuid_regs replay_without_x2apic(const void *context, uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_regs regs = replay(context, leaf, subleaf);

	regs.ecx &= leaf == CPUID_FEATURES ? ~CPUID_1_ECX_X2APIC : UINT32_MAX;
	return regs;
}

static struct guest_cpuid table;
static uint32_t table_vcpus;

/* As the loader and then the hypervisor do it. */
static void build(const struct cpu_record *cpu, uint32_t vcpu_count, bool has_all)
{
	struct guest_features features = {
		.has_rdtscp = has_all,
		.has_invpcid = has_all,
		.has_pcid = has_all,
		.has_xsavec = has_all,
		.has_xsaves = has_all,
		.has_waitpkg = has_all,
		.has_spec_ctrl = has_all,
	};

	table_vcpus = vcpu_count;
	guest_cpuid_build(&table, has_all ? replay : replay_without_x2apic, cpu, vcpu_count);
	guest_cpuid_time(&table, 2100000000, 25000000);
	guest_cpuid_hide(&table, &features);
}

static struct cpuid_regs ask_as(uint32_t index, uint64_t cr4, uint64_t xcr0, uint32_t leaf,
				uint32_t subleaf)
{
	struct guest_cpuid_now now = {.index = index, .cr4 = cr4, .xcr0 = xcr0};

	return guest_cpuid_answer(&table, &now, leaf, subleaf);
}

static struct cpuid_regs ask(uint32_t leaf, uint32_t subleaf)
{
	return ask_as(0, 0, XCR0_X87, leaf, subleaf);
}

static bool is_zero(struct cpuid_regs regs)
{
	return (regs.eax | regs.ebx | regs.ecx | regs.edx) == 0;
}

/* Hidden whatever the CPU is and the backend can do. */
static void check_hidden(void)
{
	static const uint32_t empty[] = {
		3,    5,    9,    0xa,  0xc,  0xe,        0xf,        0x10,       0x12,
		0x14, 0x17, 0x18, 0x19, 0x1b, 0x8000000a, 0x8000001b, 0x8000001c, 0x8000001f};
	struct cpuid_regs one = ask(1, 0);
	struct cpuid_regs seven = ask(7, 0);
	struct cpuid_regs extended = ask(0x80000001, 0);

	TAP_EQUAL(one.ecx & (BIT32(5) | BIT32(6) | BIT32(3) | BIT32(15) | BIT32(2) | BIT32(7) |
			     BIT32(8)),
		  0);
	TAP_EQUAL(one.edx & (BIT32(21) | BIT32(22) | BIT32(29) | BIT32(31)), 0);
	TAP_CHECK((one.ecx & BIT32(31)) != 0);
	TAP_EQUAL(seven.ebx & (BIT32(1) | BIT32(2) | BIT32(4) | BIT32(11) | BIT32(12) | BIT32(14) |
			       BIT32(15) | BIT32(25)),
		  0);
	TAP_EQUAL(seven.ecx &
			  (BIT32(7) | BIT32(13) | BIT32(16) | BIT32(23) | BIT32(30) | BIT32(31)),
		  0);
	TAP_EQUAL(seven.edx & (BIT32(18) | BIT32(19) | BIT32(20) | BIT32(22) | BIT32(24) |
			       BIT32(25) | BIT32(28) | BIT32(30)),
		  0);
	TAP_EQUAL(extended.ecx & (BIT32(2) | BIT32(3) | BIT32(9) | BIT32(10) | BIT32(12) |
				  BIT32(13) | BIT32(15) | BIT32(23) | BIT32(24) | BIT32(29)),
		  0);
	TAP_EQUAL(ask(6, 0).eax & ~BIT32(2), 0);
	for (size_t i = 0; i < COUNT(empty); i++) {
		if (empty[i] <= table.basic_max ||
		    (empty[i] >= CPUID_EXTENDED && empty[i] <= table.extended_max)) {
			TAP_CHECK(is_zero(ask(empty[i], 0)));
		}
	}
}

static void check_topology(const struct cpu_record *cpu, uint32_t count)
{
	uint32_t last = count - 1;
	struct cpuid_regs one = ask_as(last, 0, 1, 1, 0);
	uint32_t siblings = one.ebx >> 16 & 0xff;

	(void)cpu;
	TAP_EQUAL(one.ebx >> 24, last);
	TAP_CHECK(siblings >= count && siblings < 2 * count); /* the next power of two */
	TAP_EQUAL((one.edx & CPUID_1_EDX_HTT) != 0, count > 1);
	if (table.basic_max >= CPUID_TOPOLOGY) {
		TAP_EQUAL(ask_as(last, 0, 1, 0xb, 0).ebx, 1);
		TAP_EQUAL(ask_as(last, 0, 1, 0xb, 0).eax, 0);
		TAP_EQUAL(ask_as(last, 0, 1, 0xb, 1).ebx, count);
		TAP_EQUAL(ask_as(last, 0, 1, 0xb, 1).ecx, 0x201);
		TAP_CHECK(1u << ask_as(last, 0, 1, 0xb, 1).eax >= count);
		TAP_EQUAL(ask_as(last, 0, 1, 0xb, 1).edx, last);
		TAP_EQUAL(ask_as(last, 0, 1, 0xb, 7).edx, last); /* also where there is no level */
		TAP_EQUAL(ask_as(last, 0, 1, 0xb, 7).ecx, 7);
		TAP_EQUAL(ask_as(last, 0, 1, 0xb, 7).ebx, 0);
	}
	if (table.is_amd == 0) {
		for (uint32_t i = 0; (ask(4, i).eax & 0x1f) != 0; i++) {
			uint32_t sharing = (ask(4, i).eax >> 14 & 0xfff) + 1;

			TAP_EQUAL(sharing, (ask(4, i).eax >> 5 & 7) >= 3 ? siblings : 1);
			TAP_CHECK((ask(4, i).eax >> 26) + 1 >= (count < 64 ? count : 64));
		}
	} else if (table.extended_max >= CPUID_ADDRESS_SIZES) {
		TAP_EQUAL((ask(0x80000008, 0).ecx & 0xff) + 1, count);
		TAP_CHECK(1u << (ask(0x80000008, 0).ecx >> 12 & 15) >= count);
		if ((ask(0x80000001, 0).ecx & BIT32(22)) != 0) {
			TAP_EQUAL(ask_as(last, 0, 1, 0x8000001e, 0).eax, last);
			TAP_EQUAL(ask_as(last, 0, 1, 0x8000001e, 0).ebx >> 8 & 0xff, 0);
			TAP_EQUAL(ask_as(last, 0, 1, 0x8000001d, 3).eax >> 14 & 0xfff,
				  replay(cpu, 0x8000001d, 3).eax != 0 ? siblings - 1 : 0);
		}
	}
}

static void check_hypervisor(void)
{
	TAP_EQUAL(ask(0x40000000, 0).eax, 0x40000010);
	TAP_EQUAL(ask(0x40000000, 0).ebx, 0x4b4d564b);
	TAP_EQUAL(ask(0x40000001, 0).eax, BIT32(1) | BIT32(3) | BIT32(24));
	TAP_EQUAL(ask(0x40000010, 0).eax, 2100000);
	TAP_EQUAL(ask(0x40000010, 0).ebx, 25000);
	TAP_EQUAL(ask(HYPERCALL_CPUID_BASE, 0).ebx, HYPERCALL_SIGNATURE_EBX);
	TAP_EQUAL(ask_as(5, 0, 1, HYPERCALL_CPUID_BASE + 1, 0).ebx, 5);
	TAP_EQUAL(ask(HYPERCALL_CPUID_BASE + 1, 0).ecx, table_vcpus);
	TAP_CHECK(is_zero(ask(0x40000200, 0)));
}

static void test_every_cpu(void)
{
	for (size_t i = 0; i < COUNT(cpus); i++) {
		for (size_t j = 0; j < COUNT(vcpu_counts); j++) {
			tap_note("%s, %u vCPUs", cpus[i].name, vcpu_counts[j]);
			build(&cpus[i], vcpu_counts[j], true);
			check_hidden();
			check_topology(&cpus[i], vcpu_counts[j]);
			check_hypervisor();
		}
	}
}

/* Nothing is shown that the CPU lacks, and nothing that the backend does not enable. */
static void test_subset(void)
{
	for (size_t i = 0; i < COUNT(cpus); i++) {
		const uint32_t own = CPUID_1_ECX_HYPERVISOR;

		build(&cpus[i], 1, true);
		TAP_EQUAL(ask(1, 0).ecx & ~replay(&cpus[i], 1, 0).ecx & ~own, 0);
		TAP_EQUAL(ask(1, 0).edx & ~replay(&cpus[i], 1, 0).edx, 0);
		TAP_EQUAL(ask(7, 0).ebx & ~replay(&cpus[i], 7, 0).ebx, 0);
		TAP_EQUAL(ask(7, 0).ecx & ~replay(&cpus[i], 7, 0).ecx, 0);
		TAP_EQUAL(ask(7, 0).edx & ~replay(&cpus[i], 7, 0).edx, 0);
		TAP_EQUAL(ask(0x80000001, 0).edx & ~replay(&cpus[i], 0x80000001, 0).edx, 0);
		TAP_EQUAL(ask(0x80000008, 0).eax & 0xff,
			  replay(&cpus[i], 0x80000008, 0).eax & 0xff);
		TAP_EQUAL(ask(7, 0).edx & CPUID_7_EDX_SPECULATION,
			  replay(&cpus[i], 7, 0).edx & CPUID_7_EDX_SPECULATION);
		build(&cpus[i], 1, false);
		TAP_EQUAL(ask(1, 0).ecx & (CPUID_1_ECX_X2APIC | CPUID_1_ECX_PCID), 0);
		TAP_EQUAL(ask(7, 0).ebx & CPUID_7_EBX_INVPCID, 0);
		TAP_EQUAL(ask(7, 0).ecx & (CPUID_7_ECX_RDPID | CPUID_7_ECX_WAITPKG), 0);
		TAP_EQUAL(ask(7, 0).edx & CPUID_7_EDX_SPECULATION, 0);
		TAP_EQUAL(ask(0x80000001, 0).edx & CPUID_EXT1_EDX_RDTSCP, 0);
		TAP_EQUAL(ask(0x80000008, 0).ebx & CPUID_EXT8_EBX_SPECULATION, 0);
		TAP_EQUAL(ask(0xd, 1).eax & CPUID_D1_EAX_XSAVES, 0);
		TAP_EQUAL(table.cr4_allowed & (CR4_PCIDE | CR4_VMXE | CR4_SMXE | CR4_LA57), 0);
	}
}

/* A feature that the backend lacks takes its own bits and no others. */
static void test_hide(void)
{
	static const struct {
		struct guest_features lacks;
		uint32_t leaf;
		uint32_t subleaf;
		struct cpuid_regs hidden;
	} rows[] = {
		{{.has_pcid = true}, 1, 0, {.ecx = CPUID_1_ECX_PCID}},
		{{.has_invpcid = true}, 7, 0, {.ebx = CPUID_7_EBX_INVPCID}},
		{{.has_rdtscp = true}, 7, 0, {.ecx = CPUID_7_ECX_RDPID}},
		{{.has_rdtscp = true}, 0x80000001, 0, {.edx = CPUID_EXT1_EDX_RDTSCP}},
		{{.has_waitpkg = true}, 7, 0, {.ecx = CPUID_7_ECX_WAITPKG}},
		{{.has_spec_ctrl = true}, 7, 0, {.edx = CPUID_7_EDX_SPECULATION}},
		{{.has_spec_ctrl = true}, 0x80000008, 0, {.ebx = CPUID_EXT8_EBX_SPECULATION}},
		{{.has_xsavec = true}, 0xd, 1, {.eax = CPUID_D1_EAX_XSAVEC}},
		{{.has_xsaves = true}, 0xd, 1, {.eax = CPUID_D1_EAX_XSAVES}},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct guest_features lacks = rows[i].lacks;
		struct guest_features features = {
			.has_rdtscp = !lacks.has_rdtscp,
			.has_invpcid = !lacks.has_invpcid,
			.has_pcid = !lacks.has_pcid,
			.has_xsavec = !lacks.has_xsavec,
			.has_xsaves = !lacks.has_xsaves,
			.has_waitpkg = !lacks.has_waitpkg,
			.has_spec_ctrl = !lacks.has_spec_ctrl,
		};
		struct cpuid_regs regs;

		table = (struct guest_cpuid){.basic_max = 0xd, .extended_max = 0x80000008};
		memset(table.basic, 0xff, sizeof(table.basic));
		memset(table.extended, 0xff, sizeof(table.extended));
		memset(table.xsave, 0xff, sizeof(table.xsave));
		table.cr4_allowed = UINT64_MAX;
		guest_cpuid_time(&table, 2100000000, 25000000);
		guest_cpuid_hide(&table, &features);
		regs = ask(rows[i].leaf, rows[i].subleaf);
		TAP_EQUAL(~regs.eax, rows[i].hidden.eax);
		TAP_EQUAL(~regs.ecx, rows[i].hidden.ecx);
		TAP_EQUAL(~regs.edx, rows[i].hidden.edx);
		if (rows[i].leaf != 1 && rows[i].leaf != 0xd) { /* there EBX is the vCPU's */
			TAP_EQUAL(~regs.ebx, rows[i].hidden.ebx);
		}
		TAP_EQUAL(~table.cr4_allowed, lacks.has_pcid ? CR4_PCIDE : 0);
	}
}

/* The figures of SDM 1, "XSAVE Area": Genoa has x87, SSE, AVX, AVX-512 and CET in XSS. */
static void test_xsave(void)
{
	const uint64_t avx = XCR0_X87 | XCR0_SSE | XCR0_AVX;
	const uint64_t all = avx | XCR0_AVX512;

	build(&cpus[0], 2, true);
	TAP_EQUAL(table.xcr0_allowed, all);
	TAP_EQUAL(ask_as(0, 0, XCR0_X87, 0xd, 0).ebx, 576);
	TAP_EQUAL(ask_as(0, 0, avx, 0xd, 0).ebx, 0x240 + 0x100);
	TAP_EQUAL(ask_as(0, 0, all, 0xd, 0).ebx, 0x580 + 0x400);
	TAP_EQUAL(ask(0xd, 0).ecx,
		  0x580 + 0x400); /* without the CET and other parts the host counts */
	TAP_EQUAL(ask_as(0, 0, all, 0xd, 1).ebx, 576 + 0x100 + 0x40 + 0x200 + 0x400);
	TAP_EQUAL(ask_as(0, 0, all, 0xd, 1).ecx, 0); /* IA32_XSS has no bit */
	TAP_CHECK(is_zero(ask(0xd, 11)));
	TAP_CHECK(is_zero(ask(0xd, 9)));
	/* QEMU's EPYC has neither XSAVEC nor XSAVES: no compacted form. */
	build(&cpus[1], 1, true);
	TAP_EQUAL(ask_as(0, 0, avx, 0xd, 1).ebx, 0);
	/* qemu64 has no XSAVE at all. */
	build(&cpus[3], 1, true);
	TAP_EQUAL(table.xcr0_allowed, 0);
	TAP_EQUAL(table.cr4_allowed & CR4_OSXSAVE, 0);
}

static void test_own_state(void)
{
	build(&cpus[0], 1, true);
	TAP_EQUAL(ask(1, 0).ecx & CPUID_1_ECX_OSXSAVE, 0);
	TAP_CHECK((ask_as(0, CR4_OSXSAVE, 1, 1, 0).ecx & CPUID_1_ECX_OSXSAVE) != 0);
	TAP_EQUAL(ask(7, 0).ecx & CPUID_7_ECX_OSPKE, 0);
	TAP_CHECK((ask_as(0, CR4_PKE, 1, 7, 0).ecx & CPUID_7_ECX_OSPKE) != 0);
	TAP_EQUAL(ask_as(0, CR4_PKE, 1, 7, 1).ecx & CPUID_7_ECX_OSPKE, 0);
}

static void test_out_of_range(void)
{
	build(&cpus[0], 1, true); /* AMD: zero */
	TAP_CHECK(is_zero(ask(table.basic_max + 1, 0)));
	TAP_CHECK(is_zero(ask(0x80000022, 0)));
	TAP_CHECK(is_zero(ask(0xffffffff, 0)));
	build(&cpus[2], 1, true); /* Intel: the highest basic leaf */
	TAP_EQUAL(ask(0x3fffffff, 1).ebx, ask(table.basic_max, 1).ebx);
	TAP_EQUAL(ask(0x80000009, 0).eax, ask(table.basic_max, 0).eax);
	TAP_EQUAL(ask(0, 0).eax, table.basic_max);
}

static void test_plain(void)
{
	build(&cpus[2], 4, true);
	for (uint32_t leaf = 0; leaf <= table.basic_max; leaf++) {
		const struct cpuid_regs *plain = guest_cpuid_plain(&table, leaf);
		bool varies =
			ask_as(0, 0, 1, leaf, 0).ebx != ask_as(3, CR4_OSXSAVE, 3, leaf, 0).ebx ||
			ask_as(0, 0, 1, leaf, 0).edx != ask_as(3, CR4_OSXSAVE, 3, leaf, 0).edx;

		TAP_CHECK(plain == NULL || !varies);
		if (plain != NULL) {
			TAP_EQUAL(plain->eax, ask(leaf, 0).eax);
			TAP_EQUAL(plain->ecx, ask(leaf, 5).ecx);
		}
	}
	TAP_CHECK(guest_cpuid_plain(&table, 0) != NULL);
	TAP_CHECK(guest_cpuid_plain(&table, 1) == NULL);
}

static const struct tap_case cases[] = {
	{"hidden features, topology, hypervisor leaves on every CPU", test_every_cpu},
	{"a subset of the CPU, less what the backend lacks", test_subset},
	{"what the backend lacks, one by one", test_hide},
	{"XSAVE sizes", test_xsave},
	{"OSXSAVE and OSPKE follow the guest's CR4", test_own_state},
	{"leaves out of range", test_out_of_range},
	{"quick answers are those of the full way", test_plain},
};
TAP_MAIN(cases)
