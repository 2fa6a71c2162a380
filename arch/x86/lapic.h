/* SPDX-License-Identifier: Apache-2.0 */
/* What the rest of arch/x86 needs of the local APIC. */
#pragma once

#include <stdint.h>

void lapic_send_others(uint32_t delivery_mode); /* nothing before arch_lapic_init() */

/* Called by trap_stubs.asm for every external interrupt that arch_lapic_reset() lets in. */
void lapic_drain_one(void);
