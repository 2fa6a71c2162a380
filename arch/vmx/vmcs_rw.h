/* SPDX-License-Identifier: Apache-2.0 */
/* VMREAD and VMWRITE on the current VMCS, and the other VMX instructions. */
#pragma once

#include "addr.h"
#include "check.h"
#include "vmcs.h"

/*
 * VMREAD of a field that exists fails only when no VMCS is current, and then the entry before it
 * has failed already: not checked, it is on the path of every exit. The rest is checked.
 */
static inline uint64_t vmcs_read(uint32_t field)
{
	uint64_t value;

	__asm__ volatile("vmread %1, %0" : "=r"(value) : "r"((uint64_t)field) : "cc");
	return value;
}

static inline uint32_t vmcs_read32(uint32_t field)
{
	return (uint32_t)vmcs_read(field);
}

/* For fields that a CPU may lack (dump). */
static inline bool vmcs_try_read(uint32_t field, uint64_t *value)
{
	bool is_failed;
	uint64_t read = 0;

	__asm__ volatile("vmread %2, %0" : "=r"(read), "=@ccbe"(is_failed) : "r"((uint64_t)field));
	*value = read;
	return !is_failed;
}

static inline bool vmcs_try_write(uint32_t field, uint64_t value)
{
	bool is_failed;

	__asm__ volatile("vmwrite %1, %2" : "=@ccbe"(is_failed) : "r"(value), "r"((uint64_t)field));
	return !is_failed;
}

static inline void vmcs_write(uint32_t field, uint64_t value)
{
	CHECK(vmcs_try_write(field, value));
}

struct vmx_descriptor {
	uint64_t context; /* VPID; 0 for INVALIDATE_ALL */
	uint64_t address;
};

#define INVALIDATE_SINGLE UINT64_C(1)
#define INVALIDATE_ALL    UINT64_C(2)

/* False: the instruction has failed (SDM 3C, "Conventions": CF or ZF). */
#define VMX_INSTRUCTION(name, parameters, text, ...)                                               \
	static inline bool name parameters                                                         \
	{                                                                                          \
		bool is_failed;                                                                    \
                                                                                                   \
		__asm__ volatile(text : "=@ccbe"(is_failed) : __VA_ARGS__ : "memory");             \
		return !is_failed;                                                                 \
	}

VMX_INSTRUCTION(vmx_on, (uint64_t region), "vmxon %1", "m"(region))
VMX_INSTRUCTION(vmx_clear, (uint64_t vmcs), "vmclear %1", "m"(vmcs))
VMX_INSTRUCTION(vmx_load, (uint64_t vmcs), "vmptrld %1", "m"(vmcs))
VMX_INSTRUCTION(vmx_invept, (uint64_t type, const struct vmx_descriptor *which), "invept %1, %2",
		"m"(*which), "r"(type))
VMX_INSTRUCTION(vmx_invvpid, (uint64_t type, const struct vmx_descriptor *which), "invvpid %1, %2",
		"m"(*which), "r"(type))
