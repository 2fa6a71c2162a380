/* SPDX-License-Identifier: Apache-2.0 */
/* Ports and device addresses of a VM, to its device models. */
#pragma once

#include "addr.h"

#include <stdint.h>

struct vcpu;

/* What nobody answers reads as all ones and ignores writes, as on a PC's bus. size: 1, 2, 4, 8. */
uint64_t io_bus_port_read(struct vcpu *vcpu, uint16_t port, uint32_t size);
void io_bus_port_write(struct vcpu *vcpu, uint16_t port, uint32_t size, uint64_t value);
uint64_t io_bus_mmio_read(struct vcpu *vcpu, gpa_t address, uint32_t size);
void io_bus_mmio_write(struct vcpu *vcpu, gpa_t address, uint32_t size, uint64_t value);
