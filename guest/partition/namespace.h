/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces that a bundle joins by path, to look around in. */
#pragma once

#include <json.h>
#include <stdbool.h>

/* Of runtime-spec's type ("network"); *is_there: one is listed. The path, or NULL: a new one. */
const char *namespace_path(json *config, const char *type, bool *is_there);
/* This process (one thread) enters the one at `path`, of CLONE_NEW `kind`. A descriptor of its own;
 * -1 with errno. */
int namespace_enter(const char *path, int kind);
/* Back, and closes it; false with errno: this process is not where it belongs and must end. */
bool namespace_leave(int own, int kind);
