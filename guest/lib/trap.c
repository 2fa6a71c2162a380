/* SPDX-License-Identifier: Apache-2.0 */
/* The IDT and what it leads to. */
#include "trap.h"

#include "apic.h"
#include "cpu.h"
#include "report.h"

#include <stddef.h>

#define VECTOR_COUNT    256u
#define EXCEPTION_COUNT 32u
#define GATE_INTERRUPT  0x8eu /* present, DPL 0, 64-bit interrupt gate */
#define GATE_USER       0x60u /* DPL 3 */
#define STUB_SIZE       16u   /* trap_entry.asm */

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t ist;
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};
_Static_assert(sizeof(struct gate) == 16, "SDM 3A, \"64-Bit Mode IDT\"");

struct idt_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/* Of one vCPU; only that vCPU touches it, but for the counts, which others read. */
struct trap_state {
	bool is_trying;
	uint64_t stack; /* where trap_call() left it */
	uint64_t rflags;
	struct trap_fault fault;
	_Atomic uint32_t counts[VECTOR_COUNT];
};

extern uint8_t trap_stubs[];
extern uint8_t trap_call_return[];
uint64_t trap_call(trap_function *function, void *argument, uint64_t *stack);
uint64_t trap_call_user(trap_function *function, void *argument, uint64_t *stack, uint64_t top);
void trap_dispatch(struct trap_frame *frame);

static struct gate idt[VECTOR_COUNT] __attribute__((aligned(16)));
static trap_handler *handlers[VECTOR_COUNT];
static struct trap_state states[CPU_COUNT_MAX];

static void build(void)
{
	for (uint32_t vector = 0; vector < VECTOR_COUNT; vector++) {
		uint64_t stub = (uintptr_t)trap_stubs + vector * STUB_SIZE;

		idt[vector] = (struct gate){
			.offset_low = (uint16_t)(stub & 0xffff),
			.selector = CPU_SELECTOR_CODE,
			.ist = vector == TRAP_DF ? 1 : 0,
			.type = GATE_INTERRUPT,
			.offset_middle = (uint16_t)(stub >> 16 & 0xffff),
			.offset_high = (uint32_t)(stub >> 32),
		};
	}
	idt[TRAP_BP].type |= GATE_USER;
	idt[TRAP_OF].type |= GATE_USER;
	idt[TRAP_USER_RETURN].type |= GATE_USER;
}

void trap_init(void)
{
	struct idt_pointer pointer = {.limit = sizeof(idt) - 1, .base = (uintptr_t)idt};

	if (idt[0].type == 0) {
		build();
	}
	__asm__ volatile("lidt %0" : : "m"(pointer));
}

void trap_set_handler(uint8_t vector, trap_handler *handler)
{
	handlers[vector] = handler;
}

uint32_t trap_count_of(uint32_t cpu, uint8_t vector)
{
	return states[cpu].counts[vector];
}

uint32_t trap_count(uint8_t vector)
{
	return trap_count_of(cpu_index(), vector);
}

void trap_count_reset(uint8_t vector)
{
	for (uint32_t cpu = 0; cpu < CPU_COUNT_MAX; cpu++) {
		states[cpu].counts[vector] = 0;
	}
}

/* Ends the call of trap_try() with `result` in RAX. */
static void leave_call(struct trap_state *state, struct trap_frame *frame, uint64_t result)
{
	frame->rip = (uintptr_t)trap_call_return;
	frame->cs = CPU_SELECTOR_CODE;
	frame->ss = CPU_SELECTOR_DATA;
	frame->rsp = state->stack;
	frame->rflags = state->rflags;
	frame->rax = result;
}

static void record(struct trap_state *state, const struct trap_frame *frame)
{
	state->fault = (struct trap_fault){
		.vector = (int)frame->vector,
		.error = frame->error,
		.rip = frame->rip,
		.rflags = frame->rflags,
		.cr2 = cpu_read_cr2(),
		.cs = frame->cs,
	};
}

void trap_dispatch(struct trap_frame *frame)
{
	struct trap_state *state = &states[cpu_index()];
	uint8_t vector = (uint8_t)frame->vector;

	if (handlers[vector] != NULL) {
		handlers[vector](frame);
	} else if (vector == TRAP_USER_RETURN && (frame->cs & 3) == 3) {
		leave_call(state, frame, 0);
	} else if (vector >= EXCEPTION_COUNT || vector == TRAP_NMI) {
		state->counts[vector]++;
		if (vector != TRAP_NMI) {
			apic_eoi_if_in_service(vector);
		}
	} else if (state->is_trying) {
		record(state, frame);
		leave_call(state, frame, 1);
	} else {
		report_crash(frame);
	}
}

static int finish(struct trap_state *state, uint64_t is_fault)
{
	state->is_trying = false;
	return is_fault != 0 ? state->fault.vector : TRAP_NONE;
}

int trap_try(trap_function *function, void *argument)
{
	struct trap_state *state = &states[cpu_index()];

	state->rflags = cpu_rflags();
	state->is_trying = true;
	return finish(state, trap_call(function, argument, &state->stack));
}

int trap_try_user(trap_function *function, void *argument)
{
	struct trap_state *state = &states[cpu_index()];

	state->rflags = cpu_rflags();
	state->is_trying = true;
	return finish(state, trap_call_user(function, argument, &state->stack, cpu_user_stack()));
}

const struct trap_fault *trap_last(void)
{
	return &states[cpu_index()].fault;
}

struct access {
	uint32_t number;
	uint64_t value;
};

static void do_rdmsr(void *argument)
{
	struct access *access = argument;

	access->value = cpu_rdmsr(access->number);
}

static void do_wrmsr(void *argument)
{
	const struct access *access = argument;

	cpu_wrmsr(access->number, access->value);
}

static void do_cr0(void *argument)
{
	cpu_write_cr0(*(const uint64_t *)argument);
}

static void do_cr4(void *argument)
{
	cpu_write_cr4(*(const uint64_t *)argument);
}

static void do_xsetbv(void *argument)
{
	const struct access *access = argument;

	cpu_xsetbv(access->number, access->value);
}

int trap_try_rdmsr(uint32_t number, uint64_t *value)
{
	struct access access = {.number = number};
	int vector = trap_try(do_rdmsr, &access);

	if (vector == TRAP_NONE && value != NULL) {
		*value = access.value;
	}
	return vector;
}

int trap_try_wrmsr(uint32_t number, uint64_t value)
{
	struct access access = {.number = number, .value = value};

	return trap_try(do_wrmsr, &access);
}

int trap_try_cr0(uint64_t value)
{
	return trap_try(do_cr0, &value);
}

int trap_try_cr4(uint64_t value)
{
	return trap_try(do_cr4, &value);
}

int trap_try_xsetbv(uint32_t index, uint64_t value)
{
	struct access access = {.number = index, .value = value};

	return trap_try(do_xsetbv, &access);
}
