/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox.h"

#include "file.h"
#include "spawn.h"
#include "text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST_MAX (16u << 20)

static const struct {
	const char *key;
	const char *value;
} marks[] = {
	{"io.kubernetes.cri.container-type", "sandbox"},  /* containerd */
	{"io.kubernetes.cri-o.ContainerType", "sandbox"}, /* CRI-O */
};

bool sandbox_is(json *config)
{
	json *annotations = json_get_object(config, "annotations");

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (strcmp(json_get_string(annotations, marks[i].key, ""), marks[i].value) == 0) {
			return true;
		}
	}
	return false;
}

bool sandbox_exists(const char *root, const char *id)
{
	char *path = text_format("%s/" SANDBOX_ROOT "/%s", root, id);
	bool is_there = access(path, F_OK) == 0;

	free(path);
	return is_there;
}

char **sandbox_words(const char *program, const char *root, int argc, char **argv, int command)
{
	char **words = memory_zeroed((size_t)argc + 3, sizeof(*words));
	int count = 0;

	words[count++] = text_copy(program);
	words[count++] = (char *)(uintptr_t) "--root";
	words[count++] = text_format("%s/" SANDBOX_ROOT, root);
	for (int i = 1; i < argc; i++) {
		if (i < command && strcmp(argv[i], "--root") == 0) {
			i++; /* its value */
		} else if (i >= command || strncmp(argv[i], "--root=", 7) != 0) {
			words[count++] = argv[i];
		}
	}
	return words;
}

/* What the runtime prints, or NULL. */
static json *ask(char *const *words)
{
	struct text text = {.data = NULL};
	const char *why;
	json *list = NULL;
	int ends[2];
	struct spawn_fd fds[] = {{-1, 0}, {-1, 1}, {2, 2}};
	struct spawn spawn = {.path = words[0], .argv = words, .fds = fds, .fd_count = 3};
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0) {
		return NULL;
	}
	fds[1].fd = ends[1];
	pid = spawn_start(&spawn, NULL);
	close(ends[1]);
	if (pid > 0 && file_read_fd(ends[0], &text, LIST_MAX) == 0 && text.length > 0) {
		list = json_parse(text.data, text.length, &why);
	}
	close(ends[0]);
	if (pid > 0) {
		(void)spawn_wait(pid);
	}
	text_free(&text);
	return list;
}

void sandbox_list(const char *program, const char *root, json *all)
{
	char *own = text_format("%s/" SANDBOX_ROOT, root);
	const char *words[] = {program, "--root", own, "list", "--format", "json", NULL};
	json *list = access(own, F_OK) == 0 ? ask((char *const *)(uintptr_t)words) : NULL;

	if (json_object_is_type(list, json_type_array)) {
		for (size_t i = 0; i < json_count(list); i++) {
			json_object_array_add(all,
					      json_object_get(json_object_array_get_idx(list, i)));
		}
	}
	json_object_put(list);
	free(own);
}
