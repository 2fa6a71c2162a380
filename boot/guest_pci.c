/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host bridge, and modern virtio devices (PCI Local Bus Specification 3.0, "Configuration Space";
 * virtio 1.2, "Virtio Over PCI Bus"). BAR 0 is ports, with all virtio structures: no access to them
 * has to be decoded. BAR 1 is a page of memory with the MSI-X table, which may lie nowhere else.
 */
#include "guest_pci.h"

#include "bits.h"
#include "manage_abi.h"
#include "platform_abi.h"
#include "str.h"

/* Header type 0: registers of 32 bits. */
#define REG_ID        0u
#define REG_COMMAND   1u
#define REG_CLASS     2u
#define REG_BAR0      4u
#define REG_BAR1      5u
#define REG_BAR2      6u
#define REG_BAR3      7u
#define REG_SUBSYSTEM 11u
#define REG_POINTER   13u
#define REG_VIRTIO    (BOOT_PCI_MSIX + 3) /* the first capability behind MSI-X */

#define COMMAND_WRITABLE    0x0407u /* I/O, memory, bus master, INTx disable */
#define STATUS_CAPABILITIES BIT32(20)
#define BAR_IO              1u
#define BAR_PREFETCHABLE    8u

#define BRIDGE_ID       0x00081b36u /* "QEMU PCIe Host bridge": generic, known to every kernel */
#define BRIDGE_CLASS    0x06000000u
#define VIRTIO_VENDOR   0x1af4u
#define VIRTIO_DEVICE   0x1040u /* + virtio device ID */
#define REVISION_MODERN 1u
#define MANAGER_CLASS   0xff000000u /* of no class */

/* QEMU, "Device Specification for Inter-VM shared memory device". */
#define CHANNEL_ID        0x11101af4u
#define CHANNEL_SUBSYSTEM 0x11001af4u
#define CHANNEL_CLASS     0x05000001u /* memory, RAM; revision 1 */

#define CAPABILITY_MSIX     0x11u
#define CAPABILITY_VENDOR   0x09u
#define MSIX_WRITABLE       0xc0000000u /* enable, function mask */
#define MSIX_BAR            1u
#define CONSOLE_COLUMNS     80u
#define CONSOLE_ROWS        25u
#define MAC_START           0x00484252u /* 52:42:48:00, locally administered */
#define NET_LINK_UP         1u          /* virtio 1.2, "Network Device": status */
#define NOTIFY_EXTRA_LENGTH 4u          /* the multiplier, 0 */

/* virtio 1.2, "Virtio Structure PCI Capabilities": cfg_type. */
enum structure {
	STRUCTURE_COMMON = 1,
	STRUCTURE_NOTIFY,
	STRUCTURE_ISR,
	STRUCTURE_DEVICE,
};

static const struct {
	uint32_t type;
	uint32_t offset;
	uint32_t end;
} structures[] = {
	{STRUCTURE_COMMON, PLATFORM_VIRTIO_COMMON, PLATFORM_VIRTIO_NOTIFY},
	{STRUCTURE_NOTIFY, PLATFORM_VIRTIO_NOTIFY, PLATFORM_VIRTIO_NOTIFY + 2},
	{STRUCTURE_ISR, PLATFORM_VIRTIO_ISR, PLATFORM_VIRTIO_ISR + 1},
	{STRUCTURE_DEVICE, PLATFORM_VIRTIO_CONFIG, PLATFORM_VIRTIO_CONFIG_END},
};

static const struct {
	uint32_t slot;
	uint32_t bits;       /* CONFIG_DEVICE_*, any */
	uint32_t type;       /* virtio 1.2, "Device Types" */
	uint32_t class_code; /* base class, sub-class, interface */
	uint32_t queues;
	uint32_t config[4]; /* where its own configuration starts */
} devices_known[] = {
	{PLATFORM_SLOT_CONSOLE,
	 CONFIG_DEVICE_CONSOLE,
	 3,
	 0x078000,
	 PLATFORM_CONSOLE_QUEUES,
	 {CONSOLE_COLUMNS | CONSOLE_ROWS << 16, 1 /* port */}},
	{PLATFORM_SLOT_BLOCK,
	 CONFIG_DEVICE_BLOCK0 | CONFIG_DEVICE_SERVED0,
	 2,
	 0x018000,
	 PLATFORM_BLOCK_QUEUES,
	 {0, 0 /* sectors: image.c */, PLATFORM_BLOCK_SEGMENT_SIZE, PLATFORM_BLOCK_SEGMENTS}},
	{PLATFORM_SLOT_NET,
	 CONFIG_DEVICE_NET0,
	 1,
	 0x020000,
	 PLATFORM_NET_QUEUES,
	 {MAC_START, NET_LINK_UP << 16}},
	{PLATFORM_SLOT_ENTROPY, CONFIG_DEVICE_ENTROPY, 4, 0xff0000, PLATFORM_ENTROPY_QUEUES, {0}},
};

static void add_structures(struct boot_pci *pci)
{
	uint32_t reg = REG_VIRTIO;

	for (uint32_t i = 0; i < ARRAY_COUNT(structures); i++) {
		bool is_last = i + 1 == ARRAY_COUNT(structures);
		uint32_t words = structures[i].type == STRUCTURE_NOTIFY ? 5 : 4;
		uint32_t next = is_last ? 0 : (reg + words) * 4;

		pci->value[reg] =
			CAPABILITY_VENDOR | next << 8 | words * 4 << 16 | structures[i].type << 24;
		pci->value[reg + 2] = structures[i].offset;
		pci->value[reg + 3] = structures[i].end - structures[i].offset;
		reg += words;
	}
}

