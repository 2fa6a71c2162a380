/* SPDX-License-Identifier: Apache-2.0 */
/* Where a partition finds its RAM: known to whoever prepares its memory, and to the hypervisor. */
#pragma once

#include <stdint.h>

/* RAM starts at 0; what exceeds 3 GiB continues at 4 GiB. Between them lie the APICs. */
#define PLATFORM_RAM_LOW_LIMIT UINT64_C(0xc0000000)
#define PLATFORM_RAM_HIGH_BASE UINT64_C(0x100000000)

/* The PCI bus: function n has ports and memory of its own, at fixed places. */
#define PLATFORM_PCI_PORTS        0x1000u
#define PLATFORM_PCI_PORTS_EACH   0x100u
#define PLATFORM_PCI_MEMORY       UINT64_C(0xe0000000)
#define PLATFORM_PCI_MEMORY_EACH  0x1000u
#define PLATFORM_PCI_MSIX_PENDING 0x80u /* in a function's memory; the table is at its start */
/* Virtio functions: where its structures lie in the ports, and the slot of each kind of device. */
#define PLATFORM_VIRTIO_COMMON     0x00u
#define PLATFORM_VIRTIO_NOTIFY     0x38u /* one register for all queues */
#define PLATFORM_VIRTIO_ISR        0x3cu
#define PLATFORM_VIRTIO_CONFIG     0x40u
#define PLATFORM_VIRTIO_CONFIG_END 0x80u
#define PLATFORM_SLOT_CONSOLE      1u
#define PLATFORM_SLOT_NET          2u
#define PLATFORM_SLOT_BLOCK        3u
#define PLATFORM_SLOT_ENTROPY      4u
#define PLATFORM_ENTROPY_QUEUES    1u
#define PLATFORM_CONSOLE_QUEUES    4u
#define PLATFORM_NET_QUEUES        2u
#define PLATFORM_BLOCK_QUEUES      1u
/* The longest request to the disk. */
#define PLATFORM_BLOCK_SEGMENTS     38u
#define PLATFORM_BLOCK_SEGMENT_SIZE 32768u
/* The channel (drivers/model/vchannel.h): its registers lie in memory and in ports. */
#define PLATFORM_SLOT_CHANNEL      5u
#define PLATFORM_CHANNEL_VECTORS   8u
#define PLATFORM_CHANNEL_PORT      (PLATFORM_PCI_PORTS + PLATFORM_SLOT_CHANNEL * PLATFORM_PCI_PORTS_EACH)
#define PLATFORM_CHANNEL_REGISTERS UINT64_C(0xe0100000)
#define PLATFORM_CHANNEL_MEMORY    UINT64_C(0xe0200000)
#define PLATFORM_CHANNEL_SIZE      (UINT64_C(2) << 20) /* one frame, shared by all that have it */
/* The management partition's window (manage_abi.h): RAM of its own, in no memory map. */
#define PLATFORM_SLOT_MANAGE   6u
#define PLATFORM_MANAGE_WINDOW UINT64_C(0x180000)
