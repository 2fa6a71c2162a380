/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of the management partition. */
#pragma once

#include <stdint.h>

struct vm;

/* Does the command in a slot of the window of `caller`, the management partition: reads it once,
 * decodes it in full, acts, writes the answer. Any CPU, no lock held. */
void manage_command(struct vm *caller, uint32_t slot);

/* Tells the management partition, if it runs, that a VM's served disk has requests. Any lock may be
 * held. */
void manage_disk_kick(const struct vm *vm);
