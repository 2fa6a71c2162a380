/* SPDX-License-Identifier: Apache-2.0 */
/* The table of all device models. */
#include "models.h"

#include "vioapic.h"
#include "vlapic.h"
#include "vmark.h"
#include "vpower.h"
#include "vuart.h"

#include "arch/cpu.h"

const struct device_model device_models[] = {
	[MODEL_UART] =
		{
			.name = "uart",
			.state_size = sizeof(struct vuart),
			.port_base = VUART_PORT,
			.port_count = VUART_PORT_COUNT,
			.reset = vuart_reset,
			.port_read = vuart_read,
			.port_write = vuart_write,
		},
	[MODEL_LAPIC] =
		{
			.name = "lapic",
			.state_size = sizeof(struct vlapic) * CPU_MAX,
			.mmio_base = VLAPIC_BASE,
			.mmio_size = VLAPIC_SIZE,
			.mmio_read = vlapic_mmio_read,
			.mmio_write = vlapic_mmio_write,
		},
	[MODEL_IOAPIC] =
		{
			.name = "ioapic",
			.state_size = sizeof(struct vioapic),
			.mmio_base = VIOAPIC_BASE,
			.mmio_size = VIOAPIC_SIZE,
			.reset = vioapic_reset,
			.mmio_read = vioapic_read,
			.mmio_write = vioapic_write,
		},
	[MODEL_RESET] =
		{
			.name = "reset",
			.state_size = sizeof(struct vpower),
			.port_base = VPOWER_RESET_PORT,
			.port_count = 1,
			.reset = vpower_reset,
			.port_read = vpower_reset_read,
			.port_write = vpower_reset_write,
		},
	[MODEL_SLEEP] =
		{
			.name = "sleep",
			.port_base = VPOWER_SLEEP_PORT,
			.port_count = 2,
			.port_read = vpower_sleep_read,
			.port_write = vpower_sleep_write,
		},
	[MODEL_MARK] =
		{
			.name = "mark",
			.port_base = VMARK_PORT,
			.port_count = 1,
			.port_read = vmark_read,
			.port_write = vmark_write,
		},
};

const uint32_t device_model_count = MODEL_COUNT;

_Static_assert(MODEL_COUNT <= DEVICE_MODEL_MAX, "vm.device_state has room for every model");
