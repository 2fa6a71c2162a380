/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json-c with defaults: a key that is missing, null or of another type gives the fallback, and an
 * object may be NULL. What must be there is checked by the caller, who knows the words to say.
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct json_object json;

/* Strict: one value, nothing after it, at most 64 deep. NULL with *error (a constant) on failure;
 * otherwise the caller puts it. */
json *json_parse(const char *bytes, size_t length, const char **error);

/* The same of text in pieces; no piece may end inside a number. */
struct json_piece {
	const char *bytes;
	size_t length;
};
json *json_parse_pieces(const struct json_piece *pieces, size_t count, const char **error);

/* The member, or NULL. Borrowed. */
json *json_get(json *object, const char *key);
/* The member if it is an object (array), else NULL. Borrowed. */
json *json_get_object(json *object, const char *key);
json *json_get_array(json *object, const char *key);
/* Borrowed; "" as the usual fallback, or NULL. */
const char *json_get_string(json *object, const char *key, const char *fallback);
int64_t json_get_int(json *object, const char *key, int64_t fallback);
bool json_get_bool(json *object, const char *key, bool fallback);
/* Elements of an array, 0 for NULL or another type. */
size_t json_count(json *array);
/* Element, or NULL. Borrowed. */
json *json_at(json *array, size_t index);
/* Element as a string, or NULL. Borrowed. */
const char *json_string_at(json *array, size_t index);
/* Is the string one of the elements? */
bool json_has_string(json *array, const char *value);

/* Setters: the object takes what is given; a NULL string becomes null. */
void json_set(json *object, const char *key, json *value);
void json_set_string(json *object, const char *key, const char *value);
void json_set_int(json *object, const char *key, int64_t value);
void json_set_bool(json *object, const char *key, bool value);
void json_append_string(json *array, const char *value);
/* The same of a string in fresh memory, which is freed. */
void json_set_owned(json *object, const char *key, char *value);
void json_append_owned(json *array, char *value);
/* The strings of another array, which may be NULL. */
void json_append_strings(json *array, json *strings);
/* {key: value}; the caller puts it. */
json *json_pair(const char *key, const char *value);
/* A copy that shares nothing; NULL of NULL. The caller puts it. */
json *json_copy(json *value);
/* Compact, without escaped slashes. Borrowed from the object. */
const char *json_text(json *value);
