/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of images as Docker reads them (distribution/reference, "Grammar", and its normalized
 * names): `busybox` is docker.io/library/busybox:latest. Pure.
 */
#pragma once

#include <stdbool.h>
#include "digest.h"

#define REFERENCE_NAME 256
#define REFERENCE_TAG  129

struct reference {
	char domain[REFERENCE_NAME]; /* docker.io, 127.0.0.1:5000 */
	char path[REFERENCE_NAME];   /* library/busybox */
	char tag[REFERENCE_TAG];     /* "" only when there is a digest */
	struct digest digest;        /* "" when the name has none */
};

/* False with *why, a constant. */
bool reference_parse(const char *text, struct reference *reference, const char **why);
/* The part of a name in front of the path, checked: HOST or HOST:PORT. */
bool reference_is_domain(const char *text);
/* True for localhost, 127.0.0.0/8 and [::1], with or without a port. */
bool reference_is_loopback(const char *domain);
/* What is asked for in the URL: the digest, else the tag. */
const char *reference_version(const struct reference *reference);
