/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes: ROOT/volumes/NAME/_data. */
#pragma once

#include "json.h"
#include "route.h"

#include <stdbool.h>

extern const struct route volume_routes[5];

/* All, with UsageData.RefCount; the caller puts it. */
json *volume_list(void);
bool volume_exists(const char *name);
/* Makes it if it is not there; labels and options may be NULL. False: it cannot be made. */
bool volume_make(const char *name, bool is_anonymous, json *labels, json *options);
/* The caller frees it. */
char *volume_path(const char *name);

/* Removes the anonymous ones of this list of mounts (rm -v), as far as nobody else uses them. */
void volume_remove_anonymous(json *mounts);
