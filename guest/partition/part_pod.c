/* SPDX-License-Identifier: Apache-2.0 */
/* A pod's sandbox is bh-runtime's; processes as an engine counts them. */
#include "part.h"

#include "file.h"
#include "group.h"
#include "sandbox.h"
#include "text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *part_sibling(const char *name)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[length > 0 ? length : 0] = '\0';
	return text_format("%.*s/%s",
			   (int)(strrchr(path, '/') != NULL ? strrchr(path, '/') - path : 0), path,
			   name);
}

static bool is_making(void)
{
	return strcmp(part.command, "create") == 0 || strcmp(part.command, "run") == 0;
}

/* By the bundle where it is made, then by its ID. */
static bool is_sandbox(void)
{
	const char *id = part.count == 0                       ? ""
			 : strcmp(part.command, "update") == 0 ? part.words[part.count - 1]
							       : part.words[0];
	json *config;
	bool is;

	if (!is_making() || !state_is_id(id)) {
		return state_is_id(id) && sandbox_exists(part.root, id);
	}
	config = bundle_peek(part.bundle);
	is = sandbox_is(config);
	json_object_put(config);
	return is;
}

int part_sandbox(void)
{
	char *program;
	char **words;
	int dir;

	if (!is_sandbox()) {
		return -1;
	}
	dir = is_making() ? state_open(part.root, part.words[0]) : -1;
	if (dir >= 0) {
		close(dir);
		return part_fail("container %s: there is a partition of this ID; `bh-partition "
				 "delete %s` removes it",
				 part.words[0], part.words[0]);
	}
	program = part_sibling("bh-runtime");
	words = sandbox_words(program, part.root, part.argc, part.argv, part.at);
	if (file_make_dirs(words[2], 0700) == 0) {
		execv(program, words);
	}
	part_fail("a pod's sandbox is a container of %s, which cannot be run: %s", program,
		  strerror(errno));
	free(words[0]);
	free(words[2]);
	free(words);
	free(program);
	return 1;
}

int part_ps(void)
{
	json *state;
	int dir = part_open(part.words[0], &state);
	const char *group;
	json *all;

	if (dir < 0) {
		return 1;
	}
	group = json_get_string(state, "cgroup", "");
	all = part_status(state) == STATE_STOPPED
		      ? json_object_new_array()
		      : group_processes(*group != '\0' ? group : NULL,
					(int)json_get_int(state, "pid", 0));
	if (part.format != NULL && strcmp(part.format, "json") == 0) {
		printf("%s\n", json_text(all));
	} else {
		printf("PID\n");
		for (size_t i = 0; i < json_count(all); i++) {
			printf("%d\n", json_object_get_int(json_object_array_get_idx(all, i)));
		}
	}
	json_object_put(all);
	json_object_put(state);
	close(dir);
	return 0;
}
