/* SPDX-License-Identifier: Apache-2.0 */
/* CPUID: promised leaves are there, hidden features are hidden, dynamic bits follow their
 * registers. */
#include "apic.h"
#include "cpu.h"
#include "hypercall.h"
#include "report.h"
#include "smp.h"
#include "tests.h"
#include "trap.h"

#include <stddef.h>

#define LEAF_KVM                 0x40000000u
#define LEAF_TIMING              0x40000010u
#define KVM_FEATURE_CLOCKSOURCE2 (1u << 3)
#define LEVELS_MAX               8u

/* A feature bit that no guest may see. */
struct hidden {
	const char *name;
	uint32_t leaf;
	uint32_t subleaf;
	uint32_t word; /* 0 to 3: EAX EBX ECX EDX */
	uint32_t mask;
};

static const struct hidden hidden[] = {
	{"no-monitor", 1, 0, 2, 1u << 3},
	{"no-vmx", 1, 0, 2, 1u << 5},
	{"no-smx", 1, 0, 2, 1u << 6},
	{"no-thermal", 1, 0, 2, 1u << 8},
	{"no-pdcm", 1, 0, 2, 1u << 15},
	{"no-debug-store", 1, 0, 3, 1u << 21},
	{"no-sgx", 7, 0, 1, 1u << 2},
	{"no-mpx", 7, 0, 1, 1u << 14},
	{"no-pt", 7, 0, 1, 1u << 25},
	{"no-pqos", 7, 0, 1, 1u << 12 | 1u << 15},
	{"no-pmu", 0xa, 0, 0, 0xff},
	{"no-svm", 0x80000001, 0, 2, 1u << 2},
	{"no-skinit", 0x80000001, 0, 2, 1u << 12},
	{"no-svm-leaf", 0x8000000a, 0, 0, 0xff},
	{"no-sev", 0x8000001f, 0, 0, 0x1f},
	{"no-aperf", 6, 0, 2, 1},
};

static uint32_t word_of(struct cpuid_result r, uint32_t word)
{
	const uint32_t words[4] = {r.eax, r.ebx, r.ecx, r.edx};

	return words[word];
}

/* A leaf above the maximum reads as anything on Intel, so it counts as hidden. */
static void check_hidden(void)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		const struct hidden *h = &hidden[i];
		struct cpuid_result r = {0, 0, 0, 0};

		if (h->leaf <= cpu_cpuid_max(h->leaf & 0x80000000u)) {
			r = cpu_cpuid(h->leaf, h->subleaf);
		}
		report_equal(h->name, word_of(r, h->word) & h->mask, 0);
	}
}

static void check_hypervisor_leaves(void)
{
	struct cpuid_result r = cpu_cpuid(LEAF_KVM, 0);

	report_true("hypervisor-bit", (cpu_cpuid(1, 0).ecx >> 31 & 1) != 0);
	report_true("kvm-signature",
		    r.ebx == 0x4b4d564b && r.ecx == 0x564b4d56 && r.edx == 0x0000004d);
	report_true("kvm-max", r.eax >= LEAF_TIMING);
	report_true("kvm-clock", (cpu_cpuid(LEAF_KVM + 1, 0).eax & KVM_FEATURE_CLOCKSOURCE2) != 0);
	r = cpu_cpuid(LEAF_TIMING, 0);
	report_range("tsc-khz", r.eax, 1000, 10000000);
	report_range("apic-khz", r.ebx, 100, 10000000);
	r = cpu_cpuid(HYPERCALL_CPUID_BASE, 0);
	report_true("bulkhead-max", r.eax >= HYPERCALL_CPUID_BASE + 1);
	r = cpu_cpuid(HYPERCALL_CPUID_BASE + 1, 0);
	report_equal("bulkhead-version", r.eax, HYPERCALL_ABI_VERSION);
	report_equal("bulkhead-index", r.ebx, cpu_index());
	report_equal("bulkhead-count", r.ecx, smp_count());
}

static void check_promised(void)
{
	struct cpuid_result r = cpu_cpuid(1, 0);

	report_true("basic-max", cpu_cpuid_max(0) >= 1);
	report_true("extended-max", cpu_cpuid_max(0x80000000u) >= 0x80000008u);
	/* FPU, DE, PSE, TSC, MSR, PAE, CX8, APIC, MTRR, PGE, CMOV, PAT, FXSR, SSE, SSE2. */
	report_equal("base-features", r.edx & 0x0701b37du, 0x0701b37du);
	report_true("long-mode", (cpu_cpuid(0x80000001u, 0).edx >> 29 & 1) != 0);
	report_true("no-execute", (cpu_cpuid(0x80000001u, 0).edx >> 20 & 1) != 0);
	report_range("physical-bits", cpu_cpuid(0x80000008u, 0).eax & 0xff, 32, 52);
	report_range("linear-bits", cpu_cpuid(0x80000008u, 0).eax >> 8 & 0xff, 48, 57);
}

