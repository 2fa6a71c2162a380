/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sequence of keys that takes a client off a tty without ending the container. Written as the
 * Docker command line has it: characters or ctrl-X (X: a-z @ [ \ ] ^ _) or DEL, with commas.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define DETACH_KEYS_MAX     16
#define DETACH_KEYS_DEFAULT "ctrl-p,ctrl-q"

struct detach_keys {
	unsigned char keys[DETACH_KEYS_MAX];
	size_t count;   /* 0: no detaching */
	size_t matched; /* keys of the sequence seen and held back */
};

/* False when the text is no sequence, or one of more than DETACH_KEYS_MAX keys; "" gives none. */
bool detach_keys_parse(const char *text, struct detach_keys *detach);
/*
 * Copies what the container is to get into `out` (room: length + DETACH_KEYS_MAX); returns how
 * much that is. Keys that may start the sequence are held back until it is clear. *is_detached is
 * set when the sequence is whole; what follows it is dropped.
 */
size_t detach_keys_filter(struct detach_keys *detach, const char *bytes, size_t length, char *out,
			  bool *is_detached);
