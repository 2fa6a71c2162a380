/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hypercalls: VMCALL on Intel, VMMCALL on AMD (either opcode works on either, the wrong one
 * slower). RAX = number, RDI RSI RDX = arguments, all 64 bits significant. On return RAX = status
 * and, where a call says so, RDI and RSI = results; nothing else changes. CPL 0 only: elsewhere
 * #UD.
 */
#pragma once

#include <stdint.h>

#define HYPERCALL_ABI_VERSION 1u

/* CPUID leaf 0x40000100: EAX = highest Bulkhead leaf, EBX ECX EDX = the signature below. */
#define HYPERCALL_CPUID_BASE    0x40000100u
#define HYPERCALL_SIGNATURE_EBX 0x6b6c7542u /* "Bulk" */
#define HYPERCALL_SIGNATURE_ECX 0x64616568u /* "head" */
#define HYPERCALL_SIGNATURE_EDX 0x00707948u /* "Hyp" */
/* CPUID leaf 0x40000101: EAX = HYPERCALL_ABI_VERSION, EBX = vCPU index, ECX = vCPU count. */

enum hypercall_number {
	HYPERCALL_NULL = 0,          /* does nothing: HYPERCALL_OK */
	HYPERCALL_VERSION = 1,       /* RDI = HYPERCALL_ABI_VERSION */
	HYPERCALL_CONSOLE_WRITE = 2, /* RDI = guest-physical address, RSI = bytes (1 to 4096) */
	HYPERCALL_EXIT_COUNT = 3,    /* RDI = vCPU index, RSI = enum hypercall_exit; RDI = count */
	HYPERCALL_EXIT_RESET = 4,    /* sets this partition's exit counters to zero */
	HYPERCALL_SHUTDOWN = 5,      /* RDI = enum hypercall_shutdown, RSI = exit code; no return */
	HYPERCALL_TIME = 6, /* RDI = TSC frequency in Hz, RSI = nanoseconds since the epoch */
	HYPERCALL_INJECT =
		7, /* RDI = enum hypercall_inject, RSI = vCPU index: test aid, see below */
	HYPERCALL_COUNT,
};

enum hypercall_status {
	HYPERCALL_OK = 0,
	HYPERCALL_UNKNOWN = -1,     /* no such number */
	HYPERCALL_INVALID = -2,     /* an argument is out of its range */
	HYPERCALL_BAD_ADDRESS = -3, /* not (wholly) RAM of the caller */
	HYPERCALL_DENIED = -4,      /* not allowed for this partition */
	HYPERCALL_BUSY = -5,
};

enum hypercall_shutdown {
	SHUTDOWN_POWER_OFF = 0,
	SHUTDOWN_RESTART = 1,
	SHUTDOWN_CRASH = 2, /* as after a fatal fault: on_crash decides */
};

/* Events that a guest may ask for against itself, so that tests reach paths hard to reach. */
enum hypercall_inject {
	INJECT_NMI = 0,           /* an NMI to the vCPU */
	INJECT_ENTRY_FAILURE = 1, /* make the next VM entry of the calling vCPU fail */
};

/* Why a vCPU left the guest. Order is ABI; names are printed in reports. */
enum hypercall_exit {
	EXIT_COUNT_TOTAL,
	EXIT_COUNT_CPUID,
	EXIT_COUNT_HYPERCALL,
	EXIT_COUNT_IO,
	EXIT_COUNT_MMIO,
	EXIT_COUNT_APIC, /* xAPIC page or x2APIC register */
	EXIT_COUNT_RDMSR,
	EXIT_COUNT_WRMSR,
	EXIT_COUNT_CR,
	EXIT_COUNT_XSETBV,
	EXIT_COUNT_HLT,
	EXIT_COUNT_INTERRUPT,
	EXIT_COUNT_NMI, /* includes every kick by the hypervisor */
	EXIT_COUNT_WINDOW,
	EXIT_COUNT_EXCEPTION,
	EXIT_COUNT_INSTRUCTION, /* an instruction no guest may execute */
	EXIT_COUNT_OTHER,
	EXIT_COUNT_REASONS,
};
