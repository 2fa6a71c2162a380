/* SPDX-License-Identifier: Apache-2.0 */
#include "unpack.h"
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "in_root.h"
#include "store_limits.h"
#include "report.h"
#include "store.h"
#include "text.h"
#include "unpack_file.h"

uint64_t unpack_limit_entries = LIMIT_ENTRIES;

/* Where an entry goes. */
struct place {
	int parent;
	const char *name;
	const char *path; /* for messages */
};

/* Directories get their times when nothing more is put into them. */
static void keep_time(struct unpack *unpack, const char *path, const struct timespec *time)
{
	if (!unpack->times) {
		char *name = store_work_name("times");
		int fd = openat(store_work(), name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		free(name);
		unpack->times = fd < 0 ? NULL : fdopen(fd, "w+");
		if (!unpack->times) {
			fail_errno("cannot make a file in tmp");
		}
	}
	if (fwrite(time, sizeof(*time), 1, unpack->times) != 1 ||
	    fwrite(path, strlen(path) + 1, 1, unpack->times) != 1) {
		fail_errno("cannot write to tmp");
	}
}

static void set_times(struct unpack *unpack)
{
	struct timespec times[2];
	char *path = NULL;
	size_t room = 0;

	if (!unpack->times) {
		return;
	}
	if (fflush(unpack->times) != 0) {
		fail_errno("cannot write to tmp");
	}
	rewind(unpack->times);
	while (fread(&times[0], sizeof(times[0]), 1, unpack->times) == 1 &&
	       getdelim(&path, &room, '\0', unpack->times) > 0) {
		times[1] = times[0];
		int fd = in_root_open(unpack->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
		if (fd >= 0) { /* else a later entry replaced it */
			(void)futimens(fd, times);
			close(fd);
		}
	}
	free(path);
	fclose(unpack->times);
	unpack->times = NULL;
}

static void unpack_dir(struct unpack *unpack, struct archive_entry *entry, const char *path)
{
	bool was_whiteout = false;
	const char *name = ".";
	int parent = *path ? unpack_parent(unpack, path, &name) : unpack->root;

	if (*path && mkdirat(parent, name, 0700) < 0) {
		if (errno != EEXIST) {
			fail_errno("cannot make the directory %s", path);
		}
		if (unpack_make_way(unpack, parent, name, true, &was_whiteout) == 0 &&
		    mkdirat(parent, name, 0700) < 0) {
			fail_errno("cannot make the directory %s", path);
		}
	}
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		fail_errno("cannot open %s", path);
	}
	unpack_set_meta(unpack, entry, fd, path);
	if (was_whiteout && fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0) {
		fail_errno("cannot make %s opaque", path);
	}
	close(fd);
	struct timespec time = unpack_time(entry);
	keep_time(unpack, path, &time);
}

static int make_link(struct unpack *unpack, const struct plan *plan, const struct place *place)
{
	const char *name;

	if (plan->kind == PLAN_SYMLINK) {
		return symlinkat(plan->target, place->parent, place->name);
	}
	int parent = in_root_parent(unpack->root, plan->target, 0, &name);
	int result = parent < 0 ? -1 : linkat(parent, name, place->parent, place->name, 0);
	int error = errno;
	file_close(parent);
	if (result < 0 && error != EEXIST) {
		fail(FAIL_BAD_INPUT, "%s: cannot link it to %s: %s", plan->path, plan->target,
		     strerror(error));
	}
	errno = error;
	return result;
}

/* Makes what is neither file nor directory; EEXIST is for the caller. */
static int make_other(struct unpack *unpack, struct archive_entry *entry, const struct plan *plan,
		      const struct place *place)
{
	if (plan->kind != PLAN_NODE) {
		return make_link(unpack, plan, place);
	}
	return mknodat(place->parent, place->name, archive_entry_filetype(entry) | 0600,
		       archive_entry_rdev(entry));
}

static void unpack_other(struct unpack *unpack, struct archive_entry *entry,
			 const struct plan *plan, const struct place *place)
{
	bool was_whiteout;
	int result = make_other(unpack, entry, plan, place);

	if (result < 0 && errno == EEXIST) {
		unpack_make_way(unpack, place->parent, place->name, false, &was_whiteout);
		result = make_other(unpack, entry, plan, place);
	}
	if (result < 0 && plan->kind == PLAN_NODE && errno == EPERM) {
		return; /* a device, without the right to make one */
	}
	if (result < 0) {
		fail_errno("cannot make %s", plan->path);
	}
	if (plan->kind == PLAN_HARDLINK) {
		return;
	}
	unpack_set_other(unpack, entry, place->parent, place->name);
}

/* Hides `name` of the layers below; what this layer itself has there stays (image-spec). */
static void unpack_whiteout(struct unpack *unpack, const struct plan *plan)
{
	const char *name;
	int parent = unpack_parent(unpack, plan->path, &name);

	if (mknodat(parent, name, S_IFCHR, 0) == 0) {
		return;
	}
	if (errno != EEXIST) {
		fail_errno("cannot make the whiteout of %s", plan->path);
	}
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		if (fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0) {
			fail_errno("cannot make %s opaque", plan->path);
		}
		close(fd);
	}
}

