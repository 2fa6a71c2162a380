/* SPDX-License-Identifier: Apache-2.0 */
/* A whole screen that is drawn again and again, and left as it was found. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <termios.h>

enum screen_event {
	SCREEN_TIME,    /* is up */
	SCREEN_RESIZED, /* to be drawn again */
	SCREEN_END,     /* q, or a signal that ends programs */
};

struct screen {
	FILE *out; /* a terminal */
	int input; /* keys, if it is one as well */
	bool has_keys;
	struct termios before;
};

/* From here on signals end it by SCREEN_END, until screen_close(). */
void screen_open(struct screen *screen, FILE *out, int input);
enum screen_event screen_wait(struct screen *screen, double seconds);
/* Lines, as far as the window has room; line `bold` (from 0) stands out. */
void screen_draw(struct screen *screen, const char *text, unsigned int bold, bool has_colours);
void screen_close(struct screen *screen);