/* x2APIC ID and vCPU count by leaf 0xB or 0x1F (SDM 2A, "CPUID"). */
static void check_topology_leaf(const char *check, uint32_t leaf)
{
	uint32_t count = 0;
	uint32_t last_shift = 0;

	if (cpu_cpuid_max(0) < leaf) {
		report_skip(check, "the leaf is not there");
		return;
	}
	for (uint32_t level = 0; level < LEVELS_MAX; level++) {
		struct cpuid_result r = cpu_cpuid(leaf, level);

		if ((r.ecx & 0xff) != level || r.edx != smp_apic_id(cpu_index())) {
			report_fail(check, "level %u: ecx 0x%x edx 0x%x", level, r.ecx, r.edx);
			return;
		}
		if ((r.ecx >> 8 & 0xff) == 0) {
			break;
		}
		count = r.ebx & 0xffff;
		last_shift = r.eax & 0x1f;
	}
	if (count == 0) {
		report_skip(check, "no levels described");
	} else if (count != smp_count() || (1u << last_shift) < count) {
		report_fail(check, "%u CPUs, shift %u, want %u CPUs", count, last_shift,
			    smp_count());
	} else {
		report_true(check, true);
	}
}

static void check_topology(void)
{
	struct cpuid_result r = cpu_cpuid(1, 0);

	report_equal("initial-apic-id", r.ebx >> 24, smp_apic_id(cpu_index()));
	report_equal("apic-id-register", apic_id(), smp_apic_id(cpu_index()));
	if ((r.edx >> 28 & 1) != 0) {
		report_true("package-count", (r.ebx >> 16 & 0xff) >= smp_count());
	} else {
		report_equal("package-count", smp_count(), 1);
	}
	check_topology_leaf("topology-0b", 0xb);
	check_topology_leaf("topology-1f", 0x1f);
}

static void check_osxsave(void)
{
	uint64_t cr4 = cpu_read_cr4();

	if ((cpu_cpuid(1, 0).ecx >> 26 & 1) == 0) {
		report_skip("osxsave", "no XSAVE");
		return;
	}
	cpu_write_cr4(cr4 & ~(uint64_t)CR4_OSXSAVE);
	report_equal("osxsave-off", cpu_cpuid(1, 0).ecx >> 27 & 1, 0);
	cpu_write_cr4(cr4 | CR4_OSXSAVE);
	report_equal("osxsave-on", cpu_cpuid(1, 0).ecx >> 27 & 1, 1);
	cpu_write_cr4(cr4);
}

/* Leaf 0xD: EBX is the size for what XCR0 enables now (SDM 1, "CPUID Enumeration of XSAVE"). */
static void check_xsave_sizes(void)
{
	uint64_t cr4 = cpu_read_cr4();
	uint64_t xcr0;

	if ((cpu_cpuid(1, 0).ecx >> 26 & 1) == 0) {
		report_skip("xsave-size", "no XSAVE");
		return;
	}
	cpu_write_cr4(cr4 | CR4_OSXSAVE);
	xcr0 = cpu_xgetbv(0);
	cpu_xsetbv(0, 1);
	report_equal("xsave-size-x87", cpu_cpuid(0xd, 0).ebx, 576);
	if ((cpu_cpuid(0xd, 0).eax & 4) != 0) {
		cpu_xsetbv(0, 7);
		report_equal("xsave-size-avx", cpu_cpuid(0xd, 0).ebx, 832);
		report_equal("xsave-avx-bytes", cpu_cpuid(0xd, 2).eax, 256);
		report_equal("xsave-avx-offset", cpu_cpuid(0xd, 2).ebx, 576);
	} else {
		report_skip("xsave-size-avx", "no AVX");
	}
	report_true("xsave-max", cpu_cpuid(0xd, 0).ecx >= cpu_cpuid(0xd, 0).ebx);
	cpu_xsetbv(0, xcr0);
	cpu_write_cr4(cr4);
}

/* In 64-bit mode CPUID clears the upper halves (SDM 2A, "CPUID"). */
static void check_upper_halves(void)
{
	uint64_t a = UINT64_C(0xffffffff00000000);
	uint64_t b = UINT64_MAX;
	uint64_t c = UINT64_C(0xffffffff00000000);
	uint64_t d = UINT64_MAX;

	__asm__ volatile("cpuid" : "+a"(a), "+b"(b), "+c"(c), "+d"(d));
	report_equal("upper-halves", (a | b | c | d) >> 32, 0);
}

struct other {
	struct cpuid_result one;
	uint32_t vcpu;
};

static void read_on_other(void *argument)
{
	struct other *other = argument;

	other->one = cpu_cpuid(1, 0);
	other->vcpu = cpu_cpuid(HYPERCALL_CPUID_BASE + 1, 0).ebx;
}

static void check_other_cpus(void)
{
	struct cpuid_result one = cpu_cpuid(1, 0);
	struct other other;

	if (smp_count() < 2) {
		report_skip("other-vcpu", "one vCPU");
		return;
	}
	if ((!smp_is_online(1) && !smp_start(1)) || !smp_run(1, read_on_other, &other)) {
		report_fail("other-vcpu", "does not answer");
		return;
	}
	report_equal("other-vcpu-features", other.one.edx, one.edx);
	report_equal("other-vcpu-apic-id", other.one.ebx >> 24, smp_apic_id(1));
	if (hypercall_is_present()) {
		report_equal("other-vcpu-index", other.vcpu, 1);
	}
}

void test_cpuid(void)
{
	check_promised();
	if (report_needs_bulkhead("hypervisor-leaves")) {
		check_hypervisor_leaves();
		check_hidden();
		check_topology();
	}
	check_osxsave();
	check_xsave_sizes();
	check_upper_halves();
	check_other_cpus();
}
