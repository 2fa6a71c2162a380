/* SPDX-License-Identifier: Apache-2.0 */
/* From xAPIC to x2APIC mode and what is then allowed; stays in x2APIC mode. */
#include "apic.h"

#include "cpu.h"
#include "report.h"
#include "tests.h"
#include "trap.h"

#include <stddef.h>

#define MSR_OF(offset) (MSR_X2APIC_BASE + (offset) / 16)

static void check_refused(uint64_t base)
{
	report_trap("to-xapic-directly", trap_try_wrmsr(MSR_APIC_BASE, base & ~(uint64_t)APIC_BASE_EXTD),
		    TRAP_GP);
	report_trap("id-write", trap_try_wrmsr(MSR_OF(APIC_ID), 0), TRAP_GP);
	report_trap("ldr-write", trap_try_wrmsr(MSR_OF(APIC_LDR), 0), TRAP_GP);
	report_trap("eoi-not-0", trap_try_wrmsr(MSR_OF(APIC_EOI), 1), TRAP_GP);
	report_trap("eoi-read", trap_try_rdmsr(MSR_OF(APIC_EOI), NULL), TRAP_GP);
	report_trap("tpr-reserved", trap_try_wrmsr(MSR_OF(APIC_TPR), 0x100), TRAP_GP);
	report_trap("svr-reserved", trap_try_wrmsr(MSR_OF(APIC_SVR), UINT64_C(1) << 32), TRAP_GP);
	report_trap("dfr", trap_try_rdmsr(MSR_OF(APIC_DFR), NULL), TRAP_GP);
	report_trap("icr-high", trap_try_rdmsr(MSR_OF(APIC_ICR_HIGH), NULL), TRAP_GP);
	report_trap("unused", trap_try_rdmsr(MSR_X2APIC_BASE + 0x3d, NULL), TRAP_GP);
	report_trap("esr-not-0", trap_try_wrmsr(MSR_OF(APIC_ESR), 1), TRAP_GP);
	report_trap("self-ipi-read", trap_try_rdmsr(MSR_OF(APIC_SELF_IPI), NULL), TRAP_GP);
	report_equal("base-unchanged", cpu_rdmsr(MSR_APIC_BASE), base);
}

void test_apic_mode(void)
{
	uint64_t base = cpu_rdmsr(MSR_APIC_BASE);
	uint32_t id = apic_id();

	if (!apic_has_x2apic()) {
		report_skip("all", "no x2APIC");
		return;
	}
	cpu_write_cr8(5);
	report_trap("enter", trap_try_wrmsr(MSR_APIC_BASE, base | APIC_BASE_EXTD), TRAP_NONE);
	base = cpu_rdmsr(MSR_APIC_BASE);
	report_equal("entered", base & APIC_BASE_EXTD, APIC_BASE_EXTD);
	report_equal("tpr-kept", cpu_rdmsr(MSR_OF(APIC_TPR)), 0x50);
	apic_init();
	report_equal("id-kept", apic_id(), id);
	report_equal("ldr", apic_read(APIC_LDR), (id >> 4) << 16 | 1u << (id & 0xf));
	cpu_write_cr8(0);
	apic_write(APIC_SVR, APIC_SVR_ENABLE | APIC_VECTOR_SPURIOUS);
	report_equal("svr", apic_read(APIC_SVR), APIC_SVR_ENABLE | APIC_VECTOR_SPURIOUS);
	if (report_needs_bulkhead("refused")) {
		check_refused(base);
	}
}
