/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes of a file that is packed. */
#pragma once

#include <archive_entry.h>
#include <stdbool.h>
#include "tar_plan.h"

/* Adds those that an archive carries (plan_xattr), sorted by name. True when overlayfs says that
 * the directory is opaque; redirects and files without data of their own end the process. */
bool pack_xattrs(struct archive_entry *entry, int fd, enum tar_mode mode, const char *path);
