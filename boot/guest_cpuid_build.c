/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the table of a partition's CPUID answers from the host's leaves. */
#include "guest_cpuid_build.h"

#include "guest_cpuid_allow.h"

#include "bits.h"
#include "check.h"
#include "hypercall_abi.h"
#include "str.h"
#include "tsc_hz.h"

#define AMD_EBX   0x68747541u /* "Auth" */
#define HYGON_EBX 0x6f677948u /* "Hygo" */

#define EXTENDED_MAX_INTEL CPUID_ADDRESS_SIZES
#define EXTENDED_MAX_AMD   CPUID_EXTENDED_2

#define CACHE_TYPE_MASK     0x1fu
#define CACHE_LEVEL_SHIFT   5u
#define CACHE_LEVEL_MASK    0x7u
#define CACHE_SHARING_SHIFT 14u
#define CACHE_SHARING_MASK  0xfffu
#define CACHE_CORES_SHIFT   26u
#define CACHE_CORES_MAX     63u
#define CACHE_SUBLEAF_MAX   6u

#define TOPOLOGY_THREAD     1u
#define TOPOLOGY_CORE       2u
#define TOPOLOGY_TYPE_SHIFT 8u

struct build {
	struct guest_cpuid *table;
	guest_cpuid_host *host;
	const void *context;
	uint32_t vcpu_count;
	uint32_t core_shift; /* bits of the APIC ID that name a core */
};

static struct cpuid_regs read_host(const struct build *build, uint32_t leaf, uint32_t subleaf)
{
	return build->host(build->context, leaf, subleaf);
}

static struct cpuid_regs *extended(struct guest_cpuid *table, uint32_t leaf)
{
	return &table->extended[leaf - CPUID_EXTENDED];
}

/* Where the hypervisor looks for it: cpuid_abi.h. */
static void put(struct guest_cpuid *table, uint32_t leaf, uint32_t subleaf, struct cpuid_regs regs)
{
	if (leaf == CPUID_XSAVE) {
		table->xsave[subleaf] = regs;
	} else if (leaf < GUEST_CPUID_BASIC_COUNT && subleaf == 0) {
		table->basic[leaf] = regs;
	} else if (leaf >= CPUID_EXTENDED && subleaf == 0) {
		*extended(table, leaf) = regs;
	} else {
		CHECK(table->subleaf_count < GUEST_CPUID_SUBLEAF_MAX);
		table->subleaf[table->subleaf_count++] =
			(struct cpuid_subleaf){.leaf = leaf, .subleaf = subleaf, .regs = regs};
	}
}

static uint32_t bits_for(uint32_t count)
{
	uint32_t bits = 0;

	while ((1u << bits) < count) {
		bits++;
	}
	return bits;
}

/* One package of vcpu_count cores with one thread each. A cache of the third level is everybody's.
 */
static uint32_t cache_sharing(const struct build *build, uint32_t eax)
{
	uint32_t level = eax >> CACHE_LEVEL_SHIFT & CACHE_LEVEL_MASK;
	uint32_t sharing = level >= 3 ? (1u << build->core_shift) - 1 : 0;

	return (eax & ~(CACHE_SHARING_MASK << CACHE_SHARING_SHIFT)) |
	       sharing << CACHE_SHARING_SHIFT;
}

static void build_features(const struct build *build)
{
	struct cpuid_regs regs = read_host(build, CPUID_FEATURES, 0);

	regs.ecx &= ALLOW_1_ECX;
	regs.ecx |= CPUID_1_ECX_HYPERVISOR;
	regs.edx &= ALLOW_1_EDX;
	/* Reads 0 while firmware has the local APIC off; the hypervisor switches it on. */
	regs.edx |= CPUID_1_EDX_APIC;
	regs.edx |= build->vcpu_count > 1 ? CPUID_1_EDX_HTT : 0;
	regs.ebx &= LEAF1_EBX_BRAND_AND_CLFLUSH;
	regs.ebx |= (1u << build->core_shift & 0xffu) << LEAF1_EBX_COUNT_SHIFT;
	build->table->basic[CPUID_FEATURES] = regs;
}

static void build_caches(const struct build *build)
{
	uint32_t cores = (1u << build->core_shift) - 1;

	cores = cores > CACHE_CORES_MAX ? CACHE_CORES_MAX : cores;
	for (uint32_t i = 0; i < CACHE_SUBLEAF_MAX; i++) {
		struct cpuid_regs regs = read_host(build, CPUID_CACHE, i);

		if ((regs.eax & CACHE_TYPE_MASK) == 0) {
			return;
		}
		regs.eax = cache_sharing(build, regs.eax);
		regs.eax &= (1u << CACHE_CORES_SHIFT) - 1;
		regs.eax |= cores << CACHE_CORES_SHIFT;
		put(build->table, CPUID_CACHE, i, regs);
	}
}

