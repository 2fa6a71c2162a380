/* SPDX-License-Identifier: Apache-2.0 */
/* The framebuffer console's font. */
#pragma once

#include <stdint.h>

#define FONT_FIRST   0x20u
#define FONT_COUNT   95u
#define FONT_ROWS    7u
#define FONT_COLUMNS 5u

extern const uint64_t font_glyphs[FONT_COUNT];

/* Dots of a row of a glyph; bit 4 is the left one. A byte per row, the top row in byte 6. */
static inline uint32_t font_row(uint32_t glyph, uint32_t row)
{
	return (uint32_t)(font_glyphs[glyph] >> ((FONT_ROWS - 1 - row) * 8)) & 0x1f;
}
