/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include "file.h"
#include "timestamp.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME      "state.json"
#define SIZE_MAX_STATE (4u << 20)

const char *const state_words[] = {"creating", "created", "running", "paused", "stopped"};

bool state_is_id(const char *id)
{
	size_t length = strlen(id);

	if (length == 0 || length > STATE_ID_MAX || strcmp(id, ".") == 0 || strcmp(id, "..") == 0) {
		return false;
	}
	for (; *id != '\0'; id++) {
		if (!isalnum((unsigned char)*id) && strchr("_+-.", *id) == NULL) {
			return false;
		}
	}
	return true;
}

int state_open(const char *root, const char *id)
{
	char *path = text_format("%s/%s", root, id);
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = errno;

	free(path);
	errno = error;
	return dir;
}

int state_make(const char *root, const char *id)
{
	char *path = text_format("%s/%s", root, id);
	int made = file_make_dirs(root, 0700) == 0 ? mkdir(path, 0700) : -1;
	int error = errno;

	free(path);
	errno = error;
	return made == 0 ? state_open(root, id) : -1;
}

json *state_load(int dir)
{
	struct text text = {.data = NULL};
	const char *why;
	json *state = NULL;

	if (file_read_at(dir, FILE_NAME, &text, SIZE_MAX_STATE) == 0) {
		state = json_parse(text.data, text.length, &why);
		errno = state == NULL ? EBADMSG : 0;
	}
	text_free(&text);
	return state;
}

bool state_save(int dir, json *state)
{
	const char *text = json_text(state);

	return file_replace_at(dir, FILE_NAME, text, strlen(text), 0600, 0) == 0;
}

void state_remove(const char *root, const char *id)
{
	char *path = text_format("%s/%s", root, id);

	(void)file_remove_tree_at(AT_FDCWD, path);
	free(path);
}

uint64_t state_start_time(pid_t pid)
{
	struct text text = {.data = NULL};
	char *path = text_format("/proc/%d/stat", (int)pid);
	uint64_t ticks = 0;
	char *at;
	char status = 'Z';

	/* proc(5): the name, in brackets, may hold anything; behind it is field 3. */
	if (file_read_at(AT_FDCWD, path, &text, 4096) == 0 &&
	    (at = strrchr(text.data, ')')) != NULL &&
	    sscanf(at + 1,
		   " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		   "%" SCNu64,
		   &status, &ticks) != 2) {
		ticks = 0;
	}
	text_free(&text);
	free(path);
	return status == 'Z' || status == 'X' ? 0 : ticks;
}

bool state_is_alive(json *state)
{
	pid_t pid = (pid_t)json_get_int(state, "pid", 0);

	return pid > 0 && state_start_time(pid) == (uint64_t)json_get_int(state, "pidStarted", 0) &&
	       json_get_int(state, "pidStarted", 0) != 0;
}

char *state_now(void)
{
	char text[TIMESTAMP_SIZE];

	timestamp_now(text);
	return text_copy(text);
}
