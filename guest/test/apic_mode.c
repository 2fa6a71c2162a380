/* SPDX-License-Identifier: Apache-2.0 */
/* From xAPIC to x2APIC mode and what is then allowed; stays in x2APIC mode. */
#include "apic.h"

#include "cpu.h"
#include "report.h"
#include "tests.h"
#include "trap.h"

#include <stddef.h>

#define MSR_OF(offset) (MSR_X2APIC_BASE + (offset) / 16)

/* These registers are the real ones, and QEMU's TCG takes any value. */
static void refused_by_cpu(const char *check, uint32_t offset, uint64_t value)
{
	int vector = trap_try_wrmsr(MSR_OF(offset), value);

	if (cpu_is_amd() && vector == TRAP_NONE) {
		report_skip(check, "this is QEMU's TCG, which differs from a CPU here");
	} else {
		report_trap(check, vector, TRAP_GP);
	}
}

static void check_refused(uint64_t base)
{
	uint64_t svr = cpu_rdmsr(MSR_OF(APIC_SVR));

	report_trap("to-xapic-directly",
		    trap_try_wrmsr(MSR_APIC_BASE, base & ~(uint64_t)APIC_BASE_EXTD), TRAP_GP);
	report_trap("id-write", trap_try_wrmsr(MSR_OF(APIC_ID), 0), TRAP_GP);
	report_trap("ldr-write", trap_try_wrmsr(MSR_OF(APIC_LDR), 0), TRAP_GP);
	refused_by_cpu("eoi-not-0", APIC_EOI, 1);
	report_trap("eoi-read", trap_try_rdmsr(MSR_OF(APIC_EOI), NULL), TRAP_GP);
	refused_by_cpu("tpr-reserved", APIC_TPR, 0x100);
	refused_by_cpu("svr-reserved", APIC_SVR, UINT64_C(1) << 32);
	cpu_wrmsr(MSR_OF(APIC_TPR), 0);
	cpu_wrmsr(MSR_OF(APIC_SVR), svr);
	report_trap("dfr", trap_try_rdmsr(MSR_OF(APIC_DFR), NULL), TRAP_GP);
	report_trap("icr-high", trap_try_rdmsr(MSR_OF(APIC_ICR_HIGH), NULL), TRAP_GP);
	report_trap("unused", trap_try_rdmsr(MSR_X2APIC_BASE + 0x3d, NULL), TRAP_GP);
	refused_by_cpu("esr-not-0", APIC_ESR, 1);
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
