/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tar archive's bytes from a descriptor: decompressed, counted against the limits, hashed on both
 * sides. Bytes beyond the archive's end are part of the digests. Errors end the process.
 */
#pragma once

#include <archive.h>
#include <stdbool.h>
#include <stdint.h>
#include "digest.h"

#define STREAM_BLOCK 65536

struct stream {
	int fd; /* borrowed */
	struct archive *raw;
	struct sha256_ctx packed_hash;
	struct sha256_ctx hash;
	uint64_t packed;    /* bytes read from fd */
	uint64_t bytes;     /* bytes handed out */
	uint64_t expected;  /* of `packed`, for progress lines; 0: not known */
	const char *status; /* of those lines */
	const char *label;  /* progress lines are written when it is not NULL */
	uint64_t next_progress;
	bool is_ended;
	bool is_hashed; /* both sides */
	bool is_packed; /* there is a compression */
	char block[STREAM_BLOCK];
};

enum stream_filters {
	STREAM_LAYER, /* none, gzip, zstd: what image-spec names */
	STREAM_ANY,   /* bzip2 and xz as well */
};

/* Largest size of an archive unpacked; set once by an option, for tests. */
extern uint64_t stream_limit_bytes;

/* `stream` must be all zero but for expected, label and is_hashed. */
void stream_open(struct stream *stream, int fd, enum stream_filters filters);
/* Next bytes, valid until the next call; 0 at the end. */
size_t stream_read(struct stream *stream, const void **bytes);
/* A tar reader on it, which archive_read_free() ends. */
struct archive *stream_tar(struct stream *stream);
/* Reads what is left and closes. The digests (each may be NULL) are of hashed streams. */
void stream_finish(struct stream *stream, struct digest *packed, struct digest *diff);