static void build_extended_features(const struct build *build)
{
	struct cpuid_regs regs = read_host(build, CPUID_EXTENDED_FEATURES, 0);
	uint32_t subleaf_max = regs.eax < 2 ? regs.eax : 2;

	regs.eax = subleaf_max;
	regs.ebx &= ALLOW_7_EBX;
	regs.ecx &= ALLOW_7_ECX;
	regs.edx &= ALLOW_7_EDX;
	build->table->basic[CPUID_EXTENDED_FEATURES] = regs;
	if (subleaf_max >= 1) {
		regs = read_host(build, CPUID_EXTENDED_FEATURES, 1);
		put(build->table, CPUID_EXTENDED_FEATURES, 1,
		    (struct cpuid_regs){.eax = regs.eax & ALLOW_7_1_EAX});
	}
	if (subleaf_max >= 2) {
		regs = read_host(build, CPUID_EXTENDED_FEATURES, 2);
		put(build->table, CPUID_EXTENDED_FEATURES, 2,
		    (struct cpuid_regs){.edx = regs.edx & ALLOW_7_2_EDX});
	}
}

static void build_topology(const struct build *build, uint32_t leaf)
{
	uint32_t count = build->vcpu_count;
	struct cpuid_regs thread = {.ebx = 1, .ecx = TOPOLOGY_THREAD << TOPOLOGY_TYPE_SHIFT};
	struct cpuid_regs core = {
		.eax = build->core_shift,
		.ebx = count,
		.ecx = TOPOLOGY_CORE << TOPOLOGY_TYPE_SHIFT | 1,
	};

	put(build->table, leaf, 0, thread);
	put(build->table, leaf, 1, core);
}

/* Whole groups only: AVX needs SSE, AVX-512 its three parts and AVX. */
static uint64_t xcr0_allowed(uint64_t host)
{
	uint64_t allowed = host & ALLOW_XCR0;

	if ((allowed & XCR0_AVX512) != XCR0_AVX512 || (allowed & XCR0_AVX) == 0) {
		allowed &= ~XCR0_AVX512;
	}
	return allowed;
}

static void build_xsave(const struct build *build)
{
	struct guest_cpuid *table = build->table;
	struct cpuid_regs zero = read_host(build, CPUID_XSAVE, 0);
	struct cpuid_regs one = read_host(build, CPUID_XSAVE, 1);
	uint32_t size = XSAVE_HEADER_END;

	if ((table->basic[CPUID_FEATURES].ecx & CPUID_1_ECX_XSAVE) == 0) {
		return;
	}
	table->xcr0_allowed = xcr0_allowed(join32(zero.edx, zero.eax));
	put(table, CPUID_XSAVE, 1, (struct cpuid_regs){.eax = one.eax & ALLOW_D1_EAX});
	for (uint32_t i = XSAVE_FIRST_EXTENDED; i < XSAVE_SUBLEAF_COUNT; i++) {
		struct cpuid_regs part;

		if ((table->xcr0_allowed >> i & 1) == 0) {
			continue;
		}
		part = read_host(build, CPUID_XSAVE, i);
		part.ecx &= XSAVE_SUBLEAF_ALIGNED;
		part.edx = 0;
		put(table, CPUID_XSAVE, i, part);
		size = part.eax + part.ebx > size ? part.eax + part.ebx : size;
	}
	zero.eax = low32(table->xcr0_allowed);
	zero.edx = high32(table->xcr0_allowed);
	zero.ecx = size;
	put(table, CPUID_XSAVE, 0, zero);
}

