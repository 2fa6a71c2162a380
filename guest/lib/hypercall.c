/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls. */
#include "hypercall.h"

#include "cpu.h"

#define HYPERVISOR_BIT (1u << 31)

bool hypercall_is_present(void)
{
	struct cpuid_result leaf;

	if ((cpu_cpuid(1, 0).ecx & HYPERVISOR_BIT) == 0) {
		return false;
	}
	leaf = cpu_cpuid(HYPERCALL_CPUID_BASE, 0);
	return leaf.ebx == HYPERCALL_SIGNATURE_EBX && leaf.ecx == HYPERCALL_SIGNATURE_ECX &&
	       leaf.edx == HYPERCALL_SIGNATURE_EDX;
}

static void call_intel(struct hypercall_registers *r)
{
	__asm__ volatile("vmcall"
			 : "+a"(r->rax), "+D"(r->rdi), "+S"(r->rsi), "+d"(r->rdx)
			 :
			 : "memory");
}

static void call_amd(struct hypercall_registers *r)
{
	__asm__ volatile("vmmcall"
			 : "+a"(r->rax), "+D"(r->rdi), "+S"(r->rsi), "+d"(r->rdx)
			 :
			 : "memory");
}

void hypercall_native(struct hypercall_registers *registers)
{
	if (cpu_is_amd()) {
		call_amd(registers);
	} else {
		call_intel(registers);
	}
}

void hypercall_foreign(struct hypercall_registers *registers)
{
	if (cpu_is_amd()) {
		call_intel(registers);
	} else {
		call_amd(registers);
	}
}

int64_t hypercall(uint64_t number, uint64_t rdi, uint64_t rsi)
{
	struct hypercall_registers registers = {.rax = number, .rdi = rdi, .rsi = rsi};

	hypercall_native(&registers);
	return (int64_t)registers.rax;
}

uint64_t hypercall_exit_count(uint64_t vcpu, uint64_t reason)
{
	struct hypercall_registers registers = {
		.rax = HYPERCALL_EXIT_COUNT, .rdi = vcpu, .rsi = reason};

	hypercall_native(&registers);
	return registers.rdi;
}
