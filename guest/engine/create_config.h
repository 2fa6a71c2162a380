/* SPDX-License-Identifier: Apache-2.0 */
/* A container's Config and HostConfig, whole: what the client sent, the image's, the defaults.
 * Pure. */
#pragma once

#include "json.h"

/* `image` is the image's run config, maybe NULL. `id` gives the host name's default. */
json *create_config(json *body, json *image, const char *id);
json *create_host_config(json *body);
/* Path and Args from Entrypoint and Cmd, as an array; empty: nothing to run. */
json *create_command(json *config);
/* Appends the words that a command's shell form begins with: `shell`, or /bin/sh -c without one. */
void shell_append(json *command, json *shell);
/* Where a list says KEY=VALUE: the value, or NULL. Borrowed. */
const char *env_value(json *env, const char *key);
/* Sets KEY=VALUE in a list, over an older value. */
void env_set(json *env, const char *text);
