/* SPDX-License-Identifier: Apache-2.0 */
#include "tar_plan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "store_limits.h"
#include "text.h"

#define WHITEOUT      ".wh."
#define WHITEOUT_META ".wh..wh."
#define OPAQUE_NAME   ".wh..wh..opq"

static bool starts_with(const char *string, const char *prefix)
{
	return strncmp(string, prefix, strlen(prefix)) == 0;
}

/* Drops the last part of what is in `path`; false when there is none. */
static bool drop_last(char *path, size_t *length)
{
	if (*length == 0) {
		return false;
	}
	while (*length && path[*length - 1] != '/') {
		--*length;
	}
	*length -= *length != 0;
	return true;
}

char *plan_path(const char *name, const char **why)
{
	size_t room = strlen(name);
	size_t length = 0;
	size_t depth = 0;
	char *path = room <= LIMIT_PATH ? memory_zeroed(room + 2, 1) : NULL;

	*why = path ? NULL : "its name is too long";
	while (!*why && *name) {
		name += strspn(name, "/");
		size_t part = strcspn(name, "/");
		if (part == 2 && name[0] == '.' && name[1] == '.') {
			*why = drop_last(path, &length) ? NULL : "its name leaves the root";
			depth -= depth != 0;
		} else if (part > LIMIT_COMPONENT) {
			*why = "a part of its name is too long";
		} else if (part && !(part == 1 && *name == '.')) {
			path[length] = '/';
			length += length != 0;
			memcpy(path + length, name, part);
			length += part;
			*why = ++depth > LIMIT_DEPTH ? "its name is too deep" : NULL;
		}
		name += part;
	}
	if (*why) {
		free(path);
		return NULL;
	}
	path[length] = '\0';
	return path;
}

static void refuse(struct plan *plan, const char *why)
{
	plan->kind = PLAN_REFUSED;
	plan->why = why;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Parts other than the last must be ordinary names. */
static bool has_whiteout_parent(const char *path)
{
	for (const char *part = path; (part = strstr(part, WHITEOUT)); part++) {
		if ((part == path || part[-1] == '/') && strchr(part, '/')) {
			return true;
		}
	}
	return false;
}

/* Names that start with `.wh.`. */
static void plan_whiteout(struct plan *plan)
{
	char *name = plan->path + (last_part(plan->path) - plan->path);
	bool is_at_root = name == plan->path;

	if (starts_with(plan->path, WHITEOUT_META) && strcmp(plan->path, OPAQUE_NAME) != 0) {
		plan->kind = PLAN_SKIP; /* AUFS' own files, in the root of old layers */
	} else if (has_whiteout_parent(plan->path)) {
		refuse(plan, "it lies below a whiteout");
	} else if (strcmp(name, OPAQUE_NAME) == 0) {
		plan->kind = PLAN_OPAQUE;
		name[is_at_root ? 0 : -1] = '\0';
	} else if (starts_with(name, WHITEOUT)) {
		char *hidden = name + strlen(WHITEOUT);
		if (!*hidden || !strcmp(hidden, ".") || !strcmp(hidden, "..") ||
		    starts_with(hidden, WHITEOUT)) {
			refuse(plan, "it is a whiteout of a name that cannot be");
			return;
		}
		plan->kind = PLAN_WHITEOUT;
		memmove(name, hidden, strlen(hidden) + 1);
	}
}

static void plan_link(struct archive_entry *entry, struct plan *plan)
{
	const char *hard = archive_entry_hardlink(entry);
	const char *target = hard ? hard : archive_entry_symlink(entry);

	plan->kind = hard ? PLAN_HARDLINK : PLAN_SYMLINK;
	if (!target || !*target || strlen(target) > LIMIT_PATH) {
		refuse(plan, "its target is empty or too long");
	} else if (hard) {
		plan->target = plan_path(hard, &plan->why);
		if (!plan->target) {
			refuse(plan, "its target leaves the root or is too long");
		} else if (!*plan->target || strcmp(plan->target, plan->path) == 0) {
			refuse(plan, "it is a hard link to itself or to the root");
		}
	} else {
		plan->target = text_copy(target);
	}
}

static void plan_node(struct archive_entry *entry, enum tar_mode mode, struct plan *plan)
{
	bool is_device = archive_entry_filetype(entry) != AE_IFIFO;

	plan->kind = PLAN_NODE;
	if (is_device && mode == TAR_PLAIN) {
		refuse(plan, "it is a device, which this archive may not hold");
	} else if (archive_entry_filetype(entry) == AE_IFCHR && archive_entry_rdev(entry) == 0) {
		refuse(plan, "it is a device 0:0, overlayfs' own whiteout");
	}
}

static void plan_type(struct archive_entry *entry, enum tar_mode mode, struct plan *plan)
{
	la_int64_t size = archive_entry_size(entry);

	if (archive_entry_hardlink(entry)) {
		plan_link(entry, plan);
		return;
	}
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		plan->kind = PLAN_FILE;
		if (size < 0 || (unsigned long long)size > LIMIT_FILE) {
			refuse(plan, "it is too large");
		}
		break;
	case AE_IFDIR:
		plan->kind = PLAN_DIR;
		break;
	case AE_IFLNK:
		plan_link(entry, plan);
		break;
	case AE_IFCHR:
	case AE_IFBLK:
	case AE_IFIFO:
		plan_node(entry, mode, plan);
		break;
	default:
		plan->kind = PLAN_SKIP; /* a socket cannot be in a file system that is copied */
	}
}

void plan_make(struct archive_entry *entry, enum tar_mode mode, struct plan *plan)
{
	const char *name = archive_entry_pathname(entry);

	*plan = (struct plan){.kind = PLAN_REFUSED};
	if (!name || !*name) {
		refuse(plan, "an entry has no name");
		return;
	}
	plan->path = plan_path(name, &plan->why);
	if (!plan->path) {
		return;
	}
	plan_type(entry, mode, plan);
	if (mode == TAR_LAYER && plan->kind != PLAN_REFUSED) {
		plan_whiteout(plan);
	}
	if (!*plan->path && plan->kind != PLAN_DIR && plan->kind != PLAN_OPAQUE &&
	    plan->kind != PLAN_REFUSED && plan->kind != PLAN_SKIP) {
		refuse(plan, "the root is not a directory");
	}
	la_int64_t uid = archive_entry_uid(entry);
	la_int64_t gid = archive_entry_gid(entry);
	if (uid < 0 || gid < 0 || uid >= UINT32_MAX || gid >= UINT32_MAX) {
		refuse(plan, "its owner is not a user or group number");
	}
}

void plan_free(struct plan *plan)
{
	free(plan->path);
	free(plan->target);
	*plan = (struct plan){.kind = PLAN_SKIP};
}

enum xattr_policy plan_xattr(const char *name)
{
	if (starts_with(name, "trusted.") || starts_with(name, "user.overlay.") ||
	    strlen(name) > LIMIT_COMPONENT) {
		return XATTR_REFUSE;
	}
	if (starts_with(name, "user.") || strcmp(name, "security.capability") == 0) {
		return XATTR_KEEP;
	}
	return XATTR_DROP;
}
