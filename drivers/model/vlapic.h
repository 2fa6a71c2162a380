/* SPDX-License-Identifier: Apache-2.0 */
/* The local APIC of a vCPU: the registers that are not the real APIC's. */
#pragma once

#include "hv/device.h"

#define VLAPIC_BASE      UINT64_C(0xfee00000)
#define VLAPIC_SIZE      0x1000u
#define VLAPIC_SOFT_LVTS 4u /* thermal, performance, LINT0, LINT1: consecutive registers */

/* Bits of ESR that the model raises (SDM 3A, "Error Status Register (ESR)"). */
#define VLAPIC_ERROR_ACCEPT   0x04u /* nobody took the message */
#define VLAPIC_ERROR_VECTOR   0x20u /* sent vector below 16 */
#define VLAPIC_ERROR_REGISTER 0x80u /* no such register */

/* One per vCPU, by its index; touched by the vCPU's own CPU only. */
struct vlapic {
	uint32_t icr_low;
	uint32_t icr_high; /* x2APIC: the whole destination */
	uint32_t error_pending;
	uint32_t error; /* latched by a write to ESR */
	uint32_t lvt[VLAPIC_SOFT_LVTS];
};

device_read vlapic_read_page;
device_write vlapic_write_page;

/* Sends what was written to ICR; vlapic_icr.c. */
void vlapic_icr_send(struct vlapic *lapic, struct vcpu *vcpu, uint32_t low, uint32_t destination);
