/* SPDX-License-Identifier: Apache-2.0 */
#include "number_list.h"

#include <ctype.h>
#include <stdlib.h>

#define WORD_BITS (8 * sizeof(unsigned long))

static int read_number(const char **at, unsigned long *number)
{
	char *end;

	if (!isdigit((unsigned char)**at)) {
		return -1;
	}
	*number = strtoul(*at, &end, 10);
	*at = end;
	return *number < NUMBER_LIST_LIMIT ? 0 : -1;
}

int number_list_read(const char *list, unsigned long bits[NUMBER_LIST_WORDS])
{
	const char *at = list;

	while (*at) {
		unsigned long first, last;
		if (read_number(&at, &first) < 0) {
			return -1;
		}
		last = first;
		if (*at == '-' && (at++, read_number(&at, &last) < 0)) {
			return -1;
		}
		if (last < first || (*at && *at != ',')) {
			return -1;
		}
		for (; first <= last; first++) {
			bits[first / WORD_BITS] |= 1ul << first % WORD_BITS;
		}
		at += *at == ',';
	}
	return 0;
}
