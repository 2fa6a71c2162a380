/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that wait: added at the end, taken from the start. Memory goes back when all is taken. */
#pragma once

#include <stddef.h>

struct client_queue {
	char *data;
	size_t start;  /* of the bytes in data */
	size_t length; /* of the bytes */
	size_t room;   /* of data */
};

void client_queue_add(struct client_queue *queue, const void *bytes, size_t length);
/* The bytes there are; valid until the next call. */
const char *client_queue_bytes(const struct client_queue *queue);
/* Takes off the first `length` bytes, not more than there are. */
void client_queue_take(struct client_queue *queue, size_t length);
void client_queue_free(struct client_queue *queue);
