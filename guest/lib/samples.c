/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting and printing samples. */
#include "samples.h"

#include "console.h"

/* Shell sort: no recursion, fast enough. */
static void sort(uint32_t *samples, uint32_t count)
{
	for (uint32_t gap = count / 2; gap > 0; gap /= 2) {
		for (uint32_t i = gap; i < count; i++) {
			uint32_t value = samples[i];
			uint32_t j = i;

			for (; j >= gap && samples[j - gap] > value; j -= gap) {
				samples[j] = samples[j - gap];
			}
			samples[j] = value;
		}
	}
}

void samples_print(const char *name, uint32_t *samples, uint32_t count, uint32_t overhead)
{
	sort(samples, count);
	console_print("BENCH %s min=%u median=%u p90=%u max=%u overhead=%u\n", name, samples[0],
		      samples[count / 2], samples[count * 9 / 10], samples[count - 1], overhead);
}
