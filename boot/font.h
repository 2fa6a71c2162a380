/* SPDX-License-Identifier: Apache-2.0 */
/* The framebuffer console's font. */
#pragma once

#include "boot_abi.h"

#include <stdbool.h>

extern const uint64_t font_glyphs[BOOT_FONT_COUNT]; /* as boot_framebuffer.font */

/* False: none, too small to be of use, or malformed. */
bool font_fits(const struct boot_framebuffer *screen);
