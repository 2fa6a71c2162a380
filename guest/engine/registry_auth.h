/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials that a client sends: X-Registry-Auth and X-Registry-Config, base64 of JSON. */
#pragma once

#include "http.h"

/* bh-image's "auth" object, empty without the header. The caller puts it. */
json *registry_auth(struct request *request);
/* Of a build: {server: auth}; empty without the header. The caller puts it. */
json *registry_auths(struct request *request);
/* The one of them for an image's normal name. The caller puts it. */
json *registry_auth_for(json *auths, const char *ref);
