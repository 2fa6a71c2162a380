/* SPDX-License-Identifier: Apache-2.0 */
#include "bh_signal.h"

volatile sig_atomic_t signal_ended;
volatile sig_atomic_t signal_resized;

static void note(int number)
{
	if (number == SIGWINCH) {
		signal_resized = 1;
	} else {
		signal_ended = number;
	}
}

void signal_note(const int *numbers, size_t count, struct sigaction *before)
{
	struct sigaction action = {.sa_handler = note};

	signal_ended = 0;
	signal_resized = 0;
	for (size_t i = 0; i < count; i++) {
		sigaction(numbers[i], &action, before != NULL ? &before[i] : NULL);
	}
}
