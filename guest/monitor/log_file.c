/* SPDX-License-Identifier: Apache-2.0 */
#include "log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "file.h"
#include "timestamp.h"

#define LOG_MODE      0640
#define PENDING_LIMIT 32768 /* bytes gathered for one write */

int log_file_open(struct log_file *log)
{
	struct stat state;
	int fd = open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, LOG_MODE);

	if (fd < 0 || fstat(fd, &state) < 0) {
		int error = errno;
		file_close(fd);
		errno = error;
		return -1;
	}
	file_close(log->fd);
	log->fd = fd;
	log->size = (uint64_t)state.st_size;
	return 0;
}

int log_file_reopen(struct log_file *log)
{
	return log->path ? log_file_open(log) : 0;
}

static void note_error(struct log_file *log)
{
	if (!log->error) {
		log->error = errno;
	}
}

/* Writes what is gathered. An entry is never left half written: readers take lines. */
static void flush(struct log_file *log)
{
	if (!log->pending.length) {
		return;
	}
	if (log->fd >= 0) {
		if (file_write_all(log->fd, log->pending.data, log->pending.length) == 0) {
			log->size += log->pending.length;
		} else {
			note_error(log);
			if (ftruncate(log->fd, (off_t)log->size) < 0) {
				note_error(log);
			}
		}
	}
	if (log->pending.room > 2 * PENDING_LIMIT) {
		text_free(&log->pending);
	}
	log->pending.length = 0;
}

static void rotate(struct log_file *log)
{
	for (unsigned int i = log->max_files - 1; i >= 1; i--) {
		char *to = text_format("%s.%u", log->path, i);
		char *from = i == 1 ? text_copy(log->path) : text_format("%s.%u", log->path, i - 1);
		if (rename(from, to) < 0 && errno != ENOENT) {
			note_error(log);
		}
		free(from);
		free(to);
	}
	if (log->max_files < 2 && ftruncate(log->fd, 0) < 0) {
		note_error(log);
	}
	if (log_file_open(log) < 0) {
		note_error(log);
	}
}

static void add_entry(struct log_file *log, const char *stream, const char *time, const char *bytes,
		      size_t length)
{
	if (log->max_size && log->size + log->pending.length >= log->max_size) {
		flush(log);
		if (log->size >= log->max_size) {
			rotate(log);
		}
	}
	log_line_entry(&log->pending, stream, time, bytes, length);
	if (log->pending.length >= PENDING_LIMIT) {
		flush(log);
	}
}

void log_file_write(struct log_file *log, struct log_line *line, const char *stream,
		    const char *bytes, size_t length)
{
	char now[TIMESTAMP_SIZE];
	const char *entry;
	size_t entry_length;

	if (!log->path) {
		return;
	}
	timestamp_now(now);
	while (length) {
		size_t used = log_line_take(line, bytes, length, &entry, &entry_length);
		if (entry_length) {
			add_entry(log, stream, now, entry, entry_length);
		}
		bytes += used;
		length -= used;
	}
	flush(log);
}

void log_file_end(struct log_file *log, struct log_line *line, const char *stream)
{
	char now[TIMESTAMP_SIZE];

	if (log->path && line->part.length) {
		timestamp_now(now);
		add_entry(log, stream, now, line->part.data, line->part.length);
		flush(log);
	}
	text_free(&line->part);
}

void log_file_close(struct log_file *log)
{
	flush(log);
	text_free(&log->pending);
	if (log->fd >= 0) {
		close(log->fd);
		log->fd = -1;
	}
}
