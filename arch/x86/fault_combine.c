/* SPDX-License-Identifier: Apache-2.0 */
/* SDM 3A, "Interrupt 8 - Double Fault Exception (#DF)": "Conditions for Generating a Double Fault".
 */
#include "fault_combine.h"

#include "regs.h"

#define CONTRIBUTORY                                                                               \
	(BIT32(EXCEPTION_DE) | BIT32(EXCEPTION_TS) | BIT32(EXCEPTION_NP) | BIT32(EXCEPTION_SS) |   \
	 BIT32(EXCEPTION_GP) | BIT32(EXCEPTION_CP))
#define GRAVE (CONTRIBUTORY | BIT32(EXCEPTION_PF))

enum fault_outcome fault_combine(uint32_t first, uint32_t second)
{
	uint32_t bit = BIT32(second % EXCEPTION_COUNT);

	if (first == EXCEPTION_DF) {
		return (GRAVE & bit) != 0 ? FAULT_SHUTDOWN : FAULT_NEW;
	}
	if (first == EXCEPTION_PF) {
		return (GRAVE & bit) != 0 ? FAULT_DOUBLE : FAULT_NEW;
	}
	return (CONTRIBUTORY >> first & 1) != 0 && (CONTRIBUTORY & bit) != 0 ? FAULT_DOUBLE
									     : FAULT_NEW;
}
