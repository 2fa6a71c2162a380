/* SPDX-License-Identifier: Apache-2.0 */
/* String helpers of our own. */
#include "str.h"

size_t str_length(const char *text)
{
	size_t length = 0;

	while (text[length] != '\0') {
		length++;
	}
	return length;
}

bool str_equal(const char *left, const char *right)
{
	while (*left != '\0' && *left == *right) {
		left++;
		right++;
	}
	return *left == *right;
}
