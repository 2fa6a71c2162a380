/* SPDX-License-Identifier: Apache-2.0 */
/* The one of the memory functions that only the loader needs. */
#include "str.h"

#include <stdint.h>

void *memmove(void *to, const void *from, size_t size)
{
	uint8_t *target = to;
	const uint8_t *source = from;

	if ((uintptr_t)to - (uintptr_t)from >= size) {
		return memcpy(to, from, size);
	}
	while (size-- > 0) {
		target[size] = source[size];
	}
	return to;
}
