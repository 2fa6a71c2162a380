/* SPDX-License-Identifier: Apache-2.0 */
/* The local APIC of the vCPU that runs, in whatever mode it is in, and the I/O APIC. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Registers by xAPIC page offset (SDM 3A, "Local APIC Register Address Map"). */
#define APIC_ID            0x020u
#define APIC_VERSION       0x030u
#define APIC_TPR           0x080u
#define APIC_PPR           0x0a0u
#define APIC_EOI           0x0b0u
#define APIC_LDR           0x0d0u
#define APIC_DFR           0x0e0u
#define APIC_SVR           0x0f0u
#define APIC_ISR           0x100u
#define APIC_IRR           0x200u
#define APIC_ESR           0x280u
#define APIC_ICR_LOW       0x300u
#define APIC_ICR_HIGH      0x310u
#define APIC_LVT_TIMER     0x320u
#define APIC_LVT_LINT0     0x350u
#define APIC_LVT_LINT1     0x360u
#define APIC_LVT_ERROR     0x370u
#define APIC_TIMER_INITIAL 0x380u
#define APIC_TIMER_CURRENT 0x390u
#define APIC_TIMER_DIVIDE  0x3e0u
#define APIC_SELF_IPI      0x3f0u

#define APIC_PAGE           UINT64_C(0xfee00000)
#define APIC_BASE_BSP       (1u << 8)
#define APIC_BASE_EXTD      (1u << 10)
#define APIC_BASE_ENABLE    (1u << 11)
#define APIC_SVR_ENABLE     (1u << 8)
#define APIC_LVT_MASKED     (1u << 16)
#define APIC_TIMER_ONE_SHOT 0u
#define APIC_TIMER_PERIODIC (1u << 17)
#define APIC_TIMER_DEADLINE (2u << 17)

/* ICR, low half. */
#define APIC_FIXED   0x000u
#define APIC_NMI     0x400u
#define APIC_INIT    0x500u
#define APIC_STARTUP 0x600u
#define APIC_LOGICAL 0x800u
#define APIC_BUSY    0x1000u
#define APIC_ASSERT  0x4000u
#define APIC_SELF    0x40000u
#define APIC_ALL     0x80000u
#define APIC_OTHERS  0xc0000u

#define APIC_VECTOR_SPURIOUS 0xffu

/* Enables the APIC by SVR; mode as IA32_APIC_BASE has it. After every change of mode. */
void apic_init(void);
bool apic_has_x2apic(void); /* CPUID */
bool apic_is_x2apic(void);  /* the mode as of apic_init() */
void apic_enter_x2apic(void);

uint32_t apic_read(uint32_t offset);
void apic_write(uint32_t offset, uint32_t value);
uint32_t apic_id(void);

void apic_eoi(void);
void apic_eoi_if_in_service(uint8_t vector);      /* leaves spurious interrupts and INT n alone */
bool apic_is_set(uint32_t first, uint8_t vector); /* bit of ISR, TMR or IRR */

/* command: ICR's low half. Waits until the ICR is idle before and after (xAPIC). */
void apic_send(uint32_t destination, uint32_t command);
void apic_send_vector(uint32_t destination, uint8_t vector);

#define IOAPIC_PAGE        UINT64_C(0xfec00000)
#define IOAPIC_SELECT      0x00u
#define IOAPIC_WINDOW      0x10u
#define IOAPIC_REG_ID      0u
#define IOAPIC_REG_VERSION 1u
#define IOAPIC_REG_ENTRY   0x10u
#define IOAPIC_MASKED      (1u << 16)

uint32_t ioapic_read(uint32_t index);
void ioapic_write(uint32_t index, uint32_t value);
void ioapic_route(uint32_t pin, uint8_t destination, uint32_t low);
