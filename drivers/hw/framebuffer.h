/* SPDX-License-Identifier: Apache-2.0 */
/* Text on the firmware's framebuffer. */
#pragma once

#include "boot_abi.h"

/* Clears it, where there is one. */
void framebuffer_init(const struct boot_framebuffer *description);
/* \n starts a line, \r goes to its start, \t and \b move; the rest prints or shows as '?'. */
void framebuffer_put(char character);
