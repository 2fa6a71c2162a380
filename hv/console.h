/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's console: the hypervisor's log and the partitions' output, line by line. */
#pragma once

#include "hv/console.h"
#include "log.h"

#include <stdbool.h>

struct boot_info;

void console_init(const struct boot_info *boot);

/* Output of a partition that has stopped in the middle of a line. */
void console_flush(struct vm *vm);

/* The partition that owns the real UART gets what the person typed. On that partition's first CPU,
 * after a kick. */
void console_poll_input(struct vm *owner);

/* From now on nobody waits for the console's lock: the machine is about to stop. */
void console_break_lock(void);
