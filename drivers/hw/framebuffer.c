/* SPDX-License-Identifier: Apache-2.0 */
/* A text console of 32-bit pixels; the lines are kept in RAM, for reading pixels back is slow. */
#include "framebuffer.h"

#include "bits.h"
#include "str.h"

#define CELL_WIDTH      8u
#define CELL_HEIGHT     16u /* each row of the font twice, one blank row above and below */
#define COLUMN_MAX      128u
#define LINE_MAX        64u
#define FONT_FIRST      0x20u
#define FONT_ROWS       7u
#define TAB             8u
#define BYTES_PER_PIXEL 4u
#define COLOUR_TEXT     0x00c0c0c0u /* grey: the same in RGB and BGR */
#define COLOUR_BACK     0x00000000u

static struct {
	uint32_t *pixels; /* NULL: no framebuffer */
	const uint64_t *font;
	uint32_t stride;
	uint32_t columns;
	uint32_t lines;
	uint32_t column;
	uint32_t line;
	char text[LINE_MAX][COLUMN_MAX];
} screen;

/* Dots of one pixel row of a cell, left dot in bit 4. */
static uint32_t dots(char character, uint32_t row)
{
	uint32_t glyph = (uint32_t)(uint8_t)character - FONT_FIRST;

	if (glyph >= BOOT_FONT_COUNT || row == 0 || row > FONT_ROWS * 2) {
		return 0;
	}
	return (uint32_t)(screen.font[glyph] >> (FONT_ROWS - 1 - (row - 1) / 2) * 8) & 0x1f;
}

static void draw(uint32_t line, uint32_t column)
{
	char character = screen.text[line][column];

	for (uint32_t row = 0; row < CELL_HEIGHT; row++) {
		uint32_t *to = screen.pixels + (size_t)(line * CELL_HEIGHT + row) * screen.stride +
			       (size_t)column * CELL_WIDTH;
		uint32_t bits = dots(character, row) << 2; /* one blank dot left, two right */

		for (uint32_t x = 0; x < CELL_WIDTH; x++) {
			to[x] = (bits >> (CELL_WIDTH - 1 - x) & 1) != 0 ? COLOUR_TEXT : COLOUR_BACK;
		}
	}
}

void framebuffer_init(const struct boot_framebuffer *description)
{
	screen.pixels = (uint32_t *)description->base;
	if (screen.pixels == NULL) {
		return;
	}
	screen.font = description->font;
	screen.stride = description->stride;
	screen.columns = (uint32_t)min_u64(description->width / CELL_WIDTH, COLUMN_MAX);
	screen.lines = (uint32_t)min_u64(description->height / CELL_HEIGHT, LINE_MAX);
	screen.column = 0;
	screen.line = 0;
	memset(screen.text, ' ', sizeof(screen.text));
	for (uint32_t y = 0; y < description->height; y++) {
		memset(screen.pixels + (size_t)y * screen.stride, 0,
		       (size_t)description->width * BYTES_PER_PIXEL);
	}
}

/* Only the cells that change are drawn: most of a screen is blank. */
static void scroll(void)
{
	for (uint32_t line = 0; line < screen.lines; line++) {
		for (uint32_t column = 0; column < screen.columns; column++) {
			char below = line + 1 < screen.lines ? screen.text[line + 1][column] : ' ';

			if (screen.text[line][column] != below) {
				screen.text[line][column] = below;
				draw(line, column);
			}
		}
	}
}

static void new_line(void)
{
	screen.column = 0;
	if (screen.line + 1 < screen.lines) {
		screen.line++;
	} else {
		scroll();
	}
}

static void print(char character)
{
	if (screen.column == screen.columns) {
		new_line();
	}
	screen.text[screen.line][screen.column] = character;
	draw(screen.line, screen.column);
	screen.column++;
}

void framebuffer_put(char character)
{
	if (screen.pixels == NULL) {
		return;
	}
	switch (character) {
	case '\n':
		new_line();
		break;
	case '\r':
		screen.column = 0;
		break;
	case '\b':
		screen.column -= screen.column > 0 ? 1 : 0;
		break;
	case '\t':
		screen.column = (uint32_t)min_u64((screen.column / TAB + 1) * TAB, screen.columns);
		break;
	default:
		print(character >= 0x20 && character < 0x7f ? character : '?');
		break;
	}
}
