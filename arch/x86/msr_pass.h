/* SPDX-License-Identifier: Apache-2.0 */
/* The MSRs that reach the CPU without an exit under both backends. Pure: host-tested. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MSR_PASS_READ  1u
#define MSR_PASS_WRITE 2u
#define MSR_PASS_BOTH  (MSR_PASS_READ | MSR_PASS_WRITE)

/* Which of those MSRs that not every CPU has are there. */
struct msr_pass_features {
	bool has_tsc_deadline;
	bool has_tsc_aux;
	bool has_spec_ctrl;
	bool has_pred_cmd;
};

/* Clears a backend's bits for one MSR. what: MSR_PASS_*. */
typedef void msr_pass_one(uint8_t *bitmap, uint32_t msr, uint32_t what);

/* is_x2apic: the guest's local APIC is in x2APIC mode. */
void msr_pass_fill(uint8_t *bitmap, msr_pass_one *pass, const struct msr_pass_features *features,
		   bool is_x2apic);
