/* SPDX-License-Identifier: Apache-2.0 */
/* Device nodes and links of /dev. runtime-spec, config-linux.md "Devices", "Default Devices". */
#pragma once

#include "container.h"

/* Makes the default devices, linux.devices and the links of /dev, unless the host's /dev is bound
 * there. By mknod(2), or by binding the host's node where that is refused. */
int devices_make(struct container *c, int root, struct error *e);
