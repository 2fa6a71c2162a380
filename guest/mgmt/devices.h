/* SPDX-License-Identifier: Apache-2.0 */
/* Drivers for what hardware there is: modules by modalias, at the start and when the kernel finds
 * more. */
#pragma once

#include <stdbool.h>

/* The kernel's events: a descriptor to poll, -1 when there is none (said). Before
 * devices_coldplug(). */
int devices_open(void);

/* Loads the modules of everything that is there, until nothing new shows up. */
void devices_coldplug(void);

/* What a batch of events was about. */
struct devices_news {
	bool has_disk;
	bool has_interface;
};

/* Takes all waiting events and loads modules for new devices. */
struct devices_news devices_take(int events);
