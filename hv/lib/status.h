/* SPDX-License-Identifier: Apache-2.0 */
/* The result of everything that can fail. */
#pragma once

#define MUST_CHECK __attribute__((warn_unused_result))

enum hv_status {
	HV_OK = 0,
	HV_INVALID, /* an argument or input is malformed */
	HV_RANGE,   /* an address or index is outside what exists */
	HV_NO_MEMORY,
	HV_NOT_FOUND,
	HV_DENIED,      /* exists, but is not the caller's */
	HV_UNSUPPORTED, /* the hardware or this build cannot */
	HV_BUSY,
};
