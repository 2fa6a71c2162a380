/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images of the database. An image is known by the ID of its config ("sha256:<64 hex>"); `ref` is a
 * normal name (image_ref.h). Strings and objects that are returned are the caller's.
 */
#pragma once

#include "json.h"

#include <stdbool.h>

/*
 * By ID with or without "sha256:", a beginning of one that is unique, NAME[:TAG], NAME@DIGEST.
 * NULL: there is none, or more than one (*is_ambiguous, which may be NULL).
 */
char *image_find(const char *name, bool *is_ambiguous);
/* bh-image's IMAGE object, with "layers" (from the base up). NULL: no such image. */
json *image_load(const char *id);
/* The "config" of the image's config (Env, Cmd, ...), in it. Borrowed, may be NULL. */
json *image_run_config(json *image);
/* Chain IDs from the base up, as strings; an image that is not there has none. */
json *image_layers(const char *id);

/*
 * The following run within db_begin(true) .. db_commit(), which are the caller's, so that an image
 * and its tags appear together. -1: the object is incomplete, or the database failed.
 */
/* An IMAGE object of bh-image; one that is there already stays. `parent` may be NULL. */
int image_insert(json *image, const char *parent);
/* Moves the name if another image has it. */
int image_tag(const char *ref, const char *id);
int image_untag(const char *ref);
int image_add_digest(const char *ref, const char *id);
/* The image without tags, digests and layer references; layers that no image has go too. */
int image_delete(const char *id);

/* How many containers, of any state, are made of it. */
int64_t image_container_count(const char *id);
/* The image it was made of here, or ""; NULL: there is no such image. */
char *image_parent(const char *id);
bool image_has_children(const char *id);
/* RepoTags, RepoDigests in familiar form: arrays. */
json *image_tags(const char *id);
json *image_digests(const char *id);
