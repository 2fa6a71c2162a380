/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration space of a partition's PCI bus at power-on. Pure. */
#pragma once

#include "boot_abi.h"

/* devices: CONFIG_DEVICE_*; slots of devices that are not asked for stay empty. */
void guest_pci_build(struct boot_pci pci[BOOT_PCI_SLOTS], uint32_t devices);

/* The management device (manage_abi.h), which only the management partition has. */
void guest_pci_add_manager(struct boot_pci pci[BOOT_PCI_SLOTS]);
