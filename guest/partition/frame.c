/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of frames, written and read. */
#include "frame.h"

#include <string.h>

void frame_begin(struct frame_batch *batch, uint8_t *bytes)
{
	*batch = (struct frame_batch){.bytes = bytes, .used = sizeof(struct frame_batch_head)};
}

bool frame_is_empty(const struct frame_batch *batch)
{
	return batch->used == sizeof(struct frame_batch_head);
}

uint32_t frame_room(const struct frame_batch *batch)
{
	uint32_t left = FRAME_BATCH_MAX - batch->used;

	if (left <= sizeof(struct frame_head)) {
		return 0;
	}
	left -= (uint32_t)sizeof(struct frame_head);
	return left < FRAME_DATA_MAX ? left : FRAME_DATA_MAX;
}

bool frame_add(struct frame_batch *batch, uint16_t session, enum frame_kind kind, const void *data,
	       uint32_t size)
{
	struct frame_head head = {.size = size, .session = session, .kind = (uint8_t)kind};

	if (size > FRAME_DATA_MAX || FRAME_BATCH_MAX - batch->used < sizeof(head) + size) {
		return false;
	}
	memcpy(batch->bytes + batch->used, &head, sizeof(head));
	if (size > 0) {
		memcpy(batch->bytes + batch->used + sizeof(head), data, size);
	}
	batch->used += (uint32_t)sizeof(head) + size;
	return true;
}

uint32_t frame_end(struct frame_batch *batch, bool has_more)
{
	struct frame_batch_head head = {.magic = FRAME_MAGIC,
					.used = batch->used - (uint32_t)sizeof(head),
					.has_more = has_more};
	uint32_t size = (batch->used + FRAME_SECTOR - 1) / FRAME_SECTOR * FRAME_SECTOR;

	memcpy(batch->bytes, &head, sizeof(head));
	memset(batch->bytes + batch->used, 0, size - batch->used);
	return size;
}

bool frame_open(struct frame_reader *reader, const void *bytes, uint32_t size)
{
	struct frame_batch_head head;

	if (size < sizeof(head)) {
		return false;
	}
	memcpy(&head, bytes, sizeof(head));
	if (head.magic != FRAME_MAGIC || head.used > size - sizeof(head) || head.has_more > 1 ||
	    head.reserved != 0) {
		return false;
	}
	*reader = (struct frame_reader){.bytes = bytes,
					.at = sizeof(head),
					.end = (uint32_t)sizeof(head) + head.used,
					.has_more = head.has_more != 0};
	return true;
}

enum frame_result frame_next(struct frame_reader *reader, struct frame *frame)
{
	uint32_t left = reader->end - reader->at;
	struct frame_head head;

	if (left == 0) {
		return FRAME_DONE;
	}
	if (left < sizeof(head)) {
		return FRAME_BAD;
	}
	memcpy(&head, reader->bytes + reader->at, sizeof(head));
	if (head.size > FRAME_DATA_MAX || head.size > left - sizeof(head) || head.reserved != 0 ||
	    head.kind == FRAME_NULL || head.kind >= FRAME_KINDS) {
		return FRAME_BAD;
	}
	*frame = (struct frame){.kind = head.kind,
				.session = head.session,
				.size = head.size,
				.data = reader->bytes + reader->at + sizeof(head)};
	reader->at += (uint32_t)sizeof(head) + head.size;
	return FRAME_GOT;
}

uint32_t frame_number(const struct frame *frame, uint32_t index)
{
	uint32_t number = 0;

	if ((uint64_t)(index + 1) * sizeof(number) <= frame->size) {
		memcpy(&number, frame->data + index * sizeof(number), sizeof(number));
	}
	return number;
}
