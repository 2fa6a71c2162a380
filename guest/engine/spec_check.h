/* SPDX-License-Identifier: Apache-2.0 */
/* Types and ranges of what a client sends to create a container. Pure. */
#pragma once

#include "json.h"

/* Config, HostConfig, NetworkingConfig of "create": NULL, or what is wrong (the caller frees it).
 */
char *spec_check_create(json *body);
/* The config of an image, which strangers make: what containers and builds take from it. */
char *spec_check_image(json *config);
/* HostConfig alone, as "update" has it. */
char *spec_check_host(json *host);
/* Capabilities as "CAP_X" from "x", "CAP_X"; the caller frees it. NULL: there is no such one. */
char *spec_capability(const char *name);
/* Number of a signal: "SIGTERM", "term", "15"; "" gives the fallback. 0: no such one. */
int spec_signal(const char *name, int fallback);
/* "10m", "1k", "5g", "100": bytes; -1: it is no size. */
int64_t spec_size(const char *text);
