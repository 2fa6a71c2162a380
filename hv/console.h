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

/* What was written since *position, which moves on: by a VM, or (vm NULL) to the log. Returns the
 * number of bytes; what the ring no longer holds is skipped. */
uint32_t console_read(struct vm *vm, uint64_t *position, char *to, uint32_t size);

/* A typed byte, to the console that the partition has written to last; false: no room. */
bool console_input(struct vm *vm, uint8_t byte);

/* If the partition owns the real UART, it gets what the person typed. On that partition's first
 * CPU, after a kick, and at its start: what came while it was stopped has had its interrupt. */
void console_poll_input(struct vm *vm);

/* From now on nobody waits for the console's lock: the machine is about to stop. */
void console_break_lock(void);
