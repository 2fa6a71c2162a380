/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648), of + and / or, for URLs, of - and _. */
#pragma once

#include <stdbool.h>

#include "text.h"

/* Of a string, with padding; fresh memory. */
char *base64_encode(const char *string, bool is_for_url);
/* Both alphabets, up to the first byte that is of neither; adds to the text, which is a string
 * then, also an empty one. */
void base64_decode(struct text *text, const char *letters);
