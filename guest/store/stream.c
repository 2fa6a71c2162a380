/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include <errno.h>
#include <unistd.h>
#include "store_limits.h"
#include "report.h"

#define PROGRESS_STEP (4u << 20)

uint64_t stream_limit_bytes = LIMIT_BYTES;

static ssize_t read_packed(struct archive *archive, void *opaque, const void **bytes)
{
	struct stream *stream = opaque;
	ssize_t count;

	do {
		count = read(stream->fd, stream->block, sizeof(stream->block));
	} while (count < 0 && errno == EINTR);
	if (count < 0) {
		archive_set_error(archive, errno, "read error");
		return -1;
	}
	if (stream->is_hashed) {
		sha256_update(&stream->packed_hash, (size_t)count, (uint8_t *)stream->block);
	}
	stream->packed += (uint64_t)count;
	if (stream->label && stream->packed >= stream->next_progress) {
		report_progress(stream->status, stream->label, stream->packed, stream->expected);
		stream->next_progress = stream->packed + PROGRESS_STEP;
	}
	*bytes = stream->block;
	return count;
}

void stream_open(struct stream *stream, int fd, enum stream_filters filters)
{
	struct archive_entry *entry;

	stream->fd = fd;
	sha256_init(&stream->packed_hash);
	sha256_init(&stream->hash);
	struct archive *raw = archive_read_new();
	stream->raw = raw;
	archive_read_support_format_raw(raw);
	archive_read_support_format_empty(raw);
	archive_read_support_filter_gzip(raw);
	archive_read_support_filter_zstd(raw);
	if (filters == STREAM_ANY) {
		archive_read_support_filter_bzip2(raw);
		archive_read_support_filter_xz(raw);
	}
	if (archive_read_open(raw, stream, NULL, read_packed, NULL) != ARCHIVE_OK) {
		fail(FAIL_BAD_INPUT, "cannot read the archive: %s", archive_error_string(raw));
	}
	int result = archive_read_next_header(raw, &entry);
	if (result == ARCHIVE_EOF) {
		stream->is_ended = true;
	} else if (result != ARCHIVE_OK) {
		fail(FAIL_BAD_INPUT, "cannot read the archive: %s", archive_error_string(raw));
	}
	stream->is_packed = archive_filter_count(raw) > 1;
}

static void check_limits(const struct stream *stream)
{
	if (stream->bytes > stream_limit_bytes) {
		fail(FAIL_BAD_INPUT, "the archive unpacks to more than %llu bytes; it is refused",
		     (unsigned long long)stream_limit_bytes);
	}
	if (stream->bytes > LIMIT_RATIO_FROM && stream->bytes / LIMIT_RATIO > stream->packed) {
		fail(FAIL_BAD_INPUT,
		     "the archive unpacks to more than %d times its size; it is refused",
		     LIMIT_RATIO);
	}
}

size_t stream_read(struct stream *stream, const void **bytes)
{
	size_t length;
	la_int64_t offset;

	if (stream->is_ended) {
		return 0;
	}
	do {
		int result = archive_read_data_block(stream->raw, bytes, &length, &offset);
		if (result == ARCHIVE_EOF) {
			stream->is_ended = true;
			return 0;
		}
		if (result != ARCHIVE_OK) {
			fail(FAIL_BAD_INPUT, "the archive is damaged: %s",
			     archive_error_string(stream->raw));
		}
	} while (length == 0);
	stream->bytes += length;
	check_limits(stream);
	if (stream->is_hashed) {
		sha256_update(&stream->hash, length, *bytes);
	}
	return length;
}

static ssize_t read_tar(struct archive *archive, void *opaque, const void **bytes)
{
	(void)archive;
	return (ssize_t)stream_read(opaque, bytes);
}

struct archive *stream_tar(struct stream *stream)
{
	struct archive *tar = archive_read_new();

	archive_read_support_format_tar(tar);
	archive_read_support_format_empty(tar);
	if (archive_read_open(tar, stream, NULL, read_tar, NULL) != ARCHIVE_OK) {
		fail(FAIL_BAD_INPUT, "cannot read the archive: %s", archive_error_string(tar));
	}
	return tar;
}

void stream_finish(struct stream *stream, struct digest *packed, struct digest *diff)
{
	const void *bytes;

	while (stream_read(stream, &bytes) > 0) {
	}
	/* What a compressed stream has behind its end is part of the blob. */
	while (read_packed(stream->raw, stream, &bytes) > 0) {
	}
	archive_read_free(stream->raw);
	if (packed) {
		digest_finish(&stream->packed_hash, packed);
	}
	if (diff) {
		digest_finish(&stream->hash, diff);
	}
}
