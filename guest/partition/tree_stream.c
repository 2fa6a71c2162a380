/* SPDX-License-Identifier: Apache-2.0 */
#include "tree_inside.h"

#include "file.h"
#include "in_root.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_SIZE 65536u

struct stream {
	struct tree *tree;
	bool (*put)(void *context, const void *bytes, size_t size);
	void *context;
	uint8_t block[BLOCK_SIZE];
};

static bool put_zeros(struct stream *stream, uint64_t size)
{
	memset(stream->block, 0, size < BLOCK_SIZE ? (size_t)size : BLOCK_SIZE);
	while (size > 0) {
		size_t piece = size < BLOCK_SIZE ? (size_t)size : BLOCK_SIZE;

		if (!stream->put(stream->context, stream->block, piece)) {
			return false;
		}
		size -= piece;
	}
	return true;
}

static bool put_file(struct stream *stream, const struct tree_entry *entry)
{
	bool is_whole = strcmp(entry->path, ".") == 0; /* the base itself is the file */
	int file = is_whole ? dup(entry->base)
			    : in_root_open(entry->base, entry->path,
					   O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	uint64_t left = entry->head.size;
	bool is_ok = file >= 0 || tree_fail(stream->tree, entry->name, errno);
	ssize_t size = 1;

	for (off_t at = 0; is_ok && left > 0 && size > 0; at += size) {
		size = pread(file, stream->block, left < BLOCK_SIZE ? (size_t)left : BLOCK_SIZE,
			     at);
		if (size < 0) {
			is_ok = tree_fail(stream->tree, entry->name, errno);
		} else if (size > 0) {
			is_ok = stream->put(stream->context, stream->block, (size_t)size);
			left -= (uint64_t)size;
		}
	}
	file_close(file);
	return is_ok && put_zeros(stream, left);
}

static bool put_entry(struct stream *stream, const struct tree_entry *entry)
{
	cpio_head(&entry->head, stream->block);
	if (!stream->put(stream->context, stream->block, cpio_head_size(entry->name))) {
		return false;
	}
	if (entry->target != NULL ? !stream->put(stream->context, entry->target, entry->head.size)
				  : entry->head.size > 0 && !put_file(stream, entry)) {
		return false;
	}
	return put_zeros(stream, cpio_padding(entry->head.size));
}

bool tree_stream(struct tree *tree, bool (*put)(void *context, const void *bytes, size_t size),
		 void *context)
{
	static struct stream stream;
	bool is_ok = true;

	stream.tree = tree;
	stream.put = put;
	stream.context = context;
	for (size_t i = 0; is_ok && i < tree->count; i++) {
		is_ok = put_entry(&stream, &tree->entries[i]);
	}
	cpio_head(&tree_trailer, stream.block);
	return is_ok && put(context, stream.block, cpio_head_size(tree_trailer.name));
}
