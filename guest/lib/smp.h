/* SPDX-License-Identifier: Apache-2.0 */
/* The other vCPUs: starting them, running functions on them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SMP_START_PAGE  0x8000u /* ap_start.asm has the same */
#define SMP_STACK_SHIFT 14u     /* ap_start.asm has the same */

typedef void smp_function(void *argument);

/* Reads the MADT; nothing is started. */
void smp_init(void);
uint32_t smp_count(void); /* vCPUs in the MADT, at least 1 */
uint32_t smp_apic_id(uint32_t index);

/* INIT, SIPI, SIPI; it takes the caller's APIC mode. false: did not come up within the time. Also
 * restarts one that runs. */
bool smp_start(uint32_t index);
bool smp_start_all(void);
bool smp_is_online(uint32_t index);
uint32_t smp_start_count(uint32_t index); /* how often it came up */
uint32_t smp_sipi_seen(void);             /* how often the real-mode page was run */

/* INIT only: the vCPU stops until the next SIPI. */
void smp_stop(uint32_t index);

/* Copies the real-mode page; smp_start() does it, raw INIT-SIPI tests call it first. */
void smp_prepare(void);
bool smp_wait_start_count(uint32_t index, uint32_t at_least);

/* Runs function(argument) on an idle online vCPU; false: it did not finish in the time. */
bool smp_run(uint32_t index, smp_function *function, void *argument);
void smp_begin(uint32_t index, smp_function *function, void *argument); /* does not wait */
bool smp_finish(uint32_t index, uint64_t microseconds);
