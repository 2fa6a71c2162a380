/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The channel: memory that every partition with this device shares, and doorbells. It is QEMU's
 * ivshmem-doorbell, revision 1 (QEMU, "Device Specification for Inter-VM shared memory device"),
 * with a second door: BAR 3 has BAR 0's registers in ports, whose accesses need not be decoded.
 * Peers are partitions, numbered as in the configuration.
 */
#pragma once

#include <stdint.h>

struct vcpu;

#define VCHANNEL_SIZE 16u /* of the registers */

uint64_t vchannel_read(struct vcpu *vcpu, uint32_t offset, uint32_t size);
void vchannel_write(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value);
