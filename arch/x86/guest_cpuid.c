/* SPDX-License-Identifier: Apache-2.0 */
/* Answers a guest's CPUID from the prepared table. */
#include "guest_cpuid.h"

#include "guest_cpuid_allow.h"
#include "virt_internal.h"

#include "hypercall_abi.h"

/* Either reports the compacted size in leaf 0xD.1. */
#define HAS_COMPACTED (CPUID_D1_EAX_XSAVEC | CPUID_D1_EAX_XSAVES)

static const struct cpuid_regs *find_subleaf(const struct guest_cpuid *table, uint32_t leaf,
					     uint32_t subleaf)
{
	for (uint32_t i = 0; i < table->subleaf_count; i++) {
		if (table->subleaf[i].leaf == leaf && table->subleaf[i].subleaf == subleaf) {
			return &table->subleaf[i].regs;
		}
	}
	return NULL;
}

/* Bytes of an XSAVE area for `features`, in the standard or the compacted form. */
static uint32_t xsave_size(const struct guest_cpuid *table, uint64_t features, bool is_compacted)
{
	uint32_t size = XSAVE_HEADER_END;

	for (uint32_t i = XSAVE_FIRST_EXTENDED; i < XSAVE_SUBLEAF_MAX; i++) {
		const struct cpuid_regs *part;

		if ((features >> i & 1) == 0) {
			continue;
		}
		part = find_subleaf(table, CPUID_XSAVE, i);
		if (part == NULL) {
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

static struct cpuid_regs answer_hypervisor(const struct guest_cpuid *table,
					   const struct guest_cpuid_now *now, uint32_t leaf)
{
	switch (leaf) {
	case CPUID_HYPERVISOR:
		return (struct cpuid_regs){KVM_LEAF_MAX, KVM_SIGNATURE_EBX, KVM_SIGNATURE_ECX,
					   KVM_SIGNATURE_EDX};
	case CPUID_HYPERVISOR + 1:
		return (struct cpuid_regs){.eax = KVM_FEATURE_NOP_IO_DELAY |
						  KVM_FEATURE_CLOCKSOURCE2 |
						  KVM_FEATURE_CLOCKSOURCE_STABLE};
	case KVM_LEAF_MAX:
		return (struct cpuid_regs){.eax = table->tsc_khz, .ebx = table->apic_timer_khz};
	case HYPERCALL_CPUID_BASE:
		return (struct cpuid_regs){HYPERCALL_CPUID_BASE + 1, HYPERCALL_SIGNATURE_EBX,
					   HYPERCALL_SIGNATURE_ECX, HYPERCALL_SIGNATURE_EDX};
	case HYPERCALL_CPUID_BASE + 1:
		return (struct cpuid_regs){HYPERCALL_ABI_VERSION, now->index, table->vcpu_count, 0};
	default:
		return (struct cpuid_regs){0};
	}
}

static struct cpuid_regs answer_extended(const struct guest_cpuid *table,
					 const struct guest_cpuid_now *now, uint32_t leaf,
					 uint32_t subleaf)
{
	const struct cpuid_regs *found;

	if (leaf == 0x8000001du) {
		found = find_subleaf(table, leaf, subleaf);
		return found != NULL ? *found : (struct cpuid_regs){0};
	}
	if (leaf == CPUID_TOPOLOGY_AMD) {
		bool is_shown = (table->extended[1].ecx & CPUID_EXT1_ECX_TOPOEXT) != 0;

		return is_shown ? (struct cpuid_regs){.eax = now->index, .ebx = now->index & 0xff}
				: (struct cpuid_regs){0};
	}
	return table->extended[leaf - CPUID_EXTENDED];
}

/* Leaves with sub-leaves, and those that show the vCPU's own state. */
static struct cpuid_regs answer_special(const struct guest_cpuid *table,
					const struct guest_cpuid_now *now, uint32_t leaf,
					uint32_t subleaf)
{
	const struct cpuid_regs *found = find_subleaf(table, leaf, subleaf);
	struct cpuid_regs regs = found != NULL ? *found : (struct cpuid_regs){0};

	switch (leaf) {
	case CPUID_FEATURES:
		regs = table->basic[CPUID_FEATURES];
		regs.ebx |= now->index << LEAF1_EBX_APIC_ID_SHIFT;
		regs.ecx |= (now->cr4 & CR4_OSXSAVE) != 0 ? CPUID_1_ECX_OSXSAVE : 0;
		break;
	case CPUID_EXTENDED_FEATURES:
		if (subleaf == 0 && (now->cr4 & CR4_PKE) != 0) {
			regs.ecx |= CPUID_7_ECX_OSPKE;
		}
		break;
	case CPUID_TOPOLOGY:
	case CPUID_TOPOLOGY_V2:
		if (found == NULL) {
			regs.ecx = subleaf & 0xff;
		}
		regs.edx = now->index;
		break;
	case CPUID_XSAVE:
		if (found != NULL && subleaf == 0) {
			regs.ebx = xsave_size(table, now->xcr0, false);
		} else if (found != NULL && subleaf == 1 && (regs.eax & HAS_COMPACTED) != 0) {
			regs.ebx = xsave_size(table, now->xcr0, true);
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
	const struct cpuid_regs *plain;

	if (is_hypervisor_leaf(leaf)) {
		return answer_hypervisor(table, now, leaf);
	}
	if (leaf >= CPUID_EXTENDED && leaf <= table->extended_max) {
		return answer_extended(table, now, leaf, subleaf);
	}
	if (leaf > table->basic_max) {
		if (table->is_amd) {
			return (struct cpuid_regs){0};
		}
		leaf = table->basic_max; /* SDM 2A, "CPUID - CPU Identification": out of range */
	}
	plain = guest_cpuid_plain(table, leaf);
	return plain != NULL ? *plain : answer_special(table, now, leaf, subleaf);
}

/* The instruction has been stepped over. */
void guest_cpuid_exit(struct vcpu_arch *vcpu)
{
	const struct guest_cpuid *table = vcpu->vm->cpuid;
	uint32_t leaf = low32(vcpu->gpr[VCPU_RAX]);
	const struct cpuid_regs *plain = guest_cpuid_plain(table, leaf);
	struct cpuid_regs regs;

	if (plain == NULL) {
		struct guest_cpuid_now now = {.index = vcpu->index};

		if (!is_hypervisor_leaf(leaf)) {
			now.cr4 = arch_vcpu_get(vcpu, VCPU_CR4);
			/* The guest's own while it has this CPU; not every CPU exits on XSETBV. */
			now.xcr0 = table->xcr0_allowed != 0 ? fpu_xcr0() : 0;
		}
		regs = guest_cpuid_answer(table, &now, leaf, low32(vcpu->gpr[VCPU_RCX]));
		plain = &regs;
	}
	vcpu->gpr[VCPU_RAX] = plain->eax;
	vcpu->gpr[VCPU_RBX] = plain->ebx;
	vcpu->gpr[VCPU_RCX] = plain->ecx;
	vcpu->gpr[VCPU_RDX] = plain->edx;
}
