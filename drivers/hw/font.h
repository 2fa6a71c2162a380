/* SPDX-License-Identifier: Apache-2.0 */
/* The framebuffer console's font. */
#pragma once

#include <stdint.h>

#define FONT_FIRST 0x20u
#define FONT_COUNT 95u
#define FONT_ROWS 7u
#define FONT_COLUMNS 5u

extern const uint8_t font_glyphs[FONT_COUNT][FONT_ROWS];
