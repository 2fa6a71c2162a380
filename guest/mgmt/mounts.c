/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts, and the search for the data disk by its ext4 label. */
#include "mounts.h"

#include "process.h"
#include "say.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATA_LABEL  "bulkhead-data"
#define DATA_FOLDER "/data"
/* Linux: "ext4 Super Block". */
#define EXT4_SUPER_OFFSET 1024
#define EXT4_MAGIC_OFFSET 0x38
#define EXT4_LABEL_OFFSET 0x78
#define EXT4_LABEL_SIZE   16
#define EXT4_MAGIC        0xef53
#define E2FSCK_DAMAGED    4 /* e2fsck(8), EXIT CODE: errors left uncorrected */
#define MOUNTS_MAX        64
#define PATH_SIZE         300

struct mount_row {
	const char *type;
	const char *path;
	unsigned long flags;
	const char *options;
};

static const struct mount_row rows[] = {
	{"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
	{"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
	{"devtmpfs", "/dev", MS_NOSUID, "mode=755"},
	{"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620,ptmxmode=666"},
	{"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777"},
	{"mqueue", "/dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
	{"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755"},
	{"tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777"},
	{"cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, "nsdelegate"},
};

/*
 * pivot_root(2) refuses the initramfs' own root, which has no parent: containers need a mount of it
 * that has one. The same files, bound over themselves.
 */
static void bind_root(void)
{
	if (mount("/", "/mnt", NULL, MS_BIND, NULL) != 0 || chdir("/mnt") != 0 ||
	    mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 || chdir("/") != 0) {
		say("/: not bound: %s", strerror(errno));
	}
}

void mounts_base(void)
{
	bind_root();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct mount_row *row = &rows[i];

		mkdir(row->path, 0755); /* /dev/pts and its like come with their parent */
		if (mount(row->type, row->path, row->type, row->flags, row->options) != 0) {
			say("%s: not mounted: %s", row->path, strerror(errno));
		}
	}
	mkdir("/run/log", 0755);
}

static int is_data_disk(const char *device)
{
	unsigned char super[EXT4_LABEL_OFFSET + EXT4_LABEL_SIZE];
	char wanted[EXT4_LABEL_SIZE] = DATA_LABEL;
	int fd = open(device, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t length = -1;

	if (fd >= 0) {
		length = pread(fd, super, sizeof(super), EXT4_SUPER_OFFSET);
		close(fd);
	}
	return length == (ssize_t)sizeof(super) &&
	       super[EXT4_MAGIC_OFFSET] == (EXT4_MAGIC & 0xff) &&
	       super[EXT4_MAGIC_OFFSET + 1] == EXT4_MAGIC >> 8 &&
	       memcmp(super + EXT4_LABEL_OFFSET, wanted, sizeof(wanted)) == 0;
}

/* The first by name, so that the same one is taken at each boot. */
static int find_data_disk(char *device, size_t size)
{
	struct dirent **entries;
	int count = scandir("/sys/class/block", &entries, NULL, alphasort);
	int is_found = 0;

	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		if (!is_found && name[0] != '.' && strncmp(name, "ram", 3) != 0) {
			snprintf(device, size, "/dev/%s", name);
			is_found = is_data_disk(device);
		}
		free(entries[i]);
	}
	if (count >= 0) {
		free(entries);
	}
	return is_found;
}

int mounts_data_disk(void)
{
	static char failed[PATH_SIZE]; /* said once */
	char device[PATH_SIZE];
	char *check[] = {"e2fsck", "-p", device, NULL};
	int status;

	if (!find_data_disk(device, sizeof(device)) || strcmp(device, failed) == 0) {
		return 0;
	}
	status = process_run(check);
	if (status < 0 || status >= E2FSCK_DAMAGED) {
		say("data: %s is damaged (e2fsck: %d): run e2fsck %s", device, status, device);
	} else if (mount(device, DATA_FOLDER, "ext4", MS_NOSUID | MS_NODEV, NULL) != 0) {
		say("data: %s: not mounted: %s", device, strerror(errno));
	} else {
		say("data: %s is /data", device);
		return 1;
	}
	snprintf(failed, sizeof(failed), "%s", device);
	return 0;
}

void mounts_data_memory(void)
{
	if (mount("tmpfs", DATA_FOLDER, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") != 0) {
		say("data: no memory for /data: %s", strerror(errno));
	}
	say("data: no disk labelled " DATA_LABEL ": /data is in memory and ends with this boot");
}

static int is_kept(const char *path)
{
	return strcmp(path, "/") == 0 || strncmp(path, "/proc", 5) == 0 ||
	       strncmp(path, "/sys", 4) == 0 || strncmp(path, "/dev", 4) == 0;
}

static void end_mount(const char *path)
{
	if (umount2(path, 0) != 0 && errno != EINVAL && errno != ENOENT &&
	    mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0) {
		say("%s: not unmounted: %s", path, strerror(errno));
	}
}

void mounts_end(void)
{
	static char paths[MOUNTS_MAX][PATH_SIZE];
	FILE *table = setmntent("/proc/self/mounts", "r");
	struct mntent *entry;
	int count = 0;

	sync();
	while (table != NULL && (entry = getmntent(table)) != NULL) {
		if (!is_kept(entry->mnt_dir)) {
			/* More than the table holds: the latest matter, they are in the way. */
			snprintf(paths[count++ % MOUNTS_MAX], PATH_SIZE, "%s", entry->mnt_dir);
		}
	}
	if (table != NULL) {
		endmntent(table);
	}
	for (int i = count - 1; i >= 0 && i >= count - MOUNTS_MAX; i--) {
		end_mount(paths[i % MOUNTS_MAX]);
	}
	sync();
}
