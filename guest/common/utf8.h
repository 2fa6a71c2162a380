/* SPDX-License-Identifier: Apache-2.0 */
/* File names and what programs write are bytes, JSON is UTF-8. Pure. */
#pragma once

#include <stddef.h>
#include "text.h"

/* Length of the well-formed character (RFC 3629) at the start, 0 when there is none. */
size_t utf8_length(const char *bytes, size_t room);
/* Adds the bytes, each one that is no part of a character as U+FFFD. */
void utf8_add(struct text *text, const char *bytes, size_t length);
