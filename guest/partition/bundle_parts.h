/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of bundle_*.c: each adds to bundle->setup; false with *error set. */
#pragma once

#include "bundle.h"

/* What of the mounts the agent makes, and whether those that are copied can be. */
bool bundle_mounts(struct bundle *bundle, char **error);
/* The address that the container's network card has in its namespace, or annotation
 * bulkhead.network. */
bool bundle_network(struct bundle *bundle, char **error);
