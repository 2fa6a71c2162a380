/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime.h"
#include "engine.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNTIMES_MAX 16

static struct {
	char *name;
	const char *path;
} added[RUNTIMES_MAX];

static const struct {
	const char *name;
	const char *program; /* beside the engine */
} own[] = {
	{"container", "bh-runtime"},
	{"process", "bh-process"},
	{"partition", "bh-partition"},
	{"io.containerd.runc.v2", "bh-runtime"},
};

int runtime_add(const char *option)
{
	const char *equals = strchr(option, '=');

	if (!equals || equals == option || equals[1] != '/') {
		return -1;
	}
	for (size_t i = 0; i < RUNTIMES_MAX; i++) {
		if (!added[i].name) {
			added[i].name = text_format("%.*s", (int)(equals - option), option);
			added[i].path = equals + 1;
			return 0;
		}
	}
	return -1;
}

/* Only names that people use for OCI runtimes: a request must not start any program of PATH. */
static char *find_in_path(const char *name)
{
	static const char *const known[] = {"crun", "runc", "youki", "kata-runtime", "runsc"};
	static const char *const folders[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
					      "/usr/bin"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		for (size_t f = 0; !strcmp(known[i], name) && f < 4; f++) {
			char *path = text_format("%s/%s", folders[f], name);
			if (access(path, X_OK) == 0) {
				return path;
			}
			free(path);
		}
	}
	return NULL;
}

char *runtime_find(const char *name)
{
	if (!name || !*name) {
		name = RUNTIME_DEFAULT;
	}
	for (size_t i = 0; i < RUNTIMES_MAX && added[i].name; i++) {
		if (!strcmp(added[i].name, name)) {
			return text_copy(added[i].path);
		}
	}
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (!strcmp(own[i].name, name)) {
			return engine_program(own[i].program);
		}
	}
	return find_in_path(name);
}

static void list_one(json *list, const char *name)
{
	char *path = runtime_find(name);

	if (path && !json_get(list, name)) {
		json_set(list, name, json_pair("path", path));
	}
	free(path);
}

json *runtime_list(void)
{
	json *list = json_object_new_object();

	for (size_t i = 0; i < RUNTIMES_MAX && added[i].name; i++) {
		list_one(list, added[i].name);
	}
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		list_one(list, own[i].name);
	}
	list_one(list, "crun");
	list_one(list, "runc");
	return list;
}
