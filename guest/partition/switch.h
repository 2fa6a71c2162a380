/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's switch, which all partitions' cards are on, as a port of a bridge here. */
#pragma once

#include <stdbool.h>

/*
 * Puts this partition's own card on the switch into the bridge that has an address in the network
 * of `address`
 * ("10.0.0.2/24", what is behind it does not count). No such bridge: nothing is done. False: *error
 * says why; free it.
 */
bool switch_join(const char *address, char **error);