static void build_basic(const struct build *build)
{
	struct guest_cpuid *table = build->table;
	struct cpuid_regs vendor = read_host(build, CPUID_VENDOR, 0);

	table->is_amd = vendor.ebx == AMD_EBX || vendor.ebx == HYGON_EBX;
	table->basic_max =
		vendor.eax < GUEST_CPUID_BASIC_COUNT ? vendor.eax : GUEST_CPUID_BASIC_COUNT - 1;
	vendor.eax = table->basic_max;
	table->basic[CPUID_VENDOR] = vendor;
	build_features(build);
	table->basic[2] = read_host(build, 2, 0); /* cache and TLB descriptors */
	if (table->basic_max >= CPUID_CACHE && table->is_amd == 0) {
		build_caches(build);
	}
	if (table->basic_max >= CPUID_POWER) {
		table->basic[CPUID_POWER].eax =
			read_host(build, CPUID_POWER, 0).eax & CPUID_6_EAX_ARAT;
	}
	if (table->basic_max >= CPUID_EXTENDED_FEATURES) {
		build_extended_features(build);
	}
	if (table->basic_max >= CPUID_TOPOLOGY) {
		build_topology(build, CPUID_TOPOLOGY);
	}
	if (table->basic_max >= CPUID_XSAVE) {
		build_xsave(build);
	}
	if (table->is_amd == 0 && table->basic_max >= CPUID_TSC) {
		table->basic[CPUID_TSC] = read_host(build, CPUID_TSC, 0);
	}
	if (table->is_amd == 0 && table->basic_max >= CPUID_FREQUENCY) {
		table->basic[CPUID_FREQUENCY] = read_host(build, CPUID_FREQUENCY, 0);
	}
	if (table->basic_max >= CPUID_TOPOLOGY_V2) {
		build_topology(build, CPUID_TOPOLOGY_V2);
	}
	table->plain =
		(uint32_t)(BIT(table->basic_max + 1) - 1) &
		~(BIT32(CPUID_FEATURES) | BIT32(CPUID_CACHE) | BIT32(CPUID_EXTENDED_FEATURES) |
		  BIT32(CPUID_TOPOLOGY) | BIT32(CPUID_XSAVE) | BIT32(CPUID_TOPOLOGY_V2));
}

static void build_amd(const struct build *build)
{
	struct guest_cpuid *table = build->table;
	bool has_topology =
		(extended(table, CPUID_EXTENDED_SIGNATURE)->ecx & CPUID_EXT1_ECX_TOPOEXT) != 0;

	*extended(table, CPUID_CACHE_L1_AMD) = read_host(build, CPUID_CACHE_L1_AMD, 0);
	if (build->vcpu_count > 1) {
		extended(table, CPUID_EXTENDED_SIGNATURE)->ecx |= CPUID_EXT1_ECX_CMP_LEGACY;
	}
	extended(table, CPUID_ADDRESS_SIZES)->ecx = (build->vcpu_count - 1) | build->core_shift
										      << 12;
	for (uint32_t leaf = CPUID_TLB_1G_AMD;
	     leaf <= CPUID_OPTIMIZE_AMD && leaf <= table->extended_max; leaf++) {
		*extended(table, leaf) = read_host(build, leaf, 0);
	}
	for (uint32_t i = 0; has_topology && i < CACHE_SUBLEAF_MAX; i++) {
		struct cpuid_regs regs = read_host(build, CPUID_CACHE_AMD, i);

		if ((regs.eax & CACHE_TYPE_MASK) == 0) {
			break;
		}
		regs.eax = cache_sharing(build, regs.eax);
		put(table, CPUID_CACHE_AMD, i, regs);
	}
	if (table->extended_max >= CPUID_EXTENDED_2) {
		extended(table, CPUID_EXTENDED_2)->eax =
			read_host(build, CPUID_EXTENDED_2, 0).eax & ALLOW_EXT21_EAX;
	}
}

static void build_extended(const struct build *build)
{
	struct guest_cpuid *table = build->table;
	uint32_t limit = table->is_amd != 0 ? EXTENDED_MAX_AMD : EXTENDED_MAX_INTEL;
	struct cpuid_regs regs = read_host(build, CPUID_EXTENDED, 0);

	table->extended_max = regs.eax < limit ? regs.eax : limit;
	regs.eax = table->extended_max;
	table->extended[0] = regs;
	regs = read_host(build, CPUID_EXTENDED_SIGNATURE, 0);
	regs.ecx &= ALLOW_EXT1_ECX;
	regs.edx &= table->is_amd != 0 ? ALLOW_EXT1_EDX_AMD : ALLOW_EXT1_EDX_COMMON;
	*extended(table, CPUID_EXTENDED_SIGNATURE) = regs;
	for (uint32_t leaf = CPUID_BRAND; leaf < CPUID_BRAND + 3; leaf++) {
		*extended(table, leaf) = read_host(build, leaf, 0);
	}
	*extended(table, CPUID_CACHE_L2) = read_host(build, CPUID_CACHE_L2, 0);
	if (table->extended_max >= CPUID_INVARIANT_TSC) {
		extended(table, CPUID_INVARIANT_TSC)->edx =
			read_host(build, CPUID_INVARIANT_TSC, 0).edx & CPUID_EXT7_EDX_INVARIANT_TSC;
	}
	if (table->extended_max >= CPUID_ADDRESS_SIZES) {
		regs = read_host(build, CPUID_ADDRESS_SIZES, 0);
		extended(table, CPUID_ADDRESS_SIZES)->eax = regs.eax & 0xffffu;
		extended(table, CPUID_ADDRESS_SIZES)->ebx = regs.ebx & ALLOW_EXT8_EBX;
	}
	if (table->is_amd != 0 && table->extended_max >= CPUID_ADDRESS_SIZES) {
		build_amd(build);
	}
}

