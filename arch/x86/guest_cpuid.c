/* SPDX-License-Identifier: Apache-2.0 */
/* Answers a guest's CPUID from the prepared table. */
#include "guest_cpuid.h"

#include "regs.h"
#include "virt_internal.h"

#include "hypercall_abi.h"

#define APIC_ID_SHIFT 24u /* leaf 1, EBX */

/* Either reports the compacted size in leaf 0xD.1. */
#define HAS_COMPACTED (CPUID_D1_EAX_XSAVEC | CPUID_D1_EAX_XSAVES)

/* Bytes of an XSAVE area for `features`, in the standard or the compacted form. */
static uint32_t xsave_size(const struct guest_cpuid *table, uint64_t features, bool is_compacted)
{
	uint32_t size = XSAVE_HEADER_END;

	for (uint32_t i = XSAVE_FIRST_EXTENDED; i < XSAVE_SUBLEAF_COUNT; i++) {
		const struct cpuid_regs *part = &table->xsave[i]; /* zeros: not the guest's */

		if ((features >> i & 1) == 0) {
			continue;
		}
		if (!is_compacted) {
			size = part->eax + part->ebx > size ? part->eax + part->ebx : size;
			continue;
		}
		if ((part->ecx & XSAVE_SUBLEAF_ALIGNED) != 0) {
			size = (size + 63) & ~63u;
		}
		size += part->eax;
	}
	return size;
}

static struct cpuid_regs look_up(const struct guest_cpuid *table, uint32_t leaf, uint32_t subleaf)
{
	if (leaf == CPUID_XSAVE && subleaf < XSAVE_SUBLEAF_COUNT) {
		return table->xsave[subleaf];
	}
	if (leaf < GUEST_CPUID_BASIC_COUNT && (subleaf == 0 || leaf == CPUID_FEATURES)) {
		return table->basic[leaf];
	}
	if (leaf >= CPUID_EXTENDED && (subleaf == 0 || leaf != CPUID_CACHE_AMD)) {
		return table->extended[leaf - CPUID_EXTENDED];
	}
	for (uint32_t i = 0; i < table->subleaf_count; i++) {
		if (table->subleaf[i].leaf == leaf && table->subleaf[i].subleaf == subleaf) {
			return table->subleaf[i].regs;
		}
	}
	return (struct cpuid_regs){0};
}

/* What the table does not know: state of the vCPU. */
static struct cpuid_regs answer_special(const struct guest_cpuid *table,
					const struct guest_cpuid_now *now, uint32_t leaf,
					uint32_t subleaf)
{
	struct cpuid_regs regs = look_up(table, leaf, subleaf);

	switch (leaf) {
	case CPUID_FEATURES:
		regs.ebx |= now->index << APIC_ID_SHIFT;
		regs.ecx |= (now->cr4 & CR4_OSXSAVE) != 0 ? CPUID_1_ECX_OSXSAVE : 0;
		break;
	case CPUID_EXTENDED_FEATURES:
		if (subleaf == 0 && (now->cr4 & CR4_PKE) != 0) {
			regs.ecx |= CPUID_7_ECX_OSPKE;
		}
		break;
	case CPUID_TOPOLOGY:
	case CPUID_TOPOLOGY_V2:
		regs.ecx |= subleaf & 0xff;
		regs.edx = now->index;
		break;
	case CPUID_XSAVE:
		if (subleaf == 0 && table->xcr0_allowed != 0) {
			regs.ebx = xsave_size(table, now->xcr0, false);
		} else if (subleaf == 1 && (regs.eax & HAS_COMPACTED) != 0) {
			regs.ebx = xsave_size(table, now->xcr0, true);
		}
		break;
	case HYPERCALL_CPUID_BASE + 1:
		regs.ebx = now->index;
		break;
	case CPUID_TOPOLOGY_AMD:
		if ((table->extended[1].ecx & CPUID_EXT1_ECX_TOPOEXT) != 0) {
			regs.eax = now->index;
			regs.ebx = now->index & 0xff;
		}
		break;
	default:
		break;
	}
	return regs;
}

static bool is_hypervisor_leaf(uint32_t leaf)
{
	return leaf - CPUID_HYPERVISOR < 0x10000;
}

struct cpuid_regs guest_cpuid_answer(const struct guest_cpuid *table,
				     const struct guest_cpuid_now *now, uint32_t leaf,
				     uint32_t subleaf)
{
	bool is_hypervisor = is_hypervisor_leaf(leaf);
	const struct cpuid_regs *plain;

	if (leaf > table->basic_max && !is_hypervisor &&
	    (leaf < CPUID_EXTENDED || leaf > table->extended_max)) {
		if (table->is_amd != 0) {
			return (struct cpuid_regs){0};
		}
		leaf = table->basic_max; /* SDM 2A, "CPUID - CPU Identification": out of range */
	}
	plain = guest_cpuid_plain(table, leaf);
	return plain != NULL ? *plain
			     : answer_special(table, now, leaf, is_hypervisor ? 0 : subleaf);
}

static void answer(struct vcpu_arch *vcpu, const struct cpuid_regs *regs)
{
	vcpu->gpr[VCPU_RAX] = regs->eax;
	vcpu->gpr[VCPU_RBX] = regs->ebx;
	vcpu->gpr[VCPU_RCX] = regs->ecx;
	vcpu->gpr[VCPU_RDX] = regs->edx;
}

/* Not inlined: the quick way then needs no stack frame. */
__attribute__((noinline)) static void exit_special(struct vcpu_arch *vcpu, uint32_t leaf)
{
	const struct guest_cpuid *table = vcpu->vm->cpuid;
	struct guest_cpuid_now now = {.index = vcpu->index};
	struct cpuid_regs regs;

	if (!is_hypervisor_leaf(leaf)) {
		now.cr4 = arch_vcpu_get(vcpu, VCPU_CR4);
		/* The guest's own while it has this CPU; not every CPU exits on XSETBV. */
		now.xcr0 = table->xcr0_allowed != 0 ? fpu_xcr0() : 0;
	}
	regs = guest_cpuid_answer(table, &now, leaf, low32(vcpu->gpr[VCPU_RCX]));
	answer(vcpu, &regs);
}

/* The instruction has been stepped over. */
void guest_cpuid_exit(struct vcpu_arch *vcpu)
{
	uint32_t leaf = low32(vcpu->gpr[VCPU_RAX]);
	const struct cpuid_regs *plain = guest_cpuid_plain(vcpu->vm->cpuid, leaf);

	if (plain != NULL) {
		answer(vcpu, plain);
	} else {
		exit_special(vcpu, leaf);
	}
}
