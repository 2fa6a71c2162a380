/* SPDX-License-Identifier: Apache-2.0 */
/* Text on the framebuffer, by its pixels. */
/* Links: drivers/hw/framebuffer.c boot/font.c */
#include "font.h"
#include "framebuffer.h"
#include "tap.h"

#include <stdlib.h>

#define FONT_FIRST   0x20u
#define FONT_ROWS    7u
#define FONT_COLUMNS 5u

#define WIDTH  84u /* ten cells and a rest */
#define HEIGHT 50u /* three lines and a rest */
#define STRIDE 90u

static struct boot_framebuffer description;
static uint32_t *screen; /* of its own size exactly: past the end ASan watches */

static const uint32_t *pixel(uint32_t x, uint32_t y)
{
	return screen + y * STRIDE + x;
}

/* The character whose dots are at a cell; '?' for none. */
static char shown(uint32_t line, uint32_t column)
{
	for (uint32_t glyph = 0; glyph < BOOT_FONT_COUNT; glyph++) {
		bool is_same = true;

		for (uint32_t y = 0; y < FONT_ROWS * 2 && is_same; y++) {
			for (uint32_t x = 0; x < FONT_COLUMNS; x++) {
				bool is_lit = *pixel(column * 8 + 1 + x, line * 16 + 1 + y) != 0;
				bool is_dot = (font_glyphs[glyph] >>
						       ((FONT_ROWS - 1 - y / 2) * 8 + 4 - x) &
					       1) != 0;

				is_same &= is_lit == is_dot;
			}
		}
		if (is_same) {
			return (char)(FONT_FIRST + glyph);
		}
	}
	return '?';
}

static void start(void)
{
	free(screen);
	screen = calloc(STRIDE * HEIGHT, 4);
	description = (struct boot_framebuffer){.base = (uint64_t)screen,
						.size = STRIDE * HEIGHT * 4,
						.width = WIDTH,
						.height = HEIGHT,
						.stride = STRIDE,
						.font = font_glyphs};
	TAP_CHECK(font_fits(&description));
	framebuffer_init(&description);
}

static void put(const char *text)
{
	for (; *text != '\0'; text++) {
		framebuffer_put(*text);
	}
}

static void check_line(uint32_t line, const char *expected)
{
	char text[11] = {0};

	for (uint32_t column = 0; column < 10; column++) {
		text[column] = shown(line, column);
	}
	TAP_TEXT(text, expected);
}

static void test_text(void)
{
	start();
	put("Hello, {1}\nab\tc\rX");
	check_line(0, "Hello, {1}");
	check_line(1, "Xb      c ");
	put("\b\x01"); /* not printable */
	check_line(1, "?b      c ");
	check_line(2, "          ");
}

static void test_wrap_and_scroll(void)
{
	start();
	put("0123456789ab\nsecond\nthird");
	check_line(0, "ab        ");
	check_line(1, "second    ");
	check_line(2, "third     ");
	put("\n\n");
	check_line(0, "third     ");
	check_line(2, "          ");
}

/* Nothing outside the cells is ever written; past the end ASan watches. */
static void test_edges(void)
{
	uint32_t *pixels;
	uint32_t changed = 0;

	start();
	pixels = screen;
	for (uint32_t i = 0; i < STRIDE * HEIGHT; i++) {
		if (i % STRIDE >= 80 || i / STRIDE >= 48) {
			pixels[i] = 0x12345678;
		}
	}
	for (uint32_t i = 0; i < 300; i++) {
		put("##########");
	}
	for (uint32_t i = 0; i < STRIDE * HEIGHT; i++) {
		if (i % STRIDE >= 80 || i / STRIDE >= 48) {
			changed += pixels[i] != 0x12345678;
		}
	}
	TAP_EQUAL(changed, 0);
}

static void test_refused(void)
{
	start();
	description.size--;
	TAP_CHECK(!font_fits(&description));
	description.size++;
	description.stride = WIDTH - 1;
	TAP_CHECK(!font_fits(&description));
	description.stride = UINT32_MAX;
	description.height = UINT32_MAX;
	TAP_CHECK(!font_fits(&description));
	description = (struct boot_framebuffer){0};
	TAP_CHECK(!font_fits(&description));
	framebuffer_init(&description);
	put("nothing happens");
}

static void test_font(void)
{
	for (uint32_t a = 0; a < BOOT_FONT_COUNT; a++) {
		for (uint32_t b = 0; b < a; b++) {
			TAP_CHECK(font_glyphs[a] != font_glyphs[b]);
		}
	}
}

static const struct tap_case cases[] = {
	{"text and control characters", test_text},
	{"wrap and scroll", test_wrap_and_scroll},
	{"edges", test_edges},
	{"refused descriptions", test_refused},
	{"every glyph is its own", test_font},
};
TAP_MAIN(cases)
