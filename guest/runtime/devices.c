/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes of /dev. */
#include "devices.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "in_root.h"
#include "mount_options.h"
#include "mounts.h"
#include "file.h"

struct device {
	const char *path;
	mode_t mode; /* with its type */
	dev_t number;
	uid_t uid;
	gid_t gid;
};

static int wrong(const struct device *d, int error, struct error *e)
{
	return error_set(e, error, "cannot make the device %s", d->path);
}

/* The host's node with the same number, over an empty file. */
static int bind_node(int root, const struct device *d, struct error *e)
{
	struct stat status;
	int tree = mounts_clone_tree(AT_FDCWD, d->path, false);

	if (tree < 0) {
		return wrong(d, errno, e);
	}
	int target = -1, result = -1;
	if (fstat(tree, &status) < 0 || (status.st_mode & S_IFMT) != (d->mode & S_IFMT) ||
	    status.st_rdev != d->number) {
		error_set(e, 0, "cannot make the device %s: the host has another one there",
			  d->path);
	} else if ((target = mounts_target(root, d->path, true, false)) < 0 ||
		   mounts_attach(tree, target) < 0) {
		wrong(d, errno, e);
	} else {
		result = 0;
	}
	close(tree);
	file_close(target);
	return result;
}

/* What stands there already is taken when it is that device. */
static int check_existing(int parent, const char *name, const struct device *d, struct error *e)
{
	struct stat status;

	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (status.st_mode & S_IFMT) == (d->mode & S_IFMT) &&
	    ((d->mode & S_IFMT) == S_IFIFO || status.st_rdev == d->number)) {
		return 0;
	}
	return error_set(e, 0, "cannot make the device %s: something else stands there", d->path);
}

static int make_node_in(struct container *c, int root, int parent, const char *name,
			const struct device *d, struct error *e)
{
	int made = mknodat(parent, name, d->mode, d->number);
	int error = errno, result = 0;
	if (made == 0) {
		if ((d->uid || d->gid) &&
		    fchownat(parent, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0) {
			result = wrong(d, errno, e);
		}
	} else if (error == EEXIST) {
		result = check_existing(parent, name, d, e);
	} else if (error == EPERM &&
		   ((c->ns.made | c->ns.joined) & CLONE_NEWUSER || c->rt->rootless)) {
		result = bind_node(root, d, e);
	} else {
		result = wrong(d, error, e);
	}
	return result;
}

static int make_node(struct container *c, int root, const struct device *d, struct error *e)
{
	const char *name;
	int parent = in_root_parent(root, d->path, 0755, &name);

	if (parent < 0) {
		return wrong(d, errno, e);
	}
	int result = make_node_in(c, root, parent, name, d, e);
	close(parent);
	return result;
}

static int read_device(json *entry, struct device *d, struct error *e)
{
	const char *type = json_get_string(entry, "type", "");
	int64_t mode = json_get_int(entry, "fileMode", 0666);
	int64_t major = json_get_int(entry, "major", 0), minor = json_get_int(entry, "minor", 0);

	d->path = json_get_string(entry, "path", "");
	mode_t kind = !strcmp(type, "c") || !strcmp(type, "u") ? S_IFCHR
		      : !strcmp(type, "b")                     ? S_IFBLK
		      : !strcmp(type, "p")                     ? S_IFIFO
							       : 0;
	if (d->path[0] != '/' || !kind || major < 0 || minor < 0 || major > 0xfff ||
	    minor > 0xfffff) {
		return error_set(e, 0, "linux.devices: \"%s\" of type \"%s\" is no device", d->path,
				 type);
	}
	d->mode = kind | (mode_t)(mode & 07777);
	d->number = makedev((unsigned)major, (unsigned)minor);
	d->uid = (uid_t)json_get_int(entry, "uid", 0);
	d->gid = (gid_t)json_get_int(entry, "gid", 0);
	return 0;
}

static int make_links(int parent, struct error *e)
{
	static const char *const links[][2] = {{"/proc/self/fd", "fd"},
					       {"/proc/self/fd/0", "stdin"},
					       {"/proc/self/fd/1", "stdout"},
					       {"/proc/self/fd/2", "stderr"},
					       {"pts/ptmx", "ptmx"}};
	const size_t count = sizeof(links) / sizeof(*links);

	for (size_t i = 0; i < count; i++) {
		const char *at = links[i][1];
		/* A node of that name in the image would be another system's terminals. */
		if (i == count - 1) {
			unlinkat(parent, at, 0);
		}
		if (symlinkat(links[i][0], parent, at) < 0 && errno != EEXIST) {
			return error_set(e, errno, "cannot make /dev/%s", at);
		}
	}
	return 0;
}

static bool dev_is_bound(json *config)
{
	json *list = json_get_array(config, "mounts");

	for (size_t i = 0; i < json_count(list); i++) {
		json *mount = json_at(list, i);
		const char *at = json_get_string(mount, "destination", "");
		json *options = json_get_array(mount, "options");
		if (strcmp(at, "/dev") && strcmp(at, "/dev/")) {
			continue;
		}
		bool bound = !strcmp(json_get_string(mount, "type", ""), "bind");
		for (size_t j = 0; j < json_count(options); j++) {
			const char *word = json_string_at(options, j);
			bound |= word && (!strcmp(word, "bind") || !strcmp(word, "rbind"));
		}
		return bound;
	}
	return false;
}

int devices_make(struct container *c, int root, struct error *e)
{
	static const struct device defaults[] = {
		{"/dev/null", S_IFCHR | 0666, 0x103, 0, 0},
		{"/dev/zero", S_IFCHR | 0666, 0x105, 0, 0},
		{"/dev/full", S_IFCHR | 0666, 0x107, 0, 0},
		{"/dev/random", S_IFCHR | 0666, 0x108, 0, 0},
		{"/dev/urandom", S_IFCHR | 0666, 0x109, 0, 0},
		{"/dev/tty", S_IFCHR | 0666, 0x500, 0, 0},
	};
	json *list = json_get_array(c->linux_config, "devices");
	int result = 0;

	if (dev_is_bound(c->config)) {
		return 0;
	}
	int dev = in_root_make_dirs(root, "/dev", 0755);
	if (dev < 0) {
		return error_set(e, errno, "cannot open /dev of the container");
	}
	for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults) && result == 0; i++) {
		result = make_node_in(c, root, dev, defaults[i].path + sizeof("/dev/") - 1,
				      &defaults[i], e);
	}
	for (size_t i = 0; i < json_count(list) && result == 0; i++) {
		struct device device;
		result = read_device(json_at(list, i), &device, e) < 0
				 ? -1
				 : make_node(c, root, &device, e);
	}
	result = result < 0 ? -1 : make_links(dev, e);
	close(dev);
	return result;
}
