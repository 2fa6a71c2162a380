/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions and interrupts: handlers, counters, and calls whose faults are caught. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TRAP_DE          0
#define TRAP_DB          1
#define TRAP_NMI         2
#define TRAP_BP          3
#define TRAP_OF          4
#define TRAP_BR          5
#define TRAP_UD          6
#define TRAP_NM          7
#define TRAP_DF          8
#define TRAP_TS          10
#define TRAP_NP          11
#define TRAP_SS          12
#define TRAP_GP          13
#define TRAP_PF          14
#define TRAP_MF          16
#define TRAP_AC          17
#define TRAP_XM          19
#define TRAP_USER_RETURN 0x80 /* trap_entry.asm has the same */
#define TRAP_NONE        (-1)

/* What the stubs push, lowest address first. */
struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector;
	uint64_t error;
	uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct trap_frame) == 22 * 8, "trap_entry.asm pushes 22 words");

/* What the last caught exception of a vCPU looked like. */
struct trap_fault {
	int vector;
	uint64_t error;
	uint64_t rip;
	uint64_t rflags;
	uint64_t cr2;
	uint64_t cs;
};

typedef void trap_handler(struct trap_frame *frame);
typedef void trap_function(void *argument);

/* Builds the IDT at the first call, loads it at every call. */
void trap_init(void);

/* NULL: the default, which catches exceptions for trap_try() and counts and ends interrupts. A
 * handler of an interrupt that the APIC delivered calls apic_eoi() itself. */
void trap_set_handler(uint8_t vector, trap_handler *handler);

/* How often the default handler saw the vector on this vCPU, or on any. */
uint32_t trap_count(uint8_t vector);
uint32_t trap_count_of(uint32_t cpu, uint8_t vector);
void trap_count_reset(uint8_t vector); /* all vCPUs */

/* Calls function(argument); an exception with no handler of its own ends the call. The vector, or
 * TRAP_NONE. Never nested. */
int trap_try(trap_function *function, void *argument);
int trap_try_user(trap_function *function, void *argument); /* the same at CPL 3 */
const struct trap_fault *trap_last(void);                   /* of this vCPU */

/* Common things to try. */
int trap_try_rdmsr(uint32_t number, uint64_t *value);
int trap_try_wrmsr(uint32_t number, uint64_t value);
int trap_try_cr4(uint64_t value);
int trap_try_cr0(uint64_t value);
int trap_try_xsetbv(uint32_t index, uint64_t value);
