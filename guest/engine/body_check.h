/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of what a client sends. Each function gives NULL, or what is wrong (the caller frees it); a
 * key that is missing or null is right. Pure.
 */
#pragma once

#include "json.h"

#include <stddef.h>

/* Letters: s string, i integer, b boolean, o object, m object of strings, a array of strings, A
 * array of objects, w words (a string or an array of strings). */
struct body_key {
	const char *key;
	char type;
};

/* `where` comes before the key in the message. */
char *body_check_types(json *object, const struct body_key *keys, size_t count, const char *where);
char *body_check_strings(json *object, const char *where);

char *body_check_exec(json *body);
char *body_check_volume(json *body);
char *body_check_network(json *body);

char *body_check_connect(json *body);
