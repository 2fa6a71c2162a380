/* SPDX-License-Identifier: Apache-2.0 */
/* What people are told of the machine's virtualization and of what guards it. Pure. */
#pragma once

#include "virt_abi.h"
#include "virt_plan.h"

#include <stdbool.h>

/* VIRT_FACT_* of what was chosen. is_huge_always: large pages are wanted whatever the CPU. */
uint32_t virt_facts(const struct boot_virt *virt, const struct virt_plan *plan,
		    bool is_huge_always);
