/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's virtual address space, which the loader builds: two times 1 GiB at the top. */
#pragma once

#include "addr.h"
#include "boot_abi.h"
#include "config_abi.h"

/*
 *  HV_VIRT_BASE       the region, linear: image (W^X by segment), the rest RW without execution
 *  SPACE_WINDOW_BASE  windows: SPACE_WINDOW_SLOTS frames of 2 MiB for each CPU
 *  SPACE_STACK_BASE   stacks and descriptor tables of each CPU, with unmapped guard pages
 *  SPACE_DEVICE_BASE  the xAPIC page, I/O APIC, framebuffer, modules
 *  SPACE_DEVICE_END   the last 2 MiB stay unmapped: small negative "pointers" fault
 */
#define SPACE_WINDOW_SLOTS 2u
#define SPACE_REGION_MAX   GIANT_SIZE
#define SPACE_WINDOW_BASE  (HV_VIRT_BASE + SPACE_REGION_MAX)
#define SPACE_STACK_BASE   (SPACE_WINDOW_BASE + CONFIG_CPU_MAX * SPACE_WINDOW_SLOTS * FRAME_SIZE)
#define SPACE_DEVICE_BASE  (SPACE_STACK_BASE + 2 * FRAME_SIZE)
#define SPACE_DEVICE_END   (UINT64_MAX - FRAME_SIZE + 1)
#define SPACE_XAPIC        SPACE_DEVICE_BASE /* mapped on CPUs without x2APIC only */

/*
 * A CPU's slot, in pages from its base; a stack grows down into the guard page below it:
 *  0 guard, 1-4 main stack, 5 guard, 6 NMI, 7 guard, 8 #DF, 9 guard, 10 #MC, 11 unmapped,
 *  12 GDT and TSS, 13-15 unmapped
 */
#define SPACE_SLOT_PAGES  16u
#define SPACE_SLOT_MAPPED 0x155eu /* bit n: page n */
#define SPACE_STACK_PAGES 4u
#define SPACE_IST_COUNT   3u
_Static_assert(CONFIG_CPU_MAX *SPACE_SLOT_PAGES *PAGE_SIZE <= 2 * FRAME_SIZE, "slots fit");

static inline uint64_t space_window(uint32_t cpu, uint32_t slot)
{
	return SPACE_WINDOW_BASE + ((uint64_t)cpu * SPACE_WINDOW_SLOTS + slot) * FRAME_SIZE;
}

static inline uint64_t space_slot_page(uint32_t cpu, uint32_t page)
{
	return SPACE_STACK_BASE + ((uint64_t)cpu * SPACE_SLOT_PAGES + page) * PAGE_SIZE;
}

static inline uint64_t space_stack_top(uint32_t cpu)
{
	return space_slot_page(cpu, 1 + SPACE_STACK_PAGES);
}

/* Top of the one-page stack of IST slot `ist` (from 1). */
static inline uint64_t space_ist_top(uint32_t cpu, uint32_t ist)
{
	return space_slot_page(cpu, SPACE_STACK_PAGES + 1 + 2 * ist);
}

/* The zeroed page for the CPU's GDT and TSS. */
static inline uint64_t space_tables(uint32_t cpu)
{
	return space_slot_page(cpu, 12);
}
