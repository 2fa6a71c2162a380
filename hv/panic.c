/* SPDX-License-Identifier: Apache-2.0 */
/* The end of the machine: say why, where, and stop every CPU. */
#include "arch/cpu.h"
#include "arch/trap.h"
#include "arch/upcalls.h"
#include "check.h"
#include "console.h"
#include "fmt.h"
#include "hv/platform.h"
#include "names.h"
#include "panic.h"
#include "space_abi.h"

#include <stdatomic.h>

#define BACKTRACE_MAX   16u
#define PANIC_EXIT_CODE 2u

static _Atomic bool is_panicking;
static bool is_power_off_wanted;

void panic_init(bool is_test)
{
	is_power_off_wanted = is_test;
}

/* The first CPU that panics speaks; the others just stop. */
static void begin(void)
{
	if (atomic_exchange(&is_panicking, true)) {
		arch_cpu_halt();
	}
	console_break_lock();
	arch_cpu_stop_others();
}

static void print_address(const char *what, uint64_t address)
{
	uint64_t offset = 0;
	const char *name = symbol_find(address, &offset);

	if (name != NULL) {
		log_error("%s %016lx %s+0x%lx", what, address, name, offset);
	} else {
		log_error("%s %016lx", what, address);
	}
}

/* Follows saved frame pointers as long as they stay on this CPU's stack. */
static void print_backtrace(uint64_t frame)
{
	uint64_t top = space_stack_top(arch_this_cpu()->index);

	for (uint32_t i = 0; i < BACKTRACE_MAX; i++) {
		const uint64_t *saved = (const uint64_t *)frame;

		if (frame >= top - 2 * sizeof(uint64_t) ||
		    top - frame > SPACE_STACK_PAGES * PAGE_SIZE || frame % sizeof(uint64_t) != 0) {
			return;
		}
		print_address("  from", saved[1]);
		if (saved[0] <= frame) {
			return;
		}
		frame = saved[0];
	}
}

static _Noreturn void finish(void)
{
	log_error("machine stopped");
	if (is_power_off_wanted) {
		platform_power_off(PANIC_EXIT_CODE);
	}
	arch_cpu_halt();
}

void panic(const char *format, ...)
{
	char text[160];
	va_list arguments;

	begin();
	va_start(arguments, format);
	fmt_format(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_error("PANIC on CPU %u: %s", arch_this_cpu()->index, text);
	print_backtrace((uint64_t)__builtin_frame_address(0));
	finish();
}

void check_failed(const char *expression, const char *file, int line)
{
	panic("%s:%d: CHECK(%s) failed", file, line, expression);
}

void panic_exception(const struct trap_frame *frame)
{
	begin();
	log_error("PANIC on CPU %u: %s (vector %lu, error code %lx) in the hypervisor",
		  arch_this_cpu()->index, name_find(names_exception, (uint32_t)frame->vector),
		  frame->vector, frame->error_code);
	print_address("  at  ", frame->rip);
	log_error("  rsp %016lx rflags %016lx address %016lx", frame->rsp, frame->rflags,
		  frame->fault_address);
	print_backtrace(frame->rbp);
	finish();
}
