/* SPDX-License-Identifier: Apache-2.0 */
/* Ports and device addresses of a VM, to its device models. */
#pragma once

#include "hv/device.h"

/* What nobody answers reads as all ones and ignores writes, as on a PC's bus. address: see
 * DEVICE_PORT(). */
uint64_t io_bus_read(struct vcpu *vcpu, uint64_t address, uint32_t size);
void io_bus_write(struct vcpu *vcpu, uint64_t address, uint32_t size, uint64_t value);
