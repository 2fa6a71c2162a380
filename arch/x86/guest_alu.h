/* SPDX-License-Identifier: Apache-2.0 */
/* Results and flags of the integer operations that decode.h knows. Pure. */
#pragma once

#include "decode.h"

/*
 * memory op= other: returns the result (for CMP, TEST and BT the unchanged left side) and updates
 * the arithmetic flags in *rflags as the CPU this runs on does, undefined ones included.
 */
uint64_t guest_alu(enum decode_op op, uint8_t size, uint64_t left, uint64_t right,
		   uint64_t *rflags);
