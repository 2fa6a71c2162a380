/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts of a new container, from -v, --mount, --tmpfs, --volumes-from and the image's VOLUMEs. */
#pragma once

#include "json.h"

/*
 * The list of inspect's "Mounts" ({Type, Name, Source, Destination, Driver, Mode, RW, Propagation},
 * tmpfs with "Options"); makes the volumes that are missing. NULL: *error (the caller frees it) and
 * *status say why.
 */
json *create_mounts(json *config, json *host, char **error, unsigned *status);
