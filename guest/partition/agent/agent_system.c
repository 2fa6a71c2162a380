/* SPDX-License-Identifier: Apache-2.0 */
/* File systems, kernel modules, and the container's root. */
#include "agent.h"
#include "spec.h"
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PATH_SIZE 4200u

void agent_mount_base(void)
{
	mkdir("/dev", 0755);
	mkdir("/proc", 0555);
	mkdir(AGENT_ROOT, 0755);
	mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=755");
	mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

void agent_load_modules(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, alphasort);
	char path[PATH_SIZE];

	for (int i = 0; i < count; i++) {
		size_t length = strlen(entries[i]->d_name);

		if (length > 3 && strcmp(entries[i]->d_name + length - 3, ".ko") == 0) {
			snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
			int file = open(path, O_RDONLY | O_CLOEXEC);

			if (file < 0 ||
			    (syscall(SYS_finit_module, file, "", 0) != 0 && errno != EEXIST)) {
				fprintf(stderr, "bh-agent: %s: %s\n", path, strerror(errno));
			}
			close(file);
			unlink(path);
		}
		free(entries[i]);
	}
	if (count >= 0) {
		free(entries);
	}
}

/* mkdir -p */
static void make_dirs(const char *path, mode_t mode)
{
	char copy[PATH_SIZE];

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *at = copy + 1; *at != '\0'; at++) {
		if (*at == '/') {
			*at = '\0';
			mkdir(copy, mode);
			*at = '/';
		}
	}
	mkdir(copy, mode);
}

/* What every container's /dev has (runtime-spec, "Default Devices"). */
static void fill_dev(void)
{
	static const struct {
		const char *path;
		unsigned int major;
		unsigned int minor;
	} nodes[] = {{"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
		     {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0}};
	static const char *const links[][2] = {{"/proc/self/fd", "/dev/fd"},
					       {"/proc/self/fd/0", "/dev/stdin"},
					       {"/proc/self/fd/1", "/dev/stdout"},
					       {"/proc/self/fd/2", "/dev/stderr"},
					       {"pts/ptmx", "/dev/ptmx"}};
	mode_t mask = umask(0);

	mkdir("/dev", 0755);
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor));
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		(void)!symlink(links[i][0], links[i][1]);
	}
	umask(mask);
}

static bool mount_one(const char *value, struct agent_error *error)
{
	char *copy = strdup(value);
	const char *fields[5];
	unsigned long flags;
	bool is_mounted;

	agent_fields(copy, fields, 5);
	flags = strtoul(fields[3], NULL, 10);
	make_dirs(fields[1], 0755);
	is_mounted = mount(fields[2], fields[1], fields[0], flags & ~(unsigned long)MS_BIND,
			   fields[4]) == 0;
	if (is_mounted && strcmp(fields[1], "/dev") == 0) {
		fill_dev();
	}
	if (!is_mounted) {
		agent_fail(error, "mount %.80s (%.30s)", fields[1], fields[0]);
	}
	free(copy);
	return is_mounted;
}

static bool mask_one(const char *path, struct agent_error *error)
{
	struct stat is;

	if (stat(path, &is) != 0) {
		return true; /* nothing there to be seen */
	}
	if (S_ISDIR(is.st_mode) ? mount("tmpfs", path, "tmpfs", MS_RDONLY, "size=0k") == 0
				: mount("/dev/null", path, NULL, MS_BIND, NULL) == 0) {
		return true;
	}
	return agent_fail(error, "mask %.80s", path);
}

static bool lock_one(const char *path, struct agent_error *error)
{
	if (mount(path, path, NULL, MS_BIND | MS_REC, NULL) != 0) {
		return errno == ENOENT || agent_fail(error, "bind %.80s", path);
	}
	return mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_REC, NULL) == 0 ||
	       agent_fail(error, "read-only %.80s", path);
}

static bool apply_mounts(const struct agent_records *setup, struct agent_error *error)
{
	struct agent_records records = *setup;
	const char *value;
	char letter;
	bool is_ok = true;

	records.at = 0;
	while (is_ok && (letter = agent_record(&records, &value)) != 0) {
		is_ok = letter != SPEC_MOUNT || mount_one(value, error);
	}
	fill_dev();
	records.at = 0;
	while (is_ok && (letter = agent_record(&records, &value)) != 0) {
		is_ok = letter == SPEC_MASKED      ? mask_one(value, error)
			: letter == SPEC_READ_ONLY ? lock_one(value, error)
						   : true;
	}
	if (is_ok && agent_find(setup, SPEC_ROOT_RO) != NULL) {
		is_ok = mount(NULL, "/", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == 0 ||
			agent_fail(error, "read-only /");
	}
	return is_ok;
}

bool agent_enter_root(const struct agent_records *setup, struct agent_error *error)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount(AGENT_ROOT, AGENT_ROOT, NULL, MS_BIND, NULL) != 0 || chdir(AGENT_ROOT) != 0 ||
	    mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 || chdir("/") != 0) {
		return agent_fail(error, "enter the root");
	}
	return apply_mounts(setup, error);
}

static bool set_sysctl(const char *value, struct agent_error *error)
{
	const char *text = strchr(value, '=');
	char path[PATH_SIZE];
	int file;
	bool is_set;

	if (text == NULL || (size_t)(text - value) > sizeof(path) - 20 ||
	    strstr(value, "..") != NULL) {
		errno = EINVAL;
		return agent_fail(error, "sysctl %.80s", value);
	}
	snprintf(path, sizeof(path), "/proc/sys/%.*s", (int)(text - value), value);
	for (char *at = path; *at != '\0'; at++) {
		*at = *at == '.' ? '/' : *at;
	}
	file = open(path, O_WRONLY | O_CLOEXEC);
	is_set = file >= 0 && write(file, text + 1, strlen(text + 1)) >= 0;
	file_close(file);
	return is_set || agent_fail(error, "sysctl %.80s", value);
}

bool agent_setup(const struct agent_records *setup, struct agent_error *error)
{
	const char *network = agent_find(setup, SPEC_NETWORK);
	struct agent_records records = *setup;
	const char *value;
	char letter;
	bool is_ok = true;

	if (network != NULL) {
		agent_load_modules(AGENT_NET);
	}
	records.at = 0;
	while (is_ok && (letter = agent_record(&records, &value)) != 0) {
		if (letter == SPEC_HOSTNAME || letter == SPEC_DOMAIN) {
			is_ok = (letter == SPEC_HOSTNAME
					 ? sethostname(value, strlen(value))
					 : setdomainname(value, strlen(value))) == 0 ||
				agent_fail(error, "host name %.64s", value);
		} else if (letter == SPEC_SYSCTL) {
			is_ok = set_sysctl(value, error);
		}
	}
	return is_ok && agent_network(network, error);
}
