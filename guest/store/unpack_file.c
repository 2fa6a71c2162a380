/* SPDX-License-Identifier: Apache-2.0 */
#include "unpack_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "store_limits.h"
#include "report.h"
#include "store.h"

#define SPACE_STEP 26 /* the space is looked at each 2^26 bytes */

struct timespec unpack_time(struct archive_entry *entry)
{
	struct timespec time = {.tv_sec = archive_entry_mtime(entry),
				.tv_nsec = archive_entry_mtime_nsec(entry)};

	if (time.tv_nsec < 0 || time.tv_nsec > 999999999) {
		time.tv_nsec = 0;
	}
	return time;
}

static void set_xattrs(struct archive_entry *entry, int fd, const char *path)
{
	const char *name;
	const void *value;
	size_t size;

	if (archive_entry_xattr_reset(entry) > LIMIT_XATTRS) {
		fail(FAIL_BAD_INPUT, "%s: it has more than %d extended attributes", path,
		     LIMIT_XATTRS);
	}
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		enum xattr_policy policy = plan_xattr(name);
		if (policy == XATTR_REFUSE || size > LIMIT_XATTR) {
			fail(FAIL_BAD_INPUT,
			     "the archive is refused: %s: the extended attribute %.80s", path,
			     name);
		}
		if (policy == XATTR_KEEP && fsetxattr(fd, name, value, size, 0) < 0 &&
		    errno != ENOTSUP && errno != EPERM) {
			fail_errno("%s: cannot set the extended attribute %s", path, name);
		}
	}
}

static void owner_of(const struct unpack *unpack, struct archive_entry *entry, uid_t *uid,
		     gid_t *gid)
{
	*uid = unpack->is_owner_set ? unpack->uid : (uid_t)archive_entry_uid(entry);
	*gid = unpack->is_owner_set ? unpack->gid : (gid_t)archive_entry_gid(entry);
}

void unpack_set_meta(const struct unpack *unpack, struct archive_entry *entry, int fd,
		     const char *path)
{
	uid_t uid;
	gid_t gid;

	owner_of(unpack, entry, &uid, &gid);
	if ((unpack->is_owned || unpack->is_owner_set) && fchown(fd, uid, gid) < 0 &&
	    geteuid() == 0) {
		fail_errno("%s: cannot set its owner", path);
	}
	if (fchmod(fd, archive_entry_perm(entry)) < 0) {
		fail_errno("%s: cannot set its mode", path);
	}
	if (unpack->is_owned) {
		set_xattrs(entry, fd, path);
	}
}

void unpack_set_other(const struct unpack *unpack, struct archive_entry *entry, int parent,
		      const char *name)
{
	struct timespec time = unpack_time(entry);
	struct timespec times[2] = {time, time};
	char link[64];
	uid_t uid;
	gid_t gid;

	/* By descriptor: a process in the root may have put something else under the name. */
	int fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		fail_errno("cannot open %s", name);
	}
	owner_of(unpack, entry, &uid, &gid);
	if ((unpack->is_owned || unpack->is_owner_set) &&
	    fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0 && geteuid() == 0) {
		fail_errno("cannot set the owner of %s", name);
	}
	if (archive_entry_filetype(entry) != AE_IFLNK) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if (chmod(link, archive_entry_perm(entry)) < 0) {
			fail_errno("cannot set the mode of %s", name);
		}
	}
	(void)utimensat(fd, "", times, AT_EMPTY_PATH);
	close(fd);
}

static int create(struct unpack *unpack, int parent, const char *name, const char *path)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	bool was_whiteout;
	int fd = openat(parent, name, flags, 0600);

	if (fd < 0 && errno == EEXIST) {
		unpack_make_way(unpack, parent, name, false, &was_whiteout);
		fd = openat(parent, name, flags, 0600);
	}
	if (fd < 0) {
		fail_errno("cannot make %s", path);
	}
	return fd;
}

static bool is_zero(const char *bytes, size_t length)
{
	return length >= 4096 && *bytes == 0 && memcmp(bytes, bytes + 1, length - 1) == 0;
}

static void write_at(int fd, const char *bytes, size_t length, int64_t offset, const char *path)
{
	while (length) {
		ssize_t count = pwrite(fd, bytes, length, offset);
		if (count < 0 && errno == EINTR) {
			continue;
		}
		if (count <= 0) {
			fail_errno("cannot write %s", path);
		}
		bytes += count;
		offset += count;
		length -= (size_t)count;
	}
}

static int64_t copy_data(struct archive *tar, int64_t size, int fd, const char *path)
{
	const void *bytes;
	size_t length;
	la_int64_t offset;
	int64_t end = 0;
	int result;

	while ((result = archive_read_data_block(tar, &bytes, &length, &offset)) == ARCHIVE_OK) {
		if (offset < 0 || offset > size || (int64_t)length > size - offset) {
			fail(FAIL_BAD_INPUT, "%s: its map of holes is wrong", path);
		}
		if (length && !is_zero(bytes, length)) {
			write_at(fd, bytes, length, offset, path);
			end = offset + (int64_t)length > end ? offset + (int64_t)length : end;
		}
		if ((offset ^ (offset + (int64_t)length)) >> SPACE_STEP) {
			store_check_space();
		}
	}
	if (result != ARCHIVE_EOF) {
		fail(FAIL_BAD_INPUT, "%s: the archive is damaged: %s", path,
		     archive_error_string(tar));
	}
	return end;
}

void unpack_file(struct unpack *unpack, struct archive *tar, struct archive_entry *entry,
		 int parent, const char *name, const char *path)
{
	int fd = create(unpack, parent, name, path);
	int64_t size = archive_entry_size(entry);
	struct timespec time = unpack_time(entry);
	struct timespec times[2] = {time, time};

	if (copy_data(tar, size, fd, path) < size && ftruncate(fd, size) < 0) {
		fail_errno("cannot set the length of %s", path);
	}
	unpack_set_meta(unpack, entry, fd, path);
	(void)futimens(fd, times);
	if (close(fd) < 0) {
		fail_errno("cannot write %s", path);
	}
	unpack->size += (uint64_t)size;
}
