/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's own page tables: identity map, changed page by page. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PTE_PRESENT    (UINT64_C(1) << 0)
#define PTE_WRITABLE   (UINT64_C(1) << 1)
#define PTE_USER       (UINT64_C(1) << 2)
#define PTE_ACCESSED   (UINT64_C(1) << 5)
#define PTE_DIRTY      (UINT64_C(1) << 6)
#define PTE_LARGE      (UINT64_C(1) << 7)
#define PTE_NO_EXECUTE (UINT64_C(1) << 63)

/* Maps the 2 MiB round `address` by 4 KiB pages; nothing when it is so already. */
void paging_split(const void *address);

/* The entry that maps the address: of 4 KiB after paging_split(), else of 2 MiB. */
volatile uint64_t *paging_entry(const void *address);
void paging_set_present(const void *address, bool is_present);

/* Identity-maps the 1 GiB round a physical address from 4 GiB up to 512 GiB (2 MiB pages). */
void paging_map_high(uint64_t address);