/* What the guest may set in CR4 and EFER follows from what it is shown. */
static void build_controls(struct guest_cpuid *table)
{
	const struct cpuid_regs *one = &table->basic[CPUID_FEATURES];
	const struct cpuid_regs *seven = &table->basic[CPUID_EXTENDED_FEATURES];
	const struct cpuid_regs *ext1 = extended(table, CPUID_EXTENDED_SIGNATURE);

	table->cr4_allowed = CR4_ALWAYS;
	table->cr4_allowed |= (one->ecx & CPUID_1_ECX_PCID) != 0 ? CR4_PCIDE : 0;
	table->cr4_allowed |= (one->ecx & CPUID_1_ECX_XSAVE) != 0 ? CR4_OSXSAVE : 0;
	table->cr4_allowed |= (seven->ebx & CPUID_7_EBX_FSGSBASE) != 0 ? CR4_FSGSBASE : 0;
	table->cr4_allowed |= (seven->ebx & CPUID_7_EBX_SMEP) != 0 ? CR4_SMEP : 0;
	table->cr4_allowed |= (seven->ebx & CPUID_7_EBX_SMAP) != 0 ? CR4_SMAP : 0;
	table->cr4_allowed |= (seven->ecx & CPUID_7_ECX_UMIP) != 0 ? CR4_UMIP : 0;
	table->cr4_allowed |= (seven->ecx & CPUID_7_ECX_PKU) != 0 ? CR4_PKE : 0;
	table->efer_allowed = (ext1->edx & CPUID_EXT1_EDX_SYSCALL) != 0 ? EFER_SCE : 0;
	table->efer_allowed |= (ext1->edx & CPUID_EXT1_EDX_LM) != 0 ? EFER_LME | EFER_LMA : 0;
	table->efer_allowed |= (ext1->edx & CPUID_EXT1_EDX_NX) != 0 ? EFER_NXE : 0;
	table->efer_allowed |=
		table->is_amd != 0 && (ext1->edx & CPUID_EXT1_EDX_FFXSR) != 0 ? EFER_FFXSR : 0;
}

static void build_hypervisor(struct guest_cpuid *table, uint32_t vcpu_count)
{
	table->hypervisor[0] = (struct cpuid_regs){CPUID_KVM_TIMING, KVM_SIGNATURE_EBX,
						   KVM_SIGNATURE_ECX, KVM_SIGNATURE_EDX};
	table->hypervisor[1].eax = KVM_FEATURE_NOP_IO_DELAY | KVM_FEATURE_CLOCKSOURCE2 |
				   KVM_FEATURE_CLOCKSOURCE_STABLE;
	put(table, HYPERCALL_CPUID_BASE, 0,
	    (struct cpuid_regs){HYPERCALL_CPUID_BASE + 1, HYPERCALL_SIGNATURE_EBX,
				HYPERCALL_SIGNATURE_ECX, HYPERCALL_SIGNATURE_EDX});
	put(table, HYPERCALL_CPUID_BASE + 1, 0,
	    (struct cpuid_regs){.eax = HYPERCALL_ABI_VERSION, .ecx = vcpu_count});
}

void guest_cpuid_build(struct guest_cpuid *table, guest_cpuid_host *host, const void *context,
		       uint32_t vcpu_count)
{
	struct build build = {
		.table = table,
		.host = host,
		.context = context,
		.vcpu_count = vcpu_count,
		.core_shift = bits_for(vcpu_count),
	};

	CHECK(vcpu_count >= 1 && vcpu_count <= 255);
	memset(table, 0, sizeof(*table));
	build_hypervisor(table, vcpu_count);
	build_basic(&build);
	build_extended(&build);
	build_controls(table);
}

void guest_cpuid_time(struct guest_cpuid *table, uint64_t tsc_hz, uint64_t apic_timer_hz)
{
	put(table, CPUID_KVM_TIMING, 0,
	    (struct cpuid_regs){.eax = (uint32_t)(tsc_hz / 1000),
				.ebx = (uint32_t)(apic_timer_hz / 1000)});
}
