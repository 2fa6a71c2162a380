/* SPDX-License-Identifier: Apache-2.0 */
/* The partition's disk: requests taken and ended, batches in and out. */
#include "relay.h"

#include "bh_words.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

struct relay_batch {
	struct relay_batch *next;
	struct frame_batch batch;
	uint8_t bytes[FRAME_BATCH_MAX];
};

void relay_send(struct relay *relay, uint16_t session, enum frame_kind kind, const void *data,
		uint32_t size)
{
	struct relay_batch *fresh;

	if (relay->last != NULL && frame_add(&relay->last->batch, session, kind, data, size)) {
		return;
	}
	fresh = memory_zeroed(1, sizeof(*fresh));
	frame_begin(&fresh->batch, fresh->bytes);
	(void)frame_add(&fresh->batch, session, kind, data, size);
	*(relay->last != NULL ? &relay->last->next : &relay->first) = fresh;
	relay->last = fresh;
}

void relay_send_spec(struct relay *relay, uint16_t session, const void *spec, size_t size,
		     enum frame_kind kind)
{
	const uint8_t *bytes = spec;

	for (size_t at = 0; at < size; at += FRAME_DATA_MAX) {
		relay_send(relay, session, FRAME_SPEC, bytes + at,
			   (uint32_t)(size - at < FRAME_DATA_MAX ? size - at : FRAME_DATA_MAX));
	}
	relay_send(relay, session, kind, NULL, 0);
}

void relay_ring(struct relay *relay)
{
	struct bh_call call = {.opcode = MANAGE_CONSOLE_WRITE,
			       .id = relay->hyper.partition.id,
			       .send = "\n",
			       .send_size = 1};

	if (relay->first != NULL && relay->has_hello && !relay->has_rung) {
		relay->has_rung =
			bh_call(&relay->hyper.bh.device, &call) == MANAGE_OK && call.result == 1;
	}
}

static uint32_t take(struct relay *relay)
{
	struct bh_call call = {.opcode = MANAGE_DISK_TAKE,
			       .id = relay->hyper.partition.id,
			       .receive = &relay->taken,
			       .receive_size = sizeof(relay->taken)};

	return bh_call(&relay->hyper.bh.device, &call);
}

static uint32_t done(struct relay *relay, uint32_t status, uint32_t offset, uint32_t size)
{
	struct bh_call call = {.opcode = MANAGE_DISK_DONE,
			       .id = relay->hyper.partition.id,
			       .send = &relay->sent,
			       .send_size = (uint32_t)sizeof(relay->sent.done) + size};

	relay->sent.done.token = relay->taken.request.token;
	relay->sent.done.offset = offset;
	relay->sent.done.status = status;
	return bh_call(&relay->hyper.bh.device, &call);
}

/* What the agent reads: the batch that waits, or an empty one. */
static uint32_t give_batch(struct relay *relay)
{
	struct relay_batch *first = relay->first;
	struct frame_batch empty;
	uint32_t size;

	relay->has_rung = false;
	if (first == NULL) {
		frame_begin(&empty, relay->sent.data);
		return done(relay, MANAGE_DISK_OK, 0, frame_end(&empty, false));
	}
	size = frame_end(&first->batch, first->next != NULL);
	memcpy(relay->sent.data, first->bytes, size);
	relay->first = first->next;
	relay->last = relay->first != NULL ? relay->last : NULL;
	free(first);
	return done(relay, MANAGE_DISK_OK, 0, size);
}

/* A kernel looks for partitions: there are none. */
static uint32_t give_zeros(struct relay *relay)
{
	uint32_t status = MANAGE_OK;
	uint32_t left = relay->taken.request.size;
	uint32_t offset = 0;

	memset(relay->sent.data, 0, sizeof(relay->sent.data));
	do {
		uint32_t size = left < MANAGE_DISK_PIECE ? left : MANAGE_DISK_PIECE;

		left -= size;
		status = done(relay, left > 0 ? MANAGE_DISK_MORE : MANAGE_DISK_OK, offset, size);
		offset += size;
	} while (left > 0 && status == MANAGE_OK);
	return status;
}

static uint32_t take_batch(struct relay *relay)
{
	struct frame_reader reader;
	struct frame frame;
	enum frame_result result = FRAME_BAD;
	uint32_t status = done(relay, MANAGE_DISK_OK, 0, 0); /* the agent goes on meanwhile */

	if (frame_open(&reader, relay->taken.data, relay->taken.request.size)) {
		while (!relay->is_over && (result = frame_next(&reader, &frame)) == FRAME_GOT) {
			relay_session_frame(relay, &frame);
		}
	}
	if (result == FRAME_BAD) {
		relay_fail(relay, "its agent sent what no agent sends");
	}
	return status;
}

static uint32_t do_request(struct relay *relay)
{
	const struct manage_disk_request *request = &relay->taken.request;

	switch (request->type) {
	case MANAGE_DISK_READ:
		return request->sector == FRAME_IN_SECTOR && request->size == FRAME_BATCH_MAX
			       ? give_batch(relay)
			       : give_zeros(relay);
	case MANAGE_DISK_WRITE:
		return request->sector == FRAME_OUT_SECTOR && request->size <= FRAME_BATCH_MAX
			       ? take_batch(relay)
			       : done(relay, MANAGE_DISK_ERROR, 0, 0);
	case MANAGE_DISK_FLUSH:
		return done(relay, MANAGE_DISK_OK, 0, 0);
	default:
		return done(relay, MANAGE_DISK_ERROR, 0, 0);
	}
}

bool relay_serve(struct relay *relay)
{
	uint64_t kick = *(volatile uint64_t *)&relay->hyper.bh.device.window
				 ->disk_kicks[relay->hyper.partition.id];
	uint32_t status = MANAGE_OK;
	bool is_busy = false;

	if (kick == relay->kick) {
		return false;
	}
	relay->kick = kick;
	while (!relay->is_over && status == MANAGE_OK && (status = take(relay)) == MANAGE_OK &&
	       relay->taken.request.token != 0) {
		is_busy = true;
		status = do_request(relay);
		status = status == MANAGE_BUSY ? MANAGE_OK : status; /* it was reset meanwhile */
	}
	if (status != MANAGE_OK) {
		relay_fail(relay, "its disk cannot be served: %s", words_status(status));
	}
	return is_busy;
}
