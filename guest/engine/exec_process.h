/* SPDX-License-Identifier: Apache-2.0 */
/* The process of an exec. */
#pragma once

#include "container.h"

/* Writes runtime-spec's "process" to RUN/containers/ID/exec/E/process.json and returns the path,
 * which the caller frees. NULL: *error (the caller frees it) says why. */
char *exec_write_process(struct container *container, json *config, const char *id, char **error);
/* "ProcessConfig" of exec inspect. */
json *exec_describe(json *config);
