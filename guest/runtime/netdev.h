/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.netDevices: devices of the host's network namespace, moved into the container's.
 * runtime-spec 1.3, config-linux.md "Network Devices". The kernel takes them back or away when the
 * namespace ends.
 */
#pragma once

#include <stdbool.h>
#include "error.h"
#include "json.h"

struct netdev_set;

/* Names that the kernel would take. */
int netdev_check(json *linux_config, struct error *e);
static inline bool netdev_is_wanted(json *linux_config)
{
	json *list = json_get_object(linux_config, "netDevices");

	return list && json_object_object_length(list);
}
/* Moves all into the namespace of the descriptor `netns`, which the set then owns, with their
 * addresses, and sets them up. `*set` is there also on failure, for netdev_return(). */
int netdev_move(json *linux_config, int netns, struct netdev_set **set, struct error *e);
/* Back to where they were, as they were, where a container does not come to be. NULL: nothing. */
void netdev_return(struct netdev_set *set);
void netdev_free(struct netdev_set *set);
