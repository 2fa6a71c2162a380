/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one entry of an archive asks for, checked: pure, no file system is looked at. A layer's
 * whiteouts: image-spec, "Image Layer Filesystem Changeset", Whiteouts.
 */
#pragma once

#include <archive_entry.h>
#include <stdbool.h>
#include <stddef.h>

enum tar_mode {
	TAR_LAYER, /* of an image: whiteouts, devices */
	TAR_PLAIN, /* files as they are, no devices */
};

enum plan_kind {
	PLAN_SKIP,
	PLAN_FILE,
	PLAN_DIR,
	PLAN_SYMLINK,
	PLAN_HARDLINK,
	PLAN_NODE,     /* device or fifo */
	PLAN_WHITEOUT, /* of `path` */
	PLAN_OPAQUE,   /* the directory `path` */
	PLAN_REFUSED,  /* `why` says it */
};

struct plan {
	enum plan_kind kind;
	char *path;      /* relative, without `.` and `..`; "" is the root */
	char *target;    /* symbolic link: as it is; hard link: like path */
	const char *why; /* constant */
};

/* The caller frees the plan by plan_free(). */
void plan_make(struct archive_entry *entry, enum tar_mode mode, struct plan *plan);
void plan_free(struct plan *plan);

/* Cleans a name as Go's path.Clean does, below a root. NULL with *why when it leaves the root or is
 * longer or deeper than limits.h says. The caller frees it. */
char *plan_path(const char *name, const char **why);

enum xattr_policy { XATTR_KEEP, XATTR_DROP, XATTR_REFUSE };
enum xattr_policy plan_xattr(const char *name);
