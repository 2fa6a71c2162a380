/* SPDX-License-Identifier: Apache-2.0 */
#include "chown.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "file.h"
#include "in_root.h"
#include "report.h"

#define FILE_LIMIT (1u << 20)

bool chown_number(const char *text, size_t length, uint32_t *number)
{
	uint64_t value = 0;

	if (length == 0 || length > 10) {
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9') {
			return false;
		}
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	*number = (uint32_t)value;
	return value < UINT32_MAX;
}

bool chown_find(const char *file, const char *name, uint32_t *number)
{
	size_t length = strlen(name);

	while (file && *file) {
		const char *end = file + strcspn(file, "\n");
		if (strncmp(file, name, length) == 0 && file[length] == ':') {
			const char *second = file + length + 1;
			const char *third = second + strcspn(second, ":\n");
			third += *third == ':';
			return chown_number(third, strcspn(third, ":\n"), number);
		}
		file = *end ? end + 1 : NULL;
	}
	return false;
}

static uint32_t look_up(const char *name, int root, const char *path, const char *what)
{
	struct text text = {0};
	uint32_t number = 0;

	if (chown_number(name, strlen(name), &number)) {
		return number;
	}
	int fd = in_root_open_file(root, path);
	bool is_found = *name && fd >= 0 && file_read_fd(fd, &text, FILE_LIMIT) == 0 &&
			chown_find(text.data, name, &number);
	file_close(fd);
	text_free(&text);
	if (!is_found) {
		fail(FAIL_BAD_INPUT, "--chown: no %s %s in the image's %s", what, name, path);
	}
	return number;
}

void chown_parse(const char *text, int root, uint32_t *uid, uint32_t *gid)
{
	const char *colon = strchr(text, ':');
	char *user = colon ? text_format("%.*s", (int)(colon - text), text) : text_copy(text);
	const char *group = colon ? colon + 1 : text;

	*uid = look_up(user, root, "/etc/passwd", "user");
	*gid = look_up(group, root, "/etc/group", "group");
	free(user);
}
