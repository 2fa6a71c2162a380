/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's pool: pages of its own region. page_alloc() itself is in arch/upcalls.h. */
#pragma once

#include "addr.h"

/* Takes [base, base + size) as the pool; page aligned. Before any other CPU runs. */
void page_alloc_init(void *base, uint64_t size);

uint32_t page_alloc_total(void); /* pages there are */
uint32_t page_alloc_used(void);  /* pages in use, the pool's own bitmap included */
