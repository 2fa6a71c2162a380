/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes for partitions. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct boot_info;

/* Before any partition: takes the loader's seed. */
void entropy_init(const struct boot_info *boot);

/* Bytes that tell nothing of those before and after them; any CPU. As good as the loader's seed and
 * the CPU's own generator together. */
void entropy_fill(uint8_t *to, size_t size);
