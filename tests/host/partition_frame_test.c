/* SPDX-License-Identifier: Apache-2.0 */
/* Frames between a partition's agent and its runtime: what goes in comes out, what is wrong is
 * refused. */
/* Links: guest/partition/frame.c */
#include "frame.h"

#include "tap.h"

#include <stdlib.h>
#include <string.h>

static uint8_t bytes[FRAME_BATCH_MAX];
static uint8_t data[FRAME_DATA_MAX];

static void there_and_back(void)
{
	struct frame_batch batch;
	struct frame_reader reader;
	struct frame frame;
	uint32_t numbers[2] = {7, 9};
	uint32_t size;

	memset(data, 0xa5, sizeof(data));
	frame_begin(&batch, bytes);
	TAP_CHECK(frame_is_empty(&batch));
	TAP_CHECK(frame_add(&batch, 1, FRAME_STDIN, data, 5));
	TAP_CHECK(frame_add(&batch, 65535, FRAME_EXIT, numbers, sizeof(numbers)));
	TAP_CHECK(frame_add(&batch, 2, FRAME_STDOUT, NULL, 0));
	size = frame_end(&batch, true);
	TAP_EQUAL(size, FRAME_SECTOR);
	TAP_CHECK(frame_open(&reader, bytes, size));
	TAP_CHECK(reader.has_more);
	TAP_EQUAL(frame_next(&reader, &frame), FRAME_GOT);
	TAP_CHECK(frame.kind == FRAME_STDIN && frame.session == 1 && frame.size == 5 &&
		  memcmp(frame.data, data, 5) == 0);
	TAP_EQUAL(frame_next(&reader, &frame), FRAME_GOT);
	TAP_CHECK(frame.kind == FRAME_EXIT && frame.session == 65535);
	TAP_EQUAL(frame_number(&frame, 0), 7);
	TAP_EQUAL(frame_number(&frame, 1), 9);
	TAP_EQUAL(frame_number(&frame, 2), 0);
	TAP_EQUAL(frame_next(&reader, &frame), FRAME_GOT);
	TAP_EQUAL(frame.size, 0);
	TAP_EQUAL(frame_next(&reader, &frame), FRAME_DONE);
	TAP_EQUAL(frame_next(&reader, &frame), FRAME_DONE);
}

static void a_batch_is_full(void)
{
	struct frame_batch batch;
	struct frame_reader reader;
	struct frame frame;
	uint32_t count = 0;

	frame_begin(&batch, bytes);
	TAP_EQUAL(frame_room(&batch), FRAME_DATA_MAX);
	TAP_CHECK(!frame_add(&batch, 1, FRAME_STDOUT, data, FRAME_DATA_MAX + 1));
	while (frame_room(&batch) > 0) {
		TAP_CHECK(frame_add(&batch, 1, FRAME_STDOUT, data, frame_room(&batch)));
		count++;
	}
	TAP_EQUAL(count, 4);
	TAP_CHECK(!frame_add(&batch, 1, FRAME_STDOUT, data, 1));
	TAP_CHECK(batch.used <= FRAME_BATCH_MAX);
	TAP_EQUAL(frame_end(&batch, false), FRAME_BATCH_MAX);
	TAP_CHECK(frame_open(&reader, bytes, FRAME_BATCH_MAX) && !reader.has_more);
	while (frame_next(&reader, &frame) == FRAME_GOT) {
		count--;
	}
	TAP_EQUAL(count, 0);
}

/* A batch with one frame, one byte of its heads changed. */
static enum frame_result with(uint32_t at, uint8_t value)
{
	struct frame_batch batch;
	struct frame_reader reader;
	struct frame frame;
	enum frame_result result;
	uint32_t size;

	frame_begin(&batch, bytes);
	(void)frame_add(&batch, 3, FRAME_STDERR, "four", 4);
	size = frame_end(&batch, false);
	bytes[at] = value;
	if (!frame_open(&reader, bytes, size)) {
		return FRAME_BAD;
	}
	do {
		result = frame_next(&reader, &frame);
	} while (result == FRAME_GOT);
	return result;
}

static void what_is_wrong_is_refused(void)
{
	const uint32_t head = sizeof(struct frame_batch_head);
	struct frame_reader reader;

	TAP_EQUAL(with(head + 4, 3), FRAME_DONE);
	TAP_EQUAL(with(0, 0), FRAME_BAD);    /* magic */
	TAP_EQUAL(with(4, 0), FRAME_DONE);   /* no frames */
	TAP_EQUAL(with(4, 7), FRAME_BAD);    /* less than a head */
	TAP_EQUAL(with(4, 11), FRAME_BAD);   /* less than its data */
	TAP_EQUAL(with(4, 13), FRAME_BAD);   /* something behind it */
	TAP_EQUAL(with(5, 0xff), FRAME_BAD); /* more than was read */
	TAP_EQUAL(with(7, 0xff), FRAME_BAD);
	TAP_EQUAL(with(8, 2), FRAME_BAD);           /* more: neither 0 nor 1 */
	TAP_EQUAL(with(12, 1), FRAME_BAD);          /* reserved */
	TAP_EQUAL(with(head, 5), FRAME_BAD);        /* data beyond the batch */
	TAP_EQUAL(with(head + 1, 0x40), FRAME_BAD); /* too much data */
	TAP_EQUAL(with(head + 3, 0xff), FRAME_BAD);
	TAP_EQUAL(with(head + 6, FRAME_NULL), FRAME_BAD);
	TAP_EQUAL(with(head + 6, FRAME_KINDS), FRAME_BAD);
	TAP_EQUAL(with(head + 7, 1), FRAME_BAD); /* reserved */
	TAP_CHECK(!frame_open(&reader, bytes, head - 1));
	TAP_CHECK(!frame_open(&reader, bytes, 0));
}

/* Random batches: no read outside (ASan), and an end. */
static void noise(void)
{
	srandom(1);
	for (uint32_t round = 0; round < 20000; round++) {
		uint32_t size = FRAME_SECTOR * (1 + (uint32_t)random() % 4);
		uint8_t *copy = malloc(size);
		struct frame_batch_head head = {.magic = FRAME_MAGIC,
						.used = (uint32_t)random() % (size - 15)};
		struct frame_reader reader;
		struct frame frame;

		for (uint32_t i = 0; i < size; i++) {
			copy[i] = (uint8_t)(random() % 8 == 0 ? random() : random() % 24);
		}
		memcpy(copy, &head, sizeof(head));
		if (frame_open(&reader, copy, size)) {
			while (frame_next(&reader, &frame) == FRAME_GOT) {
				for (uint32_t i = 0; i < frame.size; i++) {
					data[0] ^= frame.data[i];
				}
			}
		}
		free(copy);
	}
	TAP_CHECK(true);
}

static const struct tap_case cases[] = {
	{"there and back", there_and_back},
	{"a batch is full", a_batch_is_full},
	{"what is wrong is refused", what_is_wrong_is_refused},
	{"noise", noise},
};
TAP_MAIN(cases)
