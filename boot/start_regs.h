/* SPDX-License-Identifier: Apache-2.0 */
/* Registers at a partition's start, by boot protocol. Pure; what they leave at 0 is for the caller.
 */
#pragma once

#include "boot_abi.h"

/* SDM 3A, "Processor State After Reset": real mode, as a start-up IPI leaves it but for CS, which
 * names its vector. signature: EAX of CPUID leaf 1. */
struct boot_start start_sipi(uint32_t signature);

/* Multiboot, PVH: protected mode, flat 32-bit segments, paging off. */
struct boot_start start_protected32(uint64_t rip);

/* Linux, "The 64-bit Boot Protocol": long mode with the page tables at cr3, flat 64-bit CS 0x10 and
 * DS 0x18, as the GDT at gdt_base (4 entries) has them. */
struct boot_start start_long64(uint64_t rip, uint64_t cr3, uint64_t gdt_base);
