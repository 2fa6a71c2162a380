/* SPDX-License-Identifier: Apache-2.0 */
/* Index of every model in device_models[]. */
#pragma once

/* In the order of the table: most often hit first. */
enum model {
	MODEL_UART,
	MODEL_CHANNEL, /* ahead of MODEL_VIRTIO, which has the ports of all slots */
	MODEL_LAPIC,
	MODEL_IOAPIC,
	MODEL_RESET,
	MODEL_SLEEP,
	MODEL_MANAGE, /* before MODEL_VIRTIO, which has the ports of every slot */
	MODEL_VIRTIO,
	MODEL_PCI, /* behind MODEL_RESET, whose port lies within its own */
	MODEL_MSIX,
	MODEL_CHANNEL_PAGE,
	MODEL_MARK,
	MODEL_PORTS, /* the last: all ports, whichever else lie among them */
	MODEL_COUNT,
};
