/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of a container: Docker's json-file, rotated by size to PATH.1, PATH.2 and so on. A log
 * that cannot be written loses what comes meanwhile and never stops the container; the first cause
 * is kept in `error`.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "log_line.h"

struct log_file {
	const char *path;  /* NULL: no log */
	uint64_t max_size; /* bytes; 0: no rotation */
	unsigned int max_files;
	int fd; /* -1: not open */
	uint64_t size;
	struct text pending; /* entries not written yet */
	int error;           /* errno of the first failure */
};

/* Opens the file to append. path, max_size and max_files are set by the caller. -1 with errno. */
int log_file_open(struct log_file *log);
/* Somebody moved the file away: opens one anew at the path. -1 with errno, the old one is kept. */
int log_file_reopen(struct log_file *log);
/* Output of one stream ("stdout", "stderr") as it came. */
void log_file_write(struct log_file *log, struct log_line *line, const char *stream,
		    const char *bytes, size_t length);
/* The stream has ended: a line without end becomes an entry. */
void log_file_end(struct log_file *log, struct log_line *line, const char *stream);
void log_file_close(struct log_file *log);
