/* SPDX-License-Identifier: Apache-2.0 */
/* OCI runtimes by name: container, process, partition are ours; others are added or in PATH. */
#pragma once

#include "json.h"

#define RUNTIME_DEFAULT "container"

/* NAME=PATH of an option. */
int runtime_add(const char *option);
/* The program's path, which the caller frees; NULL when there is no such runtime. NULL or "" for
 * the default; io.containerd.runc.v2 is the default too. */
char *runtime_find(const char *name);
/* {"container":{"path":"..."},...} for `docker info`. */
json *runtime_list(void);
