/* SPDX-License-Identifier: Apache-2.0 */
/* The table of all device models. */
#include "models.h"

#include "vchannel.h"
#include "vioapic.h"
#include "virtio_kinds.h"
#include "vlapic.h"
#include "vmanage.h"
#include "vmark.h"
#include "vpower.h"
#include "vuart.h"

#include "arch/cpu.h"

const struct device_model device_models[MODEL_COUNT + 1] = {
	[MODEL_UART] = {.base = DEVICE_PORT(VUART_PORT),
			.size = VUART_PORT_COUNT,
			.state_size = sizeof(struct vuart),
			.reset = vuart_reset,
			.read = vuart_read,
			.write = vuart_write},
	[MODEL_CHANNEL] = {.base = DEVICE_PORT(PLATFORM_CHANNEL_PORT),
			   .size = VCHANNEL_SIZE,
			   .read = vchannel_read,
			   .write = vchannel_write},
	[MODEL_LAPIC] = {.base = VLAPIC_BASE,
			 .size = VLAPIC_SIZE,
			 .state_size = sizeof(struct vlapic) * CPU_MAX,
			 .read = vlapic_read_page,
			 .write = vlapic_write_page},
	[MODEL_IOAPIC] = {.base = VIOAPIC_BASE,
			  .size = VIOAPIC_SIZE,
			  .state_size = sizeof(struct vioapic),
			  .reset = vioapic_reset,
			  .read = vioapic_read,
			  .write = vioapic_write},
	[MODEL_RESET] = {.base = DEVICE_PORT(VPOWER_RESET_PORT),
			 .size = 1,
			 .state_size = sizeof(struct vpower),
			 .read = vpower_read_reset,
			 .write = vpower_write_reset},
	[MODEL_SLEEP] = {.base = DEVICE_PORT(VPOWER_SLEEP_PORT),
			 .size = 2,
			 .read = vpower_read_sleep,
			 .write = vpower_write_sleep},
	[MODEL_MANAGE] = {.base = DEVICE_PORT(PLATFORM_PCI_PORTS +
					      PLATFORM_SLOT_MANAGE * PLATFORM_PCI_PORTS_EACH),
			  .size = PLATFORM_PCI_PORTS_EACH,
			  .read = vmanage_read,
			  .write = vmanage_write},
	[MODEL_VIRTIO] = {.base = DEVICE_PORT(PLATFORM_PCI_PORTS),
			  .size = BOOT_PCI_SLOTS * PLATFORM_PCI_PORTS_EACH,
			  .state_size = sizeof(struct virtio) * BOOT_PCI_SLOTS +
					sizeof(struct virtio_block_request),
			  .reset = virtio_reset,
			  .read = virtio_read,
			  .write = virtio_write},
	[MODEL_PCI] = {.base = DEVICE_PORT(VPCI_PORT),
		       .size = VPCI_PORT_COUNT,
		       .state_size = sizeof(struct vpci),
		       .reset = vpci_reset,
		       .read = vpci_read_config,
		       .write = vpci_write_config},
	[MODEL_MSIX] = {.base = PLATFORM_PCI_MEMORY,
			.size = BOOT_PCI_SLOTS * PLATFORM_PCI_MEMORY_EACH,
			.read = vpci_read_memory,
			.write = vpci_write_memory},
	[MODEL_CHANNEL_PAGE] = {.base = PLATFORM_CHANNEL_REGISTERS,
				.size = PLATFORM_PCI_MEMORY_EACH,
				.read = vchannel_read,
				.write = vchannel_write},
	[MODEL_MARK] = {.base = DEVICE_PORT(VMARK_PORT),
			.size = 1,
			.read = vmark_read,
			.write = vmark_write},
	[MODEL_PORTS] = {.base = DEVICE_PORT(0),
			 .size = PASSTHROUGH_PORT_COUNT,
			 .read = passthrough_read,
			 .write = passthrough_write},
};

_Static_assert(MODEL_COUNT <= DEVICE_MODEL_MAX, "vm.device_state has room for every model");
