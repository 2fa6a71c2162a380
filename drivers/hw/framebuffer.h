/* SPDX-License-Identifier: Apache-2.0 */
/* Text on the firmware's framebuffer. */
#pragma once

#include "boot_abi.h"

#include <stdbool.h>

/* Clears it. False: there is none, or it is too small or malformed. */
bool framebuffer_init(const struct boot_framebuffer *description);
/* \n starts a line, \r goes to its start, \t and \b move; the rest prints or shows as '?'. */
void framebuffer_put(char character);