/* The guest may write BARs, so that it can find out their size; where they decode does not change.
 */
static void add_bars(struct boot_pci *pci, uint32_t slot)
{
	pci->value[REG_BAR0] = (PLATFORM_PCI_PORTS + slot * PLATFORM_PCI_PORTS_EACH) | BAR_IO;
	pci->writable[REG_BAR0] = ~(PLATFORM_PCI_PORTS_EACH - 1u);
	pci->value[REG_BAR1] = low32(PLATFORM_PCI_MEMORY + slot * PLATFORM_PCI_MEMORY_EACH);
	pci->writable[REG_BAR1] = ~(PLATFORM_PCI_MEMORY_EACH - 1u);
}

static void add_virtio(struct boot_pci *pci, uint32_t index)
{
	uint32_t id = VIRTIO_VENDOR | (VIRTIO_DEVICE + devices_known[index].type) << 16;

	pci->value[REG_ID] = id;
	pci->value[REG_COMMAND] = STATUS_CAPABILITIES;
	pci->writable[REG_COMMAND] = COMMAND_WRITABLE;
	pci->value[REG_CLASS] = devices_known[index].class_code << 8 | REVISION_MODERN;
	add_bars(pci, devices_known[index].slot);
	pci->value[REG_SUBSYSTEM] = id;
	pci->value[REG_POINTER] = BOOT_PCI_MSIX * 4;
	/* One vector for each queue and one for the configuration; the field is that less one. */
	pci->value[BOOT_PCI_MSIX] =
		CAPABILITY_MSIX | REG_VIRTIO * 4 << 8 | devices_known[index].queues << 16;
	pci->writable[BOOT_PCI_MSIX] = MSIX_WRITABLE;
	pci->value[BOOT_PCI_MSIX + 1] = MSIX_BAR;
	pci->value[BOOT_PCI_MSIX + 2] = PLATFORM_PCI_MSIX_PENDING | MSIX_BAR;
	add_structures(pci);
	memcpy(pci->config, devices_known[index].config, sizeof(pci->config));
}

/* BARs 0 to 2 are ivshmem's; BAR 3 is the registers again. Whatever the guest writes, BARs stay. */
static void add_channel(struct boot_pci *pci)
{
	pci->value[REG_ID] = CHANNEL_ID;
	pci->value[REG_COMMAND] = STATUS_CAPABILITIES;
	pci->writable[REG_COMMAND] = COMMAND_WRITABLE;
	pci->value[REG_CLASS] = CHANNEL_CLASS;
	add_bars(pci, PLATFORM_SLOT_CHANNEL);
	pci->value[REG_BAR3] = PLATFORM_CHANNEL_PORT | BAR_IO;
	pci->writable[REG_BAR3] = pci->writable[REG_BAR0];
	pci->value[REG_BAR0] = low32(PLATFORM_CHANNEL_REGISTERS);
	pci->writable[REG_BAR0] = pci->writable[REG_BAR1];
	pci->value[REG_BAR2] = low32(PLATFORM_CHANNEL_MEMORY) | BAR_PREFETCHABLE;
	pci->writable[REG_BAR2] = ~low32(PLATFORM_CHANNEL_SIZE - 1);
	pci->value[REG_SUBSYSTEM] = CHANNEL_SUBSYSTEM;
	pci->value[REG_POINTER] = BOOT_PCI_MSIX * 4;
	pci->value[BOOT_PCI_MSIX] = CAPABILITY_MSIX | (PLATFORM_CHANNEL_VECTORS - 1) << 16;
	pci->writable[BOOT_PCI_MSIX] = MSIX_WRITABLE;
	pci->value[BOOT_PCI_MSIX + 1] = MSIX_BAR;
	pci->value[BOOT_PCI_MSIX + 2] = PLATFORM_PCI_MSIX_PENDING | MSIX_BAR;
}

void guest_pci_build(struct boot_pci pci[BOOT_PCI_SLOTS], uint32_t devices)
{
	memset(pci, 0, sizeof(*pci) * BOOT_PCI_SLOTS);
	pci[0].value[REG_ID] = BRIDGE_ID;
	pci[0].value[REG_CLASS] = BRIDGE_CLASS;
	for (uint32_t i = 0; i < ARRAY_COUNT(devices_known); i++) {
		if ((devices & devices_known[i].bits) != 0) {
			add_virtio(&pci[devices_known[i].slot], i);
		}
	}
	if ((devices & CONFIG_DEVICE_CHANNEL0) != 0) {
		add_channel(&pci[PLATFORM_SLOT_CHANNEL]);
	}
}

void guest_pci_add_manager(struct boot_pci pci[BOOT_PCI_SLOTS])
{
	struct boot_pci *manager = &pci[PLATFORM_SLOT_MANAGE];

	manager->value[REG_ID] = MANAGE_VENDOR | MANAGE_DEVICE << 16;
	manager->writable[REG_COMMAND] = COMMAND_WRITABLE;
	manager->value[REG_CLASS] = MANAGER_CLASS | MANAGE_VERSION;
	manager->value[REG_BAR0] =
		(PLATFORM_PCI_PORTS + PLATFORM_SLOT_MANAGE * PLATFORM_PCI_PORTS_EACH) | BAR_IO;
	manager->writable[REG_BAR0] = ~(PLATFORM_PCI_PORTS_EACH - 1u);
	manager->value[REG_BAR2] = low32(PLATFORM_MANAGE_WINDOW) | BAR_PREFETCHABLE;
	manager->writable[REG_BAR2] = ~low32(MANAGE_WINDOW_SIZE - 1);
}
