/* SPDX-License-Identifier: Apache-2.0 */
/* The only door to guest memory. Copy in once, check the copy, use the copy. */
#pragma once

#include "addr.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>

struct vm_arch;

enum hv_status guest_mem_read(const struct vm_arch *vm, gpa_t from, void *to,
			      size_t size) MUST_CHECK;
enum hv_status guest_mem_write(const struct vm_arch *vm, gpa_t to, const void *from,
			       size_t size) MUST_CHECK;
enum hv_status guest_mem_clear(const struct vm_arch *vm, gpa_t from, uint64_t size) MUST_CHECK;
/* Wholly inside the VM's RAM? size > 0. */
bool guest_mem_is_ram(const struct vm_arch *vm, gpa_t from, uint64_t size);
