/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a container's log (Docker's json-file: a JSON object a line with log, stream, time), with
 * the files that rotation made: PATH.N ... PATH.1, PATH. Reads on where it stopped when more was
 * written, over a rotation.
 */
#pragma once

#include "text.h"

#include <stdbool.h>
#include <stdint.h>

struct log_reader;

struct log_entry {
	bool is_stderr;
	int64_t moment;
	char *bytes; /* of the reader, until the next call */
	size_t length;
};

/* `tail`: the last so many entries only, -1 for all. A log that is not there is empty. */
struct log_reader *log_reader_open(const char *path, int64_t tail);
/* False: no more for now. Lines that are no entries are left out. */
bool log_reader_next(struct log_reader *reader, struct log_entry *entry);
void log_reader_close(struct log_reader *reader);

/* One line, without its end. *bytes is fresh memory of the caller. False: it is no entry. */
bool log_line_parse(const char *line, size_t length, struct log_entry *entry);
