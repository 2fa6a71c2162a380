/* SPDX-License-Identifier: Apache-2.0 */
/* CPUID for code above the arch contract. */
#include "arch/cpu.h"
#include "regs.h"

void arch_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t registers[4])
{
	struct cpuid_regs regs = regs_cpuid(leaf, subleaf);

	registers[0] = regs.eax;
	registers[1] = regs.ebx;
	registers[2] = regs.ecx;
	registers[3] = regs.edx;
}
