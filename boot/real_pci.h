/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's PCI functions, as the management partition gets them. Pure over `struct pci_bus`.
 */
#pragma once

#include "boot_abi.h"
#include "memmap.h"
#include "status.h"

/* Configuration space by 32-bit registers. address: bus << 16 | device << 11 | function << 8 |
 * register. */
struct pci_bus {
	uint32_t (*read)(void *context, uint32_t address);
	void (*write)(void *context, uint32_t address, uint32_t value);
	void *context;
};

/*
 * Finds all functions that bridges lead to, and the places of their BARs; they decode nothing while
 * they are sized, then everything is as before. *devices: bit n = device n of bus 0 is taken.
 * On any other result than HV_OK `why` is a text that stays valid until the next call.
 */
MUST_CHECK enum hv_status real_pci_scan(const struct pci_bus *bus, struct boot_passthrough *out,
					uint32_t *devices, const char **why);

/*
 * The first device number such that slot n of `slots` (bit n), at that number plus n, is none of
 * `devices`.
 */
MUST_CHECK enum hv_status real_pci_first_slot(uint32_t devices, uint32_t slots, uint32_t *first);

/* Whether devices lie where something else is: RAM, the APICs, virtual functions. `why` as above.
 */
MUST_CHECK enum hv_status real_pci_check(const struct boot_passthrough *devices,
					 const struct memmap *map, uint64_t ioapic,
					 const char **why);
