/* SPDX-License-Identifier: Apache-2.0 */
/* Every test of suite.c, in the order of a whole run: one file each, but for the endings. */
#pragma once

void test_hello(void);
void test_cpuid(void);
void test_msr(void);
void test_port_io(void);
void test_uart(void);
void test_memory(void);
void test_acpi(void);
void test_mmio(void);
void test_exceptions(void);
void test_xsave(void);
void test_debug(void);
void test_forbidden(void);
void test_hypercall_bad(void);
void test_clock(void);
void test_timer(void);
void test_irq(void);
void test_nmi(void);
void test_smp(void);
void test_bench(void);
void test_apic_mode(void);
void test_exitless(void);

/* channel.c */
void test_channel(void);
void test_channel_listen(void);
void test_channel_flood(void);

/* heartbeat.c, endings.c */
void test_heartbeat(void);
void test_triple_fault(void);
void test_entry_fail(void);
void test_crash(void);
void test_hole_fetch(void);
void test_bad_cr3(void);
void test_reset(void);
void test_restart(void);
void test_dirty_crash(void);
void test_sleep(void);
void test_storm(void);
void test_console_flood(void);
void test_hang(void);
