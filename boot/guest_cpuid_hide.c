/* SPDX-License-Identifier: Apache-2.0 */
/* Takes out of a table what the CPU has and its virtualization does not let a guest use. */
#include "bits.h"
#include "guest_cpuid_build.h"

void guest_cpuid_hide(struct guest_cpuid *table, const struct guest_features *features)
{
	struct cpuid_regs *one = &table->basic[CPUID_FEATURES];
	struct cpuid_regs *seven = &table->basic[CPUID_EXTENDED_FEATURES];
	struct cpuid_regs *extended = table->extended;
	const struct {
		bool is_there;
		uint32_t bits;
		uint32_t *word;
	} rows[] = {
		{features->has_pcid, CPUID_1_ECX_PCID, &one->ecx},
		{features->has_invpcid, CPUID_7_EBX_INVPCID, &seven->ebx},
		{features->has_rdtscp, CPUID_7_ECX_RDPID, &seven->ecx},
		{features->has_rdtscp, CPUID_EXT1_EDX_RDTSCP, &extended[1].edx},
		{features->has_waitpkg, CPUID_7_ECX_WAITPKG, &seven->ecx},
		{features->has_xsavec, CPUID_D1_EAX_XSAVEC, &table->xsave[1].eax},
		{features->has_xsaves, CPUID_D1_EAX_XSAVES, &table->xsave[1].eax},
		{features->has_spec_ctrl, CPUID_7_EDX_SPECULATION, &seven->edx},
		{features->has_spec_ctrl, CPUID_EXT8_EBX_SPECULATION, &extended[8].ebx},
	};

	for (uint32_t i = 0; i < ARRAY_COUNT(rows); i++) {
		*rows[i].word &= rows[i].is_there ? UINT32_MAX : ~rows[i].bits;
	}
	table->cr4_allowed &= features->has_pcid ? UINT64_MAX : ~CR4_PCIDE;
}
