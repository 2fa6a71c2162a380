/* SPDX-License-Identifier: Apache-2.0 */
#include "netns.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#define OWN_NETNS "/proc/self/ns/net"

/* Only a mounted namespace will do, not the empty file that a kill left behind. */
static int open_mounted(const char *path)
{
	struct statfs facts;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return -1;
	}
	if (fstatfs(fd, &facts) < 0 || facts.f_type != NSFS_MAGIC) {
		close(fd);
		errno = ENOENT;
		return -1;
	}
	return fd;
}

static int make_file(const char *path)
{
	char *parent = text_copy(path);

	*strrchr(parent, '/') = '\0';
	int result = *parent ? file_make_dirs(parent, 0711) : 0;
	free(parent);
	if (result < 0) {
		return -1;
	}
	int fd = open(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0444);
	return fd < 0 ? -1 : close(fd);
}

static _Noreturn void give_up(void)
{
	/* In the wrong namespace nothing may go on. */
	perror("bh-network: cannot return to the host's network namespace");
	abort();
}

/* Back in the host's namespace, with the result and errno of what was done in the other. */
static int come_back(int own, int result)
{
	int error = errno;

	if (setns(own, CLONE_NEWNET) < 0) {
		give_up();
	}
	close(own);
	errno = error;
	return result;
}

/* Made, entered, mounted, left. */
static int make_mounted(const char *path)
{
	int own = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);

	if (own < 0) {
		return -1;
	}
	if (unshare(CLONE_NEWNET) < 0) {
		close(own);
		return -1;
	}
	return come_back(own, mount(OWN_NETNS, path, NULL, MS_BIND, NULL));
}

int netns_open(const char *path, bool *is_new)
{
	int fd = open_mounted(path);

	*is_new = fd < 0;
	if (fd >= 0 || errno != ENOENT) {
		return fd;
	}
	if (make_file(path) < 0) {
		return -1;
	}
	if (make_mounted(path) < 0) {
		int error = errno;
		unlink(path);
		errno = error;
		return -1;
	}
	return open_mounted(path);
}

int netns_delete(const char *path)
{
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT) {
		return -1;
	}
	return unlink(path) < 0 && errno != ENOENT ? -1 : 0;
}

int netns_netlink(int netns, struct netlink *netlink)
{
	int own = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);

	if (own < 0) {
		return -1;
	}
	if (setns(netns, CLONE_NEWNET) < 0) {
		close(own);
		return -1;
	}
	return come_back(own, netlink_open(netlink, NETLINK_ROUTE));
}
