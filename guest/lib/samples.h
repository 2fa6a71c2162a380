/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of a series of measurements. */
#pragma once

#include <stdint.h>

/* Sorts the samples and prints them as a BENCH line. overhead: what measuring nothing costs. */
void samples_print(const char *name, uint32_t *samples, uint32_t count, uint32_t overhead);
