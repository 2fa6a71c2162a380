/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store below ROOT: blobs/sha256/HEX, layers/HEX/{diff,layer.json}, tmp/. What is visible in
 * blobs and layers is whole and has the digest of its name; work at hand lies in tmp/. Functions
 * that do not return a status end the process by fail().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "digest.h"
#include "json.h"

/* Opens, and makes what is missing. */
void store_open(const char *root);
/* Directory descriptors, owned here. */
int store_blobs(void);
int store_layers(void);
int store_tmp(void);
/* This process's own directory in tmp, removed when it ends. */
int store_work(void);
/* A name that is new in the work directory; the caller frees it. */
char *store_work_name(const char *kind);
/* Ends with no-space when the file system has less than LIMIT_SPARE_BYTES. */
void store_check_space(void);

/* Blobs become visible at once, and safe from a loss of power by this; `all`: the whole file system
 * (after many files were written), else the blobs alone. To be called before anything tells of
 * them. */
void store_sync(bool all);

struct blob {
	int fd;
	char *name; /* in the work directory */
	struct sha256_ctx hash;
	uint64_t bytes;
};

void blob_begin(struct blob *blob);
void blob_add(struct blob *blob, const void *bytes, size_t length);
/* Makes it visible under the digest of what was added. */
void blob_commit(struct blob *blob, struct digest *digest);
/* A file of the work directory becomes the blob `digest`, which the caller has made sure of. */
void blob_adopt(const char *work_name, const struct digest *digest);
void blob_put(const void *bytes, size_t length, struct digest *digest);
/* A descriptor, or -1 with errno. *bytes may be NULL. */
int blob_open(const struct digest *digest, uint64_t *bytes);
/* It is there, with the bytes that it is named by; *found is the digest of those that are there. */
bool blob_is_whole(const struct digest *digest, struct digest *found);
/* The same, or the end. */
int blob_need(const struct digest *digest, uint64_t *bytes);
/* A small JSON blob, its digest checked again. NULL when there is none or it is not JSON. */
json *blob_json(const struct digest *digest);
