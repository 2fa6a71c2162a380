/* SPDX-License-Identifier: Apache-2.0 */
/* Signals that are noted only, for loops that look. */
#pragma once

#include <signal.h>
#include <stddef.h>

extern volatile sig_atomic_t signal_ended;   /* the last of those that would end bh; 0: none */
extern volatile sig_atomic_t signal_resized; /* SIGWINCH has come */

/* From now on these are; nothing is noted yet. What was done at each before goes to before[i],
 * unless that is NULL. */
void signal_note(const int *numbers, size_t count, struct sigaction *before);
