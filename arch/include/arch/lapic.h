/* SPDX-License-Identifier: Apache-2.0 */
/* The real local APIC of the running CPU. */
#pragma once

#include "status.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Registers by their xAPIC page offset (SDM 3A, "Local APIC Register Address Map"), whatever mode
 * the APIC is in; x2APIC's MSR is 0x800 + offset / 16.
 */
#define LAPIC_ID              0x020u
#define LAPIC_VERSION         0x030u
#define LAPIC_TPR             0x080u
#define LAPIC_PPR             0x0a0u
#define LAPIC_EOI             0x0b0u
#define LAPIC_LDR             0x0d0u
#define LAPIC_DFR             0x0e0u
#define LAPIC_SVR             0x0f0u
#define LAPIC_ISR             0x100u
#define LAPIC_IRR             0x200u
#define LAPIC_ESR             0x280u
#define LAPIC_LVT_CMCI        0x2f0u
#define LAPIC_ICR_LOW         0x300u
#define LAPIC_ICR_HIGH        0x310u
#define LAPIC_LVT_TIMER       0x320u
#define LAPIC_LVT_THERMAL     0x330u
#define LAPIC_LVT_PERFORMANCE 0x340u
#define LAPIC_LVT_LINT0       0x350u
#define LAPIC_LVT_LINT1       0x360u
#define LAPIC_LVT_ERROR       0x370u
#define LAPIC_TIMER_INITIAL   0x380u
#define LAPIC_TIMER_CURRENT   0x390u
#define LAPIC_TIMER_DIVIDE    0x3e0u
#define LAPIC_SELF_IPI        0x3f0u

/* Delivery modes, bits 10:8 of ICR and LVT (SDM 3A, "Interrupt Command Register (ICR)"). */
#define LAPIC_DELIVERY_FIXED   0u
#define LAPIC_DELIVERY_LOWEST  1u
#define LAPIC_DELIVERY_NMI     4u
#define LAPIC_DELIVERY_INIT    5u
#define LAPIC_DELIVERY_STARTUP 6u
#define LAPIC_LVT_MASKED       (1u << 16)

/* Enables the APIC, in x2APIC mode where the CPU has it; on each CPU. */
void arch_lapic_init(void);
bool arch_lapic_is_x2apic(void);
bool arch_lapic_has_deadline(void); /* the timer's TSC-deadline mode */
uint32_t arch_lapic_read(uint32_t offset);
void arch_lapic_write(uint32_t offset, uint32_t value);

/* Sends to one CPU by physical APIC ID; waits for the ICR to be idle first (xAPIC). */
void arch_lapic_send(uint32_t apic_id, uint32_t delivery_mode, uint8_t vector);

/*
 * As after INIT: every LVT masked, timer stopped, TPR 0, nothing pending or in service, so that
 * nothing reaches the next guest of this CPU. SVR stays disabled (0xFF), LDR and DFR as reset.
 */
void arch_lapic_reset(void);
