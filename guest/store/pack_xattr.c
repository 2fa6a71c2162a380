/* SPDX-License-Identifier: Apache-2.0 */
#include "pack_xattr.h"

#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include "report.h"
#include "store_limits.h"

#define OVERLAY "trusted.overlay."

/* What overlayfs itself has written: it must have been mounted without such features. */
static bool read_overlay(int fd, const char *name, const char *path)
{
	char value[2] = "";
	const char *what = name + strlen(OVERLAY);

	if (strcmp(what, "redirect") == 0 || strcmp(what, "metacopy") == 0) {
		fail(FAIL_CONFLICT,
		     "%s: overlayfs keeps a %s there; mount it with redirect_dir=off,metacopy=off",
		     path, what);
	}
	return strcmp(what, "opaque") == 0 && fgetxattr(fd, name, value, 1) == 1 && value[0] == 'y';
}

static int compare(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

static void add(struct archive_entry *entry, int fd, const char *name)
{
	static char value[LIMIT_XATTR];
	ssize_t length = fgetxattr(fd, name, value, sizeof(value));

	if (length >= 0) {
		archive_entry_xattr_add_entry(entry, name, value, (size_t)length);
	}
}

bool pack_xattrs(struct archive_entry *entry, int fd, enum tar_mode mode, const char *path)
{
	static char list[LIMIT_XATTR];
	char *names[LIMIT_XATTRS];
	size_t count = 0;
	bool is_opaque = false;
	ssize_t length = flistxattr(fd, list, sizeof(list));

	for (char *name = list; length > 0 && name < list + length; name += strlen(name) + 1) {
		if (strncmp(name, OVERLAY, strlen(OVERLAY)) == 0) {
			is_opaque |= mode == TAR_LAYER && read_overlay(fd, name, path);
		} else if (plan_xattr(name) == XATTR_KEEP && count < LIMIT_XATTRS) {
			names[count++] = name;
		}
	}
	if (count) {
		qsort(names, count, sizeof(names[0]), compare);
	}
	/* libarchive puts each new one in front. */
	while (count) {
		add(entry, fd, names[--count]);
	}
	return is_opaque;
}
