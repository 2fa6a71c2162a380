/* SPDX-License-Identifier: Apache-2.0 */
/* The only door to guest memory. Copy in once, check the copy, use the copy. Reading and writing:
 * guest_mem_read() and guest_mem_write() of arch/upcalls.h. */
#pragma once

#include "arch/upcalls.h"

enum hv_status guest_mem_clear(const struct vm_arch *vm, gpa_t from, uint64_t size) MUST_CHECK;
/* Wholly inside the VM's RAM? size > 0. */
bool guest_mem_is_ram(const struct vm_arch *vm, gpa_t from, uint64_t size);
