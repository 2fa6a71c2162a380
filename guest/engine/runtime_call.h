/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of a container's OCI runtime: state kill delete pause resume update. */
#pragma once

#include "container.h"

/* `error`: NULL on success, else the runtime's last words. */
typedef void (*runtime_done_fn)(void *context, const char *error);

/* RUNTIME --root RUN/runtime ARGUMENTS...; `arguments` ends in NULL. `done` is called once. */
void runtime_call(struct container *container, const char *const *arguments, runtime_done_fn done,
		  void *context);
/* The folder where all runtimes keep their state; the caller frees it. */
char *runtime_state_path(void);
/* The path of a container's runtime, NULL: there is none any more. The caller frees it. */
char *runtime_path(struct container *container);
