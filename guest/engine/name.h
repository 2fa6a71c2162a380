/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers and names. */
#pragma once

#include <stdbool.h>

#define ID_LENGTH   64
#define ID_SIZE     65
#define NAME_LENGTH 128

/* 64 random hexadecimal digits. Returns `id`. */
char *id_random(char id[ID_SIZE]);
bool id_is_hex(const char *text);
/* [a-zA-Z0-9][a-zA-Z0-9_.-]*, at least two and at most 128 characters. */
bool name_is_valid(const char *name);
/* An adjective and a noun; the caller frees it. */
char *name_random(void);
