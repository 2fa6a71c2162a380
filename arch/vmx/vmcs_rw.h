/* SPDX-License-Identifier: Apache-2.0 */
/* VMREAD and VMWRITE on the current VMCS, and the other VMX instructions. */
#pragma once

#include "addr.h"
#include "check.h"
#include "vmcs.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * VMREAD of a field that exists fails only when no VMCS is current, and then the entry before it
 * has failed already: not checked, it is on the path of every exit. The rest is checked.
 */
static inline uint64_t vmcs_read(enum vmcs_field field)
{
	uint64_t value;

	__asm__ volatile("vmread %1, %0" : "=r"(value) : "r"((uint64_t)field) : "cc");
	return value;
}

static inline uint32_t vmcs_read32(enum vmcs_field field)
{
	return (uint32_t)vmcs_read(field);
}

/* For fields that a CPU may lack (dump). */
static inline bool vmcs_try_read(enum vmcs_field field, uint64_t *value)
{
	bool is_failed;
	uint64_t read = 0;

	__asm__ volatile("vmread %2, %0" : "=r"(read), "=@ccbe"(is_failed) : "r"((uint64_t)field));
	*value = read;
	return !is_failed;
}

static inline bool vmcs_try_write(enum vmcs_field field, uint64_t value)
{
	bool is_failed;

	__asm__ volatile("vmwrite %1, %2" : "=@ccbe"(is_failed) : "r"(value), "r"((uint64_t)field));
	return !is_failed;
}

static inline void vmcs_write(enum vmcs_field field, uint64_t value)
{
	CHECK(vmcs_try_write(field, value));
}

static inline bool vmx_on(uint64_t region)
{
	bool is_failed;

	__asm__ volatile("vmxon %1" : "=@ccbe"(is_failed) : "m"(region) : "memory");
	return !is_failed;
}

static inline bool vmx_clear(uint64_t vmcs)
{
	bool is_failed;

	__asm__ volatile("vmclear %1" : "=@ccbe"(is_failed) : "m"(vmcs) : "memory");
	return !is_failed;
}

static inline bool vmx_load(uint64_t vmcs)
{
	bool is_failed;

	__asm__ volatile("vmptrld %1" : "=@ccbe"(is_failed) : "m"(vmcs) : "memory");
	return !is_failed;
}

struct vmx_descriptor {
	uint64_t context; /* EPTP or VPID */
	uint64_t address;
};

#define INVALIDATE_SINGLE UINT64_C(1)
#define INVALIDATE_ALL    UINT64_C(2)

static inline bool vmx_invept(uint64_t type, uint64_t eptp)
{
	struct vmx_descriptor descriptor = {.context = eptp};
	bool is_failed;

	__asm__ volatile("invept %1, %2"
			 : "=@ccbe"(is_failed)
			 : "m"(descriptor), "r"(type)
			 : "memory");
	return !is_failed;
}

static inline bool vmx_invvpid(uint64_t type, uint16_t vpid)
{
	struct vmx_descriptor descriptor = {.context = vpid};
	bool is_failed;

	__asm__ volatile("invvpid %1, %2"
			 : "=@ccbe"(is_failed)
			 : "m"(descriptor), "r"(type)
			 : "memory");
	return !is_failed;
}
