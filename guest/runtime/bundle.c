/* SPDX-License-Identifier: Apache-2.0 */
/* Reading bundles. */
#include "bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "config_text.h"
#include "file.h"
#include "text.h"
#include "validate.h"

static int read_config(struct container *c)
{
	struct error *e = &c->rt->error;
	struct text *text = &c->config_text;
	const char *why = "it is empty";
	char *path = text_format("%s/config.json", c->state.bundle);
	char *cache = runtime_filter_cache(c->rt);
	int result = file_read_at(AT_FDCWD, path, text, CONFIG_LIMIT);

	if (result < 0) {
		result = error_set(e, errno, "cannot read %s", path);
	} else {
		c->config =
			text->data ? config_parse(text->data, text->length, cache, &c->filter, &why)
				   : NULL;
		result = c->config ? validate_config(c->config, e)
				   : error_set(e, 0, "%s is no valid JSON: %s", path, why);
	}
	free(path);
	free(cache);
	return result;
}

/* realpath(3) of a directory, in three system calls however deep it lies. */
static char *real_directory(const char *path)
{
	char link[40], real[PATH_MAX];
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		return NULL;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, real, sizeof(real) - 1);
	int error = errno;
	close(fd);
	errno = length > 0 && real[0] != '/' ? ENOENT : error;
	if (length <= 0 || real[0] != '/') {
		return NULL;
	}
	real[length] = '\0';
	return text_copy(real);
}

static int find_rootfs(struct container *c)
{
	struct error *e = &c->rt->error;
	const char *path = json_get_string(json_get_object(c->config, "root"), "path", "");
	char *joined =
		path[0] == '/' ? text_copy(path) : text_format("%s/%s", c->state.bundle, path);
	int result = 0;

	c->state.rootfs = real_directory(joined);
	if (!c->state.rootfs) {
		result = error_set(e, errno, "cannot find the root file system %s", joined);
	} else if (!strcmp(c->state.rootfs, "/") && !c->rt->baseline) {
		result = error_set(e, 0, "root.path must not be the host's own root directory");
	}
	free(joined);
	return result;
}

/* The baseline has a chroot, and nothing that a kernel must do more for it. */
static void strip_to_baseline(json *config)
{
	static const char *const parts[] = {"linux", "mounts", "hostname", "domainname"};
	json *process = json_get_object(config, "process");

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		json_object_object_del(config, parts[i]);
	}
	json_object_object_del(process, "capabilities");
	json_object_object_del(process, "oomScoreAdj");
	json_object_object_del(process, "apparmorProfile");
	json_object_object_del(process, "selinuxLabel");
}

int bundle_load(struct container *c, const char *path)
{
	struct error *e = &c->rt->error;

	c->state.bundle = real_directory(path);
	if (!c->state.bundle) {
		return error_set(e, errno, "cannot find the bundle %s", path);
	}
	if (read_config(c) < 0 || find_rootfs(c) < 0) {
		return -1;
	}
	if (c->rt->baseline) {
		strip_to_baseline(c->config);
	}
	c->process = json_get_object(c->config, "process");
	c->linux_config = json_get_object(c->config, "linux");
	c->state.annotations = json_object_get(json_get_object(c->config, "annotations"));
	if (namespaces_read(c->linux_config, &c->ns, e) < 0) {
		return -1;
	}
	return c->rt->baseline ? 0 : validate_namespaces(c->config, &c->ns, c->rt->rootless, e);
}

int bundle_keep(struct container *c)
{
	int fd = openat(c->state.dir, "config.json", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0 || file_write_all(fd, c->config_text.data, c->config_text.length) < 0) {
		return error_set(&c->rt->error, errno, "cannot keep the configuration");
	}
	close(fd);
	return 0;
}

int bundle_load_filter(struct container *c, struct error *e)
{
	json *profile = json_get_object(c->linux_config, "seccomp");
	const struct text *config = &c->config_text;
	const char *text;
	size_t size;
	int result = 0;

	if (profile && !c->rt->baseline && !c->filter.code) {
		char *cache = runtime_filter_cache(c->rt);
		bool is_plain = config->data &&
				config_seccomp_text(config->data, config->length, &text, &size);
		result = seccomp_load_filter(profile, is_plain ? NULL : cache, &c->filter, e);
		if (result == 0 && is_plain && c->filter.count) {
			seccomp_keep_text(text, size, cache, &c->filter);
		}
		free(cache);
	}
	c->has_filter = !c->rt->baseline && c->filter.count;
	text_free(&c->config_text);
	return result;
}

void bundle_free(struct container *c)
{
	json_object_put(c->config);
	free(c->sources);
	text_free(&c->config_text);
}
