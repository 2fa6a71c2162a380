/* SPDX-License-Identifier: Apache-2.0 */
#include "client_queue.h"

#include <stdlib.h>
#include <string.h>
#include "text.h"

#define ROOM_FIRST 4096

void client_queue_add(struct client_queue *queue, const void *bytes, size_t length)
{
	if (length == 0) {
		return;
	}
	if (queue->start + queue->length + length > queue->room && queue->start) {
		memmove(queue->data, queue->data + queue->start, queue->length);
		queue->start = 0;
	}
	if (queue->length + length > queue->room) {
		size_t room = queue->room ? queue->room : ROOM_FIRST;
		while (room < queue->length + length) {
			room *= 2;
		}
		queue->data = memory_resize(queue->data, room, 1);
		queue->room = room;
	}
	memcpy(queue->data + queue->start + queue->length, bytes, length);
	queue->length += length;
}

const char *client_queue_bytes(const struct client_queue *queue)
{
	return queue->data + queue->start;
}

void client_queue_take(struct client_queue *queue, size_t length)
{
	queue->start += length;
	queue->length -= length;
	if (queue->length == 0) {
		client_queue_free(queue);
	}
}

void client_queue_free(struct client_queue *queue)
{
	free(queue->data);
	*queue = (struct client_queue){0};
}
