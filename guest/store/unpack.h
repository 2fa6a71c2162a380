/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpacks an archive below a directory. Each path goes through in_root.h, nothing outside of the
 * root is touched whatever the archive or a process in the root does. A layer becomes overlayfs'
 * upper format. Errors end the process.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "stream.h"
#include "tar_plan.h"

struct unpack {
	int root;           /* borrowed */
	const char *prefix; /* directory below the root that the archive's names are in, or NULL */
	enum tar_mode mode;
	bool is_owned;     /* owners and extended attributes are kept */
	bool is_owner_set; /* all belongs to uid:gid */
	uint32_t uid;
	uint32_t gid;
	bool no_overwrite_dir_non_dir; /* as Docker's noOverwriteDirNonDir */
	const int *lowers;             /* layers below, topmost first: where a directory that the
					  archive does not name gets its owner and mode from */
	size_t lower_count;
	/* results */
	uint64_t size; /* of regular files */
	uint64_t entries;
	/* own */
	char *parent_path;
	int parent_fd; /* -1: none; set by unpack_tar() */
	FILE *times;
};

/* Largest number of entries; set once by an option, for tests. */
extern uint64_t unpack_limit_entries;

/* All entries; the stream is left where the archive ends. */
void unpack_tar(struct unpack *unpack, struct stream *stream);
/* The same of a descriptor, however it is compressed (STREAM_ANY), to its end. */
void unpack_fd(struct unpack *unpack, int fd);

/* Of unpack_parent.c: the directory that holds `path`, made where it is missing; owned by the
 * unpack, valid until the next call. *name points into path. */
int unpack_parent(struct unpack *unpack, const char *path, const char **name);
/* What is there under the name goes, unless both are directories. Returns 1 when a directory stays,
 * 0 when nothing is there any more. *was_whiteout tells what went. */
int unpack_make_way(struct unpack *unpack, int parent, const char *name, bool is_dir,
		    bool *was_whiteout);
void unpack_forget_parent(struct unpack *unpack);
