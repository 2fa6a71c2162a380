/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities of a container's process: `process.capabilities` of runtime-spec; capabilities(7).
 * Bit N of a set is capability N.
 */
#pragma once

#include <stdint.h>

#include "error.h"
#include "json.h"

struct capability_sets {
	uint64_t bounding;
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
	uint64_t ambient;
	/* Names asked for that this program or the kernel does not know, with spaces between, cut
	 * at the end; "": none. runtime-spec wants a warning of it, not an error. */
	char unknown[160];
};

/* Reads the five sets; one that is missing is empty, as all are for NULL. Capabilities that the
 * kernel does not know are left out. -1 for what is no list of strings. */
int capability_prepare(json *process_capabilities, struct capability_sets *sets, struct error *e);
/* Drops what is not in the bounding set. While the caller has CAP_SETPCAP yet. */
int capability_limit_bounding(const struct capability_sets *sets, struct error *e);
/* The other four, as far as the caller has them: what it may not grant is left out. After the
 * change of user, with PR_SET_KEEPCAPS set before it. */
int capability_apply(const struct capability_sets *sets, struct error *e);

/* "CAP_KILL" or "kill", in any case; -1 for another. */
int capability_number(const char *name);
/* NULL for a number without a name here. */
const char *capability_name(int number);
/* The kernel's highest. */
int capability_last(void);
