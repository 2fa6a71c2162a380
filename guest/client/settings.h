/* SPDX-License-Identifier: Apache-2.0 */
/* Options of run, create and exec as the API's objects (Docker Engine API, "Create a container").
 */
#pragma once

#include "client.h"

/* Body of POST /containers/create; NULL when an option's value is bad (said). The caller puts it.
 */
json *settings_container(struct client *client);
/* Body of POST /containers/NAME/exec. */
json *settings_exec(struct client *client);
/* "512m", "1.5g", "4096": bytes; -1 when it is none. */
int64_t settings_bytes(const char *words);

/* image.c */
int client_pull_image(const char *image, bool is_quiet);
