/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's virtual address space: two times 1 GiB at the top, nothing else. */
#pragma once

#include "addr.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "boot_abi.h"
#include "traps.h"

#include <stdint.h>

/*
 *  HV_VIRT_BASE      the region, linear: image (W^X by segment), then pool (RW, no execution)
 *  MMU_WINDOW_BASE   windows: WINDOW_SLOTS frames of 2 MiB for each CPU
 *  MMU_STACK_BASE    stacks of each CPU, with unmapped guard pages
 *  MMU_DEVICE_BASE   devices, framebuffer, boot modules, in the order they were mapped
 *  MMU_DEVICE_END    the last 2 MiB stay unmapped: small negative "pointers" fault
 */
#define MMU_REGION_MAX  GIANT_SIZE
#define MMU_WINDOW_BASE (HV_VIRT_BASE + MMU_REGION_MAX)
#define MMU_STACK_BASE  (MMU_WINDOW_BASE + CPU_MAX * WINDOW_SLOTS * FRAME_SIZE)
#define MMU_DEVICE_BASE (MMU_STACK_BASE + 2 * FRAME_SIZE)
#define MMU_DEVICE_END  (UINT64_MAX - FRAME_SIZE + 1)

/*
 * A CPU's slot, in pages from its base; a stack grows down into the guard page below it:
 *  0 guard, 1-4 main stack, 5 guard, 6 NMI, 7 guard, 8 #DF, 9 guard, 10 #MC, 11-15 unmapped
 */
#define MMU_STACK_SLOT_PAGES 16u
#define MMU_STACK_MAIN_PAGES 4u

/* Pages of CPU_PRIVATE_PAGES, in this order. */
#define PRIVATE_MAIN_STACK 0u
#define PRIVATE_IST_STACKS MMU_STACK_MAIN_PAGES
#define PRIVATE_TABLES     (PRIVATE_IST_STACKS + IST_COUNT)
_Static_assert(PRIVATE_TABLES + 1 == CPU_PRIVATE_PAGES, "private pages are all used");
_Static_assert(CPU_MAX *MMU_STACK_SLOT_PAGES *PAGE_SIZE <= 2 * FRAME_SIZE, "slots fit");

static inline uint64_t mmu_window_address(uint32_t cpu, uint32_t slot)
{
	return MMU_WINDOW_BASE + ((uint64_t)cpu * WINDOW_SLOTS + slot) * FRAME_SIZE;
}

/* Lowest address of the main stack. */
static inline uint64_t mmu_main_stack(uint32_t cpu)
{
	return MMU_STACK_BASE + ((uint64_t)cpu * MMU_STACK_SLOT_PAGES + 1) * PAGE_SIZE;
}

/* Lowest address of the one-page stack of IST slot `ist` (from 1). */
static inline uint64_t mmu_ist_stack(uint32_t cpu, uint32_t ist)
{
	return mmu_main_stack(cpu) +
	       (MMU_STACK_MAIN_PAGES + 1 + 2 * (uint64_t)(ist - 1)) * PAGE_SIZE;
}