static void unpack_opaque(struct unpack *unpack, const struct plan *plan)
{
	char *inside = text_format("%s%sx", plan->path, *plan->path ? "/" : "");
	const char *name;
	int parent = unpack_parent(unpack, inside, &name);

	int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0) {
		fail_errno("cannot make /%s opaque", plan->path);
	}
	close(fd);
	free(inside);
}

static void unpack_entry(struct unpack *unpack, struct archive *tar, struct archive_entry *entry,
			 const struct plan *plan)
{
	struct place place = {.path = plan->path};

	switch (plan->kind) {
	case PLAN_SKIP:
		return;
	case PLAN_REFUSED:
		fail(FAIL_BAD_INPUT, "the archive is refused: %s: %s",
		     archive_entry_pathname(entry) ? archive_entry_pathname(entry) : "(none)",
		     plan->why);
	case PLAN_DIR:
		unpack_dir(unpack, entry, plan->path);
		return;
	case PLAN_WHITEOUT:
		unpack_whiteout(unpack, plan);
		return;
	case PLAN_OPAQUE:
		unpack_opaque(unpack, plan);
		return;
	case PLAN_FILE:
		place.parent = unpack_parent(unpack, plan->path, &place.name);
		unpack_file(unpack, tar, entry, place.parent, place.name, plan->path);
		return;
	case PLAN_SYMLINK:
	case PLAN_HARDLINK:
	case PLAN_NODE:
		place.parent = unpack_parent(unpack, plan->path, &place.name);
		unpack_other(unpack, entry, plan, &place);
		return;
	}
}

static char *add_prefix(const char *prefix, char *path)
{
	char *whole = text_format("%s%s%s", prefix, *path ? "/" : "", path);

	free(path);
	return whole;
}

/* Links to the root are refused before, so a prefix changes nothing that was checked. */
static void set_prefix(const struct unpack *unpack, struct plan *plan)
{
	if (!unpack->prefix || !*unpack->prefix || plan->kind == PLAN_REFUSED) {
		return;
	}
	plan->path = add_prefix(unpack->prefix, plan->path);
	if (plan->kind == PLAN_HARDLINK) {
		plan->target = add_prefix(unpack->prefix, plan->target);
	}
}

void unpack_tar(struct unpack *unpack, struct stream *stream)
{
	struct archive *tar = stream_tar(stream);
	struct archive_entry *entry;
	struct plan plan;
	int result;

	unpack->parent_fd = -1;
	while ((result = archive_read_next_header(tar, &entry)) != ARCHIVE_EOF) {
		if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
			fail(FAIL_BAD_INPUT, "the archive is damaged: %s",
			     archive_error_string(tar));
		}
		if (++unpack->entries > unpack_limit_entries) {
			fail(FAIL_BAD_INPUT,
			     "the archive has more than %llu entries; it is refused",
			     (unsigned long long)unpack_limit_entries);
		}
		plan_make(entry, unpack->mode, &plan);
		set_prefix(unpack, &plan);
		unpack_entry(unpack, tar, entry, &plan);
		plan_free(&plan);
	}
	set_times(unpack);
	unpack_forget_parent(unpack);
	archive_read_free(tar);
}

void unpack_fd(struct unpack *unpack, int fd)
{
	struct stream *stream = memory_zeroed(1, sizeof(*stream));

	stream_open(stream, fd, STREAM_ANY);
	unpack_tar(unpack, stream);
	stream_finish(stream, NULL, NULL);
	free(stream);
}
