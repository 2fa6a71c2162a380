/* SPDX-License-Identifier: Apache-2.0 */
/* What the rest of arch/x86 and the backends need of the running CPU. */
#pragma once

/* In entry.asm. */
void cpu_wait_nmi(const _Atomic _Bool *is_woken);
