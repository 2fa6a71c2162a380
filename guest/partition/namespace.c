/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

const char *namespace_path(json *config, const char *type, bool *is_there)
{
	json *spaces = json_get_array(json_get_object(config, "linux"), "namespaces");
	const char *path = NULL;

	*is_there = false;
	for (size_t i = 0; i < json_count(spaces); i++) {
		json *space = json_object_array_get_idx(spaces, i);

		if (strcmp(json_get_string(space, "type", ""), type) == 0) {
			*is_there = true;
			path = json_get_string(space, "path", NULL);
		}
	}
	return path;
}

int namespace_enter(const char *path, int kind)
{
	int own = open(kind == CLONE_NEWNET ? "/proc/self/ns/net" : "/proc/self/ns/uts",
		       O_RDONLY | O_CLOEXEC);
	int space = own >= 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	bool is_in = space >= 0 && setns(space, kind) == 0;
	int error = errno;

	if (space >= 0) {
		close(space);
	}
	if (!is_in && own >= 0) {
		close(own);
	}
	errno = error;
	return is_in ? own : -1;
}

bool namespace_leave(int own, int kind)
{
	bool is_back = setns(own, kind) == 0;
	int error = errno;

	close(own);
	errno = error;
	return is_back;
}
