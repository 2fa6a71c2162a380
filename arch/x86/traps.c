/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions in host mode: NMIs wake the CPU, known faults are fixed up, the rest is the end. */
#include "traps.h"

#include "arch/cpu.h"
#include "arch/trap.h"
#include "arch/upcalls.h"
#include "regs.h"

#include <stdatomic.h>

static _Atomic bool is_stopping;

void traps_set_stopping(void)
{
	atomic_store_explicit(&is_stopping, true, memory_order_release);
}

/* Must not fault: an IRET inside it would unblock NMIs while its stack is in use. */
static void take_nmi(struct trap_frame *frame)
{
	if (atomic_load_explicit(&is_stopping, memory_order_acquire)) {
		arch_cpu_halt();
	}
	atomic_store_explicit(&arch_this_cpu()->is_woken, true, memory_order_release);
	virt_nmi_in_host();
	/* See cpu_wait_nmi() in entry.asm: it has checked, but must not sleep any more. */
	if (frame->rip >= (uint64_t)cpu_wait_nmi && frame->rip < (uint64_t)cpu_wait_nmi_end) {
		frame->rip = (uint64_t)cpu_wait_nmi_end;
	}
}

static bool fix_up(struct trap_frame *frame)
{
	for (const struct trap_fixup *fixup = traps_fixups; fixup < traps_fixups_end; fixup++) {
		if (fixup->at == frame->rip) {
			frame->rip = fixup->to;
			return true;
		}
	}
	return false;
}

void traps_handle(struct trap_frame *frame)
{
	if (frame->vector == EXCEPTION_NMI) {
		take_nmi(frame);
		return;
	}
	if (frame->vector == EXCEPTION_GP && fix_up(frame)) {
		return;
	}
	if (frame->vector == EXCEPTION_MC) {
		mce_take();
	}
	panic_exception(frame);
}
