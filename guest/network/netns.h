/* SPDX-License-Identifier: Apache-2.0 */
/* Network namespaces kept by a bind mount, as ip-netns(8) does. 0 or more, or -1 with errno. */
#pragma once

#include "netlink.h"

/* Opens the namespace at `path`; where there is none it is made and kept there. */
int netns_open(const char *path, bool *is_new);
/* Unmounts and removes; nothing there is no error. The namespace lives on in its processes. */
int netns_delete(const char *path);
/* A socket in that namespace; the calling thread is back in its own afterwards. */
int netns_netlink(int netns, struct netlink *netlink);
