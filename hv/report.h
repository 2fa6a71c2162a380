/* SPDX-License-Identifier: Apache-2.0 */
/* Figures for people and tests, as log lines. */
#pragma once

struct vm;
struct boot_info;

/* Exits of every vCPU by reason. */
void report_exits(const struct vm *vm);

/* What runs where, and what the hypervisor takes; at the end of start-up. */
void report_machine(const struct boot_info *boot);
