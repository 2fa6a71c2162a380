/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's CPUs. */
#pragma once

#include "arch/cpu.h"
#include "boot_abi.h"

/* Takes the loader's list; the boot CPU is the first. */
struct cpu *cpus_init_boot(const struct boot_info *boot);

/* Starts the others; a CPU that does not come up is reported and left out. */
void cpus_start_others(struct boot_info *boot);

uint32_t cpus_count(void);
struct cpu *cpus_get(uint32_t index); /* NULL: no such CPU */
bool cpus_is_free(uint32_t index);    /* online, and no partition's */

/* Runs on every CPU for ever: its vCPU when there is work, else sleep. */
_Noreturn void cpus_loop(struct cpu *cpu);
