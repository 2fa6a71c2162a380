/* SPDX-License-Identifier: Apache-2.0 */
/* Registries that the operator lets be plain HTTP, or https with a certificate that nobody knows.
 * Loopback needs none. */
#pragma once

#include "json.h"

/* HOST or HOST:PORT of an option, which stays the caller's and must last. 0, or -1 for what is none
 * and for too many. */
int registry_insecure_add(const char *option);
/*
 * The start of a request to bh-image: {"auth","insecure"}; takes auth. `name`: an image's normal
 * name, or what a client logs in to or searches: HOST[:PORT][/...], perhaps a URL. The caller puts
 * it.
 */
json *registry_request(const char *name, json *auth);
/* "RegistryConfig" of `docker info`. The caller puts it. */
json *registry_insecure_list(void);
