/* SPDX-License-Identifier: Apache-2.0 */
/* The memory and string functions that freestanding code needs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* As in C11; the compiler calls these four by name. */
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *left, const void *right, size_t size);

size_t str_length(const char *text);
bool str_equal(const char *left, const char *right);
