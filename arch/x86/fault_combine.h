/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of an exception that is raised while another one is on its way. Pure: host-tested.
 */
#pragma once

#include <stdint.h>

enum fault_outcome {
	FAULT_NEW,      /* the second one is delivered */
	FAULT_DOUBLE,   /* #DF */
	FAULT_SHUTDOWN, /* triple fault */
};

enum fault_outcome fault_combine(uint32_t first, uint32_t second);
