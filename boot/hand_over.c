/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the I/O APIC (Intel 82093AA datasheet) and the UART ready for the hypervisor, which gets
 * what is typed by an NMI and needs no I/O APIC for anything else. */
#include "cpu_ops.h"
#include "loader.h"
#include "uart.h"

#define OFFSET_SELECT           0x00u
#define OFFSET_WINDOW           0x10u
#define REG_VERSION             1u
#define REG_ENTRY               0x10u
#define ENTRY_MASKED            BIT32(16)
#define ENTRY_NMI               (4u << 8) /* delivery mode; edge, high, physical */
#define ENTRY_DESTINATION_SHIFT 24u       /* of the high half */
#define PIN_MAX                 240u
#define APIC_ID_MAX             0xfeu /* 0xff is broadcast */

#define COM1 0x3f8u

static uint32_t get(uint64_t base, uint32_t reg)
{
	*(volatile uint32_t *)(base + OFFSET_SELECT) = reg;
	return *(volatile uint32_t *)(base + OFFSET_WINDOW);
}

static void set(uint64_t base, uint32_t reg, uint32_t value)
{
	*(volatile uint32_t *)(base + OFFSET_SELECT) = reg;
	*(volatile uint32_t *)(base + OFFSET_WINDOW) = value;
}

/* Whatever the firmware has left must not reach a CPU that then belongs to a guest. Returns how
 * many pins there are; 0: there is no I/O APIC. */
static uint32_t mask_all(uint64_t base)
{
	uint32_t version = get(base, REG_VERSION);
	uint32_t pin_count = (version >> 16 & 0xff) + 1;

	if (version == UINT32_MAX || (version & 0xff) == 0 || pin_count > PIN_MAX) {
		return 0;
	}
	for (uint32_t pin = 0; pin < pin_count; pin++) {
		set(base, REG_ENTRY + pin * 2, ENTRY_MASKED);
	}
	return pin_count;
}

/* The first CPU of the partition that gets what is typed. False: there is none. */
static bool find_reader(const struct loader *loader, uint32_t *apic_id)
{
	const struct config *config = &loader->file.config;

	for (uint32_t i = 0; i < config->partition_count; i++) {
		if ((config->partitions[i].flags & CONFIG_PARTITION_OWNS_UART0) != 0) {
			*apic_id =
				loader->cpus[__builtin_ctzll(config->partitions[i].cpus)].apic_id;
			return true;
		}
	}
	return false;
}

static uint8_t get_uart(uint32_t reg)
{
	return port_read((uint16_t)(COM1 + reg));
}

static void set_uart(uint32_t reg, uint8_t value)
{
	port_write((uint16_t)(COM1 + reg), value);
}

void console_hand_over(struct loader *loader)
{
	static const struct uart_access uart = {get_uart, set_uart};
	struct boot_info *info = loader->info;
	uint32_t pin_count = mask_all(loader->ioapic);
	uint32_t entry = REG_ENTRY + loader->uart_pin * 2;
	uint32_t apic_id;

	info->has_uart = (info->config.console & CONFIG_CONSOLE_UART0) != 0 && uart_set_up(&uart);
	if (info->has_uart == 0 || loader->uart_pin >= pin_count ||
	    !find_reader(loader, &apic_id) || apic_id > APIC_ID_MAX) {
		return;
	}
	/* Nothing comes before the hypervisor lets the UART ask. */
	set(loader->ioapic, entry + 1, apic_id << ENTRY_DESTINATION_SHIFT);
	set(loader->ioapic, entry, ENTRY_NMI);
	info->is_uart_routed = 1;
}
