/* SPDX-License-Identifier: Apache-2.0 */
/* Machine-check banks: they belong to the hypervisor (SDM 3B, "Machine-Check Architecture"). */
#include "log.h"
#include "msr.h"
#include "regs.h"
#include "traps.h"

/* MCG_CAP; 0: there are no banks. */
static uint64_t capabilities(void)
{
	uint64_t value;

	return (regs_cpuid(CPUID_FEATURES, 0).edx & CPUID_1_EDX_MCA) != 0 &&
			       msr_read_safe(MSR_IA32_MCG_CAP, &value)
		       ? value
		       : 0;
}

void mce_take(void)
{
	uint32_t count = (uint32_t)(capabilities() & MCG_CAP_COUNT);
	uint64_t status;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t bank = i * MSR_IA32_MC_STRIDE;
		uint64_t address = 0;

		if (!msr_read_safe(MSR_IA32_MC0_STATUS + bank, &status) ||
		    (status & MC_STATUS_VAL) == 0) {
			continue;
		}
		if ((status & MC_STATUS_ADDRV) != 0) {
			(void)msr_read_safe(MSR_IA32_MC0_ADDR + bank, &address);
		}
		log_error("machine check: bank %u status %016lx address %016lx", i, status,
			  address);
		(void)msr_write_safe(MSR_IA32_MC0_STATUS + bank, 0);
	}
	if (count > 0) {
		/* MCIP: with it set, the next machine check would shut the CPU down. */
		(void)msr_write_safe(MSR_IA32_MCG_STATUS, 0);
	}
}

void mce_init(void)
{
	uint64_t found = capabilities();
	uint32_t count = (uint32_t)(found & MCG_CAP_COUNT);

	if (count > 0 && (found & MCG_CAP_CTL) != 0) {
		(void)msr_write_safe(MSR_IA32_MCG_CTL, ~UINT64_C(0));
	}
	for (uint32_t i = 0; i < count; i++) {
		(void)msr_write_safe(MSR_IA32_MC0_CTL + i * MSR_IA32_MC_STRIDE, ~UINT64_C(0));
	}
	/* What an earlier boot left behind is worth a line before it goes. */
	mce_take();
}
