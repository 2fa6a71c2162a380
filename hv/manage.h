/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of the management partition (manage_abi.h), and what it is told. */
#pragma once

#include "addr.h"
#include "hv/manage.h"
#include "manage_abi.h"
#include "platform_abi.h"

struct vm;

/* In the management partition's RAM: `offset` bytes into its struct manage_window. */
static inline gpa_t manage_window_at(uint64_t offset)
{
	return gpa_from_u64(PLATFORM_MANAGE_WINDOW + offset);
}

/* Before any command; *boot stays. */
void manage_init(const struct boot_info *boot);

/* MANAGE_CREATE, with what its data held: checked in full, then made. */
enum manage_status manage_create(const struct manage_create *wanted, uint64_t *id);

/* Into the management partition's event ring, if it runs. Any CPU, no lock of a VM or device held.
 */
void manage_event(enum manage_event_kind kind, uint32_t id, uint64_t value);

/* MANAGE_TRACE. One caller at a time. */
enum manage_status trace_switch(bool is_on);

/* While it is on: whole records of a CPU that there is, from *position on, which moves behind them,
 * over those that have been overwritten. Returns bytes, at most `size`. */
uint32_t trace_read(uint32_t cpu, uint64_t *position, void *records, uint32_t size);
