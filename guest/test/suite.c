/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel with every test in it; `tests=a,b` on the command line picks. */
#include "test.h"

#include "tests.h"

#include <stddef.h>

const struct guest_test guest_tests[] = {
	{"hello", test_hello},
	{"cpuid", test_cpuid},
	{"msr", test_msr},
	{"port_io", test_port_io},
	{"uart", test_uart},
	{"memory", test_memory},
	{"acpi", test_acpi},
	{"mmio", test_mmio},
	{"exceptions", test_exceptions},
	{"debug", test_debug},
	{"forbidden", test_forbidden},
	{"hypercall_bad", test_hypercall_bad},
	{"clock", test_clock},
	{"timer", test_timer},
	{"irq", test_irq},
	{"smp", test_smp},
	{"xsave", test_xsave},
	{"nmi", test_nmi},
	{NULL, NULL},
};

/* The same again in x2APIC mode follows apic_mode when both are named. */
const struct guest_test guest_endings[] = {
	{"bench", test_bench},
	{"apic_mode", test_apic_mode},
	{"exitless", test_exitless},
	{"timer_x2apic", test_timer},
	{"irq_x2apic", test_irq},
	{"nmi_x2apic", test_nmi},
	{"smp_x2apic", test_smp},
	{"bench_x2apic", test_bench},
	{"channel", test_channel},
	{"channel_listen", test_channel_listen},
	{"channel_flood", test_channel_flood},
	{"heartbeat", test_heartbeat},
	{"storm", test_storm},
	{"console_flood", test_console_flood},
	{"triple_fault", test_triple_fault},
	{"entry_fail", test_entry_fail},
	{"crash", test_crash},
	{"hole_fetch", test_hole_fetch},
	{"bad_cr3", test_bad_cr3},
	{"reset", test_reset},
	{"restart", test_restart},
	{"dirty_crash", test_dirty_crash},
	{"sleep", test_sleep},
	{"hang", test_hang},
	{NULL, NULL},
};
