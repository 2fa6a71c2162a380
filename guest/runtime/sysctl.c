/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel parameters of namespaces. */
#include "sysctl.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include "file.h"
#include "text.h"

int sysctl_namespace(const char *key)
{
	static const struct {
		const char *prefix;
		int flag;
	} prefixes[] = {{"net.", CLONE_NEWNET},
			{"fs.mqueue.", CLONE_NEWIPC},
			{"kernel.msg", CLONE_NEWIPC},
			{"kernel.shm", CLONE_NEWIPC},
			{"kernel.sem", CLONE_NEWIPC},
			{"kernel.domainname", CLONE_NEWUTS},
			{"kernel.hostname", CLONE_NEWUTS},
			{"user.", CLONE_NEWUSER}};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		if (!strncmp(key, prefixes[i].prefix, strlen(prefixes[i].prefix))) {
			return prefixes[i].flag;
		}
	}
	return 0;
}

/* A key with slashes keeps its dots: net/ipv4/conf/eth0.1/forwarding. */
static char *path_of(const char *key)
{
	char *path = text_format("sys/%s", key);

	for (char *at = path; *at && !strchr(key, '/'); at++) {
		if (*at == '.') {
			*at = '/';
		}
	}
	return path;
}

int sysctl_apply(struct container *c, struct error *e)
{
	json *list = json_get_object(c->linux_config, "sysctl");

	if (!list) {
		return 0;
	}
	struct json_object_iter at;
	json_object_object_foreachC(list, at)
	{
		const char *key = at.key;
		json *value = at.val;
		char *path = path_of(key);
		int put = file_put_at(c->host_proc, path, json_object_get_string(value));
		int error = errno;
		free(path);
		if (put < 0) {
			return error_set(e, error, "cannot set the sysctl %s", key);
		}
	}
	return 0;
}
