/* SPDX-License-Identifier: Apache-2.0 */
/* A partition from its configuration file: checked, made, and its memory loaded. */
#pragma once

#include "bh_partition.h"
#include "config_parse.h"

/* A file in memory. */
struct bh_file {
	const uint8_t *bytes; /* NULL: not read */
	size_t size;
};

/* False: errno says why. An empty file is EINVAL. */
bool bh_file_map(const char *path, struct bh_file *file);
void bh_file_unmap(struct bh_file *file);

struct bh_config {
	struct config_file parsed;
	struct bh_file text;
	const char *path;
	char folder[512]; /* what paths are relative to */
};

/* Each prints its own error, and returns enum bh_result. */
int bh_config_read(struct bh *bh, struct bh_config *config, const char *path);
void bh_config_drop(struct bh_config *config);
/* The section's position, or CONFIG_PARTITION_MAX. */
uint32_t bh_config_index(const struct bh_config *config, const char *name);
/* What no partition made at run time can have. */
int bh_config_allowed(struct bh *bh, const struct bh_config *config, uint32_t index);

/* What a partition's memory holds at its start: pieces point into the files and the blob. */
struct bh_image {
	struct boot_image image;
	struct bh_file kernel;
	struct bh_file initrd;
	uint8_t *blob;
};

int bh_image_build(struct bh *bh, const struct bh_config *config, uint32_t index,
		   struct bh_image *image);
void bh_image_drop(struct bh_image *image);
int bh_image_load(struct bh *bh, const struct bh_image *image, const char *name, uint32_t id);

/* Created, zeroed, loaded, maybe started, and kept; `what` is done, in messages. What fails between
 * its creation and its start removes it. */
int bh_make(struct bh *bh, const char *what, const struct bh_config *config, uint32_t index,
	    const struct bh_image *image, bool is_started);
/* Why it cannot be: who has what it needs. Returns enum bh_result. */
int bh_explain(struct bh *bh, const char *what, const struct config_partition *wanted,
	       uint32_t status);

/* The configuration that a created partition was made from, kept in bh->folder: its section, with
 * the CPUs and memory that it has. */
void bh_kept_path(const struct bh *bh, const char *name, char path[512]);
int bh_keep(struct bh *bh, const struct bh_config *config, uint32_t index,
	    const struct bh_image *image);
/* What is told at creation only, as a number: of the image, and of a kept configuration. */
uint64_t bh_image_mark(const struct bh_image *image);
uint64_t bh_config_mark(const struct bh_config *config);
/* Loads a created partition again from what was kept. */
int bh_reload(struct bh *bh, const struct bh_partition *partition);
