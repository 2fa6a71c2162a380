/* SPDX-License-Identifier: Apache-2.0 */
/* Driver of the channel between partitions: ivshmem-doorbell, with registers in ports as well. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CHANNEL_VECTORS  8u
#define CHANNEL_POSITION 8u /* registers */
#define CHANNEL_DOORBELL 12u

struct channel {
	uint32_t id;   /* this partition's among the peers */
	uint16_t port; /* the registers, by both doors */
	volatile uint8_t *page;
	volatile uint8_t *memory;
	uint64_t size;            /* of the memory, bytes */
	volatile uint32_t *table; /* MSI-X: four words each vector */
};

/* Finds the function and lets its vectors arrive at this vCPU as first_vector and those behind it;
 * false: there is none. */
bool channel_open(struct channel *channel, uint8_t first_vector);

/* The configuration space, for what channel_open() does not tell. */
uint32_t channel_config(uint32_t offset);

void channel_ring(const struct channel *channel, uint32_t peer, uint32_t vector);
void channel_mask(const struct channel *channel, uint32_t vector, bool is_masked);
