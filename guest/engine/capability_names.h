/* SPDX-License-Identifier: Apache-2.0 */
/* Names of Linux capabilities by number (linux/capability.h). */
#pragma once

#define CAPABILITY_COUNT 41

extern const char *const capability_names[CAPABILITY_COUNT];
