/* SPDX-License-Identifier: Apache-2.0 */
/* Streams of messages while the engine works: a line each, bars in place on a terminal. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_LINES 64
#define MESSAGE_MAX    (1u << 20)

struct progress {
	char *ids[PROGRESS_LINES]; /* of the lines drawn, from the top */
	int count;
	bool is_terminal;
	bool is_quiet;
	char *last_id;
	int result;
};

static int line_of(struct progress *progress, const char *id)
{
	for (int i = 0; i < progress->count; i++) {
		if (!strcmp(progress->ids[i], id)) {
			return i;
		}
	}
	if (progress->count == PROGRESS_LINES) {
		return -1;
	}
	progress->ids[progress->count] = text_copy(id);
	putchar('\n');
	return progress->count++;
}

static void print_safely(const char *words)
{
	for (; *words; words++) {
		/* No escape sequences from elsewhere. */
		putchar((unsigned char)*words < 32 && *words != '\n' && *words != '\t' ? '?'
										       : *words);
	}
}

static void draw_line(struct progress *progress, const char *id, const char *status, json *detail)
{
	int64_t current = json_get_int(detail, "current", 0);
	int64_t total = json_get_int(detail, "total", 0);
	int line = progress->is_terminal ? line_of(progress, id) : -1;

	if (!progress->is_terminal && detail && total) {
		return;
	}
	if (line >= 0) {
		printf("\033[%dA\r\033[K", progress->count - line);
	}
	print_safely(id);
	fputs(": ", stdout);
	print_safely(status);
	if (total > 0) {
		printf(" %3d%%", (int)(current * 100 / total));
	}
	if (line >= 0) {
		printf("\r\033[%dB", progress->count - line);
	} else {
		putchar('\n');
	}
	fflush(stdout);
}

static void show(struct progress *progress, json *message)
{
	const char *id = json_get_string(message, "id", NULL);
	const char *status = json_get_string(message, "status", NULL);
	const char *stream = json_get_string(message, "stream", NULL);
	const char *error = json_get_string(message, "error", NULL);
	const char *image = json_get_string(json_get_object(message, "aux"), "ID", NULL);

	if (image) {
		free(progress->last_id);
		progress->last_id = text_copy(image);
	}
	if (error) {
		progress->result = client_fail(CLIENT_FAILED, "%s", error);
	} else if (stream && !progress->is_quiet) {
		fputs(stream, stdout);
		fflush(stdout);
	} else if (status && id && !progress->is_quiet) {
		draw_line(progress, id, status, json_get_object(message, "progressDetail"));
	} else if (status && !progress->is_quiet) {
		print_safely(status);
		putchar('\n');
	}
}

static void show_lines(struct progress *progress, struct text *pending)
{
	char *start = pending->data;
	char *end;
	const char *error;

	while (start && (end = strchr(start, '\n'))) {
		json *message =
			end > start ? json_parse(start, (size_t)(end - start), &error) : NULL;
		show(progress, message);
		json_object_put(message);
		start = end + 1;
	}
	if (start) {
		pending->length = strlen(start);
		memmove(pending->data, start, pending->length + 1);
	}
}

int client_progress(struct http *http, bool is_quiet, char **last_id)
{
	struct progress progress = {.is_terminal = isatty(STDOUT_FILENO), .is_quiet = is_quiet};
	struct text pending = {0};
	char block[16384];
	ptrdiff_t count;

	while ((count = http_read(http, block, sizeof(block))) > 0 &&
	       pending.length < MESSAGE_MAX) {
		text_add(&pending, block, (size_t)count);
		show_lines(&progress, &pending);
	}
	if (count < 0) {
		progress.result = client_fail(CLIENT_FAILED, "%s", http->error);
	}
	for (int i = 0; i < progress.count; i++) {
		free(progress.ids[i]);
	}
	text_free(&pending);
	if (last_id) {
		*last_id = progress.last_id;
	} else {
		free(progress.last_id);
	}
	return progress.result;
}
