/* SPDX-License-Identifier: Apache-2.0 */
/* New volumes get what the image has at their place, as with Docker. */
#pragma once

#include "container.h"

typedef void (*volume_filled_fn)(void *context);

/*
 * Copies, by cp(1), into each volume of the spec that is empty and is not mounted "nocopy", with
 * owners and modes. The container's root file system is mounted. A copy that fails is logged.
 * `filled` is called once, maybe before this returns; the spec is borrowed until then.
 */
void volume_fill(struct container *container, json *spec, volume_filled_fn filled, void *context);
