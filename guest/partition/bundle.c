/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle.h"

#include "bundle_parts.h"
#include "file.h"
#include "namespace.h"
#include "spec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_MAX (16u << 20)

void bundle_record(struct text *spec, char letter, const char *value)
{
	text_add(spec, &letter, 1);
	text_add(spec, value, strlen(value) + 1);
}

static bool read_config(const char *path, struct bundle *bundle, char **error)
{
	struct text text = {.data = NULL};
	char *name = text_format("%s/config.json", path);
	const char *why = NULL;

	if (file_read_at(AT_FDCWD, name, &text, CONFIG_MAX) < 0) {
		*error = text_format(
			"cannot read %s: %s; --bundle names a folder with config.json in it", name,
			strerror(errno));
	} else {
		bundle->config = json_parse(text.data, text.length, &why);
		if (bundle->config == NULL) {
			*error = text_format("%s is no configuration: %s", name, why);
		}
	}
	text_free(&text);
	free(name);
	return bundle->config != NULL;
}

json *bundle_peek(const char *path)
{
	struct bundle bundle = {.root = -1};
	char *error = NULL;

	(void)read_config(path, &bundle, &error);
	free(error);
	return bundle.config;
}

static bool open_root(struct bundle *bundle, char **error)
{
	json *root = json_get_object(bundle->config, "root");
	const char *path = json_get_string(root, "path", NULL);
	int folder = open(bundle->path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (path == NULL) {
		*error = text_format(
			"%s/config.json has no root.path: a partition needs a root file system",
			bundle->path);
	} else {
		bundle->root = openat(folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (bundle->root < 0) {
			*error = text_format("root file system %s of %s: %s", path, bundle->path,
					     strerror(errno));
		}
	}
	if (folder >= 0) {
		close(folder);
	}
	if (json_get_bool(root, "readonly", false)) {
		bundle_record(&bundle->setup, SPEC_ROOT_RO, "");
	}
	return bundle->root >= 0;
}

/* A pod's containers have its name by its namespace alone. */
static bool read_joined_name(struct bundle *bundle, char **error)
{
	char name[HOST_NAME_MAX + 1] = "";
	bool is_there;
	const char *path = namespace_path(bundle->config, "uts", &is_there);
	int own;

	if (path == NULL) {
		return true;
	}
	own = namespace_enter(path, CLONE_NEWUTS);
	if (own < 0) {
		*error = text_format("uts namespace %s: %s", path, strerror(errno));
		return false;
	}
	if (gethostname(name, sizeof(name)) == 0) {
		bundle_record(&bundle->setup, SPEC_HOSTNAME, name);
	}
	if (!namespace_leave(own, CLONE_NEWUTS)) {
		*error =
			text_format("no way back from uts namespace %s: %s", path, strerror(errno));
		return false;
	}
	return true;
}

static bool read_names(struct bundle *bundle, char **error)
{
	const char *host = json_get_string(bundle->config, "hostname", NULL);
	const char *domain = json_get_string(bundle->config, "domainname", NULL);

	if (host != NULL) {
		bundle_record(&bundle->setup, SPEC_HOSTNAME, host);
	}
	if (domain != NULL) {
		bundle_record(&bundle->setup, SPEC_DOMAIN, domain);
	}
	return host != NULL || read_joined_name(bundle, error);
}

static void read_paths(struct bundle *bundle, const char *key, char letter)
{
	json *list = json_get_array(json_get_object(bundle->config, "linux"), key);
	const char *path;

	for (size_t i = 0; i < json_count(list); i++) {
		if ((path = json_string_at(list, i)) != NULL && *path == '/') {
			bundle_record(&bundle->setup, letter, path);
		}
	}
}

static void read_sysctls(struct bundle *bundle)
{
	json *all = json_get_object(json_get_object(bundle->config, "linux"), "sysctl");
	struct lh_entry *entry = all != NULL ? json_object_get_object(all)->head : NULL;

	for (; entry != NULL; entry = entry->next) {
		char *line =
			text_format("%s=%s", (const char *)lh_entry_k(entry),
				    json_object_get_string((json *)(uintptr_t)lh_entry_v(entry)));

		bundle_record(&bundle->setup, SPEC_SYSCTL, line);
		free(line);
	}
}

static bool read_limits(struct bundle *bundle, char **error)
{
	json *annotations = json_get_object(bundle->config, "annotations");
	json *resources = json_get_object(json_get_object(bundle->config, "linux"), "resources");
	const char *why = "";

	bundle->kernel = json_get_string(annotations, "bulkhead.kernel", NULL);
	bundle->cmdline = json_get_string(annotations, "bulkhead.cmdline", "");
	if (resources_read(resources, annotations, &bundle->limits, &why)) {
		return true;
	}
	*error = text_format("%s/config.json: %s", bundle->path, why);
	return false;
}

static bool read_process(struct bundle *bundle, char **error)
{
	json *process = json_get_object(bundle->config, "process");
	const char *why = "";

	bundle->has_terminal = json_get_bool(process, "terminal", false);
	if (bundle_process(process, &bundle->spec, &why)) {
		return true;
	}
	*error = text_format("%s/config.json: %s", bundle->path, why);
	return false;
}

bool bundle_read(const char *path, struct bundle *bundle, char **error)
{
	*bundle = (struct bundle){.root = -1, .holder = -1, .path = realpath(path, NULL)};
	if (bundle->path == NULL) {
		*error = text_format("bundle %s: %s", path, strerror(errno));
		return false;
	}
	if (!read_config(bundle->path, bundle, error) || !open_root(bundle, error) ||
	    !read_process(bundle, error) || !read_limits(bundle, error) ||
	    !bundle_mounts(bundle, error) || !read_names(bundle, error) ||
	    !bundle_network(bundle, error)) {
		bundle_drop(bundle);
		return false;
	}
	read_sysctls(bundle);
	read_paths(bundle, "maskedPaths", SPEC_MASKED);
	read_paths(bundle, "readonlyPaths", SPEC_READ_ONLY);
	return true;
}

void bundle_drop(struct bundle *bundle)
{
	json_object_put(bundle->config);
	if (bundle->root >= 0) {
		close(bundle->root);
	}
	if (bundle->holder >= 0) {
		close(bundle->holder);
	}
	text_free(&bundle->setup);
	text_free(&bundle->spec);
	free(bundle->path);
	*bundle = (struct bundle){.root = -1, .holder = -1};
}
