/* SPDX-License-Identifier: Apache-2.0 */
/* The bundle: a directory with config.json and the root file system. runtime-spec, bundle.md. */
#pragma once

#include "container.h"

/* Reads and checks config.json, opens the namespaces it names, fills the state's bundle, rootfs and
 * annotations. */
int bundle_load(struct container *c, const char *path);
/* Keeps config.json in the state's directory. */
int bundle_keep(struct container *c);
/* The filter of linux.seccomp, if it did not come with the configuration. */
int bundle_load_filter(struct container *c, struct error *e);
void bundle_free(struct container *c);
