/* SPDX-License-Identifier: Apache-2.0 */
/* linux.sysctl: written through the host's procfs from inside the container's namespaces. */
#pragma once

#include "container.h"

/* Which namespace a key belongs to, as CLONE_NEW*; 0: none, it would change the host. */
int sysctl_namespace(const char *key);
int sysctl_apply(struct container *c, struct error *e);
