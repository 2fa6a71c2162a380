/* SPDX-License-Identifier: Apache-2.0 */
/* Running from a sealed copy of the program. */
#include "sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int copy_of(int from, struct error *e)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	struct stat status;
	off_t done = 0;

	int copy = memfd_create("bh-runtime", flags | MFD_EXEC);
	if (copy < 0 && errno == EINVAL) {
		copy = memfd_create("bh-runtime", flags);
	}
	if (copy < 0 || fstat(from, &status) < 0) {
		return error_set(e, errno, "cannot copy the program into memory");
	}
	while (done < status.st_size) {
		ssize_t n = sendfile(copy, from, &done, (size_t)(status.st_size - done));
		if (n <= 0) {
			return error_set(e, errno, "cannot copy the program into memory");
		}
	}
	if (fcntl(copy, F_ADD_SEALS, SEALS) < 0) {
		return error_set(e, errno, "cannot seal the program's copy");
	}
	return copy;
}

/* Of a mount that nobody can write through, or of a sealed file in memory. */
static bool is_sealed(int self)
{
	struct statvfs fs;
	int seals = fcntl(self, F_GET_SEALS);

	return (seals >= 0 && (seals & SEALS) == SEALS) ||
	       (fstatvfs(self, &fs) == 0 && (fs.f_flag & ST_RDONLY));
}

/* A read-only mount of the program alone, in no mount namespace: it has no path, and ends with its
 * last user, so that nobody can find it and make it writable. Needs CAP_SYS_ADMIN. */
static int mount_of(int self)
{
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
	int tree = (int)syscall(SYS_open_tree, self, "",
				OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (tree >= 0 && syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes,
				 sizeof(attributes)) < 0) {
		close(tree);
		return -1;
	}
	return tree;
}

void sealed_release(void)
{
	if (sealed_fd >= 0) {
		close(sealed_fd);
		sealed_fd = -1;
	}
}

int sealed_enter(char **argv, struct error *e)
{
	if (sealed_from_start) {
		prctl(PR_SET_NAME, "bh-runtime");
		return 0;
	}
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (self < 0) {
		return error_set(e, errno, "cannot open /proc/self/exe; is /proc mounted?");
	}
	if (is_sealed(self)) {
		close(self);
		prctl(PR_SET_NAME, "bh-runtime");
		return 0;
	}
	int sealed = mount_of(self);
	if (sealed >= 0) {
		syscall(SYS_execveat, sealed, "", argv, environ, AT_EMPTY_PATH);
	}
	sealed = copy_of(self, e);
	if (sealed < 0) {
		return -1;
	}
	syscall(SYS_execveat, sealed, "", argv, environ, AT_EMPTY_PATH);
	return error_set(e, errno, "cannot execute the program's sealed copy");
}
