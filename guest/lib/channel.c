/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and driving the channel. */
#include "channel.h"

#include "apic.h"
#include "cpu.h"

#define CONFIG_ADDRESS 0xcf8u
#define CONFIG_DATA    0xcfcu
#define CONFIG_ENABLE  (1u << 31)
#define CHANNEL_SLOT   5u
#define CHANNEL_ID     0x11101af4u
#define REG_COMMAND    0x04u
#define REG_BAR        0x10u /* and three behind it */
#define REG_MSIX       0x40u
#define COMMAND_ALL    7u /* ports, memory, bus master */
#define MSIX_ENABLE    (1u << 31)
#define BAR_PORT_MASK  (~3u)
#define BAR_MASK       (~15u)

static void select_register(uint32_t offset)
{
	cpu_outl(CONFIG_ADDRESS, CONFIG_ENABLE | CHANNEL_SLOT << 11 | offset);
}

uint32_t channel_config(uint32_t offset)
{
	select_register(offset);
	return cpu_inl(CONFIG_DATA);
}

static void set_config(uint32_t offset, uint32_t value)
{
	select_register(offset);
	cpu_outl(CONFIG_DATA, value);
}

static uint64_t size_of_bar(uint32_t bar)
{
	uint32_t value = channel_config(REG_BAR + bar * 4);
	uint32_t size;

	set_config(REG_BAR + bar * 4, UINT32_MAX);
	size = ~(channel_config(REG_BAR + bar * 4) & BAR_MASK) + 1;
	set_config(REG_BAR + bar * 4, value);
	return size;
}

static uint64_t memory_bar(uint32_t bar)
{
	return channel_config(REG_BAR + bar * 4) & BAR_MASK;
}

void channel_mask(const struct channel *channel, uint32_t vector, bool is_masked)
{
	channel->table[vector * 4 + 3] = is_masked;
}

bool channel_open(struct channel *channel, uint8_t first_vector)
{
	if (channel_config(0) != CHANNEL_ID) {
		return false;
	}
	channel->port = (uint16_t)(channel_config(REG_BAR + 12) & BAR_PORT_MASK);
	channel->page = (volatile uint8_t *)(uintptr_t)memory_bar(0);
	channel->table = (volatile uint32_t *)(uintptr_t)memory_bar(1);
	channel->memory = (volatile uint8_t *)(uintptr_t)memory_bar(2);
	channel->size = size_of_bar(2);
	channel->id = cpu_inl((uint16_t)(channel->port + CHANNEL_POSITION));
	set_config(REG_COMMAND, COMMAND_ALL);
	for (uint32_t i = 0; i < CHANNEL_VECTORS; i++) {
		channel->table[i * 4] = (uint32_t)APIC_PAGE | apic_id() << 12;
		channel->table[i * 4 + 1] = 0;
		channel->table[i * 4 + 2] = first_vector + i;
		channel_mask(channel, i, false);
	}
	set_config(REG_MSIX, channel_config(REG_MSIX) | MSIX_ENABLE);
	return true;
}

void channel_ring(const struct channel *channel, uint32_t peer, uint32_t vector)
{
	cpu_outl((uint16_t)(channel->port + CHANNEL_DOORBELL), peer << 16 | vector);
}
