/* SPDX-License-Identifier: Apache-2.0 */
#include "log_reader.h"
#include "file.h"
#include "json.h"
#include "moment.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_FILES_MAX 100
#define LOG_LINE_MAX  (1024u * 1024)
#define LOG_BLOCK     32768

struct log_reader {
	char *path;
	int fd;    /* -1: not there yet */
	int older; /* number of the file that is read: PATH.N, 0 is PATH itself */
	struct text buffer;
	size_t used;      /* of the buffer */
	bool is_skipping; /* the rest of a line that is too long */
	char *bytes;      /* of the last entry */
};

bool log_line_parse(const char *line, size_t length, struct log_entry *entry)
{
	const char *error;
	json *object = json_parse(line, length, &error);
	json *text = json_get(object, "log");
	bool is_entry = json_object_is_type(text, json_type_string);

	if (is_entry) {
		entry->length = (size_t)json_object_get_string_len(text);
		entry->bytes = memory_zeroed(entry->length + 1, 1);
		memcpy(entry->bytes, json_object_get_string(text), entry->length);
		entry->is_stderr = !strcmp(json_get_string(object, "stream", ""), "stderr");
		entry->moment = 0;
		moment_parse(json_get_string(object, "time", ""), 0, &entry->moment);
	}
	json_object_put(object);
	return is_entry;
}

static int open_file(const char *path, int older)
{
	char *name = older ? text_format("%s.%d", path, older) : text_copy(path);
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	free(name);
	return fd;
}

/*
 * Where the last *count lines begin, reading from the end; less when the file has not so many: then
 * 0, and *count is what is missing.
 */
static off_t find_tail(int fd, int64_t *count)
{
	char block[LOG_BLOCK];
	off_t end = lseek(fd, 0, SEEK_END);
	bool is_last = true;

	while (end > 0) {
		size_t length = end < LOG_BLOCK ? (size_t)end : LOG_BLOCK;
		ssize_t got = pread(fd, block, length, end - (off_t)length);
		if (got != (ssize_t)length) {
			return 0;
		}
		for (size_t i = length; i > 0; i--) {
			/* The newline at the very end ends the last line. */
			if (block[i - 1] == '\n' && !is_last && --*count == 0) {
				return end - (off_t)(length - i);
			}
			is_last = false;
		}
		end -= (off_t)length;
	}
	*count -= !is_last;
	return 0;
}

static void start_at_oldest(struct log_reader *reader)
{
	int fd = -1;

	for (int older = 1; older < LOG_FILES_MAX; older++) {
		int next = open_file(reader->path, older);
		if (next < 0) {
			break;
		}
		file_close(fd);
		fd = next;
		reader->older = older;
	}
	reader->fd = fd >= 0 ? fd : open_file(reader->path, 0);
}

static void start_at_tail(struct log_reader *reader, int64_t tail)
{
	for (int older = 0; older < LOG_FILES_MAX; older++) {
		int fd = open_file(reader->path, older);
		if (fd < 0) {
			break;
		}
		file_close(reader->fd);
		reader->fd = fd;
		reader->older = older;
		off_t start = tail ? find_tail(fd, &tail) : lseek(fd, 0, SEEK_END);
		lseek(fd, start, SEEK_SET);
		if (start > 0 || tail <= 0) {
			break;
		}
	}
}

struct log_reader *log_reader_open(const char *path, int64_t tail)
{
	struct log_reader *reader = memory_zeroed(1, sizeof(*reader));

	reader->path = text_copy(path);
	reader->fd = -1;
	if (tail < 0) {
		start_at_oldest(reader);
	} else {
		start_at_tail(reader, tail);
	}
	return reader;
}

void log_reader_close(struct log_reader *reader)
{
	file_close(reader->fd);
	text_free(&reader->buffer);
	free(reader->bytes);
	free(reader->path);
	free(reader);
}

/* At a file's end: the next newer one, if there is one. */
static bool next_file(struct log_reader *reader)
{
	struct stat here;
	struct stat there;

	if (reader->fd >= 0 && reader->older == 0) {
		if (fstat(reader->fd, &here) < 0 || lstat(reader->path, &there) < 0 ||
		    (here.st_ino == there.st_ino && here.st_dev == there.st_dev)) {
			return false;
		}
		/* Rotated while it was read. */
	}
	int fd = open_file(reader->path, reader->older > 0 ? reader->older - 1 : 0);
	if (fd < 0) {
		return false;
	}
	file_close(reader->fd);
	reader->fd = fd;
	reader->older -= reader->older > 0;
	return true;
}

static bool read_more(struct log_reader *reader)
{
	char block[LOG_BLOCK];

	if (reader->used) {
		reader->buffer.length -= reader->used;
		memmove(reader->buffer.data, reader->buffer.data + reader->used,
			reader->buffer.length);
		reader->used = 0;
	}
	for (;;) {
		ssize_t count = reader->fd < 0 ? 0 : read(reader->fd, block, sizeof(block));
		if (count > 0) {
			text_add(&reader->buffer, block, (size_t)count);
			return true;
		}
		if (!next_file(reader)) {
			return false;
		}
	}
}

/* A whole line of the buffer, or NULL. */
static char *take_line(struct log_reader *reader, size_t *length)
{
	char *start = reader->buffer.data + reader->used;
	size_t left = reader->buffer.length - reader->used;
	char *end = left ? memchr(start, '\n', left) : NULL;

	if (!end) {
		if (left > LOG_LINE_MAX) {
			reader->is_skipping = true;
			reader->used = reader->buffer.length;
		}
		return NULL;
	}
	*length = (size_t)(end - start);
	reader->used += *length + 1;
	return start;
}

bool log_reader_next(struct log_reader *reader, struct log_entry *entry)
{
	for (;;) {
		size_t length;
		char *line = reader->buffer.data ? take_line(reader, &length) : NULL;
		if (!line) {
			if (!read_more(reader)) {
				return false;
			}
			continue;
		}
		if (reader->is_skipping) {
			reader->is_skipping = false;
			continue;
		}
		if (log_line_parse(line, length, entry)) {
			free(reader->bytes);
			reader->bytes = entry->bytes;
			return true;
		}
	}
}
