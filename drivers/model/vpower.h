/* SPDX-License-Identifier: Apache-2.0 */
/* Reset and power-off ports of a partition. */
#pragma once

#include "hv/device.h"

#define VPOWER_RESET_PORT 0xcf9u
#define VPOWER_SLEEP_PORT 0x600u /* control; status is the next one */
#define VPOWER_S5_TYPE    5u     /* SLP_TYP; for the DSDT */

struct vpower {
	_Atomic uint8_t reset_control;
};

void vpower_reset(void *state, struct vm *vm);
uint64_t vpower_reset_read(void *state, struct vcpu *vcpu, uint32_t offset, uint32_t size);
void vpower_reset_write(void *state, struct vcpu *vcpu, uint32_t offset, uint32_t size,
			uint64_t value);
uint64_t vpower_sleep_read(void *state, struct vcpu *vcpu, uint32_t offset, uint32_t size);
void vpower_sleep_write(void *state, struct vcpu *vcpu, uint32_t offset, uint32_t size,
			uint64_t value);
