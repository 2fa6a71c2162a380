/* SPDX-License-Identifier: Apache-2.0 */
/* Names of images: what people write, and the normal form of the database. */
#pragma once

#include <stdbool.h>

/*
 * busybox -> docker.io/library/busybox:latest, a/b:1 -> docker.io/a/b:1, host:5000/x@sha256:... as
 * it is. The caller frees it; NULL: it is no valid name (distribution-spec, "Pulling manifests").
 */
char *image_ref_normal(const char *name);
/* What REPO and TAG name together, REPO:TAG, REPO@DIGEST or REPO: both may be NULL. The caller
 * frees it. */
char *image_ref_join(const char *repo, const char *tag);
/* The other way round: docker.io/library/busybox:1 -> busybox:1. The caller frees it. */
char *image_ref_familiar(const char *ref);
/* Does what people write have a tag or a digest? */
bool image_ref_has_version(const char *name);
/* Of a normal name: without tag or digest. The caller frees it. */
char *image_ref_repository(const char *ref);
/* Behind the repository: the tag, or sha256:...; "" without. Borrowed from `ref`. */
const char *image_ref_tag(const char *ref);
