/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns of COPY (Go's filepath.Match) and of .dockerignore (the same and `**`). Pure; the time
 * is bounded by the product of both lengths.
 */
#pragma once

#include <stdbool.h>
#include "json.h"

/* Does the whole path match? With is_deep, `**` is any number of parts. A malformed pattern matches
 * nothing. */
bool glob_match(const char *pattern, const char *path, bool is_deep);
bool glob_is_pattern(const char *text);

/* The lines of a .dockerignore, in order; the last that matches the path or a directory above it
 * decides. */
bool glob_ignores(json *lines, const char *path);
/* True when a line takes something back (`!`), so that an ignored directory must be looked into. */
bool glob_has_exceptions(json *lines);
