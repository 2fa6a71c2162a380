/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packs a directory tree as a tar archive (ustar, pax headers where they are needed) whose bytes
 * depend on nothing but the tree: sorted names, whole seconds, owners as numbers. Errors end the
 * process.
 */
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "json.h"
#include "links.h"
#include "tar_plan.h"

enum pack_choice {
	PACK_TAKE,
	PACK_LEAVE,       /* and what is in it */
	PACK_LOOK_INSIDE, /* left out, but not all of what is in it need be */
};

struct pack {
	enum tar_mode mode; /* TAR_LAYER: overlayfs' upper format becomes whiteouts */
	/* Gets the bytes; ends the process when it cannot take them. */
	void (*write)(void *opaque, const void *bytes, size_t length);
	void *opaque;
	json *skip; /* paths (`/proc`) that are left out with what they hold, or NULL */
	bool has_no_times;
	bool is_owner_set; /* all belongs to uid:gid */
	uint32_t uid;
	uint32_t gid;
	/* Asked by pack_tree() for each path below the tree's root; NULL: all. */
	enum pack_choice (*choose)(void *opaque, const char *path);
	void *choose_opaque;
	/* own */
	struct archive *out;
	struct links links;
};

void pack_begin(struct pack *pack);
/* What is in the directory; names get `prefix` in front, "" or one that ends in a slash. */
void pack_tree(struct pack *pack, int root, const char *prefix);
/* One file, link, node or directory (without its contents) as `path`. */
void pack_one(struct pack *pack, int parent, const char *name, const char *path);
/* An open regular file as `path`. */
void pack_file(struct pack *pack, int fd, const char *path);
/* A file with these bytes. */
void pack_bytes(struct pack *pack, const char *path, const void *bytes, size_t length);
/* A file with what the descriptor has, `size` bytes. */
void pack_fd(struct pack *pack, const char *path, int fd, uint64_t size);
/* The same by parts: the header of `size` bytes, then that many of them. */
void pack_start(struct pack *pack, const char *path, uint64_t size);
void pack_more(struct pack *pack, const void *bytes, size_t length);
void pack_end(struct pack *pack);
/* Begin, all of the directory, end. */
void pack_whole(struct pack *pack, int root);
/* Is the path one of `skip`, with or without its slash? */
bool pack_is_skipped(json *skip, const char *path);

/* A `write`: *opaque is an int, a descriptor. */
void pack_write_fd(void *opaque, const void *bytes, size_t length);
